"""Polynomials in a few letters, with coefficients in an exact field or among expressions: sums and expectations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Letters = dict[tuple[int, ...], Any]
"""Coefficients by the exponents of the letters."""


def linear(row: Sequence[Any]) -> Letters:
    """Σ coefficient · letter."""
    return {tuple(int(index == at) for index in range(len(row))): value for at, value in enumerate(row) if value}


def added(left: Letters, right: Letters, factor: Any = 1) -> Letters:
    """left + factor · right."""
    total = dict(left)
    for key, value in right.items():
        total[key] = total[key] + value * factor if key in total else value * factor
    return total


def times(left: Letters, right: Letters) -> Letters:
    """The product."""
    total: Letters = {}
    for a, value in left.items():
        for b, other in right.items():
            key = tuple(map(int.__add__, a, b))
            total[key] = total[key] + value * other if key in total else value * other
    return total


def powers(base: Letters, one: Letters, order: int) -> list[Letters]:
    """1, base, base², …"""
    found = [one]
    for _ in range(order):
        found.append(times(found[-1], base))
    return found


def expected(polynomial: Letters, letter: int, moments: Sequence[Letters]) -> Letters:
    """The polynomial with the r-th power of a letter replaced by its r-th moment, itself a polynomial."""
    total: Letters = {}
    for key, value in polynomial.items():
        rest = (*key[:letter], 0, *key[letter + 1 :])
        total = added(total, times({rest: value}, moments[key[letter]]))
    return total
