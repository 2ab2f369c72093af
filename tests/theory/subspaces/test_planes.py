"""One factor exactly, by a plane inside: against orders, limits and the plane itself."""

from __future__ import annotations

import math

import mpmath
import pytest
import sympy
from sympy import Integral, Symbol, lambdify, limit, simplify

from theory.errors import NotDerivedError
from theory.subspaces import FactorModel, subspace_error
from theory.subspaces.odd_pairs import _coefficient, _nodes, integrals
from theory.subspaces.planes import _NUMBERS, _cosine, _even, _integrands, _odd, plane_number

l = Symbol("l", positive=True)  # noqa: E741


def number(strength, pairs, width):
    return subspace_error(FactorModel(strength, pairs, width), regime="exact").number


def test_two_pairs_in_three_dimensions_are_elementary():
    found = subspace_error(FactorModel(l, 2, 3), regime="exact").closed_form
    assert not found.has(Integral)
    # As if drawn at random, and found without error.
    assert simplify(limit(found, l, 0) - 2 * (1 - 1 / 3)) < 1e-12
    assert float(found.subs(l, 10**8)) < 1e-6
    assert float(found.subs(l, 3).evalf()) == pytest.approx(number(3, 2, 3), rel=1e-13)


def test_the_plane_itself_is_the_integral_of_two_dimensions():
    """What all rests on: n pairs in the plane, whatever n."""
    for pairs in (2, 3, 6):
        cosine = float(_cosine(pairs, mpmath.mpf(3) / 5, _NUMBERS))
        assert 1 - cosine == pytest.approx(number(3, pairs, 2), rel=1e-12)


@pytest.mark.parametrize(("pairs", "width"), [(2, 7), (4, 3), (6, 3), (3, 3), (19, 3)])
def test_weak_factors_are_not_found(pairs, width):
    assert number(1e-9, pairs, width) == pytest.approx(2 * (1 - 1 / width), rel=1e-7)


@pytest.mark.parametrize("pairs", [4, 5, 6, 9])
def test_strong_factors_are_a_regression(pairs):
    """Twice the noise of D − 1 slopes on a known factor: 2 (D − 1) E 1/(l χ²_N)."""
    assert number(1e7, pairs, 3) == pytest.approx(2 * 2 / (pairs - 2) / 1e7, rel=1e-4)


@pytest.mark.parametrize("pairs", [8, 9])
def test_many_pairs_have_two_orders(pairs):
    """The orders fall nearly like a geometric series, as 1/(N − 2) does."""
    error = subspace_error(FactorModel(20, pairs, 3), regime="leading")
    first, second = error.number, float(error.second_order) / pairs**2
    rest = number(20, pairs, 3) - first
    assert abs(rest - second) < 2 * second**2 / first < 0.6 * second


def test_the_sum_of_terms_and_the_single_one_agree():
    """Four pairs are the sum with one term, and each term is an integral over contrast and angle."""
    tilt, angles = mpmath.mpf(2) / 5, [2 * math.pi * step / 64 for step in range(64)]
    for i, j in ((0, 0), (0, 1), (1, 2), (0, 3)):

        def over(of, i=i, j=j):
            """Angles by the trapezoidal rule, which is exact for what is periodic and smooth."""

            def inner(s):
                values = (of(phi) * (1 - 0.4 * s * math.cos(phi)) ** (-5 - 2 * i - j) for phi in angles)
                return s * (1 - s * s) ** (1 + i) * sum(values) * 2 * math.pi / len(angles)

            return mpmath.quad(inner, [0, 1], method="gauss-legendre")

        assert float(_even(i, j, tilt, _NUMBERS)) == pytest.approx(float(over(lambda phi: 1.0)), rel=1e-9)
        assert float(_odd(i, j, tilt, _NUMBERS)) == pytest.approx(float(over(math.cos)), rel=1e-9)
    assert float(_odd(0, 0, tilt, _NUMBERS) / _even(0, 0, tilt, _NUMBERS)) == pytest.approx(
        float(_cosine(5, tilt, _NUMBERS)), rel=1e-12
    )


def test_what_is_not_derived():
    for pairs, width in ((4, 4), (3, 4), (22, 3), (21, 3)):
        with pytest.raises(NotDerivedError):
            number(3, pairs, width)
    assert 0 < float(plane_number(3, 8, 3)) < float(plane_number(3, 6, 3))


@pytest.mark.parametrize("pairs", [6, 10])
def test_the_whole_weight_is_that_of_a_normal_law(pairs):
    """The integral of all of it is det Σ^(N/2), whatever the terms it is the sum of."""

    def weight(strength):
        return mpmath.quad(
            lambda w: _integrands(mpmath.mpf(strength), pairs, 3, w, _NUMBERS)[1], [0, 1], method="gauss-legendre"
        )

    assert float(weight(3) / weight(1)) == pytest.approx(2 ** (pairs / 2 - 1), rel=1e-10)


@pytest.mark.parametrize("pairs", [3, 5, 9])
def test_the_whole_weight_of_an_odd_number_is_that_of_a_normal_law(pairs):
    assert integrals(3.0, pairs)[1] / integrals(1.0, pairs)[1] == pytest.approx(2 ** (pairs / 2), rel=1e-12)


def test_odd_numbers_of_pairs_are_between_even_ones():
    """The logarithm of the error is nearly straight from neighbour to neighbour, and convex."""
    errors = [number(3, pairs, 3) for pairs in range(2, 6)]
    bends = [left * right / middle**2 for left, middle, right in zip(errors, errors[1:], errors[2:], strict=False)]
    assert all(1 < bend < 1.1 for bend in bends)


@pytest.mark.parametrize("pairs", [3, 5])
def test_the_expression_of_odd_pairs_gives_a_third_to_every_direction_where_there_is_no_factor(pairs):
    closed = subspace_error(FactorModel("1/1000000000", pairs, 3), regime="exact").closed_form
    (whole,) = (each for each in closed.atoms(Integral) if closed.has(1 / each))
    (found,) = closed.atoms(Integral) - {whole}

    def at(integral):
        angles = [limits[0] for limits in integral.limits]
        return float(lambdify(angles, integral.function, "mpmath")(0.3, 0.7))

    assert at(found) / at(whole) == pytest.approx(1 / 3, rel=1e-7)


def test_the_expression_of_three_pairs_has_the_value():
    """Its sphere by the trapezoidal rule in place of coefficients."""
    closed = subspace_error(FactorModel(3, 3, 3), regime="exact").closed_form
    assert closed.has(Integral)
    slopes = (0.4, 0.7, 0.9)
    steps = [math.pi * step / 30 for step in range(60)]

    def over(power, of):
        def at(height):
            ring = math.sqrt(1 - height**2)
            points = [(ring * math.cos(step), ring * math.sin(step), height) for step in steps]
            quadratic = (sum(a * x * x for a, x in zip(slopes, point, strict=True)) for point in points)
            return sum(of(point) * value**-power for point, value in zip(points, quadratic, strict=True)) / len(steps)

        return sum(share * at(place) for place, share in _nodes())

    plain = over(4.5, lambda point: point[0] ** 2) / over(4.5, lambda point: 1.0)
    found, whole = (
        added(_coefficient([sympy.Rational(str(slope)) for slope in slopes], sympy.Integer(order), power))
        for order, power in ((2, sympy.Rational(3, 2)), (3, sympy.Rational(1, 2)))
    )
    assert found / (2 * 3 * whole) == pytest.approx(float(plain), rel=1e-10)


def added(total):
    """A double sum, term by term."""
    (j, _, _), (i, _, order) = total.limits
    terms = (total.function.subs({i: one, j: other}) for one in range(order + 1) for other in range(order + 1 - one))
    return sum(float(term) for term in terms)
