"""Every formula of the default study, wrong by a little, is caught by its simulation.

The power at an error ε is Φ(ε (z + 2.33)/detectable − z) with z ≈ 3.6 the critical value: at 1.15 times the
detectable error it is 0.999, so that among all the cases, each mutated both ways, a miss is unlikely for any seed.
"""

from __future__ import annotations

from dataclasses import replace
from math import ceil

import pytest
from sympy import Rational

from numerics import Crosscheck, crosscheck, simulate
from selfgen.study import Case, load
from theory import Risk, expected_risk

GENERATIONS = 3
MARGIN = 1.15
PERCENT = Rational(1, 100)
# Standard errors of the default study are made for 2 %; with 5.2 times the replicates they do for 1 % with a margin.
MORE = 5.2


def rows_are_drawn(case: Case) -> bool:
    """Least squares on a subsample of rows: seconds a run, and no law that is cheaper."""
    return case.model == "linear-regression" and case.workflow == "accumulate-subsample"


def scaled(risk: Risk, factor: Rational) -> Risk:
    recurrence = risk.recurrence
    changed = replace(recurrence, scale=recurrence.scale * factor, offset=recurrence.offset * factor)
    return replace(risk, recurrence=changed)


def judge(case: Case, replicates: int, errors: list[Rational]) -> list[Crosscheck]:
    model, workflow = case.build()
    risk = expected_risk(model, workflow, loss=case.loss)
    run = simulate(model, workflow, min(GENERATIONS, case.generations), replicates, seed=case.seed, loss=case.loss)
    return [crosscheck(scaled(risk, 1 + error), run) for error in errors]


def needed(case: Case) -> int:
    """Replicates with which the detectable error is a per cent, less the margin.

    It falls with their square root: where the variance of the loss is derived, few tell how many are needed.
    """
    most = round(MORE * case.replicates)
    (seen,) = judge(case, few := most // 100, [Rational(0)])
    return min(most, ceil(1.001 * few * (MARGIN * seen.detectable / PERCENT) ** 2)) if seen.known else most


CASES = load().cases


@pytest.mark.slow
@pytest.mark.parametrize(
    "case",
    [case for case in CASES if not rows_are_drawn(case)],
    ids=lambda case: f"{case.label.split()[2]} {case.model}, {case.workflow}",
)
def test_one_percent_is_caught(case: Case) -> None:
    right, more, less = judge(case, needed(case), [Rational(0), PERCENT, -PERCENT])
    assert right.passed, right.reason
    assert MARGIN * right.detectable <= PERCENT
    assert not more.passed
    assert not less.passed


@pytest.mark.slow
@pytest.mark.parametrize("case", [case for case in CASES if rows_are_drawn(case)], ids=lambda case: case.label)
def test_a_little_more_than_the_detectable_error_is_caught_where_rows_are_drawn(case: Case) -> None:
    error = Rational(23, 1000)
    right, more, less = judge(case, case.replicates, [Rational(0), error, -error])
    assert right.passed, right.reason
    assert MARGIN * right.detectable <= error
    assert not more.passed
    assert not less.passed
