"""A risk as floating-point numbers, each correct to 12 digits whatever the formula cancels."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from functools import singledispatch
from typing import Any, TypeAlias

import numpy as np
from flint import acb
from numpy.typing import ArrayLike, NDArray
from sympy import Expr, I, RootSum, nan, oo, polygamma, sympify, true, zoo

from numerics.balls.ages import run_bent_fading, run_fading, run_renewal
from numerics.balls.recurrence import run_moments, run_pathway
from numerics.means_over_sizes import evaluate_labelled, evaluate_memories, evaluate_windows
from numerics.random_sizes import evaluate_fading, evaluate_gains, evaluate_means, evaluate_sizes, evaluate_totals
from theory.errors import DomainError
from theory.expressions.arguments import quoted, shown
from theory.expressions.balls import BallProgram, real_bits
from theory.expressions.lambert import lambert_sum, q_pochhammer
from theory.expressions.symbols import G
from theory.moments.bent import BentFading
from theory.moments.fading import FadingRecurrence
from theory.moments.fading_sizes import FadingSizes
from theory.moments.fading_totals import FadingTotals
from theory.moments.labelled_sizes import LabelledSizes
from theory.moments.mean_steps import MeanSteps
from theory.moments.pathway_recurrence import PathwayRecurrence
from theory.moments.pooled_gains import PooledGains
from theory.moments.random_sizes import PooledSizes, PooledTotals
from theory.moments.recurrence import MomentRecurrence, Recurrence
from theory.moments.renewal import RenewalRecurrence
from theory.moments.window_sizes import WindowSizes
from theory.risk import Risk

_Run: TypeAlias = Callable[[Iterable[int], int], dict[int, acb]]

FIRST_PRECISION = 128
"""Bits to begin with: 53 for the result and some for a product of 10¹² factors to lose."""

LAST_PRECISION = 2**15
"""Bits to end with. Nothing cancels that far except an exact zero, and then see :func:`_settled`."""

ENOUGH_BITS = 52
"""Correct bits of an accepted ball: a relative error of 2·10⁻¹⁶ before rounding to double."""


def evaluate(risk: Risk | Expr, generations: ArrayLike) -> NDArray[np.float64]:
    r"""Evaluate a risk at any generations, with a relative error of at most 1e-12.

    The closed form where there is one, at any G up to 10¹² and beyond; otherwise the recurrence, step by step.
    Both are computed in ball arithmetic, with the precision doubled until the ball around the result is smaller
    than the rounding to double. So :math:`(V_0/v_2)\,(\prod_j (1 + v_2/(n j^2)) - 1)` is right to the last digits
    however small :math:`v_2/n` is.

    Parameters
    ----------
    risk : Risk, or a SymPy expression in ``theory.G``
        Every parameter must be a number.
    generations : whole number or array of whole numbers, 1 or more

    Returns
    -------
    array of float64, of the shape of ``generations``
        ``inf`` where the risk is infinite, or beyond the range of a double.

    Raises
    ------
    DomainError
        When a parameter is still symbolic, or a generation is not a whole number ≥ 1 or is out of reach of
        a recurrence without closed form.

    Notes
    -----
    Ball arithmetic is Arb's: Johansson (2017), IEEE Trans. Comput. 66.

    Examples
    --------
    >>> from sympy import Rational
    >>> from theory.expressions.symbols import G
    >>> from numerics.evaluate import evaluate
    >>> evaluate((1 + Rational(1, 10**15)) ** G - 1, [1, 10**12])
    array([1.00000000e-15, 1.00050017e-03])
    """
    if not isinstance(risk, Risk | Expr):
        raise DomainError(f"risk = {quoted(risk)} is not a risk: give a Risk, or an expression in theory.G.")
    # A product held unevaluated does not say that it commutes, its symbols do.
    odd = isinstance(risk, Expr) and any(symbol.is_commutative is False for symbol in risk.free_symbols)
    if odd or (isinstance(risk, Expr) and (risk.has(nan, zoo, I) or risk.is_extended_real is False)):
        raise DomainError(f"risk = {quoted(risk)} is not a real expression: give one in theory.G, finite or infinite.")
    wanted = whole_generations(generations)
    distinct = sorted(set(wanted.ravel().tolist()))
    values = _evaluate_formula(sympify(risk), distinct) if isinstance(risk, Expr) else _evaluate_risk(risk, distinct)
    flat = [values[g] for g in wanted.ravel().tolist()]
    return np.array(flat, dtype=np.float64).reshape(wanted.shape)


def whole_generations(generations: ArrayLike) -> NDArray[Any]:
    """Generations as whole numbers of any size, in the shape in which they were given.

    Raises
    ------
    DomainError
        When one is no whole number, or less than 1.
    """
    try:
        given = np.asarray(generations)
    except ValueError:
        # Lists of lists of different lengths.
        given = np.asarray("")
    if given.dtype.kind not in "iufO":
        raise DomainError(f"generations = {quoted(generations)} are not generations: give whole numbers, 1 or more.")
    whole = np.empty(given.shape, dtype=object)
    for position, value in np.ndenumerate(given):
        try:
            number = int(value)
        except (TypeError, ValueError, OverflowError):
            number = 0
        if number < 1 or number != value:
            raise DomainError(f"generations = {shown(value)} is not a generation: give whole numbers, 1 or more.")
        whole[position] = number
    return whole


def _evaluate_risk(risk: Risk, generations: list[int]) -> dict[int, float]:
    missing = sorted(map(str, risk.free_symbols - {G}))
    if missing:
        raise DomainError(
            f"{', '.join(missing)} has no value: a risk is computed only once every parameter is given, "
            f"for instance with .subs({{{missing[0]}: …}})."
        )
    risk.watch(max(generations, default=1))
    found: dict[int, float] = {}
    closed_form = risk._formula
    # Outside the domain some generation is infinite, and only the recurrence knows from which one on.
    valid = risk.domain == true or closed_form is oo
    # Some formulas cost more at every generation anew than the recurrence run once, where most generations are wanted.
    run = closed_form is not None and _is_dear(closed_form)
    run = run and isinstance(risk.recurrence, MomentRecurrence) and max(generations) <= 20 * len(generations)
    if closed_form is not None and valid and not run and not closed_form.has(nan, zoo):
        found = _evaluate_formula(closed_form, generations, partial=True)
    left = [g for g in generations if g not in found]
    if left:
        found |= runner(risk.recurrence, risk, left)
    return found


def _is_dear(formula: Expr) -> bool:
    """Whether it holds series, sums over roots, or polygammas elsewhere than at whole numbers."""
    between = any(part.args[0] != 0 and part.args[1].is_integer is not True for part in formula.atoms(polygamma))
    return between or formula.has(lambert_sum, q_pochhammer, RootSum)


def _evaluate_formula(formula: Expr, generations: list[int], partial: bool = False) -> dict[int, float]:
    """Values of a formula; with ``partial`` those are left out at which it is undefined, such as Γ at a pole."""
    if formula is oo:
        return dict.fromkeys(generations, math.inf)
    program = BallProgram(formula, G)

    def run(left: Iterable[int], bits: int) -> dict[int, acb]:
        value = program.at_precision(bits)
        return {g: value(g) for g in left}

    return settle(run, generations, partial)


@singledispatch
def runner(recurrence: Recurrence, risk: Risk, generations: list[int]) -> dict[int, float]:
    """The risks of a kind of recurrence at some generations, to a relative error of 1e-12.

    A new kind registers its own way, in balls or in floating point with an error known to be small enough; without one
    its exact values are rounded.
    """
    exact: dict[int, BallProgram] = {}

    def run(left: Iterable[int], bits: int) -> dict[int, acb]:
        for g in left:
            if g not in exact:
                exact[g] = BallProgram(risk.at(g), G)
        return {g: exact[g].at_precision(bits)(g) for g in left}

    return settle(run, generations, partial=False)


@runner.register
def _(recurrence: MomentRecurrence, risk: Risk, generations: list[int]) -> dict[int, float]:
    return settle(lambda left, bits: run_moments(recurrence, list(left), bits), generations, partial=False)


@runner.register
def _(recurrence: PooledGains, risk: Risk, generations: list[int]) -> dict[int, float]:
    return evaluate_gains(recurrence, generations)


@runner.register
def _(recurrence: MeanSteps, risk: Risk, generations: list[int]) -> dict[int, float]:
    return evaluate_means(recurrence, generations)


@runner.register
def _(recurrence: PathwayRecurrence, risk: Risk, generations: list[int]) -> dict[int, float]:
    def run(left: Iterable[int], bits: int) -> dict[int, acb]:
        return run_pathway(
            recurrence.workflow, recurrence.curvature, recurrence.scale, recurrence.offset, list(left), bits
        )

    return _where_finite(recurrence, run, generations)


@runner.register
def _(recurrence: FadingRecurrence, risk: Risk, generations: list[int]) -> dict[int, float]:
    return _where_finite(recurrence, lambda left, bits: run_fading(recurrence, list(left), bits), generations)


@runner.register
def _(recurrence: BentFading, risk: Risk, generations: list[int]) -> dict[int, float]:
    return settle(lambda left, bits: run_bent_fading(recurrence, list(left), bits), generations, partial=False)


@runner.register
def _(recurrence: RenewalRecurrence, risk: Risk, generations: list[int]) -> dict[int, float]:
    return _where_finite(recurrence, lambda left, bits: run_renewal(recurrence, list(left), bits), generations)


@runner.register
def _(recurrence: PooledTotals, risk: Risk, generations: list[int]) -> dict[int, float]:
    return evaluate_totals(recurrence, generations)


@runner.register
def _(recurrence: FadingTotals, risk: Risk, generations: list[int]) -> dict[int, float]:
    return evaluate_fading(recurrence, generations)


@runner.register
def _(recurrence: LabelledSizes, risk: Risk, generations: list[int]) -> dict[int, float]:
    return evaluate_labelled(recurrence, generations)


@runner.register
def _(recurrence: WindowSizes, risk: Risk, generations: list[int]) -> dict[int, float]:
    return evaluate_windows(recurrence, generations)


@runner.register
def _(recurrence: FadingSizes, risk: Risk, generations: list[int]) -> dict[int, float]:
    return evaluate_memories(recurrence, generations)


@runner.register
def _(recurrence: PooledSizes, risk: Risk, generations: list[int]) -> dict[int, float]:
    return evaluate_sizes(recurrence, generations)


def _where_finite(recurrence: PathwayRecurrence, run: _Run, generations: list[int]) -> dict[int, float]:
    end = recurrence.first_infinite(max(generations))
    finite = [g for g in generations if end is None or g < end]
    found = dict.fromkeys((g for g in generations if end is not None and g >= end), math.inf)
    return found | (settle(run, finite, partial=False) if finite else {})


def settle(run: _Run, generations: list[int], partial: bool) -> dict[int, float]:
    """Raise the precision until every value is settled."""
    settled: dict[int, float] = {}
    left, bits = list(generations), FIRST_PRECISION
    while left and bits <= LAST_PRECISION:
        balls = run(left, bits)
        for g in left:
            value = _settled(balls[g])
            if value is not None:
                settled[g] = value
        left = [g for g in left if g not in settled]
        if partial and all(not balls[g].is_finite() for g in left) and bits > 8 * FIRST_PRECISION:
            break
        bits *= 2
    if left and not partial:
        raise ArithmeticError(f"the risk at generation {left[0]} is not settled with {LAST_PRECISION} bits")
    return settled


def _settled(ball: acb) -> float | None:
    """The double nearest to a ball that is small enough; None when it is not, or not real."""
    real = ball.real
    if not real.is_finite():
        return math.copysign(math.inf, 1 if real > 0 else -1) if not real.is_nan() and (real > 0 or real < 0) else None
    if not ball.is_finite() or not ball.imag.contains(0):
        return None
    if real_bits(ball) >= ENOUGH_BITS:
        return float(real.mid())
    # Below the smallest double: zero, be it exact or not.
    return 0.0 if float(real.abs_upper()) == 0.0 else None
