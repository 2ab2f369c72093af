"""Model collapse simulated the way a researcher writes it today: a loop over replicates, NumPy inside.

Every generation draws its data and refits from scratch. Accumulated data sit in a list and are
concatenated at each fit. Each function returns the squared error at every generation.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Risks = NDArray[np.float64]


def gaussian_mean(accumulate: bool, n: int, generations: int, rng: np.random.Generator) -> Risks:
    """Mean of a Gaussian with variance 1, truth 0."""
    errors = np.empty(generations)
    theta, data = 0.0, []
    for g in range(generations):
        sample = rng.normal(theta, 1.0, n)
        if accumulate:
            data.append(sample)
            theta = np.concatenate(data).mean()
        else:
            theta = sample.mean()
        errors[g] = theta**2
    return errors


def bernoulli(accumulate: bool, n: int, generations: int, rng: np.random.Generator, p: float = 0.5) -> Risks:
    """Probability of a coin."""
    errors = np.empty(generations)
    theta, data = p, []
    for g in range(generations):
        sample = rng.binomial(1, theta, n)
        if accumulate:
            data.append(sample)
            theta = np.concatenate(data).mean()
        else:
            theta = sample.mean()
        errors[g] = (theta - p) ** 2
    return errors


def regression(accumulate: bool, d: int, T: int, generations: int, rng: np.random.Generator) -> Risks:
    """Least squares with fresh rows at every generation, noise variance 1."""
    errors = np.empty(generations)
    truth = np.ones(d) / np.sqrt(d)
    fit = truth
    rows, labels = [], []
    for g in range(generations):
        x = rng.normal(size=(T, d))
        y = x @ fit + rng.normal(size=T)
        if accumulate:
            rows.append(x)
            labels.append(y)
            x, y = np.concatenate(rows), np.concatenate(labels)
        fit = np.linalg.lstsq(x, y, rcond=None)[0]
        errors[g] = np.sum((fit - truth) ** 2)
    return errors
