"""Laws for the user's own workflows and models, with Hypothesis strategies that draw them."""

from theory.errors import LawViolation
from theory.testing.laws import check_workflow
from theory.testing.model_laws import ModelReport, check_model
from theory.testing.strategies import ecosystems, generations, models, rationals, risks, sizes, weighted, workflows

__all__ = [
    "LawViolation",
    "ModelReport",
    "check_model",
    "check_workflow",
    "ecosystems",
    "generations",
    "models",
    "rationals",
    "risks",
    "sizes",
    "weighted",
    "workflows",
]
