"""Numbers enclosed in balls (Arb): the sign of a constant, decided and not estimated."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flint import acb, arb, ctx, fmpq
from sympy import (
    E,
    EulerGamma,
    Expr,
    I,
    cos,
    cosh,
    cot,
    exp,
    expand_func,
    gamma,
    harmonic,
    log,
    pi,
    polygamma,
    polylog,
    sin,
    sinh,
    tan,
    zeta,
)

from theory.derivation.normal_form import NoNormalForm, vanishes
from theory.models.gaussian.multidigamma import multidigamma

#: Bits, doubled until the sign shows.
FIRST_BITS, MOST_BITS = 128, 8192

_FUNCTIONS: dict[type, Callable[..., Any]] = {
    exp: lambda x: x.exp(),
    log: lambda x: x.log(),
    sin: lambda x: x.sin(),
    cos: lambda x: x.cos(),
    tan: lambda x: x.tan(),
    cot: lambda x: x.cot(),
    sinh: lambda x: x.sinh(),
    cosh: lambda x: x.cosh(),
    gamma: lambda x: x.gamma(),
    zeta: lambda s, a=None: s.zeta() if a is None else s.zeta(a),
    polylog: lambda s, z: z.polylog(s),
    harmonic: lambda x, s=None: _harmonic(x, s),
    polygamma: lambda m, x: x.digamma() if m == 0 else x.polygamma(m),
}


def number_sign(value: Expr) -> int | None:
    """Sign of a real number: 1, 0 (proved by algebra), −1; None when its functions are unknown or it stays open.

    Examples
    --------
    >>> from sympy import pi, Rational
    >>> number_sign(pi**2 / 6 - Rational(164493, 100000))
    1
    """
    if value.is_Rational:
        return int(value.p > 0) - int(value.p < 0)
    try:
        if vanishes(value):
            return 0
    except NoNormalForm:
        return None
    bits = FIRST_BITS
    while bits <= MOST_BITS:
        with ctx.workprec(bits):
            ball = enclosed(value)
            if ball is None or not ball.imag.contains(0):
                return None
            if ball.real > 0 or ball.real < 0:
                return 1 if ball.real > 0 else -1
        bits *= 2
    return None


def enclosed(value: Expr) -> Any:
    """A ball that contains the number, at the working precision; None for functions that Arb does not have."""
    if value.is_Rational:
        return acb(fmpq(int(value.p), int(value.q)))
    constants = {pi: arb.pi, E: arb.const_e, EulerGamma: arb.const_euler}
    if value in constants:
        return acb(constants[value]())
    if value == I:
        return acb(0, 1)
    if value.has(multidigamma):
        value = expand_func(value)
    arguments = [enclosed(argument) for argument in value.args]
    if not arguments or any(argument is None for argument in arguments):
        return None
    if value.is_Add:
        return sum(arguments[1:], arguments[0])
    if value.is_Mul:
        product = arguments[0]
        for factor in arguments[1:]:
            product = product * factor
        return product
    if value.is_Pow:
        return arguments[0] ** (int(value.exp) if value.exp.is_Integer else arguments[1])
    function = _FUNCTIONS.get(type(value))
    return None if function is None else function(*arguments)


def _harmonic(x: Any, s: Any) -> Any:
    one = acb(1)
    if s is None or s == 1:
        return (x + one).digamma() + acb(arb.const_euler())
    return s.zeta() - s.zeta(x + one)
