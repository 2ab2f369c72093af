"""Hypothesis strategies that draw what the registry lists, each parameter by its role."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sympy import Expr, Integer, Rational, Symbol

from theory.errors import DomainError
from theory.expressions.symbols import j
from theory.models.base import Model
from theory.registry import MODELS, WORKFLOWS, example, settings
from theory.workflows.base import Workflow
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
    """Whole generations 1 … ``largest``."""
    return _hypothesis().integers(min_value=1, max_value=largest)


def rationals(smallest: int = 0, largest: int = 1, denominator: int = 12) -> Any:
    """SymPy rationals strictly between two whole numbers."""
    s = _hypothesis()
    return s.integers(2, denominator).flatmap(
        lambda q: s.integers(smallest * q + 1, largest * q - 1).map(lambda numerator: Rational(numerator, q))
    )


def sizes() -> Any:
    """Size schedules: whole numbers of samples at every block."""
    return _hypothesis().sampled_from([Integer(1), Integer(2), j, j**2, j + 1, Integer(2) ** j])


def weighted() -> Any:
    """Workflows with arbitrary positive rational weights."""
    s = _hypothesis()
    return s.lists(s.integers(0, 5), min_size=1, max_size=7).map(_table_workflow)


def _table_workflow(table: list[int]) -> Weighted:
    def weights(g: int) -> list[Rational]:
        raw = [table[(3 * g + 5 * index) % len(table)] for index in range(g)]
        raw[-1] += 1
        return [Rational(value, sum(raw)) for value in raw]

    return Weighted(weights)


def workflows(*, subsampled: bool = True, fresh: bool = True, schedules: bool = True) -> Any:
    """Every workflow of the registry with rational parameters, and random weights.

    Parameters
    ----------
    subsampled, fresh : bool
        Whether those are among them that fit random subsamples, or real samples drawn afresh.
    schedules : bool
        Whether blocks have sizes that change.
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
        "schedule": sizes() if schedules else s.just(Integer(1)),
    }
    given: dict[str, Any] = {}
    for field in settings(built):
        role = built.roles.get(field.name)
        if role in by_role:
            # None has a meaning of its own, such as a share that pools.
            given[field.name] = by_role[role] if field.default is not None else s.none() | by_role[role]
        elif isinstance(field.default, bool):
            given[field.name] = s.booleans()
    return s.builds(built, **given).map(_in_whole_rows)


def _in_whole_rows(workflow: Workflow) -> Workflow:
    """Blocks so large that the real part of each, and the rest, are whole numbers of samples."""
    real = getattr(workflow, "real", None)
    if not workflow.keeps_fresh or not isinstance(real, Rational) or real.is_Integer:
        return workflow
    return replace(workflow, sizes=real.q * workflow.sizes)  # type: ignore[type-var]


def models() -> Any:
    """Every model of the registry that numbers alone describe, with rational parameters inside its domain."""
    s = _hypothesis()
    drawn = [_models_of(built) for built in MODELS.values() if _is_of_numbers(built)]
    return s.one_of(drawn)


def _is_of_numbers(built: type[Model]) -> bool:
    """Whether every parameter that has no value of its own has a role or a range."""
    general = built()
    left_out = [field.name for field in settings(built) if field.default is None]
    return all(isinstance(general.parameters[name], Expr) or general.parameters[name] is None for name in left_out)


def _models_of(built: type[Model]) -> Any:
    s = _hypothesis()
    general, choices = built(), {}
    for field in settings(built):
        if isinstance(field.default, bool):
            choices[field.name] = s.booleans()
        elif field.name in built.choices:
            choices[field.name] = s.sampled_from(built.choices[field.name])
        elif field.name == "temperature":
            continue  # at another than 1 not every workflow has a derived risk
        elif isinstance(field.default, Expr) and built.roles.get(field.name) == "positive":
            choices[field.name] = rationals(0, 5)
    symbols = sorted(general.free_symbols, key=lambda symbol: str(symbol.name))

    @s.composite  # type: ignore[untyped-decorator]
    def drawn(draw: Any) -> Model:
        chosen = built(**{name: draw(choice) for name, choice in choices.items()})
        ranges, values = chosen.ranges(), {symbol: draw(_values_of(symbol)) for symbol in symbols}
        at: dict[Symbol, Any] = {}
        # A range may mention other symbols, as that of T does d: those come first.
        pending = [symbol for symbol in symbols if symbol in ranges]
        while pending:
            symbol = next(one for one in pending if not ranges[one].free_symbols & set(pending) - {one})
            pending.remove(symbol)
            run = ranges[symbol].subs(at)
            at[symbol] = run.subs(dict.fromkeys(run.free_symbols, values[symbol]))
        try:
            model = chosen.subs({**values, **at})
        except DomainError:
            reject()
        if getattr(model, "variance", None) == 0:
            reject()  # all data alike: there is no risk to speak of
        return model

    return drawn()


def _values_of(symbol: Symbol) -> Any:
    """Values for a symbol without a range; for one with, where the variable of its range is."""
    if symbol.is_integer:
        return _hypothesis().integers(1, 24)
    return rationals(0, 5) if symbol.is_nonnegative else rationals(-3, 3)
