"""The picture of universality, and the study of real data."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from scipy.optimize import curve_fit
from typer.testing import CliRunner

from numerics.estimation import LogisticRegression, fit_correction
from numerics.estimation.rate import fit_rate
from selfgen import real_study
from selfgen.cli import app
from selfgen.regressions import TRUTHS, regressions
from selfgen.universality import _measured, draw_universality, table, universality, workflow_label
from theory import Accumulate, DomainError, Replace, SlidingWindow

ROWS = np.column_stack([np.ones(20), np.linspace(-1.5, 1.5, 20)])
STUDY = """
kind = "real-data"
title = "Two sets"
output = "there"

[defaults]
generations = 3
replicates = 150
copies = [2, 4, 8]

[[case]]
data = ["wine", "digits"]
workflow = ["replace", "accumulate"]

[[case]]
data = "diabetes"
workflow = "sliding-window:k=2"
design = "fresh"
"""


@pytest.fixture(scope="module")
def approaches():
    workflows = [Replace(), Accumulate()]
    return universality(lambda n: LogisticRegression(ROWS, [0.2, 1.0], n), workflows, (160, 320, 640, 1280), 5, 3000)


def test_the_correction_vanishes_like_one_over_n(approaches):
    """The slope of log |ratio − prediction| on log n is −1 within its error, for replace where it is best seen."""
    replace = approaches[0]
    difference = replace.ratio - replace.prediction
    assert (difference > 3 * replace.stderr).all()
    relative = replace.stderr / difference
    slope, covariance = np.polyfit(np.log(replace.sizes), np.log(difference), 1, w=1 / relative, cov="unscaled")
    # The 1/n² term steepens it somewhat at these n.
    assert -1.35 < slope[0] < -0.8
    assert np.sqrt(covariance[0, 0]) < 0.12
    for approach in approaches:
        assert abs(approach.correction.remainder) < 4 * approach.correction.remainder_stderr
        assert approach.failures == 0


def test_the_figure_is_written(approaches, tmp_path):
    for suffix in ("png", "svg"):
        path = tmp_path / f"figure.{suffix}"
        draw_universality({"logistic": approaches, "again": approaches}, path)
        assert path.stat().st_size > 10_000
    with pytest.raises(DomainError, match="its name must end in"):
        draw_universality({"": approaches}, tmp_path / "figure.txt")


N = np.array([100.0, 200, 400, 800, 1600])


def test_a_rate_is_that_of_an_independent_fit():
    """Against scipy's nonlinear least squares, coefficients and all; and its standard error."""
    rng = np.random.default_rng(3)
    for terms, truth in ((1, (5.0, 1.1)), (2, (5.0, 0.9, 120.0))):
        errors = 0.02 * truth[0] / N

        def law(n, c, a, *more):
            return n**-a * (c + sum(b / n**k for k, b in enumerate(more, start=1)))

        values = law(N, *truth) + errors * rng.standard_normal(len(N))
        found = fit_rate(N, values, errors, terms)
        best, covariance = curve_fit(law, N, values, truth, errors, absolute_sigma=True, ftol=1e-14, xtol=1e-14)
        assert found.exponent == pytest.approx(best[1], abs=1e-4)
        # Curvature of χ² against the linearised fit: the same up to the noise of five points.
        assert found.stderr == pytest.approx(np.sqrt(covariance[1, 1]), rel=0.1)


def test_the_p_value_of_a_rate_is_uniform_where_it_is_one():
    """400 data sets of rate 1/n; and of rate n^-1.2, of which the test finds most."""
    rng = np.random.default_rng(4)
    errors = 0.1 * 5 / N
    found = {}
    for exponent in (1.0, 1.2):
        noise = errors * rng.standard_normal((400, len(N)))
        scale = 5 * N[2] ** (exponent - 1)
        found[exponent] = np.array([fit_rate(N, scale * N**-exponent + row, errors).p_value for row in noise])
    for level in (0.05, 0.3, 0.7):
        # Standard error 0.025 at most.
        assert abs((found[1.0] < level).mean() - level) < 4 * np.sqrt(level * (1 - level) / 400)
    assert (found[1.2] < 0.05).mean() > 0.9


def test_rates_refuse_what_they_cannot_fit():
    with pytest.raises(DomainError, match="2 different n are too few for 1 terms: give 3"):
        fit_rate([100, 200], [1, 2], [1, 1])
    with pytest.raises(DomainError, match="must be positive"):
        fit_rate([100, 200, 400], [1, 2, 3], [1, 0, 1])
    with pytest.raises(DomainError, match="same length"):
        fit_rate([100, 200, 400], [1, 2], [1, 1])


def test_the_verdict(approaches):
    """Right as measured; wrong where prediction or rate are, by as much as is detectable."""
    for approach in approaches:
        assert approach.passed
        assert approach.detectable < 0.1
        for sign in (1, -1):
            wrong = (1 + sign * 1.5 * approach.detectable) * approach.prediction
            difference = approach.ratio - wrong
            correction = fit_correction(approach.sizes, difference, approach.stderr)
            assert not replace(approach, prediction=wrong, correction=correction).passed
    found = approaches[0]
    assert found.visible
    assert abs(found.rate.exponent - 1) < 4 * found.rate.stderr
    # A difference that falls like the root of n is found out.
    slow = found.prediction + 60 / np.sqrt(found.sizes)
    correction = fit_correction(found.sizes, slow - found.prediction, found.stderr)
    assert not replace(found, ratio=slow, correction=correction).passed
    # Also by its rate alone.
    assert replace(found, correction=replace(found.correction, remainder=0.0)).passed
    assert not replace(found, ratio=slow, correction=replace(correction, remainder=0.0)).passed


def test_no_rate_is_told_of_a_correction_lost_in_noise(approaches):
    flat = approaches[0].prediction + 0 * approaches[0].ratio
    correction = fit_correction(approaches[0].sizes, flat - approaches[0].prediction, approaches[0].stderr)
    lost = replace(approaches[0], ratio=flat, correction=correction)
    assert lost.rate is None
    assert lost.passed
    console = Console(width=160, record=True)
    console.print(table({"logistic": [lost]}))
    assert "not visible" in console.export_text()


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [(8.3831, 0.0332, "8.383(33)"), (709.2, 18.0, "709(18)"), (-0.0021, 0.002, "-0.0021(20)"), (2.5, np.inf, "2.5")],
)
def test_errors_in_brackets(value, error, text):
    assert _measured(value, error) == text


@pytest.mark.parametrize("name", list(TRUTHS))
@pytest.mark.parametrize("design", ["shared", "fresh"])
def test_the_regressions_fit_at_a_few_hundred_labels(name, design):
    model = regressions(name, design)[name](400)
    (found,) = universality(regressions(name, design)[name], [Accumulate()], (300, 400, 500), 3, 200)
    assert found.failures == 0
    assert model.covariates.shape == (25, 3)


def test_the_command(tmp_path):
    command = "universality logistic replace accumulate --n 100,200,400,800 --generations 4 --replicates 600"
    path = tmp_path / "figure.png"
    result = CliRunner().invoke(app, [*command.split(), "--jobs", "1", "--figure", str(path)])
    assert result.exit_code == 0, result.output
    assert "2 of 2 agree. In every case a universal ratio wrong by" in result.output
    assert path.read_bytes().startswith(b"\x89PNG")
    found = json.loads(CliRunner().invoke(app, [*command.split(), "--json", "--jobs", "1"]).output)
    assert [case["workflow"] for case in found] == ["replace", "accumulate"]
    assert found[0]["prediction"] == pytest.approx([1, 2, 3, 4])
    again = json.loads(CliRunner().invoke(app, [*command.split(), "--json", "--jobs", "2"]).output)
    assert again == found
    other = json.loads(CliRunner().invoke(app, [*command.split(), "--json", "--seed", "1"]).output)
    assert other[0]["ratio"] != found[0]["ratio"]


def test_the_command_fails_where_the_prediction_is_wrong(monkeypatch):
    from numerics.estimation.chain import Refits

    right = Refits.ratio_prediction.fget
    monkeypatch.setattr(Refits, "ratio_prediction", property(lambda run: 1.1 * right(run)))
    command = "universality logistic replace --n 100,200,400,800 --generations 4 --replicates 2000 --jobs 1"
    result = CliRunner().invoke(app, command.split())
    assert result.exit_code == 1
    assert "disagrees" in result.output
    assert "0 of 1 agree" in result.output


WRONG = [
    ("probit", "model 'probit' is not known: use logistic, poisson, multinomial or all"),
    ("logistic replce", "did you mean replace?"),
    ("logistic sliding-window:k=0", "k = 0"),
    ("logistic sliding-window", "has the symbols k"),
    ("logistic accumulate:sizes=j/3", "sizes"),
    ("logistic replace:colour=3", "colour is not a parameter"),
    ("logistic --n 100,200", "--n 100,200 is not allowed: give three different whole numbers or more, none below 1"),
    ("logistic --n 0", "--n 0 is not allowed: give three different whole numbers or more, none below 1"),
    ("logistic --n 100,100,100", "--n 100,100,100 is not allowed: give three different whole numbers or more"),
    ("logistic --n 100,200,many", "--n 100,200,many is not allowed: give whole numbers with commas"),
    ("logistic --n 100,200,401", "n must be a multiple of 25"),
    ("logistic --n 0,200,400", "--n 0,200,400 is not allowed"),
    ("logistic --n -25,200,400", "--n -25,200,400 is not allowed"),
    ("logistic --jobs 1 --n", "requires an argument"),
    ("logistic replace --n 25,50,75 --generations 12", "are too small for replace"),
    ("logistic --generations 1", "--generations 1 is not allowed: give a whole number from 2"),
    ("logistic --generations 2.5", "--generations 2.5 is not allowed"),
    ("logistic --replicates 10", "--replicates 10 is not allowed: give a whole number, 100 or more"),
    ("logistic --replicates 1000000000", "is too many"),
    ("logistic --seed -1", "--seed -1 is not allowed"),
    ("logistic --design open", "open"),
    ("logistic --jobs 0", "--jobs 0 is not allowed"),
    ("logistic --figure picture.gif", "must end in .pdf, .png, .svg"),
    ("logistic --colour", "No such option"),
]


@pytest.mark.parametrize(("words", "told"), WRONG, ids=[words for words, _ in WRONG])
def test_wrong_arguments_of_the_command(words, told):
    result = CliRunner().invoke(app, ["universality", *words.split(), *([] if "jobs" in words else ["--jobs", "1"])])
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert told in result.stderr
    assert result.stderr.count("\n") == 1


def test_sizes_with_failures_are_kept_out_of_the_fit(tmp_path):
    sizes = (20, 160, 320, 640)
    found = universality(lambda n: LogisticRegression(ROWS, [0.2, 1.0], n), [Replace()], sizes, 6, 500)
    assert found[0].whole.tolist() == [False, True, True, True]
    draw_universality({"": found}, tmp_path / "figure.png")
    with pytest.raises(DomainError, match="too small"):
        universality(lambda n: LogisticRegression(ROWS, [0.2, 1.0], n), [Replace()], (20, 40, 60), 10, 500)


@pytest.mark.parametrize(("sizes", "generations"), [((20, 40), 5), ((20, 40, 60), 1)])
def test_bad_arguments_are_named(sizes, generations):
    with pytest.raises(DomainError, match="is not allowed"):
        universality(lambda n: LogisticRegression(ROWS, [0, 1], n), [Replace()], sizes, generations, 10)


def test_labels_name_what_differs():
    assert workflow_label(Accumulate()) == "accumulate"
    assert workflow_label(SlidingWindow(3)) == "sliding-window, k = 3"


def written(tmp_path, text=STUDY):
    path = tmp_path / "study.toml"
    path.write_text(text)
    return path


def test_a_study_of_real_data_from_file_to_files(tmp_path):
    study = real_study.load(written(tmp_path))
    assert [case.name for case in study.cases] == [
        "wine, replace", "wine, accumulate", "digits, replace", "digits, accumulate",
        "diabetes, sliding-window:k=2, fresh rows",
    ]  # fmt: skip
    assert len({case.seed for case in study.cases}) == 5
    begun, finished = [], []
    results = real_study.verify(
        study, figures=tmp_path, begin=begun.append, finish=lambda case, result: finished.append(result)
    )
    assert begun == list(study.cases)
    assert finished == results
    assert all(result.passed for result in results)
    real_study.write(tmp_path, study, results)
    found = json.loads((tmp_path / "results.json").read_text())
    assert found["cases"][0]["prediction"] == pytest.approx([1, 2, 3])
    assert len((tmp_path / "results.csv").read_text().splitlines()) == 1 + 5 * 3 * 3
    assert len(list(tmp_path.glob("*.png"))) == 5
    console = Console(width=150, record=True)
    console.print(real_study.table(study.title, results))
    assert console.export_text().count("agrees") == 5
    worst = max(result.detectable for result in results)
    share = float(real_study.power(results).partition(" %")[0].rpartition(" ")[2]) / 100
    assert worst <= share < worst + 0.001
    assert real_study.columns(results)[0].startswith("wine: malic acid and ash: ")
    blind = [replace(results[0], detectable=np.inf), *results[1:]]
    assert real_study.power(blind).startswith("Some case has no power")


def test_kinds_are_told_apart(tmp_path):
    assert real_study.is_real(written(tmp_path))
    assert real_study.is_real("real-data")
    assert not real_study.is_real("builtin")
    assert not real_study.is_real(None)
    assert not real_study.is_real("nowhere.toml")
    assert not real_study.is_real(written(tmp_path, "kind = ["))


def test_the_shipped_study_loads():
    study = real_study.load(Path("studies/real_data.toml") if Path("studies/real_data.toml").exists() else "real-data")
    assert {case.data for case in study.cases} == {"diabetes", "breast-cancer", "digits", "wine"}
    workflows = {case.workflow for case in study.cases}
    assert workflows == {"replace", "accumulate", "accumulate-subsample"}


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('"wine"', '"iris"', "iris"),
        ('"replace"', '"replce"', "did you mean replace"),
        ("copies = [2, 4, 8]", "copies = [2, 4]", "defaults.copies"),
        ("replicates = 150", "replicates = 2", "defaults.replicates = 2"),
        ('design = "fresh"', 'design = "open"', "design"),
        ('title = "Two sets"', 'titel = "Two sets"', "unknown key titel"),
        ('output = "there"', 'output = "../there"', "output"),
        ('data = "diabetes"', "", "data is missing"),
    ],
)
def test_bad_studies_are_named(tmp_path, old, new, told):
    with pytest.raises(DomainError, match=told):
        real_study.load(written(tmp_path, STUDY.replace(old, new)))
