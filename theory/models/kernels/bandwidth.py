r"""Bandwidths: a number, a schedule over the generations, Scott's rule or Silverman's.

Model g spreads every sample by :math:`N(0, h_g^2 I_d)`. Scott's rule is :math:`h_g = \sigma N_g^{-1/(d+4)}`, with
:math:`\sigma^2` the variance of the truth per coordinate and :math:`N_g` the number of samples that model g is fitted
on, so it depends on the workflow: constant under replace, falling under accumulate. Silverman's rule is
:math:`(4/(d+2))^{1/(d+4)}` times as wide, the best for a Gaussian truth as N → ∞.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from sympy import Expr, Integer, S, simplify

from theory.errors import DomainError
from theory.expressions.arguments import exact
from theory.expressions.symbols import j
from theory.models.kernels.permutations import mixture_weights
from theory.workflows.base import Workflow, probes
from theory.workflows.dynamics import GENERATION, LinearDynamics, PoolDynamics

SCOTT, SILVERMAN = "scott", "silverman"
#: Rules by name: h² depends on the workflow.
RULES = (SCOTT, SILVERMAN)


def verified_bandwidth(value: object) -> Expr | str:
    """A bandwidth rule: positive expression, possibly in ``theory.j``, or the text "scott" or "silverman"."""
    if isinstance(value, str) and value.strip().lower() in RULES:
        return value.strip().lower()
    try:
        rule = exact("bandwidth", value)
    except DomainError as error:
        if isinstance(value, str):
            raise DomainError(f'{error} Or give "scott" or "silverman", for their rules.') from None
        raise
    for index in probes(rule) if rule.has(j) else (1,):
        _positive(rule, rule.subs(j, index), index)
    return rule


def _positive(rule: Expr, width: Expr, index: int) -> Expr:
    if width.is_positive is False or width.is_real is False:
        where = f"h({index}) = {width}, and " if rule.has(j) else ""
        raise DomainError(f"bandwidth = {rule} is not a bandwidth: {where}every bandwidth must be positive.")
    return width


@dataclass(frozen=True)
class Bandwidths:
    """The squared bandwidths h_1², h_2², … of one model under one workflow.

    Attributes
    ----------
    rule : expression in ``theory.j``, "scott" or "silverman"
    workflow : Workflow
    variance : of the truth, per coordinate
    d, n : dimension, and samples in a unit block

    Examples
    --------
    >>> from sympy import S
    >>> from theory.workflows import Accumulate, Replace
    >>> scott = Bandwidths("scott", Accumulate(), variance=S(4), d=S(1), n=S(32))
    >>> scott.squared(32), scott.constant is None
    (1/4, True)
    >>> Bandwidths("scott", Replace(), variance=S(4), d=S(1), n=S(32)).constant
    1
    """

    rule: Expr | str
    workflow: Workflow
    variance: Expr
    d: Expr
    n: Expr

    def squared(self, g: int) -> Expr:
        """h_g² at a whole generation g ≥ 1."""
        if self.constant is not None:
            return self.constant
        if isinstance(self.rule, str):
            return self._by_rule(fitted_samples(self.workflow, g))
        return _positive(self.rule, self.rule.subs(j, g), g) ** 2

    @cached_property
    def schedule(self) -> Expr | None:
        """h_g² as an expression in ``GENERATION`` that holds at every g ≥ 1; None when there is no single one."""
        if not isinstance(self.rule, str):
            return self.rule.subs(j, GENERATION) ** 2
        samples = _pooled_samples(self.workflow)
        return None if samples is None else self._by_rule(samples)

    @cached_property
    def constant(self) -> Expr | None:
        """h² when all generations share it; None otherwise."""
        schedule = self.schedule
        return schedule if schedule is not None and not schedule.has(GENERATION) else None

    @cached_property
    def settled(self) -> Expr | None:
        """h² when all generations from 2 on share it, whatever the first has; None otherwise.

        Beside fresh real data a rule by the number of samples sees more of them from generation 2 on.
        """
        if self.constant is not None or not isinstance(self.rule, str):
            return self.constant
        dynamics, g = self.workflow.dynamics(), GENERATION
        if not isinstance(dynamics, LinearDynamics) or dynamics.innovation.shape != (1, 1):
            return None
        sizes = (self.workflow.size(g), self.workflow.fresh_size(g))
        newest_alone = (dynamics.start, dynamics.transition[0] - dynamics.innovation[0]) == (2, 0)
        if not newest_alone or any(part.has(g) for part in (*sizes, dynamics.innovation[0], dynamics.fresh[0])):
            return None
        return self._by_rule(fitted_samples(self.workflow, 2))

    def _by_rule(self, samples: Expr) -> Expr:
        # Silverman's h is Scott's for (d + 2)/4 times as many samples.
        wide = (self.d + 2) / 4 if self.rule == SILVERMAN else S.One
        return self.variance * (self.n * samples * wide) ** (-2 / (self.d + 4))


def fitted_samples(workflow: Workflow, g: int) -> Expr:
    """Samples that model ``g`` is fitted on, in units of n: those that it gives a weight."""
    draw = workflow.draw(g)
    if draw is not None:
        return draw.size
    weights, _ = mixture_weights(workflow, g)
    total = sum((workflow.size(index) for index, weight in enumerate(weights, start=1) if weight != 0), S.Zero)
    return total + workflow.fresh_rows(g)


def _pooled_samples(workflow: Workflow) -> Expr | None:
    """The same as an expression in ``GENERATION``, for a fixed budget and for one pool with equal weights.

    In a pool the newest block moves the mean by its share s(g)/N_g.
    """
    g, dynamics = GENERATION, workflow.dynamics()
    if isinstance(dynamics, PoolDynamics):
        found: Expr = dynamics.budget
    elif isinstance(dynamics, LinearDynamics) and dynamics.innovation.shape == (1, 1) and dynamics.innovation[0] != 0:
        found = simplify(workflow.size(g) * dynamics.readout[0] / dynamics.innovation[0])
    else:
        return None
    known = all(simplify(found.subs(g, Integer(i)) - fitted_samples(workflow, i)) == 0 for i in range(1, 5))
    return found if known else None
