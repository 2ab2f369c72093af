"""Functions on the scale of exponentials, powers and logarithms, and their partial sums."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import E, Rational, S, Sum, Symbol, diff, exp, factorial, harmonic, limit, log, oo, sin, sqrt, zeta

from theory.asymptotics.scales import scale_of
from theory.errors import NotDerivedError

X = Symbol("x", positive=True)
I = Symbol("i", integer=True, positive=True)  # noqa: E741

EXPONENTS = st.integers(-3, 3)


@settings(max_examples=40)
@given(rate=st.sampled_from([Rational(1, 3), S.One, S(2), E]), powers=st.tuples(EXPONENTS, EXPONENTS, EXPONENTS))
def test_products_are_read_off(rate, powers):
    """Shifts and constants inside logarithms change nothing to leading order."""
    a, b, c = powers
    function = 5 * rate ** (X + 2) * (X + 3) ** a * log(2 * X + 7) ** b * log(log(X + 9)) ** c
    scale = scale_of(function, X)
    assert scale.powers == (log(rate), a, b, c)
    assert (scale.constant - 5 * rate**2).equals(0)


@pytest.mark.parametrize(
    ("function", "leading"),
    [
        (X**2 + sqrt(X) + 1, X**2),
        (3 * X**2 + 2 * X**2 * log(X) - X**2, 2 * X**2 * log(X)),
        (2**X + 3**X, 3**X),
        (2 ** (X - 1) + 2 ** (X - 2), 3 * 2**X / 4),
        (sqrt(X + 1) - sqrt(X), 1 / (2 * sqrt(X))),
        (harmonic(X), log(X)),
        (harmonic(X, S.Half), 2 * sqrt(X)),
        (harmonic(X - 2, -2), X**3 / 3),
        (Sum(log(I + 1), (I, 1, X)), X * log(X)),
        (log(harmonic(X)), log(log(X))),
        (1 / (X * harmonic(X) ** 2), 1 / (X * log(X) ** 2)),
    ],
    ids=str,
)
def test_leading_terms(function, leading):
    found = scale_of(function, X).leading
    assert found is not None
    assert found.equals(leading) or limit(found / leading, X, oo) == 1


def test_sums_of_fractional_powers_against_numbers():
    """Where SymPy's own limit of H_x^(1/2)/√x is wrong."""
    total = math.fsum(1 / math.sqrt(i) for i in range(1, 1_000_001))
    assert total / float(scale_of(harmonic(X, S.Half), X).leading.subs(X, 10**6)) == pytest.approx(1, abs=1e-3)


DIVERGENT = [
    S.One, X, 1 / X, 1 / sqrt(X), log(X), 1 / log(X), log(X) / X, 1 / (X * log(X)), log(log(X)) / (X * log(X)),
    sqrt(log(X)) / X, 2 ** sqrt(X), exp(sqrt(X)) / X, log(X) ** log(X), 1 / (X * log(X) * log(log(X))),
]  # fmt: skip


@pytest.mark.parametrize("term", DIVERGENT, ids=str)
def test_partial_sums_have_the_term_for_their_derivative(term):
    """Where f(x + 1)/f(x) → 1 sums are integrals, and by l'Hôpital S ~ L exactly when L'/f → 1."""
    ((total, condition),) = scale_of(term, X).summed()
    assert condition == S.true
    assert total is not None
    assert limit(diff(total.leading, X) / term, X, oo) == 1


@pytest.mark.parametrize("term", [2**X, 5**X / X, factorial(X), X**X, 2**X * factorial(X)], ids=str)
def test_last_terms_dominate(term):
    """S(x) − S(x − 1) = f(x): L obeys it to leading order."""
    ((total, _),) = scale_of(term, X).summed()
    assert total is not None
    f, ahead = (float(term.subs(X, at)) for at in (60, 59))
    leading, before = (float(total.leading.subs(X, at)) for at in (60, 59))
    assert (leading - before) / f == pytest.approx(1, abs=2e-2)
    assert ahead < f
    exact = sum(float(term.subs(X, at)) for at in range(1, 61))
    assert exact / leading == pytest.approx(1, abs=2e-2)


@pytest.mark.parametrize(
    "term",
    [1 / X**2, 1 / (X * log(X) ** 2), 1 / (X * log(X) * log(log(X)) ** 2), 1 / factorial(X), 3 ** -sqrt(X)],
    ids=str,
)
def test_convergent_series(term):
    assert scale_of(term, X).summed() == [(None, S.true)]


def test_parameters_decide_by_cases():
    a = Symbol("a", positive=True)
    cases = scale_of(X ** (-a), X).summed()
    for number in (Rational(1, 2), S.One, S(2)):
        (held,) = [total for total, condition in cases if condition.subs(a, number) == S.true]
        ((expected, _),) = scale_of(X ** (-number), X).summed()
        assert (held is None) == (expected is None)
        if held is not None:
            assert held.leading.subs(a, number) == expected.leading


def test_a_series_of_unknown_value_has_no_constant():
    scale = scale_of(harmonic(X, 2), X)
    assert scale.powers == (0, 0, 0, 0)
    assert scale.constant is None
    assert scale.leading is None


def test_what_is_not_compared():
    for function in (2 + (-1) ** X, zeta(X), Symbol("f") ** X, sin(X), factorial(X) * 3 ** (-(X**2))):
        with pytest.raises(NotDerivedError):
            scale_of(function, X)
    with pytest.raises(NotDerivedError, match="border of the finest scale"):
        scale_of(1 / (X * log(X) * log(log(X)) * log(log(log(X)))), X).summed()
