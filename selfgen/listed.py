"""What ``selfgen list`` tells: models, workflows, losses, claims and studies, and all about one of them."""

from __future__ import annotations

import json
import re
from dataclasses import MISSING
from difflib import get_close_matches
from inspect import cleandoc
from typing import Any

import typer
from rich.markup import escape
from rich.table import Table

from selfgen.catalogue import cell, concrete, workflows
from selfgen.commands.terminal import terminal
from selfgen.kinds import KINDS, WRITTEN
from selfgen.proofs import DOUBLE, SINGLE
from selfgen.study import every_shipped, title_of
from theory import DomainError
from theory.names import taken_as_text
from theory.registry import EVERY_MODEL, EVERY_WORKFLOW, MODEL_ALIASES, WORKFLOW_ALIASES, is_required, settings
from theory.workflows.base import Workflow

#: Commands of LaTeX in the first lines of docstrings.
_SIGNS = {"\\dots": "…", "\\geq": "≥", "\\ge": "≥", "\\theta": "θ", "\\mu": "μ", "\\bar x": "x̄", "\\,": " ",
          "\\tau": "τ", "\\kappa": "κ", "\\mid": "|"}  # fmt: skip

_ALIASES = {"models": MODEL_ALIASES, "workflows": WORKFLOW_ALIASES}


def show(kind: str | None, name: str | None, as_json: bool) -> None:
    """Print what there is of a kind, or all about one of them."""
    if kind is not None and kind not in KINDS:
        if name is not None:
            raise DomainError(f"KIND {kind!r} is not listed: give {', '.join(KINDS)}.")
        kind, name = _kind_of(kind), kind
    assert kind is not None
    assert name is not None
    _one(kind, name, as_json)


def all_entries() -> dict[str, dict[str, str]]:
    """Every kind's."""
    return {kind: entries(kind) for kind in KINDS}


def entries(kind: str) -> dict[str, str]:
    """Names of a kind, each with a line about it."""
    if kind == "models":
        return {name: _summary(found) for name, found in EVERY_MODEL.items()}
    if kind == "workflows":
        return {name: _summary(found) for name, found in EVERY_WORKFLOW.items()}
    if kind == "losses":
        losses: dict[str, list[str]] = {}
        for name, found in EVERY_MODEL.items():
            for loss in found.losses:
                losses.setdefault(loss, []).append(name)
        return {loss: ", ".join(owners) for loss, owners in losses.items()}
    if kind == "claims":
        return {name: _summary(found) for name, found in (SINGLE | DOUBLE).items()}
    return {name: title_of(name) for name in every_shipped()}


def parameters(built: type) -> dict[str, dict[str, str]]:
    """Constructor arguments: what they may be and what they mean, as the docstring of the class says."""
    documented = _parameters_section(built.__doc__ or "")
    by_text = taken_as_text(built)
    if by_text is not None:
        return {
            name: _fact(documented.get(name, documented.get(f"{name}s", ("", ""))), default)
            for name, default in by_text.items()
        }
    found = {}
    for field in settings(built):
        allowed, meaning = documented.get(field.name, ("", ""))
        default = "required" if is_required(field) else "a symbol" if field.default is None else str(field.default)
        found[field.name] = {"allowed": allowed, "default": default, "meaning": meaning}
    return found


def _fact(documented: tuple[str, str], default: Any) -> dict[str, str]:
    left_out = "required" if default is MISSING else "what is left" if default is None else str(default)
    return {"allowed": documented[0], "default": left_out, "meaning": documented[1]}


def _parameters_section(docstring: str) -> dict[str, tuple[str, str]]:
    """Type and description by name, from numpydoc's section of parameters."""
    lines = cleandoc(docstring).splitlines()
    start = next((index for index, line in enumerate(lines) if line == "Parameters"), None)
    if start is None:
        return {}
    found: dict[str, tuple[str, str]] = {}
    names: list[str] = []
    for index, line in enumerate(lines[start + 2 :], start + 2):
        if index + 1 < len(lines) and set(lines[index + 1]) == {"-"}:
            break
        if line and not line.startswith(" "):
            left, _, allowed = line.partition(" : ")
            names = [part.strip() for part in left.split(",")]
            found |= {name: (_plain(allowed), "") for name in names}
        else:
            for name in names:
                allowed, before = found[name]
                found[name] = (allowed, f"{before} {_plain(line)}".strip())
    return found


def _kind_of(name: str) -> str:
    for kind in KINDS:
        if name in entries(kind) or name in _ALIASES.get(kind, {}):
            return kind
    known = [entry for kind in KINDS for entry in (kind, *entries(kind))]
    raise DomainError(f"{name!r} is not known{_hint(name, known)}: 'selfgen list' names all there is.")


def _one(kind: str, name: str, as_json: bool) -> None:
    """All about one model, workflow, loss, claim or study."""
    known = entries(kind)
    name = _ALIASES.get(kind, {}).get(name, name)
    if name not in known:
        raise DomainError(f"{name!r} is none of the {kind}{_hint(name, known)}: use {', '.join(known)}.")
    facts: dict[str, Any] = {"name": name, "about": known[name]}
    registries: dict[str, Any] = {"models": EVERY_MODEL, "workflows": EVERY_WORKFLOW}
    built = registries.get(kind, {}).get(name)
    if built is not None:
        facts["parameters"] = parameters(built)
    if kind == "models":
        facts["losses"] = list(EVERY_MODEL[name].losses)
        facts["derived"] = _derived(name)
    if kind in _ALIASES:
        facts["aliases"] = [alias for alias, of in _ALIASES[kind].items() if of == name]
    if as_json:
        typer.echo(json.dumps(facts, ensure_ascii=False, indent=1))
    else:
        _print(facts)


def _derived(name: str) -> dict[str, dict[str, str]]:
    """By loss (and kind of model) and workflow: a closed form, values at every generation, or simulation only."""
    return {
        ", ".join(filter(None, (kind, loss))): {
            label: str(cell(concrete(model, loss), workflow, loss)) for label, workflow in workflows().items()
        }
        for kind, model in EVERY_MODEL[name].general().items()
        for loss in model.losses
    }


def _print(facts: dict[str, Any]) -> None:
    typer.echo(f"{facts['name']}: {facts['about']}")
    if facts.get("aliases"):
        typer.echo(f"also called {', '.join(facts['aliases'])}")
    if facts.get("parameters"):
        table = Table("parameter", "allowed", "left out", "meaning", header_style="bold")
        for name, item in facts["parameters"].items():
            table.add_row(name, *(escape(item[key]) for key in ("allowed", "default", "meaning")))
        terminal().print(table)
    if facts.get("derived"):
        table = Table("workflow", *facts["derived"], header_style="bold")
        for label in workflows():
            table.add_row(label, *(known[label] for known in facts["derived"].values()))
        terminal().print(table)
        typer.echo("≈ to leading order in 1/n; ✓ with a certificate that the checker accepts.")
        required = [str(one) for one in workflows().values() if _has_required(one)]
        if required:
            typer.echo(f"As examples: {', '.join(required)}.")


def _has_required(workflow: Workflow) -> bool:
    return any(map(is_required, settings(type(workflow))))


def _summary(found: type) -> str:
    return _plain((found.__doc__ or "").strip().partition("\n")[0])


def _plain(text: str) -> str:
    """A line of a docstring without its markup."""
    text = re.sub(r":\w+:`~?(.*?)(?: <[^`>]*>)?`", r"\1", text.strip())
    text = re.sub(r"\\text\{(.*?)\}", r"\1", text)
    for written, sign in _SIGNS.items():
        text = text.replace(written, sign)
    return text.replace("``", "").replace("\\", "")


def _hint(name: str, known: Any) -> str:
    close = get_close_matches(name, list(known), n=1)
    return f" (did you mean {close[0]}?)" if close else ""


if __name__ == "__main__":
    WRITTEN.write_text(json.dumps(all_entries(), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
