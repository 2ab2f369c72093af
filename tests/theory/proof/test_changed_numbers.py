"""Certificates of every rule: they survive a file, and no number in one can be changed unnoticed."""

import json

import pytest
from certified import RULES, about, comparisons, pairs, without_closed_form

from theory.proof import Certificate, CertificateError, check


@pytest.fixture(scope="module")
def certificates():
    """Certificates with every rule."""
    few = [pair for index, pair in enumerate(pairs()) if index % 3 == 0]
    return [*(item for pair in few for item in about(pair)), *comparisons(), *without_closed_form()]


@pytest.mark.parametrize("pair", list(pairs()), ids=lambda pair: f"{pair[0].name}-{pair[1].name}-{pair[2]}")
def test_a_changed_number_is_found(pair, unnoticed):
    found = about(pair)
    survivors, tried = unnoticed(found)
    assert not survivors
    assert tried > 10 * len(found)


def test_a_changed_number_is_found_in_comparisons(unnoticed):
    survivors, tried = unnoticed(comparisons())
    assert not survivors
    assert tried > 150


def test_every_rule_is_used(certificates):
    used = {step["rule"] for certificate in certificates for step in certificate.data["steps"]}
    assert used == set(RULES) - {"claim"}


def test_certificates_survive_a_file(certificates, tmp_path):
    for certificate in certificates[:5]:
        certificate.save(tmp_path / "certificate.json")
        loaded = Certificate.load(tmp_path / "certificate.json")
        assert check(loaded)
        assert str(loaded) == str(certificate)


def test_a_closed_form_that_is_wrong_by_one_percent_is_refused(certificates):
    refused = 0
    for certificate in certificates:
        data = json.loads(certificate.json())
        for step in data["steps"]:
            if "value" in step:
                step["value"][-1] = f"101*({step['value'][-1]})/100"
                with pytest.raises(CertificateError, match="step"):
                    check(data)
                refused += 1
    assert refused > 20
