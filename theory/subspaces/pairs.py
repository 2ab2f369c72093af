"""How many preference pairs are enough."""

from __future__ import annotations

from typing import Any

from sympy import Expr, Poly, S, Symbol, real_roots, together

from theory.errors import DomainError, NotDerivedError
from theory.expressions.arguments import choice, exact, shown
from theory.subspaces.factor_model import FactorModel, verify_model

_ESTIMATORS = ("svd", "mean-difference")


def required_pairs(model: FactorModel, error: Any, estimator: str = "svd", regime: str = "proportional") -> Expr:
    r"""The number of pairs at which the error :math:`E\|\hat P - P\|_F^2` has come down to ``error``.

    The error has no unit: 1 is a direction missed altogether, or one destroyed for nothing, and as many directions are
    removed as there are factors (one by the mean difference). The pairs of ``model`` are not used. The number is not
    rounded: take the next whole one.

    - singular vectors of one factor: :math:`N = D\,\frac{2(l+1) - \epsilon l}{\epsilon l^2}`;
    - of several: the root of :math:`\sum_j 2(1 - c_j^2) = \epsilon`, exactly, for strengths that are numbers;
    - the mean difference: :math:`N = \frac{D (r + 1 - \epsilon)}{(\epsilon - r + 1)\, Q}`, with
      :math:`Q = (1 - 2\eta)^2 \sum_j \kappa_j l_j`;
    - ``regime="leading"``: :math:`\frac{2(D - r)}{\epsilon}\sum_j \frac{l_j + 1}{l_j^2}` and
      :math:`\frac{2(D - r)}{(\epsilon - r + 1)\,Q}`.

    Parameters
    ----------
    model : FactorModel
    error : number above 0 and below that of a random subspace
        2r for singular vectors; between r − 1 and r + 1 for the mean difference, which finds one direction.
    estimator : "svd" or "mean-difference"
    regime : "proportional" or "leading"

    Raises
    ------
    DomainError
        For an error that cannot be asked.
    NotDerivedError
        For several factors with symbols, and for a mean difference whose mean is zero.

    Notes
    -----
    Derived here, from the errors of :func:`subspace_error`.

    Examples
    --------
    >>> required_pairs(FactorModel(3, dimension=300), "1/2")
    1300/3
    >>> required_pairs(FactorModel(3, dimension=300, coherence=1, flips="1/10"), "1/2", "mean-difference")
    1875/4
    """
    verify_model(model)
    choice("estimator", estimator, _ESTIMATORS)
    choice("regime", regime, ("proportional", "leading"))
    wanted = exact("error", error)
    if estimator == "mean-difference":
        return _by_mean(model, wanted, regime)
    _verify(wanted, S.Zero, 2 * model.rank)
    if regime == "leading":
        terms = sum(((strength + 1) / strength**2 for strength in model.strengths), S.Zero)
        return 2 * (model.dimension - model.rank) * terms / wanted
    if model.rank == 1:
        (strength,) = model.strengths
        return model.dimension * (2 * (strength + 1) - wanted * strength) / (wanted * strength**2)
    return model.dimension / _ratio_of_several(model, wanted)


def _by_mean(model: FactorModel, wanted: Expr, regime: str) -> Expr:
    strength = model.mean_strength
    if strength == 0:
        raise NotDerivedError("no number of pairs is enough for the mean difference: the mean is zero.")
    _verify(wanted, S(model.rank - 1), model.rank + 1)
    beyond = wanted - model.rank + 1
    if regime == "leading":
        return 2 * (model.dimension - model.rank) / (beyond * strength)
    return model.dimension * (2 - beyond) / (beyond * strength)


def _verify(wanted: Expr, least: Expr, most: int) -> None:
    if (wanted - least).is_nonpositive or (most - wanted).is_nonpositive:
        raise DomainError(f"error = {shown(wanted)} is not allowed: it must be above {least} and below {most}.")


def _ratio_of_several(model: FactorModel, wanted: Expr) -> Expr:
    """The g at which the error of all r vectors is ``wanted``: it grows in g, and its form changes at each l²."""
    if wanted.free_symbols or any(strength.free_symbols for strength in model.strengths):
        raise NotDerivedError(
            f"the pairs that {model.rank} factors need are a root of a polynomial: give numbers for the strengths "
            "and the error, or regime='leading'."
        )
    ratio = Symbol("g", positive=True)
    for found in range(1, model.rank + 1):
        # From l²(found + 1), where the next factor is lost, up to l²(found): at the lower end the error is smaller.
        lower = model.strengths[found] ** 2 if found < model.rank else S.Zero
        upper = model.strengths[found - 1] ** 2
        missed = sum((2 * ratio * (s + 1) / (s * (s + ratio)) for s in model.strengths[:found]), S.Zero)
        equation = together(missed + 2 * (model.rank - found) - wanted).as_numer_denom()[0]
        for root in real_roots(Poly(equation, ratio)):
            if lower < root <= upper:
                return root
    raise NotDerivedError(f"error = {wanted} is met by no number of pairs that was found.")
