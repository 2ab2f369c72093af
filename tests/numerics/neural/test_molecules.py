"""Diffusion of torsion angles: exact where the best denoiser is known, valid molecules, bits that come back."""

import numpy as np
import pytest
import torch

from numerics.generations import run_generations
from numerics.neural import MoleculeDiffusion
from numerics.neural.molecule_diffusion import Denoiser
from theory import Accumulate, DomainError

RNG = np.random.default_rng(1)
ROWS = np.column_stack([RNG.choice([-1.0, 2.0], 400, p=[0.25, 0.75]), RNG.normal(3.1, 0.1, 400)])


def test_gradients_are_finite_differences():
    model = MoleculeDiffusion(width=4)
    model.network = Denoiser(4, 4)
    model.network.double()
    torch.nn.init.normal_(model.network.layers[-1].weight)
    points, noise = torch.randn(2, 3, 4, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    level = torch.tensor([[0.1], [1.0], [5.0]], dtype=torch.float64)
    weights = list(model.network.parameters())
    assert torch.autograd.gradcheck(lambda *_: model.loss_of(points, level, noise), weights, fast_mode=True)


def test_the_flow_ends_where_the_best_denoiser_says():
    """Of data at one point the best denoiser is that point, and of two points it is their posterior mean."""
    model = MoleculeDiffusion(flow=40)
    model.angles = 1
    ends = torch.tensor([[1.0, 0.0], [0.0, 1.0]])

    class Best(torch.nn.Module):
        def forward(self, noisy, level):
            apart = ((noisy[:, None] - ends) ** 2).sum(-1) / (2 * level**2)
            return torch.softmax(torch.log(torch.tensor([0.25, 0.75])) - apart, -1) @ ends

    model.network = Best()
    drawn = model.sample(4000, seed=1)[:, 0]
    near = np.abs(drawn[:, None] - [0.0, np.pi / 2]) < 0.05
    assert near.any(1).all()
    # The shares are those of the data, within the error of 4000 draws and of the noisiest level.
    assert abs(near[:, 0].mean() - 0.25) < 0.04


def test_samples_have_the_modes_of_the_data_and_bits_come_back(tmp_path):
    model = MoleculeDiffusion(width=48, steps=1200, rate=3e-3)
    model.fit(ROWS, seed=1)
    drawn = model.sample(600, seed=2)
    assert np.cos(drawn[:, 1] - 3.1).mean() > 0.9
    modes = np.cos(drawn[:, :1] - [-1.0, 2.0]) > 0.9
    assert modes.any(1).mean() > 0.9
    assert abs(modes[:, 0].mean() - 0.25) < 0.1
    assert (model.sample(5, seed=2) == drawn[:5]).all()
    settings = {"n": 100, "replicates": 1, "seed": 3, "initial": "previous"}
    small = MoleculeDiffusion(width=8, steps=20)
    reference = run_generations(small, ROWS, Accumulate(), 3, **settings).losses
    run_generations(small, ROWS, Accumulate(), 2, path=tmp_path / "run", **settings)
    assert (run_generations(small, ROWS, Accumulate(), 3, path=tmp_path / "run", **settings).losses == reference).all()


def test_molecules_built_from_angles_are_valid():
    pytest.importorskip("rdkit")
    from numerics.datasets.conformers import conformers

    found = conformers("CC(C)Cc1ccc(cc1)[C@@H](C)C(=O)O", 120, seed=7)  # ibuprofen
    assert found.rows.shape[1] == len(found.torsions) == 4
    # What is built from the angles of the reference is the reference.
    built = found.build(found.rows[0])
    np.testing.assert_allclose(
        built.GetConformer().GetPositions(), found.molecule.GetConformer().GetPositions(), atol=1e-3
    )
    # Other angles move atoms, and leave what the molecule is.
    model = MoleculeDiffusion(width=48, steps=600, rate=3e-3)
    model.fit(found.rows[:100], seed=1)
    drawn = [found.build(row) for row in model.sample(40, seed=2)]
    assert np.mean([found.is_valid(each) for each in drawn]) > 0.8
    matched = np.mean([found.match_distance(each, found.rows[100:]) for each in drawn[:10]])
    random = [found.build(row) for row in np.random.default_rng(1).uniform(-np.pi, np.pi, (10, 4))]
    assert matched < np.mean([found.match_distance(each, found.rows[100:]) for each in random])
    crowded = found.build(found.rows[0])
    crowded.GetConformer().SetPositions(0.3 * crowded.GetConformer().GetPositions())
    assert not found.is_valid(crowded)
    for smiles, said in (("", "is no molecule"), ("CC C", "is no molecule"), ("CC", "has no bond that turns")):
        with pytest.raises(DomainError, match=said):
            conformers(smiles, 3)
    with pytest.raises(DomainError, match="seed = 0"):
        conformers("CCCC", 3, seed=0)
