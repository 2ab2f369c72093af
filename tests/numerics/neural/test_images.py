"""Autoencoders of images: the bounds are bounds, gradients are right, samples are of the model, bits come back."""

import numpy as np
import pytest
import torch
from scipy.special import logsumexp
from sklearn.datasets import load_digits

from numerics.generations import run_generations
from numerics.neural import ImageVAE
from theory import Accumulate, DomainError

DIGITS = (load_digits().data >= 8).astype(np.uint8)
SMALL = {"latent": 2, "width": 8, "steps": 15, "batch": 16, "draws": 8}


@pytest.mark.parametrize("settings", [{}, {"likelihood": "gaussian"}, {"convolutional": True}])
def test_gradients_are_finite_differences(settings):
    model = ImageVAE(4, latent=2, width=4, **settings)
    model.load({name: value * 3 for name, value in _drawn(model).items()})
    model.network.double()
    rng = torch.Generator().manual_seed(2)
    x = torch.randint(2, (3, 16), generator=rng).double()
    noise = torch.randn(3, 2, generator=rng, dtype=torch.float64)
    weights = list(model.network.parameters())
    used = weights if settings.get("likelihood") else [each for each in weights if each is not model.network.log_noise]
    assert torch.autograd.gradcheck(lambda *given: model.elbo_of(x, noise), used, fast_mode=True)


def _drawn(model):
    fresh = model._fresh()
    fresh.draw(torch.Generator().manual_seed(1))
    return {name: value.numpy() for name, value in fresh.state_dict().items()}


def test_bounds_are_ordered_and_tight_where_all_is_known():
    """With one latent dimension log p(x) is an integral, by quadrature; both bounds are below, and grow with draws."""
    model = ImageVAE(8, latent=1, width=8, steps=150, rate=0.01, draws=400)
    model.fit(DIGITS[:500], seed=1)
    rows = DIGITS[500:540]
    grid = np.linspace(-9, 9, 4001)
    decoded = model.network.decoder(torch.tensor(grid[:, None], dtype=torch.float32))
    with torch.no_grad():
        likelihood = model._likelihood(torch.tensor(rows, dtype=torch.float32)[None], decoded[:, None]).double().numpy()
    prior = -0.5 * grid**2 - 0.5 * np.log(2 * np.pi)
    exact = logsumexp(likelihood + prior[:, None], axis=0) + np.log(grid[1] - grid[0])
    assert (model.elbo(rows) < exact + 0.02).all()
    assert abs(model.score_samples(rows).mean() - exact.mean()) < 0.02
    assert model.elbo(rows).mean() < model.score_samples(rows).mean()


@pytest.mark.parametrize("settings", [{"side": 8}, {"side": 8, "likelihood": "gaussian"}, {"side": 16}])
def test_bits_come_back(settings, tmp_path):
    side = settings["side"]
    data = (
        DIGITS[:80] if side == 8 else np.kron(DIGITS[:80].reshape(-1, 8, 8), np.ones((2, 2), np.uint8)).reshape(80, 256)
    )
    assert ImageVAE(**settings, **SMALL).convolutional == (side == 16)
    common = {"n": 30, "replicates": 1, "seed": 2, "initial": "previous"}
    reference = run_generations(ImageVAE(**settings, **SMALL), data, Accumulate(), 3, **common).losses
    run_generations(ImageVAE(**settings, **SMALL), data, Accumulate(), 2, path=tmp_path / "run", **common)
    found = run_generations(
        ImageVAE(**settings, **SMALL), data, Accumulate(), 3, path=tmp_path / "run", **common
    ).losses
    assert (found == reference).all()
    assert len(set(found[0])) == 3


def test_samples_are_of_the_model():
    for likelihood in ("bernoulli", "gaussian"):
        model = ImageVAE(8, likelihood=likelihood, **{**SMALL, "width": 32, "steps": 300, "rate": 0.01})
        model.fit(DIGITS, seed=1)
        rows = model.sample(3000, seed=2)
        assert rows.dtype == (np.uint8 if likelihood == "bernoulli" else np.float32)
        assert (rows[:10] == model.sample(10, seed=2)).all()
        # A model of the data has their mean, within what it does not fit.
        assert np.abs(rows.mean(0) - DIGITS.mean(0)).mean() < 0.1
        scores = model.score_samples(rows[:1500]), model.score_samples(rows[1500:])
        assert abs(scores[0].mean() - scores[1].mean()) < 4 * np.hypot(scores[0].std(), scores[1].std()) / 1500**0.5


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: ImageVAE(8, likelihood="poisson"), "likelihood = 'poisson'"),
        (lambda: ImageVAE(6, convolutional=True), "side = 6 is not allowed with convolutions"),
        (lambda: ImageVAE(8).fit(DIGITS[:, :9]), "give rows of 64 pixels"),
        (lambda: ImageVAE(8).fit(DIGITS * 2), "X holds grey pixels"),
        (lambda: ImageVAE(8).sample(1), "not fitted"),
        (lambda: ImageVAE(8, rate=-1), "rate = -1"),
    ],
)
def test_errors_are_sentences(call, told):
    with pytest.raises(DomainError, match=told):
        call()
