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
from torch.func import functional_call, grad_and_value, vmap

from numerics.neural.language import LanguageModel
from numerics.neural.optimisation import Schedule, Told
from numerics.neural.settled import generator_of, settled
from numerics.neural.transformer import CausalAttention
from numerics.run.rows import Documents
from theory.errors import DomainError

#: AdamW's constants, those of single chains.
BETAS, EPSILON = (0.9, 0.99), 1e-8
Weights = dict[str, torch.Tensor]


def fit_stacked(
    models: Sequence[LanguageModel], rows: Sequence[Any], seeds: Sequence[int], progress: Told | None = None
) -> None:
    """Fit language models of one shape, each on rows of its own, all at once.

    Parameters
    ----------
    models : of the same shape and training
        Each is fitted; one that was loaded goes on from its weights.
    rows : arrays (N_i, T) of integers, all of the same T
    seeds : of the first weights and of the batches of each, as in :meth:`LanguageModel.fit`
    progress : called with the steps done, and of how many

    Raises
    ------
    DomainError
        When the models differ in more than their weights, or rows are of different lengths.

    Notes
    -----
    By ``torch.func``: the gradient of one chain, mapped over all. Weights, batches and steps are those of single fits;
    the results differ from theirs by rounding, since attention is written out and sums are made in another order, and
    are equal to the last bit for stacks of any number. AdamW (Loshchilov and Hutter 2019), gradients clipped for each
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
    _verify(models, rows, seeds)
    first = models[0]
    schedule = Schedule(first.steps, first.rate, first.decay)
    with settled(first.threads, first.device):
        generators = [generator_of(seed) for seed in seeds]
        chosen = []
        for model, own, generator in zip(models, rows, generators, strict=True):
            model.kind, model.length = own.dtype.str, own.shape[1]
            if model.network is None:
                model.network = model._fresh()
                model.network.draw(generator)
            model.network.to(first.device)
            chosen.append(torch.randint(len(own), (first.steps, first.batch), generator=generator).numpy())
        weights = {
            name: torch.stack([dict(model.network.named_parameters())[name].detach() for model in models])
            for name, _ in first.network.named_parameters()
        }

        def batch_of(step: int) -> tuple[torch.Tensor, torch.Tensor]:
            pairs = [first._batch(own[places[step]]) for own, places in zip(rows, chosen, strict=True)]
            tokens, targets = zip(*pairs, strict=True)
            return torch.stack(tokens), torch.stack(targets)

        with _written_out(first.network):
            _train(weights, _loss_of(first), batch_of, schedule, progress)
        for place, model in enumerate(models):
            model.network.load_state_dict({name: weight[place].clone() for name, weight in weights.items()})
            model.network.eval()


def _loss_of(model: LanguageModel) -> Callable[[Weights, torch.Tensor, torch.Tensor], torch.Tensor]:
    def loss(weights: Weights, tokens: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        logits = functional_call(model.network, weights, (tokens,))
        return model._mean_loss(logits, targets)

    return loss


def _train(
    weights: Weights,
    loss: Callable[[Weights, torch.Tensor, torch.Tensor], torch.Tensor],
    batch_of: Callable[[int], tuple[torch.Tensor, torch.Tensor]],
    schedule: Schedule,
    told: Told | None,
) -> None:
    """AdamW on all chains; every operation is elementwise, or over all axes but the first."""
    gradient = vmap(grad_and_value(loss), in_dims=(0, 0, 0))
    first = {name: torch.zeros_like(weight) for name, weight in weights.items()}
    second = {name: torch.zeros_like(weight) for name, weight in weights.items()}
    for step in range(schedule.steps):
        slopes, _ = gradient(weights, *batch_of(step))
        scale = _clipping(slopes)
        rate = schedule.at(step)
        for name, weight in weights.items():
            slope = slopes[name] * scale.view(-1, *[1] * (weight.dim() - 1))
            first[name].lerp_(slope, 1 - BETAS[0])
            second[name].mul_(BETAS[1]).addcmul_(slope, slope, value=1 - BETAS[1])
            if weight.dim() >= 3:  # a matrix, and the axis of chains
                weight.mul_(1 - rate * schedule.decay)
            mean = first[name] / (1 - BETAS[0] ** (step + 1))
            deviation = (second[name] / (1 - BETAS[1] ** (step + 1))).sqrt_().add_(EPSILON)
            weight.sub_(rate * mean / deviation)
        if told is not None:
            told(step + 1, schedule.steps)


def _clipping(slopes: Weights) -> torch.Tensor:
    """By what the gradient of each chain is multiplied, so that its norm is at most one, (C,).

    Sums of each chain by itself: over the stack as a whole they would depend on how many there are.
    """
    count = len(next(iter(slopes.values())))
    norms = [
        torch.stack([slope[place].flatten().square().sum() for slope in slopes.values()]).sum().sqrt()
        for place in range(count)
    ]
    return (1.0 / (torch.stack(norms) + 1e-6)).clamp(max=1.0)


class _written_out:  # noqa: N801  a context manager
    """Attention without the fused kernel, which cannot be mapped over chains."""

    def __init__(self, network: torch.nn.Module) -> None:
        self.parts = [part for part in network.modules() if isinstance(part, CausalAttention)]

    def __enter__(self) -> None:
        for part in self.parts:
            part.fused = False

    def __exit__(self, *_: object) -> None:
        for part in self.parts:
            part.fused = True


def _verify(models: Sequence[LanguageModel], rows: Sequence[Any], seeds: Sequence[int]) -> None:
    if not models or not len(models) == len(rows) == len(seeds):
        raise DomainError(f"{len(models)} models, {len(rows)} rows and {len(seeds)} seeds: give one of each a chain.")
    for own, model in zip(rows, models, strict=True):
        if isinstance(own, Documents):
            raise DomainError("rows are documents of unequal length: stacked chains take rows of one length.")
        model._verify(np.asarray(own))
    lengths = {own.shape[1] for own in rows}
    if len(lengths) > 1:
        raise DomainError(f"rows have {sorted(lengths)} tokens: stacked chains take rows of one length.")
    shapes = {
        (m.vocabulary, m.context, m.layers, m.width, m.heads, m.steps, m.batch, m.rate, m.decay, m.device)
        for m in models
    }
    if len(shapes) > 1:
        raise DomainError("models differ in shape or training: stacked chains are alike in all but their weights.")
