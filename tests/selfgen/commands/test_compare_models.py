"""Comparing two models under the same workflows, and which loops collapse that lean."""

from __future__ import annotations

from pathlib import Path

import pytest
from sympy import Symbol
from typer.testing import CliRunner

from selfgen.cli import app
from selfgen.comparison import side_by_side
from theory import (
    Accumulate,
    BiasedSampler,
    DomainError,
    GaussianMean,
    PosteriorMean,
    PosteriorSample,
    Replace,
    expected_risk,
)
from theory.design import compare
from theory.design.comparison import ranges_of

run = CliRunner()
UNIT = GaussianMean(sigma2=1, n=1)
VERIFIED = "biased-sampler:model=gaussian-mean,sigma2=1,n=1,fidelity=1/2,dispersion=1/2"


def test_a_verifier_that_helps_at_first_is_worse_from_six_on() -> None:
    """The law of docs/laws.md: 15/16 below 5/4 at generation 2, and above from generation 6 on."""
    command = f"compare {VERIFIED},target=2 accumulate --than-model gaussian-mean:sigma2=1,n=1 --generation 2"
    result = run.invoke(app, command.split())
    assert result.exit_code == 0, result.output
    for told in ("risk at 2", "0.9375", "1.25"):
        assert told in result.output
    assert "Crossing at G = 6: from there accumulate of gaussian-mean is better" in result.output


def test_each_workflow_under_each_model() -> None:
    """Four risks, six pairs, each sign that of the exact values."""
    other = BiasedSampler(UNIT, "1/2", 1)
    compared = compare([Replace(), Accumulate()], UNIT, than_model=other, upto=12)
    assert [risk.model for risk in compared.risks] == [UNIT, UNIT, other, other]
    assert len(compared.pairs) == 6
    for pair in compared.pairs:
        first, second = compared.risks[pair.first], compared.risks[pair.second]
        values = [(first.at(g), second.at(g)) for g in range(1, 13)]
        assert list(pair.signs) == [bool(left > right) - bool(left < right) for left, right in values]
    assert compared.table()["model"] == ["gaussian-mean"] * 2 + ["biased-sampler"] * 2
    with pytest.raises(DomainError, match="two workflows or more"):
        compare([Replace()], UNIT)


def test_names_tell_models_apart_by_what_differs(tmp_path: Path) -> None:
    one, two = (f"posterior-mean:model=gaussian-mean,n=4,sigma2=1,strength={k},prior_mean=1" for k in (2, 3))
    picture = tmp_path / "both.png"
    result = run.invoke(app, ["compare", one, "replace", "--than-model", two, "--plot", str(picture)])
    assert result.exit_code == 0, result.output
    assert "replace of posterior-mean:strength=2" in result.output.replace("\n", " ")
    assert picture.stat().st_size > 1000


def test_a_range_that_two_models_disagree_on_is_none() -> None:
    """n from 1 on for a mean, from d + 3 on for a Gaussian fit: what holds for both is what n is assumed to be."""
    from theory import GaussianFit

    risks = [expected_risk(GaussianMean(), Replace()), expected_risk(GaussianFit(d=2), Replace())]
    n = Symbol("n", integer=True, positive=True)
    assert all(n in ranges_of([risk]) for risk in risks)
    assert n not in ranges_of(risks)


@pytest.mark.parametrize(
    ("model", "workflow", "verdict"),
    [
        (BiasedSampler(UNIT, "1/2", 0), Replace(), "no"),
        (BiasedSampler(UNIT, "1/2", 1), Replace(), "yes"),
        (BiasedSampler(UNIT, "1/2", 1), Accumulate(), "yes"),
        (BiasedSampler(UNIT, "1/2", 0), Accumulate(), "no"),
        (BiasedSampler.temperature(UNIT, "1/2"), Replace(), "yes"),
        (PosteriorMean(UNIT, 1, 1), Replace(), "yes"),
        (PosteriorSample(UNIT, 1, 1), Accumulate(), "no"),
    ],
    ids=str,
)
def test_what_collapses_when_a_sampler_leans(model, workflow, verdict) -> None:
    """As n and then G grow: a bias stays whatever n, centred leaning is bounded, a prior of fixed strength fades."""
    rows = side_by_side(model, [("one", workflow), ("two", Replace())], "squared", 10).rows
    assert rows[0].verdict == verdict
    large = expected_risk(model.changed("n", 10**6), workflow)
    assert (large.ratio.at(1500) > 500) == (verdict == "yes")
