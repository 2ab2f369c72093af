"""What a notebook shows: the new steps of a derivation, and the verdict of a simulation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from numerics.crosscheck import AGREES, DISAGREES, INCONCLUSIVE, crosscheck
from theory.derivation import Derivation, Evidence, Step
from theory.derivation.writing import notebook, text
from theory.errors import DomainError

if TYPE_CHECKING:
    from numerics.simulate import Simulation
    from theory.risk import Risk


@dataclass(frozen=True)
class Continuation:
    """Steps at the end of a derivation that was checked from its beginning."""

    steps: tuple[Step, ...]
    evidence: tuple[Evidence, ...]
    title: str = ""

    def _repr_latex_(self) -> str:
        return notebook(self)  # type: ignore[arg-type]

    def __repr__(self) -> str:
        return text(self, 100)  # type: ignore[arg-type]


def continued(derivation: Derivation, earlier: Derivation | None = None) -> Continuation:
    """Check a derivation, and show the steps that ``earlier`` does not have.

    Parameters
    ----------
    derivation : Derivation
        Begins with all steps of ``earlier``, and is checked as a whole.
    earlier : Derivation, optional
        What the reader has seen.

    Raises
    ------
    StepError
        When a step does not hold.

    Examples
    --------
    >>> from sympy import Symbol
    >>> from theory.derivation import Derivation
    >>> x, y = Symbol("x"), Symbol("y")
    >>> first = Derivation().define(y, x + 1)
    >>> continued(first.equal(y**2, x**2 + 2 * x + 1, "the square"), first)
    1. The square:
         y**2 = x**2 + 2*x + 1
    """
    seen = 0 if earlier is None else len(earlier.steps)
    if earlier is not None and derivation.steps[:seen] != earlier.steps:
        raise DomainError("earlier is not the beginning of derivation: give what it was continued from.")
    return Continuation(derivation.steps[seen:], derivation.check().evidence[seen:])


_WORDS = {AGREES: "passed", DISAGREES: "FAILED", INCONCLUSIVE: "inconclusive"}


def verdict(risk: Risk, simulation: Simulation) -> str:
    """A crosscheck in two lines.

    Examples
    --------
    >>> from theory import Accumulate, Bernoulli, expected_risk
    >>> from numerics import simulate
    >>> model, workflow = Bernoulli(p="1/3", n=10), Accumulate()
    >>> simulation = simulate(model, workflow, generations=3, replicates=2000, seed=1)
    >>> print(verdict(expected_risk(model, workflow), simulation))  # doctest: +ELLIPSIS
    passed: p = 0... over all 3 generations together, 2000 replicates, largest |z| = ...
    a formula wrong by ... % would have failed with probability 0.99 or more
    """
    found = crosscheck(risk, simulation)
    largest = float(np.abs(found.z).max())
    lines = [
        f"{_WORDS[found.verdict]}: p = {found.p_value:.2f} over all {simulation.generations} "
        f"generations together, {simulation.replicates} replicates, largest |z| = {largest:.2f}",
        f"a formula wrong by {100 * found.detectable:.2g} % would have failed with probability 0.99 or more",
    ]
    return "\n".join([*lines, *([found.reason] if found.reason else [])])
