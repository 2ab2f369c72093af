"""The pathway as a Gaussian process: coefficients, covariance, ratio, efficiency, order of collapse."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from mpmath import inf, nsum
from sympy import (
    E,
    Expr,
    N,
    Rational,
    S,
    Symbol,
    diff,
    factorial,
    harmonic,
    limit,
    log,
    oo,
    pi,
    simplify,
    sqrt,
    symbols,
)

from numerics import limit_process
from theory import (
    Accumulate,
    AccumulateSubsample,
    DomainError,
    FreshReal,
    G,
    NotDerivedError,
    RealPlusLatest,
    Regular,
    Replace,
    SlidingWindow,
    Weighted,
    Workflow,
    expected_risk,
    j,
)
from theory.design.order_of_collapse import OrderOfCollapse, OrdersOfCollapse, order_of_collapse
from theory.design.pathway import Pathway
from theory.testing import workflows


def brute_force(workflow: Workflow, upto: int) -> list[list[Rational]]:
    """Cov(Z_g, Z_h) by writing every model as a combination of independent noises, block by block."""
    models: list[dict[tuple[str, int], Rational]] = [{}]
    variance: dict[tuple[str, int], Rational] = {}
    for g in range(1, upto + 1):
        variance["block", g] = 1 / workflow.size(g)
        blocks = []
        for index in range(1, g + 1):
            block = dict(models[index - 1])
            block["block", index] = block.get(("block", index), S.Zero) + 1
            blocks.append(block)
        new: dict[tuple[str, int], Rational] = {}
        for weight, block in zip(workflow.weights(g), blocks, strict=True):
            for name, value in block.items():
                new[name] = new.get(name, S.Zero) + weight * value
        for index, share in enumerate(workflow.fresh_weights(g), start=1):
            if share != 0:
                variance["real", index] = 1 / workflow.fresh_size(index)
                new["real", index] = new.get(("real", index), S.Zero) + share
        draw = workflow.draw(g)
        if draw is not None:
            variance["draw", g] = 1 / draw.size - (0 if draw.replacement else Rational(1, g))
            new["draw", g] = S.One
        models.append(new)
    return [
        [
            sum((left[name] * right[name] * variance[name] for name in left if name in right), S.Zero)
            for right in models[1:]
        ]
        for left in models[1:]
    ]


@settings(max_examples=40)
@given(workflows())
def test_covariance_is_that_of_the_noises_written_out(workflow: Workflow) -> None:
    expected = brute_force(workflow, 6)
    pathway = Pathway(workflow)
    for g in range(1, 7):
        for h in range(1, 7):
            assert pathway.covariance(g, h) == expected[g - 1][h - 1]


@settings(max_examples=25)
@given(workflows())
def test_the_ratio_is_that_of_any_regular_model(workflow: Workflow) -> None:
    pathway = Pathway(workflow)
    first = pathway.covariance(1, 1)
    for g in (2, 5):
        assert pathway.risk_ratio.at(g) == pathway.covariance(g, g) / first
        assert pathway.efficiency.at(g) * pathway.risk_ratio.at(g) == 1


def test_papers_coefficients() -> None:
    assert Pathway(Replace()).coefficients(4) == [1, 1, 1, 1]
    assert Pathway(Accumulate()).coefficients(4) == [1, Rational(1, 2), Rational(1, 3), Rational(1, 4)]
    assert Pathway(Accumulate()).efficiency.limit == 6 / pi**2
    assert Pathway(Replace()).efficiency.limit == 0
    assert Pathway(Replace()).efficiency.closed_form == 1 / G
    # Dey and Donoho: Cov(Z_g, Z_h) = Σ_{i ≤ min} C_gi C_hi
    assert Pathway(Accumulate()).covariance(3, 9) == harmonic(3, 2)


def test_long_chains_are_cheap() -> None:
    """O(h) steps of exact arithmetic: far beyond what a table of coefficients could hold."""
    assert Pathway(Replace()).covariance(3000, 20_000) == 3000
    assert Pathway(RealPlusLatest()).covariance(2000, 4000) < Rational(4, 3)


def test_symbolic_generations() -> None:
    g, h = symbols("g h", integer=True, positive=True)
    assert Pathway(Accumulate()).covariance(g, h) == harmonic(g, 2)
    assert Pathway(Replace(sizes=j**2)).covariance(g, h) == harmonic(g, 2)
    pooled = Pathway(AccumulateSubsample())
    form = pooled.covariance(g, h)
    for first, second in ((1, 2), (3, 7), (6, 8)):
        assert form.subs({g: first, h: second}).doit() == pooled.covariance(first, second)
    assert pooled.covariance(g, g).subs(g, 5).doit() == pooled.covariance(5, 5)
    with pytest.raises(NotDerivedError, match=r"covariance of generations g and h"):
        Pathway(FreshReal()).covariance(g, h)


@pytest.mark.parametrize(
    ("workflow", "kind", "leading"),
    [
        (Accumulate(), "bounded", pi**2 / 6),
        (FreshReal(), "bounded", Rational(2, 3)),
        (Replace(), "polynomial", G),
        (Replace(sizes=1 / j), "polynomial", G**2 / 2),
        (Replace(sizes=j ** Rational(1, 2)), "polynomial", 2 * G ** Rational(1, 2)),
        (SlidingWindow(3), "polynomial", G / 4),
        (Replace(sizes=Rational(1, 2) ** j), "exponential", 2**G),
    ],
    ids=str,
)
def test_orders_of_collapse(workflow: Workflow, kind: str, leading: object) -> None:
    order = Pathway(workflow).order
    assert order is not None
    assert order.kind == kind
    assert order.leading.equals(leading)


A = Symbol("a", positive=True)


@pytest.mark.parametrize(
    ("sizes", "kind", "leading"),
    [
        (log(j + 1), "polynomial", log(2) * G / log(G)),
        (1 / log(j + 1), "polynomial", G * log(G) / log(2)),
        (j * log(j + 1), "iterated logarithmic", log(2) * log(log(G))),
        (j * log(j + 5) * log(log(j + 5)), "iterated logarithmic", log(6) * log(log(6)) * log(log(log(G)))),
        (2 ** (-sqrt(j)), "subexponential", 2 ** sqrt(G) * sqrt(G) / log(2)),
        (1 / factorial(j), "super-exponential", factorial(G)),
        (j ** (-j), "super-exponential", G**G),
        (factorial(j), "bounded", E - 1),
        (j**j, "bounded", nsum(lambda k: k**-k, [1, inf])),
        (j * log(j + 1) ** 2, "bounded", None),
    ],
    ids=str,
)
def test_orders_under_replace_are_those_of_a_sum(sizes: Expr, kind: str, leading: Expr | None) -> None:
    """The sum of s(1)/s(j): what its terms integrate to, by l'Hôpital; the last term where it is all."""
    order = Pathway(Replace(sizes=sizes)).order
    assert isinstance(order, OrderOfCollapse)
    assert order.kind == kind
    if leading is None:
        # A sum that knows its own value: two hundred terms, and the tail between the integrals of 1/(x log(x)²) from
        # 202 and from 200 on.
        head = sum(N(sizes.subs(j, 1) / sizes.subs(j, k)) for k in range(1, 201))
        low, high = (head + N(log(2) ** 2 / log(end)) for end in (202, 200))
        assert low < order.leading.evalf() < high
    elif not isinstance(leading, Expr):
        assert abs(order.leading.evalf(15) - leading) < 1e-13
    else:
        assert simplify(order.leading - leading) == 0
    if kind in ("polynomial", "iterated logarithmic", "subexponential"):
        x = Symbol("x", positive=True)
        summand = sizes.subs(j, 1) / sizes.subs(j, x)
        assert limit(diff(order.leading.subs(G, x), x) / summand, x, oo) == 1
    elif kind == "super-exponential":
        ratio = Pathway(Replace(sizes=sizes)).risk_ratio.at(150)
        assert float(ratio / order.leading.subs(G, 150)) == pytest.approx(1, abs=8e-3)


@pytest.mark.parametrize(
    "sizes",
    [1 / j, 1 / j**2, sqrt(j), 1 / sqrt(j), j**3 * sqrt(j), log(j + 1), factorial(j), 1 / factorial(j), j**A, 2**j],
    ids=str,
)
def test_accumulate_is_bounded_whatever_the_sizes(sizes: Expr) -> None:
    """Law 5: at worst by 2; and the partial sums of s(j)/S_j², added up, say so."""
    order = Pathway(Accumulate(sizes=sizes)).order
    assert isinstance(order, OrderOfCollapse)
    assert order.kind == "bounded"
    if order.constant is None:
        assert order.bound == 2
    total = risk = 0.0
    for block in range(1, 90):
        size = float(sizes.subs(A, 2).subs(j, block))
        total += size
        risk += size / total**2
    most = 2 if order.constant is None else float(order.constant.subs(A, 2).evalf()) * 1.001
    assert risk * float(sizes.subs(A, 2).subs(j, 1)) < most


@pytest.mark.parametrize(
    ("k", "sizes"),
    [(2, j), (3, j), (2, sqrt(j)), (3, 1 / j), (2, log(j + 1)), (2, j * log(j + 1)), (4, j)],
    ids=str,
)
def test_windows_over_growing_blocks(k: int, sizes: Expr) -> None:
    """Of each block's noise (2/(k + 1))² stays: increments beside those of replace under the same sizes."""
    window, replace = SlidingWindow(k, sizes=sizes), Replace(sizes=sizes)
    orders = [Pathway(workflow).order for workflow in (window, replace)]
    assert orders[0].kind == orders[1].kind
    assert simplify(orders[0].leading / orders[1].leading - Rational(4, (k + 1) ** 2)) == 0
    near, far = 300, 900
    variances = [limit_process(workflow, generations=far).variance for workflow in (window, replace)]
    gained = [variance[far - 1] - variance[near - 1] for variance in variances]
    # The weights are 1/k + O(1/g) from generation 300 on.
    assert gained[0] / gained[1] == pytest.approx(4 / (k + 1) ** 2, rel=5e-3)


@pytest.mark.parametrize(("k", "base"), [(2, "1/2"), (3, "1/2"), (2, "2/3"), (4, "1/3")])
def test_windows_over_shrinking_blocks(k: int, base: str) -> None:
    workflow = SlidingWindow(k, sizes=Rational(base) ** j)
    order = Pathway(workflow).order
    assert isinstance(order, OrderOfCollapse)
    assert (order.kind, order.rate) == ("exponential", 1 / Rational(base))
    found = float(Pathway(workflow).risk_ratio.at(60) / order.leading.subs(G, 60))
    assert found == pytest.approx(1, abs=1e-8)


@pytest.mark.parametrize("sizes", [2**j, j**2, j * sqrt(j)], ids=str)
def test_windows_over_fast_growing_blocks_are_bounded(sizes: Expr) -> None:
    order = Pathway(SlidingWindow(2, sizes=sizes)).order
    assert isinstance(order, OrderOfCollapse)
    assert (order.kind, order.constant) == ("bounded", None)


def test_orders_by_cases() -> None:
    orders = Pathway(Replace(sizes=j**A)).order
    assert isinstance(orders, OrdersOfCollapse)
    for number in (Rational(1, 3), S.One, S(2)):
        alone = Pathway(Replace(sizes=j**number)).order
        (held,) = [order for order, condition in orders.cases if condition.subs(A, number) == S.true]
        assert (held.kind, simplify(held.leading.subs(A, number) - alone.leading)) == (alone.kind, 0)
    assert orders.leading.subs(A, 2) == pi**2 / 6
    assert orders.kind == "polynomial if a < 1; bounded if a > 1; logarithmic if Eq(a, 1)"


def test_logarithmic_order_and_unknown() -> None:
    order = Pathway(Replace(sizes=j)).order
    assert order is not None
    assert (order.kind, order.exponent, order.logarithms, order.constant) == ("logarithmic", 0, 1, 1)
    harmonic_weights = Weighted(lambda g: [Rational(1, g)] * g)
    assert order_of_collapse(expected_risk(Regular(), harmonic_weights)) is None


def test_the_leading_term_is_what_the_ratio_approaches() -> None:
    for workflow in (Replace(sizes=1 / j), SlidingWindow(4), Replace(sizes=Rational(1, 2) ** j)):
        pathway = Pathway(workflow)
        assert pathway.order is not None
        near, far = (abs(float(pathway.risk_ratio.at(g) / pathway.order.leading.subs(G, g)) - 1) for g in (40, 80))
        assert far < 0.1
        assert far < 0.75 * near


@pytest.mark.parametrize(
    ("sizes", "limit_known", "growth_known"),
    [
        (log(j + 1), oo, log(2) * G / log(G)),
        (1 + (-1) ** j / S(2), oo, 2 * G / 3),
        (factorial(j), E - 1, E - 1),
        (j * log(j + 1) ** 2, None, None),
        (j**2, pi**2 / 6, pi**2 / 6),
    ],
    ids=str,
)
def test_the_ratio_knows_what_its_order_tells(sizes: Expr, limit_known: Expr | None, growth_known: Expr | None) -> None:
    ratio = Pathway(Replace(sizes=sizes)).risk_ratio
    if limit_known is None:
        # No constant of its own: a sum that knows its value.
        limit_known = growth_known = Pathway(Replace(sizes=sizes)).order.constant
        assert float(limit_known.evalf()) > float(ratio.at(60))
    assert (ratio.limit, ratio.growth) == (limit_known, growth_known)
    if limit_known == oo:
        assert Pathway(Replace(sizes=sizes)).efficiency.limit == 0
        near, far = (float(ratio.at(g) / growth_known.subs(G, g)) for g in (300, 1200))
        assert abs(far - 1) < abs(near - 1) + 1e-12 < 0.35


def test_bad_input() -> None:
    with pytest.raises(DomainError, match="workflow = 'accumulate' is not a workflow"):
        Pathway("accumulate")  # type: ignore[arg-type]
    with pytest.raises(DomainError, match="g = 0 is not a generation"):
        Pathway(Accumulate()).coefficients(0)
    with pytest.raises(DomainError, match="h = 5/2 is not a generation"):
        Pathway(Accumulate()).covariance(1, Rational(5, 2))
    assert Pathway(Replace()).covariance(Symbol("g"), Symbol("g")) == Symbol("g")
