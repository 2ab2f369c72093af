"""The forward pass against a plain one number by number, rotary orders, batches, bad input, and gradients."""

from __future__ import annotations

import numpy as np
import pytest
from small_models import CONFIG, GROUPS, HEAD, HEADS, llama_tensors, write_folder

from numerics.editing.dpo import likelihood_gradients
from numerics.editing.effect import Bench, token_states, with_weights
from numerics.editing.llama import Llama, Shape, llama_of_folder
from numerics.editing.llama_torch import on_torch
from theory import DomainError

TEXTS = [[5, 200, 31, 7, 7, 90], [1, 2, 3], [250]]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return llama_of_folder(write_folder(tmp_path_factory.mktemp("llama") / "model", llama_tensors()))


def plain_logits(tensors, text, epsilon=1e-5, base=10000.0):
    """Logits of the last token: token by token, head by head, positions as complex turns."""
    t = {name: array.astype(np.float64) for name, array in tensors.items()}

    def norm(x, w):
        return x / np.sqrt((x**2).mean() + epsilon) * w

    def turned(x, position):
        half = HEAD // 2
        numbers = x[:half] + 1j * x[half:]
        numbers = numbers * np.exp(1j * position * base ** (-2 * np.arange(half) / HEAD))
        return np.concatenate([numbers.real, numbers.imag])

    states = [t["model.embed_tokens.weight"][token] for token in text]
    for block in range(3):
        w = {name.split(f"layers.{block}.")[1]: a for name, a in t.items() if f"layers.{block}." in name}
        normed = [norm(h, w["input_layernorm.weight"]) for h in states]
        keys = [(w["self_attn.k_proj.weight"] @ x).reshape(GROUPS, HEAD) for x in normed]
        values = [(w["self_attn.v_proj.weight"] @ x).reshape(GROUPS, HEAD) for x in normed]
        following = []
        for i, h in enumerate(states):
            queries = (w["self_attn.q_proj.weight"] @ normed[i]).reshape(HEADS, HEAD)
            parts = []
            for head in range(HEADS):
                group = head // (HEADS // GROUPS)
                query = turned(queries[head], i)
                scores = np.array([query @ turned(keys[j][group], j) / HEAD**0.5 for j in range(i + 1)])
                weights = np.exp(scores - scores.max())
                weights /= weights.sum()
                parts.append(sum(weights[j] * values[j][group] for j in range(i + 1)))
            h = h + w["self_attn.o_proj.weight"] @ np.concatenate(parts)
            x = norm(h, w["post_attention_layernorm.weight"])
            gate = w["mlp.gate_proj.weight"] @ x
            following.append(
                h + w["mlp.down_proj.weight"] @ (gate / (1 + np.exp(-gate)) * (w["mlp.up_proj.weight"] @ x))
            )
        states = following
    return t["model.embed_tokens.weight"] @ norm(states[-1], t["model.norm.weight"])


def test_the_same_logits_as_number_by_number(model):
    rows = model.hidden(TEXTS)
    ends = np.cumsum([len(text) for text in TEXTS]) - 1
    for end, text in zip(ends, TEXTS, strict=True):
        plain = plain_logits(llama_tensors(), text)
        assert np.abs(model.logits(rows[[end]])[0] - plain).max() < 1e-4 * np.abs(plain).max()


def test_rotary_in_neighbours_is_rotary_in_halves_with_rows_reordered(model):
    """As GGUF stores rows of queries and keys; the wrong order gives other logits."""
    order = np.arange(HEAD).reshape(2, HEAD // 2).T.ravel()

    def reordered(matrix):
        return matrix.reshape(-1, HEAD, matrix.shape[1])[:, order].reshape(matrix.shape)

    blocks = [dict(block, q=reordered(block["q"]), k=reordered(block["k"])) for block in model.blocks]
    for interleaved in (True, False):
        shape = Shape(**{**vars(model.shape), "interleaved": interleaved})
        other = Llama(shape, model.embedding, model.head, model.norm, blocks)
        gap = np.abs(other.logits(other.hidden(TEXTS[:1])) - model.logits(model.hidden(TEXTS[:1]))).max()
        assert (gap < 1e-4) == interleaved


def test_batches_and_starting_half_way_change_nothing(model):
    together = model.hidden(TEXTS)
    alone = np.concatenate([model.hidden([text]) for text in TEXTS])
    assert np.abs(together - alone).max() < 1e-6 * np.abs(alone).max()
    half = model.hidden(TEXTS, stop=2)
    assert np.abs(model.hidden(TEXTS, start=2, given=half) - together).max() == 0
    one, other = token_states(model, TEXTS, batch=1), token_states(model, TEXTS, batch=3)
    assert np.abs(one - other).max() < 1e-6 * np.abs(one).max()


def test_states_leave_out_the_first_token(model):
    rows = []
    model.hidden(TEXTS[:1], seen=lambda number, found: rows.append(found.astype(float)))
    states = token_states(model, TEXTS)
    assert states.shape == (3, 3, 16)
    assert np.allclose(states[1, 0], rows[1][1:].mean(axis=0))
    # A text of one token is that token.
    assert np.allclose(states[0, 2], model.hidden([[250]], stop=1)[0])
    assert np.allclose(token_states(model, TEXTS, skip=0)[1, 0], rows[1].mean(axis=0))


def test_bench(model):
    contexts, texts = [[3, 4], [5], [6, 7, 8]], [[1, 2, 3, 4], [9, 8, 7]]
    bench = Bench(model, contexts, {10, 11}, texts, start=1)
    for place, text in enumerate(contexts):
        logits = plain_logits(llama_tensors(), text)
        shares = np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()
        assert bench.mass[place] == pytest.approx(shares[[10, 11]].sum(), rel=1e-3)
    assert bench.tokens == 5
    assert [len(part) for part in bench.losses] == [3, 2]
    logits = plain_logits(llama_tensors(), [9, 8])
    expected = np.log(np.exp(logits - logits.max()).sum()) + logits.max() - logits[7]
    assert bench.losses[1][1] == pytest.approx(expected, rel=1e-4)
    same = bench.effect(model)
    assert same.mass.relative == 0
    assert same.perplexity.relative == 0
    changed = with_weights(model, {(2, "down"): 0 * model.blocks[2]["down"]})
    effect = bench.effect(changed)
    assert effect.perplexity.after == pytest.approx(np.exp(np.mean(np.concatenate(bench.last[1]))))
    assert effect.mass.relative != 0
    assert effect.perplexity.standard_error > 0


def test_the_pass_of_torch_is_that_of_numpy(model):
    pytest.importorskip("torch")
    generator = np.random.default_rng(3)
    biases = [
        dict(
            block, **{f"{name}_bias": generator.standard_normal(len(block[name])).astype(np.float32) for name in "qkv"}
        )
        for block in model.blocks
    ]
    for interleaved in (False, True):
        shape = Shape(**{**vars(model.shape), "interleaved": interleaved})
        plain = Llama(shape, model.embedding, model.head, model.norm, biases)
        other = with_weights(on_torch(plain), {(1, "down"): 2 * model.blocks[1]["down"]})
        plain = with_weights(plain, {(1, "down"): 2 * model.blocks[1]["down"]})
        rows = [one.hidden(TEXTS, 1, plain.hidden(TEXTS, stop=1)) for one in (plain, other)]
        # Some hundred sums of float32, of numbers that cancel.
        assert np.abs(rows[0] - rows[1]).max() < 2e-6 * np.abs(rows[0]).max()
        assert np.abs(token_states(plain, TEXTS) - token_states(other, TEXTS)).max() < 2e-6 * np.abs(rows[0]).max()
        logits = [one.logits(rows[0]) for one in (plain, other)]
        assert np.abs(logits[0] - logits[1]).max() < 2e-6 * np.abs(logits[0]).max()
        logs = [np.concatenate([part for _, part in one.log_probabilities(rows[0])]) for one in (plain, other)]
        assert np.abs(logs[0] - logs[1]).max() < 2e-6 * np.abs(logits[0]).max()
    with pytest.raises(DomainError, match="holds the token 256"):
        other.hidden([[256]])


def test_gradients_of_the_likelihood(model):
    pytest.importorskip("torch")
    chosen, rejected = [[3, 4, 5, 60]], [[3, 4, 99, 7, 8]]
    (found,) = likelihood_gradients(model, chosen, rejected, [1, 2])
    direction = np.random.default_rng(0).standard_normal(found[1].shape).astype(np.float32)

    def difference(step):
        edited = with_weights(model, {(1, "down"): model.blocks[1]["down"] + step * direction})
        losses = [
            sum(map(np.sum, Bench(edited, [[1], [2]], [0], [text[0], text[0]]).losses)) / 2
            for text in (chosen, rejected)
        ]
        return losses[1] - losses[0]

    slope = (difference(1e-2) - difference(-1e-2)) / 2e-2
    assert slope == pytest.approx(float((found[1] * direction).sum()), rel=2e-2)


def test_bad_input(model, tmp_path):
    for texts, word in (([], "texts are none"), ([[]], "text 0 has no tokens"), ([[1, 256]], "holds the token 256")):
        with pytest.raises(DomainError, match=word):
            model.hidden(texts)
    with pytest.raises(DomainError, match="the concept has no tokens"):
        Bench(model, [[1], [2]], [], [[1, 2], [2, 3]])
    with pytest.raises(DomainError, match="too short"):
        Bench(model, [[1], [2]], [1], [[1], [2, 3]])
    for changes, word in (
        ({"model_type": "gpt2"}, "models of type 'gpt2' are not computed here"),
        ({"rope_scaling": {"rope_type": "llama3"}}, "scales its rotary positions"),
        ({"hidden_act": "gelu"}, "activation 'gelu'"),
    ):
        folder = write_folder(tmp_path / word.split()[0] / str(len(word)), llama_tensors(), CONFIG | changes)
        with pytest.raises(DomainError, match=word):
            llama_of_folder(folder)
