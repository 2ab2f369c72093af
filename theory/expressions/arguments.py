"""Arguments are verified here, once, at the public boundary.

Every parameter of a model or workflow is a number, a SymPy expression or a string of arithmetic.
``exact`` turns each of them into SymPy: integers and fractions as they are, floats as the decimal
fraction they print (0.3 is 3/10, not its binary neighbour), strings by the parser.
"""

from __future__ import annotations

import math
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from fractions import Fraction
from numbers import Complex, Integral, Real
from numbers import Rational as AbstractRational
from operator import index
from typing import Any, TypeAlias

from flint import fmpq
from sympy import AccumBounds, Expr, Float, Integer, Order, Rational, S, Symbol

from theory.errors import DomainError, InputWarning
from theory.expressions.numerals import to_sympy
from theory.expressions.parser import INFINITE, parse
from theory.expressions.symbols import G, j, l

#: A parameter: given as a number, a text of arithmetic or a SymPy expression, kept as an exact expression.
Exact: TypeAlias = Any

#: Parameters that may change from block to block, as expressions in ``theory.j``.
_SCHEDULES = ("sizes", "bandwidth", "real", "stream")
#: Names that our own formulas print for a generation, a block, or what a sum runs over. A parameter may still be called
#: g, for our g is a dummy; in a schedule it would be taken for the generation.
_INDICES = ("G", "i", "j")
#: Longer numbers (some 3000 digits) are no parameter of anything, and Python refuses to print them.
_MOST_BITS = 10_000

#: As for text: powers of ten beyond are a slip, and slow in every polynomial.
_LARGEST_EXPONENT = 300

_COUNTS = ("n", "d", "T", "m", "K")
#: Names that text given for these parameters may hold; a workflow does not know which model it will meet.
_WRITTEN: dict[str, tuple[str, ...]] = {
    "sizes": (),
    "bandwidth": ("bandwidth", "h", "c", "n", "d", "truth_variance"),
    "share": ("share", "s", "lambda", "rho"),
    "budget": ("budget", "b"),
    "real": ("real", "rho", "n_r", "n_0"),
    "synthetic": ("synthetic", "s", "n_s", "n_0"),
    "stream": ("stream", "b", "c"),
    "fitted_on": ("fitted_on", "n_0", "n"),
    "k": ("k",),
    "generating_function": ("p", "q", "m", "rate", "lambda"),
}
#: The same of parameters that may depend on an index, such as a law of ages or a rate of forgetting.
_WITH_INDICES = ("q", "c", "a", "alpha", "rho")
#: Text given for any other parameter, one of a model, may hold the names of models' parameters and of their symbols.
_OF_MODELS = (
    *_COUNTS, "p", "r", "c", "v0", "v1", "v2", "v_0", "v_1", "v_2", "mean", "mu", "sigma", "sigma2", "rate", "lambda",
    "shape", "alpha", "h", "B", "signal", "tau", "kappa", "gamma", "theta", "v",
)  # fmt: skip

_OURS = ("theory", "numerics", "selfgen")

_declared: ContextVar[tuple[str, ...] | None] = ContextVar("declared", default=None)


@contextmanager
def declaring(names: Iterable[str]) -> Iterator[None]:
    """While it lasts, text may hold these names (and those of the parameter that it is given for), and no others."""
    token = _declared.set(tuple(names))
    try:
        yield
    finally:
        _declared.reset(token)


def written_names(name: str, indices: Iterable[Symbol] = ()) -> tuple[str, ...]:
    """The names that text given for a parameter may hold, ``j`` first where it is a schedule."""
    base = name.partition("[")[0]
    own = _WRITTEN.get(base, (base,) if _WRITTEN.get(base) is None and base.isidentifier() else ())
    others = _declared.get()
    if others is None:
        others = () if base in _WRITTEN else _OF_MODELS
    index = ("j",) if base in _SCHEDULES else (*(symbol.name for symbol in indices), *_WITH_INDICES)
    index = index if indices or base in _SCHEDULES else ()
    return tuple(dict.fromkeys((*index, *own, *others)))


def exact(name: str, value: object, most_bits: int | None = _MOST_BITS, indices: tuple[Symbol, ...] = ()) -> Expr:
    """Return ``value`` as an exact SymPy expression; ``indices`` are what it may depend on, such as ``theory.l``.

    Raises
    ------
    DomainError
        When it is no finite real number or expression, or is a text with a name that nothing declares.
    """
    if isinstance(value, str):
        expression = parse(value, name, written_names(name, indices), indices)
    elif isinstance(value, Expr):
        expression = _finite_expression(name, value)
    else:
        expression = _number(name, value)
    longest = max((_bits(number) for number in expression.atoms(Rational)), default=0)
    if most_bits is not None and longest > most_bits:
        raise DomainError(f"{name} holds a number of {longest} bits: give numbers of {most_bits} bits or fewer.")
    if expression.is_real is False or expression.is_commutative is False:
        raise DomainError(f"{name} = {shown(value)} is not a real number: give one, or a real expression.")
    return _verified_symbols(name, expression, indices)


def unchanging(name: str, value: object) -> Expr:
    """An exact expression that is the same at every generation: without ``theory.j``."""
    expression = exact(name, value)
    if expression.has(j):
        raise DomainError(f"{name} = {value} contains theory.{j}, which is reserved: use another symbol.")
    return expression


def shown(value: object) -> str:
    """What an argument looks like, on one line and not for pages; whatever it is."""
    try:
        text = " ".join((str(value) if isinstance(value, (Expr, str, Real, Decimal)) else repr(value)).split())
    except Exception:
        # Python prints no whole number of more than 4300 digits, and a user's object may fail in its own way.
        text = f"a {type(value).__name__} that cannot be printed"
    return text if len(text) <= 80 else text[:77] + "..."


def quoted(value: object) -> str:
    """The same as Python would write it: text in quotes."""
    return shown(value) if not isinstance(value, str) else shown(repr(value))


def replacements(symbols: Iterable[Symbol], args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[tuple[Any, Any]]:
    """What SymPy's ``subs`` would take, with names in place of their symbols: text is never evaluated.

    SymPy makes a new symbol of a name, which none of ours equals, and nothing would be replaced.
    """
    if len(args) == 2:
        pairs = [args]
    elif len(args) == 1:
        pairs = list(args[0].items() if isinstance(args[0], dict) else args[0])
    else:
        pairs = []
    listed, found = list(symbols), []
    for key, value in (*pairs, *kwargs.items()):
        if isinstance(key, str):
            named = [symbol for symbol in listed if symbol.name == key]
            if len(named) != 1:
                names = ", ".join(sorted({symbol.name for symbol in listed})) or "none"
                reason = f"names {len(named)} symbols" if named else "names no symbol"
                raise DomainError(f"{key} {reason} of this: the symbols are {names}.")
            key = named[0]
        found.append((key, value if isinstance(value, Expr) else exact(str(key), value)))
    return found


def choice(name: str, value: object, allowed: Iterable[str]) -> str:
    """Verify a word, one of ``allowed``."""
    words = list(allowed)
    if isinstance(value, str) and value in words:
        return str(value)
    close = get_close_matches(value, words, n=1) if isinstance(value, str) else []
    hint = f" (did you mean {close[0]!r}?)" if close else ""
    raise DomainError(f"{name} = {quoted(value)} is not allowed{hint}: use {', '.join(map(repr, words))}.")


def truth_value(name: str, value: object) -> bool:
    """Verify a truth value, Python's or NumPy's."""
    if type(value).__name__ in ("bool", "bool_") and getattr(value, "shape", ()) == ():
        return bool(value)
    raise DomainError(f"{name} = {quoted(value)} is not allowed: it must be True or False.")


def listed(name: str, value: object, wanted: str) -> list[Any]:
    """The entries of a list, a tuple, an array or any other iterable that is no text; ``wanted`` says what to give."""
    if not isinstance(value, str | bytes | dict):
        try:
            return list(value)  # type: ignore[call-overload]
        except Exception:
            pass
    raise DomainError(f"{name} = {quoted(value)} is not a list: give {wanted}.")


def _finite_expression(name: str, value: Expr) -> Expr:
    if value.is_Matrix or value.has(AccumBounds, Order):
        raise DomainError(
            f"{name} = {shown(value)} is not a number: give a number or an expression that stands for one."
        )
    if value.has(S.NaN, S.ComplexInfinity, S.Infinity, S.NegativeInfinity) or value.is_finite is False:
        raise DomainError(f"{name} = {shown(value)} is not finite: give a finite number or expression.")
    return value.xreplace({number: Rational(str(number)) for number in value.atoms(Float)})


def _number(name: str, value: Any) -> Expr:
    """A number of Python's, NumPy's or FLINT's."""
    # NumPy's truth values are no bool, and convert to numbers: True is 1 to them.
    if type(value).__name__ in ("bool", "bool_"):
        raise DomainError(f"{name} = {value!r} is not a number.")
    if getattr(value, "shape", ()) != ():
        raise DomainError(f"{name} = {shown(value)} is an array: give one number for {name}.")
    if isinstance(value, AbstractRational) and not isinstance(value, Integral):
        return Rational(int(value.numerator), int(value.denominator))
    if isinstance(value, fmpq):
        return to_sympy(value)
    if isinstance(value, Integral) or (hasattr(type(value), "__index__") and not hasattr(value, "shape")):
        return Integer(index(value))
    of_numbers = isinstance(value, Real | Decimal) or not isinstance(value, Complex)
    if of_numbers and hasattr(type(value), "__float__"):
        return _decimal(name, value)
    raise DomainError(
        f"{name} = {shown(value)} is not a number: give a number, a SymPy expression or a string of arithmetic."
    )


def _decimal(name: str, value: Any) -> Rational:
    """The decimal fraction that a float prints: 0.3 is 3/10, not its binary neighbour."""
    try:
        number = float(value)
    except Exception:
        raise DomainError(f"{name} = {shown(value)} is not a number: give a finite number.") from None
    if not math.isfinite(number):
        raise DomainError(f"{name} = {shown(value)} is not finite: give a finite number.")
    try:
        # Its own text: a float of 32 bits prints 0.1, and the same number in 64 bits 0.10000000149011612.
        decimal = value if isinstance(value, Decimal) else Decimal(str(value))
    except InvalidOperation:
        decimal = Decimal(repr(number))
    if decimal and abs(decimal.adjusted()) > _LARGEST_EXPONENT:
        raise DomainError(f"{name} = {shown(value)} is too large or too small to compute with.")
    _hint_at_fraction(name, value, decimal)
    return Rational(str(decimal))


def _hint_at_fraction(name: str, value: Any, decimal: Decimal) -> None:
    """A float such as 1/3 prints 16 digits, and is taken at its word: say so."""
    if isinstance(value, Decimal) or len(decimal.as_tuple().digits) < 15:
        return
    near = Fraction(decimal).limit_denominator(1000)
    if near and float(near) == float(value):
        advise(f'{name} = {value!r} is taken as the decimal that it prints; for the fraction write {name}="{near}".')


def advise(sentence: str) -> None:
    """Warn of an input that is allowed, at the line that gave it."""
    warnings.warn(sentence, InputWarning, stacklevel=_outside())


def _outside() -> int:
    """How many calls up the first line outside of selfgen is, for a warning to name it."""
    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] in _OURS:
        level, frame = level + 1, frame.f_back
    return level


def _verified_symbols(name: str, value: Expr, indices: tuple[Symbol, ...] = ()) -> Expr:
    """No reserved symbols, and none of a user's own that prints like one."""
    for symbol in sorted(value.free_symbols - set(indices), key=str):
        ours = symbol in (G, j, l)
        if ours and not (symbol == j and name in _SCHEDULES):
            raise DomainError(f"{name} = {value} contains theory.{symbol}, which is reserved: use another symbol.")
        alike = symbol.name in {index.name for index in indices}
        if not ours and (alike or symbol.name in _INDICES or (symbol.name == "g" and name in _SCHEDULES)):
            wanted = (
                f"use theory.{symbol.name}, or another name"
                if (symbol.name == "j" and name in _SCHEDULES) or (alike and symbol.name in ("j", "l", "t"))
                else "use another name"
            )
            raise DomainError(
                f"{name} = {shown(value)} contains a symbol of your own that is printed {symbol.name}, as an index of "
                f"the formulas is: {wanted}."
            )
    return value


def _bits(number: Rational) -> int:
    return max(int(number.p).bit_length(), int(number.q).bit_length())


def parameter(
    name: str,
    value: object,
    symbol: Symbol,
    allowed: str,
    holds: Callable[[Expr], bool | None],
) -> Expr:
    """Verify a parameter; ``None`` stands for ``symbol``.

    ``holds`` answers True, False or None (undecided because symbolic); only False is an error.
    """
    if value is None:
        return symbol
    expression = exact(name, value)
    if expression.is_real is False or holds(expression) is False:
        raise DomainError(f"{name} = {shown(value)} is not allowed: {name} must be {allowed}.")
    return expression


def count(name: str, value: object, of: str = "") -> Expr:
    """Verify a parameter that counts something, 1 or more; ``None`` stands for a symbol of its name."""
    allowed = f"a whole number{of and f' of {of}'}, 1 or more"
    return parameter(name, value, Symbol(name, integer=True, positive=True), allowed, is_positive_integer)


def positive_number(name: str, value: object) -> Expr:
    """Verify a number above 0, exactly.

    Raises
    ------
    DomainError
        For a symbol, and for a number that is not positive.
    """
    number = exact(name, value)
    if not (number.is_number and number.is_positive):
        raise DomainError(f"{name} = {value} is not allowed: {name} must be a positive number.")
    return number


def is_positive(value: Expr) -> bool | None:
    """Whether value > 0; None when symbols leave it open."""
    return value.is_positive


def is_nonnegative(value: Expr) -> bool | None:
    """Whether the value is 0 or more."""
    return value.is_nonnegative


def is_positive_integer(value: Expr) -> bool | None:
    """Whether value is 1, 2, 3, …; None when symbols leave it open."""
    if value.is_integer is False or value.is_positive is False:
        return False
    return True if value.is_integer and value.is_positive else None


def is_probability(value: Expr) -> bool | None:
    """Whether 0 ≤ value ≤ 1."""
    if value.is_negative or (1 - value).is_negative:
        return False
    return True if value.is_nonnegative and (1 - value).is_nonnegative else None


def is_infinite(value: object) -> bool:
    """Whether a value given stands for infinity, as text, as a float or as SymPy's."""
    if isinstance(value, str):
        return value.strip().lower() in INFINITE
    return isinstance(value, float | Expr) and value in (math.inf, S.Infinity)


def generation(name: str, value: object) -> int:
    """Verify a concrete generation, a whole number g ≥ 1."""
    if is_infinite(value):
        raise DomainError(f"{name} = {value} is no generation: what the risk tends to is its limit.")
    number = exact(name, value)
    if not (number.is_Integer and number >= 1):
        raise DomainError(f"{name} = {shown(value)} is not a generation: give a whole number, 1 or more.")
    return int(number)


def whole_number(name: str, value: object, least: int) -> int:
    """Verify a concrete whole number, ``least`` or more."""
    number = exact(name, value)
    if not (number.is_Integer and number >= least):
        raise DomainError(f"{name} = {shown(value)} is not allowed: {name} must be a whole number, {least} or more.")
    return int(number)
