"""The vocabulary of growth: the order of collapse of a risk, alone or by cases."""

from __future__ import annotations

from dataclasses import dataclass

from sympy import Basic, Expr, Mul, Piecewise, S, log, oo, simplify

from theory.asymptotics.scales import Scale
from theory.expressions.symbols import G

BOUNDED, LOGARITHMIC, POLYNOMIAL, EXPONENTIAL = "bounded", "logarithmic", "polynomial", "exponential"
ITERATED = "iterated logarithmic"
SUBEXPONENTIAL, SUPEREXPONENTIAL = "subexponential", "super-exponential"


@dataclass(frozen=True)
class OrderOfCollapse:
    r"""The leading term :math:`c\, \lambda^G\, G^a\, (\log G)^l\, (\log\log G)^m` of a risk as G → ∞.

    Where the constant is None, the risk stays between two positive multiples of the rest: it may oscillate between
    them for ever, as under block sizes that oscillate.

    Attributes
    ----------
    kind : str
        "bounded", "iterated logarithmic" (a = l = 0, m > 0), "logarithmic" (a = 0, l > 0), "polynomial" (a > 0),
        "subexponential" (faster than every power, slower than every exponential), "exponential" (λ > 1) or
        "super-exponential".
    constant : c; for a bounded risk its limit. None where the kind is derived, but not the constant
    rate, exponent, logarithms, iterated : λ, a, l and m
    function : the leading term without c where it is not on this scale
    bound : for a bounded risk a number that it never exceeds; None where none is derived
    decay : for a risk that tends to 0 its leading term; None where it does not, or the term is not derived
    """

    kind: str
    constant: Expr | None
    rate: Expr = S.One
    exponent: Expr = S.Zero
    logarithms: Expr = S.Zero
    iterated: Expr = S.Zero
    function: Expr | None = None
    bound: Expr | None = None
    decay: Expr | None = None

    @property
    def leading(self) -> Expr | None:
        """The leading term itself; None when its constant is not derived."""
        return None if self.constant is None else self.constant * self.shape

    @property
    def shape(self) -> Expr:
        """The leading term without its constant; 1 for a bounded risk."""
        if self.function is not None:
            return self.function
        logs = log(G) ** self.logarithms * log(log(G)) ** self.iterated
        return self.rate**G * G**self.exponent * logs


@dataclass(frozen=True)
class OrdersOfCollapse:
    """The order of collapse by cases, where it depends on parameters.

    Attributes
    ----------
    cases : pairs of an order and the condition under which it holds; conditions exclude one another
    """

    cases: tuple[tuple[OrderOfCollapse, Basic], ...]

    @property
    def kind(self) -> str:
        """The kinds, in one line."""
        return "; ".join(f"{order.kind} if {condition}" for order, condition in self.cases)

    @property
    def leading(self) -> Expr | None:
        """The leading term by cases; None when a constant is not derived."""
        terms = [(order.leading, condition) for order, condition in self.cases]
        return None if any(term is None for term, _ in terms) else Piecewise(*terms)


def order_of_term(growth: Expr) -> OrderOfCollapse | None:
    """The order of a product of powers, exponentials and logarithms of G; None for any other term."""
    constant, function = growth.as_independent(G, as_Add=False)
    rate, exponent, logarithms = S.One, S.Zero, S.Zero
    for part in Mul.make_args(function):
        base, power = part.as_base_exp()
        if power.has(G) and base.has(G):
            return None
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


def order_of_scale(scale: Scale, factor: Expr | None) -> OrderOfCollapse:
    """The order of ``factor`` times a diverging function; None for a factor between two positive numbers."""
    rate, exponent, logarithms, iterated = scale.powers
    constant = None if scale.constant is None or factor is None else simplify(factor * scale.constant)
    if scale.function is not None:
        kind = SUPEREXPONENTIAL if rate == oo else SUBEXPONENTIAL if exponent == oo else ITERATED
        return OrderOfCollapse(kind, constant, function=scale.function.subs(scale.variable, G))
    found = {"rate": simplify(S.Exp1**rate), "exponent": exponent, "logarithms": logarithms, "iterated": iterated}
    kinds = ((rate, EXPONENTIAL), (exponent, POLYNOMIAL), (logarithms, LOGARITHMIC), (iterated, ITERATED))
    return OrderOfCollapse(next(kind for power, kind in kinds if power != 0), constant, **found)
