"""What is known about the moment of a recurrence: closed form, limit, growth, expansion, monotonicity.

In units of the recurrence: the risk is offset + scale × this.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

from sympy import (
    Abs,
    Eq,
    Expr,
    Max,
    Min,
    Piecewise,
    S,
    Symbol,
    diff,
    fraction,
    nan,
    oo,
    radsimp,
    sqrt,
    sympify,
    together,
    zoo,
)

from theory.asymptotics.scales import Scale
from theory.expressions.expansion import CONSTANT, Expansion, NoExpansion, Order, UnknownOrder, expand_at_infinity, term
from theory.expressions.lambert import lambert_sum, q_pochhammer
from theory.expressions.shorter import simplified
from theory.expressions.signs import Ranges, at_least, sign, unit_interval
from theory.expressions.symbols import G
from theory.moments.covariance import CovarianceRecurrence
from theory.moments.recurrence import MomentRecurrence, Recurrence
from theory.solver.apart import of_each
from theory.solver.bounds import DECREASING, INCREASING, MONOTONE, monotonicity
from theory.solver.ceiling import ceiling
from theory.solver.coupled import is_coupled, limit_and_growth
from theory.solver.driven import driven_sum, repelled
from theory.solver.hump import highest_moment
from theory.solver.infinite import geometric_limit
from theory.solver.kinds import fate
from theory.solver.power_law import power_law
from theory.solver.pulled import pulled, pulled_growth, pulled_limit
from theory.solver.reduced import reduced
from theory.solver.settled import settled_limit
from theory.solver.shrinking_steps import at_infinity, shrinking_limit
from theory.solver.single_hump import single_hump
from theory.solver.stability import spectral_radius
from theory.solver.system import solve_recurrence
from theory.solver.two_rates import TwoRates, two_rates
from theory.solver.unsolved import by_cases, outcomes

#: Moments of coupled models beyond which a closed form, a sum over roots of polynomials, says less than its limit.
LARGEST_COUPLED, LARGEST_COUPLED_SYMBOLIC = 10, 3


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
        if self._is_large:
            return None
        if isinstance(self.recurrence, MomentRecurrence):
            found = solve_recurrence(self.recurrence)
            if found is not None and found.has(nan, zoo):
                return None  # a step that forgets all before it makes a product 0/0
            return found if found is None or self._converges(found) else None
        return self.recurrence.closed_form()

    def _converges(self, formula: Expr) -> bool:
        """Whether the series in powers of a number in it are of one that is seen to lie below 1."""
        numbers = {part.args[1] for part in formula.atoms(lambert_sum, q_pochhammer)}
        return all(sign(1 - q, self.ranges) == 1 and sign(q, self.ranges) in (0, 1) for q in numbers)

    @cached_property
    def limit(self) -> Expr | None:
        """Limit as G → ∞: an expression, possibly by cases; ``oo``; or None when unknown."""
        found = self._cases(Solution._limit, Order(self.ranges), depth=2)
        # Where the steps shrink, one case may be known alone.
        return self._shrinking if found is None else found

    @cached_property
    def _shrinking(self) -> Expr | None:
        recurrence = self.recurrence
        return shrinking_limit(recurrence, Order(self.ranges)) if isinstance(recurrence, MomentRecurrence) else None

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
        if isinstance(self.recurrence, MomentRecurrence):
            found = monotonicity(self.recurrence, self.ranges)
            if found is not None:
                return found
        rates = self._two_rates
        return None if rates is None or rates.turn is not None else INCREASING if rates.way > 0 else DECREASING

    @cached_property
    def _two_rates(self) -> TwoRates | None:
        """How it moves under constant steps of one or two moments, whatever numbers these hold."""
        steps = self.recurrence.as_moments()
        return None if steps is None else two_rates(steps, self.ranges)

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
            if self.monotonicity is not None:
                return None
            if not isinstance(recurrence, MomentRecurrence):
                return self._at_turn(first, limit, upwards)
            found = highest_moment(recurrence, limit, 1 if upwards else -1)
            return self._of_a_hump(first, limit, upwards) if found is None else found
        if isinstance(limit, Piecewise):
            return Piecewise(*((extreme(first, value), condition) for value, condition in limit.args))
        return extreme(first, limit)

    def _at_turn(self, first: Expr, limit: Expr, upwards: bool) -> Expr | None:
        """The value at the turn where that is the extreme asked for; else the outer of where it begins and ends."""
        rates = self._two_rates
        if rates is None or rates.turn is None:
            return None
        if (rates.way > 0) == upwards:
            return self.recurrence.changed(scale=S.One, offset=S.Zero).at(rates.turn)
        higher = sign(limit - first, self.ranges)
        return None if higher is None else limit if (higher >= 0) == upwards else first

    def _of_a_hump(self, first: Expr, limit: Expr, upwards: bool) -> Expr | None:
        """The height of a single hump; the lower of where it begins and where it ends."""
        assert isinstance(self.recurrence, MomentRecurrence)
        hump = single_hump(self.recurrence)
        if hump is not None:
            return hump[1] if upwards else Min(first, limit)
        found = ceiling(self.recurrence, limit, 1 if upwards else -1)
        return None if found is None else found.bound

    # -- how ---------------------------------------------------------------------------------------

    def _expansion(self, terms: int, order: Order) -> Expansion | None:
        if order.ranges is not self.ranges:
            return self._expanded(terms, order)
        key = terms, order.assumed
        if key not in self._expansions:
            self._expansions[key] = self._expanded(terms, order)
        return self._expansions[key]

    @cached_property
    def _expansions(self) -> dict[object, Expansion | None]:
        """Those asked for: limit and growth begin with the same."""
        return {}

    def _expanded(self, terms: int, order: Order) -> Expansion | None:
        if self.closed_form is None:
            return None
        try:
            return expand_at_infinity(_late(self.closed_form), terms, order, decaying=self._radius(order) == -1)
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

    @cached_property
    def _of_each(self) -> tuple[Expr | None, Expr | None]:
        """Limit and leading term by those of the moments that are read."""
        assert isinstance(self.recurrence, MomentRecurrence)

        def ask(moment: MomentRecurrence) -> tuple[Expr | None, Expr | None]:
            found = Solution(reduced(moment), self.ranges)
            return found.limit, found.growth

        return of_each(self.recurrence, self.ranges, ask)

    @cached_property
    def _pulled(self) -> Scale | None:
        """To leading order where the steps fade slowly."""
        assert isinstance(self.recurrence, MomentRecurrence)
        return pulled(self.recurrence)

    def _radius(self, order: Order) -> int | None:
        """Sign of (spectral radius − 1) of a coupled recurrence with constant coefficients."""
        recurrence = self.recurrence
        if not isinstance(recurrence, MomentRecurrence) or recurrence.matrix.has(recurrence.symbol):
            return None
        return None if recurrence.matrix.shape == (1, 1) else spectral_radius(recurrence.matrix, order)

    @property
    def _is_large(self) -> bool:
        """Whether these are moments of more coupled models than are worth a closed form."""
        if not isinstance(self.recurrence, CovarianceRecurrence):
            return False
        most = LARGEST_COUPLED if is_coupled(self.recurrence) else LARGEST_COUPLED_SYMBOLIC
        return self.recurrence.readout.shape[1] > most

    @cached_property
    def _coupled(self) -> tuple[Expr | None, Expr | None]:
        """Limit and leading term of many moments by linear algebra."""
        recurrence = self.recurrence
        if not isinstance(recurrence, CovarianceRecurrence) or not is_coupled(recurrence):
            return None, None
        return limit_and_growth(recurrence)

    def _limit(self, order: Order) -> Expr | None:
        if order.ranges is not self.ranges:
            return self._told_limit(order)
        if order.assumed not in self._limits:
            self._limits[order.assumed] = self._told_limit(order)
        return self._limits[order.assumed]

    @cached_property
    def _limits(self) -> dict[object, Expr | None]:
        """Those asked for: the growth asks for the limit again."""
        return {}

    def _told_limit(self, order: Order) -> Expr | None:
        if self._coupled[0] is not None or self._is_large:
            return self._coupled[0]
        # Which of several moments falls the fastest need not be known where all of them do.
        found = self._settled_moments
        return self._limit_by_order(order) if found is None else found

    @cached_property
    def _settled_moments(self) -> Expr | None:
        recurrence = self.recurrence
        if not isinstance(recurrence, MomentRecurrence) or recurrence.matrix.shape[0] == 1:
            return None
        return settled_limit(recurrence, self.ranges)

    def _limit_by_order(self, order: Order) -> Expr | None:
        recurrence = self.recurrence
        if not isinstance(recurrence, MomentRecurrence):
            found = fate(recurrence, order).limit
            return self._settled(order) if found is None else found
        if self._radius(order) == 1:
            return oo
        expansion = self._expansion(2, order)
        if expansion is None:
            found = geometric_limit(recurrence)
            sum_of_terms = driven_sum(recurrence, order) if found is None else None
            if sum_of_terms is not None:
                way = sign(sum_of_terms.coefficient, order.ranges)
                return sum_of_terms.limit if sum_of_terms.limit is not None else oo * way if way else None
            pulled = shrinking_limit(recurrence, order) if found is None else found
            # A power of G has its cases on either side of a parameter, where the steps alone tell one.
            found = self._limit_of_power(order) if pulled is None or isinstance(pulled, Piecewise) else pulled
            found = pulled if found is None else found
            found = self._by_theorems[0] if found is None else found
            found = self._of_each[0] if found is None else found
            return pulled_limit(self._pulled) if found is None and self._pulled is not None else found
        leading = expansion.leading()
        if expansion.oscillates:
            return None
        if leading is not None and order.keys(leading[1], CONSTANT) > 0:
            return -oo if sign(leading[0], self.ranges) == -1 else oo
        return expansion.constant

    def _limit_of_power(self, order: Order) -> Expr | None:
        """Limit of what behaves like a power of G."""
        assert isinstance(self.recurrence, MomentRecurrence)
        kept = reduced(self.recurrence)
        pull = at_infinity(kept.symbol * (1 - kept.matrix[0]), kept.symbol) if kept.matrix.shape == (1, 1) else None
        # Whether it is pulled to a limit at all comes before the order in which it gets there.
        if pull is None or order.exponents(pull, S.Zero) > 0:
            return None if pull is None else shrinking_limit(self.recurrence, order)
        law = power_law(self.recurrence, order)
        if law is None:
            return None
        side = order.exponents(law.power, S.Zero)
        if side == 0 and law.logs == 0:
            return law.coefficient
        known = law.series is None
        way = sign(law.coefficient, order.ranges) if known else _sign_of_kept(self.recurrence, order.ranges)
        return S.Zero if side > 0 else None if way is None else oo * way

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
        if self._coupled[1] is not None or self._is_large:
            return self._coupled[1]
        found = self._settled_moments
        return self._growth_by_order(order) if found in (None, S.Zero) else found

    def _growth_by_order(self, order: Order) -> Expr | None:
        recurrence = self.recurrence
        if not isinstance(recurrence, MomentRecurrence):
            found = fate(recurrence, order).growth
            return self._settled(order) if found is None else found
        expansion = self._expansion(2, order)
        if expansion is None:
            for law in (power_law, repelled, driven_sum):
                found = law(recurrence, order)
                if found is not None:
                    return found.term
            limit = self._limit(order)
            if limit == 0 and self._pulled is not None:
                return pulled_growth(self._pulled)
            if limit not in (oo, -oo, None):
                return limit
            known = self._of_each[1] if self._by_theorems[1] is None else self._by_theorems[1]
            return pulled_growth(self._pulled) if known is None and self._pulled is not None else known
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
        difference = self._of_noise(left, right)
        if side := sign(difference, self.ranges):
            return self._cases(ask, order.assuming(left, right, side), depth - 1)
        symbol, boundary = self._boundary(difference)
        if symbol is not None and boundary.has(Abs):
            # The value there would be solved for with |…| in every step, which no field of fractions holds.
            return None
        rises = symbol is None or sign(diff(difference, symbol), self.ranges) == 1
        sides = (-1, 1) if rises else (1, -1)
        orders = [order.assuming(left, right, side) for side in sides]
        if symbol is not None:
            runs = _split_range(self.ranges.get(symbol), boundary, self.ranges)
            orders = [
                replace(item, ranges={**order.ranges, symbol: run} if run is not None else order.ranges)
                for item, run in zip(orders, runs, strict=True)
            ]
        lower, upper = (self._cases(ask, item, depth - 1) for item in orders)
        if lower is None or upper is None or isinstance(lower, Piecewise) or isinstance(upper, Piecewise):
            return None
        if symbol is None:
            between = self._where_equal(ask, left, right)
            if between is None:
                return Piecewise((lower, left < right), (upper, left > right))
            last = [(upper, True)] if between == upper else [(between, Eq(left, right)), (upper, True)]
            return Piecewise((lower, left < right), *last)
        try:
            between = ask(self._at(symbol, boundary), Order(self.ranges))
        except UnknownOrder:
            return None
        if between is None:
            return None
        return Piecewise((lower, symbol < boundary), (between, Eq(symbol, boundary)), (upper, True))

    def _of_noise(self, left: Expr, right: Expr) -> Expr:
        """What has the sign of left − right: of |p| − 1 the curvature κ, where p = 1 + κ f and f > 0 is a new noise.

        p m + f is the risk after one more generation, and 1 + κ m the variance of an observation: p is never negative.
        """
        kept = self.recurrence
        if not isinstance(kept, MomentRecurrence) or not kept.adds_noise or kept.matrix.shape != (1, 1):
            return left - right
        if right != 1 or not left.has(Abs) or kept.matrix.has(kept.symbol):
            return left - right
        return simplified((kept.matrix[0] - 1) / kept.forcing[0])

    def _where_equal(self, ask: Callable[[Solution, Order], Expr | None], left: Expr, right: Expr) -> Expr | None:
        """The answer where both are equal, by putting in the value that some parameter then has."""
        numerator, denominator = fraction(together(left - right))
        for symbol in sorted(numerator.free_symbols, key=lambda item: item.name):
            polynomial = numerator.as_poly(symbol)
            if polynomial is None or not sign(denominator, self.ranges):
                continue
            *above, constant = polynomial.all_coeffs()
            if len(above) == 1:
                value = simplified(-constant / above[0])
            elif len(above) == 2 and above[1] == 0 and sign(symbol, self.ranges) in (0, 1):
                value = sqrt(simplified(-constant / above[0]))
            else:
                continue
            try:
                return ask(self._at(symbol, value), Order(self.ranges))
            except UnknownOrder:
                continue
        return None

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
                return symbol, simplified(-constant / slope)
        return None, S.Zero

    def _at(self, symbol: Symbol, value: Expr) -> Solution:
        return Solution(self.recurrence.subs(symbol, value), self.ranges)


def _late(formula: Expr) -> Expr:
    """The formula from some generation on, where single generations have values of their own."""
    cases = {}
    for part in formula.atoms(Piecewise):
        *single, (value, last) = part.args
        if last == S.true and all(isinstance(at, Eq) and at.lhs == G and at.rhs.is_number for _, at in single):
            cases[part] = value
    return formula.xreplace(cases)


def _split_range(run: Expr | None, boundary: Expr, ranges: Ranges) -> tuple[Expr | None, Expr | None]:
    """What runs over the values below a boundary, and above it, of a parameter whose values start at 0."""
    if run is None or sign(boundary, ranges) != 1 or not run.is_nonnegative:
        return None, None
    return boundary * unit_interval(), at_least(boundary)


def _sign_of_kept(recurrence: MomentRecurrence, ranges: Ranges) -> int | None:
    """Sign of what the first values and the inflow leave for ever, where all of them have one sign."""
    recurrence = reduced(recurrence)
    after = {**ranges, recurrence.symbol: at_least(sympify(recurrence.start))}
    step, inflow, first = recurrence.matrix[0], recurrence.forcing[0], recurrence.initial[0]
    if sign(step, after) != 1:
        return None
    signs = {sign(inflow, after), sign(first, ranges)} - {0}
    way = sign(recurrence.readout[0], ranges)
    (found,) = signs if len(signs) == 1 else (None,)
    return None if found is None or not way else found * way
