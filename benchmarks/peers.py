"""Questions put to selfgen and to general systems: SymPy, Maxima, PARI/GP; the latter two where they are installed.

Polar, which derives moments of loops, is not run: its published time stands where it was asked the same.

Each is asked what its user would ask it: selfgen by model and workflow, the others for the product, sum or loop that a
person has derived before. Processor time is of the whole process, with what it loads; an answer is right when it is
within 1e-9 of a number that is computed here by neither.
"""

from __future__ import annotations

import re
import resource
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import pi, sin

TIMEOUT = 120
CLOSE = 1e-9
LATE = 3000


@dataclass(frozen=True)
class Answer:
    """``verdict``: right, wrong, or no number; ``seconds`` of processor time; None where the peer is not installed."""

    question: str
    peer: str
    verdict: str
    seconds: float | None


@dataclass(frozen=True)
class Question:
    """What is asked of each peer, in its language, and the number that the answer must be."""

    text: str
    asked: Mapping[str, str]
    number: float
    published: Mapping[str, Answer] = field(default_factory=dict)


def _selfgen(expression: str) -> str:
    return f"from theory import *\nprint('ANSWER', float({expression}))"


def _sympy(expression: str, before: str = "") -> str:
    return f"from sympy import *\nj = symbols('j', integer=True)\n{before}\nprint('ANSWER', N({expression}, 15))"


def _coin_at(last: int) -> float:
    """The risk of a coin, p = 1/3, n = 4, under accumulate, one step after another in doubles."""
    risk, truth = 0.0, 2 / 9
    for g in range(1, last + 1):
        risk += (truth - risk) / (4 * g * g)
    return risk


POLAR = "Polar, as published"
"""On another machine, and without the start of its process."""

WALK = f"the variance of a random walk, for all steps and then at {LATE}: a mean of one point, replace"

QUESTIONS = (
    Question(
        "coin flips for ever: p = 1/2, n = 2, accumulate",
        {
            "selfgen": _selfgen("expected_risk(Bernoulli(p='1/2', n=2), Accumulate()).limit"),
            "SymPy": _sympy("(1 - Product(1 - 1/(2*j**2), (j, 1, oo)).doit())/4"),
            "Maxima": "float((1 - product(1 - 1/(2*j^2), j, 1, inf))/4), simpproduct;",
            "PARI": "(1 - prodnumrat(1 - 1/(2*x^2), 1))/4",
        },
        (1 - sin(pi / 2**0.5) / (pi / 2**0.5)) / 4,
    ),
    Question(
        "a mean for ever over generation 1: accumulate",
        {
            "selfgen": _selfgen("expected_risk(Regular(p=1, n=1), Accumulate()).ratio.limit"),
            "SymPy": _sympy("summation(1/j**2, (j, 1, oo))"),
            "Maxima": "float(sum(1/j^2, j, 1, inf)), simpsum;",
            "PARI": "sumnumrat(1/x^2, 1)",
        },
        pi**2 / 6,
    ),
    Question(
        f"coin flips, exact at generation {LATE}: p = 1/3, n = 4, accumulate",
        {
            "selfgen": _selfgen(f"expected_risk(Bernoulli(p='1/3', n=4), Accumulate()).at({LATE})"),
            "SymPy": _sympy("y", f"y = S(0)\nfor g in range(1, {LATE + 1}):\n    y += (Rational(2, 9) - y)/(4*g**2)"),
            "Maxima": f"block([y: 0], for g: 1 thru {LATE} do y: y + (2/9 - y)/(4*g^2), float(y));",
            "PARI": f"y=0;for(g=1,{LATE},y+=(2/9-y)/(4*g^2));1.*y",
        },
        _coin_at(LATE),
    ),
    Question(
        WALK,
        {
            "selfgen": _selfgen(f"expected_risk(GaussianMean(sigma2=1, n=1), Replace()).closed_form.subs(G, {LATE})"),
            "SymPy": _sympy(
                f"rsolve(y(n) - y(n - 1) - 1, y(n), {{y(0): 0}}).subs(n, {LATE})",
                "y, n = Function('y'), symbols('n', integer=True)",
            ),
            "Maxima": f"float(sum(1, j, 1, {LATE}));",
            "PARI": f"1.*sum(j=1,{LATE},1)",
        },
        float(LATE),
        # Of `random-walk-1d`, E(x²) = n: the outputs of table 2 that come with Moosbrugger, Stankovič, Bartocci and
        # Kovács 2022, in the folder oopsla-experiments of github.com/probing-lab/polar.
        {POLAR: Answer(WALK, POLAR, "right", 0.229)},
    ),
)

#: How each is started; what it is asked comes by standard input.
COMMANDS = {
    "selfgen": [sys.executable, "-"],
    "SymPy": [sys.executable, "-"],
    "Maxima": ["maxima", "--very-quiet"],
    "PARI": ["gp", "-q", "-f", "-s", "1G"],
}


def answers() -> list[Answer]:
    """Every question, put to every peer."""
    return [_ask(question, peer) for question in QUESTIONS for peer in (*COMMANDS, POLAR)]


def _ask(question: Question, peer: str) -> Answer:
    if peer not in question.asked:
        return question.published.get(peer, Answer(question.text, peer, "–", None))
    command = COMMANDS[peer]
    if shutil.which(command[0]) is None:
        return Answer(question.text, peer, "not installed", None)
    before = _children()
    try:
        done = subprocess.run(
            command, input=question.asked[peer] + "\n", capture_output=True, text=True, check=False, timeout=TIMEOUT
        )
    except subprocess.TimeoutExpired:
        return Answer(question.text, peer, f"none in {TIMEOUT} s", float(TIMEOUT))
    return Answer(question.text, peer, _verdict(done.stdout, question.number), _children() - before)


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _verdict(output: str, number: float) -> str:
    """What the last line that is a number says; a formula that is left as it was asked is no answer."""
    lines = [line.removeprefix("ANSWER").strip() for line in output.splitlines() if line.strip()]
    found = re.fullmatch(r"-?\d+\.\d+(?:[eE][-+]?\d+)?", lines[-1].replace(" E", "E")) if lines else None
    if found is None:
        return "no number"
    return "right" if abs(float(found[0]) - number) <= CLOSE * abs(number) else "wrong"
