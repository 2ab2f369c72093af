"""Orders of collapse under sliding windows and tables of first sizes: against exact variances at late generations."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from sympy import (
    E,
    Eq,
    Expr,
    Integer,
    Piecewise,
    Rational,
    S,
    Symbol,
    cos,
    exp,
    factorial,
    gammasimp,
    limit,
    log,
    oo,
    pi,
    simplify,
    sqrt,
)

from numerics import limit_process
from theory import Accumulate, Bernoulli, G, RealPlusLatest, Regular, Replace, SlidingWindow, expected_risk, j
from theory.asymptotics.orders import OrderOfCollapse, OrdersOfCollapse
from theory.design.order_of_collapse import order_of_collapse
from theory.design.pathway import Pathway
from theory.design.window_orders import newest_share, noise_of_all_blocks, weighs_pooled_blocks

A = Symbol("a", positive=True)


def ratio_at(workflow: SlidingWindow, *generations: int) -> list[Expr]:
    """Exact variances, each a rational: no approximation before the division."""
    pathway = Pathway(workflow)
    first = pathway.covariance(1, 1)
    return [pathway.covariance(g, g) / first for g in generations]


@pytest.mark.parametrize(
    ("k", "sizes", "kind"),
    [
        (5, j, "logarithmic"),
        (5, 1 / j, "polynomial"),
        (8, 1 / j**2, "polynomial"),
        (5, (j + 1) / j, "polynomial"),
        (5, Piecewise((7, Eq(j, 1)), (j, True)), "logarithmic"),
        (3, Piecewise((7, j <= 4), (1 / j, True)), "polynomial"),
        (5, j + 1 + (-1) ** j, "logarithmic"),
    ],
    ids=str,
)
def test_slowly_varying_sizes(k: int, sizes: Expr, kind: str) -> None:
    """(2/(k + 1))² of what the blocks' noises add up to, as exact increments confirm."""
    order = Pathway(SlidingWindow(k, sizes=sizes)).order
    assert isinstance(order, OrderOfCollapse)
    assert order.kind == kind
    near, far = 300, 900
    variance = limit_process(SlidingWindow(k, sizes=sizes), generations=far).variance
    first = float(sizes.subs(j, 1))
    gained = first * (variance[far - 1] - variance[near - 1])
    noise = math.fsum(first / float(sizes.subs(j, i)) for i in range(near + 1, far + 1))
    leading = [float(order.leading.subs(G, at)) for at in (near, far)]
    # The weights are 1/k + O(1/g), and sums are off by O(k/g).
    assert gained / noise == pytest.approx(4 / (k + 1) ** 2, rel=1.3e-2 if sizes == 1 / j**2 else 6e-3)
    assert (leading[1] - leading[0]) / noise == pytest.approx(4 / (k + 1) ** 2, rel=8e-3)


@pytest.mark.parametrize(
    ("k", "ratio"), [(1, 2), (2, 2), (3, 2), (5, 2), (6, "3/2"), (7, 3), (10, "5/4"), (5, 10)], ids=str
)
def test_shrinking_sizes(k: int, ratio: object) -> None:
    rho = Rational(ratio)
    workflow = SlidingWindow(k, sizes=rho ** (-j) / j)
    order = Pathway(workflow).order
    assert isinstance(order, OrderOfCollapse)
    assert (order.kind, order.rate, order.exponent) == ("exponential", rho, 1)
    # The factor j of 1/s leaves a rest of O(k/g).
    near, far = (
        float(value / order.leading.subs(G, at)) - 1
        for value, at in zip(ratio_at(workflow, 40, 80), (40, 80), strict=True)
    )
    assert abs(far) < 0.15
    assert near == pytest.approx(2 * far, rel=0.2, abs=1e-12)
    geometric = SlidingWindow(k, sizes=rho ** (-j))
    (value,) = ratio_at(geometric, 100)
    assert float(value / Pathway(geometric).order.leading.subs(G, 100)) == pytest.approx(1, abs=1e-8)


def test_the_share_of_the_newest_blocks() -> None:
    """Against the coefficients themselves, c_l, from the recursion of the weights."""
    for k, rho in ((2, Integer(2)), (5, Rational(3, 2)), (9, Rational(11, 10))):
        weights = [rho**lag / sum(rho**other for other in range(k)) for lag in range(k)]
        passed: list[Expr] = []
        for lag in range(400):
            through = sum((weights[i] * passed[lag - 1 - i] for i in range(min(k, lag))), S.Zero)
            passed.append(float(through + (weights[lag] if lag < k else 0)))
        total = sum(c**2 * float(rho) ** -lag for lag, c in enumerate(passed))
        assert float(newest_share(k, rho)) == pytest.approx(total, rel=1e-12)
    assert newest_share(3, sqrt(2)) is newest_share(3, Integer(1)) is newest_share(99, Integer(2)) is None


@pytest.mark.parametrize(
    ("k", "sizes"),
    [
        (1, 1 / factorial(j)),
        (3, 1 / factorial(j)),
        (4, 1 / factorial(j)),
        (6, 1 / factorial(j)),
        (1, 2 ** (-(j**2))),
        (6, 2 ** (-(j**2))),
        (1, 3 / (factorial(j) * (j + 2))),
        (5, 3 / (factorial(j) * (j + 2))),
    ],
    ids=str,
)
def test_factorially_shrinking_sizes(k: int, sizes: Expr) -> None:
    """The oldest block of the window is all: s(1)/s(G − k + 1)."""
    workflow = SlidingWindow(k, sizes=sizes)
    order = Pathway(workflow).order
    assert isinstance(order, OrderOfCollapse)
    assert order.kind == "super-exponential"
    (value,) = ratio_at(workflow, 40)
    assert float(value / order.leading.subs(G, 40)) == pytest.approx(1, abs=8e-2)
    quotient = gammasimp(order.leading * sizes.subs(j, G - k + 1) / sizes.subs(j, 1))
    assert limit(simplify(quotient), G, oo) == 1


@pytest.mark.parametrize(
    ("k", "sizes", "bound"),
    [
        (6, 2**j, 2),
        (5, factorial(j), E - 1),
        (2, j**2, pi**2 / 6),
        (7, j * log(j + 1) ** 2, None),
        (5, Piecewise((3, j < 4), (2**j, True)), 3 + Rational(3, 8)),
        (5, Piecewise((3, j < 3), (j**2, True)), 3 * (Rational(2, 3) + pi**2 / 6 - Rational(5, 4))),
        (5, j**2 * (2 + (-1) ** j), 5 * pi**2 / 36),
    ],
    ids=str,
)
def test_growing_sizes_are_bounded(k: int, sizes: Expr, bound: Expr | None) -> None:
    order = Pathway(SlidingWindow(k, sizes=sizes)).order
    assert isinstance(order, OrderOfCollapse)
    assert (order.kind, order.constant) == ("bounded", None)
    assert (order.bound is None) == (bound is None)
    if bound is not None:
        assert simplify(order.bound - bound) == 0
        values = ratio_at(SlidingWindow(k, sizes=sizes), *range(1, 40))
        # By less than 1 %: for the sizes that grow fast the first block alone is nearly all.
        assert float(max(values)) <= float(bound)


OSCILLATING = [
    (1 + (-1) ** j / S(2), G),
    (2 + cos(2 * pi * j / 3), G),
    (j * (2 + (-1) ** j), log(G)),
    ((2 + (-1) ** j) / j, G**2),
    (Rational(1, 2) ** j * (2 + (-1) ** j), 2**G),
]


@pytest.mark.parametrize("k", [2, 5])
@pytest.mark.parametrize(("sizes", "shape"), OSCILLATING, ids=str)
def test_windows_over_oscillating_blocks_have_a_class(k: int, sizes: Expr, shape: Expr) -> None:
    workflow = SlidingWindow(k, sizes=sizes)
    order = Pathway(workflow).order
    assert isinstance(order, OrderOfCollapse)
    assert (order.shape, order.constant) == (shape, None)
    generations = (30, 31, 60, 61, 120, 121)
    values = ratio_at(workflow, *generations)
    slopes = [float(value / shape.subs(G, at)) for value, at in zip(values, generations, strict=True)]
    assert max(slopes) / min(slopes) < 3.5
    assert slopes[-2] == pytest.approx(slopes[0], rel=0.3)


def test_alternating_blocks_under_replace() -> None:
    """1/s is 2 and 2/3 by turns: 4/3 on average, a third of what is there at generation 1."""
    pathway = Pathway(Replace(sizes=1 + (-1) ** j / S(2)))
    assert pathway.order.leading == 2 * G / 3
    assert [pathway.risk_ratio.at(g) for g in (2, 200, 1001)] == [Rational(4, 3), Rational(400, 3), Rational(2003, 3)]


TABLES = [
    (Piecewise((5, Eq(j, 1)), (1, True)), 5 * G),
    (Piecewise((5, Eq(j, 1)), (2, Eq(j, 2)), (j, True)), 5 * log(G)),
    (Piecewise((4, j < 3), (1 / j, True)), 2 * G**2),
    (Piecewise((4, j < 3), (Rational(1, 3) ** j, True)), 6 * 3**G),
    (Piecewise((4, j < 3), (1 / factorial(j), True)), 4 * factorial(G)),
    (Piecewise((3, j < 4), (2 + (-1) ** j, True)), 2 * G),
    (j + Piecewise((1, Eq(j, 2)), (0, True)), log(G)),
]


@pytest.mark.parametrize(("sizes", "leading"), TABLES, ids=str)
def test_tables_of_first_sizes_under_replace(sizes: Expr, leading: Expr) -> None:
    pathway = Pathway(Replace(sizes=sizes))
    assert isinstance(pathway.order, OrderOfCollapse)
    assert simplify(pathway.order.leading - leading) == 0
    near, far = (pathway.risk_ratio.at(g) for g in (100, 200))
    expected = [leading.subs(G, g) for g in (100, 200)]
    assert float((far - near) / (expected[1] - expected[0])) == pytest.approx(1, abs=1e-2)


def test_tables_of_first_sizes_with_a_limit() -> None:
    for sizes, value in (
        (Piecewise((5, Eq(j, 1)), (j**2, True)), 5 * (Rational(1, 5) + pi**2 / 6 - 1)),
        (Piecewise((3, j < 4), (factorial(j), True)), 3 * (1 + E - 1 - 1 - Rational(1, 2) - Rational(1, 6))),
        (Piecewise((3, j < 4), (2**j, True)), 3 * (1 + Rational(1, 8))),
    ):
        pathway = Pathway(Replace(sizes=sizes))
        assert pathway.order.kind == "bounded"
        assert simplify(pathway.order.constant - value) == 0
        assert simplify(noise_of_all_blocks(sizes) * sizes.subs(j, 1) - value) == 0
        assert 0 < float(value - pathway.risk_ratio.at(400)) < 5 / 390


def test_parameters_decide_by_cases() -> None:
    orders = Pathway(SlidingWindow(6, sizes=j**A)).order
    assert isinstance(orders, OrdersOfCollapse)
    for number in (Rational(1, 3), S.One, S(2)):
        alone = Pathway(SlidingWindow(6, sizes=j**number)).order
        (held,) = [order for order, condition in orders.cases if condition.subs(A, number) == S.true]
        assert held.kind == alone.kind
        if held.constant is not None:
            assert simplify(held.leading.subs(A, number) - alone.leading) == 0


def test_irrational_rates_have_a_kind_alone() -> None:
    order = Pathway(SlidingWindow(5, sizes=exp(-j))).order
    assert (order.kind, order.rate, order.constant) == ("exponential", E, None)


def test_both_arguments_agree_where_both_apply() -> None:
    """The recurrence of second moments, for short windows, and the sizes alone."""
    from theory.design.order_of_collapse import _of_recurrence

    for k, sizes in ((2, sqrt(j)), (3, 1 / j), (4, Rational(1, 2) ** j), (3, j * log(j + 1)), (2, 2**j)):
        risk = expected_risk(Regular(), SlidingWindow(k, sizes=sizes)).ratio
        by_sizes, by_moments = order_of_collapse(risk), _of_recurrence(risk)
        assert by_sizes.kind == by_moments.kind
        assert by_sizes.constant is by_moments.constant is None or simplify(by_sizes.leading - by_moments.leading) == 0


def test_what_the_argument_is_not_about() -> None:
    def asked(model, workflow):
        return weighs_pooled_blocks(expected_risk(model, workflow))

    assert asked(Regular(), SlidingWindow(6, sizes=j))
    assert asked(Regular(), SlidingWindow(3, sizes=j))
    # Curvature: a block's noise depends on the risk before it.
    assert not asked(Bernoulli("1/3", 50), SlidingWindow(6, sizes=j))
    assert not asked(Bernoulli("1/3", 50), SlidingWindow(3, sizes=j))
    assert not asked(Regular(), SlidingWindow(6))
    assert not asked(Regular(), RealPlusLatest())
    assert Pathway(SlidingWindow(5, sizes=j ** ((-1) ** j))).order is None
    assert Pathway(SlidingWindow(5, sizes=(2 + (-1) ** j) / factorial(j))).order is None


def test_accumulate_over_a_table_is_bounded() -> None:
    order = Pathway(Accumulate(sizes=Piecewise((5, Eq(j, 1)), (sqrt(j), True)))).order
    assert order.kind == "bounded"


@pytest.mark.parametrize("sizes", [S.One, j, Piecewise((3, j < 3), (2**j, True)), Rational(1, 2) ** j], ids=str)
@pytest.mark.parametrize("k", [5, 7])
def test_covariances_of_long_windows(k: int, sizes: Expr) -> None:
    """By the latest blocks alone, and by every innovation."""
    pathway = Pathway(SlidingWindow(k, sizes=sizes))
    for g, h in ((1, 1), (1, 9), (3, 4), (k, k), (k, k + 1), (6, 13)):
        assert pathway.covariance(g, h) == pathway.covariance(h, g) == pathway.innovations(h).covariance(g, h)


def test_long_windows_are_cheap() -> None:
    """A table of coefficients would have half a million entries."""
    variances = [Pathway(SlidingWindow(6, sizes=j)).covariance(g, g) for g in (500, 1000)]
    assert float(variances[1] - variances[0]) == pytest.approx(float(log(2)) * 4 / 49, rel=5e-3)
    assert all(low < high for low, high in pairwise(variances))


def test_sizes_that_shrink_faster_than_any_power_are_run_exactly():
    """Model 2 weighs the blocks 8 to 1: its variance is 1/s(1) + (1/9)²/s(2) = 2 + 16/81."""
    risk = expected_risk(Regular(p=1, n=1), SlidingWindow(3, sizes=2 ** (-(j**2))))
    assert risk.at(2) == Rational(178, 81)
