"""A forecast tried on curves whose ends are known: errors and coverage, beside what one would say without it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from numerics.forecasting.baselines import BASELINES
from numerics.forecasting.data import FEWEST, Named, curves
from numerics.forecasting.forecast import forecast, verified_level
from numerics.forecasting.shapes import shapes
from theory.errors import DomainError
from theory.expressions.arguments import quoted, whole_number
from theory.workflows.base import Workflow

Array = NDArray[np.float64]

LAW = "depth law"


@dataclass(frozen=True)
class Trial:
    """One method on curves: root mean square error at their last generations, coverage of their later ones.

    ``relative`` is the median of the error over the rise of the curve; ``coverage`` is None for a method without
    intervals.
    """

    method: str
    rms: float
    relative: float
    coverage: float | None


@dataclass(frozen=True)
class Backtest:
    """Methods tried on curves of which only the first generations were shown. Made by :func:`backtest`.

    Attributes
    ----------
    trials : of the law first, then of the baselines
    shown : generations that each method saw
    curves : how many were tried
    refused : sentences, for the curves that the forecast refused; no method is tried on these
    """

    trials: tuple[Trial, ...]
    shown: int
    curves: int
    refused: tuple[str, ...]

    def __getitem__(self, method: str) -> Trial:
        found = {trial.method: trial for trial in self.trials}
        if method not in found:
            raise KeyError(f"method = {method!r} was not tried: there are {', '.join(found)}.")
        return found[method]

    def __str__(self) -> str:
        lines = [f"{'method':<14}{'rms':>10}{'error/rise':>12}{'coverage':>10}"]
        for trial in self.trials:
            coverage = "" if trial.coverage is None else f"{100 * trial.coverage:.0f} %"
            lines.append(f"{trial.method:<14}{trial.rms:>10.4g}{trial.relative:>12.3f}{coverage:>10}")
        return "\n".join(lines)


def backtest(
    measured: Iterable[tuple[ArrayLike, Named]], shown: int = 6, level: float = 0.9, seed: int = 0
) -> Backtest:
    """Show the first generations of each curve to the forecast and to its baselines, and compare with the others.

    Parameters
    ----------
    measured : pairs of losses, (k,) or (seeds, k), and the workflow they were measured under, or its name
        Seeds are averaged. Curves that end where what is shown ends are left out.
    shown : int, default 6
        Generations that are shown, three or more.
    level : number between 0 and 1
        Of the intervals whose coverage is counted.
    seed : int
        Of the forecasts.

    Returns
    -------
    Backtest

    Raises
    ------
    DomainError
        When no curve is longer than ``shown``, or a forecast cannot be made of any.

    Notes
    -----
    Derived here. The baselines are fits of one curve by least squares, and the last value.

    Examples
    --------
    >>> from numerics.forecasting import backtest
    >>> from theory import Replace
    >>> found = backtest([([2.0, 2.5, 2.9, 3.1, 3.25, 3.3, 3.35], Replace())], shown=4)
    >>> found["depth law"].rms < found["linear"].rms
    True
    """
    count = whole_number("shown", shown, FEWEST)
    errors: dict[str, list[tuple[float, float]]] = {name: [] for name in (LAW, *BASELINES)}
    inside: list[float] = []
    refused: list[str] = []
    verified_level(level)
    for losses, workflow in _pairs(measured):
        (curve,) = curves(losses, workflow, None, None)
        length = len(curve.generations)
        if length <= count:
            continue
        try:
            found = forecast(curve.losses[:, :count], curve.workflow, horizon=length, level=level, seed=seed)
        except DomainError as error:
            refused.append(str(error))
            continue
        truth = curve.mean
        rise = float(np.abs(truth - truth[0]).max())
        later = truth[count:]
        inside.append(float(((found.lower[count:] <= later) & (later <= found.upper[count:])).mean()))
        ends = {LAW: float(found.median[-1]), **_ends(curve.generations[:count], truth[:count], length, curve.workflow)}
        for name, end in ends.items():
            errors[name].append((end - truth[-1], abs(end - truth[-1]) / rise))
    if not inside:
        raise DomainError(f"measured holds no curve of more than {count} generations that can be forecast: {refused}.")
    trials = [
        Trial(
            name,
            float(np.sqrt(np.mean([error**2 for error, _ in each]))),
            float(np.median([relative for _, relative in each])),
            float(np.mean(inside)) if name == LAW else None,
        )
        for name, each in errors.items()
    ]
    return Backtest(tuple(trials), count, len(inside), tuple(refused))


def _pairs(measured: object) -> list[tuple[ArrayLike, Named]]:
    pairs = list(measured) if isinstance(measured, Iterable) else None
    if pairs is None or not all(isinstance(pair, tuple | list) and len(pair) == 2 for pair in pairs):
        raise DomainError(f"measured = {quoted(measured)} is not allowed: give pairs of losses and their workflow.")
    return pairs


def _ends(measured: NDArray[np.int64], losses: Array, length: int, workflow: Workflow) -> dict[str, float]:
    known: Sequence[float] = [float(length)]
    curve = shapes(workflow, length)
    return {name: float(of(measured, losses, np.array(known), curve)[0]) for name, of in BASELINES.items()}
