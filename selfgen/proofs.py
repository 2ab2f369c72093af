"""Claims by the names that the command line gives them."""

from __future__ import annotations

from collections.abc import Iterable

from selfgen.names import Settings, build
from theory import DomainError, NotDerivedError, Risk, expected_risk
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
from theory.proof.draft import ranges_of, sequence_of

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


def risks_of(
    model: str,
    workflow: str,
    than: str | None,
    than_model: str | None,
    given: Settings,
    loss: str,
    of_risk: bool,
    symbols: Iterable[str] = (),
) -> list[Risk]:
    """The risk of a pair, or of two pairs, as the command line names them; divided by that at generation 1 unless told.

    Raises
    ------
    DomainError
        When another model is named without another workflow.
    """
    if than_model is not None and than is None:
        raise DomainError(f"--than-model {than_model} is given without --than WORKFLOW: name both.")
    pairs = [(model, workflow)] + ([] if than is None else [(than_model or model, than)])
    risks = [expected_risk(*build(*pair, given, symbols), loss=loss) for pair in pairs]
    return risks if of_risk else [risk.ratio for risk in risks]


def foreign(certificate: Certificate, risks: list[Risk]) -> str | None:
    """What in a certificate differs from what is derived of these risks; None where nothing does."""
    data = certificate.data
    if len(data["sequences"]) != len(risks):
        return f"it is about {len(data['sequences'])} recurrences, not {len(risks)}."
    for index, (given, risk) in enumerate(zip(data["sequences"], risks, strict=True), start=1):
        derived = sequence_of(risk)
        for part in derived:
            if given.get(part) != derived[part]:
                which = f" of recurrence {index}" if len(risks) > 1 else ""
                return f"the {part}{which} would be {derived[part]}, not {given.get(part)}."
    ranges = ranges_of(tuple(risks))
    for name, over in data["parameters"].items():
        if ranges["parameters"].get(name) != over:
            return f"the range of {name} would be {ranges['parameters'].get(name)}, not {over}."
    unknown = sorted(set(data["positive"]) - set(ranges["positive"]))
    return f"nothing says that {', '.join(unknown)} is positive." if unknown else None


def certified(risk: Risk) -> Certificate | None:
    """The certificate of the closed form; None where there is no closed form, or no certificate was found."""
    if risk.closed_form is None:
        return None
    try:
        return prove(ClosedForm(risk))
    except NotDerivedError:
        return None
