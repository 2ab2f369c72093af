r"""Formulas in lines: broken before a + or −, else between factors, inside the widest parenthesis at need.

.. math:: \frac{1}{n} \Bigl( a + b

.. math:: \qquad + c \Bigr)

Parentheses that are broken are of a fixed size, for ``\left`` and ``\right`` must stand in one line.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sympy import Add, Basic, Expr, Mul, Pow, RootSum, S, fraction
from sympy.concrete.expr_with_limits import ExprWithLimits
from sympy.printing.latex import LatexPrinter

from theory.typesetting.widths import typeset_width

#: Room that the sign before a continued line takes, and its indentation.
SIGN, INDENT = 1.3, 1.0
#: A factor no wider stands before the next one without a sign between.
SHORT = 3.0


def lines_of(expression: Basic, width: float, first: float, printer: LatexPrinter) -> list[str]:
    r"""LaTeX of an expression in lines of at most ``width`` em, the first of at most ``first``.

    What no rule breaks (a fraction of two long things, a matrix) is a line of its own, however wide.

    >>> from sympy import symbols
    >>> a, b = symbols("a b")
    >>> lines_of(a**2 + b**2 + a*b, 5, 5, LatexPrinter())
    ['a^{2} + a b', '+ b^{2}']
    """
    room = min(width - INDENT, first)
    pieces = _pieces(expression, room, printer, printer.doprint)
    return joined(pieces, width - INDENT, first)


def joined(pieces: Sequence[str], width: float, first: float) -> list[str]:
    """Pieces put together into lines as long as there is room."""
    lines: list[str] = []
    for piece in pieces:
        room = first if len(lines) == 1 else width
        if lines and typeset_width(f"{lines[-1]} {piece}") <= room:
            lines[-1] += f" {piece}"
        else:
            lines.append(piece)
    return lines


def _pieces(expression: Basic, room: float, printer: LatexPrinter, printed: Callable[[Basic], str]) -> list[str]:
    """What may stand at the beginning of a line each, in order; all but the first begin with a sign."""
    whole = printed(expression)
    if typeset_width(whole) <= room or not isinstance(expression, Expr):
        return [whole]
    if isinstance(expression, Add):
        return _sum(expression, room, printer, printed)
    if expression.could_extract_minus_sign() and isinstance(expression, Mul):
        first, *rest = _pieces(-expression, room - SIGN, printer, printed)
        return [f"- {first}", *rest]
    if isinstance(expression, Mul):
        return _product(expression, room, printer, printed)
    if _is_sum(expression):
        return _parenthesis(expression, room, printer, printed)
    summand = _summand(expression)
    if summand is not None and whole.endswith(printed(summand)):
        head = whole.removesuffix(printed(summand)).rstrip()
        return [head, *_factor(summand, room - SIGN, printer, printed)]
    return [whole]


def _summand(expression: Expr) -> Expr | None:
    """What stands behind the sign of a sum or a product over an index."""
    if isinstance(expression, RootSum):
        return expression.fun.expr
    return expression.function if isinstance(expression, ExprWithLimits) else None


def _factor(expression: Expr, room: float, printer: LatexPrinter, printed: Callable[[Basic], str]) -> list[str]:
    """The pieces of a factor: a sum, and what begins with a minus, in parentheses."""
    if isinstance(expression, Add) or printed(expression).startswith("-"):
        return _parenthesis(expression, room, printer, printed)
    return _pieces(expression, room, printer, printed)


def _sum(expression: Add, room: float, printer: LatexPrinter, printed: Callable[[Basic], str]) -> list[str]:
    found: list[str] = []
    for term in printer._as_ordered_terms(expression):
        first, *rest = _pieces(term, room - SIGN, printer, printed)
        signed = first if not found or first.startswith("-") else f"+ {first}"
        found += [signed, *rest]
    return found


def _product(expression: Mul, room: float, printer: LatexPrinter, printed: Callable[[Basic], str]) -> list[str]:
    """A product: its widest sum in parentheses behind the rest, or the factors one by one."""
    sums = [factor for factor in expression.args if _is_sum(factor)]
    widest = max(sums, key=lambda factor: typeset_width(printed(factor)), default=None)
    if widest is not None and 2 * typeset_width(printed(widest)) > room:
        rest = Mul(*(factor for factor in expression.args if factor is not widest))
        before = [] if rest == S.One else _factor(rest, room, printer, printed)
        inside = _parenthesis(widest, room, printer, printed)
        if before and typeset_width(f"{before[-1]} {inside[0]}") > room:
            return [*before, rf"\times {inside[0]}", *inside[1:]]
        return [*before[:-1], f"{before[-1]} {inside[0]}", *inside[1:]] if before else inside
    top, bottom = fraction(expression)
    factors = list(Mul.make_args(top)) + ([] if bottom == S.One else [1 / factor for factor in Mul.make_args(bottom)])
    plain = Mul(*(factor for factor in factors if factor.is_Rational or factor.is_Symbol))
    others = [factor for factor in factors if not (factor.is_Rational or factor.is_Symbol)]
    if not others or (plain == S.One and len(others) < 2):
        return [printed(expression)]
    found: list[str] = [] if plain == S.One else [printed(plain)]
    for factor in others:
        first, *rest_of_it = _factor(factor, room - SIGN, printer, printed)
        if found == [printed(plain)] and typeset_width(found[0]) < SHORT:
            found = [f"{found[0]} {first}", *rest_of_it]
        else:
            found += [rf"\times {first}" if found else first, *rest_of_it]
    return found


def _parenthesis(expression: Expr, room: float, printer: LatexPrinter, printed: Callable[[Basic], str]) -> list[str]:
    """A sum, or a power of one, in parentheses, which are of a fixed size where it is broken."""
    whole = printed(expression) if _is_power(expression) else rf"\left({printed(expression)}\right)"
    if typeset_width(whole) <= room / 2:
        return [whole]
    base, exponent = (expression.base, expression.exp) if _is_power(expression) else (expression, S.One)
    first, *rest = (_sum if isinstance(base, Add) else _pieces)(base, room - SIGN, printer, printed)
    raised = "" if exponent == S.One else f"^{{{printed(exponent)}}}"
    pieces = [rf"\Bigl( {first}", *rest]
    pieces[-1] += rf" \Bigr){raised}"
    return pieces


def _is_power(expression: Basic) -> bool:
    return isinstance(expression, Pow) and isinstance(expression.base, Add)


def _is_sum(expression: Basic) -> bool:
    return isinstance(expression, Add) or _is_power(expression)
