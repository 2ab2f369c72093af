r"""Growth of two moments of which one drives the other, where no closed form is at hand.

*A sum driven by a product.* Let :math:`s_g = p_g s_{g-1}` and :math:`y_g = y_{g-1} + k_g s_{g-1}`, p and k rational,
:math:`p_g = 1 - c/g + O(1/g^2)`, :math:`k_g \sim \kappa g^{-q}`. The quotient of the terms
:math:`t_i = k_i s_{i-1}` is rational, so :math:`t_i \sim T i^{-\varrho}` with :math:`\varrho = c + q` and T a quotient
of Gamma functions, and (derived here)

.. math:: y_G \to y_{s-1} + t_s\,F(\dots; 1) \quad (\varrho > 1), \qquad y_G \sim T \ln G \quad (\varrho = 1), \qquad
          y_G \sim \frac{T}{1 - \varrho}\,G^{1-\varrho} \quad (\varrho < 1),

F a generalised hypergeometric series. The mean of a Gaussian that is refitted on all its samples, drawn at
temperature τ, is of this kind: ϱ = 3 − τ.

*A mean and a square.* Let :math:`e_g = p_g e_{g-1} + (1 - p_g)\,b` and let :math:`z = y - 2be + b^2` move by itself,
:math:`z_g = a_g z_{g-1} + f_g` (an error about b rather than about the truth). What z does by a power law, y does too
where e grows more slowly.
"""

from __future__ import annotations

from dataclasses import dataclass

from sympy import Expr, ImmutableMatrix, S, gamma, hyper, log, sympify

from theory.expressions.expansion import Order
from theory.expressions.fraction_field import in_lowest_terms
from theory.expressions.signs import sign
from theory.expressions.symbols import G
from theory.moments.recurrence import MomentRecurrence
from theory.solver.power_law import PowerLaw, cancelled, dropped, power_law, split
from theory.solver.reduced import reduced
from theory.solver.shrinking_steps import at_infinity


@dataclass(frozen=True)
class Driven:
    """Limit of the moment, or None where it has none; and its leading term.

    Attributes
    ----------
    coefficient, power, logs : coefficient · G^(−power) · (ln G)^logs, the leading term
    limit : the limit where it is finite
    """

    coefficient: Expr
    power: Expr
    logs: int
    limit: Expr | None

    @property
    def term(self) -> Expr:
        """In ``theory.G``."""
        return self.coefficient * G ** (-self.power) * log(G) ** self.logs


def driven_sum(recurrence: MomentRecurrence, order: Order) -> Driven | None:
    """The first kind; None where the recurrence is none. May raise UnknownOrder."""
    recurrence = reduced(recurrence)
    found = sum_and_product(recurrence)
    if found is None:
        return None
    total, product = found
    g, start = recurrence.symbol, int(recurrence.start)
    step, share = (in_lowest_terms(recurrence.matrix[row, product]) for row in (product, total))
    pull, drop = at_infinity(g * (1 - step), g), dropped(share, g)
    gains, flows = split(step, g), split(share, g)
    if pull is None or drop is None or gains is None or flows is None:
        return None
    (zeros, poles), _ = gains
    q, push = drop
    weight, first = recurrence.readout[total], recurrence.initial[product]
    height = weight * push * first
    for root in zeros:
        height /= gamma(start - root)
    for root in poles:
        height *= gamma(start - root)
    side = order.exponents(pull + q, S.One)
    if side == 0:
        return Driven(height, S.Zero, 1, None)
    if side < 0:
        return Driven(height / (1 - pull - q), pull + q - 1, 0, None)
    (flow_zeros, flow_poles), _ = flows
    # t_(i+1)/t_i = k_(i+1)/k_i · p_i, counted from the first term.
    upper = [start + 1 - u for u in flow_zeros] + [start - v for v in flow_poles] + [start - a for a in zeros]
    lower = [start - u for u in flow_zeros] + [start + 1 - v for v in flow_poles] + [start - b for b in poles]
    above, below = cancelled([*upper, S.One], lower)
    series = hyper(above, below, S.One) * in_lowest_terms(share.subs(g, start)) * first
    limit = weight * (recurrence.initial[total] + series)
    return Driven(limit, S.Zero, 0, limit)


def sum_and_product(recurrence: MomentRecurrence) -> tuple[int, int] | None:
    """Which moment is the sum and which drives it; None where the recurrence is of another kind."""
    g, matrix = recurrence.symbol, recurrence.matrix
    plain = recurrence.continuation is None and recurrence.shift == 0 and sympify(recurrence.start).is_Integer
    if not plain or matrix.shape != (2, 2) or any(entry != 0 for entry in recurrence.forcing):
        return None
    for total, product in ((0, 1), (1, 0)):
        alone = matrix[product, total] == 0 and matrix[total, total] == 1
        shown = recurrence.readout[product] == 0 and not recurrence.readout[total].has(g)
        if alone and shown:
            return total, product
    return None


def about_centre(recurrence: MomentRecurrence) -> tuple[Expr, MomentRecurrence] | None:
    """b and the recurrence of z, for the second kind; None where there is no such b."""
    recurrence = reduced(recurrence)
    g, plain = recurrence.symbol, recurrence.continuation is None and recurrence.shift == 0
    if not plain or recurrence.matrix.shape != (2, 2) or [*recurrence.readout] != [0, 1]:
        return None
    p, back, fed, a = recurrence.matrix
    push, inflow = recurrence.forcing
    if back != 0 or p == 1:
        return None
    centre = in_lowest_terms(push / (1 - p))
    if centre.has(g) or in_lowest_terms(fed - 2 * centre * (p - a)) != 0:
        return None
    rest = in_lowest_terms(inflow - 2 * centre * push + centre**2 * (1 - a))
    mean, square = recurrence.initial
    return centre, recurrence.changed(
        matrix=ImmutableMatrix([[a]]), forcing=ImmutableMatrix([rest]), readout=ImmutableMatrix([[1]]),
        initial=ImmutableMatrix([square - 2 * centre * mean + centre**2]), early=(),
    )  # fmt: skip


def repelled(recurrence: MomentRecurrence, order: Order) -> PowerLaw | None:
    """The growth of what is of the second kind; None where z does not outgrow the mean. May raise UnknownOrder."""
    found = about_centre(recurrence)
    if found is None:
        return None
    if _stays(found[1], order):
        return None
    law = power_law(found[1], order)
    kept = reduced(recurrence)
    pull = at_infinity(kept.symbol * (1 - kept.matrix[0, 0]), kept.symbol)
    if law is None or pull is None or order.exponents(law.power, S.Zero) >= 0:
        return None
    return law if order.exponents(pull, law.power) > 0 else None


def _stays(recurrence: MomentRecurrence, order: Order) -> bool:
    """Whether z, of steps 1 − c/g + … and an inflow ~ g^(−q), is seen not to grow as a power: c ≥ 0 and q ≥ 1."""
    g, inflow = recurrence.symbol, recurrence.forcing[0]
    pull = at_infinity(g * (1 - recurrence.matrix[0]), g)
    drop = dropped(inflow, g) if inflow != 0 else (S.One, S.Zero)
    if pull is None or drop is None:
        return False
    return bool(drop[0] >= 1) and sign(pull, order.ranges) in (0, 1)
