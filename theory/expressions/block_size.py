r"""Sizes that are not known yet: of a block, and of what is kept of all blocks.

They stand for random sizes while a recurrence is composed: given the sizes it is that of any schedule, and only then
the mean over all sizes is taken (:mod:`theory.moments.over_sizes`).
"""

from __future__ import annotations

from typing import Any

from sympy import Expr, Function, Integer, Lambda, S

#: Generations whose pool is written as the blocks that it has.
_WRITTEN_OUT = 8


class BlockSize(Function):
    """The size of a block, its least size beside it.

    Examples
    --------
    >>> BlockSize(3, 1).is_positive
    True
    """

    nargs = 2
    is_number = False
    is_integer = True
    is_positive = True


class PoolSize(Function):
    r"""What is kept of blocks 1 … g, :math:`M_g = q_g M_{g-1} + N_g`, with the rate q a function of the generation.

    That of generation g − k is written by the one of generation g.

    Examples
    --------
    >>> from sympy import Symbol
    >>> x = Symbol("x")
    >>> PoolSize(3, 1, Lambda(x, 1))
    BlockSize(1, 1) + BlockSize(2, 1) + BlockSize(3, 1)
    >>> g = Symbol("g", integer=True, positive=True)
    >>> PoolSize(g - 1, 1, Lambda(x, 1)) == PoolSize(g, 1, Lambda(x, 1)) - BlockSize(g, 1)
    True
    """

    nargs = 3
    is_number = False
    is_positive = True

    @classmethod
    def eval(cls, index: Expr, least: Expr, rate: Lambda) -> Any:
        """In terms of block sizes at a number, and of the latest pool at an earlier generation."""
        if index.is_Integer and index <= _WRITTEN_OUT:
            total: Expr = S.Zero
            for block in range(1, int(index) + 1):
                total = rate(Integer(block)) * total + BlockSize(block, least)
            return total
        if not index.is_number and index.as_coeff_Add()[0].is_negative:
            later = index + 1
            return (cls(later, least, rate) - BlockSize(later, least)) / rate(later)
        return None
