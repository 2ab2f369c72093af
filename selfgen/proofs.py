"""Claims by the names that the command line gives them."""

from __future__ import annotations

from collections.abc import Iterable

from theory import DomainError, NotDerivedError, Risk, expected_risk
from theory.names import Settings, build
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
from theory.proof.draft import about, ranges_of, sequence_of

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
    """In a sentence, what a certificate is about that the risks are not; None where all it says is what they are.

    Compared are the names of model, workflow, loss, quantity and exactness, the recurrence that is derived of each
    risk, and the ranges of the parameters.
    """
    data = certificate.data
    if len(data["about"]) != len(risks):
        return f"{_of(data['about'])}, not {_of([about(risk) for risk in risks])}."
    for said, given, risk in zip(data["about"], data["sequences"], risks, strict=True):
        named = about(risk)
        if said != named:
            return f"{_told(said, named)}, not {_told(named, said)}."
        if given != sequence_of(risk):
            return f"{_told(said, named)} with other settings than those given here."
    ranges = ranges_of(tuple(risks))
    for name, over in data["parameters"].items():
        if ranges["parameters"].get(name) != over:
            return f"the range of {name} would be {ranges['parameters'].get(name)}, not {over}."
    unknown = sorted(set(data["positive"]) - set(ranges["positive"]))
    return f"nothing says that {', '.join(unknown)} is positive." if unknown else None


def _told(item: dict[str, str], other: dict[str, str]) -> str:
    """A risk in words; with its loss and exactness where that is what tells it from another."""
    apart = [f"{key} {item[key]!r}" for key in ("loss", "exactness") if item[key] != other[key]]
    words = f"the {item['quantity']} of {item['model']} under {item['workflow']}"
    readable = "".join(c if c.isprintable() else "?" for c in ", ".join([words, *apart]))
    return readable if len(readable) <= 200 else f"{readable[:200]} …"


def _of(items: list[dict[str, str]]) -> str:
    return " and ".join(_told(item, item) for item in items)


def certified(risk: Risk) -> Certificate | None:
    """The certificate of the closed form; None where there is no closed form, or no certificate was found."""
    if risk.closed_form is None:
        return None
    try:
        return prove(ClosedForm(risk))
    except NotDerivedError:
        return None
