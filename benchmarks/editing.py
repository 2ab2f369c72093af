"""Projection editing of a whole model: subspaces and edited matrices, against the published algorithm on the same core.

The published algorithm (Uppaal et al. 2024; github.com/Uppaal/detox-edit, ``detox.py``) removes the first singular
vector of the chosen states from the differences of *every* layer, by a singular value decomposition and a dense
projector; decomposes the differences of *every* MLP weight, all singular vectors, though those of one layer are the
same; and multiplies one weight of each *edited* layer by a dense projector. Here the edited layers alone are read,
once. A layer is timed, and counted as often as it is computed. Both get the same states and weights in float32, and
give the same weights. The published side is timed with PyTorch, which it is written in, where that is installed, and
else with NumPy. Run alone with ``python -m benchmarks.editing``.
"""

from __future__ import annotations

import importlib
import math
import statistics
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.timing import take_turns, timed
from numerics.editing import Filtered, filter_weights, find_subspace
from numerics.editing.gram import leading_spectrum
from numerics.threads import single_threaded_algebra

PAIRS, RANK = 500, 2
#: The subspace is the published one when the projectors differ by less; the edited weight, by less of its length.
NEAR = 1e-5
#: Models of this width are timed once.
_LARGE = 2048


@dataclass(frozen=True)
class Shape:
    """A model as it was edited: its sizes, layers of which so many are edited, MLP weights a layer, least speed-up."""

    name: str
    width: int
    hidden: int
    layers: int
    edited: int
    weights: int
    target: float


#: The configurations of the published code; GPT-2 holds its weights transposed, the other as PyTorch does.
SHAPES = (
    Shape("GPT-2 medium", 1024, 4096, 24, 14, 2, 20.0),
    Shape("Mistral 7B", 4096, 14336, 32, 17, 3, 40.0),
)


@dataclass(frozen=True)
class EditSpeed:
    """Processor time of a whole model, in seconds, and what the two results differ by.

    ``centred``, ``decomposed`` and ``projected`` are one layer's of the published algorithm; ``protected``,
    ``subspace`` and ``matrix`` one layer's here; ``whole`` a subspace with all its eigenvalues.
    """

    name: str
    target: float
    library: str
    published: float
    ours: float
    centred: float
    decomposed: float
    projected: float
    protected: float
    subspace: float
    whole: float
    matrix: float
    gap: float
    memory: float

    @property
    def speedup(self) -> float:
        """Of the whole model."""
        return self.published / self.ours

    @property
    def layer_speedup(self) -> float:
        """Of one edited layer, had the published algorithm left all others alone, and decomposed it once."""
        here = self.protected + self.subspace + self.matrix
        return (self.centred + self.decomposed + self.projected) / here

    @property
    def meets_target(self) -> bool:
        """Whether the speed-up is what is aimed at, and the subspaces agree within 1e-5."""
        return self.speedup >= self.target and self.gap < NEAR


@dataclass(frozen=True)
class Layer:
    """States of chosen and rejected texts, and the weight that writes into the stream; float32."""

    chosen: np.ndarray
    rejected: np.ndarray
    weight: np.ndarray
    axis: int


def centred(library: Any, chosen: Any, rejected: Any) -> Any:
    """Half the differences without the first singular vector of the chosen states, as published."""
    first = library.linalg.svd(chosen, full_matrices=False)[2][:1]
    return (chosen - rejected) / 2 @ (library.eye(chosen.shape[1], dtype=chosen.dtype) - first.T @ first)


def decomposed(library: Any, differences: Any) -> Any:
    """All right singular vectors, as published."""
    return library.linalg.svd(differences, full_matrices=False)[2]


def projected(library: Any, vectors: Any, weight: Any, axis: int) -> Any:
    """A weight without the first singular vectors, by a dense projector, and whether it changed, as published."""
    taken = library.zeros((vectors.shape[1],) * 2, dtype=vectors.dtype)
    for vector in vectors[:RANK]:
        taken = taken + vector[:, None] @ vector[None, :]
    own = weight if axis == 1 else weight.T
    edited = own @ (library.eye(vectors.shape[1], dtype=vectors.dtype) - taken)
    library.allclose(own, edited)
    return edited if axis == 1 else edited.T


def protected(chosen: np.ndarray) -> np.ndarray:
    """The first singular vector of the chosen states."""
    found = leading_spectrum(chosen.astype(np.float64), 1)
    assert found is not None
    return found[1][0]


def subspace(layer: Layer, centre: np.ndarray, whole: bool = False) -> np.ndarray:
    """The first singular vectors of the differences without the protected one, one a row."""
    return find_subspace(layer.chosen - layer.rejected, RANK, centre, whole_spectrum=whole).basis


def edited(layer: Layer, basis: np.ndarray) -> Filtered:
    """The weight without them."""
    return filter_weights(layer.weight, basis, axis=layer.axis)


def edit_speeds(rounds: int) -> list[EditSpeed]:
    """One line a shape."""
    return [_speed(shape, rounds) for shape in SHAPES]


def _layer(shape: Shape) -> Layer:
    """States with a mean, as those of models have, and two factors between chosen and rejected."""
    generator = np.random.default_rng(0)
    draw: Callable[..., np.ndarray] = lambda *sizes: generator.standard_normal(sizes, dtype=np.float32)  # noqa: E731
    rejected = draw(PAIRS, shape.width)
    chosen = rejected + draw(PAIRS, shape.width)
    chosen[:, 0] += 5
    chosen[:, 1] *= 8
    for side in (chosen, rejected):
        side[:, 2] += 40
    axis = 1 if shape.weights == 2 else 0
    sizes = (shape.hidden, shape.width) if axis == 1 else (shape.width, shape.hidden)
    return Layer(chosen, rejected, np.float32(0.02) * draw(*sizes), axis)


def _library() -> Any:
    """PyTorch, in which the algorithm was published and which decomposes faster, where it is installed; else NumPy."""
    try:
        library = importlib.import_module("torch")
    except ImportError:
        return np
    library.set_num_threads(1)
    return library


def _published(library: Any, layer: Layer, rounds: int) -> tuple[dict[str, float], np.ndarray, np.ndarray]:
    """The time of each part, the subspace, and the edited weight."""
    given = library.asarray if library is np else library.from_numpy
    chosen, rejected, weight = map(given, (layer.chosen, layer.rejected, layer.weight))
    rows = centred(library, chosen, rejected)
    vectors = decomposed(library, rows)
    steps = {
        "centred": lambda: centred(library, chosen, rejected),
        "decomposed": lambda: decomposed(library, rows),
        "projected": lambda: projected(library, vectors, weight, layer.axis),
    }
    times: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(rounds):
        for name, step in steps.items():
            spent, result = timed(step)
            times[name].append(spent)
    found = {name: statistics.median(spent) for name, spent in times.items()}
    return found, np.asarray(vectors)[:RANK], np.asarray(result)


def _total(shape: Shape, times: dict[str, float]) -> float:
    """Of the published algorithm, the whole model."""
    everywhere = times["centred"] + shape.weights * times["decomposed"]
    return shape.layers * everywhere + shape.edited * times["projected"]


def _speed(shape: Shape, rounds: int) -> EditSpeed:
    layer = _layer(shape)
    library = _library()
    with single_threaded_algebra():
        # A round of a large model takes minutes.
        times, directions, stated = _published(library, layer, rounds if shape.width < _LARGE else 1)
        centre = protected(layer.chosen)
        basis = subspace(layer, centre)
        own = take_turns(
            {
                "protected": lambda: protected(layer.chosen),
                "subspace": lambda: subspace(layer, centre),
                "whole": lambda: subspace(layer, centre, whole=True),
                "matrix": lambda: edited(layer, basis),
            },
            rounds,
        )
    result = edited(layer, basis).weights
    tracemalloc.start()
    edited(layer, basis)
    memory = tracemalloc.get_traced_memory()[1] / layer.weight.nbytes
    tracemalloc.stop()
    ours = shape.edited * (own["protected"] + own["subspace"] + own["matrix"])
    # ‖P − P′‖ from what is left of one basis outside of the other: the cosines would have lost half of the digits.
    outside = float(np.linalg.norm(directions - (directions @ basis.T) @ basis)) * math.sqrt(2)
    gap = max(outside, float(np.linalg.norm(result - stated) / np.linalg.norm(stated)))
    published = _total(shape, times)
    return EditSpeed(
        shape.name, shape.target, library.__name__, published, ours, **times, **own, gap=gap, memory=memory
    )


def main() -> None:
    """Print a few lines a shape."""
    for speed in edit_speeds(3):
        here, there = ("protected", "subspace", "whole", "matrix"), ("centred", "decomposed", "projected")
        layers = ["; ".join(f"{name} {1000 * getattr(speed, name):.1f} ms" for name in side) for side in (there, here)]
        print(
            f"{speed.name}: published {speed.published:.2f} s with {speed.library} (a layer: {layers[0]}), here "
            f"{speed.ours:.2f} s (a layer: {layers[1]}): {speed.speedup:.1f} times (aim {speed.target:g}), one edited "
            f"layer alone {speed.layer_speedup:.1f} times; differ by {speed.gap:.1e}; {speed.memory:.2f} matrices of "
            "memory beside the one given"
        )


if __name__ == "__main__":
    main()
