r"""Functions compared with the scale of exponentials, powers and logarithms, and the growth of their partial sums.

A function is written as

.. math:: f(x) \sim c\; e^{\kappa_0 x}\, x^{\kappa_1}\, (\log x)^{\kappa_2}\, (\log\log x)^{\kappa_3},

the powers found one level after the other, as limits of what is left of log f divided by x, log x, log log x and
log log log x. An infinite power ends the list: f is then faster, or slower, than every function of that level.

Partial sums follow by Karamata's theorem (*Théorèmes fondamentaux*, 1933), with κ the first power that is not on the
border (0, −1, −1, −1) of convergence:

* κ_0 > 0: :math:`\sum_{i \le x} f(i) \sim f(x)/(1 - e^{-\kappa_0})`; the last term is all where κ_0 = ∞;
* otherwise, beyond the border at level l: the powers of the border become 0, and
  :math:`\sum \sim \frac{c}{\kappa_l + 1} (\log_{l-1} x)^{\kappa_l + 1} \cdots`; for :math:`\kappa_1 = \infty` it is
  :math:`f^2/f'`, by l'Hôpital's rule, for f in a Hardy field;
* below the border the series converges (Bertrand's criterion); on the border of all levels, where f is a constant times
  :math:`1/(x \log x \log\log x)`, the sum is the constant times :math:`\log\log\log x`.
"""

from __future__ import annotations

from dataclasses import dataclass

from sympy import (
    AccumBounds,
    Add,
    And,
    Basic,
    Dummy,
    E,
    Eq,
    Expr,
    Function,
    Gt,
    Limit,
    Lt,
    Mul,
    Piecewise,
    Poly,
    Pow,
    S,
    Sum,
    Symbol,
    diff,
    exp,
    expand_log,
    expand_power_base,
    expand_power_exp,
    factorial,
    gamma,
    harmonic,
    limit,
    log,
    oo,
    powsimp,
    simplify,
)
from sympy.core.relational import Relational

from theory.errors import NotDerivedError

Powers = tuple[Expr, Expr, Expr, Expr]

#: The border between convergent and divergent series, level by level.
BORDER: Powers = (S.Zero, S.NegativeOne, S.NegativeOne, S.NegativeOne)

#: Functions whose limits SymPy gets right; of harmonic numbers of fractional order it does not.
_ELEMENTARY = (log, exp, factorial, gamma)


@dataclass(frozen=True)
class Scale:
    """A positive function of x → ∞ on the scale.

    Attributes
    ----------
    powers : (κ_0, κ_1, κ_2, κ_3); after an infinite one zeros
    constant : c; None where what is left is slower than every power of the scale but has no known limit
    function : the function itself in ``variable``, where a power is infinite
    variable : x
    """

    powers: Powers
    constant: Expr | None
    function: Expr | None
    variable: Symbol

    @property
    def leading(self) -> Expr | None:
        """The leading term in ``variable``; None when its constant is not known."""
        if self.constant is None:
            return None
        return self.constant * self.shape

    @property
    def shape(self) -> Expr:
        """The leading term without its constant."""
        x = self.variable
        if self.function is not None:
            return self.function
        rate, power, logs, iterated = self.powers
        return exp(rate) ** x * x**power * log(x) ** logs * log(log(x)) ** iterated

    def times(self, other: Scale) -> Scale:
        """The product of two functions."""
        powers = tuple(a + b for a, b in zip(self.powers, other.powers, strict=True))
        if any(power is S.NaN for power in powers):
            raise NotDerivedError("a product of faster and slower than the scale is not compared.")
        constant = None if self.constant is None or other.constant is None else self.constant * other.constant
        infinite = next((level for level, power in enumerate(powers) if power in (oo, -oo)), None)
        if infinite is None:
            return Scale(powers, constant, None, self.variable)  # type: ignore[arg-type]
        cut = (*powers[: infinite + 1], *(S.Zero,) * (3 - infinite))
        if constant is None:
            return Scale(cut, None, self.shape * other.shape, self.variable)  # type: ignore[arg-type]
        return Scale(cut, constant, self.shape * other.shape, self.variable)  # type: ignore[arg-type]

    def raised(self, exponent: Expr) -> Scale:
        """The function to a power free of x."""
        if exponent == 0:
            return Scale((S.Zero,) * 4, S.One, None, self.variable)
        constant = None if self.constant is None else self.constant**exponent
        function = None if self.function is None else self.function**exponent
        powers = tuple(power * exponent for power in self.powers)
        return Scale(powers, constant, function, self.variable)  # type: ignore[arg-type]

    def ahead_of(self, other: Scale) -> int | None:
        """1, 0 or −1 as this function is larger, comparable or smaller; None when that is not decided."""
        for mine, theirs in zip(self.powers, other.powers, strict=True):
            if mine == theirs:
                if mine in (oo, -oo):
                    return None
                continue
            larger = Gt(mine, theirs)
            return None if larger not in (S.true, S.false) else 1 if larger == S.true else -1
        return 0

    def summed(self) -> list[tuple[Scale | None, Basic]]:
        """The partial sums, by cases where parameters decide; None for a convergent series.

        Raises
        ------
        NotDerivedError
            On the border of all levels, unless the function is a constant times the border itself.
        """
        return _summed(self)


def _summed(term: Scale) -> list[tuple[Scale | None, Basic]]:
    cases: list[tuple[Scale | None, Basic]] = []
    condition: Basic = S.true  # that all levels before are on the border
    for level, (power, border) in enumerate(zip(term.powers, BORDER, strict=True)):
        if level == 0:
            # In terms of the ratio e^κ of one term to the next, as parameters come.
            power, border = (power if power in (oo, -oo) else simplify(exp(power))), S.One
        above, below = And(condition, Gt(power, border)), And(condition, Lt(power, border))
        if above != S.false:
            cases.append((_beyond_border(term, level), above))
        if below != S.false:
            cases.append((None, below))
        condition = And(condition, Eq(power, border))
        if condition == S.false:
            return cases
    if term.constant is None:
        raise NotDerivedError(f"the partial sums of {term.shape} lie on the border of the finest scale compared.")
    # A constant times 1/(x log x log log x), whose integral is beyond the scale.
    slowest = log(log(log(term.variable)))
    return [*cases, (Scale((S.Zero,) * 4, term.constant, slowest, term.variable), condition)]


def _beyond_border(term: Scale, level: int) -> Scale:
    """Partial sums that diverge as ``level`` decides."""
    power, x = term.powers[level], term.variable
    if level == 0:
        kept = S.One if power == oo else 1 / (1 - exp(-power))
        return Scale(term.powers, None if term.constant is None else simplify(term.constant * kept), term.function, x)
    if power == oo:
        if level > 1 or term.function is None:
            raise NotDerivedError(f"the partial sums of {term.shape} are not compared with the scale.")
        # The logarithmic derivative may be asymptotically simpler than exact.
        return Scale(term.powers, term.constant, simplify(term.function**2 / diff(term.function, x)), x)
    powers = list(term.powers)
    powers[:level] = [S.Zero] * level
    powers[level] = power + 1
    constant = None if term.constant is None else term.constant / (power + 1)
    return Scale((powers[0], powers[1], powers[2], powers[3]), constant, None, x)


# -- from expressions ----------------------------------------------------------------------------------


def scale_of(function: Expr, x: Symbol) -> Scale:
    """A positive function of ``x``, a positive symbol, on the scale.

    Harmonic numbers and sums over a size schedule, as in the totals of accumulate, go by their summands.

    Raises
    ------
    NotDerivedError
        When it is none of the functions that are compared.

    Examples
    --------
    >>> from sympy import Symbol, harmonic, log
    >>> x = Symbol("x", positive=True)
    >>> scale_of(3 * x**2 / log(x + 1), x).powers
    (0, 2, -1, 0)
    >>> scale_of(1 / (x * harmonic(x)**2), x).leading
    1/(x*log(x)**2)
    """
    total = _constant(S.One, x)
    for factor in Mul.make_args(expand_power_base(expand_power_exp(powsimp(function)), force=True)):
        total = total.times(_of_factor(factor, x))
    return total


def _constant(value: Expr, x: Symbol) -> Scale:
    return Scale((S.Zero,) * 4, value, None, x)


def _of_factor(factor: Expr, x: Symbol) -> Scale:
    if not factor.has(x):
        return _constant(factor, x)
    if factor == x:
        return Scale((S.Zero, S.One, S.Zero, S.Zero), S.One, None, x)
    if isinstance(factor, log):
        return _of_logarithm(scale_of(factor.args[0], x), factor)
    if isinstance(factor, (Pow, exp)) and not factor.as_base_exp()[0].has(x):
        base, exponent = factor.as_base_exp()
        slope = diff(exponent, x)
        if base.is_positive is not True:
            return _unknown(factor)
        if not slope.has(x):
            rate = expand_log(slope * (S.One if base == E else log(base)), force=True)
            return Scale((rate, S.Zero, S.Zero, S.Zero), base ** exponent.subs(x, 0), None, x)
    if isinstance(factor, Pow) and not factor.exp.has(x):
        return scale_of(factor.base, x).raised(factor.exp)
    if isinstance(factor, Add):
        try:
            return _largest([scale_of(part, x) for part in factor.args])
        except NotDerivedError:
            # Leading terms may cancel, or be too alike to be told apart one by one.
            return _elementary(factor, x)
    if isinstance(factor, (Pow, *_ELEMENTARY)):
        return _elementary(factor, x)
    if isinstance(factor, harmonic):
        upper, order = (*factor.args, S.One)[:2]
        return _partial_sum(x ** (-order), x, upper) if not order.has(x) else _unknown(factor)
    if isinstance(factor, Sum) and len(factor.limits) == 1:
        index, lower, upper = factor.limits[0]
        if not lower.has(x):
            return _partial_sum(factor.function.subs(index, x), x, upper)
    return _unknown(factor)


def _of_logarithm(inside: Scale, whole: Expr) -> Scale:
    """log f ~ κ_0 x, or κ_1 log x, or κ_2 log log x, whichever κ is the first that is not zero."""
    for level, power in enumerate(inside.powers[:3]):
        if power in (oo, -oo):
            break
        if power != 0:
            powers = [S.Zero] * 4
            powers[level + 1] = S.One
            return Scale((powers[0], powers[1], powers[2], powers[3]), power, None, inside.variable)
    return _elementary(whole, inside.variable)


def _unknown(factor: Expr) -> Scale:
    raise NotDerivedError(f"{factor} is not compared with exponentials, powers and logarithms.")


def _partial_sum(term: Expr, x: Symbol, upper: Expr) -> Scale:
    """Σ_{i ≤ upper} of a positive term, for upper = x + c; the value of a convergent series is not known here."""
    scale = scale_of(term, x)
    cases = scale.summed()
    if len(cases) > 1:
        raise NotDerivedError(f"the partial sums of {term} are not compared: they depend on parameters.")
    found = cases[0][0]
    if found is not None and found.function is not None and oo not in found.powers:
        raise NotDerivedError(f"the partial sums of {term} are slower than the scale.")
    # A few terms more or less change nothing to leading order, unless terms grow like exponentials.
    if (upper - x).has(x) or (upper != x and found is not None and scale.powers[0] != 0):
        raise NotDerivedError(f"the partial sums of {term} up to {upper} are not compared.")
    return Scale((S.Zero,) * 4, None, None, x) if found is None else found


def _largest(scales: list[Scale]) -> Scale:
    best = scales[0]
    for other in scales[1:]:
        ahead = best.ahead_of(other)
        if ahead == 0 and best.constant is not None and other.constant is not None:
            together = simplify(best.constant + other.constant)
            if together.is_zero is not False:
                raise NotDerivedError("leading terms cancel: not compared.")
            best = Scale(best.powers, together, None, best.variable)
        elif ahead in (None, 0):
            raise NotDerivedError("which of two terms is larger is not decided.")
        elif ahead == -1:
            best = other
    return best


def _elementary(factor: Expr, x: Symbol) -> Scale:
    if not all(isinstance(part, _ELEMENTARY) for part in factor.atoms(Function, Sum) if part.has(x)):
        return _unknown(factor)
    weight, function = _logarithm(factor, x)
    powers: list[Expr] = [S.Zero] * 4
    levels = (x, log(x), log(log(x)), log(log(log(x))))
    for index, level in enumerate(levels):
        share = _limit(function / level, x, factor)
        powers[index] = weight * share
        if share in (oo, -oo):
            return Scale((powers[0], powers[1], powers[2], powers[3]), S.One, factor, x)
        function = expand_log(function - share * level)
        powers[index] = expand_log(powers[index], force=True)
        if function == 0:
            break
    rest = S.One if function == 0 else limit_or_none(exp(function), x)
    known = rest is not None and bool(rest.is_finite and rest.is_nonzero)
    # An exponential or a power of E comes out as a sum of logarithms.
    constant = simplify(rest**weight) if known and rest is not None else None
    return Scale((powers[0], powers[1], powers[2], powers[3]), constant, None, x)


def _logarithm(factor: Expr, x: Symbol) -> tuple[Expr, Expr]:
    """log(factor) as a constant, possibly with parameters, times a function of x without."""
    base, exponent = factor.as_base_exp() if isinstance(factor, (Pow, exp)) else (factor, S.One)
    if not exponent.has(x):
        return exponent, log(base)
    if not base.has(x):
        slope, function = exponent.as_independent(x, as_Add=False)
        return slope * (S.One if base == E else log(base)), function
    return S.One, exponent * log(base)


def _limit(function: Expr, x: Symbol, whole: Expr) -> Expr:
    value = limit_or_none(function, x)
    if value is None or not (value.is_real or value in (oo, -oo)):
        raise NotDerivedError(f"{whole} cannot be compared with powers and logarithms.")
    return value


def limit_or_none(function: Expr, x: Symbol) -> Expr | None:
    """The limit as x → ∞; None where SymPy finds none.

    Of a function that is given piece by piece, the limit of its last piece. Harmonic numbers of order below 1 diverge,
    and SymPy 1.14 has them tend to the zeta function continued: what holds one has no limit here.
    """
    function = function.replace(lambda part: isinstance(part, Piecewise), lambda part: _last_piece(part, x))
    if function.has(Piecewise) or any(_diverges(number, x) for number in function.atoms(harmonic)):
        return None
    try:
        value = limit(function, x, oo)
    except (NotImplementedError, ValueError, TypeError, RecursionError):  # what SymPy raises where its algorithm ends
        return None
    return None if value.has(Limit, AccumBounds, S.NaN, S.ComplexInfinity, x) else value


def _diverges(number: harmonic, x: Symbol) -> bool:
    """Whether a harmonic number is one that SymPy might give a limit that it has not."""
    order = number.args[1] if len(number.args) > 1 else S.One
    return bool(number.has(x)) and not (order == 1 or (order - 1).is_positive)


def _last_piece(function: Piecewise, x: Symbol) -> Expr:
    """The piece that holds from some x on; the whole function where none is seen to."""
    for value, condition in function.args:
        relations = condition.atoms(Relational)
        if any(r.free_symbols != {x} or not (r.lhs - r.rhs).is_polynomial(x) for r in relations):
            return function
        truths = {relation: S.true if _holds_late(relation, x) else S.false for relation in relations}
        if condition.subs(truths) == S.true:
            return value
    return function


def _holds_late(relation: Relational, x: Symbol) -> bool:
    """Whether a relation between polynomials holds for all large x."""
    difference = Poly(relation.lhs - relation.rhs, x)
    return bool(relation.func(difference.LC(), 0))  # of large x alone, so that = fails and ≠ holds


def positive_variable() -> Symbol:
    """A variable x of which log x may be taken."""
    return Dummy("x", positive=True)
