"""``python -m benchmarks.compare COMMIT``: the same work by two commits, in turns, in one run.

Each task runs in a process of its own with the sources of one commit or of the working tree in front, so that nothing
is shared but the machine; processor time is compared, and the largest memory that a process held. The exit code is 1
where a task takes longer than before by more than ``SLACK``.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import statistics
import subprocess
import sys
import tarfile
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).parents[1]
#: A median of a few runs on a busy machine is no closer.
SLACK = 1.25
WIDTH = 150


@dataclass(frozen=True)
class Task:
    """Python that is timed, and what comes before the clock starts; the whole process where that is None.

    ``target``: by how much the table of targets asks for less time than the version before the first of them.
    ``again``: timed the second time, when what a first call keeps in the user's cache is there.
    """

    name: str
    code: str
    before: str | None = "from theory import *\nfrom numerics import simulate"
    target: float | None = None
    again: bool = False


@dataclass(frozen=True)
class Measured:
    """Seconds of processor time and megabytes, before and now; None where the older commit cannot do it."""

    name: str
    before: float | None
    now: float
    memory_before: float | None
    memory: float
    target: float | None

    @property
    def ratio(self) -> float | None:
        """How many times less time it takes now."""
        return None if self.before is None else self.before / self.now


def _simulation(model: str, workflow: str, generations: int, replicates: int, more: str = "") -> str:
    return f"simulate({model}, {workflow}, generations={generations}, replicates={replicates}{more})"


def _densities(points: int) -> str:
    model = f"KernelDensity(bandwidth='1/4', n={points})"
    return _simulation(model, "Replace()", 3, 4, ", loss='mise'")


def _set_up(workflow: str) -> str:
    return _simulation("GaussianMean(sigma2=1, n=6)", workflow, 2000, 2)


def _late(model: str, workflow: str, loss: str = "squared") -> str:
    return f"expected_risk({model}, {workflow}, {loss!r}).recurrence.at(3000)"


def _derived(model: str, workflow: str) -> str:
    return f"r = expected_risk({model}, {workflow})\nr.closed_form, r.limit, r.growth, r.latex(), r.at(10)"


def _command(*words: str) -> str:
    return f"import sys\nsys.argv = {['selfgen', *words]!r}\nfrom selfgen.cli import app\napp(standalone_mode=False)"


def _verified() -> str:
    """Six cases of the study of all built-in pairs, as the command does them."""
    return """from inspect import signature
from selfgen.study import load
from selfgen.verification import verify_case
more = {"cached": True} if "cached" in signature(verify_case).parameters else {}
cases = [case for case in load().cases if case.workflow == "accumulate" and case.loss == "squared"]
for case in cases[:6]:
    verify_case(case, **more)"""


COIN, GAUSSIAN = "Bernoulli(p='1/3', n=4)", "GaussianMean(sigma2=1, n=100)"
TASKS = (
    Task("import theory", "import theory", None),
    Task("selfgen --version", _command("--version"), None),
    Task("selfgen list, the first time", _command("list"), None),
    Task("selfgen derive bernoulli accumulate", _command("derive", "bernoulli", "accumulate"), None, target=2.2),
    Task("selfgen derive gaussian-mean replace", _command("derive", "gaussian-mean", "replace"), None, target=2.2),
    Task("set-up: accumulate, G = 2000", _set_up("Accumulate()"), target=10),
    Task("set-up: sliding window, G = 2000", _set_up("SlidingWindow(3)"), target=10),
    Task("set-up: accumulate, sizes j, G = 2000", _set_up("Accumulate(sizes='j')"), target=10),
    Task("simulate: accumulate, R = 2000, G = 3000", _simulation(GAUSSIAN, "Accumulate()", 3000, 2000), target=15),
    Task("verify: six models under accumulate, again", _verified(), None, target=2.75, again=True),
    Task("exact law: Gaussian mean, accumulate", _simulation(GAUSSIAN, "Accumulate()", 100, 2**17)),
    Task("exact law: Gaussian mean, replace", _simulation(GAUSSIAN, "Replace()", 100, 2**17)),
    Task("raw: Gaussian mean, replace", _simulation(GAUSSIAN, "Replace()", 100, 2**12, ", method='raw'")),
    Task("raw: Gaussian subsamples", _simulation(GAUSSIAN, "AccumulateSubsample(1)", 50, 256, ", method='raw'")),
    Task("exact value at 3000: accumulate", _late(COIN, "Accumulate()")),
    Task("exact value at 3000: sliding window", _late(COIN, "SlidingWindow(3)")),
    Task("exact value at 3000: Gaussian covariance", _late("GaussianFit(d=2, n=10)", "Accumulate()", "covariance")),
    Task("exact value at 400: window of 6", f"expected_risk({COIN}, SlidingWindow(6)).recurrence.at(400)"),
    Task("kernel densities' error: n = 4096", _densities(4096)),
    Task("exact law: R = 10^6, G = 100", _simulation(GAUSSIAN, "Accumulate()", 100, 10**6)),
    Task("raw: R = 10^4, G = 100", _simulation(GAUSSIAN, "Accumulate()", 100, 10**4, ", method='raw'")),
    Task("derivation: Poisson, accumulate", _derived("Poisson()", "Accumulate()")),
    Task("derivation: Bernoulli, sliding window", _derived("Bernoulli()", "SlidingWindow(2)")),
    Task("derivation: linear regression, fresh real", _derived("LinearRegression(design='fresh')", "FreshReal()")),
)


def main() -> None:
    """Compare a commit with the working tree."""
    arguments = argparse.ArgumentParser(prog="python -m benchmarks.compare", description=__doc__)
    arguments.add_argument("commit", help="the commit to compare with")
    arguments.add_argument("--rounds", type=int, default=3, help="runs of each task by each; the median counts (3)")
    arguments.add_argument("--only", default="", help="tasks with this in their names")
    arguments.add_argument("--output", type=Path, help="write the measurements as JSON to this file")
    options = arguments.parse_args()
    if options.rounds < 1:
        arguments.error(f"--rounds = {options.rounds} is not allowed: give a whole number, 1 or more.")
    tasks = [task for task in TASKS if options.only in task.name]
    if not tasks:
        arguments.error(f"--only {options.only}: no task has that in its name.")
    with TemporaryDirectory() as name:
        extract(options.commit, Path(name), arguments)
        measured = [compare(task, Path(name), options.rounds) for task in tasks]
    console = Console()
    console = console if console.is_terminal else Console(width=max(console.width, WIDTH))
    console.print(table(options.commit, measured))
    if options.output is not None:
        options.output.write_text(json.dumps([asdict(one) | {"ratio": one.ratio} for one in measured], indent=2) + "\n")
    slower = [one.name for one in measured if one.ratio is not None and one.ratio < 1 / SLACK]
    if slower:
        console.print(f"Slower than before by more than {SLACK:g}: {'; '.join(slower)}.")
        sys.exit(1)


def extract(commit: str, folder: Path, arguments: argparse.ArgumentParser) -> None:
    """The sources of a commit; the repository is left as it is."""
    done = subprocess.run(["git", "archive", commit], cwd=ROOT, capture_output=True, check=False)
    if done.returncode:
        arguments.error(f"{commit} is no commit of this repository: {done.stderr.decode().strip()}")
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        archive.extractall(folder, filter="data")


def compare(task: Task, base: Path, rounds: int) -> Measured:
    """One task, by the two in turns."""
    before: list[tuple[float, float]] = []
    now: list[tuple[float, float]] = []
    for _ in range(rounds):
        for tree, found in ((base, before), (ROOT, now)):
            one = run(task, tree)
            if one is not None:
                found.append(one)
    if len(now) < rounds:
        sys.exit(f"{task.name} fails: run it with the working tree.\n{task.code}")
    seconds, memory = _medians(now)
    earlier, held = _medians(before) if before else (None, None)
    return Measured(task.name, earlier, seconds, held, memory, task.target)


def _medians(found: list[tuple[float, float]]) -> tuple[float, float]:
    seconds, memory = zip(*found, strict=True)
    return statistics.median(seconds), statistics.median(memory)


def run(task: Task, tree: Path) -> tuple[float, float] | None:
    """Seconds and megabytes of one run; None where it fails."""
    clock = "start = 0.0" if task.before is None else f"{task.before}\nstart = time.process_time()"
    told = "print('', time.process_time() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)"
    code = f"import resource, time\n{clock}\n{task.code}\n{told}"
    command = [sys.executable, "-c", code]
    with TemporaryDirectory() as cache:
        known = os.environ | {"PYTHONPATH": str(tree), "OMP_NUM_THREADS": "1", "XDG_CACHE_HOME": cache}
        for _ in range(1 + task.again):
            done = subprocess.run(command, cwd=tree, env=known, capture_output=True, text=True, check=False)
    if done.returncode:
        return None
    seconds, memory = done.stdout.splitlines()[-1].split()
    return float(seconds), float(memory)


def table(commit: str, measured: list[Measured]) -> Table:
    """One row a task."""
    shown = Table(
        title=f"Processor time and largest memory, {commit[:12]} and the working tree in turns",
        caption=f"Green where it takes less time; red where it takes more than {SLACK:g} times as much.",
    )
    shown.add_column("what")
    for name in ("target", "before", "now", "ratio", "MB before", "MB now"):
        shown.add_column(name, justify="right", no_wrap=True)
    for one in measured:
        ratio = one.ratio
        colour = "" if ratio is None or 1 / SLACK <= ratio <= 1 else "red" if ratio < 1 else "green"
        text = "–" if ratio is None else f"{ratio:.3g}"
        shown.add_row(
            one.name,
            "–" if one.target is None else f"{one.target:g}",
            "–" if one.before is None else f"{one.before:.3g} s",
            f"{one.now:.3g} s",
            f"[{colour}]{text}[/]" if colour else text,
            "–" if one.memory_before is None else f"{one.memory_before:.0f}",
            f"{one.memory:.0f}",
        )
    return shown


if __name__ == "__main__":
    main()
