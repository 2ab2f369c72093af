"""How a result with a table shows itself: a short line, a table in a notebook, a data frame, a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from importlib import import_module
from typing import Any

#: Rows that a notebook shows of a longer table, from its beginning and its end.
_SHOWN = 12


class Told:
    """A result with a table of its own; a class adds :meth:`headline`, :meth:`table` and, for a picture, ``_drawn``.

    Notes
    -----
    Nothing is computed here.

    Examples
    --------
    >>> from theory import Accumulate, Replace, compare
    >>> print(compare([Accumulate(), Replace()], upto=10).summary().splitlines()[0])
    2 workflows of regular, loss squared, risk
    """

    #: The columns that are drawn over the first, each with those of its lower and upper end, where it has them.
    _drawn: Sequence[tuple[str, str | None, str | None]] = ()

    def headline(self) -> str:
        """What it is, and what it says, in a line."""
        raise NotImplementedError

    def table(self) -> Mapping[str, Sequence[Any]]:
        """Its columns, all of one length, by name."""
        raise NotImplementedError

    def summary(self) -> str:
        """The line and the table, as text."""
        columns = self.table()
        cells = [[name, *map(_text, values)] for name, values in columns.items()]
        widths = [max(map(len, column)) for column in cells]
        rows = zip(*cells, strict=True)
        lines = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
        return "\n".join([self.headline(), *(line.rstrip() for line in lines)])

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.headline()}>"

    def _repr_html_(self) -> str:
        columns = self.table()
        rows = list(zip(*columns.values(), strict=True))
        long = len(rows) > _SHOWN
        shown = [*rows[: _SHOWN // 2], None, *rows[-_SHOWN // 2 :]] if long else rows
        head = "".join(f"<th>{escape(name)}</th>" for name in columns)
        body = "".join(
            f'<tr><td colspan="{len(columns)}">⋮</td></tr>'
            if row is None
            else f"<tr>{''.join(f'<td>{escape(_text(value))}</td>' for value in row)}</tr>"
            for row in shown
        )
        return f"<p>{escape(self.headline())}</p><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"

    def to_pandas(self) -> Any:
        """The table as a ``pandas.DataFrame``, exact numbers as they are.

        Raises
        ------
        ImportError
            Where pandas is not installed.
        """
        try:
            pandas = import_module("pandas")
        except ImportError:
            raise ImportError("to_pandas needs pandas, which is not installed: pip install pandas.") from None
        return pandas.DataFrame({name: list(values) for name, values in self.table().items()})

    def plot(self, ax: Any = None) -> Any:
        """Draw the table on Matplotlib axes, new ones if none are given, and return them."""
        if not self._drawn:
            raise AttributeError(f"{type(self).__name__} has no picture: its table says it all.")
        if ax is None:
            ax = import_module("matplotlib.pyplot").subplots()[1]
        columns = {name: list(values) for name, values in self.table().items()}
        first, *_ = columns
        for name, lower, upper in self._drawn:
            (line,) = ax.plot(columns[first], [float(value) for value in columns[name]], marker="o", label=name)
            if lower is not None and upper is not None:
                ends = ([float(value) for value in columns[end]] for end in (lower, upper))
                ax.fill_between(columns[first], *ends, color=line.get_color(), alpha=0.2, linewidth=0)
        ax.set_xlabel(first)
        ax.legend(frameon=False)
        return ax


def _text(value: Any) -> str:
    """A cell: floats to six digits, all else as it is written."""
    return f"{float(value):.6g}" if isinstance(value, float) else str(value)
