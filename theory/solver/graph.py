"""Which moments feed which: the pattern of a matrix, read as a graph."""

from __future__ import annotations

from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter

from sympy import Matrix


def reached(matrix: Matrix, start: set[int]) -> set[int]:
    """The indices that some of ``start`` lead to, through any number of entries (row, column) that are not zero."""
    found = set(start)
    while True:
        more = {col for row in found for col in range(matrix.cols) if matrix[row, col] != 0}
        if more <= found:
            return found
        found |= more


def feeding(matrix: Matrix) -> dict[int, set[int]]:
    """By each moment the others that its step depends on."""
    size = matrix.rows
    return {row: {col for col in range(size) if col != row and matrix[row, col] != 0} for row in range(size)}


def in_turn(sources: Mapping[int, set[int]]) -> list[int] | None:
    """An order in which every moment comes after those that it depends on; None where they go round in a circle."""
    try:
        return list(TopologicalSorter(sources).static_order())
    except CycleError:
        return None
