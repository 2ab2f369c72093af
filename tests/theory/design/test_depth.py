"""Depth: against genealogies written out, the convolutions of kernels, and each other."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import pytest
from sympy import Rational, Symbol, gamma, harmonic, oo

from theory import (
    Accumulate,
    AccumulateSubsample,
    CappedReal,
    ContaminatedPool,
    DomainError,
    Ecosystem,
    Forgetting,
    FreshReal,
    G,
    NotDerivedError,
    RandomSizes,
    RealPlusLatest,
    Replace,
    SlidingWindow,
    Weighted,
    j,
)
from theory.design.depth import depth
from theory.design.two_terms import bias_against_variance
from theory.proof import check, prove
from theory.proof.claims import Growth, LeastBound, Limit, Monotone, NeverWorse

LAMBDA = Symbol("lambda", nonnegative=True)
WORKFLOWS = [
    Replace(),
    Accumulate(),
    Accumulate(sizes=j),
    AccumulateSubsample(),
    SlidingWindow(k=3),
    RealPlusLatest(share="1/3"),
    FreshReal(share="1/4"),
    CappedReal(synthetic=2),
    ContaminatedPool(real="1/4"),
    Forgetting(rate="1/3"),
    Weighted(lambda g: [Rational(1, g)] * g),
]


def genealogy(workflow: object, g: int) -> list[Fraction]:
    """The law of K by walking every path from a training row of model g back to real data."""
    law = [Fraction(0)] * g
    law[0] += sum(Fraction(str(weight)) for weight in workflow.fresh_weights(g))
    for block, weight in enumerate(workflow.weights(g), start=1):
        share = Fraction(str(weight))
        if block == 1:
            law[0] += share
        elif share:
            for steps, probability in enumerate(genealogy(workflow, block - 1)):
                law[steps + 1] += share * probability
    return law


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda workflow: workflow.name)
def test_the_law_is_that_of_every_path_back_to_real_data(workflow) -> None:
    for g in (1, 2, 5):
        law = genealogy(workflow, g)
        assert [Fraction(str(value)) for value in depth(workflow).law(g)] == law
        assert sum(law) == 1


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda workflow: workflow.name)
def test_generating_function_rise_and_mean_are_those_of_the_law(workflow) -> None:
    found = depth(workflow)
    for g, rate in product((1, 3, 6), (Rational(0), Rational(3, 7), Rational(1))):
        law = found.law(g)
        assert found.generating(rate).at(g) == sum(p * rate**k for k, p in enumerate(law))
        assert found.rise(rate).at(g) == sum(p * sum(rate**i for i in range(k)) for k, p in enumerate(law))
        assert found.mean.at(g) == sum(p * k for k, p in enumerate(law))
    symbolic = found.rise().at(4) - sum(p * sum(LAMBDA**i for i in range(k)) for k, p in enumerate(found.law(4)))
    assert symbolic.expand() == 0


def test_rows_of_an_ecosystem_pass_from_model_to_model() -> None:
    """Two models that draw from one another: every path, generation by generation; and the fixed point of the mean."""
    table = (Fraction(1, 2), Fraction(1, 4)), (Fraction(1, 5), Fraction(3, 5))
    fresh = Fraction(1, 4), Fraction(1, 5)
    workflow = Ecosystem(weights="1/2 1/4; 1/5 3/5", sizes="1 2", observed=1)
    laws, rate = [[Fraction(1)], [Fraction(1)]], Fraction(3, 5)
    for g in range(1, 6):
        if g > 1:
            longer = [[w[0] * a + w[1] * b for a, b in zip(*laws, strict=True)] for w in table]
            laws = [[share, *law] for share, law in zip(fresh, longer, strict=True)]
        assert tuple(laws[1]) == tuple(Fraction(str(p)) for p in depth(workflow).law(g))
        kept = sum(p * rate**k for k, p in enumerate(laws[1]))
        assert Fraction(str(depth(workflow).generating("3/5").at(g))) == kept
        assert Fraction(str(depth(workflow).mean.at(g))) == sum(k * p for k, p in enumerate(laws[1]))
    # (I − W)⁻¹ W 1 of the second model.
    assert depth(workflow).mean.limit == Rational(11, 3)
    alike = Ecosystem.symmetric("m", "1/4", share="1/5")
    assert depth(alike).rise().at(3) == Rational(4, 5) * (1 + Rational(4, 5) * LAMBDA)


def test_accumulate_is_the_coupling_of_permutations() -> None:
    found = depth(Accumulate())
    power = G ** (LAMBDA - 1) / gamma(1 + LAMBDA)
    assert found.generating().closed_form == gamma(G + LAMBDA) / (gamma(G + 1) * gamma(LAMBDA + 1))
    assert found.generating().growth == power
    assert found.mean.closed_form == harmonic(G) - 1
    assert (found.rise().limit - 1 / (1 - LAMBDA)).simplify() == 0
    assert found.rise(1).limit == oo
    # A subsample is drawn without bias: its rows are as deep.
    assert depth(AccumulateSubsample()).generating().closed_form == found.generating().closed_form


def over_sizes(
    weigh: object, chances: dict[int, Fraction], g: int, real: Fraction = Fraction(0)
) -> tuple[Fraction, ...]:
    """The law of K for all sizes of g blocks, each with its chance; ``real`` of every later block is."""
    mean = [Fraction(0)] * g
    for sizes in product(chances, repeat=g):
        chance, laws = Fraction(1), []
        for size in sizes:
            chance *= chances[size]
        for m in range(1, g + 1):
            weights = weigh([Fraction(size) for size in sizes[:m]])
            law = [Fraction(0)] * m
            for block, weight in enumerate(weights, start=1):
                share = weight / sum(weights)
                law[0] += share if block == 1 else share * real
                for steps, probability in enumerate(laws[block - 2] if block > 1 else []):
                    law[steps + 1] += share * (1 - real) * probability
            laws.append(law)
        mean = [total + chance * p for total, p in zip(mean, laws[-1], strict=True)]
    return tuple(mean)


LOPSIDED = {1: Fraction(3, 4), 5: Fraction(1, 4)}


@pytest.mark.parametrize(
    ("build", "weigh", "real"),
    [
        (lambda sizes: Accumulate(sizes=sizes), lambda rows: rows, Fraction(0)),
        (lambda sizes: ContaminatedPool(real="1/4", sizes=sizes), lambda rows: rows, Fraction(1, 4)),
        (lambda sizes: SlidingWindow(k=2, sizes=sizes), lambda rows: [0] * (len(rows) - 2) + rows[-2:], Fraction(0)),
        (
            lambda sizes: Forgetting(rate="1/3", sizes=sizes),
            lambda rows: [row / 3 ** (len(rows) - block) for block, row in enumerate(rows, start=1)],
            Fraction(0),
        ),
        (lambda sizes: Replace(sizes=sizes), lambda rows: [0] * (len(rows) - 1) + rows[-1:], Fraction(0)),
    ],
    ids=["accumulate", "contaminated", "window", "forgetting", "replace"],
)
def test_random_sizes_are_those_of_every_sequence_of_sizes(build, weigh, real) -> None:
    found = depth(build(RandomSizes("(3*t + t**5)/4")))
    law = over_sizes(weigh, LOPSIDED, 4, real)
    assert tuple(Fraction(str(p)) for p in found.law(4)) == law
    assert Fraction(str(found.mean.at(4))) == sum(k * p for k, p in enumerate(law))


def test_what_keeps_everything_does_not_look_at_the_law_of_its_sizes() -> None:
    """Blocks are alike given their total: also for sizes without a largest one, with closed form and limit."""
    endless = RandomSizes("t/(2 - t)")
    for build in (Accumulate, lambda **sizes: ContaminatedPool(real="1/4", **sizes)):
        found, equal = depth(build(sizes=endless)), depth(build())
        assert found.law(5) == equal.law(5)
        for rate in (Rational(0), Rational(3, 7), LAMBDA):
            assert found.generating(rate).closed_form == equal.generating(rate).closed_form
            assert found.rise(rate).limit == equal.rise(rate).limit
    for build in (lambda: SlidingWindow(k=2, sizes=endless), lambda: Forgetting(rate="1/3", sizes=endless)):
        with pytest.raises(NotDerivedError, match="largest one"):
            depth(build()).law(3)


def test_real_plus_latest_forgets_at_its_share() -> None:
    s, rate = Rational(3, 5), Rational(2, 3)
    found = depth(RealPlusLatest(share=1 - s)).rise(rate)
    for g in (1, 2, 7):
        assert found.at(g) == s * (1 - (s * rate) ** (g - 1)) / (1 - s * rate)
    assert found.limit == s / (1 - s * rate)


@pytest.mark.parametrize(
    "workflow", [Accumulate(), AccumulateSubsample(), CappedReal(synthetic=2)], ids=lambda workflow: workflow.name
)
def test_what_converges_below_one_has_its_certificates(workflow) -> None:
    rise, kept = depth(workflow).rise(), depth(workflow).generating()
    for claim in (rise, Limit(rise), Monotone(rise), LeastBound(rise), kept, Limit(kept), Growth(kept)):
        assert check(prove(claim))


def test_order_between_workflows_for_all_rates_at_once() -> None:
    for better, worse in ((Accumulate(), Replace()), (FreshReal(), Accumulate())):
        assert check(prove(NeverWorse(depth(better).rise(), depth(worse).rise())))
    # Fresh real data are not less deep in every way: at generation 3 more rows have passed through two models.
    assert depth(FreshReal()).law(3)[2] > depth(Accumulate()).law(3)[2]


def test_a_changed_number_in_a_certificate_of_depth_is_found(unnoticed) -> None:
    rise, kept = depth(Accumulate()).rise(), depth(RealPlusLatest(share="1/3")).generating()
    claims = (rise, Limit(rise), Monotone(rise), LeastBound(rise), kept, Limit(kept))
    found = [prove(claim) for claim in (*claims, NeverWorse(rise, depth(Replace()).rise()))]
    survivors, tried = unnoticed(found)
    assert not survivors
    assert tried > 100


def test_bias_leads_first_and_variance_in_the_end_under_replace() -> None:
    found = bias_against_variance(Replace(), 1, 3, "4/5")
    for g in range(2, 30):
        bias, variance = 3 * (1 - Fraction(4, 5) ** (g - 1)) * 5, g - 1
        leader = [name for start, name in found.leads if start <= g][-1]
        assert leader == ("bias" if bias > variance else "variance")
    assert found.in_the_end == "variance"


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: depth(Replace()).rise(2), "rate = 2 is not allowed: rate must be a number from 0 to 1"),
        (lambda: depth(Replace()).generating("-1/2"), "rate"),
        (lambda: depth("replace"), "workflow"),
        (lambda: depth(Weighted(lambda g: [1] if g == 1 else [2, -1] + [0] * (g - 2))), "must not be negative"),
        (lambda: depth(Replace()).law(0), "0"),
        (lambda: bias_against_variance(Replace(), 0, 1, 1), "variance = 0 is not allowed"),
        (lambda: bias_against_variance(Replace(), 1, 1, "lambda"), "lambda"),
    ],
)
def test_bad_input_is_named(call, words) -> None:
    with pytest.raises(DomainError, match=words):
        call()
