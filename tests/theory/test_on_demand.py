"""Packages whose exports are loaded when they are asked for."""

from __future__ import annotations

import subprocess
import sys

import pytest

import theory
from theory import design, models, registry, testing, workflows
from theory.registry import FURTHER_WORKFLOWS, MODELS, WORKFLOWS, WRAPPERS

LOADED = """
import sys, theory
assert "sympy" not in sys.modules
from theory import Bernoulli, Replace, expected_risk
from selfgen.cli import app
app(["derive", "gaussian-mean", "replace"], standalone_mode=False)
print(*sys.modules)
"""


@pytest.mark.parametrize("package", [theory, design, models, registry, testing, workflows])
def test_every_export_is_there(package):
    for name in package.__all__:
        assert name in dir(package)
        assert getattr(package, name).__class__ is not type(sys)


@pytest.mark.parametrize("listed", [MODELS, WRAPPERS, WORKFLOWS, FURTHER_WORKFLOWS])
def test_the_registry_has_each_class_by_its_own_name(listed):
    assert {name: built.name for name, built in listed.items()} == {name: name for name in listed}
    assert all(listed.lists(built) for built in listed.values())
    assert not listed.lists(type("Alike", (), {"name": next(iter(listed))}))


def test_what_is_not_there():
    with pytest.raises(AttributeError, match="module 'theory' has no attribute 'Bernouli'"):
        _ = theory.Bernouli
    assert theory.design.growth.__name__ == "theory.design.growth"


def test_a_derivation_loads_what_it_needs():
    """No NumPy and no Hypothesis, no other model and no design."""
    run = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True)
    loaded = set(run.stdout.splitlines()[-1].split())
    assert "theory.models.exponential_family" in loaded
    others = {"numpy", "hypothesis", "numerics", "sympy.physics", "theory.design.budgets", "theory.models.ridge.chain"}
    assert not others & loaded
