"""``selfgen forecast``: files as people keep them, what it prints, and sentences for files that cannot be."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from numerics import run_generations
from numerics.forecast import forecast
from selfgen.cli import app
from selfgen.loss_table import read_losses
from theory import Accumulate, AccumulateSubsample, Replace

LOSSES = [1.8164, 1.9081, 1.9582, 1.9953, 2.0234, 2.0427]
DRAWN = ("--workflow", "accumulate-subsample")


def table(delimiter: str = ",", header: str = "generation{0}loss") -> str:
    rows = [header.format(delimiter), *(f"{g}{delimiter}{loss}" for g, loss in enumerate(LOSSES, start=1))]
    return "\n".join(rows) + "\n"


@pytest.fixture
def run(tmp_path):
    """Write a file, and forecast it."""

    def forecast_of(content: str | bytes, *arguments: str, name: str = "losses.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return CliRunner().invoke(app, ["forecast", str(path), *arguments])

    return forecast_of


@pytest.fixture(scope="module")
def expected():
    return forecast({AccumulateSubsample(): np.array([LOSSES])})


SPREADSHEETS = {
    "csv": table(),
    "semicolons": table(";"),
    "tabs": table("\t"),
    "spaces": table(" "),
    "spaces after commas": table(", "),
    "windows": table().replace("\n", "\r\n"),
    "byte order mark": "\ufeff" + table(),
    "utf-16": table().encode("utf-16"),
    "a title": "Losses of run 7, of May\n\n" + table(),
    "empty lines": table().replace("3,", "\n\n3,"),
    "empty cells": table().replace("\n", ",\n"),
    "quoted": table().replace("loss", '"loss"'),
    "another order": "x,loss,generation\n" + "".join(f"a,{x},{g}\n" for g, x in enumerate(LOSSES, start=1)),
    "rows in any order": "generation,loss\n" + "".join(f"{g},{LOSSES[g - 1]}\n" for g in (6, 2, 1, 4, 3, 5)),
}


@pytest.mark.parametrize("content", SPREADSHEETS.values(), ids=SPREADSHEETS)
def test_tables_as_people_keep_them(run, expected, content):
    result = run(content, *DRAWN, "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.output)["median"] == expected.median.tolist()


OBJECTS = [{"generation": g, "loss": loss} for g, loss in enumerate(LOSSES, start=1)]
LINES = "".join(json.dumps({**row, "replicate": 0}) + "\n" for row in OBJECTS)


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (json.dumps(OBJECTS), "losses.json"),
        (json.dumps(OBJECTS), "losses.txt"),
        (json.dumps({"generation": [*range(1, 7)], "loss": LOSSES, "note": "of May"}), "losses.json"),
        (LINES, "losses.jsonl"),
        (LINES[:-1], "losses.jsonl"),
        (LINES + '{"generation": 7, "lo', "losses.jsonl"),
    ],
    ids=["objects", "json by its content", "columns", "lines", "no last line end", "a line being written"],
)
def test_json_and_lines(run, expected, content, name):
    result = run(content, *DRAWN, "--json", name=name)
    assert result.exit_code == 0, result.output
    assert json.loads(result.output)["median"] == expected.median.tolist()


class Coin:
    """Fits a share of ones."""

    def fit(self, rows):
        self.share = (np.sum(rows) + 1.0) / (len(rows) + 2.0)
        return self

    def sample(self, n, random_state=None):
        return (np.random.default_rng(random_state).random(n) < self.share).astype(float)


def coin_loss(model, rows):
    return float(-np.mean(rows * np.log(model.share) + (1 - rows) * np.log(1 - model.share)))


def test_a_run_of_run_generations(tmp_path):
    data = (np.arange(60) % 3 == 0).astype(float)
    done = run_generations(Coin(), data, Replace(), 5, loss=coin_loss, replicates=3, seed=2, path=tmp_path / "run")
    for path in (tmp_path / "run", tmp_path / "run" / "losses.jsonl"):
        (read,) = read_losses(path)
        assert read.generations == [1, 2, 3, 4, 5]
        np.testing.assert_array_equal(read.losses, done.losses)
    result = CliRunner().invoke(app, ["forecast", str(tmp_path / "run"), "--workflow", "replace", "--to", "6"])
    assert result.exit_code in (0, 2)  # the noise of three coins may fall
    assert "Traceback" not in result.output


class TestColumns:
    def test_by_other_names(self, run, expected):
        result = run(table(header="round{0}nll"), *DRAWN, "--columns", "generation=round,loss=nll", "--json")
        assert json.loads(result.output)["median"] == expected.median.tolist()

    def test_seeds_under_any_of_their_names(self, run):
        for name in ("seed", "run", "replicate"):
            rows = [f"{g},{x + s / 100},{s}" for s in (0, 1) for g, x in enumerate(LOSSES, start=1)]
            result = run(f"generation,loss,{name}\n" + "\n".join(rows), *DRAWN, "--json")
            seeds = np.array([LOSSES, np.array(LOSSES) + 0.01])
            found = forecast({AccumulateSubsample(): seeds})
            np.testing.assert_allclose(json.loads(result.output)["median"], found.median, atol=1e-9)

    def test_standard_errors(self, run):
        rows = "".join(f"{g},{x},0.01\n" for g, x in enumerate(LOSSES, start=1))
        result = run("generation,loss,stderr\n" + rows, *DRAWN, "--json")
        found = forecast(LOSSES, AccumulateSubsample(), stderr=0.01)
        np.testing.assert_allclose(json.loads(result.output)["upper"], found.upper)

    def test_generations_that_some_seeds_lack_are_left_out_with_a_note(self, run):
        rows = [f"{g},{x},{s}" for s in (0, 1) for g, x in enumerate(LOSSES, start=1) if (s, g) != (1, 4)]
        result = run("generation,loss,seed\n" + "\n".join(rows), *DRAWN)
        assert result.exit_code == 0
        assert "not every seed has generation 4: left out" in result.stderr
        assert "from 5 measured generations" in result.stdout

    def test_generations_that_nobody_has_are_missing(self, run):
        kept = "".join(f"{g},{LOSSES[g - 1]}\n" for g in (1, 3, 6))
        found = forecast([LOSSES[0], LOSSES[2], LOSSES[5]], AccumulateSubsample(), generations=[1, 3, 6])
        assert json.loads(run("generation,loss\n" + kept, *DRAWN, "--json").output)["upper"] == found.upper.tolist()

    def test_workflows_of_the_file(self, run):
        names = ("accumulate", "accumulate-subsample")
        rows = [f"{g},{x},{name}" for name in names for g, x in enumerate(LOSSES, start=1)]
        content = "generation,loss,workflow\n" + "\n".join(rows)
        found = forecast({Accumulate(): LOSSES, AccumulateSubsample(): LOSSES})
        first = json.loads(run(content, "--json").output)
        assert (first["workflow"], first["measured"]) == ("accumulate", list(names))
        np.testing.assert_allclose(first["median"], found.median)
        other = json.loads(run(content, "--workflow", "replace", "--json").output)
        assert other["workflow"] == "replace"
        np.testing.assert_allclose(other["median"], found.of(Replace()).median)


class TestOutput:
    def test_the_table_shows_what_was_measured_and_where_it_goes(self, run):
        result = run(table(), *DRAWN, "--to", "20")
        lines = result.stdout.splitlines()
        assert lines[1].split() == ["generation", "measured", "median", "90", "%", "from", "to"]
        assert [line.split()[0] for line in lines[2:10]] == ["1", "2", "3", "4", "5", "6", "10", "20"]
        assert lines[7].split()[1] == "2.0427"
        found = forecast(LOSSES, AccumulateSubsample(), horizon=20)
        assert lines[9].split()[1:] == [f"{each[-1]:.5g}" for each in (found.median, found.lower, found.upper)]
        assert lines[-1].startswith("Under accumulate-subsample, from 6 measured generations: at generation 20")

    def test_json_has_no_number_that_json_has_not(self, run):
        result = run(table(), *DRAWN, "--json", "--level", "0.98")
        found = json.loads(result.output, parse_constant=lambda name: pytest.fail(name))
        assert found["plateau"]["upper"] is None
        assert found["plateau"]["median"] > found["median"][-1]
        assert set(found["parameters"]) == {"E", "A", "C", "U", "lambda"}
        assert found["generations"] == list(range(1, 51))
        assert sum(found["families"].values()) == pytest.approx(1)

    def test_options_reach_the_forecast(self, run):
        wide = json.loads(run(table(), *DRAWN, "--level", "0.5", "--seed", "3", "--json").output)
        found = forecast(LOSSES, AccumulateSubsample(), level=0.5, seed=3)
        np.testing.assert_allclose(wide["upper"], found.upper)
        warm = json.loads(run(table(), *DRAWN, "--warm-start", "--json").output)
        assert warm["parameters"]["U"]["upper"] > 0
        assert "Caution: generation 1 has the loss 1.8164" in run(table(), *DRAWN, "--baseline", "1.7").output

    @pytest.mark.parametrize("kind", ["png", "svg", "pdf"])
    def test_the_fan_is_drawn(self, run, tmp_path, kind):
        path = tmp_path / f"fan.{kind}"
        result = run(table(), *DRAWN, "--plot", str(path))
        assert result.exit_code == 0, result.output
        assert f"Written to {path}." in result.stdout
        assert path.read_bytes()[:4] in (b"\x89PNG", b"<?xm", b"%PDF")

    def test_workflows_are_completed(self):
        line = "selfgen forecast losses.csv --workflow accumulate-"
        environment = {"_SELFGEN_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": "4"}
        result = CliRunner().invoke(app, [], env=environment, prog_name="selfgen")
        assert result.output.split() == ["accumulate-subsample"]


def cut(cell: str, old: str = "1.9582") -> str:
    return table().replace(old, cell)


BAD = [
    # cells: the row is that of the file, its first line being 1
    (cut("abc"), "losses.csv, row 4, column loss: abc is not a finite number."),
    (cut(""), "losses.csv, row 4, column loss: nothing is not a finite number."),
    (cut("nan"), "losses.csv, row 4, column loss: nan is not a finite number."),
    (cut("-inf"), "losses.csv, row 4, column loss: -inf is not a finite number."),
    ("Title\n\n" + cut("abc"), "losses.csv, row 6, column loss: abc"),
    (cut("x,", "3,"), "row 4, column generation: x is not a finite number."),
    (cut("2.5,", "3,"), "row 4, column generation: 2.5 is not a generation"),
    (cut("0,", "3,"), "row 4, column generation: 0 is not a generation"),
    (cut("2,", "3,"), "row 4: generation 2 stands there a second time."),
    (table(";").replace(".", ","), "row 2, column loss: 1,8164 is not a finite number: write it with a point, 1.8164."),
    (table().replace(".", ","), "row 2: there are more cells than columns: is it a decimal comma?"),
    ("generation,loss,stderr\n1,2,-1\n", "row 2, column stderr: -1 is negative"),
    ("generation,loss,stderr\n1,2,\n2,3,1\n3,4,1\n", "generation 1 has no stderr, and others have one"),
    ('generation,loss\n1,"' + "9" * 140_000 + '"\n', "row 2: this is no row of a table"),
    # columns
    (table(header="round{0}nll"), "has no column 'generation': its columns are round, nll; --columns generation=NAME"),
    ("generation,loss,loss\n1,2,3\n", "has two columns 'loss'"),
    # whole files
    ("", "holds no losses: give a row for each generation."),
    ("generation,loss\n", "holds no losses"),
    (b"\xff\xfe\x00", "cannot be read: it is not a text."),
    ("generation,loss\n2,1\n3,2\n4,3\n", "generation 1 is missing"),
    ("generation,loss\n1,1\n2,2\n", "losses of accumulate-subsample are of 2 generations"),
    ("generation,loss\n1,2\n2,2\n3,2\n", "losses are constant"),
    ("[1, 2]", "is not a table: give a list of objects"),
    ("[" * 50_000, "nested too deep"),
    ("{", "is not JSON"),
    ('[{"generation": 1, "loss": NaN}]', "row 1, column loss: nan is not a finite number."),
    ('[{"generation": true, "loss": 1}]', "row 1, column generation: True is not"),
    ('{"generation": [1, 2], "loss": [1]}', "without columns of one length"),
]


@pytest.mark.parametrize(("content", "words"), BAD, ids=[words[:40] for _, words in BAD])
def test_a_file_that_cannot_be_is_named_by_row_and_column(run, content, words):
    result = run(content, *DRAWN)
    assert result.exit_code == 2
    assert words in result.output
    assert result.output.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "has no column workflow: say with --workflow"),
        (("--workflow", "acumulate"), "did you mean accumulate?"),
        ((*DRAWN, "--to", "0"), "--to 0 is not allowed: give a whole number from 1 to 1000."),
        ((*DRAWN, "--level", "2"), "level = 2.0 is not allowed"),
        ((*DRAWN, "--plot", "fan.doc"), "fan.doc is not a figure"),
        ((*DRAWN, "--plot", "/nowhere/fan.png"), "/nowhere/fan.png cannot be written"),
        ((*DRAWN, "--columns", "gen=round"), "--columns gen is not a column here: there are generation, loss"),
        ((*DRAWN, "--columns", "loss=nll"), "has no column 'nll' for loss: its columns are generation, loss."),
        ((*DRAWN, "--columns", "x"), "--columns 'x'"),
    ],
)
def test_options_that_cannot_be(run, arguments, words):
    result = run(table(), *arguments)
    assert result.exit_code == 2
    assert words in result.output
    assert "Traceback" not in result.output


def test_workflows_of_a_file_that_are_none(run):
    rows = "".join(f"{g},{x},replac\n" for g, x in enumerate(LOSSES, start=1))
    assert "losses.csv, column workflow: workflow 'replac' is not known (did you mean replace?)" in (
        run("generation,loss,workflow\n" + rows).output
    )
    twice = "".join(f"{g},{x},{name}\n" for name in ("accumulate", "augment") for g, x in enumerate(LOSSES, start=1))
    assert "a workflow has two names, accumulate, augment" in run("generation,loss,workflow\n" + twice).output
    some = "generation,loss,workflow\n" + "".join(f"{g},{g},{w}\n" for w in ("", "replace") for g in (1, 2, 3))
    assert "some rows have no workflow and others have one" in run(some).output


def test_a_file_that_is_not_there_or_too_large(tmp_path):
    for path, words in (
        (tmp_path / "none.csv", "cannot be read: No such file"),
        (tmp_path, "is a folder without losses.jsonl"),
        (sparse(tmp_path / "huge.csv"), "has more than 64 MiB"),
    ):
        result = CliRunner().invoke(app, ["forecast", str(path), *DRAWN])
        assert result.exit_code == 2
        assert words in result.output


def sparse(path: Path) -> Path:
    with path.open("wb") as file:
        file.truncate(70 * 2**20)
    return path
