"""``python -m benchmarks.neural``: real generators on one thread, as ratios in one run.

Stacked chains against single fits; a training step against a bare loop of the same network, as small public trainers of
GPTs write it; sampling with kept keys and values against computing all anew; the loop of generations against fits and
samples alone; and the peak memory of a fit over what PyTorch itself takes.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from benchmarks.timing import take_turns
from numerics import run_generations
from numerics.neural import LanguageModel
from numerics.neural.settled import generator_of
from numerics.neural.stack import fit_stacked
from theory import Replace

CHAINS, VOCABULARY = 9, 64
SHAPE: dict[str, Any] = {"context": 32, "layers": 2, "width": 32, "heads": 4, "batch": 16, "steps": 30}
ROWS = np.random.default_rng(1).integers(0, VOCABULARY, (2000, 32)).astype(np.uint8)


@dataclass(frozen=True)
class Ratio:
    """What was measured, and what it should be at most, or at least."""

    name: str
    value: float
    target: float
    most: bool = True

    def __str__(self) -> str:
        met = self.value <= self.target if self.most else self.value >= self.target
        bound = "at most" if self.most else "at least"
        return f"{self.name}: {self.value:.3g} ({bound} {self.target:g}: {'met' if met else 'not met'})"


def model(**changed: Any) -> LanguageModel:
    """A small language model."""
    return LanguageModel(VOCABULARY, **{**SHAPE, **changed})


def stacked(rounds: int, name: str = "nine chains stacked / single", **changed: Any) -> Ratio:
    """Nine chains at once, over nine after the other."""
    made = model(**changed)
    rows = ROWS[:, : made.context]

    def singles() -> None:
        for seed in range(CHAINS):
            model(**changed).fit(rows, seed=seed)

    def together() -> None:
        fit_stacked([model(**changed) for _ in range(CHAINS)], [rows] * CHAINS, range(CHAINS))

    times = take_turns({"singles": singles, "together": together}, rounds)
    return Ratio(name, times["together"] / times["singles"], 0.6)


def stacked_small(rounds: int) -> Ratio:
    """The same of a network whose step is mostly the calls of its kernels."""
    name = "nine chains of 4,300 weights stacked / single"
    return stacked(rounds, name, context=16, layers=1, width=16, heads=2)


def step(rounds: int) -> Ratio:
    """A fit over a bare loop."""
    made = model(steps=100)

    def bare() -> None:
        network = made._fresh()
        network.draw(generator_of(1))
        optimiser = torch.optim.AdamW(network.parameters(), lr=made.rate, betas=(0.9, 0.99), weight_decay=made.decay)
        data = torch.from_numpy(ROWS.astype(np.int64))
        for _ in range(made.steps):
            targets = data[torch.randint(len(data), (made.batch,))]
            tokens = torch.cat([torch.full((made.batch, 1), VOCABULARY), targets[:, :-1]], dim=1)
            loss = functional.cross_entropy(network(tokens).flatten(0, 1), targets.flatten())
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()

    times = take_turns({"fit": lambda: model(steps=100).fit(ROWS, seed=1), "bare": bare}, rounds)
    return Ratio("a training step / a bare loop", times["fit"] / times["bare"], 1.15)


def sampling(rounds: int) -> Ratio:
    """All positions computed anew for each token, over a cache, at length 128."""
    made = model(context=128, steps=0)
    made.fit(np.tile(ROWS[:100], (1, 4)), seed=1)

    def anew() -> None:
        with torch.inference_mode():
            tokens = torch.full((128, 1), VOCABULARY)
            for _ in range(128):
                logits = made.network(tokens)[:, -1, :VOCABULARY]
                tokens = torch.cat([tokens, torch.multinomial(torch.softmax(logits, -1), 1)], dim=1)

    times = take_turns({"cached": lambda: made.sample(128, seed=1), "anew": anew}, rounds)
    return Ratio("sampling anew / with a cache, 128 tokens", times["anew"] / times["cached"], 5.0, most=False)


def overhead(rounds: int) -> Ratio:
    """The loop of generations over its fits, scores and samples."""
    test = ROWS[:256]

    def loop() -> None:
        run_generations(model(steps=60), ROWS, Replace(), 4, test_data=test, n=500)

    def bare() -> None:
        rows: Any = ROWS[:500]
        for g in range(4):
            made = model(steps=60)
            made.fit(rows, seed=g)
            made.score_samples(test).mean()
            rows = made.sample(500, seed=g) if g < 3 else rows

    times = take_turns({"loop": loop, "bare": bare}, rounds)
    return Ratio("the loop / bare fits and samples", times["loop"] / times["bare"], 1.03)


MEMORY = """
import numpy as np
from numerics.neural import LanguageModel
rows = np.random.default_rng(1).integers(0, 64, ({rows}, 64)).astype(np.int32)
model = LanguageModel(64, context=64, layers=2, width=32, heads=4, steps=20)
model.fit(rows[:{fitted}], seed=1)
model.score_samples(rows[:1000])
# Not what getrusage says, which knows the process that started this one.
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(int(peak.split()[1]) * 1024, rows.nbytes)
"""


def memory() -> Ratio:
    """Peak of a fit on 64 MiB of tokens over that of one on few, in bytes of the data."""
    peaks = []
    for rows in (1000, 262_144):
        script = MEMORY.format(rows=rows, fitted=rows)
        printed = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
        peak, size = map(int, printed.split())
        peaks.append(peak)
    return Ratio("peak memory beyond PyTorch's own / data", (peaks[1] - peaks[0]) / size, 3.0)


def main() -> None:
    """Run all of them."""
    arguments = argparse.ArgumentParser(prog="python -m benchmarks.neural", description=__doc__)
    arguments.add_argument("--rounds", type=int, default=5, help="rounds of each timing; the median counts (default 5)")
    options = arguments.parse_args()
    torch.set_num_threads(1)
    timings: tuple[Callable[[int], Ratio], ...] = (stacked, stacked_small, step, sampling, overhead)
    for timing in timings:
        print(timing(options.rounds), flush=True)
    print(memory())


if __name__ == "__main__":
    main()
