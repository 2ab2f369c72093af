"""Claims about bent loops: closed forms under every workflow, order, bounds, and what Coq can state of them."""

from __future__ import annotations

import shutil
from itertools import pairwise

import pytest
from sympy import Rational, Symbol, powsimp

from theory import (
    Accumulate,
    Bernoulli,
    Exponential,
    FreshReal,
    G,
    GaussianFit,
    GaussianMean,
    LinearRegression,
    NotDerivedError,
    RealPlusLatest,
    Replace,
    RidgeRegression,
    SlidingWindow,
    UniformMaximum,
    expected_risk,
)
from theory.models.bent import BiasedSampler, PosteriorMean, PosteriorSample
from theory.proof import CertificateError, ClosedForm, Growth, LeastBound, Limit, Monotone, NeverWorse, check, prove
from theory.proof.coq.compile import STANDARD_AXIOMS, compile_coq
from theory.proof.coq.export import coq_source

COIN = Bernoulli(p="1/3", n=4)
M = Symbol("m", positive=True)
MODELS = {
    "biased": BiasedSampler(COIN, "9/10", "1/2"),
    "mean": PosteriorMean(COIN, 2, "3/4"),
    "sample": PosteriorSample(COIN, 2, "3/4"),
    "flips": BiasedSampler.label_flips(COIN, "1/10"),
    "verified": BiasedSampler.verified(GaussianMean(sigma2=1, n=4), 0, 1),
    "hot": BiasedSampler(GaussianMean(sigma2=1, n=4), "11/10", "1/2"),
}
WORKFLOWS = [Replace(), FreshReal(), RealPlusLatest(), SlidingWindow(2)]


@pytest.mark.parametrize("name", list(MODELS))
def test_closed_forms(name, unnoticed):
    found = [prove(ClosedForm(expected_risk(MODELS[name], workflow))) for workflow in WORKFLOWS]
    survivors, tried = unnoticed(found[:2])
    assert not survivors
    assert tried > 40
    parts = expected_risk(MODELS[name], Replace())
    assert all(check(prove(ClosedForm(part))) for part in (parts.bias, parts.variance))


@pytest.mark.parametrize(
    "model",
    [
        BiasedSampler(Bernoulli(), "tau", M),
        BiasedSampler(Exponential(), "tau", M),
        BiasedSampler(GaussianMean(), "tau", M),
        PosteriorMean(Bernoulli(), "kappa", M),
        PosteriorSample(Bernoulli(), "kappa", M),
    ],
    ids=lambda model: f"{model.name}-{model.family.name}",
)
def test_closed_forms_with_symbols(model):
    assert check(prove(ClosedForm(expected_risk(model, Replace()))))


def test_bounds():
    for name, workflow, bound in (
        ("biased", Replace(), Rational(1057, 5652)),
        ("mean", Replace(), Rational(59, 288)),
        # It starts at its worst.
        ("mean", FreshReal(), Rational(19, 432)),
        # The posterior's law does not change while half of the data are real.
        ("sample", RealPlusLatest(), Rational(115, 1512)),
    ):
        risk = expected_risk(MODELS[name], workflow)
        assert risk.bound == bound
        assert prove(LeastBound(risk)).data["claim"]["bound"] == str(bound)


def test_what_overshoots_has_its_peak_for_a_bound():
    """Up, and down again to its limit: the largest value is that of generation 2."""
    risk = expected_risk(MODELS["biased"], RealPlusLatest())
    assert risk.at(2) > risk.limit > risk.at(1)
    assert risk.monotonicity is None
    assert risk.bound == risk.at(2) == max(risk.at(generation) for generation in range(1, 12))
    with pytest.raises(NotDerivedError):
        prove(Monotone(risk))
    proof = prove(LeastBound(risk))
    assert proof.data["claim"]["bound"] == str(risk.at(2))
    assert f"at most {risk.at(2)}" in str(proof)


@pytest.mark.parametrize("workflow", [Replace(), Accumulate(), FreshReal()], ids=lambda workflow: workflow.name)
def test_a_sampler_that_leans_towards_the_truth_is_never_worse(workflow):
    """Than a faithful one, and the more it leans the better."""
    chain = [expected_risk(BiasedSampler(COIN, fidelity, "1/3"), workflow) for fidelity in ("1/2", "9/10")]
    chain.append(expected_risk(COIN, workflow))
    for better, worse in pairwise(chain):
        assert check(prove(NeverWorse(better, worse)))
    if workflow.name == "fresh-real":
        with pytest.raises(NotDerivedError):
            prove(NeverWorse(chain[2], chain[0]))


def test_coq_states_what_its_library_can_name():
    risk = expected_risk(MODELS["biased"], Replace())
    leaning = expected_risk(BiasedSampler(COIN, "9/10", "1/3"), Replace())
    exploding = expected_risk(BiasedSampler(GaussianMean(sigma2=1, n=4), "11/10", "1/2"), Replace())
    sources = [
        coq_source(claim)
        for claim in (
            *(claim(risk) for claim in (ClosedForm, Limit, LeastBound)),
            NeverWorse(leaning, expected_risk(COIN, Replace())),
            Growth(exploding),
        )
    ]
    assert all("Theorem claim" in source for source in sources)
    if shutil.which("coqc"):
        assert set(compile_coq(sources[2])) <= STANDARD_AXIOMS
    with pytest.raises(NotDerivedError, match="no name in the Coq library"):
        coq_source(Growth(expected_risk(BiasedSampler(COIN, "9/10", "1/3"), Accumulate())))
    with pytest.raises(NotDerivedError, match="cannot name"):
        coq_source(Limit(expected_risk(MODELS["biased"], Accumulate())))


def test_what_is_repelled_rises_for_ever():
    """The bias falls and the squared error rises: each moment goes its own way."""
    for fidelity in ("6/5", "3/2"):
        risk = expected_risk(BiasedSampler(GaussianMean(sigma2=1, n=4), fidelity, "1/2"), Replace())
        assert risk.monotonicity == "increasing"
        assert risk.bias.monotonicity == "decreasing"
        for claim in (Monotone(risk), Growth(risk), Monotone(risk.bias)):
            assert check(prove(claim))
    # Towards the truth the bias is none, and a target on the other side does not change the risk.
    mirrored = expected_risk(BiasedSampler(GaussianMean(sigma2=1, n=4), "6/5", "-1/2"), Replace())
    assert mirrored.monotonicity == "increasing"
    assert mirrored.bias.monotonicity == "increasing"
    # Signs that do not agree decide nothing: a negative fidelity turns the error over at every step.
    turned = expected_risk(BiasedSampler(GaussianMean(sigma2=1, n=4), "-1/2", "1/2"), Replace())
    assert turned.bias.monotonicity is None
    values = [turned.bias.at(g) for g in range(1, 6)]
    assert any(a < b for a, b in pairwise(values))
    assert any(a > b for a, b in pairwise(values))


def test_a_certificate_says_what_it_is_of():
    risk = expected_risk(MODELS["biased"], Replace())
    for part, said in ((risk, "the risk of"), (risk.bias, "the bias of"), (risk.variance, "the variance of")):
        assert f"{said} biased-sampler under replace tends to" in str(prove(Limit(part)))


@pytest.mark.parametrize(
    "model",
    [
        BiasedSampler(GaussianMean(sigma2=1, n=4), "4/5", "1/2"),
        BiasedSampler(GaussianMean(sigma2=1, n=4), "1/10", "-3"),
        BiasedSampler(COIN, "9/10", "1/2"),
        BiasedSampler.label_flips(COIN, "1/10"),
    ],
    ids=str,
)
def test_accumulating_is_never_worse_than_replacing(model):
    """Under one and the same sampler; the other way round there is no proof, for it is false."""
    kept, replaced = (expected_risk(model, workflow) for workflow in (Accumulate(), Replace()))
    assert check(prove(NeverWorse(kept, replaced)))
    assert kept.at(2) < replaced.at(2)
    with pytest.raises(NotDerivedError):
        prove(NeverWorse(replaced, kept))


def test_where_replacing_wins_nothing_is_proved():
    """A sampler that leans hard towards the truth forgets the noise of the real data, which accumulation keeps."""
    model = BiasedSampler.verified(GaussianMean(sigma2=1, n=4), 0, "1/10")
    kept, replaced = (expected_risk(model, workflow) for workflow in (Accumulate(), Replace()))
    assert replaced.at(3) < kept.at(3)
    with pytest.raises(NotDerivedError):
        prove(NeverWorse(kept, replaced))


@pytest.mark.parametrize(
    ("model", "workflow", "shape"),
    [
        (RidgeRegression(), Replace(), "increasing"),
        (RidgeRegression(d=2, T=5), Replace(), "increasing"),
        (RidgeRegression(d=3, T=2, penalty=1), Replace(), "increasing"),
        (RidgeRegression(ratio="1/2", shrinkage="1/2"), FreshReal(), "decreasing"),
        (RidgeRegression(d=2, T=5, penalty=1), FreshReal(), "decreasing"),
    ],
    ids=["limit", "symbol", "wide", "limit, fresh real", "fresh real"],
)
def test_which_way_ridge_goes(model, workflow, shape):
    """Under replace every ridge, whatever its penalty: E x ≥ E x² ≥ (E x)² of the kept share x suffices."""
    risk = expected_risk(model, workflow)
    assert prove(Monotone(risk)).data["claim"]["statement"] == shape
    assert check(prove(LeastBound(risk)))


def test_ridge_with_strong_penalty_varies_less_and_less():
    variance = expected_risk(RidgeRegression(d=2, T=5, penalty=5), Replace()).variance
    assert all(after < before for before, after in pairwise(variance.at(g).evalf(12) for g in (1, 2, 3, 4, 8)))
    assert prove(Monotone(variance)).data["claim"]["statement"] == "decreasing"
    rises = expected_risk(RidgeRegression(ratio="1/2", shrinkage="1/2"), Replace()).variance
    with pytest.raises(NotDerivedError):
        prove(Monotone(rises))


def test_a_share_that_is_squared_to_more_than_itself_proves_nothing():
    """β ≥ α, as no fit has it: without E x² ≤ E x the certificate fails."""
    data = prove(Monotone(expected_risk(RidgeRegression(d=2, T=5), Replace()))).data
    ((square, over),) = [(key, over) for key, over in data["parameters"].items() if "2e_2__2e_2__2e_2" in key]
    for wrong in ("2*t4/(t4 + 1)", over.replace("2*t2**2/(t2 + 1)**2", "t2**2/(t2 + 1)**2", 1)):
        with pytest.raises(CertificateError):
            check({**data, "parameters": {**data["parameters"], square: wrong}})


DECAYS = {
    "a cold fit": (expected_risk(GaussianFit(n=4, temperature="1/2"), Replace(), "trace"), Rational(3, 8)),
    "a sampler that dies out": (
        expected_risk(BiasedSampler(Exponential(mean=1, n=4), "4/5", 0), Replace()).variance,
        Rational(4, 5),
    ),
    "a raw maximum": (expected_risk(UniformMaximum(n=5), Replace()).variance, Rational(5, 7)),
}


@pytest.mark.parametrize("name", list(DECAYS))
def test_what_decays_does_so_by_its_leading_term(name, unnoticed):
    risk, rate = DECAYS[name]
    assert risk.limit == 0
    assert not powsimp(risk.growth / rate**G).has(G)
    certificate = prove(Growth(risk))
    assert certificate.data["claim"]["statement"] == "decay"
    assert "tends to zero as said below" in str(certificate)
    assert "decay: " in str(certificate)
    survivors, tried = unnoticed([certificate])
    assert not survivors
    assert tried > 10


@pytest.mark.parametrize(
    "model",
    [RidgeRegression(d=2, T=3, penalty=1), RidgeRegression(d=2, T=5), PosteriorMean(LinearRegression(d=2, T=5), 2, 1)],
    ids=["numbers", "penalty a symbol", "posterior mean"],
)
def test_ridge_on_all_rows_kept_has_its_sum_and_its_limit(model, unnoticed):
    """The sum of what each generation adds, and the series that it tends to: O(1/g²), since tr W⁻¹ is O(1/g)."""
    risk = expected_risk(model, Accumulate())
    limit = prove(Limit(risk))
    assert "series(2, " in limit.data["steps"][-1]["limit"]
    for claim in (ClosedForm, LeastBound):
        assert check(prove(claim(risk)))
    if not model.free_symbols:
        survivors, tried = unnoticed([limit])
        assert not survivors
        assert tried > 20


def test_ridge_in_proportion_has_its_sum():
    assert check(prove(ClosedForm(expected_risk(RidgeRegression(ratio="1/2", shrinkage="1/2"), Accumulate()))))


def test_a_variance_that_falls_under_fresh_real_data_is_told_by_its_geometric_parts(unnoticed):
    """Ridge in proportion falls from the first generation on; with d = 2, T = 5 and λ = 5 it rises first."""
    risk = expected_risk(RidgeRegression(ratio="1/2", shrinkage="1/2"), FreshReal()).variance
    certificate = prove(Monotone(risk))
    assert certificate.data["claim"]["statement"] == "decreasing"
    assert len(certificate.data["steps"][0]["forms"]) == 3
    survivors, tried = unnoticed([certificate])
    assert not survivors
    assert tried > 20
    with pytest.raises(NotDerivedError):
        prove(Monotone(expected_risk(RidgeRegression(d=2, T=5, penalty=5), FreshReal()).variance))
