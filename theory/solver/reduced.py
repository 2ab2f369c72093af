"""A recurrence with the moments that matter: those that the readout depends on, and that ever differ from zero."""

from __future__ import annotations

from functools import lru_cache

from sympy import Matrix

from theory.expressions.fraction_field import in_lowest_terms
from theory.expressions.signs import at_least, sign
from theory.moments.recurrence import MomentRecurrence
from theory.solver.graph import reached
from theory.solver.system import reachable


def reduced(recurrence: MomentRecurrence) -> MomentRecurrence:
    """The same values by fewer moments; itself where it changes regime."""
    if recurrence.continuation is not None:
        return recurrence
    fed = _fed(recurrence)
    needed = [index for index in reachable(recurrence) if index in fed]
    if len(needed) == recurrence.matrix.rows:
        return recurrence
    return recurrence.changed(
        matrix=recurrence.matrix.extract(needed, needed),
        forcing=recurrence.forcing.extract(needed, [0]),
        readout=recurrence.readout.extract([0], needed),
        initial=recurrence.initial.extract(needed, [0]),
    )


def _fed(recurrence: MomentRecurrence) -> set[int]:
    """Moments that ever differ from zero, as far as the pattern of the coefficients tells."""
    size = recurrence.matrix.rows
    own = {row for row in range(size) if recurrence.initial[row] != 0 or recurrence.forcing[row] != 0}
    return reached(recurrence.matrix.T, own)


@lru_cache(maxsize=256)
def plainly_read(recurrence: MomentRecurrence) -> MomentRecurrence:
    """The same of one moment, read off by 1: where :math:`h_g m_g` is read, that product is the moment.

    Its step is :math:`h_g P_g/h_{g-1}`, its forcing :math:`h_g f_g`. Others are left as they are.
    """
    g, start = recurrence.symbol, recurrence.start
    if recurrence.matrix.shape != (1, 1) or not recurrence.readout.has(g) or recurrence.continuation is not None:
        return recurrence
    read = recurrence.readout[0]
    before = in_lowest_terms(read.subs(g, g - 1))
    if not read.is_rational_function(g) or sign(before, {g: at_least(Matrix([start])[0])}) not in (1, -1):
        return recurrence
    return recurrence.changed(
        matrix=Matrix([[in_lowest_terms(read * recurrence.matrix[0] / before)]]),
        forcing=Matrix([in_lowest_terms(read * recurrence.forcing[0])]),
        readout=Matrix([[1]]),
        initial=Matrix([in_lowest_terms(read.subs(g, Matrix([start])[0] - 1) * recurrence.initial[0])]),
        adds_noise=False,
    )
