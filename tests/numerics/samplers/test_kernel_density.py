"""Chains of kernel densities: overlaps against quadrature, variances and errors against their expectations."""

from __future__ import annotations

import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from scipy.stats import multivariate_normal, norm
from sympy import Rational

from numerics.blocks import all_moments
from numerics.samplers.choose import sampler
from numerics.samplers.kernel_density import (
    KernelChain,
    KernelModel,
    Mixture,
    Part,
    SquaredDifference,
    kernel_schedule,
    layout,
    models,
)
from numerics.samplers.overlaps import mean_density, mean_overlap
from theory import (
    Accumulate,
    AccumulateSubsample,
    DomainError,
    FreshReal,
    RealPlusLatest,
    Replace,
    SlidingWindow,
    Weighted,
    expected_risk,
)
from theory.models.kernel_density import KernelDensity
from theory.models.kernels.mixtures import MixtureTruth

UNEQUAL = Weighted(lambda g: [Rational(2 * (g - i), g * (g + 1)) for i in range(g)])
WORKFLOWS = {
    "replace": Replace(),
    "accumulate": Accumulate(),
    "accumulate, sizes j": Accumulate(sizes="j"),
    "window": SlidingWindow(2),
    "real plus latest": RealPlusLatest(share=Rational(1, 4)),
    "fresh real": FreshReal(),
    "fresh real, share": FreshReal(share=Rational(1, 3), real=2),
    "weighted": UNEQUAL,
}
TWO = Mixture((0.3, 0.7), ((-1.4,), (0.6,)), (0.5, 0.2))


@pytest.mark.parametrize("d", [1, 2, 5])
def test_overlaps_are_means_over_pairs(d):
    rng = np.random.default_rng(d)
    x, y = rng.standard_normal((3, 40, d)), 3 + rng.standard_normal((3, 700, d))
    law = multivariate_normal(np.zeros(d), 0.7 * np.eye(d))
    for b in range(3):
        pairs = law.pdf((x[b, :, None] - y[b, None]).reshape(-1, d))
        assert mean_overlap(x, y, 0.7)[b] == pytest.approx(pairs.mean(), rel=1e-11)
        assert mean_density(x, np.full(d, 0.3), 0.7)[b] == pytest.approx(law.pdf(x[b] - 0.3).mean(), rel=1e-12)


def test_overlaps_in_pieces():
    rng = np.random.default_rng(1)
    x, y = rng.standard_normal((2, 600, 1)), rng.standard_normal((2, 900, 1))
    for b in range(2):
        expected = norm.pdf(x[b] - y[b].T, scale=0.1).mean()
        assert mean_overlap(x, y, 0.01)[b] == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("name", ["weighted", "fresh real, share", "accumulate, sizes j", "window"])
@pytest.mark.parametrize("schedule_of_widths", [(0.09,) * 4, (0.09, 0.04, 0.16, 0.25)])
def test_the_error_is_the_integral(name, schedule_of_widths):
    table = kernel_schedule(WORKFLOWS[name], 4, 3)
    loss = SquaredDifference(TWO, layout(table).slots, 2)
    out = np.empty(2)
    # The trapezoidal rule converges geometrically for analytic functions that vanish at both ends.
    grid, step = np.linspace(-12, 12, 2401, retstep=True)
    truth = 0.3 * norm.pdf(grid, -1.4, 0.5**0.5) + 0.7 * norm.pdf(grid, 0.6, 0.2**0.5)
    for model in models(np.random.default_rng(5), TWO, table, schedule_of_widths, 2):
        loss(model, out)
        for b in range(2):
            width = np.sqrt(model.squared_bandwidth)
            fitted = sum(p.weight * norm.pdf(grid, p.points[b], width).mean(axis=0) for p in model.parts)
            assert out[b] == pytest.approx(np.square(fitted - truth).sum() * step, rel=1e-9)


@pytest.mark.parametrize("name", WORKFLOWS)
def test_variances_add_up_by_weight(name):
    # E excess_g = Σ_j w_gj E excess_{j−1} + h_g²; real data are in excess by nothing.
    workflow, squared = WORKFLOWS[name], (0.25, 0.5, 0.1, 0.4, 0.2)
    table = kernel_schedule(workflow, 5, 4)
    chain = KernelChain(Mixture((1.0,), ((0.0, 0.0),), (0.6,)), squared, True, table)
    found = all_moments(chain, 40_000, 3, None, False)
    error = np.sqrt(np.diag(found.comoment)) / found.count
    excess = [0.0]
    for g in range(5):
        excess.append(float(table.weights[g, : g + 1] @ excess[: g + 1]) + squared[g])
    assert (np.abs(found.mean - excess[1:]) < 4.5 * error).all()
    assert (4.5 * error < 0.08 * np.array(excess[1:])).all()


@pytest.mark.parametrize(
    "workflow", [Accumulate(), AccumulateSubsample(), AccumulateSubsample(budget=2, replacement=True)], ids=str
)
def test_the_harmonic_series(workflow):
    # A random subsample is unbiased: accumulate-subsample has the same expectation.
    chain = sampler(KernelDensity(bandwidth=1, n=10), workflow, 12, True, "variance")
    found = all_moments(chain, 20_000, 3, None, False)
    error = np.sqrt(np.diag(found.comoment)) / found.count
    harmonic = np.cumsum(1 / np.arange(1, 13))
    assert (np.abs(found.mean - harmonic) < 4.5 * error).all()
    assert (4.5 * error < 0.05 * harmonic).all()


MIXTURE = MixtureTruth(weights=["3/10", "7/10"], means=["-7/5", "3/5"], variances=["1/2", "1/5"])


@pytest.mark.parametrize("name", ["replace", "accumulate", "real plus latest", "fresh real, share", "weighted"])
@pytest.mark.parametrize("truth", [None, MIXTURE])
def test_integrated_errors_have_the_derived_expectation(name, truth):
    model = KernelDensity(bandwidth="2/5", n=4, truth=truth)
    risk = expected_risk(model, WORKFLOWS[name], loss="mise")
    found = all_moments(sampler(model, WORKFLOWS[name], 3, True, "mise"), 20_000, 3, None, False)
    error = np.sqrt(np.diag(found.comoment)) / found.count
    expected = np.array([float(risk.at(g)) for g in (1, 2, 3)])
    assert (np.abs(found.mean - expected) < 4.5 * error).all()
    assert (4.5 * error < 0.05 * expected).all()


@pytest.mark.parametrize("workflow", [AccumulateSubsample(), AccumulateSubsample(budget=2, replacement=True)], ids=str)
@pytest.mark.parametrize("d", [1, 2])
def test_integrated_errors_of_subsamples(workflow, d):
    model = KernelDensity(bandwidth="1/2", n=3, d=d)
    risk = expected_risk(model, workflow, loss="mise")
    found = all_moments(sampler(model, workflow, 4, False, "mise"), 20_000, 3, None, False)
    error = np.sqrt(np.diag(found.comoment)) / found.count
    expected = np.array([float(risk.at(g)) for g in range(1, 5)])
    assert (np.abs(found.mean - expected) < 4.5 * error).all()
    assert (4.5 * error < 0.05 * expected).all()


def test_both_methods_draw_the_points():
    model = KernelDensity(bandwidth="1/2", n=3)
    chains = [sampler(model, Accumulate(), 3, raw, "mise") for raw in (False, True)]
    law, raw = (chain.losses(np.random.default_rng(1), 5) for chain in chains)
    assert (law == raw).all()


def test_scott_is_a_schedule_of_bandwidths():
    chain = sampler(KernelDensity(bandwidth="scott", n=32), Accumulate(), 3, False, "variance")
    np.testing.assert_allclose(chain.squared_bandwidths, [(32 * g) ** -0.4 for g in (1, 2, 3)], rtol=1e-12)


@pytest.mark.parametrize("name", WORKFLOWS)
def test_living_blocks_never_overlap(name):
    table = kernel_schedule(WORKFLOWS[name], 12, 3)
    places = layout(table)
    for g in range(12):
        held = [(int(j), int(table.points[j])) for j in np.flatnonzero(table.weights[g:].any(axis=0)) if j <= g]
        if table.fresh_weights[g]:
            held.append((12 + g, int(table.fresh_points[g])))
        taken = [range(places.start[j], places.start[j] + size) for j, size in held]
        assert len({i for place in taken for i in place}) == sum(map(len, taken))
        assert max(place.stop for place in taken) <= places.size
        assert len({places.slot[j] for j, _ in held}) == len(held)
        assert max(places.slot[j] for j, _ in held) < places.slots


def test_replace_holds_one_block():
    assert layout(kernel_schedule(Replace(), 50, 8)).size == 8
    assert layout(kernel_schedule(Accumulate(), 50, 8)).size == 400


def test_old_sums_are_not_taken_for_new_ones():
    # The same slot holds another block, or the bandwidth has changed: the sums must follow.
    rng = np.random.default_rng(2)
    loss, out = SquaredDifference(TWO, 1, 3), np.empty(3)
    for block, width in ((0, 0.1), (1, 0.1), (1, 0.2)):
        points = rng.standard_normal((3, 5, 1))
        model = KernelModel((Part(block, 0, 1.0, points),), width)
        loss(model, out)
        again = np.empty(3)
        SquaredDifference(TWO, 1, 3)(model, again)
        np.testing.assert_array_equal(out, again)


def test_results_do_not_depend_on_the_executor():
    for workflow in (UNEQUAL, AccumulateSubsample()):
        chain = sampler(KernelDensity(bandwidth=1, n=60, d=20), workflow, 4, True, "mise")
        replicates = 2 * chain.replicates_in_a_block + 3
        alone = all_moments(chain, replicates, 3, None, False)
        with ThreadPoolExecutor(3) as threads:
            shared = all_moments(chain, replicates, 3, threads, False)
        assert (shared.comoment == alone.comoment).all()


@pytest.mark.parametrize("workflow", [Replace(), Accumulate(), AccumulateSubsample()], ids=lambda w: w.name)
def test_blocks_stay_small(workflow):
    chain = sampler(KernelDensity(bandwidth=1, n=50, d=3), workflow, 6, True, "mise")
    tracemalloc.start()
    chain.losses(np.random.default_rng(1), chain.replicates_in_a_block)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 3 * 2**24


def test_negative_weights_are_no_mixture():
    negative = Weighted(lambda g: [1] if g == 1 else [Rational(-1, 2), *[0] * (g - 2), Rational(3, 2)])
    with pytest.raises(DomainError, match="negative weights"):
        sampler(KernelDensity(bandwidth=1, n=5), negative, 3, True, "mise")
