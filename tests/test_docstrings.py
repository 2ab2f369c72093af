"""Every public module, class, function, method and property of the three packages says what it is."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("theory", "numerics", "selfgen")


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


def test_what_has_none_is_named() -> None:
    source = '"""Doc."""\nclass A:\n    """Doc."""\n    def b(self): ...\n    def _c(self): ...\ndef d(): pass\n'
    assert sorted(undocumented(source)) == ["line 4: A.b", "line 6: d"]
    assert list(undocumented("x = 1\n")) == ["the module"]
