"""Risks as functions in other languages, run or compiled here, against the exact values."""

from __future__ import annotations

import ctypes
import math
import shutil
import subprocess

import pytest
from sympy import Rational

from theory import (
    Accumulate,
    AccumulateSubsample,
    Bernoulli,
    ContaminatedPool,
    DomainError,
    KernelDensity,
    LinearRegression,
    NotDerivedError,
    PosteriorMean,
    Regular,
    Replace,
    SlidingWindow,
    expected_risk,
)

NUMBERS = {"p": 0.25, "n": 8, "d": 3, "T": 9, "m": 0.5, "kappa": 1.5}
CASES = {
    "closed form": (Regular(), Replace()),
    "gamma": (Bernoulli(), Accumulate()),
    "harmonic, so a loop": (Regular(), Accumulate()),
    "regimes": (Bernoulli(), AccumulateSubsample(budget=3)),
    "window": (Bernoulli(), SlidingWindow(k=2)),
    "infinite": (LinearRegression(), Accumulate()),
    "pool": (Bernoulli(), ContaminatedPool(real="1/3")),
    "early": (PosteriorMean(Bernoulli(p="1/4", n=8), strength="3/2", prior_mean="1/2"), SlidingWindow(k=2)),
}
LANGUAGES = ("python", "c", "r", "julia")
TOOLS = {"c": "gcc", "r": "Rscript", "julia": "julia"}


def values(language, text, arguments, generations, folder):
    """The function run at some generations; None where the tool is not on this machine."""
    if language == "python":
        found: dict = {}
        exec(text, found)
        return [found["risk"](g, *arguments) for g in generations]
    if shutil.which(TOOLS[language]) is None:
        pytest.skip(f"{TOOLS[language]} is not on this machine")
    if language == "c":
        (folder / "risk.c").write_text(text)
        built = [
            "gcc",
            "-O1",
            "-Wall",
            "-Werror",
            "-shared",
            "-fPIC",
            "-o",
            str(folder / "risk.so"),
            str(folder / "risk.c"),
        ]
        subprocess.run([*built, "-lm"], check=True, capture_output=True)
        function = ctypes.CDLL(str(folder / "risk.so")).risk
        function.restype = ctypes.c_double
        return [function(*map(ctypes.c_double, (g, *arguments))) for g in generations]
    calls = [f"risk({', '.join(map(str, (g, *arguments)))})" for g in generations]
    shown = "\n".join(f"cat({call}, '\\n')" if language == "r" else f"println({call})" for call in calls)
    (folder / "risk.txt").write_text(f"{text}\n{shown}\n")
    said = subprocess.run([TOOLS[language], str(folder / "risk.txt")], check=True, capture_output=True, text=True)
    return [float(line) for line in said.stdout.split()]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("case", CASES)
def test_code_gives_the_risk(case, language, tmp_path):
    risk = expected_risk(*CASES[case])
    names = sorted(symbol.name for symbol in risk.free_symbols)
    generations = (1, 2, 3, 4, 5, 12)
    found = values(language, risk.code(language), [NUMBERS[name] for name in names], generations, tmp_path)
    numbers = {symbol: Rational(NUMBERS[symbol.name]) for symbol in risk.free_symbols}
    exact = risk.recurrence.subs(numbers)
    assert found == pytest.approx([float(exact.at(g)) for g in generations], rel=1e-10)


@pytest.mark.parametrize("strength", [0, 2, 1000])
def test_late_generations_and_long_numbers_stay_in_the_range_of_a_double(strength):
    risk = expected_risk(PosteriorMean(Bernoulli(p="1/3", n=2), strength, "1/2"), Accumulate())
    found: dict = {}
    exec(risk.code("python"), found)
    assert found["risk"](300) == pytest.approx(float(risk.at(300)), rel=1e-10)


def test_what_is_infinite_is_no_number():
    found: dict = {}
    exec(expected_risk(LinearRegression(), Replace()).code("python"), found)
    names = found["risk"].__code__.co_varnames[:3]
    assert names == ("G", "T", "d")
    assert found["risk"](3, 6, 5) == math.inf
    assert found["risk"](3, 7, 5) == 15


def test_refusals():
    risk = expected_risk(Regular(), Accumulate())
    assert risk.code("latex") == risk.latex()
    with pytest.raises(DomainError, match="language = 'cobol' is not one of python, c, r, julia, latex"):
        risk.code("cobol")
    with pytest.raises(NotDerivedError, match="has no recurrence of moments to write"):
        expected_risk(KernelDensity(), Accumulate(), "mise").code("c")
