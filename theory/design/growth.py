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
    And,
    Basic,
    Dummy,
    Eq,
    Expr,
    Gt,
    Integral,
    Or,
    Piecewise,
    S,
    Symbol,
    diff,
    exp,
    expand,
    integrate,
    log,
    oo,
    powsimp,
)

from theory.asymptotics.scales import Powers, limit_or_none, positive_variable, scale_of
from theory.asymptotics.series import hypergeometric_series
from theory.errors import DomainError, NotDerivedError
from theory.expected import expected_risk
from theory.expressions.arguments import exact, generation
from theory.expressions.conjugates import in_real_terms
from theory.expressions.symbols import j
from theory.models.regular import Regular
from theory.workflows.base import size_schedule
from theory.workflows.replace import Replace

#: The family that :func:`required_growth` answers for when no sizes are given.
RATE, POWER, LOGARITHM = Symbol("q", positive=True), Symbol("a", real=True), Symbol("b", real=True)
GENERAL_SCALE: Expr = RATE**j * j**POWER * log(j + 1) ** LOGARITHM

_LONGEST_WITNESS = 100_000

_X = positive_variable()


@dataclass(frozen=True)
class RequiredGrowth:
    r"""Whether a size schedule keeps replace bounded.

    Attributes
    ----------
    sizes : s(j)
    bounded : ``true``, ``false``, or the condition on the parameters
    scale : (κ_0, κ_1, κ_2, κ_3), the powers of the scale that the sizes were compared with: the certificate
    bound : the supremum of the risk ratio, s(1) Σ 1/s(j): an expression, ``oo``, or None where no closed form is known

    Notes
    -----
    Derived here; Bertrand (1842) for the criterion.

    Examples
    --------
    >>> from theory import j, required_growth
    >>> required_growth(j**2).certificate
    "s(j) grows as j^(2), and the sum of 1/s(j) converges by Bertrand's criterion"
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
        if not height.is_number:
            raise DomainError(f"level = {height} is not a number: give one.")
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
        at_infinity = None if tail is None else limit_or_none(tail, y)
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
    bound = expected_risk(Regular(p=1, n=1), Replace(sizes=schedule)).ratio.limit
    if bound is None:
        series = hypergeometric_series(1 / schedule, j)
        bound = None if series is None else expand(schedule.subs(j, 1) * series)
    return RequiredGrowth(schedule, bounded, powers, None if bound is None else in_real_terms(bound))


def _criterion(powers: Powers) -> Basic:
    rate, *rest = powers
    # On the border of all levels the sizes are a constant times j·log(j)·log(log(j)), and the series diverges.
    condition: Basic = S.false
    for power in reversed(rest):
        condition = Or(Gt(power, 1), And(Eq(power, 1), condition))
    growth = powsimp(exp(rate))
    return Or(Gt(growth, 1), And(Eq(growth, 1), condition))


def _scale(sizes: Expr) -> Powers:
    """The powers κ of the scale that ``sizes`` are compared with."""
    try:
        scale = scale_of(sizes.subs(j, _X), _X)
    except NotDerivedError as unknown:
        raise NotDerivedError(f"sizes = {sizes} cannot be compared with powers and logarithms: {unknown}") from None
    # On every border nothing but a constant factor may be left.
    borders = zip(scale.powers, (0, 1, 1, 1), strict=True)
    if scale.constant is None and all(Eq(power, border) != S.false for power, border in borders):
        raise NotDerivedError(f"sizes = {sizes} may lie on the border of the finest scale compared: not decided.")
    return scale.powers


def _antiderivative(function: Expr, x: Symbol) -> Expr | None:
    """By the rules of a textbook, which either find it at once or not at all."""
    found = integrate(function, x, manual=True)
    return None if found.has(Integral, Piecewise) else found
