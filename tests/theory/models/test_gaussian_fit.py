"""Fitted Gaussians: the published formulas, the chain of Wishart matrices, leading order, and what is refused."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest
from scipy import stats
from scipy.special import digamma
from sympy import (
    Integer,
    Rational,
    S,
    Symbol,
    cancel,
    expand_func,
    gamma,
    latex,
    log,
    oo,
    pi,
    series,
    simplify,
    sin,
    sqrt,
    symbols,
)

from theory import (
    Accumulate,
    AccumulateSubsample,
    DomainError,
    FreshReal,
    G,
    GaussianFit,
    RealPlusLatest,
    Replace,
    SlidingWindow,
    Weighted,
    Workflow,
    expected_risk,
    j,
)
from theory.errors import NotDerivedError
from theory.expressions.multidigamma import multidigamma

d, n = symbols("d n", integer=True, positive=True)
SETTINGS = [(1, 4), (1, 7), (2, 6), (3, 8)]


# -- published formulas --------------------------------------------------------------------------------


@pytest.mark.parametrize("unbiased", [False, True])
def test_replace_in_symbols(unbiased: bool) -> None:
    """Mean, trace, log-determinant and KL in d and n, for both divisors."""
    c, nu = (n - 1 if unbiased else n), n - 1
    model, q = GaussianFit(unbiased=unbiased), c / (nu - d - 1)
    rate = multidigamma(nu / 2, d) + d * log(2 / c)
    geometric = (q ** (G + 1) - q) / (q - 1)
    total = G if unbiased else (1 - (nu / c) ** G) / (1 - nu / c)
    expected = {
        "mean": d / n * total,
        "trace": d * (nu / c) ** G,
        "log-determinant": G * rate,
        "kl": (d * q**G - d + d / n * geometric + G * rate) / 2,
    }
    for loss, formula in expected.items():
        risk = expected_risk(model, Replace(), loss)
        assert risk.exactness == "exact"
        for dimension, samples, g in ((1, 5, 1), (2, 6, 3), (3, 9, 7), (5, 40, 20)):
            values = {d: dimension, n: samples, G: g}
            assert abs((risk.closed_form - formula).subs(values).evalf(30)) < 1e-22


def test_replace_growth_is_named() -> None:
    q = n / (n - d - 2)
    fit, unbiased = GaussianFit(), GaussianFit(unbiased=True)
    assert expected_risk(fit, Replace(), "mean").limit == d
    assert expected_risk(fit, Replace(), "covariance").limit == d
    assert expected_risk(fit, Replace()).limit == 2 * d
    assert expected_risk(fit, Replace(), "trace").limit == 0
    assert expected_risk(unbiased, Replace(), "mean").growth == d * G / n
    assert expected_risk(unbiased, Replace(), "trace").closed_form == d
    grows = expected_risk(unbiased, Replace(), "covariance").growth
    assert simplify(grows - d * (d + 2) / 3 * ((n + 1) / (n - 1)) ** G) == 0
    for model in (fit, unbiased):
        assert expected_risk(model, Replace(), "log-determinant").limit == -oo
        assert expected_risk(model, Replace(), "kl").limit == oo
    leading = expected_risk(fit, Replace(), "kl").growth.subs({d: 3, n: 10})
    assert simplify(leading - (3 + Rational(3, 10) * 2 / (2 - 1)).subs({}) / 2 * 2**G) == 0
    assert q.subs({d: 3, n: 10}) == 2
    collapse = expected_risk(fit, Replace(), "log-determinant").growth / G
    assert simplify(collapse - multidigamma((n - 1) / 2, d) - d * log(2 / n)) == 0


def test_accumulate_in_symbols() -> None:
    """E Σ_G = Σ_0 Π (1 − 1/(n j²)) → sin(x)/x, and the mean makes up for it."""
    x = pi / sqrt(n)
    trace, mean = (expected_risk(GaussianFit(), Accumulate(), loss) for loss in ("trace", "mean"))
    assert simplify(trace.limit - d * sin(x) / x) == 0
    assert simplify(mean.limit - d * (1 - sin(x) / x)) == 0
    product = S.One
    for g in range(1, 6):
        product *= 1 - 1 / (n * Integer(g) ** 2)
        assert cancel(trace.at(g) - d * product) == 0
        assert cancel(mean.at(g) - d * (1 - product)) == 0
    assert expected_risk(GaussianFit(2, 5), Accumulate(), "trace").closed_form.subs(G, 3).evalf() == pytest.approx(
        float(product.subs(n, 5) / (1 - Rational(1, 125)) / (1 - Rational(1, 80)) * 2)
    )


def test_covariance_of_one_fit_in_symbols() -> None:
    """E‖S − I‖² of the sample covariance: d(d + 1)/(n − 1)."""
    assert (
        cancel(expected_risk(GaussianFit(unbiased=True), Accumulate(), "covariance").at(1) - d * (d + 1) / (n - 1)) == 0
    )


def test_wasserstein_in_one_dimension() -> None:
    """E σ_G = c4(n)^G for the unbiased variance."""
    c4 = sqrt(2 / (n - 1)) * gamma(n / 2) / gamma((n - 1) / 2)
    risk = expected_risk(GaussianFit(1, unbiased=True), Replace(), "wasserstein")
    assert simplify(risk.closed_form - (G / n + 2 - 2 * c4**G)) == 0
    assert (risk.limit, risk.growth) == (oo, G / n)
    collapsed = expected_risk(GaussianFit(1), Replace(), "wasserstein")
    assert collapsed.limit == 2
    for samples in (2, 5, 30):
        first = stats.chi(samples - 1).mean() / samples**0.5
        assert float(collapsed.closed_form.subs({n: samples, G: 3})) == pytest.approx(2 - 2 * first**3, rel=1e-12)


# -- the chain of Wishart matrices, drawn --------------------------------------------------------------


def _chain(
    dimension: int, sizes: list[int], unbiased: bool, replicates: int, seed: int
) -> list[tuple[np.ndarray, np.ndarray]]:
    """(μ, Σ) of every generation: points drawn from the last fit, and refitted."""
    random = np.random.default_rng(seed)
    mean = np.zeros((replicates, dimension))
    root = np.broadcast_to(np.eye(dimension), (replicates, dimension, dimension))
    fits = []
    for size in sizes:
        points = mean[:, None] + random.standard_normal((replicates, size, dimension)) @ root.transpose(0, 2, 1)
        mean = points.mean(axis=1)
        centred = points - mean[:, None]
        sigma = np.einsum("rni,rnj->rij", centred, centred) / (size - unbiased)
        root = np.linalg.cholesky(sigma)
        fits.append((mean, sigma))
    return fits


def _divergences(mean: np.ndarray, sigma: np.ndarray) -> dict[str, np.ndarray]:
    inverse = np.linalg.inv(sigma)
    logarithm = np.linalg.slogdet(sigma)[1]
    trace = np.trace(inverse, axis1=1, axis2=2)
    norm = np.einsum("ri,rij,rj->r", mean, inverse, mean)
    losses = {"log-determinant": logarithm, "kl": (trace - mean.shape[1] + norm + logarithm) / 2}
    if mean.shape[1] == 1:
        losses["wasserstein"] = mean[:, 0] ** 2 + (np.sqrt(sigma[:, 0, 0]) - 1) ** 2
    return losses


@pytest.mark.parametrize("unbiased", [False, True])
@pytest.mark.parametrize(("dimension", "samples", "sizes"), [(1, 10, 1), (2, 16, 1), (3, 18, 1), (2, 14, (j + 1) / 2)])
def test_replace_by_refitting(dimension: int, samples: int, sizes: object, unbiased: bool) -> None:
    """Within 4.5 standard errors, each less than 2 % of the risk."""
    workflow = Replace(sizes=sizes)
    counts = [int(samples * workflow.size(g)) for g in (1, 2, 3)]
    fits = _chain(dimension, counts, unbiased, 60_000, seed=3)
    for loss, sampled in _divergences(*fits[-1]).items():
        risk = expected_risk(GaussianFit(dimension, samples, unbiased), workflow, loss)
        assert risk.exactness == "exact"
        error = sampled.std() / len(sampled) ** 0.5
        expected = float(risk.at(3))
        assert abs(sampled.mean() - expected) < 4.5 * error
        assert error < 0.02 * abs(expected)


def test_criterion_and_not_the_class_decides() -> None:
    """Every workflow with all weight on the newest block has the exact KL of replace."""
    model = GaussianFit(2, 9)
    exact = expected_risk(model, Replace(), "kl").at(4)
    for workflow in (SlidingWindow(1), RealPlusLatest(share=0), FreshReal(share=0)):
        risk = expected_risk(model, workflow, "kl")
        assert (risk.exactness, simplify(risk.at(4) - exact)) == ("exact", 0)
    assert expected_risk(model, RealPlusLatest(), "kl").exactness == "leading order"


# -- leading order -------------------------------------------------------------------------------------

LOSSES = ("squared", "mean", "covariance", "trace", "log-determinant", "kl", "wasserstein")


def test_expansion_of_the_losses_in_one_dimension() -> None:
    """With Σ = 1 + t, μ = m of order 1/√n each: what is linear in t and quadratic in (t, m)."""
    t, m, small = symbols("t m epsilon")
    sigma = 1 + small * t
    losses = {
        "kl": (1 / sigma - 1 + (small * m) ** 2 / sigma + log(sigma)) / 2,
        "log-determinant": log(sigma),
        "wasserstein": (small * m) ** 2 + (sqrt(sigma) - 1) ** 2,
    }
    second = {loss: series(value, small, 0, 3).removeO().expand() for loss, value in losses.items()}
    assert simplify(second["kl"] - small**2 * (t**2 / 4 + m**2 / 2)) == 0
    assert simplify(second["log-determinant"] - small * t + small**2 * t**2 / 2) == 0
    assert simplify(second["wasserstein"] - small**2 * (m**2 + t**2 / 4)) == 0


@pytest.mark.parametrize("unbiased", [False, True])
@pytest.mark.parametrize(
    "workflow",
    [Replace(), Accumulate(), Accumulate(sizes=j), FreshReal(), RealPlusLatest(), SlidingWindow(2), SlidingWindow(3)],
    ids=str,
)
def test_leading_orders_agree_with_their_expansion(workflow: Workflow, unbiased: bool) -> None:
    """kl = cov/4 + mean/2, log det = tr(Σ − I) − cov/2, W² = mean + cov/4, generation by generation."""
    one = Integer(1)
    for dimension in (one, 3 * one):
        model = GaussianFit(dimension, 50, unbiased)
        run = {
            loss: list(islice(model.leading_recurrence(workflow, loss).values(), 6))
            for loss in LOSSES
            if loss != "wasserstein" or dimension == 1
        }
        for g in range(6):
            mean, covariance, excess = run["mean"][g], run["covariance"][g], run["trace"][g] - dimension
            assert run["squared"][g] == mean + covariance
            assert run["kl"][g] == covariance / 4 + mean / 2
            assert run["log-determinant"][g] == excess - covariance / 2
            if dimension == 1:
                assert run["wasserstein"][g] == mean + covariance / 4


@pytest.mark.parametrize("unbiased", [False, True])
def test_exact_chain_tends_to_leading_order(unbiased: bool) -> None:
    for loss in ("log-determinant", "kl", "wasserstein"):
        risk = expected_risk(GaussianFit(1, 4000, unbiased), Replace(), loss)
        for g in (1, 2, 5):
            ratio = risk.closed_form.subs(G, g).evalf(30) / risk.leading_order.at(g)
            assert abs(ratio - 1) < 8 * g / 4000


@pytest.mark.parametrize(("dimension", "samples"), [(1, 20), (10, 100), (100, 1000)])
def test_what_a_leading_order_leaves_out(dimension: int, samples: int) -> None:
    """At generation 1 the divergence is larger than its leading order by about 2(d + 2)/n, relatively."""
    risk = expected_risk(GaussianFit(dimension, samples), Replace(), "kl")
    size = (dimension + 2) / samples
    assert 1.5 < float((risk.at(1) / risk.leading_order.at(1) - 1) / size) < 2.5


@pytest.mark.parametrize("workflow", [Accumulate(), FreshReal(), RealPlusLatest(), SlidingWindow(3)], ids=str)
@pytest.mark.parametrize("unbiased", [False, True])
def test_leading_order_by_the_scalar_law(workflow: Workflow, unbiased: bool) -> None:
    """d = 1, n = 1000: block means are normal and block variances χ²; within 2 %."""
    samples, replicates, random = 1000, 150_000, np.random.default_rng(5)
    mean, variance = np.zeros(replicates), np.ones(replicates)
    means, seconds = [], []

    def block(centre: np.ndarray, spread: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        located = centre + np.sqrt(spread / samples) * random.standard_normal(replicates)
        return located, located**2 + spread * random.chisquare(samples - 1, replicates) / samples

    for g in range(1, 5):
        first, second = block(mean, variance)
        means.append(first)
        seconds.append(second)
        weights = [float(weight) for weight in workflow.weights(g)]
        mean = sum(w * m for w, m in zip(weights, means, strict=True))
        total = sum(w * q for w, q in zip(weights, seconds, strict=True))
        kappa = sum(w**2 for w in weights) / samples
        fresh = float(workflow.fresh_weight(g)) if g > 1 else 0.0
        if fresh:
            first, second = block(np.zeros(replicates), np.ones(replicates))
            mean, total, kappa = mean + fresh * first, total + fresh * second, kappa + fresh**2 / samples
        variance = (total - mean**2) / ((1 - kappa) if unbiased else 1)
    model = GaussianFit(1, samples, unbiased)
    # E log σ² = E (σ² − 1) + E (log σ² − σ² + 1): the second part has the smaller variance, and the first is exact.
    remainder = np.log(variance) - variance + 1
    trace = float(expected_risk(model, workflow, "trace").at(4)) - 1
    sampled = {
        "kl": ((1 / variance - 1 + mean**2 / variance + np.log(variance)) / 2).mean(),
        "wasserstein": (mean**2 + (np.sqrt(variance) - 1) ** 2).mean(),
        "log-determinant": trace + remainder.mean(),
    }
    for loss, value in sampled.items():
        risk = expected_risk(model, workflow, loss)
        assert risk.exactness == "leading order"
        assert value == pytest.approx(float(risk.at(4)), rel=0.02)


def test_subsamples_to_leading_order() -> None:
    """Three times the squared harmonic numbers, less two, times the exact divergence of one fit."""
    risk = expected_risk(GaussianFit(), AccumulateSubsample(), "kl")
    assert risk.exactness == "leading order"
    assert simplify(risk.limit - expected_risk(GaussianFit(), Replace(), "kl").at(1) * (pi**2 / 2 - 2)) == 0
    leading = GaussianFit().leading_recurrence(AccumulateSubsample(), "kl")
    assert simplify(leading.at(1) - d * (d + 3) / (4 * n)) == 0


def test_long_windows_and_bare_weights() -> None:
    pooled = Weighted(lambda g: [Rational(1, g)] * g)
    for loss in ("squared", "covariance", "kl"):
        weighted, accumulated = (GaussianFit(2, 9).leading_recurrence(w, loss) for w in (pooled, Accumulate()))
        assert weighted.at(4) == accumulated.at(4)
    for loss in ("mean", "trace"):
        assert expected_risk(GaussianFit(2, 9), pooled, loss).at(4) == expected_risk(
            GaussianFit(2, 9), Accumulate(), loss
        ).at(4)
    long = expected_risk(GaussianFit(), SlidingWindow(9), "kl")
    assert simplify(long.growth - expected_risk(GaussianFit(), Replace(), "kl").at(1) * Rational(1, 25) * G) == 0
    with pytest.raises(NotDerivedError, match="unbiased"):
        expected_risk(GaussianFit(unbiased=True), SlidingWindow(9), "log-determinant")


# -- conditions and refusals ---------------------------------------------------------------------------


def test_domains() -> None:
    assert expected_risk(GaussianFit(), Replace(), "kl").domain == (n >= d + 3)
    assert expected_risk(GaussianFit(), Accumulate(), "log-determinant").domain == (n >= d + 1)
    assert expected_risk(GaussianFit(), Accumulate(), "covariance").domain == S.true
    model = GaussianFit(2, 6)
    assert model.finite_variance(Replace(), "kl") == S.false
    assert model.finite_variance(Replace(), "log-determinant") == S.true
    assert GaussianFit(2, 7).finite_variance(Replace(), "kl") == S.true
    assert GaussianFit(2, 7).finite_variance(AccumulateSubsample(budget=Rational(5, 7)), "kl") == S.false


def test_blocks_that_shrink() -> None:
    """Block 5 has 4.8 points, hence four with positive probability, too few in two dimensions: infinite from there."""
    risk = expected_risk(GaussianFit(2, 12), Replace(sizes=Rational(1, 4) + 3 / (4 * j)), "kl")
    assert [value == oo for value in islice(risk.recurrence.values(), 10)] == [False] * 4 + [True] * 6
    assert risk.domain == S.false
    assert risk.limit == risk.growth == risk.bound == risk.expansion(2) == oo
    assert risk.closed_form is None
    with pytest.raises(DomainError, match="n = 12 gives 12/13 samples to block 13 under replace"):
        expected_risk(GaussianFit(2, 12), Replace(sizes=1 / j), "kl")


def test_a_pool_that_grows_from_shrinking_blocks() -> None:
    """What counts is the fit, not its newest block."""
    risk = expected_risk(GaussianFit(2), Accumulate(sizes=1 / j), "kl")
    assert risk.domain == (risk.model.n >= 5)


@pytest.mark.parametrize("workflow", [Replace(), Accumulate(), FreshReal()], ids=str)
def test_one_point_fits(workflow: Workflow) -> None:
    """A single point has no scatter: Σ = 0 under the workflows that only ever see one, whatever d."""
    if isinstance(workflow, Accumulate):
        # by hand: the only point is repeated for ever
        risk = expected_risk(GaussianFit(3, 1), workflow, "covariance")
        assert [risk.at(g) for g in (1, 2, 5)] == [3, 3, 3]
    else:
        assert expected_risk(GaussianFit(3, 1), workflow, "covariance").at(1) == 3
    if not isinstance(workflow, FreshReal):
        assert expected_risk(GaussianFit(3, 1), workflow, "covariance").closed_form == 3


def test_negative_weights_make_no_covariance() -> None:
    overshooting = Weighted(lambda g: [1] if g == 1 else [0] * (g - 2) + [2, -1])
    with pytest.raises(DomainError, match=r"workflow = weighted gives block 2 the weight -1 in model 2"):
        expected_risk(GaussianFit(1, 6), overshooting, "mean")


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: GaussianFit(0, 5), "d = 0 is not allowed"),
        (lambda: GaussianFit(2, 2.5), "n = 2.5 is not allowed"),
        (lambda: GaussianFit(2, 1, unbiased=True), "n = 1 leaves no degree of freedom"),
        (lambda: GaussianFit(2, 5, unbiased=1), "unbiased = 1 is not allowed"),
        (lambda: expected_risk(GaussianFit(3, 5), Replace(), "kl"), "n = 5 leaves a fit of 5 samples"),
        (lambda: expected_risk(GaussianFit(3, 5), Accumulate(), "kl"), "needs 6 or more"),
        (lambda: expected_risk(GaussianFit(3, 3), Replace(), "log-determinant"), "needs 4 or more"),
        (lambda: expected_risk(GaussianFit(2, 8), AccumulateSubsample(budget="1/2"), "kl"), "a fit of 4 samples"),
        (lambda: expected_risk(GaussianFit(2, 8), AccumulateSubsample(replacement=True), "kl"), "bootstrap"),
        (lambda: expected_risk(GaussianFit(2, 8), Replace(), "wasserstein"), "give d = 1"),
        (lambda: expected_risk(GaussianFit(), Replace(), "wasserstein"), "give d = 1"),
        (lambda: expected_risk(GaussianFit(), Replace(), "mise"), "is not a loss of GaussianFit"),
        (
            lambda: expected_risk(GaussianFit(1, 4, unbiased=True), AccumulateSubsample(budget="1/4"), "trace"),
            "fit of 1 sample",
        ),
    ],
)
def test_refusals(make: object, sentence: str) -> None:
    with pytest.raises(DomainError) as caught:
        make()  # type: ignore[operator]
    message = str(caught.value)
    assert sentence in message
    assert message.endswith(".")
    assert "\n" not in message


def test_symbols_take_numbers_later() -> None:
    for loss in ("squared", "kl", "trace"):
        symbolic = expected_risk(GaussianFit(), Replace(), loss)
        numeric = expected_risk(GaussianFit(2, 9), Replace(), loss)
        assert simplify(symbolic.subs({d: 2, n: 9}).at(3) - numeric.at(3)) == 0
        assert float(symbolic.closed_form.subs({d: 2, n: 9, G: 3})) == pytest.approx(float(numeric.at(3)), rel=1e-12)


# -- the multivariate digamma function -----------------------------------------------------------------


@pytest.mark.parametrize("dimension", [1, 2, 3, 6, 31])
def test_multidigamma_is_the_sum(dimension: int) -> None:
    x = Symbol("x", positive=True)
    at = multidigamma(Rational(73, 4), dimension)
    assert float(at) == pytest.approx(digamma(18.25 - np.arange(dimension) / 2).sum(), rel=1e-13)
    written = expand_func(multidigamma(x, dimension))
    assert written.subs(x, Rational(73, 4)).evalf(20) == pytest.approx(float(at), rel=1e-13)
    m = Symbol("m", integer=True, positive=True)
    assert simplify(multidigamma(x, m).rewrite("Sum").subs(m, 4).doit() - expand_func(multidigamma(x, 4))) == 0


def test_multidigamma_is_printed_as_the_sum() -> None:
    printed = latex(multidigamma((n - 1) / 2, d))
    assert printed.startswith(r"\left(\sum_{i=1}^{d} \psi\left(\frac{")
    assert printed.endswith(r"}{2}\right)\right)")
    assert latex(multidigamma(n, 1) ** 2) == r"\psi\left(n\right)^{2}"


def test_wide_fits_are_quick() -> None:
    """d = 31, n = 316: sums of 31 digammas stay sums."""
    risk = expected_risk(GaussianFit(31, 316), Replace(), "kl")
    q, nu = Rational(316, 283), 315
    rate = digamma((nu - np.arange(31)) / 2).sum() + 31 * np.log(2 / 316)
    expected = (31 * float(q) ** 5 - 31 + 31 / 316 * sum(float(q) ** k for k in range(1, 6)) + 5 * rate) / 2
    assert float(risk.at(5)) == pytest.approx(expected, rel=1e-12)
    assert float(risk.closed_form.subs(G, 5)) == pytest.approx(expected, rel=1e-12)
    assert (risk.limit, expected_risk(GaussianFit(31, 316), Replace(), "log-determinant").limit) == (oo, -oo)
