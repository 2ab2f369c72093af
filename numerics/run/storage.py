r"""A run on disk: what is finished is never lost, and what is not was never there.

A folder holds ``losses.jsonl``, a header with the settings of the run and then one line for every finished generation
of a replicate, in the order in which they were done, and as ``.npy`` files those synthetic blocks that a later
generation of a replicate at work is fitted on. A generation counts once its line is there: the block that it sampled is
written before, to a temporary name, and renamed when it is on the disk; and so is the state of its model, where the
next one begins from it. A process that is killed leaves at most a torn last line, which is cut off, and a file that no
line speaks of, which is written again. Floats are written by ``repr`` and read back as the same bits.

Blocks of some size are used where they lie, as memory-mapped files: without a folder, in one that is removed.

How many generations and replicates there are is no setting: more of either continue what is there. Each line names the
recipe of its generation, what the workflow took of which blocks, so that a workflow is the same as far as it went.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any

import numpy as np

from numerics.run.lines import Lines, LockedError, Record, line_of, parsed
from numerics.run.rows import Array, Documents, Rows, digest_of
from numerics.run.state import State, digest_of_state, packed, unpacked
from theory.errors import DomainError
from theory.whole_file import PARTIAL, reason_of, settle_folder, write_whole

FORMAT = "selfgen generations, 2"
RECORD = "losses.jsonl"
#: Settings kept as fingerprints, which say nothing to a reader.
DIGESTS = ("data", "test_data")
#: Bytes from which a block is used where it lies on the disk.
MAPPED = 2**16


@dataclass(frozen=True, eq=False)
class Finished:
    """A generation of a replicate that is done.

    Attributes
    ----------
    loss : of its model
    block : rows sampled from it, where a later generation is fitted on them
    observed : what else was measured, as JSON holds it
    model : the model, or its state, where the next begins from it
    """

    loss: float
    block: Rows | None = None
    observed: Any = None
    model: Any = None


class Storage(Record):
    """Losses and blocks of a run, in memory (``path`` None) or in a folder as well.

    Parameters
    ----------
    path : folder, made if need be
    settings : what tells this run from another
    recipes : what each generation is made of, a short text each; compared as far as both runs go
    label : what the workflow is called in every line, for whoever reads several runs together

    Attributes
    ----------
    losses : of the finished generations of each replicate that was begun
    observed : what else was measured at each
    """

    def __init__(
        self,
        path: str | os.PathLike[str] | None,
        settings: Mapping[str, Any],
        recipes: Sequence[str],
        label: str | None = None,
    ) -> None:
        if path is not None and not isinstance(path, (str, os.PathLike)):
            raise DomainError(f"path = {path!r} is not a path: give the name of a folder.")
        self.folder = None if path is None else Path(path)
        self.settings = dict(settings)
        self.recipes = tuple(recipes)
        self.label = label
        self.losses: dict[int, list[float]] = {}
        self.observed: dict[int, list[Any]] = {}
        self._digests: dict[str, str] = {}
        self._spilled: TemporaryDirectory[str] | None = None

    @property
    def kept(self) -> str:
        """What an interruption leaves, and how to go on, as a sentence."""
        if self.folder is None:
            return "Nothing is kept: with path = a folder, what is finished would be."
        done = sum(len(losses) for losses in self.losses.values())
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

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, trace)
        if self._spilled is not None:
            self._spilled.cleanup()
            self._spilled = None

    def of(self, replicate: int) -> list[float]:
        """Losses of the finished generations of a replicate."""
        return self.losses.get(replicate, [])

    def record(self, replicate: int, finished: Finished) -> Rows | None:
        """The next generation of a replicate is finished; returns its block, as it is to be used from now on."""
        generation = len(self.of(replicate)) + 1
        block = finished.block
        if self._lines is not None:
            place: dict[str, Any] = {"replicate": replicate + 1, "generation": generation}
            if self.label is not None:
                place["workflow"] = self.label
            line: dict[str, Any] = {**place, "recipe": self.recipes[generation - 1], "loss": finished.loss}
            with self._reported():
                if block is not None:
                    line["block"] = self._write_block(self._folder, replicate, generation + 1, block)
                if isinstance(finished.model, dict):
                    line["state"] = self._write_state(replicate, generation, finished.model)
                if finished.observed is not None:
                    line["observed"] = finished.observed
                self._lines.append(line)
        self.losses.setdefault(replicate, []).append(finished.loss)
        self.observed.setdefault(replicate, []).append(finished.observed)
        return None if block is None else self.held(replicate, generation + 1, block)

    def held(self, replicate: int, block: int, rows: Rows) -> Rows:
        """Rows of a block, those of some size as a memory-mapped file."""
        if rows.nbytes < MAPPED:
            return rows
        folder = self.folder
        if folder is None:
            if self._spilled is None:
                self._spilled = TemporaryDirectory(prefix="selfgen-")
            folder = Path(self._spilled.name)
        name = _block_name(replicate, block)
        with self._reported():
            if self.folder is None or not (folder / name).exists():
                self._write_block(folder, replicate, block, rows)
        return _read_block(folder / name, isinstance(rows, Documents))

    def keep(self, replicate: int, blocks: Iterable[int], state: int = 0) -> None:
        """Remove the files of all blocks of a replicate but these, and all states but that of one generation."""
        kept = {_block_name(replicate, block) for block in blocks} | {_state_name(replicate, state)}
        kept |= {_offsets_name(name) for name in kept}
        self._remove((f"block-{replicate + 1}-*.npy", f"state-{replicate + 1}-*.npz", f"*{PARTIAL}"), kept)

    def clear(self) -> None:
        """Remove all blocks and states, and what an interruption left."""
        self._remove(("block-*.npy", "state-*.npz", f"*{PARTIAL}"), set())

    def _remove(self, patterns: Iterable[str], kept: set[str]) -> None:
        folder = Path(self._spilled.name) if self._spilled is not None else self.folder
        if folder is None:
            return
        with self._reported():
            for file in [file for pattern in patterns for file in folder.glob(pattern)]:
                if file.name not in kept:
                    file.unlink(missing_ok=True)

    def block(self, replicate: int, block: int) -> Rows | None:
        """A block as it was written; None where it is not there, or is damaged."""
        name = _block_name(replicate, block)
        digest = self._digests.get(name)
        if self.folder is None or digest is None:
            return None
        try:
            rows = _read_block(self.folder / name, (self.folder / _offsets_name(name)).exists())
        except (OSError, ValueError, EOFError):
            return None
        return rows if digest_of(rows) == digest else None

    def state(self, replicate: int, generation: int) -> State | None:
        """The state of a model as it was written; None where it is not there, or is damaged."""
        name = _state_name(replicate, generation)
        digest = self._digests.get(name)
        if self.folder is None or digest is None:
            return None
        try:
            state = unpacked((self.folder / name).read_bytes())
        except Exception:  # a damaged archive fails in many ways
            return None
        return state if digest_of_state(state) == digest else None

    @property
    def _folder(self) -> Path:
        assert self.folder is not None
        return self.folder

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
            self.losses.setdefault(replicate, []).append(found["loss"])
            self.observed.setdefault(replicate, []).append(found.get("observed"))
            if "block" in found:
                self._digests[_block_name(replicate, generation + 2)] = found["block"]
            if "state" in found:
                self._digests[_state_name(replicate, generation + 1)] = found["state"]
            end += len(text) + 1
        file.cut(end)

    def _continues(self, line: Mapping[str, Any]) -> bool:
        """Whether a line is the next generation of a replicate."""
        replicate, generation = line.get("replicate"), line.get("generation")
        if not isinstance(replicate, int) or isinstance(replicate, bool) or replicate < 1:
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

    def _write_block(self, folder: Path, replicate: int, block: int, rows: Rows) -> str:
        name = _block_name(replicate, block)
        if isinstance(rows, Documents):
            write_whole(folder / _offsets_name(name), _npy(rows.offsets))
        write_whole(folder / name, _npy(rows.tokens if isinstance(rows, Documents) else rows))
        return digest_of(rows)

    def _write_state(self, replicate: int, generation: int, state: State) -> str:
        write_whole(self._folder / _state_name(replicate, generation), packed(state))
        return digest_of_state(state)


def _npy(array: Array) -> bytes | memoryview:
    """An array as the bytes of its file. By way of memory: NumPy's own writing does not say why it failed."""
    content = io.BytesIO()
    np.save(content, array, allow_pickle=False)
    return content.getbuffer()


def _read_block(path: Path, documents: bool) -> Rows:
    rows = _mapped(path)
    return Documents(rows, _mapped(path.with_name(_offsets_name(path.name)))) if documents else rows


def _mapped(path: Path) -> Array:
    large = path.stat().st_size >= MAPPED
    found: Array = np.load(path, mmap_mode="r" if large else None, allow_pickle=False)
    # The map itself, without the class: what is computed from it lies in memory.
    return np.asarray(found)


def _block_name(replicate: int, block: int) -> str:
    return f"block-{replicate + 1}-{block}.npy"


def _offsets_name(block: str) -> str:
    return block.removesuffix(".npy") + "-offsets.npy"


def _state_name(replicate: int, generation: int) -> str:
    return f"state-{replicate + 1}-{generation}.npz"


def _is_begun(text: bytes) -> bool:
    """Whether this is the beginning of a header, or of nothing."""
    start = line_of({"format": FORMAT})[:-2]
    return text[: len(start)] == start[: len(text)] or not text.strip(b"\0")


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 100 else f"{text[:97]}…"
