"""Closed forms that the catalogue lists: mpmath agrees with each certificate, and no number in it can be changed."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

import pytest

from selfgen.catalogue import MODELS, derived, workflows
from theory.proof import Certificate

#: In one process with the table of the same certificates: to find them takes longest.
pytestmark = pytest.mark.xdist_group("catalogue")


@pytest.mark.slow
@pytest.mark.parametrize(("label", "loss"), [(label, loss) for label, model in MODELS.items() for loss in model.losses])
def test_a_changed_number_is_found(
    label: str,
    loss: str,
    unnoticed: Callable[[list[Certificate]], tuple[list[str], int]],
    second_opinion: Callable[[dict[str, Any], random.Random], str | None],
) -> None:
    """One test for both: to find the certificates takes longest."""
    found = {}
    for workflow in workflows().values():
        risk, certificate = derived(MODELS[label], workflow, loss)
        if risk is not None and risk.closed_form is not None:
            assert certificate is not None, risk
            # Some workflows differ in name alone.
            found[json.dumps({**certificate.data, "about": []})] = certificate
    chance, held = random.Random(f"{label} {loss}"), 0
    for certificate in found.values():
        for _ in range(4):
            try:
                assert second_opinion(json.loads(certificate.json()), chance) is None, certificate.data
            except ZeroDivisionError:  # nothing is claimed where an expression is not defined
                continue
            held += 1
            break
    assert held == len(found)
    survivors, tried = unnoticed(list(found.values()))
    assert not survivors
    assert tried >= 8 * len(found)
