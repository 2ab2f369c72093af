r"""How each kind of relation is checked: by algebra where there is one, and never by a bare floating-point comparison.

Where nothing but numbers are left to compare, the evidence says to how many digits and at which points.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sympy import (
    Basic,
    Derivative,
    Dummy,
    Expr,
    ImmutableMatrix,
    Integer,
    Integral,
    MatrixBase,
    Piecewise,
    Product,
    Rational,
    S,
    Sum,
    Symbol,
    default_sort_key,
    oo,
    primerange,
)
from sympy.core.relational import Relational

from theory.derivation.inequalities import nonnegative
from theory.derivation.limits import is_zero, limit_of
from theory.derivation.relation import AT_LEAST, GREATER, LESS, Definitions, Relation
from theory.derivation.step import Evidence, NotShown
from theory.expressions.expansion import Order
from theory.expressions.lambert import lambert_sum, q_pochhammer, steps_apart
from theory.expressions.sums import definite_sum
from theory.expressions.symbols import G
from theory.solver.products import definite_product

ROUGH, DIGITS, POINTS = 10, 50, 4


def equality(relation: Relation) -> Evidence:
    """left = right, for all values of the symbols."""
    left, right = relation.left, relation.right
    if isinstance(left, MatrixBase) or isinstance(right, MatrixBase):
        return _matrices(relation)
    if isinstance(left, Relational) or isinstance(right, Relational) or not isinstance(left, Expr):
        if left == right:
            return Evidence("the two are the same")
        raise NotShown("the two sides differ")
    if isinstance(left, Piecewise) or isinstance(right, Piecewise):
        return _by_cases(relation)
    return equal(left, right, dict(relation.for_all))


def under(relation: Relation, where: Any) -> None:
    """The relation is stated under this condition and no other."""
    if relation.where != where:
        raise NotShown(f"the condition is {where}, not {relation.where}")


def equal(left: Expr, right: Expr, first: dict[Expr, Any] | None = None) -> Evidence:
    """How two expressions are proved to be equal, as functions of all their symbols.

    Raises
    ------
    NotShown
    """
    written = left, right
    left, right = (completed(side) for side in (left, right))
    difference = left - right
    if (left, right) != written and (difference == 0 or is_zero(difference)):
        return Evidence("series and integrals in closed form, and algebra")
    if difference.has(lambert_sum, q_pochhammer) and is_zero(_aligned(difference)):
        return Evidence("functional equations and algebra")
    if difference == 0 or (not _special(difference) and is_zero(difference)):
        return Evidence("identity of rational functions")
    if difference.has(S.NaN, S.ComplexInfinity, oo, -oo):
        if left == right:
            return Evidence("the two are the same")
        raise NotShown(f"{left} is not {right}")
    if is_zero(difference):
        return Evidence("functional equations and algebra")
    found = _induction(left, right, first or {})
    if found is not None:
        return found
    return _numerically(difference, left, right)


def _aligned(expression: Expr) -> Expr:
    """Series in powers of one number brought to one generation, by their functional equations, and then left opaque."""
    kinds = (lambert_sum, q_pochhammer)
    moved = expression.replace(lambda part: isinstance(part, kinds), lambda part: part._eval_expand_func())
    opaque: dict[Expr, Expr] = {}
    for part in sorted(moved.atoms(*kinds), key=default_sort_key):
        argument, q = (part.args[2], part.args[1]) if isinstance(part, lambert_sum) else part.args
        for known in [*opaque]:
            base = known.args[2] if isinstance(known, lambert_sum) else known.args[0]
            apart = steps_apart(argument, base, q) if known.func == part.func else None
            if apart is not None and part.func(*part.args).moved(base, 0) == known:
                opaque[part] = part.moved(base, apart).xreplace(opaque)
                break
        else:
            opaque[part] = Dummy()
    return moved.xreplace(opaque)


def completed(expression: Expr) -> Expr:
    """Derivatives, integrals, and infinite sums and products in closed form, where they have one."""
    return _series(_done(expression))


def _done(expression: Expr) -> Expr:
    """Derivatives, integrals and determinants carried out."""
    if expression.has(Derivative, Integral):
        expression = expression.replace(lambda part: isinstance(part, (Derivative, Integral)), lambda part: part.doit())
    return expression


def _special(expression: Expr) -> bool:
    symbols = expression.free_symbols
    return bool(not symbols or not expression.is_rational_function(*symbols))


def _series(expression: Expr) -> Expr:
    """Infinite sums and products as limits of their partial ones, in closed form and verified by their differences."""

    def summed(part: Expr) -> Expr:
        if len(part.limits) != 1 or len(part.limits[0]) != 3:
            return part
        index, lower, upper = part.limits[0]
        if upper != oo:
            return part
        solve = definite_sum if isinstance(part, Sum) else definite_product
        partial = solve(part.function, index, lower, G) if G not in part.free_symbols else None
        if partial is None or not lower.is_Integer:
            return part.doit()
        at = part.function.subs(index, G + 1)
        beyond = partial.subs(G, G + 1)
        first = partial.subs(G, lower)
        step = beyond - partial - at if isinstance(part, Sum) else beyond - partial * at
        start = first - part.function.subs(index, lower)
        if not (is_zero(step) and is_zero(start)):
            return part
        found = limit_of(partial, Order({}))
        return part if found is None else found

    if not expression.has(Sum, Product):
        return expression
    return expression.replace(lambda part: isinstance(part, (Sum, Product)), summed)


def _induction(left: Expr, right: Expr, first: dict[Expr, Any]) -> Evidence | None:
    """Equal at the first value of a whole symbol, with equal differences, or equal ratios."""
    moving = set()
    for part in (left - right).atoms(Sum, Product):
        moving |= {symbol for symbol in part.limits[0][2].free_symbols if symbol.is_integer}
    for x in sorted(moving, key=lambda item: item.name):
        start = S(first.get(x, 1))
        if not start.is_Integer:
            continue
        a, b = (side.subs(x, x + 1) for side in (left, right))
        differences = is_zero(a - left - b + right)
        if not differences and not is_zero(a * right - b * left):
            continue
        begins = (left - right).subs(x, start)
        begins = begins.replace(lambda part: isinstance(part, (Sum, Product)), lambda part: part.doit())
        if is_zero(begins):
            what = "differences" if differences else "ratios"
            return Evidence(f"by induction over {x}: equal {what}, and equal at {x} = {start}")
    return None


def _numerically(difference: Expr, left: Expr, right: Expr) -> Evidence:
    """Agreement to 50 digits at a few points: said, where there is nothing better."""
    symbols = sorted(difference.free_symbols, key=lambda item: item.name)
    primes = list(primerange(3, 10_000))[: POINTS * max(1, len(symbols))]
    tried = []
    for point in range(POINTS if symbols else 1):
        at = {}
        for index, symbol in enumerate(symbols):
            prime = primes[point * len(symbols) + index]
            # Beyond 1 and below 0 too, where the symbol may lie there: roots and logarithms differ by more than size.
            wide = Rational(prime, primes[-1] + 2) * (1 if point % 2 == 0 else 7)
            side = -1 if point >= POINTS // 2 and not symbol.is_nonnegative else 1
            at[symbol] = side * (Integer(prime) if symbol.is_integer else wide)
        where = ", ".join(f"{symbol} = {value}" for symbol, value in at.items())
        # Few digits tell most differences, and special functions are slow to many.
        agree = _agree(left, right, at, ROUGH) and _agree(left, right, at, DIGITS)
        if agree is False:
            raise NotShown(f"the sides differ{' at ' + where if where else ''}: {left} is not {right}")
        if agree:
            tried.append(where)
    if not tried:
        raise NotShown(f"not proved that {left} is {right}")
    where = "; ".join(tried)
    return Evidence(f"checked to {DIGITS} digits{' at ' + where if where else ''}", proved=False)


def _agree(left: Expr, right: Expr, at: dict[Expr, Expr], digits: int) -> bool | None:
    """Whether two sides are equal to so many digits; None where one has no number."""
    try:
        # Each by itself: of a difference that is zero SymPy knows no digit, and gives none.
        values = [value.subs(at).evalf(digits + 15) for value in (left, right)]
    except (ValueError, TypeError, NotImplementedError):
        return None
    if not all(value.is_number and (value.is_comparable or value.is_zero) for value in values):
        return None
    return bool(abs(values[0] - values[1]) <= Rational(1, 10**digits) * max(1, abs(values[0])))


def _matrices(relation: Relation) -> Evidence:
    left, right = (ImmutableMatrix(side) for side in (relation.left, relation.right))
    if left.shape != right.shape:
        raise NotShown(f"shapes {left.shape} and {right.shape} differ")
    return weakest([equal(a, b, dict(relation.for_all)) for a, b in zip(left, right, strict=True)])


def weakest(found: list[Evidence]) -> Evidence:
    """The evidence of all parts together: what is not proved comes first, then what is not the same for all."""
    unproved = [evidence for evidence in found if not evidence.proved]
    ways = list(dict.fromkeys(evidence.how for evidence in unproved or found))
    return Evidence("; ".join(ways), proved=not unproved)


def _by_cases(relation: Relation) -> Evidence:
    """Piecewise expressions with the same conditions, case by case."""
    left, right = relation.left, relation.right
    if not (isinstance(left, Piecewise) and isinstance(right, Piecewise)):
        raise NotShown("one side is defined by cases and the other is not")
    if [condition for _, condition in left.args] != [condition for _, condition in right.args]:
        raise NotShown("the cases of the two sides differ")
    cases = zip(left.args, right.args, strict=True)
    return weakest([equal(a, b, dict(relation.for_all)) for (a, _), (b, _) in cases])


def inequality(relation: Relation) -> Evidence:
    """left ≤ right and its kin, for all values of the symbols in their domains."""
    smaller, larger = relation.left, relation.right
    if relation.sign in (AT_LEAST, GREATER):
        smaller, larger = larger, smaller
    strict = relation.sign in (LESS, GREATER)
    smaller, larger = (completed(side) for side in (smaller, larger))
    if larger == oo or smaller == -oo:
        return Evidence("no number is above ∞")
    how = nonnegative(larger - smaller, relation.for_all, strict)
    if how is None:
        raise NotShown(f"not proved that {relation} for all {_domains(relation)}")
    return Evidence(how)


def _domains(relation: Relation) -> str:
    if not relation.for_all:
        return "values of its symbols"
    return ", ".join(
        f"{symbol} from {bounds[0]} to {bounds[1]}" if isinstance(bounds, tuple) else f"{symbol} ≥ {bounds}"
        for symbol, bounds in relation.for_all
    )


@dataclass(frozen=True)
class Defined:
    """A definition: its symbol is new, and does not occur in what it stands for."""

    known: Definitions

    def __call__(self, relation: Relation) -> Evidence:
        left, right = relation.left, relation.right
        if self.known.has(left):
            raise NotShown(f"{left} is defined already")
        inside = right.has(left) if isinstance(right, (Basic, MatrixBase)) else False
        if inside or (getattr(left, "is_Function", False) and right.has(left.func)):
            raise NotShown(f"{left} occurs in its own definition")
        return Evidence("definition")


@dataclass(frozen=True)
class Solves:
    r"""left = right where left = y(G) obeys a first-order recursion: right satisfies it, and its first value.

    Attributes
    ----------
    step : y(G) as an expression in G and ``previous``, which stands for y(G − 1)
    previous : Symbol
    first, value : y(first) = value
    """

    step: Expr
    previous: Symbol
    first: Expr
    value: Expr

    def __call__(self, relation: Relation) -> Evidence:
        closed = relation.right
        found = [
            equal(closed, self.step.subs(self.previous, closed.subs(G, G - 1))),
            equal(closed.subs(G, self.first), self.value),
        ]
        weak = [evidence.how for evidence in found if not evidence.proved]
        how = "put into the recursion and its first value"
        return Evidence("; ".join([how, *weak]), proved=not weak)
