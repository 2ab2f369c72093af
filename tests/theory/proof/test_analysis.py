"""What the checker knows of functions: limits, signs, roots inside the unit circle, and what it refuses."""

import pytest
from certified import limit_certificate

from theory.proof import CertificateError, check
from theory.proof.analysis import Analysis


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
        ("0", 0),
        ("1/1000", 1),
        ("-1/1000", None),
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
        check(limit_certificate(value, limit))
    analysis = Analysis([])
    with pytest.raises((CertificateError, RecursionError)):
        analysis.equal(analysis.limit_of(analysis.read(value)), analysis.read(limit), "the limit is another")
