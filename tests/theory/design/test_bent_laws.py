"""Laws 16 to 26 of docs/laws.md, on loops that bend, each proved there; and counterexamples to the tempting ones."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from itertools import islice, pairwise, product
from math import comb, log

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import Expr, N, Rational, Symbol, diff, expand, gamma, oo, pi, simplify, sin
from sympy import sqrt as root

from theory import (
    Accumulate,
    Bernoulli,
    BiasedSampler,
    Exponential,
    FreshReal,
    GaussianFit,
    GaussianMean,
    Model,
    Poisson,
    PosteriorMean,
    PosteriorSample,
    RealPlusLatest,
    Replace,
    RidgeRegression,
    SlidingWindow,
    UniformMaximum,
    Weighted,
    Workflow,
    expected_risk,
)
from theory.design.penalty import best_penalty

#: One sample a generation, of variance 1, about 0.
UNIT = GaussianMean(sigma2=1, n=1)
tables = st.lists(st.integers(0, 6), min_size=1, max_size=9)
proportions = st.integers(1, 11).map(lambda numerator: Fraction(numerator, 12))


def values(model: Model, workflow: Workflow, last: int) -> list[Expr]:
    return list(islice(expected_risk(model, workflow).recurrence.values(), last))


def weights_at(table: list[int], g: int, sign: int = 0) -> list[Fraction]:
    """Weights of model g, which sum to 1; negative ones among them where ``sign`` is more than 0."""
    row = [Fraction(table[(3 * g + 5 * index) % len(table)] - sign, 6) for index in range(g - 1)]
    return [1 - sum(row), *row] if sign else normalised([*row, Fraction(1)])


def weights(table: list[int], last: int, sign: int = 0) -> list[list[Fraction]]:
    return [weights_at(table, g, sign) for g in range(1, last + 1)]


def workflow_of(table: list[int], sign: int = 0) -> Weighted:
    return Weighted(lambda g: [Rational(w.numerator, w.denominator) for w in weights_at(table, g, sign)])


def normalised(row: list[Fraction]) -> list[Fraction]:
    return [weight / sum(row) for weight in row]


def pooled(sizes: list[Fraction]) -> list[list[Fraction]]:
    return [normalised(sizes[:g]) for g in range(1, len(sizes) + 1)]


# -- posteriors --------------------------------------------------------------------------------------------

Law = dict[Fraction, Fraction]

THIRD = Fraction(1, 3)
#: No Beta has three values; the truth, 1/3, is none of them.
PRIOR: Law = {Fraction(1, 8): Fraction(1, 2), Fraction(1, 2): Fraction(1, 3), Fraction(7, 8): Fraction(1, 6)}


def heads(flips: int, p: Fraction) -> list[Fraction]:
    return [comb(flips, k) * p**k * (1 - p) ** (flips - k) for k in range(flips + 1)]


def posterior(prior: Law, successes: int, flips: int) -> Law:
    found = {p: mass * p**successes * (1 - p) ** (flips - successes) for p, mass in prior.items()}
    return {p: mass / sum(found.values()) for p, mass in found.items() if mass}


def posterior_laws(prior: Law, sizes: list[int], kept: str) -> list[Law]:
    """Law of each drawn model, by all data sets; ``kept`` says which blocks a model is fitted on."""
    states: dict[tuple[int, ...], Fraction] = {(): Fraction(1)}
    laws, drawn = [], {THIRD: Fraction(1)}
    joint: dict[tuple[tuple[int, ...], Fraction], Fraction] = {((), THIRD): Fraction(1)}
    for g, flips in enumerate(sizes):
        states = {}
        for (blocks, p), mass in joint.items():
            for successes, chance in enumerate(heads(flips, p)):
                states[(*blocks, successes)] = states.get((*blocks, successes), Fraction(0)) + mass * chance
        used = {"all": range(g + 1), "real and latest": {0, g}, "latest": {g}, "last two": {max(0, g - 1), g}}[kept]
        joint, drawn = {}, {}
        for blocks, mass in states.items():
            seen = posterior(prior, sum(blocks[i] for i in used), sum(sizes[i] for i in used))
            for p, chance in seen.items():
                joint[blocks, p] = mass * chance
                drawn[p] = drawn.get(p, Fraction(0)) + mass * chance
        laws.append({p: drawn[p] for p in sorted(drawn)})
    return laws


def losses(law: Law) -> tuple[Fraction, Fraction, float]:
    """Squared, absolute, and one that is no polynomial and no function of the distance."""
    cross = -sum(float(mass) * (log(p) / 3 + 2 * log(1 - p) / 3) for p, mass in law.items())
    return sum(m * (p - THIRD) ** 2 for p, m in law.items()), sum(m * abs(p - THIRD) for p, m in law.items()), cross


@pytest.mark.parametrize("kept", ["all", "real and latest"])
@pytest.mark.parametrize("sizes", [[2, 2, 2, 2], [1, 3, 2, 1], [3, 1, 1, 2]])
def test_law_16_posterior_sampling_keeps_its_law(kept, sizes):
    laws = posterior_laws(PRIOR, sizes, kept)
    assert laws[0] == laws[1] == laws[2] == laws[3] != PRIOR
    assert len({losses(law) for law in laws}) == 1
    # Other blocks, or none of the real ones, and the law moves.
    for other in ("latest", "last two"):
        assert len({losses(law)[0] for law in posterior_laws(PRIOR, sizes, other)}) > 1


@pytest.mark.parametrize("model", [Bernoulli(p="1/3", n=4), Poisson(rate=2, n=3), GaussianMean(sigma2=2, n=3)])
def test_law_16_by_the_recurrence(model):
    drawn = PosteriorSample(model, "3/2", model.truth + Rational(1, 4))
    for workflow in (Accumulate(), RealPlusLatest()):
        assert len(set(values(drawn, workflow, 7))) == 1
    # With other weights than those of a pool the fit is no posterior.
    assert len(set(values(drawn, RealPlusLatest(share="1/3"), 3))) == 3


def kernel(prior: Law, flips: int) -> dict[tuple[Fraction, Fraction], Fraction]:
    """One generation of replace: a model draws flips, and the next is drawn from their posterior."""
    step: dict[tuple[Fraction, Fraction], Fraction] = {}
    for old in prior:
        for successes, chance in enumerate(heads(flips, old)):
            for new, mass in posterior(prior, successes, flips).items():
                step[old, new] = step.get((old, new), Fraction(0)) + chance * mass
    return step


@settings(max_examples=25)
@given(prior=st.dictionaries(proportions, st.integers(1, 5), min_size=2, max_size=4), flips=st.integers(1, 3))
def test_law_17_posterior_sampling_under_replace_tends_to_the_prior(prior, flips):
    law = {p: Fraction(mass, sum(prior.values())) for p, mass in prior.items()}
    step = kernel(law, flips)
    # Reversible, hence stationary; and its own square root, hence no eigenvalue below 0.
    assert all(law[a] * step[a, b] == law[b] * step[b, a] for a, b in product(law, law))
    now = {p: sum(heads(flips, THIRD)[k] * posterior(law, k, flips)[p] for k in range(flips + 1)) for p in law}
    distances = []
    for _ in range(8):
        # χ² falls by at least the squared second eigenvalue a generation.
        distances.append(sum((now[p] - law[p]) ** 2 / law[p] for p in law))
        now = {new: sum(now[old] * step[old, new] for old in law) for new in law}
    assert all(later < earlier or earlier == 0 for earlier, later in pairwise(distances))
    if len(law) == 2:
        trace = sum(step[p, p] for p in law) - 1
        assert all(later == trace**2 * earlier for earlier, later in pairwise(distances))


def test_law_17_the_loss_tends_to_that_of_the_prior():
    laws = posterior_laws(PRIOR, [2] * 6, "latest")
    end = losses(PRIOR)[0]
    gaps = [abs(losses(law)[0] - end) for law in laws]
    assert all(later < earlier for earlier, later in pairwise(gaps))
    coin = Bernoulli(p="1/3", n=4)
    # Beta(3/2, 1/2): variance (3/4)(1/4)/3, mean off by 5/12.
    assert expected_risk(PosteriorSample(coin, 2, "3/4"), Replace()).limit == Rational(1, 16) + Rational(25, 144)


# -- samplers that lean -------------------------------------------------------------------------------------


def leaning_moments(rows, tau, b, spread, n, dispersion=1) -> list[tuple[Fraction, Fraction]]:
    """(E δ, E δ²) by the definition, block by block; ``spread`` are the coefficients of V(θ_0 + δ) in δ."""
    means, seconds, found = [Fraction(0)], {(0, 0): spread[0] / n}, []
    for g, row in enumerate(rows, start=1):
        crossed = [sum(w * seconds[max(i, k), min(i, k)] for i, w in enumerate(row)) for k in range(g)]
        bias = sum(w * m for w, m in zip(row, means, strict=True))
        risk = sum(w * c for w, c in zip(row, crossed, strict=True))
        found.append((bias, risk))
        lean = (1 - tau) * b
        mean, square = tau * bias + lean, tau**2 * risk + 2 * tau * lean * bias + lean**2
        for k in range(g):
            seconds[g, k] = tau * crossed[k] + lean * means[k]
        seconds[g, g] = square + dispersion * (spread[0] + spread[1] * mean + spread[2] * square) / n
        means.append(mean)
    return found


def depth_powers(rows: list[list[Fraction]], tau: Fraction) -> list[Fraction]:
    """E τ^K: go back from a training row, block by block, until a real one, and count the models passed."""
    laws: list[Counter] = []
    for row in rows:
        law: Counter = Counter()
        for index, weight in enumerate(row):
            for passed, mass in [(0, Fraction(1))] if index == 0 else laws[index - 1].items():
                law[passed + (index > 0)] += weight * mass
        laws.append(law)
    return [sum((mass * tau**passed for passed, mass in law.items()), Fraction(0)) for law in laws]


@settings(max_examples=8)
@given(table=tables, tau=proportions, sign=st.integers(0, 3))
def test_law_18_the_bias_is_read_off_the_depth(table, tau, sign):
    rows, b = weights(table, 4, sign), Fraction(1, 4)
    powers = depth_powers(rows, tau)
    by_definition = leaning_moments(rows, tau, b, (Fraction(3, 4), Fraction(1), Fraction(2)), 5)
    assert [bias for bias, _ in by_definition] == [b * (1 - power) for power in powers]
    family = GaussianMean(sigma2=1, n=3) if sign else Poisson(rate=2, n=3)
    model = BiasedSampler(family, Rational(tau.numerator, tau.denominator), family.truth + Rational(1, 4))
    bias = expected_risk(model, workflow_of(table, sign)).bias.recurrence.values()
    assert list(islice(bias, 4)) == [Rational(b * (1 - power)) for power in powers]


def test_law_18_for_the_workflows_of_the_library():
    tau, b = Fraction(3, 5), Fraction(1, 6)
    model = BiasedSampler(Bernoulli(p="1/3", n=4), Rational(3, 5), Rational(1, 2))
    for workflow in (Replace(), Accumulate(), SlidingWindow(2), RealPlusLatest(share="1/4")):
        rows = [[Fraction(int(w.p), int(w.q)) for w in map(Rational, workflow.weights(g))] for g in range(1, 8)]
        found = islice(expected_risk(model, workflow).bias.recurrence.values(), 7)
        assert list(found) == [Rational(b * (1 - power)) for power in depth_powers(rows, tau)]
    for g in (1, 2, 9):
        accumulated = Rational(1, 6) * (1 - gamma(g + Rational(3, 5)) / gamma(Rational(8, 5)) / gamma(g + 1))
        assert simplify(expected_risk(model, Accumulate()).bias.at(g) - accumulated.expand(func=True)) == 0


@settings(max_examples=25)
@given(sizes=st.lists(st.integers(1, 9), min_size=2, max_size=6), tau=proportions)
def test_law_19_the_real_data_shield_by_a_product(sizes, tau):
    product_ = Fraction(1)
    for index in range(1, len(sizes)):
        product_ *= 1 - (1 - tau) * Fraction(sizes[index], sum(sizes[: index + 1]))
    assert depth_powers(pooled([Fraction(size) for size in sizes]), tau)[-1] == product_
    # Abel and Dini: between two bounds that both tend to 0 exactly if N_g has none.
    rates = sum(Fraction(size, sum(sizes[: index + 1])) for index, size in enumerate(sizes) if index)
    assert float(product_) >= (sizes[0] / sum(sizes)) ** float(1 - tau) - 1e-12
    assert product_ <= 1 / (1 + (1 - tau) * rates)


def test_law_19_in_the_library():
    for model in (Bernoulli(p="1/3", n=4), Poisson(rate=2, n=3), UNIT):
        for tau in ("1/100", "1/2", "99/100"):
            target = model.truth + Rational(1, 6)
            assert expected_risk(BiasedSampler(model, tau, target), Accumulate()).limit == Rational(1, 36)


@settings(max_examples=25)
@given(table=tables, tau=proportions, n=st.integers(1, 4))
def test_law_20_a_verifier_centred_at_the_truth_never_hurts(table, tau, n):
    rows, plain = weights(table, 6), (Fraction(1), Fraction(0), Fraction(0))
    verified = leaning_moments(rows, tau, Fraction(0), plain, n, dispersion=tau)
    faithful = leaning_moments(rows, Fraction(1), Fraction(0), plain, n)
    assert all(bias == 0 for bias, _ in verified)
    assert all(a <= b for (_, a), (_, b) in zip(verified, faithful, strict=True))
    width = Rational(tau.numerator, tau.denominator) / (1 - Rational(tau.numerator, tau.denominator))
    model = BiasedSampler.verified(GaussianMean(sigma2=1, n=n), 0, width)
    assert values(model, workflow_of(table), 4) == [Rational(risk) for _, risk in verified[:4]]
    tau_ = model.fidelity
    assert expected_risk(model, Replace()).limit == tau_ / n / (1 - tau_**2)


@settings(max_examples=20)
@given(tau=proportions, n=st.integers(1, 6))
def test_law_21_leaning_tames_a_family_that_explodes(tau, n):
    share = Rational(tau.numerator, tau.denominator)
    risk = expected_risk(BiasedSampler(Exponential(mean=1, n=n), share, 2), Replace())
    edge = share**2 * (1 + Rational(1, n))
    assert (risk.limit == oo) == (edge >= 1)
    if edge < 1:
        assert risk.limit == 1 + Rational(4) / (n - share**2 * (n + 1))


@settings(max_examples=5)
@given(tau=st.fractions(Fraction(1, 4), 2, max_denominator=6), n=st.integers(2, 5))
def test_law_22_temperature_1_is_the_edge(tau, n):
    heat = Rational(tau.numerator, tau.denominator)
    risk = expected_risk(GaussianFit(d=1, n=n, temperature=heat), Accumulate(), "trace")
    kept = Rational(n - 1, n)
    for g, value in enumerate(islice(risk.recurrence.values(), 5), start=1):
        if g > 1:
            kept *= 1 - (1 - heat) / g - heat / (n * g**2)
        assert value == kept
    # The product behaves as g^(τ − 1).
    assert risk.limit == {-1: 0, 1: oo}.get(int(tau > 1) - int(tau < 1), risk.limit)
    if tau == 1:
        assert simplify(risk.limit - sin(pi / root(n)) / (pi / root(n))) == 0


@settings(max_examples=6)
@given(strength=st.integers(1, 9), n=st.integers(1, 6), off=st.integers(-3, 3))
def test_law_23_a_prior_acts_once_or_again_and_again(strength, n, off):
    b = Rational(off, 4)
    model = PosteriorMean(Poisson(rate=2, n=n), strength, 2 + b)
    once, again = (expected_risk(model, workflow).bias for workflow in (Accumulate(), Replace()))
    kept = Rational(n, n + strength)
    for g in (1, 2, 3, 8):
        assert once.at(g) == (1 - kept) * b
        assert again.at(g) == (1 - kept**g) * b
    assert again.limit == b


# -- ridge -------------------------------------------------------------------------------------------------


@settings(max_examples=25)
@given(ratio=st.fractions(Fraction(1, 8), 4, max_denominator=8), part=proportions, noise=st.integers(1, 9))
def test_law_24_every_fixed_ridge_ends_worse_than_zero(ratio, part, noise):
    shrinkage = part * min(Fraction(1), 1 / ratio)
    g, a, s = (Rational(x.numerator, x.denominator) for x in (ratio, shrinkage, Fraction(noise, 4)))
    risk = expected_risk(RidgeRegression(ratio=g, shrinkage=a, sigma2=s, signal=2), Replace())
    assert risk.limit == 2 + s * g * a**2 / ((1 - a) * (1 + a - 2 * g * a**2))
    assert risk.limit > 2


@pytest.mark.parametrize(("d", "T", "penalty"), [(1, 1, 1), (1, 3, "1/50"), (2, 3, 30), (3, 2, "1/2")])
def test_law_24_at_finite_dimensions(d, T, penalty):
    model = RidgeRegression(d=d, T=T, penalty=penalty)
    assert expected_risk(model, Replace()).limit.evalf(15) > 1
    alpha, beta, noise = (moment.evalf(20) for moment in model.moments())
    # Jensen for β, Cauchy and Schwarz for η: what the proof stands on.
    assert alpha**2 < beta < alpha
    assert noise > alpha**2 * Rational(d, T)
    assert expected_risk(model, Replace()).at(1 + -(-2 * T // d)).evalf(15) > 1


def proportional_risk(g: int, ratio: float, a: float, signal: float = 1.0) -> float:
    """Law 24 as d/T → γ with σ = 1, under replace, by floats."""
    beta, eta = a * a * (1 + ratio - 2 * ratio * a) / (1 - ratio * a * a), ratio * a * a / (1 - ratio * a * a)
    return signal * (1 - 2 * a**g + beta**g) + eta * (1 - beta**g) / (1 - beta)


@settings(max_examples=25)
@given(ratio=st.floats(0.1, 4), signal=st.floats(0.1, 3))
def test_law_24_from_which_generation_on_predicting_zero_is_best(ratio, signal):
    last = int(1 + 2 * signal / ratio) + 1
    grid = [min(1.0, 1 / ratio) * k / 200 for k in range(1, 200)]
    assert all(proportional_risk(g, ratio, a, signal) > signal for g in (last, last + 5) for a in grid)


@pytest.mark.parametrize("ratio", ["1/4", "1/2", 2])
def test_law_25_one_fit(ratio):
    model = RidgeRegression(ratio=ratio, sigma2=3, signal=2)
    assert simplify(best_penalty(model, Replace(), 1).penalty - model.ratio * Rational(3, 2)) == 0
    assert best_penalty(model, Replace()).penalty == oo


def test_law_25_generation_by_generation():
    """The best penalty falls, rises, and is infinite from generation 4 on; law 24 says so from generation 5 on."""
    model = RidgeRegression(ratio="1/2", shrinkage="1/2")
    best = [best_penalty(model, Replace(), g).penalty.evalf(20) for g in (1, 2, 3, 4, 5)]
    assert best[1] < best[0] < best[2] < best[3] == best[4] == oo


def test_law_25_at_generation_2_a_polynomial_says_which():
    model = RidgeRegression(ratio="1/2", shrinkage="1/2")
    best = best_penalty(model, Replace(), 2)
    a = best.shrinkage
    assert expand(2 * a**6 - 7 * a**5 - 12 * a**4 + 70 * a**3 - 70 * a**2 + 12).evalf(30, chop=True) == 0
    found = min((k / 10**4 for k in range(1, 10**4)), key=lambda x: proportional_risk(2, 0.5, x))
    assert abs(float(a) - found) < 2e-4


@pytest.mark.parametrize("ratio", [Fraction(1, 2), Fraction(3)])
def test_law_25_with_fresh_real_data_some_penalty_beats_zero(ratio):
    c, a = Rational(ratio.numerator, ratio.denominator), Symbol("alpha", positive=True)
    model = RidgeRegression(ratio=c, shrinkage=a)
    limit = model.long_run(FreshReal(), a)
    stated = 2 * (2 * a**4 * c - 3 * a**3 * c - 2 * a**3 + 6 * a - 4)
    assert simplify(limit - stated / ((a - 2) * (a**3 * c - 3 * a**2 * c - a**2 + 4))) == 0
    # From 1 at α = 0 it falls at rate 1: twice the real half of the rows.
    assert (limit.subs(a, 0), diff(limit, a).subs(a, 0)) == (1, -1)
    best = best_penalty(RidgeRegression(ratio=c), FreshReal())
    assert best.penalty != oo
    assert best.risk.evalf(20) < 1


def test_law_26_the_raw_maximum_of_a_pool_never_moves():
    for n, workflow in product((1, 2, 5), (Accumulate(), RealPlusLatest())):
        found = values(UniformMaximum(n=n), workflow, 6)
        assert set(found) == {Rational(2, (n + 1) * (n + 2))}


# -- tempting laws, false -----------------------------------------------------------------------------------


def test_accumulating_does_not_save_what_is_sampled_below_temperature_1():
    cold, plain = (expected_risk(GaussianFit(d=1, n=2, temperature=t), Accumulate(), "trace") for t in ("1/2", 1))
    assert (cold.at(1), cold.at(2), plain.at(2)) == (Rational(1, 2), Rational(11, 32), Rational(7, 16))
    assert cold.limit == 0
    assert 0.35 < plain.limit.evalf() < 0.36
    # Nor at 99/100; the mean alone is saved, since its noise is only less: μ gains τ Σ/(n g²), and Σ dies.
    fitted = expected_risk(GaussianFit(d=1, n=2, temperature="1/2"), Accumulate(), "mean").ratio
    assert [fitted.at(g) for g in (2, 3)] == [1 + Rational(1, 16), 1 + Rational(1, 16) + Rational(11, 576)]
    assert abs(N(fitted.limit, 10) - 1.108) < 5e-4
    assert expected_risk(GaussianFit(d=1, n=2, temperature="99/100"), Accumulate(), "trace").limit == 0
    mean = expected_risk(BiasedSampler.temperature(UNIT, "1/2"), Accumulate())
    assert simplify(mean.limit - (1 + (pi**2 / 6 - 1) / 2)) == 0


def test_a_wrong_prior_can_help():
    right, wrong = UNIT, PosteriorMean(UNIT, 1, 1)
    assert [values(model, Replace(), 2) for model in (right, wrong)] == [[1, 2], [Rational(1, 2), Rational(7, 8)]]
    pairs = product((right, wrong), (Replace(), Accumulate()))
    limits = [expected_risk(model, workflow).limit for model, workflow in pairs]
    assert limits == [oo, pi**2 / 6, Rational(4, 3), pi**2 / 6 - Rational(3, 4)]


def test_more_regularisation_can_hurt():
    risks = [expected_risk(PosteriorMean(UNIT, strength, 1), Replace()).at(2) for strength in (0, 1, 2, 3)]
    assert risks == [2, Rational(7, 8), Rational(74, 81), Rational(121, 128)]
    assert risks == [2, *sorted(risks[1:])]
    ridge = {shrinkage: RidgeRegression(ratio="1/2", shrinkage=shrinkage) for shrinkage in ("2/3", "1/2")}
    assert [model.penalty_per_row for model in ridge.values()] == [Rational(1, 3), Rational(3, 4)]
    found = [expected_risk(model, Replace()).at(2) for model in ridge.values()]
    assert found == [Rational(335, 441), Rational(75, 98)]
    assert found[0] < found[1]
    # At generation 2 the best penalty is below that of a single fit.
    assert float(best_penalty(ridge["1/2"], Replace(), 2).penalty) < 0.5


def test_a_verifier_can_hurt_and_need_not_hurt_at_first():
    faithful = values(UNIT, Accumulate(), 6)
    two, one = (BiasedSampler.verified(UNIT, centre, 1) for centre in (2, 1))
    found = values(two, Accumulate(), 6)
    assert [a < b for a, b in zip(found, faithful, strict=True)] == [False, True, True, True, True, False]
    assert (found[1], faithful[1]) == (Rational(15, 16), Rational(5, 4))
    assert (found[5], faithful[5]) == (Rational(90511687, 58982400), Rational(5369, 3600))
    # From generation 6 on: by values up to 10, then by the bias alone, which only grows.
    assert all(
        a > b for a, b in list(zip(values(two, Accumulate(), 10), values(UNIT, Accumulate(), 10), strict=True))[5:]
    )
    assert expected_risk(two, Accumulate()).bias.at(10) ** 2 > pi**2 / 6
    limits = [expected_risk(model, Accumulate()).limit for model in (one, two, UNIT)]
    assert limits == [1, 4, pi**2 / 6]
    # Under replace any verifier of finite width wins in the end, and at generation 2 it takes a centre 3 off.
    second = [values(BiasedSampler.verified(UNIT, centre, 1), Replace(), 2)[1] for centre in (1, 2, 3)]
    assert second == [1, Rational(7, 4), 3]


def test_a_sampler_that_leans_can_be_better():
    leaning = expected_risk(BiasedSampler(UNIT, "1/2", 1), Replace())
    assert (leaning.at(2), leaning.limit) == (Rational(3, 2), Rational(7, 3))
    assert (expected_risk(UNIT, Replace()).at(2), expected_risk(UNIT, Replace()).limit) == (2, oo)


def test_a_loop_whose_ratio_is_1_can_be_the_worse_one():
    drawn, fitted = (expected_risk(model, Accumulate()) for model in (PosteriorSample(UNIT, 0, 0), UNIT))
    assert drawn.ratio.limit == 1
    assert drawn.at(1) == drawn.at(50) == 2 > pi**2 / 6 == fitted.limit


def test_posterior_sampling_may_never_forget():
    sure: Law = {Fraction(0): Fraction(1, 2), Fraction(1): Fraction(1, 2)}
    law = dict(enumerate(heads(1, THIRD)))
    assert kernel(sure, 1) == {(0, 0): 1, (0, 1): 0, (1, 0): 0, (1, 1): 1}
    assert law == {0: Fraction(2, 3), 1: Fraction(1, 3)} != sure


def test_an_unbiased_estimate_can_be_the_less_safe():
    raw, unbiased = (UniformMaximum(n=1, unbiased=choice) for choice in (False, True))
    assert [values(model, Accumulate(), 2) for model in (raw, unbiased)] == [
        [Rational(1, 3)] * 2, [Rational(1, 3), Rational(3, 8)]
    ]  # fmt: skip
    assert [values(model, Replace(), 2)[1] for model in (raw, unbiased)] == [Rational(11, 18), Rational(7, 9)]


def test_half_real_data_do_not_bound_every_loop():
    exaggerating = BiasedSampler(UNIT, 2, 1)
    for workflow in (FreshReal(), RealPlusLatest()):
        bias = expected_risk(exaggerating, workflow).bias
        assert [bias.at(g) for g in (1, 2, 3, 9)] == [Rational(1 - g, 2) for g in (1, 2, 3, 9)]
    less = expected_risk(BiasedSampler(UNIT, "19/10", 1), FreshReal())
    assert less.bias.limit.is_finite
    assert less.limit < oo
