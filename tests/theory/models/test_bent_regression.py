"""Labels of a regression that lean, or change their sign: against simulated rows, by a program of its own."""

from __future__ import annotations

import numpy as np
import pytest
from sympy import Rational, Symbol, oo

from theory import (
    Accumulate,
    AccumulateSubsample,
    DomainError,
    FreshReal,
    GaussianMean,
    LinearRegression,
    NotDerivedError,
    RealPlusLatest,
    Replace,
    SlidingWindow,
    expected_risk,
)
from theory.models.bent import BiasedSampler
from theory.models.bent_regression import FlippedLabels

REPLICATES = 40_000


def fitted(rows: np.ndarray, labels: np.ndarray) -> np.ndarray:
    gram = np.einsum("rti,rtj->rij", rows, rows)
    return np.linalg.solve(gram, np.einsum("rti,rt->ri", rows, labels)[..., None])[..., 0]


def close(risk, errors: np.ndarray, generation: int) -> None:
    """Within four standard errors, which are less than 2.5 % of the risk."""
    expected = float(risk.at(generation))
    stderr = errors.std() / np.sqrt(len(errors))
    assert abs(errors.mean() - expected) < 4 * stderr
    assert stderr < 0.025 * expected


@pytest.mark.parametrize(
    "workflow", [Replace(), Accumulate(), SlidingWindow(2), RealPlusLatest()], ids=lambda workflow: workflow.name
)
def test_shared_rows_whose_labels_lean(workflow) -> None:
    """Labels towards those of m, a distance 3/2 from w*; the rows of generation 1 are labelled again and again."""
    rng = np.random.default_rng(11)
    d, T, tau = 3, 14, 0.6
    model = BiasedSampler(LinearRegression(d=d, T=T, design="shared"), "3/5", "3/2")
    risk = expected_risk(model, workflow)
    truth, target = np.zeros(d), np.array([0.9, 1.2, 0.0])
    rows = rng.standard_normal((REPLICATES, T, d))
    blocks = [np.einsum("rti,i->rt", rows, truth) + rng.standard_normal((REPLICATES, T))]
    for g in range(1, 5):
        weights = [float(weight) for weight in workflow.weights(g)]
        fit = fitted(rows, sum(weight * block for weight, block in zip(weights, blocks, strict=True)))
        close(risk, (fit**2).sum(axis=1), g)
        along = fit @ target / 1.5
        assert abs(along.mean() - float(risk.bias.at(g))) < 4 * along.std() / np.sqrt(REPLICATES)
        leaning = tau * fit + (1 - tau) * target
        blocks.append(np.einsum("rti,ri->rt", rows, leaning) + rng.standard_normal((REPLICATES, T)))


def test_fresh_rows_whose_labels_lean_under_replace() -> None:
    rng = np.random.default_rng(12)
    d, T, tau, heat = 2, 9, 0.6, 2.0
    risk = expected_risk(BiasedSampler(LinearRegression(d=d, T=T), "3/5", "3/2", heat), Replace())
    target = np.array([0.9, 1.2])
    mean = np.zeros((REPLICATES, d))
    for g in range(1, 5):
        rows = rng.standard_normal((REPLICATES, T, d))
        noise = rng.standard_normal((REPLICATES, T)) * np.sqrt(1 if g == 1 else heat)
        fit = fitted(rows, np.einsum("rti,ri->rt", rows, mean) + noise)
        close(risk, (fit**2).sum(axis=1), g)
        mean = tau * fit + (1 - tau) * target


HEAT = 4


@pytest.mark.parametrize(
    ("d", "T", "workflow"),
    [
        (2, 9, Accumulate()),
        (12, 3, Replace()),
        (12, 3, Accumulate()),
        (12, 3, SlidingWindow(2)),
        (12, 3, RealPlusLatest()),
        (12, 3, FreshReal()),
        (30, 1, SlidingWindow(2, sizes="j")),
        (12, 1, AccumulateSubsample()),
    ],
    ids=lambda value: getattr(value, "name", str(value)),
)
def test_fresh_rows_at_a_temperature(d: int, T: int, workflow) -> None:
    """Sampled labels have four times the variance of real ones, fresh real rows included; least norm where d > T."""
    rng = np.random.default_rng(14)
    replicates = REPLICATES // 4
    model = BiasedSampler.temperature(LinearRegression(d=d, T=T, signal=2 if d > T else None), HEAT)
    risk = expected_risk(model, workflow)
    assert risk.exactness == "exact"
    truth = np.zeros(d)
    truth[0] = 2**0.5 if d > T else 0.0
    blocks, labels = [], []
    fit = np.tile(truth, (replicates, 1))
    for g in range(1, 4):
        size = int(T * workflow.size(g))
        blocks.append(rng.standard_normal((replicates, size, d)))
        noise = rng.standard_normal((replicates, size)) * (1 if g == 1 else HEAT**0.5)
        labels.append(np.einsum("rti,ri->rt", blocks[-1], fit) + noise)
        if workflow.name == "accumulate-subsample":
            row = rng.integers(g, size=replicates)
            rows, of_rows = (np.array(part)[row, np.arange(replicates)] for part in (blocks, labels))
        else:
            used = [index for index, weight in enumerate(workflow.weights(g)) if weight != 0]
            rows, of_rows = (np.concatenate([part[index] for index in used], axis=1) for part in (blocks, labels))
            if workflow.name == "fresh-real" and g > 1:
                real = rng.standard_normal((replicates, T, d))
                told = real @ truth + rng.standard_normal((replicates, T))
                rows, of_rows = np.concatenate([rows, real], axis=1), np.concatenate([of_rows, told], axis=1)
        fit = np.einsum("rit,rt->ri", np.linalg.pinv(rows), of_rows)
        close(risk, ((fit - truth) ** 2).sum(axis=1), g)


def test_a_temperature_by_hand() -> None:
    """Generation 1 is fitted on real labels; every later block adds τσ² times what a block adds."""
    d, T = 3, 14
    gains = {g: Rational(d, g * (g * T - d - 1)) for g in range(1, 6)}
    warm = expected_risk(BiasedSampler.temperature(LinearRegression(d=d, T=T), HEAT), Accumulate())
    assert warm.at(5) == gains[1] + HEAT * sum(gains[g] for g in range(2, 6))
    assert (warm.bias.at(5), warm.variance.at(5)) == (0, warm.at(5))
    # A sample of the pool to leading order: that of a Gaussian mean, exact at every n, with many rows.
    leading = expected_risk(BiasedSampler.temperature(LinearRegression(d=1, T=1000), HEAT), AccumulateSubsample())
    exact = expected_risk(BiasedSampler.temperature(GaussianMean(n=10**9), HEAT), AccumulateSubsample())
    assert abs(float(leading.at(6) / leading.at(1) / (exact.at(6) / exact.at(1))) - 1) < 1e-8
    # Sizes that change: from least norm to more rows than features and on.
    growing = LinearRegression(d=8, T=3, signal=1)
    crossed = expected_risk(BiasedSampler.temperature(growing, HEAT), Replace(sizes="j**2"))
    first = Rational(5, 8) + Rational(3, 4)
    second, third = HEAT * Rational(8, 3), HEAT * Rational(8, 18)
    assert [crossed.at(g) for g in (1, 2, 3)] == [first, first + second, first + second + third]


@pytest.mark.parametrize(("d", "T", "rate"), [(1, 7, "1/10"), (3, 14, "1/4")])
def test_labels_that_change_their_sign(d: int, T: int, rate: str) -> None:
    rng = np.random.default_rng(13)
    risk = expected_risk(FlippedLabels(LinearRegression(d=d, T=T, signal=4), rate), Replace())
    truth = np.zeros(d)
    truth[0] = 2.0
    fit = np.tile(truth, (REPLICATES, 1))
    for g in range(1, 5):
        rows = rng.standard_normal((REPLICATES, T, d))
        labels = np.einsum("rti,ri->rt", rows, fit) + rng.standard_normal((REPLICATES, T))
        if g > 1:
            labels *= np.where(rng.random(labels.shape) < float(Rational(rate)), -1.0, 1.0)
        fit = fitted(rows, labels)
        close(risk, ((fit - truth) ** 2).sum(axis=1), g)
        along = fit[:, 0] - 2
        assert abs(along.mean() - float(risk.bias.at(g))) < 4 * along.std() / np.sqrt(REPLICATES)
        assert risk.variance.at(g) == risk.at(g) - risk.bias.at(g) ** 2


def test_flips_of_one_feature_by_hand() -> None:
    """d = 1: T E u⁴ = 3/(T + 2) for a coordinate u of a uniform direction."""
    T, signal, flips = 7, 4, Rational(1, 10)
    risk = expected_risk(FlippedLabels(LinearRegression(d=1, T=T, signal=signal), flips), Replace())
    noise = Rational(1, T - 2)
    first = signal + noise
    second = (1 - 2 * flips) ** 2 * first + noise + 4 * flips * (1 - flips) * Rational(3, T + 2) * first
    assert risk.at(1) == noise
    assert risk.at(2) == second - 2 * (1 - 2 * flips) * signal + signal
    assert risk.limit == signal + noise / (4 * flips * (1 - flips) * (1 - Rational(3, T + 2)))
    # Few rows: ρ = (d + 2)(T − 2)/((T + 2)(T − d − 1)) > 1, and the squared length grows for ever.
    assert expected_risk(FlippedLabels(LinearRegression(d=4, T=6, signal=1), "1/4"), Replace()).limit == oo


def test_what_does_not_bend_and_what_is_refused() -> None:
    shared = LinearRegression(d=3, T=14, design="shared")
    plain = expected_risk(shared, Accumulate())
    assert expected_risk(BiasedSampler(shared, 1, 2), Accumulate()).at(5) == plain.at(5)
    assert expected_risk(FlippedLabels(LinearRegression(d=3, T=14), 0), Replace()).at(5) == (
        expected_risk(LinearRegression(d=3, T=14), Replace()).at(5)
    )
    assert BiasedSampler.temperature(shared, 2) == BiasedSampler(shared, 1, 0, 2)
    assert BiasedSampler.label_flips(LinearRegression(d=3, T=14), "1/5") == FlippedLabels(
        LinearRegression(d=3, T=14), "1/5"
    )
    # Too few rows: the risk is infinite, as without a bend.
    assert expected_risk(BiasedSampler(LinearRegression(d=3, T=4, design="shared"), "1/2", 1), Accumulate()).at(2) == oo
    leaning = BiasedSampler(LinearRegression(d=3, T=14), "1/2", 1)
    for workflow in (Accumulate(), SlidingWindow(2), AccumulateSubsample(), FreshReal(), Replace(sizes="j")):
        with pytest.raises(NotDerivedError, match="labels that lean"):
            expected_risk(leaning, workflow)
    with pytest.raises(NotDerivedError, match="flipped labels"):
        expected_risk(FlippedLabels(LinearRegression(d=3, T=14), "1/5"), Accumulate())
    for call, said in (
        (lambda: FlippedLabels(shared, "3/5"), "rate = "),
        (lambda: FlippedLabels(None, "1/5"), "model = None"),
    ):
        with pytest.raises(DomainError, match=said):
            call()


def test_the_symbols_of_the_regression_are_those_of_the_model_around_it() -> None:
    """d, T and ‖w*‖² of the model inside may be symbols, and a number put in late is one put in early."""
    B, f = Symbol("B", nonnegative=True), Symbol("f", positive=True)
    general = FlippedLabels(LinearRegression(2, 10, signal=B), f)
    assert general.free_symbols == {B, f}
    late = expected_risk(general, Replace()).subs({B: 1, f: Rational(1, 4)})
    assert late.at(2) == Rational(191, 196)
    assert expected_risk(general.subs(B=1, f="1/4"), Replace()).limit == Rational(21, 13)
    tau, m = Symbol("tau", positive=True), Symbol("m", real=True)
    leaning = expected_risk(BiasedSampler(LinearRegression(), tau, m), Replace())
    numbers = expected_risk(BiasedSampler(LinearRegression(2, 10), "1/2", 3), Replace())
    assert leaning.subs(d=2, T=10, tau="1/2", m=3).at(3) == numbers.at(3)


def test_where_nothing_leans_it_is_least_squares_everywhere() -> None:
    """Also where leaning labels are not derived."""
    workflows = (Replace(), Accumulate(), SlidingWindow(2), FreshReal(), RealPlusLatest(), AccumulateSubsample())
    for plain in (LinearRegression(2, 8), LinearRegression(2, 8, design="shared")):
        for workflow in workflows:
            expected = expected_risk(plain, workflow)
            for faithful in (BiasedSampler(plain, 1, 0), BiasedSampler.label_flips(plain, 0)):
                found = expected_risk(faithful, workflow)
                assert (found.at(3), found.domain) == (expected.at(3), expected.domain)
