"""Verify a study: derive every case, simulate it, and let the simulation judge the formula."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path

import numpy as np
from sympy import Expr, RootSum, Symbol, oo

import theory
from numerics import evaluate, simulate
from numerics.crosscheck import ASKED, judged
from numerics.importance import is_needed
from numerics.loss_law import Spread
from numerics.samplers.choose import verify_numbers
from numerics.simulate import Simulation
from numerics.workers import workers
from selfgen.case_result import CaseResult
from selfgen.cluster import over_cluster
from selfgen.derived_case import Derived, Scatter, once
from selfgen.finished_cases import FinishedCases
from selfgen.proofs import certified
from selfgen.study import Case, Study
from selfgen.values import baseline_of, ratio_limit
from theory import DomainError, NotDerivedError, Risk, StepError, expected_risk
from theory.expressions.numerals import real_float
from theory.models.base import Model
from theory.models.units import computed_units
from theory.proof import Certificate, ClosedForm, prove
from theory.solver.bounds import DECREASING, INCREASING
from theory.whole_file import reason_of, write_whole
from theory.workflows.base import Workflow

#: How wide the text of a derivation is.
COLUMNS = 100


def verify(
    study: Study,
    jobs: int = 1,
    figures: Path | None = None,
    begin: Callable[[Case], None] = lambda case: None,
    finish: Callable[[Case, CaseResult], None] = lambda case, result: None,
    detectable: float = ASKED,
    finished: FinishedCases[CaseResult] | None = None,
    cached: bool = False,
    scheduler: str | None = None,
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
    detectable : positive float, default 0.25
        A case agrees only where a formula wrong by this share would have been caught, see :func:`numerics.crosscheck`.
    finished : FinishedCases, optional
        Cases that need not be done again, and where each is written as it ends, after its figure.
    cached : bool
        Whether what is derived may come from the user's cache, and is left there. Simulated is every time.
    scheduler : str, optional
        Address of a Dask scheduler, such as ``tcp://127.0.0.1:8786``: its workers verify the cases, a case each, and
        this process draws and writes; ``jobs`` is not used.
    """
    cases = study.cases
    kept = FinishedCases(CaseResult, None) if finished is None else finished
    found = {number: result for number, case in enumerate(cases) if (result := kept.of(case)) is not None}
    for number, result in found.items():
        _draw(cases[number], number, result, figures, anew=False)
        begin(cases[number])
        finish(cases[number], result)

    def end(number: int, result: CaseResult) -> None:
        kept.add(cases[number], result)
        found[number] = result
        finish(cases[number], result)

    left = [(number, case) for number, case in enumerate(cases) if number not in found]
    if scheduler is not None and left:
        work = [(case, None, detectable, cached) for _, case in left]
        for index, (result, certificate) in over_cluster(scheduler, _verified, work, lambda k: begin(left[k][1])):
            number, case = left[index]
            _draw(case, number, result, figures, certificate=certificate)
            end(number, result)
    elif jobs == 1 or len(left) <= 1:
        with processes(jobs if left else 1) as executor:
            for number, case in left:
                begin(case)
                end(number, verify_case(case, number, figures, executor, detectable, cached))
    else:
        _share_out(left, jobs, figures, detectable, cached, begin, end)
    return [found[number] for number in range(len(cases))]


def _share_out(
    left: Sequence[tuple[int, Case]],
    jobs: int,
    figures: Path | None,
    detectable: float,
    cached: bool,
    begin: Callable[[Case], None],
    end: Callable[[int, CaseResult], None],
) -> None:
    """Verify cases in processes, a case each. What a process that died has not finished gets one of its own."""
    lost: list[tuple[int, Case]] = []
    waiting = iter(left)
    with processes(min(jobs, len(left))) as executor:
        assert executor is not None
        running: dict[Future[CaseResult], tuple[int, Case]] = {}

        def start() -> None:
            for number, case in waiting:
                begin(case)
                try:
                    future = executor.submit(verify_case, case, number, figures, None, detectable, cached)
                except BrokenExecutor:
                    lost.append((number, case))
                else:
                    running[future] = number, case
                return

        # As many as there are processes: what is handed out is what runs.
        for _ in range(min(jobs, len(left))):
            start()
        while running:
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                number, case = running.pop(future)
                try:
                    result = future.result()
                except BrokenExecutor:
                    lost.append((number, case))
                else:
                    end(number, result)
                start()
    rest = list(waiting)
    for _, case in rest:
        begin(case)
    for number, case in (*lost, *rest):
        end(number, _in_a_process_of_its_own(case, number, figures, detectable, cached))


def _in_a_process_of_its_own(
    case: Case, number: int, figures: Path | None, detectable: float, cached: bool
) -> CaseResult:
    """Verify a case where it can end nothing but itself."""
    with workers(1) as executor:
        try:
            return executor.submit(verify_case, case, number, figures, None, detectable, cached).result()
        except BrokenExecutor:
            raise DomainError(
                f"{case.label}: the process that verified it died, as one does that needs more memory than there is."
            ) from None


def verify_case(
    case: Case,
    number: int = 0,
    figures: Path | None = None,
    executor: Executor | None = None,
    detectable: float = ASKED,
    cached: bool = False,
) -> CaseResult:
    """Derive, simulate and cross-check one case; ``cached``: what an earlier run derived is not derived again."""
    result, certificate = _verified(case, executor, detectable, cached)
    _draw(case, number, result, figures, certificate=certificate)
    return result


@computed_units()  # what looks like a slip of units was said when the study was read
def _verified(case: Case, executor: Executor | None, detectable: float, cached: bool) -> tuple[CaseResult, str | None]:
    """The result of a case, and its certificate."""
    started = time.perf_counter()
    try:
        model, workflow = case.build()
        derive = partial(_derive, case, model, workflow)
        # What stands in for the library's own derivation leaves nothing behind, and finds nothing.
        derived = once(case, model, workflow, derive) if cached and expected_risk is theory.expected_risk else derive()
        simulation = simulate(
            model,
            workflow,
            generations=case.generations,
            replicates=case.replicates,
            seed=case.seed,
            method=derived.method,
            loss=case.loss,
            executor=executor,
        )
        judging, expected = first_generations(simulation, case.checked), np.array(derived.formula[: case.checked])
        check = judged(expected, derived.exactness, judging, derived.scatter.spread(), detectable=detectable)
    except DomainError as error:
        raise error if str(error).startswith(case.label) else case.error(error) from None
    z = np.abs(np.asarray(check.z, dtype=float))
    known = {name: value for name, value in vars(derived).items() if name not in ("certificate", "scatter")}
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
        certified=None if derived.closed_form is None else derived.certificate is not None,
        mean=tuple(np.asarray(simulation.mean, dtype=float).tolist()),
        stderr=tuple(np.asarray(simulation.stderr, dtype=float).tolist()),
        worst_z=float(np.max(z)) if np.isfinite(z).any() else float("nan"),
        p_value=float(check.p_value),
        detectable=float(check.detectable),
        passed=bool(check.passed),
        verdict=check.verdict,
        replicates_needed=check.replicates_needed,
        reason=str(check.reason or ""),
        seconds=time.perf_counter() - started,
        **known,
    )
    return result, derived.certificate


def _derive(case: Case, model: Model, workflow: Workflow) -> Derived:
    """All that is derived of a case."""
    risk = expected_risk(model, workflow, loss=case.loss)
    verify_numbers(model, workflow)
    method: str = case.method
    if method == "exact-law" and is_needed(model, workflow, case.loss, case.generations, case.replicates):
        method = "importance"
    formula = np.asarray(evaluate(risk, np.arange(1, case.generations + 1)), dtype=float)
    leading = _leading_order(risk)
    first_order = leading.closed_form if risk.closed_form is None and leading is not None else None
    limit_of_ratio, limit_exactness = ratio_limit(risk), risk.exactness
    if limit_of_ratio is None and leading is not None:
        limit_of_ratio, limit_exactness = ratio_limit(leading), leading.exactness
    theorem, bound_of_ratio = _theorem(risk), _ratio_bound(risk)
    certificate = certified(risk)
    # In numbers and in symbols, but the same kind of formula.
    symbolic = theorem.form if theorem.closed == (risk.closed_form is not None) else None
    return Derived(
        method=method,
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
        certificate=None if certificate is None else certificate.json(),
        formula=tuple(formula.tolist()),
        scatter=Scatter.of(Spread.of(model, workflow, case.loss, method, case.checked)),
        derivation=theorem.derivation,
    )


def _draw(
    case: Case,
    number: int,
    result: CaseResult,
    figures: Path | None,
    anew: bool = True,
    certificate: str | None = None,
) -> None:
    """The figure of a case that has one, and its certificate; only where they are missing, unless ``anew``."""
    if figures is None:
        return
    from selfgen.figures import draw_case, file_name
    from selfgen.web_report.page import CERTIFICATES

    stem = file_name(number, result)
    if result.certified:
        path = figures / CERTIFICATES / f"{stem}.json"
        if anew or not path.exists():
            _save(certificate or _certificate(case).json(), path)
    if case.grid and result.passed:
        return
    path = figures / stem
    if anew or not all(path.with_suffix(suffix).exists() for suffix in (".png", ".pdf")):
        draw_case(result, path)


def _save(certificate: str, path: Path) -> None:
    """Write a certificate, whole or not at all."""
    try:
        path.parent.mkdir(exist_ok=True)
        write_whole(path, f"{certificate}\n".encode())
    except OSError as error:
        raise DomainError(f"{path} cannot be written: {reason_of(error)}.") from None


def _certificate(case: Case) -> Certificate:
    """The certificate of a case that is known to have one."""
    model, workflow = case.build()
    return prove(ClosedForm(expected_risk(model, workflow, loss=case.loss)))


def first_generations(simulation: Simulation, last: int) -> Simulation:
    """The same chains, stopped after generation ``last``."""
    if last >= simulation.generations:
        return simulation
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
        with workers(jobs) as executor:
            yield executor
    finally:
        for name, value in limits.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _leading_order(risk: Risk) -> Risk | None:
    """The risk to leading order in 1/n; None where that is not derived."""
    try:
        return risk.leading_order
    except DomainError:
        return None


@dataclass(frozen=True)
class _Theorem:
    """What is known of a risk as text: its closed form or that of its leading order, theorem line and derivation."""

    closed: bool
    form: str | None
    latex: str
    derivation: str


def _theorem(risk: Risk) -> _Theorem:
    """The theorem with the model's parameters left as symbols where that can be derived, else in these numbers."""
    general = risk.model.with_symbols()
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
    return _Theorem(risk.closed_form is not None, _form(risk), risk.latex(), _derivation(risk))


def _derivation(risk: Risk) -> str:
    """The steps to the theorem, every one checked as it is made; empty where none are told, or one does not hold.

    What a wrong step leads to is for the simulation to judge: it knows nothing of the steps.
    """
    try:
        return str(risk.derivation.check().text(COLUMNS))
    except (NotDerivedError, StepError):
        return ""


def _form(risk: Risk) -> str | None:
    """The closed form, else its leading order."""
    if risk.closed_form is not None:
        return readable(risk.closed_form)
    leading = _leading_order(risk)
    return None if leading is None or leading.closed_form is None else readable(leading.closed_form)


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
    return real_float(value)
