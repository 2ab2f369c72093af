"""What an exported Coq file says, and what is refused: none of it needs Coq."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import Integer, Rational, Symbol, cancel

from theory import (
    Accumulate,
    AccumulateSubsample,
    Bernoulli,
    Exponential,
    FreshReal,
    KernelDensity,
    LinearRegression,
    Poisson,
    QuadraticVariance,
    Regular,
    Replace,
    SlidingWindow,
    expected_risk,
)
from theory.errors import DomainError, NotDerivedError
from theory.expressions.parser import parse
from theory.expressions.signs import unit_interval
from theory.models.base import Model
from theory.proof import (
    Claim,
    ClosedForm,
    Growth,
    LeastBound,
    Limit,
    LowerLimit,
    Monotone,
    NeverWorse,
    Remainder,
)
from theory.proof.coq import compile as coq_compile
from theory.proof.coq import export as coq_export
from theory.proof.coq.compile import CoqError, compile_coq
from theory.proof.coq.export import coq_source, write_coq
from theory.proof.coq.text import coq_term
from theory.proof.coq.witness import witness
from theory.risk import Risk
from theory.workflows.base import Workflow


def _risk(model: Model, workflow: Workflow, loss: str = "squared") -> Risk:
    return expected_risk(model, workflow, loss)


REGULAR = {workflow.name: _risk(Regular(), workflow) for workflow in (Accumulate(), AccumulateSubsample(), Replace())}
ACCUMULATE, SUBSAMPLE, REPLACE = REGULAR.values()
FRESH, SHARED = (_risk(LinearRegression(design=design), Accumulate()) for design in ("fresh", "shared"))
PROPORTION = _risk(Bernoulli(), Accumulate())

#: Claims and what the file must state of them; the last theorem is the claim.
STATED: list[tuple[Claim, list[str]]] = [
    (ClosedForm(REPLACE), ["risk G / risk 1 = INR G.", "is_risk 1 0 1 latest solution", "risk G = INR G * p / n."]),
    (
        ClosedForm(ACCUMULATE),
        ["risk G / risk 1 = harmonic 2 G.", "risk G / risk 1 < PI ^ 2 / 6.", "Theorem bound_is_least"],
    ),
    (ClosedForm(SUBSAMPLE), ["risk G / risk 1 = 3 * harmonic 2 G - 2.", "risk G / risk 1 < -2 + PI ^ 2 / 2."]),
    (ClosedForm(SUBSAMPLE.ratio), ["Theorem claim : forall G, (1 <= G)%nat -> risk G = 3 * harmonic 2 G - 2."]),
    (ClosedForm(PROPORTION), ["Theorem bound :", "is_risk 1 (-1 / n) 1 pooled solution"]),
    (ClosedForm(FRESH), ["Theorem bound :"]),
    (ClosedForm(_risk(KernelDensity(), Accumulate(), "variance")), ["harmonic 1 G"]),
    (Monotone(PROPORTION), ["Theorem claim : forall g, (1 <= g)%nat -> risk g <= risk (S g)."]),
    (
        Monotone(_risk(Bernoulli(), FreshReal())),
        ["Theorem claim : forall g, (1 <= g)%nat -> risk (S g) <= risk g.", "0 < p < 1."],
    ),
    (
        NeverWorse(ACCUMULATE, SUBSAMPLE),
        ["Theorem claim : forall G, (1 <= G)%nat -> accumulate_risk G <= accumulate_subsample_risk G."],
    ),
    (NeverWorse(FRESH, SHARED), ["Theorem claim : forall G, (1 <= G)%nat -> fresh_risk G <= shared_risk G."]),
    (
        NeverWorse(*(_risk(QuadraticVariance(), workflow) for workflow in (Accumulate(), Replace()))),
        ["Theorem claim : 0 <= accumulate_scale -> forall G, (1 <= G)%nat -> accumulate_risk G <= replace_risk G."],
    ),
    (Limit(SUBSAMPLE.ratio), ["Theorem claim : Un_cv risk (-2 + PI ^ 2 / 2)."]),
    (LeastBound(SHARED), ["Theorem claim : is_lub (value_of risk) (PI ^ 2 * d / (6 * (T - d - 1)))."]),
    (LeastBound(_risk(Poisson(), FreshReal())), ["Theorem claim : is_lub (value_of risk) (lambda / n)."]),
    (
        LowerLimit(ACCUMULATE.ratio, SUBSAMPLE.ratio),
        [
            "Theorem claim : Un_cv accumulate_risk (PI ^ 2 / 6) /\\ Un_cv accumulate_subsample_risk (-2 + PI ^ 2 / 2) "
            "/\\ PI ^ 2 / 6 < -2 + PI ^ 2 / 2."
        ],
    ),
    (Growth(REPLACE), ["Theorem claim : cv_infty risk /\\ Un_cv (fun G => risk G / (INR G * p / n)) 1."]),
    (
        Remainder(ACCUMULATE.ratio),
        ["Theorem claim : forall G, (1 <= G)%nat -> Rabs (risk G - (PI ^ 2 / 6 - 1 / INR G)) <= 1 / (2 * INR G ^ 2)."],
    ),
]


@pytest.mark.parametrize(("claim", "statements"), STATED, ids=lambda item: getattr(item, "statement", ""))
def test_export_states_the_claim(claim: Claim, statements: list[str]) -> None:
    source = coq_source(claim)
    for statement in statements:
        assert statement in source
    assert re.findall(r"^Theorem (\w+)", source, flags=re.M)[-1] == "claim"


def test_the_expression_of_a_remainder_is_the_expansion() -> None:
    source = coq_source(Remainder(SUBSAMPLE.ratio, terms=3))
    assert "Rabs (risk G - (-2 + PI ^ 2 / 2 - 3 / INR G + 3 / (2 * INR G ^ 2)))" in source


# -- what the file is made of --------------------------------------------------------------------------------


@given(
    numerator=st.lists(st.integers(-9, 9), min_size=1, max_size=4),
    denominator=st.lists(st.integers(-9, 9), min_size=1, max_size=3),
    scale=st.fractions(min_value=-3, max_value=3, max_denominator=9),
)
@settings(derandomize=True, deadline=None, max_examples=60)
def test_printed_term_reads_back(numerator: list[int], denominator: list[int], scale: Fraction) -> None:
    x, y = Symbol("x"), Symbol("y")
    top = sum((Integer(c) * x**k for k, c in enumerate(numerator)), Integer(0))
    bottom = sum((Integer(c) * y**k for k, c in enumerate(denominator)), y**3)
    expression = Integer(scale.numerator) / scale.denominator * top / bottom - 1 / x**2
    text = coq_term(expression, {x: "INR g"})
    read = parse(text.replace("INR g", "x").replace("^", "**"), "term").subs({"x": x, "y": y})
    assert cancel(read.subs({s: Symbol(s.name) for s in read.free_symbols}) - expression) == 0


def test_witness_is_the_expression_at_the_next_generation() -> None:
    g, n = Symbol("g"), Symbol("n", integer=True, positive=True)
    expression = 1 - 1 / (n * g**2)
    text = witness(expression, g, 1, {})
    assert text is not None
    read = parse(text.replace("INR g", "x").replace("^", "**"), "term")
    values = {symbol: {"x": 5, "n": 3}[symbol.name] for symbol in read.free_symbols}
    assert read.subs(values) == expression.subs({g: 6, n: 3})
    assert witness(1 - 2 / (n * g**2), g, 0, {}) is None  # negative at n = g = 1


def test_witness_of_a_probability() -> None:
    g, p = Symbol("g"), Symbol("p", positive=True)
    text = witness(p * (1 - p), g, 0, {p: unit_interval()})
    assert text is not None
    value = parse(text.replace("^", "**"), "term")
    assert {value.subs({x: Rational(2, 7) for x in value.free_symbols})} == {Rational(10, 49)}
    assert witness(2 * p - 1, g, 0, {p: unit_interval()}) is None


@pytest.mark.parametrize(
    ("claim", "reason"),
    [
        (ClosedForm(_risk(Bernoulli(), AccumulateSubsample())), "without a closed form"),
        (ClosedForm(_risk(Bernoulli(), AccumulateSubsample(budget=3))), "changes its rule"),
        (ClosedForm(_risk(Exponential(), SlidingWindow(2))), "cannot name"),
        (ClosedForm(_risk(KernelDensity(), Accumulate(), "mise")), "no finite linear recurrence"),
        (Limit(FRESH), "lacks what it would take about polygamma"),
        (Limit(PROPORTION), "lacks what it would take about root, sin"),
        (Limit(REPLACE), "the limit of Regular under Replace is oo: a finite one can be exported"),
        (LeastBound(REPLACE), "the limit of Regular under Replace is oo: a finite one can be exported"),
        (Limit(_risk(Poisson(), Replace(sizes="2**j + 1"))), "lacks what it would take about lambert_sum"),
        (Growth(ACCUMULATE), "a leading term in G can be exported"),
        (Remainder(FRESH), "has no name in the Coq library"),
        (NeverWorse(REPLACE, ACCUMULATE), "no argument orders Regular under Replace and Regular under Accumulate"),
        (LowerLimit(SUBSAMPLE, ACCUMULATE), "is not told by 19/2 < π² < 21/2"),
    ],
    ids=[
        "coupled", "two-rules", "roots", "integral", "digamma", "sine", "diverges", "unbounded", "series", "no growth",
        "expansion", "order", "limits",
    ],
)  # fmt: skip
def test_what_cannot_be_exported_is_said_and_nothing_is_written(claim: Claim, reason: str, tmp_path: Path) -> None:
    with pytest.raises(NotDerivedError, match=reason):
        write_coq(tmp_path / "claim.v", claim)
    assert not (tmp_path / "claim.v").exists()


def test_only_claims_are_exported() -> None:
    with pytest.raises(DomainError, match="claim = 'limit' is not a claim: give one of"):
        coq_source("limit")  # type: ignore[arg-type]


def test_parameters_do_not_capture_names_of_the_library() -> None:
    model = Poisson(rate=Symbol("INR", positive=True), n=Symbol("moment", integer=True, positive=True))
    text = coq_source(_risk(model, Replace()))
    assert "Variables (INR_ moment_ : R)." in text


def test_without_coq_the_file_is_written_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coq_export, "coqc_path", lambda: None)
    monkeypatch.setattr(coq_compile, "coqc_path", lambda: None)
    assert write_coq(tmp_path / "claim.v", REPLACE) is None
    assert "Theorem closed_form" in (tmp_path / "claim.v").read_text(encoding="utf-8")
    with pytest.raises(CoqError, match="not on the PATH"):
        compile_coq("")


def test_a_closed_form_covers_probabilities_of_zero_and_one() -> None:
    """The model allows both; where a proof leaves them out, the file says so."""
    covered = coq_source(ClosedForm(PROPORTION))
    assert "0 <= p <= 1." in covered
    assert "leave out" not in covered
    for claim in (Monotone(PROPORTION), NeverWorse(PROPORTION, _risk(Bernoulli(), Replace()))):
        source = coq_source(claim)
        assert "0 < p < 1." in source
        assert "(* The theorems below leave out p = 0 and p = 1. *)" in source
