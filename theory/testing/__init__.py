"""Laws for the user's own workflows and models, with Hypothesis strategies that draw them."""

from theory.testing.laws import (
    LawViolation,
    ModelReport,
    check_model,
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
    "ModelReport",
    "check_model",
    "check_workflow",
    "generations",
    "models",
    "rationals",
    "sizes",
    "weighted",
    "workflows",
]
