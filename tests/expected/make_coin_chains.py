"""Risks of coin chains by writing out every data set, in fractions, with nothing of selfgen: coin_chains.json.

    python tests/expected/make_coin_chains.py

Generation g flips n coins of the probability fitted before it, and is fitted as each workflow below says in its own
words: on lists of flips, not on weights. A law is a dictionary {state: probability}; the state is what later
generations need. The expected squared error and the mean are read off.
"""

from __future__ import annotations

import json
from fractions import Fraction
from itertools import product
from math import comb
from pathlib import Path

Law = dict[tuple[int, ...], Fraction]


def flips(n: int, p: Fraction) -> list[tuple[int, Fraction]]:
    """Successes of n flips with their probabilities."""
    return [(k, comb(n, k) * p**k * (1 - p) ** (n - k)) for k in range(n + 1)]


def hypergeometric(pool: int, ones: int, drawn: int) -> list[tuple[int, Fraction]]:
    """Successes among ``drawn`` of ``pool`` flips without replacement."""
    return [
        (k, Fraction(comb(ones, k) * comb(pool - ones, drawn - k), comb(pool, drawn)))
        for k in range(max(0, drawn - (pool - ones)), min(ones, drawn) + 1)
    ]


def extended(law: Law, fit, n: int, fresh: int, p: Fraction) -> dict[tuple[tuple[int, ...], Fraction], Fraction]:
    """Joint law of (blocks, model): every set of blocks, and every model that may be fitted on it."""
    found: dict[tuple[tuple[int, ...], Fraction], Fraction] = {}
    for blocks, mass in law.items():
        for real, chance in flips(fresh, p) if fresh and len(blocks) > 1 else [(0, Fraction(1))]:
            for model, share in fit(blocks, real):
                key = (blocks, model)
                found[key] = found.get(key, Fraction(0)) + mass * chance * share
    return found


def chain(fit, n: int, p: Fraction, generations: int, fresh: int = 0) -> list[list[str]]:
    """[mean of the model, mean squared error] at each generation, as texts of fractions."""
    law: Law = {(k,): mass for k, mass in flips(n, p)}
    rows = []
    for g in range(1, generations + 1):
        joint = extended(law, fit, n, fresh, p)
        mean = sum((mass * model for (_, model), mass in joint.items()), Fraction(0))
        error = sum((mass * (model - p) ** 2 for (_, model), mass in joint.items()), Fraction(0))
        rows.append([str(mean), str(error)])
        if g < generations:
            following: Law = {}
            for (blocks, model), mass in joint.items():
                for k, chance in flips(n, model):
                    if chance:
                        key = (*blocks, k)
                        following[key] = following.get(key, Fraction(0)) + mass * chance
            law = following
    return rows


def workflows(n: int):
    """Name, constructor arguments for selfgen, and how a model is fitted on the blocks (and fresh real flips)."""

    def only(model: Fraction):
        return [(model, Fraction(1))]

    def subsample(replacement: bool):
        def fit(blocks, real):
            pool, ones = n * len(blocks), sum(blocks)
            law = flips(n, Fraction(ones, pool)) if replacement else hypergeometric(pool, ones, n)
            return [(Fraction(k, n), chance) for k, chance in law]

        return fit

    yield "replace", {}, 0, lambda blocks, real: only(Fraction(blocks[-1], n))
    yield "accumulate", {}, 0, lambda blocks, real: only(Fraction(sum(blocks), n * len(blocks)))
    yield "sliding-window", {"k": "2"}, 0, lambda blocks, real: only(Fraction(sum(blocks[-2:]), n * len(blocks[-2:])))
    yield "sliding-window", {"k": "3"}, 0, lambda blocks, real: only(Fraction(sum(blocks[-3:]), n * len(blocks[-3:])))
    yield (
        "real-plus-latest",
        {"share": "1/3"},
        0,
        lambda blocks, real: only(
            Fraction(blocks[0], 3 * n) + Fraction(2 * blocks[-1], 3 * n) if len(blocks) > 1 else Fraction(blocks[0], n)
        ),
    )
    yield (
        "fresh-real",
        {"share": "1/4"},
        n,
        lambda blocks, real: only(
            Fraction(real, 4 * n) + Fraction(3 * blocks[-1], 4 * n) if len(blocks) > 1 else Fraction(blocks[0], n)
        ),
    )
    yield "accumulate-subsample", {"replacement": "false"}, 0, subsample(False)
    yield "accumulate-subsample", {"replacement": "true"}, 0, subsample(True)


def main() -> None:
    cases = []
    for n, p in product((1, 2, 3), (Fraction(1, 3), Fraction(1, 2), Fraction(5, 7))):
        for name, settings, fresh, fit in workflows(n):
            generations = {1: 6, 2: 4, 3: 4}[n]
            rows = chain(fit, n, p, generations, fresh)
            cases.append({"workflow": name, "settings": settings, "n": n, "p": str(p), "mean_and_risk": rows})
    text = json.dumps({"made_by": Path(__file__).name, "cases": cases}, indent=1)
    Path(__file__).with_name("coin_chains.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
