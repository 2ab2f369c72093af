"""Stacked chains: each is what it is alone, bit for bit through the same map, whoever else is in the stack."""

import numpy as np
import pytest
import torch

from numerics.neural import LanguageModel
from numerics.neural.stack import _clipping, fit_stacked
from theory import DomainError

RNG = np.random.default_rng(1)
ROWS = [RNG.integers(0, 6, (size, 8)).astype(np.uint8) for size in (30, 40, 50, 20, 35)]


def model(**changed):
    settings = {"context": 8, "layers": 2, "width": 16, "heads": 2, "steps": 25, "batch": 8, **changed}
    return LanguageModel(6, **settings)


def stacked(places):
    models = [model() for _ in places]
    fit_stacked(models, [ROWS[place] for place in places], [10 + place for place in places])
    return [each.state() for each in models]


def test_a_chain_is_the_same_in_every_stack():
    five = stacked(range(5))
    for places in ([0], [2], [1, 3, 2], [4, 0]):
        for place, state in zip(places, stacked(places), strict=True):
            for name, value in state.items():
                assert (value == five[place][name]).all(), (places, name)


def test_a_stacked_chain_is_a_single_fit_but_for_rounding():
    (state,) = stacked([3])
    single = model()
    single.fit(ROWS[3], seed=13)
    for name, value in single.state().items():
        if value.dtype.kind == "f":
            np.testing.assert_allclose(state[name], value, atol=2e-4)
            assert np.abs(value).max() > 0.01


def test_gradients_are_clipped_chain_by_chain():
    slopes = {"a": torch.tensor([[3.0, 0.0], [0.3, 0.0]]), "b": torch.tensor([[[4.0]], [[0.4]]])}
    np.testing.assert_allclose(_clipping(slopes).numpy(), [0.2, 1.0], rtol=1e-5)


def test_chains_that_cannot_be_stacked_are_refused():
    for models, rows, seeds, told in (
        ([model()], [ROWS[0], ROWS[1]], [1], "give one of each a chain"),
        ([model(), model(width=8)], ROWS[:2], [1, 2], "models differ in shape or training"),
        ([model(), model()], [ROWS[0], ROWS[1][:, :5]], [1, 2], r"rows have \[5, 8\] tokens"),
    ):
        with pytest.raises(DomainError, match=told):
            fit_stacked(models, rows, seeds)
