"""Real data capped while synthetic data accumulate, and the two-generation workflow: laws, sums, special cases."""

from __future__ import annotations

from fractions import Fraction
from itertools import islice

import mpmath
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sympy import Expr, Rational, Symbol, oo, pi, polygamma, simplify

from theory import (
    Accumulate,
    Bernoulli,
    DomainError,
    Exponential,
    FreshReal,
    Gamma,
    GaussianMean,
    LinearRegression,
    Poisson,
    RealPlusLatest,
    Regular,
    expected_risk,
)
from theory.models.base import Model
from theory.testing import check_workflow
from theory.testing.enumeration import bernoulli_moments
from theory.workflows.capped_real import CappedReal
from theory.workflows.real_and_synthetic import RealAndSynthetic

SYNTHETIC = ["1/2", 1, 2, 5]


@pytest.mark.parametrize("synthetic", SYNTHETIC)
def test_capped_real_keeps_the_laws(synthetic: object) -> None:
    check_workflow(CappedReal(synthetic), generations=4)


@pytest.mark.parametrize("real", [1, "3/2", 3])
@pytest.mark.parametrize("synthetic", ["1/2", 2])
@pytest.mark.parametrize("overlap", [False, True])
@pytest.mark.parametrize("share", [None, 0, "1/4", 1])
def test_real_and_synthetic_keeps_the_laws(real: object, synthetic: object, overlap: bool, share: object) -> None:
    check_workflow(RealAndSynthetic(real, synthetic, overlap, share), generations=3)


def capped_risk(noise: Fraction, curvature: Fraction, s: Fraction, generations: int) -> list[Fraction]:
    """θ_g = (Σ of every sample so far)/N_g, by its own variance recursion: nothing but the definition.

    With A_g the mean of the pool, A_g = (N_{g-1} A_{g-1} + s (A_{g-1} + ε_g))/N_g.
    """
    risks = [noise]
    for g in range(2, generations + 1):
        newest, size = s, 1 + (g - 1) * s
        variance = (noise + curvature * risks[-1]) / s
        risks.append(risks[-1] + (newest / size) ** 2 * variance)
    return risks


@pytest.mark.parametrize("synthetic", SYNTHETIC)
@pytest.mark.parametrize(
    ("model", "noise", "curvature"),
    [
        (Poisson(3, 7), Fraction(3, 7), Fraction(0)),
        (Bernoulli("1/3", 5), Fraction(2, 45), Fraction(-1, 5)),
        (Exponential(2, 3), Fraction(4, 3), Fraction(1, 3)),
        (Gamma(2, 3, 4), Fraction(9, 8), Fraction(1, 8)),
    ],
)
def test_capped_real_values_and_closed_form(
    model: Model, noise: Fraction, curvature: Fraction, synthetic: object
) -> None:
    risk = expected_risk(model, CappedReal(synthetic))
    wanted = capped_risk(noise, curvature, Fraction(str(synthetic)), 12)
    assert [Fraction(int(r.p), int(r.q)) for r in islice(risk.recurrence.values(), 12)] == wanted
    closed = risk.closed_form
    assert closed is not None
    for g in (1, 2, 3, 12):
        value = closed.subs(dict.fromkeys(closed.free_symbols, g))
        assert complex(value.evalf(30)) == pytest.approx(complex(float(wanted[g - 1])), rel=1e-13)


def test_capped_real_is_a_trigamma() -> None:
    s = Symbol("s", positive=True)
    risk = expected_risk(Regular(p=2, n=10), CappedReal(s))
    ratio = 1 + polygamma(1, 1 + 1 / s) / s
    for value in (Rational(1, 3), Rational(1), Rational(7, 2)):
        assert float(risk.limit.subs(s, value)) == pytest.approx(float(ratio.subs(s, value)) / 5, rel=1e-14)
    # One sixth of π² for equal blocks; bounded for every s, and never below the real data alone.
    assert simplify(expected_risk(Regular(), CappedReal()).ratio.limit) == pi**2 / 6
    assert risk.monotonicity == "increasing"
    assert risk.bound == risk.limit


@pytest.mark.parametrize(("model", "v2"), [(Bernoulli("1/3", 5), -1), (Exponential(1, 4), 1)])
@pytest.mark.parametrize("s", [1, 3])
def test_capped_real_limit_is_an_infinite_product(model: Model, v2: int, s: int) -> None:
    noise, n = expected_risk(model, CappedReal(s)).baseline, int(model.n)  # type: ignore[attr-defined]
    # r_g + V/v2 multiplies by 1 + (v2/n) s/(1 + (g − 1) s)².
    with mpmath.workdps(30):
        product = mpmath.nprod(lambda g: 1 + mpmath.mpf(v2) / n * s / (1 + (g - 1) * s) ** 2, [2, mpmath.inf])
        floor = mpmath.mpf(int(noise.p)) / int(noise.q) * n / v2
        wanted = (floor + floor * v2 / n) * product - floor
    limit = complex(expected_risk(model, CappedReal(s)).limit.evalf(25))
    assert limit == pytest.approx(complex(float(wanted)), rel=1e-12)


@pytest.mark.parametrize("model", [Bernoulli(), Exponential(), Poisson(), Regular(), LinearRegression(d=3, T=20)])
def test_one_synthetic_block_is_accumulate(model: Model) -> None:
    capped, accumulated = (expected_risk(model, workflow) for workflow in (CappedReal(), Accumulate()))
    assert capped.exactness == accumulated.exactness
    assert [simplify(capped.at(g) - accumulated.at(g)) for g in (1, 2, 5)] == [0, 0, 0]


@pytest.mark.parametrize("share", [None, "1/4"])
def test_special_cases(share: object) -> None:
    model = Exponential(2, 6)
    for ours, known in (
        (RealAndSynthetic(real=3, share=share), FreshReal(share, real=3)),
        (RealAndSynthetic(overlap=True, share=share), RealPlusLatest(share)),
    ):
        assert [expected_risk(model, ours).at(g) for g in (1, 2, 3, 9)] == [
            expected_risk(model, known).at(g) for g in (1, 2, 3, 9)
        ]
        assert expected_risk(model, ours).limit == expected_risk(model, known).limit


@pytest.mark.parametrize("synthetic", [1, 2, 5])
def test_second_generation_of_capped_real_is_overlap_with_all_the_real_data(synthetic: int) -> None:
    model = Bernoulli("1/3", 8)
    overlapping = RealAndSynthetic(real=1, synthetic=synthetic, overlap=True)
    assert expected_risk(model, CappedReal(synthetic)).at(2) == expected_risk(model, overlapping).at(2)


@given(
    real=st.integers(1, 3), synthetic=st.integers(1, 3), overlap=st.booleans(), n=st.integers(1, 2),
    p=st.sampled_from([Rational(1, 2), Rational(2, 5)]), share=st.sampled_from([None, Rational(1, 3)]),
)  # fmt: skip
def test_enumeration(real: int, synthetic: int, overlap: bool, n: int, p: Rational, share: Expr | None) -> None:
    workflow = RealAndSynthetic(real, synthetic, overlap, share)
    mean, square = bernoulli_moments(workflow, p, n, 2)[-1]
    assert mean == p
    assert expected_risk(Bernoulli(p, n), workflow).at(2) == square


def test_sizes_tell_real_from_synthetic() -> None:
    for workflow in (CappedReal(3), RealAndSynthetic(2, 3)):
        assert [workflow.size(g) for g in (1, 2, 3)] == [1, 3, 3]
        assert [workflow.schedule.subs(Symbol("j", integer=True, positive=True), g) for g in (1, 2, 3)] == [1, 3, 3]
    assert CappedReal().sizes == 1


def test_the_limit_lies_between_one_and_two() -> None:
    limits = [float(expected_risk(Regular(), CappedReal(s)).ratio.limit) for s in ("1/1000", "1/10", 1, 10, 1000)]
    # Σ_{g ≥ 2} s/(1 + (g − 1) s)² is a Riemann sum of ∫_1^∞ du/u² = 1 with step s, from below.
    assert limits == sorted(limits, reverse=True)
    assert 1 < limits[-1] < 1.002
    assert 1.999 < limits[0] < 2


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: CappedReal(0), "synthetic = 0 is not an amount of data"),
        (lambda: CappedReal("-1/2"), "synthetic = -1/2"),
        (lambda: RealAndSynthetic(-1), "real = -1 is not an amount of data"),
        (lambda: RealAndSynthetic(1, 0), "synthetic = 0"),
        (lambda: RealAndSynthetic("1/2", overlap=True), "with overlap, real must be 1 or more"),
        (lambda: RealAndSynthetic(overlap="yes"), "overlap = 'yes'"),
        (lambda: RealAndSynthetic(share=2), "share = 2"),
        (lambda: CappedReal(oo), "synthetic"),
    ],
)
def test_errors(make: object, sentence: str) -> None:
    with pytest.raises(DomainError, match=sentence.replace("(", r"\(")) as error:
        make()  # type: ignore[operator]
    assert str(error.value).count("\n") == 0


def test_simulation_of_whole_numbers_only() -> None:
    from numerics import simulate

    run = simulate(GaussianMean(1, 10), RealAndSynthetic("1/2", 2), generations=2, replicates=20_000, seed=3)
    # 5 fresh real samples and 20 synthetic ones pooled.
    wanted = float(expected_risk(GaussianMean(1, 10), RealAndSynthetic("1/2", 2)).at(2))
    assert abs(run.mean[1] - wanted) < 4.5 * run.stderr[1]
    with pytest.raises(DomainError, match="whole number"):
        simulate(GaussianMean(1, 10), RealAndSynthetic("1/3", 2), generations=2, replicates=10)
    with pytest.raises(DomainError, match="whole number"):
        simulate(GaussianMean(1, 10), CappedReal("1/3"), generations=2, replicates=10)
