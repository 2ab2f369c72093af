"""What is done to a block, what became of a tensor, and where a model may be written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numerics.editing.families import Target
from numerics.editing.filters import Filtered, filter_weights
from numerics.editing.gram import orthonormal
from numerics.editing.subspace import Subspace
from numerics.editing.whole_folder import verify_free
from theory.errors import DomainError

#: What is told of an edit, beside the edited weights.
RECORD = "selfgen_edit.json"
Progress = Callable[[str], None]


@dataclass(frozen=True)
class Edit:
    """What is done to a block: the subspace, and the variant of the filter.

    Attributes
    ----------
    subspace : Subspace
    keep_norms, one_sided : bool
        As :func:`numerics.editing.filter_weights` has them.
    mean : array, shape (D,), or None
        The mean output that biases keep.
    """

    subspace: Subspace
    keep_norms: bool = False
    one_sided: bool = False
    mean: NDArray[Any] | None = None

    def of(self, target: Target, matrix: NDArray[Any], norm: NDArray[Any] | None, bfloat16: bool = False) -> Filtered:
        """The edited tensor, with its way back."""
        basis = self.subspace.basis
        if norm is not None:
            # The output w passes norm·w before it is added: ⟨v, norm·w⟩ = ⟨norm·v, w⟩ must vanish.
            basis = orthonormal(basis * norm.astype(np.float64))
        return filter_weights(
            matrix, basis, self.subspace.weights, target.axis, self.mean if target.bias else None,
            self.keep_norms and not target.bias, self.one_sided, bfloat16,
        )  # fmt: skip


@dataclass(frozen=True)
class Written:
    """What became of a tensor: the share of it that was taken, and what is left of the subspace after storing."""

    name: str
    block: int
    kind: str
    removed: float
    left: float


def verify_place(source: Path, output: Path) -> None:
    """Refuse an output that is the source, lies in it, or exists."""
    source, output = Path(source).resolve(), Path(output).resolve()
    if output == source or source in output.parents or (source.is_file() and output == source.parent):
        raise DomainError(f"output {output} is the model itself, or in it: give another folder.")
    verify_free(output)
