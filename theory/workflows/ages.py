r"""Laws of ages: weights :math:`w_l \ge 0` by the age l of a block alone, of total at most 1.

What a law is, is read off its expression: finitely many ages, a sum of geometric sequences, or a sequence whose
quotients :math:`w_{l+1}/w_l` are a rational function of l, which is then run by them. Its total is a theorem, never a
sum that was cut off somewhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import gcd
from typing import NamedTuple

from sympy import (
    Add,
    Eq,
    Expr,
    Integer,
    Mul,
    Or,
    Piecewise,
    Pow,
    S,
    Symbol,
    cancel,
    diff,
    expand,
    expand_func,
    factor_terms,
    factorial,
    gamma,
    limit,
    oo,
    powsimp,
    simplify,
)

from theory.errors import DomainError, NotDerivedError
from theory.expressions.expansion import NoExpansion, Order, UnknownOrder, expand_at_infinity
from theory.expressions.signs import at_least, sign, unit_interval
from theory.expressions.sums import definite_sum
from theory.expressions.symbols import G, l

#: Geometric sequences in a law that is run by its states, at most, and ages looked at one by one.
MOST_STATES, FIRST_AGES = 4, 64


_X, _T = Symbol("x", positive=True), Symbol("t", nonnegative=True)


class Steps(NamedTuple):
    r"""A law with :math:`\sum_l w_l z^l = 1 - (1 - \rho z)^\alpha`: the first passage times of a fractional walk."""

    alpha: Expr
    rho: Expr


@dataclass(frozen=True)
class Ages:
    """A law of ages; ``weight`` is an expression in ``theory.l``.

    Examples
    --------
    >>> Ages(1 / (l * (l + 1))).total, Ages((1 - l / (l + 1)) / 4).longest
    (1, None)
    """

    weight: Expr

    def at(self, age: int) -> Expr:
        """w_age."""
        return self.weight.subs(l, age) if self.table is None else self.table.get(age, S.Zero)

    @cached_property
    def table(self) -> dict[int, Expr] | None:
        """The weights of a law that ends; None for one that does not."""
        if self.weight == 0:
            return {}
        if not isinstance(self.weight, Piecewise):
            return None
        *listed, (rest, always) = self.weight.args
        if rest != 0 or always != S.true:
            return None
        found: dict[int, Expr] = {}
        for value, condition in listed:
            # SymPy joins the ages of equal weights by "or".
            for equation in condition.args if isinstance(condition, Or) else (condition,):
                if not isinstance(equation, Eq) or equation.lhs != l or not equation.rhs.is_Integer:
                    return None
                found[int(equation.rhs)] = value
        return found

    def values(self) -> Iterator[Expr]:
        """w_1, w_2, …"""
        quotient, value, age = self.quotient, _simplest(self.at(1)), 1
        if quotient is None or not self.weight.has(gamma, factorial):
            while True:
                yield self.at(age)
                age += 1
        while True:
            yield value
            value, age = value * quotient.subs(l, age), age + 1

    @cached_property
    def quotient(self) -> Expr | None:
        """w_{l+1}/w_l where that is a rational function of l; None elsewhere."""
        if self.weight.has(Piecewise) or self.weight == 0:
            return None
        weight = self.weight.subs(l, _X).rewrite(gamma)
        found = simplify(expand_func(powsimp(weight.subs(_X, _X + 1) / weight)))
        return cancel(found).subs(_X, l) if found.is_rational_function(_X) else None

    @cached_property
    def longest(self) -> int | None:
        """The last age with a weight, of a law that is a table; None for one that has no end."""
        return None if self.table is None else max(self.table, default=0)

    @cached_property
    def geometric(self) -> tuple[tuple[Expr, Expr], ...] | None:
        """Pairs (c, a) with w_l = Σ c a^(l−1), of distinct a; None for any other law."""
        if self.weight.has(Piecewise):
            return None
        found: dict[Expr, Expr] = {}
        for term in Add.make_args(expand(powsimp(expand(self.weight)))):
            coefficient, base = S.One, S.One
            for part in Mul.make_args(powsimp(term)):
                root, exponent = part.as_base_exp()
                if not part.has(l):
                    coefficient *= part
                    continue
                line = exponent.as_poly(l)
                if not isinstance(part, Pow) or root.has(l) or line is None or line.degree() != 1:
                    return None
                slope, constant = line.all_coeffs()
                base, coefficient = base * root**slope, coefficient * root**constant
            if base == 1:
                return None  # ages without end
            base = simplify(base)
            found[base] = found.get(base, S.Zero) + coefficient * base
        return tuple((cancel(c), a) for a, c in found.items() if c != 0)

    @cached_property
    def steps(self) -> Steps | None:
        r"""α and ρ where :math:`w_l = \rho^l \alpha\,\Gamma(l-\alpha)/(\Gamma(1-\alpha)\,l!)`; None elsewhere."""
        quotient = self.quotient
        if quotient is None or quotient.free_symbols - {l}:
            return None
        # w_{l+1}/w_l = ρ (l − α)/(l + 1)
        line = cancel(quotient * (l + 1))
        polynomial = line.as_poly(l)
        if polynomial is None or polynomial.degree() != 1:
            return None
        rho, constant = polynomial.all_coeffs()
        alpha = -constant / rho
        begins = simplify(_simplest(self.at(1)) - alpha * rho)
        fits = bool((alpha > 0) and (alpha < 1) and (rho > 0) and (rho <= 1))
        return Steps(alpha, rho) if fits and begins == 0 else None

    @cached_property
    def survival(self) -> Expr | None:
        """S with w_l = S(l) − S(l + 1), where the weight is written as such a difference; None elsewhere."""
        terms = Add.make_args(expand(self.weight))
        if len(terms) < 2:
            return None
        later = [term for term in terms if term.could_extract_minus_sign()]
        found = sum((term for term in terms if term not in later), S.Zero)
        return found if later and simplify(self.weight - found + found.subs(l, l + 1)) == 0 else None

    @cached_property
    def total(self) -> Expr:
        """Σ w_l, exactly.

        Raises
        ------
        NotDerivedError
            Where no closed form of the sum is known.
        """
        longest = self.longest
        if longest is not None:
            return sum((self.at(age) for age in range(1, longest + 1)), S.Zero)
        if self.geometric is not None:
            return simplify(sum((c / (1 - a) for c, a in self.geometric), S.Zero))
        if self.steps is not None:
            return 1 - (1 - self.steps.rho) ** self.steps.alpha
        survival = self.survival
        if survival is not None:
            return simplify(survival.subs(l, 1) - limit(survival.subs(l, _X), _X, oo))
        summed = definite_sum(self.weight, l, Integer(1), G)
        try:
            expansion = None if summed is None else expand_at_infinity(summed, 2, Order({}))
        except (NoExpansion, UnknownOrder):
            expansion = None
        if expansion is None or any(_grows(key) for key in expansion.terms):
            if expansion is not None:
                raise self._refused("the weights of all ages sum to ∞")
            raise NotDerivedError(
                f"weight = {self.weight}: the sum over all ages is not derived, so that it is not seen to be at most 1."
            )
        return simplify(factor_terms(expansion.constant))

    @cached_property
    def period(self) -> int | None:
        """The greatest common divisor of all ages with a weight; None for a law of no age."""
        last = self.longest if self.longest is not None else FIRST_AGES
        found = gcd(*(age for age in range(1, last + 1) if self.at(age) != 0)) if last else 0
        return found or None

    @property
    def covering(self) -> dict[Symbol, Expr]:
        """Ranges of the age and of the bases of powers, for deciding signs."""
        bases = {power.base for power in self.weight.atoms(Pow) if power.exp.has(l) and power.base.is_Symbol}
        return {l: at_least(S.One), **{base: unit_interval() for base in bases}}

    def verify(self) -> None:
        """No weight below 0, and a total of at most 1.

        Raises
        ------
        DomainError, NotDerivedError
        """
        longest, cover = self.longest, self.covering
        for age in range(1, (FIRST_AGES if longest is None else longest) + 1):
            value = self.at(age)
            if value.is_number and (value.is_real is False or value.is_finite is False or sign(value) == -1):
                raise self._refused(f"w_{age} = {value}, and none is below 0")
        if longest is None and self.geometric is not None:
            self._verify_geometric()
        elif longest is None and self.steps is None and not self._falls and not _stays(self.weight, cover):
            raise self._unseen()
        total = self.total
        if sign(simplify(total - 1), cover) == 1:
            raise self._refused(f"the weights sum to {total}, and may sum to 1 at most")

    def _refused(self, reason: str) -> DomainError:
        return DomainError(f"weight = {self.weight} is not a law of ages: {reason}.")

    def _unseen(self) -> NotDerivedError:
        return NotDerivedError(f"weight = {self.weight}: that no age has a weight below 0 is not derived.")

    @property
    def _falls(self) -> bool:
        """Whether the survival function is seen to fall: its derivative is never positive."""
        slope = None if self.survival is None else diff(self.survival.subs(l, 1 + _T), _T)
        return slope is not None and bool((-slope).is_nonnegative or simplify(-slope).is_nonnegative)

    def _verify_geometric(self) -> None:
        for c, a in self.geometric or ():
            if a.is_number and not (abs(a) < 1):
                raise self._refused(f"{a}**l does not fall off")
            turns = a.is_number and c.is_number and (sign(c) == -1 or sign(a) == -1)
            if turns and not _dominated(self.geometric or ()):
                raise self._unseen()


@lru_cache(maxsize=256)
def law_of(weight: Expr) -> Ages:
    """The law of ages of an expression: what is found out of it is found out once."""
    return Ages(weight)


def _simplest(value: Expr) -> Expr:
    """A number without the Gamma functions that cancel."""
    return simplify(expand_func(value)) if value.has(gamma) else value


def _grows(key: tuple[Expr, Expr, int]) -> bool:
    """Whether a term of an expansion does not stay bounded."""
    rate, exponent, logs = key
    if rate != 1:
        return bool(abs(rate) >= 1)
    return bool(exponent > 0 or (exponent == 0 and logs > 0))


def _stays(weight: Expr, cover: dict[Symbol, Expr]) -> bool:
    """Whether an expression is seen never to be negative, at any age."""
    if sign(weight, cover) in (0, 1):
        return True
    later = weight.subs(l, 1 + _T)
    return bool(later.is_nonnegative) or bool(simplify(later).is_nonnegative)


def _dominated(terms: tuple[tuple[Expr, Expr], ...]) -> bool:
    """Whether the slowest geometric sequence outweighs all others beyond the ages looked at one by one."""
    (c, a), *others = sorted(terms, key=lambda pair: -abs(pair[1]))
    if sign(a) != 1 or sign(c) != 1 or any(abs(b) == a for _, b in others):
        return False
    return bool(sum((abs(d) * abs(b / a) ** FIRST_AGES for d, b in others), S.Zero) < c)
