"""The Coq library and the exports compile on the axioms of the reals alone, and no false variant of them compiles."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from fractions import Fraction
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import Integer, Matrix, Symbol, cancel

from theory import (
    Accumulate,
    AccumulateSubsample,
    Bernoulli,
    Binomial,
    Exponential,
    FreshReal,
    Gamma,
    GaussianMean,
    HyperbolicSecant,
    KernelDensity,
    LinearRegression,
    NegativeBinomial,
    Poisson,
    QuadraticVariance,
    RealPlusLatest,
    Regular,
    Replace,
    SlidingWindow,
)
from theory.dynamics import GENERATION
from theory.errors import NotDerivedError
from theory.models.base import Model
from theory.parser import parse
from theory.proof.coq import compile as coq_compile
from theory.proof.coq import export as coq_export
from theory.proof.coq.compile import STANDARD_AXIOMS, CoqError, compile_coq, coqc_path
from theory.proof.coq.export import coq_source, library, write_coq
from theory.proof.coq.text import coq_term
from theory.proof.coq.witness import witness
from theory.recurrence import MomentRecurrence
from theory.workflows.base import Workflow

needs_coq = pytest.mark.skipif(coqc_path() is None, reason="coqc is not on the PATH (Debian package coq)")

FOLDER = files("theory.proof.coq")
FILES = sorted(path.name.removesuffix(".v") for path in FOLDER.iterdir() if path.name.endswith(".v"))

#: What the library proves, as this test states it: a theorem that says less does not have this type.
THEOREMS = {
    "Basel.basel_bound": "forall G, harmonic 2 G < PI ^ 2 / 6",
    "Basel.basel_least": "forall B, B < PI ^ 2 / 6 -> exists G, (1 <= G)%nat /\\ B < harmonic 2 G",
    "Basel.basel_limit": "Un_cv (harmonic 2) (PI ^ 2 / 6)",
    "Pathway.pathway": "forall w noise N g, (g <= N)%nat -> "
    "deviation w none noise g = sum 1 (fun j => coefficient w g j * noise j) N",
    "Pathway.accumulate_ratio": "forall G, ratio (fun g _ => / INR g) G = sum 1 (fun i => / INR i ^ 2) G",
    "Pathway.accumulate_bound": "forall G, ratio (fun g _ => / INR g) G < PI ^ 2 / 6",
    "Pathway.replace_ratio": "forall G, ratio (fun g j => if Nat.eqb j g then 1 else 0) G = INR G",
    "QuadraticVariance.accumulate_risk": "forall V0 v2 n, 0 < n -> forall r G, v2 <> 0 -> is_risk V0 v2 n pooled r -> "
    "r G = V0 / v2 * (product 1 (fun i => 1 + v2 / (n * INR i ^ 2)) G - 1)",
    "QuadraticVariance.replace_risk": "forall V0 v2 n, 0 < n -> forall r G, v2 <> 0 -> is_risk V0 v2 n latest r -> "
    "r G = V0 / v2 * ((1 + v2 / n) ^ G - 1)",
    "QuadraticVariance.accumulate_at_most_replace": "forall V0 v2 n, 0 < n -> forall r s G, 0 <= V0 -> - n <= v2 -> "
    "is_risk V0 v2 n pooled r -> is_risk V0 v2 n latest s -> r G <= s G",
    "Regression.fresh_closed_form": "forall sigma2 d T G, "
    "fresh sigma2 d T G = sum 1 (fun i => sigma2 * d / (INR i * (INR i * T - d - 1))) G",
    "Regression.shared_closed_form": "forall sigma2 d T G, "
    "shared sigma2 d T G = sigma2 * d / (T - d - 1) * harmonic 2 G",
    "Regression.fresh_at_most_shared": "forall sigma2 d T, 0 < sigma2 -> 1 <= d -> d + 2 <= T -> "
    "forall G, fresh sigma2 d T G <= shared sigma2 d T G",
    "Regression.shared_bound": "forall sigma2 d T, 0 < sigma2 -> 1 <= d -> d + 2 <= T -> "
    "forall G, shared sigma2 d T G < PI ^ 2 / 6 * (sigma2 * d / (T - d - 1))",
    "Subsample.subsampled_closed_form": "forall G, (1 <= G)%nat -> subsampled G = 3 * harmonic 2 G - 2",
    "Subsample.subsampled_bound": "forall G, (1 <= G)%nat -> subsampled G < PI ^ 2 / 2 - 2",
    "Subsample.accumulate_at_most_subsampled": "forall G, (1 <= G)%nat -> ratio pooled G <= subsampled G",
    "KernelDensity.accumulate_variance": "forall sigma2 h G, "
    "variance sigma2 h pooled G = sigma2 + harmonic 1 G * h ^ 2",
    "KernelDensity.replace_variance": "forall sigma2 h G, variance sigma2 h latest G = sigma2 + INR G * h ^ 2",
}


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library, compiled file by file."""
    folder = tmp_path_factory.mktemp("coq")
    for name, text in library(*FILES).items():
        (folder / f"{name}.v").write_text(text, encoding="utf-8")
        run = _coqc(folder, f"{name}.v")
        assert run.returncode == 0, f"{name}.v: {run.stderr}"
    return folder


def _coqc(folder: Path, name: str) -> subprocess.CompletedProcess[str]:
    path = coqc_path()
    assert path is not None
    return subprocess.run(
        [path, "-q", "-R", ".", "Selfgen", name], cwd=folder, capture_output=True, text=True, timeout=300, check=False
    )


def _check(folder: Path, source: str, name: str) -> subprocess.CompletedProcess[str]:
    (folder / f"{name}.v").write_text(source, encoding="utf-8")
    return _coqc(folder, f"{name}.v")


def _against_library(source: str) -> str:
    """An export that imports the compiled library instead of carrying it: quicker to compile."""
    modules = " ".join(re.findall(r"^Module (\w+)\.$", source, flags=re.M))
    claim = source[source.index("Section Claim.") :]
    return (
        "From Coq Require Import Reals Lra Lia PeanoNat Psatz.\n"
        f"From Selfgen Require Import {modules}.\nOpen Scope R_scope.\n{claim}"
    )


# -- the library ---------------------------------------------------------------------------------------------


@pytest.mark.slow
@needs_coq
def test_library_proves_its_theorems_from_the_axioms_of_the_reals(compiled: Path) -> None:
    lines = ["From Coq Require Import Reals.", f"From Selfgen Require Import {' '.join(FILES)}.", "Open Scope R_scope."]
    lines += [f"Check ({name} : {statement})." for name, statement in THEOREMS.items()]
    lines += [f"Definition everything := ({', '.join(THEOREMS)}).", "Print Assumptions everything."]
    run = _check(compiled, "\n".join(lines), "theorems")
    assert run.returncode == 0, run.stderr
    assert set(coq_compile.assumptions(run.stdout)) == STANDARD_AXIOMS


@pytest.mark.slow
@needs_coq
@pytest.mark.parametrize(
    ("name", "false"),
    [
        ("Basel.basel_bound", "forall G, harmonic 2 G < PI ^ 2 / 6 - 1 / 100"),
        ("Pathway.accumulate_ratio", "forall G, ratio (fun g _ => / INR g) G = sum 2 (fun i => / INR i ^ 2) G"),
        ("Subsample.subsampled_closed_form", "forall G, (0 <= G)%nat -> subsampled G = 3 * harmonic 2 G - 2"),
        (
            "KernelDensity.replace_variance",
            "forall sigma2 h G, variance sigma2 h latest G = sigma2 + INR (S G) * h ^ 2",
        ),
    ],
)
def test_theorems_of_the_library_do_not_have_other_types(compiled: Path, name: str, false: str) -> None:
    header = f"From Coq Require Import Reals.\nFrom Selfgen Require Import {' '.join(FILES)}.\nOpen Scope R_scope.\n"
    run = _check(compiled, f"{header}Check ({name} : {false}).", "false_type")
    assert run.returncode != 0
    assert "has type" in run.stderr


@pytest.mark.parametrize("name", FILES)
def test_library_assumes_nothing(name: str) -> None:
    text = re.sub(r"\(\*.*?\*\)", "", (FOLDER / f"{name}.v").read_text(encoding="utf-8"), flags=re.S)
    forbidden = r"\b(Admitted|admit|Axiom|Axioms|Conjecture|Parameter|Parameters|Abort|bypass_check|give_up)\b"
    assert re.search(forbidden, text) is None


# -- exports -------------------------------------------------------------------------------------------------

EXPORTS = {
    "regular-replace": (Regular(), Replace(), "squared", None),
    "regular-accumulate": (Regular(), Accumulate(), "squared", None),
    "regular-subsample": (Regular(), AccumulateSubsample(), "squared", None),
    "regular-window": (Regular(), SlidingWindow(2), "squared", None),
    "bernoulli-accumulate": (Bernoulli(), Accumulate(), "squared", None),
    "bernoulli-fresh-real": (Bernoulli(), FreshReal(), "squared", None),
    "bernoulli-real-and-latest": (Bernoulli(p="1/3", n=10), RealPlusLatest(), "squared", None),
    "binomial-replace": (Binomial(), Replace(), "squared", None),
    "poisson-accumulate": (Poisson(), Accumulate(), "squared", None),
    "negative-binomial-accumulate": (NegativeBinomial(), Accumulate(), "squared", None),
    "exponential-accumulate": (Exponential(n=1), Accumulate(), "squared", None),
    "gamma-replace": (Gamma(), Replace(), "squared", None),
    "gaussian-mean-growing-blocks": (GaussianMean(), Replace(sizes="j**2"), "squared", None),
    "hyperbolic-secant-accumulate": (HyperbolicSecant(), Accumulate(), "squared", None),
    "regression-fresh": (LinearRegression(), Accumulate(), "squared", None),
    "regression-shared": (LinearRegression(d=3, T=20, design="shared"), Accumulate(), "squared", None),
    "kernel-density-accumulate": (KernelDensity(), Accumulate(), "variance", None),
    "quadratic-variance-order": (QuadraticVariance(), Accumulate(), "squared", Replace()),
    "subsample-order": (Regular(), Accumulate(), "squared", AccumulateSubsample()),
    "fresh-real-order": (Bernoulli(), FreshReal(), "squared", Replace()),
    "regression-order": (LinearRegression(), Accumulate(), "squared", Replace()),
}

#: Theorems that must be among those exported.
STATED = {
    "regular-replace": ["risk G / risk 1 = INR G.", "is_risk 1 0 1 latest solution"],
    "regular-accumulate": [
        "risk G / risk 1 = harmonic 2 G.",
        "risk G / risk 1 < PI ^ 2 / 6.",
        "Theorem bound_is_least",
    ],
    "regular-subsample": ["risk G / risk 1 = 3 * harmonic 2 G - 2.", "risk G / risk 1 < -2 + PI ^ 2 / 2."],
    "bernoulli-accumulate": ["Theorem bound :", "is_risk 1 (-1 / n) 1 pooled solution"],
    "regression-fresh": ["Theorem bound :"],
    "kernel-density-accumulate": ["harmonic 1 G"],
    "quadratic-variance-order": ["accumulate_risk G <= replace_risk G."],
    "subsample-order": ["accumulate_risk G <= accumulate_subsample_risk G."],
}


@pytest.fixture(scope="session")
def source() -> Callable[[str], str]:
    made: dict[str, str] = {}

    def of(name: str) -> str:
        if name not in made:
            model, workflow, loss, other = EXPORTS[name]
            made[name] = coq_source(model, workflow, loss, other)
        return made[name]

    return of


@pytest.mark.parametrize("name", STATED)
def test_export_states_the_theorem(name: str, source: Callable[[str], str]) -> None:
    for statement in STATED[name]:
        assert statement in source(name)


@pytest.mark.slow
@needs_coq
@pytest.mark.parametrize("name", EXPORTS)
def test_export_compiles_on_the_axioms_of_the_reals(
    name: str, source: Callable[[str], str], compiled: Path, tmp_path: Path
) -> None:
    run = _check(compiled, _against_library(source(name)), "claim_" + name.replace("-", "_"))
    assert run.returncode == 0, run.stderr
    found = set(coq_compile.assumptions(run.stdout))
    assert "ClassicalDedekindReals.sig_forall_dec" in found  # without it there is nothing about reals in the file
    assert found <= STANDARD_AXIOMS


class DriftingNoise(Model):
    """m_g = (1 + 1/(n g^2)) m_{g-1} + 1: no fixed point and no rational product, so constants must be varied."""

    name = "drifting-noise"
    n = Symbol("n", integer=True, positive=True)

    @property
    def parameters(self) -> dict[str, object]:
        return {"n": self.n}

    def recurrence(self, workflow: Workflow, loss: str) -> MomentRecurrence:
        g = GENERATION
        return MomentRecurrence(
            start=1,
            matrix=Matrix([[1 + 1 / (self.n * g**2)]]),
            forcing=Matrix([[1]]),
            readout=Matrix([[1]]),
            initial=Matrix([[0]]),
        )


@pytest.mark.slow
@needs_coq
def test_variation_of_constants(compiled: Path) -> None:
    text = coq_source(DriftingNoise(), Replace())
    assert re.search(r"risk G = product 1 .* \* sum 1 \(fun i => .* / product 1", text)
    run = _check(compiled, _against_library(text), "variation")
    assert run.returncode == 0, run.stderr


@pytest.mark.slow
@needs_coq
def test_written_file_is_self_contained(tmp_path: Path) -> None:
    found = write_coq(tmp_path / "bernoulli.v", Bernoulli(), Accumulate())
    assert found is not None
    assert set(found) <= STANDARD_AXIOMS


MUTATIONS = {
    "bound below the least": ("regular-accumulate", "risk 1 < PI ^ 2 / 6", "risk 1 < PI ^ 2 / 6 - 1 / 100"),
    "seven sixths": ("regular-accumulate", "risk 1 = harmonic 2 G", "risk 1 = 7 / 6 * harmonic 2 G"),
    "least bound above": ("regular-accumulate", "forall B, B < PI ^ 2 / 6 ->", "forall B, B < PI ^ 2 / 6 + 1 ->"),
    "index shift": ("regular-accumulate", "1 / (INR g ^ 2)", "1 / (INR (S g) ^ 2)"),
    "first power": ("regular-accumulate", "1 / (INR g ^ 2)", "1 / (INR g)"),
    "initial value": ("regular-accumulate", "initial : R := 0", "initial : R := 1"),
    "generation 0 counted": ("regular-replace", "risk 1 = INR G", "risk 1 = INR (S G)"),
    "other weights": ("regular-replace", "is_risk 1 0 1 latest", "is_risk 1 0 1 pooled"),
    "one per cent": (
        "bernoulli-accumulate",
        "1 - 1 / (INR g ^ 2 * n)",
        "1 - 101 / 100 / (INR g ^ 2 * n)",
    ),
    "sign of the curvature": ("bernoulli-accumulate", "1 - 1 / (INR g ^ 2 * n)", "1 + 1 / (INR g ^ 2 * n)"),
    "sign of the curvature in the weights": ("bernoulli-accumulate", "is_risk 1 (-1 / n)", "is_risk 1 (1 / n)"),
    "degrees of freedom": ("regression-fresh", "* T - d - 1))) G.", "* T - d - 2))) G."),
    "harmonic order": ("kernel-density-accumulate", "risk 1 = harmonic 1 G", "risk 1 = harmonic 2 G"),
    "constant of subsampling": ("regular-subsample", "= 3 * harmonic 2 G - 2", "= 3 * harmonic 2 G - 1"),
    "reversed order": (
        "quadratic-variance-order",
        "accumulate_unit G <= replace_unit G",
        "replace_unit G <= accumulate_unit G",
    ),
    "curvature below the range": ("quadratic-variance-order", "-1 <= v_2", "-3 <= v_2"),
    "fewer rows": ("regression-fresh", "d + 2 <= T", "d <= T"),
}


@pytest.mark.slow
@needs_coq
@pytest.mark.parametrize("mutation", MUTATIONS)
def test_false_statement_does_not_compile(mutation: str, source: Callable[[str], str], compiled: Path) -> None:
    name, true, false = MUTATIONS[mutation]
    text = _against_library(source(name))
    assert true in text
    run = _check(compiled, text.replace(true, false), "mutated")
    assert run.returncode != 0
    assert "Error" in run.stderr


@pytest.mark.slow
@needs_coq
def test_axiom_is_reported() -> None:
    assert compile_coq("Axiom cheat : False.\nPrint Assumptions cheat.") == ["cheat"]
    with pytest.raises(CoqError, match="coqc rejects the file"):
        compile_coq("Theorem wrong : 1 = 2. Proof. reflexivity. Qed.")


# -- what the file is made of --------------------------------------------------------------------------------


@given(
    numerator=st.lists(st.integers(-9, 9), min_size=1, max_size=4),
    denominator=st.lists(st.integers(-9, 9), min_size=1, max_size=3),
    scale=st.fractions(min_value=-3, max_value=3, max_denominator=9),
)
@settings(derandomize=True, deadline=None, max_examples=60)
def test_printed_term_reads_back(numerator: list[int], denominator: list[int], scale: Fraction) -> None:
    x, y = Symbol("x"), Symbol("y")
    top = sum((Integer(c) * x**k for k, c in enumerate(numerator)), Integer(0))
    bottom = sum((Integer(c) * y**k for k, c in enumerate(denominator)), y**3)
    expression = Integer(scale.numerator) / scale.denominator * top / bottom - 1 / x**2
    text = coq_term(expression, {x: "INR g"})
    read = parse(text.replace("INR g", "x").replace("^", "**"), "term").subs({"x": x, "y": y})
    assert cancel(read.subs({s: Symbol(s.name) for s in read.free_symbols}) - expression) == 0


def test_witness_is_the_expression_at_the_next_generation() -> None:
    g, n = Symbol("g"), Symbol("n", integer=True, positive=True)
    expression = 1 - 1 / (n * g**2)
    text = witness(expression, g, 1, {})
    assert text is not None
    read = parse(text.replace("INR g", "x").replace("^", "**"), "term")
    values = {symbol: {"x": 5, "n": 3}[symbol.name] for symbol in read.free_symbols}
    assert read.subs(values) == expression.subs({g: 6, n: 3})
    assert witness(1 - 2 / (n * g**2), g, 0, {}) is None  # negative at n = g = 1


@pytest.mark.parametrize(
    ("model", "workflow", "loss", "reason"),
    [
        (Bernoulli(), AccumulateSubsample(), "squared", "without a closed form"),
        (Bernoulli(), AccumulateSubsample(budget=3), "squared", "changes its rule"),
        (Exponential(), SlidingWindow(2), "squared", "cannot name"),
        (KernelDensity(), Accumulate(), "mise", "no finite linear recurrence"),
    ],
    ids=["coupled", "two-rules", "roots", "integral"],
)
def test_what_cannot_be_exported_is_said(model: object, workflow: object, loss: str, reason: str) -> None:
    with pytest.raises(NotDerivedError, match=reason):
        coq_source(model, workflow, loss)  # type: ignore[arg-type]


def test_false_order_is_not_exported() -> None:
    with pytest.raises(NotDerivedError, match="no argument orders"):
        coq_source(Regular(), Replace(), never_worse_than=Accumulate())


def test_parameters_do_not_capture_names_of_the_library() -> None:
    text = coq_source(
        Poisson(rate=Symbol("INR", positive=True), n=Symbol("moment", integer=True, positive=True)), Replace()
    )
    assert "Variables (INR_ moment_ : R)." in text


def test_without_coq_the_file_is_written_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coq_export, "coqc_path", lambda: None)
    monkeypatch.setattr(coq_compile, "coqc_path", lambda: None)
    assert write_coq(tmp_path / "claim.v", Regular(), Replace()) is None
    assert "Theorem closed_form" in (tmp_path / "claim.v").read_text(encoding="utf-8")
    with pytest.raises(CoqError, match="not on the PATH"):
        compile_coq("")
