"""Ctrl-C as one sentence: what is kept, and how to go on."""

from __future__ import annotations

import sys
import threading
from types import TracebackType


def interrupted(sentence: str) -> KeyboardInterrupt:
    """An interruption that says what it left; where nothing catches it, that is all that a script prints.

    It is a ``KeyboardInterrupt`` like any other. Python's own hook would print where the program happened to be, dozens
    of lines that say nothing; a hook that somebody else has set is left alone.
    """
    error = KeyboardInterrupt(sentence)
    if threading.current_thread() is threading.main_thread() and sys.excepthook is sys.__excepthook__:

        def told(kind: type[BaseException], value: BaseException, trace: TracebackType | None) -> None:
            if value is error:
                print(sentence, file=sys.stderr)
            else:
                sys.__excepthook__(kind, value, trace)

        sys.excepthook = told
    return error
