"""Losses of the first models of a set when their logits are multiplied: what a temperature alone does to them.

    python -m tests.expected.neural.make_tilted language_300

fits model 1 of every seed as the command in ``language_300.json`` did, but for rounding, and writes
``tilted_language_300.json``: the mean test loss at logits times β, for each seed.
"""

from __future__ import annotations

import copy
import json
import shlex
import sys
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from numerics import run_generations
from selfgen.training.kinds import setting
from theory import Replace

FOLDER = Path(__file__).parent
FACTORS = [round(float(factor), 3) for factor in np.geomspace(0.8, 8.0, 41)]


def losses(test: Any, model: Any, _: Any) -> list[float]:
    """The loss at each factor: the last norm scales all logits."""
    found = []
    for factor in FACTORS:
        tilted = copy.deepcopy(model)
        tilted.network.norm.weight.data.mul_(factor)
        found.append(-float(tilted.score_samples(test).mean()))
    return found


def main(name: str) -> None:
    """Write the curves of a set."""
    words = shlex.split(json.loads((FOLDER / f"{name}.json").read_text())["command"])
    given = dict(word.split("=", 1) for before, word in pairwise(words) if before == "--set")
    option = dict(pairwise(words))
    made = setting(words[2], option.get("--data"), given, 0)
    run = run_generations(
        made.generator, made.pool, Replace(), 1, test_data=made.test, replicates=int(option["--seeds"]), n=made.n,
        stacked=True, observe=partial(losses, made.test),
    )  # fmt: skip
    curves = [chain[0] for chain in run.observed]
    content = {
        "command": f"python -m tests.expected.neural.make_tilted {name}",
        "factors": FACTORS,
        "loss": run.losses[:, 0].tolist(),
        "tilted": [[round(value, 6) for value in curve] for curve in curves],
    }
    (FOLDER / f"tilted_{name}.json").write_text(json.dumps(content) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
