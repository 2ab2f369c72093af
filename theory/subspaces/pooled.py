r"""Pairs of all generations in one pool, D/N → g: cosines that multiply, and a proof that π²/6 bounds their loss.

**The pool.** :math:`S_t = S_{t-1} + A_t`, :math:`A_t = \frac1N\sum_i d_i d_i^\top` over the N pairs of generation t.
Given the past these pairs have the covariance :math:`I + l\,v_{t-1} v_{t-1}^\top`, where :math:`v_{t-1}` is the first
eigenvector of :math:`S_{t-1}`, with eigenvalue :math:`\lambda_{t-1}`; and their noise is independent of it. The
deterministic equivalent of :math:`(S_t - z)^{-1}` is :math:`(S_{t-1} + q\,(I + l\,v_{t-1}v_{t-1}^\top) - z)^{-1}`,
:math:`q = 1/(1 + g\,m_t(z))` (Silverstein and Bai 1995), with :math:`m_t` the Stieltjes transform of tN pairs of noise:
:math:`z = tq + gq/(q - 1)`. It is diagonal in the eigenvectors of :math:`S_{t-1}`, of which :math:`v_{t-1}` alone lies
outside of the noise: so the pole is at :math:`\lambda_t = \lambda_{t-1} + (1 + l)\,q`, its residue is the overlap of
:math:`v_t` with :math:`v_{t-1}`, and in any other direction, that of the factor among them, there is none: cosines
multiply. With :math:`q = 1 + g/x_t`, from :math:`\lambda_0 = 0`,

.. math:: \lambda_t = (1 + g/x_t)(t + x_t), \qquad (x_t + g)(x_t + t - 1 - l) = \lambda_{t-1}\, x_t, \qquad
          c_t^2 = \frac{x_t^2 - g t}{x_t^2 - g (t - 1 - l)},

:math:`x_t` the larger root; :math:`x_1 = l`. Each factor above the threshold has its own :math:`x_t`: all the
:math:`v_{t-1,j}` are eigenvectors.

**The bound.** At :math:`x_{t-1} + l` the quadratic of :math:`x_t` is :math:`-(x_{t-1} + t - 1)\, g l/x_{t-1} < 0`, so
:math:`x_t > x_{t-1} + l`, and :math:`x_t \ge t l`. What generation t loses is :math:`\Pi_{t-1} (1 - c_t^2)`,
:math:`\Pi_t = c_1^2 \cdots c_t^2`. For t ≥ 2, with :math:`\Pi_{t-1} \le c_1^2 = (l^2 - g)/(l^2 + gl)`,

.. math:: \Pi_{t-1} (1 - c_t^2) \le \frac{l^2 - g}{l^2 + gl} \cdot \frac{g (1 + l)}{t^2 l^2 - g (t - 1 - l)}
          \le \frac{1}{t^2} \cdot \frac{g (1 + l)}{l^2 + gl} = \frac{1 - c_1^2}{t^2},

since :math:`t^2 (l^2 - g) \le t^2 l^2 - g(t - 1 - l)`. Summed, :math:`1 - \Pi_G \le H_G^{(2)} (1 - c_1^2)`.
"""

from __future__ import annotations

from typing import Any

import mpmath
from sympy import Expr, Integer, Piecewise, S, sqrt

from theory.errors import NotDerivedError
from theory.subspaces.exact_number import verify_numbers
from theory.subspaces.factor_model import FactorModel

#: Every generation is a root of an expression in the one before, which holds it several times.
_MOST_ROOTS = 3


def pooled_error(model: FactorModel, generation: int) -> Expr:
    """The error 2Σ(1 − Π c²) at a generation, a nested root.

    Raises
    ------
    NotDerivedError
        Beyond generation 3, of which only the value is computed.
    """
    if generation > _MOST_ROOTS:
        raise NotDerivedError(
            f"the error at generation {generation} is a root of {generation - 1} levels, which nobody reads: ask its "
            f"number, or a generation up to {_MOST_ROOTS}."
        )
    ratio, total = model.ratio, S.Zero
    for strength in model.strengths:
        lost = 2 * (1 - _kept(strength, ratio, generation, sqrt))
        total += Piecewise((lost, strength**2 > ratio), (Integer(2), True))
    return total


def pooled_number(model: FactorModel, generation: int) -> float:
    """The same as a float, at any generation.

    Raises
    ------
    DomainError
        Where parameters are symbols.
    """
    verify_numbers(sum(model.strengths, model.ratio))
    with mpmath.workdps(30):
        ratio, total = mpmath.mpf(str(model.ratio.evalf(30))), mpmath.mpf(0)
        for strength in model.strengths:
            found = strength**2 > model.ratio
            start = mpmath.mpf(str(strength.evalf(30)))
            total += 2 * (1 - _kept(start, ratio, generation, mpmath.sqrt)) if found else 2
        return float(total)


def _kept(strength: Any, ratio: Any, generation: int, root: Any) -> Any:
    """The squared cosine with the factor, in symbols or numbers."""
    place, kept = strength, (strength**2 - ratio) / (strength * (strength + ratio))
    for t in range(2, generation + 1):
        eigenvalue = (1 + ratio / place) * (t - 1 + place)
        # (x + g)(x + t − 1 − l) = λx: the sum of the roots is eigenvalue − g − beyond, their product g·beyond.
        beyond = t - 1 - strength
        middle = (eigenvalue - ratio - beyond) / 2
        place = middle + root(middle**2 - ratio * beyond)
        kept *= (place**2 - ratio * t) / (place**2 - ratio * beyond)
    return kept
