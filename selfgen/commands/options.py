"""Arguments and options that commands share; light, so that help needs neither SymPy nor NumPy."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from selfgen.commands.completion import losses, models, settings, workflows


class NotAllowed(Exception):
    """An option with a value that is not allowed."""


def whole(name: str, least: int, most: int | None = None) -> Any:
    """A parser of whole numbers whose errors say what was given and what is allowed."""
    allowed = f"a whole number, {least} or more" if most is None else f"a whole number from {least} to {most}"

    def parse(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = least - 1
        if value < least or (most is not None and value > most):
            raise NotAllowed(f"{name} {text} is not allowed: give {allowed}.")
        return value

    return {"parser": parse, "metavar": "INTEGER"}


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


ModelName = Annotated[str, typer.Argument(metavar="MODEL", help="A model, such as bernoulli or linear-regression.")]
WorkflowName = Annotated[
    str, typer.Argument(metavar="WORKFLOW", help="A workflow, such as accumulate or sliding-window:k=3.")
]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="A parameter of the model or the workflow; repeatable."),
]
Sizes = Annotated[str | None, typer.Option(help='Block sizes as arithmetic in j, such as "j**2".')]
Loss = Annotated[str, typer.Option(help="Which risk: squared, kl, …")]
Than = Annotated[str | None, typer.Option(metavar="WORKFLOW", help="The other workflow of a claim about two.")]
ThanModel = Annotated[
    str | None,
    typer.Option(metavar="MODEL", help="The other model, where it differs, such as linear-regression:design=shared."),
]
OfRisk = Annotated[bool, typer.Option("--risk", help="About the risk itself, not its ratio to generation 1.")]


def settings_of(pairs: list[str] | None, sizes: str | None) -> dict[str, str]:
    from selfgen.names import settings

    found = settings(pairs or [])
    if sizes is not None:
        if "sizes" in found:
            raise DomainError("sizes are given both by --sizes and by --set: give one of them.")
        found["sizes"] = sizes
    return found


def whole_numbers(name: str, text: str) -> list[int]:
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise DomainError(
            f"{name} {text} is not allowed: give whole numbers with commas, such as 200,400,800."
        ) from None
