"""The unigram language model against enumeration of every data set, and against population genetics."""

from __future__ import annotations

import pickle
from collections import defaultdict
from fractions import Fraction
from itertools import pairwise, product
from math import comb, factorial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import Rational, S, Symbol, harmonic, simplify, symbols

from theory import (
    Accumulate,
    AccumulateSubsample,
    DomainError,
    FreshReal,
    G,
    RealPlusLatest,
    Replace,
    SlidingWindow,
    Weighted,
    Workflow,
    expected_risk,
    j,
)
from theory.models.categorical import Categorical
from theory.models.categories.ancestry import LineageRecurrence, keeps_first_block, newest_block_only
from theory.models.probabilities import Listed, probabilities_from, uniform, zipf

LOSSES = ("squared", "diversity", "support")


class HalfOldHalfNew(Workflow):
    """A user's own: half of the weight on the block before the newest. Nothing but weights."""

    name = "half-old-half-new"

    def weights(self, g):
        return [S.One] if g == 1 else [S.Zero] * (g - 2) + [Rational(1, 2), Rational(1, 2)]


class FreshByWeights(FreshReal):
    """Fresh real data, known by its weights alone."""

    def dynamics(self):
        return None


WORKFLOWS = [
    Replace(),
    Replace(sizes=j),
    Accumulate(),
    Accumulate(sizes=j),
    SlidingWindow(2),
    RealPlusLatest(),
    RealPlusLatest(share="1/3"),
    RealPlusLatest(share=0),
    RealPlusLatest(share=1),
    FreshReal(),
    FreshReal(share="1/4"),
    FreshReal(share=1),
    FreshReal(share=0),
    FreshByWeights(),
    AccumulateSubsample(),
    AccumulateSubsample(replacement=True),
    AccumulateSubsample(budget=2),
    Weighted(lambda g: [Rational(1)] if g == 1 else [Rational(1, 4)] + [S.Zero] * (g - 2) + [Rational(3, 4)]),
    HalfOldHalfNew(),
]


def multinomial(count, chances):
    """All outcomes of ``count`` draws, with their probabilities; written from the definition."""
    for outcome in product(range(count + 1), repeat=len(chances)):
        if sum(outcome) == count:
            mass = Fraction(factorial(count))
            for k, chance in zip(outcome, chances, strict=True):
                mass *= Fraction(chance) ** k / factorial(k)
            if mass:
                yield outcome, mass


def subsets(pool, drawn):
    """All counts of ``drawn`` of the pool's tokens, without replacement."""
    for outcome in product(*(range(min(drawn, have) + 1) for have in pool)):
        if sum(outcome) == drawn:
            ways = 1
            for k, have in zip(outcome, pool, strict=True):
                ways *= comb(have, k)
            yield outcome, Fraction(ways, comb(sum(pool), drawn))


def enumerated(p, n, workflow, generations):
    """E of the three losses at each generation, from the law of all blocks and of all real tokens drawn afresh."""
    states = {((), (), tuple(p)): Fraction(1)}
    found = []
    for g in range(1, generations + 1):
        size = int(n * workflow.size(g))
        weights = [Fraction(str(weight)) for weight in workflow.weights(g)]
        shares = [Fraction(str(share)) for share in workflow.fresh_weights(g)]
        real = multinomial(int(n * workflow.fresh_size(g)), p) if shares[-1] else [(None, Fraction(1))]
        real, draw = list(real), workflow.draw(g)
        following = defaultdict(Fraction)
        for (blocks, others, model), mass in states.items():
            for counts, chance in multinomial(size, model):
                grown = (*blocks, counts)
                if draw is not None:
                    pool = tuple(map(sum, zip(*grown, strict=True)))
                    drawn = min(int(n * draw.size), sum(pool)) if not draw.replacement else int(n * draw.size)
                    ways = (
                        multinomial(drawn, [Fraction(have, sum(pool)) for have in pool])
                        if draw.replacement
                        else subsets(pool, drawn)
                    )
                    for kept, way in ways:
                        following[grown, (), tuple(Fraction(k, drawn) for k in kept)] += mass * chance * way
                    continue
                for tokens, way in real:
                    drawn = (*others, tokens) if g > 1 else ()
                    pieces = [*zip(weights, grown, strict=True), *zip(shares[1:], drawn, strict=True)]
                    fit = tuple(
                        sum((w * Fraction(b[k], sum(b)) for w, b in pieces if w), Fraction(0)) for k in range(len(p))
                    )
                    held = drawn if workflow.keeps_fresh else (None,) * (g - 1)
                    following[grown, held, fit] += mass * chance * way
        states = following
        squared = sum(m * sum((t - q) ** 2 for t, q in zip(fit, p, strict=True)) for (*_, fit), m in states.items())
        diversity = sum(m * (1 - sum(t**2 for t in fit)) for (*_, fit), m in states.items())
        support = sum(m * sum(t > 0 for t in fit) for (*_, fit), m in states.items())
        found.append((squared, diversity, support))
    return found


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda value: repr(value).partition(" at 0x")[0])
@pytest.mark.parametrize(("p", "n"), [(("1/3", "2/3"), 3), (("1/2", "1/3", "1/6"), 2)], ids=["two", "three"])
def test_every_data_set(workflow, p, n):
    generations = 3 if isinstance(workflow, Replace) or n == 2 or len(p) == 2 else 2
    expected = enumerated([Fraction(value) for value in p], n, workflow, generations)
    for position, loss in enumerate(LOSSES):
        risk = expected_risk(Categorical(p, n), workflow, loss=loss)
        assert [risk.at(g) for g in range(1, generations + 1)] == [Rational(row[position]) for row in expected], loss


def test_every_data_set_of_a_small_subsample():
    workflow = AccumulateSubsample(budget="1/2")
    expected = enumerated([Fraction(1, 2), Fraction(1, 4), Fraction(1, 4)], 2, workflow, 3)
    for position, loss in enumerate(LOSSES):
        risk = expected_risk(Categorical("1/2 1/4 1/4", 2), workflow, loss=loss)
        assert [risk.at(g) for g in (1, 2, 3)] == [Rational(row[position]) for row in expected], loss


def test_a_longer_window_forgets_the_real_block():
    workflow = SlidingWindow(2)
    expected = enumerated([Fraction(1, 3), Fraction(2, 3)], 2, workflow, 4)
    risk = expected_risk(Categorical("1/3 2/3", 2), workflow, loss="support")
    assert [risk.at(g) for g in (1, 2, 3, 4)] == [Rational(row[2]) for row in expected]


@pytest.mark.parametrize("n", [3, 6])
def test_support_is_that_of_the_wright_fisher_matrix(n):
    p = [Fraction(1, 2), Fraction(3, 10), Fraction(1, 5)]
    matrix = [
        [comb(n, k) * Fraction(i, n) ** k * Fraction(n - i, n) ** (n - k) for k in range(n + 1)] for i in range(n + 1)
    ]
    risk = expected_risk(Categorical(p, n), Replace(), loss="support")
    law = [[comb(n, k) * q**k * (1 - q) ** (n - k) for k in range(n + 1)] for q in p]
    for g in range(1, 13):
        assert risk.at(g) == Rational(sum(1 - row[0] for row in law))
        assert risk.closed_form.subs(G, g) == risk.at(g)
        law = [[sum(row[i] * matrix[i][k] for i in range(n + 1)) for k in range(n + 1)] for row in law]


def test_support_beyond_the_solver_goes_on_with_the_same_values():
    # 24 tokens are solved, 25 only run: both against the matrix of Wright and Fisher.
    for n, kind in ((24, "MomentRecurrence"), (25, "LineageRecurrence")):
        risk = expected_risk(Categorical(uniform(2), n), Replace(), loss="support")
        assert type(risk.recurrence).__name__ == kind
        matrix = [
            [comb(n, k) * Fraction(i, n) ** k * Fraction(n - i, n) ** (n - k) for k in range(n + 1)]
            for i in range(n + 1)
        ]
        gone = [Fraction(1)] + [Fraction(0)] * n
        for g in (1, 2, 3):
            dead = sum(comb(n, k) * Fraction(1, 2**n) * gone[k] for k in range(n + 1))
            assert risk.at(g) == Rational(2 * (1 - dead))
            gone = [sum(matrix[i][k] * gone[k] for k in range(n + 1)) for i in range(n + 1)]
        assert risk.limit == 1


def test_known_closed_forms():
    n, c, K = symbols("n c K", positive=True)
    # Heterozygosity decays by 1 − 1/n a generation (Wright 1931).
    diversity = expected_risk(Categorical(), Replace(), loss="diversity")
    n = Symbol("n", integer=True, positive=True)
    assert simplify(diversity.closed_form - (1 - c) * (1 - 1 / n) ** G) == 0
    squared = expected_risk(Categorical(), Replace())
    assert simplify(squared.closed_form - (1 - c) * (1 - (1 - 1 / n) ** G)) == 0
    # Two tokens are two words until they copy the same one: 1 + P(they differ).
    pair = expected_risk(Categorical(uniform(K), n=2), Replace(), loss="support")
    assert simplify(pair.closed_form - (1 + (1 - 1 / K) / 2 ** (G - 1))) == 0
    assert pair.limit == 1
    # One token: always one word.
    assert expected_risk(Categorical(zipf(9), n=1), Replace(), loss="support").at(5) == 1


def test_squared_and_diversity_share_the_truths_diversity():
    model = Categorical(zipf(5), n=7)
    for workflow in (Replace(), Accumulate(), FreshReal(), AccumulateSubsample()):
        total = sum(expected_risk(model, workflow, loss=loss).at(6) for loss in ("squared", "diversity"))
        assert total == 1 - model.truth.collision


def test_leading_order_of_the_squared_error():
    risk = expected_risk(Categorical("1/2 1/2", n=10), Accumulate())
    assert risk.leading_order.closed_form == harmonic(G, 2) / 20


def test_support_never_grows_without_fresh_real_data():
    for workflow in (Replace(), SlidingWindow(2), AccumulateSubsample(), HalfOldHalfNew()):
        risk = expected_risk(Categorical(uniform(4), n=4), workflow, loss="support")
        values = [risk.at(g) for g in range(1, 6)]
        assert all(before >= after for before, after in pairwise(values))
        assert values[0] > values[-1] >= 1


def test_what_is_kept_is_alive_for_ever():
    seen = 3 * (1 - Rational(2, 3) ** 4)
    for workflow in (Accumulate(), Accumulate(sizes=j**2), RealPlusLatest(), RealPlusLatest(share="9/10")):
        risk = expected_risk(Categorical(uniform(3), n=4), workflow, loss="support")
        assert risk.closed_form == risk.limit == risk.bound == seen == risk.at(1000)


def test_what_is_kept_is_read_off_the_recursion():
    assert all(map(keeps_first_block, (Accumulate(), Accumulate(sizes=j), RealPlusLatest(), RealPlusLatest(share=1))))
    forgetful = (Replace(), SlidingWindow(2), SlidingWindow(3), RealPlusLatest(share=0), FreshReal(), HalfOldHalfNew())
    assert not any(map(keeps_first_block, forgetful))
    assert newest_block_only(Replace()) == (1, 0)
    assert newest_block_only(FreshReal()) == (Rational(1, 2), Rational(1, 2))
    assert not any(map(newest_block_only, (Replace(sizes=j), Accumulate(), SlidingWindow(2), RealPlusLatest())))


def test_one_category_has_no_risk():
    model = Categorical([1], n=5)
    assert [expected_risk(model, Replace(), loss=loss).at(4) for loss in LOSSES] == [0, 0, 1]
    assert expected_risk(model, Accumulate()).closed_form == 0


# -- probabilities ---------------------------------------------------------------------------------------


@settings(derandomize=True, max_examples=40, deadline=None)
@given(K=st.integers(1, 40), s=st.integers(0, 3), draws=st.integers(0, 5))
def test_sums_over_zipf(K, s, draws):
    total = sum(Fraction(1, k**s) for k in range(1, K + 1))
    p = [Fraction(1, k**s) / total for k in range(1, K + 1)]
    law = zipf(K, s)
    assert law.collision == Rational(sum(q * q for q in p))
    expected = [Rational(sum(1 - (1 - q) ** d for q in p)) for d in range(draws + 1)]
    assert law.distinct(draws) == expected == Listed(tuple(p)).distinct(draws)
    assert law.each() == pytest.approx([float(q) for q in p], rel=4e-16)
    assert sum(mass * times for mass, times in law.groups()) == pytest.approx(1, rel=1e-14)


def test_uniform_is_the_flat_zipf():
    flat, law = zipf(12, 0), uniform(12)
    assert (flat.collision, flat.distinct(4), flat.each()) == (law.collision, law.distinct(4), law.each())
    assert flat.groups() == law.groups() == [(1 / 12, 12)]


def test_irrational_zipf():
    law = zipf(1000, "3/2")
    total = sum(k**-1.5 for k in range(1, 1001))
    assert float(law.collision) == pytest.approx(sum(k**-3.0 for k in range(1, 1001)) / total**2, rel=1e-13)
    with pytest.raises(DomainError, match=r"irrational: use numerics\.evaluate"):
        law.distinct(2)


def test_a_vocabulary_of_a_hundred_thousand():
    risk = expected_risk(Categorical(zipf(10**5), n=1000), Replace())
    total, squares = sum(1 / k for k in range(1, 10**5 + 1)), sum(1 / k**2 for k in range(1, 10**5 + 1))
    assert float(risk.at(10)) == pytest.approx((1 - squares / total**2) * (1 - 0.999**10), rel=1e-10)


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("uniform(1000)", uniform(1000)),
        (" Zipf( 50 ) ", zipf(50)),
        ("zipf(50, 3/2)", zipf(50, "3/2")),
        ("1/2 1/3 1/6", Listed(("1/2", "1/3", "1/6"))),
        ("1/2; 1/3; 1/6", Listed(("1/2", "1/3", "1/6"))),
        ("0.5,0.3,0.2", Listed((0.5, 0.3, 0.2))),
    ],
)
def test_probabilities_as_text(text, same):
    assert probabilities_from(text) == same
    assert Categorical(text, 3) == Categorical(same, 3)


@pytest.mark.parametrize(
    ("given_", "n", "message"),
    [
        (["1/2", "1/3"], 2, r"probabilities sum to 5/6, 0\.167 less than 1: they must sum to exactly 1"),
        ([0.5, 0.6], 2, r"probabilities sum to 11/10, 0\.1\d* more than 1"),
        ([0.3333333333333333] * 3, 2, r"sum to 9999999999999999/10000000000000000, 1\.0*E-16 less than 1"),
        (["3/2", "-1/2"], 2, r"probabilities\[1\] = -1/2 is not a probability: it must not be negative"),
        ([], 2, r"give the probability of at least one category"),
        ("", 2, r"cannot be read"),
        ("1/2,,1/2", 2, r"cannot be read"),
        ("uniform()", 2, r"write uniform\(K\)"),
        ("zipf(3, 1, 2)", 2, r"write zipf\(K\) or zipf\(K, exponent\)"),
        ("uniform(0)", 2, r"K = 0 is not a number of categories"),
        ("uniform(5/2)", 2, r"K = 5/2 is not a number of categories"),
        ("zipf(10, -1)", 2, r"exponent = -1 is not allowed"),
        ("zipf(10**7)", 2, r"too many categories"),
        ("__import__('os')", 2, r"is not arithmetic"),
        (7, 2, r"probabilities = 7 is not allowed"),
        ([1], 0, r"n = 0 is not allowed: n must be a whole number of tokens"),
        ([1], "5/2", r"n = 5/2 is not allowed"),
    ],
)
def test_bad_input(given_, n, message):
    with pytest.raises(DomainError, match=message):
        Categorical(given_, n)


def test_what_cannot_be_derived_says_why():
    with pytest.raises(DomainError, match="probabilities are not given"):
        expected_risk(Categorical(n=5), Replace(), loss="support")
    with pytest.raises(DomainError, match="n = n is not a number"):
        expected_risk(Categorical([1]), Replace(), loss="support")
    with pytest.raises(DomainError, match="needs whole numbers"):
        expected_risk(Categorical("1/2 1/2", 3), Replace(sizes="1/2"), loss="support")
    backwards = Weighted(lambda g: [S.One] if g == 1 else [-S.One] + [S.Zero] * (g - 2) + [S(2)])
    with pytest.raises(DomainError, match="gives block 1 the weight -1 in model 2"):
        expected_risk(Categorical("1/2 1/2", 3), backwards, loss="support")
    with pytest.raises(DomainError, match=r"use numerics\.evaluate"):
        expected_risk(Categorical(zipf(10**5), 1000), Replace(), loss="support").at(2)
    with pytest.raises(DomainError, match=r"use numerics\.simulate"):
        expected_risk(Categorical(uniform(9), 50), AccumulateSubsample(), loss="support").at(2)
    with pytest.raises(DomainError, match="loss = 'kl' is not a loss of Categorical"):
        expected_risk(Categorical(n=5), Replace(), loss="kl")


def test_a_model_is_a_value():
    p, n = Symbol("p", positive=True), Symbol("n", integer=True, positive=True)
    model = Categorical([p, 1 - p])
    assert model.free_symbols == {p, n}
    assert model.subs(p, Rational(1, 3)).subs(n, 4) == Categorical("1/3 2/3", 4)
    given_ = expected_risk(Categorical([p, 1 - p], 4), Replace(), loss="support")
    assert given_.subs(p, Rational(1, 3)).at(5) == expected_risk(Categorical("1/3 2/3", 4), Replace(), "support").at(5)
    for value in (Categorical("1/3 2/3", 4), Categorical(zipf(10), 4), Categorical(), Categorical(uniform("K"), 3)):
        again = pickle.loads(pickle.dumps(value))
        assert again == value
        assert hash(again) == hash(value)
        assert expected_risk(again, Replace()).at(2) == expected_risk(value, Replace()).at(2)
    assert Categorical("1/3 2/3", 4) != Categorical("2/3 1/3", 4)


def test_the_recurrence_takes_new_parameters():
    p = Symbol("p", positive=True)
    recurrence = expected_risk(Categorical([p, 1 - p], 3), SlidingWindow(2), loss="support").recurrence
    assert isinstance(recurrence, LineageRecurrence)
    same = expected_risk(Categorical("1/3 2/3", 3), SlidingWindow(2), loss="support")
    assert recurrence.subs({p: Rational(1, 3)}).at(3) == same.at(3)
    assert recurrence.changed(scale=S(-2), offset=S.One).subs({p: Rational(1, 3)}).at(3) == 1 - 2 * same.at(3)
