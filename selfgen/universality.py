r"""Measured risk ratios of one regression under several workflows, against the universal prediction, as n grows.

:func:`universality` measures :math:`r_G/r_1` at several n and fits what it differs by from
:math:`\sum_j C_{G,j}^2/s(j)` on powers of 1/n; :func:`draw_universality` shows both, and that the difference falls like
1/n.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, MaxNLocator, NullFormatter, NullLocator
from numpy.typing import NDArray

from numerics.estimation import Correction, MEstimator, Refits, fit_correction, refit
from numerics.estimation.regression import Regression
from selfgen.figures import _CYCLE, _GREY, _STYLE, FORMATS, _save
from theory import DomainError
from theory.workflows.base import Workflow

Array = NDArray[np.float64]

#: A correction whose fit is not this many standard errors from zero has no rate to show.
VISIBLE = 3.0


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
        return sum(run.failures.total for run in self.runs)


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


def draw_universality(title: str, approaches: Sequence[Approach], path: Path) -> None:
    """Write the figure: ratios against generation, and what they differ by against n, on logarithmic axes."""
    if path.suffix.lower().lstrip(".") not in FORMATS:
        raise DomainError(f"{path} is not a figure: its name must end in .{', .'.join(FORMATS)}.")
    with rc_context(_STYLE):
        figure = Figure(figsize=(7.4, 3.5), layout="constrained")
        FigureCanvasAgg(figure)
        ratios, differences = figure.subplots(1, 2)
        for index, approach in enumerate(approaches):
            colour = _CYCLE[index % len(_CYCLE)]
            _draw_ratios(ratios, approach, colour)
            _draw_difference(differences, approach, colour)
        _explain_markers(ratios, approaches[0])
        ratios.set_yscale("log")
        ratios.set_xlabel("generation $G$")
        ratios.set_ylabel("risk at $G$ / risk at 1")
        ratios.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
        top = max(float(run.ratio.max()) for approach in approaches for run in approach.runs)
        ratios.set_ylim(0.95, 1.15 * top)
        ticks = [tick for tick in (1, 1.5, 2, 3, 5, 7, 10, 15, 20, 30, 50, 100, 200, 500) if tick < 1.15 * top]
        ratios.yaxis.set_major_locator(FixedLocator(ticks))
        ratios.yaxis.set_minor_locator(NullLocator())
        ratios.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
        ratios.legend(loc="upper left", handlelength=1.6)
        differences.set_xscale("log")
        differences.set_yscale("log")
        sizes = approaches[0].sizes
        differences.xaxis.set_major_locator(FixedLocator(sizes[:: max(1, round(len(sizes) / 5))].tolist()))
        differences.xaxis.set_minor_locator(NullLocator())
        differences.xaxis.set_minor_formatter(NullFormatter())
        differences.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
        differences.set_xlabel("labels in a block, $n$")
        last = approaches[0].runs[0].generations
        differences.set_ylabel(f"|measured ratio − prediction| at $G$ = {last}")
        low, high = differences.get_ylim()
        # Room for the legend below the points.
        differences.set_ylim(low / 20, high)
        differences.legend(loc="lower left", handlelength=1.6, title="fitted correction, × where fits failed")
        differences.get_legend().get_title().set_fontsize(8.5)
        figure.suptitle(title, x=0.01, ha="left", fontsize=10)
        _save(figure, path)


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
    axes.plot([], [], color=_GREY, linewidth=1.2, label="universal prediction")
    for n, fill in ((approach.sizes[0], "white"), (approach.sizes[-1], _GREY)):
        axes.plot([], [], "o", markersize=3.4, markerfacecolor=fill, color=_GREY, label=f"measured, $n$ = {n:g}")


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
    faint = abs(found.coefficients[0]) < VISIBLE * found.stderr[0]
    axes.plot(n, np.abs(found(n)), color=colour, linewidth=1.1, linestyle=":" if faint else "-", label=label)
