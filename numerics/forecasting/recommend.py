"""From measured losses to a decision: which workflow, how much real data, how long, and what to measure next."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sympy import Rational

from numerics.forecasting.data import Named
from numerics.forecasting.forecast import Forecast, forecast
from numerics.forecasting.law import Points
from theory.errors import DomainError
from theory.expressions.arguments import quoted, whole_number
from theory.workflows.accumulate import Accumulate
from theory.workflows.anchored import RealPlusLatest
from theory.workflows.base import Workflow
from theory.workflows.contaminated_pool import ContaminatedPool
from theory.workflows.real_and_synthetic import RealAndSynthetic
from theory.workflows.replace import Replace
from theory.workflows.subsample import AccumulateSubsample
from theory.workflows.subsampled import Subsampled

Array = NDArray[np.float64]

#: Percentages of real rows that are tried.
FINEST = 100
#: Measurements that are imagined to say what one more would tell.
IMAGINED = 12


@dataclass(frozen=True)
class Option:
    """A workflow, and how likely it keeps every loss within the tolerance.

    Attributes
    ----------
    workflow : Workflow
    words : str
        In an engineer's words.
    probability : that a loss measured at any one of the generations is within, at the worst of them
    median, upper : of the loss at the last generation
    """

    workflow: Workflow
    words: str
    probability: float
    median: float
    upper: float


@dataclass(frozen=True)
class Recommendation:
    """What to change. Made by :func:`recommend`.

    Attributes
    ----------
    allowed : float
        The largest loss within the tolerance.
    generations : int
    probability : float
        That is asked for.
    safe_generations : int
        So many generations of what was measured stay within, with that probability.
    options : tuple of Option
        Workflows without new real data first, the likeliest first; then the least share of real rows in each round.
    narrowing : dict
        Expected width of the interval at the last generation over that of today, after one more "generation" or "seed".
    warnings : tuple of str
    sentence : str
    """

    allowed: float
    generations: int
    probability: float
    safe_generations: int
    options: tuple[Option, ...]
    narrowing: Mapping[str, float]
    warnings: tuple[str, ...]
    sentence: str

    @property
    def best(self) -> Option | None:
        """The first option that holds; None where none does."""
        return next((option for option in self.options if option.probability >= self.probability), None)

    def __repr__(self) -> str:
        return f"<Recommendation: {self.sentence}>"


def recommend(
    losses: ArrayLike | Mapping[Any, ArrayLike],
    measured_under: Named | None = None,
    tolerance: float | str = 0.05,
    generations: int = 10,
    *,
    stderr: ArrayLike | Mapping[Any, ArrayLike] | None = None,
    generations_measured: Sequence[int] | Mapping[Any, Sequence[int]] | None = None,
    probability: float = 0.9,
    seed: int = 0,
) -> Recommendation:
    """Say what keeps the loss of a self-consuming loop within a tolerance of that of real data.

    Parameters
    ----------
    losses : (k,) or (seeds, k), or a mapping from workflows to such tables
        As :func:`numerics.forecast` takes them.
    measured_under : Workflow or str
        Under which they were measured; not beside a mapping.
    tolerance : number or text, default 0.05
        How much the loss of generation 1 may rise: a part of its size, 0.05 or "5%".
    generations : int, default 10
        Up to which generation it must stay within.
    stderr, generations_measured
        As ``stderr`` and ``generations`` of :func:`numerics.forecast`.
    probability : number between 0 and 1, default 0.9
        With which.
    seed : int
        Of the forecasts.

    Returns
    -------
    Recommendation

    Raises
    ------
    DomainError
        As :func:`numerics.forecast`, and for a tolerance that is no positive number.

    Notes
    -----
    Derived here: the forecasts of one fitted law for every workflow. Shares of real rows are tried by the percent.
    Where the residuals reject the law nothing is promised beyond what was measured.

    Examples
    --------
    >>> from numerics.forecasting import recommend
    >>> from theory import Replace
    >>> found = recommend([2.0, 2.2, 2.34, 2.45], Replace(), tolerance="20%", generations=8)
    >>> found.safe_generations, found.best.words
    (3, 'keep everything, and train on all of it')
    """
    part = _tolerance(tolerance)
    last = whole_number("generations", generations, 2)
    wanted = _probability(probability)
    found = forecast(losses, measured_under, stderr=stderr, generations=generations_measured, horizon=last, seed=seed)
    first = float(found.measured[0].mean[0])
    allowed = first + part * abs(first)
    within = 1.0 - found.probability_above(allowed)
    if found.rejected is not None:
        within = np.where(found.upper <= allowed, within, 0.0)
    beyond = np.flatnonzero(within < wanted)
    safe = int(beyond[0]) if beyond.size else last
    options = () if found.rejected is not None else _options(found, allowed, wanted)
    narrowing = {} if found.rejected is not None else _narrowing(found, seed)
    made = Recommendation(allowed, last, wanted, safe, options, narrowing, found.warnings, "")
    return Recommendation(**{**vars(made), "sentence": _sentence(made, found)})


def _tolerance(value: float | str) -> float:
    text = str(value).strip()
    try:
        number = float(text[:-1]) / 100.0 if text.endswith("%") else float(text)
    except ValueError:
        number = np.nan
    if isinstance(value, bool) or not (np.isfinite(number) and number > 0):
        raise DomainError(f"tolerance = {quoted(value)} is not allowed: give a positive part, such as 0.05 or 5%.")
    return number


def _probability(value: float) -> float:
    number = float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else np.nan
    if not 0.0 < number < 1.0:
        raise DomainError(f"probability = {quoted(value)} is not allowed: give a number between 0 and 1.")
    return number


# -- options ---------------------------------------------------------------------------------------------

#: Workflows that need no real data but those of generation 1.
WITHOUT: tuple[tuple[Workflow, str], ...] = (
    (Replace(), "train on the latest data alone"),
    (AccumulateSubsample(), "keep everything, and train on as many rows of it as before"),
    (Accumulate(), "keep everything, and train on all of it"),
    (Subsampled(RealPlusLatest()), "train on as many rows as before, half of them the first real data"),
)


def _fresh(real: Rational) -> Workflow:
    return RealAndSynthetic(real=real, synthetic=1 - real) if real else Replace()


def _pool(real: Rational) -> Workflow:
    return Subsampled(ContaminatedPool(real=real)) if real else AccumulateSubsample()


#: Families of workflows with a share of new real rows in every round.
WITH: tuple[tuple[Callable[[Rational], Workflow], str], ...] = (
    (_pool, "keep everything, {} of every later round new real rows, and train on as many rows of it as before"),
    (_fresh, "train on the latest data, {} of them new real rows"),
)


def _options(found: Forecast, allowed: float, wanted: float) -> tuple[Option, ...]:
    plain = [_option(found, workflow, words, allowed) for workflow, words in WITHOUT]
    plain.sort(key=lambda option: -option.probability)
    return (*plain, *(_least(found, family, words, allowed, wanted) for family, words in WITH))


def _option(found: Forecast, workflow: Workflow, words: str, allowed: float) -> Option:
    under = found.of(workflow)
    within = float(1.0 - under.probability_above(allowed).max())
    return Option(workflow, words, within, float(under.median[-1]), float(under.upper[-1]))


def _least(
    found: Forecast, family: Callable[[Rational], Workflow], words: str, allowed: float, wanted: float
) -> Option:
    """The least percentage that holds, 0 if that does, by halving; more real rows never raise the expected loss."""

    def at(percent: int) -> Option:
        return _option(found, family(Rational(percent, FINEST)), words.format(f"{percent} %"), allowed)

    none = at(0)
    if none.probability >= wanted:
        return none
    low, high = 0, FINEST - 1
    best = at(high)
    if best.probability < wanted:
        return best
    while high - low > 1:
        middle = (low + high) // 2
        tried = at(middle)
        if tried.probability >= wanted:
            best, high = tried, middle
        else:
            low = middle
    return best


# -- what to measure next --------------------------------------------------------------------------------


def _narrowing(found: Forecast, seed: int) -> dict[str, float]:
    """Expected width of the last interval after one more measurement, over that of today."""
    if any(curve.stderr is not None for curve in found.measured):
        return {}
    today = float(found.upper[-1] - found.lower[-1])
    if today <= 0:
        return {}
    return {kind: _expected_width(found, kind, seed) / today for kind in ("generation", "seed")}


def _expected_width(found: Forecast, kind: str, seed: int) -> float:
    """Over measurements drawn from the forecast itself."""
    rng = np.random.default_rng([seed, 1])
    widths = []
    curve = found.measured[0]
    places = np.array([curve.last + 1]) if kind == "generation" else curve.generations
    points = Points(np.zeros(len(places), dtype=np.int64), places)
    inside = found._fitted.posterior
    if inside.data.design.shapes[0].horizon < int(places.max()):
        return float(found.upper[-1] - found.lower[-1])
    chains = 1 if kind == "seed" else curve.seeds
    spread = np.full(len(places), inside.data.rise / chains**0.5)
    draws = inside.draw(points, spread, 400, rng).losses
    for row in draws[rng.choice(len(draws), size=IMAGINED, replace=False)]:
        if kind == "generation":
            # The mean over seeds moves; how seeds scatter about it is what it was.
            new = row[0] + curve.losses[:, -1:] - curve.mean[-1]
            table, generations = np.hstack((curve.losses, new)), [*curve.generations.tolist(), int(places[0])]
        else:
            table, generations = np.vstack((curve.losses, row)), curve.generations.tolist()
        given = {each.workflow: each.losses for each in found.measured} | {curve.workflow: table}
        measured = {each.workflow: each.generations.tolist() for each in found.measured}
        try:
            again = forecast(
                given, generations=measured | {curve.workflow: generations}, horizon=found.horizon, level=found.level
            )
        except DomainError:
            continue
        under = again if again.workflow == found.workflow else again.of(found.workflow)
        widths.append(float(under.upper[-1] - under.lower[-1]))
    return float(np.mean(widths)) if widths else float(found.upper[-1] - found.lower[-1])


def _sentence(made: Recommendation, found: Forecast) -> str:
    sure = f"with probability {100 * made.probability:g} %"
    if found.rejected is not None:
        return (
            f"The law does not fit what was measured ({found.rejected}): beyond generation {made.safe_generations} "
            "nothing is promised."
        )
    name = found.workflow.name
    if made.safe_generations >= made.generations:
        return f"Go on with {name}: {sure} the loss stays below {made.allowed:.4g} up to generation {made.generations}."
    stay = f"{name} stays below {made.allowed:.4g} up to generation {made.safe_generations}, {sure}."
    best = made.best
    if best is None:
        return f"{stay} Nothing that was tried keeps it there up to generation {made.generations}."
    least = [option for option in made.options[len(WITHOUT) :] if option.probability >= made.probability]
    if best in made.options[: len(WITHOUT)]:
        return f"{stay} Instead, {best.words}: that holds up to generation {made.generations}."
    return f"{stay} With real data: {'; or '.join(option.words for option in least)}."
