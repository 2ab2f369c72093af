"""Laws for the user's own workflows and models, with Hypothesis strategies that draw them."""

from theory.testing.laws import (
    LawViolation,
    check_workflow,
    generations,
    models,
    rationals,
    sizes,
    weighted,
    workflows,
)

__all__ = [
    "LawViolation",
    "check_workflow",
    "generations",
    "models",
    "rationals",
    "sizes",
    "weighted",
    "workflows",
]
