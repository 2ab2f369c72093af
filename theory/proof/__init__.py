"""Proofs: claims about risks, certificates that prove them, and a small checker that trusts neither.

>>> from theory import Accumulate, Bernoulli, expected_risk
>>> from theory.proof import ClosedForm, check, prove
>>> check(prove(ClosedForm(expected_risk(Bernoulli(), Accumulate()))))
True
"""

from theory.proof.algebra import CertificateError
from theory.proof.certificate import Certificate
from theory.proof.check import check
from theory.proof.claims import (
    Claim,
    ClosedForm,
    Growth,
    LeastBound,
    Limit,
    LowerLimit,
    Monotone,
    NeverWorse,
    Remainder,
)
from theory.proof.prove import prove

__all__ = [
    "Certificate",
    "CertificateError",
    "Claim",
    "ClosedForm",
    "Growth",
    "LeastBound",
    "Limit",
    "LowerLimit",
    "Monotone",
    "NeverWorse",
    "Remainder",
    "check",
    "prove",
]
