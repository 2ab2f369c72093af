"""What a command does to a disk: where it can be ended at each step of it, and where each step can fail."""

from __future__ import annotations

import builtins
import errno
import io
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

#: What changes names or contents; files that are opened to be written by Python's own ``open`` come on top.
STEPS = ("replace", "rename", "mkdir", "unlink", "remove", "rmdir", "ftruncate", "truncate", "link", "symlink", "chmod")
#: What ends of names tell that the content may be half there, and beginnings: nothing reads those.
UNREAD = ".partial"


@contextmanager
def before_each(step: Callable[[], None]) -> Iterator[None]:
    """Call ``step`` before every change of the disk, and once more where a write is half done."""
    write, opened, plain = os.write, os.open, io.open

    def half(file: int, content: Any) -> int:
        step()
        whole = bytes(content)
        written = write(file, whole[: len(whole) // 2])
        step()
        return written + write(file, whole[written:])

    def open_file(path: Any, flags: int, *others: Any, **named: Any) -> int:
        if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC):
            step()
        return opened(path, flags, *others, **named)

    def open_stream(file: Any, mode: str = "r", *others: Any, **named: Any) -> Any:
        if set(mode) & set("wax+"):
            step()
        stream = plain(file, mode, *others, **named)
        if set(mode) & set("wax+"):
            step()
        return stream

    def stepped(name: str) -> Callable[..., Any]:
        original = getattr(os, name)

        def changed(*arguments: Any, **named: Any) -> Any:
            step()
            return original(*arguments, **named)

        return changed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "write", half)
        patch.setattr(os, "open", open_file)
        for module in (builtins, io):
            patch.setattr(module, "open", open_stream)
        for name in STEPS:
            patch.setattr(os, name, stepped(name))
        yield


@contextmanager
def as_killed(folder: Path, states: list[dict[str, bytes]]) -> Iterator[None]:
    """Collect what a process would have left in a folder, had it been killed at any step of it."""
    busy = False

    def look() -> None:
        nonlocal busy
        if not busy:
            busy = True
            try:
                if not states or states[-1] != (now := contents(folder)):
                    states.append(contents(folder) if not states else now)
            finally:
                busy = False

    with before_each(look):
        yield
    states.append(contents(folder))


@contextmanager
def failing(after: int, reason: int = errno.ENOSPC) -> Iterator[list[int]]:
    """Let so many steps be, and every later one fail, as on a full disk; removing names still works there."""
    left = [after]

    def fail() -> None:
        left[0] -= 1
        if left[0] < 0:
            raise OSError(reason, os.strerror(reason))

    unlink, remove, rmdir = os.unlink, os.remove, os.rmdir
    with before_each(fail), pytest.MonkeyPatch.context() as patch:
        for name, original in (("unlink", unlink), ("remove", remove), ("rmdir", rmdir)):
            patch.setattr(os, name, original)
        yield left


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder that is not marked as being written, by its name."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if not any(part.endswith(UNREAD) for part in name.parts) and path.is_file():
            found[name.as_posix()] = path.read_bytes()
    return found


def restore(folder: Path, content: dict[str, bytes]) -> None:
    """Make a folder hold just these files."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name, data in content.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
