"""Λ_k(q, z) = Σ_(m≥1) ((1 − z q^m)^(−k) − 1) and (a; q)_∞ = Π_(m≥0) (1 − a q^m), |q| < 1: equations, and balls.

What the textbooks say of them: Λ_k(q, z q) = Λ_k(q, z) − (1 − z q)^(−k) + 1, (a q; q)_∞ = (a; q)_∞/(1 − a); as z → 0
and a → 0 they tend to 0 and 1; and (a; q)_∞ ≠ 0 for |a| < 1, as no factor is 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flint import acb, arb, ctx

# fmt: off
if TYPE_CHECKING or __package__:
    from theory.proof.algebra import ONE, Quotient, require
else:
    from algebra import ONE, Quotient, require
# fmt: on

KINDS = ("lambert", "pochhammer")
FAR = 60  # whole steps of the equations, at most
LONGEST = 100_000  # terms of a series, at most


def graded(algebra: Any, kind: str, order: int | None, q: Quotient, x: Quotient) -> Quotient:
    """The function at x, by whole steps from an argument x q^s at which it has a name."""
    for known, same, args, index in algebra.functions:
        if (known, same) != (kind, order) or args[0] != q:
            continue
        start, value = args[1], algebra.named(index)
        steps = apart(algebra.normal(x / start), q) if start.top != 0 else None
        for step in range(abs(steps or 0)):
            point = start * q ** (step if (steps or 0) > 0 else -1 - step)
            way = 1 if (steps or 0) > 0 else -1
            if kind == "pochhammer":
                value = value / (ONE - point) if way > 0 else value * (ONE - point)
            else:
                change = (ONE - point * q) ** -int(order or 0) - ONE
                value = value - change if way > 0 else value + change
        if steps is not None:
            return algebra.normal(value)
    return algebra.function(kind, order, q, x)


def apart(quotient: Quotient, q: Quotient) -> int | None:
    """The whole number s with quotient = q^s; None where none is seen within FAR steps."""
    if quotient.top == 0:
        return None
    power, inverse = ONE, ONE / quotient
    for step in range(FAR):
        if power in (quotient, inverse):
            return step if power == quotient else -step
        power = power * q
    return None


def enclosed(kind: str, order: int | None, q: acb, x: acb) -> acb:
    """A ball around the function."""
    require(abs(q) < 1, f"{kind} has no ball enclosure: its base is not shown to lie inside the unit circle")
    return lambert(int(order or 0), q, x) if kind == "lambert" else product(x, q)


def product(a: acb, q: acb) -> acb:
    """(a; q)_∞: the first factors, and the product of those left, which is 1 within ``product_left``."""
    total, power = acb(1), acb(a)
    for _ in range(LONGEST):
        size = abs(power)
        if size < arb(1) / 2:
            left = product_left(size, abs(q))
            if left < arb(2) ** -ctx.prec:
                return total * (1 + acb(arb(0, left), arb(0, left)))
        total, power = total * (1 - power), power * q
    raise ArithmeticError("a product is too long")


def product_left(a: arb, q: arb) -> arb:
    """A bound of |(u; v)_∞ − 1| for |u| = a < 1, |v| = q < 1, as |log (u; v)_∞| ≤ a/((1 − q)(1 − a))."""
    return ((a / ((1 - q) * (1 - a))).exp() - 1).upper()


def lambert(k: int, q: acb, z: acb) -> acb:
    """Λ_k: the first terms, and a bound of those left."""
    total, power = acb(0), z * q
    for _ in range(LONGEST):
        size = abs(power)
        if size < arb(1) / 2:
            left = lambert_left(k, size, abs(q))
            if left < arb(2) ** -ctx.prec:
                return total + acb(arb(0, left), arb(0, left))
        total, power = total + (1 - power) ** -k - 1, power * q
    raise ArithmeticError("a series is too long")


def lambert_left(k: int, u: arb, q: arb) -> arb:
    """A bound of Σ_(m≥0) |(1 − u v^m)^(−k) − 1|, |u| < 1, |v| = q: a term is at most k |u| q^m (1 − |u|)^(−k−1)."""
    return (k * u * (1 - u) ** (-k - 1) / (1 - q)).upper()
