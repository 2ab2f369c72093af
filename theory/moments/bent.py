r"""Loops that bend: samplers whose block mean, and estimators whose fit, are affine and no longer unbiased.

A block drawn from model j − 1 has the mean :math:`D_{j-1} = \tau\,\delta_{j-1} + (1-\tau)\,b` about the truth, for
a sampler of fidelity τ that leans towards a target, b away from the truth; real data stay unbiased, unless the workflow
says that theirs are drawn at another mean. A model fitted on N
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

from sympy import Basic, Expr, Matrix, S, cancel, ceiling, zeros

from theory.errors import DomainError, NotDerivedError
from theory.moments.composition import after_whole_pool
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

    def spread(self, bias: Expr) -> Expr:
        """V at a mean so far from the truth."""
        return self.variance if bias == 0 else self.variance + self.slope * bias + self.curvature * bias**2

    def kept(self, rows: Expr) -> Expr:
        """K for a fit on ``rows`` samples, in units of n."""
        count = self.points * rows
        return S.One if self.strength == 0 else cancel(count / (count + self.strength))

    def blur(self, rows: Expr) -> Expr:
        """Variance of a posterior draw over that of one sample at its mean; 0 for the posterior mean itself."""
        return 1 / (self.points * rows + self.strength - self.curvature) if self.drawn else S.Zero

    @property
    def counts_rows(self) -> bool:
        """Whether it matters how many samples a model is fitted on."""
        return self.strength != 0 or self.drawn

    @property
    def straight(self) -> bool:
        """Whether nothing bends: the unbiased model itself."""
        return not self.counts_rows and self.fidelity == 1 and self.dispersion == 1


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
    formula = workflow.rows(g) if bend.counts_rows else S.One
    table = _step(forms, workflow, dynamics, bend, formula.subs(g, g - 1))
    blocks = iter(_Blocks(workflow, bend))
    known = list(islice(blocks, start - 1))
    initial = _initial(workflow, dynamics, start, forms, known[-1])
    # The first fits may be on fewer samples than the formula for later ones says: those steps are taken by numbers.
    while bend.counts_rows and cancel(formula.subs(g, start - 1) - workflow.rows(start - 1)) != 0:
        first = _step(forms, workflow, dynamics, bend, workflow.rows(start - 1)).subs(g, start)
        initial = (first[:, : forms.count] * initial + first[:, forms.count]).applyfunc(cancel)
        known.append(next(blocks))
        start += 1
        if start > LATEST_START:
            raise NotDerivedError(f"the rows of workflow = {workflow.name} follow no formula.")
    readout = _readout(forms, dynamics.readout, formula, bend, part).applyfunc(cancel)
    found = MomentRecurrence(
        start=start,
        matrix=table[:, : forms.count],
        forcing=table[:, forms.count],
        readout=readout[:, : forms.count],
        shift=readout[forms.count],
        initial=initial,
        early=tuple(answer(early, part) for early in known[: start - 2]),
    )
    if forms.size == 1 and bend.counts_rows:
        found = _of_the_model(found, workflow, dynamics, formula, bend, part)
    return needed(found)


def _of_the_model(
    found: MomentRecurrence, workflow: Workflow, dynamics: LinearDynamics, rows: Expr, bend: Bend, part: str
) -> MomentRecurrence:
    r"""The same by the moments of the model itself, E θ and E θ² about the truth, not those of its weighted mean.

    Let y be the posterior mean: :math:`y_g = \alpha y_{g-1} + \gamma \bar x_g + \varphi \varrho_g + \omega`. These
    moments move more simply than those of the state: under accumulate a posterior mean has the same expectation for
    ever, and a posterior draw the same second moment too.
    """
    g, v, slope, v2 = found.symbol, bend.variance, bend.slope, bend.curvature
    readout, tau, lean = dynamics.readout[0], bend.fidelity, (1 - bend.fidelity) * bend.target
    kept, blur = bend.kept(rows), bend.blur(rows)
    kept_before, readout_before = kept.subs(g, g - 1), readout.subs(g, g - 1)
    stay = dynamics.transition[0] - dynamics.innovation[0] * readout_before
    alpha = cancel(kept * readout * stay / (readout_before * kept_before))
    gamma = cancel(kept * readout * dynamics.innovation[0])
    omega = cancel((1 - kept) - alpha * (1 - kept_before)) * bend.prior
    # Forms over (e, R, 1); the last is what a posterior draw adds to R.
    e, risk, one = (Matrix([[int(i == position) for i in range(3)]]) for position in range(3))

    def without_blur(at: Expr) -> Matrix:
        """E y² from E θ²."""
        return (risk - at * (slope * e + v * one)) / (1 + v2 * at)

    square = without_blur(blur.subs(g, g - 1))
    drawn = tau * e + lean * one
    second = tau**2 * risk + 2 * tau * lean * e + lean**2 * one
    second += bend.dispersion / (bend.points * workflow.size(g)) * (v * one + slope * drawn + v2 * second)
    mean = alpha * e + gamma * drawn + omega * one
    newest = alpha**2 * square + 2 * alpha * gamma * (tau * square + lean * e) + gamma**2 * second
    newest += 2 * omega * (alpha * e + gamma * drawn) + omega**2 * one
    if dynamics.fresh[0] != 0:
        share, bias = cancel(kept * readout * dynamics.fresh[0]), workflow.fresh_bias(g)
        newest += 2 * share * bias * mean + share**2 * bias**2 * one
        newest += share**2 * bend.spread(bias) / (bend.points * workflow.fresh_size(g)) * one
        mean += share * bias * one
    moved = (1 + v2 * blur) * newest + blur * (slope * mean + v * one)
    shown = {BIAS: e, RISK: risk, VARIANCE: risk}[part]
    table = Matrix.vstack(mean, moved).applyfunc(_collected)
    size = 2
    if part == VARIANCE:
        size = 3
    bias, spread = (found.initial[index] for index in range(2))
    start = {g: found.start - 1}
    gain, own = (kept * readout).subs(start), ((1 - kept) * bend.prior).subs(start)
    at_start = blur.subs(start)
    first = gain * bias + own
    opening = gain**2 * spread + 2 * gain * own * bias + own**2
    opening = (1 + v2 * at_start) * opening + at_start * (slope * first + v)
    matrix, forcing, answer = zeros(size), zeros(size, 1), zeros(1, size)
    for row in range(2):
        matrix[row, 0], matrix[row, 1], forcing[row] = table[row, :]
        answer[row] = shown[row]
    initial = [cancel(first), cancel(opening)]
    if size == 3:
        matrix[2, 2], matrix[2, 0], forcing[2] = (
            cancel(table[0, 0] ** 2), cancel(2 * table[0, 0] * table[0, 2]), cancel(table[0, 2] ** 2),
        )  # fmt: skip
        answer[2] = S.NegativeOne
        initial.append(cancel(first**2))
    return replace(found, matrix=matrix, forcing=forcing, readout=answer, shift=S.Zero, initial=Matrix(initial))


def _collected(value: Expr) -> Expr:
    """In lowest terms; with many symbols, term by term in the variances about the truth."""
    return cancel(value)


def needed(found: MomentRecurrence) -> MomentRecurrence:
    """The same without the moments that the answer does not reach, and without those that never move."""
    size = found.matrix.shape[0]
    reached = {index for index in range(size) if found.readout[index] != 0}
    pending = set(reached)
    while pending:
        row = pending.pop()
        sources = {col for col in range(size) if found.matrix[row, col] != 0} - reached
        reached |= sources
        pending |= sources
    still = {
        row
        for row in reached
        if found.forcing[row] == 0
        and all(entry == (1 if col == row else 0) for col, entry in enumerate(found.matrix[row, :]))
    }
    moving = sorted(reached - still) or sorted(reached)[:1] or [0]
    still -= set(moving)
    forcing, shift = found.forcing.as_mutable(), found.shift
    for col in still:
        forcing += found.matrix[:, col] * found.initial[col]
        shift += found.readout[col] * found.initial[col]
    return replace(
        found,
        matrix=found.matrix.extract(moving, moving),
        forcing=forcing.extract(moving, [0]).applyfunc(cancel),
        readout=found.readout.extract([0], moving),
        initial=found.initial.extract(moving, [0]),
        shift=cancel(shift),
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
    before_real: list[Matrix] = [forms.mean(stay[a, :]) + gain[a] * sampler.mean for a in range(forms.size)]
    bias = workflow.fresh_bias(g)
    found = [row + forms.constant(share * bias) for row, share in zip(before_real, fresh, strict=True)]
    for a, b in forms.pairs:
        crossed = gain[b] * sampler.crossed(stay[a, :]) + gain[a] * sampler.crossed(stay[b, :])
        row = forms.second(stay[a, :], stay[b, :]) + crossed + gain[a] * gain[b] * newest
        amount = fresh[a] * fresh[b]
        if amount != 0:
            row += forms.constant(amount * bend.spread(bias) / (bend.points * workflow.fresh_size(g)))
        if bias != 0:
            row += fresh[a] * bias * before_real[b] + fresh[b] * bias * before_real[a]
            row += forms.constant(amount * bias**2)
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


class _Sources:
    """First and second moments of everything that a model may weigh: O(g) numbers more with each."""

    def __init__(self) -> None:
        self.means: list[Expr] = []
        self.seconds: list[list[Expr]] = []

    def add(self, mean: Expr, second: Expr, crossed: list[Expr]) -> int:
        """Append one, with its products with those before; its place is returned."""
        self.means.append(cancel(mean))
        self.seconds.append([*(cancel(value) for value in crossed), cancel(second)])
        return len(self.means) - 1

    def add_real(self, bias: Expr, noise: Expr) -> int:
        """Append real samples, independent of all before."""
        return self.add(bias, noise + bias**2, [bias * mean for mean in self.means])

    def crossed(self, weights: dict[int, Expr]) -> list[Expr]:
        """E of the weighted mean times each."""
        return [
            sum((w * self.seconds[max(a, b)][min(a, b)] for a, w in weights.items()), S.Zero)
            for b in range(len(self.means))
        ]

    def only(self, places: list[int]) -> tuple[list[Expr], list[list[Expr]]]:
        """Moments of some of them, in order."""
        return [self.means[a] for a in places], [[self.seconds[a][b] for b in places if b <= a] for a in places]


class _Blocks:
    """Generation after generation, the moments of every block, of real samples drawn afresh, and of the model."""

    def __init__(self, workflow: Workflow, bend: Bend) -> None:
        self._workflow, self._bend = workflow, bend

    def __iter__(self) -> Iterator[_Known]:
        workflow, bend = self._workflow, self._bend
        sources = _Sources()
        bias = workflow.fresh_bias(1)
        blocks = [sources.add_real(bias, bend.spread(bias) / (bend.points * workflow.size(1)))]
        real: dict[int, int] = {}
        g = 1
        while True:
            shares = {index: share for index, share in enumerate(workflow.fresh_weights(g), start=1) if share != 0}
            if g in shares:
                bias = workflow.fresh_bias(g)
                real[g] = sources.add_real(bias, bend.spread(bias) / (bend.points * workflow.fresh_size(g)))
            weights = {place: w for place, w in zip(blocks, exact_weights(workflow, g), strict=True) if w != 0}
            weights |= {real[index]: share for index, share in shares.items()}
            rows = workflow.rows(g) if bend.counts_rows else S.One
            kept = bend.kept(rows)
            own = (1 - kept) * bend.prior
            weighted = sum((w * sources.means[a] for a, w in weights.items()), S.Zero)
            crossed = sources.crossed(weights)
            square = sum((w * crossed[a] for a, w in weights.items()), S.Zero)
            bias = kept * weighted + own
            risk = kept**2 * square + 2 * kept * own * weighted + own**2
            risk += bend.blur(rows) * (bend.variance + bend.slope * bias + bend.curvature * risk)
            bias, risk = cancel(bias), cancel(risk)
            yield _Known(*sources.only(blocks), bias, risk)
            lean = (1 - bend.fidelity) * bend.target
            mean = bend.fidelity * bias + lean
            second = bend.fidelity**2 * risk + 2 * bend.fidelity * lean * bias + lean**2
            noise = bend.variance + bend.slope * mean + bend.curvature * second
            g += 1
            second += bend.dispersion * noise / (bend.points * workflow.size(g))
            drawn = [
                bend.fidelity * (kept * c + own * m) + lean * m for c, m in zip(crossed, sources.means, strict=True)
            ]
            blocks.append(sources.add(mean, second, drawn))


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
    the truth :math:`V_0 + V_1 E D + (v_2 + 1) E D^2`. The square of the first expectation is carried for the variance.
    Models of a pool that is still smaller than the budget are fitted on all of it.
    """
    g, n = GENERATION, bend.points
    budget = dynamics.budget
    drawn = n * budget
    size = 4 if part == VARIANCE else 3
    # Forms over (e, a, u, e², 1); e² is used by itself alone.
    e, a, u, square_of_mean, one = (Matrix([[int(i == position) for i in range(5)]]) for position in range(5))
    lean, tau = (1 - bend.fidelity) * bend.target, bend.fidelity

    def spread(at: Expr) -> Expr:
        pool = n * at
        return 1 / drawn if dynamics.replacement else (pool - drawn) / (drawn * (pool - 1))

    def model(rows: Expr, noise: Expr) -> tuple[Matrix, Matrix]:
        """E δ and E δ² of a model fitted on ``rows`` of the pool."""
        kept, blur = bend.kept(rows), bend.blur(rows)
        own = (1 - kept) * bend.prior
        mean = kept * e + own * one
        risk = kept**2 * (a + noise * u) + 2 * kept * own * e + own**2 * one
        return mean, risk + blur * (bend.variance * one + bend.slope * mean + bend.curvature * risk)

    def squared(mean: Matrix) -> Matrix:
        """(α e + β)²."""
        slope, constant = mean[0], mean[4]
        return slope**2 * square_of_mean + 2 * slope * constant * e + constant**2 * one

    def step(rows: Expr, noise: Expr) -> Matrix:
        """One generation, where the model before was fitted on ``rows`` of the pool before."""
        bias, risk = model(rows, noise)
        kept = bend.kept(rows)
        mean = tau * bias + lean * one
        second = tau**2 * risk + 2 * tau * lean * bias + lean**2 * one
        crossed = tau * (kept * a + (1 - kept) * bend.prior * e) + lean * e
        own = bend.dispersion * (bend.variance * one + bend.slope * mean + bend.curvature * second)
        p = 1 / g
        new_mean = (1 - p) * e + p * mean
        new_square = (1 - p) ** 2 * a + 2 * p * (1 - p) * crossed + p**2 * (second + own / n)
        points = (1 - p) * (a + u) + p * (second + own)
        return Matrix.vstack(new_mean, new_square, points - new_square, squared(new_mean)).applyfunc(cancel)

    def shown(rows: Expr, noise: Expr) -> Matrix:
        bias, risk = model(rows, noise)
        return {BIAS: bias, RISK: risk, VARIANCE: risk - squared(bias)}[part].applyfunc(cancel)

    def regime(table: Matrix, answer: Matrix) -> MomentRecurrence:
        return MomentRecurrence(
            start=2, matrix=table[:size, :size], forcing=table[:size, 4], readout=answer[:, :size], shift=answer[4],
            initial=Matrix([S.Zero, bend.variance / n, bend.variance * (1 - 1 / n), S.Zero][:size]),
        )  # fmt: skip

    subsampled = regime(step(budget, spread(g - 1)), shown(budget, spread(g)))
    whole_until = max(0, int(ceiling(budget)) - 1) if budget.is_number else 0
    if whole_until == 0:
        return needed(subsampled)
    whole = regime(step(g - 1, S.Zero), shown(g, S.Zero))
    return replace(whole, continuation=after_whole_pool(whole, subsampled, whole_until))


def compose_bent(workflow: Workflow, bend: Bend, part: str = RISK) -> Recurrence:
    """Risk, bias or variance of a bent loop under any workflow.

    Raises
    ------
    NotDerivedError
        When the workflow draws a subsample that no argument here covers.
    """
    dynamics = workflow.dynamics()
    if isinstance(dynamics, PoolDynamics):
        if any(workflow.size(index) != 1 for index in (1, 2, 3, 4)) or workflow.schedule != 1:
            raise NotDerivedError(
                f"workflow = {workflow.name} draws from a pool of unequal blocks: its risk is derived for blocks of "
                f"n samples only."
            )
        drawn = bend.points * dynamics.budget
        if drawn.is_number and not drawn.is_Integer:
            raise DomainError(
                f"budget = {dynamics.budget} draws n·budget = {drawn} samples: it must be a whole number."
            )
        return bent_pool(dynamics, bend, part)
    if workflow.draw(GENERATION) is not None:
        raise NotDerivedError(
            f"workflow = {workflow.name} draws a subsample but states no pool dynamics: its risk is not derived."
        )
    if isinstance(dynamics, LinearDynamics):
        try:
            return bent_linear(workflow, dynamics, bend, part)
        except NotDerivedError:
            return BentPathway(workflow, bend, part)
    return BentPathway(workflow, bend, part)
