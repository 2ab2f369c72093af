"""Study files: what is wrong is said with file, case, key, value and what is allowed."""

from __future__ import annotations

import json
import tomllib
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest
from pydantic import AfterValidator

from numerics import crosscheck, simulate
from selfgen import real_study, subspace_study
from selfgen.real_study import RealStudyFile
from selfgen.study import StudyFile, kind_of, load, shipped
from selfgen.subspace_study import SubspaceStudyFile
from selfgen.verification import verify
from theory import Bernoulli, DomainError, InputWarning, NotDerivedError, expected_risk
from theory.registry import MODELS, WORKFLOWS, WRAPPERS, example

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


GRID = """
[[case]]
model = "bernoulli"
workflow = ["replace", "accumulate"]
loss = ["squared", "kl"]
generations = 5
replicates = "10000/(G*n)"
grid = { p = ["1/2", 0.1], n = [10, 100] }
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


def test_a_grid_stands_for_its_product_in_the_order_of_the_file(tmp_path: Path) -> None:
    cases = load(_write(tmp_path, GRID)).cases
    losses, workflows = ("squared", "kl"), ("replace", "accumulate")
    combinations = [{"p": p, "n": n} for p in ("1/2", 0.1) for n in (10, 100)]
    assert [(case.loss, case.workflow, case.parameters) for case in cases] == [
        (loss, workflow, combination) for loss in losses for workflow in workflows for combination in combinations
    ]
    assert {case.grid for case in cases} == {("p", "n")}
    assert len({case.seed for case in cases}) == len(cases) == 16
    assert cases[-1].label.endswith("case 1 (bernoulli, accumulate, p = 0.1, n = 100, loss kl)")
    assert cases[3].build()[0] == Bernoulli(p="1/10", n=100)


def test_counts_are_arithmetic_in_the_parameters_of_each_case(tmp_path: Path) -> None:
    text = GRID.replace("generations = 5", 'generations = "sqrt(n) - 2"')
    # √10 − 2 = 1.16…, √100 − 2 = 8: rounded down.
    counts = {(case.parameters["n"], case.generations, case.replicates) for case in load(_write(tmp_path, text)).cases}
    assert counts == {(10, 1, 1000), (100, 8, 12)}
    least = GRID.replace("10000/(G*n)", "1/n - 1").replace("generations = 5", 'generations = "10/n - 3"')
    assert {(case.generations, case.replicates) for case in load(_write(tmp_path, least)).cases} == {(1, 2)}


def test_the_generations_that_are_judged(tmp_path: Path) -> None:
    assert {case.checked for case in load(_write(tmp_path, GRID)).cases} == {5}
    some = GRID.replace("generations = 5", 'generations = 8\nchecked = "n/16"')
    # 10/16 rounds down to the least there is; 100/16 = 6.25.
    assert {(case.parameters["n"], case.checked) for case in load(_write(tmp_path, some)).cases} == {(10, 1), (100, 6)}
    all_ = some.replace("n/16", "n")
    assert {case.checked for case in load(_write(tmp_path, all_)).cases} == {8}


def test_only_judged_generations_decide(tmp_path: Path) -> None:
    text = """
    [[case]]
    model = "gaussian-mean"
    workflow = "accumulate"
    parameters = { sigma2 = 1, n = 10 }
    generations = 4
    replicates = 5000
    checked = 2
    """
    study = load(_write(tmp_path, text))
    (result,) = verify(study)
    model, workflow = study.cases[0].build()
    run = simulate(model, workflow, 4, 5000, seed=study.cases[0].seed)
    half = replace(run, mean=run.mean[:2], covariance=run.covariance[:2, :2], largest_share=run.largest_share[:2])
    first, whole = (crosscheck(expected_risk(model, workflow), chains) for chains in (half, run))
    assert (result.checked, len(result.mean), len(result.formula)) == (2, 4, 4)
    assert (result.p_value, result.detectable) == (first.p_value, first.detectable)
    assert whole.p_value != first.p_value


def test_counts_know_the_settings_of_the_workflow_and_the_defaults_of_the_model(tmp_path: Path) -> None:
    text = """
    [defaults]
    replicates = "100*k + T + d/signal"
    [[case]]
    model = "linear-regression"
    workflow = ["sliding-window:k=3"]
    parameters = { T = 20, signal = 1 }
    grid = { d = [2, 3] }
    """
    assert [case.replicates for case in load(_write(tmp_path, text)).cases] == [322, 323]


def test_the_output_folder(tmp_path: Path) -> None:
    assert load(_write(tmp_path, GRID)).output is None
    assert load(_write(tmp_path, 'output = "a/b"' + GRID)).output == Path("a/b")


@pytest.mark.parametrize("name", shipped())
def test_shipped_studies_are_valid(name: str) -> None:
    assert {"real-data": real_study.load, "subspaces": subspace_study.load}.get(kind_of(name), load)(name).cases


def _is_derived(model: str, workflow: str) -> bool:
    """Whether there is a risk for any kind of the model."""
    for kind in MODELS[model].general().values():
        try:
            expected_risk(kind, example(WORKFLOWS[workflow]))
        except NotDerivedError:
            continue
        return True
    return False


def test_every_study_of_the_checkout_travels_in_the_wheel() -> None:
    top = Path(__file__).resolve().parents[2]
    built = tomllib.loads((top / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]["targets"]
    studies = {f"studies/{file.name}" for file in (top / "studies").glob("*.toml")}
    assert built["wheel"]["force-include"] == {study: f"selfgen/{study}" for study in studies}


def test_the_default_study_holds_every_pair() -> None:
    assert {"builtin", "exponential_families", "linear_regression", "collapse_or_thrive"} <= set(shipped())
    study = load()
    pairs = {
        (case.model.partition(":")[0], case.workflow.partition(":")[0]) for case in (*study.cases, *load("bent").cases)
    }
    # Paths are walked pair by pair: that study takes minutes, and is apart.
    pairs |= {(case.model.partition(":")[0], case.workflow.partition(":")[0]) for case in load("bigrams").cases}
    # Workflows that compose with every model by the same few mechanisms have studies of their own.
    elsewhere = {"contaminated-pool", "labelled-pool", "forgetting", "age-weighted"}
    special = {"capped-real", "real-and-synthetic", *elsewhere}
    assert {pair for pair in product(MODELS, set(WORKFLOWS) - special) if _is_derived(*pair)} <= pairs
    assert set(product(WRAPPERS, ["replace"])) <= pairs
    assert {model for model, workflow in pairs if workflow == "capped-real"} >= {"bernoulli", "linear-regression"}
    own = [*load("workflows").cases, *load("workflows-ages").cases]
    for name in elsewhere:
        models = {case.model.partition(":")[0] for case in own if case.workflow.partition(":")[0] == name}
        assert len(models) >= 2, name
    losses = {(case.model, case.loss) for case in study.cases}
    for model in ("gaussian-fit", "kernel-density", "categorical"):
        missing = set(MODELS[model].losses) - {loss for name, loss in losses if name == model}
        # the sum of two others, one of them restricted to d = 1, and another name for the same
        assert missing <= {"squared", "trace", "wasserstein"}


def test_collapse_or_thrive_covers_the_grid_of_the_paper() -> None:
    study = load("collapse-or-thrive")
    grid = set(product((1, 3, 10, 31, 100), (10, 32, 100, 316, 1000)))
    expected = {
        "replace": {2, 8, 25, 79, 100},
        "accumulate": {100},
        "accumulate-subsample": {10, 21, 55, 100},
    }
    for workflow, judged in expected.items():
        cases = [case for case in study.cases if (case.workflow, case.loss) == (workflow, "mean")]
        assert {(case.parameters["d"], case.parameters["n"]) for case in cases} == grid
        assert {case.generations for case in cases} == {100}
        assert {case.checked for case in cases} == judged
    assert study.output == Path("collapse_or_thrive")


BAD = [
    ("", ["study.toml", "key case is missing"]),
    ("case = 3", ["study.toml", "case = 3", "list"]),
    ("[[case]]\nmodel = 'bernoulli'", ["case 1 (bernoulli)", "key workflow is missing"]),
    ("[[case]]\nmodel = 3\nworkflow = 'replace'", ["case 1", "model = 3", "a text or a list of texts"]),
    ("[[case]]\nmodel = 'bernoulli'\nworkflow = 3", ["case 1", "workflow = 3", "a text or a list of texts"]),
    ("[[case]]\nmodel = 'bernoulli'\nworkflow = []", ["case 1", "workflow = []"]),
    ("colour = 1\n[[case]]\nmodel = 'bernoulli'\nworkflow = 'replace'", ["unknown key colour", "title, source"]),
    (GOOD.replace("seed = 7", "sed = 7"), ["case 2 (linear-regression, accumulate)", "unknown key sed", "replicates"]),
    (GOOD.replace("replicates = 100", "replicate = 100"), ["defaults", "unknown key replicate", "generations"]),
    (GOOD.replace("seed = 7", "seed = -7"), ["case 2", "seed = -7", "greater than or equal to 0"]),
    (GOOD.replace("generations = 5", "generations = 0"), ["case 2", "generations = 0", "greater than or equal to 1"]),
    (GOOD.replace("generations = 5", "generations = 2.5"), ["case 2", "generations = 2.5", "integer"]),
    (GOOD.replace("generations = 5", "generations = '5+'"), ["case 2", "generations = '5+'", "is not arithmetic"]),
    (GOOD.replace("generations = 5", "generations = true"), ["case 2", "generations = True", "integer, or a text of"]),
    (GOOD.replace("replicates = 100", "replicates = 1"), ["defaults", "replicates = 1", "greater than or equal to 2"]),
    (GOOD.replace('"raw"', '"rough"'), ["case 2", "method = 'rough'", "'exact-law' or 'raw'"]),
    (GOOD.replace('"1/3"', "[1]"), ["case 1", "p = [1]", "string of arithmetic"]),
    (GOOD.replace('"1/3"', '"7/3"'), ["study.toml: case 1 (bernoulli, replace): p = 7/3", "between 0 and 1"]),
    (GOOD.replace('"1/3"', '"1/0"'), ["case 1", "p = '1/0'", "divides by zero"]),
    (GOOD.replace('"1/3"', "nan"), ["case 1", "p = nan", "finite"]),
    (GOOD.replace("p = ", "q = "), ["case 1", "q is not a parameter of bernoulli", "use p, n"]),
    (GOOD.replace("augment", "agument"), ["case 1 (bernoulli, agument)", "did you mean augment?"]),
    (GOOD.replace('"shared"', '"old"'), ["case 2", "design = 'old'", "'fresh' or 'shared'"]),
    (GOOD.replace("augment", "discard"), ["case 1 (bernoulli, discard) repeats case 1", "a seed of its own"]),
    (GOOD + GOOD[GOOD.rindex("[[case]]") :], ["case 3 (linear-regression, accumulate) repeats case 2"]),
    ("[[case]\n", ["study.toml is not TOML", "line 1"]),
    (GRID.replace("[10, 100]", "[]"), ["case 1 (bernoulli, ", "grid.n = []", "at least 1 item"]),
    (GRID.replace("[10, 100]", "10"), ["case 1", "grid.n = 10", "valid list"]),
    (GRID.replace("[10, 100]", "[10, [1]]"), ["case 1", "grid.n = [1]", "text of arithmetic"]),
    (
        GRID.replace("[10, 100]", "[10, 0]"),
        ["replace, p = 1/2, n = 0, loss squared): n = 0", "whole"],
    ),
    (GRID.replace("n = [10", "m = [10"), ["case 1 (bernoulli, replace, p = 1/2, m = 10", "m is not a parameter of"]),
    (GRID.replace("[10, 100]", "[10, 10]"), ["p = 1/2, n = 10, loss squared) repeats case 1"]),
    (GRID.replace('"squared", "kl"', '"squared", "mise"'), ["case 1", "loss mise", "loss = 'mise' is not a loss of"]),
    (GRID.replace('["squared", "kl"]', "[]"), ["case 1", "loss = []"]),
    (GRID.replace('["squared", "kl"]', "3"), ["case 1", "loss = 3", "a text or a list of texts"]),
    (GRID.replace("10000/(G*n)", "10000/(G*q)"), ["replicates = '10000/(G*q)' is not", "for q is not", "G, n, p"]),
    (GRID.replace("10000/(G*n)", "n*10^9"), ["n = 10", "replicates = 'n*10^9' is 10000000000 here", "1000000000"]),
    (GRID.replace("10000/(G*n)", "1/(10 - n)"), ["n = 10", "replicates = '1/(10 - n)' is zoo here"]),
    (GRID.replace("10000/(G*n)", "import os"), ["replicates = 'import os' is not arithmetic"]),
    (GRID + "[case.parameters]\nn = 3", ["case 1 (bernoulli)", "n stands among parameters and in the grid"]),
    (GRID.replace("[10, 100]", str(list(range(1, 3000)))), ["case 1 (bernoulli) makes 23992 cases", "10000"]),
    ("output = 3\n" + GRID, ["output = 3", "string"]),
    *(
        (f"output = '{folder}'\n" + GRID, [f"output = '{folder}'", "give a folder below the current one"])
        for folder in ("/etc", "../up", "a/../..", "", ".")
    ),
]


@pytest.mark.parametrize(("text", "parts"), BAD)
def test_errors_name_file_case_key_and_value(tmp_path: Path, text: str, parts: list[str]) -> None:
    with pytest.raises(DomainError) as caught:
        load(_write(tmp_path, text))
    message = str(caught.value)
    for part in [*parts, "study.toml"]:
        assert part in message
    assert "\n" not in message


def test_a_title_commands_no_terminal(tmp_path: Path) -> None:
    study = load(_write(tmp_path, 'title = "red \\u001b[31m\\n two lines"\nsource = "a\\u0007b"\n' + GRID))
    assert (study.title, study.source) == ("red \\x1b[31m two lines", "a\\x07b")
    for file in (RealStudyFile, SubspaceStudyFile):
        for name in ("title", "source"):
            assert any(isinstance(rule, AfterValidator) for rule in file.model_fields[name].metadata), name


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(DomainError, match=r"nowhere\.toml does not exist: give .*: .*builtin, .*exponential"):
        load("nowhere.toml")
    with pytest.raises(DomainError, match="is a folder"):
        load(tmp_path)
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DomainError, match="not UTF-8"):
        load(tmp_path / "binary.toml")


def test_a_study_of_no_known_kind(tmp_path):
    file = tmp_path / "study.toml"
    file.write_text('kind = "real_data"\n[[case]]\nmodel = "poisson"\nworkflow = "replace"\n', encoding="utf-8")
    with pytest.raises(DomainError, match="kind = 'real_data' is not known: leave it out"):
        load(file)


@pytest.mark.parametrize("checked", ["9", '"9"', '"2*2 + 1"'])
@pytest.mark.parametrize("where", ["case", "defaults"])
def test_more_generations_judged_than_there_are_is_refused(tmp_path: Path, checked: str, where: str) -> None:
    head = f"[defaults]\nchecked = {checked}\n" if where == "defaults" else ""
    own = f"checked = {checked}\n" if where == "case" else ""
    text = f'{head}[[case]]\nmodel = "poisson"\nworkflow = "replace"\ngenerations = 4\n{own}'
    with pytest.raises(DomainError, match=r"checked = .* is more than generations = 4: give 4 or less"):
        load(_write(tmp_path, text + "parameters = { rate = 1, n = 2 }\n"))


def test_arithmetic_in_parameters_is_cut_at_the_end(tmp_path: Path) -> None:
    text = '[[case]]\nmodel = "poisson"\nworkflow = "replace"\ngenerations = 4\nchecked = "n/2"\n'
    cases = load(_write(tmp_path, text + "parameters = { rate = 1 }\ngrid = { n = [4, 100] }\n")).cases
    assert [case.checked for case in cases] == [2, 4]


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ('workflow = "sliding-window:k=3"\nparameters = { rate = 1, n = 2, k = 4 }', "k = 4 is given again"),
        ('workflow = "replace"\nparameters = { rate = 1, n = 2, sizes = "k**2" }', "holds k, which nothing declares"),
        ('workflow = "replace"\nsymbols = ["j"]\nparameters = { rate = 1, n = 2 }', "symbol j is not allowed"),
        ('workflow = "replace"\nsymbols = "c"\nparameters = { rate = 1, n = 2 }', "symbols = 'c' is not allowed"),
    ],
)
def test_a_study_says_the_same_of_its_settings(tmp_path: Path, lines: str, said: str) -> None:
    with pytest.raises(DomainError, match=said):
        load(_write(tmp_path, f'[[case]]\nmodel = "poisson"\n{lines}\n'))


def test_a_study_declares_constants_and_hears_of_slips_and_fractions(tmp_path: Path) -> None:
    head = '[[case]]\nmodel = "poisson"\nworkflow = "replace"\n'
    (case,) = load(_write(tmp_path, head + 'symbols = ["c"]\nparameters = { rate = 1, n = 2, sizes = "c*j" }\n')).cases
    assert {symbol.name for symbol in case.build()[1].free_symbols} == {"c"}
    with pytest.warns(InputWarning, match=r"case 1 .*sizes = 100 is in units of n = 100"):
        load(_write(tmp_path, head + "parameters = { rate = 1, n = 100, sizes = 100 }\n"))
    with pytest.warns(InputWarning, match='write rate="1/3"'):
        load(_write(tmp_path, head + "parameters = { rate = 0.3333333333333333, n = 10 }\n"))


ROOMY = """
[defaults]
replicates = 1000
generations = 3
loss = "squared"
"""


def written(tmp_path, text):
    (tmp_path / "own.toml").write_text(ROOMY + text, encoding="utf-8")
    return load(tmp_path / "own.toml").cases


def test_models_seeds_ranges_and_paired_values_stand_for_cases(tmp_path) -> None:
    cases = written(
        tmp_path,
        """
        [[case]]
        model = ["bernoulli", "binomial:m=1"]
        workflow = "replace"
        seed = [3, 4]
        paired = { p = ["1/2", "1/3"], n = [10, 20] }
        """,
    )
    assert len(cases) == 8
    assert {(case.model, case.seed, case.parameters["p"], case.parameters["n"]) for case in cases} == {
        (model, seed, p, n)
        for model in ("bernoulli", "binomial:m=1")
        for seed in (3, 4)
        for p, n in (("1/2", 10), ("1/3", 20))
    }
    grids = """
        [[case]]
        model = "bernoulli"
        workflow = "replace"
        grid = { p = { first = 0.1, last = 0.5, step = 0.2 }, n = { first = 10, last = 1000, factor = 10 } }
        """
    assert [(case.parameters["p"], case.parameters["n"]) for case in written(tmp_path, grids)] == [
        (p, n) for p in ("0.1", "0.3", "0.5") for n in (10, 100, 1000)
    ]


def test_lists_are_parameters_where_one_is_taken(tmp_path) -> None:
    (categories, growing) = written(
        tmp_path,
        """
        [[case]]
        model = "categorical"
        workflow = "replace"
        parameters = { probabilities = [0.5, "1/4", "1/4"], n = 8 }

        [[case]]
        model = "gaussian-mean"
        workflow = "accumulate"
        parameters = { sizes = [1, 2, 4], sigma2 = 1, n = 10 }
        """,
    )
    model, _ = categories.build()
    assert str(model.truth) == "1/2 1/4 1/4"
    _, workflow = growing.build()
    assert [workflow.size(j) for j in (1, 2, 3, 4, 9)] == [1, 2, 4, 4, 4]


def test_a_loss_of_one_dimension_is_skipped_in_others_with_a_line(tmp_path) -> None:
    text = """
        [[case]]
        model = "gaussian-fit"
        workflow = "replace"
        loss = ["kl", "wasserstein"]
        grid = { d = [1, 2] }
        parameters = { n = 10 }
        """
    with pytest.warns(InputWarning, match="is skipped, and others like it: d = 2 is not allowed for loss"):
        cases = written(tmp_path, text)
    assert [(case.loss, case.parameters["d"]) for case in cases] == [("kl", 1), ("kl", 2), ("wasserstein", 1)]
    with pytest.raises(DomainError, match="d = 2 is not allowed for loss"):
        written(tmp_path, text.replace("[1, 2]", "[2, 3]"))
    with pytest.raises(DomainError, match="loss = 'nonsense' is not a loss of GaussianFit"):
        written(tmp_path, text.replace('"wasserstein"', '"nonsense"'))


OWN = """
from theory import Bernoulli, Replace


class Mine(Bernoulli):
    name = "mine"


class MyWorkflow(Replace):
    name = "my-workflow"


other = 3
"""


def test_ones_own_by_import_path(tmp_path, monkeypatch) -> None:
    (tmp_path / "own_models_of_a_test.py").write_text(OWN, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    case = """
        [[case]]
        model = "own_models_of_a_test:Mine:p=1/3"
        workflow = "own_models_of_a_test:MyWorkflow"
        parameters = { n = 10 }
        """
    (only,) = written(tmp_path, case)
    model, workflow = only.build()
    assert (model.name, str(model.p), workflow.name) == ("mine", "1/3", "my-workflow")
    for slip, said in (
        (":Theirs", "has no Theirs"),
        (":other", "is no class of a model"),
    ):
        with pytest.raises(DomainError, match=said):
            written(tmp_path, case.replace(":Mine:p=1/3", slip))
    with pytest.raises(DomainError, match="cannot be imported: No module named 'nowhere_at_all'"):
        written(tmp_path, case.replace("own_models_of_a_test:Mine:p=1/3", "nowhere_at_all:Mine"))


@pytest.mark.parametrize(
    ("lists", "said"),
    [
        ("paired = { p = [0.1, 0.2], n = [1] }", "are of one length, and these are not: p 2, n 1 values"),
        ("grid = { n = { first = 10, last = 1, step = 1 } }", "grid.n is no range"),
        ("grid = { n = { first = 1, last = 10 } }", "either a step above 0 or a factor above 1"),
        ("grid = { n = { first = 1, last = 10, step = 1, factor = 2 } }", "grid.n is no range"),
        ("grid = { n = { first = 1, last = 9999999, step = 0.001 } }", "shorten its lists"),
        ("grid = { n = [1, 2] }\npaired = { n = [1, 2] }", "n stands in the grid and among the paired"),
    ],
)
def test_lists_that_say_nothing_are_refused(tmp_path, lists, said) -> None:
    with pytest.raises(DomainError, match=said):
        written(tmp_path, f'[[case]]\nmodel = "bernoulli"\nworkflow = "replace"\n{lists}\n')


def test_the_published_schema_knows_every_key() -> None:
    """Not its words, which differ between versions of pydantic."""
    published = Path(__file__).parents[2] / "docs" / "_static" / "study.schema.json"
    keys = [_keys(json.loads(published.read_text(encoding="utf-8"))), _keys(StudyFile.model_json_schema())]
    assert keys[0] == keys[1]


def _keys(schema: dict) -> dict:
    tables = {"": schema, **schema["$defs"]}
    return {name: (sorted(table["properties"]), table.get("required")) for name, table in tables.items()}
