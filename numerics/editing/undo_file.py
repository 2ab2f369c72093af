"""What takes an edit of a model folder back, kept in the edited folder: one zip file, each tensor's way back."""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from numerics.editing.filters import Undo
from theory.errors import DomainError

NAME = "selfgen_undo.zip"
_ARRAYS = ("basis", "coefficients", "scale", "correction")


class UndoWriter:
    """Keeps the ways back of tensors, one after another, each with a checksum of what was stored.

    Parameters
    ----------
    path : path of the file
    """

    def __init__(self, path: Path) -> None:
        self._file = zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def add(self, name: str, undo: Undo, stored: Any) -> None:
        """Keep the way back of a tensor from the bytes that were stored of it."""
        told = {"axis": undo.axis, "bfloat16": undo.bfloat16, "checksum": zlib.crc32(stored)}
        place = json.dumps(name)
        self._file.writestr(f"{place}/told.json", json.dumps(told))
        for part in _ARRAYS:
            array = getattr(undo, part)
            if array is not None:
                content = io.BytesIO()
                np.save(content, array, allow_pickle=False)
                self._file.writestr(f"{place}/{part}.npy", content.getvalue())


class UndoFile:
    """The ways back that a folder keeps.

    Parameters
    ----------
    folder : Path

    Raises
    ------
    DomainError
        Where there are none.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME
        if not self.path.is_file():
            raise DomainError(f"{folder} keeps no edit to undo: it has no {NAME}.")
        try:
            self._file = zipfile.ZipFile(self.path)
            self.names = [json.loads(name.removesuffix("/told.json")) for name in self._names()]
        except (OSError, ValueError, zipfile.BadZipFile):
            raise DomainError(f"{self.path} is damaged: the edit cannot be undone with it.") from None

    def _names(self) -> Iterator[str]:
        return (name for name in self._file.namelist() if name.endswith("/told.json"))

    def of(self, name: str, stored: Any) -> Undo:
        """The way back of a tensor, of which these bytes are stored.

        Raises
        ------
        DomainError
            Where other bytes were stored when it was edited.
        """
        place = json.dumps(name)
        try:
            told: dict[str, Any] = json.loads(self._file.read(f"{place}/told.json"))
            arrays = {part: self._array(f"{place}/{part}.npy") for part in _ARRAYS}
        except (OSError, ValueError, KeyError, zipfile.BadZipFile, zlib.error):
            raise DomainError(f"{self.path} is damaged: the edit cannot be undone with it.") from None
        if zlib.crc32(stored) != told["checksum"]:
            raise DomainError(f"{name} was changed after the edit: the edit cannot be undone.")
        basis, coefficients, correction = (arrays[part] for part in ("basis", "coefficients", "correction"))
        if basis is None or coefficients is None or correction is None:
            raise DomainError(f"{self.path} is damaged: the edit cannot be undone with it.")
        return Undo(told["axis"], basis, coefficients, arrays["scale"], correction, told["bfloat16"])

    def _array(self, name: str) -> Any:
        if name not in self._file.namelist():
            return None
        return np.load(io.BytesIO(self._file.read(name)), allow_pickle=False)
