"""The table of all models × workflows × losses, derived while the documentation is built."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path

from sympy import Expr, oo

import theory
from selfgen.catalogue import MODELS, SIMULATION, anchor, cell, concrete, tabled, workflows
from theory import G, NotDerivedError, Risk, expected_risk
from theory.latex import latex
from theory.models.base import Model
from theory.proof import Claim, ClosedForm, Growth, LeastBound, Limit, prove

HEAD = """\
# Every pair

Every model and loss under every workflow, derived when this page was built. Parameters are symbols, except that
support, entropy and perplexity of categories are for three words and n = 4, the Wasserstein loss for d = 1, and the
window for 2 blocks. *Exact*
is at every n, *leading order* in 1/n. *Values* means that there is no closed form, and that every value comes from the
recurrence; *simulation* that no argument covers the pair. The last column says for which of the formula, its limit or
growth, and its least upper bound there is a [certificate](../certificates.md) that the checker has accepted; none is
looked for where the formula is too long to show. [What is derived](../coverage.md) is the same on one screen.
"""
#: What a certificate is about, in a table.
SHORT: dict[type[Claim], str] = {ClosedForm: "formula", Limit: "limit", Growth: "growth", LeastBound: "bound"}
#: LaTeX longer than this fills more than a screen's width.
WIDEST = 420


def page(before: str = "") -> str:
    """Markdown: a section for each model, a table for each loss, a row for each workflow.

    To derive and prove all of it takes minutes: ``before``, the page as it was, is kept while the library is the
    same, which its last line tells.
    """
    mark = f"\n% {_state()}\n"
    return before if before.endswith(mark) else HEAD + "".join(sections(MODELS)) + mark


def _state() -> str:
    """A digest of all that the page is made from."""
    root = Path(theory.__file__).parent.parent
    sources = [*sorted((root / "theory").rglob("*.py")), root / "selfgen" / "catalogue.py", Path(__file__)]
    return sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()


def sections(models: Mapping[str, Model]) -> Iterator[str]:
    """The section of each of these models."""
    columns = workflows()
    for label, model in models.items():
        yield f"\n## {label[0].upper() + label[1:]}\n"
        for loss in tabled(model):
            yield f"\n### Loss: {loss}\n" if len(tabled(model)) > 1 else ""
            yield "\n| workflow | risk at G | limit | exactness | certificate |\n|---|---|---|---|---|\n"
            for name, workflow in columns.items():
                found = cell(model, workflow, loss)
                place = f'<span id="{anchor(label, loss, name)}"></span>'
                if found.kind == SIMULATION:
                    yield f"| {place}{name} | simulation | | | |\n"
                    continue
                risk = expected_risk(concrete(model, loss), workflow, loss=loss)
                formula, limit = _formula(risk.closed_form, "values"), _formula(risk.limit, "unknown")
                yield f"| {place}{name} | {formula} | {limit} | {risk.exactness} | {_certified(risk)} |\n"


def _certified(risk: Risk) -> str:
    """What is proved by a certificate that the checker accepts."""
    if risk.closed_form is not None and len(_written(risk.closed_form)) > WIDEST:
        return "not tried"
    known = {ClosedForm: risk.closed_form, Limit: risk.limit, Growth: risk.growth, LeastBound: risk.bound}
    found = []
    for kind, answer in known.items():
        if answer is None or answer.has(oo) or (kind is Growth and not answer.has(G)):
            continue
        try:
            prove(kind(risk))
        except NotDerivedError:
            continue
        found.append(SHORT[kind])
    return ", ".join(found) or "—"


def _formula(expression: Expr | None, otherwise: str) -> str:
    if expression is None:
        return otherwise
    if expression in (oo, -oo):
        return r"$-\infty$" if expression == -oo else r"$\infty$"
    written = _written(expression)
    return f"${written}$" if len(written) <= WIDEST else f"a closed form, {len(written)} characters long"


def _written(expression: Expr) -> str:
    """LaTeX without bars, which would end the cell of a table."""
    return latex(expression).replace("|", r"\vert ")
