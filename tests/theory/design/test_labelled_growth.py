"""How a labelled pool vanishes, against its own exact values far out."""

from __future__ import annotations

import pytest
from sympy import log

from theory import Bernoulli, DomainError, G, LabelledPool, NotDerivedError, Poisson, expected_risk
from theory.design.contamination import labelled_growth

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


def test_refusals():
    with pytest.raises(NotDerivedError, match="less than 1/2"):
        labelled_growth("1/4", "1/3")
    for real, share in (("1/4", "3/2"), (0, "3/4"), (1, "3/4"), ("1/4", "s")):
        with pytest.raises(DomainError):
            labelled_growth(real, share)
