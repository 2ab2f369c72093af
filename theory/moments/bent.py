r"""Loops that bend: samplers whose block mean, and estimators whose fit, are affine and no longer unbiased.

A block drawn from model j − 1 has the mean :math:`D_{j-1} = \tau\,\delta_{j-1} + (1-\tau)\,b` about the truth, for
a sampler of fidelity τ that leans towards a target, b away from the truth; real data stay unbiased. A model fitted on N
samples keeps :math:`K = N/(N + \kappa)` of its weighted mean and takes the rest from a prior mean, π away from the
truth. Where the generator is a draw from the posterior rather than its mean, it adds a noise of variance
:math:`V/(N + \kappa - v_2)`. Every law is that of a family with V(μ) = v0 + v1 μ + v2 μ², so that

.. math:: E\,\varepsilon_j^2 = \bigl(V_0 + V_1\,E D_{j-1} + v_2\,E D_{j-1}^2\bigr)/(n\,s(j)).

With a linear state :math:`z_g = S_g z_{g-1} + b_g \bar x_g + c_g \varrho_g`, which is the recursion that the workflow
states with :math:`S_g = A_g - b_g h_{g-1}`, the vector :math:`(E z, E z z^\top)` obeys a linear recurrence (derived
here): nothing else is needed for the bias, the variance and the risk.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from sympy import Basic, Expr, Integer, Matrix, S, cancel, ceiling, zeros

from theory.errors import DomainError, NotDerivedError
from theory.moments.recurrence import MomentRecurrence, Recurrence
from theory.workflows.base import Workflow, exact_weights
from theory.workflows.dynamics import GENERATION, LinearDynamics, PoolDynamics
from theory.workflows.pathway import block_coefficients

#: A formula for the rows that does not hold from here on is none.
LATEST_START = 12
#: What is asked of a bent loop.
RISK, BIAS, VARIANCE = "risk", "bias", "variance"


@dataclass(frozen=True)
class Bend:
    """How sampler and estimator bend, and the family's variance function about the truth.

    Attributes
    ----------
    variance, slope, curvature : V, V' and v2 at the truth
    points : number n of samples in a unit block
    fidelity, target : τ and b of the sampler
    dispersion : factor of the variance of sampled points, 1 where they follow the family at their mean
    strength, prior : κ and π of the estimator
    drawn : whether the generator is a draw from the posterior
    """

    variance: Expr
    slope: Expr
    curvature: Expr
    points: Expr
    fidelity: Expr = S.One
    target: Expr = S.Zero
    dispersion: Expr = S.One
    strength: Expr = S.Zero
    prior: Expr = S.Zero
    drawn: bool = False

    def kept(self, rows: Expr) -> Expr:
        """K for a fit on ``rows`` samples, in units of n."""
        count = self.points * rows
        return S.One if self.strength == 0 else cancel(count / (count + self.strength))

    def blur(self, rows: Expr) -> Expr:
        """Variance of a posterior draw over that of one sample at its mean; 0 for the posterior mean itself."""
        return 1 / (self.points * rows + self.strength - self.curvature) if self.drawn else S.Zero


class _Forms:
    """Expectations as rows of coefficients of the moments, the constant last."""

    def __init__(self, size: int, squares: bool) -> None:
        self.size = size
        self.pairs = [(row, col) for row in range(size) for col in range(row + 1)]
        self.position = {pair: size + index for index, pair in enumerate(self.pairs)}
        self.square = {pair: size + len(self.pairs) + index for index, pair in enumerate(self.pairs)} if squares else {}
        self.count = size + len(self.pairs) * (2 if squares else 1)

    def constant(self, value: Expr) -> Matrix:
        row = zeros(1, self.count + 1)
        row[self.count] = value
        return row

    def mean(self, left: Matrix) -> Matrix:
        """E (left·z)."""
        row = zeros(1, self.count + 1)
        for a in range(self.size):
            row[a] += left[a]
        return row

    def second(self, left: Matrix, right: Matrix, table: dict[tuple[int, int], int] | None = None) -> Matrix:
        """E (left·z)(right·z), or E(left·z) E(right·z) by the table of squares."""
        row = zeros(1, self.count + 1)
        where = self.position if table is None else table
        for a in range(self.size):
            for b in range(self.size):
                row[where[max(a, b), min(a, b)]] += left[a] * right[b]
        return row


def bent_linear(workflow: Workflow, dynamics: LinearDynamics, bend: Bend, part: str = RISK) -> MomentRecurrence:
    """The recurrence of risk, bias or variance where the workflow's state is linear."""
    g = GENERATION
    start = max(dynamics.start, 2)
    forms = _Forms(dynamics.transition.shape[0], squares=part == VARIANCE)
    formula = workflow.rows(g)
    table = _step(forms, workflow, dynamics, bend, formula.subs(g, g - 1))
    blocks = iter(_Blocks(workflow, bend))
    known = list(islice(blocks, start - 1))
    initial = _initial(workflow, dynamics, start, forms, known[-1])
    # The first fits may be on fewer samples than the formula for later ones says: those steps are taken by numbers.
    while formula.subs(g, start - 1) != workflow.rows(start - 1):
        first = _step(forms, workflow, dynamics, bend, workflow.rows(start - 1)).subs(g, start)
        initial = (first[:, : forms.count] * initial + first[:, forms.count]).applyfunc(cancel)
        known.append(next(blocks))
        start += 1
        if start > LATEST_START:
            raise NotDerivedError(f"the rows of workflow = {workflow.name} follow no formula.")
    readout = _readout(forms, dynamics.readout, formula, bend, part).applyfunc(cancel)
    return MomentRecurrence(
        start=start,
        matrix=table[:, : forms.count],
        forcing=table[:, forms.count],
        readout=readout[:, : forms.count],
        shift=readout[forms.count],
        initial=initial,
        early=tuple(answer(early, part) for early in known[: start - 2]),
    )


def _step(forms: _Forms, workflow: Workflow, dynamics: LinearDynamics, bend: Bend, rows: Expr) -> Matrix:
    """One generation: every moment as a form of those before, where the model before was fitted on ``rows``."""
    g = GENERATION
    gain, fresh = dynamics.innovation, dynamics.fresh
    before = dynamics.readout.subs(g, g - 1)
    stay = dynamics.transition - gain * before
    sampler = _Sampled(forms, before, rows, bend)
    spread = bend.variance * sampler.weight + bend.slope * sampler.mean + bend.curvature * sampler.second
    newest = sampler.second + bend.dispersion / (bend.points * workflow.size(g)) * spread
    found: list[Matrix] = [forms.mean(stay[a, :]) + gain[a] * sampler.mean for a in range(forms.size)]
    for a, b in forms.pairs:
        crossed = gain[b] * sampler.crossed(stay[a, :]) + gain[a] * sampler.crossed(stay[b, :])
        row = forms.second(stay[a, :], stay[b, :]) + crossed + gain[a] * gain[b] * newest
        amount = fresh[a] * fresh[b]
        if amount != 0:
            row += forms.constant(amount * bend.variance / (bend.points * workflow.fresh_size(g)))
        found.append(row)
    for a, b in forms.pairs if forms.square else []:
        found.append(_product_of_means(forms, found[a], found[b]))
    return Matrix.vstack(*found).applyfunc(cancel)


class _Sampled:
    """Moments of D, the mean of the block drawn from the model before, as forms."""

    def __init__(self, forms: _Forms, readout: Matrix, rows: Expr, bend: Bend) -> None:
        self._forms, self._readout, self._bend = forms, readout, bend
        self._kept = bend.kept(rows)
        lean = (1 - bend.fidelity) * bend.target
        own = (1 - self._kept) * bend.prior
        self._shift = bend.fidelity * own + lean
        self.weight = forms.constant(S.One)
        fitted = self._kept * forms.mean(readout) + forms.constant(own)
        square = (
            self._kept**2 * forms.second(readout, readout)
            + 2 * self._kept * own * forms.mean(readout)
            + forms.constant(own**2)
        )
        blur = bend.blur(rows)
        square = square + blur * (bend.variance * self.weight + bend.slope * fitted + bend.curvature * square)
        self.mean = bend.fidelity * fitted + forms.constant(lean)
        self.second = bend.fidelity**2 * square + 2 * bend.fidelity * lean * fitted + forms.constant(lean**2)

    def crossed(self, left: Matrix) -> Matrix:
        """E D (left·z)."""
        scale = self._bend.fidelity * self._kept
        return scale * self._forms.second(self._readout, left) + self._shift * self._forms.mean(left)


def _readout(forms: _Forms, readout: Matrix, rows: Expr, bend: Bend, part: str) -> Matrix:
    """Bias, variance or risk of the model as a form."""
    kept = bend.kept(rows)
    own = (1 - kept) * bend.prior
    fitted = kept * forms.mean(readout) + forms.constant(own)
    if part == BIAS:
        return fitted
    square = kept**2 * forms.second(readout, readout) + 2 * kept * own * forms.mean(readout)
    square = square + forms.constant(own**2)
    blur = bend.blur(rows)
    square = square + blur * (forms.constant(bend.variance) + bend.slope * fitted + bend.curvature * square)
    if part == RISK:
        return square
    means = kept**2 * forms.second(readout, readout, forms.square) + 2 * kept * own * forms.mean(readout)
    return square - means - forms.constant(own**2)


def _product_of_means(forms: _Forms, left: Matrix, right: Matrix) -> Matrix:
    """(T e + t)(U e + u), for rows that hold means alone."""
    size, last = forms.size, forms.count
    row = forms.second(left[:, :size], right[:, :size], forms.square)
    row += right[last] * forms.mean(left[:, :size]) + left[last] * forms.mean(right[:, :size])
    return row + forms.constant(left[last] * right[last])


def _initial(workflow: Workflow, dynamics: LinearDynamics, start: int, forms: _Forms, known: _Known) -> Matrix:
    """Moments of the state at ``start − 1``, a combination of the first block means."""
    if dynamics.start == 1:
        combination = dynamics.innovation.subs(GENERATION, 1)
    else:
        combination = dynamics.initial * Matrix(block_coefficients(workflow, start - 1)).inv()
    means = combination * Matrix(known.means[: start - 1])
    seconds = (
        combination * Matrix(start - 1, start - 1, lambda a, b: known.seconds[max(a, b)][min(a, b)]) * combination.T
    )
    column = list(means) + [seconds[a, b] for a, b in forms.pairs]
    column += [means[a] * means[b] for a, b in forms.pairs] if forms.square else []
    return Matrix(column).applyfunc(cancel)


def nothing() -> MomentRecurrence:
    """The bias of what is unbiased: 0 at every generation."""
    zero = Matrix([[S.Zero]])
    return MomentRecurrence(start=1, matrix=zero, forcing=zero, readout=zero, initial=zero)


# -- any weights -----------------------------------------------------------------------------------------


@dataclass
class _Known:
    """Moments of the blocks so far, and of the model fitted on them."""

    means: list[Expr]
    seconds: list[list[Expr]]
    bias: Expr
    risk: Expr


def answer(known: _Known, part: str) -> Expr:
    """Risk, bias or variance of the model."""
    if part == VARIANCE:
        return cancel(known.risk - known.bias**2)
    return known.risk if part == RISK else known.bias


class _Blocks:
    """Generation after generation, every block's first and second moments: O(g) numbers more at each."""

    def __init__(self, workflow: Workflow, bend: Bend) -> None:
        self._workflow, self._bend = workflow, bend

    def __iter__(self) -> Iterator[_Known]:
        workflow, bend = self._workflow, self._bend
        means: list[Expr] = [S.Zero]
        seconds: list[list[Expr]] = [[bend.variance / (bend.points * workflow.size(1))]]
        # Fresh real samples enter a model beside its blocks, and are not kept as blocks.
        g = 1
        while True:
            weights, share = exact_weights(workflow, g), workflow.fresh_weight(g) if g > 1 else S.Zero
            rows = workflow.rows(g)
            kept = bend.kept(rows)
            own = (1 - kept) * bend.prior
            weighted = sum((w * m for w, m in zip(weights, means, strict=True)), S.Zero)
            crossed = [
                sum((w * seconds[max(a, b)][min(a, b)] for a, w in enumerate(weights) if w != 0), S.Zero)
                for b in range(g)
            ]
            square = sum((w * c for w, c in zip(weights, crossed, strict=True)), S.Zero)
            if share != 0:
                square += share**2 * bend.variance / (bend.points * workflow.fresh_size(g))
            bias = kept * weighted + own
            risk = kept**2 * square + 2 * kept * own * weighted + own**2
            risk += bend.blur(rows) * (bend.variance + bend.slope * bias + bend.curvature * risk)
            bias, risk = cancel(bias), cancel(risk)
            yield _Known(list(means), [list(row) for row in seconds], bias, risk)
            lean = (1 - bend.fidelity) * bend.target
            mean = bend.fidelity * bias + lean
            second = bend.fidelity**2 * risk + 2 * bend.fidelity * lean * bias + lean**2
            noise = bend.variance + bend.slope * mean + bend.curvature * second
            g += 1
            second += bend.dispersion * noise / (bend.points * workflow.size(g))
            drawn = [bend.fidelity * (kept * c + own * m) + lean * m for c, m in zip(crossed, means, strict=True)]
            means.append(cancel(mean))
            seconds.append([*(cancel(value) for value in drawn), cancel(second)])


@dataclass(frozen=True)
class BentPathway(Recurrence):
    """Risk, bias or variance of a bent loop by the weights alone: exact at every G, no closed form."""

    workflow: Workflow
    bend: Bend
    part: str = RISK
    scale: Expr = S.One
    offset: Expr = S.Zero
    margin: Expr | None = None
    domain: Basic = S.true
    exactness: str = "exact"

    def values(self) -> Iterator[Expr]:
        """Exact values at generations 1, 2, …"""
        for known in _Blocks(self.workflow, self.bend):
            yield self.offset + self.scale * answer(known, self.part)

    def subs(self, *args: Any) -> BentPathway:
        """With parameters replaced."""
        own = {name: value.subs(*args) if hasattr(value, "subs") else value for name, value in vars(self.bend).items()}
        return replace(
            self, workflow=self.workflow.subs(*args), bend=type(self.bend)(**own), scale=self.scale.subs(*args),
            offset=self.offset.subs(*args),
        )  # fmt: skip


# -- subsamples of the pool --------------------------------------------------------------------------------


def bent_pool(dynamics: PoolDynamics, bend: Bend, part: str = RISK) -> MomentRecurrence:
    r"""A simple random sample of the pool: E of the pool mean, E of its square a, and of the pool variance u.

    As without a bend (:func:`theory.moments.composition.pool_exact`), with the second moment of a sampled point about
    the truth :math:`V_0 + V_1 E D + (v_2 + 1) E D^2`.
    """
    if part == VARIANCE:
        raise NotDerivedError("the variance under a subsample is the risk less the squared bias: ask for these two.")
    g, n = GENERATION, bend.points
    budget = dynamics.budget
    if not (budget.is_number and budget <= 1):
        raise NotDerivedError(f"budget = {budget} with a bent sampler or estimator is derived up to one block only.")
    drawn = n * budget
    kept, blur = bend.kept(budget), bend.blur(budget)
    own, lean, tau = (1 - kept) * bend.prior, (1 - bend.fidelity) * bend.target, bend.fidelity
    # Forms over (e, a, u, 1).
    e, a, u, one = (Matrix([[int(index == position) for index in range(4)]]) for position in range(4))

    def spread(at: Expr) -> Expr:
        pool = n * at
        return 1 / drawn if dynamics.replacement else (pool - drawn) / (drawn * (pool - 1))

    def model(at: Expr) -> tuple[Matrix, Matrix]:
        """E δ and E δ² of the model fitted at a generation."""
        square = a + spread(at) * u
        mean = kept * e + own * one
        risk = kept**2 * square + 2 * kept * own * e + own**2 * one
        return mean, risk + blur * (bend.variance * one + bend.slope * mean + bend.curvature * risk)

    bias, risk = model(g - 1)
    mean = tau * bias + lean * one
    second = tau**2 * risk + 2 * tau * lean * bias + lean**2 * one
    crossed = tau * (kept * a + own * e) + lean * e
    noise = bend.dispersion * (bend.variance * one + bend.slope * mean + bend.curvature * second)
    p = 1 / g
    new_mean = (1 - p) * e + p * mean
    new_square = (1 - p) ** 2 * a + 2 * p * (1 - p) * crossed + p**2 * (second + noise / n)
    points = (1 - p) * (a + u) + p * (second + noise)
    table = Matrix.vstack(new_mean, new_square, points - new_square).applyfunc(cancel)
    shown = Matrix(model(g)[0 if part == BIAS else 1]).applyfunc(cancel)
    unit = bend.variance / n
    return MomentRecurrence(
        start=2,
        matrix=table[:, :3],
        forcing=table[:, 3],
        readout=shown[:, :3],
        shift=shown[3],
        initial=Matrix([S.Zero, unit, bend.variance - unit]),
    )


def compose_bent(workflow: Workflow, bend: Bend, part: str = RISK) -> Recurrence:
    """Risk, bias or variance of a bent loop under any workflow.

    Raises
    ------
    NotDerivedError
        When the workflow draws a subsample that no argument here covers.
    """
    dynamics = workflow.dynamics()
    if isinstance(dynamics, PoolDynamics):
        drawn = bend.points * dynamics.budget
        if drawn.is_number and drawn != ceiling(drawn):
            raise DomainError(f"budget = {dynamics.budget} draws {drawn} samples: n·budget must be a whole number.")
        return bent_pool(dynamics, bend, part)
    if workflow.draw(Integer(2)) is not None:
        raise NotDerivedError(
            f"workflow = {workflow.name} draws a subsample but states no pool dynamics: its risk is not derived."
        )
    if isinstance(dynamics, LinearDynamics):
        try:
            return bent_linear(workflow, dynamics, bend, part)
        except NotDerivedError:
            return BentPathway(workflow, bend, part)
    return BentPathway(workflow, bend, part)
