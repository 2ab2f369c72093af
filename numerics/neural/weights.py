"""Weights of a network as named arrays, and back."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from theory.errors import DomainError


def arrays_of(network: torch.nn.Module) -> dict[str, NDArray[Any]]:
    """Weights by name, of memory of their own: what PyTorch calls the state is the live weights."""
    return {name: value.detach().cpu().numpy().copy() for name, value in network.state_dict().items()}


def put(network: torch.nn.Module, state: Mapping[str, NDArray[Any]], fixed: Collection[str] = ()) -> None:
    """Set the weights of a network; by name and shape, and all of them but those that are ``fixed``."""
    own = {name: value for name, value in network.state_dict().items() if name not in fixed}
    for name in [*own, *state]:
        if name not in own or name not in state or tuple(np.shape(state[name])) != tuple(own[name].shape):
            there = np.shape(state[name]) if name in state else "missing"
            here = tuple(own[name].shape) if name in own else "none"
            raise DomainError(
                f"state: {name} is {there}, where the model has {here}: give the state of the same model."
            )
    network.load_state_dict({name: torch.from_numpy(np.array(state[name])) for name in own}, strict=not fixed)
