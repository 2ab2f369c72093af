r"""The error of an estimated subspace: exact, to leading order in 1/N, or in the limit D/N → g."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sympy import Expr, Integer, Min, S, latex

from theory.errors import DomainError, NotDerivedError
from theory.expressions.arguments import choice, whole_number
from theory.expressions.told import Told
from theory.subspaces.exact import exact_error
from theory.subspaces.exact_number import exact_number, verify_numbers
from theory.subspaces.factor_model import FactorModel, replaced_model, verify_model
from theory.subspaces.leading import leading_outside, second_order
from theory.subspaces.over_pairs import ErrorOverPairs
from theory.subspaces.overlaps import mean_overlap, overlaps

ESTIMATORS = ("svd", "mean-difference", "shrunken")
REGIMES = {
    "exact": "exact",
    "leading": "leading order in 1/N at a fixed D",
    "proportional": "limit D, N → ∞ at a fixed D/N",
}


@dataclass(frozen=True)
class SubspaceError(Told):
    r"""The expected squared error of an estimated subspace.

    Loss: :math:`\|F - P\|_F^2`, F the filter that is removed (a projector, or one shrunken), P the projector on the
    span of the factors. It has no unit: 1 is a direction that was missed altogether, or one that was removed for
    nothing. It is the sum of both.

    Attributes
    ----------
    model : FactorModel
    estimator : "svd", "mean-difference" or "shrunken"
    regime : "exact", "leading" or "proportional"
    missed : Expr
        :math:`\|P - P F\|^2`: of the factors, what stays.
    collateral : Expr
        :math:`\|(I - P) F\|^2`: of the rest, what is destroyed.

    Notes
    -----
    Derived here; what each estimator and regime rests on is said at :func:`subspace_error`.

    Examples
    --------
    >>> error = subspace_error(FactorModel(3, pairs=100, dimension=100), regime="proportional")
    >>> error.closed_form, error.missed, error.collateral
    (2/3, 1/3, 1/3)
    >>> error.at(400)
    8/39
    """

    model: FactorModel
    estimator: str
    regime: str
    rank: int
    missed: Expr
    collateral: Expr

    @cached_property
    def closed_form(self) -> Expr:
        """The error, an expression in whatever parameters are symbols."""
        if self.regime == "exact":
            return exact_error(self.model, self.estimator)
        return self.missed + self.collateral

    def at(self, pairs: Any = None, **others: Any) -> Expr:
        """The error at so many pairs, or with other parameters of the model: ``dimension``, ``strengths``, …"""
        known = ("strengths", "dimension", "coherence", "flips", "context")
        for name in others:
            if name not in known:
                raise DomainError(f"{name} is no parameter of the model: use pairs, {', '.join(known)}.")
        changes = others if pairs is None else {"pairs": pairs, **others}
        changed = replaced_model(self.model, **changes)
        return subspace_error(changed, self.estimator, self.regime, rank=_same_rank(self)).closed_form

    @property
    def number(self) -> float:
        """The error as a float.

        Raises
        ------
        DomainError
            Where parameters are symbols.
        """
        return exact_number(self.model, self.estimator) if self.regime == "exact" else number_of(self.closed_form)

    @property
    def second_order(self) -> Expr | None:
        """Coefficient of 1/N² beside a leading order; None where it is not derived.

        Derived for one direction by singular vectors, one factor, centred and Gaussian.
        """
        if self.regime != "leading" or self.estimator != "svd" or self.rank != 1:
            return None
        return second_order(self.model)

    @property
    def bound(self) -> Expr | None:
        r"""What the error at the model's own N and D never exceeds, in any regime; None where no bound is derived.

        Singular vectors, as many as factors, Gaussian factors: :math:`8 (\operatorname{tr}(\Sigma)^2 +
        \operatorname{tr} \Sigma^2)/(N l_r^2)`, and 2 min(r, D − r). The mean difference:
        1 + r − 2r/D, a random direction.
        """
        model, width = self.model, self.model.dimension
        if self.estimator == "mean-difference":
            return 1 + model.rank - 2 * model.rank / width
        if self.estimator != "svd" or self.rank != model.rank:
            return None
        trace = width + sum(model.strengths, S.Zero)
        squares = width - model.rank + sum(((1 + strength) ** 2 for strength in model.strengths), S.Zero)
        general = 8 * (trace**2 + squares) / (model.pairs * Min(*model.strengths) ** 2)
        return Min(2 * model.rank, 2 * (width - model.rank), general)

    @property
    def exactness(self) -> str:
        """What the closed form is: exact, a leading order, or a limit."""
        return REGIMES[self.regime]

    def headline(self) -> str:
        """What is estimated, how well, and what that rests on."""
        return f"squared error {self.closed_form} of the subspace by {self.estimator}, {self.exactness}"

    def table(self) -> dict[str, list[Any]]:
        """The error, and its two parts."""
        return {
            "part": ["missed", "collateral", "error"],
            "squared error": [self.missed, self.collateral, self.closed_form],
        }

    def over_pairs(self, pairs: Sequence[int] | None = None) -> ErrorOverPairs:
        """The error and its two parts at several numbers of pairs, as a table with a picture.

        Parameters
        ----------
        pairs : whole numbers, optional
            Left out, from a tenth of the model's own number to ten times it. Numbers of which nothing is derived, such
            as odd ones of an exact error, are left out.

        Raises
        ------
        DomainError
            Where parameters are symbols, or ``pairs`` are left out and the model's own are one.
        """
        own = self.model.pairs
        if pairs is None and own.free_symbols:
            raise DomainError(f"pairs = {own} is a symbol: say where, as in over_pairs([10, 100, 1000]).")
        around = {max(1, round(10 ** (step / 12) * float(own))) for step in range(-12, 13)} if pairs is None else ()
        numbers = sorted(around) if pairs is None else list(pairs)
        found = [(number, *parts) for number in numbers if (parts := self._parts(number)) is not None]
        if not found:
            raise DomainError(f"nothing is derived at pairs = {', '.join(map(str, numbers))}: give other numbers.")
        return ErrorOverPairs(self.estimator, self.exactness, *zip(*found, strict=True))

    def plot(self, ax: Any = None, pairs: Sequence[int] | None = None) -> Any:
        """Draw the error and its two parts over pairs, as :meth:`over_pairs` has them; return the Matplotlib axes."""
        return self.over_pairs(pairs).plot(ax)

    def _parts(self, pairs: int) -> tuple[float, float, float] | None:
        """Error, missed and collateral at so many pairs; None where they are not derived."""
        try:
            model = replaced_model(self.model, pairs=pairs)
            error = subspace_error(model, self.estimator, self.regime, rank=_same_rank(self))
            total = error.number
        except NotDerivedError:
            return None
        if self.regime == "exact":
            return total, total / 2, total / 2
        return total, number_of(error.missed), number_of(error.collateral)

    def latex(self) -> str:
        """The error, to paste into a paper."""
        relation = {"exact": "=", "leading": r"\sim", "proportional": r"\to"}[self.regime]
        return rf"E\|\hat P - P\|_F^2 {relation} {latex(self.closed_form)}"

    def __repr__(self) -> str:
        return f"SubspaceError({self.estimator}, {self.closed_form}, {self.exactness})"

    def _repr_latex_(self) -> str:
        return f"${self.latex()}$"


def subspace_error(
    model: FactorModel, estimator: str = "svd", regime: str = "proportional", *, rank: Any = None
) -> SubspaceError:
    r"""The expected error :math:`E\|F - P\|_F^2` of an estimated subspace.

    It has no unit: 1 is a direction missed altogether, or one removed for nothing. Estimators:

    - ``"svd"``: the projector on the first k right singular vectors of the differences;
    - ``"mean-difference"``: the projector on the mean of the labelled differences, one direction;
    - ``"shrunken"``: :math:`\sum_i c_i^2 v_i v_i^\top`, the best filter on the same vectors.

    Flipped labels change the mean alone: :math:`\Delta^\top \Delta` has no signs.

    - *exact*: one centred Gaussian factor in two dimensions, of one or two pairs, or of any given number of pairs in
      three dimensions (:mod:`theory.subspaces.exact`, :mod:`theory.subspaces.planes`,
      :mod:`theory.subspaces.odd_pairs`); the mean difference of any Gaussian factor.
    - *leading*: :math:`k + r - 2k + 2\frac{D-r}{N} \sum_{j\le k} (l_j+1)/l_j^2`, whatever the law of the factors.
    - *proportional*: :math:`k + r - 2 \sum_{j \le k} c_j^2`, :math:`c^2` as in :func:`overlaps`; shrunken
      :math:`\sum_j (1 - c_j^4)`.

    Parameters
    ----------
    model : FactorModel
    estimator : "svd", "mean-difference" or "shrunken"
    regime : "exact", "leading" or "proportional"
    rank : whole number, optional
        Directions k that are removed, as many as factors where left out.

    Returns
    -------
    SubspaceError

    Raises
    ------
    NotDerivedError
        Where no argument covers it.
    DomainError
        For names that are none, or a rank that is no whole number from 0 to D.

    Notes
    -----
    Derived here; the limits of singular vectors are Paul's (2007), the bound is by Yu, Wang and Samworth (2015).

    Examples
    --------
    >>> from sympy import Symbol
    >>> l = Symbol("l", positive=True)
    >>> subspace_error(FactorModel(l, pairs=3, dimension=2), regime="exact").closed_form.factor()
    2/(l + 2)
    >>> subspace_error(FactorModel(l), regime="leading").closed_form
    2*(D - 1)*(l + 1)/(N*l**2)
    >>> subspace_error(FactorModel(3, 100, 100, coherence=1), "mean-difference").closed_form
    1/2
    """
    verify_model(model)
    choice("estimator", estimator, ESTIMATORS)
    choice("regime", regime, REGIMES)
    number = _rank(model, estimator, rank)
    missed, collateral = {"exact": _exact, "leading": _leading, "proportional": _proportional}[regime](
        model, estimator, number
    )
    return SubspaceError(model, estimator, regime, number, missed, collateral)


def number_of(value: Expr) -> float:
    """A limit or a leading order as a float."""
    verify_numbers(value)
    return float(value.evalf())


def _rank(model: FactorModel, estimator: str, rank: Any) -> int:
    if estimator == "mean-difference":
        if rank is not None and rank != 1:
            raise DomainError(f"rank = {rank} is not allowed for the mean difference: it is one direction.")
        return 1
    number = model.rank if rank is None else whole_number("rank", rank, 0)
    if (model.dimension - number).is_negative:
        raise DomainError(f"rank = {number} is not allowed in dimension {model.dimension}: it must not exceed it.")
    return number


def _same_rank(error: SubspaceError) -> int | None:
    return None if error.estimator == "mean-difference" or error.rank == error.model.rank else error.rank


def _exact(model: FactorModel, estimator: str, rank: int) -> tuple[Expr, Expr]:
    if rank != 1:
        raise NotDerivedError(f"the exact error is derived for one direction, not for {rank}: ask a limit.")
    # Of one direction for one factor, as much is missed as is destroyed.
    half = exact_error(model, estimator) / 2
    return half, half


def _leading(model: FactorModel, estimator: str, rank: int) -> tuple[Expr, Expr]:
    # Weights of the shrunken filter are 1 − O(1/N): both of its parts are those of the projector to this order.
    collateral = leading_outside(model, estimator, rank)
    return model.rank - rank + collateral, collateral


def _proportional(model: FactorModel, estimator: str, rank: int) -> tuple[Expr, Expr]:
    if estimator == "mean-difference":
        found = mean_overlap(model)
        return model.rank - found, 1 - found
    cosines = overlaps(model)[:rank]
    if estimator == "svd":
        total = sum(cosines, S.Zero)
        return model.rank - total, Integer(rank) - total
    missed = model.rank - sum((2 * cosine**2 - cosine**3 for cosine in cosines), S.Zero)
    return missed, sum((cosine**2 * (1 - cosine) for cosine in cosines), S.Zero)
