"""Certificates forged by hand: what is false, or printed otherwise than it is proved, is refused."""

import json
import sys

import pytest
from flint import ctx

from theory import DomainError
from theory.proof import Certificate, CertificateError, check
from theory.proof.analysis import Analysis

Checker = sys.modules["theory.proof.check"].Checker


def sequence(start="2", matrix=(), forcing=(), readout=(), shift="0", initial=(), more=(), **others):
    first = {"start": start, "matrix": matrix, "forcing": forcing, "readout": readout, "shift": shift}
    return {"scale": "1", "offset": "0", "early": [], "initial": initial, "regimes": [first, *more]} | others


def certificate(sequences, steps, statement, **more):
    """A certificate with the witnesses that the checker itself asks for, as a forger would fill them in."""
    names = ("model", "workflow", "loss", "quantity", "exactness")
    claim = {"statement": statement, "sequences": list(range(len(sequences)))} | more.pop("claim", {})
    data = {
        "format": "selfgen certificate",
        "version": 1,
        "about": [dict.fromkeys(names, "any") for _ in sequences],
        "claim": claim,
        "parameters": {},
        "positive": [],
        "sequences": sequences,
        "steps": steps,
        "witnesses": [],
    } | more
    checker = Checker(json.loads(json.dumps(data)))
    with ctx.workprec(256):
        checker.run(complete=False)
    return json.dumps(data | {"witnesses": checker.witnesses})


def solution(moments, value, index=0):
    return {"rule": "solution", "sequence": index, "moments": moments, "value": value, "early": []}


def told(rule, value, index=0):
    return {"rule": rule, "sequence": index, rule: value}


def of_value(value, result, rule="limit", **more):
    """The limit, or the growth, of a sequence that is given by its value."""
    steps = [solution([[]], [value]), told(rule, result)]
    return certificate([sequence(shift=value)], steps, rule, **more)


def cone(shape, risks, rest, since=2, **more):
    empty = {name: [] for name in ("forms", "multipliers", "rests", "weights")}
    return {
        "rule": "cone",
        "shape": shape,
        "sequences": [0],
        "since": since,
        "risks": risks,
        **empty,
        "rest": rest,
    } | more


def constant(start, factor="1", inflow="0"):
    return {"start": start, "matrix": [[factor]], "forcing": [inflow], "readout": ["1"], "shift": "0"}


def one(start="2", factor="1", inflow="1", initial="1", **more):
    return sequence(start, [[factor]], [inflow], ["1"], "0", [initial], **more)


def the_start_of_generations_is_called_positive():
    step = cone("increasing", [["0", "-5", "-10"]], "0", forms=[["0", "g - 1", "0"]], weights=["1/(g - 2)"])
    step |= {"multipliers": [["(g - 1)/(g - 2)"]], "rests": ["0"]}
    falling = sequence("2", [["1", "1"], ["0", "1"]], ["0", "0"], ["1", "0"], "0", ["0", "-5"])
    return certificate([falling], [step], "increasing", positive=["(g - since)"])


def a_series_whose_order_is_g():
    return of_value("lerchphi(1/2, -g, 1)/g", "0")


def a_polylogarithm_at_g():
    return of_value("polylog(-2, 1/g + 1)/g", "0")


def a_regime_starts_between_generations():
    after = "3/2*2**(g - 3/2)"
    risk = one(more=[constant("5/2", "2")])
    return certificate([risk], [solution([["g"], [after]], ["g", after])], "closed form")


def a_regime_starts_anywhere():
    risk = one(more=[constant("s")])
    return certificate([risk], [solution([["g"], ["s - 1"]], ["g", "s - 1"])], "closed form")


def regimes_in_no_order():
    values = ["g", "s - 1", "s - 1 + g - 9"]
    risk = one(more=[constant("s"), constant("10", "1", "1")])
    steps = [solution([[value] for value in values], values)]
    return certificate([risk], steps, "closed form", parameters={"s": "3 + t"})


def an_empty_first_regime():
    risk = one("1", "0", "7", "5", more=[constant("1")])
    return certificate([risk], [solution([["7"], ["7"]], ["7", "7"])], "closed form")


def a_remainder_before_its_regime():
    after = {"start": "s", "matrix": [], "forcing": [], "readout": [], "shift": "1/(s*g)"}
    rest = {"rule": "remainder", "sequence": 0, "expansion": "0", "bound": "1/(s*g)", "since": 2}
    steps = [solution([[], []], ["7", "1/(s*g)"]), rest]
    return certificate([sequence(shift="7", more=[after])], steps, "remainder", parameters={"s": "3 + t"})


def g_in_the_scale():
    return certificate([sequence(shift="1", scale="1/g")], [cone("increasing", [["1/g"] * 3], "0")], "increasing")


def g_in_the_offset():
    return certificate([sequence(shift="1", offset="-g")], [cone("increasing", [["1 - g"] * 3], "0")], "increasing")


def lower_limit(small, large):
    steps = [step for i, v in enumerate((small, large)) for step in (solution([[]], [v], i), told("limit", v, i))]
    return certificate([sequence(shift=small), sequence(shift=large)], steps, "lower limit")


def a_logarithm_of_two_numbers():
    return lower_limit("log(8, 2)", "5/2")


def a_zeta_function_of_two_numbers():
    return lower_limit("1", "zeta(3, 5)")


def a_constant_with_an_argument():
    return lower_limit("EulerGamma(7)", "pi(7)")


def a_function_nobody_knows():
    return lower_limit("psi(2)", "pi")


def the_other_way_round():
    step = cone("never above", [["1"] * 3, ["2"] * 3], "1", sequences=[1, 0])
    claim = {"claim": {"sequences": [1, 0]}}
    data = json.loads(certificate([sequence(shift="2"), sequence(shift="1")], [step], "never above", **claim))
    return json.dumps(data)


def about_the_last_sequence():
    steps = [solution([[]], ["1/g"], -1), told("limit", "0", -1)]
    return certificate([sequence(shift="g"), sequence(shift="1/g")], steps, "limit", claim={"sequences": [-1]})


def growth_without_a_sign():
    return of_value("(-2)**g", "(-2)**g", "growth")


def growth_that_is_not_real():
    return of_value("(3*I)**g", "(3*I)**g", "growth")


def an_early_value_too_many():
    step = cone("decreasing", [["100", "0", "0"]], "0", 1)
    bound = {"claim": {"bound": "100"}}
    return certificate([sequence("1", early=["100"])], [step], "least upper bound", **bound)


def early_values_that_are_missing():
    step = cone("decreasing", [["3", "3", "3"]], "0", 5)
    return certificate([sequence("5", shift="3")], [step], "least upper bound", claim={"bound": "3"})


def a_sine_that_vanishes():
    return of_value("1/(1 + g*sin(pi*exp(1)*exp(-1)))", "0")


def growth_by_a_sine_that_vanishes():
    value = "g*sin(pi*exp(1)*exp(-1))"
    return of_value(value, value, "growth")


def a_sine_that_vanishes_somewhere():
    return of_value("1/(1 + g*sin(a))", "0", parameters={"a": "1 + t"})


def a_gamma_function_hidden_in_a_moment():
    value = "gamma(a + 1)/(gamma(a + 1) + a*g)"
    risk = one("2", "0", "0", "0")
    risk["regimes"][0] |= {"readout": ["0"], "shift": value}
    return certificate([risk], [solution([["0*gamma(a)"]], [value]), told("limit", "0")], "limit")


def a_power_of_zero():
    risk = one("2", "0", "0", "0")
    risk["regimes"][0] |= {"readout": ["0"], "shift": "0**(a + 1)"}
    return certificate([risk], [solution([["0*0**a"]], ["0"])], "closed form")


def a_recurrence_with_a_gap():
    return certificate([one("2", "(g - 4)/(g - 5)", "0", "-3")], [solution([["g - 4"]], ["g - 4"])], "closed form")


def bounded(value, risks, limit):
    steps = [cone("increasing", [risks], "1/(g*(g - 1))"), solution([[]], [value]), told("limit", limit)]
    return certificate([sequence(shift=value)], steps, "least upper bound", claim={"bound": limit})


def a_comment_in_a_bound():
    return bounded("1 - 1/g", ["0", "1/2", "2/3"], "1 # \x1b[2K\x1b[Gnever exceeds 7/10")


def a_letter_that_reads_as_g():
    return of_value("1/\N{SCRIPT SMALL G}", "0")


def a_complex_bound():
    return bounded("1 + I - 1/g", ["I", "1/2 + I", "2/3 + I"], "1 + I")


def a_claim_among_the_steps():
    steps = [solution([[]], ["1/g"]), {"rule": "claim", "statement": "closed form", "sequences": [0]}]
    return certificate([sequence(shift="1/g")], steps, "closed form")


def tied(at):
    """−1 from g = 2 on, for every a but 0 something else; at a = 0 and g = 1 it is not defined."""
    return f"(-1 + 2*{{a}}/({{a}} + {at} - 1))"


def a_parameter_that_is_a_number(a="a", parameters=None):
    now, before = tied("g").format(a=a), tied("(g - 1)").format(a=a)
    step = cone("increasing", [["-1", "-2", "-3"]], "0", forms=[[now]], multipliers=[[f"{now}/{before}"]])
    step |= {"rests": ["0"], "weights": [f"-1/{before}"]}
    return certificate([sequence(shift="-g")], [step], "increasing", parameters=parameters or {"a": "0"})


def two_parameters_that_are_one():
    return a_parameter_that_is_a_number("(a - b)", {"a": "t", "b": "t"})


def starting(start):
    after = f"({start} - 1)*2**(g - ({start}) + 1)"
    risk = one(more=[constant(start, "2")])
    return certificate([risk], [solution([["g"], [after]], ["g", after])], "closed form", parameters={"s": "3 + t"})


def a_regime_starts_half_a_generation_later():
    return starting("s + 1/2")


def a_regime_starts_at_pi():
    return starting("pi")


def growth_that_alternates():
    return of_value("2**g/(1 + 3*(-1)**g)", "2**g/(1 + 3*(-1)**g)", "growth")


def gap(c):
    moment = f"(g - 4)*(g + {c})"
    step = f"(g - 4)*(g + {c})/((g - 5)*(g - 1 + {c}))"
    return certificate([one("2", step, "0", f"-3*(1 + {c})")], [solution([[moment]], [moment])], "closed form")


def a_gap_behind_a_root():
    return gap("sqrt(2)")


def a_gap_behind_a_parameter():
    return gap("a")


def a_gap_behind_pi():
    return gap("pi")


def a_gap_behind_a_constant():
    return gap("exp(1)")


def a_gap_at_a_power():
    risk = one("2", "(2**g - 32)/(2**(g - 1) - 32)", "0", "-30")
    return certificate([risk], [solution([["2**g - 32"]], ["2**g - 32"])], "closed form")


def a_shape_of_two_sequences():
    step = cone("increasing", [["-1", "-1/2", "-1/3"], ["-1", "-2", "-3"]], "1/(g*(g - 1))", sequences=[0, 1])
    return certificate([sequence(shift="-1/g"), sequence(shift="-g")], [step], "increasing")


def a_bound_of_two_sequences():
    steps = [
        cone("increasing", [["0", "1/2", "2/3"]], "1/(g*(g - 1))"),
        solution([[]], ["1 - 1/g"]),
        told("limit", "1"),
    ]
    pair = [sequence(shift="1 - 1/g"), sequence(shift="g")]
    return certificate(pair, steps, "least upper bound", claim={"bound": "1"})


def near_one(expansion, constant="0"):
    rest = {"rule": "remainder", "sequence": 0, "expansion": expansion, "bound": "1/g", "since": 1}
    steps = [solution([[]], ["1"]), rest | {"constant": constant}]
    return certificate([sequence(shift="1")], steps, "remainder")


def a_remainder_beside_another_limit():
    """1/(1.01 + 1/g) rises and 1/(1.01 − 1/g) falls, yet 0.01 is more than 1/g beyond g = 100."""
    return near_one("101/100")


def a_constant_that_moves():
    return near_one("1", "1/g")


FORGED = {
    a_remainder_beside_another_limit: "is not shown to tend to 1",
    a_constant_that_moves: "is not shown to be a constant",
    a_parameter_that_is_a_number: "no variable of its own",
    two_parameters_that_are_one: "no variable of its own",
    a_regime_starts_half_a_generation_later: "is not shown to start at a whole number",
    a_regime_starts_at_pi: "is not shown to start at a whole number",
    growth_that_alternates: "is not shown to have a sign",
    a_gap_behind_a_root: r"not shown to be defined at g = \[5\]",
    a_gap_behind_a_parameter: r"not shown to be defined at g = \[5\]",
    a_gap_behind_pi: r"not shown to be defined at g = \[5\]",
    a_gap_behind_a_constant: "not shown to be rational in g",
    a_gap_at_a_power: "is not shown to have one sign",
    a_shape_of_two_sequences: "a shape is that of one sequence",
    a_bound_of_two_sequences: "about more sequences",
    the_start_of_generations_is_called_positive: "no variable of a range",
    a_series_whose_order_is_g: "nothing is known of lerchphi",
    a_polylogarithm_at_g: "nothing is known of polylog",
    a_regime_starts_between_generations: "is not shown to start at a whole number",
    a_regime_starts_anywhere: "is not shown to start at a whole number",
    regimes_in_no_order: "is not shown to have one sign",
    an_empty_first_regime: "not shown to be in order",
    a_remainder_before_its_regime: "parameters decide from where on",
    g_in_the_scale: "depends on g",
    g_in_the_offset: "depends on g",
    a_logarithm_of_two_numbers: "nothing is known of log with 2",
    a_zeta_function_of_two_numbers: "nothing is known of zeta with 2",
    a_constant_with_an_argument: "nothing is known of EulerGamma",
    a_function_nobody_knows: "nothing is known of psi",
    the_other_way_round: "not about the sequences as they are listed",
    about_the_last_sequence: "not about the sequences as they are listed",
    growth_without_a_sign: "is not shown to have a sign",
    growth_that_is_not_real: "not shown to be real",
    an_early_value_too_many: "does not start after its early values",
    early_values_that_are_missing: "does not start after its early values",
    a_sine_that_vanishes: "not shown to be rational in g",
    growth_by_a_sine_that_vanishes: "may be infinite",
    a_sine_that_vanishes_somewhere: "not shown to be rational in g",
    a_gamma_function_hidden_in_a_moment: "not shown to be rational in g",
    a_power_of_zero: "zero has an exponent",
    a_recurrence_with_a_gap: r"not shown to be defined at g = \[5\]",
    a_comment_in_a_bound: "no plain arithmetic",
    a_letter_that_reads_as_g: "no plain arithmetic",
    a_complex_bound: "not shown to be real",
    a_claim_among_the_steps: "no rule of",
}


@pytest.mark.parametrize("forged", FORGED, ids=lambda forged: forged.__name__)
def test_a_forged_certificate_is_refused(forged):
    with pytest.raises(CertificateError, match=FORGED[forged]):
        check(forged())


@pytest.mark.parametrize(
    "value",
    [
        "1/(1 + g*sin(pi*exp(1)*exp(-1)))",
        "1/(1 + g*sin(a))",
        "0*gamma(a) + gamma(a + 1)/(gamma(a + 1) + a*g)",
        "0*x**(a - 1) + x**a/(x**a + x*g)",
    ],
)
def test_functions_hidden_in_a_denominator_have_no_limit(value):
    """Γ(1+z) Γ(1−z) is infinite where sin πz vanishes; Γ(a+1)/a and x^a/x are so at 0, where what is written is not."""
    checker = Analysis([])
    with pytest.raises(CertificateError, match="may be infinite"):
        checker.limit_of(checker.read(value))


def decaying(value, rate, shape="decay"):
    steps = [solution([[]], [value]), told("growth", rate) | {"shape": shape}]
    return certificate([sequence(shift=value)], steps, "decay")


@pytest.mark.parametrize("rate", ["g**2/3**g", "(2/3)**g/g", "1/g**2"])
def test_what_fades_does_so_by_its_leading_term(rate):
    assert check(decaying(f"{rate} + 1/5**g", rate))
    for wrong in (f"101*({rate})/100", f"({rate})*g", f"-({rate})"):
        with pytest.raises(CertificateError):
            check(decaying(f"{rate} + 1/5**g", wrong))


@pytest.mark.parametrize(
    ("value", "rate"), [("2**g", "2**g"), ("1 + 1/g", "1 + 1/g"), ("(-1/2)**g", "(-1/2)**g"), ("1", "1")]
)
def test_what_does_not_fade_is_no_decay(value, rate):
    with pytest.raises(CertificateError):
        check(decaying(value, rate))


def test_a_growth_is_of_one_of_two_shapes():
    with pytest.raises(CertificateError, match="neither grows nor decays"):
        decaying("1/2**g", "1/2**g", "limit")


TRACE = "wishart_trace(1, 2, 2, 3*g, 1)"


@pytest.mark.parametrize(
    "summand", ["1/g**2", "a/(g*(g + 2))", "total(1, g, 1/g**2)/g**2", f"{TRACE}/g", f"{TRACE}**2"]
)
def test_totals_tend_to_their_series(summand):
    assert check(of_value(f"total(2, g, {summand})", f"series(2, {summand})"))
    assert check(of_value(f"total(1, g - 2, {summand})/2", f"series(1, {summand})/2"))
    for wrong in (f"series(1, {summand})", f"101/100*series(2, {summand})", "0"):
        with pytest.raises(CertificateError, match="not shown to be"):
            of_value(f"total(2, g, {summand})", wrong)


@pytest.mark.parametrize(
    "summand",
    [
        "1/g", "1", "1/sqrt(g)**3", "log(g)/g**2", "wishart_trace(1, 2, 2, 3, 1)/g", "wishart_trace(1, 1, 2, 3*g, 1)/g",
        "wishart_trace(2, 1, 2, 3*g, 1)/g", "wishart_trace(1, 2, 2*g, 3*g, 1)/g", "wishart_trace(1, 2, 2, -3*g, 1)/g",
        "wishart_trace(1, 2, 2, 3*g, -1)/g", "wishart_trace(1, 2, 2, 3*g, 1/g)/g", f"1/({TRACE}*g**2)", f"{TRACE}",
    ],
)  # fmt: skip
def test_a_series_that_may_diverge_has_no_name(summand):
    with pytest.raises(CertificateError):
        of_value(f"total(2, g, {summand})", f"series(2, {summand})")


@pytest.mark.parametrize(
    ("value", "wrong"),
    [
        ("total(2, g, 1/g)", "total(1, g, 1/g)"),
        ("total(2, g, 1/g)", "total(2, g - 1, 1/g)"),
        ("total(2, g, 1/g)", "total(2, g, 101/(100*g))"),
        ("total(2, g, 1/g)", "1"),
    ],
)
def test_totals_are_told_apart(value, wrong):
    steps = one("2", inflow="1/g", initial="0")
    assert check(certificate([steps], [solution([[value]], [value])], "closed form"))
    with pytest.raises(CertificateError):
        certificate([steps], [solution([[wrong]], [wrong])], "closed form")


def test_the_forger_can_write_what_is_true():
    """The forms above pass where what they say is so."""
    assert check(of_value("g*polylog(-2, 1/3)/g**2", "0"))
    assert check(of_value("1 + 2**g", "2**g", "growth"))
    assert check(lower_limit("zeta(3)", "log(8)"))
    assert check(bounded("1 - 1/g", ["0", "1/2", "2/3"], "1"))
    assert check(certificate([one(more=[constant("4", "2")])], [_doubling()], "closed form"))
    assert check(starting("s + 1"))
    assert check(near_one("1 + 1/(2*g)"))
    rising = one("2", "(2**g - 1)/(2**(g - 1) - 1)", "0")
    assert check(certificate([rising], [solution([["2**g - 1"]], ["2**g - 1"])], "closed form"))


def _doubling():
    after = "3*2**(g - 3)"
    return solution([["g"], [after]], ["g", after])


@pytest.mark.parametrize(
    "text",
    [
        "1 +",
        "\0",
        "9" * 5000,
        "-" * 19000 + "1",
        "(" * 9000 + "1" + ")" * 9000,
        "1" + "**1" * 6000,
        "(a + b + c + g + 1)**5000",
        "*".join(f"(g + f{index})" for index in range(25)),
        "polygamma(10**8, 1)",
        "sqrt(" + "7" * 142 + ")",
        "lerchphi(x, 1/2, g + 900) - lerchphi(x, 1/2, g)",
    ],
    ids=lambda text: text[:20],
)
@pytest.mark.parametrize("place", ["range", "scale", "value"])
def test_hostile_texts_are_refused_in_a_sentence(text, place):
    data = json.loads(of_value("1/g", "0"))
    match place:
        case "range":
            data["parameters"]["a"] = text
        case "scale":
            data["sequences"][0]["scale"] = text
        case _:
            data["steps"][0]["value"] = [text]
    with pytest.raises(CertificateError) as caught:
        check(data)
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize(
    "content", ['{"version": ' + "9" * 10**6 + "}", "[" * 200_000, "\ud800".encode("utf-8", "surrogatepass")]
)
def test_hostile_files_are_refused_in_a_sentence(content, tmp_path):
    file = tmp_path / "certificate.json"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(DomainError, match="is no certificate"):
        Certificate.load(file)


def test_what_is_printed_can_be_read():
    data = json.loads(of_value("1/g", "0"))
    data["about"][0]["model"] = "\x1b[2K\ud800\n"
    assert str(Certificate(data)).splitlines()[0].count("?") == 3
