"""A recurrence with the moments that matter: those that the readout depends on, and that ever differ from zero."""

from __future__ import annotations

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
