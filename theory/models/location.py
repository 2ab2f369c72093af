r"""Location families: any estimator that moves with its data.

Points are θ + ξ, and an estimator T with T(x + a) = T(x) + a makes an error :math:`T(\xi)` that does not depend on θ:
conditionally unbiased (for a symmetric law) with one and the same variance at every generation. What several blocks
give is *the weighted mean of the estimates on each block*,
:math:`\theta_g = \sum_j w_{g,j} T_j (+ \omega_g T^{real}_g)`, and not the estimate on the pooled points. So the risk
is :math:`\sum_j C_{g,j}^2\,\mathrm{Var}\,T`, exactly.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from math import comb
from typing import ClassVar

from flint import fmpq
from sympy import Expr, Integer, Rational, S, Symbol

from theory.errors import DomainError, NotDerivedError
from theory.expressions.arguments import Exact, is_positive, is_positive_integer, parameter, quoted, shown
from theory.expressions.numerals import to_sympy
from theory.expressions.symbols import j
from theory.models.base import Model
from theory.models.gaussian_median import gaussian_median_variance
from theory.moments.bent import BIAS, nothing
from theory.moments.composition import compose
from theory.moments.recurrence import Recurrence
from theory.workflows.base import Workflow

#: Laws of which a median is known here, and their variances: 2 for a Laplace law of scale 1, 1 for a Gaussian.
LAWS = ("laplace", "gaussian")
#: Most samples of a Laplace median in exact fractions.
MOST_SAMPLES = 2001


@dataclass(frozen=True)
class Location(Model):
    r"""A location parameter, estimated on every block by any equivariant unbiased estimator of known variance.

    Parameters
    ----------
    variance : positive number or expression
        Variance of the estimate on a unit block.
    law : {"", "laplace", "gaussian"}
        Of one point, where the estimate is a median (:meth:`median`); only such a model can be simulated.
    n : positive integer, optional
        Points in a unit block, where ``law`` is given.

    Notes
    -----
    Several blocks are combined by the weighted mean of their estimates. Blocks are of one size unless the variance of
    another size is derived: sizes that vary are refused, as are subsamples. Derived here.

    Examples
    --------
    >>> from theory import Accumulate, expected_risk
    >>> from theory.models.location import Location
    >>> expected_risk(Location(variance="2/7"), Accumulate()).closed_form
    2*harmonic(G, 2)/7
    >>> Location.median("laplace", 3).variance
    23/36
    """

    variance: Exact = None
    law: str = ""
    n: Exact = None
    name: ClassVar[str] = "location"
    roles: ClassVar[dict[str, str]] = {"variance": "positive", "n": "count"}

    def __post_init__(self) -> None:
        given_variance = self.variance is not None
        given = parameter("variance", self.variance, Symbol("v", positive=True), "positive", is_positive)
        object.__setattr__(self, "variance", given)
        if not (isinstance(self.law, str) and self.law in ("", *LAWS)):
            raise DomainError(f"law = {quoted(self.law)} is not a law with a median here: use 'laplace' or 'gaussian'.")
        if self.n is not None:
            count = Symbol("n", integer=True, positive=True)
            n = parameter("n", self.n, count, "a whole number of samples, 1 or more", is_positive_integer)
            object.__setattr__(self, "n", n)
        if (self.n is None) != (not self.law):
            missing = "n is not given with law" if self.n is None else "law is not given with n"
            of = f"{self.law!r}" if self.n is None else f"{self.n}"
            raise DomainError(f"{missing} = {of}: give both, as for a median, or neither.")
        if self.law:
            self._verify_median(given_variance)

    @classmethod
    def median(cls, law: str, n: object) -> Location:
        r"""The sample median of n points: the middle one, or the mean of the middle two.

        Laplace (scale 1): exact, a rational number. Gaussian (variance 1): exact for n = 1, 2; for other odd n an
        integral, enclosed to any precision.
        """
        if law == "":
            raise DomainError("law = '' is not a law with a median here: use 'laplace' or 'gaussian'.")
        return cls(law=law, n=n)  # type: ignore[arg-type]

    def _verify_median(self, given_variance: bool) -> None:
        """The variance that law and number of points make; another is none of theirs."""
        count = self.n
        assert count is not None
        if not count.is_Integer:
            raise DomainError(f"n = {count} is no number: the variance of a median is derived for numbers of points.")
        variance = median_variance(self.law, int(count))
        if given_variance and self.variance != variance:
            raise DomainError(
                f"variance = {shown(self.variance)} is not that of a median of {count} points of law = {self.law!r}: "
                "leave it out."
            )
        object.__setattr__(self, "variance", variance)

    def recurrence(self, workflow: Workflow, loss: str) -> Recurrence:
        """Moments of the loss, generation by generation."""
        if workflow.draw(Integer(2)) is not None:
            raise NotDerivedError(
                f"workflow = {workflow.name} draws a subsample of several blocks: no estimate on a block is left to "
                "weigh, so its risk is not derived."
            )
        sizes = [workflow.size(g) for g in range(1, 9)]
        fresh = [workflow.fresh_size(g) for g in range(2, 9) if workflow.fresh_weight(g) != 0]
        if workflow.schedule.has(j) or any(size != 1 for size in (*sizes, *fresh)):
            raise NotDerivedError(
                f"workflow = {workflow.name} has blocks of other sizes than n: the variance of an estimate on these is "
                "not known from that on n."
            )
        return compose(workflow, noise=self.variance, curvature=S.Zero)

    def part(self, workflow: Workflow, loss: str, part: str) -> Recurrence:
        """Unbiased: the bias is 0, the variance is the risk."""
        return nothing() if part == BIAS else self.recurrence(workflow, loss)


def median_variance(law: str, n: int) -> Expr:
    """Variance of the median of n points of one of :data:`LAWS`."""
    if law == "laplace" and n > MOST_SAMPLES:
        raise DomainError(f"n = {n} is too many for exact fractions: give {MOST_SAMPLES} or fewer.")
    if law == "laplace":
        return laplace_median_variance(n)
    return gaussian_median_variance(n) if n > 2 else Rational(1, n)


@lru_cache(maxsize=64)
def laplace_median_variance(n: int) -> Expr:
    r"""Variance of the median of n Laplace points of scale 1, a rational number.

    Given that K of the points are positive, these are exponential, and so are the absolute values of the others. Order
    statistics of exponentials are sums of independent exponentials (Rényi): the i-th smallest of K has mean
    :math:`\sum_{l<i} 1/(K-l)` and variance :math:`\sum_{l<i} 1/(K-l)^2`. The middle points are among these, on either
    side, and K is binomial.
    """
    harmonic, squares = ([fmpq(0), *accumulate(fmpq(1, i**power) for i in range(1, n + 1))] for power in (1, 2))
    total = fmpq(0)
    for positive in range(n + 1):
        total += comb(n, positive) * _squared_middle(n, positive, harmonic, squares)
    return to_sympy(total / 2**n)


def _squared_middle(n: int, positive: int, harmonic: list[fmpq], reciprocals: list[fmpq]) -> fmpq:
    """E (median)² given how many points are positive, by the sums of 1/i and 1/i²."""
    negative = n - positive
    lower, upper = (n - 1) // 2, n // 2

    def moments(rank: int) -> tuple[int, fmpq, fmpq]:
        """Sign, mean and variance of the absolute value of the point of this rank, from 0."""
        if rank >= negative:
            side, count, steps = 1, positive, rank - negative + 1
        else:
            side, count, steps = -1, negative, negative - rank
        below = count - steps
        return side, harmonic[count] - harmonic[below], reciprocals[count] - reciprocals[below]

    side, mean, spread = moments(lower)
    if lower == upper:
        return spread + mean**2
    other, second, wide = moments(upper)
    squares = spread + mean**2 + wide + second**2
    # On one side the nearer is a partial sum of the farther: their covariance is the nearer's variance.
    shared = min(spread, wide) if side == other else fmpq(0)
    return (squares + 2 * (side * other * mean * second + shared)) / 4
