"""Weighted: any deterministic weights, given as a function of the generation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from sympy import Expr

from theory.errors import DomainError
from theory.workflows.base import ONE, Workflow, size_schedule


@dataclass(frozen=True)
class Weighted(Workflow):
    r"""Model :math:`g` weighs blocks :math:`1, \dots, g` by ``weights_of(g)``.

    Parameters
    ----------
    weights_of : callable
        ``weights_of(g)`` returns g exact rationals that sum to 1.
    sizes : expression in ``theory.j``, default 1
        Block j holds n·s(j) samples.

    Examples
    --------
    >>> from sympy import Rational
    >>> from theory import Weighted
    >>> Weighted(lambda g: [Rational(1, g)] * g).weights(2)
    [1/2, 1/2]
    """

    weights_of: Callable[[int], Sequence[Any]]
    sizes: Expr = ONE
    name: ClassVar[str] = "weighted"

    def __post_init__(self) -> None:
        if not callable(self.weights_of):
            raise DomainError(f"weights = {self.weights_of!r} is not allowed: give a function of the generation.")
        object.__setattr__(self, "sizes", size_schedule(self.sizes))

    def weights(self, g: int) -> list[Any]:
        return list(self.weights_of(g))
