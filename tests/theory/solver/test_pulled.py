"""Leading terms of steps that fade slowly, against the steps run by themselves and against the phases of shares."""

from __future__ import annotations

import pytest
from sympy import Expr, Matrix, Rational, Symbol, lambdify, oo, simplify, sqrt, sympify

from theory import Bernoulli, FreshReal, G, Regular, expected_risk
from theory.design.real_shares import share_phase
from theory.moments.recurrence import MomentRecurrence
from theory.solver.pulled import pulled, pulled_growth
from theory.workflows.dynamics import GENERATION

LATE = 200_000
X = Symbol("x", positive=True)


def run(a: float, c: float, d: float) -> float:
    """The ratio at generation LATE with shares c g^(−a) and g^d n new real rows, in floating point."""
    y = 1.0
    for g in range(2, LATE + 1):
        share = c * g**-a
        y = (1 - share) ** 2 * (y + 1) + share**2 * g**-d
    return y


@pytest.mark.parametrize(
    ("a", "c", "d"),
    [("1/2", "1", 0), ("1/3", "1/2", 0), ("1", "1/2", 0), ("3/2", "1", 0), ("1/2", "1", -1), ("1/2", "1/2", 1)],
)
def test_shares_that_fall_as_powers(a: str, c: str, d: int) -> None:
    """The next order is smaller by g^(−a), g^(a−1) or g^(−1/2): below 2 % at 200,000."""
    power, factor = Rational(a), Rational(c)
    growth = expected_risk(Regular(p=1, n=1), FreshReal(share=f"({c})/j^({a})", real=f"j^({d})")).growth
    assert growth is not None
    assert simplify(growth / share_phase(power, 0, factor, 1, d).growth) == 1
    assert run(float(power), float(factor), d) == pytest.approx(float(growth.subs(G, LATE)), rel=0.02)


@pytest.mark.parametrize(
    ("fades", "comes"),
    [(1 / (4 * X), 1 / sqrt(X)), (X**-2, 2 / sqrt(X)), (2 / X, sqrt(X)), (1 / (4 * X), sqrt(X)), (X**-2, X / 3)],
    ids=str,
)
def test_what_comes_in_may_itself_fall_or_grow(fades: Expr, comes: Expr) -> None:
    """s = c + 1 − β, by the steps in floating point: what is left out is smaller by g^(−1/2) at least."""
    recurrence = moment(1 - fades, comes)
    found = pulled(recurrence)
    assert found is not None
    y, (fade, come) = 0.0, (lambdify(X, part, "math") for part in (fades, comes))
    for g in range(2, LATE + 1):
        y = (1 - fade(g)) * y + come(g)
    assert y == pytest.approx(float(pulled_growth(found).subs(G, LATE)), rel=0.01)


def moment(step: Expr, push: Expr) -> MomentRecurrence:
    step, push = (part.subs(X, GENERATION) for part in (step, push))
    return MomentRecurrence(
        start=2, matrix=Matrix([[step]]), forcing=Matrix([[push]]), readout=Matrix([[1]]), initial=Matrix([[0]])
    )


@pytest.mark.parametrize("share", ["1 - 1/j", "1 - 1/(2*j)", "1 - 1/sqrt(j)"])
def test_shares_that_tend_to_one_settle_at_real_data_alone(share: str) -> None:
    assert expected_risk(Regular(p=1, n=1), FreshReal(share=share)).limit == 1


def test_curvature_holds_what_would_grow() -> None:
    """Flips of a coin: no risk exceeds p(1 − p), which shares that fade leave it to; waiting times grow without end."""
    fading = FreshReal(share="1/sqrt(j)")
    assert expected_risk(Bernoulli(p="1/3", n=4), fading).limit == sympify("2/9")
    assert expected_risk(Regular(p=1, n=1), fading).limit is oo
