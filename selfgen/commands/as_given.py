"""Values of options and arguments that need no conversion are taken as they are given.

typer 0.29 converts every value by pydantic, also one that nobody gave, and text to text. Loading pydantic
takes a quarter of the time of ``import sympy``, half of the time in which a certificate is checked.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

#: What makes a path more than a path, or a text more than a text.
_PARTICULAR = ("parser", "click_type", "exists", "resolve_path", "allow_dash", "writable", "path_type")


def taken_as_given(parameter: Any) -> Any:
    """A parameter that converts only what is neither missing, nor a text that stays one, nor the path of a file.

    Where typer tells nothing of the type, it converts.
    """
    # Of earlier versions of typer this is None, and so is the type of everything.
    described = getattr(parameter, "type_descriptor", None)
    if described is None or "process_value" in vars(parameter):
        return parameter
    convert = parameter.process_value
    several = parameter.multiple or parameter.nargs != 1
    information = described.parameter_info
    plain = not several and not any(getattr(information, name, None) for name in _PARTICULAR)
    anywhere = getattr(information, "file_okay", False) and getattr(information, "dir_okay", False)

    def process_value(ctx: Any, value: Any) -> Any:
        if value is None and not parameter.required:
            found: Any = () if several else None
        elif plain and isinstance(value, str) and described.annotation is str:
            found = value
        elif plain and anywhere and described.annotation is Path and _is_readable(value):
            found = Path(value)
        else:
            return convert(ctx, value)
        return found if parameter.callback is None else parameter.callback(ctx, parameter, found)

    parameter.process_value = process_value
    return parameter


def _is_readable(value: Any) -> bool:
    # Of a name with a null byte in it the system says nothing: it is typer that refuses it.
    return isinstance(value, str) and "\0" not in value and os.access(value, os.R_OK)
