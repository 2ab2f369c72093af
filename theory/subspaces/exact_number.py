r"""Exact errors as floats, however many pairs: by an integral of one sign, and by sums over the likely flips.

Series of hypergeometric functions cancel at a few hundred pairs, or converge too slowly at some thousands.
"""

from __future__ import annotations

import mpmath
from sympy import Expr

from theory.errors import DomainError
from theory.subspaces.exact import exact_error
from theory.subspaces.factor_model import FactorModel
from theory.subspaces.odd_pairs import odd_pairs_number
from theory.subspaces.planes import plane_number

#: Shares of patterns of flips below this are left out: what they add is less than a double shows.
_NEGLIGIBLE = mpmath.mpf("1e-40")


def exact_number(model: FactorModel, estimator: str) -> float:
    """The value of :func:`theory.subspaces.exact.exact_error`.

    Raises
    ------
    DomainError
        Where parameters are symbols.
    """
    closed = exact_error(model, estimator)
    verify_numbers(closed)
    if estimator == "svd" and model.dimension == 3 and model.pairs > 1 and model.pairs.is_odd:
        return odd_pairs_number(float(model.strengths[0]), int(model.pairs))
    if estimator == "svd" and model.dimension > 2 and model.pairs > 1:
        with mpmath.workdps(20):
            return float(plane_number(str(model.strengths[0].evalf(20)), int(model.pairs), int(model.dimension)))
    with mpmath.workdps(30):
        if estimator == "svd" and model.dimension == 2 and model.pairs > 1:
            return float(_plane(float(model.strengths[0]), int(model.pairs)))
        if model.coherence[0] == 0 or (model.coherence[0] == 1 and model.pairs == 1):
            return float(closed.doit().evalf())
        return float(_over_flips(model))


def verify_numbers(value: Expr) -> None:
    """Refuse what depends on symbols."""
    if value.free_symbols:
        names = ", ".join(sorted(map(str, value.free_symbols)))
        raise DomainError(f"the error is an expression in {names}: give numbers for them.")


def _plane(strength: float, pairs: int) -> mpmath.mpf:
    """Euler's integral of the hypergeometric function, t = sin² θ: (4/π)∫cos² θ (1 − ρ² sin² θ)^((N − 3)/2) dθ."""
    contrast = mpmath.mpf(strength) / (strength + 2)
    power = mpmath.mpf(pairs - 3) / 2

    def integrand(angle: mpmath.mpf) -> mpmath.mpf:
        return mpmath.cos(angle) ** 2 * (1 - (contrast * mpmath.sin(angle)) ** 2) ** power

    # The integrand has the width 1/(ρ√N): the interval is cut there.
    width = 6 / (contrast * mpmath.sqrt(pairs))
    cuts = [0, *(cut for cut in (width / 3, width, 2 * width) if cut < mpmath.pi / 2), mpmath.pi / 2]
    series = 4 / mpmath.pi * mpmath.quad(integrand, cuts)
    ratio = mpmath.exp(mpmath.loggamma(mpmath.mpf(pairs + 1) / 2) - mpmath.loggamma(mpmath.mpf(pairs) / 2))
    return 1 - contrast * mpmath.sqrt(mpmath.pi) / 2 * ratio * series


def _over_flips(model: FactorModel) -> mpmath.mpf:
    """A sum over the likely numbers of flipped labels."""
    pairs, width = int(model.pairs), mpmath.mpf(int(model.dimension))
    strength, coherence, flips = (
        mpmath.mpf(str(value.evalf(30))) for value in (model.strengths[0], model.coherence[0], model.flips)
    )
    # Of one pair the sign is that of the vector.
    likely = range(pairs + 1) if flips and pairs > 1 else (0,)
    shares = {flipped: mpmath.binomial(pairs, flipped) * flips**flipped * (1 - flips) ** (pairs - flipped)
              for flipped in likely}  # fmt: skip
    if len(shares) == 1:
        shares = {0: mpmath.mpf(1)}
    shifts = [
        (share, (pairs - 2 * flipped) ** 2 * coherence * strength / pairs)
        for flipped, share in shares.items()
        if share > _NEGLIGIBLE
    ]
    if coherence == 1:
        series = (share * mpmath.hyp1f1(1, width / 2 + 1, -shift / 2) for share, shift in shifts)
        return 2 * (width - 1) / width * mpmath.fsum(series)
    return _over_lengths(width, 1 + (1 - coherence) * strength, shifts)


def _over_lengths(width: mpmath.mpf, variance: mpmath.mpf, shifts: list[tuple[mpmath.mpf, mpmath.mpf]]) -> mpmath.mpf:
    """The integral of :func:`theory.subspaces.exact.exact_error` over x, for all shifts together."""

    def integrand(place: mpmath.mpf) -> mpmath.mpf:
        inner = variance - (variance - 1) * place**2
        decay = (1 - place**2) / (2 * inner)
        likely = mpmath.fsum(share * mpmath.exp(-shift * decay) for share, shift in shifts)
        return place ** (width - 1) / mpmath.sqrt(inner) * likely

    # Near x = 1 it falls within 1/D, 1/variance and one over the squared mean.
    width_of_end = 1 / (width + variance + max(shift for _, shift in shifts))
    cuts = [0, *(1 - width_of_end * 8**power for power in range(4, -1, -1) if width_of_end * 8**power < 1), 1]
    return 2 * (width - 1) * mpmath.quad(integrand, cuts, method="gauss-legendre")
