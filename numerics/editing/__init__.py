"""Subspaces found in real activations, and real weights edited: projection editing with its effect measured.

The operation removes what is in the pairs, whatever it is: a fault, a style, or a safeguard.
"""

from numerics.editing.differences import difference_matrix
from numerics.editing.filters import Filtered, Undo, filter_weights, what_is_left
from numerics.editing.subspace import NoDirectionError, Subspace, find_subspace, random_subspace

__all__ = [
    "Filtered",
    "NoDirectionError",
    "Subspace",
    "Undo",
    "difference_matrix",
    "filter_weights",
    "find_subspace",
    "random_subspace",
    "what_is_left",
]
