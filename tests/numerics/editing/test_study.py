"""What the study of SmolLM2 says is what its measured losses and masses say."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from numerics.editing.effect import loss_change, mass_change

FOLDER = Path(__file__).resolve().parents[3] / "studies" / "editing"
#: Predicted tokens of a text.
TOKENS = 256


def rows(name):
    with (FOLDER / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


RUNS = {(row["part"], row["method"]): row for row in rows("runs.csv") if row["part"] == "headline"}


def measured(name, run, column):
    return np.array([float(row[column]) for row in rows(name) if row["run"] == run])


@pytest.mark.parametrize("method", ["svd", "random"])
def test_the_headline_is_that_of_the_losses_and_masses(method):
    row = RUNS["headline", method]
    run = f"headline/{method}/128/0.0/1/15/30/"
    mass = mass_change(*(measured("masses.csv", name, "mass") for name in ("before", run)))
    # Spread evenly over a text's tokens, a sum of losses has the same mean and the same spread over texts.
    sums = [measured("losses.csv", name, "loss") for name in ("before", run)]
    cost = loss_change(*([np.full(TOKENS, one / TOKENS) for one in side] for side in sums))
    for found, name in ((mass, "mass"), (cost, "perplexity")):
        assert float(row[f"{name}_relative"]) == pytest.approx(found.relative, abs=1e-4)
        assert float(row[f"{name}_error"]) == pytest.approx(found.standard_error, rel=1e-2)
    assert int(row["tokens"]) == TOKENS * len(sums[0]) >= 20_000


def test_the_effect_is_large_and_cheap_and_that_of_a_random_subspace_is_not():
    found, control = (RUNS["headline", method] for method in ("svd", "random"))
    assert float(found["mass_relative"]) + 2 * float(found["mass_error"]) < -0.4
    assert float(found["perplexity_relative"]) + 2 * float(found["perplexity_error"]) < 0.04
    assert abs(float(control["mass_relative"])) + 2 * float(control["mass_error"]) < 0.1


def test_flipped_labels_and_shuffled_pairs():
    for row in rows("labels.csv"):
        assert float(row["svd_overlap"]) >= 0.999
        assert float(row["score_paired"]) > 20
        assert float(row["score_shuffled"]) < 3
        # Of the mean difference: the prediction is too high, the more so the fewer labels are flipped.
        if 0 < float(row["flips"]) < 0.5:
            assert float(row["mean_predicted"]) == pytest.approx(float(row["mean_sine2"]), rel=0.45)


def test_the_direction_is_predicted_by_the_whole_spectrum_and_not_by_white_noise():
    for row in rows("directions.csv"):
        if int(row["pairs"]) >= 8:
            assert float(row["coloured"]) == pytest.approx(float(row["sine2"]), rel=1 / 3)
        assert float(row["white"]) < float(row["sine2"]) / 10
