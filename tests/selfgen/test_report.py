"""Tables fit the terminal they are printed on, and files tell every case from every other."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from sympy import oo

from selfgen import report
from selfgen.case_result import CaseResult
from selfgen.figures import _free_corner, draw_case, file_name
from selfgen.study import Study, load
from selfgen.verification import _ratio_bound, verify
from theory import Replace, expected_risk
from theory.models.categorical import Categorical
from theory.models.gaussian_fit import GaussianFit
from theory.models.kernel_density import KernelDensity
from theory.models.kernels.mixtures import MixtureTruth

ONE = """
[defaults]
generations = 4
replicates = 2000
[[case]]
model = "bernoulli"
workflow = "accumulate"
parameters = {p = "1/3", n = 50}
"""

GRID = """
title = "A grid"
[defaults]
generations = 4
replicates = 2000
[[case]]
model = "linear-regression"
workflow = ["replace", "accumulate"]
parameters = { design = "fresh" }
grid = { d = [1, 10], T = [40, 100, 1000] }
[[case]]
model = "exponential"
workflow = "replace"
parameters = { mean = 2, n = 60 }
loss = ["squared", "kl"]
"""


def _verified(folder: Path, text: str) -> tuple[Study, list[CaseResult]]:
    path = folder / "study.toml"
    path.write_text(text, encoding="utf-8")
    study = load(path)
    return study, verify(study, jobs=1)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> list[CaseResult]:
    return _verified(tmp_path_factory.mktemp("one"), ONE)[1]


@pytest.fixture(scope="module")
def grid(tmp_path_factory: pytest.TempPathFactory) -> tuple[Study, list[CaseResult]]:
    return _verified(tmp_path_factory.mktemp("grid"), GRID)


def _printed(title: str, results: list[CaseResult], width: int) -> str:
    stream = io.StringIO()
    Console(file=stream, width=width).print(report.table(title, results, width))
    return stream.getvalue()


@pytest.mark.parametrize("width", [30, 40, 80, 100, 139, 140, 200])
def test_every_cell_is_whole_at_any_width(results: list[CaseResult], width: int) -> None:
    text = _printed("One case", results, width)
    assert max(len(line) for line in text.splitlines()) <= width
    assert "…" not in text
    for cell in ("bernoulli", "accumulate", "p = 1/3", "agrees", "1.6288"):
        assert cell in text


@pytest.mark.parametrize("width", [80, 100, 160])
def test_a_grid_has_one_line_a_case_under_shared_headings(grid: tuple[Study, list[CaseResult]], width: int) -> None:
    study, results = grid
    text = _printed(study.title, results, width)
    lines = [line.rstrip() for line in text.splitlines()]
    assert max(map(len, lines)) <= width
    assert "…" not in text
    rows = [line for line in lines if line.endswith(("agrees", "disagrees", "inconclusive"))]
    assert len(rows) == len(results) == 14
    assert lines.index("linear-regression, replace, loss squared  design = fresh") + 1 == lines.index("G*d/(T - d - 1)")
    # Numbers of one name end under one another.
    of_grid = [line for line in rows if "T = " in line]
    assert len(of_grid) == 12
    assert len({line.index(", T =") for line in of_grid}) == 1
    assert "d =  1, T =   40" in of_grid[0]
    assert "d = 10, T = 1000" in of_grid[5]
    if width >= report.MEDIUM:
        # Replace: G d/(T − d − 1), at generation 4.
        assert f"{4 * 10 / (40 - 10 - 1):.4g}" in of_grid[3]


def test_a_narrow_terminal_gets_each_case_as_a_list(grid: tuple[Study, list[CaseResult]]) -> None:
    study, results = grid
    text = _printed(study.title, results, 40)
    assert max(map(len, text.splitlines())) <= 40
    assert "…" not in text
    assert "linear-regression, replace, loss squared" in text
    assert sum(text.count(f"  verdict: {word}") for word in ("agrees", "FAILS")) == len(results)


def test_a_column_says_up_to_which_generation_a_case_is_judged(grid: tuple[Study, list[CaseResult]]) -> None:
    study, results = grid
    assert "judged" not in _printed(study.title, results, 100)
    text = _printed(study.title, [*results[:-1], replace(results[-1], checked=3)], 100)
    assert "judged" in text
    judged = [found[1] for line in text.splitlines() if (found := re.match(r".*= +\S+ +\S+ +(\d+) .*agrees", line))]
    assert judged == ["4"] * 13 + ["3"]


def test_many_cases_have_one_line_each_without_a_grid(results: list[CaseResult]) -> None:
    many = results * (report.MANY + 1)
    lines = _printed("", many, 100).splitlines()
    assert sum("agrees" in line for line in lines) == len(many)
    assert len(lines) < len(many) + 10


def test_a_column_says_which_loss_where_there_are_several(results: list[CaseResult]) -> None:
    both = [*results, replace(results[0], loss="kl")]
    for width in (80, 160):
        assert "kl" in _printed("", both, width)
        assert "squared" in _printed("", both, width)
    assert "squared" not in _printed("", results, 160)


def test_values_that_are_text_negative_or_infinite(results: list[CaseResult]) -> None:
    falling = replace(
        results[0],
        loss="log-determinant",
        grid=("probabilities",),
        parameters={"probabilities": "zipf(1000, 3/2) [bold]", "n": "50"},
        formula=(-0.5, -1.0, -1.5, -2.0),
        ratio_limit="oo",
        ratio_limit_value=None,
        ratio_bound="-oo",
        ratio_bound_value=None,
    )
    text = _printed("", [falling], 107)
    for cell in ("zipf(1000, 3/2)", "[bold]", "loss log-determinant", "-2", "∞", "−∞"):
        assert cell in text


def test_the_csv_tells_cases_apart(grid: tuple[Study, list[CaseResult]]) -> None:
    _, results = grid
    rows = list(csv.DictReader(io.StringIO(report.as_csv(results))))
    assert len(rows) == 14 * 4
    names = ("model", "workflow", "loss", "parameter_d", "parameter_T", "generation")
    assert len({tuple(row[name] for name in names) for row in rows}) == len(rows)
    row = next(row for row in rows if row["model"] == "exponential")
    # A parameter of the same name as the simulated mean.
    assert (row["parameter_mean"], row["parameter_d"], row["replicates"]) == ("2", "", "2000")
    assert float(row["mean"]) == results[12].mean[0]


def test_the_json_is_strict_where_numbers_are_not_finite(grid: tuple[Study, list[CaseResult]]) -> None:
    study, results = grid
    odd = replace(results[0], detectable=math.inf, worst_z=math.nan, formula=(-1.0, -math.inf, 0.0, 1.0))
    found = json.loads(report.as_json(study, [odd]))["cases"][0]
    assert (found["detectable"], found["worst_z"]) == (None, None)
    assert found["formula"] == [-1.0, None, 0.0, 1.0]
    assert found["grid"] == ["d", "T"]


def test_cases_of_one_theorem_share_its_line(grid: tuple[Study, list[CaseResult]]) -> None:
    study, results = grid
    text = report.as_latex(study, results)
    assert text.count(r"\paragraph") == len({(result.name, result.theorem) for result in results}) == 4
    assert r"d $\in$ \{1, 10\}, T $\in$ \{40, 100, 1000\}" in text
    assert text.count(results[0].theorem) == 1


def test_names_carry_the_loss_that_is_not_the_squared_error(grid: tuple[Study, list[CaseResult]]) -> None:
    _, results = grid
    assert file_name(12, results[12]) == "013-exponential-replace"
    assert file_name(13, results[13]) == "014-exponential-replace-kl"


def test_a_truth_is_not_left_out_of_the_theorem() -> None:
    truth = MixtureTruth(weights=("1/2", "1/2"), means=(-1, 1), variances=(1, 1))
    general = KernelDensity(bandwidth="1/2", n=10, truth=truth).with_symbols()
    assert general is not None
    assert general.truth == truth
    assert {str(symbol) for symbol in general.free_symbols} == {"h", "n"}
    rule = KernelDensity(bandwidth="scott", n=10).with_symbols()
    assert rule is not None
    assert (rule.bandwidth, str(rule.n)) == ("scott", "n")


def test_the_bound_of_a_ratio_of_negative_risks() -> None:
    # log det falls by the same at every generation: the ratio is G, whatever the sign.
    falling = expected_risk(GaussianFit(d=2, n=10), Replace(), loss="log-determinant")
    assert falling.baseline.evalf() < 0
    assert _ratio_bound(falling) == oo
    # Diversity falls from its value at generation 1 to zero: the ratio is 1 at most.
    diversity = expected_risk(Categorical(probabilities=("1/2", "1/3", "1/6"), n=10), Replace(), loss="diversity")
    assert _ratio_bound(diversity) == 1


@pytest.mark.parametrize(
    ("curve", "corner"),
    [
        (np.linspace(0.1, 1, 20), "upper left"),
        (np.linspace(1, 0.1, 20), "upper right"),
        (np.full(20, 1.0), "lower right"),
        (np.concatenate([np.linspace(0, 1, 10), np.linspace(1, 0.9, 10)]), "lower right"),
    ],
)
def test_the_legend_stands_where_curves_leave_room(curve: np.ndarray, corner: str) -> None:
    assert _free_corner(np.stack([curve, curve]), 0.0, 1.0, logarithmic=False) == corner


@pytest.mark.parametrize("formula", [(-0.5, -1.0, -1.5, -2.0), (3.0, 2.0, 1.0, 0.5), (-1.0, 0.0, 1.0, 2.0)])
def test_risks_of_any_sign_are_drawn(results: list[CaseResult], tmp_path: Path, formula: tuple[float, ...]) -> None:
    odd = replace(results[0], formula=formula, mean=formula, stderr=(0.1,) * 4, bound=max(formula))
    draw_case(odd, tmp_path / "odd")
    assert {path.name for path in tmp_path.iterdir()} == {"odd.png", "odd.pdf"}
