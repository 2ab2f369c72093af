r"""From losses under one workflow to those of the same generator under another.

For the log loss of a learner who answers the frequencies among its rows (a table, smoothed alike at every generation),
the loss is convex in the data, and sampling keeps convexity, so that for averages of whole blocks

.. math:: \text{rise}_w(g) \le \sum_k P(K_g = k)\; \text{rise}_{\text{replace}}(k + 1),

K the depth of a training row (docs/laws.md). Nothing is fitted: what was measured under replace is mixed. The bound is
near the truth when training is short, so that bias rules, and far above when training is long, so that variance does,
of which averaging over blocks leaves less. Where rows are drawn from a pool, the draw adds variance of its own, and
blocks smaller than those of replace have more: the mixture is then no bound, but a prediction of bias.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sympy import Expr, S, simplify

from numerics.forecasting.data import Named, curves, named, number
from numerics.forecasting.forecast import forecast
from numerics.forecasting.screening import refuse
from numerics.forecasting.shapes import shapes
from theory.workflows.base import Workflow, verify_workflow

Array = NDArray[np.float64]

#: A share of variance in the rise from which training counts as long.
LONG = 0.25


@dataclass(frozen=True, eq=False)
class Transfer:
    """Losses under another workflow than the one measured. Made by :func:`transfer`.

    Attributes
    ----------
    workflow, measured_under : Workflow
    median : (k,), at generations 1, …, k
    lower, upper : (k,), the loss of generation 1, and the bound where there is one; else the larger of the mixture and
        of what it would be were all that replace rises by variance
    upper_bound : bool
        Whether ``median`` is a bound that the loss may stay well below, rather than a prediction.
    sentence : str
        In plain words.
    """

    workflow: Workflow
    measured_under: Workflow
    median: Array
    lower: Array
    upper: Array
    upper_bound: bool
    sentence: str

    @property
    def rise(self) -> Array:
        """``median`` less the loss of generation 1, (k,)."""
        return self.median - self.median[0]

    def __repr__(self) -> str:
        return f"<Transfer: {self.sentence}>"


def transfer(
    losses: ArrayLike,
    measured_under: Named,
    to: Named,
    *,
    generalisation_gap: float | None = None,
    seed: int = 0,
) -> Transfer:
    r"""What the same generator would do under another workflow.

    From losses under replace without any parameter, by the convexity bound
    :math:`\sum_k P(K=k)\,\text{rise}_{\text{replace}}(k+1)`; from other workflows, by the law that is fitted to them
    (:func:`numerics.forecast`), as its forecast.

    Parameters
    ----------
    losses : (k,) or (seeds, k)
        Of generations 1, …, k.
    measured_under, to : Workflow or str
        Or their names, as on the command line.
    generalisation_gap : number, optional
        Test loss less training loss of generation 1. Half of it is about what variance adds in a generation: where that
        is a good part of what replace rises by, training is long, and the transfer is no more than a bound.
    seed : int
        Of the draws, where a law is fitted.

    Returns
    -------
    Transfer

    Raises
    ------
    DomainError
        As :func:`numerics.forecast`.

    Notes
    -----
    Derived here; proof in docs/laws.md.

    Examples
    --------
    >>> from numerics.forecasting import transfer
    >>> from theory import AccumulateSubsample, Replace
    >>> found = transfer([1.0, 1.5, 1.9, 2.2], Replace(), AccumulateSubsample())
    >>> found.rise.round(3).tolist()
    [0.0, 0.25, 0.4, 0.504]
    """
    (curve,) = curves(losses, measured_under, None, None)
    measured_under, to = curve.workflow, named(to)
    verify_workflow(to)
    refuse([curve])
    length = len(curve.generations)
    if not _is_replace(measured_under, length):
        found = forecast(curve.losses, measured_under, horizon=length, seed=seed).of(to)
        return Transfer(to, measured_under, found.median, found.lower, found.upper, False, found.sentence)
    mean = curve.mean
    rise = mean - mean[0]
    mixed = mean[0] + shapes(to, length).depths @ rise
    long = _is_long(rise, generalisation_gap)
    whole = _averages_blocks(to, measured_under, length)
    words = (_OF_BLOCKS if whole else _OF_DRAWS)[long]
    sentence = f"Under {to.name} the loss of generation {length} is about {mixed[-1]:.4g}: {words}."
    # Were it all variance, replace would rise by as much in every generation.
    variance = mean[0] + max(rise[-1] / (length - 1), 0.0) * (shapes(to, length).ratio - 1.0)
    upper = mixed if whole else np.maximum(mixed, variance)
    return Transfer(to, measured_under, mixed, np.full(length, mean[0]), upper, whole and long is not False, sentence)


_SHORT = "a prediction: by its generalisation gap this training is short, and the rise is bias"
#: What a mixture is, by whether training is long (None where nothing tells).
_OF_BLOCKS = {
    True: "an upper bound: training is long enough for variance to count, of which averaging leaves less",
    None: "an upper bound, near the truth when training is short: give generalisation_gap to tell",
    False: _SHORT,
}
_OF_DRAWS = {
    True: "no bound and no more than a guess: training is long enough for variance to count, and a draw, or a small "
    "block, adds to it",
    None: "a prediction where training is short, and no bound: give generalisation_gap to tell",
    False: _SHORT,
}


def _averages_blocks(to: Workflow, measured_under: Workflow, generations: int) -> bool:
    """Whether every model averages whole blocks, none of them smaller than those of replace."""
    least = measured_under.size(1)
    return all(
        to.draw(g) is None and all(rows >= least for rows in _block_rows(to, g)) for g in range(1, generations + 1)
    )


def _block_rows(to: Workflow, g: int) -> Iterator[Expr]:
    """Rows of the blocks that model g averages: real and synthetic ones of a generation are one where each row of them
    weighs the same.
    """
    for block, (weight, fresh) in enumerate(zip(to.weights(g), to.fresh_weights(g), strict=True), start=1):
        synthetic, real = to.size(block), to.fresh_size(block) if fresh != 0 else S.Zero
        if weight != 0 and fresh != 0 and simplify(weight * real - fresh * synthetic) == 0:
            yield synthetic + real
        else:
            yield from (rows for rows, part in ((synthetic, weight), (real, fresh)) if part != 0)


def _is_replace(workflow: Workflow, generations: int) -> bool:
    """Whether every model is trained on nothing but the newest block, of one size."""
    sizes = {workflow.size(g) for g in range(1, generations + 1)}
    newest = all(
        list(workflow.weights(g)) == [0] * (g - 1) + [1] and (g == 1 or workflow.fresh_weight(g) == 0)
        for g in range(1, generations + 1)
    )
    return newest and len(sizes) == 1


def _is_long(rise: Array, gap: float | None) -> bool | None:
    """Whether variance is a good part of what replace rises by; None where nothing tells."""
    if gap is None:
        return None
    return bool(number("generalisation_gap", gap) / 2.0 > LONG * rise[-1] / (len(rise) - 1))
