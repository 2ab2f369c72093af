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
from theory.models.base import Model
from theory.workflows.base import Workflow


@dataclass(frozen=True)
class Row:
    """One workflow of a comparison; ``ratio`` and ``limit`` and ``growth`` are texts, ``risk`` the whole answer."""

    name: str
    risk: Risk
    ratio: str
    limit: str | None
    growth: str | None
    verdict: str


def compare(model: Model, workflows: Sequence[tuple[str, Workflow]], loss: str, generation: int) -> list[Row]:
    """Derive every workflow's risk ratio at ``generation``, its limit and growth, and whether it collapses."""
    rows = []
    for name, workflow in workflows:
        risk = expected_risk(model, workflow, loss=loss)
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
            )
        )
    return rows


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
