"""Arguments and options that commands share; light, so that help needs neither SymPy nor NumPy."""

from __future__ import annotations

import math
import re
from typing import Annotated, Any

import typer

from selfgen.commands.completion import losses, models, settings, workflows


class NotAllowed(Exception):
    """An option with a value that is not allowed."""


def whole(name: str, least: int, most: int | None = None) -> Any:
    """A parser of whole numbers whose errors say what was given and what is allowed."""
    allowed = f"a whole number, {least} or more" if most is None else f"a whole number from {least} to {most}"

    def parse(text: str) -> int:
        if str(text).strip().lower() in ("oo", "∞", "inf", "infinity"):
            raise NotAllowed(f"{name} {text} is not finite: give {allowed}.")
        try:
            value = int(text)
        except ValueError:
            value = least - 1
        if value < least or (most is not None and value > most):
            meant = _in_digits(text)
            hint = "" if meant is None or meant < least or meant > (most or meant) else f", in digits: {meant}"
            raise NotAllowed(f"{name} {text} is not allowed: give {allowed}{hint}.")
        return value

    return {"parser": parse, "metavar": "INTEGER"}


def _in_digits(text: str) -> int | None:
    """The whole number that 10**12, 10^12, 1e12 or 1,000 is meant to be; None where it is none, or too long to read."""
    if power := re.fullmatch(r"\s*(\d{1,3})\s*(?:\*\*|\^)\s*(\d{1,2})\s*", text):
        value = int(power[1]) ** int(power[2])
    elif scaled := re.fullmatch(r"\s*(\d{1,9})(?:\.(\d{0,9}))?e\+?(\d{1,2})\s*", text, re.IGNORECASE):
        places = scaled[2] or ""
        value, left = divmod(int(scaled[1] + places) * 10 ** int(scaled[3]), 10 ** len(places))
        if left:
            return None
    elif re.fullmatch(r"\s*\d{1,3}([, ]\d{3})+\s*", text):
        value = int(re.sub("[, ]", "", text))
    else:
        return None
    return value if value < 10**30 else None


def relative_error(name: str) -> Any:
    """A parser of relative errors, such as 0.25, whose errors say what was given and what is allowed."""

    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not 0 < value < math.inf:
            raise NotAllowed(f"{name} {text} is not allowed: give a positive relative error, such as 0.25.")
        return value

    return {"parser": parse, "metavar": "NUMBER"}


ModelName = Annotated[
    str, typer.Argument(metavar="MODEL", autocompletion=models, help="A model, such as bernoulli or linear-regression.")
]
WorkflowName = Annotated[
    str,
    typer.Argument(
        metavar="WORKFLOW", autocompletion=workflows, help="A workflow, such as accumulate or sliding-window:k=3."
    ),
]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        autocompletion=settings,
        help="A parameter of the model or the workflow; repeatable.",
    ),
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
Loss = Annotated[str, typer.Option(autocompletion=losses, help="Which risk: squared, kl, …")]
Than = Annotated[str | None, typer.Option(metavar="WORKFLOW", help="The other workflow of a claim about two.")]
ThanModel = Annotated[
    str | None,
    typer.Option(metavar="MODEL", help="The other model, where it differs, such as linear-regression:design=shared."),
]
OfRisk = Annotated[bool, typer.Option("--risk", help="About the risk itself, not its ratio to generation 1.")]


def settings_of(pairs: list[str] | None, sizes: str | None) -> dict[str, str]:
    """The settings of --set and --sizes; refused when both give sizes."""
    from theory.names import settings

    found = settings(pairs or [])
    if sizes is not None:
        if "sizes" in found:
            raise NotAllowed("sizes are given both by --sizes and by --set: give one of them.")
        found["sizes"] = sizes
    return found


def whole_numbers(name: str, text: str) -> list[int]:
    """Whole numbers with commas between; refused when one is none."""
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise NotAllowed(
            f"{name} {text} is not allowed: give whole numbers with commas, such as 200,400,800."
        ) from None
