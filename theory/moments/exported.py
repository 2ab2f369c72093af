"""A recurrence of moments as plain data: what JSON holds, and a program in any language runs.

Coefficients are trees (:mod:`theory.expressions.trees`), rational in ``g`` and in the parameters but for powers
:math:`q^g` and constants. From the moments m at ``start − 1``, at g = start, start + 1, …

.. math:: m_g = P(g)\\,m_{g-1} + f(g), \\qquad \\text{risk}_g = \\text{offset} + \\text{scale}\\,(h(g)\\,m_g + c(g)),

until a ``continuation`` takes over the moments at its own first generation.
"""

from __future__ import annotations

from typing import Any

from sympy import MatrixBase, Symbol

from theory.errors import DomainError
from theory.expressions.trees import tree
from theory.moments.recurrence import MomentRecurrence, Recurrence

#: Changed when a reader of the old data would misread the new.
FORMAT = 1


def export_recurrence(recurrence: Recurrence) -> dict[str, Any]:
    r"""The moment recurrence behind a risk as plain data, parameters that are symbols by their names.

    Parameters
    ----------
    recurrence : Recurrence
        ``risk.recurrence``; of the ratio too, or of a bias.

    Returns
    -------
    dict
        ``format`` (1), ``start``, ``moments`` (their number), ``matrix``, ``forcing``, ``readout``, ``initial``
        (entries that are not zero, as [row, column, tree], or [row, tree]), ``shift``, ``early``, ``scale``,
        ``offset``, ``margin`` (the risk is infinite from where this is below 1; None if never), ``domain`` (a
        condition), ``exactness``, ``parameters`` and ``continuation`` (None, or one of ``at`` and the same again).

    Raises
    ------
    DomainError
        When the risk is given otherwise than by a recurrence of moments.
    NotDerivedError
        When a coefficient has no tree.

    Notes
    -----
    Derived here.

    Examples
    --------
    >>> from theory import Accumulate, Bernoulli, expected_risk
    >>> data = export_recurrence(expected_risk(Bernoulli(), Accumulate()).recurrence)
    >>> data["matrix"], data["forcing"], data["parameters"]
    ([[0, 0, ['+', 1, ['*', -1, ['^', 'g', -2], ['^', 'n', -1]]]]], [[0, ['^', 'g', -2]]], ['n', 'p'])
    """
    moments = recurrence.as_moments()
    if moments is None:
        raise DomainError(f"recurrence is a {type(recurrence).__name__}: only recurrences of moments are exported.")
    return _exported(moments)


def _exported(moments: MomentRecurrence) -> dict[str, Any]:
    g = moments.symbol
    follow = moments.continuation
    names = {symbol.name for symbol in _symbols(moments)}
    if "g" in names:
        raise DomainError("a parameter is called g, which is the generation: give it another name.")
    return {
        "format": FORMAT,
        "start": int(moments.start),
        "moments": moments.matrix.shape[0],
        "matrix": _entries(moments.matrix, g),
        "forcing": [[row, value] for row, _, value in _entries(moments.forcing, g)],
        "readout": [[column, value] for _, column, value in _entries(moments.readout, g)],
        "initial": [[row, value] for row, _, value in _entries(moments.initial, g)],
        "shift": tree(moments.shift, g),
        "early": [tree(value, g) for value in moments.early],
        "scale": tree(moments.scale, g),
        "offset": tree(moments.offset, g),
        "margin": None if moments.margin is None else tree(moments.margin, g),
        "domain": tree(moments.domain, g),
        "exactness": moments.exactness,
        "parameters": sorted(names),
        "continuation": None if follow is None else {"at": int(follow[0]), **_exported(follow[1])},
    }


def _entries(matrix: MatrixBase, generation: Symbol) -> list[list[Any]]:
    rows, columns = matrix.shape
    return [
        [row, column, tree(matrix[row, column], generation)]
        for row in range(rows)
        for column in range(columns)
        if matrix[row, column] != 0
    ]


def _symbols(moments: MomentRecurrence) -> set[Symbol]:
    found: set[Symbol] = set()
    for regime in moments.regimes:
        parts = (regime.matrix, regime.forcing, regime.readout, regime.initial, *regime.early, regime.domain)
        for part in (*parts, regime.shift, regime.scale, regime.offset, regime.margin):
            found |= getattr(part, "free_symbols", set())
        found -= {regime.symbol}
    return found
