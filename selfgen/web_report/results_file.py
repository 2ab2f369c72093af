"""``results.json`` with its schema: written by a study, read back for its page."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, get_type_hints

from pydantic import TypeAdapter, ValidationError

from selfgen.case_result import CaseResult
from theory import DomainError
from theory.whole_file import reason_of

#: The number rises where a reader of the old file would misread the new one.
SCHEMA = "selfgen results, 1"
RESULTS = "results.json"
#: A file of 500 cases has a few megabytes.
MOST_BYTES = 512 * 2**20


@dataclass(frozen=True)
class Results:
    """What a study found.

    Attributes
    ----------
    title, source : as the study says
    version : of the selfgen that verified it
    cases : in the order of the study
    """

    title: str
    source: str
    version: str
    cases: list[CaseResult]


def read_results(folder: Path) -> Results:
    """What ``selfgen verify --output`` has written into a folder.

    Raises
    ------
    DomainError
        When there is no such file, or it is of another schema.
    """
    path = folder / RESULTS
    try:
        if path.stat().st_size > MOST_BYTES:
            raise DomainError(f"{path} has {path.stat().st_size} bytes: no study fills so many.")
        content = json.loads(path.read_bytes())
    except OSError as error:
        raise DomainError(
            f"{path} cannot be read: {reason_of(error)}; selfgen verify --output {folder} writes it."
        ) from None
    except (ValueError, RecursionError):
        raise DomainError(f"{path} is no JSON: let selfgen verify --output {folder} write it again.") from None
    if not isinstance(content, dict) or content.get("schema") != SCHEMA:
        found = content.get("schema") if isinstance(content, dict) else None
        said = f"says schema = {str(found)[:60]!r}" if found is not None else "names no schema"
        raise DomainError(f"{path} {said}, not {SCHEMA!r}: let this version of selfgen verify the study again.")
    try:
        cases = [_case(case) for case in content["cases"]]
        return Results(str(content["title"]), str(content["source"]), str(content["selfgen"]), cases)
    except (KeyError, TypeError, ValidationError) as error:
        where = _where(error)
        raise DomainError(f"{path} is not as selfgen writes it{where}: let it verify the study again.") from None


def results_schema() -> dict[str, Any]:
    """The JSON Schema of ``results.json``."""
    case = TypeAdapter(CaseResult).json_schema()
    definitions = case.pop("$defs", {})
    case["properties"] = {
        name: {"anyOf": [of, {"type": "null"}]} if name in _MAY_LACK else of
        for name, of in case["properties"].items()
        if name != "seconds"
    }
    case["required"] = [name for name in case["required"] if name != "seconds"]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": SCHEMA,
        "type": "object",
        "required": ["schema", "selfgen", "title", "source", "passed", "verdicts", "cases"],
        "properties": {
            "schema": {"const": SCHEMA},
            "selfgen": {"type": "string"},
            "title": {"type": "string"},
            "source": {"type": "string"},
            "passed": {"type": "boolean"},
            "verdicts": {"type": "object", "additionalProperties": {"type": "integer"}},
            "cases": {"type": "array", "items": case},
        },
        **({"$defs": definitions} if definitions else {}),
    }


#: Numbers that JSON has no word for where they are infinite or missing.
_MAY_LACK = frozenset(name for name, hint in get_type_hints(CaseResult).items() if hint is float and name != "seconds")
_CASES = TypeAdapter(CaseResult)
_INFINITE = {"detectable"}
_SERIES = [field.name for field in fields(CaseResult) if field.name in ("formula", "mean", "stderr")]


def _case(content: dict[str, Any]) -> CaseResult:
    given = dict(content)
    for name in _MAY_LACK & given.keys():
        if given[name] is None:
            given[name] = math.inf if name in _INFINITE else math.nan
    for name in _SERIES:
        given[name] = [math.nan if value is None else value for value in given[name]]
    return _CASES.validate_python({**given, "seconds": 0.0})


def _where(error: Exception) -> str:
    if not isinstance(error, ValidationError):
        return f" ({error} is missing)" if isinstance(error, KeyError) else ""
    first = error.errors()[0]
    return f" ({'.'.join(map(str, first['loc']))})"
