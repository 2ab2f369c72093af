r"""Rows of a data set: an array (N, d) of any real type, or documents of unequal length.

Rows keep their type. A token is a small whole number: as float64 it would take eight bytes where one or two are
enough. Documents lie one after the other in a single array, document i between ``offsets[i]`` and ``offsets[i + 1]``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

from theory.errors import DomainError

Array = NDArray[Any]


@dataclass(frozen=True, eq=False, repr=False)
class Documents:
    """Rows of unequal length: all tokens one after the other, and where each document begins.

    Attributes
    ----------
    tokens : (T,) real numbers, as a rule whole ones
    offsets : (N + 1,) whole numbers from 0 to T, not decreasing

    Raises
    ------
    DomainError
        When the offsets do not cut the tokens.

    Notes
    -----
    The layout of Arrow's lists, and of every packed corpus.

    Examples
    --------
    >>> import numpy as np
    >>> texts = Documents.of([np.array([3, 1]), np.array([2]), np.array([], dtype=int)])
    >>> len(texts), texts[0].tolist(), texts.lengths.tolist(), len(texts[1:])
    (3, [3, 1], [2, 1, 0], 2)
    """

    tokens: Array
    offsets: NDArray[np.int64]

    def __post_init__(self) -> None:
        tokens, offsets = np.asarray(self.tokens), np.asarray(self.offsets)
        if tokens.ndim != 1 or tokens.dtype.kind not in "iufb":
            raise DomainError(f"tokens have shape {tokens.shape} and type {tokens.dtype}: give a row of real numbers.")
        whole = offsets.ndim == 1 and len(offsets) > 0 and offsets.dtype.kind in "iu"
        if not whole or offsets[0] != 0 or offsets[-1] != len(tokens) or (np.diff(offsets.astype(np.int64)) < 0).any():
            raise DomainError(f"offsets must be whole numbers rising from 0 to {len(tokens)}, one more than documents.")
        object.__setattr__(self, "tokens", tokens)
        object.__setattr__(self, "offsets", offsets.astype(np.int64))

    @classmethod
    def of(cls, documents: Iterable[Any]) -> Documents:
        """Documents from sequences of tokens, one each."""
        parts = [np.asarray(document) for document in documents]
        for index, part in enumerate(parts):
            if part.ndim != 1 or (part.size and part.dtype.kind not in "iufb"):
                raise DomainError(
                    f"document {index} has shape {part.shape} and type {part.dtype}: give a row of real numbers."
                )
        # An empty list is of floats, for NumPy: it has no say in the type.
        filled = [part for part in parts if part.size]
        offsets = np.concatenate([[0], np.cumsum([len(part) for part in parts], dtype=np.int64)]).astype(np.int64)
        return cls(np.concatenate(filled) if filled else np.zeros(0, np.uint8), offsets)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __iter__(self) -> Iterator[Array]:
        return (self[index] for index in range(len(self)))

    def __getitem__(self, index: Any) -> Any:
        """One document, by its number; or some, by a slice or an array of numbers."""
        if isinstance(index, (int, np.integer)):
            place = range(len(self))[int(index)]
            return self.tokens[self.offsets[place] : self.offsets[place + 1]]
        places = np.arange(len(self))[index]
        if len(places) and (np.diff(places) == 1).all():
            start, stop = self.offsets[places[0]], self.offsets[places[-1] + 1]
            return Documents(self.tokens[start:stop], self.offsets[places[0] : places[-1] + 2] - start)
        lengths = self.lengths[places]
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        # Where each token of the answer stands here, without a loop over documents.
        source = np.repeat(self.offsets[:-1][places] - offsets[:-1], lengths) + np.arange(offsets[-1])
        return Documents(self.tokens[source], offsets)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Tokens of each document, (N,)."""
        return np.diff(self.offsets)

    @property
    def dtype(self) -> np.dtype:
        """Type of a token."""
        return self.tokens.dtype

    @property
    def nbytes(self) -> int:
        """Bytes of tokens and offsets."""
        return int(self.tokens.nbytes + self.offsets.nbytes)

    def copy(self) -> Documents:
        """Documents of their own memory."""
        return Documents(self.tokens.copy(), self.offsets.copy())

    def __repr__(self) -> str:
        return f"Documents({len(self)} of {len(self.tokens)} tokens, {self.dtype})"


Rows = Array | Documents


def real_rows(name: str, value: object) -> Rows:
    """Verify rows of real numbers, 1-D or 2-D or documents; copied, since the user's may change.

    Numbers come back in columns, of the type that they have.
    """
    if isinstance(value, Documents):
        if not len(value) or (value.dtype.kind == "f" and not np.isfinite(value.tokens).all()):
            raise DomainError(f"{name} = {value!r} holds no document, or a token that is not finite.")
        return value.copy()
    try:
        given = np.asarray(value)
        masked = np.ma.getmaskarray(np.ma.asarray(value)) if has_masks(value) else None
    except (TypeError, ValueError) as error:
        unequal = "inhomogeneous" in str(error)
        why = "give rows of equal length, or Documents" if unequal else str(error).rstrip(".")
        raise DomainError(f"{name} is not an array: {why}.") from None
    if masked is not None and masked.any():
        row = int(np.argwhere(masked)[0][0]) if masked.ndim else 0
        raise DomainError(f"{name} is masked in row {row}: leave such rows out, or fill them.")
    if given.dtype.kind not in "iufb" or given.ndim not in (1, 2) or not given.size:
        raise DomainError(
            f"{name} has shape {given.shape} and type {given.dtype}: it must be a 1-D or 2-D array of real numbers."
        )
    rows = np.array(given.reshape(len(given), -1), order="C", copy=True, subok=False)
    if rows.dtype.kind == "f":
        bad = np.flatnonzero(~np.isfinite(rows).all(axis=1))
        if len(bad):
            raise DomainError(f"{name} has {rows[bad[0]].tolist()} in row {bad[0]}: every number must be finite.")
    return rows


def has_masks(value: object) -> bool:
    """Whether an array, or a list with arrays in it, may have masked entries, which a plain array would show."""
    if isinstance(value, (list, tuple)):
        return any(has_masks(item) for item in value if isinstance(item, (list, tuple, np.ma.MaskedArray)))
    return isinstance(value, np.ma.MaskedArray)


def joined(parts: Sequence[Rows], copies: Sequence[int]) -> Rows:
    """Rows one after the other, those of part k repeated ``copies[k]`` times each; of memory of their own."""
    repeated = [_repeated(part, count) for part, count in zip(parts, copies, strict=True)]
    if not any(isinstance(part, Documents) for part in repeated):
        return np.asarray(np.concatenate([np.asarray(part) for part in repeated]))
    documents = [part for part in repeated if isinstance(part, Documents)]
    lengths = np.concatenate([part.lengths for part in documents])
    tokens = np.concatenate([np.asarray(part.tokens) for part in documents])
    return Documents(np.asarray(tokens), np.concatenate([[0], np.cumsum(lengths)]))


def _repeated(rows: Rows, count: int) -> Rows:
    if count == 1:
        return rows
    if isinstance(rows, Documents):
        return rows[np.repeat(np.arange(len(rows)), count)]  # type: ignore[no-any-return]
    return np.repeat(rows, count, axis=0)


def same(one: Rows, other: Rows) -> bool:
    """Whether rows are equal, number by number."""
    if isinstance(one, Documents) or isinstance(other, Documents):
        documents = isinstance(one, Documents) and isinstance(other, Documents)
        return documents and same(one.offsets, other.offsets) and same(one.tokens, other.tokens)  # type: ignore[union-attr]
    return bool(np.array_equal(one, other))


def constant(rows: Rows) -> bool:
    """Whether every row is the first one."""
    if isinstance(rows, Documents):
        return all(np.array_equal(rows[0], row) for row in rows)
    return bool((rows == rows[0]).all())


def distinct(rows: Rows) -> int:
    """How many different rows there are."""
    if isinstance(rows, Documents):
        return len({row.tobytes() for row in rows})
    return len(np.unique(rows, axis=0))


def digest_of(rows: Rows) -> str:
    """A fingerprint of rows: shape, type and bits."""
    if isinstance(rows, Documents):
        return sha256((digest_of(rows.tokens) + digest_of(rows.offsets)).encode()).hexdigest()
    hashed = sha256(repr((rows.shape, rows.dtype.str)).encode())
    hashed.update(np.ascontiguousarray(rows).data)
    return hashed.hexdigest()
