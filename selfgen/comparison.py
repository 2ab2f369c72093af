r"""Workflows side by side: which collapse, and which do not.

A workflow *collapses* when the ratio of its risk at generation G to that at generation 1 outgrows every constant, as n
and then G grow. For a bounded family the risk itself cannot diverge (replace takes a Bernoulli chain to a point mass,
where its risk is the variance of the data), so the limit at fixed n does not tell; the leading order in 1/n does, and
it is the same for every regular model (Dey and Donoho 2024).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sympy import Expr, oo

from numerics import evaluate
from selfgen.values import LAST_EXACT, number_at, value_at
from theory import DomainError, G, Regular, Risk, expected_risk
from theory.design import Pair
from theory.design import compare as compare_exactly
from theory.design.comparison import CHECKED_SYMBOLS, has_symbols, in_common_unit
from theory.design.settling import risk_sign
from theory.models.base import Model
from theory.workflows.base import Workflow


@dataclass(frozen=True)
class Row:
    """One workflow of a comparison; ``ratio`` and ``limit`` and ``growth`` are texts, ``risk`` the whole answer.

    ``place`` is its place by risk at the generation asked for, 1 for the smallest (the largest of a loss of which
    more is better); None where that depends on parameters without a value.
    """

    name: str
    risk: Risk
    ratio: str
    limit: str | None
    growth: str | None
    verdict: str
    place: int | None


def compare(model: Model, workflows: Sequence[tuple[str, Workflow]], loss: str, generation: int) -> list[Row]:
    """Derive every workflow's risk ratio at ``generation``, its limit and growth, and whether it collapses."""
    rows = []
    risks = [expected_risk(model, workflow, loss=loss) for _, workflow in workflows]
    places = _places(risks, generation)
    for (name, workflow), risk, place in zip(workflows, risks, places, strict=True):
        ratio = risk.ratio
        limit = ratio.limit
        # Where only the leading order in 1/n is known for all G, that is what is shown, marked ≈.
        ahead, mark = (ratio, "") if limit is not None else (risk.leading_order.ratio, "≈ ")
        rows.append(
            Row(
                name=name,
                risk=risk,
                ratio=_value(ratio, generation),
                limit=None if ahead.limit is None else mark + _short(ahead.limit),
                growth=None if ahead.growth is None else mark + str(ahead.growth),
                verdict={True: "yes", False: "no", None: "unknown"}[_collapses(limit, workflow)],
                place=place,
            )
        )
    return rows


def order(model: Model, workflows: Sequence[tuple[str, Workflow]], loss: str) -> list[str]:
    """A sentence for every two workflows: who has the smaller risk, where that changes, and how far it is known.

    Raises
    ------
    DomainError
        For a loss of which more is better.
    """
    if loss in model.gains:
        raise DomainError(f"--order {loss} is not a loss to be small: which workflow is better is told of risks only.")
    compared = compare_exactly([workflow for _, workflow in workflows], model, loss=loss)
    unit = "" if compared.unit == 1 else f", in units of {compared.unit}"
    return [_sentence(pair, workflows[pair.first][0], workflows[pair.second][0], unit) for pair in compared.pairs]


def _sentence(pair: Pair, first: str, second: str, unit: str) -> str:
    if first == second:
        first, second = f"{first} (number {pair.first + 1})", f"{second} (number {pair.second + 1})"
    if None in pair.signs:
        return f"{first} and {second}: the order depends on parameters without a value."
    checked = len(pair.signs)
    strict = [sign for sign in pair.signs if sign]
    begins = strict[0] if strict else pair.eventual
    better, worse = (second, first) if begins == 1 else (first, second)
    if not begins:
        said = f"{first} and {second} have the same risk"
    elif pair.changes:
        turns = [f"{second if now == 1 else first} from G = {generation}" for generation, now in pair.changes]
        said = f"{better} is better than {worse} at first, {', then '.join(turns)}"
    else:
        said = f"{better} is nowhere worse than {worse}"
    if pair.settled is None:
        return f"{said}, up to G = {checked}; beyond, nothing is proved."
    argued = unit if "stays" in pair.settled.reason and "above" in pair.settled.reason else ""
    return f"{said}, at every G ({pair.settled.reason}{argued})."


def _places(risks: Sequence[Risk], generation: int) -> list[int | None]:
    """Places by risk at one generation, equal risks sharing one: exact while exact values can be had."""
    side = -1 if risks[0].loss in risks[0].model.gains else 1
    _, measured = in_common_unit(risks)
    symbolic = any(has_symbols(risk) for risk in measured)
    if generation > (CHECKED_SYMBOLS if symbolic else LAST_EXACT):
        if any(risk.free_symbols for risk in risks):
            return [None] * len(risks)
        numbers = [number_at(risk, generation) for risk in risks]
        # What agrees to the accuracy of evaluate is a tie.
        ahead = [[(number - other) * side > 1e-11 * abs(number) for other in numbers] for number in numbers]
        return [1 + sum(row) for row in ahead]
    ranges = {key: value for risk in risks for key, value in {**risk.model.ranges(), **risk.workflow.ranges()}.items()}
    values = [risk.at(generation) for risk in measured]
    places: list[int | None] = []
    for value in values:
        signs = [risk_sign(value, other, ranges) for other in values]
        places.append(None if None in signs else 1 + signs.count(side))
    return places


def plot_comparison(model: str, rows: Sequence[Row], generation: int, path: Path) -> None:
    """Draw the ratios up to ``generation``; the parameters must be numbers wherever the ratio depends on them."""
    from selfgen.figures import draw_comparison

    generations = np.unique(np.geomspace(1, max(generation, 2), 60).round().astype(int)).tolist()
    ratios, limits = {}, {}
    for row in rows:
        ratio = row.risk.ratio
        ratios[row.name] = _values(row.name, ratio, generations)
        if not np.isfinite(ratios[row.name]).all():
            raise DomainError(f"--plot cannot draw {row.name}: its ratio overflows before --generation {generation}.")
        limits[row.name] = float(ratio.limit) if ratio.limit is not None and ratio.limit.is_finite else None
    draw_comparison(model.replace("-", " "), generations, ratios, limits, path)


def _value(ratio: Risk, generation: int) -> str:
    """The ratio at one generation: a number, or the closed form where it depends on symbols."""
    if not ratio.free_symbols:
        return f"{number_at(ratio, generation):.6g}"
    if not _symbols(ratio):
        return f"{_cancelled(ratio, generation):.6g}"
    if ratio.closed_form is not None:
        return str(value_at(ratio, generation))
    leading = ratio.leading_order
    return f"depends on {_symbols(ratio)}" if _symbols(leading) else f"≈ {_cancelled(leading, generation):.6g}"


def _cancelled(ratio: Risk, generation: int) -> float:
    """The ratio at one generation where parameters without a value cancel from it."""
    if generation > LAST_EXACT:
        left = ", ".join(sorted(map(str, ratio.free_symbols)))
        raise DomainError(f"--generation {generation} is beyond {LAST_EXACT} and needs numbers: --set {left}.")
    return float(ratio.at(generation))


def _values(name: str, ratio: Risk, generations: Sequence[int]) -> list[float]:
    if _symbols(ratio):
        raise DomainError(f"--plot needs numbers: the ratio under {name} depends on {_symbols(ratio)}; --set them.")
    if not ratio.free_symbols:
        return [float(value) for value in evaluate(ratio, generations)]
    # Parameters without a value that cancel from the ratio.
    closed = ratio.closed_form
    return [float(ratio.at(g) if closed is None else closed.subs(G, g)) for g in generations]


def _symbols(ratio: Risk) -> str:
    """The parameters without a value on which the ratio depends."""
    return ", ".join(sorted(str(symbol) for symbol in ratio.at(2).free_symbols | ratio.at(3).free_symbols))


def _collapses(limit: Expr | None, workflow: Workflow) -> bool | None:
    if limit == oo:
        return True
    universal = expected_risk(Regular(), workflow).limit
    return None if universal is None else bool(universal == oo)


def _short(limit: Expr) -> str:
    text = str(limit)
    return f"{text} = {float(limit):.6g}…" if limit.is_number and limit.is_finite and not limit.is_Integer else text
