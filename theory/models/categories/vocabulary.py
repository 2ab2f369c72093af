r"""How many words of an infinite vocabulary are alive: Zipf's law with n → ∞ tokens.

A word of probability p has a number of real tokens near Poisson with mean λ = np, each of them the root of a
branching process with Poisson(1) offspring under replace (:class:`theory.BranchingExtinction`), which is alive at
model G with probability :math:`s_G`, :math:`s_1 = 1`, :math:`s_{g+1} = 1 - e^{-s_g}`. So the word is alive with
probability :math:`1 - e^{-\lambda s_G}`, and over the words :math:`\lambda_k = n k^{-s}/\zeta(s)`

.. math:: E\,V_G \sim \int_0^\infty \Bigl(1 - e^{-n s_G k^{-s}/\zeta(s)}\Bigr) dk
   = \Gamma\Bigl(1 - \frac1s\Bigr) \Bigl(\frac{n s_G}{\zeta(s)}\Bigr)^{1/s} .

As :math:`s_G \sim 2/G` the vocabulary falls as :math:`G^{-1/s}`. At every n the law less 1 is a *lower bound*:
the binomial law makes survival likelier than the branching process does, so that
:math:`E\,V_G \ge \sum_k 1 - (1 - p_k s_G)^n \ge \sum_k 1 - e^{-n p_k s_G}`, a sum of decreasing terms,
at least its integral from 1 on. Under accumulate every model keeps the real block: :math:`s_G = 1` for ever. Derived
here.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import expm1

from sympy import Expr, S, Symbol, exp, gamma, zeta

from theory.errors import DomainError, NotDerivedError
from theory.expressions.arguments import generation as whole_generation
from theory.expressions.arguments import is_positive_integer, parameter
from theory.expressions.symbols import G
from theory.models.categories.ancestry import keeps_first_block, newest_block_only
from theory.models.categories.extinction import DEEPEST
from theory.models.probabilities import InfiniteZipf
from theory.workflows.base import Workflow

_N = Symbol("n", integer=True, positive=True)


@dataclass(frozen=True)
class VocabularyLaw:
    r"""The expected number of words alive at model G, to leading order in n, under :math:`p_k = k^{-s}/\zeta(s)`.

    .. math:: \Gamma(1 - 1/s)\,\bigl(n s_G/\zeta(s)\bigr)^{1/s}

    with :math:`s_1 = 1`, :math:`s_{g+1} = 1 - e^{-s_g}` under replace, and :math:`s_G = 1` where every model keeps the
    real block. G is fixed while n → ∞.

    Parameters
    ----------
    s : fraction above 1
    workflow : Workflow
        Replace with blocks of one size, or one that keeps the real block and adds no real data.
    n : positive integer or left out
        Tokens in a block.

    Raises
    ------
    DomainError
        For an exponent of 1 or less, or another n than a whole number.
    NotDerivedError
        For other workflows.

    Notes
    -----
    Derived here; see :mod:`theory.models.categories.vocabulary`. At G = 1 it is Karlin (1967), *Central limit
    theorems for certain infinite urn schemes*.

    Examples
    --------
    >>> from theory import Accumulate, G, Replace, VocabularyLaw
    >>> law = VocabularyLaw(2, Replace(), n=10**6)
    >>> law.at(1), law.growth.subs(G, 4), round(law.value(2), 6)
    (1000*sqrt(6)/sqrt(pi), 1000*sqrt(3)/sqrt(pi), 1098.754449)
    >>> VocabularyLaw(2, Accumulate(), n=10**6).at(99) == law.at(1)
    True
    """

    s: Expr
    workflow: Workflow
    n: Expr | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "s", InfiniteZipf(self.s).exponent)
        n = parameter("n", self.n, _N, "a whole number of tokens, 1 or more", is_positive_integer)
        object.__setattr__(self, "n", n)
        if not (self._kept or newest_block_only(self.workflow) == (1, 0)):
            raise NotDerivedError(
                f"workflow = {self.workflow.name}: the vocabulary law is derived for replace with blocks of one size, "
                f"and where every model keeps the real block and no other data are real."
            )

    @property
    def _kept(self) -> bool:
        return keeps_first_block(self.workflow)

    def at(self, generation: object) -> Expr:
        """The law at a generation: nested exponentials under replace, up to generation 10."""
        g = whole_generation("generation", generation)
        if g > DEEPEST and not self._kept:
            raise DomainError(
                f"generation = {g} nests more exponentials than can be written, {DEEPEST} at most: use value or growth."
            )
        alive: Expr = S.One
        for _ in range(0 if self._kept else g - 1):
            alive = 1 - exp(-alive)
        return self._law(alive)

    def value(self, generation: object) -> float:
        """The law at a generation in floating point, with a relative error of at most 1e-12."""
        g = whole_generation("generation", generation)
        if not self.n.is_Integer:  # type: ignore[union-attr]
            raise DomainError(f"n = {self.n} is not a number: give the number of tokens.")
        alive = 1.0
        for _ in range(0 if self._kept else g - 1):
            alive = -expm1(-alive)
        return float(self._law(S.One)) * float(alive ** (1 / float(self.s)))

    @property
    def growth(self) -> Expr:
        """Leading term as G → ∞, after n → ∞: s_G ~ 2/G under replace."""
        return self._law(S.One if self._kept else 2 / G)

    def _law(self, alive: Expr) -> Expr:
        return gamma(1 - 1 / self.s) * (self.n * alive / zeta(self.s)) ** (1 / self.s)
