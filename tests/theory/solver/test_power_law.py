"""Recurrences without closed forms: limits and leading terms against the sequence itself, and known constants."""

from __future__ import annotations

from itertools import islice

import pytest
from sympy import Eq, Float, Matrix, N, Piecewise, Rational, S, Symbol, gamma, hyper, log, pi, symbols

from theory import G
from theory.expressions.expansion import Order
from theory.expressions.signs import unit_interval
from theory.moments.recurrence import MomentRecurrence
from theory.solver.power_law import power_law
from theory.solver.shrinking_steps import shrinking_limit
from theory.solver.solution import Solution
from theory.workflows.dynamics import GENERATION

g = GENERATION


def scalar(step, inflow, initial=S.One, start=2):
    step, inflow, one = Matrix([[step]]), Matrix([[inflow]]), Matrix([[1]])
    return MomentRecurrence(start=start, matrix=step, forcing=inflow, readout=one, initial=Matrix([initial]))


def pool(share, curvature=S.Zero):
    """A pool of which a share is real, in units of the first risk."""
    return scalar((1 - share / g) ** 2 + (1 - share) * curvature / g**2, 1 / g**2)


def value(recurrence, at):
    return next(islice(recurrence.values(), at - 1, None))


def test_the_pool_that_is_partly_real():
    share = Symbol("rho", positive=True)
    growth = Solution(pool(share), {share: unit_interval()}).growth
    constant = hyper((1, 1, 1), (2 - share, 2 - share), 1) / gamma(2 - share) ** 2
    assert growth == Piecewise(
        (constant * G ** (-2 * share), share < Rational(1, 2)),
        (log(G) / G, Eq(share, Rational(1, 2))),
        (1 / (G * (2 * share - 1)), True),
    )
    assert Solution(pool(share), {share: unit_interval()}).limit == 0
    # The end of the curve: no real data at all.
    assert abs(N(constant.subs(share, Rational(1, 10**9)), 20) - N(pi**2 / 6, 20)) < Float("1e-8")
    assert abs(N(value(pool(Rational(1, 4)), 10), 22) - Float("0.695136205076840700083", 22)) < Float("1e-20")


@pytest.mark.parametrize(
    ("step", "inflow", "initial"),
    [
        ((1 - Rational(1, 4) / g) ** 2, 1 / g**2, S.One),
        ((1 - Rational(1, 4) / g) ** 2 - Rational(1, 7) / g**2, 1 / g**2, S.One),
        (1 - Rational(1, 3) / g, 2 / g**2, S.One / 5),
        (1 - Rational(1, 3) / g + 1 / g**2, (g + 3) / g**3, S(4)),
        ((g - Rational(2, 3)) / (g + 1), 1 / g**4, S.Zero),
        (1 - Rational(1, 2) / g, S.Zero, S(3)),
    ],
    ids=str,
)
def test_the_constant_is_what_the_sequence_tends_to(step, inflow, initial):
    """g^c y_g at 200 and at 800: what is left must shrink at least as the next power does."""
    recurrence = scalar(step, inflow, initial)
    law = power_law(recurrence, Order({}))
    constant, power = N(law.coefficient, 30), law.power
    errors = [abs(N(value(recurrence, at) * S(at) ** power, 30) / constant - 1) for at in (200, 800)]
    gap = 1 if inflow == 0 else min(1, N(_exponent(inflow) - 1 - power))
    assert errors[1] < errors[0] * 4 ** (-0.9 * float(gap))
    wrong = [abs(N(value(recurrence, at) * S(at) ** power, 30) / constant / Float("1.01") - 1) for at in (200, 800)]
    if gap == 1:
        assert wrong[1] > wrong[0] * 4 ** (-0.9)


def _exponent(inflow):
    top, bottom = inflow.as_numer_denom()
    return bottom.as_poly(g).degree() - (top.as_poly(g).degree() if top.has(g) else 0)


@pytest.mark.parametrize(
    ("step", "inflow", "leading"),
    [
        (1 - 2 / g, 3 / g**2, 3 / G),
        (1 - 1 / g, 3 / g**2 + 1 / g**3, 3 * log(G) / G),
        (1 - Rational(5, 2) / g + 1 / g**2, 5 / g, S(2)),
        (1 - 1 / (2 * g), S(3), 2 * G),
    ],
    ids=str,
)
def test_inflows_that_outlast_the_start(step, inflow, leading):
    recurrence = scalar(step, inflow)
    assert power_law(recurrence, Order({})).term == leading
    late = 800
    ratio = N(value(recurrence, late) / leading.subs(G, late), 15)
    assert abs(ratio - 1) < (0.2 if leading.has(log) else 0.01)


def test_what_is_of_another_kind_is_left_alone():
    assert power_law(scalar(Rational(1, 2), 1 / g**2), Order({})) is None
    assert power_law(scalar(1 - 1 / g, 2**-g), Order({})) is None
    assert power_law(scalar(1 - (g**3 + 2) / (g**4 + g + 5), 1 / g**3), Order({})) is None


def test_limits_component_by_component():
    """A biased sampler under accumulate: (E δ, E δ²) tends to (b, b²) whatever the noise."""
    tau, b, noise = symbols("tau b v", positive=True)
    lean = 1 - tau
    recurrence = MomentRecurrence(
        start=2,
        matrix=Matrix([[1 - lean / g, 0], [2 * lean * b * (1 - lean / g) / g, (1 - lean / g) ** 2]]),
        forcing=Matrix([lean * b / g, (lean**2 * b**2 + noise) / g**2]),
        readout=Matrix([[0, 1]]),
        initial=Matrix([0, noise]),
    )
    assert shrinking_limit(recurrence, Order({tau: unit_interval()})) == b**2
    assert Solution(recurrence, {tau: unit_interval()}).limit == b**2
    # Without a pull there is no limit to be had this way.
    assert shrinking_limit(recurrence.subs(tau, S.One), Order({})) is None
