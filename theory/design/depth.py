r"""Depth: through how many models a training row has passed, and what that costs a learner who smooths a little.

Follow a row on which model g trains back to where it came from: real data at once, or a model, and then a row on which
that model was trained. The number K of models on the way is the *depth* of the row. A learner whose every fit keeps a
fraction λ of some feature of its training rows, and loses the rest, keeps :math:`E\,\lambda^K` of it after g
generations, and its loss rises in proportion to

.. math:: \varphi_g(\lambda) = E\,\frac{1 - \lambda^K}{1 - \lambda} = E\,(1 + \lambda + \dots + \lambda^{K-1}).

One generation adds :math:`\varphi \mapsto 1 + \lambda\varphi` to what is sampled from a model, which is affine: so the
mechanism of loops that bend (:mod:`theory.moments.bent`) derives φ for every workflow, as the bias of a sampler that
adds 1 to λ times what it has learnt.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import count
from typing import ClassVar

from sympy import Dummy, Expr, Matrix, Poly, S, Symbol, ones, zeros

from theory.expected import expected_risk
from theory.expressions.arguments import generation, is_probability, parameter
from theory.expressions.fraction_field import in_lowest_terms
from theory.models.base import Model
from theory.models.kernels.permutations import convolutions, mixture_weights
from theory.moments.bent import BIAS, Bend, BentPathway, compose_bent
from theory.moments.recurrence import MomentRecurrence, Recurrence
from theory.risk import Risk
from theory.workflows.base import Workflow, exact_weights, verify_workflow
from theory.workflows.ecosystem import Ecosystem, SymmetricEcosystem
from theory.workflows.fresh_real import FreshReal

RISE, GENERATING = "rise", "generating"
#: λ where none is given.
_RATE = Symbol("lambda", nonnegative=True)


@dataclass(frozen=True)
class TrainingRow(Model):
    r"""A row on which a model is trained, λ of which every model that it passed through has kept.

    Its losses are :math:`\varphi = E[(1-\lambda^K)/(1-\lambda)]` ("rise"; E K where λ = 1) and
    :math:`E\,\lambda^K` ("generating"). See :func:`depth`.
    """

    rate: Expr | None = None
    name: ClassVar[str] = "training-row"
    losses: ClassVar[tuple[str, ...]] = (RISE, GENERATING)
    gains: ClassVar[tuple[str, ...]] = (GENERATING,)
    roles: ClassVar[dict[str, str]] = {"rate": "probability"}
    draws_from_mixture: ClassVar[bool] = True

    def __post_init__(self) -> None:
        rate = parameter("rate", self.rate, _RATE, "a number from 0 to 1", is_probability)
        object.__setattr__(self, "rate", rate)

    def recurrence(self, workflow: Workflow, loss: str) -> Recurrence:
        """φ is minus the bias of a sampler that takes θ to λθ − 1; the generating function is 1 − (1 − λ) φ."""
        if isinstance(workflow, Ecosystem):
            between = _between(workflow, self.rate)  # type: ignore[arg-type]
            return between if loss == RISE else between.changed(scale=self.rate - 1, offset=S.One)  # type: ignore[operator]
        # With a symbol first: at λ = 1 the target −1/(1 − λ) is beyond all numbers, what becomes of it is not.
        kept = Dummy("kept", positive=True)
        bend = Bend(S.One, S.Zero, S.Zero, S.One, fidelity=kept, target=-1 / (1 - kept))
        # A draw is unbiased, so that rows are as deep as those it is drawn from.
        workflow = workflow.undrawn()
        found = compose_bent(workflow, bend, BIAS)
        if isinstance(found, BentPathway):
            by_weights = RisePathway(workflow, self.rate)  # type: ignore[arg-type]
            if loss == RISE:
                return by_weights
            return by_weights.changed(scale=self.rate - 1, offset=S.One)  # type: ignore[operator]
        found = found.subs(kept, self.rate)
        return found.changed(scale=S.NegativeOne) if loss == RISE else _kept(found, 1 - self.rate)  # type: ignore[operator]


@dataclass(frozen=True)
class RisePathway(Recurrence):
    r"""φ by the weights, :math:`\varphi_g = \sum_{j \ge 2} w_{g,j}(1 + \lambda\varphi_{j-1})`: exact at every G."""

    workflow: Workflow
    rate: Expr

    def values(self) -> Iterator[Expr]:
        """Exact values at generations 1, 2, …"""
        blocks: list[Expr] = []
        for g in count(1):
            weights = exact_weights(self.workflow, g)[1:]
            moment = in_lowest_terms(sum((w * block for w, block in zip(weights, blocks, strict=True)), S.Zero))
            yield self.offset + self.scale * moment
            blocks.append(1 + self.rate * moment)


def _between(workflow: Ecosystem, rate: Expr) -> MomentRecurrence:
    r"""Rows that models draw from one another: :math:`\varphi_g = W(1 + \lambda\varphi_{g-1})`, a moment each model."""
    table, m = Matrix(workflow.table), workflow.models
    readout = zeros(1, m)
    readout[workflow.observed] = S.One
    return MomentRecurrence(2, rate * table, table * ones(m, 1), readout, zeros(m, 1))


def _kept(rise: Recurrence, lost: Expr) -> Recurrence:
    """1 − (1 − λ) φ: a moment of its own where φ is one, so that what tends to 0 has a leading term."""
    if (
        not isinstance(rise, MomentRecurrence)
        or rise.matrix.shape != (1, 1)
        or rise.readout[0] != 1
        or rise.shift != 0
        or rise.early
        or rise.continuation is not None
    ):
        return rise.changed(scale=lost, offset=S.One)
    # The moment is −φ.
    step = 1 - rise.matrix[0] + lost * rise.forcing[0]
    return replace(rise, initial=Matrix([1 + lost * rise.initial[0]]), forcing=Matrix([in_lowest_terms(step)]))


@dataclass(frozen=True)
class Depth:
    r"""The law of the depth K of a training row under a workflow. Made by :func:`depth`.

    Attributes
    ----------
    workflow : Workflow

    Notes
    -----
    Derived here.

    Examples
    --------
    >>> from theory import Accumulate
    >>> from theory.design.depth import depth
    >>> depth(Accumulate()).law(3)
    (1/3, 1/2, 1/6)
    >>> depth(Accumulate()).rise("4/5").limit, depth(Accumulate()).mean.closed_form
    (5, harmonic(G) - 1)
    """

    workflow: Workflow

    def law(self, g: int) -> tuple[Expr, ...]:
        """P(K = 0), …, P(K = g − 1) for the rows on which model ``g`` is trained, exactly.

        That of the number of kernels in a kernel density, :func:`theory.convolutions`, which counts the model's own
        kernel too.

        Raises
        ------
        DomainError
            For negative weights, or a generation that is not a whole number, 1 or more.
        """
        upto = generation("g", g)
        if self.workflow.random_sizes is not None and self.workflow.weighs_by_size:
            return self._over_sizes(upto)
        workflow = self.workflow if self.workflow.random_sizes is None else self.workflow.with_sizes(S.One)
        # Models of an ecosystem take turns in one chain, in which a row passes through one model a generation.
        return convolutions(workflow.chain, workflow.place(upto))[1 : upto + 1]

    def _over_sizes(self, g: int) -> tuple[Expr, ...]:
        """The mean of the law over all sizes: the coefficients of the generating function."""
        found = Poly(self.generating(_RATE).at(g), _RATE).all_coeffs()[::-1]
        return (*found, *[S.Zero] * (g - len(found)))

    @property
    def mean(self) -> Risk:
        """E K, with value, closed form, limit, growth and expansion."""
        return self.rise(1)

    def generating(self, rate: object = None) -> Risk:
        r"""The generating function :math:`E\,\lambda^K` at ``rate`` = λ, a number from 0 to 1 or a symbol.

        Raises
        ------
        DomainError
            When ``rate`` is not from 0 to 1.
        """
        return self._asked(rate, GENERATING)

    def rise(self, rate: object = None) -> Risk:
        r""":math:`\varphi(\lambda) = E[(1-\lambda^K)/(1-\lambda)]`, which is E K where λ = 1.

        Raises
        ------
        DomainError
            When ``rate`` is not from 0 to 1.
        """
        return self._asked(rate, RISE)

    def _asked(self, rate: object, loss: str) -> Risk:
        return expected_risk(TrainingRow(rate), self.workflow, loss)  # type: ignore[arg-type]

    def __repr__(self) -> str:
        return f"depth({self.workflow!r})"


def depth(workflow: Workflow) -> Depth:
    r"""Through how many models a training row has passed, for every generation of a workflow.

    Under random sizes this is the mean over them. Where everything is kept, and later blocks are alike, it does not
    depend on their law at all; where something is thrown away, as by a window or by forgetting, it does, and is derived
    for sizes that have a largest one.

    Replace: K = g − 1. Accumulate: K + 1 is the number of cycles of a random permutation of g things that is seen
    from one of them, and :math:`E\,\lambda^K = \prod_{j=2}^{g} (j-1+\lambda)/j \sim g^{\lambda-1}/\Gamma(1+\lambda)`.

    Parameters
    ----------
    workflow : Workflow
        Built in or your own. Weights must be nonnegative.

    Returns
    -------
    Depth
        With ``law(g)``, ``mean``, ``generating(λ)`` and ``rise(λ)``.

    Raises
    ------
    DomainError
        When this is no workflow, or weighs a block negatively.

    Notes
    -----
    Derived here. Feller (1945) for the coupling with permutations.

    Examples
    --------
    >>> from theory import RealPlusLatest
    >>> from theory.design.depth import depth
    >>> depth(RealPlusLatest(share="1/2")).mean.limit
    1
    """
    verify_workflow(workflow)
    if isinstance(workflow, SymmetricEcosystem):
        # Models are alike: through which of them a row has passed does not matter.
        workflow = FreshReal(share=workflow.share)
    # Whatever the sizes, no weight is negative if none is for equal ones.
    tried = workflow if workflow.random_sizes is None else workflow.with_sizes(S.One)
    mixture_weights(tried.chain, tried.place(2))
    return Depth(workflow)
