"""``selfgen value``: what synthetic samples are worth beside real ones."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Annotated, Any

import typer
from sympy import CRootOf

from selfgen.commands.options import Loss, ModelName, Set, Symbols, settings_of, whole
from selfgen.report import exit_code
from selfgen.value_plane import PointCheck, check_points, draw_plane, guide_points
from selfgen.values import shown, text
from theory import DomainError, NotDerivedError
from theory.design.value import ValueOfSynthetic, value_of_synthetic
from theory.expressions.arguments import declaring
from theory.names import build_all, own_settings


def command(
    model: ModelName,
    real: Annotated[str | None, typer.Option(metavar="N", help="Real samples n_r; a symbol if left out.")] = None,
    synthetic: Annotated[str | None, typer.Option(metavar="N", help="Synthetic samples n_s.")] = None,
    fitted_on: Annotated[
        str | None, typer.Option(metavar="N", help="Real samples n_0 that the generator was fitted on.")
    ] = None,
    overlap: Annotated[
        bool, typer.Option("--overlap/--disjoint", help="Whether the n_0 samples are among the n_r, or others.")
    ] = True,
    set_: Set = None,
    symbols: Symbols = None,
    loss: Loss = "squared",
    check: Annotated[
        bool, typer.Option("--check", help="Also simulate; exit code 1: disagrees, 3: inconclusive.")
    ] = False,
    seed: Annotated[int, typer.Option(**whole("--seed", 0), help="Of the simulation.")] = 0,
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also draw the plane of n_r and n_s: .png, .pdf or .svg.")
    ] = None,
    latex: Annotated[bool, typer.Option("--latex", help="Print the formulas, to paste into a paper.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """What synthetic samples are worth beside real ones: risk, gain, optimal number and weight, threshold."""
    if latex and as_json:
        raise DomainError("--latex and --json exclude each other: give one of them.")
    given = settings_of(set_, None)
    n = (given | own_settings(model)).get("n")
    if n is not None:
        raise DomainError(f"n = {n} is not for --set here: --fitted-on says how many samples the model has.")
    built, _ = build_all(model, [], given, symbols or ())
    with declaring(symbols or ()):
        found = value_of_synthetic(built, real, synthetic, fitted_on, overlap=overlap, loss=loss)
    checks = _value_checks(found, seed) if check else []
    if plot is not None:
        draw_plane(found, plot, checks)
    if latex:
        typer.echo(found.latex())
    elif as_json:
        content: dict[str, Any] = {"model": built.name, "loss": loss, "overlap": overlap}
        content |= {name: _texts(answer) for name, answer in _value_answers(found).items()}
        content |= {"exactness": found.exactness, "latex": found.latex()}
        if check:
            content["check"] = [vars(point) for point in checks]
        typer.echo(json.dumps(content, ensure_ascii=False, indent=1))
    else:
        _describe_value(found, checks)
        if plot is not None:
            typer.echo(f"Written to {plot}.")
    code = exit_code(point.verdict for point in checks)
    if code:
        raise typer.Exit(code)


def _value_checks(found: ValueOfSynthetic, seed: int) -> list[PointCheck]:
    cardinality, proportion = guide_points(found)
    return check_points(found, sorted({*cardinality, *proportion}), seed=seed)


def _value_answers(found: ValueOfSynthetic) -> dict[str, Any]:
    """Every answer, or the sentence that says why there is none."""
    names = ("real", "synthetic", "fitted_on", "risk", "without", "gain", "helps")
    answers: dict[str, Any] = {name: getattr(found, name) for name in names}
    for name in ("optimal_synthetic", "optimal_weight", "best_risk", "threshold"):
        try:
            answers[name] = getattr(found, name)
        except NotDerivedError as error:
            answers[name] = str(error)
    return answers


def _texts(answer: Any) -> str | bool:
    return answer if isinstance(answer, bool | str) else text(answer)


def _describe_value(found: ValueOfSynthetic, checks: list[PointCheck]) -> None:
    answers = _value_answers(found)
    data = "among the real ones" if found.overlap else "other real ones"
    helps = answers.pop("helps")
    # A root of a polynomial is a number, however it is written.
    written = {
        name: answer if isinstance(answer, str) else f"≈ {float(answer):.10g}" if answer.has(CRootOf) else shown(answer)
        for name, answer in answers.items()
    }
    lines = {
        "model": found.model.name,
        "loss": found.loss,
        "samples": f"{found.real} real, {found.synthetic} synthetic from a model fitted on {found.fitted_on}, {data}",
        "risk, pooled": written["risk"],
        "real data alone": written["without"],
        "gain": written["gain"],
        "synthetic data help": {True: "yes", False: "no"}.get(helps, f"where {helps}"),
        "optimal number": written["optimal_synthetic"] + _rounded(found),
        "optimal weight": written["optimal_weight"],
        "risk at that weight": written["best_risk"],
        "they help below n_r": written["threshold"],
        "exactness": found.exactness,
    }
    for name, line in lines.items():
        typer.echo(f"{name:<21}{line}")
    for point in checks:
        if not point.passed:
            typer.echo(f"n_r = {point.real}, n_s = {point.synthetic}: {point.verdict}: {point.reason}")
    if checks:
        worst = max(point.detectable for point in checks)
        if math.isfinite(worst):
            power = f"At each a formula wrong by {math.ceil(1000 * worst) / 10:g} % is caught with probability 0.99."
        else:
            power = "At some the simulation has no power: it cannot judge the formula."
        agreeing = sum(point.passed for point in checks)
        typer.echo(f"{agreeing} of {len(checks)} simulated pairs of n_r and n_s agree. {power}")


def _rounded(found: ValueOfSynthetic) -> str:
    """The best whole number of samples, where the best number is a fraction."""
    try:
        best, whole = found.optimal_synthetic, found.optimal_count
    except NotDerivedError:
        return ""
    return "" if best == whole else f", {whole} in whole samples"
