"""Activations whose bits do not depend on how many numbers there are."""

import pytest
import torch

from numerics.neural import whole_vectors
from numerics.neural.settled import settled


@pytest.mark.parametrize("name", ["silu", "softplus", "sigmoid", "gelu"])
def test_a_number_has_the_same_bits_alone_and_among_others(name):
    """Without filling up some 40 to 190 of 1,000 differ on a processor with vectors."""
    function = getattr(whole_vectors, name)
    with settled(1, "cpu"):
        x = torch.randn(1000, generator=torch.Generator().manual_seed(0))
        among = function(x)
        for size in (1, 7, 64, 250):
            assert torch.equal(torch.cat([function(part) for part in x.split(size)]), among)
        assert torch.equal(function(x.view(8, 125)), among.view(8, 125))
        assert torch.allclose(among, getattr(torch, name, getattr(torch.nn.functional, name, None))(x), rtol=1e-3)


def test_gradients_are_those_of_the_function():
    x = torch.randn(5, dtype=torch.float64, requires_grad=True, generator=torch.Generator().manual_seed(1))
    for name in ("silu", "softplus", "sigmoid", "gelu"):
        assert torch.autograd.gradcheck(getattr(whole_vectors, name), x)
