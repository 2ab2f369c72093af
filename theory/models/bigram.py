r"""The bigram language model: transition probabilities of a Markov chain, fitted by relative frequencies of pairs.

Given block j, a path of n pairs from the stationary law π of the chain it is drawn from, the fitted rows are
:math:`\hat p_{ab} = N_{ab}/N_a`. Seen from context a, what follows is a martingale: with :math:`N_a/n \to \pi_a`,
:math:`\sqrt{n}(\hat p_a - p_a)` tends to a Gaussian of covariance :math:`(\mathrm{diag}\,p_a - p_a p_a^\top)/\pi_a`,
rows being independent (Billingsley 1961). Weighted by how often each context occurs, π cancels:

.. math:: E \sum_a \pi_a |\hat p_a - p_a|^2 \sim \frac1n \sum_a \Bigl(1 - \sum_b p_{ab}^2\Bigr), \qquad
   E \sum_a \pi_a \mathrm{KL}(p_a \,\|\, \hat p_a) \sim \frac{p}{2n},

with p the number of free transition probabilities. Weighing pairs of several blocks gives, to the same order, the
weighted mean of the errors of their rows, since every block has the contexts in the proportions of π. So the ratio is
:math:`\sum_j C_{g,j}^2/s(j)`, to leading order in 1/n.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from sympy import Basic, Expr, S, Symbol

from theory.errors import DomainError
from theory.expressions.arguments import Exact, choice, is_positive_integer, parameter, replacements
from theory.expressions.arguments import generation as whole_generation
from theory.expressions.numerals import to_sympy
from theory.models.base import Model
from theory.models.categories.paths import PathRecurrence
from theory.models.categories.transitions import Transitions, UnknownTransitions, transitions_from
from theory.models.probabilities import Listed
from theory.moments.composition import compose
from theory.moments.recurrence import Recurrence
from theory.workflows.base import Workflow, verify_workflow

_N = Symbol("n", integer=True, positive=True)
UNIFORM, PREVIOUS = "uniform", "previous"


@dataclass(frozen=True)
class Bigram(Model):
    r"""Transition probabilities of K tokens, fitted by (weighted) relative frequencies of neighbours.

    Losses: ``"squared"``, :math:`E\sum_a \pi_a \sum_b (\hat p_{ab} - p_{ab})^2`, rows weighted by the stationary law of
    the real chain; ``"kl"``, the Kullback–Leibler rate :math:`E\sum_a \pi_a \mathrm{KL}(p_a \| \hat p_a)`, the excess
    log loss a token. Both to leading order in 1/n; at a finite n the expected rate is infinite, since a transition may
    not occur. The squared error of short paths is exact by :meth:`exact`.

    Parameters
    ----------
    transitions : table of numbers or expressions, or text
        Row a is the law of the token after token a, such as "1/2 1/2; 1/4 3/4"; every token must be reached from every
        other. Left out, any: the number of free probabilities is the symbol p, :math:`\sum_a (1 - \sum_b p_{ab}^2)`
        the symbol v.
    n : positive integer
        Pairs of neighbours in a unit block, a path of n + 1 tokens.
    unseen : {"uniform", "previous"}
        The row of a context that the training data do not hold: uniform, the limit of additive smoothing as it
        vanishes; or that of the model before, as fine-tuning leaves it (uniform at generation 1). To leading order it
        makes no difference: the chance of such a context falls exponentially in n.

    Raises
    ------
    DomainError
        When rows do not sum to 1, some token is not reached from another, or n is not a whole number, 1 or more.

    Notes
    -----
    Every block starts anew from the stationary law of the model it is drawn from. A model that was fitted on a short
    path may have several: then from the one that it reaches in the long run from the contexts of its training data.
    Fresh real data are a path of the real chain. A random subsample is one of pairs. Derived here, on the central limit
    theorem of Billingsley (1961, "Statistical methods in Markov chains").

    Examples
    --------
    >>> from theory import Accumulate, Bigram, Replace, expected_risk
    >>> words = Bigram("1/2 1/2; 1/4 3/4", n=100)
    >>> risk = expected_risk(words, Accumulate())
    >>> risk.closed_form, risk.limit, risk.exactness
    (7*harmonic(G, 2)/800, 7*pi**2/4800, 'leading order')
    >>> expected_risk(words, Replace(), loss="kl").closed_form
    G/100
    >>> Bigram("1/2 1/2; 1/4 3/4", n=2).exact(Replace(), 2)
    37/128
    """

    transitions: Transitions | UnknownTransitions | Any = None
    n: Exact = None
    unseen: str = UNIFORM
    name: ClassVar[str] = "bigram"
    losses: ClassVar[tuple[str, ...]] = ("squared", "kl")
    draws_from_mixture: ClassVar[bool] = True
    roles: ClassVar[dict[str, str]] = {"n": "count"}
    choices: ClassVar[dict[str, tuple[str, ...]]] = {"unseen": (UNIFORM, PREVIOUS)}

    def __post_init__(self) -> None:
        object.__setattr__(self, "transitions", transitions_from(self.transitions))
        n = parameter("n", self.n, _N, "a whole number of pairs, 1 or more", is_positive_integer)
        object.__setattr__(self, "n", n)
        object.__setattr__(self, "unseen", choice("unseen", self.unseen, (UNIFORM, PREVIOUS)))

    @property
    def is_degenerate(self) -> bool:
        """Whether every token has one successor."""
        return bool(self.transitions.free == 0)

    @property
    def of_random_sizes(self) -> tuple[str, ...]:
        """By the noise of a block mean."""
        return ("squared", "kl")

    def recurrence(self, workflow: Workflow, loss: str) -> Recurrence:
        """Noise v/n, of the KL rate p/(2n); no curvature to leading order."""
        chain = self.transitions
        noise = chain.free / (2 * self.n) if loss == "kl" else chain.scatter / self.n  # type: ignore[operator]
        return compose(workflow, noise=noise, curvature=S.Zero, exactness="leading order")

    def exact(self, workflow: Workflow, generation: object) -> Expr:
        """The expected squared error at a generation, exactly, by going through every path.

        Raises
        ------
        DomainError
            Where transitions or n are symbols, and where there are too many paths: some seconds is the most, such as
            two tokens with n = 10 under replace, or n = 4 for six generations of accumulate.
        NotDerivedError
            Where the workflow is not known well enough to follow every block.
        """
        verify_workflow(workflow)
        g = whole_generation("generation", generation)
        return self.paths(workflow).at(g)

    def paths(self, workflow: Workflow) -> PathRecurrence:
        """What :meth:`exact` runs: exact values at all generations, and the laws of fitted tables."""
        if not isinstance(self.transitions, Transitions):
            raise DomainError("transitions are not given: exact values depend on each.")
        if not (self.n is not None and self.n.is_Integer):
            raise DomainError(f"n = {self.n} is not a number: exact values need one.")
        chain = self.transitions
        pairs = Listed(tuple(
            to_sympy(weight * p) for weight, row in zip(chain.stationary, chain.rows, strict=True) for p in row
        ))  # fmt: skip
        found = PathRecurrence(pairs, int(self.n), workflow.simplest(), chain, self.unseen == PREVIOUS)
        found.verify()
        return found

    def finite_variance(self, workflow: Workflow, loss: str = "squared") -> Basic:
        """Of the squared error, which is bounded; the KL rate is infinite with a positive probability."""
        return S.false if loss == "kl" and not self.is_degenerate else S.true

    @property
    def free_symbols(self) -> set[Any]:
        """Symbols in its parameters."""
        return super().free_symbols | self.transitions.free_symbols

    def subs(self, *args: Any, **kwargs: Any) -> Self:
        """The model with symbols replaced in its parameters, as in SymPy."""
        pairs = replacements(self.free_symbols, args, kwargs)
        return type(self)(self.transitions.subs(pairs), self.n.subs(pairs), self.unseen)  # type: ignore[union-attr]
