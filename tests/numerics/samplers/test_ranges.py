"""Beyond the range in which NumPy's samplers are right, counts are drawn otherwise or refused.

Every bound is guarded twice: NumPy itself is seen to be wrong beyond it (for the version that was measured), and what
is drawn instead has the right mean and variance on either side of it.
"""

from __future__ import annotations

import csv
import re
from pathlib import Path

import numpy as np
import pytest
from mpmath import mp

from numerics import simulate
from numerics.samplers import draws, hyperbolic_secant
from theory import (
    AccumulateSubsample,
    Bernoulli,
    Binomial,
    DomainError,
    Gamma,
    HyperbolicSecant,
    NegativeBinomial,
    Poisson,
    Replace,
    expected_risk,
)

ROOT = Path(__file__).parents[3]
MEASURED = ROOT / "benchmarks" / "sampler_ranges.csv"
SIZE = 200_000
measured_version = pytest.mark.skipif(np.__version__ != "2.4.6", reason="measured for NumPy 2.4.6")


def scores(drawn, mean, variance):
    """Mean and variance against those of the law, in standard errors (excess kurtosis is negligible here)."""
    scaled = ((drawn.astype(np.longdouble) - np.longdouble(mean)) / np.sqrt(np.longdouble(variance))).astype(float)
    return scaled.mean() * np.sqrt(scaled.size), (np.mean(scaled**2) - 1) * np.sqrt(scaled.size / 2)


RATES = [0.5 * draws.LARGEST_RATE, 1.5 * draws.LARGEST_RATE, 3e13, 1.5e14, 5e15, 1e18, 9e18]


@pytest.mark.parametrize("rate", RATES)
def test_poisson_counts_are_right_on_both_sides_of_the_bound(rate):
    drawn = draws.poisson(np.random.default_rng(1), np.full(SIZE, rate))
    assert np.abs(scores(drawn, rate, rate)).max() < 4


@measured_version
def test_numpy_s_poisson_counts_are_wrong_beyond_the_bound():
    rng = np.random.default_rng(1)
    assert scores(rng.poisson(1.5e14, SIZE), 1.5e14, 1.5e14)[1] < -15
    assert scores(rng.poisson(1e16, SIZE), 1e16, 1e16)[1] > 100


def test_small_and_large_rates_together():
    rates = np.array([0.0, 3.0, 1e9, 1e13, 1e16] * 40_000)
    drawn = draws.poisson(np.random.default_rng(2), rates)
    assert (drawn[::5] == 0).all()
    for place in range(1, 5):
        assert np.abs(scores(drawn[place::5], rates[place], rates[place])).max() < 4.5


TRIALS = [draws.MOST_TRIALS, draws.MOST_TRIALS + 1, 10**15 + 1, 2**53 - 1, 2**60]
CHANCES = [0.5, 1 / 3, 0.75, 1e-3, 1.1e-6, 2 * draws.RARE, 0.5 * draws.RARE, 1e-12, 1e-15, 1 - 1e-3, 1 - 2.0**-40]


@pytest.mark.parametrize("trials", TRIALS)
@pytest.mark.parametrize("chance", CHANCES)
def test_binomial_counts_are_right_on_both_sides_of_the_bound(trials, chance):
    mean = np.longdouble(trials) * np.longdouble(chance)
    variance = mean * (1 - np.longdouble(chance))
    if variance < 100:
        pytest.skip("not near its normal limit")
    drawn = draws.binomial(np.random.default_rng(3), trials, np.full(SIZE, chance))
    assert np.abs(scores(drawn, mean, variance)).max() < 4


def test_binomial_counts_of_many_trials_stay_within_them():
    rng = np.random.default_rng(4)
    trials = np.array([5, 2**50, 2**50, 2**50, 2**50])
    chances = np.array([0.0, 0.0, 1.0, 2.0**-51, 1 - 2.0**-51])
    drawn = np.array([draws.binomial(rng, trials, chances) for _ in range(1000)])
    assert (drawn[:, :3] == [0, 0, 2**50]).all()
    assert (drawn >= 0).all()
    assert (drawn <= trials).all()
    assert drawn[:, 3].mean() == pytest.approx(0.5, abs=0.1)
    assert (2**50 - drawn[:, 4]).mean() == pytest.approx(0.5, abs=0.1)


@measured_version
def test_numpy_s_binomial_counts_are_wrong_beyond_the_bound():
    rng = np.random.default_rng(5)
    trials, chance = 2**56, 1e-15
    mean = trials * chance
    assert scores(rng.binomial(trials, chance, SIZE), mean, mean)[1] > 15


def test_multinomial_counts_of_tiny_chances():
    rng = np.random.default_rng(6)
    chances = np.tile([1.0, 1e-14, 1e-17, 1e-15], (20_000, 1))
    # All that is left of 1 − 1e-14 in doubles is known to 1 %.
    counts = draws.multinomial(rng, 2**53, chances)
    assert (counts.sum(axis=1) == 2**53).all()
    for category in (1, 2, 3):
        mean = 2**53 * chances[0, category]
        assert counts[:, category].mean() == pytest.approx(mean, abs=5 * np.sqrt(mean / len(chances)))
    assert (draws.multinomial(rng, 2**50, np.array([[0.5, 0.0, 0.5, 0.0]]))[:, [1, 3]] == 0).all()


@measured_version
def test_numpy_s_multinomial_loses_what_is_left_of_one():
    chances = np.tile([1.0, 1e-17, 1e-17], (20_000, 1))
    assert np.random.default_rng(6).multinomial(2**53, chances)[:, 1].mean() < 0.5 * 2**53 * 1e-17


@pytest.mark.parametrize(
    "index", [0.9 * hyperbolic_secant.LARGEST_INDEX, 1.1 * hyperbolic_secant.LARGEST_INDEX, 1e14, 1e18]
)
@pytest.mark.parametrize("ratio", [0.0, -3.0])
def test_hyperbolic_secant_draws_are_right_for_large_indices(index, ratio):
    mean = ratio * index
    drawn = hyperbolic_secant.hyperbolic_secant(np.random.default_rng(7), index, np.full(50_000, mean))
    assert np.abs(scores(drawn, mean, index + mean**2 / index)).max() < 4


@pytest.mark.parametrize("index", [1e6 + 1, 1e9, 1e13, 1e16])
@pytest.mark.parametrize("ratio", [0.0, 3.0, -1.5])
def test_rises_of_the_hyperbolic_secant_s_logarithm(index, ratio):
    """Against the Gamma function to sixty digits."""
    mean, deviation = ratio * index, np.sqrt(index * (1 + ratio**2))
    own = hyperbolic_secant._LogWeight(index, np.arctan(np.array([ratio])), np.array([mean]), None)
    with mp.workdps(60):

        def logarithm(x):
            return mp.atan(mp.mpf(ratio)) * x + 2 * mp.re(mp.loggamma((mp.mpf(index) + 1j * x) / 2))

        for step in (-6.0, -1.0, 0.3, 4.0):
            offset = step * deviation
            exact = logarithm(mp.mpf(mean) + mp.mpf(offset)) - logarithm(mp.mpf(mean))
            assert own.rise(np.array([offset]))[0] == pytest.approx(float(exact), abs=1e-8)


def test_draws_within_the_range_are_numpy_s_own():
    rates, chances = np.linspace(0, 50, 100), np.linspace(0, 1, 100)
    rows = np.tile([0.2, 0.3, 0.5], (50, 1))
    for ours, theirs in (
        (lambda rng: draws.poisson(rng, rates), lambda rng: rng.poisson(rates)),
        (lambda rng: draws.binomial(rng, 40, chances), lambda rng: rng.binomial(40, chances)),
        (lambda rng: draws.multinomial(rng, 40, rows), lambda rng: rng.multinomial(40, rows)),
        (lambda rng: draws.hypergeometric(rng, 5, 7, 4), lambda rng: rng.hypergeometric(5, 7, 4)),
        (lambda rng: draws.standard_gamma(rng, 0.3, 9), lambda rng: rng.standard_gamma(0.3, 9)),
    ):
        np.testing.assert_array_equal(ours(np.random.default_rng(8)), theirs(np.random.default_rng(8)))


@pytest.mark.parametrize(
    ("model", "workflow", "what"),
    [
        (Bernoulli("1/2", 10**9), AccumulateSubsample(), "fewer than 1000000000"),
        (Gamma(10**-10, 1, 1), Replace(), "from shape 1e-09 on"),
        (Binomial(10**30, "1/2", 1), Replace(), "up to 2\\^62"),
        (Poisson(10**20, 1), Replace(), "too large for counts"),
    ],
)
def test_what_cannot_be_drawn_is_refused(model, workflow, what):
    with pytest.raises(DomainError, match=what):
        simulate(model, workflow, 3, replicates=10)


@pytest.mark.parametrize(
    "model",
    [
        Poisson(3 * 10**12, 100), Poisson(10**16, 100), NegativeBinomial(10**15, 10**14, 10),
        Binomial(10**15 + 1, "1/1000", 3), HyperbolicSecant(1, 0, 10**13),
    ],
    ids=repr,
)  # fmt: skip
def test_chains_of_large_counts_have_their_derived_risk(model):
    """Poisson(3·10^12) with n = 100 has totals of rate 3·10^14, for which NumPy's variance is 8 % too small."""
    risk = expected_risk(model, Replace())
    run = simulate(model, Replace(), 5, replicates=20_000, seed=3)
    derived = np.array([float(risk.at(g)) for g in range(1, 6)])
    assert (np.abs(run.mean - derived) < 4 * run.stderr).all()
    assert (run.stderr < 0.02 * derived).all()


def test_no_sampler_is_called_without_its_bound():
    """Every simulation draws through numerics/samplers/draws.py."""
    guarded = r"rng\.(poisson|binomial|multinomial|hypergeometric|multivariate_hypergeometric|standard_gamma|gamma)\("
    guarded += r"|rng\.(negative_binomial|dirichlet|geometric|zipf|logseries)\("
    found = [
        str(path.relative_to(ROOT))
        for path in (ROOT / "numerics").rglob("*.py")
        if re.search(guarded, path.read_text()) and path.name != "draws.py"
    ]
    assert found == []


def test_the_bounds_are_those_that_were_measured():
    rows = list(csv.DictReader(line for line in MEASURED.read_text().splitlines() if not line.startswith("#")))

    def extreme(row):
        return max(abs(float(row["mean"])), abs(float(row["score"])))

    def number(row, name):
        return float(re.search(rf"{name}=([\d.e+-]+)", row["parameters"])[1])

    for sampler, name, bound in (
        ("poisson", "rate", draws.LARGEST_RATE),
        ("binomial", "trials", draws.MOST_TRIALS),
        ("hypergeometric", "good", draws.MOST_OF_A_KIND),
    ):
        own = [row for row in rows if row["sampler"] == sampler]
        within = [extreme(row) for row in own if number(row, name) <= bound]
        beyond = [extreme(row) for row in own if number(row, name) > bound]
        assert len(within) >= 8
        assert max(within) < 4.5
        assert sampler == "hypergeometric" or max(beyond) > 20
    for sampler in ("standard_gamma", "chisquare", "beta", "hyperbolic_secant"):
        assert max(extreme(row) for row in rows if row["sampler"] == sampler) < 4.5
