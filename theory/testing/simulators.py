"""What draws random numbers lives above this package, and registers itself here: :func:`theory.testing.check_model`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

SIMULATORS: list[Callable[..., Any]] = []


def register_simulator(simulate: Callable[..., Any]) -> None:
    """Let :func:`theory.testing.check_model` use ``simulate`` where it is given none."""
    SIMULATORS.append(simulate)
