r"""A study of subspaces of preference data: cases to derive, simulate and compare, written as TOML.

.. code-block:: toml

    kind = "subspaces"
    title = "Subspaces"
    output = "subspaces"            # a folder, from the current one

    [defaults]
    replicates = 2_000_000
    detectable = 0.01               # a case agrees only where a formula wrong by this share would have been caught

    [[case]]
    estimator = ["svd", "mean-difference"]         # one case each
    regime = "exact"
    strengths = [3]                 # of the factors
    coherence = [1]                 # of the factors; 0 where left out
    pairs = [2, 5]                  # one case each
    dimension = 2
    flips = ["1/10", "1/4"]         # one case each

    [[case]]
    workflow = "accumulate"         # pairs about the last estimate
    generations = [1, 4]            # one case each
    regime = "proportional"
    allowance = "4/D"               # what a limit may be off by, arithmetic in N and D
    strengths = [3]
    pairs = 300
    dimension = 400

    [[case]]
    edits = [1, 3]                  # the strength left after so many edits
    regime = "proportional"
    strengths = [6]
    pairs = 300
    dimension = 400
    allowance = "6/D"

What is derived is :mod:`theory.subspaces`, what is simulated :mod:`numerics.subspaces`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, StrictFloat, StrictInt, StrictStr, ValidationError

from numerics.crosscheck import ASKED
from selfgen.study import Headed, Seed, Strict, chosen_of, locate, output_folder, read, seed_of
from theory import DomainError
from theory.expressions.parser import parse
from theory.names import build
from theory.subspaces import (
    ErrorOverGenerations,
    FactorModel,
    IteratedEditing,
    SubspaceError,
    error_over_generations,
    subspace_error,
)

KIND = "subspaces"

Derived = SubspaceError | ErrorOverGenerations | IteratedEditing
Number = StrictInt | StrictFloat | StrictStr
Numbers = Annotated[list[Number], Field(min_length=1, max_length=100)]
Count = Annotated[StrictInt, Field(ge=1, le=10**6)]
Counts = Count | Annotated[list[Count], Field(min_length=1, max_length=1000)]
Estimator = Literal["svd", "mean-difference", "shrunken"]
Estimators = Estimator | Annotated[list[Estimator], Field(min_length=1)]
Regime = Literal["exact", "leading", "proportional"]
Replicates = Annotated[StrictInt, Field(ge=2, le=10**9)]
Share = Annotated[StrictFloat, Field(gt=0, allow_inf_nan=False)]


class Defaults(Strict):
    """What a case has unless it says otherwise."""

    replicates: Replicates = 200_000
    seed: Seed = 1
    detectable: Share = ASKED
    regime: Regime = "exact"
    allowance: StrictStr = "0"


class CaseEntry(Strict):
    """A ``[[case]]`` as written: lists of estimators, pairs, dimensions, flips and steps stand for a case each."""

    strengths: Numbers
    pairs: Counts
    dimension: Counts
    coherence: Numbers | None = None
    flips: Number | Numbers = 0
    estimator: Estimators = "svd"
    rank: Count | None = None
    workflow: StrictStr | None = None
    generations: Counts | None = None
    edits: Counts | None = None
    regime: Regime | None = None
    replicates: Replicates | None = None
    detectable: Share | None = None
    allowance: StrictStr | None = None


class SubspaceStudyFile(Headed):
    """A whole file as written."""

    kind: Literal["subspaces"]
    defaults: Defaults = Field(default_factory=Defaults)
    case: Annotated[list[CaseEntry], Field(min_length=1)]


@dataclass(frozen=True)
class SubspaceCase:
    """One derived number and how it is simulated; ``steps`` counts generations or edits, 0 where there are none."""

    label: str
    estimator: Estimator
    regime: Regime
    strengths: tuple[Number, ...]
    coherence: tuple[Number, ...]
    flips: Number
    pairs: int
    dimension: int
    rank: int | None
    workflow: str | None
    steps: int
    replicates: int
    seed: int
    detectable: float
    allowance: float

    @property
    def name(self) -> str:
        """The case in a few words."""
        what = f"{self.workflow}, generation {self.steps}" if self.workflow else f"edit {self.steps}"
        rank = "" if self.rank is None else f", rank {self.rank}"
        return f"{self.estimator}{rank}, {self.regime}" + (f", {what}" if self.steps else "")

    @property
    def settings(self) -> str:
        """The model in a few words."""
        said = [f"l = {', '.join(map(str, self.strengths))}", f"N = {self.pairs}", f"D = {self.dimension}"]
        said += [f"κ = {', '.join(map(str, self.coherence))}"] if any(self.coherence) else []
        return ", ".join(said + ([f"η = {self.flips}"] if self.flips else []))

    def derived(self) -> Derived:
        """What theory says; errors name the case."""
        try:
            model = FactorModel(list(self.strengths), self.pairs, self.dimension, list(self.coherence), self.flips)
            if self.workflow is not None:
                # A workflow has no model of its own here: any model without parameters in common will do.
                workflow = build("regular", self.workflow, {})[1]
                return error_over_generations(model, workflow, self.estimator, self.regime)
            if self.steps:
                return IteratedEditing(model)
            return subspace_error(model, self.estimator, self.regime, rank=self.rank)
        except DomainError as error:
            raise type(error)(f"{self.label}: {error}") from None


@dataclass(frozen=True)
class SubspaceStudy:
    """A validated study; ``output`` is the folder it asks to be written to, if any."""

    title: str
    source: str
    output: Path | None
    cases: tuple[SubspaceCase, ...]


def load(name: str | Path, seed: int | None = None, detectable: float | None = None) -> SubspaceStudy:
    """Read a study; every case is derived once, so that errors come before work.

    ``seed`` takes the place of the file's, and ``detectable`` that of every case.
    """
    try:
        written = SubspaceStudyFile.model_validate(read(locate(name), str(name)))
    except ValidationError as error:
        raise DomainError(_sentence(str(name), error)) from None
    root = written.defaults.seed if seed is None else seed
    cases: list[SubspaceCase] = []
    for number, entry in enumerate(written.case, start=1):
        for choice in _choices(f"{name}: case {number}", entry, written.defaults):
            if detectable is not None:
                choice["detectable"] = detectable
            cases.append(SubspaceCase(seed=seed_of(root, len(cases)), **choice))
            cases[-1].derived()
    return SubspaceStudy(written.title, written.source, output_folder(str(name), written.output), tuple(cases))


def _choices(label: str, entry: CaseEntry, defaults: Defaults) -> Iterator[dict[str, Any]]:
    """The cases that an entry stands for."""
    if (entry.workflow is None) != (entry.generations is None):
        raise DomainError(f"{label}: workflow and generations go together: give both, or neither.")
    if entry.edits is not None and (entry.workflow is not None or entry.estimator != "svd"):
        raise DomainError(f"{label}: edits go with singular vectors, and without a workflow.")
    if entry.rank is not None and (entry.edits or entry.workflow):
        raise DomainError(f"{label}: rank = {entry.rank} goes without edits and generations.")
    chosen = chosen_of(entry, defaults, "regime", "replicates", "detectable", "allowance")
    written = str(chosen.pop("allowance"))
    steps = entry.generations if entry.edits is None else entry.edits
    grid = (_all(entry.estimator), _all(entry.flips), _all(entry.dimension), _all(entry.pairs), _all(steps or 0))
    for estimator, flips, dimension, pairs, step in product(*grid):
        yield chosen | {
            "label": label,
            "estimator": estimator,
            "strengths": tuple(entry.strengths),
            "coherence": tuple(entry.coherence or [0] * len(entry.strengths)),
            "flips": flips,
            "pairs": pairs,
            "dimension": dimension,
            "rank": entry.rank,
            "workflow": entry.workflow,
            "steps": step,
            "allowance": _allowance(label, written, pairs, dimension),
        }


def _all(written: Any) -> list[Any]:
    return written if isinstance(written, list) else [written]


def _allowance(label: str, written: str, pairs: int, dimension: int) -> float:
    expression = parse(written, "allowance")
    found = expression.subs({symbol: {"N": pairs, "D": dimension}.get(symbol.name, symbol)
                             for symbol in expression.free_symbols})  # fmt: skip
    if not (found.is_number and found.is_nonnegative):
        raise DomainError(f"{label}: allowance = {written!r} is not allowed: give arithmetic in N and D, 0 or more.")
    return float(found)


def _sentence(file: str, error: ValidationError) -> str:
    """The first thing wrong, as one sentence."""
    found = error.errors(include_url=False)
    # A misspelt key is missing too: what was written says more.
    first = next((one for one in found if one["type"] == "extra_forbidden"), found[0])
    where = [part for part in first["loc"] if isinstance(part, int) or part.isidentifier()]
    place = ".".join(str(part + 1) if isinstance(part, int) else part for part in where)
    if first["type"] == "extra_forbidden":
        return f"{file}: unknown key {place}: allowed are {', '.join(CaseEntry.model_fields)}."
    return f"{file}: {place}: {first['msg'][0].lower()}{first['msg'][1:]}."
