r"""Which block sizes keep replace bounded.

Under replace every block's noise stays for ever, so to leading order in 1/n the risk ratio is
:math:`s(1) \sum_{j \le G} 1/s(j)`: bounded exactly when :math:`\sum 1/s(j)` converges.

Sizes are compared with the scale :math:`e^{\kappa_0 j}\, j^{\kappa_1} (\log j)^{\kappa_2} (\log\log j)^{\kappa_3}`.
The series converges when :math:`\kappa_0 > 0`, or :math:`\kappa_0 = 0` and the first of κ_1, κ_2, κ_3 that differs from
1 is larger than 1; it diverges when that is smaller than 1, or κ_0 < 0 (Bertrand's logarithmic criterion).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count

from sympy import (
    AccumBounds,
    And,
    Basic,
    Dummy,
    Eq,
    Expr,
    Gt,
    Integral,
    Limit,
    Mul,
    Or,
    Piecewise,
    Pow,
    S,
    Symbol,
    diff,
    exp,
    expand_log,
    expand_power_base,
    expand_power_exp,
    integrate,
    limit,
    log,
    oo,
    powsimp,
)

from theory.arguments import exact, generation
from theory.errors import DomainError, NotDerivedError
from theory.expected import expected_risk
from theory.models.regular import Regular
from theory.symbols import j
from theory.workflows.base import size_schedule
from theory.workflows.replace import Replace

#: The family that :func:`required_growth` answers for when no sizes are given.
RATE, POWER, LOGARITHM = Symbol("q", positive=True), Symbol("a", real=True), Symbol("b", real=True)
GENERAL_SCALE: Expr = RATE**j * j**POWER * log(j + 1) ** LOGARITHM

_LONGEST_WITNESS = 100_000


@dataclass(frozen=True)
class RequiredGrowth:
    r"""Whether a size schedule keeps replace bounded.

    Attributes
    ----------
    sizes : s(j)
    bounded : ``true``, ``false``, or the condition on the parameters
    scale : (κ_0, κ_1, κ_2, κ_3), the powers of the scale that the sizes were compared with: the certificate
    bound : the supremum of the risk ratio, s(1) Σ 1/s(j): an expression, ``oo``, or None where no closed form is known
    """

    sizes: Expr
    bounded: Basic
    scale: tuple[Expr, Expr, Expr, Expr]
    bound: Expr | None

    @property
    def certificate(self) -> str:
        """Why, in one sentence."""
        verdict = f"converges exactly when {self.bounded}"
        if self.bounded in (S.true, S.false):
            verdict = "converges" if self.bounded == S.true else "diverges"
        return f"s(j) grows {self._pace}, and the sum of 1/s(j) {verdict} by Bertrand's criterion"

    @property
    def _pace(self) -> str:
        names = ("exp(j)", "j", "log(j)", "log(log(j))")
        beyond = ("exponential", "power of j", "power of log(j)", "power of log(log(j))")
        for power, name in zip(self.scale, beyond, strict=True):
            if power in (oo, -oo):
                return f"{'faster' if power == oo else 'slower'} than every {name}"
        compared = "·".join(
            name if power == 1 else f"{name}^({power})"
            for name, power in zip(names, self.scale, strict=True)
            if power != 0
        )
        return f"as {compared}" if compared else "as a constant or slower than every logarithm"

    def partial(self, blocks: object) -> Expr:
        """The risk ratio at generation ``blocks``, exactly."""
        whole = generation("blocks", blocks)
        return expected_risk(Regular(p=1, n=1), Replace(sizes=self.sizes)).ratio.at(whole)

    def first_above(self, level: object) -> int:
        """The first generation whose ratio is above ``level``: the divergence, to be checked by adding up.

        Raises
        ------
        DomainError
            When the ratio stays below, or passes the level beyond generation 100 000.
        """
        height = exact("level", level)
        if self.sizes.free_symbols - {j}:
            raise DomainError(f"sizes = {self.sizes} has parameters: give numbers.")
        if self.bounded == S.true and self.bound is not None and bool(self.bound <= height):
            raise DomainError(f"level = {level} is never passed: the ratio stays below {self.bound}.")
        workflow = Replace(sizes=self.sizes)
        first = workflow.size(1)
        if all(workflow.size(block).is_Rational for block in (1, 2, 3, 5)):
            total: Expr | float = S.Zero
        else:
            # A partial sum of 10^5 floats errs by less than 1e-10, and levels are not met to that precision.
            total, height, first = 0.0, float(height), float(first)
        for block in count(1):
            if block > _LONGEST_WITNESS:
                raise DomainError(f"level = {level} is not passed before generation {_LONGEST_WITNESS}.")
            size = workflow.size(block)
            total += first / size if isinstance(total, Expr) else float(first / size)
            if total > height:
                return block
        raise AssertionError("unreachable")

    def enclosure(self, blocks: object = 100) -> tuple[Expr, Expr]:
        r"""Exact numbers below and above the bound, from the first ``blocks`` blocks and the integral test.

        For sizes that grow from block N on,
        :math:`\int_{N+1}^\infty \frac{dx}{s(x)} \le \sum_{j > N} \frac1{s(j)} \le \int_N^\infty \frac{dx}{s(x)}`.

        Raises
        ------
        NotDerivedError
            When 1/s has no antiderivative that SymPy finds, or its growth is not proved.
        """
        last = generation("blocks", blocks)
        if self.bounded != S.true:
            raise DomainError(f"sizes = {self.sizes} does not keep replace bounded: there is nothing to enclose.")
        x = Dummy("x", positive=True)
        smooth = self.sizes.subs(j, x + last)
        if diff(smooth, x).is_nonnegative is not True:
            raise NotDerivedError(f"sizes = {self.sizes} are not seen to grow from block {last} on: no enclosure.")
        y = Dummy("y", positive=True)
        tail = _antiderivative(1 / self.sizes.subs(j, y), y)
        at_infinity = None if tail is None else _limit_or_none(tail, y)
        if tail is None or at_infinity is None or not at_infinity.is_finite:
            raise NotDerivedError(f"1/sizes = 1/({self.sizes}) has no antiderivative in closed form: no enclosure.")
        first, head = self.sizes.subs(j, 1), self.partial(last)
        below, above = (head + first * (at_infinity - tail.subs(y, last + extra)) for extra in (1, 0))
        if not (below.is_real and above.is_real):
            raise NotDerivedError(f"1/sizes = 1/({self.sizes}) has an antiderivative on another branch: no enclosure.")
        return below, above


def required_growth(sizes: object = None) -> RequiredGrowth:
    r"""Which block sizes keep replace bounded, and the bound.

    Without ``sizes`` the answer for the whole family :math:`q^j j^a \log(j+1)^b`: bounded exactly when q > 1, or q = 1
    and a > 1, or q = 1, a = 1 and b > 1.

    Parameters
    ----------
    sizes : expression in ``theory.j``, optional
        Block j holds n·s(j) samples; parameters may be symbols.

    Returns
    -------
    RequiredGrowth

    Raises
    ------
    DomainError
        When ``sizes`` is no positive schedule.
    NotDerivedError
        When the sizes cannot be compared with the scale, or lie on its finest border.

    Notes
    -----
    To leading order in 1/n, for every regular model; exact for location families. The criterion is Bertrand's (1842).

    Examples
    --------
    >>> from sympy import Symbol
    >>> from theory import j
    >>> from theory.design import required_growth
    >>> answer = required_growth(j**2)
    >>> answer.bounded, answer.bound
    (True, pi**2/6)
    >>> required_growth(j).first_above(3)
    11
    >>> required_growth(j ** Symbol("a", positive=True)).bounded
    a > 1
    """
    schedule = GENERAL_SCALE if sizes is None else size_schedule(sizes)
    powers = _scale(schedule)
    bounded = _criterion(powers)
    if bounded == S.false:
        return RequiredGrowth(schedule, bounded, powers, oo)
    limit_of_ratio = expected_risk(Regular(p=1, n=1), Replace(sizes=schedule)).ratio.limit
    return RequiredGrowth(schedule, bounded, powers, limit_of_ratio)


def _criterion(powers: tuple[Expr, ...]) -> Basic:
    rate, *rest = powers
    # On the border of all levels the sizes are a constant times j·log(j)·log(log(j)), and the series diverges.
    condition: Basic = S.false
    for power in reversed(rest):
        condition = Or(Gt(power, 1), And(Eq(power, 1), condition))
    growth = powsimp(exp(rate))
    return Or(Gt(growth, 1), And(Eq(growth, 1), condition))


def _scale(sizes: Expr) -> tuple[Expr, Expr, Expr, Expr]:
    """The powers κ of the scale, added up over the factors of ``sizes``."""
    x = Dummy("x", positive=True)
    levels = [x, log(x), log(log(x)), log(log(log(x)))]
    powers: list[Expr] = [S.Zero] * 4
    decided = True  # whether nothing is left but a constant factor
    for factor in Mul.make_args(expand_power_base(expand_power_exp(powsimp(sizes).subs(j, x)), force=True)):
        if not factor.has(x):
            continue
        weight, function = _logarithm(factor, x)
        for index, level in enumerate(levels):
            share = _limit(function / level, x, sizes)
            powers[index] += weight * share
            if not share.is_finite:
                break
            function = expand_log(function - share * level)
            if function == 0:
                break
        else:
            rest = _limit_or_none(exp(function), x)
            decided = decided and rest is not None and bool(rest.is_finite and rest.is_nonzero)
    if any(power is S.NaN for power in powers):
        raise NotDerivedError(f"sizes = {sizes} is a product of faster and slower than exponential: not compared.")
    if not decided and all(Eq(power, border) != S.false for power, border in zip(powers, (0, 1, 1, 1), strict=True)):
        raise NotDerivedError(f"sizes = {sizes} may lie on the border of the finest scale compared: not decided.")
    return (powers[0], powers[1], powers[2], powers[3])


def _logarithm(factor: Expr, x: Symbol) -> tuple[Expr, Expr]:
    """log(factor) as a constant, possibly with parameters, times a function of x without."""
    base, exponent = factor.as_base_exp() if isinstance(factor, (Pow, exp)) else (factor, S.One)
    if not exponent.has(x):
        return exponent, log(base)
    if not base.has(x):
        slope, function = exponent.as_independent(x, as_Add=False)
        return slope * log(base), function
    return S.One, exponent * log(base)


def _limit(function: Expr, x: Symbol, sizes: Expr) -> Expr:
    value = _limit_or_none(function, x)
    if value is None or not (value.is_real or value in (oo, -oo)):
        raise NotDerivedError(f"sizes = {sizes} cannot be compared with powers and logarithms of j.")
    return value


def _limit_or_none(function: Expr, x: Symbol) -> Expr | None:
    try:
        value = limit(function, x, oo)
    except (NotImplementedError, ValueError, TypeError):  # what SymPy raises where its algorithm ends
        return None
    return None if value.has(Limit, AccumBounds, S.NaN, S.ComplexInfinity, x) else value


def _antiderivative(function: Expr, x: Symbol) -> Expr | None:
    """By the rules of a textbook, which either find it at once or not at all."""
    found = integrate(function, x, manual=True)
    return None if found.has(Integral, Piecewise) else found
