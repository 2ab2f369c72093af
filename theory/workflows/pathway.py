r"""The pathway: how the noise of each generation travels into later models.

For deterministic weights,
:math:`\delta_g = \sum_j w_{g,j} (\delta_{j-1} + \varepsilon_j) + \sum_i \omega_{g,i} \varrho_i`, hence
:math:`\delta_g = \sum_j C_{g,j}\,\varepsilon_j + \sum_i D_{g,i}\,\varrho_i` with
:math:`C_{g,\cdot} = w_{g,\cdot} + \sum_{i > 1} w_{g,i}\, C_{i-1,\cdot}` and the same for D.
Works for any workflow, from its weights alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from flint import fmpq
from sympy import Expr, N, Rational, S, expand, zeros

from theory.errors import DomainError
from theory.expressions.fraction_field import in_lowest_terms
from theory.workflows.base import Workflow, exact_weights
from theory.workflows.dynamics import GENERATION, LinearDynamics

Row = tuple[list[Expr], list[Expr]]


class Pathways:
    """Iterate over (C_{g,1..g}, D_{g,1..g}) for g = 1, 2, …: exact; or of irrational weights to ``digits``."""

    def __init__(self, workflow: Workflow, digits: int | None = None) -> None:
        self._workflow, self._digits = workflow, digits
        self.rounded = False  # whether an irrational number was met, and rounded

    def __iter__(self) -> Iterator[Row]:
        workflow = self._workflow
        earlier: list[tuple[list[Any], list[Any]]] = []
        rational = True  # FLINT's rationals as long as every weight is one
        while True:
            g = len(earlier) + 1
            weights: list[Any] = exact_weights(workflow, g)
            shares: list[Any] = workflow.fresh_weights(g)
            if self._digits is not None:
                self.rounded |= any(map(_is_irrational, (*weights, *shares)))
                weights, shares = ([_to_digits(value, self._digits) for value in row] for row in (weights, shares))
            if rational and not all(isinstance(weight, Rational) for weight in (*weights, *shares)):
                rational = False
                earlier = [([_rational(c) for c in block], [_rational(d) for d in fresh]) for block, fresh in earlier]
            if rational:
                weights, shares = ([_flint(value) for value in row] for row in (weights, shares))
            block, fresh = list(weights), list(shares)
            for index in range(2, g + 1):
                weight = weights[index - 1]
                if not weight:
                    continue
                past_block, past_fresh = earlier[index - 2]
                for source in range(index - 1):
                    block[source] += weight * past_block[source]
                    if past_fresh[source]:
                        fresh[source] += weight * past_fresh[source]
            if not rational:
                block, fresh = [_collected(c) for c in block], [_collected(d) for d in fresh]
            earlier.append((block, fresh))
            yield ([_rational(c) for c in block], [_rational(d) for d in fresh]) if rational else (block, fresh)


def _collected(value: Expr) -> Expr:
    """A number written out, so that powers of a root fold: products of sums double at every generation."""
    return expand(value) if value.is_number and not value.is_Rational else value


def _to_digits(value: Any, digits: int) -> Expr:
    """A number as a rational one with so many digits right; what has symbols as it is."""
    return Rational(N(value, digits)) if _is_irrational(value) else value


def _is_irrational(value: Any) -> bool:
    """Whether it is a real number that is not known to be rational."""
    return not isinstance(value, int) and bool(value.is_number and value.is_real and not value.is_Rational)


def _flint(value: Rational) -> fmpq:
    return fmpq(value.p, value.q)


def _rational(value: fmpq) -> Rational:
    return Rational(int(value.p), int(value.q))


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


#: Irrational pathways are compared as decimals: written out exactly, they double at every generation.
DIGITS, APART = 60, Rational(1, 10**35)


def verify_dynamics(workflow: Workflow, dynamics: LinearDynamics, upto: int) -> None:
    """Raise DomainError at the first generation where a stated recursion is not that of the weights."""
    stated, pathways, rounded = unrolled(dynamics, upto, DIGITS), Pathways(workflow, DIGITS), False
    for g, (block, fresh) in enumerate(islice(pathways, upto), start=1):
        rounded |= pathways.rounded or _rounds(dynamics, g)
        if g not in stated:
            continue
        for name, expected, found in (("C", block, stated[g][0]), ("D", fresh, stated[g][1])):
            for index in range(g):
                difference = expand(expected[index] - found[index])
                if difference == 0 or (rounded and difference.is_number and abs(difference) < APART):
                    continue
                if in_lowest_terms(difference) != 0:
                    raise DomainError(
                        f"dynamics agree with weights: broken at g = {g}, where {name}[{g},{index + 1}] is "
                        f"{_shown(expected[index])} by the weights and {_shown(found[index])} by dynamics()."
                    )


def _rounds(dynamics: LinearDynamics, g: int) -> bool:
    parts = (dynamics.transition, dynamics.innovation, dynamics.readout, dynamics.fresh, dynamics.initial)
    return any(_is_irrational(entry) for part in parts for entry in part.subs(GENERATION, g))


def _shown(value: Expr) -> Expr:
    """A fraction of sixty digits as the decimal that it stands for."""
    return N(value, 15) if value.is_Rational and value.q > 10**20 else value


def unrolled(dynamics: LinearDynamics, upto: int, digits: int | None = None) -> dict[int, Row]:
    """Pathway coefficients by running a stated recursion; with ``digits``, of irrational entries so rounded."""

    def at(matrix: Any, g: int) -> Any:
        found = matrix.subs(GENERATION, g)
        return found if digits is None else found.applyfunc(lambda entry: _to_digits(entry, digits))

    size = dynamics.transition.shape[0]
    block, fresh = zeros(size, upto), zeros(size, upto)
    for col in range(min(upto, dynamics.start - 1)):
        block[:, col] = at(dynamics.initial[:, col], 1)
    found = {}
    for g in range(max(1, dynamics.start - 1), upto + 1):
        if g >= dynamics.start:
            transition = at(dynamics.transition, g).as_mutable()
            block, fresh = transition * block, transition * fresh
            block[:, g - 1] += at(dynamics.innovation, g)
            fresh[:, g - 1] += at(dynamics.fresh, g)
        readout = at(dynamics.readout, g)
        found[g] = (list(readout * block), list(readout * fresh))
    return found
