r"""Functions that oscillate about the scale, and the growth of their partial sums.

*Periodic parts*, such as :math:`(-1)^j` or :math:`\cos(2\pi j/3)`, are constants on the residue classes of a period P:
:math:`\sum_{j \le G} f(j) = \sum_{r < P} \sum_{i \le (G + r)/P} f(P i - r)`, a sum over each class on the scale.

*Any other* :math:`\sin` or :math:`\cos` lies between −1 and 1. Where 1/f or f is linear in each, f lies between its
values f_c with every one of them at an end, and partial sums between theirs: of one order where the f_c are.
The constant is then known if all f_c share it, as for :math:`1/(j + \sin j)`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product

from sympy import (
    Basic,
    Dummy,
    Expr,
    Integer,
    Mod,
    Poly,
    PolynomialError,
    Pow,
    S,
    Sum,
    Symbol,
    ceiling,
    cos,
    diff,
    expand,
    expand_power_base,
    expand_power_exp,
    floor,
    ilcm,
    nan,
    oo,
    pi,
    powsimp,
    simplify,
    sin,
    zoo,
)

from theory.asymptotics.scales import Scale, limit_or_none, positive_variable, scale_of
from theory.errors import NotDerivedError
from theory.expressions.sums import definite_sum

Sums = list[tuple[Scale | None, Basic]]

#: Longest period written out class by class, and most oscillating parts replaced by their ends.
LONGEST_PERIOD, MOST_PARTS = 64, 4

_X = positive_variable()


@dataclass(frozen=True)
class Pieces:
    """A positive function by functions on the scale.

    Attributes
    ----------
    scales : one for each residue class i ↦ f(stride·i − r); or, with ``between``, functions f lies between
    stride : the period
    between : whether f is only known to lie between them
    """

    scales: tuple[Scale, ...]
    stride: int = 1
    between: bool = False

    @property
    def alike(self) -> bool:
        """Whether f stays between two positive multiples of one function on the scale."""
        first, *others = self.scales
        return all(other.powers == first.powers and _quotient(first, other) is not None for other in others)

    @property
    def settled(self) -> Scale | None:
        """The one function on the scale that f is asymptotic to; None where f oscillates."""
        first, *others = self.scales
        if others and not (self.alike and first.powers[0] == 0 and all(_same(first, other) for other in others)):
            return None
        return first if self.between else _stretched(first, self.stride)


def _same(first: Scale, second: Scale) -> bool:
    """Whether two functions of equal powers are asymptotic to one another."""
    quotient = _quotient(first, second)
    if quotient is None or first.constant is None or second.constant is None:
        return False
    return bool(simplify(first.constant - quotient * second.constant) == 0)


def _quotient(first: Scale, second: Scale) -> Expr | None:
    """The limit of second over first, for functions of equal powers, constants apart; None unless it is positive."""
    if first.function is None and second.function is None:
        return S.One
    quotient = limit_or_none(powsimp(simplify(second.shape / first.shape)), first.variable)
    return quotient if quotient is not None and quotient.is_finite and quotient.is_positive else None


def pieces(function: Expr, index: Symbol) -> Pieces:
    """A positive function of a positive integer ``index``, by functions on the scale.

    Raises
    ------
    NotDerivedError
        When it neither is on the scale nor oscillates about it in a way that is understood.

    Examples
    --------
    >>> from theory import j
    >>> [scale.constant for scale in pieces(1 / (2 + (-1) ** j), j).scales]
    [1/3, 1]
    """
    try:
        return Pieces((scale_of(function.subs(index, _X), _X),))
    except NotDerivedError as unknown:
        period = period_of(function, index)
        classes = () if period is None else tuple(_class(function, index, period, r) for r in range(period))
        # Where the last term is all of a sum it matters how far each class has come.
        if period is not None and not any(scale.powers[0] in (oo, -oo) for scale in classes):
            return Pieces(classes, period)
        ends = _ends(function, index)
        if ends is None:
            raise unknown from None
        return Pieces(ends, between=True)


def partial_sums(function: Expr, index: Symbol) -> Sums:
    """The partial sums up to x, by cases where parameters decide; None for a convergent series.

    The constant of a sum is None where it oscillates, between two positive multiples of the rest.

    Raises
    ------
    NotDerivedError
        As :func:`pieces`, and where the order of the sums is not the same for all pieces.

    Examples
    --------
    >>> from theory import j
    >>> ((total, _),) = partial_sums(1 / (1 + (-1) ** j / 2), j)
    >>> total.constant
    4/3
    """
    found = pieces(function, index)
    if len(found.scales) == 1:
        return found.scales[0].summed()
    sums = [scale.summed() for scale in found.scales]
    if any(len(cases) > 1 for cases in sums):
        raise NotDerivedError(f"the partial sums of {function} are not compared: they depend on parameters.")
    totals = [cases[0][0] for cases in sums]
    diverging = [total for total in totals if total is not None]
    if not diverging:
        return [(None, S.true)]
    if found.between and len(diverging) < len(totals):
        raise NotDerivedError(f"the partial sums of {function} lie between a convergent and a divergent series.")
    if not found.between:
        diverging = [_stretched(total, found.stride) for total in diverging]
    whole, *others = map(_tidy, diverging)
    for other in others:
        whole = _both(whole, other, found.between)
    return [(whole, S.true)]


def _stretched(total: Scale, stride: int) -> Scale:
    """A function of the place i in a residue class, as one of x = stride·i."""
    if stride == 1:
        return total
    rate, power, *_ = total.powers
    if rate == oo:
        raise NotDerivedError("last terms that are all of a sum, and oscillate, are not compared.")
    if total.function is not None and any(total.powers):
        return _tidy(replace(total, function=total.function.subs(total.variable, total.variable / stride)))
    if total.function is not None:
        return total
    # Where every term is a share of the sum it matters how far the class has come.
    constant = None if rate != 0 or total.constant is None else total.constant * S(stride) ** -power
    return replace(total, powers=(rate / stride, *total.powers[1:]), constant=constant)


def _tidy(scale: Scale) -> Scale:
    """Constant factors of a function beyond the scale, with the constant."""
    if scale.function is None or scale.constant is None:
        return scale
    plain = expand_power_exp(powsimp(simplify(scale.function)))
    factor, function = plain.as_independent(scale.variable, as_Add=False)
    return replace(scale, constant=simplify(factor * scale.constant), function=function)


def _both(first: Scale, second: Scale, between: bool) -> Scale:
    """The sum of two positive functions, or what lies between them."""
    ahead = first.ahead_of(second)
    if ahead is None or ahead == 0:
        quotient = _quotient(first, second)
        if quotient is None:
            raise NotDerivedError("which of two functions beyond the scale is larger is not decided.")
        if between and _same(first, second):
            return first
        if between or first.constant is None or second.constant is None:
            return replace(first, constant=None)
        return replace(first, constant=simplify(first.constant + quotient * second.constant))
    if between:
        raise NotDerivedError("partial sums lie between two functions of different orders.")
    return first if ahead == 1 else second


# -- periods -------------------------------------------------------------------------------------------


def period_of(function: Expr, index: Symbol) -> int | None:
    """The period of everything that oscillates, totals over a schedule included; None where there is none."""
    whole, parts = 1, [(part, index) for part in _oscillating(function, index)]
    for total in function.atoms(Sum):
        if _is_running(total, index):
            variable = total.limits[0][0]
            parts += [(part, variable) for part in _oscillating(total.function, variable)]
    for part, variable in parts:
        own = _period_of(part, variable)
        if own is None:
            return None
        whole = ilcm(whole, own)
    return int(whole) if 1 < whole <= LONGEST_PERIOD else None


def _oscillating(function: Expr, index: Symbol) -> list[Expr]:
    parts: list[Expr] = list(function.atoms(sin, cos, Mod, floor, ceiling))
    parts += [part for part in function.atoms(Pow) if part.base.is_number and part.base.is_negative is True]
    return sorted((part for part in parts if part.has(index)), key=str)


def _size(part: Expr) -> Expr:
    """What an oscillating part is, but for a factor that stays within one: (−2)^j is (−1)^j times 2^j."""
    return (-part.base) ** part.exp if isinstance(part, Pow) else S.One


def _period_of(part: Expr, index: Symbol) -> int | None:
    argument, unit = part.args[0], S.One
    if isinstance(part, Pow):
        argument = part.exp
    elif isinstance(part, (sin, cos)):
        unit = pi
    elif isinstance(part, Mod):
        if not part.args[1].is_Rational:
            return None
        unit = part.args[1] / 2
    try:
        coefficients = [value / unit for value in Poly(expand(argument), index).all_coeffs()[:-1]]
    except PolynomialError:
        return None
    if not all(value.is_Rational for value in coefficients):
        return None
    denominator = ilcm(1, *(int(value.q) for value in coefficients))
    # An integer polynomial q has q(j + 2D) − q(j) divisible by 2D; a whole part is linear, or it is no period.
    if isinstance(part, (floor, ceiling)):
        return denominator if len(coefficients) == 1 else None
    return 2 * denominator


def residue_class(function: Expr, index: Symbol, period: int, r: int, step: Symbol) -> Expr:
    """i ↦ f(period·i − r), for a positive integer i called ``step``; totals over a periodic schedule are solved."""
    solved = function.replace(
        lambda part: isinstance(part, Sum) and _is_running(part, index),
        lambda part: _total_on_class(part, period, r, step),
    )
    values: dict[Expr, Expr] = {}
    for part in _oscillating(solved, index):
        if isinstance(part, (floor, ceiling)):
            values[part] = part.subs(index, period * step - r)
        else:
            value = (part / _size(part)).subs(index, Integer(period - r))
            values[part] = _size(part) * (value if value.is_Rational else simplify(value))
    return solved.xreplace(values).subs(index, period * step - r)


def _is_running(total: Sum, index: Symbol) -> bool:
    """Whether a sum over a schedule runs up to the index itself, from a number on."""
    return len(total.limits) == 1 and total.limits[0][2] == index and bool(total.limits[0][1].is_Integer)


def _total_on_class(total: Sum, period: int, r: int, step: Symbol) -> Expr:
    """The sum up to period·i − r, class by class."""
    summand, (index, lower, _) = total.function, total.limits[0]
    place = Dummy("k", integer=True, positive=True)
    value: Expr = -sum((summand.subs(index, block) for block in range(1, int(lower))), S.Zero)
    for other in range(period):
        form = powsimp(expand_power_base(simplify(residue_class(summand, index, period, other, place)), force=True))
        upper = step if other >= r else step - 1
        closed = definite_sum(form, place, S.One, upper)
        value += Sum(form, (place, 1, upper)) if closed is None else closed
    return value


def _class(function: Expr, index: Symbol, period: int, r: int) -> Scale:
    """i ↦ f(period·i − r), on the scale."""
    step = Dummy("i", integer=True, positive=True)
    on_class = residue_class(function, index, period, r, step).subs(step, _X)
    scale = scale_of(powsimp(expand_power_base(simplify(on_class), force=True)), _X)
    if scale.constant is not None and scale.constant.is_positive is False:
        raise NotDerivedError(f"{function} is not positive.")
    return scale


# -- between two functions -----------------------------------------------------------------------------


def _ends(function: Expr, index: Symbol) -> tuple[Scale, ...] | None:
    """f with each oscillating part at −1 or 1; None where it is not between these."""
    parts = _oscillating(function, index)
    if not 0 < len(parts) <= MOST_PARTS or not all(_is_within_one(part) for part in parts):
        return None
    heights = {part: Dummy("h", real=True) for part in parts}
    opened = function.xreplace({part: height * _size(part) for part, height in heights.items()})
    if not any(_is_linear(form, list(heights.values())) for form in (1 / opened, opened)):
        return None
    ends = []
    for corner in product((-1, 1), repeat=len(parts)):
        value = opened.subs(dict(zip(heights.values(), corner, strict=True)))
        if value.has(zoo, nan):
            return None
        scale = scale_of(value.subs(index, _X), _X)
        if scale.constant is None or scale.constant.is_positive is not True:
            return None
        ends.append(scale)
    return tuple(ends)


def _is_within_one(part: Expr) -> bool:
    """Whether a part is a real number between −1 and 1, at every index."""
    if isinstance(part, Pow):
        return bool(expand(part.exp).is_integer)
    return isinstance(part, (sin, cos)) and bool(part.args[0].is_real)


def _is_linear(form: Expr, heights: list[Symbol]) -> bool:
    return all(simplify(diff(form, height, 2)) == 0 for height in heights)
