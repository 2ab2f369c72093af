"""Ecosystems: against enumerations of every data set, powers of the weights, their chain in turns, and simulation."""

from __future__ import annotations

import random
from collections import defaultdict
from fractions import Fraction
from itertools import islice, product
from math import comb

import pytest
from sympy import Matrix, Rational, Symbol, diag, eye, oo, simplify

from numerics import crosscheck, simulate
from theory import (
    Accumulate,
    Bernoulli,
    BiasedSampler,
    DomainError,
    Ecosystem,
    Exponential,
    G,
    GaussianMean,
    LinearRegression,
    NotDerivedError,
    QuadraticVariance,
    Regular,
    Replace,
    UniformMaximum,
    compare,
    expected_risk,
)
from theory.design.ecosystems import classes, effective_models, is_bounded, stationary_law, who_pays
from theory.design.order_of_collapse import order_of_collapse, outgrows
from theory.errors import LawViolation
from theory.testing import check_workflow

TWO = "3/4 1/4; 1/4 3/4"
ANCHORED = "1/2 1/4; 1/2 1/2"


def curved(v2n: Rational) -> QuadraticVariance:
    """A family with noise 1/10 and curvature v2/n."""
    return QuadraticVariance(v0=1, v1=0, v2=v2n * 10, mean=0, n=10)


def test_numbers_of_two_models() -> None:
    assert expected_risk(Regular(), Ecosystem(TWO)).ratio.at(10) == Rational(1354411, 262144)
    limits = [expected_risk(Regular(), Ecosystem(ANCHORED, ["1/4", 0], observed=who)).ratio.limit for who in (0, 1)]
    assert limits == [Rational(138, 119), Rational(242, 119)]
    curved_limits = [
        expected_risk(curved(Rational(1, 10)), Ecosystem(ANCHORED, observed=who)).ratio.limit for who in (0, 1)
    ]
    assert curved_limits == [Rational(1500, 1127), Rational(8020, 3381)]


def _binomial(count: int, p: Fraction) -> list[tuple[Fraction, Fraction]]:
    return [(Fraction(k, count), comb(count, k) * p**k * (1 - p) ** (count - k)) for k in range(count + 1)]


def every_data_set(
    table: list[list[Fraction]], shares: list[Fraction], sizes: list[int], real: list[int], p: Fraction, last: int,
    same: bool = False,
) -> list[list[Fraction]]:  # fmt: skip
    """E (θ^i_g − p)² of all models at every generation, over every data set of coins: knows no moments."""
    m = len(table)
    if same:
        states = {(mean,) * m: chance for mean, chance in _binomial(1, p)}
    else:
        states = defaultdict(Fraction)
        for draws in product(*(_binomial(size, p) for size in sizes)):
            chance = Fraction(1)
            for _, probability in draws:
                chance *= probability
            states[tuple(mean for mean, _ in draws)] += chance
    risks = []
    for g in range(1, last + 1):
        risks.append([sum((state[i] - p) ** 2 * mass for state, mass in states.items()) for i in range(m)])
        if g == last:
            return risks
        following: dict[tuple[Fraction, ...], Fraction] = defaultdict(Fraction)
        for state, mass in states.items():
            blocks = [_binomial(sizes[k], state[k]) for k in range(m)]
            fresh = [_binomial(real[i], p) if shares[i] else [(Fraction(0), Fraction(1))] for i in range(m)]
            for draws in product(*blocks, *fresh):
                chance = mass
                for _, probability in draws:
                    chance *= probability
                fitted = tuple(
                    sum(table[i][k] * draws[k][0] for k in range(m)) + shares[i] * draws[m + i][0] for i in range(m)
                )
                following[fitted] += chance
        states = following
    return risks


@pytest.mark.parametrize("same", [False, True])
def test_every_data_set_of_coins(same: bool) -> None:
    """Two models with blocks of other sizes, one of which has fresh data; and a swap."""
    p, n = Fraction(1, 3), 1
    table = [[Fraction(1, 2), Fraction(1, 4)], [Fraction(2, 3), Fraction(1, 3)]]
    shares, sizes, real = [Fraction(1, 4), Fraction(0)], [1, 2], [2, 1]
    found = every_data_set(table, shares, sizes, real, p, 3, same)
    weights = [[Rational(w.numerator, w.denominator) for w in row] for row in table]
    for who in (0, 1):
        ecosystem = Ecosystem(weights, sizes=sizes, real=real, observed=who, same_start=same)
        risk = expected_risk(Bernoulli("1/3", n), ecosystem)
        assert [Fraction(str(risk.at(g))) for g in (1, 2, 3)] == [row[who] for row in found]


def test_random_ecosystems_are_their_chains() -> None:
    generator = random.Random(14)
    for _ in range(40):
        m = generator.randint(1, 3)
        counts = [[generator.randint(0, 4) for _ in range(m)] + [generator.randint(0, 3)] for _ in range(m)]
        rows = [[Rational(c, max(sum(row), 1)) for c in row[:m]] for row in counts]
        ecosystem = Ecosystem(
            rows, sizes=[generator.randint(1, 3) for _ in range(m)], real=[generator.randint(1, 3) for _ in range(m)],
            observed=generator.randrange(m), same_start=generator.random() < 0.3,
        )  # fmt: skip
        model = Exponential("2", generator.randint(1, 5))
        risk = expected_risk(model, ecosystem)
        chain = list(islice(model.recurrence(ecosystem.chain, "squared").values(), ecosystem.place(5)))
        assert [risk.at(g) for g in range(1, 6)] == [chain[ecosystem.place(g) - 1] for g in range(1, 6)]


@pytest.mark.parametrize(
    "ecosystem",
    [
        Ecosystem(TWO, sizes="1 2"), Ecosystem(ANCHORED, observed=1, same_start=True),
        Ecosystem.symmetric(3, "1/2", "1/4"), Ecosystem("0 1; 1 0"),
    ],
)  # fmt: skip
def test_laws_of_workflows(ecosystem: Ecosystem) -> None:
    check_workflow(ecosystem, 6)


def test_check_workflow_sees_a_wrong_covariance(monkeypatch: pytest.MonkeyPatch) -> None:
    stated = Ecosystem.dynamics

    def wrong(self: Ecosystem) -> object:
        found = stated(self)
        return type(found)(
            found.transition, found.noise * Rational(101, 100), found.risks, found.fresh, found.readout, found.initial,
            found.fewest,
        )  # fmt: skip

    monkeypatch.setattr(Ecosystem, "dynamics", wrong)
    with pytest.raises(LawViolation, match="an ecosystem is the chain of its models in turns"):
        check_workflow(Ecosystem(TWO), 4)


@pytest.mark.parametrize(
    ("table", "slopes"),
    [
        (TWO, ["1/2", "1/2"]),
        ("1/2 1/2; 1/4 3/4", ["5/9", "5/9"]),
        ("0 1; 1 0", ["1", "1"]),
        ("0 1 0; 1/2 0 1/2; 0 1 0", ["3/4"] * 3),
        ("1/2 1/2 0 0; 1/2 1/2 0 0; 0 0 1 0; 1/3 0 1/3 1/3", ["1/2", "1/2", "1", "3/8"]),
    ],
)
def test_growth(table: str, slopes: list[str]) -> None:
    """d Σ π² in a closed class of period d; a model that reads two classes has a share of both."""
    for who, slope in enumerate(slopes):
        ratio = expected_risk(Regular(), Ecosystem(table, observed=who)).ratio
        assert ratio.limit == oo
        assert ratio.growth == Rational(slope) * G
        assert abs(ratio.at(120) - ratio.at(60) - 60 * Rational(slope)) < Rational(1, 10**6)


def test_growth_is_that_of_the_stationary_law() -> None:
    for table in (TWO, "1/2 1/2; 1/4 3/4", "1/5 4/5 0; 0 1/2 1/2; 1/3 1/3 1/3"):
        law = stationary_law(Ecosystem(table))
        assert sum(law) == 1
        assert effective_models(Ecosystem(table)) == 1 / sum(weight**2 for weight in law)


def test_who_is_bounded() -> None:
    table = "1/2 1/2 0 0; 0 1 0 0; 0 0 1/2 1/4; 0 0 1/2 1/2"
    assert [is_bounded(Ecosystem(table, observed=who)) for who in range(4)] == [False, False, True, True]
    assert [effective_models(Ecosystem(table, observed=who)) == oo for who in range(4)] == [False, False, True, True]
    assert [found.period for found in classes(Ecosystem("0 1 0; 0 0 1; 1 0 0"))] == [3]
    for who in range(4):
        limit = expected_risk(Regular(), Ecosystem(table, observed=who)).ratio.limit
        assert (limit == oo) is not is_bounded(Ecosystem(table, observed=who))


def test_curved_ecosystems() -> None:
    """Coins settle, exponentials explode; two blocks read by halves are one of twice the size."""
    half = Ecosystem("1/2 1/2; 1/2 1/2")
    exploding = expected_risk(Exponential(1, 10), half)
    assert exploding.limit == oo
    # From generation 2 on both models are one mean of 2n points: 1 + r grows by 1 + 1/20.
    assert (1 + exploding.at(6)) / (1 + exploding.at(5)) == Rational(21, 20)
    assert expected_risk(Bernoulli("1/2", 10), half).limit == Rational(1, 4)
    apart = Ecosystem("1 0 0; 0 1 0; 1/2 1/2 0", observed=2)
    assert expected_risk(Bernoulli("1/2", 10), apart).limit == Rational(1, 8)


def test_symmetric_ecosystems_are_those_written_out() -> None:
    m = Symbol("m", integer=True, positive=True)
    free = expected_risk(Regular(), Ecosystem.symmetric(m, "1/3", "1/4")).ratio
    for number in (2, 3, 5):
        written = expected_risk(Regular(), Ecosystem.symmetric(number, "1/3", "1/4").whole).ratio
        assert [simplify(free.at(g).subs(m, number) - written.at(g)) for g in (1, 2, 6)] == [0, 0, 0]
        assert simplify(free.limit.subs(m, number) - written.limit) == 0
    a = Symbol("a", positive=True)
    assert expected_risk(Regular(), Ecosystem.symmetric(m, a)).ratio.growth == G / m


def test_who_pays() -> None:
    table = Matrix([["1/2", "1/4", 0], ["1/2", "1/3", "1/6"], ["1/5", "1/5", "1/2"]])
    given = {"sizes": [1, 2, 3], "real": [2, 1, 1], "observed": 1}
    ecosystem = Ecosystem(table, **given)
    one = Regular(p=1, n=1)
    assert who_pays(ecosystem).total == expected_risk(one, ecosystem).limit
    assert who_pays(ecosystem, 6).total == expected_risk(one, ecosystem).at(6)
    more = Ecosystem(table, **{**given, "sizes": [1, 4, 3]})
    assert who_pays(more).blocks[1] == who_pays(ecosystem).blocks[1] / 2
    with pytest.raises(DomainError, match="unbounded for model 0: give a generation"):
        who_pays(Ecosystem(TWO))


def test_eight_models_for_a_thousand_generations() -> None:
    """Exact rationals, against matrices multiplied one by one for the first generations."""
    generator = random.Random(3)
    rows = [[generator.randint(0, 9) for _ in range(9)] for _ in range(8)]
    table = [[Rational(value, sum(row)) for value in row[:8]] for row in rows]
    risk = expected_risk(curved(Rational(1, 10)), Ecosystem(table)).ratio
    weights, shares = Matrix(table), diag(*[(1 - sum(row)) ** 2 for row in table])
    covariance = eye(8)
    for g in range(1, 5):
        assert risk.at(g) == covariance[0, 0]
        noise = eye(8) + Rational(1, 10) * diag(*[covariance[k, k] for k in range(8)])
        covariance = weights * (covariance + noise) * weights.T + shares
    assert abs(risk.at(1000) - risk.limit) < Rational(1, 10**20)
    assert risk.closed_form is None


@pytest.mark.parametrize("method", ["raw", "exact-law"])
@pytest.mark.parametrize(
    "model",
    [
        Bernoulli("1/3", 20), GaussianMean(1, 10), Regular(p=2, n=10), Exponential(1, 30),
        LinearRegression(2, 8, design="shared"), BiasedSampler(Bernoulli("1/3", 20), "9/10", "1/2"),
    ],
    ids=lambda model: type(model).__name__,
)  # fmt: skip
def test_simulated(model: object, method: str) -> None:
    ecosystem = Ecosystem(ANCHORED, sizes="1 2", observed=1)
    run = simulate(model, ecosystem, 5, 20_000, seed=5, method=method)
    assert crosscheck(expected_risk(model, ecosystem), run).verdict != "disagrees"
    assert max(abs(crosscheck(expected_risk(model, ecosystem), run).z)) < 4.5


def test_a_simulation_sees_two_per_cent() -> None:
    ecosystem, model = Ecosystem(ANCHORED, sizes="1 2", observed=1), GaussianMean(1, 10)
    check = crosscheck(expected_risk(model, ecosystem), simulate(model, ecosystem, 5, 215_000, seed=5))
    assert check.verdict == "agrees"
    assert check.detectable <= 0.02


def test_what_no_argument_covers_is_said() -> None:
    with pytest.raises(NotDerivedError):
        expected_risk(UniformMaximum(1, 3), Ecosystem(TWO))
    assert Ecosystem(TWO).subs(Symbol("x"), 1) == Ecosystem(TWO)
    x = Symbol("x", positive=True)
    assert Ecosystem([[1 - x, x], [x, 1 - x]]).subs(x, Rational(1, 4)) == Ecosystem(TWO)
    assert expected_risk(Bernoulli("1/3", 4), Ecosystem(TWO)).standard_deviation.at(2) is not None


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"weights": "1/2 1/2; 1/4"}, r"weights\[1\] has 1 entries: give one for each of the 2 models"),
        ({"weights": "1/2 3/4; 0 1"}, r"weights\[0\] sums to 5/4"),
        ({"weights": "-1/2 1; 0 1"}, r"weights\[0\]\[0\] = -1/2 is not a weight"),
        ({"weights": TWO, "fresh": "1/4 0"}, r"weights\[0\] and fresh\[0\] sum to 5/4"),
        ({"weights": TWO, "observed": 2}, "observed = 2 is none of the models: there are 2, counted from 0"),
        ({"weights": TWO, "sizes": "1 0"}, r"sizes\[1\] = 0 is not an amount of data"),
        ({"weights": TWO, "sizes": [1, 2, 3]}, "sizes has 3 entries: give one amount, or one for each of the 2"),
        ({"weights": 3}, "weights = 3 is not a table"),
        ({"weights": "__import__('os') 1; 0 1"}, "weights"),
    ],
)
def test_bad_input(given: dict[str, object], said: str) -> None:
    with pytest.raises(DomainError, match=said):
        Ecosystem(**given)


def test_no_ecosystem_is_better_than_its_real_data() -> None:
    """Cauchy and Schwarz: without fresh data, m models on m real blocks have 1/m of the risk at least."""
    for table in (TWO, "1/2 1/2; 1/4 3/4", "0 1; 1 0"):
        ratio = expected_risk(Regular(), Ecosystem(table)).ratio
        assert all(ratio.at(g) >= Rational(1, 2) for g in range(1, 8))


def test_comparisons_and_orders_know_ecosystems() -> None:
    workflows = [Replace(), Ecosystem(TWO), Ecosystem(ANCHORED), Accumulate()]
    places = compare(workflows, upto=12).in_the_limit
    assert [place.workflow for place in places][:2] == [Ecosystem(ANCHORED), Accumulate()]
    assert outgrows(*(expected_risk(Regular(), workflow).ratio for workflow in (Replace(), Ecosystem(TWO))))
    order = order_of_collapse(expected_risk(Regular(), Ecosystem(TWO)).ratio)
    assert (order.kind, order.constant, order.exponent) == ("polynomial", Rational(1, 2), 1)


def test_laws_and_tempting_ones() -> None:
    """E3, E4 and the counterexamples of docs/laws.md."""
    m, a = 3, Rational(1, 4)
    mu = 1 - a * m / (m - 1)
    constant = expected_risk(Regular(), Ecosystem.symmetric(m, a)).ratio.at(80) - Rational(80, m)
    assert abs(constant - Rational(m - 1, m) * mu**2 / (1 - mu**2)) < Rational(1, 10**20)
    together = expected_risk(Regular(), Ecosystem("1/2 1/2; 1/2 1/2")).ratio
    turns = expected_risk(Regular(), Ecosystem("0 1; 1 0")).ratio
    assert [together.at(g) for g in (1, 2, 3)] == [1, 1, Rational(3, 2)]
    assert [turns.at(g) for g in (1, 2, 3)] == [1, 2, 3]
    assert effective_models(Ecosystem("1/2 1/2; 1/4 3/4")) == Rational(9, 5)
    led = Ecosystem("1/2 1/4; 0 1")
    assert not is_bounded(led)
    assert expected_risk(Regular(), led).ratio.growth == G / 4
