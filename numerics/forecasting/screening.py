"""What is wrong with measured losses: refused, where no forecast could be right, or warned of."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from numerics.forecasting.data import Curve
from numerics.forecasting.posterior import Posterior
from theory.errors import DomainError

Array = NDArray[np.float64]

#: A step, after the first two, is a jump when it is SUDDEN + FEW/steps times as large as every other: of chains that
#: are all variance, of ten parameters or more, noise does that to about one in a hundred, whatever the workflow.
SUDDEN, FEW = 4.0, 15.0
#: Where the law is rejected: probability of residuals as large, their size over the rise, and their correlation.
REJECTED, MATERIAL, CORRELATED = 1e-3, 0.015, 0.6
#: Losses that differ by less than this part of them differ by rounding; none may be larger than LARGEST.
ROUNDING, LARGEST = 1e-13, 1e100
#: Single chains of accumulate and of a draw from its pool are told apart from this part of the rise on.
ABOVE = 0.5


def refuse(measured: Sequence[Curve]) -> None:
    """Refuse losses that do not move, or that jump half-way as on another test set."""
    if all(np.ptp(each.mean) <= ROUNDING * np.abs(each.losses).max() for each in measured):
        raise DomainError(
            f"losses are constant, {measured[0].mean[0]:g} at every generation: there is nothing to forecast from."
        )
    for each in measured:
        _refuse_unit(each)
        _refuse_falling(each)
        _refuse_jump(each)


def _refuse_unit(curve: Curve) -> None:
    """Squares of losses must be numbers that a double can hold."""
    least, largest = float(np.abs(curve.mean - curve.mean[0]).max()), float(np.abs(curve.losses).max())
    if 0 < least < 1.0 / LARGEST or largest > LARGEST:
        raise DomainError(
            f"losses of {curve.workflow.name} are of the size {largest:.3g} and move by {least:.3g}: give them in "
            f"another unit, in which both are between {1 / LARGEST:g} and {LARGEST:g}."
        )


def _refuse_falling(curve: Curve) -> None:
    """More rows may lower a loss; without them no workflow does, beyond the noise of the losses."""
    rows = [float(curve.workflow.rows(int(g))) for g in curve.generations]
    if max(rows) > rows[0]:
        return
    change = np.diff(curve.mean)
    if curve.stderr is None and curve.seeds > 1:
        fall = curve.losses[:, -1] - curve.losses[:, 0]
        significant = float(fall.mean()) < -4.0 * float(fall.std(ddof=1)) / curve.seeds**0.5
    elif curve.stderr is not None:
        significant = curve.mean[-1] - curve.mean[0] < -4.0 * np.hypot(curve.stderr[0], curve.stderr[-1])
    else:
        significant = bool((change < 0).all())
    if significant:
        raise DomainError(
            f"losses of {curve.workflow.name} fall from {curve.mean[0]:g} to {curve.mean[-1]:g}: training on a model's "
            "own samples does not lower the expected loss of real data. Are they losses on real test data, of a "
            "generator trained anew each generation?"
        )


def _refuse_jump(curve: Curve) -> None:
    """A chain's noise grows as its risk does: only what dwarfs every other step, before and after, is no noise."""
    steps = np.abs(np.diff(curve.mean) / np.diff(curve.generations))
    if len(steps) < 3:
        return
    place = 2 + int(steps[2:].argmax())
    largest_other = float(np.delete(steps, place).max())
    if steps[place] > (SUDDEN + FEW / len(steps)) * largest_other:
        raise DomainError(
            f"losses of {curve.workflow.name} jump from {curve.mean[place]:g} to {curve.mean[place + 1]:g} at "
            f"generation {int(curve.generations[place + 1])}: were they measured on another test set from there? "
            "Give one part alone."
        )


def warnings_of(measured: Sequence[Curve], baseline: float | None) -> list[str]:
    """What the losses say of the generator before any law is fitted to them."""
    found = []
    first = float(measured[0].mean[0])
    if baseline is not None and first >= baseline:
        found.append(
            f"generation 1 has the loss {first:g}, no better than the baseline {baseline:g}: the generator has learnt "
            "too little for the law to hold."
        )
    by_name = {each.workflow.name: each for each in measured}
    replace = by_name.get("replace")
    if replace is not None and _accelerates(replace):
        found.append("replace accelerates: its rise should slow down, or keep its pace at most.")
    kept, drawn = by_name.get("accumulate"), by_name.get("accumulate-subsample")
    if kept is not None and drawn is not None and _flat(kept, drawn):
        found.append(
            "accumulate stays flat while accumulate-subsample rises: more rows overfit less, so the two are not to "
            "be compared without the term for rows saved."
        )
    if kept is not None and drawn is not None and _above(kept, drawn):
        found.append(
            "accumulate rises above accumulate-subsample: its rows are as deep and more of them, so that by the law it "
            "cannot. A generator does so that is trained too little for the rows it is given."
        )
    return found


def _accelerates(curve: Curve) -> bool:
    """Whether later steps are larger than earlier ones, by more than their noise."""
    steps = np.diff(curve.mean) / np.diff(curve.generations)
    if len(steps) < 3:
        return False
    half = len(steps) // 2
    early, late = steps[:half], steps[half:]
    noise = np.std(np.diff(steps), ddof=1) / 2.0 if len(steps) > 3 else 0.0
    return bool(late.mean() - early.mean() > 0.1 * abs(early.mean()) + 3.0 * noise / len(steps) ** 0.5)


def _flat(kept: Curve, drawn: Curve) -> bool:
    rise = drawn.mean[-1] - drawn.mean[0]
    return bool(rise > 0 and kept.mean[-1] - kept.mean[0] < 0.25 * rise)


def _above(kept: Curve, drawn: Curve) -> bool:
    """Whether accumulate loses more than a draw from its pool, by more than noise.

    The draw has the same depths, and adds variance: by the law accumulate's rise less the draw's, A·(ratio − ratio), is
    never positive.
    """
    _, at, by = np.intersect1d(kept.generations[1:], drawn.generations[1:], return_indices=True)
    if not at.size:
        return False
    rises = [
        (each.losses[:, 1:][:, places] - each.losses[:, :1]).mean(axis=1) for each, places in ((kept, at), (drawn, by))
    ]
    apart, rise = float(rises[0].mean() - rises[1].mean()), float(rises[1].mean())
    if min(kept.seeds, drawn.seeds) < 2:
        return rise > 0 and apart > ABOVE * rise
    noise = float(np.hypot(*(each.std(ddof=1) / len(each) ** 0.5 for each in rises)))
    return apart > max(4.0 * noise, ROUNDING * float(np.abs(kept.losses).max()))


def rejection(measured: Sequence[Curve], posterior: Posterior) -> str | None:
    """In words, why the residuals reject the law; None where they do not.

    Where seeds or standard errors tell the noise, by chi square; else by residuals that follow one another, which
    noise does not.
    """
    residuals = posterior.residuals()
    size = float(np.sqrt(np.mean(residuals**2))) / posterior.data.rise
    free = len(residuals) - 4
    if size < MATERIAL or free < 1:
        return None
    if all(each.stderr is not None or each.seeds > 1 for each in measured):
        probability = posterior.chance(free)
        if probability < REJECTED:
            return f"residuals of {100 * size:.0f} % of the rise, where noise explains less (p = {probability:.1e})"
        return None
    if len(residuals) >= 10:
        correlation = float(np.corrcoef(residuals[:-1], residuals[1:])[0, 1])
        if correlation > CORRELATED:
            follow = f"that follow one another (correlation {correlation:.2f})"
            return f"residuals of {100 * size:.0f} % of the rise {follow}"
    return None
