"""Any regular parametric model, to leading order in 1/n."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sympy import Expr, S

from theory.expressions.arguments import Exact, count
from theory.models.base import Model
from theory.moments.composition import compose
from theory.moments.higher_moments import QuadraticNoise
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
        Samples in a unit block. With p = n = 1 the risk is in units of p/n, and blocks may be of any size.

    Examples
    --------
    >>> from theory import Accumulate, Regular, expected_risk
    >>> expected_risk(Regular(p=3, n=100), Accumulate()).closed_form
    3*harmonic(G, 2)/100
    """

    p: Exact = None
    n: Exact = None
    name: ClassVar[str] = "regular"
    roles: ClassVar[dict[str, str]] = {"p": "count", "n": "count"}

    def __post_init__(self) -> None:
        for name in ("p", "n"):
            object.__setattr__(self, name, count(name, getattr(self, name)))

    @property
    def unit_block(self) -> Expr | None:
        """n; None in units of p/n, which stand for any n."""
        return None if self.p == self.n == 1 else self.n

    @property
    def of_random_sizes(self) -> tuple[str, ...]:
        """By the noise of a block mean."""
        return ("squared",)

    def recurrence(self, workflow: Workflow, loss: str) -> Recurrence:
        """r = (p/n) Σ_j C²_{g,j}/s(j), to leading order in 1/n: noise p/n, no curvature."""
        return compose(workflow, noise=self.p / self.n, curvature=S.Zero, exactness="leading order")  # type: ignore[operator]

    def noise(self) -> QuadraticNoise:
        """The limit experiment: p Gaussian coordinates of variance 1/n each."""
        # The limit experiment: p Gaussian coordinates.
        return QuadraticNoise(S.One, S.Zero, S.Zero, self.n, copies=self.p)  # type: ignore[arg-type]

    def remainder(self) -> str:
        """What leading order leaves out is p/n smaller."""
        return "p/n"
