"""Models of generation 1, fitted once for all workflows and, where it is asked for, for all seeds of a study."""

from __future__ import annotations

from hashlib import sha256

from numpy.random import SeedSequence

from numerics.run.generator import Fitted
from numerics.run.rows import Array, Rows, digest_of


class FirstModels:
    """Models of generation 1, by what they follow from: generator, rows, weights and seed.

    Give one object to several runs of :func:`numerics.run_generations`: what one has fitted the others take.

    Notes
    -----
    Generation 1 is fitted on block 1, which is real: no workflow has a say in it. Of runs with the same generator,
    data, n and seed it is the same model, and what the loss of a workflow adds to it is compared in pairs.

    Examples
    --------
    >>> import numpy as np
    >>> from numerics import run_generations
    >>> from theory import Accumulate, Replace
    >>> class Mean:
    ...     fits = 0
    ...     def fit(self, X):
    ...         Mean.fits += 1
    ...         self.mean = X.mean()
    ...     def sample(self, n):
    ...         return np.random.normal(self.mean, 1, n)
    >>> first, real = FirstModels(), np.random.default_rng(1).normal(size=50)
    >>> runs = [run_generations(Mean, real, workflow, 3, "mean", first=first) for workflow in (Replace(), Accumulate())]
    >>> bool(runs[0].losses[0, 0] == runs[1].losses[0, 0]), Mean.fits
    (True, 5)
    """

    def __init__(self) -> None:
        self._models: dict[str, Fitted] = {}

    def __len__(self) -> int:
        return len(self._models)

    def get(self, key: str) -> Fitted | None:
        """The model of a key, None where it was not fitted yet."""
        return self._models.get(key)

    def put(self, key: str, fitted: Fitted) -> None:
        """Keep a model."""
        self._models[key] = fitted


def key_of(what: str, rows: Rows, weights: Array | None, seed: SeedSequence) -> str:
    """What a fitted model follows from, as a short text."""
    parts = (what, digest_of(rows), None if weights is None else digest_of(weights), seed.entropy, seed.spawn_key)
    return sha256(repr(parts).encode()).hexdigest()
