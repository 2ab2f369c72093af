"""What the curves of a workflow tend to, by the limits that theory derives."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import beta, roots_jacobi
from sympy import Expr, Piecewise, Symbol, oo

from numerics.forecasting.law import RATES, SPECTRA
from numerics.forecasting.shapes import Spectrum
from theory.design.depth import depth
from theory.design.pathway import Pathway
from theory.errors import NotDerivedError
from theory.workflows.base import Workflow

Array = NDArray[np.float64]

#: Of the rule for means over spectra: φ's limit is rational in λ, and smooth once its pole is taken out.
NODES = 24


@dataclass(frozen=True, eq=False)
class Ends:
    """Limits of ratio, of φ for each of the grid's rates and spectra, and of rows saved."""

    ratio: float
    rise: Array
    saved: float


def ends(workflow: Workflow, growing: bool) -> Ends | None:
    """The limits; None where theory does not derive them."""
    found = _remembered(workflow) if isinstance(workflow, Hashable) else _computed(workflow)
    return Ends(found.ratio, found.rise, 1.0) if growing and found is not None else found


@lru_cache(maxsize=64)
def _remembered(workflow: Workflow) -> Ends | None:
    return _computed(workflow)


def _computed(workflow: Workflow) -> Ends | None:
    try:
        ratio = Pathway(workflow).risk_ratio.limit
        rise = depth(workflow).rise()
        limit, last = rise.limit, depth(workflow).mean.limit
    except NotDerivedError:
        return None
    if ratio is None or limit is None or last is None:
        return None
    (rate,) = rise.model.free_symbols
    rises = [_number(limit.subs(rate, value)) for value in RATES[:-1]] + [_number(last)]
    spread = [_spread(limit, rate, spectrum, _number(last)) for spectrum in SPECTRA]
    rows = float(workflow.rows(1)) / _rows(workflow)
    return Ends(_number(ratio), np.array(rises + spread), 1.0 - rows)


def _rows(workflow: Workflow) -> float:
    """Rows in the end: infinite where they grow with every generation."""
    early, late = (float(workflow.rows(g)) for g in (30, 60))
    return late if late == early else np.inf


def _spread(limit: Expr, rate: Symbol, spectrum: Spectrum, last: float) -> float:
    r"""E φ over a spectrum, by a Gauss-Jacobi rule for its density.

    Where rows get ever deeper φ tends to 1/(1 − λ), of which only a spectrum with b > 1 has a mean: the factor is taken
    over by the rule, whose density is then :math:`(1 - \lambda)^{b-2}`.
    """
    pole = int(last == np.inf)
    if spectrum.b <= pole:
        return np.inf
    nodes, weights = roots_jacobi(NODES, spectrum.b - 1.0 - pole, spectrum.a - 1.0)
    values = [_number(limit.subs(rate, node)) * (1.0 - node) ** pole for node in (1.0 + nodes) / 2.0]
    # The weights are for (1 − x)^α (1 + x)^β on [−1, 1].
    scale = 2.0 ** (spectrum.a + spectrum.b - 1.0 - pole) * beta(spectrum.a, spectrum.b)
    return float(weights @ np.array(values)) / float(scale)


def _number(value: Expr) -> float:
    if isinstance(value, Piecewise):
        value = value.doit()
    return np.inf if value == oo else float(value)
