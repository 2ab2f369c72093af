r"""Risks under blocks of random size as floating-point numbers.

Without curvature :math:`\sum_{g \le G} \frac1g \int_0^1 f^g\,dt/t` by double exponential quadrature, whose nodes crowd
at the ends, where :math:`f^g` lives for large g: all integrals share them. Otherwise the law of the pool's size, step
by step: all terms are positive, so rounding adds at most a unit in the last place a generation.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import islice

import mpmath
import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter
from sympy import Expr, Matrix, N, Poly, cancel, fraction, lambdify, together

from numerics.late_pools import late_pools, run_late
from theory.errors import DomainError
from theory.expressions.random_sizes import RandomSizes
from theory.expressions.symbols import j, t
from theory.moments.fading_totals import FadingTotals
from theory.moments.mean_steps import MeanSteps
from theory.moments.pooled_gains import PooledGains
from theory.moments.random_sizes import PooledSizes, PooledTotals

Array = NDArray[np.float64]

#: Generations that are summed, and generations of a pool whose law is run.
LONGEST_SUM, LONGEST_LAW = 10**6, 20_000
#: Generations of least squares on all rows, and digits of their integrals.
LONGEST_GAINS, _QUAD_DIGITS = 2000, 20
#: Half the width, and the step, of the double exponential rule; digits in which its nodes are found.
_WIDTH, _STEP, _DIGITS = 5.0, 1 / 24, 120
#: Generations for which it does not pay to go on by moments.
SHORT_RUN = 100
#: Chances of a pool's size that are left out, relative to all.
_NEGLIGIBLE = 1e-24


def evaluate_totals(recurrence: PooledTotals, generations: list[int]) -> dict[int, float]:
    """The risk at some generations."""
    last = max(generations)
    verify_reach(last, LONGEST_SUM)
    exponents, weights = _nodes(recurrence.sizes)
    moments, total = np.empty(last), 0.0
    for first in range(0, last, 4096):
        g = np.arange(first + 1, min(first + 4096, last) + 1, dtype=float)
        terms = np.exp(-np.outer(g, exponents)) @ weights / g
        part = total + np.cumsum(terms)
        moments[first : first + len(g)], total = part, part[-1]
    scale, offset = number(recurrence.scale), number(recurrence.offset)
    return {g: float(offset + scale * moments[g - 1]) for g in generations}


def evaluate_fading(recurrence: FadingTotals, generations: list[int]) -> dict[int, float]:
    """The risk at some generations: the integrals of all gains share their nodes, and products are carried on.

    By u = exp(x − e^(−x)) the integrand falls double exponentially at both ends; all of it is positive. Gains fall to
    their limit like q^g, and are it to the last bit from there on.
    """
    last = max(generations)
    verify_reach(last, LONGEST_SUM)
    x = np.arange(-5.0, 7.0, _STEP / 2)
    u = np.exp(x - np.exp(-x))
    law = recurrence.sizes.generating_function
    f, slope = (lambdify(t, part, "numpy") for part in (law, law.diff(t)))
    q = float(recurrence.rate)
    terms = u * np.exp(-u) * slope(np.exp(-u)) * u * (1 + np.exp(-x)) * (_STEP / 2)
    moments, total, faded = [0.0], 0.0, u
    for _ in range(last):
        gain = float(np.sort(terms).sum())
        total += gain
        moments.append(total)
        faded = faded * q
        terms = terms * f(np.exp(-faded))
        if float(np.sort(terms).sum()) == gain:
            break
    reached = len(moments) - 1
    scale, offset = number(recurrence.scale), number(recurrence.offset)
    found = {g: moments[min(g, reached)] + max(g - reached, 0) * gain for g in generations}
    return {g: float(offset + scale * moment) for g, moment in found.items()}


@lru_cache(maxsize=32)
def _nodes(sizes: RandomSizes) -> tuple[Array, Array]:
    """−ln f at the nodes, and weights of ∫ … dt/t."""
    exponents, weights = [], []
    with mpmath.workdps(_DIGITS):
        function = lambdify(t, sizes.generating_function, "mpmath")
        for index in range(-int(_WIDTH / _STEP), int(_WIDTH / _STEP) + 1):
            x = mpmath.mpf(index) * mpmath.mpf(_STEP)
            bent = mpmath.pi / 2 * mpmath.sinh(x)
            node = 1 / (1 + mpmath.exp(-2 * bent))
            # dt/t with t = 1/(1 + e^(−2 bent)).
            weight = mpmath.pi * mpmath.cosh(x) / (1 + mpmath.exp(2 * bent)) * _STEP
            exponents.append(float(-mpmath.log(mpmath.re(function(node)))))
            weights.append(float(weight))
    return np.array(exponents), np.array(weights)


def evaluate_sizes(recurrence: PooledSizes, generations: list[int]) -> dict[int, float]:
    """The risk at some generations, by the law of the pool's size, and late ones by its moments."""
    last = max(generations)
    verify_reach(last, LONGEST_LAW)
    scale, offset = number(recurrence.scale), number(recurrence.offset)
    wanted = set(generations)
    values = islice(enumerate(_pooled_moments(recurrence, last), start=1), last)
    return {g: float(offset + scale * moment) for g, moment in values if g in wanted}


def _pooled_moments(recurrence: PooledSizes, last: int) -> Iterator[float]:
    """The moment at generations 1, 2, …, ``last``."""
    curvature = number(recurrence.curvature)
    constant = number(recurrence.real) if recurrence.real.is_number else None
    chances = np.array([float(chance) for chance in recurrence.sizes.chances_that_matter()])
    sizes = np.arange(1, len(chances) + 1, dtype=float)
    once, twice = sizes * chances, sizes**2 * chances
    risks, law, lowest = np.zeros(1), np.ones(1), 0
    filters = _filters(recurrence.sizes) if recurrence.sizes.support is None else None
    late = late_pools(recurrence.sizes) if constant is not None and last > SHORT_RUN else None
    for g in range(1, last + 1):
        if late is not None and constant is not None and g > late.begins:
            yield from run_late(late, curvature, constant, risks, law, lowest, last)
            return
        later = number(recurrence.real.subs(j, g)) if constant is None else constant
        real = 0.0 if g == 1 else later
        totals = lowest + 1 + np.arange(len(law) + len(chances) - 1, dtype=float)
        if filters is not None and not real:
            # A rational generating function is a filter of a few taps.
            padded, held = (np.concatenate((part, np.zeros(len(chances) - 1))) for part in (risks, law))
            (plain, slope), bottom = filters
            moved, drawn = (lfilter(plain, bottom, part) for part in (padded, held))
            risks = moved + lfilter(slope, np.convolve(bottom, bottom), curvature * padded + held) / totals**2
            law, lowest = drawn, lowest + 1
        else:
            moved = np.convolve(risks, chances)
            gained = np.convolve(risks, once) if real or curvature else np.zeros(1)
            squared = np.convolve(risks, twice) * real**2 if real else 0.0
            risks = moved - 2 * real * gained / totals + (squared + (1 - real) * curvature * gained) / totals**2
            risks += np.convolve(law, once) / totals**2
            law, lowest = np.convolve(law, chances), lowest + 1
        risks, law, lowest = trimmed(risks, law, lowest)
        yield float(risks.sum())


def trimmed(risks: Array, law: Array, lowest: int) -> tuple[Array, Array, int]:
    """Without the ends whose chances are negligible."""
    kept = np.flatnonzero(law > _NEGLIGIBLE * law.max())
    return risks[kept[0] : kept[-1] + 1], law[kept[0] : kept[-1] + 1], lowest + int(kept[0])


def _filters(sizes: RandomSizes) -> tuple[tuple[Array, Array], Array] | None:
    """f/t and f' as filters over the denominator of f, and over its square; None where f is not rational."""
    if not sizes.is_rational:
        return None
    top, bottom = fraction(cancel(together(sizes.generating_function)))
    p, q = Poly(top, t), Poly(bottom, t)
    slope = p.diff(t) * q - p * q.diff(t)
    plain, over, sloped = ([float(c) for c in reversed(part.all_coeffs())] for part in (p.quo(Poly(t, t)), q, slope))
    return (np.array(plain), np.array(sloped)), np.array(over)


def evaluate_gains(recurrence: PooledGains, generations: list[int]) -> dict[int, float]:
    """The risk at some generations: Σ f^g/g over the weight, in one integral each."""
    verify_reach(max(generations), LONGEST_GAINS)
    if recurrence.sizes.support is not None:
        values = dict(enumerate(islice(recurrence.values(), max(generations)), start=1))
        return {g: number(values[g]) for g in generations}
    function, weight = (
        lambdify(t, part, "mpmath") for part in (recurrence.sizes.generating_function, recurrence.weight)
    )
    scale, offset = number(recurrence.scale), number(recurrence.offset)
    found = {}
    with mpmath.workdps(_QUAD_DIGITS):
        for g in generations:

            def integrand(at: mpmath.mpf, last: int = g) -> mpmath.mpf:
                f, power, total = function(at), mpmath.mpf(1), mpmath.mpf(0)
                for step in range(1, last + 1):
                    power *= f
                    total += power / step
                return total * weight(at)

            found[g] = float(offset + scale * mpmath.quad(integrand, [0, 0.5, 1]))
    return found


def evaluate_means(recurrence: MeanSteps, generations: list[int]) -> dict[int, float]:
    """The risk at some generations, each integral of the steps taken once."""
    verify_reach(max(generations), LONGEST_LAW)
    moments = recurrence.moments
    scale, offset = (number(part) for part in (moments.scale, moments.offset))
    outer, shift = (number(part) for part in (recurrence.scale, recurrence.offset))
    wanted, found = set(generations), {}
    with mpmath.workdps(_DIGITS // 4):

        def numbers(matrix: Matrix) -> mpmath.matrix:
            return mpmath.matrix([[mpmath.mpf(str(N(e, 30))) for e in row] for row in matrix.tolist()])

        step, forcing, readout, state = (
            numbers(part) for part in (moments.matrix, moments.forcing, moments.readout, moments.initial)
        )
        added = mpmath.mpf(str(N(moments.shift, 30)))
        for g in range(1, max(generations) + 1):
            state = step * state + forcing if g >= moments.start else state
            if g in wanted:
                value = (readout * state)[0] + added
                found[g] = float(shift + outer * (offset + scale * value))
    return found


def number(value: Expr) -> float:
    """A constant as a double."""
    return float(N(value, 30))


def verify_reach(last: int, most: int) -> None:
    """Refuse a generation beyond those that are run, with a DomainError."""
    if last > most:
        raise DomainError(f"generation = {last} is out of reach for blocks of random size: give {most} or less.")
