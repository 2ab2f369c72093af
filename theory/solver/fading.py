r"""Limit and growth under a fading memory without a closed form: what it remembers, to leading order.

Let :math:`p = 1 - q`, :math:`M_g = q_g M_{g-1} + s(g)`, all on the scale of :mod:`theory.asymptotics.scales` (derived
here):

1. *Memory shorter than the loop*, :math:`g\,p_g \to \infty`: :math:`T_g = p_g M_g/s(g)` obeys
   :math:`T_g = (1 - p_g(1 + o(1)))\,T_{g-1} + p_g`, for p and s change by factors :math:`1 + O(1/g) = 1 + o(p_g)`.
   Since :math:`\sum p = \infty`, T → 1: :math:`M_g \sim s(g)/p_g`, and a generation adds
   :math:`s/M^2 \sim p_g^2/s(g)`.
2. *Memory of a part of the loop*, :math:`g\,p_g \to c \ge 0`, :math:`s(g) \sim k g^b`, :math:`b > -1`: then
   :math:`M_g \sim g\,s(g)/(1 + b + c)`, and a generation adds :math:`(1 + b + c)^2/(g^2 s(g))`, summable.

With a rate of :math:`1 - c\,g^{-a}` and equal blocks the risk is bounded exactly for a > 1/2.
"""

from __future__ import annotations

from sympy import Expr, S, Symbol

from theory.asymptotics.scales import Scale, limit_or_none, positive_variable, scale_of
from theory.errors import NotDerivedError
from theory.expressions.symbols import j
from theory.moments.fading import FadingRecurrence


def added(recurrence: FadingRecurrence) -> Scale:
    """What a generation adds to a risk without curvature, to leading order.

    Raises
    ------
    NotDerivedError
        Where neither case holds.

    Examples
    --------
    >>> from theory import Forgetting
    >>> from theory.moments.composition import compose
    >>> added(compose(Forgetting("1 - 1/(2*sqrt(j))"), noise=S.One, curvature=S.Zero)).powers
    (0, -1, 0, 0)
    """
    x = positive_variable()
    rate, sizes = (part.subs(j, x) for part in (recurrence.memory.rate, recurrence.memory.sizes))
    lost, size = _in_numbers(1 - rate, x), _in_numbers(sizes, x)
    if size.powers[0] != 0 or lost.constant is None or size.constant is None:
        raise NotDerivedError("sizes that grow like an exponential have a memory of their own.")
    longer = lost.times(scale_of(x, x))
    first = next((power for power in longer.powers if power != 0), S.Zero)
    inverse = size.raised(S.NegativeOne)
    if first.is_positive:
        return lost.raised(S(2)).times(inverse)
    part = longer.constant if first == 0 else S.Zero
    shape = 1 + size.powers[1] + part
    if part is None or not (1 + size.powers[1]).is_positive:
        raise NotDerivedError("sizes that shrink so fast are not covered.")
    return scale_of(shape**2 / x**2, x).times(inverse)


def _in_numbers(function: Expr, x: Symbol) -> Scale:
    """A function without parameters, or one that tends to a constant, on the scale."""
    if function.free_symbols - {x}:
        raise NotDerivedError("parameters decide what is remembered.")
    end = limit_or_none(function, x) if function.has(x) else function
    if end is not None and end.is_finite and end.is_positive:
        return Scale((S.Zero,) * 4, end, None, x)
    return scale_of(function, x)
