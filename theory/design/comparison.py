"""Workflows compared: their exact order at every generation and in the limit, where it changes, and who dominates."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, replace
from functools import cached_property, cmp_to_key
from itertools import combinations, islice
from typing import Any

from sympy import Dummy, Expr, S

from theory.design.order_of_collapse import limit_of, outgrows
from theory.design.settling import Settled, settle
from theory.errors import DomainError, NotDerivedError
from theory.expected import expected_risk
from theory.expressions.arguments import generation, quoted
from theory.expressions.signs import Ranges, sign_by_factors, sign_of_difference
from theory.expressions.told import Told
from theory.models.base import Model
from theory.models.regular import Regular
from theory.moments.recurrence import MomentRecurrence
from theory.risk import Risk
from theory.workflows.base import Workflow

#: Generations compared one by one, unless asked otherwise; symbolic risks grow with the generation.
CHECKED, CHECKED_SYMBOLS, CHECKED_SLOW = 200, 8, 80


@dataclass(frozen=True)
class Place:
    """A workflow's place among those compared, 1 for the smallest risk; equal risks share a place.

    Notes
    -----
    Derived here; see :func:`compare`.

    Examples
    --------
    >>> from theory import Accumulate, Replace, compare
    >>> [place.workflow.name for place in compare([Replace(), Accumulate()], upto=4).at(3)]
    ['accumulate', 'replace']
    """

    place: int
    workflow: Workflow
    risk: Expr


@dataclass(frozen=True)
class Crossing:
    """At ``generation``, and not at the one before, ``better`` has a smaller risk than ``worse``.

    Notes
    -----
    Derived here; see :func:`compare`.

    Examples
    --------
    >>> from theory import RealPlusLatest, Accumulate, compare
    >>> (crossing,) = compare([Accumulate(), RealPlusLatest(share="2/5")]).crossings
    >>> crossing.generation, crossing.better.name, crossing.worse.name
    (12, 'real-plus-latest', 'accumulate')
    """

    generation: int
    better: Workflow
    worse: Workflow


@dataclass(frozen=True)
class Pair:
    """Two workflows, by their positions, compared.

    Attributes
    ----------
    first, second : positions in the comparison
    signs : the sign of R_first − R_second at generations 1, 2, …; None where it depends on parameters
    settled : what is proved beyond; None when the order is known at the generations checked only

    Notes
    -----
    Derived here; see :func:`compare`.

    Examples
    --------
    >>> from theory import Accumulate, Replace, compare
    >>> (pair,) = compare([Accumulate(), Replace()], upto=4).pairs
    >>> pair.first, pair.second, pair.signs
    (0, 1, (0, -1, -1, -1))
    """

    first: int
    second: int
    signs: tuple[int | None, ...]
    settled: Settled | None

    @property
    def changes(self) -> list[tuple[int, int]]:
        """Generations from which a strict order is another than the strict order before, and its sign."""
        found, before = [], 0
        for g, now in enumerate(self.signs, start=1):
            if now in (1, -1):
                if before not in (0, now):
                    found.append((g, now))
                before = now
        return found

    @property
    def eventual(self) -> int | None:
        """The sign for all large generations; None when it is not proved."""
        return None if self.settled is None else self.settled.sign


@dataclass(frozen=True)
class Comparison(Told):
    """Workflows compared under one model; made by :func:`compare`.

    Attributes
    ----------
    workflows : the workflows
    risks : their expected risks, as far as each is known
    upto : generations 1 … upto are compared one by one, exactly; None for as many as are quick, pair by pair
    unit : what the risks are measured in when pairs are compared: their common factor, or 1

    Notes
    -----
    Derived here; see :func:`compare`.

    Examples
    --------
    >>> from theory import Accumulate, Replace, compare
    >>> result = compare([Accumulate(), Replace()], upto=10)
    >>> len(result.risks), result.proved, result.crossings
    (2, True, ())
    """

    workflows: tuple[Workflow, ...]
    risks: tuple[Risk, ...]
    upto: int | None = None
    unit: Expr = S.One

    __repr__ = Told.__repr__

    def headline(self) -> str:
        """What is compared."""
        first = self.risks[0]
        what = "ratio to generation 1" if first.relative else first.part
        names = " and ".join(dict.fromkeys(risk.model.name for risk in self.risks))
        return f"{len(self.workflows)} workflows of {names}, loss {first.loss}, {what}"

    def table(self) -> dict[str, list[Any]]:
        """Closed form, limit and growth, by workflow; None where one is not derived."""
        several = len({risk.model for risk in self.risks}) > 1
        return {
            **({"model": [risk.model.name for risk in self.risks]} if several else {}),
            "workflow": [workflow.name for workflow in self.workflows],
            "closed form": [risk.closed_form for risk in self.risks],
            "limit": [risk.limit for risk in self.risks],
            "growth": [risk.growth for risk in self.risks],
            "exactness": [risk.exactness for risk in self.risks],
        }

    @property
    def exactness(self) -> str:
        """``"exact"``, or ``"leading order"`` where some risk is known so alone: then all are compared to it."""
        return "exact" if all(risk.exactness == "exact" for risk in self.risks) else "leading order"

    @cached_property
    def compared(self) -> tuple[Risk, ...]:
        """The risks that are compared, all to one order: a difference of orders is no order."""
        return _alike(self.risks)

    # -- rankings --------------------------------------------------------------------------------------

    def at(self, g: object) -> tuple[Place, ...]:
        """The ranking at generation ``g``, the smallest risk first, exactly.

        Raises
        ------
        NotDerivedError
            When the order depends on parameters that are symbols.
        """
        whole = generation("g", g)
        values = [risk.at(whole) for risk in self.compared]
        return self._ranked(values, f"generation {whole}")

    @property
    def limits(self) -> tuple[Expr | None, ...]:
        """The limit of each risk: ``oo`` where it diverges, None where it is unknown."""
        return tuple(limit_of(risk) for risk in self.compared)

    @cached_property
    def in_the_limit(self) -> tuple[Place, ...]:
        """The ranking by limits; equal limits, and all that diverge, share a place.

        Raises
        ------
        NotDerivedError
            When a limit is unknown, or the order depends on parameters.
        """
        values = []
        for workflow, limit in zip(self.workflows, self.limits, strict=True):
            if limit is None:
                raise NotDerivedError(f"the limit under {workflow.name} is not derived: no ranking in the limit.")
            values.append(limit)
        return self._ranked(values, "the limit")

    def _ranked(self, values: Sequence[Expr], where: str) -> tuple[Place, ...]:
        def order(left: int, right: int) -> int:
            found = sign_of_difference(values[left], values[right], self._ranges)
            if found is None:
                names = f"{self.workflows[left].name} and {self.workflows[right].name}"
                raise NotDerivedError(f"the order of {names} at {where} depends on parameters: give numbers.")
            return found

        ordered = sorted(range(len(values)), key=cmp_to_key(order))
        places: list[Place] = []
        for position, index in enumerate(ordered):
            tied = position > 0 and order(ordered[position - 1], index) == 0
            place = places[-1].place if tied else position + 1
            places.append(Place(place, self.workflows[index], values[index]))
        return tuple(places)

    # -- pairs -----------------------------------------------------------------------------------------

    @cached_property
    def _ranges(self) -> Ranges:
        return ranges_of(self.risks)

    @cached_property
    def _measured(self) -> tuple[Risk, ...]:
        return self.compared if self.unit == 1 else in_common_unit(self.compared)[1]

    @cached_property
    def _values(self) -> list[list[Expr]]:
        counts = [_quick(risk) if self.upto is None else self.upto for risk in self._measured]
        for risk, count in zip(self._measured, counts, strict=True):
            risk.watch(count)
        return [list(islice(risk.recurrence.values(), n)) for risk, n in zip(self._measured, counts, strict=True)]

    @property
    def checked(self) -> int:
        """Generations 1 … checked of every two workflows were compared one by one, exactly."""
        return min(len(values) for values in self._values)

    @cached_property
    def pairs(self) -> tuple[Pair, ...]:
        """Every pair compared, at each generation checked and, where proved, for ever."""
        found = []
        for a, b in combinations(range(len(self.risks)), 2):
            values = list(zip(self._values[a], self._values[b], strict=False))
            signs = tuple(sign_of_difference(left, right, self._ranges) for left, right in values)
            settled = settle(self._measured[a], self._measured[b], values, signs, self._ranges)
            found.append(Pair(a, b, signs, settled))
        return tuple(found)

    @property
    def proved(self) -> bool:
        """Whether the order is known at every generation: compared up to ``checked``, and proved beyond."""
        return all(pair.settled is not None and None not in pair.signs for pair in self.pairs)

    @cached_property
    def crossings(self) -> tuple[Crossing, ...]:
        """Where the strict order of two workflows changes, in order of generations.

        All there are when :attr:`proved`; otherwise those up to generation ``checked``.
        """
        found = []
        for pair in self.pairs:
            for g, now in pair.changes:
                first, second = self.workflows[pair.first], self.workflows[pair.second]
                found.append(Crossing(g, *((second, first) if now == 1 else (first, second))))
        return tuple(sorted(found, key=lambda crossing: crossing.generation))

    def dominates(self, first: object, second: object) -> bool | None:
        """Whether ``first`` is never worse than ``second``, at any generation; None when that is not proved.

        Workflows are given as they were compared, or by their positions 0, 1, ….
        """
        a, b = self._position("first", first), self._position("second", second)
        if a == b:
            return True
        pair = next(pair for pair in self.pairs if {pair.first, pair.second} == {a, b})
        worse = 1 if pair.first == a else -1
        if worse in pair.signs:
            return False
        # What is settled for ever is among the signs as well.
        if None not in pair.signs and pair.settled is not None:
            return True
        return False if outgrows(self._measured[a], self._measured[b]) else None

    def reason(self, first: object, second: object) -> str | None:
        """The argument by which the order of two workflows is known for ever, risks in ``unit``; None if it is not."""
        a, b = self._position("first", first), self._position("second", second)
        pair = next((pair for pair in self.pairs if {pair.first, pair.second} == {a, b}), None)
        return None if pair is None or pair.settled is None else pair.settled.reason

    def _position(self, name: str, which: object) -> int:
        if isinstance(which, int) and not isinstance(which, bool) and 0 <= which < len(self.workflows):
            return which
        for index, workflow in enumerate(self.workflows):
            if which is workflow or (isinstance(which, Workflow) and which == workflow):
                return index
        raise DomainError(
            f"{name} = {quoted(which)} is not among the workflows compared: give one of them, or its position, "
            f"0 to {len(self.workflows) - 1}."
        )


def compare(
    workflows: Sequence[Workflow],
    model: Model | None = None,
    *,
    loss: str = "squared",
    upto: object = None,
    than_model: Model | None = None,
) -> Comparison:
    r"""Order workflows by their risk: at each generation, in the limit, and where the order changes.

    Generations 1 … ``upto`` are compared one by one, in exact arithmetic; to leading order in 1/n where some risk is
    known so alone (:attr:`Comparison.exactness`). Beyond, the order of two workflows is
    proved from their recurrences where an argument of :mod:`theory.design.settling` applies, and otherwise not claimed.

    Parameters
    ----------
    workflows : two or more workflows
    model : Model, optional
        Without it any regular model to leading order in 1/n, the risk in units of p/n.
    loss : str, default "squared"
    upto : whole number, optional
        Without it 200 with numbers, less where exact values are long or slow.
    than_model : Model, optional
        Another model, under which each workflow is compared as well: those of ``model`` have the first positions, and
        those of ``than_model``, copies of them, the positions after. One workflow is then enough.

    Returns
    -------
    Comparison

    Raises
    ------
    DomainError, NotDerivedError
        As :func:`theory.expected_risk`, and for fewer than two workflows.

    Notes
    -----
    The order may depend on parameters that are symbols: signs are then undecided (None), and held up to the boundary
    of their ranges where they are decided.

    Derived here.

    Examples
    --------
    >>> from theory import Accumulate, RealPlusLatest, Replace
    >>> from theory.design import compare
    >>> result = compare([Accumulate(), RealPlusLatest(share="2/5"), Replace()])
    >>> [(crossing.generation, crossing.better.name) for crossing in result.crossings]
    [(12, 'real-plus-latest')]
    >>> result.proved, result.dominates(Accumulate(), Replace()), result.dominates(0, 1)
    (True, True, False)
    >>> [place.workflow.name for place in result.in_the_limit]
    ['real-plus-latest', 'accumulate', 'replace']

    A verifier two standard deviations from the truth, and none, both accumulating:

    >>> from theory import BiasedSampler, GaussianMean
    >>> plain = GaussianMean(sigma2=1, n=1)
    >>> result = compare([Accumulate()], BiasedSampler.verified(plain, 2, 1), than_model=plain)
    >>> [(crossing.generation, crossing.worse is result.workflows[0]) for crossing in result.crossings]
    [(6, True)]
    """
    listed = tuple(workflows) if isinstance(workflows, Sequence) else ()
    if len(listed) < (2 if than_model is None else 1):
        raise DomainError(f"workflows = {quoted(workflows)} is not a comparison: give a list of two workflows or more.")
    built = Regular(p=1, n=1) if model is None else model  # type: ignore[arg-type]
    risks = tuple(expected_risk(built, workflow, loss=loss) for workflow in listed)
    if than_model is not None:
        others = tuple(map(copy, listed))
        risks += tuple(expected_risk(than_model, workflow, loss=loss) for workflow in others)
        listed += others
    unit, _ = in_common_unit(_alike(risks))
    return Comparison(listed, risks, None if upto is None else generation("upto", upto), unit)


def _alike(risks: tuple[Risk, ...]) -> tuple[Risk, ...]:
    """The risks, to leading order in 1/n where some are known so alone."""
    return risks if len({risk.exactness for risk in risks}) == 1 else tuple(risk.leading_order for risk in risks)


def ranges_of(risks: Sequence[Risk]) -> Ranges:
    """Over what the parameters run; one that two models let run over different values has its assumptions alone."""
    found: Ranges = {}
    apart = set()
    for risk in risks:
        own = risk._ranges
        apart |= {symbol for symbol, run in own.items() if _plain(found.get(symbol, run)) != _plain(run)}
        found = {**found, **own}
    return {symbol: run for symbol, run in found.items() if symbol not in apart}


def _plain(run: Expr) -> Expr:
    """A range, whatever the name of what runs."""
    return run.xreplace(dict.fromkeys(run.atoms(Dummy), S.ImaginaryUnit))


def in_common_unit(risks: Sequence[Risk]) -> tuple[Expr, tuple[Risk, ...]]:
    """A positive factor that all risks share, and the risks divided by it; 1 where they share none."""
    unit = risks[0].recurrence.scale
    shared = all(risk.recurrence.scale == unit and risk.recurrence.offset == 0 for risk in risks)
    if not shared or sign_by_factors(unit, ranges_of(risks)) != 1:
        return S.One, tuple(risks)
    return unit, tuple(replace(risk, recurrence=risk.recurrence.changed(scale=S.One)) for risk in risks)


def _quick(risk: Risk) -> int:
    """How many generations are compared one by one when nothing else is asked."""
    if has_symbols(risk):
        return CHECKED_SYMBOLS
    return CHECKED if isinstance(risk.recurrence, MomentRecurrence) else CHECKED_SLOW


def has_symbols(risk: Risk) -> bool:
    """Whether the values of a risk depend on parameters that are symbols."""
    return any(value.free_symbols for value in islice(risk.recurrence.values(), 3))
