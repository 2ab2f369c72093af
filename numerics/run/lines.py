r"""A file of lines that only grows: one process at a time writes it, and what was written whole is never lost.

Each line is on the disk before anything else is done. A process that is killed leaves at most a torn last line, which
the next one cuts off; a disk that is full, or any other error of a write, has it cut off at once. A second process that
opens the file while the first holds it is refused, where the system has locks.
"""

from __future__ import annotations

import json
import os
from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from theory.whole_file import write_all

try:
    import fcntl
except ImportError:  # no locks on this system
    fcntl = None  # type: ignore[assignment]

class LockedError(Exception):
    """Another process holds the file."""


class Lines:
    """A file of JSON objects, a line each, held by this process until :meth:`close`.

    Parameters
    ----------
    path : file, made if need be

    Raises
    ------
    LockedError
        When another process holds it.
    """

    def __init__(self, path: Path) -> None:
        # Not through a link: a folder from elsewhere must not name a file of ours.
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)
        self._file = os.open(path, flags, 0o666)
        self._end = 0
        if fcntl is not None:
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(self._file)
                self._file = -1
                raise LockedError from None

    def close(self) -> None:
        """Give the file and its lock back; once more does nothing."""
        if self._file >= 0:
            if fcntl is not None:
                # Processes that were forked meanwhile hold the file too, and would keep its lock.
                fcntl.flock(self._file, fcntl.LOCK_UN)
            os.close(self._file)
            self._file = -1

    def read(self) -> tuple[list[bytes], bytes]:
        """All lines, and what follows the last; the next line is written where they end."""
        parts = []
        os.lseek(self._file, 0, os.SEEK_SET)
        while part := os.read(self._file, 1 << 20):
            parts.append(part)
        *lines, rest = b"".join(parts).split(b"\n")
        self._end = sum(len(line) + 1 for line in lines)
        return lines, rest

    def cut(self, end: int) -> None:
        """Keep so many bytes."""
        self._end = end
        if os.fstat(self._file).st_size != end:
            os.ftruncate(self._file, end)
            os.fsync(self._file)

    @property
    def end(self) -> int:
        """Bytes of the whole lines that are there."""
        return self._end

    def append(self, content: Mapping[str, Any]) -> None:
        """Write one more line; after an error the file is as it was."""
        line = line_of(content)
        try:
            os.lseek(self._file, self._end, os.SEEK_SET)
            write_all(self._file, line)
            os.fsync(self._file)
        except BaseException:
            # Where even this fails, the next process cuts it.
            with suppress(OSError):
                os.ftruncate(self._file, self._end)
            raise
        self._end += len(line)


class Record(ABC):
    """What is kept in a folder, in a file of lines that is held inside ``with``; in memory alone without a folder."""

    folder: Path | None
    _lines: Lines | None = None

    def __enter__(self) -> Self:
        if self.folder is not None:
            try:
                with self._reported():
                    self._open(self.folder)
            except BaseException:
                self._give_back()
                raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._give_back()

    def _give_back(self) -> None:
        if self._lines is not None:
            self._lines.close()
            self._lines = None

    @abstractmethod
    def _open(self, folder: Path) -> None:
        """Take ``_lines``, and read what is there."""

    @abstractmethod
    def _reported(self) -> AbstractContextManager[None]:
        """An error of the disk as a sentence."""


def line_of(content: Mapping[str, Any]) -> bytes:
    """A mapping as one line of JSON, its end included."""
    return json.dumps(content).encode() + b"\n"


def parsed(text: bytes) -> dict[str, Any] | None:
    """The mapping that a line holds; None for a line cut short, or of anything else."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
