r"""Which bandwidths keep the variance of a kernel density bounded, with a certificate of the sum.

Where a model moves by its newest block alone the excess variance is a sum of nonnegative terms, the last kernel's
:math:`h_G^2` and :math:`\sum_{g \le G} \beta_g\,h_{g-1}^2` with β the newest block's gain: 1 under replace, 1/g under
accumulate. So replace stays bounded exactly if :math:`\sum h_i^2 < \infty`, accumulate exactly if
:math:`\sum h_i^2/i < \infty`: Scott's rule with pooled data does, a fixed bandwidth does not.

A summand :math:`a(x) = C\,R(x^{1/q})\,(\log x)^{-\tau}`, x = g + shift, with R rational and :math:`R \sim k\,x^{-s}`,
is compared with :math:`(1 \pm \eta)\,k\,x^{-s}` beyond some :math:`x_0`. The comparison is proved by the signs of the
coefficients of a shifted polynomial (:mod:`theory.expressions.signs`), and the tail then lies between integrals, for
decreasing convex functions obey

.. math:: \tfrac12 a(x_0) + \int_{x_0}^\infty a \;\le\; \sum_{x \ge x_0} a(x) \;\le\; \int_{x_0 - 1/2}^\infty a.

The terms before are added up in ball arithmetic. Derived here; nothing is decided by sampling.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

from flint import arb, ctx
from sympy import (
    Dummy,
    E,
    Expr,
    Integer,
    Poly,
    Pow,
    Rational,
    S,
    Symbol,
    ceiling,
    diff,
    factor,
    fraction,
    log,
    oo,
    powsimp,
    simplify,
    together,
)

from theory.errors import DomainError, NotDerivedError
from theory.expressions.arguments import quoted
from theory.expressions.balls import BallProgram
from theory.expressions.signs import at_least, sign
from theory.expressions.symbols import G
from theory.models.base import Model
from theory.models.kernel_density import KernelDensity
from theory.models.kernels.drift import drift
from theory.moments.recurrence import MomentRecurrence, Recurrence
from theory.solver.solution import Solution
from theory.workflows.base import Workflow, verify_workflow
from theory.workflows.dynamics import GENERATION

#: Terms added up before the tail is bounded, and further ones tried when the comparison fails so early.
FIRST_TERMS, MOST_TERMS = 250, 25_000
#: Largest common denominator of several powers mixed: polynomials of higher degree take minutes.
LARGEST_ROOT = 12
#: Relative widths of the comparison, narrowest first.
WIDTHS = (S.Zero, *(Rational(1, 2**power) for power in (24, 20, 16, 14, 12, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1)))
BITS, DIGITS = 128, 12


@dataclass(frozen=True)
class Boundedness:
    """Whether the excess variance stays bounded for ever, and where it goes.

    Attributes
    ----------
    bounded : bool
    lower, upper : expressions
        Enclose the limit of the excess variance as G → ∞; both ``oo`` when it is unbounded.
    terms : int
        Generations added up one by one; 0 when the limit is exact.
    reason : str
        The argument, in a line.

    Notes
    -----
    Derived here.

    Examples
    --------
    >>> from theory import Accumulate, KernelDensity, boundedness
    >>> found = boundedness(KernelDensity("1/j", n=10), Accumulate())
    >>> found.bounded, found.lower <= found.upper
    (True, True)
    """

    bounded: bool
    lower: Expr
    upper: Expr
    terms: int
    reason: str


def boundedness(model: Model, workflow: Workflow) -> Boundedness:
    """Decide whether the variance of a kernel density stays bounded under ``workflow``, and enclose its limit.

    Parameters
    ----------
    model : KernelDensity
        Constants that multiply the bandwidth may be symbols.
    workflow : Workflow

    Returns
    -------
    Boundedness

    Raises
    ------
    NotDerivedError
        When the comparison is not decided: nothing is guessed.

    Notes
    -----
    Derived here, by comparison of series; see the head of this module.

    Examples
    --------
    >>> from theory.models.kernel_density import KernelDensity
    >>> from theory.workflows import Accumulate, Replace
    >>> boundedness(KernelDensity("1/2", n=10), Accumulate()).bounded
    False
    >>> boundedness(KernelDensity("1/j", n=10), Replace()).reason
    'the terms lie between (1 ± 0) · x**(-2), summable, for x = g - 1 from 251 on'
    """
    if not isinstance(model, KernelDensity):
        raise DomainError(f"model = {quoted(model)} has no bandwidth: give a KernelDensity.")
    verify_workflow(workflow)
    recurrence = drift(workflow, model.bandwidths(workflow))
    if isinstance(recurrence, MomentRecurrence) and recurrence.start == 2:
        if _is_sum(recurrence):
            return _of_sum(recurrence)
        if recurrence.shift.has(GENERATION) and not recurrence.matrix.has(GENERATION):
            return _of_convolution(recurrence, drift(workflow, replace(model, bandwidth=S.One).bandwidths(workflow)))
    limit = Solution(recurrence, {**model.ranges(), **workflow.ranges()}).limit
    if limit is None:
        raise NotDerivedError(
            f"bandwidth = {model.bandwidth} under workflow = {workflow.name}: whether the variance stays bounded is "
            "not derived."
        )
    total = limit if limit == oo else simplify(recurrence.offset + recurrence.scale * limit)
    return Boundedness(total != oo, total, total, 0, "the limit is derived exactly from the recurrence")


def _is_sum(recurrence: MomentRecurrence) -> bool:
    one = recurrence.matrix.shape == (1, 1) and recurrence.matrix[0] == 1 == recurrence.readout[0]
    return bool(one and recurrence.initial[0] == 0)


def _of_convolution(recurrence: MomentRecurrence, steady: Recurrence) -> Boundedness:
    r"""A workflow with constant coefficients, :math:`Q_g = \sum_j c_{g-j} h_{j-1}^2`, from ``steady``, its h = 1.

    If :math:`\sum c < \infty` then :math:`h_g^2 \to h_\infty^2` is all that counts. If :math:`c_l \to c_\infty > 0`,
    the growth rate of ``steady``, then :math:`Q_g \to c_\infty \sum h_j^2`. By dominated convergence in both cases.
    """
    solution = Solution(steady, {})
    total, rate = solution.limit, solution.growth
    if total is not None and total != oo:
        limit = (steady.offset + steady.scale * total) * _Summand.read(recurrence.shift).end()
        return Boundedness(limit != oo, limit, limit, 0, "earlier kernels fade: the limit of the bandwidth decides")
    rate = None if rate is None else rate / G
    if rate is None or not rate.is_number:
        raise _undecided(recurrence.shift)
    summed = recurrence.shift.subs(GENERATION, GENERATION - 1)
    verdict = _Summand.read(summed).decided()
    lower, upper = (bound if bound == oo else rate * bound for bound in (verdict.lower, verdict.upper))
    return replace(verdict, lower=lower, upper=upper)


def _of_sum(recurrence: MomentRecurrence) -> Boundedness:
    summand = _Summand.read(recurrence.forcing[0])
    kernel = _Summand.read(recurrence.shift)
    verdict = summand.decided()
    last = kernel.end()
    if not verdict.bounded or last == oo:
        return verdict if not verdict.bounded else replace(verdict, bounded=False, lower=oo, upper=oo)
    lower, upper = (recurrence.scale * (bound + last) for bound in (verdict.lower, verdict.upper))
    return replace(verdict, lower=lower, upper=upper)


@dataclass(frozen=True)
class _Summand:
    """a = constant · x^power · ratio(y) · base^g · log(x)^(−tau), with x = g + shift and y = x^(1/q).

    ``ratio`` is a quotient of polynomials in y with numbers for coefficients; q is 1 where one power is all.
    """

    term: Expr
    constant: Expr
    power: Expr
    ratio: Expr
    y: Symbol
    q: int
    shift: Expr
    base: Expr
    tau: Expr

    @classmethod
    def read(cls, term: Expr) -> _Summand:
        g, y = GENERATION, Dummy("y", positive=True)
        ell, exponential = Dummy("L", positive=True), Dummy("E", positive=True)
        term = powsimp(term)
        roots = [p for p in term.atoms(Pow) if p.base.has(g) and p.exp.is_Rational and not p.exp.is_Integer]
        logs = list(term.atoms(log))
        towers = [p for p in term.atoms(Pow) if p.exp.has(g)]
        shifts = {_shift(p.base, term) for p in roots} | {_shift(p.args[0], term) for p in logs if p.has(g)}
        bases = {p.base for p in towers}
        if len(shifts) > 1 or len(bases) > 1 or any(base.has(g) for base in bases):
            raise _undecided(term)
        if not shifts and not bases and not logs:
            shifts = {_centre(term)}
        shift, base = (shifts or {S.Zero}).pop(), (bases or {S.One}).pop()
        q = math.lcm(*(int(p.exp.q) for p in roots))
        replaced = term.xreplace(
            {p: _slope(p.base) ** p.exp * y ** (q * p.exp) for p in roots}
            | {p: ell for p in logs if p.has(g)}
            | {p: base ** p.exp.subs(g, 0) * exponential ** diff(p.exp, g) for p in towers}
        ).subs(g, y**q - shift)
        tau, power = (-simplify(v * diff(replaced, v) / replaced) for v in (ell, exponential))
        if not (tau.is_Rational and power.is_Rational) or (
            logs and any(_slope(p.args[0]) != 1 for p in logs if p.has(g))
        ):
            raise _undecided(term)
        constant, ratio = factor(together(replaced.subs({ell: 1, exponential: 1}))).as_independent(y, as_Add=False)
        if not ratio.is_rational_function(y) or ratio.free_symbols - {y} or constant.is_positive is not True:
            raise _undecided(term)
        exponent, ratio, q = _one_power(ratio, y, q)
        if q > LARGEST_ROOT:
            raise _undecided(term)
        return cls(term, constant, exponent, ratio, y, q, shift, base**-power, tau)

    @property
    def leading(self) -> tuple[Expr, Expr]:
        """(k, s) of x^power · ratio ~ k x^(−s)."""
        top, bottom = (Poly(part, self.y) for part in fraction(together(self.ratio)))
        return top.LC() / bottom.LC(), Rational(int(bottom.degree() - top.degree()), self.q) - self.power

    def end(self) -> Expr:
        """Limit as g → ∞."""
        k, s = self.leading
        for rate in (self.base - 1, -s, -self.tau):
            if rate != 0:
                return S.Zero if rate.is_negative else oo
        return self.constant * k

    def decided(self) -> Boundedness:
        """The sum over g ≥ 2, enclosed, or why it diverges."""
        k, s = self.leading
        if (self.base - 1) != 0:
            return self._geometric()
        if s > 1 or (s == 1 and self.tau > 1):
            terms = FIRST_TERMS
            while terms <= MOST_TERMS:
                for width in WIDTHS:
                    if self._between(k, s, width, self._first(terms)):
                        return self._enclosed(k, s, width, terms)
                terms *= 10
            raise _undecided(self.term)
        lower_half = next((t for t in (FIRST_TERMS, MOST_TERMS) if self._above(k / 2, s, self._first(t))), None)
        if lower_half is None:
            raise _undecided(self.term)
        logs = f"/log(x)**{self.tau}" if self.tau != 0 else ""
        # For s < 1 a power of the logarithm is less than any power of x, and 1/x is not summable.
        reason = (
            f"the terms exceed a multiple of x**({-s}){logs}, which is not summable, for x = {self._x} from some x on"
        )
        return Boundedness(False, oo, oo, 0, reason)

    @property
    def _x(self) -> Expr:
        return Symbol("g") + self.shift

    def _first(self, terms: int) -> int:
        """The generation after ``terms`` terms, which begin at g = 2."""
        return terms + 2

    def _covering(self, first: int) -> dict[Symbol, Expr]:
        """y from below the first x on, with a whole number to begin with."""
        start = int(ceiling(Pow(first + self.shift, Rational(1, self.q)))) - 1
        return {self.y: at_least(first + self.shift if self.q == 1 else Integer(start))}

    def _above(self, k: Expr, s: Expr, first: int) -> bool:
        gap = self.ratio - k * self.y ** (-(s + self.power) * self.q)
        return sign(gap, self._covering(first)) in (0, 1)

    def _below(self, k: Expr, s: Expr, first: int) -> bool:
        gap = k * self.y ** (-(s + self.power) * self.q) - self.ratio
        return sign(gap, self._covering(first)) in (0, 1)

    def _between(self, k: Expr, s: Expr, width: Expr, first: int) -> bool:
        return self._above(k * (1 - width), s, first) and self._below(k * (1 + width), s, first)

    def _enclosed(self, k: Expr, s: Expr, width: Expr, terms: int) -> Boundedness:
        first = self._first(terms)
        x = first + self.shift
        with ctx.workprec(BITS):
            head = self._head(first)
            upper = _ball(k * (1 + width)) * self._integral(s, x - S.Half, x)
            lower = _ball(k * (1 - width)) * self._integral(s, x, None)
            low, high = head + lower, head + upper
            bounds = (_rounded(low, down=True), _rounded(high, down=False))
        logs = f"/log(x)**{self.tau}" if self.tau != 0 else ""
        reason = f"the terms lie between (1 ± {width}) · x**({-s}){logs}, summable, for x = {self._x} from {x} on"
        lower_bound, upper_bound = (self.constant * bound for bound in bounds)
        return Boundedness(True, lower_bound, upper_bound, terms, reason)

    def _head(self, first: int) -> Any:
        """Σ_{2 ≤ g < first} a(g)/constant in ball arithmetic."""
        term = _program(self.term / self.constant)
        return sum((term(index).real for index in range(2, first)), arb(0))

    def _integral(self, s: Expr, start: Expr, bound_at: Expr | None) -> Any:
        """∫_start^∞ x^(−s) log(x)^(−τ) dx, or a bound: from above with ``bound_at``, where logarithms are frozen."""
        if self.tau == 0:
            edge = _ball(Pow(start, 1 - s) / (s - 1))
            return edge if bound_at is not None else edge + _ball(Pow(start, -s) / 2)
        if s == 1:
            return _ball(log(start) ** (1 - self.tau) / (self.tau - 1))
        if bound_at is None:
            return arb(0)
        if self.tau > 0:
            return _ball(log(bound_at) ** (-self.tau) * Pow(start, 1 - s) / (s - 1))
        # log x ≤ x^ε/(εe), with half of the excess of s over 1 spent on it.
        epsilon = (s - 1) / (-2 * self.tau)
        slower = (s + 1) / 2
        return _ball((epsilon * E) ** self.tau * Pow(start, 1 - slower) / (slower - 1))

    def _geometric(self) -> Boundedness:
        """Terms with a factor base^g: their ratio passes halfway between the base and 1, or exceeds 1."""
        if self.q != 1 or self.power != 0 or self.tau != 0 or not self.base.is_number:
            raise _undecided(self.term)
        following = self.base * self.ratio.subs(self.y, self.y + 1)
        first = self._first(FIRST_TERMS)
        covering = self._covering(first)
        if self.base > 1:
            if sign(following - self.ratio, covering) not in (0, 1):
                raise _undecided(self.term)
            return Boundedness(False, oo, oo, 0, f"the terms do not decrease from g = {first} on")
        ratio = (1 + self.base) / 2
        if sign(ratio * self.ratio - following, covering) not in (0, 1):
            raise _undecided(self.term)
        with ctx.workprec(BITS):
            head = self._head(first)
            tail = _ball(self.term.subs(GENERATION, first) / self.constant / (1 - ratio))
            bounds = (_rounded(head, down=True), _rounded(head + tail, down=False))
        reason = f"each term is at most {ratio} times the one before, from g = {first} on"
        return Boundedness(True, self.constant * bounds[0], self.constant * bounds[1], FIRST_TERMS, reason)


def _shift(linear: Expr, term: Expr) -> Expr:
    """β/α of α g + β, for whole-number or rational β/α and α > 0."""
    polynomial = linear.as_poly(GENERATION)
    if polynomial is None or polynomial.degree() != 1:
        raise _undecided(term)
    slope, constant = polynomial.all_coeffs()
    value = simplify(constant / slope)
    if not (value.is_Rational and slope.is_positive):
        raise _undecided(term)
    return value


def _centre(term: Expr) -> Expr:
    """The shift with which a rational term is k (g + shift)^(−s) to the second order."""
    parts = [part.as_poly(GENERATION) for part in fraction(together(term))]
    if any(part is None for part in parts):
        raise _undecided(term)
    means = [part.nth(part.degree() - 1) / part.LC() if part.degree() > 0 else S.Zero for part in parts]
    power = parts[1].degree() - parts[0].degree()
    shift = (means[1] - means[0]) / power if power > 0 else S.Zero
    return shift if shift.is_Rational else S.Zero


def _one_power(ratio: Expr, y: Symbol, q: int) -> tuple[Expr, Expr, int]:
    """(p, R, 1) if the ratio is x^p R(x) at x = y^q; (0, ratio, q) if more powers of x are mixed."""
    parts = [Poly(part, y) for part in fraction(together(ratio))]
    lowest = [min(exponent for (exponent,) in part.monoms()) for part in parts]
    if q == 1 or any((e - low) % q for part, low in zip(parts, lowest, strict=True) for (e,) in part.monoms()):
        return S.Zero, ratio, q
    top, bottom = (
        Poly({((e - low) // q,): c for (e,), c in part.terms()}, y).as_expr()
        for part, low in zip(parts, lowest, strict=True)
    )
    return Rational(int(lowest[0] - lowest[1]), q), top / bottom, 1


def _slope(linear: Expr) -> Expr:
    return linear.as_poly(GENERATION).LC()


def _undecided(term: Expr) -> NotDerivedError:
    return NotDerivedError(
        f"whether the sum over generations of {term.subs(GENERATION, Symbol('g'))} is finite is not derived: it is no "
        "power, logarithm or geometric sequence times a rational function."
    )


def _program(value: Expr) -> Any:
    """A number, or an expression in the generation, as a function of the generation in ball arithmetic."""
    try:
        return BallProgram(value, GENERATION).at_precision(BITS)
    except DomainError as error:
        raise NotDerivedError(f"{value} is no number that ball arithmetic knows: the sum is not enclosed.") from error


def _ball(value: Expr) -> Any:
    return _program(value)(1).real


def _rounded(ball: Any, down: bool) -> Rational:
    """A decimal bound of a ball."""
    scaled = (ball.lower() if down else ball.upper()) * arb(10) ** DIGITS
    whole = scaled.floor() if down else scaled.ceil()
    edge = whole.lower() if down else whole.upper()
    return Rational(int(edge.unique_fmpz()), 10**DIGITS)
