"""Model files of the GGUF format, read and written through the package gguf; what it returns is copied at once."""

from __future__ import annotations

import importlib
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from theory.errors import DomainError

#: Types that edited matrices are stored in: what is left of a direction is 0.006, 0.002, 0.0002 of it, about.
EXPORTED = ("Q8_0", "BF16", "F16", "F32")
#: Types whose numbers are stored as they are, so that a file of them could be written in place.
_UNQUANTISED = ("F16", "BF16", "F32", "F64")


def library() -> Any:
    """The package gguf, or a sentence that says how to get it."""
    try:
        return importlib.import_module("gguf")
    except ImportError:
        raise DomainError("files of the GGUF format need the package gguf: pip install 'selfgen[editing]'.") from None


class GgufFile:
    """A model in one file.

    Parameters
    ----------
    path : path of the file

    Raises
    ------
    DomainError
        Where it cannot be read, is cut off, or the package gguf is not installed.

    Notes
    -----
    Made here on gguf. Opening takes seconds, for the lists of tokens are long: open once.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        gguf = library()
        try:
            self._reader = gguf.GGUFReader(str(self.path), "r")
        except (OSError, ValueError, IndexError, KeyError, TypeError, UnicodeDecodeError) as error:
            reason = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
            raise DomainError(f"{self.path} cannot be read as GGUF: {reason}.") from None
        self._tensors = {tensor.name: tensor for tensor in self._reader.tensors}

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the tensors, in the order of the file."""
        return tuple(self._tensors)

    def field(self, name: str, default: Any = None) -> Any:
        """A metadata field as Python holds it; ``{arch}`` in its name is that of the model."""
        found = self._reader.get_field(name.replace("{arch}", self.architecture))
        return default if found is None else found.contents()

    @cached_property
    def architecture(self) -> str:
        """Of the model, such as llama."""
        found = self._reader.get_field("general.architecture")
        if found is None:
            raise DomainError(f"{self.path} does not say its architecture.")
        return str(found.contents())

    def kind(self, name: str) -> str:
        """The type that a tensor is stored in, such as Q4_1."""
        return str(self._tensors[name].tensor_type.name)

    def array(self, name: str) -> NDArray[np.float32]:
        """A tensor as float32, of one's own."""
        if name not in self._tensors:
            raise DomainError(f"{self.path} has no tensor {name!r}.")
        tensor = self._tensors[name]
        # float32 would come as a view of the file.
        return np.array(library().quants.dequantize(tensor.data, tensor.tensor_type), dtype=np.float32)

    def verify_plain(self, names: list[str]) -> None:
        """Refuse to write quantised matrices in place: a removed direction comes back to 40-80 % in Q4_1."""
        coarse = [name for name in names if self.kind(name) not in _UNQUANTISED]
        if coarse:
            raise DomainError(
                f"{coarse[0]} of {self.path.name} is stored as {self.kind(coarse[0])}: quantised again, a removed "
                f"direction comes back; name a type to export edited matrices in, one of {', '.join(EXPORTED)}."
            )

    def export(self, path: Path, edited: dict[str, Any], kind: str | None) -> dict[str, NDArray[np.float32]]:
        """Write the file with edited matrices, the others byte for byte; returns what was stored of each.

        Parameters
        ----------
        path : path of the new file
        edited : by name, functions that return the new matrix
        kind : one of :data:`EXPORTED`, or None to keep the types of unquantised matrices
        """
        gguf = library()
        if kind is not None and kind not in EXPORTED:
            raise DomainError(f"type {kind} is not allowed: give one of {', '.join(EXPORTED)}.")
        if kind is None:
            self.verify_plain(list(edited))
        writer = gguf.GGUFWriter(str(path), self.architecture, endianess=self._reader.endianess)
        self._copy_fields(gguf, writer)
        kinds = {name: gguf.GGMLQuantizationType[kind or self.kind(name)] for name in edited}
        for name, tensor in self._tensors.items():
            numbers = tensor.data
            if name in edited:
                # Of zeros, for the place alone: numbers are made when they are written.
                numbers = _stored(gguf, np.zeros(tuple(int(n) for n in tensor.shape[::-1]), np.float32), kinds[name])
            own = kinds.get(name, tensor.tensor_type)
            writer.add_tensor_info(name, numbers.shape, numbers.dtype, numbers.nbytes, raw_dtype=own)
        found = {}
        try:
            writer.write_header_to_file()
            writer.write_kv_data_to_file()
            writer.write_ti_data_to_file()
            for name, tensor in self._tensors.items():
                raw = np.ascontiguousarray(tensor.data)
                if name in edited:
                    raw = _stored(gguf, edited[name](), kinds[name], name)
                    found[name] = np.array(gguf.quants.dequantize(raw, kinds[name]), dtype=np.float32)
                writer.write_tensor_data(raw)
        finally:
            writer.close()
        return found

    def _copy_fields(self, gguf: Any, writer: Any) -> None:
        """All metadata, type by type; what the writer itself writes is left out."""
        writer.data_alignment = self._reader.alignment
        for name, field in self._reader.fields.items():
            if name.startswith("GGUF.") or name == gguf.Keys.General.ARCHITECTURE:
                continue
            inner = field.types[-1] if field.types[0] == gguf.GGUFValueType.ARRAY else None
            writer.add_key_value(name, field.contents(), field.types[0], sub_type=inner)


def _stored(gguf: Any, matrix: NDArray[np.float32], kind: Any, name: str = "") -> NDArray[Any]:
    """A matrix in a type, as the writer wants it: bytes, or plain numbers of float16 and float32."""
    try:
        with np.errstate(over="ignore"):
            found = gguf.quants.quantize(np.ascontiguousarray(matrix, dtype=np.float32), kind)
    except gguf.quants.QuantError as error:
        raise DomainError(
            f"{name or 'a matrix'} of shape {matrix.shape} cannot be stored as {kind.name}: {error}."
        ) from None
    if name and not np.isfinite(gguf.quants.dequantize(found, kind)).all():
        raise DomainError(f"numbers of {name} do not fit the type {kind.name}: choose BF16 or F32.")
    return np.asarray(found)
