"""The page of a verified study: whole, linked, escaped, reproducible, and read back from results.json alone."""

from __future__ import annotations

import json
import math
import re
import shlex
import time
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from headless import browser_and_driver, chromium, errors, look
from typer.testing import CliRunner

from selfgen.cli import app
from selfgen.web_report.page import commands, page, theorem
from selfgen.web_report.results_file import Results, read_results, results_schema
from theory import DomainError

STUDY = """
title = "Coins </main><script>alert(1)</script> & pools"
source = "made here"
[defaults]
replicates = 2000
generations = 12
checked = 10
seed = 3
[[case]]
model = "bernoulli"
workflow = "accumulate"
parameters = { p = "1/3", n = 20 }
[[case]]
model = "regular"
workflow = ["replace", "sliding-window:k=2"]
parameters = { p = 2, n = 300 }
"""
run = CliRunner()


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("study")
    (root / "study.toml").write_text(STUDY, encoding="utf-8")
    result = run.invoke(app, ["verify", str(root / "study.toml"), "--output", str(root / "out"), "--jobs", "1"])
    assert result.exit_code == 0, result.output
    assert "index.html" in result.output
    return root / "out"


class _Elements(HTMLParser):
    """Elements that are open and never closed, and all links."""

    EMPTY = ("meta", "link", "img", "input", "br")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []
        self.identifiers: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        if tag not in self.EMPTY:
            self.open.append(tag)
        for name, value in attributes:
            if name in ("href", "src"):
                self.links.append(value)
            if name == "id":
                assert value not in self.identifiers
                self.identifiers.add(value)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_is_whole_and_every_link_leads_somewhere(folder):
    found = _Elements((folder / "index.html").read_text(encoding="utf-8"))
    assert found.open == []
    inside = [link for link in found.links if not link.startswith(("#", "data:"))]
    assert len(inside) == 6  # a figure and a certificate for each case
    assert all((folder / link).is_file() for link in inside)
    anchors = {link[1:] for link in found.links if link.startswith("#")}
    assert anchors == {"case-1", "case-2", "case-3"} <= found.identifiers


def test_text_of_a_study_is_text(folder):
    written = (folder / "index.html").read_text(encoding="utf-8")
    assert "alert(1)</script>" not in written
    assert "&lt;script&gt;alert(1)" in written


def test_a_title_that_looks_like_a_place_of_the_page_stays_text(folder):
    results = replace(read_results(folder), title="/*script*/ /*body*/")
    assert page(folder, results).count("/*script*/") == 2


def test_it_is_the_same_page_from_the_results_alone(folder):
    before = (folder / "index.html").read_bytes()
    result = run.invoke(app, ["report", str(folder)])
    assert result.exit_code == 0, result.output
    assert result.output == f"{folder / 'index.html'} is written: 3 cases.\n"
    assert (folder / "index.html").read_bytes() == before


def test_every_case_has_theorem_derivation_certificate_and_commands(folder):
    written = (folder / "index.html").read_text(encoding="utf-8")
    cases = re.findall(r'<details class="case .*?(?=<details class="case|</main>)', written, flags=re.S)
    assert len(cases) == 3
    for case in cases:
        assert "<math" in case
        assert "Derivation, every step checked" in case
        assert 'title="simulated, not judged"' in case
        (certificate,) = re.findall(r'href="(certificates/[^"]+)"', case)
        assert run.invoke(app, ["check", str(folder / certificate)]).exit_code == 0


def test_the_commands_give_the_numbers_of_the_case(folder):
    result = read_results(folder).cases[2]
    derive, simulate = (shlex.split(line)[1:] for line in commands(result).splitlines())
    told = run.invoke(app, [*derive, "--latex"])
    assert told.exit_code == 0, told.output
    drawn = run.invoke(app, [*simulate, "--json"])
    assert json.loads(drawn.output)["mean"] == list(result.mean)


def test_results_come_back_as_they_were_written(folder):
    content = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    assert content["schema"] == "selfgen results, 1"
    read = read_results(folder)
    assert [list(case.formula) for case in read.cases] == [case["formula"] for case in content["cases"]]
    schema = results_schema()
    assert set(schema["required"]) == set(content)
    for case in content["cases"]:
        assert set(case) <= set(schema["properties"]["cases"]["items"]["properties"])
        assert set(schema["properties"]["cases"]["items"]["required"]) <= set(case)
    result = run.invoke(app, ["report", "--schema"])
    assert json.loads(result.output) == schema


def test_numbers_that_json_has_no_word_for(folder, tmp_path):
    content = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    content["cases"][0] |= {"detectable": None, "worst_z": None, "mean": [None] * 12}
    (tmp_path / "results.json").write_text(json.dumps(content), encoding="utf-8")
    case = read_results(tmp_path).cases[0]
    assert case.detectable == math.inf
    assert math.isnan(case.worst_z)
    assert "nan" in page(tmp_path, read_results(tmp_path))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is no JSON"),
        ("[" * 100_000, "is no JSON"),
        ("[]", "names no schema"),
        ('{"schema": "selfgen results, 2"}', "says schema = 'selfgen results, 2', not 'selfgen results, 1'"),
        ('{"schema": "selfgen results, 1"}', "is not as selfgen writes it ('cases' is missing)"),
        (
            '{"schema": "selfgen results, 1", "cases": [3], "title": "", "source": "", "selfgen": ""}',
            "is not as selfgen",
        ),
    ],
)
def test_a_file_that_is_another_is_refused_in_a_sentence(tmp_path, text, says):
    (tmp_path / "results.json").write_text(text, encoding="utf-8")
    with pytest.raises(DomainError) as refused:
        read_results(tmp_path)
    assert says in str(refused.value)
    assert run.invoke(app, ["report", str(tmp_path)]).exit_code == 2


def test_what_report_needs_is_said():
    assert "give either the folder" in run.invoke(app, ["report"]).stderr
    assert "cannot be read: No such file" in run.invoke(app, ["report", "nowhere"]).stderr


def test_a_theorem_is_drawn_line_by_line():
    drawn = theorem(r"\begin{aligned} R_G &= \begin{cases} 1 & a \\ 2 & b \end{cases} \\ \lim R_G &= 3 \end{aligned}")
    assert drawn.count("<div>") == 2
    assert "&amp;" not in drawn
    assert theorem("x" * 5000).startswith("<pre>")


def many(folder: Path) -> Results:
    """Five hundred cases, no two of the same settings."""
    read = read_results(folder)
    cases = [
        replace(read.cases[number % 3], parameters={"p": "1/3", "n": str(number)}, grid=("n",)) for number in range(500)
    ]
    return replace(read, cases=cases)


def test_five_hundred_cases(folder, tmp_path):
    started = time.process_time()
    written = page(tmp_path, many(folder))
    assert time.process_time() - started < 10
    found = _Elements(written)
    assert sum(name.startswith("case-") for name in found.identifiers) == 500
    assert len(written) < 8e6


@pytest.mark.skipif(browser_and_driver() is None, reason="no Chromium with its driver on this machine")
def test_the_page_in_a_browser(folder, tmp_path):
    pytest.importorskip("selenium")
    (tmp_path / "index.html").write_text(page(tmp_path, many(folder)), encoding="utf-8")
    with chromium(tmp_path / "profile") as driver:
        for width in (360, 1400):
            look(driver, width, 900)
            driver.get((tmp_path / "index.html").as_uri() + "#case-77")
            assert driver.execute_script("return document.documentElement.scrollWidth") <= width
            assert driver.execute_script("return document.getElementById('case-77').open")
        field = driver.find_element("id", "filter")
        field.send_keys("sliding n = 77")
        assert driver.find_element("id", "shown").text == "2 of 500 cases"  # 77 and 377
        shown = driver.execute_script("return document.querySelectorAll('#cases tbody tr:not([hidden])').length")
        assert shown == 2
        assert (
            driver.execute_script("return getComputedStyle(document.querySelector('#cases th')).position") == "sticky"
        )
        assert errors(driver) == []
