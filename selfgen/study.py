r"""A study: the cases to derive, simulate and cross-check, written as TOML.

.. code-block:: toml

    title = "Coin flips"
    output = "coin_flips"          # a folder, from the current one: figures and results go there

    [defaults]
    generations = 20
    replicates = 200_000

    [[case]]
    model = "bernoulli"
    workflow = ["replace", "sliding-window:k=2"]     # one case each
    loss = ["squared", "kl"]                         # one case each
    parameters = { p = "1/3" }
    grid = { n = [10, 100, 1000] }                   # one case each
    replicates = "2_000_000/n"                       # about the same work for each

Numbers may be strings of arithmetic, which keeps fractions exact. A parameter belongs to the model or to the workflow,
whichever has one of that name.

A list under ``grid`` stands for a case a value, and several lists for every combination of them. The cases come in the
order of the file: by loss, then by workflow, then by combination, the last list of the grid running fastest.

``generations`` and ``replicates`` may be arithmetic in the parameters that are numbers (``replicates`` in the number
``G`` of generations as well), rounded down, but not below 1 and 2: cases of a grid that ask for
:math:`R = W/(G\,n\,d)` replicates draw about W numbers each, whatever n and d.

``checked``, a number or arithmetic as well, is the last generation at which the simulation judges the formula: later
ones are simulated, drawn and written, and nothing is concluded from them. A chain of products, such as a covariance
refitted again and again, has losses so heavy-tailed that from some generation on no affordable average has a standard
error to trust, and the check would refuse the whole run. Left out, every generation is judged.

``output`` is where ``selfgen verify`` writes, unless its ``--output`` says otherwise; without either it writes nothing.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import fields
from importlib import resources
from importlib.resources.abc import Traversable
from itertools import product
from math import prod
from pathlib import Path, PurePath
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    Tag,
    ValidationError,
)
from sympy import Expr, Integer, floor

from selfgen.names import build
from theory import DomainError
from theory.expressions.parser import parse
from theory.models.base import Model
from theory.registry import WORKFLOW_ALIASES
from theory.workflows.base import Workflow

DEFAULT = "builtin"

#: Hours of work: beyond, a list in a grid is more likely a slip than meant.
MOST_CASES = 10_000
#: The least and the most of each number of a case that may be arithmetic.
LIMITS = {"generations": (1, 10_000), "checked": (1, 10**9), "replicates": (2, 10**9)}


def _kind(value: object) -> str:
    return "arithmetic" if isinstance(value, str) else "number"


Value = StrictBool | StrictInt | StrictFloat | StrictStr
Generations = Annotated[
    Annotated[StrictInt, Field(ge=1, le=10_000), Tag("number")] | Annotated[StrictStr, Tag("arithmetic")],
    Discriminator(_kind),
]
Replicates = Annotated[
    Annotated[StrictInt, Field(ge=2, le=10**9), Tag("number")] | Annotated[StrictStr, Tag("arithmetic")],
    Discriminator(_kind),
]
Texts = StrictStr | Annotated[list[StrictStr], Field(min_length=1)]
Seed = Annotated[StrictInt, Field(ge=0, lt=2**63)]
Method = Literal["exact-law", "raw"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Defaults(_Strict):
    """What a case has unless it says otherwise."""

    generations: Generations = 20
    checked: Generations | None = None
    replicates: Replicates = 200_000
    seed: Seed = 1
    method: Method = "exact-law"
    loss: Texts = "squared"


class CaseEntry(_Strict):
    """A ``[[case]]`` table as written: several workflows, losses and values of a grid stand for a case each."""

    model: StrictStr
    workflow: Texts
    parameters: dict[str, Value] = Field(default_factory=dict)
    grid: dict[str, Annotated[list[Value], Field(min_length=1)]] = Field(default_factory=dict)
    generations: Generations | None = None
    checked: Generations | None = None
    replicates: Replicates | None = None
    seed: Seed | None = None
    method: Method | None = None
    loss: Texts | None = None

    def combinations(self) -> Iterator[dict[str, Value]]:
        """Every choice of one value from each list of the grid; one empty choice where there is no grid."""
        for values in product(*self.grid.values()):
            yield dict(zip(self.grid, values, strict=True))


class StudyFile(_Strict):
    """A whole file as written."""

    title: StrictStr = ""
    source: StrictStr = ""
    output: StrictStr | None = None
    defaults: Defaults = Field(default_factory=Defaults)
    case: Annotated[list[CaseEntry], Field(min_length=1)]


class Case(_Strict):
    """One model under one workflow, with all its settings; ``grid`` names the parameters that a grid varied."""

    label: str
    model: str
    workflow: str
    parameters: dict[str, Value]
    grid: tuple[str, ...]
    generations: int
    checked: int
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
    """A validated study; ``output`` is the folder it asks to be written to, if any."""

    title: str
    source: str
    output: Path | None
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
    if "kind" in raw:
        raise DomainError(f'{shown}: kind = {raw["kind"]!r} is not known: leave it out, or write "real-data".')
    try:
        written = StudyFile.model_validate(raw)
    except ValidationError as error:
        raise DomainError(_sentence(shown, raw, error)) from None
    output = _output(shown, written.output)
    return Study(title=written.title, source=written.source, output=output, cases=tuple(_cases(shown, written, seed)))


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


def _output(file: str, folder: str | None) -> Path | None:
    """The folder a study writes to: below the current one, so that a file from elsewhere overwrites nothing else."""
    if folder is None:
        return None
    path = PurePath(folder)
    if not path.parts or path.is_absolute() or ".." in path.parts or "\0" in folder:
        raise DomainError(
            f"{file}: output = {folder!r} is not allowed: give a folder below the current one, such as 'results'."
        )
    return Path(path)


def _cases(file: str, written: StudyFile, seed: int | None) -> list[Case]:
    cases: list[Case] = []
    seen: dict[str, int] = {}
    root = written.defaults.seed if seed is None else seed
    count = 0
    for number, entry in enumerate(written.case, start=1):
        place = f"{file}: case {number} ({entry.model}"
        chosen: dict[str, Any] = {
            key: getattr(written.defaults if getattr(entry, key) is None else entry, key)
            for key in ("generations", "checked", "replicates", "method", "loss")
        }
        workflows, losses = _listed(entry.workflow), _listed(chosen.pop("loss"))
        count += len(workflows) * len(losses) * prod(map(len, entry.grid.values()))
        if count > MOST_CASES:
            raise DomainError(f"{place}) makes {count} cases: a study may have {MOST_CASES}; shorten its lists.")
        for twice in entry.grid.keys() & entry.parameters.keys():
            raise DomainError(f"{place}): {twice} stands among parameters and in the grid: give it once.")
        for loss, workflow, varied in product(losses, workflows, entry.combinations()):
            name, colon, settings = workflow.partition(":")
            proper = WORKFLOW_ALIASES.get(name, name) + colon + settings
            parameters = entry.parameters | varied
            same = repr((entry.model, proper, parameters, chosen, loss, entry.seed))
            first = seen.setdefault(same, number)
            told = [f"{key} = {value}" for key, value in varied.items()]
            told += [f"loss {loss}"] if len(losses) > 1 else []
            label = ", ".join([place, workflow, *told]) + ")"
            if len(seen) <= len(cases):
                raise DomainError(f"{label} repeats case {first}: give each case once, or a seed of its own.")
            # Independent streams: cases that shared a seed would stand and fall together.
            own = np.random.SeedSequence((root, len(cases))).generate_state(1, np.uint64)[0] >> np.uint64(1)
            try:
                counts = _counts(*build(entry.model, workflow, parameters), loss, chosen)
            except DomainError as error:
                raise type(error)(f"{label}: {error}") from None
            cases.append(
                Case(
                    label=label,
                    model=entry.model,
                    workflow=workflow,
                    parameters=parameters,
                    grid=tuple(varied),
                    seed=int(own) if entry.seed is None else entry.seed,
                    loss=loss,
                    **{**chosen, **counts},
                )
            )
    return cases


def _listed(written: str | list[str]) -> list[str]:
    return [written] if isinstance(written, str) else written


def _counts(model: Model, workflow: Workflow, loss: str, chosen: Mapping[str, Any]) -> dict[str, int]:
    """Generations, checked ones and replicates of one case, from arithmetic in its parameters."""
    model.verify_loss(loss)
    given = {field.name: getattr(workflow, field.name) for field in fields(workflow)}  # type: ignore[arg-type]
    known = {name: value for name, value in (given | model.parameters).items() if _is_number(value)}
    generations = _count("generations", chosen["generations"], known)
    checked = generations if chosen["checked"] is None else _count("checked", chosen["checked"], known)
    return {
        "generations": generations,
        "checked": min(checked, generations),
        "replicates": _count("replicates", chosen["replicates"], known | {"G": Integer(generations)}),
    }


def _is_number(value: object) -> bool:
    return isinstance(value, Expr) and bool(value.is_number)


def _count(name: str, written: int | str, known: Mapping[str, Expr]) -> int:
    """A whole number, or arithmetic in ``known`` rounded down to one."""
    if not isinstance(written, str):
        return written
    expression = parse(written, name)
    least, most = LIMITS[name]
    unknown = sorted(symbol.name for symbol in expression.free_symbols if symbol.name not in known)
    if unknown:
        names = f"the numbers {', '.join(sorted(known))}" if known else "numbers alone: no parameter is one"
        raise DomainError(f"{name} = {written!r} is not a number, for {unknown[0]} is not: use {names}.")
    value = expression.subs({symbol: known[symbol.name] for symbol in expression.free_symbols})
    if not (value.is_real and value.is_finite and value <= most):
        raise DomainError(f"{name} = {written!r} is {value} here, which is not allowed: give {most} or less.")
    return max(least, int(floor(value)))


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
    # A union reports one location a branch; its branch names are not keys, nor is a place in a list.
    key = ".".join(str(part) for part in where if not (_is_branch(part) or isinstance(part, int))) or "the table"
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
    branches = [part for part in where if _is_branch(part)]
    if branches and branches[0] not in {"number", "arithmetic"}:
        allowed = "a text or a list of texts"
        if key.startswith(("parameters", "grid")):
            allowed = "a number, true, false or a text of arithmetic"
        allowed = f"input should be {allowed}"
    elif "number" in branches:
        allowed += ", or a text of arithmetic"
    return f"{place}: {key} = {first['input']!r} is not allowed: {allowed}."


_BRANCHES = {"bool", "int", "float", "str", "number", "arithmetic"}


def _is_branch(part: object) -> bool:
    return isinstance(part, str) and (part in _BRANCHES or part.startswith("list["))
