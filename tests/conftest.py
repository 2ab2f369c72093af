"""Tests that give the same verdict every time: Hypothesis draws the same examples at every run."""

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

#: Whole numbers in a text, those in names left out.
NUMBER = re.compile(r"(?<![A-Za-z_0-9])\d+")


@pytest.fixture(scope="session")
def unnoticed() -> Callable[[list[Certificate]], tuple[list[str], int]]:
    """The places of numbers in certificates to which 1 can be added unnoticed, and how many numbers were tried."""

    def search(found: list[Certificate]) -> tuple[list[str], int]:
        tried = [
            (item, *change) for item in found for change in _changed(json.loads(item.json()), lambda data: data, "")
        ]
        return [f"{item}\n{place}" for item, place, data in tried if _passes(data)], len(tried)

    return search


def _passes(data: Any) -> bool:
    try:
        return check(json.dumps(data))
    except CertificateError:
        return False


def _changes(data: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """One change a number; a witness is compared as a text, so that one change of each tells."""
    seen = set()
    for place, changed in _changed(data, lambda data: data, ""):
        witness = place.split(":")[0] if place.startswith("/witnesses") else place
        if witness not in seen:
            seen.add(witness)
            yield place, changed


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
