"""`selfgen papers`: the published statements beside ours."""

from __future__ import annotations

import json

from typer.testing import CliRunner

from selfgen.cli import app
from theory.papers import PAPERS


def run(*arguments):
    return CliRunner().invoke(app, list(arguments))


def test_the_table():
    result = run("papers", "gerstgrasser2024")
    assert result.exit_code == 0
    assert "4 of 4 statements agree." in result.output


def test_as_data():
    rows = json.loads(run("papers", "dey2024", "--json").output)
    assert [row["statement"] for row in rows] == list(PAPERS["dey2024"].statements)
    assert all(row["agree"] for row in rows)


def test_one_that_does_not_agree_ends_with_one(monkeypatch):
    statement = PAPERS["gerstgrasser2024"].statements["replace"]
    monkeypatch.setitem(vars(statement), "agrees", False)
    assert run("papers", "gerstgrasser2024").exit_code == 1


def test_none_of_that_name():
    result = run("papers", "gerstgrasser")
    assert result.exit_code == 2
    assert "gerstgrasser2024" in result.output
