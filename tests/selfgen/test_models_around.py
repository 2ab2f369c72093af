"""Models around another, and those that bend, wherever the registry is read: lists, completion, strategies, tables."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import find, settings
from typer.testing import CliRunner

from selfgen.catalogue import MODELS as TABLE
from selfgen.cli import app
from selfgen.commands import completion
from selfgen.listed import all_entries, entries, parameters
from theory import GaussianFit, Location, QuadraticVariance, RidgeRegression
from theory.models.base import Model
from theory.names import build
from theory.registry import EVERY_MODEL, MODEL_ALIASES, MODELS, WRAPPERS
from theory.testing import models


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == 0, result.output
    return result.output


def test_they_are_listed_with_what_their_parameters_may_be() -> None:
    assert set(entries("models")) == set(EVERY_MODEL) == {*MODELS, *WRAPPERS}
    bent = ("ridge-regression", "uniform-maximum", "location")
    for built in (*WRAPPERS.values(), *(MODELS[name] for name in bent)):
        for name, said in parameters(built).items():
            assert said["allowed"], (built, name)
            assert said["meaning"], (built, name)


def test_the_list_says_what_is_derived_of_each_kind() -> None:
    found = json.loads(run("list", "models", "maximum", "--json"))
    assert found["name"] == "uniform-maximum"
    assert found["aliases"] == ["maximum"]
    assert found["derived"]["maximum, squared"]["accumulate"] == "closed form ✓"
    assert found["derived"]["unbiased, squared"]["accumulate"] == "values"
    assert found["derived"]["unbiased, squared"]["sliding-window"] == "simulation"


@pytest.mark.parametrize("built", EVERY_MODEL.values(), ids=EVERY_MODEL)
def test_every_kind_is_a_model_in_symbols_and_the_table_has_it(built: type[Model]) -> None:
    for model in built.general().values():
        assert type(model) is built
        assert model.free_symbols >= set(model.ranges())
        assert not model.is_degenerate
    assert any(isinstance(model, built) for model in TABLE.values()) or "kl" in built.losses


def test_aliases_name_models() -> None:
    assert set(MODEL_ALIASES.values()) <= set(MODELS)
    (model, _) = build("ridge:d=2,T=5,penalty=1", "replace", {})
    assert model == RidgeRegression(2, 5, 1)
    assert (
        json.loads(run("derive", "ridge", "replace", "--set", "ratio=1/2", "--set", "shrinkage=1/2", "--json"))["limit"]
        == "6/5"
    )
    assert build("location:law=laplace,n=3", "replace", {})[0] == Location.median("laplace", 3)
    given = build("ridge:d=2,T=5,penalty=1,design=shared", "replace", {"eigenvalues": "[1, 2/3]"})[0]
    assert [str(value) for value in given.parameters["eigenvalues"]] == ["1", "2/3"]


def test_the_shell_completes_them(monkeypatch: pytest.MonkeyPatch) -> None:
    assert completion.models("pos") == ["posterior-mean", "posterior-sample"]
    assert "ridge" in completion.models("ri")
    assert completion.models("biased-sampler:model=bern") == ["biased-sampler:model=bernoulli"]
    assert completion.models("biased-sampler:model=bernoulli,p") == ["biased-sampler:model=bernoulli,p="]
    assert completion.models("posterior-mean:model=poisson,st") == ["posterior-mean:model=poisson,strength="]
    monkeypatch.setenv("_TYPER_COMPLETE_ARGS", "selfgen derive posterior-mean:model=bernoulli replace --set ")
    assert {"strength=", "prior_mean=", "p=", "n=", "sizes="} <= set(completion.settings(""))
    assert completion.losses("") == list(WRAPPERS["posterior-mean"].losses)
    monkeypatch.setenv("_TYPER_COMPLETE_ARGS", "selfgen derive ridge replace --set ")
    assert "penalty=" in completion.settings("pen")


@pytest.mark.parametrize("name", ["biased-sampler", "posterior-mean", "uniform-maximum"])
def test_random_models_are_among_them(name: str) -> None:
    found = find(models(), lambda model: model.name == name, settings=settings(max_examples=2000, database=None))
    assert not found.free_symbols
    assert not found.is_degenerate


def test_random_models_leave_alone_what_they_say() -> None:
    assert GaussianFit.left_alone == {"temperature"}
    assert QuadraticVariance(0, 0, 1, 0, 4).is_degenerate


COIN = "model=bernoulli,p=1/3,n=4"


@pytest.mark.parametrize(
    ("model", "workflow"),
    [
        (f"biased-sampler:{COIN},fidelity=9/10,target=1/2", "replace"),
        (f"posterior-mean:{COIN},strength=2,prior_mean=3/4", "accumulate"),
        (f"posterior-sample:{COIN},strength=2,prior_mean=3/4", "accumulate"),
        ("biased-sampler:model=gaussian-mean,sigma2=1,n=4,fidelity=6/5,target=1/2", "replace"),
        ("biased-sampler:model=gaussian-mean,sigma2=1,n=4,fidelity=4/5,target=1/2", "accumulate"),
    ],
)
def test_steps_of_bent_pairs(model, workflow):
    assert "steps checked" in run("derive", model, workflow, "--steps")


def test_less_fidelity_to_the_truth_as_target_is_never_worse():
    """Than the unbiased model, and than a more faithful sampler."""
    leaning = f"biased-sampler:{COIN},fidelity=1/2,target=1/3"
    for other in ("bernoulli:p=1/3,n=4", f"biased-sampler:{COIN},fidelity=9/10,target=1/3"):
        claim = ("--claim", "never-worse", "--than", "replace", "--than-model", other)
        assert "Checked." in run("prove", leaning, "replace", *claim)


def test_lines_of_a_list_are_without_markup():
    """Commands of LaTeX are signs, or nothing."""
    lines = [line for entries in all_entries().values() for line in entries.values()]
    assert len(lines) > 50
    assert not [line for line in lines if re.search(r"[\\{}$]|\b(tau|kappa|mid|text|theta|frac|sum|sigma)\b", line)]
