"""Shares of real data, and amounts of it, that change from generation to generation."""

from __future__ import annotations

from sympy import Expr

from theory.errors import DomainError
from theory.expressions.arguments import exact, is_probability, shown
from theory.expressions.signs import sign
from theory.expressions.symbols import j
from theory.workflows.base import probes


def probability_schedule(name: str, given: object, what: str, where: str) -> Expr:
    """Verify a number in [0, 1], or an expression in ``theory.j`` with such values from generation 2 on.

    Parameters
    ----------
    name : of the parameter
    given : its value
    what : it should be, as in "a share of real data"
    where : a value is none, with ``{g}`` for the generation and ``{value}`` for what it is there
    """
    value = exact(name, given, indices=(j,))
    if not value.has(j):
        if value.is_real is False or is_probability(value) is False:
            raise DomainError(f"{name} = {shown(given)} is not {what}: {name} must lie between 0 and 1.")
        return value
    for g in sorted({*probes(value), *probes(1 - value), 2} - {1}):
        at = value.subs(j, g)
        if at.is_number and not lies_in_range(at):
            raise DomainError(f"{name} = {shown(given)} is not {what}: {where.format(g=g, value=at)}.")
    return value


def share_schedule(share: object) -> Expr | None:
    """Verify a share of real data in [0, 1], which may depend on ``theory.j``, the generation; None means pooled.

    The first models are fitted on real data alone, and need no share.
    """
    if share is None:
        return None
    where = "at generation {g} it is {value}, and must lie between 0 and 1"
    return probability_schedule("share", share, "a share of real data", where)


def amount_schedule(name: str, value: object, what: str = "an amount of real data") -> Expr:
    """Verify a positive amount of data in units of n, which may depend on ``theory.j``, from generation 2 on."""
    amount = exact(name, value, indices=(j,))
    if not amount.has(j):
        if amount.is_positive is False or amount.is_real is False:
            raise DomainError(f"{name} = {shown(value)} is not {what}: {name} must be positive.")
        return amount
    for g in sorted({*probes(amount), 2} - {1}):
        at = amount.subs(j, g)
        if at.is_number and (at.is_real is False or sign(at) != 1):
            raise DomainError(
                f"{name} = {shown(value)} is not {what}: at generation {g} it is {at}, and must be positive."
            )
    return amount


def at_generation(value: Expr, g: int | Expr) -> Expr:
    """A schedule at one generation."""
    return value.subs(j, g) if value.has(j) else value


def lies_in_range(value: Expr) -> bool:
    """Whether a number is not seen to be outside [0, 1]."""
    return value.is_real is not False and value.is_finite is not False and sign(value) != -1 and sign(1 - value) != -1
