r"""The moment recurrence: what a model and a workflow compose to, and how it is run exactly.

.. math:: \text{risk}_G = \text{offset} + \text{scale}\,(h_G \cdot m_G + c_G), \qquad
          m_g = P_g\, m_{g-1} + f_g, \quad g \ge \text{start},

with entries that are expressions in the generation symbol, rational in it for every built-in pair
whose block sizes are.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import KW_ONLY, dataclass, field, fields, is_dataclass, replace
from functools import partial
from itertools import islice
from typing import Any, ClassVar, Self

from flint import fmpq
from sympy import Basic, Expr, ImmutableMatrix, Matrix, Pow, S, Symbol, oo

from theory.errors import DomainError
from theory.expressions.arithmetic import Arithmetic
from theory.expressions.expansion import Order
from theory.moments.product_tree import SHORTEST, value_at
from theory.workflows.dynamics import GENERATION


@dataclass(frozen=True)
class Recurrence(ABC):
    """What a model and a workflow compose to: exact values at every generation, and what is known beyond.

    Every kind is a frozen dataclass with the attributes below, given by name. The three answers are about the
    *moment*, the risk being offset + scale × moment; a kind that the solver can solve
    (:class:`MomentRecurrence`) leaves them to it.

    Attributes
    ----------
    scale, offset : the affine map from the moment to the risk
    margin : the risk is finite as long as this expression in g has been 1 or more; None if always
    domain : condition on the parameters under which every generation has finite risk
    exactness : "exact" or "leading order"
    neat : whether closed form and limit come as they are to be read
    """

    neat: ClassVar[bool] = False
    _: KW_ONLY
    scale: Expr = S.One
    offset: Expr = S.Zero
    margin: Expr | None = None
    domain: Basic = S.true
    exactness: str = "exact"
    #: The recurrence with constant steps to which the steps of this one tend; None where there is none.
    limiting: Recurrence | None = field(default=None, repr=False)

    @abstractmethod
    def values(self) -> Iterator[Expr]:
        """Exact risks at generations 1, 2, …; ``oo`` where the expectation is infinite."""

    def at(self, generation: int) -> Expr:
        """Exact risk at one generation."""
        for g, value in enumerate(self.values(), start=1):
            if g == generation:
                return value
        raise AssertionError("values() never ends")

    def first_infinite(self, last: int) -> int | None:
        """The first generation up to ``last`` whose risk is infinite; None where none is known to be."""
        return next((g for g, value in enumerate(islice(self.values(), last), start=1) if value == oo), None)

    def as_moments(self) -> MomentRecurrence | None:
        """The same risk by a recurrence of moments; None when it is given otherwise."""
        return None

    def changed(self, **attributes: Any) -> Self:
        """The recurrence with other values for some of its attributes."""
        return replace(self, **attributes)

    @property
    def of_the_risk(self) -> dict[str, Any]:
        """The attributes that another kind of recurrence for the same risk has, too."""
        return {name: getattr(self, name) for name in ("scale", "offset", "margin", "domain", "exactness")}

    def subs(self, *args: Any) -> Self:
        """The recurrence with parameters replaced."""
        return self.changed(**{item.name: _replaced(getattr(self, item.name), args) for item in fields(self)})

    def closed_form(self) -> Expr | None:
        """The moment at ``theory.G``; None when none was derived."""
        return None

    def limit(self, order: Order) -> Expr | None:
        """Limit of the moment as G → ∞; None when unknown."""
        return None

    def growth(self, order: Order) -> Expr | None:
        """Leading term of the moment as G → ∞; None when unknown."""
        return self.limit(order)


def _replaced(value: Any, args: tuple[Any, ...]) -> Any:
    """What a recurrence is made of with parameters replaced, also inside tuples and dataclasses."""
    if hasattr(value, "subs"):
        return value.subs(*args)
    if isinstance(value, tuple):
        return tuple(_replaced(part, args) for part in value)
    if is_dataclass(value) and not isinstance(value, type):
        inner = {item.name: _replaced(getattr(value, item.name), args) for item in fields(value) if item.init}
        return replace(value, **inner)
    return value


@dataclass(frozen=True)
class MomentRecurrence(Recurrence):
    """A linear recurrence for the moments that carry the risk.

    Attributes
    ----------
    start : first generation (an int, or an expression in a continuation) at which the recursion runs
    matrix, forcing : P (k, k) and f (k, 1)
    readout, shift : h (1, k) and the scalar c
    initial : m at ``start − 1`` (k, 1); for start = 1 this is the state before any data
    early : h·m + c at generations 1 … start − 2, when the recursion starts late
    scale, offset : the affine map to the risk
    margin : the risk is finite as long as this expression in g has been 1 or more; None if always
    domain : condition on the parameters under which every generation has finite risk
    exactness : "exact" or "leading order"
    continuation : another recurrence that takes over, with the moments reached, at generation ``[0]`` ≥ 2
    adds_noise : whether every step adds the variance of new noise, as :func:`theory.moments.composition.compose` does:
        f ≥ 0 whatever the sizes, and for one moment 1 + κ m, with p = 1 + κ f, is the variance of an observation,
        never negative
    """

    start: int | Expr
    matrix: Matrix
    forcing: Matrix
    readout: Matrix
    initial: Matrix
    shift: Expr = S.Zero
    early: tuple[Expr, ...] = ()
    continuation: tuple[Expr, MomentRecurrence] | None = None
    symbol: Symbol = field(default=GENERATION)
    adds_noise: bool = False

    def __post_init__(self) -> None:
        for name in ("matrix", "forcing", "readout", "initial"):
            object.__setattr__(self, name, ImmutableMatrix(getattr(self, name)))

    @property
    def regimes(self) -> list[MomentRecurrence]:
        """This recurrence, and those that take over, in their order."""
        return [self] if self.continuation is None else [self, *self.continuation[1].regimes]

    def as_moments(self) -> MomentRecurrence:
        """Itself."""
        return self

    def subs(self, *args: Any) -> Self:
        """The recurrence with parameters replaced, in every regime; the generation is no parameter."""
        return replace(super().subs(*args), symbol=self.symbol)

    def changed(self, **attributes: Any) -> Self:
        """The recurrence with other values for some of its attributes; a margin is that of every regime."""
        follow = self.continuation
        if follow is not None and "margin" in attributes and "continuation" not in attributes:
            later = (follow[0], follow[1].changed(margin=attributes["margin"]))
            return replace(self, **attributes, continuation=later)
        return replace(self, **attributes)

    def at(self, generation: int) -> Expr:
        """Exact risk at one generation: late ones over Q by a product tree, without those before them."""
        late = value_at(self, generation) if generation >= SHORTEST else None
        return next(islice(self._later(), generation - 1, None))() if late is None else late

    def values(self) -> Iterator[Expr]:
        """Exact risks at generations 1, 2, …; ``oo`` from the first generation whose risk is infinite."""
        return (value() for value in self._later())

    def _later(self) -> Iterator[Callable[[], Expr]]:
        """The risks at generations 1, 2, …, each written when it is asked for."""
        ring = Arithmetic([*self._expressions(), self.scale, self.offset], self.symbol)
        if not ring.is_field:
            # Of a logarithm or a digamma function in the scale alone, the moments know nothing.
            ring = Arithmetic(self._expressions(), self.symbol)
        return self._normalised(ring)

    def first_infinite(self, last: int) -> int | None:
        """The first generation up to ``last`` whose risk is infinite, by the margins: no moment is computed."""
        active: MomentRecurrence = self
        for g in range(max(int(self.start) - 1, 1), last + 1):
            if active.continuation is not None:
                begin, following = active.continuation
                if not begin.is_number:
                    return None
                if g >= max(int(begin), 2):
                    active = following
            if not active._is_finite(g):
                return g
        return None

    def _is_finite(self, g: int) -> bool:
        return self.margin is None or (self.margin.subs(self.symbol, g) - 1).is_negative is not True

    def _expressions(self) -> list[Expr]:
        mine = [*self.matrix, *self.forcing, *self.readout, *self.initial, *self.early, self.shift]
        return mine if self.continuation is None else mine + self.continuation[1]._expressions()

    def _normalised(self, ring: Arithmetic) -> Iterator[Callable[[], Expr]]:
        inside = ring.holds(self.scale, self.offset)
        scale, offset = (ring.constant(part) if inside else part for part in (self.scale, self.offset))

        def risk(moment: object) -> Expr:
            if not inside:
                return offset + scale * ring.to_expression(moment)
            return ring.to_expression(offset + scale * moment)  # type: ignore[operator]

        def at(compiled: _Compiled, g: int, state: list) -> Expr:
            return risk(compiled.risk(g, state))

        for value in self.early:
            yield partial(risk, ring.constant(value))
        active: MomentRecurrence = self
        compiled = _Compiled(active, ring)
        state = [ring.constant(entry) for entry in active.initial]
        g = int(active.start) - 1
        powers = {power for entry in self._expressions() for power in entry.atoms(Pow)}
        pages = _Pages(ring, len(state), any(power.exp.has(self.symbol) for power in powers))
        alive = active._is_finite(max(g, 1))
        if g >= 1:
            yield partial(at, compiled, g, state) if alive else _infinite
        while True:
            g += 1
            if active.continuation is not None and g > 1 and g >= _whole(active.continuation[0]):
                active = active.continuation[1]
                compiled = _Compiled(active, ring)
            alive = alive and active._is_finite(g)
            if not alive:
                yield _infinite
                continue
            state = compiled.step(g, state)
            pages.turn(g, compiled, state)
            yield partial(at, compiled, g, state)


def _infinite() -> Expr:
    return oo


class _Compiled:
    """A recurrence with its coefficients turned into functions of g in exact arithmetic."""

    def __init__(self, recurrence: MomentRecurrence, ring: Arithmetic) -> None:
        symbol = recurrence.symbol
        self.size = recurrence.matrix.shape[0]
        self.entries = [
            (row, col, ring.function(recurrence.matrix[row, col], symbol))
            for row in range(self.size)
            for col in range(self.size)
            if recurrence.matrix[row, col] != 0
        ]
        self.forcing = [
            (row, ring.function(recurrence.forcing[row], symbol))
            for row in range(self.size)
            if recurrence.forcing[row] != 0
        ]
        self.readout = [
            (col, ring.function(recurrence.readout[col], symbol))
            for col in range(self.size)
            if recurrence.readout[col] != 0
        ]
        self.shift = ring.function(recurrence.shift, symbol)
        self.zero = ring.constant(S.Zero)

    def step(self, g: int, state: list) -> list:
        new = [self.zero] * self.size
        for row, col, coefficient in self.entries:
            if state[col]:
                new[row] = new[row] + coefficient(g) * state[col]
        for row, term in self.forcing:
            new[row] = new[row] + term(g)
        return new

    def risk(self, g: int, state: list) -> object:
        total = self.shift(g)
        for col, coefficient in self.readout:
            if state[col]:
                total = total + coefficient(g) * state[col]
        return total


#: Terms of an exact value with irrational numbers in it, which no arithmetic makes shorter, at most.
_MOST_TERMS = 100_000
#: Bits of an exact value whose step holds powers such as q^g: no two denominators share much, and each sum costs more.
_MOST_BITS = 250_000


class _Pages:
    """How long exact moments become where every step writes the ones before into larger expressions."""

    def __init__(self, ring: Arithmetic, size: int, has_powers: bool) -> None:
        self._grows = size > 1 and not ring.is_field
        self._has_powers = has_powers
        self._terms = [1] * size

    def turn(self, g: int, compiled: _Compiled, state: list) -> None:
        if self._has_powers and any(isinstance(m, fmpq) and m.q.bit_length() > _MOST_BITS for m in state):
            raise DomainError(
                f"generation = {g} is beyond exact values: as fractions they fill pages, so use numerics.evaluate."
            )
        if not self._grows:
            return
        terms = [1] * len(self._terms)
        for row, col, _ in compiled.entries:
            terms[row] += self._terms[col] + 1
        self._terms = terms
        if max(terms) > _MOST_TERMS:
            raise DomainError(
                f"generation = {g} is beyond exact values: with irrational sizes they fill pages, "
                f"so use numerics.evaluate."
            )


def _whole(generation: Expr) -> int:
    if not generation.is_number:
        raise DomainError(
            f"the parameters are symbolic: which regime a generation falls in depends on {generation}; give numbers."
        )
    return int(generation)
