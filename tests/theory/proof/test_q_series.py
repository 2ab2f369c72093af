"""Certificates of memories that fade: series and products in powers of one number, and false statements about them."""

import random

import pytest
from certified import limit_certificate
from flint import acb, arb, ctx
from mpmath import mp
from sympy import Rational, Symbol

from theory import Bernoulli, Exponential, Forgetting, GaussianMean, expected_risk
from theory.proof import CertificateError, ClosedForm, Growth, LeastBound, Limit, check, prove
from theory.proof.analysis import Analysis
from theory.proof.q_series import enclosed, lambert_left, product_left

LAWS = {
    "a half": (GaussianMean(), "1/2", Growth),
    "two thirds": (GaussianMean(), "2/3", Growth),
    "any rate": (GaussianMean(), Symbol("q"), Growth),
    "bounded": (Bernoulli(p="1/3", n=5), "3/4", Limit),
    "bounded, any n": (Bernoulli(), "1/2", LeastBound),
    "a geometric rate": (Exponential(n=10, mean=1), "1/3", Growth),
    "any n": (Exponential(mean=1), "1/2", Growth),
    "any rate, curved": (Exponential(n=10, mean=1), Symbol("q"), ClosedForm),
}


@pytest.mark.parametrize("name", list(LAWS))
def test_a_fading_memory_is_certified_and_no_number_can_be_changed(name, unnoticed, second_opinion):
    model, rate, claim = LAWS[name]
    certificate = prove(claim(expected_risk(model, Forgetting(rate=rate)).ratio))
    assert "lambert_sum" in certificate.json() or "q_pochhammer" in certificate.json()
    assert check(certificate.json())
    assert second_opinion(certificate.data, random.Random(name)) is None
    survivors, tried = unnoticed([certificate])
    assert not survivors
    assert tried > 10


@pytest.mark.parametrize(
    ("value", "limit"),
    [
        # Equations: one step, several, backwards, and a product over its own factor.
        ("lambert_sum(2, 1/2, (1/2)**g) - lambert_sum(2, 1/2, (1/2)**(g - 1)) + (1 - (1/2)**g)**(-2)", "1"),
        ("q_pochhammer((1/2)**(g - 3), 1/2)/q_pochhammer((1/2)**g, 1/2)", "1"),
        ("q_pochhammer(a/4, 1/2)/q_pochhammer(a, 1/2) - 1/((1 - a)*(1 - a/2)) + 1/g", "0"),
        # Limits.
        ("lambert_sum(3, 1/3, (1/3)**g) + 1/g", "0"),
        ("q_pochhammer(2*(1/3)**g, 1/3)*(1 + 1/g)", "1"),
        ("1/q_pochhammer((1/3)**g, 1/3)", "1"),
        ("(1/2)**g*g**2*lambert_sum(1, 1/2, (1/2)**g)", "0"),
    ],
)
def test_what_is_known_of_them(value, limit):
    analysis = Analysis([])
    analysis.equal(analysis.limit_of(analysis.read(value)), analysis.read(limit), "the limit is another")
    with pytest.raises(CertificateError, match="is another"):
        analysis.equal(analysis.limit_of(analysis.read(value)), analysis.read(f"{limit} + 1/1000"), "is another")


@pytest.mark.parametrize(
    "value",
    [
        "lambert_sum(2, 1/2, 2**g)",  # the argument grows
        "lambert_sum(2, 1/2, 1/2)*2**g/2**g + lambert_sum(2, 2, (1/2)**g)",  # no series: the base is 2
        "q_pochhammer((1/2)**g, 1)",  # every factor is the same
        "1/lambert_sum(1, 1/2, (1/2)**g)",  # unbounded
        "g*lambert_sum(1, 1/2, (1/2)**g)",  # tends to 0, which nothing here shows
        "q_pochhammer(1/2, (1/2)**g)",  # the base moves
        "lambert_sum(g, 1/2, 1/2)",
        "lambert_sum(0, 1/2, (1/2)**g)",
        "lambert_sum(1/2, 1/2, (1/2)**g)",
        "log(g)*lambert_sum(1, 1/2, (1/2)**g)",
        "q_pochhammer(x, 1/2)**g/g",
    ],
)
def test_what_is_not(value):
    with pytest.raises(CertificateError):
        check(limit_certificate(value, "0"))


def test_a_product_that_may_vanish_is_no_growth():
    ratio = expected_risk(Exponential(n=10, mean=1), Forgetting(rate="1/3")).ratio
    data = prove(Growth(ratio)).data
    growth = data["steps"][-1]["growth"]
    for factor in ("q_pochhammer(5, 1/3)/q_pochhammer(5, 1/3)", "1"):
        data["steps"][-1]["growth"] = f"({growth})*{factor}"
        assert check(data)
    for factor, why in (
        ("q_pochhammer(5, 1/3)", "may vanish"),
        # (3; 1/3)_∞ has the factor 1 − 3/3.
        ("q_pochhammer(3, 1/3)/q_pochhammer(3, 1/3)", "divides by zero"),
        ("q_pochhammer(1/5, 1/3)", "is not shown to tend to 1"),
    ):
        data["steps"][-1]["growth"] = f"({growth})*{factor}"
        with pytest.raises(CertificateError, match=why):
            check(data)


@pytest.mark.parametrize("q", ["1/2", "-2/3", "9/10"])
def test_balls_hold_what_mpmath_sums(q):
    number, z = Rational(q), Rational(3, 4)
    with ctx.workprec(200), mp.workprec(200):
        base, at = (acb(int(value.p)) / int(value.q) for value in (number, z))
        ours, near = enclosed("pochhammer", None, base, at), enclosed("lambert", 3, base, at)
        sides = [mp.mpf(int(value.p)) / int(value.q) for value in (number, z)]
        theirs = mp.qp(sides[1], sides[0])
        total = mp.nsum(lambda m: (1 - sides[1] * sides[0] ** int(m)) ** -3 - 1, [1, 3000], method="d")
        for ball, value in ((ours, theirs), (near, total)):
            assert ball.real.rad() < 1e-40
            assert abs(mp.mpf(ball.real.mid().str(50, radius=False)) - value) < mp.mpf(10) ** -45
            assert not ball.contains(acb(mp.nstr(value * mp.mpf("1.01"), 50)))
    with pytest.raises(CertificateError, match="inside the unit circle"):
        enclosed("pochhammer", None, acb(2), acb(1))


@pytest.mark.parametrize("q", ["1/2", "9/10", "99/100"])
def test_what_is_left_of_a_series_or_product_is_bounded_and_no_more_than_is_said(q):
    """At working precision rounding hides the rest; so the bounds are held to sums of their own, from both sides.

    At a small argument a the bounds are sharp: log (−a; q)_∞ and Λ-sums are a/(1 − q)·(1 + O(a)), k times for Λ_k.
    """
    number, a = mp.mpf(Rational(q).p) / Rational(q).q, mp.mpf("1e-4")
    product = float(product_left(arb(a), arb(number)))
    truth = mp.qp(-a, number, maxterms=10_000) - 1
    assert truth < product < 1.01 * truth
    for k in (1, 3):
        # Σ_(m≥0) ((1 − a q^m)^(−k) − 1), a term at a time.
        terms = mp.nsum(lambda m, k=k: (1 - a * number ** int(m)) ** -k - 1, [0, 4000], method="d")
        assert terms < float(lambert_left(k, arb(a), arb(number))) < 1.01 * terms
