"""Tests that give the same verdict every time: Hypothesis draws the same examples at every run."""

from hypothesis import settings

settings.register_profile("fixed", derandomize=True, deadline=None, max_examples=60)
settings.load_profile("fixed")
