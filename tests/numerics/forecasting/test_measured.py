"""Own runs of real generators: what the law holds on, and the controls where variance rules."""

from __future__ import annotations

import numpy as np
import pytest

from numerics.forecasting import forecast, transfer
from theory import Accumulate, AccumulateSubsample, ContaminatedPool, DomainError, RealPlusLatest, Replace

#: The run whose generator is a parametric model fitted by maximum likelihood.
CONTROL = "control-ppca"


@pytest.mark.parametrize("shown", [4, 6])
def test_intervals_of_single_chains(measured, shown) -> None:
    """Every chain of every generator; of the control's hundreds the first ten under each workflow."""
    covered: list[float] = []
    for name, run in measured.items():
        for workflow, table in run.items():
            for chain in table[:10] if name == CONTROL else table:
                try:
                    found = forecast(chain[:shown], workflow, horizon=len(chain))
                except DomainError:  # noise that fell at every step, or jumped
                    continue
                later = chain[shown:]
                covered.append(float(((found.lower[shown:] <= later) & (later <= found.upper[shown:])).mean()))
    assert len(covered) >= 140
    assert 0.85 <= np.mean(covered) <= 0.95


def test_workflows_together_from_four_generations(measured) -> None:
    """Error at the last generation over the rise; the median is at most 0.12, that of the last value is 0.23."""
    errors, covered, narrowed = [], [], []
    for run in measured.values():
        length = min(table.shape[1] for table in run.values())
        found = forecast({workflow: table[:, :4] for workflow, table in run.items()}, horizon=length)
        for workflow, table in run.items():
            mean, under = table.mean(axis=0), found.of(workflow)
            errors.append(abs(under.median[-1] - mean[-1]) / (mean[-1] - mean[0]))
            covered.append(((under.lower[4:] <= mean[4:]) & (mean[4:] <= under.upper[4:])).mean())
        alone = forecast(run[Accumulate()][:, :4], Accumulate(), horizon=length)
        kept = found.of(Accumulate())
        narrowed.append((kept.upper - kept.lower)[-1] / (alone.upper - alone.lower)[-1])
    assert len(errors) == 21
    assert np.median(errors) <= 0.06
    assert np.mean(covered) >= 0.9
    # With discrepancy and noise in proportion to the largest rise, that of replace, the median was 1.13.
    assert np.median(narrowed) <= 0.9


def test_transfer_of_a_diffusion_model_without_parameters(measured) -> None:
    run = measured["diff_n500"]
    found = transfer(run[Replace()], Replace(), AccumulateSubsample())
    seen = run[AccumulateSubsample()].mean(axis=0)
    ratios = (seen - seen[0])[1:] / found.rise[1:]
    assert ((ratios > 0.9) & (ratios < 1.1)).all()


def test_transfer_of_a_long_training_is_said_to_be_a_bound(measured) -> None:
    """Under maximum likelihood test and training loss differ by p/n, and replace rises by p/2n: variance is all."""
    run = measured[CONTROL]
    found = transfer(run[Replace()], Replace(), Accumulate(), generalisation_gap=24 / 1000)
    assert found.upper_bound
    assert "training is long enough for variance to count" in found.sentence
    seen = run[Accumulate()].mean(axis=0)
    assert ((seen - seen[0])[1:] < 0.6 * found.rise[1:]).all()


def test_a_draw_from_the_pool_may_lose_more_than_the_mixture(measured) -> None:
    """At generation 3 of the control by a fifth, as the variance law says; that is why it is called no bound."""
    run = measured[CONTROL]
    found = transfer(run[Replace()], Replace(), AccumulateSubsample(), generalisation_gap=24 / 1000)
    assert "no bound" in found.sentence
    seen = run[AccumulateSubsample()].mean(axis=0)
    assert (seen - seen[0])[2] > 1.1 * found.rise[2]
    assert ((seen - seen[0]) < 1.1 * (found.upper - found.upper[0]) + 1e-12).all()


def test_variance_is_all_of_the_control_and_little_of_short_training(measured) -> None:
    control = forecast(measured[CONTROL])
    assert control.share_of_bias.median <= 0.1
    assert control.families["variance"] > 0.9
    # p/2n for 24 parameters and 1000 rows, within the 0.98 to 1.02 of leading order and the noise of 100 chains.
    assert 0.95 < control.parameters["A"].median / (24 / 2000) < 1.08
    short = forecast(measured["diff_n500"])
    assert short.share_of_bias.median >= 0.9
    assert short.families["variance"] < 1e-3


def test_workflows_that_were_not_fitted(measured, runs) -> None:
    """Mean rise of real + latest and of a pool with a quarter of real rows, n rows drawn of each, predicted to 15 %.

    All workflows of a run, but the control's, have generation 1 in common, so that what is predicted is the rise over
    the loss that was measured there. Over that of a generation 1 measured anew it is another question, and a mean rise
    is off by the noise of both: simulated chains with the noise of the flow model, ten seeds, miss 15 % in a quarter of
    all cases then, and in a tenth over the one they share. Of ten cells one misses either way: by a fifth of its rise,
    of which ten chains tell the mean with a standard error of 17 %; and by little more than 15 %, where it is 24 %.
    """
    subsampled = pytest.importorskip("theory.workflows.subsampled").Subsampled
    others = {"real-latest": subsampled(RealPlusLatest()), "mixed25": subsampled(ContaminatedPool(real="1/4"))}
    ratios, anew, deviations = [], [], []
    for name, run in measured.items():
        found = forecast(run, horizon=min(table.shape[1] for table in run.values()))
        for other, workflow in others.items():
            if other in runs[name]:
                told, table = found.of(workflow).median, runs[name][other]
                rises = (table[:, 1:] - table[:, :1]).mean(axis=1)
                ratios.append((told[1:] - table[:, 0].mean()).mean() / rises.mean())
                anew.append((told[1:] - told[0]).mean() / rises.mean())
                deviations.append(rises.std(ddof=1) / len(rises) ** 0.5 / rises.mean())
    shared, other = (np.abs(np.array(each) - 1.0) for each in (ratios, anew))
    assert len(shared) == 10
    for misses in (shared, other):
        assert (misses <= 0.15).sum() >= 9
        assert (misses <= np.maximum(0.15, 1.25 * np.array(deviations))).all()
    assert shared.max() <= 0.17
    assert np.median(shared) <= 0.08
    assert np.median(other) <= 0.04
