"""Projection editing: a subspace and an edited matrix, against the published algorithm on the same core.

The published algorithm (Uppaal et al. 2024) takes a full singular value decomposition of the differences for every
weight, makes the dense projector, and multiplies by it. Run alone with ``python -m benchmarks.editing``.
"""

from __future__ import annotations

import tracemalloc
from dataclasses import dataclass

import numpy as np

from benchmarks.timing import take_turns
from numerics.editing import Subspace, filter_weights, find_subspace
from numerics.threads import single_threaded_algebra

PAIRS, RANK = 500, 2


@dataclass(frozen=True)
class Shape:
    """Matrices of a model: width, hidden width, and the least speed-up that is aimed at."""

    name: str
    width: int
    hidden: int
    target: float


SHAPES = (Shape("GPT-2 medium, c_proj", 1024, 4096, 20.0), Shape("7B, down_proj", 4096, 11008, 40.0))


@dataclass(frozen=True)
class EditSpeed:
    """Processor time of one matrix, and what the two results differ by."""

    name: str
    target: float
    published: float
    subspace: float
    matrix: float
    gap: float
    memory: float

    @property
    def speedup(self) -> float:
        """Of one matrix, the subspace found for it alone."""
        return self.published / (self.subspace + self.matrix)

    @property
    def meets_target(self) -> bool:
        """Whether the speed-up is what is aimed at, and the subspaces agree within 1e-5."""
        return self.speedup >= self.target and self.gap < 1e-5


def published(differences: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Full decomposition, dense projector, product: as published, in float32."""
    directions = np.linalg.svd(differences, full_matrices=True)[2][:RANK]
    projector = np.eye(weights.shape[0], dtype=np.float32) - directions.T @ directions
    return projector @ weights


def edit_speeds(rounds: int) -> list[EditSpeed]:
    """One line a shape."""
    return [_speed(shape, rounds) for shape in SHAPES]


def _speed(shape: Shape, rounds: int) -> EditSpeed:
    generator = np.random.default_rng(0)
    differences = generator.standard_normal((PAIRS, shape.width), dtype=np.float32)
    differences[:, 0] += 5
    differences[:, 1] *= 6
    weights = np.float32(0.02) * generator.standard_normal((shape.width, shape.hidden), dtype=np.float32)
    found: Subspace = find_subspace(differences, rank=RANK)
    with single_threaded_algebra():
        times = take_turns(
            {
                "published": lambda: published(differences, weights),
                "subspace": lambda: find_subspace(differences, rank=RANK),
                "matrix": lambda: filter_weights(weights, found.basis, axis=0),
            },
            rounds,
        )
        directions = np.linalg.svd(differences.astype(np.float64), full_matrices=False)[2][:RANK]
    gap = float(np.linalg.norm(found.basis.T @ found.basis - directions.T @ directions))
    tracemalloc.start()
    filter_weights(weights, found.basis, axis=0)
    memory = tracemalloc.get_traced_memory()[1] / weights.nbytes
    tracemalloc.stop()
    return EditSpeed(shape.name, shape.target, times["published"], times["subspace"], times["matrix"], gap, memory)


def main() -> None:
    """Print a line a shape."""
    for speed in edit_speeds(3):
        print(
            f"{speed.name}: published {speed.published:.3f} s, here {speed.subspace:.3f} s + {speed.matrix:.3f} s: "
            f"{speed.speedup:.1f} times (aim {speed.target:g}); subspaces differ by {speed.gap:.1e}; "
            f"{speed.memory:.2f} matrices of memory beside the one given"
        )


if __name__ == "__main__":
    main()
