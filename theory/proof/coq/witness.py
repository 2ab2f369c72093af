r"""Witnesses of inequalities: a rational function as a quotient in which every sign is plain.

Generations and parameters are written as their least value plus something nonnegative, g = first + 1 + u, n = 1 + t.
When then all coefficients of every factor have one sign, the function is nonnegative, and Coq sees it term by term. The
same test as in :mod:`theory.expressions.signs`, with the witness kept.
"""

from __future__ import annotations

from sympy import Dummy, Expr, Mul, S, Symbol, cancel, factor, fraction

from theory.expressions.signs import Ranges, sign
from theory.proof.coq.text import coq_term, identifier


def witness(expression: Expr, generation: Symbol, first: int, ranges: Ranges) -> str | None:
    """N/D in Coq, equal to the expression at generation S g for g ≥ first, N ≥ 0 and D > 0 term by term; or None.

    Parameters
    ----------
    expression : Expr
        Rational in ``generation`` and the parameters.
    generation : Symbol
    first : int
        What the Coq variable ``g`` is at least.
    ranges : mapping
        Parameters in variables over [0, ∞).

    Examples
    --------
    >>> from sympy import Symbol
    >>> g = Symbol("g")
    >>> witness(1 - 1 / g, g, 0, {})
    'INR g / (INR g + 1)'
    >>> witness(1 / g - 1, g, 0, {}) is None
    True
    """
    age = Dummy("u", nonnegative=True)
    value = expression.subs(generation, first + 1 + age)
    names = {age: f"(INR g - {first})" if first else "INR g"}
    while left := sorted(value.free_symbols - set(names), key=lambda item: item.name):
        symbol = left[0]
        least, called = least_value(symbol, ranges), identifier(symbol)
        above = Dummy(symbol.name, nonnegative=True)
        if least is not None:
            names[above] = called if least == 0 else f"({called} - {_grouped_sum(least)})"
            value = value.subs(symbol, least + above)
        elif is_probability(symbol, ranges):
            names[above] = f"({called} / (1 - {called}))"
            value = value.subs(symbol, above / (1 + above))
        else:
            return None
    sides = [_by_factors(side) for side in fraction(factor(cancel(value)))]
    (numerator, top), (denominator, bottom) = sides
    if top is None or not bottom or top * bottom < 0:
        return None
    return coq_term(_by_factors(top * numerator)[0] / _by_factors(bottom * denominator)[0], names) if top else "0"


def least_value(symbol: Symbol, ranges: Ranges) -> Expr | None:
    """The bound b of a parameter that runs over [b, ∞), in terms of other parameters; None for any other range.

    Examples
    --------
    >>> from sympy import Symbol
    >>> least_value(Symbol("n", integer=True, positive=True), {}), least_value(Symbol("x", real=True), {})
    (1, None)
    """
    if symbol not in ranges:
        if symbol.is_integer and symbol.is_positive:
            return S.One
        return S.Zero if symbol.is_nonnegative else None
    hidden = [t for t in ranges[symbol].free_symbols if isinstance(t, Dummy)]
    least = ranges[symbol].subs(dict.fromkeys(hidden, 0))
    return least if len(hidden) == 1 and ranges[symbol] - least == hidden[0] else None


def is_probability(symbol: Symbol, ranges: Ranges) -> bool:
    """Whether the parameter runs over t/(1 + t), t ≥ 0: over [0, 1).

    Examples
    --------
    >>> from sympy import Symbol
    >>> from theory.expressions.signs import at_least, unit_interval
    >>> p = Symbol("p")
    >>> is_probability(p, {p: unit_interval()}), is_probability(p, {p: at_least(2)})
    (True, False)
    """
    value = ranges.get(symbol)
    hidden = [] if value is None else [t for t in value.free_symbols if isinstance(t, Dummy)]
    return len(hidden) == 1 and cancel(value - hidden[0] / (1 + hidden[0])) == 0


def _by_factors(side: Expr) -> tuple[Expr, int | None]:
    """A polynomial with plain signs, factor by factor or else multiplied out, and its sign; None if neither is."""
    product = _expanded(side)
    direction = _plain_sign(product)
    if direction is None and (direction := sign(product.expand())) is not None:
        return product.expand(), direction
    return product, direction


def _grouped_sum(least: Expr) -> str:
    text = coq_term(least)
    return text if text.isalnum() else f"({text})"


def _expanded(expression: Expr) -> Expr:
    """A product with the terms of every factor collected, none left with a minus sign where all have one."""
    total = S.One
    for item in Mul.make_args(factor(expression)):
        root, exponent = item.as_base_exp()
        root = root.expand()
        if exponent.is_Integer and not root.is_number and sign(root) == -1:
            total *= (-1) ** exponent
            root = (-root).expand()
        total *= root**exponent
    return total


def _plain_sign(expression: Expr) -> int | None:
    """1, 0 or −1 when the coefficients of every factor have one sign; None otherwise."""
    total = 1
    for item in Mul.make_args(expression):
        root, exponent = item.as_base_exp()
        direction = sign(root)
        if direction is None:
            return None
        total *= direction if exponent % 2 else abs(direction)
    return total
