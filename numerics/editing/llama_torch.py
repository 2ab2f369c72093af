r"""The forward pass of :mod:`numerics.editing.llama` on PyTorch: the same numbers to float32, and gradients.

PyTorch is loaded when it is asked for, and never otherwise.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from numerics.editing.llama import ROWS, Floats, Llama, Shape, Tokens, verify_tokens
from theory.errors import DomainError


class TorchLlama(Llama):
    """A model that is computed by PyTorch, with arrays of NumPy in and out.

    Notes
    -----
    Made here; it differs from the pass on NumPy by the rounding of float32. On one core both take the same time;
    PyTorch uses all that it is given.
    """

    def hidden(
        self,
        texts: Sequence[Tokens],
        start: int = 0,
        given: Floats | None = None,
        stop: int | None = None,
        seen: Callable[[int, Floats], None] | None = None,
    ) -> Floats:
        """As :meth:`numerics.editing.llama.Llama.hidden`."""
        verify_tokens(texts, self.vocabulary)
        torch = library()
        found = self.embedding[np.concatenate([np.asarray(text) for text in texts])] if given is None else given
        lengths = [len(text) for text in texts]
        with torch.no_grad():
            turns = turns_of(torch, self.shape, max(lengths))
            rows = torch.from_numpy(np.array(found, dtype=np.float32))
            for number in range(start, self.shape.blocks if stop is None else stop):
                block = {name: torch.as_tensor(array) for name, array in self.blocks[number].items()}
                rows = behind_block(torch, self.shape, block, rows, lengths, turns)
                if seen is not None:
                    seen(number, rows.numpy())
        return np.asarray(rows.numpy())

    def logits(self, rows: Floats) -> Floats:
        """As :meth:`numerics.editing.llama.Llama.logits`."""
        torch = library()
        with torch.no_grad():
            return np.asarray(logits_of(torch, self, torch.from_numpy(np.ascontiguousarray(rows))).numpy())

    def log_probabilities(self, rows: Floats) -> Iterator[tuple[slice, Floats]]:
        """As :meth:`numerics.editing.llama.Llama.log_probabilities`."""
        torch = library()
        for begin in range(0, len(rows), ROWS):
            part = slice(begin, begin + ROWS)
            with torch.no_grad():
                logits = logits_of(torch, self, torch.from_numpy(np.ascontiguousarray(rows[part])))
                yield part, torch.log_softmax(logits, dim=-1).numpy()


def on_torch(model: Llama) -> TorchLlama:
    """The same model, computed by PyTorch.

    Raises
    ------
    DomainError
        Where PyTorch is not installed.
    """
    library()
    return TorchLlama(**vars(model))


def library() -> Any:
    """PyTorch, or the sentence that says how to get it."""
    try:
        return importlib.import_module("torch")
    except ImportError:
        raise DomainError("this needs PyTorch, which is not installed: pip install 'selfgen[neural]'.") from None


def turns_of(torch: Any, shape: Shape, length: int) -> tuple[Any, Any]:
    """Cosines and sines of the angles, (length, 1, head/2), from float64."""
    speeds = shape.base ** (-np.arange(0, shape.head, 2) / shape.head)
    angles = torch.from_numpy((np.arange(length)[:, None] * speeds)[:, None])
    return torch.cos(angles).float(), torch.sin(angles).float()


def behind_block(
    torch: Any, shape: Shape, block: dict[str, Any], rows: Any, lengths: Sequence[int], turns: tuple[Any, Any]
) -> Any:
    """The residual stream behind a block, one row a token, texts one behind another."""
    normed = _norm(torch, rows, block["attn_norm"], shape.epsilon)
    heads = (_affine(normed, block, name).split(list(lengths)) for name in "qkv")
    mixed = torch.cat([_attention(torch, shape, q, k, v, turns) for q, k, v in zip(*heads, strict=True)])
    rows = rows + _affine(mixed, block, "o")
    normed = _norm(torch, rows, block["ffn_norm"], shape.epsilon)
    inner = torch.nn.functional.silu(_affine(normed, block, "gate")) * _affine(normed, block, "up")
    return rows + _affine(inner, block, "down")


def logits_of(torch: Any, model: Llama, rows: Any) -> Any:
    """Logits of the next token from the residual stream behind the last block."""
    return _norm(torch, rows, torch.as_tensor(model.norm), model.shape.epsilon) @ torch.as_tensor(model.head).T


def _attention(torch: Any, shape: Shape, q: Any, k: Any, v: Any, turns: tuple[Any, Any]) -> Any:
    length = len(q)
    q = _rotated(torch, q.view(length, shape.heads, shape.head), turns, shape.interleaved)
    k = _rotated(torch, k.view(length, shape.groups, shape.head), turns, shape.interleaved)
    share = shape.heads // shape.groups
    k, v = (part.repeat_interleave(share, dim=1) for part in (k, v.view(length, shape.groups, shape.head)))
    q, k, v = (part.transpose(0, 1)[None] for part in (q, k, v))
    mixed = torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True, scale=1 / math.sqrt(shape.head))
    return mixed[0].transpose(0, 1).reshape(length, -1)


def _norm(torch: Any, rows: Any, weight: Any, epsilon: float) -> Any:
    return rows * torch.rsqrt((rows * rows).mean(dim=1, keepdim=True) + epsilon) * weight


def _affine(rows: Any, block: dict[str, Any], name: str) -> Any:
    found = rows @ block[name].T
    return found + block[f"{name}_bias"] if f"{name}_bias" in block else found


def _rotated(torch: Any, heads: Any, turns: tuple[Any, Any], interleaved: bool) -> Any:
    """Pairs turned; the order of a head's coordinates does not matter to inner products."""
    cosine, sine = (part[: len(heads)] for part in turns)
    half = heads.shape[-1] // 2
    first, second = (heads[..., 0::2], heads[..., 1::2]) if interleaved else (heads[..., :half], heads[..., half:])
    return torch.cat([first * cosine - second * sine, second * cosine + first * sine], dim=-1)
