"""``selfgen verify``: derive, simulate, and say whether the two agree."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any

import typer

from numerics.crosscheck import ASKED
from selfgen import __version__, overview, real_study, report, subspace_results, subspace_study, verification
from selfgen.case_result import CaseResult
from selfgen.commands.options import relative_error, whole
from selfgen.commands.terminal import cores, show, terminal
from selfgen.finished_cases import FinishedCases
from selfgen.progress import Progress
from selfgen.study import kind_of, load
from selfgen.web_report.page import write_page
from selfgen.web_report.results_file import Results
from theory import DomainError


def command(
    study: Annotated[
        str | None, typer.Argument(metavar="[STUDY.toml]", help="A study file; without it, every built-in pair.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Write a page, JSON, CSV, LaTeX and figures here, not where the study says, if it does.",
        ),
    ] = None,
    jobs: Annotated[
        int | None, typer.Option(**whole("--jobs", 1, 512), help="Processes; all cores if left out.")
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Of a Dask scheduler, such as tcp://127.0.0.1:8786: its workers verify the cases, in place of --jobs.",
        ),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(**whole("--seed", 0), help="In place of the seed among the study's defaults.")
    ] = None,
    detectable: Annotated[
        float | None,
        typer.Option(
            **relative_error("--detectable"),
            help="A case agrees only where a formula wrong by this share would have been caught; 0.25, or what the "
            "study says.",
        ),
    ] = None,
    no_cache: Annotated[
        bool, typer.Option("--no-cache", help="Derive everything anew: neither read nor write the user's cache.")
    ] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with what an earlier run left in DIR; the files are the same.")
    ] = False,
) -> None:
    """Derive every case of a study, simulate it, and say whether the two agree.

    Exit code 0 if every case agrees, 1 if one disagrees, 3 if none does but some are inconclusive: nothing speaks
    against their formulas, but too large an error in them could have gone unseen; 2 for input that makes no sense.

    Each case is written to DIR as it ends, so that a run that is stopped or killed loses only the cases at work.

    What is derived (formulas, theorems, certificates, values) is kept in the user's cache while the library is the
    same; every case is simulated and judged anew.
    """
    kind = KINDS.get(kind_of(study))
    if scheduler is not None and jobs is not None:
        raise DomainError(f"--jobs {jobs} and --scheduler {scheduler} are both given: give one of them.")
    if scheduler is not None and kind is not None:
        raise DomainError(
            f"--scheduler is not allowed for {study}: studies of its kind run on this machine, by --jobs."
        )
    if study is not None and kind is not None:
        given = {} if detectable is None else {"detectable": detectable}
        if given and not kind.judged_by_power:
            raise DomainError(
                f"--detectable is not allowed for {study}: what is predicted of real data is judged by its p-value."
            )
        _verify_kind(kind, kind.load(study, seed, **given), output, cores() if jobs is None else jobs, resume)
        return
    detectable = ASKED if detectable is None else detectable
    loaded = load(study, seed=seed)
    folder, named = _folder(loaded.output, output, resume)
    drawn = 0
    with (
        FinishedCases(CaseResult, folder, resume, named, {"--detectable": detectable}) as finished,
        Progress(len(loaded.cases), terminal(stderr=True), shown=sys.stderr.isatty()) as progress,
    ):
        taken = sum(finished.of(case) is not None for case in loaded.cases)
        results = verification.verify(
            loaded,
            jobs=cores() if jobs is None else jobs,
            figures=folder,
            begin=progress.begin,
            finish=progress.finish,
            detectable=detectable,
            finished=finished,
            cached=not no_cache,
            scheduler=scheduler,
        )
        if folder is not None:
            # Before anything is printed: whoever reads that may leave.
            report.write(folder, loaded, results)
            drawn = overview.write(folder, results)
            write_page(folder, Results(loaded.title, loaded.source, __version__, list(results)))
            finished.close(loaded.cases, results)
    screen = terminal()
    screen.print(report.table(loaded.title, results, screen.width))
    for result in results:
        if not result.passed:
            typer.echo(f"{result.name} ({report.settings_text(result)}): {result.verdict}: {result.reason}")
    typer.echo(report.summary(results))
    closed = [result for result in results if result.certified is not None]
    if closed:
        proved = sum(result.certified is True for result in closed)
        typer.echo(f"{len(closed)} of the risks have a closed form; {proved} of these have a certificate, checked.")
    partly = sum(result.checked < result.generations for result in results)
    if partly:
        typer.echo(f"As the study asks, the later generations of {partly} of them were simulated but not judged.")
    if folder is not None:
        if taken:
            typer.echo(f"{taken} of {len(results)} cases were taken from {folder}, and not done again.")
        what = "a figure a case" if drawn == 0 else f"{drawn} overview{'s' if drawn > 1 else ''} of grids"
        if drawn > 0 and not all(result.grid for result in results):
            what += ", and a figure of every other case"
        typer.echo(f"Written to {folder}: index.html, results.json, results.csv, theorems.tex, cases.jsonl and {what}.")
    code = report.exit_code(result.verdict for result in results)
    if code:
        raise typer.Exit(code)


def _folder(own: Path | None, output: Path | None, resume: bool) -> tuple[Path | None, str]:
    """Where a study is written, if anywhere, made if need be; and how the user named it."""
    folder = own if output is None else output
    if folder is None:
        if resume:
            raise DomainError("--resume goes on with what is in a folder: give the --output DIR of the run before.")
        return None, ""
    named = f"--output {folder}" if output is not None else f"output = {str(folder)!r} of the study"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DomainError(f"{named} is not a folder that can be written: {error.strerror}.") from None
    return folder, named


@dataclass(frozen=True)
class _Kind:
    """What a study of a kind of its own is read, verified and shown by; ``module`` has the rest by the same names.

    ``judged_by_power``: a case agrees only where an error would have been caught.
    """

    load: Callable[..., Any]
    result: type
    module: ModuleType
    judged_by_power: bool


KINDS = {
    real_study.KIND: _Kind(real_study.load, real_study.RealResult, real_study, judged_by_power=False),
    subspace_study.KIND: _Kind(
        subspace_study.load, subspace_results.SubspaceResult, subspace_results, judged_by_power=True
    ),
}


def _verify_kind(kind: _Kind, loaded: Any, output: Path | None, jobs: int, resume: bool) -> None:
    """The same for a study of real data, whose later generations are labelled by fitted models, or of subspaces."""
    of = kind.module
    folder, named = _folder(loaded.output, output, resume)
    record: FinishedCases[Any] = FinishedCases(kind.result, folder, resume, named)
    with (
        record as finished,
        Progress(len(loaded.cases), terminal(stderr=True), sys.stderr.isatty(), of.describe) as progress,
    ):
        taken = sum(finished.of(case) is not None for case in loaded.cases)
        results = of.verify(
            loaded, jobs=jobs, figures=folder, begin=progress.begin, finish=progress.finish, finished=finished
        )
        if folder is not None:
            of.write(folder, loaded, results)
            finished.close(loaded.cases, results)
    show(of.table(loaded.title, results))
    for sentence in of.remarks(results):
        typer.echo(sentence)
    if folder is not None:
        if taken:
            typer.echo(f"{taken} of {len(results)} cases were taken from {folder}, and not done again.")
        typer.echo(f"Written to {folder}: {of.FILES}.")
    code = report.exit_code(result.verdict for result in results)
    if code:
        raise typer.Exit(code)
