"""Kernel density estimation with a Gaussian kernel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from sympy import Expr, S, Symbol

from theory.errors import DomainError, NotDerivedError
from theory.expressions.arguments import Exact, count, exact, is_positive, parameter, quoted, replacements
from theory.expressions.symbols import j
from theory.models.base import Model
from theory.models.kernels.bandwidth import Bandwidths, verified_bandwidth
from theory.models.kernels.drift import drift
from theory.models.kernels.mixtures import MixtureTruth
from theory.models.kernels.spectral import SpectralRecurrence
from theory.moments.recurrence import Recurrence
from theory.workflows.base import Workflow


@dataclass(frozen=True)
class KernelDensity(Model):
    r"""Kernel density with kernel :math:`N(0, h_g^2 I_d)`; the next block is sampled from it.

    Model g has density :math:`p_g(x) = \sum_j w_{g,j} \frac1{n_j} \sum_i K_{h_g}(x - x_{j,i})`.

    Losses: ``"squared"``, also called ``"mise"``, is :math:`E\int (p_g - p_0)^2`; ``"variance"`` is the variance of
    the model about the truth's mean, per coordinate, in excess of the truth's.

    Parameters
    ----------
    bandwidth : positive number or expression, "scott" or "silverman"
        h; an expression in ``theory.j`` is the bandwidth of model j. ``"scott"`` is Scott's rule
        :math:`h_g = \sigma N_g^{-1/(d+4)}` for a model fitted on :math:`N_g` samples, σ² the truth's variance;
        ``"silverman"`` is :math:`(4/(d+2))^{1/(d+4)}` times that.
    n : positive integer
        Samples in a unit block.
    truth_variance : positive number or expression, default 1
        Variance per coordinate of the Gaussian truth :math:`N(0, \sigma^2 I_d)`.
    d : positive integer, default 1
        Dimension.
    truth : MixtureTruth, optional
        Another truth; variance and dimension are then its own.

    Notes
    -----
    Scott (1992), *Multivariate Density Estimation*, and Silverman (1986), *Density Estimation for Statistics and Data
    Analysis*, for the rules; Kazdan et al. (2024), *Collapse or Thrive?*, for the
    setting. The law of the number of convolutions (:func:`theory.convolutions`), the variance and the
    integrated error (:mod:`theory.models.kernels.spectral`) are derived here, exactly at every n.

    Examples
    --------
    >>> from theory import Accumulate, Replace, expected_risk
    >>> kde = KernelDensity(bandwidth="1/2", n=10)
    >>> expected_risk(kde, Replace(), loss="variance").closed_form
    G/4
    >>> expected_risk(kde, Accumulate(), loss="variance").closed_form
    harmonic(G)/4
    >>> expected_risk(kde, Accumulate(), loss="mise").limit
    1/(2*sqrt(pi))
    """

    bandwidth: Exact = None
    n: Exact = None
    truth_variance: Exact = S.One
    d: Exact = S.One
    truth: MixtureTruth | None = None
    name: ClassVar[str] = "kernel-density"
    losses: ClassVar[tuple[str, ...]] = ("squared", "mise", "variance")
    draws_from_mixture: ClassVar[bool] = True
    roles: ClassVar[dict[str, str]] = {"bandwidth": "positive", "n": "count", "truth_variance": "positive"}

    def __post_init__(self) -> None:
        n = count("n", self.n)
        given = Symbol("h", positive=True) if self.bandwidth is None else self.bandwidth
        variance = exact("truth_variance", self.truth_variance)
        parameter("truth_variance", variance, variance, "positive", is_positive)
        d = count("d", exact("d", self.d))
        if self.truth is not None:
            d, variance = self._of_truth(d, variance)
        for name, value in (("bandwidth", verified_bandwidth(given)), ("n", n), ("truth_variance", variance), ("d", d)):
            object.__setattr__(self, name, value)

    def _of_truth(self, d: Expr, variance: Expr) -> tuple[Expr, Expr]:
        """Dimension and variance of the mixture, which any that were given must be."""
        if not isinstance(self.truth, MixtureTruth):
            raise DomainError(f"truth = {quoted(self.truth)} is not a truth: give a MixtureTruth, or leave it out.")
        own = exact("d", self.truth.dimension)
        if d not in (S.One, own):
            raise DomainError(f"d = {d} is not the dimension of the mixture: leave d out, or give {own}.")
        if variance not in (S.One, self.truth.variance):
            raise DomainError(
                f"truth_variance = {variance} is not the variance of the mixture: leave it out, or give "
                f"{self.truth.variance}."
            )
        return own, self.truth.variance

    @property
    def mixture(self) -> MixtureTruth:
        """The truth, of one component or more."""
        return MixtureTruth.gaussian(self.truth_variance) if self.truth is None else self.truth

    def bandwidths(self, workflow: Workflow) -> Bandwidths:
        """The squared bandwidths of models 1, 2, … under ``workflow``."""
        assert self.bandwidth is not None
        assert self.n is not None
        return Bandwidths(self.bandwidth, workflow, self.truth_variance, self.d, self.n)

    def recurrence(self, workflow: Workflow, loss: str) -> Recurrence:
        """∫(p̂ − p_0)² by frequencies, (1 − |φ|²)/n a block and e^(−h²|ω|²) a smoothing; the variance by its drift."""
        assert self.n is not None
        workflow = self._of_effective_size(workflow)
        bandwidths = self.bandwidths(workflow)
        if loss == "variance":
            return drift(workflow, bandwidths)
        return SpectralRecurrence(workflow, self.n, self.d, self.mixture, bandwidths)

    @property
    def of_random_sizes(self) -> tuple[str, ...]:
        """At every frequency the noise of a block is (1 − |φ|²)/N, where the bandwidth does not look at N."""
        return self.losses

    def _of_effective_size(self, workflow: Workflow) -> Workflow:
        """Blocks of 1/E(1/N) in place of random ones: given the past every risk is affine in each 1/N.

        Raises
        ------
        NotDerivedError
            Where weights look at sizes, or the bandwidth does.
        """
        sizes, equal = workflow.random_sizes, workflow.equal_sizes()
        if sizes is None:
            return workflow
        if isinstance(self.bandwidth, str):
            raise NotDerivedError(
                f"bandwidth = {self.bandwidth!r} follows the number of points, and workflow = {workflow.name} has "
                f"blocks of random size: its risk is derived for bandwidths that do not."
            )
        if equal is None:
            raise NotDerivedError(
                f"workflow = {workflow.name} weighs blocks by their random sizes: every fit smooths what the pool "
                f"holds, so that at each frequency all sizes so far matter, and kernel densities are derived for "
                f"replace and other weights that do not look at sizes."
            )
        return equal.with_sizes(sizes.effective_size)

    @property
    def free_symbols(self) -> set[Any]:
        """Symbols in the parameters and in the truth, other than ``theory.j``."""
        found = super().free_symbols - {j}
        return found if self.truth is None else found | self.truth.free_symbols

    def subs(self, *args: Any, **kwargs: Any) -> KernelDensity:
        """The model with symbols replaced in its parameters, as in SymPy."""
        pairs = replacements(self.free_symbols, args, kwargs)
        values = {
            name: value.subs(pairs) if hasattr(value, "subs") else value for name, value in self.parameters.items()
        }
        if self.truth is not None:
            values |= {"truth_variance": S.One}  # the mixture's own, once its symbols are replaced
        return KernelDensity(**values)
