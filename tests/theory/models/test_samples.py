"""Blocks of less than one sample and weights below zero: refused wherever a model samples, by whatever route."""

from fractions import Fraction
from math import ceil, comb, floor

import pytest
from sympy import Eq, Integer, Mod, Piecewise, Rational, S, Symbol, exp, log, oo, sqrt

from numerics.evaluate import evaluate
from theory import (
    Accumulate,
    AccumulateSubsample,
    Bernoulli,
    Binomial,
    CappedReal,
    Categorical,
    DomainError,
    Exponential,
    FreshReal,
    G,
    Gamma,
    GaussianFit,
    GaussianMean,
    HyperbolicSecant,
    KernelDensity,
    NegativeBinomial,
    Poisson,
    QuadraticVariance,
    RealPlusLatest,
    Regular,
    Replace,
    SlidingWindow,
    Weighted,
    Workflow,
    expected_risk,
    j,
)
from theory.workflows.base import is_decided, probes
from theory.workflows.real_and_synthetic import RealAndSynthetic

HALF = Rational(1, 2)

#: One model of every kind, by its n.
MODELS = {
    "bernoulli": lambda n: Bernoulli("1/3", n),
    "binomial": lambda n: Binomial(2, "1/3", n),
    "poisson": lambda n: Poisson(2, n),
    "negative-binomial": lambda n: NegativeBinomial(1, 2, n),
    "exponential": lambda n: Exponential(2, n),
    "gamma": lambda n: Gamma(3, 2, n),
    "gaussian-mean": lambda n: GaussianMean(1, n),
    "hyperbolic-secant": lambda n: HyperbolicSecant(1, 0, n),
    "quadratic-variance": lambda n: QuadraticVariance(0, 1, 0, 3, n),
    "regular": lambda n: Regular(2, n),
    "categorical": lambda n: Categorical("1/2 1/3 1/6", n),
    "kernel-density": lambda n: KernelDensity("1/2", n),
    "gaussian-fit": lambda n: GaussianFit(1, n),
}

#: Workflows that ask for less than one sample out of n = 4, somewhere.
SHORT = {
    "first block": Replace(sizes=j / 10),
    "pooled": Accumulate(sizes=j / 10),
    "window": SlidingWindow(3, sizes=j / 10),
    "long window": SlidingWindow(9, sizes=j / 10),
    "later block": Replace(sizes=Piecewise((2, j <= 2), (Rational(1, 5), True))),
    "one block alone": Accumulate(sizes=Piecewise((Rational(1, 5), Eq(j, 777)), (1, True))),
    "falls at 1600": Replace(sizes=401 * j / (j**2 + 400)),
    "falls at 3666667": Accumulate(sizes=Integer(10) ** 6 / (j + 3 * 10**6) + Rational(1, 10)),
    "tends to zero": Replace(sizes=Integer(2) ** (-j) * 1024),
    "a hill": Accumulate(sizes=exp(j / 10 - j**2 / 1000)),
    "slowly": Replace(sizes=1 / log(j + 1)),
    "every other": Replace(sizes=Piecewise((Rational(1, 5), Eq(Mod(j, 2), 0)), (1, True))),
    "fresh": FreshReal(real="1/5"),
    "synthetic": CappedReal(synthetic="1/5"),
    "mixed": RealAndSynthetic(real=1, synthetic="1/5", share="1/2"),
    "fresh beside": RealAndSynthetic(real="6/5", synthetic=1, overlap=True),
    "budget": AccumulateSubsample(budget="1/5"),
    "bootstrap": AccumulateSubsample(budget="1/5", replacement=True),
}


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
@pytest.mark.parametrize("workflow", SHORT.values(), ids=SHORT)
def test_less_than_one_sample_is_refused(workflow: Workflow, model) -> None:
    built = model(4)
    for loss in built.losses:
        with pytest.raises(DomainError, match=r"a (block|fit) (must hold|needs) 1 or more"):
            expected_risk(built, workflow, loss)


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_one_sample_is_enough(model) -> None:
    for workflow in (Replace(sizes=Rational(1, 4) + j / 4), CappedReal(synthetic="1/4"), FreshReal(real="1/4")):
        expected_risk(model(4), workflow, model(4).losses[0])
    expected_risk(model(4), FreshReal(share=0, real="1/5"), model(4).losses[0])  # fresh data of no weight


def test_the_first_block_that_is_short_is_named() -> None:
    """401·4 j ≥ j² + 400 up to (1604 + √(1604² − 1600))/2 = 1603.75."""
    with pytest.raises(DomainError, match=r"n = 4 gives \d+/\d+ samples to block 1604"):
        expected_risk(Bernoulli("1/2", 4), Replace(sizes=401 * j / (j**2 + 400)))
    with pytest.raises(DomainError, match="4/5 samples to block 777"):
        expected_risk(Poisson(1, 4), SHORT["one block alone"])
    with pytest.raises(DomainError, match="tend to 0 samples"):
        expected_risk(Poisson(1, 100), SHORT["slowly"])


def test_the_examples_that_were_answered() -> None:
    coin = Bernoulli("1/2", 1)
    for workflow in (Replace(sizes=j / 10), Accumulate(sizes=j / 10), CappedReal("1/2"), FreshReal(real="1/2")):
        with pytest.raises(DomainError, match="must hold 1 or more"):
            expected_risk(coin, workflow)


def test_symbols_are_large_enough_until_they_are_numbers() -> None:
    risk = expected_risk(Bernoulli("1/2"), Replace(sizes=j / 10))
    assert risk.subs(n=10).at(1) == Rational(1, 4)
    with pytest.raises(DomainError, match="9/10 samples to block 1"):
        risk.subs(n=9)
    with pytest.raises(DomainError, match="must hold 1 or more"):
        expected_risk(Poisson(1, 2), Replace(sizes=j ** Symbol("a", real=True))).subs(a=-1)


@pytest.mark.parametrize(
    "schedule",
    [
        j / 10,
        401 * j / (j**2 + 400),
        (j - 300) ** 2 / 50 + HALF,
        Piecewise((2, j <= 2), (HALF, True)),
        Piecewise((j / 3, j**2 < 1000), (5, (j > 90) & (j <= 95)), (1 / j + 1, True)),
        1 + Piecewise((-HALF, Eq(j, 333)), (0, True)),
        Piecewise((3, j >= 20), (j / 4, True)),
    ],
    ids=str,
)
@pytest.mark.parametrize("least", [HALF, 1, Rational(7, 3)])
def test_rational_sizes_are_decided_by_the_blocks_looked_at(schedule, least) -> None:
    """Against every block up to 1300: the first that is short is among the probes."""
    assert is_decided(schedule)
    looked_at = [index for index in probes(schedule - least) if schedule.subs(j, index) < least]
    every = next((index for index in range(1, 1300) if schedule.subs(j, index) < least), None)
    assert min(looked_at, default=None) == every


@pytest.mark.parametrize("schedule", [exp(-j), sqrt(2) * j, 2 + (-1) ** j, Piecewise((1, Eq(Mod(j, 2), 0)), (2, True))])
def test_others_are_not_called_decided(schedule) -> None:
    assert not is_decided(schedule)


def test_other_sizes_are_watched_at_every_value_asked_for() -> None:
    """A dip that no probe meets: 1 − 9/10·exp(−(j − 77)²) of 2 samples is short at block 77 alone."""
    dip = 1 - Rational(9, 10) * exp(-((j - 77) ** 2))
    risk = expected_risk(Poisson(1, 2), Replace(sizes=dip))
    assert risk.at(76) > 38
    for g in (77, 78, 500):
        with pytest.raises(DomainError, match="samples to block 77 "):
            risk.at(g)
        with pytest.raises(DomainError, match="samples to block 77 "):
            evaluate(risk, [3, g])
        with pytest.raises(DomainError, match="samples to block 77 "):
            risk.ratio.at(g)
    assert evaluate(risk, [76])[0] == pytest.approx(38, rel=1e-2)


def test_a_user_s_own_sizes_and_fresh_data_are_watched() -> None:
    class Fading(Workflow):
        name = "fading"

        def weights(self, g):
            return [1] if g == 1 else [0] * (g - 1) + [HALF]

        def fresh_weight(self, g):
            return HALF

        def fresh_size(self, g):
            return S.One if g != 13 else Rational(1, 9)

    risk = expected_risk(Bernoulli("1/3", 3), Fading())
    assert risk.at(12) > 0
    with pytest.raises(DomainError, match="1/3 samples to the fresh real data of generation 13"):
        risk.at(13)


def brute(p: Fraction, sizes: list[dict[int, Fraction]]) -> Fraction:
    """E (θ_g − p)² under replace, block j holding k flips with a probability of its own."""
    law = {p: Fraction(1)}
    for mixture in sizes:
        following: dict[Fraction, Fraction] = {}
        for model, mass in law.items():
            for count, chance in mixture.items():
                for k in range(count + 1):
                    at = comb(count, k) * model**k * (1 - model) ** (count - k)
                    key = Fraction(k, count)
                    following[key] = following.get(key, Fraction(0)) + mass * chance * at
        law = following
    return sum((mass * (value - p) ** 2 for value, mass in law.items()), Fraction(0))


@pytest.mark.parametrize("samples", [Fraction(3, 2), Fraction(7, 3), Fraction(2), Fraction(11, 10)])
def test_a_block_between_two_whole_numbers_is_a_mixture_of_them(samples) -> None:
    """1/N is the mean of 1/⌊N⌋ and 1/⌈N⌉ under a law that is one; so fractions from 1 on are numbers of something."""
    low, high = floor(samples), ceil(samples)
    mixture = {low: Fraction(1)}
    if low != high:
        share = (1 / samples - Fraction(1, high)) / (Fraction(1, low) - Fraction(1, high))
        assert 0 < share < 1
        mixture = {low: share, high: 1 - share}
    expected = brute(Fraction(1, 3), [mixture] * 3)
    size = Rational(samples.numerator, samples.denominator)
    assert expected_risk(Bernoulli("1/3", 1), Replace(sizes=size)).at(3) == Rational(expected)


# -- weights -----------------------------------------------------------------------------------------------


def backwards(when: int) -> Weighted:
    """Replace, but that at one generation the first block is taken back."""
    return Weighted(lambda g: [-1, *[0] * (g - 2), 2] if g == when else [*[0] * (g - 1), 1])


DRAWING = [name for name in MODELS if name not in ("gaussian-mean", "hyperbolic-secant", "regular")]


@pytest.mark.parametrize("name", DRAWING)
def test_weights_below_zero_are_refused_by_all_that_draw_from_what_they_make(name) -> None:
    model = MODELS[name](4)
    for loss in model.losses:
        with pytest.raises(DomainError, match="gives block 1 the weight -1 in model 2"):
            expected_risk(model, backwards(2), loss)
        late = expected_risk(model, backwards(9), loss)
        with pytest.raises(DomainError, match="gives block 1 the weight -1 in model 9"):
            late.at(9)


@pytest.mark.parametrize("name", ["gaussian-mean", "hyperbolic-secant", "regular"])
def test_where_every_real_number_is_a_mean_weights_may_be_below_zero(name) -> None:
    assert expected_risk(MODELS[name](4), backwards(2)).at(3) > 0
    shifted = QuadraticVariance(v0=2, v1=1, v2=1, mean=0, n=4)  # V has no root: a hyperbolic secant
    assert expected_risk(shifted, backwards(2)).at(2) > 0


def test_fresh_weights_below_zero() -> None:
    class Against(Workflow):
        name = "against"

        def weights(self, g):
            return [1] if g == 1 else [0] * (g - 1) + [Rational(3, 2)]

        def fresh_weight(self, g):
            return -HALF

        def fresh_size(self, g):
            return S.One

    with pytest.raises(DomainError, match="the fresh real data the weight -1/2"):
        expected_risk(Categorical("1/2 1/2", 4), Against())


# -- shares of 0 and 1, windows of one block ---------------------------------------------------------------

MORE = {
    **{name: MODELS[name] for name in ("bernoulli", "regular", "categorical", "kernel-density", "gaussian-fit")},
    "scott": lambda n: KernelDensity("scott", n),
}
TABLE = Piecewise((1, Eq(j, 1)), (2, True))
SAME = {
    "share 0 of block 1": (RealPlusLatest(share=0), Replace()),
    "share 0 of fresh data": (FreshReal(share=0, real="1/3"), Replace()),
    "window of one": (SlidingWindow(1), Replace()),
    "growing window of one": (SlidingWindow(1, sizes=j), Replace(sizes=j)),
    "capped, whole blocks": (CappedReal(synthetic=1), Accumulate()),
    "share 0 of all real data": (RealAndSynthetic(real=2, synthetic=2, share=0), Replace(sizes=TABLE)),
    "only block 1 is real": (RealAndSynthetic(real=1, synthetic=1, overlap=True), RealPlusLatest()),
    "share 0, overlapping": (RealAndSynthetic(real=3, synthetic=1, overlap=True, share=0), Replace()),
}


def answers(model, workflow, loss):
    risk = expected_risk(model, workflow, loss)
    return (
        risk.exactness,
        [risk.at(g) for g in (1, 2, 4)],
        *(risk.growth, risk.limit, risk.bound, risk.monotonicity, risk.domain),
    )


@pytest.mark.parametrize("model", MORE.values(), ids=MORE)
@pytest.mark.parametrize("pair", SAME.values(), ids=SAME)
def test_a_degenerate_workflow_is_known_as_well_as_what_it_is(pair, model) -> None:
    built = model(8)
    for loss in built.losses:
        degenerate, plain = (answers(built, workflow, loss) for workflow in pair)
        assert degenerate == plain


@pytest.mark.parametrize("model", MORE.values(), ids=MORE)
@pytest.mark.parametrize(
    "workflow",
    [
        RealPlusLatest(share=1),
        FreshReal(share=1),
        FreshReal(share=1, real=2),
        RealAndSynthetic(real=2, synthetic=3, overlap=True, share=1),
    ],
    ids=str,
)
def test_real_data_alone_repeats_the_first_risk(workflow, model) -> None:
    built = model(8)
    for loss in built.losses:
        first = expected_risk(built, Replace(), loss)
        later = expected_risk(built, Replace(sizes=workflow.real_only), loss)
        risk = expected_risk(built, workflow, loss)
        assert risk.exactness == first.exactness
        assert risk.domain == S.true
        expected = [first.at(1), later.at(1), later.at(1), later.at(1)]
        assert all(abs((risk.at(g) - value).evalf(30)) < 1e-25 for g, value in enumerate(expected, start=1))
        if isinstance(built, KernelDensity) and built.bandwidth == "scott" and workflow.real_only != 1:
            continue  # nested roots: values only
        largest = max(expected[:2], key=lambda value: value.evalf(30))
        assert abs((risk.limit - later.at(1)).evalf(30)) < 1e-25
        assert abs((risk.bound - largest).evalf(30)) < 1e-25
        assert abs((risk.closed_form.subs(G, 5) - later.at(1)).evalf(30)) < 1e-25


def test_a_first_block_of_another_size_is_the_first_block() -> None:
    """Generation 1 of a mixture that goes over to synthetic data alone has n samples, not those of later blocks."""
    for loss in ("kl", "log-determinant", "wasserstein"):
        mixed = expected_risk(GaussianFit(1, 8), RealAndSynthetic(real=1, synthetic=2, share=0), loss)
        first = expected_risk(GaussianFit(1, 8), Replace(), loss).at(1)
        assert abs((mixed.at(1) - first).evalf(30)) < 1e-25
        assert abs((mixed.closed_form.subs(G, 3) - mixed.at(3)).evalf(30)) < 1e-25


def test_replace_has_closed_forms_beyond_a_table() -> None:
    risk = expected_risk(Exponential(1, 4), Replace(sizes=Piecewise((3, j <= 2), (2, True))))
    expected = (1 + Rational(1, 12)) ** 2 * (1 + Rational(1, 8)) ** 5 - 1
    assert risk.at(7) == risk.closed_form.subs(G, 7) == expected
    assert risk.limit == oo


# -- tables of sizes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [Replace, Accumulate, lambda sizes: SlidingWindow(2, sizes=sizes)])
@pytest.mark.parametrize(
    "sizes",
    [Piecewise((2, j <= 2), (HALF, True)), Piecewise((1, j > 3), (2, True)), Piecewise((1, j**2 < 9), (3, True))],
)
@pytest.mark.parametrize("name", ["bernoulli", "categorical", "kernel-density", "gaussian-fit"])
def test_tables_of_sizes_are_answered_or_refused_in_words(kind, sizes, name) -> None:
    model = MODELS[name](20)
    for loss in {"kernel-density": ("mise",), "gaussian-fit": ("kl", "mean")}.get(name, ("squared",)):
        risk = expected_risk(model, kind(sizes=sizes), loss)
        assert risk.at(3) != 0
        _ = (risk.closed_form, risk.limit, risk.growth, risk.bound, risk.monotonicity, risk.domain)
