"""No name is cut, whatever the width of the terminal."""

import io
from itertools import product

import pytest
from rich.console import Console
from rich.table import Table
from typer.testing import CliRunner

import selfgen.commands.terminal
from selfgen.cli import app
from selfgen.tables import fitted

NAMES = ["replace", "accumulate", "real-plus-latest:share=1/3", "accumulate-subsample:budget=1/2,replacement=true"]


def printed(table: Table, width: int) -> str:
    stream = io.StringIO()
    Console(file=stream, width=width).print(fitted(table, width))
    return stream.getvalue()


@pytest.mark.parametrize("width", [20, 40, 60, 80, 100, 160])
def test_a_table_holds_every_cell_at_any_width(width: int) -> None:
    table = Table(title="Of names", caption="and words")
    table.add_column("name", no_wrap=True)
    for title in ("what\nit is", "number", "verdict"):
        table.add_column(title, no_wrap=title == "number")
    cells = [(name, "x" * length, "1.2345(67)", "[green]agrees[/]") for name, length in product(NAMES, (5, 30))]
    for row in cells:
        table.add_row(*row)
    text = printed(table, width)
    assert max(map(len, text.splitlines())) <= width
    joined = "".join(text.replace("│", "").split())
    for name, long, number, _ in cells:
        assert name in joined
        assert number in joined
        assert long in joined or width > 100 or any(long[:at] in joined for at in (12, 20))
    # Where a row has room it is one line: title, box, heading of two, eight rows, box, caption.
    assert width < 160 or text.count("\n") <= 16
    assert ("name: replace" in text) is (width < 100)
    assert ("└" in text) is (width >= 100)


@pytest.mark.parametrize("width", [40, 80, 160])
def test_no_command_cuts_a_name(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Console(width=width, highlight=False)
    monkeypatch.setattr(selfgen.commands.terminal, "terminal", lambda stderr=False: screen)
    for names in (NAMES, NAMES[:2]):
        result = CliRunner().invoke(app, ["compare", "poisson", *names, "--set", "n=20"])
        assert result.exit_code == 0, result.output
        tables, _, _ = result.output.partition("Crossing" if len(names) > 2 else "No crossings")
        assert max(map(len, tables.splitlines())) <= width
        joined = "".join(tables.split())
        # In the table, and in each pair.
        for name in names:
            assert joined.count(name) >= len(names)
    options = ["--set", "p=1/3", "--set", "n=9", "--replicates", "50", "--generations", "2"]
    simulated = CliRunner().invoke(app, ["simulate", "bernoulli", "accumulate", *options]).output
    assert max(map(len, simulated.splitlines())) <= width
    assert "…" not in simulated
