r"""The regressions on which universality is shown: one small design, the same for all, and a truth for each.

A row is an intercept and two standard normal columns, drawn once. The truths keep labels away from separation at a few
hundred labels: log-odds of standard deviation 1, counts of mean about 2, and three classes of like frequency.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from numerics.estimation import LogisticRegression, MultinomialRegression, PoissonRegression
from numerics.estimation.regression import Regression
from theory import DomainError

#: A truth, a number for each column; for several classes a column for each but the last.
TRUTHS: dict[str, tuple[type[Regression], object]] = {
    "logistic": (LogisticRegression, [0.3, 0.7, -0.7]),
    "poisson": (PoissonRegression, [0.5, 0.4, -0.3]),
    "multinomial": (MultinomialRegression, [[0.2, 0.0], [0.7, -0.3], [0.0, 0.6]]),
}
#: Rows of the design.
ROWS = 25
_DRAWN = 1


def regressions(model: str, design: str = "shared") -> dict[str, Callable[[int], Regression]]:
    """The regression of this name, or all of them for ``"all"``, as functions of n.

    Examples
    --------
    >>> list(regressions("all"))
    ['logistic', 'poisson', 'multinomial']
    >>> regressions("poisson")["poisson"](50).parameters
    3
    """
    if model != "all" and model not in TRUTHS:
        raise DomainError(f"model {model!r} is not known: use {', '.join(TRUTHS)} or all.")
    chosen = TRUTHS if model == "all" else {model: TRUTHS[model]}
    rows = np.column_stack([np.ones(ROWS), np.random.default_rng(_DRAWN).standard_normal((ROWS, 2))])

    def of(kind: type[Regression], truth: object) -> Callable[[int], Regression]:
        return lambda n: kind(rows, np.array(truth), n, design)

    return {name: of(kind, truth) for name, (kind, truth) in chosen.items()}
