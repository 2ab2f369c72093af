"""``selfgen derive``: closed form, limit, growth, domain of one risk."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from sympy import Expr, Function, Symbol, oo

from selfgen.commands.options import Loss, ModelName, Set, Sizes, Symbols, WorkflowName, settings_of, whole
from selfgen.domain_words import domain_in_words
from selfgen.steps import steps as derivation
from selfgen.values import ratio_limit, shown, text, value_at
from theory import DomainError, NotDerivedError, Risk, expected_risk
from theory.expressions.abbreviations import abbreviations
from theory.names import build


def command(
    model: ModelName,
    workflow: WorkflowName,
    set_: Set = None,
    sizes: Sizes = None,
    symbols: Symbols = None,
    loss: Loss = "squared",
    generation: Annotated[
        int | None, typer.Option(**whole("--generation", 1), help="Also the value at this generation.")
    ] = None,
    latex: Annotated[bool, typer.Option("--latex", help="Print the theorem line, to paste into a paper.")] = False,
    width: Annotated[
        float | None, typer.Option(metavar="EM", help="With --latex: break lines to a text of this width, such as 34.")
    ] = None,
    steps: Annotated[
        bool, typer.Option("--steps", help="Print the derivation step by step, each step checked; also with --latex.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Derive the expected risk: closed form, limit, growth, domain."""
    for flag, given in (("--latex", latex), ("--steps", steps)):
        if given and as_json:
            raise DomainError(f"{flag} and --json exclude each other: give one of them.")
    if width is not None and (not latex or steps):
        raise DomainError(f"--width {width:g} is for --latex alone: give that, without --steps.")
    if steps and generation is not None:
        raise DomainError(f"--generation {generation} and --steps exclude each other: a derivation is for every g.")
    built_model, built_workflow = build(model, workflow, settings_of(set_, sizes), symbols or ())
    risk = expected_risk(built_model, built_workflow, loss=loss)
    if steps:
        typer.echo(derivation(risk, as_latex=latex))
    elif latex:
        typer.echo(risk.latex(width=width))
    elif as_json:
        found = {
            "model": built_model.name,
            "workflow": built_workflow.name,
            "closed_form": risk.closed_form,
            "value": None if generation is None else value_at(risk, generation),
            "standard_deviation": _deviation_at(risk, generation),
            "limit": risk.limit,
            "growth": risk.growth,
            "domain": risk.domain,
            "exactness": risk.exactness,
            "latex": risk.latex(),
        }
        texts = {name: None if value is None else text(value) for name, value in found.items()}
        typer.echo(json.dumps(texts, ensure_ascii=False, indent=1))
    else:
        _describe(risk, generation)


#: Characters of a standard deviation that is still a line of a summary.
LONGEST_LINE, LONGEST_NUMBER = 160, 60

#: Characters of a closed form that is still read; --json and --latex have every one in full.
LONGEST_FORMULA = 800

#: Digits of a limit that is enclosed: fewer where more take too long.
ENCLOSED_DIGITS = (12, 6, 3)

#: The last generation at which it is worked out: exact fractions take two seconds at 200 and over twenty at 900.
LAST_SPREAD = 100


def _spread(risk: Risk, generation: int | None) -> dict[str, object]:
    """How far the loss of one run strays from the risk, where that is derived and short: no line elsewhere."""
    if (risk.free_symbols and risk.loss != "squared") or (generation or 0) > LAST_SPREAD:
        return {}
    try:
        deviation = risk.standard_deviation
        # With symbols a closed form is long, and long in coming.
        plain = generation is None and not risk.free_symbols and risk.closed_form is not None
        closed = deviation.closed_form if plain else None
        g = 1 if generation is None else generation
        line = f"{_short(deviation.at(g))} at {g}, of the loss of one run" if closed is None else shown(closed)
    except NotDerivedError:
        return {}
    return {"standard deviation": line} if len(line) <= LONGEST_LINE else {}


def _short(value: Expr) -> str:
    """A value; a number in decimals alone where its exact form would fill the line: that is what ``--json`` has."""
    exact = shown(value)
    fills = value.is_number and value.is_finite and len(exact) > LONGEST_NUMBER
    return f"≈ {float(value):.10g}" if fills else exact


def _deviation_at(risk: Risk, generation: int | None) -> Expr | None:
    if generation is None or generation > LAST_SPREAD:
        return None
    try:
        return risk.standard_deviation.at(generation)
    except NotDerivedError:
        return None


def _value_lines(risk: Risk, generation: int) -> dict[str, object]:
    """The risk at a generation, or bounds where its value is out of reach and bounds of their own are known."""
    try:
        return {f"risk at {generation}": shown(value_at(risk, generation))}
    except DomainError:
        if getattr(risk.recurrence, "enclosure", None) is None:
            raise
        low, high = (float(end) for end in risk.enclosure(generation))
        return {f"risk at {generation}": f"between {low:.10g} and {high:.10g}"}


def _limit_line(risk: Risk, letters: dict[Function, Symbol]) -> str:
    """The limit, or a decimal inside its enclosure where that is all that is known."""
    own = getattr(risk.recurrence, "limit_enclosure", None)
    if own is None or risk.limit is not None or risk.free_symbols:
        return _lettered(risk.limit, letters)
    for digits in ENCLOSED_DIGITS:
        try:
            found = own(digits)
        except NotDerivedError:
            continue
        if found is None:
            break
        return shown(oo) if oo in found else f"≈ {float(sum(found) / 2):.{min(digits, 10)}g}, enclosed"
    return shown(risk.limit)


def _values(risk: Risk) -> str:
    """Where values come from: that at generation 1 says whether there are exact ones."""
    try:
        _ = risk.recurrence.at(1)
    except (DomainError, NotDerivedError) as error:
        return f"no exact values: {error}"
    return "every value comes exactly from the recurrence"


def _first_order(risk: Risk) -> str:
    """The closed form to leading order; unknown where no order leads, as with biased real data."""
    try:
        return shown(risk.leading_order.closed_form)
    except NotDerivedError:
        return "unknown"


def _describe(risk: Risk, generation: int | None) -> None:
    """What is known of a risk, a line each."""
    lines: dict[str, object] = {"model": risk.model.name, "workflow": risk.workflow.name, "loss": risk.loss}
    ratio = ratio_limit(risk)
    letters = abbreviations([risk.closed_form, risk.limit, risk.growth, risk.bound, ratio])
    if risk.closed_form is not None:
        lines["closed form"] = _formula(risk.closed_form.xreplace(letters))
    else:
        lines["closed form"] = f"none; {_values(risk)}"
        lines["first order in 1/n"] = _first_order(risk)
    if generation is not None:
        lines |= _value_lines(risk, generation)
    lines |= _in_the_long_run(risk, letters)
    lines["limit of the ratio"] = _lettered(ratio, letters)
    lines |= {f"where {letter} =": str(part) for part, letter in letters.items()}
    lines |= _spread(risk, generation)
    lines["domain"] = domain_in_words(risk)
    lines["exactness"] = risk.exactness
    for name, line in lines.items():
        typer.echo(f"{name:<21} {line}")


def _formula(closed: Expr) -> str:
    """A closed form, cut where it fills pages."""
    written = "∞" if closed == oo else str(closed)
    if len(written) <= LONGEST_FORMULA:
        return written
    return f"{written[:LONGEST_LINE]}… ({len(written)} characters; --json has them all)"


def _lettered(value: Expr | None, letters: dict[Function, Symbol]) -> str:
    return shown(None if value is None else value.xreplace(letters))


def _in_the_long_run(risk: Risk, letters: dict[Function, Symbol]) -> dict[str, object]:
    """Limit, growth and bound, those that are the same in one line."""
    bound = "none" if risk.bound == oo else _lettered(risk.bound, letters)
    told = {"limit": _limit_line(risk, letters), "growth": _lettered(risk.growth, letters), "bound": bound}
    if told["limit"].startswith("≈"):
        # What tends to an enclosed limit grows to that, and never exceeds it where it never falls.
        told["growth"] = told["limit"] if risk.growth is None else told["growth"]
        told["bound"] = told["limit"] if risk.bound is None and risk.monotonicity == "increasing" else bound
    lines = dict.fromkeys(told.values())
    return {", ".join(name for name, line in told.items() if line == found): found for found in lines}
