"""A study: the cases to derive, simulate and cross-check, written as TOML.

.. code-block:: toml

    title = "Coin flips"

    [defaults]
    generations = 20
    replicates = 200_000

    [[case]]
    model = "bernoulli"
    workflow = ["replace", "sliding-window:k=2"]     # one case each
    parameters = { p = "1/3", n = 50 }

Numbers may be strings of arithmetic, which keeps fractions exact. A parameter belongs to the model or to the workflow,
whichever has one of that name.
"""

from __future__ import annotations

import tomllib
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictFloat, StrictInt, StrictStr, ValidationError

from selfgen.names import build
from theory import DomainError
from theory.models.base import Model
from theory.registry import WORKFLOW_ALIASES
from theory.workflows.base import Workflow

DEFAULT = "builtin"

Value = StrictBool | StrictInt | StrictFloat | StrictStr
Generations = Annotated[StrictInt, Field(ge=1, le=10_000)]
Replicates = Annotated[StrictInt, Field(ge=2, le=10**9)]
Seed = Annotated[StrictInt, Field(ge=0, lt=2**63)]
Method = Literal["exact-law", "raw"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Defaults(_Strict):
    """What a case has unless it says otherwise."""

    generations: Generations = 20
    replicates: Replicates = 200_000
    seed: Seed = 1
    method: Method = "exact-law"
    loss: StrictStr = "squared"


class CaseEntry(_Strict):
    """A ``[[case]]`` table as written: several workflows stand for a case each."""

    model: StrictStr
    workflow: StrictStr | Annotated[list[StrictStr], Field(min_length=1)]
    parameters: dict[str, Value] = Field(default_factory=dict)
    generations: Generations | None = None
    replicates: Replicates | None = None
    seed: Seed | None = None
    method: Method | None = None
    loss: StrictStr | None = None


class StudyFile(_Strict):
    """A whole file as written."""

    title: StrictStr = ""
    source: StrictStr = ""
    defaults: Defaults = Field(default_factory=Defaults)
    case: Annotated[list[CaseEntry], Field(min_length=1)]


class Case(_Strict):
    """One model under one workflow, with all its settings."""

    label: str
    model: str
    workflow: str
    parameters: dict[str, Value]
    generations: int
    replicates: int
    seed: int
    method: Method
    loss: str

    def build(self) -> tuple[Model, Workflow]:
        """The model and the workflow; errors name the case."""
        try:
            return build(self.model, self.workflow, self.parameters)
        except DomainError as error:
            raise self.error(error) from None

    def error(self, error: DomainError) -> DomainError:
        return type(error)(f"{self.label}: {error}")


class Study(_Strict):
    """A validated study."""

    title: str
    source: str
    cases: tuple[Case, ...]


def load(name: str | Path | None = None, seed: int | None = None) -> Study:
    """Read a study file, or a shipped study by name; every case is built once, so that errors come before work.

    ``seed`` takes the place of the seed among the file's defaults.
    """
    source = _locate(DEFAULT if name is None else name)
    shown = source.name if name is None else str(name)
    try:
        raw = tomllib.loads(source.read_text(encoding="utf-8"))
    except OSError as error:
        raise DomainError(f"{shown} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise DomainError(f"{shown} is not a study: it is not UTF-8 text.") from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise DomainError(f"{shown} is not TOML: {error}.") from None
    try:
        written = StudyFile.model_validate(raw)
    except ValidationError as error:
        raise DomainError(_sentence(shown, raw, error)) from None
    study = Study(title=written.title, source=written.source, cases=tuple(_cases(shown, written, seed)))
    for case in study.cases:
        case.build()
    return study


def shipped() -> dict[str, Traversable]:
    """The studies that come with selfgen, by name."""
    found: dict[str, Traversable] = {}
    packaged = resources.files("selfgen") / "studies"
    # In a checkout the papers' settings lie at the top of the repository; in a wheel, beside the default study.
    for folder in (Path(__file__).resolve().parent.parent / "studies", packaged):
        if folder.is_dir():
            found |= {Path(file.name).stem: file for file in folder.iterdir() if file.name.endswith(".toml")}
    return dict(sorted(found.items()))


def _locate(name: str | Path) -> Traversable:
    path = Path(name)
    if path.exists() and not path.is_dir():
        return path
    known = shipped()
    stem = str(name).replace("-", "_")
    if stem in known:
        return known[stem]
    if path.is_dir():
        raise DomainError(f"{name} is a folder: give a TOML file, or a shipped study: {', '.join(known)}.")
    raise DomainError(f"{name} does not exist: give a TOML file, or a shipped study: {', '.join(known)}.")


def _cases(file: str, written: StudyFile, seed: int | None) -> list[Case]:
    cases: list[Case] = []
    seen: dict[str, int] = {}
    defaults = written.defaults
    root = defaults.seed if seed is None else seed
    for number, entry in enumerate(written.case, start=1):
        workflows = [entry.workflow] if isinstance(entry.workflow, str) else entry.workflow
        chosen: dict[str, Any] = {
            key: getattr(defaults if getattr(entry, key) is None else entry, key)
            for key in ("generations", "replicates", "method", "loss")
        }
        for workflow in workflows:
            name, colon, settings = workflow.partition(":")
            proper = WORKFLOW_ALIASES.get(name, name) + colon + settings
            same = repr((entry.model, proper, entry.parameters, chosen, entry.seed))
            first = seen.setdefault(same, number)
            label = f"{file}: case {number} ({entry.model}, {workflow})"
            if len(seen) <= len(cases):
                raise DomainError(f"{label} repeats case {first}: give each case once, or a seed of its own.")
            # Independent streams: cases that shared a seed would stand and fall together.
            own = np.random.SeedSequence((root, len(cases))).generate_state(1, np.uint64)[0] >> np.uint64(1)
            cases.append(
                Case(
                    label=label,
                    model=entry.model,
                    workflow=workflow,
                    parameters=entry.parameters,
                    seed=int(own) if entry.seed is None else entry.seed,
                    **chosen,
                )
            )
    return cases


def _sentence(file: str, raw: dict[str, Any], error: ValidationError) -> str:
    """The first thing wrong, as one sentence: file, case, key, value, what is allowed."""
    first = error.errors(include_url=False)[0]
    where = list(first["loc"])
    place = file
    if where[:1] == ["case"] and len(where) > 1:
        number = int(where[1])
        entry = raw["case"][number]
        told = [str(entry[key]) for key in ("model", "workflow") if key in entry] if isinstance(entry, dict) else []
        named = f" ({', '.join(told)})" if told else ""
        place, where = f"{file}: case {number + 1}{named}", where[2:]
    elif where[:1] == ["defaults"]:
        place, where = f"{file}: defaults", where[1:]
    # A union reports one location a branch; its branch names are not keys.
    key = ".".join(str(part) for part in where if not _is_branch(part)) or "the table"
    if first["type"] == "extra_forbidden":
        owner: type[BaseModel] = StudyFile
        if ": case " in place:
            owner = CaseEntry
        elif place.endswith(": defaults"):
            owner = Defaults
        return f"{place}: unknown key {key}: allowed are {', '.join(owner.model_fields)}."
    if first["type"] == "missing":
        return f"{place}: key {key} is missing: it is required."
    allowed = first["msg"][0].lower() + first["msg"][1:]
    if any(_is_branch(part) for part in where):
        allowed = (
            "a number, true, false or a text of arithmetic"
            if key.startswith("parameters")
            else ("a text or a list of texts")
        )
        allowed = f"input should be {allowed}"
    return f"{place}: {key} = {first['input']!r} is not allowed: {allowed}."


def _is_branch(part: object) -> bool:
    return isinstance(part, str) and (part in {"bool", "int", "float", "str"} or part.startswith("list["))
