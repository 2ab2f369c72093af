"""Measured ratios against derived ones: small pools, first fits, and what a run can see."""

# Users draw from NumPy's global generator, and so does this file.

from fractions import Fraction
from itertools import islice

import numpy as np
import pytest
from any_generator import POOL, Mean, square
from scipy.special import ndtr, ndtri
from sympy import Piecewise, Rational, sympify

from numerics.generations import run_generations
from numerics.run.ratio import _largest, check_ratio, measured_ratio, scores
from numerics.run.training import training
from theory import (
    Accumulate,
    AccumulateSubsample,
    Bernoulli,
    CappedReal,
    DomainError,
    FreshReal,
    GaussianMean,
    KernelDensity,
    QuadraticVariance,
    RealPlusLatest,
    Regular,
    Replace,
    SlidingWindow,
    expected_risk,
    j,
)
from theory.models.gaussian_fit import GaussianFit
from theory.workflows.pathway import Pathways
from theory.workflows.real_and_synthetic import RealAndSynthetic


@pytest.mark.parametrize(
    "workflow", [Replace(), Accumulate(), RealPlusLatest(share=Rational(1, 3))], ids=lambda w: w.name
)
def test_a_users_class_has_the_derived_ratio(workflow):
    """With power: an error of 40 % in the ratio would be seen with probability 0.99."""
    run = run_generations(Mean(), POOL, workflow, 5, square, replicates=500, n=5)
    risk = expected_risk(GaussianMean(1, 5), workflow)
    check = run.compare(risk, best=0.0)
    assert check.passed, check.reason
    assert check.detectable < 0.4
    increase = run.compare(risk)
    assert increase.passed, increase.reason
    assert abs(increase.ratio[-1] - check.ratio[-1]) < 4 * np.hypot(increase.stderr[-1], check.stderr[-1])
    # Another workflow's ratio fails, as it must where it differs by more than is detectable.
    wrong = expected_risk(GaussianMean(1, 5), Accumulate() if workflow == Replace() else Replace())
    assert abs(float(wrong.ratio.at(5) / risk.ratio.at(5)) - 1) > check.detectable
    assert not check_ratio(run.losses, wrong, wrong.workflow, 5, 5 / 2000, 0.0, None, 0.001).passed


def test_detectable_is_an_error_seen_with_probability_99():
    """Normal losses of known deviation, two generations: the contrast L_2 − ρ L_1 has variance (1 + ρ²) τ²."""
    losses = np.random.default_rng(5).normal([1.0, 2.0], 0.5, (4000, 2))
    risk = expected_risk(GaussianMean(1, 1), Replace())
    deviation = 0.5 * np.sqrt(1 + 2**2) / np.sqrt(4000)
    reach = ndtri(1 - 0.0005) + ndtri(0.99)
    for best, unit, scale in ((0.0, None, deviation / 2), (None, 1.0, 0.5 * np.sqrt(2 / 4000) / 2)):
        check = check_ratio(losses, risk, Replace(), 1, 0.0, best, unit, 0.001)
        assert check.detectable == pytest.approx(reach * scale, rel=0.05)
    # The standard error of the ratio itself, by a bootstrap.
    rng = np.random.default_rng(6)
    means = np.array([losses[rng.integers(0, 4000, 4000)].mean(axis=0) for _ in range(400)])
    ratio, stderr = measured_ratio(losses, 0.0, None)
    assert (means[:, 1] / means[:, 0]).std() == pytest.approx(stderr[1], rel=4 / np.sqrt(800))
    assert ratio[1] == pytest.approx(losses[:, 1].mean() / losses[:, 0].mean())


def test_a_small_pool_changes_the_ratio_and_not_the_increase():
    """The tempting law that the measured ratio is the derived one fails: at f = 1/2 replace gives 1, 3, 5, … ."""
    pool = POOL[:20]
    pool = (pool - pool.mean()) / pool.std(ddof=1)
    run = run_generations(Mean(), pool, Replace(), 4, square, replicates=700, n=10)
    risk = expected_risk(GaussianMean(1, 10), Replace())
    check = run.compare(risk, best=0.0)
    assert check.prediction.tolist() == pytest.approx([1, 3, 5, 7])
    assert check.passed, check.reason
    assert run.compare(risk).passed
    # What would be said without the correction, and with the unit too large by a fifth.
    assert not check_ratio(run.losses, risk, Replace(), 10, 0.0, 0.0, None, 0.001).passed
    assert not run.compare(risk, unit=0.13).passed
    # Where every replicate starts from all the data there is no excess at generation 1.
    whole = run_generations(Mean(), pool, Replace(), 4, square, replicates=400)
    assert np.ptp(whole.losses[:, 0]) == 0
    assert whole.compare(expected_risk(GaussianMean(1, 20), Replace())).passed
    with pytest.raises(DomainError, match="every replicate starts from all the data"):
        whole.compare(expected_risk(GaussianMean(1, 20), Replace()), best=0.0)


@pytest.mark.parametrize(
    "workflow",
    [Replace(), Accumulate(sizes=j), SlidingWindow(3), RealPlusLatest(), FreshReal(), RealAndSynthetic(3, 2, True)],
    ids=lambda w: w.name,
)
def test_coefficients_of_the_real_blocks_sum_to_one(workflow):
    """The step of the argument about finite pools: a shift of all real data is handed on unchanged."""
    for blocks, fresh in islice(Pathways(workflow), 6):
        assert blocks[0] + sum(fresh) == 1


FIRST_FITS = [
    (Replace(), 1),
    (Replace(sizes=2), 2),
    (Accumulate(sizes=2 * j), 2),
    (Accumulate(sizes=Piecewise((1, j < 2), (Rational(1, 2), True))), 1),
    (AccumulateSubsample(), 1),
    (AccumulateSubsample(budget=Rational(1, 2)), Rational(1, 2)),
    (AccumulateSubsample(budget=3), 1),
    (AccumulateSubsample(replacement=True), Rational(144, 12 * 23)),
    (AccumulateSubsample(budget=Rational(1, 2), replacement=True), Rational(72, 12 * 17)),
    (AccumulateSubsample(budget=2, replacement=True), 1),  # all of a pool smaller than the budget
    (SlidingWindow(3), 1),
    (RealPlusLatest(share=Rational(1, 3)), 1),
    (FreshReal(), 1),
    (CappedReal(synthetic=2), 1),
    (RealAndSynthetic(2, 2, True), 1),
    (RealAndSynthetic(2, 2, False), 1),
]


def excess_over_the_pool(workflow, generations, n, N, v2):
    """E(θ_g − mean of the pool)² in fractions, from second moments of single rows; V = 1 is the pool's variance."""
    v2, at_mean = Fraction(v2), 1 + Fraction(v2) / N
    fraction = lambda value: Fraction(int(value.p), int(value.q))  # noqa: E731
    # with_real: the coefficients of real rows in a row, summed.
    sizes, own, cross, excess, with_real = [], [], {}, [], []

    def add(size, square, pair, others):
        """A block: E row², E of two of its rows, and E of one of them with one of each earlier block."""
        here = len(sizes)
        sizes.append(size)
        own.append(square)
        cross[here, here] = pair
        for other, value in enumerate(others):
            cross[here, other] = cross[other, here] = value

    def with_mean(weights, row):
        """E of the weighed mean with one row of block ``row``, given which block."""
        return sum(
            w * (cross[k, row] if k != row else (own[k] + (sizes[k] - 1) * cross[k, k]) / sizes[k])
            for k, w in weights.items()
        )

    def real(size):
        """Real rows that nothing had before, whose means of disjoint subsets have covariance −V/N."""
        add(size, 1 - Fraction(1, N), -Fraction(1, N), [-coefficient / N for coefficient in with_real])
        with_real.append(Fraction(1))

    real(int(n * workflow.size(1)))
    blocks = [0]
    for g in range(1, generations + 1):
        weights = {blocks[at]: fraction(sympify(w)) for at, w in enumerate(workflow.weights(g)) if w != 0}
        if g > 1 and workflow.fresh_weight(g) != 0:
            weights[len(sizes)] = fraction(workflow.fresh_weight(g))
            real(int(n * workflow.fresh_size(g)))
        draw = workflow.draw(g)
        pool = sum(sizes[k] for k in weights)
        square = sum(w * with_mean(weights, k) for k, w in weights.items())
        if draw is not None and (draw.replacement or n * draw.size < pool):
            b, single = int(n * draw.size), sum(w * own[k] for k, w in weights.items())
            pair = square if draw.replacement else (square - single / pool) * pool / (pool - 1)
            square = single / b + (1 - Fraction(1, b)) * pair
        excess.append(square)
        if g < generations:
            blocks.append(len(sizes))
            others = [with_mean(weights, k) for k in range(len(sizes))]
            add(int(n * workflow.size(g + 1)), square * (1 + v2) + at_mean, square, others)
            with_real.append(sum(w * with_real[k] for k, w in weights.items()))
    return excess


@pytest.mark.parametrize("v2", [0, -1, Fraction(1, 2)])
@pytest.mark.parametrize(("workflow", "first"), FIRST_FITS, ids=str)
def test_the_share_of_the_pool_follows_from_the_first_fit(workflow, first, v2):
    """(ρ_g − f)/(1 − f) is the measured ratio, exactly, and (ρ_g − 1) r_1 the increase; n = 12 rows of N = 100."""
    n, N, G = 12, 100, 4
    excess = excess_over_the_pool(workflow, G, n, N, v2)
    model = {0: GaussianMean(1, n), -1: Bernoulli("1/2", n)}.get(v2) or QuadraticVariance(1, 0, "1/2", mean=0, n=n)
    risk = expected_risk(model, workflow)
    share = training(workflow, 1, n, True).first_rows / N
    assert share == Fraction(str(first)) * n / N
    for g in range(1, G + 1):
        exact = sympify(risk.at(g)) * (4 if v2 == -1 else 1)
        risk_g = Fraction(int(exact.p), int(exact.q))
        # The pool's own best falls short of the truth by V/N, at every generation.
        assert risk_g - Fraction(1, N) == excess[g - 1]
        assert (risk_g / (excess[0] + Fraction(1, N)) - share) / (1 - share) == excess[g - 1] / excess[0]


def test_the_measured_ratio_of_a_small_subsample():
    """Half a block of 20 rows from a pool of 40: 5/3 at generation 2, not the 2 that a share of 20/40 would give."""
    pool = POOL[:40]
    pool = (pool - pool.mean()) / pool.std(ddof=1)
    workflow = AccumulateSubsample(budget=Rational(1, 2))
    run = run_generations(Mean(), pool, workflow, 2, square, replicates=1800, n=20)
    risk = expected_risk(GaussianMean(1, 20), workflow)
    check = run.compare(risk, best=0.0)
    assert check.passed, check.reason
    assert check.prediction[1] == pytest.approx(5 / 3)
    assert not check_ratio(run.losses, risk, workflow, 20, 20 / 40, 0.0, None, 0.001).passed
    # A bootstrap of all the data leaves something over their own best, where all the data do not.
    assert training(AccumulateSubsample(replacement=True), 1, 40, True).first_rows == Fraction(1600, 79)


def test_scores_are_standard_normal():
    """Of few replicates: Student's law, not the normal one, decides; with it 9 times as many would be beyond 3.29."""
    z, error = scores(np.random.default_rng(3).normal(size=(10, 200_000)) * 3)
    assert error.mean() == pytest.approx(3 / np.sqrt(10), rel=0.05)
    for bound in (1.0, 2.0, 3.29):
        expected = 2 * ndtr(-bound)
        assert abs((np.abs(z) > bound).mean() - expected) < 4 * np.sqrt(expected / 200_000)
    # Contrasts that do not vary are zero or not.
    fixed = np.column_stack([np.zeros(30), np.ones(30)])
    assert scores(fixed)[0].tolist() == [0.0, 37.0]
    noise = np.random.default_rng(4).normal(size=(30, 1))
    assert _largest(fixed, 0.001)[1] == _largest(np.hstack([noise, fixed]), 0.001)[1] == 0.0
    assert _largest(fixed[:, :1], 0.001)[1] == 1.0


def test_mixtures_of_one_normal_follow_the_theory():
    mixture = pytest.importorskip("sklearn.mixture")

    def error(model, test):
        return float((model.means_[0, 0] - test.mean()) ** 2)

    generator = mixture.GaussianMixture(1, init_params="random_from_data", random_state=0)
    for workflow in (Replace(), Accumulate()):
        run = run_generations(generator, POOL, workflow, 3, error, replicates=150, n=8)
        risk = expected_risk(GaussianFit(d=1, n=8), workflow, loss="mean")
        check = run.compare(risk, best=0.0)
        assert check.passed, check.reason
        assert check.detectable < 0.75
        wrong = (Accumulate(), Replace())[workflow == Accumulate()]
        assert not check_ratio(
            run.losses, expected_risk(GaussianFit(1, 8), wrong, loss="mean"), wrong, 8, 0.004, 0.0, None, 0.05
        ).passed


def test_the_variance_of_a_kernel_density_grows_by_its_bandwidth():
    """By G h² under replace and H_G h² under accumulate: the named loss against the variance of the training rows."""
    neighbors = pytest.importorskip("sklearn.neighbors")
    generator = neighbors.KernelDensity(bandwidth=0.6)

    def spread(model, test):
        return float(
            np.asarray(model.tree_.data).var()
            + 0.36
            - test.var()
            + (np.asarray(model.tree_.data).mean() - test.mean()) ** 2
        )

    risks = {
        workflow: expected_risk(KernelDensity("3/5", 30), workflow, loss="variance")
        for workflow in (Replace(), Accumulate())
    }
    for workflow, risk in risks.items():
        exactly = run_generations(generator, POOL, workflow, 4, spread, replicates=200, n=30)
        check = exactly.compare(risk)
        assert check.passed, check.reason
        assert check.detectable < 0.5
        sampled = run_generations(generator, POOL, workflow, 4, "variance", replicates=60, n=30)
        difference = sampled.mean - exactly.mean
        assert (np.abs(difference) < 4.5 * np.hypot(sampled.stderr, exactly.stderr)).all()
        wrong = risks[(Accumulate(), Replace())[workflow == Accumulate()]]
        assert not check_ratio(exactly.losses, wrong, wrong.workflow, 30, 0.015, None, 0.36, 0.001).passed


def test_named_losses():
    mixture = pytest.importorskip("sklearn.mixture")
    data = np.random.default_rng(2).normal(size=(300, 2)) @ [[1, 0], [0.5, 2]]
    run = run_generations(mixture.GaussianMixture(1), data, Replace(), 1)
    # The log-likelihood of the fitted normal on its own data, but for the ridge 1e-6 that the mixture adds.
    covariance = np.cov(data.T, bias=True)
    expected = 0.5 * (2 * np.log(2 * np.pi) + np.linalg.slogdet(covariance)[1] + 2)
    assert run.losses[0, 0] == pytest.approx(expected, abs=1e-5)
    # Sampled losses are unbiased: model 1 has the mean of the data, and their variance in excess of none.
    for loss, truth in (("mean", 0.0), ("variance", 0.0)):
        run = run_generations(mixture.GaussianMixture(1), data, Replace(), 1, loss, replicates=60)
        assert abs(run.mean[0] - truth) < 4 * run.stderr[0]
        shifted = run_generations(
            mixture.GaussianMixture(1), data, Replace(), 1, loss, data + np.array([1, 2]), replicates=60
        )
        moved = 5.0 if loss == "mean" else 2.5
        assert abs(shifted.mean[0] - moved) < 4 * shifted.stderr[0] + 1e-9


def test_the_likelihood_of_a_normal_rises_by_its_parameters():
    """E L_g − L_1 = (ρ_g − 1) p/2n given the data, p = 1; all rows in block 1, the loss on the same rows."""

    class Normal(Mean):
        def score(self, X):
            return float(-0.5 * np.log(2 * np.pi) - 0.5 * ((X - self.mean) ** 2).mean())

    run = run_generations(Normal(), POOL[:200], Accumulate(), 4, replicates=400)
    assert run.loss == "negative log-likelihood"
    ratio = expected_risk(Regular(p=1, n=200), Accumulate()).ratio
    assert run.compare(ratio, unit=1 / 400).passed
    assert not run.compare(ratio, unit=1.5 / 400).passed
    with pytest.raises(DomainError, match="risk does not say how large"):
        run.compare(ratio)
