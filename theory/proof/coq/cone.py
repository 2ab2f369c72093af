r"""Order and monotonicity from the invariant forms of a certificate.

:func:`theory.proof.prove` finds linear forms :math:`\varphi_g` in the moments with

.. math:: \varphi_g = M_g\, \varphi_{g-1} + r_g, \qquad M_g, r_g \ge 0, \qquad \varphi_{s-1} \ge 0,

and writes what is claimed, a step of the risk or the difference of two, as a nonnegative combination of them. In Coq
the forms are definitions, their step an identity, their signs an induction; every sign is told by a witness.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sympy import Expr, S, Symbol, cancel

from theory.errors import NotDerivedError
from theory.expressions.signs import Ranges
from theory.expressions.symbols import G
from theory.proof.claims import Monotone
from theory.proof.coq.reading import read
from theory.proof.coq.sequence import Sequence
from theory.proof.coq.text import coq_term
from theory.proof.coq.theorem import Definition, Part, Theorem, grouped, tupled
from theory.proof.coq.witness import witness
from theory.proof.prove import prove


def monotone(sequence: Sequence) -> tuple[str, list[Part]]:
    """Which way the risk goes, and the theorem ``monotone`` that it never turns.

    Raises
    ------
    NotDerivedError
        When no certificate is found, or one of its signs is not told term by term.
    """
    certificate = prove(Monotone(sequence.risk))
    shape = str(certificate.data["claim"]["statement"])
    cone = Cone.of(certificate.data["steps"], (sequence,))
    return shape, [*cone.theorems(), *_increments(cone, shape)]


def never_above(small: Sequence, large: Sequence, steps: list[Mapping[str, Any]]) -> list[Part]:
    """The theorem ``never_worse`` from the steps of a certificate that compares generation by generation.

    Raises
    ------
    NotDerivedError
        When a sign is not told term by term.
    """
    cone = Cone.of(steps, (small, large))
    return [*cone.theorems(), *_differences(cone)]


@dataclass(frozen=True)
class Cone:
    """Invariant forms of one or two sequences.

    Attributes
    ----------
    sequences : tuple of Sequence
    since : int
        The first generation whose step the forms take.
    forms : list
        Rows over the moments and 1, as functions of G.
    multipliers, rests : list
        :math:`M_G` and :math:`r_G`.
    weights, rest
        The combination that is claimed to be nonnegative.
    """

    sequences: tuple[Sequence, ...]
    since: int
    forms: list[list[Expr]]
    multipliers: list[list[Expr]]
    rests: list[Expr]
    weights: list[Expr]
    rest: Expr

    @property
    def prefix(self) -> str:
        """Of the names of the forms: two risks may each have their own."""
        return self.sequences[0].prefix if len(self.sequences) == 1 else ""

    @classmethod
    def of(cls, steps: list[Mapping[str, Any]], sequences: tuple[Sequence, ...]) -> Cone:
        """The cone among the steps of a certificate, without the forms that are zero."""
        (step,) = (item for item in steps if item["rule"] == "cone")
        risks, ranges = [item.risk for item in sequences], _ranges(sequences)

        def entry(text: str) -> Expr:
            return read(text, risks, ranges)

        forms = [[entry(text) for text in row] for row in step["forms"]]
        kept = [index for index, row in enumerate(forms) if any(row)]
        return cls(
            sequences,
            step["since"],
            [forms[index] for index in kept],
            [[entry(step["multipliers"][row][col]) for col in kept] for row in kept],
            [entry(step["rests"][index]) for index in kept],
            [entry(step["weights"][index]) for index in kept],
            entry(step["rest"]),
        )

    def sign(self, value: Expr) -> str:
        """The witness that a function of the generation is nonnegative from ``since`` on."""
        found = witness(value, G, self.since - 1, _ranges(self.sequences))
        if found is None:
            raise NotDerivedError(
                f"the sign of {value} is not told term by term, as a proof in Coq needs it to be: no order is exported."
            )
        return found

    def theorems(self) -> list[Part]:
        """The forms, their steps, and that they are never negative."""
        found: list[Part] = [item.by_unit() for item in self.sequences]
        return [*found, *self._definitions(), *self._steps(), *self._signs()] if self.forms else found

    def _steps(self) -> Iterator[Theorem]:
        names = ", ".join(f"{self.prefix}form_{index}" for index in range(1, len(self.forms) + 1))
        for index, (row, rest) in enumerate(zip(self.multipliers, self.rests, strict=True), start=1):
            yield Theorem(
                f"{self.prefix}form_{index}_step",
                f"forall g, ({self.since - 1} <= g)%nat -> "
                f"{self.prefix}form_{index} (S g) = {self._combination(row, rest)}",
                (
                    "intros g Hg. as_real Hg.",
                    f"unfold {names}. {self.step()} rewrite ?S_INR; first [ring | field; nonzero].",
                ),
                kind="Lemma",
            )

    def step(self) -> str:
        """Tactics that take the step from g to S g of every sequence, whatever its state at g."""
        return " ".join(
            f"unfold {p}moments; rewrite ?iterate_S by lia; generalize ({_before(item)}); "
            f"intros {_pattern(item)}; unfold {p}step; cbv beta iota zeta;"
            for item in self.sequences
            for p in (item.prefix,)
        )

    def _definitions(self) -> Iterator[Definition]:
        for index, row in enumerate(self.forms, start=1):
            read = " ".join(f"let {_binder(item)} := {item.prefix}moments g in" for item in self.sequences)
            variables = [Symbol(label) for item in self.sequences for label in _labels(item)]
            value = sum((entry * moment for entry, moment in zip(row, [*variables, S.One], strict=True)), S.Zero)
            names = {G: "INR g", **{moment: moment.name for moment in variables}}
            yield Definition(f"{self.prefix}form_{index}", f"(g : nat) : R :=\n  {read}\n  {coq_term(value, names)}")

    def _combination(self, row: list[Expr], rest: Expr, base: str = "g") -> str:
        names = {G: "INR (S g)"}
        terms = [
            f"({coq_term(x, names)}) * {self.prefix}form_{i} {grouped(base)}"
            for i, x in enumerate(row, start=1)
            if x != 0
        ]
        return " + ".join([*terms, f"({coq_term(rest, names)})"])

    def _signs(self) -> Iterator[Theorem]:
        known = " /\\ ".join(f"0 <= {self.prefix}form_{index} g" for index in range(1, len(self.forms) + 1))
        bases = []
        for index, row in enumerate(self.forms, start=1):
            state = [x for item in self.sequences for x in _state_at(item, self.since - 1)]
            value = sum((entry * x for entry, x in zip(row, [*state, S.One], strict=True)), S.Zero)
            base = self.sign(cancel(value.subs(G, self.since - 1)))
            bases.append(f"  + unfold {self.prefix}form_{index}; {self._run()}. by_witness (nonnegative_by ({base})).")
        steps = [
            f"  + rewrite {self.prefix}form_{index}_step by exact Hg. {self._nonnegative(row, rest)}"
            for index, (row, rest) in enumerate(zip(self.multipliers, self.rests, strict=True), start=1)
        ]
        yield Theorem(
            f"{self.prefix}forms_nonnegative",
            f"forall g, ({self.since - 1} <= g)%nat -> {known}",
            (
                f"intros g Hg; induction Hg as [|g Hg {_conjunction(len(self.forms))}].",
                "- repeat match goal with |- _ /\\ _ => split end.",
                *bases,
                "- as_real Hg. repeat match goal with |- _ /\\ _ => split end.",
                *steps,
            ),
            kind="Lemma",
        )

    def _run(self) -> str:
        """Tactics that run the recurrences to a generation that is a numeral."""
        return "; ".join(
            f"unfold {p}moments; evaluate; unfold {p}step, {p}initial; evaluate"
            for p in (item.prefix for item in self.sequences)
        )

    def _nonnegative(self, row: list[Expr], rest: Expr) -> str:
        """Tactics for 0 ≤ Σ x_i form_i + rest, the forms known to be nonnegative."""
        parts = [
            f"apply Rmult_le_pos; [by_witness (nonnegative_by ({self.sign(x)})) | assumption]" for x in row if x != 0
        ]
        parts.append(f"by_witness (nonnegative_by ({self.sign(rest)}))")
        return _sum_of(parts) + "."

    def claimed(self, difference: str, base: str) -> Theorem:
        """The lemma that a difference is the combination of the forms at the generation ``base``, hence nonnegative."""
        names = ", ".join([f"{self.prefix}form_{index}" for index in range(1, len(self.forms) + 1)])
        units = " ".join(f"rewrite !{item.prefix}risk_by_unit by lia;" for item in self.sequences)
        opened = ", ".join(f"{item.prefix}unit, {item.prefix}scale" for item in self.sequences)
        how = "destruct" if len(self.forms) > 1 else "pose proof"
        signs = f"{how} ({self.prefix}forms_nonnegative ({base}) ltac:(lia)) as {_conjunction(len(self.forms))}. "
        return Theorem(
            f"{self.prefix}step_nonnegative",
            f"forall g, ({self.since - 1} <= g)%nat -> 0 <= {difference}",
            (
                "intros g Hg. as_real Hg.",
                f"replace ({difference}) with ({self._combination(self.weights, self.rest, base)})",
                f"  by ({units} unfold {opened}{', ' if names else ''}{names}; {self.step()} rewrite ?S_INR; "
                "first [ring | field; nonzero]).",
                f"{signs if self.forms else ''}{self._nonnegative(self.weights, self.rest)}",
            ),
            kind="Lemma",
        )


def _increments(cone: Cone, shape: str) -> list[Theorem]:
    """The theorem ``monotone``."""
    (sequence,) = cone.sequences
    p, first = sequence.prefix, cone.since - 1
    low, high = ("g", "(S g)") if shape == "increasing" else ("(S g)", "g")
    early = range(1, first)
    values = [sequence.risk_at(g) for g in range(1, first + 1)]
    tell = []
    for g in early:
        before, after = values[g - 1], values[g]
        sign = cone.sign(cancel(after - before if shape == "increasing" else before - after))
        tell.append(
            f"destruct (Nat.eq_dec g {g}) as [->|Not_{g}]; "
            f"[rewrite {p}risk_at_{g}, {p}risk_at_{g + 1}; by_witness (at_most_by ({sign}))|]."
        )
    return [
        *(sequence.risk_value(g) for g in range(1, first + 1) if early),
        cone.claimed(f"{p}risk {high} - {p}risk {low}", "g"),
        Theorem(
            f"{p}monotone",
            f"forall g, (1 <= g)%nat -> {p}risk {low} <= {p}risk {high}",
            ("intros g Hg.", *tell, f"pose proof ({cone.prefix}step_nonnegative g ltac:(lia)). lra."),
            kind="Lemma",
        ),
    ]


def _differences(cone: Cone) -> list[Theorem]:
    """The theorem ``never_worse``."""
    small, large = cone.sequences
    s, t, early = small.prefix, large.prefix, range(1, cone.since)
    tell = []
    for g in early:
        sign = cone.sign(cancel(large.risk_at(g) - small.risk_at(g)))
        tell.append(
            f"destruct (Nat.eq_dec G {g}) as [->|Not_{g}]; "
            f"[rewrite {s}risk_at_{g}, {t}risk_at_{g}; by_witness (at_most_by ({sign}))|]."
        )
    return [
        *(item.risk_value(g) for item in cone.sequences for g in early),
        cone.claimed(f"{t}risk (S g) - {s}risk (S g)", "S g"),
        Theorem(
            "never_worse",
            f"forall G, (1 <= G)%nat -> {s}risk G <= {t}risk G",
            (
                "intros G HG.",
                *tell,
                "destruct G as [|g]; [lia|]. pose proof (step_nonnegative g ltac:(lia)). lra.",
            ),
            kind="Lemma",
        ),
    ]


def _ranges(sequences: tuple[Sequence, ...]) -> Ranges:
    return {symbol: value for item in sequences for symbol, value in item.ranges.items()}


def _state_at(sequence: Sequence, generation: int) -> list[Expr]:
    """The moments at a generation, by running the recurrence."""
    rec = sequence.recurrence
    state = rec.initial
    for g in range(sequence.first + 1, generation + 1):
        state = (rec.matrix.subs(rec.symbol, g) * state + rec.forcing.subs(rec.symbol, g)).applyfunc(cancel)
    return list(state)


def _before(sequence: Sequence) -> str:
    p = sequence.prefix
    return f"iterate {sequence.first + 1} {p}initial {p}step g"


def _labels(sequence: Sequence) -> list[str]:
    return [f"{sequence.prefix}{label}" for label in sequence.state]


def _binder(sequence: Sequence) -> str:
    """The state in a let."""
    labels = _labels(sequence)
    return f"'{tupled(labels)}" if len(labels) > 1 else labels[0]


def _pattern(sequence: Sequence) -> str:
    """The state in an introduction: pairs nest to the left."""
    first, *others = _labels(sequence)
    return "[" * len(others) + first + "".join(f" {label}]" for label in others)


def _sum_of(parts: list[str]) -> str:
    """Tactics for 0 ≤ a + b + …, read from the left, from those for each."""
    *before, last = parts
    return f"apply Rplus_le_le_0_compat; [{_sum_of(before)} | {last}]" if before else last


def _conjunction(size: int) -> str:
    """An introduction of so many facts: conjunctions nest to the right."""
    found = f"Known{size}"
    for index in range(size - 1, 0, -1):
        found = f"[Known{index} {found}]"
    return found
