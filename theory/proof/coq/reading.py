"""The texts of a certificate as SymPy expressions."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Iterable, Mapping

from sympy import Expr, Integer, pi

from theory.errors import NotDerivedError
from theory.expressions.signs import Ranges
from theory.expressions.symbols import G
from theory.proof.coq.moments import neat
from theory.proof.texts import name
from theory.risk import Risk

_OPERATIONS: dict[type[ast.operator], Callable[[Expr, Expr], Expr]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}


def read(text: str, risks: Iterable[Risk], ranges: Ranges) -> Expr:
    """Arithmetic in g, π and the parameters of some risks; :class:`NotDerivedError` for anything else.

    Examples
    --------
    >>> from theory import Accumulate, Poisson, expected_risk
    >>> read("1/(g**2*n) - 1/g", [expected_risk(Poisson(), Accumulate())], {})
    -(G*n - 1)/(G**2*n)
    """
    symbols = {name(symbol): symbol for risk in risks for symbol in risk.free_symbols}
    return neat(_expression(ast.parse(text, mode="eval").body, symbols | {"g": G, "pi": pi}), ranges)


def _expression(node: ast.expr, symbols: Mapping[str, Expr]) -> Expr:
    match node:
        case ast.Constant(value=int(number)):
            return Integer(number)
        case ast.Name(id=label) if label in symbols:
            return symbols[label]
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_expression(operand, symbols)
        case ast.BinOp(left=left, op=how, right=right) if type(how) in _OPERATIONS:
            return _OPERATIONS[type(how)](_expression(left, symbols), _expression(right, symbols))
        case _:
            raise NotDerivedError(
                f"{ast.unparse(node)} has no name in the Coq library: arithmetic of g, π and the parameters has."
            )
