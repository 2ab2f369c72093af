"""Bigrams: brute force over every path in plain fractions, leading orders, conventions, errors."""

from __future__ import annotations

import pickle
from collections import defaultdict
from fractions import Fraction
from itertools import islice, pairwise, product

import pytest
from sympy import Matrix, Rational, Symbol, harmonic, oo, pi, symbols

from theory import (
    Accumulate,
    AccumulateSubsample,
    Bigram,
    ContaminatedPool,
    DomainError,
    Ecosystem,
    FreshReal,
    G,
    NotDerivedError,
    RealPlusLatest,
    Replace,
    SlidingWindow,
    expected_risk,
)
from theory.models.categories.transitions import transitions_from
from theory.testing import check_model

WORDS = ((Fraction(1, 2), Fraction(1, 2)), (Fraction(1, 4), Fraction(3, 4)))
LAW = (Fraction(1, 3), Fraction(2, 3))
TEXT = "1/2 1/2; 1/4 3/4"


def at_rest(rows, contexts):
    """The long run of two tokens: (b, a)/(a + b), or where it started if neither ever changes."""
    a, b = rows[0][1], rows[1][0]
    return contexts if a + b == 0 else (b / (a + b), a / (a + b))


def draws(rows, start, pairs):
    """Every path one by one: its pairs, and its probability."""
    for path in product(range(2), repeat=pairs + 1):
        chance, table = start[path[0]], [[Fraction(0)] * 2 for _ in range(2)]
        for a, b in pairwise(path):
            chance *= rows[a][b]
            table[a][b] += Fraction(1, pairs)
        if chance:
            yield tuple(map(tuple, table)), chance


def fit(tables, weights, before):
    """Rows of the weighted pairs, and how often each context occurs."""
    total = [[sum(w * t[a][b] for w, t in zip(weights, tables, strict=True)) for b in range(2)] for a in range(2)]
    rows = tuple(tuple(x / sum(total[a]) for x in total[a]) if sum(total[a]) else before[a] for a in range(2))
    return rows, tuple(map(sum, total))


def brute_force(weights, pairs, generations, keeps=False, real=0):
    """E of the squared error at each generation; ``real`` is the weight of n fresh real pairs at generations 2, 3, …"""
    half = ((Fraction(1, 2),) * 2,) * 2
    chains = {((), WORDS, LAW): Fraction(1)}
    risks = []
    for g in range(1, generations + 1):
        following = defaultdict(Fraction)
        for (blocks, rows, start), mass in chains.items():
            before = rows if keeps and g > 1 else half
            fresh = draws(WORDS, LAW, pairs) if real and g > 1 else [(((0, 0), (0, 0)), Fraction(1))]
            for (block, chance), (own, way) in product(list(draws(rows, start, pairs)), list(fresh)):
                kept = (*blocks, block)
                shares = [*weights(g), real if g > 1 else 0]
                found, contexts = fit((*kept, own), shares, before)
                following[kept, found, at_rest(found, contexts)] += mass * chance * way
        chains = following
        risks.append(sum(
            mass * sum(LAW[a] * (rows[a][b] - WORDS[a][b]) ** 2 for a in range(2) for b in range(2))
            for (_, rows, _), mass in chains.items()
        ))  # fmt: skip
    return risks


def replace_weights(g):
    return [0] * (g - 1) + [1]


def pool_weights(g):
    return [Fraction(1, g)] * g


@pytest.mark.parametrize("unseen", ["uniform", "previous"])
@pytest.mark.parametrize(
    ("workflow", "weights", "pairs", "generations"),
    [
        (Replace(), replace_weights, 1, 4),
        (Replace(), replace_weights, 2, 3),
        (Replace(), replace_weights, 4, 2),
        (Accumulate(), pool_weights, 1, 4),
        (Accumulate(), pool_weights, 2, 3),
        (SlidingWindow(2), lambda g: [1] if g == 1 else [0] * (g - 2) + [Fraction(1, 2)] * 2, 2, 3),
        (RealPlusLatest("1/3"), lambda g: [1] if g == 1 else [Fraction(1, 3), *[0] * (g - 2), Fraction(2, 3)], 2, 3),
    ],
)
def test_every_path(workflow, weights, pairs, generations, unseen):
    """The recursion over laws of pairs is the sum over paths, to the last digit."""
    expected = brute_force(weights, pairs, generations, unseen == "previous")
    found = list(islice(Bigram(TEXT, pairs, unseen).paths(workflow).values(), generations))
    assert [Fraction(int(value.p), int(value.q)) for value in found] == expected


def test_every_path_with_fresh_real_data():
    """Half the weight on fresh real pairs: their paths are followed too."""
    expected = brute_force(lambda g: [1] if g == 1 else [0] * (g - 1) + [Fraction(1, 2)], 2, 2, real=Fraction(1, 2))
    found = [Bigram(TEXT, 2).exact(FreshReal(real=1, share="1/2"), g) for g in (1, 2)]
    assert [Fraction(int(value.p), int(value.q)) for value in found] == expected


def test_a_subsample_of_all_is_the_pool():
    """With a budget of the whole pool nothing is drawn."""
    whole = Bigram(TEXT, 2).exact(AccumulateSubsample(budget=2), 2)
    assert whole == Bigram(TEXT, 2).exact(Accumulate(), 2)


def test_conventions_differ_in_the_exact_value_alone():
    """Rows of unseen contexts: uniform or as before; to leading order it is all the same."""
    uniform, previous = Bigram(TEXT, 3), Bigram(TEXT, 3, "previous")
    assert uniform.exact(Replace(), 1) == previous.exact(Replace(), 1)
    assert uniform.exact(Replace(), 2) != previous.exact(Replace(), 2)
    assert expected_risk(uniform, Replace()).at(5) == expected_risk(previous, Replace()).at(5)


def test_exact_values_tend_to_the_leading_order():
    """What leading order leaves out is 1/n smaller: n times it, relative, settles near 5."""
    for n in (20, 40):
        words = Bigram(TEXT, n)
        left = words.exact(Replace(), 1) / expected_risk(words, Replace()).at(1) - 1
        assert 5 < n * left < Rational(11, 2)


def test_leading_orders():
    """The variance at generation 1 by the delta method, with Billingsley's covariance; ratios of the workflow."""
    n = Symbol("n", integer=True, positive=True)
    chain = Matrix([[Rational(1, 2), Rational(1, 2), 0], [0, Rational(1, 3), Rational(2, 3)], [1, 0, 0]])
    law = (chain.T - Matrix.eye(3)).nullspace()[0]
    law = law / sum(law)
    noise = 0
    for a in range(3):
        row = chain[a, :]
        covariance = (Matrix.diag(*row) - row.T * row) / law[a]
        noise += law[a] * covariance.trace()
    words = Bigram(chain.tolist())
    risk = expected_risk(words, Accumulate())
    assert risk.exactness == "leading order"
    assert risk.at(1) == noise / n
    assert risk.ratio.limit == pi**2 / 6
    assert risk.ratio.closed_form == harmonic(G, 2)
    # Two free probabilities: half a degree of freedom each.
    assert expected_risk(words, Replace(), loss="kl").at(3) == 3 / n
    assert expected_risk(words, Replace()).limit == oo


def test_unknown_transitions_and_symbols():
    """Two numbers of the chain are enough for leading orders."""
    p, v, n = Symbol("p", integer=True, positive=True), Symbol("v", positive=True), Bigram().n
    assert expected_risk(Bigram(), Replace()).at(2) == 2 * v / n
    assert expected_risk(Bigram(), Replace(), loss="kl").at(2) == p / n
    known = Bigram(TEXT)
    numbers = Bigram().subs(v, known.transitions.scatter)
    assert expected_risk(numbers, Replace()).at(2) == expected_risk(known, Replace()).at(2)
    a, b = symbols("a b", positive=True)
    general = Bigram([[1 - a, a], [b, 1 - b]], n=10)
    assert general.free_symbols == {a, b}
    assert general.subs({a: Rational(1, 2), b: Rational(1, 4)}) == Bigram(TEXT, 10)
    value = expected_risk(general, Accumulate()).at(3).subs({a: Rational(1, 2), b: Rational(1, 4)})
    assert value == expected_risk(Bigram(TEXT, 10), Accumulate()).at(3)


def test_one_ecosystem_and_a_contaminated_pool():
    """Leading orders follow for every workflow of regular models."""
    words = Bigram(TEXT, 10)
    assert expected_risk(words, Ecosystem("3/4 1/4; 1/4 3/4")).ratio.at(10) == Rational(1354411, 262144)
    assert abs(float(expected_risk(words, ContaminatedPool("1/4")).ratio.at(10)) - 0.695136205076840700083) < 1e-15
    with pytest.raises(NotDerivedError, match="couples several models"):
        words.exact(Ecosystem("3/4 1/4; 1/4 3/4"), 2)


def test_laws_of_a_model():
    """check_model: values, symbols, copies, certificates."""
    report = check_model(Bigram(TEXT, 30), workflows=(Replace(),), generations=2, replicates=4000, losses=["squared"])
    assert {"values", "symbols", "copies"} <= set(report.checked)


def test_copies():
    words = Bigram(TEXT, 3)
    assert pickle.loads(pickle.dumps(words)).exact(Replace(), 2) == words.exact(Replace(), 2)
    assert repr(words) == f"Bigram(transitions=Transitions('{TEXT}'), n=3, unseen='uniform')"


def test_a_chain_in_turns_is_at_rest_on_average():
    assert transitions_from("0 1; 1 0").stationary == (Rational(1, 2), Rational(1, 2))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Bigram("1/2 1/2; 1/4 1/4", 3), r"transitions\[1\] sums to 1/2"),
        (lambda: Bigram("1/2 1/2 0; 1/4 3/4", 3), r"transitions\[0\] has 3 entries"),
        (lambda: Bigram("1 0; 1/2 1/2", 3), "never lead from token 0 to token 1"),
        (lambda: Bigram("1/2 1/2; 0 1", 3), "never lead from token 1 to token 0"),
        (lambda: Bigram("3/2 -1/2; 0 1", 3), r"transitions\[0\]\[0\] = 3/2 is not a probability"),
        (lambda: Bigram(5, 3), "transitions = 5 is not a table"),
        (lambda: Bigram("", 3), r"transitions\[0\] has 0 entries"),
        (lambda: Bigram(TEXT, 0), "n = 0"),
        (lambda: Bigram(TEXT, 3, "zero"), "unseen"),
        (lambda: Bigram(TEXT).exact(Replace(), 1), "n = n is not a number"),
        (lambda: Bigram(n=3).exact(Replace(), 1), "transitions are not given"),
        (lambda: Bigram(TEXT, 100).exact(Replace(), 2), "too many paths"),
        (lambda: Bigram(TEXT, 3).exact(Replace(), 0), "generation"),
        (lambda: Bigram(TEXT, 3).exact(Replace(sizes="1/2"), 1), "whole numbers"),
        (lambda: Bigram(TEXT, 3).exact("replace", 1), "is not a workflow"),
    ],
)
def test_bad_input(make, message):
    with pytest.raises(DomainError, match=message):
        make()
