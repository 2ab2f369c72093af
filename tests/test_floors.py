"""The plan of the house: rooms in floors, arrows one way, no circles; imports inside functions and for types count."""

from __future__ import annotations

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

#: Each package imports only packages before it.
PACKAGES = ("theory", "numerics", "selfgen")

#: Each room of theory imports only rooms before it; rooms of one line stand side by side and do not know each other.
FLOORS = (
    ("errors", "on_demand", "told"),
    ("whole_file",),
    ("expressions",),
    ("workflows",),
    ("moments",),
    ("asymptotics",),
    ("solver",),
    ("models",),
    ("risk", "registry", "elsewhere"),
    ("typesetting", "names"),
    ("expected", "latex", "spread", "code"),
    ("proof",),
    ("derivation",),
    ("design",),
    ("subspaces",),
    ("papers",),
    ("testing",),
)


def modules(root: Path) -> dict[str, Path]:
    """Every module below ``root`` by its dotted name."""
    found = {}
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            parts = path.relative_to(root).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imported(name: str, source: str, is_package: bool, known: set[str]) -> dict[str, int]:
    """Modules of ours that a source imports anywhere in it, with the line."""
    found: dict[str, int] = {}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = name.split(".")[: None if is_package and node.level == 1 else -(node.level - is_package)]
                base = ".".join([*above, base] if base else above)
            names = [f"{base}.{alias.name}" if f"{base}.{alias.name}" in known else base for alias in node.names]
        else:
            continue
        for item in names:
            while item and item not in known:
                item = item.rpartition(".")[0]
            if item:
                found.setdefault(item, node.lineno)
    return found


def arrows(root: Path) -> dict[str, dict[str, int]]:
    found = modules(root)
    return {
        name: imported(name, path.read_text(encoding="utf-8"), path.name == "__init__.py", set(found))
        for name, path in found.items()
    }


def upward(graph: dict[str, dict[str, int]]) -> list[str]:
    """Imports against the arrows between packages, or against the floors of theory, each in words."""
    height = {room: level for level, rooms in enumerate(FLOORS) for room in rooms}
    faults = []
    for name, targets in graph.items():
        package, *rooms = name.split(".")
        for target, line in targets.items():
            other, *others = target.split(".")
            if PACKAGES.index(other) > PACKAGES.index(package):
                faults.append(f"{name}, line {line}, imports {target}: {package} stands below {other}")
            if package != "theory" or other != "theory" or not rooms or (others and rooms[0] == others[0]):
                continue
            if not others:
                faults.append(f"{name}, line {line}, imports theory itself: name the room")
            elif rooms[0] not in height:
                faults.append(f"{name} is in no room: add theory/{rooms[0]} to FLOORS")
            elif height.get(others[0], len(FLOORS)) >= height[rooms[0]]:
                faults.append(f"{name}, line {line}, imports {target}: {others[0]} is not below {rooms[0]}")
    return faults


def circle(graph: dict[str, dict[str, int]]) -> list[str] | None:
    try:
        TopologicalSorter({name: set(targets) - {name} for name, targets in graph.items()}).prepare()
    except CycleError as error:
        return list(error.args[1])
    return None


@pytest.fixture(scope="module")
def graph() -> dict[str, dict[str, int]]:
    return arrows(ROOT)


def test_every_import_points_down(graph):
    assert not upward(graph), "\n".join(upward(graph))


def test_there_are_no_circles(graph):
    assert circle(graph) is None


def test_every_room_says_what_it_is_for():
    for room in (ROOT / "theory").iterdir():
        if (room / "__init__.py").exists():
            assert ast.get_docstring(ast.parse((room / "__init__.py").read_text(encoding="utf-8"))), room.name


@pytest.mark.parametrize(
    ("module", "line", "word"),
    [
        ("theory/errors.py", "from theory.risk import Risk", "risk is not below errors"),
        ("theory/moments/composition.py", "def f():\n    from theory.solver.solution import Solution", "solver is not"),
        ("theory/risk.py", "if TYPE_CHECKING:\n    from theory.derivation import Step", "derivation is not below"),
        ("theory/models/base.py", "import numerics.simulate", "theory stands below numerics"),
        ("numerics/shapes.py", "from selfgen import cli", "numerics stands below selfgen"),
        ("theory/loose.py", "from theory.errors import DomainError", "is in no room"),
        ("theory/design/value.py", "from theory import expected_risk", "name the room"),
    ],
)
def test_an_import_that_points_up_is_named(tmp_path, module, line, word):
    for path in (*modules(ROOT).values(),):
        copy = tmp_path / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text("", encoding="utf-8")
    (tmp_path / module).write_text(line, encoding="utf-8")
    (fault,) = upward(arrows(tmp_path))
    assert word in fault
    assert module.removesuffix(".py").replace("/", ".") in fault


def test_a_circle_is_found(tmp_path):
    for name, line in (("a", "from theory.b import x"), ("b", "def f():\n    import theory.a")):
        (tmp_path / "theory").mkdir(exist_ok=True)
        (tmp_path / "theory" / f"{name}.py").write_text(line, encoding="utf-8")
    assert set(circle(arrows(tmp_path))) == {"theory.a", "theory.b"}
