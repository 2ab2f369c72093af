"""Functions of numbers whose last bit does not depend on how many numbers there are.

PyTorch computes ``silu``, ``softplus``, ``sigmoid`` and ``gelu`` in vectors of the processor, and what is left over at
the end one by one, by another exponential or error function. Where that end lies depends on how many chains are
stacked, unless each holds whole vectors. Others in use here, ``exp``, sines and the steps of AdamW, give the same bits
always.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch.nn import functional

#: Numbers that every vector in use divides.
WHOLE = 64


def silu(x: torch.Tensor) -> torch.Tensor:
    r""":math:`x / (1 + e^{-x})` of each number."""
    return _filled_up(functional.silu, x)


def softplus(x: torch.Tensor) -> torch.Tensor:
    r""":math:`\log(1 + e^x)` of each number."""
    return _filled_up(functional.softplus, x)


def sigmoid(x: torch.Tensor) -> torch.Tensor:
    r""":math:`1 / (1 + e^{-x})` of each number."""
    return _filled_up(torch.sigmoid, x)


def gelu(x: torch.Tensor) -> torch.Tensor:
    r""":math:`x\,\Phi(x)` of each number, Φ the normal distribution function."""
    return _filled_up(functional.gelu, x)


class SiLU(torch.nn.Module):
    """:func:`silu` as a layer."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Of each number."""
        return silu(x)


def _filled_up(function: Callable[[torch.Tensor], torch.Tensor], x: torch.Tensor) -> torch.Tensor:
    missing = -x.numel() % WHOLE
    if not missing:
        return function(x)
    return function(functional.pad(x.flatten(), (0, missing)))[: x.numel()].view(x.shape)
