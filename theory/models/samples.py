"""What a workflow asks of its samples: blocks of one or more, and weights that are none below zero."""

from __future__ import annotations

from sympy import Expr, sympify

from theory.errors import DomainError
from theory.workflows.base import Workflow
from theory.workflows.dynamics import LagWindow

#: Generations at which blocks and weights are looked at.
_BLOCKS = (1, 2, 3, 4, 5, 10, 30, 100, 1000)
_FIRST = (1, 2, 3, 4)


def verify_blocks(workflow: Workflow, n: Expr) -> None:
    """Refuse blocks of less than one sample, whose moments would be those of no law.

    Raises
    ------
    DomainError
        Where numbers say so; symbols are taken to be large enough.
    """
    for g in _BLOCKS:
        fresh = workflow.fresh_size(g) if g > 1 and workflow.fresh_weight(g) != 0 else None
        for what, size in ((f"block {g}", workflow.size(g)), (f"the fresh real data of generation {g}", fresh)):
            samples = None if size is None else n * size
            if samples is not None and samples.is_number and (samples - 1).is_negative:
                raise DomainError(
                    f"n = {n} gives {what} {samples} samples under {workflow.name}: a block must hold 1 or more."
                )
        if not (workflow.schedule.free_symbols or workflow.fresh_size(2) != 0):
            break


def verify_weights(workflow: Workflow) -> None:
    """Refuse weights below zero: what they make need be no law to draw the next block from.

    Raises
    ------
    DomainError
        When one of the first generations has such a weight.
    """
    if isinstance(workflow.dynamics(), LagWindow):
        return
    for g in _FIRST:
        for index, weight in enumerate(workflow.weights(g), start=1):
            if sympify(weight).is_negative:
                raise DomainError(
                    f"workflow = {workflow.name} gives block {index} the weight {weight} in model {g}: a model to draw "
                    f"samples from needs weights of 0 or more."
                )
