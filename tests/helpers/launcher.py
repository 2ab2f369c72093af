"""``python -m selfgen`` in processes of their own, forked from one that has imported the library before.

Run as a script: reads a line of JSON for each command (its words, and the files that its output and errors go to) and
answers with its exit code. Each child runs the program from its first line and ends as any interpreter does, buffers
flushed and closed; only the two seconds of imports are not repeated.
"""

from __future__ import annotations

import gc
import json
import os
import runpy
import subprocess
import sys
from importlib import import_module
from pathlib import Path

#: In place of a file: a pipe whose reader has left.
UNREAD = "|"


class Launcher:
    """Starts the program again and again."""

    def __init__(self) -> None:
        self._process = subprocess.Popen([sys.executable, __file__], stdin=-1, stdout=-1, text=True)

    def run(self, words: list[str], output: str, errors: Path) -> int:
        """The exit code of a command; its output goes to a file, or for :data:`UNREAD` where nobody reads it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([words, output, str(errors)]) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def close(self) -> None:
        """End the process that the others are forked from."""
        self._process.communicate()


def _serve() -> None:
    import_module("selfgen.cli")
    for name in ("derive", "compare", "simulate", "value"):
        import_module(f"selfgen.commands.{name}")
    gc.freeze()  # what has been imported is not searched for garbage when a child ends
    for line in iter(sys.stdin.readline, ""):
        words, output, errors = json.loads(line)
        child = os.fork()
        if child == 0:
            _become(words, output, errors)
            return
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def _become(words: list[str], output: str, errors: str) -> None:
    if output == UNREAD:
        reading, writing = os.pipe()
        os.close(reading)
    else:
        writing = os.open(output, os.O_WRONLY | os.O_CREAT)
    os.dup2(writing, 1)
    os.dup2(os.open(errors, os.O_WRONLY | os.O_CREAT), 2)
    sys.argv = ["selfgen", *words]
    runpy.run_module("selfgen", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    _serve()
