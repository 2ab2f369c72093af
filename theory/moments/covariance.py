"""Several coupled models: their covariances as one recurrence, and their risks picked out of the chain of all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from flint import fmpq, fmpq_mat, fmpz, fmpz_mat
from sympy import Expr, Rational, ones

from theory.moments.recurrence import MomentRecurrence, Recurrence
from theory.workflows.base import Workflow
from theory.workflows.dynamics import CovarianceDynamics


@dataclass(frozen=True)
class CovarianceRecurrence(MomentRecurrence):
    r"""Moments of coupled models, in constant steps from generation 2 on.

    Rational ones are run over the common denominator D of all coefficients: :math:`D^g m_g` are whole numbers, and no
    fraction is cancelled on the way.
    """

    def values(self) -> Iterator[Expr]:
        """Exact risks at generations 1, 2, …"""
        if not self._is_rational:
            yield from super().values()
            return
        for numerator, denominator in self._numerators():
            yield self.offset + self.scale * _fraction(numerator, denominator)

    def at(self, generation: int) -> Expr:
        """Exact risk at one generation."""
        if not self._is_rational:
            return super().at(generation)
        numerator, denominator = next(islice(self._numerators(), generation - 1, None))
        return self.offset + self.scale * _fraction(numerator, denominator)

    @property
    def _is_rational(self) -> bool:
        entries = (*self.matrix, *self.forcing, *self.readout, *self.initial, self.shift)
        return self.margin is None and self.start == 2 and all(entry.is_Rational for entry in entries)

    def _numerators(self) -> Iterator[tuple[fmpz, fmpz]]:
        size = self.matrix.shape[0]
        step, common = _flint([*self.matrix, *self.forcing], size, size + 1, self.matrix.tolist(), self.forcing)
        entries = [*self.initial, *self.readout, self.shift]
        others, shared = _flint(entries, 1, len(entries), [], entries)
        flat = others.entries()
        state = fmpz_mat(size + 1, 1, [*flat[:size], shared])
        readout, shift = fmpz_mat(1, size + 1, [*flat[size : 2 * size], fmpz(0)]), flat[-1]
        # The last component is the common denominator itself, so that forcing is a column like the others.
        whole = fmpz_mat(size + 1, size + 1, [*step.entries(), *([0] * size), common])
        while True:
            below = state[size, 0]
            yield (readout * state)[0, 0] + shift * below, shared * below
            state = whole * state


def _flint(entries: list[Any], rows: int, cols: int, square: list[Any], column: Any) -> tuple[fmpz_mat, fmpz]:
    """The numerators of rationals over their common denominator, and that; a square matrix with a column beside it."""
    listed = entries
    if square:
        listed = [value for row, last in zip(square, column, strict=True) for value in (*row, last)]
    table = fmpq_mat(rows, cols, [fmpq(int(value.p), int(value.q)) for value in listed])
    return table.numer_denom()


def _fraction(numerator: fmpz, denominator: fmpz) -> Rational:
    found = fmpq(numerator, denominator)
    return Rational(int(found.p), int(found.q))


def covariance_moments(dynamics: CovarianceDynamics, curvature: Expr) -> CovarianceRecurrence:
    """The recurrence of second moments for a model of this curvature."""
    return CovarianceRecurrence(
        start=2,
        matrix=dynamics.transition + curvature * dynamics.noise * dynamics.risks,
        forcing=dynamics.noise * ones(dynamics.noise.shape[1], 1) + dynamics.fresh,
        readout=dynamics.readout,
        initial=dynamics.initial,
        adds_noise=True,
    )


@dataclass(frozen=True)
class InTurn(Recurrence):
    """The risk of one of several models that take turns in a chain: exact values at its places, and no more.

    Attributes
    ----------
    of_chain : the risk of the chain
    workflow : whose model ``g`` is model ``workflow.place(g)`` of the chain
    """

    of_chain: Recurrence
    workflow: Workflow

    def values(self) -> Iterator[Expr]:
        """Exact risks at generations 1, 2, …"""
        g, wanted = 1, self.workflow.place(1)
        for index, value in enumerate(self.of_chain.values(), start=1):
            if index == wanted:
                yield self.offset + self.scale * value
                g, wanted = g + 1, self.workflow.place(g + 1)

    @property
    def enclosure(self) -> Callable[[int], tuple[Rational, Rational]] | None:
        """Two numbers with the risk between them, where the chain has such; else None."""
        own = getattr(self.of_chain, "enclosure", None)
        return None if own is None else lambda generation: own(self.workflow.place(generation))


def in_turn(of_chain: Recurrence, workflow: Workflow) -> InTurn:
    """The same risk at the places of a workflow's models."""
    return InTurn(of_chain, workflow, domain=of_chain.domain, exactness=of_chain.exactness)
