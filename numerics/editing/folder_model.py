"""Models in folders of safetensors: what is edited, written whole or not at all, and taken back."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from numerics.editing.edits import RECORD, Edit, Progress, Written, verify_place
from numerics.editing.families import Target, blocks_of, family_of, targets_of
from numerics.editing.filters import what_is_left
from numerics.editing.llama import Llama, llama_of_folder, read_config
from numerics.editing.numbers import STORED, encoded
from numerics.editing.safetensors_file import SafetensorsFile, Stored, read_shards, write_safetensors
from numerics.editing.tokens import ByteLevelTokenizer, tokenizer_of_json
from numerics.editing.undo_file import NAME, UndoFile, UndoWriter
from numerics.editing.whole_folder import whole_folder
from theory.errors import DomainError


class FolderModel:
    """A model in a folder with config.json and safetensors.

    Parameters
    ----------
    path : Path

    Raises
    ------
    DomainError
        For a family that is not known, missing shards, and files that break their format.
    """

    undoable = True

    def __init__(self, path: Path) -> None:
        self.path = path
        config = read_config(path)
        text = config.get("text_config")
        self.config = config | text if isinstance(text, dict) else config
        self.family = family_of(config.get("model_type"))
        self.files = read_shards(path)
        self.blocks = blocks_of(self.family, self.files)
        if not self.blocks:
            raise DomainError(f"no tensor of {path} is named as those of a model of type {config.get('model_type')!r}.")

    @cached_property
    def width(self) -> int:
        """Width of the residual stream."""
        found = self.config.get("hidden_size", self.config.get("n_embd"))
        if not isinstance(found, int):
            raise DomainError(f"config.json of {self.path} tells no hidden_size.")
        return found

    def targets(self, blocks: list[int], matrices: str = "mlp") -> list[Target]:
        """The tensors to edit, each checked: its width, its numbers, and whether another tensor is tied to it."""
        found = targets_of(self.family, self.files, blocks, matrices)
        for target in found:
            entry = self.files[target.name].entries[target.name]
            if len(entry.shape) + target.axis < 0 or entry.shape[target.axis] != self.width:
                raise DomainError(
                    f"{target.name} has shape {list(entry.shape)}, and the outputs should have the width {self.width}."
                )
            if entry.kind not in STORED:
                raise DomainError(
                    f"{target.name} is stored as {entry.kind}: quantised weights are not edited in place."
                )
        names = {target.name for target in found}
        for file in {id(file): file for file in self.files.values()}.values():
            for dropped, kept in file.metadata.items():
                if kept in names and dropped not in names:
                    raise DomainError(f"{dropped} is tied to {kept}: editing one would change the other.")
        return found

    def matrix(self, name: str) -> NDArray[Any]:
        """A tensor of one's own, in its own precision."""
        return self.files[name].array(name)

    def final_norm(self) -> NDArray[Any] | None:
        """Weight of the norm behind the last block, where its name is known."""
        for name in ("model.norm.weight", "norm.weight", "transformer.ln_f.weight", "gpt_neox.final_layer_norm.weight"):
            if name in self.files:
                return self.matrix(name)
        return None

    def llama(self) -> Llama:
        """The model as it is computed here."""
        return llama_of_folder(self.path)

    def tokenizer(self) -> ByteLevelTokenizer:
        """Its tokenizer."""
        return tokenizer_of_json(self.path / "tokenizer.json")

    def write(
        self, output: Path, edits: Mapping[int, Edit], targets: list[Target], told: Mapping[str, Any],
        kind: str | None = None, progress: Progress = lambda name: None,
    ) -> list[Written]:  # fmt: skip
        """Write the edited model as a new folder, whole or not at all; one matrix is in memory at a time.

        Parameters
        ----------
        output : Path
            A folder that does not exist.
        edits : by block
        targets : what :meth:`targets` returned
        told : what the record says
        kind : must be None: tensors keep their types
        progress : called with the name of each tensor that is done
        """
        if kind is not None:
            raise DomainError("types are changed of GGUF files only: a folder keeps those of its tensors.")
        verify_place(self.path, output)
        wanted = {target.name: target for target in targets}
        written: list[Written] = []
        with whole_folder(output) as folder:
            skipped = {file.path.name for file in self.files.values()} | {RECORD, NAME}
            copy_others(self.path, folder, skipped)
            with UndoWriter(folder / NAME) as undos:
                for file in {id(file): file for file in self.files.values()}.values():
                    if not wanted.keys() & file.entries.keys():
                        shutil.copyfile(file.path, folder / file.path.name)
                        continue

                    def content(name: str, file: SafetensorsFile = file) -> Any:
                        if name not in wanted:
                            return file.raw(name)
                        stored, done = self._edited(wanted[name], file, edits[wanted[name].block], undos)
                        written.append(done)
                        progress(name)
                        return stored

                    tensors = {
                        name: Stored(entry.kind, entry.shape, lambda name=name, content=content: content(name))
                        for name, entry in file.entries.items()
                    }
                    write_safetensors(folder / file.path.name, tensors, file.metadata)
            record = dict(told) | {"tensors": [vars(one) for one in written]}
            (folder / RECORD).write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        return written

    def _edited(self, target: Target, file: SafetensorsFile, edit: Edit, undos: UndoWriter) -> tuple[bytes, Written]:
        kind = file.entries[target.name].kind
        matrix = file.array(target.name)
        found = edit.of(target, matrix, self.norm(target), kind == "BF16")
        stored = encoded(found.weights, kind)
        undos.add(target.name, found.undo, stored)
        left = what_is_left(matrix, found.weights, found.undo.basis, target.axis)
        return stored, Written(target.name, target.block, kind, found.removed, left)

    def norm(self, target: Target) -> NDArray[Any] | None:
        """The weight of the norm that the outputs of a tensor pass."""
        return None if target.norm is None else self.matrix(target.norm[0]) + target.norm[1]


def copy_others(source: Path, folder: Path, skipped: set[str]) -> None:
    """Copy all other files of a model's folder; links are followed, as hubs keep files behind them."""
    for path in sorted(source.iterdir()):
        if path.name in skipped or path.name.startswith("."):
            continue
        if path.is_dir():
            shutil.copytree(path, folder / path.name)
        else:
            shutil.copyfile(path, folder / path.name)


def undo_edit(source: Path, output: Path, progress: Progress = lambda name: None) -> list[str]:
    """Write the model as it was before its edit, to the last bit; returns the names of the restored tensors.

    Parameters
    ----------
    source : the edited folder
    output : a folder that does not exist
    progress : called with the name of each restored tensor

    Raises
    ------
    DomainError
        Where the folder keeps no edit, or its tensors were changed since. Of GGUF files, which store edited matrices in
        another type: the file before the edit is the way back.

    Notes
    -----
    Made here.
    """
    if not source.exists():
        raise DomainError(f"{source} does not exist: give the folder of the edited model.")
    if not source.is_dir() or (not (source / "config.json").exists() and list(source.glob("*.gguf"))):
        raise DomainError(f"an edit of a GGUF file is not undone from {source}: take the file before the edit.")
    undos = UndoFile(source)
    files = read_shards(source)
    verify_place(source, output)
    lost = [name for name in undos.names if name not in files]
    if lost:
        raise DomainError(f"{source} has no tensor {lost[0]}, which was edited.")
    with whole_folder(output) as folder:
        copy_others(source, folder, {file.path.name for file in files.values()} | {RECORD, NAME})
        for file in {id(file): file for file in files.values()}.values():

            def content(name: str, file: SafetensorsFile = file) -> Any:
                raw = file.raw(name)
                if name not in undos.names:
                    return raw
                kind = file.entries[name].kind
                progress(name)
                return encoded(undos.of(name, raw)(file.array(name)), kind)

            tensors = {
                name: Stored(entry.kind, entry.shape, lambda name=name, content=content: content(name))
                for name, entry in file.entries.items()
            }
            write_safetensors(folder / file.path.name, tensors, file.metadata)
    return list(undos.names)
