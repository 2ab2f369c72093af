"""What a shell offers to complete: models, workflows, losses and parameters, from the registry."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any


def models(incomplete: str) -> list[str]:
    """Names of models."""
    # A shell asks for help first, which must not wait for SymPy.
    from theory.registry import EVERY_MODEL, MODEL_ALIASES, MODELS, WRAPPERS

    name, colon, rest = incomplete.partition(":")
    if not colon:
        return _starting([*EVERY_MODEL, *MODEL_ALIASES], incomplete)
    owner = EVERY_MODEL.get(MODEL_ALIASES.get(name, name))
    before, comma, last = rest.rpartition(",")
    typed = f"{name}:{before}{comma}"
    if owner in WRAPPERS.values() and last.startswith("model="):
        return [f"{typed}model={one}" for one in _starting(MODELS, last.removeprefix("model="))]
    inside = [MODELS[word[6:]] for word in before.split(",") if word[:6] == "model=" and word[6:] in MODELS]
    names = dict.fromkeys(setting for part in (owner, *inside) for setting in _parameters(part))
    return [f"{typed}{setting}=" for setting in _starting(names, last)]


def workflows(incomplete: str) -> list[str]:
    """Names of workflows, and behind a colon the settings of one."""
    from theory.registry import EVERY_WORKFLOW, WORKFLOW_ALIASES

    name, colon, rest = incomplete.partition(":")
    if not colon:
        return _starting([*EVERY_WORKFLOW, *WORKFLOW_ALIASES], incomplete)
    owner = EVERY_WORKFLOW.get(WORKFLOW_ALIASES.get(name, name))
    before, comma, last = rest.rpartition(",")
    return [f"{name}:{before}{comma}{setting}=" for setting in _starting(_parameters(owner), last)]


def losses(incomplete: str) -> list[str]:
    """Losses of the model on the line, or of every model."""
    from theory.registry import EVERY_MODEL, MODEL_ALIASES, WRAPPERS

    named = _on_the_line(EVERY_MODEL, MODEL_ALIASES)
    # A model around another has losses of its own.
    owners = [one for one in named if one in WRAPPERS.values()] or named or list(EVERY_MODEL.values())
    return _starting(dict.fromkeys(loss for owner in owners for loss in owner.losses), incomplete)


def settings(incomplete: str) -> list[str]:
    """Parameters of the model and the workflows on the line, each with its equals sign."""
    from theory.registry import EVERY_MODEL, EVERY_WORKFLOW, MODEL_ALIASES, WORKFLOW_ALIASES

    owners = _on_the_line(EVERY_MODEL, MODEL_ALIASES) + _on_the_line(EVERY_WORKFLOW, WORKFLOW_ALIASES)
    names = dict.fromkeys(name for owner in owners for name in _parameters(owner))
    return [f"{name}=" for name in _starting(names, incomplete)]


def _on_the_line(registry: Mapping[str, Any], aliases: Mapping[str, str]) -> list[Any]:
    """What the words before the cursor name: the parser knows none while an option still waits for its value."""
    line = os.environ.get("_TYPER_COMPLETE_ARGS") or os.environ.get("COMP_WORDS", "")
    # A model inside another is written model=NAME behind the name of the outer one.
    pieces = [piece for word in line.split() for piece in word.replace(":", ",").split(",")]
    words = [aliases.get(name, name) for name in (piece.removeprefix("model=") for piece in pieces)]
    return [registry[word] for word in words if word in registry]


def _parameters(owner: Any) -> list[str]:
    from theory.names import taken_as_text
    from theory.registry import settings as settings_of

    by_text = None if owner is None else taken_as_text(owner)
    if by_text is not None:
        return list(by_text)
    return [] if owner is None else [setting.name for setting in settings_of(owner)]


def _starting(names: Iterable[str], incomplete: str) -> list[str]:
    return [name for name in names if name.startswith(incomplete)]
