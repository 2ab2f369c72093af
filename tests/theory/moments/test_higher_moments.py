"""Higher moments of the error: by enumeration in fractions, by a series, by known laws, and as recurrences."""

from fractions import Fraction
from itertools import islice
from math import comb, factorial

import pytest
from sympy import Rational, Symbol, limit, oo, simplify, sqrt

from theory import (
    Accumulate,
    AccumulateSubsample,
    Bernoulli,
    Binomial,
    DomainError,
    Exponential,
    FreshReal,
    GaussianFit,
    GaussianMean,
    HyperbolicSecant,
    NegativeBinomial,
    NotDerivedError,
    Poisson,
    RealPlusLatest,
    Replace,
    SlidingWindow,
    Workflow,
    expected_risk,
    j,
)
from theory.moments.fourth_moment import fourth_moment
from theory.moments.higher_moments import ErrorMoments
from theory.testing.enumeration import bernoulli_law, smallest_sample
from theory.workflows.dynamics import GENERATION


class Recent(Workflow):
    """A user's own: three quarters on the newest block, the rest on block 1."""

    name = "recent"

    def weights(self, g: int) -> list[Rational]:
        return [Rational(1)] if g == 1 else [Rational(1, 4), *[Rational(0)] * (g - 2), Rational(3, 4)]


WORKFLOWS = (
    Replace(), Accumulate(), SlidingWindow(k=2), SlidingWindow(k=3), FreshReal(), RealPlusLatest(), Replace(sizes=j),
    Accumulate(sizes=j), Recent(),
)  # fmt: skip


def _chain(workflow: Workflow, generations: int) -> int:
    """Points of a unit block for which every block is whole."""
    n = smallest_sample(workflow, generations)
    while True:
        try:
            bernoulli_law(workflow, "1/3", n, generations)
        except DomainError:
            n += 1
        else:
            return n


def named(workflow):
    """Without its address, which is another in every process that collects these tests."""
    return str(workflow).partition(" at 0x")[0]


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=named)
def test_moments_of_every_order_are_those_of_all_data_sets(workflow: Workflow) -> None:
    n = _chain(workflow, 3)
    truth = Fraction(1, 3)
    moments = ErrorMoments(Bernoulli("1/3", n).noise(), workflow, 3, degree=8)
    laws = bernoulli_law(workflow, "1/3", n, 3)
    for order in range(1, 9):
        expected = [sum((value - truth) ** order * mass for value, mass in law.items()) for law in laws]
        assert [Fraction(int(x.p), int(x.q)) for x in moments.power(order)] == expected


def test_covariance_between_generations_is_that_of_all_data_sets() -> None:
    # Replace, p = 1/3, n = 2: joint law of the first two models.
    truth, joint = Fraction(1, 3), {}
    for first in range(3):
        for second in range(3):
            p = Fraction(first, 2)
            mass = comb(2, first) * truth**first * (1 - truth) ** (2 - first)
            joint[first, second] = mass * comb(2, second) * p**second * (1 - p) ** (2 - second)
    square = {k: (Fraction(k, 2) - truth) ** 2 for k in range(3)}
    means = [sum(square[key[at]] * mass for key, mass in joint.items()) for at in (0, 1)]
    expected = sum(square[a] * square[b] * mass for (a, b), mass in joint.items()) - means[0] * means[1]
    found = ErrorMoments(Bernoulli("1/3", 2).noise(), Replace(), 2).covariance()[0][1]
    assert Fraction(int(found.p), int(found.q)) == expected


def test_moments_of_poisson_chains_by_their_series() -> None:
    # Given k events in block 1, n = 1: block 2 is Poisson with mean k. Factorials leave nothing beyond 60.
    rate = Fraction(1, 2)
    inner = {k: _poisson_moments(k, 4) for k in range(60)}
    expected = 0.0
    for k in range(60):
        # E (x − 1/2)^4 for x Poisson with mean k.
        centred = sum(comb(4, i) * inner[k][i] * (-rate) ** (4 - i) for i in range(5))
        expected += float(centred) * 0.5**k / factorial(k) * 2.718281828459045**-0.5
    found = ErrorMoments(Poisson("1/2", 1).noise(), Replace(), 2).power(4)[1]
    assert float(found) == pytest.approx(expected, rel=1e-12)


def _poisson_moments(mean: int, order: int) -> list[int]:
    """Raw moments, by Touchard's recurrence."""
    moments = [1]
    for r in range(order):
        moments.append(mean * sum(comb(r, i) * moments[i] for i in range(r + 1)))
    return moments


def test_gaussian_errors_have_chi_square_losses() -> None:
    moments = ErrorMoments(GaussianMean(2, 5).noise(), Accumulate(), 4, degree=8)
    for g, risk in enumerate(moments.power(2)):
        variance, third, fourth = (Rational(int(c[g].p), int(c[g].q)) for c in map(moments.cumulants, (2, 3, 4)))
        assert (variance, third, fourth) == (2 * risk**2, 8 * risk**3, 48 * risk**4)


@pytest.mark.parametrize(
    "model",
    [Exponential(2, 5), NegativeBinomial(2, 3, 4), HyperbolicSecant(1, "1/2", 4), Binomial(3, "1/4", 4)],
    ids=lambda model: model.name,
)
@pytest.mark.parametrize("workflow", WORKFLOWS, ids=named)
def test_second_moments_are_the_risk(model, workflow) -> None:
    risk = expected_risk(model, workflow)
    assert ErrorMoments(model.noise(), workflow, 6).power(2) == [risk.at(g) for g in range(1, 7)]


@pytest.mark.parametrize("workflow", [w for w in WORKFLOWS if w not in (SlidingWindow(k=3),)][:-1], ids=named)
def test_the_recurrence_gives_the_same_fourth_moments(workflow: Workflow) -> None:
    for model in (Bernoulli("1/3", 4), Exponential(2, 5), HyperbolicSecant(1, "1/2", 4)):
        found = list(islice(model.second_moment(workflow, "squared").values(), 6))
        assert found == ErrorMoments(model.noise(), workflow, 6).power(4)


def test_exponential_waiting_times_have_a_closed_form() -> None:
    # θ_G is a product of Gamma(n) variables divided by n: E θ^k = Π_{i<k} (1 + i/n)^G.
    model = Exponential()
    recurrence = fourth_moment(Replace(), model.bend)
    n, mu = model.n, model.mean
    raw = [1, 1, 1 + 1 / n, (1 + 1 / n) * (1 + 2 / n), (1 + 1 / n) * (1 + 2 / n) * (1 + 3 / n)]
    for g, value in enumerate(islice(recurrence.values(), 3), start=1):
        expected = mu**4 * sum(comb(4, k) * (-1) ** k * raw[k] ** g for k in range(5))
        assert simplify(value - expected) == 0


def test_a_large_sample_is_gaussian() -> None:
    n = Symbol("n", integer=True, positive=True)
    recurrence = fourth_moment(Replace(), Bernoulli("1/3", n).bend)
    third = next(islice(recurrence.values(), 2, None))
    variance = Rational(2, 9)
    assert limit(third * n**2, n, oo) == 3 * (3 * variance) ** 2


def test_the_mean_of_a_fitted_gaussian_has_a_known_fourth_moment() -> None:
    # Generation 1: μ ~ N(0, I/n), so E‖μ‖⁴ = d(d + 2)/n². The trace: a chi-square with d(n − 1) degrees, over n.
    d, n = 3, 7
    model = GaussianFit(d=d, n=n)
    assert model.second_moment(Accumulate(), "mean").at(1) == Rational(d * (d + 2), n**2)
    degrees = d * (n - 1)
    assert model.second_moment(Replace(), "trace").at(1) == Rational(degrees * (degrees + 2), n**2)
    # d = 1, replace, generation 2: μ' = μ + ε with ε ~ N(0, S/n), S = χ²_{n−1}/n independent of μ.
    first, spread, spread2 = 3 / Rational(n) ** 2, Rational(n - 1, n), Rational((n - 1) * (n + 1), n**2)
    expected = first + 6 * (1 / Rational(n)) * spread / n + 3 * spread2 / n**2
    assert GaussianFit(d=1, n=n).second_moment(Replace(), "mean").at(2) == expected
    assert model.second_moment(Accumulate(), "covariance") is None


def test_what_is_not_derived_says_so() -> None:
    noise = Bernoulli("1/3", 4).noise()
    with pytest.raises(NotDerivedError, match="subsample"):
        ErrorMoments(noise, AccumulateSubsample(), 3)
    with pytest.raises(NotDerivedError, match="rational"):
        ErrorMoments(Exponential(mean=sqrt(2), n=3).noise(), Replace(), 3)
    with pytest.raises(NotDerivedError, match="state of 9 numbers"):
        ErrorMoments(noise, SlidingWindow(k=9), 20)
    with pytest.raises(NotDerivedError, match="not derived"):
        fourth_moment(SlidingWindow(k=5), noise.bend)
    # As a recurrence it is not; by the weights its values are known at every generation.
    assert Bernoulli("1/3", 4).second_moment(SlidingWindow(k=5), "squared").as_moments() is None
    assert GENERATION not in noise.variance.free_symbols
