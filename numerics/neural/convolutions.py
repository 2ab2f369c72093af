"""Convolutions that can be mapped over chains: by PyTorch's kernel, or written out as one product of matrices.

Mapped over chains a kernel's convolution is one in groups, whose sums depend on how many groups there are. Written out,
what each place of the kernel sees is a row of a matrix, and the product with the weights is one a chain.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional


class Convolution(nn.Conv2d):
    """A convolution of a stride, from (B, taken, s, s) to (B, given, s/stride, s/stride).

    ``fused`` takes PyTorch's kernel; without it the same is written out, which can be stacked over chains.
    """

    def __init__(self, taken: int, given: int, size: int, stride: int, padding: int) -> None:
        super().__init__(taken, given, size, stride=stride, padding=padding)
        self.fused = True

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """From (B, taken, s, s) to (B, given, s/stride, s/stride)."""
        if self.fused:
            return super().forward(x)
        seen = functional.unfold(x, self.kernel_size, stride=self.stride, padding=self.padding)
        side = (x.shape[-1] + 2 * int(self.padding[0]) - self.kernel_size[0]) // self.stride[0] + 1
        assert self.bias is not None
        return _product(self.weight.flatten(1), seen).unflatten(2, (side, side)) + self.bias[:, None, None]


class TransposedConvolution(nn.ConvTranspose2d):
    """The adjoint of :class:`Convolution`, and a shift: from (B, taken, s, s) to (B, given, stride·s, stride·s)."""

    def __init__(self, taken: int, given: int, size: int, stride: int, padding: int) -> None:
        super().__init__(taken, given, size, stride=stride, padding=padding)
        self.fused = True

    def forward(self, x: torch.Tensor, output_size: list[int] | None = None) -> torch.Tensor:
        """From (B, taken, s, s) to (B, given, stride·s, stride·s)."""
        if self.fused:
            return super().forward(x, output_size)
        side = (x.shape[-1] - 1) * self.stride[0] - 2 * int(self.padding[0]) + self.kernel_size[0]
        spread = _product(self.weight.flatten(1).t(), x.flatten(2))
        assert self.bias is not None
        summed = functional.fold(spread, (side, side), self.kernel_size, stride=self.stride, padding=self.padding)
        return summed + self.bias[:, None, None]


def _product(weights: torch.Tensor, columns: torch.Tensor) -> torch.Tensor:
    """(M, K) by the columns of all rows at once, (B, K, L) to (B, M, L): one product a chain and not a row."""
    flat = weights @ columns.transpose(0, 1).flatten(1)
    return flat.unflatten(1, (columns.shape[0], columns.shape[2])).transpose(0, 1)
