"""Models on disk that can be edited: folders of safetensors, and GGUF files."""

from __future__ import annotations

from pathlib import Path

from numerics.editing.edits import RECORD, Edit, Written, verify_place
from numerics.editing.folder_model import FolderModel, undo_edit
from numerics.editing.gguf_model import GgufModel
from theory.errors import DomainError


def open_model(path: Path | str) -> FolderModel | GgufModel:
    """A model by its place: a folder with config.json, a GGUF file, or a folder with one.

    Raises
    ------
    DomainError
        Where there is none, and where it cannot be edited.

    Notes
    -----
    Made here.
    """
    place = Path(path)
    if place.is_file() and place.suffix == ".gguf":
        return GgufModel(place)
    if not place.is_dir():
        raise DomainError(f"{place} is no model: give a folder with config.json and safetensors, or a .gguf file.")
    files = sorted(place.glob("*.gguf"))
    if not (place / "config.json").exists() and files:
        if len(files) > 1:
            raise DomainError(f"{place} holds {len(files)} GGUF files: name one.")
        return GgufModel(files[0])
    return FolderModel(place)


__all__ = [
    "RECORD",
    "Edit",
    "FolderModel",
    "GgufModel",
    "Written",
    "open_model",
    "undo_edit",
    "verify_place",
]
