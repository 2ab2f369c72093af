"""Medians: exact variances against integrals done another way, and against drawn points."""

from __future__ import annotations

import pytest
from mpmath import erfc, exp, inf, mp, mpf, pi, quad, sqrt
from sympy import Rational, Symbol, binomial, factorial, integrate, oo, symbols
from sympy import exp as e
from sympy import pi as circle
from sympy import sqrt as root

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
from theory.models.gaussian_median import enclosed
from theory.models.location import Location, laplace_median_variance
from theory.proof import check, prove

x, y = symbols("x y", positive=True)


@pytest.mark.parametrize("n", [1, 3, 5])
def test_laplace_odd_by_an_integral(n):
    k = (n - 1) // 2
    tail = e(-x) / 2
    density = n * binomial(2 * k, k) * (tail * (1 - tail)) ** k * tail
    assert laplace_median_variance(n) == 2 * integrate((x**2 * density).expand(), (x, 0, oo))


@pytest.mark.parametrize("n", [2, 4, 6])
def test_laplace_even_by_a_double_integral(n):
    """Middle two at u < v: n!/((k−1)!)² F(u)^(k−1) (1 − F(v))^(k−1) f(u) f(v), over both signs."""
    k = n // 2
    scale = factorial(n) / factorial(k - 1) ** 2
    tail = e(-y) / 2
    # u, v > 0 (and by symmetry both below), u = x < v = y
    head = 1 - e(-x) / 2
    same = ((x + y) ** 2 / 4 * head ** (k - 1) * tail ** (k - 1) * e(-x) / 2 * e(-y) / 2).expand()
    inner = integrate(same, (y, x, oo))
    both = integrate(inner.expand(), (x, 0, oo))
    # u = −x below 0, v = y above
    low = e(-x) / 2
    apart = ((y - x) ** 2 / 4 * (low * tail) ** (k - 1) * e(-x) / 2 * e(-y) / 2).expand()
    across = integrate(integrate(apart, (y, 0, oo)).expand(), (x, 0, oo))
    assert laplace_median_variance(n) == scale * (2 * both + across)


def test_gaussian_by_closed_forms_and_quadrature():
    assert abs(Location.median("gaussian", 3).variance.evalf(40) - (1 - root(3) / circle).evalf(40)) < 1e-38
    assert [Location.median("gaussian", n).variance for n in (1, 2)] == [1, Rational(1, 2)]
    with mp.workdps(30):
        for n, k in ((5, 2), (21, 10)):

            def density(t, k=k):
                both = erfc(t / sqrt(2)) * erfc(-t / sqrt(2)) / 4
                return t**2 * both**k * exp(-t * t / 2) / sqrt(2 * pi)

            expected = n * mpf(int(binomial(2 * k, k))) * 2 * quad(density, [0, 1, 2, 4, 8, inf])
            ball = enclosed(n, 80)
            assert abs(mpf(ball.mid().str(30, radius=False)) - expected) < mpf(10) ** -20
            assert float(ball.rad()) < 1e-20


def test_every_workflow_weighs_estimates():
    model = Location.median("laplace", 3)
    v = Rational(23, 36)
    assert expected_risk(model, Replace()).at(3) == 3 * v
    assert expected_risk(model, Accumulate()).at(2) == v * Rational(5, 4)
    assert expected_risk(model, RealPlusLatest()).limit == v * Rational(4, 3)
    assert expected_risk(model, Accumulate()).bias.at(7) == 0
    assert check(prove(expected_risk(Location(), Accumulate())))
    risk = expected_risk(Location.median("gaussian", 5), Accumulate())
    assert abs(evaluate(risk, 2) - 1.25 * 0.286833661605876) < 1e-14


@pytest.mark.parametrize(
    "workflow", [Replace(), Accumulate(), RealPlusLatest(share="1/3"), SlidingWindow(2), FreshReal()], ids=str
)
@pytest.mark.parametrize(("law", "n"), [("laplace", 3), ("laplace", 4), ("gaussian", 5)])
def test_drawn_medians(law, n, workflow):
    model = Location.median(law, n)
    run = simulate(model, workflow, 4, replicates=40_000, seed=4)
    verdict = crosscheck(expected_risk(model, workflow), run)
    assert verdict.passed, verdict.reason
    assert verdict.detectable < 0.06


class TestWhatIsRefused:
    @pytest.mark.parametrize(
        ("workflow", "says"),
        [
            (AccumulateSubsample(), "subsample"),
            (Accumulate(sizes=j), "other sizes"),
            (FreshReal(real=2), "other sizes"),
        ],
        ids=str,
    )
    def test_workflows(self, workflow, says):
        with pytest.raises(NotDerivedError, match=says):
            expected_risk(Location(variance=1), workflow)

    def test_arguments(self):
        for says, make in (
            ("variance = -1 is not allowed: variance must be positive", lambda: Location(variance=-1)),
            ("law = 'cauchy' is not a law", lambda: Location.median("cauchy", 3)),
            ("n = 0 is not allowed: n must be a whole number of samples", lambda: Location.median("laplace", 0)),
            ("n = 5/2 is not allowed: n must be a whole number of samples", lambda: Location.median("laplace", "5/2")),
            ("n = 5000 is too many", lambda: Location.median("laplace", 5000)),
            ("n = 4 is even", lambda: Location.median("gaussian", 4)),
            ("give both", lambda: Location(variance=1, law="laplace")),
        ):
            with pytest.raises(DomainError, match=says):
                make()

    def test_no_points_to_draw(self):
        with pytest.raises(DomainError, match="no law to draw points from"):
            simulate(Location(variance=1), Replace(), 3)


def test_a_law_and_a_number_of_points_are_a_median() -> None:
    assert Location(law="laplace", n=3) == Location.median("laplace", 3) == Location("23/36", "laplace", 3)
    assert Location(law="gaussian", n=5) == Location.median("gaussian", 5)
    with pytest.raises(DomainError, match="variance = 1/2 is not that of a median of 3 points of law = 'laplace'"):
        Location("1/2", "laplace", 3)
    with pytest.raises(DomainError, match="n = m is no number"):
        Location(law="laplace", n=Symbol("m", integer=True, positive=True))
