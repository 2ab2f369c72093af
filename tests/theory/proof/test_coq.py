"""The Coq library and exported claims compile on the axioms of the reals alone; no false variant of them compiles."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from pathlib import Path

import pytest
from sympy import Matrix, Symbol

from theory import (
    Accumulate,
    AccumulateSubsample,
    Bernoulli,
    Binomial,
    Exponential,
    FreshReal,
    Gamma,
    GaussianFit,
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
    expected_risk,
)
from theory.models.base import Model
from theory.models.bent import BiasedSampler
from theory.moments.recurrence import MomentRecurrence
from theory.proof import (
    Claim,
    ClosedForm,
    Growth,
    LeastBound,
    Limit,
    LowerLimit,
    Monotone,
    NeverWorse,
    Remainder,
)
from theory.proof.coq import compile as coq_compile
from theory.proof.coq.compile import STANDARD_AXIOMS, CoqError, compile_coq, coqc_path
from theory.proof.coq.export import coq_source, library, write_coq
from theory.risk import Risk
from theory.workflows.base import Workflow
from theory.workflows.dynamics import GENERATION

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
    "Limits.cv_polynomial_power": "forall k s q, -1 < q < 1 -> Un_cv (fun G => INR G ^ k * q ^ (G - s)) 0",
    "Limits.cv_harmonic_ln": "Un_cv (fun G => harmonic 1 G / ln (INR G)) 1",
    "Limits.cv_harmonic_mean": "Un_cv (fun G => harmonic 1 G / INR G) 0",
    "Limits.pi_squared": "19 / 2 < PI ^ 2 < 21 / 2",
    "Limits.least_bound_of_rising": "forall u l, (forall g, (1 <= g)%nat -> u g <= u (S g)) -> Un_cv u l -> "
    "is_lub (fun x => exists G, (1 <= G)%nat /\\ x = u G) l",
    "Limits.least_bound_of_falling": "forall u l, (forall g, (1 <= g)%nat -> u (S g) <= u g) -> u 1%nat = l -> "
    "is_lub (fun x => exists G, (1 <= G)%nat /\\ x = u G) l",
    "Limits.diverges": "forall u v first, (forall G, (first <= G)%nat -> 0 < v G) -> Un_cv (fun G => / v G) 0 -> "
    "Un_cv (fun G => u G / v G) 1 -> forall M, exists N, forall G, (N <= G)%nat -> M < u G",
    "Limits.remainder_by_steps": "forall e b first, (forall g, (first <= g)%nat -> e (S g) - e g <= b g - b (S g)) -> "
    "(forall g, (first <= g)%nat -> - (b g - b (S g)) <= e (S g) - e g) -> Un_cv e 0 -> Un_cv b 0 -> "
    "forall G, (first <= G)%nat -> Rabs (e G) <= b G",
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


def _claim(source: str) -> str:
    """An export without the library that it carries."""
    return source[source.index("Section Claim.") :]


#: Exports that import the compiled library instead of carrying it are quicker to compile.
HEADER = (
    "From Coq Require Import Reals Lra Lia PeanoNat Psatz.\n"
    f"From Selfgen Require Import {' '.join(library(*FILES))}.\nOpen Scope R_scope."
)


def _errors(folder: Path, texts: list[str]) -> list[str]:
    """What Coq says against each of several texts, in one process: most of the time of one goes into loading the reals.

    coqc stops at its first error; coqtop says the same and reads on. So a text is accepted by one where the other says
    nothing against it, and what it has defined or left open is taken back before the next.
    """
    commands = [HEADER]
    for number, text in enumerate(texts):
        commands += [f"Definition before_{number} := tt.", text, f"Check end_{number}.", f"Reset before_{number}."]
    path = shutil.which("coqtop")
    assert path is not None
    run = subprocess.run(
        [path, "-q", "-R", ".", "Selfgen"], cwd=folder, input="\n".join(commands), capture_output=True, text=True,
        timeout=300, check=True,
    )  # fmt: skip
    said = re.split(r"Error: The reference (end_\d+) was not found", run.stderr)
    assert said[1::2] == [f"end_{number}" for number in range(len(texts))], run.stderr
    # The line that asks for the name of no object is no part of the text.
    return ["\n".join(re.findall(r"^Error:[^>]*", part, flags=re.M)) for part in said[:-1:2]]


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


FALSE_TYPES = [
    ("Basel.basel_bound", "forall G, harmonic 2 G < PI ^ 2 / 6 - 1 / 100"),
    ("Pathway.accumulate_ratio", "forall G, ratio (fun g _ => / INR g) G = sum 2 (fun i => / INR i ^ 2) G"),
    ("Limits.pi_squared", "19 / 2 < PI ^ 2 < 20 / 2"),
    ("Limits.cv_polynomial_power", "forall k s q, -1 < q <= 1 -> Un_cv (fun G => INR G ^ k * q ^ (G - s)) 0"),
    ("Subsample.subsampled_closed_form", "forall G, (0 <= G)%nat -> subsampled G = 3 * harmonic 2 G - 2"),
    ("KernelDensity.replace_variance", "forall sigma2 h G, variance sigma2 h latest G = sigma2 + INR (S G) * h ^ 2"),
]


@pytest.mark.slow
@needs_coq
def test_theorems_of_the_library_do_not_have_other_types(compiled: Path) -> None:
    false = [f"Check ({name} : {statement})." for name, statement in FALSE_TYPES]
    true = [f"Check ({name} : {THEOREMS[name]})." for name, _ in FALSE_TYPES]
    *refused, accepted = _errors(compiled, [*false, "\n".join(true)])
    assert not accepted
    for statement, said in zip(false, refused, strict=True):
        assert "has type" in said, statement


@pytest.mark.parametrize("name", FILES)
def test_library_assumes_nothing(name: str) -> None:
    text = re.sub(r"\(\*.*?\*\)", "", (FOLDER / f"{name}.v").read_text(encoding="utf-8"), flags=re.S)
    forbidden = r"\b(Admitted|admit|Axiom|Axioms|Conjecture|Parameter|Parameters|Abort|bypass_check|give_up)\b"
    assert re.search(forbidden, text) is None


# -- exports -------------------------------------------------------------------------------------------------


def _risk(model: Model, workflow: Workflow, loss: str = "squared") -> Risk:
    return expected_risk(model, workflow, loss)


FRESH, SHARED = LinearRegression(design="fresh"), LinearRegression(design="shared")

EXPORTS: dict[str, Claim] = {
    "regular-replace": ClosedForm(_risk(Regular(), Replace())),
    "regular-accumulate": ClosedForm(_risk(Regular(), Accumulate())),
    "regular-subsample": ClosedForm(_risk(Regular(), AccumulateSubsample())),
    "regular-window": ClosedForm(_risk(Regular(), SlidingWindow(2))),
    "bernoulli-accumulate": ClosedForm(_risk(Bernoulli(), Accumulate())),
    "bernoulli-fresh-real": ClosedForm(_risk(Bernoulli(), FreshReal())),
    "bernoulli-real-and-latest": ClosedForm(_risk(Bernoulli(p="1/3", n=10), RealPlusLatest())),
    "binomial-replace": ClosedForm(_risk(Binomial(), Replace())),
    "poisson-accumulate": ClosedForm(_risk(Poisson(), Accumulate()).ratio),
    "negative-binomial-accumulate": ClosedForm(_risk(NegativeBinomial(), Accumulate())),
    "exponential-accumulate": ClosedForm(_risk(Exponential(n=1), Accumulate())),
    "gamma-replace": ClosedForm(_risk(Gamma(), Replace())),
    "gaussian-mean-growing-blocks": ClosedForm(_risk(GaussianMean(), Replace(sizes="j**2"))),
    "hyperbolic-secant-accumulate": ClosedForm(_risk(HyperbolicSecant(), Accumulate())),
    "regression-fresh": ClosedForm(_risk(FRESH, Accumulate())),
    "regression-shared": ClosedForm(_risk(LinearRegression(d=3, T=20, design="shared"), Accumulate())),
    "kernel-density-accumulate": ClosedForm(_risk(KernelDensity(), Accumulate(), "variance")),
    "quadratic-variance-order": NeverWorse(
        _risk(QuadraticVariance(), Accumulate()), _risk(QuadraticVariance(), Replace())
    ),
    "subsample-order": NeverWorse(_risk(Regular(), Accumulate()), _risk(Regular(), AccumulateSubsample())),
    "fresh-real-order": NeverWorse(_risk(Bernoulli(), FreshReal()), _risk(Bernoulli(), Replace())),
    "regression-order": NeverWorse(_risk(FRESH, Accumulate()), _risk(FRESH, Replace())),
    "designs-order": NeverWorse(_risk(FRESH, Accumulate()), _risk(SHARED, Accumulate())),
    "designs-order-of-ratios": NeverWorse(_risk(FRESH, Accumulate()).ratio, _risk(SHARED, Accumulate()).ratio),
    "window-passes-the-limit": NeverWorse(
        _risk(Regular(), Accumulate()).ratio, _risk(Regular(), SlidingWindow(2)).ratio
    ),
    "accumulate-rises": Monotone(_risk(Bernoulli(), Accumulate())),
    "fresh-real-falls": Monotone(_risk(Bernoulli(), FreshReal())),
    "window-rises": Monotone(_risk(Exponential(), SlidingWindow(3))),
    "real-and-latest-limit": Limit(_risk(Bernoulli(), RealPlusLatest())),
    "shared-bound": LeastBound(_risk(SHARED, Accumulate())),
    "subsample-bound": LeastBound(_risk(Regular(), AccumulateSubsample()).ratio),
    "bernoulli-replace-bound": LeastBound(_risk(Bernoulli(), Replace())),
    "fresh-real-bound": LeastBound(_risk(Poisson(), FreshReal())),
    "subsample-lower-limit": LowerLimit(_risk(Regular(), Accumulate()), _risk(Regular(), AccumulateSubsample())),
    "fresh-real-lower-limit": LowerLimit(_risk(Bernoulli(), FreshReal()).ratio, _risk(Bernoulli(), Replace()).ratio),
    "real-and-latest-lower-limit": LowerLimit(_risk(Regular(), RealPlusLatest()), _risk(Regular(), Accumulate())),
    "window-growth": Growth(_risk(Regular(), SlidingWindow(2))),
    "kernel-density-growth": Growth(_risk(KernelDensity(), Accumulate(), "variance")),
    "gamma-growth": Growth(_risk(Gamma(), Replace()).ratio),
    "cold-fit-decay": Growth(_risk(GaussianFit(temperature="1/2", n=4), Replace(), "trace")),
    "dying-sampler-decay": Growth(_risk(BiasedSampler(Exponential(mean=1, n=4), "4/5", 0), Replace()).variance),
    "accumulate-remainder": Remainder(_risk(Regular(), Accumulate()).ratio, terms=3),
    "subsample-remainder": Remainder(_risk(Regular(), AccumulateSubsample())),
}


#: What an export asks Coq at its end.
ASKS = "Print Assumptions claims."


def _module(name: str) -> str:
    return name.title().replace("-", "")


@pytest.fixture(scope="session")
def source() -> Callable[[str], str]:
    return cache(lambda name: coq_source(EXPORTS[name]))


@pytest.mark.slow
@needs_coq
def test_exports_compile_on_the_axioms_of_the_reals(source: Callable[[str], str], compiled: Path) -> None:
    """All in a file, each in a module of its own: most of the time of a short file goes into loading the reals.

    Coq walks through the reals, half a second, each time that it is asked for assumptions: it is asked once, for all.
    """
    claims = []
    for name in EXPORTS:
        text = _claim(source(name))
        assert text.count(ASKS) == 1
        claims.append(f"Module {_module(name)}.\n{text.replace(ASKS, '')}\nEnd {_module(name)}.")
    every = [f"{_module(name)}.claims" for name in EXPORTS]
    lines = [HEADER, *claims, *(f"Check {each}." for each in every)]
    lines += [f"Definition everything := ({', '.join(every)}).", "Print Assumptions everything."]
    run = _check(compiled, "\n".join(lines), "claims")
    assert run.returncode == 0, run.stderr
    types, _, axioms = run.stdout.partition("Axioms:")
    assert set(coq_compile.assumptions(f"Axioms:{axioms}")) <= STANDARD_AXIOMS
    # Each says something of a risk, and is among those whose axioms were asked for.
    said = dict(re.findall(r"^(\w+\.claims)\s*:\s*(.*?)(?=^\w|\Z)", types, flags=re.MULTILINE | re.DOTALL))
    assert list(said) == every
    assert not [each for each, statement in said.items() if "risk" not in statement]


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
    text = coq_source(_risk(DriftingNoise(), Replace()))
    assert re.search(r"risk G = product 1 .* \* sum 1 \(fun i => .* / product 1", text)
    run = _check(compiled, f"{HEADER}\n{_claim(text)}", "variation")
    assert run.returncode == 0, run.stderr


@pytest.mark.slow
@needs_coq
def test_written_file_is_self_contained(tmp_path: Path) -> None:
    found = write_coq(tmp_path / "bound.v", LeastBound(_risk(Bernoulli(), Replace())))
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
        "accumulate_risk G <= replace_risk G",
        "replace_risk G <= accumulate_risk G",
    ),
    "curvature below the range": ("quadratic-variance-order", "-1 <= v_2", "-3 <= v_2"),
    "fewer rows": ("regression-fresh", "d + 2 <= T", "d <= T"),
    "designs reversed": (
        "designs-order",
        "-> fresh_risk G <= shared_risk G",
        "-> shared_risk G <= fresh_risk G",
    ),
    "limit passed too early": ("window-passes-the-limit", "/ 6 < 29 / 16", "/ 6 < 23 / 16"),
    "falls instead of rising": ("accumulate-rises", "-> risk g <= risk (S g)", "-> risk (S g) <= risk g"),
    "rises instead of falling": ("fresh-real-falls", "-> risk (S g) <= risk g", "-> risk g <= risk (S g)"),
    "falls from generation 0": ("fresh-real-falls", "forall g, (1 <= g)", "forall g, (0 <= g)"),
    "limit off by one per cent": ("real-and-latest-limit", "Un_cv risk (4 * p", "Un_cv risk (404 / 100 * p"),
    "least bound too small": (
        "shared-bound",
        "(PI ^ 2 * d / (6 * (T - d - 1)))",
        "(99 / 100 * PI ^ 2 * d / (6 * (T - d - 1)))",
    ),
    "least bound too large": (
        "shared-bound",
        "(PI ^ 2 * d / (6 * (T - d - 1)))",
        "(101 / 100 * PI ^ 2 * d / (6 * (T - d - 1)))",
    ),
    "bound of what falls is not its limit": ("fresh-real-bound", "(value_of risk) (", "(value_of risk) (2 / 3 * "),
    "limits in the other order": (
        "fresh-real-lower-limit",
        "2 * n / (3 * n + 1) < n.",
        "n < 2 * n / (3 * n + 1).",
    ),
    "rate of growth": (
        "gamma-growth",
        "risk G / ((((alpha * n + 1) / (alpha * n)) ^ G)",
        "risk G / ((((alpha * n + 2) / (alpha * n)) ^ G)",
    ),
    "constant of growth": ("kernel-density-growth", "risk G / (ln (INR G)", "risk G / (101 / 100 * ln (INR G)"),
    "constant of a decay": ("dying-sampler-decay", "(25 * ((4 / 5) ^ G) / 16)) 1", "(26 * ((4 / 5) ^ G) / 16)) 1"),
    "decay that ends above 0": ("dying-sampler-decay", "Un_cv risk 0 /\\", "Un_cv risk (1 / 100) /\\"),
    "remainder halved": ("subsample-remainder", "<= 3 * p / (2 * INR G ^ 2 * n)", "<= 3 * p / (4 * INR G ^ 2 * n)"),
    "remainder of another expansion": ("subsample-remainder", "- 3 * p / (INR G * n)", "+ 3 * p / (INR G * n)"),
}


@pytest.mark.slow
@needs_coq
def test_no_false_statement_compiles(source: Callable[[str], str], compiled: Path) -> None:
    texts = []
    for mutation, (name, true, false) in MUTATIONS.items():
        text = _claim(source(name))
        assert true in text, mutation
        texts.append(text.replace(true, false))
    *refused, accepted = _errors(compiled, [*texts, _claim(source("regular-accumulate"))])
    assert not accepted
    assert not [mutation for mutation, said in zip(MUTATIONS, refused, strict=True) if not said]


@pytest.mark.slow
@needs_coq
def test_axiom_is_reported() -> None:
    assert compile_coq("Axiom cheat : False.\nPrint Assumptions cheat.") == ["cheat"]
    with pytest.raises(CoqError, match="coqc rejects the file"):
        compile_coq("Theorem wrong : 1 = 2. Proof. reflexivity. Qed.")
