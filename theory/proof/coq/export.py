r"""A risk as a Coq file: the derived recurrence, its closed form, and what bounds it, with proofs.

What is stated is what was derived. The file defines the moment recurrence of :class:`theory.Risk` by iteration, claims
the closed form, and proves by induction that they agree,

.. math:: m_{\text{start}-1} = m_0, \quad m_g = P_g m_{g-1} + f_g \;\Longrightarrow\;
          \text{offset} + \text{scale}\,(h_G m_G + c_G) = \text{closed form}(G) \quad \forall G .

From the closed form of the ratio follow its least upper bound, where that is a multiple of
:math:`\sup_G H_G^{(2)} = \pi^2/6`, and the order of two workflows. The library the proofs lean on
(``theory/proof/coq``) is written into the file: nothing but Coq's standard library is needed to compile it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib.resources import files
from pathlib import Path

from sympy import (
    And,
    Basic,
    Dummy,
    Expr,
    GreaterThan,
    LessThan,
    S,
    StrictGreaterThan,
    StrictLessThan,
    Symbol,
    cancel,
)

from theory.errors import NotDerivedError
from theory.expected import expected_risk
from theory.models.base import Model
from theory.positivity import Ranges
from theory.proof.coq.bounds import bounds, from_weights
from theory.proof.coq.compile import STANDARD_AXIOMS, CoqError, compile_coq, coqc_path
from theory.proof.coq.order import never_worse
from theory.proof.coq.sequence import Sequence
from theory.proof.coq.text import coq_term, identifier
from theory.proof.coq.theorem import Theorem
from theory.proof.coq.witness import least_value
from theory.workflows.base import Workflow


def coq_source(
    model: Model, workflow: Workflow, loss: str = "squared", never_worse_than: Workflow | None = None
) -> str:
    r"""A self-contained Coq file about a model under a workflow, for all G and all parameters in the domain.

    Theorems, as far as they hold and can be written: ``closed_form``; ``ratio_closed_form``; ``bound`` and
    ``bound_is_least``; ``from_weights`` (the weights of the workflow give this recurrence). With
    ``never_worse_than``, the closed forms of both workflows and ``never_worse``.

    Parameters
    ----------
    model, workflow, loss
        As for :func:`theory.expected_risk`.
    never_worse_than : Workflow, optional
        Prove that the risk under ``workflow`` is at most that under this one, at every generation.

    Raises
    ------
    NotDerivedError
        When the risk has no finite linear recurrence, its closed form no name in the library, or no argument
        orders the two workflows.

    Examples
    --------
    >>> from theory import Accumulate, Bernoulli, Replace
    >>> source = coq_source(Bernoulli(), Accumulate(), never_worse_than=Replace())
    >>> [line for line in source.splitlines() if line.startswith("Theorem never_worse")]
    ['Theorem never_worse : 0 <= scale -> forall G, (1 <= G)%nat -> accumulate_risk G <= replace_risk G.']
    """
    if never_worse_than is None:
        sequence = Sequence.of(expected_risk(model, workflow, loss), "")
        theorems = [*sequence.closed_forms(), *sequence.ratio_closed_form(), *bounds(sequence)]
        return _file([sequence], [*theorems, *from_weights(sequence)])
    names = [identifier(Symbol(item.name.replace("-", "_"))) for item in (workflow, never_worse_than)]
    if names[0] == names[1]:
        names = [f"{name}_{index}" for index, name in enumerate(names, start=1)]
    small, large = (
        Sequence.of(expected_risk(model, item, loss), f"{name}_")
        for item, name in zip((workflow, never_worse_than), names, strict=True)
    )
    return _file([small, large], [*small.closed_forms(), *large.closed_forms(), *never_worse(small, large)])


def write_coq(
    path: str | Path,
    model: Model,
    workflow: Workflow,
    loss: str = "squared",
    never_worse_than: Workflow | None = None,
) -> list[str] | None:
    """Write the Coq file; compile it where ``coqc`` is installed.

    Returns
    -------
    list of str, or None
        The axioms the theorems rest on, all of the standard library's real numbers; None without ``coqc``.

    Raises
    ------
    CoqError
        When the file does not compile or rests on any other axiom.
    """
    source = coq_source(model, workflow, loss, never_worse_than)
    Path(path).write_text(source, encoding="utf-8")
    if coqc_path() is None:
        return None
    axioms = compile_coq(source)
    foreign = sorted(set(axioms) - STANDARD_AXIOMS)
    if foreign:
        raise CoqError(f"the proofs rest on {', '.join(foreign)}, beyond the standard library's real numbers.")
    return axioms


def library(*names: str) -> dict[str, str]:
    """Files of the library with all they require, in dependency order.

    Examples
    --------
    >>> list(library("Basel"))
    ['Sums', 'Basel']
    """
    folder = files("theory.proof.coq")
    found: dict[str, str] = {}

    def visit(name: str) -> None:
        text = (folder / f"{name}.v").read_text(encoding="utf-8")
        for line in text.splitlines():
            if line.startswith("From Selfgen Require Import"):
                for required in line.rstrip(".").split()[4:]:
                    visit(required)
        found.setdefault(name, text)

    for name in names:
        visit(name)
    return found


def _inlined(name: str, text: str) -> str:
    lines = []
    for line in text.splitlines():
        if line.startswith("From Coq Require Import"):
            continue
        lines.append(line.replace("From Selfgen Require Import", "Import"))
    body = "\n".join(lines).strip()
    return f"Module {name}.\n\n{body}\n\nEnd {name}.\nImport {name}.\n"


def _file(sequences: list[Sequence], theorems: list[Theorem]) -> str:
    needed = library("Sums", "Iteration", "Tactics", *(name for theorem in theorems for name in theorem.needs))
    parts = ["From Coq Require Import Reals Lra Lia PeanoNat Psatz.\nOpen Scope R_scope.\n"]
    parts += [_inlined(name, text) for name, text in needed.items()]
    for sequence in sequences:
        parts.append(sequence.comment())
    parts += ["Section Claim.", *_parameters(sequences)]
    scales = {coq_term(sequence.recurrence.scale) for sequence in sequences}
    if len(scales) > 1:
        raise NotDerivedError("the two workflows have risks in different units: no comparison is exported.")
    parts.append(f"Definition scale : R := {scales.pop()}.")
    for sequence in sequences:
        parts += sequence.definitions()
    parts += {theorem.name: theorem.text() for theorem in theorems}.values()
    parts.append("End Claim.")
    # One question about all of them: to answer it Coq walks through the library each time.
    claims = ", ".join(theorem.name for theorem in theorems if theorem.kind == "Theorem")
    parts.append(f"Definition claims := ({claims}).\nPrint Assumptions claims.")
    return "\n\n".join(parts) + "\n"


def _parameters(sequences: Iterable[Sequence]) -> Iterator[str]:
    """Variables and hypotheses: what is known of the parameters, and that no denominator vanishes."""
    symbols: set[Symbol] = set()
    ranges: dict[Symbol, Expr] = {}
    hypotheses: list[str] = []
    for sequence in sequences:
        symbols |= sequence.parameters
        ranges |= dict(sequence.ranges)
        for text in [*_conditions(sequence.recurrence.domain), *sequence.nondegenerate()]:
            if text not in hypotheses:
                hypotheses.append(text)
    # A range may mention other parameters: T = d + 2 + t.
    symbols |= {other for symbol in symbols & set(ranges) for other in ranges[symbol].free_symbols}
    symbols = {symbol for symbol in symbols if not isinstance(symbol, Dummy)}
    if len({identifier(symbol) for symbol in symbols}) < len(symbols):
        raise NotDerivedError(f"two of the parameters {symbols} have the same name in Coq: rename one.")
    ordered = sorted(symbols, key=lambda item: item.name)
    if ordered:
        yield f"Variables ({' '.join(identifier(symbol) for symbol in ordered)} : R)."
    for symbol in ordered:
        for text in _range(symbol, ranges):
            if text not in hypotheses:
                hypotheses.append(text)
    if hypotheses:
        yield "\n".join(f"Hypothesis known_{index} : {text}." for index, text in enumerate(hypotheses, start=1))


def _range(symbol: Symbol, ranges: Ranges) -> list[str]:
    name = identifier(symbol)
    if symbol not in ranges:
        if symbol.is_positive:
            return [f"1 <= {name}" if symbol.is_integer else f"0 < {name}"]
        return [f"0 <= {name}"] if symbol.is_nonnegative else []
    least = least_value(symbol, ranges)
    if least is None:
        if not _is_unit_interval(ranges[symbol]):
            return []
        return [f"0 < {name} < 1" if symbol.is_positive else f"0 <= {name} < 1"]
    if least == 0 and symbol.is_positive:
        return [f"0 < {name}"]
    return [f"{coq_term(least)} <= {name}"]


def _is_unit_interval(value: Expr) -> bool:
    """Whether the range is t/(1 + t) over t ≥ 0."""
    hidden = [t for t in value.free_symbols if isinstance(t, Dummy)]
    return len(hidden) == 1 and cancel(value - hidden[0] / (1 + hidden[0])) == 0


_RELATIONS = {GreaterThan: "<=", LessThan: "<=", StrictGreaterThan: "<", StrictLessThan: "<"}


def _conditions(domain: Basic) -> list[str]:
    if domain == S.true:
        return []
    if domain == S.false:
        raise NotDerivedError("the risk is infinite from some generation on: there is nothing to export.")
    found = []
    for item in And.make_args(domain):
        if type(item) not in _RELATIONS:
            raise NotDerivedError(f"the condition {item} cannot be exported: inequalities between parameters can.")
        found.append(f"{coq_term(item.lts)} {_RELATIONS[type(item)]} {coq_term(item.gts)}")
    return found
