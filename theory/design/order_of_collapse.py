r"""Orders of collapse: how fast a risk grows with the generation.

Read off the closed form's asymptotics where there is one. Otherwise from the recurrence of moments
:math:`m_g = P_g m_{g-1} + f_g`, by the first argument that applies (all derived here):

1. *Sums.* With P = 1 the risk is a sum, and its growth that of partial sums (:mod:`theory.asymptotics.scales`).
2. *Pooling everything.* Where the model moves by :math:`\gamma_g \varepsilon_g` with
   :math:`\gamma_g = s(g)/S_g`, :math:`S_g = s(1) + \dots + s(g)`, the ratio is
   :math:`s(1) \sum s(j)/S_j^2 \le 2 - s(1)/S_g`: a Riemann sum of :math:`1/S^2`. Bounded, whatever the sizes.
3. *Forcing that outgrows the system.* :math:`P_g \to P` and :math:`f_g \sim F \varphi(g)` with
   :math:`\varphi(g)/\varphi(g-1) \to \lambda` larger than the spectral radius of P:
   :math:`m_g/\varphi(g) \to (I - P/\lambda)^{-1} F`.
4. *A conserved direction.* :math:`P_g u = u` for every g and u = (1, …, 1), :math:`h_g u` constant, :math:`P_g \to P`,
   and P stable but for u. The left vectors :math:`\ell_{g-1} = \ell_g P_g` tend to that of P, :math:`\ell P = \ell`,
   :math:`\ell u = 1`, and :math:`\ell_g m_g` gains :math:`\ell_g f_g` a generation: the risk is
   :math:`\sim h u \sum_g \ell F \varphi(g)` if that diverges, the rest being a bounded multiple of φ(g), and bounded if
   it converges.

A sliding window over blocks of varying size is classified by the sizes alone, whatever its length
(:mod:`theory.design.window_orders`); sizes may oscillate (:mod:`theory.asymptotics.oscillation`), and a table of first
sizes is run through exactly before an argument starts. A workflow known by its weights alone has no order: finitely
many of them say nothing of the later ones.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from flint import fmpq, fmpq_mat
from sympy import (
    Expr,
    Integer,
    Matrix,
    Piecewise,
    Rational,
    S,
    Symbol,
    cancel,
    expand_power_exp,
    eye,
    factorial,
    gammasimp,
    oo,
    simplify,
    zeros,
)

from theory.asymptotics.orders import (
    BOUNDED,
    OrderOfCollapse,
    OrdersOfCollapse,
    order_of_scale,
    order_of_term,
)
from theory.asymptotics.oscillation import partial_sums
from theory.asymptotics.scales import Scale, limit_or_none, positive_variable, scale_of
from theory.asymptotics.series import hypergeometric_series
from theory.design.window_orders import order_under_window, weighs_pooled_blocks
from theory.errors import NotDerivedError
from theory.expressions.conjugates import in_real_terms
from theory.expressions.expansion import Order
from theory.expressions.numerals import to_flint
from theory.expressions.signs import ball_sign
from theory.expressions.sums import schedule_total
from theory.expressions.symbols import G
from theory.moments.fading import FadingRecurrence
from theory.moments.late_schedules import past_tables
from theory.moments.recurrence import MomentRecurrence
from theory.moments.renewal import RenewalRecurrence
from theory.risk import Risk
from theory.solver.kinds import fate
from theory.workflows.dynamics import GENERATION, LinearDynamics

#: Powers of a matrix tried before it is not called stable.
_LONGEST_MEMORY = 4096

_X = positive_variable()


def order_of_collapse(risk: Risk) -> OrderOfCollapse | OrdersOfCollapse | None:
    """Classify a risk by its growth; None when no argument applies.

    Examples
    --------
    >>> from sympy import factorial, log
    >>> from theory import Accumulate, ContaminatedPool, Regular, Replace, expected_risk, j
    >>> from theory.design.order_of_collapse import order_of_collapse
    >>> def order(workflow):
    ...     return order_of_collapse(expected_risk(Regular(), workflow).ratio)
    >>> order(Replace(sizes=j)).kind, order(Replace(sizes=1 / j)).leading
    ('logarithmic', G**2/2)
    >>> order(Replace(sizes=j * log(j + 1))).leading
    log(2)*log(log(G))
    >>> order(ContaminatedPool("3/4")).decay
    2/G
    >>> order(Replace(sizes=1 / factorial(j))).kind, order(Accumulate(sizes=1 / j)).bound
    ('super-exponential', Sum(1/(i*harmonic(i)**2), (i, 1, oo)))
    """
    if weighs_pooled_blocks(risk):
        try:
            return order_under_window(risk)
        except NotDerivedError:
            return None
    growth, limit = risk.growth, risk.limit
    if limit is not None and limit not in (oo, -oo) and not isinstance(limit, Piecewise):
        bound = risk.bound
        return OrderOfCollapse(
            BOUNDED,
            in_real_terms(limit),
            bound=None if bound is None else in_real_terms(bound),
            decay=growth if limit == 0 and growth not in (None, S.Zero) else None,
        )
    if growth is not None and growth not in (oo, -oo) and not isinstance(growth, Piecewise):
        found = order_of_term(growth)
        if found is not None:
            return found
    return _of_recurrence(risk)


def limit_of(risk: Risk) -> Expr | None:
    """The limit of a risk: of its closed form, or by its order of collapse; None when unknown."""
    if risk.limit is not None:
        return risk.limit
    order = order_of_collapse(risk)
    if not isinstance(order, OrderOfCollapse):
        return None
    return order.constant if order.kind == BOUNDED else oo


def growth_of(risk: Risk) -> Expr | None:
    """The leading term of a risk: of its closed form, or by its order of collapse; None when unknown."""
    if risk.growth is not None:
        return risk.growth
    order = order_of_collapse(risk)
    return None if order is None else order.leading


def outgrows(first: Risk, second: Risk) -> bool:
    """Whether the first risk is larger than the second from some generation on, by limits or orders of collapse.

    False where that is not so, or not known.
    """
    high, low = limit_of(first), limit_of(second)
    fading = high == low == 0
    if high is not None and low is not None and high.is_number and low.is_number and low != oo and not fading:
        return bool(high == oo or (high - low).is_positive)
    orders = order_of_collapse(first), order_of_collapse(second)
    if not all(isinstance(order, OrderOfCollapse) for order in orders):
        return False
    higher, lower = (order for order in orders if isinstance(order, OrderOfCollapse))
    if lower.kind == BOUNDED:
        return higher.kind != BOUNDED or _fades_slower(higher, lower)
    if higher.kind == BOUNDED or higher.shape.free_symbols | lower.shape.free_symbols != {G}:
        return False
    quotient = limit_or_none((higher.shape / lower.shape).subs(G, _X), _X)
    if quotient == oo:
        return True
    if quotient is None or not quotient.is_positive or higher.constant is None or lower.constant is None:
        return False
    return bool((higher.constant * quotient - lower.constant).is_positive)


def _fades_slower(higher: OrderOfCollapse, lower: OrderOfCollapse) -> bool:
    """Whether, of two risks that tend to 0, the first is the larger one from some generation on."""
    if higher.decay is None or lower.decay is None or not (higher.decay / lower.decay).free_symbols <= {G}:
        return False
    constant, function = (higher.decay / lower.decay).as_independent(G, as_Add=False)
    quotient = limit_or_none(function.subs(G, _X), _X)
    # Of risks, which are positive, so are the constants.
    return quotient is not None and (quotient == oo or ball_sign(constant * quotient - 1) == 1)


# -- from the recurrence -------------------------------------------------------------------------------


def _of_recurrence(risk: Risk) -> OrderOfCollapse | OrdersOfCollapse | None:
    recurrence = risk.recurrence
    if isinstance(recurrence, FadingRecurrence | RenewalRecurrence) and recurrence.scale.is_positive:
        return OrderOfCollapse(BOUNDED, None) if fate(recurrence, Order(risk._ranges)).bounded else None
    if not isinstance(recurrence, MomentRecurrence) or recurrence.margin is not None:
        return None
    if any(entry.has(Piecewise) for entry in (*recurrence.matrix, *recurrence.forcing, *recurrence.readout)):
        later = past_tables(recurrence)
        return None if later is None else order_of_collapse(replace(risk, recurrence=later))
    recurrence = recurrence.regimes[-1]
    # A diversity falls, and so does the logarithm of a determinant: not what is classified here.
    if recurrence.symbol != GENERATION or recurrence.scale.is_positive is not True:
        return None
    for argument in (_sum, _pooled, _settling):
        try:
            found = argument(risk, recurrence)
        except NotDerivedError:
            continue
        if found is not None:
            return found
    return None


def _sum(risk: Risk, recurrence: MomentRecurrence) -> OrderOfCollapse | OrdersOfCollapse | None:
    """P = 1: partial sums of the forcing."""
    readout, shift = recurrence.readout, _limit_of(recurrence.shift)
    if recurrence.matrix != eye(1) or readout.has(GENERATION) or shift is None or recurrence.forcing[0] == 0:
        return None
    factor = recurrence.scale * readout[0]
    cases = partial_sums(recurrence.forcing[0], GENERATION)
    orders = [
        (_settled(risk) if diverging is None else order_of_scale(diverging, factor), simplify(condition))
        for diverging, condition in cases
    ]
    return orders[0][0] if len(orders) == 1 else OrdersOfCollapse(tuple(orders))


def _settled(risk: Risk) -> OrderOfCollapse:
    """Bounded; with the limit where one is known, be it one case among others."""
    limit = risk.limit
    finite = [value for value, _ in limit.args if value not in (oo, -oo)] if isinstance(limit, Piecewise) else []
    value = finite[0] if len(finite) == 1 else None
    if value is None and isinstance(risk.recurrence, MomentRecurrence):
        value = _series(risk.recurrence)
    pooled = _pooled(risk)
    return OrderOfCollapse(BOUNDED, value, bound=value if pooled is None else pooled.bound)


def _series(recurrence: MomentRecurrence) -> Expr | None:
    """The limit of a risk that is a sum, where the series has a closed form."""
    if recurrence.continuation is not None or recurrence.shift != 0:
        return None
    index, start = Symbol("i", integer=True, positive=True), Integer(recurrence.start)
    total = hypergeometric_series(recurrence.forcing[0].subs(GENERATION, index), index, int(start))
    if total is None:
        return None
    return simplify(recurrence.offset + recurrence.scale * recurrence.readout[0] * (recurrence.initial[0] + total))


def _pooled(risk: Risk, recurrence: MomentRecurrence | None = None) -> OrderOfCollapse | None:
    """Every block pooled with all before it, and a model that moves by the newest noise alone."""
    workflow, g = risk.workflow, GENERATION
    dynamics = workflow.dynamics()
    if not isinstance(dynamics, LinearDynamics) or dynamics.transition != eye(1) or not risk.relative:
        return None
    if dynamics.start != 1 or dynamics.readout != eye(1) or dynamics.fresh[0] != 0:
        return None
    # With curvature a block's noise depends on the risk before it.
    if not isinstance(risk.recurrence, MomentRecurrence) or risk.recurrence.matrix != eye(1):
        return None
    total = schedule_total(workflow.schedule, g)
    if simplify(dynamics.innovation[0] * total - workflow.size(g)) != 0:
        return None
    return OrderOfCollapse(BOUNDED, None, bound=S(2))


def _settling(risk: Risk, recurrence: MomentRecurrence) -> OrderOfCollapse | None:
    """Coefficients that tend to constants."""
    system = _System.read(recurrence)
    return None if system is None else _outgrown(recurrence, system) or _conserved(recurrence, system)


def _outgrown(recurrence: MomentRecurrence, system: _System) -> OrderOfCollapse | None:
    """(I − P/λ)^{-1} F, for a forcing that grows like φ with φ(g)/φ(g − 1) → λ."""
    rate = system.scale.powers[0]
    growth = oo if rate == oo else simplify(S.Exp1**rate)
    size = system.matrix.shape[0]
    if growth == oo:
        reached = system.forcing
    elif growth.is_Rational and growth > 0 and _is_stable(system.matrix / growth):
        reached = (eye(size) - system.matrix / growth).inv() * system.forcing
    else:
        return None
    factor = recurrence.scale * (system.readout * reached)[0]
    if not _is_unbounded(system.scale):
        # Everything fades but what is fed in.
        fed = system.scale.leading if not any(system.scale.powers) else S.Zero
        if fed is None:
            return None
        return OrderOfCollapse(BOUNDED, recurrence.offset + factor * fed + recurrence.scale * system.shift)
    return order_of_scale(system.scale, factor) if factor != 0 else None


def _conserved(recurrence: MomentRecurrence, system: _System) -> OrderOfCollapse | None:
    """One direction u that no step changes, and everything else fading."""
    size, ones = system.matrix.shape[0], Matrix([S.One] * system.matrix.shape[0])
    # Entry by entry first: the sums of their nested fractions are much larger.
    unmoved = (recurrence.matrix.applyfunc(_cancelled) * ones - ones).applyfunc(_cancelled)
    read = _cancelled((recurrence.readout.applyfunc(_cancelled) * ones)[0])
    if any(entry != 0 for entry in unmoved) or read.has(GENERATION):
        return None
    # In the basis (u, e_2, …, e_k) the matrix is block triangular, 1 above what must fade.
    fading = Matrix(size - 1, size - 1, lambda a, b: system.matrix[a + 1, b + 1] - system.matrix[0, b + 1])
    if size > 1 and not _is_stable(fading):
        return None
    left = (system.matrix.T - eye(size)).nullspace()[0]
    weight = (left.T * system.forcing)[0] / sum(left)
    (diverging, _), *others = system.scale.summed()
    if others or weight == 0:
        return None
    if diverging is None:
        return OrderOfCollapse(BOUNDED, None)
    if system.scale.powers[0] != 0:
        return None  # the newest terms are not negligible
    return order_of_scale(diverging, recurrence.scale * read * weight)


@dataclass(frozen=True)
class _System:
    """Limits of a recurrence's coefficients: P, h, the shift, and F φ(g) of the forcing."""

    matrix: Matrix
    readout: Matrix
    shift: Expr
    forcing: Matrix
    scale: Scale

    @classmethod
    def read(cls, recurrence: MomentRecurrence) -> _System | None:
        limits = [_limit_of(entry) for entry in (*recurrence.matrix, *recurrence.readout, recurrence.shift)]
        if any(entry is None or not entry.is_Rational for entry in limits):
            return None
        size = recurrence.matrix.shape[0]
        matrix = Matrix(size, size, limits[: size**2])
        readout = Matrix(1, size, limits[size**2 : size**2 + size])
        present = {
            row: scale_of(simplify(entry).subs(GENERATION, _X), _X)
            for row, entry in enumerate(recurrence.forcing)
            if entry != 0
        }
        if not present:
            return None
        largest: Scale | None = None
        for scale in present.values():
            ahead = -1 if largest is None else largest.ahead_of(scale)
            if ahead is None:
                return None
            largest = scale if ahead == -1 else largest
        if largest is None or largest.constant is None:
            return None
        forcing = zeros(size, 1)
        for row, scale in present.items():
            ahead = largest.ahead_of(scale)
            if ahead is None or scale.constant is None:
                if scale is not largest:
                    return None
                ahead = 0
            forcing[row] = scale.constant / largest.constant if ahead == 0 else S.Zero
        return cls(matrix, readout, limits[-1], forcing, largest)  # type: ignore[arg-type]


def _is_unbounded(scale: Scale) -> bool:
    first = next((power for power in scale.powers if power != 0), S.Zero)
    return bool(first.is_extended_positive)


def _cancelled(entry: Expr) -> Expr:
    """In lowest terms, as a rational function of the powers, logarithms and factorials in it."""
    return cancel(expand_power_exp(gammasimp(entry) if entry.has(factorial) else entry))


def _limit_of(entry: Expr) -> Expr | None:
    """The limit as g → ∞; None where none is found."""
    if not entry.has(GENERATION):
        return entry
    entry = gammasimp(entry) if entry.has(factorial) else entry
    if entry.is_rational_function(GENERATION):
        return limit_or_none(entry.subs(GENERATION, _X), _X)
    scale = scale_of(entry.subs(GENERATION, _X), _X)
    first = next((power for power in scale.powers if power != 0), S.Zero)
    if first != 0:
        return S.Zero if first.is_extended_negative else None
    return scale.constant


def _is_stable(matrix: Matrix) -> bool:
    """Whether the spectral radius is below 1, proved by a power whose rows add up to 1/2 at most."""
    size = matrix.shape[0]
    if not all(isinstance(entry, Rational) for entry in matrix):
        return False
    power, steps = fmpq_mat(size, size, [to_flint(entry) for entry in matrix]), 1
    while steps <= _LONGEST_MEMORY:
        if all(sum((abs(entry) for entry in row), fmpq(0)) <= fmpq(1, 2) for row in power.tolist()):
            return True
        power, steps = power * power, 2 * steps
    return False
