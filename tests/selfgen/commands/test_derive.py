"""Deriving: what is printed, and in which words."""

from __future__ import annotations

import json
import re
from math import comb

import numpy as np
import pytest
from sympy import Rational, sympify
from typer.testing import CliRunner

from selfgen.cli import app
from theory import Accumulate, Bernoulli, expected_risk

run = CliRunner()


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
    assert "limit, growth         ∞" in result.output
    assert "none: infinite at every generation; finite only where T ≥ d + 2, here T = 5, d = 5" in result.output


def test_lines_that_repeat_are_one() -> None:
    output = run.invoke(app, "derive bernoulli replace --set p=1/2 --set n=10".split()).output
    assert "limit, growth, bound  1/4 ≈ 0.25\n" in output
    assert "\ngrowth" not in output
    growing = run.invoke(app, "derive regular replace".split()).output
    assert "limit                 ∞\ngrowth                G*p/n\nbound                 none\n" in growing


def test_a_long_fraction_is_shown_by_its_ends() -> None:
    command = "derive bernoulli accumulate --set p=1/3 --set n=50 --generation 100"
    (line,) = (row for row in run.invoke(app, command.split()).output.splitlines() if row.startswith("risk at 100"))
    value = Rational(json.loads(run.invoke(app, [*command.split(), "--json"]).output)["value"])
    assert f"({len(str(value.p))} and {len(str(value.q))} digits) ≈ {float(value):.10g}" in line
    assert str(value.p)[:10] in line
    assert str(value.q)[-10:] in line
    assert len(line) < 120


@pytest.mark.parametrize("infinite", ["oo", "∞", "inf", "Infinity"])
def test_infinity_is_refused_alike_however_it_is_written(infinite: str) -> None:
    for command, said in (
        (f"derive bernoulli replace --set n={infinite}", f"n = {infinite} is not finite: give a finite number"),
        (f"derive bernoulli replace --generation {infinite}", f"--generation {infinite} is not finite"),
        (f"derive bernoulli sliding-window:k={infinite}", "a window of all blocks is accumulate"),
    ):
        result = CliRunner().invoke(app, command.split())
        assert result.exit_code == 2
        assert said in result.stderr


@pytest.mark.parametrize(
    ("name", "served"),
    [("logistic", "selfgen derive regular"), ("llm", "selfgen train"), ("KDE", "selfgen derive kernel-density")],
)
def test_names_that_people_try_lead_somewhere(name: str, served: str) -> None:
    result = CliRunner().invoke(app, ["derive", name, "replace"])
    assert result.exit_code == 2
    assert served in result.stderr


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


def test_theorems_of_a_width() -> None:
    command = "derive linear-regression accumulate --latex --width 20"
    assert run.invoke(app, command.split()).output.startswith("\\begin{split}")
    refused = CliRunner().invoke(app, "derive linear-regression accumulate --width 20".split())
    assert refused.exit_code == 2
    assert "--width 20 is for --latex alone" in refused.stderr


def test_a_function_that_lines_repeat_has_a_letter() -> None:
    told = run.invoke(app, ["derive", "ridge", "fresh-real"]).stdout
    assert told.count("limiting_shrinkage") == 1
    assert re.search(r"^where s = +limiting_shrinkage\(gamma/2, ", told, flags=re.MULTILINE)


def test_a_memory_that_fades_has_its_standard_deviation() -> None:
    """A fourth moment at a constant rate, of a family with curvature: at generation 1 that of a mean of coins."""
    told = run.invoke(app, "derive bernoulli forgetting:rate=2/3 --set p=1/3 --set n=12".split()).stdout
    (line,) = (line for line in told.splitlines() if line.startswith("standard deviation"))
    k, n, p = range(13), 12, 1 / 3
    chances = [comb(n, each) * p**each * (1 - p) ** (n - each) for each in k]
    squares = [(each / n - p) ** 2 for each in k]
    mean = sum(chance * square for chance, square in zip(chances, squares, strict=True))
    spread = sum(chance * (square - mean) ** 2 for chance, square in zip(chances, squares, strict=True)) ** 0.5
    assert "limit, growth, bound  2/9" in told
    said = line.removeprefix("standard deviation").partition(" ≈ ")[0]
    assert float(sympify(said)) == pytest.approx(spread, rel=1e-9)
