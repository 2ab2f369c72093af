r"""Sliding windows over blocks of varying size: how fast the risk grows, from the sizes alone.

Without curvature the risk is :math:`\sum_j C_{g,j}^2\, f(j)`, f = 1/s. Follow a sample of model g back to the block it
came from, to the model that made the block, and so on: :math:`C_{g,j}` is the probability of passing block j, so
:math:`0 \le C \le 1`, and the risk is bounded wherever :math:`\sum f` converges. Elsewhere (all derived here):

1. *Sizes change slowly*, :math:`s(g)/s(g-1) \to 1`: weights tend to 1/k, and :math:`C_{g,j} \to 2/(k+1)`, one over the
   mean step back (renewal theorem), as j and g − j grow. The risk is
   :math:`\sim \bigl(\tfrac{2}{k+1}\bigr)^2 \sum_{j \le g} f(j)`.
2. *Sizes shrink geometrically*, :math:`s(g-1)/s(g) \to \rho > 1`: weights tend to
   :math:`\rho^l / (1 + \dots + \rho^{k-1})` for lag l, :math:`C_{g,g-l}` to :math:`c_l`, and the risk is
   :math:`\sim f(g) \sum_l c_l^2 \rho^{-l}`, by dominated convergence.
3. *Sizes shrink faster*, :math:`s(g)/s(g-1) \to 0`: the oldest block of a window outweighs the others, so
   :math:`C_{g,g-l} \le (1 + o(1))\, s(g-l)/s(g-k+1)` for l < k − 1 and :math:`C_{g,g-k+1} \to 1`: the risk is
   :math:`\sim f(g-k+1)`.
4. *Sizes oscillate*, within positive multiples of one function: a step back that may pass block j does so with a
   probability of at least some α > 0, so :math:`\alpha \le C_{g,j} \le 1` for j ≤ g − k, and the risk stays between two
   positive multiples of :math:`\sum f`.
"""

from __future__ import annotations

from itertools import product

from flint import fmpq, fmpq_mat
from sympy import Basic, Expr, Rational, S, gammasimp, oo, simplify

from theory.asymptotics.orders import BOUNDED, SUPEREXPONENTIAL, OrderOfCollapse, OrdersOfCollapse, order_of_scale
from theory.asymptotics.oscillation import partial_sums, pieces
from theory.asymptotics.scales import Scale, limit_or_none
from theory.asymptotics.series import hypergeometric_series
from theory.errors import NotDerivedError
from theory.expected import expected_risk
from theory.expressions.numerals import to_flint, to_sympy
from theory.expressions.symbols import G, j
from theory.models.regular import Regular
from theory.moments.composition import linear_moments
from theory.moments.pathway_recurrence import PathwayRecurrence
from theory.moments.recurrence import MomentRecurrence
from theory.risk import Risk
from theory.workflows.base import pooled_blocks
from theory.workflows.dynamics import LinearDynamics
from theory.workflows.replace import Replace
from theory.workflows.tables import table_and_tail

#: Windows up to this length get the constant of case 2: a linear system of k(k + 1)/2 equations.
LONGEST_SOLVED = 24


def order_under_window(risk: Risk) -> OrderOfCollapse | OrdersOfCollapse:
    """The order of a risk that :func:`weighs_pooled_blocks`.

    Raises
    ------
    NotDerivedError
        When the sizes are neither on the scale nor oscillate about it.

    Examples
    --------
    >>> from theory import Regular, SlidingWindow, expected_risk
    >>> order_under_window(expected_risk(Regular(), SlidingWindow(6, sizes=j)).ratio).leading
    4*log(G)/49
    >>> order_under_window(expected_risk(Regular(), SlidingWindow(6, sizes=2**j)).ratio).bound
    2
    """
    workflow, blocks = risk.workflow, pooled_blocks(risk.workflow)
    assert blocks is not None
    found = table_and_tail(workflow.schedule)
    if found is None:
        raise NotDerivedError(f"sizes = {workflow.sizes} are not a table of first blocks and one expression.")
    length, noise, factor = int(blocks), 1 / found[1], risk.recurrence.scale
    split = pieces(noise, j)
    smooth = split.settled
    if smooth is not None and smooth.powers[0] == oo:
        return _oldest_block(smooth, length, factor)

    def order(total: Scale | None) -> OrderOfCollapse:
        if total is None:
            bound = noise_of_all_blocks(workflow.schedule)
            return OrderOfCollapse(
                BOUNDED, None, bound=None if bound is None else risk.recurrence.offset + factor * bound
            )
        if not split.alike or split.scales[0].powers[0] == oo:
            raise NotDerivedError(f"sizes = {workflow.sizes} oscillate between different orders.")
        if smooth is None:
            return order_of_scale(total, None)
        if total.powers[0] == 0:
            return order_of_scale(total, factor * Rational(4, (length + 1) ** 2))
        kept = newest_share(length, simplify(S.Exp1 ** smooth.powers[0]))
        return order_of_scale(smooth, None if kept is None else factor * kept)

    cases: list[tuple[OrderOfCollapse, Basic]] = [
        (order(total), simplify(condition)) for total, condition in partial_sums(noise, j)
    ]
    return cases[0][0] if len(cases) == 1 else OrdersOfCollapse(tuple(cases))


def weighs_pooled_blocks(risk: Risk) -> bool:
    """Whether a risk is Σ C²/s under a sliding window over blocks of varying size, and scaled to be positive."""
    workflow, recurrence = risk.workflow, risk.recurrence
    varies = workflow.random_sizes is None and workflow.schedule.has(j)
    blocks = pooled_blocks(workflow) if varies else None
    if blocks is None or not blocks.is_Integer or blocks == 1:
        return False
    if recurrence.scale.is_positive is not True or recurrence.margin is not None:
        return False
    if isinstance(recurrence, PathwayRecurrence):
        return recurrence.curvature == 0
    dynamics = workflow.dynamics()
    if not isinstance(recurrence, MomentRecurrence) or not isinstance(dynamics, LinearDynamics):
        return False
    plain = linear_moments(workflow, dynamics, curvature=S.Zero)
    return recurrence == plain.changed(
        scale=recurrence.scale, offset=recurrence.offset, domain=recurrence.domain, exactness=recurrence.exactness
    )


def _oldest_block(noise: Scale, length: int, factor: Expr) -> OrderOfCollapse:
    """Case 3."""
    x, function = noise.variable, noise.function
    before = None if function is None else limit_or_none(gammasimp(function.subs(x, x - 1) / function), x)
    if function is None or before != 0:
        raise NotDerivedError(f"the quotient of successive values of {function} is not seen to grow beyond all bounds.")
    constant = None if noise.constant is None else simplify(factor * noise.constant)
    return OrderOfCollapse(SUPEREXPONENTIAL, constant, function=function.subs(x, G - length + 1))


def newest_share(length: int, ratio: Expr) -> Expr | None:
    r"""The sum :math:`\sum_l c_l^2 \rho^{-l}` of case 2; None for a ratio that is not rational, or a long window.

    Under the weights :math:`w_l \propto \rho^l` block means x obey :math:`x_l = A x_{l-1}` after one unit of noise,
    :math:`x_0 = e_1`, and :math:`c_l = w x_l`: so the sum is :math:`w M w^\top` with
    :math:`M = \sum_l x_l x_l^\top \rho^{-l}`, which solves :math:`M = e_1 e_1^\top + A M A^\top / \rho`.

    Examples
    --------
    >>> from sympy import Integer
    >>> newest_share(1, Integer(2)), newest_share(2, Integer(2))
    (2, 4/7)
    """
    if not ratio.is_Rational or not ratio > 1 or length > LONGEST_SOLVED:
        return None
    rho = to_flint(ratio)
    powers = [rho**lag for lag in range(length)]
    weights = [power / sum(powers, fmpq(0)) for power in powers]
    pairs = [(a, b) for a in range(length) for b in range(a + 1)]
    place = {pair: index for index, pair in enumerate(pairs)}
    rows = [[(lag, weights[lag]) for lag in range(length)], *([(a - 1, fmpq(1))] for a in range(1, length))]
    entries = fmpq_mat(len(pairs), len(pairs))
    for index, (a, b) in enumerate(pairs):
        entries[index, index] += 1
        for left, first in rows[a]:
            for right, second in rows[b]:
                entries[index, place[max(left, right), min(left, right)]] -= first * second / rho
    driven = fmpq_mat(len(pairs), 1)
    driven[place[0, 0], 0] = fmpq(1)
    solved = entries.solve(driven)
    total = fmpq(0)
    for a, b in product(range(length), repeat=2):
        total += weights[a] * weights[b] * solved[place[max(a, b), min(a, b)], 0]
    return to_sympy(total)


def noise_of_all_blocks(schedule: Expr) -> Expr | None:
    """Σ 1/s(j) over all blocks; None where it diverges or has no closed form."""
    found = table_and_tail(schedule)
    if found is None:
        return None
    last, tail = found
    head = sum((1 / schedule.subs(j, block) for block in range(1, last + 1)), S.Zero)
    total = hypergeometric_series(1 / tail, j, last + 1)
    if total is None and all(tail.subs(j, block).is_positive for block in range(1, last + 1)):
        total = expected_risk(Regular(p=1, n=1), Replace(sizes=tail)).limit
        first = sum((1 / tail.subs(j, block) for block in range(1, last + 1)), S.Zero)
        total = None if total is None or not total.is_finite else total - first
    return None if total is None else simplify(head + total)
