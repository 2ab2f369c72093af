"""The vocabulary law of Zipf's infinite vocabularies against finite ones that are long enough."""

from __future__ import annotations

from math import exp, gamma, pi

import pytest
from mpmath import zeta
from sympy import Rational

from numerics import evaluate
from theory import (
    Accumulate,
    DomainError,
    FreshReal,
    G,
    NotDerivedError,
    Replace,
    SlidingWindow,
    VocabularyLaw,
    expected_risk,
    j,
)
from theory.models.categorical import Categorical
from theory.models.probabilities import probabilities_from, zipf


def test_the_law_is_reached_and_bounds_from_below():
    # Words beyond the first 20 000 have 0.06 of 2000 tokens.
    n, s, K, tail = 2000, 2, 20_000, 0.061
    risk = expected_risk(Categorical(zipf(K, s), n), Replace(), loss="support")
    law = VocabularyLaw(s, Replace(), n=n)
    for g, words in zip((1, 2, 5), evaluate(risk, [1, 2, 5]), strict=True):
        assert law.value(g) - 1 < words + tail
        # Euler and Maclaurin: a sum over k = 1, 2, … of terms that begin at 1 is half a word below its integral.
        assert words == pytest.approx(law.value(g) - 0.5, abs=0.2)
        assert float(law.at(g)) == pytest.approx(law.value(g), rel=1e-12)


def test_the_recursion_of_survival():
    law, alive = VocabularyLaw("3/2", Replace(), n=1000), 1.0
    for g in range(1, 12):
        assert law.value(g) == pytest.approx(gamma(1 / 3) * (1000 * alive / float(zeta(1.5))) ** (2 / 3), rel=1e-12)
        alive = 1 - exp(-alive)
    late = 10**5
    assert law.value(late) == pytest.approx(float(law.growth.subs(G, late)), rel=1e-3)


def test_kept_words_stay():
    law = VocabularyLaw(2, Accumulate(), n=100)
    assert law.at(1) == law.at(1000) == law.growth
    assert law.value(7) == pytest.approx((pi * 600) ** 0.5 / pi, rel=1e-12)


def test_infinitely_many_words_in_zeta_values():
    infinite = zipf(s=2)
    p = [6 / (pi * k) ** 2 for k in range(1, 200_000)]
    assert float(infinite.collision) == pytest.approx(sum(q * q for q in p), rel=1e-9)
    assert float(infinite.distinct(3)[3]) == pytest.approx(sum(1 - (1 - q) ** 3 for q in p), abs=2e-5)
    assert infinite.distinct(1) == [0, 1]
    assert probabilities_from("zipf(s=3/2)") == zipf(s="3/2") == probabilities_from(" Zipf( s = 1.5 )")
    # One token differs from another with probability 1 − Σp², whatever the number of words.
    risk = expected_risk(Categorical("zipf(s=2)", 10), Replace())
    assert risk.at(1) == Rational(3, 5) / 10
    alive = expected_risk(Categorical("zipf(s=2)", 2), Accumulate(), loss="support")
    assert alive.at(1) == alive.limit == Rational(8, 5)


def test_bad_input():
    with pytest.raises(DomainError, match="s = 1 is not allowed: s must be a fraction above 1"):
        zipf(s=1)
    with pytest.raises(DomainError, match="s = 2 is the exponent of infinitely many categories: give it alone"):
        zipf(5, s=2)
    with pytest.raises(DomainError, match="K is not given"):
        zipf()
    with pytest.raises(DomainError, match=r"infinitely many and cannot be listed.*VocabularyLaw"):
        expected_risk(Categorical("zipf(s=2)", 3), Replace(), loss="entropy").at(1)
    with pytest.raises(DomainError, match="generation = 11 nests more exponentials"):
        VocabularyLaw(2, Replace()).at(11)
    for workflow in (SlidingWindow(2), FreshReal(), Replace(sizes=j)):
        with pytest.raises(NotDerivedError, match="the vocabulary law is derived for replace"):
            VocabularyLaw(2, workflow)
