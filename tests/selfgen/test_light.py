"""What needs no SymPy does not load it; and what does finds everything afterwards."""

import subprocess
import sys
from pathlib import Path

from theory import Accumulate, Regular, expected_risk
from theory.proof import ClosedForm, prove

CODE = """
import sys
from selfgen.cli import app
heavy = {"sympy", "numpy", "theory.risk", "pydantic"}
sys.argv = ["selfgen", "check", sys.argv[1]]
app(standalone_mode=False)
assert "theory.proof.check" in sys.modules
assert not heavy & set(sys.modules), heavy & set(sys.modules)
from theory import Bernoulli, Replace, expected_risk
from theory.proof import Growth, prove
import theory
assert expected_risk(Bernoulli(), Replace()).code and theory.DomainError is sys.modules["theory.errors"].DomainError
try:
    theory.nothing
except AttributeError as error:
    print("the rest:", error)
"""
LISTED = """
import sys
from selfgen.cli import app
sys.argv = ["selfgen", "list", "--json"]
app(standalone_mode=False)
print("theory" in sys.modules, "pydantic" in sys.modules, file=sys.stderr)
"""


def python(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True)


def test_certificates_are_checked_without_sympy(tmp_path: Path) -> None:
    certificate = tmp_path / "certificate.json"
    certificate.write_text(prove(ClosedForm(expected_risk(Regular(), Accumulate()))).json(), encoding="utf-8")
    said = python(CODE, str(certificate)).stdout
    assert "Proved of the recurrence in the file" in said
    assert "the rest: module 'theory' has no attribute 'nothing'" in said


def test_what_there_is_is_listed_without_sympy() -> None:
    listed = python(LISTED)
    assert "regular" in listed.stdout
    assert listed.stderr == "False False\n"
