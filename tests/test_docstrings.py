"""Every public module, class, function, method and property of the three packages says what it is."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("theory", "numerics", "selfgen")
#: Modules whose exported classes and functions show an example and name a source.
SHOWN = (
    "theory",
    "theory.design",
    "theory.models",
    "theory.papers",
    "theory.subspaces",
    "theory.testing",
    "theory.workflows",
    "numerics",
    "numerics.estimation",
    "numerics.editing",
)
#: A paper or book by its year, a textbook, or what was done here: "derived here", "measured here".
SOURCE = re.compile(r"\b\w+ here\b|textbook|\b(1[6-9]|20)\d\d\b|:mod:`theory.papers`|copied from", re.IGNORECASE)


def undocumented(source: str) -> Iterator[str]:
    """Public objects of a module that have no docstring, inherited ones not counted: a method says what it adds."""
    tree = ast.parse(source)
    if not ast.get_docstring(tree) and tree.body:
        yield "the module"
    pending: list[tuple[str, ast.AST]] = [("", tree)]
    while pending:
        before, owner = pending.pop()
        for node in ast.iter_child_nodes(owner):
            if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) or node.name.startswith("_"):
                continue
            if not (ast.get_docstring(node) or "").strip():
                yield f"line {node.lineno}: {before}{node.name}"
            if isinstance(node, ast.ClassDef):
                pending.append((f"{before}{node.name}.", node))


@pytest.mark.parametrize("package", PACKAGES)
def test_every_public_object_has_a_docstring(package: str) -> None:
    paths = sorted((ROOT / package).rglob("*.py"))
    assert len(paths) > 20
    found = [f"{path.relative_to(ROOT)}, {what}" for path in paths for what in undocumented(path.read_text())]
    assert not found, "\n".join(found)


def unshown(item: object) -> list[str]:
    """What the docstring of a public class or function lacks: an example that runs, a source."""
    text = inspect.getdoc(item) or ""
    return [lack for lack, found in (("an example", ">>> " in text), ("a source", SOURCE.search(text))) if not found]


@pytest.mark.parametrize("module", SHOWN)
def test_every_public_object_shows_an_example_and_names_its_source(module: str) -> None:
    """The source is a paper with its year, a textbook, or that it is derived, measured, made … here."""
    exported = importlib.import_module(module)
    items = {name: getattr(exported, name) for name in exported.__all__}
    said = {name: item for name, item in items.items() if inspect.isclass(item) or inspect.isfunction(item)}
    assert said
    lacking = [f"{module}.{name} lacks {' and '.join(lack)}" for name, item in said.items() if (lack := unshown(item))]
    assert not lacking, "\n".join(lacking)


def test_what_lacks_an_example_or_a_source_is_named() -> None:
    def told() -> None:
        """Told.

        >>> 1
        1
        """

    assert unshown(told) == ["a source"]
    assert unshown(unshown) == ["an example", "a source"]
    told.__doc__ = "Derived here. >>> 1"
    assert unshown(told) == []


def test_what_has_none_is_named() -> None:
    source = '"""Doc."""\nclass A:\n    """Doc."""\n    def b(self): ...\n    def _c(self): ...\ndef d(): pass\n'
    assert sorted(undocumented(source)) == ["line 4: A.b", "line 6: d"]
    assert list(undocumented("x = 1\n")) == ["the module"]
