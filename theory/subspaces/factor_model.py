r"""Differences of preference pairs as a factor model: what a subspace estimator sees."""

from __future__ import annotations

from dataclasses import dataclass, fields
from dataclasses import replace as replaced
from typing import Any

from sympy import Expr, Rational, S, Symbol

from theory.errors import DomainError
from theory.expressions.arguments import count, exact, is_positive, is_probability, listed, parameter, shown

#: What left-out parameters are called.
STRENGTH, PAIRS, DIMENSION = Symbol("l", positive=True), "N", "D"


@dataclass(frozen=True, init=False)
class FactorModel:
    r"""N differences of embeddings in dimension D, each a few factors in noise.

    .. math:: d_i = s_i \sum_{j \le r} f_{ij} u_j + \varepsilon_i, \qquad \varepsilon_i \sim N(0, I_D), \qquad
              E f_j f_k = l_j [j = k],

    with orthonormal u, independent pairs, and signs :math:`s_i = -1` with probability η: labels chosen and rejected
    that were exchanged. The subspace sought is the span of u, its projector :math:`P = \sum_j u_j u_j^\top`.

    Parameters
    ----------
    strengths : number, expression, text, or a list of them, optional
        :math:`l_j > 0`, second moments of the factors in units of the noise variance of a coordinate. Numbers are put
        in decreasing order; symbols are taken to be in it.
    pairs : whole number N ≥ 1, optional
    dimension : whole number D > r, optional
    coherence : number in [0, 1] for the first factor, or a list, one a factor
        :math:`\kappa_j = (E f_j)^2 / l_j`: 1 for a factor that is the same in all pairs, 0 (left out) for a centred
        one. Their sum is at most 1, since :math:`\operatorname{Cov} f = \operatorname{diag} l - (E f)(E f)^\top` is no
        covariance otherwise.
    flips : number in [0, 1/2]
        η, the fraction of flipped labels, 0 where left out.
    context : whole number h ≤ N, optional
        Dimension of the whitened contexts of one step of direct preference optimisation (:attr:`of_gradient`).

    Raises
    ------
    DomainError
        For values outside of these ranges.

    Notes
    -----
    Derived here, for the differences that Uppaal et al. (2024) factor. "Exact" results take :math:`f` Gaussian, with
    mean :math:`\sqrt{\kappa_j l_j}`.

    Examples
    --------
    >>> model = FactorModel([1, 4], pairs=200, dimension=300, flips="1/10")
    >>> model.strengths, model.ratio, model.rank
    ((4, 1), 3/2, 2)
    >>> FactorModel().pairs
    N
    >>> FactorModel(3, pairs=10, dimension=5, flips=0.6)
    Traceback (most recent call last):
        ...
    theory.errors.DomainError: flips = 0.6 is not allowed: flips must be between 0 and 1/2.
    """

    strengths: tuple[Expr, ...]
    pairs: Expr
    dimension: Expr
    coherence: tuple[Expr, ...]
    flips: Expr
    context: Expr | None

    def __init__(
        self,
        strengths: Any = None,
        pairs: Any = None,
        dimension: Any = None,
        coherence: Any = 0,
        flips: Any = 0,
        context: Any = None,
    ) -> None:
        given = _strengths(strengths)
        shares = _coherence(coherence, len(given))
        pairing = _in_order(given, shares)
        number = count("pairs", Symbol(PAIRS, integer=True, positive=True) if pairs is None else pairs)
        width = count("dimension", Symbol(DIMENSION, integer=True, positive=True) if dimension is None else dimension)
        if (width - len(given)).is_nonpositive:
            raise DomainError(
                f"dimension = {width} is not allowed with {len(given)} strengths: it must be {len(given) + 1} or more."
            )
        values = {
            "strengths": tuple(strength for strength, _ in pairing),
            "pairs": number,
            "dimension": width,
            "coherence": tuple(share for _, share in pairing),
            "flips": parameter("flips", flips, S.Zero, "between 0 and 1/2", _is_flips),
            "context": None if context is None else _context(context, number),
        }
        for field in fields(self):
            object.__setattr__(self, field.name, values[field.name])

    @property
    def rank(self) -> int:
        """Number of factors r."""
        return len(self.strengths)

    @property
    def ratio(self) -> Expr:
        """Dimensions a pair, g = D/N."""
        return self.dimension / self.pairs

    @property
    def mean_strength(self) -> Expr:
        r""":math:`Q = (1 - 2\eta)^2 \sum_j \kappa_j l_j`: squared length of the mean of the labelled differences."""
        terms = (share * strength for share, strength in zip(self.coherence, self.strengths, strict=True))
        return (1 - 2 * self.flips) ** 2 * sum(terms, S.Zero)

    @property
    def of_gradient(self) -> FactorModel:
        r"""The factor model whose second moments one step of DPO has.

        With whitened contexts of dimension h, drawn independently of centred Gaussian differences,
        :math:`G G^\top = \Delta^\top \Pi_X \Delta / N` has the law of the second moments of h pairs (times h/N):
        the projector :math:`\Pi_X` has rank h, and Δ the same law in any orthonormal basis of the pairs.

        Raises
        ------
        DomainError
            Without ``context``, or with a factor that is not centred.
        """
        if self.context is None:
            raise DomainError("context is not given: say what dimension the whitened contexts have.")
        if any(share != 0 for share in self.coherence):
            raise DomainError(
                f"coherence = {self.coherence[0]} is not allowed for a step of DPO: what it sees is derived for "
                "centred factors, coherence=0."
            )
        return replaced_model(self, pairs=self.context, context=None)


def replaced_model(model: FactorModel, **changes: Any) -> FactorModel:
    """The same model with other parameters, verified again.

    Notes
    -----
    Made here.

    Examples
    --------
    >>> replaced_model(FactorModel(3, 10, 20), pairs=40).ratio
    1/2
    """
    return replaced(model, **changes)


def verify_model(model: object) -> FactorModel:
    """Refuse what is no factor model."""
    if not isinstance(model, FactorModel):
        raise DomainError(f"model = {shown(model)} is not a factor model: give theory.subspaces.FactorModel.")
    return model


def _strengths(given: Any) -> list[Expr]:
    if given is None:
        return [STRENGTH]
    alone = isinstance(given, str | Expr) or not hasattr(given, "__iter__")
    entries = [given] if alone else listed("strengths", given, "a number, or a list of numbers")
    if not entries:
        raise DomainError("strengths = [] is not allowed: give the strength of at least one factor.")
    return [parameter("strengths", entry, STRENGTH, "positive", is_positive) for entry in entries]


def _coherence(given: Any, factors: int) -> list[Expr]:
    alone = isinstance(given, str | Expr) or not hasattr(given, "__iter__")
    entries = [given, *[0] * (factors - 1)] if alone else listed("coherence", given, "a number, or one a factor")
    if len(entries) != factors:
        raise DomainError(f"coherence has {len(entries)} entries for {factors} strengths: give one a factor.")
    shares = [parameter("coherence", entry, S.Zero, "between 0 and 1", is_probability) for entry in entries]
    if (1 - sum(shares, S.Zero)).is_negative:
        raise DomainError(
            f"coherence = {shown(tuple(shares))} is not allowed: coherences of factors with E f_j f_k = 0 sum to 1 at "
            "most."
        )
    return shares


def _in_order(strengths: list[Expr], shares: list[Expr]) -> list[tuple[Expr, Expr]]:
    pairing = list(zip(strengths, shares, strict=True))
    if all(strength.is_number for strength in strengths):
        pairing.sort(key=lambda entry: entry[0], reverse=True)
    return pairing


def _is_flips(value: Expr) -> bool | None:
    return not (value.is_negative or (Rational(1, 2) - value).is_negative)


def _context(given: Any, pairs: Expr) -> Expr:
    found = count("context", exact("context", given))
    if (pairs - found).is_negative:
        raise DomainError(f"context = {shown(found)} is not allowed with {pairs} pairs: it must not exceed them.")
    return found
