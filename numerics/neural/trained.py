"""What the generators with a network have in common: how they are trained, where they compute, how they draw."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray

from numerics.neural.optimisation import Schedule, Told, train
from numerics.neural.settled import CUDA_TOLERANCE, generator_of, settled
from numerics.neural.stack import fit_stacked
from theory.errors import DomainError
from theory.expressions.arguments import whole_number


class Trained(ABC):
    """A generator whose network is trained by steps on batches.

    Attributes
    ----------
    steps, batch, rate, decay, threads : how it is trained
    device : where it computes
    network : None until it is fitted, or loaded
    together : rows scored or sampled at a time, always so many: a product of fewer rows may differ in the last bit
    """

    called: ClassVar[str]
    together: int = 128

    def __init__(self, steps: int, batch: int, rate: float, decay: float, threads: int) -> None:
        self.steps, self.batch = whole_number("steps", steps, 0), whole_number("batch", batch, 1)
        self.rate, self.decay = float(rate), float(decay)
        if not 0 < self.rate < float("inf") or not 0 <= self.decay < float("inf"):
            raise DomainError(
                f"rate = {rate} and decay = {decay} are not allowed: a rate is positive, a decay not below 0."
            )
        self.threads = whole_number("threads", threads, 1)
        self.device = "cpu"
        self.network: Any = None

    @property
    def tolerance(self) -> float:
        """How far a loss computed again may be from the one before, relatively: on the CPU it is the same bits."""
        return 0.0 if self.device == "cpu" else CUDA_TOLERANCE

    def to(self, device: str) -> Self:
        """Compute on ``"cpu"``, ``"cuda"`` or another device of PyTorch's from now on."""
        self.device = str(device)
        if self.network is not None:
            self.network.to(self.device)
        return self

    @staticmethod
    def fit_together(
        models: Sequence[Any], X: Sequence[Any], seeds: Sequence[int], progress: Told | None = None
    ) -> None:
        """Fit models of one shape, each on rows of its own, all at once: :func:`numerics.neural.stack.fit_stacked`."""
        fit_stacked(models, X, seeds, progress)

    @abstractmethod
    def _taken(self, X: Any) -> Any:
        """Rows that were verified, and whose shape is kept, as batches are drawn from them."""

    @abstractmethod
    def _batches(self, rows: Any, generator: torch.Generator) -> Callable[[int], tuple[torch.Tensor, ...]]:
        """The batch of a step, asked for one after the other."""

    def _alike(self, batch: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
        """A batch in the shape that all batches have, so that those of several chains can be stacked."""
        return batch

    @abstractmethod
    def _objective(self) -> Callable[..., torch.Tensor]:
        """The mean loss of a batch under the network as it is."""

    @abstractmethod
    def _fresh(self) -> Any:
        """A network whose weights are still to be drawn."""

    @abstractmethod
    def _sampled(self, generator: torch.Generator) -> NDArray[Any]:
        """So many rows as are drawn together."""

    def _begin(self, generator: torch.Generator) -> None:
        """Weights to train from: those there are, or new ones."""
        if self.network is None:
            self.network = self._fresh()
            self.network.draw(generator)
        self.network.to(self.device)

    def _train(self, X: Any, seed: int, progress: Told | None) -> None:
        rows = self._taken(X)
        with settled(self.threads, self.device):
            generator = generator_of(seed)
            self._begin(generator)
            batch_of, loss = self._batches(rows, generator), self._objective()
            schedule = Schedule(self.steps, self.rate, self.decay)
            train(self.network, lambda step: loss(*batch_of(step)), schedule, progress)

    def _drawn(self, n: int, seed: int) -> NDArray[Any]:
        """The first ``n`` rows, the same ones however many are asked for."""
        self._verify_fitted()
        count, generator = whole_number("n", n, 1), generator_of(seed)
        with settled(self.threads, self.device), torch.inference_mode():
            parts = [self._sampled(generator) for _ in range(0, count, self.together)]
        return np.concatenate(parts)[:count]

    def _verify_fitted(self) -> None:
        if self.network is None:
            raise DomainError(f"this {self.called} is not fitted: call fit, or load.")
