"""What is known about the moment of a recurrence: closed form, limit, growth, expansion, monotonicity.

In units of the recurrence: the risk is offset + scale × this.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from sympy import Eq, Expr, Max, Min, Piecewise, S, Symbol, diff, fraction, oo, radsimp, simplify, together

from theory.expressions.expansion import CONSTANT, Expansion, NoExpansion, Order, UnknownOrder, expand_at_infinity, term
from theory.expressions.signs import Ranges, sign
from theory.moments.recurrence import MomentRecurrence, Recurrence
from theory.solver.bounds import DECREASING, INCREASING, MONOTONE, monotonicity
from theory.solver.hump import highest_moment
from theory.solver.infinite import geometric_limit
from theory.solver.power_law import power_law
from theory.solver.shrinking_steps import shrinking_limit
from theory.solver.stability import spectral_radius
from theory.solver.system import solve_recurrence
from theory.solver.unsolved import by_cases, outcomes


@dataclass(frozen=True, eq=False)
class Solution:
    """Analysis of one recurrence, each part when first asked for.

    Attributes
    ----------
    recurrence : Recurrence
    ranges : mapping
        Parameters in variables over [0, ∞), for deciding signs.
    """

    recurrence: Recurrence
    ranges: Ranges

    @cached_property
    def closed_form(self) -> Expr | None:
        """The moment at G; None when none was derived."""
        if isinstance(self.recurrence, MomentRecurrence):
            return solve_recurrence(self.recurrence)
        return self.recurrence.closed_form()

    @cached_property
    def limit(self) -> Expr | None:
        """Limit as G → ∞: an expression, possibly by cases; ``oo``; or None when unknown."""
        return self._cases(Solution._limit, Order(self.ranges), depth=2)

    @cached_property
    def growth(self) -> Expr | None:
        """Leading term as G → ∞, possibly by cases; None when unknown."""
        return self._cases(Solution._growth, Order(self.ranges), depth=2)

    def expansion(self, count: int) -> list[Expr] | None:
        """The ``count`` largest terms (fewer if there are no more); None when unknown."""
        order = Order(self.ranges)
        try:
            expansion = self._expansion(count + 1, order)
            if expansion is not None and len(expansion.terms) < count:
                expansion = self._expansion(2 * count + 4, order)
            return None if expansion is None else [term(*item) for item in expansion.sorted()[:count]]
        except UnknownOrder:
            return None

    @cached_property
    def monotonicity(self) -> str | None:
        """ "increasing", "decreasing", "monotone" (one of them, depending on parameters), or None: not decided."""
        return monotonicity(self.recurrence, self.ranges) if isinstance(self.recurrence, MomentRecurrence) else None

    def supremum(self, first: Expr) -> Expr | None:
        """Least upper bound over all G, given the first value; None when not derived."""
        return self._extreme(first, INCREASING, DECREASING, Max)

    def infimum(self, first: Expr) -> Expr | None:
        """Greatest lower bound over all G, given the first value; None when not derived."""
        return self._extreme(first, DECREASING, INCREASING, Min)

    def _extreme(self, first: Expr, towards: str, away: str, extreme: type[Expr]) -> Expr | None:
        """The limit of a sequence that moves towards it monotonically, the first value of one that moves away."""
        limit = self.limit
        if self.monotonicity == away:
            return first
        if limit is None or self.monotonicity == towards or limit == (oo if extreme is Max else -oo):
            return limit
        if self.monotonicity != MONOTONE:
            # It may rise above its limit and fall again.
            recurrence, upwards = self.recurrence, extreme is Max
            if self.monotonicity is not None or not isinstance(recurrence, MomentRecurrence):
                return None
            return highest_moment(recurrence, limit, 1 if upwards else -1)
        if isinstance(limit, Piecewise):
            return Piecewise(*((extreme(first, value), condition) for value, condition in limit.args))
        return extreme(first, limit)

    # -- how ---------------------------------------------------------------------------------------

    def _expansion(self, terms: int, order: Order) -> Expansion | None:
        if self.closed_form is None:
            return None
        try:
            return expand_at_infinity(self.closed_form, terms, order, decaying=self._radius(order) == -1)
        except NoExpansion:
            return None

    @cached_property
    def _by_theorems(self) -> tuple[Expr | None, Expr | None]:
        """Limit and leading term without a closed form."""
        assert isinstance(self.recurrence, MomentRecurrence)
        found = outcomes(self.recurrence, self.ranges)
        return by_cases([(item.limit, item.condition) for item in found]), by_cases(
            [(item.growth, item.condition) for item in found]
        )

    def _radius(self, order: Order) -> int | None:
        """Sign of (spectral radius − 1) of a coupled recurrence with constant coefficients."""
        recurrence = self.recurrence
        if not isinstance(recurrence, MomentRecurrence) or recurrence.matrix.has(recurrence.symbol):
            return None
        return None if recurrence.matrix.shape == (1, 1) else spectral_radius(recurrence.matrix, order)

    def _limit(self, order: Order) -> Expr | None:
        recurrence = self.recurrence
        if not isinstance(recurrence, MomentRecurrence):
            found = recurrence.limit(order)
            return self._settled(order) if found is None else found
        if self._radius(order) == 1:
            return oo
        expansion = self._expansion(2, order)
        if expansion is None:
            found = geometric_limit(recurrence)
            found = shrinking_limit(recurrence, order) if found is None else found
            return self._by_theorems[0] if found is None else found
        leading = expansion.leading()
        if expansion.oscillates:
            return None
        if leading is not None and order.keys(leading[1], CONSTANT) > 0:
            return -oo if sign(leading[0], self.ranges) == -1 else oo
        return expansion.constant

    def _settled(self, order: Order) -> Expr | None:
        """Limit by the constant steps to which the steps tend; None unless those are seen to contract."""
        constant = self.recurrence.limiting
        if not isinstance(constant, MomentRecurrence) or constant.matrix.shape != (1, 1):
            return None
        if constant.matrix.has(constant.symbol) or order.rates(constant.matrix[0], S.One) >= 0:
            return None
        found = Solution(constant, order.ranges).limit
        return found if found is None or found.free_symbols else radsimp(found)

    def _growth(self, order: Order) -> Expr | None:
        recurrence = self.recurrence
        if not isinstance(recurrence, MomentRecurrence):
            found = recurrence.growth(order)
            return self._settled(order) if found is None else found
        expansion = self._expansion(2, order)
        if expansion is None:
            law = power_law(recurrence, order)
            if law is not None:
                return law.term
            limit = self._limit(order)
            return self._by_theorems[1] if limit in (oo, -oo, None) else limit
        leading = expansion.leading()
        if expansion.oscillates:
            return None
        return S.Zero if leading is None else term(*leading)

    def _cases(self, ask: Callable[[Solution, Order], Expr | None], order: Order, depth: int) -> Expr | None:
        """Answer, or answer on either side of the parameter values where the order of growth changes."""
        try:
            return ask(self, order)
        except UnknownOrder as unknown:
            left, right = unknown.left, unknown.right
        if depth == 0:
            return None
        below = self._cases(ask, order.assuming(left, right, -1), depth - 1)
        above = self._cases(ask, order.assuming(left, right, 1), depth - 1)
        if below is None or above is None or isinstance(below, Piecewise) or isinstance(above, Piecewise):
            return None
        symbol, boundary = self._boundary(left - right)
        if symbol is None:
            return Piecewise((below, left < right), (above, left > right))
        lower, upper = (below, above) if sign(diff(left - right, symbol), self.ranges) == 1 else (above, below)
        try:
            between = ask(self._at(symbol, boundary), Order(self.ranges))
        except UnknownOrder:
            return None
        if between is None:
            return None
        return Piecewise((lower, symbol < boundary), (between, Eq(symbol, boundary)), (upper, True))

    def _boundary(self, difference: Expr) -> tuple[Symbol | None, Expr]:
        """A parameter in which the difference is linear and monotone, and its value where the difference is zero."""
        for symbol in sorted(difference.free_symbols, key=lambda item: item.name):
            numerator, denominator = fraction(together(difference))
            polynomial = numerator.as_poly(symbol)
            if (
                symbol.is_integer
                or not sign(denominator, self.ranges)
                or polynomial is None
                or polynomial.degree() != 1
            ):
                continue
            slope, constant = polynomial.all_coeffs()
            if sign(slope, self.ranges) in (1, -1):
                return symbol, simplify(-constant / slope)
        return None, S.Zero

    def _at(self, symbol: Symbol, value: Expr) -> Solution:
        return Solution(self.recurrence.subs(symbol, value), self.ranges)
