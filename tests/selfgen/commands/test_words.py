"""`selfgen words`: when the first of several words is gone."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from numerics.extinction import first_extinction_probability
from selfgen.cli import app
from theory import FirstExtinction


def run(*arguments):
    return CliRunner().invoke(app, list(arguments))


def test_few_tokens_are_exact():
    result = run("words", "1 1, 2", "--generation", "1")
    assert result.exit_code == 0, result.output
    assert "exact" in result.output
    assert "0.625 = 5/8" in result.output
    assert "1.6 = 8/5" in result.output


def test_many_tokens_as_data():
    found = json.loads(run("words", "50x1000", "--generation", "15", "--json").output)
    assert (found["tokens"], found["words"], found["exactness"]) == (50_000, 1000, "for n → ∞ at these counts")
    assert found["law"] == [{"generation": 15, "probability": first_extinction_probability([50] * 1000, [15])[0]}]
    before, after = first_extinction_probability([50] * 1000, [found["median"] - 1, found["median"]])
    assert before < 0.5 <= after


def test_data_of_few_tokens():
    time, found = FirstExtinction([2, 3]), json.loads(run("words", "2 3", "--json").output)
    assert found["mean"] == float(time.mean)
    assert found["median"] == time.quantile("1/2")


@pytest.mark.parametrize(
    ("counts", "sentence"),
    [
        ("", "give the count of at least one word"),
        ("2 x", "COUNTS 'x' is no count"),
        ("0 3", "counts[0] = 0 is not allowed"),
        ("3", "is a single word: it never dies out"),
        ("1x10000000", "more than 1000000 words"),
        ("2 -3", "no count"),
    ],
)
def test_bad_input(counts, sentence):
    result = run("words", counts)
    assert result.exit_code == 2
    assert sentence in result.output
    assert "Traceback" not in result.output
