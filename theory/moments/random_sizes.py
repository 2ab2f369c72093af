r"""The risk where blocks of random size are pooled: :math:`p_g = N_g/S_g`, of the total, moves the model.

Under accumulate, and under a contaminated pool with a fraction ρ of real rows, in units of the noise of n samples,

.. math:: r_g = E\bigl[(1 - \rho\,p_g)^2\,\delta_{g-1}^2
          + \tfrac{p_g^2}{N_g}\,\bigl(1 + (1-\rho)\,\kappa\,\delta_{g-1}^2\bigr)\bigr].

Without curvature κ and real rows this adds :math:`E[1/S_g]/g`, see :mod:`theory.moments.random_totals`. Otherwise
:math:`\delta_{g-1}^2` and :math:`N_g/S_g` are tied by :math:`S_{g-1}`. With the parts of the risk, and of all
chances, on :math:`S_g = s` as coefficients of :math:`A_g(t)` and :math:`B_g(t) = f(t)^g`, and :math:`\theta = t\,d/dt`,

.. math:: A_g = f A_{g-1} - 2\rho\,\theta^{-1}[(\theta f) A_{g-1}]
          + \theta^{-2}\bigl[(\rho^2\,\theta^2 f + (1-\rho)\,\kappa\,\theta f)\,A_{g-1} + (\theta f)\,B_{g-1}\bigr],

and :math:`r_g = A_g(1)`: fractions for a law with a largest size, whose A are polynomials, and for others numbers to
any precision (:mod:`theory.moments.pool_means`). Derived here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from typing import Any

from flint import acb, arb, ctx, fmpq, fmpq_poly
from sympy import (
    Add,
    Expr,
    Integral,
    Lambda,
    Matrix,
    Mul,
    Poly,
    Rational,
    S,
    exp,
    expand,
    factor,
    factorial,
    fraction,
    integrate,
    log,
    together,
    zeros,
)

from theory.errors import DomainError, NotDerivedError
from theory.expressions.arithmetic import Arithmetic
from theory.expressions.enclosure import ends
from theory.expressions.expansion import Order
from theory.expressions.fraction_field import in_lowest_terms
from theory.expressions.numerals import to_flint
from theory.expressions.pool_factor import pool_factor
from theory.expressions.pool_factor_balls import enclosed_factor
from theory.expressions.random_sizes import RandomSizes
from theory.expressions.symbols import G, j, t
from theory.moments.fading_sizes import FadingSizes
from theory.moments.fading_totals import FadingTotals
from theory.moments.labelled_sizes import LabelledSizes
from theory.moments.means_over_sizes import enclosure_of
from theory.moments.pool_means import PoolMean
from theory.moments.random_totals import totals
from theory.moments.recurrence import MomentRecurrence, Recurrence
from theory.moments.total_noise import total_noise
from theory.moments.window_sizes import WindowSizes
from theory.workflows.accumulate import Accumulate
from theory.workflows.base import Workflow, weighs_as
from theory.workflows.contaminated_pool import ContaminatedPool
from theory.workflows.dynamics import GENERATION
from theory.workflows.forgetting import Forgetting
from theory.workflows.labelled_pool import LabelledPool
from theory.workflows.window import SlidingWindow

#: Generations up to which integrals that have no recurrence are written out.
MOST_INTEGRALS = 50
#: Largest totals whose exact law is run.
LARGEST_TOTAL = 3000
#: Moments of a recurrence that knows the last sizes, at most.
MOST_MOMENTS = 128
#: How often the bits of an enclosure are doubled.
_DOUBLINGS = 3


def compose_pooled(workflow: Workflow, noise: Expr, curvature: Expr, exactness: str) -> Recurrence:
    """The risk under a workflow that pools blocks of random size.

    Raises
    ------
    NotDerivedError
        Naming the workflow, where its recursion is not determined.
    """
    sizes = workflow.random_sizes
    assert sizes is not None
    if weighs_as(workflow, Accumulate) and curvature == 0:
        return PooledTotals(sizes, scale=noise, exactness=exactness)
    about: dict[str, Any] = {"scale": noise, "exactness": exactness}
    pool = weighs_as(workflow, ContaminatedPool)
    if pool or weighs_as(workflow, Accumulate):
        real = workflow.real if isinstance(workflow, ContaminatedPool) else S.Zero
        return PooledSizes(sizes, curvature, real, **about)
    if weighs_as(workflow, LabelledPool) and not workflow.share.has(j):
        return LabelledSizes(sizes, curvature, workflow.real, workflow.share, **about)
    if weighs_as(workflow, SlidingWindow) and workflow.k.is_Integer:
        return WindowSizes(sizes, curvature, int(workflow.k), **about)
    if weighs_as(workflow, Forgetting) and curvature == 0 and workflow.rate.is_Rational:
        return FadingTotals(sizes, workflow.rate, **about)
    if weighs_as(workflow, Forgetting) and sizes.has_light_tail:
        rate = Lambda(GENERATION, workflow.rate.subs(j, GENERATION))
        return FadingSizes(sizes, curvature, rate, **about)
    raise not_derived(workflow)


def runs_by_sizes(workflow: Workflow) -> bool:
    """Whether :func:`compose_pooled` takes the mean over sizes itself, and not what is ``given`` them.

    Windows and fading memories have closed forms, or fractions, by the other way where few sizes have a chance.
    """
    simplest, sizes = workflow.simplest(), workflow.random_sizes
    if sizes is None or any(weighs_as(simplest, kind) for kind in (Accumulate, ContaminatedPool, LabelledPool)):
        return True
    if weighs_as(simplest, SlidingWindow) and simplest.k.is_Integer:
        blocks = int(simplest.k)
        return sizes.support is None or len(sizes.support) ** blocks * blocks * (blocks + 1) / 2 > MOST_MOMENTS
    # Without curvature a constant rate has an integral of its own.
    return weighs_as(simplest, Forgetting) and sizes.support is None and sizes.has_light_tail


def not_derived(workflow: Workflow) -> NotDerivedError:
    """That a workflow's random sizes are out of reach, in one sentence."""
    return NotDerivedError(
        f"workflow = {workflow.name} weighs blocks by their random sizes, of which it remembers more than the sum: "
        f"risks are derived for replace, accumulate, pools with real rows, windows, memories that fade and weights "
        f"that do not look at sizes; of sizes with a heavy tail, for fewer."
    )


@dataclass(frozen=True)
class PooledTotals(Recurrence):
    """Accumulate without curvature: :math:`\\sum_g E[1/S_g]/g`.

    Examples
    --------
    >>> from itertools import islice
    >>> list(islice(PooledTotals(RandomSizes.uniform(2)).values(), 3))
    [3/4, 89/96, 241/240]
    >>> PooledTotals(RandomSizes.geometric("1/2")).at(2)
    log(2)/2 + 1/2
    """

    sizes: RandomSizes

    @property
    def rises(self) -> bool:
        """Every generation adds the variance of new noise."""
        return True

    @cached_property
    def _parts(self) -> list[tuple[Expr, MomentRecurrence]] | None:
        """The moment as a combination of such as are rational, times logarithms; None without a recurrence."""
        found = totals(self.sizes)
        if found is None:
            return None
        size = found.initial.shape[0]
        step = found.readout / GENERATION
        matrix, forcing = zeros(size + 1, size + 1), zeros(size + 1, 1)
        matrix[0, 0] = S.One
        matrix[0, 1:] = (step * found.matrix).applyfunc(in_lowest_terms)
        matrix[1:, 1:] = found.matrix
        forcing[0], forcing[1:, 0] = in_lowest_terms((step * found.forcing)[0]), found.forcing
        readout = Matrix([[S.One, *[S.Zero] * size]])
        parts = []
        for outside, initial in _by_factor(found.initial):
            first = (found.readout * initial)[0]
            forced = forcing if outside == 1 else zeros(size + 1, 1)
            parts.append((outside, MomentRecurrence(2, matrix, forced, readout, Matrix([first, *initial]))))
        return parts

    def values(self) -> Iterator[Expr]:
        """Exact risks at generations 1, 2, …"""
        parts = self._parts
        if parts is None:
            yield from (self.at(g) for g in count(1))
            return
        for moments in zip(*(part.values() for _, part in parts), strict=True):
            yield self._risk(moments)

    def at(self, generation: int) -> Expr:
        """Exact risk at one generation."""
        if self._parts is not None:
            return self._risk(tuple(part.at(generation) for _, part in self._parts))
        return self.offset + self.scale * _written_out(self.sizes, generation)

    def _risk(self, moments: tuple[Expr, ...]) -> Expr:
        parts = self._parts or []
        return self.offset + sum((self.scale * f * factor(m) for (f, _), m in zip(parts, moments, strict=True)), S.Zero)

    def limit(self, order: Order) -> Expr:
        """∫ −ln(1 − f) dt/t."""
        return total_noise(self.sizes)

    def limit_enclosure(self, digits: int) -> tuple[Expr, Expr] | None:
        """By the dilogarithms over all roots of Q − P and Q; None where f is not rational, or has symbols."""
        if not self.sizes.is_rational or self.sizes.free_symbols or not (self.scale.is_Rational and self.offset == 0):
            return None
        bits = int(digits * 3.33) + 64
        ball = _dilogarithms(self.sizes, bits)
        with ctx.workprec(bits):
            low, high = ends(ball * arb(fmpq(int(self.scale.p), int(self.scale.q))))  # type: ignore[attr-defined]
        return low, high


def _by_factor(vector: Matrix) -> list[tuple[Expr, Matrix]]:
    """A vector as a combination of vectors over Q and the parameters, the one with the factor 1 first."""
    found: dict[Expr, Matrix] = {S.One: zeros(*vector.shape)}
    for row, entry in enumerate(vector):
        for term in Add.make_args(expand(entry)):
            inside = [f for f in Mul.make_args(term) if _is_in_field(f)]
            found.setdefault(term / Mul(*inside), zeros(*vector.shape))[row] += Mul(*inside)
    return list(found.items())


def _is_in_field(number: Expr) -> bool:
    """Whether it is a number of Q, or a rational function of the parameters."""
    return bool(number.is_Rational or (number.free_symbols and number.is_rational_function(*number.free_symbols)))


def _written_out(sizes: RandomSizes, generation: int) -> Expr:
    """Σ_{g ≤ generation} E[1/S_g]/g by the integrals themselves."""
    table = sizes.support
    if table is not None and all(chance.is_Rational for chance in table.values()):
        return _by_law(sizes, generation)
    if generation > MOST_INTEGRALS:
        raise DomainError(
            f"generation = {generation} is beyond exact values, {MOST_INTEGRALS} at most for sizes = {sizes}: use "
            f"numerics.evaluate."
        )
    function = sizes.generating_function
    if table is not None:
        terms = (integrate(expand(function**g / t), (t, 0, 1)) / g for g in range(1, generation + 1))
        return in_lowest_terms(sum(terms, S.Zero))
    if generation == 1:
        return sizes.mean_inverse
    if (rate := sizes.poisson_rate) is not None:
        return sum((_of_shifted_poisson(g, rate) / g for g in range(1, generation + 1)), S.Zero)
    return Integral(Add(*(function**g / (g * t) for g in range(1, generation + 1))), (t, 0, 1))


def _of_shifted_poisson(g: int, rate: Expr) -> Expr:
    """∫ t^(g−1) e^(g·rate·(t−1)) dt, by parts."""
    total, part, c = S.Zero, S.One, g * rate
    for k in range(g):
        part = part / c
        total += part
        part = -part * (g - 1 - k)
    end = (-1) ** (g - 1) * factorial(g - 1) / c**g
    return total - end * exp(-c)


def _by_law(sizes: RandomSizes, generation: int) -> Expr:
    law, step, total = fmpq_poly([1]), _over_q(sizes), fmpq(0)
    for g in range(1, generation + 1):
        law = law * step
        total += sum((law[s] / s for s in range(1, law.degree() + 1)), fmpq(0)) / g
    return Rational(int(total.p), int(total.q))


def _over_q(sizes: RandomSizes) -> fmpq_poly:
    table = sizes.support or {}
    listed = [table.get(size, S.Zero) for size in range(max(table) + 1)]
    return fmpq_poly([fmpq(int(chance.p), int(chance.q)) for chance in listed])  # type: ignore[attr-defined]


def _dilogarithms(sizes: RandomSizes, bits: int) -> arb:
    top, bottom = fraction(in_lowest_terms(together(sizes.generating_function)))
    with ctx.workprec(2 * bits):
        found = arb(0)
        for polynomial, side in ((in_lowest_terms(bottom - top), 1), (bottom, -1)):
            coefficients = [Rational(c) for c in reversed(Poly(polynomial, t).all_coeffs())]
            exact = fmpq_poly([fmpq(int(c.p), int(c.q)) for c in coefficients])
            for part, power in exact.numer().factor()[1]:
                for root, _ in part.complex_roots():
                    # Li_2 has a branch cut from 1 on, and |1/root| ≤ 1: the root 1 itself is exact.
                    found += side * power * (1 / acb(root)).polylog(2).real
        return found


@dataclass(frozen=True)
class PooledSizes(Recurrence):
    """Pools by the law of their size: fractions where sizes have a largest one, else numbers to any precision.

    Examples
    --------
    >>> PooledSizes(RandomSizes.uniform(2), Rational(-1, 4), S.Zero).at(2)
    2051/2304
    """

    sizes: RandomSizes
    curvature: Expr
    real: Expr

    @property
    def rises(self) -> bool:
        """Without real rows every generation adds the variance of new noise."""
        return self.real == 0

    def at(self, generation: int) -> Expr:
        """Exact risk at one generation."""
        if generation == 1:
            return self.offset + self.scale * self.sizes.mean_inverse
        return (
            super().at(generation)
            if self.sizes.support is not None
            else self.offset + self.scale * self.mean(generation)
        )

    def mean(self, generation: int) -> Expr:
        """The moment at one generation, as a number to any precision."""
        return PoolMean(self.sizes, self.curvature, self.real, generation)

    def enclosure(self, generation: int) -> tuple[Expr, Expr]:
        """Two fractions with the risk between them."""
        if self.sizes.support is not None:
            value = self.at(generation)
            return value, value
        return enclosure_of(self, self.mean(generation))

    def values(self) -> Iterator[Expr]:
        """Exact risks at generations 1, 2, …: fractions, or numbers to any precision for a law without a largest size.

        Raises
        ------
        DomainError
            Where the law of the pool's size fills pages.
        """
        table = self.sizes.support
        if table is None:
            yield from (self.at(g) for g in count(1))
            return
        ring = Arithmetic([*table.values(), self.curvature, self.real], j)
        inside = ring.holds(self.scale, self.offset)
        scale, offset = (ring.constant(part) if inside else part for part in (self.scale, self.offset))
        for g, moment in enumerate(self._moments(ring), start=1):
            if g * max(table) > LARGEST_TOTAL:
                raise DomainError(
                    f"generation = {g} is beyond exact values: the pool has {g * max(table)} sizes, so use "
                    f"numerics.evaluate."
                )
            yield ring.to_expression(offset + scale * moment) if inside else offset + scale * ring.to_expression(moment)

    def _moments(self, ring: Arithmetic) -> Iterator[Any]:
        table = {size: ring.constant(chance) for size, chance in (self.sizes.support or {}).items()}
        curvature, real = ring.constant(self.curvature), ring.function(self.real, j)
        zero = ring.constant(S.Zero)
        risks, chances = {0: zero}, {0: ring.constant(S.One)}
        for g in count(1):
            fraction_real = zero if g == 1 else real(g)
            bent = (1 - fraction_real) * curvature
            new: dict[int, Any] = {}
            law: dict[int, Any] = {}
            for before, chance in chances.items():
                for size, likely in table.items():
                    total = before + size
                    part = chance * likely
                    kept = 1 - fraction_real * size / total
                    gain = ring.constant(Rational(size, total**2))
                    moved = likely * ((kept * kept + bent * gain) * risks[before]) + part * gain
                    new[total] = new[total] + moved if total in new else moved
                    law[total] = law[total] + part if total in law else part
            risks, chances = new, law
            yield sum(risks.values(), zero)

    def limit_enclosure(self, digits: int) -> tuple[Expr, Expr] | None:
        """By balls around W(1), for rational generating functions; None for a pool that tends to 0, and for symbols.

        Raises
        ------
        NotDerivedError
            Where f is not rational, or so many terms are needed that the series are not summed.
        """
        if self.real != 0 or not all(part.is_Rational for part in (self.curvature, self.scale, self.offset)):
            return None
        if self.sizes.is_rational and not self.sizes.free_symbols:
            kappa, bits = to_flint(self.curvature), int(digits * 3.33) + 48
            for _ in range(_DOUBLINGS):
                ball = enclosed_factor(kappa, self.sizes.generating_function, bits)
                if ball is None:
                    break
                with ctx.workprec(2 * bits):
                    risk = arb(to_flint(self.offset)) + arb(to_flint(self.scale)) * (ball - 1) / arb(kappa)
                    low, high = ends(risk)
                if high - low <= Rational(1, 10**digits) * min(abs(low), abs(high)):
                    return low, high
                bits *= 2
        raise NotDerivedError(
            f"sizes = {self.sizes}: the limit is a number to any precision, by SymPy's N, and is not enclosed: the "
            f"series that end there are bounded for rational generating functions that do not take too many terms."
        )

    def limit(self, order: Order) -> Expr | None:
        """(W(1) − 1)/κ under accumulate, where the mean size is finite; 0 where a fixed fraction is real."""
        if self.real == 0:
            known = self.sizes.mean is not None and self.sizes.mean.is_finite
            return (pool_factor(self.curvature, self.sizes) - 1) / self.curvature if known else None
        # N_g/S_g sums to infinity and N_g/S_g² does not, whatever the sizes (Abel and Dini).
        return S.Zero if self.real.is_number else None

    def growth(self, order: Order) -> Expr | None:
        """The limit; of a contaminated pool as for equal blocks of the mean size from ρ = 1/2 on, by the law of large
        numbers, and below it the constant hangs on the first sizes: not derived.
        """
        real, mean = self.real, self.sizes.mean
        if real == 0:
            return self.limit(order)
        if not real.is_Rational or real < Rational(1, 2) or mean is None or not self.sizes.has_light_tail:
            return None
        return log(G) / (mean * G) if real == Rational(1, 2) else 1 / ((2 * real - 1) * mean * G)
