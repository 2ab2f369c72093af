"""``selfgen subspace``: the answers in words and as JSON, and bad input in a sentence."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from selfgen.cli import app

MODEL = ("subspace", "--strength", "3", "--pairs", "200", "--dimension", "300")


def run(*arguments):
    return CliRunner().invoke(app, list(arguments))


def test_words():
    result = run(*MODEL, "--flips", "0.1")
    assert result.exit_code == 0
    assert "8/9 ≈ 0.8888888889" in result.output
    assert "wins                     mean difference" in result.output


def test_json_and_a_check():
    result = run(*MODEL, "--flips", "0.4", "--json", "--check")
    found = json.loads(result.output)
    assert result.exit_code == 0
    assert found["errors"]["svd"]["exact"] == "8/9"
    assert found["required_pairs"]["svd"]["exact"] == "1300/3"
    assert found["optimal_rank"] == 1
    assert found["wins"]["method"] == "singular vectors"
    assert {entry["verdict"] for entry in found["check"].values()} == {"agrees"}


def test_nothing_is_worth_removing():
    result = run("subspace", "--strength", "1/2", "--pairs", "100", "--dimension", "300", "--flips", "1/2")
    assert "removing nothing, at an error of 1" in result.output
    assert "none: the factor is below the detection threshold" in result.output


def test_several_factors():
    result = run(*MODEL, "--strength", "1/2")
    assert result.exit_code == 0
    assert "the crossing is derived for one factor" in result.output


def test_symbols_stay():
    asked = ("subspace", "--strength", "l", "--pairs", "200", "--dimension", "300", "--symbol", "l")
    words = " ".join(run(*asked).output.split())
    assert "3*(l + 1)/(l*(2*l + 3)) where" in words or "6*(l + 1)/(l*(2*l + 3)) where" in words
    assert "pairs, singular vectors 600*(3*l/2 + 2)/l**2" in words or "300*(3*l + 4)/l**2" in words
    assert "wins that depends on l: give numbers" in words
    found = json.loads(run(*asked, "--json").output)
    assert (found["wins"], found["errors"]["svd"]["value"]) == (None, None)
    refused = run(*asked, "--check")
    assert refused.exit_code == 2
    assert "--check is not allowed with l as symbols" in refused.output


@pytest.mark.parametrize(
    ("option", "value", "word"),
    [
        ("--flips", "0.7", "flips = 0.7"),
        ("--coherence", "2", "coherence = 2"),
        ("--error", "3", "error = 3"),
        ("--strength", "-1", "strengths = -1"),
        ("--strength", "x", "x"),
    ],
)
def test_bad_input(option, value, word):
    result = run(*MODEL, option, value)
    assert result.exit_code == 2
    assert word in result.output
    assert "Traceback" not in result.output
