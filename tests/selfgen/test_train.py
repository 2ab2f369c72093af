"""``selfgen train`` on the line: without PyTorch it says what to install, and what it is given is verified."""

import json
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from selfgen.cli import app
from selfgen.loss_table import read_losses
from selfgen.study import every_shipped, find_trained, load, shipped, title_of
from selfgen.training.given import Loop, dealt
from selfgen.training.plan import read_plan
from theory import DomainError

RUN = CliRunner()
ROOT = Path(__file__).parents[2]


def told(*words):
    found = RUN.invoke(app, ["train", *words])
    return found.exit_code, " ".join((found.output + (found.stderr or "")).split())


def test_without_torch_one_sentence_says_what_to_install(tmp_path, monkeypatch):
    import selfgen.commands.train as train

    monkeypatch.setattr(train, "find_spec", lambda name: None)
    code, output = told("image", "replace", "--output", str(tmp_path / "run"))
    assert code == 2
    assert "train needs PyTorch, which is not installed: pip install 'selfgen[neural]'." in output
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["sound", "replace"], "KIND sound is not allowed: it is language, finetune, image or molecule."),
        (["image", "replace", "--generations", "0"], "--generations 0 is not allowed"),
    ],
)
def test_what_is_not_allowed_is_said(words, said, tmp_path):
    code, output = told(*words, "--output", str(tmp_path / "run"))
    assert code == 2
    assert said in output


class Generator:
    def __init__(
        self, size: int, steps: int = 3, rate: float = 0.1, top_k: int | None = None, mixed: bool = False
    ) -> None:
        pass


def test_settings_are_dealt_out_by_their_types():
    given = {"steps": "5", "rate": "1e-2", "top_k": "none", "mixed": "yes", "n": "7", "same_first": "true"}
    loop, arguments = dealt(given, Generator, ("self", "size"), ("n", "same_first"))
    assert loop == Loop(n=7, same_first=True)
    assert arguments == {"steps": 5, "rate": 0.01, "top_k": None, "mixed": True}
    assert dealt({"top_k": "4"}, Generator, ("self", "size"), ())[1] == {"top_k": 4}
    for wrong, said in (
        ({"size": "3"}, "--set size is no setting here"),
        ({"step": "3"}, "did you mean steps"),
        ({"tokens": "characters"}, "--set tokens is no setting here"),
        ({"steps": "3.5"}, "--set steps=3.5 is not allowed: give a whole number"),
        ({"mixed": "maybe"}, "give true or false"),
        ({"n": "-1"}, "n = -1 is not allowed"),
    ):
        with pytest.raises(DomainError, match=said):
            dealt(wrong, Generator, ("self", "size"), ("n",))


def test_a_folder_of_runs_is_a_table_of_losses(tmp_path):
    for name, start in (("accumulate", 1.0), ("replace", 2.0)):
        (tmp_path / name).mkdir()
        lines = [{"format": "selfgen generations, 2", "settings": {}}]
        lines += [
            {"replicate": seed, "generation": g, "workflow": name, "loss": start + g + seed}
            for seed in (1, 2)
            for g in (1, 2, 3)
        ]
        (tmp_path / name / "losses.jsonl").write_text("\n".join(map(json.dumps, lines)))
    first, second = read_losses(tmp_path)
    assert (first.workflow, second.workflow) == ("accumulate", "replace")
    np.testing.assert_array_equal(first.losses, [[3, 4, 5], [4, 5, 6]])
    np.testing.assert_array_equal(second.losses, [[4, 5, 6], [5, 6, 7]])


def test_studies_that_come_along_can_be_read():
    found = {path.stem: read_plan(path) for path in sorted((ROOT / "studies").glob("neural_*.toml"))}
    assert {plan.kind for plan in found.values()} == {"language", "finetune", "image", "molecule"}
    assert len(found) == 8
    assert found["neural_image"].settings == {"n": "500", "steps": "300", "stacked": "True"}
    assert all(plan.title == title_of(name) for name, plan in found.items())


def test_studies_that_are_trained_are_found_by_name_and_not_verified():
    assert find_trained("neural-image") == every_shipped()["neural_image"]
    assert find_trained("image") is None
    assert not any(name.startswith("neural") for name in shipped())
    with pytest.raises(DomainError, match=r"of generators that are trained: selfgen train neural-image"):
        load("neural-image")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("kind = 'image'", "has no workflows"),
        ("kind = 'image'\nworkflows = ['replace']\nseed = 3", "seed is no key of such a study"),
        ("kind = 'image'\nworkflows = 'replace'", "workflows = 'replace' is not allowed: give a list"),
        ("kind = 'image'\nworkflows = ['replace']\nseeds = 0", "seeds = 0 is not allowed"),
        ("kind = 'image'\nworkflows = ['replace']\n[set]\nn = [1]", "n = \\[1\\] is not allowed among"),
        ("kind =", "cannot be read as a study"),
    ],
)
def test_studies_that_cannot_be_are_refused(content, said, tmp_path):
    (tmp_path / "study.toml").write_text(content)
    with pytest.raises(DomainError, match=said):
        read_plan(tmp_path / "study.toml")


@pytest.mark.skipif(find_spec("torch") is not None, reason="PyTorch is installed")
def test_where_torch_is_absent_nothing_else_is_needed(tmp_path):
    code, output = told("image", "replace", "--output", str(tmp_path / "run"))
    assert code == 2
    assert "pip install 'selfgen[neural]'" in output
