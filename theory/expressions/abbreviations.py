"""Letters for functions that formulas repeat: a line says once what each of them is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from sympy import Basic, Function, Symbol, preorder_traversal


def abbreviations(formulas: Iterable[Basic | None]) -> dict[Function, Symbol]:
    """Letters for functions that have one (their class's ``letter``) and that the formulas hold more than once.

    They are functions of several parameters that stand for one number of a model; the most frequent come first, and no
    letter is one of the formulas' own symbols.

    Examples
    --------
    >>> from sympy import symbols
    >>> from theory.models.ridge.limiting_shrinkage import limiting_shrinkage
    >>> a, b, s = symbols("a b s")
    >>> once, often = limiting_shrinkage(a, 1), limiting_shrinkage(b, 1)
    >>> abbreviations([often**2 + s / often, once + 1, None])
    {limiting_shrinkage(b, 1): s_1}
    """
    known = [formula for formula in formulas if formula is not None]
    counts = Counter(
        part
        for formula in known
        for part in preorder_traversal(formula)
        if isinstance(part, Function) and part.free_symbols and hasattr(part, "letter")
    )
    taken = {symbol.name for formula in known for symbol in formula.free_symbols}
    found: dict[Function, Symbol] = {}
    for part, count in counts.most_common():
        if count > 1:
            names = (part.letter, *(f"{part.letter}_{index}" for index in range(1, len(taken) + 2)))
            name = next(name for name in names if name not in taken)
            taken.add(name)
            found[part] = Symbol(name)
    return found
