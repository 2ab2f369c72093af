"""Ridge in a loop: the Wishart law against integrals, chains against linear algebra, limits against each other."""

from __future__ import annotations

from fractions import Fraction
from itertools import islice, pairwise
from math import prod

import mpmath
import pytest
from flint import arb, ctx, fmpq
from scipy import integrate, special, stats
from sympy import Expr, Integer, Rational, S, Symbol, cancel, diff, exp, expand_func, expint, simplify

from theory import (
    Accumulate,
    AccumulateSubsample,
    ContaminatedPool,
    DomainError,
    FreshReal,
    LinearRegression,
    NotDerivedError,
    RealPlusLatest,
    Replace,
    SlidingWindow,
    Weighted,
    expected_risk,
)
from theory.derivation.step import NotShown
from theory.derivation.trend import _below
from theory.design.penalty import best_penalty
from theory.expressions.balls import BallProgram
from theory.expressions.symbols import G
from theory.models.ridge.arctangent_transform import arctangent_ball
from theory.models.ridge.eigenvalue_density import eigenvalue_density, tight_enclosure
from theory.models.ridge.inverse_moments import inverse_moments
from theory.models.ridge.kept_rows import kept_rows_noise
from theory.models.ridge.limiting_shrinkage import limiting_shrinkage
from theory.models.ridge.partial_fractions import partial_fractions
from theory.models.ridge.trace_moments import arctangent_transform, wishart_trace
from theory.models.ridge_regression import RidgeRegression

SHAPES = ((1, 2), (2, 5), (3, 4), (8, 5))
x = Symbol("x", positive=True)


# -- the Wishart law ---------------------------------------------------------------------------------------


def test_one_dimension_and_two_rows_as_by_hand():
    # x = λ/2, h = eˣE₁(x): α = 1 − xh, β = 1 − 2xh + x − x²h, η = (h − 1 + xh)/2.
    h = exp(x) * expint(1, x)
    expected = {(1, 1): 1 - x * h, (2, 2): 1 - 2 * x * h + x - x**2 * h, (1, 2): (h - 1 + x * h) / 2}
    for (i, k), formula in expected.items():
        assert simplify(expand_func(wishart_trace(i, k, 1, 2, 2 * x)) - formula) == 0


@pytest.mark.parametrize("T", [1, 2, 3, 6, 9])
@pytest.mark.parametrize("penalty", [0.02, 1.4, 90.0])
def test_one_dimension_is_an_integral_over_chi_square(T, penalty):
    for i, k in ((1, 1), (2, 2), (1, 2), (2, 3), (0, 4)):
        value = stats.chi2(T).expect(lambda s, i=i, k=k: s**i / (s + penalty) ** k, epsabs=1e-13, epsrel=1e-11)
        found = float(wishart_trace(i, k, 1, T, Rational(str(penalty))).evalf(20))
        assert found == pytest.approx(value, rel=1e-7)


@pytest.mark.parametrize("T", [2, 3, 4, 7])
def test_two_dimensions_are_a_double_integral(T):
    # Eigenvalues of W_2(T): density ∝ (st)^((T−3)/2) e^(−(s+t)/2) |s − t|, by numbers alone; s = a², t = b².
    def weight(a, b):
        return (a * b) ** (T - 2) * abs(a * a - b * b) * 2.718281828459045 ** (-(a * a + b * b) / 2)

    def integral(f):
        inner = integrate.dblquad(lambda b, a: weight(a, b) * f(a * a, b * b), 0, 9, 0, lambda a: a, epsabs=1e-10)
        return inner[0]

    total = integral(lambda s, t: 1)
    for i, k in ((1, 1), (2, 2), (1, 2), (2, 3)):
        mean = integral(lambda s, t, i=i, k=k: s**i / (s + 0.7) ** k + t**i / (t + 0.7) ** k) / total
        assert float(wishart_trace(i, k, 2, T, Rational(7, 10)).evalf(20)) == pytest.approx(mean, rel=1e-6)


@pytest.mark.parametrize(("d", "T"), [*SHAPES, (4, 6), (5, 5), (6, 6), (7, 4), (3, 9), (12, 20)])
def test_moments_known_by_other_means(d, T):
    # λ E tr W/(W + λ) → E tr W = dT and λ² E tr W/(W + λ)² → the same; the next order is E tr W² = dT(d + T + 1).
    large = Integer(10) ** 12
    assert large * wishart_trace(1, 1, d, T, large).evalf(60) == pytest.approx(
        float(d * T - Rational(d * T * (d + T + 1)) / large), rel=1e-14
    )
    # As λ → 0: E tr W⁻¹ over the nonzero eigenvalues is m/(n − m − 1).
    m, n = min(d, T), max(d, T)
    small = Rational(1, 10**14)
    if n >= m + 4:
        assert float(wishart_trace(1, 2, d, T, small).evalf(30)) == pytest.approx(m / (n - m - 1), rel=1e-10)
    assert float(wishart_trace(1, 1, d, T, small).evalf(30)) == pytest.approx(m, rel=1e-5)
    # Three forms, one identity: α = β + λη.
    a, b, c = (wishart_trace(i, k, d, T, Rational(3, 2)).evalf(40) for i, k in ((1, 1), (2, 2), (1, 2)))
    assert abs(a - b - Rational(3, 2) * c) < 1e-35
    assert wishart_trace(1, 2, d, T, Integer(3)).evalf(25) == wishart_trace(1, 2, T, d, Integer(3)).evalf(25)


@pytest.mark.parametrize(("d", "T"), [(1, 3), (2, 4), (3, 4), (2, 5), (4, 4)])
def test_written_out_computed_and_differentiated_agree(d, T):
    at = Rational(1, 3)
    f = wishart_trace(1, 1, d, T, x)
    written = expand_func(f)
    assert abs(written.subs(x, at).evalf(40) - f.subs(x, at).evalf(40)) < 1e-38
    assert abs(diff(written, x).subs(x, at).evalf(40) - diff(f, x).subs(x, at).evalf(40)) < 1e-36


def test_density_is_a_density():
    # ρ is nonnegative and integrates to min(d, T), by numbers alone.
    for d, T in ((2, 4), (2, 5), (3, 4), (3, 5)):
        density = eigenvalue_density(d, T)

        def value(root, density=density):
            # u = root², to take the square-root singularity out
            from flint import acb

            return float(density.at(acb(root * root)).real.mid()) * 2 * root

        grid = [0.05 * k for k in range(1, 120)]
        assert min(value(root) for root in grid) > -1e-12
        assert integrate.quad(value, 0, 8, limit=200)[0] == pytest.approx(min(d, T), rel=1e-8)


@pytest.mark.parametrize("c", ["1/50", "1", "9", "60", "300", "5000"])
def test_the_arctangent_transform_is_its_integral(c):
    # V(c) = 4/√c ∫_0^∞ e^{−s} arctan((q−1)/(q+1)) ds/(2√(c+s)), q² = 1 + s/c.
    number = float(Fraction(c))

    def integrand(s):
        q = (1 + s / number) ** 0.5
        import math

        return 2 * math.exp(-s) * math.atan((q - 1) / (q + 1)) / (number * (1 + s / number)) ** 0.5 / number**0.5

    value = integrate.quad(integrand, 0, 60, epsabs=1e-14, epsrel=1e-11, limit=400)[0]
    found = arctangent_transform(Rational(c)).evalf(25)
    assert float(found) == pytest.approx(value, rel=1e-9)


def test_both_ways_to_the_arctangent_transform_agree_where_they_meet():
    # The expansion serves c > bits, the series c ≤ bits: at c = 150 each once.
    with ctx.workprec(128):
        expansion = arctangent_ball(arb(150))
    with ctx.workprec(256):
        series = arctangent_ball(arb(150))
    assert expansion.overlaps(series)
    assert expansion.rel_accuracy_bits() > 100


def test_an_enclosure_holds_what_more_digits_say():
    for d, T in SHAPES:
        coarse = tight_enclosure(1, 2, d, T, fmpq(7, 5), 40)
        fine = tight_enclosure(1, 2, d, T, fmpq(7, 5), 400)
        assert coarse.contains(fine.mid())
        assert 0 < coarse.rad() < arb(2) ** -38


# -- fresh designs -----------------------------------------------------------------------------------------


def test_the_limit_of_proportional_growth():
    risk = expected_risk(RidgeRegression(ratio="1/2", shrinkage="1/2"), Replace())
    assert [risk.at(g) for g in (1, 2, 5)] == [Rational(3, 7), Rational(75, 98), Rational(306297, 268912)]
    assert risk.limit == Rational(6, 5)
    assert risk.exactness == "leading order"


def test_the_limit_in_symbols():
    model = RidgeRegression(sigma2=None, signal=None)
    a, c = model.shrinkage, model.ratio
    risk = expected_risk(model, Replace())
    expected = model.signal + model.sigma2 * c * a**2 / ((1 - a) * (1 + a - 2 * c * a**2))
    assert cancel(risk.limit - expected) == 0
    assert cancel(model.penalty_per_row - (1 - a) * (1 - c * a) / a) == 0
    assert risk.subs(alpha="1/2", gamma="1/2", sigma=1, B=1).at(2) == Rational(75, 98)


@pytest.mark.parametrize("workflow", [Replace(), FreshReal(), FreshReal(real=2), Accumulate()])
def test_large_dimensions_tend_to_the_limit(workflow):
    limit = float(expected_risk(RidgeRegression(ratio="1/2", shrinkage="1/2"), workflow).at(3).evalf(20))
    per_row = RidgeRegression(ratio="1/2", shrinkage="1/2").penalty_per_row
    gaps = []
    for d in (10, 20, 40):
        risk = expected_risk(RidgeRegression(d=d, T=2 * d, penalty=per_row * 2 * d), workflow)
        gaps.append(float(risk.at(3).evalf(20)) - limit)
    # The error is a series in 1/d: halves, and the second difference of Richardson is another order smaller.
    assert abs(gaps[2]) < 0.05 * limit
    assert gaps[0] / gaps[1] == pytest.approx(2, abs=0.35)
    assert abs(2 * gaps[2] - gaps[1]) < 0.2 * abs(gaps[2])


@pytest.mark.parametrize(("d", "T"), [(1, 4), (2, 6), (3, 8)])
def test_no_penalty_left_is_least_squares(d, T):
    ridge = RidgeRegression(d=d, T=T, penalty=Rational(1, 10**15), sigma2="3/2", signal=2)
    for workflow in (Replace(), Accumulate(), Replace(sizes="j"), Accumulate(sizes="j")):
        plain = expected_risk(LinearRegression(d=d, T=T, sigma2="3/2"), workflow)
        for g in (1, 2, 5):
            assert float(expected_risk(ridge, workflow).at(g).evalf(20)) == pytest.approx(float(plain.at(g)), rel=1e-6)
    for workflow in (Replace(), Accumulate(), RealPlusLatest()):
        plain = expected_risk(LinearRegression(d=d, T=T, sigma2="3/2", design="shared"), workflow)
        shared = RidgeRegression(d=d, T=T, penalty=Rational(1, 10**15), sigma2="3/2", signal=2, design="shared")
        assert float(expected_risk(shared, workflow).at(3).evalf(20)) == pytest.approx(float(plain.at(3)), rel=1e-6)


def test_penalty_zero_is_least_squares_itself():
    for workflow in (Replace(), Accumulate()):
        zero = expected_risk(RidgeRegression(d=2, T=7, penalty=0), workflow)
        assert zero.closed_form == expected_risk(LinearRegression(d=2, T=7), workflow).closed_form
    given = RidgeRegression(d=2, T=7, penalty=0, design="shared", eigenvalues=(2, 5))
    assert expected_risk(given, Accumulate()).at(2) == Rational(5, 4) * (Rational(1, 2) + Rational(1, 5))


def test_no_penalty_left_is_least_norm():
    # d ≥ T + 2: THEORY.md, section 11, for replace and for fresh real rows pooled with T + T_r ≤ d − 2.
    d, T, sigma2, signal = 12, 3, Rational(3, 2), Integer(2)
    ridge = RidgeRegression(d=d, T=T, penalty=Rational(1, 10**15), sigma2=sigma2, signal=signal)
    plain = expected_risk(LinearRegression(d=d, T=T, sigma2=sigma2, signal=signal), Replace())
    for g in (1, 2, 5):
        assert float(expected_risk(ridge, Replace()).at(g).evalf(20)) == pytest.approx(float(plain.at(g)), rel=1e-6)
    for real in (1, 2):
        T_r = real * T
        N = T + T_r
        r = expected_risk(LinearRegression(d=d, T=T, sigma2=sigma2, signal=signal), Replace()).at(1)
        for g in (2, 3, 4):
            spare = d - N - 1
            r = (
                (1 - Rational(N, d)) * signal
                + Rational(T, d) * (1 + Rational(T_r, spare)) * r
                + sigma2 * Rational(N, spare)
            )
            found = expected_risk(ridge, FreshReal(real=real)).at(g).evalf(20)
            assert float(found) == pytest.approx(float(r), rel=1e-6)


def test_fresh_rows_in_one_dimension_are_a_double_integral():
    # One feature, T = 3 labelled rows with s ~ χ²_3 and T_r = 6 real ones with r ~ χ²_6:
    # w' = (s w + r w* + X'z)/(s + r + λ).
    penalty = 1.3

    # Gauss–Laguerre for both: χ²_ν/2 has density ∝ t^(ν/2−1) e^(−t).
    (s_nodes, s_weights), (r_nodes, r_weights) = special.roots_genlaguerre(60, 0.5), special.roots_genlaguerre(60, 2)

    def mean(f):
        total = sum(
            v * w * f(2 * t, 2 * u)
            for t, v in zip(s_nodes, s_weights, strict=True)
            for u, w in zip(r_nodes, r_weights, strict=True)
        )
        return total / (s_weights.sum() * r_weights.sum())

    first = mean(lambda s, r: s / (s + penalty)), mean(lambda s, r: (s * s + s) / (s + penalty) ** 2)
    u, m = first
    for _ in range(2):
        u_new = mean(lambda s, r, u=u: (s * u + r) / (s + r + penalty))
        m = mean(lambda s, r, u=u, m=m: (s * s * m + 2 * s * r * u + r * r + s + r) / (s + r + penalty) ** 2)
        u = u_new
    risk = expected_risk(RidgeRegression(d=1, T=3, penalty=Rational(13, 10)), FreshReal(real=2)).at(3)
    assert float(risk.evalf(20)) == pytest.approx(m - 2 * u + 1, rel=1e-6)


def test_kept_rows_telescope_for_any_rows():
    # (S_g + λ)⁻¹ Σ X_jᵀy_j = w_{g−1} + (S_g + λ)⁻¹ X_gᵀz_g, in fractions, d = 2.
    from sympy import Matrix, eye

    penalty = Rational(5, 3)
    blocks = [Matrix([[1, 2], [0, 1]]), Matrix([[3, -1], [1, 1]]), Matrix([[2, 2], [-1, 4]])]
    noise = [Matrix([1, -2]), Matrix([0, 3]), Matrix([2, 1])]
    w = Matrix([1, Rational(1, 2)])
    gram, product = penalty * eye(2), Matrix([0, 0])
    for g, (X, z) in enumerate(zip(blocks, noise, strict=True)):
        gram, product = gram + X.T * X, product + X.T * (X * w + z)
        moved = w + gram.inv() * X.T * z
        w = gram.inv() * product
        assert g == 0 or w == moved


def test_bias_and_variance_make_the_risk():
    for model in (
        RidgeRegression(d=3, T=4, penalty=2, signal=3),
        RidgeRegression(ratio="3/2", shrinkage="1/3", signal=3),
        RidgeRegression(d=3, T=4, penalty=2, signal=3, design="shared"),
        RidgeRegression(d=2, T=4, penalty=2, signal=3, design="shared", eigenvalues=(2, 5)),
    ):
        for workflow in (FreshReal(), Accumulate()):
            risk = expected_risk(model, workflow)
            gap = risk.bias.at(3) ** 2 + risk.variance.at(3) - risk.at(3)
            assert abs(gap.evalf(30, chop=True)) < 1e-25
    bias = expected_risk(RidgeRegression(ratio="1/2", shrinkage="1/2"), Replace()).bias
    assert [bias.at(g) for g in (1, 2)] == [Rational(-1, 2), Rational(-3, 4)]


@pytest.mark.parametrize(("d", "T"), SHAPES)
@pytest.mark.parametrize("penalty", ["1/100", "1", "40"])
def test_in_the_long_run_every_ridge_is_worse_than_predicting_zero(d, T, penalty):
    for design in ("fresh", "shared"):
        risk = expected_risk(RidgeRegression(d=d, T=T, penalty=penalty, design=design), Replace())
        assert risk.limit.evalf(20) > 1


def test_a_symbolic_penalty():
    penalty = Symbol("lambda", positive=True)
    risk = expected_risk(RidgeRegression(d=1, T=2), Replace())
    numbers = expected_risk(RidgeRegression(d=1, T=2, penalty=3), Replace())
    assert abs(risk.limit.subs(penalty, 3).evalf(30) - numbers.limit.evalf(30)) < 1e-25
    assert abs(risk.subs(penalty=3).at(4).evalf(30) - numbers.at(4).evalf(30)) < 1e-25


def test_a_penalty_that_grows_with_the_rows():
    fixed = expected_risk(RidgeRegression(d=2, T=5, penalty=1), Replace())
    growing = expected_risk(RidgeRegression(d=2, T=5, penalty="1/5", per_row=True), Replace())
    assert abs(fixed.at(3).evalf(30) - growing.at(3).evalf(30)) < 1e-25
    with pytest.raises(NotDerivedError, match="penalty per row"):
        expected_risk(RidgeRegression(d=2, T=5, penalty="1/5", per_row=True), Accumulate())


# -- shared designs ----------------------------------------------------------------------------------------


def brute_force(workflow, eigenvalue: Expr, penalty: Expr, signal: Expr, sigma2: Expr, last: int, per_row=False):
    """Risk of one direction by writing every fit as a combination of w* and all noises, in fractions."""
    fits: list[dict[object, Expr]] = []
    for g in range(1, last + 1):
        rows = workflow.rows(g)
        kept = eigenvalue / (eigenvalue + penalty) if per_row else eigenvalue * rows / (eigenvalue * rows + penalty)
        total: dict[object, Expr] = {}
        parts = [(w, fits[index - 2] if index > 1 else {"w": Integer(1)}, ("block", index), workflow.size(index))
                 for index, w in enumerate(workflow.weights(g), start=1)]  # fmt: skip
        parts += [(share, {"w": Integer(1)}, ("real", index), workflow.fresh_size(index))
                  for index, share in enumerate(workflow.fresh_weights(g), start=1) if share != 0]  # fmt: skip
        for weight, teacher, noise, _ in parts:
            for key, value in (*teacher.items(), (noise, Integer(1))):
                total[key] = total.get(key, Integer(0)) + kept * weight * value
        fits.append(total)
    sizes = {("block", i): workflow.size(i) for i in range(1, last + 1)}
    sizes |= {("real", g): workflow.fresh_size(g) for g in range(2, last + 1)}
    found = (fits[-1].pop("w") - 1) ** 2 * signal
    return found + sum(value**2 * sigma2 / (eigenvalue * sizes[key]) for key, value in fits[-1].items() if value != 0)


@pytest.mark.parametrize("per_row", [False, True])
@pytest.mark.parametrize(
    "workflow",
    [Replace(), Accumulate(), RealPlusLatest(), RealPlusLatest(share="1/3"), FreshReal(), SlidingWindow(2),
     FreshReal(real="1/2", share="1/4"), ContaminatedPool(real="1/3"), Accumulate(sizes="j"),
     Weighted(lambda g: [Rational(1, 2)] + [0] * (g - 2) + [Rational(1, 2)] if g > 1 else [1])],
    ids=str,
)  # fmt: skip
def test_given_eigenvalues_are_linear_algebra(workflow, per_row):
    values, penalty, signal, sigma2 = (Integer(3), Rational(1, 2), Integer(0)), Rational(2), Rational(6), Rational(3, 2)
    model = RidgeRegression(
        d=3, T=4, penalty=penalty / (4 if per_row else 1), sigma2=sigma2, signal=signal, design="shared",
        eigenvalues=values, per_row=per_row,
    )  # fmt: skip
    risk = expected_risk(model, workflow)
    for g in (1, 2, 3, 5):
        expected = signal / 3 + sum(
            brute_force(workflow, value, penalty, signal / 3, sigma2, g, per_row) for value in values[:2]
        )
        assert cancel(risk.at(g) - expected) == 0
    gap = risk.bias.at(3) if not per_row else None
    assert gap is None or gap.is_real


def test_given_eigenvalues_in_closed_form():
    risk = expected_risk(RidgeRegression(d=2, T=5, penalty=1, design="shared", eigenvalues=(3, 8)), Replace())
    # |w*|² + σ² Σ s/(λ(λ + 2s))
    assert risk.limit == 1 + Rational(3, 7) + Rational(8, 17)
    from theory import G

    assert all(cancel(risk.closed_form.subs(G, g) - risk.at(g)) == 0 for g in (1, 2, 6))


def test_a_random_shared_design_in_one_dimension_is_an_integral():
    for workflow in (RealPlusLatest(), Accumulate()):
        model = RidgeRegression(d=1, T=3, penalty=Rational(3, 2), sigma2=2, signal=3, design="shared")
        found = expected_risk(model, workflow).at(4).evalf(20)
        value = stats.chi2(3).expect(
            lambda s, w=workflow: float(brute_force(w, Rational(s), Rational(3, 2), Integer(3), Integer(2), 4)),
            epsabs=1e-8, epsrel=1e-8,
        )  # fmt: skip
        assert float(found) == pytest.approx(value, rel=1e-6)


def test_a_random_shared_design_of_few_rows_loses_what_it_never_sees():
    model = RidgeRegression(d=8, T=5, penalty=1, design="shared")
    risk = expected_risk(model, Replace())
    # 1 + E tr W/(W + λ/2) / (2λ)
    expected = 1 + wishart_trace(1, 1, 8, 5, Rational(1, 2)) / 2
    assert abs(risk.limit.evalf(25) - expected.evalf(25)) < 1e-20
    bias = risk.bias.at(1).evalf(25)
    assert abs(bias - (wishart_trace(1, 1, 8, 5, 1) / 8 - 1).evalf(25)) < 1e-20


def test_partial_fractions_of_many_orders():
    v = Symbol("v")
    function = (v**3 + 2) / ((v + 1) ** 14 * (2 * v + 1) ** 12)
    whole, parts = partial_fractions(function, v)
    at = fmpq(3, 7)
    total = whole(at) + sum((part.weight / (at - part.pole) ** part.power for part in parts), fmpq(0))
    exact = (at**3 + 2) / ((at + 1) ** 14 * (2 * at + 1) ** 12)
    assert total == exact
    with pytest.raises(NotDerivedError):
        partial_fractions(1 / (v**2 - 2), v)


# -- the best penalty --------------------------------------------------------------------------------------


def test_the_best_penalty_of_one_fit():
    model = RidgeRegression(d=2, T=5, penalty=1, sigma2=3, signal=2)
    best = best_penalty(model, Replace(), 1)
    assert best.penalty == 3
    for factor in (Rational(9, 10), Rational(11, 10)):
        other = expected_risk(RidgeRegression(d=2, T=5, penalty=3 * factor, sigma2=3, signal=2), Replace()).at(1)
        assert other.evalf(20) > best.risk.evalf(20)
    limit = best_penalty(RidgeRegression(ratio="1/2", shrinkage="1/2", sigma2=3, signal=2), Replace(), 1)
    assert limit.penalty.evalf(20) == pytest.approx(0.75, abs=1e-15)  # γσ²/|w*|²


@pytest.mark.parametrize(("workflow", "generation"), [(Replace(), 2), (Replace(), 3), (FreshReal(), None)])
def test_the_best_penalty_is_a_minimum(workflow, generation):
    best = best_penalty(RidgeRegression(d=2, T=5, penalty=1), workflow, generation)

    def risk(penalty):
        found = expected_risk(RidgeRegression(d=2, T=5, penalty=penalty), workflow)
        return (found.limit if generation is None else found.at(generation)).evalf(25)

    assert best.radius < 1e-15
    assert all(risk(best.penalty * factor) > risk(best.penalty) for factor in (Rational(49, 50), Rational(51, 50), 5))


def test_under_replace_nothing_is_best_in_the_long_run():
    for model in (RidgeRegression(d=2, T=5, penalty=1), RidgeRegression(ratio="1/2", shrinkage="1/2")):
        assert best_penalty(model, Replace()).penalty == Symbol("x").subs("x", "oo")
    # More is not safer: the best penalty at generation 2 is less than the one at generation 1.
    model = RidgeRegression(d=2, T=5, penalty=1)
    assert best_penalty(model, Replace(), 2).penalty < best_penalty(model, Replace(), 1).penalty


def test_the_best_penalty_with_fresh_real_data_in_the_limit():
    best = best_penalty(RidgeRegression(ratio="1/2", shrinkage="1/2"), FreshReal())
    # λ/N at finite d differs by O(1/d).
    large = best_penalty(RidgeRegression(d=8, T=16, penalty=1), FreshReal())
    assert float(large.penalty) / 32 == pytest.approx(float(best.penalty.evalf(20)), rel=0.1)


# -- input -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"d": 5, "T": 3, "penalty": 0}, "penalty = 0"),
        ({"d": 5, "T": 3, "penalty": -1}, "penalty = -1"),
        ({"d": 2, "T": 3, "penalty": -1}, "penalty = -1"),
        ({"d": 2, "T": 3, "penalty": "oo"}, "penalty"),
        ({"d": 2, "penalty": 1}, "T is not given"),
        ({"T": 2, "penalty": 1}, "d is not given"),
        ({"d": "d", "T": 3, "penalty": 1}, "d = d is a symbol"),
        ({"d": 0, "T": 3, "penalty": 1}, "d = 0"),
        ({"d": 2, "T": "5/2", "penalty": 1}, "T = 5/2"),
        ({"ratio": "1/2", "d": 2, "T": 3}, "d = 2"),
        ({"ratio": "1/2", "penalty": 3}, "penalty = 3"),
        ({"ratio": 0}, "ratio = 0"),
        ({"ratio": "1/2", "shrinkage": 1}, "shrinkage = 1"),
        ({"ratio": "1/2", "shrinkage": 0}, "shrinkage = 0"),
        ({"ratio": 3, "shrinkage": "1/2"}, "shrinkage = 1/2 with ratio = 3"),
        ({"ratio": 2, "shrinkage": "1/4", "design": "shared"}, "shared"),
        ({"d": 2, "T": 3, "penalty": 1, "design": "both"}, "design = 'both'"),
        ({"d": 2, "T": 3, "penalty": 1, "signal": -1}, "signal = -1"),
        ({"d": 2, "T": 3, "penalty": 1, "sigma2": 0}, "sigma2 = 0"),
        ({"d": 2, "T": 3, "penalty": 1, "per_row": 1}, "per_row = 1"),
        ({"d": 2, "T": 3, "penalty": 1, "eigenvalues": (1, 2)}, "shared design"),
        ({"d": 2, "T": 3, "penalty": 1, "design": "shared", "eigenvalues": (1,)}, "give d = 2"),
        ({"d": 2, "T": 3, "penalty": 1, "design": "shared", "eigenvalues": (1, -2)}, "eigenvalues[1] = -2"),
        ({"d": 2, "T": 1, "penalty": 1, "design": "shared", "eigenvalues": (1, 2)}, "T = 1"),
        ({"d": 2, "T": 3, "penalty": 0, "design": "shared", "eigenvalues": (0, 2)}, "penalty = 0"),
        ({"d": 2, "T": 3, "penalty": 1, "design": "shared", "eigenvalues": 7}, "eigenvalues = 7"),
        ({"penalty": "__import__('os')", "d": 2, "T": 3}, "penalty"),
    ],
)
def test_bad_input_is_one_sentence(arguments, said):
    with pytest.raises(DomainError) as error:
        RidgeRegression(**arguments)
    assert said in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "workflow", [RealPlusLatest(), SlidingWindow(2), FreshReal(share="1/3"), AccumulateSubsample()], ids=str
)
def test_what_no_argument_covers_says_so(workflow):
    with pytest.raises(NotDerivedError, match="ridge"):
        expected_risk(RidgeRegression(d=2, T=5, penalty=1), workflow)


def test_fractions_of_rows_are_refused():
    with pytest.raises(DomainError, match="whole numbers"):
        expected_risk(RidgeRegression(d=2, T=5, penalty=1), FreshReal(real="1/2"))


def test_answers_that_need_a_number():
    model = RidgeRegression(d=2, T=5, penalty=1)
    with pytest.raises(DomainError, match="signal = 0"):
        best_penalty(RidgeRegression(d=2, T=5, penalty=1, signal=0), Replace(), 2)
    with pytest.raises(DomainError, match="has no value"):
        best_penalty(RidgeRegression(d=2, T=5, penalty=1, signal=None), Replace(), 2)
    with pytest.raises(DomainError, match="generation = 0"):
        best_penalty(model, Replace(), 0)
    with pytest.raises(NotDerivedError, match="limit"):
        best_penalty(model, Accumulate())
    first = next(iter(expected_risk(model, Replace()).recurrence.values()))
    assert first.evalf(8) == expected_risk(model, Replace()).at(1).evalf(8)


def test_the_limit_of_fresh_rows_in_symbols_is_that_in_numbers() -> None:
    """Later fits have another shrinkage, a root of γ and α: the closed form holds it as it is."""
    numbers = expected_risk(RidgeRegression(ratio="1/2", shrinkage="1/2"), FreshReal())
    known = [value.evalf(20) for value in islice(numbers.recurrence.values(), 4)]
    general = expected_risk(RidgeRegression(ratio="1/2"), FreshReal())
    late = general.subs(alpha="1/2")
    for g in (1, 2, 4):
        for found in (late.at(g), numbers.closed_form.subs(G, g)):
            assert abs(found.evalf(20) - known[g - 1]) < Rational(1, 10**15)
    assert abs(numbers.limit.evalf(20) - numbers.at(80).evalf(20)) < Rational(1, 10**12)


# -- the limit in symbols --------------------------------------------------------------------------------


def test_the_shrinkage_of_any_penalty_is_the_root_that_it_says():
    gamma, penalty = Symbol("gamma", positive=True), Symbol("l", positive=True)
    root = limiting_shrinkage(gamma, penalty)
    for at in ({gamma: Rational(1, 3), penalty: Rational(2, 5)}, {gamma: Integer(4), penalty: Rational(1, 50)}):
        value = root.subs(at)
        assert 0 < value.evalf() < min(1, 1 / at[gamma])
        assert abs(((1 - value) * (1 - at[gamma] * value) - at[penalty] * value).evalf(30)) < 1e-28
        for letter in (gamma, penalty):
            slope = diff(expand_func(root), letter).subs(at).evalf(20)
            assert diff(root, letter).subs(at).evalf(20) == pytest.approx(float(slope), rel=1e-12)


@pytest.mark.parametrize("per_row", [False, True])
def test_fresh_real_in_the_limit_with_every_parameter_a_symbol(per_row):
    # Once a root in a base made this run for ever; the letters of the formula stand for what they did.
    real = Symbol("x_r", positive=True)
    risk = expected_risk(RidgeRegression(per_row=per_row, sigma2="v"), FreshReal(real=real))
    values = {"gamma": Rational(3, 4), "alpha": Rational(2, 5), "v": Rational(7, 3), "x_r": Rational(1, 2)}
    at = {symbol: values[symbol.name] for symbol in risk.free_symbols}
    numbers = RidgeRegression(per_row=per_row, sigma2="7/3", ratio="3/4", shrinkage="2/5")
    there = expected_risk(numbers, FreshReal(real="1/2"))
    for generation in (1, 2, 7):
        expected = list(islice(there.recurrence.values(), generation))[-1].evalf(25)
        assert risk.closed_form.subs(at).subs(G, generation).evalf(25) == pytest.approx(float(expected), rel=1e-13)
    assert risk.limit.subs(at).evalf(20) == pytest.approx(float(there.at(60).evalf(25)), rel=1e-12)


@pytest.mark.parametrize(("per_row", "generation"), [("1/3", 5), ("1/1000", 7), ("2", 40)])
def test_balls_of_the_limiting_shrinkage_are_the_root_written_out(per_row, generation):
    root = limiting_shrinkage(G / 7, Rational(per_row))
    found = BallProgram(root, G).at_precision(128)(generation).real
    assert found.rel_accuracy_bits() > 100
    with ctx.workprec(160):
        assert abs(found - arb(str(root.subs(G, generation).evalf(45)))) < arb(10) ** -35


@pytest.mark.parametrize(("ratio", "shrinkage"), [("1/2", "1/2"), (2, "1/3")])
def test_where_all_rows_are_kept_the_limiting_risk_settles(ratio, shrinkage) -> None:
    """Terms are γσ²/i² (1 + O(1/i)): what is left after G is γσ²/G, a quarter of it after 4G."""
    risk = expected_risk(RidgeRegression(ratio=ratio, shrinkage=shrinkage), Accumulate())
    low, high = risk.limit_enclosure(12)
    assert risk.bound == risk.limit
    assert high - low < Rational(1, 10**11)
    left = [float(low - risk.at(G)) for G in (100, 400)]
    assert abs(400 * left[1] / Rational(ratio) - 1) < 0.02
    assert abs(4 * left[1] / left[0] - 1) < 0.05


@pytest.mark.parametrize(("d", "rows", "penalty"), [(1, 40, 1), (2, 60, 1), (4, 70, 2), (7, 80, 1)])
def test_inverse_moments_are_those_of_the_trace(d, rows, penalty) -> None:
    """The partial sums of s(s + λ)⁻² in powers of 1/s lie above and below it in turns, so their means do too."""
    value, partial, gaps = wishart_trace(1, 2, d, rows, penalty).evalf(40), S.Zero, []
    for k in range(1, 13):
        moment = sum(c / prod(rows - a for a in poles) for c, poles in inverse_moments(k, d))
        partial += k * (-penalty) ** (k - 1) * Rational(int(moment.p), int(moment.q))
        gaps.append((partial - value).evalf(25))
    assert all((gap > 0) == (k % 2 == 0) for k, gap in enumerate(gaps))
    # Every moment counts: each makes the gap that the one before left several times smaller.
    assert all(abs(after) < abs(before) / 2 for before, after in pairwise(gaps))


@pytest.mark.parametrize(("d", "T", "penalty"), [(2, 5, 1), (3, 1, "1/2"), (5, 3, 2)])
def test_the_limit_of_kept_rows_at_a_finite_dimension(d, T, penalty) -> None:
    """What is left after G lies between sums over i > G of one and two terms of E tr W(W + λ)⁻²/i."""
    risk = expected_risk(RidgeRegression(d=d, T=T, penalty=penalty, sigma2=3), Accumulate())
    assert risk.bound == risk.limit == risk.growth
    low, high = risk.limit_enclosure(15)
    assert high - low < Rational(1, 10**14)
    G, lost = 120 // T, 2 * Rational(penalty)
    with mpmath.workdps(25):
        first = mpmath.nsum(lambda i: mpmath.mpf(d) / (i * (i * T - d - 1)), [G + 1, mpmath.inf], method="e")
        second = mpmath.nsum(
            lambda i: d * (i * T - 1) / (i * (i * T - d) * (i * T - d - 1) * (i * T - d - 3)),
            [G + 1, mpmath.inf],
            method="e",
        )
    left = float((low - risk.at(G)).evalf(20)) / 3
    assert float(first - lost * second) < left < float(first)
    # A hundredth of the series would be seen.
    assert float(lost * second) < 0.01 * float((low - risk.at(1)).evalf(20)) / 3


def test_the_series_of_kept_rows_is_the_same_to_more_digits() -> None:
    series = kept_rows_noise(2, 5, 1)
    assert abs(series.evalf(60) - series.evalf(25)) < Rational(1, 10**24)


@pytest.mark.parametrize("k", [2, 3])
def test_a_shared_design_under_a_window_settles(k) -> None:
    """The limit is what late values tend to: the fit keeps less than a part of what a window of models knows."""
    direction = RidgeRegression(d=1, T=3, penalty=2, design="shared", eigenvalues=[x])
    limit, late = (expected_risk(model, SlidingWindow(k)) for model in (direction, direction.subs(x, 4)))
    assert abs(late.at(400) - limit.limit.subs(x, 4)) < Rational(1, 10**8)
    expected = mpmath.quad(lambda s: limit.limit.subs(x, s) * stats.chi2.pdf(float(s), 3), [0, 5, 20, 100])
    drawn = expected_risk(RidgeRegression(d=1, T=3, penalty=2, design="shared"), SlidingWindow(k))
    assert abs(expected - drawn.limit.evalf(15)) < 1e-6


def test_the_limit_of_kept_rows_is_a_step_of_the_derivation() -> None:
    """Each step is checked; a limit that is 5 % too low is exceeded."""
    risk = expected_risk(RidgeRegression(d=1, T=4, penalty=1), Accumulate())
    assert risk.derivation.check()
    with pytest.raises(NotShown):
        _below(risk, risk.limit * Rational(95, 100))
