"""Comparing: which collapse, the picture, and what is wrong with a comparison."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from selfgen.cli import app

run = CliRunner()


def test_compare_says_which_collapse() -> None:
    command = "compare bernoulli replace accumulate sliding-window:k=3 fresh-real --set n=50 --set p=1/3"
    result = run.invoke(app, command.split())
    assert result.exit_code == 0, result.output
    first, _, second = result.output.partition("dominates")
    assert "proved for every G" in second
    rows = {line.split("│")[1].strip(): line for line in first.splitlines() if line.startswith("│ ") and line[2] != " "}
    collapses = {"replace": "yes", "accumulate": "no", "sliding-window:k=3": "yes", "fresh-real": "no"}
    assert {name: line.split("│")[-2].strip() for name, line in rows.items()} == collapses


def test_compare_needs_no_numbers_where_parameters_cancel() -> None:
    command = "compare poisson replace accumulate accumulate-subsample sliding-window:k=3 --generation 100"
    result = run.invoke(app, command.split())
    assert result.exit_code == 0, result.output
    # H_100^(2)
    assert "1.63498" in result.output


COMPARE = [
    ("compare poisson replace", "workflows = replace leave nothing to compare: give two workflows or more"),
    ("compare poisson", "Missing argument"),
    ("compare", "Missing argument"),
    ("compare poison replace accumulate", "did you mean poisson?"),
    ("compare poisson replace acumulate", "did you mean accumulate?"),
    ("compare poisson replace accumulate --generation 0", "--generation 0 is not allowed"),
    ("compare poisson replace accumulate --generation -3", "--generation -3 is not allowed"),
    ("compare poisson replace accumulate --generation 2.5", "--generation 2.5 is not allowed"),
    ("compare poisson replace accumulate --generation", "requires an argument"),
    ("compare poisson replace accumulate --loss huge", "loss = 'huge'"),
    ("compare poisson replace accumulate --set rate=-1", "rate = -1 is not allowed"),
    ("compare poisson replace accumulate --set p=1/2", "p is not a parameter of poisson"),
    ("compare poisson replace accumulate --set rate", "write name=value"),
    ("compare poisson replace accumulate --set rate=1 --set rate=2", "rate a second time"),
    ("compare poisson replace accumulate --sizes G", "sizes = G contains theory.G"),
    ("compare poisson replace accumulate --sizes 0", "sizes"),
    ("compare poisson replace accumulate --sizes j --set sizes=j", "--sizes and by --set"),
    ("compare poisson replace sliding-window:k=0", "k = 0"),
    ("compare poisson replace sliding-window:size=3", "size is not a parameter of sliding-window"),
    ("compare poisson replace fresh-real:share=2", "share = 2"),
    ("compare poisson replace accumulate --plot ratios", "must end in .pdf, .png, .svg"),
    ("compare poisson replace accumulate --plot /dev/null/ratios.png", "cannot be written"),
    ("compare bernoulli replace accumulate --plot ratios.png", "depends on n"),
    ("compare poisson replace accumulate --colour", "No such option"),
    ("compare linear-regression replace accumulate-subsample --set d=50 --set T=20 --set signal=1", "no derived risk"),
    ("compare poisson replace --than-model nonsense", "model 'nonsense' is not known"),
    ("compare poisson:rate=1,n=2 replace --than-model poisson:rate=-1,n=2", "rate = -1 is not allowed"),
    ("compare poisson --than-model poisson", "Missing argument"),
    ("compare poisson replace --than-model gaussian-fit --loss trace", "loss = 'trace' is not a loss of Poisson"),
]


@pytest.mark.parametrize(("command", "sentence"), COMPARE, ids=[command for command, _ in COMPARE])
def test_compare_says_what_is_wrong(command: str, sentence: str) -> None:
    result = run.invoke(app, command.split())
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert sentence in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("suffix", ["png", "pdf", "svg"])
def test_compare_draws(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"ratios.{suffix}"
    result = run.invoke(app, ["compare", "poisson", "replace", "accumulate", "--plot", str(path)])
    assert result.exit_code == 0, result.output
    assert path.stat().st_size > 1000


def test_plotting_symbols_is_an_error(tmp_path: Path) -> None:
    result = run.invoke(app, ["compare", "bernoulli", "replace", "accumulate", "--plot", str(tmp_path / "ratios.png")])
    assert result.exit_code == 2
    assert "depends on n" in result.stderr
