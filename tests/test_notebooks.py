"""The notebooks: executed again they show what was committed, and a wrong formula in any step breaks them."""

from __future__ import annotations

import ast
import base64
import contextlib
import copy
import io
import re
import signal
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from theory.derivation import derivation
from theory.derivation.checks import Solves

nbformat = pytest.importorskip("nbformat")

FOLDER = Path(__file__).resolve().parent.parent / "proofs_notebooks"
PATHS = sorted(FOLDER.glob("[0-9][0-9]_*.ipynb"))
# A failed check is a StepError, a DomainError or SymPy's refusal of a meaningless formula: ValueErrors all.
BROKEN = (ValueError, ZeroDivisionError)

# Right notebooks take a few seconds in all, so that one that takes longer for one step has nothing to show.
SECONDS = 10.0

by_notebook = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)


@cache
def read(path: Path) -> Any:
    return nbformat.read(path, as_version=4)


def code(path: Path) -> list[Any]:
    return [cell for cell in read(path).cells if cell.cell_type == "code"]


def run(tree: ast.Module, namespace: dict[str, Any]) -> Any:
    """Execute a cell; the value of its last expression, as a kernel would show it."""
    body, last = list(tree.body), None
    if body and isinstance(body[-1], ast.Expr):
        last = ast.Expression(body.pop().value)
    exec(compile(ast.Module(body, []), "<cell>", "exec"), namespace)
    return None if last is None else eval(compile(last, "<cell>", "eval"), namespace)


def shown(value: Any, printed: str) -> list[tuple[str, str]]:
    """What a cell shows: LaTeX where there is some, pictures by their presence."""
    found = [("text", printed)] if printed else []
    if value is None:
        return found
    if hasattr(value, "_repr_png_"):
        picture = value._repr_png_()
        assert picture.startswith(b"\x89PNG")
        found.append(("picture", ""))
    elif hasattr(value, "_repr_latex_"):
        found.append(("latex", value._repr_latex_()))
    else:
        found.append(("text", repr(value)))
    return found


def committed(cell: Any) -> list[tuple[str, str]]:
    found = []
    for output in cell.outputs:
        if output.output_type == "stream":
            found.append(("text", output.text))
            continue
        data = output.data
        if "image/png" in data:
            assert base64.b64decode(data["image/png"]).startswith(b"\x89PNG")
            found.append(("picture", ""))
        elif "text/latex" in data:
            found.append(("latex", data["text/latex"]))
        else:
            found.append(("text", data["text/plain"]))
    return found


def test_there_is_one_notebook_a_theorem() -> None:
    assert [path.name[:2] for path in PATHS] == [f"{number:02d}" for number in range(1, 13)]


@by_notebook
@pytest.mark.usefixtures("remembering")
def test_executed_again_it_shows_what_was_committed(path: Path) -> None:
    namespace: dict[str, Any] = {"__name__": "__main__"}
    for number, cell in enumerate(code(path), start=1):
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            value = run(ast.parse(cell.source), namespace)
        assert shown(value, printed.getvalue()) == committed(cell), f"cell {number} of {path.name}"


@by_notebook
def test_committed_clean(path: Path) -> None:
    """In order, without errors, times or addresses; equations are shown by checked cells, not written in the text."""
    notebook = read(path)
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    assert [cell.execution_count for cell in code(path)] == list(range(1, 1 + len(code(path))))
    for cell in notebook.cells:
        assert not cell.metadata
        if cell.cell_type == "markdown":
            assert not re.search(r"\$\$|\\\[|\\begin", cell.source), cell.source
            continue
        assert all(output.output_type in ("stream", "execute_result") for output in cell.outputs)
        assert " at 0x" not in str([{**output.get("data", output), "image/png": ""} for output in cell.outputs])


@by_notebook
def test_ends_with_certificate_simulation_and_picture(path: Path) -> None:
    kinds = [kind for cell in code(path) for kind, _ in committed(cell)]
    words = "".join(text for cell in code(path) for kind, text in committed(cell) if kind == "text")
    assert kinds.count("latex") >= 4
    assert kinds[-1] == "picture"
    assert "passed: p = " in words
    assert "FAILED" not in words
    assert any("prove(" in cell.source and "check(" in cell.source for cell in code(path))


# -- mutations ---------------------------------------------------------------------------------------------

# Which positional arguments of a step are mathematics.
_PLACES = {
    "define": (1,), "equal": (0, 1), "then": (0,), "recursion": (1, 2), "solved": (1,), "step": (0, 2),
    "at_most": (0, 1), "less": (0, 1), "at_least": (0, 1), "greater": (0, 1), "tends": (0, 1), "grows": (0, 1),
}  # fmt: skip
_INEQUALITIES = ("at_most", "less", "at_least", "greater")
_INDICES = ("G", "i", "j", "k", "g")
# Limits that 1 % more of the left side does not change.
_UNMOVED = ("0", "oo", "-oo", "S.Zero", "S.Infinity")


@dataclass(frozen=True)
class Mutant:
    """One wrong formula: the cell it is in, what was done, and the cell's source with it."""

    cell: int
    what: str
    tree: ast.Module


def displays(tree: ast.Module) -> bool:
    """Whether a cell ends in a checked derivation."""
    last = tree.body[-1] if tree.body else None
    if not (isinstance(last, ast.Expr) and isinstance(last.value, ast.Call)):
        return False
    called = last.value.func
    return (isinstance(called, ast.Attribute) and called.attr == "check") or (
        isinstance(called, ast.Name) and called.id == "continued"
    )


def steps(tree: ast.AST) -> list[ast.Call]:
    """Calls that add a step, in the order in which they are written."""
    found = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in _PLACES
        # Strings, lists and the like have no method of these names; a step needs an argument.
        and node.args
    ]
    return sorted(found, key=lambda call: (call.end_lineno or 0, call.end_col_offset or 0))


def mutants(cell: int, tree: ast.Module) -> Iterator[Mutant]:
    """1 % on one side of each step, and by turns a digit, a sign or an index; inequalities turned round."""
    for index in range(len(steps(tree))):
        for what in wrong_formulas(steps(tree)[index], turn=index):
            changed = copy.deepcopy(tree)
            call = steps(changed)[index]
            apply(call, *what)
            yield Mutant(cell, f"{call.func.attr}, {' '.join(map(str, what))}", ast.fix_missing_locations(changed))  # type: ignore[attr-defined]


def wrong_formulas(call: ast.Call, turn: int) -> Iterator[tuple[str, int]]:
    name = call.func.attr  # type: ignore[attr-defined]
    if name in _INEQUALITIES:
        yield "turned", 0
        return
    places = [place for place in _PLACES[name] if place < len(call.args)]
    if name == "tends" and ast.unparse(call.args[1]) in _UNMOVED:
        yield "limit", 1
        return
    if name == "then" and any(keyword.arg == "sign" for keyword in call.keywords):
        return
    sides = [place for place in places if not isinstance(call.args[place], ast.Dict)]
    yield "percent", sides[turn % len(sides)]
    if name in ("tends", "grows"):
        return
    if name == "recursion":
        yield "first", 2
    kinds = ["digit", "sign", "index"]
    for kind in kinds[turn % 3 :] + kinds[: turn % 3]:
        place = next((place for place in reversed(places) if target(kind, call.args[place]) is not None), None)
        if place is not None:
            yield kind, place
            return


def target(kind: str, formula: ast.expr) -> Any:
    """The part of a formula that a mutation changes: the first in its source."""
    if isinstance(formula, ast.Dict):
        return None
    for node in ast.walk(formula):
        if kind == "digit" and isinstance(node, ast.Constant) and type(node.value) is int:
            return node
        if kind == "sign" and isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub)):
            return node
        if kind == "index" and isinstance(node, ast.BinOp):
            for side in ("left", "right"):
                inside = getattr(node, side)
                if isinstance(inside, ast.Name) and inside.id in _INDICES:
                    return node, side
    return None


def apply(call: ast.Call, kind: str, place: int) -> None:
    formula = call.args[place]
    if kind == "turned":
        call.args[0], call.args[1] = call.args[1], call.args[0]
    elif kind == "limit":
        call.args[place] = parsed("1")
    elif kind == "percent":
        call.args[place] = parsed(f"({ast.unparse(formula)}) * __import__('sympy').Rational(101, 100)")
    elif kind == "first":
        assert isinstance(formula, ast.Dict)
        formula.values[0] = parsed(f"({ast.unparse(formula.values[0])}) + 1")
    elif kind == "digit":
        target(kind, formula).value += 1
    elif kind == "sign":
        node = target(kind, formula)
        node.op = ast.Sub() if isinstance(node.op, ast.Add) else ast.Add()
    else:
        node, side = target(kind, formula)
        setattr(node, side, parsed(f"({ast.unparse(getattr(node, side))} + 1)"))


def parsed(source: str) -> ast.expr:
    return ast.parse(source, mode="eval").body


@pytest.fixture(scope="module")
def found_before() -> dict[Any, dict[Any, Any]]:
    """What each check has found, by what it was asked."""
    return defaultdict(dict)


@pytest.fixture
def remembering(monkeypatch: pytest.MonkeyPatch, found_before: dict[Any, dict[Any, Any]]) -> None:
    """Checks are pure functions of the relation: those of the steps around a mutant need not be done again.

    Those of a notebook that is right are done once, by the first test of it.
    """

    def remembered(check: Any) -> Any:
        known = found_before[check]

        def checked(*relation: Any) -> Any:
            try:
                hash(relation)
            except TypeError:  # a relation of mutable matrices
                return check(*relation)
            if relation not in known:
                known[relation] = check(*relation)
            return known[relation]

        return checked

    for sign, check in derivation._CHECKS.items():
        monkeypatch.setitem(derivation._CHECKS, sign, remembered(check))
    monkeypatch.setattr(Solves, "__call__", remembered(Solves.__call__))


def survivors(path: Path) -> tuple[list[str], int]:
    """Mutants that the notebook does not notice, and how many there were."""
    trees = [ast.parse(cell.source) for cell in code(path)]
    last = max(index for index, tree in enumerate(trees) if displays(tree))
    namespace: dict[str, Any] = {"__name__": "__main__"}
    unnoticed, count = [], 0
    for index, tree in enumerate(trees[: last + 1]):
        if displays(tree):
            for mutant in mutants(index, tree):
                count += 1
                if not noticed(mutant, trees[index + 1 : last + 1], dict(namespace)):
                    unnoticed.append(f"cell {index + 1}: {mutant.what}\n{ast.unparse(mutant.tree)}")
        run(tree, namespace)
    return unnoticed, count


def noticed(mutant: Mutant, later: list[ast.Module], namespace: dict[str, Any]) -> bool:
    """Whether the notebook fails, or is still looking for a proof that there is not: either way no page is made."""
    try:
        with patience(SECONDS):
            for tree in (mutant.tree, *later):
                run(tree, namespace)
    except (*BROKEN, Impatience):
        return True
    return False


class Impatience(BaseException):
    """Not an Exception, so that no search for a proof takes it for a failure of its own."""


@contextlib.contextmanager
def patience(seconds: float) -> Iterator[None]:
    def over(*_: object) -> None:
        raise Impatience

    before = signal.signal(signal.SIGALRM, over)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@by_notebook
@pytest.mark.usefixtures("remembering")
def test_a_wrong_formula_in_any_step_breaks_it(path: Path) -> None:
    unnoticed, count = survivors(path)
    assert count >= 20
    assert not unnoticed, "\n\n".join(unnoticed)
