"""How far the loss of one regression strays: derived against known laws and simulation."""

from __future__ import annotations

import numpy as np
import pytest
from sympy import Rational, oo, pi, sqrt, symbols

from numerics import simulate
from theory import Accumulate, FreshReal, LinearRegression, NotDerivedError, RealPlusLatest, Replace, expected_risk


def deviation(model, workflow):
    return expected_risk(model, workflow).standard_deviation


def test_one_feature_is_a_quotient_of_chi_squares():
    """d = 1: ℓ = c z²/χ²_T, E ℓ = c/(T − 2), E ℓ² = 3c²/((T − 2)(T − 4))."""
    for T in (5, 8):
        for design in ("shared", "fresh"):
            found = deviation(LinearRegression(d=1, T=T, design=design), Replace()).at(1)
            assert found**2 == Rational(3, (T - 2) * (T - 4)) - Rational(1, (T - 2) ** 2)
    shared = deviation(LinearRegression(d=1, T=8, sigma2=2, design="shared"), Replace())
    assert shared.at(3) == 3 * shared.at(1)  # one design: c = 3 for every replicate
    # New designs: E S² of S = 1/χ²_8 + 1/χ²_8, times 3, less (2/6)², in units of σ⁴.
    fresh = deviation(LinearRegression(d=1, T=8, sigma2=2), Replace())
    assert fresh.at(2) ** 2 == 4 * (3 * (2 * Rational(1, 24) + 2 * Rational(1, 36)) - Rational(1, 9))


def test_shapes_in_symbols():
    d, T = symbols("d T", positive=True, integer=True)
    model = LinearRegression(d=d, T=T, design="shared")
    symbolic = deviation(model, Accumulate()).closed_form
    assert symbolic is not None
    numbers = deviation(LinearRegression(d=3, T=12, design="shared"), Accumulate())
    named = {symbol.name: symbol for symbol in symbolic.free_symbols}
    put = {named["d"]: 3, named["T"]: 12, named["G"]: 5}
    assert abs((symbolic.subs(put) - numbers.at(5)).evalf(20)) < 1e-15
    ratio = Rational(5 * 8, 3 * 6) - 1
    assert abs((numbers.limit - sqrt(ratio) * pi**2 / 6 * Rational(3, 8)).evalf(20)) < 1e-15


def test_four_rows_to_spare():
    for design in ("shared", "fresh"):
        for T, known in ((5, oo), (6, oo), (7, True)):
            found = deviation(LinearRegression(d=3, T=T, design=design), Replace()).at(2)
            assert found == known if known == oo else found.is_finite
    assert deviation(LinearRegression(d=6, T=3, signal=1, design="shared"), Replace()).at(2) == oo


CASES = [
    (LinearRegression(d=2, T=24, design="shared"), Accumulate()),
    (LinearRegression(d=2, T=24, design="shared"), FreshReal(share="1/3")),
    (LinearRegression(d=14, T=2, signal=3, design="shared"), RealPlusLatest()),
    (LinearRegression(d=3, T=16), Replace()),
]


@pytest.mark.parametrize(("model", "workflow"), CASES, ids=str)
def test_against_simulation(model, workflow):
    """Batches of an independent simulation, 12 of them, tell how far its own standard deviation strays."""
    found = [
        np.sqrt(np.square(run.stderr) * 8000)
        for run in (simulate(model, workflow, 3, replicates=8000, seed=seed, method="raw") for seed in range(12))
    ]
    mean, strays = np.mean(found, axis=0), np.std(found, axis=0, ddof=1) / np.sqrt(len(found))
    exact = np.array([float(deviation(model, workflow).at(g)) for g in (1, 2, 3)])
    assert (np.abs(mean - exact) < 4.5 * strays + 0.002 * exact).all()
    assert (np.abs(mean - 1.06 * exact) > 4.5 * strays + 0.002 * exact).any()


def test_what_is_not_derived():
    with pytest.raises(NotDerivedError, match="second moment"):
        _ = expected_risk(LinearRegression(d=2, T=14), Accumulate()).standard_deviation
