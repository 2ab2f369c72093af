"""The table fits the terminal it is printed on."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from selfgen import report
from selfgen.study import load
from selfgen.verification import verify


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    text = """
    [defaults]
    generations = 4
    replicates = 2000
    [[case]]
    model = "bernoulli"
    workflow = "accumulate"
    parameters = {p = "1/3", n = 50}
    """
    path = tmp_path_factory.mktemp("study") / "one.toml"
    path.write_text(text, encoding="utf-8")
    return verify(load(path), jobs=1)


@pytest.mark.parametrize("width", [80, 100, 139, 140, 200])
def test_every_cell_is_whole_at_any_width(results, width):
    stream = io.StringIO()
    Console(file=stream, width=width).print(report.table("One case", results, width))
    text = stream.getvalue()
    assert max(len(line) for line in text.splitlines()) <= width
    assert "…" not in text
    for cell in ("bernoulli", "accumulate", "p = 1/3", "agrees", "1.6288"):
        assert cell in text
