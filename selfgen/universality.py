r"""Measured risk ratios of one regression under several workflows, against the universal prediction, as n grows.

:func:`universality` measures :math:`r_G/r_1` at several n and fits what it differs by from
:math:`\sum_j C_{G,j}^2/s(j)` on powers of 1/n; :func:`draw_universality` shows both, and that the difference falls like
1/n. Two things are tested: that nothing is left as n grows without bound, and that the exponent of n is −1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, fields, is_dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray
from rich.markup import escape
from rich.table import Table
from scipy.special import ndtr, ndtri

from numerics.estimation import Correction, MEstimator, Refits, fit_correction, refit
from numerics.estimation.rate import Rate, fit_rate
from numerics.estimation.regression import Regression
from selfgen.style import CYCLE, GREY, plain_ticks, save, styled, verify_kind
from theory import DomainError
from theory.workflows.base import Workflow

Array = NDArray[np.float64]

#: A correction whose fit is not this many standard errors from zero has no rate to show.
VISIBLE = 3.0
#: Probability of failing a law that holds, in one workflow; and of catching an error that counts as detectable.
LEVEL, POWER = 0.001, 0.99


@dataclass(frozen=True, eq=False)
class Approach:
    """One workflow: its runs at every n, and the correction to its ratio at the last generation.

    Attributes
    ----------
    workflow, runs : the workflow, and what was measured at each n
    sizes : n, (K,)
    whole : whether every fit converged; the others are shown, but the correction is not fitted to them, (K,)
    ratio, stderr : measured at the last generation, (K,)
    prediction : the universal ratio there
    correction : of ratio − prediction on powers of 1/n
    """

    workflow: Workflow
    runs: tuple[Refits, ...]
    sizes: Array
    whole: NDArray[np.bool_]
    ratio: Array
    stderr: Array
    prediction: float
    correction: Correction

    @property
    def failures(self) -> int:
        """Replicates left out, of all sizes."""
        return sum(run.failures.total for run in self.runs)

    @property
    def visible(self) -> bool:
        """Whether the correction stands out of the noise, so that its rate can be told."""
        return bool(abs(self.correction.coefficients[0]) >= VISIBLE * self.correction.stderr[0])

    @cached_property
    def rate(self) -> Rate | None:
        """The power of n at which the difference vanishes; None where the correction is not visible."""
        if not self.visible:
            return None
        difference = (self.ratio - self.prediction)[self.whole]
        return fit_rate(self.sizes[self.whole], difference, self.stderr[self.whole], len(self.correction.coefficients))

    @property
    def p_value(self) -> float:
        """Of the worst of what is tested, by the union bound: the remainder is zero, and the rate 1/n."""
        found = [2 * float(ndtr(-abs(self.correction.remainder) / self.correction.remainder_stderr))]
        if self.rate is not None:
            found.append(self.rate.p_value)
        return min(1.0, len(found) * min(found))

    @property
    def passed(self) -> bool:
        """Whether the data are compatible with the prediction, at the level of the study."""
        return self.p_value >= LEVEL

    @property
    def detectable(self) -> float:
        """Smallest relative error of the prediction that the remainder would have shown with probability 0.99."""
        critical = float(ndtri(1 - LEVEL / (2 * (1 if self.rate is None else 2))))
        return (critical + float(ndtri(POWER))) * self.correction.remainder_stderr / self.prediction


def universality(
    model: Callable[[int], Regression | MEstimator],
    workflows: Sequence[Workflow],
    sizes: Sequence[int],
    generations: int,
    replicates: int,
    seed: int = 0,
    executor: Executor | None = None,
) -> tuple[Approach, ...]:
    """Measure the ratio of ``model(n)`` under each workflow at every n of ``sizes``, and fit the correction.

    Examples
    --------
    >>> import numpy as np
    >>> from numerics.estimation import LogisticRegression
    >>> from theory import Replace
    >>> rows = np.column_stack([np.ones(20), np.linspace(-1, 1, 20)])
    >>> found, = universality(lambda n: LogisticRegression(rows, [0, 1], n), [Replace()], (200, 400, 800), 4, 1000)
    >>> found.prediction, bool(found.correction.coefficients[0] > 0), found.failures
    (4.0, True, 0)
    """
    if len(set(sizes)) < 3:
        raise DomainError(f"sizes = {list(sizes)} is not allowed: give three different n or more.")
    if generations < 2:
        raise DomainError(f"generations = {generations} is not allowed: give 2 or more, the ratio at 1 being 1.")
    found = []
    for index, workflow in enumerate(workflows):
        seeds = np.random.SeedSequence((seed, index)).generate_state(len(sizes), np.uint64) >> np.uint64(1)
        runs = tuple(
            refit(model(n), workflow, generations, replicates, int(own), executor=executor)
            for n, own in zip(sizes, seeds, strict=True)
        )
        ratio = np.array([run.ratio[-1] for run in runs])
        stderr = np.array([run.ratio_stderr[-1] for run in runs])
        prediction = float(runs[0].ratio_prediction[-1])
        whole = np.array([not run.failures.total for run in runs])
        if len(np.unique(np.array(sizes)[whole])) < 3:
            raise DomainError(
                f"sizes = {list(sizes)} are too small for {workflow.name}: fits fail at all but {whole.sum()} of them."
            )
        correction = fit_correction(np.array(sizes)[whole], (ratio - prediction)[whole], stderr[whole])
        found.append(Approach(workflow, runs, np.array(sizes, float), whole, ratio, stderr, prediction, correction))
    return tuple(found)


def table(found: Mapping[str, Sequence[Approach]]) -> Table:
    """One row a model and workflow: prediction, measured at both ends of n, correction, what is left of it, rate."""
    first = next(iter(found.values()))[0]
    last = first.runs[0].generations
    grid = Table(
        title=f"Risk at generation {last} over risk at generation 1",
        caption="Standard errors of the last digits in brackets.",
        header_style="bold",
        pad_edge=False,
    )
    for name in ("model", "workflow"):
        grid.add_column(name, no_wrap=True)
    ends = (f"measured,\nn = {first.sizes[0]:g}", f"measured,\nn = {first.sizes[-1]:g}")
    for name in ("universal\nratio", *ends, "correction\n× n", "left at\nn → ∞", "power\nof n", "failed\nfits",
                 "p", "detect-\nable"):  # fmt: skip
        grid.add_column(name, justify="right", no_wrap=True)
    grid.add_column("verdict", no_wrap=True)
    for model, approaches in found.items():
        for approach in approaches:
            correction, rate = approach.correction, approach.rate
            grid.add_row(
                model,
                escape(workflow_label(approach.workflow)),
                f"{approach.prediction:.4f}",
                *(_measured(approach.ratio[at], approach.stderr[at]) for at in (0, -1)),
                _measured(correction.coefficients[0], correction.stderr[0]),
                _measured(correction.remainder, correction.remainder_stderr),
                "not visible" if rate is None else _measured(-rate.exponent, rate.stderr),
                str(approach.failures) if approach.failures else "–",
                f"{approach.p_value:.3f}",
                f"{approach.detectable:.1%}",
                "[green]agrees[/]" if approach.passed else "[red]disagrees[/]",
            )
    return grid


def _measured(value: float, error: float) -> str:
    """A value with the standard error of its last two digits in brackets: 8.383(33) is 8.383 ± 0.033."""
    if not np.isfinite(error) or error <= 0:
        return f"{value:.4g}"
    digits = max(0, 1 - int(np.floor(np.log10(error))))
    return f"{value:.{digits}f}({round(error * 10**digits)})"


def as_json(found: Mapping[str, Sequence[Approach]]) -> list[dict[str, object]]:
    """The same in plain values, and the ratios of every generation at every n."""
    return [
        {
            "model": model,
            "workflow": workflow_label(approach.workflow),
            "generations": approach.runs[0].generations,
            "replicates": approach.runs[0].replicates,
            "n": approach.sizes.tolist(),
            "prediction": approach.runs[0].ratio_prediction.tolist(),
            "ratio": [run.ratio.tolist() for run in approach.runs],
            "stderr": [run.ratio_stderr.tolist() for run in approach.runs],
            "failed": [run.failures.total for run in approach.runs],
            "correction": approach.correction.coefficients.tolist(),
            "correction_stderr": approach.correction.stderr.tolist(),
            "remainder": approach.correction.remainder,
            "remainder_stderr": approach.correction.remainder_stderr,
            "power_of_n": None if approach.rate is None else -approach.rate.exponent,
            # Not a number in JSON where the exponent is at an end of its range.
            "power_stderr": approach.rate.stderr if approach.rate and np.isfinite(approach.rate.stderr) else None,
            "p_value": approach.p_value,
            "detectable": approach.detectable,
            "passed": approach.passed,
        }
        for model, approaches in found.items()
        for approach in approaches
    ]


def draw_universality(found: Mapping[str, Sequence[Approach]], path: Path) -> None:
    """Write the figure, a row a model: ratios against generation, and what they differ by against n, logarithmic."""
    verify_kind(path)
    with styled(7.4, 3.3 * len(found)) as figure:
        rows = figure.subplots(len(found), 2, squeeze=False)
        for (ratios, differences), (model, approaches) in zip(rows, found.items(), strict=True):
            _draw_row(ratios, differences, model, approaches)
        save(figure, path)


def _draw_row(ratios: Axes, differences: Axes, model: str, approaches: Sequence[Approach]) -> None:
    for index, approach in enumerate(approaches):
        colour = CYCLE[index % len(CYCLE)]
        _draw_ratios(ratios, approach, colour)
        _draw_difference(differences, approach, colour)
    _explain_markers(ratios, approaches[0])
    ratios.set_title(model)
    ratios.set_yscale("log")
    ratios.set_xlabel("generation $G$")
    ratios.set_ylabel("risk at $G$ / risk at 1")
    ratios.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
    # Where fits fail no mean need converge: such ratios may leave the axes.
    kept = [run.ratio for approach in approaches for run, whole in zip(approach.runs, approach.whole, strict=True)
            if whole]  # fmt: skip
    top = max(float(ratio.max()) for ratio in kept)
    ratios.set_ylim(min(0.95, *(0.9 * float(ratio.min()) for ratio in kept)), 1.15 * top**1.25)
    ticks = (0.2, 0.5, 1, 1.5, 2, 3, 5, 7, 10, 15, 20, 30, 50, 100, 200, 500)
    plain_ticks(ratios.yaxis, [tick for tick in ticks if tick < 1.15 * top])
    ratios.legend(loc="upper left", handlelength=1.6)
    differences.set_xscale("log")
    differences.set_yscale("log")
    sizes = approaches[0].sizes
    plain_ticks(differences.xaxis, sizes[:: max(1, round(len(sizes) / 5))].tolist())
    differences.set_xlabel("labels in a block, $n$")
    last = approaches[0].runs[0].generations
    differences.set_ylabel(f"|measured ratio − prediction| at $G$ = {last}")
    low, high = differences.get_ylim()
    # Room for the legend below the points.
    differences.set_ylim(low / 20, high)
    failed = ", × where fits failed" if not all(approach.whole.all() for approach in approaches) else ""
    legend = differences.legend(loc="lower left", handlelength=1.6, title=f"fitted correction{failed}")
    legend.get_title().set_fontsize(8.5)


def _draw_ratios(axes: Axes, approach: Approach, colour: str) -> None:
    """The prediction as a line; measured ratios from the smallest n, hollow, to the largest, filled."""
    generations = np.arange(1, approach.runs[0].generations + 1)
    prediction = approach.runs[0].ratio_prediction
    axes.plot(generations, prediction, color=colour, linewidth=1.2, label=workflow_label(approach.workflow))
    for run, fill, size in ((approach.runs[0], "white", 3.6), (approach.runs[-1], colour, 2.6)):
        axes.errorbar(
            generations,
            run.ratio,
            yerr=2 * run.ratio_stderr,
            fmt="o",
            markersize=size,
            markerfacecolor=fill,
            markeredgecolor=colour,
            markeredgewidth=0.8,
            ecolor=colour,
            elinewidth=0.8,
        )


def _explain_markers(axes: Axes, approach: Approach) -> None:
    """What lines and markers mean, in no workflow's colour."""
    axes.plot([], [], color=GREY, linewidth=1.2, label="universal prediction")
    for n, fill in ((approach.sizes[0], "white"), (approach.sizes[-1], GREY)):
        axes.plot([], [], "o", markersize=3.4, markerfacecolor=fill, color=GREY, label=f"measured, $n$ = {n:g}")


def workflow_label(workflow: Workflow) -> str:
    """The name of a workflow, with its parameters where they are not the default ones."""
    parameters: list[tuple[str, object]] = []
    if is_dataclass(workflow):
        parameters = [(field.name, field.default) for field in fields(workflow)]
    told = [f"{name} = {getattr(workflow, name)}" for name, default in parameters if getattr(workflow, name) != default]
    return ", ".join([workflow.name, *told])


def _draw_difference(axes: Axes, approach: Approach, colour: str) -> None:
    """Measured differences with two standard errors, and their fit; faint where lost in noise, × where fits failed."""
    difference, error = approach.ratio - approach.prediction, 2 * approach.stderr
    seen = np.abs(difference) > error
    size = np.abs(difference)
    # On a logarithmic axis a bar that reaches zero has no end: it stops at a tenth of the point.
    bars = np.stack([np.minimum(error, 0.9 * size), error])
    for shown, marker, alpha in (
        (seen & approach.whole, "o", 1.0),
        (~seen & approach.whole, "o", 0.35),
        (~approach.whole, "x", 1.0),
    ):
        axes.errorbar(
            approach.sizes[shown],
            size[shown],
            yerr=bars[:, shown],
            fmt=marker,
            markersize=3.4,
            markerfacecolor="white",
            markeredgecolor=colour,
            ecolor=colour,
            elinewidth=0.8,
            alpha=alpha,
        )
    found = approach.correction
    n = np.geomspace(approach.sizes[approach.whole].min(), approach.sizes.max(), 200)
    terms = len(found.coefficients)
    digits = f"{found.coefficients[0]:.3g} ± {float(f'{found.stderr[0]:.1g}'):g}"
    label = f"({digits})/$n$" + (" + …" if terms > 1 else "")
    if approach.rate is not None:
        label += f",  $n^{{{-approach.rate.exponent:.2f} \\pm {approach.rate.stderr:.2f}}}$"
    style = "-" if approach.visible else ":"
    axes.plot(n, np.abs(found(n)), color=colour, linewidth=1.1, linestyle=style, label=label)
