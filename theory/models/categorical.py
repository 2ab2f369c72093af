r"""The unigram language model: category probabilities, fitted by relative frequencies.

With weights on the blocks, model g is :math:`\theta_{g,k} = \sum_j w_{g,j}\, c_{j,k}/N_j` for counts :math:`c_j`,
multinomial given model j − 1. Each category is a Bernoulli family; the sum over categories has the variance function
:math:`\sum_k \theta_k(1 - \theta_k) = 1 - \sum_k \theta_k^2`, quadratic with :math:`v_2 = -1`: the squared
error closes exactly at every n, and the diversity with it,

.. math:: E\Bigl(1 - \sum_k \theta_k^2\Bigr) = 1 - \sum_k p_k^2 - E\sum_k (\theta_k - p_k)^2 .

The number of categories alive is another matter: see :mod:`theory.models.categories.ancestry`; so are entropy and
perplexity: see :mod:`theory.models.categories.entropy`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from sympy import Basic, Expr, S, Symbol, factor

from theory.errors import DomainError
from theory.expressions.arguments import Exact, is_positive_integer, parameter, replacements
from theory.expressions.signs import unit_interval
from theory.models.base import Model
from theory.models.categories.ancestry import support_recurrence
from theory.models.categories.entropy import EntropyRecurrence, leading
from theory.models.probabilities import Probabilities, Unspecified, probabilities_from
from theory.moments.composition import compose
from theory.moments.recurrence import Recurrence
from theory.workflows.base import Workflow

_N = Symbol("n", integer=True, positive=True)

#: Losses that are no moments of low degree, and what is expected.
BY_TOKENS = {
    "support": "the expected number of categories alive",
    "entropy": "the expected entropy",
    "perplexity": "the expected perplexity",
}


@dataclass(frozen=True)
class Categorical(Model):
    r"""Probabilities of K categories, fitted by (weighted) relative frequencies: the unigram language model.

    Losses: ``"squared"``, :math:`E\sum_k(\theta_k - p_k)^2`; ``"diversity"``, :math:`E(1 - \sum_k \theta_k^2)`, the
    probability that two tokens of the model differ; ``"support"``, the expected number of categories that the
    model still gives positive probability; ``"entropy"``, :math:`-E\sum_k \theta_k\log\theta_k` in nats, and
    ``"perplexity"``, E exp of the entropy, the effective number of categories
    (:mod:`theory.models.categories.entropy`: exact by the law of counts, enclosed where that is too large). The
    cross-entropy of real data under the model would be infinite once a category has died, which is possible at every n.

    Parameters
    ----------
    probabilities : sequence of numbers or expressions, ``uniform(K)``, ``zipf(K, exponent)``, ``zipf(s=…)``, or text
        Sum to exactly 1; decimals count as the fractions that they print. As text "1/2 1/3 1/6", "uniform(1000)" or
        "zipf(1000, 3/2)"; "zipf(s=3/2)" has infinitely many categories. Left out, they are any, with Σp² the symbol c.
    n : positive integer
        Tokens in a unit block.

    Raises
    ------
    DomainError
        When probabilities are negative or do not sum to 1, or n is not a whole number, 1 or more.

    Notes
    -----
    Derived here; under replace this is the Wright–Fisher model of population genetics.

    Examples
    --------
    >>> from theory import Replace, expected_risk
    >>> from theory.models.categorical import Categorical
    >>> model = Categorical(["1/2", "1/3", "1/6"], n=2)
    >>> expected_risk(model, Replace()).closed_form
    11/18 - 11/(18*2**G)
    >>> expected_risk(model, Replace(), loss="diversity").closed_form
    11/(18*2**G)
    >>> expected_risk(model, Replace(), loss="support").at(3)
    83/72
    >>> expected_risk(model, Replace(), loss="entropy").at(1), expected_risk(model, Replace(), loss="perplexity").at(1)
    (11*log(2)/18, 29/18)
    """

    probabilities: Probabilities | Sequence[Any] | str | None = None
    n: Exact = None
    name: ClassVar[str] = "categorical"
    losses: ClassVar[tuple[str, ...]] = ("squared", "diversity", "support", "entropy", "perplexity")
    gains: ClassVar[tuple[str, ...]] = ("diversity", "support", "entropy", "perplexity")
    draws_from_mixture: ClassVar[bool] = True
    roles: ClassVar[dict[str, str]] = {"n": "count"}

    def __post_init__(self) -> None:
        object.__setattr__(self, "probabilities", probabilities_from(self.probabilities))
        n = parameter("n", self.n, _N, "a whole number of tokens, 1 or more", is_positive_integer)
        object.__setattr__(self, "n", n)

    @property
    def truth(self) -> Probabilities:
        """The probabilities of the real data."""
        return self.probabilities  # type: ignore[return-value]

    @property
    def diversity(self) -> Expr:
        """1 − Σp² of the truth."""
        return factor(1 - self.truth.collision) if self.truth.free_symbols else 1 - self.truth.collision

    @property
    def of_random_sizes(self) -> tuple[str, ...]:
        """By the noise of a block mean."""
        return ("squared", "diversity")

    def recurrence(self, workflow: Workflow, loss: str) -> Recurrence:
        """Squared error: noise (1 − Σp²)/n and curvature −1/n, exactly; diversity is what it leaves; support by
        ancestry, entropy by the law of counts.
        """
        if loss in BY_TOKENS:
            return self._by_tokens(workflow, loss)
        squared = compose(workflow, noise=self.diversity / self.n, curvature=-1 / self.n, points=self.n)  # type: ignore[operator]
        return self._lost(squared) if loss == "diversity" else squared

    def leading_recurrence(self, workflow: Workflow, loss: str) -> Recurrence:
        """The same with the curvature left out; entropies to first order; the support has no simpler form."""
        if loss in BY_TOKENS:
            exact = self._by_tokens(workflow, loss)
            first = None if loss == "support" else leading(self.truth, int(self.n), workflow, loss)  # type: ignore[arg-type]
            return exact if first is None else first
        squared = compose(workflow, noise=self.diversity / self.n, curvature=S.Zero, exactness="leading order")  # type: ignore[operator]
        return self._lost(squared) if loss == "diversity" else squared

    def _lost(self, squared: Recurrence) -> Recurrence:
        """What of the diversity the squared error leaves."""
        return squared.changed(scale=-squared.scale, offset=self.diversity)

    def _by_tokens(self, workflow: Workflow, loss: str) -> Recurrence:
        """Losses that need every probability and n as numbers."""
        subject = BY_TOKENS[loss]
        if isinstance(self.truth, Unspecified):
            raise DomainError(f"probabilities are not given: {subject} depends on each.")
        if not self.n.is_Integer:  # type: ignore[union-attr]
            raise DomainError(f"n = {self.n} is not a number: {subject} needs one.")
        n = int(self.n)  # type: ignore[arg-type]
        if loss == "support":
            return support_recurrence(self.truth, n, workflow)
        recurrence = EntropyRecurrence(self.truth, n, workflow, loss)
        recurrence.verify()
        return recurrence

    def finite_variance(self, workflow: Workflow, loss: str = "squared") -> Basic:
        """Always: every loss is bounded."""
        return S.true

    def ranges(self) -> dict[Symbol, Expr]:
        """Those of the roles; an unknown Σp² runs over (0, 1)."""
        collision = self.truth.collision if isinstance(self.truth, Unspecified) else None
        return {**super().ranges(), **({collision: unit_interval()} if isinstance(collision, Symbol) else {})}

    @property
    def free_symbols(self) -> set[Any]:
        """Symbols in its parameters."""
        return super().free_symbols | self.truth.free_symbols

    def subs(self, *args: Any, **kwargs: Any) -> Self:
        """The model with symbols replaced in its parameters, as in SymPy."""
        pairs = replacements(self.free_symbols, args, kwargs)
        return type(self)(self.truth.subs(pairs), self.n.subs(pairs))  # type: ignore[union-attr, arg-type]
