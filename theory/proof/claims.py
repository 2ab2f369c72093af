"""What can be claimed of risks, for all generations and all parameters in their ranges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from theory.errors import DomainError
from theory.expressions.arguments import whole_number
from theory.risk import Risk


@dataclass(frozen=True)
class Claim:
    """A statement about one risk, or about two.

    Attributes
    ----------
    risk : Risk
    """

    risk: Risk
    statement: ClassVar[str]

    def __post_init__(self) -> None:
        for item in self.risks:
            if not isinstance(item, Risk):
                raise DomainError(f"risk = {item!r} is not a risk: give what theory.expected_risk returns.")

    @property
    def risks(self) -> tuple[Risk, ...]:
        """The risks that the claim is about."""
        return (self.risk,)


class ClosedForm(Claim):
    """The closed form satisfies the recurrence and its initial value: it is the risk at every G ≥ 1."""

    statement = "closed form"


class Limit(Claim):
    """The risk converges, to the limit."""

    statement = "limit"


class Growth(Claim):
    """The risk diverges, or tends to zero, and its ratio to the leading term tends to 1."""

    statement = "growth"


class Monotone(Claim):
    """The risk never falls, or never rises, from one generation to the next."""

    statement = "monotone"


class LeastBound(Claim):
    """The risk never exceeds the bound, and no smaller number has that property."""

    statement = "least upper bound"


@dataclass(frozen=True)
class Remainder(Claim):
    r"""From a stated G on the expansion is off by at most an explicit bound, as :math:`C/G^k` or :math:`Cq^G`.

    Attributes
    ----------
    risk : Risk
    terms : int
        How many terms of the expansion at most, the constant included; fewer where that is the value itself.
    """

    terms: int = 2
    statement: ClassVar[str] = "remainder"

    def __post_init__(self) -> None:
        super().__post_init__()
        whole_number("terms", self.terms, least=1)


@dataclass(frozen=True)
class _Comparison(Claim):
    other: Risk

    @property
    def risks(self) -> tuple[Risk, ...]:
        return (self.risk, self.other)


class NeverWorse(_Comparison):
    """At every generation the first risk is at most the second."""

    statement = "never above"


class LowerLimit(_Comparison):
    """The first risk settles strictly below the second."""

    statement = "lower limit"
