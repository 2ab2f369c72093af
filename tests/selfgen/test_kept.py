"""What is kept between runs: the same answers, and none that another library, case or a damaged file would give."""

import json
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor, Executor, Future
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from sympy import Rational

from selfgen import derived_case, kept, verification
from selfgen.case_result import CaseResult
from selfgen.study import Case, load
from theory import DomainError, expected_risk

STUDY = """
[defaults]
generations = 3
checked = 2
replicates = 500
[[case]]
model = "bernoulli"
workflow = ["accumulate", "accumulate-subsample"]
parameters = { p = "1/3", n = 10 }
[[case]]
model = "regular"
workflow = "accumulate-subsample"
parameters = { p = 2, n = 4 }
"""


@pytest.fixture
def cases(tmp_path: Path) -> tuple[Case, ...]:
    path = tmp_path / "study.toml"
    path.write_text(STUDY, encoding="utf-8")
    return load(path).cases


def result(case: Case) -> CaseResult:
    return replace(verification.verify_case(case, cached=True), seconds=0.0)


def entries(folder: Path) -> list[Path]:
    return sorted(folder.rglob("cases-*/*.json"))


def test_a_case_is_derived_once(cases, own_cache, monkeypatch):
    anew = [replace(verification.verify_case(case), seconds=0.0) for case in cases]
    assert not entries(own_cache)
    assert [result(case) for case in cases] == anew
    assert len(entries(own_cache)) == 3
    # With another seed the same is derived, and another thing simulated.
    monkeypatch.setattr(verification, "_derive", lambda *case: pytest.fail("it is kept"))
    assert [result(case) for case in cases] == anew
    other = result(cases[0].model_copy(update={"seed": 8}))
    assert (other.formula, other.theorem) == (anew[0].formula, anew[0].theorem)
    assert other.mean != anew[0].mean


@pytest.mark.parametrize("change", [{"generations": 4}, {"method": "raw"}, {"parameters": {"p": "1/3", "n": 11}}])
def test_another_case_is_another_entry(cases, own_cache, change):
    other = cases[0].model_copy(update=change)
    assert [result(cases[0]), result(other)] == [result(case) for case in (cases[0], other)]
    assert len(entries(own_cache)) == 2


DAMAGES = [('"formula": [0.0', '"formula": [0.1'), ('"exact"', '"Exact"'), ("}", ""), ("0", "\0")]


@pytest.mark.parametrize(("old", "new"), DAMAGES)
def test_what_is_damaged_is_derived_anew(cases, own_cache, old, new):
    right = result(cases[0])
    (entry,) = entries(own_cache)
    whole = entry.read_bytes()
    assert old in whole.decode()
    entry.write_text(whole.decode().replace(old, new), encoding="utf-8")
    assert result(cases[0]) == right
    assert entry.read_bytes() == whole


def test_an_entry_of_another_key_or_form_is_none(cases, own_cache):
    for content in ({"method": "raw"}, {}):
        kept.keep("cases", "key", content)
        assert kept.kept("cases", "key") == content
    result(cases[0])
    ours = next(entry for entry in entries(own_cache) if "bernoulli" in entry.read_text())
    # Whole, but of another form: what a key of ours leads to is looked at.
    key = json.loads(ours.read_text())["key"]
    kept.keep("cases", key, {"method": "raw"})
    assert result(cases[0]) == replace(verification.verify_case(cases[0]), seconds=0.0)
    kept._path("cases", "other").write_bytes(ours.read_bytes())
    assert kept.kept("cases", "other") is None


def test_a_formula_put_in_by_hand_is_neither_kept_nor_hidden(cases, own_cache, monkeypatch):
    assert result(cases[0]).verdict != "disagrees"

    def wrong(model, workflow, loss):
        right = expected_risk(model, workflow, loss=loss)
        return replace(right, recurrence=replace(right.recurrence, scale=right.recurrence.scale * Rational(5)))

    before = [entry.read_bytes() for entry in entries(own_cache)]
    monkeypatch.setattr(verification, "expected_risk", wrong)
    assert result(cases[0]).verdict == "disagrees"
    assert [entry.read_bytes() for entry in entries(own_cache)] == before


def test_another_library_finds_nothing(cases, own_cache, monkeypatch, tmp_path):
    result(cases[0])
    monkeypatch.setattr(kept, "state", lambda: "0" * 32)
    result(cases[0])
    assert len(entries(own_cache)) == 2


def test_a_cache_that_cannot_be_written_is_done_without(cases, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert result(cases[0]) == replace(verification.verify_case(cases[0]), seconds=0.0)


def test_models_of_a_user_are_derived_each_time(cases, own_cache):
    model, workflow = cases[0].build()
    own = type("Own", (type(model),), {"__module__": "users"})(p="1/3", n=10)
    derived = verification._derive(cases[0], model, workflow)
    assert derived_case.once(cases[0], own, workflow, lambda: derived) is derived
    assert not entries(own_cache)
    assert derived_case._KIND.validate_python(asdict(derived)) == derived


class Mortal(Executor):
    """A process that dies at its n-th case, as do all that come after."""

    def __init__(self, life: int) -> None:
        self.life = life

    def submit(self, fn, /, *args, **kwargs):
        self.life -= 1
        if self.life < -1:
            raise BrokenExecutor
        future = Future()
        if self.life >= 0:
            future.set_result(fn(*args, **kwargs))
        else:
            future.set_exception(BrokenExecutor())
        return future


@pytest.mark.parametrize("lives", [(1, 1, 1), (0, 1, 1, 1), (1, 1, 0)])
def test_a_process_that_dies_loses_its_case_and_not_the_study(cases, monkeypatch, lives, tmp_path):
    left = iter(lives)

    @contextmanager
    def dying(count: int) -> Iterator[Executor]:
        yield Mortal(next(left))

    monkeypatch.setattr(verification, "workers", dying)
    study = load(tmp_path / "study.toml")
    if lives[-1]:
        found = verification.verify(study, jobs=2)
        assert [one.mean for one in found] == [result(case).mean for case in cases]
    else:
        with pytest.raises(DomainError, match=r"case \d \(.*: the process that verified it died"):
            verification.verify(study, jobs=2)
