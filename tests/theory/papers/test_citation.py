"""What a risk cites: only papers that state something of the same pair, by entries that BibTeX reads."""

from __future__ import annotations

import re

import pytest

from theory import (
    Accumulate,
    AgeWeighted,
    Bernoulli,
    GaussianFit,
    KernelDensity,
    LinearRegression,
    Regular,
    Replace,
    expected_risk,
)
from theory.papers import PAPERS
from theory.papers.citation import ABOUT, entry
from theory.risk import Risk


@pytest.mark.parametrize("name", ABOUT)
def test_a_paper_is_cited_for_the_pairs_of_its_statements(name, monkeypatch):
    asked = set()
    of = Risk.of.__func__

    def recorded(cls, model, workflow, loss):
        asked.add((model.name, workflow.name))
        return of(cls, model, workflow, loss)

    monkeypatch.setattr(Risk, "of", classmethod(recorded))
    for statement in PAPERS[name].statements.values():
        statement.sides()
    assert set(ABOUT[name]) <= asked


@pytest.mark.parametrize(
    ("model", "workflow", "keys"),
    [
        (LinearRegression(), Accumulate(), ["selfgen", "gerstgrasser2024"]),
        (Regular(), Replace(), ["selfgen", "dey2024"]),
        (Bernoulli(), Accumulate(), ["selfgen", "dey2024", "morris1982"]),
        (GaussianFit(), Replace(), ["selfgen", "kazdan2024", "shumailov2023", "alemohammad2024"]),
        (Regular(), AgeWeighted("(1/2)**l"), ["selfgen"]),
    ],
    ids=str,
)
def test_which(model, workflow, keys):
    text = expected_risk(model, workflow, model.losses[0]).cite()
    assert re.findall(r"^@\w+\{(\w+),$", text, flags=re.MULTILINE) == keys


@pytest.mark.parametrize("name", PAPERS)
def test_entries_are_bibtex(name):
    text = entry(name, PAPERS[name])
    assert text.count("{") == text.count("}")
    assert text.isascii()
    assert f"year = {{{PAPERS[name].year}}}" in text
    # As many authors, in the same order, as the paper's record says.
    if name != "selfgen":
        authors = re.search(r"author = \{(.*)\},", text)[1].split(" and ")
        assert [author.partition(",")[0] for author in authors] == PAPERS[name].authors.split(", ")


def test_a_risk_cites_without_its_papers_being_asked():
    risk = expected_risk(KernelDensity(), Replace(), "mise")
    assert "2410.16713" in risk.cite()
