"""Running Coq: is it installed, does a file compile, and on which axioms do its theorems rest?"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

#: The axioms behind the standard library's real numbers and its analysis (mean values, sine): a theorem about reals
#: rests on these and no others.
STANDARD_AXIOMS = frozenset(
    {
        "ClassicalDedekindReals.sig_forall_dec",
        "ClassicalDedekindReals.sig_not_dec",
        "FunctionalExtensionality.functional_extensionality_dep",
        "Classical_Prop.classic",
    }
)

#: Longest time one file may take, in seconds: a tactic that searches without end is a failure.
PATIENCE = 120


class CoqError(RuntimeError):
    """Coq is not installed, rejects a file, or accepts it on foreign axioms; the message is Coq's where it has one."""


def coqc_path() -> str | None:
    """The Coq compiler on this machine, or None."""
    return shutil.which("coqc")


def compile_coq(source: str, directory: str | Path | None = None) -> list[str]:
    """Compile a file and collect the axioms that its ``Print Assumptions`` lines report.

    Parameters
    ----------
    source : str
        Text of a Coq file.
    directory : path, optional
        Where to write it; a temporary folder if left out.

    Returns
    -------
    list of str
        Names of the axioms, sorted; empty when there are none.

    Raises
    ------
    CoqError
        When ``coqc`` is missing, rejects the file, or runs for longer than ``PATIENCE``.
    """
    if directory is None:
        with TemporaryDirectory(prefix="selfgen-coq-") as folder:
            return compile_coq(source, folder)
    command = coqc_path()
    if command is None:
        raise CoqError("coqc is not on the PATH: install Coq 8.16 or later (Debian: coq) to compile proofs.")
    file = Path(directory) / "claim.v"
    file.write_text(source, encoding="utf-8")
    try:
        run = subprocess.run(
            [command, "-q", file.name], cwd=directory, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
    except subprocess.TimeoutExpired as late:
        raise CoqError(f"coqc ran for more than {PATIENCE} s on {file}.") from late
    if run.returncode != 0:
        raise CoqError(f"coqc rejects the file: {run.stderr.strip()}")
    return assumptions(run.stdout)


def assumptions(output: str) -> list[str]:
    """The axioms named in what ``Print Assumptions`` prints.

    Examples
    --------
    >>> assumptions("Closed under the global context")
    []
    >>> assumptions("Axioms:\\nClassical_Prop.classic : forall P : Prop, P \\\\/ ~ P\\nA.b\\n  : nat")
    ['A.b', 'Classical_Prop.classic']
    """
    found = set()
    listing = False
    for line in output.splitlines():
        if line.startswith("Axioms:"):
            listing = True
        elif line.startswith("Closed under the global context"):
            listing = False
        elif listing and (name := re.match(r"([A-Za-z_][\w.']*)\s*(:|$)", line)):
            found.add(name[1])
    return sorted(found)
