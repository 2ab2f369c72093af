"""Study files: what is wrong is said with file, case, key, value and what is allowed."""

from __future__ import annotations

from pathlib import Path

import pytest

from selfgen.study import load, shipped
from theory import DomainError

GOOD = """
title = "Two"
[defaults]
generations = 3
replicates = 100
[[case]]
model = "bernoulli"
workflow = ["replace", "augment"]
parameters = { p = "1/3", n = 10 }
[[case]]
model = "linear-regression"
workflow = "accumulate"
parameters = { d = 2, T = 10, design = "shared" }
generations = 5
seed = 7
method = "raw"
"""


def _write(folder: Path, text: str) -> Path:
    path = folder / "study.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_reads_cases(tmp_path: Path) -> None:
    study = load(_write(tmp_path, GOOD))
    assert [(case.model, case.workflow) for case in study.cases] == [
        ("bernoulli", "replace"),
        ("bernoulli", "augment"),
        ("linear-regression", "accumulate"),
    ]
    assert [case.generations for case in study.cases] == [3, 3, 5]
    assert [case.method for case in study.cases] == ["exact-law", "exact-law", "raw"]
    assert study.cases[2].seed == 7


def test_cases_have_streams_of_their_own(tmp_path: Path) -> None:
    path = _write(tmp_path, GOOD)
    first, second = load(path), load(path)
    assert first == second
    assert len({case.seed for case in first.cases}) == 3
    other = load(path, seed=2)
    assert other.cases[0].seed != first.cases[0].seed
    assert other.cases[2].seed == 7


@pytest.mark.parametrize("name", shipped())
def test_shipped_studies_are_valid(name: str) -> None:
    assert load(name).cases


def test_the_default_study_holds_every_pair() -> None:
    assert set(shipped()) == {"builtin", "exponential_families", "linear_regression"}
    study = load()
    pairs = {(case.model, case.workflow.partition(":")[0]) for case in study.cases}
    assert len(pairs) == 11 * 6
    assert len(study.cases) == 10 * 6 + 6 + 6 + 2 + 5


BAD = [
    ("", ["study.toml", "key case is missing"]),
    ("case = 3", ["study.toml", "case = 3", "list"]),
    ("[[case]]\nmodel = 'bernoulli'", ["case 1 (bernoulli)", "key workflow is missing"]),
    ("[[case]]\nmodel = 3\nworkflow = 'replace'", ["case 1", "model = 3", "string"]),
    ("[[case]]\nmodel = 'bernoulli'\nworkflow = 3", ["case 1", "workflow = 3", "a text or a list of texts"]),
    ("[[case]]\nmodel = 'bernoulli'\nworkflow = []", ["case 1", "workflow = []"]),
    ("colour = 1\n[[case]]\nmodel = 'bernoulli'\nworkflow = 'replace'", ["unknown key colour", "title, source"]),
    (GOOD.replace("seed = 7", "sed = 7"), ["case 2 (linear-regression, accumulate)", "unknown key sed", "replicates"]),
    (GOOD.replace("replicates = 100", "replicate = 100"), ["defaults", "unknown key replicate", "generations"]),
    (GOOD.replace("seed = 7", "seed = -7"), ["case 2", "seed = -7", "greater than or equal to 0"]),
    (GOOD.replace("generations = 5", "generations = 0"), ["case 2", "generations = 0", "greater than or equal to 1"]),
    (GOOD.replace("generations = 5", "generations = 2.5"), ["case 2", "generations = 2.5", "integer"]),
    (GOOD.replace("generations = 5", "generations = '5'"), ["case 2", "generations = '5'", "integer"]),
    (GOOD.replace("replicates = 100", "replicates = 1"), ["defaults", "replicates = 1", "greater than or equal to 2"]),
    (GOOD.replace('"raw"', '"rough"'), ["case 2", "method = 'rough'", "'exact-law' or 'raw'"]),
    (GOOD.replace('"1/3"', "[1]"), ["case 1", "parameters.p = [1]", "text of arithmetic"]),
    (GOOD.replace('"1/3"', '"7/3"'), ["study.toml: case 1 (bernoulli, replace): p = 7/3", "between 0 and 1"]),
    (GOOD.replace('"1/3"', '"1/0"'), ["case 1", "p = '1/0'", "divides by zero"]),
    (GOOD.replace('"1/3"', "nan"), ["case 1", "p = nan", "finite"]),
    (GOOD.replace("p = ", "q = "), ["case 1", "q is not a parameter of bernoulli", "use p, n"]),
    (GOOD.replace("augment", "agument"), ["case 1 (bernoulli, agument)", "did you mean augment?"]),
    (GOOD.replace('"shared"', '"old"'), ["case 2", "design = 'old'", "'fresh' or 'shared'"]),
    (GOOD.replace("augment", "discard"), ["case 1 (bernoulli, discard) repeats case 1", "a seed of its own"]),
    (GOOD + GOOD[GOOD.rindex("[[case]]") :], ["case 3 (linear-regression, accumulate) repeats case 2"]),
    ("[[case]\n", ["study.toml is not TOML", "line 1"]),
]


@pytest.mark.parametrize(("text", "parts"), BAD)
def test_errors_name_file_case_key_and_value(tmp_path: Path, text: str, parts: list[str]) -> None:
    with pytest.raises(DomainError) as caught:
        load(_write(tmp_path, text))
    message = str(caught.value)
    for part in [*parts, "study.toml"]:
        assert part in message
    assert "\n" not in message


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(DomainError, match=r"nowhere\.toml does not exist: give .*: builtin, exp"):
        load("nowhere.toml")
    with pytest.raises(DomainError, match="is a folder"):
        load(tmp_path)
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DomainError, match="not UTF-8"):
        load(tmp_path / "binary.toml")
