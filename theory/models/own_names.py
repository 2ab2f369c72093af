"""A parameter written in terms of another one that has a number: not a constant of the same name beside it."""

from __future__ import annotations

from sympy import Expr

from theory.errors import DomainError
from theory.expressions.arguments import shown
from theory.expressions.parser import parse
from theory.models.base import Model


def verify_names(model: Model) -> None:
    """Refuse ``LinearRegression(d=4, T="2*d")``, whose T would be twice a d that is not the 4.

    A SymPy symbol of the user's own that is no parameter's (other assumptions, or another name) is deliberate.

    Raises
    ------
    DomainError
        Naming both parameters.

    Examples
    --------
    >>> from theory import LinearRegression
    >>> verify_names(LinearRegression(d=4, T="2*d"))
    Traceback (most recent call last):
    theory.errors.DomainError: T = 2*d holds d, but d = 4: write T with the number, or leave d out.
    """
    numbers = {name: value for name, value in model.parameters.items() if isinstance(value, Expr) and value.is_number}
    for name, value in model.parameters.items():
        if isinstance(value, Model):
            continue
        for symbol in sorted(getattr(value, "free_symbols", ()), key=str):
            number = numbers.get(symbol.name)
            if number is not None and symbol == parse(symbol.name):
                raise DomainError(
                    f"{name} = {shown(value)} holds {symbol}, but {symbol} = {shown(number)}: write {name} with the "
                    f"number, or leave {symbol} out."
                )
