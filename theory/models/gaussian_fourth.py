r"""The fourth moment of a Gaussian error: :math:`E\,\delta^4 = m^4 + 6 m^2 s + 3 s^2` by its mean m and variance s.

Under deterministic weights a Gaussian mean stays Gaussian for ever, however its sampler leans and its estimator
shrinks; so the fourth moment has a closed form, a limit and a growth wherever bias and variance have. To leading order
in 1/n every unbiased error is Gaussian.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sympy import Expr, Piecewise, S, oo

from theory.expressions.expansion import Order
from theory.expressions.symbols import G
from theory.models.answers import answer
from theory.moments.recurrence import Recurrence


@dataclass(frozen=True)
class GaussianFourth(Recurrence):
    """E δ⁴ by the recurrences of Var δ and of E δ, the latter None where it is 0."""

    variance: Recurrence
    bias: Recurrence | None = None

    def at(self, generation: int) -> Expr:
        """Exact value at one generation."""
        mean = S.Zero if self.bias is None else self.bias.at(generation)
        return self.offset + self.scale * _fourth(mean, self.variance.at(generation))

    def values(self) -> Iterator[Expr]:
        """Exact values at generations 1, 2, …"""
        if self.bias is None:
            for spread in self.variance.values():
                yield self.offset + self.scale * _fourth(S.Zero, spread)
            return
        for mean, spread in zip(self.bias.values(), self.variance.values(), strict=True):
            yield self.offset + self.scale * _fourth(mean, spread)

    def closed_form(self) -> Expr | None:
        """By those of bias and variance."""
        mean, spread = (answer(one, "closed_form", None) for one in (self.bias, self.variance))
        if mean is None or spread is None or mean.has(Piecewise) or spread.has(Piecewise):
            return None
        return _fourth(mean, spread)

    def limit(self, order: Order) -> Expr | None:
        """By those of bias and variance."""
        mean, spread = (answer(one, "limit", order) for one in (self.bias, self.variance))
        if mean is None or spread is None:
            return None
        if oo in (mean, spread) or mean == -oo:
            return oo
        if isinstance(mean, Piecewise) or isinstance(spread, Piecewise):
            # Of one alone branch by branch.
            if mean == 0 and all(value != -oo for value, _ in spread.args):
                return Piecewise(*((oo if value == oo else 3 * value**2, case) for value, case in spread.args))
            return None
        return _fourth(mean, spread)

    def growth(self, order: Order) -> Expr | None:
        """Three times the square of that of the variance, without a bias; the limit where that is finite."""
        limit = self.limit(order)
        if limit is not None and limit != oo:
            return limit
        spread = answer(self.variance, "growth", order)
        if self.bias is not None or spread is None or isinstance(spread, Piecewise) or not spread.has(G):
            return None
        return _fourth(S.Zero, spread)


def _fourth(mean: Expr, spread: Expr) -> Expr:
    return mean**4 + 6 * mean**2 * spread + 3 * spread**2
