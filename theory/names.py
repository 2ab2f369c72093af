"""From the names and settings a user writes to a model and a workflow.

A setting ``name=value`` belongs to whichever of the two has a parameter of that name. Settings that differ between
workflows are written behind the workflow's own name: ``sliding-window:k=3,sizes=j``.

``subsampled-contaminated-pool:real=1/4`` is a contaminated pool of which every model reads n rows, and so for every
pooled workflow.

A model that wraps another names it: ``biased-sampler:model=bernoulli,fidelity=9/10,target=1/2``. Settings, behind its
name or beside it, then belong to whichever of the two has a parameter of that name.
"""

from __future__ import annotations

import re
from collections import ChainMap
from collections.abc import Iterable, Mapping
from dataclasses import MISSING
from difflib import get_close_matches
from importlib import import_module
from typing import Any, ClassVar

from theory.elsewhere import ELSEWHERE
from theory.errors import DomainError
from theory.expressions.arguments import declaring
from theory.expressions.parser import parse
from theory.models.base import Model
from theory.registry import EVERY_MODEL, EVERY_WORKFLOW, MODEL_ALIASES, MODELS, WORKFLOW_ALIASES, WRAPPERS
from theory.registry import settings as settings_of
from theory.workflows.base import ONE, Workflow
from theory.workflows.ecosystem import Ecosystem
from theory.workflows.subsampled import Subsampled
from theory.workflows.weighted import Weighted

Settings = Mapping[str, Any]


class _ByFormula:
    """Weighted, as text gives it: by a formula for the weight of block j in model g."""

    name = Weighted.name
    takes: ClassVar[dict[str, Any]] = {"weight": MISSING, "sizes": ONE}

    def __call__(self, weight: object, sizes: object = ONE) -> Weighted:
        return Weighted(weight, sizes)  # type: ignore[arg-type]


class _ByTable:
    """An ecosystem, as text gives it: its weights row by row, rows ended by ``;`` and entries by blanks."""

    name = Ecosystem.name
    takes: ClassVar[dict[str, Any]] = {
        "weights": MISSING, "fresh": None, "sizes": ONE, "observed": "0", "real": ONE, "same_start": False
    }  # fmt: skip

    def __call__(self, weights: object, observed: str = "0", **given: Any) -> Ecosystem:
        if not str(observed).isdigit():
            raise DomainError(f"observed = {observed} is none of the models: they are counted 0, 1, 2, …")
        return Ecosystem(weights, observed=int(observed), **given)


#: Before the name of a workflow: the same on a budget of rows drawn from all that it would give.
DRAWN = "subsampled-"


class _Drawn:
    """Another workflow whose rows are drawn from, to be constructed like one class with the parameters of both."""

    def __init__(self, inner: Any) -> None:
        self.inner, self.name = inner, DRAWN + inner.name
        self.takes = {**_parameters(inner), "budget": ONE}

    def __call__(self, budget: object = ONE, **given: Any) -> Workflow:
        return Subsampled(_construct(self.inner, given), budget).simplest()  # type: ignore[arg-type]


#: ``module:Class``, perhaps with settings behind another colon.
_IMPORT_PATH = re.compile(r"([A-Za-z_][\w.]*):[A-Za-z_]\w*(?=:|$)")

#: Workflows that are written otherwise on the command line than in Python.
BY_TEXT: dict[str, Any] = {Weighted.name: _ByFormula(), Ecosystem.name: _ByTable()}
_WORKFLOWS: Mapping[str, Any] = ChainMap(BY_TEXT, EVERY_WORKFLOW)  # type: ignore[arg-type]
_NAMES = (EVERY_MODEL, EVERY_WORKFLOW, MODEL_ALIASES, WORKFLOW_ALIASES)
#: The setting that is meant where none is named behind such a workflow's name.
_FIRST_BY_TEXT = {Weighted.name: "weight", Ecosystem.name: "weights"}


def taken_as_text(built: type) -> Mapping[str, Any] | None:
    """What a workflow that is written otherwise takes, and what that is where it is left out; None for any other."""
    found = BY_TEXT.get(getattr(built, "name", ""))
    return None if found is None else found.takes


def settings(pairs: Iterable[str], argument: str = "--set") -> dict[str, str]:
    """Read ``name=value`` pairs."""
    found: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = (part.strip() for part in pair.partition("="))
        if not (equals and name and value):
            raise DomainError(f"{argument} {pair!r} is not a setting: write name=value, such as n=50.")
        if "=" in value:
            raise DomainError(f"{argument} {pair!r} has more than one =: give every setting by itself, as name=value.")
        if name in found:
            raise DomainError(f"{argument} {pair!r} sets {name} a second time: give each parameter once.")
        found[name] = value
    return found


def build(model: str, workflow: str, given: Settings, symbols: Iterable[str] = ()) -> tuple[Model, Workflow]:
    """The model and the workflow of these names, with the given settings dealt out to them.

    ``symbols`` are constants that the user declares: values may be arithmetic in them. Every other name must be one of
    the model's parameters (in a workflow's settings, one that is left symbolic), or ``j`` in a schedule.
    """
    models, workflows = build_all(model, [workflow], given, symbols)
    return models, workflows[0]


def build_all(
    model: str, workflows: Iterable[str], given: Settings, symbols: Iterable[str] = ()
) -> tuple[Model, list[Workflow]]:
    """One model and several workflows; a shared setting goes to every workflow that has such a parameter.

    A workflow's own setting goes before a shared one where another workflow takes the shared one.

    Raises
    ------
    DomainError
        For names that are not known, for a setting that no part takes, and for one that is given twice: behind the
        name of the model or of every workflow that has it, and again among ``given``.
    """
    declared = _verified_symbols(symbols)
    model_name, model_own = _specification(model)
    model_class = _named(model_name, EVERY_MODEL, MODEL_ALIASES, "model")
    model_class, model_own, given = _unwrapped(model_class, model_own, given)
    described = []
    texts = list(workflows)
    for text in texts:
        name, own = _specification(text)
        described.append((_named(name, _WORKFLOWS, WORKFLOW_ALIASES, "workflow"), own))

    model_takes = _parameters(model_class)
    workflow_takes = [_parameters(workflow_class) for workflow_class, _ in described]
    known = model_takes | {name: None for takes in workflow_takes for name in takes}
    for name in given:
        owners = [model_class.name, ", ".join(cls.name for cls, _ in described)]
        _require(name, known, " with ".join(filter(None, owners)))
    for name, value in given.items():
        takers = [(model, model_own)] if name in model_takes else []
        if not takers:
            listed = zip(described, texts, workflow_takes, strict=True)
            takers = [(text, own) for (_, own), text, takes in listed if name in takes]
        if takers and all(name in own for _, own in takers):
            text, own = takers[0]
            raise DomainError(f"{name} = {value} is given again: {text} sets {name} = {own[name]}; give it once.")
    shared = {name: value for name, value in given.items() if name in model_takes}
    with declaring((*_names_of(model_class), *declared)):
        built_model = _construct(model_class, shared | model_own)
    open_names = {symbol.name for symbol in built_model.free_symbols}
    # The name of a parameter that has a value now would be a constant beside it.
    free = [name for name in _names_of(model_class) if name in open_names]
    built = []
    for (workflow_class, own), takes in zip(described, workflow_takes, strict=True):
        # A name that both have means the model's.
        common = {name: value for name, value in given.items() if name in takes and name not in model_takes}
        with declaring((*free, *declared)):
            built.append(_construct(workflow_class, common | own))
    return built_model, built


def workflow_named(text: str) -> Workflow:
    """The workflow of a name, with its settings behind a colon: ``sliding-window:k=3``.

    Raises
    ------
    DomainError
        For a name that is not known, or settings that it does not take.

    Examples
    --------
    >>> workflow_named("real-plus-latest:share=1/4")
    RealPlusLatest(share=1/4)
    >>> workflow_named("subsampled-contaminated-pool:real=1/4").workflow.real
    1/4
    """
    return build("regular", text, {})[1]


class _Wrapped:
    """A model class around another: to be constructed like one class with the parameters of both."""

    def __init__(self, outer: Any, inner: Any) -> None:
        self.outer, self.inner, self.name = outer, inner, f"{outer.name} of {inner.name}"
        own = {name: default for name, default in _parameters(outer).items() if name != "model"}
        self.takes = {**_parameters(inner), **own}

    def __call__(self, **arguments: Any) -> Model:
        mine = {name: value for name, value in arguments.items() if name in _parameters(self.outer)}
        others = {name: value for name, value in arguments.items() if name not in mine}
        return self.outer(**mine, model=_construct(self.inner, others))


def _unwrapped(model_class: Any, own: Settings, given: Settings) -> tuple[Any, dict[str, str], Settings]:
    """The class to construct, and both settings without the name of the model inside."""
    named = [where["model"] for where in (own, given) if "model" in where]
    if not WRAPPERS.lists(model_class):
        return model_class, dict(own), given
    if len(named) != 1:
        what = f"{len(named)} models are" if named else "no model is"
        name = model_class.name
        raise DomainError(f"{what} named inside {name}: give one, such as {name}:model=bernoulli.")
    wrapped = _Wrapped(model_class, _named(str(named[0]), MODELS, MODEL_ALIASES, "model"))
    rest = [{name: value for name, value in where.items() if name != "model"} for where in (own, given)]
    return wrapped, rest[0], rest[1]


def _names_of(model_class: Any) -> list[str]:
    """The parameters of a model, and the symbols that stand for those left out."""
    inner = model_class.inner if isinstance(model_class, _Wrapped) else model_class
    symbols = (symbol.name for symbol in inner().free_symbols)
    return list(dict.fromkeys((*_parameters(model_class), *sorted(symbols))))


def _verified_symbols(symbols: Iterable[str]) -> list[str]:
    declared = list(symbols)
    for name in declared:
        try:
            fine = parse(name, "symbol").is_Symbol and name not in ("j", "G", "g", "i", "l", "t")
        except DomainError:
            fine = False
        if not fine:
            raise DomainError(f"symbol {name} is not allowed: give a name, such as c, other than j, G, g, i, l and t.")
        if declared.count(name) > 1:
            raise DomainError(f"symbol {name} is declared twice: give it once.")
    # As expressions hold them: lambda_ is Python's way to write lambda.
    return [parse(name, "symbol").name for name in declared]


def _specification(text: str) -> tuple[str, dict[str, str]]:
    """Split ``sliding-window:k=3,sizes=j`` into its name and its own settings.

    ``weighted:1/g`` is short for ``weighted:weight=1/g``.
    """
    path = _IMPORT_PATH.match(text)
    if path is not None and not any(path[1] in names for names in _NAMES):
        return path[0], settings(text[path.end() + 1 :].split(","), f"{text!r}:") if text[path.end() :] else {}
    name, colon, rest = text.partition(":")
    if name.strip() in BY_TEXT and rest.strip() and "=" not in rest.partition(",")[0]:
        rest = f"{_FIRST_BY_TEXT[name.strip()]}={rest}"
    return name.strip(), settings(rest.split(","), f"{text!r}:") if colon else {}


def own_settings(text: str) -> dict[str, str]:
    """The settings behind a model's or a workflow's name."""
    return _specification(text)[1]


def _imported(path: str, kind: str) -> Any:
    """The model or workflow class of one's own at ``module:Class``; None where the text is no such path.

    Importing runs the module, as ``import`` in Python does: it must be installed, or lie in the current folder.
    """
    module, colon, name = path.partition(":")
    if not colon or not name.isidentifier() or not all(part.isidentifier() for part in module.split(".")):
        return None
    try:
        found = getattr(import_module(module), name)
    except ImportError as error:
        raise DomainError(f"{kind} {path!r} cannot be imported: {error}.") from None
    except AttributeError:
        raise DomainError(f"{kind} {path!r} is not there: {module} has no {name}.") from None
    wanted = Model if kind == "model" else Workflow
    if not (isinstance(found, type) and issubclass(found, wanted)):
        raise DomainError(f"{kind} {path!r} is no class of a {kind}: derive one from {wanted.__name__}.")
    return found


def _named(name: str, registry: Mapping[str, type], aliases: Mapping[str, str], kind: str) -> Any:
    own = _imported(name, kind)
    if own is not None:
        return own
    if kind == "workflow" and name.startswith(DRAWN):
        return _Drawn(_named(name.removeprefix(DRAWN), registry, aliases, kind))
    found = registry.get(aliases.get(name, name))
    if found is None and kind == "model" and name.lower() in ELSEWHERE:
        raise DomainError(f"model {name!r} is not here by that name: {ELSEWHERE[name.lower()]}.")
    if found is None:
        raise DomainError(f"{kind} {name!r} is not known{_suggestion(name, [*registry, *aliases])}")
    return found


def _suggestion(name: str, allowed: Iterable[str]) -> str:
    names = list(allowed)
    close = get_close_matches(name, names, n=1)
    hint = f" (did you mean {close[0]}?)" if close else ""
    return f"{hint}: use {', '.join(names)}." if names else f"{hint}: there are none."


def _parameters(built: Any) -> dict[str, Any]:
    """Constructor parameters and their defaults."""
    if isinstance(built, _Wrapped | _Drawn | _ByFormula | _ByTable):
        return built.takes
    return {field.name: field.default for field in settings_of(built)}


def _require(name: str, known: Iterable[str], owner: str) -> None:
    if name not in set(known):
        raise DomainError(f"{name} is not a parameter of {owner}{_suggestion(name, known)}")


def _construct(built: Any, given: Settings) -> Any:
    takes = _parameters(built)
    arguments: dict[str, Any] = {}
    for name, value in given.items():
        _require(name, takes, built.name)
        arguments[name] = _truth(name, value) if isinstance(takes[name], bool) else value
    for name, default in takes.items():
        if default is MISSING and name not in arguments and isinstance(built, _ByFormula):
            raise DomainError(f"{built.name} needs its weights: give a formula in g and j, such as {built.name}:1/g.")
        if default is MISSING and name not in arguments and isinstance(built, _ByTable):
            raise DomainError(
                f"{built.name} needs its weights: give a row for each model, such as {built.name}:3/4 1/4; 1/4 3/4."
            )
        if default is MISSING and name not in arguments:
            # Left out, a parameter is a symbol of its own name, as it is for models.
            arguments[name] = parse(name, name)
    return built(**arguments)


def _truth(name: str, value: Any) -> bool:
    words = {"true": True, "yes": True, "false": False, "no": False}
    if isinstance(value, bool):
        return value
    if str(value).lower() not in words:
        raise DomainError(f"{name} = {value!r} is not allowed: {name} must be true or false.")
    return words[str(value).lower()]
