"""Modes of triangular constant steps, by running the steps in fractions."""

from __future__ import annotations

import pytest
from sympy import Matrix, Rational, Symbol, simplify

from theory.expressions.symbols import G
from theory.solver.triangular import triangular_modes

a, b = Symbol("a", positive=True), Symbol("b", positive=True)
HALF = Rational(1, 2)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1)])
def test_three_moments_that_drive_one_another(order) -> None:
    """In any order, with symbols, against the steps themselves."""
    matrix = Matrix([[a, 0, 0], [b, HALF, 0], [1, a + b, -b]]).extract(order, order)
    forcing, readout = Matrix([1, 0, b]).extract(order, [0]), Matrix([[1, 2, a]]).extract([0], order)
    state = Matrix([0, 1, a]).extract(order, [0])
    found = triangular_modes(matrix, forcing, readout, state, G)
    assert found is not None
    for steps in range(5):
        assert simplify(found.subs(G, steps) - (readout * state)[0]) == 0
        state = matrix * state + forcing


@pytest.mark.parametrize(
    "matrix",
    [
        Matrix([[a, 0], [1, a]]),  # a rate twice
        Matrix([[1, 0], [1, a]]),  # that of the constant
        Matrix([[0, 0], [1, a]]),  # dies out at once
        Matrix([[a, 1], [1, b]]),  # both ways
        Matrix([[a**HALF, 0], [1, b]]),  # not rational
    ],
)
def test_other_steps_are_left_to_others(matrix) -> None:
    assert triangular_modes(matrix, Matrix([1, 1]), Matrix([[0, 1]]), Matrix([0, 0]), G) is None
