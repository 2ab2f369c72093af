"""Real against synthetic data as a picture: fixed cardinality against fixed proportion, checked by simulation.

In the plane of n_r real and n_s synthetic samples, *fixed cardinality* keeps n_r and moves up; *fixed proportion* keeps
n_s/(n_r + n_s) and moves along a diagonal of the logarithmic axes. The formula is simulated at points of both lines.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import gcd
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, TwoSlopeNorm
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter
from numpy.typing import NDArray
from scipy.optimize import brentq, minimize_scalar
from scipy.special import ndtri
from sympy import Expr, Rational, Symbol, cancel, lambdify

from numerics import crosscheck, simulate
from numerics.crosscheck import AGREES, DISAGREES
from selfgen.style import BLUE, GREY, VERMILION, save, styled, verify_kind
from theory import DomainError, NotDerivedError, expected_risk
from theory.design.value import ValueOfSynthetic, value_of_synthetic
from theory.models.units import computed_units
from theory.workflows.real_and_synthetic import RealAndSynthetic

Array = NDArray[np.float64]
Point = tuple[int, int]

_GREEN, _ORANGE = "#009E73", "#E69F00"
# An error of the formula counts as detectable when it would have been caught with this probability.
_POWER = 0.99
# The plane reaches this many decades below and above n_0.
_DECADES = 1.5
_GRID = 241
# Ratios at which the plane is cut, below and above 1.
_LEVELS = (1.1, 1.4, 2, 4, 8, 16)


# -- the check -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PointCheck:
    """What a simulation said about the pooled risk of n_r real and n_s synthetic samples.

    ``z`` is (simulated − derived)/standard error, ``detectable`` the smallest relative error of the formula that this
    point alone would have caught with probability 0.99; ``verdict`` is that of :func:`numerics.crosscheck`, and
    ``reason`` says why it is not "agrees".
    """

    real: int
    synthetic: int
    formula: float
    mean: float
    stderr: float
    z: float
    detectable: float
    passed: bool
    verdict: str
    reason: str | None


def guide_points(value: ValueOfSynthetic) -> tuple[list[Point], list[Point]]:
    """Points at fixed cardinality n_r, and at the fixed proportion of n_s to n_r, through those of ``value``.

    Examples
    --------
    >>> from theory import Poisson
    >>> from theory.design.value import value_of_synthetic
    >>> guide_points(value_of_synthetic(Poisson(rate=2), real=20, synthetic=30, fitted_on=20))
    ([(20, 8), (20, 15), (20, 30), (20, 60), (20, 120)], [(20, 30), (40, 60), (80, 120), (160, 240)])
    """
    real, synthetic, fitted_on = _whole_numbers(value)
    cardinality = sorted({(real, max(1, -(-synthetic * k // 4))) for k in (1, 2, 4, 8, 16)})
    # Multiples of the smallest pair in that proportion, so that it stays what it is.
    common = gcd(real, synthetic)
    least = -(-fitted_on * common // real) if value.overlap else 1
    multiples = sorted({max(least, common * k // 4) for k in (1, 2, 4, 8, 16, 32)})
    return cardinality, [(real // common * k, synthetic // common * k) for k in multiples]


@computed_units()
def check_points(
    value: ValueOfSynthetic,
    points: Sequence[Point],
    replicates: int = 100_000,
    seed: int = 0,
    level: float = 0.001,
) -> list[PointCheck]:
    r"""Simulate the two generations at every (n_r, n_s), and test the pooled risk derived for symbolic n_r and n_s.

    ``level`` is the probability that a correct formula fails at any of the points (Bonferroni).

    Parameters
    ----------
    value : ValueOfSynthetic
        With numbers for the model's parameters and ``fitted_on``; its own n_r and n_s do not matter.
    points : pairs of positive integers
    replicates, seed
        Of each simulation; point number i has seed ``seed + i``.

    Examples
    --------
    >>> from theory import Exponential
    >>> from theory.design.value import value_of_synthetic
    >>> value = value_of_synthetic(Exponential(mean=1), fitted_on=10, overlap=False)
    >>> [check.passed for check in check_points(value, [(5, 20), (40, 20)], replicates=20_000)]
    [True, True]
    """
    fitted_on = _fitted_on(value)
    model = replace(value.model, n=value.fitted_on)  # type: ignore[type-var]
    general = _general(value)
    # Two-sided, and shared among the points.
    critical = float(-ndtri(level / (2 * len(points))))
    found = []
    for index, (real, synthetic) in enumerate(points):
        workflow = RealAndSynthetic(Rational(real, fitted_on), Rational(synthetic, fitted_on), overlap=value.overlap)
        simulation = simulate(
            model, workflow, generations=2, replicates=replicates, seed=seed + index, loss=value.loss
        )  # fmt: skip
        check = crosscheck(expected_risk(model, workflow, loss=value.loss), simulation, level=level / len(points))
        formula = float(general.risk.subs({general.real: real, general.synthetic: synthetic}))
        mean, stderr = float(simulation.mean[1]), float(simulation.stderr[1])
        difference = mean - formula
        z = difference / stderr if stderr > 0 else 0.0 if difference == 0 else float(np.copysign(np.inf, difference))
        usable = np.isfinite(check.detectable) and formula > 0
        verdict, reason = check.verdict, None if check.passed else check.reason
        if verdict == AGREES and abs(z) > critical:
            verdict = DISAGREES
            reason = f"the simulation gives {mean:.6g} ± {stderr:.2g} and the formula {formula:.6g}."
        found.append(
            PointCheck(
                real=real,
                synthetic=synthetic,
                formula=formula,
                mean=mean,
                stderr=stderr,
                z=z,
                detectable=(critical + float(ndtri(_POWER))) * stderr / formula if usable else float("inf"),
                passed=verdict == AGREES,
                verdict=verdict,
                reason=reason,
            )
        )
    return found


def _general(value: ValueOfSynthetic) -> ValueOfSynthetic:
    """The same question with symbols for n_r and n_s."""
    return value_of_synthetic(value.model, fitted_on=value.fitted_on, overlap=value.overlap, loss=value.loss)


def _fitted_on(value: ValueOfSynthetic) -> int:
    if not value.fitted_on.is_Integer:
        raise DomainError(
            f"fitted_on = {value.fitted_on} is a symbol: the plane and its check need a number of samples."
        )
    return int(value.fitted_on)


def _whole_numbers(value: ValueOfSynthetic) -> tuple[int, int, int]:
    """n_r and n_s, those of the generator where they are symbols, and n_0."""
    fitted_on = _fitted_on(value)
    real = int(value.real) if value.real.is_Integer else fitted_on
    synthetic = int(value.synthetic) if value.synthetic.is_Integer else fitted_on
    return real, synthetic, fitted_on


# -- the picture -----------------------------------------------------------------------------------------


def draw_plane(value: ValueOfSynthetic, path: Path, checks: Sequence[PointCheck] = ()) -> None:
    """Write the plane of n_r and n_s, and the risk along its lines of fixed cardinality and of fixed proportion.

    On the left, risk of the pooled fit over that of the real data alone, with the break-even line (both equal) and the
    best n_s for every n_r. On the right the risk itself along the two guide lines through the point of ``value``, over
    that of the generator, with the simulated points of ``checks``.

    Parameters
    ----------
    value : ValueOfSynthetic
        With a number for ``fitted_on``; parameters of the model may be symbols where they cancel. Symbols for n_r and
        n_s put the guide lines through n_0.
    path : Path
        Ends in .png, .pdf or .svg.
    """
    verify_kind(path, "--plot ")
    plane = _Plane.of(value)
    with styled(8.2, 3.9) as figure:
        left, right = figure.subplots(1, 2, width_ratios=(1.25, 1))
        figure.suptitle(_heading(plane), x=0.01, ha="left", fontsize=11)
        _draw_ratio(left, plane, figure)
        _draw_guides(right, plane, checks)
        save(figure, path)


@dataclass(frozen=True, eq=False)
class _Plane:
    """Everything the picture shows, as numbers."""

    value: ValueOfSynthetic
    general: ValueOfSynthetic
    point: Point
    fitted_on: int
    reals: Array
    synthetics: Array
    pooled: Callable[[Any, Any], Array]
    alone: Callable[[Any, Any], Array]

    @staticmethod
    def of(value: ValueOfSynthetic) -> _Plane:
        real, synthetic, fitted_on = _whole_numbers(value)
        general = _general(value)
        symbols = (general.real, general.synthetic)
        # In units of the generator's risk, where the scale of the data cancels.
        unit = general.without.subs(general.real, fitted_on)
        if unit == 0:
            raise DomainError(f"model = {value.model.name} has no noise: there is nothing to draw.")
        pooled, alone = (cancel(part / unit) for part in (general.risk, general.without))
        left = sorted(str(symbol) for symbol in (pooled.free_symbols | alone.free_symbols) - set(symbols))
        if left:
            raise DomainError(f"--plot needs numbers: the risk depends on {', '.join(left)}; --set them.")
        low, high = fitted_on * 10**-_DECADES, fitted_on * 10**_DECADES
        floor = float(fitted_on) if value.overlap else 1.0
        high_real = 10 * high if value.overlap else high
        return _Plane(
            value=value,
            general=general,
            point=(real, synthetic),
            fitted_on=fitted_on,
            reals=np.geomspace(max(floor, min(low, real / 3)), max(high_real, 3.0 * real), _GRID),
            synthetics=np.geomspace(max(1.0, min(low, synthetic / 3)), max(10 * high, 3.0 * synthetic), _GRID),
            pooled=_function(symbols, pooled),
            alone=_function(symbols, alone),
        )

    @property
    def proportion(self) -> float:
        return self.point[1] / sum(self.point)

    def break_even(self) -> tuple[Array, Array] | None:
        """(n_r, n_s) on the line n_r = threshold(n_s), where it crosses the plane."""
        try:
            reals, synthetics = self._along(self.general.threshold, self.general.synthetic, self.synthetics)
        except NotDerivedError:
            synthetics = np.geomspace(self.synthetics[0], self.synthetics[-1], 4 * _GRID)
            reals = np.array([self._threshold(amount) for amount in synthetics])
        return _within(reals, synthetics, self.reals)

    def optimum(self) -> tuple[Array, Array] | None:
        """(n_r, n_s) on the line n_s = optimal_synthetic(n_r), where it crosses the plane."""
        try:
            synthetics, reals = self._along(self.general.optimal_synthetic, self.general.real, self.reals)
        except NotDerivedError:
            reals = np.geomspace(self.reals[0], self.reals[-1], 4 * _GRID)
            synthetics = np.array([self._best(amount) for amount in reals])
        found = _within(synthetics, reals, self.synthetics)
        return None if found is None else (found[1], found[0])

    def _along(self, formula: Expr, symbol: Symbol, grid: Array) -> tuple[Array, Array]:
        """Values of a formula in one symbol, close together since these curves turn steeply."""
        fine = np.geomspace(grid[0], grid[-1], 20 * _GRID)
        with np.errstate(divide="ignore", invalid="ignore"):
            values = lambdify(symbol, formula, modules=["scipy", "numpy"])(fine)
        return np.broadcast_to(np.asarray(values, dtype=float), fine.shape), fine

    def _threshold(self, synthetic: float) -> float:
        """The n_r at which pooling changes nothing, found near the plane; 0 if it is not there."""

        def excess(log_real: float) -> float:
            real = np.exp(log_real)
            return float(self.pooled(real, synthetic) / self.alone(real, synthetic)) - 1

        low, high = np.log([self.reals[0], 10 * self.reals[-1]])
        return float(np.exp(brentq(excess, low, high))) if excess(low) < 0 < excess(high) else 0.0

    def _best(self, real: float) -> float:
        """The n_s at which the pooled risk is smallest, found near the plane; 0 if it is not there."""
        low, high = np.log([self.synthetics[0], 10 * self.synthetics[-1]])
        found = minimize_scalar(
            lambda log_synthetic: float(self.pooled(real, np.exp(log_synthetic))), bounds=(low, high), method="bounded"
        )
        return float(np.exp(found.x)) if low + 0.01 < found.x < high - 0.01 else 0.0


def _within(values: Array, others: Array, allowed: Array) -> tuple[Array, Array] | None:
    """The part of a curve with values inside, or a little beyond, so that it ends at the edge of the plane."""
    inside = (values > 0) & (values >= allowed[0] / 10) & (values <= allowed[-1] * 10)
    return (values[inside], others[inside]) if inside.any() else None


def _function(symbols: tuple[Expr, Expr], expression: Expr) -> Callable[[Any, Any], Array]:
    """An expression as a function of arrays."""
    compiled = lambdify(symbols, expression, modules=["scipy", "numpy"])
    return lambda real, synthetic: np.asarray(compiled(real, synthetic) + 0.0 * real * synthetic, dtype=float)


_HALO = [patheffects.withStroke(linewidth=2.2, foreground="white")]


def _draw_ratio(axes: Axes, plane: _Plane, figure: Figure) -> None:
    real, synthetic = np.meshgrid(plane.reals, plane.synthetics)
    ratio = plane.pooled(real, synthetic) / plane.alone(real, synthetic)
    below = [1 / level for level in reversed(_LEVELS)]
    levels = np.log([*below, *_LEVELS])
    colours = LinearSegmentedColormap.from_list("value", [BLUE, "#FFFFFF", VERMILION])
    filled = axes.contourf(
        real, synthetic, np.log(ratio), levels=levels, cmap=colours,
        norm=TwoSlopeNorm(0.0, levels[0], levels[-1]), extend="both", zorder=0,
    )  # fmt: skip
    axes.contour(
        real, synthetic, np.log(ratio), levels=levels, colors="white", linewidths=0.4, linestyles="solid",
        zorder=1,
    )  # fmt: skip
    bar = figure.colorbar(filled, ax=axes, pad=0.02, aspect=30, drawedges=False)
    bar.set_ticks(list(levels), labels=[f"1/{level:g}" for level in reversed(_LEVELS)] + [f"{x:g}" for x in _LEVELS])
    bar.ax.minorticks_off()
    bar.ax.set_title("hurts", fontsize=8.5, loc="center", color=VERMILION)
    bar.ax.text(0.5, -0.045, "helps", transform=bar.ax.transAxes, ha="center", va="top", fontsize=8.5, color=BLUE)
    bar.outline.set_visible(False)  # type: ignore[operator]
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(plane.reals[0], plane.reals[-1])
    axes.set_ylim(plane.synthetics[0], plane.synthetics[-1])

    break_even, optimum = plane.break_even(), plane.optimum()
    if break_even is not None:
        axes.plot(*break_even, color="black", linewidth=2.0, label="break-even", zorder=4)
    if optimum is not None:
        axes.plot(*optimum, color="black", linewidth=1.3, linestyle=(0, (4, 2)), label="best $n_s$", zorder=4)
    _guides(axes, plane)
    axes.set_xlabel("real samples $n_r$")
    axes.set_ylabel("synthetic samples $n_s$")
    axes.set_title("pooled risk / risk of the real samples alone")
    if break_even is not None or optimum is not None:
        legend = axes.legend(loc="lower right", frameon=True, framealpha=0.9, edgecolor="none", borderpad=0.3)
        legend.set_zorder(7)


def _guides(axes: Axes, plane: _Plane) -> None:
    """The two lines through the point, each with its name along it."""
    real, synthetic = plane.point
    axes.axvline(real, color=_GREEN, linewidth=1.6, zorder=3)
    axes.plot(plane.reals, synthetic / real * plane.reals, color=_ORANGE, linewidth=1.6, zorder=3)
    axes.plot(real, synthetic, "o", color="black", markersize=5, markerfacecolor="white", markeredgewidth=1.3, zorder=6)
    name: dict[str, Any] = {"fontsize": 8, "va": "bottom", "ha": "left", "path_effects": _HALO, "zorder": 5}
    # Near the lower end of the vertical and the upper end of the diagonal, clear of each other.
    low = plane.synthetics[0] * (plane.synthetics[-1] / plane.synthetics[0]) ** 0.03
    offset: dict[str, Any] = {"textcoords": "offset points"}
    axes.annotate("fixed cardinality", (real, low), (4, 0), rotation=90, color="#00664A", **offset, **name)
    start = max(plane.reals[0], plane.synthetics[0] * real / synthetic)
    stop = min(plane.reals[-1], plane.synthetics[-1] * real / synthetic)
    along = start * (stop / start) ** 0.66
    # The angle of the line where it is straight, in data; Matplotlib turns it into that on the page.
    slope = float(np.degrees(np.arctan2(synthetic, real)))
    turned: dict[str, Any] = {"rotation": slope, "rotation_mode": "anchor", "transform_rotates_text": True}
    axes.text(along, 1.1 * synthetic / real * along, "fixed proportion", color="#8A5F00", **turned, **name)


def _draw_guides(axes: Axes, plane: _Plane, checks: Sequence[PointCheck]) -> None:
    real, synthetic = plane.point
    amounts = plane.synthetics
    cardinality = plane.pooled(np.full_like(amounts, real), amounts)
    axes.plot(
        amounts, cardinality, color=_GREEN, linewidth=1.6, label=f"fixed cardinality: $n_r = {real}$", zorder=3
    )  # fmt: skip
    along = amounts * real / synthetic
    inside = along >= plane.reals[0]
    proportion = plane.pooled(along[inside], amounts[inside])
    share = f"{100 * plane.proportion:.3g}"
    axes.plot(
        amounts[inside], proportion, color=_ORANGE, linewidth=1.6, zorder=3,
        label=rf"fixed proportion: {share} % synthetic",
    )  # fmt: skip
    alone = float(plane.alone(np.array(float(real)), np.array(1.0)))
    dashes: dict[str, Any] = {"linestyle": (0, (4, 2)), "linewidth": 1.0, "zorder": 2}
    axes.axhline(alone, color=_GREEN, **dashes)
    axes.plot(amounts[inside], plane.alone(along[inside], amounts[inside]), color=_ORANGE, **dashes)
    axes.plot([], [], color=GREY, **dashes, label="the real samples alone")
    if checks:
        unit = float(plane.general.without.subs(plane.general.real, plane.fitted_on))
        axes.errorbar(
            [check.synthetic for check in checks],
            [check.mean / unit for check in checks],
            yerr=[2 * check.stderr / unit for check in checks],
            fmt="o", markersize=3.6, markerfacecolor="white", markeredgecolor="black", markeredgewidth=0.9,
            ecolor="black", elinewidth=0.9, capsize=1.6, label="simulation ± 2 s.e.", zorder=5,
        )  # fmt: skip
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(amounts[0], amounts[-1])
    # What real data alone would reach falls out of the picture below: the curves are what it is about.
    shown = np.concatenate([cardinality, proportion])
    axes.set_ylim(shown.min() / 6, 2 * shown.max())
    axes.yaxis.set_major_formatter(FuncFormatter(_plain))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("synthetic samples $n_s$")
    axes.set_ylabel(f"risk / risk of the generator ($n_0 = {plane.fitted_on}$)")
    axes.set_title("the risk along the two lines")
    axes.legend(loc="best", fontsize=7.5)


def _heading(plane: _Plane) -> str:
    value = plane.value
    data = "of these real samples" if value.overlap else "other real samples"
    loss = "" if value.loss == "squared" else f", {value.loss.replace('-', ' ')}"
    order = "" if value.exactness == "exact" else " (leading order)"
    name = value.model.name.replace("-", " ")
    return f"{name}{loss}{order}: generator fitted on $n_0 = {plane.fitted_on}$ {data}"


def _plain(value: float, _: int) -> str:
    return f"{value:g}"
