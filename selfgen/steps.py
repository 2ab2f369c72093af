"""The derivation of a risk, step by step, for a terminal or a paper."""

from __future__ import annotations

import shutil

from theory import Risk

#: Beyond this a line is hard to read, however wide the terminal.
WIDEST = 120


def steps(risk: Risk, as_latex: bool = False, width: int | None = None) -> str:
    """The steps of a risk, every one checked first.

    Parameters
    ----------
    risk : Risk
    as_latex : bool
        Whether to write an ``align*`` environment instead of numbered lines.
    width : int, optional
        Columns; those of the terminal without it.

    Raises
    ------
    StepError
        When a step does not hold: nothing is printed that fails its check.

    Examples
    --------
    >>> from theory import GaussianMean, Replace, expected_risk
    >>> print(steps(expected_risk(GaussianMean(sigma2=2, n=10), Replace()), width=80).splitlines()[0])
    gaussian-mean under replace, loss squared
    """
    derivation = risk.derivation.check()
    if as_latex:
        return derivation.latex()
    columns = shutil.get_terminal_size((100, 24)).columns if width is None else width
    written = derivation.text(min(columns, WIDEST))
    weak = sum(not evidence.proved for evidence in derivation.evidence)
    count = len(derivation.steps)
    checked = f"all {count} steps checked" if not weak else f"{count} steps checked, {weak} of them by values alone"
    return f"{written}\n\n{checked}"
