"""What a certificate may look like: one writing of each thing, within limits; what is known of Γ and the sine."""

import ast
import json
import sys
import time
from pathlib import Path

import pytest
from mpmath import mp
from sympy import Rational

from theory import Accumulate, Bernoulli, Binomial, DomainError, Exponential, Regular, Replace, expected_risk
from theory.proof import Certificate, CertificateError, LeastBound, Limit, NeverWorse, check, prove
from theory.proof.algebra import SINES
from theory.proof.analysis import Analysis
from theory.proof.plain import DEEPEST, LARGEST, UnreadableError, plain

CHECKER = Path(sys.modules["theory.proof.check"].__file__)


@pytest.fixture(scope="module")
def texts():
    risks = [expected_risk(Regular(), workflow).ratio for workflow in (Accumulate(), Replace())]
    return [prove(LeastBound(risks[0])).json(), prove(NeverWorse(*risks)).json()]


def places(node, path=()):
    yield path, node
    if isinstance(node, list | dict):
        for key, item in enumerate(node) if isinstance(node, list) else node.items():
            yield from places(item, (*path, key))


def changed(text, path, value):
    data = json.loads(text)
    here = data
    for key in path[:-1]:
        here = here[key]
    here[path[-1]] = value
    return json.dumps(data)


def test_no_other_type_stands_for_another(texts):
    """1.0 and true are 1, and [0.0] is [0], to Python: not here."""
    tried = 0
    for text in texts:
        for path, value in places(json.loads(text)):
            others = [None, True, False, 1.0, 0.0, 1.5, "x y", {}, {"a": 1}, [None], [[["g"]]], 7]
            others += [float(value), str(value), bool(value)] if type(value) is int else []
            for other in others:
                if path and (type(other) is not type(value) or other == {"a": 1}):
                    tried += 1
                    with pytest.raises(CertificateError):
                        check(changed(text, path, other))
    assert tried > 1000


def test_an_unknown_key_is_refused_wherever_it_stands(texts):
    for text in texts:
        for path, value in places(json.loads(text)):
            if isinstance(value, dict):
                with pytest.raises(CertificateError):
                    check(changed(text, (*path, "note"), "x") if path else json.dumps(value | {"note": "x"}))


def test_a_key_that_is_given_twice_is_refused_wherever_it_stands(texts):
    for text in texts:
        for place in range(len(text)):
            if text[place] == "{":
                pairs = json.JSONDecoder().raw_decode(text[place:])[0]
                for key, value in list(pairs.items())[:3]:
                    twice = f"{text[: place + 1]}{json.dumps(key)}: {json.dumps(value)}, {text[place + 1 :]}"
                    with pytest.raises(CertificateError, match="is given twice"):
                        check(twice)


@pytest.mark.parametrize(
    "written", ["1.0", "1e0", "1E0", "10e-1", "true", '"1"', "NaN", "Infinity", "-0", "01", "+1", "1 "]
)
def test_a_whole_number_has_one_writing(texts, written):
    text = texts[0].replace('"version": 1,', f'"version": {written},')
    if written == "1 ":
        assert check(text)
        return
    with pytest.raises(CertificateError):
        check(text)


@pytest.mark.parametrize(
    "written",
    ["0x1", "0b1", "0o1", "1_0", "00", "01", "1.", "1.0", ".1", "1e0", "1j", "1E5", "1L", "1g", "2pi", "g.real"],
)
def test_a_number_within_a_text_has_one_writing(written):
    for text in (written, f"g + {written}", f"1/({written} + 1)"):
        with pytest.raises(CertificateError, match="neither a name nor a whole number"):
            Analysis([]).read(text)


def test_a_text_may_not_name_the_variable_of_a_range():
    """Neither t1 + 1, as the range is written, nor t1 alone: it would be tied to n."""
    data = json.loads(prove(LeastBound(expected_risk(Bernoulli(), Accumulate()))).json())
    over = data["parameters"]["n"]
    for other in (over, over.split()[0]):
        data["sequences"][0]["scale"] = other
        with pytest.raises(CertificateError, match="is the variable of a range, and no parameter"):
            check(data)


# -- limits ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[" * 100_000 + "]" * 100_000, f"nested deeper than {DEEPEST} levels"),
        ('{"a": ' * (DEEPEST + 5) + "1" + "}" * (DEEPEST + 5), f"nested deeper than {DEEPEST} levels"),
        ('"' + "x" * LARGEST + '"', "is longer than 4,000,000 characters"),
        ("9" * 400, "more than 40 digits"),
        ("{", "no JSON"),
        ("", "no JSON"),
        ("\ufeff{}", "no JSON"),
    ],
    ids=["lists", "objects", "long", "digits", "open", "empty", "mark"],
)
def test_a_text_beyond_the_limits_is_refused_at_once(content, said, tmp_path):
    start = time.process_time()
    with pytest.raises(UnreadableError, match=said):
        plain(content)
    with pytest.raises(CertificateError) as refused:
        check(content)
    (tmp_path / "file.json").write_text(content, encoding="utf-8")
    with pytest.raises(DomainError, match="is no certificate") as loaded:
        Certificate.load(tmp_path / "file.json")
    for error in (refused, loaded):
        assert "recursion" not in str(error.value)
        assert len(str(error.value)) < 400
    assert time.process_time() - start < 2


def test_a_large_file_is_not_read_to_its_end(tmp_path):
    with open(tmp_path / "large.json", "wb") as file:
        file.truncate(10**10)
    start = time.process_time()
    for place in (tmp_path / "large.json", "/dev/zero"):
        with pytest.raises(DomainError, match="larger than 4,000,000 bytes"):
            Certificate.load(place)
    assert time.process_time() - start < 2


def test_fractions_are_read_where_they_are_allowed():
    assert plain("[0.5, 1e3]", fractions=True) == [0.5, 1000.0]
    with pytest.raises(UnreadableError, match=r"0\.5 stands where"):
        plain("[0.5]")


@pytest.mark.parametrize("data", [{}, {"claim": 3}, {"claim": {"statement": "limit"}, "about": [{}]}, [], 3])
def test_anything_can_be_printed(data):
    assert str(Certificate(data)) == "a certificate that is not of the form of one: check says what is amiss"


# -- what is not shown ----------------------------------------------------------------------------------------


def test_what_is_not_proved_is_said_to_be_not_shown():
    """A step that fails tells that it proves nothing, not that its opposite is so."""
    told = 0
    for file in ("check", "analysis", "algebra"):
        for node in ast.walk(ast.parse(CHECKER.with_name(f"{file}.py").read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "equal":
                message = ast.unparse(node.args[-1])
                assert "shown to" in message or "message" in message, message
                told += 1
    assert told > 15


# -- Γ and the sine ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("z", SINES)
def test_sines(z):
    top, bottom = map(int, z.split("/"))
    with mp.workdps(60):
        sine = eval(SINES[z].replace("sqrt", "mp.sqrt"), {"mp": mp})
        assert abs(sine - mp.sinpi(mp.mpf(top) / bottom)) < mp.mpf(10) ** -55
    analysis = Analysis([])

    def same(one, two):
        analysis.equal(analysis.read(one), analysis.read(two), "they differ")

    same(f"gamma({z})*gamma(1 - {z})*({SINES[z]})", "pi")
    same(f"gamma({z} + 2)*gamma(-{z})*({SINES[z]})", f"-pi*({z} + 1)")
    same(f"sin(pi*{z})", SINES[z])
    for wrong in (f"{SINES[z]} + 1/10**30", f"-({SINES[z]})"):
        with pytest.raises(CertificateError, match="they differ"):
            same(f"sin(pi*{z})", wrong)


def test_gamma_at_half_a_whole_number():
    analysis = Analysis([])
    for text in ("gamma(1/2)**2 - pi", "gamma(7/2) - 15*sqrt(pi)/8", "gamma(-3/2) - 4*sqrt(pi)/3", "sin(pi/2) - 1"):
        analysis.equal(analysis.read(text), analysis.read("0"), text)
    for text in (
        "gamma(1/2)**2 - pi - 1/10**30",
        "gamma(1/2) + sqrt(pi)",
        "gamma(3/2) - sqrt(pi)",
        "sqrt(-pi)**2 - pi",
    ):
        with pytest.raises(CertificateError):
            analysis.equal(analysis.read(text), analysis.read("0"), "not zero")


def test_roots_of_conjugates():
    analysis = Analysis([])
    product = analysis.read("sqrt(3 - sqrt(5))*sqrt(3 + sqrt(5))")
    analysis.equal(product, analysis.read("2"), "not 2")
    for text in ("sqrt(-3 - sqrt(5))*sqrt(-3 + sqrt(5)) - 2", "sqrt(3 - sqrt(5)) + sqrt(3 + sqrt(5))"):
        with pytest.raises(CertificateError):
            analysis.equal(analysis.read(text), analysis.read("0"), "not zero")


def grid():
    """Families with v2/n = ±1/k², with numbers at once and with numbers in place of n, and that quotient."""
    for k in (1, 2, 3, 4, 5, 7, 12):
        for family, way in ((Bernoulli, -1), (Exponential, 1)):
            yield family(n=k * k), family(), k * k, Rational(way, k * k)
    for m, n in ((2, 2), (4, 9), (3, 12), (2, 8), (4, 1), (5, 2)):
        yield Binomial(m=m, n=n), Binomial(m=m), n, Rational(-1, m * n)


@pytest.mark.parametrize("workflow", [Accumulate(), Replace(sizes="j**2"), Accumulate(sizes="2*j")], ids=str)
def test_limits_at_rational_arguments(workflow):
    """Π (1 + v2/(n j²)) = sinh(x)/x, x = π√(v2/n), has Γ at rational numbers, and at i times them, in its limit."""
    proved = 0
    for model, symbolic, n, curvature in grid():
        for risk in (expected_risk(model, workflow).ratio, expected_risk(symbolic, workflow).ratio.subs(n=n)):
            if risk.closed_form is None:
                continue
            assert check(prove(LeastBound(risk)))  # which proves the limit on its way
            proved += 1
            if workflow != Accumulate(sizes="2*j"):
                x = mp.pi * mp.sqrt(mp.mpf(curvature.p) / curvature.q)
                limit = (mp.sinh(x) / x - 1) * curvature.q / curvature.p
                assert abs(mp.mpmathify(risk.limit.evalf(15)) - limit) < 1e-12
    assert proved > (2 if workflow == Accumulate(sizes="2*j") else 30)


def test_the_limit_that_was_refused():
    certificate = prove(Limit(expected_risk(Bernoulli(p="1/3", n=4), Accumulate()).ratio))
    assert certificate.data["steps"][-1]["limit"] == "4 - 8/pi"
