"""Kinds of what there is, by the names that the command line gives them, and where they are written down."""

from pathlib import Path

KINDS = ("models", "workflows", "losses", "claims", "studies")

#: What ``selfgen list`` tells without loading what it tells of; ``python -m selfgen.listed`` writes it anew.
WRITTEN = Path(__file__).with_name("entries.json")
