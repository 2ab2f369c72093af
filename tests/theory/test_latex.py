"""Theorem lines compile: by LaTeX where there is one, by matplotlib's mathtext otherwise."""

from __future__ import annotations

import re
import shutil
import subprocess
from itertools import product

import derived
import pytest
from sympy import Symbol, symbols

from theory import (
    Accumulate,
    AccumulateSubsample,
    Bernoulli,
    BiasedSampler,
    FreshReal,
    GaussianFit,
    GaussianMean,
    LinearRegression,
    Location,
    NotDerivedError,
    PosteriorMean,
    PosteriorSample,
    QuadraticVariance,
    RealPlusLatest,
    Regular,
    Replace,
    RidgeRegression,
    SlidingWindow,
    UniformMaximum,
    Weighted,
    expected_risk,
    j,
)
from theory.registry import MODELS

share, budget, s = symbols("lambda b s", positive=True)
WORKFLOWS = [
    Replace(), Accumulate(), AccumulateSubsample(), SlidingWindow(2), RealPlusLatest(share), FreshReal(share),
]  # fmt: skip


def theorems():
    made = []
    built_in = [model() for model in MODELS.values()]
    wide = [
        LinearRegression(signal="B"),
        LinearRegression(signal="B", design="shared"),
        LinearRegression(37, 8, signal=2),
    ]
    for model in [*built_in, LinearRegression(design="shared"), *wide]:
        # the sum of two others, with pages of polynomials in n
        losses = set(model.losses) - {"squared", "covariance"} if isinstance(model, GaussianFit) else {"squared"}
        for workflow, loss in product(WORKFLOWS, sorted(losses - {"wasserstein"})):
            try:
                risk = derived.risk(model, workflow, loss)
            except NotDerivedError:
                continue
            made.append(risk.latex())
    for workflow in (
        AccumulateSubsample(budget), AccumulateSubsample(budget, True), AccumulateSubsample(3), SlidingWindow(3),
        SlidingWindow(Symbol("k", integer=True, positive=True)), Accumulate(sizes=j), Accumulate(sizes=j**2),
        Accumulate(sizes=2**j), Replace(sizes=j**s), Weighted(Accumulate().weights),
    ):  # fmt: skip
        made.append(derived.risk(Regular(), workflow).latex())
    made.append(derived.risk(QuadraticVariance(), SlidingWindow(2)).latex())
    return made + bent_theorems()


def bent_theorems():
    """Loops that bend: the risk, and for one model its bias and its variance."""
    tau, kappa, target, width = symbols("tau kappa m w", positive=True)
    models = [
        BiasedSampler(Bernoulli(p="1/3", n=50), tau, "1/2"), BiasedSampler.verified(GaussianMean(), target, width),
        PosteriorMean(Bernoulli(p="1/3", n=50), 2, "1/2"), PosteriorSample(GaussianMean(), kappa, target),
    ]  # fmt: skip
    risks = [derived.risk(model, workflow) for model in models for workflow in (Replace(), Accumulate())]
    others = [(RidgeRegression(), Replace()), (UniformMaximum(), Replace()), (UniformMaximum(n=3), RealPlusLatest())]
    parts = [*risks, *(part for risk in risks[:2] for part in (risk.bias, risk.variance))]
    parts += [derived.risk(*pair) for pair in [*others, (Location(variance="2/7"), Accumulate())]]
    parts += [
        derived.risk(GaussianFit(d=1, temperature=tau), workflow, "trace") for workflow in (Replace(), Accumulate())
    ]
    return [part.latex() for part in parts]


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no LaTeX on this machine")
def test_a_document_of_all_theorems_compiles(tmp_path):
    body = "\n".join(f"\\[\n{line}\n\\]" for line in theorems())
    source = "\\documentclass{article}\\usepackage{amsmath,amssymb}\\begin{document}\n" + body + "\n\\end{document}\n"
    (tmp_path / "theorems.tex").write_text(source, encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "theorems.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:]


#: Class, what stands before the document, and the width of its text in em.
CLASSES = {
    "article": (r"\documentclass{article}\usepackage{amsmath}", 34.5),
    "amsart": (r"\documentclass{amsart}", 36),
    "IEEEtran": (r"\documentclass[conference]{IEEEtran}\usepackage{amsmath}", 25.2),
    "beamer": (r"\documentclass{beamer}", 28),
}


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no LaTeX on this machine")
@pytest.mark.parametrize("name", CLASSES)
def test_thirty_theorems_fit_the_text_of(name, tmp_path):
    preamble, width = CLASSES[name]
    if not subprocess.run(["kpsewhich", f"{name}.cls"], capture_output=True, check=False).stdout:
        pytest.skip(f"{name} is not installed")
    shown = [f"\\[\n{risk.latex(width=width, amsfonts=False)}\n\\]" for risk in thirty()]
    body = "\n".join(f"\\begin{{frame}}\n{one}\n\\end{{frame}}" if name == "beamer" else one for one in shown)
    source = f"{preamble}\\begin{{document}}\n{body}\n\\end{{document}}\n"
    (tmp_path / "theorems.tex").write_text(source, encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "theorems.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:]
    wide = re.findall(r"Overfull \\hbox \(([\d.]+)pt", done.stdout)
    assert all(float(points) <= 5 for points in wide), wide


def thirty():
    """Theorems of thirty risks, short and long ones."""
    models = [MODELS[name]() for name in ("bernoulli", "quadratic-variance", "regular", "linear-regression")]
    risks = [derived.risk(model, workflow) for model in models for workflow in WORKFLOWS]
    bent = BiasedSampler(Bernoulli(p="1/3", n=50), symbols("tau", positive=True), "1/2")
    bent_risk = derived.risk(bent, Accumulate())
    wide = LinearRegression(signal="B", design="shared")
    further = [(wide, SlidingWindow(2)), (GaussianFit(d=1), Accumulate()), (Location(variance="2/7"), Accumulate())]
    return [*risks, bent_risk, bent_risk.bias, bent_risk.variance, *(derived.risk(*pair) for pair in further)]


@pytest.mark.skipif(shutil.which("pdflatex") is not None, reason="LaTeX itself is the judge")
def test_every_row_is_mathematics():
    """mathtext knows no alignment or cases: rows are parsed one by one, braces and commands as in LaTeX."""
    from matplotlib.mathtext import MathTextParser

    parser = MathTextParser("path")
    for line in theorems():
        body = line.removeprefix("\\begin{aligned}\n").removesuffix("\n\\end{aligned}")
        for row in body.split(" \\\\\n"):
            if "\\begin{" in row or r"\\" in row:
                continue
            # Two commands of LaTeX that mathtext lacks.
            text = row.replace("&", "").replace(r"\!", "").replace(r"\bmod", r"\mathrm{mod}")
            parser.parse(f"${text}$")


def test_ratios_compile_as_well():
    line = expected_risk(LinearRegression(), Accumulate()).ratio.latex()
    assert line.startswith("\\begin{aligned}\nR_G / R_1 &=")
    assert line.count("{") == line.count("}")


def test_named_symbols_and_all_four_parts():
    line = expected_risk(LinearRegression(), Accumulate()).latex()
    for part in (r"R_G &=", r"\lim_{G \to \infty} R_G &=", r"R_G &\leq", r"T \geq d + 2", r"\psi", "H_{G}"):
        assert part in line
    assert "H_{G}^{(2)}" in expected_risk(Regular(), Accumulate()).latex()
    assert "leading order in }1/n" in expected_risk(Regular(), Accumulate()).latex()
    assert r"\frac{\pi^{2}}{6}" in expected_risk(Regular(), Accumulate()).ratio.latex()


def test_without_a_closed_form_the_recurrence_is_printed_as_it_runs():
    growing = expected_risk(Bernoulli(), Accumulate(sizes=j)).latex()
    assert r"m_{0} &= 0" in growing
    assert r"m_{g} &= m_{g-1} \left(1 - \frac{4}{g n \left(g + 1\right)^{2}}\right) + \frac{4}" in growing
    window = expected_risk(GaussianMean(), SlidingWindow(3, sizes=j)).latex()
    assert r"R_{2} &= \frac{11 \sigma^{2}}{9 n}" in window
    assert r"3 \leq G" in window
    subsample = expected_risk(Bernoulli("1/3", 2), AccumulateSubsample("3/2")).latex()
    for regime in (r"1 \leq G < 2", r"2 \leq G < 3", r"3 \leq G", r"2 \leq g < 3", r"3 \leq g"):
        assert regime in subsample
    leading = expected_risk(Regular(), SlidingWindow(2, sizes=j)).latex()
    assert r"R_G &\simeq" in leading


def test_notebooks_show_the_formula():
    assert expected_risk(Regular(), Replace()).ratio._repr_latex_() == r"$\displaystyle R_G / R_1 = G$"
