"""Every way of getting a command wrong is one sentence and exit code 2."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_line import assert_refused
from launcher import Launcher
from typer.testing import CliRunner

from selfgen.cli import app

ERRORS = [
    ("derive bernouli accumulate", "did you mean bernoulli?"),
    ("derive bernoulli acumulate", "did you mean accumulate?"),
    ("derive bernoulli accumulate --set p=2", "p = 2 is not allowed: p must be between 0 and 1"),
    ("derive bernoulli accumulate --set q=1", "q is not a parameter of bernoulli with accumulate"),
    ("derive bernoulli accumulate --set p", "write name=value"),
    ("derive bernoulli accumulate --set p=1/3 --set p=1/2", "p a second time"),
    ("derive bernoulli accumulate --set p=9**9**9**9", "a power too large"),
    ("derive bernoulli accumulate --set p=__import__('os')", "is not permitted"),
    ("derive bernoulli accumulate --set n=2.5", "n = 2.5 is not allowed"),
    ("derive bernoulli accumulate --sizes -1", "sizes = -1"),
    ("derive bernoulli accumulate --sizes j --set sizes=j", "--sizes and by --set"),
    ("derive bernoulli real-plus-latest --sizes j", "sizes is not a parameter"),
    ("derive bernoulli accumulate --loss huge", "loss = 'huge'"),
    ("derive bernoulli accumulate --latex --json", "exclude each other"),
    ("derive bernoulli fresh-real --set share=2", "share = 2"),
    ("derive bernoulli sliding-window --set k=0", "k = 0"),
    ("simulate bernoulli accumulate --csv --json", "exclude each other"),
    ("compare bernoulli replace nothing", "workflow 'nothing' is not known"),
    ("compare poisson replace accumulate --plot ratios.gif", "must end in .pdf, .png, .svg"),
    ("compare poisson replace accumulate --plot no/such/folder/ratios.png", "cannot be written"),
    ("verify nowhere.toml", "nowhere.toml does not exist"),
    ("verify --output /dev/null/results", "--output /dev/null/results"),
]


@pytest.mark.parametrize(("command", "sentence"), ERRORS)
def test_bad_input_is_one_sentence_and_exit_code_2(command: str, sentence: str) -> None:
    assert_refused(command, sentence)


OPTIONS = [
    ("derive", "Missing argument"),
    ("derive bernoulli", "Missing argument"),
    ("derive bernoulli accumulate --colour", "No such option"),
    ("derive bernoulli accumulate --generation", "--generation"),
    ("undo", "No such command 'undo'"),
    ("derive bernoulli accumulate --generation 0", "--generation 0 is not allowed: give a whole number, 1 or more"),
    ("derive bernoulli accumulate --generation -1", "--generation -1 is not allowed"),
    ("derive bernoulli accumulate --generation 1.5", "--generation 1.5 is not allowed"),
    ("derive bernoulli accumulate --generation 1e400", "--generation 1e400 is not allowed"),
    ("derive bernoulli accumulate --generation 10**12", "a whole number, 1 or more, in digits: 1000000000000."),
    ("derive bernoulli accumulate --generation 1.5e1", "a whole number, 1 or more, in digits: 15."),
    ("derive bernoulli accumulate --generation 1.55e1", "give a whole number, 1 or more."),
    ("simulate bernoulli accumulate --jobs 10^9", "give a whole number from 1 to"),
    ("derive bernoulli accumulate --generation ten", "--generation ten is not allowed"),
    ("derive bernoulli accumulate --generation 1000", "is too far to write out with the symbols n, p"),
    ("derive bernoulli sliding-window:k=2 --generation 40", "give numbers, or a generation up to 32"),
    ("derive bernoulli accumulate --sizes __import__('os')", "is not permitted"),
    ("derive bernoulli accumulate --sizes G", "sizes = G contains theory.G, which is reserved"),
    ("derive bernoulli accumulate --set p=j/9", "p = j/9 contains theory.j, which is reserved"),
    ("derive bernoulli accumulate --set =3", "write name=value"),
    ("simulate bernoulli accumulate --method guess", "guess"),
    ("simulate bernoulli accumulate --replicates 1", "--replicates 1 is not allowed: give a whole number, 2 or more"),
    ("simulate bernoulli accumulate --generations 0", "--generations 0 is not allowed"),
    ("simulate bernoulli accumulate --jobs 0", "--jobs 0 is not allowed: give a whole number from 1"),
    ("simulate bernoulli accumulate --seed -1", "--seed -1 is not allowed: give a whole number, 0 or more"),
    ("simulate bernoulli accumulate --set p=1/3 --set n=9 --generations 999999", "generations = 999999 is too many"),
    ("simulate bernoulli accumulate --set p=1/3 --set n=9 --replicates 1000000000000", "is too many to simulate"),
    ("simulate bernoulli accumulate --set p=1/3 --set n=1e20", "counts exactly up to 2^53 only"),
    ("simulate linear-regression accumulate --set d=200000 --set T=900000", "more memory than there is"),
    ("verify --jobs 0", "--jobs 0 is not allowed"),
    ("verify --seed -1", "--seed -1 is not allowed"),
    ("compare bernoulli", "Missing argument"),
    ("compare bernoulli replace accumulate --generation 1000000000000", "too far to write out with the symbol n"),
]


@pytest.mark.parametrize(("command", "sentence"), OPTIONS)
def test_wrong_options_are_one_sentence_and_exit_code_2(command: str, sentence: str) -> None:
    assert_refused(command, sentence)


def test_bad_input_in_a_real_process(launcher: Launcher, tmp_path: Path) -> None:
    output, errors = tmp_path / "output", tmp_path / "errors"
    assert launcher.run("derive poisson replace --set rate=-1".split(), str(output), errors) == 2
    assert output.read_text() == ""
    assert errors.read_text() == "selfgen: rate = -1 is not allowed: rate must be positive.\n"


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("derive bernoulli accumulate --sizes k**2", "sizes = 'k**2' holds k, which nothing declares"),
        ("derive bernoulli accumulate --set sizes=J", "did you mean j?"),
        ("derive bernoulli accumulate --sizes n*j --set n=50", "holds n, which nothing declares"),
        ("derive kernel-density replace --set bandwidth=silvermann", 'Or give "scott"'),
        ("derive bernoulli real-plus-latest:share=0.3 --set share=0.4", "share = 0.4 is given again"),
        ("derive bernoulli:n=4 replace --set n=4", "n = 4 is given again"),
        ("derive bernoulli augment:sizes=j --sizes j", "sizes = j is given again"),
        ("derive bernoulli accumulate --sizes j --sizes j**2", "--sizes is given 2 times"),
        ("derive poisson replace --loss kl --loss squared", "--loss is given 2 times"),
        ("simulate poisson replace --set rate=1 --set n=2 --seed 1 --seed 1", "--seed is given 2 times"),
        ("value bernoulli --overlap --disjoint", "is given 2 times"),
        ("value bernoulli:n=5", "--fitted-on says how many samples"),
        ("derive bernoulli replace --symbol j", "symbol j is not allowed"),
        ("check nothing.json --symbol c", "nothing.json"),
    ],
)
def test_input_that_means_something_else_is_refused(command: str, said: str) -> None:
    result = CliRunner().invoke(app, command.split())
    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stderr.count("\n") == 1



@pytest.mark.parametrize(
    "arguments",
    [
        ["simulate", "bernoulli", "accumulate", "--replicates", "3\n4"],
        ["derive", "bernoulli", "accumulate", "--fo\no"],
        ["derive", "bernoulli", "accumulate", "--symbol", "a\u2028b"],
        ["derive", "bernoulli", "accumulate", "--set", "\x1b[31mq=1"],
        ["verify", "no\nstudy.toml"],
        ["forecast", "no\r\nlosses.csv"],
        ["check", "no\x00certificate"],
        ["derive", "poisson", "replace", "--plot", "no/\udcff.png"],
    ],
    ids=lambda arguments: arguments[0],
)
def test_what_cannot_be_printed_is_written_out(arguments: list[str]) -> None:
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 2, result.exception
    said = result.stderr.removesuffix("\n")
    assert said.isprintable(), said
