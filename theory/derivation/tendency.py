"""How limits and leading terms are checked."""

from __future__ import annotations

from sympy import Basic, Dummy, Expr, Pow, Rational, S, cancel, limit, log, oo
from sympy.functions.elementary.trigonometric import TrigonometricFunction

from theory.derivation.checks import DIGITS, completed, equal
from theory.derivation.limits import StrictOrder, apart, exceptions, expanded, is_never_zero, is_zero, limit_of
from theory.derivation.relation import LIMIT, Relation, covering
from theory.derivation.step import Evidence, NotShown
from theory.expressions.expansion import UnknownOrder, term
from theory.expressions.symbols import G


def tendency(relation: Relation) -> Evidence:
    """left → right, or left ~ right, as the variable goes to its end."""
    left, right = completed(relation.left), completed(relation.right)
    moved, target = (_at_infinity(side, relation.variable, relation.to) for side in (left, right))
    order = StrictOrder(covering(relation.for_all), apart=apart(relation.where))
    where = exceptions(moved, order)
    if where:
        raise NotShown(f"it holds only where {where[0]} is not zero, which no condition says")
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


def _asymptotic(left: Expr, right: Expr, order: StrictOrder) -> Evidence:
    logs = int(right.as_powers_dict().get(log(G), 0))
    expansions = [expanded(side, order) for side in (left, right / log(G) ** logs)]
    if expansions[0] is None or expansions[1] is None:
        raise NotShown(f"the expansion of {left} or of {right} is not known")
    try:
        leading = [expansion.leading() for expansion in expansions if expansion is not None]
    except UnknownOrder as unknown:
        raise NotShown(f"which term leads depends on parameters: {unknown}") from unknown
    if None in leading:
        raise NotShown("one of the sides is zero")
    (a, key), (b, other) = leading  # type: ignore[misc]
    if cancel(key[1] - other[1]) != 0 or key[2] != other[2] + logs or not is_zero(key[0] - other[0]):
        raise NotShown(f"the leading term is {term(a, key)}, not {right}")
    if not is_never_zero(b, order.ranges, order.apart):
        raise NotShown(f"it holds only where {b} is not zero, which no condition says")
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
