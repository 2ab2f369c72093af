r"""One step of direct preference optimisation on the matrices that an edit would change, for comparison.

At the reference model the gradient of the DPO loss is, for any autoregressive model,
:math:`-\frac\beta2 \operatorname{mean}_i (\nabla\log p(y_i^+) - \nabla\log p(y_i^-))`: a step up the likelihood of the
chosen and down that of the rejected. It needs PyTorch, for the gradients alone.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numerics.editing.llama import Llama, Tokens
from theory.errors import DomainError

Array = NDArray[np.float64]


def likelihood_gradients(
    model: Llama, chosen: Sequence[Tokens], rejected: Sequence[Tokens], blocks: Sequence[int], name: str = "down"
) -> Iterator[dict[int, Array]]:
    r"""Of each pair, :math:`\nabla\log p(y^+) - \nabla\log p(y^-)` with respect to one matrix of some blocks.

    A step of DPO at the reference adds :math:`\eta\beta/2` times its mean over pairs; a flipped pair changes its sign.

    Parameters
    ----------
    model : Llama
    chosen, rejected : texts of tokens, in pairs
    blocks : of whose matrices gradients are taken
    name : "down", "o", or another of a block's matrices

    Raises
    ------
    DomainError
        Where PyTorch is not installed.

    Notes
    -----
    Rafailov et al. (2023); the gradient at the reference is derived here: both log-ratios are 0.
    """
    torch = _torch()
    leaves = {block: torch.tensor(model.blocks[block][name], requires_grad=True) for block in blocks}
    start = min(blocks)
    for good, bad in zip(chosen, rejected, strict=True):
        total = _log_likelihood(torch, model, good, start, leaves, name) - _log_likelihood(
            torch, model, bad, start, leaves, name
        )
        found = torch.autograd.grad(total, [leaves[block] for block in blocks])
        yield {block: part.numpy() for block, part in zip(blocks, found, strict=True)}


def _torch() -> Any:
    try:
        return importlib.import_module("torch")
    except ImportError:
        raise DomainError("a step of DPO needs PyTorch, which is not installed.") from None


def _log_likelihood(torch: Any, model: Llama, text: Tokens, start: int, leaves: dict[int, Any], name: str) -> Any:
    shape = model.shape
    rows = torch.tensor(model.hidden([text], stop=start))
    length = len(text)
    speeds = shape.base ** (-np.arange(0, shape.head, 2) / shape.head)
    angles = torch.tensor((np.arange(length)[:, None] * speeds)[:, None].astype(np.float32))
    mask = torch.full((length, length), -math.inf).triu(1)

    def norm(rows: Any, weight: Any) -> Any:
        squares = (rows * rows).mean(dim=1, keepdim=True)
        return rows * torch.rsqrt(squares + shape.epsilon) * torch.as_tensor(weight)

    def rotated(heads: Any) -> Any:
        half = shape.head // 2
        pairs = (heads[..., 0::2], heads[..., 1::2]) if shape.interleaved else (heads[..., :half], heads[..., half:])
        first = pairs[0] * torch.cos(angles) - pairs[1] * torch.sin(angles)
        second = pairs[1] * torch.cos(angles) + pairs[0] * torch.sin(angles)
        # The order of the coordinates of a head does not matter to inner products.
        return torch.cat([first, second], dim=-1)

    for number in range(start, shape.blocks):
        block = {key: torch.as_tensor(value) for key, value in model.blocks[number].items()}
        if number in leaves:
            block[name] = leaves[number]

        def affine(rows: Any, key: str, block: dict[str, Any] = block) -> Any:
            found = rows @ block[key].T
            return found + block[f"{key}_bias"] if f"{key}_bias" in block else found

        normed = norm(rows, block["attn_norm"])
        q = rotated(affine(normed, "q").view(length, shape.heads, shape.head))
        k = rotated(affine(normed, "k").view(length, shape.groups, shape.head))
        v = affine(normed, "v").view(length, shape.groups, shape.head)
        share = shape.heads // shape.groups
        k, v = (part.repeat_interleave(share, dim=1).transpose(0, 1) for part in (k, v))
        scores = q.transpose(0, 1) @ k.transpose(1, 2) / math.sqrt(shape.head) + mask
        mixed = (torch.softmax(scores, dim=-1) @ v).transpose(0, 1).reshape(length, -1)
        rows = rows + affine(mixed, "o")
        normed = norm(rows, block["ffn_norm"])
        rows = rows + affine(torch.nn.functional.silu(affine(normed, "gate")) * affine(normed, "up"), "down")
    logits = norm(rows, model.norm) @ torch.as_tensor(model.head).T
    logs = torch.log_softmax(logits[:-1], dim=-1)
    return logs[torch.arange(length - 1), torch.as_tensor(np.asarray(text)[1:])].sum()
