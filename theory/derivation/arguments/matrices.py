r"""Displayed matrix formulas put to the test on matrices of rational numbers, and the χ² moments behind them.

The expectations of inverse and determinant of a Wishart matrix come down to one number each: the squared residual of a
column on the others is :math:`\chi^2` with as many degrees of freedom as rows less other columns, and

.. math:: E\,(\chi^2_k)^s = 2^s\,\Gamma(k/2 + s)/\Gamma(k/2), \qquad E\log\chi^2_k = \psi(k/2) + \log 2 .
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from mpmath import exp, inf, log, mp, mpf, quad, workdps
from mpmath import gamma as gamma_at
from sympy import Add, Expr, Function, Matrix, Mul, Pow, Rational, Symbol, eye, gamma, polygamma
from sympy import log as logarithm

from theory.derivation.step import NotShown

#: The trace in a displayed formula, of a product of matrices by their letters.
trace = Function("tr")

#: Degrees of freedom at which a moment of χ² is integrated, and the digits to which it has to agree.
FREEDOMS, DIGITS = (5, 6, 9), 15

_k = Symbol("k", positive=True)


def letter(name: str) -> Symbol:
    """A matrix by its letter."""
    return Symbol(name, commutative=False)


def rational_matrix(rows: int, columns: int, seed: int) -> Matrix:
    """A matrix of small rational numbers without a pattern, the same for the same seed."""
    state, entries = 2 * seed + 1, []
    for _ in range(rows * columns):
        state = (1103515245 * state + 12345) % 2**31
        entries.append(Rational(state // 2**16 % 19 - 9, state // 2**8 % 3 + 1))
    return Matrix(rows, columns, entries)


def evaluated(expression: Any, at: Mapping[Expr, Any]) -> Any:
    """A formula in letters with matrices, or numbers, in their place."""
    if expression in at:
        return at[expression]
    if isinstance(expression, Add):
        parts = [evaluated(part, at) for part in expression.args]
        return sum(parts[1:], parts[0])
    if isinstance(expression, Mul):
        product: Any = 1
        for factor in expression.args:
            product = product * evaluated(factor, at)
        return product
    if isinstance(expression, Pow) and expression.base in at:
        return evaluated(expression.base, at) ** int(expression.exp)
    if isinstance(expression, trace):
        return evaluated(expression.args[0], at).trace()
    if expression.is_number:
        return expression
    raise NotShown(f"{expression} stands for no matrix of the fit")


def same(left: Any, right: Any, what: str) -> None:
    """Raise unless two matrices, or numbers, are equal."""
    difference = left - right
    if any(entry != 0 for entry in (difference if hasattr(difference, "shape") else [difference])):
        raise NotShown(f"{what}: {left} is not {right}")


def verify_residuals() -> None:
    """:func:`verify_residual` at some shapes."""
    for rows, columns in ((4, 1), (5, 2), (6, 3)):
        verify_residual(rows, columns)


@cache
def verify_residual(rows: int, columns: int) -> None:
    r"""On a matrix X of numbers: :math:`[(X^\top X)^{-1}]_{dd}` is one over the squared residual of its last column.

    The residual is a projection on rows − columns + 1 dimensions, and the determinant grows by its square.
    """
    X = rational_matrix(rows, columns, seed=rows + 7 * columns)
    others, last = X[:, : columns - 1], X[:, columns - 1]
    projection = eye(rows)
    if columns > 1:
        projection -= others * (others.T * others).inv() * others.T
    square = (last.T * projection * last)[0]
    same((X.T * X).inv()[columns - 1, columns - 1], 1 / square, "the last entry of the inverse")
    same(projection.trace(), rows - columns + 1, "the degrees of freedom")
    same((X.T * X).det(), square * ((others.T * others).det() if columns > 1 else 1), "the determinant")


def chi_square_moment(power: Expr, freedom: Expr) -> Expr:
    """E (χ²)^power, its formula compared with the integral first."""
    return _power_moment(power).subs(_k, freedom)


def log_chi_square(freedom: Expr) -> Expr:
    """E log χ², its formula compared with the integral first."""
    return _log_moment().subs(_k, freedom)


@cache
def _power_moment(power: Expr) -> Expr:
    formula = 2**power * gamma(_k / 2 + power) / gamma(_k / 2)
    _verify_integral(lambda x: x ** (mpf(power.p) / power.q), formula)
    return formula


@cache
def _log_moment() -> Expr:
    formula = polygamma(0, _k / 2) + logarithm(2)
    _verify_integral(log, formula)
    return formula


def _verify_integral(function: Any, formula: Expr) -> None:
    for freedom in FREEDOMS:
        with workdps(2 * DIGITS):
            half = mpf(freedom) / 2
            height = 2**half * gamma_at(half)

            def density(x: mpf, half: mpf = half, height: mpf = height) -> mpf:
                return x ** (half - 1) * exp(-x / 2) / height

            found = quad(lambda x, weigh=density: function(x) * weigh(x), [0, 1, 4, 16, 64, inf])
            expected = mpf(str(formula.subs(_k, freedom).evalf(2 * DIGITS)))
            if abs(found - expected) > mpf(10) ** -DIGITS * abs(expected):
                raise NotShown(f"with {freedom} degrees of freedom the integral is {mp.nstr(found, 12)}")
