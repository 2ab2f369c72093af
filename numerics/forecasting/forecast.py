"""Where measured losses go: the forecast, with honest intervals, or the reason why there is none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from numerics.forecasting.bounds import mixture_bounds
from numerics.forecasting.data import Curve, Named, curves, named, number
from numerics.forecasting.law import SAVINGS, Design, Points
from numerics.forecasting.plateau import Ends, ends
from numerics.forecasting.posterior import Draws, Posterior, posterior
from numerics.forecasting.screening import refuse, rejection, warnings_of
from numerics.forecasting.shapes import shapes
from numerics.seeds import Seed, seed_number
from numerics.threads import single_threaded_algebra
from theory.errors import DomainError
from theory.expressions.arguments import quoted, truth_value, whole_number
from theory.expressions.told import Told
from theory.workflows.base import Workflow, verify_workflow

Array = NDArray[np.float64]

#: Draws from the posterior.
DRAWS = 2000
#: Draws of which those are chosen again that agree with a generalisation gap, and how far A may be from half of it: the
#: standard deviation of its logarithm.
MANY, GAP_SPREAD = 10_000, 0.5
#: Of an interval of this level ten draws are beyond each end.
HIGHEST = 1.0 - 20 / DRAWS
#: More generations than this are asked of closed forms, not of a forecast.
LONGEST = 1000


@dataclass(frozen=True)
class Interval:
    """A median and the ends of an interval; an end may be infinite."""

    median: float
    lower: float
    upper: float

    def __repr__(self) -> str:
        return f"{self.median:.5g} ({self.lower:.5g} to {self.upper:.5g})"


@dataclass(frozen=True, eq=False)
class Fitted:
    """What is known once a law is fitted, whatever workflow is asked for; attributes as of :class:`Forecast`.

    ``gap`` is the generalisation gap of generation 1, or None.
    """

    measured: tuple[Curve, ...]
    posterior: Posterior
    horizon: int
    level: float
    seed: int
    gap: float | None
    warnings: tuple[str, ...]
    rejected: str | None


@dataclass(frozen=True, eq=False)
class Forecast(Told):
    r"""Losses at generations 1, …, horizon: what will be measured, given what was. Made by :func:`forecast`.

    Attributes
    ----------
    workflow : Workflow
        The one these losses are of.
    horizon, level : int, float
    measured : tuple of Curve
        What was given.
    median, lower, upper : (horizon,)
        Of a loss measured anew, its interval with probability ``level``.
    warnings : tuple of str
        What speaks against the law, or for caution.
    rejected : str or None
        Why the residuals reject the law; then the interval covers the bounds too, and no plateau is promised.

    Notes
    -----
    Derived here.

    Examples
    --------
    >>> from numerics import forecast
    >>> from theory import AccumulateSubsample
    >>> found = forecast([1.82, 1.91, 1.96, 2.00, 2.02, 2.04], AccumulateSubsample(), horizon=20)
    >>> found.median.shape, bool((found.lower < found.upper).all())
    ((20,), True)
    """

    workflow: Workflow
    horizon: int
    level: float
    measured: tuple[Curve, ...]
    median: Array
    lower: Array
    upper: Array
    warnings: tuple[str, ...]
    rejected: str | None
    _fitted: Fitted = field(repr=False)
    _draws: Draws = field(repr=False)

    def of(self, workflow: Named) -> Forecast:
        """The losses of the same generator under another workflow, or the one of this name, measured or not.

        Raises
        ------
        DomainError
            When this is no workflow, or one without numbers for its parameters.
        """
        return _under(self._fitted, named(workflow))

    @cached_property
    def parameters(self) -> dict[str, Interval]:
        """E, A, C, U (in the units of the loss) and λ, each with its interval.

        The rise is A·(ratio − 1) + C·φ(λ) − U·(1 − rows_1/rows_g). Of a law with several rates, C is their sum and
        λ the mean that is weighted by it.
        """
        draws, design = self._draws, self._fitted.posterior.data.design
        sizes = draws.size[:, None] * design.mixtures[draws.form] / design.scales
        return {
            "E": self._interval(draws.floor),
            "A": self._interval(sizes[:, 0]),
            "C": self._interval(sizes[:, 1:-1].sum(axis=1)),
            "U": self._interval(-sizes[:, -1]),
            "lambda": self._interval(design.kept[draws.form]),
        }

    @cached_property
    def share_of_bias(self) -> Interval:
        """The share of bias, rather than variance, in the rise over what was measured."""
        design = self._fitted.posterior.data.design
        return self._interval(design.mixtures[self._draws.form, 1:-1].sum(axis=1))

    @cached_property
    def families(self) -> dict[str, float]:
        """Posterior probability of each form of the law, all alike before."""
        return self._fitted.posterior.families()

    @cached_property
    def plateau(self) -> Interval | None:
        """Where the loss settles; None where it grows for ever, where it may, or where the law is rejected.

        An upper end may be infinite: then the losses so far leave it open whether there is a plateau.
        """
        if self.rejected is not None:
            return None
        values = self._limits()
        if values is None or np.median(values) == np.inf:
            return None
        return self._interval(values)

    def _limits(self) -> Array | None:
        found: Ends | None = ends(self.workflow, self._fitted.posterior.data.design.growing)
        if found is None or not np.isfinite(found.ratio):
            return None
        draws, design = self._draws, self._fitted.posterior.data.design
        ends_of = np.concatenate(([found.ratio - 1.0], found.rise, [found.saved])) / design.scales
        mixtures = design.mixtures[draws.form]
        # A curve that has no part in the mixture has none either where it grows for ever.
        total = np.where(mixtures != 0.0, ends_of, 0.0)
        with np.errstate(invalid="ignore"):
            rise = np.where(draws.size > 0, draws.size * (mixtures * total).sum(axis=1), 0.0)
        limits: Array = draws.floor + rise
        return limits

    def probability_above(self, loss: float) -> Array:
        """P(a loss measured at generation g exceeds ``loss``), (horizon,): of collapse, if that is what it means."""
        threshold = number("loss", loss)
        return (self._draws.losses > threshold).mean(axis=0)

    def _interval(self, values: Array) -> Interval:
        tail = (1.0 - self.level) / 2.0
        ordered = np.sort(values)
        low, middle, high = (
            float(ordered[min(len(ordered) - 1, int(place * len(ordered)))]) for place in (tail, 0.5, 1 - tail)
        )
        return Interval(middle, low, high)

    @property
    def sentence(self) -> str:
        """The forecast in plain words."""
        count = max(len(curve.generations) for curve in self.measured)
        percent = f"{100 * self.level:g} %"
        told = (
            f"Under {self.workflow.name}, from {count} measured generations: at generation {self.horizon} the loss "
            f"will be about {self.median[-1]:.4g}, with probability {percent} from {self.lower[-1]:.4g} to "
            f"{self.upper[-1]:.4g}."
        )
        if self.rejected is not None:
            return f"{told} The law does not fit ({self.rejected}): bounds are given, and no plateau is promised."
        plateau = self.plateau
        if plateau is None:
            return f"{told} No plateau is in sight."
        if not np.isfinite(plateau.upper):
            return f"{told} It may settle near {plateau.median:.4g}; that it does not settle cannot be excluded."
        return f"{told} It settles near {plateau.median:.4g} ({plateau.lower:.4g} to {plateau.upper:.4g})."

    __repr__ = Told.__repr__
    _drawn = (("median", "lower", "upper"),)

    def headline(self) -> str:
        """What is promised, in a sentence."""
        return self.sentence

    def table(self) -> dict[str, list[float]]:
        """Median and interval, by generation."""
        columns = {"median": self.median, "lower": self.lower, "upper": self.upper}
        return {"generation": list(range(1, self.horizon + 1)), **{name: c.tolist() for name, c in columns.items()}}


def forecast(
    losses: ArrayLike | Mapping[Any, ArrayLike],
    workflow: Named | None = None,
    *,
    stderr: ArrayLike | Mapping[Any, ArrayLike] | None = None,
    generations: Sequence[int] | Mapping[Any, Sequence[int]] | None = None,
    horizon: int = 50,
    level: float = 0.9,
    baseline: float | None = None,
    generalisation_gap: float | None = None,
    warm_start: bool = False,
    seed: Seed = 0,
) -> Forecast:
    r"""Forecast test losses of a self-consuming loop from those of its first generations.

    The expected loss rises over that of generation 1 by

    .. math:: A\,(\text{ratio}_w(g) - 1) + C\,\varphi_w(g;\lambda) - U\,(1 - \text{rows}_w(1)/\text{rows}_w(g)),

    variance, bias of a learner who keeps λ of what it is shown, and what more rows save. All workflows and seeds are
    fitted together, with noise of which a part persists and a discrepancy for what the law leaves out.

    Parameters
    ----------
    losses : (k,) or (seeds, k), or a mapping from workflows to such tables
        Test losses of generations 1, …, k on the same real data, three or more. Seeds are averaged, and tell the noise.
    workflow : Workflow or str
        Under which they were measured; not beside a mapping. A name stands for the workflow as on the command line,
        here and in mappings: "accumulate", "contaminated-pool:real=1/4", "subsampled-contaminated-pool:real=1/4".
    stderr : (k,), or a mapping from workflows to such lists, optional
        Standard errors of the means over seeds. Those of workflows that are left out are learnt.
    generations : sequence of int, optional
        Which generations were measured, if not all: increasing, the first is 1.
    horizon : int, default 50
        Last generation of the forecast.
    level : number between 0 and 1, default 0.9
        Probability of the intervals.
    baseline : number, optional
        Loss of a trivial model: a generation 1 no better than that is warned of.
    generalisation_gap : number, optional
        Test loss less training loss of generation 1: half of it is about A, what variance adds in a generation of
        replace, which losses alone tell poorly.
    warm_start : bool, default False
        Whether training goes on from the model before, or on ever more tokens: U then falls as 1/g.
    seed : int, SeedSequence or Generator
        Of the draws from the posterior.

    Returns
    -------
    Forecast

    Raises
    ------
    DomainError
        For fewer than three generations, losses that are not finite, do not move, fall under a workflow that keeps its
        number of rows, or jump half-way.

    Notes
    -----
    Derived here: the two terms and their curves. That real, short-trained generators follow them was found on published
    and own runs; where it was refuted stands in the guide.

    Examples
    --------
    >>> from numerics import forecast
    >>> from theory import AccumulateSubsample
    >>> losses = [1.8164, 1.9081, 1.9582, 1.9953, 2.0234, 2.0427]
    >>> found = forecast(losses, AccumulateSubsample(), horizon=44)
    >>> bool(found.lower[-1] < 2.2462 < found.upper[-1])
    True
    """
    given = curves(losses, workflow, stderr, generations)
    last = whole_number("horizon", horizon, 1)
    if last > LONGEST:
        raise DomainError(f"horizon = {horizon} is not allowed: give a generation, {LONGEST} at most.")
    refuse(given)
    probability = verified_level(level)
    reach = max(last, *(curve.last for curve in given))
    first = [curve.losses[:, 0] for curve in given]
    design = Design(
        shapes=tuple(shapes(curve.workflow, reach) for curve in given),
        measured=Points.of([curve.generations for curve in given]),
        shared=len(given) > 1 and all(np.array_equal(first[0], other) for other in first),
        growing=truth_value("warm_start", warm_start),
    )
    least = None if baseline is None else number("baseline", baseline)
    gap = None if generalisation_gap is None else number("generalisation_gap", generalisation_gap)
    if gap is not None and gap <= 0:
        raise DomainError(
            f"generalisation_gap = {generalisation_gap} is not allowed: the training loss is below the test loss."
        )
    with single_threaded_algebra():
        found = posterior(given, design)
        why = rejection(given, found)
    cautions = [*warnings_of(given, least), *([] if why is None else [f"the law is rejected: {why}."])]
    fitted = Fitted(tuple(given), found, last, probability, seed_number(seed), gap, tuple(cautions), why)
    return _under(fitted, given[0].workflow)


def verified_level(level: float) -> float:
    """A probability for intervals, or a sentence."""
    value = number("level", level)
    if not 0.0 < value < 1.0:
        raise DomainError(f"level = {quoted(level)} is not allowed: give a probability between 0 and 1, such as 0.9.")
    if value > HIGHEST:
        raise DomainError(f"level = {quoted(level)} is not allowed: beyond {HIGHEST:g} nothing is known of the tails.")
    return value


def _under(fitted: Fitted, workflow: Workflow) -> Forecast:
    """The forecast of one workflow, measured or not."""
    verify_workflow(workflow)
    measured, found, horizon, level = fitted.measured, fitted.posterior, fitted.horizon, fitted.level
    known = [curve.workflow for curve in measured]
    index = known.index(workflow) if workflow in known else len(known)
    if index == len(known):
        shapes_of = found.data.design.shapes
        found = found.also((*shapes_of, shapes(workflow, shapes_of[0].horizon)))
    points = Points(np.full(horizon, index), np.arange(1, horizon + 1))
    spread = np.full(horizon, _spread(measured, found, index))
    with single_threaded_algebra():
        rng = np.random.default_rng(fitted.seed)
        draws = found.draw(points, spread, DRAWS if fitted.gap is None else MANY, rng)
        if fitted.gap is not None:
            draws = _informed(draws, found.data.design, fitted.gap / 2.0, rng)
        tail = (1.0 - level) / 2.0
        lower, median, upper = np.quantile(draws.losses, [tail, 0.5, 1.0 - tail], axis=0)
        if fitted.rejected is not None:
            low, high = _bounds(found, points)
            lower, upper = np.minimum(lower, low), np.maximum(upper, high)
    return Forecast(
        workflow, horizon, level, measured, median, lower, upper, fitted.warnings, fitted.rejected, fitted, draws
    )


def _informed(draws: Draws, design: Design, expected: float, rng: np.random.Generator) -> Draws:
    """Draws again from draws, by how near their A is to what the generalisation gap says."""
    variance = np.maximum(draws.size * design.mixtures[draws.form, 0] / design.scales[0], 1e-12 * expected)
    weights = np.exp(-0.5 * (np.log(variance / expected) / GAP_SPREAD) ** 2) + 1e-9
    chosen = rng.choice(len(weights), size=DRAWS, p=weights / weights.sum())
    return draws.take(chosen)


def _spread(measured: Sequence[Curve], found: Posterior, index: int) -> float:
    """Of a new measurement: as its workflow's at the last generation; of none measured, as where noise is learnt."""
    learnt = [curve for curve in measured if curve.stderr is None]
    curve = measured[index] if index < len(measured) else [*measured, *learnt][-1]
    return found.data.rise / float(curve.seeds) ** 0.5 if curve.stderr is None else float(curve.stderr[-1])


def _bounds(found: Posterior, points: Points) -> tuple[Array, Array]:
    """Over all mixtures of rates, less what rows may save, which is left free too."""
    data = found.data
    place, _ = found.best
    largest = np.where(data.given[data.points.index], 1.0, found.noises[place, 0]) * data.spread
    noise = float(largest.max())
    measured, later = (data.design.basis(each) for each in (data.points, points))
    # Curves may only rise; what rows save may only fall, and is turned.
    signs = np.r_[np.ones(len(measured) - 1), -1.0]
    # A curve that is 0 wherever losses were measured is left out, as it is from the fit: they do not bound it.
    known = measured.any(axis=1)
    inside, outside = ((signs[:, None] * curves_of)[known] for curves_of in (measured, later))
    # As much as the grid has it at most.
    most = np.full(len(signs), np.inf)
    most[-1] = SAVINGS[-1] * data.rise
    low, high, _ = mixture_bounds(inside, data.losses, outside, noise, most[known])
    return low + data.origin, high + data.origin
