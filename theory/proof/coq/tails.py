"""What a closed form tells of late generations: limits, growth, and errors of expansions."""

from __future__ import annotations

from sympy import Expr, Piecewise, S, cancel, log, oo

from theory.errors import NotDerivedError
from theory.expressions.symbols import G
from theory.proof.claims import Remainder
from theory.proof.coq.limits import LOGARITHM, Convergence, convergence, named
from theory.proof.coq.moments import neat
from theory.proof.coq.reading import read
from theory.proof.coq.sequence import Sequence
from theory.proof.coq.text import coq_term, never_zero
from theory.proof.coq.theorem import Part, Theorem
from theory.proof.coq.witness import witness
from theory.proof.prove import prove


def limit(sequence: Sequence) -> list[Part]:
    """The theorem ``limit``, that the closed form converges to the limit of the risk.

    Raises
    ------
    NotDerivedError
        When the limit is infinite or by cases, or has no name in Coq's standard library, or a term no known limit.
    """
    value = sequence.risk.limit
    if value is None or isinstance(value, Piecewise) or value in (oo, -oo):
        what = "unknown" if value is None else "by cases" if isinstance(value, Piecewise) else value
        raise NotDerivedError(f"the limit of {sequence.about} is {what}: a finite one can be exported.")
    p, text = sequence.prefix, named(value, "limit")
    theorems = sequence.closed_forms()
    found = convergence(sequence.closed, sequence.atoms)
    _same(found.limit, value, "limit")
    return [
        *theorems,
        Theorem(f"{p}limit", f"Un_cv {p}risk ({text})", _tends(sequence, found, text), ("Limits",), kind="Lemma"),
    ]


def growth(sequence: Sequence) -> list[Part]:
    """The theorem ``growth``: the risk exceeds every number, or tends to 0, and over its leading term it tends to 1.

    Raises
    ------
    NotDerivedError
        When the leading term is unknown, has no name in Coq's standard library, or a term no known limit.
    """
    value = sequence.risk.growth
    if value is None or isinstance(value, Piecewise) or not value.has(G):
        raise NotDerivedError(f"the growth of {sequence.about} is {value}: a leading term in G can be exported.")
    p, theorems, atoms = sequence.prefix, sequence.closed_forms(), sequence.atoms
    rate = neat(atoms.write(value.subs(log(G), LOGARITHM)), sequence.ranges)
    _nameable(rate, value, sequence)
    text = coq_term(rate, {**atoms.names("G"), LOGARITHM: "ln (INR G)"})
    ratio, first = convergence(sequence.closed / rate, atoms), max(sequence.from_generation, 2)
    _same(ratio.limit, S.One, "growth")
    fades = sequence.risk.limit == 0
    before = [*limit(sequence)] if fades else theorems
    to_one = f"Un_cv (fun G => {p}risk G / ({text})) 1"
    return [
        *before,
        Theorem(
            f"{p}growth_positive",
            f"forall G, ({first} <= G)%nat -> 0 < {text}",
            ("intros G HG. as_real HG. pose proof (ln_positive G ltac:(lia)). positive.",),
            ("Limits",),
            kind="Lemma",
        ),
        Theorem(
            f"{p}growth_ratio",
            to_one,
            _tends(sequence, ratio, "1", first, f"rewrite {p}closed_form by lia. "),
            ("Limits",),
            kind="Lemma",
        ),
        *(_decays(p, to_one) if fades else _diverges(sequence, rate, text, to_one, first)),
    ]


def _decays(p: str, to_one: str) -> list[Part]:
    """That it tends to 0, its leading term being positive."""
    statement = f"Un_cv {p}risk 0 /\\ {to_one}"
    return [
        Theorem(f"{p}growth", statement, (f"split; [exact {p}limit | exact {p}growth_ratio].",), ("Limits",), "Lemma")
    ]


def _diverges(sequence: Sequence, rate: Expr, text: str, to_one: str, first: int) -> list[Part]:
    """That it exceeds every number, as the inverse of its positive leading term tends to 0."""
    p, inverse = sequence.prefix, convergence(1 / rate, sequence.atoms)
    _same(inverse.limit, S.Zero, "growth")
    return [
        Theorem(
            f"{p}growth_unbounded",
            f"Un_cv (fun G => / ({text})) 0",
            _tends(sequence, inverse, "0", first, ""),
            ("Limits",),
            kind="Lemma",
        ),
        Theorem(
            f"{p}growth",
            f"cv_infty {p}risk /\\ {to_one}",
            (
                f"split; [|exact {p}growth_ratio].",
                f"apply (diverges _ (fun G => {text}) {first});",
                f"  [exact {p}growth_positive | exact {p}growth_unbounded | exact {p}growth_ratio].",
            ),
            ("Limits",),
            kind="Lemma",
        ),
    ]


def remainder(sequence: Sequence, claim: Remainder) -> list[Part]:
    """The theorem ``remainder``: the error of the expansion, with the bound that the certificate found.

    Raises
    ------
    NotDerivedError
        When no certificate is found, or steps of the error are not rational, or a sign is not told term by term.
    """
    certificate = prove(claim)
    (step,) = (item for item in certificate.data["steps"] if item["rule"] == "remainder")
    p, theorems, atoms = sequence.prefix, sequence.closed_forms(), sequence.atoms
    expansion, bound = (read(step[key], (sequence.risk,), sequence.ranges) for key in ("expansion", "bound"))
    expansion, since = expansion.expand(), max(int(step["since"]), sequence.from_generation)
    shown = {key: named(value, key) for key, value in (("expansion", expansion), ("bound", bound))}
    error = sequence.closed - expansion
    before = {G: G - 1, **_before(sequence)}
    move = cancel(error - error.subs(before, simultaneous=True))
    if move.free_symbols & set(atoms.terms.values()):
        raise NotDerivedError(f"the steps of {sequence.about} are not rational in G: its remainder cannot be exported.")
    room = bound.subs(G, G - 1) - bound
    signs = [witness(cancel(item), G, since, sequence.ranges) for item in (room - move, room + move)]
    if None in signs:
        raise NotDerivedError(
            f"the sign of {cancel(room - move)} or {cancel(room + move)} is not told term by term, as a proof in Coq "
            "needs it to be: no remainder is exported."
        )
    functions = [f"(fun G => {p}risk G - ({shown['expansion']}))", f"(fun G => {shown['bound']})"]
    vanish = [convergence(error, atoms), convergence(bound, atoms)]
    for item in vanish:
        _same(item.limit, S.Zero, "remainder")
    opened = f"intros g Hg. as_real Hg. cbv beta. rewrite !{p}closed_form by lia. unroll. rewrite ?S_INR."
    return [
        *theorems,
        Theorem(
            f"{p}error_vanishes",
            f"Un_cv {functions[0]} 0",
            _tends(sequence, vanish[0], "0", since, f"rewrite {p}closed_form by lia. "),
            ("Limits",),
            kind="Lemma",
        ),
        Theorem(
            f"{p}bound_vanishes",
            f"Un_cv {functions[1]} 0",
            _tends(sequence, vanish[1], "0", since, ""),
            ("Limits",),
            kind="Lemma",
        ),
        Theorem(
            f"{p}remainder",
            f"forall G, ({since} <= G)%nat -> Rabs ({p}risk G - ({shown['expansion']})) <= {shown['bound']}",
            (
                f"apply (remainder_by_steps {functions[0]} {functions[1]} {since}).",
                f"- {opened} by_witness (at_most_by ({signs[0]})).",
                f"- {opened} by_witness (at_most_by ({signs[1]})).",
                f"- exact {p}error_vanishes.",
                f"- exact {p}bound_vanishes.",
            ),
            ("Limits",),
            kind="Lemma",
        ),
    ]


def _before(sequence: Sequence) -> dict[Expr, Expr]:
    """Atoms one generation earlier."""
    found: dict[Expr, Expr] = {}
    for key, atom in sequence.atoms.terms.items():
        if key[0] == "harmonic":
            found[atom] = atom - G ** -key[1]
        elif key[0] == "power":
            found[atom] = atom / key[1]
    return found


def _tends(
    sequence: Sequence, found: Convergence, text: str, first: int | None = None, opened: str | None = None
) -> tuple[str, ...]:
    """Tactics for the limit of a function that is the one found from some generation on."""
    start = sequence.from_generation if first is None else first
    opened = f"rewrite {sequence.prefix}closed_form by lia. " if opened is None else opened
    logarithm = "pose proof (ln_positive G ltac:(lia)). " if "ln (INR G)" in found.text else ""
    return (
        f"apply (cv_from {start} (fun G => {found.text})).",
        f"- intros G HG. as_real HG. {logarithm}{opened}rewrite ?Nat.sub_0_r.",
        *(f"  {line}" for line in found.powers),
        "  field; nonzero.",
        *(f"- {line}" if index == 0 else f"  {line}" for index, line in enumerate(found.proof(text))),
    )


def _same(found: Expr, stated: Expr, what: str) -> None:
    if cancel(found - stated) != 0:
        raise NotDerivedError(f"the {what} {stated} was not found again from the closed form: it is not exported.")


def _nameable(rate: Expr, value: Expr, sequence: Sequence) -> None:
    constant = rate.subs(dict.fromkeys([G, LOGARITHM, *sequence.atoms.terms.values()], S.One))
    named(constant, "growth")
    if witness(constant, G, 0, sequence.ranges) is None or not never_zero(constant, sequence.ranges):
        raise NotDerivedError(f"the growth {value} is not seen to be positive: growth to infinity can be exported.")
