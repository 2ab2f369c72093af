"""Tests that give the same verdict every time: Hypothesis draws the same examples at every run."""

import gc
import json
import random
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import settings
from second_opinion import contradiction

from theory.proof import Certificate, CertificateError, check

settings.register_profile("fixed", derandomize=True, deadline=None, max_examples=60)
settings.load_profile("fixed")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """A file's tests run in one process: what they share, fixtures and risks, is made once, not once in each."""
    if config.getvalue("dist") != "loadgroup":
        return None
    from by_file import ByFile

    return ByFile(config, log)


def pytest_collection_finish() -> None:
    """What is collected stays: the garbage collector need not look through twelve thousand tests again and again."""
    gc.collect()
    gc.freeze()


#: Whole numbers in a text, those in names left out.
NUMBER = re.compile(r"(?<![A-Za-z_0-9])\d+")


@pytest.fixture(scope="session")
def unnoticed() -> Callable[[list[Certificate]], tuple[list[str], int]]:
    """The places of numbers in certificates to which 1 can be added unnoticed, and how many numbers were tried."""

    def search(found: list[Certificate]) -> tuple[list[str], int]:
        survivors, tried = [], 0
        for item in found:
            data = json.loads(item.json())
            for place, changed, shown in _changes(data):
                tried += 1
                if _passes(changed) if shown else changed["witnesses"] == data["witnesses"]:
                    survivors.append(f"{item}\n{place}")
        return survivors, tried

    return search


def _passes(data: Any) -> bool:
    try:
        return check(json.dumps(data))
    except CertificateError:
        return False


def _changes(data: dict[str, Any]) -> Iterator[tuple[str, Any, bool]]:
    """One change a number, and whether to show it to the checker.

    The checker runs to its end before it looks at witnesses, and compares them as texts: it is shown one change of
    each, and another change of the same needs only be another text. Nine tenths of all numbers are in witnesses.
    """
    seen = set()
    for place, changed in _changed(data, lambda data: data, ""):
        witness = place.split(":")[0] if place.startswith("/witnesses") else place
        yield place, changed, witness not in seen
        seen.add(witness)


def _changed(node: Any, rebuilt: Callable[[Any], Any], path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(node, int) and not isinstance(node, bool):
        yield path, rebuilt(node + 1)
    elif isinstance(node, str):
        for found in NUMBER.finditer(node):
            more = f"{node[: found.start()]}{int(found.group()) + 1}{node[found.end() :]}"
            yield f"{path}: {node} -> {more}", rebuilt(more)
    elif isinstance(node, (list, dict)):
        for key, item in enumerate(node) if isinstance(node, list) else node.items():

            def within(changed: Any, key: Any = key) -> Any:
                copy = node.copy()
                copy[key] = changed
                return rebuilt(copy)

            yield from _changed(item, within, f"{path}/{key}")


@pytest.fixture(scope="session")
def second_opinion() -> Callable[[dict[str, Any], random.Random], str | None]:
    """What mpmath finds against a certificate."""
    return contradiction
