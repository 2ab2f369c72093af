"""Which sampler draws a model under a workflow."""

from __future__ import annotations

from dataclasses import replace
from functools import singledispatch
from typing import Any

import numpy as np

from numerics.blocks import Sampler
from numerics.losses import Divergence, FourthPower, Measure, SquaredError
from numerics.samplers.bent_chain import Bending, BentChain, BentPool
from numerics.samplers.combination import steps
from numerics.samplers.families import Normal, canonical_family
from numerics.samplers.leaning_labels import LabelLaw, LeaningFits, LeaningRows
from numerics.samplers.location import MedianChain
from numerics.samplers.maximum import MaximumChain
from numerics.samplers.mean_chain import MeanChain
from numerics.samplers.pool import CountPool, LimitPool, PointPool
from numerics.samplers.regression_fresh import FreshNormalEquations, FreshReplace
from numerics.samplers.regression_rows import FreshMinimumNorm, RowPool
from numerics.samplers.regression_shared import SharedDesign, SharedRows
from numerics.samplers.regression_wide import WideReplace
from numerics.samplers.ridge import RidgeFresh, RidgeShared
from numerics.samplers.schedule import Schedule, schedule
from theory.errors import DomainError
from theory.models.base import Model
from theory.models.bent import BentModel, BiasedSampler
from theory.models.bent_regression import FlippedLabels
from theory.models.exponential_family import ExponentialFamily
from theory.models.linear_regression import LinearRegression
from theory.models.location import Location
from theory.models.regular import Regular
from theory.models.ridge_regression import RidgeRegression
from theory.models.uniform_maximum import UniformMaximum, verify_pool
from theory.workflows.base import Workflow


@singledispatch
def sampler(model: Any, workflow: Workflow, generations: int, raw: bool, loss: str) -> Sampler:
    """The sampler of a model with numbers for parameters; a new model registers its own."""
    raise DomainError(f"model = {model!r} has no sampler: it cannot be simulated.")


@sampler.register
def _(model: ExponentialFamily, workflow: Workflow, generations: int, raw: bool, loss: str) -> Sampler:
    family = canonical_family(model)
    table = schedule(workflow, generations, int(model.n), keeps=True, biased=loss == "squared")
    measure: Measure = _power(loss)(family.truth, abs(family.scale))
    if loss == "kl":
        measure = Divergence(family.name, family.kind.index, family.truth)
    if not table.subsampled:
        plan = table.plan
        kind = family.kind.for_blocks(np.concatenate((table.points, table.fresh_points[table.fresh_weights != 0])))
        return MeanChain(kind, family.truth, measure, table, plan, points_drawn=raw, scale=family.scale)
    if not raw and family.name == "binomial" and family.kind.index == 1:
        return CountPool(family.truth, measure, table)
    return PointPool(family.kind, family.truth, measure, table)


def _power(loss: str) -> type[SquaredError | FourthPower]:
    """The power of the error that a loss is."""
    return FourthPower if loss == "fourth" else SquaredError


@sampler.register
def _(model: BentModel, workflow: Workflow, generations: int, raw: bool, loss: str) -> Sampler:
    inside = getattr(model, "ridge", None)
    if inside is not None:
        return sampler(inside, workflow, generations, raw, loss)
    if isinstance(model, BiasedSampler) and isinstance(model.model, LinearRegression):
        law = LabelLaw(float(model.fidelity), float(model.target), float(model.dispersion))
        return _leaning(model.model, law, workflow, generations, raw)
    if not isinstance(model.family, ExponentialFamily):
        raise DomainError(f"model = {model!r} has no sampler: it cannot be simulated.")
    table = schedule(workflow, generations, int(model.n), keeps=True, biased=True)
    bend, whole = model.bend, canonical_family(model.family)
    # Canonical coordinates: what is measured from the truth is divided by the scale.
    prior, target = (float(value) / whole.scale + whole.truth for value in (bend.prior, bend.target))
    rows = np.array([float(workflow.rows(g) * model.n) for g in range(1, generations + 1)])
    strength, measure = float(bend.strength), _power(loss)(whole.truth, abs(whole.scale))
    bending = Bending(
        whole.kind, whole.truth, kept=rows / (rows + strength), weights=rows + strength, prior=prior,
        fidelity=float(bend.fidelity), target=target, dispersion=float(bend.dispersion), drawn=bend.drawn,
    )  # fmt: skip
    if table.subsampled:
        return BentPool(whole.kind, whole.truth, measure, table, bend=bending)
    blocks = np.concatenate((table.points, table.fresh_points[table.fresh_weights != 0]))
    plan = table.plan
    bending = replace(bending, kind=whole.kind.for_blocks(blocks))
    return BentChain(bending, measure, table, plan, raw, scale=whole.scale)


@sampler.register
def _(model: FlippedLabels, workflow: Workflow, generations: int, raw: bool, loss: str) -> Sampler:
    if model.model.signal is None:
        raise DomainError(f"signal of {model.model!r} is not given: flipped labels make it matter, give a number.")
    return _leaning(model.model, LabelLaw(flips=float(model.rate)), workflow, generations, raw=True)


def _leaning(model: LinearRegression, law: LabelLaw, workflow: Workflow, generations: int, raw: bool) -> Sampler:
    d, rows = int(model.d), int(model.T)  # type: ignore[arg-type]
    if model.overparameterised and model.signal is None:
        raise DomainError(f"signal of {model!r} is not given: with d > T the risk depends on it, give a number.")
    table, shared = schedule(workflow, generations, rows), model.design == "shared"
    if table.subsampled:
        raise DomainError(f"labels of {model!r} under {type(workflow).__name__} have no sampler: give whole blocks.")
    if shared:
        _verify_whole_relabelling(table, rows, workflow)
    if (table.weights < 0).any():
        raise DomainError(f"{type(workflow).__name__} has negative weights: least squares needs weights ≥ 0.")
    sigma, signal = float(model.sigma2) ** 0.5, 1.0 if model.signal is None else float(model.signal)
    alone = bool((np.diag(table.weights) == 1).all()) and bool((table.points >= d).all())
    if not raw and (rows >= d if shared else alone):
        return LeaningFits(d, rows, sigma, shared, law, table, steps(table.weights, table.fresh_weights))
    return LeaningRows(d, rows, sigma, signal, shared, law, table)


@sampler.register
def _(model: UniformMaximum, workflow: Workflow, generations: int, raw: bool, loss: str) -> Sampler:
    table = schedule(workflow, generations, int(model.n))  # type: ignore[arg-type]
    if table.subsampled:
        raise DomainError(f"model = {model!r} under {type(workflow).__name__} has no sampler: give whole blocks.")
    verify_pool(workflow)
    used = table.weights != 0
    rows = used @ table.points + np.where(table.fresh_weights != 0, table.fresh_points, 0)
    factors = (rows + 1) / rows if model.unbiased else np.ones(generations)
    return MaximumChain(float(model.theta), table, used, factors, raw)


@sampler.register
def _(model: Location, workflow: Workflow, generations: int, raw: bool, loss: str) -> Sampler:
    if model.n is None:
        raise DomainError(f"model = {model!r} has no law to draw points from: use Location.median(law, n).")
    table = schedule(workflow, generations, int(model.n))
    if table.subsampled:
        raise DomainError(f"model = {model!r} under {type(workflow).__name__} has no sampler: give whole blocks.")
    return MedianChain(model.law, table, steps(table.weights, table.fresh_weights))


@sampler.register
def _(model: Regular, workflow: Workflow, generations: int, raw: bool, loss: str) -> Sampler:
    table = schedule(workflow, generations, int(model.n), keeps=True)  # type: ignore[arg-type]
    p = int(model.p)  # type: ignore[arg-type]
    if not table.subsampled:
        plan = table.plan
        return MeanChain(Normal(1.0), 0.0, SquaredError(), table, plan, points_drawn=raw, dimension=p)
    if raw:
        return PointPool(Normal(1.0), 0.0, SquaredError(), table, dimension=p)
    return LimitPool(p, table)


@sampler.register
def _(model: LinearRegression, workflow: Workflow, generations: int, raw: bool, loss: str) -> Sampler:
    d, rows = int(model.d), int(model.T)  # type: ignore[arg-type]
    if model.overparameterised and model.signal is None:
        raise DomainError(f"signal of {model!r} is not given: with d > T the risk depends on it, give a number.")
    # With T ≥ d the risk does not depend on w*; a nonzero one keeps the raw check honest.
    signal = 1.0 if model.signal is None else float(model.signal)
    sigma = float(model.sigma2) ** 0.5
    table = schedule(workflow, generations, rows, keeps=True)
    if model.design == "shared":
        _verify_whole_relabelling(table, rows, workflow)
    if (table.weights < 0).any():
        raise DomainError(f"{type(workflow).__name__} has negative weights: least squares needs weights ≥ 0.")
    if table.subsampled:
        return RowPool(d, rows, sigma, signal, model.design == "shared", table)
    if model.design == "shared":
        plan = table.plan
        return (SharedRows if raw else SharedDesign)(d, rows, sigma, signal, table, plan)
    return _fresh_regression(d, sigma, signal, table, raw)


@sampler.register
def _(model: RidgeRegression, workflow: Workflow, generations: int, raw: bool, loss: str) -> Sampler:
    if model.proportional:
        raise DomainError(f"model = {model!r} is a limit of d and T: give d, T and penalty, a simulation needs them.")
    if model.penalty == 0 and model.eigenvalues is None:
        return sampler(model.least_squares, workflow, generations, raw, loss)
    d, rows = int(model.d), int(model.T)  # type: ignore[arg-type]
    table = schedule(workflow, generations, rows, keeps=model.design == "shared")
    if table.subsampled:
        raise DomainError(f"model = {model!r} under {type(workflow).__name__} has no sampler: it draws a subsample.")
    if (table.weights < 0).any():
        raise DomainError(f"{type(workflow).__name__} has negative weights: ridge regression needs weights ≥ 0.")
    sigma, signal, penalty = float(model.sigma2) ** 0.5, float(model.signal), float(model.penalty)  # type: ignore[arg-type]
    used = np.array([float(workflow.rows(g)) for g in range(1, generations + 1)])
    if model.design == "shared":
        _verify_whole_relabelling(table, rows, workflow)
        penalties = penalty * rows * np.ones(generations) if model.per_row else penalty / used
        given = None if model.eigenvalues is None else np.array([float(value) for value in model.eigenvalues])
        plan = table.plan
        posterior = used if model.drawn else None
        return RidgeShared(d, rows, sigma, signal, penalties, table, plan, given, raw, posterior)
    penalties = penalty * np.ones(generations) if model.per_row else penalty / (used * rows)
    plan = steps(table.weights / table.points, _per_fresh_row(table))
    return RidgeFresh(d, sigma, signal, penalties, table, plan, raw, used * rows if model.drawn else None)


def _verify_whole_relabelling(table: Schedule, rows: int, workflow: Workflow) -> None:
    if (table.points % rows).any() | (table.fresh_points % rows).any():
        raise DomainError(
            f"sizes = {workflow.sizes} of {type(workflow).__name__} label some rows of the shared design a fraction "
            f"of a time: relative sizes must be whole numbers."
        )


def _per_fresh_row(table: Schedule) -> np.ndarray:
    weights, points = table.real, table.fresh_points
    return np.divide(weights, points, out=np.zeros(weights.shape), where=points > 0)


def _fresh_regression(d: int, sigma: float, signal: float, table: Schedule, raw: bool) -> Sampler:
    latest_only = bool((np.diag(table.weights) == 1).all())
    blocks = np.concatenate((table.points, table.fresh_points[table.fresh_weights != 0]))
    if latest_only and not raw and (blocks >= d).all():
        return FreshReplace(d, sigma, table)
    if latest_only and not raw and (blocks < d).all():
        return WideReplace(d, sigma, signal, table)
    fitted_rows = (table.weights != 0) @ table.points + table.fresh_in_use
    if (fitted_rows < d).any():
        if table.kept is not None:
            raise DomainError("real rows of every generation are kept: least norm fits on these have no sampler.")
        return FreshMinimumNorm(d, sigma, signal, table)
    # Model g minimises Σ_j w_gj × the mean loss on block j: weights per row of data.
    plan = steps(table.weights / table.points, _per_fresh_row(table))
    if raw or (blocks < d).any():
        return RidgeFresh(d, sigma, signal, np.zeros(table.generations), table, plan, rows_drawn=True)
    return FreshNormalEquations(d, sigma, table, plan)


def verify_numbers(model: Model, workflow: Workflow) -> None:
    """A simulation needs numbers: name the symbols that are left."""
    for what, owner in (("model", model), ("workflow", workflow)):
        left = sorted(str(symbol) for symbol in owner.free_symbols)
        if left:
            raise DomainError(
                f"{what} = {owner!r} has the symbol{'s' if len(left) > 1 else ''} {', '.join(left)}: "
                f"give numbers, a simulation needs them."
            )
