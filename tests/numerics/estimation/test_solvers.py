"""Batched fits against SciPy, scikit-learn and finite differences; separation against a linear program and by hand."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import gammaln

from numerics.estimation import (
    LogisticRegression,
    MEstimator,
    MultinomialRegression,
    NormalRegression,
    PoissonRegression,
)
from numerics.estimation.cholesky import backward, factor, forward
from numerics.estimation.newton import FITTED, SEPARATED, SINGULAR, minimise
from numerics.estimation.separation import separated
from theory import DomainError

RNG = np.random.default_rng(11)
ROWS = np.column_stack([np.ones(30), RNG.standard_normal((30, 2))])
TRUTH = np.array([0.3, 0.8, -0.5])
MODELS = [
    LogisticRegression(ROWS, TRUTH, n=60),
    PoissonRegression(ROWS, TRUTH, n=60),
    NormalRegression(ROWS, TRUTH, n=60),
    MultinomialRegression(ROWS, np.stack([TRUTH, -TRUTH[::-1]], axis=1), n=60),
]
named = pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)


def data(model, replicates, seed=1):
    """Weights that differ between rows and replicates, and labels weighted by them."""
    rng = np.random.default_rng(seed)
    trials = rng.integers(1, 5, size=(30, replicates))
    mean = np.repeat(model.mean(model.predictors(model.theta)), replicates, axis=2)
    return trials.astype(float), model.sums(rng, mean, trials)


def log_likelihood(model, theta, trials, sums):
    """Written out label by label, from the law as the docstring states it."""
    eta = model.covariates @ theta.reshape(model.classes, -1).T
    if model.name == "logistic":
        p = 1 / (1 + np.exp(-eta[:, 0]))
        return np.sum(sums[0] * np.log(p) + (trials - sums[0]) * np.log(1 - p))
    if model.name == "poisson":
        return np.sum(sums[0] * eta[:, 0] - trials * np.exp(eta[:, 0]))
    if model.name == "normal":
        return np.sum(sums[0] * eta[:, 0] - trials * eta[:, 0] ** 2 / 2)
    shares = np.exp(np.column_stack([eta, np.zeros(len(eta))]))
    shares /= shares.sum(axis=1, keepdims=True)
    return np.sum(np.log(shares) * np.column_stack([*sums, trials - sums.sum(axis=0)]))


@named
def test_derivatives_against_finite_differences(model):
    trials, sums = data(model, 3)
    objective = model.objective(trials, sums)
    theta = model.theta + 0.3 * np.random.default_rng(2).standard_normal((model.parameters, 3))
    gradient, hessian = objective.derivatives(objective.predictors(theta))
    step = 1e-5
    for i in range(model.parameters):
        up, down = theta.copy(), theta.copy()
        up[i] += step
        down[i] -= step
        for b in range(3):
            values = [log_likelihood(model, at[:, b], trials[:, b], sums[:, :, b]) for at in (up, down)]
            assert -(values[0] - values[1]) / (2 * step) == pytest.approx(gradient[i, b], rel=1e-6, abs=1e-5)
        slopes = [objective.derivatives(objective.predictors(at))[0] for at in (up, down)]
        np.testing.assert_allclose((slopes[0] - slopes[1]) / (2 * step), hessian[i], rtol=1e-6, atol=1e-5)
    values = objective.value(objective.predictors(theta)) - objective.value(objective.predictors(model.theta))
    for b in range(3):
        ends = [log_likelihood(model, at, trials[:, b], sums[:, :, b]) for at in (theta[:, b], model.theta[:, 0])]
        assert values[b] == pytest.approx(ends[1] - ends[0], rel=1e-10)


@named
def test_turned_is_the_derivative_of_the_variance(model):
    rng = np.random.default_rng(5)
    eta, along = rng.standard_normal((2, model.classes, 30, 4))
    step = 1e-5
    ends = [model.variance(model.mean(eta + sign * step * along)) for sign in (1, -1)]
    np.testing.assert_allclose((ends[0] - ends[1]) / (2 * step), model.turned(model.mean(eta), along), atol=1e-8)


@named
def test_self_concordance(model):
    """|A'''[v,v,v]| ≤ spread · A''[v,v] row by row, which is what the step length rests on."""
    rng = np.random.default_rng(6)
    eta, along = 3 * rng.standard_normal((2, model.classes, 30, 200))
    pairs = list(zip(*np.triu_indices(model.classes), strict=True))

    def contracted(found):
        return sum((1 if a == b else 2) * along[a] * along[b] * part for (a, b), part in zip(pairs, found, strict=True))

    mean = model.mean(eta)
    for row in range(30):
        only = along[:, [row]]
        spread = np.abs(only[0]).max(axis=0) if model.classes == 1 else model.spread(only)
        third, second = contracted(model.turned(mean, along))[row], contracted(model.variance(mean))[row]
        assert (np.abs(third) <= spread * second * (1 + 1e-9) + 1e-12).all()


@named
def test_fits_against_scipy(model):
    trials, sums = data(model, 6)
    start = np.zeros((model.parameters, 6))
    fits = minimise(model.objective(trials, sums), start)
    assert fits.fitted.all()
    for b in range(6):
        own = minimize(
            lambda theta, b=b: -log_likelihood(model, theta, trials[:, b], sums[:, :, b]), start[:, b], method="BFGS"
        )
        np.testing.assert_allclose(fits.theta[:, b], own.x, atol=2e-5)
        gradient = model.objective(trials, sums).derivatives(model.predictors(fits.theta))[0]
        assert np.abs(gradient).max() < 1e-9 * trials.sum()


def test_fits_against_scikit_learn():
    from sklearn import linear_model

    logistic, poisson, _, multinomial = MODELS
    for model in (logistic, multinomial):
        trials, sums = data(model, 2, seed=3)
        fits = minimise(model.objective(trials, sums), np.zeros((model.parameters, 2)))
        for b in range(2):
            counts = np.concatenate([sums[:, :, b], trials[None, :, b] - sums[:, :, b].sum(axis=0, keepdims=True)])
            # In scikit-learn's order of two classes the reference comes first; of three, the model is symmetric.
            order = counts[::-1] if model.classes == 1 else counts
            estimator = linear_model.LogisticRegression(C=np.inf, fit_intercept=False, tol=1e-10, max_iter=10_000)
            estimator.fit(
                np.tile(ROWS, (len(order), 1)), np.repeat(np.arange(len(order)), 30), sample_weight=order.ravel()
            )
            found = estimator.coef_ if model.classes == 1 else estimator.coef_[:-1] - estimator.coef_[-1]
            np.testing.assert_allclose(fits.theta[:, b], found.ravel(), atol=2e-4)
    trials, sums = data(poisson, 2, seed=3)
    fits = minimise(poisson.objective(trials, sums), np.zeros((3, 2)))
    for b in range(2):
        estimator = linear_model.PoissonRegressor(alpha=0, fit_intercept=False, tol=1e-10, max_iter=10_000)
        estimator.fit(ROWS, sums[0, :, b] / trials[:, b], sample_weight=trials[:, b])
        np.testing.assert_allclose(fits.theta[:, b], estimator.coef_, atol=2e-4)


@named
def test_a_fit_does_not_depend_on_the_others_nor_on_a_common_weight(model):
    trials, sums = data(model, 40)
    start = np.zeros((model.parameters, 40))
    together = minimise(model.objective(trials, sums), start)
    alone = minimise(model.objective(trials[:, 7:8], sums[:, :, 7:8]), start[:, :1])
    scaled = minimise(model.objective(trials / 137, sums / 137), start)
    chosen = minimise(model.objective(trials, sums), start, np.array([7, 30]))
    np.testing.assert_allclose(together.theta[:, 7], alone.theta[:, 0], rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(together.theta, scaled.theta, rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(chosen.theta[:, [7, 30]], together.theta[:, [7, 30]], rtol=1e-9, atol=1e-11)
    assert (chosen.theta[:, 8] == 0).all()


@named
def test_any_start_reaches_the_same_fit(model):
    """The damped step lowers F from anywhere: far starts must not diverge."""
    trials, sums = data(model, 20)
    near = minimise(model.objective(trials, sums), np.zeros((model.parameters, 20)))
    far = 4 * np.random.default_rng(8).standard_normal((model.parameters, 20))
    fits = minimise(model.objective(trials, sums), far)
    assert fits.fitted.all()
    np.testing.assert_allclose(fits.theta, near.theta, rtol=1e-7, atol=1e-9)


LINE = np.column_stack([np.ones(6), np.arange(6) - 2.5])


@pytest.mark.parametrize(
    ("labels", "exists"),
    [
        ([0, 0, 0, 1, 1, 1], False),  # complete separation
        ([0, 0, 1, 0, 1, 1], True),
        ([0, 0, 0, 0, 0, 0], False),  # one class only
        ([0, 1, 0, 1, 0, 1], True),
    ],
)
def test_logistic_separation_by_hand(labels, exists):
    model = LogisticRegression(LINE, [0.0, 0.5], n=6)
    fits = minimise(model.objective(np.ones((6, 1)), np.array(labels, float)[None, :, None]), np.zeros((2, 1)))
    assert fits.status[0] == (FITTED if exists else SEPARATED)
    if not exists:
        assert (fits.theta == 0).all()


def test_quasi_separation():
    """Two labels at the boundary overlap, and all others are on their sides: no estimate exists either."""
    model = LogisticRegression(LINE, [0.0, 0.5], n=12)
    ones = np.array([0, 0, 1, 2, 2, 2.0])
    fits = minimise(model.objective(np.full((6, 1), 2.0), ones[None, :, None]), np.zeros((2, 1)))
    assert fits.status[0] == SEPARATED


def test_every_logistic_data_set_on_six_rows():
    """Brute force: all 64 label vectors; on a line, separable just where at most one change of label is met."""
    labels = np.array(list(product([0, 1], repeat=6)), dtype=float).T
    model = LogisticRegression(LINE, [0.0, 0.5], n=6)
    fits = minimise(model.objective(np.ones((6, 1)), labels[None]), np.zeros((2, 64)))
    changes = np.abs(np.diff(labels, axis=0)).sum(axis=0)
    np.testing.assert_array_equal(fits.status == SEPARATED, changes <= 1)
    np.testing.assert_array_equal(fits.status == FITTED, changes > 1)


@pytest.mark.parametrize("model", MODELS[:2] + MODELS[3:], ids=lambda model: model.name)
def test_separation_agrees_with_the_linear_program(model):
    """Sparse data, most of it separable: the iteration's verdict is the program's, replicate by replicate."""
    rng = np.random.default_rng(9)
    small = type(model)(ROWS[:8], model.truth, n=8)
    # Counts are to be mostly 0.
    shifted = small.theta - (2.5 if model.name == "poisson" else 0.7) * (np.arange(small.parameters) == 0)[:, None]
    sums = small.sums(rng, np.repeat(small.mean(small.predictors(shifted)), 150, axis=2), 1)
    objective = small.objective(np.ones((8, 1)), sums)
    fits = minimise(objective, np.zeros((small.parameters, 150)))
    program = np.array([objective.separated(b) for b in range(150)])
    assert 10 < program.sum() < 150
    np.testing.assert_array_equal(fits.status == SEPARATED, program)
    np.testing.assert_array_equal(fits.status == FITTED, ~program)


def test_the_linear_program_by_hand():
    assert separated(np.array([[1.0, 0.0], [0.0, 1.0]]))
    assert not separated(np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]]))
    # Quasi-separated: the first coordinate is pinned, the second is free one way.
    assert separated(np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0]]))
    assert not separated(np.array([[1.0, 2.0], [-2.0, -1.0], [1.0, -1.0]]))


def test_too_few_rows_are_singular_not_fitted():
    model = NormalRegression(ROWS, TRUTH, n=30)
    trials = np.zeros((30, 2))
    trials[:2, 0] = trials[:5, 1] = 1.0
    fits = minimise(model.objective(trials, trials[None] * 1.5), np.zeros((3, 2)))
    assert fits.status.tolist() == [SINGULAR, FITTED]


@given(st.integers(1, 7), st.integers(0, 10**6))
def test_cholesky_against_numpy(size, seed):
    rng = np.random.default_rng(seed)
    roots = rng.standard_normal((5, size, size + 2))
    matrices = np.einsum("bik,bjk->ijb", roots, roots)
    lower, definite = factor(matrices)
    assert definite.all()
    right = rng.standard_normal((size, 5))
    solved = backward(lower, forward(lower, right))
    for b in range(5):
        expected = np.linalg.cholesky(matrices[:, :, b])
        np.testing.assert_allclose(lower[:, :, b], expected, rtol=1e-6, atol=1e-8)
        np.testing.assert_allclose(matrices[:, :, b] @ solved[:, b], right[:, b], rtol=1e-5, atol=1e-5)


def huber(n, cut=1.345):
    """Location of a normal: J = P(|z| < c), K = E min(z², c²)."""
    from scipy.stats import norm

    inside = 1 - 2 * norm.sf(cut)
    second = inside - 2 * cut * norm.pdf(cut) + 2 * cut**2 * norm.sf(cut)
    return MEstimator(
        sample=lambda rng, theta, size: theta + rng.standard_normal((len(theta), size)),
        score=lambda theta, z: np.clip(theta - z, -cut, cut)[:, :, None],
        hessian=lambda theta, z: (np.abs(theta - z) < cut).astype(float)[:, :, None, None],
        truth=[0.0],
        n=n,
        metric=[[inside**2 / second]],
    )


def test_m_estimator_against_bisection():
    from scipy.optimize import brentq

    estimator = huber(25)
    rng = np.random.default_rng(4)
    points, weights = estimator.sample(rng, np.zeros((8, 1)), 25), rng.random((8, 25))
    fits = estimator.fit(points, weights, np.full((1, 8), 0.4))
    assert fits.fitted.all()
    for b in range(8):
        root = brentq(lambda t, b=b: weights[b] @ np.clip(t - points[b], -1.345, 1.345), -5, 5, xtol=1e-13)
        assert fits.theta[0, b] == pytest.approx(root, abs=1e-9)


def test_m_estimator_and_regression_are_the_same_fit():
    """Logistic regression given as a score and a Hessian; points are (x, y)."""
    rng = np.random.default_rng(14)

    def mean(theta, x):
        return 1 / (1 + np.exp(-np.einsum("bmi,bi->bm", x, theta)))

    def sample(rng, theta, size):
        x = np.broadcast_to(ROWS[np.arange(size) % 30], (len(theta), size, 3))
        return np.concatenate([x, (rng.random((len(theta), size)) < mean(theta, x))[:, :, None]], axis=2)

    def score(theta, z):
        return (mean(theta, z[..., :3]) - z[..., 3])[:, :, None] * z[..., :3]

    def hessian(theta, z):
        p = mean(theta, z[..., :3])
        return (p * (1 - p))[:, :, None, None] * z[..., :3, None] * z[..., None, :3]

    model = MODELS[0]
    estimator = MEstimator(sample, score, hessian, TRUTH, 90, model.information)
    points = sample(rng, np.repeat(TRUTH[None], 5, axis=0), 90)
    sums = points[:, :, 3].reshape(5, 3, 30).sum(axis=1).T
    one = estimator.fit(points, np.ones(90), np.zeros((3, 5)))
    other = minimise(model.objective(np.full((30, 1), 3.0), sums[None]), np.zeros((3, 5)))
    np.testing.assert_allclose(one.theta, other.theta, atol=1e-7)


def test_m_estimator_says_when_it_has_no_root():
    estimator = MEstimator(
        sample=lambda rng, theta, n: rng.standard_normal((len(theta), n)),
        score=lambda theta, z: np.exp(theta)[:, :, None] + 0 * z[:, :, None],
        hessian=lambda theta, z: np.exp(theta)[:, :, None, None] + 0 * z[:, :, None, None],
        truth=[0.0],
        n=5,
        metric=[[1.0]],
    )
    assert not estimator.fit(np.zeros((3, 5)), np.ones(5), np.zeros((1, 3))).fitted.any()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"covariates": ROWS[:, 0]}, "covariates of shape"),
        ({"covariates": ROWS * np.nan}, "covariates"),
        ({"covariates": np.ones((30, 3))}, "rank 1"),
        ({"truth": [1.0, 2.0]}, "truth of shape"),
        ({"truth": np.ones((3, 2))}, "one predictor a row"),
        ({"truth": [2000.0, 0, 0]}, "information is singular"),
        ({"n": 31}, "n = 31"),
        ({"n": 0}, "n = 0"),
        ({"n": 30.0}, "n = 30.0"),
        ({"design": "open"}, "design = 'open'"),
    ],
)
def test_bad_regressions_are_named(arguments, told):
    with pytest.raises(DomainError, match=told):
        LogisticRegression(**{"covariates": ROWS, "truth": TRUTH, "n": 30, **arguments})


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"truth": [[1.0]]}, "truth"),
        ({"metric": [[-1.0]]}, "metric"),
        ({"metric": np.eye(2)}, "metric of shape"),
        ({"n": 0}, "n = 0"),
        ({"score": lambda theta, z: z}, "score returns"),
        ({"hessian": lambda theta, z: z}, "hessian returns"),
        ({"sample": lambda rng, theta, n: np.zeros(n)}, "sample returns"),
    ],
)
def test_bad_m_estimators_are_named(arguments, told):
    good = huber(10)
    whole = {name: getattr(good, name) for name in ("sample", "score", "hessian", "truth", "n", "metric")}
    with pytest.raises(DomainError, match=told):
        MEstimator(**{**whole, **arguments})


def test_poisson_law_of_sums_keeps_its_constant_out():
    """The log-likelihood leaves out log y!, which no fit depends on: the excess loss is a divergence all the same."""
    model = MODELS[1]
    theta = model.theta + 0.1
    counts = np.arange(200.0)
    rates = [np.exp(model.predictors(at))[0, :, 0] for at in (model.theta, theta)]
    logs = [counts[:, None] * np.log(rate) - rate - gammaln(counts + 1)[:, None] for rate in rates]
    divergence = (np.exp(logs[0]) * (logs[0] - logs[1])).sum(axis=0).mean()
    assert model.excess(theta)[0] == pytest.approx(divergence, rel=1e-9)


def test_what_the_iteration_leaves_open_the_linear_program_decides(monkeypatch):
    """Cut short before separation is looked for, every verdict is the program's."""
    labels = np.array(list(product([0, 1], repeat=6)), dtype=float).T
    model = LogisticRegression(LINE, [0.0, 0.5], n=6)
    monkeypatch.setattr("numerics.estimation.newton.MOST_STEPS", 9)
    fits = minimise(model.objective(np.ones((6, 1)), labels[None]), np.zeros((2, 64)))
    np.testing.assert_array_equal(fits.status == SEPARATED, np.abs(np.diff(labels, axis=0)).sum(axis=0) <= 1)


def test_halving_brings_a_far_start_home():
    """Newton's full steps on arctan diverge from |θ| > 1.39; halved ones do not."""
    estimator = MEstimator(
        sample=lambda rng, theta, n: theta + rng.standard_normal((len(theta), n)),
        score=lambda theta, z: np.arctan(theta - z)[:, :, None],
        hessian=lambda theta, z: (1 / (1 + (theta - z) ** 2))[:, :, None, None],
        truth=[0.0],
        n=4,
        metric=[[1.0]],
    )
    fits = estimator.fit(np.zeros((3, 4)), np.ones(4), np.array([[5.0, -20.0, 0.3]]))
    assert fits.fitted.all()
    np.testing.assert_allclose(fits.theta, 0, atol=1e-9)
