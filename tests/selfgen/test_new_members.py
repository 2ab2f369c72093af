"""A new exponential family and a new workflow are one file each and their lines in the registry: all else follows."""

from __future__ import annotations

import json
import sys
from importlib import import_module

import pytest
from hypothesis import find
from sympy import Rational, Symbol
from typer.testing import CliRunner

from selfgen import catalogue
from selfgen.cli import app
from theory import Bernoulli, DomainError, G, Regular, Replace, expected_risk, registry
from theory.testing import check_model, check_workflow, models, workflows

SOURCE = '''
"""Votes of +1 and -1, and a fit that moves part of the way to the newest block."""

from dataclasses import dataclass
from typing import ClassVar

from sympy import Expr, Matrix, S

from theory.models.exponential_family import ExponentialFamily
from theory.workflows.base import Workflow
from theory.workflows.dynamics import LinearDynamics


@dataclass(frozen=True)
class Votes(ExponentialFamily):
    """Votes: V = 1 - mu^2.

    Parameters
    ----------
    p : number or expression in [0, 1]
        Chance of a vote in favour.
    n : positive integer
        Votes in a unit block.
    """

    p: Expr | None = None
    n: Expr | None = None
    name: ClassVar[str] = "votes"
    roles: ClassVar[dict[str, str]] = {"p": "probability", "n": "count"}

    @property
    def variance_coefficients(self):
        return S.One, S.Zero, S.NegativeOne

    @property
    def truth(self):
        return 2 * self.p - 1


@dataclass(frozen=True)
class Momentum(Workflow):
    """Model g is model g - 1, moved by a share of the way to block g.

    Parameters
    ----------
    step : number or expression in [0, 1]
        That share.
    """

    step: Expr
    name: ClassVar[str] = "momentum"
    roles: ClassVar[dict[str, str]] = {"step": "probability"}

    def __post_init__(self):
        from theory.expressions.arguments import exact

        object.__setattr__(self, "step", exact("step", self.step))

    def weights(self, g):
        kept = 1 - self.step
        return [kept ** (g - 1), *(self.step * kept ** (g - j) for j in range(2, g + 1))]

    def dynamics(self):
        one = Matrix([[1]])
        return LinearDynamics(start=2, transition=one, innovation=Matrix([[self.step]]), readout=one, initial=one)
'''


NUMBERS = ("--set", "p=1/3", "--set", "n=50", "--set", "step=1/2")


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """A temporary module with one of each, entered in the registry."""
    (tmp_path / "new_members.py").write_text(SOURCE)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "new_members", raising=False)
    module = import_module("new_members")
    monkeypatch.setitem(registry.MODELS, "votes", module.Votes)
    monkeypatch.setitem(registry.WORKFLOWS, "momentum", module.Momentum)
    return module


def run(*arguments):
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output
    return result.output


def test_derive(mine):
    """Votes are 2B − 1: four times the risk of a coin; and a step moves the risk by step²·V/n, V by the risk."""
    found = json.loads(run("derive", "votes", "momentum", *NUMBERS, "--json"))
    ours = expected_risk(mine.Votes("1/3", 50), mine.Momentum("1/2"))
    assert found["closed_form"] == str(ours.closed_form)
    risk = Rational(8, 9) / 50
    for g in (1, 2, 3, 4):
        assert ours.at(g) == risk
        risk += Rational(1, 4) * (Rational(8, 9) - risk) / 50
    ours, coins = (expected_risk(model, Replace()).closed_form for model in (mine.Votes(), Bernoulli()))
    assert ours.equals(4 * coins)


def test_parameters_are_verified_by_their_roles(mine):
    assert mine.Votes().ranges().keys() == {Symbol("p", positive=True), Symbol("n", integer=True, positive=True)}
    step = Symbol("s", positive=True)
    assert mine.Momentum(step).ranges().keys() == {step}
    with pytest.raises(DomainError, match="p = 2 is not allowed: p must be between 0 and 1"):
        mine.Votes(2)
    with pytest.raises(DomainError, match="n must be a whole number of samples, 1 or more"):
        mine.Votes("1/2", "1/2")


def test_simulate(mine):
    much = ("--generations", 3, "--replicates", 20000)
    found = json.loads(run("simulate", "votes", "momentum", *NUMBERS, *much, "--json"))
    risk = expected_risk(mine.Votes("1/3", 50), mine.Momentum("1/2"))
    for g, (mean, spread) in enumerate(zip(found["mean"], found["stderr"], strict=True), start=1):
        assert abs(mean - float(risk.at(g))) < 5 * spread < 0.1 * mean


def test_prove(mine, tmp_path):
    file = tmp_path / "certificate.json"
    run("prove", "votes", "momentum", *NUMBERS, "--json", file)
    assert run("check", file)


def test_list(mine):
    listed = json.loads(run("list", "--json"))
    assert listed["models"]["votes"].startswith("Votes: V = 1")
    assert "votes" in listed["losses"]["kl"]
    assert "momentum" in listed["workflows"]
    about = json.loads(run("list", "momentum", "--json"))
    said = {"allowed": "number or expression in [0, 1]", "default": "required", "meaning": "That share."}
    assert about["parameters"] == {"step": said}
    assert catalogue.workflows()["momentum"] == mine.Momentum("1/2")
    derived = json.loads(run("list", "votes", "--json"))["derived"]["squared"]
    assert set(derived) == set(registry.WORKFLOWS)
    assert derived["momentum"].startswith("closed form")


def test_strategies_draw_them_and_their_laws_hold(mine):
    model = find(models(wrapped=False), lambda model: isinstance(model, mine.Votes))
    workflow = find(workflows(fresh=False, subsampled=False), lambda workflow: isinstance(workflow, mine.Momentum))
    check_workflow(workflow, generations=3)
    report = check_model(model, [workflow], generations=3, losses=("squared",))
    assert "values" in report.checked
    assert expected_risk(Regular(), workflow).ratio.closed_form.subs(G, 1) == 1
