"""A risk as a NumPy function of the generation and of its parameters."""

from __future__ import annotations

import inspect
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sympy import Symbol

from numerics.evaluate import evaluate, whole_generations
from theory.code import safe_name
from theory.errors import DomainError
from theory.expressions.arguments import exact, shown
from theory.risk import Risk
from theory.told import tells


@dataclass(frozen=True)
class RiskFunction:
    r"""The function :math:`(G, \vartheta) \mapsto R_G(\vartheta)`, arrays in and an array out, broadcast as NumPy does.

    Every value is that of :func:`numerics.evaluate` for the risk with these numbers: to a relative error of 1e-12,
    whatever the formula cancels, infinite where the expectation is. Nothing is translated to NumPy code, so harmonic
    numbers, digammas, sums over roots and risks without closed form need none.

    Attributes
    ----------
    risk : Risk
    names : the keyword arguments, a symbol's name each; ``lambda`` and other words of Python end in ``_``

    Raises
    ------
    DomainError
        When called without a parameter, with one that is none, with arrays that do not broadcast, or with a number
        outside a parameter's range.

    Notes
    -----
    Each distinct set of parameters is derived once, in milliseconds, and kept: many generations cost little, many
    parameters a few milliseconds each. A float stands for the decimal that it prints, as everywhere. Derived here.

    Examples
    --------
    >>> from theory import Accumulate, Regular, expected_risk
    >>> function = expected_risk(Regular(), Accumulate()).lambdify()
    >>> function([1, 2, 1000], p=3, n=100)
    array([0.03      , 0.0375    , 0.04931804])
    >>> function(2, p=3, n=[100, 200])
    array([0.0375 , 0.01875])
    >>> function
    RiskFunction(G, *, n, p)
    """

    risk: Risk
    _kept: dict[tuple[Any, ...], Risk] = field(default_factory=dict, repr=False, compare=False)

    def __call__(self, generations: ArrayLike, /, **parameters: ArrayLike) -> NDArray[np.float64]:
        """The risk at ``generations``, with a number or an array for each parameter."""
        given = {name: self._array(name, value) for name, value in self._verified(parameters).items()}
        wanted = whole_generations(generations)
        try:
            whole, *columns = np.broadcast_arrays(wanted, *given.values())
        except ValueError:
            shapes = ", ".join(f"{name} {array.shape}" for name, array in {"generations": wanted, **given}.items())
            raise DomainError(f"arrays of the shapes {shapes} do not fit together: give such as broadcast.") from None
        found = np.empty(whole.shape, dtype=np.float64)
        groups: dict[tuple[Any, ...], list[tuple[int, ...]]] = {}
        for place in np.ndindex(whole.shape):
            groups.setdefault(tuple(column[place] for column in columns), []).append(place)
        for numbers, places in groups.items():
            values = evaluate(self._at(numbers), [whole[place] for place in places])
            for place, value in zip(places, values, strict=True):
                found[place] = value
        return found

    @cached_property
    def _symbols(self) -> dict[str, Symbol]:
        symbols = sorted(self.risk.free_symbols, key=lambda symbol: symbol.name)
        return {safe_name(symbol.name): symbol for symbol in symbols}

    @property
    def names(self) -> tuple[str, ...]:
        """The keyword arguments, in alphabetical order."""
        return tuple(self._symbols)

    def _verified(self, parameters: dict[str, ArrayLike]) -> dict[str, ArrayLike]:
        """One value for each symbol, in the order of the names; ``lambda`` is taken as it is, too."""
        own = {symbol.name: name for name, symbol in self._symbols.items()}
        known = {own.get(name, name): value for name, value in parameters.items()}
        strange = [name for name in known if name not in self._symbols]
        missing = [name for name in self._symbols if name not in known]
        takes = f"{self!r} takes {', '.join(self.names) or 'no parameter'}"
        if strange:
            raise DomainError(f"{strange[0]} = {shown(known[strange[0]])} is no parameter: {takes}.")
        if missing:
            raise DomainError(f"{missing[0]} has no value: {takes}.")
        return {name: known[name] for name in self._symbols}

    @staticmethod
    def _array(name: str, value: ArrayLike) -> NDArray[Any]:
        """The numbers, each as exact as it was written."""
        given = np.asarray(value)
        # A list of fractions and floats is an array of objects, of texts one of texts: each entry says what it is.
        entries = given if given.dtype.kind in "iufOUS" else np.asarray(value, dtype=object)
        numbers = np.empty(entries.shape, dtype=object)
        for place, entry in np.ndenumerate(entries):
            number = exact(name, str(entry) if isinstance(entry, str) else entry)
            numbers[place] = number
            if not number.is_number:
                raise DomainError(f"{name} = {shown(entry)} is not a number: give numbers.")
        return numbers

    def _at(self, numbers: tuple[Any, ...]) -> Risk:
        if numbers not in self._kept:
            pairs = dict(zip(self._symbols.values(), numbers, strict=True))
            self._kept[numbers] = self.risk.subs(pairs) if pairs else self.risk
        return self._kept[numbers]

    @property
    def __signature__(self) -> inspect.Signature:
        """What a notebook shows and completes."""
        parameter = inspect.Parameter
        keywords = [parameter(name, parameter.KEYWORD_ONLY) for name in self.names]
        return inspect.Signature([parameter("G", parameter.POSITIONAL_ONLY), *keywords])

    def __repr__(self) -> str:
        return f"RiskFunction({', '.join(['G', *(['*', *self.names] if self.names else [])])})"


@tells("lambdify")
def lambdify(risk: Risk) -> RiskFunction:
    """The function behind ``Risk.lambdify``."""
    return RiskFunction(risk)
