r"""What a forgetting workflow remembers: :math:`M_g = q_g M_{g-1} + s(g)`, all samples as they are weighed.

In closed form where rates are constant and :math:`\sum_j s(j)\,q^{-j}` has one, and where :math:`M_g` is a rational
function of g: guessed from first values, then proved, since :math:`M_g - q_g M_{g-1} - s(g)` vanishes identically.
"""

from __future__ import annotations

from itertools import product

from flint import fmpq, fmpq_mat
from sympy import Expr, Integer, Rational, S, factor, powsimp

from theory.expressions.fraction_field import in_lowest_terms
from theory.expressions.sums import definite_sum
from theory.expressions.symbols import j
from theory.workflows.dynamics import GENERATION

#: Degrees of numerator and denominator tried for a rational memory.
LARGEST_DEGREE = 4


def remembered(rate: Expr, sizes: Expr, last: int = 0, reached: Expr = S.Zero) -> Expr | None:
    """M_g for g > ``last``, given M at ``last``; None where no closed form is found. Both are expressions in ``j``.

    Examples
    --------
    >>> remembered(Rational(1, 2), S.One)
    2 - 2/2**_g
    >>> remembered(1 - 1 / j, S.One)
    _g/2 + 1/2
    """
    g = GENERATION
    if rate == 0:
        return sizes.subs(j, g)
    if not rate.has(j):
        total = definite_sum(powsimp(sizes * rate ** (-j)), j, Integer(last + 1), g)
        if total is None:
            return None
        kept = powsimp((total * rate**g).expand(), force=True) + reached * rate ** (g - last)
        if not sizes.has(j):
            # As it is written by hand: (1 − q^g)/(1 − q).
            kept = sizes * (1 - rate ** (g - last)) / (1 - rate) + reached * rate ** (g - last)
        return kept
    return _rational(rate.subs(j, g), sizes.subs(j, g), last, reached)


def _rational(rate: Expr, size: Expr, last: int, reached: Expr) -> Expr | None:
    g = GENERATION
    entries = (rate, size)
    if not all(entry.is_rational_function(g) and not entry.free_symbols - {g} for entry in entries):
        return None
    count = 2 * LARGEST_DEGREE + 4
    values, value = [], reached
    for at in range(last + 1, last + count + 1):
        found = [entry.subs(g, at) for entry in entries]
        if not all(number.is_Rational for number in found):
            return None
        value = found[0] * value + found[1]
        values.append((at, fmpq(int(value.p), int(value.q))))
    for top, bottom in sorted(product(range(LARGEST_DEGREE + 1), repeat=2), key=sum):
        guess = _interpolated(values[: top + bottom + 2], top, bottom)
        if guess is None:
            continue
        moved = in_lowest_terms(guess - rate * guess.subs(g, g - 1) - size)
        begins = in_lowest_terms(guess.subs(g, last + 1) - rate.subs(g, last + 1) * reached - size.subs(g, last + 1))
        if moved == 0 and begins == 0:
            return factor(guess) if bottom else guess
    return None


def _interpolated(values: list[tuple[int, fmpq]], top: int, bottom: int) -> Expr | None:
    """p(g)/q(g) of these degrees, q monic, through so many values and one more; None where there is none."""
    unknowns = top + 1 + bottom
    rows, right = [], []
    for at, value in values:
        rows.append([fmpq(at**k) for k in range(top + 1)] + [-value * at**k for k in range(bottom)])
        right.append(value * at**bottom)
    matrix = fmpq_mat(unknowns, unknowns, [entry for row in rows[:unknowns] for entry in row])
    try:
        solved = matrix.solve(fmpq_mat(unknowns, 1, right[:unknowns]))
    except ZeroDivisionError:
        return None
    found = [solved[k, 0] for k in range(unknowns)]
    if sum((a * b for a, b in zip(rows[unknowns], found, strict=True)), fmpq(0)) != right[unknowns]:
        return None
    g, coefficients = GENERATION, [Rational(int(c.p), int(c.q)) for c in found]
    upper = sum((c * g**k for k, c in enumerate(coefficients[: top + 1])), S.Zero)
    lower = sum((c * g**k for k, c in enumerate(coefficients[top + 1 :])), g**bottom if bottom else S.One)
    return upper / lower
