r"""Many chains in one network: their weights in the leading axis of every tensor, one step of the optimiser for all.

A step of a small network is mostly the cost of calling its kernels. Stacked, C chains call them once. Chain i is what
it is in any stack, to the last bit, and so also in a stack of one: batches are drawn by a random generator of its own,
outside, and everything that the optimiser does is elementwise, or done for each chain by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch.func import functional_call, vmap

from numerics.neural.optimisation import BETAS, Schedule, Told
from numerics.neural.settled import generator_of, settled
from numerics.run.rows import Documents
from theory.errors import DomainError

Weights = dict[str, torch.Tensor]


def fit_stacked(models: Sequence[Any], rows: Sequence[Any], seeds: Sequence[int], progress: Told | None = None) -> None:
    """Fit generators with a network, of one shape, each on rows of its own, all at once.

    Parameters
    ----------
    models : of the same shape and training
        Each is fitted; one that was loaded goes on from its weights.
    rows : arrays (N_i, d), such as the models are fitted on, all of the same d; or documents, all of them
    seeds : of the first weights and of the batches of each, as in ``fit``
    progress : called with the steps done, and of how many

    Raises
    ------
    DomainError
        When the models differ in more than their weights, or rows are of different lengths.

    Notes
    -----
    By ``torch.func``: the loss of one chain, mapped over all. Weights, batches and steps are those of single fits;
    the results differ from theirs by rounding, since attention and convolutions are written out and sums are made in
    another order, and are equal to the last bit for stacks of any number. Where a batch or a width is no multiple of 8,
    products of Intel's MKL may depend on where in memory a chain begins: ``MKL_CBWR=AVX2,STRICT`` in the environment
    keeps them the same. AdamW (Loshchilov and Hutter 2019), gradients clipped for each
    chain.

    Examples
    --------
    >>> import numpy as np
    >>> from numerics.neural import LanguageModel
    >>> from numerics.neural.stack import fit_stacked
    >>> rows = [np.tile(np.arange(4, dtype=np.uint8), (9, 1)) for _ in range(3)]
    >>> models = [LanguageModel(4, context=4, layers=1, width=8, heads=2, steps=5) for _ in rows]
    >>> fit_stacked(models, rows, seeds=[1, 2, 3])
    >>> alone = LanguageModel(4, context=4, layers=1, width=8, heads=2, steps=5)
    >>> fit_stacked([alone], rows[1:2], seeds=[2])
    >>> bool((alone.score_samples(rows[0]) == models[1].score_samples(rows[0])).all())
    True
    """
    taken = _verify(models, rows, seeds)
    first = models[0]
    schedule = Schedule(first.steps, first.rate, first.decay)
    with settled(first.threads, first.device):
        batches = []
        for model, own, seed in zip(models, taken, seeds, strict=True):
            generator = generator_of(seed)
            model._begin(generator)
            batches.append(model._batches(own, generator))
        # What is fixed, such as a pretrained base, is the same for all, and there is one of it.
        each = [_learnt(model.network) for model in models]
        weights = {name: torch.stack([own[name].detach() for own in each]) for name in each[0]}

        def batch_of(step: int) -> list[torch.Tensor]:
            alike = (model._alike(batch(step)) for model, batch in zip(models, batches, strict=True))
            return [torch.stack(parts) for parts in zip(*alike, strict=True)]

        with _written_out(first.network):
            weights = _train(weights, _loss_of(first), batch_of, schedule, progress)
        for place, (model, own) in enumerate(zip(models, each, strict=True)):
            for name, weight in weights.items():
                own[name].data.copy_(weight[place])
            model.network.eval()


def _learnt(network: torch.nn.Module) -> Weights:
    """The weights that are learnt, by name: the live ones."""
    return {name: weight for name, weight in network.named_parameters() if weight.requires_grad}


class _Objective(torch.nn.Module):
    """The loss of a batch as a module, whose weights can be put in from outside."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.network, self.loss = model.network, model._objective()

    def forward(self, *batch: torch.Tensor) -> torch.Tensor:
        """The mean loss of a batch."""
        return self.loss(*batch)


def _loss_of(model: Any) -> Callable[..., torch.Tensor]:
    objective = _Objective(model)

    def loss(weights: Weights, *batch: torch.Tensor) -> torch.Tensor:
        named = {f"network.{name}": weight for name, weight in weights.items()}
        return functional_call(objective, named, batch)

    return loss


def _train(
    weights: Weights,
    loss: Callable[..., torch.Tensor],
    batch_of: Callable[[int], Sequence[torch.Tensor]],
    schedule: Schedule,
    told: Told | None,
) -> Weights:
    """AdamW on all chains, a row of one matrix (C, P) each: every operation of it is elementwise, or on a row."""
    # With the axis of chains a matrix has three axes; nothing but matrices decays, and they come first.
    names = sorted(weights, key=lambda name: weights[name].dim() < 3)
    count = len(weights[names[0]])
    sizes = [weights[name][0].numel() for name in names]
    decaying = sum(size for name, size in zip(names, sizes, strict=True) if weights[name].dim() >= 3)
    rows = torch.cat([weights[name].reshape(count, -1) for name in names], dim=1)
    leaves = {
        name: part.view(weights[name].shape).requires_grad_()
        for name, part in zip(names, rows.split(sizes, dim=1), strict=True)
    }
    losses = vmap(loss)
    optimiser = torch.optim.AdamW([rows], lr=schedule.rate, betas=BETAS, weight_decay=0.0, foreach=True)
    for step in range(schedule.steps):
        rate = optimiser.param_groups[0]["lr"] = schedule.at(step)
        # The chains have nothing in common: the gradient of the sum is that of each.
        total = losses(leaves, *batch_of(step)).sum()
        slopes = torch.autograd.grad(total, list(leaves.values()), materialize_grads=True)
        slope = torch.cat([each.reshape(count, -1) for each in slopes], dim=1)
        rows.grad = slope * _clipping(slope)
        rows[:, :decaying] *= 1 - rate * schedule.decay
        optimiser.step()
        if told is not None:
            told(step + 1, schedule.steps)
    return {name: leaf.detach() for name, leaf in leaves.items()}


def _clipping(slope: torch.Tensor) -> torch.Tensor:
    """By what the gradient of each chain, a row (C, P), is multiplied, so that its norm is at most one, (C, 1).

    Norms of rows, each by itself: over the stack as a whole their sums would be made in an order that depends on how
    many there are.
    """
    norms = torch.stack(torch._foreach_norm(list(slope.unbind())))
    return (1.0 / (norms + 1e-6)).clamp(max=1.0).unsqueeze(1)


class _written_out:  # noqa: N801  a context manager
    """Attention and convolutions without the fused kernels, which cannot be mapped over chains."""

    def __init__(self, network: torch.nn.Module) -> None:
        self.parts: list[Any] = [part for part in network.modules() if hasattr(part, "fused")]

    def __enter__(self) -> None:
        for part in self.parts:
            part.fused = False

    def __exit__(self, *_: object) -> None:
        for part in self.parts:
            part.fused = True


def _verify(models: Sequence[Any], rows: Sequence[Any], seeds: Sequence[int]) -> list[Any]:
    """The rows of each model, as it takes them."""
    if not models or not len(models) == len(rows) == len(seeds):
        raise DomainError(f"{len(models)} models, {len(rows)} rows and {len(seeds)} seeds: give one of each a chain.")
    documents = {isinstance(own, Documents) for own in rows}
    if len(documents) > 1:
        raise DomainError("rows are documents and arrays: stacked chains take either.")
    lengths = {np.asarray(own).shape[1:] for own in rows if not isinstance(own, Documents)}
    if len(lengths) > 1:
        told = sorted(length[0] for length in lengths if length)
        raise DomainError(f"rows have {told} columns: stacked chains take rows of one length.")
    taken = [model._taken(own) for model, own in zip(models, rows, strict=True)]
    first, *others = ({name: value for name, value in vars(model).items() if name != "network"} for model in models)
    if any(type(model) is not type(models[0]) for model in models) or any(other != first for other in others):
        raise DomainError("models differ in shape or training: stacked chains are alike in all but their weights.")
    if first.get("compiled"):
        raise DomainError("compiled = True is not allowed in a stack: it is the map over chains that is computed.")
    return taken
