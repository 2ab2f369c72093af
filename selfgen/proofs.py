"""Claims by the names that the command line gives them."""

from __future__ import annotations

from theory import DomainError, NotDerivedError, Risk
from theory.proof import (
    Certificate,
    Claim,
    ClosedForm,
    Growth,
    LeastBound,
    Limit,
    LowerLimit,
    Monotone,
    NeverWorse,
    Remainder,
    prove,
)

#: Claims about one risk, and about two.
SINGLE: dict[str, type[Claim]] = {
    "closed-form": ClosedForm,
    "limit": Limit,
    "growth": Growth,
    "monotone": Monotone,
    "bound": LeastBound,
    "remainder": Remainder,
}
DOUBLE: dict[str, type[NeverWorse] | type[LowerLimit]] = {"never-worse": NeverWorse, "lower-limit": LowerLimit}


def claim(name: str, risk: Risk, other: Risk | None = None, terms: int | None = None) -> Claim:
    """The claim of that name about a risk, or about a risk and another.

    Raises
    ------
    DomainError
        When there is no such claim, or another risk or a number of terms is missing or out of place.
    """
    if name not in (*SINGLE, *DOUBLE):
        raise DomainError(f"--claim {name} is not a claim: use {', '.join((*SINGLE, *DOUBLE))}.")
    if (name in DOUBLE) != (other is not None):
        which = "is about two workflows: name the other by" if name in DOUBLE else "is about one workflow: leave out"
        raise DomainError(f"--claim {name} {which} --than WORKFLOW.")
    if terms is not None and name != "remainder":
        raise DomainError(f"--terms {terms} belongs to --claim remainder, not to --claim {name}.")
    if other is not None:
        return DOUBLE[name](risk, other)
    return SINGLE[name](risk) if terms is None else Remainder(risk, terms)


def certified(risk: Risk) -> Certificate | None:
    """The certificate of the closed form; None where there is no closed form, or no certificate was found."""
    if risk.closed_form is None:
        return None
    try:
        return prove(ClosedForm(risk))
    except NotDerivedError:
        return None
