r"""The pathway: how the noise of each generation travels into later models.

For deterministic weights, :math:`\delta_g = \sum_j w_{g,j} (\delta_{j-1} + \varepsilon_j) + \omega_g \varrho_g`, hence
:math:`\delta_g = \sum_j C_{g,j}\,\varepsilon_j + \sum_i D_{g,i}\,\varrho_i` with
:math:`C_{g,\cdot} = w_{g,\cdot} + \sum_{i > 1} w_{g,i}\, C_{i-1,\cdot}` and the same for D.
Works for any workflow, from its weights alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

from sympy import Expr, S

if TYPE_CHECKING:
    from theory.workflows.base import Workflow


class Pathways:
    """Iterate over (C_{g,1..g}, D_{g,1..g}) for g = 1, 2, …, exact."""

    def __init__(self, workflow: Workflow) -> None:
        self._workflow = workflow

    def __iter__(self) -> Iterator[tuple[list[Expr], list[Expr]]]:
        from theory.workflows.base import exact_weights

        workflow = self._workflow
        earlier: list[tuple[list[Expr], list[Expr]]] = []
        while True:
            g = len(earlier) + 1
            weights = exact_weights(workflow, g)
            block, fresh = list(weights), [S.Zero] * g
            if g > 1:
                fresh[g - 1] = workflow.fresh_weight(g)
            for index in range(2, g + 1):
                weight = weights[index - 1]
                if weight == 0:
                    continue
                past_block, past_fresh = earlier[index - 2]
                for source in range(index - 1):
                    block[source] += weight * past_block[source]
                    fresh[source] += weight * past_fresh[source]
            earlier.append((block, fresh))
            yield block, fresh


def block_coefficients(workflow: Workflow, upto: int) -> list[list[Expr]]:
    """Block means 1..upto as combinations of ε_1 … ε_upto: δ_{j-1} + ε_j, each row of length ``upto``."""
    models = [block for block, _ in islice(Pathways(workflow), upto - 1)]
    rows = []
    for index in range(1, upto + 1):
        row = [S.Zero] * upto
        if index > 1:
            for source, coefficient in enumerate(models[index - 2]):
                row[source] += coefficient
        row[index - 1] += 1
        rows.append(row)
    return rows
