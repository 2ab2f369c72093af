"""``selfgen recommend``: what it prints is what the library says, and what cannot be is one sentence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from numerics.forecast import recommend
from selfgen.cli import app
from theory import Replace

LOSSES = [2.0, 2.2, 2.34, 2.45]
REPLACE = ("--measured-under", "replace")


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "losses.csv"
    path.write_text("generation,loss\n" + "".join(f"{g},{loss}\n" for g, loss in enumerate(LOSSES, start=1)))
    return path


def run(*arguments: object):
    return CliRunner().invoke(app, ["recommend", *map(str, arguments)])


def test_json_and_table_are_the_library_s(table) -> None:
    asked = ("--tolerance", "20%", "--generations", 8)
    expected = recommend(LOSSES, Replace(), tolerance="20%", generations=8)
    found = json.loads(run(table, *REPLACE, *asked, "--json").output)
    assert found["sentence"] == expected.sentence
    assert found["safe_generations"] == expected.safe_generations
    assert [option["probability"] for option in found["options"]] == [each.probability for each in expected.options]
    assert [option["holds"] for option in found["options"]] == [each.probability >= 0.9 for each in expected.options]
    shown = run(table, *REPLACE, *asked)
    assert shown.exit_code == 0
    assert expected.sentence in shown.output
    assert all(option.words[:40] in shown.output for option in expected.options)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "say with --measured-under under which it was measured"),
        (("--measured-under", "replce"), "did you mean replace?"),
        ((*REPLACE, "--tolerance", "much"), "tolerance = 'much' is not allowed"),
        ((*REPLACE, "--generations", "1"), "--generations 1 is not allowed"),
        ((*REPLACE, "--probability", "1"), "probability = 1.0 is not allowed"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_2(table, arguments, words) -> None:
    result = run(table, *arguments)
    assert result.exit_code == 2
    assert words in result.output
    assert result.output.count("\n") == 1
