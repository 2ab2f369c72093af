"""From the fit to the recurrence: the steps are those of the literature, and a wrong one is found out."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sympy import (
    EulerGamma,
    Function,
    Rational,
    S,
    Sum,
    Symbol,
    cancel,
    factorial,
    gamma,
    harmonic,
    lerchphi,
    pi,
    polygamma,
    polylog,
    simplify,
    sqrt,
    zeta,
)

from theory import (
    Accumulate,
    FreshReal,
    GaussianFit,
    KernelDensity,
    LinearRegression,
    Replace,
    SlidingWindow,
    expected_risk,
)
from theory.derivation import Derivation, StepError
from theory.derivation.arguments import argument, matrices
from theory.derivation.arguments.least_norm import InverseMoment
from theory.derivation.arguments.matrices import chi_square_moment, evaluated, letter, log_chi_square, rational_matrix
from theory.derivation.functions import explained
from theory.derivation.relation import EQUAL, Relation
from theory.derivation.step import NotShown, Step
from theory.expressions.multidigamma import multidigamma

g = Symbol("g", integer=True, positive=True)
x = Symbol("x", positive=True)


def steps_of(model, workflow, loss="squared"):
    risk = expected_risk(model, workflow, loss=loss)
    return argument(model, workflow, loss, risk.recurrence, g)[0]


def shown(steps, fragment):
    (right,) = [step.expression.right for step in steps if fragment in str(step.expression.left)]
    return right


# -- the formulas --------------------------------------------------------------------------------------------------


def test_moments_of_chi_square_are_those_of_the_tables():
    k = Symbol("k", positive=True)
    assert simplify(chi_square_moment(S.NegativeOne, k) - 1 / (k - 2)) == 0
    assert simplify(chi_square_moment(S.One, k) - k) == 0
    assert simplify(chi_square_moment(S.Half, S(1)) - sqrt(2 / pi)) == 0
    assert abs(log_chi_square(S(2)).evalf(20) - Rational(115931515658412448810720031376, 10**30)) < 1e-19


def test_a_wrong_moment_of_chi_square_is_refused():
    formula = 2**-1 * gamma(matrices._k / 2 - 1) / gamma(matrices._k / 2)
    matrices._verify_integral(lambda x: 1 / x, formula)
    with pytest.raises(NotShown, match="integral"):
        matrices._verify_integral(lambda x: 1 / x, formula * Rational(101, 100))


def test_least_squares_rests_on_the_inverse_wishart_mean():
    model = LinearRegression()
    steps = steps_of(model, Accumulate())
    assert shown(steps, "N_g") == g * model.T
    assert cancel(steps[-1].expression.right - model.d / (g * model.T - model.d - 1)) == 0
    assert steps_of(model, SlidingWindow(2)) == []
    assert steps_of(LinearRegression(design="shared"), Accumulate()) == []


def test_a_recurrence_that_is_not_that_of_the_fit_is_refused():
    step = steps_of(LinearRegression(), Accumulate())[-1]
    assert isinstance(step.check, InverseMoment)
    step.check(step.expression)
    for forcing in (step.check.forcing * Rational(101, 100), step.check.forcing.subs(g, g + 1)):
        with pytest.raises(NotShown):
            replace(step.check, forcing=forcing)(step.expression)


@pytest.mark.parametrize("loss", ["kl", "log-determinant"])
def test_a_loss_that_is_not_that_of_the_chain_is_refused(loss):
    """Right in every displayed rule, the derivation fails where the library's recurrence has other values."""
    model, workflow = GaussianFit(d=2, n=9), Replace()
    recurrence = expected_risk(model, workflow, loss=loss).recurrence
    steps = argument(model, workflow, loss, recurrence, g)[0]
    Derivation("", tuple(steps)).check()
    wrong = recurrence.changed(matrix=recurrence.matrix * Rational(101, 100), forcing=recurrence.forcing * 2)
    steps = argument(model, workflow, loss, wrong, g)[0]
    with pytest.raises(StepError):
        Derivation("", tuple(steps)).check()


def test_wishart_steps_are_those_of_muirhead():
    model = GaussianFit()
    n, d = model.n, model.d
    steps = steps_of(model, Replace(), "kl")
    inverse, form, volume = (step.expression for step in steps[2:5])
    q = n / (n - d - 2)
    assert cancel(inverse.right.coeff(next(iter(inverse.right.free_symbols - {n, d}))) - q) == 0
    before = next(iter(form.right.free_symbols - {n, d}))
    assert cancel(form.right.subs(before, 0) - q * d / n) == 0
    assert volume.right.has(multidigamma(n / 2 - S.Half, d))
    assert steps_of(model, Accumulate(), "kl") == []


def test_wasserstein_steps_use_the_mean_of_chi():
    model = GaussianFit(d=1)
    n = model.n
    right = steps_of(model, Replace(), "wasserstein")[-1].expression.right
    before = next(symbol for symbol in right.free_symbols if symbol != n)
    # c₄ by its value for two points: E σ = √(1/π) for a variance divided by n = 2.
    assert simplify(right.subs(n, 2) / before - 1 / sqrt(pi)) == 0


def test_spectrum_steps_are_the_recursion_of_the_second_moments():
    model = KernelDensity()
    steps = steps_of(model, Accumulate(), "mise")
    n, kappa = model.n, Symbol("kappa", positive=True)
    moved = next(step.expression.right for step in steps if str(step.expression.left) == "Q(g)")
    Q = Function("Q")
    expected = ((g - 1) ** 2 + 2 * (g - 1) * kappa + (1 - 1 / n) * kappa**2) / g**2 * Q(g - 1) + 1 / (n * g**2)
    assert simplify(moved - expected) == 0
    assert steps_of(model, FreshReal(), "mise") == []
    assert steps_of(KernelDensity(bandwidth="scott"), Accumulate(), "mise") == []


def test_steps_are_checked_on_more_than_the_model():
    """A fit that weighs its rows otherwise than the recurrence says does not pass."""
    steps = steps_of(LinearRegression(), Accumulate())
    for step in steps[:2]:
        wrong = replace(step.check, workflow=Replace())
        if step is steps[0]:
            with pytest.raises(NotShown):
                wrong(step.expression)
        else:
            wrong(step.expression)  # replacing moves by the same formula, with other rows
    twice = replace(steps[1].expression, right=steps[1].expression.right + letter("w_{g-1}"))
    with pytest.raises(NotShown, match="fit of generation"):
        steps[1].check(twice)


def test_matrix_formulas_keep_the_order_of_their_factors():
    a, b = letter("A"), letter("B")
    at = {a: rational_matrix(2, 2, 1), b: rational_matrix(2, 2, 2)}
    assert evaluated(a * b, at) == at[a] * at[b] != at[b] * at[a]
    assert evaluated(2 * a**-1 - b, at) == 2 * at[a].inv() - at[b]
    with pytest.raises(NotShown, match="stands for no matrix"):
        evaluated(a * letter("C"), at)


# -- the functions -------------------------------------------------------------------------------------------------

FUNCTIONS = {
    "digamma": (polygamma(0, x), 2),
    "trigamma": (polygamma(1, x), 1),
    "third": (polygamma(3, x + 1), 1),
    "harmonic": (harmonic(g, 2), 1),
    "polylogarithm": (polylog(Rational(1, 2), x), 1),
    "Lerch": (lerchphi(x, Rational(3, 2), g), 1),
    "several dimensions": (multidigamma(x, 3), 3),
    "zeta": (zeta(3), 1),
    "Euler": (EulerGamma + 1, 1),
    "Gamma": (gamma(x), 1),
    "factorial alone": (factorial(g), 0),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_is_said_once_and_rightly(name):
    value, count = FUNCTIONS[name]
    step = Step(Relation(Symbol("R"), EQUAL, value), "hence", lambda relation: None)  # type: ignore[arg-type, return-value]
    found = explained([step, step])
    assert found[0] is step
    said = [one for one in found if one is not step]
    assert len(said) == count
    for one in said:
        one.check(one.expression)
        right = one.expression.right
        for wrong in (right * Rational(101, 100), -right, right + Rational(1, 1000)):
            with pytest.raises(NotShown):
                one.check(replace(one.expression, right=wrong))
        for part in right.atoms(Sum):
            index, lower, upper = part.limits[0]
            with pytest.raises(NotShown):
                one.check(
                    replace(one.expression, right=right.subs(part, Sum(part.function, (index, lower + 1, upper))))
                )


def test_latex_does_not_define_what_it_writes_out():
    proof = expected_risk(GaussianFit(), Replace(), loss="kl").derivation
    assert "multidigamma(x, d) = Sum" in proof.text()
    assert "sum of digamma" not in proof.latex()
    assert r"\psi" in proof.latex()
