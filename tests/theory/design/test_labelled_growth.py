"""How a labelled pool vanishes, against its own exact values far out."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sympy import Rational, S, log

from theory import Bernoulli, DomainError, Exponential, G, LabelledPool, Poisson, expected_risk
from theory.design.contamination import labelled_growth
from theory.moments.composition import linear_moments
from theory.proof import CertificateError, Growth, check, prove

FAR = 8000


@pytest.mark.parametrize(("real", "share"), [("1/4", "9/10"), ("1/3", "1"), ("1/2", "3/4")])
@pytest.mark.parametrize("model", [Poisson(1, 60), Bernoulli("1/3", 12)], ids=["straight", "curved"])
def test_above_one_half(model, real, share):
    ratio = expected_risk(model, LabelledPool(real, share=share)).ratio
    # What is left is of the order G^(1 − 2λ) relative to it, at most.
    left = FAR ** (1 - 2 * float(eval_fraction(share)))
    found = float(ratio.at(FAR) / labelled_growth(real, share).subs(G, FAR))
    assert abs(found - 1) < 2 * left + 1e-3


def test_at_one_half_it_is_logarithmic():
    ratio = expected_risk(Poisson(1, 60), LabelledPool("1/3", share="1/2")).ratio
    # Two generations take the constant beside the logarithm away.
    slope = (FAR * ratio.at(FAR) - FAR // 8 * ratio.at(FAR // 8)) / log(8)
    expected = labelled_growth("1/3", "1/2") * G / log(G)
    assert abs(float(slope / expected) - 1) < 2e-3


def eval_fraction(text):
    top, _, bottom = text.partition("/")
    return int(top) / int(bottom or 1)


def decay(real, share, curvature, last):
    """G^(2λ) of the ratio at G, 2G and 4G by the means of two pools in floating point, extrapolated from there.

    What is left is of the orders G^(2λ − 1), G^(2λ − 2) and G^(−1), G^(−2): the first is taken away by Richardson's
    rule.
    """
    both, own, reached, found = 1.0, 1.0, 1.0, {}
    straight = 1.0
    for g in range(2, 4 * last + 1):
        before, rows = share * straight + (1 - share) * both, 1 + real * (g - 1)
        risk = share**2 * straight + 2 * share * (1 - share) * both + (1 - share) ** 2 * own
        newest, fresh = 1 / (g - 1), real / rows
        noise = (1 + curvature * risk) / (1 - real)
        with_both = share * both + (1 - share) * own  # E δ S
        own = (1 - newest) ** 2 * own + 2 * newest * (1 - newest) * with_both + newest**2 * (risk + noise)
        both = (1 - fresh) * ((1 - newest) * both + newest * before)
        straight = (1 - fresh) ** 2 * straight + fresh**2 / real
        reached = share**2 * straight + 2 * share * (1 - share) * both + (1 - share) ** 2 * own
        if g in (last, 2 * last, 4 * last):
            found[g] = g ** (2 * share) * reached
    left = 2 ** (2 * share - 1)
    once = [(found[2 * at] - left * found[at]) / (1 - left) for at in (last, 2 * last)]
    return (once[1] - 0.5 * once[0]) / 0.5


@pytest.mark.parametrize(
    ("model", "v2"), [(Poisson(1, 60), 0), (Bernoulli("1/3", 12), -1 / 12), (Exponential(1, 10), 1 / 10)]
)
def test_below_one_half_the_constant_is_that_of_two_pools(model, v2):
    ratio = expected_risk(model, LabelledPool("1/4", share="1/10")).ratio
    assert ratio.limit == 0
    constant = float((ratio.growth * G ** Rational(1, 5)).simplify().n(15).as_real_imag()[0])
    assert constant == pytest.approx(decay(0.25, 0.1, v2, 20_000), rel=2e-5)


def test_the_law_for_models_without_curvature_is_their_own():
    for share in ("1/10", "1/2", "3/4"):
        own = expected_risk(Poisson(1, 60), LabelledPool("1/4", share=share)).ratio.growth
        assert (labelled_growth("1/4", share) / own).subs(G, 10**6).n(20) == pytest.approx(1, rel=1e-15)


def test_a_certificate_has_the_constant_and_no_other():
    certificate = prove(Growth(expected_risk(Poisson(1, 60), LabelledPool("1/4", share="1/10")).ratio))
    step = certificate.data["steps"][-1]
    assert check(certificate)
    step["coefficient"]["digits"] += 10**6
    with pytest.raises(CertificateError):
        check(certificate.data)


def test_what_a_workflow_says_it_knows_is_verified():
    pool = LabelledPool("1/4", share="1/3")
    stated = pool.dynamics()
    wrong = replace(stated, known=((0, 0, stated.known[0][2] * Rational(101, 100)), stated.known[1]))
    with pytest.raises(ValueError, match="moment 0"):
        linear_moments(pool, wrong, S.Zero)


def test_refusals():
    for real, share in (("1/4", "3/2"), (0, "3/4"), (1, "3/4"), ("1/4", "s"), ("1/4", 0)):
        with pytest.raises(DomainError):
            labelled_growth(real, share)
