"""The reference: a page for each package, from its ``__all__``, and a page for each object in it."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from types import ModuleType

#: Public modules in the order of their pages; an object is documented where it is first met.
PACKAGES: dict[str, str] = {
    "theory": "What the risk is, and why.",
    "theory.workflows": "What each generation trains on.",
    "theory.models": "What is fitted at every generation.",
    "theory.design": "Which workflow to choose, and how much real data to mix in.",
    "theory.derivation": "The steps of a derivation, each with a check that can fail.",
    "theory.proof": "Claims, certificates and the program that checks them.",
    "theory.testing": "Property-based tests.",
    "numerics": "Is it so? Numbers and simulations.",
    "numerics.estimation": "Estimators without a closed form, fitted for many replicates at once.",
    "numerics.editing": "Subspaces found in real activations, and real weights edited.",
    "numerics.run.ratio": "Measured ratios of a run.",
    "selfgen.study": "Study files.",
    "selfgen.verification": "Derive, simulate, compare: a whole study.",
    "selfgen.report": "What a study writes.",
    "selfgen.comparison": "Workflows side by side.",
    "selfgen.figures": "Figures.",
    "selfgen.generation_figure": "The figure of a run.",
    "selfgen.universality": "How every estimator nears the universal ratio.",
    "selfgen.value_plane": "Real against synthetic data: the plane.",
    "selfgen.catalogue": "What is derived.",
}
#: Within a page, objects of these modules stand together.
GROUPS: dict[str, str] = {
    "theory.workflows": "Workflows",
    "theory.models": "Models",
    "theory.design": "Design",
}


def pages() -> dict[str, str]:
    """File names under ``generated`` and their contents, in reStructuredText."""
    found = {f"reference/{name}.rst": _page(name) for name in _present()}
    found["reference/index.rst"] = _index()
    found["reference/modules.rst"] = _modules()
    return found


def stubs() -> set[str]:
    """Where autosummary writes the page of each object, below ``reference``."""
    return {f"stubs/{name}.{item}.rst" for name in _present() for item in _documented()[name]}


@cache
def _present() -> tuple[str, ...]:
    return tuple(name for name in PACKAGES if find_spec(name) is not None)


def public_names(module: ModuleType) -> list[str]:
    """``__all__``, or without it what the module itself defines and does not hide."""
    declared = getattr(module, "__all__", None)
    if declared is not None:
        return list(declared)
    own = [name for name, value in vars(module).items() if getattr(value, "__module__", None) == module.__name__]
    return sorted(name for name in own if not name.startswith("_") and callable(vars(module)[name]))


@cache
def _documented() -> dict[str, tuple[str, ...]]:
    """Classes and functions of each module that no earlier module has."""
    seen: set[int] = set()
    found: dict[str, tuple[str, ...]] = {}
    for name in _present():
        module = importlib.import_module(name)
        names = []
        for item in public_names(module):
            value = getattr(module, item)
            if (inspect.isclass(value) or inspect.isfunction(value)) and id(value) not in seen:
                seen.add(id(value))
                names.append(item)
        found[name] = tuple(names)
    return found


def _page(name: str) -> str:
    module = importlib.import_module(name)
    lines = [_title(name, "="), "", PACKAGES[name], "", f".. currentmodule:: {name}", ""]
    grouped = _grouped(module, list(_documented()[name]))
    for heading, names in grouped:
        if len(grouped) > 1:
            lines += [_title(heading, "-"), ""]
        lines += [".. autosummary::", "   :toctree: stubs", "   :nosignatures:", ""]
        lines += [f"   {item}" for item in names] + [""]
    others = [item for item in public_names(module) if not _is_object(getattr(module, item))]
    if others:
        lines += [_title("Values and modules", "-"), ""]
        lines += [f"- {_other(item, getattr(module, item))}" for item in others] + [""]
    return "\n".join(lines)


def _grouped(module: ModuleType, names: list[str]) -> list[tuple[str, list[str]]]:
    groups: dict[str, list[str]] = {}
    for item in names:
        value = getattr(module, item)
        home = next((group for group in GROUPS if value.__module__.startswith(group + ".")), None)
        kind = "Classes" if inspect.isclass(value) else "Functions"
        if inspect.isclass(value) and issubclass(value, Exception):
            kind = "Errors"
        heading = GROUPS[home] if home is not None and home != module.__name__ else kind
        groups.setdefault(heading, []).append(item)
    order = ["Functions", "Classes", *GROUPS.values(), "Errors"]
    return [(heading, groups[heading]) for heading in order if heading in groups]


def _is_object(value: object) -> bool:
    return inspect.isclass(value) or inspect.isfunction(value)


def _other(item: str, value: object) -> str:
    if isinstance(value, ModuleType):
        return f":mod:`{value.__name__}`"
    return f"``{item}``, {_article(type(value).__name__)}"


def _article(noun: str) -> str:
    return f"{'an' if noun[0] in 'AEIOU' else 'a'} {noun}"


def _title(text: str, underline: str) -> str:
    return f"{text}\n{underline * len(text)}"


def _index() -> str:
    lines = [_title("Reference", "="), "", ".. toctree::", "   :maxdepth: 1", ""]
    lines += [f"   {name}" for name in _present()]
    return "\n".join([*lines, "   modules", ""])


def _modules() -> str:
    """What every module says of itself: the mathematics, and where it is."""
    lines = [
        _title("Modules", "="),
        "",
        "What each file is about, with the argument that it rests on where it has one of its own.",
        "",
    ]
    objects = {f"{name}.{item}" for name, items in _documented().items() for item in items}
    for package in ("theory", "numerics", "selfgen"):
        lines += [_title(package, "-"), ""]
        for name in _walk(package):
            lines += [_title(name, "~"), "", f".. automodule:: {name}", "   :no-members:"]
            # A function that its package exports has the name of its module, and the better claim to it.
            lines += ["   :no-index:", ""] if name in objects else [""]
    return "\n".join(lines)


def _walk(package: str) -> Iterator[str]:
    module = importlib.import_module(package)
    yield package
    for found in pkgutil.walk_packages(module.__path__, prefix=f"{package}."):
        if not any(part.startswith("_") for part in found.name.split(".")):
            yield found.name
