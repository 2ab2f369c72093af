r"""What a workflow asks of its samples: blocks of one or more, and weights that are none below zero.

A block of :math:`N \ge 1` samples need not be whole: :math:`1/N` is what a block of :math:`\lfloor N \rfloor` or
:math:`\lceil N \rceil` samples, chosen at random, has on average, so that every second moment is that of a law. Below
one sample there is none.

Sizes that are rational functions of j, tables of them included, are decided for ever, by their roots. Others are looked
at where they tend, on their first blocks, and at every generation that a value is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

from sympy import Expr, Function, Piecewise, Pow, S, exp, factorial, lambdify, log, sympify

from theory.asymptotics.scales import limit_or_none, positive_variable
from theory.errors import DomainError
from theory.expressions.symbols import j
from theory.workflows.base import Workflow, is_decided, probes
from theory.workflows.dynamics import CovarianceDynamics, LagWindow
from theory.workflows.tables import table_and_tail

if TYPE_CHECKING:
    from theory.models.base import Model

#: Generations at which weights, and fresh or redrawn samples, are looked at before any value is asked for.
_FIRST = (1, 2, 3, 4, 5, 6, 7, 8, 10, 16, 30, 32, 64, 100)
#: Blocks that are all looked at; beyond, only powers of two and the block asked for.
_MOST_BLOCKS, _MOST_GENERATIONS = 100_000, 1000
#: Sizes nearer to one sample than this are compared exactly.
_MARGIN = 1e-6
#: Functions whose limits SymPy has right; that of harmonic(j, 1/2), for one, it gives as zeta(1/2).
_ELEMENTARY = (exp, log, factorial, Piecewise)


def verify_samples(model: Model, workflow: Workflow) -> None:
    """Refuse workflows that would have a model draw less than one sample, or draw from what is no law.

    Raises
    ------
    DomainError
        Naming the block, or the weight. Symbols are taken to be large enough.
    """
    points = model.unit_block
    if workflow.random_sizes is not None:
        # Sizes of 1, 2, 3, … unit blocks are as many samples at least as a unit block.
        if model.draws_from_mixture and not workflow.weighs_by_size:
            verify_weights(workflow)
        return
    if points is not None:
        verify_blocks(workflow, points)
    if model.draws_from_mixture:
        verify_weights(workflow)


def watch_samples(model: Model, workflow: Workflow, generation: int) -> None:
    """The same for what only the generations up to one that is asked for can tell.

    Raises
    ------
    DomainError
        As :func:`verify_samples`.
    """
    points = model.unit_block
    if points is not None and points.is_number and workflow.random_sizes is None:
        _watch_blocks(workflow, points, generation)
    if model.draws_from_mixture and not _is_ours(workflow):
        for g in range(1, min(generation, _MOST_GENERATIONS) + 1):
            _verify_weights_of(workflow, g)


# -- blocks ------------------------------------------------------------------------------------------------


def verify_blocks(workflow: Workflow, n: Expr) -> None:
    """Refuse blocks of less than one sample, whose moments would be those of no law.

    Raises
    ------
    DomainError
        Where numbers say so; symbols are taken to be large enough.
    """
    if not n.is_number:
        return
    for index in _probed(workflow.schedule, n):
        _verify_block(workflow, n, index)
    for g in _FIRST:
        _verify_drawn(workflow, n, g)
    late = None if _is_decided(workflow.schedule) else _settled(workflow.schedule)
    if late is not None and _is_short(n * late):
        raise DomainError(
            f"n = {n} gives blocks that tend to {_shown(n * late)} samples under {workflow.name}: a block must hold 1 "
            f"or more."
        )


def _verify_block(workflow: Workflow, n: Expr, index: int) -> None:
    _verify_amount(workflow, n, f"block {index}", workflow.size(index))


def _verify_drawn(workflow: Workflow, n: Expr, g: int) -> None:
    """Real samples drawn afresh, and what is drawn from a pool, at one generation."""
    fresh = workflow.fresh_size(g) if g > 1 and workflow.fresh_weight(g) != 0 else S.Zero
    if fresh != 0:
        _verify_amount(workflow, n, f"the fresh real data of generation {g}", fresh)
    draw = workflow.draw(g)
    if draw is not None and _is_short(n * draw.size):
        raise DomainError(
            f"budget = {draw.size} draws n·budget = {_shown(n * draw.size)} samples from the pool of generation {g}: a "
            f"fit needs 1 or more."
        )


def _verify_amount(workflow: Workflow, n: Expr, what: str, size: Expr) -> None:
    if _is_short(n * size):
        raise DomainError(
            f"n = {n} gives {_shown(n * size)} samples to {what} under {workflow.name}: a block must hold 1 or more."
        )


def _is_short(samples: Expr) -> bool:
    return bool(samples.is_number and (samples - 1).is_negative)


def _watch_blocks(workflow: Workflow, n: Expr, generation: int) -> None:
    if _is_ours(workflow):
        schedule = workflow.schedule
        if _is_decided(schedule) or schedule.free_symbols - {j}:
            return
        for index in _short(schedule, n, generation):
            _verify_block(workflow, n, index)
        return
    for g in range(1, min(generation, _MOST_GENERATIONS) + 1):
        _verify_block(workflow, n, g)
        _verify_drawn(workflow, n, g)


def _short(schedule: Expr, n: Expr, generation: int) -> Iterator[int]:
    """Blocks up to a generation that hold about one sample or less, in floating point."""
    samples = _in_floats(schedule, n)
    powers = (2**power for power in range(generation.bit_length()) if 2**power > _MOST_BLOCKS)
    for index in (*range(1, min(generation, _MOST_BLOCKS) + 1), *powers, generation):
        try:
            value = samples(index)
            enough = not isinstance(value, complex) and value > 1 + _MARGIN
        except (ArithmeticError, ValueError, NameError, TypeError):  # too large for a float, or no such function
            enough = False
        if not enough:
            yield index


@lru_cache(maxsize=64)
def _in_floats(schedule: Expr, n: Expr) -> Callable[[int], float]:
    return lambdify(j, n * schedule, "math")


@lru_cache(maxsize=256)
def _probed(schedule: Expr, n: Expr) -> tuple[int, ...]:
    return (1,) if schedule.is_number else tuple(probes(schedule - 1 / n))


@lru_cache(maxsize=256)
def _is_decided(schedule: Expr) -> bool:
    return schedule.is_number or is_decided(schedule)


@lru_cache(maxsize=256)
def _settled(schedule: Expr) -> Expr | None:
    """What the sizes tend to; None where that is not known, or a symbol decides."""
    signed = any(power.base.is_negative and power.exp.has(j) for power in schedule.atoms(Pow))
    if schedule.free_symbols - {j} or signed or any(not isinstance(f, _ELEMENTARY) for f in schedule.atoms(Function)):
        return None
    found = table_and_tail(schedule)
    x = positive_variable()
    return limit_or_none((schedule if found is None else found[1]).subs(j, x), x)


# -- weights -----------------------------------------------------------------------------------------------


def verify_weights(workflow: Workflow) -> None:
    """Refuse weights below zero: what they make need be no law to draw the next block from.

    Raises
    ------
    DomainError
        When one of the first generations has such a weight.
    """
    if isinstance(workflow.dynamics(), LagWindow | CovarianceDynamics):
        return
    for g in (1, 2, 3, 4) if _is_ours(workflow) else _FIRST:
        _verify_weights_of(workflow, g)


def _verify_weights_of(workflow: Workflow, g: int) -> None:
    named = [(f"block {index}", weight) for index, weight in enumerate(workflow.weights(g), start=1)]
    if g > 1:
        named += [("the fresh real data", weight) for weight in workflow.fresh_weights(g)]
    for what, weight in named:
        if sympify(weight).is_negative:
            raise DomainError(
                f"workflow = {workflow.name} gives {what} the weight {weight} in model {g}: a model to draw "
                f"samples from needs weights of 0 or more."
            )


def _is_ours(workflow: Workflow) -> bool:
    """Whether sizes and weights are what our own classes make of their parameters, rather than any functions."""
    return type(workflow).__module__.startswith("theory.") and not hasattr(workflow, "weights_of")


def _shown(samples: Expr) -> str:
    written = str(samples)
    return written if len(written) <= 40 else str(samples.evalf(6))
