"""SymPy expressions as the texts of a certificate."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from sympy import (
    Add,
    Dummy,
    Expr,
    Float,
    Piecewise,
    Poly,
    Pow,
    Product,
    RootSum,
    S,
    Sum,
    Symbol,
    expand_log,
    factor_list,
    fraction,
    gamma,
    oo,
    powsimp,
    together,
)
from sympy.core.numbers import ComplexInfinity, Exp1, Infinity, NaN, NegativeInfinity, Number
from sympy.printing.str import StrPrinter

from theory.errors import NotDerivedError
from theory.expressions.lambert import lambert_sum, q_pochhammer
from theory.expressions.symbols import G
from theory.models.ridge.limiting_shrinkage import limiting_shrinkage
from theory.models.ridge.trace_moments import wishart_trace
from theory.risk import Risk
from theory.workflows.dynamics import GENERATION

_OUT_OF_REACH = (Piecewise, RootSum, Product, Infinity, NegativeInfinity, ComplexInfinity, NaN, Float)

#: Names that mean something to the checker, and those of the variables that ranges are stated in.
_RESERVED = re.compile(r"g|I|pi|EulerGamma|t\d+")

#: Names that are written as they are: letters and digits, in parts joined by single underscores.
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9]*(_[A-Za-z0-9]+)*")


#: Whether powers of fractions are written as they are.
_WHOLE_BASES: ContextVar[bool] = ContextVar("whole bases", default=False)


@contextmanager
def bases_of(risks: Iterable[Risk]) -> Iterator[None]:
    """Powers of fractions as they are where a risk is a series in them: by 2^g and 3^g 1 − (2/3)^g has no sign."""
    series = any(risk._formula is not None and risk._formula.has(lambert_sum, q_pochhammer) for risk in risks)
    token = _WHOLE_BASES.set(series)
    try:
        yield
    finally:
        _WHOLE_BASES.reset(token)


def name(symbol: Symbol) -> str:
    """A symbol as an identifier, another one for every other name: two parameters never become one.

    A plain name stays as it is; one that means something already gets an underscore at its end, which plain names do
    not have. In any other name a character that is no letter or digit of ASCII becomes two underscores, its number and
    one more underscore; plain names have no two underscores in a row. A dummy has its index behind two underscores.

    Examples
    --------
    >>> [name(Symbol(item)) for item in ("sigma_2", "lambda", "lambda_", "p'", "p_", "t1")]
    ['sigma_2', 'lambda_', 'lambda__5f_', 'p__27_', 'p__5f_', 't1_']
    """
    if isinstance(symbol, Dummy):
        return f"{_encoded(symbol.name)}__{symbol.dummy_index}"
    if not is_plain(symbol.name):
        return _encoded(symbol.name)
    taken = _RESERVED.fullmatch(symbol.name) or keyword.iskeyword(symbol.name)
    return f"{symbol.name}_" if taken else symbol.name


def letter(moment: wishart_trace | limiting_shrinkage) -> Symbol:
    """The parameter that a moment of a ridge fit is to a certificate: what holds for all its values holds for this one.

    Its name has points, which no name that a user writes has.
    """
    kind = "trace" if isinstance(moment, wishart_trace) else "shrinkage"
    return Symbol(".".join([kind, *map(str, moment.args)]), positive=True)


def is_plain(label: str) -> bool:
    """Whether a name is letters and digits of ASCII, in parts joined by single underscores."""
    return _PLAIN.fullmatch(label) is not None


def _encoded(label: str) -> str:
    return re.sub(r"[^A-Za-z0-9]|^[0-9]", lambda match: f"__{ord(match[0]):x}_", label) or "__"


def told_apart(symbols: Iterable[Symbol]) -> None:
    """Refuse parameters that differ in their assumptions alone: whoever reads a proof takes them for one.

    Raises
    ------
    NotDerivedError
        When two of them have the same name.

    Examples
    --------
    >>> told_apart([Symbol("p"), Symbol("q", positive=True)])
    """
    met: set[str] = set()
    for symbol in set(symbols):
        if name(symbol) in met:
            raise NotDerivedError(
                f"no certificate was found: two different parameters are called {symbol.name}, with other assumptions: "
                "rename one."
            )
        met.add(name(symbol))


def text(expression: Expr) -> str:
    """An expression in the grammar that :mod:`theory.proof.algebra` reads.

    Raises
    ------
    NotDerivedError
        When it holds something of which the checker knows no equation.
    """
    # What was cancelled holds 2^g and 3^g apart again.
    return _Printer().doprint(powsimp(expression, combine="base") if _WHOLE_BASES.get() else expression)


class _Printer(StrPrinter):
    def _print_Symbol(self, expr: Symbol) -> str:
        return "g" if expr in (G, GENERATION) else name(expr)

    def _print_Dummy(self, expr: Dummy) -> str:
        return self._print_Symbol(expr)

    def _print_Exp1(self, expr: Exp1) -> str:
        return "exp(1)"

    def _print_Pow(self, expr: Pow, rational: bool = False) -> str:
        base, exponent = expr.as_base_exp()
        if not (exponent.has(G, GENERATION) and exponent.is_integer):
            return super()._print_Pow(expr, rational)
        if base.is_Rational and 1 not in (base.p, base.q) and _WHOLE_BASES.get():
            return f"(({self.doprint(base)})**({self.doprint(exponent)}))"
        # A power with a whole exponent splits over the factors of its base: equal powers then have equal names.
        parts = [f"({self.doprint(part)})**({self.doprint(power * exponent)})" for part, power in _factors(base)]
        return "(" + "*".join(parts or ["1"]) + ")"

    def _print_log(self, expr: Expr) -> str:
        apart = expand_log(expr, factor=True)
        return f"log({self.doprint(expr.args[0])})" if apart == expr else f"({self.doprint(apart)})"

    def _print_Function(self, expr: Expr) -> str:
        if isinstance(expr, wishart_trace | limiting_shrinkage) and not expr.has(G, GENERATION):
            return name(letter(expr))
        if isinstance(expr, limiting_shrinkage):
            return f"({self.doprint(expr.written_out())})"  # of a generation: the root that it is
        arguments = [self.doprint(argument) for argument in expr.args]
        return f"{type(expr).__name__}({', '.join(arguments)})"

    def _print_Sum(self, expr: Sum) -> str:
        (index, first, last), *inner = expr.limits
        if inner or not first.is_Integer or expr.function.has(G, GENERATION):
            return self.emptyPrinter(expr)
        summand = self.doprint(expr.function.xreplace({index: GENERATION}))
        return f"series({first}, {summand})" if last is oo else f"total({first}, {self.doprint(last)}, {summand})"

    def _print_kept_rows_noise(self, expr: Expr) -> str:
        d, T, penalty = expr.args
        return f"series(2, {self.doprint(wishart_trace(1, 2, d, T * GENERATION, penalty) / GENERATION)})"

    def emptyPrinter(self, expr: object) -> str:
        raise NotDerivedError(f"certificates do not reach {type(expr).__name__}: {expr}.")

    def _print(self, expr: Any, **kwargs: Any) -> str:
        return self.emptyPrinter(expr) if isinstance(expr, _OUT_OF_REACH) else super()._print(expr, **kwargs)


def _factors(base: Expr) -> list[tuple[Expr, int]]:
    """Irreducible factors and primes of a base, with whole exponents."""
    found: dict[Expr, int] = {}
    for part, side in zip(fraction(together(base)), (1, -1), strict=True):
        constant, factors = (part, []) if isinstance(part, Number) else _split(part)
        for factor, times in factors:
            found[factor] = found.get(factor, 0) + side * times
        for number, way in ((constant.p, side), (constant.q, -side)):
            if number < 0:
                # a sign above and one below cancel
                found[S.NegativeOne] = 1 - found.get(S.NegativeOne, 0)
            for prime, times in S(abs(number)).factors().items():
                found[S(prime)] = found.get(S(prime), 0) + way * times
    return [(factor, times) for factor, times in found.items() if times and factor != 1]


def _split(part: Expr) -> tuple[Expr, list[tuple[Expr, int]]]:
    symbols = sorted(part.free_symbols, key=lambda item: item.name)
    if not symbols or not part.is_polynomial(*symbols):
        return S.One, [(part, 1)]
    constant, factors = factor_list(part, *symbols)
    return (constant, factors) if constant.is_Rational else (S.One, [(part, 1)])


def root_sums(value: Expr, origin: int) -> tuple[Expr, list[tuple[list[Expr], list[Expr]]]]:
    """The value without its sums over roots, and each sum as its monic polynomial and summand, lowest power first.

    Σ R(x) x^(G − origin) over the roots x of p has the summand R, reduced modulo p.
    """
    sums = {total: Dummy() for total in value.atoms(RootSum)}
    linear, parts = value.subs(sums), []
    for total, stand_in in sums.items():
        coefficient = linear.diff(stand_in)
        if coefficient.has(G, *sums.values()):
            raise NotDerivedError("certificates do not reach a sum over roots inside another function.")
        x = Dummy("x")
        polynomial = Poly(total.poly.as_expr().subs(total.poly.gen, x), x).to_field().monic()
        summand = coefficient * total.fun(x).subs(G, origin)
        top, bottom = (Poly(part, x).to_field() for part in fraction(together(summand)))
        domain = polynomial.unify(top)[0].unify(bottom)[0].domain
        polynomial, top, bottom = (part.set_domain(domain) for part in (polynomial, top, bottom))
        reduced = (top * bottom.invert(polynomial)).rem(polynomial)
        size = polynomial.degree()
        parts.append(
            (list(reversed(polynomial.all_coeffs())), [reduced.coeff_monomial(x**power) for power in range(size)])
        )
    return linear.subs(dict.fromkeys(sums.values(), 0)), parts


def anchored(expression: Expr, origin: Expr, value: Expr) -> str:
    """A function of G with the constant that makes it ``value`` at the origin written through the function itself.

    T(G) + c becomes T(G) + value − T(origin), and with Gamma functions K T(G) + c becomes
    c + (value − c) T(G)/T(origin): SymPy writes ψ and Γ at rational arguments by other functions, of which the checker
    knows nothing.
    """
    constant, moving = expression.expand(func=False).as_independent(G, as_Add=True)
    if not moving.has(gamma):
        shape = text(moving)
        return f"{shape} + {text(value)} - ({_placed(shape, origin)})"
    if len(Add.make_args(moving)) > 1:
        raise NotDerivedError(f"certificates do not reach the constants of {expression}.")
    shape = text(moving.as_independent(G, as_Add=False)[1])
    return f"{text(constant)} + ({text(value - constant)})*({shape})/({_placed(shape, origin)})"


def anchored_limit(expression: Expr, origin: Expr, value: Expr, limit: Expr) -> str:
    """The limit of what :func:`anchored` writes."""
    constant, moving = expression.expand(func=False).as_independent(G, as_Add=True)
    return f"{text((limit - constant).expand())} + {text(value)} - ({_placed(text(moving), origin)})"


def _placed(shape: str, origin: Expr) -> str:
    return re.sub(r"\bg\b", f"({text(origin)})", shape)
