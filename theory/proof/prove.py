r"""Finding certificates: SymPy proposes closed forms, invariant forms and bounds; the checker alone decides.

Two ways to a closed form. If the moments of the recurrence were solved one by one, they are the candidate, and the
recurrence is verified by substitution. If its coefficients do not depend on g, the risk satisfies
:math:`q(E)\,y = 0`, E the shift and q = (x − 1) det(xI − P); a closed form that satisfies it too and agrees at
deg q generations is the risk.

Order and monotonicity come from *invariant forms*: linear forms in the moments, not negative at the start, each at g
a nonnegative combination of those at g − 1. Candidates are the moments themselves, their distance from a fixed point,
their increments, and the difference of two risks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice, product
from typing import Any

from flint import ctx
from sympy import (
    Add,
    Dummy,
    Eq,
    Expr,
    Matrix,
    Piecewise,
    Poly,
    S,
    Symbol,
    cancel,
    default_sort_key,
    eye,
    fraction,
    gamma,
    harmonic,
    oo,
    polygamma,
    sympify,
)
from sympy.polys.matrices import DomainMatrix

from theory.dynamics import GENERATION
from theory.errors import NotDerivedError
from theory.positivity import covering
from theory.proof.algebra import CertificateError
from theory.proof.certificate import Certificate
from theory.proof.check import Checker, check
from theory.proof.claims import (
    Claim,
    ClosedForm,
    Growth,
    LeastBound,
    Limit,
    LowerLimit,
    Monotone,
    NeverWorse,
    Remainder,
)
from theory.proof.texts import anchored, anchored_limit, name, root_sums, text
from theory.recurrence import MomentRecurrence
from theory.risk import Risk
from theory.solver.system import reachable, solve_moments
from theory.symbols import G

#: How a step is asked for once it is established.
_STATEMENTS = {"solution": "closed form", "annihilator": "closed form"}


def prove(claim: Claim | Risk) -> Certificate:
    """Find a certificate for a claim; a risk stands for the claim that its closed form is right.

    Returns
    -------
    Certificate
        One that :func:`theory.proof.check` has accepted.

    Raises
    ------
    NotDerivedError
        When no proof is found: the claim may still be true.

    Examples
    --------
    >>> from theory import Accumulate, Replace, Regular, expected_risk
    >>> from theory.proof import NeverWorse, check, prove
    >>> better, worse = (expected_risk(Regular(), workflow).ratio for workflow in (Accumulate(), Replace()))
    >>> check(prove(NeverWorse(better, worse)))
    True
    """
    claim = ClosedForm(claim) if isinstance(claim, Risk) else claim
    draft = _Draft(claim.risks)
    found = _PROOFS[type(claim)](draft, claim)
    sequences = list(range(len(claim.risks)))
    return draft.finished({"statement": claim.statement, "sequences": sequences, **found})


class _Draft:
    """A certificate in the making: the checker is asked after every step."""

    def __init__(self, risks: tuple[Risk, ...]) -> None:
        self.risks = risks
        self.data: dict[str, Any] = {
            "format": "selfgen certificate",
            "version": 1,
            "claim": {},
            "about": [_about(risk) for risk in risks],
            **_ranges(risks),
            "sequences": [_sequence(risk) for risk in risks],
            "steps": [],
            "witnesses": [],
        }

    def attempt(self, candidates: Iterable[dict[str, Any]]) -> dict[str, Any]:
        """Add the first step that the checker accepts."""
        reason = "no candidate was found"
        for step in candidates:
            sequences = step.get("sequences", [step.get("sequence")])
            statement = _STATEMENTS.get(step["rule"], step.get("shape", step["rule"]))
            try:
                self.checked([*self.data["steps"], step], {"statement": statement, "sequences": sequences})
            except CertificateError as error:
                reason = str(error)
                continue
            self.data["steps"].append(step)
            return step
        raise NotDerivedError(f"no certificate was found: {_short(reason)}")

    def checked(self, steps: list[dict[str, Any]], claim: dict[str, Any]) -> Checker:
        checker = Checker({**self.data, "steps": steps, "claim": claim})
        with ctx.workprec(256):
            checker.run(complete=False)
        return checker

    def facts(self, statement: str, *sequences: int) -> dict[tuple[Any, ...], Any]:
        """What the steps so far establish, that among it."""
        return self.checked(self.data["steps"], {"statement": statement, "sequences": list(sequences)}).facts

    def finished(self, claim: dict[str, Any]) -> Certificate:
        """The certificate with the ranges that are needed, and the witnesses."""
        try:
            checker = self.checked(self.data["steps"], claim)
            self.data |= {
                "claim": claim,
                "parameters": {key: over for key, over in self.data["parameters"].items() if key in checker.used},
                "positive": [key for key in self.data["positive"] if key in checker.used],
                "witnesses": checker.witnesses,
            }
            check(self.data)
        except CertificateError as error:
            raise NotDerivedError(f"no certificate was found: {_short(str(error))}") from None
        return Certificate(self.data)


def _short(reason: str) -> str:
    """A sentence that fits a few lines, whatever polynomial it names."""
    return reason if len(reason) <= 300 else f"{reason[:200]} … {reason[-80:]}"


# -- what a certificate says about a risk ----------------------------------------------------------------------


def _about(risk: Risk) -> dict[str, str]:
    return {
        "model": ", ".join([risk.model.name, *(x for x in risk.model.parameters.values() if isinstance(x, str))]),
        "workflow": risk.workflow.name,
        "loss": risk.loss,
        "quantity": "ratio" if risk.relative else "risk",
        "exactness": risk.exactness,
    }


def _ranges(risks: tuple[Risk, ...]) -> dict[str, Any]:
    """Parameters in variables t1, t2, … over [0, ∞), and which of these are positive."""
    found: dict[Symbol, Expr] = {}
    for risk in risks:
        found |= covering(Add(*risk.free_symbols), risk._ranges)
        # What is positive by its very assumptions, such as the σ of σ².
        alone = {symbol for symbol in risk.free_symbols - set(found) if symbol.is_positive}
        found |= {symbol: Dummy("t", nonnegative=True) for symbol in sorted(alone, key=name)}
    parameters: dict[str, str] = {}
    positive: list[str] = []
    renamed: dict[Symbol, Symbol] = {}
    # The same names in every run: dummies have none of their own to go by.
    for symbol in sorted(found, key=lambda item: (len(found[item].free_symbols), name(item))):
        for variable in sorted(found[symbol].free_symbols - set(renamed), key=default_sort_key):
            renamed[variable] = Symbol(f"t{len(renamed) + 1}")
        parameters[name(symbol)] = text(found[symbol].subs(renamed))
        alone = found[symbol].free_symbols
        if symbol.is_positive and len(alone) == 1 and found[symbol].subs(min(alone, key=str), 0) == 0:
            positive.append(str(renamed[min(alone, key=str)]))
    return {"parameters": parameters, "positive": positive}


def _sequence(risk: Risk) -> dict[str, Any]:
    recurrence = reduced(risk)
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
    recurrence = risk.recurrence.as_moments()
    if recurrence is None:
        raise NotDerivedError(
            f"no certificate was found: the {risk.loss} of {risk.model.name} under {risk.workflow.name} is not given "
            "by a moment recurrence."
        )
    if recurrence.continuation is not None:
        return recurrence
    fed = _fed(recurrence)
    needed = [index for index in reachable(recurrence) if index in fed]
    return recurrence.changed(
        matrix=recurrence.matrix.extract(needed, needed),
        forcing=recurrence.forcing.extract(needed, [0]),
        readout=recurrence.readout.extract([0], needed),
        initial=recurrence.initial.extract(needed, [0]),
    )


def _fed(recurrence: MomentRecurrence) -> set[int]:
    """Moments that ever differ from zero, as far as the pattern of the coefficients tells."""
    size = recurrence.matrix.rows
    found = {row for row in range(size) if recurrence.initial[row] != 0 or recurrence.forcing[row] != 0}
    while True:
        more = {row for row in range(size) if any(recurrence.matrix[row, col] != 0 for col in found)}
        if more <= found:
            return found
        found |= more


# -- steps -----------------------------------------------------------------------------------------------------


def _value(draft: _Draft, index: int) -> None:
    """The closed form, by substitution or by an annihilator."""
    risk = draft.risks[index]
    closed, recurrence = risk.closed_form, reduced(risk)
    if closed is None or closed.has(oo):
        raise NotDerivedError(f"no certificate was found: {risk} is known by its recurrence alone.")
    branches = (
        [(part, condition) for part, condition in closed.args] if isinstance(closed, Piecewise) else [(closed, S.true)]
    )
    early: list[Expr] = []
    while branches and branches[0][1] == _at(len(early) + 1):
        early.append(branches.pop(0)[0])
    constant = not any(item.has(GENERATION) for item in (recurrence.matrix, recurrence.forcing, recurrence.readout))
    if constant and recurrence.continuation is None and not recurrence.shift.has(GENERATION):
        draft.attempt([_annihilator(index, recurrence, branches, early)])
        return
    moments = solve_moments(recurrence) or _read_back(risk, recurrence)
    if moments is None:
        raise NotDerivedError(f"no certificate was found: the moments of {risk} were not solved.")
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
    x = Dummy("x")
    matrix = DomainMatrix.from_Matrix(recurrence.matrix).to_field()
    characteristic = Poly([matrix.domain.to_sympy(c) for c in matrix.charpoly()], x)
    q = characteristic * Poly(x - 1, x)
    ((value, _),) = branches
    plain, roots = root_sums(value, len(early) + 1)
    return {
        "rule": "annihilator",
        "sequence": index,
        "annihilator": [text(cancel(c)) for c in reversed(q.all_coeffs())],
        "value": [text(plain)],
        "early": [text(part) for part in early],
        "roots": [
            {"polynomial": [text(c) for c in monic], "summand": [text(c) for c in summand]} for monic, summand in roots
        ],
    }


def _limit(draft: _Draft, index: int) -> str:
    """The limit as the certificate writes it."""
    value = draft.risks[index].limit
    if value is None or isinstance(value, Piecewise) or value.has(oo):
        what = "by cases: give numbers" if isinstance(value, Piecewise) else f"{value}: no finite limit was derived"
        raise NotDerivedError(f"no certificate was found: the limit of {draft.risks[index]} is {what}.")
    candidates = ({"rule": "limit", "sequence": index, "limit": written} for written in _limits(draft.risks[index]))
    return str(draft.attempt(candidates)["limit"])


def _limits(risk: Risk) -> Iterator[str]:
    """The limit as it is; or with its constants written through the function that they are values of."""
    yield text(risk.limit)
    recurrence, closed = reduced(risk), risk.closed_form
    if closed is not None and closed.has(polygamma, harmonic) and recurrence.continuation is None and not isinstance(closed, Piecewise):
        yield anchored_limit(closed, sympify(recurrence.start) - 1, _first(recurrence), risk.limit)


def _first(recurrence: MomentRecurrence) -> Expr:
    """The risk that the recurrence starts from."""
    value = recurrence.offset + recurrence.scale * ((recurrence.readout * recurrence.initial)[0] + recurrence.shift)
    return value.subs(GENERATION, sympify(recurrence.start) - 1)


def _growth(draft: _Draft, index: int) -> None:
    value = draft.risks[index].growth
    if value is None or isinstance(value, Piecewise) or not value.has(G):
        raise NotDerivedError(f"no certificate was found: the growth of {draft.risks[index]} is {value}.")
    draft.attempt([{"rule": "growth", "sequence": index, "growth": text(value)}])


def _remainder(draft: _Draft, index: int, terms: int) -> None:
    """|value − expansion| ≤ a multiple of what comes next, from some generation on."""
    risk = draft.risks[index]
    expansion, bounds = _expanded(risk, terms)
    earliest = draft.facts("closed form", index)["value", index]["since"]
    if earliest is None:
        raise NotDerivedError(f"no certificate was found: parameters decide when {risk} takes its last value.")
    # Gamma functions have rational factors from one generation to the next, not rational differences.
    closed = risk.closed_form
    assert closed is not None
    aside = closed.expand(func=False).as_independent(G, as_Add=True)[0] if closed.has(gamma) else None
    draft.attempt(
        {
            "rule": "remainder",
            "sequence": index,
            "expansion": text(expansion) if limit == text(risk.limit) else f"{limit} + {text(expansion - risk.limit)}",
            "bound": text(way * bound),
            "since": since,
        }
        | ({} if aside is None else {"constant": text(aside)})
        for limit in _limits(risk)
        for bound in bounds
        for since in (earliest, earliest + 1, earliest + 3, earliest + 7)
        for way in (1, -1)
    )


def _expanded(risk: Risk, terms: int) -> tuple[Expr, list[Expr]]:
    """An expansion that leaves something, and what may bound that: multiples of the next term, or all of it."""
    closed = risk.closed_form
    last = closed.args[-1][0] if isinstance(closed, Piecewise) else closed
    for count in range(terms, -1, -1):
        expansion = risk.expansion(count) if count else risk.limit
        longer = risk.expansion(count + 1)
        if expansion is None or longer is None or expansion.has(oo):
            raise NotDerivedError(f"no certificate was found: {risk} has no expansion in powers of G.")
        rest = (last - expansion).expand(func=False, power_base=False, power_exp=False)
        if cancel(rest) != 0:
            following = cancel(longer - expansion) if count else S.Zero
            bounds = [k * following for k in (S.One, S(3) / 2, S(2), S(4)) if following != 0] or [rest]
            return expansion, bounds + _unsigned(rest)
    raise NotDerivedError(f"no certificate was found: {risk} is constant, so nothing remains.")


def _unsigned(rest: Expr) -> list[Expr]:
    """Σ |c| q^G for a sum of terms c q^G with numbers c and q."""
    parts = [part.as_independent(G, as_Add=False) for part in Add.make_args(rest)]
    geometric = all(c.is_number and moving.is_Pow and moving.base.is_number for c, moving in parts)
    return [Add(*(abs(c) * moving for c, moving in parts))] if geometric else []


def _monotone(draft: _Draft, index: int) -> str:
    """Which way the risk goes."""
    return str(draft.attempt(_rising(draft.risks[index], index))["shape"])


def _rising(risk: Risk, index: int) -> Iterator[dict[str, Any]]:
    recurrence = reduced(risk)
    g = GENERATION
    if not sympify(recurrence.start).is_Integer or recurrence.continuation is not None:
        raise NotDerivedError(f"no certificate was found: {risk} changes regime.")
    P, f, h, c = recurrence.matrix, recurrence.forcing, recurrence.readout, recurrence.shift
    size, scale = P.rows, recurrence.scale
    before = {g: g - 1}
    # The step of the risk is row · m_(g−1) + constant.
    row, constant = scale * (h * P - h.subs(before)), scale * ((h * f)[0] + c - c.subs(before))

    def cone(shape: str, since: int, *form: Any) -> dict[str, Any]:
        return _cone(shape, {index: recurrence}, since, *form)

    none, first = Matrix.zeros(0, 0), max(int(recurrence.start), 2)
    # A coefficient may be 0/0 at the first generation and the least n.
    ways = (("increasing", 1), ("decreasing", -1))
    for since, shape, way in ((since, *pair) for since in (first, first + 1) for pair in ways):
        if row.is_zero_matrix:
            empty = Matrix.zeros(0, size + 1), none, Matrix.zeros(0, 1), Matrix.zeros(1, 0)
            yield cone(shape, since, *empty, way * constant)
        forms = eye(size).row_join(Matrix.zeros(size, 1))
        yield cone(shape, since, forms, P, f, way * row, way * constant)
        if size == 1 and P[0] != 1:
            above, below = fraction(cancel(f[0] / (1 - P[0])))
            if not any(item.has(g) for item in (above, below, h, c)):
                for side in (1, -1):
                    # The distance from the fixed point above/below, times the latter, which may vanish.
                    forms = side * Matrix([[below, -above]])
                    weights = Matrix([[way * side * scale * h[0] * (P[0] - 1) / below]])
                    yield cone(shape, since, forms, P, Matrix([0]), weights, S.Zero)
        if not any(item.has(g) for item in (P, f, h, c)):
            for side in (1, -1):
                forms = side * (P - eye(size)).row_join(f)
                yield cone(shape, since, forms, P, Matrix.zeros(size, 1), way * side * scale * h, S.Zero)


def _cone(
    shape: str,
    about: dict[int, MomentRecurrence],
    since: int,
    forms: Matrix,
    multipliers: Matrix,
    rests: Matrix,
    weights: Matrix,
    rest: Expr,
) -> dict[str, Any]:
    def written(table: Matrix) -> list[list[str]]:
        return [[text(cancel(entry)) for entry in table.row(index)] for index in range(table.rows)]

    return {
        "rule": "cone",
        "shape": shape,
        "sequences": list(about),
        "since": since,
        "risks": [[text(risk) for risk in islice(item.values(), since + 1)] for item in about.values()],
        "forms": written(forms),
        "multipliers": written(multipliers),
        "rests": [text(cancel(entry)) for entry in rests],
        "weights": [text(cancel(entry)) for entry in weights],
        "rest": text(cancel(rest)),
    }


def _ordered(draft: _Draft) -> None:
    """The first risk stays below the second: their difference, and the moments of one of them, stay nonnegative."""
    low, high = (reduced(risk) for risk in draft.risks)
    starts = [sympify(item.start) for item in (low, high)]
    if not all(start.is_Integer for start in starts) or low.continuation or high.continuation:
        raise NotDerivedError("no certificate was found: a sequence changes regime.")
    since = max(*map(int, starts), 1)
    draft.attempt(_differences(low, high, since))


def _differences(low: MomentRecurrence, high: MomentRecurrence, since: int) -> Iterator[dict[str, Any]]:
    """Forms in the moments (a, b) of both: the difference of the risks, and those of a, of b, or their increments."""
    g = GENERATION
    sizes = low.matrix.rows, high.matrix.rows
    step = Matrix.diag(low.matrix, high.matrix)
    pushed = low.forcing.col_join(high.forcing)
    row = (-low.scale * low.readout).row_join(high.scale * high.readout)
    constant = high.offset + high.scale * high.shift - low.offset - low.scale * low.shift
    total, before = sum(sizes), {g: g - 1}
    # The difference is kept at a rate λ; what is left of its step must come from the forms of the moments.
    rates = [S.One, *(item.matrix[0] for item in (high, low) if item.matrix.rows == 1)]
    sides = [_sides(item) for item in (low, high)]
    for rate, one, two in product(dict.fromkeys(rates), *sides):
        side, centre = Matrix.diag(one[0], two[0]), one[1].col_join(two[1])
        left = row * step - rate * row.subs(before)
        rest = (row * pushed)[0] + constant - rate * constant.subs(before) + (left * centre)[0]
        forms = row.row_join(Matrix([[constant]])).col_join(side.row_join(-side * centre))
        top = Matrix([[rate]]).row_join(left * side)
        multipliers = top.col_join(Matrix.zeros(total, 1).row_join(side * step * side))
        rests = Matrix([rest]).col_join(side * (pushed + step * centre - centre))
        yield _cone(
            "never above", {0: low, 1: high}, since, forms, multipliers, rests, Matrix([[1, *[0] * total]]), S.Zero
        )


def _sides(recurrence: MomentRecurrence) -> list[tuple[Matrix, Matrix]]:
    """Forms of the moments that may stay nonnegative: m itself, or the distance of one moment from a fixed point."""
    size = recurrence.matrix.rows
    found = [(eye(size), Matrix.zeros(size, 1))]
    if size == 1 and recurrence.matrix[0] != 1:
        fixed = cancel(recurrence.forcing[0] / (1 - recurrence.matrix[0]))
        found += [] if fixed.has(GENERATION) else [(Matrix([[side]]), Matrix([fixed])) for side in (-1, 1)]
    return found


def _never_above(draft: _Draft) -> dict[str, Any]:
    """Step by step; or past a generation at which the second exceeds all that the first will ever reach."""
    claim: dict[str, Any] = {"statement": "never above", "sequences": [0, 1]}
    try:
        _ordered(draft)
        return claim
    except NotDerivedError as error:
        refusal = error
    try:
        for index in (0, 1):
            if _monotone(draft, index) != "increasing":
                raise refusal
        _value(draft, 0)
        _limit(draft, 0)
    except NotDerivedError:
        raise refusal from None
    for since in range(1, LATEST + 1):
        try:
            draft.checked(draft.data["steps"], {**claim, "since": since})
            return {**claim, "since": since}
        except CertificateError:
            continue
    raise refusal


#: Generations tried for one risk to pass the limit of another.
LATEST = 60


# -- claims ----------------------------------------------------------------------------------------------------


def _prove_closed_form(draft: _Draft, claim: Claim) -> dict[str, Any]:
    _value(draft, 0)
    return {}


def _prove_limit(draft: _Draft, claim: Claim) -> dict[str, Any]:
    _value(draft, 0)
    _limit(draft, 0)
    return {}


def _prove_growth(draft: _Draft, claim: Claim) -> dict[str, Any]:
    _value(draft, 0)
    _growth(draft, 0)
    return {}


def _prove_monotone(draft: _Draft, claim: Claim) -> dict[str, Any]:
    return {"statement": _monotone(draft, 0)}


def _prove_least_bound(draft: _Draft, claim: Claim) -> dict[str, Any]:
    if _monotone(draft, 0) == "decreasing":
        return {"bound": text(claim.risk.baseline)}
    _value(draft, 0)
    return {"bound": _limit(draft, 0)}


def _prove_remainder(draft: _Draft, claim: Claim) -> dict[str, Any]:
    assert isinstance(claim, Remainder)
    _value(draft, 0)
    _remainder(draft, 0, claim.terms)
    return {}


def _prove_never_worse(draft: _Draft, claim: Claim) -> dict[str, Any]:
    return _never_above(draft)


def _prove_lower_limit(draft: _Draft, claim: Claim) -> dict[str, Any]:
    for index in (0, 1):
        _value(draft, index)
        _limit(draft, index)
    return {}


_PROOFS: dict[type[Claim], Callable[[_Draft, Claim], dict[str, Any]]] = {
    ClosedForm: _prove_closed_form,
    Limit: _prove_limit,
    Growth: _prove_growth,
    Monotone: _prove_monotone,
    LeastBound: _prove_least_bound,
    Remainder: _prove_remainder,
    NeverWorse: _prove_never_worse,
    LowerLimit: _prove_lower_limit,
}
