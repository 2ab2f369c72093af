"""Studies over a Dask cluster: the results of one process, whoever dies; what goes wrong is said in a sentence."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from concurrent.futures import CancelledError, ThreadPoolExecutor
from pathlib import Path
from types import ModuleType

import pytest
from typer.testing import CliRunner

from numerics import simulate
from selfgen import cluster, verification
from selfgen.cli import app
from selfgen.study import load
from theory import Accumulate, DomainError, GaussianMean

ROOT = Path(__file__).parents[2]
STUDY = """
[defaults]
generations = 3
replicates = 20_000

[[case]]
model = "bernoulli"
workflow = ["replace", "accumulate"]
parameters = { p = "1/3" }
grid = { n = [10, 20, 30] }
"""
ADDRESS = "tcp://127.0.0.1:8786"
run = CliRunner()


@pytest.fixture
def study(tmp_path):
    path = tmp_path / "study.toml"
    path.write_text(STUDY)
    return path


class KilledWorkerError(Exception):
    pass


class Client:
    """A cluster of three threads, as far as it is asked."""

    joined = True

    def __init__(self, address, timeout, set_as_default):
        if address != ADDRESS:
            raise OSError("Timed out trying to connect\nto it")
        self.threads = ThreadPoolExecutor(3)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.threads.shutdown()

    def wait_for_workers(self, count, timeout):
        if not self.joined:
            raise TimeoutError

    def nthreads(self):
        return dict.fromkeys(range(3), 1)

    def get_executor(self, pure):
        assert not pure
        return self.threads


@pytest.fixture
def threads(monkeypatch):
    """What stands in for Dask."""
    module = ModuleType("distributed")
    module.Client, module.KilledWorker = Client, KilledWorkerError
    monkeypatch.setitem(sys.modules, "distributed", module)


def plain(results):
    """Without the time, which is no result."""
    return [{name: value for name, value in vars(result).items() if name != "seconds"} for result in results]


def test_the_files_are_those_of_one_process(study, threads, tmp_path):
    for name, more in (("alone", ["--jobs", "1"]), ("cluster", ["--scheduler", ADDRESS])):
        done = run.invoke(app, ["verify", str(study), "--output", str(tmp_path / name), *more])
        assert done.exit_code == 0, done.output
    written = {path.relative_to(tmp_path / "alone") for path in (tmp_path / "alone").rglob("*.*")}
    assert len(written) > 10
    for path in written:
        if path.suffix not in (".pdf", ".png", ".html", ".json") or "certificates" in path.parts:
            assert (tmp_path / "alone" / path).read_bytes() == (tmp_path / "cluster" / path).read_bytes(), path
        assert (tmp_path / "cluster" / path).exists()


def test_no_more_is_handed_out_than_workers_can_take(study, threads):
    begun, ended = [], []

    def finish(case, result):
        ended.append(case)
        assert len(begun) - len(ended) < cluster.AHEAD * 3

    verification.verify(load(study), begin=begun.append, finish=finish, scheduler=ADDRESS)
    assert sorted(case.label for case in begun) == sorted(case.label for case in ended)
    assert len(ended) == 6


@pytest.mark.parametrize(
    ("error", "told"), [(KilledWorkerError("it. died"), "several workers died on one case"), (CancelledError(), "lost")]
)
def test_what_a_cluster_suffers_is_told(study, threads, monkeypatch, error, told):
    def failing(*given):
        raise error

    monkeypatch.setattr(verification, "_verified", failing)
    with pytest.raises(DomainError, match=told) as found:
        verification.verify(load(study), scheduler=ADDRESS)
    assert "\n" not in str(found.value)


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (["--scheduler", "tcp://127.0.0.1:1"], "no scheduler answers there (Timed out trying to connect to it)"),
        (["--scheduler", ADDRESS, "--jobs", "2"], "--jobs 2 and --scheduler tcp://127.0.0.1:8786 are both given"),
    ],
)
def test_a_wrong_cluster_is_refused(study, threads, more, told):
    done = run.invoke(app, ["verify", str(study), *more], terminal_width=300)
    assert done.exit_code == 2
    assert told in " ".join(done.output.split())


def test_a_cluster_without_workers_or_of_another_library_is_refused(study, threads, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(Client, "joined", False)
        with pytest.raises(DomainError, match="no worker has joined it in 30 s; start one: dask worker tcp"):
            verification.verify(load(study), scheduler=ADDRESS)
    states = iter(["mine", *["theirs"] * 99])
    monkeypatch.setattr(cluster, "state", lambda: next(states))
    with pytest.raises(DomainError, match="a worker has another version of selfgen, of Python or of a library"):
        verification.verify(load(study), scheduler=ADDRESS)


def test_what_is_not_installed_is_named(study, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(DomainError, match=r"pip install 'selfgen\[distributed\]'"):
        verification.verify(load(study), scheduler=ADDRESS)


def test_a_real_worker_that_is_killed_loses_its_case_only(study):
    distributed = pytest.importorskip("distributed")
    expected = plain(verification.verify(load(study)))
    killed = []
    with distributed.LocalCluster(2, threads_per_worker=1, dashboard_address=":0") as local:

        def finish(case, result):
            if not killed:
                with distributed.Client(local.scheduler_address, set_as_default=False) as client:
                    killed.append(min(client.run(os.getpid).values()))
                os.kill(killed[0], signal.SIGKILL)

        found = verification.verify(load(study), finish=finish, scheduler=local.scheduler_address)
        with distributed.Client(local.scheduler_address, set_as_default=False) as client:
            model = GaussianMean(sigma2=1, n=10)
            alone, shared = (
                simulate(model, Accumulate(), generations=100, replicates=2**17, seed=1, executor=executor)
                for executor in (None, client)
            )
    assert killed
    assert plain(found) == expected
    assert (shared.mean == alone.mean).all()


def test_the_recipe_of_the_guide_does_what_it_says(tmp_path):
    pytest.importorskip("distributed")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    guide = (ROOT / "docs/guides/own_study.md").read_text()
    (recipe,) = re.findall(r"```sh\n(.*?)```", guide, re.DOTALL)
    install, *commands = recipe.replace("8786", str(port)).replace("docs/", f"{ROOT}/docs/").splitlines()
    assert install.startswith("python -m pip install 'selfgen[distributed]'")
    # What an installation has on its path.
    for name, module in (("selfgen", "selfgen"), ("dask", "dask")):
        (tmp_path / name).write_text(f'#!/bin/sh\nexec {sys.executable} -m {module} "$@"\n')
        (tmp_path / name).chmod(0o755)
    known = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    script = "\n".join([*commands, "code=$?", "kill $(jobs -p)", "wait", "exit $code"])
    done = subprocess.run(["bash", "-c", script], cwd=tmp_path, env=known, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert "7 of 7 cases agree" in done.stdout
    assert (tmp_path / "coins" / "results.json").exists()
