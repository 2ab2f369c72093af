"""Which sizes keep replace bounded: known series, their sums, and what partial sums say."""

from __future__ import annotations

import math

import pytest
from sympy import And, E, Eq, Or, Rational, S, Symbol, coth, exp, factorial, log, oo, pi, sqrt, zeta

from theory import DomainError, NotDerivedError, j
from theory.design import required_growth

A, Q, B = Symbol("a", real=True), Symbol("q", positive=True), Symbol("b", real=True)

BOUNDED = [
    (j**2, pi**2 / 6),
    (3 * j**2, pi**2 / 6),
    (j * sqrt(j), zeta(Rational(3, 2))),
    (j * (j + 1), S(2)),
    (2**j, S(2)),
    ((j + 1) ** 3, 8 * (zeta(3) - 1)),
    (j * log(j + 1) ** 2, None),
    (factorial(j), E - 1),
    (2**j * factorial(j), 2 * (exp(S.Half) - 1)),
    (factorial(j) / 5**j, (exp(5) - 1) / 5),
    (j**2 + 1, pi * coth(pi) - 1),
    (j**j, None),
    (2 ** sqrt(j), None),
    (j * log(j + 5) * log(log(j + 5)) ** 2, None),
]
UNBOUNDED = [
    S(1),
    j,
    7 * j,
    j + sqrt(j),
    1 / j,
    2 ** (-j),
    log(j + 1),
    j * log(j + 1),
    j * log(j + 5) * log(log(j + 5)),
]


@pytest.mark.parametrize(("sizes", "bound"), BOUNDED)
def test_bounded(sizes, bound):
    answer = required_growth(sizes)
    assert answer.bounded == S.true
    if bound is None:
        # No closed form: unknown, or an infinite sum that evaluates itself, above every partial sum.
        assert answer.bound is None or (answer.bound - answer.partial(10)).evalf(20) > 0
    else:
        assert abs((answer.bound - bound).evalf(30)) < 1e-25
    assert "converges" in answer.certificate


@pytest.mark.parametrize("sizes", UNBOUNDED)
def test_unbounded(sizes):
    answer = required_growth(sizes)
    assert (answer.bounded, answer.bound) == (S.false, oo)
    assert "diverges" in answer.certificate


def test_the_whole_family():
    answer = required_growth()
    assert answer.bounded == Or(Q > 1, And(Eq(Q, 1), Or(A > 1, And(Eq(A, 1), B > 1))))


@pytest.mark.parametrize(
    ("q", "a", "b"),
    [("3/2", -1, 0), ("1/2", 3, 0), (1, 3, 0), (1, 1, 0), (1, "1/2", 0), (1, 1, 2), (1, 1, 1)],
)
def test_the_family_at_numbers(q, a, b):
    """The condition in symbols is the answer for numbers, found without them."""
    q, a, b = Rational(q), Rational(a), Rational(b)
    expected = required_growth().bounded.subs({Q: q, A: a, B: b})
    assert required_growth(q**j * j**a * log(j + 1) ** b).bounded == expected


@pytest.mark.parametrize(("symbol", "sizes", "condition"), [
    (Symbol("a", positive=True), lambda a: j**a, lambda a: a > 1),
    (Symbol("q", positive=True), lambda q: q**j, lambda q: q > 1),
    (Symbol("b", real=True), lambda b: j * log(j + 1) ** b, lambda b: b > 1),
])  # fmt: skip
def test_families_of_one_parameter(symbol, sizes, condition):
    assert required_growth(sizes(symbol)).bounded == condition(symbol)


@pytest.mark.parametrize("sizes", [j**2, (j + 1) * log(j + 1) ** 2, 2**j])
def test_enclosures_hold_the_bound_and_close_in(sizes):
    answer = required_growth(sizes)
    rough, fine = answer.enclosure(10), answer.enclosure(60)
    low, high = (float(value.evalf(20)) for value in fine)
    assert float(rough[0].evalf(20)) <= low <= high <= float(rough[1].evalf(20))
    # The two sides differ by less than one term at the first block left out.
    assert high - low <= float(sizes.subs(j, 1) / sizes.subs(j, 60)) + 1e-15
    # A partial sum stays below.
    head = math.fsum(float(sizes.subs(j, 1)) / _size(sizes, block) for block in range(1, 301))
    assert head <= high
    if answer.bound is not None:
        assert low <= float(answer.bound) <= high


def _size(sizes, block: int) -> float:
    return float(sizes.subs(j, block))


def test_divergence_is_witnessed():
    assert required_growth(j).first_above(3) == next(
        g for g in range(1, 50) if sum(Rational(1, i) for i in range(1, g + 1)) > 3
    )
    assert required_growth(1).first_above(7) == 8
    found = required_growth(log(j + 1)).first_above(5)
    partial = [math.fsum(math.log(2) / math.log(i + 1) for i in range(1, g + 1)) for g in (found - 1, found)]
    assert partial[0] <= 5 < partial[1]
    with pytest.raises(DomainError, match="is never passed"):
        required_growth(j**2).first_above(2)


def test_what_is_refused():
    with pytest.raises(DomainError, match="every size must be positive"):
        required_growth(j - 5)
    with pytest.raises(DomainError, match="nothing to enclose"):
        required_growth(j).enclosure()
    with pytest.raises(NotDerivedError, match="no enclosure"):
        required_growth(exp(j) * j**3).enclosure()
    with pytest.raises(NotDerivedError, match="border"):
        required_growth(j * log(j + 5) * log(log(j + 5)) * log(log(log(j + 20)))).bounded  # noqa: B018
