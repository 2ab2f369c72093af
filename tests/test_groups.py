"""In several processes the tests of a file stay together, and those of files that share what takes long to make."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest

pytest.importorskip("xdist")

from by_file import LONGEST, WITH, group_of

pytest_plugins = ["pytester"]
ROOT = Path(__file__).resolve().parents[1]

TESTS = """
import os
import pytest

@pytest.mark.parametrize("value", range(6))
def test_it(value):
    with open(os.environ["RAN"], "a") as told:
        told.write(f"{os.environ['PYTEST_XDIST_WORKER']} {__file__}\\n")
"""
CONFTEST = """
def pytest_xdist_make_scheduler(config, log):
    from by_file import ByFile
    return ByFile(config, log)
"""


def test_a_file_runs_in_one_process(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT / "tests" / "helpers")
    monkeypatch.setenv("RAN", str(pytester.path / "ran"))
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(**{f"test_{name}": TESTS for name in "abcd"})
    pytester.runpytest_inprocess("-n", "2", "--dist", "loadgroup").assert_outcomes(passed=24)
    processes = defaultdict(set)
    for line in (pytester.path / "ran").read_text().splitlines():
        worker, file = line.split(" ", 1)
        processes[file].add(worker)
    assert {len(workers) for workers in processes.values()} == {1}
    assert set.union(*processes.values()) == {"gw0", "gw1"}


def test_what_takes_long_is_begun_first(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two processes take two files each, before anything has run: the third and the fourth, which are named."""
    monkeypatch.syspath_prepend(ROOT / "tests" / "helpers")
    monkeypatch.setattr("by_file.LONGEST", ("test_d.py", "test_c.py"))
    monkeypatch.setenv("RAN", str(pytester.path / "ran"))
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(**{f"test_{name}": TESTS for name in "abcd"})
    pytester.runpytest_inprocess("-n", "2", "--dist", "loadgroup").assert_outcomes(passed=24)
    first: dict[str, str] = {}
    for line in (pytester.path / "ran").read_text().splitlines():
        worker, file = line.split(" ", 1)
        first.setdefault(worker, Path(file).name)
    assert set(first.values()) == {"test_c.py", "test_d.py"}


def test_files_that_are_named_exist() -> None:
    assert all((ROOT / name).is_file() for pair in [*WITH.items(), LONGEST] for name in pair)
    table = "tests/selfgen/test_catalogue.py"
    assert group_of("tests/selfgen/test_tampering.py::test_a[b::c]") == group_of(f"{table}::test_b") == table
