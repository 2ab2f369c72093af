"""Files of the safetensors format, read by memory map and written one tensor at a time, bfloat16 included.

A file is the length of the header (8 bytes, little endian), the header (JSON: for each tensor its type, shape and
place, and metadata), and the numbers. The header is checked as the format asks, before anything else is read.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numerics.editing.numbers import BITS, decoded, encoded
from theory.errors import DomainError

#: Longer headers are refused, as the format's own library does.
LONGEST_HEADER = 100_000_000
_METADATA = "__metadata__"


@dataclass(frozen=True)
class Entry:
    """A tensor as the header tells it: type, shape, first byte and the one after the last, behind the header."""

    kind: str
    shape: tuple[int, ...]
    start: int
    end: int


class SafetensorsFile:
    """A file that is read where it lies; nothing is loaded before it is asked for.

    Parameters
    ----------
    path : path of the file

    Attributes
    ----------
    entries : dict of :class:`Entry`, in the order of their bytes
    metadata : dict of texts

    Raises
    ------
    DomainError
        For a file that breaks the format: a header that is cut off or too long, names given twice, tensors that
        overlap, leave holes, or end elsewhere than the file.

    Notes
    -----
    Made here, from the format's description (Hugging Face 2022).
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        try:
            size = self.path.stat().st_size
            with self.path.open("rb") as file:
                header = self._header(file.read(8), file, size)
        except OSError as error:
            raise DomainError(f"{self.path} cannot be read: {error.strerror or error}.") from None
        self.metadata, self.entries = self._entries(header, size - self._start)

    def _fault(self, what: str) -> DomainError:
        return DomainError(f"{self.path} is no safetensors file: {what}.")

    def _header(self, first: bytes, file: Any, size: int) -> Mapping[str, Any]:
        if len(first) < 8:
            raise self._fault(f"it has {size} bytes, and the length of the header alone takes 8")
        length = int.from_bytes(first, "little")
        if length > LONGEST_HEADER:
            raise self._fault(f"its header would have {length} bytes, and {LONGEST_HEADER} are allowed")
        if 8 + length > size:
            raise self._fault(f"its header would have {length} bytes, and {size - 8} follow: it is cut off")
        raw = file.read(length)
        self._start = 8 + length

        def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
            found = dict(pairs)
            if len(found) < len(pairs):
                names = [name for name, _ in pairs]
                twice = next(name for name in names if names.count(name) > 1)
                raise self._fault(f"its header has {twice!r} twice")
            return found

        try:
            header = json.loads(raw.decode("utf-8"), object_pairs_hook=unique)
        except DomainError:
            raise
        except (UnicodeDecodeError, ValueError, RecursionError):
            raise self._fault("its header is not JSON") from None
        if not isinstance(header, dict) or not raw.startswith(b"{"):
            raise self._fault("its header is not a JSON object")
        return header

    def _entries(self, header: Mapping[str, Any], size: int) -> tuple[dict[str, str], dict[str, Entry]]:
        metadata = header.get(_METADATA) or {}
        if not isinstance(metadata, dict) or not all(isinstance(text, str) for text in metadata.values()):
            raise self._fault("its metadata are not texts")
        found = {name: self._entry(name, told) for name, told in header.items() if name != _METADATA}
        found = dict(sorted(found.items(), key=lambda item: (item[1].start, item[1].end)))
        end = 0
        for name, entry in found.items():
            if entry.start != end:
                word = "overlaps the one before" if entry.start < end else "leaves a hole before it"
                raise self._fault(f"the tensor {name!r} {word}")
            end = entry.end
        if end != size:
            raise self._fault(f"its tensors end at byte {end}, and {size} follow the header")
        return dict(metadata), found

    def _entry(self, name: str, told: Any) -> Entry:
        fields = told if isinstance(told, dict) else {}
        kind, shape, places = fields.get("dtype"), fields.get("shape"), fields.get("data_offsets")
        wholes = [
            isinstance(numbers, list) and all(type(number) is int and number >= 0 for number in numbers)
            for numbers in (shape, places)
        ]
        if not isinstance(kind, str) or not all(wholes) or len(places or []) != 2:
            raise self._fault(f"its header tells no type, shape and place of {name!r}")
        if kind not in BITS:
            raise self._fault(f"the tensor {name!r} is of the unknown type {kind!r}")
        bits = math.prod(shape or []) * BITS[kind]
        start, end = places or (0, 0)
        if bits % 8 or start + bits // 8 != end:
            raise self._fault(f"the tensor {name!r} of shape {shape} does not take bytes {start} to {end}")
        return Entry(kind, tuple(shape or []), start, end)

    def raw(self, name: str) -> NDArray[np.uint8]:
        """The bytes of a tensor, as a view of the file."""
        entry = self.entries[name]
        if entry.start == entry.end:
            return np.empty(0, dtype=np.uint8)
        place = self._start + entry.start
        return np.memmap(self.path, dtype=np.uint8, mode="r", offset=place, shape=(entry.end - entry.start,))

    def array(self, name: str) -> NDArray[Any]:
        """A tensor of one's own, bfloat16 as float32.

        Raises
        ------
        DomainError
            For a name that is not there, and numbers of 8 bits or fewer that are not whole.
        """
        if name not in self.entries:
            raise DomainError(f"{self.path} has no tensor {name!r}.")
        entry = self.entries[name]
        try:
            return np.array(decoded(self.raw(name), entry.kind)).reshape(entry.shape)
        except DomainError as error:
            raise DomainError(f"{name} of {self.path}: {error}") from None


@dataclass(frozen=True)
class Stored:
    """A tensor to write: its type, shape, and the bytes, made when they are asked for."""

    kind: str
    shape: tuple[int, ...]
    content: Any

    @property
    def size(self) -> int:
        """Bytes."""
        return math.prod(self.shape) * BITS[self.kind] // 8


def stored(array: NDArray[Any], kind: str | None = None) -> Stored:
    """An array as it is to be written, in its own type where none is named."""
    names = {"f2": "F16", "f4": "F32", "f8": "F64"}
    found = kind or names.get(array.dtype.str[1:], "")
    if found not in BITS:
        raise DomainError(f"arrays of type {array.dtype} are not written: give floating-point numbers.")
    return Stored(found, array.shape, lambda: encoded(array, found))


def write_safetensors(
    path: Path | str, tensors: Mapping[str, Stored], metadata: Mapping[str, str] | None = None
) -> None:
    """Write a file, one tensor in memory at a time; what is asked of a half-written file is its caller's matter.

    Parameters
    ----------
    path : path
    tensors : by name, in the order of their bytes
    metadata : texts by name

    Notes
    -----
    Made here; the header is padded so that numbers start at a multiple of 8, as the format recommends.
    """
    header: dict[str, Any] = {_METADATA: dict(metadata)} if metadata else {}
    end = 0
    for name, tensor in tensors.items():
        start, end = end, end + tensor.size
        header[name] = {"dtype": tensor.kind, "shape": list(tensor.shape), "data_offsets": [start, end]}
    raw = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    raw += b" " * (-len(raw) % 8)
    with Path(path).open("wb") as file:
        file.write(len(raw).to_bytes(8, "little"))
        file.write(raw)
        for name, tensor in tensors.items():
            written = file.write(tensor.content())
            if written != tensor.size:
                raise DomainError(f"the tensor {name!r} has {written} bytes, and {tensor.size} are needed.")
        file.flush()
        os.fsync(file.fileno())


def read_shards(folder: Path, index: str = "model.safetensors.index.json") -> dict[str, SafetensorsFile]:
    """The file of each tensor of a model folder, whether in one file or in shards with an index.

    Raises
    ------
    DomainError
        Where there is no such file, or a shard is missing, or does not hold what the index says.
    """
    listed = folder / index
    if not listed.exists():
        single = folder / "model.safetensors"
        if not single.exists():
            raise DomainError(f"{folder} holds neither model.safetensors nor {index}.")
        file = SafetensorsFile(single)
        return dict.fromkeys(file.entries, file)
    try:
        places = json.loads(listed.read_text(encoding="utf-8"))["weight_map"]
        names = {str(name): str(shard) for name, shard in places.items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise DomainError(f"{listed} is no index of shards: it has no weight_map.") from None
    wrong = sorted(shard for shard in set(names.values()) if Path(shard).name != shard)
    if wrong:
        raise DomainError(f"{listed} names the shard {wrong[0]!r}, which is not in its own folder.")
    missing = sorted(shard for shard in set(names.values()) if not (folder / shard).is_file())
    if missing:
        raise DomainError(
            f"the shard {missing[0]} of {folder} is missing ({len(missing)} of {len(set(names.values()))})."
        )
    files = {shard: SafetensorsFile(folder / shard) for shard in dict.fromkeys(names.values())}
    found = {name: file for file in files.values() for name in file.entries}
    for name, shard in names.items():
        if name not in files[shard].entries:
            raise DomainError(f"{shard} does not hold {name!r}, and {index} says it does.")
    unlisted: Iterable[str] = found.keys() - names.keys()
    for name in sorted(unlisted):
        raise DomainError(f"{found[name].path.name} holds {name!r}, and {index} does not know it.")
    return found
