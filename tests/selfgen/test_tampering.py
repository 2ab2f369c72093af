"""No number can be changed in the certificate of any closed form that the catalogue lists."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from selfgen.catalogue import MODELS, concrete, workflows
from theory import NotDerivedError, expected_risk
from theory.proof import Certificate, ClosedForm, prove


@pytest.mark.slow
@pytest.mark.parametrize(("label", "loss"), [(label, loss) for label, model in MODELS.items() for loss in model.losses])
def test_a_changed_number_is_found(
    label: str, loss: str, unnoticed: Callable[[list[Certificate]], tuple[list[str], int]]
) -> None:
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
    survivors, tried = unnoticed(list(found.values()))
    assert not survivors
    assert tried >= 8 * len(found)
