"""Edits tried before they are kept: what is tried is what would be written, and when an edit is not worth it."""

from __future__ import annotations

import numpy as np
import pytest
from small_models import BLOCKS, WIDTH, llama_tensors, spiked, write_folder

from numerics.editing import find_subspace
from numerics.editing.effect import Change, Effect, loss_change, mass_change
from numerics.editing.llama import llama_of_folder
from numerics.editing.models import Edit, open_model
from numerics.editing.trial import Trial, candidate_ranks, control_of, edited_llama, of_rank, shared_beginnings


def edits(rank=2):
    return {block: Edit(find_subspace(spiked(60, WIDTH, [30.0, 20.0], block)[0], rank=rank)) for block in range(BLOCKS)}


@pytest.mark.parametrize("matrices", ["mlp", "attention", "both"])
def test_what_is_tried_is_what_is_written(tmp_path, matrices):
    folder = write_folder(tmp_path / "model", llama_tensors())
    model = open_model(folder)
    model.write(tmp_path / "edited", edits(), model.targets(list(range(BLOCKS)), matrices), {})
    tried, written = edited_llama(model.llama(), edits(), matrices), llama_of_folder(tmp_path / "edited")
    for one, other in zip(tried.blocks, written.blocks, strict=True):
        assert all((one[name] == other[name]).all() for name in one)


def test_lower_ranks_and_controls():
    assert [edit.subspace.rank for edit in of_rank(edits(), 1).values()] == [1] * BLOCKS
    control = control_of(edits(), 0)
    assert [edit.subspace.rank for edit in control.values()] == [2] * BLOCKS
    assert control[0].subspace.overlap_with(control[1].subspace) < 0.9
    assert candidate_ranks(5) == [1, 2, 4]
    assert candidate_ranks(0) == [1]


def change(relative, error=0.01):
    return Change(1.0, 1.0 + relative, relative, error)


@pytest.mark.parametrize(
    ("mass", "control", "perplexity", "word"),
    [
        (change(-0.5), change(-0.02), change(0.01), None),
        (change(-0.015), change(0.0), change(0.0), "has no effect"),
        (change(-0.005, 0.0), change(0.0, 0.0), change(0.0), "has no effect"),
        (change(0.8), change(0.0), change(0.0), "has no effect"),
        (change(-0.3), change(-0.29), change(0.0), "no better than a random one"),
        (change(-0.5), change(0.0), change(0.07), "costs too much"),
        (change(-0.5), change(0.0), change(0.05), None),
    ],
)
def test_why_an_edit_is_not_kept(mass, control, perplexity, word):
    found = Trial(1, Effect(mass, perplexity, 100), Effect(control, perplexity, 100), {}, {}).reason
    assert (found is None) if word is None else word in found


def test_standard_errors_are_those_of_repeated_draws():
    generator = np.random.default_rng(0)
    ratios, spreads, rises, errors = [], [], [], []
    for _ in range(400):
        before = generator.gamma(2.0, size=50)
        found = mass_change(before, 0.5 * before + 0.1 * generator.gamma(2.0, size=50))
        ratios.append(found.relative)
        spreads.append(found.standard_error)
        lengths = generator.integers(5, 20, 40)
        losses = [generator.gamma(3.0, size=length) for length in lengths]
        worse = [loss + 0.1 + 0.3 * generator.standard_normal() for loss in losses]
        change_of = loss_change(losses, worse)
        rises.append(np.log1p(change_of.relative))
        errors.append(change_of.standard_error / (1 + change_of.relative))
    # 400 draws tell a standard deviation within 3.5 %, and formulas of first order are a little small.
    assert np.mean(spreads) == pytest.approx(np.std(ratios), rel=0.12)
    assert np.mean(errors) == pytest.approx(np.std(rises), rel=0.12)


def test_shared_beginnings():
    chosen, rejected = [[1, 2, 3], [4, 5], [6], [7, 8]], [[1, 2, 9, 9], [5, 5], [6, 7], [7, 8]]
    assert list(shared_beginnings(chosen, rejected)) == [([1, 2], 3, 9)]
