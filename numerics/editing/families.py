"""Which matrices of a model write into its residual stream, and along which axis: by the names of their tensors."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from theory.errors import DomainError

#: Outputs along the first or the second axis of a matrix; of a stack of matrices the second or the third.
ROWS, COLUMNS = -2, -1
MATRICES = ("mlp", "attention", "both")


@dataclass(frozen=True)
class Writer:
    """Matrices that write into the residual stream: their names with ``{i}`` for the block and ``*`` for an expert."""

    pattern: str
    axis: int
    #: The bias's name, from the match: the weight's with another ending.
    bias: str = ".bias"

    def match(self, name: str) -> int | None:
        """The block of a matrix by its name, None for another's."""
        found = re.fullmatch(_regex(self.pattern), name)
        return int(found["block"]) if found else None


@dataclass(frozen=True)
class Family:
    """Models whose tensors have the same names and orientation.

    Attributes
    ----------
    types : names in config.json, or architectures of GGUF
    mlp, attention : tuple of :class:`Writer`
    norms : dict, optional
        For "mlp" and "attention" the norm that the output passes before it is added, and what is added to its weight.
    """

    types: tuple[str, ...]
    mlp: tuple[Writer, ...]
    attention: tuple[Writer, ...]
    norms: dict[str, tuple[str, float]] = field(default_factory=dict)


@dataclass(frozen=True)
class Target:
    """A tensor to edit.

    Attributes
    ----------
    name : str
    block : int
    axis : int
        Of the outputs, counted from the end.
    bias : bool
    norm : (name of a tensor, number to add to it), or None
    """

    name: str
    block: int
    axis: int
    bias: bool = False
    norm: tuple[str, float] | None = None


_LAYERS = "(?:model\\.)?(?:language_model\\.)?(?:model\\.)?layers.{i}."
_DOWN = Writer(_LAYERS + "mlp.down_proj.weight", ROWS)
_O = Writer(_LAYERS + "self_attn.o_proj.weight", ROWS)
_EXPERT = Writer(_LAYERS + "mlp.experts.*.down_proj.weight", ROWS)
_STACK = Writer(_LAYERS + "mlp.experts.down_proj", ROWS)
_SHARED = Writer(_LAYERS + "mlp.shared_experts?.down_proj.weight", ROWS)

FAMILIES = (
    Family(
        ("gpt2",),
        (Writer("(?:transformer\\.)?h.{i}.mlp.c_proj.weight", COLUMNS),),
        (Writer("(?:transformer\\.)?h.{i}.attn.c_proj.weight", COLUMNS),),
    ),
    Family(
        ("gptj",),
        (Writer("(?:transformer\\.)?h.{i}.mlp.fc_out.weight", ROWS),),
        (Writer("(?:transformer\\.)?h.{i}.attn.out_proj.weight", ROWS),),
    ),
    Family(
        ("gpt_neox",),
        (Writer("(?:gpt_neox\\.)?layers.{i}.mlp.dense_4h_to_h.weight", ROWS),),
        (Writer("(?:gpt_neox\\.)?layers.{i}.attention.dense.weight", ROWS),),
    ),
    Family(
        ("opt",),
        (Writer("(?:model\\.)?decoder.layers.{i}.fc2.weight", ROWS),),
        (Writer("(?:model\\.)?decoder.layers.{i}.self_attn.out_proj.weight", ROWS),),
    ),
    Family(("llama", "mistral", "qwen2", "qwen3", "gemma", "smollm3"), (_DOWN,), (_O,)),
    Family(
        ("gemma2", "gemma3", "gemma3_text"),
        (_DOWN,),
        (_O,),
        {
            "mlp": (_LAYERS + "post_feedforward_layernorm.weight", 1.0),
            "attention": (_LAYERS + "post_attention_layernorm.weight", 1.0),
        },
    ),
    Family(
        ("mixtral",),
        (Writer(_LAYERS + "block_sparse_moe.experts.*.w2.weight", ROWS), _STACK),
        (_O,),
    ),
    Family(("qwen2_moe", "qwen3_moe", "deepseek_v2", "deepseek_v3"), (_DOWN, _EXPERT, _STACK, _SHARED), (_O,)),
    Family(("gpt_oss",), (Writer(_LAYERS + "mlp.experts.down_proj", COLUMNS, "_bias"),), (_O,)),
    Family(
        ("llama4", "llama4_text"),
        (Writer(_LAYERS + "feed_forward.experts.down_proj", COLUMNS),
         Writer(_LAYERS + "feed_forward.(?:shared_expert\\.)?down_proj.weight", ROWS)),
        (_O,),
    ),
)  # fmt: skip

_GGUF_DOWN = (Writer("blk.{i}.ffn_down.weight", ROWS), Writer("blk.{i}.ffn_down_exps.weight", ROWS),
              Writer("blk.{i}.ffn_down_shexp.weight", ROWS))  # fmt: skip
_GGUF_O = (Writer("blk.{i}.attn_output.weight", ROWS),)
#: GGUF turns every matrix to outputs first, and adds the 1 of Gemma's norms when it converts.
GGUF_FAMILIES = (
    Family(
        (
            "llama",
            "qwen2",
            "qwen2moe",
            "qwen3",
            "qwen3moe",
            "gemma",
            "gpt2",
            "gptj",
            "gptneox",
            "opt",
            "smollm3",
            "gpt-oss",
        ),
        _GGUF_DOWN,
        _GGUF_O,
    ),
    Family(
        ("gemma2", "gemma3"),
        _GGUF_DOWN,
        _GGUF_O,
        {"mlp": ("blk.{i}.post_ffw_norm.weight", 0.0), "attention": ("blk.{i}.post_attention_norm.weight", 0.0)},
    ),
)


def family_of(kind: object, families: Sequence[Family] = FAMILIES, where: str = "config.json") -> Family:
    """The family of a type of model.

    Raises
    ------
    DomainError
        For a type that is not known: the orientation of its matrices is not guessed.

    Examples
    --------
    >>> family_of("gpt2").mlp[0].axis
    -1
    """
    for family in families:
        if kind in family.types:
            return family
    known = ", ".join(name for family in families for name in family.types)
    raise DomainError(
        f"models of type {kind!r} ({where}) are not known, and orientations are not guessed: {known} are."
    )


def blocks_of(family: Family, names: Iterable[str]) -> int:
    """Number of blocks, by the names of the matrices that write."""
    found = [writer.match(name) for name in names for writer in (*family.mlp, *family.attention)]
    return 1 + max((block for block in found if block is not None), default=-1)


def targets_of(family: Family, names: Iterable[str], blocks: Sequence[int], matrices: str = "mlp") -> list[Target]:
    """The tensors to edit: matrices that write in some blocks, and their biases.

    Raises
    ------
    DomainError
        Where the names match nothing in one of the blocks: nothing is left out silently.

    Examples
    --------
    >>> [target.name for target in targets_of(family_of("opt"), ["decoder.layers.0.fc2.weight"], [0])]
    ['decoder.layers.0.fc2.weight']
    """
    if matrices not in MATRICES:
        raise DomainError(f"matrices = {matrices!r} is not allowed: give one of {', '.join(MATRICES)}.")
    present = list(names)
    found = []
    for part in ("mlp", "attention"):
        if matrices not in (part, "both"):
            continue
        writers = getattr(family, part)
        matched = [
            target for name in present for writer in writers for target in _targets(family, part, writer, name, present)
        ]
        lost = [block for block in blocks if block not in {target.block for target in matched}]
        if lost:
            wanted = " or ".join(_shown(writer.pattern, lost[0]) for writer in writers)
            raise DomainError(f"block {lost[0]} has no tensor {wanted}: nothing of its {part} could be edited.")
        found += [target for target in matched if target.block in blocks]
    return found


def _targets(family: Family, part: str, writer: Writer, name: str, present: Sequence[str]) -> list[Target]:
    block = writer.match(name)
    if block is None:
        return []
    norm = family.norms.get(part)
    if norm is not None:
        regex = _regex(norm[0].replace("{i}", str(block)))
        names = [other for other in present if re.fullmatch(regex, other)]
        if not names:
            raise DomainError(f"block {block} has no norm {_shown(norm[0], block)}, which its {part} passes.")
        norm = (names[0], norm[1])
    found = [Target(name, block, writer.axis, norm=norm)]
    bias = name.removesuffix(".weight") + writer.bias
    if bias in present and bias != name:
        found.append(Target(bias, block, COLUMNS, bias=True, norm=norm))
    return found


def _regex(pattern: str) -> str:
    """A pattern as a regular expression: dots are dots, unless they are escaped already."""
    plain = re.sub(r"(?<!\\)\.", r"\\.", pattern)
    return plain.replace("{i}", r"(?P<block>\d+)").replace("*", r"\d+")


def _shown(pattern: str, block: int) -> str:
    return re.sub(r"\(\?:(.*?)\\?\.?\)\?", "", pattern).replace("{i}", str(block)).replace("\\", "").replace("?", "")


def layers_of(text: str, blocks: int) -> list[int]:
    """Blocks by their numbers from 0: ``15:``, ``:10``, ``5:9`` (without 9), ``-5:``, ``7``, or several with commas.

    Raises
    ------
    DomainError
        For another text, and for blocks that the model does not have.

    Examples
    --------
    >>> layers_of("-2:", 30), layers_of("3,5:7", 30)
    ([28, 29], [3, 5, 6])
    """
    found: list[int] = []
    for part in text.split(","):
        match = re.fullmatch(r"\s*(-?\d+)?\s*(:)?\s*(-?\d+)?\s*", part)
        if not match or not (match[1] or match[2]) or (match[3] and not match[2]):
            raise DomainError(f"layers = {text} is not allowed: give numbers or spans, such as 15: or 3,5:7.")
        first = int(match[1] or 0)
        last = (first + 1 or blocks) if not match[2] else int(match[3]) if match[3] else blocks
        first, last = (number + blocks if number < 0 else number for number in (first, last))
        if not 0 <= first < last <= blocks:
            raise DomainError(f"layers = {part.strip()} is out of range: the model has blocks 0 to {blocks - 1}.")
        found += range(first, last)
    return sorted(set(found))
