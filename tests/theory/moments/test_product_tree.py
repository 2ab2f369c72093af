"""One late exact value by a product tree: the value that one step after another gives."""

from __future__ import annotations

from fractions import Fraction

import pytest
from sympy import Expr, Float, Matrix, Rational, S, Symbol, oo, sqrt

from theory import (
    Accumulate,
    AccumulateSubsample,
    Bernoulli,
    DomainError,
    FreshReal,
    GaussianFit,
    GaussianMean,
    LinearRegression,
    PosteriorSample,
    RealPlusLatest,
    Replace,
    SlidingWindow,
    expected_risk,
)
from theory.models.base import Model
from theory.models.bent import BiasedSampler, PosteriorMean
from theory.moments import product_tree
from theory.moments.product_tree import SHORTEST, value_at
from theory.moments.recurrence import MomentRecurrence, Recurrence
from theory.workflows.base import Workflow
from theory.workflows.dynamics import GENERATION

g = GENERATION
COIN = Bernoulli(p="1/3", n=4)
LEANING = BiasedSampler(COIN, "9/10", "1/2")
CASES: list[tuple[Model, Workflow, str]] = [
    (COIN, Accumulate(), "squared"),
    (LEANING, Accumulate(), "squared"),
    (LEANING, SlidingWindow(2), "squared"),
    (PosteriorMean(COIN, 2, "3/4"), Accumulate(sizes="j"), "squared"),
    (PosteriorSample(COIN, 2, "3/4"), FreshReal("1/4"), "squared"),
    (COIN, AccumulateSubsample(3), "squared"),  # changes regime twice
    (LEANING, RealPlusLatest("1/3"), "squared"),
    (GaussianFit(d=2, n=10), Accumulate(), "covariance"),
    (LinearRegression(d=3, T=10), Accumulate(), "squared"),
    # More dimensions than rows up to generation 4: the margin of the later regime is too small before it starts.
    (LinearRegression(d=38, T=8, signal="7/2"), Accumulate(), "squared"),
]


@pytest.mark.parametrize(("model", "workflow", "loss"), CASES, ids=lambda item: getattr(item, "name", None))
@pytest.mark.parametrize("generation", [SHORTEST, SHORTEST + 13])
def test_is_the_value_of_one_step_after_another(model: Model, workflow: Workflow, loss: str, generation: int) -> None:
    """To the last digit; the ratio and the bias too."""
    risk = expected_risk(model, workflow, loss)
    for recurrence in (risk.recurrence, risk.ratio.recurrence):
        assert isinstance(recurrence, MomentRecurrence)
        late = value_at(recurrence, generation)
        assert late is not None
        assert late == Recurrence.at(recurrence, generation)


@pytest.mark.parametrize("piece", [2, 7, SHORTEST])
def test_pieces_change_nothing(piece: int, monkeypatch: pytest.MonkeyPatch) -> None:
    recurrence = expected_risk(LEANING, Accumulate(sizes="j")).recurrence
    late = value_at(recurrence, SHORTEST + 13)
    monkeypatch.setattr(product_tree, "PIECE", piece)
    assert value_at(recurrence, SHORTEST + 13) == late


@pytest.mark.parametrize(("model", "workflow", "loss"), CASES, ids=lambda item: getattr(item, "name", None))
@pytest.mark.parametrize("wide", [2, 8])
def test_several_steps_in_one_matrix_change_nothing(
    model: Model, workflow: Workflow, loss: str, wide: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the steps are no multiple of so many."""
    recurrence = expected_risk(model, workflow, loss).recurrence
    monkeypatch.setattr(product_tree, "FEWEST", 10**9)
    single = value_at(recurrence, SHORTEST + 13)
    monkeypatch.setattr(product_tree, "FEWEST", 1)
    monkeypatch.setattr(product_tree, "WIDEST", wide)
    assert value_at(recurrence, SHORTEST + 13) == single is not None


def test_moments_that_stay_are_the_origin() -> None:
    """All points of the pool are alike, and have been; where a bias moves the mean there are no such moments."""
    for model, workflow, stays in (
        (COIN, Accumulate(), [4]),
        (COIN, AccumulateSubsample(1), [4, 0]),
        (LEANING, Accumulate(), None),
    ):
        part = expected_risk(model, workflow).recurrence
        size = len(part.initial)
        tops, bottom = product_tree.over_one_denominator([*part.matrix, *part.forcing], part.symbol)
        rows = [tops[row * size : (row + 1) * size] for row in range(size)]
        assert product_tree._fixed_point(rows, tops[size * size :], bottom) == stays
        if stays is not None:
            still = Matrix(stays)
            assert (part.matrix * still + part.forcing - still).applyfunc(lambda entry: entry.simplify()).is_zero_matrix


def test_how_far_exact_values_go() -> None:
    few, more = expected_risk(COIN, Accumulate()), expected_risk(GaussianFit(d=2, n=10), SlidingWindow(2), "covariance")
    irrational = expected_risk(Bernoulli(p=sqrt(2) / 3, n=4), AccumulateSubsample(1))
    for risk, last in ((few, 10**6), (more, 10**5), (irrational, 50_000)):
        with pytest.raises(DomainError, match=f"beyond exact values, {last} at most"):
            risk.at(10**6 + 1)


DIGITS = [(COIN, Accumulate()), (COIN, SlidingWindow(2)), (COIN, AccumulateSubsample(1)), (COIN, FreshReal("1/4"))]


@pytest.mark.parametrize(("model", "workflow"), DIGITS, ids=lambda item: item.name)
@pytest.mark.parametrize("generation", [3, 2500])
def test_digits_are_those_of_the_exact_value(model: Model, workflow: Workflow, generation: int) -> None:
    risk = expected_risk(model, workflow)
    for digits in (1, 50, 301):
        found = risk.at(generation, digits=digits)
        assert abs(Rational(found) / risk.at(generation) - 1) < Rational(10, 10**digits)


def test_digits_of_a_generation_that_no_run_reaches() -> None:
    risk = expected_risk(COIN, Accumulate())
    last = 10**30
    # What is left until the limit falls like 1/G.
    left = 1 - risk.at(last, digits=80) / risk.limit.evalf(90)
    assert 0 < left * last < 1
    assert expected_risk(GaussianMean(1, 4), Replace()).at(10**9, digits=5) == Float("2.5e8", 5)
    for given, sentence in (("0", "digits = 0"), ("10001", "digits = 10001 are too many")):
        with pytest.raises(DomainError, match=sentence):
            risk.at(3, digits=given)
    with pytest.raises(DomainError, match="need numbers: n has no value"):
        expected_risk(Bernoulli(p="1/3"), Accumulate()).at(3, digits=5)


def test_a_biased_sampler_under_accumulate_in_fractions() -> None:
    """THEORY: y_g = [(1 − (1−τ)/g)² + v2 τ²/(n g²)] y + [V(m) + V'(m) τ (e − b)]/(n g²), here with V = x − x²."""
    tau, n, target, truth, last = Fraction(9, 10), 4, Fraction(1, 2), Fraction(1, 3), 300
    b = target - truth
    away, y = -b, b * b + truth * (1 - truth) / n
    for step in range(2, last + 1):
        noise = target * (1 - target) + (1 - 2 * target) * tau * away
        y = ((1 - (1 - tau) / step) ** 2 - tau**2 / (n * step**2)) * y + noise / (n * step**2)
        away *= 1 - (1 - tau) / step
    value = y + 2 * b * away + b * b
    assert expected_risk(LEANING, Accumulate()).at(last) == Rational(value.numerator, value.denominator)


def _scalar(step: Expr, inflow: Expr, **attributes: object) -> MomentRecurrence:
    one = Matrix([[S.One]])
    found = MomentRecurrence(start=2, matrix=Matrix([[step]]), forcing=Matrix([[inflow]]), readout=one, initial=one)
    return found.changed(**attributes)


def test_says_nothing_where_it_has_no_whole_numbers() -> None:
    """A symbol, a root, a power, a division by 0: values come one after another."""
    for step in (Symbol("a"), sqrt(2), Rational(1, 2) ** g, 1 / (g - 5)):
        assert value_at(_scalar(step, 1 / g), 60) is None


def test_is_infinite_from_where_the_margin_is_too_small() -> None:
    """The margin is 1 or more up to generation 50."""
    recurrence = _scalar(S.One, 1 / g, margin=51 - g)
    assert value_at(recurrence, 50) == Recurrence.at(recurrence, 50) != oo
    assert value_at(recurrence, 51) == Recurrence.at(recurrence, 51) == oo
