"""How near the first direction of N pairs is to that of others, and what the spectrum says of it beforehand.

Run after studies.editing.run, which keeps the states of 512 pairs: ``python -m studies.editing.directions``. The first
256 pairs are drawn from, without replacement, 50 times; the last 256 give the direction and the eigenvalues that the
predictions are made of. It writes studies/editing/directions.csv, a row a block and a number of pairs.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from numerics.editing import difference_matrix, find_subspace
from numerics.editing.noise import overlap_of, strength_of

HERE = Path(__file__).parent
SIZES, DRAWS, HALF = (4, 8, 16, 32, 64, 128), 50, 256
BLOCKS = (15, 20, 25, 29)


def coloured(eigenvalues: np.ndarray, pairs: int) -> float:
    """Anderson (1963): the leading order of 1 − cos² in 1/N, for any spectrum of the population."""
    first, others = eigenvalues[0], eigenvalues[1:]
    return float((first * others / (first - others) ** 2).sum()) / pairs


def main() -> None:
    generator, rows = np.random.default_rng(0), []
    with np.load(HERE / "states.npz") as content:
        states = content["chosen"], content["rejected"]
    for block in BLOCKS:
        differences = difference_matrix(states[0][block], states[1][block])
        drawn, others = differences[:HALF], differences[HALF : 2 * HALF]
        told = find_subspace(others, rank=1)
        truth, ratio = told.basis[0], told.dimension / HALF
        strength = float(strength_of(told.eigenvalues[:1], ratio)[0])
        # What two halves differ by is the error of both; that of the truth itself is taken off.
        own = coloured(told.eigenvalues, HALF)
        mean_truth = others.mean(axis=0) / np.linalg.norm(others.mean(axis=0))
        for pairs in SIZES:
            places = [generator.permutation(HALF)[:pairs] for _ in range(DRAWS)]
            sines = [1 - (find_subspace(drawn[place], rank=1).basis[0] @ truth) ** 2 for place in places]
            means = [drawn[place].mean(axis=0) for place in places]
            mean_sines = [1 - (mean @ mean_truth) ** 2 / (mean @ mean) for mean in means]
            rows.append({
                "block": block, "pairs": pairs, "sine2": np.mean(sines), "spread": np.std(sines, ddof=1),
                "white": 1 - float(overlap_of(np.array([strength]), told.dimension / pairs)[0]),
                "coloured": coloured(told.eigenvalues, pairs) + own, "mean_sine2": np.mean(mean_sines),
            })  # fmt: skip
    for row in rows:
        row.update({name: f"{value:.6g}" for name, value in row.items() if isinstance(value, float)})
    with (HERE / "directions.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
