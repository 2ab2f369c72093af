"""A paper and its statements: what it states, and what selfgen derives for the same question."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from sympy import Basic, Expr, MatrixBase, simplify

Sides = tuple[Any, Any]


@dataclass(frozen=True)
class Statement:
    r"""One published statement.

    Attributes
    ----------
    name : str
        The name of the function that asks it.
    where : str
        Theorem, equation or section, where known.
    says : str
        The statement in words.
    sides : callable
        Returns (derived, stated): expressions, or tuples of them.

    Notes
    -----
    Copied from the paper, at :attr:`where`.

    Examples
    --------
    >>> from theory.papers import PAPERS
    >>> statement = PAPERS["gerstgrasser2024"].statements["accumulate_bound"]
    >>> statement.derived
    pi**2*d*sigma**2/(6*(T - d - 1))
    >>> statement.agrees
    True
    """

    name: str
    where: str
    says: str
    sides: Callable[[], Sides] = field(repr=False)

    @cached_property
    def _both(self) -> Sides:
        return self.sides()

    @property
    def derived(self) -> Any:
        """What selfgen derives."""
        return self._both[0]

    @property
    def stated(self) -> Any:
        """What the paper states."""
        return self._both[1]

    @cached_property
    def agrees(self) -> bool:
        """Whether both are equal, proved by simplification."""
        return agree(self.derived, self.stated)


@dataclass
class Paper:
    """A paper: title, authors, year, and its statements by name; ``names`` are the authors as BibTeX writes them.

    Statements are added by :meth:`states`, a decorator of functions that return (derived, stated).

    Notes
    -----
    Each paper is named by title, authors and year; what is stated is copied from it.

    Examples
    --------
    >>> from theory.papers import PAPERS
    >>> paper = PAPERS["dey2024"]
    >>> all(statement.agrees for statement in paper.statements.values())
    True
    """

    title: str
    authors: str
    year: int
    reference: str = ""
    names: str = ""
    statements: dict[str, Statement] = field(default_factory=dict)

    def states(self, where: str, says: str) -> Callable[[Callable[[], Sides]], Callable[[], Sides]]:
        """Register a function as one of the paper's statements."""

        def register(function: Callable[[], Sides]) -> Callable[[], Sides]:
            self.statements[function.__name__] = Statement(function.__name__, where, says, function)
            return function

        return register

    def __repr__(self) -> str:
        return f"Paper({self.title!r}, {self.year}, {len(self.statements)} statements)"


def agree(derived: Any, stated: Any) -> bool:
    """Equality of expressions, of conditions, and of tuples of them.

    Notes
    -----
    Defined here: both sides simplify to the same, or are the same infinity.

    Examples
    --------
    >>> from sympy import Symbol, oo
    >>> x = Symbol("x")
    >>> agree((x + 1) ** 2, x**2 + 2 * x + 1), agree((x, oo), (x, oo)), agree(x, 2 * x)
    (True, True, False)
    """
    if isinstance(derived, tuple) or isinstance(stated, tuple):
        return len(derived) == len(stated) and all(agree(*pair) for pair in zip(derived, stated, strict=True))
    if isinstance(derived, MatrixBase):
        return derived.shape == stated.shape and all(agree(*pair) for pair in zip(derived, stated, strict=True))
    if isinstance(derived, Expr) and isinstance(stated, Expr):
        if derived == stated:
            return True
        return (
            bool(derived.is_finite is not False and stated.is_finite is not False) and simplify(derived - stated) == 0
        )
    return bool(derived == stated) if isinstance(derived, Basic) or isinstance(stated, Basic) else derived == stated
