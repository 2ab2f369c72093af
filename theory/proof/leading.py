r"""Steps about a risk without a closed form, whose own steps shrink like 1/g: its limit, or its leading term.

The constant of a leading term is bounded by

.. math:: A^\pm(g) = \sum_{j \le K} a_j g^{1-j} + (a_{K+1} \pm \eta) g^{-K},

where the a_j make :math:`A(g) - 1 - r(g) A(g+1)` vanish to order K at infinity: the checker then needs no more than the
sign of two rational functions.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from sympy import Expr, Piecewise, Poly, Rational, S, oo, together, true

from theory.errors import DomainError, NotDerivedError
from theory.expressions.expansion import Order, UnknownOrder
from theory.expressions.fraction_field import in_lowest_terms
from theory.expressions.numerals import readable
from theory.expressions.roots import rational_parts
from theory.expressions.signs import sign
from theory.expressions.symbols import G
from theory.moments.recurrence import MomentRecurrence
from theory.proof.draft import Draft, named, reduced
from theory.proof.power_laws import OPENING
from theory.proof.texts import text
from theory.proof.values import growth, limit, value
from theory.risk import Risk
from theory.solver.driven import about_centre, driven_sum, repelled, sum_and_product
from theory.solver.power_law import PowerLaw, power_law, split
from theory.solver.shrinking_steps import shrinking

#: Terms of the bounds, how far out they are tried, and the decimals that are asked of them.
TERMS, FROM, DECIMALS = 12, (60, 120, 240, 480), (24, 20, 16, 12)


def settles(draft: Draft, index: int) -> str:
    """The limit: from the closed form, or else from the steps."""
    if draft.risks[index].closed_form is None:
        return _shrinks(draft, index)
    value(draft, index)
    return limit(draft, index)


def leads(draft: Draft, index: int) -> str:
    """Whether the risk grows or decays, as its leading term says."""
    risk = draft.risks[index]
    known = risk.growth
    if risk.closed_form is not None and known is not None and not isinstance(known, Piecewise) and risk.limit == oo:
        value(draft, index)
        growth(draft, index)
        return "growth"
    try:
        return str(draft.attempt(_powers(risk, index)).get("shape", "growth"))
    except NotDerivedError:
        end = risk.limit
        if end == 0 and risk.closed_form is not None and known is not None and known.has(G):
            value(draft, index)
            growth(draft, index)
            return "decay"
        if end is None or end.is_infinite or end == 0 or isinstance(end, Piecewise):
            raise
        raise NotDerivedError(
            f"no certificate was found: {named(risk)} tends to {readable(end)}, so that it neither grows for "
            "ever nor fades: prove its limit instead."
        ) from None


def _shrinks(draft: Draft, index: int) -> str:
    risk = draft.risks[index]
    recurrence = reduced(risk)
    try:
        found = shrinking(recurrence, Order(risk._ranges))
    except UnknownOrder:
        found = None
    if found is None or found.condition is not true or recurrence.continuation is not None or risk.limit is None:
        how = "is not known" if risk.limit is None else "is not derived from its steps"
        raise NotDerivedError(f"no certificate was found: the limit of {named(risk)} {how}.")
    step = {
        "rule": "shrinking",
        "sequence": index,
        "order": list(found.order),
        "limits": [text(one) for one in found.limits],
        "limit": text(risk.limit),
        "risks": _opening(recurrence),
    }
    return str(draft.attempt([step])["limit"])


def _powers(risk: Risk, index: int) -> Iterator[dict[str, Any]]:
    recurrence = reduced(risk)
    centre: dict[str, Any] = {}
    try:
        law = power_law(recurrence, Order(risk._ranges))
        law, centre = _about(recurrence, Order(risk._ranges)) if law is None else (law, centre)
        if law is None:
            yield from _driven(recurrence, Order(risk._ranges), index)
    except UnknownOrder as unknown:
        raise NotDerivedError(
            f"no certificate was found: the growth of {named(risk)} is by cases ({unknown}): give numbers."
        ) from None
    if law is None:
        how = "is not known" if risk.growth is None else "is not derived from its steps"
        raise NotDerivedError(f"no certificate was found: the growth of {named(risk)} {how}.")
    step = {"rule": "power", "sequence": index, "power": text(law.power), "logs": law.logs}
    step |= {"risks": _opening(recurrence), **centre}
    step["shape"] = "decay" if sign(law.power, risk._ranges) == 1 else "growth"
    found = about_centre(recurrence)[1] if centre else recurrence  # type: ignore[index]
    if law.series is None:
        yield step | {"coefficient": text(in_lowest_terms(recurrence.scale * law.coefficient))}
        return
    for constant in _constants(found, law):
        yield step | {"coefficient": constant}


def _about(recurrence: MomentRecurrence, order: Order) -> tuple[PowerLaw | None, dict[str, Any]]:
    """The growth of the error about a centre that the mean moves away from."""
    law, found = repelled(recurrence, order), about_centre(recurrence)
    return (None, {}) if law is None or found is None else (law, {"centre": text(found[0])})


def _driven(recurrence: MomentRecurrence, order: Order, index: int) -> Iterator[dict[str, Any]]:
    """The growth of a sum that a product drives."""
    law, places = driven_sum(recurrence, order), sum_and_product(recurrence)
    if law is None or places is None or law.limit is not None:
        return
    gains = split(recurrence.matrix[places[1], places[1]], recurrence.symbol)
    assert gains is not None
    (zeros, poles), _ = gains
    yield {
        "rule": "driven",
        "sequence": index,
        "driver": places[1],
        "power": text(law.power),
        "logs": law.logs,
        "coefficient": text(recurrence.scale * law.coefficient),
        "zeros": [text(root) for root in zeros],
        "poles": [text(root) for root in poles],
        "risks": _opening(recurrence),
    }


def _opening(recurrence: MomentRecurrence) -> list[str]:
    return [text(in_lowest_terms(value)) for value in islice(recurrence.values(), int(recurrence.start) + OPENING)]


def _constants(recurrence: MomentRecurrence, law: PowerLaw) -> Iterator[dict[str, Any]]:
    """The formula with its digits, the digits, or the formula alone where there are parameters."""
    series = law.series
    assert series is not None
    formula = {
        "zeros": [text(root) for root in series.zeros],
        "poles": [text(root) for root in series.poles],
        "origin": int(recurrence.start),
        "first": series.first,
        "begin": text(series.start),
        "head": text(series.head),
        "upper": [text(parameter) for parameter in series.upper],
        "lower": [text(parameter) for parameter in series.lower],
    }
    constant = law.coefficient * recurrence.scale
    if constant.free_symbols:
        yield {"formula": formula}
        return
    for decimals in DECIMALS:
        try:
            low, high = PowerLaw(constant, law.power).enclosure(decimals + 12)
        except DomainError:
            return
        shown = int(((low + high) / 2 * 10**decimals).round())
        bounds: list[dict[str, Any]] = [{}]
        if recurrence.forcing[0] != 0:
            bounds = _bounds(recurrence, law)
        for bound in bounds:
            yield {"formula": formula, "digits": shown, "decimals": decimals} | bound


def _bounds(recurrence: MomentRecurrence, law: PowerLaw) -> list[dict[str, Any]]:
    g = recurrence.symbol
    step, inflow = in_lowest_terms(recurrence.matrix[0]), in_lowest_terms(recurrence.forcing[0])
    ratio = in_lowest_terms(together(inflow.subs(g, g + 1) / (inflow * step.subs(g, g + 1))))
    tail = tail_series(ratio, g, TERMS + 2)
    if tail is None:
        return []
    *before, last, after = tail
    start = sum((coefficient * g ** (1 - index) for index, coefficient in enumerate(before)), S.Zero)
    found = []
    for since in FROM:
        # A last term that is nearly 0, as those of ψ' are every other time, says nothing of what comes after it.
        room = abs(last) / 2 + 2 * abs(after) / since + Rational(1, 10**6)
        ends = [text(in_lowest_terms(together(start + (last + way * room) * g**-TERMS))) for way in (-1, 1)]
        found.append({"since": since, "below": ends[0], "above": ends[1]})
    return found


def tail_series(ratio: Expr, g: Any, count: int) -> list[Expr] | None:
    r"""a_0 … a_K with which :math:`A(g) - 1 - r(g) A(g+1)`, for :math:`A = \sum a_j g^{1-j}`, is :math:`O(g^{-K-1})`.

    None where the ratio has irrational coefficients.

    Examples
    --------
    >>> from sympy import Symbol
    >>> x = Symbol("x")
    >>> tail_series(x / (x + 2), x, 2)
    [1, 1, 0]
    """
    parts = rational_parts(ratio, g)
    if parts is None:
        return None
    top, bottom = (Poly(part, g).all_coeffs() for part in parts)
    if len(top) != len(bottom) or not all(value.is_Rational for value in (*top, *bottom)):
        return None
    size = count + 2
    numerator, denominator = ([*part, *[S.Zero] * size][:size] for part in (top, bottom))
    powers: list[Expr] = []
    for index in range(size):
        fed = sum((denominator[k] * powers[index - k] for k in range(1, index + 1)), S.Zero)
        powers.append((numerator[index] - fed) / denominator[0])
    found: list[Expr] = []
    columns: list[list[Expr]] = []
    for index in range(count + 1):
        binomial = [S.One]
        for power in range(1, size):
            binomial.append(binomial[-1] * Rational(2 - index - power, power))
        columns.append(
            [
                int(total == 0) - sum((powers[k] * binomial[total - k] for k in range(total + 1)), S.Zero)
                for total in range(size - index)
            ]
        )
        left = S(int(index == 0)) - sum((found[k] * columns[k][index - k + 1] for k in range(index)), S.Zero)
        if columns[index][1] == 0:
            return None
        found.append(left / columns[index][1])
    return found
