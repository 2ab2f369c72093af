r"""Subspaces of preference data: what projection editing removes, what it destroys, and how many pairs are enough.

>>> from theory.subspaces import FactorModel, required_pairs, subspace_error
>>> subspace_error(FactorModel(3, pairs=200, dimension=300)).closed_form
8/9
>>> required_pairs(FactorModel(3, dimension=300), error="8/9")
200
"""

from theory.subspaces.error import SubspaceError, subspace_error
from theory.subspaces.factor_model import FactorModel
from theory.subspaces.generations import ErrorOverGenerations, error_over_generations
from theory.subspaces.iterated import IteratedEditing, m
from theory.subspaces.label_noise import label_noise_crossing
from theory.subspaces.over_pairs import ErrorOverPairs
from theory.subspaces.overlaps import detection_threshold, mean_overlap, noise_edge, observed_eigenvalues, overlaps
from theory.subspaces.pairs import required_pairs
from theory.subspaces.rank import keeping_threshold, optimal_filter, optimal_rank

__all__ = [
    "ErrorOverGenerations",
    "ErrorOverPairs",
    "FactorModel",
    "IteratedEditing",
    "SubspaceError",
    "detection_threshold",
    "error_over_generations",
    "keeping_threshold",
    "label_noise_crossing",
    "m",
    "mean_overlap",
    "noise_edge",
    "observed_eigenvalues",
    "optimal_filter",
    "optimal_rank",
    "overlaps",
    "required_pairs",
    "subspace_error",
]
