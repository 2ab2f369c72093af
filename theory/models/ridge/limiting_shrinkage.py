r"""The shrinkage of a ridge fit with d/T → γ, at any penalty: a function that formulas keep as one letter.

Written out it is a root, and a closed form made of several powers of it fills pages.
"""

from __future__ import annotations

from typing import Any

from flint import acb
from sympy import Expr, Function, Min, S, sqrt
from sympy.core.function import ArgumentIndexError

from theory.expressions.balls import know
from theory.expressions.fraction_field import in_lowest_terms


class limiting_shrinkage(Function):  # noqa: N801 – SymPy's functions are lower case
    r"""``limiting_shrinkage(γ, l)`` is :math:`\alpha = \lim E\,\tfrac1d\operatorname{tr} W(W + lT)^{-1}` as d/T → γ.

    It is the root in (0, min(1, 1/γ)) of :math:`(1 - \alpha)(1 - \gamma\alpha) = l\alpha`, by the law of Marchenko and
    Pastur (1967). Numbers are written out at once, symbols by ``sympy.expand_func``.

    Examples
    --------
    >>> from sympy import Rational, Symbol, expand_func
    >>> limiting_shrinkage(Rational(1, 2), Rational(3, 4))
    1/2
    >>> expand_func(limiting_shrinkage(1, Symbol("l", positive=True)))
    2/(l + sqrt((l + 2)**2 - 4) + 2)
    """

    nargs = 2
    #: Where formulas repeat it.
    letter = "s"
    is_extended_real = True
    is_finite = True
    is_positive = True

    @classmethod
    def eval(cls, ratio: Expr, per_row: Expr) -> Expr | None:
        """The root itself, where both are numbers."""
        if ratio.is_number and per_row.is_number:
            return _root(ratio, per_row)
        plain = in_lowest_terms(ratio), in_lowest_terms(per_row)
        return None if plain == (ratio, per_row) else cls(*plain)

    def _eval_expand_func(self, **hints: Any) -> Expr:
        return self.written_out()

    def fdiff(self, argindex: int = 2) -> Expr:
        """The derivative in γ or in l, of the root of the quadratic."""
        ratio, per_row = self.args
        below = 1 + ratio + per_row - 2 * ratio * self
        if argindex == 1:
            return -self * (1 - self) / below
        if argindex == 2:
            return -self / below
        raise ArgumentIndexError(self, argindex)

    def written_out(self) -> Expr:
        """The root, of symbols too."""
        return _root(*self.args)

    def ceiling(self) -> Expr:
        """What it stays below."""
        return Min(1, 1 / self.args[0])

    def _eval_evalf(self, prec: int) -> Expr | None:
        return None if self.free_symbols else _root(*self.args)._eval_evalf(prec)

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        ratio, per_row = (printer._print(argument) for argument in self.args)
        text = rf"\alpha_{{{ratio}}}\!\left({per_row}\right)"
        return text if exp is None else rf"{text}^{{{exp}}}"


def _root(ratio: Expr, per_row: Expr) -> Expr:
    middle = 1 + ratio + per_row
    return 2 * S.One / (middle + sqrt(middle**2 - 4 * ratio))


def _ball(ratio: acb, per_row: acb) -> acb:
    middle = 1 + ratio + per_row
    return 2 / (middle + (middle * middle - 4 * ratio).sqrt())


know(limiting_shrinkage, _ball)
