r"""Risks of forgetting and of age-weighted workflows in ball arithmetic: a running memory, and power series."""

from __future__ import annotations

from collections.abc import Collection
from itertools import accumulate, islice

from flint import acb, acb_series, ctx
from sympy import Expr, Symbol

from numerics.balls.recurrence import LONGEST_RUN
from theory.errors import DomainError
from theory.expressions.arguments import shown
from theory.expressions.balls import BallProgram
from theory.expressions.symbols import j, l
from theory.moments.bent import BentFading
from theory.moments.fading import FadingRecurrence
from theory.moments.renewal import RenewalRecurrence
from theory.workflows.ages import Ages, law_of

LONGEST_SERIES = 2 * 10**5
"""Ages whose renewal sequence is worked out rather than refused: some seconds."""


def run_fading(recurrence: FadingRecurrence, generations: Collection[int], bits: int) -> dict[int, acb]:
    """The risk at some generations, by the memory and the risk itself, generation by generation."""
    last = _within(max(generations), LONGEST_RUN)
    memory = recurrence.memory
    wanted, found = set(generations), {}
    with ctx.workprec(bits):
        rate, size = (BallProgram(part, j).at_precision(bits) for part in (memory.rate, memory.sizes))
        curvature, scale, offset = _constants(recurrence, bits)
        remembered, risk = acb(0), acb(0)
        for g in range(1, last + 1):
            block = size(g)
            remembered = block if g == 1 else rate(g) * remembered + block
            risk += block / (remembered * remembered) * (1 + curvature * risk)
            if g in wanted:
                found[g] = offset + scale * risk
    return found


def run_bent_fading(recurrence: BentFading, generations: Collection[int], bits: int) -> dict[int, acb]:
    """A part of the risk of a bent loop at some generations, by the two moments of its weighted mean."""
    last = _within(max(generations), LONGEST_RUN)
    wanted = set(generations)
    with ctx.workprec(bits):
        scale, offset = _constant(recurrence.scale, bits), _constant(recurrence.offset, bits)
        moments = islice(recurrence.moments(lambda part: _constant(part, bits)), last)
        return {g: offset + scale * recurrence.part_of(*both) for g, both in enumerate(moments, start=1) if g in wanted}


def run_renewal(recurrence: RenewalRecurrence, generations: Collection[int], bits: int) -> dict[int, acb]:
    """The risk at some generations, by the power series of the renewal equation."""
    last = _within(max(generations), LONGEST_SERIES)
    law, before = law_of(recurrence.ages.weight), ctx.cap
    with ctx.workprec(bits):
        ctx.cap = last
        try:
            weights = _weights(law, last, bits)
            renewal = 1 / acb_series([1, *(-weight for weight in weights)], prec=last)
            squares = [renewal[m] ** 2 for m in range(last)]
            curvature, scale, offset = _constants(recurrence, bits)
            moments = list(accumulate(squares))
            if recurrence.curvature != 0:
                below = acb_series([1, *(-curvature * v for v in squares[1:])], prec=last)
                solved = acb_series(moments, prec=last) / below
                moments = [solved[index] for index in range(last)]
            return {g: offset + scale * moments[g - 1] for g in set(generations)}
        finally:
            ctx.cap = before


def _weights(law: Ages, last: int, bits: int) -> list[acb]:
    """w_1 … w_{last−1}."""
    if law.table is not None:
        return [_constant(law.table[age], bits) if age in law.table else acb(0) for age in range(1, last)]
    weight = BallProgram(law.weight, l).at_precision(bits)
    # They are real: a product of Gamma functions knows that only to its own precision.
    return [acb(weight(age).real) for age in range(1, last)]


def _constants(recurrence: FadingRecurrence | RenewalRecurrence, bits: int) -> tuple[acb, acb, acb]:
    curvature, scale, offset = (
        _constant(value, bits) for value in (recurrence.curvature, recurrence.scale, recurrence.offset)
    )
    return curvature, scale, offset


def _constant(value: Expr, bits: int) -> acb:
    return BallProgram(value, Symbol("g")).at_precision(bits)(1)


def _within(last: int, longest: int) -> int:
    if last > longest:
        raise DomainError(f"generations = {shown(last)} is out of reach: values go up to {longest} here.")
    return last
