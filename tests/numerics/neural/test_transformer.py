"""Layers of the language model: gradients against finite differences, causality, the cache, how tokens are drawn."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from numerics.neural.sampling import Sampler
from numerics.neural.settled import generator_of, settled
from numerics.neural.transformer import Block, CausalAttention, Transformer
from theory import DomainError


def random_network(seed=1, **changed):
    settings = {"tokens": 7, "context": 9, "layers": 2, "width": 8, "heads": 2, **changed}
    network = Transformer(*settings.values())
    network.draw(generator_of(seed))
    for weight in network.parameters():
        weight.data *= 6  # far from where all is linear
    return network


@pytest.mark.parametrize("fused", [False, True])
@pytest.mark.parametrize("layer", [CausalAttention, Block])
def test_gradients_are_finite_differences(layer, fused):
    torch.manual_seed(0)
    made = layer(4, 2).double()
    for part in made.modules():
        if isinstance(part, CausalAttention):
            part.fused = fused
    x = torch.randn(2, 3, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: made(x)[0], (x,), fast_mode=True)
    weights = list(made.parameters())
    assert torch.autograd.gradcheck(
        lambda *given: functional.mse_loss(made(x)[0], torch.ones_like(x)), weights, fast_mode=True
    )


def test_both_ways_of_attention_are_one():
    network = random_network()
    tokens = torch.randint(7, (3, 9), generator=generator_of(2))
    fused = network(tokens)
    for block in network.blocks:
        block.attention.fused = False
    torch.testing.assert_close(network(tokens), fused, rtol=1e-5, atol=1e-5)


def test_no_position_sees_a_later_one():
    network = random_network()
    tokens = torch.randint(7, (1, 9), generator=generator_of(3))
    reference = network(tokens)
    for place in range(9):
        changed = tokens.clone()
        changed[0, place] = (changed[0, place] + 1) % 7
        moved = (network(changed) != reference).any(-1)[0]
        assert not moved[:place].any()
        assert moved[place:].all()


def test_the_cache_changes_nothing():
    network = random_network()
    tokens = torch.randint(7, (4, 9), generator=generator_of(4))
    whole, past, parts = network(tokens), None, []
    for place in range(9):
        logits, past = network.step(tokens[:, place : place + 1], past)
        parts.append(logits)
    torch.testing.assert_close(torch.cat(parts, 1), whole, rtol=1e-4, atol=1e-5)


def test_tokens_are_drawn_as_often_as_their_probability():
    logits = torch.tensor([[0.3, -1.0, 1.2, 0.0]]).expand(20_000, 4)
    uniform = torch.rand(20_000, generator=generator_of(5), dtype=torch.float64)
    for sampler in (Sampler(), Sampler(temperature=0.5), Sampler(top_k=2), Sampler(top_p=0.7), Sampler(temperature=0)):
        chances = sampler.probabilities(logits[:1])[0]
        shares = torch.bincount(sampler.draw(logits, uniform), minlength=4) / 20_000
        assert ((shares - chances).abs() <= 4 * (chances * (1 - chances) / 20_000).sqrt()).all()
    plain = torch.softmax(logits[0], -1)
    torch.testing.assert_close(
        Sampler(temperature=0.5).probabilities(logits[:1])[0].float(), plain**2 / (plain**2).sum()
    )
    kept = plain.clone()
    kept[[1, 3]] = 0  # the two most probable: 0.56 and 0.23
    torch.testing.assert_close(Sampler(top_k=2).probabilities(logits[:1])[0].float(), kept / kept.sum())
    torch.testing.assert_close(Sampler(top_p=0.7).probabilities(logits[:1])[0].float(), kept / kept.sum())
    assert Sampler(top_p=1e-9).probabilities(logits[:1])[0].tolist() == [0, 0, 1, 0]
    last = torch.tensor([[0.0, 0.0, -torch.inf]])
    assert Sampler().draw(last, torch.tensor([1.0], dtype=torch.float64)).tolist() == [1]


@pytest.mark.parametrize(
    "changed", [{"temperature": -1}, {"temperature": np.inf}, {"top_k": 0}, {"top_p": 0}, {"top_p": 1.1}]
)
def test_samplers_that_cannot_be_are_refused(changed):
    with pytest.raises(DomainError, match=f"{next(iter(changed))} = "):
        Sampler(**changed)


def test_what_is_settled_is_put_back():
    torch.set_num_threads(2)
    with settled(1, "cpu"):
        assert torch.get_num_threads() == 1
        assert torch.are_deterministic_algorithms_enabled()
    assert torch.get_num_threads() == 2
    assert not torch.are_deterministic_algorithms_enabled()
