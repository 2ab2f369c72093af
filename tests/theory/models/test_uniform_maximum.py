"""The maximum of uniforms: exact moments against integrals done by hand, and against drawn points."""

from __future__ import annotations

import pytest
from sympy import Integer, N, Rational, Symbol, integrate, limit, log, nsimplify, oo, simplify, symbols

from numerics import crosscheck, evaluate, simulate
from theory import (
    Accumulate,
    AccumulateSubsample,
    DomainError,
    FreshReal,
    NotDerivedError,
    RealPlusLatest,
    Replace,
    SlidingWindow,
    expected_risk,
    j,
)
from theory.models.uniform_maximum import UniformMaximum
from theory.proof import check, prove
from theory.workflows.capped_real import CappedReal
from theory.workflows.real_and_synthetic import RealAndSynthetic

n = Symbol("n", integer=True, positive=True)
x, m = symbols("x m", positive=True)


def test_the_rate_is_one_over_n_squared():
    raw, unbiased = (expected_risk(UniformMaximum(unbiased=flag), Replace()) for flag in (False, True))
    assert [limit(raw.at(g) * n**2, n, oo) for g in (1, 2, 5)] == [2, 6, 30]
    assert [limit(unbiased.at(g) * n**2, n, oo) for g in (1, 2, 5)] == [1, 2, 5]
    assert raw.leading_order.at(5) == 30 / n**2
    assert unbiased.leading_order.at(5) == 5 / n**2


@pytest.mark.parametrize("size", [1, 3])
def test_generation_two_of_replace_by_integrals(size):
    density, second = size * x ** (size - 1), size * m ** (size - 1)
    for c, flag in ((Integer(1), False), (Rational(size + 1, size), True)):
        expected = integrate(integrate((c**2 * x * m - 1) ** 2 * density * second, (x, 0, 1)), (m, 0, 1))
        assert expected_risk(UniformMaximum(n=size, unbiased=flag), Replace()).at(2) == expected


def test_the_raw_range_shrinks_to_nothing():
    risk = expected_risk(UniformMaximum(theta=3, n=4), Replace())
    assert (risk.limit, risk.growth) == (9, 9)
    assert (risk.bias.limit, risk.variance.limit) == (-3, 0)
    assert risk.at(4) == risk.bias.at(4) ** 2 + risk.variance.at(4)
    assert expected_risk(UniformMaximum(n=1, unbiased=True), Replace(sizes=j)).limit == 1


@pytest.mark.parametrize(
    "workflow",
    [Accumulate(), Accumulate(sizes=j), RealPlusLatest(), CappedReal(2), RealAndSynthetic(1, 3, overlap=True)],
    ids=str,
)
def test_a_pool_with_the_real_block_never_moves(workflow):
    risk = expected_risk(UniformMaximum(theta=2), workflow)
    assert risk.ratio.closed_form == 1
    assert simplify(risk.at(1) - 8 / (n + 1) / (n + 2)) == 0


@pytest.mark.parametrize("workflow", [Accumulate(), RealPlusLatest()], ids=str)
@pytest.mark.parametrize("size", [1, 2])
def test_generation_two_of_a_corrected_pool_by_integrals(workflow, size):
    """The second block lies on [0, c_1 x]; where it passes x its maximum counts."""
    first, both = Rational(size + 1, size), Rational(2 * size + 1, 2 * size)
    density = size * x ** (size - 1)
    stay = both * x, 1 / first
    kept = (stay[0] - 1) ** 2 * stay[1] ** size
    passed = integrate((both * first * x * m - 1) ** 2 * size * m ** (size - 1), (m, 1 / first, 1))
    expected = integrate((kept + passed).expand() * density, (x, 0, 1))
    assert expected_risk(UniformMaximum(n=size, unbiased=True), workflow).at(2) == expected


def test_generation_three_of_an_anchored_pool_by_an_integral():
    # n = 1: Y_2 = (3/2) max(1, 2 m), Y_3 = (3/2) max(1, Y_2 m').
    def after(y):
        return [(Rational(3, 2)) ** s * (y**s + s / y) / (1 + s) for s in (1, 2)]

    low = after(Rational(3, 2))
    high = [integrate(part, (m, Rational(1, 2), 1)) for part in after(3 * m)]
    mean, square = (a / 2 + b for a, b in zip(low, high, strict=True))
    expected = square / 3 - mean + 1
    assert simplify(expected_risk(UniformMaximum(n=1, unbiased=True), RealPlusLatest()).at(3) - expected) == 0


def test_an_anchored_pool_settles_like_a_queue():
    risk = expected_risk(UniformMaximum(n=1, unbiased=True), RealPlusLatest())
    assert simplify(risk.limit - log(Rational(3, 2))) == 0
    # the distance shrinks by a factor of about 0.64 a generation
    assert abs(evaluate(risk, 6) - float(risk.limit)) < 0.004
    assert abs(evaluate(risk, 9) - float(risk.limit)) < 0.001
    three = expected_risk(UniformMaximum(theta=2, n=3, unbiased=True), RealAndSynthetic(1, 2, overlap=True))
    distances = [[float(part.limit - part.at(g)) for g in (4, 6)] for part in (three, three.bias)]
    assert all(abs(late) < 0.7 * abs(early) for early, late in distances)


def test_fresh_points_by_integrals():
    """Model 2 is the larger of a fresh point and of a point below the first: n = 1."""
    found = expected_risk(UniformMaximum(n=1), FreshReal()).at(2)
    below = integrate(integrate((x * m - 1) ** 2 * x * m, (m, 0, 1)), (x, 0, 1))
    y = Symbol("y", positive=True)
    above = integrate((y - 1) ** 2 * (y - y * log(y)), (y, 0, 1))
    assert nsimplify(found) == below + above


def test_numbers_are_those_of_letters_and_late_ones_are_near_the_limit() -> None:
    """Polynomials in two logarithms over Q, and by SymPy where n is a symbol; the queue forgets exponentially."""
    risk, letters = (expected_risk(UniformMaximum(n=n, unbiased=True), RealPlusLatest()) for n in (3, None))
    for part in ("bias", "risk"):
        known, general = (getattr(item, part, item) for item in (risk, letters))
        assert abs((general.at(4).subs(n, 3) - known.at(4)).evalf(30)) < 1e-25
    far = [abs((risk.at(g) - risk.limit).evalf(40)) for g in (12, 24, 48)]
    assert far[2] < 0.1 * far[1] < 0.01 * far[0]


WORKFLOWS = [Replace(), Replace(sizes=2), Accumulate(), Accumulate(sizes=j), RealPlusLatest(), FreshReal(real=2)]


@pytest.mark.parametrize("method", ["raw", "exact-law"])
@pytest.mark.parametrize("unbiased", [False, True])
@pytest.mark.parametrize("workflow", WORKFLOWS, ids=str)
def test_drawn_points(workflow, unbiased, method):
    model = UniformMaximum(theta=2, n=3, unbiased=unbiased)
    if unbiased and isinstance(workflow, FreshReal):
        with pytest.raises(NotDerivedError, match="fresh points"):
            expected_risk(model, workflow)
        return
    run = simulate(model, workflow, 5, replicates=60_000, seed=2, method=method)
    verdict = crosscheck(expected_risk(model, workflow), run)
    assert verdict.passed, verdict.reason
    assert verdict.detectable < 0.04


@pytest.mark.parametrize("unbiased", [False, True])
def test_certificates(unbiased):
    assert check(prove(expected_risk(UniformMaximum(unbiased=unbiased), Replace())))


class TestWhatIsRefused:
    @pytest.mark.parametrize(
        ("workflow", "says"),
        [
            (SlidingWindow(2), "which of its blocks holds the maximum"),
            (AccumulateSubsample(), "subsample"),
            (RealPlusLatest(share="1/3"), "weighs samples of model 2 unequally"),
            (FreshReal(share="1/3"), "weighs samples of model 2 unequally"),
            (RealAndSynthetic(2, 1, overlap=True), "fresh points"),
        ],
        ids=str,
    )
    def test_workflows(self, workflow, says):
        with pytest.raises(NotDerivedError, match=says):
            expected_risk(UniformMaximum(n=4), workflow)

    @pytest.mark.parametrize(
        ("arguments", "says"),
        [
            ({"theta": -1}, "theta = -1 is not allowed: theta must be positive"),
            ({"n": 0}, "n = 0 is not allowed"),
            ({"n": "3/2"}, "n = 3/2 is not allowed"),
            ({"unbiased": 1}, "unbiased = 1 is not allowed: it must be True or False"),
        ],
    )
    def test_arguments(self, arguments, says):
        with pytest.raises(DomainError, match=says):
            UniformMaximum(**arguments)

    def test_fractions_of_a_sample(self):
        with pytest.raises(DomainError, match="make 3/2 samples"):
            expected_risk(UniformMaximum(n=3), Replace(sizes="1/2"))


@pytest.mark.parametrize("n", [1, 2, 3])
def test_where_the_unbiased_maximum_of_all_blocks_settles(n):
    """To a number, by infinite products; what is left at G is of order 1/G, and of order 1/G² in 2 r(2G) − r(G)."""
    risk = expected_risk(UniformMaximum(n=n, unbiased=True), Accumulate())
    for part in (risk, risk.bias, risk.variance):
        near, far = (2 * part.at(2 * g) - part.at(g) - N(part.limit, 25) for g in (60, 240))
        assert abs(far) < 1e-5
        assert abs(near / far) > 12
        assert part.growth == part.limit
