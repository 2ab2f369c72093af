"""Kinds of numbers in model files: their sizes, and bfloat16, which NumPy does not know."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from theory.errors import DomainError

#: Bits of a number, by the names of safetensors.
BITS = {
    "BOOL": 8, "U8": 8, "I8": 8, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8, "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6,
    "I16": 16, "U16": 16, "F16": 16, "BF16": 16, "I32": 32, "U32": 32, "F32": 32, "C64": 64,
    "F64": 64, "I64": 64, "U64": 64,
}  # fmt: skip
#: Those that are edited, with what NumPy stores them in.
STORED: dict[str, np.dtype[Any]] = {
    "F16": np.dtype("<f2"),
    "BF16": np.dtype("<u2"),
    "F32": np.dtype("<f4"),
    "F64": np.dtype("<f8"),
}
#: Others that are read, for what they are.
_PLAIN = {"BOOL": "?", "U8": "u1", "I8": "i1", "I16": "<i2", "U16": "<u2", "I32": "<i4", "U32": "<u4", "I64": "<i8",
          "U64": "<u8"}  # fmt: skip


def nearest_bfloat16(values: NDArray[Any]) -> NDArray[np.float32]:
    """The nearest numbers of bfloat16 (ties to the even one), held as float32.

    Examples
    --------
    >>> nearest_bfloat16(np.array([1.0, 1 + 2**-8, 1 + 3 * 2**-8], dtype=np.float32)).tolist()
    [1.0, 1.0, 1.015625]
    """
    return widened(_halves(values))


def widened(halves: NDArray[np.uint16]) -> NDArray[np.float32]:
    """Numbers of bfloat16 as float32, exactly."""
    return (halves.astype(np.uint32) << 16).view(np.float32)


def _halves(values: NDArray[Any]) -> NDArray[np.uint16]:
    with np.errstate(over="ignore"):
        bits = np.ascontiguousarray(values, dtype=np.float32).view(np.uint32)
    finite = (bits & 0x7F800000) != 0x7F800000
    # What is not finite must stay so: rounding would carry a NaN into an infinity or a zero.
    rounded = np.where(finite, bits + 0x7FFF + ((bits >> 16) & 1), bits | ((bits & 0xFFFF) != 0) * np.uint32(0x400000))
    return (rounded >> 16).astype(np.uint16)


def decoded(raw: NDArray[np.uint8], kind: str) -> NDArray[Any]:
    """Numbers from their bytes; bfloat16 as float32. The others are views where they are memory maps."""
    if kind == "BF16":
        return widened(raw.view("<u2"))
    if kind in STORED:
        return raw.view(STORED[kind])
    if kind in _PLAIN:
        return raw.view(_PLAIN[kind])
    raise DomainError(f"numbers of type {kind} cannot be read: {', '.join([*STORED, *_PLAIN])} can.")


def encoded(values: NDArray[Any], kind: str) -> bytes:
    """The bytes of numbers in a type of :data:`STORED`, rounded to the nearest."""
    if kind not in STORED:
        raise DomainError(f"numbers of type {kind} cannot be written: {', '.join(STORED)} can.")
    if kind == "BF16":
        found: NDArray[Any] = _halves(values)
    else:
        with np.errstate(over="ignore"):
            found = np.ascontiguousarray(values, dtype=STORED[kind])
    if np.isfinite(values).all() and not np.isfinite(widened(found) if kind == "BF16" else found).all():
        raise DomainError(f"a number of up to {float(np.abs(values).max()):.3g} does not fit the type {kind}.")
    return found.tobytes()
