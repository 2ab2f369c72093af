r"""Two workflows in order: the risk under one is at most that under the other, at every generation.

Three arguments, tried in turn: the difference of the closed forms has nonnegative increments; both recurrences are
:math:`m_g = m_{g-1} + a_g (1 + \kappa m_{g-1})` with one κ and ordered gains; factors and inflows of
:math:`m_g = P_g m_{g-1} + f_g` are ordered.
"""

from __future__ import annotations

from sympy import Expr, S, cancel

from theory.errors import NotDerivedError
from theory.proof.coq.sequence import Sequence, neat
from theory.proof.coq.text import Atoms, coq_term
from theory.proof.coq.theorem import Theorem
from theory.proof.coq.witness import witness
from theory.symbols import G


def never_worse(small: Sequence, large: Sequence) -> list[Theorem]:
    if small.recurrence.offset != large.recurrence.offset:
        raise NotDerivedError("the two risks have different offsets: no comparison is exported.")
    for argument in (_by_increments, _by_noise, _by_factors):
        found = argument(small, large)
        if found:
            start = max(small.from_generation, large.from_generation)
            offset = "" if small.recurrence.offset == 0 else "apply Rplus_le_compat_l. "
            final = Theorem(
                "never_worse",
                f"0 <= scale -> forall G, ({start} <= G)%nat -> {small.prefix}risk G <= {large.prefix}risk G",
                (
                    f"intros Scale G HG. unfold {small.prefix}risk, {large.prefix}risk. {offset}"
                    "apply Rmult_le_compat_l; [exact Scale|].",
                    "apply never_worse_unit; lia.",
                ),
            )
            return [*found, final]
    raise NotDerivedError(
        f"no argument orders {small.risk.workflow} and {large.risk.workflow} for {small.risk.model}: comparisons by "
        f"increments, by factors and inflows, or by gains of one curvature can be exported."
    )


def _by_increments(small: Sequence, large: Sequence) -> list[Theorem]:
    """The difference of the closed forms is rational in G, or its increments are, and they are nonnegative."""
    first = max(small.from_generation, large.from_generation)
    shared = Atoms(first, {**small.ranges, **large.ranges})
    try:
        difference = neat(
            shared.write(large.unit.subs(large.atoms.values())) - shared.write(small.unit.subs(small.atoms.values())),
            shared.ranges,
        )
    except NotDerivedError:
        return []
    if difference == 0:
        increment: Expr = S.Zero
    else:
        powers = {atom for key, atom in shared.terms.items() if key[0] != "harmonic"}
        if difference.free_symbols & (powers | set(small.atoms.terms.values()) | set(large.atoms.terms.values())):
            return []
        # D(g) − D(g − 1), with H_g = H_{g−1} + g^{−order}
        before = {G: G - 1, **{atom: atom - G ** -key[1] for key, atom in shared.terms.items()}}
        increment = cancel(difference - difference.subs(before, simultaneous=True))
    if increment.free_symbols & set(shared.terms.values()):
        return []
    grows = witness(increment, G, first, shared.ranges)
    at_first = cancel(large.at(first) - small.at(first))
    base = witness(at_first, G, first, shared.ranges) if at_first != 0 else "0"
    if grows is None or base is None:
        return []
    text = coq_term(difference, shared.names("g"))
    return [
        Theorem(
            "difference_nonnegative",
            f"forall g, ({first} <= g)%nat -> 0 <= {text}",
            (
                "intros g Hg; induction Hg as [|g Hg IH].",
                f"- evaluate. by_witness (nonnegative_by ({base})).",
                "- as_real Hg.",
                "  apply (Rle_trans _ _ _ IH). unroll. rewrite ?S_INR.",
                f"  by_witness (at_most_by ({grows})).",
            ),
            kind="Lemma",
        ),
        Theorem(
            "never_worse_unit",
            f"forall G, ({first} <= G)%nat -> {small.prefix}unit G <= {large.prefix}unit G",
            (
                "intros G HG. as_real HG.",
                f"rewrite {small.prefix}unit_closed_form, {large.prefix}unit_closed_form by lia.",
                f"apply (at_most_by ({coq_term(difference, shared.names('G'))})); [field; nonzero|].",
                "exact (difference_nonnegative G HG).",
            ),
            kind="Lemma",
        ),
    ]


def _by_noise(small: Sequence, large: Sequence) -> list[Theorem]:
    """Both are m_g = m_{g−1} + gain_g (1 + κ m_{g−1}) with one κ, and the gains are ordered."""
    kappa = small.curvature
    if kappa is None or large.curvature is None or cancel(kappa - large.curvature) != 0:
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


def _by_factors(small: Sequence, large: Sequence) -> list[Theorem]:
    """Both are m_g = P_g m_{g−1} + f_g, and factors and inflows are ordered."""
    if not (small.is_scalar and large.is_scalar):
        return []
    first = max(small.first, large.first)
    (p,), (f,) = (
        entry.subs(small.recurrence.symbol, G) for entry in (small.recurrence.matrix, small.recurrence.forcing)
    )
    (q,), (h,) = (
        entry.subs(large.recurrence.symbol, G) for entry in (large.recurrence.matrix, large.recurrence.forcing)
    )
    ranges = {**small.ranges, **large.ranges}
    x, y = small.at(first), large.at(first)
    witnesses = [witness(cancel(item), G, first, ranges) for item in (p, q - p, f, h - f, x, y - x)]
    if None in witnesses:
        return []
    s, t, at = small.prefix, large.prefix, {G: "INR g"}

    def ordered(low: int) -> str:
        return (
            f"split; [by_witness (nonnegative_by ({witnesses[low]})) | by_witness (at_most_by ({witnesses[low + 1]}))]."
        )

    functions = " ".join(f"(fun g => {coq_term(item, at)})" for item in (p, f, q, h))
    return [
        small.step_equation(),
        large.step_equation(),
        small.value(first, "first_value"),
        large.value(first, "first_value"),
        Theorem(
            "never_worse_unit",
            f"forall G, ({first} <= G)%nat -> {s}unit G <= {t}unit G",
            (
                f"apply (linear_le {first} {s}unit {t}unit {functions}).",
                f"- intros g Hg. apply {s}step_equation; lia.",
                f"- intros g Hg. apply {t}step_equation; lia.",
                f"- rewrite {s}first_value, {t}first_value. {ordered(4)}",
                f"- intros g Hg. as_real Hg. {ordered(0)}",
                f"- intros g Hg. as_real Hg. {ordered(2)}",
            ),
            kind="Lemma",
        ),
    ]
