"""Values of a risk as a reader wants them: exact while they can be written out, in decimals beyond."""

from __future__ import annotations

from sympy import Basic, Expr, Float, Piecewise, Rational, RootSum, gamma, harmonic, polygamma

from theory import DomainError, G, Risk
from theory.expressions.numerals import is_long, printable, readable, real_float

# An exact value at generation G has some G log G digits: beyond this, decimals say more.
LAST_EXACT = 1000
# With symbols, a value is a ratio of polynomials of degree G; beyond this the closed form is shown with G put in.
LAST_EXPANDED = 32
LAST_WRITTEN = 300
_SPECIAL = (harmonic, gamma, polygamma, Piecewise, RootSum)


def value_at(risk: Risk, generation: int) -> Expr:
    """The risk at a generation: exact up to generation 1000, to 12 digits beyond.

    Raises
    ------
    DomainError
        Where parameters are symbols and the value is too long to write out.
    """
    if not risk.free_symbols:
        found = exactly_at(risk, generation) if generation <= LAST_EXACT else None
        return Float(number_at(risk, generation), 12) if found is None else found
    if generation <= LAST_EXPANDED:
        return risk.at(generation)
    # SymPy expands a sum over roots as soon as its exponent is a number, for minutes.
    closed = risk.closed_form
    writable = closed is not None and not closed.has(RootSum)
    if closed is not None and writable and (generation <= LAST_WRITTEN or not closed.has(*_SPECIAL)):
        return closed.subs(G, generation)
    symbols = ", ".join(sorted(str(symbol) for symbol in risk.free_symbols))
    raise DomainError(
        f"generation = {generation} is too far to write out with the symbol{'s' if ',' in symbols else ''} {symbols}: "
        f"give numbers, or a generation up to {LAST_WRITTEN if writable else LAST_EXPANDED}."
    )


def exactly_at(risk: Risk, generation: int) -> Expr | None:
    """The exact value; None where it would take too long, or fill pages, and only decimals can be had."""
    try:
        return risk.at(generation)
    except DomainError:
        return None


def baseline_of(risk: Risk) -> Expr:
    """The risk at generation 1, in decimals where that is all that can be had."""
    found = exactly_at(risk, 1)
    return Float(number_at(risk, 1), 12) if found is None else found


def ratio_limit(risk: Risk) -> Expr | None:
    """The limit of the risk over that of generation 1; None where it is not derived or there is no such ratio."""
    try:
        return risk.ratio.limit
    except DomainError:
        return None


def number_at(risk: Risk, generation: int) -> float:
    """The risk at a generation as a number, for parameters that are numbers."""
    # NumPy and SciPy are loaded for the few values that are beyond exact ones.
    from numerics import evaluate

    return float(evaluate(risk, [generation])[0])


def text(value: Basic | str) -> str:
    """An expression, in decimals where it has more digits than can be written."""
    if not isinstance(value, Basic):
        return str(value)
    return str(value.evalf(12)) if is_long(value) else str(printable(value))


#: Characters of a fraction that is still a line of a summary, and of its ends that are shown of a longer one.
LONGEST_FRACTION, END = 72, 10


def shown(value: Expr | None) -> str:
    """An expression, with its decimal value where it has one that does not show; the infinite as ∞.

    A fraction longer than a line is shown by its ends, with its digits counted.

    >>> from sympy import Rational, oo
    >>> shown(Rational(1, 4)), shown(oo)
    ('1/4 ≈ 0.25', '∞')
    >>> shown(Rational(10**60 + 1, 7**50))
    '1000000000…0000000001/1798465042…9349251249 (61 and 43 digits) ≈ 5.560297122e+17'
    """
    if value is None:
        return "unknown"
    if value.is_infinite and value.is_extended_real:
        return "∞" if value.is_extended_positive else "−∞"
    if value.is_Float or is_long(value):
        return f"≈ {text(value)}"
    written = _shortened(value) if isinstance(value, Rational) else str(readable(value))
    plain = value.is_number and value.is_finite and not (value.is_Integer and len(written) <= LONGEST_FRACTION)
    return f"{written} ≈ {real_float(value):.10g}" if plain else written


def _shortened(value: Rational) -> str:
    whole = str(value)
    if len(whole) <= LONGEST_FRACTION:
        return whole
    ends = [part if len(part) <= 2 * END + 1 else f"{part[:END]}…{part[-END:]}" for part in whole.split("/")]
    counted = " and ".join(str(len(part.lstrip("-"))) for part in whole.split("/"))
    return f"{'/'.join(ends)} ({counted} digits)"
