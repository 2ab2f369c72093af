r"""Integrated squared error of a kernel density, frequency by frequency.

Write :math:`\psi_g` for the empirical characteristic function of what model g is fitted on, and
:math:`\varphi_g = \kappa_g \psi_g` for that of the model, :math:`\kappa_g(t) = e^{-h_g^2|t|^2/2}`; :math:`\varphi_0`
is the truth. The empirical characteristic function :math:`\hat\psi_j` of block j has conditional mean
:math:`\varphi_{j-1}`, and, its :math:`n_j` points being independent given the past,

.. math:: E|\hat\psi_j|^2 = E|\varphi_{j-1}|^2 + \frac1{n_j} \bigl(1 - E|\varphi_{j-1}|^2\bigr).

The workflow moves the deviations :math:`D_j = \hat\psi_j - \varphi_0` linearly,
:math:`z_g = A_g z_{g-1} + b_g D_g + c_g D^{\text{real}}_g` and :math:`\psi_g = \varphi_0 + h_g z_g`. So
:math:`Z_g = E z_g z_g^*` and :math:`m_g = -E z_g/\varphi_0` obey linear recursions, with κ, h, Z and m of generation
g − 1 on the right of the first two lines, and every term of the error is positive:

.. math:: E\,D_g z_{g-1}^* &= \kappa\, h Z + (1-\kappa)\,|\varphi_0|^2 m^\top, \\
   E|D_g|^2 &= E|\varphi_{g-1}-\varphi_0|^2 + \tfrac{1}{n_g}\bigl(1 - E|\varphi_{g-1}|^2\bigr), \\
   E|\varphi_g-\varphi_0|^2 &= \kappa_g^2\, h_g Z_g h_g^\top
      + \bigl(2\kappa_g(1-\kappa_g)\, h_g m_g + (1-\kappa_g)^2\bigr)|\varphi_0|^2 .

A model fitted on b points drawn at random from the N of a pool adds :math:`\kappa^2 c\,(1 - E|\psi_g|^2)`, with
:math:`c = (N-b)/(b(N-1))`, or 1/b with replacement. By Parseval the mean integrated squared error is
:math:`(2\pi)^{-d}\int E|\varphi_g - \varphi_0|^2\,dt`: a finite sum of Gaussian integrals. Derived here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Generic, Protocol, TypeVar

from sympy import Add, Dummy, Expr, Integer, Matrix, Poly, S, expand_func, lerchphi, oo, polylog

from theory.asymptotics.scales import limit_or_none
from theory.errors import DomainError, NotDerivedError
from theory.expressions.arithmetic import Arithmetic
from theory.expressions.expansion import Order
from theory.expressions.fraction_field import in_lowest_terms
from theory.expressions.symbols import G
from theory.models.effective_size import open_loop
from theory.models.kernels.bandwidth import Bandwidths
from theory.models.kernels.fresh_limit import FreshLimit
from theory.models.kernels.mixtures import MixtureTruth, gaussian_density
from theory.models.kernels.permutations import mixture_weights
from theory.moments.recurrence import MomentRecurrence, Recurrence
from theory.workflows.accumulate import Accumulate
from theory.workflows.base import Workflow
from theory.workflows.dynamics import GENERATION, LagWindow, LinearDynamics, PoolDynamics

#: Distinct Gaussians in one exact value, beyond which quadrature is the better answer.
LONGEST_SUM = 1000

#: Generations of a workflow without dynamics whose weights say in which field to compute.
PROBED = 8

Sparse = list[tuple[int, Any]]


@dataclass(frozen=True)
class Step:
    """What generation g does to the deviations: sparse vectors and matrices over an exact field.

    Attributes
    ----------
    generation : g
    transition : rows of A_g, as (column, coefficient)
    gain, fresh : b_g and c_g, as (row, coefficient)
    before, readout : h_{g−1} and h_g, as (column, coefficient)
    noise, fresh_noise : one over the points of block g, and of the fresh real block
    spread : c, the variance that drawing a subsample adds
    """

    generation: int
    transition: list[Sparse]
    gain: Sparse
    before: Sparse
    readout: Sparse
    noise: Any
    fresh: Sparse
    fresh_noise: Any
    spread: Any


class Steps:
    """The steps of a workflow for blocks of ``points`` samples, from its dynamics or else from its weights.

    A workflow without dynamics keeps one deviation a block, and a stationary window those in reach.
    """

    def __init__(self, workflow: Workflow, points: Expr) -> None:
        self.workflow, self.points = workflow, points
        dynamics = workflow.dynamics()
        if not isinstance(dynamics, PoolDynamics) and workflow.draw(GENERATION) is not None:
            raise NotDerivedError(
                f"workflow = {workflow.name} draws a subsample but states no pool dynamics: its risk is not derived."
            )
        self.pool = dynamics if isinstance(dynamics, PoolDynamics) else None
        self.memory = dynamics.length if isinstance(dynamics, LagWindow) else oo
        if isinstance(dynamics, PoolDynamics):
            self.drawn = points * dynamics.budget
            if self.drawn.is_number and not self.drawn.is_Integer:
                raise DomainError(
                    f"budget = {dynamics.budget} draws n·budget = {self.drawn} samples: it must be a whole number."
                )
            dynamics = Accumulate(workflow.schedule).dynamics()
        self.linear = open_loop(workflow, dynamics) if isinstance(dynamics, LinearDynamics) else None

    @cached_property
    def field(self) -> Arithmetic:
        """The smallest exact field that holds every coefficient."""
        g, workflow = GENERATION, self.workflow
        found: list[Expr] = [1 / self.points]
        upto = PROBED
        if self.linear is not None:
            linear = self.linear
            upto = linear.start
            found += [1 / workflow.size(g), *linear.transition, *linear.innovation, *linear.readout, *linear.fresh]
            if any(entry != 0 for entry in linear.fresh):
                found.append(1 / workflow.fresh_size(g))
        if self.pool is not None:
            found.append(self.pool.budget)
        for index in range(1, upto + 1):
            weights, fresh = mixture_weights(workflow, index)
            found += [*weights, fresh, workflow.size(index), workflow.fresh_size(index)]
        return Arithmetic(found, g)

    def __iter__(self) -> Iterator[Step]:
        if self.linear is None:
            yield from self._blocks()
            return
        blocks, linear, field, g = self._blocks(), self.linear, self.field, GENERATION
        for index in range(1, linear.start):
            step = next(blocks)
            yield self._step(index, step.transition, step.gain, step.before, step.readout, step.fresh)
        size = linear.transition.shape[0]
        functions = {
            name: [field.function(entry, g) for entry in getattr(linear, name)]
            for name in ("transition", "innovation", "readout", "fresh")
        }
        # The first step reads the deviations of the first blocks, which follow the slot of the fresh real data.
        first = linear.transition.subs(g, linear.start) * linear.initial
        transition = [_sparse([0, *map(field.constant, first[row, :])]) for row in range(size)]
        before, index = step.readout, linear.start
        while True:
            gain, readout, fresh = (
                _sparse([entry(index) for entry in functions[name]]) for name in ("innovation", "readout", "fresh")
            )
            yield self._step(index, transition, gain, before, readout, fresh)
            before, index = readout, index + 1
            entries = [entry(index) for entry in functions["transition"]]
            transition = [_sparse(entries[row * size : (row + 1) * size]) for row in range(size)]

    def _blocks(self) -> Iterator[Step]:
        """One deviation a block, after a slot for the fresh real data of the generation."""
        workflow, constant, one = self.workflow, self._coefficient, self._coefficient(S.One)
        kept: list[int] = []
        before: Sparse = []
        g = 0
        while True:
            g += 1
            weights, share = mixture_weights(workflow, g)
            if g > 1 and workflow.keeps_fresh:
                raise NotDerivedError(
                    f"workflow = {workflow.name} keeps real data of every generation and states no recursion: its "
                    f"integrated error is not derived."
                )
            held = [block for block in kept if block > g - self.memory] + [g]
            transition: list[Sparse] = [[], *([(1 + kept.index(block), one)] for block in held[:-1]), []]
            readout = [(1 + place, constant(weights[block - 1])) for place, block in enumerate(held)]
            readout = [(0, constant(share)), *readout]
            readout = [(column, weight) for column, weight in readout if weight]
            fresh = [(0, one)] if share != 0 else []
            yield self._step(g, transition, [(len(held), one)], before, readout, fresh)
            kept, before = held, readout

    def _step(
        self, g: int, transition: list[Sparse], gain: Sparse, before: Sparse, readout: Sparse, fresh: Sparse
    ) -> Step:
        workflow = self.workflow
        noise = self._coefficient(1 / (self.points * workflow.size(g)))
        fresh_noise = self._coefficient(1 / (self.points * workflow.fresh_size(g)) if fresh else S.Zero)
        spread = self._coefficient(self._spread(g))
        return Step(g, transition, gain, before, readout, noise, fresh, fresh_noise, spread)

    def _spread(self, g: int) -> Expr:
        if self.pool is None or self.workflow.draw(g) is None:
            return S.Zero
        if self.pool.replacement:
            return 1 / self.drawn
        pool = self.points * sum((self.workflow.size(index) for index in range(1, g + 1)), S.Zero)
        surplus = in_lowest_terms(pool - self.drawn)
        return S.Zero if surplus == 0 else in_lowest_terms(surplus / (self.drawn * (pool - 1)))

    def _coefficient(self, value: Expr) -> Any:
        try:
            return self.field.constant(value)
        except (AttributeError, ValueError) as error:
            raise NotDerivedError(
                f"workflow = {self.workflow.name} has rational weights at first and {value} later on: "
                "its integrated error is not derived."
            ) from error


def _sparse(entries: list[Any]) -> Sparse:
    return [(index, entry) for index, entry in enumerate(entries) if entry]


R = TypeVar("R")


class Frequencies(Protocol[R]):
    """Functions of the frequency: numbers at one frequency, or all of them at once as a sum of Gaussians.

    Elements are added and subtracted, and multiplied by coefficients from the right.
    """

    @property
    def one(self) -> R:
        """The constant 1."""

    @property
    def truth(self) -> R:
        """|φ_0|²."""

    def smoothed(self, g: int, element: R) -> R:
        """κ_g times an element; κ_0 = 1."""

    def lost(self, g: int, element: R) -> R:
        """(1 − κ_g) times an element."""

    def of_truth(self, element: R) -> R:
        """|φ_0|² times an element free of it."""


@dataclass(frozen=True)
class SecondMoments(Generic[R]):
    """At generation g: E|φ_g − φ_0|² and E|φ_g|²."""

    generation: int
    error: R
    square: R


def second_moments(steps: Iterable[Step], frequencies: Frequencies[Any]) -> Iterator[SecondMoments[Any]]:
    """Run the recursion of the module's first lines, generation by generation."""
    f = frequencies
    one, truth = f.one, f.truth
    zero = one - one
    Z: list[list[Any]] = []
    m: list[Any] = []
    error, square = zero, truth

    def combine(row: Sparse, entries: list[Any]) -> Any:
        total = None
        for column, coefficient in row:
            term = entries[column] if coefficient == 1 else entries[column] * coefficient
            total = term if total is None else total + term
        return zero if total is None else total

    for step in steps:
        g, size = step.generation, len(step.transition)
        # The newest block against the state, then both as the step weighs them.
        cross = [
            f.smoothed(g - 1, combine(step.before, column)) + f.lost(g - 1, f.of_truth(mean))
            for column, mean in zip(Z, m, strict=True)
        ]
        block = error + (one - square) * step.noise
        drift = f.smoothed(g - 1, combine(step.before, m)) + f.lost(g - 1, one)
        half = [[combine(row, column) for row in step.transition] for column in Z]
        moved = [combine(row, cross) for row in step.transition]
        gain: list[Any] = [0] * size
        for row, coefficient in step.gain:
            gain[row] = coefficient
        new = [[zero] * size for _ in range(size)]
        for row in range(size):
            for col in range(row + 1):
                value = combine(step.transition[col], [column[row] for column in half])
                if gain[row]:
                    value = value + moved[col] * gain[row]
                if gain[col]:
                    value = value + moved[row] * gain[col]
                if gain[row] and gain[col]:
                    value = value + block * (gain[row] * gain[col])
                new[row][col] = new[col][row] = value
        for row, left in step.fresh:
            for col, right in step.fresh:
                new[row][col] = new[row][col] + (one - truth) * (left * right * step.fresh_noise)
        m = [
            combine(row, m) + (drift * gain[index] if gain[index] else zero)
            for index, row in enumerate(step.transition)
        ]
        Z = new
        pooled = combine(step.readout, [combine(step.readout, column) for column in Z])
        bias = f.of_truth(combine(step.readout, m)) * 2
        spectrum = pooled - bias + truth
        if step.spread:
            extra = (one - spectrum) * step.spread
            pooled, spectrum = pooled + extra, spectrum + extra
        error = f.smoothed(g, f.smoothed(g, pooled) + f.lost(g, bias)) + f.lost(g, f.lost(g, truth))
        square = f.smoothed(g, f.smoothed(g, spectrum))
        yield SecondMoments(g, error, square)


class GaussianSum:
    """Σ coefficient · exp(−exponent·unit·|t|²/2) · |φ_0|^{0 or 2}: the two powers in ``plain`` and ``truth``."""

    __slots__ = ("plain", "truth")

    def __init__(self, plain: dict[Any, Any], truth: dict[Any, Any]) -> None:
        self.plain, self.truth = plain, truth

    def __add__(self, other: GaussianSum) -> GaussianSum:
        return GaussianSum(_added(self.plain, other.plain), _added(self.truth, other.truth))

    def __sub__(self, other: GaussianSum) -> GaussianSum:
        return self + other * -1

    def __mul__(self, coefficient: Any) -> GaussianSum:
        if not coefficient:
            return GaussianSum({}, {})
        return GaussianSum(
            {exponent: value * coefficient for exponent, value in self.plain.items()},
            {exponent: value * coefficient for exponent, value in self.truth.items()},
        )

    def shifted(self, by: Any) -> GaussianSum:
        """Every exponent moved by the same variance: multiplied by e^(−by·|ω|²)."""
        return GaussianSum(
            {exponent + by: value for exponent, value in self.plain.items()},
            {exponent + by: value for exponent, value in self.truth.items()},
        )

    def __len__(self) -> int:
        return len(self.plain) + len(self.truth)


def _added(left: dict[Any, Any], right: dict[Any, Any]) -> dict[Any, Any]:
    if len(left) < len(right):
        left, right = right, left
    total = dict(left)
    for exponent, value in right.items():
        found = total.get(exponent)
        if found is None:
            total[exponent] = value
            continue
        found = found + value
        if found:
            total[exponent] = found
        else:
            del total[exponent]
    return total


class GaussianSums:
    """All frequencies at once, for exact values: κ_g adds h_g² to an exponent.

    For a constant bandwidth exponents are whole numbers in units of h²; for a schedule they are sums of its h_i².
    """

    def __init__(self, bandwidths: Bandwidths, one: Any) -> None:
        self._bandwidths = bandwidths
        self.unit: Expr = S.One if bandwidths.constant is None else bandwidths.constant
        origin: Any = S.Zero if bandwidths.constant is None else 0
        self.one = GaussianSum({origin: one}, {})
        self.truth = GaussianSum({}, {origin: one})
        self._exponents: dict[int, Any] = {}

    def smoothed(self, g: int, element: GaussianSum) -> GaussianSum:
        """κ_g² times the element: h_g² is added to each exponent. Raises DomainError for a sum too long to hold."""
        if g == 0:
            return element
        if self._bandwidths.constant is None and len(element) > LONGEST_SUM:
            raise DomainError(
                f"generation {g} is a sum of more than {LONGEST_SUM} Gaussians under this bandwidth schedule: "
                "use numerics.evaluate, which integrates."
            )
        return element.shifted(self._exponent(g))

    def lost(self, g: int, element: GaussianSum) -> GaussianSum:
        """(1 − κ_g²) times the element."""
        if g == 0:
            return GaussianSum({}, {})
        return element - self.smoothed(g, element)

    def of_truth(self, element: GaussianSum) -> GaussianSum:
        """The element times |φ_0|², the squared characteristic function of the truth."""
        return GaussianSum({}, element.plain)

    def _exponent(self, g: int) -> Any:
        if self._bandwidths.constant is not None:
            return 1
        if g not in self._exponents:
            self._exponents[g] = self._bandwidths.squared(g)
        return self._exponents[g]


@dataclass(frozen=True)
class SpectralRecurrence(Recurrence):
    """The mean integrated squared error of a kernel density under any workflow.

    Attributes
    ----------
    workflow : Workflow
    points : samples in a unit block
    d : dimension
    truth : MixtureTruth
    bandwidths : Bandwidths
    scale, offset : affine map to the risk
    """

    workflow: Workflow
    points: Expr
    d: Expr
    truth: MixtureTruth
    bandwidths: Bandwidths

    def values(self) -> Iterator[Expr]:
        """Exact risks at generations 1, 2, …: finite sums of Gaussian integrals."""
        for moments, convert in self._moments():
            yield self.offset + self.scale * convert(moments.error)

    def at(self, generation: int) -> Expr:
        """Exact risk at one generation, without writing out the ones before."""
        for moments, convert in self._moments():
            if moments.generation == generation:
                return self.offset + self.scale * convert(moments.error)
        raise AssertionError("the moments never end")

    @cached_property
    def steps(self) -> Steps:
        """The workflow's recursion for the deviations."""
        return Steps(self.workflow, self.points)

    def _moments(self) -> Iterator[tuple[SecondMoments[GaussianSum], Any]]:
        field = self.steps.field
        sums = GaussianSums(self.bandwidths, field.constant(S.One))
        plain: dict[Any, Expr] = {}
        truth: dict[Any, Expr] = {}

        def integral(element: GaussianSum) -> Expr:
            terms = []
            for exponent, coefficient in element.plain.items():
                if exponent not in plain:
                    plain[exponent] = gaussian_density(exponent * sums.unit, S.Zero, self.d)
                terms.append(field.to_expression(coefficient) * plain[exponent])
            for exponent, coefficient in element.truth.items():
                if exponent not in truth:
                    truth[exponent] = self.truth.overlap(exponent * sums.unit, self.d)
                terms.append(field.to_expression(coefficient) * truth[exponent])
            return Add(*terms)

        for moments in second_moments(self.steps, sums):
            yield moments, integral

    # -- in closed form --------------------------------------------------------------------------------

    def closed_form(self) -> Expr | None:
        r"""The error at G where :math:`E|\psi_g|^2` obeys a recursion with constant coefficients and one power of κ.

        Then :math:`E|\psi_g|^2 = p\,E|\psi_{g-1}|^2 + f` with :math:`p = \rho\kappa^a` is a geometric series, and
        integrates term by term: :math:`\sum_{k<G-1} \rho^k (k + 2/a)^{-d/2}` is a difference of Lerch functions.
        """
        series = self._series
        if series is None:
            return None
        rest = G - 1
        bias = self._overlap(S.Zero) - 2 * self._overlap(1 + series.c * rest)
        if series.first == series.forcing:
            noise = series.sum(G)
        elif series.rho != 0:
            noise = series.sum(rest) + series.rho**rest * series.first * series.plain(2 + series.a * rest)
        else:
            return None
        left = series.rho**rest * (1 - series.first)
        return noise + bias + (left * self._overlap(2 + series.a * rest) if left != 0 else S.Zero)

    def as_moments(self) -> MomentRecurrence | None:
        """Where E|ψ_g|² is a geometric series, its integral grows by one term a generation: the noise of one draw."""
        series = self._series
        if series is None or series.rho == 0:
            return None
        g = GENERATION
        left = series.rho ** (g - 1) * (1 - series.first) * self._overlap(2 + series.a * (g - 1))
        drawn = series.rho ** (g - 1) * series.first * series.plain(2 + series.a * (g - 1))
        return MomentRecurrence(
            start=2,
            matrix=Matrix([[1]]),
            forcing=Matrix([series.forcing * series.rho ** (g - 2) * series.plain(2 + series.a * (g - 2))]),
            readout=Matrix([[1]]),
            initial=Matrix([0]),
            shift=drawn + left + self._overlap(S.Zero) - 2 * self._overlap(1 + series.c * (g - 1)),
            scale=self.scale,
            offset=self.offset,
            domain=self.domain,
        )

    def limit(self, order: Order) -> Expr | None:
        r"""Limit as G → ∞, for a constant bandwidth.

        For the geometric series it is that of the series, and :math:`\int p_0^2` for the bias.

        For a model that moves by its newest block alone, :math:`\psi_g = (1-\beta_g)\psi_{g-1} + \beta_g\hat\psi_g`,
        :math:`Q_g = E|\psi_g|^2` obeys :math:`Q_g \le (1 - \beta_g(1-\kappa))\,Q_{g-1} + \beta_g^2/n_g`, since
        :math:`0 \le 1 - \beta(1-\kappa) \le 1`. At t ≠ 0, where κ < 1, this goes to zero as soon as
        :math:`\sum \beta_g = \infty` and :math:`\beta_g/n_g \to 0`. A subsample c_g adds
        :math:`\kappa^2 c_g (1 - Q_g)`; its blocks have :math:`E|\hat\psi_g|^2 \le 1`, and then
        :math:`\beta_g \to 0` does what :math:`\beta_g/n_g \to 0` did. As :math:`E|\varphi_g|^2 \le \kappa^2` is
        integrable the integral converges too, to :math:`\int p_0^2 + c_\infty (4\pi h^2)^{-d/2}`: the density is
        smoothed away, and all that is left is the noise of the last draw.
        """
        if self.bandwidths.constant is None:
            return None
        series = self._series
        if series is not None:
            return series.sum(oo) + self._overlap(S.Zero)
        linear, g = self.steps.linear, GENERATION
        if linear is None or linear.transition.shape != (1, 1) or linear.readout[0] != 1 or linear.fresh[0] != 0:
            return None
        gain = linear.innovation[0]
        if in_lowest_terms(linear.transition[0] + gain - 1) != 0:
            return None
        quiet = gain if self.steps.pool is not None else gain / self.workflow.size(g)
        fades, endless = limit_or_none(quiet, g), limit_or_none(g * gain, g)
        if fades != 0 or endless is None or not endless.is_extended_positive:
            return None
        last = S.Zero if self.steps.pool is None else 1 / self.steps.drawn
        return self._overlap(S.Zero) + last * gaussian_density(2 * self.bandwidths.constant, S.Zero, self.d)

    def limit_enclosure(self, digits: int) -> tuple[Expr, Expr] | None:
        """The limit under fresh real data between two fractions: see :mod:`theory.models.kernels.fresh_limit`."""
        linear, h2, g = self.steps.linear, self.bandwidths.settled, GENERATION
        if linear is None or h2 is None or self.steps.pool is not None or linear.transition.shape != (1, 1):
            return None
        parts = (linear.transition[0], linear.innovation[0], linear.fresh[0])
        sizes = (self.workflow.size(g), self.workflow.fresh_size(g))
        if linear.readout[0] != 1 or any(part.has(g) for part in (*parts, *sizes)) or parts[2].is_positive is not True:
            return None
        # The contraction is that of weights of a law.
        if in_lowest_terms(sum(parts) - 1) != 0 or any(part.is_nonnegative is not True for part in parts):
            return None
        points, fresh_points = (self.points * size for size in sizes)
        limit = FreshLimit(*parts, points, fresh_points, h2, self.d, self.truth)
        low, high = limit.enclosure(digits)
        return self.offset + self.scale * low, self.offset + self.scale * high

    def _overlap(self, power: Expr) -> Expr:
        """∫ κ^power |φ_0|²."""
        assert self.bandwidths.constant is not None
        return self.truth.overlap(power * self.bandwidths.constant, self.d)

    @cached_property
    def _series(self) -> _Series | None:
        linear, h2, g = self.steps.linear, self.bandwidths.constant, GENERATION
        if linear is None or h2 is None or self.steps.pool is not None or linear.transition.shape != (1, 1):
            return None
        opened, gain, size = linear.transition[0], linear.innovation[0], self.workflow.size(g)
        if any(value.has(g) for value in (opened, gain, size, linear.readout[0])):
            return None
        start = (linear.start, linear.readout[0], linear.initial[0], in_lowest_terms(opened + gain), linear.fresh[0])
        if start != (2, 1, 1, 1, 0):
            return None
        kappa = Dummy("kappa", positive=True)
        mean = Poly(opened + gain * kappa, kappa)
        factor = mean**2 - Poly(gain**2 * kappa**2 / (self.points * size), kappa)
        if len(mean.terms()) != 1 or len(factor.terms()) > 1 or mean.degree() == 0:
            return None
        rho = factor.LC() if not factor.is_zero else S.Zero
        return _Series(
            rho=rho,
            a=Integer(factor.degree()) if not factor.is_zero else Integer(2),
            c=Integer(mean.degree()),
            forcing=gain**2 / (self.points * size),
            first=1 / (self.points * self.workflow.size(1)),
            h2=h2,
            d=self.d,
        )


@dataclass(frozen=True)
class _Series:
    """E|ψ_g|² = ρκ^a E|ψ_{g−1}|² + forcing from E|ψ_1|² = first + (1 − first)|φ_0|², and E ψ_g = κ^{c(g−1)} φ_0."""

    rho: Expr
    a: Expr
    c: Expr
    forcing: Expr
    first: Expr
    h2: Expr
    d: Expr

    def plain(self, power: Expr) -> Expr:
        """∫ κ^power."""
        return gaussian_density(power * self.h2, S.Zero, self.d)

    def sum(self, terms: Expr) -> Expr:
        """forcing · ∫ κ² Σ_{k < terms} (ρκ^a)^k, for one term or more."""
        if self.rho == 0:
            return self.forcing * self.plain(S(2))
        order, offset = self.d / S(2), 2 / self.a
        endless = expand_func(polylog(order, self.rho)) / self.rho if offset == 1 else lerchphi(self.rho, order, offset)
        total = endless if terms == oo else endless - self.rho**terms * lerchphi(self.rho, order, offset + terms)
        return self.forcing * gaussian_density(self.a * self.h2, S.Zero, self.d) * total
