"""Models in GGUF files: what is edited, and exported in a type that keeps the edit."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from numerics.editing.edits import RECORD, Edit, Progress, Written, verify_place
from numerics.editing.families import GGUF_FAMILIES, Target, blocks_of, family_of, targets_of
from numerics.editing.filters import what_is_left
from numerics.editing.gguf_file import GgufFile
from numerics.editing.llama import Llama, llama_of_gguf
from numerics.editing.tokens import ByteLevelTokenizer
from numerics.editing.whole_folder import whole_folder
from theory.errors import DomainError


class GgufModel:
    """A model in a GGUF file.

    Parameters
    ----------
    path : Path
    """

    undoable = False

    def __init__(self, path: Path) -> None:
        self.path = path
        self.file = GgufFile(path)
        self.family = family_of(self.file.architecture, GGUF_FAMILIES, "general.architecture")
        self.blocks = blocks_of(self.family, self.file.names)
        if not self.blocks:
            raise DomainError(f"no tensor of {path} is named as those of a model.")

    @cached_property
    def width(self) -> int:
        """Width of the residual stream."""
        return int(self.file.field("{arch}.embedding_length"))

    def targets(self, blocks: list[int], matrices: str = "mlp") -> list[Target]:
        """The tensors to edit."""
        return targets_of(self.family, self.file.names, blocks, matrices)

    def matrix(self, name: str) -> NDArray[Any]:
        """A tensor as float32, of one's own."""
        return self.file.array(name)

    def final_norm(self) -> NDArray[Any] | None:
        """Weight of the norm behind the last block."""
        return self.matrix("output_norm.weight") if "output_norm.weight" in self.file.names else None

    def llama(self) -> Llama:
        """The model as it is computed here."""
        return llama_of_gguf(self.file)

    def tokenizer(self) -> ByteLevelTokenizer:
        """Its tokenizer."""
        if self.file.field("tokenizer.ggml.model") != "gpt2":
            raise DomainError(f"the tokenizer of {self.path} is no byte-level encoding: give activations.")
        first = (
            self.file.field("tokenizer.ggml.bos_token_id") if self.file.field("tokenizer.ggml.add_bos_token") else None
        )
        return ByteLevelTokenizer(
            self.file.field("tokenizer.ggml.tokens"), self.file.field("tokenizer.ggml.merges"),
            self.file.field("tokenizer.ggml.pre", "gpt-2"), first,
        )  # fmt: skip

    def norm(self, target: Target) -> NDArray[Any] | None:
        """The weight of the norm that the outputs of a tensor pass."""
        return None if target.norm is None else self.matrix(target.norm[0]) + target.norm[1]

    def write(
        self, output: Path, edits: Mapping[int, Edit], targets: list[Target], told: Mapping[str, Any],
        kind: str | None = None, progress: Progress = lambda name: None,
    ) -> list[Written]:  # fmt: skip
        """Write the edited model as a file in a new folder, whole or not at all.

        Parameters
        ----------
        output, edits, targets, told, progress : as of a folder
        kind : "Q8_0", "BF16", "F16" or "F32"
            What edited matrices are stored in; None keeps theirs, which is refused of quantised ones.
        """
        verify_place(self.path, output)
        if kind is None:
            self.file.verify_plain([target.name for target in targets])
        removed: dict[str, float] = {}
        bases: dict[str, NDArray[Any]] = {}

        def edited(target: Target) -> Callable[[], NDArray[Any]]:
            def make() -> NDArray[Any]:
                found = edits[target.block].of(target, self.matrix(target.name), self.norm(target))
                removed[target.name], bases[target.name] = found.removed, found.undo.basis
                progress(target.name)
                return found.weights

            return make

        with whole_folder(output) as folder:
            made = {target.name: edited(target) for target in targets}
            stored = self.file.export(folder / self.path.name, made, kind)
            written = [
                Written(
                    one.name, one.block, kind or self.file.kind(one.name), removed[one.name],
                    what_is_left(self.matrix(one.name), stored[one.name], bases[one.name], one.axis),
                )
                for one in targets
            ]  # fmt: skip
            record = dict(told) | {"tensors": [vars(one) for one in written]}
            (folder / RECORD).write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        return written
