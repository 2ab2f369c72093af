"""check_workflow passes what keeps the laws and names the law that is broken."""

from __future__ import annotations

import random
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given, settings
from sympy import Expr, I, Integer, Matrix, Rational, S, Symbol, exp, floor, nan, oo, sqrt

from theory import (
    Accumulate,
    AccumulateSubsample,
    AgeWeighted,
    CappedReal,
    ContaminatedPool,
    DomainError,
    Forgetting,
    FreshReal,
    G,
    LabelledPool,
    NotDerivedError,
    OptimalFreshReal,
    RealPlusLatest,
    Replace,
    SlidingWindow,
    Weighted,
    Workflow,
    expected_risk,
    j,
)
from theory.design.pathway import Pathway
from theory.moments.converging import ConvergingDynamics
from theory.registry import WORKFLOWS
from theory.testing import LawViolation, check_workflow, risks, workflows
from theory.workflows import Draw, RealAndSynthetic
from theory.workflows.base import pooled_blocks
from theory.workflows.dynamics import GENERATION, LAG, LagWindow, LinearDynamics, PoolDynamics

BUILT_IN = [
    Replace(), Replace(sizes=j), Accumulate(), Accumulate(sizes=2**j), SlidingWindow(1), SlidingWindow(2),
    SlidingWindow(3), SlidingWindow(3, sizes=j), RealPlusLatest(), RealPlusLatest("1/3"), FreshReal(),
    FreshReal("2/3", 2), AccumulateSubsample(), AccumulateSubsample(2), AccumulateSubsample("1/2", True),
    Weighted(lambda g: [Rational(2, g + 1), *[Rational(1, g + 1)] * (g - 1)]), CappedReal(2), CappedReal("1/2"),
    RealAndSynthetic(3, 2), RealAndSynthetic(2, 1, overlap=True), OptimalFreshReal("3/2"),
    SlidingWindow(30), AccumulateSubsample(20), Accumulate(sizes=1 / j),
    ContaminatedPool("1/2"), ContaminatedPool("1/j"), LabelledPool("1/2", "1/4"),
    ContaminatedPool("1/2", sizes=sqrt(j)), ContaminatedPool("1/2", stream="1/(4*j)"),
    LabelledPool("1/2", "1/4", stream="1/(8*j)"), LabelledPool("1/4", "1/3", j),
    Accumulate(sizes="1 + 3/j"), Replace(sizes=exp(j)), Accumulate(sizes=sqrt(j)), RealPlusLatest(1 / sqrt(2)),
    Forgetting("1/2"), Forgetting("1 - 1/j"), AgeWeighted(["1/2", "1/4"]), AgeWeighted("1/(l*(l + 1))"),
]  # fmt: skip


def named(workflow):
    """Without its address, which is another in every process that collects these tests."""
    return str(workflow).partition(" at 0x")[0]


@pytest.mark.parametrize("workflow", BUILT_IN, ids=named)
def test_built_in_workflows_keep_the_laws(workflow):
    check_workflow(workflow, generations=4)


def test_a_budget_of_a_fraction_of_a_block_is_enumerated_with_whole_samples():
    check_workflow(AccumulateSubsample("3/2", True), generations=2)


def test_every_workflow_of_the_registry_is_among_them():
    assert set(WORKFLOWS.values()) <= {type(workflow) for workflow in BUILT_IN}


class Mine(Workflow):
    """Accumulate, told anew."""

    name = "mine"

    def weights(self, g):
        return [Rational(1, g)] * g


def mine(**methods):
    """A user's class that differs from Mine in these attributes."""
    return type("Broken", (Mine,), methods)()


def one_number(start, gain, initial=None, **attributes):
    """δ_g = δ_{g-1} + gain ε_g from generation ``start`` on."""
    first = [Rational(1, i) for i in range(1, start)] if initial is None else initial
    stated = {
        "transition": Matrix([[1]]), "innovation": Matrix([[gain]]), "readout": Matrix([[1]]),
        "initial": Matrix(1, start - 1, first),
    }  # fmt: skip
    return LinearDynamics(start=start, **{**stated, **attributes})


class Tending(ConvergingDynamics):
    """Says of the optimal shares what it is told to."""

    def __init__(self, limiting=None, moment=None, settled=None):
        right = OptimalFreshReal().dynamics()
        self.answers = (limiting or right.limiting, moment, settled)

    @property
    def limiting(self):
        return self.answers[0]

    @property
    def moment(self) -> Expr | None:
        return self.answers[1]

    @property
    def settled(self) -> Expr | None:
        return self.answers[2]


def tending(**answers):
    stated = Tending(**answers)
    return type("Broken", (OptimalFreshReal,), {"dynamics": lambda self: stated})()


def newest(g, *last):
    """Weights that are zero but for the newest blocks."""
    return [1] if g == 1 else [0] * (g - len(last)) + list(last)


def drawing(size, replacement=False, **methods):
    draw = Draw(S(size), replacement)
    stated = PoolDynamics(S(size), replacement)
    return {"draw": lambda self, g: draw, "dynamics": lambda self: stated, **methods}


def fresh(weight, size=S.One, rest=None):
    return {
        "weights": lambda self, g: newest(g, 1 - weight if rest is None else rest),
        "fresh_weight": lambda self, g: weight if g > 1 else S.Zero,
        "fresh_size": lambda self, g: size,
    }


def rooted(error):
    """Irrational shares, and a recursion whose gain is off by ``error``."""
    right = RealPlusLatest(sqrt(2) / 2)
    stated = replace(right.dynamics(), innovation=right.dynamics().innovation + Matrix([0, error]))
    return {"weights": lambda self, g: right.weights(g), "dynamics": lambda self: stated}


def by_chance(g):
    share = Rational(random.SystemRandom().randrange(10**9), 10**9)
    return newest(g, share, 1 - share)


HALF = Rational(1, 2)
SEEN = OptimalFreshReal().dynamics()
BROKEN = {
    # dynamics that contradict weights: a linear state
    "another gain": (mine(dynamics=lambda self: Replace().dynamics()), "dynamics agree", "g = 2"),
    "another gain late": (mine(dynamics=lambda self: one_number(9, 1 / (GENERATION + 1))), "dynamics agree", "g = 9"),
    "another beginning": (
        mine(dynamics=lambda self: one_number(9, 1 / GENERATION, [1] * 8)), "dynamics agree", "g = 8",
    ),
    "very late": (mine(dynamics=lambda self: one_number(30, 1 / GENERATION**2)), "dynamics agree", "g = 30"),
    "right at first": (
        mine(dynamics=lambda self: one_number(9, 1 / (GENERATION + floor(GENERATION / 11)))),
        "dynamics agree", "g = 11",
    ),
    "fresh data stated": (
        mine(dynamics=lambda self: one_number(2, 1 / GENERATION, fresh=Matrix([[HALF]]))), "D[2,2]", "g = 2",
    ),
    "another readout": (
        mine(dynamics=lambda self: one_number(2, 1 / GENERATION, readout=Matrix([[HALF]]))), "dynamics agree", "g = 1",
    ),
    # a pool
    "pool, no draw": (mine(dynamics=lambda self: PoolDynamics(S.One, False)), "dynamics agree", "g = 2"),
    "another budget": (
        mine(**drawing(1, dynamics=lambda self: PoolDynamics(HALF, False))), "dynamics agree", "g = 1",
    ),
    "another replacement": (
        mine(**drawing(1, dynamics=lambda self: PoolDynamics(S.One, True))), "with replacement", "g = 1",
    ),
    "pool of one block": (mine(**drawing(1), weights=lambda self, g: newest(g, 1)), "dynamics agree", "g = 2"),
    "late pool, no draw": (mine(dynamics=lambda self: PoolDynamics(Integer(20), False)), "dynamics agree", "g = 21"),
    "late pool, small draw": (
        mine(**drawing(20, draw=lambda self, g: None if g < 20 else Draw(Integer(10), False))),
        "dynamics agree", "g = 20",
    ),
    # a stationary window
    "window of accumulate": (mine(dynamics=lambda self: LagWindow(Integer(3), Rational(1, 3))), "window", "g = 4"),
    "longer window": (
        mine(
            weights=lambda self, g: SlidingWindow(30).weights(g),
            dynamics=lambda self: LagWindow(Integer(40), Rational(1, 40)),
        ), "window", "g = 40",
    ),
    "other lags": (
        mine(
            weights=lambda self, g: SlidingWindow(9).weights(g),
            dynamics=lambda self: LagWindow(Integer(9), (9 - LAG) / 45),
        ), "window", "g = 9",
    ),
    "window of growing blocks": (
        mine(sizes=j, weights=lambda self, g: newest(g, 1), dynamics=lambda self: LagWindow(S.One, S.One)),
        "size 2", "g = 2",
    ),
    "window with fresh data": (
        mine(**fresh(HALF), dynamics=lambda self: LagWindow(S.One, S.One)), "fresh real data", "g = 2",
    ),
    # steps that tend to simpler ones
    "another limit of the weights": (tending(limiting=FreshReal(HALF)), "tend to", "g = 64"),
    "another moment": (tending(moment=SEEN.moment * Rational(101, 100)), "the moment is", "g = 1"),
    "another limit of the moment": (tending(settled=SEEN.settled * Rational(101, 100)), "settled", "g → ∞"),
    # no dynamics
    "dynamics in words": (mine(dynamics=lambda self: "replace"), "LinearDynamics", "broken"),
    "dynamics that fail": (mine(dynamics=lambda self: 1 // 0), "ZeroDivisionError", "broken"),
    # sizes
    "size zero": (mine(sizes=6 - j), "sizes are exact and positive", "g = 6"),
    "size zero late": (mine(sizes=1234 - j), "sizes are exact and positive", "g = 1234"),
    "size zero once": (mine(size=lambda self, index: S.Zero if index == 40 else S.One), "must be positive", "g = 40"),
    "size of whole parts": (mine(sizes=floor(300 / j)), "sizes are exact and positive", "g = 512"),
    "size below zero": (mine(size=lambda self, index: Integer(3 - index)), "must be positive", "g = 3"),
    "size in floats": (mine(size=lambda self, index: 0.5), "float", "g = 1"),
    "complex size": (mine(sizes=j + I), "sizes are exact and positive", "g = 1"),
    "size no arithmetic": (mine(sizes="2**"), "not arithmetic", "broken"),
    # weights
    "below zero": (mine(weights=lambda self, g: newest(g, -HALF, 3 * HALF)), "0 or more", "g = 2"),
    "below zero late": (
        mine(weights=lambda self, g: [Rational(1, g)] * g if g < 11 else newest(g, -HALF, 3 * HALF)),
        "0 or more", "g = 11",
    ),
    "irrational below zero": (mine(weights=lambda self, g: newest(g, 1 - sqrt(2), sqrt(2))), "0 or more", "g = 2"),
    "complex weights": (mine(weights=lambda self, g: newest(g, I, 1 - I)), "not a real number", "g = 2"),
    "Python's complex weights": (mine(weights=lambda self, g: newest(g, 1j, 1 - 1j)), "not a number", "g = 2"),
    "symbols": (mine(weights=lambda self, g: newest(g, Symbol("a"), 1 - Symbol("a"))), "exact numbers", "g = 2"),
    "no weights": (mine(weights=lambda self, g: None), "not a list", "g = 1"),
    "not finite": (mine(weights=lambda self, g: newest(g, nan, nan)), "not finite", "g = 2"),
    "infinite": (mine(weights=lambda self, g: newest(g, oo, -oo)), "not finite", "g = 2"),
    "a table that ends": (mine(weights=lambda self, g: {1: [1], 2: [HALF, HALF]}[g]), "KeyError", "g = 3"),
    "truth values": (mine(weights=lambda self, g: [False] * (g - 1) + [True]), "not a number", "g = 1"),
    "chance": (
        mine(weights=lambda self, g: by_chance(g)), "Asked again", "g = 2",
    ),
    # fresh real data
    "fresh size 0": (mine(**fresh(HALF, S.Zero)), "must be positive", "g = 2"),
    "fresh size below zero": (mine(**fresh(HALF, -S.One)), "must be positive", "g = 2"),
    "fresh weight below zero": (mine(**fresh(-HALF)), "0 or more", "g = 2"),
    "fresh weight in floats": (mine(**fresh(0.5, rest=HALF)), "float", "g = 2"),
    "complex fresh weight": (mine(**fresh(I)), "not a real number", "g = 2"),
    # what is said beside the weights
    "other rows": (mine(rows=lambda self, g: 2 * Integer(g)), "what is said of rows", "g = 1"),
    "real data alone": (mine(real_only=S.One), "what is said of rows", "g = 2"),
    "less real data": (
        mine(weights=lambda self, g: [1] + [0] * (g - 1), dynamics=lambda self: None, real_only=HALF),
        "real_only is 1/2", "g = 2",
    ),
    "pooled blocks": (mine(pooled=Integer(3)), "pooled = 3", "weights(4)"),
    # roots: a recursion that is off by a thousandth of nothing, and by 10⁻²⁰
    "another gain with roots": (mine(**rooted(Rational(1, 1000))), "dynamics agree with weights", "g = 2"),
    "another gain, by a little": (mine(**rooted(Rational(1, 10**20))), "dynamics agree with weights", "g = 2"),
    # draws
    "more than there are": (mine(**drawing(2)), "without replacement", "g = 1"),
    "no samples": (mine(**drawing(0)), "must be positive", "g = 1"),
    "a draw without a size": (mine(**drawing(1, draw=lambda self, g: (1, False))), "AttributeError", "g = 1"),
}  # fmt: skip


@pytest.mark.parametrize(("workflow", "law", "where"), BROKEN.values(), ids=BROKEN)
def test_broken_workflows_break_a_law(workflow, law, where):
    with pytest.raises(LawViolation) as violation:
        check_workflow(workflow)
    assert law in str(violation.value)
    assert where in str(violation.value)


@pytest.mark.parametrize(
    "name",
    ["another gain", "another gain late", "pool, no draw", "late pool, small draw", "other lags", "another moment"],
)
def test_no_risk_is_derived_from_dynamics_that_contradict_weights(name):
    workflow = BROKEN[name][0]
    for derive in (lambda: expected_risk(models_of_one(), workflow), lambda: Pathway(workflow)):
        with pytest.raises(DomainError, match="dynamics agree with weights"):
            derive()


def models_of_one():
    from theory import GaussianMean

    return GaussianMean(1, 4)


def roots(g):
    return newest(g, sqrt(2) - 1, 2 - sqrt(2))


RIGHT = {
    "roots": mine(weights=lambda self, g: roots(g)),
    "powers of a root": mine(
        weights=lambda self, g: [sqrt(2) ** i / sum(sqrt(2) ** k for k in range(g)) for i in range(g)]
    ),
    "exponentials": mine(weights=lambda self, g: newest(g, 1 - exp(-1), exp(-1))),
    "fresh data by a root": mine(**fresh(1 / sqrt(2))),
    "sizes by a root": mine(sizes=sqrt(j)),
    "a late start": mine(dynamics=lambda self: one_number(9, 1 / GENERATION)),
    "a late pool": mine(**drawing(5, draw=lambda self, g: None if g < 5 else Draw(Integer(5), False))),
    "a window of lags": mine(
        weights=lambda self, g: newest(g, *[Rational(i, 10) for i in range(1, 5)]) if g > 3 else [Rational(1, g)] * g,
        dynamics=lambda self: LagWindow(Integer(4), (4 - LAG) / 10),
    ),
    "optimal shares": tending(moment=SEEN.moment, settled=SEEN.settled),
    "python's integers": mine(weights=lambda self, g: [0] * (g - 1) + [1]),
    "sizes in python's integers": mine(weights=lambda self, g: newest(g, 1), size=lambda self, index: 2),
    "fresh data in python's numbers": mine(
        weights=lambda self, g: newest(g, Fraction(1, 2)),
        fresh_weight=lambda self, g: Fraction(1, 2),
        fresh_size=lambda self, g: 1,
    ),
    "a recursion with roots": mine(**rooted(S.Zero)),
}


def test_pools_of_many_roots_are_compared_within_seconds():
    # Twelve square roots in every denominator: SymPy would look for a minimal polynomial of degree 2^6 for minutes.
    check_workflow(Accumulate(sizes=sqrt(j)))


def test_pools_are_recognised_however_roots_are_written():
    """1/(1 + √2) is −1 + √2."""
    assert pooled_blocks(Accumulate(sizes=sqrt(j))) == oo
    assert pooled_blocks(SlidingWindow(2, sizes=sqrt(j))) == 2
    with pytest.raises(DomainError, match="pooled = 2 is not"):
        pooled_blocks(mine(sizes=sqrt(j), pooled=Integer(2)))


@pytest.mark.parametrize("workflow", RIGHT.values(), ids=RIGHT)
def test_right_workflows_of_ones_own_keep_the_laws(workflow):
    check_workflow(workflow, generations=6)


def test_risks_with_roots_are_those_of_the_enumeration():
    """One step of √2: independent of the pathway, by the two fits written out."""
    workflow = RIGHT["roots"]
    share = 2 - sqrt(2)
    first, n = Rational(2, 9), 3
    from theory import Bernoulli

    # θ_2 = (1 - s) x_1 + s x_2 with E (x_2 - x_1)² = (V_0 - r_1)/n given V(θ_1).
    expected = first / n + share**2 * (first - first / n) / n
    assert (expected_risk(Bernoulli("1/3", n), workflow).at(2) - expected).equals(0)


class Short(Workflow):
    def weights(self, g):
        return [Rational(1, g)] * (g - (g == 4))


class Leaky(Workflow):
    def weights(self, g):
        return [Rational(1, g + (g == 3))] * g


class Floating(Workflow):
    def weights(self, g):
        return [1.0] if g == 1 else [0.5] * 2 + [0.0] * (g - 2)


class Misstated(Workflow):
    """Dynamics of replace under the weights of accumulate."""

    def weights(self, g):
        return Accumulate().weights(g)

    def dynamics(self):
        return Replace().dynamics()


class WrongDraw(Accumulate):
    """Says that it draws a subsample, and derives as if it did not."""

    def draw(self, g):
        return AccumulateSubsample(1).draw(g)


class HiddenReal(Workflow):
    """Uses fresh real data without saying how much."""

    def weights(self, g):
        return [Rational(1)] if g == 1 else [0] * (g - 1) + [Rational(1, 2)]

    def fresh_weight(self, g):
        return Rational(1, 3) if g > 1 else Rational(0)


@pytest.mark.parametrize(
    ("workflow", "law", "where"),
    [
        (Short(), "one weight for each", "g = 4"),
        (Leaky(), "sum to", "g = 3"),
        (Floating(), "float", "g = 1"),
        (Misstated(), "dynamics agree", "g = 2"),
        (HiddenReal(), "sum to", "g = 2"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_broken_workflows_are_reported_with_the_smallest_case(workflow, law, where):
    with pytest.raises(LawViolation) as violation:
        check_workflow(workflow)
    assert law in str(violation.value)
    assert where in str(violation.value)


def test_risk_below_the_real_data_is_reported(monkeypatch):
    """No unbiased workflow can get there; a broken pathway would."""
    from theory.moments import pathway_recurrence

    class Half(pathway_recurrence.Pathways):
        def __iter__(self):
            for block, fresh in super().__iter__():
                yield [coefficient / 2 for coefficient in block], fresh

    workflow = Weighted(Accumulate().weights)
    monkeypatch.setattr(pathway_recurrence, "Pathways", Half)
    with pytest.raises(LawViolation):
        check_workflow(workflow)


def test_draws_that_no_derivation_covers_are_refused():
    with pytest.raises(NotDerivedError, match="subsample"):
        check_workflow(WrongDraw())


def test_symbols_are_refused():
    from sympy import Symbol

    with pytest.raises(DomainError, match="lambda"):
        check_workflow(RealPlusLatest(Symbol("lambda", positive=True)))
    with pytest.raises(DomainError, match="workflow"):
        check_workflow(Accumulate)


@given(risk=risks())
@settings(max_examples=40)
def test_strategies_stay_inside_every_domain(risk):
    assert risk.at(1) > 0
    # Subsets of one design have some rows twice: they may be fewer than least squares needs.
    model, workflow = risk.model, risk.workflow
    few_rows = getattr(model, "design", None) == "shared" and workflow.draw(G) is not None
    assert risk.at(3) == oo if few_rows else risk.at(3).is_finite


@given(workflow=workflows())
@settings(max_examples=12)
def test_random_workflows_keep_the_laws(workflow):
    check_workflow(workflow, generations=3)
