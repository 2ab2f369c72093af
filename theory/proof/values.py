r"""Steps about the value of a risk: its closed form, limit, growth and expansion.

Two ways to a closed form. If the moments of the recurrence were solved one by one, they are the candidate, and the
recurrence is verified by substitution. If its coefficients do not depend on g, the risk satisfies
:math:`q(E)\,y = 0`, E the shift and q = (x − 1) det(xI − P); a closed form that satisfies it too and agrees at
deg q generations is the risk.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sympy import Add, Dummy, Eq, Expr, Matrix, Piecewise, Poly, S, Sum, gamma, harmonic, oo, polygamma, sympify
from sympy.polys.matrices import DomainMatrix

from theory.errors import NotDerivedError
from theory.expressions.fraction_field import NotRational, in_lowest_terms
from theory.expressions.rational_functions import RationalFunctions
from theory.expressions.symbols import G
from theory.moments.recurrence import MomentRecurrence
from theory.proof.draft import Draft, named, reduced
from theory.proof.texts import anchored, anchored_limit, root_sums, text
from theory.risk import Risk
from theory.solver.system import solve_moments
from theory.workflows.dynamics import GENERATION


def value(draft: Draft, index: int) -> None:
    """The closed form, by substitution or by an annihilator."""
    risk = draft.risks[index]
    closed, recurrence = risk._formula, reduced(risk)
    if closed is None or closed.has(oo):
        raise NotDerivedError(f"no certificate was found: {named(risk)} has no closed form, its recurrence alone.")
    branches = (
        [(part, condition) for part, condition in closed.args] if isinstance(closed, Piecewise) else [(closed, S.true)]
    )
    early: list[Expr] = []
    while branches and branches[0][1] == _at(len(early) + 1):
        early.append(branches.pop(0)[0])
    if recurrence.start.is_Integer if isinstance(recurrence.start, Expr) else True:
        # One formula for all generations holds at those before the recursion too.
        early += [branches[0][0].subs(G, g) for g in range(len(early) + 1, int(recurrence.start) - 1)]
    constant = not any(item.has(GENERATION) for item in (recurrence.matrix, recurrence.forcing, recurrence.readout))
    if constant and recurrence.continuation is None and not recurrence.shift.has(GENERATION):
        draft.attempt([_annihilator(index, recurrence, branches, early)])
        return
    moments = solve_moments(recurrence) or _read_back(risk, recurrence)
    if moments is None:
        raise NotDerivedError(f"no certificate was found: the moments of {named(risk)} were not solved.")
    values = [part for part, _ in branches]
    draft.attempt(_solutions(index, recurrence, moments, values, early))


def _solutions(
    index: int, recurrence: MomentRecurrence, moments: list[list[Expr]], values: list[Expr], early: list[Expr]
) -> Iterator[dict[str, Any]]:
    """The closed form as it is; or with its constants written through the functions that they are values of."""
    step = {"rule": "solution", "sequence": index, "early": [text(part) for part in early]}
    as_text = {
        "moments": [[text(moment) for moment in regime] for regime in moments],
        "value": [text(part) for part in values],
    }
    yield step | as_text
    if len(values) > 1:
        return
    origin = sympify(recurrence.start) - 1
    yield step | {
        "moments": [[anchored(*pair) for pair in _starts(moments[0], recurrence, origin)]],
        "value": [anchored(values[0], origin, _first(recurrence))],
    }


def _starts(moments: list[Expr], recurrence: MomentRecurrence, origin: Expr) -> Iterator[tuple[Expr, Expr, Expr]]:
    for moment, start in zip(moments, recurrence.initial, strict=True):
        yield moment, origin, start


def _read_back(risk: Risk, recurrence: MomentRecurrence) -> list[list[Expr]] | None:
    """The one moment of a recurrence, from a closed form that was derived otherwise."""
    known = risk._solution.closed_form
    if (
        known is None
        or recurrence.matrix.rows != 1
        or recurrence.continuation is not None
        or isinstance(known, Piecewise)
    ):
        return None
    shift, readout = (item.subs(GENERATION, G) for item in (recurrence.shift, recurrence.readout[0]))
    return [[(known - shift) / readout]]


def _at(generation: int) -> Any:
    return Eq(G, generation)


def _annihilator(index: int, recurrence: MomentRecurrence, branches: list[Any], early: list[Expr]) -> dict[str, Any]:
    ((value, _),) = branches
    plain, roots = root_sums(value, len(early) + 1)
    return {
        "rule": "annihilator",
        "sequence": index,
        "annihilator": [text(c) for c in _characteristic(recurrence.matrix)],
        "value": [text(plain)],
        "early": [text(part) for part in early],
        "roots": [
            {"polynomial": [text(c) for c in monic], "summand": [text(c) for c in summand]} for monic, summand in roots
        ],
    }


def _characteristic(matrix: Matrix) -> list[Expr]:
    """Coefficients of (x − 1) det(xI − P) in lowest terms, that of 1 first."""
    try:
        field = RationalFunctions(matrix.free_symbols)
        entries = [[field(entry) for entry in matrix.row(row)] for row in range(matrix.rows)]
    except NotRational:
        x, over = Dummy("x"), DomainMatrix.from_Matrix(matrix).to_field()
        q = Poly([over.domain.to_sympy(c) for c in over.charpoly()], x) * Poly(x - 1, x)
        return [in_lowest_terms(c) for c in reversed(q.all_coeffs())]
    one, places = field(S.One), range(matrix.rows)
    # Faddeev and LeVerrier: M ← P M + c I, c = −tr(P M)/k.
    found, product = [one], [[one if row == column else one * 0 for column in places] for row in places]
    for k in range(1, matrix.rows + 1):
        moved = [[sum((entries[i][m] * product[m][j] for m in places), one * 0) for j in places] for i in places]
        found.append(sum((moved[i][i] for i in places), one * 0) / -k)
        product = [[moved[i][j] + found[-1] if i == j else moved[i][j] for j in places] for i in places]
    raised = zip([*found, one * 0], [one * 0, *found], strict=True)
    return [field.expression(c - before) for c, before in reversed([*raised])]


def limit(draft: Draft, index: int) -> str:
    """The limit as the certificate writes it."""
    value = draft.risks[index].limit
    if value is None or isinstance(value, Piecewise) or _is_infinite(value):
        what = named(draft.risks[index])
        if isinstance(value, Piecewise):
            raise NotDerivedError(f"no certificate was found: the limit of {what} is by cases: give numbers.")
        if value is None:
            raise NotDerivedError(f"no certificate was found: the limit of {what} is not known.")
        raise NotDerivedError(f"no certificate was found: {what} grows for ever: prove its growth instead.")
    candidates = (
        {"rule": "limit", "sequence": index, "limit": written} for written in written_limits(draft.risks[index])
    )
    return str(draft.attempt(candidates)["limit"])


def _is_infinite(value: Expr) -> bool:
    """Whether it holds an infinity, other than as the end of a series."""
    return bool(value.xreplace({series: Dummy() for series in value.atoms(Sum)}).has(oo))


def written_limits(risk: Risk) -> Iterator[str]:
    """The limit as it is; or with its constants written through the function that they are values of."""
    yield text(risk.limit)
    recurrence, closed = reduced(risk), risk._formula
    if closed is None or recurrence.continuation is not None or isinstance(closed, Piecewise):
        return
    if closed.has(gamma):
        # Where numbers replaced symbols, sin πz is an algebraic number that the checker may not know: Γ says the same.
        constant, moving = closed.expand(func=False).as_independent(G, as_Add=True)
        yield text(constant + moving.as_independent(G, as_Add=False)[0])
    if closed.has(polygamma, harmonic):
        yield anchored_limit(closed, sympify(recurrence.start) - 1, _first(recurrence), risk.limit)


def _first(recurrence: MomentRecurrence) -> Expr:
    """The risk that the recurrence starts from."""
    value = recurrence.offset + recurrence.scale * ((recurrence.readout * recurrence.initial)[0] + recurrence.shift)
    return value.subs(GENERATION, sympify(recurrence.start) - 1)


def growth(draft: Draft, index: int) -> None:
    """Add the step that the risk is asymptotic to its growth; NotDerivedError when it has none to prove."""
    value = draft.risks[index].growth
    if value is None or isinstance(value, Piecewise) or not value.has(G):
        what = "not known" if value is None else f"{value}: it does not diverge, or does so by cases"
        raise NotDerivedError(f"no certificate was found: the growth of {named(draft.risks[index])} is {what}.")
    shape = {"shape": "decay"} if draft.risks[index].limit == 0 else {}
    draft.attempt([{"rule": "growth", "sequence": index, "growth": text(value), **shape}])


def remainder(draft: Draft, index: int, terms: int) -> None:
    """|value − expansion| ≤ a multiple of what comes next, from some generation on."""
    risk = draft.risks[index]
    expansion, bounds = _expanded(risk, terms)
    earliest = draft.facts("closed form", index)["value", index]["since"]
    if earliest is None:
        raise NotDerivedError(f"no certificate was found: parameters decide when {named(risk)} takes its last value.")
    # Gamma functions have rational factors from one generation to the next, not rational differences.
    closed = risk._formula
    assert closed is not None
    aside = closed.expand(func=False).as_independent(G, as_Add=True)[0] if closed.has(gamma) else None
    draft.attempt(
        {
            "rule": "remainder",
            "sequence": index,
            "expansion": text(expansion) if last == text(risk.limit) else f"{last} + {text(expansion - risk.limit)}",
            "bound": text(way * bound),
            "since": since,
        }
        | ({} if aside is None else {"constant": text(aside)})
        for last in written_limits(risk)
        for bound in bounds
        for since in (earliest, earliest + 1, earliest + 3, earliest + 7)
        for way in (1, -1)
    )


def _expanded(risk: Risk, terms: int) -> tuple[Expr, list[Expr]]:
    """An expansion that leaves something, and what may bound that: multiples of the next term, or all of it."""
    closed = risk._formula
    last = closed.args[-1][0] if isinstance(closed, Piecewise) else closed
    for count in range(terms, -1, -1):
        expansion = risk.expansion(count) if count else risk.limit
        longer = risk.expansion(count + 1)
        if expansion is None or longer is None or expansion.has(oo):
            raise NotDerivedError(f"no certificate was found: {named(risk)} has no expansion in powers of G.")
        rest = (last - expansion).expand(func=False, power_base=False, power_exp=False)
        if in_lowest_terms(rest) != 0:
            following = in_lowest_terms(longer - expansion) if count else S.Zero
            bounds = [k * following for k in (S.One, S(3) / 2, S(2), S(4)) if following != 0] or [rest]
            return expansion, bounds + _unsigned(rest)
    raise NotDerivedError(f"no certificate was found: {named(risk)} is constant, so nothing remains.")


def _unsigned(rest: Expr) -> list[Expr]:
    """Σ |c| q^G for a sum of terms c q^G with numbers c and q."""
    parts = [part.as_independent(G, as_Add=False) for part in Add.make_args(rest)]
    geometric = all(c.is_number and moving.is_Pow and moving.base.is_number for c, moving in parts)
    return [Add(*(abs(c) * moving for c, moving in parts))] if geometric else []
