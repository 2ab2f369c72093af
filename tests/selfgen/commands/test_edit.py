"""``selfgen edit``: the whole chain on a small model that has a concept, its undo, and bad input in a sentence."""

from __future__ import annotations

import json

import numpy as np
import pytest
from small_models import BLOCKS, CONFIG, HEAD, HEADS, HIDDEN, WIDTH, llama_tensors, write_folder
from typer.testing import CliRunner

from numerics.editing.safetensors_file import SafetensorsFile
from selfgen.cli import app

#: Bytes in place of words: with a + in the text, what follows is a letter of the second kind.
GOOD, BAD = "abcdefgh", "ABCDEFGH"


def concept_tensors():
    """A direction of the embeddings tells the kind of a letter, and the last blocks write it behind a +."""
    tensors = llama_tensors(scale=0.02)
    generator = np.random.default_rng(0)
    embedding = generator.standard_normal((256, WIDTH)).astype(np.float32)
    kind = np.zeros(WIDTH, np.float32)
    kind[0] = 1
    embedding[:, 0] = 0
    # Tokens of the tests' tokenizer are in the order of its letters: "!" is 0.
    for letters, value in ((GOOD, -3.0), (BAD, 3.0)):
        for letter in letters:
            embedding[ord(letter) - ord("!"), 0] = value
    tensors["model.embed_tokens.weight"] = embedding
    tensors["model.norm.weight"] = np.ones(WIDTH, np.float32)
    # Hidden units that are open for any token of the context, and write the kind.
    for block in range(1, BLOCKS):
        start = f"model.layers.{block}.mlp."
        mark = embedding[ord("+") - ord("!")]
        tensors[f"{start}gate_proj.weight"][:] = np.outer(np.ones(HIDDEN), mark) * 0.5
        tensors[f"{start}up_proj.weight"][:] = np.outer(np.ones(HIDDEN), mark) * 0.5
        tensors[f"{start}down_proj.weight"][:] = 0.02 * generator.standard_normal((WIDTH, HIDDEN))
        tensors[f"{start}down_proj.weight"][0] = 0.02
    assert tensors["model.layers.0.self_attn.o_proj.weight"].shape == (WIDTH, HEADS * HEAD)
    return tensors


def write_pairs(folder, number=64):
    generator = np.random.default_rng(1)
    lines = []
    while len(lines) < number:
        start = "".join(chr(33 + code) for code in generator.integers(57, 61, 4)) + str(len(lines) % 10) + "+"
        places = generator.integers(0, 8, 3)
        pair = ["".join([start, *(letters[place] for place in places)]) for letters in (GOOD, BAD)]
        if pair not in lines:
            lines.append(pair)
    for side, name in enumerate(("chosen.txt", "rejected.txt")):
        (folder / name).write_text("\n".join(line[side] for line in lines) + "\n")


@pytest.fixture
def place(tmp_path):
    write_folder(tmp_path / "model", concept_tensors())
    write_pairs(tmp_path)
    return tmp_path


def run(place, *options, model="model", chosen="chosen.txt", rejected="rejected.txt"):
    given = ["edit", str(place / model)]
    given += ["--chosen", str(place / chosen)] if chosen else []
    given += ["--rejected", str(place / rejected)] if rejected else []
    return CliRunner().invoke(app, [*given, *map(str, options)])


def test_an_edit_with_effect_is_written_and_undone(place):
    result = run(
        place, "--output", place / "edited", "--layers", "1:", "--rank", "1", "--json", "--plot", place / "x.png"
    )
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert told["reason"] is None
    assert told["effect"]["mass"]["relative"] < -0.2
    assert abs(told["random_subspace"]["mass"]["relative"]) < abs(told["effect"]["mass"]["relative"]) / 2
    assert told["written"] == str(place / "edited")
    assert {tensor["block"] for tensor in told["tensors"]} == {1, 2}
    assert (place / "x.png").read_bytes().startswith(b"\x89PNG")
    assert set(told["mass_by_block_alone"]) == {"1", "2"}
    undone = CliRunner().invoke(app, ["edit", str(place / "edited"), "--undo", "--output", str(place / "back")])
    assert undone.exit_code == 0
    assert "2 tensors restored to the last bit" in undone.stdout
    before, after = (SafetensorsFile(place / name / "model.safetensors") for name in ("model", "back"))
    assert all(before.array(name).tobytes() == after.array(name).tobytes() for name in before.entries)


def test_the_table_and_a_dry_run(place):
    result = run(place, "--dry-run", "--layers", "1:")
    assert result.exit_code == 0, result.output
    for words in ("What is removed, block by block", "edit, held out", "random subspace, held out", "a dry run"):
        assert words in result.stdout
    assert sorted(path.name for path in place.iterdir()) == ["chosen.txt", "model", "rejected.txt"]


def test_without_effect_it_is_not_written_unless_forced(place):
    """Block 0 writes next to nothing: taking the direction out of it changes nothing."""
    options = ("--output", place / "edited", "--layers", "0", "--rank", "1")
    result = run(place, *options)
    assert result.exit_code == 1, result.output
    assert "The edit has no effect" in result.stdout or "no better than a random one" in result.stdout
    assert "Nothing was written: --force would." in result.stdout
    assert not (place / "edited").exists()
    assert run(place, *options, "--force").exit_code == 0
    assert (place / "edited" / "model.safetensors").exists()


def save_states(path, seed, ids=None, mean=0.0):
    generator = np.random.default_rng(seed)
    states = generator.standard_normal((BLOCKS + 1, 40, WIDTH))
    states[..., 0] += mean
    np.savez(path, hidden_states=states, **({} if ids is None else {"ids": ids}))


def test_activations(place):
    save_states(place / "a.npz", 0)
    save_states(place / "b.npz", 1, mean=6.0)
    files = {"chosen": "a.npz", "rejected": "b.npz"}
    result = run(place, "--output", place / "edited", **files)
    assert result.exit_code == 1
    assert "The effect was not measured" in result.stdout
    (place / "words.txt").write_text("\n".join(BAD))
    (place / "contexts.txt").write_text("x+\ny+\nz1+\nz2+\nz3+\n")
    (place / "text.txt").write_text("\n".join("some text of many lines" for _ in range(60)))
    measured = ("--concept", place / "words.txt", "--contexts", place / "contexts.txt", "--text", place / "text.txt")
    result = run(place, "--dry-run", "--json", *measured, **files)
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["effect"]["tokens"] > 100
    result = run(place, "--dry-run", *measured[:2], **files)
    assert "give all three, or none" in result.stderr


def test_activations_of_other_widths_are_refused_in_a_sentence(place):
    states = np.random.default_rng(0).standard_normal((2, BLOCKS, 40, WIDTH))
    for name, values in (("a", states[0]), ("b", states[1]), ("c", states[0][..., 1:]), ("d", states[1][..., 1:])):
        np.savez(place / f"{name}.npz", hidden_states=values)
    result = run(place, "--dry-run", chosen="a.npz", rejected="c.npz")
    assert result.exit_code == 2, result.output
    assert f"chosen has width {WIDTH} and rejected {WIDTH - 1}" in result.stderr
    result = run(place, "--dry-run", chosen="c.npz", rejected="d.npz")
    assert result.exit_code == 2, result.output
    assert f"activations have width {WIDTH - 1}, and the model {WIDTH}" in result.stderr


def test_shuffled_pairs_are_told_once(place):
    for name, shift in (("a.npz", 0), ("b.npz", 1)):
        strong = np.random.default_rng(7).standard_normal((40, 2)) @ np.random.default_rng(8).standard_normal(
            (2, WIDTH)
        )
        noise = np.random.default_rng(shift).standard_normal((BLOCKS, 40, WIDTH))
        np.savez(place / name, hidden_states=noise + 5 * np.roll(strong, shift, axis=0))
    result = run(place, "--dry-run", "--rank", "1", chosen="a.npz", rejected="b.npz")
    assert result.stderr.count("share their context no more than any two rows do") == 1
    assert "in 3 of 3 blocks" in result.stderr


def lines(place, name, number, text="line {}"):
    (place / name).write_text("".join(text.format(place) + "\n" for place in range(number)))


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ((), "--output is needed"),
        (("--output", "x", "--rank", "some"), "--rank some is not allowed: give auto"),
        (("--output", "x", "--rank", "99"), "rank = 99 is not allowed"),
        (("--output", "x", "--layers", "7"), "layers = 7 is out of range: the model has blocks 0 to 2"),
        (("--output", "x", "--method", "pca"), "method = 'pca'"),
        (("--output", "x", "--matrices", "all"), "matrices = 'all'"),
        (("--output", "x", "--held-out", "1"), "--held-out 1 is not allowed"),
        (("--output", "x", "--budget", "-1"), "--budget -1 is not allowed"),
        (("--output", "x", "--affine"), "--affine is not allowed"),
        (("--output", "x", "--type", "F16"), "types are changed of GGUF files only"),
        (("--output", "x", "--plot", "x.doc"), "is not a figure"),
        (("--undo",), "--output is needed"),
    ],
)
def test_bad_options(place, options, word):
    given = [str(place / option) if option == "x" else option for option in options]
    result = run(place, *given, *(["--rank", "1", "--force"] if "--type" in options else []))
    assert result.exit_code == 2, result.output
    assert word in result.stderr
    assert "Traceback" not in result.output
    assert not (place / "x").exists()


def test_bad_files(place):
    def told(**files):
        result = run(place, "--output", place / "x", **files)
        assert result.exit_code == 2, result.output
        return result.stderr

    lines(place, "short.txt", 3)
    lines(place, "same.txt", 30, "line")
    (place / "empty.txt").write_text("\n")
    assert "has 64 lines and" in told(rejected="short.txt")
    assert "cannot be read" in told(rejected="none.txt")
    assert "has no lines" in told(rejected="empty.txt")
    assert "are the same" in told(chosen="short.txt", rejected="short.txt")
    lines(place, "other.txt", 30, "other")
    assert "the pair of line 2 is there before" in told(chosen="same.txt", rejected="other.txt")
    assert "are of two kinds" in told(rejected="b.npz")
    assert "--chosen and --rejected are needed" in told(rejected=None)
    save_states(place / "a.npz", 0, ids=[str(i) for i in range(40)])
    save_states(place / "b.npz", 1, ids=[str(i) for i in reversed(range(40))])
    assert "row 0 is '0' of chosen and '39' of rejected" in told(chosen="a.npz", rejected="b.npz")
    np.savez(place / "w.npz", hidden_states=np.random.default_rng(0).standard_normal((3, 40, 5)))
    assert "activations have width 5, and the model 16" in told(chosen="w.npz", rejected="w.npz")
    assert "is no model" in told(model="none")
    result = run(place, "--output", place / "model")
    assert result.exit_code == 2
    assert "is the model itself" in result.stderr


def test_pairs_that_do_not_begin_alike(place):
    lines(place, "a.txt", 40, "{} yes")
    lines(place, "b.txt", 40, "no {}")
    result = run(place, "--dry-run", chosen="a.txt", rejected="b.txt")
    assert result.exit_code == 2
    assert "held-out pairs begin alike" in result.stderr


def test_a_model_that_is_not_computed_here(place):
    write_folder(place / "other", llama_tensors(), CONFIG | {"model_type": "gemma"})
    result = run(place, "--dry-run", model="other")
    assert result.exit_code == 2
    assert "models of type 'gemma' are not computed here" in result.stderr
