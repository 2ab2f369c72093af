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
    grid = { n = [10, 100, 1000] }                   # one case each, or { first = 10, last = 1000, factor = 10 }
    seed = [1, 2, 3]                                 # one case each; without it a stream of its own for every case
    replicates = "2_000_000/n"                       # about the same work for each

Numbers may be strings of arithmetic, which keeps fractions exact. A parameter belongs to the model or to the workflow,
whichever has one of that name.

A list under ``grid`` stands for a case a value, and several lists for every combination of them. The cases come in the
order of the file: by loss, then by workflow, then by combination, the last list of the grid running fastest.

``model`` and ``seed`` may be lists as well. Lists under ``paired`` go together, first with first: ``paired = { n = [10,
20], p = ["1/2", "1/3"] }`` is two cases. A parameter may be a list where the model or the workflow takes one:
``probabilities = [0.5, 0.3, 0.2]``, ``sizes = [1, 2, 4]``. A loss that a model lacks for some of its parameters is
skipped there, with a line, where there are others. A model or a workflow of one's own is named by its import path,
``module:Class``. A JSON schema of all keys is in ``docs/_static/study.schema.json``.

``generations`` and ``replicates`` may be arithmetic in the parameters that are numbers (``replicates`` in the number
``G`` of generations as well), rounded down, but not below 1 and 2: cases of a grid that ask for
:math:`R = W/(G\,n\,d)` replicates draw about W numbers each, whatever n and d.

``checked``, a number or arithmetic as well, is the last generation at which the simulation judges the formula: later
ones are simulated, drawn and written, and nothing is concluded from them. A chain of products, such as a covariance
refitted again and again, has losses so heavy-tailed that from some generation on no affordable average has a standard
error to trust, and the check would refuse the whole run. Left out, every generation is judged.

``symbols`` lists constants that values may be written in; every name must be one of them, a parameter of the model, or
``j`` in a schedule.

``output`` is where ``selfgen verify`` writes, unless its ``--output`` says otherwise; without either it writes nothing.
It lies below the current folder, after every link on the way is followed, so that a study from elsewhere overwrites
nothing else. A file may have 2 MiB, numbers of 1000 digits, names of 500 characters, and tables and lists in one
another up to ten levels.
"""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Mapping
from dataclasses import fields
from decimal import Decimal
from importlib import resources
from importlib.resources.abc import Traversable
from itertools import product
from math import prod
from pathlib import Path, PurePath
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import (
    AfterValidator,
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

from selfgen.training.plan import KINDS
from theory import DomainError
from theory.errors import on_one_line
from theory.expressions.arguments import advise
from theory.expressions.parser import parse
from theory.models.base import Model
from theory.models.units import slip_of_units
from theory.names import build
from theory.registry import WORKFLOW_ALIASES
from theory.workflows.base import Workflow

DEFAULT = "builtin"

#: Bytes of a file, and levels of tables and lists in one another; what means something has five.
MOST_BYTES = 2**21
MOST_LEVELS = 10
#: Digits of a number; thousands of times as many take Python minutes.
MOST_DIGITS = 1000
#: Characters of the name of a model, or of a workflow with its settings.
MOST_NAME = 500
#: Hours of work: beyond, a list in a grid is more likely a slip than meant.
MOST_CASES = 10_000
#: The least and the most of each number of a case that may be arithmetic.
LIMITS = {"generations": (1, 10_000), "checked": (1, 10**9), "replicates": (2, 10**9)}


def _kind(value: object) -> str:
    return "arithmetic" if isinstance(value, str) else "number"


def _shape(value: object) -> str:
    return "table" if isinstance(value, dict) else "several" if isinstance(value, list) else "one"


def _several(value: object) -> str:
    return "table" if isinstance(value, dict) else "several"


Value = StrictBool | StrictInt | StrictFloat | StrictStr
Generations = Annotated[
    Annotated[StrictInt, Field(ge=1, le=10_000), Tag("number")] | Annotated[StrictStr, Tag("arithmetic")],
    Discriminator(_kind),
]
Replicates = Annotated[
    Annotated[StrictInt, Field(ge=2, le=10**9), Tag("number")] | Annotated[StrictStr, Tag("arithmetic")],
    Discriminator(_kind),
]
Parameter = Value | Annotated[list[StrictInt | StrictFloat | StrictStr], Field(min_length=1)]
Texts = StrictStr | Annotated[list[StrictStr], Field(min_length=1)]
Seed = Annotated[StrictInt, Field(ge=0, lt=2**63)]
Seeds = Annotated[
    Annotated[Seed, Tag("one")] | Annotated[list[Seed], Field(min_length=1), Tag("several")], Discriminator(_shape)
]
Method = Literal["exact-law", "raw"]


#: A text that is printed as it is: one line, without commands to a terminal.
Line = Annotated[StrictStr, AfterValidator(lambda text: on_one_line(" ".join(text.split())))]


class Strict(BaseModel):
    """A table in which every key is known."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Headed(Strict):
    """What every kind of study may say of itself, and where its results go."""

    title: Line = ""
    source: Line = ""
    output: StrictStr | None = None


class Defaults(Strict):
    """What a case has unless it says otherwise."""

    generations: Generations = 20
    checked: Generations | None = None
    replicates: Replicates = 200_000
    seed: Seed = 1
    method: Method = "exact-law"
    loss: Texts = "squared"


class Span(Strict):
    """Numbers from the first to the last, by steps or by factors: ``{ first = 10, last = 1000, factor = 10 }``."""

    first: StrictInt | StrictFloat
    last: StrictInt | StrictFloat
    step: StrictInt | StrictFloat | None = None
    factor: StrictInt | StrictFloat | None = None

    def values(self, name: str) -> list[Value]:
        """Exact decimals: 0.1, 0.2, 0.3."""
        one = [given for given in (self.step, self.factor) if given is not None]
        least = 1 if self.factor is not None else 0
        if len(one) != 1 or not (one[0] > least and 0 < self.last < math.inf and self.first <= self.last):
            raise DomainError(
                f"grid.{name} is no range: give first and last, the greater one last, and either a step above 0 or a "
                "factor above 1."
            )
        if self.factor is not None and self.first <= 0:
            raise DomainError(f"grid.{name} is no range: with a factor the first value is above 0.")
        by, value, last = Decimal(str(one[0])), Decimal(str(self.first)), Decimal(str(self.last))
        found: list[Value] = []
        while value <= last and len(found) <= MOST_CASES:
            found.append(int(value) if value == value.to_integral_value() else str(value))
            value = value + by if self.step is not None else value * by
        return found


Along = Annotated[
    Annotated[list[Value], Field(min_length=1), Tag("several")] | Annotated[Span, Tag("table")], Discriminator(_several)
]


class CaseEntry(Strict):
    """A ``[[case]]`` table as written: several models, workflows, losses, seeds, values of a grid are a case each."""

    model: Texts
    workflow: Texts
    parameters: dict[str, Parameter] = Field(default_factory=dict)
    symbols: list[StrictStr] = Field(default_factory=list)
    grid: dict[str, Along] = Field(default_factory=dict)
    paired: dict[str, Annotated[list[Value], Field(min_length=1)]] = Field(default_factory=dict)
    generations: Generations | None = None
    checked: Generations | None = None
    replicates: Replicates | None = None
    seed: Seeds | None = None
    method: Method | None = None
    loss: Texts | None = None

    def combinations(self) -> list[dict[str, Value]]:
        """Every choice of one value from each list of the grid, and of one place in the paired lists; one empty choice
        where there is neither.
        """
        lengths = {name: len(values) for name, values in self.paired.items()}
        if len(set(lengths.values())) > 1:
            told = ", ".join(f"{name} {length}" for name, length in lengths.items())
            raise DomainError(f"paired lists are of one length, and these are not: {told} values.")
        pairs = [dict(zip(self.paired, values, strict=True)) for values in zip(*self.paired.values(), strict=True)]
        lists = [given.values(name) if isinstance(given, Span) else given for name, given in self.grid.items()]
        count = prod(map(len, lists)) * max(len(pairs), 1)
        if count > MOST_CASES:
            raise DomainError(f"the grid makes {count} cases: a study may have {MOST_CASES}; shorten its lists.")
        chosen = [dict(zip(self.grid, values, strict=True)) for values in product(*lists)]
        return [pair | values for pair in pairs or [{}] for values in chosen]


class StudyFile(Headed):
    """A whole file as written."""

    defaults: Defaults = Field(default_factory=Defaults)
    case: Annotated[list[CaseEntry], Field(min_length=1)]


class Case(Strict):
    """One model under one workflow, with all its settings; ``grid`` names the parameters that a grid varied."""

    label: str
    model: str
    workflow: str
    parameters: dict[str, Parameter]
    symbols: tuple[str, ...] = ()
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
            return build(self.model, self.workflow, self.parameters, self.symbols)
        except DomainError as error:
            raise self.error(error) from None

    def error(self, error: DomainError) -> DomainError:
        """The same error, with the case it belongs to before it."""
        return type(error)(f"{self.label}: {error}")


class Study(Strict):
    """A validated study; ``output`` is the folder it asks to be written to, if any."""

    title: str
    source: str
    output: Path | None
    cases: tuple[Case, ...]


def load(name: str | Path | None = None, seed: int | None = None) -> Study:
    """Read a study file, or a shipped study by name; every case is built once, so that errors come before work.

    ``seed`` takes the place of the seed among the file's defaults.
    """
    source = locate(DEFAULT if name is None else name)
    shown = source.name if name is None else str(name)
    raw = read(source, shown)
    if raw.get("kind") in KINDS:
        raise DomainError(f"{shown} is of generators that are trained: selfgen train {shown} --output DIR.")
    if "kind" in raw:
        found = clipped(raw["kind"])
        raise DomainError(f'{shown}: kind = {found} is not known: leave it out, or write "real-data" or "subspaces".')
    try:
        written = StudyFile.model_validate(raw)
    except ValidationError as error:
        raise DomainError(_sentence(shown, raw, error)) from None
    output = output_folder(shown, written.output)
    return Study(title=written.title, source=written.source, output=output, cases=tuple(_cases(shown, written, seed)))


def read(source: Traversable, shown: str) -> dict[str, Any]:
    """The tables of a TOML file, which may come from anywhere: neither its size nor its depth is trusted."""
    try:
        with source.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise DomainError(f"{shown} cannot be read: {error.strerror}.") from None
    if len(content) > MOST_BYTES:
        raise DomainError(f"{shown} is too large for a study: a file may have {MOST_BYTES} bytes.")
    deep = f"{shown} is no study: its tables and lists lie more than {MOST_LEVELS} levels in one another."
    if _has_long_keys(content):
        raise DomainError(deep)
    digits = max(map(len, re.findall(rb"0x[0-9A-Fa-f_]+|[0-9][0-9_]*", content)), default=0)
    if digits > MOST_DIGITS:
        raise DomainError(f"{shown} has a number of {digits} digits: a study may have {MOST_DIGITS}.")
    try:
        raw = tomllib.loads(content.decode("utf-8"))
    except UnicodeDecodeError:
        raise DomainError(f"{shown} is not a study: it is not UTF-8 text.") from None
    except tomllib.TOMLDecodeError as error:
        raise DomainError(f"{shown} is not TOML: {error}.") from None
    except RecursionError:
        raise DomainError(deep) from None
    level: list[Any] = [raw]
    for _ in range(MOST_LEVELS):
        level = [part for held in level for part in _parts(held)]
    if level:
        raise DomainError(deep)
    return raw


def _has_long_keys(content: bytes) -> bool:
    """Whether keys have so many dots, each of which is a level, that a parser would take minutes."""
    bare = max(part.count(b".") for part in re.split(rb"[=,{}\[\]\"'#\n]", content))
    return bare > 200 or len(re.findall(rb"\.[ \t]*[\"']|[\"'][ \t]*\.", content)) > 20_000


def _parts(held: Any) -> list[Any]:
    """The tables and lists in a table or list."""
    inside = held.values() if isinstance(held, dict) else held
    return [part for part in inside if isinstance(part, (dict, list))]


def clipped(value: object) -> str:
    """A value that was given, in a sentence."""
    return _clipped(repr(value))


def _clipped(text: str) -> str:
    return text if len(text) <= 100 else f"{text[:97]}…"


#: How the names of studies of real generators begin; 'selfgen train' reads them.
TRAINED = "neural_"


def shipped() -> dict[str, Traversable]:
    """The studies to verify that come with selfgen, by name."""
    return {name: file for name, file in every_shipped().items() if not name.startswith(TRAINED)}


def find_trained(name: str) -> Traversable | None:
    """The file of a study of real generators, from its path or its name; None where it is no name of one."""
    if name.endswith(".toml"):
        return Path(name)
    stem = name.replace("-", "_")
    return every_shipped().get(stem) if stem.startswith(TRAINED) else None


def every_shipped() -> dict[str, Traversable]:
    """The studies that come with selfgen, by name: those to verify, and those of generators that are trained."""
    found: dict[str, Traversable] = {}
    packaged = resources.files("selfgen") / "studies"
    # In a checkout the papers' settings lie at the top of the repository; in a wheel, beside the default study.
    for folder in (Path(__file__).resolve().parent.parent / "studies", packaged):
        if folder.is_dir():
            found |= {Path(file.name).stem: file for file in folder.iterdir() if file.name.endswith(".toml")}
    return dict(sorted(found.items()))


def title_of(name: str) -> str:
    """The title of a study that comes with selfgen."""
    return str(tomllib.loads(every_shipped()[name].read_text(encoding="utf-8")).get("title", ""))


def kind_of(name: str | Path | None) -> str:
    """What kind a study file, or a shipped study of this name, says it is; empty for others and anything unreadable."""
    if name is None:
        return ""
    try:
        return str(read(locate(name), str(name)).get("kind", ""))
    except (OSError, DomainError):
        return ""


def locate(name: str | Path) -> Traversable:
    """A file, or a shipped study by its name."""
    path = Path(name)
    if path.exists() and not path.is_dir():
        return path
    known = shipped()
    stem = str(name).replace("-", "_")
    if stem in every_shipped():
        return every_shipped()[stem]
    if path.is_dir():
        raise DomainError(f"{name} is a folder: give a TOML file, or a shipped study: {', '.join(known)}.")
    raise DomainError(f"{name} does not exist: give a TOML file, or a shipped study: {', '.join(known)}.")


def output_folder(file: str, folder: str | None) -> Path | None:
    """The folder a study writes to: below the current one, so that a file from elsewhere overwrites nothing else."""
    if folder is None:
        return None
    path, named = PurePath(folder), f"{file}: output = {clipped(folder)}"
    if not path.parts or path.is_absolute() or ".." in path.parts or "\0" in folder:
        raise DomainError(f"{named} is not allowed: give a folder below the current one, such as 'results'.")
    verify_below(Path(path), named)
    return Path(path)


def verify_below(folder: Path, named: str) -> None:
    """Refuse a folder that a link leads out of the current one."""
    try:
        here, there = Path.cwd().resolve(), folder.resolve()
    except (OSError, RuntimeError):
        raise DomainError(f"{named} is not allowed: its links lead nowhere.") from None
    if here not in there.parents:
        raise DomainError(f"{named} is not allowed: a link leads from it to {there}, outside of the current folder.")


def _cases(file: str, written: StudyFile, seed: int | None) -> list[Case]:
    cases: list[Case] = []
    seen: dict[str, int] = {}
    root = written.defaults.seed if seed is None else seed
    count = 0
    for number, entry in enumerate(written.case, start=1):
        models = listed(entry.model)
        place = f"{file}: case {number} ({_clipped(', '.join(models))}"
        chosen = chosen_of(entry, written.defaults, "generations", "checked", "replicates", "method", "loss")
        verify_short(file, *models, *listed(entry.workflow), *listed(chosen["loss"]))
        workflows, losses = listed(entry.workflow), listed(chosen.pop("loss"))
        seeds = entry.seed if isinstance(entry.seed, list) else [entry.seed]
        for twice in (entry.grid.keys() | entry.paired.keys()) & entry.parameters.keys():
            raise DomainError(f"{place}): {twice} stands among parameters and in the grid: give it once.")
        for twice in entry.grid.keys() & entry.paired.keys():
            raise DomainError(f"{place}): {twice} stands in the grid and among the paired: give it once.")
        try:
            combinations = entry.combinations()
        except DomainError as error:
            raise DomainError(f"{place}): {error}") from None
        count += len(models) * len(workflows) * len(losses) * len(combinations) * len(seeds)
        if count > MOST_CASES:
            raise DomainError(f"{place}) makes {count} cases: a study may have {MOST_CASES}; shorten its lists.")
        skipped: dict[str, tuple[str, DomainError]] = {}
        used: set[str] = set()
        for model, loss, workflow, varied, seed_given in product(models, losses, workflows, combinations, seeds):
            name, colon, settings = workflow.partition(":")
            proper = WORKFLOW_ALIASES.get(name, name) + colon + settings
            parameters = entry.parameters | varied
            same = repr((model, proper, parameters, chosen, loss, seed_given))
            first = seen.setdefault(same, number)
            told = [f"{key} = {value}" for key, value in varied.items()]
            told += [f"loss {loss}"] if len(losses) > 1 else []
            told += [f"seed {seed_given}"] if len(seeds) > 1 else []
            label = ", ".join([f"{file}: case {number} ({_clipped(model)}", workflow, *told]) + ")"
            if len(seen) <= len(cases):
                raise DomainError(f"{label} repeats case {first}: give each case once, or a seed of its own.")
            own = seed_of(root, len(cases))
            try:
                built = build(model, workflow, parameters, entry.symbols)
                lacking = _lacking(built[0], loss)
                if lacking is not None and len(losses) > 1:
                    skipped.setdefault(loss, (label, lacking))
                    seen.pop(same)
                    continue
                counts = _counts(*built, loss, chosen)
            except DomainError as error:
                raise type(error)(f"{label}: {error}") from None
            used.add(loss)
            slip = slip_of_units(*built)
            if slip is not None:
                advise(f"{label}: {slip}")
            cases.append(
                Case(
                    label=label,
                    model=model,
                    workflow=workflow,
                    parameters=parameters,
                    symbols=tuple(entry.symbols),
                    grid=tuple(varied),
                    seed=own if seed_given is None else seed_given,
                    loss=loss,
                    **{**chosen, **counts},
                )
            )
        for loss, (label, lacking) in skipped.items():
            if loss not in used:
                raise type(lacking)(f"{label}: {lacking}")
            advise(f"{label} is skipped, and others like it: {lacking}")
    return cases


def _lacking(model: Model, loss: str) -> DomainError | None:
    """Why a model with these parameters has no such loss; None if it has."""
    try:
        model.verify_loss(loss)
    except DomainError as error:
        return error
    return None


def verify_short(file: str, *names: str) -> None:
    """Refuse a name that no error could show."""
    for name in names:
        if len(name) > MOST_NAME:
            raise DomainError(f"{file}: {clipped(name)} is too long for a name: it may have {MOST_NAME} characters.")


def listed(written: str | list[str]) -> list[str]:
    """What stands for a case each: a text alone is a list of one."""
    return [written] if isinstance(written, str) else written


def chosen_of(entry: BaseModel, defaults: BaseModel, *keys: str) -> dict[str, Any]:
    """What an entry says, and of what it leaves out what the defaults do."""
    return {key: getattr(defaults if getattr(entry, key) is None else entry, key) for key in keys}


def seed_of(root: int, number: int) -> int:
    """The seed of a case. Independent streams: cases that shared a seed would stand and fall together."""
    return int(np.random.SeedSequence((root, number)).generate_state(1, np.uint64)[0] >> np.uint64(1))


def _counts(model: Model, workflow: Workflow, loss: str, chosen: Mapping[str, Any]) -> dict[str, int]:
    """Generations, checked ones and replicates of one case, from arithmetic in its parameters."""
    model.verify_loss(loss)
    given = {field.name: getattr(workflow, field.name) for field in fields(workflow)}  # type: ignore[arg-type]
    known = {name: value for name, value in (given | model.settings).items() if _is_number(value)}
    generations = _count("generations", chosen["generations"], known)
    checked = generations if chosen["checked"] is None else _count("checked", chosen["checked"], known)
    # Arithmetic in parameters is cut where a case ends earlier; a plain number of generations beyond the end is a slip.
    fixed = not isinstance(chosen["checked"], str) or not parse(chosen["checked"], "checked").free_symbols
    if checked > generations and fixed:
        raise DomainError(
            f"checked = {chosen['checked']} is more than generations = {generations}: give {generations} or less."
        )
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
        keys = [key for key in ("model", "workflow") if key in entry] if isinstance(entry, dict) else []
        told = [_clipped(str(entry[key])) for key in keys]
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
    branches = [part for part in where if _is_branch(part) and part not in _SHAPES]
    if branches and branches[0] not in {"number", "arithmetic"}:
        allowed = "a text or a list of texts"
        if key.startswith(("parameters", "grid")):
            allowed = "a number, true, false or a text of arithmetic"
        allowed = f"input should be {allowed}"
    elif "number" in branches:
        allowed += ", or a text of arithmetic"
    return f"{place}: {key} = {clipped(first['input'])} is not allowed: {allowed}."


#: Branches whose own message says what is allowed.
_SHAPES = {"one", "several", "table"}
_BRANCHES = {*_SHAPES, "bool", "int", "float", "str", "number", "arithmetic"}


def _is_branch(part: object) -> bool:
    return isinstance(part, str) and (part in _BRANCHES or part.startswith("list["))
