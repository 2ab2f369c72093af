"""Statements that no paper makes: eight at least, each derived here, with a page of laws whose tests there are."""

from __future__ import annotations

import re
from pathlib import Path

from theory.papers import PAPERS

ROOT = Path(__file__).resolve().parents[3]
LAWS = (ROOT / "docs" / "laws.md").read_text(encoding="utf-8")


def test_at_least_eight_statements_are_derived_here():
    """Of workflows as people run them alone; that each agrees, and none within a hundredth, is tested for all."""
    statements = PAPERS["selfgen"].statements
    assert all(one.where in ("derived here", "docs/laws.md") for one in statements.values())
    web = {
        "forgetting", "mean_age", "infinite_mean_age", "contaminated_pool", "crossover", "maximum_of_the_pool",
        "labels", "exchange", "anchored_ecosystem", "sampled_pool", "forgetting_for_a_horizon", "bigrams",
    }  # fmt: skip
    assert web <= set(statements)


def test_every_part_of_the_laws_says_where_it_is_from_and_tested():
    """Each section of laws names tests that exist, or is about what one of another section tests."""
    sections = re.split(r"^## ", LAWS, flags=re.MULTILINE)[1:]
    said = {section.partition("\n")[0]: section for section in sections}
    for title in ("Fading memories and laws of ages", "Contaminated pools", "Sampling a pool", "Ecosystems", "Words"):
        assert re.search(r"[Dd]erived here", said[title]), title
    for name in set(re.findall(r"`(tests/[\w/.]+)`", LAWS)):
        assert (ROOT / name).exists(), name
    for room in re.findall(r"`(tests/[\w/]+)/", LAWS):
        assert (ROOT / room).is_dir(), room
