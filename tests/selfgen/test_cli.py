"""The command line: what it prints, and every way of getting it wrong."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from launcher import UNREAD, Launcher
from sympy import Rational
from typer.testing import CliRunner

import numerics
from selfgen import __version__, verification
from selfgen.cli import app
from selfgen.workers import workers
from theory import Accumulate, Bernoulli, GaussianMean, expected_risk

run = CliRunner()

STUDY = """
title = "Small"
[defaults]
generations = 4
replicates = 20000
[[case]]
model = "bernoulli"
workflow = ["replace", "accumulate"]
parameters = { p = "1/3", n = 20 }
"""


@pytest.fixture
def study(tmp_path: Path) -> Path:
    path = tmp_path / "small.toml"
    path.write_text(STUDY, encoding="utf-8")
    return path


def test_version() -> None:
    assert run.invoke(app, ["--version"]).output == f"selfgen {__version__}\n"


# derive


def test_derive_prints_these_keys() -> None:
    command = "derive bernoulli accumulate --set p=1/3 --set n=50 --generation 10 --json"
    result = run.invoke(app, command.split())
    assert result.exit_code == 0, result.output
    found = json.loads(result.output)
    assert list(found) == [
        "model", "workflow", "closed_form", "value", "standard_deviation", "limit", "growth", "domain", "exactness",
        "latex",
    ]  # fmt: skip
    assert (found["model"], found["workflow"], found["exactness"]) == ("bernoulli", "accumulate", "exact")
    # V_0/v_2 (Π (1 + v_2/(n j²)) − 1) with V_0 = 2/9 and v_2 = −1, in exact rationals.
    product = Rational(1)
    for block in range(1, 11):
        product *= 1 - Rational(1, 50 * block**2)
    assert Rational(found["value"]) == Rational(2, 9) * (1 - product)
    assert found["closed_form"]
    assert found["limit"]


def test_derive_has_no_value_without_a_generation() -> None:
    found = json.loads(run.invoke(app, ["derive", "poisson", "replace", "--json"]).output)
    assert found["value"] is None
    assert found["limit"] == "oo"


def test_derive_takes_sizes_aliases_and_words() -> None:
    first = run.invoke(app, ["derive", "regular", "augment", "--sizes", "j", "--generation", "3", "--json"])
    second = run.invoke(app, ["derive", "regular", "accumulate:sizes=j", "--generation", "3", "--json"])
    assert first.exit_code == 0, first.output
    # Σ s(j)/N_j² with N_j = j(j+1)/2: 1 + 2/9 + 3/36.
    found = json.loads(first.output)
    assert found["value"] == json.loads(second.output)["value"] == "47*p/(36*n)"
    shared = run.invoke(app, "derive linear-regression replace --set design=shared --set d=2 --set T=10".split())
    assert shared.exit_code == 0
    assert "exact" in shared.output


def test_derive_latex_is_the_theorem_line() -> None:
    result = run.invoke(app, ["derive", "bernoulli", "accumulate", "--latex"])
    assert result.output.strip() == expected_risk(Bernoulli(), Accumulate()).latex().strip()


def test_derive_for_people() -> None:
    output = run.invoke(app, "derive poisson accumulate --set rate=2 --set n=10 --generation 2".split()).output
    assert "closed form" in output
    assert "risk at 2" in output
    # 2/10 (1 + 1/4)
    assert "1/4" in output


# simulate


def test_simulate_as_json_and_csv_agree() -> None:
    command = "simulate bernoulli accumulate --set p=1/3 --set n=20 --generations 3 --replicates 2000 --seed 5".split()
    as_json = run.invoke(app, [*command, "--json"])
    as_csv = run.invoke(app, [*command, "--csv"])
    assert as_json.exit_code == as_csv.exit_code == 0, as_json.output + as_csv.output
    found = json.loads(as_json.output)
    rows = list(csv.DictReader(io.StringIO(as_csv.output)))
    assert [float(row["mean"]) for row in rows] == found["mean"]
    assert [int(row["generation"]) for row in rows] == [1, 2, 3]
    exact = 2 / 9 / 20
    assert abs(found["mean"][0] - exact) < 5 * found["stderr"][0]
    assert "mean risk" in run.invoke(app, command).output


def test_simulate_draws_data_points_too() -> None:
    command = "simulate poisson replace --set rate=2 --set n=5 --generations 2 --replicates 500 --method raw --json"
    assert json.loads(run.invoke(app, command.split()).output)["method"] == "raw"


# compare


def test_compare_says_which_collapse() -> None:
    command = "compare bernoulli replace accumulate sliding-window:k=3 fresh-real --set n=50 --set p=1/3"
    result = run.invoke(app, command.split())
    assert result.exit_code == 0, result.output
    first, _, second = result.output.partition("dominates")
    assert "proved for every G" in second
    rows = {line.split("│")[1].strip(): line for line in first.splitlines() if line.startswith("│ ") and line[2] != " "}
    collapses = {"replace": "yes", "accumulate": "no", "sliding-window:k=3": "yes", "fresh-real": "no"}
    assert {name: line.split("│")[-2].strip() for name, line in rows.items()} == collapses


def test_compare_needs_no_numbers_where_parameters_cancel() -> None:
    command = "compare poisson replace accumulate accumulate-subsample sliding-window:k=3 --generation 100"
    result = run.invoke(app, command.split())
    assert result.exit_code == 0, result.output
    # H_100^(2)
    assert "1.63498" in result.output


COMPARE = [
    ("compare poisson replace", "workflows = replace leave nothing to compare: give two workflows or more"),
    ("compare poisson", "Missing argument"),
    ("compare", "Missing argument"),
    ("compare poison replace accumulate", "did you mean poisson?"),
    ("compare poisson replace acumulate", "did you mean accumulate?"),
    ("compare poisson replace accumulate --generation 0", "--generation 0 is not allowed"),
    ("compare poisson replace accumulate --generation -3", "--generation -3 is not allowed"),
    ("compare poisson replace accumulate --generation 2.5", "--generation 2.5 is not allowed"),
    ("compare poisson replace accumulate --generation", "requires an argument"),
    ("compare poisson replace accumulate --loss huge", "loss = 'huge'"),
    ("compare poisson replace accumulate --set rate=-1", "rate = -1 is not allowed"),
    ("compare poisson replace accumulate --set p=1/2", "p is not a parameter of poisson"),
    ("compare poisson replace accumulate --set rate", "write name=value"),
    ("compare poisson replace accumulate --set rate=1 --set rate=2", "rate a second time"),
    ("compare poisson replace accumulate --sizes G", "sizes = G contains theory.G"),
    ("compare poisson replace accumulate --sizes 0", "sizes"),
    ("compare poisson replace accumulate --sizes j --set sizes=j", "--sizes and by --set"),
    ("compare poisson replace sliding-window:k=0", "k = 0"),
    ("compare poisson replace sliding-window:size=3", "size is not a parameter of sliding-window"),
    ("compare poisson replace fresh-real:share=2", "share = 2"),
    ("compare poisson replace accumulate --plot ratios", "must end in .pdf, .png, .svg"),
    ("compare poisson replace accumulate --plot /dev/null/ratios.png", "cannot be written"),
    ("compare bernoulli replace accumulate --plot ratios.png", "depends on n"),
    ("compare poisson replace accumulate --colour", "No such option"),
    ("compare linear-regression replace accumulate-subsample --set d=50 --set T=20 --set signal=1", "no derived risk"),
]


@pytest.mark.parametrize(("command", "sentence"), COMPARE, ids=[command for command, _ in COMPARE])
def test_compare_says_what_is_wrong(command: str, sentence: str) -> None:
    result = run.invoke(app, command.split())
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert sentence in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("suffix", ["png", "pdf", "svg"])
def test_compare_draws(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"ratios.{suffix}"
    result = run.invoke(app, ["compare", "poisson", "replace", "accumulate", "--plot", str(path)])
    assert result.exit_code == 0, result.output
    assert path.stat().st_size > 1000


# verify


def test_verify_agrees_and_writes(study: Path, tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "results"
    result = run.invoke(app, ["verify", str(study), "--output", str(folder), "--jobs", "1"])
    assert result.exit_code == 0, result.output
    assert "2 of 2 cases agree" in result.output
    names = {path.name for path in folder.iterdir()}
    stems = ("001-bernoulli-replace", "002-bernoulli-accumulate")
    figures = {f"{stem}.{suffix}" for stem in stems for suffix in ("png", "pdf")}
    assert (
        names == {"index.html", "certificates", "results.json", "results.csv", "theorems.tex", "cases.jsonl"} | figures
    )

    found = json.loads((folder / "results.json").read_text())
    assert found["passed"] is True
    rows = list(csv.DictReader((folder / "results.csv").open()))
    assert len(rows) == 2 * 4
    exact = [float(expected_risk(Bernoulli("1/3", 20), Accumulate()).at(g)) for g in range(1, 5)]
    np.testing.assert_allclose(found["cases"][1]["formula"], exact, rtol=1e-12)
    np.testing.assert_allclose([float(row["formula"]) for row in rows[4:]], exact, rtol=1e-12)
    assert (folder / "001-bernoulli-replace.png").read_bytes().startswith(b"\x89PNG")
    assert (folder / "001-bernoulli-replace.pdf").read_bytes().startswith(b"%PDF")


@pytest.fixture(scope="module")
def two_workers() -> Iterator[Executor]:
    with workers(2) as executor:
        yield executor


@pytest.fixture
def pool(two_workers: Executor, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same two processes for each test that asks for two: to start them takes longer than what they do."""

    @contextmanager
    def again(count: int) -> Iterator[Executor]:
        assert count == 2
        yield two_workers

    monkeypatch.setattr(verification, "workers", again)


def test_verify_does_not_depend_on_the_number_of_processes(study: Path, tmp_path: Path, pool: None) -> None:
    found = []
    for jobs in ("1", "2"):
        folder = tmp_path / jobs
        assert run.invoke(app, ["verify", str(study), "--output", str(folder), "--jobs", jobs]).exit_code == 0
        found.append((folder / "results.csv").read_text())
    assert found[0] == found[1]


def test_verify_catches_a_formula_that_is_wrong(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(model: Bernoulli, workflow: Accumulate, loss: str) -> object:
        right = expected_risk(model, workflow, loss=loss)
        return replace(right, recurrence=replace(right.recurrence, scale=right.recurrence.scale * Rational(27, 25)))

    monkeypatch.setattr(verification, "expected_risk", wrong)
    result = run.invoke(app, ["verify", str(study), "--jobs", "1"])
    assert result.exit_code == 1
    assert "0 of 2 cases agree" in result.output
    assert "0 of 2 cases agree, 2 disagree." in result.output


FEW = """
[[case]]
model = "gaussian-mean"
workflow = ["accumulate", "replace"]
parameters = { sigma2 = 1, n = 10 }
generations = 4
replicates = 400
[[case]]
model = "gaussian-mean"
workflow = "replace"
parameters = { sigma2 = 1, n = 10 }
generations = 4
replicates = 4000
"""


def test_verify_tells_inconclusive_from_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, folder = tmp_path / "few.toml", tmp_path / "found"
    path.write_text(FEW, encoding="utf-8")
    result = run.invoke(app, ["verify", str(path), "--jobs", "1", "--output", str(folder)])
    assert result.exit_code == 3
    assert result.output.count("inconclusive") >= 5  # twice in the table, twice with the reason, once in the summary
    assert "replicates would decide" in result.output
    assert "1 of 3 cases agree, 2 are inconclusive. In every case that agrees a formula wrong by" in result.output
    found = json.loads((folder / "results.json").read_text())
    assert found["passed"] is False
    assert found["verdicts"] == {"agrees": 1, "disagrees": 0, "inconclusive": 2}
    assert found["cases"][0]["replicates_needed"] > 1000
    rows = list(csv.DictReader((folder / "results.csv").open()))
    assert [row["verdict"] for row in rows[::4]] == ["inconclusive", "inconclusive", "agrees"]
    assert run.invoke(app, ["verify", str(path), "--jobs", "1", "--detectable", "0.6"]).exit_code == 0

    def wrong(model: GaussianMean, workflow: Accumulate, loss: str) -> object:
        right = expected_risk(model, workflow, loss=loss)
        factor = 2 if workflow.name == "accumulate" else 1
        return replace(right, recurrence=replace(right.recurrence, scale=right.recurrence.scale * factor))

    monkeypatch.setattr(verification, "expected_risk", wrong)
    result = run.invoke(app, ["verify", str(path), "--jobs", "1"])
    assert result.exit_code == 1
    assert "1 of 3 cases agree, 1 disagree and 1 are inconclusive." in result.output


@pytest.mark.parametrize("given", ["0", "-1", "nan", "inf", "a quarter"])
def test_what_verify_asks_is_a_positive_number(study: Path, given: str) -> None:
    result = run.invoke(app, ["verify", str(study), f"--detectable={given}"])
    assert result.exit_code == 2
    assert f"--detectable {given} is not allowed: give a positive relative error" in result.stderr
    assert result.stderr.count("\n") == 1


def test_verify_takes_a_seed(study: Path, tmp_path: Path) -> None:
    found = []
    for seed in ("1", "2"):
        run.invoke(app, ["verify", str(study), "--output", str(tmp_path / seed), "--jobs", "1", "--seed", seed])
        found.append(json.loads((tmp_path / seed / "results.json").read_text())["cases"][0]["mean"])
    assert found[0] != found[1]


# errors

ERRORS = [
    ("derive bernouli accumulate", "did you mean bernoulli?"),
    ("derive bernoulli acumulate", "did you mean accumulate?"),
    ("derive bernoulli accumulate --set p=2", "p = 2 is not allowed: p must be between 0 and 1"),
    ("derive bernoulli accumulate --set q=1", "q is not a parameter of bernoulli with accumulate"),
    ("derive bernoulli accumulate --set p", "write name=value"),
    ("derive bernoulli accumulate --set p=1/3 --set p=1/2", "p a second time"),
    ("derive bernoulli accumulate --set p=9**9**9**9", "a power too large"),
    ("derive bernoulli accumulate --set p=__import__('os')", "is not permitted"),
    ("derive bernoulli accumulate --set n=2.5", "n = 2.5 is not allowed"),
    ("derive bernoulli accumulate --sizes -1", "sizes = -1"),
    ("derive bernoulli accumulate --sizes j --set sizes=j", "--sizes and by --set"),
    ("derive bernoulli real-plus-latest --sizes j", "sizes is not a parameter"),
    ("derive bernoulli accumulate --loss huge", "loss = 'huge'"),
    ("derive bernoulli accumulate --latex --json", "exclude each other"),
    ("derive bernoulli fresh-real --set share=2", "share = 2"),
    ("derive bernoulli sliding-window --set k=0", "k = 0"),
    ("simulate bernoulli accumulate --csv --json", "exclude each other"),
    ("compare bernoulli replace nothing", "workflow 'nothing' is not known"),
    ("compare poisson replace accumulate --plot ratios.gif", "must end in .pdf, .png, .svg"),
    ("compare poisson replace accumulate --plot no/such/folder/ratios.png", "cannot be written"),
    ("verify nowhere.toml", "nowhere.toml does not exist"),
    ("verify --output /dev/null/results", "--output /dev/null/results"),
]


@pytest.mark.parametrize(("command", "sentence"), ERRORS)
def test_bad_input_is_one_sentence_and_exit_code_2(command: str, sentence: str) -> None:
    result = run.invoke(app, command.split())
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert sentence in result.stderr
    assert result.stderr.startswith("selfgen: ")
    assert result.stderr.count("\n") == 1


OPTIONS = [
    ("derive", "Missing argument"),
    ("derive bernoulli", "Missing argument"),
    ("derive bernoulli accumulate --colour", "No such option"),
    ("derive bernoulli accumulate --generation", "--generation"),
    ("undo", "No such command 'undo'"),
    ("derive bernoulli accumulate --generation 0", "--generation 0 is not allowed: give a whole number, 1 or more"),
    ("derive bernoulli accumulate --generation -1", "--generation -1 is not allowed"),
    ("derive bernoulli accumulate --generation 1.5", "--generation 1.5 is not allowed"),
    ("derive bernoulli accumulate --generation 1e400", "--generation 1e400 is not allowed"),
    ("derive bernoulli accumulate --generation ten", "--generation ten is not allowed"),
    ("derive bernoulli accumulate --generation 1000", "is too far to write out with the symbols n, p"),
    ("derive bernoulli sliding-window:k=2 --generation 40", "give numbers, or a generation up to 32"),
    ("derive bernoulli accumulate --sizes __import__('os')", "is not permitted"),
    ("derive bernoulli accumulate --sizes G", "sizes = G contains theory.G, which is reserved"),
    ("derive bernoulli accumulate --set p=j/9", "p = j/9 contains theory.j, which is reserved"),
    ("derive bernoulli accumulate --set =3", "write name=value"),
    ("simulate bernoulli accumulate --method guess", "guess"),
    ("simulate bernoulli accumulate --replicates 1", "--replicates 1 is not allowed: give a whole number, 2 or more"),
    ("simulate bernoulli accumulate --generations 0", "--generations 0 is not allowed"),
    ("simulate bernoulli accumulate --jobs 0", "--jobs 0 is not allowed: give a whole number from 1"),
    ("simulate bernoulli accumulate --seed -1", "--seed -1 is not allowed: give a whole number, 0 or more"),
    ("simulate bernoulli accumulate --set p=1/3 --set n=9 --generations 99999", "generations = 99999 is too many"),
    ("simulate bernoulli accumulate --set p=1/3 --set n=9 --replicates 1000000000000", "is too many to simulate"),
    ("simulate bernoulli accumulate --set p=1/3 --set n=1e20", "counts exactly up to 2^53 only"),
    ("simulate linear-regression accumulate --set d=200000 --set T=900000", "more memory than there is"),
    ("verify --jobs 0", "--jobs 0 is not allowed"),
    ("verify --seed -1", "--seed -1 is not allowed"),
    ("compare bernoulli", "Missing argument"),
    ("compare bernoulli replace accumulate --generation 1000000000000", "too far to write out with the symbol n"),
]


@pytest.mark.parametrize(("command", "sentence"), OPTIONS)
def test_wrong_options_are_one_sentence_and_exit_code_2(command: str, sentence: str) -> None:
    result = run.invoke(app, command.split())
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert sentence in result.stderr
    assert result.stderr.startswith("selfgen: ")
    assert result.stderr.count("\n") == 1


def test_far_generations_are_decimals() -> None:
    # At G = 10¹² accumulate is within some 1/G of its limit. At 900 the exact value has 5000 digits.
    command = "derive bernoulli accumulate --set p=1/3 --set n=50 --generation 1000000000000 --json"
    found = json.loads(run.invoke(app, command.split()).output)
    limit = 2 / 9 * (1 - np.sin(np.pi / np.sqrt(50)) / (np.pi / np.sqrt(50)))
    assert float(found["value"]) == pytest.approx(limit, rel=1e-10)
    exact = run.invoke(app, "derive bernoulli accumulate --set p=1/3 --set n=50 --generation 900".split())
    assert exact.exit_code == 0, exact.output


def test_a_spread_in_symbols_stays_in_them() -> None:
    result = run.invoke(app, "derive bernoulli accumulate".split())
    assert result.exit_code == 0, result.exception
    (line,) = (line for line in result.output.splitlines() if line.startswith("standard deviation"))
    assert "≈" not in line


def test_an_infinite_risk_is_an_answer() -> None:
    result = run.invoke(app, "derive linear-regression replace --set design=shared --set d=5 --set T=5".split())
    assert result.exit_code == 0, result.output
    assert "limit               oo" in result.output


@pytest.fixture(scope="module")
def launcher() -> Iterator[Launcher]:
    started = Launcher()
    yield started
    started.close()


def test_output_on_a_full_disk(launcher: Launcher, tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no device that is always full")
    errors = tmp_path / "errors"
    for command in ("derive bernoulli accumulate", "--help"):
        assert launcher.run(command.split(), "/dev/full", errors) == 2
        assert errors.read_text() == "selfgen: standard output cannot be written: No space left on device.\n"


@pytest.mark.parametrize(
    "command",
    [
        "--help", "--version", "derive bernoulli accumulate", "derive --help", "derive bernoulli accumulate --json",
        "compare poisson replace accumulate", "value bernoulli",
        "simulate bernoulli accumulate --set p=1/3 --set n=9 --replicates 9 --csv",
    ],
)  # fmt: skip
def test_a_reader_who_left_is_no_error(command: str, launcher: Launcher, tmp_path: Path) -> None:
    assert launcher.run(command.split(), UNREAD, tmp_path / "errors") == 141
    assert (tmp_path / "errors").read_text() == ""


@pytest.mark.parametrize("method", ["exact-law", "raw"])
def test_simulation_does_not_depend_on_the_number_of_processes(method: str, pool: None) -> None:
    command = "simulate bernoulli accumulate --set p=1/3 --set n=20 --generations 3 --replicates 40000 --seed 5 --json"
    found = [run.invoke(app, [*command.split(), "--method", method, "--jobs", jobs]).output for jobs in ("1", "2")]
    assert found[0] == found[1]
    assert len(json.loads(found[0])["mean"]) == 3


def test_simulating_symbols_is_an_error() -> None:
    result = run.invoke(app, ["simulate", "bernoulli", "accumulate", "--set", "p=1/3"])
    assert result.exit_code == 2
    assert "n" in result.stderr
    assert result.stderr.count("\n") == 1


def test_plotting_symbols_is_an_error(tmp_path: Path) -> None:
    result = run.invoke(app, ["compare", "bernoulli", "replace", "accumulate", "--plot", str(tmp_path / "ratios.png")])
    assert result.exit_code == 2
    assert "depends on n" in result.stderr


def test_a_study_in_error_names_its_case(study: Path) -> None:
    study.write_text(STUDY.replace("1/3", "4/3"), encoding="utf-8")
    result = run.invoke(app, ["verify", str(study)])
    assert result.exit_code == 2
    assert "case 1 (bernoulli, replace): p = 4/3" in result.stderr


def test_a_case_without_a_derivation_names_itself(tmp_path: Path) -> None:
    path = tmp_path / "wide.toml"
    path.write_text(
        '[[case]]\nmodel = "linear-regression"\nworkflow = "accumulate-subsample"\n'
        "parameters = { d = 50, T = 20, signal = 1 }\n",
        encoding="utf-8",
    )
    result = run.invoke(app, ["verify", str(path), "--jobs", "1"])
    assert result.exit_code == 2
    assert "case 1 (linear-regression, accumulate-subsample)" in result.stderr
    assert "no derived risk" in result.stderr


def test_a_real_process() -> None:
    good = subprocess.run(
        [sys.executable, *"-m selfgen derive poisson replace --set n=5 --generation 4 --json".split()],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert good.returncode == 0, good.stderr
    assert json.loads(good.stdout)["value"] == "4*lambda/5"


def test_bad_input_in_a_real_process(launcher: Launcher, tmp_path: Path) -> None:
    output, errors = tmp_path / "output", tmp_path / "errors"
    assert launcher.run("derive poisson replace --set rate=-1".split(), str(output), errors) == 2
    assert output.read_text() == ""
    assert errors.read_text() == "selfgen: rate = -1 is not allowed: rate must be positive.\n"


def test_the_command_mirrors_the_library() -> None:
    command = "simulate poisson replace --set rate=2 --set n=5 --generations 2 --replicates 300 --seed 3 --json"
    from theory import Poisson, Replace

    simulation = numerics.simulate(Poisson(2, 5), Replace(), generations=2, replicates=300, seed=3)
    assert json.loads(run.invoke(app, command.split()).output)["mean"] == list(simulation.mean)


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("derive bernoulli accumulate --sizes k**2", "sizes = 'k**2' holds k, which nothing declares"),
        ("derive bernoulli accumulate --set sizes=J", "did you mean j?"),
        ("derive bernoulli accumulate --sizes n*j --set n=50", "holds n, which nothing declares"),
        ("derive kernel-density replace --set bandwidth=silvermann", 'Or give "scott"'),
        ("derive bernoulli real-plus-latest:share=0.3 --set share=0.4", "share = 0.4 is given again"),
        ("derive bernoulli:n=4 replace --set n=4", "n = 4 is given again"),
        ("derive bernoulli augment:sizes=j --sizes j", "sizes = j is given again"),
        ("derive bernoulli accumulate --sizes j --sizes j**2", "--sizes is given 2 times"),
        ("derive poisson replace --loss kl --loss squared", "--loss is given 2 times"),
        ("simulate poisson replace --set rate=1 --set n=2 --seed 1 --seed 1", "--seed is given 2 times"),
        ("value bernoulli --overlap --disjoint", "is given 2 times"),
        ("value bernoulli:n=5", "--fitted-on says how many samples"),
        ("derive bernoulli replace --symbol j", "symbol j is not allowed"),
        ("check nothing.json --symbol c", "nothing.json"),
    ],
)
def test_input_that_means_something_else_is_refused(command: str, said: str) -> None:
    result = CliRunner().invoke(app, command.split())
    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stderr.count("\n") == 1


def test_declared_constants_and_notes() -> None:
    declared = CliRunner().invoke(
        app, "derive gaussian-mean replace --sizes c*j --symbol c --generation 2 --json".split()
    )
    assert json.loads(declared.stdout)["value"] == "3*sigma**2/(2*c*n)"
    noted = CliRunner().invoke(app, "derive bernoulli accumulate --sizes 1000 --set n=50 --set p=1/2 --json".split())
    assert noted.exit_code == 0
    assert noted.stderr == (
        "selfgen: note: sizes = 1000 is in units of n = 50, so block 1 holds 50000 samples; for 1000 samples give 20.\n"
    )
    json.loads(noted.stdout)
