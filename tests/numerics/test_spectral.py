"""The error of a density by quadrature: against exact sums of Gaussians, and within the error it states."""

from __future__ import annotations

import numpy as np
import pytest
from flint import acb, arb, ctx
from sympy import N, Rational

from numerics.evaluate import evaluate
from numerics.spectral import integrate
from theory import expected_risk, j
from theory.errors import DomainError
from theory.expressions.lerch import lerch_phi
from theory.models.kernel_density import KernelDensity
from theory.models.kernels.mixtures import MixtureTruth
from theory.workflows import (
    Accumulate,
    AccumulateSubsample,
    FreshReal,
    RealPlusLatest,
    Replace,
    SlidingWindow,
    Weighted,
)

MIXTURE = MixtureTruth(["1/4", "3/4"], [[-3, 1], [1, 2]], ["1/2", 1])
MODELS = [
    KernelDensity("1/2", n=4),
    KernelDensity("1/20", n=3, d=2),
    KernelDensity(2, n=1, d=5),
    KernelDensity("1/2", n=1000, d=31),
    KernelDensity("1/sqrt(j)", n=4, d=3),
    KernelDensity("scott", n=6, truth=MIXTURE),
]
WORKFLOWS = [
    Accumulate(),
    Accumulate(sizes=j),
    SlidingWindow(2),
    SlidingWindow(3),
    SlidingWindow(6),
    RealPlusLatest(),
    FreshReal(share="1/3"),
    AccumulateSubsample(budget=2),
    Weighted(lambda g: [Rational(2 * i + 1, g**2) for i in range(g)]),
]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: f"{model.bandwidth}, n {model.n}, d {model.d}")
@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda value: str(value).partition(" at 0x")[0])
def test_quadrature_agrees_with_exact_sums(model, workflow):
    risk = expected_risk(model, workflow, loss="mise")
    for g in (1, 2, 4):
        exact, found = N(risk.at(g), 30), integrate(risk, g)
        assert abs(exact - found.value) <= found.error
        assert found.error < 1e-15 * exact


@pytest.mark.parametrize("digits", [3, 8, 25])
def test_the_stated_error_holds_at_any_accuracy(digits):
    risk = expected_risk(KernelDensity("1/3", n=5, truth=MIXTURE), Accumulate())
    exact = N(risk.at(6), 40)
    found = integrate(risk, 6, digits=digits)
    assert abs(exact - found.value) <= found.error
    assert found.error < 10.0 ** -min(digits - 1, 15) * exact


def test_evaluate_takes_the_quadrature_where_there_is_no_closed_form():
    risk = expected_risk(KernelDensity("1/2", n=10), Accumulate())
    exact = [float(N(risk.recurrence.at(g), 25)) for g in (1, 7, 40)]
    np.testing.assert_allclose(evaluate(risk, [1, 7, 40]), exact, rtol=1e-14)
    np.testing.assert_allclose(evaluate(risk.ratio, [7]), exact[1] / exact[0], rtol=1e-14)
    long = evaluate(risk, [400, 800])
    assert 0 < long[0] < long[1] < float(risk.limit)


def test_accumulate_by_its_own_recursion_in_floating_point():
    """THEORY: g² E|ψ_g|² = ((g−1)² + 2(g−1)κ + (1−1/n)κ²) E|ψ_{g−1}|² + 1/n, integrated by Gauss and Legendre."""
    n, h, last = 10, 0.5, 60
    nodes, weights = np.polynomial.legendre.leggauss(600)
    t = (nodes + 1) * 10
    kernel, truth = np.exp(-(h**2) * t**2 / 2), np.exp(-(t**2))
    square, mean = 1 / n + (1 - 1 / n) * truth, np.ones_like(t)
    for g in range(2, last + 1):
        square = (((g - 1) ** 2 + 2 * (g - 1) * kernel + (1 - 1 / n) * kernel**2) * square + 1 / n) / g**2
        mean = mean * (g - 1 + kernel) / g
    integrand = kernel**2 * square - 2 * kernel * mean * truth + truth
    expected = (weights * integrand).sum() * 10 / np.pi
    found = evaluate(expected_risk(KernelDensity("1/2", n=n), Accumulate()), [last])[0]
    assert abs(found / expected - 1) < 1e-11


def test_out_of_reach_and_other_risks_are_named():
    risk = expected_risk(KernelDensity("1/2", n=4), WORKFLOWS[-1])
    with pytest.raises(DomainError, match="generations = 300 is out of reach"):
        evaluate(risk, [300])
    with pytest.raises(DomainError, match="no integral over frequencies"):
        integrate(expected_risk(KernelDensity("1/2", n=4), Replace(), loss="variance"), 3)
    with pytest.raises(DomainError, match="generation = 0"):
        integrate(risk, 0)


def test_lerch_is_the_series_it_stands_for():
    with ctx.workprec(128):
        z = arb(9) / 10
        near = lerch_phi(acb(z), acb(1), acb(1)).real
        assert near.overlaps(-(1 - z).log() / z)
        assert near.rel_accuracy_bits() > 100
        # Φ(z, s, a) = z Φ(z, s, a + 1) + a^(−s), far out.
        left, right = (lerch_phi(acb(z), acb(1.5), acb(a)).real for a in (5000, 5001))
        assert left.overlaps(z * right + arb(5000) ** -1.5)
        assert left.rel_accuracy_bits() > 100
