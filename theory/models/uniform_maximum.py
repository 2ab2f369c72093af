r"""The maximum of uniform samples: an estimator that is no mean, and whose error is of order 1/n.

Block j holds N_j points uniform on [0, θ_{j−1}]; its maximum is θ_{j−1} M with M ~ Beta(N_j, 1), so that
:math:`E M^s = N/(N+s)`. A model takes the maximum of all its points, times c = 1 (raw, the maximum-likelihood estimate)
or c = (N + 1)/N on N points (unbiased, if they came from one uniform law). With θ = 1 and s = 1, 2:

- newest block alone: :math:`E\theta_g^s = c^s \frac{N}{N+s} E\theta_{g-1}^s`;
- every block, raw: later blocks lie below the first maximum, so the model never moves;
- every block, unbiased: the pooled maximum is multiplied by :math:`\max(1, c_{g-1} M)`, independent of the past, with
  moments :math:`(c^s N + s\,c^{-N})/(N+s)`;
- block 1 and the newest, unbiased: :math:`\theta_g = c\max(X_1, \theta_{g-1} M)`. In logarithms this is the waiting
  time of a queue, see :class:`AnchoredMaximum`;
- fresh points and the newest block, raw: :math:`E(\theta_g^s \mid \theta_{g-1} = y) = \frac{f}{f+s} +
  \frac{sN}{(f+s)(f+N+s)}\,y^{f+s}` for f fresh points, which climbs from power to power.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from math import comb
from typing import Any, ClassVar

from flint import fmpq, fmpq_poly
from sympy import Add, Expr, Integer, Matrix, S, Symbol, diag, expand, log, sympify

from theory.errors import DomainError, NotDerivedError
from theory.expressions.arguments import Exact, is_positive, is_positive_integer, parameter, truth_value
from theory.expressions.expansion import Order
from theory.expressions.fraction_field import in_lowest_terms
from theory.expressions.numerals import to_flint, to_sympy
from theory.models.base import Model
from theory.moments.bent import BIAS, RISK, VARIANCE
from theory.moments.recurrence import MomentRecurrence, Recurrence
from theory.workflows.base import Workflow, exact_weights
from theory.workflows.dynamics import GENERATION, LinearDynamics
from theory.workflows.uses import Parts, fits, settled_parts

#: Generations at which weights are compared with those of a pool.
LOOKED_AT = 8


@dataclass(frozen=True)
class UniformMaximum(Model):
    r"""Uniform samples on [0, θ], of which every model takes the maximum.

    :math:`E(c M - 1)^2\theta^2` is :math:`2\theta^2/((n+1)(n+2))` for the maximum and :math:`\theta^2/(n(n+2))` for the
    unbiased one: of order 1/n², not 1/n. Under replace the raw risk is

    .. math:: \theta^2\Bigl[\bigl(\tfrac{n}{n+2}\bigr)^G - 2\bigl(\tfrac{n}{n+1}\bigr)^G + 1\Bigr],

    to leading order G(G + 1)/2 times that of generation 1 and at last θ²: the range shrinks to nothing; the unbiased
    one is :math:`\theta^2[(1 + \frac{1}{n(n+2)})^G - 1]`, to leading order G times. Pooling every block, or the real
    block and the latest, keeps the raw maximum for ever: its ratio is 1.

    Parameters
    ----------
    theta : positive number or expression, default 1
        Upper end of the real data.
    n : positive integer
        Samples in a unit block.
    unbiased : bool, default False
        Whether the maximum of N points is multiplied by (N + 1)/N.

    Notes
    -----
    Derived here. A maximum has no weights: a workflow must weigh blocks by their sizes.

    Examples
    --------
    >>> from theory import Accumulate, Replace, expected_risk
    >>> from theory.models.uniform_maximum import UniformMaximum
    >>> expected_risk(UniformMaximum(n=4), Replace()).closed_form
    (2/3)**G - 2*(4/5)**G + 1
    >>> expected_risk(UniformMaximum(n=4), Accumulate()).ratio.closed_form
    1
    >>> expected_risk(UniformMaximum(n=4, unbiased=True), Replace()).at(2)
    49/576
    """

    theta: Exact = S.One
    n: Exact = None
    unbiased: bool = False
    name: ClassVar[str] = "uniform-maximum"
    roles: ClassVar[dict[str, str]] = {"theta": "positive", "n": "count"}

    def __post_init__(self) -> None:
        theta = parameter("theta", self.theta, Symbol("theta", positive=True), "positive", is_positive)
        count = Symbol("n", integer=True, positive=True)
        n = parameter("n", self.n, count, "a whole number of samples, 1 or more", is_positive_integer)
        object.__setattr__(self, "unbiased", truth_value("unbiased", self.unbiased))
        object.__setattr__(self, "theta", theta)
        object.__setattr__(self, "n", n)

    @classmethod
    def general(cls) -> dict[str, Model]:
        """The maximum, and the unbiased one."""
        return {"maximum": cls(), "unbiased": cls(unbiased=True)}

    def recurrence(self, workflow: Workflow, loss: str) -> Recurrence:
        """Moments of the loss, generation by generation."""
        return self.part(workflow, loss, RISK)

    def part(self, workflow: Workflow, loss: str, part: str) -> Recurrence:
        """The recurrence of the risk, its bias or its variance."""
        verify_pool(workflow)
        if workflow.draw(Integer(2)) is not None:
            raise self._not_derived(workflow, "the maximum of a subsample depends on all that was drawn before")
        rows = _growing_pool(workflow)
        if rows is not None:
            return self._product(part, self._newest(workflow) if rows == S.Zero else self._pool(workflow, rows))
        parts = settled_parts(workflow)
        if parts is None:
            raise self._not_derived(workflow, "what a model drops depends on which of its blocks holds the maximum")
        return self._of_parts(workflow, parts, part)

    def leading_recurrence(self, workflow: Workflow, loss: str) -> Recurrence:
        r"""Under replace to leading order: n(1 − θ_g/θ) is a sum of g exponential variables, raw, or centred."""
        if _growing_pool(workflow) != S.Zero or workflow.size(GENERATION) != 1 or workflow.size(1) != 1:
            return self.recurrence(workflow, loss)
        scale = (self.theta / self.n) ** 2  # type: ignore[operator]
        one = Matrix([[1]])
        centred = MomentRecurrence(
            start=1, matrix=one, forcing=one, readout=one, initial=Matrix([0]), scale=scale, exactness="leading order"
        )
        if self.unbiased:
            return centred
        # (mean, second moment) of a sum of exponentials.
        return centred.changed(
            matrix=Matrix([[1, 0], [2, 1]]), forcing=Matrix([1, 2]), readout=Matrix([[0, 1]]), initial=Matrix([0, 0])
        )

    def factor(self, points: Expr) -> Expr:
        """c on so many points."""
        return (points + 1) / points if self.unbiased else S.One

    def _not_derived(self, workflow: Workflow, why: str) -> NotDerivedError:
        estimate = "the unbiased maximum" if self.unbiased else "the maximum"
        return NotDerivedError(f"workflow = {workflow.name} has no derived risk for {estimate}: {why}.")

    def _points(self, size: Expr) -> Expr:
        points = in_lowest_terms(self.n * size)  # type: ignore[operator]
        if points.is_number and not (points.is_Integer and points >= 1):
            raise DomainError(
                f"n = {self.n} and a block of {size} make {points} samples: give whole numbers, 1 or more."
            )
        return points

    # -- workflows -------------------------------------------------------------------------------------

    def _newest(self, workflow: Workflow) -> tuple[Expr, Expr, Expr, Expr, Expr]:
        first, points = self._points(workflow.size(1)), self._points(workflow.size(GENERATION))
        c = self.factor(points)
        return first, self.factor(first), c * points / (points + 1), c**2 * points / (points + 2), S.One

    def _pool(self, workflow: Workflow, rows: Expr) -> tuple[Expr, Expr, Expr, Expr, Expr]:
        """Every block: the maximum moves by max(1, cM); the factor of all points is read off beside it."""
        first, points = self._points(workflow.size(1)), self._points(workflow.size(GENERATION))
        c, now = (self.factor(in_lowest_terms(self.n * part)) for part in (rows.subs(GENERATION, GENERATION - 1), rows))
        if not self.unbiased:
            return first, S.One, S.One, S.One, S.One
        if not points.is_number:
            moved = [(c**s * points + s * c ** (-points)) / (points + s) for s in (1, 2)]
        else:
            moved = [in_lowest_terms((c**s * points + s * c ** (-points)) / (points + s)) for s in (1, 2)]
        return first, S.One, moved[0], moved[1], now

    def _product(self, part: str, chain: tuple[Expr, Expr, Expr, Expr, Expr]) -> MomentRecurrence:
        """A model that is a product of independent factors; ``shown`` is what it is multiplied by last."""
        first, c, mean, square, shown = chain
        begin = c * first / (first + 1), c**2 * first / (first + 2)
        if part == RISK:
            return self._moments(RISK, diag(mean, square), zero(2), Matrix([[-2 * shown, shown**2]]), Matrix(begin))
        if part == BIAS:
            return self._moments(BIAS, Matrix([[mean]]), zero(1), Matrix([[shown]]), Matrix(begin[:1]))
        readout, start = Matrix([[-(shown**2), shown**2]]), Matrix([begin[0] ** 2, begin[1]])
        return self._moments(VARIANCE, diag(mean**2, square), zero(2), readout, start)

    def _moments(
        self, part: str, matrix: Matrix, forcing: Matrix, readout: Matrix, initial: Matrix
    ) -> MomentRecurrence:
        return MomentRecurrence(
            start=2, matrix=matrix, forcing=forcing, readout=readout, initial=initial, **self.units(part)
        )

    def units(self, part: str) -> dict[str, Expr]:
        """Scale and offset: the risk is θ²(m_2 − 2m_1 + 1), the bias θ(m_1 − 1), the variance θ²(m_2 − m_1²)."""
        scale = self.theta if part == BIAS else self.theta**2
        return {"scale": scale, "offset": {RISK: scale, BIAS: -scale}.get(part, S.Zero)}

    def _of_parts(self, workflow: Workflow, parts: Parts, part: str) -> Recurrence:
        first = self._points(workflow.size(1))
        kept, newest, fresh = (size if size == 0 else self._points(size) for size in parts)
        if kept != 0 and fresh == 0 and (newest == 0 or not self.unbiased):
            # Nothing later lies above the first maximum.
            return self._product(part, (first, self.factor(first), S.One, S.One, S.One))
        if kept != 0 and fresh == 0:
            if part == VARIANCE:
                raise NotDerivedError("the variance is the risk less the squared bias here: ask for these two.")
            return AnchoredMaximum(first, newest, self.factor(kept + newest), part, **self.units(part))
        if kept == 0 and (newest == 0 or not self.unbiased) and part != VARIANCE:
            return self._climbing(part, first, newest, fresh)
        raise self._not_derived(workflow, "fresh points are compared with earlier maxima of other supports")

    def _climbing(self, part: str, first: Expr, newest: Expr, fresh: Expr) -> MomentRecurrence:
        """Fresh points: E θ_g^s = Σ_i P_i f/(f+p_i) + P_{g−1} N_1/(N_1 + p_{g−1}), p_i = s + i f, P_i the carried part.

        The state holds the sum, and what is carried, for s = 1 and 2.
        """
        g, c = GENERATION, self.factor(fresh) if newest == 0 else S.One
        moments = {RISK: ((1, -2 * c), (2, c**2)), BIAS: ((1, c),)}[part]
        blocks, readout, initial = [], [], []
        for s, weight in moments:
            now, before = s + (g - 1) * fresh, s + (g - 2) * fresh
            carried = before * newest / ((fresh + newest + before) * (fresh + before))
            blocks.append(Matrix([[1, fresh / (fresh + before)], [0, carried]]))
            readout += [weight, weight * first / (first + now)]
            initial += [S.Zero, S.One]
        if newest == 0:
            # Generation 1 has its own factor, later ones that of the fresh points.
            raise NotDerivedError("fresh real data alone repeat generation 1 on other samples: use share < 1.")
        return self._moments(part, diag(*blocks), zero(2 * len(moments)), Matrix([readout]), Matrix(initial))


def zero(rows: int) -> Matrix:
    """A column of zeros."""
    return Matrix([S.Zero] * rows)


def verify_pool(workflow: Workflow) -> None:
    """Refuse weights that are not those of a pool: a maximum has none.

    Raises
    ------
    NotDerivedError
        When samples of one model count differently.
    """
    for g, (used, fresh) in enumerate(islice(fits(workflow), LOOKED_AT), start=1):
        weights, samples = exact_weights(workflow, g), [workflow.size(index) for index in used]
        each = [in_lowest_terms(weights[index - 1] / size) for index, size in zip(used, samples, strict=True)]
        if fresh != 0:
            each.append(in_lowest_terms(workflow.fresh_weight(g) / fresh))
        if any(in_lowest_terms(value - each[0]) != 0 for value in each):
            raise NotDerivedError(
                f"workflow = {workflow.name} weighs samples of model {g} unequally: a maximum has no weights, so give "
                "each block the weight of its size."
            )


def _growing_pool(workflow: Workflow) -> Expr | None:
    """0 where models use their newest block alone; the pool's size at g where they use every block; None otherwise."""
    dynamics = workflow.dynamics()
    if not isinstance(dynamics, LinearDynamics) or dynamics.transition != Matrix([[1]]):
        return None
    if dynamics.fresh != Matrix([[0]]):
        return None
    used = [blocks for blocks, _ in islice(fits(workflow), LOOKED_AT)]
    if all(blocks == (g,) for g, blocks in enumerate(used, start=1)) and dynamics.innovation[0] == 1:
        return S.Zero
    if all(blocks == tuple(range(1, g + 1)) for g, blocks in enumerate(used, start=1)):
        return in_lowest_terms(workflow.size(GENERATION) / dynamics.innovation[0])
    return None


@dataclass(frozen=True)
class AnchoredMaximum(Recurrence):
    r"""The unbiased maximum of block 1 and the newest block: moments of :math:`\theta_g = X_1 Y_g`.

    :math:`Y_g = c\max(1, Y_{g-1} M)` is independent of X_1, and for y ≥ 1

    .. math:: E\max(1, yM)^s = \frac{N y^s + s\,y^{-N}}{N+s}, \qquad
              E\,\frac{\log^i \max(1, yM)}{\max(1, yM)^N} = y^{-N}\Bigl([i = 0] + \frac{N \log^{i+1} y}{i+1}\Bigr),

    so that :math:`E Y_g^s` is a polynomial in log c, exact at every g. :math:`\log(Y_g/c)` is the waiting time before a
    server who takes log c, when customers come at rate N; it settles, and by Pollaczek and Khinchine

    .. math:: \lim E Y_g^s = c^s\,\frac{(1 - N\log c)\,s}{s + N - N c^s} .
    """

    first: Expr
    newest: Expr
    c: Expr
    part: str = RISK

    def _combined(self, ratio: Any) -> Expr:
        """The moment that the part reads, from E Y^s."""
        mean, square = (self.first / (self.first + s) * ratio(s) for s in (1, 2))
        return mean if self.part == BIAS else square - 2 * mean

    def limit(self, order: Order) -> Expr:
        """By the stationary waiting time."""
        N, c = self.newest, self.c
        return self._combined(lambda s: in_lowest_terms(c**s * s / (s + N - N * c**s)) * (1 - N * log(c)))

    def values(self) -> Iterator[Expr]:
        """Exact moments at generations 1, 2, …"""
        return (self._written(state) for state in self._states())

    def at(self, generation: int) -> Expr:
        """Exact moment at one generation: those before are not written."""
        return self._written(next(islice(self._states(), generation - 1, None)))

    def _states(self) -> Iterator[dict[int, tuple[Any, list[Any]]]]:
        """For s = 1, 2: E Y_g^s at a first factor y, as a multiple of y^s and a polynomial in log y times y^(−N)."""
        given = self.first, self.newest, self.c
        ring = _Numbers(self.c) if all(value.is_Rational for value in given) else _Letters(self.c)
        chains = {s: self._ratios(s, ring) for s in (1, 2)}
        while True:
            yield {s: next(chain) for s, chain in chains.items()}

    def _written(self, state: dict[int, tuple[Any, list[Any]]]) -> Expr:
        start = (self.first + 1) / self.first
        at, shrink = log(start), start ** (-self.newest)

        def ratio(s: int) -> Expr:
            power, logs = state[s]
            return sympify(power) * start**s + shrink * sum((part * at**i for i, part in enumerate(logs)), S.Zero)

        if not isinstance(state[1][0], fmpq):
            return self.offset + self.scale * expand(self._combined(ratio))
        # Both polynomials in the two logarithms are added up before anything is written.
        first, shrunk = to_flint(self.first), to_flint(shrink)
        mean, square = first / (first + 1), first / (first + 2)
        shares = {1: mean} if self.part == BIAS else {1: -2 * mean, 2: square}
        total = sum(share * state[s][0] * to_flint(start) ** s for s, share in shares.items())
        parts = [
            sum((share * shrunk * state[s][1][i] for s, share in shares.items()), fmpq_poly([0]))
            for i in range(len(state[1][1]))
        ]
        terms = [
            to_sympy(value) * log(self.c) ** k * at**i
            for i, part in enumerate(parts)
            for k, value in enumerate(part.coeffs())
            if value != 0
        ]
        return self.offset + self.scale * Add(to_sympy(fmpq(total)), *terms)

    def _ratios(self, s: int, ring: _Numbers | _Letters) -> Iterator[tuple[Any, list[Any]]]:
        """E Y_g^s, g = 1, 2, …: the operator applied g − 1 times to y^s."""
        N, c = ring.number(self.newest), ring.number(self.c)
        shrink = ring.number(self.c ** (-self.newest))
        power, logs = ring.number(S.One), [ring.polynomial(S.Zero)]
        while True:
            yield power, logs
            found = [ring.polynomial(S.Zero) for _ in range(len(logs) + 1)]
            found[0] += power * c**s * s / (N + s)
            for degree, value in enumerate(logs):
                for i in range(degree + 1):
                    moved = value * shrink * comb(degree, i) * ring.logarithm ** (degree - i)
                    if i == 0:
                        found[0] += moved
                    found[i + 1] += moved * (N / (i + 1))
            power, logs = power * c**s * N / (N + s), [ring.shortened(value) for value in found]


class _Numbers:
    """Polynomials in log c over Q."""

    def __init__(self, c: Expr) -> None:
        self.logarithm = fmpq_poly([0, 1])

    def number(self, value: Expr) -> Any:
        return to_flint(value)

    def polynomial(self, value: Expr) -> Any:
        return fmpq_poly([to_flint(value)])

    def shortened(self, value: Any) -> Any:
        return value


class _Letters:
    """The same where sizes are symbols."""

    def __init__(self, c: Expr) -> None:
        self.logarithm = log(c)

    def number(self, value: Expr) -> Any:
        return value

    polynomial = number

    def shortened(self, value: Any) -> Any:
        return expand(value)
