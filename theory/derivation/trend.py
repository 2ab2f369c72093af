"""Where a risk goes: limit, growth, direction, bound, and the condition under which it is finite."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice, pairwise
from typing import Any

from sympy import Basic, Expr, Integer, Ne, Piecewise, Rational, RootSum, S, Sum, fraction, oo, together

from theory.derivation.checks import equal, under, weakest
from theory.derivation.closed_form import together as all_of
from theory.derivation.limits import StrictOrder, apart, exceptions, is_never_zero, limit_of, nonzero, singular
from theory.derivation.notation import risk
from theory.derivation.relation import ASYMPTOTIC, AT_LEAST, AT_MOST, LESS, LIMIT, Relation
from theory.derivation.step import Evidence, NotShown, Step
from theory.errors import DomainError, NotDerivedError
from theory.expressions.signs import Ranges, covering, sign
from theory.expressions.symbols import G
from theory.models.ridge.trace_moments import wishart_trace
from theory.proof import claims, prove
from theory.proof.texts import text
from theory.proof.values import written_limits
from theory.risk import Risk
from theory.solver.bounds import DECREASING, INCREASING

#: Exact values that a direction and a bound are compared with.
FIRST_VALUES = 6

#: Generations far out, and digits there, for a limit that is derived otherwise than from the closed form.
FAR, DIGITS = (100, 1000, 10_000), 40
#: A generation of a sum of positive integrals, up to which its terms are added up.
NEAR = 24


def limit_steps(found: Risk) -> list[Step]:
    """Limit, and growth where there is no finite one."""
    steps = []
    limit, growth = found.limit, found.growth
    if limit is not None and found._formula != oo and (found._formula is None or found._formula.has(G)):
        reason = "it diverges" if limit in (oo, -oo) else "as generations go on it settles"
        steps.append(Step(Relation(risk(G), LIMIT, limit, where=_where(found, limit)), reason, Tends(found)))
    # Also how it vanishes, which the limit does not say.
    open_ended = limit in (None, oo, -oo, S.Zero) or isinstance(limit, Piecewise)
    if growth is not None and growth.has(G) and open_ended:
        where = _where(found, growth)
        how = "it vanishes like" if limit == 0 else "it grows like"
        steps.append(Step(Relation(risk(G), ASYMPTOTIC, growth, where=where), how, Grows(found)))
    return steps


def _where(found: Risk, right: Expr) -> Basic | None:
    """The parameters for which a limit holds: none at which it, or the expansion that it is of, is another."""
    conditions: list[Basic | None] = []
    if not isinstance(right, Piecewise):
        conditions.append(singular(right, found._ranges))
    closed = found._formula
    if closed is not None and not isinstance(closed, Piecewise):
        conditions += [nonzero(part) for part in exceptions(closed, StrictOrder(found._ranges)) or []]
    scale = fraction(together(found.recurrence.scale))[0]
    # Without noise nothing grows.
    if (right.has(oo, -oo) or right.has(G)) and not is_never_zero(scale, found._ranges):
        conditions.append(Ne(scale, 0, evaluate=False))
    return all_of(*dict.fromkeys(conditions))


@dataclass(frozen=True)
class Tends:
    """The limit of the closed form, by its expansion; without one, that of the recurrence."""

    found: Risk

    def __call__(self, relation: Relation) -> Evidence:
        found, right = self.found, relation.right
        under(relation, _where(found, found.limit))
        closed = found._formula
        evidence = _same(found.limit, right, "derived from the recurrence")
        if closed is None or isinstance(right, Piecewise):
            return evidence
        closed = closed.args[-1][0] if isinstance(closed, Piecewise) else closed
        limit = limit_of(closed, StrictOrder(found._ranges, apart=apart(relation.where)))
        if limit is None and closed.has(RootSum):
            return evidence  # far out its powers fill pages
        if limit is None:
            if closed.has(wishart_trace) and closed.has(Sum):
                _below(found, right)
            else:
                _approached(closed, right, found._ranges)
            return evidence
        return _same(limit, right, "asymptotic expansion of the closed form")


def _approached(closed: Expr, limit: Expr, ranges: Ranges) -> None:
    """Raise if the closed form, at some parameters in their ranges, does not come closer to the limit."""
    at = {}
    for symbol, run in covering(closed.subs(G, 1), ranges).items():
        at[symbol] = run.subs({part: Integer(index) for index, part in enumerate(sorted(run.free_symbols, key=str), 2)})
    at |= dict.fromkeys((closed.free_symbols | limit.free_symbols) - {G, *at}, Integer(2))
    values = [closed.subs(at).subs(G, far).evalf(DIGITS) for far in FAR]
    gaps = [abs(1 / value if limit in (oo, -oo) else value - limit.subs(at).evalf(DIGITS)) for value in values]
    if not all(gap.is_comparable or gap.is_zero for gap in gaps):
        return
    # A logarithm halves its distance from 10² to 10⁴, and powers do better.
    near = gaps[2] < Rational(1, 10 ** (DIGITS // 2)) or (gaps[2] < gaps[1] and 5 * gaps[2] < 3 * gaps[0])
    if not near:
        raise NotShown(f"the closed form does not approach {limit}")


def _below(found: Risk, limit: Expr) -> None:
    """Raise if a sum of positive terms exceeds, by numbers, what it is said to tend to."""
    rest = limit - found.at(NEAR)
    if not rest.free_symbols and rest.evalf(15) <= 0:
        raise NotShown(f"the values do not stay below {limit}")


@dataclass(frozen=True)
class Grows:
    """The leading term as it is derived from the recurrence, or from the closed form."""

    found: Risk

    def __call__(self, relation: Relation) -> Evidence:
        found, closed = self.found, self.found._formula
        under(relation, _where(found, found.growth))
        evidence = _same(found.growth, relation.right, "leading term of the expansion")
        if closed is None or isinstance(closed, Piecewise) or isinstance(relation.right, Piecewise):
            return evidence
        try:
            grown = next((x["growth"] for x in prove(claims.Growth(found)).data["steps"] if "growth" in x), None)
        except NotDerivedError:
            return evidence
        if grown is None:
            return evidence  # the certificate tells the growth without writing it down
        if grown != text(found.growth):
            raise NotShown(f"the certificate says {grown}")
        return Evidence("by a certificate that the checker accepts")


def _same(expected: Any, stated: Any, how: str) -> Evidence:
    """Two answers that may be infinite, or by cases."""
    if isinstance(expected, Piecewise) or isinstance(stated, Piecewise):
        if not (isinstance(expected, Piecewise) and isinstance(stated, Piecewise)):
            raise NotShown(f"it is {expected}")
        pairs = list(zip(expected.args, stated.args, strict=False))
        if len(expected.args) != len(stated.args) or any(a[1] != b[1] for a, b in pairs):
            raise NotShown(f"it is {expected}")
        return weakest([_same(a, b, how) for (a, _), (b, _) in pairs])
    if expected in (oo, -oo) or stated in (oo, -oo):
        if expected != stated:
            raise NotShown(f"it is {expected}")
        return Evidence(how)
    weak = equal(expected, stated)
    return Evidence(how if weak.proved else f"{how}; {weak.how}", weak.proved)


# -- order and bound -----------------------------------------------------------------------------------------------


def order_steps(found: Risk) -> list[Step]:
    """Direction and least upper bound."""
    steps = []
    closed = found._formula
    moves = closed is None or closed.has(G)
    if found.monotonicity in (INCREASING, DECREASING) and moves and found.domain != S.false:
        sign = AT_LEAST if found.monotonicity == INCREASING else AT_MOST
        reason = f"the sequence {'does not decrease' if sign == AT_LEAST else 'does not increase'}"
        steps.append(Step(Relation(risk(G + 1), sign, risk(G), for_all=((G, 1),)), reason, Monotone(found)))
    bound = found.bound
    if bound is not None and bound != oo and moves and not isinstance(bound, Piecewise):
        reason = "so it never exceeds its limit" if bound == found.limit else "so the first generations are the largest"
        where = all_of(singular(bound, found._ranges))
        steps.append(
            Step(Relation(risk(G), AT_MOST, bound, for_all=((G, 1),), where=where), reason, Bounded(found, where))
        )
    return steps


@dataclass(frozen=True)
class Monotone:
    """The sign of the steps, by the recurrence (:mod:`theory.solver.bounds`), and of the first ones by exact values."""

    found: Risk

    def __call__(self, relation: Relation) -> Evidence:
        expected = AT_LEAST if self.found.monotonicity == INCREASING else AT_MOST
        if (relation.left, relation.sign, relation.right) != (risk(G + 1), expected, risk(G)):
            raise NotShown(f"the risk is {self.found.monotonicity}")
        way = 1 if expected == AT_LEAST else -1
        for former, later in pairwise(_first_values(self.found)):
            if sign(way * (later - former), self.found._ranges) == -1:
                raise NotShown("the first generations go the other way")
        direction = {AT_LEAST: INCREASING, AT_MOST: DECREASING}[expected]
        return _certified(claims.Monotone(self.found), lambda claim: claim["statement"] == direction)


def _first_values(found: Risk) -> list[Expr]:
    """Exact risks at the first generations; none where the parameters say which regime these are in."""
    try:
        return list(islice(found.recurrence.values(), FIRST_VALUES))
    except DomainError:
        return []


def _certified(claim: claims.Claim, agrees: Any) -> Evidence:
    """A certificate of the claim that says the same; without one the library's own argument is all there is."""
    try:
        stated = prove(claim).data["claim"]
    except NotDerivedError:
        return Evidence("by the signs of the recurrence's coefficients; no certificate was found")
    if not agrees(stated):
        raise NotShown(f"the certificate says {stated}")
    return Evidence("by a certificate that the checker accepts")


@dataclass(frozen=True)
class Bounded:
    """The least upper bound: a limit approached from one side, or the first value of a sequence that falls."""

    found: Risk
    where: Basic | None

    def __call__(self, relation: Relation) -> Evidence:
        if relation.sign != AT_MOST:
            raise NotShown("it is an upper bound")
        under(relation, self.where)
        # First what takes least: another bound is refused without the signs of long expressions.
        weak = _same(self.found.bound, relation.right, "a monotone sequence lies between its first value and its limit")
        if any(sign(relation.right - value, self.found._ranges) == -1 for value in _first_values(self.found)):
            raise NotShown("the first generations exceed it")
        # The certificate is of the risk's own first value or limit, whichever way that is written.
        found = self.found
        texts = {text(value) for value in (found.limit, found.baseline) if _agree(value, relation.right)}
        if found.recurrence.as_moments() is not None and _agree(found.limit, relation.right):
            texts |= set(written_limits(found))
        least = _certified(claims.LeastBound(found), lambda claim: claim["bound"] in (texts or {text(relation.right)}))
        return least if weak.proved else weak


def _agree(value: Expr | None, bound: Expr) -> bool:
    if value is None or value in (oo, -oo) or isinstance(value, Piecewise):
        return False
    try:
        return equal(value, bound).proved
    except NotShown:
        return False


# -- domain --------------------------------------------------------------------------------------------------------


def domain_steps(found: Risk) -> list[Step]:
    """Where the expectation is finite."""
    if found.domain in (S.true, S.false):
        return []
    relation = Relation(risk(G), LESS, oo, where=found.domain)
    return [Step(relation, "the expectation is finite for", Finite(found.domain))]


@dataclass(frozen=True)
class Finite:
    """The condition under which every generation has a finite risk, as the model states it."""

    domain: Basic

    def __call__(self, relation: Relation) -> Evidence:
        if relation.where != self.domain or (relation.sign, relation.right) != (LESS, oo):
            raise NotShown(f"it is finite for {self.domain}")
        return Evidence("as the model states it")
