r"""Pathway coefficients in doubles, for any workflow that states weights.

Let W be the weights, row g those of model g, and V the same table moved one column to the left without block 1,
:math:`V_{g,i-1} = w_{g,i}`: what model g takes over from model i − 1. Then :math:`C = W + VC`, and with the unit lower
triangular :math:`M = (I - V)^{-1}`

.. math:: C_{g,1} = (M w_{\cdot,1})_g, \qquad C_{g,j+1} = M_{g,j} - [g = j], \qquad D_{g,i} = M_{g,i}\,\omega_i,

since the noise of block j + 1 and that of the real samples of generation j enter through model j alike. One
triangular inverse in LAPACK is the whole cost: :math:`G^3/3` operations instead of as many exact ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.lapack import dtrtri
from sympy import Rational

from numerics.threads import single_threaded_algebra
from theory.errors import DomainError
from theory.expressions.arguments import generation
from theory.workflows.base import Workflow, exact_weights

Array = NDArray[np.float64]


def pathway_coefficients(workflow: Workflow, generations: int) -> tuple[Array, Array]:
    r"""C and D in doubles: how much of the noise of each block, and of each batch of real data, is in each model.

    Parameters
    ----------
    workflow : Workflow
        With numbers for every parameter.
    generations : int
        G.

    Returns
    -------
    C, D : (G, G)
        Lower triangular.

    Raises
    ------
    DomainError
        When a row of weights is not g numbers that sum to 1. Fractions are summed in doubles: a row is refused when its
        sum is further from 1 than rounding g numbers can explain.

    Notes
    -----
    For nonnegative weights every entry of M comes from products and sums of nonnegative numbers, so that each
    coefficient is accurate relative to itself, to some multiple of G times the unit roundoff. The workflow's own
    ``weights`` make G²/2 fractions: lists of Python's ``Fraction`` are faster to write than SymPy's rationals.

    Examples
    --------
    >>> from sympy import Rational
    >>> from numerics.pathway_table import pathway_coefficients
    >>> from theory import Weighted
    >>> C, D = pathway_coefficients(Weighted(lambda g: [Rational(1, g)] * g), 3)
    >>> C[2].round(12).tolist()
    [1.0, 0.5, 0.333333333333]
    """
    last = generation("generations", generations)
    weights, fresh = weight_table(workflow, last)
    system = np.eye(last, order="F")
    system[:, :-1] -= weights[:, 1:]
    with single_threaded_algebra():
        # Threads cost LAPACK more here than they bring.
        inverse, info = dtrtri(system, lower=1, unitdiag=1, overwrite_c=1)
    assert info == 0, "a unit triangular matrix has an inverse"
    blocks = np.empty((last, last))
    blocks[:, 0] = inverse @ weights[:, 0]
    blocks[:, 1:] = inverse[:, :-1]
    blocks[np.arange(last - 1), np.arange(1, last)] -= 1.0
    return blocks, inverse * fresh if fresh.ndim == 1 else inverse @ fresh


def weight_table(workflow: Workflow, generations: int) -> tuple[Array, Array]:
    """W, (G, G) and lower triangular, and the weights ω of the fresh real data, (G,), in doubles.

    Where real data of earlier generations are kept, ω is (G, G).
    """
    shape = (generations, generations)
    table, fresh = np.zeros(shape), np.zeros(shape if workflow.keeps_fresh else generations)
    for g in range(1, generations + 1):
        row = workflow.weights(g)
        floats = _quotients(row) if isinstance(row, Sequence) else None
        if floats is None or len(floats) != g:
            # Whatever is not a list of fractions is verified and read in exact arithmetic.
            floats = [_number(workflow, g, value) for value in exact_weights(workflow, g)]
        table[g - 1, :g] = floats
        if workflow.keeps_fresh:
            fresh[g - 1, :g] = [_number(workflow, g, weight) for weight in workflow.fresh_weights(g)]
        elif g > 1:
            fresh[g - 1] = _number(workflow, g, workflow.fresh_weight(g))
    _verify_sums(workflow, table, fresh)
    return table, fresh


def _quotients(row: Sequence[object]) -> list[float] | None:
    """Fractions as correctly rounded quotients of whole numbers; None for a row with anything else."""
    floats = []
    for value in row:
        if isinstance(value, Rational):
            floats.append(value.p / value.q if value.q else np.nan)
        elif isinstance(value, Fraction):
            floats.append(value.numerator / value.denominator)
        elif type(value) is int:
            floats.append(float(value))
        else:
            return None
    return floats


def _number(workflow: Workflow, g: int, value: object) -> float:
    if isinstance(value, Rational):
        # Quotients of whole numbers are rounded once, however long they are.
        return float(value.p / value.q)
    try:
        return float(value)  # type: ignore[arg-type]
    except TypeError:
        raise DomainError(f"{type(workflow).__name__}.weights({g}) has {value}, which is no number.") from None


def _verify_sums(workflow: Workflow, table: Array, fresh: Array) -> None:
    """Each row sums to 1, up to what rounding its entries and adding them pairwise can change."""
    shares = fresh if fresh.ndim == 1 else fresh.sum(axis=1)
    sums = table.sum(axis=1) + shares
    size = np.abs(table).sum(axis=1) + np.abs(shares)
    generations = np.arange(1, len(sums) + 1)
    allowed = 2.0 * np.finfo(float).eps * size * (1 + np.log2(generations + 1))
    wrong = np.flatnonzero(~(np.abs(sums - 1.0) <= allowed))
    if wrong.size:
        g = int(wrong[0]) + 1
        raise DomainError(f"{type(workflow).__name__}.weights({g}) sums to {sums[g - 1]}: the weights must sum to 1.")
