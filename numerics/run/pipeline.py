r"""scikit-learn's pipelines as generators: what the last step samples goes back through the steps before it.

A pipeline fits its last step on :math:`z = T(x)` and has no ``sample``. A row of its model is :math:`T^{-1}(z)`, z a
row of the last step's, by ``inverse_transform`` of every earlier step. Its ``score_samples`` is the log-density of z,
in coordinates that are others at every generation; that of x is

.. math:: \log p(x) = \log p_z(T(x)) + \log |\det T'(x)|.

A search over parameters, such as ``GridSearchCV``, is what it has chosen: its ``best_estimator_``.

Where T is affine on the rows, as scaling, whitening and rotating are, T' is a matrix that differences of T tell to
rounding. Elsewhere a density needs more than T is asked for here, and is refused; where T drops dimensions, as PCA
may, there is none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from theory.errors import DomainError

Array = NDArray[np.float64]

#: Differences of T lose half the digits at most, where the rows' mean is far from 0 in units of their deviation.
_ROUNDING = float(np.sqrt(np.finfo(np.float64).eps))


def chosen(model: Any) -> Any:
    """What a search over parameters has chosen, or before it is fitted what it tries; any other model as it is."""
    while not hasattr(model, "sample") and hasattr(model, "estimator") and callable(getattr(model, "fit", None)):
        model = getattr(model, "best_estimator_", model.estimator)
    return model


def sampler(model: Any) -> Callable[..., Any] | None:
    """The method that draws: the model's ``sample``, or that of a pipeline's last step; None where there is none."""
    model = chosen(model)
    if is_pipeline(model):
        return sampler(model.steps[-1][1])
    own = getattr(model, "sample", None)
    return own if callable(own) else None


def is_pipeline(model: Any) -> bool:
    """Whether it is one of scikit-learn's pipelines, made like them, or a search over one; without ``sample``."""
    model = chosen(model)
    steps = getattr(model, "steps", None)
    named = isinstance(steps, list) and bool(steps) and all(isinstance(s, (tuple, list)) and len(s) == 2 for s in steps)
    return named and getattr(model, "sample", None) is None


def verify_steps(pipeline: Any) -> None:
    """Refuse earlier steps that do not say what they were given."""
    for name, step in _earlier(chosen(pipeline)):
        if not callable(getattr(step, "inverse_transform", None)):
            raise DomainError(
                f"step {name!r} of the pipeline, {type(step).__name__}, has no inverse_transform, so that rows which "
                f"the last step samples cannot be given back as data: leave the step out, or give it one."
            )


def returned_by(model: Any, sampled: Any) -> Any:
    """What a model returns as rows, of what its sampler returned."""
    model = chosen(model)
    if not is_pipeline(model):
        return sampled
    rows = sampled[0] if isinstance(sampled, tuple) and sampled else sampled
    rows = returned_by(model.steps[-1][1], rows)
    for _, step in reversed(list(_earlier(model))):
        rows = step.inverse_transform(rows)
    return rows


def log_volume(model: Any, rows: Any) -> float:
    r""":math:`\log|\det T'|` of a fitted pipeline on rows (m, d); 0 for what is none."""
    model = chosen(model)
    if not is_pipeline(model) or not list(_earlier(model)):
        return 0.0
    given = np.asarray(rows, dtype=np.float64)
    slope = _slope(model, given)
    sign, logarithm = np.linalg.slogdet(slope)
    if not sign:
        raise DomainError(f"the steps before the last of {type(model).__name__} drop a dimension: no density is left.")
    return float(logarithm) + log_volume(model.steps[-1][1], _transformed(model, given))


def _slope(model: Any, rows: Array) -> Array:
    """The matrix A of z = b + (x − x̄) A, which T is on these rows."""
    centre, width = rows.mean(axis=0), np.ptp(rows, axis=0)
    width[width == 0] = 1.0
    origin = _transformed(model, centre[None, :])
    slope = (_transformed(model, centre + np.diag(width)) - origin) / width[:, None]
    if slope.shape[0] != slope.shape[1]:
        raise DomainError(
            f"loss = 'negative log-likelihood' needs a density, and the pipeline fits its last step in "
            f"{slope.shape[1]} dimensions on data of {slope.shape[0]}: give a function loss(model, test_data), 'mean' "
            f"or 'variance'."
        )
    found = _transformed(model, rows)
    if np.abs(found - origin - (rows - centre) @ slope).max() > _ROUNDING * max(1.0, np.abs(found).max()):
        raise DomainError(
            "loss = 'negative log-likelihood' of a pipeline needs steps that are affine, such as StandardScaler, and "
            "those before the last bend the data: give a function loss(model, test_data), 'mean' or 'variance'."
        )
    return np.asarray(slope, dtype=np.float64)


def _transformed(model: Any, rows: Array) -> Array:
    found = rows
    for _, step in _earlier(model):
        found = step.transform(found)
    return np.asarray(found, dtype=np.float64)


def _earlier(pipeline: Any) -> Iterator[tuple[str, Any]]:
    """The steps before the last, without those that do nothing."""
    return ((name, step) for name, step in pipeline.steps[:-1] if step is not None and step != "passthrough")
