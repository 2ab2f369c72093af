r"""Exact equality of expressions: a normal form over Q with special functions as transcendentals.

Every expression becomes a quotient of two polynomials with rational coefficients. Their variables are the symbols of
the expression and one variable for each value of a function that rational arithmetic cannot reach, after the
functional equations have carried its argument to one representative of its class,

.. math:: \Gamma(x+1) = x\,\Gamma(x), \quad \Gamma(x)\,\Gamma(1-x) = \pi/\sin \pi x, \quad
   \psi^{(m)}(x+1) = \psi^{(m)}(x) + (-1)^m m!/x^{m+1}, \quad H_{N+1}^{(s)} = H_N^{(s)} + (N+1)^{-s}, \quad
   \Phi(z, s, a) = a^{-s} + z\,\Phi(z, s, a+1),

and the same for powers :math:`\lambda^{G+1} = \lambda\,\lambda^G`, sums and products with a variable upper end.
Algebraic variables obey their equation: :math:`t^q = x` for a root, :math:`c^2 + s^2 = 1`, :math:`i^2 = -1`.
Two expressions are equal if their difference has numerator zero. The converse holds only as far as the variables are
independent: that a difference is zero is proved, that it is not zero is not.

The checker of certificates has a normal form of its own (:mod:`theory.proof.algebra`), and both stay: derivations need
free sums and products, trigonometric functions and radicals of any radicand, which a kernel that is to be trusted must
not grow. And what was written twice, each without the other in sight, checks each other: tests hold the two to the same
answers.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from flint import Ordering, fmpq_mpoly_ctx
from sympy import (
    Add,
    Dummy,
    E,
    Expr,
    I,
    Integer,
    Mul,
    Pow,
    Product,
    Rational,
    S,
    Sum,
    Symbol,
    apart,
    binomial,
    cos,
    cosh,
    cot,
    coth,
    diff,
    digamma,
    exp,
    expand,
    expand_log,
    factor_list,
    factorial,
    factorint,
    floor,
    fraction,
    gamma,
    harmonic,
    lerchphi,
    log,
    pi,
    polygamma,
    rf,
    sin,
    sinh,
    tan,
    tanh,
    together,
    trigamma,
    zeta,
)
from sympy.functions.combinatorial.factorials import FallingFactorial

from theory.expressions.conjugates import without_pairs
from theory.expressions.numerals import to_flint

#: Steps that a functional equation is followed for: beyond, the value stays a variable of its own.
LONGEST_SHIFT = 200

Fraction = tuple[Any, Any]

#: Stands for the index of a sum or product, whatever its name.
_BOUND = Symbol("_i", integer=True)

#: Functions that are others at once; Γ unevaluated, as at a whole number it would write the number out.
_BY_OTHERS: dict[Any, Callable[..., Expr]] = {
    factorial: lambda x: gamma(x + 1, evaluate=False),
    binomial: lambda x, k: binomial(x, k, evaluate=False).rewrite(gamma),
    rf: lambda x, k: gamma(x + k) / gamma(x),
    FallingFactorial: lambda x, k: gamma(x + 1) / gamma(x - k + 1),
    digamma: lambda x: polygamma(0, x, evaluate=False),
    trigamma: lambda x: polygamma(1, x, evaluate=False),
    tan: lambda x: sin(x) / cos(x),
    cot: lambda x: cos(x) / sin(x),
    tanh: lambda x: sinh(x) / cosh(x),
    coth: lambda x: cosh(x) / sinh(x),
}


class NoNormalForm(ValueError):
    """The expression divides by something that is zero."""


def vanishes(expression: Expr) -> bool:
    """Whether the expression is proved to be zero wherever it is defined.

    Examples
    --------
    >>> from sympy import gamma, harmonic, pi, polygamma, sin, sqrt, symbols
    >>> from theory import G
    >>> vanishes(harmonic(G + 1, 2) - harmonic(G, 2) - 1 / (G + 1) ** 2)
    True
    >>> x = symbols("x", positive=True)
    >>> vanishes(gamma(1 + sqrt(x)) * gamma(1 - sqrt(x)) * sin(pi * sqrt(x)) - pi * sqrt(x))
    True
    >>> vanishes(polygamma(1, G + 1) + harmonic(G, 2) - pi**2 / 6)
    True
    >>> vanishes(x**2 - x)
    False
    """
    return normal_form(expression).numerator == 0


@dataclass(frozen=True)
class NormalForm:
    """A quotient of polynomials; ``meaning`` says what each of their variables stands for."""

    numerator: Any
    denominator: Any
    meaning: tuple[Expr, ...]


def normal_form(expression: Expr) -> NormalForm:
    """The normal form of one expression."""
    variables, expression = _Variables(), without_pairs(expression)
    variables.prepare(expression)
    rational = variables.of(expression)
    return variables.quotient(rational)


@dataclass
class _Variables:
    """Turns functions into variables; remembers what each stands for and the equations they obey."""

    known: dict[Any, Symbol] = field(default_factory=dict)
    meaning: dict[Symbol, Expr] = field(default_factory=dict)
    #: Algebraic variables in order of creation: t^q = right-hand side, in variables made before.
    equations: list[tuple[Symbol, int, Expr]] = field(default_factory=list)
    roots: dict[Any, int] = field(default_factory=dict)
    cache: dict[Expr, Expr] = field(default_factory=dict)

    # -- variables ---------------------------------------------------------------------------------

    def prepare(self, expression: Expr) -> None:
        """Which roots of symbols and primes occur: x^(1/2) and x^(1/3) are powers of x^(1/6)."""
        for power in expression.atoms(Pow):
            if power.exp.is_Rational and not power.exp.is_Integer:
                for base in _radicands(power.base):
                    self.roots[base] = math.lcm(self.roots.get(base, 1), int(power.exp.q))

    def variable(self, key: Any, meaning: Expr) -> Symbol:
        if key not in self.known:
            symbol = Dummy(f"t{len(self.known)}")
            self.known[key] = symbol
            self.meaning[symbol] = meaning
        return self.known[key]

    def algebraic(self, key: Any, meaning: Expr, degree: int, right: Expr) -> Symbol:
        """The variable t with t^degree = right."""
        new = key not in self.known
        symbol = self.variable(key, meaning)
        if new:
            self.equations.append((symbol, degree, right))
        return symbol

    # -- expressions -------------------------------------------------------------------------------

    def of(self, e: Expr) -> Expr:
        """The expression as a rational function of variables."""
        if e not in self.cache:
            self.cache[e] = self._of(e)
        return self.cache[e]

    def _of(self, e: Expr) -> Expr:
        if e.is_Rational:
            return e
        if isinstance(e, Symbol):
            return self.root(e, S.One) if e in self.roots else self.variable(e, e)
        if isinstance(e, (Add, Mul)):
            return e.func(*(self.of(part) for part in e.args))
        if e is I or e == I:
            return self.algebraic(I, I, 2, S.NegativeOne)
        if isinstance(e, exp):
            return self.power(E, e.args[0])
        if isinstance(e, Pow):
            return self.power(e.base, e.exp)
        if type(e) in _BY_OTHERS:
            return self.of(_BY_OTHERS[type(e)](*e.args))
        handler = getattr(self, f"_{type(e).__name__}", None)
        if handler is not None:
            return handler(e)
        return self.opaque(e)

    def opaque(self, e: Expr) -> Expr:
        """A function without equations, by its name and its arguments in one form."""
        arguments = tuple(self._canonical(part) if isinstance(part, Expr) else part for part in e.args)
        return self.variable((type(e), e.func, arguments) if arguments else e, e)

    def root(self, base: Expr, exponent: Expr) -> Expr:
        """base^exponent for a symbol or a prime, by the one root of it that is a variable."""
        q = math.lcm(self.roots.get(base, 1), int(exponent.q))
        if isinstance(base, Symbol):
            # The root is the variable, and the symbol its power: nothing to reduce.
            return self.variable(("root", base, q), Pow(base, Rational(1, q))) ** (exponent * q)
        t = self.algebraic(("root", base, q), Pow(base, Rational(1, q)), q, base)
        return t ** (exponent * q)

    def power(self, base: Expr, exponent: Expr) -> Expr:
        if exponent.is_Integer:
            return self.of(base) ** exponent
        if exponent.is_Rational:
            return self.fractional(base, exponent)
        total: Expr = S.One
        for part in Add.make_args(expand(exponent)):
            number, rest = part.as_coeff_Mul()
            total *= self.fractional(base, number) if rest == 1 else self.tower(base, number, rest)
        return total

    def fractional(self, base: Expr, exponent: Expr) -> Expr:
        if exponent.is_Integer:
            return self.of(base) ** exponent
        if base is E:
            return self.variable(("exp", S.One, exponent.q), E ** Rational(1, exponent.q)) ** exponent.p
        total: Expr = S.One
        rest: Expr = S.One
        for factor, multiplicity in _factors(base):
            if isinstance(factor, Symbol) and multiplicity == 1 and (factor.is_positive or factor == base):
                total *= self.root(factor, exponent)
            elif factor.is_Integer and factor > 1:
                total *= self.root(factor, exponent * multiplicity)
            elif factor.is_positive or (factor.is_nonnegative and multiplicity > 0):
                total *= self.radical(factor, exponent * multiplicity)
            else:
                rest *= factor**multiplicity
        return total if rest == 1 else total * self.radical(rest, exponent)

    def radical(self, base: Expr, exponent: Expr) -> Expr:
        """base^exponent for a rational function that is no power; (N/D)^(1/q) = (N D^(q−1))^(1/q)/D."""
        if exponent.is_Integer:
            return self.of(base) ** exponent
        if isinstance(base, Symbol):
            return self.root(base, exponent)
        q = int(exponent.q)
        top, bottom = fraction(together(base))
        polynomial = expand(top * bottom ** (q - 1))
        meaning = Pow(base, Rational(1, q)) * bottom
        t = self.algebraic(("root", polynomial, q), meaning, q, self.of(polynomial))
        return (t / self.of(bottom)) ** exponent.p

    def tower(self, base: Expr, number: Expr, rest: Expr) -> Expr:
        """base^(number·rest) with a symbol in the exponent: a variable for each irreducible factor of the base."""
        whole = bool((number * rest).is_integer)
        if base is E:
            return self.variable(("exp", rest, number.q), E ** (rest / number.q)) ** number.p
        total: Expr = S.One
        kept: Expr = S.One
        for factor, multiplicity in _factors(base):
            if not (whole or factor.is_positive):
                kept *= factor**multiplicity
            elif factor == -1:
                if (multiplicity * number) % 2 == 1 and rest.is_integer:
                    total *= self.algebraic((factor, rest), factor**rest, 2, S.One)
                elif not rest.is_integer:
                    total *= self.variable((factor, number * rest), factor ** (number * rest)) ** multiplicity
            else:
                total *= self.step(factor, number * multiplicity, rest)
        return total if kept == 1 else total * self.step(kept, number, rest)

    def step(self, base: Expr, number: Expr, rest: Expr) -> Expr:
        return self.variable(("tower", base, rest, number.q), base ** (rest / number.q)) ** number.p

    # -- functional equations ------------------------------------------------------------------------

    def _gamma(self, e: Expr) -> Expr:
        base, shift = _shifted(e.args[0])
        if abs(shift) > LONGEST_SHIFT:
            return self.opaque(e)
        rising: Expr = S.One
        for step in range(abs(shift)):
            rising *= self.of(base + step) if shift > 0 else self.of(base - step - 1)
        value = self._gamma_class(base)
        return value * rising if shift > 0 else value / rising

    def _gamma_class(self, base: Expr) -> Expr:
        if base == 1:
            return S.One
        mirror, steps = _shifted(1 - base)
        if ("gamma", base) not in self.known and ("gamma", mirror) in self.known and mirror != base:
            # Γ(base)Γ(1 − base) = π/sin(π base), with 1 − base = mirror + steps.
            return self.of(pi) / (self.of(sin(expand(pi * base))) * self._gamma(gamma(mirror + steps, evaluate=False)))
        return self.variable(("gamma", base), gamma(base))

    def _polygamma(self, e: Expr) -> Expr:
        order, argument = e.args
        base, shift = _shifted(argument)
        if not order.is_Integer or abs(shift) > LONGEST_SHIFT:
            return self.opaque(e)
        m = int(order)
        scale = S.NegativeOne**m * factorial(m)
        total: Expr = S.Zero
        for step in range(abs(shift)):
            total += (
                scale / self.of(base + step if shift > 0 else base - step - 1) ** (m + 1) * (1 if shift > 0 else -1)
            )
        return total + self._polygamma_class(m, base)

    def _polygamma_class(self, m: int, base: Expr) -> Expr:
        whole = base - 1
        if whole.is_integer:
            # ψ^(m)(N + 1) by harmonic numbers.
            if m == 0:
                return self.of(harmonic(whole)) - self.of(S.EulerGamma)
            sums = self.of(zeta(m + 1)) - self.of(harmonic(whole, m + 1))
            return S.NegativeOne ** (m + 1) * factorial(m) * sums
        mirror, steps = _shifted(1 - base)
        if ("psi", m, base) not in self.known and ("psi", m, mirror) in self.known and mirror != base:
            x = Dummy("x")
            edge = self.of(diff(pi * cot(pi * x), x, m).subs(x, base))
            reflected = self._polygamma(polygamma(m, mirror + steps, evaluate=False))
            return S.NegativeOne**m * reflected - edge
        value = polygamma(m, base)
        return self.variable(("psi", m, base), value) if isinstance(value, polygamma) else self.of(value)

    def _harmonic(self, e: Expr) -> Expr:
        order = e.args[1] if len(e.args) > 1 else S.One
        argument, shift = _shifted(e.args[0])
        base, shift = argument - 1, shift + 1
        if abs(shift) > LONGEST_SHIFT or base == 0:
            if base != 0 or shift < 0:
                return self.opaque(e)
            return sum((self.of((Integer(step) + 1) ** (-order)) for step in range(shift)), S.Zero)
        if shift == 0 or order.is_Integer or base.is_nonnegative:
            value = self.variable(("harmonic", base, order), harmonic(base, order))
            for step in range(abs(shift)):
                index = base + step + 1 if shift > 0 else base - step
                value += self.of(index ** (-order)) * (1 if shift > 0 else -1)
            return value
        return self.opaque(e)

    def _polylog(self, e: Expr) -> Expr:
        order, z = e.args
        return self.of(z) * self._lerchphi(lerchphi(z, order, S.One, evaluate=False))

    def _lerchphi(self, e: Expr) -> Expr:
        z, order, a = e.args
        base, shift = _shifted(a)
        if abs(shift) > LONGEST_SHIFT:
            return self.opaque(e)
        value: Expr = self.variable(("lerch", self._canonical(z), order, base), lerchphi(z, order, base))
        ratio = self.of(z)
        for step in range(abs(shift)):
            if shift > 0:
                value = (value - self.of((base + step) ** (-order))) / ratio
            else:
                value = self.of((base - step - 1) ** (-order)) + ratio * value
        return value

    def _canonical(self, e: Expr) -> Expr:
        """An argument in one form: two that are equal as rational functions look the same."""
        symbols = e.free_symbols
        return together(expand(e)).factor() if symbols and e.is_rational_function(*symbols) else expand(e)

    def _log(self, e: Expr) -> Expr:
        argument = e.args[0]
        total: Expr = S.Zero
        if argument.is_number and argument.is_positive and not argument.is_Rational and argument.is_algebraic:
            for base, exponent in (part.as_base_exp() for part in Mul.make_args(argument)):
                content, rest = expand(base).as_content_primitive()
                known = S.Zero if rest == 1 else self.variable(("log", rest), log(rest))
                total += exponent * (known + (self.of(log(content)) if content != 1 else S.Zero))
            return total
        for factor, multiplicity in _factors(argument) if argument.is_positive else [(argument, S.One)]:
            written = expand_log(log(factor))
            alone = isinstance(written, log)
            total += multiplicity * (self.variable(("log", written), written) if alone else self.of(written))
        return total

    def _odd(self, e: Expr) -> Expr:
        """sin or sinh: a variable of its own for each argument."""
        written = e.func(expand(e.args[0]))
        if not isinstance(written, e.func):
            return self.of(written)
        return self.variable((e.func.__name__, written.args[0]), written)

    _sin = _sinh = _odd

    def _even(self, e: Expr) -> Expr:
        """cos or cosh, by its square: cos² = 1 − sin², cosh² = 1 + sinh²."""
        written = e.func(expand(e.args[0]))
        if not isinstance(written, e.func):
            return self.of(written)
        other, side = (sin, -1) if e.func == cos else (sinh, 1)
        s = self.of(other(written.args[0]))
        return self.algebraic((e.func.__name__, written.args[0]), written, 2, 1 + side * s**2)

    _cos = _cosh = _even

    # -- sums and products -----------------------------------------------------------------------------

    def _Sum(self, e: Expr) -> Expr:
        ends = self._ends(e)
        if ends is None:
            return self.opaque(e)
        index, lower, end, extra, sign = ends
        summand = e.function
        if summand.is_rational_function(index) and not summand.is_polynomial(index):
            summand = apart(summand, index)
        total: Expr = S.Zero
        for part in Add.make_args(expand(summand)):
            coefficient, term = part.as_independent(index, as_Add=False)
            value: Expr = S.Zero
            if end is not None:
                value = self.variable(("sum", term.subs(index, _BOUND), lower, end), Sum(term, (index, lower, end)))
            for at in extra:
                value += self.of(term.subs(index, at)) * sign
            total += self.of(coefficient) * value
        return total

    def _Product(self, e: Expr) -> Expr:
        ends = self._ends(e)
        if ends is None:
            return self.opaque(e)
        index, lower, end, extra, sign = ends
        total: Expr = S.One
        for term, multiplicity in _factors(e.function):
            value: Expr = S.One
            if end is not None and term.has(index):
                key = ("product", term.subs(index, _BOUND), lower, end)
                value = self.variable(key, Product(term, (index, lower, end)))
            elif end is not None:
                value = self.of(term ** (end - lower + 1))
            for at in extra:
                value *= self.of(term.subs(index, at)) ** sign
            total *= value**multiplicity
        return total

    @staticmethod
    def _ends(e: Expr) -> tuple[Symbol, Expr, Expr | None, list[Expr], int] | None:
        """Index, lower and representative upper end of a sum or product; the places beyond it, and 1 or −1 for them."""
        if len(e.limits) != 1 or len(e.limits[0]) != 3:
            return None
        index, lower, upper = e.limits[0]
        if upper.is_infinite:
            return None
        end, shift = _ended(upper, lower)
        if abs(shift) > LONGEST_SHIFT:
            return None
        first = lower if end is None else end + 1
        places = [first + step if shift > 0 else first - 1 - step for step in range(abs(shift))]
        return index, lower, end, places, 1 if shift > 0 else -1

    # -- polynomials -----------------------------------------------------------------------------------

    def quotient(self, rational: Expr) -> NormalForm:
        """Numerator and denominator as FLINT polynomials, reduced by the algebraic equations."""
        algebraic = [symbol for symbol, _, _ in reversed(self.equations)]
        others = [symbol for symbol in self.meaning if symbol not in algebraic]
        names = {symbol: f"x{index}" for index, symbol in enumerate([*algebraic, *others])}
        context = fmpq_mpoly_ctx.get([*names.values()] or ["x0"], Ordering.lex)
        generators = dict(zip(names, context.gens(), strict=False))
        one = context.constant(1)

        def reduced(polynomial: Any) -> Any:
            for rule in rules:
                polynomial = divmod(polynomial, rule)[1]
            return polynomial

        def value(e: Expr) -> Fraction:
            if e.is_Rational:
                return context.constant(to_flint(e)), one
            if isinstance(e, Symbol):
                return generators[e], one
            if isinstance(e, Pow):
                top, bottom = value(e.base)
                n = int(e.exp)
                if n < 0:
                    if reduced(top) == 0:
                        raise NoNormalForm("division by zero")
                    top, bottom, n = bottom, top, -n
                return reduced(top**n), reduced(bottom**n)
            parts = [value(part) for part in e.args]
            top, bottom = parts[0]
            for other, under in parts[1:]:
                if isinstance(e, Mul):
                    top, bottom = reduced(top * other), reduced(bottom * under)
                elif bottom == under:
                    top = top + other
                else:
                    shared = bottom.gcd(under)
                    left, right = divmod(under, shared)[0], divmod(bottom, shared)[0]
                    top, bottom = reduced(top * left + other * right), reduced(bottom * left)
                if not isinstance(e, Mul) or len(bottom) > 1:
                    common = top.gcd(bottom)
                    if common != 1 and common != 0:
                        top, bottom = divmod(top, common)[0], divmod(bottom, common)[0]
            return top, bottom

        rules: list[Any] = []
        # In the order of creation each right-hand side is made of variables that already have their rule.
        for symbol, degree, right in self.equations:
            top, bottom = value(right)
            if bottom.is_constant():
                rules.insert(0, generators[symbol] ** degree - top / bottom.leading_coefficient())
        top, bottom = value(rational)
        top, bottom = reduced(top), reduced(bottom)
        if bottom == 0:
            raise NoNormalForm("the denominator is zero")
        return NormalForm(top, bottom, tuple(self.meaning[symbol] for symbol in names))


def _shifted(argument: Expr) -> tuple[Expr, int]:
    """x and k with x + k the argument, k whole, and the constant in x in (0, 1]."""
    argument = expand(argument)
    constant, _ = argument.as_coeff_Add()
    if not constant.is_Rational:
        return argument, 0
    steps = -int(floor(1 - constant))  # ⌈constant⌉ − 1
    return argument - steps, steps


def _ended(upper: Expr, lower: Expr) -> tuple[Expr | None, int]:
    """The representative of the upper end and the terms beyond it; None when there are finitely many terms."""
    count = expand(upper - lower + 1)
    if count.is_Integer:
        return None, int(count)
    constant, rest = expand(upper).as_coeff_Add()
    if not constant.is_Integer:
        return upper, 0
    return rest, int(constant)


def _radicands(base: Expr) -> list[Expr]:
    return [factor for factor, _ in _factors(base) if isinstance(factor, Symbol) or (factor.is_Integer and factor > 1)]


def _factors(base: Expr) -> list[tuple[Expr, int]]:
    """Irreducible factors of a rational function over Q, primes of its constant among them; others by their factors."""
    if base.is_Rational:
        found = [(S.NegativeOne, 1)] if base < 0 else []
        found += [(Integer(prime), power) for prime, power in factorint(abs(int(base.p))).items() if prime != 1]
        found += [(Integer(prime), -power) for prime, power in factorint(int(base.q)).items() if prime != 1]
        return found
    symbols = base.free_symbols
    if symbols and base.is_rational_function(*symbols) and all(atom.is_Rational for atom in base.atoms() - symbols):
        found = []
        for part, direction in zip(fraction(together(base)), (1, -1), strict=True):
            constant, factors = factor_list(part)
            found += [(factor, direction * power) for factor, power in _factors(constant)]
            found += [(factor, direction * int(power)) for factor, power in factors]
        return found
    if isinstance(base, Mul):
        return [pair for part in base.args for pair in _factors(part)]
    if isinstance(base, Pow) and base.exp.is_Integer:
        return [(factor, int(base.exp) * power) for factor, power in _factors(base.base)]
    if isinstance(base, Pow) and base.exp.is_Rational:
        inside = _factors(base.base)
        if all(factor.is_positive for factor, _ in inside):
            return [(Pow(factor, Rational(1, base.exp.q)), int(base.exp.p) * power) for factor, power in inside]
    return [(base, 1)]
