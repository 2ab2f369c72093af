"""Products of Gamma functions: which of them are rational functions of their upper end."""

from __future__ import annotations

import pytest
from sympy import Rational, gamma, gammasimp, sqrt, symbols

from theory.expressions.symbols import G
from theory.solver.products import grows_like_gammas

n, tau = symbols("n tau", positive=True)

PRODUCTS = {
    "two steps apart": (gamma(G + 3) / gamma(G + 1), False),
    "a parameter, one step apart": (gamma(G + tau + 1) / gamma(G + tau), False),
    "pairs that cancel crosswise": (gamma(G + tau) * gamma(G) / (gamma(G + tau - 2) * gamma(G + 1)), False),
    "a constant beside them": (gamma(tau + 1) * gamma(G + 1) / gamma(G), False),
    "a parameter apart": (gamma(G + tau) / gamma(G), True),
    "half a step apart": (gamma(G + Rational(1, 2)) / gamma(G), True),
    "roots of numbers": (gamma(G + sqrt(2)) * gamma(G - sqrt(2)) / gamma(G) ** 2, True),
    "roots of parameters": (gamma(G + tau / sqrt(n)) * gamma(G - tau / sqrt(n)) / gamma(G) ** 2, True),
    "a geometric factor": (n ** (1 - G) * gamma(G + tau) / gamma(G), True),
}


@pytest.mark.parametrize("name", PRODUCTS)
def test_what_is_no_rational_function_is_told_without_simplifying(name: str) -> None:
    product, expected = PRODUCTS[name]
    assert grows_like_gammas(product, G) is expected
    assert gammasimp(product).is_rational_function(G) is not expected
