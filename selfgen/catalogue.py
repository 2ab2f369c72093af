"""What the library can derive, asked of the library itself: every model, loss and workflow.

``python -m selfgen.catalogue`` prints the table of docs/coverage.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from selfgen.proofs import certified
from theory import (
    AgeWeighted,
    Categorical,
    GaussianFit,
    KernelDensity,
    LinearRegression,
    NotDerivedError,
    Poisson,
    QuadraticVariance,
    Regular,
    RidgeRegression,
    Risk,
    expected_risk,
)
from theory.models.base import Model
from theory.models.bent import BentModel
from theory.models.exponential_family import ExponentialFamily
from theory.proof import Certificate
from theory.registry import EVERY_MODEL, WORKFLOWS, example
from theory.workflows.base import Workflow

CLOSED, VALUES, SIMULATION = "closed form", "values", "simulation"

_KINDS: dict[str, Model] = {
    "families with v2 = 0 (Gaussian mean, Poisson)": Poisson(),
    "families with v2 ≠ 0": QuadraticVariance(),
    "any regular model": Regular(),
    "linear regression, shared design": LinearRegression(design="shared"),
    "linear regression, fresh design": LinearRegression(),
    "linear regression, shared, d ≥ T + 2": LinearRegression(design="shared", signal="B"),
    "linear regression, fresh, d ≥ T + 2": LinearRegression(signal="B"),
    "Gaussian fit": GaussianFit(),
    "kernel density": KernelDensity(),
    "categorical": Categorical(),
}


def _kinds() -> dict[str, Model]:
    """The kinds above, and every model of the registry that is of none of them."""
    known = (ExponentialFamily, *map(type, _KINDS.values()))
    others = {name: built.general() for name, built in EVERY_MODEL.items() if not issubclass(built, known)}
    return _KINDS | {
        f"{name.replace('-', ' ')}{kind and f': {kind}'}": model
        for name, kinds in others.items()
        for kind, model in kinds.items()
    }


#: One of each kind of model, with numbers only where a loss needs them.
MODELS: dict[str, Model] = _kinds()


@dataclass(frozen=True)
class Cell:
    """What is known of one risk.

    Attributes
    ----------
    kind : "closed form", "values" (at every generation, by the recurrence) or "simulation" (nothing is derived)
    exactness : "exact" or "leading order"; empty for a simulation
    certified : whether the closed form has a certificate that the checker accepts
    """

    kind: str
    exactness: str
    certified: bool = False

    def __str__(self) -> str:
        if self.kind == SIMULATION:
            return SIMULATION
        proof = " ✓" if self.certified else ""
        return f"{self.kind if self.exactness == 'exact' else f'≈ {self.kind}'}{proof}"

    @property
    def mark(self) -> str:
        """The same as a sign: ● a closed form, ○ values, – a simulation, ≈ to leading order, ✓ certified."""
        if self.kind == SIMULATION:
            return "–"
        sign = "●" if self.kind == CLOSED else "○"
        return f"{'' if self.exactness == 'exact' else '≈'}{sign}{'✓' if self.certified else ''}"


def workflows() -> dict[str, Workflow]:
    """One of each kind of workflow."""
    # Ages by a law in numbers: with a symbol in it every step has a power of it.
    given: dict[str, Workflow] = {AgeWeighted.name: AgeWeighted("(1/2)**l")}
    return {name: given[name] if name in given else example(built) for name, built in WORKFLOWS.items()}


@cache
def derived(model: Model, workflow: Workflow, loss: str) -> tuple[Risk | None, Certificate | None]:
    """The risk, with numbers where the loss needs them, and the certificate of its closed form; None where none is."""
    try:
        risk = expected_risk(concrete(model, loss), workflow, loss=loss)
    except NotDerivedError:
        return None, None
    return risk, certified(risk)


def cell(model: Model, workflow: Workflow, loss: str) -> Cell:
    """Derive one risk and say how far that got."""
    risk, certificate = derived(model, workflow, loss)
    if risk is None:
        return Cell(SIMULATION, "")
    if risk.closed_form is None:
        return Cell(VALUES, risk.exactness)
    return Cell(CLOSED, risk.exactness, certificate is not None)


def concrete(model: Model, loss: str) -> Model:
    """The model with numbers where a loss is defined only for numbers, or where symbols make pages."""
    numbers: dict[str, object] = {}
    if isinstance(model, RidgeRegression):
        numbers = {"gamma": "1/2"}
    if isinstance(model, BentModel) and isinstance(model.model, ExponentialFamily):
        numbers = {"p": "1/3", "sigma": 1, "n": 20, "m": "1/2"}
    known = {symbol.name for symbol in model.free_symbols}
    given = {name: value for name, value in numbers.items() if name in known}
    if given:
        return model.subs(given)
    if isinstance(model, Categorical) and loss in ("support", "entropy", "perplexity"):
        return Categorical("uniform(3)", n=4)
    if isinstance(model, GaussianFit) and loss == "wasserstein":
        return GaussianFit(d=1)
    return model


def tabled(model: Model) -> tuple[str, ...]:
    """Losses that have a row: not the fourth moment, known wherever the squared error is, and long in symbols."""
    return tuple(loss for loss in model.losses if loss != "fourth")


def rows() -> Iterator[tuple[str, str, list[Cell]]]:
    """A model, a loss, and what is known under each of :func:`workflows`."""
    columns = workflows()
    for label, model in MODELS.items():
        for loss in tabled(model):
            yield label, loss, [cell(model, workflow, loss) for workflow in columns.values()]


def anchor(label: str, loss: str, workflow: str) -> str:
    """Where the page of all pairs tells of this one.

    >>> anchor("families with v2 ≠ 0", "squared", "fresh-real")
    'families-with-v2-not-0-squared-fresh-real'
    """
    words = f"{label} {loss} {workflow}".lower().replace("≠", "not").replace("≥", "at least").replace("→", "to")
    return re.sub(r"[^a-zγ0-9]+", "-", words).strip("-").replace("γ", "gamma")


def markdown() -> str:
    """The table in Markdown, each cell a link to its theorem."""
    lines = [
        "| model | loss | " + " | ".join(workflows()) + " |",
        "|---|---|" + "---|" * len(workflows()),
    ]
    for label, loss, cells in rows():
        linked = (_linked(item, anchor(label, loss, name)) for item, name in zip(cells, workflows(), strict=True))
        lines.append(f"| {label} | {loss} | " + " | ".join(linked) + " |")
    return "\n".join(lines)


def _linked(found: Cell, name: str) -> str:
    return f'<a href="generated/pairs.html#{name}" title="{found}">{found.mark}</a>'


if __name__ == "__main__":
    print(markdown())
