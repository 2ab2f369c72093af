"""The solver against direct summation, multiplication and iteration."""

from __future__ import annotations

import mpmath
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sympy import Integer, Matrix, Rational, RootSum, S, Symbol, cancel, harmonic, lambdify, pi, polygamma

from theory.expressions.signs import at_least, sign, unit_interval
from theory.expressions.sums import definite_sum, schedule_total
from theory.expressions.symbols import G, j
from theory.solver.constant import solve_constant
from theory.solver.products import definite_product
from theory.solver.scalar import solve_scalar

g = Symbol("g", integer=True, positive=True)
small = st.integers(-4, 4)
fractions = st.builds(Rational, st.integers(-6, 6), st.integers(1, 4))


def close(left, right, digits=25):
    """Agreement by mpmath at 60 digits (sums over roots by SymPy)."""
    if left.has(RootSum):
        return abs((left - right).evalf(digits + 15)) < Rational(1, 10**digits)
    with mpmath.workdps(60):
        difference = lambdify([], left - right, "mpmath")()
        return abs(mpmath.mpmathify(difference)) < mpmath.mpf(10) ** -digits


@given(
    numerator=st.lists(small, min_size=1, max_size=3),
    shifts=st.lists(fractions, min_size=1, max_size=3),
    top=st.integers(2, 9),
)
@settings(max_examples=60, deadline=None)
def test_rational_sums(numerator, shifts, top):
    assume(all(not (shift.is_Integer and shift <= -1) for shift in shifts))
    term = sum((c * g**k for k, c in enumerate(numerator)), S.Zero)
    for shift in shifts:
        term /= g + shift
    assume(term.subs(g, 1).is_finite)
    assume(all(i + shift != 0 for shift in shifts for i in range(1, 12)))
    found = definite_sum(term, g, Integer(1), G)
    assert found is not None
    assert close(found.subs(G, top), sum((term.subs(g, i) for i in range(1, top + 1)), S.Zero))


@given(b=st.integers(-3, 3), c=st.integers(1, 6), top=st.integers(2, 8))
@settings(max_examples=40, deadline=None)
def test_irreducible_quadratics(b, c, top):
    quadratic = g**2 + b * g + c
    assume(all(quadratic.subs(g, i) != 0 for i in range(1, 9)))
    total = definite_sum(1 / quadratic, g, Integer(1), G)
    times = definite_product(quadratic / g**2, g, Integer(1), G)
    assert close(total.subs(G, top), sum((1 / quadratic.subs(g, i) for i in range(1, top + 1)), S.Zero))
    expected = S.One
    for i in range(1, top + 1):
        expected *= quadratic.subs(g, i) / Integer(i) ** 2
    assert close(times.subs(G, top), expected)


@given(ratio=fractions, power=st.integers(0, 3), top=st.integers(1, 9))
@settings(max_examples=40, deadline=None)
def test_polynomials_times_geometric_terms(ratio, power, top):
    assume(ratio not in (0, 1))
    term = g**power * ratio**g
    found = definite_sum(term, g, Integer(1), G)
    assert cancel(found.subs(G, top) - sum(term.subs(g, i) for i in range(1, top + 1))) == 0


def test_sums_come_in_the_form_of_the_papers():
    assert definite_sum(1 / g**2, g, Integer(1), G) == harmonic(G, 2)
    s = Symbol("s", positive=True)
    assert definite_sum(g ** (-s), g, Integer(1), G) == harmonic(G, s)
    a = Symbol("a", positive=True)
    assert definite_sum(1 / (g + a), g, Integer(1), G) == polygamma(0, G + 1 + a) - polygamma(0, 1 + a)


def test_where_sympy_fails():
    """The fresh-design sum: SymPy returns zoo for it."""
    d, T = Symbol("d", positive=True), Symbol("T", positive=True)
    term = 1 / (g * (g * T - d - 1))
    found = definite_sum(term, g, Integer(1), G).subs({d: 3, T: 11})
    assert close(found.subs(G, 7), sum(Rational(1, i * (11 * i - 4)) for i in range(1, 8)))


@given(
    entries=st.lists(fractions, min_size=4, max_size=4),
    forcing=st.lists(fractions, min_size=2, max_size=2),
    initial=st.lists(fractions, min_size=2, max_size=2),
)
@settings(max_examples=60, deadline=None)
def test_constant_systems(entries, forcing, initial):
    matrix, force, state = Matrix(2, 2, entries), Matrix(forcing), Matrix(initial)
    readout = Matrix([[1, 2]])
    found = solve_constant(matrix, force, readout, state, Integer(3), G)
    for step in range(8):
        assert close(found.subs(G, 3 + step).doit(), (readout * state)[0])
        state = matrix * state + force


def test_irreducible_characteristic_polynomials_stay_sums_over_roots():
    matrix = Matrix([[1, 1, 1], [1, 0, 0], [0, 1, 0]]) / 4
    state, force, readout = Matrix([1, 2, 3]), Matrix([1, 0, 0]), Matrix([[1, 0, 0]])
    found = solve_constant(matrix, force, readout, state, Integer(0), G)
    for step in range(7):
        assert close(found.subs(G, step), (readout * state)[0])
        state = matrix * state + force


@given(shift=st.integers(0, 3), p=fractions, c=fractions, y=fractions)
@settings(max_examples=40, deadline=None)
def test_scalar_recurrences_with_a_constant_fixed_point(shift, p, c, y):
    assume(p != 0)
    factor = 1 + p / (g + shift) ** 2
    assume(all(factor.subs(g, i) != 0 for i in range(2, 8)))
    found = solve_scalar(factor, c * (1 - factor), g, Integer(2), y, G)
    value = y
    for i in range(2, 7):
        value = factor.subs(g, i) * value + c * (1 - factor.subs(g, i))
        assert close(found.subs(G, i), value)


def test_variation_of_constants_when_the_product_is_rational():
    factor, force = (g - 1) ** 2 / g**2, 1 / g
    found = solve_scalar(factor, force, g, Integer(2), Integer(5), G)
    value = Integer(5)
    for i in range(2, 9):
        value = factor.subs(g, i) * value + force.subs(g, i)
        assert close(found.subs(G, i), value)


def test_unsolvable_is_none_not_a_guess():
    assert solve_scalar(1 + 1 / g**2, 1 / g, g, Integer(2), Integer(1), G) is None
    assert definite_sum(1 / (2**g + 1), g, Integer(1), G) is None
    assert definite_product(g**5 + g + 3, g, Integer(1), G) is None


@pytest.mark.parametrize("schedule", [Integer(1), j, j**2, j**3 + 2 * j, Integer(2) ** j, 3 * Rational(1, 2) ** j])
def test_schedule_totals(schedule):
    total = schedule_total(schedule, g)
    for upper in range(1, 7):
        assert (total.subs(g, upper) - sum(schedule.subs(j, i) for i in range(1, upper + 1))).simplify() == 0


def test_signs_are_certified_on_the_whole_range():
    n = Symbol("n", integer=True, positive=True)
    p, x = Symbol("p"), Symbol("x")
    assert sign(1 - 1 / n) == 1
    assert sign(p * (1 - p), {p: unit_interval()}) == 1
    assert sign(p - 2, {p: unit_interval()}) == -1
    assert sign(x - 3, {x: at_least(Integer(3))}) == 1
    assert sign(x - 4, {x: at_least(Integer(3))}) is None
    assert sign(1 - 2 * p, {p: unit_interval()}) is None
    assert sign(pi - 3) == 1
