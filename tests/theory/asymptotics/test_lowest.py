"""How small sequences get: exact candidates against all of their first terms, and never a verdict on a guess."""

from __future__ import annotations

from random import Random

import pytest
from sympy import E, Eq, Integer, Piecewise, Rational, S, Symbol, cos, exp, log, oo, sin, sqrt

from theory import j
from theory.asymptotics.enclosures import enclosure
from theory.asymptotics.lowest import always_at_least, infimum


@pytest.mark.parametrize(
    ("sequence", "low"),
    [
        (401 * j / (j**2 + 400), 0),
        (exp(j / 10 - j**2 / 1000), 0),
        (2 + (-1) ** j, 1),
        (2 + (-1) ** j * 2 ** (-j), Rational(3, 2)),
        (1 + log(j), 1),
        (exp(j), E),
        (Rational(1, 2) + 2 ** (-j), Rational(1, 2)),
        (j**j, 1),
        (1 + 1 / j, 1),
        (j**3 / (j + 2), Rational(1, 3)),
        ((j - Rational(10003, 10)) ** 2, Rational(9, 100)),
        (1 / (j - Rational(20, 3)), -Rational(3, 2)),
        (1 + j * exp(-j), 1),
        (sqrt(j) + 9 / sqrt(j), 6),
        (Piecewise((5, Eq(j, 1)), (3, j <= 4), (j, True)), 3),
        (Piecewise((2, j < 3000), (1 + 1 / j, True)), 1),
        (j - j**2, -oo),
    ],
)
def test_infimum(sequence, low):
    assert infimum(S(sequence), j, 1) == low


def test_rational_sequences_against_all_their_terms():
    """Quotients of random cubics: no term is below, and some term, or the limit, is as low."""
    draw = Random(7)
    for _ in range(40):
        top, bottom = ([draw.randint(-40, 40) for _ in range(4)] for _ in range(2))
        bottom[0], bottom[3] = abs(bottom[0]) + 1, abs(bottom[3])
        sequence = S(sum(c * j ** (3 - i) for i, c in enumerate(top))) / sum(
            c * j ** (3 - i) for i, c in enumerate(bottom)
        )
        values = []
        for at in range(1, 200):
            below = sum(c * at ** (3 - i) for i, c in enumerate(bottom))
            if below == 0:
                break
            values.append(Rational(sum(c * at ** (3 - i) for i, c in enumerate(top)), below))
        else:
            low = infimum(sequence, j, 1)
            limit = Rational(top[0], bottom[0])
            assert low <= min(values)
            # extreme points of these lie below 200
            assert low == min(*values, limit)


def test_symbols():
    c = Symbol("c", positive=True)
    assert infimum(1 + c * j, j, 1) == 1 + c
    assert infimum(1 + c / j, j, 1) == 1
    assert infimum(j + c / j, j, 1) is None


@pytest.mark.parametrize(
    ("size", "bound", "verdict"),
    [
        (401 * j / (j**2 + 400), 5, S.false),
        (1 + sin(j) / 2, 5, S.true),
        (1 + sin(j) / 2, 6, S.false),
        (sqrt(j + 1) - sqrt(j), 1, S.false),
        (2 + cos(j) / (1 + log(j)), 9, S.true),
        (1 + sin(j**2 + 1), 0, S.true),
    ],
)
def test_always(size, bound, verdict):
    assert always_at_least(Integer(10), size, j, 1, Integer(bound)) == verdict


def test_a_rare_fall_is_not_called_safe():
    """Below the bound at 777 777 alone: found where it is rational, undecided where nothing is known."""
    rational = (j - 777_777) ** 2
    assert always_at_least(Integer(1), rational, j, 1, Integer(1)) == S.false
    hidden = 2 + sin(j) - 2 * exp(-((j - 777_777) ** 2))
    assert always_at_least(Integer(1), hidden, j, 1, Rational(1, 2)) in (S.false, None)


@pytest.mark.parametrize(
    "function", [exp(-j) * (1 - j), j**2 - 5 * j, log(j) / j, (j - 3) / (j + 1), 2 ** (-j) - sqrt(j)]
)
@pytest.mark.parametrize(("low", "high"), [(1, 4), (6, 9), (6, None)])
def test_enclosures_hold_every_value(function, low, high):
    found = enclosure(function, j, low, high)
    assert found is not None
    for step in range(61):
        at = low + Rational(step, 20) * (1 if high else step)
        if high is None or at <= high:
            value = float(function.subs(j, at))
            assert float(found[0]) - 1e-12 <= value <= float(found[1]) + 1e-12
