"""Constants of power laws to fifty digits, against the sequence itself: high-precision numbers and extrapolation."""

from __future__ import annotations

import mpmath
import pytest
from sympy import N, Rational, Symbol

from theory import Accumulate, Bernoulli, DomainError, G, expected_risk
from theory.expressions.enclosure import enclosed
from theory.expressions.expansion import Order
from theory.models.bent import BiasedSampler
from theory.solver.power_law import PowerLaw, power_law

DIGITS = 50
#: Terms of the expansion that are fitted, and generations between two values.
TERMS, STRIDE = 30, 30


def _law(fidelity: str) -> PowerLaw:
    """Of the coin of p = 1/3, n = 4, whose sampler leans towards the truth itself under accumulate."""
    risk = expected_risk(BiasedSampler(Bernoulli("1/3", 4), fidelity, "1/3"), Accumulate())
    law = power_law(risk.recurrence, Order({}))
    assert law is not None
    assert risk.growth == law.term
    assert enclosed(risk.growth.subs(G, 1) if law.logs == 0 else law.coefficient, 20)
    return law


def _values(fidelity: mpmath.mpf, last: int) -> list[mpmath.mpf]:
    """THEORY.md, section 11: y_g = [(1 − (1−τ)/g)² − τ²/(n g²)] y + V/(n g²), from y_1 = V/n, V = 2/9, n = 4."""
    noise = mpmath.mpf(1) / 18
    found = [noise]
    for g in range(2, last + 1):
        step = (1 - (1 - fidelity) / g) ** 2 - fidelity**2 / (4 * mpmath.mpf(g) ** 2)
        found.append(step * found[-1] + noise / mpmath.mpf(g) ** 2)
    return found


def _extrapolated(fidelity: mpmath.mpf) -> mpmath.mpf:
    """C in G^c y_G = C + Σ a_k G^(−k) + Σ b_k G^(c−1−k), by as many values as there are terms."""
    power = 2 * (1 - fidelity)
    exponents = [mpmath.mpf(-k) for k in range(TERMS)] + [power - 1 - k for k in range(TERMS)]
    values = _values(fidelity, STRIDE * (2 * TERMS + 1))
    places = [STRIDE * (index + 2) for index in range(2 * TERMS)]
    system = mpmath.matrix(2 * TERMS, 2 * TERMS)
    for row, place in enumerate(places):
        for col, exponent in enumerate(exponents):
            system[row, col] = mpmath.mpf(place) ** exponent
    right = mpmath.matrix([values[place - 1] * mpmath.mpf(place) ** power for place in places])
    return mpmath.lu_solve(system, right)[0]


@pytest.mark.parametrize("fidelity", ["3/4", "9/10"])
def test_what_the_first_values_leave_for_ever(fidelity: str) -> None:
    """τ > 1/2: a hypergeometric constant, enclosed to fifty digits; the extrapolated one lies there."""
    law, tau = _law(fidelity), Rational(fidelity)
    assert law.power == 2 * (1 - tau)
    low, high = law.enclosure(DIGITS)
    assert 0 < high - low <= low / 10**DIGITS
    with mpmath.workdps(240):
        independent = _extrapolated(mpmath.mpf(tau.p) / tau.q)
        middle = (mpmath.mpf(low.p) / low.q + mpmath.mpf(high.p) / high.q) / 2
        assert abs(independent / middle - 1) < mpmath.mpf(10) ** -DIGITS


def test_at_one_half_a_logarithm() -> None:
    """τ = 1/2: V ln G/(n G); the logarithm's factor between two generations, to the order 1/g that is left."""
    law = _law("1/2")
    assert (law.power, law.logs) == (1, 1)
    low, high = law.enclosure(DIGITS)
    assert low <= Rational(1, 18) <= high
    with mpmath.workdps(30):
        values = _values(mpmath.mpf("0.5"), 4000)
        slopes = [(2 * g * values[2 * g - 1] - g * values[g - 1]) / mpmath.log(2) for g in (1000, 2000)]
        assert abs(2 * slopes[1] - slopes[0] - mpmath.mpf(1) / 18) < 1e-4
        assert abs(2 * slopes[1] - slopes[0] - mpmath.mpf(1) / 18 * 1.01) > 1e-4


def test_below_one_half_the_inflow_alone() -> None:
    """τ < 1/2: V/(n (1 − 2τ) G)."""
    law = _law("1/4")
    low, high = law.enclosure(DIGITS)
    assert (law.power, law.logs) == (1, 0)
    assert low <= Rational(1, 9) <= high
    with mpmath.workdps(30):
        # What the first values leave falls as g^(−3/2): beside it by the power 1/2 of g.
        first, second = (g * value for g, value in ((1000, _values(mpmath.mpf("0.25"), 1000)[-1]),
                                                    (4000, _values(mpmath.mpf("0.25"), 4000)[-1])))  # fmt: skip
        assert abs(2 * second - first - mpmath.mpf(1) / 9) < 1e-4


def test_a_constant_with_a_symbol_has_no_enclosure() -> None:
    """The formula stands; a number it is not."""
    p = Symbol("p", positive=True)
    risk = expected_risk(BiasedSampler(Bernoulli(p, 4), "3/4", p), Accumulate())
    law = power_law(risk.recurrence, Order({}))
    assert law is not None
    with pytest.raises(DomainError, match="p"):
        law.enclosure(DIGITS)
    tau = Symbol("tau", positive=True)
    growth = expected_risk(BiasedSampler(Bernoulli("1/3", 4), tau, "1/3"), Accumulate()).growth
    assert abs(N(growth.subs({tau: Rational(3, 4), G: 1}) / _law("3/4").coefficient - 1, 20)) < 1e-30
