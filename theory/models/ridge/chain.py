r"""Chains of ridge fits on fresh designs: E⟨w_g, w*⟩ and E‖w_g‖², or their telescoping sum.

A fit keeps :math:`w_g = M(W_s w_{g-1} + W_r w^* + \sigma X^\top z)`. With u_g = E⟨w_g, w*⟩/|w*|² and m_g = E‖w_g‖²

.. math:: u_g = q\alpha\,u_{g-1} + (1-q)\alpha, \qquad
          m_g = \beta_{ss}\,m_{g-1} + |w^*|^2 (2\beta_{sr}\,u_{g-1} + \beta_{rr}) + \sigma^2 d\eta,

and the risk is m − 2|w*|²u + |w*|² (derived here). When every row so far is kept and the penalty is fixed,
:math:`(W_g + \lambda) w_g = (W_{g-1} + \lambda) w_{g-1} + X_g^\top y_g` telescopes to
:math:`w_g = w_{g-1} + \sigma (W_g + \lambda)^{-1} X_g^\top z_g`: the penalty acts at generation 1 alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from typing import Any, ClassVar, NamedTuple

from sympy import Expr, Matrix, Pow, S, Sum, Symbol, expand_func, sqrt

from theory.expressions.rational_functions import factored
from theory.expressions.signs import at_least, unit_interval
from theory.expressions.symbols import G
from theory.models.ridge.fit import RidgeFit
from theory.models.ridge.limiting_shrinkage import limiting_shrinkage
from theory.models.ridge.trace_moments import wishart_trace
from theory.moments.bent import BIAS, RISK
from theory.moments.recurrence import MomentRecurrence, Recurrence
from theory.solver.series import convergent_sum
from theory.solver.system import solve_recurrence
from theory.solver.tidy import tidy, tidy_constant
from theory.workflows.dynamics import GENERATION


@dataclass(frozen=True)
class ContractingSteps(Recurrence):
    r"""Constant steps of a fit with a positive penalty, for moments that are numbers or functions of the penalty.

    :math:`q\alpha < 1` and :math:`\beta_{ss} \le \beta < 1`, so the moments tend to their fixed point whatever λ > 0
    is,
    also where it is a symbol.
    """

    moments: MomentRecurrence
    neat: ClassVar[bool] = True

    @cached_property
    def _lettered(self) -> _Lettered:
        """The steps with a letter for each entry: roots and integrals inside it are none of the solver's business."""
        given = self.moments
        held: dict[Expr, Symbol] = {}

        # Letters have names, and are met in an order, that are the same in every run: so is the formula.
        def letter(entry: Expr) -> Expr:
            if entry.is_Rational:
                return entry
            return held.setdefault(factored(entry), Symbol(f"c_{len(held)}", positive=True))

        rows = ("matrix", "forcing", "readout", "initial")
        plain = {name: getattr(given, name).applyfunc(letter) for name in rows}
        steps = given.changed(**plain, shift=letter(given.shift))
        kept = {steps.matrix[row, row] for row in range(steps.matrix.rows)}
        ranges = {symbol: unit_interval() if symbol in kept else at_least(S.Zero) for symbol in held.values()}
        return _Lettered(steps, ranges, {symbol: entry for entry, symbol in held.items()})

    @cached_property
    def _solved(self) -> Expr:
        steps, ranges, entries = self._lettered
        solved = solve_recurrence(steps)
        assert solved is not None, "a triangular system of constant steps has a closed form"
        return tidy(solved, S.One, S.Zero, ranges).xreplace(entries)

    def as_moments(self) -> MomentRecurrence:
        """The recurrence of the moments."""
        return self.moments.changed(scale=self.scale, offset=self.offset)

    def values(self) -> Iterator[Expr]:
        """Exact values at generations 1, 2, …"""
        for g in count(1):
            yield self.at(g)

    def at(self, generation: int) -> Expr:
        """Exact value at one generation, read off the closed form; the first is made of fewer moments than that."""
        if generation == 1:
            given = self.moments
            first = given.initial if given.start == 2 else given.matrix * given.initial + given.forcing
            return self.offset + self.scale * factored((given.readout * first)[0] + given.shift)
        return self.offset + self.scale * self._solved.subs(G, generation)

    def closed_form(self) -> Expr:
        """The moment at G."""
        return self._solved

    def limit(self, order: Any = None) -> Expr:
        """The fixed point."""
        steps, ranges, entries = self._lettered
        apart = tidy_constant(fixed_point(steps), S.One, S.Zero, ranges).xreplace(entries)
        return min(apart, factored(apart), key=lambda form: form.count_ops())


class _Lettered(NamedTuple):
    """Steps whose entries are letters, what these run over, and what they stand for."""

    steps: MomentRecurrence
    ranges: dict[Symbol, Expr]
    entries: dict[Symbol, Expr]


def fixed_point(moments: MomentRecurrence) -> Expr:
    """h·m + c where m = P m + f, for constant steps that contract."""
    size = moments.matrix.shape[0]
    settled: list[Expr] = []
    for row in range(size):  # triangular: nothing depends on what comes later
        inflow = moments.forcing[row] + sum((moments.matrix[row, col] * settled[col] for col in range(row)), S.Zero)
        settled.append(inflow / (1 - moments.matrix[row, row]))
    return sum((moments.readout[col] * settled[col] for col in range(size)), moments.shift)


@dataclass(frozen=True)
class Step:
    """u' = keep·u + real, m' = own·m + |w*|²(2·cross·u + truth) + noise."""

    keep: Expr
    real: Expr
    own: Expr
    cross: Expr
    truth: Expr
    noise: Expr

    @classmethod
    def of(cls, fit: RidgeFit, share: Expr, sigma2: Expr, drawn: bool = False) -> Step:
        """A fit of whose rows a share is labelled by the model before, the others by the truth; or a draw about it."""
        real, apart = 1 - share, fit.square - fit.alone
        both, mixed, neither = fit.pairs(share)
        return cls(
            keep=share * fit.shrinkage,
            real=real * fit.shrinkage,
            own=fit.square if real == 0 else share * fit.alone + both * apart,
            cross=S.Zero if real == 0 else mixed * apart,
            truth=S.Zero if real == 0 else real * fit.alone + neither * apart,
            noise=sigma2 * (fit.noise + fit.draw) if drawn else sigma2 * fit.noise,
        )

    def from_truth(self, signal: Expr) -> tuple[Expr, Expr]:
        """(u, m) of a fit all of whose rows are real, this being the step of one with share 1."""
        return self.keep, self.own * signal + self.noise


def constant_steps(first: Step, later: Step, signal: Expr, part: str) -> Recurrence:
    """Risk, bias or variance when every step after the first is the same."""
    moments = step_moments(first, later, signal, part)
    entries = (*moments.matrix, *moments.forcing, *moments.initial)
    return moments if all(_is_rational(entry) for entry in entries) else ContractingSteps(moments)


def _is_rational(entry: Expr) -> bool:
    """Whether neither an integral nor a root is in it: of these the solver of moments makes no sense."""
    roots = any(not power.exp.is_Integer for power in entry.atoms(Pow))
    return not roots and not entry.has(wishart_trace, limiting_shrinkage)


def step_moments(first: Step, later: Step, signal: Expr, part: str) -> MomentRecurrence:
    """The moments of a chain that the truth labels first, and every model the next block."""
    same = first == later
    u, m = (S.One, signal) if same else first.from_truth(signal)
    start = 1 if same else 2
    if part == BIAS:
        length = sqrt(signal)
        return MomentRecurrence(
            start=start,
            matrix=Matrix([[later.keep]]),
            forcing=Matrix([later.real]),
            readout=Matrix([[length]]),
            shift=-length,
            initial=Matrix([u]),
        )
    gain = signal * 2 * later.cross
    added = signal * later.truth + later.noise
    if part == RISK:
        return MomentRecurrence(
            start=start,
            matrix=Matrix([[later.keep, 0], [gain, later.own]]),
            forcing=Matrix([later.real, added]),
            readout=Matrix([[-2 * signal, 1]]),
            shift=signal,
            initial=Matrix([u, m]),
        )
    # The variance is m − |w*|² u², with u² a moment of its own.
    square = [2 * later.keep * later.real, later.keep**2, 0]
    return MomentRecurrence(
        start=start,
        matrix=Matrix([[later.keep, 0, 0], square, [gain, 0, later.own]]),
        forcing=Matrix([later.real, later.real**2, added]),
        readout=Matrix([[0, -signal, 1]]),
        initial=Matrix([u, u**2, m]),
    )


@dataclass(frozen=True)
class VaryingSteps(Recurrence):
    """The same where the rows change from block to block: exact at every G, no closed form."""

    step: Callable[[int], Step]
    signal: Expr
    part: str = RISK

    def values(self) -> Iterator[Expr]:
        """Exact values at generations 1, 2, …"""
        u, m = S.One, self.signal
        for g in count(1):
            step = self.step(g)
            m = step.own * m + self.signal * (2 * step.cross * u + step.truth) + step.noise
            u = step.keep * u + step.real
            bias = sqrt(self.signal) * (u - 1)
            risk = m - 2 * self.signal * u + self.signal
            value = risk if self.part == RISK else bias if self.part == BIAS else m - self.signal * u**2
            yield self.offset + self.scale * value


@dataclass(frozen=True)
class Telescoping(Recurrence):
    """Every row kept, the penalty fixed: the first risk, and a sum of E tr W_g M_g²/N_g times the newest rows.

    Attributes
    ----------
    first : the value at generation 1
    term : what generation i ≥ 2 adds, an expression in ``index``
    index : the generation
    series : the sum of all terms where it is known by a function of its own
    """

    first: Expr
    term: Expr
    index: Symbol
    series: Expr | None = None

    def values(self) -> Iterator[Expr]:
        """Exact values at generations 1, 2, …"""
        total = self.first
        yield self.offset + self.scale * total
        for g in count(2):
            total += self.term.subs(self.index, g)
            yield self.offset + self.scale * total

    @property
    def rises(self) -> bool:
        """Every term is a variance: the value never falls."""
        return True

    def as_sum(self) -> MomentRecurrence:
        """The same as a recurrence of one moment, whose inflow is no rational function of the generation."""
        one = Matrix([[1]])
        return MomentRecurrence(
            start=2,
            matrix=one,
            forcing=Matrix([self.term.subs(self.index, GENERATION)]),
            readout=one,
            initial=Matrix([self.first]),
            scale=self.scale,
            offset=self.offset,
        )

    def closed_form(self) -> Expr:
        """The sum, left standing."""
        return self.first + (Sum(self.term, (self.index, 2, G)) if self.term != 0 else 0)

    def limit(self, order: Any) -> Expr | None:
        """With the series at a finite d; with d/T → γ, in numbers, that of algebraic terms."""
        if self.term == 0:
            return self.first
        if self.series is not None:
            return self.first + self.series
        term = expand_func(self.term)
        if term.has(wishart_trace) or term.free_symbols != {self.index}:
            return None
        rest = convergent_sum(term, self.index, 2)
        return None if rest is None else self.first + rest
