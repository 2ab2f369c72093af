r"""Workflows side by side: which collapse, which is better, from which generation on, and how far that is proved.

A workflow *collapses* when the ratio of its risk at generation G to that at generation 1 outgrows every constant, as n
and then G grow. For a bounded family the risk itself cannot diverge (replace takes a Bernoulli chain to a point mass,
where its risk is the variance of the data), so the limit at fixed n does not tell; the leading order in 1/n does, and
it is the same for every regular model (Dey and Donoho 2024). A sampler that leans leaves a bias that more samples do
not mend: where the bias stays, the ratio grows with n; where the target is the truth, a Gaussian mean that leans as
much tells.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import numpy as np
from sympy import Expr, Rational, S, Symbol, cancel, oo

from numerics import evaluate
from selfgen.ordering import Standing, standings
from selfgen.values import LAST_EXACT, number_at, value_at
from theory import BiasedSampler, DomainError, GaussianMean, NotDerivedError, Regular, Risk, expected_risk
from theory.design import Comparison, Pair
from theory.design import compare as compare_exactly
from theory.design.comparison import CHECKED, CHECKED_SYMBOLS, has_symbols, in_common_unit, ranges_of
from theory.expressions.numerals import real_float
from theory.expressions.signs import sign_of_difference
from theory.models.base import Model
from theory.models.bent import BentModel
from theory.workflows.base import Workflow

# Numbers to stand for parameters that cancel: some of them are in the range of every parameter there is.
_ANY = (S(2), Rational(1, 2), S(10), S(100))


@dataclass(frozen=True)
class Row:
    """One workflow of a comparison; ``ratio`` and ``limit`` and ``growth`` are texts, ``risk`` is what is compared.

    ``place`` is its place by risk at the generation asked for, 1 for the smallest (the largest of a loss of which
    more is better); ``final`` that in the limit. None where it depends on parameters without a value, or is unknown.
    """

    name: str
    risk: Risk
    ratio: str
    limit: str | None
    growth: str | None
    verdict: str
    place: int | None
    final: int | None


@dataclass(frozen=True)
class SideBySide:
    """Workflows compared at one generation and for ever.

    Attributes
    ----------
    rows : one a workflow
    standings : one for every two workflows
    generation : at which places and ratios are told
    remarks : what limits the comparison, a sentence each
    """

    rows: tuple[Row, ...]
    standings: tuple[Standing, ...]
    generation: int
    remarks: tuple[str, ...]

    @property
    def crossings(self) -> list[tuple[int, str, str]]:
        """(generation, who is better from there on, who is worse), in order."""
        return sorted({crossing for standing in self.standings for crossing in standing.crossings})

    @property
    def changes(self) -> list[str]:
        """Every crossing, and up to where there are no others, a sentence each."""
        told = [f"Crossing at G = {g}: from there {first} is better than {then}." for g, first, then in self.crossings]
        told += [
            f"Crossing beyond G = {standing.checked}: in the limit {standing.worse} is better than {standing.better}."
            for standing in self.standings
            if standing.turns_later
        ]
        other = "other " if told else ""
        open_ = [standing.checked for standing in self.standings if not standing.proved]
        if not self.standings or not all(standing.decided for standing in self.standings):
            return [*told, f"Whether there are {other}crossings is not decided."]
        return [*told, f"No {other}crossings" + (f" up to G = {min(open_)}." if open_ else ", at any G: proved.")]

    @property
    def best(self) -> str:
        """Which workflow is nowhere worse than any other, as a sentence."""
        names = [row.name for row in self.rows]
        if not self.standings or not all(standing.decided for standing in self.standings):
            return "Which workflow is best at every G is not decided."
        # In a pair whose order changes, each is worse somewhere.
        worse = {name for standing in self.standings for _, *both in standing.crossings for name in both}
        worse |= {standing.worse for standing in self.standings if standing.since is not None}
        worse |= {standing.better for standing in self.standings if standing.turns_later}
        left = [name for name in names if name not in worse]
        if not left:
            return "No workflow is best at every G."
        told = " and ".join(left)
        mine = [s for s in self.standings if s.better in left or s.worse in left]
        if all(standing.proved for standing in mine):
            return f"Best at every G: {told}."
        return f"Best at every G up to {min(s.checked for s in mine)}, beyond not proved: {told}."


def side_by_side(
    model: Model,
    workflows: Sequence[tuple[str, Workflow]],
    loss: str,
    generation: int,
    others: tuple[Model, str, str] | None = None,
) -> SideBySide:
    """Derive every workflow's risk ratio at ``generation``, its limit and growth, whether it collapses, and the order.

    With ``others``, another model and the names of both, each workflow under each model; told are then the risks
    themselves, as ratios to different first generations are not compared.

    Raises
    ------
    DomainError
        For fewer than two workflows, and as :func:`theory.expected_risk`.
    """
    if len(workflows) < (2 if others is None else 1):
        given = ", ".join(name for name, _ in workflows) or "none"
        raise DomainError(f"workflows = {given} leave nothing to compare: give two workflows or more.")
    names = _told_apart([name for name, _ in workflows])
    than_model = None if others is None else others[0]
    if others is not None:
        names = [f"{name} of {of}" for of in others[1:] for name in names]
    own = compare_exactly([workflow for _, workflow in workflows], model, loss=loss, than_model=than_model)
    compared, remarks = _alike(own, names)
    if CHECKED < generation <= LAST_EXACT and not any(map(has_symbols, in_common_unit(compared.risks)[1])):
        # Crossings on the way to a late generation are part of the answer.
        compared = replace(compared, upto=generation)
    side = -1 if loss in model.gains else 1
    try:
        pairs: Sequence[Pair] = compared.pairs
    except DomainError as error:
        pairs = ()
        remarks.append(f"The order of two workflows is not derived: {error}")
    try:
        final = _final_places(compared, side)
    except NotDerivedError as error:
        final = [None] * len(names)
        remarks.append(f"Places in the limit are not derived: {error}")
    places = _places(compared, pairs, generation, side)
    rows = []
    for index in range(len(names)):
        ratio = own.risks[index].ratio if others is None else own.risks[index]
        limit = ratio.limit
        # Where only the leading order in 1/n is known for all G, that is what is shown, marked ≈.
        ahead, mark = (ratio, "") if limit is not None else (_leading(ratio), "≈ ")
        if ahead.exactness != "exact" and any(risk.exactness == "exact" for risk in own.risks):
            mark = "≈ "
        rows.append(
            Row(
                name=names[index],
                risk=compared.risks[index],
                ratio=(mark if ahead is ratio else "") + _value(ratio, generation),
                limit=None if ahead.limit is None else mark + _short(ahead.limit),
                growth=None if ahead.growth is None else mark + str(ahead.growth),
                verdict={True: "yes", False: "no", None: "unknown"}[_collapses(limit, own.risks[index])],
                place=places[index],
                final=final[index],
            )
        )
    return SideBySide(tuple(rows), standings(compared, pairs, names, side), generation, tuple(remarks))


def _leading(risk: Risk) -> Risk:
    """To leading order in 1/n; itself where that is not derived."""
    try:
        return risk.leading_order
    except NotDerivedError:
        return risk


def _alike(own: Comparison, names: Sequence[str]) -> tuple[Comparison, list[str]]:
    """The comparison of what is compared, and a sentence where that is less than is known of some."""
    rough = [name for name, risk in zip(names, own.risks, strict=True) if risk.exactness != "exact"]
    said = f"Places and order are to leading order in 1/n, all that is known of {' and '.join(rough)}."
    return replace(own, risks=own.compared), [said] if 0 < len(rough) < len(names) else []


def _told_apart(names: Sequence[str]) -> list[str]:
    """Names that occur twice get their number in the list."""
    return [name if list(names).count(name) == 1 else f"{name} (number {i})" for i, name in enumerate(names, start=1)]


def _places(compared: Comparison, pairs: Sequence[Pair], generation: int, side: int) -> list[int | None]:
    """Places by risk at one generation, equal risks sharing one: proved where the order of all pairs is.

    Elsewhere by exact values while they can be had, and by numbers beyond.
    """
    count = len(compared.risks)
    ahead: list[list[int | None]] = [[0] * count for _ in range(count)]
    for pair in pairs:
        sign = _sign_at(pair, generation)
        ahead[pair.first][pair.second] = sign
        ahead[pair.second][pair.first] = None if sign is None else -sign
    if not pairs or any(None in row for row in ahead):
        ahead = _measured_signs(compared.risks, generation)
    return [None if None in row else 1 + row.count(side) for row in ahead]


def _sign_at(pair: Pair, generation: int) -> int | None:
    if generation <= len(pair.signs):
        return pair.signs[generation - 1]
    return pair.settled.sign if pair.settled is not None and generation >= pair.settled.since else None


def _measured_signs(risks: Sequence[Risk], generation: int) -> list[list[int | None]]:
    """Signs of all differences at one generation, None where they depend on parameters without a value."""
    _, measured = in_common_unit(risks)
    symbolic = any(has_symbols(risk) for risk in measured)
    if generation > (CHECKED_SYMBOLS if symbolic else LAST_EXACT):
        if any(risk.free_symbols for risk in risks):
            return [[None] * len(risks)] * len(risks)
        numbers = [number_at(risk, generation) for risk in risks]
        # What agrees to the accuracy of evaluate is a tie.
        return [
            [0 if abs(number - other) <= 1e-11 * abs(number) else (1 if number > other else -1) for other in numbers]
            for number in numbers
        ]
    ranges = ranges_of(risks)
    values = [risk.at(generation) for risk in measured]
    return [[sign_of_difference(value, other, ranges) for other in values] for value in values]


def _final_places(compared: Comparison, side: int) -> list[int | None]:
    """Places by the limits, equal ones and all that diverge sharing one."""
    ranked = compared.in_the_limit
    values = [next(place.place for place in ranked if place.workflow is own) for own in compared.workflows]
    return [1 + sum(side * other < side * value for other in values) for value in values]


def plot_comparison(model: str, compared: SideBySide, path: Path) -> None:
    """Draw the risks up to the generation asked for, their limits, and where their order changes.

    All are in units of the risk at generation 1, of the first workflow where these differ; the parameters must be
    numbers wherever that depends on them.
    """
    from selfgen.figures import Crossed, draw_comparison

    rows, last = compared.rows, max(compared.generation, 2)
    crossings = compared.crossings
    seen = [g for g, *_ in crossings if g <= last]
    grid = np.geomspace(1, last, 60).round().astype(int).tolist()
    generations = sorted({*grid, *seen, *(g - 1 for g in seen)})
    shares = [_share(row, rows[0]) for row in rows]
    ratios, limits = {}, {}
    for row, share in zip(rows, shares, strict=True):
        ratio = row.risk.ratio
        ratios[row.name] = [share * value for value in _values(row.name, ratio, generations)]
        if not np.isfinite(ratios[row.name]).all():
            raise DomainError(f"--plot cannot draw {row.name}: its ratio overflows before --generation {last}.")
        limit = ratio.limit
        settled = limit is not None and limit.is_number and limit.is_finite
        limits[row.name] = share * real_float(limit) if settled else None
    told = [
        Crossed(g, ratios[better][generations.index(g)] if g <= last else None, better, worse)
        for g, better, worse in crossings
    ]
    unit = "" if all(share == 1 for share in shares) else f", {rows[0].name}"
    draw_comparison(model.replace("-", " "), generations, ratios, limits, path, told, compared.best, unit)


def _share(row: Row, first: Row) -> float:
    """Risk at generation 1 in units of the first workflow's."""
    quotient = cancel(row.risk.baseline / first.risk.baseline)
    if quotient.free_symbols:
        left = ", ".join(sorted(map(str, quotient.free_symbols)))
        raise DomainError(f"--plot needs numbers: risks at generation 1 differ by {quotient}; --set {left}.")
    return float(quotient)


def _value(ratio: Risk, generation: int) -> str:
    """The ratio at one generation: a number, or the closed form where it depends on symbols."""
    known = _without_cancelled(ratio)
    if not known.free_symbols:
        return f"{number_at(known, generation):.6g}"
    if known.closed_form is not None:
        return str(value_at(known, generation))
    leading = _without_cancelled(_leading(ratio))
    symbols = ", ".join(sorted(map(str, _symbols(ratio))))
    return f"depends on {symbols}" if leading.free_symbols else f"≈ {number_at(leading, generation):.6g}"


def _values(name: str, ratio: Risk, generations: Sequence[int]) -> list[float]:
    known = _without_cancelled(ratio)
    if known.free_symbols:
        symbols = ", ".join(sorted(map(str, known.free_symbols)))
        raise DomainError(f"--plot needs numbers: the ratio under {name} depends on {symbols}; --set them.")
    return [float(value) for value in evaluate(known, generations)]


def _symbols(ratio: Risk) -> set[Symbol]:
    """The parameters without a value on which the ratio depends."""
    return ratio.at(2).free_symbols | ratio.at(3).free_symbols


def _without_cancelled(ratio: Risk) -> Risk:
    """The same ratio with numbers for the parameters that cancel from it: any, since they do."""
    cancelled = sorted(ratio.free_symbols - _symbols(ratio), key=str) if ratio.free_symbols else []
    for numbers in product(_ANY, repeat=len(cancelled)) if cancelled else ():
        try:
            found: Risk = ratio.subs(dict(zip(cancelled, numbers, strict=True)))
            same = all((found.at(g) - ratio.at(g)).equals(S.Zero) for g in (2, 3))
        except DomainError:
            # Outside the range of a parameter, or where there is no ratio.
            continue
        if same:
            return found
    return ratio


def _collapses(limit: Expr | None, risk: Risk) -> bool | None:
    if limit == oo:
        return True
    universal = _of_leaning(risk) if _leans(risk.model) else expected_risk(Regular(), risk.workflow).limit
    return None if universal is None else bool(universal == oo)


def _leans(model: Model) -> bool:
    return isinstance(model, BentModel) and model.bend.fidelity != 1


def _of_leaning(risk: Risk) -> Expr | None:
    """Limit of the ratio as n grows and then G; None where it is not known."""
    assert isinstance(risk.model, BentModel)
    try:
        bias = risk.bias.limit if risk.part == "risk" and risk.loss == "squared" else None
        if bias != 0:
            return oo if bias is not None else None
        bend, spread = risk.model.bend, GaussianMean(sigma2=1, n=1)  # type: ignore[arg-type]
        centred = BiasedSampler(spread, bend.fidelity, S.Zero, bend.dispersion)
        return expected_risk(centred, risk.workflow).ratio.limit
    except NotDerivedError:
        return None


def _short(limit: Expr) -> str:
    text = str(limit)
    told = limit.is_number and limit.is_finite and not limit.is_Integer
    return f"{text} = {real_float(limit):.6g}…" if told else text
