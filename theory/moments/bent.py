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

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from itertools import islice
from typing import Any

from sympy import Expr, ImmutableMatrix, Matrix, S, ceiling, oo

from theory.errors import NotDerivedError
from theory.expressions.block_size import BlockSize, PoolSize
from theory.expressions.expansion import Order
from theory.expressions.fraction_field import Expressions, Field, NotRational, Rationals, in_lowest_terms
from theory.expressions.random_sizes import RandomSizes
from theory.expressions.symbols import G
from theory.moments.bent_fading import fading_moments
from theory.moments.composition import after_whole_pool, verify_pool
from theory.moments.over_sizes import at_any_sizes, over_sizes
from theory.moments.recurrence import MomentRecurrence, Recurrence
from theory.workflows.base import Workflow, exact_weights, weighs_as
from theory.workflows.dynamics import GENERATION, LinearDynamics, PoolDynamics
from theory.workflows.forgetting import Forgetting
from theory.workflows.pathway import block_coefficients

#: A formula for the rows that does not hold from here on is none.
LATEST_START = 12
#: What is asked of a bent loop.
RISK, BIAS, VARIANCE = "risk", "bias", "variance"


@dataclass(frozen=True)
class Bend:
    """How sampler and estimator bend, and the family's variance function about the truth.

    Its parts are expressions, or elements of the field that a recurrence is composed in.

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

    def over(self, field: Callable[[Expr], Any]) -> Bend:
        """With elements of a field for its parts; a kind of bend stays one."""
        parts = {item.name: getattr(self, item.name) for item in fields(self)}
        elements: dict[str, Any] = {name: field(part) for name, part in parts.items() if name != "drawn"}
        return replace(self, **elements)

    def spread(self, bias: Any) -> Any:
        """V at a mean so far from the truth."""
        return self.variance if bias == 0 else self.variance + self.slope * bias + self.curvature * bias**2

    def kept(self, rows: Any) -> Any:
        """K for a fit on ``rows`` samples, in units of n."""
        count = self.points * rows
        return 1 if self.strength == 0 else count / (count + self.strength)

    def blur(self, rows: Any) -> Any:
        """Variance of a posterior draw over that of one sample at its mean; 0 for the posterior mean itself."""
        return 1 / (self.points * rows + self.strength - self.curvature) if self.drawn else 0

    @property
    def counts_rows(self) -> bool:
        """Whether it matters how many samples a model is fitted on."""
        return self.strength != 0 or self.drawn

    def subs(self, *args: Any) -> Bend:
        """With parameters replaced."""
        own = {name: value.subs(*args) if hasattr(value, "subs") else value for name, value in vars(self).items()}
        return type(self)(**own)

    @property
    def straight(self) -> bool:
        """Whether nothing bends: the unbiased model itself."""
        return not self.counts_rows and self.fidelity == 1 and self.dispersion == 1

    @property
    def free_symbols(self) -> set[Any]:
        """Symbols in its parts."""
        return set().union(*(part.free_symbols for part in vars(self).values() if isinstance(part, Expr)))


class _Form(dict[int, Any]):
    """An expectation: coefficients of the moments by their places; those that are missing are 0."""

    def __add__(self, other: _Form) -> _Form:
        total = _Form(self)
        for place, value in other.items():
            total[place] = total[place] + value if place in total else value
        return total

    def __mul__(self, scale: Any) -> _Form:
        return _Form() if scale == 0 else _Form((place, value * scale) for place, value in self.items())

    def over(self, places: Sequence[int], field: Field) -> list[Expr]:
        """As a row of expressions."""
        return [field.expression(self[place]) if place in self else S.Zero for place in places]


class _Forms:
    """Expectations as forms in the moments: those of the state, of its products, and the constant last."""

    def __init__(self, size: int, squares: bool, field: Field) -> None:
        self.size, self.field = size, field
        self.pairs = [(row, col) for row in range(size) for col in range(row + 1)]
        self.position = {pair: size + index for index, pair in enumerate(self.pairs)}
        self.square = {pair: size + len(self.pairs) + index for index, pair in enumerate(self.pairs)} if squares else {}
        self.count = size + len(self.pairs) * (2 if squares else 1)

    def elements(self, matrix: Matrix) -> list[Any]:
        """The entries of a row or a column."""
        return [self.field(entry) for entry in matrix]

    def constant(self, value: Any) -> _Form:
        return _Form({self.count: value})

    def mean(self, left: Sequence[Any]) -> _Form:
        """E (left·z)."""
        return _Form((a, value) for a, value in enumerate(left) if value != 0)

    def second(
        self, left: Sequence[Any], right: Sequence[Any], table: dict[tuple[int, int], int] | None = None
    ) -> _Form:
        """E (left·z)(right·z), or E(left·z) E(right·z) by the table of squares."""
        form = _Form()
        where = self.position if table is None else table
        for a, one in enumerate(left):
            for b, other in enumerate(right):
                if one != 0 and other != 0:
                    form += _Form({where[max(a, b), min(a, b)]: one * other})
        return form


def bent_linear(workflow: Workflow, dynamics: LinearDynamics, bend: Bend, part: str = RISK) -> MomentRecurrence:
    """The recurrence of risk, bias or variance where the workflow's state is linear."""
    try:
        return _bent_linear(workflow, dynamics, bend, part, _rationals(workflow, bend))
    except NotRational:
        return _bent_linear(workflow, dynamics, bend, part, Expressions())


def _rationals(workflow: Workflow, bend: Bend) -> Rationals:
    return Rationals(bend.free_symbols | workflow.free_symbols | {GENERATION})


def _bent_linear(
    workflow: Workflow, dynamics: LinearDynamics, given: Bend, part: str, field: Field
) -> MomentRecurrence:
    g, bend = GENERATION, given.over(field)
    start = max(dynamics.start, 2)
    forms = _Forms(dynamics.transition.shape[0], part == VARIANCE, field)
    formula = workflow.rows(g) if bend.counts_rows else S.One
    blocks = iter(_Blocks(workflow, given, field))
    known = list(islice(blocks, start - 1))
    initial = _initial(workflow, dynamics, start, forms, known[-1])
    # The first fits may be on fewer samples than the formula for later ones says: those steps are taken by numbers.
    while bend.counts_rows and field(formula.subs(g, start - 1)) != field(workflow.rows(start - 1)):
        rows = _step(forms, workflow, dynamics, bend, workflow.rows(start - 1))
        first = _matrix(rows, range(forms.count + 1), field).subs(g, start)
        initial = (first[:, : forms.count] * initial + first[:, forms.count]).applyfunc(in_lowest_terms)
        known.append(next(blocks))
        start += 1
        if start > LATEST_START:
            raise NotDerivedError(f"the rows of workflow = {workflow.name} follow no formula.")
    early = tuple(answer(item, part, field) for item in known[: start - 2])
    if forms.size == 1 and bend.counts_rows:
        return needed(_of_the_model(start, early, initial, workflow, dynamics, formula, bend, part, field))
    moments, constant = range(forms.count), [forms.count]
    steps = _step(forms, workflow, dynamics, bend, formula.subs(g, g - 1))
    readout = _readout(forms, forms.elements(dynamics.readout), field(formula), bend, part)
    found = MomentRecurrence(
        start=start,
        matrix=_matrix(steps, moments, field),
        forcing=_matrix(steps, constant, field),
        readout=_matrix([readout], moments, field),
        shift=readout.over(constant, field)[0],
        initial=initial,
        early=early,
    )
    return needed(found)


def _matrix(rows: Sequence[_Form], places: Sequence[int], field: Field) -> Matrix:
    return ImmutableMatrix(len(rows), len(places), [entry for row in rows for entry in row.over(places, field)])


def _of_the_model(
    first: int, early: tuple[Expr, ...], state: Matrix, workflow: Workflow, dynamics: LinearDynamics, rows: Expr,
    bend: Bend, part: str, field: Field,
) -> MomentRecurrence:  # fmt: skip
    r"""The same by the moments of the model itself, E θ and E θ² about the truth, not those of its weighted mean.

    Let y be the posterior mean: :math:`y_g = \alpha y_{g-1} + \gamma \bar x_g + \varphi \varrho_g + \omega`. These
    moments move more simply than those of the state: under accumulate a posterior mean has the same expectation for
    ever, and a posterior draw the same second moment too.
    """
    g, v, slope, v2 = GENERATION, bend.variance, bend.slope, bend.curvature
    tau, lean = bend.fidelity, (1 - bend.fidelity) * bend.target
    # Forms over (e, R, 1, e²); the third is what a posterior draw adds to R.
    e, risk, one, square_of_mean = (_Form({place: field.one}) for place in range(4))

    def at(generation: Any) -> tuple[Any, Any, Any]:
        """What is kept, the blur and the readout."""
        count = field(rows.subs(g, generation))
        return bend.kept(count), bend.blur(count), field(dynamics.readout[0].subs(g, generation))

    def blurred(square: _Form, mean: _Form, blur: Any) -> _Form:
        return square * (1 + v2 * blur) + (mean * slope + one * v) * blur

    (kept, blur, readout), (kept_before, blur_before, readout_before) = at(g), at(g - 1)
    gain = kept * readout
    stay = field(dynamics.transition[0]) - field(dynamics.innovation[0]) * readout_before
    alpha = field.lowest(gain * stay / (readout_before * kept_before))
    gamma = field.lowest(gain * field(dynamics.innovation[0]))
    omega = field.lowest((1 - kept) - alpha * (1 - kept_before)) * bend.prior
    # E y² from E θ².
    square = (risk + (e * slope + one * v) * -blur_before) * (1 / (1 + v2 * blur_before))
    drawn = e * tau + one * lean
    second = risk * tau**2 + e * (2 * tau * lean) + one * lean**2
    noise = bend.dispersion / (bend.points * field(workflow.size(g)))
    second += (one * v + drawn * slope + second * v2) * noise
    mean = e * alpha + drawn * gamma + one * omega
    newest = square * alpha**2 + (square * tau + e * lean) * (2 * alpha * gamma) + second * gamma**2
    newest += (e * alpha + drawn * gamma) * (2 * omega) + one * omega**2
    if dynamics.fresh[0] != 0:
        share, off = gain * field(dynamics.fresh[0]), field(workflow.fresh_bias(g))
        newest += one * (share**2 * bend.spread(off) / (bend.points * field(workflow.fresh_size(g))))
        newest += mean * (2 * share * off) + one * (share * off) ** 2
        mean += one * (share * off)
    steps = [mean, blurred(newest, mean, blur)]
    # As they begin: from the mean and the square of the state.
    kept, blur, readout = at(first - 1)
    bias, spread = (field(state[index]) for index in range(2))
    own, gain = (1 - kept) * bend.prior, kept * readout
    opening = gain * bias + own
    spread = gain**2 * spread + 2 * gain * own * bias + own**2
    initial = [opening, spread * (1 + v2 * blur) + (slope * opening + v) * blur]
    shown = {BIAS: e, RISK: risk, VARIANCE: risk + square_of_mean * -1}[part]
    places = [0, 1]
    if part == VARIANCE:
        slope_of_mean, rest = mean.get(0, 0), mean.get(2, 0)
        steps.append(square_of_mean * slope_of_mean**2 + e * (2 * slope_of_mean * rest) + one * rest**2)
        initial.append(opening**2)
        places = [0, 1, 3]
    return MomentRecurrence(
        start=first,
        matrix=_matrix(steps, places, field),
        forcing=_matrix(steps, [2], field),
        readout=_matrix([shown], places, field),
        initial=ImmutableMatrix([field.expression(value) for value in initial]),
        early=early,
    )


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
        if found.forcing[row] == 0 and all(found.matrix[row, col] == (1 if col == row else 0) for col in range(size))
    }
    if len(reached) == size and not still:
        return found
    moving = sorted(reached - still) or sorted(reached)[:1] or [0]
    still -= set(moving)
    forcing, shift = found.forcing.as_mutable(), found.shift
    for col in still:
        forcing += found.matrix[:, col] * found.initial[col]
        shift += found.readout[col] * found.initial[col]
    forcing = forcing.extract(moving, [0])
    return replace(
        found,
        matrix=found.matrix.extract(moving, moving),
        forcing=forcing.applyfunc(in_lowest_terms) if still else forcing,
        readout=found.readout.extract([0], moving),
        initial=found.initial.extract(moving, [0]),
        shift=in_lowest_terms(shift) if still else shift,
    )


def _step(forms: _Forms, workflow: Workflow, dynamics: LinearDynamics, bend: Bend, rows: Expr) -> list[_Form]:
    """One generation: every moment as a form of those before, where the model before was fitted on ``rows``."""
    g, field = GENERATION, forms.field
    gain, fresh = forms.elements(dynamics.innovation), forms.elements(dynamics.fresh)
    before = forms.elements(dynamics.readout.subs(g, g - 1))
    stay = [
        [field(dynamics.transition[a, b]) - gain[a] * before[b] for b in range(forms.size)] for a in range(forms.size)
    ]
    sampler = _Sampled(forms, before, field(rows), bend)
    spread = sampler.weight * bend.variance + sampler.mean * bend.slope + sampler.second * bend.curvature
    newest = sampler.second + spread * (bend.dispersion / (bend.points * field(workflow.size(g))))
    before_real = [forms.mean(stay[a]) + sampler.mean * gain[a] for a in range(forms.size)]
    bias = field(workflow.fresh_bias(g))
    found = [row + forms.constant(share * bias) for row, share in zip(before_real, fresh, strict=True)]
    for a, b in forms.pairs:
        crossed = sampler.crossed(stay[a]) * gain[b] + sampler.crossed(stay[b]) * gain[a]
        row = forms.second(stay[a], stay[b]) + crossed + newest * (gain[a] * gain[b])
        amount = fresh[a] * fresh[b]
        if amount != 0:
            row += forms.constant(amount * bend.spread(bias) / (bend.points * field(workflow.fresh_size(g))))
        if bias != 0:
            row += before_real[b] * (fresh[a] * bias) + before_real[a] * (fresh[b] * bias)
            row += forms.constant(amount * bias**2)
        found.append(row)
    for a, b in forms.pairs if forms.square else []:
        found.append(_product_of_means(forms, found[a], found[b]))
    return found


class _Sampled:
    """Moments of D, the mean of the block drawn from the model before, as forms."""

    def __init__(self, forms: _Forms, readout: Sequence[Any], rows: Any, bend: Bend) -> None:
        self._forms, self._readout, self._bend = forms, readout, bend
        self._kept = bend.kept(rows)
        lean = (1 - bend.fidelity) * bend.target
        own = (1 - self._kept) * bend.prior
        self._shift = bend.fidelity * own + lean
        self.weight = forms.constant(forms.field.one)
        fitted, square = _fitted(forms, readout, rows, bend)
        self.mean = fitted * bend.fidelity + forms.constant(lean)
        self.second = square * bend.fidelity**2 + fitted * (2 * bend.fidelity * lean) + forms.constant(lean**2)

    def crossed(self, left: Sequence[Any]) -> _Form:
        """E D (left·z)."""
        scale = self._bend.fidelity * self._kept
        return self._forms.second(self._readout, left) * scale + self._forms.mean(left) * self._shift


def _fitted(forms: _Forms, readout: Sequence[Any], rows: Any, bend: Bend) -> tuple[_Form, _Form]:
    """First and second moment of a model fitted on ``rows``."""
    kept = bend.kept(rows)
    own = (1 - kept) * bend.prior
    mean = forms.mean(readout)
    fitted = mean * kept + forms.constant(own)
    square = forms.second(readout, readout) * kept**2 + mean * (2 * kept * own) + forms.constant(own**2)
    spread = forms.constant(bend.variance) + fitted * bend.slope + square * bend.curvature
    return fitted, square + spread * bend.blur(rows)


def _readout(forms: _Forms, readout: Sequence[Any], rows: Any, bend: Bend, part: str) -> _Form:
    """Bias, variance or risk of the model as a form."""
    fitted, square = _fitted(forms, readout, rows, bend)
    if part != VARIANCE:
        return fitted if part == BIAS else square
    kept = bend.kept(rows)
    own = (1 - kept) * bend.prior
    means = forms.second(readout, readout, forms.square) * kept**2 + forms.mean(readout) * (2 * kept * own)
    return square + (means + forms.constant(own**2)) * -1


def _product_of_means(forms: _Forms, left: _Form, right: _Form) -> _Form:
    """(T e + t)(U e + u), for rows that hold means alone."""
    last = forms.count
    one, other = ([form.get(place, 0) for place in range(forms.size)] for form in (left, right))
    row = forms.second(one, other, forms.square)
    row += forms.mean(one) * right.get(last, 0) + forms.mean(other) * left.get(last, 0)
    return row + (forms.constant(left[last] * right[last]) if last in left and last in right else _Form())


def _initial(workflow: Workflow, dynamics: LinearDynamics, start: int, forms: _Forms, known: _Known) -> Matrix:
    """Moments of the state at ``start − 1``, a combination of the first block means."""
    if dynamics.start == 1:
        combination = dynamics.innovation.subs(GENERATION, 1)
    else:
        combination = dynamics.initial * Matrix(block_coefficients(workflow, start - 1)).inv()
    blocks = range(start - 1)
    weights = [forms.elements(combination[a, :]) for a in range(forms.size)]
    means = [sum((row[i] * known.means[i] for i in blocks), 0) for row in weights]

    def second(a: int, b: int) -> Any:
        return sum(
            (weights[a][i] * weights[b][k] * known.seconds[max(i, k)][min(i, k)] for i in blocks for k in blocks), 0
        )

    column = means + [second(a, b) for a, b in forms.pairs]
    column += [means[a] * means[b] for a, b in forms.pairs] if forms.square else []
    return ImmutableMatrix([forms.field.expression(value) for value in column])


def nothing() -> MomentRecurrence:
    """The bias of what is unbiased: 0 at every generation."""
    zero = Matrix([[S.Zero]])
    return MomentRecurrence(start=1, matrix=zero, forcing=zero, readout=zero, initial=zero)


# -- any weights -----------------------------------------------------------------------------------------


@dataclass
class _Known:
    """Moments of the blocks so far, and of the model fitted on them."""

    means: list[Any]
    seconds: list[list[Any]]
    bias: Any
    risk: Any


def answer(known: _Known, part: str, field: Field) -> Expr:
    """Risk, bias or variance of the model."""
    if part == VARIANCE:
        return field.expression(known.risk - known.bias**2)
    return field.expression(known.risk if part == RISK else known.bias)


class _Sources:
    """First and second moments of everything that a model may weigh: O(g) numbers more with each."""

    def __init__(self, field: Field) -> None:
        self.field = field
        self.means: list[Any] = []
        self.seconds: list[list[Any]] = []

    def add(self, mean: Any, second: Any, crossed: list[Any]) -> int:
        """Append one, with its products with those before; its place is returned."""
        lowest = self.field.lowest
        self.means.append(lowest(mean))
        self.seconds.append([*(lowest(value) for value in crossed), lowest(second)])
        return len(self.means) - 1

    def add_real(self, bias: Any, noise: Any) -> int:
        """Append real samples, independent of all before."""
        return self.add(bias, noise + bias**2, [bias * mean for mean in self.means])

    def weighted(self, weights: dict[int, Any]) -> Any:
        """E of the weighted mean."""
        return sum((w * self.means[a] for a, w in weights.items()), self.field(S.Zero))

    def crossed(self, weights: dict[int, Any]) -> list[Any]:
        """E of the weighted mean times each."""
        zero = self.field(S.Zero)
        return [
            sum((w * self.seconds[max(a, b)][min(a, b)] for a, w in weights.items()), zero)
            for b in range(len(self.means))
        ]

    def only(self, places: list[int]) -> tuple[list[Any], list[list[Any]]]:
        """Moments of some of them, in order."""
        return [self.means[a] for a in places], [[self.seconds[a][b] for b in places if b <= a] for a in places]


class _Blocks:
    """Generation after generation, the moments of every block, of real samples drawn afresh, and of the model."""

    def __init__(self, workflow: Workflow, bend: Bend, field: Field) -> None:
        self._workflow, self._bend, self._field = workflow, bend.over(field), field

    def __iter__(self) -> Iterator[_Known]:
        workflow, bend, field = self._workflow, self._bend, self._field
        sources = _Sources(field)
        blocks, real = [self._add_real(sources, 1, workflow.size(1))], dict[int, int]()
        g = 1
        while True:
            shares = {index: share for index, share in enumerate(workflow.fresh_weights(g), start=1) if share != 0}
            if g in shares:
                real[g] = self._add_real(sources, g, workflow.fresh_size(g))
            weights = {place: field(w) for place, w in zip(blocks, exact_weights(workflow, g), strict=True) if w != 0}
            weights |= {real[index]: field(share) for index, share in shares.items()}
            rows = field(workflow.rows(g)) if bend.counts_rows else field.one
            kept = bend.kept(rows)
            own = (1 - kept) * bend.prior
            weighted, crossed = sources.weighted(weights), sources.crossed(weights)
            square = sum((w * crossed[a] for a, w in weights.items()), field(S.Zero))
            bias = kept * weighted + own
            risk = kept**2 * square + 2 * kept * own * weighted + own**2
            risk += bend.blur(rows) * (bend.variance + bend.slope * bias + bend.curvature * risk)
            bias, risk = field.lowest(bias), field.lowest(risk)
            yield _Known(*sources.only(blocks), bias, risk)
            lean = (1 - bend.fidelity) * bend.target
            mean = bend.fidelity * bias + lean
            second = bend.fidelity**2 * risk + 2 * bend.fidelity * lean * bias + lean**2
            noise = bend.variance + bend.slope * mean + bend.curvature * second
            g += 1
            second += bend.dispersion * noise / (bend.points * field(workflow.size(g)))
            drawn = [
                bend.fidelity * (kept * c + own * m) + lean * m for c, m in zip(crossed, sources.means, strict=True)
            ]
            blocks.append(sources.add(mean, second, drawn))

    def _add_real(self, sources: _Sources, g: int, size: Expr) -> int:
        bias = self._field(self._workflow.fresh_bias(g))
        return sources.add_real(bias, self._bend.spread(bias) / (self._bend.points * self._field(size)))


@dataclass(frozen=True)
class BentPathway(Recurrence):
    """Risk, bias or variance of a bent loop by the weights alone: exact at every G, no closed form."""

    workflow: Workflow
    bend: Bend
    part: str = RISK

    def values(self) -> Iterator[Expr]:
        """Exact values at generations 1, 2, …"""
        done = 0
        try:
            for value in self._values(_rationals(self.workflow, self.bend)):
                yield value
                done += 1
        except NotRational:
            yield from islice(self._values(Expressions()), done, None)

    def _values(self, field: Field) -> Iterator[Expr]:
        """The same in the numbers of one field."""
        for known in _Blocks(self.workflow, self.bend, field):
            yield self.offset + self.scale * answer(known, self.part, field)


@dataclass(frozen=True)
class BentFading(BentPathway):
    """A bent loop under a memory that fades: values by two moments, and the long run of a constant rate.

    Examples
    --------
    >>> from theory import Forgetting, Poisson, PosteriorMean, expected_risk
    >>> risk = expected_risk(PosteriorMean(Poisson(rate=3, n=4), strength=2, prior_mean=5), Forgetting("1/2"))
    >>> risk.growth, risk.bias.limit
    (5*G/24, 2)
    """

    def _values(self, field: Field) -> Iterator[Expr]:
        for moments in self.moments(field):
            yield self.offset + self.scale * field.expression(field.lowest(self.part_of(*moments)))

    def moments(self, number: Callable[[Expr], Any]) -> Iterator[tuple[Any, Any]]:
        """E θ_g and E θ_g² about the truth, in the numbers that ``number`` makes of expressions."""
        workflow, bend = self.workflow, self.bend.over(number)
        assert isinstance(workflow, Forgetting)

        def real() -> tuple[Any, Any]:
            off = number(workflow.fresh_bias(1))
            return off, off**2 + bend.spread(off) / (bend.points * number(workflow.size(1)))

        def along(constant: Expr, at: Callable[[int], Expr]) -> Callable[[int], Any]:
            """A schedule in numbers; one that stays is looked at once."""
            value = number(constant) if constant.is_number else None
            return lambda g: number(at(g)) if value is None else value

        rate, size = along(workflow.rate, workflow.rate_at), along(workflow.schedule, workflow.size)
        return fading_moments(bend, rate, size, real, getattr(number, "lowest", lambda value: value))

    def part_of(self, mean: Any, square: Any) -> Any:
        """Risk, bias or variance by the two moments."""
        return {RISK: square, BIAS: mean, VARIANCE: square - mean**2}[self.part]

    def _steady_gain(self) -> Expr | None:
        """c = 1 − q for a constant rate within (0, 1) and equal blocks; None for others."""
        assert isinstance(self.workflow, Forgetting)
        rate = self.workflow.rate
        inside = rate.is_number and rate.is_positive and (1 - rate).is_positive
        return 1 - rate if inside and self.workflow.sizes == 1 else None

    def limit(self, order: Order) -> Expr | None:
        """See :mod:`theory.moments.bent_fading`; None for a memory that lengthens, and where no prior is left."""
        bend = self.bend
        if self._steady_gain() is None or bend.fidelity != 1 or bend.strength == 0 or bend.dispersion != 1:
            return None
        if self.part == BIAS:
            return bend.prior
        if not bend.curvature.is_number or (bend.curvature + 1).is_negative:
            return None
        left = in_lowest_terms(bend.variance + bend.slope * bend.prior)
        if bend.curvature == 0:
            return oo if left.is_positive else None
        return oo if bend.curvature.is_positive else in_lowest_terms(self.part_of(bend.prior, -left / bend.curvature))

    def growth(self, order: Order) -> Expr | None:
        """c² (V_0 + V_1 π) G/(n + 2cκ) without curvature; the limit where there is one."""
        limit, gain, bend = self.limit(order), self._steady_gain(), self.bend
        if limit is not oo or gain is None:
            return limit
        if bend.curvature != 0:
            return None
        left = bend.variance + bend.slope * bend.prior
        return in_lowest_terms(gain**2 * left / (bend.points + 2 * gain * bend.strength)) * G


# -- subsamples of the pool --------------------------------------------------------------------------------


def bent_pool(dynamics: PoolDynamics, bend: Bend, part: str = RISK) -> MomentRecurrence:
    r"""A simple random sample of the pool: E of the pool mean, E of its square a, and of the pool variance u.

    As without a bend (:func:`theory.moments.composition.pool_exact`), with the second moment of a sampled point about
    the truth :math:`V_0 + V_1 E D + (v_2 + 1) E D^2`. The square of the first expectation is carried for the variance.
    Models of a pool that is still smaller than the budget are fitted on all of it.
    """
    try:
        return _bent_pool(
            dynamics, bend, part, Rationals(bend.free_symbols | dynamics.budget.free_symbols | {GENERATION})
        )
    except NotRational:
        return _bent_pool(dynamics, bend, part, Expressions())


def _bent_pool(dynamics: PoolDynamics, given: Bend, part: str, field: Field) -> MomentRecurrence:
    bend, budget = given.over(field), field(dynamics.budget)
    g, n = field(GENERATION), bend.points
    drawn = n * budget
    size = 4 if part == VARIANCE else 3
    # Forms over (e, a, u, e², 1); e² is used by itself alone.
    e, a, u, square_of_mean, one = (_Form({place: field.one}) for place in range(5))
    lean, tau = (1 - bend.fidelity) * bend.target, bend.fidelity

    def spread(at: Any) -> Any:
        pool = n * at
        return 1 / drawn if dynamics.replacement else (pool - drawn) / (drawn * (pool - 1))

    def model(rows: Any, noise: Any) -> tuple[_Form, _Form]:
        """E δ and E δ² of a model fitted on ``rows`` of the pool."""
        kept, blur = bend.kept(rows), bend.blur(rows)
        own = (1 - kept) * bend.prior
        mean = e * kept + one * own
        risk = (a + u * noise) * kept**2 + e * (2 * kept * own) + one * own**2
        return mean, risk + (one * bend.variance + mean * bend.slope + risk * bend.curvature) * blur

    def squared(mean: _Form) -> _Form:
        """(α e + β)²."""
        slope, constant = mean.get(0, 0), mean.get(4, 0)
        return square_of_mean * slope**2 + e * (2 * slope * constant) + one * constant**2

    def step(rows: Any, noise: Any) -> list[_Form]:
        """One generation, where the model before was fitted on ``rows`` of the pool before."""
        bias, risk = model(rows, noise)
        kept = bend.kept(rows)
        mean = bias * tau + one * lean
        second = risk * tau**2 + bias * (2 * tau * lean) + one * lean**2
        crossed = (a * kept + e * ((1 - kept) * bend.prior)) * tau + e * lean
        own = (one * bend.variance + mean * bend.slope + second * bend.curvature) * bend.dispersion
        p = 1 / g
        new_mean = e * (1 - p) + mean * p
        new_square = a * (1 - p) ** 2 + crossed * (2 * p * (1 - p)) + (second + own * (1 / n)) * p**2
        points = (a + u) * (1 - p) + (second + own) * p
        return [new_mean, new_square, points + new_square * -1, squared(new_mean)]

    def shown(rows: Any, noise: Any) -> _Form:
        bias, risk = model(rows, noise)
        return {BIAS: bias, RISK: risk, VARIANCE: risk + squared(bias) * -1}[part]

    def regime(steps: list[_Form], shown_as: _Form) -> MomentRecurrence:
        opening = [field(S.Zero), bend.variance / n, bend.variance * (1 - 1 / n), field(S.Zero)][:size]
        return MomentRecurrence(
            start=2,
            matrix=_matrix(steps[:size], range(size), field),
            forcing=_matrix(steps[:size], [4], field),
            readout=_matrix([shown_as], range(size), field),
            shift=shown_as.over([4], field)[0],
            initial=ImmutableMatrix([field.expression(value) for value in opening]),
        )

    subsampled = regime(step(budget, spread(g - 1)), shown(budget, spread(g)))
    whole_until = max(0, int(ceiling(dynamics.budget)) - 1) if dynamics.budget.is_number else 0
    if whole_until == 0:
        return needed(subsampled)
    whole = regime(step(g - 1, 0), shown(g, 0))
    return replace(whole, continuation=after_whole_pool(whole, subsampled, whole_until))


def _has_powers(dynamics: LinearDynamics) -> bool:
    """Whether steps hold powers of g beside which rows are counted: no formula that anybody reads comes of both."""
    entries = [*dynamics.transition, *dynamics.innovation, *dynamics.readout, *dynamics.fresh]
    return any(not entry.is_rational_function(GENERATION) and not entry.has(PoolSize, BlockSize) for entry in entries)


def compose_bent(workflow: Workflow, bend: Bend, part: str = RISK) -> Recurrence:
    """Risk, bias or variance of a bent loop under any workflow.

    Raises
    ------
    NotDerivedError
        When the workflow draws a subsample that no argument here covers, or weighs blocks of random size by it.
    """
    if workflow.random_sizes is not None:
        return _of_random_sizes(workflow, workflow.random_sizes, bend, part)
    dynamics = workflow.dynamics()
    if isinstance(dynamics, PoolDynamics):
        verify_pool(workflow, dynamics, bend.points)
        return bent_pool(dynamics, bend, part)
    if workflow.draw(GENERATION) is not None:
        raise NotDerivedError(
            f"workflow = {workflow.name} draws a subsample but states no pool dynamics: its risk is not derived."
        )
    if isinstance(dynamics, LinearDynamics) and not (bend.counts_rows and _has_powers(dynamics)):
        try:
            return bent_linear(workflow, dynamics, bend, part)
        except NotDerivedError:
            return BentPathway(workflow, bend, part)
    return (BentFading if weighs_as(workflow, Forgetting) else BentPathway)(workflow, bend, part)


def _of_random_sizes(workflow: Workflow, sizes: RandomSizes, bend: Bend, part: str) -> Recurrence:
    equal = workflow.equal_sizes()
    if equal is not None and not bend.counts_rows:
        # Given the past, the noise of a block is proportional to 1/N.
        return compose_bent(equal, replace(bend, points=bend.points * sizes.effective_size), part)
    if part == VARIANCE:
        raise NotDerivedError(
            f"workflow = {workflow.name} has blocks of random size: the bias depends on them, and the variance about "
            f"its mean over all sizes is derived only where neither weights nor the estimator look at sizes."
        )
    return over_sizes(compose_bent(at_any_sizes(workflow), bend, part), workflow)
