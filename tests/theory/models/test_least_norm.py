"""Least norm on fresh rows: every workflow that takes no block back, by recurrences written down another way."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

import pytest
from sympy import Eq, Piecewise, Rational, S, Symbol, oo, simplify

from numerics import crosscheck, simulate
from theory import (
    Accumulate,
    AccumulateSubsample,
    DomainError,
    FreshReal,
    G,
    LinearRegression,
    NotDerivedError,
    RealPlusLatest,
    Replace,
    SlidingWindow,
    Weighted,
    Workflow,
    expected_risk,
    j,
)
from theory.models.least_norm import NestedFits, WindowFits
from theory.proof import check, prove
from theory.proof.claims import ClosedForm, Limit, Monotone
from theory.proof.texts import text
from theory.workflows.real_and_synthetic import RealAndSynthetic

d, T, B, V = 40, 5, Rational(3), Rational(2, 7)
MODEL = LinearRegression(d, T, sigma2=V, signal=B)
FIRST = (1 - Rational(T, d)) * B + V * T / (d - T - 1)


def values(workflow, generations, model=MODEL):
    return list(islice(expected_risk(model, workflow).recurrence.values(), generations))


@pytest.mark.parametrize("real", [1, 2, Rational(3, 5), 5])
@pytest.mark.parametrize("share", [None, "1/9"])
def test_fresh_real_data(real, share):
    fresh, r = real * T, FIRST
    expected = [r]
    for _ in range(5):
        spare = d - T - fresh - 1
        r = (1 - (T + fresh) / S(d)) * B + Rational(T, d) * (1 + fresh / S(spare)) * r + V * (T + fresh) / spare
        expected.append(r)
    assert values(FreshReal(share=share, real=real), 6) == expected


def test_fresh_real_data_alone_repeat_the_first_model_on_other_rows():
    assert values(FreshReal(share=1), 4) == [FIRST] * 4
    assert values(FreshReal(share=0), 4) == values(Replace(), 4)


def test_real_plus_latest():
    u, expected = S.Zero, [FIRST]
    for _ in range(5):
        u = Rational(T, d - T) * u + V * T / (d - 2 * T - 1)
        expected.append(FIRST + u)
    assert values(RealPlusLatest(), 6) == values(RealPlusLatest(share="1/50"), 6) == expected


def by_norm_and_inner_product(k, generations):
    """p_m = E|P_m w|² and q_m = E<P_m w, w*>, apart."""

    def share(m):
        return Rational(T, d - (m - 1) * T)

    def noise(m):
        return V * T / (d - m * T - 1)

    found, norm, inner, p, q = [], B, B, [S.Zero], [S.Zero]
    for g in range(1, generations + 1):
        held = range(1, min(g, k) + 1)
        p = [S.Zero] + [p[m - 1] + share(m) * (norm - p[m - 1]) + noise(m) for m in held]
        q = [S.Zero] + [q[m - 1] + share(m) * (inner - q[m - 1]) for m in held]
        norm, inner = p[-1], q[-1]
        found.append(norm - 2 * inner + B)
    return found


@pytest.mark.parametrize("k", [1, 2, 3, 5, 7])
def test_windows(k):
    assert values(SlidingWindow(k), 12) == by_norm_and_inner_product(k, 12)


@pytest.mark.parametrize("k", [2, 3, 6])
def test_windows_come_to_rest_higher_the_longer_they_are(k):
    expected = B + V * T * d * sum(Rational(1, (d - m * T) * (d - m * T - 1)) for m in range(1, k + 1))
    risk = expected_risk(MODEL, SlidingWindow(k))
    assert risk.limit == expected
    assert abs(float(risk.at(400) - expected)) < 1e-8
    assert expected_risk(MODEL, SlidingWindow(k, sizes=1)).closed_form is not None


def test_windows_with_symbols():
    signal, sigma = Symbol("B", positive=True), Symbol("sigma", positive=True)
    risk = expected_risk(LinearRegression(signal=signal, sigma2=sigma**2), SlidingWindow(3))
    assert isinstance(risk.recurrence, WindowFits)
    at = {risk.model.d: d, risk.model.T: T, signal: B, sigma: V ** Rational(1, 2)}
    assert [simplify(risk.at(g).subs(at)) for g in (1, 3, 5)] == [values(SlidingWindow(3), 5)[g - 1] for g in (1, 3, 5)]
    number = expected_risk(MODEL, SlidingWindow(3))
    assert simplify(risk.limit.subs(at)) == number.limit
    assert simplify(risk.ratio.limit.subs(at)) == number.ratio.limit
    assert risk.subs(at).at(4) == number.at(4)


@dataclass(frozen=True)
class Plain(Workflow):
    """The weights of another workflow and nothing else that it says."""

    inner: Workflow
    name = "plain"

    def weights(self, g):
        return self.inner.weights(g)

    def size(self, index):
        return self.inner.size(index)

    def fresh_weight(self, g):
        return self.inner.fresh_weight(g)

    def fresh_size(self, g):
        return self.inner.fresh_size(g)


@pytest.mark.parametrize(
    "workflow",
    [
        Replace(),
        Replace(sizes=2),
        FreshReal(real=2),
        RealPlusLatest(),
        SlidingWindow(2),
        SlidingWindow(3, sizes=2),
        RealAndSynthetic(2, 3),
        RealAndSynthetic(2, "8/5", overlap=True),
        RealAndSynthetic(1, 2, overlap=True),
    ],
    ids=str,
)
def test_weights_alone_give_the_same(workflow):
    assert isinstance(expected_risk(MODEL, Plain(workflow)).recurrence, NestedFits)
    assert values(Plain(workflow), 7) == values(workflow, 7)


def test_all_rows_kept_as_long_as_they_are_few():
    wide = LinearRegression(70, 5, sigma2=V, signal=B)
    assert values(Plain(SlidingWindow(13)), 13, wide) == values(Accumulate(), 13, wide)


def test_models_built_from_blocks_of_sizes_of_their_own():
    sizes = Piecewise((2, Eq(j, 1)), (1, Eq(j, 2)), (3, True))
    r1 = (1 - Rational(10, d)) * B + V * 10 / (d - 11)
    r2 = Rational(5, d) * r1 + (1 - Rational(5, d)) * B + V * 5 / (d - 6)
    r3 = Rational(15, d) * r2 + (1 - Rational(15, d)) * B + V * 15 / (d - 16)
    assert values(Replace(sizes=sizes), 3) == [r1, r2, r3]


THIRD = Rational(1, 3)
WORKFLOWS = [
    FreshReal(real=2),
    FreshReal(share="1/3"),
    RealPlusLatest(),
    SlidingWindow(2),
    SlidingWindow(3),
    RealAndSynthetic(1, 2),
    RealAndSynthetic(2, "3/2", overlap=True),
    Weighted(lambda g: [THIRD * 3 / g] * g if g < 4 else [THIRD, 0, THIRD, *[0] * (g - 4), THIRD]),
    AccumulateSubsample("1/4"),
]  # fmt: skip


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=str)
def test_fits_of_drawn_rows(workflow):
    model = LinearRegression(24, 4, sigma2=2, signal=3)
    verdict = crosscheck(expected_risk(model, workflow), simulate(model, workflow, 5, replicates=10_000, seed=3))
    assert verdict.passed, verdict.reason
    assert verdict.detectable < 0.02


def test_a_single_row_of_the_pool():
    seen, expected = [], []
    before = S.Zero
    for _ in range(5):
        # the fit on one row of the newest block, then a uniform choice of blocks
        seen.append(before / d + (1 - Rational(1, d)) * B + V / (d - 2))
        before = sum(seen) / len(seen)
        expected.append(before)
    assert values(AccumulateSubsample("1/5"), 5) == expected
    assert expected_risk(MODEL, AccumulateSubsample("1/5")).limit == B + V * d / (d - 2) / (d - 1)


@pytest.mark.parametrize("workflow", [FreshReal(), RealPlusLatest(), SlidingWindow(2), SlidingWindow(3)], ids=str)
def test_certificates(workflow):
    risk = expected_risk(MODEL, workflow)
    for claim in (ClosedForm, Limit, Monotone):
        assert check(prove(claim(risk)))


def test_certificates_with_symbols():
    for workflow in (FreshReal(), RealPlusLatest()):
        assert check(prove(expected_risk(LinearRegression(signal="B"), workflow)))


def test_signs_above_and_below_cancel_in_a_text():
    a = Symbol("a", positive=True)
    assert "(-1)**" not in text(((1 - a) / (2 - a)) ** G)
    assert "(-1)**(g)" in text(((1 - a) / (2 + a)) ** G)


class TestThresholds:
    def test_as_many_rows_as_features(self):
        for features in (9, 10, 11):
            risk = expected_risk(LinearRegression(features, 5, signal=1), RealPlusLatest())
            assert risk.domain == S.false
            assert risk.limit == oo
            assert [risk.at(g) < oo for g in (1, 2, 3)] == [True, False, False]

    def test_a_window_that_fills_up(self):
        for features in (11, 12, 13):
            risk = expected_risk(LinearRegression(features, 4, signal=1), SlidingWindow(4))
            assert [risk.at(g) < oo for g in (1, 2, 3, 4, 5)] == [True, True, False, False, False]
            assert risk.domain == S.false
            assert risk.at(2) == expected_risk(LinearRegression(features, 4, signal=1), SlidingWindow(2)).at(2)

    def test_by_weights_alone(self):
        for features in (9, 10, 11):
            risk = expected_risk(LinearRegression(features, 5, signal=1), Plain(FreshReal()))
            assert [risk.at(g) < oo for g in (1, 2, 3)] == [True, False, False]
            assert risk.domain == S.false

    def test_standard_errors_need_four_rows_to_spare(self):
        for features, finite in ((13, False), (14, True)):
            model = LinearRegression(features, 5, signal=1)
            for workflow in (RealPlusLatest(), SlidingWindow(2), FreshReal()):
                assert model.finite_variance(workflow, "squared") == (S.true if finite else S.false)


class TestWhatIsNotDerived:
    @pytest.mark.parametrize(
        ("workflow", "says"),
        [
            (AccumulateSubsample(), "only draws of a single row"),
            (FreshReal(real=8), "45 rows in d = 40"),
            (RealAndSynthetic(8, 1), "45 rows in d = 40"),
            (Weighted(lambda g: [0, 1] if g == 2 else [1, *[0] * (g - 1)]), "takes block 1 back in model 3"),
        ],
        ids=lambda value: str(value).partition(" at 0x")[0],
    )  # fmt: skip
    def test_sentences(self, workflow, says):
        with pytest.raises(NotDerivedError, match=says):
            expected_risk(MODEL, workflow)

    def test_a_window_that_passes_the_number_of_features(self):
        with pytest.raises(NotDerivedError, match="fits model 4 on 16 rows in d = 14"):
            expected_risk(LinearRegression(14, 4, signal=1), SlidingWindow(4))

    def test_negative_weights(self):
        with pytest.raises(DomainError, match="gives block 2 the weight -1 in model 2"):
            expected_risk(MODEL, Weighted(lambda g: [1] if g == 1 else [2, -1, *[0] * (g - 2)]))

    def test_fractions_of_a_row(self):
        with pytest.raises(DomainError, match="5/3 rows"):
            expected_risk(MODEL, FreshReal(real="1/3"))


@pytest.mark.parametrize("workflow", [FreshReal(), RealPlusLatest(), SlidingWindow(2)], ids=str)
def test_derivations_hold(workflow):
    expected_risk(MODEL, workflow).derivation.check()
