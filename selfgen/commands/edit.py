"""``selfgen edit``: a subspace of preference pairs taken out of a model's weights, if its effect is worth it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars
from rich.table import Table

from numerics.editing.effect import Change, Effect
from numerics.editing.families import layers_of
from numerics.editing.models import Edit, Written, open_model, undo_edit, verify_place
from numerics.editing.trial import Trial, Variant, candidate_ranks, find_edits, of_rank, steps_of, try_edits
from selfgen.commands.options import NotAllowed, whole
from selfgen.commands.terminal import show, terminal, waiting
from selfgen.edit_figure import draw_edit
from selfgen.editing_texts import read_pairs
from selfgen.style import verify_kind

#: Not written, because the measured effect is not worth it.
NOT_KEPT = 1


def command(
    model: Annotated[Path, typer.Argument(metavar="MODEL_DIR", help="Folder with config.json, or a .gguf file.")],
    chosen: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Texts, a line each, or activations (.npz, .safetensors).")
    ] = None,
    rejected: Annotated[Path | None, typer.Option(metavar="FILE", help="The same of the other side, in order.")] = None,
    output: Annotated[Path | None, typer.Option(metavar="DIR", help="A new folder for the edited model.")] = None,
    layers: Annotated[str, typer.Option(metavar="SPAN", help="Blocks from 0, such as 15: or -5: or 3,5:7.")] = ":",
    rank: Annotated[str, typer.Option(metavar="NUMBER", help="Directions a block, or auto.")] = "auto",
    method: Annotated[str, typer.Option(help="svd, shrunken or mean-difference.")] = "svd",
    matrices: Annotated[str, typer.Option(help="Which write into the residual stream: mlp, attention, both.")] = "mlp",
    centre: Annotated[bool, typer.Option("--centre", help="Protect the mean state of all pairs.")] = False,
    keep_norms: Annotated[bool, typer.Option("--keep-norms", help="Keep the lengths of output vectors.")] = False,
    one_sided: Annotated[bool, typer.Option("--one-sided", help="Take only what points to rejected.")] = False,
    affine: Annotated[bool, typer.Option("--affine", help="Keep the mean output, by biases.")] = False,
    held_out: Annotated[float, typer.Option(metavar="SHARE", help="Of pairs of texts, for measuring.")] = 0.25,
    concept: Annotated[Path | None, typer.Option(metavar="FILE", help="Words of the concept, one a line.")] = None,
    contexts: Annotated[Path | None, typer.Option(metavar="FILE", help="Beginnings of held-out texts.")] = None,
    text: Annotated[Path | None, typer.Option(metavar="FILE", help="Text for the perplexity.")] = None,
    budget: Annotated[float, typer.Option(metavar="SHARE", help="Rise of the perplexity that is allowed.")] = 0.04,
    kind: Annotated[
        str | None, typer.Option("--type", metavar="TYPE", help="Of edited matrices in GGUF: Q8_0, BF16, F16, F32.")
    ] = None,
    seed: Annotated[int, typer.Option(**whole("--seed", 0), help="Of the random control.")] = 0,
    by_torch: Annotated[
        bool, typer.Option("--torch", help="Compute states by PyTorch (extra neural), not NumPy.")
    ] = False,
    plot: Annotated[Path | None, typer.Option(metavar="FILE", help="Also draw spectra and effect.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Measure, and write nothing.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Write even without a measured effect.")] = False,
    undo: Annotated[bool, typer.Option("--undo", help="Write the model as it was before its edit.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Take a subspace of preference pairs out of a model's weights, if its measured effect is worth it.

    Whatever the pairs hold is removed: a fault, a style, or a safeguard. Exit code 1: not written, for want of effect.
    """
    if undo:
        _undo(model, output, as_json)
        return
    if chosen is None or rejected is None:
        raise NotAllowed("--chosen and --rejected are needed: give two files of pairs.")
    if output is None and not dry_run:
        raise NotAllowed("--output is needed: give a new folder, or --dry-run to measure alone.")
    _verify(held_out, budget)
    if plot is not None:
        verify_kind(plot, "--plot ")
    wanted: int | str = "auto" if rank == "auto" else _whole_rank(rank)
    variant = Variant(method, centre, keep_norms, one_sided, affine)
    with waiting("reading the model"):
        source = open_model(model)
        if output is not None:
            verify_place(source.path, output)
        blocks = layers_of(layers, source.blocks)
        targets = source.targets(blocks, matrices)
        if affine and not any(target.bias for target in targets):
            raise NotAllowed("--affine is not allowed: the mean is kept by biases, and this model has none there.")
        if kind is None and not source.undoable and not dry_run:
            source.file.verify_plain([target.name for target in targets])  # type: ignore[union-attr]
    with waiting("computing states"):
        pairs = read_pairs(source, chosen, rejected, held_out, concept, contexts, text, by_torch)
        edits = find_edits(pairs.chosen, pairs.rejected, blocks, wanted, variant, pairs.ids)
    with waiting("held-out texts before the edit"):
        benches = pairs.benches(blocks[0])
    trial = None
    if benches is not None:
        ranks = candidate_ranks(min(edit.subspace.rank for edit in edits.values())) if wanted == "auto" else []
        with _bar("measuring", steps_of(edits, ranks)) as step:
            trial, edits = try_edits(pairs.llama, *benches, edits, matrices, ranks, budget, seed, step)  # type: ignore[arg-type]
    elif wanted == "auto":
        # Without a measurement the largest rank would be a guess: the first direction alone.
        edits = of_rank(edits, 1)
    reason = _reason(trial)
    written: list[Written] = []
    if output is not None and not dry_run and (reason is None or force):
        told = _told(source.path, blocks, matrices, variant, edits, trial)
        with _bar("writing", len(targets)) as step:
            written = source.write(output, edits, targets, told, kind, step)
    if plot is not None:
        draw_edit(edits, trial, plot)
    if as_json:
        plain = _told(source.path, blocks, matrices, variant, edits, trial) | {"reason": reason}
        plain |= {"written": str(output) if written else None, "tensors": [vars(one) for one in written]}
        typer.echo(json.dumps(plain, ensure_ascii=False, indent=1))
    else:
        _print(edits, trial, written, reason, output, plot, dry_run)
    if reason is not None and not written and not dry_run:
        raise typer.Exit(NOT_KEPT)


def _verify(held_out: float, budget: float) -> None:
    if not 0 < held_out < 1:
        raise NotAllowed(f"--held-out {held_out:g} is not allowed: give a share between 0 and 1.")
    if not 0 <= budget < float("inf"):
        raise NotAllowed(f"--budget {budget:g} is not allowed: give a share of 0 or more.")


def _whole_rank(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise NotAllowed(f"--rank {text} is not allowed: give auto, or a whole number, 1 or more.") from None


def _undo(model: Path, output: Path | None, as_json: bool) -> None:
    if output is None:
        raise NotAllowed("--output is needed: give a new folder for the restored model.")
    names = undo_edit(model, output)
    if as_json:
        typer.echo(json.dumps({"restored": names, "written": str(output)}, ensure_ascii=False, indent=1))
    else:
        typer.echo(f"{len(names)} tensors restored to the last bit, written to {output}.")


def _reason(trial: Trial | None) -> str | None:
    if trial is not None:
        return trial.reason
    return "the effect was not measured: give texts, or --concept, --contexts and --text beside activations."


@contextmanager
def _bar(what: str, total: int) -> Iterator[Callable[[str], None]]:
    """A bar on the terminal, with the name of what was done last."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    bars = Bars(*columns, TextColumn("{task.fields[last]}"), console=terminal(stderr=True), transient=True,
                disable=not sys.stderr.isatty())  # fmt: skip
    with bars:
        task = bars.add_task(what, total=total, last="")
        yield lambda last: bars.update(task, advance=1, last=last)


def _told(
    path: Path, blocks: list[int], matrices: str, variant: Variant, edits: dict[int, Edit], trial: Trial | None
) -> dict[str, Any]:
    """What was done, as JSON holds it."""
    spectra = {
        str(block): {
            "pairs": found.pairs,
            "rank": found.rank,
            "above_edge": found.above,
            "edge": found.edge,
            "eigenvalues": found.eigenvalues[: max(8, found.rank)].tolist(),
            "overlaps": found.overlaps.tolist(),
        }
        for block, found in ((block, edit.subspace) for block, edit in edits.items())
    }
    content: dict[str, Any] = {
        "model": str(path), "blocks": blocks, "matrices": matrices, **vars(variant), "subspaces": spectra
    }  # fmt: skip
    if trial is not None:
        content["rank"] = trial.rank
        content["effect"] = _plain(trial.effect)
        content["random_subspace"] = _plain(trial.control)
        content["mass_by_block_alone"] = {str(block): value for block, value in trial.blocks.items()}
        content["ranks"] = {str(rank): _plain(effect) for rank, effect in trial.ranks.items()}
    return content


def _plain(effect: Effect) -> dict[str, Any]:
    return {"mass": vars(effect.mass), "perplexity": vars(effect.perplexity), "tokens": effect.tokens}


def _print(
    edits: dict[int, Edit], trial: Trial | None, written: list[Written], reason: str | None, output: Path | None,
    plot: Path | None, dry_run: bool,
) -> None:  # fmt: skip
    show(_table(edits, trial, written))
    if trial is not None:
        for name, effect in (("edit", trial.effect), ("random subspace", trial.control)):
            mass, perplexity = _change(effect.mass), _change(effect.perplexity)
            typer.echo(f"{name + ', held out':<28}concept mass {mass}; perplexity {perplexity}, {effect.tokens} tokens")
    if reason is not None:
        typer.echo(reason[0].upper() + reason[1:])
    if written:
        typer.echo(f"Written to {output}.")
    elif dry_run:
        typer.echo("Nothing was written: a dry run.")
    else:
        typer.echo("Nothing was written: --force would.")
    if plot is not None:
        typer.echo(f"Drawn to {plot}.")


def _change(change: Change) -> str:
    spread = 100 * change.standard_error
    return f"{change.before:.4g} → {change.after:.4g} ({100 * change.relative:+.1f} % ± {spread:.1f} %)"


def _table(edits: dict[int, Edit], trial: Trial | None, written: list[Written]) -> Table:
    table = Table(title="What is removed, block by block", box=None, title_justify="left")
    for name in ("block", "pairs", "above edge", "rank", "largest / edge", "overlap", "mass alone", "removed", "left"):
        table.add_column(name, justify="right", no_wrap=True)
    for block, edit in sorted(edits.items()):
        found = edit.subspace
        here = [one for one in written if one.block == block]
        table.add_row(
            str(block),
            str(found.pairs),
            str(found.above),
            str(found.rank),
            f"{found.eigenvalues[0] / found.edge:.3g}",
            f"{found.overlaps.min():.3f}",
            "" if trial is None else f"{100 * trial.blocks[block]:+.1f} %",
            f"{max(one.removed for one in here):.3%}" if here else "",
            f"{max(one.left for one in here):.2g}" if here else "",
        )
    return table
