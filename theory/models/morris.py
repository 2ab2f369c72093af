"""Which of Morris' six families has a given quadratic variance function."""

from __future__ import annotations

from dataclasses import dataclass

from sympy import Expr, S, sqrt

from theory.errors import DomainError


@dataclass(frozen=True)
class MorrisFamily:
    """One of Morris' six families and the affine map to it: X = shift + scale·Y.

    ``kind`` is "normal", "poisson", "gamma", "binomial", "negative binomial" or "hyperbolic secant".
    ``index`` is, for Y, the variance (normal), the shape, the number of trials, or r; for Poisson it is 1.

    Notes
    -----
    Morris (1982), section 4.

    Examples
    --------
    >>> from sympy import S
    >>> morris_family(S(0), S(1), S(0), S(3)).kind
    'poisson'
    """

    kind: str
    scale: Expr
    shift: Expr
    index: Expr


def morris_family(v0: Expr, v1: Expr, v2: Expr, mean: Expr) -> MorrisFamily:
    r"""Identify the family with variance function :math:`V(\mu) = v_0 + v_1\mu + v_2\mu^2` around ``mean``.

    Every natural exponential family with quadratic variance function is an affine image of one of six
    (Morris 1982, section 4). Numbers only. The mean decides on which side of the roots of V the family
    lives, hence the sign of the scale.

    Raises
    ------
    DomainError
        When v2 < 0 and −1/v2 is not a whole number: no family has that variance function.

    Examples
    --------
    >>> from sympy import S
    >>> found = morris_family(S(0), S(1), S(-1), S(1) / 3)
    >>> found.kind, found.index
    ('binomial', 1)
    """
    if v2 == 0 and v1 == 0:
        return MorrisFamily("normal", S.One, S.Zero, v0)
    if v2 == 0:
        return MorrisFamily("poisson", v1, -v0 / v1, S.One)
    discriminant = v1**2 - 4 * v0 * v2
    centre = -v1 / (2 * v2)
    side = S.One if mean >= centre else S.NegativeOne
    if v2 > 0 and discriminant == 0:
        return MorrisFamily("gamma", side, centre, 1 / v2)
    root = sqrt(abs(discriminant))
    if v2 > 0 and discriminant > 0:
        # V = v2 (μ − c)(μ − c + scale/v2): Y = (X − c)/scale has V = y + y²/r with r = 1/v2.
        return MorrisFamily("negative binomial", side * root, centre + side * root / (2 * v2), 1 / v2)
    if v2 > 0:
        # V = v2 (μ − c)² + |discriminant|/(4 v2): Y = (X − c)/scale has V = r + y²/r with r = 1/v2.
        return MorrisFamily("hyperbolic secant", root / 2, centre, 1 / v2)
    trials = -1 / v2
    if not trials.is_Integer or not discriminant.is_positive:
        raise DomainError(
            f"v0, v1, v2 = {v0}, {v1}, {v2} belong to no exponential family: for v2 < 0, −1/v2 must be a whole "
            f"number (of binomial trials) and V positive somewhere."
        )
    # V = −(μ − c)(μ − c − m·scale)/m: Y = (X − c)/scale has V = y − y²/m.
    return MorrisFamily("binomial", root, centre + root / (2 * v2), trials)
