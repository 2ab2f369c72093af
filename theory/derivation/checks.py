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
    Pow,
    Product,
    Rational,
    S,
    Sum,
    Symbol,
    cancel,
    limit,
    log,
    oo,
    primerange,
)
from sympy.core.relational import Relational
from sympy.functions.elementary.trigonometric import TrigonometricFunction

from theory.asymptotics.expansion import CONSTANT, Expansion, NoExpansion, Order, UnknownOrder, expand_at_infinity, term
from theory.derivation.enclosure import number_sign
from theory.derivation.normal_form import NoNormalForm, vanishes
from theory.derivation.relation import AT_LEAST, GREATER, LESS, LIMIT, Definitions, Relation, covering
from theory.derivation.signs import nonnegative
from theory.derivation.step import Evidence, NotShown
from theory.solver.products import definite_product
from theory.solver.sums import definite_sum
from theory.symbols import G

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


def equal(left: Expr, right: Expr, first: dict[Expr, Any] | None = None) -> Evidence:
    """How two expressions are proved to be equal, as functions of all their symbols.

    Raises
    ------
    NotShown
    """
    written = left, right
    left, right = (_series(_done(side)) for side in (left, right))
    difference = left - right
    if (left, right) != written and (difference == 0 or _zero(difference)):
        return Evidence("series and integrals in closed form, and algebra")
    if difference == 0 or (not _special(difference) and _zero(difference)):
        return Evidence("identity of rational functions")
    if difference.has(S.NaN, S.ComplexInfinity, oo, -oo):
        if left == right:
            return Evidence("the two are the same")
        raise NotShown(f"{left} is not {right}")
    if _zero(difference):
        return Evidence("functional equations and algebra")
    found = _induction(left, right, first or {})
    if found is not None:
        return found
    return _numerically(difference, left, right)


def _done(expression: Expr) -> Expr:
    """Derivatives, integrals and determinants carried out."""
    if expression.has(Derivative, Integral):
        expression = expression.replace(lambda part: isinstance(part, (Derivative, Integral)), lambda part: part.doit())
    return expression


def _special(expression: Expr) -> bool:
    symbols = expression.free_symbols
    return bool(not symbols or not expression.is_rational_function(*symbols))


def _zero(difference: Expr) -> bool:
    try:
        return vanishes(difference)
    except (NoNormalForm, OverflowError):
        return False


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
        if not (_zero(step) and _zero(start)):
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
        differences = _zero(a - left - b + right)
        if not differences and not _zero(a * right - b * left):
            continue
        begins = (left - right).subs(x, start)
        begins = begins.replace(lambda part: isinstance(part, (Sum, Product)), lambda part: part.doit())
        if _zero(begins):
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
        agree = _agree(difference, left, at, ROUGH) and _agree(difference, left, at, DIGITS)
        if agree is False:
            raise NotShown(f"the sides differ{' at ' + where if where else ''}: {left} is not {right}")
        if agree:
            tried.append(where)
    if not tried:
        raise NotShown(f"not proved that {left} is {right}")
    where = "; ".join(tried)
    return Evidence(f"checked to {DIGITS} digits{' at ' + where if where else ''}", proved=False)


def _agree(difference: Expr, size: Expr, at: dict[Expr, Expr], digits: int) -> bool | None:
    """Whether a difference is zero to so many digits; None where it has no number."""
    try:
        gap, whole = (abs(value.subs(at).evalf(digits + 15)) for value in (difference, size))
    except (ValueError, TypeError, NotImplementedError):
        return None
    if not (gap.is_number and whole.is_number and gap.is_comparable):
        return None
    return bool(gap <= Rational(1, 10**digits) * max(1, whole))


def _matrices(relation: Relation) -> Evidence:
    left, right = (ImmutableMatrix(side) for side in (relation.left, relation.right))
    if left.shape != right.shape:
        raise NotShown(f"shapes {left.shape} and {right.shape} differ")
    worst = Evidence("identity of rational functions")
    for a, b in zip(left, right, strict=True):
        found = equal(a, b, dict(relation.for_all))
        worst = worst if worst.proved and found.proved and found.how == worst.how else found
    return worst


def _by_cases(relation: Relation) -> Evidence:
    """Piecewise expressions with the same conditions, case by case."""
    left, right = relation.left, relation.right
    if not (isinstance(left, Piecewise) and isinstance(right, Piecewise)):
        raise NotShown("one side is defined by cases and the other is not")
    if [condition for _, condition in left.args] != [condition for _, condition in right.args]:
        raise NotShown("the cases of the two sides differ")
    evidence = Evidence("the two are the same")
    for (a, _), (b, _) in zip(left.args, right.args, strict=True):
        evidence = equal(a, b, dict(relation.for_all))
    return evidence


def inequality(relation: Relation) -> Evidence:
    """left ≤ right and its kin, for all values of the symbols in their domains."""
    smaller, larger = relation.left, relation.right
    if relation.sign in (AT_LEAST, GREATER):
        smaller, larger = larger, smaller
    strict = relation.sign in (LESS, GREATER)
    smaller, larger = (_series(_done(side)) for side in (smaller, larger))
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


def tendency(relation: Relation) -> Evidence:
    """left → right, or left ~ right, as the variable goes to its end."""
    left, right = _series(_done(relation.left)), _series(_done(relation.right))
    moved, target = (_at_infinity(side, relation.variable, relation.to) for side in (left, right))
    order = Order(covering(relation.for_all))
    if relation.sign != LIMIT:
        return _asymptotic(moved, target, order)
    found = limit_of(moved, order)
    how, proved = "asymptotic expansion", True
    if found is None:
        # Gruntz's algorithm as SymPy has it errs on digammas: values have to bear it out, and it is no proof.
        found, proved = _gruntz(left, relation), False
        how = f"SymPy's limit, which the values on the way to {relation.to} approach"
    if found is None:
        raise NotShown(f"the limit of {left} is not known, so not that it is {right}")
    if _turns(moved) or (not proved and not _approached(left, relation, found)):
        raise NotShown(f"the values of {left} do not approach {found}")
    if found in (oo, -oo) or right in (oo, -oo):
        if found == right:
            return Evidence(how, proved)
        raise NotShown(f"the limit is {found}, not {right}")
    evidence = equal(found, right)
    return Evidence(how if evidence.proved else f"{how}; {evidence.how}", proved and evidence.proved)


def _at_infinity(expression: Expr, variable: Expr, to: Expr) -> Expr:
    """The expression in G → ∞ instead of ``variable`` → ``to``."""
    if variable == G and to == oo:
        return expression
    stand_in = Dummy("G", integer=True, positive=True)
    expression = expression.subs(G, stand_in) if variable != G else expression
    return expression.subs(variable, G if to == oo else -G if to == -oo else to + 1 / G)


def limit_of(expression: Expr, order: Order) -> Expr | None:
    """Limit for G → ∞ by the expansion; ``oo`` or ``-oo`` when it diverges, None when unknown."""
    if not expression.has(G):
        return expression
    expansion = _expanded(expression, order)
    if expansion is None:
        return None
    try:
        leading = expansion.leading()
        if leading is not None and order.keys(leading[1], CONSTANT) > 0:
            side = number_sign(leading[0]) if not leading[0].free_symbols else None
            if side is None:
                from theory.derivation.signs import signed_value

                side = signed_value(leading[0], order.ranges)
            return {1: oo, -1: -oo}.get(side) if side is not None else None
    except UnknownOrder:
        return None
    return expansion.constant


def _expanded(expression: Expr, order: Order, terms: int = 2) -> Expansion | None:
    try:
        return expand_at_infinity(expression, terms, order)
    except (NoExpansion, UnknownOrder, ValueError, TypeError, ZeroDivisionError):
        return None


def _asymptotic(left: Expr, right: Expr, order: Order) -> Evidence:
    logs = int(right.as_powers_dict().get(log(G), 0))
    expansions = [_expanded(side, order) for side in (left, right / log(G) ** logs)]
    if expansions[0] is None or expansions[1] is None:
        raise NotShown(f"the expansion of {left} or of {right} is not known")
    try:
        leading = [expansion.leading() for expansion in expansions if expansion is not None]
    except UnknownOrder as unknown:
        raise NotShown(f"which term leads depends on parameters: {unknown}") from unknown
    if None in leading:
        raise NotShown("one of the sides is zero")
    (a, key), (b, other) = leading  # type: ignore[misc]
    if cancel(key[1] - other[1]) != 0 or key[2] != other[2] + logs or not _zero(key[0] - other[0]):
        raise NotShown(f"the leading term is {term(a, key)}, not {right}")
    evidence = equal(a, b)
    return Evidence("asymptotic expansion", evidence.proved)


def _gruntz(expression: Expr, relation: Relation) -> Expr | None:
    try:
        found = limit(expression, relation.variable, relation.to)
    except (NotImplementedError, ValueError, TypeError):
        return None
    return None if isinstance(found, Basic) and found.has(relation.variable) else found


def _turns(expression: Expr) -> bool:
    """Whether something goes round for ever in it, such as (−1)^G: of that the expansion does not speak."""
    powers = (power for power in expression.atoms(Pow) if power.exp.has(G))
    bases = [power.base ** power.exp.coeff(G) for power in powers]
    rotating = any(base.is_number and not base.is_positive and abs(base).evalf() >= 1 for base in bases)
    arguments = [part.args[0] for part in expression.atoms(TrigonometricFunction) if part.has(G)]
    at = [argument.subs(dict.fromkeys(argument.free_symbols - {G}, 1)) for argument in arguments]
    return rotating or any(abs(argument.subs(G, 10**9).evalf()) > 10 for argument in at)


def _approached(expression: Expr, relation: Relation, found: Expr) -> bool:
    """Whether the distance from the limit falls on the way there, for the symbols at some values."""
    variable, to = relation.variable, relation.to
    symbols = sorted((expression.free_symbols | found.free_symbols) - {variable}, key=lambda symbol: symbol.name)
    chosen = {symbol: _sample(symbol, relation, index) for index, symbol in enumerate(symbols)}
    distances = []
    for far in (10, 100, 1000):
        at = far if to == oo else -far if to == -oo else to + Rational(1, far)
        value = expression.subs(chosen).subs(variable, at).evalf(DIGITS)
        gap = 1 / value if found in (oo, -oo) else value - found.subs(chosen).evalf(DIGITS)
        if not gap.is_number or not gap.is_finite:
            return False
        distances.append(abs(gap))
    return bool(distances[2] < distances[1] < distances[0] or distances[2] < Rational(1, 10**20))


def _sample(symbol: Expr, relation: Relation, index: int) -> Expr:
    """A value in the range of a symbol."""
    bounds = dict(relation.for_all).get(symbol)
    if isinstance(bounds, tuple):
        low, high = bounds
        return low + (high - low) * Rational(index + 1, index + 3)
    least = S.One if bounds is None else bounds
    return least + index + 1 if symbol.is_integer else least + Rational(2 * index + 1, 3)


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
