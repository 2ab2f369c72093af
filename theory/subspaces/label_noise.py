"""Flipped labels: from where on the singular vectors win against the mean difference."""

from __future__ import annotations

from sympy import Expr, Piecewise, Rational, S, sqrt

from theory.errors import NotDerivedError
from theory.subspaces.factor_model import FactorModel, verify_model


def label_noise_crossing(model: FactorModel) -> Expr:
    r"""The fraction of flipped labels beyond which the singular vector has the smaller error, of one factor.

    :math:`\|\hat P - P\|^2` of both, without a unit (1 is a direction missed, or one destroyed), D, N → ∞ at g = D/N.
    The mean difference has :math:`\cos^2 = q/(q + g/l)`, :math:`q = \kappa (1 - 2\eta)^2`, so the singular vector wins
    iff :math:`q < q^* = \frac{l^2 - g}{l(l+1)}`, that is for

    .. math:: \eta > \eta^* = \tfrac12 - \tfrac12 \sqrt{q^*/\kappa}.

    0: it wins at any fraction above (and at 0 too where :math:`q^* > \kappa`). 1/2: it never does, as below the
    detection threshold. With a coherent factor η* is above 0: with clean labels the mean difference wins. ``flips`` of
    the model are not used.

    Parameters
    ----------
    model : FactorModel
        Of one factor.

    Raises
    ------
    NotDerivedError
        For several factors, of which the mean difference finds one direction.

    Notes
    -----
    Derived here.

    Examples
    --------
    >>> label_noise_crossing(FactorModel(3, pairs=100, dimension=100, coherence=1))
    1/2 - sqrt(6)/6
    >>> label_noise_crossing(FactorModel(3, pairs=100, dimension=1000, coherence=1))
    1/2
    """
    if verify_model(model).rank > 1:
        raise NotDerivedError("the crossing is derived for one factor: the mean difference finds one direction alone.")
    (strength,), (coherence,), ratio = model.strengths, model.coherence, model.ratio
    half = Rational(1, 2)
    crossing = (strength**2 - ratio) / (strength * (strength + 1))
    if coherence == 0:
        return Piecewise((half, strength**2 <= ratio), (S.Zero, True))
    root = half - sqrt(crossing / coherence) / 2
    return Piecewise((half, strength**2 <= ratio), (S.Zero, crossing >= coherence), (root, True))
