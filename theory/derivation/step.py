"""One step of a derivation: a displayed relation, the reason in words, and a check that can fail."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from theory.derivation.relation import Relation


class NotShown(ValueError):
    """What a check says of a relation that it cannot prove: why not."""


class StepError(ValueError):
    """A step of a derivation that does not hold, or is not proved: its number, relation and reason.

    Notes
    -----
    Raised here, by :meth:`theory.derivation.Derivation.check`.

    Examples
    --------
    >>> from theory import G
    >>> from theory.derivation import Derivation
    >>> Derivation("A slip").equal((G + 1) ** 2, G**2 + 1, "a student's dream").check()
    Traceback (most recent call last):
        ...
    theory.derivation.step.StepError: step 1, ...
    """


@dataclass(frozen=True)
class Evidence:
    """How a relation was checked.

    Attributes
    ----------
    how : in words, such as "identity of rational functions"
    proved : whether that is a proof; if not, the step says so wherever it is displayed
    """

    how: str
    proved: bool = True


#: Takes the displayed relation, definitions put in, and returns the evidence or raises :class:`NotShown`.
Check = Callable[[Relation], Evidence]


@dataclass(frozen=True)
class Step:
    """A displayed relation, why it holds, and its check.

    Attributes
    ----------
    expression : Relation
    reason : str
        Greek letters, ≤ and the like may be written as they are; ``$…$`` is LaTeX.
    check : callable
        Given the relation with earlier definitions put in, returns its evidence or raises.

    Notes
    -----
    Made here.

    Examples
    --------
    >>> from theory import Accumulate, Regular, expected_risk
    >>> step = expected_risk(Regular(), Accumulate()).derivation.steps[0]
    >>> type(step).__name__, callable(step.check)
    ('Step', True)
    """

    expression: Relation
    reason: str
    check: Check
