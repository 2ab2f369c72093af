"""How near the first direction of N pairs is to that of others, and what the spectrum says of it beforehand.

Run after studies.editing.run, which keeps the states of 512 pairs: ``python -m studies.editing.directions``. The first
256 pairs are drawn from, without replacement, 50 times; the last 256 give the direction and the eigenvalues that the
predictions are made of. It writes studies/editing/directions.csv, a row a block and a number of pairs; and labels.csv,
a row a block and a share of flipped labels: what 128 pairs find then, the prediction of theory.subspaces for the mean
difference, and whether shuffled pairs are noticed.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from numerics.editing import difference_matrix, find_subspace
from numerics.editing.differences import pairing_score
from numerics.editing.noise import overlap_of, strength_of

HERE = Path(__file__).parent
SIZES, DRAWS, HALF = (4, 8, 16, 32, 64, 128), 50, 256
BLOCKS = (15, 20, 25, 29)
PAIRS, FLIPS = 128, (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)


def coloured(eigenvalues: np.ndarray, pairs: int) -> float:
    """Anderson (1963): the leading order of 1 − cos² in 1/N, for any spectrum of the population."""
    first, others = eigenvalues[0], eigenvalues[1:]
    return float((first * others / (first - others) ** 2).sum()) / pairs


def by_pairs(states: tuple[np.ndarray, np.ndarray]) -> list[dict[str, object]]:
    """The direction of N pairs beside that of others."""
    generator, rows = np.random.default_rng(0), []
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
    return rows


def by_flips(states: tuple[np.ndarray, np.ndarray]) -> list[dict[str, object]]:
    """What flipped labels do to both directions, and shuffled pairs to the likeness of their rows."""
    generator, rows = np.random.default_rng(1), []
    for block in BLOCKS:
        chosen, rejected = (side[block].astype(float) for side in states)
        differences = chosen - rejected
        mean, rest = differences[HALF:].mean(axis=0), differences[HALF:]
        noise = float(((rest - mean) ** 2).sum()) / (len(rest) - 1)
        # Without bias: the mean of the others has noise of its own.
        length = float(mean @ mean) - noise / len(rest)
        clean = find_subspace(differences[:PAIRS], rank=1)
        scores = [
            pairing_score(chosen[:PAIRS], rejected[order]) for order in (np.arange(PAIRS), generator.permutation(PAIRS))
        ]
        for share in FLIPS:
            sines, same = [], []
            for _ in range(DRAWS):
                signs = np.ones(PAIRS)
                signs[generator.permutation(PAIRS)[: round(share * PAIRS)]] = -1
                flipped = signs[:, None] * differences[:PAIRS]
                found = flipped.mean(axis=0)
                sines.append(1 - (found @ mean) ** 2 / (found @ found) / (mean @ mean))
                same.append(find_subspace(flipped, rank=1).overlap_with(clean))
            left = (1 - 2 * share) ** 2 * length
            own = noise / len(rest) / (length + noise / len(rest))
            rows.append({
                "block": block, "flips": share, "svd_overlap": min(same), "mean_sine2": np.mean(sines),
                "mean_predicted": noise / PAIRS / (left + noise / PAIRS) + own,
                "score_paired": scores[0], "score_shuffled": scores[1],
            })  # fmt: skip
    return rows


def write(name: str, rows: list[dict[str, object]]) -> None:
    """Rows with six digits."""
    for row in rows:
        row.update({name: f"{value:.6g}" for name, value in row.items() if isinstance(value, float)})
    with (HERE / name).open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def main() -> None:
    with np.load(HERE / "states.npz") as content:
        states = content["chosen"], content["rejected"]
    write("directions.csv", by_pairs(states))
    write("labels.csv", by_flips(states))


if __name__ == "__main__":
    main()
