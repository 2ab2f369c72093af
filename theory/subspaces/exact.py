r"""What is exact at finite D and N: two dimensions, one pair, and the mean difference; more in `planes`.

**Two dimensions.** :math:`W = \Delta^\top \Delta` is Wishart with eigenvalues 1 + l and 1. Write it by its trace t,
the contrast s of its eigenvalues (their difference over their sum) and the doubled angle φ of its first eigenvector:
:math:`\det W = t^2 (1 - s^2)/4`, the volume is :math:`t^2 s\, dt\, ds\, d\varphi` up to a constant, and
:math:`\operatorname{tr} \Sigma^{-1} W \propto t (1 - \rho s \cos \varphi)`, ρ = l/(l + 2). With t integrated out the
density is :math:`s (1 - s^2)^{(N-3)/2} (1 - \rho s \cos\varphi)^{-N}`, and the error is
:math:`2 \sin^2 = 1 - E \cos \varphi`.

**A normal direction.** For :math:`x = (x_1, y)`, :math:`x_1 \sim N(\mu, v)`, :math:`y \sim N(0, I_{D-1})`,
:math:`1/a = \int_0^\infty e^{-t a} dt` gives :math:`E |y|^2/|x|^2 =
(D-1) \int_0^\infty (1+2t)^{-(D+1)/2} (1+2tv)^{-1/2} e^{-t\mu^2/(1+2tv)}\, dt`: the mean difference, and one pair. Of K
flipped labels among N the mean, times √N, has :math:`\mu = (N - 2K)\sqrt{\kappa l/N}` and :math:`v = 1 + (1-\kappa)l`.
"""

from __future__ import annotations

from collections.abc import Callable

from sympy import Dummy, Expr, Integer, Integral, Rational, S, Sum, Symbol, binomial, exp, gamma, hyper, pi, sqrt

from theory.errors import NotDerivedError
from theory.subspaces.factor_model import FactorModel
from theory.subspaces.odd_pairs import odd_pairs_error
from theory.subspaces.planes import has_plane, plane_error

_HALF = Rational(1, 2)


def exact_error(model: FactorModel, estimator: str) -> Expr:
    """E‖P̂ − P‖² of one direction for one factor, at the model's own N and D.

    Raises
    ------
    NotDerivedError
        Beyond two dimensions, one or two pairs, given numbers of pairs in three dimensions, and the mean difference.
    """
    if model.rank > 1:
        raise NotDerivedError(f"the exact error is derived for one factor, not for {model.rank}: ask a limit.")
    if estimator == "mean-difference":
        return _mean_difference(model)
    if estimator == "svd" and model.pairs == 1:
        return _mean_difference(model)
    if estimator == "svd" and model.dimension == 2 and model.coherence[0] == 0:
        return _two_dimensions(model)
    if estimator == "svd" and model.coherence[0] == 0 and has_plane(model):
        return plane_error(model)
    if estimator == "svd" and model.coherence[0] == 0 and model.dimension == 3 and model.pairs.is_Integer:
        return odd_pairs_error(model)
    raise NotDerivedError(
        f"the exact error of {estimator} is not derived here: what is, is the singular vector of a centred factor "
        "(coherence=0) in two dimensions, of one or two pairs, or of a given number of pairs in three dimensions; and "
        "the mean difference."
    )


def _two_dimensions(model: FactorModel) -> Expr:
    number, (strength,) = model.pairs, model.strengths
    contrast = strength / (strength + 2)
    series = _two_f_one((3 - number) / Integer(2), _HALF, Integer(2), contrast**2)
    # Of many pairs the Gammas are written, not multiplied out.
    few = not number.is_number or number <= 100
    gammas = gamma((number + 1) / 2, evaluate=few) / gamma(number / 2, evaluate=few)
    return 1 - contrast * sqrt(pi) / 2 * gammas * series


def _two_f_one(first: Expr, second: Expr, third: Expr, argument: Expr) -> Expr:
    """A series that ends soon is written out."""
    if first.is_Integer and first <= 0 and -first <= 24:
        term = total = S.One
        for k in range(-int(first)):
            term = term * (first + k) * (second + k) / ((third + k) * (k + 1)) * argument
            total += term
        return total
    return hyper([first, second], [third], argument)


def _mean_difference(model: FactorModel) -> Expr:
    number, width, (strength,), (coherence,) = model.pairs, model.dimension, model.strengths, model.coherence
    if coherence == 0:
        # The mean of N pairs has the law of one, over √N: its direction is as good as that of a single pair.
        return 2 * (1 - (1 + strength) / width * hyper([1, Rational(3, 2)], [width / 2 + 1], -strength))
    shift: Callable[[Expr], Expr] = lambda mean: _of_shift(width, mean)  # noqa: E731
    if coherence != 1:
        # Along the factor the mean, times √N, varies by more than noise.
        shift = lambda mean: _of_normal(width, coherence * mean, 1 + (1 - coherence) * strength)  # noqa: E731
    if model.flips == 0 or number == 1:
        return shift(number * strength)
    flipped: Symbol = Dummy("K", integer=True, nonnegative=True)
    share = binomial(number, flipped) * model.flips**flipped * (1 - model.flips) ** (number - flipped)
    term = share * shift((number - 2 * flipped) ** 2 * strength / number)
    total = Sum(term, (flipped, 0, number))
    if coherence != 1:
        return total
    return total.doit() if number.is_Integer and number <= 3 else total


def _of_normal(width: Expr, shift: Expr, variance: Expr) -> Expr:
    r"""The same with any variance along the factor: :math:`1 + 2t = 1/x^2` in the integral over t."""
    place = Dummy("x", positive=True)
    inner = variance - (variance - 1) * place**2
    integrand = place ** (width - 1) / sqrt(inner) * exp(-shift * (1 - place**2) / (2 * inner))
    return 2 * (width - 1) * Integral(integrand, (place, 0, 1))


def _of_shift(width: Expr, shift: Expr) -> Expr:
    """The error of the direction of a normal vector of unit variances, with squared mean ``shift`` along the factor."""
    return 2 * (width - 1) / width * hyper([1], [width / 2 + 1], -shift / 2)
