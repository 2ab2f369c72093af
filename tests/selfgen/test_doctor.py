"""``selfgen doctor`` says what is there, and what is not, without failing for it."""

from __future__ import annotations

import subprocess
from importlib.metadata import PackageNotFoundError, version

import pytest
from typer.testing import CliRunner

from selfgen import doctor
from selfgen.cli import app


def test_what_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        doctor,
        "requires",
        lambda name: ["sympy>=1.13", 'selfgen[real]; extra == "test"', 'no-such-thing>=2; extra == "test"'],
    )
    result = CliRunner().invoke(app, ["doctor"])
    assert result.exit_code == 0, result.output
    assert f"sympy            {version('sympy')}" in result.output
    assert "missing no-such-thing: pip install 'selfgen[test]'" in result.output
    assert "extra docs" not in result.output
    for name in (*doctor.TOOLS, "torch"):
        assert f"  {name:<16} " in result.output


def test_a_program_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    def hang(*args: object, **options: object) -> None:
        raise subprocess.TimeoutExpired("sh", 10)

    monkeypatch.setattr(subprocess, "run", hang)
    assert "does not answer" in str(doctor.told("sh", "--version"))
    assert doctor.told("no-such-program", "--version") is None


def test_a_copy_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> list[str]:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(doctor, "requires", missing)
    assert doctor.packages(None) == []
    result = CliRunner().invoke(app, ["doctor"])
    assert result.exit_code == 0, result.output
    assert "This copy is not installed, so what it needs and its extras are not known here" in result.output
