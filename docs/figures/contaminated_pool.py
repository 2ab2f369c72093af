"""The figure of contaminated pools: ``python docs/figures/contaminated_pool.py [FILE]``.

Left the ratio over a hundred thousand generations, with its maximum and its leading term; right how long a web with a
fraction of real data takes to return to the risk of its first model.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from matplotlib import rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from sympy import N, Rational, lambdify

from selfgen.style import CYCLE, GREY, STYLE, save
from theory import ContaminatedPool, G, Regular, expected_risk
from theory.design.contamination import constant, maximum, return_generation

FRACTIONS = ("0", "1/100", "1/20", "1/10", "1/4", "1/2", "3/4")
#: Lines of the left panel end here, and their labels stand there.
LAST = 100_000
RETURNS = ("1/90", "1/80", "1/70", "1/60", "1/50", "1/40", "1/30", "1/25", "1/20", "1/15", "1/12", "1/10", "3/25",
           "3/20", "1/5", "6/25", "1/4", "13/50", "267/1000")  # fmt: skip


def ratios(real: float) -> np.ndarray:
    """y_g by its recurrence."""
    values, y = np.empty(LAST), 1.0
    for g in range(1, LAST + 1):
        y = 1.0 if g == 1 else (1 - real / g) ** 2 * y + 1 / g**2
        values[g - 1] = y
    return values


def draw(path: Path) -> None:
    """Both panels."""
    with rc_context(STYLE):
        figure = Figure(figsize=(7.4, 3.3), layout="constrained")
        FigureCanvasAgg(figure)
        left, right = figure.subplots(1, 2, width_ratios=(1.45, 1))
        generations = np.arange(1, LAST + 1)
        for colour, real in zip(CYCLE[::-1], FRACTIONS, strict=True):
            y = ratios(float(Rational(real)))
            left.loglog(generations, y, color=colour, linewidth=1.4)
            if real not in ("0", "1/2"):
                growth = lambdify(G, N(expected_risk(Regular(), ContaminatedPool(real)).ratio.growth), "numpy")
                late = generations[30:]
                left.loglog(late, growth(late.astype(float)), color=colour, linewidth=0.9, linestyle=(0, (2, 2)))
            if real != "0" and maximum(Regular(), real).generation > 1:
                top = maximum(Regular(), real)
                left.plot(top.generation, float(top.ratio), "o", color=colour, markersize=3.6)
            label = r"$\rho=0$, $\pi^2/6$" if real == "0" else rf"$\rho={real}$"
            shift = {"0": 5, "1/100": -4}.get(real, 0)
            left.annotate(
                label, (LAST, y[-1]), xytext=(4, shift), textcoords="offset points", va="center", color=colour,
                fontsize=8.5, annotation_clip=False,
            )  # fmt: skip
        left.axhline(1.0, color=GREY, linewidth=0.7)
        left.set_xlim(1, LAST)
        left.set_ylim(1e-5, 3)
        left.set_xlabel("generation $G$")
        left.set_title("risk at $G$ over risk at 1, leading terms dashed, maxima marked")
        found = [return_generation(Regular(), real) for real in RETURNS]
        at = [float(Rational(real)) for real in RETURNS]
        right.semilogy(at, [float(item.latest) for item in found], "o-", color=CYCLE[0], markersize=3, linewidth=1.2)
        fine = np.linspace(0.0105, 0.267, 80)
        law = [float(N(constant(Rational(round(x * 2000), 2000)))) ** (1 / (2 * x)) for x in fine]
        right.semilogy(fine, law, color=GREY, linewidth=0.9, linestyle=(0, (2, 2)))
        right.annotate(r"$C(\rho)^{1/(2\rho)}$", (0.115, 60), color=GREY, fontsize=9)
        right.set_xlim(0, 0.28)
        right.set_xlabel(r"unlabelled real fraction $\rho$ of every later block")
        right.set_title("first generation as good as model 1 again")
        save(figure, path)


if __name__ == "__main__":
    draw(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_suffix(".png"))
