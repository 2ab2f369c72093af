"""What a shell is offered."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from selfgen.cli import app


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("selfgen derive berno", "bernoulli"),
        ("selfgen derive bernoulli accumulate-", "accumulate-subsample"),
        ("selfgen derive bernoulli sliding-window:k=2,si", "sliding-window:k=2,sizes="),
        ("selfgen derive gaussian-fit accumulate --loss wass", "wasserstein"),
        ("selfgen derive linear-regression accumulate --set sig", "sigma2="),
        ("selfgen compare poisson replace acc", "accumulate"),
    ],
)
def test_a_shell_completes(line, offered):
    words = line.split()
    environment = {
        "_SELFGEN_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1),
    }  # fmt: skip
    result = CliRunner().invoke(app, [], env=environment, prog_name="selfgen")
    assert offered in result.output.split()
