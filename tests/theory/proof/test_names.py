"""Two parameters never become one: not in a certificate, and not in Coq."""

import re
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sympy import Dummy, Symbol, prod

from theory import Accumulate, NotDerivedError, Regular, Replace, expected_risk
from theory.proof import NeverWorse, prove
from theory.proof.coq import coqc_path
from theory.proof.coq.compile import compile_coq
from theory.proof.coq.export import coq_source, library, prefixes
from theory.proof.coq.text import identifier
from theory.proof.draft import ranges_of
from theory.proof.texts import name

#: Names that were, or could be, written alike.
NAMES = [
    *"p p' p_ p__ p__27_ p__27__ p_27_ p'' p_' _p 'p P λ lambda lambda_ lambda__5f_ Λ α alpha n_0 n0 n__0 g g_".split(),
    *"G G_ I I_ pi pi_ EulerGamma t1 t1_ t_1 t12 moment1 moment_1 known_1 risk accumulate_risk replace_scale".split(),
    *"harmonic harmonic_ forall Prop Set Type fun if in R S HG Rplus INR sum unit None True class 2p é ß ſ ª".split(),
    *["n 0", "n\t0", " p", "p ", "", "\0", "\ud800"],
]


@pytest.mark.parametrize("written", [name, identifier], ids=["certificate", "Coq"])
def test_no_two_names_are_written_alike(written):
    symbols = {Symbol(item) for item in NAMES}
    assert len({written(symbol) for symbol in symbols}) == len(symbols)
    for symbol in symbols:
        assert re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", written(symbol))


@given(st.sets(st.text("p_05f27'λ", max_size=9), min_size=2, max_size=9))
def test_names_that_look_like_writings_of_others(names):
    for written in (name, identifier):
        assert len({written(Symbol(item)) for item in names}) == len(names)


def test_a_dummy_is_no_symbol():
    dummies = [Dummy("p"), Dummy("p"), Dummy("p_"), Dummy("λ")]
    for written in (name, identifier):
        taken = {written(dummy) for dummy in dummies}
        assert len(taken) == len(dummies)
        again = {written(Symbol(item)) for item in taken} | {written(Symbol(f"p{d.dummy_index}")) for d in dummies}
        assert not taken & again


def test_no_name_of_the_library_or_of_a_file_is_that_of_a_parameter():
    source = coq_source(NeverWorse(*(expected_risk(Regular(), workflow) for workflow in (Accumulate(), Replace()))))
    text = source + "".join(library("Limits", "Pathway", "Subsample", "Regression", "KernelDensity").values())
    defined = set(re.findall(r"(?:Definition|Fixpoint|Lemma|Theorem|Ltac|Hypothesis) ([A-Za-z_]\w*)", text))
    assert len(defined) > 100
    for word in defined | {"g", "G", "i", "j", "B", "P", "HG", "Hg", "Scale", "forall", "fun", "PI", "INR", "exp"}:
        assert identifier(Symbol(word)) == f"{word}_"


@pytest.mark.slow
@pytest.mark.skipif(coqc_path() is None, reason="coqc is not on the PATH (Debian package coq)")
def test_coq_accepts_names_of_every_kind():
    model = Regular(p=prod(Symbol(item, integer=True, positive=True) for item in ("p'", "harmonic", "forall", "beta")))
    assert compile_coq(coq_source(NeverWorse(*(expected_risk(model, w) for w in (Accumulate(), Replace())))))


def risks(first, second):
    models = (Regular(p=Symbol(label, integer=True, positive=True)) for label in (first, second))
    return [expected_risk(model, workflow) for model, workflow in zip(models, (Accumulate(), Replace()), strict=True)]


@pytest.mark.parametrize(
    ("first", "second"),
    [("p'", "p_"), ("n 0", "n_0"), ("lambda", "lambda_"), ("λ", "lambda"), ("t1", "t1_"), ("P", "p")],
)
def test_parameters_that_were_written_alike_are_not_compared(first, second):
    """At p' = 100, p_ = 1 and G = 1 the first is above the second."""
    low, high = risks(first, second)
    symbols = {symbol.name: symbol for risk in (low, high) for symbol in risk.free_symbols}
    values = {symbols[first]: 100, symbols[second]: 1}
    assert (low.at(1).subs(values) - high.at(1).subs(values)).is_positive
    with pytest.raises(NotDerivedError, match="no certificate was found"):
        prove(NeverWorse(low, high))
    with pytest.raises(NotDerivedError):
        coq_source(NeverWorse(low, high))


def test_each_of_them_is_compared_with_itself():
    for label in ("p'", "p_", "lambda", "t1", "n 0"):
        assert prove(NeverWorse(*risks(label, label)))


def test_symbols_that_differ_in_their_assumptions_alone_are_not_compared():
    models = [Regular(p=Symbol("p", **told)) for told in ({"positive": True}, {"integer": True, "positive": True})]
    low, high = (expected_risk(m, w) for m, w in zip(models, (Accumulate(), Replace()), strict=True))
    with pytest.raises(NotDerivedError, match="two different parameters are called p, with other assumptions: rename"):
        prove(NeverWorse(low, high))
    with pytest.raises(NotDerivedError, match="two different parameters are called p"):
        coq_source(NeverWorse(low, high))


def test_a_parameter_is_no_variable_of_a_range():
    """Else p = t1 would be tied to n = t1 + 1."""
    risk = expected_risk(Regular(p=Symbol("t1", integer=True, positive=True)), Accumulate())
    assert ranges_of((risk,))["parameters"] == {"n": "t1 + 1", "t1_": "t2 + 1"}


def test_prefixes_are_compared_as_they_are_written():
    class Renamed(Replace):
        name = "a-b"

    class Again(Replace):
        name = "a_b"

    class Digit(Replace):
        name = "2nd"

    for pair in combinations((Renamed(), Again(), Digit()), 2):
        one, two = prefixes(tuple(expected_risk(Regular(), workflow) for workflow in pair))
        assert one != two
        assert all(re.fullmatch(r"[A-Za-z]\w*_", item) for item in (one, two))
