"""Formulas in ball arithmetic against mpmath, an independent implementation, at 60 digits and more."""

from __future__ import annotations

import mpmath
import pytest
import sympy
from flint import acb
from hypothesis import given
from hypothesis import strategies as st
from mpmath import mp
from sympy import Lambda, Piecewise, Poly, Product, Rational, RootSum, Sum, Symbol, harmonic, oo, pi, sqrt, sympify

from theory.errors import DomainError
from theory.expressions.balls import BallProgram, real_bits
from theory.expressions.symbols import G

X = Symbol("x")
THIRD = Rational(1, 3)


def value(formula: sympy.Expr, at: int = 1, bits: int = 512) -> mpmath.mpf:
    """The real part as an mpmath number, after checking that at least 60 digits of it are certain."""
    ball = BallProgram(formula, G).at_precision(bits)(at)
    assert real_bits(ball) > 200
    assert ball.imag.contains(0)
    with mp.workdps(70):
        return mpmath.mpf(ball.real.str(65, radius=False))


def agrees(ours: mpmath.mpf, reference: object) -> bool:
    with mp.workdps(70):
        return bool(abs(ours - mpmath.mpf(reference)) <= mpmath.mpf(10) ** -60 * abs(mpmath.mpf(reference)))


FUNCTIONS = {
    "digamma": (sympy.digamma(G + THIRD), lambda g: mp.digamma(g + mp.mpf(1) / 3)),
    "polygamma 3": (sympy.polygamma(3, G + THIRD), lambda g: mp.polygamma(3, g + mp.mpf(1) / 3)),
    "H": (sympy.harmonic(G), lambda g: mp.harmonic(g)),
    "H of order 2": (sympy.harmonic(G, 2), lambda g: mp.fsum(mp.mpf(1) / i**2 for i in range(1, g + 1))),
    "H of order −2": (sympy.harmonic(G, -2), lambda g: mp.fsum(mp.mpf(i) ** 2 for i in range(1, g + 1))),
    "H of order 1/2": (sympy.harmonic(G, Rational(1, 2)), lambda g: mp.fsum(1 / mp.sqrt(i) for i in range(1, g + 1))),
    "H of order 5/3": (
        sympy.harmonic(G, Rational(5, 3)),
        lambda g: mp.fsum(mp.mpf(i) ** (-mp.mpf(5) / 3) for i in range(1, g + 1)),
    ),
    "Hurwitz zeta": (sympy.zeta(Rational(3, 2), G), lambda g: mp.zeta(mp.mpf(3) / 2, g)),
    "zeta": (sympy.zeta(Rational(7, 2)) * G, lambda g: mp.zeta(mp.mpf(7) / 2) * g),
    "loggamma": (sympy.loggamma(G + THIRD), lambda g: mp.loggamma(g + mp.mpf(1) / 3)),
    "factorial": (sympy.factorial(G) / sympy.factorial(G + 2), lambda g: mp.mpf(1) / ((g + 1) * (g + 2))),
    "binomial": (sympy.binomial(G + THIRD, 3), lambda g: mp.binomial(g + mp.mpf(1) / 3, 3)),
    "rising": (sympy.rf(THIRD, G), lambda g: mp.rf(mp.mpf(1) / 3, g)),
    "rising, irrational": (sympy.rf(THIRD, sqrt(2)), lambda g: mp.rf(mp.mpf(1) / 3, mp.sqrt(2))),
    "falling": (sympy.ff(G + THIRD, 3), lambda g: mp.ff(g + mp.mpf(1) / 3, 3)),
    "sinh": (sympy.sinh(pi / sqrt(G)), lambda g: mp.sinh(mp.pi / mp.sqrt(g))),
    "power": ((1 + sqrt(2) / 7) ** G, lambda g: (1 + mp.sqrt(2) / 7) ** g),
    "negative power": ((-THIRD) ** G, lambda g: mp.mpf(-1 if g % 2 else 1) / mp.mpf(3) ** g),
    "root of root": (1 / sqrt(G + sqrt(G)), lambda g: 1 / mp.sqrt(g + mp.sqrt(g))),
    "cube root": ((G + THIRD) ** Rational(2, 3), lambda g: mp.cbrt((g + mp.mpf(1) / 3) ** 2)),
    "log": (sympy.log(G) + sympy.EulerGamma + sympy.E, lambda g: mp.log(g) + mp.euler + mp.e),
    "max, min, floor, abs": (
        sympy.Max(G, 3) + sympy.Min(G, 3) + sympy.floor(G / pi) + abs(pi - G),
        lambda g: max(g, 3) + min(g, 3) + mp.floor(g / mp.pi) + abs(mp.pi - g),
    ),
    "polylog": (sympy.polylog(2, THIRD) * G, lambda g: mp.polylog(2, mp.mpf(1) / 3) * g),
    "float": (sympy.Float(0.1) * G, lambda g: mp.mpf(0.1) * g),
    "sum": (Sum(1 / (X**2 + 1), (X, 1, G)), lambda g: mp.fsum(mp.mpf(1) / (i**2 + 1) for i in range(1, g + 1))),
    "product": (Product(1 + G / X**3, (X, 2, 9)), lambda g: mp.fprod(1 + mp.mpf(g) / i**3 for i in range(2, 10))),
    "complex gamma": (
        sympy.gamma(G + sympy.I / 2) * sympy.gamma(G - sympy.I / 2),
        lambda g: abs(mp.gamma(mp.mpc(g, 0.5))) ** 2,
    ),
}


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("g", [1, 2, 7, 40])
def test_each_function_agrees_with_mpmath(name: str, g: int) -> None:
    formula, reference = FUNCTIONS[name]
    with mp.workdps(80):
        expected = mp.re(reference(g))
    assert agrees(value(formula, g), expected)


def test_sum_over_roots_is_the_power_sum() -> None:
    # x³ − x − 1: the Perrin numbers 3, 0, 2, 3, 2, 5, 5, 7, …
    perrin = [3, 0, 2, 3, 2, 5, 5, 7, 10, 12, 17]
    formula = RootSum(Poly(X**3 - X - 1, X), Lambda(X, X**G), auto=False)
    for g, expected in enumerate(perrin[2:], start=2):
        assert agrees(value(formula, g), expected)


def test_sum_over_roots_with_irrational_coefficients_and_with_repeated_roots() -> None:
    # e₁² − 2 e₂ for x³ − √2 x² + x/3 + 5
    formula = RootSum(Poly(X**3 - sqrt(2) * X**2 + X / 3 + 5, X), Lambda(X, X**2), auto=False)
    with mp.workdps(80):
        expected = mp.mpf(4) / 3
    assert agrees(value(formula), expected)
    twice = RootSum(Poly((X**2 - 2) ** 2 * (X - 3), X), Lambda(X, X**2), auto=False)
    assert agrees(value(twice), 17)


def test_sum_over_conjugate_roots_of_a_summand_that_is_not_real() -> None:
    # I/(λ − 3I) at λ = ±I: −1/2 and −1/4, though the roots are conjugate.
    formula = RootSum(Poly(X**2 + 1, X), Lambda(X, sympy.I / (X - 3 * sympy.I)), auto=False)
    assert agrees(value(formula), mp.mpf(-3) / 4)


@pytest.mark.parametrize("condition", [G < 3, G <= 2, sympy.Ne(G, 3) & (G < 4), sympy.Eq(G, 1) | sympy.Eq(G, 2)])
def test_a_branch_is_chosen_as_its_condition_says(condition: object) -> None:
    formula = Piecewise((G, condition), (-G, G > 2), (7, True))
    assert [int(value(formula, g)) for g in (1, 2, 3, 4)] == [1, 2, -3, -4]


def test_numbered_root() -> None:
    with mp.workdps(80):
        expected = mp.findroot(lambda x: x**3 - x - 1, 1.3)
    assert agrees(value(sympy.CRootOf(X**3 - X - 1, 0)), expected)


@given(m=st.integers(0, 60), g=st.integers(1, 120))
def test_quotients_of_gamma_functions_survive_common_poles(m: int, g: int) -> None:
    expected = 1
    for i in range(g):
        expected *= i - m
    pole = Symbol("pole")
    quotient = (sympy.gamma(G + pole) / sympy.gamma(pole)).xreplace({pole: sympy.UnevaluatedExpr(-m)})
    rising = sympy.RisingFactorial(pole, G, evaluate=False).xreplace({pole: sympy.Integer(-m)})
    for formula in (quotient, rising):
        ball = BallProgram(formula, G).at_precision(1024)(g)
        assert ball.real.unique_fmpz() == expected


def test_reciprocal_gamma_is_zero_at_a_pole() -> None:
    formula = 1 / sympy.gamma(1 - sqrt(Rational(1, 4)) * 2 * G)
    assert BallProgram(formula, G).at_precision(64)(3) == acb(0)


def test_piecewise_takes_the_branch_that_holds() -> None:
    formula = Piecewise((Rational(7, 2), sympy.Eq(G, 1)), (1 / G, G < 5), (G**2, True))
    assert [value(formula, g) for g in (1, 4, 5)] == [3.5, 0.25, 25]


@given(bits=st.integers(32, 200), g=st.integers(1, 10**12), a=st.fractions(-1, 3, max_denominator=50))
def test_a_ball_contains_what_more_precision_finds(bits: int, g: int, a: object) -> None:
    formula = sympy.gamma(G + 1 + sqrt(Rational(a) + 2)) / sympy.gamma(G) * sympy.harmonic(G, 2) ** Rational(a)
    program = BallProgram(formula, G)
    coarse, fine = program.at_precision(bits)(g), program.at_precision(4 * bits)(g)
    assert not coarse.is_finite() or coarse.overlaps(fine)


@pytest.mark.parametrize(
    ("formula", "message"),
    [
        (G * X, "x has no value"),
        (sympy.besselj(0, G), "besselj is not known"),
        (Sum(1 / X**2, (X, 1, oo)), "does not end"),
        (RootSum(Poly(X**3 - G * X + 1, X), Lambda(X, X), auto=False), "symbolic coefficients"),
    ],
)
def test_what_cannot_be_computed_is_said(formula: sympy.Expr, message: str) -> None:
    with pytest.raises(DomainError, match=message):
        BallProgram(formula, G)


@pytest.mark.parametrize("order", ["-1/2", "3/10", "3/2", "sqrt(2)"])
def test_sums_of_powers_one_after_another_are_those_alone(order):
    power = sympify(order)
    program = BallProgram(harmonic(G, power), G)
    for bits in (64, 128):
        run, alone = program.at_precision(bits), program.at_precision(2 * bits)
        steps = [run(g) for g in (1, 2, 3, 7, 8, 8, 9, 5, 400)]
        for ball, g in zip(steps, (1, 2, 3, 7, 8, 8, 9, 5, 400), strict=True):
            total = sum(Rational(1) / k**power for k in range(1, g + 1))
            assert alone(g).overlaps(ball)
            assert ball.real.rad() < 2.0 ** (12 - bits) * float(total)
            assert abs(float(ball.real) - float(total)) < 1e-12 * float(total)
