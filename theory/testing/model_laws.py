r"""The laws that every model keeps, its own or the user's: :func:`check_model`."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from statistics import NormalDist
from typing import Any

from sympy import Expr, Float, N, Rational, S, Symbol, nan, oo, simplify, sympify, zoo

from theory.errors import DomainError, LawViolation
from theory.expected import expected_risk
from theory.expressions.arguments import whole_number
from theory.expressions.symbols import G
from theory.models.base import Model
from theory.models.exponential_family import ExponentialFamily
from theory.proof import CertificateError, ClosedForm, check, prove
from theory.risk import Risk
from theory.testing.simulators import SIMULATORS
from theory.workflows import Accumulate, FreshReal, RealPlusLatest, Replace, SlidingWindow, Workflow

#: Workflows under which a model is looked at, where none are given.
WORKFLOWS: tuple[Workflow, ...] = (Replace(), Accumulate(), FreshReal())
#: Workflows whose first model is fitted on the same real block.
_SAME_START: tuple[Workflow, ...] = (
    Replace(), Accumulate(), FreshReal(), RealPlusLatest(), SlidingWindow(2), Replace(sizes="j"),
)  # fmt: skip
#: A correct model fails the simulated law with this probability, over all its losses, workflows and generations.
LEVEL = 1e-6
#: An error is detectable when it would have been found with this probability.
POWER = 0.99
#: Simulations that could only see larger relative errors than this are no check.
DETECTABLE = 0.25
#: Beyond this share of the sum of squares one chain moves the score by 1/3, whatever the law.
_DOMINANT = 0.1
#: Digits to which values that are written differently are compared.
_DIGITS = 30


@dataclass(frozen=True)
class ModelReport:
    """What :func:`check_model` looked at.

    Attributes
    ----------
    checked : names of the laws that were checked, and hold
    skipped : why a law was not checked, by its name; one that holds in part may be in both

    Notes
    -----
    Written here.

    Examples
    --------
    >>> from theory import Poisson
    >>> report = check_model(Poisson(rate=2, n=4), generations=2)
    >>> "values" in report.checked, "simulation" in report.skipped or "simulation" in report.checked
    (True, True)
    """

    checked: tuple[str, ...]
    skipped: dict[str, str]

    def __str__(self) -> str:
        lines = [f"{law}: holds" for law in self.checked]
        lines += [f"{law}: not checked: {reason}" for law, reason in self.skipped.items()]
        return "\n".join(lines)


def check_model(
    model: Model,
    workflows: Sequence[Workflow] = WORKFLOWS,
    generations: int = 4,
    simulate: Callable[..., Any] | None = None,
    replicates: int = 20_000,
    executor: Executor | None = None,
    losses: Sequence[str] | None = None,
) -> ModelReport:
    r"""Check the laws that any model must keep, under every one of its losses.

    1. *Unknown loss*: it is refused with a DomainError.
    2. *Own moment*: generation 1 is fitted on the real block alone, so its risk is that of one fit, the same under
       every workflow; V(μ)/n for an exponential family under squared error.
    3. *Values*: exact numbers, not below zero for a squared error; the closed form, where there is one, gives them.
    4. *Symbols*: the risk with a symbol for a parameter, and a number put in afterwards, is that of the number; in the
       risk, in the model and in the workflow alike, so that ``subs`` commutes with the derivation.
    5. *Certificates*: a closed form has a certificate that the checker accepts, wherever one is found.
    6. *Split*: where a squared error splits, the risk is bias² + variance, the bias being in the units of the loss.
    7. *Copies*: the model and its risk survive ``copy``, ``deepcopy`` and a pickle, with the same values.
    8. *Process pools*: computed by another process they are the same.
    9. *Simulation*: a simulation agrees within what it can detect,
       :math:`|\hat r_g - r_g| \le z\,\mathrm{se}_g`, and would have seen a relative error of 25 %.

    Parameters
    ----------
    model : Model
        Built in or your own, with numbers for parameters.
    workflows : sequence of Workflow
        With numbers for parameters; those for which the model is not derived are left out, and reported.
    generations : int, default 4
        Values are compared so far.
    simulate : callable, optional
        ``simulate(model, workflow, generations=…, replicates=…, loss=…)`` returns an object with ``mean`` and
        ``stderr`` at generations 1 … G. Without it that of :mod:`numerics`, once this is imported: the theory draws no
        random numbers.
    replicates : int, default 20 000
        Chains to simulate.
    executor : concurrent.futures.Executor, optional
        A pool of processes, best one that starts them afresh (``mp_context=get_context("spawn")``); without it one
        interpreter is started.

    losses : sequence of str, optional
        Some of the model's losses; all of them where none are given.

    Returns
    -------
    ModelReport
        Which laws were checked, and why others were not: printed, it is one line a law.

    Raises
    ------
    LawViolation
        Naming the law, the loss, the workflow and the generation, what was expected and what was found.

    Notes
    -----
    Derived here.

    Examples
    --------
    >>> from theory import Bernoulli
    >>> report = check_model(Bernoulli(p="1/3", n=4))
    >>> report.checked[:4]
    ('unknown loss', 'own moment', 'values', 'symbols')
    """
    last = whole_number("generations", generations, 1)
    count = whole_number("replicates", replicates, 2)
    if not isinstance(model, Model):
        raise DomainError(f"model = {model!r} is not a model: give an instance of a Model subclass.")
    with _law("parameters", "a model is a frozen dataclass of exact numbers"):
        parameters = model.free_symbols
    if parameters:
        names = ", ".join(sorted(symbol.name for symbol in parameters))
        raise DomainError(f"model = {model} has symbols ({names}): laws are checked on numbers.")
    checking = _Checking(model, tuple(workflows), last)
    checking.unknown_loss()
    if losses is not None:
        for loss in losses:
            model.verify_loss(loss)
    checking.derive(model.losses if losses is None else tuple(losses))
    checking.own_moment()
    checking.values()
    checking.symbols()
    checking.certificates()
    checking.split()
    checking.copies()
    checking.process_pools(executor)
    checking.simulation(simulate, count)
    return ModelReport(tuple(checking.checked), checking.skipped)


@dataclass(frozen=True)
class _Cell:
    """One loss under one workflow, with the exact risks of the first generations."""

    risk: Risk
    values: tuple[Expr, ...]

    @property
    def where(self) -> str:
        return f"loss {self.risk.loss}, workflow {self.risk.workflow.name}"


class _Checking:
    """The laws, one method each."""

    def __init__(self, model: Model, workflows: tuple[Workflow, ...], last: int) -> None:
        self.model, self.workflows, self.last = model, workflows, last
        self.checked: list[str] = []
        self.skipped: dict[str, str] = {}
        self.cells: list[_Cell] = []

    def unknown_loss(self) -> None:
        """A name that is no loss is refused, and every one of the model's is text."""
        law = "unknown loss"
        if not self.model.losses or not all(isinstance(loss, str) for loss in self.model.losses):
            raise LawViolation(f"{law}: losses are {self.model.losses!r}, and must be names, one or more.")
        unknown = "no loss of this name"
        try:
            expected_risk(self.model, Replace(), loss=unknown)
        except DomainError:
            self.checked.append(law)
        except Exception as error:
            raise LawViolation(
                f"{law}: loss = {unknown!r} raises {type(error).__name__} instead of a DomainError."
            ) from error
        else:
            raise LawViolation(f"{law}: loss = {unknown!r} is answered, and must be refused with a DomainError.")

    def derive(self, losses: tuple[str, ...]) -> None:
        """The risks that all other laws are about."""
        for loss in losses:
            refused = []
            for workflow in self.workflows:
                try:
                    with _law("values", f"loss {loss}, workflow {workflow.name}"):
                        risk = expected_risk(self.model, workflow, loss=loss)
                        values = tuple(sympify(value) for value in islice(risk.recurrence.values(), self.last))
                except DomainError as error:
                    refused.append(f"{workflow.name}: {error}")
                    continue
                self.cells.append(_Cell(risk, values))
            if refused:
                self.skipped[f"loss {loss}"] = " ".join(refused)
        if not self.cells:
            raise DomainError(f"model = {self.model} has no risk under any of the workflows: nothing can be checked.")

    def own_moment(self) -> None:
        """Generation 1 is the same fit whatever the workflow; exact values are compared, and leading orders."""
        law = "own moment"
        for loss in dict.fromkeys(cell.risk.loss for cell in self.cells):
            known: dict[str, tuple[str, Expr]] = {}
            for workflow in (*self.workflows, *_SAME_START):
                try:
                    risk = expected_risk(self.model, workflow, loss=loss)
                    first = next(iter(risk.recurrence.values()))
                except DomainError:
                    continue
                name, value = known.setdefault(risk.exactness, (workflow.name, first))
                _same(law, f"loss {loss}", 1, value, first, f"under {name}, under {workflow.name}")
            if isinstance(self.model, ExponentialFamily) and loss == "squared" and "exact" in known:
                # From the coefficients, which simulations draw by: a model may state a variance of its own.
                v0, v1, v2 = self.model.variance_coefficients
                own = (v0 + v1 * self.model.truth + v2 * self.model.truth**2) / self.model.n
                _same(law, f"loss {loss}", 1, own, known["exact"][1], "V(μ)/n, the risk")
        self.checked.append(law)

    def values(self) -> None:
        """Exact, of the sign that a squared error has, and those of the closed form."""
        law = "values"
        for cell in self.cells:
            for g, value in enumerate(cell.values, start=1):
                if not value.is_number or value.has(nan, zoo) or (value != oo and value.has(Float)):
                    raise LawViolation(f"{law}: {cell.where}: at g = {g} the risk is {value}, no exact number.")
                if cell.risk.loss == "squared" and N(value) < 0:
                    raise LawViolation(f"{law}: {cell.where}: at g = {g} the squared error is {value}, below zero.")
            closed = cell.risk.closed_form
            if closed is None:
                continue
            for g, value in enumerate(cell.values, start=1):
                _same(law, cell.where, g, value, closed.subs(G, g), "by the recurrence, by the closed form")
        self.checked.append(law)

    def symbols(self) -> None:
        """A number put in late is a number put in early."""
        law, found = "symbols", 0
        reasons: list[str] = []
        for name, value in self.model.parameters.items():
            if not (isinstance(value, Expr) and value.is_number):
                continue
            symbol = _symbol(name, value, self.model.roles.get(name))
            try:
                general = replace(self.model, **{name: symbol})  # type: ignore[type-var]
            except (DomainError, TypeError, ValueError) as error:
                reasons.append(f"{name}: {error}")
                continue
            if general.free_symbols != {symbol}:
                raise LawViolation(f"{law}: with {name} = {symbol} the model has the symbols {general.free_symbols}.")
            for cell in self.cells:
                found += self._commutes(law, cell, general, symbol, value, reasons)
        if found:
            self.checked.append(law)
        else:
            self.skipped[law] = "no parameter may be a symbol. " + " ".join(dict.fromkeys(reasons))

    def _commutes(self, law: str, cell: _Cell, general: Model, symbol: Symbol, value: Expr, reasons: list[str]) -> bool:
        try:
            risk = expected_risk(general, cell.risk.workflow, loss=cell.risk.loss)
            late = tuple(islice(risk.recurrence.values(), self.last))
        except DomainError as error:
            reasons.append(str(error))
            return False
        where = f"{cell.where}, {symbol} = {value}"
        early_risk = risk.subs(symbol, value)
        early_model = general.subs(symbol, value)
        if early_model != self.model:
            raise LawViolation(f"{law}: {where}: subs gives {early_model!r} instead of {self.model!r}.")
        if early_risk.exactness != cell.risk.exactness:
            return False
        for g, known in enumerate(cell.values, start=1):
            inserted = sympify(late[g - 1]).subs(symbol, value)
            if risk.exactness == cell.risk.exactness and not inserted.has(nan, zoo):
                _same(law, where, g, known, inserted, "numbers at once, numbers put into symbols")
            _same(law, where, g, known, early_risk.at(g), "numbers at once, Risk.subs")
        return True

    def certificates(self) -> None:
        """What is found is accepted; what is not found says so."""
        law, found = "certificates", 0
        reasons: list[str] = []
        for cell in self.cells:
            if cell.risk.closed_form is None:
                continue
            try:
                certificate = prove(ClosedForm(cell.risk))
            except DomainError as error:
                reasons.append(f"{cell.where}: {error}")
                continue
            try:
                accepted = check(certificate.json())
            except CertificateError as error:
                raise LawViolation(f"{law}: {cell.where}: the checker refuses it: {error}") from error
            if not accepted:
                raise LawViolation(f"{law}: {cell.where}: the checker refuses it.")
            found += 1
        if found:
            self.checked.append(law)
        if reasons or not found:
            self.skipped[law] = " ".join(reasons) or "there is no closed form."

    def split(self) -> None:
        """A squared error is the squared bias and the variance, each of them derived for itself."""
        law, found = "split", 0
        reasons: list[str] = []
        for cell in self.cells:
            if cell.risk.loss != "squared":
                continue
            try:
                bias, variance = (_values(part, self.last) for part in (cell.risk.bias, cell.risk.variance))
            except DomainError as error:
                reasons.append(f"{cell.where}: {error}")
                continue
            for g, (known, mean, spread) in enumerate(zip(cell.values, bias, variance, strict=True), start=1):
                if known not in (oo, -oo):
                    _same(law, cell.where, g, known, mean**2 + spread, "the risk, bias² + variance")
            found += 1
        if found:
            self.checked.append(law)
        if reasons or not found:
            self.skipped[law] = " ".join(reasons) or "there is no squared error."

    def copies(self) -> None:
        """A copy is equal, and so are its risks."""
        law = "copies"
        ways: dict[str, Callable[[Any], Any]] = {
            "copy.copy": copy.copy,
            "copy.deepcopy": copy.deepcopy,
            "a pickle": lambda value: pickle.loads(pickle.dumps(value)),
        }
        for way, copied in ways.items():
            with _law(law, way):
                twin = copied(self.model)
                equal = twin == self.model and hash(twin) == hash(self.model)
            if not equal or type(twin) is not type(self.model):
                raise LawViolation(f"{law}: {way} of {self.model!r} is {twin!r}, which is not equal to it.")
            for cell in self.cells:
                with _law(law, f"{way}, {cell.where}"):
                    values = (
                        _values(copied(cell.risk), self.last),
                        _values(expected_risk(twin, cell.risk.workflow, loss=cell.risk.loss), self.last),
                    )
                for g, known in enumerate(cell.values, start=1):
                    for own in values:
                        _same(law, f"{way}, {cell.where}", g, known, own[g - 1], "before, after")
        self.checked.append(law)

    def process_pools(self, executor: Executor | None) -> None:
        """Pickled here, derived there."""
        law = "process pools"
        modules = {type(part).__module__ for part in (self.model, *(cell.risk.workflow for cell in self.cells))}
        unknown = sorted(name for name in modules if not _has_file(name))
        if executor is None and unknown:
            self.skipped[law] = f"a fresh process does not know what is defined in {unknown[0]}: define it in a module."
            return
        with _law(law, "all losses and workflows"):
            parcel = pickle.dumps([(self.model, cell.risk) for cell in self.cells])
            found = (
                _in_a_fresh_process(parcel, self.last)
                if executor is None
                else executor.submit(elsewhere, parcel, self.last).result()
            )
        for cell, (there, carried, unproved) in zip(self.cells, found, strict=True):
            for g, known in enumerate(cell.values, start=1):
                _same(law, cell.where, g, known, there[g - 1], "here, in another process")
                _same(law, cell.where, g, known, carried[g - 1], "here, by the risk sent to another process")
            if unproved is not None:
                raise LawViolation(f"{law}: {cell.where}: in another process the closed form has no proof: {unproved}")
        self.checked.append(law)

    def simulation(self, simulate: Callable[..., Any] | None, replicates: int) -> None:
        """One Gaussian bound over all comparisons, and what it could have seen."""
        law = "simulation"
        simulate = simulate or next(iter(SIMULATORS), None)
        if simulate is None:
            self.skipped[law] = "import numerics, or give simulate=."
            return
        reasons: list[str] = []
        # Bonferroni: losses of one chain are correlated, which makes the bound safer.
        bound = -NormalDist().inv_cdf(LEVEL / (2 * len(self.cells) * self.last))
        margin = bound + NormalDist().inv_cdf(POWER)
        found = 0
        for cell in self.cells:
            reason = self._simulated(law, cell, simulate, replicates, bound, margin)
            found += reason is None
            if reason is not None:
                reasons.append(f"{cell.where}: {reason}")
        if found:
            self.checked.append(law)
        if reasons:
            self.skipped[law] = " ".join(reasons)

    def _simulated(
        self, law: str, cell: _Cell, simulate: Callable[..., Any], replicates: int, bound: float, margin: float
    ) -> str | None:
        risk = cell.risk
        if risk.exactness != "exact":
            return "the formula is to leading order, and what it leaves out may be found."
        if any(value in (oo, -oo) for value in cell.values):
            return "the risk is infinite."
        if self.model.finite_variance(risk.workflow, risk.loss) == S.false:
            return "the loss has no finite variance."
        try:
            run = simulate(self.model, risk.workflow, generations=self.last, replicates=replicates, loss=risk.loss)
        except DomainError as error:
            return str(error)
        if max(getattr(run, "largest_share", [0.0])) > _DOMINANT:
            return "heavy tails: one chain outweighs the others, so that the standard error cannot be trusted."
        weakest = 0.0
        for g, value in enumerate(cell.values, start=1):
            derived, mean, spread = float(N(value)), float(run.mean[g - 1]), float(run.stderr[g - 1])
            rounding = 1e-9 * abs(derived)
            # Losses that are all alike have the spread that rounding makes.
            if spread <= 1e-12 * abs(mean) and abs(mean - derived) > rounding:
                return f"all {replicates} chains have the same loss at g = {g}: what is rare was not seen."
            if abs(mean - derived) > bound * spread + rounding:
                raise LawViolation(
                    f"{law}: {cell.where}: at g = {g} {replicates} chains give {mean:.6g} ± {spread:.2g}, and the "
                    f"derived risk is {derived:.6g}."
                )
            if derived:
                weakest = max(weakest, margin * spread / abs(derived))
        if weakest > DETECTABLE:
            return f"{replicates} chains could only have seen an error of {weakest:.0%}."
        return None


Answer = tuple[list[Expr], list[Expr], str | None]


def _has_file(module: str) -> bool:
    """Whether another process can import it: a script, a notebook and a page are no modules there."""
    return module != "__main__" and getattr(sys.modules.get(module), "__file__", None) is not None


def elsewhere(parcel: bytes, last: int) -> list[Answer]:
    """In another process: the values derived there, those of the risk sent, and why its closed form has no proof."""
    found: list[Answer] = []
    for model, risk in pickle.loads(parcel):
        derived = expected_risk(model, risk.workflow, loss=risk.loss)
        proofs = [_unproved(tried) for tried in (derived, risk)]
        # What has no proof in either form is none of the other process's doing.
        found.append((_values(derived, last), _values(risk, last), proofs[1] if proofs[0] is None else None))
    return found


def _unproved(risk: Risk) -> str | None:
    try:
        prove(ClosedForm(risk))
    except DomainError as error:
        return str(error)
    return None


def _in_a_fresh_process(parcel: bytes, last: int) -> list[Answer]:
    """The same in an interpreter of its own: what is started from a script without a main guard cannot start pools."""
    code = (
        f"import pickle, sys; sys.path[:] = {sys.path!r}; from {__name__} import elsewhere; "
        f"sys.stdout.buffer.write(pickle.dumps(elsewhere(sys.stdin.buffer.read(), {last})))"
    )
    done = subprocess.run([sys.executable, "-c", code], input=parcel, capture_output=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr.decode(errors="replace").strip().rsplit("\n", 1)[-1])
    return pickle.loads(done.stdout)


def _values(risk: Risk, last: int) -> list[Expr]:
    return [sympify(value) for value in islice(risk.recurrence.values(), last)]


def _symbol(name: str, value: Expr, role: str | None) -> Symbol:
    """A symbol with what is known of the value."""
    if role == "count" or (value.is_Integer and value.is_positive and role is None):
        return Symbol(f"{name}_", integer=True, positive=True)
    return Symbol(f"{name}_", positive=True) if value.is_positive else Symbol(f"{name}_", real=True)


def _same(law: str, where: str, g: int, known: Expr, found: Any, how: str) -> None:
    """Equal exact numbers; those that are written differently, to thirty digits."""
    found = sympify(found)
    if known == found:
        return
    if known.is_infinite or found.is_infinite or found.has(nan, zoo) or not found.is_number:
        equal = False
    else:
        difference, scale = N(known - found, 2 * _DIGITS, chop=True), abs(N(known, _DIGITS))
        equal = bool(abs(difference) <= scale * Rational(1, 10**_DIGITS)) or simplify(known - found) == 0
    if not equal:
        raise LawViolation(f"{law}: {where}: at g = {g} there are {known} and {found} ({how}).")


@contextmanager
def _law(law: str, where: str) -> Iterator[None]:
    """Errors of the model's own break the law; refusals pass."""
    try:
        yield
    except (DomainError, LawViolation):
        raise
    except Exception as error:
        raise LawViolation(f"{law}: {where}: {type(error).__name__}: {error}") from error


__all__ = ["ModelReport", "check_model"]
