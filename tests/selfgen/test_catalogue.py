"""The table of what is derived says what the library derives."""

from __future__ import annotations

from pathlib import Path

import pytest

from selfgen.catalogue import MODELS, Cell, cell, markdown, workflows
from theory import Accumulate, AccumulateSubsample, LinearRegression, Poisson, RealPlusLatest, Regular
from theory.models.exponential_family import ExponentialFamily
from theory.registry import EVERY_MODEL

#: In one process with the tests that change numbers in the same certificates.
pytestmark = pytest.mark.xdist_group("catalogue")

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
