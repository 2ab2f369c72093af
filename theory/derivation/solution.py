r"""Whether a closed form solves its recurrence: for every G, by algebra.

*One moment.* The closed form is put into the recurrence and compared with one exact value.

*Constant coefficients.* A system of k moments makes its risk obey a linear recurrence of order k + 1 with constant
coefficients, and a sum of M terms :math:`G^i\lambda^G` obeys one of order M. Their difference obeys one of order
k + 1 + M: it is zero for ever once it is zero at so many generations in a row, and these are compared exactly.

*Triangular systems.* Each moment is solved for, put into its own equation, and the risk is their combination.

What is left is compared exactly at the first generations, and says so.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from sympy import (
    Add,
    Eq,
    Expr,
    Integer,
    Matrix,
    Mul,
    Piecewise,
    Poly,
    Pow,
    RootSum,
    S,
    cancel,
    fraction,
    sympify,
    zeros,
)

from theory.derivation.checks import equal
from theory.derivation.relation import EQUAL, Relation
from theory.derivation.step import Evidence, NotShown
from theory.expressions.symbols import G
from theory.models.gaussian.inverse_wishart import DeviationRecurrence
from theory.moments.recurrence import MomentRecurrence, Recurrence
from theory.solver.system import solve_recurrence

#: Generations compared where there is no proof, and most of those that a proof may need.
COMPARED, MOST_SYMBOLIC, MOST_COMPARED = 8, 20, 80


@dataclass(frozen=True)
class SolvesRecurrence:
    """The right side is the risk at G of a recurrence."""

    recurrence: Recurrence

    def __call__(self, relation: Relation) -> Evidence:
        closed, recurrence = relation.right, self.recurrence
        if closed == S.Infinity:
            return self._compared(closed, 3)
        branches = list(closed.args) if isinstance(closed, Piecewise) else [(closed, S.true)]
        # Generations with a value of their own come first.
        own = [(int(condition.rhs), value) for value, condition in branches if isinstance(condition, Eq)]
        regimes = [(value, condition) for value, condition in branches if not isinstance(condition, Eq)]
        for g, value in own:
            equal(value, self._values(g)[-1])
        if isinstance(recurrence, DeviationRecurrence):
            return self._constant(recurrence.squares, closed, 1, extra=1)
        if not isinstance(recurrence, MomentRecurrence):
            return self._by_moments(closed)
        parts = _regimes(recurrence)
        if len(parts) != len(regimes):
            return self._compared(closed, COMPARED)
        if all(part.matrix.shape == (1, 1) for part in parts):
            return self._one_moment(parts, [value for value, _ in regimes], after=len(own))
        if len(parts) > 1:
            return self._compared(closed, COMPARED)
        whole = [*recurrence.matrix, *recurrence.forcing, *recurrence.readout]
        if not any(entry.has(recurrence.symbol) for entry in whole):
            return self._constant(recurrence, regimes[0][0], max(len(own) + 1, int(recurrence.start) - 1, 1))
        return self._triangular(closed)

    def _by_moments(self, closed: Expr) -> Evidence:
        """By the recurrence of moments that the same risk obeys, as its first values do; else by values alone."""
        compared = self._compared(closed, COMPARED)
        moments = self.recurrence.as_moments()
        if moments is None:
            return compared
        for one, other in zip(islice(moments.values(), COMPARED), self._values(COMPARED), strict=True):
            equal(one, other)
        try:
            found = SolvesRecurrence(moments)(Relation(S.Zero, EQUAL, closed))
        except NotShown:
            return compared
        return found if found.proved else compared

    # -- one moment --------------------------------------------------------------------------------

    def _one_moment(self, parts: list[MomentRecurrence], values: list[Expr], after: int) -> Evidence:
        moments = [self._moment(part, value) for part, value in zip(parts, values, strict=True)]
        for index, (part, y) in enumerate(zip(parts, moments, strict=True)):
            p, f = (entry.subs(part.symbol, G) for entry in (part.matrix[0], part.forcing[0]))
            _proved(equal(y, p * y.subs(G, G - 1) + f), "the recurrence")
            if index == 0:
                first = max(int(part.start) - 1, after + 1, 1)
                _proved(equal(values[0].subs(G, first), self._values(first)[-1]), "the first value")
                continue
            joint = sympify(part.start) - 1
            _proved(equal(y.subs(G, joint), moments[index - 1].subs(G, joint)), "where the regime changes")
        return Evidence("put into the recurrence, and compared with its first value")

    def _moment(self, part: MomentRecurrence, value: Expr) -> Expr:
        """The moment that this risk has."""
        g = part.symbol
        normalised = (value - self.recurrence.offset) / self.recurrence.scale
        return (normalised - part.shift.subs(g, G)) / part.readout[0].subs(g, G)

    # -- systems -----------------------------------------------------------------------------------

    def _constant(self, recurrence: MomentRecurrence, closed: Expr, first: int, extra: int = 0) -> Evidence:
        g, shift = recurrence.symbol, recurrence.shift
        if shift.has(g):
            if not shift.is_polynomial(g):
                return self._triangular(closed)
            extra += Poly(shift, g).degree() + 1
        terms = exponential_terms(closed)
        if terms is None:
            return self._compared(closed, COMPARED)
        needed = recurrence.matrix.shape[0] + 1 + extra + terms
        if needed > (MOST_SYMBOLIC if closed.free_symbols - {G} else MOST_COMPARED):
            return self._compared(closed, COMPARED)
        values = self._values(first + needed - 1)[first - 1 :]
        found = closed_values(closed, first, needed)
        for generation, (left, value) in enumerate(zip(found, values, strict=True), start=first):
            _proved(equal(left, value), f"generation {generation}")
        return Evidence(
            f"both sides obey linear recurrences with constant coefficients, of orders {needed - terms} and {terms}, "
            f"and agree at {needed} generations in a row"
        )

    def _triangular(self, closed: Expr) -> Evidence:
        recurrence: Any = self.recurrence
        g, size = recurrence.symbol, recurrence.matrix.shape[0]
        moments = []
        for row in range(size):
            unit = zeros(1, size)
            unit[row] = 1
            alone = replace(recurrence, readout=unit, shift=S.Zero, early=())
            solved = solve_recurrence(alone)
            if solved is None or isinstance(solved, Piecewise):
                return self._compared(closed, COMPARED)
            moments.append(solved)
        column = Matrix(moments)
        before = column.subs(G, G - 1)
        step = recurrence.matrix.subs(g, G) * before + recurrence.forcing.subs(g, G)
        start = Integer(recurrence.start)
        for row in range(size):
            _proved(equal(moments[row], step[row]), f"moment {row + 1}")
            _proved(equal(moments[row].subs(G, start - 1), recurrence.initial[row]), f"the start of moment {row + 1}")
        total = (recurrence.readout.subs(g, G) * column)[0] + recurrence.shift.subs(g, G)
        _proved(equal(closed, recurrence.offset + recurrence.scale * total), "the combination of moments")
        return Evidence("each moment put into its own equation")

    # -- values ------------------------------------------------------------------------------------

    def _values(self, count: int) -> list[Expr]:
        return list(islice(self.recurrence.values(), count))

    def _compared(self, closed: Expr, count: int) -> Evidence:
        values = self._values(count)
        for found, value in zip(closed_values(closed, 1, len(values)), values, strict=True):
            if found == value == S.Infinity:
                continue
            equal(found, value)
        return Evidence(f"compared exactly at generations 1 to {count}", proved=False)


def _proved(evidence: Evidence, what: str) -> None:
    if not evidence.proved:
        raise NotShown(f"{what}: only {evidence.how}")


def _regimes(recurrence: MomentRecurrence) -> list[MomentRecurrence]:
    # A regime without a generation of its own only hands over.
    return [
        part for part in recurrence.regimes if part.continuation is None or sympify(part.continuation[0]) != part.start
    ]


def exponential_terms(closed: Expr) -> int | None:
    r"""The number M of terms :math:`G^i\lambda^G` that a closed form is a sum of; None when it is no such sum."""
    degrees: dict[Expr, int] = {}
    roots = 0
    for part in Add.make_args(_opened(closed)):
        polynomial: Expr = S.One
        rate: Expr = S.One
        for factor in Mul.make_args(part):
            if not factor.has(G):
                continue
            if isinstance(factor, RootSum):
                roots += factor.poly.degree()
                continue
            base, exponent = factor.as_base_exp()
            linear = exponent.as_poly(G) if not base.has(G) else None
            if linear is not None and linear.degree() == 1:
                rate *= Pow(base, linear.LC())
            elif factor.is_polynomial(G):
                polynomial *= factor
            else:
                return None
        rate = cancel(rate) if rate.is_rational_function(*rate.free_symbols) else rate
        degree = Poly(polynomial, G).degree() if polynomial.has(G) else 0
        degrees[rate] = max(degrees.get(rate, -1), int(degree))
    return roots + sum(degree + 1 for degree in degrees.values())


def _opened(expression: Expr) -> Expr:
    """Products of sums in G multiplied out, everything else left alone."""
    if isinstance(expression, Mul):
        for position, part in enumerate(expression.args):
            if isinstance(part, Add) and part.has(G):
                rest = expression.args[:position] + expression.args[position + 1 :]
                return Add(*(_opened(Mul(summand, *rest)) for summand in part.args))
    if isinstance(expression, Add):
        return Add(*(_opened(part) for part in expression.args))
    return expression


def closed_values(closed: Expr, first: int, count: int) -> list[Expr]:
    """The closed form at ``count`` generations in a row."""
    sequences = {part: root_sums(part, first, count) for part in closed.atoms(RootSum)}
    return [
        closed.xreplace({part: values[step] for part, values in sequences.items()}).subs(G, first + step)
        for step in range(count)
    ]


def root_sums(expression: RootSum, first: int, count: int) -> list[Expr]:
    r"""Sums over the roots of q of c(λ)λ^G at ``count`` generations in a row, exactly.

    Modulo q the rational function c is a polynomial in λ, and the power sums of the roots follow from the coefficients
    of q by Newton's identities. From the degree of q on the sums obey the linear recurrence with its coefficients.
    """
    (rate,) = expression.fun.variables
    modulus = Poly(expression.poly.as_expr().subs(expression.poly.gen, rate), rate)
    summand = expression.fun.expr.subs(G, first)
    if cancel(expression.fun.expr.subs(G, first + 1) / summand - rate) != 0:
        raise NotShown(f"{expression} is no sum of powers of roots")
    top, bottom = (Poly(part, rate) for part in fraction(cancel(summand)))
    top, bottom, modulus = _unified(top, bottom, modulus)
    reduced = (top.rem(modulus) * bottom.rem(modulus).invert(modulus)).rem(modulus)
    # In the field of the coefficients itself: as expressions they would swell.
    field: Any = reduced.domain
    modulus = modulus.set_domain(field)
    monic = modulus.monic().rep.to_list()
    degree = len(monic) - 1
    powers = [field(degree)]
    for k in range(1, degree):
        powers.append(-sum((monic[i] * powers[k - i] for i in range(1, k)), field(k) * monic[k]))
    values: list[Any] = []
    while len(values) < min(degree, count):
        coefficients = reversed(reduced.rep.to_list())
        values.append(sum((c * s for c, s in zip(coefficients, powers, strict=False)), field.zero))
        reduced = (reduced * Poly(rate, rate, domain=field)).rem(modulus)
    while len(values) < count:
        values.append(-sum((monic[back] * values[-back] for back in range(1, degree + 1)), field.zero))
    return [field.to_sympy(value) for value in values]


def _unified(*polynomials: Poly) -> tuple[Poly, ...]:
    total = polynomials[0]
    for other in polynomials[1:]:
        total, _ = total.unify(other)
    total = total.to_field()
    return tuple(polynomial.to_field().unify(total)[0] for polynomial in polynomials)
