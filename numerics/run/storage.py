r"""A run on disk: what is finished is never lost, and what is not was never there.

A folder holds ``losses.jsonl``, a header with the settings of the run and then one line for every finished generation
of a replicate, in the order in which they were done, and as ``.npy`` files those synthetic blocks that a later
generation of the replicate at work is fitted on. A generation counts once its line is there: the block that it sampled
is written before, to a temporary name, and renamed when it is on the disk. A process that is killed leaves at most a
torn last line, which is cut off, and a file that no line speaks of, which is written again. Floats are written by
``repr`` and read back as the same bits.

How many generations and replicates there are is no setting: more of either continue what is there. Each line names the
recipe of its generation, what the workflow took of which blocks, so that a workflow is the same as far as it went.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numerics.run.lines import (
    PARTIAL,
    Lines,
    LockedError,
    Record,
    line_of,
    parsed,
    reason_of,
    settle_folder,
    write_whole,
)
from theory.errors import DomainError

Array = NDArray[np.float64]

FORMAT = "selfgen generations, 2"
RECORD = "losses.jsonl"
#: Settings kept as fingerprints, which say nothing to a reader.
DIGESTS = ("data", "test_data")


class Storage(Record):
    """Losses and blocks of a run, in memory (``path`` None) or in a folder as well.

    Parameters
    ----------
    path : folder, made if need be
    settings : what tells this run from another
    recipes : what each generation is made of, a short text each; compared as far as both runs go

    Attributes
    ----------
    losses : of the finished generations of each replicate that was begun
    """

    def __init__(
        self, path: str | os.PathLike[str] | None, settings: Mapping[str, Any], recipes: Sequence[str]
    ) -> None:
        if path is not None and not isinstance(path, (str, os.PathLike)):
            raise DomainError(f"path = {path!r} is not a path: give the name of a folder.")
        self.folder = None if path is None else Path(path)
        self.settings = dict(settings)
        self.recipes = tuple(recipes)
        self.losses: list[list[float]] = []
        self._digests: dict[tuple[int, int], str] = {}

    @property
    def kept(self) -> str:
        """What an interruption leaves, and how to go on, as a sentence."""
        if self.folder is None:
            return "Nothing is kept: with path = a folder, what is finished would be."
        done = sum(len(losses) for losses in self.losses)
        if not done:
            return f"Nothing was finished: the same call begins again in {self.folder}."
        generations = f"{done} finished generation{'s are' if done > 1 else ' is'}"
        return f"{generations} kept in {self.folder}: the same call goes on from there."

    @contextmanager
    def _reported(self) -> Iterator[None]:
        """An error of the disk as a sentence."""
        try:
            yield
        except OSError as error:
            kept = f" {self.kept}" if self.losses else ""
            raise DomainError(f"path = {self.folder} cannot be written: {reason_of(error)}.{kept}") from None

    def of(self, replicate: int) -> list[float]:
        """Losses of the finished generations of a replicate."""
        return self.losses[replicate] if replicate < len(self.losses) else []

    def record(self, replicate: int, loss: float, block: Array | None) -> None:
        """The next generation of a replicate is finished: its loss, and the block sampled from it where one is."""
        generation = len(self.of(replicate))
        if self._lines is not None:
            place = {"replicate": replicate + 1, "generation": generation + 1}
            line: dict[str, Any] = {**place, "recipe": self.recipes[generation], "loss": loss}
            with self._reported():
                if block is not None:
                    line["block"] = self._write_block(replicate, generation + 2, block)
                self._lines.append(line)
        if replicate == len(self.losses):
            self.losses.append([])
        self.losses[replicate].append(loss)

    def keep(self, replicate: int, blocks: Iterable[int]) -> None:
        """Remove the files of all blocks but these, and what an interruption left."""
        if self.folder is None:
            return
        kept = {_block_name(replicate, block) for block in blocks}
        with self._reported():
            for file in [*self.folder.glob("block-*.npy"), *self.folder.glob(f"*{PARTIAL}")]:
                if file.name not in kept:
                    file.unlink(missing_ok=True)

    def block(self, replicate: int, block: int) -> Array | None:
        """A block as it was written; None where it is not there, or is damaged."""
        digest = self._digests.get((replicate, block))
        if self.folder is None or digest is None:
            return None
        try:
            rows: Array = np.load(self.folder / _block_name(replicate, block), allow_pickle=False)
        except (OSError, ValueError, EOFError):
            return None
        return rows if digest_of(rows) == digest else None

    def _open(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        names = sorted(file.name for file in folder.iterdir() if not file.name.endswith(PARTIAL))
        if names and RECORD not in names:
            raise DomainError(
                f"path = {folder} holds {names[0]!r}, but no run: give a folder that is new, empty, or a run's."
            )
        try:
            self._lines = Lines(folder / RECORD)
        except LockedError:
            raise DomainError(f"path = {folder} is being written by another process: wait for it.") from None
        self._read(folder, self._lines)

    def _read(self, folder: Path, file: Lines) -> None:
        lines, torn = file.read()
        if not lines and _is_begun(torn):
            # New, or a process was killed before its first line was there.
            file.cut(0)
            file.append({"format": FORMAT, "settings": self.settings})
            settle_folder(folder)
            return
        header = parsed(lines[0]) if lines else None
        if header is None or header.get("format") != FORMAT or not isinstance(header.get("settings"), dict):
            raise DomainError(f"path = {folder} holds no run that can be read: its {RECORD} has no header.")
        self._verify_same(folder, header["settings"])
        end = len(lines[0]) + 1
        for index, text in enumerate(lines[1:]):
            found = parsed(text)
            if found is None or not self._continues(found):
                # After a loss of power the last line may be there in length only.
                if index == len(lines) - 2:
                    break
                raise DomainError(f"path = {folder} is damaged: line {index + 2} of its {RECORD} cannot be read.")
            replicate, generation = found["replicate"] - 1, found["generation"] - 1
            self._verify_recipe(folder, generation, found["recipe"])
            self.losses[replicate:] = [[*self.of(replicate), found["loss"]], *self.losses[replicate + 1 :]]
            if "block" in found:
                self._digests[replicate, generation + 2] = found["block"]
            end += len(text) + 1
        file.cut(end)

    def _continues(self, line: Mapping[str, Any]) -> bool:
        """Whether a line is the next generation of a replicate that was begun, or begins the next."""
        replicate, generation = line.get("replicate"), line.get("generation")
        if not isinstance(replicate, int) or not 1 <= replicate <= len(self.losses) + 1:
            return False
        known = isinstance(line.get("loss"), float) and isinstance(line.get("recipe"), str)
        return known and generation == len(self.of(replicate - 1)) + 1

    def _verify_recipe(self, folder: Path, generation: int, theirs: str) -> None:
        if generation < len(self.recipes) and self.recipes[generation] != theirs:
            raise DomainError(
                f"path = {folder} holds another run, with workflow = {self.settings.get('workflow')} of other weights "
                f"or sizes at generation {generation + 1}: ask for the same as there to go on with it, or give another "
                f"path for a new run."
            )

    def _verify_same(self, folder: Path, theirs: Mapping[str, Any]) -> None:
        differing = []
        for name in {**self.settings, **theirs}:
            mine, other = self.settings.get(name), theirs.get(name)
            if mine != other:
                there = f"{name} = {_short(other)} there and {_short(mine)} here"
                differing.append(f"other numbers in {name}" if name in DIGESTS else there)
        if differing:
            raise DomainError(
                f"path = {folder} holds another run, with {', '.join(differing)}: ask for the same as there to go on "
                f"with it, or give another path for a new run."
            )

    def _write_block(self, replicate: int, block: int, rows: Array) -> str:
        assert self.folder is not None
        # By way of memory: NumPy's own writing does not say why it failed.
        content = io.BytesIO()
        np.save(content, rows, allow_pickle=False)
        write_whole(self.folder / _block_name(replicate, block), content.getvalue())
        return digest_of(rows)


def digest_of(rows: Array) -> str:
    """A fingerprint of an array: shape and bits."""
    return sha256(repr((rows.shape, rows.dtype.str)).encode() + np.ascontiguousarray(rows).tobytes()).hexdigest()


def _block_name(replicate: int, block: int) -> str:
    return f"block-{replicate + 1}-{block}.npy"


def _is_begun(text: bytes) -> bool:
    """Whether this is the beginning of a header, or of nothing."""
    start = line_of({"format": FORMAT})[:-2]
    return text[: len(start)] == start[: len(text)] or not text.strip(b"\0")


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 100 else f"{text[:97]}…"
