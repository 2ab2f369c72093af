r"""Systems with constant coefficients, through their generating function.

.. math:: F(z) = \sum_{t \ge 0} z^t\, h \cdot m_{s+t}
        = \frac{\text{polynomial}}{\prod_i (1 - \lambda_i z)^{k_i}}

is a rational function over Q(parameters); partial fractions give :math:`\sum_i P_i(t)\lambda_i^t`. Factors of
degree three and more that do not split stay as a sum over their roots.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from sympy import (
    Dummy,
    Eq,
    Expr,
    Lambda,
    Matrix,
    Piecewise,
    Poly,
    S,
    Symbol,
    diff,
    factorial,
    fraction,
    quo,
    rem,
    simplify,
    together,
)
from sympy import factor as sympy_factor
from sympy.polys.matrices import DomainMatrix

from theory.expressions.fraction_field import NotRational, in_lowest_terms
from theory.expressions.quadratic import QuadraticField
from theory.expressions.rational_functions import factored
from theory.expressions.roots import irreducible_factors, radical_roots
from theory.solver.modes import ModeSum
from theory.solver.triangular import triangular_modes


def solve_constant(
    matrix: Matrix, forcing: Matrix, readout: Matrix, initial: Matrix, origin: Expr, upper: Expr
) -> Expr | None:
    """h·m at generation ``upper``, with m = ``initial`` at ``origin``; None when a factor of high degree repeats.

    A nilpotent part of the system dies out after finitely many steps: those generations get their own branches.
    """
    elapsed = upper - origin
    found = triangular_modes(matrix, forcing, readout, initial, elapsed)
    if found is not None:
        return found
    z = Symbol("z")
    numerator, denominator = generating_function(matrix, forcing, readout, initial, z)
    nilpotent = Poly(quo(numerator, denominator, z), z)
    numerator = rem(numerator, denominator, z)
    constant, factors = irreducible_factors(denominator, z)
    total: Expr = S.Zero
    for factor, multiplicity in factors:
        others = constant
        for other, power in factors:
            if other != factor:
                others *= other.as_expr() ** power
        poles = radical_roots(factor)
        if poles is not None and any(pole.is_number and not pole.is_real for pole in poles):
            poles = None  # complex pairs read better as a sum over roots
        if poles is None:
            if multiplicity > 1:
                return None
            total += _root_sum(factor, numerator / others, z, elapsed)
            continue
        total += sum(_pole_parts(factor, numerator / others, multiplicity, poles, elapsed), S.Zero)
    if nilpotent.is_zero:
        return total
    branches = [
        (total.subs(upper, origin + step) + nilpotent.coeff_monomial(z**step), Eq(upper, origin + step))
        for step in range(nilpotent.degree() + 1)
    ]
    return Piecewise(*branches, (total, True))


def generating_function(
    matrix: Matrix, forcing: Matrix, readout: Matrix, initial: Matrix, z: Symbol
) -> tuple[Expr, Expr]:
    """Numerator and denominator of Σ z^t h·m_{s+t}, coprime."""
    size = matrix.shape[0]
    # m̃ = (m, 1) evolves by the augmented matrix, and Σ z^t m̃_t = (I − z P̃)^{-1} m̃_0.
    augmented = Matrix.zeros(size + 1, size + 1)
    augmented[:size, :size] = matrix
    augmented[:size, size] = forcing
    augmented[size, size] = 1
    state = Matrix([*initial, 1])
    system = DomainMatrix.from_Matrix(Matrix.eye(size + 1) - z * augmented).to_field()
    right = DomainMatrix.from_Matrix(state)
    system, right = system.unify(right)
    if not system.domain.is_Field:
        system, right = system.to_field(), right.to_field()
    solved = system.lu_solve(right).to_Matrix()
    total = sum((readout[col] * solved[col] for col in range(size)), S.Zero)
    return fraction(in_lowest_terms(total))


def _pole_parts(factor: Poly, regular: Expr, multiplicity: int, poles: list[Expr], elapsed: Expr) -> Iterator[Expr]:
    """Coefficients of z^elapsed in the principal parts of regular/factor^multiplicity at the roots of the factor."""
    parts = _quadratic_parts(factor, regular, multiplicity, poles)
    if parts is None:
        parts = [_parts(factor, regular, multiplicity, pole, poles) for pole in poles]
    for rate, leading in parts:
        for order, coefficient in leading.items():
            # 1/(z − a)^k = (−1/a)^k Σ_t C(t+k−1, k−1) (z/a)^t
            rising: Expr = S.One
            for step in range(1, order):
                rising *= (elapsed + step) / S(step)
            yield coefficient * rising * rate**elapsed


def _parts(
    factor: Poly, regular: Expr, multiplicity: int, pole: Expr, poles: list[Expr]
) -> tuple[Expr, dict[int, Expr]]:
    """1/a for a pole a, and for every k the coefficient of 1/(z − a)^k times (−1/a)^k."""
    z, conjugates = factor.gen, factor.LC()
    for root in poles:
        if root != pole:
            conjugates *= z - root
    rest, rate = regular / conjugates**multiplicity, _lowest_terms(1 / pole)
    found = {}
    for times in range(multiplicity):
        residue = _lowest_terms(diff(rest, z, times).subs(z, pole) / factorial(times))
        found[multiplicity - times] = residue * (-rate) ** (multiplicity - times)
    return rate, found


def _quadratic_parts(
    factor: Poly, regular: Expr, multiplicity: int, poles: list[Expr]
) -> list[tuple[Expr, dict[int, Expr]]] | None:
    """The same at the two roots of a factor of degree 2, computed once with a root a; None where this does not hold.

    The other root is −p − a, so that the factor is its leading coefficient times (z − a)(z + p + a).
    """
    if factor.degree() != 2:
        return None
    z, root = factor.gen, Dummy("a")
    leading, linear, _ = factor.all_coeffs()
    rest = regular / (leading * (z + linear / leading + root)) ** multiplicity
    try:
        field = QuadraticField(factor.replace(z, root), regular.free_symbols - {z})
        rate, found = field(1 / root), {}
        for times in range(multiplicity):
            residue = diff(rest, z, times).subs(z, root) / factorial(times) * (-1 / root) ** (multiplicity - times)
            found[multiplicity - times] = field(residue)
    except (NotRational, ZeroDivisionError):
        return None
    centre = -linear / (2 * leading)
    ways = [partial(field.expression, centre=centre, spread=pole - centre) for pole in poles]
    return [(write(rate), {order: write(value) for order, value in found.items()}) for write in ways]


def _lowest_terms(value: Expr) -> Expr:
    return factored(value) if value.is_rational_function(*value.free_symbols) else simplify(value)


def _root_sum(factor: Poly, regular: Expr, z: Symbol, elapsed: Expr) -> Expr:
    """Σ over the roots a of an irreducible factor, all simple, of −regular/(factor'(a)) a^{−elapsed−1}."""
    rate = Dummy("lambda")
    # In terms of the rates λ = 1/a, the roots of the reversed polynomial, as growth rates are what one reads.
    reverse = Poly(list(reversed(factor.all_coeffs())), rate)
    slope = factor.diff(z).as_expr()
    residue = in_lowest_terms((-regular / slope).subs(z, 1 / rate) * rate)
    residue = sympy_factor(residue)
    if residue.free_symbols == {rate}:
        # Modulo the polynomial the denominator is invertible: what is left is a polynomial of lower degree.
        field = reverse.to_field()
        top, bottom = (Poly(part, rate).to_field() for part in fraction(residue))
        residue = together((top * bottom.invert(field)).rem(field).as_expr())
    return ModeSum(reverse, Lambda(rate, residue * rate**elapsed))
