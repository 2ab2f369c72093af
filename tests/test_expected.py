"""Against numbers that other programs made: data in tests/expected/, each file with the script that wrote it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from sympy import Float, Rational

from theory import Bernoulli, expected_risk
from theory.names import build
from theory.registry import WORKFLOWS

FOLDER = Path(__file__).parent / "expected"
CHAINS = json.loads((FOLDER / "coin_chains.json").read_text(encoding="utf-8"))["cases"]
LIMITS = json.loads((FOLDER / "limits.json").read_text(encoding="utf-8"))["cases"]


def _workflow(case):
    words = {"true": True, "false": False}
    return WORKFLOWS[case["workflow"]](**{key: words.get(value, value) for key, value in case["settings"].items()})


@pytest.mark.parametrize(
    "case", CHAINS, ids=lambda case: f"{case['workflow']} {case['settings']} n={case['n']} p={case['p']}"
)
def test_every_data_set_written_out(case):
    risk = expected_risk(Bernoulli(p=case["p"], n=case["n"]), _workflow(case))
    for g, (mean, error) in enumerate(case["mean_and_risk"], start=1):
        assert Rational(mean) == Rational(case["p"])
        assert risk.at(g) == Rational(error), g


@pytest.mark.parametrize("case", LIMITS, ids=lambda case: case["name"])
def test_limits_added_up_by_another_system(case):
    limit = expected_risk(*build(case["model"]["name"], case["workflow"], case["model"]["settings"])).ratio.limit
    assert abs(limit.evalf(50) - Float(case["ratio"], 50)) < Float("1e-38")


def test_the_script_writes_the_data(tmp_path):
    """The whole file again, from a copy of the script: nothing of ours is imported."""
    script = tmp_path / "make_coin_chains.py"
    script.write_text((FOLDER / "make_coin_chains.py").read_text(encoding="utf-8"), encoding="utf-8")
    subprocess.run([sys.executable, "-I", str(script)], check=True, cwd=tmp_path)
    assert (tmp_path / "coin_chains.json").read_text(encoding="utf-8") == (FOLDER / "coin_chains.json").read_text(
        encoding="utf-8"
    )
