"""Derivations whose every displayed relation is checked."""

from theory.derivation import of_risk  # noqa: F401 - what Risk.derivation asks
from theory.derivation.derivation import Derivation
from theory.derivation.relation import Relation
from theory.derivation.step import Evidence, NotShown, Step, StepError

__all__ = ["Derivation", "Evidence", "NotShown", "Relation", "Step", "StepError"]
