"""What the tests of several commands share: a small study, two worker processes, and the command as a process."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from pathlib import Path

import pytest
from launcher import Launcher

from numerics.workers import workers
from selfgen import verification

STUDY = """
title = "Small"
[defaults]
generations = 4
replicates = 20000
[[case]]
model = "bernoulli"
workflow = ["replace", "accumulate"]
parameters = { p = "1/3", n = 20 }
"""


@pytest.fixture
def study(tmp_path: Path) -> Path:
    path = tmp_path / "small.toml"
    path.write_text(STUDY, encoding="utf-8")
    return path


@pytest.fixture(scope="package")
def two_workers() -> Iterator[Executor]:
    with workers(2) as started:
        assert started is not None
        yield started


@pytest.fixture
def pool(two_workers: Executor, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same two processes for each test that asks for two: to start them takes longer than what they do."""

    @contextmanager
    def again(count: int) -> Iterator[Executor]:
        assert count == 2
        yield two_workers

    monkeypatch.setattr(verification, "workers", again)


@pytest.fixture(scope="package")
def launcher() -> Iterator[Launcher]:
    started = Launcher()
    yield started
    started.close()
