r"""An edit tried before it is kept: subspaces of all blocks, their effect on held-out pairs, and a random control."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numerics.editing.differences import difference_matrix
from numerics.editing.effect import Bench, Effect, with_weights
from numerics.editing.families import Target
from numerics.editing.llama import Llama
from numerics.editing.models import Edit, FolderModel, GgufModel
from numerics.editing.subspace import find_subspace, random_subspace
from theory.errors import DomainError, InputWarning
from theory.expressions.arguments import advise

Array = NDArray[np.float64]
Model = FolderModel | GgufModel

#: Standard errors by which an effect must stand out of zero, and of the control's.
CLEAR = 2.0
#: Smaller relative changes are none, however sure they are: what rounding does has no spread at all.
_LEAST = 0.01
#: Names of a Llama's matrices, by what of the block they belong to.
_OWN = {"mlp": ("down",), "attention": ("o",), "both": ("down", "o")}


@dataclass(frozen=True)
class Variant:
    """How subspaces are found and filtered.

    Attributes
    ----------
    method : "svd", "shrunken" or "mean-difference"
    centre : bool
        Whether the mean state of chosen and rejected is protected.
    keep_norms, one_sided, affine : bool
    """

    method: str = "svd"
    centre: bool = False
    keep_norms: bool = False
    one_sided: bool = False
    affine: bool = False


def find_edits(
    chosen: Array,
    rejected: Array,
    blocks: Sequence[int],
    rank: int | str = "auto",
    variant: Variant = Variant(),
    ids: Any = None,
) -> dict[int, Edit]:
    """The edit of each block, from states behind all blocks, shape (blocks, texts, width).

    Raises
    ------
    DomainError
        As :func:`numerics.editing.difference_matrix` and :func:`numerics.editing.find_subspace`, with the block.

    Notes
    -----
    Made here.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", InputWarning)
        found = _edits(chosen, rejected, blocks, rank, variant, ids)
    told = [str(one.message) for one in caught if issubclass(one.category, InputWarning)]
    if told:
        # One sentence, not one a block.
        advise(f"in {len(told)} of {len(blocks)} blocks {told[0]}")
    return found


def _edits(
    chosen: Array, rejected: Array, blocks: Sequence[int], rank: int | str, variant: Variant, ids: Any
) -> dict[int, Edit]:
    found = {}
    for block in blocks:
        for side, name in ((chosen, "chosen"), (rejected, "rejected")):
            if np.isnan(side[block]).all():
                raise DomainError(
                    f"the last layer of {name} is behind the final norm: block {block} cannot be read from it; leave "
                    "it out of the layers, or give the state before the norm."
                )
        try:
            rows = difference_matrix(chosen[block], rejected[block], ids=ids)
            # Only of pairs that were found to be some.
            middle = (chosen[block].mean(axis=0) + rejected[block].mean(axis=0)) / 2
            centre = middle if variant.centre else None
            subspace = find_subspace(rows, rank, centre, variant.method)
        except DomainError as error:
            # The same kind of error, with the block: what it carries besides is kept.
            error.args = (f"block {block}: {error}", *error.args[1:])
            raise
        mean = middle if variant.affine else None
        found[block] = Edit(subspace, variant.keep_norms, variant.one_sided, mean)
    return found


def of_rank(edits: dict[int, Edit], rank: int) -> dict[int, Edit]:
    """The same edits with at most so many directions a block."""
    return {block: replace(edit, subspace=edit.subspace.first(rank)) for block, edit in edits.items()}


def control_of(edits: dict[int, Edit], seed: int) -> dict[int, Edit]:
    """Random subspaces of the same ranks and weights."""
    return {
        block: replace(edit, subspace=random_subspace(edit.subspace, seed + block)) for block, edit in edits.items()
    }


def edited_llama(model: Llama, edits: dict[int, Edit], matrices: str = "mlp") -> Llama:
    """The model as it would be written, in float32."""
    weights = {}
    for block, edit in edits.items():
        for name in _OWN[matrices]:
            target = Target(name, block, -2)
            weights[block, name] = edit.of(target, model.blocks[block][name], None).weights
    return with_weights(model, weights)


@dataclass(frozen=True)
class Trial:
    """What an edit does on held-out data, beside a random one, and each block alone.

    Attributes
    ----------
    rank : int
        Directions a block, at most.
    effect, control : Effect
    blocks : dict
        Relative change of the concept's mass by one block alone.
    ranks : dict
        Of each rank that was tried, its effect on the contexts that it was chosen by.
    budget : float
        Relative rise of the perplexity that is allowed.

    Notes
    -----
    Measured here.
    """

    rank: int
    effect: Effect
    control: Effect
    blocks: dict[int, float]
    ranks: dict[int, Effect]
    budget: float = 0.04

    @property
    def reason(self) -> str | None:
        """Why the edit is not worth keeping, in a sentence; None where it is."""
        mass, other = self.effect.mass, self.control.mass
        if mass.relative > -max(_LEAST, CLEAR * mass.standard_error):
            return (
                f"the edit has no effect: held-out concept mass changes by {mass.relative:+.1%} "
                f"± {mass.standard_error:.1%}."
            )
        if mass.relative - other.relative > -CLEAR * math.hypot(mass.standard_error, other.standard_error):
            return (
                f"the edit is no better than a random one: concept mass changes by {mass.relative:+.1%}, and by "
                f"{other.relative:+.1%} with a random subspace."
            )
        cost = self.effect.perplexity
        if cost.relative - CLEAR * cost.standard_error > self.budget:
            return (
                f"the edit costs too much: perplexity changes by {cost.relative:+.1%} ± {cost.standard_error:.1%}, and "
                f"{self.budget:.1%} is allowed."
            )
        return None


def try_edits(
    model: Llama,
    bench: Bench,
    judge: Bench,
    edits: dict[int, Edit],
    matrices: str = "mlp",
    ranks: Sequence[int] = (),
    budget: float = 0.04,
    seed: int = 0,
    progress: Callable[[str], None] = lambda what: None,
) -> tuple[Trial, dict[int, Edit]]:
    """Choose the rank by the contexts of ``bench``, and judge it by those of ``judge``, which it was not chosen by.

    Of the ranks whose perplexity stays within ``budget``, the one with the least mass; without one, the one with the
    least perplexity.

    Parameters
    ----------
    model : Llama
    bench, judge : Bench
    edits : by block, of the largest rank
    matrices : "mlp", "attention" or "both"
    ranks : to be tried; that of the edits alone where left out
    budget : number
        Relative rise of the perplexity that is allowed.
    seed : int
        Of the random control.
    progress : called with a word for each that is done

    Notes
    -----
    Made here.
    """
    largest = max(edit.subspace.rank for edit in edits.values())
    tried = {}
    for rank in ranks or (largest,):
        tried[rank] = bench.effect(edited_llama(model, of_rank(edits, rank), matrices))
        progress(f"rank {rank}")
    within = [rank for rank in tried if tried[rank].perplexity.relative <= budget]
    if within:
        best = min(within, key=lambda rank: tried[rank].mass.after)
    else:
        best = min(tried, key=lambda rank: tried[rank].perplexity.after)
    kept = of_rank(edits, best)
    effect = judge.effect(edited_llama(model, kept, matrices))
    progress("held-out contexts")
    control = judge.effect(edited_llama(model, control_of(kept, seed), matrices))
    progress("random subspace")
    alone = {}
    for block, edit in kept.items():
        alone[block] = judge.mass_of(edited_llama(model, {block: edit}, matrices)).relative
        progress(f"block {block} alone")
    return Trial(best, effect, control, alone, tried, budget), kept


def steps_of(edits: dict[int, Edit], ranks: Sequence[int]) -> int:
    """How often :func:`try_edits` reports."""
    return max(1, len(ranks)) + 2 + len(edits)


def candidate_ranks(largest: int) -> list[int]:
    """Ranks to try: 1, 2, 4, … below the largest, but not beyond 16."""
    return [rank for rank in (1, 2, 4, 8, 16) if rank <= largest] or [1]


def shared_beginnings(
    chosen: Sequence[Sequence[int]], rejected: Sequence[Sequence[int]]
) -> Iterator[tuple[list[int], int, int]]:
    """Of pairs that begin alike: the common tokens, and the first of each that differs."""
    for one, other in zip(chosen, rejected, strict=True):
        length = next((place for place, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]), None)
        if length:
            yield list(one[:length]), one[length], other[length]
