"""Tables that fit a terminal of any width: what has no room side by side stands one under another, nothing is cut."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

#: A column that may be folded gets so much, or what it needs.
LEAST = 12


def fitted(table: Table, width: int) -> RenderableType:
    """A table as it is where its columns have room; else each row as a list of its columns.

    Columns marked ``no_wrap``, as those of names and numbers are, keep their width; the others are folded.
    """
    needed = 1
    for column in table.columns:
        cells = [_text(cell) for cell in (column.header, *column.cells)]
        widest = max(cell_len(line) for cell in cells for line in cell.plain.split("\n"))
        if not column.no_wrap:
            column.overflow = "fold"
            widest = min(widest, LEAST)
        # A space at both sides, and a line.
        needed += widest + 3
    if needed <= width:
        return table
    titles = [_text(column.header).plain.replace("\n", " ").strip() for column in table.columns]
    rows = list(zip(*([_text(cell) for cell in column.cells] for column in table.columns), strict=True))
    parts: list[RenderableType] = [_text(table.title).copy()] if table.title else []
    parts += [stacked(titles, row) for row in rows]
    return Group(*parts, *([_text(table.caption)] if table.caption else []))


def stacked(titles: Sequence[str], cells: Sequence[Text]) -> Text:
    """One row as lines: its first cell, and under it the others, each after its title."""
    told = Text(f"{titles[0]}: " if titles[0] else "", overflow="fold")
    first, *others = cells
    told.append(first.plain.strip("\n"), style="bold")
    for title, cell in zip(titles[1:], others, strict=True):
        told.append(f"\n  {title}: " if title else "\n  ")
        told.append_text(cell)
    return told.append("\n")


def _text(cell: object) -> Text:
    return cell if isinstance(cell, Text) else Text.from_markup(str(cell))
