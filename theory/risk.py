"""The expected test risk of a model under a workflow, for every generation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice
from typing import Any

from sympy import (
    Basic,
    Eq,
    Expr,
    Piecewise,
    RootSum,
    S,
    Symbol,
    factor,
    gamma,
    harmonic,
    oo,
    polygamma,
    simplify,
)

from theory.arguments import exact
from theory.arguments import generation as whole_generation
from theory.composition import Recurrence
from theory.errors import DomainError
from theory.models.base import Model
from theory.positivity import Ranges
from theory.recurrence import MomentRecurrence
from theory.solution import Solution
from theory.solver.tidy import orient, tidy, tidy_constant
from theory.stationary import StationaryRecurrence
from theory.symbols import G
from theory.workflows.base import Workflow


@dataclass(frozen=True)
class Risk:
    r"""Expected test risk :math:`R_G`, or its ratio to :math:`R_1`.

    Made by :func:`theory.expected_risk`. Everything is derived from ``recurrence`` when first asked for.

    Attributes
    ----------
    model, workflow, loss
        What it is the risk of.
    recurrence
        The linear recurrence of moments that model and workflow compose to.
    relative : bool
        Whether this is a ratio to generation 1.
    """

    model: Model
    workflow: Workflow
    loss: str
    recurrence: Recurrence
    relative: bool = False
    _leading: Callable[[], Recurrence] | None = field(default=None, repr=False, compare=False)

    # -- values ----------------------------------------------------------------------------------------

    def at(self, generation: object) -> Expr:
        """Exact value at a whole generation g ≥ 1; ``oo`` where the expectation is infinite."""
        g = whole_generation("generation", generation)
        # With symbols the recurrence expands rational functions of growing degree: short runs only.
        long = g > 32 and bool(self._parameters) and self.closed_form is not None
        closed = None if self._needs_recurrence and not long else self.closed_form
        if closed is not None:
            value = closed.subs(G, g)
            if value.is_finite is not False and not value.has(S.NaN):
                return self._written(value)
        return self._run(g)

    def _run(self, g: int) -> Expr:
        return self._written(next(islice(self.recurrence.values(), g - 1, None)))

    def _written(self, value: Expr) -> Expr:
        if value.is_number or not value.is_rational_function(*value.free_symbols):
            return value
        return orient(factor(value), self._ranges)

    @property
    def _needs_recurrence(self) -> bool:
        """Special functions at integers are best left to the recurrence, which is exact and knows infinities."""
        if not isinstance(self.recurrence, MomentRecurrence) or self.recurrence.margin is not None:
            return True
        closed = self.closed_form
        return closed is None or closed.has(harmonic, gamma, polygamma, Piecewise, RootSum)

    @cached_property
    def baseline(self) -> Expr:
        """Risk at generation 1: the model fitted on real data alone."""
        if isinstance(self.recurrence, StationaryRecurrence):
            return self.recurrence.offset + self.recurrence.scale
        return self._run(1)

    @cached_property
    def ratio(self) -> Risk:
        """Risk divided by the risk at generation 1.

        Raises
        ------
        DomainError
            When the baseline is zero or infinite.
        """
        base = self.baseline
        if base.is_zero or (not base.is_finite and base.is_number):
            raise DomainError(f"the risk at generation 1 is {base}, so there is no ratio to it: {self.model}.")

        def divide(recurrence: Recurrence) -> Recurrence:
            scale, offset = simplify(recurrence.scale / base), simplify(recurrence.offset / base)
            return replace(recurrence, scale=scale, offset=offset)

        leading = self._leading
        ratio = replace(
            self,
            recurrence=divide(self.recurrence),
            relative=True,
            _leading=None if leading is None else lambda: divide(leading()),
        )
        # Only scale and offset differ: what was solved stays solved.
        ratio.__dict__["_ranges"] = self._ranges
        ratio.__dict__["_solution"] = self._solution
        return ratio

    # -- closed form and asymptotics -------------------------------------------------------------------

    @cached_property
    def _ranges(self) -> Ranges:
        return {**self.model.ranges(), **self.workflow.ranges()}

    @cached_property
    def _solution(self) -> Solution:
        return Solution(self.recurrence, self._ranges)

    @cached_property
    def closed_form(self) -> Expr | None:
        """The risk as an expression in ``theory.G`` and the parameters; None when none was derived."""
        if self._always_infinite:
            return oo
        solution = self._solution.closed_form
        if solution is None:
            return None
        return tidy(solution, self.recurrence.scale, self.recurrence.offset, self._ranges)

    @cached_property
    def _always_infinite(self) -> bool:
        return bool(self.domain == S.false and self._run(1) == oo)

    @cached_property
    def limit(self) -> Expr | None:
        """Limit as G → ∞: an expression, ``oo`` when the risk diverges, None when unknown."""
        if self.domain == S.false:
            return oo
        return self._rescaled(self._solution.limit)

    @cached_property
    def growth(self) -> Expr | None:
        """Leading term as G → ∞, the limit when that is finite and not zero; None when unknown."""
        if self.domain == S.false:
            return oo
        moment = self._solution.growth
        if moment is None or not moment.has(G) or isinstance(moment, Piecewise):
            return self._rescaled(moment)
        if self.limit != oo and self.limit != 0:
            return self.limit
        return self._rescaled(moment, with_offset=False)

    def expansion(self, terms: int = 3) -> Expr | None:
        """The first terms of the asymptotic expansion as G → ∞; None when unknown.

        Contributions that decay exponentially beside powers of G may be left out: they are beyond all orders.
        """
        count = exact("terms", terms)
        if not (count.is_Integer and count >= 1):
            raise DomainError(f"terms = {terms} is not a number of terms: give a whole number, 1 or more.")
        found = self._solution.expansion(int(count))
        if found is None:
            return None
        total: Expr = self.recurrence.offset
        for item in found:
            total += self._rescaled(item, with_offset=False)
        return total

    def _rescaled(self, value: Expr | None, with_offset: bool = True) -> Expr | None:
        """offset + scale × value, branch by branch."""
        if value is None or value == oo:
            return value
        if isinstance(value, Piecewise):
            return Piecewise(*((self._branch(part, condition), condition) for part, condition in value.args))
        offset = self.recurrence.offset if with_offset else S.Zero
        coefficient, function = value.as_independent(G, as_Add=False)
        return tidy_constant(coefficient, self.recurrence.scale, offset, self._ranges) * function

    def _branch(self, value: Expr, condition: Basic) -> Expr:
        if value == oo:
            return oo
        at = {condition.lhs: condition.rhs} if isinstance(condition, Eq) else {}
        scale, offset = self.recurrence.scale.subs(at), self.recurrence.offset.subs(at)
        coefficient, function = value.as_independent(G, as_Add=False)
        return tidy_constant(coefficient, scale, offset if function == 1 else S.Zero, self._ranges) * function

    @cached_property
    def monotonicity(self) -> str | None:
        """ "increasing", "decreasing" or "monotone" (one of them, depending on parameters); None when not decided."""
        return self._solution.monotonicity

    @cached_property
    def bound(self) -> Expr | None:
        """The least upper bound over all generations: ``oo`` when the risk diverges, None when not derived."""
        if self.domain == S.false:
            return oo
        if isinstance(self.recurrence, StationaryRecurrence):
            return oo if self.limit == oo else None
        first = (
            simplify((self.baseline - self.recurrence.offset) / self.recurrence.scale)
            if self.recurrence.scale
            else S.Zero
        )
        return self._rescaled(self._solution.supremum(first))

    # -- conditions ------------------------------------------------------------------------------------

    @property
    def domain(self) -> Basic:
        """Condition on the parameters under which the expectation is finite at every generation."""
        return self.recurrence.domain

    @property
    def exactness(self) -> str:
        """``"exact"`` or ``"leading order"`` (in 1/n, n the size of a unit block)."""
        return self.recurrence.exactness

    @cached_property
    def leading_order(self) -> Risk:
        """The same risk to leading order in 1/n."""
        if self._leading is None or self.exactness == "leading order":
            return self
        return replace(self, recurrence=self._leading(), _leading=None)

    # -- as in SymPy -----------------------------------------------------------------------------------

    def subs(self, *args: Any) -> Any:
        """Replace parameters and derive again; with ``theory.G`` among them, the value at that generation.

        Takes what SymPy's ``subs`` takes. Parameters may be named by their symbols or by strings.
        """
        from theory.expected import expected_risk

        pairs = _pairs(args)
        names = {symbol.name: symbol for symbol in self._parameters}
        at: object = None
        mapping: dict[Symbol, Expr] = {}
        for key, value in pairs:
            name = key if isinstance(key, str) else getattr(key, "name", None)
            if key == G or name == "G":
                at = value
            elif key in self._parameters:
                mapping[key] = exact(str(key), value)
            elif isinstance(key, str) and key in names:
                mapping[names[key]] = exact(key, value)
            elif isinstance(key, str):
                known = ", ".join(sorted(names)) or "none"
                raise DomainError(f"{key} = {value} names no parameter of this risk; its symbols are: {known}.")
        risk = expected_risk(self.model.subs(mapping), self.workflow.subs(mapping), loss=self.loss)
        if self.exactness == "leading order" and risk.exactness == "exact":
            risk = risk.leading_order
        if self.relative:
            risk = risk.ratio
        return risk if at is None else risk.at(at)

    @property
    def _parameters(self) -> set[Symbol]:
        return self.model.free_symbols | self.workflow.free_symbols

    @property
    def free_symbols(self) -> set[Symbol]:
        """Symbols in the parameters of the model and the workflow."""
        return self._parameters

    def latex(self) -> str:
        """The theorem line for a paper: risk, limit, bound and condition, in display mathematics."""
        from theory.latex import theorem

        return theorem(self)

    def _repr_latex_(self) -> str:
        from theory.latex import inline

        return inline(self)

    def __str__(self) -> str:
        what = "ratio" if self.relative else "risk"
        closed = self.closed_form
        return (
            f"{what} of {self.model.name} under {self.workflow.name}: {'no closed form' if closed is None else closed}"
        )


def _pairs(args: tuple[Any, ...]) -> list[tuple[Any, Any]]:
    if len(args) == 2:
        return [(args[0], args[1])]
    if len(args) == 1 and isinstance(args[0], dict):
        return list(args[0].items())
    if len(args) == 1 and isinstance(args[0], (list, tuple)):
        return [tuple(pair) for pair in args[0]]
    raise DomainError("subs takes a symbol and a value, a dictionary, or a list of pairs.")
