"""Moments of fitted Gaussians: the algebra by enumeration, the recurrence by drawing points and refitting."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import islice, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sympy import Integer, Matrix, Rational, cancel, simplify, symbols

from theory import (
    Accumulate,
    AccumulateSubsample,
    FreshReal,
    G,
    GaussianFit,
    RealPlusLatest,
    Replace,
    SlidingWindow,
    Workflow,
    expected_risk,
    j,
)
from theory.models.effective_size import concentration, concentration_formula, newest_block_only
from theory.models.gaussian.algebra import Algebra, Block, expectation
from theory.models.gaussian.moments import Loss, invariant_recurrence
from theory.workflows.dynamics import GENERATION

d, n = symbols("d n", integer=True, positive=True)


# -- the algebra ---------------------------------------------------------------------------------------


def _wishart_second_moments(dimension: int, samples: int) -> tuple[Fraction, Fraction]:
    """E tr S² and E (tr S)² of S = Σ s sᵀ/N over N − 1 standard vectors, from E s_i⁴ = 3 and E s_i² = 1 alone."""
    freedom = samples - 1
    squared = trace = Fraction(0)
    for first, second in product(range(freedom), repeat=2):
        for a, b in product(range(dimension), repeat=2):
            same = first == second
            squared += (3 if same and a == b else 1) if same or a == b else 0
            trace += 3 if same and a == b else 1
    return squared / samples**2, trace / samples**2


@pytest.mark.parametrize(("dimension", "samples"), [(1, 2), (1, 5), (2, 3), (3, 4), (4, 2)])
def test_scatter_moments_by_enumeration(dimension: int, samples: int) -> None:
    algebra = Algebra(dimension)
    block = Block("e", "S", "I", Fraction(1, samples))
    squared, trace = _wishart_second_moments(dimension, samples)
    scatter = {"S": 1}
    assert expectation(algebra, algebra.trace(scatter, scatter), block) == {(): squared}
    product_of_traces = {(*first, *second): 1 for first in algebra.trace(scatter) for second in algebra.trace(scatter)}
    assert expectation(algebra, product_of_traces, block) == {(): trace}


@given(
    st.lists(st.integers(-3, 3), min_size=3, max_size=3),
    st.lists(st.integers(-3, 3), min_size=3, max_size=3),
    st.integers(1, 4),
)
def test_pairings_of_the_noise_against_gaussian_moments(diagonal: list[int], vector: list[int], samples: int) -> None:
    """E (uᵀe)²(eᵀKe) for diagonal K and C = I: (uᵀu trK + 2uᵀKu)/N², checked coordinate by coordinate."""
    algebra = Algebra(3)
    block = Block("e", "S", "I", Fraction(1, samples))
    ((line, _),) = algebra.form({"u": 1}, [], {"e": 1}).items()
    ((form, _),) = algebra.form({"e": 1}, [{"K": 1}], {"e": 1}).items()
    found = expectation(algebra, {(*line, *line, *form): 1}, block)
    values = {
        "K": sum(diagonal),
        "uu": sum(v * v for v in vector),
        "uKu": sum(k * v * v for k, v in zip(diagonal, vector, strict=True)),
    }
    total = Fraction(0)
    for monomial, coefficient in found.items():
        term = Fraction(coefficient)
        for factor in monomial:
            term *= values["".join((factor.left, *factor.word, factor.right))]
        total += term
    direct = Fraction(0)
    for a, b, c in product(range(3), repeat=3):
        fourth = 0 if a != b else 3 if b == c else 1  # E e_a e_b e_c²
        direct += vector[a] * vector[b] * diagonal[c] * Fraction(fourth, samples**2)
    assert total == direct


def test_words_are_joined_the_right_way_round() -> None:
    """E (eᵀKLv)(uᵀMe) = uᵀMKLv/N, and not uᵀMLKv/N."""
    algebra = Algebra(3)
    ((first, _),) = algebra.form({"e": 1}, [{"K": 1}, {"L": 1}], {"v": 1}).items()
    ((second, _),) = algebra.form({"u": 1}, [{"M": 1}], {"e": 1}).items()
    found = expectation(algebra, {(*first, *second): 1}, Block("e", "S", "I", Fraction(1, 7)))
    assert found == algebra.form({"u": Fraction(1, 7)}, [{"M": 1}, {"K": 1}, {"L": 1}], {"v": 1})


# -- the concentration of the weights ------------------------------------------------------------------

WORKFLOWS = [
    Replace(),
    Replace(sizes=j),
    Accumulate(),
    Accumulate(sizes=j),
    Accumulate(sizes=2**j),
    SlidingWindow(2),
    SlidingWindow(2, sizes=j),
    SlidingWindow(3),
    RealPlusLatest(),
    RealPlusLatest(share=Rational(1, 3)),
    RealPlusLatest(share=0),
    FreshReal(),
    FreshReal(share=Rational(1, 3), real=2),
    FreshReal(share=0),
]


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=str)
def test_concentration_is_that_of_the_weights(workflow: Workflow) -> None:
    found = concentration_formula(workflow, workflow.dynamics())
    assert found is not None
    formula, first = found
    for g in range(first, first + 6):
        assert simplify(formula.subs(GENERATION, g) - concentration(workflow, g)) == 0
    assert first <= 3


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=str)
def test_newest_block_only_says_where_the_weights_lie(workflow: Workflow) -> None:
    latest = all(workflow.weights(g)[-1] == 1 for g in range(1, 6))
    assert newest_block_only(workflow.dynamics()) == latest


# -- one dimension, exactly: polynomials in sums of squares --------------------------------------------


def _scalar_replace(samples: int, divisor: int, generations: int) -> list[Fraction]:
    """E (σ_g² − 1)² for d = 1: σ² is a product of independent χ²_ν/c, whose moments are ν and ν(ν + 2)."""
    freedom = samples - 1
    first, second = Fraction(freedom, divisor), Fraction(freedom * (freedom + 2), divisor**2)
    return [second**g - 2 * first**g + 1 for g in range(1, generations + 1)]


@pytest.mark.parametrize("samples", [2, 3, 7])
@pytest.mark.parametrize("unbiased", [False, True])
def test_scalar_variance_under_replace(samples: int, unbiased: bool) -> None:
    expected = _scalar_replace(samples, samples - 1 if unbiased else samples, 6)
    risk = expected_risk(GaussianFit(1, samples, unbiased), Replace(), "covariance")
    assert [Fraction(int(value.p), int(value.q)) for value in islice(risk.recurrence.values(), 6)] == expected
    assert [risk.closed_form.subs(G, g) for g in range(1, 7)] == [risk.at(g) for g in range(1, 7)]


def test_matrix_second_moments_under_replace() -> None:
    """The 2×2 recursion of (tr Σ², (tr Σ)²) for a Wishart chain, in symbols."""
    for unbiased, c in ((False, n), (True, n - 1)):
        nu = n - 1
        squared, trace, mean = d, d**2, d
        values = islice(expected_risk(GaussianFit(unbiased=unbiased), Replace(), "covariance").recurrence.values(), 4)
        for value in values:
            squared, trace = (
                (nu * (nu + 1) * squared + nu * trace) / c**2,
                (nu**2 * trace + 2 * nu * squared) / c**2,
            )
            mean = nu * mean / c
            assert cancel(value - (squared - 2 * mean + d)) == 0


# -- any workflow, by drawing points and refitting -----------------------------------------------------


def _fits(
    workflow: Workflow, model: GaussianFit, generations: int, replicates: int, seed: int
) -> list[tuple[np.ndarray, np.ndarray]]:
    """(μ, Σ) of every generation and replicate: points drawn from the last fit, refitted with the weights."""
    random = np.random.default_rng(seed)
    dimension, samples = int(model.d), int(model.n)
    mean, root = (
        np.zeros((replicates, dimension)),
        np.broadcast_to(np.eye(dimension), (replicates, dimension, dimension)),
    )
    means, seconds, fits = [], [], []
    for g in range(1, generations + 1):
        size = int(samples * workflow.size(g))
        points = mean[:, None] + random.standard_normal((replicates, size, dimension)) @ root.transpose(0, 2, 1)
        means.append(points.mean(axis=1))
        seconds.append(np.einsum("rni,rnj->rij", points, points) / size)
        weights = [float(weight) for weight in workflow.weights(g)]
        mu = sum(w * m for w, m in zip(weights, means, strict=True))
        second = sum(w * q for w, q in zip(weights, seconds, strict=True))
        fresh = float(workflow.fresh_weight(g)) if g > 1 else 0.0
        kappa = sum(w**2 / (samples * float(workflow.size(i))) for i, w in enumerate(weights, start=1))
        if fresh:
            amount = int(samples * workflow.fresh_size(g))
            real = random.standard_normal((replicates, amount, dimension))
            mu = mu + fresh * real.mean(axis=1)
            second = second + fresh * np.einsum("rni,rnj->rij", real, real) / amount
            kappa += fresh**2 / amount
        sigma = second - np.einsum("ri,rj->rij", mu, mu)
        if model.unbiased:
            sigma = sigma / (1 - kappa)
        values, vectors = np.linalg.eigh(sigma)
        mean, root = mu, vectors * np.sqrt(np.maximum(values, 0))[:, None, :]
        fits.append((mu, sigma))
    return fits


def _polynomial_losses(mu: np.ndarray, sigma: np.ndarray) -> dict[str, np.ndarray]:
    norm = (mu**2).sum(axis=1)
    spread = ((sigma - np.eye(mu.shape[1])) ** 2).sum(axis=(1, 2))
    return {"mean": norm, "covariance": spread, "squared": norm + spread, "trace": np.trace(sigma, axis1=1, axis2=2)}


CASES = [
    (Replace(sizes=j), GaussianFit(2, 4)),
    (Accumulate(), GaussianFit(2, 3)),
    (Accumulate(), GaussianFit(3, 4, unbiased=True)),
    (Accumulate(sizes=j), GaussianFit(1, 3, unbiased=True)),
    (FreshReal(), GaussianFit(2, 3)),
    (FreshReal(share=Rational(1, 4), real=2), GaussianFit(1, 3, unbiased=True)),
    (RealPlusLatest(), GaussianFit(2, 3)),
    (RealPlusLatest(share=Rational(1, 3)), GaussianFit(2, 4, unbiased=True)),
    (SlidingWindow(2), GaussianFit(2, 3)),
    (SlidingWindow(2, sizes=j), GaussianFit(1, 4)),
]


@pytest.mark.parametrize(("workflow", "model"), CASES, ids=str)
def test_polynomial_losses_by_refitting(workflow: Workflow, model: GaussianFit) -> None:
    """Within 4.5 standard errors; at 60 000 replicates those are below 1 % of every risk."""
    fits = _fits(workflow, model, generations=4, replicates=60_000, seed=7)
    for loss in ("mean", "covariance", "squared", "trace"):
        risk = expected_risk(model, workflow, loss)
        assert risk.exactness == "exact"
        for value, (mu, sigma) in zip(risk.recurrence.values(), fits, strict=False):
            sampled = _polynomial_losses(mu, sigma)[loss]
            error = sampled.std() / len(sampled) ** 0.5
            assert abs(sampled.mean() - float(value)) < 4.5 * error
            assert loss not in ("mean", "trace") or error < 0.01 * float(value)


@pytest.mark.parametrize("unbiased", [False, True])
@pytest.mark.parametrize("workflow", [SlidingWindow(2), SlidingWindow(2, sizes=j), Accumulate(sizes=j)], ids=str)
def test_the_recursion_agrees_with_the_weights(workflow: Workflow, unbiased: bool) -> None:
    """Stated from generation 5 on, the generations before come from the weights and all noise so far, exactly."""
    dynamics = workflow.dynamics()
    late = dynamics
    while late.start < 5:
        moved = late.transition.subs(GENERATION, late.start) * late.initial
        born = late.innovation.subs(GENERATION, late.start)
        late = replace(late, start=late.start + 1, initial=Matrix.hstack(moved, born))
    stated, unrolled = (
        invariant_recurrence(workflow, form, Loss(covariance=True), Integer(2), Integer(5), unbiased).values()
        for form in (dynamics, late)
    )
    assert list(islice(stated, 5)) == list(islice(unrolled, 5))


# -- subsamples of the pool ----------------------------------------------------------------------------


@pytest.mark.parametrize("unbiased", [False, True])
@pytest.mark.parametrize(("budget", "replacement"), [(1, False), (1, True), (2, False), (2, True)])
def test_mean_and_trace_of_subsamples(budget: int, replacement: bool, unbiased: bool) -> None:
    workflow = AccumulateSubsample(budget=budget, replacement=replacement)
    samples, replicates, random = 3, 120_000, np.random.default_rng(11)
    model = GaussianFit(1, samples, unbiased)
    mean, deviation = np.zeros(replicates), np.ones(replicates)
    pool = np.zeros((replicates, 0))
    for g in range(1, 5):
        block = mean[:, None] + deviation[:, None] * random.standard_normal((replicates, samples))
        pool = np.hstack([pool, block])
        drawn = pool
        if workflow.draw(g) is not None:
            take = samples * budget
            if replacement:
                index = random.integers(0, pool.shape[1], (replicates, take))
            else:
                index = np.argsort(random.random(pool.shape), axis=1)[:, :take]
            drawn = np.take_along_axis(pool, index, axis=1)
        mean, variance = drawn.mean(axis=1), drawn.var(axis=1, ddof=int(unbiased))
        deviation = np.sqrt(variance)
        for loss, sampled in (("mean", mean**2), ("trace", variance)):
            risk = expected_risk(model, workflow, loss)
            assert risk.exactness == "exact"
            assert abs(sampled.mean() - float(risk.at(g))) < 4.5 * sampled.std() / replicates**0.5


def test_dimension_only_multiplies_mean_and_trace() -> None:
    for workflow in (Accumulate(), AccumulateSubsample(), FreshReal()):
        for unbiased in (False, True):
            for loss in ("mean", "trace"):
                one = expected_risk(GaussianFit(1, 5, unbiased), workflow, loss)
                three = expected_risk(GaussianFit(3, 5, unbiased), workflow, loss)
                pairs = zip(three.recurrence.values(), one.recurrence.values(), strict=False)
                assert all(many == 3 * single for many, single in islice(pairs, 5))


@pytest.mark.parametrize(
    "workflow", [Replace(), Accumulate(), FreshReal(), RealPlusLatest(), SlidingWindow(2)], ids=str
)
def test_exact_tends_to_leading_order(workflow: Workflow) -> None:
    """n × (exact) → n × (leading order) as n grows, for every polynomial loss and for both divisors."""
    big = Integer(10) ** 9
    for unbiased in (False, True):
        model = GaussianFit(3, big, unbiased)
        for loss in ("mean", "covariance", "squared", "trace"):
            exact = expected_risk(model, workflow, loss)
            leading = exact.leading_order
            base = 3 if loss == "trace" else 0
            assert leading.exactness == "leading order"
            for value, limit in islice(zip(exact.recurrence.values(), leading.recurrence.values(), strict=False), 5):
                size = max(1.0, float(abs(limit - base) * big))
                assert float(abs(value - limit) * big) < 1e-6 * size
