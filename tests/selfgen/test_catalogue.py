"""The table of what is derived says what the library derives."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from selfgen.catalogue import MODELS, Cell, anchor, cell, markdown, tabled, workflows
from theory import Accumulate, AccumulateSubsample, LinearRegression, Poisson, RealPlusLatest, Regular
from theory.models.exponential_family import ExponentialFamily
from theory.registry import EVERY_MODEL

COVERAGE = Path(__file__).resolve().parents[2] / "docs" / "coverage.md"


@pytest.mark.slow
def test_the_documentation_is_the_table() -> None:
    assert COVERAGE.read_text(encoding="utf-8").endswith(markdown() + "\n")


def test_cells() -> None:
    assert cell(Poisson(), Accumulate(), "squared") == Cell("closed form", "exact", certified=True)
    assert str(cell(Regular(), Accumulate(), "squared")) == "≈ closed form ✓"
    assert str(cell(LinearRegression(signal="B"), RealPlusLatest(), "squared")) == "closed form ✓"
    assert str(cell(LinearRegression(signal="B"), AccumulateSubsample(), "squared")) == "simulation"
    assert set(workflows()) >= {"replace", "accumulate", "capped-real"}
    kinds = {type(model) for model in MODELS.values()}
    assert {built for built in EVERY_MODEL.values() if not issubclass(built, ExponentialFamily)} <= kinds


def test_signs() -> None:
    assert Cell("closed form", "exact", certified=True).mark == "●✓"
    assert Cell("closed form", "leading order").mark == "≈●"
    assert Cell("values", "exact").mark == "○"
    assert Cell("values", "leading order").mark == "≈○"
    assert Cell("simulation", "").mark == "–"


def test_every_cell_has_an_anchor_of_its_own() -> None:
    names = [
        anchor(label, loss, name) for label, model in MODELS.items() for loss in tabled(model) for name in workflows()
    ]
    assert len(set(names)) == len(names)
    linked = re.findall(r'generated/pairs\.html#([^"]+)"', COVERAGE.read_text(encoding="utf-8"))
    assert linked == names
