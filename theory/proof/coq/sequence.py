r"""A moment recurrence and its closed form as definitions and theorems of Coq.

The state starts as it is derived and steps as it is derived; that it is the closed form at every generation is proved
by induction, each step an identity between rational functions of the generation, the parameters and the atoms of
:mod:`theory.proof.coq.text`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

from sympy import (
    Dummy,
    Expr,
    Mul,
    Poly,
    S,
    Symbol,
    cancel,
    factor,
    fraction,
    sympify,
    together,
)

from theory.errors import NotDerivedError
from theory.expressions.signs import Ranges
from theory.expressions.symbols import G
from theory.moments.recurrence import MomentRecurrence
from theory.proof.coq.moments import neat, solved
from theory.proof.coq.text import Atoms, coq_term, never_zero
from theory.proof.coq.theorem import Theorem, grouped, remark, tupled
from theory.proof.draft import reduced
from theory.risk import Risk
from theory.solver.tidy import orient


@dataclass(frozen=True)
class Sequence:
    """A moment recurrence, of the moments that the risk depends on, with its closed form in atoms of the library.

    Attributes
    ----------
    risk : Risk
    prefix : str
        Of the names in the file.
    recurrence : MomentRecurrence
    first : int
        The generation whose state is the initial one; the recursion runs from the next.
    atoms : Atoms
    """

    risk: Risk
    prefix: str
    recurrence: MomentRecurrence
    first: int
    atoms: Atoms

    @classmethod
    def of(cls, risk: Risk, prefix: str) -> Sequence:
        """The sequence of a risk, its names in the file with this prefix.

        Raises
        ------
        NotDerivedError
            When it is not the sequence of one linear recurrence of moments.
        """
        if not isinstance(risk.recurrence, MomentRecurrence):
            raise NotDerivedError(
                f"{_about(risk)} has no finite linear recurrence of moments: only those can be exported."
            )
        recurrence = reduced(risk)
        if recurrence.continuation is not None or not sympify(recurrence.start).is_Integer:
            raise NotDerivedError(
                f"{_about(risk)} changes its rule on the way: recurrences with one rule can be exported."
            )
        if recurrence.matrix.rows == 0:
            raise NotDerivedError(f"{_about(risk)} depends on no moment: recurrences of moments can be exported.")
        first = int(recurrence.start) - 1
        return cls(risk, prefix, recurrence, first, Atoms(first, {**risk.model.ranges(), **risk.workflow.ranges()}))

    @cached_property
    def moments(self) -> tuple[Expr, ...]:
        """The state in closed form, in atoms.

        Raises
        ------
        NotDerivedError
            When there is none, or none that the library can name.
        """
        return solved(self.recurrence, self.atoms, _about(self.risk))

    @property
    def about(self) -> str:
        """The pair, in the words of an error."""
        return _about(self.risk)

    @property
    def ranges(self) -> Ranges:
        return self.atoms.ranges

    @property
    def parameters(self) -> set[Symbol]:
        rec = self.recurrence
        entries = [*rec.matrix, *rec.forcing, *rec.readout, *rec.initial, rec.shift, rec.scale, rec.offset, rec.domain]
        found: set[Symbol] = set().union(*(entry.free_symbols for entry in entries))
        return found - {rec.symbol}

    @property
    def from_generation(self) -> int:
        """The first generation the theorems speak of."""
        return max(self.first, 1)

    # -- what is known in closed form -----------------------------------------------------------------

    @property
    def unit(self) -> Expr:
        """h·m + c in atoms: the risk is offset + scale × this."""
        rec = self.recurrence
        value = sum((h * m for h, m in zip(rec.readout, self.moments, strict=True)), rec.shift)
        return neat(value.subs(rec.symbol, G), self.ranges)

    @property
    def closed(self) -> Expr:
        """The risk in atoms, as the library writes it where all of that has a name."""
        written = self._written(self.risk)
        rec = self.recurrence
        return neat(rec.offset + rec.scale * self.unit, self.ranges) if written is None else written

    @property
    def ratio(self) -> Expr | None:
        """The ratio in atoms; None when it is not the ratio of two multiples of scale."""
        baseline = self.baseline
        if baseline is None:
            return None
        written = self._written(self.risk.ratio)
        return neat(self.unit / baseline, self.ranges) if written is None else written

    @property
    def baseline(self) -> Expr | None:
        """The risk at generation 1 in units of scale; None when zero, or with an offset, or before ``first``."""
        rec = self.recurrence
        if rec.offset != 0 or self.first > 1 or rec.scale == 0:
            return None
        value = self.at(1)
        return None if value == 0 else value

    def at(self, generation: int) -> Expr:
        """h·m + c at a generation from ``first`` on."""
        if generation == 0:
            # Before any data; asked of recurrences whose one moment is the risk.
            return self.recurrence.initial[0]
        plain = replace(self.recurrence, scale=S.One, offset=S.Zero, margin=None)
        return orient(factor(plain.at(generation)), self.ranges)

    def _written(self, risk: Risk) -> Expr | None:
        closed = risk._formula
        if closed is None:
            return None
        try:
            before = len(self.atoms.terms)
            written = self.atoms.write(closed)
        except NotDerivedError:
            return None
        # An atom that the moments do not have could not be traced back to the recurrence.
        return written if len(self.atoms.terms) == before else None

    # -- text ------------------------------------------------------------------------------------------------

    def comment(self) -> str:
        exactness = "exact at every sample size" if self.recurrence.exactness == "exact" else "to leading order in 1/n"
        late = f", from generation {self.first} on" if self.first > 1 else ""
        p, what = self.prefix, "the ratio to generation 1" if self.risk.relative else "the risk"
        return (
            f"(* {remark(str(self.risk.model))}\n   under {remark(str(self.risk.workflow))}, loss {self.risk.loss}: "
            f"{exactness}.\n   {p}risk is {what}, {p}unit the same in units of {p}scale{late}. *)"
        )

    @property
    def state(self) -> tuple[str, ...]:
        size = self.recurrence.matrix.rows
        return ("moment",) if size == 1 else tuple(f"moment{index}" for index in range(1, size + 1))

    def definitions(self) -> list[str]:
        rec, p = self.recurrence, self.prefix
        size = rec.matrix.rows
        kind = " * ".join(["R"] * size)
        state = [Dummy(name) for name in self.state]
        names = {rec.symbol: "INR g", **dict(zip(state, self.state, strict=True))}
        after = [
            sum((rec.matrix[row, col] * state[col] for col in range(size)), S.Zero) + rec.forcing[row]
            for row in range(size)
        ]
        unit = sum((rec.readout[col] * state[col] for col in range(size)), S.Zero) + rec.shift
        bound = "moment" if size == 1 else f"'({', '.join(self.state)})"
        step = tupled(coq_term(value, names) for value in after)
        reading = coq_term(unit, {**names, rec.symbol: "INR G"})
        early = "".join(
            f"\n  | {g}%nat => {coq_term(rec.offset + rec.scale * value)}" for g, value in enumerate(rec.early, start=1)
        )
        risk = f"\n  match G with{early}\n  | _ => {self._by_unit}\n  end" if early else f" {self._by_unit}"
        return [
            f"Definition {p}scale : R := {coq_term(rec.scale)}.",
            f"Definition {p}step (g : nat) (state : {kind}) : {kind} :=\n  let {bound} := state in {step}.",
            f"Definition {p}initial : {kind} := {tupled(coq_term(value) for value in rec.initial)}.",
            f"Definition {p}moments (G : nat) : {kind} := iterate {self.first + 1} {p}initial {p}step G.",
            f"Definition {p}unit (G : nat) : R := let {bound} := {p}moments G in {reading}.",
            f"Definition {p}risk (G : nat) : R :={risk}.",
        ]

    @property
    def _by_unit(self) -> str:
        offset, p = self.recurrence.offset, self.prefix
        return f"{'' if offset == 0 else f'{coq_term(offset)} + '}{p}scale * {p}unit G"

    def divides(self, symbol: Symbol) -> bool:
        """Whether the recurrence or the closed form is divided by something with a parameter in it."""
        rec = self.recurrence
        values = [*rec.matrix, *rec.forcing, *rec.readout, *rec.initial, *rec.early, rec.shift, rec.scale, rec.offset]
        values += [*self.moments, self.unit, self.closed, *([self.ratio] if self.ratio is not None else [])]
        bases = {key[1] for key in self.atoms.terms if key[0] == "power"}
        below = {fraction(together(value))[1] for value in values}
        return any(item.has(symbol) for item in bases | below)

    def nondegenerate(self, solved: bool) -> list[str]:
        """No denominator made of parameters vanishes in the recurrence, nor in the closed form where that is used."""
        rec = self.recurrence
        values = [*rec.matrix, *rec.forcing, rec.scale]
        if solved:
            values += [*self.moments, self.unit, self.closed, *([self.ratio] if self.ratio is not None else [])]
        variable = {G, self.recurrence.symbol, *self.atoms.terms.values()}
        found: list[str] = []
        for value in values:
            for item in Mul.make_args(factor(fraction(together(value))[1])):
                root = item.as_base_exp()[0]
                if root.is_number or root.free_symbols & variable or never_zero(root, self.ranges):
                    continue
                numerator = fraction(together(root))[0]
                plain = Poly(numerator, *sorted(numerator.free_symbols, key=str)).primitive()[1].as_expr()
                text = f"{coq_term(max(plain, -plain, key=_plainness))} <> 0"
                if text not in found:
                    found.append(text)
        return found

    # -- theorems ---------------------------------------------------------------------------------------------

    def ratio_closed_form(self) -> list[Theorem]:
        """The ratio to generation 1, where the baseline is a multiple of scale."""
        if self.ratio is None or self.baseline is None:
            return []
        p, text = self.prefix, coq_term(self.ratio, self.atoms.names("G"))
        return [
            self.by_unit(),
            self.value(1, "baseline"),
            Theorem(
                f"{p}ratio_closed_form",
                f"{p}scale <> 0 -> forall G, (1 <= G)%nat -> {p}risk G / {p}risk 1 = {text}",
                (
                    "intros Scale G HG. as_real HG.",
                    f"rewrite !{p}risk_by_unit by lia. rewrite {p}baseline, {p}unit_closed_form by lia.",
                    "field; nonzero.",
                ),
            ),
        ]

    def by_unit(self) -> Theorem:
        """The risk from its value in units of scale, past the early generations."""
        p, start = self.prefix, self.from_generation
        early = "; ".join(["destruct G as [|G]; [lia|]"] * (start if self.recurrence.early else 0))
        return Theorem(
            f"{p}risk_by_unit",
            f"forall G, ({start} <= G)%nat -> {p}risk G = {self._by_unit}",
            (f"intros G HG. {early + '. ' if early else ''}reflexivity.",),
            kind="Lemma",
        )

    def value(self, generation: int, name: str) -> Theorem:
        """h·m + c at one generation, by running the recurrence."""
        p = self.prefix
        return Theorem(
            f"{p}{name}",
            f"{p}unit {generation} = {coq_term(self.at(generation))}",
            (
                f"unfold {p}unit, {p}moments; evaluate; unfold {p}step, {p}initial; evaluate.",
                "first [ring | field; nonzero].",
            ),
            kind="Lemma",
        )

    def risk_at(self, generation: int) -> Expr:
        """The risk at a generation from 1 on."""
        return neat(self.recurrence.at(generation), self.ranges)

    def risk_value(self, generation: int) -> Theorem:
        """The risk at one generation, by running the recurrence."""
        p = self.prefix
        return Theorem(
            f"{p}risk_at_{generation}",
            f"{p}risk {generation} = {coq_term(self.risk_at(generation))}",
            (
                f"unfold {p}risk, {p}scale, {p}unit, {p}moments; evaluate; unfold {p}step, {p}initial; evaluate.",
                "first [ring | field; nonzero].",
            ),
            kind="Lemma",
        )

    def closed_forms(self) -> list[Theorem]:
        p, start = self.prefix, self.from_generation
        unit, closed = self.unit, self.closed
        names = self.atoms.names("G")

        def moments(generation: str) -> str:
            return tupled(coq_term(value, self.atoms.names(generation)) for value in self.moments)

        return [
            self.by_unit(),
            Theorem(
                f"{p}moments_closed_form",
                f"forall G, ({self.first} <= G)%nat -> {p}moments G = {moments('G')}",
                (
                    f"apply (iterate_unique {self.first} {p}initial {p}step (fun g => {moments('g')})).",
                    f"- cbv beta; unfold {p}initial. evaluate. by_moments ltac:(first [ring | field; nonzero]).",
                    "- intros g Hg. as_real Hg.",
                    f"  unfold {p}step. cbv beta iota zeta. by_moments ltac:(unroll; field; nonzero).",
                ),
                kind="Lemma",
            ),
            Theorem(
                f"{p}unit_closed_form",
                f"forall G, ({start} <= G)%nat -> {p}unit G = {coq_term(unit, names)}",
                (
                    "intros G HG. as_real HG.",
                    f"unfold {p}unit. rewrite {p}moments_closed_form by lia. cbv beta iota zeta. field; nonzero.",
                ),
                kind="Lemma",
            ),
            Theorem(
                f"{p}closed_form",
                f"forall G, ({start} <= G)%nat -> {p}risk G = {coq_term(closed, names)}",
                (
                    "intros G HG. as_real HG.",
                    f"rewrite {p}risk_by_unit, {p}unit_closed_form by lia. unfold {p}scale. field; nonzero.",
                ),
            ),
        ]

    @property
    def is_scalar(self) -> bool:
        """One moment, which is the risk in units of scale."""
        rec = self.recurrence
        return rec.matrix.shape == (1, 1) and rec.readout[0] == 1 and rec.shift == 0

    @property
    def curvature(self) -> Expr | None:
        """κ when P = 1 + κ f for all g: noise that feeds on the risk."""
        if not self.is_scalar or self.recurrence.forcing[0] == 0:
            return None
        value = cancel((self.recurrence.matrix[0] - 1) / self.recurrence.forcing[0])
        return None if value.has(self.recurrence.symbol) else value

    def step_equation(self) -> Theorem:
        rec, p = self.recurrence, self.prefix
        names = {rec.symbol: "INR (S g)"}
        return Theorem(
            f"{p}step_equation",
            f"forall g, ({self.first} <= g)%nat -> {p}unit (S g) = "
            f"{grouped(coq_term(rec.matrix[0], names))} * {p}unit g + {grouped(coq_term(rec.forcing[0], names))}",
            (
                "intros g Hg. as_real Hg.",
                f"unfold {p}unit, {p}moments. rewrite iterate_S by lia. unfold {p}step at 1. cbv zeta.",
                "rewrite ?S_INR. field; nonzero.",
            ),
            kind="Lemma",
        )


def _about(risk: Risk) -> str:
    return f"{type(risk.model).__name__} under {type(risk.workflow).__name__}"


def _plainness(expression: Expr) -> int:
    """More for an expression that starts without a minus sign."""
    return -int(expression.could_extract_minus_sign())
