"""The cases of a study that are finished, written as each ends: what is killed loses the cases at work, no more.

``cases.jsonl`` holds a header and a line a case, with its settings and its result; floats are read back as the same
bits. While a study runs the lines stand in the order in which cases ended, and in that of the study once all are there.
A case is the same if all its settings are, its seed among them; a header of other versions is another computation. One
process at a time writes into a folder.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, fields, is_dataclass
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from numerics.run.lines import Lines, LockedError, Record, line_of, parsed
from selfgen import __version__
from theory import DomainError
from theory.whole_file import reason_of, write_whole

Result = TypeVar("Result")

FORMAT = "selfgen cases, 1"
RECORD = "cases.jsonl"
#: Time is no result: it is another at every run.
_TIME = "seconds"


class FinishedCases(Record, Generic[Result]):
    """The finished cases in a folder, or of this process alone (``folder`` None).

    Parameters
    ----------
    kind : type
        Of a result, a dataclass of plain values.
    folder : Path, optional
    resume : bool
        Take what is there for done; otherwise it is begun anew.
    named : str
        How the user named the folder, for errors.
    options : mapping
        What a result depends on besides its case, by the names that the user knows.
    """

    def __init__(
        self,
        kind: type[Result],
        folder: Path | None,
        resume: bool = False,
        named: str = "",
        options: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        self.folder, self.named = folder, named
        self._options = dict(options)
        self._kind: TypeAdapter[Result] = TypeAdapter(kind)
        self._resume = resume
        self._found: dict[str, Result] = {}
        self._timed = any(field.name == _TIME for field in fields(kind))  # type: ignore[arg-type]

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, trace)
        if isinstance(error, KeyboardInterrupt):
            raise KeyboardInterrupt(f"Interrupted. {self.kept}") from None
        if isinstance(error, DomainError) and self.folder is not None and self._found and self.kept not in str(error):
            raise type(error)(f"{error} {self.kept}") from None

    @property
    def kept(self) -> str:
        """What is there if the work ends now, and how to go on, as a sentence."""
        if self.folder is None:
            return "Nothing is kept: with --output DIR each case is, as it ends."
        if not self._found:
            return "No case was finished."
        count = len(self._found)
        return f"{count} finished case{'s are' if count > 1 else ' is'} kept in {self.folder}: --resume goes on."

    def of(self, case: Any) -> Result | None:
        """The result of a case that is finished, else None."""
        return self._found.get(_settings(case))

    def add(self, case: Any, result: Result) -> None:
        """A case is finished."""
        settings, lines = _settings(case), self._lines
        if lines is None:
            self._found[settings] = result
            return
        end = lines.end
        try:
            with self._reported():
                lines.append(_content(case, result))
        finally:
            # Also where Ctrl-C comes once its line is whole: what is there is told.
            if lines.end > end:
                self._found[settings] = result

    def close(self, cases: Sequence[Any], results: Sequence[Result]) -> None:
        """All cases are: put them in the order of the study."""
        if self.folder is not None:
            lines = [self._header(), *(_content(case, result) for case, result in zip(cases, results, strict=True))]
            with self._reported():
                write_whole(self.folder / RECORD, b"".join(map(line_of, lines)))

    @contextmanager
    def _reported(self) -> Iterator[None]:
        try:
            yield
        except LockedError:
            raise DomainError(
                f"{self.named} is being written by another process: wait for it, or give another folder."
            ) from None
        except OSError as error:
            raise DomainError(f"{self.named} cannot be written: {reason_of(error)}.") from None

    def _open(self, folder: Path) -> None:
        path = folder / RECORD
        self._lines = Lines(path)
        lines, rest = self._lines.read()
        if not _is_ours(lines, rest):
            raise DomainError(f"{path} is not a record of finished cases: remove it, or give another folder.")
        if not self._resume or not lines:
            self._lines.cut(0)
            self._lines.append(self._header())
            return
        header = parsed(lines[0])
        known = (header or {}).get("options", {})
        # Whoever asks for nothing takes what is there.
        self._options = self._options or known
        if header is not None and header.get("versions") == self._header()["versions"] and known != self._options:
            asked = ", ".join(f"{name} {value}" for name, value in known.items()) or "other options"
            raise DomainError(f"{path} was written with {asked}: give the same, or begin again without --resume.")
        if header != self._header():
            theirs = ", ".join(f"{name} {number}" for name, number in (header or {}).get("versions", {}).items())
            raise DomainError(f"{path} was written by {theirs}, and this is another: begin again without --resume.")
        end = len(lines[0]) + 1
        for number, text in enumerate(lines[1:], start=2):
            found = parsed(text)
            if found is None:
                # After a loss of power the last line may be there in length only.
                if number == len(lines):
                    break
                raise DomainError(f"{path} is damaged: line {number} cannot be read; begin again without --resume.")
            self._take(found)
            end += len(text) + 1
        self._lines.cut(end)

    def _header(self) -> dict[str, Any]:
        numbers = {"selfgen": __version__, **{name: version(name) for name in ("numpy", "sympy", "scipy")}}
        return {"format": FORMAT, "versions": numbers} | ({"options": self._options} if self._options else {})

    def _take(self, line: dict[str, Any]) -> None:
        content = line.get("result")
        if not isinstance(content, dict):
            return
        try:
            result = self._kind.validate_python({**content, **({_TIME: 0.0} if self._timed else {})})
        except ValidationError:
            return
        self._found[json.dumps(line.get("case"), sort_keys=True)] = result


def _is_ours(lines: Sequence[bytes], rest: bytes) -> bool:
    """Whether a file is a record, or the beginning of one."""
    start = line_of({"format": FORMAT})[:-2]
    first = lines[0] if lines else rest
    return (first if lines else first[: len(start)]).startswith(start[: len(start) if lines else len(first)])


def _content(case: Any, result: Any) -> dict[str, Any]:
    return {"case": json.loads(_settings(case)), "result": without_time(result)}


def without_time(result: Any) -> dict[str, Any]:
    """A result as plain values: those of two runs are the same."""
    return {name: value for name, value in asdict(result).items() if name != _TIME}


def _settings(case: Any) -> str:
    """All that a case is, but for its place in a file."""
    known = case.model_dump(mode="json", exclude={"label"}) if isinstance(case, BaseModel) else case
    return json.dumps(asdict(known) if is_dataclass(known) else known, sort_keys=True)  # type: ignore[arg-type]
