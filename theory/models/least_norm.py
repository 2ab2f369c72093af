r"""Least squares of least norm, fewer rows than features, on fresh designs: what its risk is under which workflow.

While a fit has N ≤ d − 2 rows it passes through all of them, whatever their weights (none of them 0). Let model g − 1
have passed through the old rows of model g, P the projection on their span, A of them, and let D = d − A. In the D
dimensions that are left, model g is the fit of least norm to s rows labelled by model g − 1 and f rows labelled by the
truth. With :math:`N = s + f`, :math:`E\,\mathrm{tr}(XX^\top)^{-1} = N/(D - N - 1)` and, for the block of the s rows,

.. math:: E\,\mathrm{tr}\, X_s^\top [(XX^\top)^{-1}]_{ss} X_s = s\Bigl(1 + \frac{f}{D - N - 1}\Bigr),

the error :math:`\delta_g = w_g - w^*` obeys, b the expected square of its part inside P (which does not move),

.. math:: r_g = b + \Bigl(1 - \frac ND\Bigr)\Bigl(1 - \frac Ad\Bigr)\|w^*\|^2
              + \frac sD\Bigl(1 + \frac{f}{D-N-1}\Bigr)(r_{g-1} - b) + \frac{\sigma^2 N + f\,b}{D - N - 1}.

The rows of the truth are off by their noise and by what the old rows get wrong: hence f b. All of it is derived here.

A fit that keeps block 1, or nothing, is one number that moves by constants (:func:`_settled`); a window of k blocks
needs k numbers, since what it drops depends on when it was learnt (:func:`_window`); any other workflow that never
takes a block back is exact generation by generation (:class:`NestedFits`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice

from sympy import And, Basic, Eq, Expr, Ge, Integer, Matrix, Piecewise, S, oo, zeros

from theory.errors import DomainError, NotDerivedError
from theory.expressions.expansion import Order
from theory.expressions.fraction_field import in_lowest_terms
from theory.models.regression_regimes import LEAST_NORM, Regression, Stretch, crossing
from theory.moments.recurrence import MomentRecurrence, Recurrence
from theory.workflows.base import Workflow, pooled_blocks
from theory.workflows.dynamics import GENERATION, PoolDynamics
from theory.workflows.uses import Parts, fits, settled_parts

#: Generations at which fits are looked at before a risk is given.
LOOKED_AT = 12


@dataclass(frozen=True)
class WideRegression:
    """d features, T rows of a unit block, noise variance and squared norm of the truth.

    Sampled labels have ``heat`` times the noise variance of real ones.
    """

    d: Expr
    T: Expr
    sigma2: Expr
    signal: Expr
    heat: Expr = S.One

    def rows(self, size: Expr) -> Expr:
        """Rows of a block of this size."""
        count = in_lowest_terms(self.T * size)
        if count.is_number and not count.is_Integer:
            raise DomainError(f"T = {self.T} and a block of {size} make {count} rows: there must be a whole number.")
        return count

    def noise(self, rows: Expr, dimension: Expr, sampled: bool = False) -> Expr:
        """σ² E tr (XXᵀ)⁻¹ of so many rows in so many dimensions, with real labels or sampled ones."""
        return self.sigma2 * (self.heat if sampled else S.One) * _over(rows, dimension - rows - 1)

    def finite(self, rows: Expr) -> Basic:
        """Whether a fit on so many rows has a finite risk in this regime."""
        return Ge(self.d, rows + 2)

    def determined(self, rows: Expr) -> bool:
        """Whether there are more rows than features: another regime."""
        return bool((rows - self.d - 2).is_nonnegative)


def least_norm(regression: WideRegression, workflow: Workflow) -> Recurrence:
    """The risk of fits of least norm on fresh designs under a workflow.

    Raises
    ------
    NotDerivedError
        When the workflow draws subsamples, takes a block back that an earlier model did not pass through, or has fits
        of more rows than features.
    DomainError
        When a weight is negative, or a block has no whole number of rows.
    """
    dynamics = workflow.dynamics()
    if isinstance(dynamics, PoolDynamics) and regression.rows(dynamics.budget) == 1:
        return _single_row(regression)
    if workflow.draw(Integer(2)) is not None:
        raise NotDerivedError(
            f"workflow = {workflow.name} has no derived risk for over-parameterised least squares with fresh design: "
            "a model passes through the rows it drew and no others, so that later draws meet rows that fit no earlier "
            "model; only draws of a single row are derived. Simulation works."
        )
    pooled = pooled_blocks(workflow)
    if pooled is not None and pooled.is_Integer and workflow.size(GENERATION) == workflow.size(1):
        return _window(regression, workflow, int(pooled))
    parts = settled_parts(workflow)
    return NestedFits.of(regression, workflow) if parts is None else _settled(regression, workflow, parts)


def most_rows(regression: WideRegression, workflow: Workflow) -> Expr | None:
    """The largest fit, in rows, among the first generations; None where they do not compare."""
    dynamics = workflow.dynamics()
    if isinstance(dynamics, PoolDynamics):
        return regression.rows(dynamics.budget)
    largest = S.Zero
    for used, fresh in islice(fits(workflow), LOOKED_AT):
        rows = sum((regression.rows(workflow.size(index)) for index in used), regression.rows(fresh))
        beyond = rows - largest
        if beyond.is_nonnegative is None and beyond.is_number is False and largest != 0:
            return None
        largest = rows if beyond.is_nonnegative is not False else largest
    return largest


def _over(value: Expr, spare: Expr) -> Expr:
    """value/spare; 0 where nothing is to spare: such a fit is infinite, which the margin says."""
    return S.Zero if spare == 0 else value / spare


def _too_many(workflow: Workflow, rows: Expr, g: object, regression: WideRegression) -> NotDerivedError:
    return NotDerivedError(
        f"workflow = {workflow.name} fits model {g} on {rows} rows in d = {regression.d} features, after a model that "
        "passed through fewer: no derived risk for over-parameterised least squares covers both. Simulation works."
    )


# -- block 1, the newest block, and fresh rows -------------------------------------------------------------


def step(regression: WideRegression, old: Expr, inside: Expr, newest: Expr, fresh: Expr) -> tuple[Expr, Expr, Expr]:
    """(a, c, spare): with b = ``inside`` the error inside the ``old`` rows, r_g − b = a (r_{g−1} − b) + c."""
    d, rows = regression.d, newest + fresh
    left = d - old
    spare = left - rows - 1
    carried = newest / left * (1 + _over(fresh, spare))
    lost = (1 - rows / left) * (1 - old / d) * regression.signal
    noise = regression.sigma2 * (regression.heat * newest + fresh)
    return carried, lost + _over(noise + fresh * inside, spare), spare


def _settled(regression: WideRegression, workflow: Workflow, parts: Parts) -> MomentRecurrence:
    """The same parts at every generation from the second on: the error outside the rows of block 1 is one number."""
    first = regression.rows(workflow.size(1))
    old, newest, fresh = (regression.rows(part) for part in parts)
    total = old + newest + fresh
    if regression.determined(total):
        raise _too_many(workflow, total, 2, regression)
    inside = regression.noise(old, regression.d)
    carried, gained, spare = step(regression, old, inside, newest, fresh)
    lost = (1 - first / regression.d) * regression.signal
    domain = And(regression.finite(first), regression.finite(total))
    return MomentRecurrence(
        start=2,
        matrix=Matrix([[carried]]),
        forcing=Matrix([gained]),
        readout=Matrix([[1]]),
        initial=Matrix([lost if old != 0 else lost + regression.noise(first, regression.d)]),
        offset=inside,
        margin=_margin(regression.d - first - 1, spare),
        domain=domain,
    )


def _margin(first: Expr, later: Expr) -> Expr | None:
    """Positive while risks are finite: ``first`` at generation 1, ``later`` from the second on."""
    if first.is_positive and later.is_positive:
        return None
    if first.is_number or later.is_number:
        return Piecewise((first, Eq(GENERATION, 1)), (later, True))
    return later


def _single_row(regression: WideRegression) -> MomentRecurrence:
    r"""One row drawn from the pool: the row of a uniform block, whose fit is the same whenever it is drawn.

    :math:`r_g = (1 - \tfrac1g)\,r_{g-1} + \tfrac1g\,f(r_{g-1})` with f the step of replace on one row.
    """
    g = GENERATION
    carried, gained, spare = step(regression, S.Zero, S.Zero, S.One, S.Zero)
    _, first, _ = step(regression, S.Zero, S.Zero, S.Zero, S.One)  # a real row
    return MomentRecurrence(
        start=2,
        matrix=Matrix([[1 - (1 - carried) / g]]),
        forcing=Matrix([gained / g]),
        readout=Matrix([[1]]),
        initial=Matrix([first]),
        margin=None if spare.is_positive else spare,
        domain=regression.finite(S.One),
    )


# -- windows -----------------------------------------------------------------------------------------------


def _window(regression: WideRegression, workflow: Workflow, k: int) -> Recurrence:
    r"""The last k blocks. With :math:`P_m` the projection on the newest m of them, and
    :math:`e_m = E\|P_m w_g\|^2 - 2E\langle P_m w_g, w^*\rangle`,

    .. math:: e_m(g) = e_{m-1}(g-1) + \rho_m (e_k(g-1) - e_{m-1}(g-1)) + \nu_m, \qquad r_g = \|w^*\|^2 + e_k(g),

    :math:`\rho_m = T/(d-(m-1)T)`, :math:`\nu_m = \sigma^2 T/(d-mT-1)`, e_0 = 0. Up to generation k every row is kept.
    The matrix is nonnegative, irreducible, and its first row sums to less than 1: every start is forgotten.
    """
    d, T = regression.d, regression.rows(workflow.size(1))
    full = next((g for g in range(1, k + 1) if (d - g * T - 1).is_nonpositive), None)
    if full is not None and regression.determined(full * T):
        raise _too_many(workflow, full * T, full, regression)
    if full is not None:
        return _filling(regression, T)
    shares = [T / (d - m * T) if d != m * T else S.Zero for m in range(k)]
    real, noises = ([regression.noise(T, d - m * T, sampled) for m in range(k)] for sampled in (False, True))
    whole, parts, early = -regression.signal, [S.Zero], []
    for g in range(1, k + 1):
        before, added = whole, real if g == 1 else noises
        parts = [S.Zero, *(_learnt(parts[m], before, shares[m], added[m]) for m in range(g))]
        whole = parts[g]
        early.append(whole)
    matrix = zeros(k, k)
    for m in range(k):
        if m > 0:
            matrix[m, m - 1] = 1 - shares[m]
        matrix[m, k - 1] += shares[m]
    moments = MomentRecurrence(
        start=k + 1,
        matrix=matrix,
        forcing=Matrix(noises),
        readout=Matrix([[0] * (k - 1) + [1]]),
        initial=Matrix(parts[1:]),
        early=tuple(early[:-1]),
        offset=regression.signal,
        domain=regression.finite(k * T),
    )
    known = all(entry.is_Rational for entry in matrix)
    return (
        moments
        if known
        else WindowFits(moments, replace(regression, T=T), k, offset=moments.offset, domain=moments.domain)
    )


@dataclass(frozen=True)
class WindowFits(Recurrence):
    r"""A window where d or T is a symbol: roots of a polynomial with symbols would fill pages, the limit is short.

    At the fixed point :math:`1 - e_m/e_k` is a product of :math:`1 - \rho_i = (d - iT)/(d - (i-1)T)`, which telescopes:

    .. math:: \lim r_g = \|w^*\|^2 + \sigma^2 T d \sum_{m=1}^k \frac{1}{(d - mT)(d - mT - 1)} .
    """

    moments: MomentRecurrence
    regression: WideRegression
    k: int

    def as_moments(self) -> MomentRecurrence:
        """The k numbers that carry it."""
        return self.moments.changed(scale=self.scale, offset=self.offset)

    def values(self) -> Iterator[Expr]:
        """Exact risks at generations 1, 2, …"""
        return self.as_moments().values()

    def limit(self, order: Order) -> Expr:
        """The fixed point, wherever every risk is finite."""
        d, T = self.regression.d, self.regression.T
        terms = (1 / ((d - m * T) * (d - m * T - 1)) for m in range(1, self.k + 1))
        return self.regression.sigma2 * self.regression.heat * T * d * sum(terms, S.Zero)


def _filling(regression: WideRegression, T: Expr) -> MomentRecurrence:
    """Every row kept, until there are as many as features, give or take one: infinite from there on."""
    plain = Regression(regression.d, regression.sigma2, regression.signal, regression.heat)
    return crossing(plain, [Stretch(1, LEAST_NORM, T, GENERATION * T)], kept=True).changed(domain=S.false)


def _learnt(part: Expr, whole: Expr, share: Expr, noise: Expr) -> Expr:
    return in_lowest_terms(part + share * (whole - part) + noise)


# -- any workflow that takes no block back -------------------------------------------------------------------


@dataclass(frozen=True)
class NestedFits(Recurrence):
    """Each model keeps blocks of the one before, takes its own and fresh rows: exact at every G, no closed form.

    For a set S of kept blocks with the newest m, :math:`e(S) = e(S') + \\rho\\,(r_{m-1} - \\|w^*\\|^2 - e(S')) + \\nu`
    with S' = S without m, whatever happened since: later models pass through all of S.
    """

    regression: WideRegression
    workflow: Workflow

    @classmethod
    def of(cls, regression: WideRegression, workflow: Workflow) -> NestedFits:
        """Verified over the first generations."""
        if workflow.keeps_fresh:
            raise NotDerivedError(
                f"workflow = {workflow.name} keeps real rows of every generation: least norm fits on these are not "
                f"derived."
            )
        found = cls(regression, workflow)
        values = list(islice(found.values(), LOOKED_AT))
        rows = most_rows(regression, workflow)
        domain = S.true if rows is None else regression.finite(rows)
        return found.changed(domain=S.false if values[-1] == oo else domain if domain != S.false else S.true)

    def values(self) -> Iterator[Expr]:
        """Exact risks at generations 1, 2, …; ``oo`` where a fit has as many rows as features, or one fewer or more."""
        regression, signal = self.regression, self.regression.signal
        known: dict[tuple[int, ...], Expr] = {(): S.Zero}
        # w_0 = w*: the labels of block 1 are of the truth.
        risks: list[Expr] = [S.Zero]
        before: tuple[int, ...] = ()
        for g, (used, fresh_size) in enumerate(fits(self.workflow), start=1):
            fresh = regression.rows(fresh_size)
            self._verify(g, used, before, fresh)
            old = used[:-1] if used and used[-1] == g else used
            newest = regression.rows(self.workflow.size(g)) if old != used else S.Zero
            for end in range(1, len(old) + 1):
                self._learn(old[:end], known, risks)
            if fresh == 0:
                self._learn(used, known, risks[:g])
                value = known[used] + signal
            else:
                value = self._with_fresh(old, newest, fresh, known[old], risks[-1])
            value = value if value.is_number else in_lowest_terms(value)
            risks.append(value)
            before = used
            yield self.offset + self.scale * value

    def _verify(self, g: int, used: tuple[int, ...], before: tuple[int, ...], fresh: Expr) -> None:
        back = next((index for index in used if index != g and index not in before), None)
        if back is not None:
            raise NotDerivedError(
                f"workflow = {self.workflow.name} takes block {back} back in model {g}, which model {g - 1} was not "
                "fitted on: no derived risk for over-parameterised least squares covers that. Simulation works."
            )
        rows = self._rows(used) + fresh
        if self.regression.determined(rows):
            raise _too_many(self.workflow, rows, g, self.regression)

    def _rows(self, blocks: tuple[int, ...]) -> Expr:
        return sum((self.regression.rows(self.workflow.size(index)) for index in blocks), S.Zero)

    def _learn(self, blocks: tuple[int, ...], known: dict[tuple[int, ...], Expr], risks: list[Expr]) -> None:
        """e of these blocks, from those before the newest of them."""
        if blocks in known:
            return
        *earlier, newest = blocks
        part, whole = known[tuple(earlier)], risks[newest - 1] - self.regression.signal
        left, rows = self.regression.d - self._rows(tuple(earlier)), self.regression.rows(self.workflow.size(newest))
        if (left - rows - 1).is_nonpositive or whole == oo or part == oo:
            known[blocks] = oo
            return
        known[blocks] = _learnt(part, whole, rows / left, self.regression.noise(rows, left, newest > 1))

    def _with_fresh(self, old: tuple[int, ...], newest: Expr, fresh: Expr, part: Expr, before: Expr) -> Expr:
        rows = self._rows(old)
        inside = part + rows / self.regression.d * self.regression.signal
        carried, gained, spare = step(self.regression, rows, inside, newest, fresh)
        if spare.is_nonpositive or part == oo or (before == oo and newest != 0):
            return oo
        return inside + gained + (carried * (before - inside) if newest != 0 else S.Zero)
