"""How the time of an integrated error of kernel densities grows with the points; of pairs of points as their square."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import log

from benchmarks.many_generations import Against
from benchmarks.timing import take_turns
from numerics import simulate
from theory import Accumulate, Replace
from theory.models.kernel_density import KernelDensity

FEW, MANY = 2**14, 2**17
GENERATIONS, REPLICATES = 3, 4

TARGET = 1.15
"""An exponent, of n log n in this range 1.1."""


def density_growth(rounds: int) -> list[Against]:
    """The exponent in n: logarithm of the ratio of two times over that of the points."""
    found = []
    for d, bandwidth in ((1, "1/4"), (1, "scott"), (2, "1/4")):
        for workflow in (Replace(), Accumulate()):
            times = take_turns({str(n): _run(d, bandwidth, workflow, n) for n in (FEW, MANY)}, rounds)
            exponent = log(times[str(MANY)] / times[str(FEW)]) / log(MANY / FEW)
            width = "h = 1/4" if bandwidth == "1/4" else "h by Scott's rule"
            name = f"exponent in n, kernel densities' error, d = {d}, {width}, {workflow.name}"
            found.append(Against(name, TARGET, 2.0, exponent))
    return found


def _run(d: int, bandwidth: str, workflow: Replace | Accumulate, n: int) -> Callable[[], object]:
    model = KernelDensity(bandwidth=bandwidth, n=n, d=d)
    return partial(simulate, model, workflow, GENERATIONS, REPLICATES, loss="mise")
