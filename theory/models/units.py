"""Amounts of data are in units of n: the slip of giving them in samples, found and said."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import fields, is_dataclass

from sympy import Expr, S

from theory.expressions.symbols import j
from theory.models.base import Model
from theory.workflows.base import Workflow

_computed: ContextVar[bool] = ContextVar("computed", default=False)


@contextmanager
def computed_units() -> Iterator[None]:
    """While it lasts, amounts are numbers of samples that we have divided by n ourselves: nothing is said of them."""
    token = _computed.set(True)
    try:
        yield
    finally:
        _computed.reset(token)


#: Settings that count data, in units of a block of n samples, also where a workflow does not say so in its roles.
_AMOUNTS = ("sizes", "budget", "real", "synthetic")
#: What a unit block is called: samples, or rows of a regression.
_UNITS = ("n", "T")


def slip_of_units(model: Model, workflow: Workflow) -> str | None:
    """What is said where an amount looks like a number of samples: it holds n, or is as large as n is; else None.

    Examples
    --------
    >>> from theory import Accumulate, Bernoulli
    >>> slip_of_units(Bernoulli("1/2", 50), Accumulate(sizes=2)) is None
    True
    >>> print(slip_of_units(Bernoulli("1/2", 50), Accumulate(sizes=1000)))
    sizes = 1000 is in units of n = 50, so block 1 holds 50000 samples; for 1000 samples give 20.
    """
    unit = next((name for name in _UNITS if isinstance(model.parameters.get(name), Expr)), None)
    if unit is None or _computed.get():
        return None
    many = model.parameters[unit]
    for name, amount in _amounts(workflow).items():
        names = {symbol.name for symbol in amount.free_symbols}
        first = amount.subs(j, 1)
        if unit in names:
            written = (amount / many).cancel() if many in amount.free_symbols else None
            meant = f"; for {amount} samples give {written}" if written is not None else ""
            return f"{name} = {amount} is in units of {unit} already{meant}."
        if many.is_Integer and many > 1 and first.is_number and first > 1 and first >= many:
            what = "block 1 holds" if name == "sizes" else "that is"
            fewer = f"; for {amount} samples give {amount / many}" if amount.is_number else ""
            return f"{name} = {amount} is in units of {unit} = {many}, so {what} {first * many} samples{fewer}."
    return None


def _amounts(workflow: Workflow) -> dict[str, Expr]:
    listed = {field.name for field in fields(workflow)} if is_dataclass(workflow) else {"sizes"}
    amounts = (name for name, role in workflow.roles.items() if role in ("amount", "schedule"))
    found = {name: getattr(workflow, name, S.One) for name in (*_AMOUNTS, *amounts) if name in listed}
    return {name: value for name, value in found.items() if isinstance(value, Expr)}
