"""The documentation cannot lie: its code runs, its claims hold, and what it lists is what there is."""

from __future__ import annotations

import ast
import importlib
import re
import shlex
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import matplotlib as mpl
import mpmath
import numpy as np
import pytest
from sympy import Rational, pi
from typer.testing import CliRunner

from theory import ContaminatedPool

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
README = ROOT / "README.md"
PAGES = [
    *(DOCS / f"{name}.md" for name in ("index", "tutorial", "certificates", "gallery")),
    *sorted((DOCS / "start").glob("*.md")),
    *sorted((DOCS / "guides").glob("*.md")),
]

FENCE = re.compile(r"^```(?P<kind>[^\n]*)\n(?P<body>.*?)^```$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Cell:
    """A ``code-cell``: its code, and its tags."""

    code: str
    tags: str


def blocks(page: Path, kind: str) -> list[str]:
    """The fenced blocks of a kind."""
    found = FENCE.finditer(page.read_text(encoding="utf-8"))
    return [match["body"] for match in found if match["kind"].strip() == kind]


def sessions(page: Path) -> list[str]:
    """Commands and what they print: fenced blocks called console, or in the README indented ones."""
    if page != README:
        return blocks(page, "console")
    indented = re.findall(r"^    \$ .*\n(?:    .*\n)*", page.read_text(encoding="utf-8"), re.MULTILINE)
    return [re.sub(r"^    ", "", body, flags=re.MULTILINE) for body in indented]


def cells(page: Path) -> list[Cell]:
    found = []
    for body in blocks(page, "{code-cell}"):
        lines = body.splitlines()
        options = [line for line in lines if line.startswith(":")]
        found.append(Cell("\n".join(lines[len(options) :]), " ".join(options)))
    return found


def execute(page: Path) -> dict[str, Any]:
    """Run the cells of a page, one namespace for all, as the build does; what they leave behind."""
    # A module of its own, since dataclasses look theirs up.
    name = f"page_{page.stem}"
    module = type(sys)(name)
    sys.modules[name] = module
    try:
        for cell in cells(page):
            if "IPython" in cell.code and find_spec("IPython") is None:
                continue  # shows what another cell made
            run = compile(cell.code, f"{page.name}", "exec")
            if "raises-exception" in cell.tags:
                with pytest.raises(AssertionError):
                    exec(run, vars(module))
            else:
                exec(run, vars(module))
    finally:
        del sys.modules[name]
    return vars(module)


def numbers(value: Any, n_r: int, n_s: int, n_0: int) -> dict[Any, int]:
    return {value.real: n_r, value.synthetic: n_s, value.fitted_on: n_0}


def helps_at(value: Any, n_r: int, n_s: int, n_0: int) -> bool:
    """Whether the pooled fit has the lower risk."""
    chosen = numbers(value, n_r, n_s, n_0)
    return bool(
        (value.without - value.risk).subs(chosen).subs("p", 1).is_positive
        or ((value.without - value.risk).subs(chosen) / value.without.subs(chosen)).simplify() > 0
    )


def refused(found: dict[str, Any]) -> bool:
    """Whether the checker refuses the certificate that the page has tampered with, and accepts its own."""
    with pytest.raises(found["CertificateError"], match="pi\\*\\*2/6 - 1/1000000"):
        found["check"](found["tampered"])
    return found["check"](found["certificate"]) is True


def bends_as_said(found: dict[str, Any]) -> bool:
    """Numbers in the text of loops_that_bend, practice by practice."""
    spread, flipped = found["spread"], found["flipped"]
    return bool(
        [round(float(spread[name].at(10)), 2) for name in spread] == [0.35, 0.81]
        and all(risk.limit == 0 for risk in spread.values())
        and found["edges"].almost_surely > found["edges"].in_mean > 1
        and round(found["kept"], 2) == 0.76
        and 12.5 < 1 / (0.99**10 * found["kept"] ** 9) < 13.5
        and found["verified"].fidelity == Rational(9, 10)
        and found["checked"].at(10) < Rational(81, 100) * found["unchecked"].at(10)
        and (found["checked"].limit, found["unchecked"].limit) == (Rational(1, 4), pi**2 / 120)
        and [round(float(flipped[name].at(10)), 3) for name in ("replace", "accumulate")] == [0.028, 0.006]
        and flipped["fresh-real"].limit == Rational(1, 306)
        and found["signs"].limit > 1
        and all(found["decayed"].at(g).evalf() < found["plain"].at(g) for g in (1, 2, 5, 10))
        and found["decayed"].limit.evalf() > 1
        and found["best"].risk.evalf() < 1
        and round(float(found["largest"]["replace"].at(10))) == 46
        and found["largest"]["accumulate"].limit == 1
        and found["medians"].ratio.limit == pi**2 / 6
    )


def six_as_said(found: dict[str, Any]) -> bool:
    """What the page says of the six generators, by the file of what was measured."""
    last = {key: (float(row["measured"]), float(row["theory"])) for key, row in found["last"].items()}
    judged = {key: row["passed"] for key, row in found["last"].items() if row["passed"]}
    expected = [row for row in found["rows"] if not row["passed"]]
    strays = [(float(row["measured"]) - float(row["theory"])) / (float(row["stderr"]) or 1.0) for row in expected]
    over = [last["mixture, overlapping", each] for each in ("replace", "accumulate")]
    return bool(
        {name for (name, _), passed in judged.items() if passed == "False"}
        == {"mixture, overlapping", "Bayesian mixture"}
        and len(judged) == 16
        and over[0][0] > 1.25 * over[0][1]
        and over[1][0] > 1.2 * over[1][1]
        # One test of all expected values: those of one run hang together.
        and len(strays) == 80
        and max(map(abs, strays)) < 4
        and last["Bayesian mixture", "accumulate"][0] < 1
        and last["kernel density, SciPy", "replace"][0] > 1.5 * last["kernel density, scikit-learn", "replace"][0]
        and found["evaluate"](found["words"], 7) == pytest.approx(last["copula, values left in a margin", "replace"][1])
        and found["smoothed"].at(8) < found["counted"].at(8)
        and found["smoothed"].limit < found["counted"].limit
        and all(judged[key] == "True" for key in judged if key[0].startswith("hidden Markov"))
    )


def _too_much(found, name, workflow):
    """By how much the sum of two causes exceeds the rise that was measured, by generation."""
    return found["sums"][name, workflow] - found["rise"](name, workflow)


#: What the text of a page says of what its code finds.
CLAIMS: dict[str, Callable[[dict[str, Any]], bool]] = {
    "index": lambda found: found["expected_risk"](found["Regular"](), found["Accumulate"]()).ratio.bound == pi**2 / 6,
    "tutorial": lambda found: (
        found["kept"].ratio.bound == pi**2 / 6
        and found["risk"].ratio.limit.evalf() < Rational(3, 2)
        and found["risk"].exactness == "exact"
        and found["checked"].passed
        and found["checked"].detectable < 0.02
        and not found["wrong"].passed
        and found["check"](found["certificate"]) is True
    ),
    "certificates": refused,
    "gallery": lambda found: found["checked"].passed and len(found["axes"].flat[3].lines) == 3,
    "paper_writer": lambda found: (
        found["check"](found["certificate"]) is True and "gerstgrasser2024" in found["risk"].cite()
    ),
    "engineer": lambda found: found["fifth"].limit == Rational(25, 9) and found["law"].plateau is None,
    "mathematician": lambda found: found["risk"].limit is not None and found["risk"].closed_form is not None,
    "maintainer": lambda found: found["exported"]["format"] == 1 and found["exported"]["scale"] == ["/", 1, 10],
    "six_generators": six_as_said,
    "comparing": lambda found: (
        found["order"].proved and [crossing.generation for crossing in found["order"].crossings] == [9, 12]
    ),
    "generative_models": lambda found: found["bounded"].bounded and abs(float(found["late"]) - 1.00652) < 1e-5,
    "universality": lambda found: (
        [round(float(value), 4) for value in found["predicted"].values()] == [8.0, 1.5274, 2.5823]
    ),
    "recipes": lambda found: (
        all(check.passed and check.detectable < 0.1 for check in found["checks"].values())
        and [found["expected_risk"](found["Regular"](), found[name]).ratio.limit for name in ("fifth", "weighted")]
        == [Rational(25, 9), Rational(17, 9)]
        and found["drawn"].limit == pi**2 / 2 - 2
        and 1 < found["own"].at(10) < found["expected_risk"](found["Regular"](), found["Accumulate"]()).ratio.at(10)
    ),
    "own_workflow": lambda found: (
        found["ratio"].limit == Rational(8, 7) == found["ratio"].bound
        and found["check"].passed
        and all(
            found["expected_risk"](found["model"], found["AnchoredAverageInG"]()).at(g) == found["risk"].at(g)
            for g in range(1, 8)
        )
    ),
    "own_model": lambda found: (
        found["crosscheck"](found["expected_risk"](found["model"], found["Accumulate"]()), found["simulation"]).passed
        and not found["check"].passed
    ),
    "own_study": lambda found: all(result.passed for result in found["results"]),
    "testing_a_pipeline": lambda found: found["check"].passed,
    "real_and_synthetic": lambda found: (
        found["value"].helps is True
        and found["value"].threshold < 103
        # The threshold: on either side of it the pooled fit is compared with the real data alone.
        and all(helps_at(found["general"], n_r, 1000, 50) == (n_r < 53) for n_r in (10, 52, 53, 400))
        and found["general"].threshold.subs(numbers(found["general"], 1, 1000, 50)) == Rational(1000, 19)
    ),
    "loops_that_bend": lambda found: (
        found["risks"]["replace"].bias.limit == found["risks"]["accumulate"].bias.limit == Rational(1, 6)
        and found["risks"]["real-plus-latest"].bias.limit == found["risks"]["fresh-real"].bias.limit == Rational(1, 66)
        and found["check"].verdict == "agrees"
        and found["cold"].ratio.limit == (1 + pi**2 / 6) / 2
        and found["flips"].bias.limit == Rational(1, 6)
        and found["drawn"].ratio.at(30) == 1
        and found["expected_risk"](found["shrunk"], found["Accumulate"]()).bias.at(30) == Rational(1, 156)
        and found["expected_risk"](found["shrunk"], found["Replace"]()).bias.limit == Rational(1, 6)
        and bends_as_said(found)
    ),
    "subspaces": lambda found: (
        found["check"].passed
        and found["check"].detectable < 0.03
        and found["optimal_rank"](found["spectrum"]) == 2
        and found["detection_threshold"](found["spectrum"]) == 1
        and 0 < found["label_noise_crossing"](found["model"]) < Rational(1, 2)
        and found["wide"].floor == 2
        and found["narrow"].at(1) == found["narrow"].at(3) == found["narrow"].floor
        and found["replace"].number(50) > 0.99 * 2
        and found["accumulate"].number(50) < 1.645 * found["accumulate"].number(1)
    ),
    "editing": lambda found: (
        found["found"].rank == 1
        and found["found"].overlap_with(found["flipped"]) > 0.999999
        and abs(((found["concept"] @ found["found"].basis.T) ** 2).sum() - found["found"].overlaps[0]) < 0.1
        and bool((found["restored"] == found["weights"]).all())
        and "share their context no more than any two rows" in str(found["caught"][0].message)
    ),
    "forgetting_and_ages": lambda found: (
        found["check"].passed
        and found["ratio"].growth == found["G"] / 100
        and [found["fate"](found["Forgetting"](rate))[0] for rate in ("1 - 1/j", "1 - 1/(2*sqrt(j))", "1/2")]
        == ["bounded", "logarithmic", "polynomial"]
        and [found["fate"](found["AgeWeighted"](law))[0] for law in found["laws"]]
        == ["bounded", "logarithmic", "polynomial"]
        and found["expected_risk"](found["Regular"](), found["AgeWeighted"](["1/2", "1/4"])).ratio.limit < 4
    ),
    "forecast": lambda found: (
        found["settled"].lower > found["alone"].plateau.lower
        and found["settled"].upper < float("inf")
        and found["together"].of(found["FreshReal"]()).plateau.upper < found["settled"].lower
        and found["growing"].plateau is None
        and found["slow"].plateau.upper == float("inf") > found["slow"].plateau.median > 1.5 * found["slow"].median[7]
        and len(found["refused"]) == 4
        and found["rejected"].rejected is not None
        and found["rejected"].plateau is None
        and bool((abs((found["seen"] - found["seen"][0])[1:] / found["mixed"].rise[1:] - 1) < 0.1).all())
        and found["bound"].upper_bound
        and found["bound"].rise[-1] > 3 * (found["kept"][-1] - found["kept"][0])
    ),
    "contaminated_pools": lambda found: (
        found["check"].passed
        and found["risk"].limit == 0
        and found["maximum"](found["Regular"](), "1/10").generation == 4
        and found["row_by_row"](found["coin"], "1/4").at(3) > found["risk"].at(3)
    ),
    "ecosystems": lambda found: (
        found["ratio"].growth == found["G"] / 2
        and found["effective_models"](found["two"]) == 2
        and found["shares"].total
        == found["expected_risk"](found["Regular"](), found["anchored"].observing(1)).ratio.limit
        and not found["is_bounded"](found["Ecosystem"]("1/2 1/4; 0 1"))
    ),
    "random_sizes": lambda found: (
        found["crawl"].mean == 2
        and found["crawl"].effective_size == 1 / found["crawl"].mean_inverse
        and float(found["risk"].limit) == pytest.approx(3 / 10 * float(mpmath.pi**2 / 6 - mpmath.polylog(2, 0.5)))
        and found["risk"].at(3) < found["risk"].limit
        and found["coin"].at(3) < found["coin"].limit
        and found["early"] < found["late"]
        and found["window"].growth.free_symbols
    ),
    "designing": lambda found: (
        found["result"].proved
        and found["result"].crossings[0].generation == 12
        and found["plan"].limit == Rational(6, 7)
        and found["required_growth"](found["j"] ** 2).bound == pi**2 / 6
    ),
    "neural": lambda found: (
        found["of_language"].parameters["A"].lower
        < found["language"]["gap"] / 2
        < found["of_language"].parameters["A"].upper
        < found["language"]["weights"] / 32_000 / 20
        and abs(found["of_language"].parameters["A"].median / (found["language"]["gap"] / 2) - 1) < 0.2
        and found["of_language"].parameters["C"].lower > 0
        and found["of_language"].rejected is None
        and found["of_image"].parameters["A"].lower == 0.0
        and found["of_image"].share_of_bias.median == 1.0
        and found["of_longer"].parameters["A"].lower > 0
        and found["of_longer"].parameters["A"].upper < 0.7 * found["longer"]["gap"] / 2
        and found["of_longer"].parameters["C"].median < 0.5 * found["of_image"].parameters["C"].median
        and bool((found["means"]["replace"][3:] > found["image"]["baseline"]).all())
        and bool((found["means"]["replace"][:3] < found["image"]["baseline"]).all())
        and 1.5 < found["of_rows"]["image_n250"][0]["gap"] / found["image"]["gap"] < 2
        and 0.45 < found["of_rows"]["image_n1000"][0]["gap"] / found["image"]["gap"] < 0.55
        and all(
            abs(law.parameters["C"].median / found["of_image"].parameters["C"].median - 1) < 0.1
            for _, law in found["of_rows"].values()
        )
        and max(abs(_too_much(found, "language_t09", "replace"))) < 0.02
        and max(abs(_too_much(found, "language_t08", "replace"))[:4]) < 0.02
        and _too_much(found, "language_t08", "replace")[7] > 1
        and 0.05 < _too_much(found, "language_t08", "accumulate")[7] < 0.08
        and bool((abs(found["over_the_law"]["accumulate-subsample"] - 0.935) < 0.065).all())
        and found["over_the_law"]["replace"][0] > 1.3
        and 0.78 < found["over_the_law"]["replace"][6] < 0.83
        and 0.4 < found["over_the_law"]["accumulate"][6] < 0.6
        and bool((abs(_mean_losses(found["tuned"], "replace")[1:7] - 4.794) < 0.006).all())
        and all(0.1 < (4.794 - _mean_losses(found["tuned"], name)[7]) / 0.081 < 0.2 for name in POOLS)
        and (found["of_tuned"].parameters["A"].median, found["of_tuned"].parameters["lambda"].median) == (0, 0)
        and found["of_tuned"].rejected is None
        and max(_mean_losses(found["longest"], "accumulate")[1:])
        < 2.24
        < 2.39
        < _mean_losses(found["longest"], "replace")[0]
        and abs(found["of_longest"].parameters["A"].median / (found["longest"]["gap"] / 2) - 0.29) < 0.01
        and found["of_longest"].rejected is None
        and found["of_barely"].parameters["lambda"].median < 0.1
        and abs(found["of_warm"].parameters["A"].median / (found["warm"]["gap"] / 2) - 1) < 0.2
        and found["of_warm"].parameters["U"].lower > found["of_warm"].parameters["C"].upper
        and abs(found["of_image"].of(ContaminatedPool(real="1/4")).median[7] - found["seen"][7]) < 0.2
    ),
    "any_generator": lambda found: (
        all(check.passed for check in found["checks"].values())
        and bool((found["first"].losses == found["again"].losses).all())
        and found["mean_check"].passed
    ),
}


POOLS = ("accumulate", "accumulate-subsample")


def _mean_losses(measured, workflow):
    return np.mean(measured["workflows"][workflow]["losses"], axis=0)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_code_of_a_page_runs_and_bears_out_its_text(page, monkeypatch):
    mpl.use("Agg")
    monkeypatch.chdir(page.parent)
    assert CLAIMS[page.stem](execute(page))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_no_code_stands_on_a_page_unexecuted(page):
    assert not blocks(page, "python")
    assert not blocks(page, "py")
    for cell in cells(page):
        ast.parse(cell.code)
    assert "file_format: mystnb" in page.read_text(encoding="utf-8")


SESSIONS = [(page, body) for page in [*PAGES, README] for body in sessions(page)]


@pytest.mark.parametrize(("page", "text"), SESSIONS, ids=[f"{page.stem}-{text.split()[2]}" for page, text in SESSIONS])
def test_a_command_does_what_is_shown(page, text, monkeypatch, tmp_path):
    from selfgen.cli import app

    # Where it would write a file, a folder of its own.
    monkeypatch.chdir(tmp_path if "--plot" in text or ".json" in text else ROOT)
    for each in filter(None, re.split(r"^\$ ", text, flags=re.MULTILINE)):
        command, _, shown = each.partition("\n")
        program, *arguments = shlex.split(command)
        assert program == "selfgen"
        result = CliRunner().invoke(app, arguments)
        # What is cut short, or rests on the last digits of a simulation, is told by its verdicts.
        cut = shown.startswith("…\n")
        assert result.exit_code == (3 if "inconclusive" in shown else 0), result.output
        if shown.strip() and not cut:
            assert result.output == shown
        assert not cut or all(line.split()[-1] in result.output for line in shown.splitlines()[-2:])


def test_the_readme_is_short_and_its_links_and_code_hold():
    text = README.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 180
    links = re.findall(r"\]\(([^)#]+)\)", text)
    assert len(links) > 15
    assert [link for link in links if "://" not in link and not (ROOT / link).exists()] == []
    found: dict[str, Any] = {}
    for code in blocks(README, "python"):
        exec(compile(code, README.name, "exec"), found)
    assert found["crosscheck"](found["risk"], found["simulation"]).passed


# -- pages made from the library -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def generated():
    sys.path.insert(0, str(DOCS / "_extensions"))
    try:
        yield importlib.import_module("from_the_library")
    finally:
        sys.path.remove(str(DOCS / "_extensions"))


def listed(page: str) -> set[str]:
    """What a page of the reference lists."""
    return set(re.findall(r"^   ([A-Za-z]\w*)$", page, re.MULTILINE)) | set(
        re.findall(r"^- (?:``|:mod:`(?:\w+\.)*)(\w+)", page, re.MULTILINE)
    )


@pytest.mark.parametrize("name", ["theory", "theory.workflows", "theory.design", "theory.testing", "numerics"])
def test_the_reference_has_every_public_name(name, generated):
    pages = generated.reference.pages()
    module = importlib.import_module(name)
    public = set(module.__all__)
    assert listed(pages[f"reference/{name}.rst"]) <= public
    everywhere = set().union(*map(listed, pages.values()))
    assert public <= everywhere
    if name == "theory":
        assert listed(pages["reference/theory.rst"]) == public


def test_every_object_has_one_page(generated):
    objects = [stub.rpartition("/")[2] for stub in generated.reference.stubs()]
    named = [entry.removesuffix(".rst") for entry in objects]
    values = [getattr(importlib.import_module(entry.rpartition(".")[0]), entry.rpartition(".")[2]) for entry in named]
    assert len({id(value) for value in values}) == len(values) > 80


def test_the_reference_describes_every_module(generated):
    page = generated.reference.pages()["reference/modules.rst"]
    described = set(re.findall(r"^\.\. automodule:: (\S+)$", page, re.MULTILINE))
    for package in ("theory", "numerics", "selfgen"):
        for path in (ROOT / package).rglob("*.py"):
            dotted = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
            if not path.stem.startswith("_") or path.stem == "__init__":
                assert dotted in described


def test_the_command_line_page_has_every_option(generated):
    from typer.main import get_command

    from selfgen.cli import app

    page = generated.command_line.page()
    group: Any = get_command(app)
    for name in group.list_commands(None):
        command = group.get_command(None, name)
        section = page.partition(f"## `selfgen {name}`")[2].partition("\n## ")[0]
        options = [option for parameter in command.params for option in parameter.opts if option.startswith("--")]
        assert section.strip()
        assert all(option in section for option in options)


def test_a_row_for_every_pair(generated):
    """The table of all pairs, without the time to derive them: one model with two losses."""
    from selfgen.catalogue import MODELS, anchor, tabled, workflows
    from theory import Poisson

    label = next(label for label, model in MODELS.items() if isinstance(model, Poisson))
    page = "".join(generated.pairs.sections({label: MODELS[label]}))
    rows = [line for line in page.splitlines() if line.startswith("| ") and "workflow" not in line]
    assert len(rows) == len(tabled(MODELS[label])) * len(workflows())
    name = anchor(label, "squared", "accumulate")
    formula, limit = r"$\frac{\lambda H_{G}^{(2)}}{n}$", r"$\frac{\pi^{2} \lambda}{6 n}$"
    place = f'<span id="{name}"></span>accumulate'
    assert f"| {place} | {formula} | {limit} | exact | formula, limit, bound |" in rows
    assert any(r"replace | $\frac{G \lambda}{n}$ | $\infty$ | exact |" in row for row in rows)
    # No formula has the bar that ends a cell.
    assert all(row.count("|") == 6 for row in rows)


def test_no_formula_of_a_paper_ends_its_cell(generated):
    """The bar of a hypergeometric function is one that may stand behind \\middle, and in a table."""
    page = generated.papers.page()
    assert r"\middle\vert" in page
    assert not re.search(r"\\middle(?!\\vert )", page)


def test_notebooks_are_listed_in_order(generated, tmp_path):
    notebook = '{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'
    for name in ("02_second", "01_first", ".hidden"):
        (tmp_path / f"{name}.ipynb").write_text(notebook, encoding="utf-8")
    pages = generated.notebooks.pages(tmp_path)
    assert set(pages) == {"proofs.md", "proofs/01_first.ipynb", "proofs/02_second.ipynb"}
    assert pages["proofs.md"].index("01_first") < pages["proofs.md"].index("02_second")
    assert set(generated.notebooks.pages(tmp_path / "none")) == {"proofs.md"}


def test_pages_that_are_no_more_are_removed(generated, tmp_path, monkeypatch):
    monkeypatch.setattr(generated, "all_pages", lambda root: {"a.md": "# A\n", "deep/b.md": "# B\n"})
    app = type("App", (), {"srcdir": str(tmp_path)})
    old = tmp_path / "generated" / "old.md"
    old.parent.mkdir()
    old.write_text("# Old\n", encoding="utf-8")
    generated.write_pages(app, None)
    written = tmp_path / "generated" / "deep" / "b.md"
    before = written.stat().st_mtime_ns
    generated.write_pages(app, None)
    assert not old.exists()
    # What has not changed keeps its date, so that Sphinx does not read it again.
    assert written.stat().st_mtime_ns == before


def test_what_the_makefile_runs_is_there():
    """A file of tests that has moved takes the others of its line with it: pytest then runs none of them."""
    named = re.findall(
        r"(?:tests|benchmarks|proofs_notebooks|numerics)/[\w/.]+", (ROOT / "Makefile").read_text(encoding="utf-8")
    )
    assert len(named) >= 10
    assert not [path for path in named if not (ROOT / path).exists()]
