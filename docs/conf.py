"""How the documentation is built: ``make docs``, or ``python -m sphinx -W docs build/docs``."""

from __future__ import annotations

import os
import re
import sys
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
html_js_files = ["coverage.js"]
html_extra_path = ["_explorer"]
html_copy_source = False
html_show_sourcelink = False
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
autodoc_member_order = "bysource"
numpydoc_show_class_members = False
numpydoc_attributes_as_param_list = True
numpydoc_xref_param_type = False


def escape_bars(app: object, what: str, name: str, object_: object, options: object, lines: list[str]) -> None:
    """In docstrings |z| is an absolute value, where reStructuredText sees a substitution."""
    for number, line in enumerate(lines):
        parts = re.split(r"(``.*?``|`[^`]*`)", line)
        lines[number] = "".join(part if part.startswith("`") else _BAR.sub(r"\\|", part) for part in parts)


_BAR = re.compile(r"(?<!\\)\|")


def setup(app: Any) -> None:
    """Before numpydoc, which runs at 500, has made sections of a docstring."""
    app.connect("autodoc-process-docstring", escape_bars, priority=400)
