"""Where the model of a generation begins: from scratch, from the one before, or from a state on the disk."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from numerics.run.generator import Fitted, GeneratorSource
from numerics.run.state import State, digest_of_state, has_state, read_state
from theory.errors import DomainError


@dataclass(frozen=True, eq=False)
class Initial:
    """Where models begin.

    Attributes
    ----------
    previous : whether from the model of the generation before
    state : from which all of them begin, None for none
    text : "scratch", "previous", or a fingerprint of the state
    """

    previous: bool
    state: State | None
    text: str

    def begin(self, source: GeneratorSource, g: int, previous: Any) -> Callable[[Any], None] | None:
        """What is done with a fresh generator of generation g before it is fitted."""
        if self.state is not None:
            return partial(_load, self.state)
        if not self.previous or g == 1:
            return None
        return partial(_continue, source, previous)

    def left_by(self, fitted: Fitted) -> Any:
        """What the next model begins from: the state, since a resumed run has nothing else, or the model."""
        if not self.previous:
            return None
        state = fitted.state
        return fitted.model if state is None else state


def initial_of(given: object, source: GeneratorSource) -> Initial:
    """Verify ``initial`` for a generator."""
    model = source.build()
    if given == "scratch":
        return Initial(False, None, "scratch")
    if given == "previous":
        if not (_warm_starts(model) or has_state(model)):
            raise DomainError(
                f"initial = 'previous' needs warm_start(previous), or state() and load(state), which {source.name} "
                f"does not have."
            )
        return Initial(True, None, "previous")
    if not isinstance(given, (str, os.PathLike)):
        raise DomainError(f"initial = {given!r} is not allowed: it is 'scratch', 'previous', or the file of a state.")
    if not callable(getattr(model, "load", None)):
        raise DomainError(f"initial = {given} needs load(state), which {source.name} does not have.")
    state = read_state(given)
    return Initial(False, state, f"state {digest_of_state(state)[:16]}")


def _warm_starts(model: object) -> bool:
    # scikit-learn has a truth value of that name.
    return callable(getattr(model, "warm_start", None))


def _load(state: State, model: Any) -> None:
    model.load(state)


def _continue(source: GeneratorSource, previous: Any, model: Any) -> None:
    stored = isinstance(previous, dict)
    if _warm_starts(model):
        model.warm_start(source.revived(previous).model if stored else previous)
    else:
        model.load(previous)
