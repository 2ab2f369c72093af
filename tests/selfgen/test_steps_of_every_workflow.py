"""``derive`` and ``derive --steps`` answer for workflows as people run them: no traceback, every step checked."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from selfgen.cli import app

WORKFLOWS = [
    "contaminated-pool:real=1/4",
    "contaminated-pool:real=3/4,sizes=j",
    "contaminated-pool:real=1/4,stream=1/j",
    "contaminated-pool:real=1/2,sizes=random(uniform(2))",
    "labelled-pool:real=1/4,share=1/2",
    "forgetting:rate=1/2",
    "forgetting:rate=1 - 1/j",
    "age-weighted:weight=1/(l*(l+1))",
    "ecosystem:3/4 1/4; 1/4 3/4",
    "fresh-real:share=1/j",
    "real-plus-latest:share=1/j",
    "capped-real:synthetic=j",
    "accumulate-subsample:budget=j/2",
    "accumulate:sizes=random(t/(2 - t))",
    "replace:sizes=random(geometric(1/2))",
]


@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_derivations_on_the_command_line(workflow):
    answered = CliRunner().invoke(app, ["derive", "poisson", workflow, "--steps"])
    assert answered.exit_code == 0, answered.output
    assert "checked" in answered.output.splitlines()[-1]


def test_symbols_and_a_biased_stream():
    run = CliRunner()
    steps = run.invoke(app, ["derive", "poisson", "contaminated-pool:real=rho", "--symbol", "rho", "--steps"])
    assert steps.exit_code == 0, steps.output
    # how it vanishes, below one half, at it and above
    assert "It vanishes like" in steps.output
    assert "Eq(rho, 1/2)" in steps.output
    biased = run.invoke(app, ["derive", "poisson", "contaminated-pool:real=1/4,stream=1/j"])
    assert biased.exit_code == 0, biased.output
    assert "unknown" in biased.output


def test_a_pool_says_the_real_rows_of_every_generation():
    steps = CliRunner().invoke(app, ["derive", "poisson", "contaminated-pool:real=1/4", "--steps"])
    assert "x̄_real(2)/12 + x̄_real(3)/12" in steps.output


def test_random_sizes_that_are_none_are_one_sentence():
    run = CliRunner()
    for sizes, said in (("random(t/2)", "must be 1"), ("random(foo(2))", "not permitted")):
        answered = run.invoke(app, ["derive", "poisson", f"accumulate:sizes={sizes}"])
        assert answered.exit_code == 2
        assert said in answered.output
        assert "Traceback" not in answered.output
