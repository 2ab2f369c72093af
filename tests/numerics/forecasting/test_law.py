"""The forms of the depth law: their squares."""

from __future__ import annotations

import numpy as np
import pytest

from numerics.forecasting.law import RATES, _pairs, mixtures


@pytest.mark.parametrize("growing", [False, True])
@pytest.mark.parametrize("rates", [len(RATES) - 1, len(RATES)])
def test_squares_of_forms_are_their_quadratic_forms(growing: bool, rates: int) -> None:
    weights = mixtures(growing, rates)
    table = np.random.default_rng(1).standard_normal(2 * (weights.shape[1],))
    expected = np.einsum("ij,jk,ik->i", weights, table, weights, optimize=True)
    assert _pairs(growing, rates) @ table.ravel() == pytest.approx(expected, abs=1e-12)
