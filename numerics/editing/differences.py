"""Differences of preference pairs: means over tokens, chosen minus rejected, and whether rows belong together."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import linear_sum_assignment

from numerics.editing.gram import right_vectors
from numerics.editing.noise import largest_noise, noise_variance
from numerics.threads import single_threaded_algebra
from theory.errors import DomainError
from theory.expressions.arguments import advise

Array = NDArray[np.float64]

#: Rows of one index that are no more alike than this many standard deviations of a random pairing are not pairs.
_ALIKE = 3.0
#: Fewer pairs say nothing about how they belong together.
_FEWEST = 8


def difference_matrix(
    chosen: ArrayLike | Sequence[ArrayLike],
    rejected: ArrayLike | Sequence[ArrayLike],
    mask: Any = None,
    ids: tuple[Sequence[Any], Sequence[Any]] | None = None,
) -> Array:
    r"""Differences :math:`d_i = \bar x_i^+ - \bar x_i^-` of means over tokens, without padding; shape (N, D), float64.

    Parameters
    ----------
    chosen, rejected : array of shape (N, D) or (N, T, D), or a list of batches of them
        Embeddings of texts, or of their tokens; T may differ between the two and between batches, and the last batch
        may be smaller.
    mask : pair of arrays of shape (N, T), or of lists of them, one a batch; optional
        What is true (or not 0) counts; of chosen and of rejected. One array is taken for both.
    ids : pair of sequences of length N, optional
        Names of the pairs, in the order of the rows: they must be the same on both sides, and no two alike.

    Warns
    -----
    InputWarning
        Where contexts stand out in the embeddings, and rows of one index share them no more than any two rows do:
        then the pairs were broken, and contexts are taken for directions of the concept.

    Raises
    ------
    DomainError
        For unequal numbers of pairs or widths, numbers that are not finite, fewer than 2 pairs, and texts of padding
        alone.

    Notes
    -----
    After Uppaal et al. (2024); masks and the check of pairs are made here.

    Examples
    --------
    >>> tokens = np.array([[[1.0, 0.0], [3.0, 0.0], [9.0, 9.0]], [[1.0, 2.0], [9.0, 9.0], [9.0, 9.0]]])
    >>> kept = np.array([[1, 1, 0], [1, 0, 0]])
    >>> difference_matrix(tokens, np.zeros((2, 2)), mask=(kept, None)).tolist()
    [[2.0, 0.0], [1.0, 2.0]]
    """
    masks = mask if isinstance(mask, tuple) else (mask, mask)
    if len(masks) != 2:
        raise DomainError(f"mask has {len(masks)} entries: give one for chosen and one for rejected.")
    left, right = token_means(chosen, masks[0], "chosen"), token_means(rejected, masks[1], "rejected")
    verify_pairs(left, right, ids)
    likeness = pairing_score(left, right)
    if likeness is not None and likeness < _ALIKE:
        advise(
            "rows of chosen and rejected of one index share their context no more than any two rows do "
            f"({likeness:.2g} standard deviations of a random pairing, {_ALIKE:g} asked): give both in the same order."
        )
    return left - right


def token_means(rows: Any, mask: Any = None, name: str = "activations") -> Array:
    """Means over the tokens that count, shape (N, D); rows that are means already are passed on.

    Notes
    -----
    Made here.

    Examples
    --------
    >>> token_means(np.ones((2, 3, 4))).shape
    (2, 4)
    """
    if isinstance(rows, list | tuple) and len(rows) and np.ndim(rows[0]) >= 2:
        masks = [None] * len(rows) if mask is None else list(mask)
        if len(masks) != len(rows):
            raise DomainError(f"mask has {len(masks)} batches for {len(rows)} of {name}: give one a batch.")
        parts = [token_means(part, kept, name) for part, kept in zip(rows, masks, strict=True)]
        widths = {part.shape[1] for part in parts}
        if len(widths) > 1:
            raise DomainError(f"batches of {name} have the widths {sorted(widths)}: give them one width.")
        return np.concatenate(parts)
    array = np.asarray(rows)
    if array.dtype.kind not in "fiu" or array.ndim not in (2, 3):
        raise DomainError(
            f"{name} has shape {array.shape} and type {array.dtype}: give real numbers, (N, D) or (N, T, D)."
        )
    if array.ndim == 2:
        found = array.astype(np.float64)
    else:
        kept = np.ones(array.shape[:2], dtype=bool) if mask is None else np.asarray(mask) != 0
        if kept.shape != array.shape[:2]:
            raise DomainError(f"mask of {name} has shape {kept.shape}: give {array.shape[:2]}, one entry a token.")
        counts = kept.sum(axis=1)
        if not counts.all():
            raise DomainError(f"text {int(np.flatnonzero(counts == 0)[0])} of {name} is padding alone: leave it out.")
        found = np.where(kept[..., None], array, 0).astype(np.float64).sum(axis=1) / counts[:, None]
    if not np.isfinite(found).all():
        row = int(np.flatnonzero(~np.isfinite(found).all(axis=1))[0])
        raise DomainError(f"{name} holds a number that is not finite, in row {row}: leave that pair out.")
    return found


def verify_pairs(chosen: Array, rejected: Array, ids: tuple[Sequence[Any], Sequence[Any]] | None = None) -> None:
    """Refuse sides that are no pairs."""
    if len(chosen) != len(rejected):
        raise DomainError(f"chosen has {len(chosen)} rows and rejected {len(rejected)}: give pairs, one row each.")
    if chosen.shape[1] != rejected.shape[1]:
        raise DomainError(f"chosen has width {chosen.shape[1]} and rejected {rejected.shape[1]}: give one model's.")
    if len(chosen) < 2:
        raise DomainError(f"{len(chosen)} pairs are not enough: give 2 or more.")
    if ids is None:
        return
    names = [[str(name) for name in side] for side in ids]
    for side, name in zip(names, ("chosen", "rejected"), strict=True):
        if len(side) != len(chosen):
            raise DomainError(f"ids of {name} are {len(side)} for {len(chosen)} rows: give one a row.")
        if len(set(side)) < len(side):
            twice = next(one for one in side if side.count(one) > 1)
            raise DomainError(f"the id {twice!r} of {name} is there twice: give each pair once.")
    off = [row for row, (one, other) in enumerate(zip(*names, strict=True)) if one != other]
    if off:
        raise DomainError(
            f"row {off[0]} is {names[0][off[0]]!r} of chosen and {names[1][off[0]]!r} of rejected "
            f"({len(off)} of {len(chosen)} rows differ): give both in the same order."
        )


def pairing_score(chosen: Array, rejected: Array) -> float | None:
    r"""How much more alike rows of one index are than those of a random pairing, in its standard deviations.

    With both sides centred and :math:`S = C R^\top`, a random pairing gives :math:`\sum_i S_{i\pi(i)}` mean 0 and
    variance :math:`\|S\|_F^2/(N - 1)`, exactly; pairs that share a context are far above. None where contexts do not
    stand out of the noise, or pairs are fewer than 8: then nothing can be said.

    Notes
    -----
    Derived here, from the moments of a uniform permutation.

    Examples
    --------
    >>> contexts = np.outer(np.arange(10.0), np.ones(30))
    >>> noise = np.random.default_rng(0).standard_normal((2, 10, 30))
    >>> pairing_score(contexts + noise[0], contexts + noise[1]) > 2.5
    True
    """
    pairs = len(chosen)
    if pairs < _FEWEST:
        return None
    sides = [side - side.mean(axis=0) for side in (chosen, rejected)]
    if not all(side.any() and _stands_out(side) for side in sides):
        return None
    with single_threaded_algebra():
        alike = sides[0] @ sides[1].T
    spread = math.sqrt(float((alike**2).sum()) / (pairs - 1))
    return float(np.trace(alike)) / spread if spread > 0 else None


def matching(chosen: Array, rejected: Array) -> NDArray[np.int64]:
    """The row of rejected that each row of chosen is most alike, each taken once: a remedy for broken pairs.

    Notes
    -----
    The assignment of the largest sum of inner products (Crouse 2016), made here from centred rows.

    Examples
    --------
    >>> rows = np.eye(4)
    >>> matching(rows, rows[[2, 0, 3, 1]]).tolist()
    [1, 3, 0, 2]
    """
    sides = [side - side.mean(axis=0) for side in (np.asarray(chosen, float), np.asarray(rejected, float))]
    return np.asarray(linear_sum_assignment(sides[0] @ sides[1].T, maximize=True)[1])


def _stands_out(side: Array) -> bool:
    """Whether rows have more in common than noise: an eigenvalue above the edge, of N − 1 centred rows."""
    pairs, dimension = len(side) - 1, side.shape[1]
    values = right_vectors(side)[0][: min(pairs, dimension)]
    eigenvalues = np.zeros(min(pairs, dimension))
    eigenvalues[: len(values)] = values**2 / pairs
    variance = noise_variance(eigenvalues, pairs, dimension)
    return bool(eigenvalues[0] > variance * largest_noise(pairs, dimension))
