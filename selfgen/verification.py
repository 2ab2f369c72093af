"""Verify a study: derive every case, simulate it, and let the simulation judge the formula."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
from sympy import Expr, RootSum, Symbol, oo

from numerics import crosscheck, evaluate, simulate
from selfgen.study import Case, Study
from theory import DomainError, LinearRegression, Risk, expected_risk
from theory.parser import parse


@dataclass(frozen=True)
class CaseResult:
    """What one case found, in plain values that travel between processes.

    ``general_form`` is the closed form (or its leading order) as a reader wants it: with parameters as symbols where
    that is shorter. ``ratio_limit`` is exact or, where that is not known, to leading order in 1/n, as
    ``ratio_limit_exactness`` says; ``ratio_bound`` is the least upper bound of the ratio, ``oo`` when it diverges.
    ``formula``, ``mean`` and ``stderr`` hold the risk at generations 1, 2, …; ``detectable`` is the smallest relative
    error in the formula that the run would have caught with probability 0.99. ``reason`` says why a case did not pass
    or, of a formula to leading order that did, how much it leaves out.
    """

    model: str
    workflow: str
    loss: str
    parameters: dict[str, str]
    generations: int
    replicates: int
    seed: int
    method: str
    closed_form: str | None
    leading_order: str | None
    general_form: str | None
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
        return f"{self.model}, {self.workflow}"


def verify(
    study: Study,
    jobs: int = 1,
    figures: Path | None = None,
    report: Callable[[CaseResult], None] = lambda result: None,
) -> list[CaseResult]:
    """Verify every case, in the order of the study whatever order they finish in.

    Parameters
    ----------
    study : Study
    jobs : positive int
        Processes. Cases are shared out among them; a lone case shares out its blocks of replicates instead. Results
        do not depend on it.
    figures : Path, optional
        Folder for one figure a case, drawn by the process that verified it.
    report : callable
        Called with each result as it comes.
    """
    cases = study.cases
    if jobs == 1 or len(cases) == 1:
        results = []
        with processes(jobs) as executor:
            for number, case in enumerate(cases):
                results.append(verify_case(case, number, figures, executor))
                report(results[-1])
        return results
    found: dict[int, CaseResult] = {}
    with processes(min(jobs, len(cases))) as executor:
        assert executor is not None
        futures = {executor.submit(verify_case, case, number, figures): number for number, case in enumerate(cases)}
        try:
            for future in as_completed(futures):
                found[futures[future]] = future.result()
                report(found[futures[future]])
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
        check = crosscheck(risk, simulation)
        formula = np.asarray(evaluate(risk, np.arange(1, case.generations + 1)), dtype=float)
        leading = risk.leading_order.closed_form if risk.closed_form is None else None
        limit_of_ratio, limit_exactness = ratio_limit(risk), risk.exactness
        if limit_of_ratio is None:
            limit_of_ratio, limit_exactness = ratio_limit(risk.leading_order), risk.leading_order.exactness
    except DomainError as error:
        raise error if str(error).startswith(case.label) else case.error(error) from None
    general, bound_of_ratio = _general(risk), _ratio_bound(risk)
    z = np.abs(np.asarray(check.z, dtype=float))
    result = CaseResult(
        model=model.name,
        workflow=_title(case.workflow, workflow.name),
        loss=case.loss,
        parameters={name: str(value) for name, value in case.parameters.items()},
        generations=case.generations,
        replicates=case.replicates,
        seed=case.seed,
        method=case.method,
        closed_form=_text(risk.closed_form),
        leading_order=_text(leading),
        general_form=_shortest(risk, general),
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
        theorem=general.latex(),
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
    if figures is not None:
        from selfgen.figures import draw_case, file_name

        draw_case(result, figures / file_name(number, result))
    return result


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
    """The limit of the risk over that of generation 1; None where it is not derived or the latter is 0 or infinite."""
    base = risk.baseline
    return None if base.is_zero or base.is_infinite else risk.ratio.limit


def _general(risk: Risk) -> Risk:
    """The risk with the model's parameters left as symbols where that can be derived, else as it is."""
    model = risk.model
    free = {field.name: None for field in fields(model) if field.default is None}  # type: ignore[arg-type]
    if isinstance(model, LinearRegression):
        # A symbolic signal is what says that more features than rows are meant.
        free["signal"] = parse("B", "signal") if model.overparameterised else None
    try:
        general = expected_risk(replace(model, **free), risk.workflow, loss=risk.loss)  # type: ignore[type-var]
    except DomainError:
        return risk
    return risk if general.closed_form is None and risk.closed_form is not None else general


def _shortest(risk: Risk, general: Risk) -> str | None:
    """The closed form, else its leading order, in numbers or in symbols, whichever is shorter."""
    closed = [one.closed_form for one in (general, risk)]
    forms = closed if closed[1] is not None else [one.leading_order.closed_form for one in (general, risk)]
    return min((readable(form) for form in forms if form is not None), key=len, default=None)


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
    bound, base = risk.bound, risk.baseline
    if bound is None or base.is_zero:
        return None
    return oo if bound == oo or base.is_infinite else bound / base


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
