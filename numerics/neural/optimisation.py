r"""Training by steps: AdamW, a rate that warms up and falls as a cosine, gradients clipped to norm one."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch

#: Told how far a fit is: steps done, and of how many.
Told = Callable[[int, int], object]


@dataclass(frozen=True)
class Schedule:
    """How long and how fast.

    Attributes
    ----------
    steps : of the optimiser
    rate : the highest learning rate
    decay : weight decay of matrices
    """

    steps: int
    rate: float
    decay: float

    def at(self, step: int) -> float:
        """The rate at a step, from 0: up in a tenth of the steps, then a cosine down to a tenth of the rate."""
        warm = max(1, self.steps // 10)
        if step < warm:
            return self.rate * (step + 1) / warm
        share = (step - warm) / max(1, self.steps - warm)
        return self.rate * (0.1 + 0.45 * (1 + math.cos(math.pi * share)))


def optimiser_of(parameters: Iterable[torch.nn.Parameter], schedule: Schedule) -> torch.optim.Optimizer:
    """AdamW (Loshchilov and Hutter 2019); vectors, which scale and shift, do not decay."""
    learnt = [parameter for parameter in parameters if parameter.requires_grad]
    groups = [
        {"params": [each for each in learnt if each.dim() >= 2], "weight_decay": schedule.decay},
        {"params": [each for each in learnt if each.dim() < 2], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW([group for group in groups if group["params"]], lr=schedule.rate, betas=(0.9, 0.99))


def train(
    network: torch.nn.Module, loss_of_step: Callable[[int], torch.Tensor], schedule: Schedule, told: Told | None
) -> None:
    """Take all steps; ``loss_of_step(step)`` is the loss of the batch of a step."""
    optimiser = optimiser_of(network.parameters(), schedule)
    learnt = [parameter for parameter in network.parameters() if parameter.requires_grad]
    network.train()
    for step in range(schedule.steps):
        for group in optimiser.param_groups:
            group["lr"] = schedule.at(step)
        loss = loss_of_step(step)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(learnt, 1.0)
        optimiser.step()
        if told is not None:
            told(step + 1, schedule.steps)
    network.eval()
