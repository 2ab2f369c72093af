"""Limits and leading terms without closed forms: certificates, numbers changed in them, and false ones."""

import json
import sys

import pytest
from flint import ctx
from sympy import N, Rational, S, Symbol, hyper, log, pi

from theory import (
    Accumulate,
    AccumulateSubsample,
    Bernoulli,
    ContaminatedPool,
    G,
    GaussianFit,
    GaussianMean,
    NotDerivedError,
    Poisson,
    Regular,
    expected_risk,
)
from theory.design.contamination import constant_enclosure
from theory.expressions.expansion import Order
from theory.models.bent import BiasedSampler, PosteriorMean
from theory.proof import CertificateError, Growth, LeastBound, Limit, LowerLimit, Monotone, check, prove
from theory.proof.algebra import Sequence
from theory.solver.power_law import power_law

Checker = sys.modules["theory.proof.check"].Checker


def coin(fidelity, target="1/3", n=4):
    return BiasedSampler(Bernoulli(p="1/3", n=n), fidelity=fidelity, target=target)


def normal(fidelity, target=0, **more):
    return BiasedSampler(GaussianMean(**{"n": 4} | more), fidelity=fidelity, target=target)


LIMITS = {
    "coin": (coin("9/10", "1/2"), Accumulate(), Rational(1, 36)),
    # The noise of the last draw stays: V(m)/n more.
    "subsample": (coin("9/10", "1/2"), AccumulateSubsample(), Rational(1, 36) + Rational(1, 16)),
    "symbols": (BiasedSampler(Poisson(rate=1, n=4), Symbol("tau"), 2), Accumulate(), S(1)),
    "more symbols": (BiasedSampler(Poisson(), Symbol("tau"), 2), AccumulateSubsample(), None),
    "prior": (PosteriorMean(Bernoulli(p="1/3", n=4), 2, "3/4"), AccumulateSubsample(), None),
}


@pytest.mark.parametrize("name", list(LIMITS))
def test_limits(name, unnoticed):
    model, workflow, limit = LIMITS[name]
    risk = expected_risk(model, workflow)
    assert limit is None or (risk.limit - limit).expand() == 0
    certificate = prove(Limit(risk))
    assert [step["rule"] for step in certificate.data["steps"]] == ["shrinking"]
    if name != "more symbols":  # the rule is the same, and its texts are long
        survivors, tried = unnoticed([certificate])
        assert not survivors
        assert tried > 20


LEADING = {
    "start": (coin("9/10"), "decay", Rational(1, 5)),
    "even": (coin("1/2"), "decay", 1),
    "inflow": (coin("1/4"), "decay", 1),
    "symbols": (normal("9/10"), "decay", Rational(1, 5)),
    "hot": (normal("11/10", sigma2=1), "growth", -Rational(1, 5)),
}


@pytest.mark.parametrize("name", list(LEADING))
def test_leading_terms(name, unnoticed, monkeypatch):
    # Bounds with fewer terms: the same rule, and fewer numbers to change.
    monkeypatch.setattr("theory.proof.leading.TERMS", 1)
    monkeypatch.setattr("theory.proof.leading.DECIMALS", (4,))
    model, shape, power = LEADING[name]
    certificate = prove(Growth(expected_risk(model, Accumulate())))
    (step,) = certificate.data["steps"]
    assert (step["rule"], step["shape"], step["power"]) == ("power", shape, str(power))
    if name != "hot":
        survivors, tried = unnoticed([certificate])
        assert not survivors
        assert tried > 10


def test_the_digits_are_those_of_the_sequence():
    """g^(1/5) r_g at 400 and 800, its correction in 1/g^(4/5) taken out."""
    risk = expected_risk(coin("9/10"), Accumulate())
    known = prove(Growth(risk)).data["steps"][0]["coefficient"]
    constant = S(known["digits"]) / 10 ** known["decimals"]
    one, two = (N(risk.at(g) * S(g) ** Rational(1, 5), 30) for g in (400, 800))
    gain = 2 ** Rational(4, 5)
    assert abs((gain * two - one) / (gain - 1) / constant - 1) < 1e-4
    low, high = power_law(risk.recurrence, Order({})).enclosure(40)
    assert low < high < low * (1 + Rational(1, 10**39))
    assert abs(constant - low) < Rational(1, 10 ** known["decimals"])
    assert abs(N(risk.growth / G ** Rational(-1, 5), 30) - constant) < 1e-20


def test_growth_of_two_moments(unnoticed, monkeypatch):
    """A sum that a product drives, and the square about a centre that the mean leaves."""
    monkeypatch.setattr("theory.proof.leading.TERMS", 1)
    monkeypatch.setattr("theory.proof.leading.DECIMALS", (4,))
    heated = expected_risk(GaussianFit(d=1, n=5, temperature=2), Accumulate(), loss="mean")
    repelled = expected_risk(normal("11/10", "1/2", sigma2=1), Accumulate())
    driven, leaving = prove(Growth(heated)), prove(Growth(repelled))
    assert driven.data["steps"][-1]["rule"] == "driven"
    assert leaving.data["steps"][-1]["centre"] == "1/2"
    survivors, tried = unnoticed([driven, leaving])
    assert not survivors
    assert tried > 100


def test_lower_limits_without_closed_forms():
    better, worse = (expected_risk(coin("9/10", target), Accumulate()) for target in ("2/5", "1/2"))
    assert check(prove(LowerLimit(better, worse)))
    with pytest.raises(NotDerivedError):
        prove(LowerLimit(worse, better))


@pytest.mark.parametrize("real", ["1/500", "1/10000", "1/1000000", "499/1000"])
def test_the_constant_of_a_pool_with_hardly_any_real_rows(real):
    """Every other term of its tail nearly vanishes, as those of ψ' do: what comes after still bounds the tail."""
    known = prove(Growth(expected_risk(Regular(p=1, n=1), ContaminatedPool(real)))).data["steps"][0]
    low, high = constant_enclosure(real, 40)
    stated = Rational(known["coefficient"]["digits"], 10 ** known["coefficient"]["decimals"])
    assert known["power"] == str(2 * Rational(real))
    assert known["coefficient"]["decimals"] == 24
    assert abs(stated - low) <= Rational(1, 2 * 10**24) + (high - low)


def test_a_bound_that_is_reached_late():
    """At generation 307: a number of two thousand digits, of which a reader is shown the ends."""
    certificate = prove(LeastBound(expected_risk(Regular(p=1, n=1), ContaminatedPool("1/1000"))))
    assert certificate.data["steps"][0]["since"] == 308
    first, *_ = str(certificate).splitlines()
    assert len(first) < 250
    assert "1353802093…" in first
    assert "(2255 digits)" in first


# -- false claims ------------------------------------------------------------------------------------------------


def refused(data, change, because):
    """A forger changes the step, and fills in the witnesses that the checker itself asks for."""
    data = json.loads(json.dumps(data))
    change(data["steps"][0])
    checker = Checker(data)
    with ctx.workprec(256), pytest.raises(CertificateError, match=because):
        checker.run(complete=False)


@pytest.fixture(scope="module")
def leading():
    return prove(Growth(expected_risk(coin("9/10"), Accumulate()))).data


def constant(**more):
    return lambda step: step["coefficient"].update(more)


def test_a_constant_off_by_1e_10_is_refused(leading):
    known = leading["steps"][0]["coefficient"]
    for decimals, off in ((known["decimals"], 10 ** (known["decimals"] - 10)), (10, 1)):
        digits = round(known["digits"] / 10 ** (known["decimals"] - decimals))
        for way in (1, -1):
            change = constant(decimals=decimals, digits=digits + way * off)
            refused(leading, change, "does not round")
    # Fewer digits, rightly rounded, are as true.
    honest = json.loads(json.dumps(leading))
    honest["steps"][0]["coefficient"].update(
        decimals=10, digits=round(known["digits"] / 10 ** (known["decimals"] - 10))
    )
    Checker(honest).run(complete=False)


@pytest.mark.parametrize(
    ("change", "because"),
    [
        (lambda step: step.update(power="1/4"), "the power is not"),
        (lambda step: step.update(shape="growth"), "is not shown to have a sign"),
        (lambda step: step.update(logs=1), "a logarithm too many"),
        (lambda step: step.update(coefficient="1/10"), "is not shown to have a sign"),
        (lambda step: step["coefficient"]["formula"].update(upper=["1", "1", "2"]), "other quotients"),
        (lambda step: step["coefficient"]["formula"].update(head="1/17"), "the first term"),
        (lambda step: step["coefficient"]["formula"].update(zeros=["1/2", "-7/20"]), "the roots are not"),
        (lambda step: step["coefficient"].update(above=step["coefficient"]["below"]), "is not shown to have a sign"),
        (lambda step: step["coefficient"].update(below=step["coefficient"]["above"]), "is not shown to have a sign"),
        (lambda step: step.update(coefficient={}), "nothing is said"),
    ],
)
def test_false_leading_terms_are_refused(leading, change, because):
    refused(leading, change, because)


@pytest.mark.parametrize(("name", "wrong"), [("even", "1/17"), ("inflow", "1/10")])
def test_wrong_coefficients_are_refused(name, wrong):
    data = prove(Growth(expected_risk(LEADING[name][0], Accumulate()))).data
    refused(data, lambda step: step.update(coefficient=wrong), "the coefficient is not")


def test_false_limits_are_refused():
    data = prove(Limit(expected_risk(coin("9/10", "1/2"), Accumulate()))).data
    refused(data, lambda step: step.update(limit="1/35"), "the limit is not")
    refused(data, lambda step: step.update(limits=["1/5", "1/36"]), "the limit of moment 0")
    refused(data, lambda step: step.update(order=[1, 0], limits=["1/36", "1/6"]), "comes later")
    refused(data, lambda step: step.update(order=[0]), "none of the moments")


def rewritten(data):
    """The first risks of a forged sequence, as a forger would write them."""
    checker = Checker(data)
    item = Sequence(checker, data["sequences"][0])
    risks = [str(value.number()) for value in item.run(4)[1]]
    return lambda step: step.update(risks=risks)


def test_what_is_pushed_away_has_no_limit():
    """A pull of the wrong sign, and an inflow that is off."""
    data = prove(Limit(expected_risk(coin("9/10", "1/2"), Accumulate()))).data
    turned = json.loads(json.dumps(data))
    matrix = turned["sequences"][0]["regimes"][0]["matrix"]
    matrix[0][0] = matrix[0][0].replace("- 1", "+ 1")
    assert matrix != data["sequences"][0]["regimes"][0]["matrix"]
    refused(turned, rewritten(turned), "is not shown to have a sign")
    pushed = json.loads(json.dumps(data))
    pushed["sequences"][0]["regimes"][0]["forcing"][0] = "1/(61*g)"
    refused(pushed, rewritten(pushed), "the limit of moment 0")


def test_what_rises_and_falls_has_its_largest_value_for_a_bound(unnoticed):
    """It never exceeds that, by a form that falls in behind it; a smaller number is none, and it is not monotone."""
    for target in ("1/3", "1/2"):
        risk = expected_risk(coin("9/10", target), Accumulate())
        proof = prove(LeastBound(risk))
        most = max(risk.at(g) for g in range(1, 12))
        assert risk.bound == most > max(risk.at(1), risk.limit)
        assert proof.data["claim"]["bound"] == str(most)
        survivors, tried = unnoticed([proof])
        assert not survivors
        assert tried > 20
        with pytest.raises(NotDerivedError):
            prove(Monotone(risk))


def test_series_at_one_have_values():
    from flint import arb
    from sympy import sqrt

    from theory.expressions.balls import BallProgram

    bits = 400
    for value, same in (
        (hyper((1, 1, 1), (2, 2), 1), pi**2 / 6),
        (hyper((1, 1, 1, 1), (2, 2, 2), 1), None),
        (hyper((-3, 1, Rational(1, 2)), (2, Rational(1, 3)), 1), None),
        (hyper((1, 1), (3,), 1), S(2)),
        (hyper((1, 1), (2,), Rational(1, 2)), 2 * log(2)),
        (hyper((1, 1, 1), (sqrt(2) + 1, Rational(3, 2)), 1), None),
    ):
        ball = BallProgram(value, G).at_precision(bits)(1)
        assert ball.rel_accuracy_bits() > bits - 60
        if same is not None:
            assert (ball - BallProgram(same, G).at_precision(bits)(1)).contains(0)
        # Another precision, another cut of the series: the balls must meet.
        assert ball.real.overlaps(BallProgram(value, G).at_precision(90)(1).real)
    assert not BallProgram(hyper((1, 1, 1), (Rational(3, 2), Rational(3, 2)), 1), G).at_precision(64)(1).is_finite()
    assert isinstance(ball.real, arb)
