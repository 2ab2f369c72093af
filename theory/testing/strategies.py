"""Hypothesis strategies that draw what the registry lists, each parameter by its role."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sympy import Expr, Integer, Rational, Symbol

from theory.errors import DomainError
from theory.expected import expected_risk
from theory.expressions.symbols import j, l
from theory.models.base import Model
from theory.registry import EVERY_MODEL, MODELS, WORKFLOWS, example, is_required, settings
from theory.risk import Risk
from theory.workflows.base import Workflow
from theory.workflows.ecosystem import Ecosystem
from theory.workflows.weighted import Weighted

try:
    from hypothesis import reject
    from hypothesis import strategies as st
except ImportError:  # pragma: no cover - exercised in a subprocess without Hypothesis
    st = None  # type: ignore[assignment]


def _hypothesis() -> Any:
    if st is None:
        raise ImportError("theory.testing's strategies need Hypothesis: install it with  pip install 'selfgen[test]'.")
    return st


def generations(largest: int = 30) -> Any:
    """Whole generations 1 … ``largest``.

    Notes
    -----
    Drawn here, by Hypothesis (MacIver et al. 2019).

    Examples
    --------
    >>> from hypothesis import find
    >>> find(generations(), lambda g: g > 4)
    5
    """
    return _hypothesis().integers(min_value=1, max_value=largest)


def rationals(smallest: int = 0, largest: int = 1, denominator: int = 12) -> Any:
    """SymPy rationals strictly between two whole numbers.

    Notes
    -----
    Drawn here, by Hypothesis (MacIver et al. 2019).

    Examples
    --------
    >>> from hypothesis import find
    >>> 0 < find(rationals(), lambda value: value.q > 2) < 1
    True
    """
    s = _hypothesis()
    return s.integers(2, denominator).flatmap(
        lambda q: s.integers(smallest * q + 1, largest * q - 1).map(lambda numerator: Rational(numerator, q))
    )


def sizes() -> Any:
    """Size schedules: whole numbers of samples at every block.

    Notes
    -----
    Drawn here, by Hypothesis (MacIver et al. 2019).

    Examples
    --------
    >>> from hypothesis import find
    >>> find(sizes(), lambda schedule: schedule.has(j))
    j
    """
    return _hypothesis().sampled_from([Integer(1), Integer(2), j, j**2, j + 1, Integer(2) ** j])


def weighted() -> Any:
    """Workflows with arbitrary positive rational weights.

    Notes
    -----
    Drawn here, by Hypothesis (MacIver et al. 2019).

    Examples
    --------
    >>> from hypothesis import find
    >>> sum(find(weighted(), lambda workflow: True).weights(5))
    1
    """
    s = _hypothesis()
    return s.lists(s.integers(0, 5), min_size=1, max_size=7).map(_table_workflow)


def _table_workflow(table: list[int]) -> Weighted:
    def weights(g: int) -> list[Rational]:
        raw = [table[(3 * g + 5 * index) % len(table)] for index in range(g)]
        raw[-1] += 1
        return [Rational(value, sum(raw)) for value in raw]

    return Weighted(weights)


def ecosystems(most: int = 3) -> Any:
    """Ecosystems of 1 to ``most`` models with rational weights, some of them with fresh real data.

    Notes
    -----
    Drawn here, by Hypothesis (MacIver et al. 2019). They have no weights on one chain, and so are none of
    :func:`workflows`.

    Examples
    --------
    >>> from hypothesis import find
    >>> find(ecosystems(), lambda ecosystem: ecosystem.models == 2 and any(ecosystem.shares)).name
    'ecosystem'
    """
    s = _hypothesis()

    def rows(m: int) -> Any:
        # The last part of each row is the weight of fresh real data.
        row = s.lists(s.integers(0, 3), min_size=m + 1, max_size=m + 1).filter(any)
        return s.tuples(s.lists(row, min_size=m, max_size=m), s.integers(0, m - 1), s.booleans())

    def built(drawn: tuple[list[list[int]], int, bool]) -> Ecosystem:
        table, observed, same_start = drawn
        weights = [[Rational(part, sum(row)) for part in row[:-1]] for row in table]
        return Ecosystem(weights, observed=observed, same_start=same_start)

    return s.integers(1, most).flatmap(rows).map(built)


def workflows(*, subsampled: bool = True, fresh: bool = True, schedules: bool = True) -> Any:
    """Every workflow of the registry with rational parameters, and random weights.

    Parameters
    ----------
    subsampled, fresh : bool
        Whether those are among them that fit random subsamples, or real samples drawn afresh.
    schedules : bool
        Whether blocks have sizes that change.

    Notes
    -----
    Drawn here, by Hypothesis (MacIver et al. 2019).

    Examples
    --------
    >>> from hypothesis import find
    >>> find(workflows(), lambda workflow: workflow.fresh_weight(2) != 0).name != "replace"
    True
    """
    choices = [weighted()]
    for built in WORKFLOWS.values():
        one = example(built)
        if (subsampled or one.draw(3) is None) and (fresh or one.fresh_weight(3) == 0):
            choices.append(_workflows_of(built, schedules).filter(lambda w: fresh or w.fresh_weight(3) == 0))
    return _hypothesis().one_of(choices)


def _workflows_of(built: type[Workflow], schedules: bool) -> Any:
    """One class, a parameter by its role: whole amounts, so that blocks hold whole numbers of samples."""
    s = _hypothesis()
    by_role = {
        "count": s.integers(1, 4),
        "amount": s.integers(1, 3),
        "probability": rationals(),
        "ages": s.sampled_from([Integer(2) ** -l, 1 / (l * (l + 1)), 1 / (2 * l * (l + 1))]),
        "schedule": sizes() if schedules else s.just(Integer(1)),
    }
    given: dict[str, Any] = {}
    for field in settings(built):
        role = built.roles.get(field.name)
        if role in by_role:
            # None has a meaning of its own, such as a share that pools.
            left_out = field.default is None and role != "ages"
            given[field.name] = s.none() | by_role[role] if left_out else by_role[role]
        elif isinstance(field.default, bool):
            given[field.name] = s.booleans()
    return s.builds(built, **given).map(_in_whole_rows)


def _in_whole_rows(workflow: Workflow) -> Workflow:
    """Blocks so large that the real part of each, and the rest, are whole numbers of samples."""
    real = getattr(workflow, "real", None)
    if not workflow.keeps_fresh or not isinstance(real, Rational) or real.is_Integer:
        return workflow
    return replace(workflow, sizes=real.q * workflow.sizes)  # type: ignore[type-var]


def models(*, wrapped: bool = True) -> Any:
    """Every model of the registry that numbers alone describe, with rational parameters inside its domain.

    Parameters
    ----------
    wrapped : bool
        Whether models around another are among them.

    Notes
    -----
    Drawn here, by Hypothesis (MacIver et al. 2019).

    Examples
    --------
    >>> from hypothesis import find
    >>> find(models(), lambda model: "kl" in model.losses).free_symbols
    set()
    """
    s = _hypothesis()
    drawn = [
        _models_like(general)
        for built in (EVERY_MODEL if wrapped else MODELS).values()
        for general in built.general().values()
        if _is_of_numbers(general)
    ]
    return s.one_of(drawn)


def risks(loss: str = "squared", **allowed: bool) -> Any:
    """The risk of a model of :func:`models` under a workflow of :func:`workflows`, wherever one is derived.

    Parameters
    ----------
    loss : str
        Of those models that have it.
    allowed : bool
        Which workflows, as for :func:`workflows`.

    Notes
    -----
    Drawn here, by Hypothesis (MacIver et al. 2019).

    Examples
    --------
    >>> from hypothesis import find
    >>> find(risks(), lambda risk: risk.exactness == "exact").loss
    'squared'
    """

    def derived(pair: tuple[Model, Workflow]) -> Risk:
        try:
            return expected_risk(*pair, loss=loss)
        except DomainError:
            reject()

    return _hypothesis().tuples(models(), workflows(**allowed)).map(derived)


def _is_of_numbers(general: Model) -> bool:
    """Whether every parameter that has no value of its own has a role or a range."""
    return all(
        value is None or isinstance(value, (Expr, Model))
        for name, value in general.parameters.items()
        if name in _without_a_value(general)
    )


def _without_a_value(general: Model) -> set[str]:
    return {field.name for field in settings(type(general)) if field.default is None or is_required(field)}


def _choices(general: Model) -> dict[str, Any]:
    """What the settings of a model that are no symbols may be."""
    s, found = _hypothesis(), {}
    for field in settings(type(general)):
        if field.name in general.left_alone or getattr(general, field.name) != field.default:
            continue
        if isinstance(field.default, bool):
            found[field.name] = s.booleans()
        elif field.name in general.choices:
            found[field.name] = s.sampled_from(general.choices[field.name])
        elif isinstance(field.default, Expr) and general.roles.get(field.name) == "positive":
            found[field.name] = rationals(0, 5)
    return found


def _models_like(general: Model) -> Any:
    choices = _choices(general)
    symbols = sorted(general.free_symbols, key=lambda symbol: str(symbol.name))

    @_hypothesis().composite  # type: ignore[untyped-decorator]
    def drawn(draw: Any) -> Model:
        try:
            model = _with_numbers(general, draw, choices, symbols)
        except DomainError:
            reject()
        if model.is_degenerate:
            reject()
        return model

    return drawn()


def _with_numbers(general: Model, draw: Any, choices: Mapping[str, Any], symbols: Sequence[Symbol]) -> Model:
    chosen = replace(general, **{name: draw(choice) for name, choice in choices.items()})  # type: ignore[type-var]
    ranges, values = chosen.ranges(), {symbol: draw(_values_of(symbol)) for symbol in symbols}
    at: dict[Symbol, Any] = {}
    # A range may mention other symbols, as that of T does d: those come first.
    pending = [symbol for symbol in symbols if symbol in ranges]
    while pending:
        symbol = next(one for one in pending if not ranges[one].free_symbols & set(pending) - {one})
        pending.remove(symbol)
        run = ranges[symbol].subs(at)
        at[symbol] = run.subs(dict.fromkeys(run.free_symbols, values[symbol]))
    return chosen.subs({**values, **at})


def _values_of(symbol: Symbol) -> Any:
    """Values for a symbol without a range; for one with, where the variable of its range is."""
    if symbol.is_integer:
        return _hypothesis().integers(1, 24)
    return rationals(0, 5) if symbol.is_nonnegative else rationals(-3, 3)
