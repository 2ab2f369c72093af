"""Contaminated pools against every data set in fractions, printed numbers, and the ends of the curve."""

from collections import defaultdict
from fractions import Fraction
from itertools import product
from math import comb

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import Matrix, Rational, S, Symbol, cancel, ones, oo

from theory import (
    Accumulate,
    Bernoulli,
    BiasedSampler,
    Categorical,
    ContaminatedPool,
    DomainError,
    GaussianMean,
    LabelledPool,
    LinearRegression,
    NotDerivedError,
    Poisson,
    PosteriorMean,
    QuadraticVariance,
    Regular,
    RidgeRegression,
    expected_risk,
    j,
)
from theory.testing import check_workflow
from theory.workflows.pathway import verify_dynamics

HALF = Rational(1, 2)
rho = Symbol("rho", positive=True)


def binomial(count, p):
    return [(k, comb(count, k) * p**k * (1 - p) ** (count - k)) for k in range(count + 1)]


def coin_pool(p, n, real, generations, row_by_row=False):
    """E (θ_g − p)² by every data set: only the number of heads in the pool matters, and each block is added to it."""
    p, real = Fraction(p), Fraction(real)
    law, found = {0: Fraction(1)}, []
    for g in range(1, generations + 1):
        grown = defaultdict(Fraction)
        for heads, mass in law.items():
            model = Fraction(heads, n * (g - 1)) if g > 1 else p
            # How many rows of the block are real, and how often.
            counts = [(n * real, Fraction(1))] if not row_by_row else binomial(n, real)
            for count, chance in counts if g > 1 else [(n, Fraction(1))]:
                for a, one in binomial(int(count), p):
                    for b, other in binomial(n - int(count), model):
                        grown[heads + a + b] += mass * chance * one * other
        law = grown
        found.append(sum(m * (Fraction(h, n * g) - p) ** 2 for h, m in law.items()))
    return found


@pytest.mark.parametrize(("n", "real"), [(4, "1/2"), (4, "1/4"), (3, "1/3"), (5, "3/5"), (2, "0"), (3, "1")])
def test_every_data_set_of_coins(n, real):
    risk = expected_risk(Bernoulli("1/3", n), ContaminatedPool(real))
    assert [risk.at(g) for g in range(1, 7)] == [Rational(value) for value in coin_pool("1/3", n, real, 6)]


def test_the_printed_numbers():
    assert expected_risk(Bernoulli("1/3", 4), ContaminatedPool("1/2")).at(6) == Rational(293186593, 12230590464)
    value = expected_risk(Regular(), ContaminatedPool("1/4")).ratio.at(10)
    assert abs(value - Rational("0.695136205076840700083")) < Rational(1, 10**20)


@pytest.mark.parametrize(("g", "n", "p"), list(product((2, 3), (4, 8), ("1/3", "1/2"))))
def test_every_row_real_with_a_probability_is_another_law(g, n, p):
    """The variance of a row mixes in ρ(1 − ρ)δ²: y_g = [(1 − ρ/g)² + (1 − ρ)(v2 + ρ)/(n g²)] y_{g−1} + 1/g²."""
    real, variance = Rational(1, 4), Rational(p) * (1 - Rational(p))
    expected = coin_pool(p, n, "1/4", g, row_by_row=True)[-1]
    y = S.One
    for step in range(2, g + 1):
        y *= (1 - real / step) ** 2 + (1 - real) * (real - 1) / (n * step**2)
        y += Rational(1, step**2)
    assert y * variance / n == Rational(expected)
    # A proportion that every block has exactly is another one, whose risk is smaller by order 1/n.
    assert expected_risk(Bernoulli(p, n), ContaminatedPool("1/4")).at(g) < y * variance / n


@settings(max_examples=60)
@given(
    st.fractions(0, 1, max_denominator=12),
    st.integers(12, 60),
    st.fractions(-1, 2, max_denominator=4).filter(lambda v: v >= 0 or (-1 / v).denominator == 1),
    st.integers(2, 12),
)
def test_the_recurrence_of_the_docstring(real, n, v2, g):
    real, v2 = Rational(real), Rational(v2)
    risk = expected_risk(QuadraticVariance(v0=2, v1=0, v2=v2, mean=0, n=n), ContaminatedPool(real)).ratio
    y = S.One
    for step in range(2, g + 1):
        y = ((1 - real / step) ** 2 + (1 - real) * v2 / (n * step**2)) * y + Rational(1, step**2)
    assert risk.at(g) == y


@pytest.mark.parametrize("sizes", [1, j, j**2])
def test_both_ends(sizes):
    model = Bernoulli("1/3", 4)
    none, all_real = (expected_risk(model, ContaminatedPool(end, sizes)) for end in (0, 1))
    assert none.closed_form == expected_risk(model, Accumulate(sizes)).closed_form
    pooled = [sum(S(sizes).subs(j, i) for i in range(1, g + 1)) for g in range(1, 6)]
    assert [all_real.at(g) for g in range(1, 6)] == [model.variance / (4 * rows) for rows in pooled]


def test_values_are_symbolic_in_the_fraction():
    ratio = expected_risk(Regular(), ContaminatedPool(rho)).ratio
    assert cancel(ratio.at(2) - (1 - rho / 2) ** 2 - Rational(1, 4)) == 0
    assert ratio.limit == 0
    assert ratio.at(6).subs(rho, HALF) == expected_risk(Regular(), ContaminatedPool(HALF)).ratio.at(6)


def test_fractions_and_sizes_that_change():
    for workflow in (ContaminatedPool(1 / j), ContaminatedPool(real="1/j**2", sizes="j"), ContaminatedPool(HALF, j)):
        verify_dynamics(workflow, workflow.dynamics(), 8)
    late = ContaminatedPool(1 / j, sizes="j + 1")
    assert late.fresh_weights(3) == [0, Rational(1, 6), Rational(4, 27)]
    assert sum([*late.weights(3), *late.fresh_weights(3)]) == 1


def test_a_margin_that_is_wide_for_ever_hides_no_bound():
    # Least squares on 60 rows in 2 dimensions: finite at every generation, and its one maximum is certified.
    ratio = expected_risk(LinearRegression(d=2, T=60), ContaminatedPool(real="1/4")).ratio
    assert ratio.bound == ratio.at(2) == Rational(65, 64)
    assert expected_risk(LinearRegression(d=2, T=3), ContaminatedPool(real="1/4")).at(1) == oo


def test_check_workflow():
    check_workflow(ContaminatedPool(HALF), generations=4)
    check_workflow(LabelledPool(HALF, share="1/4"), generations=4)


# -- biased streams ----------------------------------------------------------------------------------------


def streamed(p, n, real, bias, generations):
    """(E δ, E δ²) of coins whose real rows of generation j have the mean p + bias(j)."""
    p, law, found = Fraction(p), {0: Fraction(1)}, []
    for g in range(1, generations + 1):
        grown = defaultdict(Fraction)
        for heads, mass in law.items():
            count = n if g == 1 else int(n * Fraction(real))
            model = Fraction(heads, n * (g - 1)) if g > 1 else p
            for a, one in binomial(count, p + bias(g)):
                for b, other in binomial(n - count, model):
                    grown[heads + a + b] += mass * one * other
        law = grown
        errors = [(Fraction(h, n * g) - p, m) for h, m in law.items()]
        found.append((sum(e * m for e, m in errors), sum(e**2 * m for e, m in errors)))
    return found


@pytest.mark.parametrize(
    ("stream", "bias"), [("1/(4*j)", lambda g: Fraction(1, 4 * g)), ("1/5", lambda g: Fraction(1, 5))]
)
def test_a_stream_that_is_biased(stream, bias):
    risk = expected_risk(Bernoulli("1/3", 4), ContaminatedPool(HALF, stream=stream))
    expected = streamed("1/3", 4, "1/2", bias, 5)
    assert [risk.bias.at(g) for g in range(1, 6)] == [Rational(mean) for mean, _ in expected]
    assert [risk.at(g) for g in range(1, 6)] == [Rational(square) for _, square in expected]


def test_what_a_stream_leaves():
    """A bias that fades is forgotten, one that stays is learnt in full, at whatever fraction."""
    for real in ("1/4", "3/4"):
        assert expected_risk(Poisson(2, 5), ContaminatedPool(real, stream="1/j")).limit == 0
        stays = expected_risk(Poisson(2, 5), ContaminatedPool(real, stream="1/3"))
        assert (stays.bias.limit, stays.limit) == (Rational(1, 3), Rational(1, 9))
    # Nothing forgets the bias of block 1 under accumulate.
    kept = expected_risk(GaussianMean(1, 5), ContaminatedPool(0, stream="1/3"))
    assert [kept.bias.at(g) for g in (1, 9)] == [Rational(1, 3)] * 2
    with pytest.raises(NotDerivedError, match="biased real data"):
        expected_risk(Regular(), ContaminatedPool(HALF, stream="1/j"))


@pytest.mark.parametrize(
    ("model", "stream", "says"),
    [
        (Bernoulli("1/3", 4), "1/j", "at generation 1 the mean of the real data would be off by 1, and bernoulli has"),
        (Bernoulli("1/3", 4), "j/12", "at generation 9 the mean of the real data would be off by 3/4"),
        (Bernoulli("1/3", 4), "-j/12", "at generation 5 the mean of the real data would be off by -5/12"),
        (Poisson(2, 4), "-2 - 1/(j + 1)", "at generation 1 .* room from -2 to oo"),
        (BiasedSampler(Bernoulli("1/3", 4), "1/2", "1/2"), "1", ".* room from -1/3 to 2/3"),
    ],
)  # fmt: skip
def test_a_stream_of_no_law_is_refused(model, stream, says):
    """Coins of probability 4/3 do not exist: neither a risk nor a simulation of them."""
    for pool in (ContaminatedPool(HALF, stream=stream), LabelledPool(HALF, "1/2", stream=stream)):
        with pytest.raises(DomainError, match=f"stream = .* of {pool.name}: {says}"):
            expected_risk(model, pool)


def test_a_stream_may_reach_the_end_of_the_means():
    """A coin that always shows heads is one; accumulate draws real data once; a Gaussian mean may lie anywhere."""
    assert expected_risk(Bernoulli("1/3", 4), ContaminatedPool(HALF, stream="2/3")).limit == Rational(4, 9)
    assert expected_risk(Bernoulli("1/3", 4), ContaminatedPool(0, stream="j/4")).bias.at(9) == Rational(1, 4)
    assert expected_risk(GaussianMean(1, 4), ContaminatedPool(HALF, stream="j")).bias.at(1) == 1


# -- labels ------------------------------------------------------------------------------------------------


def test_the_best_weights_leave_synthetic_rows_out():
    """Least squares over all rows, by the covariance of the block means written out: C^{-1}1 is 0 on synthetic ones."""
    workflow, g = LabelledPool("1/3", share="1/4"), 5
    rows = [{("e", 1): S.One}]  # real block 1, then synthetic and real rows of each generation, as sums of noises
    sizes = {("e", 1): S.One}
    models = [dict(rows[0])]
    for step in range(2, g + 1):
        rows.append({**models[-1], ("e", step): S.One})
        rows.append({("r", step): S.One})
        sizes |= {("e", step): workflow.size(step), ("r", step): workflow.fresh_size(step)}
        weights, shares = workflow.weights(step), workflow.fresh_weights(step)
        own = [weights[0], *(value for i in range(1, step) for value in (weights[i], shares[i]))]
        total = defaultdict(lambda: S.Zero)
        for weight, row in zip(own, rows, strict=True):
            for name, value in row.items():
                total[name] += weight * value
        models.append(dict(total))
    covariance = Matrix(
        len(rows), len(rows), lambda a, b: sum(rows[a][k] * rows[b].get(k, 0) / sizes[k] for k in rows[a])
    )
    best = covariance.LUsolve(ones(len(rows), 1))
    best /= sum(best)
    assert [best[2 * i - 1] for i in range(1, g)] == [0] * (g - 1)
    variance = (best.T * covariance * best)[0]
    assert (
        variance == expected_risk(Regular(), LabelledPool("1/3", share=1)).ratio.at(g) == 1 / (1 + Rational(g - 1, 3))
    )
    # The weights of the workflow itself give what is derived for it.
    own = models[-1]
    assert sum(v**2 / sizes[k] for k, v in own.items()) == expected_risk(Regular(), workflow).ratio.at(g)


def test_labels_by_counts_are_no_labels():
    plain = expected_risk(Bernoulli("1/3", 8), ContaminatedPool("1/4"))
    assert expected_risk(Bernoulli("1/3", 8), LabelledPool("1/4")).at(9) == plain.at(9)


# -- models ------------------------------------------------------------------------------------------------


def test_categories_are_the_families_and_support_is_counted():
    coin = expected_risk(Bernoulli("1/3", 2), ContaminatedPool(HALF))
    words = Categorical(["1/3", "2/3"], 2)
    assert expected_risk(words, ContaminatedPool(HALF)).at(4) == 2 * coin.at(4)
    support = expected_risk(words, ContaminatedPool(HALF), loss="support")
    # One category is gone only where every row of the pool is of the other kind.
    law = {0: Fraction(1)}
    for g in range(1, 4):
        grown = defaultdict(Fraction)
        for heads, mass in law.items():
            model = Fraction(heads, 2 * (g - 1)) if g > 1 else Fraction(1, 3)
            for a, one in binomial(1 if g > 1 else 2, Fraction(1, 3)):
                for b, other in binomial(1 if g > 1 else 0, model):
                    grown[heads + a + b] += mass * one * other
        law = grown
        assert support.at(g) == Rational(2 - law[0] - law[2 * g])


def test_bent_models():
    """By the two moments of a Bernoulli chain, every data set: a prior of 2 flips, then a sampler that leans."""
    p, n, real = Fraction(1, 3), 4, Fraction(1, 2)
    models = {
        PosteriorMean(Bernoulli(p, n), 2, "3/4"): (lambda h, rows: (h + Fraction(3, 2)) / (rows + 2), lambda t: t),
        BiasedSampler(Bernoulli(p, n), "9/10", "1/2"): (Fraction, lambda t: Fraction(9, 10) * t + Fraction(1, 20)),
    }
    for model, (fit, sampled) in models.items():
        law = {0: Fraction(1)}
        risk = expected_risk(model, ContaminatedPool(real))
        for g in range(1, 5):
            grown = defaultdict(Fraction)
            for heads, mass in law.items():
                at = sampled(fit(heads, n * (g - 1))) if g > 1 else p
                for a, one in binomial(int(n * real) if g > 1 else n, p):
                    for b, other in binomial(n - int(n * real) if g > 1 else 0, at):
                        grown[heads + a + b] += mass * one * other
            law = grown
            assert risk.at(g) == Rational(sum(m * (fit(h, n * g) - p) ** 2 for h, m in law.items())), (model, g)


def test_what_is_not_derived_says_so():
    with pytest.raises(NotDerivedError, match="ridge risk"):
        expected_risk(RidgeRegression(d=2, T=10, penalty=1), ContaminatedPool(HALF))


@pytest.mark.parametrize(
    ("settings_", "says"),
    [
        ({"real": "3/2"}, "real = 3/2 is not a fraction of real rows"),
        ({"real": -1}, "real = -1 is not a fraction"),
        ({"real": "2/j + 1/2"}, "at block 2, where it is 3/2"),
        ({"real": "1/2", "sizes": "1 - j"}, "sizes = 1 - j"),
        ({"real": "1/2", "stream": "x"}, "stream"),
    ],
)
def test_bad_input(settings_, says):
    with pytest.raises(DomainError, match=says.replace("(", r"\(").replace("+", r"\+")):
        ContaminatedPool(**settings_)


def test_a_labelled_pool_has_rows_of_both_kinds():
    for real in (0, 1, "5/4"):
        with pytest.raises(DomainError, match="neither of them included"):
            LabelledPool(real)
