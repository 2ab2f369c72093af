r"""The loss of a fitted generator on test data: the user's own function, or one of those below.

``"negative log-likelihood"``
    :math:`-\frac1m \sum_i \log p(x_i)` over the test rows, by ``score_samples``; without it by ``score``, which is then
    taken for the mean log-likelihood of a row, as in scikit-learn's mixtures. Of a pipeline it is the density of the
    data, not of what its last step was fitted on, see :mod:`numerics.run.pipeline`.
``"mean"``
    :math:`\|\mu_p - \bar x\|^2`, the squared error of the model's mean, x̄ being that of the test data. Of the model
    only n rows are drawn: with their mean m and covariance S, :math:`\|m - \bar x\|^2 - \operatorname{tr} S/n` is an
    unbiased estimate.
``"variance"``
    :math:`E_p\|x - \bar x\|^2/d - \operatorname{tr} V/d`, the variance of the model about the mean of the test data,
    per coordinate, in excess of theirs; unbiased likewise.

The sampled ones may be negative. They cost noise, not bias: a function that reads the model's parameters costs neither.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.random import SeedSequence
from numpy.typing import NDArray

from numerics.run.generator import Fitted, seeded
from numerics.run.pipeline import log_volume
from numerics.run.rows import Documents, Rows, has_masks
from theory.errors import DomainError

Array = NDArray[np.float64]
Loss = str | Callable[[Any, Any], float]

LOSSES = ("negative log-likelihood", "mean", "variance")


@dataclass(frozen=True)
class LossOnTest:
    """A loss, the test rows (m, d), and how many rows of the model a sampled loss draws."""

    loss: Loss
    rows: Rows
    drawn: int

    @property
    def name(self) -> str:
        """The loss as it was given, or the name of the function."""
        return self.loss if isinstance(self.loss, str) else getattr(self.loss, "__qualname__", type(self.loss).__name__)

    def __call__(self, fitted: Fitted, seed: SeedSequence) -> float:
        """The loss of a fitted generator: a number, possibly infinite, never nan."""
        if self.loss in ("mean", "variance"):
            value: object = self._sampled(fitted.sample(self.drawn, seed))
        else:
            rows = fitted.layout.give(self.rows)
            with seeded(fitted.model, "", seed):
                value = self.loss(fitted.model, rows) if callable(self.loss) else _negative_log_likelihood(fitted, rows)
        return _number(self.name, value)

    def _sampled(self, drawn: Rows) -> float:
        assert not isinstance(drawn, Documents)
        assert not isinstance(self.rows, Documents)
        # Averages of small types stop short of the mean.
        sample, rows = drawn.astype(np.float64), self.rows.astype(np.float64)
        centre = rows.mean(axis=0)
        if self.loss == "mean":
            error = sample.mean(axis=0) - centre
            return float(error @ error - sample.var(axis=0, ddof=1).sum() / len(sample))
        return float(((sample - centre) ** 2).mean() - rows.var(axis=0).mean())


def loss_on_test(loss: Loss, rows: Rows, drawn: int, model: type | object) -> LossOnTest:
    """Verify a loss for a generator."""
    if not callable(loss) and loss not in LOSSES:
        raise DomainError(
            f"loss = {loss!r} is not a loss: give a function loss(model, test_data), or {', '.join(map(repr, LOSSES))}."
        )
    if loss == "negative log-likelihood" and not (hasattr(model, "score_samples") or hasattr(model, "score")):
        raise DomainError(
            f"loss = {loss!r} needs score_samples(X), the log-likelihood of each row, which {type(model).__name__} "
            f"does not have: give it, or a function loss(model, test_data)."
        )
    if loss in ("mean", "variance") and isinstance(rows, Documents):
        raise DomainError(f"loss = {loss!r} is of rows of equal length, not of documents: give a function instead.")
    if loss == "mean" and drawn < 2:
        raise DomainError(f"n = {drawn} is not allowed for loss = 'mean': it samples n rows of the model, 2 or more.")
    return LossOnTest(loss, rows, drawn)


def _negative_log_likelihood(fitted: Fitted, rows: Rows) -> float:
    model = fitted.model
    moved = log_volume(model, rows)
    if not hasattr(model, "score_samples"):
        return -_number(f"{fitted.name}.score", model.score(rows)) - moved
    returned = model.score_samples(rows)
    scores = np.asarray(returned)
    if scores.dtype.kind not in "iuf" or (has_masks(returned) and np.ma.getmaskarray(np.ma.asarray(returned)).any()):
        raise DomainError(f"{fitted.name}.score_samples has type {scores.dtype}, or masks: it must be numbers alone.")
    if scores.shape not in ((len(rows),), (len(rows), 1)):
        raise DomainError(
            f"{fitted.name}.score_samples has shape {scores.shape}: it must be ({len(rows)},), one number a row."
        )
    return -float(scores.mean(dtype=np.float64)) - moved


def _number(name: str, value: object) -> float:
    refused = DomainError(f"loss = {name} gave {value!r}: it must give one real number.")
    if not _is_number(value):
        raise refused
    try:
        number = float(value.reshape(()) if isinstance(value, np.ndarray) else value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        raise refused from None
    if np.isnan(number):
        raise DomainError(f"loss = {name} gave nan: it must give one real number.")
    return number


def _is_number(value: object) -> bool:
    """Whether something that float() may take is a number: texts, truth values and what is masked are not."""
    if isinstance(value, np.ma.MaskedArray) and np.ma.getmaskarray(value).any():
        return False
    kind = getattr(value, "dtype", None)
    if isinstance(kind, np.dtype):
        return kind.kind in "iuf"
    if isinstance(value, (bool, str, bytes, bytearray)) or (kind is not None and "bool" in str(kind)):
        return False
    return hasattr(type(value), "__float__") or hasattr(type(value), "__index__")
