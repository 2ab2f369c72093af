"""From replace to other workflows: exact on a table of two frequencies, every data set enumerated."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import combinations, product
from math import comb

import numpy as np
import pytest
from mpmath import iv

from numerics.forecasting import forecast, transfer
from numerics.forecasting.shapes import shapes
from theory import (
    Accumulate,
    AccumulateSubsample,
    ContaminatedPool,
    FreshReal,
    RealPlusLatest,
    Replace,
    SlidingWindow,
    Weighted,
    depth,
)
from theory.workflows.labelled_pool import LabelledPool

iv.dps = 30
MIXED = Weighted(lambda g: [1] if g == 1 else [Fraction(1, 2), Fraction(1, 2)] + [0] * (g - 2))
ONE, HALF = Fraction(1), Fraction(1, 2)
#: A table answers a frequency x with this share of ones, n rows and a pseudo-counts on either side.
Learner = Callable[[Fraction, int], Fraction]


def smoothed(n: int, pseudo: Fraction) -> Learner:
    """However many blocks were averaged."""
    return lambda frequency, blocks: (n * frequency + pseudo) / (n + 2 * pseudo)


def counted(n: int, pseudo: Fraction) -> Learner:
    """By the counts of all rows: the more of them, the less they are smoothed."""
    return lambda frequency, blocks: (n * blocks * frequency + pseudo) / (n * blocks + 2 * pseudo)


def flips(n: int, share: Fraction) -> Iterator[tuple[Fraction, Fraction]]:
    """Frequencies of n flips, each with its probability."""
    for ones in range(n + 1):
        chance = comb(n, ones) * share**ones * (1 - share) ** (n - ones)
        if chance:
            yield Fraction(ones, n), chance


def answers(workflow: object, n: int, truth: Fraction, learner: Learner, g: int) -> dict[Fraction, Fraction]:
    """The law of what model g answers, over all data sets."""

    def answer(blocks: tuple[Fraction, ...]) -> Fraction:
        weights = [Fraction(str(weight)) for weight in workflow.weights(len(blocks))]
        used = sum(1 for weight in weights if weight)
        return learner(sum((w * x for w, x in zip(weights, blocks, strict=True)), Fraction(0)), used)

    chains: dict[tuple[Fraction, ...], Fraction] = {(): Fraction(1)}
    for _ in range(g):
        longer: dict[tuple[Fraction, ...], Fraction] = {}
        for blocks, chance in chains.items():
            for frequency, more in flips(n, answer(blocks) if blocks else truth):
                key = (*blocks, frequency)
                longer[key] = longer.get(key, Fraction(0)) + chance * more
        chains = longer
    law: dict[Fraction, Fraction] = {}
    for blocks, chance in chains.items():
        law[answer(blocks)] = law.get(answer(blocks), Fraction(0)) + chance
    return law


def expected_loss(law: dict[Fraction, Fraction], truth: Fraction) -> object:
    """E[−p log q − (1 − p) log(1 − q)], enclosed."""
    total = iv.mpf(0)
    for answer, chance in law.items():
        loss = sum(real(share) * iv.log(real(part)) for share, part in ((truth, answer), (1 - truth, 1 - answer)))
        total -= real(chance) * loss
    return total


def real(value: Fraction) -> object:
    return iv.mpf(value.numerator) / value.denominator


def excess(workflow: object, n: int, truth: Fraction, learner: Learner, g: int) -> object:
    """Expected loss at g less the mixture of those of replace, enclosed: never positive, if the bound holds."""
    under = [expected_loss(answers(Replace(), n, truth, learner, k), truth) for k in range(1, g + 1)]
    mixture = sum(real(Fraction(str(p))) * under[k] for k, p in enumerate(depth(workflow).law(g)))
    return expected_loss(answers(workflow, n, truth, learner, g), truth) - mixture


SETTINGS = [
    (n, truth, g)
    for n, longest in ((2, 4), (3, 3))
    for truth in (Fraction(1, 2), Fraction(1, 3), Fraction(1, 10))
    for g in range(2, longest + 1)
]


@pytest.mark.parametrize(
    "workflow", [Accumulate(), RealPlusLatest(), SlidingWindow(k=2), RealPlusLatest(share="1/5"), MIXED], ids=repr
)
@pytest.mark.parametrize("pseudo", [Fraction(1), Fraction(1, 2)], ids=str)
def test_no_average_of_blocks_loses_more_than_the_mixture(workflow, pseudo) -> None:
    """Each sign is certain: losses are enclosed by interval arithmetic, probabilities are fractions."""
    for n, truth, g in SETTINGS:
        found = excess(workflow, n, truth, smoothed(n, pseudo), g)
        assert found.b < 0, (n, truth, g)


@pytest.mark.parametrize("truth", [Fraction(1, 2), Fraction(1, 3), Fraction(1, 10)], ids=str)
def test_a_block_part_real_is_one_block(truth) -> None:
    """Blocks of one real row and one of the last model: the bound by blocks of two rows holds, with room."""
    pool, learner = ContaminatedPool(real=HALF), smoothed(2, ONE)
    chains = {(block,): chance for block, chance in flips(2, truth)}
    for g in (2, 3):
        longer: dict[tuple[Fraction, ...], Fraction] = {}
        for blocks, chance in chains.items():
            answer = learner(sum(blocks) / len(blocks), len(blocks))
            for (real_row, p), (row, q) in product(flips(1, truth), flips(1, answer)):
                key = (*blocks, (real_row + row) / 2)
                longer[key] = longer.get(key, Fraction(0)) + chance * p * q
        chains, law = longer, {}
        for blocks, chance in chains.items():
            answer = learner(sum(blocks) / g, g)
            law[answer] = law.get(answer, Fraction(0)) + chance
        losses = [expected_loss(answers(Replace(), 2, truth, learner, k), truth) for k in range(1, g + 1)]
        mixture = sum(real(Fraction(str(p))) * losses[k] for k, p in enumerate(depth(pool).law(g)))
        assert (expected_loss(law, truth) - mixture).b < 0


def test_replace_is_its_own_mixture() -> None:
    found = excess(Replace(), 2, Fraction(1, 3), smoothed(2, ONE), 4)
    assert found.a <= 0 <= found.b


class TestWhereItFails:
    """Each assumption is needed: without it, the smallest counterexample found."""

    def test_smoothing_that_weakens_with_the_rows(self) -> None:
        """Two flips of a fair coin, add-one smoothing of all counts: accumulate loses more than the mixture."""
        assert excess(Accumulate(), 2, HALF, counted(2, ONE), 2).a > 0.03

    def test_a_negative_weight(self) -> None:
        """Model 3 on 3/2 of block 2 less half of block 3, where answers stay between 0 and 1."""
        leaning = Weighted(lambda g: [[1], [0, 1], [0, Fraction(3, 2), -HALF]][g - 1])
        learner = smoothed(2, Fraction(5))
        losses = [expected_loss(answers(Replace(), 2, HALF, learner, k), HALF) for k in (1, 2, 3)]
        found = expected_loss(answers(leaning, 2, HALF, learner, 3), HALF)
        assert (found - (iv.mpf(3) / 2 * losses[1] - losses[2] / 2)).a > 0

    def test_rows_drawn_from_the_pool(self) -> None:
        """Two of the four rows of accumulate's model 2, without smoothing's help: more than half of replace's rise."""
        n, learner = 2, smoothed(2, ONE)
        law: dict[Fraction, Fraction] = {}
        for first, chance in flips(n, HALF):
            for second, more in flips(n, learner(first, 1)):
                rows = [int(i < first * n) for i in range(n)] + [int(i < second * n) for i in range(n)]
                draws = list(combinations(rows, n))
                for drawn in draws:
                    answer = learner(Fraction(sum(drawn), n), 1)
                    law[answer] = law.get(answer, Fraction(0)) + chance * more / len(draws)
        losses = [expected_loss(answers(Replace(), n, HALF, learner, k), HALF) for k in (1, 2)]
        assert (expected_loss(law, HALF) - (losses[0] + losses[1]) / 2).a > 0

    def test_to_leading_order_too(self) -> None:
        """Variance alone: ratio − 1 = 3/4 for the draw, where E K = 1/2; whole blocks keep below."""
        drawn, kept = shapes(AccumulateSubsample(), 30), shapes(Accumulate(), 30)
        mean_depth = kept.rise(np.array([1.0]))[0]
        assert drawn.ratio[1] - 1 == pytest.approx(0.75)
        assert mean_depth[1] == 0.5
        assert (kept.ratio - 1 <= mean_depth + 1e-12).all()

    def test_it_is_no_equality(self) -> None:
        assert excess(Accumulate(), 2, HALF, smoothed(2, ONE), 2).b < -0.02


LOSSES = np.array([1.0, 1.5, 1.9, 2.2, 2.4])


@pytest.mark.parametrize("to", [Accumulate(), AccumulateSubsample(), FreshReal(), RealPlusLatest()], ids=repr)
def test_it_mixes_by_the_law_of_depth_exactly(to) -> None:
    found = transfer(LOSSES, Replace(), to)
    for g in range(1, 6):
        law = [float(p) for p in depth(to).law(g)]
        assert found.median[g - 1] == pytest.approx(np.dot(law, LOSSES[:g]))
    assert (found.lower == 1.0).all()
    assert (found.upper >= found.median - 1e-12).all()


def test_to_itself_it_changes_nothing_and_to_real_data_all() -> None:
    np.testing.assert_allclose(transfer(LOSSES, Replace(), Replace()).median, LOSSES)
    fresh = transfer(LOSSES, Replace(), FreshReal(share=1)).median
    np.testing.assert_allclose(fresh, 1.0)


def test_unit_and_zero_do_not_matter() -> None:
    plain, changed = (transfer(table, Replace(), Accumulate()).median for table in (LOSSES, 3e6 * LOSSES - 7))
    np.testing.assert_allclose(changed, 3e6 * plain - 7)


def test_what_it_says_of_itself() -> None:
    """A bound for whole blocks, unless training is short; for draws and small blocks none."""
    rise = 1.4 / 4
    for gap, bound, words in (
        (None, True, "an upper bound, near the truth when training is short"),
        (0.51 * rise, True, "an upper bound: training is long"),
        (0.49 * rise, False, "a prediction"),
        (0.1 * rise, False, "a prediction"),
    ):
        found = transfer(LOSSES, Replace(), Accumulate(), generalisation_gap=gap)
        assert found.upper_bound is bound
        assert words in found.sentence
    for gap, words in ((None, "no bound"), (rise, "no bound and no more than a guess"), (0.1 * rise, "a prediction:")):
        for to in (AccumulateSubsample(), Accumulate(sizes="1/2")):
            found = transfer(LOSSES, Replace(), to, generalisation_gap=gap)
            assert not found.upper_bound
            assert words in found.sentence
    assert transfer(LOSSES, Replace(), AccumulateSubsample()).upper[1] == pytest.approx(1 + rise * 0.75)
    assert transfer(LOSSES, Replace(), Accumulate(sizes=2)).upper_bound


def test_rows_of_a_generation_that_weigh_alike_are_one_block() -> None:
    """A contaminated pool, and fresh real data by rows; under a label, or by another share, the parts stand alone."""
    half = Fraction(1, 2)
    for to in (ContaminatedPool(real=half), FreshReal(real=half), LabelledPool(real=half)):
        assert transfer(LOSSES, Replace(), to).upper_bound, to
    for to in (
        ContaminatedPool(real=half, sizes=half),
        FreshReal(real=half, share="1/4"),
        LabelledPool(real=half, share="1/4"),
    ):
        assert not transfer(LOSSES, Replace(), to).upper_bound, to


def test_from_another_workflow_than_replace_it_is_the_forecast() -> None:
    found = transfer(LOSSES, Accumulate(), Replace())
    same = forecast(LOSSES, Accumulate(), horizon=5).of(Replace())
    np.testing.assert_allclose(found.median, same.median)
    assert not found.upper_bound
