"""Threshold, rank, pairs, label noise, repeated editing, generations: each against the error it is read off."""

from __future__ import annotations

from itertools import pairwise

import pytest
from sympy import Rational, S, Symbol, harmonic, nsimplify, pi, simplify, sqrt, symbols

from theory.errors import DomainError, NotDerivedError
from theory.expressions.symbols import G
from theory.subspaces import (
    FactorModel,
    IteratedEditing,
    detection_threshold,
    error_over_generations,
    keeping_threshold,
    label_noise_crossing,
    m,
    noise_edge,
    observed_eigenvalues,
    optimal_filter,
    optimal_rank,
    overlaps,
    required_pairs,
    subspace_error,
)
from theory.workflows import Accumulate, Replace, SlidingWindow

l = Symbol("l", positive=True)  # noqa: E741
D = Symbol("D", integer=True, positive=True)
SPECTRUM = ["6", "3", "21/10", "19/10", "3/2", "1/2"]


def test_the_threshold_is_where_the_overlap_ends_and_the_edge_is_reached():
    model = FactorModel(3, 100, 225)
    threshold = detection_threshold(model)
    assert threshold == Rational(3, 2)
    ratio = model.ratio
    assert (threshold**2 - ratio) == 0
    assert (1 + threshold) * (1 + ratio / threshold) == noise_edge(model)
    assert overlaps(FactorModel(threshold, 100, 225)) == (0,)
    assert observed_eigenvalues(FactorModel([2, 1], 100, 225)) == (Rational(3 * 17, 8), Rational(25, 4))


@pytest.mark.parametrize("dimension", [20, 100, 300])
def test_the_best_rank_is_the_least_of_all(dimension):
    model = FactorModel(SPECTRUM, 100, dimension)
    errors = [subspace_error(model, rank=k).closed_form for k in range(7)]
    assert errors.index(min(errors)) == optimal_rank(model)
    assert optimal_rank(model) == sum(bool(strength > keeping_threshold(model)) for strength in model.strengths)


def test_at_the_keeping_threshold_half_is_found():
    threshold = keeping_threshold(FactorModel(l, 100, 150))
    assert simplify(overlaps(FactorModel(threshold, 100, 150))[0] - Rational(1, 2)) == 0
    assert optimal_rank(FactorModel(2, 100, 100)) == 0


def test_the_filter_is_shorter_than_the_projector():
    model = FactorModel(SPECTRUM, 100, 100)
    weights = optimal_filter(model)
    assert weights[-1] == 0
    assert sum(1 - weight**2 for weight in weights) == subspace_error(model, "shrunken").closed_form
    assert subspace_error(model, "shrunken").number < min(subspace_error(model, rank=k).number for k in range(7))


class TestPairs:
    def test_the_formula(self):
        epsilon = Rational(1, 3)
        stated = D * (2 * (l + 1) - epsilon * l) / (epsilon * l**2)
        assert simplify(required_pairs(FactorModel(l), epsilon) - stated) == 0

    @pytest.mark.parametrize("error", ["1/10", "1/2", "3/2"])
    @pytest.mark.parametrize("regime", ["proportional", "leading"])
    def test_so_many_pairs_have_the_error(self, error, regime):
        for estimator in ("svd", "mean-difference"):
            model = FactorModel(3, 1, 10**6, coherence="1/2", flips="1/10")
            needed = int(required_pairs(model, error, estimator, regime)) + 1
            reached = [subspace_error(model, estimator, regime).at(pairs) for pairs in (needed - 1, needed)]
            assert reached[1] <= nsimplify(error) <= reached[0]

    @pytest.mark.parametrize("error", ["1/10", "2", "18/5", "5"])
    def test_several_factors_of_which_some_are_lost(self, error):
        model = FactorModel([6, 3, "1/2"], 1, 10**5)
        needed = int(required_pairs(model, error).evalf()) + 1
        # A neighbour on each side: the root is exact, the number of pairs is whole.
        above, below = (subspace_error(model).at(pairs) for pairs in (needed - 1, needed))
        assert below <= nsimplify(error) <= above

    def test_what_cannot_be_asked(self):
        with pytest.raises(DomainError, match="below 2"):
            required_pairs(FactorModel(3), 2)
        with pytest.raises(NotDerivedError, match="mean is zero"):
            required_pairs(FactorModel(3, flips="1/2", coherence=1), 1, "mean-difference")
        with pytest.raises(NotDerivedError, match="numbers"):
            required_pairs(FactorModel(symbols("a b", positive=True)), 1)
        with pytest.raises(DomainError, match="estimator"):
            required_pairs(FactorModel(3), 1, "shrunken")


class TestLabelNoise:
    @pytest.mark.parametrize("coherence", ["1", "9/10"])
    def test_both_are_equal_at_the_crossing(self, coherence):
        model = FactorModel(3, 100, 200, coherence=coherence)
        crossing = label_noise_crossing(model)
        errors = {
            estimator: [
                subspace_error(FactorModel(3, 100, 200, coherence, flips), estimator).closed_form
                for flips in (crossing - Rational(1, 100), crossing, crossing + Rational(1, 100))
            ]
            for estimator in ("svd", "mean-difference")
        }
        before, at, after = (simplify(a - b) for a, b in zip(errors["svd"], errors["mean-difference"], strict=True))
        assert before > 0
        assert at == 0
        assert after < 0

    def test_ends(self):
        assert label_noise_crossing(FactorModel(3, 100, 10_000, coherence=1)) == Rational(1, 2)
        assert label_noise_crossing(FactorModel(9, 100, 10, coherence="1/10")) == 0
        assert label_noise_crossing(FactorModel(9, 100, 10)) == 0
        # With clean labels and a coherent factor the mean difference wins.
        assert label_noise_crossing(FactorModel(10**6, 10**6, 1000, coherence=1)) > 0
        with pytest.raises(NotDerivedError):
            label_noise_crossing(FactorModel([2, 1]))


class TestIterated:
    def test_certificate(self):
        assert set(IteratedEditing(FactorModel(l)).certificate.values()) == {S.Zero}

    def test_more_dimensions_than_pairs_tend_to_the_threshold_from_above(self):
        editing = IteratedEditing(FactorModel(6, 100, 400))
        values = [editing.at(k) for k in range(12)]
        assert values == [simplify(editing.closed_form.subs(m, k)) for k in range(12)]
        assert all(before > after > 2 for before, after in pairwise(values))
        assert float(values[-1] - editing.floor) < 1e-4

    def test_fewer_dimensions_stop_after_one_edit(self):
        editing = IteratedEditing(FactorModel(6, 400, 100))
        assert editing.at(1) == editing.at(7) == editing.floor == Rational(7, 25)
        assert Rational(1, 4) < editing.floor < detection_threshold(editing.model)
        assert simplify(editing.closed_form.subs(m, 7)) == editing.floor
        # The Möbius map itself would go on, to the threshold.
        assert float(editing.mobius.subs(m, 60)) == pytest.approx(0.5)

    def test_one_edit_is_the_overlap(self):
        model = FactorModel(6, 100, 150)
        assert IteratedEditing(model).at(1) == 6 * (1 - overlaps(model)[0])

    def test_below_the_threshold_nothing_is_found(self):
        editing = IteratedEditing(FactorModel(1, 100, 400))
        assert editing.at(5) == editing.floor == editing.closed_form == 1

    def test_symbols_and_limits(self):
        editing = IteratedEditing(FactorModel(l))
        assert editing.at(1).subs({l: 6, "N": 1}).has(D)
        assert editing.fixed_points[0] == -editing.fixed_points[1]
        with pytest.raises(DomainError, match="fewer"):
            IteratedEditing(FactorModel(6, 100, 400)).at(10**9)
        with pytest.raises(DomainError, match="whole number"):
            editing.at(-1)
        with pytest.raises(NotDerivedError):
            IteratedEditing(FactorModel([2, 1]))


class TestGenerations:
    def test_ratios_are_those_of_the_pathway(self):
        model = FactorModel(3, 100, 10)
        first = subspace_error(model, regime="leading").closed_form
        replace = error_over_generations(model, Replace(), regime="leading")
        accumulate = error_over_generations(model, Accumulate(), regime="leading")
        assert replace.at(5) == 5 * first
        assert accumulate.at(3) == first * Rational(49, 36)
        assert float(accumulate.closed_form.subs(G, 1000).evalf()) <= float(first * pi**2 / 6)
        mean = error_over_generations(FactorModel(3, 100, 10, coherence=1), Replace(), "mean-difference", "leading")
        assert mean.at(2) == 2 * Rational(2 * 9, 300)

    def test_cosines_multiply(self):
        model = FactorModel([3, "1/2"], 100, 100)
        found = error_over_generations(model, Replace())
        assert found.at(1) == subspace_error(model).closed_form
        assert found.at(4) == 2 + 2 * (1 - Rational(2, 3) ** 4)
        assert found.exactness.startswith("limit")

    def test_small_ratios_have_the_leading_order(self):
        model = FactorModel(3, 10**8, 1000)
        limit, leading = (error_over_generations(model, Replace(), regime=r).at(4) for r in ("proportional", "leading"))
        assert float(limit / leading) == pytest.approx(1000 / 999, rel=1e-4)

    @pytest.mark.parametrize(("strength", "pairs"), [("11/10", 100), (3, 100), (30, 100), (3, 10**4), (4, 10)])
    def test_a_pool_never_loses_more_than_the_sum_of_inverse_squares(self, strength, pairs):
        found = error_over_generations(FactorModel(strength, pairs, 100), Accumulate())
        first, harmonic, last = found.number(1), 0.0, 0.0
        for generation in range(1, 60):
            harmonic += generation**-2
            error = found.number(generation)
            assert last < error <= harmonic * first * (1 + 1e-12)
            last = error
        assert last < float(found.bound)
        assert float(found.at(3).evalf()) == pytest.approx(found.number(3), rel=1e-12)
        assert found.number(1) == pytest.approx(float(subspace_error(found.first.model).closed_form), rel=1e-12)

    def test_a_pool_of_few_dimensions_has_the_leading_order(self):
        """The bound is attained as D/N → 0: no smaller constant does."""
        found = error_over_generations(FactorModel([3, 2], 10**10, 100), Accumulate())
        assert found.number(40) / found.number(1) == pytest.approx(float(harmonic(40, 2)), rel=1e-6)

    def test_a_pool_loses_what_is_below_the_threshold(self):
        found = error_over_generations(FactorModel([3, "1/2"], 100, 100), Accumulate())
        alone = error_over_generations(FactorModel(3, 100, 100), Accumulate())
        assert found.number(5) == pytest.approx(2 + alone.number(5))
        assert found.at(2) == 2 + alone.at(2)
        with pytest.raises(NotDerivedError, match="number"):
            alone.at(4)
        assert error_over_generations(FactorModel(), Accumulate()).at(2).has(Symbol("l", positive=True))

    def test_what_is_open_says_so(self):
        others = ((workflow, "svd") for workflow in (SlidingWindow(2), Replace("j"), Accumulate("j")))
        for workflow, estimator in (*others, (Replace(), "mean-difference")):
            with pytest.raises(NotDerivedError, match="open"):
                error_over_generations(FactorModel(3, 100, 100, coherence=1), workflow, estimator)


def test_roots_of_symbols_do_not_matter():
    assert simplify(detection_threshold(FactorModel(l)) ** 2 - D / Symbol("N", integer=True, positive=True)) == 0
    assert sqrt(FactorModel(l, 4, 9).ratio) == Rational(3, 2)
