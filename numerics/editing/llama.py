r"""Models of the Llama type on NumPy: hidden states, and log-probabilities of the next token.

Blocks of :math:`h + A(\mathrm{norm}(h))` and :math:`h + W_\downarrow(\mathrm{silu}(W_g x) \circ W_u x)`, x the normed
h, with rotary positions and grouped heads (Touvron et al. 2023). Texts of any length stand one behind another: there is
no padding, and nothing depends on which texts are computed together.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numerics.editing.gguf_file import GgufFile
from numerics.editing.safetensors_file import read_shards
from theory.errors import DomainError

Floats = NDArray[Any]
Tokens = Sequence[int] | NDArray[np.int64]

#: Tokens whose logits are in memory at a time.
ROWS = 512
#: Model types of config.json that the forward pass here computes as they are meant.
TYPES = ("llama", "mistral", "qwen2")
#: Sizes in a config.json beyond this are none.
LARGEST = 10**8


@dataclass(frozen=True)
class Shape:
    """Sizes of a model: blocks, width, heads, heads of keys and values, width of a head; how positions turn."""

    blocks: int
    width: int
    heads: int
    groups: int
    head: int
    base: float
    epsilon: float
    interleaved: bool


@dataclass
class Llama:
    """A model whose weights are in memory, as float32.

    Parameters
    ----------
    shape : Shape
    embedding, head : arrays of shape (tokens, width)
    norm : array, shape (width,)
    blocks : list of dicts of arrays
        Names: attn_norm, q, k, v, o, ffn_norm, gate, up, down, each (outputs, inputs); q_bias, k_bias, v_bias.

    Notes
    -----
    Made here; checked on the logits of another implementation.
    """

    shape: Shape
    embedding: Floats
    head: Floats
    norm: Floats
    blocks: list[dict[str, Floats]] = field(repr=False)

    @property
    def vocabulary(self) -> int:
        """Number of tokens."""
        return len(self.embedding)

    def hidden(
        self,
        texts: Sequence[Tokens],
        start: int = 0,
        given: Floats | None = None,
        stop: int | None = None,
        seen: Callable[[int, Floats], None] | None = None,
    ) -> Floats:
        """The residual stream behind block ``stop − 1``, one row a token, texts one behind another.

        Parameters
        ----------
        texts : lists of tokens
        start, stop : blocks from start to stop − 1 are computed
        given : rows before block ``start``; embeddings where left out
        seen : called with each computed block's number and the rows behind it
        """
        verify_tokens(texts, self.vocabulary)
        rows = self.embedding[np.concatenate([np.asarray(text) for text in texts])] if given is None else given
        lengths = [len(text) for text in texts]
        turns = _turns(self.shape, max(lengths))
        rows = rows.copy()
        for number in range(start, self.shape.blocks if stop is None else stop):
            block = self.blocks[number]
            normed = rms_norm(rows, block["attn_norm"], self.shape.epsilon)
            rows += self._attention(block, normed, lengths, turns)
            normed = rms_norm(rows, block["ffn_norm"], self.shape.epsilon)
            gate = normed @ block["gate"].T
            # Not written as x/(1 + exp(−x)), which overflows.
            gate *= 0.5 * (1 + np.tanh(0.5 * gate))
            gate *= normed @ block["up"].T
            rows += gate @ block["down"].T
            if seen is not None:
                seen(number, rows)
        return rows

    def _attention(
        self, block: dict[str, Floats], normed: Floats, lengths: list[int], turns: tuple[Floats, Floats]
    ) -> Floats:
        shape = self.shape
        queries, keys, values = (_affine(normed, block, name) for name in ("q", "k", "v"))
        out = np.empty((len(normed), shape.heads * shape.head), dtype=np.float32)
        begin = 0
        share = shape.heads // shape.groups
        for length in lengths:
            part = slice(begin, begin + length)
            q = _rotated(queries[part].reshape(length, shape.heads, shape.head), turns, shape.interleaved)
            k = _rotated(keys[part].reshape(length, shape.groups, shape.head), turns, shape.interleaved)
            v = values[part].reshape(length, shape.groups, shape.head)
            # Heads of one group see the same keys: (groups, share·length, head) @ (groups, head, length).
            q = q.transpose(1, 0, 2).reshape(shape.groups, share, length, shape.head)
            scores = q @ k.transpose(1, 2, 0)[:, None] / np.float32(math.sqrt(shape.head))
            scores += np.triu(np.full((length, length), -np.inf, dtype=np.float32), 1)
            scores -= scores.max(axis=-1, keepdims=True)
            np.exp(scores, out=scores)
            scores /= scores.sum(axis=-1, keepdims=True)
            mixed = scores @ v.transpose(1, 0, 2)[:, None]
            out[part] = mixed.reshape(shape.heads, length, shape.head).transpose(1, 0, 2).reshape(length, -1)
            begin += length
        return _affine(out, block, "o")

    def logits(self, rows: Floats) -> Floats:
        """Logits of the next token from the residual stream behind the last block."""
        return rms_norm(rows, self.norm, self.shape.epsilon) @ self.head.T

    def log_probabilities(self, rows: Floats) -> Iterator[tuple[slice, Floats]]:
        """Parts of rows with the log-probabilities of all tokens behind them, so that memory stays bounded."""
        for begin in range(0, len(rows), ROWS):
            part = slice(begin, begin + ROWS)
            logits = self.logits(rows[part])
            logits -= logits.max(axis=1, keepdims=True)
            logits -= np.log(np.exp(logits).sum(axis=1, keepdims=True, dtype=np.float64)).astype(np.float32)
            yield part, logits


def verify_tokens(texts: Sequence[Tokens], vocabulary: int) -> None:
    """Refuse what is no list of texts of tokens."""
    if not len(texts):
        raise DomainError("texts are none: give one or more.")
    for number, text in enumerate(texts):
        if not len(text):
            raise DomainError(f"text {number} has no tokens: leave it out.")
        if min(text) < 0 or max(text) >= vocabulary:
            raise DomainError(f"text {number} holds the token {max(text)}, and there are {vocabulary}.")


def rms_norm(rows: Floats, weight: Floats, epsilon: float) -> Floats:
    """Rows over their root mean square, times a weight."""
    squares = np.einsum("td,td->t", rows, rows) / rows.shape[1]
    return np.asarray(rows * (1 / np.sqrt(squares + np.float32(epsilon)))[:, None] * weight)


def _affine(rows: Floats, block: dict[str, Floats], name: str) -> Floats:
    found = rows @ block[name].T
    if f"{name}_bias" in block:
        found += block[f"{name}_bias"]
    return np.asarray(found)


def _turns(shape: Shape, length: int) -> tuple[Floats, Floats]:
    """Cosines and sines of the angles, (length, 1, head/2), from float64: large angles lose their digits in float32."""
    speeds = shape.base ** (-np.arange(0, shape.head, 2) / shape.head)
    angles = np.arange(length)[:, None] * speeds
    return np.cos(angles)[:, None].astype(np.float32), np.sin(angles)[:, None].astype(np.float32)


def _rotated(heads: Floats, turns: tuple[Floats, Floats], interleaved: bool) -> Floats:
    """Rotary positions: pairs of neighbours (GGUF reorders rows so) or of the two halves (as in safetensors)."""
    cosine, sine = turns[0][: len(heads)], turns[1][: len(heads)]
    half = heads.shape[-1] // 2
    places = (slice(0, None, 2), slice(1, None, 2)) if interleaved else (slice(0, half), slice(half, None))
    first, second = heads[..., places[0]], heads[..., places[1]]
    found = np.empty_like(heads)
    found[..., places[0]] = first * cosine - second * sine
    found[..., places[1]] = second * cosine + first * sine
    return found


_GGUF_NAMES = {
    "attn_norm": "attn_norm", "q": "attn_q", "k": "attn_k", "v": "attn_v", "o": "attn_output",
    "ffn_norm": "ffn_norm", "gate": "ffn_gate", "up": "ffn_up", "down": "ffn_down",
}  # fmt: skip
_FOLDER_NAMES = {
    "attn_norm": "input_layernorm", "q": "self_attn.q_proj", "k": "self_attn.k_proj", "v": "self_attn.v_proj",
    "o": "self_attn.o_proj", "ffn_norm": "post_attention_layernorm", "gate": "mlp.gate_proj",
    "up": "mlp.up_proj", "down": "mlp.down_proj",
}  # fmt: skip


def llama_of_gguf(file: GgufFile) -> Llama:
    """A model of a GGUF file, its weights as float32.

    Raises
    ------
    DomainError
        For an architecture that is not computed here.
    """
    arch = file.architecture
    if arch not in ("llama", "qwen2"):
        raise DomainError(f"the architecture {arch!r} is not computed here: llama and qwen2 are; give activations.")
    if file.field("{arch}.rope.scaling.type", "none") not in ("none", None) or "rope_freqs.weight" in file.names:
        raise DomainError(f"{file.path} scales its rotary positions, which is not computed here: give activations.")
    width, heads = int(file.field("{arch}.embedding_length")), int(file.field("{arch}.attention.head_count"))
    shape = Shape(
        blocks=int(file.field("{arch}.block_count")),
        width=width,
        heads=heads,
        groups=int(file.field("{arch}.attention.head_count_kv", heads)),
        head=int(file.field("{arch}.attention.key_length", width // heads)),
        base=float(file.field("{arch}.rope.freq_base", 10000.0)),
        epsilon=float(file.field("{arch}.attention.layer_norm_rms_epsilon")),
        # Only the rows of llama are reordered.
        interleaved=arch == "llama",
    )

    def read(number: int) -> dict[str, Floats]:
        found = {}
        for name, stored in _GGUF_NAMES.items():
            found[name] = file.array(f"blk.{number}.{stored}.weight")
            if f"blk.{number}.{stored}.bias" in file.names:
                found[f"{name}_bias"] = file.array(f"blk.{number}.{stored}.bias")
        return found

    embedding = file.array("token_embd.weight")
    head = file.array("output.weight") if "output.weight" in file.names else embedding
    return Llama(shape, embedding, head, file.array("output_norm.weight"), [read(i) for i in range(shape.blocks)])


def llama_of_folder(folder: Path) -> Llama:
    """A model of a folder with config.json and safetensors, its weights as float32.

    Raises
    ------
    DomainError
        For a type of model that is not computed here.
    """
    config = read_config(folder)
    kind = config.get("model_type")
    if kind not in TYPES:
        raise DomainError(f"models of type {kind!r} are not computed here: {', '.join(TYPES)} are; give activations.")
    scaling = config.get("rope_scaling") or config.get("rope_parameters") or {}
    if not isinstance(scaling, dict):
        raise DomainError(f"config.json has {_short(scaling)} for the scaling of positions: it must be an object.")
    if scaling.get("rope_type", scaling.get("type", "default")) != "default":
        raise DomainError(f"{folder} scales its rotary positions, which is not computed here: give activations.")
    if config.get("hidden_act", "silu") != "silu":
        raise DomainError(
            f"{folder} has the activation {config['hidden_act']!r}, and silu is computed: give activations."
        )
    files = read_shards(folder)
    width, heads = _size(config, "hidden_size"), _size(config, "num_attention_heads")
    shape = Shape(
        blocks=_size(config, "num_hidden_layers"),
        width=width,
        heads=heads,
        groups=_size(config, "num_key_value_heads", heads),
        head=_size(config, "head_dim", max(1, width // heads)),
        base=_positive(config, "rope_theta", _positive(scaling, "rope_theta", 10000.0)),
        epsilon=_positive(config, "rms_norm_eps", 1e-6),
        interleaved=False,
    )

    def array(name: str) -> Floats:
        if name not in files:
            raise DomainError(f"{folder} has no tensor {name!r}, which a model of type {kind} needs.")
        return files[name].array(name).astype(np.float32)

    def read(number: int) -> dict[str, Floats]:
        found = {}
        for name, stored in _FOLDER_NAMES.items():
            found[name] = array(f"model.layers.{number}.{stored}.weight")
            if f"model.layers.{number}.{stored}.bias" in files:
                found[f"{name}_bias"] = array(f"model.layers.{number}.{stored}.bias")
        return found

    embedding = array("model.embed_tokens.weight")
    head = array("lm_head.weight") if "lm_head.weight" in files else embedding
    model = Llama(shape, embedding, head, array("model.norm.weight"), [read(i) for i in range(shape.blocks)])
    _verify_shapes(folder, model)
    return model


def _size(config: dict[str, Any], name: str, default: int | None = None) -> int:
    """A whole number of a config.json, from 1 on; what is missing or null is the default."""
    value = config.get(name)
    if value is None and default is not None:
        return default
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= LARGEST:
        raise DomainError(f"config.json has {name} = {_short(value)}: it must be a whole number from 1 to {LARGEST}.")
    return value


def _positive(config: dict[str, Any], name: str, default: float) -> float:
    """A positive number of a config.json; what is missing or null is the default."""
    value = config.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e300:
        raise DomainError(f"config.json has {name} = {_short(value)}: it must be a positive number.")
    return float(value)


def _short(value: object) -> str:
    return "nothing" if value is None else repr(value)[:60]


def _verify_shapes(folder: Path, model: Llama) -> None:
    """Refuse tensors that are not of the sizes that config.json says."""
    shape = model.shape
    queries, keys = shape.heads * shape.head, shape.groups * shape.head
    if shape.heads % shape.groups or shape.head % 2:
        raise DomainError(
            f"config.json of {folder} has {shape.heads} heads of width {shape.head} for {shape.groups} of keys: the "
            f"first must be a multiple of the last, and the width even."
        )
    sizes = {
        "q": (queries, shape.width), "k": (keys, shape.width), "v": (keys, shape.width), "o": (shape.width, queries),
        "q_bias": (queries,), "k_bias": (keys,), "v_bias": (keys,),
        "attn_norm": (shape.width,), "ffn_norm": (shape.width,),
    }  # fmt: skip
    for number, block in enumerate(model.blocks):
        hidden = block["gate"].shape[0] if block["gate"].ndim else 0
        needed = sizes | dict.fromkeys(("gate", "up"), (hidden, shape.width)) | {"down": (shape.width, hidden)}
        for name, array in block.items():
            if array.shape != needed.get(name, array.shape):
                raise DomainError(
                    f"{folder} has {name} of block {number} in the shape {array.shape}, and config.json needs "
                    f"{needed[name]}."
                )
    for name, array in (("embedding", model.embedding), ("head", model.head)):
        if array.ndim != 2 or array.shape[1] != shape.width or array.shape[0] != model.embedding.shape[0]:
            raise DomainError(f"{folder} has its {name} in the shape {array.shape}, not in (tokens, {shape.width}).")
    if model.norm.shape != (shape.width,):
        raise DomainError(f"{folder} has its last norm in the shape {model.norm.shape}: it must be ({shape.width},).")


def read_config(folder: Path) -> dict[str, Any]:
    """The config.json of a model folder."""
    path = folder / "config.json"
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DomainError(f"{path} cannot be read: {error.strerror or error}.") from None
    except (ValueError, RecursionError):
        raise DomainError(f"{path} is not JSON.") from None
    if not isinstance(found, dict):
        raise DomainError(f"{path} is not a JSON object.")
    return found
