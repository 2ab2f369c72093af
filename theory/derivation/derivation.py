"""A derivation: displayed relations in a row, each with a reason and a check that can fail."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from sympy import Basic, Dummy, Expr, ImmutableMatrix, MatrixBase, S, Symbol, sympify
from sympy.core.function import AppliedUndef

from theory.derivation import writing
from theory.derivation.checks import Defined, Solves, equality, inequality
from theory.derivation.relation import (
    ASYMPTOTIC,
    AT_LEAST,
    AT_MOST,
    DEFINED,
    EQUAL,
    GREATER,
    LESS,
    LIMIT,
    SIGNS,
    Definitions,
    Relation,
)
from theory.derivation.step import Check, Evidence, NotShown, Step, StepError
from theory.derivation.tendency import tendency
from theory.errors import DomainError
from theory.expressions.symbols import G

_CHECKS: dict[str, Check] = {
    EQUAL: equality,
    AT_MOST: inequality,
    LESS: inequality,
    AT_LEAST: inequality,
    GREATER: inequality,
    LIMIT: tendency,
    ASYMPTOTIC: tendency,
}

Domain = Mapping[Expr, Any]


@dataclass(frozen=True, repr=False)
class Derivation:
    r"""Steps from definitions to a theorem. Immutable: each method returns a longer derivation.

    Parameters
    ----------
    title : str
    steps : tuple of Step

    Notes
    -----
    Equalities are checked by exact algebra (:mod:`theory.derivation.normal_form`), inequalities by signs of
    coefficients, Sturm's theorem, telescoping and ball arithmetic (:mod:`theory.derivation.inequalities`), limits by
    asymptotic expansion. A step that is only checked to 50 digits says so where it is displayed.

    Made here; each step names its own source in its reason.

    Examples
    --------
    >>> from sympy import Function, harmonic, pi
    >>> from theory import G
    >>> from theory.derivation import Derivation
    >>> r = Function("r")
    >>> proof = Derivation("The risk of accumulating")
    >>> proof = proof.recursion(r(G), r(G - 1) + 1 / G**2, {0: 0}, "the newest block has weight 1/G")
    >>> proof = proof.solved(r(G), harmonic(G, 2), "a sum")
    >>> proof = proof.less(r(G), pi**2 / 6, "it increases to its limit", for_all={G: 1})
    >>> proof = proof.tends(r(G), pi**2 / 6, "Euler")
    >>> print(proof.check().text())
    The risk of accumulating
    <BLANKLINE>
    1. The newest block has weight 1/G:
         r(G) = r(G - 1) + G**(-2),  r(0) = 0
    2. A sum:
         r(G) = harmonic(G, 2)
    3. It increases to its limit:
         r(G) < pi**2/6,  for all G ≥ 1
    4. Euler:
         r(G) → pi**2/6  as G → ∞
    >>> proof.at_most(r(G), pi**2 / 6 - 1 / G, "a hope", for_all={G: 1}).check()
    Traceback (most recent call last):
        ...
    theory.derivation.step.StepError: step 5, r(G) ≤ pi**2/6 - 1/G (a hope), fails: not proved that ...
    """

    title: str = ""
    steps: tuple[Step, ...] = field(default=())

    # -- building --------------------------------------------------------------------------------------

    def define(self, symbol: Any, expression: object, reason: str = "") -> Derivation:
        """``symbol := expression``: a new symbol, or function of symbols such as ``r(G)``, for later steps."""
        if not isinstance(symbol, (Symbol, AppliedUndef)):
            raise DomainError(f"symbol = {symbol!r} cannot be defined: give a Symbol, or a Function of symbols.")
        relation = Relation(symbol, DEFINED, _expression("expression", expression))
        return self._with(relation, reason, None)

    def equal(self, left: object, right: object, reason: str, for_all: Domain | None = None) -> Derivation:
        """``left = right``, by exact algebra; sums and products by their difference equation and first value."""
        return self._stated(left, EQUAL, right, reason, for_all)

    def at_most(self, left: object, right: object, reason: str, for_all: Domain | None = None) -> Derivation:
        """``left ≤ right``; ``for_all`` maps a symbol to its least value, or to both ends of an interval."""
        return self._stated(left, AT_MOST, right, reason, for_all)

    def less(self, left: object, right: object, reason: str, for_all: Domain | None = None) -> Derivation:
        """``left < right``."""
        return self._stated(left, LESS, right, reason, for_all)

    def at_least(self, left: object, right: object, reason: str, for_all: Domain | None = None) -> Derivation:
        """``left ≥ right``."""
        return self._stated(left, AT_LEAST, right, reason, for_all)

    def greater(self, left: object, right: object, reason: str, for_all: Domain | None = None) -> Derivation:
        """``left > right``."""
        return self._stated(left, GREATER, right, reason, for_all)

    def tends(
        self,
        expression: object,
        limit: object,
        reason: str,
        variable: Expr = G,
        to: object = S.Infinity,
        for_all: Domain | None = None,
        where: Basic | None = None,
    ) -> Derivation:
        """``expression → limit`` as the variable goes to ``to``; the limit may be ``oo``.

        It has to hold for all values of the parameters: what is an exception is taken out by ``for_all``, or by a
        condition ``where`` such as ``Ne(x, 1)``.
        """
        return self._stated(expression, LIMIT, limit, reason, for_all, variable=variable, to=sympify(to), where=where)

    def grows(
        self,
        expression: object,
        leading: object,
        reason: str,
        variable: Expr = G,
        for_all: Domain | None = None,
        where: Basic | None = None,
    ) -> Derivation:
        """``expression ~ leading`` as the variable goes to ∞: their ratio goes to 1. Conditions as in :meth:`tends`."""
        return self._stated(expression, ASYMPTOTIC, leading, reason, for_all, variable=variable, where=where)

    def then(self, right: object, reason: str = "", sign: str = EQUAL, for_all: Domain | None = None) -> Derivation:
        """Continue the last line: its right side is the left side of this one, and is not printed again."""
        if not self.steps:
            raise DomainError("then() continues a line: add a step first.")
        last = self.steps[-1].expression
        domain = dict(last.for_all) if for_all is None else for_all
        return self._stated(last.right, sign, right, reason, domain, continued=True)

    def recursion(self, left: AppliedUndef, right: object, first: Mapping[int, object], reason: str) -> Derivation:
        """``y(G) = …`` in terms of y(G − 1), with one first value; followed by :meth:`solved`."""
        if not isinstance(left, AppliedUndef) or left.args != (G,) or len(first) != 1:
            raise DomainError(f"left = {left!r} is no sequence: give Function('y')(G), and one first value.")
        ((at, value),) = first.items()
        relation = Relation(
            left, DEFINED, _expression("right", right), where=_initial(left, sympify(at), _expression("first", value))
        )
        return self._with(relation, reason, _recursive)

    def solved(self, left: AppliedUndef, closed_form: object, reason: str) -> Derivation:
        """``y(G) = closed form``: satisfies the recursion of y and its first value. Later steps may use y."""
        if not any(step.check is _recursive and step.expression.left == left for step in self.steps):
            raise DomainError(f"left = {left} has no recursion: state it with recursion() first.")
        return self._with(Relation(left, EQUAL, _expression("closed_form", closed_form)), reason, _solves)

    def step(
        self, left: object, sign: str, right: object, reason: str, check: Callable[[Any, Any], object]
    ) -> Derivation:
        """A relation with a check of your own: ``check(left, right)`` returns whether it holds."""
        if sign not in SIGNS:
            raise DomainError(f"sign = {sign!r} is not a relation: use {' '.join(SIGNS)}.")
        return self._with(Relation(_expression("left", left), sign, _expression("right", right)), reason, Own(check))

    def __add__(self, other: Derivation) -> Derivation:
        """The steps of both, under the title of the first."""
        return Derivation(self.title or other.title, self.steps + other.steps)

    def _stated(
        self,
        left: object,
        sign: str,
        right: object,
        reason: str,
        for_all: Domain | None,
        **rest: Any,
    ) -> Derivation:
        domain = tuple((for_all or {}).items())
        relation = Relation(_expression("left", left), sign, _expression("right", right), for_all=domain, **rest)
        return self._with(relation, reason, _CHECKS[sign])

    def _with(self, relation: Relation, reason: str, check: Check | None) -> Derivation:
        if not isinstance(reason, str):
            raise DomainError(f"reason = {reason!r} is not a text: say in words why the relation holds.")
        made = Defined(self._definitions) if check is None else check
        return replace(self, steps=(*self.steps, Step(relation, reason, made)))

    # -- checking --------------------------------------------------------------------------------------

    def check(self) -> Derivation:
        """Check every step, and return the derivation itself.

        Raises
        ------
        StepError
            Naming the first step that fails: number, relation and reason.
        """
        _ = self.evidence
        return self

    @cached_property
    def evidence(self) -> tuple[Evidence, ...]:
        """How each step was checked."""
        known, found = Definitions(), []
        recursions: dict[Any, Solves] = {}
        for number, step in enumerate(self.steps, start=1):
            relation = step.expression
            resolved = _resolved(relation, known, defines=_defines(step))
            try:
                check = recursions.get(relation.left, step.check) if step.check is _solves else step.check
                found.append(check(resolved))
            except NotShown as failure:
                because = f" ({step.reason})" if step.reason else ""
                raise StepError(f"step {number}, {relation}{because}, fails: {failure}") from failure
            if step.check is _recursive:
                recursions[relation.left] = _solution_of(relation, known)
            if _defines(step):
                known = known.adding(relation.left, resolved.right)
        return tuple(found)

    @cached_property
    def _definitions(self) -> Definitions:
        known = Definitions()
        for step in self.steps:
            if _defines(step):
                known = known.adding(step.expression.left, known.resolved(step.expression.right))
        return known

    @property
    def proved(self) -> bool:
        """Whether every step is proved, none merely checked to 50 digits."""
        return all(evidence.proved for evidence in self.evidence)

    # -- writing ---------------------------------------------------------------------------------------

    def latex(self) -> str:
        """An ``align*`` environment for a paper (amsmath), the reasons between the lines."""
        return writing.align(self)

    def text(self, width: int = 100) -> str:
        """Numbered steps for a terminal."""
        return writing.text(self, width)

    def __repr__(self) -> str:
        return self.text()

    def _repr_latex_(self) -> str:
        return writing.notebook(self)


@dataclass(frozen=True)
class Own:
    """A check of the author's: a function of both sides."""

    holds: Callable[[Any, Any], object]

    def __call__(self, relation: Relation) -> Evidence:
        found = self.holds(relation.left, relation.right)
        if isinstance(found, Evidence):
            return found
        if not found:
            raise NotShown("its check says no")
        return Evidence("a check of its own")


def _recursive(relation: Relation) -> Evidence:
    """A recursion defines its sequence: the right side names the one before, and nothing else of it."""
    others = {part for part in relation.right.atoms(AppliedUndef) if part.func == relation.left.func}
    if others - {relation.left.func(G - 1)}:
        raise NotShown(f"the right side may contain {relation.left.func(G - 1)} and no other value of the sequence")
    return Evidence("definition by recursion")


def _solves(relation: Relation) -> Evidence:
    """Stands for :class:`Solves` with the recursion displayed before, which the derivation knows."""
    raise NotShown(f"no recursion of {relation.left} comes before")


def _solution_of(relation: Relation, known: Definitions) -> Solves:
    left, previous = relation.left, Dummy("previous")
    condition: Any = relation.where
    step = known.resolved(relation.right.subs(left.func(G - 1), previous))
    return Solves(step, previous, condition.lhs.args[0], known.resolved(condition.rhs))


def _initial(left: AppliedUndef, at: Expr, value: Expr) -> Basic:
    from sympy import Eq

    return Eq(left.func(at), value, evaluate=False)


def _defines(step: Step) -> bool:
    """Whether later steps may use the left side for the right one."""
    defined = step.expression.sign == DEFINED and step.check is not _recursive
    return defined or step.check is _solves


def _resolved(relation: Relation, known: Definitions, defines: bool) -> Relation:
    left = relation.left if defines or relation.sign == DEFINED else known.resolved(relation.left)
    return replace(relation, left=left, right=known.resolved(relation.right))


def _expression(name: str, value: object) -> Any:
    """Numbers and SymPy objects; a float is refused, since nothing exact follows from it."""
    if isinstance(value, float):
        raise DomainError(f"{name} = {value} is a float: give an exact number, such as Rational({value!r}).")
    if isinstance(value, MatrixBase):
        return ImmutableMatrix(value)
    if isinstance(value, Basic):
        return value
    if isinstance(value, Iterable) and not isinstance(value, str):
        return ImmutableMatrix([list(value)])
    try:
        return sympify(value, strict=True)
    except (TypeError, ValueError) as error:
        raise DomainError(f"{name} = {value!r} is not an expression: give a number or a SymPy expression.") from error
