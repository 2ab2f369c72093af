"""The plane of real and synthetic data: simulated, drawn, and on the command line."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from command_line import assert_refused
from sympy import Rational, S
from typer.testing import CliRunner

from selfgen.cli import app
from selfgen.value_plane import _Plane, check_points, draw_plane, guide_points
from theory import Bernoulli, DomainError, Exponential, Gamma, GaussianFit, GaussianMean, Poisson, Regular
from theory.design.value import ValueOfSynthetic, value_of_synthetic
from theory.models.base import Model

run = CliRunner()


# the check

CASES = [
    (GaussianMean("1/2"), 30, 80, 20, False),
    (GaussianMean("1/2"), 30, 80, 20, True),
    (Bernoulli("1/3"), 12, 40, 30, False),
    (Bernoulli("1/3"), 30, 40, 5, True),
    (Exponential(2), 20, 60, 8, False),
    (Exponential(2), 20, 60, 20, True),
    (Poisson("5/2"), 6, 50, 10, False),
    (Regular(4), 30, 30, 10, False),
]
GRID = [(20, 5), (20, 60), (60, 20), (25, 100)]


@pytest.mark.parametrize(("model", "N", "S_", "M", "overlap"), CASES)
def test_the_plane_is_that_of_the_simulation(model: Model, N: int, S_: int, M: int, overlap: bool) -> None:
    value = value_of_synthetic(model, N, S_, M, overlap=overlap)
    checks = check_points(value, GRID, replicates=200_000, seed=11)
    assert all(check.passed for check in checks), [check.reason for check in checks]
    # What the run could have seen: an error of a few per cent at any single point.
    assert max(check.detectable for check in checks) < 0.035
    z = np.array([check.z for check in checks])
    # Four independent z-scores: their sum of squares is χ² with 4 degrees of freedom, below 23.5 but for 1 in 10⁴.
    assert float(z @ z) < 23.5


def test_an_error_of_one_per_cent_is_seen() -> None:
    value = value_of_synthetic(GaussianMean(1), 20, 60, 10, overlap=False)
    check = check_points(value, [(20, 60)], replicates=1_000_000, seed=2)[0]
    assert check.passed
    assert check.detectable < 0.01
    # The same run against a formula 1 % off.
    off = (check.mean - 1.01 * check.formula) / check.stderr
    assert abs(off) > 3.5


@pytest.mark.parametrize("factor", [Rational(24, 25), Rational(26, 25)])
def test_a_wrong_formula_fails(factor: Rational, monkeypatch: pytest.MonkeyPatch) -> None:
    value = value_of_synthetic(GaussianMean(1), 20, 60, 10, overlap=False)

    def wrong(general: ValueOfSynthetic) -> ValueOfSynthetic:
        right = value_of_synthetic(general.model, fitted_on=general.fitted_on, overlap=general.overlap)
        return replace(right, surface=factor * right.surface)

    monkeypatch.setattr("selfgen.value_plane._general", wrong)
    checks = check_points(value, GRID, replicates=200_000, seed=11)
    assert not any(check.passed for check in checks)
    assert "the formula" in str(checks[0].reason)


def test_a_simulation_that_cannot_judge_does_not_pass() -> None:
    # One exponential: fourth moments so heavy that few replicates say nothing.
    value = value_of_synthetic(Gamma("1/50", 1), 2, 2, 1, overlap=False)
    check = check_points(value, [(2, 2)], replicates=100, seed=1)[0]
    assert not check.passed
    assert np.isinf(check.detectable)


def test_guide_points_keep_cardinality_and_proportion() -> None:
    disjoint = guide_points(value_of_synthetic(Poisson(1), 20, 30, 50, overlap=False))[1]
    assert min(disjoint) == (4, 6)
    for N, S_, M, overlap in ((20, 30, 20, True), (7, 100, 50, False), (13, 1, 13, True), (1, 1, 1, False)):
        cardinality, proportion = guide_points(value_of_synthetic(Poisson(1), N, S_, M, overlap=overlap))
        assert {real for real, _ in cardinality} == {N}
        assert {Rational(synthetic, real) for real, synthetic in proportion} == {Rational(S_, N)}
        assert all(synthetic >= 1 and real >= (M if overlap else 1) for real, synthetic in cardinality + proportion)
        assert (N, S_) in cardinality


# the picture


def test_curves_of_the_picture() -> None:
    # Poisson: break-even n_r = n_s n_0/(n_s − n_0), best n_s = n_r n_0/(2 n_r − n_0), the latter where ∂R/∂n_s = 0.
    plane = _Plane.of(value_of_synthetic(Poisson(), 40, 70, 30, overlap=False))
    break_even, optimum = plane.break_even(), plane.optimum()
    assert break_even is not None
    assert optimum is not None
    real, synthetic = break_even
    assert len(real) > 1000
    np.testing.assert_allclose(plane.pooled(real, synthetic), plane.alone(real, synthetic), rtol=1e-12)
    np.testing.assert_allclose(real, synthetic * 30 / (synthetic - 30), rtol=1e-12)
    real, synthetic = optimum
    best = plane.pooled(real, synthetic)
    assert (best <= plane.pooled(real, 1.01 * synthetic)).all()
    assert (best <= plane.pooled(real, 0.99 * synthetic)).all()
    # In units of the generator's risk: n_0 real samples alone make 1.
    assert plane.alone(np.array(30.0), np.array(1.0)) == pytest.approx(1)


def test_curves_without_a_formula() -> None:
    # The covariance of a Gaussian fit: the curves are found on the plane, and agree with the decisions for numbers.
    value = value_of_synthetic(GaussianFit(2), 20, 30, 15, overlap=False, loss="covariance")
    plane = _Plane.of(value)
    assert plane._threshold(30.0) == pytest.approx(float(value.threshold), rel=1e-9)
    assert plane._best(20.0) == pytest.approx(float(value.optimal_synthetic), rel=1e-4)
    assert plane._best(2.0) == 0
    assert plane._threshold(1e-3) == 0


def test_nothing_to_break_even_with_overlap() -> None:
    plane = _Plane.of(value_of_synthetic(Poisson(), 40, 70, 30, overlap=True))
    assert plane.break_even() is None
    assert plane.optimum() is None
    assert plane.reals[0] == 30
    real, synthetic = np.meshgrid(plane.reals, plane.synthetics)
    assert (plane.pooled(real, synthetic) >= plane.alone(real, synthetic)).all()


@pytest.mark.parametrize("suffix", ["png", "pdf", "svg"])
def test_draws(tmp_path: Path, suffix: str) -> None:
    value = value_of_synthetic(Poisson(), 40, 70, 30, overlap=suffix == "svg")
    path = tmp_path / f"plane.{suffix}"
    draw_plane(value, path)
    assert path.stat().st_size > 10_000
    if suffix == "svg":
        # The same results give the same file.
        first = path.read_bytes()
        draw_plane(value, path)
        assert path.read_bytes() == first


def test_what_cannot_be_drawn(tmp_path: Path) -> None:
    path = tmp_path / "plane.png"
    for value, sentence in (
        (value_of_synthetic(Poisson(), 40, 70), "fitted_on = n_0 is a symbol"),
        (value_of_synthetic(Gamma(), 40, 70, 30), "the risk depends on alpha"),
        (value_of_synthetic(Bernoulli(1), 40, 70, 30), "no noise"),
    ):
        with pytest.raises(DomainError, match=sentence):
            draw_plane(value, path)
    assert not path.exists()


# on the command line


def test_prints_the_answers() -> None:
    command = "value poisson --set rate=2 --real 30 --synthetic 100 --fitted-on 50 --disjoint"
    result = run.invoke(app, command.split())
    assert result.exit_code == 0, result.output
    lines = {line[:21].strip(): line[21:] for line in result.output.splitlines()}
    assert lines["risk, pooled"].startswith("33/845 ≈ 0.0390532")
    assert lines["real data alone"].startswith("1/15")
    assert lines["gain"].startswith("14/507")
    assert lines["synthetic data help"] == "yes"
    assert lines["optimal number"] == "150"
    assert lines["optimal weight"].startswith("10/19")
    assert lines["they help below n_r"] == "100"
    assert lines["exactness"] == "exact"


def test_prints_json_keys() -> None:
    command = "value bernoulli --set p=1/3 --real 30 --synthetic 100 --fitted-on 20 --json"
    found = json.loads(run.invoke(app, command.split()).output)
    assert list(found) == [
        "model", "loss", "overlap", "real", "synthetic", "fitted_on", "risk", "without", "gain", "helps",
        "optimal_synthetic", "optimal_weight", "best_risk", "threshold", "exactness", "latex",
    ]  # fmt: skip
    value = value_of_synthetic(Bernoulli("1/3"), 30, 100, 20)
    assert (found["risk"], found["without"], found["helps"]) == (str(value.risk), str(value.without), False)
    assert (found["optimal_synthetic"], found["threshold"]) == ("0", "0")


def test_prints_symbols_and_latex() -> None:
    result = run.invoke(app, ["value", "gaussian-mean", "--disjoint", "--latex"])
    assert result.exit_code == 0, result.output
    assert result.output.strip() == value_of_synthetic(GaussianMean(), overlap=False).latex()
    assert "where n_0 > " in run.invoke(app, ["value", "poisson", "--disjoint"]).output
    fractional = run.invoke(app, "value poisson --disjoint --real 7 --fitted-on 5".split())
    assert "35/9 ≈ 3.888888889, 4 in whole samples" in fractional.output


def test_checks_and_draws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "plane.png"
    command = "value exponential --set mean=1 --real 20 --synthetic 40 --fitted-on 10 --disjoint --check --plot"
    result = run.invoke(app, [*command.split(), str(path)])
    assert result.exit_code == 0, result.output
    assert "simulated pairs of n_r and n_s agree" in result.output
    assert "is caught with probability 0.99" in result.output
    assert path.stat().st_size > 10_000

    right = value_of_synthetic

    def wrong(*args: object, **kwargs: object) -> ValueOfSynthetic:
        value = right(*args, **kwargs)  # type: ignore[arg-type]
        return replace(value, surface=value.surface * (S.One + Rational(1, 10)))

    monkeypatch.setattr("selfgen.value_plane.value_of_synthetic", wrong)
    failed = run.invoke(app, command.split()[:-1])
    assert failed.exit_code == 1, failed.output
    assert "and the formula" in failed.output
    assert "0 of " in failed.output


ERRORS = [
    ("value bernouli", "did you mean bernoulli?"),
    ("value bernoulli --set q=1", "q is not a parameter of bernoulli"),
    ("value bernoulli --set n=5", "--fitted-on says how many samples"),
    ("value bernoulli --set p=2", "p = 2 is not allowed"),
    ("value bernoulli --real 10 --fitted-on 20", "fitted_on = 20 is more than real = 10"),
    ("value bernoulli --real 0", "real = 0 is not allowed"),
    ("value bernoulli --synthetic 1.5", "synthetic = 1.5 is not allowed"),
    ("value bernoulli --fitted-on=-3", "fitted_on = -3 is not allowed"),
    ("value bernoulli --real __import__('os')", "is not permitted"),
    ("value bernoulli --loss huge", "loss = 'huge'"),
    ("value bernoulli --json --latex", "exclude each other"),
    ("value linear-regression", "model = linear-regression has no n"),
    ("value poisson --plot plane.png", "fitted_on = n_0 is a symbol"),
    ("value poisson --fitted-on 9 --plot plane.gif", "must end in .pdf, .png, .svg"),
    ("value poisson --fitted-on 9 --plot no/such/folder/plane.png", "cannot be written"),
    ("value poisson --fitted-on 9 --check", "lambda"),
    ("value bernoulli --set p=1/3 --check", "fitted_on = n_0 is a symbol"),
    ("value", "Missing argument"),
    ("value bernoulli --seed -1", "--seed -1 is not allowed"),
]


@pytest.mark.parametrize(("command", "sentence"), ERRORS)
def test_bad_input_is_one_sentence_and_exit_code_2(command: str, sentence: str) -> None:
    assert_refused(command, sentence)
