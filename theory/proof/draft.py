"""A certificate in the making: what it says of the risks, and the steps that the checker has accepted so far."""

from __future__ import annotations

import re
from collections.abc import Iterable
from copy import copy
from functools import cached_property
from typing import Any

from flint import ctx
from sympy import (
    Add,
    Dummy,
    Expr,
    Function,
    Min,
    Rational,
    S,
    Symbol,
    ceiling,
    default_sort_key,
    floor,
    log,
    sympify,
)

from theory.errors import NotDerivedError
from theory.expressions.enclosure import enclosed
from theory.expressions.signs import covering
from theory.models.ridge.limiting_shrinkage import limiting_shrinkage
from theory.models.ridge.trace_moments import wishart_trace
from theory.moments.recurrence import MomentRecurrence
from theory.proof.algebra import CertificateError
from theory.proof.certificate import Certificate
from theory.proof.check import Checker, check
from theory.proof.form import formed
from theory.proof.texts import bases_of, letter, name, text, told_apart
from theory.risk import Risk
from theory.solver.reduced import reduced as without_idle

#: How a step is asked for once it is established.
_STATEMENTS = {"solution": "closed form", "annihilator": "closed form", "shrinking": "limit", "driven": "growth"}


#: Digits of the ball that a moment of a fit is said to lie in.
DIGITS = 6


class Draft:
    """A certificate in the making: the checker is asked after every step."""

    def __init__(self, risks: tuple[Risk, ...]) -> None:
        self.risks = risks
        self.data: dict[str, Any] = {
            "format": "selfgen certificate",
            "version": 1,
            "claim": {"statement": "", "sequences": []},
            "about": [about(risk) for risk in risks],
            **ranges_of(risks),
            "sequences": [sequence_of(risk) for risk in risks],
            "steps": [],
            "witnesses": [],
        }

    def attempt(self, candidates: Iterable[dict[str, Any]]) -> dict[str, Any]:
        """Add the first step that the checker accepts."""
        reasons = []
        for step in candidates:
            sequences = step.get("sequences", [step.get("sequence")])
            statement = _STATEMENTS.get(step["rule"], step.get("shape", step["rule"]))
            try:
                reached = self._after(step)
                self._claimed(reached, {"statement": statement, "sequences": sequences})
            except CertificateError as error:
                reasons.append(str(error))
                continue
            self.data["steps"].append(step)
            self._reached = reached
            return step
        last = reasons[-1] if reasons else "there is nothing to try."
        among = f" among {len(reasons)} candidates: the last fails at" if len(reasons) > 1 else ":"
        raise NotDerivedError(f"no certificate was found{among} {last}{self._where(last)}")

    @cached_property
    def _reached(self) -> Checker:
        """A checker that has accepted the steps so far: the next one is taken from there, not from the start."""
        checker = Checker({**self.data})
        with ctx.workprec(256):
            checker.begin()
        return checker

    def _after(self, step: dict[str, Any]) -> Checker:
        """A checker that has taken one step more; CertificateError when that fails."""
        checker = _copied(self._reached, {**self.data, "steps": [*self.data["steps"], step]})
        with ctx.workprec(256):
            checker.take(len(self.data["steps"]) + 1, step["rule"], step)
        return checker

    def _claimed(self, checker: Checker, claim: dict[str, Any]) -> Checker:
        """The same with a claim behind its steps."""
        claimed = _copied(checker, {**checker.data, "claim": claim})
        with ctx.workprec(256):
            claimed.take(len(checker.data["steps"]) + 1, "claim", claim)
        return claimed

    def _where(self, reason: str) -> str:
        """What the variables of a reason stand for."""
        named = set(re.findall(r"\bt\d+\b", reason))
        told = [
            f"{key} = {over}" for key, over in self.data["parameters"].items() if named & {*re.findall(r"\w+", over)}
        ]
        return f" Here {', '.join(told)}, and {', '.join(sorted(named))} >= 0." if told else ""

    def claimed(self, claim: dict[str, Any]) -> Checker:
        """A checker that has run the steps so far and this claim; CertificateError when one fails."""
        return self._claimed(self._reached, claim)

    def facts(self, statement: str, *sequences: int) -> dict[tuple[Any, ...], Any]:
        """What the steps so far establish, that among it."""
        return self.claimed({"statement": statement, "sequences": list(sequences)}).facts

    def finished(self, claim: dict[str, Any]) -> Certificate:
        """The certificate with the ranges that are needed, and the witnesses."""
        try:
            checker = self.claimed(claim)
            self.data |= {
                "claim": claim,
                "parameters": {key: over for key, over in self.data["parameters"].items() if key in checker.used},
                "positive": [key for key in self.data["positive"] if key in checker.used],
                "witnesses": checker.witnesses,
            }
            check(self.data)
        except CertificateError as error:
            raise NotDerivedError(f"no certificate was found: {error}") from None
        return Certificate(self.data)


def _copied(checker: Checker, data: dict[str, Any]) -> Checker:
    """A checker that goes on by itself from where another stands, whatever becomes of that one."""
    formed(data)
    other = copy(checker)
    other.data = data
    for part in ("labels", "functions", "moving", "known", "free", "witnesses", "used", "facts"):
        setattr(other, part, copy(getattr(checker, part)))
    other.sequences = [copy(item) for item in checker.sequences]
    for item in other.sequences:
        item.read = other.read
    return other


def about(risk: Risk) -> dict[str, str]:
    """The names by which a certificate says what it is about."""
    return {
        "model": ", ".join([risk.model.name, *(x for x in risk.model.parameters.values() if isinstance(x, str))]),
        "workflow": risk.workflow.name,
        "loss": risk.loss,
        "quantity": _quantity(risk),
        "exactness": risk.exactness,
    }


def _quantity(risk: Risk) -> str:
    """What a sequence is of: a risk, or the bias or the variance in it, or its ratio to generation 1."""
    if risk.part == "risk":
        return "ratio" if risk.relative else "risk"
    return f"ratio of the {risk.part}" if risk.relative else risk.part


def named(risk: Risk) -> str:
    """A risk in a sentence, without its formula."""
    what = "ratio" if risk.relative else risk.part
    return f"the {what} of {risk.model.name} under {risk.workflow.name}"


def ranges_of(risks: tuple[Risk, ...]) -> dict[str, Any]:
    """Parameters in variables t1, t2, … over [0, ∞), and which of these are positive."""
    found: dict[Symbol, Expr] = {}
    for risk in risks:
        found |= covering(Add(*risk.free_symbols), risk._ranges)
        # What is positive by its very assumptions, such as the σ of σ².
        alone = {symbol for symbol in risk.free_symbols - set(found) if symbol.is_positive}
        found |= {symbol: Dummy("t", nonnegative=True) for symbol in sorted(alone, key=name)}
    found |= _runs_of(set().union(*map(_moments, risks)), any(risk.part == "variance" for risk in risks))
    told_apart(found.keys() | {symbol for risk in risks for symbol in risk.free_symbols})
    parameters: dict[str, str] = {}
    positive: list[str] = []
    renamed: dict[Symbol, Symbol] = {}
    # The same names in every run: dummies have none of their own to go by.
    for symbol in sorted(found, key=lambda item: (len(found[item].free_symbols), name(item))):
        for variable in sorted(found[symbol].free_symbols - set(renamed), key=default_sort_key):
            if not variable.is_nonnegative:
                raise NotDerivedError(f"no certificate was found: the range of {symbol} rests on that of {variable}.")
            renamed[variable] = Symbol(f"t{len(renamed) + 1}")
        # Every symbol of a range is one of these, so that the mark which keeps parameters off their names can go.
        parameters[name(symbol)] = re.sub(r"\b(t\d+)_\b", r"\1", text(found[symbol].subs(renamed)))
        alone = found[symbol].free_symbols
        if symbol.is_positive and len(alone) == 1 and found[symbol].subs(min(alone, key=str), 0) == 0:
            positive.append(str(renamed[min(alone, key=str)]))
    return {"parameters": parameters, "positive": positive}


def _moments(risk: Risk) -> set[Any]:
    """Moments of ridge fits in the recurrence; those that depend on the generation are functions to the checker."""
    recurrence = _recurrence(risk)
    if recurrence is None:
        return set()
    parts = (recurrence.matrix, recurrence.forcing, recurrence.readout, recurrence.initial)
    found = set().union(*(part.atoms(wishart_trace, limiting_shrinkage) for part in parts))
    return {moment for moment in found if not moment.has(recurrence.symbol)}


def _recurrence(risk: Risk) -> MomentRecurrence | None:
    """The recurrence of moments, or that of the sum which the risk is."""
    found = risk.recurrence.as_moments()
    as_sum = getattr(risk.recurrence, "as_sum", None)
    if found is not None or as_sum is None:
        return found
    # A function of g to the checker at every generation, and no letter at any.
    plain = as_sum()
    moving = {part: Function("wishart_trace")(*part.args) for part in plain.forcing.atoms(wishart_trace)}
    return plain.changed(forcing=plain.forcing.xreplace(moving))


def _between(constant: Expr) -> tuple[Expr, Expr]:
    """Two decimal fractions that a positive number lies between."""
    low, high = enclosed(constant, 2 * DIGITS)
    unit = Rational(10) ** (floor(log(low, 10)) - DIGITS)
    return unit * floor(low / unit), unit * ceiling(high / unit)


def _runs_of(moments: set[Any], of_variance: bool) -> dict[Symbol, Expr]:
    r"""Over what the letters of moments run.

    Numbers of fits on different rows, and those in a variance, lie in their balls. Else E tr Wⁱ(W + λ)⁻ᵏ is positive,
    and with A for i = k = 1 and the rank r of W

    .. math:: 0 < A < r, \qquad A^2/r \le E \operatorname{tr} W^2 (W + \lambda)^{-2} < A

    (Cauchy and Schwarz, and :math:`x^2 < x` for :math:`x = s/(s + \lambda)`).
    """
    found: dict[Symbol, Expr] = {}
    fits = {moment.args[2:] for moment in moments if isinstance(moment, wishart_trace)}
    for moment in sorted(moments, key=str):
        t = Dummy("t", nonnegative=True)
        inside = t / (1 + t)
        if (of_variance or len(fits) > 1) and not moment.free_symbols:
            low, high = _between(moment)
            found[letter(moment)] = low + (high - low) * inside
            continue
        if isinstance(moment, limiting_shrinkage):
            found[letter(moment)] = (moment.ceiling() if moment.args[0].is_number else S.One) * inside
            continue
        power, inverse, d, rows, penalty = moment.args
        rank, single = Min(d, rows), wishart_trace(1, 1, d, rows, penalty)
        found[letter(moment)] = rank * inside if power == inverse else t
        if power == inverse == 2 and single in moments:
            above = found[letter(single)]
            found[letter(moment)] = above**2 / rank + above * (1 - above / rank) * inside
    return found


def sequence_of(risk: Risk) -> dict[str, Any]:
    """The moment recurrence as a certificate holds it."""
    with bases_of((risk,)):
        return _written(reduced(risk))


def _written(recurrence: MomentRecurrence) -> dict[str, Any]:
    """Its parts as texts."""
    regimes, active = [], recurrence
    while True:
        regimes.append(
            {
                "start": text(sympify(active.start)),
                "matrix": [[text(entry) for entry in active.matrix.row(row)] for row in range(active.matrix.rows)],
                "forcing": [text(entry) for entry in active.forcing],
                "readout": [text(entry) for entry in active.readout],
                "shift": text(active.shift),
            }
        )
        if active.continuation is None:
            break
        start, following = active.continuation
        active = following.changed(start=start)
    return {
        "scale": text(recurrence.scale),
        "offset": text(recurrence.offset),
        "early": [text(value) for value in recurrence.early],
        "initial": [text(entry) for entry in recurrence.initial],
        "regimes": regimes,
    }


def reduced(risk: Risk) -> MomentRecurrence:
    """The recurrence with the moments that the risk depends on."""
    recurrence = _recurrence(risk)
    if recurrence is None:
        raise NotDerivedError(
            f"no certificate was found: {named(risk)} is not run by a recurrence of moments, which "
            "certificates are about."
        )
    return without_idle(recurrence)
