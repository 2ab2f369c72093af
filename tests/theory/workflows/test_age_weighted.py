"""Age-weighted blocks: the renewal equation, tables of noises, coins enumerated, lags, caps, what is refused."""

from __future__ import annotations

import random
from fractions import Fraction
from itertools import islice

import pytest
from sympy import Rational, factorial, gamma

from theory import AgeWeighted, Bernoulli, DomainError, Exponential, NotDerivedError, Regular, expected_risk, l
from theory.moments.composition import compose
from theory.testing import check_workflow
from theory.testing.enumeration import bernoulli_moments
from theory.workflows.ages import Ages

THIRD = Rational(1, 3)
LAWS = {
    "two": ["1/2", "1/2"],
    "rest stays": ["1/2", 0, "1/4"],
    "six": ["1/6"] * 6,
    "geometric": "2**(-l)",
    "two geometric": "3**(-l)/2 + 4**(-l)",
    "harmonic": "1/(l*(l + 1))",
    "half of it": "1/(2*l*(l + 1))",
    "fractional walk": THIRD * gamma(l - THIRD) / gamma(1 - THIRD) / factorial(l),
}


@pytest.mark.parametrize("law", LAWS)
def test_laws_of_ages_keep_the_laws(law: str) -> None:
    check_workflow(AgeWeighted(LAWS[law]), generations=5)  # type: ignore[arg-type]


def test_lags_and_caps_keep_the_laws() -> None:
    for workflow in (AgeWeighted.lag(0), AgeWeighted.lag(2), AgeWeighted.lag(5), AgeWeighted.fifo("5/2")):
        check_workflow(workflow, generations=4)


def by_noises(weights: list[Fraction], noise: Fraction, curvature: Fraction, last: int) -> list[Fraction]:
    """Every model as a table of what each block's noise is in it; what is left of weight 1 is on block 1."""
    models: list[list[Fraction]] = []
    risks: list[Fraction] = []
    for g in range(1, last + 1):
        own = [weights[age - 1] if age <= len(weights) else Fraction(0) for age in range(1, g)]
        on_blocks = [1 - sum(own), *reversed(own)]
        row = [Fraction(0)] * last
        for index, weight in enumerate(on_blocks):
            row[index] += weight
            if index:
                row = [a + weight * b for a, b in zip(row, models[index - 1], strict=True)]
        models.append(row)
        before = [Fraction(0), *risks]
        risks.append(sum(row[i] ** 2 * (noise + curvature * before[i]) for i in range(g)))
    return risks


def test_two_hundred_random_laws() -> None:
    """Tables of up to seven ages, whole or with a rest; with curvature and without."""
    draw = random.Random(41)
    for _ in range(200):
        parts = [draw.randint(0, 4) for _ in range(draw.randint(1, 7))]
        whole = sum(parts) + draw.choice([0, 0, 3])
        weights = [Fraction(part, whole or 1) for part in parts]
        n = draw.randint(1, 6)
        curvature = Fraction(draw.randint(-n, n), n)
        workflow = AgeWeighted([Rational(w.numerator, w.denominator) for w in weights])  # type: ignore[arg-type]
        composed = compose(workflow, noise=Rational(1, n), curvature=Rational(curvature))
        told = by_noises(weights, Fraction(1, n), curvature, 6)
        assert [str(v) for v in islice(composed.values(), 6)] == [str(v) for v in told]


@pytest.mark.parametrize("law", ["harmonic", "fractional walk", "two geometric", "six"])
def test_values_far_on(law: str) -> None:
    """Power series and states against the table of noises, over the first change of the series' length."""
    workflow = AgeWeighted(LAWS[law])  # type: ignore[arg-type]
    weights = [Fraction(str(w)) for w in islice(workflow.ages.values(), 40)]
    risk = expected_risk(Exponential(mean=1, n=7), workflow)
    told = by_noises(weights, Fraction(1, 7), Fraction(1, 7), 40)
    assert str(risk.at(40)) == str(told[-1])
    assert str(list(islice(risk.recurrence.values(), 40))[-1]) == str(told[-1])


@pytest.mark.parametrize("law", ["harmonic", "rest stays", "fractional walk"])
def test_coins_enumerated_in_full(law: str) -> None:
    workflow = AgeWeighted(LAWS[law])  # type: ignore[arg-type]
    moments = bernoulli_moments(workflow, "1/3", n=2, generations=4)
    risk = expected_risk(Bernoulli(p="1/3", n=2), workflow)
    assert [(THIRD, risk.at(g)) for g in range(1, 5)] == moments


def test_a_lag_is_so_many_chains_side_by_side() -> None:
    """Data of generation g − 2: three chains that take turns, each as under replace."""
    ratio = expected_risk(Regular(), AgeWeighted.lag(2)).ratio
    assert [ratio.at(g) for g in range(1, 9)] == [1, 1, 1, 2, 2, 2, 3, 3]
    longer = expected_risk(Regular(), AgeWeighted.lag(6)).ratio
    assert [longer.at(g) for g in (7, 8, 14, 15)] == [1, 2, 2, 3]


def test_totals_are_theorems() -> None:
    assert Ages(1 / (l * (l + 1))).total == 1
    assert Ages(4 / (l * (l + 1) * (l + 2))).total == 1
    assert Ages(LAWS["fractional walk"]).total == 1
    assert Ages(Rational(1, 4) ** l + Rational(1, 3) ** l).total == Rational(5, 6)
    assert Ages(l ** Rational(-1, 3) - (l + 1) ** Rational(-1, 3)).total == 1


@pytest.mark.parametrize(
    "weight", ["1/l", "2/(l*(l + 1))", "1/2", "-1/2**l", "2**l", ["1/2", "2/3"], [1, "-1/4"], "j/9"]
)
def test_what_is_no_law_of_ages_is_refused(weight: object) -> None:
    with pytest.raises(DomainError, match="weight"):
        AgeWeighted(weight)  # type: ignore[arg-type]


def test_sums_that_are_not_derived_are_not_guessed() -> None:
    with pytest.raises(NotDerivedError, match="not derived"):
        AgeWeighted("1/(3*l*log(l + 1)**2)")  # type: ignore[arg-type]


@pytest.mark.parametrize("bad", [-1, "1/2", "x"])
def test_lags_are_whole(bad: object) -> None:
    with pytest.raises(DomainError, match="lag"):
        AgeWeighted.lag(bad)


@pytest.mark.parametrize("bad", [0, "1/2", 10**6, -1])
def test_caps_hold_a_block_at_least(bad: object) -> None:
    with pytest.raises(DomainError, match="cap"):
        AgeWeighted.fifo(bad)
