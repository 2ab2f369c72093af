"""How the documentation is built: ``make docs``, or ``python -m sphinx -W docs build/docs``."""

from __future__ import annotations

import os
import re
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

DOCS = Path(__file__).resolve().parent
sys.path[:0] = [str(DOCS.parent), str(DOCS / "_extensions")]
# What the pages run is started in docs/: it finds the packages beside it whether they are installed or not.
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(DOCS.parent), os.environ.get("PYTHONPATH")]))
os.environ["MATPLOTLIBRC"] = str(DOCS / "matplotlibrc")

from selfgen import __version__  # noqa: E402

project = "selfgen"
author = "selfgen contributors"
copyright = author
version = release = __version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "sphinx-mathjax-offline",  # MathJax comes along, so that pages are readable without a network
    "numpydoc",
    "myst_nb",
    "from_the_library",
]
root_doc = "index"
exclude_patterns = ["_extensions", "_explorer"]
templates_path = ["_templates"]

nb_execution_excludepatterns = ["generated/proofs/*"]

html_theme = "furo"
html_title = "selfgen"
html_static_path = ["_static"]
html_css_files = ["style.css"]
html_js_files = ["coverage.js", "formulas.js"]
html_extra_path = ["_explorer"]
html_copy_source = False
html_show_sourcelink = False
# Search works from files too; summaries would be fetched, which browsers refuse there.
html_show_search_summary = False
pygments_style = "friendly"
pygments_dark_style = "monokai"

myst_enable_extensions = ["amsmath", "colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
myst_dmath_double_inline = True

# Committed notebooks keep their outputs, which tests re-execute; pages are executed here, and an error is an error.
nb_execution_mode = "auto"
nb_execution_raise_on_error = True
nb_execution_timeout = 300
nb_execution_show_tb = True
nb_merge_streams = True
nb_render_markdown_format = "myst"

autosummary_generate = True
autosummary_imported_members = True
autodoc_typehints = "none"
# numerics.neural is described where PyTorch is not installed.
autodoc_mock_imports = [] if find_spec("torch") else ["torch"]
autodoc_member_order = "bysource"
numpydoc_show_class_members = False
numpydoc_attributes_as_param_list = True
numpydoc_xref_param_type = False


def escape_bars(app: object, what: str, name: str, object_: object, options: object, lines: list[str]) -> None:
    """In docstrings |z| is an absolute value, where reStructuredText sees a substitution."""
    for number, line in enumerate(lines):
        parts = re.split(r"(``.*?``|`[^`]*`)", line)
        lines[number] = "".join(part if part.startswith("`") else _BAR.sub(r"\\|", part) for part in parts)


def set_subscripts(app: object, what: str, name: str, object_: object, options: object, lines: list[str]) -> None:
    """Docstrings are read in a terminal, where Z_g is a letter with an index; a page sets it as one."""
    for number, line in enumerate(lines):
        # Code, directives, and the names of parameters and attributes are left alone.
        if re.match(r"\s*(>>>|\.\.\.|\.\. |:\w+:)", line) or _is_code(lines, number):
            continue
        named = re.match(r"\s*\w+(, \w+)* : ", line)
        start = named.end() if named else 0
        parts = re.split(r"(``.*?``|:\w+:`[^`]*`|`[^`]*`|\*[^*]+\*)", line[start:])
        found = (part if "`" in part or "*" in part else _INDEXED.sub(_as_formula, part) for part in parts)
        lines[number] = line[:start] + "".join(found)


def _as_formula(found: re.Match[str]) -> str:
    # A letter with a bar above it is written with a combining character.
    formula = re.sub("(.)\u0304", r"\\bar \1", found[1])
    return rf"\ :math:`{formula}`\ "


def _is_code(lines: list[str], number: int) -> bool:
    """Whether a line stands in a block that follows ``::`` or a directive, as mathematics set apart do."""
    indent = len(lines[number]) - len(lines[number].lstrip())
    for earlier in reversed(lines[:number]):
        if earlier.strip() and len(earlier) - len(earlier.lstrip()) < indent:
            return earlier.rstrip().endswith("::") or earlier.lstrip().startswith((">>>", ".. "))
    return False


_BAR = re.compile(r"(?<!\\)\|")
_INDEXED = re.compile(
    r"(?<![\w.\\{^'\"=-])([A-Za-zα-ωΑ-Ω]\u0304?_(?:[a-z0-9]|\{[^{}]*\})(?:\^(?:\w|\{[^{}]*\}))?)(?![\w=]|[.\[]\w)"
)


def setup(app: Any) -> None:
    """Before numpydoc, which runs at 500, has made sections of a docstring."""
    app.connect("autodoc-process-docstring", set_subscripts, priority=399)
    app.connect("autodoc-process-docstring", escape_bars, priority=400)
