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

    Notes
    -----
    Made here.

    Examples
    --------
    >>> from theory import Regular, Replace, expected_risk
    >>> LeastBound(expected_risk(Regular(), Replace())).risks[0].limit
    oo
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
    """The closed form satisfies the recurrence and its initial value: it is the risk at every G ≥ 1.

    Notes
    -----
    Derived here; :func:`theory.proof.prove` finds a certificate, :func:`theory.proof.check` decides.

    Examples
    --------
    >>> from theory import Accumulate, Regular, Replace, expected_risk
    >>> from theory.proof import check, prove
    >>> risk, other = (expected_risk(Regular(), workflow).ratio for workflow in (Accumulate(), Replace()))
    >>> check(prove(ClosedForm(risk)))
    True
    """

    statement = "closed form"


class Limit(Claim):
    """The risk converges, to the limit.

    Notes
    -----
    Derived here; :func:`theory.proof.prove` finds a certificate, :func:`theory.proof.check` decides.

    Examples
    --------
    >>> from theory import Accumulate, Regular, Replace, expected_risk
    >>> from theory.proof import check, prove
    >>> risk, other = (expected_risk(Regular(), workflow).ratio for workflow in (Accumulate(), Replace()))
    >>> check(prove(Limit(risk)))
    True
    """

    statement = "limit"


class Growth(Claim):
    """The risk diverges, or tends to zero, and its ratio to the leading term tends to 1.

    Notes
    -----
    Derived here; :func:`theory.proof.prove` finds a certificate, :func:`theory.proof.check` decides.

    Examples
    --------
    >>> from theory import Accumulate, Regular, Replace, expected_risk
    >>> from theory.proof import check, prove
    >>> risk, other = (expected_risk(Regular(), workflow).ratio for workflow in (Accumulate(), Replace()))
    >>> check(prove(Growth(other)))
    True
    """

    statement = "growth"


class Monotone(Claim):
    """The risk never falls, or never rises, from one generation to the next.

    Notes
    -----
    Derived here; :func:`theory.proof.prove` finds a certificate, :func:`theory.proof.check` decides.

    Examples
    --------
    >>> from theory import Accumulate, Regular, Replace, expected_risk
    >>> from theory.proof import check, prove
    >>> risk, other = (expected_risk(Regular(), workflow).ratio for workflow in (Accumulate(), Replace()))
    >>> check(prove(Monotone(risk)))
    True
    """

    statement = "monotone"


class LeastBound(Claim):
    """The risk never exceeds the bound, and no smaller number has that property.

    Notes
    -----
    Derived here; :func:`theory.proof.prove` finds a certificate, :func:`theory.proof.check` decides.

    Examples
    --------
    >>> from theory import Accumulate, Regular, Replace, expected_risk
    >>> from theory.proof import check, prove
    >>> risk, other = (expected_risk(Regular(), workflow).ratio for workflow in (Accumulate(), Replace()))
    >>> check(prove(LeastBound(risk)))
    True
    """

    statement = "least upper bound"


@dataclass(frozen=True)
class Remainder(Claim):
    r"""From a stated G on the expansion is off by at most an explicit bound, as :math:`C/G^k` or :math:`Cq^G`.

    Attributes
    ----------
    risk : Risk
    terms : int
        How many terms of the expansion at most, the constant included; fewer where that is the value itself.

    Notes
    -----
    Derived here; :func:`theory.proof.prove` finds a certificate, :func:`theory.proof.check` decides.

    Examples
    --------
    >>> from theory import Accumulate, Regular, Replace, expected_risk
    >>> from theory.proof import check, prove
    >>> risk, other = (expected_risk(Regular(), workflow).ratio for workflow in (Accumulate(), Replace()))
    >>> check(prove(Remainder(risk, terms=2)))
    True
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
    """At every generation the first risk is at most the second.

    Notes
    -----
    Derived here; :func:`theory.proof.prove` finds a certificate, :func:`theory.proof.check` decides.

    Examples
    --------
    >>> from theory import Accumulate, Regular, Replace, expected_risk
    >>> from theory.proof import check, prove
    >>> risk, other = (expected_risk(Regular(), workflow).ratio for workflow in (Accumulate(), Replace()))
    >>> check(prove(NeverWorse(risk, other)))
    True
    """

    statement = "never above"


class LowerLimit(_Comparison):
    """The first risk settles strictly below the second.

    Notes
    -----
    Derived here; :func:`theory.proof.prove` finds a certificate, :func:`theory.proof.check` decides.

    Examples
    --------
    >>> from theory import Accumulate, FreshReal, Regular, expected_risk
    >>> from theory.proof import check, prove
    >>> better, worse = (expected_risk(Regular(), item).ratio for item in (FreshReal(share="1/2"), Accumulate()))
    >>> check(prove(LowerLimit(better, worse)))
    True
    """

    statement = "lower limit"
