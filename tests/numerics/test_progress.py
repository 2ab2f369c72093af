"""Progress bars where somebody sees them."""

from functools import partial

import pytest
from rich.console import Console

from numerics import progress
from numerics.progress import Bar


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "PATIENCE", 0.0)


def work(wanted: bool = True) -> Bar:
    with Bar(4, wanted) as bar:
        for _ in range(2):
            bar.advance()
        bar.within(1, 2)
        bar.advance()
    return bar


def test_a_notebook_has_the_bar_of_its_own_kernel(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("IPython")
    monkeypatch.setattr(progress, "Console", partial(Console, force_jupyter=True))
    assert work(wanted=False).bar is None
    assert capsys.readouterr().out == ""
    work()
    # Away from a kernel IPython prints what it would draw again.
    told = [line.rpartition("] ")[2] for line in capsys.readouterr().out.splitlines()]
    assert told == ["0/4", "1/4", "2/4", "2.5/4", "3/4"]


def test_a_terminal_has_its_own(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(progress, "Console", partial(Console, force_terminal=True))
    assert work().bar is not None
    told = capsys.readouterr()
    assert "simulating" in told.err
    assert told.out == ""


def test_elsewhere_there_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert work().bar is None
    assert capsys.readouterr() == ("", "")
