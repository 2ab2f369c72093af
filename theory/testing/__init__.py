"""Laws for the user's own workflows and models, with Hypothesis strategies that draw them."""

from typing import TYPE_CHECKING

from theory.on_demand import on_demand

if TYPE_CHECKING:
    from theory.errors import LawViolation
    from theory.testing.laws import check_workflow
    from theory.testing.model_laws import ModelReport, check_model
    from theory.testing.strategies import ecosystems, generations, models, rationals, risks, sizes, weighted, workflows
else:
    __getattr__, __dir__ = on_demand(__name__)

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
