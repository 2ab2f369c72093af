"""The picture of measured ratios over derived ones."""

# ruff: noqa: NPY002  a user's generator draws from NumPy's global generator

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.figure import Figure

from numerics.generations import run_generations
from selfgen import generation_figure
from selfgen.generation_figure import draw_generations
from theory import Accumulate, AccumulateSubsample, DomainError, GaussianMean, Replace, expected_risk


class Mean:
    def fit(self, X):
        self.mean = X.mean()

    def sample(self, n):
        return np.random.normal(self.mean, 1.0, n)


@pytest.fixture(scope="module")
def checks():
    real = np.random.default_rng(1).normal(size=1000)
    real = (real - real.mean()) / real.std(ddof=1)
    found = {}
    for workflow in (Replace(), AccumulateSubsample(), Accumulate()):
        run = run_generations(Mean(), real, workflow, 5, lambda model, test: model.mean**2, replicates=60, n=10)
        found[workflow.name] = run.compare(expected_risk(GaussianMean(1, 10), workflow), best=0.0)
    return found


def test_the_figure_shows_what_was_measured(checks, tmp_path, monkeypatch):
    figures: list[Figure] = []
    monkeypatch.setattr(generation_figure, "save", lambda figure, path: figures.append(figure))
    draw_generations("Means", checks, tmp_path / "figure.png")
    ratios, quotients = figures[0].axes
    lines = {line.get_label(): line.get_ydata() for line in ratios.get_lines()}
    for index, (name, check) in enumerate(checks.items()):
        assert lines[name] == pytest.approx(check.prediction)
        points, _, (bars,) = ratios.containers[index]
        assert points.get_ydata() == pytest.approx(check.ratio[1:])
        assert np.abs(points.get_xdata() - np.arange(2, 6)).max() < 0.2
        lengths = [np.ptp(segment[:, 1]) for segment in bars.get_segments()]
        assert lengths == pytest.approx(4 * check.stderr[1:])
        low, high = ratios.get_ylim()
        assert low < (check.ratio - 2 * check.stderr).min()
        assert high > (check.ratio + 2 * check.stderr).max()
        below = quotients.containers[index][0]
        assert below.get_ydata() == pytest.approx((check.ratio / check.prediction)[1:])
    assert [text.get_text() for text in ratios.get_legend().get_texts()] == [*checks, "derived", "measured ± 2 s.e."]


def test_ratios_that_differ_much_stand_on_a_logarithmic_axis(checks, tmp_path, monkeypatch):
    figures: list[Figure] = []
    monkeypatch.setattr(generation_figure, "save", lambda figure, path: figures.append(figure))
    grown = 3.0 ** np.arange(5)
    fast = replace(checks["replace"], ratio=1.02 * grown, stderr=0.05 * grown, prediction=grown)
    draw_generations("Means", {"fast": fast, "slow": checks["accumulate"]}, tmp_path / "figure.png")
    axes = figures[0].axes[0]
    assert axes.get_yscale() == "log"
    assert axes.get_yticks().tolist() == [1, 2, 5, 10, 20, 50]
    assert axes.get_ylim()[0] < checks["accumulate"].ratio.min()
    assert axes.get_ylim()[1] > 1.1 * grown[-1]


def test_files_are_written_and_the_same_again(checks, tmp_path):
    for suffix in ("png", "pdf", "svg"):
        draw_generations("Means", checks, tmp_path / f"one.{suffix}")
        draw_generations("Means", checks, tmp_path / f"two.{suffix}")
        assert (tmp_path / f"one.{suffix}").read_bytes() == (tmp_path / f"two.{suffix}").read_bytes()


def test_errors(checks, tmp_path):
    with pytest.raises(DomainError, match=r"must end in .pdf, .png, .svg"):
        draw_generations("Means", checks, tmp_path / "figure.txt")
    with pytest.raises(DomainError, match="is empty"):
        draw_generations("Means", {}, tmp_path / "figure.png")
    with pytest.raises(DomainError, match="cannot be written"):
        draw_generations("Means", checks, tmp_path / "nowhere" / "figure.png")
