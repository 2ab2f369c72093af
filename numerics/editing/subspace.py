r"""The few directions in which chosen and rejected differ, found in their differences."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from numerics.editing.gram import leading_spectrum, orthonormal, right_vectors, spectrum
from numerics.editing.noise import largest_noise, noise_variance, overlap_of, pairs_for, strength_of
from numerics.threads import single_threaded_algebra
from theory.errors import DomainError
from theory.expressions.arguments import choice, shown, whole_number
from theory.expressions.told import Told

Array = NDArray[np.float64]

METHODS = ("svd", "shrunken", "mean-difference")
#: A direction is worth removing from this squared cosine on: below, more is destroyed than repaired.
WORTH = 0.5
#: A mean of differences of pure noise is longer than this many standard deviations in hardly any case.
_CLEAR = 3.0
#: Numbers of a row that tell it from others, but for copies.
_START = 8


class NoDirectionError(DomainError):
    """No direction stands above the noise: nothing is removed, and more pairs are needed.

    Attributes
    ----------
    pairs : int
        How many would be needed, as the sentence says.

    Notes
    -----
    Raised here.

    Examples
    --------
    >>> raise NoDirectionError("nothing stands out: ...", 700)
    Traceback (most recent call last):
        ...
    numerics.editing.subspace.NoDirectionError: nothing stands out: ...
    """

    def __init__(self, sentence: str, pairs: int) -> None:
        super().__init__(sentence)
        self.pairs = pairs


@dataclass(frozen=True)
class Subspace(Told):
    r"""Directions found in differences, and how well.

    Attributes
    ----------
    basis : array, shape (rank, D)
        Orthonormal rows; the mean of chosen − rejected has a negative (or zero) inner product with each.
    weights : array, shape (rank,)
        How much of each direction a filter takes away: 1, or the overlap where ``method="shrunken"``.
    overlaps : array, shape (rank,)
        Estimated squared cosine of each with its factor, in [0, 1].
    eigenvalues : array, shape (min(N, D),)
        Of :math:`\Delta^\top\Delta/N`, decreasing, in units of the noise variance; the first alone, and all above the
        edge, where no more were asked.
    edge : float
        What the largest of noise exceeds in 1 % of cases, in the same units.
    noise : float
        Variance of a coordinate of the noise, in the units of the activations squared.
    above : int
        Eigenvalues above the edge.
    pairs, dimension : int
    method : str

    Notes
    -----
    Measured here; the estimates are those of white noise, D, N → ∞ at a fixed D/N (Paul 2007).

    Examples
    --------
    >>> rows = np.random.default_rng(0).standard_normal((100, 50))
    >>> rows[:, 0] -= 3
    >>> found = find_subspace(rows)
    >>> found.rank, bool(found.basis[0, 0] > 0.9), bool(abs(found.overlaps[0] - found.basis[0, 0] ** 2) < 0.05)
    (1, True, True)
    """

    basis: Array
    weights: Array
    overlaps: Array
    eigenvalues: Array
    edge: float
    noise: float
    above: int
    pairs: int
    dimension: int
    method: str

    @property
    def rank(self) -> int:
        """Number of directions."""
        return len(self.basis)

    @property
    def strengths(self) -> Array:
        """Strengths of the factors above the edge, in units of the noise variance, shape (above,)."""
        return strength_of(self.eigenvalues[: self.above], self.dimension / self.pairs)

    @property
    def error(self) -> float:
        r"""Estimated :math:`\|F - P\|^2` of what is removed, had the data as many factors as directions."""
        return float(self.rank + (self.weights**2).sum() - 2 * (self.weights * self.overlaps).sum())

    def first(self, rank: int) -> Subspace:
        """The first directions of it, all where there are fewer."""
        return replace(self, basis=self.basis[:rank], weights=self.weights[:rank], overlaps=self.overlaps[:rank])

    def overlap_with(self, other: Subspace) -> float:
        r"""Mean squared cosine :math:`\|V W^\top\|^2 / \min(k, m)` with another: 1 is the same, or contained."""
        least = min(self.rank, other.rank)
        return float(((self.basis @ other.basis.T) ** 2).sum()) / least if least else 1.0

    def table(self) -> dict[str, list[Any]]:
        """A row a direction: its eigenvalue over the edge (none of a mean), overlap, and the share that is removed."""
        seen = self.eigenvalues[: self.rank] / self.edge if self.method in ("svd", "shrunken") else None
        return {
            "direction": list(range(1, self.rank + 1)),
            "eigenvalue / edge": [None] * self.rank if seen is None else seen.tolist(),
            "estimated overlap": self.overlaps.tolist(),
            "removed": self.weights.tolist(),
        }

    def plot(self, ax: Any = None) -> Any:
        """Draw the eigenvalues, and the edge of noise, on Matplotlib axes, and return them."""
        if ax is None:
            ax = import_module("matplotlib.pyplot").subplots()[1]
        values = self.eigenvalues[self.eigenvalues > 0]
        ax.loglog(np.arange(1, len(values) + 1), values, marker=".", linestyle="none", label="eigenvalues")
        ax.axhline(self.edge, color="0.5", linewidth=0.8, label="edge of noise")
        ax.set(xlabel="number", ylabel="eigenvalue, in noise variances")
        ax.legend(frameon=False)
        return ax

    def __repr__(self) -> str:
        return self.headline()

    def headline(self) -> str:
        """Its size, how it was found, and how well."""
        cosines = ", ".join(f"{value:.3f}" for value in self.overlaps)
        return (
            f"Subspace of {self.rank} of {self.dimension} dimensions from {self.pairs} pairs ({self.method}): "
            f"estimated overlaps {cosines or 'none'}; {self.above} eigenvalues above the noise edge {self.edge:.4g}"
        )


def find_subspace(
    differences: ArrayLike,
    rank: int | str = "auto",
    centre: ArrayLike | None = None,
    method: str = "svd",
    noise: float | None = None,
    whole_spectrum: bool = True,
) -> Subspace:
    r"""Find the directions in which chosen and rejected differ.

    :math:`\Delta = U S V^\top` of the N × D differences: the first right singular vectors, from the Gram matrix in
    float64 on one thread. The same to the last bit in every run, with any number of threads, and whatever labels are
    flipped (but for the direction of each vector, which follows the mean). "mean-difference" takes the mean alone.

    Parameters
    ----------
    differences : array, shape (N, D), N ≥ 2
        Chosen minus rejected, one row a pair.
    rank : "auto" or a whole number up to min(N, D)
        "auto": directions above the noise edge of which the estimated squared cosine is above 1/2, and at least the
        first; with a number they are taken even below the edge.
    centre : array, shape (D,) or (m, D), optional
        Directions to protect: they are removed from the differences first, so that nothing found meets them. The
        published algorithm protects the mean of the chosen embeddings.
    method : "svd", "shrunken" or "mean-difference"
        Shrunken: each direction is removed by its overlap only, which has the least error.
    noise : positive number, optional
        Variance of a coordinate of the noise; from the eigenvalues below the edge where left out.
    whole_spectrum : bool
        False: where the directions stand out, only their eigenvalues, and all above the edge, are computed: twice as
        fast, and the same subspace but for rounding.

    Raises
    ------
    NoDirectionError
        With ``rank="auto"``, where no eigenvalue stands above the edge (for the mean difference: where the mean is
        within 3 standard deviations of that of noise); it says how many pairs would be needed.
    DomainError
        For other bad input.

    Notes
    -----
    After Uppaal et al. (2024); edge, overlaps and the numbers of pairs are derived in :mod:`theory.subspaces`.

    Examples
    --------
    >>> rows = np.random.default_rng(1).standard_normal((60, 40))
    >>> find_subspace(rows)
    Traceback (most recent call last):
        ...
    numerics.editing.subspace.NoDirectionError: no direction stands above the noise of 60 pairs in dimension 40: ...
    >>> rows[:, 3] += 4
    >>> find_subspace(rows).rank
    1
    """
    rows = verified(differences)
    choice("method", method, METHODS)
    pairs, dimension = rows.shape
    wanted = None if rank == "auto" else _wanted(rank, pairs, dimension, method)
    if centre is not None:
        rows = _without(rows, centre)
    if not rows.any():
        raise DomainError("differences are all 0: chosen and rejected are the same.")
    edge = largest_noise(pairs, dimension)
    squares, vectors, variance = _spectrum(rows, wanted, noise, edge, whole_spectrum)
    eigenvalues = squares / pairs / variance
    above = int((eigenvalues > edge).sum())
    mean = rows.mean(axis=0)
    if method == "mean-difference":
        basis, overlaps = _by_mean(mean, variance, pairs, wanted)
    else:
        overlaps = overlap_of(strength_of(eigenvalues, dimension / pairs), dimension / pairs)
        number = _number(wanted, above, overlaps, len(vectors), mean, variance, pairs, dimension)
        basis, overlaps = vectors[:number], overlaps[:number]
    with single_threaded_algebra():
        towards = basis @ mean
    return Subspace(
        basis=basis * np.where(towards > 0, -1.0, 1.0)[:, None],
        weights=overlaps if method == "shrunken" else np.ones(len(basis)),
        overlaps=overlaps,
        eigenvalues=eigenvalues,
        edge=edge,
        noise=variance,
        above=above,
        pairs=pairs,
        dimension=dimension,
        method=method,
    )


def _spectrum(
    rows: Array, wanted: int | None, noise: float | None, edge: float, whole: bool
) -> tuple[Array, Array, float]:
    """Squared singular values, right singular vectors, and the noise variance of a coordinate."""
    pairs, dimension = rows.shape
    if not whole:
        told: list[float] = []

        def least(squares: Array, total: float) -> float:
            told[:] = [_noise(noise, squares / pairs, pairs, dimension, total / pairs)]
            return told[0] * edge * pairs

        found = leading_spectrum(rows, wanted or 1, least)
        if found is not None:
            return *found, told[0]
    squares, vectors = spectrum(rows, wanted)
    return squares, vectors, _noise(noise, squares / pairs, pairs, dimension)


def verified(differences: ArrayLike) -> Array:
    """Differences as float64, or the sentence that says what is wrong with them."""
    rows = np.asarray(differences)
    if rows.ndim != 2:
        raise DomainError(f"differences have shape {rows.shape}: give (N, D), a row a pair.")
    if rows.dtype.kind not in "fiu":
        raise DomainError(f"differences are of type {rows.dtype}: give real numbers.")
    rows = rows.astype(np.float64)
    if len(rows) < 2:
        raise DomainError(f"{len(rows)} pairs are not enough: give 2 or more.")
    if not np.isfinite(rows).all():
        row = int(np.flatnonzero(~np.isfinite(rows).all(axis=1))[0])
        raise DomainError(f"differences hold a number that is not finite, in row {row}: leave that pair out.")
    copies = _copies(rows)
    if copies:
        raise DomainError(f"{copies} of {len(rows)} differences are copies of others: give each pair once.")
    return rows


def _copies(rows: Array) -> int:
    """Rows that are not 0 and stand there already; all of a row is read only where its first numbers are another's."""
    starts = [row.tobytes() for row in rows[:, :_START]]
    if len(set(starts)) == len(starts):
        return 0
    seen = [row.tobytes() for row in rows if row.any()]
    return len(seen) - len(set(seen))


def _wanted(rank: Any, pairs: int, dimension: int, method: str) -> int:
    number = whole_number("rank", rank, 1)
    if number > min(pairs, dimension):
        raise DomainError(f"rank = {number} is not allowed: {pairs} pairs in dimension {dimension} span no more.")
    if method == "mean-difference" and number > 1:
        raise DomainError(f"rank = {number} is not allowed: the mean difference is one direction.")
    return number


def _without(rows: Array, centre: ArrayLike) -> Array:
    protected = np.atleast_2d(np.asarray(centre, dtype=np.float64))
    if protected.ndim != 2 or protected.shape[1] != rows.shape[1] or not np.isfinite(protected).all():
        raise DomainError(
            f"centre has shape {protected.shape}: give finite directions of shape ({rows.shape[1]},) or "
            f"(m, {rows.shape[1]})."
        )
    values, basis = right_vectors(protected)
    if not len(values):
        return rows
    with single_threaded_algebra():
        taken = (rows @ basis.T) @ basis
    return np.subtract(rows, taken, out=taken)


def _noise(given: float | None, eigenvalues: Array, pairs: int, dimension: int, total: float | None = None) -> float:
    if given is not None:
        found = float(given)
        if not 0 < found < math.inf:
            raise DomainError(f"noise = {shown(given)} is not allowed: give a positive variance.")
        return found
    found = noise_variance(eigenvalues, pairs, dimension, total)
    # Exact copies of a few directions have no noise: anything stands above it.
    return found if found > 0 else float(eigenvalues[0]) * np.finfo(float).eps


def _number(
    wanted: int | None,
    above: int,
    overlaps: Array,
    span: int,
    mean: Array,
    variance: float,
    pairs: int,
    dimension: int,
) -> int:
    if wanted is None:
        if not above:
            raise _nothing(mean, variance, pairs, dimension)
        return min(span, max(1, int((overlaps[:above] > WORTH).sum())))
    if wanted > span:
        raise DomainError(f"rank = {wanted} is not allowed: the differences span {span} directions.")
    return wanted


def _by_mean(mean: Array, variance: float, pairs: int, wanted: int | None) -> tuple[Array, Array]:
    """The direction of the mean, and its squared cosine Q/(Q + g) with Q estimated without bias."""
    dimension = len(mean)
    length = float(mean @ mean)
    noise = variance * dimension / pairs
    excess = length - noise
    # Under noise alone the squared length is noise·χ²/D.
    spread = noise * math.sqrt(2 / dimension)
    if length == 0:
        raise DomainError("the mean of the differences is 0: it has no direction.")
    if wanted is None and excess < _CLEAR * spread:
        raise _nothing(mean, variance, pairs, dimension, "the mean is no longer than that of noise")
    return (mean / math.sqrt(length))[None, :], np.array([min(1.0, max(0.0, excess / length))])


def _nothing(
    mean: Array, variance: float, pairs: int, dimension: int, what: str = "no direction stands above the noise"
) -> NoDirectionError:
    """The sentence: by the strength of the mean where it is clear, else by the strongest factor that could hide."""
    ratio = dimension / pairs
    strength = float(mean @ mean) / variance - ratio
    hidden = math.sqrt(ratio)
    if strength > _CLEAR * ratio * math.sqrt(2 / dimension):
        needed = max(pairs + 1, pairs_for(strength, dimension))
        reason = f"their mean shows a factor of strength {strength:.3g}, which needs about {needed} pairs"
    else:
        needed = pairs_for(hidden, dimension)
        reason = f"a factor that hides here is weaker than {hidden:.3g}, and needs {needed} pairs or more"
    return NoDirectionError(f"{what} of {pairs} pairs in dimension {dimension}: {reason}.", needed)


def random_subspace(found: Subspace, seed: int) -> Subspace:
    """A random subspace of the same rank and weights: the control of every edit.

    Notes
    -----
    Made here.

    Examples
    --------
    >>> found = find_subspace(np.diag([3.0, 2.0, 1.0, 1.0]), rank=2)
    >>> random_subspace(found, seed=1).basis.shape
    (2, 4)
    """
    rows = np.random.default_rng(seed).standard_normal(found.basis.shape)
    return replace(found, basis=orthonormal(rows), method="random")
