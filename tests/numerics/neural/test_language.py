"""Language models in a loop: rows and documents, bits that come back, errors in sentences."""

import numpy as np
import pytest
import torch

from numerics.generations import run_generations
from numerics.neural import LanguageModel
from numerics.run.rows import Documents
from theory import Accumulate, DomainError, Replace

SMALL = {"context": 8, "layers": 1, "width": 16, "heads": 2, "steps": 12, "batch": 8}
RNG = np.random.default_rng(3)
ROWS = RNG.integers(0, 5, (60, 8)).astype(np.uint8)
TEXTS = Documents.of([RNG.integers(0, 5, size).astype(np.uint8) for size in RNG.integers(1, 12, 60)])


def small(**changed):
    return LanguageModel(5, **{**SMALL, **changed})


@pytest.mark.parametrize("data", [ROWS, TEXTS])
def test_a_score_is_the_log_probability_of_a_row(data):
    """By the definition: token by token, from logits of the tokens before."""
    model = small(steps=30)
    model.fit(data, seed=1)
    scores = model.score_samples(data)
    counts, sums = [], []
    for row in [data[place] for place in range(len(data))]:
        kept = [int(token) for token in row][:8]
        targets = kept if data is ROWS else kept + [5] * (len(row) <= 8)
        logits = model.network(torch.tensor([[5, *kept]]))[0].detach().double()
        logits = logits[:, :5] if data is ROWS else logits
        chances = torch.log_softmax(logits, -1)
        sums.append(sum(float(chances[place, target]) for place, target in enumerate(targets)))
        counts.append(len(targets))
    np.testing.assert_allclose(scores, np.array(sums) / np.mean(counts), rtol=1e-4)
    # So the mean is that of a token.
    np.testing.assert_allclose(scores.mean(), sum(sums) / sum(counts), rtol=1e-5)


@pytest.mark.parametrize("data", [ROWS, TEXTS])
def test_samples_follow_the_model(data):
    """The mean log-likelihood of samples is minus the entropy, which a second sample estimates as well."""
    model = small(steps=40, rate=0.02)
    model.fit(data, seed=1)
    one, two = model.sample(2000, seed=1), model.sample(2000, seed=2)
    if data is TEXTS:
        # Documents that do not end within the context are cut, and are then of its length.
        assert 0 < two.lengths.mean() < 8
        assert two.lengths.max() <= 8
    first, second = model.score_samples(one), model.score_samples(two)
    assert abs(first.mean() - second.mean()) < 4 * np.hypot(first.std(), second.std()) / 2000**0.5
    # How often a first token occurs.
    begin = torch.softmax(model.network(torch.tensor([[5]]))[0, 0, : 5 + (data is TEXTS)].detach(), -1)
    share = np.mean([len(row) > 0 and row[0] == 2 for row in one])
    assert abs(share - float(begin[2])) < 4 * (0.25 / 2000) ** 0.5


@pytest.mark.parametrize("data", [ROWS, TEXTS])
def test_bits_come_back(data, tmp_path):
    settings = {"n": 20, "replicates": 2, "seed": 5, "initial": "previous"}
    reference = run_generations(small(), data, Accumulate(), 3, **settings)

    class Stopping(LanguageModel):
        fits = 0

        def fit(self, X, seed=0, progress=None):
            Stopping.fits += 1
            if Stopping.fits == 3:
                raise KeyboardInterrupt
            super().fit(X, seed, progress)

    Stopping.__qualname__ = "LanguageModel"
    torch.manual_seed(1)
    with pytest.raises(KeyboardInterrupt):
        run_generations(Stopping(5, **SMALL), data, Accumulate(), 3, path=tmp_path / "run", **settings)
    torch.manual_seed(2)  # the global generator has no say
    before = torch.get_rng_state()
    found = run_generations(small(), data, Accumulate(), 3, path=tmp_path / "run", **settings)
    assert (found.losses == reference.losses).all()
    assert (torch.get_rng_state() == before).all()
    assert len(np.unique(found.losses)) == found.losses.size


def test_a_model_is_what_its_state_says():
    model = small()
    model.fit(ROWS, seed=1)
    other = small()
    other.load(model.state())
    assert (other.sample(5, seed=2) == model.sample(5, seed=2)).all()
    assert (other.sample(200, seed=2)[:5] == model.sample(5, seed=2)).all()
    assert (other.score_samples(ROWS) == model.score_samples(ROWS)).all()
    other.fit(ROWS, seed=1)  # goes on from there
    assert other.score_samples(ROWS).mean() > model.score_samples(ROWS).mean()
    state = model.state()
    state["position.weight"] += 1
    assert (model.state()["position.weight"] != state["position.weight"]).all()
    for broken in ({"norm.weight": np.ones(3)}, {"extra": np.ones(3)}):
        with pytest.raises(DomainError, match="give the state of the same model"):
            small().load({**model.state(), **broken})


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: small(heads=3), "heads = 3 is not allowed: it must divide the width, 16"),
        (lambda: small(steps=-1), "steps = -1"),
        (lambda: small(rate=0), "rate = 0"),
        (lambda: small(temperature=-1), "temperature = -1.0"),
        (lambda: small().sample(3), "not fitted"),
        (lambda: small().score_samples(ROWS), "not fitted"),
        (lambda: small().fit(ROWS + 1), "X has the token 5: tokens are 0 to 4"),
        (lambda: small().fit(ROWS.astype(float)), "whole numbers"),
        (lambda: small(context=7).fit(ROWS), "8 tokens a row, context = 7"),
        (lambda: run_generations(small(), ROWS, Replace(), 2, n=10, device="nowhere"), "."),
    ],
)
def test_errors_are_sentences(call, told):
    with pytest.raises((DomainError, RuntimeError), match=told):
        call()
