r"""A decoder-only transformer: pre-norm blocks, causal attention, embeddings tied to the output.

.. math:: h_0 = E_{x} + P, \quad
          h' = h + \mathrm{Attention}(\mathrm{norm}\,h), \quad h = h' + \mathrm{MLP}(\mathrm{norm}\,h'), \quad
          \text{logits} = \mathrm{norm}(h_L)\,E^\top.

The layout of GPT-2 (Radford et al. 2019) without dropout and without biases, which is what small public trainers use.
"""

from __future__ import annotations

import math

import torch
from torch import nn
from torch.nn import functional

from numerics.neural.whole_vectors import gelu

#: Keys and values of a layer, (B, heads, T, width of a head) each.
Cache = list[tuple[torch.Tensor, torch.Tensor]]


class Matrix(nn.Linear):
    """A linear map without shift, of all rows at once: mapped over chains, it is one product a chain and not a row."""

    def __init__(self, taken: int, given: int) -> None:
        super().__init__(taken, given, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """From (…, taken) to (…, given)."""
        return all_rows(x, self.weight)


def all_rows(x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """The map of (…, taken) to (…, given) by a matrix (given, taken), as one product."""
    return functional.linear(x.flatten(0, -2), weight).unflatten(0, x.shape[:-1])


class CausalAttention(nn.Module):
    r"""Attention of each position to itself and those before it: :math:`\mathrm{softmax}(QK^\top/\sqrt{d})V`.

    ``fused`` takes PyTorch's kernel; without it the same is written out, which can be stacked over chains.
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.fused = True
        self.into = Matrix(width, 3 * width)
        self.out = Matrix(width, width)

    def forward(
        self, x: torch.Tensor, past: tuple[torch.Tensor, torch.Tensor] | None = None
    ) -> tuple[torch.Tensor, tuple[torch.Tensor, torch.Tensor]]:
        """From (B, T, width) to the same; with ``past``, one position at a time."""
        batch, length, width = x.shape
        parts = self.into(x).view(batch, length, 3, self.heads, width // self.heads)
        query, key, value = parts.permute(2, 0, 3, 1, 4).unbind(0)
        if past is None and not self.fused:
            return self.out(written_out(parts)), (key, value)
        if past is not None:
            key, value = torch.cat([past[0], key], dim=2), torch.cat([past[1], value], dim=2)
        # A single new position sees all keys: a causal mask would be aligned with the first of them.
        causal = past is None and length > 1
        mixed = functional.scaled_dot_product_attention(query, key, value, is_causal=causal)
        return self.out(mixed.transpose(1, 2).reshape(batch, length, width)), (key, value)


def written_out(parts: torch.Tensor) -> torch.Tensor:
    """Causal attention, (B, T, width), of queries, keys and values in one, (B, T, 3, heads, d), without a fused kernel.

    Positions are the last axis throughout: products of many short rows take a third of the time of as many narrow ones,
    and so do those of the way back.
    """
    batch, length, _, heads, width = parts.shape
    query, key, value = parts.permute(2, 0, 3, 4, 1).contiguous().flatten(1, 2).unbind(0)
    scores = torch.bmm((query / math.sqrt(width)).transpose(1, 2), key)
    scores = scores + torch.full((length, length), float("-inf"), device=parts.device).triu(1)
    mixed = torch.bmm(value, torch.softmax(scores, dim=-1).transpose(1, 2))
    return mixed.view(batch, heads * width, length).transpose(1, 2)


class Block(nn.Module):
    """Attention and a two-layer network, each after a norm and added to what came in."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm_attention = nn.LayerNorm(width, bias=False)
        self.attention = CausalAttention(width, heads)
        self.norm_network = nn.LayerNorm(width, bias=False)
        self.up = Matrix(width, 4 * width)
        self.down = Matrix(4 * width, width)

    def forward(
        self, x: torch.Tensor, past: tuple[torch.Tensor, torch.Tensor] | None = None
    ) -> tuple[torch.Tensor, tuple[torch.Tensor, torch.Tensor]]:
        """From (B, T, width) to the same, and keys and values."""
        mixed, held = self.attention(self.norm_attention(x), past)
        x = x + mixed
        return x + self.down(gelu(self.up(self.norm_network(x)))), held


class Transformer(nn.Module):
    """Logits of the next token at every position.

    Parameters
    ----------
    tokens : size of the vocabulary
    context : most positions
    layers, width, heads : of the blocks
    """

    def __init__(self, tokens: int, context: int, layers: int, width: int, heads: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(tokens, width)
        self.position = nn.Embedding(context, width)
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(layers))
        self.norm = nn.LayerNorm(width, bias=False)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """From (B, T) tokens to (B, T, vocabulary)."""
        return self.step(tokens, None)[0]

    def step(self, tokens: torch.Tensor, past: Cache | None) -> tuple[torch.Tensor, Cache]:
        """Logits of new positions after those whose keys and values are ``past``; and all keys and values."""
        start = 0 if past is None else past[0][0].shape[2]
        places = torch.arange(start, start + tokens.shape[1], device=tokens.device)
        x = self.embedding(tokens) + self.position(places)
        held: Cache = []
        for index, block in enumerate(self.blocks):
            x, pair = block(x, None if past is None else past[index])
            held.append(pair)
        return all_rows(self.norm(x), self.embedding.weight), held

    def draw(self, generator: torch.Generator) -> None:
        """Random weights: N(0, 0.02²), those that are added to the stream smaller by the root of their number."""
        for name, weight in self.named_parameters():
            if weight.dim() < 2:
                nn.init.ones_(weight)
                continue
            last = name.endswith(("out.weight", "down.weight"))
            scale = 0.02 / math.sqrt(2 * len(self.blocks)) if last else 0.02
            nn.init.normal_(weight, std=scale, generator=generator)
