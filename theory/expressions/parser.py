"""Arithmetic written by a user, as SymPy: parsed, never evaluated.

Python's own grammar reads the text; a walk over a short list of permitted nodes then builds the expression. Nothing
else is reachable: no attribute, no call but ``sqrt``, ``log`` and ``exp``, and no number too long to compute with.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Callable, Collection, Iterable
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches

from sympy import E, Expr, Integer, Rational, S, Symbol, exp, log, pi, sqrt

from theory.errors import DomainError
from theory.expressions.symbols import G, j

ALLOWED = "numbers, names, + - * / ** ^, parentheses, and sqrt, log, exp of one argument"

_LONGEST_TEXT = 500
_DEEPEST = 100
# Numbers have at most this many bits: below the 4300 digits beyond which Python refuses to print an integer.
_LARGEST_BITS = 10_000
_LARGEST_EXPONENT = 300
_LARGEST_ROOT_BITS = 300
# Powers with symbols are measured where every symbol is 100: room for 2**(j**2), none for a tower.
_PROBE = Integer(100)

_FUNCTIONS: dict[str, Callable[[Expr], Expr]] = {"sqrt": sqrt, "log": log, "exp": exp}
_WHOLE_NAMES = frozenset("ndTkm")
_REAL_NAMES = frozenset({"v_0", "v_1", "v_2", "v0", "v1", "v2"})
_NOT_NAMES = frozenset({"zoo", "nan", "I", *_FUNCTIONS})
#: How infinity is written, by SymPy, Python, NumPy and people.
INFINITE = frozenset({"oo", "∞", "inf", "infinity"})
# ``lambda`` is a keyword to Python and a rate or a share to a statistician.
_LAMBDA = "lambda_"


def parse(
    text: str, name: str = "expression", names: Collection[str] | None = None, indices: Iterable[Symbol] = ()
) -> Expr:
    r"""Return the arithmetic in ``text`` as an exact SymPy expression.

    Decimal numbers are the fractions they print: ``0.3`` is 3/10. ``^`` is a power, as is ``**``. ``j`` and
    ``G`` are :data:`theory.j` and :data:`theory.G`; ``n``, ``d``, ``T``, ``k`` and ``m`` are positive whole numbers;
    ``pi`` is π; ``v0``, ``v1`` and ``v2`` are real; any other name is a positive symbol.

    Parameters
    ----------
    text : str
        Arithmetic, such as ``"1/3"``, ``"j**2"`` or ``"sqrt(2)/n"``.
    name : str
        The argument it was given for; errors name it.
    names : collection of str, optional
        The names that the text may hold besides ``pi`` (and ``j`` and ``G``, which whoever asked refuses or not).
        Without it, any.
    indices : symbols, optional
        Further symbols that the text may hold, by their own names.

    Raises
    ------
    DomainError
        When the text is not arithmetic, is not a finite real number, is too long to compute with, or holds a name that
        is not among ``names``.

    Examples
    --------
    >>> parse("0.3"), parse("2^j + 1"), parse("sqrt(8)")
    (3/10, 2**j + 1, 2*sqrt(2))
    """
    return _Reader(text, name, names, indices).expression()


class _Reader:
    """One text, and the errors that name it."""

    def __init__(self, text: str, name: str, names: Collection[str] | None, indices: Iterable[Symbol] = ()) -> None:
        self.text, self.name, self.names = text, name, names
        self.known = {"j": j, "G": G, "pi": pi, **{symbol.name: symbol for symbol in indices}}

    def error(self, reason: str) -> DomainError:
        shown = self.text if len(self.text) <= 60 else self.text[:57] + "..."
        return DomainError(f"{self.name} = {shown!r} is not arithmetic: {reason}; allowed are {ALLOWED}.")

    def infinite(self) -> DomainError:
        """However it is written: ∞, oo, inf or infinity."""
        return DomainError(
            f"{self.name} = {self.text.strip()[:60]} is not finite: give a finite number; allowed are {ALLOWED}."
        )

    def expression(self) -> Expr:
        if not isinstance(self.text, str):
            raise DomainError(f"{self.name} = {self.text!r} is not a text of arithmetic; allowed are {ALLOWED}.")
        source = self.text.strip()
        if not source:
            raise self.error("it is empty")
        if len(source) > _LONGEST_TEXT:
            raise self.error(f"it is longer than {_LONGEST_TEXT} characters")
        if "∞" in source:
            raise self.infinite()
        strange = next((character for character in source if not " " <= character <= "~"), None)
        if strange is not None:
            raise self.error(f"the character {strange!a} is not plain ASCII")
        # Python's ^ binds more loosely than +; a power must not.
        source = re.sub(r"\blambda\b", _LAMBDA, source.replace("^", "**"))
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                tree = ast.parse(source, mode="eval")
        except (SyntaxError, ValueError, RecursionError, MemoryError, Warning):
            raise self.error("it cannot be read") from None
        self.source = source
        result = self.node(tree.body, 0)
        if result.is_real is False:
            raise self.error("its value is not a real number")
        return result

    def node(self, node: ast.expr, depth: int) -> Expr:
        if depth > _DEEPEST:
            raise self.error(f"it is nested more than {_DEEPEST} deep")
        match node:
            case ast.Constant():
                return self.literal(node)
            case ast.Name(id=identifier):
                return self.symbol(identifier)
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return self.node(operand, depth + 1)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return -self.node(operand, depth + 1)
            case ast.BinOp(left=left, op=operator, right=right):
                return self.binary(self.node(left, depth + 1), operator, self.node(right, depth + 1))
            case ast.Call(func=ast.Name(id=function), args=[argument], keywords=[]) if function in _FUNCTIONS:
                return self.call(function, self.node(argument, depth + 1))
        raise self.error(f"{ast.unparse(node)[:40].replace(_LAMBDA, 'lambda')!r} is not permitted in it")

    def literal(self, node: ast.Constant) -> Expr:
        written = self.source[node.col_offset : node.end_col_offset].replace("_", "")
        if isinstance(node.value, complex):
            raise self.error(f"{written} is an imaginary number (a product needs its *, as in 2*j)")
        if isinstance(node.value, bool) or not isinstance(node.value, int | float):
            raise self.error(f"{written!r} is not permitted in it")
        if isinstance(node.value, int):
            return self.bounded(Integer(node.value))
        # The text, not the float, holds the number meant.
        try:
            decimal = Decimal(written)
        except InvalidOperation:
            raise self.error(f"{written[:40]} is too large or too small") from None
        if not decimal.is_finite() or (decimal and abs(decimal.adjusted()) > _LARGEST_EXPONENT):
            raise self.error(f"{written[:40]} is too large or too small")
        return self.bounded(Rational(*decimal.as_integer_ratio()))

    def symbol(self, identifier: str) -> Expr:
        if identifier.lower() in INFINITE:
            raise self.infinite()
        if identifier in _NOT_NAMES or identifier.startswith("__") or len(identifier) > 30:
            raise self.error(f"{identifier} is not a name for a number")
        if identifier in self.known:
            return self.known[identifier]
        if self.names is not None and identifier.replace(_LAMBDA, "lambda") not in self.names:
            raise self.unknown(identifier.replace(_LAMBDA, "lambda"))
        if identifier in _WHOLE_NAMES:
            return Symbol(identifier, integer=True, positive=True)
        if identifier in _REAL_NAMES:
            return Symbol(identifier, real=True)
        return Symbol("lambda" if identifier == _LAMBDA else identifier, positive=True)

    def unknown(self, identifier: str) -> DomainError:
        """A name that nothing declares is a slip more often than a constant: it never becomes a symbol by itself."""
        assert self.names is not None
        shown = self.text if len(self.text) <= 60 else self.text[:57] + "..."
        close = [name for name in self.names if name.lower() == identifier.lower()]
        close = close or get_close_matches(identifier, self.names, n=1)
        hint = f" (did you mean {close[0]}?)" if close else ""
        allowed = f"use {', '.join(self.names)}" if self.names else "no name is allowed here"
        return DomainError(
            f"{self.name} = {shown!r} holds {identifier}, which nothing declares{hint}: {allowed}, or for a constant "
            f"of your own a SymPy symbol in Python, --symbol {identifier} on the command line."
        )

    def binary(self, left: Expr, operator: ast.operator, right: Expr) -> Expr:
        match operator:
            case ast.Add():
                return self.bounded(left + right)
            case ast.Sub():
                return self.bounded(left - right)
            case ast.Mult():
                return self.bounded(left * right)
            case ast.Div():
                if right.is_zero:
                    raise self.error("it divides by zero")
                return self.bounded(left / right)
            case ast.Pow():
                return self.power(left, right)
        raise self.error("it holds an operator that is not permitted")

    def call(self, function: str, argument: Expr) -> Expr:
        if function == "exp":
            return self.power(E, argument)
        if function == "sqrt" and argument.is_negative:
            raise self.error("it takes the square root of a negative number")
        if function == "log" and (argument.is_zero or argument.is_negative):
            raise self.error("it takes the logarithm of a number that is not positive")
        return self.bounded(_FUNCTIONS[function](argument))

    def power(self, base: Expr, exponent: Expr) -> Expr:
        if base.is_zero:
            if exponent.is_positive is not True:
                raise self.error("it divides by zero")
            return S.Zero
        if base.is_negative and exponent.is_number and not exponent.is_integer:
            raise self.error("it takes a root of a negative number")
        if base.is_Rational and exponent.is_number and not exponent.is_integer and _bits(base) > _LARGEST_ROOT_BITS:
            # SymPy looks for perfect powers in it, which takes seconds.
            raise self.error("it takes a root of a number too long to compute with")
        size, times = self.magnitude(base), self.magnitude(exponent)
        # Both the number of bits and, for an exact rational base, the cost of a numerator near a denominator.
        bits = max(abs(log(size, 2).evalf(15)) if size != 0 else S.Zero, S.Half) * times
        if base.is_Rational:
            bits = max(bits, times * _bits(base) / 2)
        if bits > _LARGEST_BITS:
            raise self.error("it holds a power too large to compute with")
        return self.bounded(base**exponent)

    def magnitude(self, expression: Expr) -> Expr:
        """|expression| where every symbol is 100."""
        value = expression.evalf(15, subs=dict.fromkeys(expression.free_symbols, _PROBE))
        if not value.is_Float and not value.is_Rational:
            raise self.error("it holds a power too large to compute with")
        return abs(value)

    def bounded(self, value: Expr) -> Expr:
        if value.has(S.ComplexInfinity, S.NaN, S.Infinity, S.NegativeInfinity):
            raise self.error("its value is not finite")
        for number in value.atoms(Rational):
            if _bits(number) > _LARGEST_BITS:
                raise self.error("it holds a number too long to compute with")
        return value


def _bits(number: Rational) -> int:
    return max(int(number.p).bit_length(), int(number.q).bit_length())
