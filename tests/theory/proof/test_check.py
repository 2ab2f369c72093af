"""The checker: it stands alone, and refuses what is malformed, stated without a check, or named as its own."""

import ast
import subprocess
import sys

import pytest
from certified import CHECKER, about, completed, limit_certificate, pairs, rising

from theory import DomainError
from theory.proof import Certificate, CertificateError, check


def test_the_checker_stands_alone(tmp_path):
    """It runs without SymPy and without the rest of selfgen, and stays small."""
    about(next(pairs()))[0].save(tmp_path / "certificate.json")
    script = (
        f"import runpy, sys; sys.path.insert(0, {str(CHECKER.parent)!r}); sys.argv = ['check', sys.argv[1]]\n"
        f"runpy.run_path({str(CHECKER)!r}, run_name='__main__')\n"
        "assert not {'sympy', 'theory', 'numpy'} & set(sys.modules), sys.modules.keys()"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "certificate.json")]
    ran = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert (ran.returncode, ran.stdout) == (0, "True\n"), ran.stderr
    assert len(CHECKER.read_text(encoding="utf-8").splitlines()) < 400
    allowed = {
        "__future__",
        "ast",
        "collections.abc",
        "flint",
        "itertools",
        "json",
        "math",
        "operator",
        "pathlib",
        "re",
        "sys",
        "typing",
    }
    parts = {"algebra", "analysis", "form", "plain", "power_laws", "q_series"}
    for file in (CHECKER, *(CHECKER.with_name(f"{name}.py") for name in sorted(parts))):
        tree = ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        names = {n for node in tree if isinstance(node, ast.Import) for n in [alias.name for alias in node.names]}
        tree = ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        names |= {str(node.module) for node in tree if isinstance(node, ast.ImportFrom)}
        assert names <= allowed | parts | {f"theory.proof.{part}" for part in parts}, names


def test_names_cannot_pose_as_what_the_checker_reckons_with():
    """A parameter may be called anything without becoming the distance from a start, or a function."""
    for name in ("u", "root_0", "gamma_1", "t1", "moment_0"):
        cone = {
            "rule": "cone",
            "shape": "increasing",
            "sequences": [0],
            "since": 2,
            "risks": [["0", "0", "0"]],
            "forms": [],
            "multipliers": [],
            "rests": [],
            "weights": [],
            "rest": name,
        }
        data = limit_certificate(f"g*{name}", "0", claim={"statement": "increasing", "sequences": [0]}, steps=[cone])
        cone["risks"] = [[f"{g}*{name}" for g in (1, 2, 3)]]
        with pytest.raises(CertificateError, match="range"):
            check(data)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"version": 2}, "version 1"),
        ({"format": "other"}, "version 1"),
        ({"steps": []}, "no step shows it"),
        ({"steps": [{"rule": "believe me"}]}, "no rule of"),
        ({"steps": [{"rule": "limit", "sequence": 0}]}, "malformed"),
        ({"witnesses": ["g"]}, "other witnesses"),
        ({"parameters": {"n": "1 + t"}}, "not needed"),
        ({"claim": {"statement": "limit", "sequences": [1]}}, "not about the sequences as they are listed"),
    ],
)
def test_malformed_certificates_get_one_sentence(change, message):
    with pytest.raises(CertificateError, match=message):
        check(limit_certificate("1/g", "0", **change))


@pytest.mark.parametrize(
    "parameters",
    [
        {"g": "1/2"},
        {"pi": "2 + t - t"},
        {"constant 0": "t"},
        {"I": "t"},
        {"n": "t*log(1/2)"},
        {"n": "polygamma(0, 1/2)*t"},
        {"n": "n"},
        {"n": "pi*t"},
        {"n": "g"},
    ],
    ids=str,
)
def test_ranges_are_of_parameters_in_variables_of_their_own(parameters):
    assert completed(rising("2*g - 1/g")) is True
    with pytest.raises(CertificateError, match=r"a name is taken|variables of its own"):
        check(rising("2*g - 1/g", parameters=parameters))


def test_signs_are_those_of_real_numbers():
    data = rising("-g")
    data["steps"][0] |= {
        "forms": [["1 + 10*I"], ["1 - 10*I"]],
        "multipliers": [["1", "0"], ["0", "1"]],
        "rests": ["0", "0"],
        "weights": ["(-1 - 10*I)/2", "(-1 + 10*I)/2"],
        "rest": "-102",
    }
    with pytest.raises(CertificateError, match="not shown to be real"):
        completed(data)


@pytest.mark.parametrize(
    ("start", "early"), [("2", ["500"]), ("50", []), ("5/2", []), ("n", []), ("0", []), ("-3", [])], ids=str
)
def test_a_sequence_starts_where_its_early_values_end(start, early):
    data = limit_certificate("1/g", "0")
    data["sequences"][0]["regimes"][0]["start"] = start
    data["sequences"][0]["early"] = data["steps"][0]["early"] = early
    with pytest.raises(CertificateError, match=r"does not start after|not shown to be defined at g"):
        check(data)


@pytest.mark.parametrize("rate", ["g*(exp(1)*exp(-1) - 1)", "a*g", "I*g"])
def test_growth_is_by_a_term_that_cannot_vanish(rate):
    data = limit_certificate(f"1 + {rate}", "0", claim={"statement": "growth", "sequences": [0]})
    data["steps"][1] = {"rule": "growth", "sequence": 0, "growth": rate}
    with pytest.raises(CertificateError):
        completed(data)


@pytest.mark.parametrize(
    "change",
    [
        {"about": []},
        {"about": [{"quantity": "x"}]},
        {"claim": {"statement": "limit", "sequences": [0], "bound": "3"}},
        {"claim": {"statement": "limit", "sequences": [0], "since": 5}},
        {"claim": {"statement": "value", "sequences": [0]}},
    ],
)
def test_nothing_is_stated_that_is_not_checked(change):
    with pytest.raises(CertificateError):
        check(limit_certificate("1/g", "0", **change))


def test_what_a_certificate_holds_is_repeated_on_one_line():
    data = limit_certificate("1/g", "0")
    data["steps"][0]["rule"] = "a\n\x1b[31mb"
    with pytest.raises(CertificateError, match=r"step 1 \(a\\n\\x1b\[31mb\)"):
        check(data)


@pytest.mark.parametrize("text", ["", "[]", "{}", "3", "{'a': 1}"])
def test_what_is_no_certificate(text, tmp_path):
    with pytest.raises(CertificateError):
        check(text)
    (tmp_path / "file").write_text(text, encoding="utf-8")
    if text in ("{}",):
        assert Certificate.load(tmp_path / "file").data == {}
    else:
        with pytest.raises(DomainError, match="is no certificate"):
            Certificate.load(tmp_path / "file")
