"""Measured losses read from a file: CSV, JSON, or the record of a run; a cell that cannot be is named.

A table has the columns ``generation`` and ``loss``, and may have ``stderr``, ``seed`` (or ``run``, ``replicate``) and
``workflow``. JSON is a list of objects with these keys, or one object with a list for each. A run is a folder, or its
``losses.jsonl``, as :func:`numerics.run_generations` keeps it; or a folder of such folders, one a workflow, as
``selfgen train`` leaves it.
"""

from __future__ import annotations

import codecs
import csv
import io
import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from theory import DomainError

Array = NDArray[np.float64]

NEEDED, OPTIONAL = ("generation", "loss"), ("stderr", "seed", "workflow")
#: Other names that a column of seeds goes by.
SEEDS = ("run", "replicate")
#: Beyond this a file is no table of losses.
MOST_BYTES = 64 * 2**20
RUN = "losses.jsonl"
DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")


@dataclass(frozen=True, eq=False)
class Losses:
    """What was measured under one workflow.

    Attributes
    ----------
    workflow : its name, "" where the file names none
    generations : (k,), those that every seed has
    losses : (seeds, k)
    stderr : (k,) or None
    left_out : generations that some seeds have and others have not
    """

    workflow: str
    generations: list[int]
    losses: Array
    stderr: Array | None
    left_out: tuple[int, ...]


def read_losses(path: Path, columns: Mapping[str, str] | None = None) -> list[Losses]:
    """Read a file of losses, a table for each workflow in the order of the file.

    Parameters
    ----------
    path : CSV or JSON file, or a run
    columns : what the columns are called in the file, by their names here

    Raises
    ------
    DomainError
        When the file cannot be read, lacks a column, or holds a cell that cannot be what it should: row and column are
        named.
    """
    rows = list(_rows(path, _verified_columns(columns or {})))
    if not rows:
        raise DomainError(f"{path} holds no losses: give a row for each generation.")
    found: dict[str, dict[str, dict[int, tuple[float, float | None]]]] = {}
    for where, row in rows:
        seeds = found.setdefault(row["workflow"], {})
        chain = seeds.setdefault(row["seed"], {})
        if row["generation"] in chain:
            of = f" of seed {row['seed']}" if row["seed"] else ""
            raise DomainError(f"{path}, {where}: generation {row['generation']}{of} stands there a second time.")
        chain[row["generation"]] = row["loss"], row["stderr"]
    return [_gathered(path, workflow, seeds) for workflow, seeds in found.items()]


def _verified_columns(columns: Mapping[str, str]) -> dict[str, str]:
    known = (*NEEDED, *OPTIONAL)
    for name in columns:
        if name not in known:
            raise DomainError(f"--columns {name} is not a column here: there are {', '.join(known)}.")
    return dict(columns)


def _gathered(path: Path, workflow: str, seeds: Mapping[str, Mapping[int, tuple[float, float | None]]]) -> Losses:
    common = set.intersection(*(set(chain) for chain in seeds.values()))
    every = set.union(*(set(chain) for chain in seeds.values()))
    if 1 not in common:
        of = f" of {workflow}" if workflow else ""
        raise DomainError(
            f"{path}: generation 1{of} is missing, or not there for every seed: it is the model fitted on real data, "
            "and generations are counted from it."
        )
    generations = sorted(common)
    table = np.array([[chain[g][0] for g in generations] for chain in seeds.values()])
    (first, *others) = seeds.values()
    errors = [first[g][1] for g in generations]
    lacking = next((g for g, error in zip(generations, errors, strict=True) if error is None), None)
    known = not others and lacking is None
    if not others and lacking is not None and any(error is not None for error in errors):
        raise DomainError(f"{path}: generation {lacking} has no stderr, and others have one: give all of them or none.")
    stderr = np.array([float(error or 0.0) for error in errors]) if known else None
    return Losses(workflow, generations, table, stderr, tuple(sorted(every - common)))


Row = dict[str, Any]


def _rows(path: Path, columns: dict[str, str]) -> Iterable[tuple[str, Row]]:
    """Every row with the words that say where it stands."""
    source = path / RUN if path.is_dir() else path
    if path.is_dir() and not source.exists():
        # A study of several workflows: a run in a folder each.
        runs = sorted(path.glob(f"*/{RUN}"))
        if not runs:
            raise DomainError(f"{path} is a folder without {RUN}: give a file, or the folder of a run.")
        return [row for run in runs for row in _rows(run, columns)]
    if source.exists() and source.stat().st_size > MOST_BYTES:
        raise DomainError(f"{path} has more than {MOST_BYTES >> 20} MiB: that is no table of losses.")
    try:
        text = _decoded(source.read_bytes())
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not a text"
        raise DomainError(f"{path} cannot be read: {reason}.") from None
    if source.suffix == ".jsonl":
        return _run(path, text)
    if source.suffix == ".json" or text.lstrip()[:1] in ("{", "["):
        return _json(path, text, columns)
    return _csv(path, text, columns)


def _decoded(content: bytes) -> str:
    """UTF-8, or UTF-16 as spreadsheets save it, which begins with a byte order mark."""
    wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return content.decode("utf-16" if wide else "utf-8-sig")


def _csv(path: Path, text: str, columns: dict[str, str]) -> Iterable[tuple[str, Row]]:
    lines = text.splitlines()
    filled = [index for index, line in enumerate(lines) if line.strip()]
    if not filled:
        return
    needed = {columns.get(name, name) for name in NEEDED}
    # A title, or remarks, may stand above the names of the columns.
    start = next((index for index in filled if needed <= set(_cells(lines[index]))), filled[0])
    delimiter = _delimiter(lines[start])
    header = _cells(lines[start])
    names = _named(path, header, columns)
    reader = csv.reader(io.StringIO("\n".join(lines[start + 1 :])), delimiter=delimiter, skipinitialspace=True)
    try:
        for cells in reader:
            where = f"row {start + 1 + reader.line_num}"
            row = dict(zip(header, cells, strict=False))
            if any(cell.strip() for cell in cells[len(header) :]):
                comma = ": is it a decimal comma? Numbers are written with a point" if delimiter == "," else ""
                raise DomainError(f"{path}, {where}: there are more cells than columns{comma}.")
            if any(cell.strip() for cell in cells):
                yield where, _row(path, where, {name: row.get(column) for name, column in names.items()}, names)
    except csv.Error as error:
        raise DomainError(f"{path}, row {start + 1 + reader.line_num}: this is no row of a table, {error}.") from None


def _delimiter(line: str) -> str:
    return max(",;\t ", key=lambda mark: (line.count(mark) > 0 and mark != " ", line.count(mark)))


def _cells(line: str) -> list[str]:
    """The names in a line of column names."""
    try:
        (cells,) = csv.reader([line.strip()], delimiter=_delimiter(line), skipinitialspace=True)
    except (csv.Error, ValueError):
        return [line.strip()]
    return [cell.strip() for cell in cells]


def _json(path: Path, text: str, columns: dict[str, str]) -> Iterable[tuple[str, Row]]:
    try:
        content = json.loads(text)
    except ValueError as error:
        raise DomainError(f"{path} is not JSON: {error}.") from None
    except RecursionError:
        raise DomainError(f"{path} is not a table: it is nested too deep.") from None
    if isinstance(content, dict):
        lists = {name: value for name, value in content.items() if isinstance(value, list)}
        lengths = {len(value) for value in lists.values()}
        if len(lengths) != 1:
            raise DomainError(f"{path} is an object without columns of one length: give a list for each column.")
        content = [dict(zip(lists, cells, strict=True)) for cells in zip(*lists.values(), strict=True)]
    if not isinstance(content, list) or not all(isinstance(row, dict) for row in content):
        raise DomainError(f"{path} is not a table: give a list of objects, or an object with a list for each column.")
    if content:
        names = _named(path, list(dict.fromkeys(name for row in content for name in row)), columns)
    for index, row in enumerate(content, start=1):
        where = f"row {index}"
        yield where, _row(path, where, {name: row.get(column) for name, column in names.items()}, names)


def _run(path: Path, text: str) -> Iterable[tuple[str, Row]]:
    """Lines of a run; a torn last line is one that is being written."""
    lines = text.split("\n")
    for number, line in enumerate(lines, start=1):
        where = f"row {number}"
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
        except (ValueError, RecursionError):
            if number == len(lines):
                return
            raise DomainError(f"{path}, {where}: this is no line of a run.") from None
        if not isinstance(entry, dict):
            raise DomainError(f"{path}, {where}: this is no line of a run.")
        if "format" in entry:
            continue
        cells = {name: entry.get(name) for name in ("generation", "loss", "workflow")}
        cells["seed"] = entry.get("replicate", entry.get("seed"))
        yield where, _row(path, where, cells, {name: name for name in cells})


def _named(path: Path, present: list[str], columns: dict[str, str]) -> dict[str, str]:
    """The file's column for each name here that it has."""
    twice = next((name for name in present if present.count(name) > 1 and name), None)
    if twice is not None:
        raise DomainError(f"{path} has two columns {twice!r}: give each a name of its own.")
    for name, column in columns.items():
        if column not in present:
            raise DomainError(f"{path} has no column {column!r} for {name}: its columns are {', '.join(present)}.")
    found = {name: columns.get(name, name) for name in (*NEEDED, *OPTIONAL)}
    if "seed" not in columns and "seed" not in present:
        found["seed"] = next((other for other in SEEDS if other in present), "seed")
    for name in NEEDED:
        if found[name] not in present:
            raise DomainError(
                f"{path} has no column {found[name]!r}: its columns are {', '.join(present)}; "
                f"--columns {name}=NAME says which is meant."
            )
    return {name: column for name, column in found.items() if column in present}


def _row(path: Path, where: str, cells: Mapping[str, object], names: Mapping[str, str]) -> Row:
    generation = _cell(path, where, names["generation"], cells["generation"])
    if generation != int(generation) or generation < 1:
        raise DomainError(
            f"{path}, {where}, column {names['generation']}: {cells['generation']} is not a generation: they are "
            "whole numbers, and the model fitted on real data is 1."
        )
    stderr = cells.get("stderr")
    error = None if stderr is None or not str(stderr).strip() else _cell(path, where, names["stderr"], stderr)
    if error is not None and error < 0:
        raise DomainError(f"{path}, {where}, column {names['stderr']}: {stderr} is negative, and no standard error.")
    seed, workflow = cells.get("seed"), cells.get("workflow")
    return {
        "generation": int(generation),
        "loss": _cell(path, where, names["loss"], cells["loss"]),
        "stderr": error,
        "seed": "" if seed is None else str(seed).strip(),
        "workflow": "" if workflow is None else str(workflow).strip(),
    }


def _cell(path: Path, where: str, column: str, value: object) -> float:
    """A finite number in a cell."""
    try:
        number = math.nan if isinstance(value, bool) else float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        shown = "nothing" if value is None or not str(value).strip() else str(value)[:40]
        point = f": write it with a point, {shown.replace(',', '.')}" if DECIMAL_COMMA.fullmatch(shown.strip()) else ""
        raise DomainError(f"{path}, {where}, column {column}: {shown} is not a finite number{point}.")
    return number
