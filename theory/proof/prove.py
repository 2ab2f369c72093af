"""Finding certificates: SymPy proposes closed forms, invariant forms and bounds; the checker alone decides."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from theory.errors import NotDerivedError
from theory.proof.certificate import Certificate
from theory.proof.claims import (
    Claim,
    ClosedForm,
    Growth,
    LeastBound,
    Limit,
    LowerLimit,
    Monotone,
    NeverWorse,
    Remainder,
)
from theory.proof.draft import Draft
from theory.proof.leading import leads, settles
from theory.proof.order import at_most, monotone, never_above
from theory.proof.texts import bases_of, text
from theory.proof.values import remainder, value
from theory.risk import Risk


def prove(claim: Claim | Risk) -> Certificate:
    """Find a certificate for a claim; a risk stands for the claim that its closed form is right.

    Returns
    -------
    Certificate
        One that :func:`theory.proof.check` has accepted.

    Raises
    ------
    NotDerivedError
        When no proof is found: the claim may still be true.

    Notes
    -----
    Found here; what is found counts only once :func:`theory.proof.check` accepts it.

    Examples
    --------
    >>> from theory import Accumulate, Replace, Regular, expected_risk
    >>> from theory.proof import NeverWorse, check, prove
    >>> better, worse = (expected_risk(Regular(), workflow).ratio for workflow in (Accumulate(), Replace()))
    >>> check(prove(NeverWorse(better, worse)))
    True
    """
    claim = ClosedForm(claim) if isinstance(claim, Risk) else claim
    with bases_of(claim.risks):
        draft = Draft(claim.risks)
        found = _PROOFS[type(claim)](draft, claim)
    sequences = list(range(len(claim.risks)))
    return draft.finished({"statement": claim.statement, "sequences": sequences, **found})


def _silently(add: Callable[[Draft, int], Any]) -> Callable[[Draft, Claim], dict[str, Any]]:
    """A proof by steps that say all there is to say."""

    def proved(draft: Draft, _: Claim) -> dict[str, Any]:
        add(draft, 0)
        return {}

    return proved


def _prove_least_bound(draft: Draft, claim: Claim) -> dict[str, Any]:
    try:
        if monotone(draft, 0) == "decreasing":
            return {"bound": text(claim.risk.baseline)}
    except NotDerivedError as error:
        return {"bound": at_most(draft, 0, error)}
    return {"bound": settles(draft, 0)}


def _prove_remainder(draft: Draft, claim: Claim) -> dict[str, Any]:
    assert isinstance(claim, Remainder)
    value(draft, 0)
    remainder(draft, 0, claim.terms)
    return {}


def _prove_lower_limit(draft: Draft, claim: Claim) -> dict[str, Any]:
    for index in (0, 1):
        settles(draft, index)
    return {}


_PROOFS: dict[type[Claim], Callable[[Draft, Claim], dict[str, Any]]] = {
    ClosedForm: _silently(value),
    Limit: _silently(settles),
    Growth: lambda draft, _: {"statement": leads(draft, 0)},
    Monotone: lambda draft, _: {"statement": monotone(draft, 0)},
    LeastBound: _prove_least_bound,
    Remainder: _prove_remainder,
    NeverWorse: lambda draft, _: never_above(draft),
    LowerLimit: _prove_lower_limit,
}
