"""Long fractions by their first digits, cut off and not rounded."""

import random
from decimal import Decimal, localcontext

import pytest
from sympy import Rational, Symbol, latex

from theory import ContaminatedPool, Regular, expected_risk
from theory.expressions.numerals import FIRST_DIGITS, MOST_READ_BITS, FirstDigits, readable

x = Symbol("x", positive=True)


def said(text):
    """The number that the digits say."""
    return Decimal(text.replace("…", ""))


@pytest.mark.parametrize("seed", range(4))
def test_the_digits_are_the_first_of_the_fraction(seed):
    """What is written is at most the fraction, and less than one unit of the last digit below."""
    random_ = random.Random(seed)
    with localcontext() as context:
        context.prec = 120
        for _ in range(200):
            top, bottom = (random_.randrange(1, 10 ** random_.randrange(1, 50)) for _ in range(2))
            written = str(FirstDigits(Rational(top, bottom)))
            digits = written.partition("…")[0].replace(".", "").lstrip("0")
            exact, value = Decimal(top) / Decimal(bottom), said(written)
            unit = Decimal(10) ** (value.adjusted() - FIRST_DIGITS + 1)
            assert len(digits) == FIRST_DIGITS
            assert value <= exact < value + unit


@pytest.mark.parametrize("power", range(-20, 21))
def test_powers_of_ten_and_what_is_just_below(power):
    ten = Rational(10) ** power
    assert said(str(FirstDigits(ten))) == Decimal(10) ** power
    below = said(str(FirstDigits(ten - ten / 10**30)))
    assert below == Decimal("9.99999999999999").scaleb(power - 1)


def test_numbers_that_python_does_not_print():
    assert str(FirstDigits(Rational(7**20000, 3**9))) == "4.64204122119383…e+16897"
    assert latex(FirstDigits(Rational(3**9, 7**20000))) == r"2.15422473078087\ldots \cdot 10^{-16898}"


def test_only_long_fractions_are_shortened():
    short, long = Rational(2**MOST_READ_BITS - 1, 3), Rational(2**MOST_READ_BITS, 3)
    assert readable(short * x) == short * x
    assert str(readable(-long * x + 1)) == "-8.60749959362302…e+119*x + 1"


def test_what_a_reader_is_shown():
    """The bound of a pool that is worst at generation 307 is a fraction of 2000 digits."""
    risk = expected_risk(Regular(p=1, n=1), ContaminatedPool(real="1/1000"))
    assert r"R_G &\leq 1.62581715743420\ldots" in risk.latex()
    assert risk.bound == risk.at(307)
    assert "1.62581715743420…" in risk.derivation.text()
