"""The loop around a generator: types of rows, documents, where a model begins, workers, model 1, what is observed."""

# Users draw from NumPy's global generator, and so does this file.
# ruff: noqa: NPY002

import json
import os
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from time import sleep

import numpy as np
import pytest
from any_generator import POOL, Dying, Keeping, Letters, Mean, Warm, square
from sympy import Rational

from numerics.generations import run_generations
from numerics.run.first import FirstModels
from numerics.run.rows import Documents, joined, real_rows
from numerics.run.state import read_state, save_state
from theory import Accumulate, AccumulateSubsample, DomainError, FreshReal, RealPlusLatest, Replace

SETTINGS = {"workflow": Accumulate(), "generations": 4, "loss": square, "replicates": 3, "n": 6, "seed": 9}


@pytest.mark.parametrize("kind", [np.uint8, np.int32, np.float32, np.float64, bool])
def test_rows_keep_their_type(kind, tmp_path):
    seen = []

    class Typed(Mean):
        def fit(self, X):
            seen.append(X.dtype)
            self.rows = X

        def sample(self, n):
            return np.random.choice(self.rows, n)

    data = (np.arange(40) % 7).astype(kind)
    for path in (None, tmp_path / "run"):
        run_generations(Typed, data, Accumulate(), 4, lambda model, test: float(test.dtype == kind), n=20, path=path)
    assert set(seen) == {np.dtype(kind)}
    # 20 rows of five kinds of number: fewer bytes than as float64, except where they are float64.
    assert real_rows("data", data).nbytes == 40 * np.dtype(kind).itemsize


def test_documents_are_cut_joined_and_repeated():
    rng = np.random.default_rng(3)
    texts = [rng.integers(0, 9, size).astype(np.uint16) for size in (3, 0, 5, 1, 0)]
    documents = Documents.of(texts)
    assert documents.dtype == np.uint16
    for index in ([4, 2, 2, 0], slice(1, 4), np.array([True, False, True, False, True]), []):
        chosen = documents[index]
        wanted = [texts[place] for place in np.arange(5)[index]] if len(np.arange(5)[index]) else []
        assert [row.tolist() for row in chosen] == [row.tolist() for row in wanted]
    both = joined([documents, documents[2:3]], [1, 2])
    assert [row.tolist() for row in both] == [row.tolist() for row in [*texts, texts[2], texts[2]]]
    wrong = (([1, 2], [0, 1]), ([1, 2], [1, 2]), ([1, 2], [0, 2, 1, 2]), ([[1]], [0, 1]), ([1], [0.0, 1.0]))
    for tokens, offsets in wrong:
        with pytest.raises(DomainError):
            Documents(np.array(tokens), np.array(offsets))


class Flat(Letters):
    def sample(self, n):
        return np.random.random(n)


@pytest.mark.parametrize("workflow", [Accumulate(), AccumulateSubsample(), RealPlusLatest(share=Rational(1, 3))])
def test_documents_go_through_generations(workflow, tmp_path):
    rng = np.random.default_rng(1)
    texts = Documents.of([rng.integers(0, 4, size).astype(np.uint8) for size in rng.integers(3, 30, 60)])
    settings = {"n": 20, "replicates": 2, "seed": 3}
    found = run_generations(Letters(), texts, workflow, 4, path=tmp_path / "run", **settings)
    assert np.isfinite(found.losses).all()
    assert (found.losses == run_generations(Letters(), texts, workflow, 4, **settings).losses).all()
    for wrong, told in (
        ({"data": texts, "test_data": np.ones(4)}, "test_data is of rows of equal length and data of documents"),
        ({"data": texts, "loss": "mean"}, "is of rows of equal length, not of documents"),
        ({"generator": Flat(), "data": texts}, r"Flat.sample\(8\) is a ndarray: it must be 8 Documents, like the data"),
    ):
        with pytest.raises(DomainError, match=told):
            run_generations(**{"generator": Letters(), "workflow": Replace(), "generations": 3, **wrong})


def stopped(path, generator, at):
    """A run that is interrupted at its loss number ``at``."""
    calls = 0

    def square(model, test):
        nonlocal calls
        calls += 1
        if calls == at:
            raise KeyboardInterrupt
        return (model.mean - test.mean()) ** 2

    square.__qualname__ = "square"
    with pytest.raises(KeyboardInterrupt):
        run_generations(generator, POOL, **{**SETTINGS, "loss": square}, initial="previous", path=path)


@pytest.mark.parametrize("generator", [Keeping(), Warm()])
def test_a_model_begins_from_the_one_before(generator, tmp_path):
    plain = run_generations(generator, POOL, **SETTINGS)
    warm = run_generations(generator, POOL, **SETTINGS, initial="previous")
    assert (plain.losses[:, 0] == warm.losses[:, 0]).all()
    assert (plain.losses[:, 1:] != warm.losses[:, 1:]).all()
    for at in (2, 3, 4, 5, 7, 12):
        path = tmp_path / str(at)
        stopped(path, generator, at)
        # The model of the last finished generation lies there, if it can be kept and another begins from it.
        kept = isinstance(generator, Keeping) and at % 4 != 1
        assert len(list(path.glob("state-*.npz"))) == kept
        assert (run_generations(generator, POOL, **SETTINGS, initial="previous", path=path).losses == warm.losses).all()
        assert [file.name for file in path.iterdir()] == ["losses.jsonl"]
    with pytest.raises(DomainError, match="initial = 'previous' there"):
        run_generations(generator, POOL, **SETTINGS, path=path)


def test_models_begin_from_a_state_on_the_disk(tmp_path):
    model = Keeping()
    model.mean = 8.0
    save_state(model, tmp_path / "model.npz")
    assert float(read_state(tmp_path / "model.npz")["mean"]) == 8.0
    means = []

    def seen(model, test):
        means.append(model.mean)
        return 0.0

    run_generations(Keeping(), POOL, Replace(), 3, seen, n=2000, initial=tmp_path / "model.npz")
    # Model 1 is half of 8 and of the mean of the data, 0; each later one half of 8 and of the model before.
    np.testing.assert_allclose(means, [4, 6, 7], atol=0.1)
    for wrong, told in (
        ({"initial": tmp_path / "none.npz"}, "none.npz cannot be read as the state of a generator"),
        ({"initial": 3}, "initial = 3 is not allowed: it is 'scratch', 'previous', or the file of a state"),
        ({"generator": Mean(), "initial": "previous"}, "needs warm_start.*Mean does not have"),
        ({"generator": Mean(), "initial": tmp_path / "model.npz"}, r"needs load\(state\), which Mean"),
        ({"generator": Mean(), "device": "cpu"}, r"device = 'cpu' is given, but Mean has no to\(device\)"),
    ):
        with pytest.raises(DomainError, match=told):
            run_generations(**{"generator": Keeping(), "data": POOL, **SETTINGS, **wrong})


@pytest.fixture(scope="module")
def workers():
    with ProcessPoolExecutor(2, mp_context=get_context("fork")) as executor:
        yield executor


@pytest.mark.parametrize("workflow", [Accumulate(), FreshReal(), AccumulateSubsample()])
def test_workers_change_nothing(workflow, workers, tmp_path):
    settings = {**SETTINGS, "workflow": workflow}
    reference = run_generations(Keeping(), POOL, **settings, initial="previous").losses
    path = tmp_path / "run"
    found = run_generations(Keeping(), POOL, **settings, initial="previous", executor=workers, path=path)
    assert (found.losses == reference).all()
    again = run_generations(Keeping(), POOL, **{**settings, "replicates": 5}, initial="previous", path=path)
    assert (again.losses[:3] == reference).all()


def test_a_dead_worker_loses_its_generation_and_not_the_run(tmp_path):
    reference = run_generations(Mean(), POOL, **SETTINGS).losses
    dying = Dying(os.getpid(), str(tmp_path / "dead"))
    with (
        ProcessPoolExecutor(2, mp_context=get_context("fork")) as executor,
        pytest.warns(UserWarning, match="a worker died"),
    ):
        found = run_generations(dying, POOL, **SETTINGS, executor=executor, path=tmp_path / "run")
    assert (tmp_path / "dead").exists()
    assert (found.losses == reference).all()


class Drawing(Mean):
    """Draws from NumPy's global generator, with time for another thread in between."""

    def sample(self, n):
        rows = []
        for _ in range(n):
            rows.append(np.random.normal(self.mean, 1))
            sleep(1e-4)
        return np.array(rows)


class Client:
    """A cluster as Dask shows it, whose one worker has three threads: executors of its own, no Executor itself."""

    def __init__(self, threads):
        self.threads = threads

    def get_executor(self, pure):
        assert not pure
        return Handed(self.threads)


class Handed:
    def __init__(self, threads):
        self.submit = threads.submit


def test_threads_of_a_clusters_worker_do_not_disturb_one_another():
    reference = run_generations(Drawing(), POOL, **SETTINGS).losses
    with ThreadPoolExecutor(3) as threads:
        found = run_generations(Drawing(), POOL, **SETTINGS, executor=Client(threads))
    assert (found.losses == reference).all()


def test_executors_that_cannot_do_it_are_refused(workers):
    for wrong, told in (
        ({"executor": 3}, "executor = 3 is no executor"),
        ({"executor": ThreadPoolExecutor(1)}, "threads share NumPy's global generator"),
        ({"executor": workers, "loss": lambda model, test: 0.0}, "cannot be sent to another process"),
    ):
        with pytest.raises(DomainError, match=told):
            run_generations(**{"generator": Mean(), "data": POOL, **SETTINGS, **wrong})


def test_generation_1_is_fitted_once_for_a_study():
    fits = []

    class Counting(Mean):
        def fit(self, X):
            fits.append(sorted(X.tolist()))
            super().fit(X)

    first = FirstModels()
    runs = [
        run_generations(Counting(), POOL, **{**SETTINGS, "workflow": workflow}, first=first)
        for workflow in (Accumulate(), Replace(), AccumulateSubsample())
    ]
    # Three replicates of three workflows, three generations after the first; and model 1 of each replicate once.
    assert len(fits) == 3 * 3 * 3 + 3
    assert all((run.losses[:, 0] == runs[0].losses[:, 0]).all() for run in runs)
    alone = run_generations(Counting(), POOL, **SETTINGS)
    assert (alone.losses == runs[0].losses).all()
    fits.clear()
    shared = run_generations(Counting(), POOL, **SETTINGS, same_first=True)
    assert len(fits) == 3 * 3 + 1
    assert len(set(shared.losses[:, 0])) == 1
    assert len(set(shared.losses[:, 1])) == 3
    # Of every replicate block 1 is the same, and rows drawn afresh are not.
    fits.clear()
    run_generations(Counting(), POOL, **{**SETTINGS, "workflow": FreshReal()}, same_first=True)
    real = [{x for x in rows if x in set(POOL.tolist())} for rows in fits]
    assert len(fits) == 10
    assert not real[1] & real[0]
    assert real[1] != real[4]


def test_what_is_observed_is_kept(tmp_path):
    def observe(model, rows):
        return {"rows": len(rows), "noise": float(np.random.random())}

    path = tmp_path / "run"
    found = run_generations(Mean(), POOL, **SETTINGS, observe=observe, path=path)
    assert [each["rows"] for each in found.observed[0]] == [6, 12, 18, 24]
    again = run_generations(Mean(), POOL, **SETTINGS, observe=observe, path=path)
    assert again.observed == found.observed
    assert len({each["noise"] for chain in found.observed for each in chain}) == 12
    lines = [json.loads(line) for line in (path / "losses.jsonl").read_text().splitlines()]
    assert lines[1]["observed"] == found.observed[0][0]


def test_a_fit_says_how_far_it_is():
    told = []

    class Slow(Mean):
        def fit(self, X, progress=None):
            for step in range(3):
                progress(step + 1, 3)
            told.append(progress)
            super().fit(X)

    run_generations(Slow(), POOL, **{**SETTINGS, "replicates": 1})
    assert len(told) == 4


def test_a_loss_within_the_tolerance_of_a_device_is_the_same(tmp_path):
    noise = [0.0]

    class Device(Mean):
        tolerance = 1e-3

        def to(self, device):
            self.device = device

    def near(model, test):
        return 1.0 + noise[0]

    settings = {**SETTINGS, "loss": near, "device": "cuda:0"}
    run_generations(Device(), POOL, **settings, path=tmp_path / "run")
    header = json.loads((tmp_path / "run" / "losses.jsonl").read_text().splitlines()[0])
    assert header["settings"]["tolerance"] == 1e-3
    assert header["settings"]["device"] == "cuda:0"
    noise[0] = 9e-4
    run_generations(Device(), POOL, **settings, path=tmp_path / "run")
    noise[0] = 2e-3
    with pytest.raises(DomainError, match="whose loss at generation 1"):
        run_generations(Device(), POOL, **settings, path=tmp_path / "run")
