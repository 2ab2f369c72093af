"""JSON from a file or a text, read strictly and within limits: what two readers could take for two things is refused.

A key given twice, a whole number written otherwise than in plain digits, NaN and the infinities mean different things
to different readers; so they are errors here, as are texts beyond a size and a depth that no honest file comes near.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NoReturn

LARGEST = 4_000_000  # characters, or bytes of a file, at most
DEEPEST = 40  # lists and objects within one another, at most
DIGITS = 40  # of a whole number, at most


class UnreadableError(ValueError):
    """A text that is no JSON, or beyond the limits; the message says which in one clause."""


def plain_file(path: str | Path, *, largest: int = LARGEST, fractions: bool = False) -> Any:
    """What the JSON text of a file holds.

    Parameters
    ----------
    path : str or Path
    largest : int, default 4,000,000
        Bytes, at most.
    fractions : bool, default False
        Whether numbers with a point or an exponent are allowed.

    Raises
    ------
    UnreadableError
        When the file cannot be opened, is larger, or holds no such text.
    """
    try:
        with open(path, "rb") as file:
            # One byte more tells: what has no size of its own, such as a device, is not read on for ever.
            content = file.read(largest + 1)
        if len(content) > largest:
            raise UnreadableError(f"it is larger than {largest:,} bytes")
        text = content.decode("utf-8")
    except OSError as error:
        raise UnreadableError(f"it cannot be opened ({error.strerror or error})") from None
    except UnicodeDecodeError as error:
        raise UnreadableError(f"it is no text in UTF-8 ({error.reason} at byte {error.start})") from None
    except ValueError as error:
        if isinstance(error, UnreadableError):
            raise
        raise UnreadableError(f"it cannot be opened ({error})") from None
    return plain(text, largest=largest, fractions=fractions)


def plain(text: str, *, largest: int = LARGEST, fractions: bool = False) -> Any:
    """What a JSON text holds.

    Raises
    ------
    UnreadableError
        When it is longer than ``largest`` characters, nested deeper than ``DEEPEST``, no JSON, or JSON that readers
        take in more than one way.

    Examples
    --------
    >>> plain('{"since": 2, "forms": [["g"]]}')
    {'since': 2, 'forms': [['g']]}
    >>> plain('{"since": 2, "since": 3}')
    Traceback (most recent call last):
    theory.proof.plain.UnreadableError: the key 'since' is given twice
    """
    if len(text) > largest:
        raise UnreadableError(f"it is longer than {largest:,} characters")
    try:
        value = json.loads(
            text,
            object_pairs_hook=_once,
            parse_int=_digits,
            parse_float=float if fractions else _refused,
            parse_constant=_refused,
        )
    except json.JSONDecodeError as error:
        raise UnreadableError(f"it is no JSON ({error.msg} at line {error.lineno}, column {error.colno})") from None
    except RecursionError:
        raise UnreadableError(f"it is nested deeper than {DEEPEST} levels") from None
    _shallow(value)
    return value


def _shallow(value: Any) -> None:
    level, depth = [value], 0
    while level := [item for outer in level for item in _within(outer)]:
        depth += 1
        if depth > DEEPEST:
            raise UnreadableError(f"it is nested deeper than {DEEPEST} levels")


def _within(value: Any) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise UnreadableError(f"the key {key[:40]!r} is given twice")
        found[key] = value
    return found


def _digits(written: str) -> int:
    if len(written) > DIGITS:
        raise UnreadableError(f"a whole number has more than {DIGITS} digits")
    if written == "-0":
        raise UnreadableError("the number 0 is written -0")
    return int(written)


def _refused(written: str) -> NoReturn:
    raise UnreadableError(f"{written[:40]} stands where a whole number or a text is expected")
