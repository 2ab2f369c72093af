r"""The steps that random block sizes add: their law, the mean of 1/N, and what a pool of such blocks gains."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

from mpmath import nstr, quad, workdps
from sympy import (
    Derivative,
    Expr,
    Function,
    Integral,
    N,
    Poly,
    Rational,
    S,
    Symbol,
    diff,
    expand,
    factorial,
    lambdify,
    simplify,
)

from theory.derivation.checks import equal
from theory.derivation.fitting import Stated
from theory.derivation.notation import risk
from theory.derivation.relation import DEFINED, EQUAL, Relation
from theory.derivation.step import Evidence, NotShown, Step
from theory.expressions.random_sizes import RandomSizes
from theory.expressions.symbols import t
from theory.moments.random_sizes import PooledSizes, PooledTotals
from theory.moments.recurrence import Recurrence
from theory.workflows.base import Workflow

#: The letters of the law, and of the mean of 1/N.
law, shape, inverse = Function("f"), Function("W"), Symbol(r"\mathbb{E}\,N_{g}^{-1}")
#: Digits to which integrals are compared, and generations at which they are.
DIGITS, COMPARED = 30, 4
#: Coefficients of power series that are compared.
ORDER = 6


def size_steps(workflow: Workflow, recurrence: Recurrence, g: Symbol) -> list[Step]:
    """The law of the sizes, and what follows from it for the recurrence."""
    sizes = workflow.random_sizes
    if sizes is None:
        return []
    function = sizes.generating_function
    steps = [
        Step(
            Relation(law(t), DEFINED, function),
            "block $g$ holds $n\\,N_g$ samples, the sizes independent and alike, with $f(t) = \\mathbb{E}\\,t^{N_g}$",
            Stated(function),
        ),
        Step(
            Relation(inverse, EQUAL, sizes.mean_inverse),
            "given the past its noise is proportional to $1/N_g$, whose mean is $\\int_0^1 f(t)\\,dt/t$",
            MeanInverse(sizes),
        ),
    ]
    if isinstance(recurrence, PooledTotals):
        gained = Integral(function**g / (g * t), (t, 0, 1))
        steps.append(
            Step(
                Relation(risk(g), EQUAL, risk(g - 1) + recurrence.scale * gained),
                "pooling moves the model by $N_g/S_g$ of the newest noise, $S_g$ the total, and the blocks being alike "
                "$\\mathbb{E}\\,N_g/S_g^2 = \\mathbb{E}\\,S_g^{-1}/g$",
                Gained(recurrence, g, gained),
            )
        )
    if isinstance(recurrence, PooledSizes) and recurrence.real == 0:
        slope = diff(function, t)
        equation = recurrence.curvature * slope / (1 - function) * shape(t)
        steps.append(
            Step(
                Relation(Derivative(t * Derivative(shape(t), t), t), EQUAL, equation),
                "let $\\kappa$ be the change of the noise with the squared error, and the coefficients of $U_g$ the "
                "parts of $\\mathbb{E} \\prod_{i \\le g} (1 + \\kappa\\,N_i/S_i^2)$ on $S_g = s$: then "
                "$W = (1 - f) \\sum_g U_g$, of whose end $W(1)$ the limit is made, has $W(0) = 1$ and obeys",
                Equation(recurrence),
            )
        )
    return steps


@dataclass(frozen=True)
class Equation:
    """The differential equation, by its first coefficients: those of the U themselves, step by step."""

    recurrence: PooledSizes

    def __call__(self, relation: Relation) -> Evidence:
        function, curvature = self.recurrence.sizes.generating_function, self.recurrence.curvature
        equal(relation.left, Derivative(t * Derivative(shape(t), t), t))
        equal(relation.right * (1 - function) / shape(t), curvature * diff(function, t))
        chances = [(diff(function, t, size) / factorial(size)).subs(t, 0) for size in range(1, ORDER)]
        parts = [S.One, *[S.Zero] * (ORDER - 1)]
        total = list(parts)
        for _ in range(1, ORDER):
            parts = [
                sum((c * (1 + curvature * Rational(k, s**2)) * parts[s - k] for k, c in _up_to(chances, s)), S.Zero)
                for s in range(ORDER)
            ]
            total = [a + b for a, b in zip(total, parts, strict=True)]
        law_of = sum((likely * t**size for size, likely in enumerate(chances, start=1)), S.Zero)
        solution = expand(sum((part * t**power for power, part in enumerate(total)), S.Zero) * (1 - law_of))
        left = (1 - law_of) * diff(t * diff(solution, t), t)
        short = Poly(expand(left - curvature * diff(law_of, t) * solution), t)
        if any(simplify(short.coeff_monomial(t**power)) != 0 for power in range(ORDER - 1)):
            raise NotShown("the first coefficients of W do not obey it")
        return Evidence(f"its first {ORDER - 1} coefficients", proved=False)


def _up_to(chances: list[Expr], total: int) -> list[tuple[int, Expr]]:
    """Sizes that leave a total of 0 or more, with their chances."""
    return list(enumerate(chances[:total], start=1))


@dataclass(frozen=True)
class MeanInverse:
    """The right side is the integral of f/t."""

    sizes: RandomSizes

    def __call__(self, relation: Relation) -> Evidence:
        table = self.sizes.support
        if table is not None:
            return equal(relation.right, sum((chance / size for size, chance in table.items()), S.Zero))
        equal(relation.right, self.sizes.mean_inverse)
        if self.sizes.free_symbols:
            return Evidence("an antiderivative of f/t", proved=False)
        _agree(relation.right, self.sizes.generating_function / t)
        return Evidence(f"the integral, to {DIGITS} digits", proved=False)


@dataclass(frozen=True)
class Gained:
    """The steps of the recurrence are the integrals."""

    recurrence: PooledTotals
    g: Symbol
    expected: Integral

    def __call__(self, relation: Relation) -> Evidence:
        before, gained = S.Zero, relation.right - risk(self.g - 1)
        if gained.has(risk(self.g - 1).func) or relation.left != risk(self.g):
            raise NotShown("a generation adds an integral to the risk of the one before")
        symbols = {symbol: Rational(1, 3) for symbol in (gained.free_symbols - {self.g, t})}
        for at, value in enumerate(islice(self.recurrence.values(), COMPARED), start=1):
            scale, inside = gained.as_independent(Integral)
            if not isinstance(inside, Integral) or inside.limits != self.expected.limits:
                raise NotShown("a generation adds an integral from 0 to 1")
            terms = (scale * inside.function).subs(self.g, at).subs(symbols)
            _agree((value - before).subs(symbols), terms)
            before = value
        return Evidence(f"the exact values of the first generations, to {DIGITS} digits", proved=False)


def _agree(left: Expr, integrand: Expr) -> None:
    """Whether a number is the integral of a function of t from 0 to 1."""
    with workdps(DIGITS + 10):
        integral = quad(lambdify(t, integrand, "mpmath"), [0, 1])
        if abs(N(left, DIGITS + 5) - integral) > Rational(1, 10 ** (DIGITS - 5)):
            raise NotShown(f"it is {N(left, DIGITS)}, and the integral {nstr(integral, DIGITS)}")
