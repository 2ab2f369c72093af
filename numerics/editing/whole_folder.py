"""A folder that appears whole or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from theory.errors import DomainError


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """A new folder beside ``path``, which takes its name when the body ends; after an error nothing is left of it.

    Raises
    ------
    DomainError
        Where there is something at ``path`` already, and where it cannot be written, such as on a full disk.

    Notes
    -----
    Made here: all is written under another name, on the same disk, and renamed.

    Examples
    --------
    >>> import tempfile
    >>> parent = Path(tempfile.mkdtemp())
    >>> with whole_folder(parent / "new") as folder:
    ...     _ = (folder / "file").write_text("content")
    >>> (parent / "new" / "file").read_text()
    'content'
    """
    path = Path(os.path.abspath(path))
    verify_free(path)
    temporary: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".partial", dir=path.parent))
        # Made for its owner alone; the folder that stays is as any other.
        mask = os.umask(0)
        os.umask(mask)
        temporary.chmod(0o777 & ~mask)
        yield temporary
        temporary.rename(path)
    except OSError as error:
        raise DomainError(f"{path} cannot be written: {error.strerror or error}; nothing was left of it.") from None
    finally:
        if temporary is not None and temporary.exists():
            shutil.rmtree(temporary, ignore_errors=True)


def verify_free(path: Path) -> None:
    """Refuse a place where something is."""
    if path.exists() and not (path.is_dir() and not any(path.iterdir())):
        raise DomainError(f"output {path} exists: give a new folder.")
