"""Runs on disk: killed at any write they go on to the same bits; extended they are one long run."""

# Users draw from NumPy's global generator, and so does this file.
# ruff: noqa: NPY002

import errno
import json
import os
import re
import runpy
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from any_generator import POOL, Mean, WeighedMean, square
from sympy import Rational

from numerics.generations import run_generations
from theory import Accumulate, AccumulateSubsample, DomainError, FreshReal, RealPlusLatest, Replace, SlidingWindow, j

SETTINGS = {"workflow": Accumulate(), "generations": 4, "loss": square, "replicates": 2, "n": 6, "seed": 9}


def keep(path, **changed):
    return run_generations(Mean(), POOL, **{**SETTINGS, **changed}, path=path)


@pytest.fixture(scope="module")
def reference():
    return run_generations(Mean(), POOL, **SETTINGS).losses


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and kill")
def test_a_run_killed_at_any_write_goes_on_to_the_same_bits(tmp_path, reference):
    """A forked process is killed at its k-th write to the disk, for every k."""
    kills = 0
    for k in range(1, 100):
        path = tmp_path / str(k)
        child = os.fork()
        if child == 0:
            calls = iter(range(1, k))

            def killing(settle, calls=calls):
                def call(*arguments):
                    if next(calls, None) is None:
                        os.kill(os.getpid(), signal.SIGKILL)
                    return settle(*arguments)

                return call

            os.fsync, os.replace = killing(os.fsync), killing(os.replace)
            try:
                keep(path)
            finally:
                os._exit(0)
        _, status = os.waitpid(child, 0)
        assert (keep(path).losses == reference).all()
        if not os.WIFSIGNALED(status):
            break
        kills += 1
        # Nothing is left that the finished run does not need.
        assert [file.name for file in path.iterdir()] == ["losses.jsonl"]
    # Header 2; per replicate 3 generations with a block, 4 each, and one without, 1.
    assert kills == 2 + 2 * (3 * 4 + 1)


SCRIPT = """
import sys, time
import numpy as np
from numerics.generations import run_generations
from theory import FreshReal

class Slow:
    pause = 0.0
    def fit(self, X):
        time.sleep(self.pause)
        self.mean, self.scale = X.mean(), X.std()
    def sample(self, n):
        return np.random.normal(self.mean, self.scale, n)

def run(path=None):
    real = np.random.default_rng(0).normal(size=400)
    return run_generations(Slow, real, FreshReal(), 12, "mean", replicates=2, n=10, path=path)

if __name__ == "__main__":
    Slow.pause = 0.3
    run(sys.argv[1])
"""


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
def test_a_run_killed_from_outside_goes_on_to_the_same_bits(tmp_path):
    script, path = tmp_path / "run.py", tmp_path / "run"
    script.write_text(SCRIPT)
    process = subprocess.Popen([sys.executable, script, path], env={**os.environ, "PYTHONPATH": os.getcwd()})
    record = path / "losses.jsonl"
    started = time.monotonic()
    while not (record.exists() and record.read_bytes().count(b"\n") >= 4):
        assert process.poll() is None
        assert time.monotonic() - started < 120
        time.sleep(0.05)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    before = record.read_bytes()
    assert before.count(b"\n") < 25
    here = runpy.run_path(str(script))
    assert (here["run"](path).losses == here["run"]().losses).all()
    # What was there stays there.
    assert record.read_bytes().startswith(before[: before.rindex(b"\n") + 1])


def test_a_torn_record_is_cut_where_it_is_torn(tmp_path, reference):
    path = tmp_path / "run"
    keep(path)
    whole = (path / "losses.jsonl").read_bytes()
    header = whole.index(b"\n") + 1
    assert whole.count(b"\n") == 1 + reference.size
    written = [json.loads(line)["loss"] for line in whole.splitlines()[1:]]
    assert written == reference.ravel().tolist()
    for end in range(header, len(whole), 41):
        (path / "losses.jsonl").write_bytes(whole[:end])
        assert (keep(path).losses == reference).all()
        assert [json.loads(line)["loss"] for line in (path / "losses.jsonl").read_bytes().splitlines()[1:]] == written
    # A loss of power may leave zeros in the place of the last line; in the middle they are damage.
    for tail in (b"\0" * 19 + b"\n", b"\0" * 500):
        (path / "losses.jsonl").write_bytes(whole[:-20] + tail)
        assert (keep(path).losses == reference).all()
        assert (path / "losses.jsonl").read_bytes() == whole
    (path / "losses.jsonl").write_bytes(whole[: header + 3] + b"\0" + whole[header + 4 :])
    with pytest.raises(DomainError, match="is damaged: line 2"):
        keep(path)
    # A header that is torn, or there in length only, was followed by nothing; what is not ours is left alone.
    for begun in (whole[: header - 4], whole[:9], b"", b"\0" * 40):
        (path / "losses.jsonl").write_bytes(begun)
        assert (keep(path).losses == reference).all()
        assert (path / "losses.jsonl").read_bytes() == whole
    for foreign in (b'{"loss": 3}', b'{"loss": 3}\n', b'{"format": "other"}\n' + whole[header:]):
        (path / "losses.jsonl").write_bytes(foreign)
        with pytest.raises(DomainError, match="has no header"):
            keep(path)
        assert (path / "losses.jsonl").read_bytes() == foreign


@pytest.mark.parametrize("half", [False, True])
def test_a_full_disk_is_one_sentence_at_any_write(tmp_path, reference, monkeypatch, half):
    """At the k-th write, half of it done or nothing; what was finished is kept, and the same call goes on."""
    write, settle, rename = os.write, os.fsync, os.replace
    told = set()
    for k in range(1, 100):
        path, left = tmp_path / str(k), iter(range(1, k))

        def full(act, left=left):
            def call(*arguments):
                if next(left, None) is None:
                    if half and act is write:
                        write(arguments[0], bytes(arguments[1])[: len(arguments[1]) // 2])
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                return act(*arguments)

            return call

        with monkeypatch.context() as patched:
            for name, act in (("write", write), ("fsync", settle), ("replace", rename)):
                patched.setattr(os, name, full(act))
            try:
                keep(path)
                break
            except DomainError as error:
                told.add(re.sub(r"\d+", "#", str(error).replace(str(path), "PATH")))
        before = (path / "losses.jsonl").read_bytes()
        assert before.endswith(b"\n") or not before
        assert not list(path.glob("*.partial"))
        assert (keep(path).losses == reference).all()
        assert (path / "losses.jsonl").read_bytes().startswith(before)
    # Header 3; per replicate 3 generations with a block, 6 each, and one without, 2.
    assert k == 1 + 3 + 2 * (3 * 6 + 2)
    sentence = "path = PATH cannot be written: No space left on device."
    assert told == {
        sentence,
        f"{sentence} # finished generation is kept in PATH: the same call goes on from there.",
        f"{sentence} # finished generations are kept in PATH: the same call goes on from there.",
    }


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and locks")
def test_processes_that_start_at_once(tmp_path, reference):
    """One does the run; the others are told, whichever comes first; and nothing is damaged."""
    codes = set()
    for attempt in range(8):
        path, at, children = tmp_path / str(attempt), time.time() + 0.1, []
        for _ in range(3):
            child = os.fork()
            if child == 0:
                code = 2
                try:
                    while time.time() < at:
                        pass
                    keep(path)
                    code = 0
                except DomainError as error:
                    code = 1 if str(error) == f"path = {path} is being written by another process: wait for it." else 3
                finally:
                    os._exit(code)
            children.append(child)
        ended = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
        assert 0 in ended
        codes |= set(ended)
        assert (keep(path).losses == reference).all()
    assert codes == {0, 1}


@pytest.mark.skipif(os.name != "posix", reason="needs SIGINT")
@pytest.mark.parametrize("kept", [True, False])
def test_an_interruption_is_one_sentence(tmp_path, kept):
    script, path = tmp_path / "run.py", tmp_path / "run"
    script.write_text(SCRIPT.replace("run(sys.argv[1])", "print(flush=True)\n    run(*sys.argv[1:])"))
    command = [sys.executable, script, *([path] if kept else [])]
    process = subprocess.Popen(
        command,
        env={**os.environ, "PYTHONPATH": os.getcwd()},
        stdout=-1,
        stderr=-1,
        text=True,
        # Tests that a shell started in the background are deaf to interruptions, and so would be what they start.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    process.stdout.readline()
    record = path / "losses.jsonl"
    while kept and not (record.exists() and record.read_bytes().count(b"\n") >= 3):
        time.sleep(0.05)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=60)
    assert process.returncode in (-signal.SIGINT, 130)
    if kept:
        done = record.read_bytes().count(b"\n") - 1
        told = f"{done} finished generations are kept in {path}: the same call goes on from there."
    else:
        told = "Nothing is kept: with path = a folder, what is finished would be."
    assert error == f"Interrupted. {told}\n"


def interrupted(path, after):
    """A run whose generator fails at its fit number ``after``."""
    fits = 0

    class Mean:
        def fit(self, X):
            nonlocal fits
            fits += 1
            if fits > after:
                raise RuntimeError("out of memory")
            self.mean = X.mean()

        def sample(self, n):
            return np.random.normal(self.mean, 1.0, n)

    Mean.__qualname__ = "Mean"
    with pytest.raises(RuntimeError, match="out of memory") as caught:
        run_generations(Mean(), POOL, **SETTINGS, path=path)
    return caught.value


def test_a_first_fit_that_fails_says_where(tmp_path):
    assert interrupted(tmp_path / "run", 0).__notes__ == ["This was at generation 1 of replicate 1."]


def test_a_lost_or_damaged_block_is_made_again(tmp_path, reference):
    for damage in ("unlink", "flip", "empty"):
        path = tmp_path / damage
        error = interrupted(path, 3)
        assert error.__notes__ == ["This was at generation 4 of replicate 1."]
        blocks = sorted(file.name for file in path.glob("*.npy"))
        assert blocks == ["block-1-2.npy", "block-1-3.npy", "block-1-4.npy"]
        block = path / blocks[1]
        if damage == "unlink":
            block.unlink()
        else:
            content = bytearray(block.read_bytes())
            content[-3] ^= 1
            block.write_bytes(content if damage == "flip" else b"")
        assert (keep(path).losses == reference).all()


def test_what_is_finished_is_not_done_again(tmp_path, reference):
    path = tmp_path / "run"
    interrupted(path, 3)
    fits = []

    class Counting(Mean):
        def fit(self, X):
            fits.append(len(X))
            super().fit(X)

    Counting.__qualname__ = "Mean"
    assert (run_generations(Counting(), POOL, **SETTINGS, path=path).losses == reference).all()
    # The very first fit as a check, generation 4 of replicate 1 on all its blocks, and replicate 2.
    assert fits == [6, 24, 6, 12, 18, 24]


def test_replace_keeps_one_block_on_disk(tmp_path):
    path = tmp_path / "run"
    fits = 0

    def counting(model, test):
        nonlocal fits
        fits += 1
        assert len(list(path.glob("*.npy"))) <= 1
        return 0.0

    run_generations(Mean(), POOL, Replace(), 5, counting, n=6, path=path)
    assert fits == 5


def test_a_finished_run_is_read_and_not_done_again(tmp_path, reference):
    path = tmp_path / "run"
    keep(path)
    calls = 0

    def square(model, test):
        nonlocal calls
        calls += 1
        return (model.mean - test.mean()) ** 2

    square.__qualname__ = "square"
    assert (keep(path, loss=square).losses == reference).all()
    assert calls == 1


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"seed": 10}, "another run, with seed = 9 there and 10 here: ask for the same as there to go on with it"),
        ({"seed": 10, "n": 7}, "with n = 6 there and 7 here, seed = 9 there and 10 here: ask"),
        ({"workflow": Replace()}, "with workflow = 'accumulate' there and 'replace' here"),
        ({"workflow": Accumulate(sizes=j)}, "with workflow = accumulate of other weights or sizes at generation 2"),
        ({"n": 7}, "with n = 6 there and 7 here"),
        ({"loss": "mean"}, "with loss = 'square' there and 'mean' here"),
        ({"test_data": POOL[:5]}, "with other numbers in test_data"),
    ],
)
def test_another_run_is_refused_and_kept(tmp_path, changed, told):
    path = tmp_path / "run"
    keep(path, replicates=2)
    before = (path / "losses.jsonl").read_bytes()
    with pytest.raises(DomainError, match=told):
        keep(path, **changed)
    assert (path / "losses.jsonl").read_bytes() == before


LONGER = [
    Replace(),
    Accumulate(),
    FreshReal(),
    AccumulateSubsample(),
    SlidingWindow(2, sizes=j),
    RealPlusLatest(share="1/3"),
]


@pytest.mark.parametrize("workflow", LONGER, ids=lambda workflow: workflow.name)
@pytest.mark.parametrize(("generations", "replicates"), [(7, 2), (4, 5), (6, 3)])
def test_a_run_extended_is_one_long_run(tmp_path, workflow, generations, replicates):
    """To the last bit, whatever real data the longer run takes; and what was on record stays there."""
    path = tmp_path / "run"
    short = keep(path, workflow=workflow)
    before = (path / "losses.jsonl").read_bytes()
    longer = {"workflow": workflow, "generations": generations, "replicates": replicates}
    long = run_generations(Mean(), POOL, **{**SETTINGS, **longer}).losses
    assert (long[:2, :4] == short.losses).all()
    assert (keep(path, **longer).losses == long).all()
    after = (path / "losses.jsonl").read_bytes()
    assert after.startswith(before)
    assert after.count(b"\n") == 1 + generations * replicates
    # Asked again, or for less, nothing is done.
    assert (keep(path, **longer).losses == long).all()
    assert (keep(path, workflow=workflow).losses == short.losses).all()
    assert (path / "losses.jsonl").read_bytes() == after


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and kill")
def test_an_extension_killed_at_any_write_goes_on_to_the_same_bits(tmp_path):
    begun = tmp_path / "begun"
    keep(begun, generations=2)
    long = run_generations(Mean(), POOL, **SETTINGS).losses
    kills = 0
    for k in range(1, 100):
        path = tmp_path / str(k)
        shutil.copytree(begun, path)
        child = os.fork()
        if child == 0:
            calls = iter(range(1, k))
            settle = os.fsync

            def killing(file, calls=calls, settle=settle):
                if next(calls, None) is None:
                    os.kill(os.getpid(), signal.SIGKILL)
                return settle(file)

            os.fsync = killing
            try:
                keep(path)
            finally:
                os._exit(0)
        _, status = os.waitpid(child, 0)
        assert (keep(path).losses == long).all()
        assert [file.name for file in path.iterdir()] == ["losses.jsonl"]
        if not os.WIFSIGNALED(status):
            break
        kills += 1
    # Generation 3 of two replicates with a block, 3 each, and generation 4 without, 1.
    assert kills == 2 * (3 + 1)


def test_more_replicates_cost_nothing_of_what_is_there(tmp_path):
    path, calls = tmp_path / "run", []

    def square(model, test):
        calls.append(model.mean)
        return (model.mean - test.mean()) ** 2

    keep(path, loss=square)
    calls.clear()
    keep(path, loss=square, replicates=3)
    # The very first once more, and the new replicate.
    assert len(calls) == 1 + 4


def test_an_extension_by_another_generator_is_refused(tmp_path):
    """Under a name that is the same: the losses on record are computed again, and differ."""

    class Lying(Mean):
        def sample(self, n):
            return np.random.normal(self.mean, 1.1, n)

    Lying.__qualname__ = "Mean"
    path = tmp_path / "run"
    keep(path)
    with pytest.raises(DomainError, match="whose loss at generation 2 of replicate 1 is"):
        run_generations(Lying(), POOL, **{**SETTINGS, "generations": 6}, path=path)


def test_changed_data_generators_and_losses_are_refused(tmp_path):
    path = tmp_path / "run"
    keep(path)
    with pytest.raises(DomainError, match="with other numbers in data, other numbers in test_data"):
        run_generations(Mean(), POOL + 1e-12, **SETTINGS, path=path)
    with pytest.raises(DomainError, match="with generator = 'Mean\\(\\)' there and 'WeighedMean\\(\\)' here"):
        run_generations(WeighedMean(), POOL, **SETTINGS, path=path)

    def square(model, test):
        return (model.mean - test.mean()) ** 2 * (1 + 1e-15)

    # The same by name, but its first value tells.
    square.__qualname__ = "square"
    with pytest.raises(DomainError, match="the generator, the loss or a library has changed"):
        keep(path, loss=square)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.tex").write_text("")
    with pytest.raises(DomainError, match=r"holds 'thesis.tex', but no run"):
        keep(tmp_path / "other")
    with pytest.raises(DomainError, match="cannot be written"):
        keep(tmp_path / "other" / "thesis.tex")
    shutil.rmtree(path)


def test_two_processes_do_not_write_one_run(tmp_path):
    pytest.importorskip("fcntl")
    path = tmp_path / "run"

    def again(model, test):
        with pytest.raises(DomainError, match="being written by another process"):
            keep(path, loss=again)
        return 0.0

    keep(path, loss=again, generations=1, replicates=1)


def test_kernel_densities_resume(tmp_path):
    """With one thread scikit-learn's fits are the same to the last bit; the state of a fit is never stored."""
    neighbors = pytest.importorskip("sklearn.neighbors")
    arguments = {"workflow": RealPlusLatest(share=Rational(1, 3)), "generations": 4, "n": 15, "replicates": 2}
    generator = neighbors.KernelDensity(bandwidth=0.5)
    path = tmp_path / "run"
    run = run_generations(generator, POOL[:60], **arguments, path=path)
    lines = (path / "losses.jsonl").read_bytes().splitlines(keepends=True)
    (path / "losses.jsonl").write_bytes(b"".join(lines[:6]))
    assert (run_generations(generator, POOL[:60], **arguments, path=path).losses == run.losses).all()
