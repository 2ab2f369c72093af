"""What a shell offers to complete: models, workflows, losses and parameters, from the registry."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any


def models(incomplete: str) -> list[str]:
    """Names of models."""
    from theory.registry import MODELS  # a shell asks for help first, which must not wait for SymPy

    return _starting(MODELS, incomplete)


def workflows(incomplete: str) -> list[str]:
    """Names of workflows, and behind a colon the settings of one."""
    from theory.registry import WORKFLOW_ALIASES, WORKFLOWS

    name, colon, rest = incomplete.partition(":")
    if not colon:
        return _starting([*WORKFLOWS, *WORKFLOW_ALIASES], incomplete)
    owner = WORKFLOWS.get(WORKFLOW_ALIASES.get(name, name))
    before, comma, last = rest.rpartition(",")
    return [f"{name}:{before}{comma}{setting}=" for setting in _starting(_parameters(owner), last)]


def losses(incomplete: str) -> list[str]:
    """Losses of the model on the line, or of every model."""
    from theory.registry import MODELS

    owners = _on_the_line(MODELS) or list(MODELS.values())
    return _starting(dict.fromkeys(loss for owner in owners for loss in owner.losses), incomplete)


def settings(incomplete: str) -> list[str]:
    """Parameters of the model and the workflows on the line, each with its equals sign."""
    from theory.registry import MODELS, WORKFLOW_ALIASES, WORKFLOWS

    aliases = {alias: WORKFLOWS[name] for alias, name in WORKFLOW_ALIASES.items()}
    owners = _on_the_line(MODELS) + _on_the_line({**WORKFLOWS, **aliases})
    names = dict.fromkeys(name for owner in owners for name in _parameters(owner))
    return [f"{name}=" for name in _starting(names, incomplete)]


def _on_the_line(registry: Mapping[str, Any]) -> list[Any]:
    """What the words before the cursor name: the parser knows none while an option still waits for its value."""
    line = os.environ.get("_TYPER_COMPLETE_ARGS") or os.environ.get("COMP_WORDS", "")
    words = [word.partition(":")[0] for word in line.split()]
    return [registry[word] for word in words if word in registry]


def _parameters(owner: Any) -> list[str]:
    return [] if owner is None else [field.name for field in fields(owner)]


def _starting(names: Iterable[str], incomplete: str) -> list[str]:
    return [name for name in names if name.startswith(incomplete)]
