r"""Decay under steps that shrink like 1/g, with its constant, where the sum has no closed form.

Let :math:`y_g = a_g y_{g-1} + f_g` with rational :math:`a_g = 1 - c/g + O(1/g^2)` and
:math:`f_g \sim \varphi\,g^{-q}`. With :math:`P_g = \prod_{i \le g} a_i \sim K g^{-c}`, a quotient of Gamma functions,
:math:`y_G = P_G \bigl(y_{s-1} + \sum_{i \ge s} f_i/P_i\bigr)`, and (derived here)

.. math:: y_G \sim \begin{cases} C\,G^{-c}, & c < q - 1,\\ \varphi\,G^{-c} \ln G, & c = q - 1,\\
          \varphi\,G^{1-q}/(c - q + 1), & c > q - 1. \end{cases}

In the first case the sum converges; the quotient of its terms is rational, so it is a generalised hypergeometric series
at 1, and C is known to any precision. A pool of which a share ρ is real has c = 2ρ: for ρ < 1/2 its constant is
:math:`{}_3F_2(1,1,1;\,2-\rho,2-\rho;\,1)/\Gamma(2-\rho)^2`, which is π²/6 at ρ = 0.
"""

from __future__ import annotations

from dataclasses import dataclass

from sympy import (
    Expr,
    Integer,
    Poly,
    Rational,
    S,
    Symbol,
    expand,
    gamma,
    hyper,
    hyperexpand,
    log,
    simplify,
    sympify,
)

from theory.expressions.arguments import whole_number
from theory.expressions.enclosure import enclosed
from theory.expressions.expansion import Order
from theory.expressions.fraction_field import in_lowest_terms
from theory.expressions.roots import irreducible_factors, radical_roots, rational_parts
from theory.expressions.signs import at_least, sign
from theory.expressions.symbols import G
from theory.moments.recurrence import MomentRecurrence
from theory.solver.products import LARGE
from theory.solver.reduced import reduced
from theory.solver.series import convergent_product
from theory.solver.shrinking_steps import at_infinity


@dataclass(frozen=True)
class Series:
    r"""What the first values and the inflow leave for ever: :math:`K\,(\text{start} + \text{head}\; F(\text{upper};
    \text{lower}; 1))`.

    Attributes
    ----------
    zeros, poles : roots of the step's numerator and denominator; K = Π Γ(s − pole)/Π Γ(s − zero), s the first step
    start, head : value before the sum, and its first term
    upper, lower : parameters of the hypergeometric series; none where nothing flows in
    first : index of the first term
    """

    zeros: tuple[Expr, ...]
    poles: tuple[Expr, ...]
    start: Expr
    head: Expr
    upper: tuple[Expr, ...]
    lower: tuple[Expr, ...]
    first: int


@dataclass(frozen=True)
class PowerLaw:
    """coefficient · G^(−power) · (ln G)^logs, the leading term.

    Examples
    --------
    >>> from sympy import Matrix, N, Rational
    >>> from theory.solver.power_law import power_law
    >>> from theory.workflows.dynamics import GENERATION as g
    >>> step, inflow, one = (Matrix([[entry]]) for entry in ((1 - Rational(1, 4) / g) ** 2, 1 / g**2, 1))
    >>> pool = MomentRecurrence(start=2, matrix=step, forcing=inflow, readout=one, initial=one)
    >>> law = power_law(pool, Order({}))
    >>> law.power
    1/2
    >>> [N(end, 12) for end in law.enclosure(15)]
    [2.86016570806, 2.86016570806]
    """

    coefficient: Expr
    power: Expr
    logs: int = 0
    series: Series | None = None

    def enclosure(self, digits: int = 30) -> tuple[Rational, Rational]:
        r"""Two rationals with the coefficient between them, less than :math:`10^{-\text{digits}}` of it apart.

        By ball arithmetic: a partial sum of the series, and a bound on its tail by comparison with an integral
        (:mod:`theory.expressions.hypergeometric`).

        Raises
        ------
        DomainError
            When a parameter has no number, or the coefficient is not found to that precision.
        """
        return enclosed(self.coefficient, whole_number("digits", digits, least=1))

    @property
    def term(self) -> Expr:
        """In ``theory.G``."""
        return self.coefficient * G ** (-self.power) * log(G) ** self.logs


def power_law(recurrence: MomentRecurrence, order: Order) -> PowerLaw | None:
    """Leading term of a scalar moment as G → ∞; None where its steps are of another kind.

    Raises
    ------
    UnknownOrder
        Where parameters decide which of the three cases holds.
    """
    recurrence, g = reduced(recurrence), recurrence.symbol
    readout = recurrence.readout
    if recurrence.continuation is not None or recurrence.matrix.shape != (1, 1) or readout.has(g):
        return None
    if recurrence.shift != 0 or not sympify(recurrence.start).is_Integer:
        return None
    step, inflow = (in_lowest_terms(part[0]) for part in (recurrence.matrix, recurrence.forcing))
    pull = at_infinity(g * (1 - step), g)
    if pull is None:
        return None
    start, initial = int(recurrence.start), recurrence.initial[0]
    if inflow == 0:
        found = _kept(readout[0], pull, start, _tail(step, S.Zero, g, start, initial))
        return _of_a_product(recurrence, step, pull, order) if found is None else found
    drop = dropped(inflow, g)
    if drop is None:
        return None
    q, push = drop
    side = order.exponents(pull, q - 1)
    if side > 0:
        return PowerLaw(readout[0] * in_lowest_terms(push / (pull - q + 1)), q - 1)
    if side == 0:
        return PowerLaw(readout[0] * push, q - 1, 1)
    return _kept(readout[0], pull, start, _tail(step, inflow, g, start, initial))


def _kept(readout: Expr, pull: Expr, start: int, series: Series | None) -> PowerLaw | None:
    """What is left for ever of the first values and the inflow, as G^(−c)."""
    if series is None:
        return None
    if any(value.is_Rational and abs(value) > LARGE for value in (*series.zeros, *series.poles)):
        return None  # factorials with more digits than a machine holds
    scale = S.One
    for root in series.zeros:
        scale /= gamma(start - root)
    for root in series.poles:
        scale *= gamma(start - root)
    whole = all(value.is_Integer and abs(value) <= LARGE for value in (*series.upper, *series.lower))
    # Whole parameters have values in known constants, beside fractions that grow with them.
    total = hyper(series.upper, series.lower, S.One) if series.head != 0 else S.Zero
    total = series.start + series.head * (hyperexpand(total) if whole else total)
    return PowerLaw(readout * simplify(scale) * total, pull, series=series)


def _of_a_product(recurrence: MomentRecurrence, step: Expr, pull: Expr, order: Order) -> PowerLaw | None:
    r"""A product whose factors have no roots by radicals, beside that of :math:`1 - c/g`, which has its Gammas.

    .. math:: \prod_{i=s}^{G} a_i \sim G^{-c}\,\frac{\Gamma(s)}{\Gamma(s-c)} \prod_{i \ge s} \frac{a_i}{1 - c/i}
    """
    g, start = recurrence.symbol, int(recurrence.start)
    after = {**order.ranges, g: at_least(Integer(start))}
    if sign(step, after) != 1 or sign(start - pull, order.ranges) != 1:
        return None
    rest = convergent_product(in_lowest_terms(step / (1 - pull / g)), g, start)
    if rest is None:
        return None
    scale = recurrence.readout[0] * recurrence.initial[0] * gamma(start) / gamma(start - pull)
    return PowerLaw(scale * rest, pull)


def dropped(inflow: Expr, g: Symbol) -> tuple[Expr, Expr] | None:
    """q and φ of an inflow ~ φ g^(−q)."""
    parts = rational_parts(inflow, g)
    if parts is None:
        return None
    top, bottom = (Poly(part, g) for part in parts)
    return Integer(bottom.degree() - top.degree()), in_lowest_terms(top.LC() / bottom.LC())


def _tail(step: Expr, inflow: Expr, g: Symbol, start: int, initial: Expr) -> Series | None:
    """C = K (y_{s−1} + Σ f_i/P_i), as Gamma functions and a hypergeometric series at 1."""
    gains = split(step, g)
    if gains is None:
        return None
    (zeros, poles), _ = gains
    if inflow == 0:
        return Series(tuple(zeros), tuple(poles), initial, S.Zero, (), (), start)
    flows = split(inflow, g)
    if flows is None:
        return None
    (flow_zeros, flow_poles), _ = flows
    # Where the value before the first step is what the inflow there would have been, the series begins there.
    at = inflow.subs(g, start - 1)
    joins = at.is_finite is not False and in_lowest_terms(at - initial) == 0 and start > 1
    first = start - 1 if joins else start
    head = initial if joins else in_lowest_terms((inflow / step).subs(g, start))
    upper = [first + 1 - u for u in flow_zeros] + [first - v for v in flow_poles] + [first + 1 - b for b in poles]
    lower = [first - u for u in flow_zeros] + [first + 1 - v for v in flow_poles] + [first + 1 - a for a in zeros]
    upper, lower = cancelled([*upper, S.One], lower)
    left = S.Zero if joins else initial
    return Series(tuple(zeros), tuple(poles), left, head, tuple(upper), tuple(lower), first)


def cancelled(upper: list[Expr], lower: list[Expr]) -> tuple[list[Expr], list[Expr]]:
    """Both lists without what they share."""
    upper, lower = [expand(value) for value in upper], [expand(value) for value in lower]
    for value in list(upper):
        if value in lower:
            upper.remove(value)
            lower.remove(value)
    return upper, lower


def split(expression: Expr, g: Symbol) -> tuple[tuple[list[Expr], list[Expr]], Expr] | None:
    """Zeros and poles with multiplicity, and the leading coefficient; None where a factor has no radical roots."""
    parts = rational_parts(expression, g)
    if parts is None:
        return None
    found: list[list[Expr]] = []
    leading = S.One
    for part, direction in zip(parts, (1, -1), strict=True):
        constant, factors = irreducible_factors(part, g)
        roots: list[Expr] = []
        leading *= constant**direction
        for factor, multiplicity in factors:
            own = radical_roots(factor)
            if own is None:
                return None
            roots += [root for root in own for _ in range(multiplicity)]
            leading *= factor.LC() ** (direction * multiplicity)
        found.append(roots)
    return (found[0], found[1]), leading
