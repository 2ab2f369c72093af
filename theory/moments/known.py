r"""A recurrence without the moments that are known functions of the generation.

What is known, :math:`k_g`, is verified by substitution. One moment that is left is written as the risk itself: with
:math:`r_g = h\,m_g + c_g` and :math:`m_g = p_g m_{g-1} + f_g`

.. math:: r_g = p_g\, r_{g-1} + h f_g + c_g - p_g\, c_{g-1} .

It has no shift, and what is derived for one moment holds for it. Derived here.
"""

from __future__ import annotations

from collections.abc import Mapping

from sympy import Expr, Matrix, S, factor

from theory.moments.recurrence import MomentRecurrence


def without_known(recurrence: MomentRecurrence, known: Mapping[int, Expr]) -> MomentRecurrence:
    """The same values without the moments at these places.

    Raises
    ------
    ValueError
        When a moment is not what it is said to be: a mistake in the workflow that says so.

    Examples
    --------
    >>> from sympy import Rational
    >>> from theory.workflows.dynamics import GENERATION as g
    >>> two = MomentRecurrence(start=2, matrix=Matrix([[1 - 1 / g, 0], [1, Rational(1, 2)]]), forcing=Matrix([0, 0]),
    ...                        readout=Matrix([[0, 1]]), initial=Matrix([1, 0]))
    >>> one = without_known(two, {0: 1 / g})
    >>> one.forcing, [two.at(3), one.at(3)]
    (Matrix([[1/(_g - 1)]]), [1, 1])
    """
    g, size = recurrence.symbol, recurrence.matrix.rows
    left = [row for row in range(size) if row not in known]
    told = Matrix([known.get(row, S.Zero) for row in range(size)])
    before = told.subs(g, g - 1)
    for row, value in known.items():
        others = [col for col in left if recurrence.matrix[row, col] != 0]
        stepped = (recurrence.matrix[row, :] * before)[0] + recurrence.forcing[row]
        first = value.subs(g, recurrence.start - 1) - recurrence.initial[row]
        if others or factor(value - stepped) != 0 or factor(first) != 0:
            raise ValueError(f"moment {row} of {recurrence} is not {value}.")
    forcing = (recurrence.matrix * before + recurrence.forcing).extract(left, [0]).applyfunc(factor)
    kept = recurrence.changed(
        matrix=recurrence.matrix.extract(left, left),
        forcing=forcing,
        readout=recurrence.readout.extract([0], left),
        initial=recurrence.initial.extract(left, [0]),
        shift=factor(recurrence.shift + (recurrence.readout * told)[0]),
        adds_noise=False,
    )
    return _as_risk(kept)


def _as_risk(kept: MomentRecurrence) -> MomentRecurrence:
    """One moment read off by a number, as the risk itself."""
    g = kept.symbol
    if kept.matrix.shape != (1, 1) or kept.readout.has(g) or kept.readout[0] == 0 or kept.shift == 0:
        return kept
    step, read, before = kept.matrix[0], kept.readout[0], kept.shift.subs(g, g - 1)
    return kept.changed(
        forcing=Matrix([factor(read * kept.forcing[0] + kept.shift - step * before)]),
        readout=Matrix([[1]]),
        initial=Matrix([factor(read * kept.initial[0] + kept.shift.subs(g, kept.start - 1))]),
        shift=S.Zero,
    )
