r"""Means over block sizes that have no largest one: numbers known to any precision, with proved bounds.

A mean over all sizes is a series over what sizes there can be. It is summed as far as sizes matter, in balls; what is
left out adds between 0 and the chance of it times a bound of the risk given the sizes. Under weights of 0 or more one
holds whatever the sizes: :math:`E\,\delta_g^2 \le \max_j E\,\bar x_j^2` over the blocks that are weighed, as
:math:`\delta_g = \sum_j w_j \bar x_j`, and :math:`E\,\bar x_j^2 \le E\,\delta_{j-1}^2 + (1 + \kappa
E\,\delta_{j-1}^2)/N_j`. Derived here.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

from flint import arb, arb_poly, ctx
from mpmath import mp
from sympy import Eq, Expr, Float, IndexedBase, S, Symbol, sympify

from theory.errors import NotDerivedError
from theory.expressions.balls import BallProgram
from theory.expressions.enclosure import ends
from theory.expressions.one_line import one_line
from theory.expressions.random_sizes import RandomSizes, power_series
from theory.expressions.symbols import G
from theory.moments.recurrence import Recurrence

#: Sizes, and totals of sizes, that are summed over.
MOST_SIZES, MOST_TOTALS = 2**12, 2**13
#: Bits of the balls beyond those asked for.
_SPARE = 20


#: Letters of what is averaged: the generation, the moment and the size of a block.
AT = Symbol("g", integer=True, positive=True)
MOMENT, SIZE = IndexedBase("y"), IndexedBase("N")


def total_of(letter: str, kept: Expr = S.One, first: int = 1) -> tuple[Any, Any]:
    """What is kept of all blocks, and the equation for it: M_g = q M_{g−1} + N_g, 0 before block ``first``."""
    total = IndexedBase(letter)
    step = Eq(total[AT], kept * total[AT - 1] + SIZE[AT], evaluate=False)
    return total[AT], (step, Eq(total[first - 1], 0, evaluate=False))


class MeanOverSizes(Expr):  # type: ignore[misc]
    """A moment at one generation, averaged over all sizes: the first argument; the generation is the last."""

    is_commutative = True
    is_real = True
    is_nonnegative = True
    is_finite = True
    knows_its_digits = True

    def __new__(cls, *arguments: object) -> MeanOverSizes:
        """Of arguments that are verified."""
        return Expr.__new__(cls, *(sympify(argument) for argument in arguments))  # type: ignore[no-any-return]

    @property
    def sizes(self) -> RandomSizes:
        """The law of the sizes."""
        return self.args[0]

    @property
    def generation(self) -> int:
        """The generation."""
        return int(self.args[-1])

    @property
    def is_number(self) -> bool:  # type: ignore[override]
        """Whether there is no symbol in it."""
        return not self.free_symbols

    @abstractmethod
    def given_the_sizes(self) -> tuple[Any, ...]:
        """Equations in g for the moment y given the sizes N, by those of generations before: what is averaged."""

    def _sympystr(self, printer: Any) -> str:
        steps = "; ".join(f"{printer._print(step.lhs)} = {printer._print(step.rhs)}" for step in self.given_the_sizes())
        return f"E[y[{self.generation}]; {steps}; E t**N = {printer._print(self.sizes.generating_function)}]"

    def _pretty(self, printer: Any) -> Any:
        return one_line(self)

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        steps = r",\; ".join(printer._print(step) for step in self.given_the_sizes())
        law = printer._print(self.sizes.generating_function)
        written = (
            rf"\operatorname{{E}}\left[y_{{{self.generation}}} :\; {steps},\; \operatorname{{E}} t^{{N}} = {law}\right]"
        )
        return written if exp is None else rf"{written}^{{{exp}}}"

    @abstractmethod
    def summed(self, bits: int) -> arb:
        """The mean, what is left out below about 2^(−bits)."""

    def ball(self, bits: int) -> arb:
        """To a relative error of about 2^(−bits).

        Raises
        ------
        NotDerivedError
            Where so many sizes matter that they are not summed.
        """
        wanted = bits + _SPARE
        for _ in range(4):
            with ctx.workprec(2 * wanted):
                found = self.summed(wanted)
                if found.rel_accuracy_bits() >= bits:
                    return found
            wanted *= 2
        raise NotDerivedError(f"{self} is a number that is not found to {bits} bits.")

    def _eval_evalf(self, prec: int) -> Expr | None:
        if self.free_symbols:
            return None
        with ctx.workprec(prec + _SPARE):
            mantissa, exponent = self.ball(prec + 8).mid().man_exp()
        with mp.workprec(prec):
            return Float._new(mp.ldexp(int(mantissa), int(exponent))._mpf_, prec)


def number(value: Expr, bits: int) -> arb:
    """A constant as a ball.

    Raises
    ------
    DomainError
        Where it has symbols.
    """
    return BallProgram(value, G).at_precision(bits)(1).real


def first_chances(sizes: RandomSizes, bound: arb, blocks: int, bits: int) -> tuple[list[arb], arb]:
    """P(N = 0), …, P(N = K) up to where more in any of so many blocks adds 2^(−bits) at most, and what it adds at most.

    Raises
    ------
    NotDerivedError
        For a tail so heavy that too many sizes matter.
    """
    if (table := sizes.support) is not None:
        return power_series(sizes.generating_function, [0, 1], max(table) + 1, 2 * bits), arb(0)
    count = 32
    while count <= MOST_SIZES:
        chances = power_series(sizes.generating_function, [0, 1], count, 2 * bits)
        if bound * blocks * _left(chances) < arb(2) ** -bits:
            return _trimmed(chances, bound * blocks, bits)
        count *= 2
    raise too_heavy(sizes, MOST_SIZES)


def _trimmed(chances: list[arb], bound: arb, bits: int) -> tuple[list[arb], arb]:
    """No more than are needed: their sequences are many."""
    left = _left(chances)
    while bound * (left + abs(chances[-1])) < arb(2) ** -bits:
        left, chances = left + abs(chances[-1]), chances[:-1]
    return chances, bound * left


def law_of_total(sizes: RandomSizes, bound: arb, blocks: int, bits: int) -> tuple[list[arb], arb]:
    """P(N = 0), … up to the totals of so many blocks that matter, in the same sense.

    Raises
    ------
    NotDerivedError
        For a tail so heavy that too many totals matter.
    """
    if (table := sizes.support) is not None:
        return power_series(sizes.generating_function, [0, 1], max(table) * blocks + 1, 2 * bits), arb(0)
    count = 32
    while count <= MOST_TOTALS:
        chances = power_series(sizes.generating_function, [0, 1], count, 2 * bits)
        left = bound * _left(_power(chances, blocks))
        if left < arb(2) ** -bits:
            return chances, left
        count *= 2
    raise too_heavy(sizes, MOST_TOTALS)


def too_heavy(sizes: RandomSizes, most: int) -> NotDerivedError:
    """That a tail is not summed, in one sentence."""
    return NotDerivedError(
        f"sizes = {sizes}: sizes beyond {most} matter to this many digits, and means are summed over no more: simulate."
    )


def added(left: arb) -> arb:
    """A ball of all numbers from 0 to what is left."""
    half = left.upper() / 2
    return half + arb(0, half.upper())


def times(one: list[arb], other: list[arb]) -> list[arb]:
    """The product of two power series, cut off behind the coefficients of the first."""
    found = (arb_poly(one) * arb_poly(other)).coeffs()[: len(one)]
    return [*found, *[arb(0)] * (len(one) - len(found))]


def _power(chances: list[arb], exponent: int) -> list[arb]:
    result, square = [arb(1), *[arb(0)] * (len(chances) - 1)], chances
    while exponent:
        if exponent % 2:
            result = times(result, square)
        square, exponent = times(square, square), exponent // 2
    return result


def _left(chances: list[arb]) -> arb:
    """1 − Σ, of 0 or more."""
    return abs(1 - sum(chances, arb(0)))


def dies_out(curvature: Expr) -> Expr | None:
    """−1/κ for −1 ≤ κ < 0, at which observations have no variance left; None for others."""
    return -1 / curvature if curvature.is_negative and (curvature + 1).is_nonnegative else None


def enclosure_of(recurrence: Recurrence, moment: MeanOverSizes, digits: int = 15) -> tuple[Expr, Expr]:
    """Two fractions with a risk between them, of which a mean over sizes is the moment.

    Raises
    ------
    DomainError
        Where there are symbols.
    """
    bits = int(digits * 3.33) + _SPARE
    with ctx.workprec(2 * bits):
        return ends(number(recurrence.offset, bits) + number(recurrence.scale, bits) * moment.ball(bits))
