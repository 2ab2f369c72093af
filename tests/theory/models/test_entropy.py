"""Entropy and perplexity of a unigram model against enumeration of every data set, and between their bounds."""

from __future__ import annotations

from fractions import Fraction
from math import exp, log

import pytest
from sympy import N, Rational

from numerics import crosscheck, evaluate, simulate
from tests.theory.models.test_categorical import multinomial, subsets
from theory import (
    Accumulate,
    AccumulateSubsample,
    AgeWeighted,
    ContaminatedPool,
    DomainError,
    Ecosystem,
    Forgetting,
    FreshReal,
    LabelledPool,
    RealPlusLatest,
    Replace,
    SlidingWindow,
    expected_risk,
    j,
)
from theory.models.categorical import Categorical
from theory.models.probabilities import zipf
from theory.testing.enumeration import bernoulli_law

WORKFLOWS = [
    Replace(),
    Replace(sizes=j),
    Accumulate(),
    SlidingWindow(2),
    RealPlusLatest(share="1/3"),
    FreshReal(share="1/4"),
    AccumulateSubsample(),
    AccumulateSubsample(replacement=True),
]


def entropy(fit):
    return -sum(float(x) * log(x) for x in fit if x)


def enumerated(p, n, workflow, generations):
    """E H and E exp H at each generation, from the law of all blocks, written from the definition."""
    states = {((), tuple(p)): Fraction(1)}
    found = []
    for g in range(1, generations + 1):
        size = int(n * workflow.size(g))
        weights = [Fraction(str(weight)) for weight in workflow.weights(g)]
        fresh = Fraction(str(workflow.fresh_weight(g))) if g > 1 else Fraction(0)
        draw = workflow.draw(g)
        following = {}
        for (blocks, model), mass in states.items():
            for counts, chance in multinomial(size, model):
                grown = (*blocks, counts)
                shares = [[Fraction(c, sum(block)) for c in block] for block in grown]
                fit = [sum(w * share[k] for w, share in zip(weights, shares, strict=True)) for k in range(len(p))]
                fits = [(tuple(fit), Fraction(1))]
                if draw is not None:
                    pool = tuple(map(sum, zip(*grown, strict=True)))
                    drawn = int(n * draw.size)
                    chances = [Fraction(have, sum(pool)) for have in pool]
                    ways = multinomial(drawn, chances) if draw.replacement else subsets(pool, drawn)
                    fits = [(tuple(Fraction(k, drawn) for k in kept), way) for kept, way in ways]
                if fresh:
                    real = int(n * workflow.fresh_size(g))
                    fits = [
                        (tuple(have + fresh * Fraction(k, real) for have, k in zip(fit, kept, strict=True)), way)
                        for kept, way in multinomial(real, p)
                    ]
                for fitted, way in fits:
                    following[grown, fitted] = following.get((grown, fitted), 0) + mass * chance * way
        states = following
        means = [sum(float(m) * f(entropy(fit)) for (_, fit), m in states.items()) for f in (float, exp)]
        found.append(means)
    return found


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=repr)
@pytest.mark.parametrize(("p", "n"), [(("1/3", "2/3"), 3), (("1/2", "1/3", "1/6"), 2)], ids=["two", "three"])
def test_every_data_set(workflow, p, n):
    generations = 2 if workflow.draw(2) is not None or n == 3 else 3
    expected = enumerated([Fraction(value) for value in p], n, workflow, generations)
    for position, loss in enumerate(("entropy", "perplexity")):
        risk = expected_risk(Categorical(p, n), workflow, loss=loss)
        for g in range(1, generations + 1):
            value = expected[g - 1][position]
            assert float(risk.at(g)) == pytest.approx(value, rel=1e-13)
            low, high = risk.enclosure(g)
            assert low <= value * (1 + 1e-13)
            assert value <= high * (1 + 1e-13)


@pytest.mark.parametrize(
    "workflow",
    [ContaminatedPool(real="1/2"), LabelledPool(real="1/2"), LabelledPool(real="1/2", share="1/4")],
    ids=repr,
)
def test_pools_that_keep_real_words(workflow):
    laws = bernoulli_law(workflow, Rational(1, 3), 2, 3)
    for loss, f in (("entropy", float), ("perplexity", exp)):
        risk = expected_risk(Categorical("1/3 2/3", 2), workflow, loss=loss)
        for g, law in enumerate(laws, start=1):
            value = sum(float(mass) * f(entropy([fit, 1 - fit])) for fit, mass in law.items())
            assert float(risk.at(g)) == pytest.approx(value, rel=1e-13)
            low, high = risk.enclosure(g)
            assert low <= value <= high


def test_words_come_to_rest():
    model = Categorical("1/2 1/3 1/6", 3)
    assert expected_risk(model, Replace(), loss="entropy").limit == 0
    assert expected_risk(model, Replace(), loss="perplexity").limit == 1
    assert expected_risk(model, Accumulate(), loss="entropy").limit is None
    assert expected_risk(Categorical("1/2 1/2", 1), Accumulate(), loss="entropy").at(2) == 0


def test_where_the_fit_tends_to():
    """To one word where the squared error tends to the largest there is, to the truth where it tends to 0."""
    for workflow in (Forgetting("1/2"), AgeWeighted("1/2^l"), SlidingWindow(2)):
        for loss, rest in (("entropy", 0), ("perplexity", 1)):
            risk = expected_risk(Categorical("1/2 1/3 1/6", 4), workflow, loss=loss)
            assert risk.limit == rest
            assert risk.enclosure(300)[1] - rest < Rational(1, 10**4)
    for workflow in (ContaminatedPool("1/2"), ContaminatedPool("1/4"), LabelledPool("1/2", "3/4")):
        for loss, truth in (("entropy", log(2) * 2 / 3 + log(3) / 2), ("perplexity", 2 ** (2 / 3) * 3 ** (1 / 2))):
            risk = expected_risk(Categorical("1/2 1/3 1/6", 4), workflow, loss=loss)
            low, high = risk.enclosure(4000)
            assert float(risk.limit) == pytest.approx(truth, rel=1e-14)
            # What the enclosure leaves at generation 4000 is of the order of the squared error there.
            assert truth - 0.1 < low <= high < truth + 0.1
    # The squared error tends to a part of the largest: neither.
    for workflow in (Accumulate(), Forgetting(1 - 1 / j), FreshReal(share="1/2"), Replace(sizes=2**j)):
        assert expected_risk(Categorical("1/2 1/3 1/6", 4), workflow, loss="entropy").limit is None


def test_models_that_read_one_another_are_enclosed():
    """At any generation, and at each of them around the exact value."""
    for loss, least in (("entropy", 0), ("perplexity", 1)):
        both = expected_risk(Categorical("1/2 1/3 1/6", 2), Ecosystem("3/4 1/4; 1/4 3/4"), loss=loss)
        for g in (1, 2, 3):
            low, high = both.enclosure(g)
            assert low <= both.at(g) <= high
        low, high = both.enclosure(50)
        assert least < low < high < least + Rational(1, 10**4)


@pytest.mark.parametrize("workflow", [Replace(), Replace(sizes=j), Accumulate()], ids=repr)
def test_floating_point_against_exact_values(workflow):
    risk = expected_risk(Categorical(zipf(5), 12), workflow, loss="entropy")
    for g, value in zip((1, 2, 4), evaluate(risk, [1, 2, 4]), strict=True):
        assert float(risk.at(g)) == pytest.approx(value, rel=1e-13)


def test_large_vocabularies_are_enclosed():
    model = Categorical("zipf(2000, 3/2)", 500)
    for workflow in (Replace(), Accumulate()):
        risk = expected_risk(model, workflow, loss="entropy")
        low, high = map(float, risk.enclosure(4))
        assert low < evaluate(risk, 4) < high < 1.2 * low
    perplexity = expected_risk(Categorical("zipf(100)", 100_000), Replace(), loss="perplexity")
    low, high = map(float, perplexity.enclosure(3))
    assert low < high < 1.01 * low
    with pytest.raises(DomainError, match=r"more than 12 categories.*Risk\.enclosure"):
        perplexity.at(3)
    with pytest.raises(DomainError, match=r"n = 100000 has too many data sets.*Risk\.enclosure"):
        expected_risk(Categorical("zipf(100)", 100_000), Replace(), loss="entropy").at(3)


def test_leading_order_is_half_the_degrees_of_freedom():
    # H(p) − E H_G = (K − 1) q_G/2 (1 + o(1)), q_2 = 5/4 under accumulate, in units of 1/n.
    n = 4000
    risk = expected_risk(Categorical("1/2 1/3 1/6", n), Accumulate(), loss="entropy")
    lost = entropy([1 / 2, 1 / 3, 1 / 6]) - float(evaluate(risk, 2))
    assert lost * n == pytest.approx(5 / 4, rel=0.005)


def test_a_ratio_keeps_its_logarithms_apart():
    # SymPy's simplify gathers them in the logarithm of one fraction, here of thousands of digits.
    risk = expected_risk(Categorical("1/2 1/2", 14), Replace(), loss="entropy")
    ratio = risk.ratio.at(2)
    assert max(len(str(number.p)) for number in ratio.atoms(Rational)) < 40
    assert float(ratio) == pytest.approx(float(risk.at(2)) / float(risk.at(1)), rel=1e-14)
    assert risk.ratio.at(1) == 1


@pytest.mark.parametrize("method", ["raw", "exact-law"])
@pytest.mark.parametrize("loss", ["entropy", "perplexity"])
def test_simulated(method, loss):
    model = Categorical("1/2 1/3 1/6", 4)
    for workflow in (Accumulate(), AccumulateSubsample()):
        risk = expected_risk(model, workflow, loss=loss)
        run = simulate(model, workflow, generations=3, loss=loss, replicates=20_000, seed=1, method=method)
        assert crosscheck(risk, run).p_value > 0.001


def test_bad_input():
    with pytest.raises(DomainError, match="probabilities are not given: the expected entropy depends on each"):
        expected_risk(Categorical(n=4), Replace(), loss="entropy")
    with pytest.raises(DomainError, match="n = n is not a number: the expected perplexity needs one"):
        expected_risk(Categorical("1/2 1/2"), Replace(), loss="perplexity")
    risk = expected_risk(Categorical("1/2 1/2", 3), Replace(), loss="entropy")
    with pytest.raises(DomainError, match="a ratio has no enclosure of its own"):
        risk.ratio.enclosure(2)
    assert expected_risk(Categorical("1/2 1/2", 3), Replace()).enclosure(1) == (Rational(1, 6), Rational(1, 6))


@pytest.mark.parametrize("loss", ["entropy", "perplexity"])
@pytest.mark.parametrize("workflow", [Replace(), Accumulate()], ids=["replace", "accumulate"])
def test_the_first_order_leaves_what_is_of_the_second(loss, workflow):
    left = []
    for n in (20, 40):
        risk = expected_risk(Categorical("1/3 2/3", n=n), workflow, loss=loss)
        first = risk.leading_order
        assert first.exactness == "leading order"
        assert first.closed_form is not None
        left.append(float(N(n**2 * (risk.at(2) - first.at(2)), 30)))
    # n²(exact − first order) tends to a number: the first order is right, and 1 % of it would be 0.01 n and more.
    assert abs(left[1] - left[0]) < 0.35 * abs(left[0]) + 0.02


def test_infinitely_many_words_have_no_first_order():
    risk = expected_risk(Categorical("zipf(s=3/2)", n=20), Replace(), loss="support")
    assert risk.leading_order is risk
