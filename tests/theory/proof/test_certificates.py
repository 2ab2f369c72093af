"""Certificates: claims that are true get one, false ones do not, and no number in one can be changed."""

import ast
import json
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from sympy import Rational, Symbol, pi, sinh

from theory import (
    Accumulate,
    AccumulateSubsample,
    Bernoulli,
    Categorical,
    DomainError,
    Exponential,
    FreshReal,
    GaussianFit,
    KernelDensity,
    LinearRegression,
    NotDerivedError,
    Poisson,
    QuadraticVariance,
    RealPlusLatest,
    Regular,
    Replace,
    SlidingWindow,
    expected_risk,
)
from theory.expressions.parser import parse
from theory.models.bent import BiasedSampler
from theory.proof import (
    Certificate,
    CertificateError,
    ClosedForm,
    Growth,
    LeastBound,
    Limit,
    LowerLimit,
    Monotone,
    NeverWorse,
    Remainder,
    check,
    prove,
)
from theory.proof.analysis import Analysis
from theory.proof.texts import text

RULES = sys.modules["theory.proof.check"].RULES
CHECKER = Path(sys.modules["theory.proof.check"].__file__)


def ratio(model, workflow, loss="squared"):
    return expected_risk(model, workflow, loss=loss).ratio


def pairs():
    """Recurrences of every kind that the library composes: one number, several, constant or not, in regimes, late."""
    yield Regular(), Replace(), "squared"
    yield Regular(), Accumulate(), "squared"
    yield Regular(), Accumulate(sizes=2 * Symbol("j", integer=True, positive=True)), "squared"
    yield Regular(), AccumulateSubsample(), "squared"
    yield Regular(), AccumulateSubsample(budget=2), "squared"
    yield Regular(), SlidingWindow(2), "squared"
    yield Regular(), RealPlusLatest(), "squared"
    yield Regular(), FreshReal(share=Rational(1, 3)), "squared"
    yield QuadraticVariance(), Replace(), "squared"
    yield QuadraticVariance(), Accumulate(), "squared"
    yield QuadraticVariance(), SlidingWindow(2), "squared"
    yield Bernoulli(), Accumulate(), "squared"
    yield Bernoulli(p="1/3", n=50), FreshReal(), "squared"
    yield Exponential(mean=2, n=5), Replace(), "squared"
    yield LinearRegression(), Accumulate(), "squared"
    yield LinearRegression(d=10, T=50), Accumulate(), "squared"
    yield LinearRegression(signal="B"), Accumulate(), "squared"
    yield LinearRegression(signal="B"), Replace(), "squared"
    yield GaussianFit(), Replace(), "log-determinant"
    yield GaussianFit(d=2, n=30), Replace(), "kl"
    yield GaussianFit(d=1), Replace(), "wasserstein"
    yield GaussianFit(d=2, n=30), Replace(), "covariance"
    yield GaussianFit(), Accumulate(), "mean"
    yield KernelDensity(), Accumulate(), "variance"
    yield KernelDensity(), SlidingWindow(2), "variance"
    yield Categorical("uniform(3)", n=4), Replace(), "support"


CLAIMS = (ClosedForm, Limit, Growth, Monotone, LeastBound, Remainder)


def about(pair):
    """The certificates found for the claims about one pair."""
    found = []
    for claim in CLAIMS:
        try:
            found.append(prove(claim(ratio(*pair))))
        except NotDerivedError:
            assert claim is not ClosedForm, pair
    return found


def comparisons():
    """Certificates about two workflows, and of sums of Lerch functions."""
    regular = [ratio(Regular(), workflow) for workflow in (RealPlusLatest(), Accumulate(), Replace())]
    claims = [NeverWorse(low, high) for low, high in pairwise(regular)]
    claims += [LowerLimit(*regular[:2]), NeverWorse(ratio(Bernoulli(), Accumulate()), ratio(Bernoulli(), Replace()))]
    claims.append(Limit(expected_risk(KernelDensity(n=50), Replace(), loss="mise")))
    return [prove(claim) for claim in claims]


def without_closed_form():
    """Certificates of a limit and of a leading term; their numbers are changed in test_power_laws.py."""
    for target, claim in (("1/2", Limit), ("1/3", Growth)):
        coin = BiasedSampler(Bernoulli(p="1/3", n=4), fidelity="9/10", target=target)
        yield prove(claim(expected_risk(coin, Accumulate())))


@pytest.fixture(scope="module")
def certificates():
    """Certificates with every rule."""
    few = [pair for index, pair in enumerate(pairs()) if index % 3 == 0]
    return [*(item for pair in few for item in about(pair)), *comparisons(), *without_closed_form()]


@pytest.mark.parametrize("pair", list(pairs()), ids=lambda pair: f"{pair[0].name}-{pair[1].name}-{pair[2]}")
def test_a_changed_number_is_found(pair, unnoticed):
    found = about(pair)
    survivors, tried = unnoticed(found)
    assert not survivors
    assert tried > 10 * len(found)


def test_a_changed_number_is_found_in_comparisons(unnoticed):
    survivors, tried = unnoticed(comparisons())
    assert not survivors
    assert tried > 150


def test_every_rule_is_used(certificates):
    used = {step["rule"] for certificate in certificates for step in certificate.data["steps"]}
    assert used == set(RULES) - {"claim"}


def test_certificates_survive_a_file(certificates, tmp_path):
    for certificate in certificates[:5]:
        certificate.save(tmp_path / "certificate.json")
        loaded = Certificate.load(tmp_path / "certificate.json")
        assert check(loaded)
        assert str(loaded) == str(certificate)


def test_the_checker_stands_alone(certificates, tmp_path):
    """It runs without SymPy and without the rest of selfgen, and stays small."""
    certificates[0].save(tmp_path / "certificate.json")
    script = (
        f"import runpy, sys; sys.path.insert(0, {str(CHECKER.parent)!r}); sys.argv = ['check', sys.argv[1]]\n"
        f"runpy.run_path({str(CHECKER)!r}, run_name='__main__')\n"
        "assert not {'sympy', 'theory', 'numpy'} & set(sys.modules), sys.modules.keys()"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "certificate.json")]
    ran = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert (ran.returncode, ran.stdout) == (0, "True\n"), ran.stderr
    assert len(CHECKER.read_text(encoding="utf-8").splitlines()) < 400
    allowed = {
        "__future__",
        "ast",
        "collections.abc",
        "flint",
        "itertools",
        "json",
        "math",
        "operator",
        "pathlib",
        "re",
        "sys",
        "typing",
    }
    parts = {"algebra", "analysis", "form", "plain", "power_laws"}
    for file in (CHECKER, *(CHECKER.with_name(f"{name}.py") for name in sorted(parts))):
        tree = ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        names = {n for node in tree if isinstance(node, ast.Import) for n in [alias.name for alias in node.names]}
        tree = ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        names |= {str(node.module) for node in tree if isinstance(node, ast.ImportFrom)}
        assert names <= allowed | parts | {f"theory.proof.{part}" for part in parts}, names


# -- true claims, with the values that papers give ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("pair", "bound"),
    [
        ((Regular(), Accumulate()), pi**2 / 6),
        ((Regular(), AccumulateSubsample()), pi**2 / 2 - 2),
        ((Regular(), RealPlusLatest()), Rational(4, 3)),
        ((Regular(), FreshReal()), 1),
        ((KernelDensity(), FreshReal(), "variance"), 2),
        ((Exponential(n=9), Accumulate()), 9 * (3 * sinh(pi / 3) / pi - 1)),
        ((LinearRegression(d=1, T=4, design="shared"), Accumulate()), pi**2 / 6),
    ],
    ids=str,
)
def test_least_bounds(pair, bound):
    assert prove(LeastBound(ratio(*pair))).data["claim"]["bound"] == text(bound)


def test_fresh_designs_never_lose_to_a_shared_one_for_any_d_and_T():
    fresh, shared = (expected_risk(LinearRegression(design=design), Accumulate()) for design in ("fresh", "shared"))
    certificate = prove(NeverWorse(fresh, shared))
    assert check(certificate)
    assert certificate.data["parameters"]["T"] == "t1 + t2 + 3"


def test_a_remainder_is_the_next_term_of_the_expansion():
    (step,) = (step for step in prove(Remainder(ratio(Poisson(), Accumulate()), 3)).data["steps"] if "bound" in step)
    assert step["expansion"] == "pi**2/6 - 1/g + 1/(2*g**2)"
    assert step["bound"] == "1/(6*g**3)"


@pytest.mark.parametrize(
    "risk",
    [
        ratio(Bernoulli(), Accumulate()),
        ratio(Exponential(n=9), Accumulate()),
        ratio(GaussianFit(), Accumulate(), "trace"),
        ratio(Regular(), RealPlusLatest()),
        ratio(Bernoulli(), Replace()),
        ratio(Regular(), AccumulateSubsample()),
    ],
    ids=lambda risk: f"{risk.model.name}-{risk.workflow.name}",
)
def test_a_remainder_is_no_smaller(risk):
    """Products of Gamma functions, powers and harmonic numbers, with less room or another expansion."""
    data = json.loads(prove(Remainder(risk)).json())
    (step,) = (step for step in data["steps"] if step["rule"] == "remainder")
    changes = [("bound", f"({step['bound']})/2"), ("expansion", f"({step['expansion']})*101/100")]
    changes += [("constant", f"{step['constant']} + 1/g")] if "constant" in step else []
    for key, wrong in changes:
        steps = [other if other is not step else {**step, key: wrong} for other in data["steps"]]
        with pytest.raises(CertificateError):
            completed({**data, "steps": steps})


def test_a_sum_over_roots_has_no_remainder():
    data = json.loads(prove(Limit(expected_risk(Bernoulli(), SlidingWindow(2)))).json())
    data["steps"][-1] = {"rule": "remainder", "sequence": 0, "expansion": "p*(1 - p)", "bound": "0", "since": 9}
    with pytest.raises(CertificateError, match="sums over roots"):
        completed({**data, "claim": {"statement": "remainder", "sequences": [0]}})


@pytest.mark.parametrize(
    ("workflow", "limit"), [(SlidingWindow(2), "p*(1 - p)"), (SlidingWindow(3), "p*(1 - p)")], ids=["two", "three"]
)
def test_sums_over_roots_with_parameters_tend_to_zero(workflow, limit):
    certificate = prove(Limit(expected_risk(Bernoulli(), workflow)))
    assert certificate.data["steps"][-1]["limit"] == limit


@pytest.mark.parametrize(
    ("polynomial", "inside"),
    [
        (["1/4", "1", "1"], True),
        (["-1/2", "1"], True),
        (["1", "1"], False),
        (["-2", "1"], False),
        (["1", "0", "1"], False),
        (["3/8", "-5/4", "1"], True),
        (["3/4", "-2", "1"], False),
        (["-n/(n + 1)", "1"], True),
        (["-n/(n + 1)", "0", "0", "1"], True),
        (["-(n + 2)/(n + 1)", "1"], False),
        (["0", "0", "1"], True),
    ],
    ids=str,
)
def test_roots_inside_the_unit_circle(polynomial, inside):
    analysis = Analysis([])
    analysis.ranges = {"n": analysis.read("t")}
    analysis.free.add("t")
    read = [analysis.read(text) for text in polynomial]
    if inside:
        analysis.inside(read)
    else:
        with pytest.raises(CertificateError):
            analysis.inside(read)


@pytest.mark.parametrize(
    ("text", "sign"),
    [
        ("3**g - 8", 1),
        ("3**g - 9", 0),
        ("3**g - 10", None),
        ("1/3 - (1/2)**g", 1),
        ("1/4 - (1/2)**g", 0),
        ("1/5 - (1/2)**g", None),
        ("q**g - 1", 1),
        ("q**g - 2", None),
        ("n**g", 0),
        ("1 + n**g", 1),
        ("1 - n**g", None),
        ("floor(q)", 1),
        ("floor(q) - 1", 0),
        ("floor(q) - 2", None),
        ("1 + floor(n)", 1),
        ("floor(n)", 0),
        ("floor(n) - 1", None),
        ("(-2)**g + 5", None),
    ],
)
def test_signs_of_powers_and_floors(text, sign):
    """For q > 1, n ≥ 0 and g ≥ 2: positive, not negative, or not decided."""
    analysis = Analysis(["s"])
    analysis.ranges = {"n": analysis.read("t"), "q": analysis.read("1 + s")}
    analysis.free |= {"t", "s"}
    value, first = analysis.read(text), analysis.read("2")
    if sign is None:
        with pytest.raises(CertificateError):
            analysis.sign(value, first)
    else:
        assert analysis.sign(value, first) == sign


# -- false claims -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "claim",
    [
        NeverWorse(ratio(Regular(), Replace()), ratio(Regular(), Accumulate())),
        NeverWorse(ratio(Regular(), Accumulate()), ratio(Regular(), RealPlusLatest())),
        NeverWorse(
            expected_risk(LinearRegression(design="shared"), Accumulate()),
            expected_risk(LinearRegression(), Accumulate()),
        ),
        LowerLimit(ratio(Regular(), Accumulate()), ratio(Regular(), RealPlusLatest())),
        LowerLimit(ratio(Regular(), Accumulate()), ratio(Regular(), Accumulate())),
        LeastBound(ratio(Regular(), Replace())),
        Limit(ratio(Regular(), Replace())),
        Growth(ratio(Regular(), Accumulate())),
    ],
    ids=lambda claim: f"{type(claim).__name__}-{claim.risk.workflow.name}",
)
def test_what_is_false_is_not_proved(claim):
    with pytest.raises(NotDerivedError, match="no certificate was found"):
        prove(claim)


def test_a_closed_form_that_is_wrong_by_one_percent_is_refused(certificates):
    refused = 0
    for certificate in certificates:
        data = json.loads(certificate.json())
        for step in data["steps"]:
            if "value" in step:
                step["value"][-1] = f"101*({step['value'][-1]})/100"
                with pytest.raises(CertificateError, match="step"):
                    check(data)
                refused += 1
    assert refused > 20


def test_the_mise_of_kernel_densities_is_summed_by_lerch_functions():
    (step,) = prove(expected_risk(KernelDensity(bandwidth="1/3", n=50), Replace(), loss="mise")).data["steps"]
    assert "lerchphi(49/50, 1/2, g + 1)" in step["value"][0]


def _limit_certificate(value, limit, **more):
    """A certificate whose sequence is risk = value, with the limit claimed."""
    regime = {"start": "2", "matrix": [], "forcing": [], "readout": [], "shift": value}
    return {
        "format": "selfgen certificate",
        "version": 1,
        "claim": {"statement": "limit", "sequences": [0]},
        "about": [dict.fromkeys(("model", "workflow", "loss", "quantity", "exactness"), "any")],
        "parameters": {},
        "positive": [],
        "sequences": [{"scale": "1", "offset": "0", "early": [], "initial": [], "regimes": [regime]}],
        "steps": [
            {"rule": "solution", "sequence": 0, "moments": [[]], "value": [value], "early": []},
            {"rule": "limit", "sequence": 0, "limit": limit},
        ],
        "witnesses": [],
        **more,
    }


@pytest.mark.parametrize(
    ("value", "limit"),
    [
        ("1/g + 2", "2"),
        ("harmonic(g) - log(g)", "EulerGamma"),
        ("harmonic(g + 3, 2)", "pi**2/6"),
        ("harmonic(g, 4)", "pi**4/90"),
        ("harmonic(g, 3)", "zeta(3)"),
        ("sqrt(8)*sqrt(2)/sqrt(9) + 1/g", "4/3"),
        ("(1/3)**g*g**5 + harmonic(g)/g", "0"),
        ("g*polygamma(1, g)", "1"),
        ("gamma(g + 1/3)*gamma(g - 1/3)/gamma(g)**2", "1"),
        ("gamma(g + 2)/(g**2*gamma(g))", "1"),
        ("polygamma(0, g + x) - polygamma(0, g)", "0"),
        ("sqrt(g)/g", "0"),
        ("sqrt(4*g**2 + g)/(3*g + 1)", "2/3"),
        ("(1/2)**g*g*lerchphi(1/3, 1/2, g + 1)", "0"),
    ],
)
def test_limits_of_functions(value, limit):
    analysis = Analysis([])
    found = analysis.limit_of(analysis.read(value))
    analysis.equal(found, analysis.read(limit), "the limit is another")
    with pytest.raises(CertificateError, match="is another"):
        analysis.equal(found, analysis.read(f"{limit} + 1/1000"), "the limit is another")


@pytest.mark.parametrize(
    ("value", "limit"),
    [
        ("sqrt(g)", "1"),
        ("sqrt(g)/g", "1"),
        ("2**g", "0"),
        ("x**g", "0"),
        ("g", "0"),
        ("harmonic(2*g) - harmonic(g)", "0"),
        ("harmonic(g) - log(g)", "0"),
        ("g*(harmonic(g) - log(g) - EulerGamma)", "0"),
        ("gamma(g)", "0"),
        ("floor(g)", "0"),
        ("lerchphi(1/2, 1/2, g)", "0"),
        ("2*lerchphi(1/2, 1/2, g)", "2"),
        ("(1/2)**g*lerchphi(3, 1/2, g)", "0"),
        # functions of g inside functions, and a parameter at which the leading term vanishes
        ("sqrt(2**g)/g", "0"),
        ("exp(harmonic(g))/g", "0"),
        ("log(2**g)/g", "0"),
        ("gamma(2**g)/g", "0"),
        ("1/((a - 1)*g + 1)", "0"),
        ("((2**2000)**2000)**2000/g", "0"),
        ("True + 1/g", "1"),
        ("-" * 5000 + "1", "1"),
        ("log(g)", "0"),
        ("log(g + 1) - log(g)", "0"),
        ("1/(harmonic(g) + 1)", "0"),
        ("g**g", "0"),
        ("2**(g*g)/g", "0"),
        ("1.0", "1"),
        ("__import__('os')", "0"),
        ("1/(g - g)", "0"),
    ],
)
def test_the_checker_refuses_what_it_does_not_know(value, limit):
    with pytest.raises(CertificateError):
        check(_limit_certificate(value, limit))
    analysis = Analysis([])
    with pytest.raises((CertificateError, RecursionError)):
        analysis.equal(analysis.limit_of(analysis.read(value)), analysis.read(limit), "the limit is another")


def test_names_cannot_pose_as_what_the_checker_reckons_with():
    """A parameter may be called anything without becoming the distance from a start, or a function."""
    for name in ("u", "root_0", "gamma_1", "t1", "moment_0"):
        cone = {
            "rule": "cone",
            "shape": "increasing",
            "sequences": [0],
            "since": 2,
            "risks": [["0", "0", "0"]],
            "forms": [],
            "multipliers": [],
            "rests": [],
            "weights": [],
            "rest": name,
        }
        data = _limit_certificate(f"g*{name}", "0", claim={"statement": "increasing", "sequences": [0]}, steps=[cone])
        cone["risks"] = [[f"{g}*{name}" for g in (1, 2, 3)]]
        with pytest.raises(CertificateError, match="range"):
            check(data)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"version": 2}, "version 1"),
        ({"format": "other"}, "version 1"),
        ({"steps": []}, "no step shows it"),
        ({"steps": [{"rule": "believe me"}]}, "no rule of"),
        ({"steps": [{"rule": "limit", "sequence": 0}]}, "malformed"),
        ({"witnesses": ["g"]}, "other witnesses"),
        ({"parameters": {"n": "1 + t"}}, "not needed"),
        ({"claim": {"statement": "limit", "sequences": [1]}}, "not about the sequences as they are listed"),
    ],
)
def test_malformed_certificates_get_one_sentence(change, message):
    with pytest.raises(CertificateError, match=message):
        check(_limit_certificate("1/g", "0", **change))


def _rising(value, **more):
    """A certificate that a sequence with this value increases, each step by itself."""
    cone = {"rule": "cone", "shape": "increasing", "sequences": [0], "since": 2, "forms": [], "multipliers": []}
    cone |= {"rests": [], "weights": [], "rest": f"({value}) - ({value.replace('g', '(g - 1)')})"}
    cone["risks"] = [[value.replace("g", str(g)) for g in (1, 2, 3)]]
    return _limit_certificate(value, "0", claim={"statement": "increasing", "sequences": [0]}, steps=[cone], **more)


@pytest.mark.parametrize(
    "parameters",
    [
        {"g": "1/2"},
        {"pi": "2 + t - t"},
        {"constant 0": "t"},
        {"I": "t"},
        {"n": "t*log(1/2)"},
        {"n": "polygamma(0, 1/2)*t"},
        {"n": "n"},
        {"n": "pi*t"},
        {"n": "g"},
    ],
    ids=str,
)
def test_ranges_are_of_parameters_in_variables_of_their_own(parameters):
    assert completed(_rising("2*g - 1/g")) is True
    with pytest.raises(CertificateError, match=r"a name is taken|variables of its own"):
        check(_rising("2*g - 1/g", parameters=parameters))


def completed(data):
    """The certificate with the witnesses that the checker itself finds."""
    checker = sys.modules["theory.proof.check"].Checker(data)
    checker.run(complete=False)
    return check({**data, "witnesses": checker.witnesses})


def test_signs_are_those_of_real_numbers():
    data = _rising("-g")
    data["steps"][0] |= {
        "forms": [["1 + 10*I"], ["1 - 10*I"]],
        "multipliers": [["1", "0"], ["0", "1"]],
        "rests": ["0", "0"],
        "weights": ["(-1 - 10*I)/2", "(-1 + 10*I)/2"],
        "rest": "-102",
    }
    with pytest.raises(CertificateError, match="not shown to be real"):
        completed(data)


@pytest.mark.parametrize(
    ("start", "early"), [("2", ["500"]), ("50", []), ("5/2", []), ("n", []), ("0", []), ("-3", [])], ids=str
)
def test_a_sequence_starts_where_its_early_values_end(start, early):
    data = _limit_certificate("1/g", "0")
    data["sequences"][0]["regimes"][0]["start"] = start
    data["sequences"][0]["early"] = data["steps"][0]["early"] = early
    with pytest.raises(CertificateError, match=r"does not start after|not shown to be defined at g"):
        check(data)


def test_a_remainder_holds_from_where_its_value_holds():
    data = _limit_certificate("1/g", "0", claim={"statement": "remainder", "sequences": [0]})
    data["sequences"][0]["regimes"][0]["start"] = "3"
    data["sequences"][0]["early"] = data["steps"][0]["early"] = ["500"]
    for since, holds in ((1, False), (2, True)):
        data["steps"][1] = {"rule": "remainder", "sequence": 0, "expansion": "0", "bound": "1/g", "since": since}
        if holds:
            assert completed(data)
        else:
            with pytest.raises(CertificateError, match="is not shown to hold as early"):
                completed(data)


def test_a_remainder_holds_from_the_regime_that_its_value_is_of():
    data = _limit_certificate("7", "0", claim={"statement": "remainder", "sequences": [0]})
    data["sequences"][0]["regimes"].append(data["sequences"][0]["regimes"][0] | {"start": "4", "shift": "1/g"})
    data["steps"][0] |= {"moments": [[], []], "value": ["7", "1/g"]}
    for since in (3, 4):
        data["steps"][1] = {"rule": "remainder", "sequence": 0, "expansion": "0", "bound": "1/g", "since": since}
        if since == 4:
            assert completed(data)
        else:
            with pytest.raises(CertificateError, match="is not shown to hold as early"):
                completed(data)


@pytest.mark.parametrize("rate", ["g*(exp(1)*exp(-1) - 1)", "a*g", "I*g"])
def test_growth_is_by_a_term_that_cannot_vanish(rate):
    data = _limit_certificate(f"1 + {rate}", "0", claim={"statement": "growth", "sequences": [0]})
    data["steps"][1] = {"rule": "growth", "sequence": 0, "growth": rate}
    with pytest.raises(CertificateError):
        completed(data)


@pytest.mark.parametrize("budget", [2, 3])
@pytest.mark.parametrize("terms", [1, 2, 3])
def test_remainders_of_sequences_in_regimes_are_true(budget, terms):
    risk = ratio(Regular(), AccumulateSubsample(budget=budget))
    (step,) = (step for step in prove(Remainder(risk, terms)).data["steps"] if "bound" in step)
    expansion, bound = (parse(step[name], "step").subs(Symbol("pi"), pi) for name in ("expansion", "bound"))
    g = next(iter(bound.free_symbols))
    for generation in range(step["since"], 12):
        off = abs(risk.at(generation) - expansion.subs(g, generation)) - bound.subs(g, generation)
        assert off.evalf(30) <= 0


@pytest.mark.parametrize(
    "change",
    [
        {"about": []},
        {"about": [{"quantity": "x"}]},
        {"claim": {"statement": "limit", "sequences": [0], "bound": "3"}},
        {"claim": {"statement": "limit", "sequences": [0], "since": 5}},
        {"claim": {"statement": "value", "sequences": [0]}},
    ],
)
def test_nothing_is_stated_that_is_not_checked(change):
    with pytest.raises(CertificateError):
        check(_limit_certificate("1/g", "0", **change))


@pytest.mark.parametrize("text", ["", "[]", "{}", "3", "{'a': 1}"])
def test_what_is_no_certificate(text, tmp_path):
    with pytest.raises(CertificateError):
        check(text)
    (tmp_path / "file").write_text(text, encoding="utf-8")
    if text in ("{}",):
        assert Certificate.load(tmp_path / "file").data == {}
    else:
        with pytest.raises(DomainError, match="is no certificate"):
            Certificate.load(tmp_path / "file")


def test_arguments():
    with pytest.raises(DomainError, match="risk = 3 is not a risk"):
        Limit(3)
    with pytest.raises(DomainError, match="terms"):
        Remainder(ratio(Regular(), Accumulate()), 0)
    with pytest.raises(NotDerivedError, match="recurrence alone"):
        prove(ratio(Bernoulli(p="1/2", n=5), AccumulateSubsample()))
    with pytest.raises(NotDerivedError, match="by cases: give numbers"):
        prove(Limit(ratio(QuadraticVariance(), Replace())))
