"""Sizes without a largest one: against every history of sizes that matters, given which models are combined blocks."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from mpmath import e, ln, mpf, quad, workdps
from sympy import Integral, Lambda, N, Rational, S, Symbol, lambdify, log, oo

from numerics import evaluate
from theory import (
    Accumulate,
    Bernoulli,
    ContaminatedPool,
    Forgetting,
    G,
    GaussianMean,
    LabelledPool,
    NotDerivedError,
    RandomSizes,
    Regular,
    SlidingWindow,
    expected_risk,
    j,
)
from theory.expressions.unit_integral import UnitIntegral
from theory.moments.fading_sizes import FadingMean
from theory.moments.labelled_sizes import LabelledMean
from theory.moments.pool_means import PoolMean
from theory.moments.window_sizes import WindowMean

COIN, RARE = RandomSizes.uniform(2), RandomSizes.geometric("3/4")
#: Sizes that are enumerated; a larger one among three blocks has a chance below 3/4^12.
LARGEST, SEEN = 12, 3 / 4**12
P, KAPPA = Rational(1, 3), Rational(-1, 4)


def pooled(sizes, real):
    """Weights of blocks, and of fresh real rows beside them, of a contaminated pool."""
    weights = np.array(sizes) / sum(sizes)
    fresh = np.array([0.0, *([real] * (len(sizes) - 1))])
    return weights * (1 - fresh), weights * fresh


def labelled(sizes, real, share):
    if len(sizes) == 1:
        return np.ones(1), np.zeros(1)
    true = np.array([sizes[0], *(real * size for size in sizes[1:])])
    made = np.array([0.0, *sizes[1:]])
    whole = share * true / true.sum()
    synthetic = (1 - share) * made / made.sum()
    return np.array([whole[0], *synthetic[1:]]), np.array([0.0, *whole[1:]])


def windowed(sizes, length):
    weights = np.array([0.0] * max(0, len(sizes) - length) + list(sizes[-length:]))
    return weights / weights.sum(), np.zeros(len(sizes))


def faded(sizes, rates):
    weights = np.zeros(0)
    for g, size in enumerate(sizes, start=1):
        weights = np.append(weights * (rates(g) if g > 1 else 0), size)
    return weights / weights.sum(), np.zeros(len(sizes))


CASES = {
    "accumulate": (Accumulate(sizes=RARE), lambda s: pooled(s, 0.0), 0.0),
    "contaminated": (ContaminatedPool("1/4", sizes=RARE), lambda s: pooled(s, 0.25), 0.25),
    "labelled": (LabelledPool("1/2", share="1/4", sizes=RARE), lambda s: labelled(s, 0.5, 0.25), 0.5),
    "window": (SlidingWindow(2, sizes=RARE), lambda s: windowed(s, 2), 0.0),
    "fading": (Forgetting("1/2", sizes=RARE), lambda s: faded(s, lambda g: 0.5), 0.0),
    "longer memory": (Forgetting("1 - 1/(j + 1)", sizes=RARE), lambda s: faded(s, lambda g: 1 - 1 / (g + 1)), 0.0),
}


def given(sizes, weigh, real, kappa):
    """E δ² in units of the noise of a unit block: models as combinations of independent noises."""
    last = len(sizes)
    blocks, fresh = np.zeros((last, 2 * last)), np.zeros((last, 2 * last))
    variances = np.zeros(2 * last)
    blocks[0, 0], variances[0] = 1.0, 1 / sizes[0]
    for g in range(1, last + 1):
        weights, beside = weigh(sizes[:g])
        model = weights @ blocks[:g] + beside @ fresh[:g]
        square = model**2 @ variances
        if g < last:
            blocks[g] = model
            blocks[g, g], fresh[g, last + g] = 1.0, 1.0
            variances[g] = (1 + kappa * square) / ((1 - real) * sizes[g])
            variances[last + g] = 1 / (real * sizes[g]) if real else 0.0
    return square


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("kappa", [S.Zero, KAPPA], ids=["straight", "curved"])
def test_values_are_means_over_every_history(case, kappa):
    workflow, weigh, real = CASES[case]
    model = GaussianMean(1, 1) if kappa == 0 else Bernoulli(P, 4)
    risk, scale = expected_risk(model, workflow), 1 if kappa == 0 else P * (1 - P) / 4
    expected = sum(
        0.75 ** len(history) * 0.25 ** (sum(history) - len(history)) * given(history, weigh, real, float(kappa))
        for history in product(range(1, LARGEST + 1), repeat=3)
    )
    value = float(N(risk.at(3) / scale, 15))
    assert 0 <= value - expected + 1e-13 < 8 * SEEN  # no conditional risk exceeds 8
    assert evaluate(risk, [3]) == pytest.approx([value * float(scale)], rel=1e-12)
    low, high = risk.enclosure(3)
    assert low <= N(risk.at(3), 45) <= high
    assert high - low < low * 1e-12


def test_numbers_are_the_fractions_where_there_is_a_largest_size():
    quarter, half = Rational(1, 4), Rational(1, 2)
    rate = Lambda(Symbol("l"), half)
    numbers = {
        ContaminatedPool(quarter, sizes=COIN): PoolMean(COIN, KAPPA, quarter, 4),
        ContaminatedPool("1/j", sizes=COIN): PoolMean(COIN, KAPPA, 1 / j, 4),
        LabelledPool(half, share=quarter, sizes=COIN): LabelledMean(COIN, KAPPA, half, quarter, 4),
        SlidingWindow(2, sizes=COIN): WindowMean(COIN, KAPPA, 2, 4),
        SlidingWindow(3, sizes=COIN): WindowMean(COIN, KAPPA, 3, 4),
        Forgetting(half, sizes=COIN): FadingMean(COIN, KAPPA, rate, 4),
    }
    for workflow, moment in numbers.items():
        exact = expected_risk(Bernoulli(P, 4), workflow).at(4)
        assert exact.is_Rational
        assert abs(N(moment, 30) * P * (1 - P) / 4 - N(exact, 30)) < 1e-27, workflow


def test_more_sequences_than_moments_can_hold_are_run_in_fractions():
    """The same window by its moments and by sequences of sizes."""
    few = expected_risk(Bernoulli(P, 4), SlidingWindow(4, sizes=RandomSizes.uniform(3)))
    assert few.at(2) == expected_risk(Bernoulli(P, 4), SlidingWindow(2, sizes=RandomSizes.uniform(3))).at(2)
    assert few.at(4) == expected_risk(Bernoulli(P, 4), Accumulate(sizes=RandomSizes.uniform(3))).at(4)


def test_a_pool_is_written_as_integrals():
    moment = PoolMean(RARE, KAPPA, Rational(1, 2), 2)
    written = moment.integrals()
    inner = {part for part in written.atoms(Integral) if not part.function.has(Integral)}
    # A_1 = ∫ f/u du = ∫ 3/(4 − u) du.
    flat = written.xreplace({part: 3 * log(4 / (4 - part.limits[0][2])) for part in inner})
    (integral,) = flat.atoms(Integral)
    ((u, low, high),) = integral.limits
    value = quad(lambdify(u, integral.function, "mpmath"), [low, high]) + float(flat - integral)
    assert float(value) == pytest.approx(float(N(moment, 15)), rel=1e-12)


@pytest.mark.parametrize("real", ["1/2", "3/4"])
def test_pools_with_real_rows_tend_to_zero_as_those_of_the_mean_size(real):
    for sizes in (RARE, COIN):
        risk = expected_risk(Regular(1, 1), ContaminatedPool(real, sizes=sizes))
        assert risk.limit == 0
        near, far = (evaluate(risk, [g])[0] / float(risk.growth.subs(G, g)) for g in (100, 1600))
        if real == "1/2":  # (ln G + c)/G: c is what is left
            near, far = ((ratio - 1) * float(log(g)) for ratio, g in ((near, 100), (far, 1600)))
            assert near == pytest.approx(far, rel=0.05)
        else:  # G^(1 − 2ρ)/(…) is 1/√G here
            assert abs(far - 1) < abs(near - 1) / 3 < 0.1


def test_labelled_pools_tend_to_zero_as_those_of_the_mean_size():
    risk = expected_risk(Regular(1, 1), LabelledPool("1/4", share="3/4", sizes=COIN))
    near, far = (abs(evaluate(risk, [g])[0] / float(risk.growth.subs(G, g)) - 1) for g in (100, 1600))
    assert risk.limit == 0
    assert far < near / 3 < 0.1


def test_windows_and_memories_take_no_part_in_what_dies_out():
    sizes = RandomSizes.geometric("1/2")
    for workflow in (SlidingWindow(2, sizes=sizes), Forgetting("1/2", sizes=sizes)):
        assert expected_risk(Bernoulli(P, 4), workflow).limit == P * (1 - P)
        assert expected_risk(Regular(), workflow).limit == oo
    coin = expected_risk(Bernoulli(P, 2), Forgetting("1/2", sizes=RandomSizes.geometric("3/4")))
    assert P * (1 - P) - evaluate(coin, [100])[0] == pytest.approx(0, abs=1e-4)


def test_a_heavy_tail_is_refused_in_a_sentence():
    risk = expected_risk(Bernoulli(P, 4), ContaminatedPool("1/2", sizes=RandomSizes("1 - sqrt(1 - t)")))
    with pytest.raises(NotDerivedError, match="summed over no more"):
        N(risk.at(3), 15)


def test_limits_without_curvature_are_one_quadrature():
    limit = expected_risk(Regular(1, 1), Accumulate(sizes=RandomSizes.poisson(2))).limit
    with workdps(50):
        expected = quad(lambda x: -ln(1 - x * e ** (2 * (x - 1))) / x, [0, 0.5, 0.9, 1])
        assert abs(mpf(str(N(limit, 40))) - expected) < mpf(10) ** -38
    # SymPy's own evaluation takes seconds; a class of its own that it does not know is asked for its digits.
    assert all(type(part) is UnitIntegral for part in limit.atoms(Integral))
