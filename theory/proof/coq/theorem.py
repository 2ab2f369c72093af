"""Theorems and definitions of Coq: statement, proof, and what of the library the proof leans on."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class Theorem:
    """A theorem or lemma.

    Attributes
    ----------
    name, statement : str
    proof : tuple of str
        Lines of tactics.
    needs : tuple of str
        Files of the library that the proof leans on.
    kind : "Theorem" or "Lemma"
        A theorem is a claim of the file; a lemma is a step on the way.
    about : str
        A comment.
    """

    name: str
    statement: str
    proof: tuple[str, ...]
    needs: tuple[str, ...] = ()
    kind: str = "Theorem"
    about: str = ""

    def text(self) -> str:
        """The theorem as Coq reads it."""
        comment = f"(* {self.about} *)\n" if self.about else ""
        body = "\n".join(f"  {line}" for line in self.proof)
        return f"{comment}{self.kind} {self.name} : {self.statement}.\nProof.\n{body}\nQed."


@dataclass(frozen=True)
class Definition:
    """A definition on the way to a theorem, as Coq reads it.

    Attributes
    ----------
    name, body : str
        ``body`` is what follows the name: arguments, type and value.
    """

    name: str
    body: str
    kind: ClassVar[str] = "Definition"
    needs: ClassVar[tuple[str, ...]] = ()

    def text(self) -> str:
        """The definition as Coq reads it."""
        return f"Definition {self.name} {self.body}."


#: A part of a file.
Part = Theorem | Definition


def grouped(term: str) -> str:
    """A term as an argument of a function.

    Examples
    --------
    >>> grouped("n"), grouped("n + 1")
    ('n', '(n + 1)')
    """
    return term if re.fullmatch(r"\w+", term) else f"({term})"


def tupled(terms: Iterable[str]) -> str:
    """Terms as one state: itself when there is one."""
    found = list(terms)
    return found[0] if len(found) == 1 else f"({', '.join(found)})"


def remark(text: str) -> str:
    """Text as it may stand inside a Coq comment.

    Examples
    --------
    >>> remark('a *) "b"')
    "a * ) 'b'"
    """
    return text.replace("(*", "( *").replace("*)", "* )").replace('"', "'")
