"""Overviews of grids: every case in its panel and colour, drawn as it was computed."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from selfgen import overview
from selfgen.case_result import CaseResult
from selfgen.study import load
from selfgen.verification import verify

STUDY = """
[defaults]
generations = 3
replicates = 300
[[case]]
model = "gaussian-mean"
workflow = ["replace", "accumulate"]
grid = { sigma2 = [1, 4], n = [10, 100, 1000] }
[[case]]
model = "gaussian-mean"
workflow = "accumulate-subsample"
grid = { sigma2 = [1, 4], n = [10] }
[[case]]
model = "poisson"
workflow = "replace"
parameters = { n = 10 }
grid = { rate = [1, 2] }
[[case]]
model = "poisson"
workflow = "accumulate"
parameters = { rate = 1, n = 10 }
"""


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> list[CaseResult]:
    path = tmp_path_factory.mktemp("study") / "study.toml"
    path.write_text(STUDY, encoding="utf-8")
    return verify(load(path), jobs=1)


def test_tables_of_one_model_and_loss_make_one_grid(results: list[CaseResult]) -> None:
    first, second = overview.grids(results)
    assert (first.name, len(first.results), first.rows, first.colour, first.column) == (
        "gaussian-mean-squared", 14, (), "sigma2", "n",
    )  # fmt: skip
    assert (second.name, len(second.results), second.colour, second.column) == ("poisson-squared", 2, "rate", None)
    assert second.common == {"n": "10"}


def test_a_third_parameter_makes_rows(results: list[CaseResult]) -> None:
    base = results[0]
    names = ("d", "h", "n")
    cases = [
        replace(base, workflow=workflow, grid=names, parameters=dict(zip(names, values, strict=True)))
        for workflow, *values in product(("replace", "accumulate"), "12", "34", "56")
    ]
    (grid,) = overview.grids(cases)
    assert (grid.rows, grid.colour, grid.column) == (("d",), "h", "n")
    assert grid.row(cases[0]) == ("replace", "1")
    assert len({grid.row(case) for case in cases}) == 4


def test_a_list_of_one_value_is_a_grid(results: list[CaseResult]) -> None:
    (grid,) = overview.grids([replace(results[0], grid=("n",))])
    assert (grid.colour, grid.column) == ("n", None)


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    figures: list[Figure] = []
    monkeypatch.setattr("selfgen.style.save", lambda figure, path: figures.append(figure))
    return figures


def test_every_case_is_in_its_panel(results: list[CaseResult], drawn: list[Figure], tmp_path: Path) -> None:
    grid = overview.grids(results)[0]
    overview.draw(grid, tmp_path / "grid")
    figure = drawn[0]
    panels = np.reshape(figure.axes, (3, 3))
    assert [axes.get_title() for axes in panels[0]] == ["$n$ = 10", "$n$ = 100", "$n$ = 1000"]
    assert [axes.get_ylabel() for axes in panels[:, 0]] == ["replace", "accumulate", "accumulate-subsample"]
    for result in grid.results:
        row = ["replace", "accumulate", "accumulate-subsample"].index(result.workflow)
        axes = panels[row, ["10", "100", "1000"].index(result.parameters["n"])]
        lines = [line for line in axes.lines if line.get_linestyle() == "-"]
        line = lines[["1", "4"].index(result.parameters["sigma2"])]
        np.testing.assert_allclose(line.get_ydata(), result.formula)
    assert not any(axes.lines for axes in panels[2, 1:])
    colours = {line.get_color() for axes in figure.axes for line in axes.lines if line.get_linestyle() == "-"}
    assert len(colours) == 2
    assert {axes.get_yscale() for axes in figure.axes} == {"log"}


def test_points_are_the_simulation(results: list[CaseResult], drawn: list[Figure], tmp_path: Path) -> None:
    overview.draw(overview.grids(results)[1], tmp_path / "grid")
    (axes,) = drawn[0].axes
    points = [line for line in axes.lines if line.get_marker() == "o"]
    np.testing.assert_allclose([line.get_ydata() for line in points], [result.mean for result in results[14:16]])
    np.testing.assert_allclose(points[0].get_xdata(), [1, 2, 3])


@pytest.mark.parametrize(
    ("formulas", "scale", "first"),
    [
        ([(1.0, 2.0, 3.0), (1.0, 1.5, 2.0)], "log", 1.0),
        ([(-1.0, -2.0, -3.0), (-1.0, -1.5, -2.0)], "log", 1.0),
        ([(-1.0, -2.0, -3.0), (1.0, 1.5, 2.0)], "linear", -1.0),
        ([(0.0, 2.0, 3.0), (1.0, 1.5, 2.0)], "linear", 0.0),
    ],
)
def test_the_axis_of_risks_of_any_sign(
    results: list[CaseResult],
    drawn: list[Figure],
    tmp_path: Path,
    formulas: list[tuple[float, ...]],
    scale: str,
    first: float,
) -> None:
    cases = [
        replace(result, formula=formula, mean=formula, loss="log-determinant")
        for result, formula in zip(results[14:16], formulas, strict=True)
    ]
    overview.draw(overview.grids(cases)[0], tmp_path / "grid")
    (axes,) = drawn[0].axes
    assert axes.get_yscale() == scale
    assert axes.lines[0].get_ydata()[0] == first
    label = drawn[0].get_supylabel().replace("\n", " ")
    assert label == ("−(expected risk (log-determinant))" if max(map(max, formulas)) < 0 else
                     "expected risk (log-determinant)")  # fmt: skip


def test_error_bars_that_reach_zero_do_not_set_the_axis(
    results: list[CaseResult], drawn: list[Figure], tmp_path: Path
) -> None:
    wide = [replace(result, stderr=(100.0,) * 3, checked=2) for result in results[14:16]]
    overview.draw(overview.grids(wide)[0], tmp_path / "grid")
    (axes,) = drawn[0].axes
    values = np.concatenate([(*result.formula, *result.mean) for result in wide])
    np.testing.assert_allclose(axes.get_ylim(), (values.min() / 1.5, values.max() * 1.5))
    # What is not judged is drawn, but faintly.
    points = [line for line in axes.lines if line.get_marker() == "o"]
    assert [(len(line.get_xdata()), line.get_alpha()) for line in points] == [(2, 1.0), (1, 0.35)] * 2
    assert "not judged" in [text.get_text() for text in drawn[0].legends[0].get_texts()]


def test_writes_pictures(results: list[CaseResult], tmp_path: Path) -> None:
    assert overview.write(tmp_path, results) == 2
    stems = ("overview-gaussian-mean-squared", "overview-poisson-squared")
    assert {path.name for path in tmp_path.iterdir()} == {f"{stem}.{end}" for stem in stems for end in ("png", "pdf")}
    assert overview.write(tmp_path, [result for result in results if not result.grid]) == 0


def test_of_thousands_of_cases_some_are_drawn(results: list[CaseResult], drawn: list[Figure], tmp_path: Path) -> None:
    """Evenly, the first and the last among them, and those that do not agree whatever they are."""
    base = replace(results[0], grid=("n",), passed=True)
    many = [
        replace(base, parameters={**base.parameters, "n": str(n)}, passed=n not in (333, 777)) for n in range(1, 2001)
    ]
    (grid,) = overview.grids(many)
    overview.draw(grid, tmp_path / "overview")
    shown = [int(result.parameters["n"]) for result in overview.thinned(grid).results]
    assert {1, 333, 777, 2000} <= set(shown)
    assert len(shown) == 12
    assert max(np.diff([n for n in shown if n not in (333, 777)])) < 2 * 2000 / 9
    (legend,) = drawn[0].legends
    assert legend.get_title().get_text().endswith(": 12 of 2,000 cases")
    # One that holds everything says nothing of it.
    assert overview.thinned(overview.grids(many[:12])[0]).results == tuple(many[:12])


def test_rows_and_columns_of_a_large_grid_are_thinned_too(results: list[CaseResult]) -> None:
    base = replace(results[0], grid=("n", "sigma2"))
    many = [
        replace(base, workflow=f"sliding-window:k={k}", parameters={"n": str(n), "sigma2": str(v)})
        for k in range(2, 22) for n in range(1, 15) for v in range(1, 12)
    ]  # fmt: skip
    (grid,) = overview.grids(many)
    kept = overview.thinned(grid).results
    assert len({each.workflow for each in kept}) == 16
    assert len({each.parameters["sigma2"] for each in kept}) == 8
    assert len({each.parameters["n"] for each in kept}) == 12
    assert len(kept) == 16 * 8 * 12
