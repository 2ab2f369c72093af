"""``selfgen prove``: find a certificate of a claim, and check it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from selfgen.commands.options import (
    Loss,
    ModelName,
    OfRisk,
    Set,
    Sizes,
    Symbols,
    Than,
    ThanModel,
    WorkflowName,
    settings_of,
    whole,
)
from selfgen.commands.terminal import waiting
from selfgen.proofs import claim as claimed
from selfgen.proofs import risks_of
from theory.proof import Claim
from theory.proof import prove as certify
from theory.proof.coq import CoqError, write_coq


def command(
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
        int | None, typer.Option(**whole("--terms", 1), help="How many terms of the expansion a remainder is of.")
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
    risks = risks_of(model, workflow, than, than_model, settings_of(set_, sizes), loss, of_risk, symbols or ())
    statement = claimed(claim, risks[0], risks[1] if than is not None else None, terms)
    with waiting("looking for a certificate"):
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
    try:
        with waiting("compiling the Coq file"):
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
