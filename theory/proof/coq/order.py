r"""Two risks in order, at every generation: by the gains of noise that feeds on the risk, or by a certificate.

Gains: both recurrences are :math:`m_g = m_{g-1} + a_g (1 + \kappa m_{g-1})` with one κ, of either sign, and ordered
gains. A certificate compares generation by generation, by the invariant forms of :mod:`theory.proof.coq.cone`, or has
both risks rise, the second past the limit of the first.
"""

from __future__ import annotations

from sympy import Expr, cancel

from theory.errors import NotDerivedError
from theory.expressions.signs import Ranges
from theory.expressions.symbols import G
from theory.proof.claims import NeverWorse
from theory.proof.coq.cone import monotone, never_above
from theory.proof.coq.limits import named, strictly_below
from theory.proof.coq.sequence import Sequence
from theory.proof.coq.tails import limit
from theory.proof.coq.text import coq_term
from theory.proof.coq.theorem import Part, Theorem
from theory.proof.coq.witness import witness
from theory.proof.prove import prove


def never_worse(small: Sequence, large: Sequence) -> list[Part]:
    """The theorem ``never_worse`` and what leads to it; with a premise where the ranges leave the sign of scale open.

    Raises
    ------
    NotDerivedError
        When no argument orders the two.
    """
    found = _by_noise(small, large)
    if not found:
        try:
            certificate = prove(NeverWorse(small.risk, large.risk)).data
            since = certificate["claim"].get("since")
            return never_above(small, large, certificate["steps"]) if since is None else _by_limit(small, large, since)
        except NotDerivedError as refusal:
            raise NotDerivedError(f"no argument orders {small.about} and {large.about} in Coq: {refusal}") from None
    s, t, start = small.prefix, large.prefix, max(small.from_generation, large.from_generation)
    known = witness(small.recurrence.scale, G, 0, small.ranges)
    premise = f"0 <= {s}scale -> " if known is None else ""
    positive = (
        ""
        if known is None
        else (f"assert (0 <= {s}scale) as Scale by (unfold {s}scale; by_witness (nonnegative_by ({known}))). ")
    )
    final = Theorem(
        "never_worse",
        f"{premise}forall G, ({start} <= G)%nat -> {s}risk G <= {t}risk G",
        (
            f"{positive}intros {'Scale ' if premise else ''}G HG. rewrite {s}risk_by_unit, {t}risk_by_unit by lia.",
            f"replace {t}scale with {s}scale by (unfold {s}scale, {t}scale; field; nonzero).",
            "apply Rplus_le_compat_l." if small.recurrence.offset != 0 else "",
            "apply Rmult_le_compat_l; [exact Scale|]. apply never_worse_unit; lia.",
        ),
        kind="Lemma",
    )
    return [small.by_unit(), large.by_unit(), *found, final]


def _by_noise(small: Sequence, large: Sequence) -> list[Theorem]:
    """Both are m_g = m_{g−1} + gain_g (1 + κ m_{g−1}) with one κ, and the gains are ordered."""
    kappa, one, two = small.curvature, small.recurrence, large.recurrence
    if kappa is None or large.curvature is None or cancel(kappa - large.curvature) != 0:
        return []
    if cancel(one.scale - two.scale) != 0 or cancel(one.offset - two.offset) != 0 or one.early or two.early:
        return []
    first = max(small.first, large.first)
    a = small.recurrence.forcing[0].subs(small.recurrence.symbol, G)
    b = large.recurrence.forcing[0].subs(large.recurrence.symbol, G)
    ranges = {**small.ranges, **large.ranges}
    conditions = [witness(item, G, first, ranges) for item in (a, b - a, 1 + kappa * a, 1 + kappa * b)]
    x, y = small.at(first), large.at(first)
    bases = [witness(item, G, first, ranges) for item in (x, cancel(y - x), 1 + kappa * x)]
    if None in (*conditions, *bases):
        return []
    s, t, k = small.prefix, large.prefix, coq_term(kappa)
    at = {G: "INR g"}
    return [
        small.step_equation(),
        large.step_equation(),
        small.value(first, "first_value"),
        large.value(first, "first_value"),
        Theorem(
            "never_worse_unit",
            f"forall G, ({first} <= G)%nat -> {s}unit G <= {t}unit G",
            (
                f"apply (noise_le {first} 1 ({k}) {s}unit {t}unit (fun g => {coq_term(a, at)}) "
                f"(fun g => {coq_term(b, at)})).",
                f"- intros g Hg. as_real Hg. rewrite {s}step_equation by lia. rewrite ?S_INR. field; nonzero.",
                f"- intros g Hg. as_real Hg. rewrite {t}step_equation by lia. rewrite ?S_INR. field; nonzero.",
                f"- rewrite {s}first_value, {t}first_value. split; [by_witness (nonnegative_by ({bases[0]})) "
                f"| by_witness (at_most_by ({bases[1]}))].",
                f"- rewrite {s}first_value. by_witness (nonnegative_by ({bases[2]})).",
                f"- intros g Hg. as_real Hg. split; [by_witness (nonnegative_by ({conditions[0]})) "
                f"| by_witness (at_most_by ({conditions[1]}))].",
                f"- intros g Hg. as_real Hg. by_witness (nonnegative_by ({conditions[2]})).",
                f"- intros g Hg. as_real Hg. by_witness (nonnegative_by ({conditions[3]})).",
            ),
            kind="Lemma",
        ),
    ]


def _by_limit(small: Sequence, large: Sequence, since: int) -> list[Part]:
    """Both rise, and the second has passed the limit of the first at some generation from ``since`` on."""
    s, t = small.prefix, large.prefix
    both, ranges = (small, large), {**small.ranges, **large.ranges}
    bound, rises = small.risk.limit, [monotone(item) for item in both]
    passed, passes = _passes(bound, large, since, ranges)
    early = []
    for g in range(1, passed):
        sign = witness(cancel(large.risk_at(g) - small.risk_at(g)), G, 0, ranges)
        if sign is None:
            raise NotDerivedError(f"the order at generation {g} is not told term by term, as a proof in Coq needs it.")
        early.append(
            f"destruct (Nat.eq_dec G {g}) as [->|Not_{g}]; "
            f"[rewrite {s}risk_at_{g}, {t}risk_at_{g}; by_witness (at_most_by ({sign}))|]."
        )
    above = coq_term(large.risk_at(passed))
    return [
        *(part for _, parts in rises for part in parts),
        *limit(small),
        *(item.risk_value(g) for g in range(1, passed + 1) for item in both),
        Theorem("limit_is_passed", f"{named(bound, 'limit')} < {above}", passes, ("Limits",), kind="Lemma"),
        Theorem(
            "never_worse",
            f"forall G, (1 <= G)%nat -> {s}risk G <= {t}risk G",
            (
                "intros G HG.",
                *early,
                f"pose proof (limit_above {s}risk _ {s}monotone {s}limit G HG).",
                f"pose proof (rising {t}risk {t}monotone {passed} G ltac:(lia)) as Late.",
                f"rewrite {t}risk_at_{passed} in Late. pose proof limit_is_passed. lra.",
            ),
            ("Limits",),
            kind="Lemma",
        ),
    ]


def _passes(bound: Expr, large: Sequence, since: int, ranges: Ranges) -> tuple[int, tuple[str, ...]]:
    """The generation at which a sequence is seen to have passed a number, and tactics that show it."""
    for generation in range(since, since + PATIENCE):
        try:
            return generation, strictly_below(bound, large.risk_at(generation), ranges)
        except NotDerivedError:
            continue
    raise NotDerivedError(
        f"that {large.about} passes {bound} is not told by 19/2 < π² < 21/2 and the parameters' ranges."
    )


#: Generations tried beyond the first at which the certificate tells the order.
PATIENCE = 5
