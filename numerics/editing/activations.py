"""Activations that another framework made: .npz or .safetensors, one file for chosen and one for rejected."""

from __future__ import annotations

import re
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numerics.editing.differences import token_means
from numerics.editing.safetensors_file import SafetensorsFile
from theory.errors import DomainError

Array = NDArray[np.float64]

#: Names of one array that holds all layers.
_WHOLE = ("hidden_states", "activations", "layers")
#: Behind a final norm rows over its weight have a root mean square of 1; means over tokens have less.
_NORMED = 1.01


@dataclass(frozen=True)
class Activations:
    """States of texts, one matrix a layer.

    Attributes
    ----------
    states : array, shape (layers, texts, width), float64
    ids : names of the texts, or None

    Notes
    -----
    Made here.
    """

    states: Array
    ids: list[str] | None = None

    @property
    def layers(self) -> int:
        """Number of layers."""
        return len(self.states)

    def behind_blocks(self, blocks: int, final_norm: NDArray[Any] | None = None) -> Array:
        """States behind each block, shape (blocks, texts, width).

        Frameworks return as many states as blocks, or one more: then the first is the embeddings, and the last may be
        behind the final norm, where nothing of the residual stream can be read.

        Parameters
        ----------
        blocks : int
            Of the model.
        final_norm : array, shape (width,), optional
            Weight of the final norm. Where the last layer is behind it (its rows over the weight have a root mean
            square of 1 at most, and the layer before does not), that layer is refused: it is filled with NaN, which
            :func:`numerics.editing.find_subspace` refuses.

        Raises
        ------
        DomainError
            For another number of layers.
        """
        if self.layers not in (blocks, blocks + 1):
            raise DomainError(
                f"activations have {self.layers} layers, and the model {blocks} blocks: give the states behind each "
                "block, or those and the embeddings before them."
            )
        states = self.states[self.layers - blocks :].copy()
        ends = [final_norm is not None and _normed(layer, final_norm) for layer in self.states[-2:]]
        if ends == [False, True]:
            states[-1] = np.nan
        return states


def _normed(rows: Array, weight: NDArray[Any]) -> bool:
    weight = np.asarray(weight, dtype=np.float64)
    if weight.shape != rows.shape[1:] or not weight.all():
        return False
    return bool(np.sqrt(((rows / weight) ** 2).mean(axis=1)).max() <= _NORMED)


def read_activations(path: Path) -> Activations:
    """Activations of a file.

    It holds one array of shape (layers, texts, width), or (layers, texts, tokens, width) with ``mask`` of shape (texts,
    tokens), named hidden_states, activations or layers; or an array of a layer each, with names that end in its
    number (layer_0, layer_1, …). ``ids`` may name the texts.

    Raises
    ------
    DomainError
        For a file that cannot be read, or holds something else.

    Notes
    -----
    Made here.
    """
    arrays = _arrays(path)
    mask = arrays.pop("mask", arrays.pop("attention_mask", None))
    ids = arrays.pop("ids", None)
    whole = [name for name in _WHOLE if name in arrays]
    if whole:
        stack = list(arrays[whole[0]])
    else:
        numbered = {name: re.search(r"(\d+)$", name) for name in arrays}
        layers = {int(match[1]): arrays[name] for name, match in numbered.items() if match}
        if not layers or sorted(layers) != list(range(len(layers))):
            raise DomainError(
                f"{path} holds {', '.join(sorted(arrays)) or 'nothing'}: give hidden_states of shape (layers, texts, "
                "width), or layer_0, layer_1, … without a gap."
            )
        stack = [layers[number] for number in range(len(layers))]
    means = [token_means(layer, mask, f"layer {number} of {path.name}") for number, layer in enumerate(stack)]
    if len({layer.shape for layer in means}) > 1:
        raise DomainError(f"layers of {path} have the shapes {sorted({layer.shape for layer in means})}: give one.")
    return Activations(np.stack(means), None if ids is None else [str(name) for name in np.ravel(ids)])


def _arrays(path: Path) -> dict[str, NDArray[Any]]:
    if path.suffix == ".safetensors":
        file = SafetensorsFile(path)
        return {name: file.array(name) for name in file.entries}
    if path.suffix != ".npz":
        raise DomainError(f"{path} holds no activations: its name must end in .npz or .safetensors.")
    try:
        # Objects would be run as code.
        with np.load(path, allow_pickle=False) as content:
            return {name: content[name] for name in content.files}
    except OSError as error:
        raise DomainError(f"{path} cannot be read: {error.strerror or error}.") from None
    except (ValueError, EOFError, zipfile.BadZipFile):
        raise DomainError(f"{path} is no .npz file of arrays of numbers.") from None
