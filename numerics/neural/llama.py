r"""The network of Llama and SmolLM2: RMS norms, rotary positions, shared keys, a gated MLP, tied embeddings.

Rows of queries and keys are in the order of GGUF files: a rotation turns neighbours, coordinates 2i and 2i + 1, by the
angle :math:`t\,\theta^{-2i/d}` at position t. Linear maps may carry a low-rank update, :math:`W + BA` (Hu et al. 2022).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

from numerics.neural.transformer import Cache, all_rows, written_out
from numerics.neural.whole_vectors import silu


@dataclass(frozen=True)
class Shape:
    """Sizes of a network; ``eps`` of its norms, ``theta`` of its rotations."""

    vocabulary: int
    width: int
    hidden: int
    layers: int
    heads: int
    shared: int
    eps: float
    theta: float


class Linear(nn.Module):
    """A linear map without bias; with ``rank`` its weight is fixed, and an update of that rank is learnt.

    ``fused`` takes one product for all rows; without it that of each chain of a stack is by itself.
    """

    def __init__(self, into: int, out: int, rank: int) -> None:
        super().__init__()
        self.fused = True
        self.weight = nn.Parameter(torch.empty(out, into), requires_grad=rank == 0)
        self.down = nn.Parameter(torch.empty(rank, into)) if rank else None
        self.up = nn.Parameter(torch.empty(out, rank)) if rank else None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """From (…, into) to (…, out)."""
        mapped = (all_rows if self.fused else chain_by_chain)(x, self.weight)
        if self.down is None or self.up is None:
            return mapped
        return mapped + all_rows(all_rows(x, self.down), self.up)


def chain_by_chain(x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """As ``all_rows``, by a matrix that stacked chains may share.

    With an axis of its own in front, the product of each chain is by itself: one of the rows of all of them would sum
    in an order that depends on how many there are.
    """
    return torch.bmm(x.flatten(0, -2).unsqueeze(0), weight.t().unsqueeze(0))[0].unflatten(0, x.shape[:-1])


class Norm(nn.Module):
    """Divides by the root of the mean square."""

    def __init__(self, width: int, eps: float, learnt: bool) -> None:
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.empty(width), requires_grad=learnt)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """From (…, width) to the same."""
        return functional.rms_norm(x, x.shape[-1:], self.weight, self.eps)


def rotated(x: torch.Tensor, start: int, theta: float) -> torch.Tensor:
    """Turn neighbouring coordinates of (B, heads, T, d) by their positions, the first of which is ``start``."""
    length, width = x.shape[-2:]
    rates = theta ** (-torch.arange(0, width, 2, device=x.device, dtype=torch.float64) / width)
    places = torch.arange(start, start + length, device=x.device, dtype=torch.float64)
    angles = torch.outer(places, rates)
    cosine, sine = angles.cos().to(x.dtype), angles.sin().to(x.dtype)
    even, odd = x[..., 0::2], x[..., 1::2]
    return torch.stack([even * cosine - odd * sine, even * sine + odd * cosine], dim=-1).flatten(-2)


class Layer(nn.Module):
    """Attention and a gated MLP, each after a norm and added to what came in.

    ``fused`` as in :class:`numerics.neural.transformer.CausalAttention`.
    """

    def __init__(self, shape: Shape, rank: int) -> None:
        super().__init__()
        head = shape.width // shape.heads
        self.shape = shape
        self.fused = True
        self.attn_norm = Norm(shape.width, shape.eps, rank == 0)
        self.attn_q = Linear(shape.width, shape.width, rank)
        self.attn_k = Linear(shape.width, head * shape.shared, 0)
        self.attn_v = Linear(shape.width, head * shape.shared, rank)
        self.attn_output = Linear(shape.width, shape.width, 0)
        self.ffn_norm = Norm(shape.width, shape.eps, rank == 0)
        self.ffn_gate = Linear(shape.width, shape.hidden, 0)
        self.ffn_up = Linear(shape.width, shape.hidden, 0)
        self.ffn_down = Linear(shape.hidden, shape.width, 0)

    def forward(
        self, x: torch.Tensor, past: tuple[torch.Tensor, torch.Tensor] | None
    ) -> tuple[torch.Tensor, tuple[torch.Tensor, torch.Tensor]]:
        """From (B, T, width) to the same, and keys and values."""
        mixed, held = self._attention(self.attn_norm(x), past)
        x = x + mixed
        normed = self.ffn_norm(x)
        return x + self.ffn_down(silu(self.ffn_gate(normed)) * self.ffn_up(normed)), held

    def _attention(
        self, x: torch.Tensor, past: tuple[torch.Tensor, torch.Tensor] | None
    ) -> tuple[torch.Tensor, tuple[torch.Tensor, torch.Tensor]]:
        batch, length, width = x.shape
        heads, shared, theta = self.shape.heads, self.shape.shared, self.shape.theta
        start = 0 if past is None else past[0].shape[2]
        query = self.attn_q(x).view(batch, length, heads, -1).transpose(1, 2)
        key = self.attn_k(x).view(batch, length, shared, -1).transpose(1, 2)
        value = self.attn_v(x).view(batch, length, shared, -1).transpose(1, 2)
        query, key = rotated(query, start, theta), rotated(key, start, theta)
        if past is not None:
            key, value = torch.cat([past[0], key], dim=2), torch.cat([past[1], value], dim=2)
        each = heads // shared
        repeated = key.repeat_interleave(each, dim=1), value.repeat_interleave(each, dim=1)
        if past is None and not self.fused:
            parts = torch.stack([query, *repeated], dim=1).permute(0, 3, 1, 2, 4)
            return self.attn_output(written_out(parts)), (key, value)
        mixed = functional.scaled_dot_product_attention(query, *repeated, is_causal=past is None and length > 1)
        return self.attn_output(mixed.transpose(1, 2).reshape(batch, length, width)), (key, value)


class Llama(nn.Module):
    """Logits of the next token at every position; parameters are called as in GGUF files."""

    def __init__(self, shape: Shape, rank: int) -> None:
        super().__init__()
        self.rank = rank
        self.fused = True
        self.token_embd = nn.Embedding(shape.vocabulary, shape.width)
        self.token_embd.weight.requires_grad_(rank == 0)
        self.blk = nn.ModuleList(Layer(shape, rank) for _ in range(shape.layers))
        self.output_norm = Norm(shape.width, shape.eps, rank == 0)
        if rank:
            for layer in self.blk:
                for fixed in (layer.attn_k, layer.attn_output, layer.ffn_gate, layer.ffn_up, layer.ffn_down):
                    fixed.weight.requires_grad_(False)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """From (B, T) tokens to (B, T, vocabulary)."""
        return self.step(tokens, None)[0]

    def step(self, tokens: torch.Tensor, past: Cache | None) -> tuple[torch.Tensor, Cache]:
        """Logits of new positions after those whose keys and values are ``past``; and all keys and values."""
        x, held = self.token_embd(tokens), []
        for index, layer in enumerate(self.blk):
            x, pair = layer(x, None if past is None else past[index])
            held.append(pair)
        return (all_rows if self.fused else chain_by_chain)(self.output_norm(x), self.token_embd.weight), held

    def draw(self, generator: torch.Generator) -> None:
        """The update at its beginning: zero, as one of its factors is."""
        for name, weight in self.named_parameters():
            if name.endswith(".down"):
                nn.init.normal_(weight, std=1 / math.sqrt(weight.shape[1]), generator=generator)
            elif name.endswith(".up"):
                nn.init.zeros_(weight)
