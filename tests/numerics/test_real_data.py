"""Real data: the sets as they are loaded, the held-out prediction against finite differences, and the verdict."""

import sys

import numpy as np
import pytest

from numerics import real_data as module
from numerics.estimation.chain import refit_real
from numerics.estimation.newton import minimise
from numerics.real_data import SOURCES, check_real, real_data
from theory import Accumulate, AccumulateSubsample, DomainError, FreshReal, Replace, SlidingWindow

SETS = pytest.mark.parametrize("name", list(SOURCES))


@SETS
def test_sets_are_split_and_standardised_by_the_training_rows(name):
    data = real_data(name)
    assert (data.rows[:, 0] == 1).all()
    np.testing.assert_allclose(data.rows[:, 1:].mean(axis=0), 0, atol=1e-9)
    np.testing.assert_allclose(data.rows[:, 1:].std(axis=0), 1, rtol=1e-9)
    assert len(data.held_out.labels) == pytest.approx(len(data.labels) / 2, abs=1)
    if name != "diabetes":
        assert set(np.unique(data.labels)) == set(range(len(np.unique(data.labels))))
    assert not np.array_equal(real_data(name, seed=1).labels, data.labels)


def test_model_1_is_the_fit_to_the_real_labels():
    from sklearn.linear_model import LogisticRegression

    data = real_data("digits")
    own = LogisticRegression(C=np.inf, fit_intercept=False, tol=1e-10).fit(data.rows, data.labels)
    np.testing.assert_allclose(data.fitted().truth[:, 0], own.coef_[0], atol=1e-3)
    assert data.fitted(3).n == 3 * len(data.labels)


def test_labels_of_diabetes_have_unit_residual_variance():
    data = real_data("diabetes")
    residual = data.labels - data.rows @ data.fitted().truth[:, 0]
    assert residual @ residual / (len(data.labels) - 11) == pytest.approx(1)


@SETS
def test_second_derivative_of_the_held_out_loss(name):
    """As a function of the mean statistic of the labels, by refitting perturbed statistics: gradient and Hessian."""
    data = real_data(name)
    model = data.fitted()
    base = model.mean(model.predictors(model.theta)) / len(data.labels)
    rng = np.random.default_rng(3)
    direction = 0.0005 * rng.standard_normal((model.parameters, 1)) / np.sqrt(len(data.labels))
    linear = np.linalg.cholesky(np.linalg.inv(model.information)) @ direction * np.sqrt(len(data.labels))
    # A change of labels whose total score is I·linear: the linearised fit moves by ``linear``.
    along = model.predictors(linear)
    weights = model.variance(model.mean(model.predictors(model.theta)))
    shift = np.zeros_like(base)
    for (a, b), part in zip(zip(*np.triu_indices(model.classes), strict=True), weights, strict=True):
        shift[a] += part * along[b] / len(data.labels)
        if a != b:
            shift[b] += part * along[a] / len(data.labels)
    shares = np.full((len(data.labels), 1), 1 / len(data.labels))
    losses = [
        model.log_loss(
            minimise(model.objective(shares, base + sign * shift), model.theta).theta,
            data.held_out.rows,
            data.held_out.labels,
        )[0]
        for sign in (1, 0, -1)
    ]
    gradient, hessian = model.held_out(data.held_out.rows, data.held_out.labels)
    assert (losses[0] - losses[2]) / 2 == pytest.approx((gradient @ linear)[0], rel=5e-3)
    bent = losses[0] - 2 * losses[1] + losses[2]
    assert bent == pytest.approx((linear.T @ hessian @ linear)[0, 0], rel=1e-2)
    if name != "diabetes":
        # Without the bias term the two differ by far more than that.
        plain = hessian.copy()
        along = model.predictors(np.linalg.solve(model.information, gradient)[:, None])
        turned = model.turned(model.mean(model.predictors(model.theta)), along) / len(data.labels)
        plain += model.gram(turned)[:, :, 0]
        assert bent != pytest.approx((linear.T @ plain @ linear)[0, 0], rel=2e-2)


@SETS
@pytest.mark.parametrize("workflow", [Replace(), Accumulate()], ids=["replace", "accumulate"])
def test_the_prediction_holds_on_real_data(name, workflow):
    check = check_real(real_data(name), workflow, generations=4, replicates=1000, copies=(2, 4, 8), seed=3)
    assert check.passed, check.reason
    assert check.failures == 0
    assert check.detectable < 0.1
    expected = {"replace": range(1, 5), "accumulate": np.cumsum(1 / np.arange(1, 5) ** 2)}[workflow.name]
    np.testing.assert_allclose(check.prediction, expected, rtol=1e-9)


def test_fresh_rows_and_windows():
    check = check_real(real_data("breast-cancer"), SlidingWindow(2), 3, 800, (2, 4, 8), seed=4, design="fresh")
    assert check.passed, check.reason


def test_subsample_sees_the_sandwich():
    """Real labels in the pool have scores of their own: a prediction by Fisher's information alone differs."""
    data = real_data("breast-cancer")
    check = check_real(data, AccumulateSubsample(), 4, 300, (1, 2, 4), seed=5)
    assert check.passed, check.reason
    universal = 3 * np.cumsum(1 / np.arange(1, 5) ** 2) - 2
    assert np.abs(check.prediction[2:] / universal[2:] - 1).max() > 0.005
    # The first draw takes the first subsample out of real and synthetic labels, half and half.
    model = data.fitted()
    residual = data.labels - model.mean(model.predictors(model.theta))[0, :, 0]
    scores = data.rows * residual[:, None]
    filling = scores.T @ scores / len(scores)
    inverse = np.linalg.inv(model.information)
    hessian = model.held_out(data.held_out.rows, data.held_out.labels)[1]
    kappa = np.trace(hessian @ inverse) / 2
    mixed = np.trace(hessian @ inverse @ (filling + model.information) / 2 @ inverse) / 2
    # Pool mean: 1/4 of block 2's noise; the draw: (1 − 1/2) of the mixed one.
    assert check.prediction[1] == pytest.approx(1 + 1 / 4 + mixed / kappa / 2)


@pytest.mark.parametrize("factor", [0.9, 1.1])
def test_a_wrong_unit_fails(monkeypatch, factor):
    """κ wrong by 10 %, in the prediction and in the ratio alike."""
    original = module.refit_real

    def wrong(*arguments):
        run = original(*arguments)
        from dataclasses import replace

        return replace(run, prediction=run.at_truth + factor * (run.prediction - run.at_truth))

    monkeypatch.setattr(module, "refit_real", wrong)
    check = check_real(real_data("wine"), Replace(), 3, 1500, (2, 4, 8), seed=6)
    assert not check.passed
    assert "differs from its prediction" in check.reason


def test_failures_are_kept_out_of_the_test_and_told():
    check = check_real(real_data("wine"), Replace(), 9, 400, (1, 4, 6, 8), seed=7)
    assert check.runs[0].failures.total > 0
    assert check.passed, check.reason
    lost = check_real(real_data("wine"), Replace(), 30, 50, (1, 2, 3), seed=7)
    assert not lost.passed
    assert "fits failed" in lost.reason


def test_separable_real_labels_are_refused(monkeypatch):
    from dataclasses import replace

    source = replace(SOURCES["wine"], columns=(0, 6, 9, 12))
    monkeypatch.setitem(SOURCES, "wine", source)
    with pytest.raises(DomainError, match="separable"):
        real_data("wine").fitted()


def test_without_scikit_learn(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(DomainError, match=r"pip install selfgen\[real\]"):
        real_data("wine")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"workflow": FreshReal()}, "draws real data afresh"),
        ({"workflow": AccumulateSubsample(budget="1/2")}, "model 1|random part"),
        ({"design": "open"}, "design"),
        ({"copies": (1, 1, 2)}, "copies"),
        ({"copies": (0, 1, 2)}, "copies"),
        ({"generations": 1}, "generations"),
    ],
)
def test_bad_arguments_are_named(arguments, told):
    good = {"workflow": Replace(), "generations": 3, "replicates": 5}
    with pytest.raises(DomainError, match=told):
        check_real(real_data("digits"), **{**good, **arguments})


def test_unknown_set():
    with pytest.raises(DomainError, match="iris"):
        real_data("iris")


def test_generation_1_has_no_increase():
    data = real_data("digits")
    run = refit_real(data.fitted(4), data.labels, data.held_out, Accumulate(), 3, 50)
    assert run.mean[0] == pytest.approx(run.at_truth, rel=1e-12)
    assert run.stderr[0] == pytest.approx(0, abs=1e-12)
