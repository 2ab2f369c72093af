"""Losses that no forecast can be made from are refused, in a sentence that names argument and value."""

from __future__ import annotations

import math

import numpy as np
import pytest

from numerics.forecasting import backtest, forecast, recommend, transfer
from numerics.forecasting.data import curves
from numerics.forecasting.screening import refuse
from numerics.limit_process import limit_process
from theory import (
    Accumulate,
    AccumulateSubsample,
    ContaminatedPool,
    DomainError,
    FreshReal,
    RealPlusLatest,
    Replace,
    SlidingWindow,
    Weighted,
)
from theory.workflows.subsampled import Subsampled

LOSSES = [1.8164, 1.9081, 1.9582, 1.9953, 2.0234, 2.0427]
DRAWN, LATEST = AccumulateSubsample(), Replace()
NEGATIVE = Weighted(lambda g: [1] if g == 1 else [2, -1, *[0] * (g - 2)])
ONLY_REAL = Weighted(lambda g: [1] + [0] * (g - 1))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        # losses
        (lambda: forecast([2.0, 2.1], LATEST), "losses of replace are of 2 generations: a forecast needs 3"),
        (lambda: forecast([2.0], LATEST), "losses of replace are of one generation"),
        (lambda: forecast([2.0] * 4, LATEST), "losses are constant, 2 at every generation"),
        (lambda: forecast([2.0, 2.0, 2.0 + 1e-15], LATEST), "losses are constant"),
        (lambda: forecast([[2.0, 3.0, 2.5], [3.0, 2.0, 2.5]], LATEST), "losses are constant"),
        (lambda: forecast([3.0, 2.5, 2.4], LATEST), "losses of replace fall from 3 to 2.4"),
        (lambda: forecast({DRAWN: LOSSES, LATEST: LOSSES[::-1]}), "losses of replace fall"),
        (lambda: forecast([[3.0, 2.9, 2.9], [3.0, 2.91, 2.9], [3.0, 2.8, 2.89]], LATEST), "losses of replace fall"),
        (lambda: forecast([3.0, 2.9, 2.95, 2.8], LATEST, stderr=0.01), "losses of replace fall"),
        (lambda: forecast([1.0, math.nan, 2.0], LATEST), "losses of replace hold nan at generation 2"),
        (lambda: forecast([[1.0, 1.1, 2.0], [1.0, 1.1, math.inf]], LATEST), "hold inf at generation 3 of seed 1"),
        (lambda: forecast([1.0, None, 2.0], LATEST), "hold nan at generation 2"),
        (lambda: forecast(np.ma.masked_invalid([1.0, math.nan, 2.0]), LATEST), "hold nan at generation 2"),
        (lambda: forecast([1.8, 1.9, 1.95, 1.98, 3.0, 3.02], DRAWN), "jump from 1.98 to 3 at generation 5"),
        (lambda: forecast([1.8, 1.9, 1.95, 1.98, 1.0, 1.02], DRAWN), "jump from 1.98 to 1 at generation 5"),
        (lambda: forecast([True, False, True], LATEST), r"losses = \[True, False, True\] is not a table of real"),
        (lambda: forecast(["1", "2", "3"], LATEST), "is not a table of real numbers"),
        (lambda: forecast([1, 2, 3j], LATEST), "is not a table of numbers"),
        (lambda: forecast("abc", LATEST), "losses = 'abc' is not a table of numbers"),
        (lambda: forecast([[1, 2, 3], [1, 2]], LATEST), "of one length each row"),
        (lambda: forecast(5.0, LATEST), r"have the shape \(\)"),
        (lambda: forecast(np.ones((2, 2, 2)), LATEST), r"have the shape \(2, 2, 2\)"),
        (lambda: forecast(1e-300 * np.array(LOSSES), LATEST), "give them in another unit"),
        (lambda: forecast(1e200 * np.array(LOSSES), LATEST), "give them in another unit"),
        # workflows
        (lambda: forecast(LOSSES), "workflow is missing"),
        (lambda: forecast(LOSSES, "replaced"), r"workflow 'replaced' is not known \(did you mean replace\?\)"),
        (lambda: forecast(LOSSES, 3), "workflow = 3 is not a workflow"),
        (lambda: forecast({"replace": LOSSES, "discard": LOSSES}), "losses has a workflow twice, by two names"),
        (lambda: forecast({LATEST: LOSSES}, LATEST), "workflow is given beside losses by workflow"),
        (lambda: forecast({}), "losses = {} holds no workflow"),
        (lambda: forecast(LOSSES, RealPlusLatest(share="s")), "has no number for s"),
        (lambda: forecast(LOSSES, NEGATIVE), "weighs a block of generation 2 negatively"),
        (lambda: forecast(LOSSES, ONLY_REAL), "losses of weighted are expected to be the same at every generation"),
        (lambda: forecast(LOSSES, DRAWN).of("sliding-window:l=3"), "l is not a parameter of sliding-window"),
        (lambda: forecast(LOSSES, DRAWN).of(None), "workflow = None is not a workflow"),
        # what else is measured
        (lambda: forecast(LOSSES, DRAWN, stderr=-0.1), "stderr = -0.1 of accumulate-subsample is not allowed"),
        (lambda: forecast(LOSSES, DRAWN, stderr=[0.1] * 5), "one nonnegative standard error for each of the 6"),
        (lambda: forecast(LOSSES, DRAWN, stderr=math.inf), "stderr = inf"),
        (lambda: forecast({DRAWN: LOSSES}, stderr=0.1), "stderr is one table beside losses by workflow"),
        (lambda: forecast({DRAWN: LOSSES}, stderr={LATEST: 0.1}), "stderr is given for Replace"),
        (lambda: forecast(LOSSES, DRAWN, stderr={DRAWN: 0.1}), "stderr is given by workflow, losses are not"),
        (lambda: forecast(LOSSES, DRAWN, generations=[1, 2]), "one whole number for each of the 6 losses"),
        (lambda: forecast(LOSSES, DRAWN, generations=range(2, 8)), "increasing from 1"),
        (lambda: forecast(LOSSES, DRAWN, generations=[1, 2, 2, 3, 4, 5]), "increasing from 1"),
        (lambda: forecast(LOSSES, DRAWN, generations=[1, 2, 3, 4, 5, 6.5]), "one whole number"),
        (lambda: forecast(LOSSES, DRAWN, generations=[1, 2, 3, 4, 5, 1e300]), "one whole number"),
        (lambda: forecast(LOSSES, DRAWN, generations=[1, 2, 3, 4, 5, 10**7]), "10000000 is too many"),
        # settings
        (lambda: forecast(LOSSES, DRAWN, horizon=0), "horizon = 0 is not allowed"),
        (lambda: forecast(LOSSES, DRAWN, horizon=1001), "horizon = 1001 is not allowed: give a generation, 1000"),
        (lambda: forecast(LOSSES, DRAWN, horizon=2.5), "horizon = 2.5 is not allowed"),
        (lambda: forecast(LOSSES, DRAWN, level=1), "level = 1 is not allowed: give a probability"),
        (lambda: forecast(LOSSES, DRAWN, level=0.999), "level = 0.999 is not allowed: beyond 0.99"),
        (lambda: forecast(LOSSES, DRAWN, level="a"), "level = 'a' is not allowed"),
        (lambda: forecast(LOSSES, DRAWN, level=[0.9]), r"level = \[0.9\] is not allowed"),
        (lambda: forecast(LOSSES, DRAWN, baseline=math.nan), "baseline = nan is not allowed"),
        (lambda: forecast(LOSSES, DRAWN, baseline=[1, 2]), "baseline"),
        (lambda: forecast(LOSSES, DRAWN, warm_start="no"), "warm_start = 'no' is not allowed"),
        (lambda: forecast(LOSSES, DRAWN, seed=-1), "seed = -1 is not allowed"),
        (lambda: forecast(LOSSES, DRAWN).probability_above(math.inf), "loss = inf is not allowed"),
        (lambda: forecast(LOSSES, DRAWN).probability_above([2.0, 3.0]), "loss"),
        # beside the forecast
        (lambda: transfer(LOSSES[::-1], LATEST, DRAWN), "losses of replace fall"),
        (lambda: transfer(LOSSES, LATEST, "x"), "workflow 'x' is not known"),
        (lambda: transfer(LOSSES, LATEST, NEGATIVE), "negatively"),
        (lambda: transfer(LOSSES, LATEST, DRAWN, generalisation_gap="x"), "generalisation_gap = 'x' is not allowed"),
        (lambda: backtest([(LOSSES, DRAWN)], shown=2), "shown = 2 is not allowed"),
        (lambda: backtest([(LOSSES, DRAWN)]), "no curve of more than 6 generations"),
        (lambda: backtest([LOSSES]), "give pairs of losses and their workflow"),
        (lambda: backtest(5), "measured = 5 is not allowed"),
        (lambda: backtest([(LOSSES, DRAWN)], shown=4, level=2), "level = 2 is not allowed"),
    ],
)
def test_bad_input_is_named(call, words) -> None:
    with pytest.raises(DomainError, match=words):
        call()


def test_names_stand_for_workflows_as_on_the_command_line() -> None:
    by_name, same = forecast(LOSSES, "accumulate-subsample", horizon=9), forecast(LOSSES, DRAWN, horizon=9)
    assert (by_name.median == same.median).all()
    named = "subsampled-contaminated-pool:real=1/4"
    assert (by_name.of(named).upper == same.of(Subsampled(ContaminatedPool(real="1/4"))).upper).all()
    tables = {"replace": LOSSES, "augment": LOSSES[:3]}
    both = forecast(tables, stderr={"augment": 0.01}, generations={"accumulate": [1, 3, 4]}, horizon=9)
    instances = {LATEST: LOSSES, Accumulate(): LOSSES[:3]}
    same = forecast(instances, stderr={Accumulate(): 0.01}, generations={Accumulate(): [1, 3, 4]}, horizon=9)
    assert (both.lower == same.lower).all()
    assert transfer(LOSSES, "replace", "accumulate").upper_bound
    assert backtest([(LOSSES, "replace")], shown=4).curves == 1
    assert recommend(LOSSES, "replace", "30%", 3).generations == 3


def test_what_may_fall_or_wiggle_is_not_refused() -> None:
    """More rows overfit less; and noise goes down as well as up."""
    forecast(LOSSES[::-1], Accumulate())
    forecast([3.0, 2.9, 2.95, 2.8, 2.7], LATEST)
    forecast([3.0, 2.9, 2.8], LATEST, stderr=0.5)
    forecast([2.0, 2.1, 2.0, 2.1, 2.0, 2.1], FreshReal())


@pytest.mark.parametrize(
    "workflow",
    [LATEST, Accumulate(), DRAWN, SlidingWindow(k=3), Subsampled(ContaminatedPool(real="1/4")), RealPlusLatest()],
    ids=lambda workflow: workflow.name,
)
def test_noise_is_taken_for_a_jump_at_most_once_in_a_hundred(workflow) -> None:
    """Chains that are all variance, of ten parameters, four to ten generations; 2 % is 4 standard errors above 1 %."""
    rng = np.random.default_rng(3)
    root = np.linalg.cholesky(limit_process(workflow, dimension=1, generations=10).covariance)
    chains = 10.0 + ((root @ rng.standard_normal((1500, 10, 10))) ** 2).mean(axis=2)
    for shown in (4, 6, 10):
        assert sum(refused(chain[:shown], workflow) for chain in chains) <= 0.02 * len(chains)


def refused(chain, workflow) -> bool:
    """Whether losses are said to jump."""
    try:
        refuse(curves(chain, workflow, None, None))
    except DomainError as error:
        return "jump" in str(error)
    return False


@pytest.mark.parametrize("place", [3, 4, 5, 8])
def test_another_test_set_half_way_is_seen_at_any_place(place) -> None:
    smooth = 2.0 + 0.2 * np.log(np.arange(1, 11))
    for shift in (-2.0, 2.0):
        assert refused(smooth + shift * (np.arange(10) >= place), DRAWN)
        assert not refused(smooth + 0.2 * shift * (np.arange(10) >= place), DRAWN)


class TestWarnings:
    """Each of them, and losses a little away from what it warns of."""

    @staticmethod
    def of(losses, **settings) -> str:
        return " ".join(forecast(losses, **settings).warnings)

    def test_no_better_than_a_baseline(self) -> None:
        assert "no better than the baseline 1.8" in self.of({DRAWN: LOSSES}, baseline=1.8)
        assert self.of({DRAWN: LOSSES}, baseline=1.9) == ""

    def test_replace_accelerates(self) -> None:
        assert "replace accelerates" in self.of({LATEST: [2.0, 2.1, 2.25, 2.45, 2.7, 3.0]})
        assert "accelerates" not in self.of({LATEST: [2.0, 2.1, 2.2, 2.3, 2.4, 2.5]})
        assert "accelerates" not in self.of({DRAWN: [2.0, 2.1, 2.25, 2.45, 2.7, 3.0]})

    def test_accumulate_is_flat_while_subsample_rises(self) -> None:
        flat = {Accumulate(): [1.8164, 1.80, 1.795, 1.79, 1.80, 1.81], DRAWN: LOSSES}
        assert "accumulate stays flat while accumulate-subsample rises" in self.of(flat)
        assert "flat" not in self.of({Accumulate(): LOSSES, DRAWN: LOSSES})

    def test_a_law_that_does_not_fit_promises_no_plateau(self) -> None:
        wave = [2.0, 2.3, 2.55, 2.6, 2.55, 2.4, 2.2, 2.1, 2.15, 2.3, 2.5, 2.6]
        found = forecast(wave, DRAWN, horizon=20)
        assert found.rejected is not None
        assert found.plateau is None
        assert "the law is rejected" in " ".join(found.warnings)
        assert "no plateau is promised" in found.sentence

    def test_by_chi_square_where_the_noise_is_known(self) -> None:
        wave = [2.0, 2.3, 2.4, 2.41, 2.39, 2.6, 2.61, 2.62]
        assert forecast(wave, DRAWN, stderr=0.001).rejected is not None
        assert forecast(wave, DRAWN, stderr=0.1).rejected is None


@pytest.mark.parametrize("seeds", [1, 3])
def test_accumulate_above_a_draw_from_its_pool_is_warned_of(seeds) -> None:
    """By the law it cannot be: as deep, and less variance. One and the same curve is no such case."""
    noise = 0.004 * np.random.default_rng(2).standard_normal((2, seeds, 6))
    drawn, rise = np.array(LOSSES), np.array(LOSSES) - LOSSES[0]
    above, same = ({Accumulate(): drawn + part * rise + noise[0], DRAWN: drawn + noise[1]} for part in (0.7, 0.0))
    assert any("rises above accumulate-subsample" in caution for caution in forecast(above, horizon=8).warnings)
    assert not any("rises above" in caution for caution in forecast(same, horizon=8).warnings)
