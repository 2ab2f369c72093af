"""Closed forms that the catalogue lists: mpmath agrees with each certificate, and no number in it can be changed."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

import pytest

from selfgen.catalogue import MODELS, concrete, workflows
from theory import NotDerivedError, expected_risk
from theory.proof import Certificate, ClosedForm, prove


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
        try:
            risk = expected_risk(concrete(MODELS[label], loss), workflow, loss=loss)
        except NotDerivedError:
            continue
        if risk.closed_form is not None:
            certificate = prove(ClosedForm(risk))
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
