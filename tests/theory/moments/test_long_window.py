"""Late values under windows of many blocks: one power of polynomials against one step after another."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

import pytest
from sympy import Expr, Rational, S, symbols

from theory import Bernoulli, GaussianMean, SlidingWindow, expected_risk
from theory.moments.long_window import window_system
from theory.moments.pathway_recurrence import PathwayRecurrence
from theory.workflows.base import Workflow
from theory.workflows.dynamics import LAG, LagWindow

CELLS = [
    (Bernoulli(p="1/3", n=4), SlidingWindow(5)),
    (Bernoulli(p="1/3", n=4), SlidingWindow(6, sizes="3/2")),
    (GaussianMean(sigma2="2/7", n=3), SlidingWindow(7)),
]


@dataclass(frozen=True)
class Triangle(Workflow):
    """Weights that fall with age, three blocks: 3/6, 2/6, 1/6."""

    early: Rational = S.Half

    def weights(self, g: int) -> list[Expr]:
        if g < 3:
            return [S.One] if g == 1 else [self.early, 1 - self.early]
        return [S.Zero] * (g - 3) + [Rational(1, 6), Rational(1, 3), Rational(1, 2)]


TRIANGLE = LagWindow(length=S(3), weight=(3 - LAG) / S(6))


@pytest.mark.parametrize(("model", "workflow"), CELLS, ids=["coin", "coin, 3/2", "mean"])
def test_the_values_of_steps(model, workflow):
    recurrence = expected_risk(model, workflow).recurrence
    first = list(islice(recurrence.values(), 52))
    scale = recurrence.scale
    for g in (1, 4, 5, 6, 7, 8, 20, 52):
        exact = recurrence.system.at(g)
        assert scale * Rational(int(exact.p), int(exact.q)) == first[g - 1]
    assert recurrence.at(52) == first[51]


def test_a_window_of_other_weights():
    for curvature in (S.Zero, Rational(-1, 5)):
        system = window_system(TRIANGLE, Triangle(), curvature)
        values = PathwayRecurrence(Triangle(), curvature).values()
        for g, value in zip(range(1, 16), values, strict=False):
            exact = system.at(g)
            assert Rational(int(exact.p), int(exact.q)) == value


def test_what_is_no_window_over_q_is_left_to_its_steps():
    k, n = symbols("k n", positive=True)
    assert window_system(LagWindow(length=k, weight=1 / k), SlidingWindow(6), S.Zero) is None
    assert window_system(LagWindow(length=S(6), weight=S.One / 6), SlidingWindow(6), -1 / n) is None
    assert window_system(LagWindow(length=S(21), weight=S.One / 21), SlidingWindow(21), S.Zero) is None
    # At generation k the weights are already others.
    assert window_system(TRIANGLE, SlidingWindow(3), S.Zero) is None


def test_digits_of_any_generation():
    risk = expected_risk(GaussianMean(sigma2=1, n=3), SlidingWindow(5))
    exact = risk.at(5000)
    assert abs(risk.at(5000, digits=40) / exact - 1) < Rational(1, 10**39)
    # The renewal theorem: 4 G/(k + 1)² of the noise, up to a bounded difference.
    late = risk.at(10**15, digits=30)
    assert abs(late / (Rational(10**15, 27)) - 1) < Rational(1, 10**13)


def test_late_values_end():
    assert expected_risk(Bernoulli(p="1/3", n=4), SlidingWindow(8)).at(50_001).q > 10**30_000
