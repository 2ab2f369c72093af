"""The expected test risk of a model under a workflow, for every generation."""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass, replace
from functools import cached_property
from typing import Any

from sympy import (
    Basic,
    Eq,
    Expr,
    Function,
    NumberSymbol,
    Piecewise,
    Pow,
    RootSum,
    S,
    Symbol,
    gamma,
    harmonic,
    nan,
    oo,
    polygamma,
    preorder_traversal,
    zoo,
)

from theory.errors import DomainError, NotDerivedError
from theory.expressions.arguments import advise, exact, shown, whole_number
from theory.expressions.arguments import generation as whole_generation
from theory.expressions.balls import BallProgram
from theory.expressions.conjugates import in_real_terms, with_real_pairs
from theory.expressions.enclosure import enclosed
from theory.expressions.lambert import lambert_sum, q_pochhammer
from theory.expressions.numerals import printable
from theory.expressions.rational_functions import factored
from theory.expressions.rounded import rounded
from theory.expressions.shorter import parts, shorter
from theory.expressions.signs import Ranges, sign, unit_interval
from theory.expressions.symbols import G
from theory.models.base import Model
from theory.models.own_names import verify_names
from theory.models.real_data import derived_recurrence
from theory.models.samples import verify_samples, watch_samples
from theory.models.units import slip_of_units
from theory.moments.late_schedules import started_late
from theory.moments.product_tree import is_over_rationals
from theory.moments.recurrence import MomentRecurrence, Recurrence
from theory.moments.stated_dynamics import verify_users
from theory.moments.stationary import StationaryRecurrence
from theory.solver.bounds import DECREASING, INCREASING, bound_of_pools
from theory.solver.solution import Solution
from theory.solver.tidy import orient, tidy, tidy_constant, tidy_function
from theory.told import told
from theory.workflows.base import Workflow, pooled_blocks

#: Exact values by the recurrence are cheap up to here; beyond, closed forms are tried first.
SHORT_RUN, SYMBOLIC_RUN, LONGEST_RUN = 2000, 32, 50_000
#: Over Q one late value comes without those before it: of a few moments, and of more.
LONGEST_TREE, LONGEST_MATRICES, FEW_MOMENTS = 10**6, 10**5, 3
MOST_DIGITS = 10_000
#: Values of irrational steps, each inside the next, that are quickly printed.
DEEPEST_NEST = 8
#: Parts of a value with irrational numbers that is still factored.
LONGEST_FACTORED = 150


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
    part : str
        "risk", or what :attr:`bias` and :attr:`variance` are of it.

    Notes
    -----
    Derived here, by :mod:`theory.solver` from the recurrence; :attr:`derivation` says how, step by step.

    Examples
    --------
    >>> from theory import Accumulate, Regular, Replace, expected_risk
    >>> risk = expected_risk(Regular(p=3, n=100), Accumulate())
    >>> risk.at(2), risk.ratio.bound, risk.expansion(2)
    (3/80, pi**2/6, pi**2/200 - 3/(100*G))
    >>> expected_risk(Regular(p=3, n=100), Replace()).limit
    oo
    """

    model: Model
    workflow: Workflow
    loss: str
    recurrence: Recurrence
    relative: bool = False
    part: str = "risk"

    @classmethod
    def of(cls, model: Model, workflow: Workflow, loss: str) -> Risk:
        """The risk that model and workflow compose to; see :func:`theory.expected_risk`."""
        slip = slip_of_units(model, workflow)
        if slip is not None:
            advise(slip)
        verify_names(model)
        verify_users(workflow)
        verify_samples(model, workflow)
        return cls(model=model, workflow=workflow, loss=loss, recurrence=derived_recurrence(model, workflow, loss))

    # -- values ----------------------------------------------------------------------------------------

    def at(self, generation: object, digits: object = None) -> Expr:
        """Exact value at a whole g ≥ 1 (a Rational when the parameters are); ``oo`` where the expectation is infinite.

        With ``digits`` a Float of so many digits instead, to a relative error below 10^(1 − digits): by the closed form
        in ball arithmetic, whose work hardly grows with g, where there is one, else of the exact value.

        Raises
        ------
        DomainError
            When g is no generation, or so large that the exact number would fill pages: give ``digits``, or see
            ``numerics.evaluate``.
        """
        g = whole_generation("generation", generation)
        if digits is not None:
            wanted = whole_number("digits", digits, least=1)
            if wanted > MOST_DIGITS:
                raise DomainError(f"digits = {shown(digits)} are too many: give {MOST_DIGITS} or fewer.")
            return self._rounded(g, wanted)
        self.watch(g)
        if g <= (SYMBOLIC_RUN if self._parameters else SHORT_RUN) and not self._nests(g):
            return self._run(g)
        closed = self._formula
        series = (RootSum, Piecewise, lambert_sum, q_pochhammer)
        elementary = closed is not None and not closed.has(harmonic, gamma, polygamma, *series)
        written = self._parameters and g <= LONGEST_RUN and closed is not None and not closed.has(*series)
        if closed is not None and (elementary or written):
            return closed.subs(G, g)
        longest = self._longest_run
        if g > longest:
            where = "this risk has no closed form" if closed is None else "give digits, or use numerics.evaluate"
            raise DomainError(f"generation = {g} is beyond exact values, {longest} at most: {where}.")
        return self._run(g)

    def _nests(self, g: int) -> bool:
        """Whether a run writes each value into the next, of irrational numbers that a closed form has in a power.

        SymPy takes about twice as long to print every further one.
        """
        recurrence = self.recurrence
        if g <= DEEPEST_NEST or not isinstance(recurrence, MomentRecurrence) or recurrence.continuation is not None:
            return False
        step = recurrence.matrix[0] if recurrence.matrix.shape == (1, 1) else S.One
        return step.is_number and not step.is_Rational

    @property
    def _longest_run(self) -> int:
        """The last generation whose exact value is run to: a tree over Q goes further than one step after another."""
        recurrence = self.recurrence
        if isinstance(recurrence, StationaryRecurrence) and not self._parameters and recurrence.system is not None:
            return LONGEST_MATRICES
        if self._parameters or not isinstance(recurrence, MomentRecurrence) or not is_over_rationals(recurrence):
            return LONGEST_RUN
        moments = max(len(part.initial) for part in recurrence.regimes)
        return LONGEST_TREE if moments <= FEW_MOMENTS else LONGEST_MATRICES

    def _rounded(self, g: int, digits: int) -> Expr:
        """The value at g to so many digits; infinite where it is."""
        if self._parameters:
            names = ", ".join(sorted(map(str, self._parameters)))
            raise DomainError(f"digits = {digits} of a value need numbers: {names} has no value.")
        self.watch(g)
        recurrence = self.recurrence
        if isinstance(recurrence, StationaryRecurrence) and g > SHORT_RUN and recurrence.system is not None:
            return rounded(lambda bits: recurrence.ball(g), digits)
        closed = self._formula
        early = g <= SHORT_RUN or closed is None or self.domain != S.true or closed.has(nan, zoo)
        if closed is oo or (early and (exact := self.at(g)).is_infinite):
            return oo
        program = BallProgram(exact if early else closed, G)
        return rounded(lambda bits: program.at_precision(bits)(g), digits)

    def enclosure(self, generation: object) -> tuple[Expr, Expr]:
        """Two fractions with the risk at a generation between them, where its exact value may be out of reach.

        Bounds of an argument of their own where the loss has one (entropy and perplexity of categories), proved and
        not always narrow; elsewhere the exact value, to 15 digits when it is no fraction.

        Raises
        ------
        DomainError
            When a parameter is a symbol, or for a ratio.
        """
        g = whole_generation("generation", generation)
        if self.relative:
            raise DomainError("a ratio has no enclosure of its own: enclose the risk, and its value at generation 1.")
        bounds = getattr(self.recurrence, "enclosure", None)
        if bounds is not None:
            return bounds(g)
        value = self.at(g)
        return (value, value) if value.is_Rational or value.is_infinite else enclosed(value, 15)

    def limit_enclosure(self, digits: object = 15) -> tuple[Expr, Expr]:
        """Two fractions with the limit as G → ∞ between them, 10^(−digits) apart, relative to it.

        Raises
        ------
        DomainError
            When a parameter is a symbol, or for a ratio.
        NotDerivedError
            Where no finite limit is known.
        """
        wanted = whole_number("digits", digits, least=1)
        if self.relative:
            raise DomainError("a ratio has no enclosure of its own: enclose the risk, and its value at generation 1.")
        own = getattr(self.recurrence, "limit_enclosure", None)
        found = None if own is None else own(wanted)
        if found is not None:
            return found
        limit = self.limit
        if limit is None or limit.is_infinite:
            known = "is not known" if limit is None else f"is {limit}"
            raise NotDerivedError(f"the limit of {self.model.name} under {self.workflow.name} {known}: no enclosure.")
        return (limit, limit) if limit.is_Rational else enclosed(limit, wanted)

    def watch(self, generation: int) -> None:
        """Refuse what only the blocks and weights up to a generation can tell; see :mod:`theory.models.samples`."""
        seen = self.__dict__.get("_watched", 0)
        if generation > seen:
            watch_samples(self.model, self.workflow, generation)
            self.__dict__["_watched"] = generation

    def _run(self, g: int) -> Expr:
        try:
            return self._written(self.recurrence.at(g))
        except RecursionError:
            # Roots of sizes or shares in every generation, each sum inside the next.
            raise DomainError(
                f"generation = {g} is beyond exact values under workflow = {self.workflow.name}: roots and functions "
                "are nested too deeply in it. Use numerics.evaluate."
            ) from None

    def _written(self, value: Expr) -> Expr:
        if value.is_number:
            return value
        if _is_long(value) and _has_irrational_numbers(value):
            return value  # over roots and logarithms, factors are looked for in vain
        if not value.is_rational_function(*value.free_symbols):
            return value
        return orient(factored(value), self._ranges)

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
        if base.is_zero or base.is_infinite or base.has(zoo, nan):
            raise DomainError(f"the {self.part} at generation 1 is {base}, so there is no ratio to it: {self.model}.")
        ratio = replace(self, recurrence=_over(self.recurrence, base), relative=True)
        # Only scale and offset differ: what was solved stays solved.
        ratio.__dict__["_ranges"] = self._ranges
        ratio.__dict__["_solution"] = self._solution
        return ratio

    @property
    def bias(self) -> Risk:
        """E δ of the fitted parameter, which is no risk, but is asked the same: value, closed form, limit, growth.

        Raises
        ------
        NotDerivedError
            Where the model does not split its loss into bias and variance.
        """
        return self._part("bias")

    @property
    def variance(self) -> Risk:
        """E (δ − E δ)² of the fitted parameter: the risk less the squared bias.

        It is the part of the expected loss that is no bias; how far the loss of one run strays from its expectation is
        :attr:`standard_deviation`.
        """
        return self._part("variance")

    @property
    def standard_deviation(self) -> Any:
        """The exact standard deviation of the loss of one run, √(E ℓ² − (E ℓ)²): see
        :class:`theory.spread.StandardDeviation`, with ``.at(G)``, ``.closed_form``, ``.limit`` and ``.growth``.

        Raises
        ------
        NotDerivedError
            Where the second moment of the loss is not derived, or the risk is known to leading order only.
        """
        return told("standard deviation")(self)

    def _part(self, part: str) -> Risk:
        recurrence = started_late(self.model.part(self.workflow.simplest(), self.loss, part))
        return replace(self, recurrence=recurrence, relative=False, part=part)

    # -- closed form and asymptotics -------------------------------------------------------------------

    @cached_property
    def _ranges(self) -> Ranges:
        return {**self.model.ranges(), **self.workflow.ranges()}

    @cached_property
    def _solution(self) -> Solution:
        return Solution(self.recurrence, self._ranges)

    @cached_property
    def closed_form(self) -> Expr | None:
        r"""The risk as an expression in ``theory.G`` and the parameters; None when none was derived.

        Where a parameter makes it 0/0 (v2 = 0, a share of 1), :meth:`subs` derives the risk again. Gamma functions of
        conjugate arguments are one real function, :math:`|\Gamma|^2`.

        At a large generation ask :meth:`at` with ``digits``, or ``numerics.evaluate``: SymPy adds up every term of a
        harmonic number of a whole number, and ``closed_form.subs(G, 10**30)`` would not end.
        """
        formula = self._formula
        return None if formula is None else with_real_pairs(formula)

    @cached_property
    def _formula(self) -> Expr | None:
        """The closed form with complex roots told one by one, as proofs and ball arithmetic read it."""
        if self.domain == S.false:
            # Infinite from some generation on: a formula that runs past it would be a lie.
            return oo if self._always_infinite else None
        if self._undecided:
            return None
        solution = self._solution.closed_form
        if solution is None:
            return None
        scale = self.recurrence.scale
        if solution == 1 and self.recurrence.offset == 0 and scale.is_number:
            return scale  # one number, as it came: tidying nested roots would only hide what it is
        if self.recurrence.neat:
            return self.recurrence.offset + scale * solution
        return tidy(solution, self.recurrence.scale, self.recurrence.offset, self._ranges)

    @cached_property
    def _always_infinite(self) -> bool:
        return bool(self.domain == S.false and self._run(1) == oo)

    @cached_property
    def limit(self) -> Expr | None:
        """Limit as G → ∞: an expression, ``oo`` when the risk diverges, None when unknown."""
        if self.domain == S.false:
            return oo
        if self._undecided:
            return None
        found = self._rescaled(self._solution.limit)
        if found is None or _leaves_cases_open(found):
            # One case alone is what the steps tell; the bias may tell the others.
            by_bias = self._limit_by_bias()
            return found if by_bias is None else by_bias
        return found

    def _limit_by_bias(self) -> Expr | None:
        """Where the bias grows for ever, so does the squared error, which is no less than its square."""
        if self.part != "risk" or self.loss != "squared" or not isinstance(self.recurrence, MomentRecurrence):
            return None
        try:
            bias = self.bias.limit
        except NotDerivedError:
            return None
        if bias in (oo, -oo):
            return oo
        if not isinstance(bias, Piecewise) or len(bias.args) != 3 or bias.args[2][0] not in (oo, -oo):
            return None
        below, at = (condition for _, condition in bias.args[:2])
        symbol, boundary = at.lhs, at.rhs
        if below != (symbol < boundary) or not symbol.is_Symbol or self._ranges.get(symbol) is None:
            return None
        least = S.Zero if self._ranges[symbol].is_nonnegative else None
        if least is None or sign(boundary, self._ranges) != 1:
            return None
        lower = Solution(self.recurrence, {**self._ranges, symbol: boundary * unit_interval()}).limit
        middle = Solution(self.recurrence.subs(symbol, boundary), self._ranges).limit
        if lower is None or middle is None or isinstance(lower, Piecewise) or isinstance(middle, Piecewise):
            return None
        return Piecewise((self._rescaled(lower), below), (self._rescaled(middle), at), (oo, True))

    @cached_property
    def growth(self) -> Expr | None:
        """Leading term as G → ∞, the limit when that is finite and not zero; None when unknown."""
        if self.domain == S.false:
            return oo
        if self._undecided:
            return None
        moment = self._solution.growth
        if moment is None or not moment.has(G) or isinstance(moment, Piecewise):
            found = self._rescaled(moment)
            # A limit of 0 is no leading term, unless the risk is 0 altogether.
            return None if found == 0 and self.limit == 0 and self._run(2) != 0 else found
        if self.limit not in (oo, -oo, S.Zero):
            return self.limit
        return self._rescaled(moment, with_offset=False)

    def expansion(self, terms: int = 3) -> Expr | None:
        """The first terms of the asymptotic expansion as G → ∞; None when unknown.

        Contributions that decay exponentially beside powers of G may be left out: they are beyond all orders.
        """
        count = exact("terms", terms)
        if not (count.is_Integer and count >= 1):
            raise DomainError(f"terms = {terms} is not a number of terms: give a whole number, 1 or more.")
        if self.domain == S.false:
            return oo
        found = None if self._undecided else self._solution.expansion(int(count))
        if found is None:
            return None
        total: Expr = self.recurrence.offset
        for item in found:
            total += self._rescaled(item, with_offset=False)
        return total

    def _rescaled(self, value: Expr | None, with_offset: bool = True) -> Expr | None:
        """offset + scale × value in real terms."""
        return None if value is None else with_real_pairs(in_real_terms(self._in_units(value, with_offset)))

    def _in_units(self, value: Expr, with_offset: bool) -> Expr:
        """The same, branch by branch."""
        if value in (oo, -oo):
            return -value if self._reversed else value
        if isinstance(value, Piecewise):
            return Piecewise(*((self._branch(part, condition), condition) for part, condition in value.args))
        offset = self.recurrence.offset if with_offset else S.Zero
        if value == 0:
            return offset  # SymPy splits 0 into 0·0, and what is added to the first is lost
        if self.recurrence.neat:
            return offset + self.recurrence.scale * value
        coefficient, function = value.as_independent(G, as_Add=False)
        coefficient = tidy_constant(coefficient, self.recurrence.scale, offset, self._ranges)
        return coefficient * tidy_function(function, self._ranges)

    def _branch(self, value: Expr, condition: Basic) -> Expr:
        if value in (oo, -oo):
            return -value if self._reversed else value
        at = {condition.lhs: condition.rhs} if isinstance(condition, Eq) else {}
        scale, offset = self.recurrence.scale.subs(at), self.recurrence.offset.subs(at)
        if value == 0:
            return offset
        coefficient, function = value.as_independent(G, as_Add=False)
        coefficient = tidy_constant(coefficient, scale, offset if function == 1 else S.Zero, self._ranges)
        return coefficient * tidy_function(function, self._ranges)

    @cached_property
    def monotonicity(self) -> str | None:
        """ "increasing", "decreasing" or "monotone" (one of them, depending on parameters); None when not decided."""
        rises = getattr(self.recurrence, "rises", False)
        found = INCREASING if rises else self._solution.monotonicity
        if self._reversed and found in (INCREASING, DECREASING):
            return DECREASING if found == INCREASING else INCREASING
        return found

    @cached_property
    def _reversed(self) -> bool:
        """Whether the risk falls as its moment grows: a diversity, or the logarithm of a determinant."""
        return sign(self.recurrence.scale, self._ranges) == -1

    @cached_property
    def bound(self) -> Expr | None:
        """The least upper bound over all generations: ``oo`` when the risk diverges, None when not derived.

        Under accumulate, where the limit is not known, twice the risk of the real data (law 5 of docs/laws.md): an
        upper bound that need not be the least.
        """
        if self.domain == S.false:
            return oo
        if self._undecided:
            return None
        if self.closed_form is not None and self.closed_form.is_number:
            return self.closed_form
        if not isinstance(self.recurrence, MomentRecurrence):
            if getattr(self.recurrence, "rises", False) and not self._reversed and self.limit is not None:
                return self.limit
            if self.closed_form is not None and not self.closed_form.has(G):
                return self.closed_form
            return oo if self.limit == oo else self._rescaled(self._extreme())
        if self.limit == oo:
            return oo
        extreme = self._extreme()
        if extreme is None and self.closed_form is not None and not self.closed_form.has(G):
            return self.closed_form
        if extreme is None and pooled_blocks(self.workflow) == oo and not self._reversed:
            extreme = bound_of_pools(self.recurrence, self.workflow.size(1), self._ranges)
        return self._rescaled(extreme)

    def _extreme(self) -> Expr | None:
        """The highest moment, or the lowest where the risk falls as the moment grows."""
        scale = self.recurrence.scale
        try:
            first = shorter((self.baseline - self.recurrence.offset) / scale) if scale else S.Zero
        except DomainError:
            return None  # no value is exact, and the first may be the extreme one
        return self._solution.infimum(first) if self._reversed else self._solution.supremum(first)

    # -- conditions ------------------------------------------------------------------------------------

    @property
    def domain(self) -> Basic:
        """Condition on the parameters under which the expectation is finite at every generation.

        With ``theory.G`` in it, whether sizes stay large enough for ever is not decided: the condition is watched at
        every generation up to the one that a value is asked for, and nothing is said about all of them.
        """
        return self.recurrence.domain

    @property
    def _undecided(self) -> bool:
        return self.domain.has(G)

    @property
    def exactness(self) -> str:
        """``"exact"`` or ``"leading order"`` (in 1/n, n the size of a unit block)."""
        return self.recurrence.exactness

    @cached_property
    def leading_order(self) -> Risk:
        """The same risk to leading order in 1/n."""
        simplest = self.workflow.simplest()
        if self.part == "risk":
            found = self.model.leading_recurrence(simplest, self.loss)
        else:
            found = self.model.leading_part(simplest, self.loss, self.part)
        recurrence = started_late(found)
        if recurrence == self.recurrence:
            return self
        leading = replace(self, recurrence=recurrence, relative=False)
        return leading.ratio if self.relative else leading

    # -- how it is derived -------------------------------------------------------------------------------

    @cached_property
    def derivation(self) -> Any:
        """The steps from what model and workflow state to limit and bound, each with a check that can fail.

        Those of the risk itself, its ratio to generation 1 among them. See :class:`theory.derivation.Derivation`:
        ``.check()``, ``.latex()``, ``.text()``.
        """
        return told("derivation")(self)

    # -- as in SymPy -----------------------------------------------------------------------------------

    def subs(self, *args: Any, **kwargs: Any) -> Any:
        """Replace parameters and derive again; with ``theory.G`` among them, the value at that generation.

        Takes what SymPy's ``subs`` takes, and keywords. A parameter is named by its symbol, by the symbol's name, or
        by its name in the constructor.

        Raises
        ------
        DomainError
            When a name is nothing's, or that of several symbols or parameters, or is given twice.
        """
        model, workflow, at = self.model, self.workflow, None
        pairs = _pairs(args) if args or not kwargs else []
        seen: set[Any] = set()
        for key, given in (*pairs, *kwargs.items()):
            name = key if isinstance(key, str) else getattr(key, "name", str(key))
            target = G if name == "G" else self._named(key, name)
            # However it is spelled: by its symbol, the symbol's name or its own.
            same = {target} | {owner for owner, value in self._settings if target in (owner, value)}
            if seen & same:
                raise DomainError(f"{name} = {shown(given)} is given a second time: give each parameter once.")
            seen |= same
            if target == G:
                at = given
            elif isinstance(target, Symbol):
                number = exact(name, given)
                model, workflow = model.subs(target, number), workflow.subs(target, number)
            elif name in model.settings:
                model = model.changed(name, given)
            else:
                workflow = replace(workflow, **{name: given})  # type: ignore[type-var]
        risk = Risk.of(model, workflow, self.loss)
        if self.part != "risk":
            risk = risk._part(self.part)
        if self.exactness == "leading order" and risk.exactness == "exact":
            risk = risk.leading_order
        if self.relative:
            risk = risk.ratio
        return risk if at is None else risk.at(at)

    def _named(self, key: object, name: str) -> Symbol | str:
        """What a name stands for: a symbol, or (as text) a parameter of the model or the workflow."""
        if isinstance(key, Symbol) and key in self._parameters:
            return key
        settings = self._settings
        symbols = [symbol for symbol in self._parameters if symbol.name == name]
        # A parameter that is such a symbol is meant by it.
        found = [*symbols, *(name for owner, value in settings if owner == name and value not in symbols)]
        if len(found) > 1:
            raise DomainError(
                f"{name} is the name of {len(found)} symbols or parameters of this risk: give the symbol itself, or a "
                "model and a workflow with numbers."
            )
        if not found:
            names = sorted({symbol.name for symbol in self._parameters} | {owner for owner, _ in settings})
            raise DomainError(f"{name} names no parameter of this risk: use {', '.join(names)} or G.")
        return found[0]

    @property
    def _settings(self) -> list[tuple[str, Any]]:
        """The parameters of the model and of the workflow, by their names in the constructors."""
        listed = list(self.model.settings.items())
        if is_dataclass(self.workflow):
            listed += [(item.name, getattr(self.workflow, item.name)) for item in fields(self.workflow)]
        return listed

    @property
    def _parameters(self) -> set[Symbol]:
        return self.model.free_symbols | self.workflow.free_symbols

    @property
    def free_symbols(self) -> set[Symbol]:
        """Symbols in the parameters of the model and the workflow."""
        return self._parameters

    def latex(self, width: object = None, amsfonts: bool = True) -> str:
        """The theorem line for a paper: risk, limit, bound and condition, in display mathematics.

        Parameters
        ----------
        width : the width of the text in em, to break lines to (a ``split``): 34 in article at 10 points, 25 in a column
            of IEEEtran, 28 on a slide of beamer
        amsfonts : whether letters of the package amsfonts may be used; amsmath is needed always
        """
        return str(told("theorem")(self)(width=width, amsfonts=amsfonts))

    def code(self, language: str) -> str:
        """The risk as a function ``risk(G, …)`` in "python", "c", "r" or "julia", or as "latex": see
        :mod:`theory.code`. The closed form where the language has its functions, else the recurrence as a loop.
        """
        return str(told("code")(self)(language))

    def lambdify(self) -> Any:
        """The risk as a NumPy function ``f(G, *, n, p, …)``, arrays in and an array out: see
        :class:`numerics.RiskFunction`. Right to 1e-12, also where SymPy's own ``lambdify`` is not or knows no function.
        """
        return told("lambdify")(self)

    def cite(self) -> str:
        """BibTeX of what this result rests on: selfgen, and the papers with a statement of the same model under the
        same workflow; see :mod:`theory.papers`. What no paper states is derived in selfgen alone.
        """
        return str(told("cite")(self))

    def _repr_latex_(self) -> str:
        return told("inline")(self)

    def __repr__(self) -> str:
        what = "ratio" if self.relative else self.part
        return f"<Risk: {what} of {self.model!r} under {self.workflow!r}, loss {self.loss}>"

    def summary(self) -> str:
        """Closed form, limit, growth, bound, domain and exactness, a line each; what is not known says so."""
        lines = {
            "closed form": self.closed_form, "limit": self.limit, "growth": self.growth, "bound": self.bound,
            "domain": "all parameters" if self.domain == S.true else self.domain, "exactness": self.exactness,
        }  # fmt: skip
        written = [f"{name:<13}{_said(value)}" for name, value in lines.items()]
        return "\n".join([repr(self)[1:-1].removeprefix("Risk: "), *written])

    def __str__(self) -> str:
        what = "ratio" if self.relative else self.part
        closed = self.closed_form
        return (
            f"{what} of {self.model.name} under {self.workflow.name}: "
            f"{'no closed form' if closed is None else printable(closed)}"
        )


def _said(value: Any) -> str:
    """A value in a line: infinity by its sign, what nothing was derived of in words."""
    if value is None:
        return "unknown"
    return "∞" if value is S.Infinity else str(value if isinstance(value, str) else printable(value))


def _is_long(value: Expr) -> bool:
    return parts(value, LONGEST_FACTORED) > LONGEST_FACTORED


def _has_irrational_numbers(value: Expr) -> bool:
    kinds = (Pow, Function, NumberSymbol)
    return any(
        isinstance(part, kinds) and part.is_number and not part.is_Rational for part in preorder_traversal(value)
    )


def _leaves_cases_open(value: Expr) -> bool:
    return isinstance(value, Piecewise) and value.args[-1][1] != S.true


def _over(recurrence: Recurrence, base: Expr) -> Recurrence:
    return recurrence.changed(scale=shorter(recurrence.scale / base), offset=shorter(recurrence.offset / base))


def _pairs(args: tuple[Any, ...]) -> list[tuple[Any, Any]]:
    if len(args) == 2:
        return [(args[0], args[1])]
    if len(args) == 1 and isinstance(args[0], dict):
        return list(args[0].items())
    if len(args) == 1 and isinstance(args[0], (list, tuple)):
        return [tuple(pair) for pair in args[0]]
    raise DomainError("subs takes a symbol and a value, a dictionary, or a list of pairs.")
