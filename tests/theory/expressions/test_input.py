"""What a user may give: it works right, or one sentence says what is allowed; a slip of typing is never a constant."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import sympy
from flint import fmpq, fmpz
from sympy import AccumBounds, I, MatrixSymbol, Order, Rational, Symbol, nan, oo, zoo

import theory
from theory import (
    Accumulate,
    AccumulateSubsample,
    Bernoulli,
    CappedReal,
    DomainError,
    FreshReal,
    G,
    GaussianFit,
    GaussianMean,
    InputWarning,
    KernelDensity,
    LinearRegression,
    Model,
    NotDerivedError,
    Poisson,
    RealAndSynthetic,
    RealPlusLatest,
    Replace,
    SlidingWindow,
    Weighted,
    Workflow,
    expected_risk,
    j,
)
from theory.expressions.arguments import declaring, exact
from theory.models.units import slip_of_units
from theory.registry import EVERY_MODEL, WORKFLOWS


class _Broken:
    """An object that fails at everything, in ways of its own."""

    def __float__(self) -> float:
        raise RuntimeError("no")

    def __repr__(self) -> str:
        raise RuntimeError("no")


#: What is no number to any parameter.
NOT_NUMBERS: dict[str, Any] = {
    "array": np.array([0.5, 0.5]), "array of one": np.array([0.5]), "whole array": np.array([2, 3]), "list": [1],
    "tuple": (1, 2), "set": {1}, "dictionary": {1: 2}, "nested": [[1]], "empty": [], "objects": np.array([None]),
    "true": True, "NumPy true": np.True_, "SymPy true": sympy.true, "empty text": "", "bytes": b"1", "lone": "\ud800",
    "long text": "9" * 600, "decimal nan": Decimal("nan"), "signalling": Decimal("snan"), "decimal inf": Decimal("inf"),
    "nan": float("nan"), "NumPy nan": np.float32("nan"), "inf": float("inf"), "complex": 1 + 0j, "imaginary": 1j,
    "NumPy complex": np.complex64(1), "object": object(), "class": int, "function": lambda g: 1, "broken": _Broken(),
    "oo": oo, "SymPy nan": nan, "zoo": zoo, "I": I, "matrix": sympy.Matrix([[1]]), "interval": sympy.Interval(0, 1),
    "matrix symbol": MatrixSymbol("A", 2, 2), "operator": Symbol("A", commutative=False), "bounds": AccumBounds(0, 1),
    "order": Order(Symbol("x")), "huge": 10**5000, "tiny": Fraction(1, 10**5000), "date": np.datetime64("2020-01-01"),
    "range": range(3), "relation": sympy.Eq(Symbol("x"), 1), "model": Bernoulli(), "workflow": Accumulate(),
    "unknown name": "silvermann", "our G": G, "their G": Symbol("G"), "their j": Symbol("j"), "tiny float": 1e-320,
}  # fmt: skip

_WORDS = {"design", "replacement", "unbiased", "overlap", "probabilities", "truth", "weights", "means", "variances"}
_WORDS |= {"law", "drawn", "per_row", "eigenvalues", "model"}


def _numbers_of(built: type) -> Iterator[str]:
    return (name for name in inspect.signature(built).parameters if name not in _WORDS)


CONSTRUCTORS: dict[str, Callable[..., Any]] = {**EVERY_MODEL, **WORKFLOWS}
#: What a constructor needs beside the parameter that is tried.
BESIDE: dict[str, dict[str, Any]] = {
    "forgetting": {"rate": "1/2"},
    "contaminated-pool": {"real": "1/2"},
    "labelled-pool": {"real": "1/2"},
    "sliding-window": {"k": 2},
    "biased-sampler": {"model": GaussianMean(1, 4), "fidelity": "1/2", "target": 1},
    "posterior-mean": {"model": GaussianMean(1, 4), "strength": 1, "prior_mean": 1},
    "posterior-sample": {"model": GaussianMean(1, 4), "strength": 1, "prior_mean": 1},
    "flipped-labels": {"model": LinearRegression(2, 10), "rate": "1/4"},
}


@pytest.mark.parametrize("label", NOT_NUMBERS)
@pytest.mark.parametrize("name", CONSTRUCTORS)
def test_every_parameter_refuses_what_is_no_number(name: str, label: str) -> None:
    built, value = CONSTRUCTORS[name], NOT_NUMBERS[label]
    if name == "age-weighted" and label in ("list", "empty"):
        pytest.skip("a list of the weights of ages 1, 2, … is a law of ages")
    if name == "bigram" and label in ("nested", "matrix"):
        pytest.skip("one row of one number is the chain of one token")
    for parameter in _numbers_of(built):  # type: ignore[arg-type]
        with pytest.raises(DomainError) as caught:
            built(**{**BESIDE.get(name, {}), parameter: value})
        message = str(caught.value)
        assert parameter in message
        assert "\n" not in message
        assert len(message) < 500


@pytest.mark.parametrize("label", [*NOT_NUMBERS, "None", "number", "text", "decimal"])
@pytest.mark.parametrize(
    ("built", "words"),
    [
        (LinearRegression, ["design"]),
        (AccumulateSubsample, ["replacement"]),
        (GaussianFit, ["unbiased"]),
        (RealAndSynthetic, ["overlap"]),
        (theory.Categorical, ["probabilities"]),
        (KernelDensity, ["truth"]),
        (Weighted, ["weights"]),
        (theory.RidgeRegression, ["design", "per_row", "eigenvalues"]),
        (theory.UniformMaximum, ["unbiased"]),
        (theory.Location, ["law"]),
    ],
)
def test_words_and_tables_refuse_everything_else(built: Any, words: list[str], label: str) -> None:
    value = {**NOT_NUMBERS, "None": None, "number": 0.5, "text": "1/3", "decimal": Decimal("0.5")}[label]
    for word in words:
        given = {word: value}
        if value is None and word in ("probabilities", "truth", "eigenvalues"):
            continue
        if (word, label) == ("law", "empty text"):
            continue
        if (word, label) in [("weights", "class"), ("weights", "function")]:
            continue
        if word in ("replacement", "unbiased", "overlap", "per_row") and label in ("true", "NumPy true"):
            needed: dict[str, Any] = {"unbiased": {"n": 3}, "per_row": {"d": 1, "T": 3}}.get(word, {})
            assert getattr(built(**given, **needed), word) is True
            continue
        if word == "probabilities" and label in ("array", "list"):
            assert sum(built(**given).truth.values) == 1
            continue
        with pytest.raises(DomainError):
            built(**given)


_mixture = {"weights": ["1/2", "1/2"], "means": [0, 1], "variances": [1, 1]}
_ordinary: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
    "expected_risk": (expected_risk, {"model": Bernoulli(), "workflow": Accumulate(), "loss": "squared"}),
    "boundedness": (theory.boundedness, {"model": KernelDensity("1/4", 10), "workflow": Accumulate()}),
    "compare": (theory.compare, {"workflows": [Accumulate(), Replace()], "model": None, "loss": "squared", "upto": 3}),
    "convolutions": (theory.convolutions, {"workflow": Accumulate(), "g": 3}),
    "Pathway": (theory.Pathway, {"workflow": Accumulate()}),
    "mixture": (theory.MixtureTruth, _mixture),
    "optimal_law": (theory.optimal_law, {"workflow": Accumulate, "average": 2, "real": None, "least": 1}),
    "optimal_sizes": (
        theory.optimal_sizes,
        {"workflow": Accumulate, "budget": 10, "generations": 3, "real": None, "least": 1, "whole": False},
    ),
    "optimal_share": (theory.optimal_share, {"real": None, "model": None}),
    "optimal_weights": (theory.optimal_weights, {"g": 3, "real": 1, "model": None}),
    "OptimalFreshReal": (theory.OptimalFreshReal, {"real": 1}),
    "required_budget": (theory.required_budget, {"factor": 2}),
    "required_growth": (theory.required_growth, {"sizes": "j"}),
    "uniform": (theory.uniform, {"K": 3}),
    "zipf": (theory.zipf, {"K": 3, "exponent": 1}),
    "ExtinctionTime": (theory.ExtinctionTime, {"n": 3, "count": 1}),
    "BranchingExtinction": (theory.BranchingExtinction, {"count": 1}),
    "Risk.at": (expected_risk(Bernoulli("1/3", 5), Accumulate()).at, {"generation": 2}),
    "Risk.expansion": (expected_risk(Bernoulli("1/3", 5), Accumulate()).expansion, {"terms": 2}),
    "value_of_synthetic": (
        theory.value_of_synthetic,
        {"model": Bernoulli("1/2"), "real": 3, "synthetic": 3, "fitted_on": 3, "overlap": True, "loss": "squared"},
    ),
}
#: Where the odd value is what is asked for.
_FINE = {
    ("expected_risk", "model"): {"model"}, ("expected_risk", "workflow"): {"workflow"},
    ("boundedness", "workflow"): {"workflow"}, ("compare", "model"): {"model"}, ("Pathway", "workflow"): {"workflow"},
    ("convolutions", "workflow"): {"workflow"}, ("optimal_share", "model"): {"model"},
    ("optimal_weights", "model"): {"model"}, ("optimal_weights", "g"): {"our G"},
    ("value_of_synthetic", "model"): {"model"}, ("value_of_synthetic", "overlap"): {"true", "NumPy true"},
    ("optimal_sizes", "whole"): {"true", "NumPy true"}, ("mixture", "weights"): {"array"},
    ("mixture", "variances"): {"array", "whole array", "tuple"},
    ("mixture", "means"): {"array", "whole array", "tuple"},
}  # fmt: skip


@pytest.mark.parametrize("name", _ordinary)
def test_every_function_refuses_what_it_cannot_use(name: str) -> None:
    function, ordinary = _ordinary[name]
    function(**ordinary)
    for argument in ordinary:
        for label, value in NOT_NUMBERS.items():
            if label in _FINE.get((name, argument), ()):
                function(**{**ordinary, argument: value})
                continue
            with pytest.raises(DomainError) as caught:
                function(**{**ordinary, argument: value})
            assert "\n" not in str(caught.value), (argument, label)


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        (np.float64(0.3), Rational(3, 10)),
        (np.float32(0.1), Rational(1, 10)),
        (np.float16(0.1), Rational(1, 10)),
        (np.int64(2), 2),
        (np.uint8(2), 2),
        (np.array(0.5), Rational(1, 2)),
        (np.array(2), 2),
        (np.str_("1/3"), Rational(1, 3)),
        (Decimal("0.30"), Rational(3, 10)),
        (Fraction(1, 3), Rational(1, 3)),
        (fmpq(1, 3), Rational(1, 3)),
        (fmpz(7), 7),
        (sympy.Float("0.3"), Rational(3, 10)),
        (10**300, 10**300),
    ],
)
def test_numbers_of_every_library_are_taken_exactly(given: Any, meant: Any) -> None:
    assert exact("mean", given) == meant


# -- names -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["k**2", "i**2", "g**2", "J", "c*j", "n*j", "jj", "s", "N", "lambda", "T + j"])
@pytest.mark.parametrize("workflow", [Accumulate, Replace, lambda sizes: SlidingWindow(2, sizes)])
def test_a_size_schedule_holds_j_alone(workflow: Any, text: str) -> None:
    with pytest.raises(DomainError, match=r"which nothing declares.*: use j, "):
        workflow(sizes=text)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: KernelDensity(bandwidth="silvermann"), 'give "scott"'),
        (lambda: KernelDensity(bandwidth="k**2"), "use j, bandwidth, h"),
        (lambda: FreshReal(share="sahre"), r"did you mean share\?"),
        (lambda: AccumulateSubsample(budget="budgte"), r"did you mean budget\?"),
        (lambda: CappedReal(synthetic="k"), "use j, q, c, a, alpha, rho, synthetic"),
        (lambda: SlidingWindow("window"), "use k"),
        (lambda: Accumulate(sizes="J"), r"did you mean j\?"),
        (lambda: Bernoulli(p="q"), "use p, n"),
        (lambda: theory.Categorical(["q", "1 - q"]), "nothing declares"),
        (lambda: theory.zipf("words"), "nothing declares"),
        (lambda: expected_risk(Poisson(), Replace()).subs(n="many"), "nothing declares"),
        (lambda: theory.value_of_synthetic(Bernoulli(), real="nr"), r"did you mean n_r\?"),
    ],
)
def test_a_name_that_nothing_declares_is_an_error(make: Any, said: str) -> None:
    with pytest.raises(DomainError, match=said):
        make()


def test_symbols_where_they_are_wanted() -> None:
    assert Bernoulli(p="p", n="n").free_symbols == Bernoulli().free_symbols
    assert LinearRegression(d="d", T="2*d").parameters["T"] == 2 * Symbol("d", integer=True, positive=True)
    assert Poisson(rate="lambda").parameters["rate"] == Symbol("lambda", positive=True)
    assert FreshReal(share="s").share == Symbol("s", positive=True)
    c = Symbol("c", positive=True)
    assert expected_risk(GaussianMean(1, 1), Replace(sizes=c * j)).at(2) == sympy.Rational(3, 2) / c
    with declaring(["c"]):
        assert Accumulate(sizes="c*j").sizes == c * j
    with pytest.raises(DomainError):
        Accumulate(sizes="c*j")


@pytest.mark.parametrize("symbol", [Symbol("j"), Symbol("G"), Symbol("i", integer=True, positive=True), Symbol("g")])
def test_a_symbol_that_prints_like_an_index_is_refused(symbol: Symbol) -> None:
    with pytest.raises(DomainError, match=f"symbol of your own that is printed {symbol.name}"):
        Accumulate(sizes=symbol**2)
    if symbol.name != "g":  # our own is a dummy, so a parameter may be called g
        with pytest.raises(DomainError, match="symbol of your own"):
            Bernoulli(n=symbol)


def test_theirs_is_ours_where_it_is_equal() -> None:
    assert Accumulate(sizes=Symbol("j", integer=True, positive=True)).sizes == j


# -- units, fractions, seeds of doubt --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "workflow"),
    [
        (Bernoulli("1/2", 50), Accumulate(sizes=1000)),
        (Bernoulli("1/2", 50), Replace(sizes=50)),
        (Bernoulli("1/2", 50), Replace(sizes=50 * j)),
        (Bernoulli("1/2"), Accumulate(sizes=Symbol("n", integer=True, positive=True) * j)),
        (Bernoulli("1/2", 50), Accumulate(sizes=Symbol("n") * j)),
        (LinearRegression(2, 10), Accumulate(sizes=10)),
        (Bernoulli("1/2", 50), AccumulateSubsample(budget=100)),
        (Bernoulli("1/2", 50), CappedReal(synthetic=500)),
        (Bernoulli("1/2", 50), FreshReal(real=50)),
        (Bernoulli("1/2", 50), RealAndSynthetic(real=50)),
    ],
)
def test_amounts_that_look_like_samples_are_noted(model: Model, workflow: Workflow) -> None:
    with pytest.warns(InputWarning, match="is in units of"):
        expected_risk(model, workflow)


@pytest.mark.parametrize(
    ("model", "workflow"),
    [
        (Bernoulli("1/2", 50), Accumulate()),
        (Bernoulli("1/2", 50), Accumulate(sizes=j**2)),
        (Bernoulli("1/2", 50), Accumulate(sizes=20)),
        (Bernoulli("1/2", 1), Accumulate(sizes=20)),
        (Bernoulli("1/2"), Accumulate(sizes=1000)),
        (LinearRegression(2, 10), Accumulate(sizes=j)),
        (Bernoulli("1/2", 50), RealPlusLatest("1/3")),
    ],
)
def test_other_amounts_are_not(model: Model, workflow: Workflow) -> None:
    assert slip_of_units(model, workflow) is None


def test_the_note_says_what_is_computed_and_what_was_meant() -> None:
    said = slip_of_units(Bernoulli("1/2", 50), Accumulate(sizes=1000))
    assert said == "sizes = 1000 is in units of n = 50, so block 1 holds 50000 samples; for 1000 samples give 20."
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        theory.value_of_synthetic(Bernoulli("1/2"), 1000, 1000, 10)


@pytest.mark.parametrize(("value", "fraction"), [(1 / 3, "1/3"), (2 / 7, "2/7"), (np.float64(5) / 6, "5/6")])
def test_a_float_that_was_a_fraction_is_hinted_at(value: float, fraction: str) -> None:
    with pytest.warns(InputWarning, match=f'write p="{fraction}"') as caught:
        built = Bernoulli(p=value, n=3)
    assert built.parameters["p"] == Rational(str(float(value)))
    assert caught[0].filename == __file__


@pytest.mark.parametrize("value", [0.3, 0.1 + 0.2, 0.123456789, 1e-16, np.float32(1) / 3, Decimal(1) / 3, 2.0])
def test_other_floats_are_not(value: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Bernoulli(p=value) if value <= 1 else Poisson(rate=value)


# -- substitution ----------------------------------------------------------------------------------------


def test_a_name_of_two_things_is_refused_and_its_symbol_is_not() -> None:
    other = Symbol("n", positive=True)
    risk = expected_risk(Bernoulli(p=other), Accumulate())
    with pytest.raises(DomainError, match="n is the name of 2 symbols or parameters"):
        risk.subs(n=10)
    with pytest.raises(DomainError, match="2 symbols or parameters"):
        risk.subs("n", 10)
    own = risk.model.parameters["n"]
    assert risk.subs(own, 10).subs(other, Rational(1, 2)).at(1) == Rational(1, 40)
    with pytest.raises(DomainError, match="p is the name of 2"):
        expected_risk(Bernoulli("1/2", Symbol("p")), Replace()).subs(p=3)


@pytest.mark.parametrize(
    "changes",
    [
        [("lambda", 3), ("rate", 4)],
        [("rate", 3), ("lambda", 4)],
        [("n", 2), (Symbol("n", integer=True, positive=True), 3)],
        [("G", 1), (G, 2)],
    ],
)
def test_a_parameter_substituted_twice_is_refused(changes: list[Any]) -> None:
    with pytest.raises(DomainError, match="is given a second time"):
        expected_risk(Poisson(), Replace()).subs(changes)


# -- one list --------------------------------------------------------------------------------------------


def test_the_registry_and_the_package_name_the_same() -> None:
    built_in = {*EVERY_MODEL.values(), *WORKFLOWS.values()}
    for part in built_in:
        assert part.__name__ in theory.__all__
        assert getattr(theory, part.__name__) is part
    exported = {getattr(theory, name) for name in theory.__all__ if isinstance(getattr(theory, name), type)}
    parts = {part for part in exported if issubclass(part, Model | Workflow)}
    # What numbers alone do not describe is not listed: it is built from weights, or from another workflow.
    built = {Weighted, theory.Ecosystem, theory.SymmetricEcosystem, theory.Subsampled, theory.OptimalFreshReal}
    built |= {theory.SampledPool}  # the answer to a question of design
    assert parts - built_in == {Model, Workflow, *built}
    assert sorted(theory.__all__) == theory.__all__
    assert issubclass(NotDerivedError, DomainError)


def test_names_stand_for_symbols_in_models_and_workflows_too() -> None:
    assert Bernoulli().subs("n", 10) == Bernoulli(n=10)
    assert Bernoulli().subs({"n": 10, "p": "1/3"}) == Bernoulli("1/3", 10)
    assert FreshReal(share="s").subs(s="1/2") == FreshReal(share="1/2")
    assert KernelDensity().subs(h=2) == KernelDensity(bandwidth=2)
    assert theory.Categorical().subs(n=3).n == 3
    assert Bernoulli().subs(Symbol("other"), 1) == Bernoulli()
    for refused in (lambda: Bernoulli().subs("q", 1), lambda: Replace().subs("__import__('os')", 1)):
        with pytest.raises(DomainError, match="names no symbol"):
            refused()


@pytest.mark.parametrize(
    ("model", "sentence"),
    [
        (theory.LinearRegression(d=4, T="2*d"), r"T = 2\*d holds d, but d = 4"),
        (KernelDensity(bandwidth="n**(-1/5)", n=50), r"bandwidth = .* holds n, but n = 50"),
        (theory.Binomial(m=3, p="1/m", n=4), "p = 1/m holds m, but m = 3"),
        (theory.Categorical(["1/n", "1 - 1/n"], n=4), "probabilities = .* holds n, but n = 4"),
    ],
)
def test_a_parameter_in_terms_of_one_that_has_a_number_is_refused(model: Model, sentence: str) -> None:
    with pytest.raises(DomainError, match=sentence):
        expected_risk(model, Replace())


def test_parameters_in_terms_of_others_stay_possible() -> None:
    symbolic = theory.LinearRegression(T="2*d")
    assert symbolic.subs(d=4) == theory.LinearRegression(d=4, T=8)
    assert expected_risk(symbolic, Replace()).subs(d=4).at(2) == Rational(8, 3)
    own = Symbol("n", positive=True)
    assert expected_risk(Poisson(rate=own, n=3), Replace()).at(1) == own / 3


@pytest.mark.parametrize("part", [Bernoulli(), Replace(sizes=Symbol("n") * theory.j)])
@pytest.mark.parametrize("value", [[1, 2], None, True, object()])
def test_what_is_substituted_is_a_number(part: Any, value: Any) -> None:
    """Of a model and of a workflow as of a risk."""
    with pytest.raises(DomainError, match=r"^n = "):
        part.subs(n=value)
