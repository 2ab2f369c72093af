"""Orders of collapse: how fast a risk grows with the generation."""

from __future__ import annotations

from dataclasses import dataclass

from sympy import Expr, Mul, Piecewise, S, log, oo

from theory.risk import Risk
from theory.symbols import G

BOUNDED, LOGARITHMIC, POLYNOMIAL, EXPONENTIAL = "bounded", "logarithmic", "polynomial", "exponential"


@dataclass(frozen=True)
class OrderOfCollapse:
    r"""The leading term :math:`c\, \lambda^G\, G^a\, (\log G)^l` of a risk as G → ∞.

    Attributes
    ----------
    kind : "bounded", "logarithmic" (a = 0, l > 0), "polynomial" (a > 0) or "exponential" (λ > 1)
    constant : c; for a bounded risk its limit
    rate, exponent, logarithms : λ, a and l
    """

    kind: str
    constant: Expr
    rate: Expr = S.One
    exponent: Expr = S.Zero
    logarithms: Expr = S.Zero

    @property
    def leading(self) -> Expr:
        """The leading term itself."""
        return self.constant * self.rate**G * G**self.exponent * log(G) ** self.logarithms


def order_of_collapse(risk: Risk) -> OrderOfCollapse | None:
    """Classify a risk by its growth; None when that is unknown, or depends on parameters.

    Examples
    --------
    >>> from theory import Accumulate, Regular, Replace, expected_risk, j
    >>> from theory.order_of_collapse import order_of_collapse
    >>> order_of_collapse(expected_risk(Regular(), Replace(sizes=j)).ratio).kind
    'logarithmic'
    >>> order_of_collapse(expected_risk(Regular(), Replace(sizes=1 / j)).ratio).leading
    G**2/2
    """
    growth, limit = risk.growth, risk.limit
    if limit is not None and limit not in (oo, -oo) and not isinstance(limit, Piecewise):
        return OrderOfCollapse(BOUNDED, limit)
    if growth is None or growth in (oo, -oo) or isinstance(growth, Piecewise):
        return None
    constant, function = growth.as_independent(G, as_Add=False)
    rate, exponent, logarithms = S.One, S.Zero, S.Zero
    for part in Mul.make_args(function):
        base, power = part.as_base_exp()
        if base == G:
            exponent += power
        elif base == log(G):
            logarithms += power
        elif not base.has(G) and power.as_independent(G, as_Add=False)[1] == G:
            rate *= base ** power.as_independent(G, as_Add=False)[0]
        else:
            return None
    kind = EXPONENTIAL if rate != 1 else POLYNOMIAL if exponent != 0 else LOGARITHMIC
    return OrderOfCollapse(kind, constant, rate, exponent, logarithms)
