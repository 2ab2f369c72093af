r"""Many dimensions and pairs, D/N → g: which directions are found, and how well.

Spiked covariance matrices (Baik, Ben Arous and Péché 2005; Paul 2007): the eigenvector of a spike of strength l has
squared cosine :math:`c^2 = (1 - g/l^2)/(1 + g/l)` with its direction where :math:`l > \sqrt g`, and 0 below.
"""

from __future__ import annotations

from sympy import Expr, Piecewise, S, sqrt

from theory.subspaces.factor_model import FactorModel, verify_model


def detection_threshold(model: FactorModel) -> Expr:
    r"""The strength :math:`\sqrt{D/N}` at and below which the singular vectors say nothing of a factor.

    Strength is the second moment of the factor in units of the noise variance of a coordinate; the limit is that of
    D, N → ∞ at a fixed D/N.

    Parameters
    ----------
    model : FactorModel

    Notes
    -----
    Baik, Ben Arous and Péché (2005).

    Examples
    --------
    >>> detection_threshold(FactorModel(3, pairs=100, dimension=225))
    3/2
    """
    return sqrt(verify_model(model).ratio)


def noise_edge(model: FactorModel) -> Expr:
    r"""The largest eigenvalue of :math:`\Delta^\top \Delta / N` without a factor, :math:`(1 + \sqrt{D/N})^2`.

    In units of the noise variance of a coordinate, in the limit D, N → ∞ at a fixed D/N.

    Parameters
    ----------
    model : FactorModel

    Notes
    -----
    Geman (1980).

    Examples
    --------
    >>> noise_edge(FactorModel(3, pairs=100, dimension=225))
    25/4
    """
    return (1 + sqrt(verify_model(model).ratio)) ** 2


def observed_eigenvalues(model: FactorModel) -> tuple[Expr, ...]:
    r"""Eigenvalues of :math:`\Delta^\top\Delta/N`, one a factor: (1 + l)(1 + g/l), or the edge below the threshold.

    In units of the noise variance of a coordinate, in the limit D, N → ∞ at a fixed g = D/N.

    Parameters
    ----------
    model : FactorModel

    Notes
    -----
    Baik and Silverstein (2006).

    Examples
    --------
    >>> observed_eigenvalues(FactorModel([3, "1/2"], pairs=100, dimension=100))
    (16/3, 4)
    """
    ratio = verify_model(model).ratio
    edge = noise_edge(model)
    return tuple(Piecewise(((1 + l) * (1 + ratio / l), l**2 > ratio), (edge, True)) for l in model.strengths)  # noqa: E741


def overlaps(model: FactorModel) -> tuple[Expr, ...]:
    r"""Squared cosines of the singular vectors with their factors, :math:`(1 - g/l^2)/(1 + g/l)`, or 0.

    1 is a direction found without error, 0 one that is not found; D, N → ∞ at a fixed g = D/N.

    Parameters
    ----------
    model : FactorModel

    Notes
    -----
    Paul (2007).

    Examples
    --------
    >>> overlaps(FactorModel([3, "1/2"], pairs=100, dimension=100))
    (2/3, 0)
    """
    ratio = verify_model(model).ratio
    return tuple(
        Piecewise(((strength**2 - ratio) / (strength * (strength + ratio)), strength**2 > ratio), (S.Zero, True))
        for strength in model.strengths
    )


def mean_overlap(model: FactorModel) -> Expr:
    r"""Squared cosine of the mean difference with the subspace: :math:`Q/(Q + g)`.

    :math:`Q = (1 - 2\eta)^2 \sum_j \kappa_j l_j` is the squared length of the mean, and g = D/N that of its noise, in
    the limit D, N → ∞ at a fixed g.

    Parameters
    ----------
    model : FactorModel

    Notes
    -----
    Derived here, from the law of large numbers.

    Examples
    --------
    >>> mean_overlap(FactorModel(3, pairs=100, dimension=100, coherence=1))
    3/4
    """
    strength = verify_model(model).mean_strength
    return strength / (strength + model.ratio)
