r"""Random block sizes: independent, all of one law, given by its probability generating function.

A block of random size is drawn when its generation comes, independently of everything before; block 1, the real one,
like every other. With :math:`f(t) = E\,t^N`,

.. math:: E\,\frac1N = \int_0^1 \frac{f(t)}{t}\,dt, \qquad
          E\,\frac{N_g}{S_g^2} = \frac1g\,E\,\frac1{S_g} = \frac1g \int_0^1 \frac{f(t)^g}{t}\,dt, \qquad
          S_g = N_1 + \dots + N_g,

the second because the blocks are exchangeable: :math:`\sum_{j \le g} N_j/S_g^2 = 1/S_g` (derived here).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from flint import arb, arb_series, ctx
from sympy import (
    Expr,
    Integral,
    Poly,
    S,
    apart,
    degree,
    diff,
    exp,
    factor_list,
    fraction,
    integrate,
    limit,
    log,
    oo,
    simplify,
    together,
)

from theory.errors import DomainError, NotDerivedError
from theory.expressions.arguments import exact, is_positive_integer, is_probability, shown
from theory.expressions.balls import BallProgram
from theory.expressions.fraction_field import in_lowest_terms
from theory.expressions.symbols import G, t

#: Coefficients whose signs are looked at, where there is no end of them.
FIRST_COEFFICIENTS = 64
#: Largest size of a law given by a table, so that its generating function is a polynomial that can be computed with.
LARGEST_SIZE = 1000
#: The smallest chance, in bits, that a list of chances leaves out.
_NEGLIGIBLE_BITS = 60
_SERIES_BITS = 256


class RandomSizes(Expr):
    r"""Block sizes drawn anew for every block, in units of n, from the law with :math:`E\,t^N = f(t)`.

    Block j holds :math:`n N_j` samples with :math:`N_1, N_2, \dots` independent and alike, block 1 among them; for
    numbers of samples give n = 1. To be given as ``sizes`` of a workflow.

    Replace is then exactly what it is with the size :math:`1/E(1/N)`, its effective size, whatever the family; so is
    every workflow whose weights do not look at the sizes. Accumulate, which pools by size, adds
    :math:`E[1/S_g]/g` at generation g without curvature, in all
    :math:`\int_0^1 -\ln(1 - f(t))\,dt/t`: dilogarithms where f is rational.

    Parameters
    ----------
    generating_function : expression in ``theory.t``, or text
        f, with f(1) = 1 and no chance of an empty block, f(0) = 0.

    Raises
    ------
    DomainError
        When f is not seen to be a generating function of sizes 1, 2, 3, …: f(0) = 0, f(1) = 1, coefficients of 0 or
        more. Of a polynomial all of these are looked at, else the first 64; those with symbols are taken on trust.

    Notes
    -----
    Derived here.

    Examples
    --------
    >>> from theory import Accumulate, Regular, Replace, expected_risk
    >>> coin = RandomSizes("(t + t**2)/2")
    >>> coin.mean, coin.mean_inverse
    (3/2, 3/4)
    >>> expected_risk(Regular(), Replace(sizes=coin)).closed_form
    3*G*p/(4*n)
    >>> expected_risk(Regular(p=1, n=1), Accumulate(sizes=RandomSizes("t/(2 - t)"))).limit
    log(2)**2/2 + pi**2/12
    """

    is_commutative = True
    is_real = True
    is_positive = True
    is_number = False

    def __new__(cls, generating_function: object) -> RandomSizes:
        """Verify the generating function."""
        return _verified(cls, generating_function)

    @classmethod
    def geometric(cls, p: object) -> RandomSizes:
        """P(N = k) = p(1 − p)^(k − 1): f = p t/(1 − (1 − p) t).

        Examples
        --------
        >>> RandomSizes.geometric("1/2").mean
        2
        """
        chance = exact("p", p)
        if is_probability(chance) is False or chance == 0:
            raise DomainError(f"p = {shown(p)} is not a chance of a last sample: p must lie in (0, 1].")
        top, bottom = fraction(together(chance))
        return cls(top * t / (bottom - (bottom - top) * t))

    @classmethod
    def poisson(cls, rate: object) -> RandomSizes:
        """1 + a Poisson count: f = t exp(rate (t − 1)).

        Examples
        --------
        >>> RandomSizes.poisson(2).mean_inverse
        1/2 - exp(-2)/2
        """
        mean = exact("rate", rate)
        if mean.is_real is False or mean.is_negative:
            raise DomainError(f"rate = {shown(rate)} is not a mean of counts: it must be 0 or more.")
        return cls(t * exp(mean * (t - 1)))

    @classmethod
    def uniform(cls, m: object) -> RandomSizes:
        """1, …, m alike: f = (t + … + t^m)/m.

        Examples
        --------
        >>> RandomSizes.uniform(2)
        RandomSizes('t**2/2 + t/2')
        """
        most = exact("m", m)
        if not most.is_Integer or is_positive_integer(most) is False or most > LARGEST_SIZE:
            raise DomainError(f"m = {shown(m)} is no largest size: give a whole number, 1 to {LARGEST_SIZE}.")
        return cls(sum((t**size for size in range(1, int(most) + 1)), S.Zero) / most)

    @classmethod
    def read(cls, text: str) -> RandomSizes:
        """From text: ``random(t/(2 - t))``, or by the name of a law, such as ``random(geometric(1/2))``.

        Examples
        --------
        >>> RandomSizes.read("random(uniform(2))").mean
        3/2
        """
        whole = re.fullmatch(r"\s*random\s*\((.*)\)\s*", text)
        if whole is None:
            raise DomainError(f"sizes = {shown(text)} cannot be read: write random(f), f a generating function in t.")
        named = re.fullmatch(r"\s*([a-z]+)\s*\((.*)\)\s*", whole[1])
        if named is not None and named[1] in _NAMED:
            return getattr(cls, named[1])(named[2])
        return cls(whole[1])

    # -- as an expression ------------------------------------------------------------------------------

    @property
    def generating_function(self) -> Expr:
        """f, an expression in ``theory.t``."""
        return self.args[0]

    @property
    def free_symbols(self) -> set[Any]:
        """Symbols other than ``theory.t``, which is bound."""
        return set(self.args[0].free_symbols) - {t}

    @property
    def func(self) -> Any:
        """How SymPy makes it anew of its argument, also for symbols that it tries numbers for: not verified again."""
        return _unverified

    def _eval_subs(self, old: Any, new: Any) -> Any:
        return self if old == t else None

    def _sympystr(self, printer: Any) -> str:
        return f"RandomSizes({str(self.args[0])!r})"

    _sympyrepr = _sympystr

    def _latex(self, printer: Any, exp: Any = None) -> str:
        return rf"N,\; E\,t^N = {printer.doprint(self.args[0])}"

    # -- the law ---------------------------------------------------------------------------------------

    @property
    def is_rational(self) -> bool:  # type: ignore[override]
        """Whether f is a rational function of t."""
        return bool(self.args[0].is_rational_function(t))

    @property
    def support(self) -> dict[int, Expr] | None:
        """Chances by size, where there is a largest one; None elsewhere.

        Examples
        --------
        >>> RandomSizes("(t + t**3)/2").support
        {1: 1/2, 3: 1/2}
        """
        return _support(self)

    @property
    def least(self) -> int:
        """The smallest size that has a chance.

        Raises
        ------
        NotDerivedError
            Where the first sizes have none.

        Examples
        --------
        >>> RandomSizes("t**2/(2 - t)").least
        2
        """
        return _least(self)

    @property
    def poisson_rate(self) -> Expr | None:
        """The rate where sizes are 1 + a Poisson count; None elsewhere."""
        power = log(self.args[0] / t).expand(force=True)
        rate = in_lowest_terms(power / (t - 1)) if power.has(t) else None
        return None if rate is None or rate.has(t) or rate.has(log) else rate

    @property
    def mean(self) -> Expr | None:
        """E N = f'(1), ``oo`` where it is infinite; None where that is not decided."""
        return _mean(self)

    @property
    def has_light_tail(self) -> bool:
        """Whether sizes are seen to have exponential moments: f is analytic at 1, as where it is rational."""
        # A rational f without a pole where its series converges to 1 has none on the unit circle.
        return self.is_rational or self.poisson_rate is not None

    @property
    def mean_inverse(self) -> Expr:
        """E 1/N, in closed form where f/t has an antiderivative we know, else as the integral."""
        return _mean_inverse(self)

    @property
    def effective_size(self) -> Expr:
        """1/E(1/N): the block size with which replace has the same risk.

        Examples
        --------
        >>> RandomSizes.uniform(3).effective_size
        18/11
        """
        return 1 / self.mean_inverse

    def chances(self, count: int) -> list[arb]:
        """P(N = 1), …, P(N = count) as balls.

        Raises
        ------
        NotDerivedError
            For symbols.
        """
        if self.free_symbols:
            raise NotDerivedError(f"sizes = {self} have symbols: chances are numbers only for numbers.")
        return _series(self.args[0], count + 1)[1:]

    def chances_that_matter(self) -> list[arb]:
        """P(N = 1), P(N = 2), … up to where the rest is less than 2^(−60).

        Raises
        ------
        NotDerivedError
            Where so many sizes matter that they cannot be listed, as for a heavy tail.
        """
        if (table := self.support) is not None:
            return self.chances(max(table))
        count = FIRST_COEFFICIENTS
        while count <= 2**14:
            found = self.chances(count)
            with ctx.workprec(_SERIES_BITS):
                if 1 - sum(found, arb(0)) < arb(2) ** -_NEGLIGIBLE_BITS:
                    return found
            count *= 2
        raise NotDerivedError(f"sizes = {self} have so heavy a tail that sizes beyond {count // 2} matter.")


_NAMED = ("geometric", "poisson", "uniform")


def _unverified(function: Expr) -> RandomSizes:
    return Expr.__new__(RandomSizes, function)  # type: ignore[return-value]


@lru_cache(maxsize=256)
def _built(cls: type, function: Expr) -> RandomSizes:
    _verify(function)
    return Expr.__new__(cls, function)  # type: ignore[return-value]


def _verified(cls: type, given: object) -> RandomSizes:
    if isinstance(given, RandomSizes):
        return given
    function = exact("generating_function", given, indices=(t,))
    return _built(cls, function)


def _verify(function: Expr) -> None:
    def refuse(reason: str) -> DomainError:
        return DomainError(f"sizes with E t^N = {shown(function)}: {reason}.")

    if not function.has(t):
        raise refuse("a generating function is an expression in t, such as t/(2 - t)")
    at_zero, at_one = (_simplest(function, end) for end in (S.Zero, S.One))
    if at_zero != 0:
        raise refuse(f"at t = 0 it is {at_zero}, the chance of an empty block, and must be 0")
    if at_one != 1:
        raise refuse(f"at t = 1 it is {at_one}, the sum of all chances, and must be 1")
    if function.free_symbols - {t}:
        return
    if function.is_rational_function(t):
        top, bottom = fraction(together(function))
        if not bottom.has(t):
            wrong = next(
                ((size, c) for (size,), c in Poly(function, t).terms() if c.is_negative or c.is_real is False), None
            )
            if wrong is not None:
                raise refuse(f"the chance of size {wrong[0]} is {wrong[1]}, and must be 0 or more")
            if degree(top, t) > LARGEST_SIZE:
                raise refuse(f"the largest size is {degree(top, t)}, and may be {LARGEST_SIZE}")
            return
    for size, chance in enumerate(_series(function, FIRST_COEFFICIENTS + 1)):
        if not chance.is_finite():
            raise refuse("it has no power series about t = 0 with chances of whole sizes for coefficients")
        if chance < 0:
            raise refuse(f"the chance of size {size} is {float(chance):.6g}, and must be 0 or more")


def _simplest(function: Expr, end: Expr) -> Expr:
    value = function.subs(t, end)
    if value.is_finite is False or value.has(S.NaN, S.ComplexInfinity):
        value = limit(function, t, end, "+" if end == 0 else "-")
    return value if value.is_Rational else simplify(value)


@lru_cache(maxsize=64)
def _series(function: Expr, count: int) -> list[arb]:
    """The first coefficients of the power series about 0."""
    return power_series(function, [0, 1], count, _SERIES_BITS)


def power_series(function: Expr, inner: list[int], count: int, bits: int) -> list[arb]:
    """The first coefficients in x of a function of ``theory.t``, where t is the polynomial ``inner`` in x, as balls."""
    with ctx.workprec(bits):
        previous, ctx.cap = ctx.cap, count
        try:
            found = _composed(function, arb_series(inner), bits)
            return [found[k] for k in range(count)]
        finally:
            ctx.cap = previous


def _composed(part: Expr, variable: arb_series, bits: int) -> Any:
    """A function of t as a power series in ball arithmetic."""
    if part == t:
        return variable
    if not part.has(t):
        return arb_series([BallProgram(part, G).at_precision(bits)(1).real])
    inner = [_composed(argument, variable, bits) for argument in part.args]
    if part.is_Add or part.is_Mul:
        total = inner[0]
        for other in inner[1:]:
            total = total + other if part.is_Add else total * other
        return total
    if isinstance(part, exp):
        return inner[0].exp()
    if isinstance(part, log):
        return inner[0].log()
    if part.is_Pow:
        power = part.args[1]
        if power.is_Integer:
            return inner[0] ** int(power) if power > 0 else (1 / inner[0]) ** int(-power)
        return (inner[0].log() * inner[1]).exp()
    raise DomainError(f"sizes with E t^N = {shown(part)}: only powers, exp and log can be expanded.")


@lru_cache(maxsize=256)
def _support(sizes: RandomSizes) -> dict[int, Expr] | None:
    function = sizes.generating_function
    if not function.is_polynomial(t):
        return None
    return {size: chance for (size,), chance in sorted(Poly(function, t).terms())}


@lru_cache(maxsize=256)
def _least(sizes: RandomSizes) -> int:
    function = sizes.generating_function
    for size in range(1, FIRST_COEFFICIENTS):
        if _simplest(function / t**size, S.Zero) != 0:
            return size
    raise NotDerivedError(f"sizes = {sizes}: the smallest size that has a chance is not found.")


@lru_cache(maxsize=256)
def _mean(sizes: RandomSizes) -> Expr | None:
    slope = diff(sizes.generating_function, t)
    value = slope.subs(t, 1)
    if value.is_finite and not value.has(S.NaN, S.ComplexInfinity):
        return simplify(value)
    try:
        found = limit(slope, t, 1, "-")
    except (NotImplementedError, ValueError):
        return None
    return oo if found in (oo, -oo) else found if found.is_finite else None


@lru_cache(maxsize=256)
def _mean_inverse(sizes: RandomSizes) -> Expr:
    table = sizes.support
    if table is not None:
        return in_lowest_terms(sum((chance / size for size, chance in table.items()), S.Zero))
    ratio = sizes.generating_function / t
    ratio = in_lowest_terms(ratio) if sizes.is_rational else ratio
    if sizes.is_rational and all(degree(part, t) <= 1 for part in linear_factors(fraction(ratio)[1])):
        return sum((integrated(part) for part in apart(ratio, t).as_ordered_terms()), S.Zero)
    if isinstance(ratio, exp) and ratio.args[0].is_polynomial(t) and degree(ratio.args[0], t) == 1:
        # E 1/N = (1 − e^(−rate))/rate of a shifted Poisson law.
        slope, constant = Poly(ratio.args[0], t).all_coeffs()
        return (exp(slope + constant) - exp(constant)) / slope
    return Integral(ratio, (t, 0, 1))


def linear_factors(denominator: Expr) -> Sequence[Expr]:
    """The different factors of a denominator in t."""
    return [part for part, _ in factor_list(denominator, t)[1]] if denominator.has(t) else []


def integrated(part: Expr) -> Expr:
    """∫_0^1 of a partial fraction with a linear denominator, none of whose roots lies in [0, 1]."""
    bottom = fraction(together(part))[1]
    parts = factor_list(bottom, t)[1] if bottom.has(t) else []
    if not parts:
        return integrate(part, (t, 0, 1))
    ((linear, power),) = parts
    slope, at_zero = Poly(linear, t).all_coeffs()
    scale = in_lowest_terms(part * linear**power)
    if scale.has(t):
        return integrate(part, (t, 0, 1))
    if power == 1:
        return scale / slope * log(in_lowest_terms((slope + at_zero) / at_zero))
    return in_lowest_terms(scale / slope / (1 - power) * ((slope + at_zero) ** (1 - power) - at_zero ** (1 - power)))
