"""The laws of docs/laws.md, each proved there, and the smallest counterexamples to the tempting ones."""

from __future__ import annotations

from fractions import Fraction
from itertools import islice, pairwise, product

from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import Rational, pi, polygamma, simplify, sqrt

from theory import (
    Accumulate,
    AccumulateSubsample,
    FreshReal,
    RealPlusLatest,
    Regular,
    Replace,
    SlidingWindow,
    Weighted,
    Workflow,
    expected_risk,
)
from theory.design import OptimalFreshReal, compare, optimal_share, optimal_weights, required_budget
from theory.testing import rationals
from theory.workflows.pathway import Pathways

UNIT = Regular(p=1, n=1)
blocks = st.lists(st.integers(1, 9), min_size=2, max_size=7)


def values(workflow: Workflow, last: int) -> list:
    return list(islice(expected_risk(UNIT, workflow).recurrence.values(), last))


def risks(weights: list[list], sizes) -> list[Fraction]:
    """By the definition: unroll who is trained on what."""
    rows: list[list[Fraction]] = []
    found = []
    for g, row in enumerate(weights, start=1):
        coefficients = [Fraction(weight) for weight in row]
        for index in range(2, g + 1):
            for source, value in enumerate(rows[index - 2]):
                coefficients[source] += Fraction(row[index - 1]) * value
        rows.append(coefficients)
        found.append(sum((c * c / Fraction(s) for c, s in zip(coefficients, sizes, strict=False)), Fraction(0)))
    return found


def pooled(sizes, window: int | None = None) -> list[list[Fraction]]:
    rows = []
    for g in range(1, len(sizes) + 1):
        first = 0 if window is None else max(0, g - window)
        total = sum(sizes[first:g])
        rows.append([Fraction(0)] * first + [Fraction(size) / Fraction(total) for size in sizes[first:g]])
    return rows


def accumulate(sizes) -> Fraction:
    return risks(pooled(sizes), sizes)[-1]


def accumulate_summed(sizes: list[float]) -> float:
    """The same for many blocks, by its formula."""
    total = seen = 0.0
    for size in sizes:
        seen += size
        total += size / seen**2
    return total


# true laws


class Mixture(Workflow):
    """Arbitrary weights of either sign, with fresh real data of arbitrary amounts and weights."""

    def __init__(self, table: list[int], real: list[int]) -> None:
        self.table, self.real = table, real

    def weights(self, g: int) -> list[Rational]:
        raw = [self.table[(2 * g + 3 * index) % len(self.table)] for index in range(g - 1)]
        fresh = self.fresh_weight(g) if g > 1 else 0
        weights = [Rational(value, 4) for value in raw]
        return [*weights, 1 - fresh - sum(weights)]

    def fresh_weight(self, g):
        return Rational(self.table[g % len(self.table)], 5)

    def fresh_size(self, g):
        return 0 if g == 1 else Rational(self.real[g % len(self.real)], 2)


@given(
    table=st.lists(st.integers(-3, 6), min_size=1, max_size=5), real=st.lists(st.integers(1, 6), min_size=1, max_size=3)
)
@settings(max_examples=30)
def test_law_1_the_floor(table, real):
    workflow = Mixture(table, real)
    for g, (row, risk) in enumerate(zip(islice(Pathways(workflow), 6), values(workflow, 6), strict=True), start=1):
        assert row[0][0] + sum(row[1]) == 1
        assert risk >= 1 / (1 + sum(workflow.fresh_size(i) for i in range(2, g + 1)))


def test_law_1_is_sharp():
    class RealOnly(Workflow):
        """Block 1 and all the real data of generation 2, weighed by their sizes."""

        def weights(self, g):
            return [1] if g == 1 else [Rational(2, 5)] + [0] * (g - 1)

        def fresh_weight(self, g):
            return Rational(3, 5)

        def fresh_size(self, g):
            return Rational(3, 2)

    assert values(RealOnly(), 2)[1] == Rational(2, 5) == 1 / (1 + Rational(3, 2))


@settings(max_examples=30)
@given(table=st.lists(st.integers(-4, 6), min_size=1, max_size=15))
def test_law_2_without_fresh_data_the_ratio_is_never_below_one(table):
    """Weights of any sign: the noise of the real block stays whole."""
    rows = []
    for g in range(1, 7):
        row = [Fraction(table[(3 * g + index) % len(table)], 5) for index in range(g)]
        rows.append([row[0] + 1 - sum(row), *row[1:]])
    workflow = Weighted(lambda g: rows[g - 1])
    assert all(block[0] == 1 for block, _ in islice(Pathways(workflow), 6))
    assert min(values(workflow, 6)) >= 1


@given(sizes=blocks)
def test_laws_3_and_5_for_random_walks(sizes):
    for rows in (pooled(sizes), pooled(sizes, window=1)):
        assert all(later >= earlier for earlier, later in pairwise(risks(rows, sizes)))
    ratio = accumulate(sizes) * sizes[0]
    assert ratio <= 2 - Fraction(sizes[0], sum(sizes))


def test_law_5_is_sharp():
    assert accumulate_summed([1] + [1 / 1000] * 200_000) > 1.99


@given(sizes=blocks, position=st.integers(0, 6), more=st.integers(1, 4))
def test_laws_4_and_8_larger_blocks(sizes, position, more):
    larger = list(sizes)
    larger[position % len(sizes)] += more
    assert risks(pooled(larger, 1), larger)[-1] < risks(pooled(sizes, 1), sizes)[-1]
    real = [sizes[0] + more, *sizes[1:]]
    assert accumulate(real) < accumulate(sizes)


@given(sizes=blocks, position=st.integers(1, 6), part=rationals())
def test_law_6_splitting(sizes, position, part):
    at = 1 + (position - 1) % (len(sizes) - 1)
    part = Fraction(int(part.p), int(part.q))
    split = [*sizes[:at], sizes[at] * part, sizes[at] * (1 - part), *sizes[at + 1 :]]
    assert accumulate(split) > accumulate(sizes)


@given(sizes=blocks)
def test_law_7_larger_blocks_first(sizes):
    ordered = sorted(sizes, reverse=True)
    assert accumulate(ordered) <= accumulate(sizes)
    assert accumulate([sizes[0], *sorted(sizes[1:], reverse=True)]) <= accumulate(sizes)


def test_law_9_more_synthetic_data_a_generation():
    def limit(s: float) -> float:
        return 1 + float(polygamma(1, 1 + 1 / Rational(s)).evalf(20) / Rational(s))

    found = [limit(s) for s in ("1/100", "1/2", 1, 2, 10, 1000)]
    assert found == sorted(found, reverse=True)
    assert 1.99 < found[0] < 2
    assert 1 < found[-1] < 1.002
    assert abs(limit(1) - float(pi**2 / 6)) < 1e-15
    assert abs(limit(2) - accumulate_summed([1] + [2] * 100_000)) < 1e-5
    assert abs(accumulate_summed([1, 2, 3, 4]) - float(accumulate([1, 2, 3, 4]))) < 1e-15


@settings(max_examples=15)
@given(budget=st.integers(1, 5), replacement=st.booleans())
def test_law_10_subsamples(budget, replacement):
    last = 12
    drawn = values(AccumulateSubsample(budget, replacement), last)
    assert all(a >= b for a, b in zip(drawn, values(Accumulate(), last), strict=True))
    more = values(AccumulateSubsample(budget + 1, replacement), last)
    assert all(a >= b for a, b in zip(drawn, more, strict=True))
    without = values(AccumulateSubsample(budget), last)
    assert all(a >= b for a, b in zip(drawn, without, strict=True))


@settings(max_examples=15)
@given(real=rationals(0, 3), more=rationals(), g=st.integers(2, 9))
def test_laws_12_and_13_fresh_real_data(real, more, g):
    for scheme in (FreshReal, OptimalFreshReal):
        assert values(scheme(real=real + more), g)[-1] < values(scheme(real=real), g)[-1]
    assert optimal_weights(g, real) > real / (1 + real)
    best = float(optimal_share(real) / real)
    assert (best < 1) == (real > Rational(1, 2))
    pooled_limit = (1 + real) / (real * (2 + real))
    assert pooled_limit == expected_risk(UNIT, FreshReal(real=real)).limit
    assert (pooled_limit < 1) == (real > (sqrt(5) - 1) / 2)


@settings(max_examples=15)
@given(real=rationals(0, 3), shares=st.lists(rationals(), min_size=1, max_size=6))
def test_law_14_no_other_shares_are_better(real, shares):
    risk = Rational(1)
    for g, share in enumerate(shares, start=2):
        risk = (1 - share) ** 2 * (risk + 1) + share**2 / real
        assert risk >= optimal_weights(g, real) / real


@given(sizes=blocks, cuts=st.lists(rationals(), min_size=1, max_size=7))
def test_law_15_smaller_gains(sizes, cuts):
    """Model g moves from model g − 1 towards its newest block by a part of accumulate's gain."""
    rows = [[Fraction(1)]]
    for g in range(2, len(sizes) + 1):
        cut = cuts[g % len(cuts)]
        gain = Fraction(sizes[g - 1], sum(sizes[:g])) * Fraction(int(cut.p), int(cut.q))
        rows.append([*((1 - gain) * weight for weight in rows[-1]), gain])
    smaller, larger = risks(rows, sizes), risks(pooled(sizes), sizes)
    assert all(a < b for a, b in list(zip(smaller, larger, strict=True))[1:])


# tempting laws, false


def test_pooling_more_can_hurt():
    some, every = values(RealPlusLatest(), 3), values(Accumulate(), 3)
    assert some[:2] == every[:2]
    assert (some[2], every[2]) == (Rational(21, 16), Rational(49, 36))
    limits = [expected_risk(UNIT, workflow).limit for workflow in (RealPlusLatest(), Accumulate())]
    assert limits == [Rational(4, 3), pi**2 / 6]


def test_a_larger_block_can_hurt():
    hurt = [
        (sizes, larger)
        for sizes in sorted(product(range(1, 4), repeat=2), key=sum)
        for larger in ((sizes[0] + 1, sizes[1]), (sizes[0], sizes[1] + 1))
        if accumulate(larger) > accumulate(sizes)
    ]
    assert hurt[0] == ((2, 1), (2, 2))
    assert (accumulate((2, 1)), accumulate((2, 2))) == (Fraction(11, 18), Fraction(5, 8))
    assert accumulate((1, Fraction(1, 2))) == Fraction(11, 9) < accumulate((1, 1)) == Fraction(5, 4)


def test_the_risk_can_fall_without_fresh_data():
    rows = [[1], [0, 1], [1, 0, 0]]
    assert values(Weighted(lambda g: rows[g - 1]), 3) == [1, 2, 1]
    falls = [
        sizes
        for sizes in sorted(product(range(1, 7), repeat=4), key=sum)
        if sum(sizes) <= 9 and (found := risks(pooled(sizes, 2), sizes))[3] < found[2]
    ]
    assert falls[0] == (1, 1, 6, 1)
    assert risks(pooled(falls[0], 2), falls[0])[2:] == [Fraction(71, 49), Fraction(3459, 2401)]


def test_better_now_can_be_worse_later():
    half = Fraction(1, 2)
    start, end = [[1], [1, 0]], [0, half, 0, half]
    mixed = risks([*start, [0, half, half], end], [1] * 4)
    latest = risks([*start, [0, 0, 1], end], [1] * 4)
    assert (mixed[2], latest[2]) == (Fraction(3, 2), 2)
    assert (mixed[3], latest[3]) == (Fraction(15, 8), Fraction(7, 4))


def test_a_lower_limit_is_not_lower_at_every_generation():
    result = compare([Accumulate(), RealPlusLatest(share="2/5")])
    assert result.limits[1] == Rational(25, 16) < result.limits[0]
    assert result.at(11)[0].workflow.name == "accumulate"
    # No fraction with a smaller denominator lies where both hold.
    smaller = [Rational(p, q) for q in range(2, 5) for p in range(1, q)]
    inside = [
        share for share in smaller if (1 - share) ** 2 > Rational(1, 4) and 1 / (1 - (1 - share) ** 2) < pi**2 / 6
    ]
    assert inside == []


def test_equal_weights_and_real_data_alone_are_not_best():
    assert values(FreshReal(), 2)[1] == Rational(3, 4) > optimal_weights(2) == Rational(2, 3)
    assert simplify(expected_risk(UNIT, FreshReal(share=optimal_share(1))).limit - (sqrt(5) - 1) / 2) == 0
    assert expected_risk(UNIT, FreshReal(share=1)).limit == 1
    assert expected_risk(UNIT, FreshReal(real="1/2")).limit == Rational(6, 5)
    assert optimal_share("1/2") == Rational(1, 2)


def test_smallest_budgets_are_not_smallest_at_every_generation():
    assert required_budget(2).counts(3, 100) == [100, 58, 65]


def test_wider_windows_are_proved_better_where_they_can_be():
    result = compare([SlidingWindow(4), SlidingWindow(3), SlidingWindow(2), Replace()])
    assert [result.dominates(k, k + 1) for k in range(3)] == [True] * 3
