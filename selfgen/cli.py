"""The command line: a thin mirror of ``theory`` and ``numerics``.

Exit codes: 0, done (and every case agrees); 1, ``verify`` found a case that does not, or a proof does not hold; 2, bad
input, or nothing found, said in one sentence on standard error; 130, stopped by Ctrl-C, with a sentence that says what
is kept; 141, whoever read the output left (``| head``), about which nothing is said. Both are a shell's own numbers.
"""

from __future__ import annotations

import csv
import errno
import json
import math
import os
import re
import sys
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from sympy import CRootOf, Expr, oo, true

from selfgen import __version__
from selfgen.tables import fitted
from theory import DomainError, InputWarning, NotDerivedError

if TYPE_CHECKING:
    from selfgen.value_plane import PointCheck
    from theory import Risk
    from theory.design.value import ValueOfSynthetic
    from theory.proof import Claim


# What the parser of options raises, whichever package typer has it from.
_UsageError: Any = typer.BadParameter.__base__


class _NotAllowed(Exception):
    """An option with a value that is not allowed."""


#: What a shell says of a program that Ctrl-C, or a reader who left, has ended.
_INTERRUPTED, _UNREAD = 130, 141
class _Command(typer.core.TyperCommand):
    """A command that takes each option once, unless it is said to be repeatable."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        _, _, order = self.make_parser(ctx).parse_args(args=list(args))
        once = [option for option in order if option.param_type_name == "option" and not option.multiple]
        for option in once:
            if once.count(option) > 1 and not ctx.resilient_parsing:
                raise _NotAllowed(f"{' or '.join(option.opts)} is given {once.count(option)} times: give it once.")
        return super().parse_args(ctx, args)


def _advise(message: Warning | str, category: type[Warning], *where: Any, **more: Any) -> None:
    """A warning of ours as a line for a reader; any other as Python shows it."""
    if issubclass(category, InputWarning):
        typer.echo(f"selfgen: note: {message}", err=True)
    else:
        sys.stderr.write(warnings.formatwarning(message, category, *where[:2]))


class _Group(typer.core.TyperGroup):
    """Commands whose bad input ends in one sentence and exit code 2."""

    def make_context(self, *args: Any, **kwargs: Any) -> Any:
        # What is printed here is the help.
        with _written():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: Any) -> Any:
        if sys.stdout is None:
            # Closed by whoever started us: what is printed goes nowhere, what is written to files still does.
            sys.stdout = open(os.devnull, "w")  # noqa: SIM115
        # Exact numbers may have more digits than Python writes unasked; where they are shown they are cut.
        sys.set_int_max_str_digits(0)
        try:
            with _written(), warnings.catch_warnings():
                warnings.filterwarnings("once", category=InputWarning)
                warnings.showwarning = _advise
                result = super().invoke(ctx)
                sys.stdout.flush()
        except (DomainError, _NotAllowed) as error:
            sentence = str(error)
        except _UsageError as error:
            message = error.format_message().rstrip(".")
            sentence = f"{message}: see 'selfgen {ctx.invoked_subcommand or ''} --help'.".replace("  ", " ")
        except MemoryError:
            sentence = "this needs more memory than there is: ask for fewer generations, or for smaller blocks."
        except KeyboardInterrupt as error:
            typer.echo(f"selfgen: {error}" if error.args else "selfgen: Interrupted.", err=True)
            raise typer.Exit(_INTERRUPTED) from None
        else:
            return result
        typer.echo(f"selfgen: {sentence}", err=True)
        raise typer.Exit(2)


@contextmanager
def _written() -> Iterator[None]:
    """Output that cannot be written ends the program: in silence where its reader left, else with a sentence."""
    try:
        yield
    except BrokenPipeError:
        left = True
    except SystemExit as error:
        # So Rich ends a program whose reader left, where it prints the help.
        if not isinstance(error.__context__, BrokenPipeError):
            raise
        left = True
    except OSError as error:
        left = False
        sentence = f"{error.filename or 'standard output'} cannot be written: {error.strerror or error}."
    else:
        return
    _discard_output()
    if not left:
        typer.echo(f"selfgen: {sentence}", err=True)
    # Not by an exception of typer's, which a help that is being printed would not pass on.
    sys.exit(_UNREAD if left else 2)


def _discard_output() -> None:
    """What is left in the buffer would fail again when the interpreter closes it."""
    if sys.__stdout__ is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.__stdout__.fileno())


def _whole(name: str, least: int, most: int | None = None) -> Any:
    """A parser of whole numbers whose errors say what was given and what is allowed."""
    allowed = f"a whole number, {least} or more" if most is None else f"a whole number from {least} to {most}"

    def parse(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = least - 1
        if value < least or (most is not None and value > most):
            raise _NotAllowed(f"{name} {text} is not allowed: give {allowed}.")
        return value

    return {"parser": parse, "metavar": "INTEGER"}


def _relative_error(name: str) -> Any:
    """A parser of relative errors, such as 0.25, whose errors say what was given and what is allowed."""

    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not 0 < value < math.inf:
            raise _NotAllowed(f"{name} {text} is not allowed: give a positive relative error, such as 0.25.")
        return value

    return {"parser": parse, "metavar": "NUMBER"}


app = typer.Typer(
    cls=_Group,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    help="What becomes of a model trained on data that earlier models generated: its expected test risk at every "
    "generation, in closed form, checked by simulation.",
    epilog="Names are the papers': accumulate (augment), replace (discard), linear-regression, … A workflow's own "
    "settings may follow its name: sliding-window:k=3.",
)


class Design(StrEnum):
    """On which rows later generations are labelled."""

    shared = "shared"
    fresh = "fresh"


class Method(StrEnum):
    """How to simulate."""

    exact_law = "exact-law"
    raw = "raw"


ModelName = Annotated[str, typer.Argument(metavar="MODEL", help="A model, such as bernoulli or linear-regression.")]
WorkflowName = Annotated[
    str, typer.Argument(metavar="WORKFLOW", help="A workflow, such as accumulate or sliding-window:k=3.")
]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="A parameter of the model or the workflow; repeatable."),
]
Sizes = Annotated[
    str | None,
    typer.Option(
        help='Block sizes as arithmetic in j, in units of n: "2" is blocks of 2n samples, "j**2" of n, 4n, 9n, …'
    ),
]
Symbols = Annotated[
    list[str] | None,
    typer.Option(
        "--symbol",
        metavar="NAME",
        help='Declare a constant for --set and --sizes, such as c for --sizes "c*j"; repeatable. It is positive, and '
        "whole if it is called n, d, T, k or m. Other names are errors.",
    ),
]
Loss = Annotated[str, typer.Option(help="Which risk: squared, kl, …")]
Than = Annotated[str | None, typer.Option(metavar="WORKFLOW", help="The other workflow of a claim about two.")]
ThanModel = Annotated[
    str | None,
    typer.Option(metavar="MODEL", help="The other model, where it differs, such as linear-regression:design=shared."),
]
OfRisk = Annotated[bool, typer.Option("--risk", help="About the risk itself, not its ratio to generation 1.")]


@app.callback(invoke_without_command=True)
def _main(
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.", is_eager=True)] = False,
) -> None:
    if version:
        typer.echo(f"selfgen {__version__}")
        raise typer.Exit


@app.command(cls=_Command)
def verify(
    study: Annotated[
        str | None, typer.Argument(metavar="[STUDY.toml]", help="A study file; without it, every built-in pair.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Write JSON, CSV, LaTeX and figures here, not where the study says, if it does.",
        ),
    ] = None,
    jobs: Annotated[
        int | None, typer.Option(**_whole("--jobs", 1, 512), help="Processes; all cores if left out.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(**_whole("--seed", 0), help="In place of the seed among the study's defaults.")
    ] = None,
    detectable: Annotated[
        float,
        typer.Option(
            **_relative_error("--detectable"),
            help="A case agrees only where a formula wrong by this share would have been caught.",
        ),
    ] = "0.25",  # type: ignore[assignment]
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with what an earlier run left in DIR; the files are the same.")
    ] = False,
) -> None:
    """Derive every case of a study, simulate it, and say whether the two agree.

    Exit code 0 if every case agrees, 1 if one disagrees, 3 if none does but some are inconclusive: nothing speaks
    against their formulas, but too large an error in them could have gone unseen; 2 for input that makes no sense.

    Each case is written to DIR as it ends, so that a run that is stopped or killed loses only the cases at work.
    """
    from selfgen import overview, real_study, report, verification
    from selfgen.case_result import CaseResult
    from selfgen.finished_cases import FinishedCases
    from selfgen.progress import Progress
    from selfgen.study import load

    if study is not None and real_study.is_real(study):
        _verify_real(study, output, _cores() if jobs is None else jobs, seed, resume)
        return
    loaded = load(study, seed=seed)
    folder, named = _folder(loaded.output, output, resume)
    drawn = 0
    with (
        FinishedCases(
            CaseResult, folder, resume, named, {"--detectable": detectable}
        ) as finished,
        Progress(len(loaded.cases), _terminal(stderr=True), shown=sys.stderr.isatty()) as progress,
    ):
        taken = sum(finished.of(case) is not None for case in loaded.cases)
        results = verification.verify(
            loaded,
            jobs=_cores() if jobs is None else jobs,
            figures=folder,
            begin=progress.begin,
            finish=progress.finish,
            detectable=detectable,
            finished=finished,
        )
        if folder is not None:
            # Before anything is printed: whoever reads that may leave.
            report.write(folder, loaded, results)
            drawn = overview.write(folder, results)
            finished.close(loaded.cases, results)
    terminal = _terminal()
    terminal.print(report.table(loaded.title, results, terminal.width))
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
        typer.echo(f"Written to {folder}: results.json, results.csv, theorems.tex, cases.jsonl and {what}.")
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


def _verify_real(study: str, output: Path | None, jobs: int, seed: int | None, resume: bool) -> None:
    """The same for a study of real data, whose later generations are labelled by fitted models."""
    from selfgen import real_study
    from selfgen.finished_cases import FinishedCases

    loaded = real_study.load(study, seed=seed)
    folder, named = _folder(loaded.output, output, resume)
    with FinishedCases(real_study.RealResult, folder, resume, named) as finished:
        taken = sum(finished.of(case) is not None for case in loaded.cases)
        results = real_study.verify(loaded, jobs=jobs, figures=folder, finished=finished)
        if folder is not None:
            real_study.write(folder, loaded, results)
            finished.close(loaded.cases, results)
    _show(real_study.table(loaded.title, results))
    for result in results:
        if result.failure_report:
            typer.echo(f"{result.name}: {result.failure_report}")
        if not result.passed:
            typer.echo(f"{result.name}: {result.reason}")
    failures = [result for result in results if not result.passed]
    for sentence in real_study.columns(results):
        typer.echo(sentence)
    typer.echo(f"{len(results) - len(failures)} of {len(results)} cases agree. {real_study.power(results)}")
    if folder is not None:
        if taken:
            typer.echo(f"{taken} of {len(results)} cases were taken from {folder}, and not done again.")
        typer.echo(f"Written to {folder}: results.json, results.csv, cases.jsonl and a figure a case.")
    if failures:
        raise typer.Exit(1)


@app.command(cls=_Command)
def derive(
    model: ModelName,
    workflow: WorkflowName,
    set_: Set = None,
    sizes: Sizes = None,
    symbols: Symbols = None,
    loss: Loss = "squared",
    generation: Annotated[
        int | None, typer.Option(**_whole("--generation", 1), help="Also the value at this generation.")
    ] = None,
    latex: Annotated[bool, typer.Option("--latex", help="Print the theorem line, to paste into a paper.")] = False,
    steps: Annotated[
        bool, typer.Option("--steps", help="Print the derivation step by step, each step checked; also with --latex.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Derive the expected risk: closed form, limit, growth, domain."""
    from selfgen.names import build
    from selfgen.values import text, value_at
    from theory import expected_risk

    for flag, given in (("--latex", latex), ("--steps", steps)):
        if given and as_json:
            raise DomainError(f"{flag} and --json exclude each other: give one of them.")
    if steps and generation is not None:
        raise DomainError(f"--generation {generation} and --steps exclude each other: a derivation is for every g.")
    built_model, built_workflow = build(model, workflow, _settings(set_, sizes), symbols or ())
    risk = expected_risk(built_model, built_workflow, loss=loss)
    if steps:
        from selfgen.steps import steps as derivation

        typer.echo(derivation(risk, as_latex=latex))
    elif latex:
        typer.echo(risk.latex())
    elif as_json:
        found = {
            "model": built_model.name,
            "workflow": built_workflow.name,
            "closed_form": risk.closed_form,
            "value": None if generation is None else value_at(risk, generation),
            "limit": risk.limit,
            "growth": risk.growth,
            "domain": risk.domain,
            "exactness": risk.exactness,
            "latex": risk.latex(),
        }
        texts = {name: None if value is None else text(value) for name, value in found.items()}
        typer.echo(json.dumps(texts, ensure_ascii=False, indent=1))
    else:
        _describe(risk, generation)


def _describe(risk: Risk, generation: int | None) -> None:
    """What is known of a risk, a line each."""
    from selfgen.values import value_at
    from selfgen.verification import ratio_limit

    lines: dict[str, object] = {"model": risk.model.name, "workflow": risk.workflow.name, "loss": risk.loss}
    if risk.closed_form is not None:
        lines["closed form"] = risk.closed_form
    else:
        lines["closed form"] = "none; every value comes exactly from the recurrence"
        lines["first order in 1/n"] = _shown(risk.leading_order.closed_form)
    if generation is not None:
        lines[f"risk at {generation}"] = _shown(value_at(risk, generation))
    lines["limit"] = _shown(risk.limit)
    lines["growth"] = _shown(risk.growth)
    lines["limit of the ratio"] = _shown(ratio_limit(risk))
    lines["bound"] = "none" if risk.bound == oo else _shown(risk.bound)
    lines["domain"] = "all parameters" if risk.domain == true else risk.domain
    lines["exactness"] = risk.exactness
    for name, text in lines.items():
        typer.echo(f"{name:<20}{text}")


def _shown(value: Expr | None) -> str:
    """An expression, with its decimal value where it has one that does not show."""
    if value is None:
        return "unknown"
    from selfgen.values import text
    from theory.expressions.numerals import is_long

    shown = text(value)
    if value.is_Float or is_long(value):
        return f"≈ {shown}"
    return f"{shown} ≈ {float(value):.10g}" if value.is_number and value.is_finite and not value.is_Integer else shown


@app.command(cls=_Command)
def prove(
    model: ModelName,
    workflow: WorkflowName,
    claim: Annotated[
        str,
        typer.Option(
            metavar="CLAIM",
            help="closed-form, limit, growth, monotone, bound (the least), remainder (of the expansion); with --than: "
            "never-worse, lower-limit.",
        ),
    ] = "closed-form",
    than: Than = None,
    than_model: ThanModel = None,
    terms: Annotated[
        int | None, typer.Option(**_whole("--terms", 1), help="How many terms of the expansion a remainder is of.")
    ] = None,
    set_: Set = None,
    sizes: Sizes = None,
    symbols: Symbols = None,
    loss: Loss = "squared",
    of_risk: OfRisk = False,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write the certificate, for selfgen check.")
    ] = None,
    coq_file: Annotated[
        Path | None,
        typer.Option(
            "--coq", metavar="FILE", help="Write the claim and its proof in Coq, and compile them if coqc is there."
        ),
    ] = None,
) -> None:
    """Prove a claim for every generation and all parameters: find a certificate and check it."""
    from selfgen.proofs import claim as claimed
    from selfgen.proofs import risks_of
    from theory.proof import prove as certify

    risks = risks_of(model, workflow, than, than_model, _settings(set_, sizes), loss, of_risk, symbols or ())
    statement = claimed(claim, risks[0], risks[1] if than is not None else None, terms)
    with _waiting("looking for a certificate"):
        certificate = certify(statement)
    typer.echo(certificate)
    if json_file is not None:
        certificate.save(json_file)
        typer.echo(f"Checked, and written to {json_file}.")
    else:
        typer.echo("Checked.")
    if coq_file is not None:
        _write_coq(coq_file, statement)


def _write_coq(path: Path, statement: Claim) -> None:
    """The Coq file of a claim, and what coqc says of it."""
    from theory.proof.coq import CoqError, write_coq

    try:
        with _waiting("compiling the Coq file"):
            axioms = write_coq(path, statement)
    except CoqError as error:
        typer.echo(f"selfgen: {path} is written, but coqc refuses it: {error}", err=True)
        raise typer.Exit(1) from None
    source = path.read_text(encoding="utf-8")
    stated = source.rpartition("Theorem claim : ")[2].partition(".\nProof.")[0]
    typer.echo(f"{path} states in Coq: {stated}.")
    supposed = re.findall(r"^Hypothesis known_\d+ : (.*)\.$", source, flags=re.M)
    if supposed:
        typer.echo(f"There it is supposed that {', '.join(supposed)}.")
    if axioms is None:
        typer.echo("coqc is not installed here, so it was not compiled.")
    else:
        rests = f"axioms of the standard library's reals alone: {', '.join(axioms)}" if axioms else "no axiom"
        typer.echo(f"coqc accepts it; it rests on {rests}.")


@app.command(cls=_Command)
def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A certificate that selfgen prove --json wrote.")],
    model: Annotated[
        str | None, typer.Argument(metavar="MODEL", help="Whether it is about this model …", show_default=False)
    ] = None,
    workflow: Annotated[
        str | None, typer.Argument(metavar="WORKFLOW", help="… under this workflow.", show_default=False)
    ] = None,
    than: Than = None,
    than_model: ThanModel = None,
    set_: Set = None,
    sizes: Sizes = None,
    symbols: Symbols = None,
    loss: Loss = "squared",
    of_risk: OfRisk = False,
) -> None:
    """Check a certificate: exit code 0 if it proves its claim, 1 if it does not.

    With MODEL and WORKFLOW, and the options that prove was given, the recurrence is derived again and compared.
    """
    from selfgen.proofs import foreign, risks_of
    from theory.proof import Certificate, CertificateError
    from theory.proof import check as verified

    certificate = Certificate.load(file)
    risks = None
    if model is not None:
        if workflow is None:
            raise DomainError(f"MODEL {model} is given without a WORKFLOW: name both, or neither.")
        risks = risks_of(model, workflow, than, than_model, _settings(set_, sizes), loss, of_risk, symbols or ())
    elif than or than_model or set_ or sizes or symbols or of_risk or loss != "squared":
        raise DomainError("options about a pair are given without MODEL and WORKFLOW: name both.")
    try:
        verified(certificate)
    except CertificateError as error:
        typer.echo(f"selfgen: {file} proves nothing: {error}", err=True)
        raise typer.Exit(1) from None
    typer.echo(certificate)
    if risks is None:
        typer.echo("Proved of the recurrence in the file; to derive that again: check FILE MODEL WORKFLOW.")
        return
    different = foreign(certificate, risks)
    if different:
        typer.echo(f"selfgen: {file} is about something else: {different}", err=True)
        raise typer.Exit(1)
    typer.echo("The recurrence and the ranges of its parameters are those that selfgen derives again.")


@app.command(cls=_Command)
def simulate(
    model: ModelName,
    workflow: WorkflowName,
    set_: Set = None,
    sizes: Sizes = None,
    symbols: Symbols = None,
    loss: Loss = "squared",
    generations: Annotated[int, typer.Option(**_whole("--generations", 1), help="How many.")] = 20,
    replicates: Annotated[int, typer.Option(**_whole("--replicates", 2), help="Independent chains.")] = 10_000,
    seed: Annotated[int, typer.Option(**_whole("--seed", 0), help="The same seed gives the same numbers.")] = 0,
    method: Annotated[Method, typer.Option(help="Draw estimators, or data points and refit.")] = Method.exact_law,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print generation,mean,stderr.")] = False,
    jobs: Annotated[
        int, typer.Option(**_whole("--jobs", 1, 512), help="Processes; the numbers do not depend on it.")
    ] = 1,
) -> None:
    """Simulate the risk at generations 1, 2, …: mean and standard error."""
    from numerics import simulate as run
    from selfgen.names import build
    from selfgen.verification import processes

    if as_csv and as_json:
        raise DomainError("--csv and --json exclude each other: give one of them.")
    built_model, built_workflow = build(model, workflow, _settings(set_, sizes), symbols or ())
    with processes(jobs) as executor:
        simulation = run(
            built_model,
            built_workflow,
            generations=generations,
            replicates=replicates,
            seed=seed,
            method=method.value,
            loss=loss,
            executor=executor,
            progress=True,
        )
    mean, stderr = ([float(value) for value in values] for values in (simulation.mean, simulation.stderr))
    rows = list(zip(range(1, generations + 1), mean, stderr, strict=True))
    if as_json:
        content = {
            "model": built_model.name, "workflow": built_workflow.name, "loss": loss, "method": method.value,
            "replicates": replicates, "seed": seed, "mean": mean, "stderr": stderr,
        }  # fmt: skip
        typer.echo(json.dumps(content, indent=1))
    elif as_csv:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(("generation", "mean", "stderr"))
        writer.writerows((generation, repr(value), repr(error)) for generation, value, error in rows)
    else:
        grid = Table(header_style="bold")
        for column in ("generation", "mean risk", "standard error"):
            grid.add_column(column, no_wrap=True)
        for generation, value, error in rows:
            grid.add_row(str(generation), f"{value:.6g}", f"{error:.2g}")
        _show(grid)


@app.command(cls=_Command)
def compare(
    model: ModelName,
    workflows: Annotated[list[str], typer.Argument(metavar="WORKFLOW...", help="Two or more workflows.")],
    set_: Set = None,
    sizes: Sizes = None,
    symbols: Symbols = None,
    loss: Loss = "squared",
    generation: Annotated[int, typer.Option(**_whole("--generation", 1), help="At which generation.")] = 100,
    plot: Annotated[Path | None, typer.Option(metavar="FILE", help="Also draw the ratios: .png, .pdf or .svg.")] = None,
    in_order: Annotated[
        bool, typer.Option("--order", help="Also say of every two which is better, from where on, and why.")
    ] = False,
) -> None:
    """Workflows side by side: risk at G over risk at 1, limit, which collapse; who is better, from where, for how long.

    The order is that of the risks themselves, by exact values at the first generations and, where it can be proved,
    for ever; a crossing is a generation from which the order of two workflows is another than before.
    """
    from selfgen.comparison import plot_comparison, side_by_side
    from selfgen.names import build_all
    from selfgen.report import limit_text

    built_model, built = build_all(model, workflows, _settings(set_, sizes), symbols or ())
    compared = side_by_side(built_model, list(zip(workflows, built, strict=True)), loss, generation)
    if plot is not None:
        plot_comparison(built_model.name, compared, plot)
    ranked = any(row.final is not None for row in compared.rows)
    grid = Table(header_style="bold")
    grid.add_column("workflow", no_wrap=True)
    for column in (f"ratio at {generation}", f"place at {generation}", "limit"):
        grid.add_column(column)
    for column in (*(["place in the limit"] if ranked else []), "growth", "collapses"):
        grid.add_column(column)
    for row in compared.rows:
        place, final = ("?" if found is None else str(found) for found in (row.place, row.final))
        last = (*([final] if ranked else []), row.growth or "unknown", row.verdict)
        grid.add_row(*map(escape, (row.name, row.ratio, place, limit_text(row.limit), *last)))
    _show(grid)
    pairs = Table(header_style="bold")
    for column in ("better", "than"):
        pairs.add_column(column, no_wrap=True)
    for column in ("where", "dominates", "known"):
        pairs.add_column(column)
    for standing in compared.standings:
        dominates = {True: "yes", False: "no", None: "unknown"}[standing.dominates]
        pairs.add_row(*map(escape, (standing.better, standing.worse, standing.where, dominates, standing.known)))
    if compared.standings:
        _show(pairs)
    for sentence in (*compared.changes, compared.best, *compared.remarks):
        typer.echo(sentence)
    if in_order:
        for standing in compared.standings:
            typer.echo(standing.sentence)
    if plot is not None:
        typer.echo(f"Written to {plot}.")


@app.command(cls=_Command)
def universality(
    model: Annotated[str, typer.Argument(metavar="[MODEL]", help="logistic, poisson, multinomial, or all.")] = "all",
    workflows: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[WORKFLOW...]",
            help="If left out: replace, accumulate and accumulate-subsample.",
            show_default=False,
        ),
    ] = None,
    sizes: Annotated[
        str, typer.Option("--n", metavar="N,N,N,…", help="Labels in a block: three or more, multiples of 25.")
    ] = "400,600,1000,1600,2400",
    generations: Annotated[int, typer.Option(**_whole("--generations", 2, 1000), help="How many.")] = 8,
    replicates: Annotated[int, typer.Option(**_whole("--replicates", 100), help="Chains of fits at each n.")] = 3000,
    design: Annotated[
        Design, typer.Option(help="Labels on the same rows ever, or on rows drawn anew.")
    ] = Design.shared,
    seed: Annotated[int, typer.Option(**_whole("--seed", 0), help="The same seed gives the same numbers.")] = 0,
    plot: Annotated[
        Path | None, typer.Option("--plot", "--figure", metavar="FILE", help="Also draw it: .png, .pdf or .svg.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON list.")] = False,
    jobs: Annotated[
        int | None, typer.Option(**_whole("--jobs", 1, 512), help="Processes; all cores if left out.")
    ] = None,
) -> None:
    """Fit regressions generation after generation: does risk follow the universal ratio, and do the rest fall like 1/n?

    Logistic, Poisson and multinomial regression have no closed form; to leading order in 1/n their risk is the same
    multiple of that of generation 1. What is measured beyond it is fitted on powers of 1/n: nothing may be left as n
    grows, and the power must be −1. The exit code is 1 where one of them is not so. About a minute on two cores.
    """
    from selfgen.names import build
    from selfgen.regressions import regressions
    from selfgen.style import FORMATS
    from selfgen.universality import as_json as plain
    from selfgen.universality import draw_universality, table
    from selfgen.universality import universality as measured
    from selfgen.verification import processes

    listed = _whole_numbers("--n", sizes)
    if min(listed) < 1 or len(set(listed)) < 3:
        raise DomainError(f"--n {sizes} is not allowed: give three different whole numbers or more, none below 1.")
    if plot is not None and plot.suffix.lower().lstrip(".") not in FORMATS:
        raise DomainError(f"--plot {plot} is not a figure: its name must end in .{', .'.join(FORMATS)}.")
    named = workflows or ["replace", "accumulate", "accumulate-subsample"]
    built = [build("regular", name, {})[1] for name in named]
    models = regressions(model, design.value)
    found = {}
    with processes(_cores() if jobs is None else jobs) as executor:
        for name, of in models.items():
            with _waiting(f"fitting {name} regressions"):
                found[name] = measured(of, built, listed, generations, replicates, seed, executor)
    if plot is not None:
        draw_universality(found, plot)
    approaches = [approach for each in found.values() for approach in each]
    if as_json:
        typer.echo(json.dumps(plain(found), ensure_ascii=False, indent=1))
    else:
        _show(table(found))
        for name, each in found.items():
            for approach in each:
                for n, run in zip(approach.sizes, approach.runs, strict=True):
                    if run.failures.total:
                        typer.echo(f"{name}, {approach.workflow.name}, n = {n:g}, not in the fit: {run.failures}.")
        worst = max(approach.detectable for approach in approaches)
        agreeing = sum(approach.passed for approach in approaches)
        typer.echo(
            f"{agreeing} of {len(approaches)} agree. In every case a universal ratio wrong by "
            f"{math.ceil(1000 * worst) / 10:g} % is caught with probability 0.99."
        )
        if plot is not None:
            typer.echo(f"Written to {plot}.")
    if not all(approach.passed for approach in approaches):
        raise typer.Exit(1)


@app.command(cls=_Command)
def value(
    model: ModelName,
    real: Annotated[str | None, typer.Option(metavar="N", help="Real samples n_r; a symbol if left out.")] = None,
    synthetic: Annotated[str | None, typer.Option(metavar="N", help="Synthetic samples n_s.")] = None,
    fitted_on: Annotated[
        str | None, typer.Option(metavar="N", help="Real samples n_0 that the generator was fitted on.")
    ] = None,
    overlap: Annotated[
        bool, typer.Option("--overlap/--disjoint", help="Whether the n_0 samples are among the n_r, or others.")
    ] = True,
    set_: Set = None,
    symbols: Symbols = None,
    loss: Loss = "squared",
    check: Annotated[
        bool, typer.Option("--check", help="Also simulate; exit code 1: disagrees, 3: inconclusive.")
    ] = False,
    seed: Annotated[int, typer.Option(**_whole("--seed", 0), help="Of the simulation.")] = 0,
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also draw the plane of n_r and n_s: .png, .pdf or .svg.")
    ] = None,
    latex: Annotated[bool, typer.Option("--latex", help="Print the formulas, to paste into a paper.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """What synthetic samples are worth beside real ones: risk, gain, optimal number and weight, threshold."""
    from selfgen.names import build_all, own_settings
    from theory.design.value import value_of_synthetic
    from theory.expressions.arguments import declaring

    if latex and as_json:
        raise DomainError("--latex and --json exclude each other: give one of them.")
    given = _settings(set_, None)
    n = (given | own_settings(model)).get("n")
    if n is not None:
        raise DomainError(f"n = {n} is not for --set here: --fitted-on says how many samples the model has.")
    from selfgen.report import exit_code

    built, _ = build_all(model, [], given, symbols or ())
    with declaring(symbols or ()):
        found = value_of_synthetic(built, real, synthetic, fitted_on, overlap=overlap, loss=loss)
    checks = _value_checks(found, seed) if check else []
    if plot is not None:
        from selfgen.value_plane import draw_plane

        draw_plane(found, plot, checks)
    if latex:
        typer.echo(found.latex())
    elif as_json:
        content: dict[str, Any] = {"model": built.name, "loss": loss, "overlap": overlap}
        content |= {name: _texts(answer) for name, answer in _value_answers(found).items()}
        content |= {"exactness": found.exactness, "latex": found.latex()}
        if check:
            content["check"] = [vars(point) for point in checks]
        typer.echo(json.dumps(content, ensure_ascii=False, indent=1))
    else:
        _describe_value(found, checks)
        if plot is not None:
            typer.echo(f"Written to {plot}.")
    code = exit_code(point.verdict for point in checks)
    if code:
        raise typer.Exit(code)


def _value_checks(found: ValueOfSynthetic, seed: int) -> list[PointCheck]:
    from selfgen.value_plane import check_points, guide_points

    cardinality, proportion = guide_points(found)
    return check_points(found, sorted({*cardinality, *proportion}), seed=seed)


def _value_answers(found: ValueOfSynthetic) -> dict[str, Any]:
    """Every answer, or the sentence that says why there is none."""
    names = ("real", "synthetic", "fitted_on", "risk", "without", "gain", "helps")
    answers: dict[str, Any] = {name: getattr(found, name) for name in names}
    for name in ("optimal_synthetic", "optimal_weight", "best_risk", "threshold"):
        try:
            answers[name] = getattr(found, name)
        except NotDerivedError as error:
            answers[name] = str(error)
    return answers


def _texts(answer: Any) -> str | bool:
    from selfgen.values import text

    return answer if isinstance(answer, bool | str) else text(answer)


def _describe_value(found: ValueOfSynthetic, checks: list[PointCheck]) -> None:
    answers = _value_answers(found)
    data = "among the real ones" if found.overlap else "other real ones"
    helps = answers.pop("helps")
    # A root of a polynomial is a number, however it is written.
    shown = {
        name: answer
        if isinstance(answer, str)
        else f"≈ {float(answer):.10g}"
        if answer.has(CRootOf)
        else _shown(answer)
        for name, answer in answers.items()
    }
    lines = {
        "model": found.model.name,
        "loss": found.loss,
        "samples": f"{found.real} real, {found.synthetic} synthetic from a model fitted on {found.fitted_on}, {data}",
        "risk, pooled": shown["risk"],
        "real data alone": shown["without"],
        "gain": shown["gain"],
        "synthetic data help": {True: "yes", False: "no"}.get(helps, f"where {helps}"),
        "optimal number": shown["optimal_synthetic"] + _rounded(found),
        "optimal weight": shown["optimal_weight"],
        "risk at that weight": shown["best_risk"],
        "they help below n_r": shown["threshold"],
        "exactness": found.exactness,
    }
    for name, text in lines.items():
        typer.echo(f"{name:<21}{text}")
    for point in checks:
        if not point.passed:
            typer.echo(f"n_r = {point.real}, n_s = {point.synthetic}: {point.verdict}: {point.reason}")
    if checks:
        worst = max(point.detectable for point in checks)
        if math.isfinite(worst):
            power = f"At each a formula wrong by {math.ceil(1000 * worst) / 10:g} % is caught with probability 0.99."
        else:
            power = "At some the simulation has no power: it cannot judge the formula."
        agreeing = sum(point.passed for point in checks)
        typer.echo(f"{agreeing} of {len(checks)} simulated pairs of n_r and n_s agree. {power}")


def _rounded(found: ValueOfSynthetic) -> str:
    """The best whole number of samples, where the best number is a fraction."""
    try:
        best, whole = found.optimal_synthetic, found.optimal_count
    except NotDerivedError:
        return ""
    return "" if best == whole else f", {whole} in whole samples"


def _settings(pairs: list[str] | None, sizes: str | None) -> dict[str, str]:
    from selfgen.names import settings

    found = settings(pairs or [])
    if sizes is not None:
        if "sizes" in found:
            raise DomainError("sizes are given both by --sizes and by --set: give one of them.")
        found["sizes"] = sizes
    return found


def _waiting(what: str) -> AbstractContextManager[object]:
    """A line on the terminal while something takes its time."""
    return _terminal(stderr=True).status(what) if sys.stderr.isatty() else nullcontext()


def _whole_numbers(name: str, text: str) -> list[int]:
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise DomainError(
            f"{name} {text} is not allowed: give whole numbers with commas, such as 200,400,800."
        ) from None


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class _Terminal(Console):
    """A console that reports a reader who left, as every other output does, where Rich would exit by itself."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))


def _show(table: Table) -> None:
    """Print a table, in a form that the terminal has room for."""
    terminal = _terminal()
    terminal.print(fitted(table, terminal.width))


def _terminal(stderr: bool = False) -> Console:
    """The terminal; in a file or a pipe, wide enough for formulas."""
    stream = sys.stderr if stderr else sys.stdout
    return _Terminal(stderr=stderr, width=None if stream.isatty() else 160, highlight=False)
