r"""Many pairs in a fixed dimension: the error to order 1/N, and for one centred factor to order 1/N².

The second moments are :math:`M = \begin{pmatrix} a & b^\top \\ b & C \end{pmatrix}` in the basis of the factor. Its
first eigenvector is (1, t) up to length, :math:`t = (\lambda - C)^{-1} b`, :math:`\lambda = a + b^\top t`, and
:math:`\sin^2 = |t|^2/(1 + |t|^2)`. With :math:`\delta = a - E a`, :math:`\gamma = C - I`, all of order
:math:`N^{-1/2}`,

.. math:: \sin^2 = \frac{|b|^2}{l^2} - \frac{2\, b^\top(\delta - \gamma) b}{l^3}
          + \frac{3\, b^\top (\delta - \gamma)^2 b - 3 |b|^4}{l^4} + O(N^{-5/2}),

and the expectation of odd orders vanishes at the order that is kept.
"""

from __future__ import annotations

from sympy import Expr, S, factor

from theory.errors import NotDerivedError
from theory.subspaces.factor_model import FactorModel


def leading_outside(model: FactorModel, estimator: str, rank: int) -> Expr:
    """The part of the estimated directions outside of the subspace, E tr (I − P)P̂, to order 1/N.

    Raises
    ------
    NotDerivedError
        For more directions than factors, for a rank that parts equal strengths, and for a mean that is zero.
    """
    if estimator == "mean-difference":
        strength = model.mean_strength
        if strength == 0:
            raise NotDerivedError(
                "the error of the mean difference has no expansion in 1/N where the mean is zero: it does not fall."
            )
        return (model.dimension - model.rank) / (model.pairs * strength)
    if rank > model.rank:
        raise NotDerivedError(
            f"the error of {rank} directions for {model.rank} factors is not derived to leading order: ask at most "
            f"{model.rank}, or regime='proportional'."
        )
    if 0 < rank < model.rank and model.strengths[rank - 1] == model.strengths[rank]:
        raise NotDerivedError(
            f"the first {rank} directions are not defined: strengths {rank} and {rank + 1} are both "
            f"{model.strengths[rank]}."
        )
    return sum((outside(model, strength) for strength in model.strengths[:rank]), S.Zero)


def outside(model: FactorModel, strength: Expr) -> Expr:
    """Squared length of one direction outside of the subspace: E |b|²/l², whatever the law of the factor."""
    return (model.dimension - model.rank) * (strength + 1) / (model.pairs * strength**2)


def second_order(model: FactorModel) -> Expr | None:
    r"""The coefficient of 1/N² in the error of the first singular vector, for one centred Gaussian factor.

    The moments are those of :math:`b = \frac1N \sum x_i y_i`, x ~ N(0, 1 + l), y ~ N(0, I_m), m = D − 1, each times N².
    """
    if model.rank > 1 or model.coherence[0] != 0:
        return None
    (strength,) = model.strengths
    total, rest = strength + 1, model.dimension - 1
    with_variance = 2 * rest * total**2  # b'δb: pairs that meet themselves, E x²(x² − E x²) = 2(1 + l)²
    with_noise = total * rest * (rest + 1)  # b'γb: E y'(yy' − I)y = m(m + 1)
    squares = rest * total * 2 * total**2 + total * rest * (rest + 1)  # b'(δ − γ)²b: Var a, and E tr γ²
    fourth = total**2 * rest * (rest + 2)  # |b|⁴
    sine = -2 * (with_variance - with_noise) / strength**3 + 3 * (squares - fourth) / strength**4
    return factor(2 * sine)
