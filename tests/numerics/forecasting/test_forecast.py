"""Forecasts on chains whose truth is known, and what must not change them."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy.special import gammaln, roots_jacobi

from numerics.forecasting import forecast
from numerics.forecasting.law import RATES, SPECTRA
from numerics.forecasting.plateau import ends
from numerics.forecasting.shapes import Spectrum, shapes
from numerics.limit_process import limit_process
from theory import (
    Accumulate,
    AccumulateSubsample,
    DomainError,
    RealPlusLatest,
    Replace,
    SlidingWindow,
    Weighted,
    depth,
    j,
)

LOSSES = np.array([1.8164, 1.9081, 1.9582, 1.9953, 2.0234, 2.0427])
DRAWN = AccumulateSubsample()


def test_intervals_of_chains_with_a_known_truth(truth) -> None:
    """More than 400 chains: six workflows, rates, shares of bias, sizes and persistence of noise, lengths."""
    workflows = (Replace(), Accumulate(), DRAWN, RealPlusLatest(), SlidingWindow(k=3), Accumulate(sizes=j))
    rng = np.random.default_rng(5)
    covered: list[float] = []
    settings = product(workflows, (0.5, 0.8, 0.95), (0.3, 0.9), (0.01, 0.05, 0.15), (0.1, 0.6), (4, 6))
    for workflow, rate, share, noise, persistence, shown in settings:
        chain = truth(workflow, rate, share, noise, persistence).chain(24, rng)
        try:
            found = forecast(chain[:shown], workflow, horizon=24)
        except DomainError:  # noise that fell at every step, or jumped
            continue
        later = chain[shown:]
        covered.append(float(((found.lower[shown:] <= later) & (later <= found.upper[shown:])).mean()))
    assert len(covered) >= 400
    assert 0.85 <= np.mean(covered) <= 0.95


def test_intervals_of_chains_that_are_all_variance() -> None:
    """Squared norms of the limit process, p directions: exact losses of maximum likelihood, whose noise is the chain's.

    With a prior spread over the shares of bias, and noise in proportion to the rise alone, 78 % were covered from 4.
    """
    covered: list[float] = []
    for workflow, directions, shown in product((Replace(), Accumulate(), DRAWN), (24, 300), (4, 6)):
        rng = np.random.default_rng(shown)
        root = np.linalg.cholesky(limit_process(workflow, dimension=1, generations=8).covariance)
        for _ in range(10):
            chain = 10.0 + ((root @ rng.standard_normal((8, directions))) ** 2).mean(axis=1)
            try:
                found = forecast(chain[:shown], workflow, horizon=8)
            except DomainError:
                continue
            later = chain[shown:]
            covered.append(float(((found.lower[shown:] <= later) & (later <= found.upper[shown:])).mean()))
    assert len(covered) >= 115
    assert 0.85 <= np.mean(covered) <= 0.95


def test_standard_errors_of_some_workflows_are_used_where_given() -> None:
    drawn, replaced = [2.0, 2.1, 2.19, 2.22], [2.0, 2.3, 2.5, 2.65]
    both = {Replace(): replaced, DRAWN: drawn}

    def width(of, **settings) -> float:
        found = forecast(both, horizon=10, **settings).of(of)
        return float((found.upper - found.lower)[-1])

    assert width(Replace(), stderr={Replace(): 0.001}) < 0.6 * width(Replace())
    assert width(Replace(), stderr={Replace(): 0.3}) > 1.5 * width(Replace())
    assert width(DRAWN, stderr={DRAWN: 0.3}) > 2 * width(DRAWN)
    # The noise of the other is learnt as before, not taken to be the one that is given.
    assert 0.4 < width(DRAWN, stderr={Replace(): 0.3}) / width(DRAWN) < 2.5


def test_parameters_are_found_where_losses_have_no_noise(truth) -> None:
    known = truth(DRAWN, 0.8, 1.0, 0.0, 0.5)
    losses = known.mean(40)
    found = forecast(losses[:30], DRAWN, horizon=40, stderr=1e-4)
    assert abs(found.parameters["lambda"].median - 0.8) <= 0.05
    assert abs(found.parameters["E"].median - losses[0]) < 0.01
    assert found.share_of_bias.median >= 0.9
    assert abs(found.median[-1] - losses[-1]) < 0.005


def test_variance_alone_is_told_from_bias(truth) -> None:
    known = truth(DRAWN, 0.8, 0.0, 0.0, 0.5)
    found = forecast(known.mean(20), DRAWN, stderr=0.002)
    assert found.families["variance"] > 0.5
    assert found.share_of_bias.median <= 0.1


@pytest.mark.parametrize(("scale", "shift"), [(1e9, 0.0), (1e-9, 0.0), (1.0, -10.0), (3.7, 12.5), (1.0, 1e6)])
def test_unit_and_zero_of_the_losses_do_not_matter(scale, shift) -> None:
    """losses·c + d gives forecast·c + d."""
    plain, changed = (forecast(table, DRAWN, horizon=20) for table in (LOSSES, LOSSES * scale + shift))
    accuracy = 1e-9 + 1e-15 * abs(shift) / scale * 1e3
    for name in ("median", "lower", "upper"):
        back = (getattr(changed, name) - shift) / scale
        np.testing.assert_allclose(back, getattr(plain, name), atol=accuracy)
    assert changed.plateau is not None
    assert plain.plateau is not None
    assert (changed.plateau.median - shift) / scale == pytest.approx(plain.plateau.median, abs=10 * accuracy)
    for name in ("A", "C"):
        assert changed.parameters[name].median / scale == pytest.approx(plain.parameters[name].median, abs=accuracy)


def test_the_order_of_seeds_and_of_workflows_does_not_matter() -> None:
    rng = np.random.default_rng(1)
    table = LOSSES + 0.01 * rng.standard_normal((4, 6))
    first, second = forecast(table, DRAWN), forecast(table[::-1], DRAWN)
    np.testing.assert_allclose(first.median, second.median, atol=1e-9)
    other = LOSSES * 1.5
    one, two = forecast({DRAWN: table, Replace(): other}), forecast({Replace(): other, DRAWN: table})
    deviation = (one.upper - one.lower).max() / 20
    assert abs(one.of(DRAWN).median - two.of(DRAWN).median).max() < deviation


def test_more_seeds_narrow_what_is_known(truth) -> None:
    known, rng = truth(DRAWN, 0.8, 0.8, 0.1, 0.3), np.random.default_rng(2)
    table = np.array([known.chain(6, rng) for _ in range(30)])
    wide, narrow = (forecast(table[:count], DRAWN).parameters["E"] for count in (2, 30))
    assert narrow.upper - narrow.lower < 0.6 * (wide.upper - wide.lower)


def test_a_higher_level_is_wider_everywhere() -> None:
    few, many = (forecast(LOSSES, DRAWN, level=level) for level in (0.5, 0.95))
    assert (many.upper > few.upper).all()
    assert (many.lower < few.lower).all()
    assert (few.lower < few.median).all()
    assert (few.median < few.upper).all()


def test_any_horizon_tells_the_same_of_its_generations() -> None:
    """Shorter than what was measured, one generation, and long."""
    one, short, long = (forecast(LOSSES, DRAWN, horizon=horizon) for horizon in (1, 3, 60))
    assert one.median.shape == (1,)
    assert one.median[0] == pytest.approx(LOSSES[0], abs=0.01)
    np.testing.assert_allclose(short.median, long.median[:3], atol=0.005)


def test_generations_that_are_missing_are_not_counted_as_there() -> None:
    kept = [0, 2, 5]
    found = forecast(LOSSES[kept], DRAWN, generations=[1, 3, 6], horizon=6)
    whole = forecast(LOSSES, DRAWN, horizon=6)
    assert abs(found.median - LOSSES).max() < 0.02
    assert (found.upper - found.lower)[3] > (whole.upper - whole.lower)[3]
    assert "from 3 measured generations" in found.sentence


def test_probability_of_collapse_is_that_of_the_interval() -> None:
    found = forecast(LOSSES, DRAWN, level=0.9)
    above = found.probability_above(float(found.upper[-1]))
    assert above[-1] == pytest.approx(0.05, abs=0.002)
    assert found.probability_above(float(found.median[-1]))[-1] == pytest.approx(0.5, abs=0.002)
    assert (np.diff(found.probability_above(2.1)) >= -0.03).all()


def test_where_the_loss_settles(truth) -> None:
    """Real + latest settles; replace does not where variance has a part."""
    settles = truth(RealPlusLatest(), 0.8, 0.7, 0.005, 0.1)
    found = forecast(settles.chain(12, np.random.default_rng(3)), RealPlusLatest())
    assert found.plateau is not None
    # The rise is 1 at generation 12, from where on it is all but constant.
    assert found.plateau.lower <= 4.0 <= found.plateau.upper
    assert found.plateau.upper - found.plateau.lower < 0.2
    assert np.isfinite(found.plateau.upper)
    assert forecast(truth(Replace(), 0.8, 0.2, 0.005, 0.1).mean(12), Replace()).plateau is None


def test_limits_are_those_that_the_curves_tend_to() -> None:
    rates = RATES[:-1]
    found, far = ends(RealPlusLatest(), growing=False), shapes(RealPlusLatest(), 60)
    assert found is not None
    assert far.ratio[-1] == pytest.approx(found.ratio)
    assert np.r_[far.rise(RATES)[:, -1], far.spread_rise(SPECTRA)[:, -1]] == pytest.approx(found.rise)
    drawn, late = ends(DRAWN, growing=False), shapes(DRAWN, 100)
    assert drawn is not None
    assert late.ratio[-1] == pytest.approx(drawn.ratio, rel=0.02)
    # Γ(G + λ)/(Γ(G + 1)Γ(1 + λ)) is left of 1, over 1 − λ.
    left = np.exp(gammaln(100 + rates) - gammaln(101) - gammaln(1 + rates))
    assert late.rise(rates)[:, -1] + left / (1 - rates) == pytest.approx(drawn.rise[: len(rates)])
    assert drawn.rise[len(rates)] == np.inf
    # E 1/(1 − λ) of a Beta law.
    means = [(law.a + law.b - 1) / (law.b - 1) if law.b > 1 else np.inf for law in SPECTRA]
    assert drawn.rise[-len(means) :] == pytest.approx(means)
    kept = ends(Accumulate(), growing=False)
    assert kept is not None
    assert (found.saved, drawn.saved, kept.saved) == (0.5, 0.0, 1.0)


def test_curves_are_those_that_theory_derives() -> None:
    own = Weighted(lambda g: [f"1/{g}"] * g)
    for workflow in (Replace(), DRAWN, SlidingWindow(k=2), RealPlusLatest(), own):
        curve = shapes(workflow, 6)
        for g in (1, 3, 6):
            assert curve.depths[g - 1, :g] == pytest.approx([float(p) for p in depth(workflow).law(g)])
            assert curve.rise(np.array([0.75]))[0, g - 1] == pytest.approx(float(depth(workflow).rise("3/4").at(g)))


def test_a_spectrum_is_a_mixture_of_rates() -> None:
    """By quadrature over its density; a rise in log g under replace is that of rates spread evenly."""
    for law in SPECTRA:
        nodes, weights = roots_jacobi(40, law.b - 1, law.a - 1)
        mixed = weights / weights.sum() @ shapes(DRAWN, 20).rise((1 + nodes) / 2)
        assert shapes(DRAWN, 20).spread_rise([law])[0] == pytest.approx(mixed)
    even = Spectrum(1.0, 1.0)
    harmonic_sums = np.r_[0.0, np.cumsum(1 / np.arange(1, 30))]
    assert shapes(Replace(), 30).spread_rise([even])[0] == pytest.approx(harmonic_sums)
    found = forecast(2.0 + 0.3 * harmonic_sums[:6], Replace(), horizon=30)
    end = 2.0 + 0.3 * harmonic_sums[-1]
    assert found.lower[-1] < end < found.upper[-1]
    # With two rates at most the rise was found 22 % too large: the slow one was taken for variance.
    assert found.median[-1] - 2.0 == pytest.approx(end - 2.0, rel=0.1)


def test_compute_that_grows_may_lower_the_loss() -> None:
    falling_off = LOSSES - 0.1 * (1 - 1 / np.arange(1, 7))
    found = forecast(falling_off, DRAWN, warm_start=True)
    assert found.parameters["U"].upper > 0
    assert forecast(LOSSES, DRAWN).parameters["U"].upper == 0


def test_noise_of_a_chain_persists_as_its_risk_grows() -> None:
    """Cov of ½|Z_g|² of simulated paths, over that at generation 1: squares of those of the process."""
    process = limit_process(Replace(), dimension=1, generations=4)
    paths = np.cumsum(np.random.default_rng(7).standard_normal((200_000, 4)), axis=1) ** 2 / 2
    simulated = np.cov(paths.T)
    # A covariance of squares has fourth moments in its error: 5 deviations of about √(60/200000) each.
    np.testing.assert_allclose(simulated / simulated[0, 0], shapes(Replace(), 4).covariance, rtol=0.08)
    assert process.covariance[1, 2] == pytest.approx(2.0)
