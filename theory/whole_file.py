"""A file that holds all of what was written, or what it held before: never half of it."""

from __future__ import annotations

import errno
import os
import secrets
from contextlib import suppress
from pathlib import Path

from theory.errors import DomainError

#: How the names of files end that are being written; one that stays was left by a process that was killed.
PARTIAL = ".partial"


def write_all(file: int, content: bytes | memoryview) -> None:
    """Write all of it, however little the system takes at a time; OSError when the disk is full."""
    left = memoryview(content)
    while left:
        left = left[os.write(file, left) :]


def write_whole(path: Path, content: bytes | memoryview) -> None:
    """Write a file so that its name holds all of it or what it held before; a link of that name is replaced."""
    # A name that no other process has.
    partial = path.with_name(f"{path.name}.{secrets.token_hex(4)}{PARTIAL}")
    file = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
    try:
        try:
            write_all(file, content)
            os.fsync(file)
        finally:
            os.close(file)
        os.replace(partial, path)
    except BaseException:
        with suppress(OSError):
            partial.unlink()
        raise
    settle_folder(path.parent)


def write_text(path: Path, text: str) -> None:
    """Write a text likewise, in UTF-8.

    Raises
    ------
    DomainError
        When it cannot be written, with the reason.
    """
    try:
        write_whole(path, text.encode("utf-8"))
    except OSError as error:
        raise DomainError(f"{path} cannot be written: {reason_of(error)}.") from None


def settle_folder(folder: Path) -> None:
    """See that the names in a folder are on the disk."""
    try:
        held = os.open(folder, os.O_RDONLY)
    except OSError:  # folders cannot be opened on some systems
        return
    try:
        os.fsync(held)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # nor synced on others
            raise
    finally:
        os.close(held)


def reason_of(error: OSError) -> str:
    """What the system says of an error: NumPy and others raise some that say it elsewhere."""
    return error.strerror or str(error) or type(error).__name__
