"""Verify a study: derive every case, simulate it, and let the simulation judge the formula."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
from sympy import Expr, RootSum, Symbol, oo

from numerics import crosscheck, evaluate, simulate
from numerics.simulate import Simulation
from selfgen.proofs import certified
from selfgen.study import Case, Study
from selfgen.values import baseline_of
from theory import DomainError, LinearRegression, Risk, expected_risk
from theory.expressions.parser import parse
from theory.models.base import Model
from theory.solver.bounds import DECREASING, INCREASING
from theory.workflows.base import Workflow


@dataclass(frozen=True)
class CaseResult:
    """What one case found, in plain values that travel between processes.

    ``grid`` names the parameters that a grid of the study varied; ``checked`` is the last generation at which the
    simulation judged the formula. ``general_form`` is the closed form (or its leading
    order) as a reader wants it: with parameters as symbols where that is shorter; ``symbolic_form`` always has them as
    symbols, and is None where that is not derived. ``ratio_limit`` is exact or, where that is not known, to leading
    order in 1/n, as ``ratio_limit_exactness`` says; ``ratio_bound`` is the least upper bound of the ratio, ``oo`` when
    it diverges. ``certified`` says whether the closed form has a certificate that the checker accepts, None where there
    is no closed form. ``formula``, ``mean`` and ``stderr`` hold the risk at generations 1, 2, …; ``detectable`` is the
    smallest relative error in the formula that the run would have caught with probability 0.99. ``reason`` says why a
    case did not pass or, of a formula to leading order that did, how much it leaves out.
    """

    model: str
    workflow: str
    loss: str
    parameters: dict[str, str]
    grid: tuple[str, ...]
    generations: int
    checked: int
    replicates: int
    seed: int
    method: str
    closed_form: str | None
    leading_order: str | None
    general_form: str | None
    symbolic_form: str | None
    ratio_limit: str | None
    ratio_limit_value: float | None
    ratio_limit_exactness: str
    ratio_bound: str | None
    ratio_bound_value: float | None
    limit: str | None
    growth: str | None
    bound: float | None
    domain: str
    exactness: str
    theorem: str
    certified: bool | None
    formula: tuple[float, ...]
    mean: tuple[float, ...]
    stderr: tuple[float, ...]
    worst_z: float
    p_value: float
    detectable: float
    passed: bool
    reason: str
    seconds: float

    @property
    def name(self) -> str:
        """Model, workflow and, unless it is the squared error, loss."""
        return ", ".join([self.model, self.workflow, *([] if self.loss == "squared" else [self.loss])])


def verify(
    study: Study,
    jobs: int = 1,
    figures: Path | None = None,
    begin: Callable[[Case], None] = lambda case: None,
    finish: Callable[[Case, CaseResult], None] = lambda case, result: None,
) -> list[CaseResult]:
    """Verify every case, in the order of the study whatever order they finish in.

    Parameters
    ----------
    study : Study
    jobs : positive int
        Processes. Cases are shared out among them; a lone case shares out its blocks of replicates instead. Results
        do not depend on it.
    figures : Path, optional
        Folder for one figure a case, drawn by the process that verified it. Cases of a grid go together into the
        overviews of :mod:`selfgen.overview`, and have a figure of their own only where they fail.
    begin : callable
        Called with each case as it starts.
    finish : callable
        Called with each case and its result, in the order in which cases finish.
    """
    cases = study.cases
    if jobs == 1 or len(cases) == 1:
        results = []
        with processes(jobs) as executor:
            for number, case in enumerate(cases):
                begin(case)
                results.append(verify_case(case, number, figures, executor))
                finish(case, results[-1])
        return results
    found: dict[int, CaseResult] = {}
    with processes(min(jobs, len(cases))) as executor:
        assert executor is not None
        waiting = iter(enumerate(cases))
        running: dict[Future[CaseResult], int] = {}

        def start() -> None:
            for number, case in waiting:
                begin(case)
                running[executor.submit(verify_case, case, number, figures)] = number
                return

        try:
            # As many as there are processes: what is handed out is what runs.
            for _ in range(min(jobs, len(cases))):
                start()
            while running:
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    number = running.pop(future)
                    found[number] = future.result()
                    finish(cases[number], found[number])
                    start()
        except BaseException:
            executor.shutdown(wait=False, cancel_futures=True)
            raise
    return [found[number] for number in range(len(cases))]


def verify_case(
    case: Case, number: int = 0, figures: Path | None = None, executor: Executor | None = None
) -> CaseResult:
    """Derive, simulate and cross-check one case."""
    started = time.perf_counter()
    try:
        model, workflow = case.build()
        risk = expected_risk(model, workflow, loss=case.loss)
        simulation = simulate(
            model,
            workflow,
            generations=case.generations,
            replicates=case.replicates,
            seed=case.seed,
            method=case.method,
            loss=case.loss,
            executor=executor,
        )
        check = crosscheck(risk, first_generations(simulation, case.checked))
        formula = np.asarray(evaluate(risk, np.arange(1, case.generations + 1)), dtype=float)
        leading = _leading_order(risk)
        first_order = leading.closed_form if risk.closed_form is None and leading is not None else None
        limit_of_ratio, limit_exactness = ratio_limit(risk), risk.exactness
        if limit_of_ratio is None and leading is not None:
            limit_of_ratio, limit_exactness = ratio_limit(leading), leading.exactness
    except DomainError as error:
        raise error if str(error).startswith(case.label) else case.error(error) from None
    theorem, bound_of_ratio = _theorem(risk), _ratio_bound(risk)
    # In numbers and in symbols, but the same kind of formula.
    symbolic = theorem.form if theorem.closed == (risk.closed_form is not None) else None
    z = np.abs(np.asarray(check.z, dtype=float))
    result = CaseResult(
        model=model.name,
        workflow=_title(case.workflow, workflow.name),
        loss=case.loss,
        parameters={name: str(value) for name, value in case.parameters.items()},
        grid=case.grid,
        generations=case.generations,
        checked=case.checked,
        replicates=case.replicates,
        seed=case.seed,
        method=case.method,
        closed_form=_text(risk.closed_form),
        leading_order=_text(first_order),
        general_form=min(filter(None, (symbolic, _form(risk))), key=len, default=None),
        symbolic_form=symbolic,
        ratio_limit=_text(limit_of_ratio),
        ratio_limit_value=_finite(limit_of_ratio),
        ratio_limit_exactness=limit_exactness,
        ratio_bound=_text(bound_of_ratio),
        ratio_bound_value=_finite(bound_of_ratio),
        limit=_text(risk.limit),
        growth=_text(risk.growth),
        bound=_finite(risk.bound),
        domain=str(risk.domain),
        exactness=risk.exactness,
        theorem=theorem.latex,
        certified=None if risk.closed_form is None else certified(risk) is not None,
        formula=tuple(formula.tolist()),
        mean=tuple(np.asarray(simulation.mean, dtype=float).tolist()),
        stderr=tuple(np.asarray(simulation.stderr, dtype=float).tolist()),
        worst_z=float(np.max(z)) if np.isfinite(z).any() else float("nan"),
        p_value=float(check.p_value),
        detectable=float(check.detectable),
        passed=bool(check.passed),
        reason=str(check.reason or ""),
        seconds=time.perf_counter() - started,
    )
    if figures is not None and not (case.grid and result.passed):
        from selfgen.figures import draw_case, file_name

        draw_case(result, figures / file_name(number, result))
    return result


def first_generations(simulation: Simulation, last: int) -> Simulation:
    """The same chains, stopped after generation ``last``."""
    return replace(
        simulation,
        mean=simulation.mean[:last],
        covariance=simulation.covariance[:last, :last],
        largest_share=simulation.largest_share[:last],
    )


@contextmanager
def processes(jobs: int) -> Iterator[Executor | None]:
    """Worker processes that start clean, so that no thread of this one is copied half-way through its work."""
    if jobs == 1:
        yield None
        return
    # One process a core is enough: linear algebra that starts threads of its own only gets in the way.
    limits = {name: os.environ.get(name) for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}
    os.environ.update(dict.fromkeys(limits, "1"))
    try:
        with ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn")) as executor:
            yield executor
    finally:
        for name, value in limits.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def ratio_limit(risk: Risk) -> Expr | None:
    """The limit of the risk over that of generation 1; None where it is not derived or there is no such ratio."""
    try:
        return risk.ratio.limit
    except DomainError:
        return None


def _leading_order(risk: Risk) -> Risk | None:
    """The risk to leading order in 1/n; None where that is not derived."""
    try:
        return risk.leading_order
    except DomainError:
        return None


@dataclass(frozen=True)
class _Theorem:
    """What is known of a risk as text: its closed form or that of its leading order, and the theorem line."""

    closed: bool
    form: str | None
    latex: str


def _theorem(risk: Risk) -> _Theorem:
    """The theorem with the model's parameters left as symbols where that can be derived, else in these numbers."""
    general = _general(risk.model)
    found = None if general is None else _derived(expected_risk, general, risk.workflow, risk.loss)
    if found is None or (risk.closed_form is not None and not found.closed):
        return _stated(risk)
    return found


@lru_cache(maxsize=256)
def _derived(derive: Callable[..., Risk], model: Model, workflow: Workflow, loss: str) -> _Theorem | None:
    """A theorem that a whole grid shares; None where the risk is not derived for these symbols."""
    # What derives is an argument so that nothing is remembered of another derivation.
    try:
        return _stated(derive(model, workflow, loss=loss))
    except DomainError:
        return None


def _stated(risk: Risk) -> _Theorem:
    return _Theorem(risk.closed_form is not None, _form(risk), risk.latex())


def _form(risk: Risk) -> str | None:
    """The closed form, else its leading order."""
    if risk.closed_form is not None:
        return readable(risk.closed_form)
    leading = _leading_order(risk)
    return None if leading is None or leading.closed_form is None else readable(leading.closed_form)


def _general(model: Model) -> Model | None:
    """The model with its parameters left as symbols; None where it does not take symbols."""
    free: dict[str, Expr | None] = {}
    for field in fields(model):  # type: ignore[arg-type]
        # Left out, a number is a symbol; anything else (a truth, a rule for bandwidths) has a meaning of its own.
        if field.default is None and isinstance(model.parameters[field.name], Expr):
            free[field.name] = None
    if isinstance(model, LinearRegression):
        # A symbolic signal is what says that more features than rows are meant.
        free["signal"] = parse("B", "signal") if model.overparameterised else None
    try:
        return replace(model, **free)  # type: ignore[type-var]
    except DomainError:
        return None


def readable(expression: Expr) -> str:
    """Text of a formula; a sum over the roots of a polynomial is named, not written out."""
    names = {}
    for number, found in enumerate(sorted(expression.atoms(RootSum), key=str)):
        degree = found.poly.degree()
        kind = {2: "quadratic", 3: "cubic", 4: "quartic"}.get(degree, f"polynomial of degree {degree}")
        names[found] = Symbol(f"(sum over the roots of a {kind})" + "\N{PRIME}" * number)
    return str(expression.xreplace(names))


def _ratio_bound(risk: Risk) -> Expr | None:
    """The least upper bound of the ratio; None where it is not derived."""
    base = baseline_of(risk)
    if base.is_zero:
        return None
    # Dividing by a negative number turns the bound round: what bounds the risk from below bounds the ratio.
    bound = _lower_bound(risk) if base.is_number and base.evalf() < 0 else risk.bound
    if bound is None:
        return None
    return oo if bound.is_infinite or base.is_infinite else bound / base


def _lower_bound(risk: Risk) -> Expr | None:
    """The greatest lower bound of a risk that only rises or only falls; None where neither is known."""
    return {INCREASING: risk.baseline, DECREASING: risk.limit}.get(risk.monotonicity or "")


def _title(written: str, name: str) -> str:
    """The workflow as written, with an alias replaced by its proper name."""
    _, colon, settings = written.partition(":")
    return f"{name}{colon}{settings}"


def _text(expression: Expr | None) -> str | None:
    return None if expression is None else str(expression)


def _finite(value: Expr | None) -> float | None:
    """A value as a number; None when there is none, when it is infinite, or when it depends on a symbol."""
    if value is None or not value.is_number or value.is_finite is False:
        return None
    return float(value)
