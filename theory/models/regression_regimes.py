r"""Least squares along a schedule of rows: which fits are determined by their rows, which are of least norm.

With t rows in block g and N in the fit, fresh designs and :math:`r_g = E\|w_g - w^*\|^2` (derived here):

- *newest block alone* (N = t). For :math:`t \ge d+2`: :math:`r_g = r_{g-1} + \sigma^2 d/(t-d-1)`. For
  :math:`t \le d-2` the fit of least norm is :math:`P_g w_{g-1} + X_g^+ E_g`, with :math:`P_g` a projection on t
  directions independent of the past, so that :math:`r_g = \frac td r_{g-1} + (1 - \frac td)\|w^*\|^2 +
  \sigma^2 \frac{t}{d-t-1}`, whichever regime :math:`w_{g-1}` came from.
- *all rows kept*. For :math:`N \le d-2` earlier rows stay interpolated and w moves inside the :math:`d-(N-t)`
  directions orthogonal to them, :math:`r_g = r_{g-1} + \sigma^2 t/(d-N-1)`, and the first fit loses
  :math:`(1 - t/d)\|w^*\|^2`. For :math:`N \ge d+2` the normal equations telescope,
  :math:`r_g = r_{g-1} + \sigma^2 d\,\frac tN \frac1{N-d-1}`, the model before having interpolated, or fitted, all
  earlier rows.

In between, :math:`d - 2 < N < d + 2`, the expectation is infinite, and so is every later one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from sympy import Basic, Expr, Ge, Le, Matrix, Or, Piecewise, S, Symbol, eye, sympify

from theory.asymptotics.lowest import always_at_least, infimum, pieces, stretches
from theory.errors import DomainError
from theory.expressions.signs import sign
from theory.expressions.symbols import G
from theory.models.fit_sizes import RowsInUse
from theory.moments.recurrence import MomentRecurrence
from theory.workflows.base import Workflow
from theory.workflows.dynamics import GENERATION

DETERMINED, LEAST_NORM, INFINITE = "determined", "least norm", "infinite"

#: Generations that are looked through for a change of regime, of rational numbers of rows and of others, and changes
#: that are written down.
_FARTHEST, _FARTHEST_IRRATIONAL, _MOST_CHANGES = 3000, 200, 200


@dataclass(frozen=True)
class Stretch:
    """Generations from ``first`` on, which may be symbolic, in one regime; rows of block and fit in ``GENERATION``."""

    first: Any
    regime: str
    block: Expr
    fit: Expr


@dataclass(frozen=True)
class Regression:
    """The numbers of a regression on fresh designs: d, σ² and ‖w*‖²; σ² times ``heat`` is that of sampled labels."""

    dimension: Expr
    sigma2: Expr
    signal: Expr
    heat: Expr = S.One

    def regime(self, rows: Expr) -> str | None:
        """Of a fit on so many rows; None when it cannot be told."""
        above, below = sign(rows - self.dimension - 2), sign(self.dimension - 2 - rows)
        if above is None or below is None:
            return None
        return DETERMINED if above >= 0 else LEAST_NORM if below >= 0 else INFINITE

    def step(self, stretch: Stretch, kept: bool) -> tuple[Expr, Expr, Expr]:
        """Factor and constant of the recursion of the risk, and the margin of rows."""
        d, t, rows, noise = self.dimension, stretch.block, stretch.fit, self.sigma2 * self.heat
        if stretch.regime == INFINITE:
            return S.One, S.Zero, S.Zero
        if stretch.regime == DETERMINED:
            return S.One, noise * d * (t / rows) / (rows - d - 1), rows - d - 1
        if kept:
            return S.One, noise * t / (d - rows - 1), d - rows - 1
        spare = d - t - 1
        # With nothing to spare the risk is infinite, which the margin says.
        return t / d, (1 - t / d) * self.signal + (noise * t / spare if spare != 0 else S.Zero), spare

    def lost(self, first: Stretch, kept: bool) -> Expr:
        """What the first fit of least norm loses of the signal, where it is lost once and for all."""
        if not kept or first.regime != LEAST_NORM:
            return S.Zero
        return self.signal * (1 - first.block.subs(GENERATION, 1) / self.dimension)


def regimes(regression: Regression, workflow: Workflow, unit: Expr, rows: RowsInUse) -> list[Stretch] | None:
    """The stretches of one regime, up to the first infinite one; None when a change is not found or not excluded."""
    found: list[Stretch] = []
    for block, fit, first, last in _fits(workflow, unit, rows):
        if fit is None:
            return None
        for start, regime in _changes(regression, fit, first, last, grows=rows.kept):
            if regime is None or len(found) >= _MOST_CHANGES:
                return None
            found.append(Stretch(start, regime, block, fit))
            if regime == INFINITE:
                return found
    return found


_Fits = Iterator[tuple[Expr, Expr | None, int, int | None]]


def _fits(workflow: Workflow, unit: Expr, rows: RowsInUse) -> _Fits:
    """Rows of block and fit on stretches without tables."""
    if not rows.kept:
        for stretch in stretches(workflow.size(GENERATION), GENERATION, 1):
            if stretch is None:
                yield S.Zero, None, 1, None
            else:
                yield unit * stretch[0], unit * stretch[0], stretch[2], stretch[3]
        return
    size, since = workflow.size(GENERATION), rows.since
    if since == 1 and sign(size.subs(GENERATION, 1) - workflow.size(1)) != 0:
        since = 2
    total = S.Zero
    for index in range(1, since):
        total += unit * workflow.size(index)
        yield unit * workflow.size(index), total, index, index
    yield unit * size, unit * rows.size, since, None


def _changes(
    regression: Regression, fit: Expr, first: int, last: int | None, grows: bool
) -> Iterator[tuple[int, str | None]]:
    """The regimes of a stretch and where each begins; a regime None says that later ones are not known."""
    at = first
    while True:
        regime = regression.regime(fit.subs(GENERATION, at))
        yield at, regime
        if regime is None or regime == INFINITE or at == last or (grows and regime == DETERMINED):
            return
        if _lasts(regression, fit, GENERATION, at, last, regime):
            return
        far = at + (_FARTHEST if fit.is_rational_function(GENERATION) else _FARTHEST_IRRATIONAL)
        end = far if last is None else min(last, far)
        later = ((g, regression.regime(fit.subs(GENERATION, g))) for g in range(at + 1, end + 1))
        change = next((g for g, other in later if other != regime), None)
        if change is None:
            if end != last:
                yield end, None
            return
        at = change


def _lasts(regression: Regression, fit: Expr, x: Symbol, first: int, last: int | None, regime: str) -> bool:
    """Whether a regime is seen to last to the end of its stretch."""
    d = regression.dimension
    rows, bound = (fit, d + 2) if regime == DETERMINED else (-fit, 2 - d)
    if last is None:
        return always_at_least(S.One, rows, x, first, bound) == S.true
    lowest = infimum(rows, x, first, last=last)
    return lowest is not None and sign(lowest - bound) in (0, 1)


def crossing(regression: Regression, found: list[Stretch], kept: bool) -> MomentRecurrence:
    """The recurrence of the risk, stretch by stretch."""
    following: tuple[Expr, MomentRecurrence] | None = None
    recurrence: MomentRecurrence | None = None
    for stretch in reversed(found):
        factor, constant, margin = regression.step(stretch, kept)
        recurrence = MomentRecurrence(
            start=stretch.first,
            matrix=factor * eye(1),
            forcing=Matrix([constant]),
            readout=Matrix([[1]]),
            initial=Matrix([0]),
            offset=regression.lost(found[0], kept),
            margin=margin,
            domain=S.false if found[-1].regime == INFINITE else S.true,
            continuation=following,
        )
        following = (sympify(stretch.first), recurrence)
    assert recurrence is not None
    return recurrence if regression.heat == 1 else _real_first(recurrence, regression, found[0], kept)


def _real_first(found: MomentRecurrence, regression: Regression, first: Stretch, kept: bool) -> MomentRecurrence:
    """The same where the labels of block 1 are real, of variance σ²."""
    _, constant, _ = replace(regression, heat=S.One).step(first, kept)
    return replace(found, start=2, initial=Matrix([constant.subs(GENERATION, 1)]))


def verify_rows(found: list[Stretch]) -> None:
    """A fit of least norm on its newest block, of less than one row, is on no rows at all."""
    for stretch in found:
        if stretch.regime == LEAST_NORM:
            _verify_a_row(stretch, found)


def _verify_a_row(stretch: Stretch, found: list[Stretch]) -> None:
    ends = [other.first for other in found if other.first > stretch.first]
    lowest = infimum(stretch.block, GENERATION, stretch.first, last=min(ends) - 1 if ends else None)
    if lowest is None or sign(lowest - 1) not in (0, 1):
        raise DomainError(
            f"sizes leave blocks of {'less than one row' if lowest is None else f'{lowest} rows'}, or tend to them, "
            f"from generation {stretch.first} on: a block must hold 1 row or more."
        )


def watched(regression: Regression, unit: Expr, workflow: Workflow) -> MomentRecurrence:
    """Fits on the newest block whose regimes are not known ahead: each generation is looked at when it comes."""
    size = unit * workflow.size(GENERATION)
    d = regression.dimension
    tall, wide = (regression.step(Stretch(1, regime, size, size), kept=False) for regime in (DETERMINED, LEAST_NORM))

    def either(pair: tuple[Expr, Expr]) -> Expr:
        return Piecewise((pair[0], Ge(size, d)), (pair[1], True))

    factor, constant, margin = (either(pair) for pair in zip(tall, wide, strict=True))
    watching = MomentRecurrence(
        start=1,
        matrix=factor * eye(1),
        forcing=Matrix([constant]),
        readout=Matrix([[1]]),
        initial=Matrix([0]),
        margin=Piecewise((margin, Ge(size, 1)), (S.Zero, True)),
        domain=_finite(regression, size),
    )
    if regression.heat == 1:
        return watching
    cold = watched(replace(regression, heat=S.One), unit, workflow)
    return replace(watching, start=2, initial=cold.forcing.subs(GENERATION, 1))


def _finite(regression: Regression, size: Expr) -> Basic:
    """Whether rows are many enough, or few enough, at every generation; a condition in ``theory.G`` if undecided."""
    d = regression.dimension
    for piece in pieces(size, GENERATION, 1):
        regime = None if piece is None else regression.regime(piece[0].subs(piece[1], piece[2]))
        if regime == INFINITE:
            return S.false
        if piece is None or regime is None or not _lasts(regression, *piece, regime):
            rows = size.subs(GENERATION, G)
            return Or(Ge(rows, d + 2), Le(rows, d - 2))
    return S.true


def all_rows(found: list[Stretch], spare: int, dimension: Expr) -> bool:
    """Whether every fit has at least so many rows more, or fewer, than features."""
    ends = [*(stretch.first for stretch in found[1:]), None]
    for stretch, end in zip(found, ends, strict=True):
        rows = stretch.fit - dimension if stretch.regime == DETERMINED else dimension - stretch.fit
        lowest = infimum(rows, GENERATION, stretch.first, last=None if end is None else end - 1)
        if stretch.regime == INFINITE or lowest is None or sign(lowest - spare) not in (0, 1):
            return False
    return True
