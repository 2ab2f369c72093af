"""Weighted: any deterministic weights, given as a function of the generation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from sympy import Expr, sympify

from theory.errors import DomainError
from theory.expressions.arguments import Exact, quoted
from theory.expressions.symbols import j
from theory.workflows.base import ONE, Workflow, size_schedule
from theory.workflows.dynamics import LinearDynamics
from theory.workflows.weight_formula import WeightFormula


@dataclass(frozen=True, init=False)
class Weighted(Workflow):
    r"""Model :math:`g` weighs blocks :math:`1, \dots, g` by ``weights(g)``.

    Parameters
    ----------
    weights : callable, or a formula
        ``weights(g)`` returns g exact rationals (or expressions) that sum to 1; a formula, such as ``"1/g"``, is the
        weight of block j in model g, arithmetic in g and j.
    sizes : expression in ``theory.j``, or :class:`theory.RandomSizes`, default 1
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
    >>> Weighted("2*j/(g*(g + 1))").weights(3)
    [1/6, 1/3, 1/2]
    """

    weights_of: Callable[[int], Sequence[Any]]
    sizes: Exact = ONE
    name: ClassVar[str] = "weighted"
    weighs_by_size: ClassVar[bool] = False

    def __init__(self, weights: Callable[[int], Sequence[Any]] | str | Expr, sizes: object = ONE) -> None:
        if isinstance(weights, str | Expr):
            weights = WeightFormula.read(weights)
        if not callable(weights):
            raise DomainError(
                f"weights = {quoted(weights)} is not allowed: give a function of the generation, or a formula "
                "such as '1/g'."
            )
        object.__setattr__(self, "weights_of", weights)
        object.__setattr__(self, "sizes", size_schedule(sizes))

    def __repr__(self) -> str:
        """By the name of its function, not by its place in memory: the same in every process."""
        if isinstance(self.weights_of, WeightFormula):
            return f"Weighted({str(self.weights_of.weight)!r}, sizes={self.sizes})"
        named = getattr(self.weights_of, "__qualname__", type(self.weights_of).__name__)
        return f"Weighted({named.rpartition('.')[2]}, sizes={self.sizes})"

    def weights(self, g: int) -> list[Any]:
        """What the given function returns, as a list; DomainError when that is none."""
        returned = self.weights_of(g)
        if not isinstance(returned, Iterable):
            raise DomainError(
                f"weights({g}) = {quoted(returned)} is not a list: give one weight for each of the {g} blocks."
            )
        return list(returned)

    def with_sizes(self, sizes: Expr) -> Weighted:
        """The same weights of blocks of other sizes."""
        return Weighted(self.weights_of, sizes)

    def dynamics(self) -> LinearDynamics | None:
        """δ_g = δ_{g−1} + w(g, g) ε_g for a formula whose older weights all shrink alike; None elsewhere."""
        return self.weights_of.dynamics() if isinstance(self.weights_of, WeightFormula) else None

    @property
    def free_symbols(self) -> set[Any]:
        """Symbols in the sizes and in the first weights."""
        found = set(self.sizes.free_symbols) - {j}
        if isinstance(self.weights_of, WeightFormula):
            return found | self.weights_of.free_symbols
        for g in (2, 3):
            found |= {symbol for weight in self.weights_of(g) for symbol in getattr(weight, "free_symbols", ())}
        return found

    def subs(self, *args: Any, **kwargs: Any) -> Weighted:
        """The workflow with symbols replaced in its weights and sizes, as in SymPy."""
        if isinstance(self.weights_of, WeightFormula):
            return Weighted(self.weights_of.subs(*args, **kwargs), self.sizes.subs(*args, **kwargs))

        def weights(g: int) -> list[Any]:
            return [sympify(weight).subs(*args, **kwargs) for weight in self.weights_of(g)]

        return Weighted(weights, self.sizes.subs(*args, **kwargs))
