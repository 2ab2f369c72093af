"""How many directions to remove, and how much of each."""

from __future__ import annotations

from sympy import Expr, Piecewise, S, sqrt

from theory.subspaces.factor_model import FactorModel, verify_model
from theory.subspaces.overlaps import overlaps


def keeping_threshold(model: FactorModel) -> Expr:
    r"""The strength above which removing a direction repairs more than it destroys: :math:`(g + \sqrt{g^2 + 8g})/2`.

    Removing a vector changes :math:`\|F - P\|^2` by :math:`1 - 2c^2`, which is negative for :math:`c^2 > 1/2`, that is
    :math:`l^2 - gl - 2g > 0`; strengths in units of the noise variance, D, N → ∞ at g = D/N. It is above the
    detection threshold: a direction may be seen and yet better be left alone.

    Parameters
    ----------
    model : FactorModel

    Notes
    -----
    Derived here.

    Examples
    --------
    >>> keeping_threshold(FactorModel(3, pairs=100, dimension=100))
    2
    """
    ratio = verify_model(model).ratio
    return (ratio + sqrt(ratio**2 + 8 * ratio)) / 2


def optimal_rank(model: FactorModel) -> Expr:
    r"""The number of singular vectors to remove that makes the error :math:`k + r - 2\sum_{j \le k} c_j^2` least.

    The error counts directions missed and directions destroyed alike, without a unit; D, N → ∞ at g = D/N. Where the
    gain is exactly 0 the direction is left alone.

    Parameters
    ----------
    model : FactorModel

    Returns
    -------
    A number; a sum of Piecewise where parameters are symbols.

    Notes
    -----
    Derived here.

    Examples
    --------
    >>> optimal_rank(FactorModel([5, 3, "3/2", "1/2"], pairs=100, dimension=100))
    2
    """
    # l > (g + √(g² + 8g))/2 without the root, which is how numbers of any kind are compared exactly.
    ratio = verify_model(model).ratio
    kept = (strength**2 - ratio * strength - 2 * ratio > 0 for strength in model.strengths)
    return sum((Piecewise((S.One, condition), (S.Zero, True)) for condition in kept), S.Zero)


def optimal_filter(model: FactorModel) -> tuple[Expr, ...]:
    r"""Weights :math:`w_i = c_i^2` of the best filter :math:`\sum_i w_i v_i v_i^\top` on the singular vectors.

    :math:`\|F - P\|^2 = \sum w_i^2 - 2 \sum w_i c_i^2 + r`, least at :math:`w_i = c_i^2`, where it is
    :math:`\sum_i (1 - c_i^4)`. The error has no unit: 1 is a direction missed, or destroyed; D, N → ∞ at g = D/N.

    Parameters
    ----------
    model : FactorModel

    Notes
    -----
    Derived here; its error is ``subspace_error(model, "shrunken")``.

    Examples
    --------
    >>> optimal_filter(FactorModel([3, "1/2"], pairs=100, dimension=100))
    (2/3, 0)
    """
    return overlaps(model)
