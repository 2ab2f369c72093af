"""Forgetting: risks from their definition, enumerated coins, the divisor sums, which memory is bounded."""

from __future__ import annotations

import random
from fractions import Fraction
from itertools import islice

import pytest
from sympy import Integer, N, Rational, divisor_sigma, log, pi, sqrt

from theory import Accumulate, Bernoulli, DomainError, Exponential, Forgetting, G, Regular, Replace, expected_risk, j
from theory.moments.composition import compose
from theory.testing import check_workflow
from theory.testing.enumeration import bernoulli_moments

RATES = ["1/2", "9/10", "1 - 1/j", "1/(j + 1)", "1 - 1/(2*sqrt(j))"]


@pytest.mark.parametrize("rate", RATES)
def test_forgetting_keeps_the_laws(rate: str) -> None:
    check_workflow(Forgetting(rate), generations=3 if "sqrt" in rate else 5)


@pytest.mark.parametrize("sizes", [j, 2**j])
def test_forgetting_keeps_the_laws_with_sizes_that_change(sizes: object) -> None:
    check_workflow(Forgetting("1/3", sizes=sizes), generations=4)


def faded_means(rates: list[Fraction], sizes: list[Fraction], noise: Fraction, curvature: Fraction) -> list[Fraction]:
    """Every model as a table of what each block's noise is in it, by the definition: samples that fade."""
    models: list[list[Fraction]] = []
    risks: list[Fraction] = []
    for g in range(1, len(sizes) + 1):
        counts = [sizes[index] for index in range(g)]
        for index in range(g):
            for later in range(index + 1, g):
                counts[index] *= rates[later]
        held = sum(counts)
        row = [Fraction(0)] * len(sizes)
        for index, count in enumerate(counts):
            row[index] += count / held
            if index:
                row = [own + count / held * past for own, past in zip(row, models[index - 1], strict=True)]
        models.append(row)
        before = [Fraction(0), *risks]
        risks.append(sum(row[i] ** 2 * (noise + curvature * before[i]) / sizes[i] for i in range(g)))
    return risks


def test_two_hundred_random_rates_and_sizes() -> None:
    """Against tables of all noises, with curvatures of either sign."""
    draw = random.Random(14)
    for _ in range(200):
        q, n = Fraction(draw.randint(1, 11), 12), draw.randint(1, 9)
        rate, sizes = draw.choice([(q, 1), (q, j), (1 - q / j, 1), (q / j, j + 1), (1 / (j + 1), 2)])
        workflow = Forgetting(rate, sizes)
        values = [Fraction(int(v.p), int(v.q)) for v in (Rational(str(workflow.rate_at(g))) for g in range(2, 6))]
        size = [Fraction(int(workflow.size(g).p), int(workflow.size(g).q)) for g in range(1, 6)]
        curvature = Fraction(draw.randint(-n, n), n)
        composed = compose(workflow, noise=Rational(1, n), curvature=Rational(curvature))
        told = faded_means([Fraction(1), *values], size, Fraction(1, n), curvature)
        assert [str(v) for v in islice(composed.values(), 5)] == [str(v) for v in told]


@pytest.mark.parametrize("rate", ["1/2", "1/(j + 1)", "1 - 1/j"])
def test_coins_enumerated_in_full(rate: str) -> None:
    workflow = Forgetting(rate)
    moments = bernoulli_moments(workflow, "1/3", n=2, generations=4)
    risk = expected_risk(Bernoulli(p="1/3", n=2), workflow)
    assert [(Rational(1, 3), risk.at(g)) for g in range(1, 5)] == moments


def test_the_ends_are_replace_and_accumulate() -> None:
    for end, known in ((0, Replace), (1, Accumulate)):
        for sizes in (1, j):
            ours, theirs = (expected_risk(Exponential(1, 5), w) for w in (Forgetting(end, sizes), known(sizes)))
            assert ours.closed_form == theirs.closed_form
            assert ours.limit == theirs.limit
            assert Forgetting(end, sizes).weights(5) == known(sizes).weights(5)


def test_near_the_ends() -> None:
    """Continuity at generation 6, from the formulas of both sides."""
    for end, known in ((0, Replace()), (1, Accumulate())):
        near = Forgetting(abs(Rational(end) - Rational(1, 10**6)))
        gap = expected_risk(Regular(), near).ratio.at(6) - expected_risk(Regular(), known).ratio.at(6)
        assert 0 < abs(gap) < Rational(1, 10**4)


def test_half_at_three() -> None:
    """1 + (2/3)² + (4/7)²."""
    assert expected_risk(Regular(), Forgetting("1/2")).ratio.at(3) == Rational(781, 441)


@pytest.mark.parametrize("q", ["1/2", "1/3", "4/5"])
def test_slope_and_constant_are_the_divisor_sums(q: str) -> None:
    """(1 − q)²(G + Σ (d(k) + σ(k)) q^k), to what is left after G = 150 generations."""
    rate, last = Rational(q), 150
    divisors = sum((divisor_sigma(k, 0) + divisor_sigma(k, 1)) * rate**k for k in range(1, 400))
    told = (1 - rate) ** 2 * (last + divisors)
    found = expected_risk(Regular(), Forgetting(q)).ratio.at(last)
    assert abs(float(found - told)) < 400 * float(rate) ** last
    if q == "1/2":
        assert abs(float(told - Rational(last, 4)) - 1.08768226029369503107) < 1e-15


def test_which_memory_is_bounded() -> None:
    """q_j = 1 − j^(−a): bounded for a > 1/2, logarithmic at 1/2, a power below; 1 − 1/j has a limit of its own."""
    assert expected_risk(Regular(), Forgetting("1 - 1/j")).ratio.limit == 2 * pi**2 / 3 - 4
    at_half = expected_risk(Regular(), Forgetting(1 - 1 / (2 * sqrt(j)))).ratio
    assert at_half.growth == log(G) / 4


@pytest.mark.parametrize("rate", ["3/2", -1, "1 + 1/j", "1 - 5/j", "1/j - 1/3", float("inf")])
def test_rates_outside_the_range_are_refused(rate: object) -> None:
    with pytest.raises(DomainError, match="rate"):
        Forgetting(rate)  # type: ignore[arg-type]


@pytest.mark.parametrize(("rate", "wiped"), [("1 - 2/j", 2), ("(j - 2)**2/j**2", 2), ("(j - 3)**2/j**2", 3)])
def test_a_rate_of_zero_on_the_way_forgets_all_before_it(rate, wiped):
    workflow = Forgetting(rate)
    assert workflow.weights(wiped) == [0] * (wiped - 1) + [1]
    risk = expected_risk(Regular(p=1, n=1), workflow)
    # M_g = q_g M_{g−1} + 1, and 1/M_g² is what a generation adds.
    memory, total = Integer(0), Integer(0)
    for g in range(1, 12):
        memory = (workflow.rate_at(g) * memory if g > 1 else Integer(0)) + 1
        total += 1 / memory**2
        assert risk.at(g) == total
        if risk.closed_form is not None:
            assert abs(N(risk.closed_form.subs(G, g) - total, 30)) < 1e-20 * total


def test_what_is_remembered_from_a_rate_of_zero_on_has_its_limit():
    risk = expected_risk(Regular(p=1, n=1), Forgetting("1 - 2/j"))
    # 1 + Σ_{g ≥ 2} 9/(g + 1)².
    assert risk.limit == Rational(3, 2) * pi**2 - Rational(41, 4)
    assert risk.closed_form is not None
