"""Stacked chains: each is what it is alone, bit for bit through the same map, whoever else is in the stack."""

import numpy as np
import pytest
import torch

from numerics import run_generations, run_workflows
from numerics.neural import ImageVAE, LanguageModel, MoleculeDiffusion
from numerics.neural.stack import _clipping, fit_stacked
from numerics.run.rows import Documents
from theory import Accumulate, AccumulateSubsample, DomainError, Replace

RNG = np.random.default_rng(1)
ROWS = [RNG.integers(0, 6, (size, 8)).astype(np.uint8) for size in (30, 40, 50, 20, 35)]


def model(**changed):
    settings = {"context": 8, "layers": 2, "width": 16, "heads": 2, "steps": 25, "batch": 8, **changed}
    return LanguageModel(6, **settings)


def stacked(places):
    models = [model() for _ in places]
    fit_stacked(models, [ROWS[place] for place in places], [10 + place for place in places])
    return [each.state() for each in models]


def test_a_chain_is_the_same_in_every_stack():
    five = stacked(range(5))
    for places in ([0], [2], [1, 3, 2], [4, 0]):
        for place, state in zip(places, stacked(places), strict=True):
            for name, value in state.items():
                assert (value == five[place][name]).all(), (places, name)


def test_a_stacked_chain_is_a_single_fit_but_for_rounding():
    (state,) = stacked([3])
    single = model()
    single.fit(ROWS[3], seed=13)
    for name, value in single.state().items():
        if value.dtype.kind == "f":
            np.testing.assert_allclose(state[name], value, atol=2e-4)
            assert np.abs(value).max() > 0.01


def test_gradients_are_clipped_chain_by_chain():
    slopes = torch.tensor([[3.0, 0.0, 4.0], [0.3, 0.0, 0.4]])
    np.testing.assert_allclose(_clipping(slopes).numpy()[:, 0], [0.2, 1.0], rtol=1e-5)


def test_chains_that_cannot_be_stacked_are_refused():
    for models, rows, seeds, told in (
        ([model()], [ROWS[0], ROWS[1]], [1], "give one of each a chain"),
        ([model(), model(width=8)], ROWS[:2], [1, 2], "models differ in shape or training"),
        ([model(), model()], [ROWS[0], ROWS[1][:, :5]], [1, 2], r"rows have \[5, 8\] columns"),
        ([model(compiled=True)], ROWS[:1], [1], "compiled = True is not allowed"),
    ):
        with pytest.raises(DomainError, match=told):
            fit_stacked(models, rows, seeds)


def test_documents_of_unequal_length_are_stacked():
    rng = np.random.default_rng(2)
    sizes = [rng.integers(1, most, 25) for most in (5, 12, 9)]
    rows = [Documents.of([rng.integers(0, 6, size).astype(np.uint8) for size in each]) for each in sizes]
    # Documents longer than the context are cut, and the shortest batches are far from it.
    three, alone, single = [model() for _ in rows], model(), model()
    fit_stacked(three, rows, [1, 2, 3])
    fit_stacked([alone], rows[:1], [1])
    single.fit(rows[0], seed=1)
    for name, value in alone.state().items():
        assert (value == three[0].state()[name]).all(), name
        if value.dtype.kind == "f":
            np.testing.assert_allclose(single.state()[name], value, atol=2e-4)
    with pytest.raises(DomainError, match="rows are documents and arrays"):
        fit_stacked([model(), model()], [rows[0], ROWS[0]], [1, 2])


IMAGES = [(np.random.default_rng(size).random((size, 64)) < 0.3).astype(np.uint8) for size in (30, 40, 50)]
ANGLES = [np.random.default_rng(size).uniform(-3, 3, (size, 4)) for size in (30, 40, 50)]
#: What makes a generator, and rows of three chains.
OTHERS = [
    (lambda: ImageVAE(8, latent=3, width=16, steps=25, batch=16), IMAGES),
    (lambda: ImageVAE(8, latent=3, width=16, steps=25, batch=16, convolutional=True), IMAGES),
    (lambda: MoleculeDiffusion(width=16, steps=25, batch=16), ANGLES),
    # A batch is no whole number of the processor's vectors: chains begin inside of one.
    (lambda: ImageVAE(4, latent=4, width=16, steps=25, batch=5), [rows[:, :16] for rows in IMAGES]),
    (lambda: MoleculeDiffusion(width=8, steps=25, batch=5), ANGLES),
]


@pytest.mark.parametrize(
    ("make", "rows"), OTHERS, ids=["images", "convolutions", "conformers", "odd images", "odd conformers"]
)
def test_other_generators_are_the_same_in_every_stack_and_alone_but_for_rounding(make, rows):
    three, alone, single = [make() for _ in rows], make(), make()
    fit_stacked(three, rows, [1, 2, 3])
    fit_stacked([alone], rows[1:2], [2])
    first = make()
    fit_stacked([first], rows[:1], [1])
    single.fit(rows[1], seed=2)
    for name, value in alone.state().items():
        assert (value == three[1].state()[name]).all(), name
        assert (first.state()[name] == three[0].state()[name]).all(), name
        if value.dtype.kind == "f":
            np.testing.assert_allclose(single.state()[name], value, atol=2e-4)


RUN = {"data": ROWS[2], "generations": 3, "test_data": ROWS[0], "n": 10, "stacked": True}


@pytest.mark.parametrize("initial", ["scratch", "previous"])
def test_a_stacked_run_does_not_depend_on_how_many_replicates_there_are(initial, tmp_path):
    run = run_generations(model(), workflow=Accumulate(), replicates=3, initial=initial, **RUN)
    fewer = run_generations(model(), workflow=Accumulate(), replicates=2, initial=initial, path=tmp_path / "run", **RUN)
    assert (run.losses[:2] == fewer.losses).all()
    further = run_generations(
        model(), workflow=Accumulate(), replicates=3, initial=initial, path=tmp_path / "run", **RUN
    )
    assert (run.losses == further.losses).all()
    settings = {**RUN, "stacked": False}
    singly = run_generations(model(), workflow=Accumulate(), replicates=3, initial=initial, **settings)
    np.testing.assert_allclose(singly.losses[:, 0], run.losses[:, 0], atol=1e-4)
    with pytest.raises(DomainError, match="fits"):
        run_generations(model(), workflow=Accumulate(), initial=initial, path=tmp_path / "run", **settings)


def test_a_killed_stacked_run_goes_on_to_the_same_bits(tmp_path):
    whole = run_generations(model(), workflow=Replace(), replicates=3, **RUN)

    class Killed(BaseException):
        pass

    calls = []

    def kill(*_):
        calls.append(1)
        if len(calls) == 5:
            raise Killed
        return 0

    with pytest.raises(Killed):
        run_generations(model(), workflow=Replace(), replicates=3, path=tmp_path / "run", observe=kill, **RUN)
    again = run_generations(
        model(), workflow=Replace(), replicates=3, path=tmp_path / "run", observe=lambda *_: 0, **RUN
    )
    assert (again.losses == whole.losses).all()


THREE = {"replace": Replace(), "accumulate": Accumulate(), "subsample": AccumulateSubsample()}


@pytest.mark.parametrize("initial", ["scratch", "previous"])
def test_workflows_in_one_stack_are_those_of_runs_of_their_own(initial, tmp_path, monkeypatch):
    sizes = []
    together = LanguageModel.fit_together
    monkeypatch.setattr(
        LanguageModel, "fit_together", staticmethod(lambda *given: (sizes.append(len(given[0])), together(*given))[1])
    )
    options = {**RUN, "replicates": 2, "initial": initial}
    alone = {name: run_generations(model(), workflow=each, **options).losses for name, each in THREE.items()}
    sizes.clear()
    runs = run_workflows(model(), workflows=THREE, **options)
    # Model 1 of the first seed, which is looked at before; that of the second, once; six chains twice; and none more.
    assert sizes == [1, 1, 6, 6]
    for name, run in runs.items():
        assert (run.losses == alone[name]).all(), name
        assert run.workflow == THREE[name]
    # One workflow is ahead of the others when all go on.
    ahead = {**options, "generations": 2, "replicates": 1}
    run_generations(model(), workflow=Accumulate(), path=tmp_path / "accumulate", **ahead)
    again = run_workflows(model(), workflows=THREE, path=tmp_path, **options)
    assert all((again[name].losses == alone[name]).all() for name in THREE)


def test_workflows_that_cannot_be_run_together_are_refused(tmp_path):
    for workflows, more, told in (
        ({}, {}, "workflows = {} is not allowed"),
        ({"a=1/2": Replace(), "a=1_2": Accumulate()}, {"path": tmp_path / "run"}, "kept in the same folder"),
        (THREE, {"n_jobs": 2}, "stacked = True and n_jobs"),
    ):
        with pytest.raises(DomainError, match=told):
            run_workflows(model(), workflows=workflows, **RUN, **more)


def test_seeds_that_share_their_first_model_have_it_fitted_once():
    run = run_generations(model(), workflow=Replace(), replicates=3, same_first=True, **RUN)
    assert len(set(run.losses[:, 0])) == 1
    assert len(set(run.losses[:, 1])) == 3


def test_stacked_runs_that_cannot_be_are_refused():
    class Plain:
        def fit(self, X):
            self.mean = X.mean()

        def sample(self, n):
            return np.full(n, self.mean)

    real = np.arange(50.0)
    with pytest.raises(DomainError, match=r"stacked = True needs fit_together"):
        run_generations(Plain, real, Replace(), 2, "mean", n=5, stacked=True)
    with pytest.raises(DomainError, match="stacked = True and executor"):
        run_generations(model(), workflow=Replace(), executor=object(), **RUN)
