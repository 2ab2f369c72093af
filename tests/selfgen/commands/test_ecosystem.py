"""Ecosystems and changing shares as text: parsed, never evaluated; slips end with 2 and one sentence."""

from __future__ import annotations

import re

import pytest
from typer.testing import CliRunner

from selfgen.cli import app
from theory import Ecosystem, FreshReal
from theory.names import build


def test_an_ecosystem_is_written_row_by_row() -> None:
    text = "ecosystem:weights=1/2 1/4; 1/2 1/2,sizes=1 2,observed=1,same_start=true"
    _, workflow = build("regular", text, {})
    assert workflow == Ecosystem([["1/2", "1/4"], ["1/2", "1/2"]], sizes=[1, 2], observed=1, same_start=True)
    assert build("regular", "ecosystem:3/4 1/4; 1/4 3/4", {})[1] == Ecosystem("3/4 1/4; 1/4 3/4")
    assert build("regular", "fresh-real:share=1/j", {})[1] == FreshReal("1/j")


def test_an_ecosystem_is_derived() -> None:
    found = CliRunner().invoke(app, ["derive", "regular", "ecosystem:1/2 1/4; 1/2 1/2,observed=1"])
    assert found.exit_code == 0
    assert re.search(r"limit of the ratio +242/119", found.output)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ecosystem:1/2 1/4; 1/2", "weights[1] has 1 entries"),
        ("ecosystem:1/2 1/2; 1/2 __import__('os')", "is not arithmetic"),
        ("ecosystem:observed=1", "ecosystem needs its weights"),
        ("ecosystem:1 0; 0 1,observed=2", "observed = 2 is none of the models"),
        ("ecosystem:1 0; 0 1,observed=x", "observed = x is none of the models"),
        ("fresh-real:share=j", "share = j is not a share of real data"),
    ],
)
def test_slips(text: str, said: str) -> None:
    found = CliRunner().invoke(app, ["derive", "regular", text])
    assert found.exit_code == 2
    assert said in " ".join((found.output + getattr(found, "stderr", "")).split())
