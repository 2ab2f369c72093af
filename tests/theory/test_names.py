"""Names and settings from the command line and from studies."""

from __future__ import annotations

import pytest
from sympy import Rational, Symbol

from theory import AccumulateSubsample, Bernoulli, ContaminatedPool, DomainError, Replace
from theory.models.bent import BiasedSampler, PosteriorMean
from theory.names import build, build_all, settings, workflow_named
from theory.registry import MODELS, WORKFLOWS
from theory.workflows.subsampled import Subsampled


def test_settings_go_to_whoever_has_the_parameter() -> None:
    model, workflow = build("bernoulli", "sliding-window", {"p": "0.3", "n": 50, "k": "3", "sizes": "j"})
    assert (model.parameters["p"], model.parameters["n"]) == (Rational(3, 10), 50)
    assert (workflow.k, workflow.sizes.name) == (3, "j")


@pytest.mark.parametrize(("alias", "name"), [("discard", "replace"), ("augment", "accumulate")])
def test_aliases(alias: str, name: str) -> None:
    assert build("poisson", alias, {})[1].name == name


def test_own_settings_take_precedence() -> None:
    _, (first, second) = build_all("regular", ["sliding-window:k=2", "sliding-window"], {"k": "5"})
    assert (first.k, second.k) == (2, 5)


def test_a_setting_shared_by_some_workflows_only() -> None:
    _, (window, accumulate) = build_all("regular", ["sliding-window", "accumulate"], {"k": "3"})
    assert window.k == 3
    assert accumulate.sizes == 1


def test_any_pooled_workflow_on_a_budget() -> None:
    found = workflow_named("subsampled-contaminated-pool:real=1/4,budget=2")
    assert found == Subsampled(ContaminatedPool(real="1/4"), budget=2)
    assert workflow_named("subsampled-accumulate") == AccumulateSubsample()
    assert build("regular", "subsampled-discard", {})[1] == Subsampled(Replace())
    for text, words in (
        ("subsampled-acumulate", "'acumulate' is not known \\(did you mean accumulate\\?\\)"),
        ("subsampled-forgetting:rate=1/3", "weighs its rows unequally"),
        ("subsampled-replace:share=1/4", "share is not a parameter of subsampled-replace"),
    ):
        with pytest.raises(DomainError, match=words):
            workflow_named(text)


def test_a_model_may_carry_its_own_settings() -> None:
    model, _ = build("bernoulli:p=1/4", "replace", {})
    assert model.parameters["p"] == Rational(1, 4)


def test_left_out_it_is_a_symbol() -> None:
    assert build("regular", "sliding-window", {})[1].k == Symbol("k", integer=True, positive=True)


def test_words_that_are_no_numbers() -> None:
    model, _ = build("linear-regression", "replace", {"design": "shared"})
    assert model.parameters["design"] == "shared"
    _, workflow = build("poisson", "accumulate-subsample:replacement=true", {})
    assert workflow.replacement is True


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_every_name_builds(model: str, workflow: str) -> None:
    built = build(model, workflow, {})
    assert [part.name for part in built] == [model, workflow]


@pytest.mark.parametrize(
    ("model", "workflow", "given", "parts"),
    [
        ("bernouli", "replace", {}, ["model 'bernouli'", "did you mean bernoulli?", "linear-regression"]),
        ("bernoulli", "acumulate", {}, ["workflow 'acumulate'", "did you mean accumulate?", "augment"]),
        ("bernoulli", "", {}, ["workflow ''", "use replace"]),
        ("bernoulli", "replace", {"q": 1}, ["q is not a parameter of bernoulli with replace", "use p, n, sizes"]),
        ("bernoulli", "replace:k=3", {}, ["k is not a parameter of replace", "sizes"]),
        ("bernoulli", "replace:k", {}, ["'k' is not a setting", "name=value"]),
        ("bernoulli", "replace:", {}, ["is not a setting"]),
        ("bernoulli", "replace:sizes=2=3", {}, ["'sizes=2=3' has more than one =", "by itself"]),
        ("bernoulli", "replace", {"p": "2"}, ["p = 2", "between 0 and 1"]),
        ("bernoulli", "replace", {"p": "x.y"}, ["p = 'x.y'", "allowed are"]),
        ("poisson", "accumulate-subsample", {"replacement": "perhaps"}, ["replacement = 'perhaps'", "true or false"]),
        ("linear-regression", "replace", {"design": "new"}, ["design = 'new'", "'fresh' or 'shared'"]),
    ],
)
def test_errors_name_what_is_allowed(model: str, workflow: str, given: dict[str, object], parts: list[str]) -> None:
    with pytest.raises(DomainError) as caught:
        build(model, workflow, given)
    for part in parts:
        assert part in str(caught.value)


@pytest.mark.parametrize("pair", ["p", "=1", "p=", ""])
def test_a_setting_has_a_name_and_a_value(pair: str) -> None:
    with pytest.raises(DomainError, match="write name=value"):
        settings([pair])


def test_a_setting_is_given_once() -> None:
    with pytest.raises(DomainError, match="sets p a second time"):
        settings(["p=1/3", "p=1/2"])


@pytest.mark.parametrize(
    ("model", "workflows", "given"),
    [
        ("bernoulli", ["real-plus-latest:share=0.3"], {"share": "0.4"}),
        ("bernoulli:n=4", ["replace"], {"n": "4"}),
        ("bernoulli", ["augment:sizes=j"], {"sizes": "j"}),
        ("bernoulli", ["sliding-window:k=2", "sliding-window:k=3"], {"k": "5"}),
    ],
)
def test_a_setting_given_twice_is_an_error(model: str, workflows: list[str], given: dict[str, str]) -> None:
    with pytest.raises(DomainError, match=r"is given again: .*; give it once"):
        build_all(model, workflows, given)


def test_names_in_a_workflow_are_those_of_the_model_left_symbolic_and_the_declared_ones() -> None:
    n, c = Symbol("n", integer=True, positive=True), Symbol("c", positive=True)
    assert build("bernoulli", "accumulate", {"sizes": "1 + 1/n"})[1].sizes == 1 + 1 / n
    assert build("bernoulli", "accumulate", {"sizes": "1 + c"}, ["c"])[1].sizes == 1 + c
    assert build("bernoulli", "replace", {"p": "c/2"}, ["c"])[0].parameters["p"] == c / 2
    for given, symbols in [
        ({"sizes": "1 + 1/n", "n": "5"}, ()),  # n is a number here
        ({"sizes": "1 + T"}, ()),
        ({"sizes": "1 + c"}, ["b"]),
        ({"p": "T"}, ()),
        ({"p": "q"}, ()),
    ]:
        with pytest.raises(DomainError, match="which nothing declares"):
            build("bernoulli", "accumulate", given, symbols)


@pytest.mark.parametrize("symbols", [["j"], ["G"], ["g"], ["i"], ["c", "c"], ["1"], ["c*d"], ["pi"], [""], ["x y"]])
def test_only_names_can_be_declared(symbols: list[str]) -> None:
    with pytest.raises(DomainError, match="symbol "):
        build("bernoulli", "replace", {}, symbols)


@pytest.mark.parametrize("name", ["lambda", "lambda_"])
def test_lambda_can_be_declared_as_python_writes_it(name: str) -> None:
    _, workflow = build("bernoulli", "accumulate", {"sizes": f"{name}*j"}, [name])
    assert {symbol.name for symbol in workflow.free_symbols} == {"lambda", "j"} - {"j"}


def test_a_wrapped_model_is_named_inside() -> None:
    """Settings go to the wrapper or the family, whichever has a parameter of that name."""
    coin = Bernoulli(p="1/3", n=4)
    leaning = BiasedSampler(coin, "9/10", "1/2")
    for text, given in (
        ("biased-sampler:model=bernoulli,fidelity=9/10,target=1/2", {"p": "1/3", "n": 4}),
        ("biased-sampler:model=bernoulli,fidelity=9/10,target=1/2,p=1/3,n=4", {}),
        ("biased-sampler", {"model": "bernoulli", "fidelity": "9/10", "target": "1/2", "p": "1/3", "n": "4"}),
    ):
        assert build(text, "replace", given)[0] == leaning
    assert build("posterior-mean:model=bernoulli,strength=2,prior_mean=3/4", "replace", {"p": "1/3", "n": 4})[0] == (
        PosteriorMean(coin, 2, "3/4")
    )
    left_out = build("posterior-sample:model=poisson", "accumulate", {})[0]
    assert sorted(str(symbol) for symbol in left_out.free_symbols) == ["lambda", "n", "prior_mean", "strength"]


@pytest.mark.parametrize(
    ("model", "given", "said"),
    [
        ("biased-sampler", {}, "no model is named inside biased-sampler"),
        ("biased-sampler:model=bernoulli", {"model": "poisson"}, "2 models are named"),
        ("biased-sampler:model=bernouli", {}, "model 'bernouli' is not known .did you mean bernoulli"),
        ("biased-sampler:model=biased-sampler", {}, "model 'biased-sampler' is not known"),
        ("biased-sampler:model=bernoulli,fidelty=1", {}, "fidelty is not a parameter of biased-sampler of bernoulli"),
        ("biased-sampler:model=bernoulli,fidelity=2,target=1/2", {}, "fidelity = 2"),
        ("biased-sampler:model=regular,fidelity=1,target=0", {}, "is neither an exponential family"),
        ("posterior-mean:model=bernoulli", {"strength": "-1"}, "strength = -1"),
        ("bernoulli:model=poisson", {}, "model is not a parameter of bernoulli"),
    ],
)
def test_what_is_wrong_with_a_wrapped_model(model: str, given: dict, said: str) -> None:
    with pytest.raises(DomainError, match=said):
        build(model, "replace", given)
