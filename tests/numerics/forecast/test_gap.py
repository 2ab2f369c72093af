"""What the generalisation gap of generation 1 says of A."""

from __future__ import annotations

import numpy as np
import pytest
from chains import Truth

from numerics import forecast
from theory import Accumulate, DomainError, Replace


def test_the_gap_moves_variance_to_half_of_it_and_accumulate_with_it() -> None:
    truth = Truth(Replace(), rate=0.9, share=0.5, noise=0.02, persistence=0.5)
    losses = truth.chain(5, np.random.default_rng(11))
    plain, small, large = (forecast(losses, Replace(), generalisation_gap=gap, horizon=8) for gap in (None, 0.02, 0.4))
    step = (losses[-1] - losses[0]) / 4
    assert small.parameters["A"].median < plain.parameters["A"].median < large.parameters["A"].median
    assert large.parameters["A"].median == pytest.approx(min(0.2, step), rel=0.4)
    # Variance is what averaging over blocks leaves least of. Without a gap all may be bias, with none.
    middle = forecast(losses, Replace(), generalisation_gap=0.1, horizon=8)
    rises = [found.of(Accumulate()).median[-1] - losses[0] for found in (small, middle, large)]
    assert rises[0] > rises[1] > rises[2]


@pytest.mark.parametrize("gap", [0, -1, np.nan, np.inf, "wide", [1, 2]])
def test_a_gap_that_cannot_be_is_named(gap) -> None:
    with pytest.raises(DomainError, match="generalisation_gap"):
        forecast([1.0, 1.2, 1.3], Replace(), generalisation_gap=gap)
