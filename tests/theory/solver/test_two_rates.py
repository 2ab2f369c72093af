"""Which way two moments go for ever, and where they turn: by running them in fractions."""

from __future__ import annotations

import random
from itertools import islice, pairwise

import pytest
from sympy import Matrix, Rational, sqrt

from theory import FreshReal, expected_risk
from theory.models.ridge_regression import RidgeRegression
from theory.moments.recurrence import MomentRecurrence
from theory.solver.two_rates import two_rates


def fraction(rng: random.Random, low: int, high: int) -> Rational:
    return Rational(rng.randint(low, high), 12)


@pytest.mark.parametrize("seed", range(40))
def test_the_way_and_the_turn_are_those_of_the_values(seed: int) -> None:
    """Rates up to 1 − 1/12, both starts: 60 generations leave increments of 1/100 of the first at most."""
    rng = random.Random(seed)
    a, b = rng.sample([Rational(k, 12) for k in range(1, 12)], 2)
    steps = MomentRecurrence(
        start=1 + seed % 2,
        matrix=Matrix([[a, 0], [fraction(rng, -12, 12), b]]),
        forcing=Matrix([fraction(rng, -9, 9), fraction(rng, -9, 9)]),
        readout=Matrix([[fraction(rng, -20, 20), 1]]),
        initial=Matrix([fraction(rng, -20, 20), fraction(rng, -20, 20)]),
    )
    found = two_rates(steps, {})
    assert found is not None
    values = list(islice(steps.values(), 60))
    ways = [1 if after > before else -1 for before, after in pairwise(values) if after != before]
    assert found.way == ways[0]
    if found.turn is None:
        assert set(ways) == {found.way}
    else:
        assert values[found.turn - 1] == (max if found.way > 0 else min)(values)
        assert ways == [found.way] * (found.turn - 1) + [-found.way] * (len(ways) - found.turn + 1)


def test_one_moment_goes_the_way_of_its_first_step() -> None:
    one, root = Matrix([[1]]), Matrix([[sqrt(2) / 2]])
    for first, way in ((1, 1), (4, -1)):
        steps = MomentRecurrence(start=2, matrix=root, forcing=one, readout=one, initial=Matrix([first]))
        assert two_rates(steps, {}).way == way
    turned = MomentRecurrence(start=2, matrix=-root, forcing=one, readout=one, initial=Matrix([4]))
    assert two_rates(turned, {}) is None


@pytest.mark.parametrize(("model", "way"), [
    (RidgeRegression(2, 6, 1), "decreasing"),
    (RidgeRegression(5, 3, "1/3", signal=3), "increasing"),
    (RidgeRegression(ratio="1/2", shrinkage="1/2"), "decreasing"),
])  # fmt: skip
def test_ridge_beside_fresh_real_data(model: RidgeRegression, way: str) -> None:
    """Steps that hold roots, and integrals over Wishart matrices."""
    risk = expected_risk(model, FreshReal())
    assert risk.monotonicity == way
    outer = risk.at(1) if way == "decreasing" else risk.limit
    assert abs((risk.bound - outer).evalf(20)) < 1e-15
    values = [float(risk.at(g)) for g in range(1, 9)]
    assert values == sorted(values, reverse=way == "decreasing")
    assert risk.bias.monotonicity == "increasing"
