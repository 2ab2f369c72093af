r"""The order of every two workflows in words: who is better, where that changes, and how far it is known.

What is proved comes from :mod:`theory.design.comparison`; here it gets names.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sympy import Expr

from theory.design import Comparison, Pair
from theory.design.comparison import ranges_of
from theory.expressions.signs import Ranges, sign_of_difference


@dataclass(frozen=True)
class Standing:
    """Two workflows, by name.

    Attributes
    ----------
    better, worse : as they stand from the last change of their order on
    since : first generation from which ``better`` is so, strictly; None where the risks are equal, or undecided
    crossings : (generation, who is better from there, who is worse), in order
    checked : generations 1 … checked were compared one by one
    proved : whether the order is known beyond
    decided : whether it is known at all, without values for the parameters that have none
    agrees_in_the_limit : whether the limits are known and in this order, strictly
    turns_later : whether they are known and in the other order, so that some later generation changes it
    reason : by which argument the order is proved, risks in ``unit``
    """

    better: str
    worse: str
    since: int | None
    crossings: tuple[tuple[int, str, str], ...]
    checked: int
    proved: bool
    decided: bool
    agrees_in_the_limit: bool
    turns_later: bool
    reason: str | None
    unit: Expr

    @property
    def equal(self) -> bool:
        """Whether the two are proved to be the same at every generation."""
        return self.decided and self.since is None

    @property
    def dominates(self) -> bool | None:
        """Whether ``better`` is nowhere worse than ``worse``; None where that is not proved."""
        if self.crossings or self.turns_later:
            return False
        return True if self.decided and self.proved else None

    @property
    def where(self) -> str:
        """Generations at which ``better`` is better."""
        if not self.decided:
            return "depends on parameters without a value"
        if self.since is None:
            return "equal at every G" if self.proved else f"equal up to G = {self.checked}"
        if not self.crossings:
            first = "at every G" if self.since == 1 else f"at every G ≥ {self.since}"
            return first if self.proved else f"at {self.since} ≤ G ≤ {self.checked}"
        changes = ", ".join(str(generation) for generation, *_ in self.crossings[:-1])
        before = f" (changes before: {changes})" if changes else ""
        upto = "on" if self.proved else f"to {self.checked}"
        return f"from G = {self.since} {upto}{before}"

    @property
    def known(self) -> str:
        """How far the order is known."""
        if not self.decided:
            return "–"
        if self.proved:
            return "proved for every G"
        if self.turns_later:
            return f"up to {self.checked}; the other way round in the limit"
        return f"up to {self.checked}, and in the limit" if self.agrees_in_the_limit else f"up to {self.checked}"

    @property
    def sentence(self) -> str:
        """All of it, and why."""
        if not self.decided:
            return f"{self.better} and {self.worse}: the order depends on parameters without a value."
        if self.since is None:
            said = f"{self.better} and {self.worse} have the same risk"
        elif self.crossings:
            _, first, then = self.crossings[0]
            turns = ", then ".join(f"{now} from G = {generation}" for generation, now, _ in self.crossings)
            said = f"{then} is better than {first} at first, {turns}"
        else:
            said = f"{self.better} is nowhere worse than {self.worse}"
        if self.turns_later:
            return f"{said}, up to G = {self.checked}; in the limit {self.worse} is better, so the order changes later."
        if not self.proved:
            limits = ", but for their limits, which are in the same order" if self.agrees_in_the_limit else ""
            return f"{said}, up to G = {self.checked}; beyond, nothing is proved{limits}."
        levels = self.reason is not None and "stays" in self.reason and "above" in self.reason
        argued = f", in units of {self.unit}" if levels and self.unit != 1 else ""
        return f"{said}, at every G ({self.reason}{argued})."


def standings(compared: Comparison, pairs: Sequence[Pair], names: Sequence[str], side: int = 1) -> tuple[Standing, ...]:
    """One for every two workflows; ``side`` is −1 where the larger value is the better one."""
    ranges = ranges_of(compared.risks)
    return tuple(_standing(compared, pair, names, side, ranges) for pair in pairs)


def _standing(compared: Comparison, pair: Pair, names: Sequence[str], side: int, ranges: Ranges) -> Standing:
    first, second = names[pair.first], names[pair.second]
    decided = None not in pair.signs
    strict = [(g, sign) for g, sign in enumerate(pair.signs, start=1) if sign in (1, -1)]
    crossings = tuple(
        (g, second, first) if now == side else (g, first, second) for g, now in (pair.changes if decided else [])
    )
    last = (strict[-1][1] if strict else pair.eventual or 0) if decided else 0
    better, worse = (second, first) if last == side else (first, second)
    # Equal as far as was compared, and different later on: that too may be proved.
    later = pair.settled.since if pair.settled is not None and pair.settled.sign else None
    since = crossings[-1][0] if crossings else strict[0][0] if strict else later
    limits = compared.limits[pair.first], compared.limits[pair.second]
    final = None if None in limits else sign_of_difference(*limits, ranges)
    return Standing(
        better=better,
        worse=worse,
        since=since if decided else None,
        crossings=crossings,
        checked=len(pair.signs),
        proved=decided and pair.settled is not None,
        decided=decided,
        agrees_in_the_limit=final == last != 0,
        turns_later=final == -last != 0,
        reason=None if pair.settled is None else pair.settled.reason,
        unit=compared.unit,
    )
