"""Weighted: any deterministic weights, given as a function of the generation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from sympy import Expr, sympify

from theory.errors import DomainError
from theory.expressions.arguments import quoted
from theory.expressions.symbols import j
from theory.workflows.base import ONE, Workflow, size_schedule


@dataclass(frozen=True, init=False)
class Weighted(Workflow):
    r"""Model :math:`g` weighs blocks :math:`1, \dots, g` by ``weights(g)``.

    Parameters
    ----------
    weights : callable
        ``weights(g)`` returns g exact rationals (or expressions) that sum to 1.
    sizes : expression in ``theory.j``, default 1
        Block j holds n·s(j) samples.

    Notes
    -----
    The framework of Dey and Donoho (2024): the risk follows from the weights alone, by the pathway.

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

    def __init__(self, weights: Callable[[int], Sequence[Any]], sizes: object = ONE) -> None:
        if not callable(weights):
            raise DomainError(f"weights = {quoted(weights)} is not allowed: give a function of the generation.")
        object.__setattr__(self, "weights_of", weights)
        object.__setattr__(self, "sizes", size_schedule(sizes))

    def weights(self, g: int) -> list[Any]:
        returned = self.weights_of(g)
        if not isinstance(returned, Iterable):
            raise DomainError(
                f"weights({g}) = {quoted(returned)} is not a list: give one weight for each of the {g} blocks."
            )
        return list(returned)

    @property
    def free_symbols(self) -> set[Any]:
        """Symbols in the sizes and in the first weights."""
        found = set(self.sizes.free_symbols) - {j}
        for g in (2, 3):
            found |= {symbol for weight in self.weights_of(g) for symbol in getattr(weight, "free_symbols", ())}
        return found

    def subs(self, *args: Any, **kwargs: Any) -> Weighted:
        """The workflow with symbols replaced in its weights and sizes, as in SymPy."""

        def weights(g: int) -> list[Any]:
            return [sympify(weight).subs(*args, **kwargs) for weight in self.weights_of(g)]

        return Weighted(weights, self.sizes.subs(*args, **kwargs))
