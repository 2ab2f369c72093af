"""What synthetic data are worth: against formulas of its own, enumeration, and brute force over grids of numbers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from itertools import pairwise, product
from math import comb, prod

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import Expr, Integer, Lt, Piecewise, Poly, Rational, S, Symbol, oo, simplify, sqrt, symbols

from theory import (
    Bernoulli,
    Binomial,
    Categorical,
    DomainError,
    Exponential,
    Gamma,
    GaussianFit,
    GaussianMean,
    HyperbolicSecant,
    LinearRegression,
    NegativeBinomial,
    NotDerivedError,
    Poisson,
    QuadraticVariance,
    Regular,
    expected_risk,
)
from theory.design.value import _FITTED, _REAL, _WEIGHT, ValueOfSynthetic, value_of_synthetic
from theory.expressions.minimum import first_stretch, minimiser, positive
from theory.expressions.signs import at_least, unit_interval
from theory.models.base import Model
from theory.moments.composition import compose
from theory.moments.recurrence import Recurrence
from theory.workflows.base import Workflow
from theory.workflows.capped_real import CappedReal
from theory.workflows.real_and_synthetic import RealAndSynthetic

# Model, V at the truth, v2.
FAMILIES = [
    (Poisson(3), Fraction(3), Fraction(0)),
    (GaussianMean("1/2"), Fraction(1, 2), Fraction(0)),
    (Bernoulli("1/3"), Fraction(2, 9), Fraction(-1)),
    (Binomial(3, "1/4"), Fraction(9, 16), Fraction(-1, 3)),
    (Exponential(2), Fraction(4), Fraction(1)),
    (Gamma("1/3", 2), Fraction(12), Fraction(3)),
    (NegativeBinomial("1/2", 1), Fraction(3), Fraction(2)),
    (HyperbolicSecant("1/2", 1), Fraction(5, 2), Fraction(2)),
]
COUNTS = [1, 2, 3, 5, 12, 40]


def fraction(value: Expr) -> Fraction:
    assert value.is_Rational, value
    return Fraction(int(value.p), int(value.q))


def oracle(V: Fraction, v2: Fraction, weight: Fraction, N: int, S: int, M: int, overlap: bool) -> Fraction:
    """Var of (1 − λ) mean of the real + λ mean of the synthetic, term by term."""
    generated = V / M + (V + v2 * V / M) / S
    shared = V / N if overlap else Fraction(0)
    return (1 - weight) ** 2 * V / N + 2 * weight * (1 - weight) * shared + weight**2 * generated


def pooled(V: Fraction, v2: Fraction, N: int, S: int, M: int, overlap: bool) -> Fraction:
    return oracle(V, v2, Fraction(S, N + S), N, S, M, overlap)


@cache
def general(index: int, overlap: bool) -> ValueOfSynthetic:
    return value_of_synthetic(FAMILIES[index][0], overlap=overlap)


def numbers(value: ValueOfSynthetic, N: int, S: int, M: int) -> dict[Expr, int]:
    return {value.real: N, value.synthetic: S, value.fitted_on: M}


# -- risks -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("index", range(len(FAMILIES)))
@pytest.mark.parametrize("overlap", [True, False])
def test_risks_are_those_of_the_variance_calculus(index: int, overlap: bool) -> None:
    _, V, v2 = FAMILIES[index]
    value = general(index, overlap)
    assert value.exactness == "exact"
    weighted = value.risk_at("1/3")
    for N, S_, M in product(COUNTS, COUNTS, COUNTS):
        if overlap and M > N:
            continue
        at = numbers(value, N, S_, M)
        assert fraction(value.risk.subs(at)) == pooled(V, v2, N, S_, M, overlap)
        assert fraction(weighted.subs(at)) == oracle(V, v2, Fraction(1, 3), N, S_, M, overlap)
        assert fraction(value.without.subs(at)) == V / N
        assert value.gain.subs(at) == value.without.subs(at) - value.risk.subs(at)


def enumerated(p: Fraction, N: int, S: int, M: int, weight: Fraction | None, overlap: bool) -> Fraction:
    """E (fit − p)² over every outcome of coin flips, counted."""
    others = N - M if overlap else N
    total = Fraction(0)
    for first in range(M + 1):
        q = Fraction(first, M)
        for drawn, fresh in product(range(S + 1), range(others + 1)):
            chance = (
                comb(M, first) * p**first * (1 - p) ** (M - first)
                * comb(S, drawn) * q**drawn * (1 - q) ** (S - drawn)
                * comb(others, fresh) * p**fresh * (1 - p) ** (others - fresh)
            )  # fmt: skip
            real = fresh + (first if overlap else 0)
            fit = Fraction(real + drawn, N + S)
            if weight is not None:
                fit = (1 - weight) * Fraction(real, N) + weight * Fraction(drawn, S)
            total += chance * (fit - p) ** 2
    return total


@pytest.mark.parametrize("overlap", [True, False])
@pytest.mark.parametrize(("N", "S_", "M"), [(1, 1, 1), (3, 2, 2), (4, 5, 3), (2, 7, 1), (5, 1, 5)])
def test_coin_flips_enumerated(N: int, S_: int, M: int, overlap: bool) -> None:
    for p in ("1/3", "1/2"):
        value = value_of_synthetic(Bernoulli(p), N, S_, M, overlap=overlap)
        assert fraction(value.risk) == enumerated(Fraction(p), N, S_, M, None, overlap)
        assert fraction(value.risk_at("2/7")) == enumerated(Fraction(p), N, S_, M, Fraction(2, 7), overlap)


@settings(max_examples=6)
@given(
    index=st.integers(0, len(FAMILIES) - 1), overlap=st.booleans(),
    N=st.integers(1, 60), S_=st.integers(1, 60), M=st.integers(1, 60),
)  # fmt: skip
def test_numbers_and_symbols_agree(index: int, overlap: bool, N: int, S_: int, M: int) -> None:
    if overlap:
        N = max(N, M)
    value, given_numbers = general(index, overlap), value_of_synthetic(FAMILIES[index][0], N, S_, M, overlap=overlap)
    at = numbers(value, N, S_, M)
    for name in ("risk", "without", "gain", "optimal_synthetic", "optimal_weight", "best_risk", "threshold"):
        assert getattr(value, name).subs(at) == getattr(given_numbers, name), name
    condition = value.helps
    assert (condition if isinstance(condition, bool) else bool(condition.subs(at))) is given_numbers.helps


# -- decisions, by brute force ---------------------------------------------------------------------------

DECISIONS = list(product([0, 2, 4, 5], [1, 3, 7, 20], [1, 2, 5, 12, 20, 45]))


@pytest.mark.parametrize("overlap", [True, False])
def test_optimal_number_by_brute_force(overlap: bool) -> None:
    kinds = set()
    for index, N, M in DECISIONS:
        _, V, v2 = FAMILIES[index]
        if overlap and M > N:
            continue

        def at(S_: int | Fraction, N: int = N, M: int = M, V: Fraction = V, v2: Fraction = v2) -> Fraction:
            return pooled(V, v2, N, S_, M, overlap) if S_ else V / N  # type: ignore[arg-type]

        value = general(index, overlap)
        best = value.optimal_synthetic.subs(numbers(value, N, 1, M))
        risks, far = [at(S_) for S_ in range(201)], [at(10**k) for k in (6, 7, 8, 9)]
        kinds.add("number" if best.is_positive and best.is_finite else str(best))
        if best == oo:
            # Below every finite number of samples, and still falling: the limit is V/M.
            assert far == sorted(far, reverse=True)
            assert far[-1] < min(risks)
            assert min(risks) >= V / M
        else:
            exact = fraction(best)
            neighbours = [at(int(exact)), at(int(exact) + 1)]
            assert min(neighbours) == min(*risks, *far)
            if exact > 1:
                assert at(exact) < min(at(exact * Fraction(999, 1000)), at(exact * Fraction(1001, 1000)))
    assert kinds == ({"0"} if overlap else {"0", "number", "oo"})


@pytest.mark.parametrize(("N", "M"), [(3, 1), (3, 5), (7, 12), (20, 12), (20, 45)])
def test_whole_samples(N: int, M: int) -> None:
    for index in (2, 4):
        _, V, v2 = FAMILIES[index]
        value = value_of_synthetic(FAMILIES[index][0], N, fitted_on=M, overlap=False)
        if value.optimal_synthetic == oo:
            assert value.optimal_count == oo
            continue
        risks = [V / N] + [pooled(V, v2, N, S_, M, False) for S_ in range(1, 300)]
        assert risks[int(value.optimal_count)] == min(risks)


@pytest.mark.parametrize("overlap", [True, False])
def test_optimal_weight_by_brute_force(overlap: bool) -> None:
    for index, N, M in DECISIONS:
        _, V, v2 = FAMILIES[index]
        if overlap and M > N:
            continue
        for S_ in (1, 6, 50):
            value = general(index, overlap)
            at = numbers(value, N, S_, M)
            best = fraction(value.optimal_weight.subs(at))
            least = oracle(V, v2, best, N, S_, M, overlap)
            assert fraction(value.best_risk.subs(at)) == least
            assert all(oracle(V, v2, Fraction(k, 200), N, S_, M, overlap) >= least for k in range(201))
            if overlap:
                assert best == 0
            else:
                assert best == Fraction(1, N) / (Fraction(1, N) + Fraction(1, M) + (1 + v2 / M) / S_)
                assert least < V / N  # the right weight always helps


@pytest.mark.parametrize("overlap", [True, False])
def test_threshold_by_brute_force(overlap: bool) -> None:
    kinds = set()
    for index, S_, M in product([0, 2, 4, 5], [1, 2, 9, 60], [1, 2, 7, 30]):
        _, V, v2 = FAMILIES[index]
        value = general(index, overlap)
        threshold, condition = value.threshold.subs(numbers(value, 1, S_, M)), value.helps
        kinds.add(str(threshold) if threshold in (0, oo) else "number")
        for N in range(M if overlap else 1, 100):
            helps = pooled(V, v2, N, S_, M, overlap) < V / N
            assert bool(threshold > N) is helps
            if N % 10 == 1:
                at = numbers(value, N, S_, M)
                assert (condition if isinstance(condition, bool) else bool(condition.subs(at))) is helps
    assert kinds == ({"0"} if overlap else {"number", "oo"})


def test_the_forms_for_a_reader() -> None:
    N, S_, M = symbols("n_r n_s n_0", integer=True, positive=True)
    value = value_of_synthetic(Poisson(), overlap=False)
    assert value.optimal_synthetic == Piecewise((N * M / (2 * N - M), M < 2 * N), (oo, True))
    assert value.threshold == Piecewise((S_ * M / (S_ - M), M < S_), (oo, True))
    assert simplify(value.optimal_weight - 1 / N / (1 / N + 1 / M + 1 / S_)) == 0
    overlapping = value_of_synthetic(QuadraticVariance())
    assert (overlapping.optimal_synthetic, overlapping.optimal_weight, overlapping.threshold) == (0, 0, 0)
    assert overlapping.helps is False
    v2 = Symbol("v_2", real=True)
    disjoint = value_of_synthetic(QuadraticVariance(), overlap=False)
    assert disjoint.threshold == Piecewise((S_ * M / (S_ + v2 - M), Lt(M, S_ + v2)), (oo, True))


def test_all_the_real_data_in_the_generator() -> None:
    # M = N with overlap: the worst is as many synthetic samples as real ones.
    _, V, _ = FAMILIES[0]
    for N in (1, 4, 9):
        risk = general(0, True).risk
        risks = [fraction(risk.subs(numbers(general(0, True), N, S_, N))) for S_ in range(1, 4 * N)]
        assert risks == [V * (Fraction(1, N) + Fraction(S_, (N + S_) ** 2)) for S_ in range(1, 4 * N)]
        assert 1 + risks.index(max(risks)) == N
    model = Exponential(2)
    value = value_of_synthetic(model, 6, 18, 6)
    assert value.risk == expected_risk(Exponential(2, 6), CappedReal(3)).at(2)
    other = RealAndSynthetic(real=Rational(5, 3), synthetic=4, overlap=False)
    assert value_of_synthetic(model, 5, 12, 3, overlap=False).risk == expected_risk(Exponential(2, 3), other).at(2)


# -- other models and losses -----------------------------------------------------------------------------


def test_leading_order_is_that_of_a_location_model() -> None:
    N, S_, M = symbols("n_r n_s n_0", integer=True, positive=True)
    location = (N * M + M * S_ + S_**2) / (M * (N + S_) ** 2)
    for model, loss, unit in ((Regular(), "squared", Regular().p), (Bernoulli(), "kl", S.Half)):
        value = value_of_synthetic(model, overlap=False, loss=loss)
        assert value.exactness == "leading order"
        assert simplify(value.risk - unit * location) == 0
        assert r"\simeq" in value.latex()


def test_a_certain_outcome_has_nothing_to_gain() -> None:
    value = value_of_synthetic(Bernoulli(1), 3, 5, 4, overlap=False)
    assert (value.risk, value.gain, value.optimal_synthetic, value.threshold) == (0, 0, 0, 0)
    assert value.helps is False


@dataclass(frozen=True)
class _Spread(Model):
    """A statistic, not an error: it grows towards its true value as data are added."""

    n: Expr = S.One
    name = "spread"

    def recurrence(self, workflow: Workflow, loss: str) -> Recurrence:
        return compose(workflow, noise=-1 / self.n, curvature=S.Zero)


@dataclass(frozen=True)
class _Quartic(Model):
    """Mean of fourth powers of a Gaussian error: 3 × variance², of degree four in the weight."""

    n: Expr = S.One
    name = "quartic"

    def recurrence(self, workflow: Workflow, loss: str) -> Recurrence:
        from theory.moments.recurrence import MomentRecurrence

        square = compose(workflow, noise=1 / self.n, curvature=S.Zero)
        assert isinstance(square, MomentRecurrence)
        values = [next(v for g, v in enumerate(square.values(), start=1) if g == at) for at in (1, 2)]
        # Generations 1 and 2 are all that is asked for.
        from sympy import Matrix

        return MomentRecurrence(
            start=3, matrix=Matrix([[1]]), forcing=Matrix([[0]]), readout=Matrix([[1]]),
            initial=Matrix([[3 * values[1] ** 2]]), early=(3 * values[0] ** 2,),
        )  # fmt: skip


@pytest.mark.parametrize("overlap", [True, False])
def test_a_risk_of_higher_degree_has_the_same_decisions(overlap: bool) -> None:
    # 3·variance² is smallest, and below that of real data alone, where the variance is.
    simple, quartic = GaussianMean(1), _Quartic()
    for N, S_, M in ((20, 30, 5), (8, 100, 8)):
        one, other = (value_of_synthetic(model, N, S_, M, overlap=overlap) for model in (simple, quartic))
        assert other.risk == 3 * one.risk**2
        for name in ("optimal_synthetic", "optimal_weight", "threshold", "helps", "optimal_count"):
            assert getattr(one, name) == getattr(other, name), (name, N, S_, M)
    symbolic = value_of_synthetic(quartic, overlap=False)
    with pytest.raises(NotDerivedError, match=r"optimal_synthetic has no closed form in the symbols n_0, n_r"):
        _ = symbolic.optimal_synthetic
    assert "n_s^{*}" not in symbolic.latex()


def test_threshold_with_overlap_counts_from_the_generator_on() -> None:
    # A surface made up for it, that lies below real data alone while n_r < n_0 + 3.
    value = value_of_synthetic(GaussianMean(1), 9, 5, 7)
    made_up = 1 / _REAL + _WEIGHT**2 * (_REAL - _FITTED - 3) / (_REAL * 100)
    assert replace(value, surface=made_up).threshold == 10
    assert replace(value, surface=made_up).helps is True
    assert replace(value, surface=made_up, real=10).helps is False
    assert replace(value, surface=made_up, overlap=False).threshold == 10


@pytest.mark.parametrize(("loss", "curvature"), [("mean", -1), ("kl", 0)])
def test_gaussian_fits(loss: str, curvature: int) -> None:
    # The mean has noise d/n and, since the fitted covariance shrinks, curvature −1/n; KL d(d + 3)/4n.
    model, d = GaussianFit(3), 3
    noise = Fraction(d) if loss == "mean" else Fraction(d * (d + 3), 4)
    for overlap, N, M in ((False, 20, 35), (False, 60, 25), (True, 40, 30)):
        value = value_of_synthetic(model, N, 50, M, overlap=overlap, loss=loss)
        risk = oracle(noise, Fraction(curvature), Fraction(50, N + 50), N, 50, M, overlap)
        assert fraction(value.risk) == risk
        assert value.exactness == ("exact" if loss == "mean" else "leading order")
        assert value.helps is (risk < noise / N)


def test_gaussian_covariance_is_decided_by_numbers() -> None:
    value = value_of_synthetic(GaussianFit(2), 20, 30, 15, overlap=False, loss="covariance")
    assert value.exactness == "exact"
    # d(d + 1)(N − 1)/N² + d/N² for the maximum-likelihood fit of N points: the moments of a Wishart matrix.
    assert value.without == Rational(6 * 19 + 2, 400)
    assert value.helps is True
    best, threshold = value.optimal_synthetic, value.threshold
    near = [replace(value, synthetic=k) for k in (12, 13, 14)]
    assert min(near, key=lambda one: float(one.risk)).synthetic == value.optimal_count == 13
    assert 13 < best < Rational(27, 2)
    assert [replace(value, real=N).helps for N in (1, 5, 30, 31, 32, 200)] == [True, True, True, False, False, False]
    assert 30 < threshold < 31


@pytest.mark.parametrize("overlap", [True, False])
def test_categories_are_a_sum_of_coin_flips(overlap: bool) -> None:
    p = [Rational(1, 2), Rational(1, 3), Rational(1, 6)]
    coins = [value_of_synthetic(Bernoulli(q), 20, 30, 15, overlap=overlap).risk for q in p]
    value = value_of_synthetic(Categorical(p), 20, 30, 15, overlap=overlap)
    assert value.risk == sum(coins)
    with pytest.raises(NotDerivedError, match="does not fall as real samples are added"):
        value_of_synthetic(Categorical(p), 20, 30, 15, overlap=overlap, loss="diversity")
    with pytest.raises(NotDerivedError, match="n_0 is not a number"):
        value_of_synthetic(Categorical(p), 20, 30, 15, overlap=overlap, loss="support")


# -- the minimum of a rational function ------------------------------------------------------------------

X, A = Symbol("x", nonnegative=True), Symbol("a", real=True)
RANGES = {X: at_least(S.Zero)}


@given(coefficients=st.lists(st.integers(-6, 6), min_size=2, max_size=5), upper=st.sampled_from([S.One, Integer(3)]))
def test_minimum_of_polynomials_against_a_grid(coefficients: list[int], upper: Expr) -> None:
    function = sum((c * X**power for power, c in enumerate(coefficients)), S.Zero)
    best = minimiser("x", function, X, upper, RANGES)
    assert 0 <= best <= upper
    least = float(function.subs(X, best))
    value = Poly(function, X)
    assert all(float(value.eval(upper * k / 60)) >= least - 1e-12 for k in range(61))


def test_minimum_stays_within_bounds() -> None:
    function = (X - 2) ** 2 * (X**2 + 1)
    assert [minimiser("x", function, X, upper, RANGES) for upper in (S.One, Integer(3), oo)] == [1, 2, 2]


@given(roots=st.lists(st.integers(-3, 8), max_size=4), sign=st.sampled_from([1, -1]), even=st.booleans())
def test_first_stretch_of_a_product_of_roots(roots: list[int], sign: int, even: bool) -> None:
    function = sign * prod((X - root for root in roots), start=S.One) / (1 + X) * (X**2 + 1 if even else 1)
    ends = sorted({0} | {root for root in roots if root > 0})
    middles = [(Rational(low) + high) / 2 for low, high in pairwise(ends)] + [Rational(ends[-1]) + 1]
    up = [bool(function.subs(X, middle) > 0) for middle in middles]
    # Zeros that only touch do not end a stretch; a second stretch is refused.
    if up != sorted(up, reverse=True):
        with pytest.raises(NotDerivedError, match="does not exist"):
            first_stretch("x", function, X, RANGES)
    else:
        wanted = oo if all(up) else ends[up.count(True)]
        assert first_stretch("x", function, X, RANGES) == wanted


def test_irrational_coefficients_of_a_quadratic() -> None:
    function = (X - sqrt(2)) * (sqrt(3) - X) / (1 + X)
    with pytest.raises(NotDerivedError, match="does not exist"):
        first_stretch("x", function, X, RANGES)
    assert float(first_stretch("x", (X + 1) * (sqrt(3) - X), X, RANGES)) == pytest.approx(3**0.5, rel=1e-14)
    assert first_stretch("x", X**2 - X + sqrt(2), X, RANGES) == oo
    cubic = X**3 - sqrt(2) * X
    assert float(minimiser("x", cubic, X, oo, RANGES)) == pytest.approx((2**0.5 / 3) ** 0.5, rel=1e-14)
    with pytest.raises(NotDerivedError, match="irrational"):
        minimiser("x", X**4 - sqrt(2) * X, X, oo, RANGES)


def test_conditions_are_written_for_a_symbol() -> None:
    a, b = symbols("a b", positive=True)
    assert positive(a - 2 * b, {}, [a, b]) == (a > 2 * b)
    assert positive(a - 2 * b, {}, [b]) == (b < a / 2)
    assert positive((a - 2 * b) / (a + b), {}, [a]) == (a > 2 * b)
    assert positive(-(a**2) * (a - b) ** 3, {}, [a]) == (a < b)
    # Squares of what is negative, and cubes: c lies between 0 and 1.
    c = Symbol("c", positive=True)
    within = {c: unit_interval()}
    assert positive((c - 1) ** 2 * (a - b), within, [a]) == (a > b)
    assert positive((c - 1) ** 3 * (a - b), within, [a]) == (a < b)
    assert positive(a + b, {}, [a]) == S.true
    assert positive(-a, {}, [a]) == S.false


# -- surface ---------------------------------------------------------------------------------------------


def test_latex_and_equality() -> None:
    value = value_of_synthetic(Bernoulli(), overlap=False)
    text = value.latex()
    for part in (r"R_{\text{pooled}} &=", r"R_{\text{real}} &=", r"n_s^{*} &=", r"\lambda^{*} &=", r"\iff n_r <"):
        assert part in text
    assert value._repr_latex_().startswith("$")
    assert value == value_of_synthetic(Bernoulli(), overlap=False)
    assert value != value_of_synthetic(Bernoulli())
    assert {symbol.name for symbol in value.free_symbols} == {"p", "n_r", "n_s", "n_0"}
    assert value.subs(value.fitted_on, 10) == value_of_synthetic(Bernoulli(), fitted_on=10, overlap=False)


ERRORS = [
    (lambda: value_of_synthetic(Bernoulli(), 10, 5, 11), "fitted_on = 11 is more than real = 10"),
    (lambda: value_of_synthetic(Bernoulli(), 0), "real = 0 is not allowed: real must be a whole number of samples"),
    (lambda: value_of_synthetic(Bernoulli(), 10, -3), "synthetic = -3 is not allowed"),
    (lambda: value_of_synthetic(Bernoulli(), 10, 3, "5/2"), "fitted_on = 5/2 is not allowed"),
    (lambda: value_of_synthetic(Bernoulli(), 2.5), "real = 2.5 is not allowed"),
    (lambda: value_of_synthetic(Bernoulli(), loss="huge"), "loss = 'huge' is not a loss of Bernoulli"),
    (lambda: value_of_synthetic("bernoulli"), "model = 'bernoulli' is not a model"),  # type: ignore[arg-type]
    (lambda: value_of_synthetic(Bernoulli(), overlap=1), "overlap = 1 is not allowed"),  # type: ignore[arg-type]
    (lambda: value_of_synthetic(LinearRegression(3, 20)), "model = linear-regression has no n"),
    (lambda: value_of_synthetic(_Spread()), "does not fall as real samples are added"),
    (lambda: value_of_synthetic(Bernoulli()).risk_at(2), "weight = 2 is not allowed"),
    (lambda: value_of_synthetic(Poisson(), overlap=False).optimal_count, "optimal_count needs a number"),
]


@pytest.mark.parametrize(("ask", "sentence"), ERRORS)
def test_errors_are_one_sentence(ask: object, sentence: str) -> None:
    with pytest.raises(DomainError) as error:
        ask()  # type: ignore[operator]
    assert sentence in str(error.value)
    assert "\n" not in str(error.value)
