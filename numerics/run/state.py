"""What a fitted generator knows, as named arrays, on the disk and back: checkpoints, and models to begin from.

``state()`` gives a mapping of names to arrays or numbers, ``load(state)`` takes it. The file is NumPy's ``.npz``,
without pickles: reading one runs nobody's code.
"""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from theory.errors import DomainError
from theory.whole_file import reason_of, write_whole

State = dict[str, NDArray[Any]]


def has_state(model: object) -> bool:
    """Whether a generator can be kept and taken up again."""
    return callable(getattr(model, "state", None)) and callable(getattr(model, "load", None))


def state_of(model: Any) -> State:
    """The state of a generator as arrays of their own, verified."""
    name = type(model).__name__
    given = model.state()
    if not isinstance(given, Mapping) or not all(isinstance(key, str) for key in given):
        raise DomainError(f"{name}.state() gave {type(given).__name__}: it must be a mapping of names to arrays.")
    # A copy: what a library calls its state is often the live weights.
    state = {key: np.array(value) for key, value in given.items()}
    for key, value in state.items():
        if value.dtype.hasobject:
            raise DomainError(f"{name}.state()[{key!r}] holds objects: give arrays or numbers.")
    return state


def packed(state: State) -> bytes:
    """A state as the bytes of its file."""
    content = io.BytesIO()
    np.savez(content, **state)  # type: ignore[arg-type]
    return content.getvalue()


def unpacked(content: bytes) -> State:
    """A state from the bytes of its file."""
    with np.load(io.BytesIO(content), allow_pickle=False) as file:
        return {key: file[key] for key in file.files}


def save_state(model: Any, path: str | os.PathLike[str]) -> None:
    """Write the state of a fitted generator to a file, whole or not at all.

    Parameters
    ----------
    model : object with ``state()``, a mapping of names to arrays or numbers
    path : file

    Raises
    ------
    DomainError
        When it has no state, or the file cannot be written.

    Notes
    -----
    Built here: NumPy's ``.npz``, without pickles.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> class Mean:
    ...     mean = 2.5
    ...     def state(self):
    ...         return {"mean": self.mean}
    ...     def load(self, state):
    ...         self.mean = float(state["mean"])
    >>> path = Path(mkdtemp()) / "mean.npz"
    >>> save_state(Mean(), path)
    >>> {name: float(value) for name, value in read_state(path).items()}
    {'mean': 2.5}
    """
    if not has_state(model):
        raise DomainError(f"{type(model).__name__} has no state() and load(state): it cannot be kept.")
    try:
        write_whole(Path(path), packed(state_of(model)))
    except OSError as error:
        raise DomainError(f"path = {path} cannot be written: {reason_of(error)}.") from None


def read_state(path: str | os.PathLike[str]) -> State:
    """Read a state that :func:`save_state` wrote.

    Raises
    ------
    DomainError
        When there is no such file, or it holds something else.

    Notes
    -----
    Built here.

    Examples
    --------
    >>> read_state("nowhere.npz")
    Traceback (most recent call last):
    theory.errors.DomainError: nowhere.npz cannot be read as the state of a generator: No such file or directory.
    """
    try:
        return unpacked(Path(path).read_bytes())
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile) as error:
        reason = reason_of(error) if isinstance(error, OSError) else "it is no .npz file of arrays"
        raise DomainError(f"{path} cannot be read as the state of a generator: {reason}.") from None


def digest_of_state(state: State) -> str:
    """A fingerprint of a state: names, shapes, types and bits."""
    hashed = sha256()
    for name in sorted(state):
        value = np.ascontiguousarray(state[name])
        hashed.update(repr((name, value.shape, value.dtype.str)).encode())
        hashed.update(value.tobytes())
    return hashed.hexdigest()
