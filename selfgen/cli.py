"""The command line: a thin mirror of ``theory`` and ``numerics``, each command a file of :mod:`selfgen.commands`.

A command's file is imported when the command runs, so that help and version need neither SymPy nor NumPy.

Exit codes: 0, done (and every case agrees); 1, ``verify`` found a case that does not, or a proof does not hold; 2, bad
input, or nothing found, said in one sentence on standard error; 130, stopped by Ctrl-C, with a sentence that says what
is kept; 141, whoever read the output left (``| head``), about which nothing is said. Both are a shell's own numbers.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Annotated, Any

import typer

from selfgen import __version__
from selfgen.commands.as_given import taken_as_given
from selfgen.commands.options import NotAllowed
from selfgen.commands.saying import say

#: The commands in the order of the help, each with the first line of its own.
COMMANDS = {
    "verify": "Derive every case of a study, simulate it, and say whether the two agree.",
    "report": "Write index.html of a verified study: verdicts, and theorem, figure, derivation, proof of each case.",
    "derive": "Derive the expected risk: closed form, limit, growth, domain.",
    "prove": "Prove a claim for every generation and all parameters: find a certificate and check it.",
    "check": "Check a certificate: exit code 0 if it proves its claim, 1 if it does not.",
    "simulate": "Simulate the risk at generations 1, 2, …: mean and standard error.",
    "compare": "Workflows side by side: risk at G over risk at 1, limit, which collapse; who is better, from where, "
    "for how long.",
    "forecast": "Where measured test losses go: median, interval, plateau, or the reason why nothing is promised.",
    "recommend": "What keeps the loss within a tolerance: which workflow, how much real data, how many generations.",
    "explore": "Write the explorer: one HTML file, no network, curves of every derived risk by sliders.",
    "universality": "Fit regressions generation after generation: does risk follow the universal ratio, and do the "
    "rest fall like 1/n?",
    "value": "What synthetic samples are worth beside real ones: risk, gain, optimal number and weight, threshold.",
    "words": "When the first of several words is gone, under replace: the law of that time, its mean and its median.",
    "subspace": "Subspaces of preference pairs: error, threshold, best rank, pairs needed, and which method wins.",
    "train": "Train real generators on what earlier ones drew: losses of every generation, and where they go.",
    "edit": "Take a subspace of preference pairs out of a model's weights, if its measured effect is worth it.",
    "list": "What there is: models, workflows, losses, claims, studies; with a NAME, all about one.",
    "doctor": "What is installed, what extras unlock, and whether Coq, LaTeX, torch, a GPU are there.",
    "papers": "Published theorems: what the paper states, what is derived here, and whether they agree.",
}

# What the parser of options raises, whichever package typer has it from.
_UsageError: Any = typer.BadParameter.__base__

#: What a shell says of a program that Ctrl-C, or a reader who left, has ended.
_INTERRUPTED, _UNREAD = 130, 141


class _Command(typer.core.TyperCommand):
    """A command that takes each option once, unless it is said to be repeatable."""

    def get_params(self, ctx: Any) -> Any:
        """Its options and arguments."""
        return [taken_as_given(parameter) for parameter in super().get_params(ctx)]

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        _, _, order = self.make_parser(ctx).parse_args(args=list(args))
        once = [option for option in order if option.param_type_name == "option" and not option.multiple]
        for option in once:
            if once.count(option) > 1 and not ctx.resilient_parsing:
                raise NotAllowed(f"{' or '.join(option.opts)} is given {once.count(option)} times: give it once.")
        return super().parse_args(ctx, args)


def _advise(message: Warning | str, category: type[Warning], *where: Any, **more: Any) -> None:
    """A warning of ours as a line for a reader; any other as Python shows it."""
    errors = sys.modules.get("theory.errors")
    if errors is not None and issubclass(category, errors.InputWarning):
        say(f"note: {message}")
    else:
        sys.stderr.write(warnings.formatwarning(message, category, *where[:2]))


class _Group(typer.core.TyperGroup):
    """Commands that are loaded when they run, and whose bad input ends in one sentence and exit code 2."""

    _summaries_only = False

    def get_params(self, ctx: Any) -> Any:
        """The options before a command."""
        return [taken_as_given(parameter) for parameter in super().get_params(ctx)]

    def list_commands(self, ctx: Any) -> list[str]:
        """Their names, in the order of the help."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """A command by its name; for the help of all, no more than its summary."""
        if cmd_name not in COMMANDS:
            return None
        if self._summaries_only:
            return typer.core.TyperCommand(cmd_name, help=COMMANDS[cmd_name])
        module = import_module(f"selfgen.commands.{cmd_name}")
        single = typer.Typer(add_completion=False, rich_markup_mode=None)
        single.command(cmd_name, cls=_Command)(module.command)
        return typer.main.get_command(single)

    def make_context(self, *args: Any, **kwargs: Any) -> Any:
        # What is printed here is the help.
        with _written():
            return super().make_context(*args, **kwargs)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """The help of all commands."""
        self._summaries_only = True
        try:
            super().format_help(ctx, formatter)
        finally:
            self._summaries_only = False

    def invoke(self, ctx: Any) -> Any:
        """Run a command; what goes wrong is said in a sentence."""
        if sys.stdout is None:
            # Closed by whoever started us: what is printed goes nowhere, what is written to files still does.
            sys.stdout = open(os.devnull, "w")  # noqa: SIM115
        # Exact numbers may have more digits than Python writes unasked; where they are shown they are cut.
        sys.set_int_max_str_digits(0)
        try:
            with _written(), warnings.catch_warnings():
                warnings.filterwarnings("once", category=UserWarning)
                warnings.showwarning = _advise
                result = super().invoke(ctx)
                sys.stdout.flush()
        except NotAllowed as error:
            sentence = str(error)
        except ValueError as error:
            if not _is_domain_error(error):
                raise
            sentence = str(error)
        except _UsageError as error:
            message = error.format_message().rstrip(".")
            sentence = f"{message}: see 'selfgen {ctx.invoked_subcommand or ''} --help'.".replace("  ", " ")
        except MemoryError:
            sentence = "this needs more memory than there is: ask for fewer generations, or for smaller blocks."
        except KeyboardInterrupt as error:
            say(str(error) or "Interrupted.")
            raise typer.Exit(_INTERRUPTED) from None
        else:
            return result
        say(sentence)
        raise typer.Exit(2)


def _is_domain_error(error: BaseException) -> bool:
    """Whether theory refuses the input; what has not been imported has raised nothing."""
    errors = sys.modules.get("theory.errors")
    return errors is not None and isinstance(error, errors.DomainError)


@contextmanager
def _written() -> Iterator[None]:
    """Output that cannot be written ends the program: in silence where its reader left, else with a sentence."""
    try:
        yield
    except BrokenPipeError:
        left = True
    except SystemExit as error:
        # So Rich ends a program whose reader left, where it prints the help.
        if not isinstance(error.__context__, BrokenPipeError):
            raise
        left = True
    except OSError as error:
        left = False
        sentence = f"{error.filename or 'standard output'} cannot be written: {error.strerror or error}."
    else:
        return
    _discard_output()
    if not left:
        say(sentence)
    # Not by an exception of typer's, which a help that is being printed would not pass on.
    sys.exit(_UNREAD if left else 2)


def _discard_output() -> None:
    """What is left in the buffer would fail again when the interpreter closes it."""
    if sys.__stdout__ is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.__stdout__.fileno())


app = typer.Typer(
    cls=_Group,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=True,
    help="What becomes of a model trained on data that earlier models generated: its expected test risk at every "
    "generation, in closed form, checked by simulation.",
    epilog="Names are the papers': accumulate (augment), replace (discard), linear-regression, … A workflow's own "
    "settings may follow its name: sliding-window:k=3.",
)


@app.callback(invoke_without_command=True)
def _main(
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.", is_eager=True)] = False,
) -> None:
    if version:
        typer.echo(f"selfgen {__version__}")
        raise typer.Exit
