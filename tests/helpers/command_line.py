"""What the tests of commands ask alike."""

from __future__ import annotations

from typer.testing import CliRunner

from selfgen.cli import app


def assert_refused(command: str, sentence: str) -> None:
    """The command ends with 2, prints nothing, and says one sentence that holds this one."""
    result = CliRunner().invoke(app, command.split())
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert sentence in result.stderr
    assert result.stderr.startswith("selfgen: ")
    assert result.stderr.count("\n") == 1
