"""Any regular parametric model, to leading order in 1/n."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sympy import Expr, S, Symbol

from theory.expressions.arguments import is_positive_integer, parameter
from theory.models.base import Model
from theory.moments.composition import compose
from theory.moments.recurrence import Recurrence
from theory.workflows.base import Workflow


@dataclass(frozen=True)
class Regular(Model):
    r"""Any regular p-parameter model fitted by maximum likelihood, errors measured in Fisher's metric.

    The maximum-likelihood estimate is asymptotically linear with covariance :math:`I(\theta)^{-1}/n`, so in
    the norm of :math:`I(\theta_0)` a unit block contributes p/n, and the change of I along the way is of
    higher order: the universality of Dey and Donoho (2024). Leading order in 1/n; exact for the mean of
    a p-variate Gaussian under any deterministic weights.

    Parameters
    ----------
    p : positive integer
        Number of parameters.
    n : positive integer
        Samples in a unit block.

    Examples
    --------
    >>> from theory import Accumulate, Regular, expected_risk
    >>> expected_risk(Regular(p=3, n=100), Accumulate()).closed_form
    3*harmonic(G, 2)/100
    """

    p: Expr | None = None
    n: Expr | None = None
    name: ClassVar[str] = "regular"
    roles: ClassVar[dict[str, str]] = {"p": "count", "n": "count"}

    def __post_init__(self) -> None:
        count = "a whole number, 1 or more"
        for name in ("p", "n"):
            symbol = Symbol(name, integer=True, positive=True)
            verified = parameter(name, getattr(self, name), symbol, count, is_positive_integer)
            object.__setattr__(self, name, verified)

    def recurrence(self, workflow: Workflow, loss: str) -> Recurrence:
        return compose(workflow, noise=self.p / self.n, curvature=S.Zero, exactness="leading order")  # type: ignore[operator]

    def remainder(self) -> tuple[str, Expr]:
        return "p/n", self.p / self.n  # type: ignore[operator]
