"""``selfgen check``: whether a certificate proves its claim, and of which risk."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from selfgen.commands.options import Loss, OfRisk, Set, Sizes, Symbols, Than, ThanModel, settings_of
from selfgen.commands.saying import say
from selfgen.unread import leave_unread

# The checker trusts no more of selfgen than its own files, and needs no more.
leave_unread("theory", "theory.proof")

from theory.errors import DomainError  # noqa: E402
from theory.proof.algebra import CertificateError  # noqa: E402
from theory.proof.certificate import Certificate  # noqa: E402
from theory.proof.check import check as verified  # noqa: E402


def command(
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
    certificate = Certificate.load(file)
    risks = None
    if model is not None:
        if workflow is None:
            raise DomainError(f"MODEL {model} is given without a WORKFLOW: name both, or neither.")
        from selfgen.proofs import risks_of

        risks = risks_of(model, workflow, than, than_model, settings_of(set_, sizes), loss, of_risk, symbols or ())
    elif than or than_model or set_ or sizes or symbols or of_risk or loss != "squared":
        raise DomainError("options about a pair are given without MODEL and WORKFLOW: name both.")
    try:
        verified(certificate)
    except CertificateError as error:
        say(f"{file} proves nothing: {error}")
        raise typer.Exit(1) from None
    typer.echo(certificate)
    if risks is None:
        typer.echo("Proved of the recurrence in the file; to derive that again: check FILE MODEL WORKFLOW.")
        return
    from selfgen.proofs import foreign

    different = foreign(certificate, risks)
    if different:
        say(f"{file} is about something else: {different}")
        raise typer.Exit(1)
    typer.echo("The recurrence and the ranges of its parameters are those that selfgen derives again.")
