r"""One step of direct preference optimisation on the matrices that an edit would change, for comparison.

At the reference model the gradient of the DPO loss is, for any autoregressive model,
:math:`-\frac\beta2 \operatorname{mean}_i (\nabla\log p(y_i^+) - \nabla\log p(y_i^-))`: a step up the likelihood of the
chosen and down that of the rejected. It needs PyTorch, for the gradients alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numerics.editing.llama import Llama, Tokens
from numerics.editing.llama_torch import behind_block, library, logits_of, turns_of

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
    torch = library()
    leaves = {block: torch.tensor(model.blocks[block][name], requires_grad=True) for block in blocks}
    start = min(blocks)
    for good, bad in zip(chosen, rejected, strict=True):
        total = _log_likelihood(torch, model, good, start, leaves, name) - _log_likelihood(
            torch, model, bad, start, leaves, name
        )
        found = torch.autograd.grad(total, [leaves[block] for block in blocks])
        yield {block: part.numpy() for block, part in zip(blocks, found, strict=True)}


def _log_likelihood(torch: Any, model: Llama, text: Tokens, start: int, leaves: dict[int, Any], name: str) -> Any:
    rows = torch.tensor(model.hidden([text], stop=start))
    turns = turns_of(torch, model.shape, len(text))
    for number in range(start, model.shape.blocks):
        block = {key: torch.as_tensor(value) for key, value in model.blocks[number].items()}
        if number in leaves:
            block[name] = leaves[number]
        rows = behind_block(torch, model.shape, block, rows, [len(text)], turns)
    logs = torch.log_softmax(logits_of(torch, model, rows)[:-1], dim=-1)
    return logs[torch.arange(len(text) - 1), torch.as_tensor(np.asarray(text)[1:])].sum()
