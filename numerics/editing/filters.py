r"""Weights without a subspace: :math:`W - V^\top (V W)` in low rank, its variants, and the way back."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg.blas import sgemm

from numerics.editing.numbers import nearest_bfloat16
from numerics.threads import single_threaded_algebra
from theory.errors import DomainError

Array = NDArray[np.float64]
Floats = NDArray[np.floating]

#: Numbers that are float64 at a time.
_CHUNK = 1 << 21
#: Numbers of float32 that a cache holds.
_NEAR = 1 << 17
#: Rows are orthonormal when their inner products are so near to 0 and 1.
_ORTHONORMAL = 1e-6


@dataclass(frozen=True)
class Filtered:
    """Weights after a filter, and what takes it back.

    Attributes
    ----------
    weights : array
        Of the type and shape of those given.
    removed : float
        Share of the squared Frobenius norm that the filter took away.

    Notes
    -----
    Made here. The weights before the filter are referred to, not copied: do not change them before ``undo`` is taken.

    Examples
    --------
    >>> found = filter_weights(np.eye(3, 2, dtype=np.float32), np.array([[1.0, 0, 0]]))
    >>> found.removed, bool((found.undo(found.weights) == np.eye(3, 2)).all())
    (0.5, True)
    """

    weights: Floats
    removed: float
    _before: Floats = field(repr=False)
    _way: Undo = field(repr=False)

    @cached_property
    def undo(self) -> Undo:
        """The exact way back, computed when it is asked for."""
        guess = self._way.guess(self.weights)
        return replace(self._way, correction=_steps(guess, self._before, self._way.bfloat16))


@dataclass(frozen=True)
class Undo:
    """The way back from filtered weights to those before, to the last bit.

    What the low rank gives back is rounded; ``correction`` is the rest, in steps from one floating-point number to
    the next. Both are computed number by number, in the same order on every machine.

    Attributes
    ----------
    axis : int
        The axis of the outputs.
    basis : array, shape (k, D), float64
    coefficients : array, shape (k, m), float64
        What was taken of each direction, of the m = size/D output vectors.
    scale : array, shape (m,), or None
        What the output vectors were multiplied by afterwards.
    correction : array of whole numbers, of the shape of the weights
    bfloat16 : bool
        Whether the steps are those of bfloat16, in weights that are held as float32.

    Notes
    -----
    Made here.

    Examples
    --------
    >>> W = np.random.default_rng(0).standard_normal((4, 3)).astype(np.float32)
    >>> found = filter_weights(W, np.full((1, 4), 0.5), keep_norms=True)
    >>> bool((found.undo(found.weights) == W).all())
    True
    """

    axis: int
    basis: Array
    coefficients: Array
    scale: Array | None
    correction: NDArray[np.signedinteger]
    bfloat16: bool = False

    def __call__(self, weights: Floats) -> Floats:
        """The weights before the filter."""
        return _stepped(self.guess(weights), self.correction, self.bfloat16)

    def guess(self, weights: Floats) -> Floats:
        """What the low rank alone gives back."""
        columns = _as_columns(weights, self.axis)
        found = np.empty(columns.shape, dtype=weights.dtype)
        for part in _parts(columns):
            restored = columns[:, part].astype(np.float64)
            if self.scale is not None:
                restored /= self.scale[part]
            # Number by number, and not by a matrix product, whose order of sums is the machine's.
            for direction, taken in zip(self.basis, self.coefficients[:, part], strict=True):
                restored += direction[:, None] * taken[None, :]
            found[:, part] = _rounded(restored, weights.dtype, self.bfloat16)
        return _from_columns(found, weights.shape, self.axis)


def filter_weights(
    W: ArrayLike,
    V: ArrayLike,
    weights: ArrayLike | None = None,
    axis: int | None = None,
    mean: ArrayLike | None = None,
    keep_norms: bool = False,
    one_sided: bool = False,
    bfloat16: bool = False,
) -> Filtered:
    r"""Take a subspace out of the outputs of a weight matrix, or out of a bias.

    Each vector w of outputs becomes :math:`w - \sum_i c_i v_i \langle v_i, w\rangle`; a matrix costs :math:`4kDm`
    operations, and a D × D projector is never made.

    Parameters
    ----------
    W : array, floating point
        Weights of shape (D, m), (m, D) (transposed, as the Conv1D of GPT-2), a stack of them, or a bias of shape (D,).
    V : array, shape (k, D)
        Orthonormal rows, as ``Subspace.basis``.
    weights : array, shape (k,), optional
        How much of each direction: 1 where left out; ``Subspace.weights`` to shrink.
    axis : int, optional
        The axis of the outputs; where left out, the only one of length D.
    mean : array, shape (D,), optional
        Of a bias only: the mean output, which the edited layer keeps (affine editing): the bias gets
        :math:`\sum_i c_i v_i \langle v_i, m\rangle` back.
    keep_norms : bool
        Scale each output vector back to the length it had.
    one_sided : bool
        Take only what points to the rejected side, :math:`\langle v_i, w\rangle > 0`.
    bfloat16 : bool
        W are numbers of bfloat16, held as float32: the result is rounded to bfloat16 too.

    Returns
    -------
    Filtered
        The new weights, of the type of W, and the exact way back.

    Raises
    ------
    DomainError
        For a V that is not orthonormal, shapes that do not fit, an axis that could be either, and numbers that are
        not finite.

    Notes
    -----
    Uppaal et al. (2024) project with :math:`I - V^\top V`; the variants are derived here.

    Examples
    --------
    >>> W = np.array([[3.0, 1.0], [4.0, 2.0], [0.0, 5.0]])
    >>> filter_weights(W, [[0.6, 0.8, 0.0]]).weights.round(6).tolist()
    [[0.0, -0.32], [0.0, 0.24], [0.0, 5.0]]
    """
    matrix = np.asarray(W)
    basis = verified_basis(V)
    if matrix.dtype.kind != "f":
        raise DomainError(f"W is of type {matrix.dtype}: give floating-point weights.")
    place = _axis(matrix.shape, basis.shape[1], axis)
    shares = _shares(weights, len(basis))
    given_back = _given_back(mean, matrix, basis, shares)
    plain = matrix.dtype == np.float32 and matrix.ndim == 2 and not keep_norms and not bfloat16
    if plain and matrix.flags.c_contiguous:
        result, coefficients, scale, removed = _in_single(matrix, basis, shares, place, one_sided)
    else:
        result, coefficients, scale, removed = _in_double(
            matrix, basis, shares, place, given_back, keep_norms, one_sided, bfloat16
        )
    if not np.isfinite(coefficients).all():
        raise DomainError("W holds a number that is not finite: nothing is edited.")
    if not _finite(result):
        raise DomainError(f"the edited weights do not fit the type {matrix.dtype}: give them in a wider one.")
    way = Undo(place, basis, coefficients, scale, np.empty(0, dtype=np.int8), bfloat16)
    return Filtered(result, removed, matrix, way)


def _finite(values: Floats) -> bool:
    """Whether all are finite; the sum of squares says yes sooner, and never wrongly."""
    flat = values.reshape(-1)
    with single_threaded_algebra(), np.errstate(over="ignore", invalid="ignore"):
        return bool(np.isfinite(flat @ flat)) or bool(np.isfinite(flat).all())


def _in_single(
    matrix: Floats, basis: Array, shares: Array, axis: int, one_sided: bool
) -> tuple[Floats, Array, None, float]:
    """A matrix of float32 in its own precision, some rows at a time, all that is done to them while they are near."""
    directions = np.ascontiguousarray(basis, dtype=np.float32)
    found = np.empty_like(matrix)
    taken = np.zeros((len(directions), matrix.shape[1 - axis]), dtype=np.float32)
    before = 0.0
    with single_threaded_algebra(), np.errstate(invalid="ignore", over="ignore"):
        if axis == 0:
            # Every row has a part in every output: they are read once before any is written.
            for part in _rows(matrix):
                taken += directions[:, part] @ matrix[part]
            taken = _shrunken(taken, shares, one_sided)
        for part in _rows(matrix):
            block = found[part]
            block[:] = matrix[part]
            flat = block.reshape(-1)
            before += float(flat @ flat)
            if axis == 1:
                taken[:, part] = _shrunken(directions @ block.T, shares, one_sided)
            # Of the transposed, which is in the order of Fortran: block −= firstᵀ second, in place.
            first, second = (directions[:, part], taken) if axis == 0 else (taken[:, part], directions)
            sgemm(-1.0, second, first, 1.0, block.T, trans_a=True, overwrite_c=True)
        after = float((taken.astype(np.float64) ** 2).sum())
    return found, taken.astype(np.float64), None, after / before if before else 0.0


def _shrunken(taken: Floats, shares: Array, one_sided: bool) -> Floats:
    """What is taken of each direction, in the precision of what is there."""
    if one_sided:
        taken = np.maximum(taken, np.float32(0))
    return np.asarray(shares.astype(np.float32)[:, None] * taken)


def _rows(matrix: Floats) -> Iterator[slice]:
    """Rows of a matrix that are near the processor together."""
    size = max(1, _NEAR // matrix.shape[1])
    for start in range(0, len(matrix), size):
        yield slice(start, start + size)


def _in_double(
    matrix: Floats, basis: Array, shares: Array, axis: int, given_back: Array | None, keep_norms: bool,
    one_sided: bool, bfloat16: bool,
) -> tuple[Floats, Array, Array | None, float]:  # fmt: skip
    """Any matrix, a part of it in float64 at a time."""
    columns = _as_columns(matrix, axis)
    coefficients = np.empty((len(basis), columns.shape[1]))
    scale = np.ones(columns.shape[1]) if keep_norms else None
    found = np.empty(columns.shape, dtype=matrix.dtype)
    before = after = 0.0
    for part in _parts(columns):
        block = columns[:, part].astype(np.float64)
        with single_threaded_algebra(), np.errstate(invalid="ignore", over="ignore"):
            taken = basis @ block
            if one_sided:
                taken = np.maximum(taken, 0.0)
            taken *= shares[:, None]
            if given_back is not None:
                taken -= given_back[:, None]
            left = block - basis.T @ taken
        coefficients[:, part] = taken
        if scale is not None:
            scale[part] = _ratio(block, left)
            left *= scale[part]
        before += float((block**2).sum())
        after += float(((block - left) ** 2).sum())
        found[:, part] = _rounded(left, found.dtype, bfloat16)
    return _from_columns(found, matrix.shape, axis), coefficients, scale, after / before if before else 0.0


def verified_basis(V: ArrayLike) -> Array:
    """Orthonormal rows as float64, or the sentence that says why they are not."""
    basis = np.atleast_2d(np.asarray(V, dtype=np.float64))
    if basis.ndim != 2 or not np.isfinite(basis).all() or basis.shape[0] > basis.shape[1]:
        raise DomainError(f"V has shape {basis.shape}: give k finite rows of length D, k ≤ D.")
    off = float(np.abs(basis @ basis.T - np.eye(len(basis))).max()) if len(basis) else 0.0
    if off > _ORTHONORMAL:
        raise DomainError(f"V is not orthonormal: its inner products are off by {off:.2g}; give orthonormal rows.")
    return basis


def _axis(shape: tuple[int, ...], width: int, axis: int | None) -> int:
    if not 1 <= len(shape) <= 3:
        raise DomainError(f"W has shape {shape}: give a bias, a matrix or a stack of matrices.")
    allowed = range(max(0, len(shape) - 2), len(shape))
    if axis is not None:
        place = axis + len(shape) if axis < 0 else axis
        if place not in allowed or shape[place] != width:
            raise DomainError(f"axis = {axis} of W of shape {shape} is not of length {width}, that of V.")
        return place
    places = [place for place in allowed if shape[place] == width]
    if not places:
        raise DomainError(f"W has shape {shape}, and no axis of length {width}, that of V.")
    if len(places) > 1:
        raise DomainError(f"W has shape {shape}: either axis could be that of the outputs; name it with axis=.")
    return places[0]


def _shares(weights: ArrayLike | None, rank: int) -> Array:
    if weights is None:
        return np.ones(rank)
    shares = np.asarray(weights, dtype=np.float64)
    if shares.shape != (rank,) or not ((shares >= 0) & (shares <= 1)).all():
        raise DomainError(f"weights = {shares.tolist()} are not allowed: give {rank} numbers from 0 to 1.")
    return shares


def _given_back(mean: ArrayLike | None, matrix: Floats, basis: Array, shares: Array) -> Array | None:
    if mean is None:
        return None
    if matrix.ndim != 1:
        raise DomainError(f"mean is kept by a bias, and W has shape {matrix.shape}: give the bias of the layer.")
    middle = np.asarray(mean, dtype=np.float64)
    if middle.shape != (basis.shape[1],) or not np.isfinite(middle).all():
        raise DomainError(f"mean has shape {middle.shape}: give {basis.shape[1]} finite numbers.")
    return np.asarray(shares * (basis @ middle))


def _ratio(before: Array, after: Array) -> Array:
    """What brings vectors back to their lengths; 1 where nothing is left to be scaled."""
    lengths = np.sqrt((before**2).sum(axis=0)), np.sqrt((after**2).sum(axis=0))
    gone = lengths[1] <= 1e-6 * lengths[0]
    return np.where(gone, 1.0, lengths[0] / np.where(gone, 1.0, lengths[1]))


def _as_columns(matrix: Floats, axis: int) -> Floats:
    """The outputs along the first axis, all else along the second."""
    return np.moveaxis(matrix, axis, 0).reshape(matrix.shape[axis], -1)


def _from_columns(columns: Floats, shape: tuple[int, ...], axis: int) -> Floats:
    rest = shape[:axis] + shape[axis + 1 :]
    return np.ascontiguousarray(np.moveaxis(columns.reshape(shape[axis], *rest), 0, axis))


def _parts(columns: Floats) -> Iterator[slice]:
    size = max(1, _CHUNK // columns.shape[0])
    for start in range(0, columns.shape[1], size):
        yield slice(start, start + size)


def _rounded(values: Array, kind: np.dtype, bfloat16: bool) -> Floats:
    with np.errstate(over="ignore"):
        found = values.astype(kind)
    return nearest_bfloat16(found) if bfloat16 else found


def _ordered(values: Floats, bfloat16: bool) -> NDArray[np.signedinteger]:
    """Floating-point numbers as whole ones in the same order, neighbours to neighbours; −0 just below 0."""
    kind = np.dtype(f"i{values.dtype.itemsize}")
    bits = np.ascontiguousarray(values).view(kind)
    if bfloat16:
        # The upper half of a float32; an arithmetic shift keeps the sign.
        bits, kind = (bits >> 16).astype(np.int16), np.dtype(np.int16)
    return np.where(bits < 0, np.iinfo(kind).min - bits - 1, bits).astype(kind)


def _steps(guess: Floats, wanted: Floats, bfloat16: bool) -> NDArray[np.signedinteger]:
    """How many floating-point numbers lie between (modulo their number), in the narrowest type that holds it."""
    steps = _ordered(wanted, bfloat16) - _ordered(guess, bfloat16)
    low, high = int(steps.min(initial=0)), int(steps.max(initial=0))
    kinds = (np.int8, np.int16, np.int32, np.int64)
    return steps.astype(next(kind for kind in kinds if np.iinfo(kind).min <= low and high <= np.iinfo(kind).max))


def _stepped(guess: Floats, steps: NDArray[np.signedinteger], bfloat16: bool) -> Floats:
    start = _ordered(guess, bfloat16)
    places = start + steps.astype(start.dtype)
    bits = np.where(places < 0, np.iinfo(start.dtype).min - places - 1, places).astype(start.dtype)
    if bfloat16:
        bits = bits.astype(np.int32) << 16
    return bits.view(guess.dtype).reshape(guess.shape)


def what_is_left(before: ArrayLike, after: ArrayLike, V: ArrayLike, axis: int | None = None) -> float:
    r"""Share :math:`\|V W'\|/\|V W\|` of a subspace that stored weights still hold: 0 is gone, 1 all there.

    Notes
    -----
    Derived here.

    Examples
    --------
    >>> W = np.array([[3.0], [4.0]])
    >>> what_is_left(W, filter_weights(W, [[1.0, 0.0]]).weights, [[1.0, 0.0]])
    0.0
    """
    basis = verified_basis(V)
    parts = []
    for weights in (after, before):
        matrix = np.asarray(weights)
        columns = _as_columns(matrix, _axis(matrix.shape, basis.shape[1], axis))
        with single_threaded_algebra():
            squares = (((basis @ columns[:, part].astype(np.float64)) ** 2).sum() for part in _parts(columns))
            parts.append(float(sum(squares)))
    return math.sqrt(parts[0] / parts[1]) if parts[1] else 0.0
