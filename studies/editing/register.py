"""Why projection does nothing to the register of a tiny transformer, while one step of DPO does.

A language of neutral words, each followed by its formal or its informal form; a sentence keeps to one register. A small
model of the Llama type learns it (PyTorch, about a minute). Then the register's direction is taken out of the matrices
of the MLPs, of attention, of both, and of the embeddings too; or one step of DPO is taken on the MLPs. Beside the
mass of informal words stands where the direction comes from: the share that embeddings, attention and MLPs write of
the difference of two registers along it, at the last token. Run from the root of the repository, outside CI:

    python -m studies.editing.register

It writes studies/editing/register.csv, a row a seed and an edit.
"""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np
import torch

from numerics.editing import filter_weights, find_subspace
from numerics.editing.dpo import likelihood_gradients
from numerics.editing.effect import Bench, token_states, with_weights
from numerics.editing.llama import Llama, Shape

FILE = Path(__file__).with_suffix(".csv")
WORDS, PLACES = 24, 6
FORMAL, INFORMAL = WORDS, 2 * WORDS
SHAPE = Shape(blocks=2, width=32, heads=4, groups=4, head=8, base=10000.0, epsilon=1e-5, interleaved=False)
HIDDEN, VOCABULARY = 96, 3 * WORDS
STEPS, BATCH, SEEDS, PAIRS = 1500, 64, (0, 1), 128
#: Of DPO, in relative Frobenius norm of the matrices.
LENGTHS = (0.2, 0.4, 0.8)


def sentences(number: int, generator: np.random.Generator, register: int | None = None) -> np.ndarray:
    """Neutral words, each followed by its form in the register of the sentence, drawn where left out."""
    words = generator.integers(0, WORDS, (number, PLACES))
    kind = generator.integers(0, 2, (number, 1)) if register is None else np.full((number, 1), register)
    return np.stack([words, words + FORMAL + kind * (INFORMAL - FORMAL)], axis=2).reshape(number, 2 * PLACES)


def parameters(seed: int) -> dict[str, torch.Tensor]:
    """Random weights under the names of a Llama's."""
    source = torch.Generator().manual_seed(seed)

    def draw(*shape: int) -> torch.Tensor:
        return (torch.randn(shape, generator=source) / math.sqrt(shape[-1])).requires_grad_()

    width, found = SHAPE.width, {"embedding": draw(VOCABULARY, SHAPE.width), "head": draw(VOCABULARY, SHAPE.width)}
    found["norm"] = torch.ones(width, requires_grad=True)
    for block in range(SHAPE.blocks):
        found |= {f"{block}.{name}": draw(width, width) for name in "qkvo"}
        found |= {
            f"{block}.gate": draw(HIDDEN, width),
            f"{block}.up": draw(HIDDEN, width),
            f"{block}.down": draw(width, HIDDEN),
        }
        found |= {f"{block}.{name}_norm": torch.ones(width, requires_grad=True) for name in ("attn", "ffn")}
    return found


def loss_of(weights: dict[str, torch.Tensor], tokens: torch.Tensor) -> torch.Tensor:
    """Mean loss of the next token."""
    batch, length = tokens.shape
    rows = weights["embedding"][tokens]
    speeds = SHAPE.base ** (-torch.arange(0, SHAPE.head, 2) / SHAPE.head)
    angles = (torch.arange(length)[:, None] * speeds)[None, :, None]
    mask = torch.full((length, length), -math.inf).triu(1)

    def norm(rows: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        return rows * torch.rsqrt((rows * rows).mean(dim=-1, keepdim=True) + SHAPE.epsilon) * weight

    def turned(heads: torch.Tensor) -> torch.Tensor:
        first, second = heads.chunk(2, dim=-1)
        return torch.cat(
            [first * angles.cos() - second * angles.sin(), second * angles.cos() + first * angles.sin()], -1
        )

    for block in range(SHAPE.blocks):
        own = {name.split(".")[1]: value for name, value in weights.items() if name.startswith(f"{block}.")}
        normed = norm(rows, own["attn_norm"])
        q, k, v = ((normed @ own[name].T).view(batch, length, SHAPE.heads, SHAPE.head) for name in "qkv")
        scores = torch.einsum("bihd,bjhd->bhij", turned(q), turned(k)) / math.sqrt(SHAPE.head) + mask
        mixed = torch.einsum("bhij,bjhd->bihd", scores.softmax(-1), v).reshape(batch, length, -1)
        rows = rows + mixed @ own["o"].T
        normed = norm(rows, own["ffn_norm"])
        rows = rows + (torch.nn.functional.silu(normed @ own["gate"].T) * (normed @ own["up"].T)) @ own["down"].T
    logits = norm(rows, weights["norm"]) @ weights["head"].T
    return torch.nn.functional.cross_entropy(logits[:, :-1].reshape(-1, VOCABULARY), tokens[:, 1:].reshape(-1))


def trained(seed: int) -> Llama:
    """A model of the language."""
    torch.set_num_threads(1)
    generator, weights = np.random.default_rng(seed), parameters(seed)
    optimiser = torch.optim.AdamW(weights.values(), lr=3e-3, weight_decay=0.01)
    for _ in range(STEPS):
        loss = loss_of(weights, torch.tensor(sentences(BATCH, generator)))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    arrays = {name: value.detach().numpy() for name, value in weights.items()}
    blocks = [
        {name.split(".")[1]: value for name, value in arrays.items() if name.startswith(f"{block}.")}
        for block in range(SHAPE.blocks)
    ]
    return Llama(SHAPE, arrays["embedding"], arrays["head"], arrays["norm"], blocks)


def shares(model: Llama, directions: np.ndarray, pair: tuple[np.ndarray, np.ndarray]) -> dict[str, float]:
    """Of the difference of two registers along the last block's direction at the last token: who wrote it."""
    parts = []
    for side in pair:
        texts = list(side)
        ends = np.cumsum([len(text) for text in texts]) - 1
        before = model.embedding[side[:, -1]]
        silent = {(block, "down"): 0 * model.blocks[block]["down"] for block in range(SHAPE.blocks)}
        found = {"embedding": before}
        rows = model.hidden(texts, stop=0)
        attention, mlp = np.zeros_like(before), np.zeros_like(before)
        for block in range(SHAPE.blocks):
            middle = with_weights(model, silent).hidden(texts, block, rows, block + 1)
            after = model.hidden(texts, block, rows, block + 1)
            attention += (middle - rows)[ends]
            mlp += (after - middle)[ends]
            rows = after
        parts.append(found | {"attention": attention, "mlp": mlp})
    along = {name: float(((parts[0][name] - parts[1][name]) @ directions[0]).mean()) for name in parts[0]}
    return {name: value / sum(along.values()) for name, value in along.items()}


def edited(model: Llama, subspaces: list, names: tuple[str, ...]) -> Llama:
    """The register taken out of some matrices of all blocks, and of the embeddings."""
    weights = {
        (block, name): filter_weights(model.blocks[block][name], subspaces[block].basis, axis=0).weights
        for block in range(SHAPE.blocks)
        for name in names
        if name != "embedding"
    }
    found = with_weights(model, weights)
    if "embedding" in names:
        found.embedding = filter_weights(model.embedding, subspaces[0].basis, axis=1).weights
    return found


def main() -> None:
    rows = []
    for seed in SEEDS:
        model, generator = trained(seed), np.random.default_rng(1000 + seed)
        formal = sentences(PAIRS, generator, 0)
        informal = formal.copy()
        informal[:, 1::2] += INFORMAL - FORMAL
        states = [token_states(model, list(side), skip=0) for side in (formal, informal)]
        subspaces = [find_subspace(states[0][block] - states[1][block], rank=1) for block in range(SHAPE.blocks)]
        # In the register of rejected texts, before the form of a word; and other text of the chosen register.
        contexts, texts = sentences(200, generator, 1)[:, :-1], sentences(200, generator, 0)
        benches = Bench(model, list(contexts), range(INFORMAL, VOCABULARY), list(texts))
        written = shares(model, subspaces[-1].basis, (formal[:, :-1], informal[:, :-1]))
        edits = {
            "projection, MLPs": edited(model, subspaces, ("down",)),
            "projection, attention": edited(model, subspaces, ("o",)),
            "projection, both": edited(model, subspaces, ("down", "o")),
            "projection, both and embeddings": edited(model, subspaces, ("down", "o", "embedding")),
        }
        sums = [np.zeros_like(block["down"]) for block in model.blocks]
        for gradient in likelihood_gradients(model, list(formal), list(informal), range(SHAPE.blocks)):
            for block, part in gradient.items():
                sums[block] += part
        for length in LENGTHS:
            weights = {
                (block, "down"): model.blocks[block]["down"]
                + rise * (length * np.linalg.norm(model.blocks[block]["down"]) / np.linalg.norm(rise))
                for block, rise in enumerate(sums)
            }
            edits[f"one step of DPO, MLPs, {length:g}"] = with_weights(model, weights)
        for name, other in edits.items():
            effect = benches.effect(other)
            # What the stream still holds of the direction, at the mean over tokens.
            gaps = [
                (side[1][-1] - side[0][-1]) @ subspaces[-1].basis[0]
                for side in ([token_states(other, list(part), skip=0) for part in (formal, informal)], states)
            ]
            numbers = {
                "mass_before": effect.mass.before, "mass_after": effect.mass.after,
                "perplexity_before": effect.perplexity.before, "perplexity_after": effect.perplexity.after,
                "direction_left": gaps[0].mean() / gaps[1].mean(),
            } | {f"by_{part}": value for part, value in written.items()}  # fmt: skip
            rows.append({"seed": seed, "edit": name} | {key: f"{value:.4f}" for key, value in numbers.items()})
            print(rows[-1], flush=True)
    with FILE.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
