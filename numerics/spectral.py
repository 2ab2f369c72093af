r"""Integrated squared error of a kernel density by quadrature, at any generation and bandwidth schedule.

With :math:`r = e^u` the integral over frequencies is :math:`\int F(u)\,du`, F(u) = c_d r^d \bar f(r), over the whole
line, where :math:`\bar f` is the spherical mean of :math:`E|\varphi_g - \varphi_0|^2`, run by
:func:`theory.models.kernels.spectral.second_moments` for all nodes at once in ball arithmetic. The trapezoidal
rule of step δ converges exponentially, whatever the generation, because :math:`\bar f` is a combination, of total mass
at most 4, of :math:`e^{-s r^2}` and of its product with the spherical mean of
:math:`\cos(r\,\omega\cdot\Delta)`. All of these are bounded in a strip |Im u| < a < π/4, there

.. math:: |e^{-s r^2}| \le e^{-s |r|^2 \cos 2a}, \qquad
   |\cos(r\,\omega\cdot\Delta)| \le e^{\theta s |r|^2\cos 2a + |\Delta|^2\sin^2 a/(4\theta s\cos 2a)},

so that :math:`\int |F| \le B = 4\,(4\pi(1-\theta)s\cos 2a)^{-d/2} e^{|\Delta|^2 \sin^2 a/(4\theta s\cos 2a)}` on every
line of it (θ = 0 where Δ = 0), and the error is at most :math:`2B/(e^{2\pi a/\delta} - 1)` (Trefethen and Weideman
2014, *The exponentially convergent trapezoidal rule*, SIAM Review 56, Theorem 5.1). What is cut off is bounded by

.. math:: \bar f(r) \le 2 d r^2\bigl(2\sigma^2 + \textstyle\sum_{i\le g} h_i^2\bigr), \qquad \bar f(r) \le 4 e^{-s r^2},
   \qquad s = \min(h_g^2, v_{\min}).

So the error is stated, not estimated. Derived here.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import numpy as np
from flint import acb, arb, ctx, fmpq
from numpy.typing import NDArray
from sympy import Expr

from numerics.evaluate import runner, settle
from theory.errors import DomainError
from theory.expressions.balls import BallProgram
from theory.models.kernels.spectral import SpectralRecurrence, Step, second_moments
from theory.moments.recurrence import Recurrence
from theory.risk import Risk
from theory.workflows.dynamics import GENERATION

LONGEST_RUN = 20_000
"""Generations that are run rather than refused: half a minute for a state of one number."""

LONGEST_TABLE = 100
"""The same where every block is a number of the state."""

GUARD_BITS = 8
"""Bits by which the quadrature is better than what is asked for."""

_HALF_WIDTHS = tuple(math.pi / 4 * share / 24 for share in range(1, 24))
"""Half-widths a of the strip that are tried, each with every θ of"""
_SHARES = (0.25, 0.5, 0.75)

MOST_NODES = 3000
"""Frequencies of one quadrature, and generations for which exact sums take the place of a longer one."""

LONGEST_EXACT = 200

VERIFIED = 100
"""Generations at which a schedule is asked whether it is positive."""


class TooManyNodes(DomainError):
    """The integrand oscillates too fast for a quadrature worth the wait."""


@dataclass(frozen=True)
class SpectralValue:
    """An integrated squared error, and a bound on the distance to the true one."""

    value: float
    error: float


def integrate(risk: Risk, generation: int, digits: int = 15) -> SpectralValue:
    """The integrated squared error at one generation by quadrature, with its error.

    Parameters
    ----------
    risk : Risk
        Of a kernel density, with numbers for parameters.
    generation : int
    digits : int, default 15
        Relative accuracy asked for.

    Raises
    ------
    DomainError
        When the risk is not an integral over frequencies, or the generation is out of reach.

    Examples
    --------
    >>> from theory import Replace, expected_risk
    >>> from theory.models.kernel_density import KernelDensity
    >>> found = integrate(expected_risk(KernelDensity("1/2", n=4), Replace()), 2)
    >>> round(found.value, 12), found.error < 1e-15
    (0.122877666884, True)
    """
    recurrence = risk.recurrence
    if not isinstance(recurrence, SpectralRecurrence):
        raise DomainError(f"risk = {risk} is no integral over frequencies: give the error of a kernel density.")
    if generation < 1:
        raise DomainError(f"generation = {generation} is not a generation: give a whole number, 1 or more.")
    bits = 2 * math.ceil(digits * math.log2(10)) + GUARD_BITS
    ball = run_spectral(recurrence, [generation], bits)[generation].real
    value = float(ball.mid())
    return SpectralValue(value, float(abs(ball - arb(value)).upper()))


@runner.register
def _(recurrence: SpectralRecurrence, risk: Risk, generations: list[int]) -> dict[int, float]:
    try:
        return settle(lambda left, bits: run_spectral(recurrence, list(left), bits), generations, partial=False)
    except TooManyNodes as refusal:
        # Components far apart oscillate fast; with one bandwidth the exact sum does not mind.
        if recurrence.bandwidths.constant is None or max(generations) > LONGEST_EXACT:
            raise DomainError(str(refusal)) from None
        return runner.dispatch(Recurrence)(recurrence, risk, generations)


def run_spectral(recurrence: SpectralRecurrence, generations: Collection[int], bits: int) -> dict[int, acb]:
    """The risk at some generations, as balls that hold both rounding and quadrature error.

    They are computed with ``bits`` bits, the quadrature to a relative accuracy of 2^(−bits/2).
    """
    last = max(generations)
    longest = LONGEST_TABLE if recurrence.steps.linear is None and recurrence.steps.memory > last else LONGEST_RUN
    if last > longest:
        raise DomainError(
            f"generations = {last} is out of reach: without a closed form the frequencies are run step by step, "
            f"for generations up to {longest} under {recurrence.workflow.name}."
        )
    with ctx.workprec(bits):
        integrand = _Integrand(recurrence, sorted(set(generations)), bits)
        scale, offset = _number(recurrence.scale, bits), _number(recurrence.offset, bits)
        # The error allowed is relative to values not yet known: begin with the size of ∫ e^(−s|t|²).
        goal = bits // 2 * math.log(2)
        log_error = integrand.log_mass(0.0) - goal - GUARD_BITS
        while True:
            totals, error = integrand.integrals(log_error)
            smallest = min(float(abs(total.mid()).log()) for total in totals.values())
            excess = float(error.log()) - smallest + goal
            if excess <= 0:
                return {g: acb(offset + scale * (total + arb(0, error))) for g, total in totals.items()}
            log_error -= excess + GUARD_BITS


class _Integrand:
    """F(u) and its bounds, for the generations wanted."""

    def __init__(self, recurrence: SpectralRecurrence, wanted: list[int], bits: int) -> None:
        self.wanted, self.bits = wanted, bits
        self.d = int(recurrence.d)
        self.steps = [_in_balls(step, bits) for step in _first(recurrence, wanted[-1])]
        self.squared = _squared_bandwidths(recurrence, wanted[-1], bits)
        self.overlaps = [
            tuple(_number(value, bits) for value in (term.weight, term.variance, term.distance))
            for term in recurrence.truth.overlaps
        ]
        self.narrowest = _smallest([variance / 2 for _, variance, _ in self.overlaps])
        self.widest = max((distance for _, _, distance in self.overlaps), key=lambda ball: float(ball.upper()))
        self.smooth = _smallest([self.narrowest, *(self.squared[g] for g in wanted)])
        total_variance = _number(recurrence.bandwidths.variance, bits)
        self.moment = 2 * self.d * (2 * total_variance + sum(self.squared[1:], arb(0)))
        d = arb(self.d)
        #: Area of the sphere over (2π)^d.
        self.area = 2 * arb.pi() ** (d / 2) / (d / 2).gamma() / (2 * arb.pi()) ** self.d

    def mass(self, a: arb, theta: arb) -> arb:
        """B: a bound of ∫ |F| on the lines of the strip |Im u| < a."""
        cosine, half = (2 * a).cos(), arb(-self.d) / 2
        plain = (4 * arb.pi() * self.smooth * cosine) ** half
        if self.widest == 0:
            return 4 * plain
        waves = (self.widest * a.sin() ** 2 / (4 * theta * self.narrowest * cosine)).exp()
        apart = (4 * arb.pi() * (1 - theta) * self.narrowest * cosine) ** half * waves
        return 4 * (plain + apart)

    def log_mass(self, a: float, theta: float = 0.5) -> float:
        return float(self.mass(arb(a), arb(theta)).log())

    def integrals(self, log_error: float) -> tuple[dict[int, arb], arb]:
        """The integrals at the generations wanted, and a bound on the error of each, near exp(log_error)."""
        step, aliasing = self._step(log_error)
        nodes, cut = self._nodes(step, log_error)
        frequencies = _Frequencies(nodes, self.d, self.squared, self.overlaps)
        weights = np.array([step * self.area * r**self.d for r in nodes], dtype=object)
        found = {}
        for moments in second_moments(self.steps, frequencies):
            if moments.generation in self.wanted:
                found[moments.generation] = (weights * moments.error).sum()
        return found, aliasing + cut

    def _step(self, log_error: float) -> tuple[arb, arb]:
        """The longest step over all strips whose error is small enough, and the error."""
        choices = []
        for a in _HALF_WIDTHS:
            for theta in _SHARES:
                # log(1 + 2B/ε), where 2B/ε is large
                choices.append((2 * math.pi * a / (self.log_mass(a, theta) + math.log(3) - log_error), a, theta))
        step, a, theta = max(choices)
        bound = 2 * self.mass(arb(a), arb(theta)) / (2 * arb.pi() * arb(a) / arb(step)).expm1()
        return arb(step), bound.upper()

    def _nodes(self, step: arb, log_error: float) -> tuple[list[arb], arb]:
        """The nodes r = e^(kδ) outside of which the sum is small enough, and a bound on what it is."""
        delta, d = float(step), self.d
        left = (log_error - float((self.area * self.moment).log())) / (d + 2)
        first = math.floor(left / delta) - 1
        edge = (first * step).exp()
        below = step * self.area * self.moment * edge ** (d + 2) / (1 - (-(d + 2) * step).exp())
        last = math.ceil(math.log(math.sqrt(d / (2 * float(self.smooth)))) / delta)
        while True:
            last += 1
            edge = (last * step).exp()
            term = 4 * step * self.area * edge**d * (-self.smooth * edge**2).exp()
            ratio = (d * step - self.smooth * edge**2 * (2 * step).expm1()).exp()
            if ratio < 1:
                above = term / (1 - ratio)
                if float(above.log().upper()) < log_error:
                    break
        if last - first > MOST_NODES:
            raise TooManyNodes(
                f"truth = a mixture of components far apart needs {last - first} frequencies, {MOST_NODES} at most: "
                f"give a constant bandwidth and few generations, or simulate."
            )
        return [(k * step).exp() for k in range(first + 1, last)], (below + above).upper()


class _Frequencies:
    """All nodes at once, as arrays of balls."""

    def __init__(self, nodes: list[arb], d: int, squared: list[arb], overlaps: list[tuple[arb, ...]]) -> None:
        self.one = np.array([arb(1)] * len(nodes), dtype=object)
        self._half_squares = [r**2 / 2 for r in nodes]
        self._squared = squared
        self._known: tuple[arb | None, NDArray[Any], NDArray[Any]] = (None, self.one, self.one)
        self.truth = np.array(
            [
                sum((w * (-v * s).exp() * (-delta * s / 2).hypgeom_0f1(arb(d) / 2) for w, v, delta in overlaps), arb(0))
                for s in self._half_squares
            ],
            dtype=object,
        )

    def smoothed(self, g: int, element: NDArray[Any]) -> NDArray[Any]:
        return element if g == 0 else self._kernel(g)[0] * element

    def lost(self, g: int, element: NDArray[Any]) -> NDArray[Any]:
        return 0 * element if g == 0 else self._kernel(g)[1] * element

    def of_truth(self, element: NDArray[Any]) -> NDArray[Any]:
        return self.truth * element

    def _kernel(self, g: int) -> tuple[NDArray[Any], NDArray[Any]]:
        """κ_g and 1 − κ_g, without cancellation."""
        width = self._squared[g]
        if self._known[0] is not width:
            kept = np.array([(-width * s).exp() for s in self._half_squares], dtype=object)
            lost = np.array([-(-width * s).expm1() for s in self._half_squares], dtype=object)
            self._known = (width, kept, lost)
        return self._known[1], self._known[2]


def _first(recurrence: SpectralRecurrence, count: int) -> Iterator[Step]:
    return islice(iter(recurrence.steps), count)


def _in_balls(step: Step, bits: int) -> Step:
    """The step with balls for coefficients."""

    def sparse(entries: list[tuple[int, Any]]) -> list[tuple[int, Any]]:
        return [(index, _ball(value, bits)) for index, value in entries]

    return replace(
        step,
        transition=[sparse(row) for row in step.transition],
        gain=sparse(step.gain),
        before=sparse(step.before),
        readout=sparse(step.readout),
        fresh=sparse(step.fresh),
        noise=_ball(step.noise, bits),
        fresh_noise=_ball(step.fresh_noise, bits),
        spread=_ball(step.spread, bits),
    )


def _ball(value: Any, bits: int) -> Any:
    if isinstance(value, fmpq):
        # whole numbers stay exact, so that a coefficient of one costs nothing
        return int(value.p) if value.q == 1 else arb(value)
    return _number(value, bits)


def _number(value: Expr, bits: int) -> arb:
    return BallProgram(value, GENERATION).at_precision(bits)(1).real


def _squared_bandwidths(recurrence: SpectralRecurrence, last: int, bits: int) -> list[arb]:
    """h_0², …, h_last², with h_0 = 0; a constant is one object."""
    bandwidths = recurrence.bandwidths
    if bandwidths.constant is not None:
        return [arb(0)] + [_number(bandwidths.constant, bits)] * last
    for g in range(1, min(last, VERIFIED) + 1):
        bandwidths.squared(g)
    if bandwidths.schedule is not None:
        schedule = BallProgram(bandwidths.schedule, GENERATION).at_precision(bits)
        return [arb(0), *(schedule(g).real for g in range(1, last + 1))]
    return [arb(0), *(_number(bandwidths.squared(g), bits) for g in range(1, last + 1))]


def _smallest(balls: list[arb]) -> arb:
    """The smallest of some positive numbers, rounded down."""
    return min((ball.lower() for ball in balls), key=float)
