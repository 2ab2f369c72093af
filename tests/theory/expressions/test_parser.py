"""The parser of arithmetic: it reads what SymPy prints, and nothing but arithmetic."""

from __future__ import annotations

import contextlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sympy import Expr, Integer, Rational, Symbol, exp, log, pi, sqrt

from theory.errors import DomainError
from theory.expressions.parser import parse
from theory.expressions.symbols import G, j

n = Symbol("n", integer=True, positive=True)

leaves = st.one_of(
    st.integers(1, 9).map(Integer),
    st.fractions(min_value=-5, max_value=5, max_denominator=20).map(lambda f: Rational(f.numerator, f.denominator)),
    st.sampled_from([j, G, n, pi, Symbol("lambda", positive=True), Symbol("alpha", positive=True)]),
)


def _grow(children: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
    pairs = st.tuples(children, children)
    positive = children.filter(lambda e: e.is_positive)
    return st.one_of(
        pairs.map(sum),
        pairs.map(lambda pair: pair[0] * pair[1]),
        st.tuples(children.filter(lambda e: not e.is_zero), st.integers(-3, 3)).map(lambda pair: pair[0] ** pair[1]),
        positive.map(sqrt),
        positive.map(log),
    )


expressions = st.recursive(leaves, _grow, max_leaves=6).filter(
    lambda e: e.is_finite is not False and e.is_real is not False and len(str(e)) < 400
)


@given(expressions)
def test_reads_back_what_sympy_prints(expression: Expr) -> None:
    read = parse(str(expression))
    # SymPy writes one number in several ways, 3·√2·3^(3/4)/9 and √2·3^(3/4)/3; the value tells.
    values = {symbol: Rational(7, 3) for symbol in expression.free_symbols}
    assert read.free_symbols <= expression.free_symbols
    difference = (read - expression).subs(values).evalf(30, chop=False)
    assert abs(difference) < Rational(1, 10**15) * (1 + abs(expression.subs(values).evalf(30)))


@given(st.decimals(min_value="-1e6", max_value="1e6", allow_nan=False, allow_infinity=False, places=7))
def test_decimals_are_the_fractions_they_print(decimal: object) -> None:
    assert parse(str(decimal)) == Rational(str(decimal))


@given(st.text(max_size=40))
def test_any_text_is_an_expression_or_a_domain_error(text: str) -> None:
    with contextlib.suppress(DomainError):
        assert isinstance(parse(text, "sizes"), Expr)


@given(st.text(alphabet="0123456789.+-*/^()eGjn ", max_size=30))
def test_any_arithmetic_is_quick(text: str) -> None:
    started = time.perf_counter()
    with contextlib.suppress(DomainError):
        assert len(str(parse(text))) < 10_000
    assert time.perf_counter() - started < 2


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0.3", Rational(3, 10)),
        ("1e-3", Rational(1, 1000)),
        ("1_000", Integer(1000)),
        ("2^j + 1", 2**j + 1),
        ("2^3^2", Integer(512)),
        ("-2**2", Integer(-4)),
        (" j * (j - 1) / 2 ", j * (j - 1) / 2),
        ("1 - lambda", 1 - Symbol("lambda", positive=True)),
        ("exp(-1)", exp(-1)),
        ("n/2", n / 2),
        ("v0", Symbol("v0", real=True)),
        ("G", G),
    ],
)
def test_examples(text: str, expected: Expr) -> None:
    assert parse(text) == expected


REFUSED = [
    "", "   ", "9**9**9**9", "9**9**9", "2**20000", "(2**9999)*(2**9999)", "9" * 600, "1e400", "1e-400",
    "1e99999999999999999999", "2**j**j**j", "(2**(j**2))**(j**2)", "exp(exp(exp(100)))", "(2**9999+1)**(1/3)",
    "(1 + 10**-300)**1000", "(" * 150 + "1" + ")" * 150 + "+", "-" * 300 + "1", "x.y", "x.__class__", "f(x)",
    "__import__('os')", "'text'", "lambda x: x", "1 < 2", "1j", "2j", "1/0", "1/(2-2)", "0**-1", "0**0", "1/(x-x)",
    "sqrt(-1)", "(-8)**(1/3)", "log(0)", "log(-2)", "sqrt(1, 2)", "sqrt(x=1)", "sqrt", "oo", "nan", "inf", "I", "True",
    "None", "...", "[1]", "x := 1", "1, 2", "1 if 2 else 3", "1 // 2", "3 % 2", "~1", "not 1", "a and b", "j!", "ｊ",
    "j\u200b", "π", "1\n+1", "x" * 40, "*x", "1 +",
]  # fmt: skip


@pytest.mark.parametrize("text", REFUSED)
def test_refuses(text: str) -> None:
    with pytest.raises(DomainError) as caught:
        parse(text, "sizes")
    message = str(caught.value)
    assert message.startswith("sizes = ")
    assert "allowed are numbers" in message
    assert "\n" not in message
    assert len(message) < 300


def test_refuses_what_is_no_text() -> None:
    with pytest.raises(DomainError, match="sizes = 3 is not a text"):
        parse(3, "sizes")  # type: ignore[arg-type]


def test_symbols_are_those_of_the_models() -> None:
    for name in "ndTkm":
        assert parse(name) == Symbol(name, integer=True, positive=True)
    for name in ("p", "mu", "lambda", "r", "alpha", "sigma", "s"):
        assert parse(name) == Symbol(name, positive=True)
