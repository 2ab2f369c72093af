"""The fourth moment of an error: every data set enumerated in fractions, known laws, theorems, and what is refused."""

from fractions import Fraction
from itertools import islice
from math import comb, factorial

import pytest
from scipy import stats
from sympy import Rational, S, Symbol, cancel, oo, pi, simplify, symbols

from theory import (
    Accumulate,
    AccumulateSubsample,
    Bernoulli,
    BiasedSampler,
    Binomial,
    CappedReal,
    DomainError,
    Exponential,
    Forgetting,
    FreshReal,
    Gamma,
    GaussianMean,
    HyperbolicSecant,
    LinearRegression,
    NegativeBinomial,
    NotDerivedError,
    Poisson,
    PosteriorMean,
    PosteriorSample,
    RealAndSynthetic,
    RealPlusLatest,
    Replace,
    SlidingWindow,
    Weighted,
    Workflow,
    expected_risk,
    j,
)
from theory.expressions.fraction_field import lowest_with_power
from theory.models.fourth import compose_fourth, error_power
from theory.models.gaussian_fourth import GaussianFourth
from theory.moments.fourth_pool import partitions, set_partitions
from theory.moments.recurrence import MomentRecurrence
from theory.testing.enumeration import bernoulli_law, smallest_sample
from theory.workflows.base import exact_weights
from theory.workflows.dynamics import GENERATION

TRUTH = Fraction(1, 3)


class Recent(Workflow):
    """A user's own, without a recursion: three quarters on the newest block, the rest on block 1."""

    name = "recent"

    def weights(self, g: int) -> list[Rational]:
        return [Rational(1)] if g == 1 else [Rational(1, 4), *[Rational(0)] * (g - 2), Rational(3, 4)]


def _linear(g: int) -> list[Rational]:
    """Weights that grow with the block."""
    return [Rational(2 * index, g * (g + 1)) for index in range(1, g + 1)]


def _fractions(values) -> list[Fraction]:
    return [Fraction(int(value.p), int(value.q)) for value in values]


def _named(item) -> str:
    return str(item).partition(" at 0x")[0]


ENUMERATED = (
    (Replace(), 2, 4), (Replace(), 3, 4), (Accumulate(), 2, 3), (Accumulate(), 3, 3), (SlidingWindow(k=2), 2, 3),
    (SlidingWindow(k=3), 1, 4), (SlidingWindow(k=5), 1, 6), (FreshReal(), 2, 3), (FreshReal(share="1/3", real=2), 1, 3),
    (RealPlusLatest(), 2, 3), (RealPlusLatest(share="1/4"), 2, 3), (CappedReal(2), 2, 3),
    (Weighted(_linear), 2, 3),
    (Recent(), 2, 3), (Replace(sizes=j), 1, 3), (Accumulate(sizes=j), 1, 3), (RealAndSynthetic(2), 2, 3),
    (AccumulateSubsample(), 1, 4), (AccumulateSubsample(), 3, 3), (AccumulateSubsample(replacement=True), 2, 3),
    (AccumulateSubsample(budget="3/2"), 1, 4),
    (AccumulateSubsample(budget="1/2", replacement=True), 2, 3),
)  # fmt: skip


@pytest.mark.filterwarnings("ignore::theory.InputWarning")
@pytest.mark.parametrize(("workflow", "n", "generations"), ENUMERATED, ids=_named)
def test_it_is_that_of_all_data_sets(workflow: Workflow, n: int, generations: int) -> None:
    n *= smallest_sample(workflow, generations)
    law = bernoulli_law(workflow, "1/3", n, generations)
    expected = [sum((value - TRUTH) ** 4 * mass for value, mass in one.items()) for one in law]
    risk = expected_risk(Bernoulli("1/3", n), workflow, loss="fourth")
    assert risk.exactness == "exact"
    assert _fractions(risk.at(g) for g in range(1, generations + 1)) == expected


def test_binomial_counts_are_those_of_all_data_sets() -> None:
    # Three trials an observation, two observations: θ = count/2 of six trials at θ/3.
    law = {Fraction(1): Fraction(1)}
    for g in (1, 2, 3):
        following: dict[Fraction, Fraction] = {}
        for mean, mass in law.items():
            p = mean / 3
            for k in range(7):
                chance = mass * comb(6, k) * p**k * (1 - p) ** (6 - k)
                following[Fraction(k, 2)] = following.get(Fraction(k, 2), Fraction(0)) + chance
        law = following
        found = expected_risk(Binomial(m=3, p="1/3", n=2), Replace(), loss="fourth").at(g)
        assert _fractions([found]) == [sum((mean - 1) ** 4 * mass for mean, mass in law.items())]


def _bent_law(workflow: Workflow, n: int, generations: int, tau, target, strength, prior) -> list[Fraction]:
    """E (θ − p)⁴ of a coin whose sampler leans and whose estimator shrinks, over all data sets."""
    states = {((), TRUTH): Fraction(1)}
    found = []
    for g in range(1, generations + 1):
        weights = _fractions(exact_weights(workflow, g))
        fresh = Fraction(str(workflow.fresh_weight(g))) if g > 1 else Fraction(0)
        rows = Fraction(str(workflow.rows(g))) * n
        kept = rows / (rows + strength)
        following: dict = {}
        for (blocks, model), mass in states.items():
            mean = TRUTH if g == 1 else tau * model + (1 - tau) * target
            for k in range(n + 1):
                extended = (*blocks, Fraction(k, n))
                chance = mass * comb(n, k) * mean**k * (1 - mean) ** (n - k)
                centre = sum(w * x for w, x in zip(weights, extended, strict=True))
                real = range(n + 1) if fresh else (0,)
                for count in real:
                    extra = comb(n, count) * TRUTH**count * (1 - TRUTH) ** (n - count) if fresh else 1
                    fitted = kept * (centre + fresh * Fraction(count, n)) + (1 - kept) * prior
                    key = (extended, fitted)
                    following[key] = following.get(key, Fraction(0)) + chance * extra
        states = following
        found.append(sum((model - TRUTH) ** 4 * mass for (_, model), mass in states.items()))
    return found


BENT_WORKFLOWS = (Replace(), Accumulate(), SlidingWindow(k=2), FreshReal(), RealPlusLatest(), SlidingWindow(k=5))


@pytest.mark.parametrize("workflow", BENT_WORKFLOWS, ids=_named)
def test_a_sampler_that_leans_over_all_data_sets(workflow: Workflow) -> None:
    coin = BiasedSampler(Bernoulli("1/3", 2), fidelity="9/10", target="3/4")
    risk = expected_risk(coin, workflow, loss="fourth")
    expected = _bent_law(workflow, 2, 3, Fraction(9, 10), Fraction(3, 4), Fraction(0), Fraction(0))
    assert _fractions(risk.at(g) for g in (1, 2, 3)) == expected


@pytest.mark.parametrize("workflow", BENT_WORKFLOWS, ids=_named)
def test_an_estimator_that_shrinks_over_all_data_sets(workflow: Workflow) -> None:
    coin = PosteriorMean(Bernoulli("1/3", 2), strength="3/2", prior_mean="3/4")
    risk = expected_risk(coin, workflow, loss="fourth")
    expected = _bent_law(workflow, 2, 3, Fraction(1), Fraction(0), Fraction(3, 2), Fraction(3, 4))
    assert _fractions(risk.at(g) for g in (1, 2, 3)) == expected


def _beta_moment(a: Fraction, b: Fraction, i: int, k: int) -> Fraction:
    """E θ^i (1 − θ)^k of a beta law."""
    value = Fraction(1)
    for index in range(i):
        value *= a + index
    for index in range(k):
        value *= b + index
    for index in range(i + k):
        value /= a + b + index
    return value


def _drawn_law(pooled: bool, n: int, generations: int, a: Fraction, b: Fraction) -> list[Fraction]:
    """The same of a draw from a beta posterior: given its data, the next block is beta-binomial."""
    counts = {k: comb(n, k) * TRUTH**k * (1 - TRUTH) ** (n - k) for k in range(n + 1)}
    found = []
    for g in range(1, generations + 1):
        rows = g * n if pooled else n
        found.append(
            sum(
                mass * comb(4, i) * (-TRUTH) ** (4 - i) * _beta_moment(a + ones, b + rows - ones, i, 0)
                for ones, mass in counts.items()
                for i in range(5)
            )
        )
        following: dict[int, Fraction] = {}
        for ones, mass in counts.items():
            for k in range(n + 1):
                chance = mass * comb(n, k) * _beta_moment(a + ones, b + rows - ones, k, n - k)
                key = ones + k if pooled else k
                following[key] = following.get(key, Fraction(0)) + chance
        counts = following
    return found


@pytest.mark.parametrize("workflow", [Replace(), Accumulate()], ids=_named)
def test_a_draw_from_the_posterior_over_all_data_sets(workflow: Workflow) -> None:
    coin = PosteriorSample(Bernoulli("1/3", 3), strength=2, prior_mean="3/4")
    risk = expected_risk(coin, workflow, loss="fourth")
    expected = _drawn_law(isinstance(workflow, Accumulate), 3, 4, Fraction(3, 2), Fraction(1, 2))
    assert _fractions(risk.at(g) for g in (1, 2, 3, 4)) == expected
    if isinstance(workflow, Accumulate):
        # Given the real data the law of the model is the posterior for ever.
        assert risk.ratio.closed_form == 1


@pytest.mark.parametrize(
    ("model", "law"),
    [
        (Bernoulli("1/3", 7), stats.bernoulli(1 / 3)),
        (Binomial(4, "1/3", 7), stats.binom(4, 1 / 3)),
        (Poisson("5/2", 7), stats.poisson(2.5)),
        (NegativeBinomial(3, 2, 7), stats.nbinom(3, 3 / 5)),
        (Exponential(2, 7), stats.expon(scale=2)),
        (Gamma(3, 2, 7), stats.gamma(3, scale=2 / 3)),
        (GaussianMean(2, 7), stats.norm(scale=2**0.5)),
        (HyperbolicSecant(1, 0, 7), stats.hypsecant(scale=2 / 3.141592653589793)),
    ],
    ids=_named,
)
def test_generation_one_is_the_mean_of_independent_observations(model, law) -> None:
    _, variance, _, excess = (float(value) for value in law.stats(moments="mvsk"))
    expected = variance**2 / 49 * (3 + excess / 7)
    for workflow in (Replace(), Accumulate()):
        assert float(expected_risk(model, workflow, loss="fourth").at(1)) == pytest.approx(expected, rel=1e-9)


def test_poisson_chains_by_their_series() -> None:
    # Given k events in block 1, n = 1: block 2 is Poisson with mean k. Factorials leave nothing beyond 60.
    def fourth(mean: float) -> float:
        return 3 * mean**2 + mean + 6 * mean * (mean - 0.5) ** 2 + 4 * mean * (mean - 0.5) + (mean - 0.5) ** 4

    expected = sum(fourth(k) * 0.5**k / factorial(k) for k in range(60)) * 2.718281828459045**-0.5
    assert float(expected_risk(Poisson("1/2", 1), Replace(), loss="fourth").at(2)) == pytest.approx(expected, rel=1e-12)


def test_coins_end_at_heads_or_tails() -> None:
    p = Symbol("p", positive=True)
    risk = expected_risk(Bernoulli(p), Replace(), loss="fourth")
    assert simplify(risk.limit - (p * (1 - p) ** 4 + (1 - p) * p**4)) == 0
    for n in (1, 2, 5):
        assert expected_risk(Bernoulli("1/3", n), Replace(), loss="fourth").limit == Rational(2, 27)
    assert expected_risk(Bernoulli("1/3", 4), SlidingWindow(k=2), loss="fourth").limit == Rational(2, 27)


def test_exponential_waiting_times_are_products_of_gamma_variables() -> None:
    mu, n = symbols("mu n", positive=True)
    raw = [1, 1, 1 + 1 / n, (1 + 1 / n) * (1 + 2 / n), (1 + 1 / n) * (1 + 2 / n) * (1 + 3 / n)]
    risk = expected_risk(Exponential(), Replace(), loss="fourth")
    for g in (1, 2, 5):
        expected = mu**4 * sum(comb(4, k) * (-1) ** k * raw[k] ** g for k in range(5))
        value = risk.closed_form.subs({Symbol("mu", positive=True): mu})
        count = Symbol("n", integer=True, positive=True)
        assert simplify(value.subs(count, 3).subs(Symbol("G", integer=True, positive=True), g) -
                        expected.subs(n, 3)) == 0  # fmt: skip
        assert simplify(risk.at(g).subs(count, 3) - expected.subs(n, 3)) == 0
    assert risk.limit == oo


@pytest.mark.parametrize(
    "workflow",
    [Replace(), Accumulate(), SlidingWindow(k=2), SlidingWindow(k=5), FreshReal(), RealPlusLatest(), Recent()],
    ids=_named,
)
def test_gaussian_errors_have_three_times_the_squared_risk(workflow: Workflow) -> None:
    model = GaussianMean(2, 5)
    fourth, risk = expected_risk(model, workflow, loss="fourth"), expected_risk(model, workflow)
    assert [fourth.at(g) for g in range(1, 7)] == [3 * risk.at(g) ** 2 for g in range(1, 7)]
    # By the weights alone, which know of no Gaussian.
    alone = list(islice(error_power(workflow, model.bend, 4).values(), 10))
    assert alone == [3 * risk.at(g) ** 2 for g in range(1, 11)]


def test_gaussian_errors_that_lean_have_the_moments_of_their_mean_and_variance() -> None:
    for model in (
        BiasedSampler(GaussianMean(2, 5), "9/10", 1, "1/2"),
        PosteriorMean(GaussianMean(2, 5), 2, 1),
        PosteriorSample(GaussianMean(2, 5), 2, 1),
    ):
        for workflow in (Replace(), Accumulate(), SlidingWindow(k=5)):
            risk, fourth = expected_risk(model, workflow), expected_risk(model, workflow, loss="fourth")
            for g in (1, 2, 5):
                m, s = risk.bias.at(g), risk.variance.at(g)
                assert fourth.at(g) == m**4 + 6 * m**2 * s + 3 * s**2
                assert error_power(workflow, model.bend, 4).at(g) == fourth.at(g)


def test_gaussian_answers() -> None:
    risk = expected_risk(GaussianMean(2, 5), Accumulate(), loss="fourth")
    assert isinstance(risk.recurrence, GaussianFourth)
    assert risk.limit == pi**4 / 75
    assert risk.closed_form.subs(Symbol("G", integer=True, positive=True), 3).doit() == risk.at(3)
    assert expected_risk(GaussianMean(2, 5), Replace(), loss="fourth").growth.coeff(
        Symbol("G", integer=True, positive=True) ** 2
    ) == Rational(12, 25)
    assert risk.leading_order.closed_form == risk.closed_form
    assert risk.subs(sigma2=4).limit == 4 * risk.limit


@pytest.mark.parametrize(
    "model",
    [Bernoulli("1/3", 4), Exponential(2, 5), HyperbolicSecant(1, "1/2", 4), NegativeBinomial(2, 3, 4)],
    ids=lambda model: model.name,
)
@pytest.mark.parametrize(
    "workflow",
    [Replace(), Accumulate(), SlidingWindow(k=2), FreshReal(), RealPlusLatest(), CappedReal(2), Replace(sizes=j)],
    ids=_named,
)
def test_recurrences_give_what_the_weights_alone_give(model, workflow: Workflow) -> None:
    risk = expected_risk(model, workflow, loss="fourth")
    assert [risk.at(g) for g in range(1, 7)] == list(islice(error_power(workflow, model.bend, 4).values(), 6))


@pytest.mark.parametrize("workflow", [Replace(), Accumulate(), SlidingWindow(k=2)], ids=_named)
def test_symbols_stand_for_every_number(workflow: Workflow) -> None:
    p, n = Symbol("p", positive=True), Symbol("n", integer=True, positive=True)
    value = expected_risk(Bernoulli(), workflow, loss="fourth").at(2)
    for number, count in ((Rational(1, 3), 4), (Rational(4, 5), 7)):
        expected = expected_risk(Bernoulli(number, count), workflow, loss="fourth").at(2)
        assert cancel(value.subs({p: number, n: count})) == expected


def test_a_large_sample_is_gaussian() -> None:
    # n² E δ⁴ tends to 3 (ratio · V)², ratio 49/36 under accumulate at G = 3.
    value = expected_risk(Bernoulli("1/3", 10**6), Accumulate(), loss="fourth").at(3) * 10**12
    assert float(value) == pytest.approx(3 * (49 / 36 * 2 / 9) ** 2, rel=1e-5)
    leading = expected_risk(Bernoulli("1/3", 10**6), Accumulate(), loss="fourth").leading_order.at(3) * 10**12
    assert leading == 3 * (Rational(49, 36) * Rational(2, 9)) ** 2


def test_an_unbent_bend_is_the_family_itself() -> None:
    plain = Bernoulli("1/3", 4)
    for bent in (BiasedSampler(plain, 1, "1/2"), PosteriorMean(plain, 0, "1/2")):
        assert (
            expected_risk(bent, Accumulate(), loss="fourth").recurrence
            == expected_risk(plain, Accumulate(), loss="fourth").recurrence
        )


def test_a_posterior_without_a_fourth_moment_is_infinite() -> None:
    # V = μ²: the posterior of n + κ samples has moments of order r for n + κ > r − 1.
    risk = expected_risk(PosteriorSample(Exponential(2, 2), 1, "3/4"), Replace(), loss="fourth")
    assert risk.domain == S.false
    assert risk.at(1) == risk.limit == oo
    model = PosteriorSample(Exponential(2, 2), "3/2", "3/4")
    assert expected_risk(model, Replace(), loss="fourth").at(1).is_finite
    assert model.finite_variance(Replace(), "squared") == S.true
    assert model.finite_variance(Replace(), "fourth") == S.false


def test_what_is_not_derived_says_so() -> None:
    coin = Bernoulli("1/3", 4)
    with pytest.raises(NotDerivedError, match="scalar family"):
        expected_risk(BiasedSampler(LinearRegression(2, 10), "9/10", 1), Replace(), loss="fourth")
    with pytest.raises(NotDerivedError, match="bias"):
        _ = expected_risk(coin, Replace(), loss="fourth").bias
    with pytest.raises(NotDerivedError, match="more than"):
        expected_risk(coin, SlidingWindow(k=40), loss="fourth").at(60)
    with pytest.raises(DomainError, match="whole number"):
        expected_risk(coin, AccumulateSubsample(budget="1/3"), loss="fourth")
    with pytest.raises(DomainError, match="is not a loss"):
        expected_risk(LinearRegression(2, 10), Replace(), loss="fourth")


def test_partitions_are_counted_right() -> None:
    assert [len(list(partitions(weight))) for weight in range(7)] == [1, 1, 2, 3, 5, 7, 11]
    assert [len(set_partitions(count)) for count in range(7)] == [1, 1, 2, 5, 15, 52, 203]


@pytest.mark.parametrize(
    "model", [Bernoulli("1/3", 4), PosteriorMean(Bernoulli("1/3", 4), 2, "3/4"), PosteriorSample(Poisson(3, 4), 2, 1)]
)
def test_a_memory_that_fades_has_the_fourth_moment_that_its_weights_say(model: object) -> None:
    workflow = Forgetting("2/3")
    found, by_weights = compose_fourth(workflow, model.bend), error_power(workflow, model.bend, 4)
    assert isinstance(found, MomentRecurrence)
    assert list(islice(found.values(), 4)) == list(islice(by_weights.values(), 4))


def test_powers_of_the_rate_are_one_letter() -> None:
    g = GENERATION
    for power in (Rational(2, 3), Rational(1, 2)):
        written = (1 - power ** (3 * g + 3)) / (1 - power ** (g + 1)) + 1 / (1 - power**g) - 1 / (1 - power**g)
        short = lowest_with_power(written, g)
        assert short == 1 + power * power**g + power**2 * power ** (2 * g)
    # Two rates, or a root in the exponent, are left to SymPy.
    for other in (2**g / 3**g + 3**g, 2 ** (g / 2) + 1):
        assert lowest_with_power(other, g).subs(g, 2) == other.subs(g, 2)
