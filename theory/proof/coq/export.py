r"""A claim as a Coq file: the derived recurrence, the claim about it, and its proof.

What is stated is what was derived. The file defines the moment recurrence of :class:`theory.Risk` by iteration; a
closed form is proved by induction to agree with it,

.. math:: m_{\text{start}-1} = m_0, \quad m_g = P_g m_{g-1} + f_g \;\Longrightarrow\;
          \text{offset} + \text{scale}\,(h_G m_G + c_G) = \text{closed form}(G) \quad \forall G .

Order and monotonicity are those of a certificate, limits those of the closed form. The library the proofs lean on
(``theory/proof/coq``) is written into the file: nothing but Coq's standard library is needed to compile it.
"""

from __future__ import annotations

import re
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
)

from theory.errors import DomainError, NotDerivedError
from theory.expressions.signs import Ranges
from theory.proof.claims import Claim, ClosedForm
from theory.proof.coq.compile import STANDARD_AXIOMS, CoqError, compile_coq, coqc_path
from theory.proof.coq.proofs import proof
from theory.proof.coq.sequence import Sequence
from theory.proof.coq.text import coq_term, identifier
from theory.proof.coq.theorem import Part
from theory.proof.coq.witness import is_probability, least_value
from theory.proof.texts import told_apart
from theory.risk import Risk
from theory.whole_file import write_text


def coq_source(claim: Claim | Risk) -> str:
    r"""A self-contained Coq file whose last theorem, ``claim``, is the claim; a risk stands for its closed form.

    The file states the claim for all parameters in their ranges, about the recurrence that was derived. With a closed
    form come the theorems that it leads to at once: ``ratio_closed_form``, ``bound`` and ``bound_is_least`` where the
    ratio is bounded by a multiple of π²/6, and ``from_weights``, that the weights of the workflow give the recurrence.

    Parameters
    ----------
    claim : Claim or Risk

    Raises
    ------
    DomainError
        When it is neither.
    NotDerivedError
        When the recurrence, the numbers in the claim or the signs of the proof cannot be written in Coq's standard
        library.

    Examples
    --------
    >>> from theory import Accumulate, Bernoulli, Replace, expected_risk
    >>> from theory.proof import NeverWorse
    >>> source = coq_source(NeverWorse(*(expected_risk(Bernoulli(), item) for item in (Accumulate(), Replace()))))
    >>> source[source.index("Theorem claim") :].splitlines()[0]
    'Theorem claim : forall G, (1 <= G)%nat -> accumulate_risk G <= replace_risk G.'
    """
    claim = ClosedForm(claim) if isinstance(claim, Risk) else claim
    if not isinstance(claim, Claim):
        raise DomainError(f"claim = {claim!r} is not a claim: give one of theory.proof, such as LeastBound(risk).")
    sequences = [Sequence.of(risk, prefix) for risk, prefix in zip(claim.risks, prefixes(claim.risks), strict=True)]
    return _file(sequences, proof(claim, sequences), isinstance(claim, ClosedForm))


def write_coq(path: str | Path, claim: Claim | Risk) -> list[str] | None:
    """Write the Coq file of a claim; compile it where ``coqc`` is installed.

    Returns
    -------
    list of str, or None
        The axioms the theorems rest on, all of the standard library's real numbers; None without ``coqc``.

    Raises
    ------
    NotDerivedError
        When the claim cannot be exported; nothing is written then.
    CoqError
        When the file does not compile or rests on any other axiom.
    """
    source = coq_source(claim)
    write_text(Path(path), source)
    if coqc_path() is None:
        return None
    axioms = compile_coq(source)
    foreign = sorted(set(axioms) - STANDARD_AXIOMS)
    if foreign:
        raise CoqError(f"the proofs rest on {', '.join(foreign)}, beyond the standard library's real numbers.")
    return axioms


def prefixes(risks: tuple[Risk, ...]) -> list[str]:
    """What tells risks apart in the file: workflows, models, designs, or else their places.

    Examples
    --------
    >>> from theory import Accumulate, LinearRegression, expected_risk
    >>> prefixes(tuple(expected_risk(LinearRegression(design=x), Accumulate()) for x in ("fresh", "shared")))
    ['fresh_', 'shared_']
    """
    if len(risks) == 1:
        return [""]
    described = [
        [risk.workflow.name, risk.model.name, *(x for x in risk.model.parameters.values() if isinstance(x, str))]
        for risk in risks
    ]
    written = [[re.sub(r"[^A-Za-z0-9]", "_", item) for item in names] for names in zip(*described, strict=False)]
    # Compared as they are written: two names may differ in what cannot be.
    apart = [names for names in written if len(set(names)) == len(names) and all(name[:1].isalpha() for name in names)]
    return [f"{item}_" for item in (apart[0] if apart else ("first", "second"))]


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


def _file(sequences: list[Sequence], theorems: list[Part], closed: bool) -> str:
    needed = library("Sums", "Iteration", "Tactics", *(name for theorem in theorems for name in theorem.needs))
    parts = ["From Coq Require Import Reals Lra Lia PeanoNat Psatz.\nOpen Scope R_scope.\n"]
    parts += [_inlined(name, text) for name, text in needed.items()]
    parts += [sequence.comment() for sequence in sequences]
    parts += ["Section Claim.", *_parameters(sequences, {theorem.name for theorem in theorems}, closed)]
    for sequence in sequences:
        parts += sequence.definitions()
    parts += {theorem.name: theorem.text() for theorem in theorems}.values()
    parts.append("End Claim.")
    # One question about all of them: to answer it Coq walks through the library each time.
    claims = ", ".join(dict.fromkeys(theorem.name for theorem in theorems if theorem.kind == "Theorem"))
    parts.append(f"Definition claims := ({claims}).\nPrint Assumptions claims.")
    return "\n\n".join(parts) + "\n"


def _parameters(sequences: Iterable[Sequence], theorems: set[str], closed: bool) -> Iterator[str]:
    """Variables and hypotheses: what is known of the parameters, and that no denominator vanishes.

    A closed form needs no signs: it holds where a probability is 0 or 1 too, unless it is divided by.
    """
    sequences = list(sequences)
    symbols: set[Symbol] = set()
    ranges: dict[Symbol, Expr] = {}
    hypotheses: list[str] = []
    for sequence in sequences:
        symbols |= sequence.parameters
        ranges |= dict(sequence.ranges)
        solved = f"{sequence.prefix}closed_form" in theorems
        for text in [*_conditions(sequence.recurrence.domain), *sequence.nondegenerate(solved)]:
            if text not in hypotheses:
                hypotheses.append(text)
    # A range may mention other parameters: T = d + 2 + t.
    symbols |= {other for symbol in symbols & set(ranges) for other in ranges[symbol].free_symbols}
    symbols = {symbol for symbol in symbols if not isinstance(symbol, Dummy)}
    told_apart(symbols)
    ordered = sorted(symbols, key=lambda item: item.name)
    if ordered:
        yield f"Variables ({' '.join(identifier(symbol) for symbol in ordered)} : R)."
    for symbol in ordered:
        whole = closed and not any(sequence.divides(symbol) for sequence in sequences)
        found = _range(symbol, ranges, whole)
        if symbol in ranges and is_probability(symbol, ranges) and not whole:
            yield f"(* The theorems below leave out {identifier(symbol)} = 0 and {identifier(symbol)} = 1. *)"
        hypotheses += [text for text in found if text not in hypotheses]
    if hypotheses:
        yield "\n".join(f"Hypothesis known_{index} : {text}." for index, text in enumerate(hypotheses, start=1))


def _range(symbol: Symbol, ranges: Ranges, whole: bool) -> list[str]:
    name = identifier(symbol)
    if symbol not in ranges:
        if symbol.is_positive:
            return [f"1 <= {name}" if symbol.is_integer else f"0 < {name}"]
        return [f"0 <= {name}"] if symbol.is_nonnegative else []
    least = least_value(symbol, ranges)
    if least is None:
        if not is_probability(symbol, ranges):
            return []
        if whole:
            return [f"0 <= {name} <= 1"]
        return [f"0 < {name} < 1" if symbol.is_positive else f"0 <= {name} < 1"]
    if least == 0 and symbol.is_positive:
        return [f"0 < {name}"]
    return [f"{coq_term(least)} <= {name}"]


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
