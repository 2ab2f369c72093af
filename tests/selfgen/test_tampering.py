"""Closed forms that the catalogue lists: mpmath agrees with each certificate, and no number in it can be changed."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

import pytest

from selfgen.catalogue import MODELS, derived, tabled, workflows
from theory.models.around import ModelAround
from theory.proof import Certificate

#: Of models around another: certificates of the same kinds, but of numbers with hundreds of digits elsewhere.
FEW = ("replace", "accumulate", "real-plus-latest")
#: What stands in certificates of sums over integrals of the Wishart law. mpmath does not sum them up to where limits
#: are looked at: changed numbers are found in them too, but a second opinion there is none.
UNSUMMED = "total("


@pytest.mark.slow
@pytest.mark.parametrize(
    ("label", "loss"), [(label, loss) for label, model in MODELS.items() for loss in tabled(model)]
)
def test_a_changed_number_is_found(
    label: str,
    loss: str,
    unnoticed: Callable[[list[Certificate]], tuple[list[str], int]],
    second_opinion: Callable[[dict[str, Any], random.Random], str | None],
) -> None:
    """One test for both: to find the certificates takes longest."""
    found = {}
    around = isinstance(MODELS[label], ModelAround)
    for name, workflow in workflows().items():
        if around and name not in FEW:
            continue
        risk, certificate = derived(MODELS[label], workflow, loss)
        if risk is not None and risk.closed_form is not None:
            assert certificate is not None, risk
            # Some workflows differ in name alone.
            found[json.dumps({**certificate.data, "about": []})] = certificate
    chance, held = random.Random(f"{label} {loss}"), 0
    told = [certificate for certificate in found.values() if UNSUMMED not in certificate.json()]
    for certificate in told:
        for _ in range(4):
            try:
                assert second_opinion(json.loads(certificate.json()), chance) is None, certificate.data
            except ZeroDivisionError:  # nothing is claimed where an expression is not defined
                continue
            held += 1
            break
    assert held == len(told)
    survivors, tried = unnoticed(list(found.values()))
    assert not survivors
    assert tried >= 8 * len(found)
