"""Proofs and derivations on the command line."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from selfgen.cli import app
from theory.proof.check import Checker
from theory.proof.coq import coqc_path


def run(*args: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, list(args))
    return result.exit_code, result.stdout, result.stderr


def test_what_is_proved_can_be_checked(tmp_path: Path) -> None:
    file = tmp_path / "bound.json"
    code, out, _ = run("prove", "regular", "accumulate", "--claim", "bound", "--json", str(file))
    assert code == 0
    assert "never exceeds pi**2/6, the least such number" in out
    code, again, _ = run("check", str(file))
    assert code == 0
    assert out.splitlines()[0] in again


def test_the_recurrence_is_derived_again(tmp_path: Path) -> None:
    file = tmp_path / "bound.json"
    run("prove", "bernoulli", "accumulate", "--claim", "bound", "--set", "n=50", "--json", str(file))
    pair = ("bernoulli", "accumulate", "--set", "n=50")
    assert "selfgen derives again" in run("check", str(file), *pair)[1]
    about = "the ratio of bernoulli under accumulate"
    for other, said in {
        ("bernoulli", "accumulate", "--set", "n=51"): f"{about} with other settings than those given here.",
        ("bernoulli", "replace", "--set", "n=50"): f"{about}, not the ratio of bernoulli under replace.",
        ("poisson", "accumulate", "--set", "n=50"): f"{about}, not the ratio of poisson under accumulate.",
        (*pair, "--risk"): f"{about}, not the risk of bernoulli under accumulate.",
        (*pair, "--than", "replace"): f"{about}, not {about} and the ratio of bernoulli under replace.",
    }.items():
        code, _, error = run("check", str(file), *other)
        assert code == 1
        assert error == f"selfgen: {file} is about something else: {said}\n"
    for wrong in (("bernoulli",), ("--set", "n=50"), (*pair, "--than-model", "poisson"), ("--loss", "kl")):
        code, _, error = run("check", str(file), *wrong)
        assert code == 2
        assert "name both" in error


@pytest.mark.parametrize("key", ["model", "workflow", "loss", "quantity", "exactness"])
def test_what_a_certificate_says_it_is_about_is_compared(key: str, tmp_path: Path) -> None:
    file = tmp_path / "bound.json"
    pair = ("bernoulli", "accumulate", "--set", "n=50")
    run("prove", *pair, "--claim", "bound", "--json", str(file))
    data = json.loads(file.read_text(encoding="utf-8"))
    data["about"][0][key] = "poisson"
    file.write_text(json.dumps(data), encoding="utf-8")
    assert run("check", str(file))[0] == 0
    code, _, error = run("check", str(file), *pair)
    assert code == 1
    assert error.count("\n") == 1
    assert "poisson" in error


def test_the_ranges_are_derived_again(tmp_path: Path) -> None:
    file = tmp_path / "limit.json"
    pair = ("exponential", "accumulate", "--risk")
    run("prove", *pair, "--claim", "bound", "--json", str(file))
    assert run("check", str(file), *pair)[0] == 0
    data = json.loads(file.read_text(encoding="utf-8"))
    assert data["parameters"]["n"] == "t2 + 1"
    data["parameters"]["n"] = "t2 + 2"
    checker = Checker(data)
    checker.run(complete=False)
    file.write_text(json.dumps({**data, "witnesses": checker.witnesses}), encoding="utf-8")
    assert run("check", str(file))[0] == 0
    code, _, error = run("check", str(file), *pair)
    assert code == 1
    assert "the range of n would be t2 + 1, not t2 + 2" in error


def test_two_models_are_compared() -> None:
    shared = ("--than", "accumulate", "--than-model", "linear-regression:design=shared", "--risk")
    code, out, _ = run("prove", "linear-regression", "accumulate", "--claim", "never-worse", *shared)
    assert code == 0
    assert "fresh under accumulate is never above the risk of linear-regression, shared under accumulate" in out


def test_a_changed_certificate_proves_nothing(tmp_path: Path) -> None:
    file = tmp_path / "bound.json"
    run("prove", "regular", "accumulate", "--claim", "bound", "--json", str(file))
    data = json.loads(file.read_text(encoding="utf-8"))
    data["claim"]["bound"] = "pi**2/7"
    file.write_text(json.dumps(data), encoding="utf-8")
    code, _, error = run("check", str(file))
    assert code == 1
    assert re.search(r"proves nothing: step \d \(claim\): the bound is not shown to be pi\*\*2/7", error)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--claim", "limit"], "tends to the limit below"),
        (["--claim", "monotone"], "never falls"),
        (["--claim", "remainder", "--terms", "3"], "1/(6*g**3) for g >= 1"),
        (["--claim", "never-worse", "--than", "replace"], "is never above"),
        (["--claim", "lower-limit", "--than", "accumulate-subsample"], "settles below"),
        (["--risk"], "the risk of regular under accumulate"),
    ],
)
def test_claims(options: list[str], said: str) -> None:
    code, out, _ = run("prove", "regular", "accumulate", *options)
    assert code == 0
    assert said in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["regular", "replace", "--claim", "bound"], "no certificate was found"),
        (["regular", "replace", "--claim", "never-worse", "--than", "accumulate"], "no certificate was found"),
        (["bernoulli", "accumulate-subsample"], "no closed form, its recurrence alone"),
        (["regular", "accumulate", "--claim", "truth"], "--claim truth is not a claim"),
        (["regular", "accumulate", "--than", "replace"], "leave out --than"),
        (["regular", "accumulate", "--claim", "never-worse"], "name the other by --than"),
        (["regular", "accumulate", "--terms", "2"], "--terms 2 belongs to --claim remainder"),
        (["regular", "accumulate", "--claim", "remainder", "--terms", "0"], "--terms 0 is not allowed"),
        (["regular"], "Missing argument 'WORKFLOW'"),
        (["irregular", "accumulate"], "irregular"),
    ],
)
def test_what_cannot_be_proved_is_one_sentence(arguments: list[str], said: str) -> None:
    code, _, error = run("prove", *arguments)
    assert code == 2
    assert said in error
    assert error.count("\n") == 1


def test_files_that_are_no_certificates(tmp_path: Path) -> None:
    (tmp_path / "list.json").write_text("[]", encoding="utf-8")
    for file, said in ((tmp_path / "none.json", "No such file"), (tmp_path, "is no certificate")):
        code, _, error = run("check", str(file))
        assert code == 2
        assert said in error
    assert run("check", str(tmp_path / "list.json"))[0] == 2


def test_steps() -> None:
    code, out, _ = run("derive", "poisson", "accumulate", "--steps")
    assert code == 0
    assert "R(G) → pi**2*lambda/(6*n)" in out
    assert re.search(r"all \d+ steps checked", out)
    assert run("derive", "poisson", "accumulate", "--steps", "--latex")[1].startswith(r"\begin{align*}")
    for other in (["--json"], ["--generation", "3"]):
        code, _, error = run("derive", "poisson", "accumulate", "--steps", *other)
        assert code == 2
        assert "exclude each other" in error


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "stated"),
    [
        (["--claim", "bound"], "is_lub (value_of risk) (PI ^ 2 / 6)."),
        (
            ["--claim", "never-worse", "--than", "accumulate-subsample"],
            "forall G, (1 <= G)%nat -> accumulate_risk G <= accumulate_subsample_risk G.",
        ),
    ],
)
def test_the_claim_is_exported_to_coq(options: list[str], stated: str, tmp_path: Path) -> None:
    file = tmp_path / "claim.v"
    code, out, _ = run("prove", "regular", "accumulate", *options, "--coq", str(file))
    assert code == 0
    assert f"states in Coq: {stated}" in " ".join(out.split())
    assert ("coqc accepts it" if coqc_path() else "coqc is not installed") in " ".join(out.split())
    assert f"Theorem claim : {stated}" in file.read_text(encoding="utf-8")


def test_what_coq_cannot_state_is_one_sentence(tmp_path: Path) -> None:
    file = tmp_path / "claim.v"
    code, _, error = run("prove", "linear-regression", "accumulate", "--claim", "limit", "--coq", str(file))
    assert code == 2
    assert re.search(r"^selfgen: the limit .* cannot be exported to Coq, .* polygamma", error)
    assert error.count("\n") == 1
    assert not file.exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["contaminated-pool:real=1/4", "--claim", "monotone"], "rises up to generation 2 and then falls: it is not"),
        (["replace", "--claim", "limit"], "ratio of regular under replace grows for ever: prove its growth"),
        (["age-weighted:weight=1/(l*(l+1))", "--claim", "growth"], "not run by a recurrence of moments"),
        (["contaminated-pool:real=1/4"], "the ratio of regular under contaminated-pool has no closed form"),
        (["contaminated-pool:real=rho", "--symbol", "rho", "--claim", "growth"], "is by cases (2*rho against 1)"),
    ],
)
def test_why_there_is_nothing_to_prove(arguments: list[str], said: str) -> None:
    """One sentence, which says what is so instead of the claim where that is known."""
    code, _, error = run("prove", "regular", *arguments)
    assert code == 2
    assert said in error
    assert error.count("\n") == 1
