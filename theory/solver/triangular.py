r"""Constant steps that are triangular in some order, with rates that differ: the modes by substitution.

With the constant as a moment of its own, :math:`m_i(t+1) = \lambda_i m_i(t) + \sum_{j<i} P_{ij}\,m_j(t)` has
:math:`m_i(t) = \sum_{k \le i} c_{ik}\lambda_k^t`,

.. math:: c_{ik} = \frac{\sum_{k \le j < i} P_{ij}\,c_{jk}}{\lambda_k - \lambda_i} \quad (k < i), \qquad
          c_{ii} = m_i(0) - \sum_{k<i} c_{ik} .

The bias of a loop drives its square so; no polynomial need be factored to find the rates, which are the diagonal.
"""

from __future__ import annotations

from sympy import Expr, Matrix, S

from theory.expressions.fraction_field import NotRational
from theory.expressions.rational_functions import RationalFunction, RationalFunctions
from theory.solver.graph import feeding, in_turn


def triangular_modes(matrix: Matrix, forcing: Matrix, readout: Matrix, initial: Matrix, elapsed: Expr) -> Expr | None:
    """h·m after ``elapsed`` steps; None where steps are of another kind, or are not rational."""
    size = matrix.rows
    order = in_turn(feeding(matrix))
    if order is None:
        return None
    entries = [*matrix, *forcing, *readout, *initial]
    field = RationalFunctions(set().union(*(entry.free_symbols for entry in entries)))
    try:
        P, f, h, first = ([field(entry) for entry in part] for part in (matrix, forcing, readout, initial))
    except (NotRational, ZeroDivisionError):
        return None
    one = field(S.One)
    rates = [one, *(P[size * row + row] for row in order)]
    if any(not rate for rate in rates) or any(a == b for i, a in enumerate(rates) for b in rates[:i]):
        return None
    modes: list[dict[int, RationalFunction]] = [{0: one}]
    shown: dict[int, RationalFunction] = {}
    for place, row in enumerate(order, start=1):
        sources = [(f[row], modes[0])]
        sources += [(P[size * row + col], modes[at]) for at, col in enumerate(order[: place - 1], start=1)]
        own = _driven([(share, mode) for share, mode in sources if share], rates, place)
        own[place] = first[row] - sum(own.values(), one * 0)
        modes.append(own)
        if h[row]:
            for k, value in own.items():
                shown[k] = shown.get(k, one * 0) + h[row] * value
    terms = (field.factored(value) * _power(field.factored(rates[k]), elapsed) for k, value in shown.items() if value)
    return sum(terms, S.Zero)


def _driven(
    sources: list[tuple[RationalFunction, dict[int, RationalFunction]]], rates: list[RationalFunction], place: int
) -> dict[int, RationalFunction]:
    found: dict[int, RationalFunction] = {}
    for share, mode in sources:
        for k, value in mode.items():
            found[k] = found[k] + share * value if k in found else share * value
    return {k: value / (rates[k] - rates[place]) for k, value in found.items() if value}


def _power(rate: Expr, elapsed: Expr) -> Expr:
    return S.One if rate == 1 else rate**elapsed
