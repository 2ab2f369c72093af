r"""Upper bounds of the ratio by :math:`\sup_G H_G^{(2)} = \pi^2/6`, and the recurrence from the weights."""

from __future__ import annotations

from itertools import islice

from sympy import Expr, Rational, S, oo, pi

from theory.proof.coq.sequence import Sequence
from theory.proof.coq.text import coq_term, never_zero
from theory.proof.coq.theorem import Theorem, grouped
from theory.proof.coq.witness import witness
from theory.workflows.base import pooled_blocks
from theory.workflows.pathway import Pathways

#: The numbers of pooled blocks whose weights the library knows, with its lemma about one step of their pathway.
WEIGHTS: dict[Expr, tuple[str, str]] = {oo: ("pooled", "accumulate_step"), S.One: ("latest", "replace_step")}


def bounds(sequence: Sequence) -> list[Theorem]:
    """An upper bound of the ratio by π²/6, the least one where the ratio is affine in the sum of squares; or none."""
    ratio, p = sequence.ratio, sequence.prefix
    if ratio is None:
        return []
    squares = sequence.atoms.terms.get(("harmonic", 2))
    if squares is not None and ratio.has(squares):
        slope, rest = ratio.diff(squares), ratio.subs(squares, 0)
        if isinstance(slope, Rational) and isinstance(rest, Rational) and slope > 0:
            bound = coq_term(slope * pi**2 / 6 + rest)
            return _harmonic_bound(p, bound, coq_term(slope), coq_term(rest))
    return _dominated(sequence)


def _dominated(sequence: Sequence) -> list[Theorem]:
    """0 ≤ P ≤ 1 and 0 ≤ f ≤ f_1/g²: the moment stays below f_1 H_G^(2)."""
    rec, p = sequence.recurrence, sequence.prefix
    if sequence.first != 0 or not sequence.is_scalar or rec.initial[0] != 0:
        return []
    (factor_,), (inflow,), g = rec.matrix, rec.forcing, rec.symbol
    top = sequence.at(1)
    witnesses = [
        witness(expression, g, 0, sequence.ranges)
        for expression in (top, factor_, 1 - factor_, inflow, top / g**2 - inflow)
    ]
    if None in witnesses or not never_zero(top, sequence.ranges):
        return []
    names = {g: "INR g"}
    p_text, f_text = coq_term(factor_, names), coq_term(inflow, names)
    start, low, high, positive, under = witnesses
    unit_1 = coq_term(top)
    return [
        sequence.step_equation(),
        Theorem(
            f"{p}bound",
            f"{p}scale <> 0 -> forall G, (1 <= G)%nat -> {p}risk G / {p}risk 1 < PI ^ 2 / 6",
            (
                "intros Scale G HG.",
                f"assert (0 < {unit_1}) as Top by (by_witness (positive_by ({start}))).",
                f"assert ({p}unit G <= {unit_1} * harmonic 2 G) as Below.",
                f"{{ apply (below_harmonic 0 {p}unit (fun g => {p_text}) (fun g => {f_text}) ({unit_1})).",
                f"  - intros g Hg; apply {p}step_equation; exact Hg.",
                f"  - change ({p}unit 0) with 0; rewrite harmonic_0; lra.",
                "  - intros g Hg. as_real Hg. split;",
                f"      [by_witness (nonnegative_by ({low})) | by_witness (at_most_by ({high}))].",
                "  - intros g Hg. as_real Hg. split;",
                f"      [by_witness (nonnegative_by ({positive})) | by_witness (at_most_by ({under}))].",
                "  - lia. }",
                f"replace ({p}risk G / {p}risk 1) with ({p}unit G / ({unit_1}))",
                f"  by (rewrite !{p}risk_by_unit by lia; rewrite {p}baseline; field; nonzero).",
                "apply Rle_lt_trans with (harmonic 2 G); [|apply basel_bound].",
                f"apply Rmult_le_reg_r with ({unit_1}); [lra|].",
                f"replace ({p}unit G / ({unit_1}) * ({unit_1})) with ({p}unit G) by (field; nonzero). lra.",
            ),
            needs=("Basel",),
        ),
    ]


def _harmonic_bound(p: str, bound: str, slope: str, rest: str) -> list[Theorem]:
    return [
        Theorem(
            f"{p}bound",
            f"{p}scale <> 0 -> forall G, (1 <= G)%nat -> {p}risk G / {p}risk 1 < {bound}",
            (
                f"intros Scale G HG. rewrite {p}ratio_closed_form by assumption.",
                "pose proof (basel_bound G). lra.",
            ),
            needs=("Basel",),
        ),
        Theorem(
            f"{p}bound_is_least",
            f"{p}scale <> 0 -> forall B, B < {bound} -> exists G, (1 <= G)%nat /\\ B < {p}risk G / {p}risk 1",
            (
                f"intros Scale B HB. destruct (basel_least ((B - ({rest})) / ({slope}))) as [G [HG Above]]; [lra|].",
                f"exists G. split; [exact HG|]. rewrite {p}ratio_closed_form by assumption. lra.",
            ),
            needs=("Basel",),
        ),
    ]


def from_weights(sequence: Sequence) -> list[Theorem]:
    """The weights of the workflow lead to this recurrence: whatever satisfies the pathway equation is its solution."""
    workflow, curvature = sequence.risk.workflow, sequence.curvature
    known = WEIGHTS.get(pooled_blocks(workflow))
    if known is None or workflow.schedule != 1 or curvature is None or sequence.first != 0:
        return []
    rec, p = sequence.recurrence, sequence.prefix
    gains = [row[0][-1] ** 2 for row in islice(Pathways(workflow), 3)]
    if rec.initial[0] != 0 or any(rec.forcing[0].subs(rec.symbol, g) != a for g, a in enumerate(gains, start=1)):
        return []
    weights, step = known
    kappa = grouped(coq_term(curvature))
    return [
        sequence.step_equation(),
        Theorem(
            f"{p}from_weights",
            f"forall solution, is_risk 1 {kappa} 1 {weights} solution -> forall G, solution G = {p}unit G",
            (
                "intros solution Risk G; induction G as [|G IH].",
                f"- rewrite (proj1 Risk). unfold {p}unit, {p}moments; evaluate. unfold {p}initial; ring.",
                f"- rewrite ({step} 1 {kappa} 1 Rlt_0_1 solution G Risk), IH, {p}step_equation by lia.",
                "  assert (0 <= G)%nat as HG by lia. as_real HG.",
                "  rewrite ?S_INR. field; nonzero.",
            ),
            needs=("QuadraticVariance",),
            about="In units of scale: r_g = sum_j C_{g,j}^2 (1 + curvature r_{j-1}), C from the weights alone.",
        ),
    ]
