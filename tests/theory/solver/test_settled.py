"""Limits to which steps pull that tend to constant ones, and moments that fall for ever."""

import pytest
from sympy import Matrix, N, Rational, S, Symbol, expand, oo, sqrt

from theory import AgeWeighted, Bernoulli, Forgetting, GaussianMean, expected_risk, l
from theory.models.bent import BiasedSampler
from theory.moments.recurrence import MomentRecurrence
from theory.solver.settled import settled_limit
from theory.solver.solution import Solution

COIN, MEAN = Bernoulli("1/3", n=5), GaussianMean(n=3, sigma2=1)


@pytest.mark.parametrize("rate", ["1/2", "9/10", "2/3"])
@pytest.mark.parametrize(
    "model",
    [BiasedSampler(COIN, "9/10", "1/2"), BiasedSampler(MEAN, "1/10", -2), BiasedSampler(MEAN, "1/2", 3)],
    ids=str,
)
def test_a_fading_memory_ends_where_ages_of_the_same_law_do(model, rate):
    """Weights (1 − q) q^(l−1) have constant steps and a closed form, an argument of another kind."""
    q = Rational(rate)
    fading, ages = (expected_risk(model, workflow) for workflow in (Forgetting(q), AgeWeighted((1 - q) / q * q**l)))
    assert ages.closed_form is not None
    assert fading.closed_form is None
    for part in (fading, fading.bias, fading.variance):
        other = {"risk": ages, "bias": ages.bias, "variance": ages.variance}[part.part]
        assert part.limit == other.limit
        assert part.limit not in (0, oo)
    assert fading.growth == fading.limit


def test_with_any_rate():
    q = Symbol("q")
    limit = expected_risk(BiasedSampler(MEAN, "1/10", -2), Forgetting(q)).limit
    for rate in ("1/2", "9/10"):
        there = expected_risk(BiasedSampler(MEAN, "1/10", -2), Forgetting(rate)).limit
        assert limit.subs(q, Rational(rate)) == there


def moment(step, push, **given):
    return MomentRecurrence(
        start=2,
        matrix=Matrix([[step]]),
        forcing=Matrix([[push]]),
        readout=Matrix([[1]]),
        initial=Matrix([[S.Zero]]),
        **given,
    )


@pytest.mark.parametrize(
    ("step", "push", "limit"),
    [
        ("1/2 + 1/g", "3 - 1/g", 6),
        ("(3**g + g)/(2*3**g + g**9)", "1", 2),
        # Several powers, of which one outruns all others.
        ("(6**g + 5**g)/(2*6**g - 4**g*g)", "(5**g - 2**g)/5**g", 2),
        ("g/2**g", "(1/2)**g", 0),
        ("-1/2 + (1/3)**g", "3/2", 1),
        # These do not contract, or have no limit.
        ("1 - 1/g", "1/g", None),
        ("1 - 2**(-g)", "1", None),
        ("3/2", "1", None),
        ("-1", "1", None),
        ("1/2", "g", None),
        ("1/2", "(3/2)**g", None),
        ("1/2", "(-1)**g", None),
        ("1/2", "2**(g**2)/3**(g**2)", None),
    ],
)
def test_steps_that_tend_to_constant_ones(step, push, limit):
    g = moment(S.Zero, S.One).symbol
    parts = [S(part).subs(Symbol("g"), g) for part in (step, push)]
    recurrence = moment(*parts)
    assert settled_limit(recurrence, {}) == limit
    if limit is not None:
        assert abs(N(recurrence.at(200)) - limit) < Rational(1, 10)


def test_what_falls_for_ever_does_not_grow():
    """y_g = (1 + κ f) y + f with f < 0: the theorems for f > 0 hold of −y. κ > 0 pulls to −1/κ, κ < 0 drives to −∞."""
    g = moment(S.Zero, S.One).symbol
    for push in (1 / g, 1 / g**2, S.One / 4, 1 / (4 - 3 * Rational(1, 2) ** g)):
        for curvature in (Rational(1, 2), -Rational(1, 2)):
            rising, falling = (moment(expand(1 + sign * curvature * push), sign * push) for sign in (1, -1))
            mirrored = moment(expand(1 - curvature * push), push)
            limits = [Solution(item, {}).limit for item in (rising, falling, mirrored)]
            assert limits[1] == -limits[2]
            if push != 1 / g**2:
                assert limits[0] == (oo if curvature > 0 else 2)
                assert limits[1] == (-2 if curvature > 0 else -oo)
            else:
                assert abs(N(falling.at(3000) - limits[1])) < Rational(1, 500)


@pytest.mark.parametrize("curvature", [0, Rational(1, 9)])
def test_what_goes_to_and_fro_is_not_told(curvature):
    """The theorems are about terms of one sign from some generation on."""
    g = moment(S.Zero, S.One).symbol
    for push in ((Rational(1, 2) + (-1) ** g) / g, Symbol("c") / (g + sqrt(g))):
        found = Solution(moment(1 + curvature * push, push), {})
        assert (found.limit, found.growth) == (None, None)


@pytest.mark.parametrize(
    ("rows", "settles"),
    [
        ([[0, "1/2"], ["1/2", "1/2"]], True),
        ([["1/3", "2/3"], ["1/3", "1/3"]], True),
        # Whatever sums to 1 in every row keeps a mean for ever, and what is negative may hide it.
        ([["1/3", "2/3"], ["2/3", "1/3"]], False),
        ([[0, 1], [1, 0]], False),
        ([["1/3", "3/4"], ["1/3", "1/3"]], False),
        ([[0, "-2"], ["2", 0]], False),
    ],
)
def test_moments_that_feed_one_another(rows, settles):
    recurrence = MomentRecurrence(
        start=2, matrix=Matrix(rows), forcing=Matrix([1, 1]), readout=Matrix([[1, 0]]), initial=Matrix([0, 0])
    )
    found = settled_limit(recurrence, {})
    assert (found is not None) == settles
    if found is not None:
        assert found == ((Matrix([[1, 0], [0, 1]]) - Matrix(rows)).inv() * Matrix([1, 1]))[0]
        assert abs(recurrence.at(200) - found) < Rational(1, 10**6)
