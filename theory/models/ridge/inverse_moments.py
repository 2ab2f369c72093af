r"""E tr W⁻ᵏ of a real Wishart matrix, exactly, by zonal polynomials.

The power sum :math:`p_k` is :math:`2k \sum_\kappa \theta_\kappa Z_\kappa / H(2\kappa)` over the partitions κ of k,
with :math:`\theta_\kappa = \prod (2(j-1) - (i-1))` over the boxes (i, j) other than (1, 1), and H(2κ) the product of
the hooks of 2κ. θ vanishes where κ holds the box (3, 2), so that κ = (a, b, 1, …, 1). With N rows

.. math:: E Z_\kappa(W^{-1}) = \prod_{(i,j) \in \kappa} \frac{d + 2(j-1) - (i-1)}{N - d - 1 + (i-1) - 2(j-1)}.

Muirhead (1982), Aspects of Multivariate Statistical Theory, chapter 7; Macdonald (1995), VII.2, for the coefficients.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from math import prod

from flint import fmpq


@lru_cache(maxsize=1024)
def inverse_moments(k: int, d: int) -> tuple[tuple[fmpq, tuple[int, ...]], ...]:
    """E tr W⁻ᵏ of N ≥ d + 2k rows as a sum of c/Π(N − a): each c, and its numbers a, which are all different.

    Examples
    --------
    >>> terms = inverse_moments(2, 3)
    >>> sum(c / prod(10 - a for a in poles) for c, poles in terms)  # 3·9/(7·6·4)
    9/56
    """
    found = []
    for shape in _shapes(k):
        boxes = [(row, col) for row, length in enumerate(shape) for col in range(length)]
        size = prod(d + 2 * col - row for row, col in boxes)
        if size == 0:
            continue  # more rows than d
        theta = prod(2 * col - row for row, col in boxes if row or col)
        weight = fmpq(2 * k * theta * size, _hooks(tuple(2 * length for length in shape)))
        found.append((weight, tuple(d + 1 - row + 2 * col for row, col in boxes)))
    return tuple(found)


@lru_cache(maxsize=1024)
def over_rows(k: int, d: int) -> dict[int, fmpq]:
    """E tr W⁻ᵏ/N in partial fractions: the A of every A/(N − a), a = 0 among them; they add up to 0."""
    found: dict[int, fmpq] = {}
    for weight, poles in inverse_moments(k, d):
        for pole in (0, *poles):
            others = prod((pole - other for other in (0, *poles) if other != pole), start=1)
            found[pole] = found.get(pole, fmpq(0)) + weight / others
    return found


def _shapes(k: int) -> Iterator[tuple[int, ...]]:
    """The partitions (a, b, 1, …, 1) of k."""
    yield (k,)
    for second in range(1, k // 2 + 1):
        for first in range(second, k - second + 1):
            yield (first, second, *[1] * (k - first - second))


def _hooks(shape: tuple[int, ...]) -> int:
    """The product of the lengths of all hooks."""
    heights = [sum(length > col for length in shape) for col in range(shape[0])]
    return prod(length - col + heights[col] - row - 1 for row, length in enumerate(shape) for col in range(length))
