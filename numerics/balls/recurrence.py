r"""Running a risk recurrence in ball arithmetic, where there is no closed form.

The radius of each ball bounds what rounding has done on the way, so the value at generation G is either
accurate enough or the whole run is repeated with more bits. Nothing is assumed about stability.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import lru_cache, reduce
from typing import Any, TypeAlias

from flint import acb, arb, arb_mat, ctx, fmpz, fmpz_poly
from sympy import QQ, Expr, Integer, Poly, PolynomialError, Symbol, fraction, ilcm, lcm, quo, together

from theory.errors import DomainError
from theory.expressions.arguments import shown
from theory.expressions.balls import BallProgram, BallPrograms
from theory.moments.recurrence import MomentRecurrence
from theory.workflows.base import Workflow, exact_weights

LONGEST_RUN = 5 * 10**6
"""Steps that are run rather than refused: half a minute for rational coefficients."""

SHORT_RUN = 2000
"""Steps for which clearing denominators first does not pay."""

LONGEST_PATHWAY = 1000
"""Generations whose every weight is written down rather than refused."""

INFINITE = acb(arb.pos_inf())


def run_moments(recurrence: MomentRecurrence, generations: Collection[int], bits: int) -> dict[int, acb]:
    """The risk at some generations; :data:`INFINITE` from the first one whose risk is infinite."""
    last = max(generations)
    if recurrence.margin is None:
        _verify_reach(last, last)
    wanted = set(generations)
    found: dict[int, acb] = {}
    with ctx.workprec(bits):
        scale = _constant(recurrence.scale, bits)
        offset = _constant(recurrence.offset, bits)
        early = [_constant(value, bits) for value in recurrence.early]
        for g in wanted & set(range(1, len(early) + 1)):
            found[g] = offset + scale * early[g - 1]
        stage = _stage(recurrence, bits, last)
        state = stage.enter([_constant(entry, bits) for entry in recurrence.initial])
        g = int(recurrence.start) - 1
        finite = stage.is_finite(max(g, 1))
        if g in wanted:
            found[g] = offset + scale * stage.risk(g, state) if finite else INFINITE
        while g < last and finite:
            g += 1
            _verify_reach(g, last)
            if stage.recurrence.continuation is not None and g >= int(stage.recurrence.continuation[0]):
                reached = stage.leave(state)
                stage = _stage(stage.recurrence.continuation[1], bits, last)
                state = stage.enter(reached)
            finite = stage.is_finite(g)
            if not finite:
                break
            state = stage.step(g, state)
            if g in wanted:
                found[g] = offset + scale * stage.risk(g, state)
    return {g: found.get(g, INFINITE) for g in wanted}


def _verify_reach(g: int, last: int) -> None:
    if g > LONGEST_RUN:
        raise DomainError(
            f"generations = {shown(last)} is out of reach: without a closed form the recurrence is run step by step, "
            f"for generations up to {LONGEST_RUN}."
        )


def _stage(recurrence: MomentRecurrence, bits: int, last: int) -> _Stage:
    if _is_steady(recurrence):
        return _SteadyStage(recurrence, bits)
    make = _RationalStage if last > SHORT_RUN and _integer_table(recurrence) is not None else _Stage
    return make(recurrence, bits)


class _Stage:
    """A recurrence with its coefficients as functions of the generation, at one precision."""

    def __init__(self, recurrence: MomentRecurrence, bits: int) -> None:
        self.recurrence = recurrence
        symbol, size = recurrence.symbol, recurrence.matrix.shape[0]
        table = [(row, col, recurrence.matrix[row, col]) for row in range(size) for col in range(size)]
        table += [(row, size, recurrence.forcing[row]) for row in range(size)]
        written = [(row, col, entry) for row, col, entry in table if entry != 0]
        # One program for all entries: an irrational power of g is taken once a step.
        self._places = [(row, col) for row, col, _ in written]
        self._entries = _functions(tuple(entry for _, _, entry in written), symbol, bits)
        self._readout = [
            (col, _function(recurrence.readout[col], symbol, bits))
            for col in range(size)
            if recurrence.readout[col] != 0
        ]
        self._shift = _function(recurrence.shift, symbol, bits)
        margin = recurrence.margin
        self._margin = None if margin is None else _function(margin, symbol, bits)

    def is_finite(self, g: int) -> bool:
        if self._margin is None:
            return True
        spare = self._margin(g).real - 1
        if spare > 0:
            return True
        if spare < 0:
            return False
        # Too close to call: decide exactly.
        exact = self.recurrence.margin
        assert exact is not None
        return (exact.subs(self.recurrence.symbol, Integer(g)) - 1).is_negative is not True

    def enter(self, moments: list[acb]) -> Any:
        """The moments in the form in which this stage carries them on."""
        return moments

    def leave(self, state: Any) -> list[acb]:
        """The moments themselves."""
        return list(state)

    def step(self, g: int, state: Any) -> Any:
        moments = [*state, None]
        new = [acb(0) for _ in state]
        for (row, col), entry in zip(self._places, self._entries(g), strict=True):
            moment = moments[col]
            new[row] += entry if moment is None else entry * moment
        return new

    def risk(self, g: int, state: Any) -> acb:
        total = self._shift(g)
        for col, coefficient in self._readout:
            total = total + coefficient(g) * state[col]
        return total


class _RationalStage(_Stage):
    """The same with rational coefficients over one common denominator, all of them integer polynomials in g."""

    def __init__(self, recurrence: MomentRecurrence, bits: int) -> None:
        super().__init__(recurrence, bits)
        table = _integer_table(recurrence)
        assert table is not None
        self._denominator, self._numerators = table

    def step(self, g: int, state: Any) -> Any:
        at = fmpz(g)
        denominator = self._denominator(at)
        new = []
        for entries, forcing in self._numerators:
            total = acb(forcing(at))
            for col, numerator in entries:
                total += numerator(at) * state[col]
            new.append(total / denominator)
        return new


class _SteadyStage(_Stage):
    """The same with real coefficients that stay as they are: the moments and a 1 below them, moved by one matrix."""

    def __init__(self, recurrence: MomentRecurrence, bits: int) -> None:
        super().__init__(recurrence, bits)
        size = recurrence.matrix.shape[0]
        self._step, self._read = arb_mat(size + 1, size + 1), arb_mat(1, size + 1)
        for (row, col), entry in zip(self._places, self._entries(1), strict=True):
            self._step[row, col] = entry.real
        self._step[size, size] = 1
        for col, coefficient in self._readout:
            self._read[0, col] = coefficient(1).real
        self._read[0, size] = self._shift(1).real

    def enter(self, moments: list[acb]) -> Any:
        return arb_mat(len(moments) + 1, 1, [*(moment.real for moment in moments), arb(1)])

    def leave(self, state: Any) -> list[acb]:
        return [acb(state[row, 0]) for row in range(state.nrows() - 1)]

    def step(self, g: int, state: Any) -> Any:
        return self._step * state

    def risk(self, g: int, state: Any) -> acb:
        return acb((self._read * state)[0, 0])


@lru_cache(maxsize=64)
def _is_steady(recurrence: MomentRecurrence) -> bool:
    """Whether every step is the same, and everything in it known to be real."""
    steps = [*recurrence.matrix, *recurrence.forcing, *recurrence.readout, recurrence.shift]
    return all(not e.free_symbols and e.is_extended_real for e in steps) and all(
        m.is_extended_real for m in recurrence.initial
    )


_Rows: TypeAlias = list[tuple[list[tuple[int, fmpz_poly]], fmpz_poly]]


@lru_cache(maxsize=64)
def _integer_table(recurrence: MomentRecurrence) -> tuple[fmpz_poly, _Rows] | None:
    """Common denominator, and numerators of matrix and forcing; None when an entry is not rational over Q."""
    symbol, size = recurrence.symbol, recurrence.matrix.shape[0]
    entries = [*recurrence.matrix, *recurrence.forcing]
    if any(entry.free_symbols - {symbol} or not entry.is_rational_function(symbol) for entry in entries):
        return None
    try:
        parts = [[Poly(part, symbol, domain=QQ) for part in fraction(together(entry))] for entry in entries]
    except PolynomialError:
        return None
    common = reduce(lcm, (bottom for _, bottom in parts), Poly(1, symbol, domain=QQ))
    raised = [top * quo(common, bottom) for top, bottom in parts]
    integer = reduce(ilcm, (c.q for polynomial in (common, *raised) for c in polynomial.all_coeffs()), 1)
    cleared = [fmpz_poly([int(c) for c in (p * integer).all_coeffs()[::-1]]) for p in (common, *raised)]
    rows: _Rows = []
    for row in range(size):
        numerators = cleared[1 + row * size : 1 + (row + 1) * size]
        present = [(col, numerator) for col, numerator in enumerate(numerators) if numerator.degree() >= 0]
        rows.append((present, cleared[1 + size * size + row]))
    return cleared[0], rows


@lru_cache(maxsize=512)
def _program(expression: Expr, symbol: Symbol) -> BallProgram:
    return BallProgram(expression, symbol)


@lru_cache(maxsize=64)
def _programs(expressions: tuple[Expr, ...], symbol: Symbol) -> BallPrograms:
    return BallPrograms(expressions, symbol)


def _functions(expressions: tuple[Expr, ...], symbol: Symbol, bits: int) -> Callable[[int], list[acb]]:
    return _programs(expressions, symbol).all_at_precision(bits)


def _function(expression: Expr, symbol: Symbol, bits: int) -> Callable[[int], acb]:
    program = _program(expression, symbol)
    function = program.at_precision(bits)
    if not program.is_constant:
        return function
    value = function(1)
    return lambda g: value


def _constant(expression: Expr, bits: int) -> acb:
    return BallProgram(expression, Symbol("g")).at_precision(bits)(1)


def run_pathway(
    workflow: Workflow,
    curvature: Expr,
    scale: Expr,
    offset: Expr,
    generations: Collection[int],
    bits: int,
) -> dict[int, acb]:
    r"""The risk from the weights alone.

    With W the lower triangular table of weights and S the shift by one generation, the pathway table
    solves :math:`C = W + W S C`, one triangular solve in ball arithmetic; real samples drawn afresh enter as
    :math:`D = (I - W S)^{-1}\,\mathrm{diag}(\omega)`.
    """
    last = max(generations)
    if last > LONGEST_PATHWAY:
        raise DomainError(
            f"generations = {shown(last)} is out of reach: {type(workflow).__name__} has no recursion in the "
            f"generation, and its weights are written down for generations up to {LONGEST_PATHWAY}."
        )
    with ctx.workprec(bits):
        weights = arb_mat(last, last)
        system = arb_mat(last, last)
        for row in range(last):
            system[row, row] = 1
            for col, weight in enumerate(exact_weights(workflow, row + 1)):
                if weight != 0:
                    ball = _constant(weight, bits).real
                    weights[row, col] = ball
                    if col > 0:
                        system[row, col - 1] = system[row, col - 1] - ball
        identity = arb_mat(last, last, [int(row == col) for row in range(last) for col in range(last)])
        inverse = system.solve(identity)
        blocks = inverse * weights
        sizes = [_constant(workflow.size(index), bits).real for index in range(1, last + 1)]
        real = arb_mat(last, last)
        for row in range(1, last):
            for col, share in enumerate(workflow.fresh_weights(row + 1)):
                if share != 0:
                    real[row, col] = _constant(share, bits).real
        travelled = inverse * real
        amounts = [_constant(workflow.fresh_size(g), bits).real for g in range(1, last + 1)]
        curved, factor, shift = (_constant(value, bits) for value in (curvature, scale, offset))
        moments = [acb(0)]
        for row in range(last):
            total = acb(0)
            for col in range(row + 1):
                total += acb(blocks[row, col]) ** 2 * (1 + curved * moments[col]) / sizes[col]
            for col in range(1, row + 1):
                if not real[col, col].is_zero():
                    total += acb(travelled[row, col]) ** 2 / amounts[col]
            moments.append(total)
        return {g: shift + factor * moments[g] for g in generations}
