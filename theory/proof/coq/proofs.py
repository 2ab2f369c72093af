"""The theorems of each kind of claim; the last of them is the claim."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

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
from theory.proof.coq.bounds import bounds, from_weights
from theory.proof.coq.cone import monotone
from theory.proof.coq.limits import named, strictly_below
from theory.proof.coq.order import never_worse
from theory.proof.coq.sequence import Sequence
from theory.proof.coq.tails import growth, limit, remainder
from theory.proof.coq.text import coq_term
from theory.proof.coq.theorem import Part, Theorem


def proof(claim: Claim, sequences: list[Sequence]) -> list[Part]:
    """The theorems that lead to the claim, and it."""
    *before, last = _PROOFS[type(claim)](claim, *sequences)
    assert isinstance(last, Theorem)
    return [*before, replace(last, about=f"Claim: {claim.statement}.")]


def _claim(statement: str, *tactics: str, needs: tuple[str, ...] = ()) -> Theorem:
    return Theorem("claim", statement, tactics, needs)


def _restated(theorems: Iterable[Part], name: str) -> Theorem:
    """The claim that is one of the theorems."""
    (stated,) = (item for item in theorems if isinstance(item, Theorem) and item.name == name)
    return _claim(stated.statement, f"exact {name}.")


def _closed_form(claim: Claim, sequence: Sequence) -> list[Part]:
    theorems = [*sequence.closed_forms(), *sequence.ratio_closed_form(), *bounds(sequence), *from_weights(sequence)]
    return [*theorems, _restated(theorems, "closed_form")]


def _theorem(name: str, build: Callable[..., list[Part]]) -> Callable[..., list[Part]]:
    """The proof of a claim that is the theorem of this name, of those that ``build`` makes of the sequences."""

    def proved(_: Claim, *sequences: Sequence) -> list[Part]:
        theorems = build(*sequences)
        return [*theorems, _restated(theorems, name)]

    return proved


def _remainder(claim: Remainder, sequence: Sequence) -> list[Part]:
    theorems = remainder(sequence, claim)
    return [*theorems, _restated(theorems, "remainder")]


def _least_bound(claim: Claim, sequence: Sequence) -> list[Part]:
    """A risk that rises has its limit as least bound, one that falls its first value."""
    shape, theorems = monotone(sequence)
    reasons: list[Part]
    if shape == "decreasing":
        bound, reasons = coq_term(sequence.risk_at(1)), [sequence.risk_value(1)]
        tactic = "apply least_bound_of_falling; [exact monotone | exact risk_at_1]."
    else:
        reasons, tactic = limit(sequence), "apply least_bound_of_rising; [exact monotone | exact limit]."
        bound = named(sequence.risk.limit, "limit")
    return [*theorems, *reasons, _claim(f"is_lub (value_of risk) ({bound})", tactic, needs=("Limits",))]


def _lower_limit(claim: Claim, small: Sequence, large: Sequence) -> list[Part]:
    s, t = small.prefix, large.prefix
    theorems = [*limit(small), *limit(large)]
    low, high = small.risk.limit, large.risk.limit
    below, above = (named(value, "limit") for value in (low, high))
    return [
        *theorems,
        _claim(
            f"Un_cv {s}risk ({below}) /\\ Un_cv {t}risk ({above}) /\\ {below} < {above}",
            f"split; [exact {s}limit | split; [exact {t}limit|]].",
            *strictly_below(low, high, {**small.ranges, **large.ranges}),
            needs=("Limits",),
        ),
    ]


_PROOFS: dict[type[Claim], Callable[..., list[Part]]] = {
    ClosedForm: _closed_form,
    Limit: _theorem("limit", limit),
    Growth: _theorem("growth", growth),
    Monotone: _theorem("monotone", lambda sequence: monotone(sequence)[1]),
    LeastBound: _least_bound,
    Remainder: _remainder,
    NeverWorse: _theorem("never_worse", never_worse),
    LowerLimit: _lower_limit,
}
