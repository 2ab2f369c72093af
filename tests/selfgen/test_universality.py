"""The picture of universality, and the study of real data."""

import json
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from numerics.estimation import LogisticRegression
from selfgen import real_study
from selfgen.universality import draw_universality, universality, workflow_label
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
        draw_universality("Logistic regression", approaches, path)
        assert path.stat().st_size > 10_000
    with pytest.raises(DomainError, match="its name must end in"):
        draw_universality("", approaches, tmp_path / "figure.txt")


def test_sizes_with_failures_are_kept_out_of_the_fit(tmp_path):
    sizes = (20, 160, 320, 640)
    found = universality(lambda n: LogisticRegression(ROWS, [0.2, 1.0], n), [Replace()], sizes, 6, 500)
    assert found[0].whole.tolist() == [False, True, True, True]
    draw_universality("", found, tmp_path / "figure.png")
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
