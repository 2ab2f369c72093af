"""Training to convergence: all rows at once, in double precision, until the gradient vanishes."""

from __future__ import annotations

from collections.abc import Callable

import torch

from theory.errors import NotDerivedError

#: The largest entry of a gradient that counts as zero, of losses of order one.
ZERO = 1e-6


def minimise(weights: list[torch.Tensor], loss: Callable[[], torch.Tensor], most: int = 2000) -> float:
    """Move weights to a minimum of a smooth loss by L-BFGS (Liu and Nocedal 1989); returns the largest gradient left.

    Raises
    ------
    NotDerivedError
        When it has not converged after ``most`` iterations: nothing is presented as a minimum that is none.
    """
    optimiser = torch.optim.LBFGS(
        weights,
        max_iter=most,
        tolerance_grad=ZERO / 100,
        tolerance_change=0.0,
        history_size=30,
        line_search_fn="strong_wolfe",
    )

    def closure() -> torch.Tensor:
        optimiser.zero_grad()
        value = loss()
        value.backward()
        return value

    optimiser.step(closure)
    closure()
    left = max(float(weight.grad.abs().max()) for weight in weights if weight.grad is not None)
    if left > ZERO:
        raise NotDerivedError(f"training has not converged: after {most} iterations the gradient is {left:.1g}.")
    return left
