r"""The order of two risks for all generations, proved.

Finitely many generations are compared exactly; beyond them one of these arguments must do, tried in turn, all for
g ≥ g_0 and all in exact arithmetic:

1. *A level between.* The lower risk stays below a level that the higher one stays above: by monotonicity each stays on
   one side of its value at g_0, or of its limit; so it does where it turns once, from its maximum on.
2. *Step by step.* Risks that are one linear recurrence each, :math:`R_g = p_g R_{g-1} + F_g`, differ by

   .. math:: A_g - B_g = p^A_g\,(A_{g-1} - B_{g-1}) + \bigl[(p^A_g - p^B_g)\, B_{g-1} + F^A_g - F^B_g\bigr].

   With :math:`p^A \ge 0` a nonnegative bracket keeps A above B once it is there. The bracket is linear in B, so the
   ends of the interval in which B stays are enough; where B is a rational function of g, that is put in.
3. *Towards the limit.* When p = 1 for both, the difference is monotone as soon as the bracket has one sign; rising
   to a limit ≤ 0 it is negative.
4. *Step sizes.* From g_0 on every step of the higher risk is at least as large as the lower one's. A sum has its
   terms for steps. Where moments are averages of those before plus a constant, :math:`m_g = P m_{g-1} + f` with P
   nonnegative and rows that add up to 1, so are their steps, :math:`\Delta_{g+1} = P \Delta_g`: they stay between the
   smallest and the largest component of :math:`\Delta_{g_0}` for ever, and with them the steps of the risk, itself an
   average of moments. A window of any length is such a system.
5. *Constant systems.* The difference is a polynomial in g plus e_g, a combination of powers of roots inside the unit
   circle. With C the companion matrix of e and k such that :math:`\lVert C^k \rVert_\infty \le 1/2`, the largest of the
   next k + degree values bounds e for ever.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flint import fmpq, fmpq_mat
from sympy import QQ, Dummy, Expr, Matrix, Poly, S, oo

from theory.expressions.fraction_field import in_lowest_terms
from theory.expressions.numerals import readable, to_flint, to_sympy
from theory.expressions.signs import Ranges, at_least, sign, sign_by_factors, sign_of_difference
from theory.expressions.symbols import G
from theory.moments.composition import linear_moments
from theory.moments.recurrence import MomentRecurrence
from theory.moments.stationary import StationaryRecurrence
from theory.risk import Risk
from theory.solver.bounds import DECREASING, INCREASING
from theory.solver.reduced import plainly_read
from theory.solver.single_hump import single_hump
from theory.workflows.dynamics import GENERATION, LAG, LinearDynamics
from theory.workflows.pathway import block_coefficients

_LONGEST_MEMORY = 4096

#: Blocks in a window whose moments, k(k + 1)/2 of them, are written down for a proof.
LONGEST_WINDOW = 12


@dataclass(frozen=True)
class Settled:
    """From generation ``since`` on the difference of two risks has this strict sign (0: they are equal).

    Notes
    -----
    Derived here; the arguments are at the head of this module.

    Examples
    --------
    >>> from theory import Accumulate, Replace, compare
    >>> (pair,) = compare([Accumulate(), Replace()], upto=4).pairs
    >>> pair.settled.sign
    -1
    """

    since: int
    sign: int
    reason: str


def settle(
    first: Risk,
    second: Risk,
    values: Sequence[tuple[Expr, Expr]],
    signs: Sequence[int | None],
    ranges: Ranges,
) -> Settled | None:
    """The order of two risks for ever, from the earliest generation of ``values`` (g = 1, 2, …) an argument reaches.

    ``signs`` are those of the differences of ``values``.

    None when no argument applies: then nothing is claimed beyond the values.
    """
    last = len(values)
    candidates = sorted({g for g in (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, last) if g <= last})
    for since in candidates:
        side = signs[since - 1]
        # Where the order still changes later on there is nothing to prove.
        if side is None or any(later != side for later in signs[since:]):
            continue
        found = _settled(first, second, values, since, side, ranges)
        if found is not None:
            return found
    return _by_constant_systems(first, second, values)


def _settled(
    first: Risk, second: Risk, values: Sequence[tuple[Expr, Expr]], since: int, side: int, ranges: Ranges
) -> Settled | None:
    left, right = values[since - 1]
    if side == 0:
        same = _step_by_step(first, second, left, right, since, ranges) and _step_by_step(
            second, first, right, left, since, ranges
        )
        return Settled(since, 0, "they obey the same recurrence") if same else None
    higher, lower, top, bottom = (first, second, left, right) if side == 1 else (second, first, right, left)
    above, below = _levels(higher, top, since)[0], _levels(lower, bottom, since)[1]
    if above is not None and below is not None and sign_of_difference(above, below, ranges) == 1:
        least, most = readable(above), readable(below)
        return Settled(
            since, side, f"{_which(higher)} stays at or above {least}, {_which(lower)} stays at or below {most}"
        )
    if _step_by_step(higher, lower, top, bottom, since, ranges):
        return Settled(since, side, "each step of the recurrence keeps the order")
    if _towards_limit(higher, lower, since, ranges):
        return Settled(since, side, "the difference is monotone, and its limit is on the same side")
    return _by_steps(higher, lower, top, since, side, ranges)


def _which(risk: Risk) -> str:
    return risk.workflow.name


def _kept_above(risk: Risk, value: Expr) -> Expr | None:
    """A level that the risk stays at or above from its ``value`` on."""
    if risk.monotonicity == INCREASING:
        return value
    return risk.limit if risk.monotonicity == DECREASING else None


def _kept_below(risk: Risk, value: Expr) -> Expr | None:
    if risk.monotonicity == DECREASING:
        return value
    return risk.bound


def _levels(risk: Risk, value: Expr, since: int) -> tuple[Expr | None, Expr | None]:
    """The same, above and below; where one is not known of all generations, both by the steps from ``since`` on."""
    if risk.monotonicity is None and risk.limit is not None and _is_past_its_turn(risk, since):
        return risk.limit, value
    above, below = _kept_above(risk, value), _kept_below(risk, value)
    if above is None or below is None:
        way = _way_of_constant_steps(risk, since)
        if way and risk.limit is not None:
            return (value, risk.limit) if way == 1 else (risk.limit, value)
    return above, below


def _is_past_its_turn(risk: Risk, since: int) -> bool:
    """Whether the risk is one that turns once, and falls for ever from ``since`` on."""
    recurrence = risk.recurrence.as_moments()
    turn = None if recurrence is None or sign(recurrence.scale) != 1 else single_hump(recurrence)
    return turn is not None and since >= turn[0]


def _way_of_constant_steps(risk: Risk, since: int) -> int:
    """1 or −1 where constant steps with nothing below 0 in them move every moment one way, and so for ever; else 0."""
    constant = _constant(risk)
    if constant is None or since < constant[0]:
        return 0
    recurrence = risk.recurrence
    assert isinstance(recurrence, MomentRecurrence)
    way = sign(recurrence.scale)
    if min(*recurrence.matrix, *recurrence.readout, S.Zero) < 0 or way not in (1, -1):
        return 0
    matrix, forcing, state = (_rational(part) for part in (recurrence.matrix, recurrence.forcing, recurrence.initial))
    for _ in range(int(recurrence.start), since + 1):
        state = matrix * state + forcing
    step = matrix * state + forcing - state
    sides = {(entry > 0) - (entry < 0) for entry in step.entries()} - {0}
    return way * sides.pop() if len(sides) == 1 else 0


def _step_by_step(higher: Risk, lower: Risk, top: Expr, bottom: Expr, since: int, ranges: Ranges) -> bool:
    """Whether ``higher``, above ``lower`` at ``since``, stays above; strictly, as p > 0."""
    high, low = _scalar(higher, since), _scalar(lower, since)
    if high is None or low is None or oo in (top, bottom):
        return False
    (p_high, f_high), (p_low, f_low) = high, low
    later = {**ranges, GENERATION: at_least(S(since + 1))}
    if sign_by_factors(p_high, later) != 1:
        return False
    for interval in _intervals(lower, bottom, p_low, f_low, later) if p_high != p_low else [(bottom, bottom)]:
        tilt, level = p_high - p_low, f_high - f_low
        brackets = [tilt if end == oo else in_lowest_terms(tilt * end + level) for end in interval]
        if all(sign_by_factors(bracket, later) in (0, 1) for bracket in brackets):
            return True
    return False


def _intervals(risk: Risk, value: Expr, p: Expr, f: Expr, ranges: Ranges) -> list[tuple[Expr, Expr]]:
    """Intervals in which the risk stays from its ``value`` on."""
    low, high = _kept_above(risk, value), _kept_below(risk, value)
    found = [] if low is None or high is None else [(low, high)]
    if all(sign_by_factors(part, ranges) in (0, 1) for part in (p, f, value)):
        found.append((S.Zero, oo))
    closed = risk.closed_form
    if closed is not None and closed.is_rational_function(G) and closed.free_symbols <= {G}:
        # Known altogether: the bracket at g asks for it at g − 1.
        known = closed.subs(G, GENERATION - 1)
        found.append((known, known))
    # R_g − c = p_g (R_{g−1} − c) for a constant c = F/(1 − p): with p ≥ 0 the risk stays on its side of c.
    fixed = None if p == 1 else in_lowest_terms(f / (1 - p))
    if fixed is not None and not fixed.has(GENERATION) and sign_by_factors(p, ranges) in (0, 1):
        side = sign_of_difference(fixed, value, ranges)
        if side == 1 and low is not None:
            found.append((low, fixed))
        if side == -1 and high is not None:
            found.append((fixed, high))
    return found


def _towards_limit(higher: Risk, lower: Risk, since: int, ranges: Ranges) -> bool:
    """Whether the difference falls to a limit that is not negative; strictly positive before it, as it still falls."""
    high, low = _scalar(higher, since), _scalar(lower, since)
    if high is None or low is None or not high[0] == 1 == low[0]:
        return False
    if higher.limit is None or lower.limit is None or oo in (higher.limit, lower.limit):
        return False
    falls = sign_by_factors(high[1] - low[1], {**ranges, GENERATION: at_least(S(since + 1))}) == -1
    return falls and sign_of_difference(higher.limit, lower.limit, ranges) in (0, 1)


def _scalar(risk: Risk, since: int) -> tuple[Expr, Expr] | None:
    """(p, F) of R_g = p_g R_{g−1} + F_g for g > ``since``, as expressions in ``GENERATION``."""
    recurrence = risk.recurrence
    if not isinstance(recurrence, MomentRecurrence):
        return None
    recurrence = plainly_read(recurrence.regimes[-1])
    g = GENERATION
    start = S(recurrence.start)
    if not start.is_Integer or since < start - 1 or recurrence.margin is not None or recurrence.symbol != g:
        return None
    if recurrence.matrix.shape != (1, 1) or recurrence.readout.has(g) or recurrence.readout[0] == 0:
        return None
    p, f, h = recurrence.matrix[0], recurrence.forcing[0], recurrence.readout[0]
    shift, scale, offset = recurrence.shift, recurrence.scale, recurrence.offset
    return p, scale * (h * f + shift - p * shift.subs(g, g - 1)) + offset * (1 - p)


# -- step sizes ----------------------------------------------------------------------------------------


def _by_steps(higher: Risk, lower: Risk, top: Expr, since: int, side: int, ranges: Ranges) -> Settled | None:
    above = _steps(higher, since)
    if above is None:
        return None
    later = {**ranges, GENERATION: at_least(S(since + 1))}
    grows = sign_by_factors(above[0], later) in (0, 1)
    if grows and lower.bound is not None and sign_of_difference(top, lower.bound, ranges) == 1:
        return Settled(since, side, f"{_which(higher)} grows, {_which(lower)} stays at or below {lower.bound}")
    below = _steps(lower, since)
    if below is not None and sign_by_factors(above[0] - below[1], later) in (0, 1):
        return Settled(since, side, f"every later step of {_which(higher)} is larger than that of {_which(lower)}")
    return None


def _steps(risk: Risk, since: int) -> tuple[Expr, Expr] | None:
    """Bounds on R_g − R_{g−1} for every g > ``since``, in ``GENERATION``; None where none are derived."""
    scalar = _scalar(risk, since)
    if scalar is not None:
        return (scalar[1], scalar[1]) if scalar[0] == 1 else None
    system = _averages(risk)
    if system is None or since < int(system.start) - 1:
        return None
    found = _steps_of_averages(system, since)
    ends = sorted(risk.recurrence.scale * (system.scale * end) for end in found)
    return ends[0], ends[1]


def _steps_of_averages(system: MomentRecurrence, since: int) -> tuple[Expr, Expr]:
    """The smallest and the largest component of m_{since+1} − m_since."""
    size = system.matrix.shape[0]
    matrix, forcing = _rational(system.matrix), _rational(system.forcing)
    state = _rational(system.initial)
    for _ in range(int(system.start), since + 1):
        state = matrix * state + forcing
    step = matrix * state + forcing - state
    entries = [to_sympy(step[row, 0]) for row in range(size)]
    return min(entries), max(entries)


def _averages(risk: Risk) -> MomentRecurrence | None:
    """The recurrence of moments that are averages of those before plus a constant; None for any other."""
    stated = risk.recurrence
    recurrence = _window_system(stated) if isinstance(stated, StationaryRecurrence) else stated
    if not isinstance(recurrence, MomentRecurrence) or recurrence.continuation is not None:
        return None
    rows = [*recurrence.matrix.tolist(), *recurrence.readout.tolist()]
    entries = [*(entry for row in rows for entry in row), *recurrence.forcing, *recurrence.initial]
    if not all(entry.is_Rational for entry in entries) or recurrence.margin is not None:
        return None
    if recurrence.shift.has(GENERATION):
        return None
    averages = all(min(row) >= 0 and sum(row) == 1 for row in rows)
    return recurrence if averages and S(recurrence.start).is_Integer else None


def _window_system(recurrence: StationaryRecurrence) -> MomentRecurrence | None:
    """The moments of the block means in a window, however long, to leading order."""
    length, workflow = recurrence.window.length, recurrence.workflow
    if not length.is_Integer or length > LONGEST_WINDOW or recurrence.curvature != 0:
        return None
    k = int(length)
    weights = Matrix([[recurrence.window.weight.subs(LAG, lag) for lag in range(k)]])
    newest = Matrix(k, 1, [1] + [0] * (k - 1))
    shift = Matrix(k, k, lambda row, col: S.One if row == col + 1 else S.Zero)
    blocks = block_coefficients(workflow, k)
    dynamics = LinearDynamics(
        start=k + 1,
        transition=shift + newest * weights,
        innovation=newest,
        readout=weights,
        initial=Matrix([blocks[k - 1 - lag] for lag in range(k)]),
    )
    return linear_moments(workflow, dynamics, S.Zero)


def _rational(matrix: Matrix) -> fmpq_mat:
    return fmpq_mat(*matrix.shape, [to_flint(entry) for entry in matrix])


# -- constant systems ----------------------------------------------------------------------------------


def _by_constant_systems(first: Risk, second: Risk, values: Sequence[tuple[Expr, Expr]]) -> Settled | None:
    z = Dummy("z")
    systems = [system for system in (_constant(first), _constant(second)) if system is not None]
    if len(systems) < 2:
        return None
    start = max(start for start, _ in systems)
    annihilator = Poly(z - 1, z, domain=QQ)
    for _, matrix in systems:
        annihilator *= Poly(matrix.charpoly().all_coeffs(), z, domain=QQ)
    sequence = [left - right for left, right in values[start - 1 :]]
    order = annihilator.degree()
    if len(sequence) < order or not all(value.is_Rational for value in sequence):
        return None
    # Σ d_t z^t = N/D in lowest terms, D the reversed annihilator
    denominator = Poly(list(reversed(annihilator.all_coeffs())), z, domain=QQ)
    series = Poly(list(reversed(sequence[:order])), z, domain=QQ)
    product = list(reversed((denominator * series).all_coeffs()))[:order]
    numerator = Poly(list(reversed(product)) or [0], z, domain=QQ)
    if numerator.is_zero:
        return Settled(start, 0, "their recurrences have the same solution")
    shared = numerator.gcd(denominator)
    numerator, denominator = numerator.quo(shared), denominator.quo(shared)
    multiplicity, fading = 0, denominator
    while fading.eval(1) == 0:
        fading, multiplicity = fading.quo(Poly(1 - z, z, domain=QQ)), multiplicity + 1
    if multiplicity == 0:
        return None
    trend, rest = _split(numerator, Poly((1 - z) ** multiplicity, z, domain=QQ), fading)
    return _trend_wins(trend, multiplicity, rest, fading, sequence, start)


def _constant(risk: Risk) -> tuple[int, Matrix] | None:
    """First generation of a constant rational system, and its matrix."""
    recurrence = risk.recurrence
    if not isinstance(recurrence, MomentRecurrence) or recurrence.continuation is not None:
        return None
    parts = [*recurrence.matrix, *recurrence.forcing, *recurrence.readout, recurrence.shift]
    if not all(part.is_Rational for part in parts) or recurrence.margin is not None:
        return None
    return max(1, int(recurrence.start) - 1), recurrence.matrix


def _split(numerator: Poly, unit: Poly, fading: Poly) -> tuple[Poly, Poly]:
    """T and R with numerator/(unit·fading) = T/unit + R/fading (+ a polynomial, put into R)."""
    trend = (numerator * fading.invert(unit)).rem(unit)
    rest = (numerator - trend * fading).quo(unit)
    return trend, rest


def _trend_wins(
    trend: Poly, multiplicity: int, rest: Poly, fading: Poly, sequence: Sequence[Expr], start: int
) -> Settled | None:
    """Where the polynomial part of d_t is larger than all that fades, for ever."""
    t = Dummy("t", nonnegative=True)
    polynomial = _coefficient_of_powers(trend, multiplicity, t)
    memory = _memory(fading, rest)
    if memory is None:
        return None
    for since in range(max(0, rest.degree() - fading.degree() + 1), len(sequence) - memory):
        shifted = Poly(polynomial.subs(t, t + since).expand(), t, domain=QQ)
        signs = {sign(coefficient) for coefficient in shifted.all_coeffs() if coefficient != 0}
        if len(signs) != 1 or shifted.eval(0) == 0:
            continue
        largest = max(abs(sequence[u] - polynomial.subs(t, u)) for u in range(since, since + memory))
        if abs(shifted.eval(0)) > largest:
            reason = "the difference is a polynomial in g plus powers that stay smaller"
            return Settled(start + since, int(signs.pop()), reason)  # type: ignore[arg-type]
    return None


def _coefficient_of_powers(trend: Poly, multiplicity: int, t: Expr) -> Expr:
    """[z^t] trend/(1 − z)^multiplicity, a polynomial in t from t = 0 on since the degree of trend is smaller."""
    total: Expr = S.Zero
    for (power,), coefficient in trend.terms():
        rising: Expr = S.One
        for step in range(1, multiplicity):
            rising *= (t - power + step) / S(step)
        total += coefficient * rising
    return total


def _memory(fading: Poly, rest: Poly) -> int | None:
    """How many values of e, from any time on, bound all later ones; None when a root is not inside the unit circle."""
    size = fading.degree()
    if size == 0 or rest.is_zero:
        return 1
    constant = fading.eval(0)
    # D(z) = c_0 + c_1 z + … gives e_t = −Σ c_i/c_0 e_{t−i}
    row = [-fading.coeff_monomial(fading.gen ** (size - col)) / constant for col in range(size)]
    entries = [fmpq(0)] * (size * size)
    for line in range(size - 1):
        entries[line * size + line + 1] = fmpq(1)
    for col, value in enumerate(row):
        entries[(size - 1) * size + col] = to_flint(value)
    power, steps = fmpq_mat(size, size, entries), 1
    while steps <= _LONGEST_MEMORY:
        table = power.tolist()
        if all(sum((abs(value) for value in line), fmpq(0)) <= fmpq(1, 2) for line in table):
            return steps + size
        power, steps = power * power, 2 * steps
    return None
