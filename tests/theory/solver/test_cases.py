"""Limits by cases: where a boundary is not put in."""

from __future__ import annotations

from sympy import Rational, symbols

from theory import Bernoulli, RealAndSynthetic, expected_risk
from theory.models.bent import BiasedSampler

REAL, SYNTHETIC, FIDELITY = symbols("r s tau", positive=True)


def test_a_boundary_with_an_absolute_value_is_not_put_in():
    """Its case would be solved for with |…| in every step: the limit by cases is not derived, with numbers it is."""
    coin = BiasedSampler(Bernoulli(p="1/3", n=4), FIDELITY, "1/2")
    assert expected_risk(coin, RealAndSynthetic(real=REAL, synthetic=SYNTHETIC)).limit is None
    known = expected_risk(BiasedSampler(Bernoulli(p="1/3", n=4), "9/10", "1/2"), RealAndSynthetic(real=1, synthetic=2))
    assert abs(known.at(60) - known.limit) < Rational(1, 10**6)
