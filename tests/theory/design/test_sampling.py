"""Which blocks of a pool to draw from: the floor, its exact quadratic programs, and rates of forgetting."""

from __future__ import annotations

from fractions import Fraction
from random import Random

import pytest
from sympy import Poly, Rational, Symbol, cancel, diff, fraction, oo, together

from numerics import crosscheck, simulate
from theory import (
    Bernoulli,
    ContaminatedPool,
    DomainError,
    G,
    GaussianMean,
    Poisson,
    Regular,
    Replace,
    best_forgetting,
    compare,
    expected_risk,
    j,
    optimal_sampling,
)
from theory.design import SampledPool
from theory.design.order_of_collapse import order_of_collapse
from theory.testing import check_workflow

SHARES = (Fraction(1, 10), Fraction(1, 3), Fraction(1, 2), Fraction(5, 7), Fraction(1))


def noises(rho, rows):
    """Every block and every model as a vector over the noises ε_1, ε_2, … of blocks, for rows of weights."""
    blocks, models = [], []
    for g, weights in enumerate(rows, start=1):
        before = models[-1] if models else [Fraction(0)] * len(rows)
        block = [(1 - rho) * x if g > 1 else Fraction(0) for x in before]
        block[g - 1] += 1
        blocks.append(block)
        models.append([sum(w * b[i] for w, b in zip(weights, blocks, strict=True)) for i in range(len(rows))])
    return blocks, models


def least(blocks):
    """min |Σ w_j block_j|² over Σ w_j = 1, by elimination in fractions: the weights and the minimum."""
    size = len(blocks)
    system = [
        [sum(x * y for x, y in zip(a, b, strict=True)) for b in blocks] + [Fraction(1), Fraction(0)] for a in blocks
    ]
    system.append([Fraction(1)] * size + [Fraction(0), Fraction(1)])
    for column in range(size + 1):
        pivot = next(row for row in range(column, size + 1) if system[row][column] != 0)
        system[column], system[pivot] = system[pivot], system[column]
        system[column] = [x / system[column][column] for x in system[column]]
        for row in range(size + 1):
            if row != column:
                factor = system[row][column]
                system[row] = [x - factor * y for x, y in zip(system[row], system[column], strict=True)]
    weights = [system[row][-1] for row in range(size)]
    return weights, -system[size][-1]


def as_fraction(value):
    return Fraction(int(value.p), int(value.q))


@pytest.mark.parametrize("rho", SHARES)
def test_quadratic_program_of_each_generation(rho):
    """Given the models before, no weights of any sign do better; and these are the plan's, all of them ≥ 0."""
    plan = optimal_sampling(Rational(rho.numerator, rho.denominator))
    rows = [[as_fraction(w) for w in plan.weights(g)] for g in range(1, 7)]
    for g in range(1, 7):
        blocks, _ = noises(rho, rows[:g])
        weights, value = least(blocks)
        assert weights == rows[g - 1]
        assert min(weights) >= 0
        assert value == as_fraction(plan.ratio.subs(G, g)) == 1 / (1 + rho**2 * (g - 1))


def test_no_chain_of_weights_is_below_the_floor():
    """200 chains of random weights, negative ones among them, and the best weights after any of them."""
    random = Random(1)
    for _ in range(200):
        rho, last = random.choice(SHARES), random.randint(2, 6)
        rows = []
        for g in range(1, last + 1):
            free = [Fraction(random.randint(-6, 12), 7) for _ in range(g - 1)]
            rows.append([*free, 1 - sum(free)])
        blocks, models = noises(rho, rows)
        floor = 1 / (1 + rho**2 * (last - 1))
        assert sum(x * x for x in models[-1]) >= floor
        # What the models before were makes no difference to the best last fit.
        assert least(blocks)[1] == floor


@pytest.mark.parametrize("rho", ["1/10", "1/3", "3/4", 0, 1])
def test_pipeline(rho):
    """The ratio by moments is the floor; as a workflow it keeps every law; enumerated chains agree."""
    workflow = optimal_sampling(rho).workflow
    ratio = expected_risk(Regular(), workflow).ratio
    assert [ratio.at(g) for g in (1, 2, 7)] == [optimal_sampling(rho).ratio.subs(G, g) for g in (1, 2, 7)]
    assert cancel(ratio.closed_form - optimal_sampling(rho).ratio) == 0
    check_workflow(workflow, generations=5)


def test_other_weights_of_the_newest_block():
    """1/j is the contaminated pool, 1 the newest block alone; weights are those of the rule."""
    alike, pool = SampledPool("1/3", newest="1/j"), ContaminatedPool("1/3")
    for model in (Regular(), Bernoulli("1/3", 6), Poisson(2, 5)):
        assert [expected_risk(model, alike).at(g) for g in (1, 2, 9)] == [
            expected_risk(model, pool).at(g) for g in (1, 2, 9)
        ]
    assert alike.weights(3) == pool.weights(3)
    newest = expected_risk(Regular(), SampledPool("1/2", newest=1)).ratio
    assert newest.at(2) == Rational(1, 4) + 1
    assert newest.limit == Rational(4, 3)
    check_workflow(SampledPool("1/2", newest="1/2"), generations=5)


def test_orders():
    """1/(ρ²G) whatever ρ; alike, no better at any ρ < 1."""
    for rho in ("1/10", "1/2", "3/4"):
        order = order_of_collapse(expected_risk(Regular(), SampledPool(rho)).ratio)
        assert order.constant == 0
        assert expected_risk(Regular(), SampledPool(rho)).ratio.growth == 1 / (Rational(rho) ** 2 * G)
    assert optimal_sampling("1/4").exponent == 3
    assert optimal_sampling(0).exponent == oo
    found = compare([SampledPool("1/4"), ContaminatedPool("1/4"), Replace()], upto=40)
    assert next(place.workflow for place in found.at(40)) == SampledPool("1/4")


def test_law_of_ages():
    """Weights of blocks over 1/(ρ g)(j/g)^(1/ρ − 1) tend to 1."""
    rho, g = Rational(1, 3), 400
    weights = optimal_sampling(rho).weights(g)
    for at in (100, 200, 399):
        assert abs(float(weights[at - 1] * rho * g / Rational(at, g) ** 2) - 1) < 10 / at


def exact_rates(rho, horizon):
    """Rates in (0, 1] at which the derivative of the ratio is 0, as SymPy's algebraic numbers."""
    q = Symbol("q")
    ratio, memory = Rational(1), Rational(1)
    for _ in range(2, horizon + 1):
        memory = 1 + q * memory
        ratio = together((1 - rho / memory) ** 2 * ratio + 1 / memory**2)
    top = Poly(fraction(cancel(diff(cancel(ratio), q)))[0], q)
    return cancel(ratio), q, [root for root in top.real_roots() if 0 < root <= 1]


@pytest.mark.parametrize(("rho", "horizon"), [("1/4", 3), ("1/4", 4), ("1/2", 4), ("9/10", 4), ("1/2", 2)])
def test_best_rate_is_the_algebraic_one(rho, horizon):
    """The derivative's root, or q = 1, whichever gives less, lies in the enclosure; so does the least ratio."""
    ratio, q, roots = exact_rates(Rational(rho), horizon)
    best = min((*roots, Rational(1)), key=lambda root: float(ratio.subs(q, root).evalf(30)))
    found = best_forgetting(rho, horizon, digits=8)
    assert found.rate[0] - Rational(1, 10**20) <= Rational(str(best.evalf(40))) <= found.rate[1] + Rational(1, 10**20)
    value = Rational(str(ratio.subs(q, best).evalf(40)))
    assert found.ratio[0] <= value + Rational(1, 10**30)
    assert value - Rational(1, 10**30) <= found.ratio[1]
    assert found.rate[1] - found.rate[0] <= Rational(1, 10**8)


def test_best_rate_for_long_horizons():
    """Above one half 1 − q is near x/G, and the ratio near its constant over G; below, the order is ln G/G."""
    found = best_forgetting("3/4", 400, digits=4)
    for measured, law in ((1 - found.rate[0], found.large[0]), (found.ratio[0], found.large[1])):
        assert abs(float(measured / law.subs(G, 400)) - 1) < 0.1
    assert found.ratio[0] > optimal_sampling("3/4").ratio.subs(G, 400)
    assert best_forgetting(0, 30).rate == (1, 1)
    assert best_forgetting(1, 30).rate == (1, 1)
    assert best_forgetting(0, 30).large is None
    plan = best_forgetting("1/4", 30)
    at = expected_risk(Regular(), plan.workflow).ratio.at(30)
    assert plan.ratio[0] <= at <= plan.ratio[1] + Rational(1, 10**9)


def test_simulated():
    """A Gaussian mean, exactly: the formula is right to 3 per cent."""
    model, workflow = GaussianMean(1, n=12), SampledPool("1/3")
    found = crosscheck(
        expected_risk(model, workflow),
        simulate(model, workflow, generations=6, replicates=30_000, seed=5),
        detectable=0.05,
    )
    assert found.verdict == "agrees"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: optimal_sampling("3/2"), "real = 3/2"),
        (lambda: optimal_sampling(1 / j), "must be the same in each block"),
        (lambda: SampledPool("1/2", newest=2), "newest = 2"),
        (lambda: SampledPool("1/2", newest="j"), "newest"),
        (lambda: best_forgetting("x", 3), "x"),
        (lambda: best_forgetting(2, 3), "real = 2 is not a fraction"),
        (lambda: best_forgetting("1/2", 1), "horizon"),
        (lambda: best_forgetting("1/2", 10**6), "horizon = 1000000 is too many"),
        (lambda: best_forgetting("1/2", 5, digits=40), "digits = 40 is too many"),
    ],
)
def test_bad_input(make, message):
    with pytest.raises(DomainError, match=message):
        make()
