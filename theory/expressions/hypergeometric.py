r"""Generalised hypergeometric series at 1, where the terms fall like a power and no sum of them is long enough.

The terms :math:`t_k = \prod (u)_k / \prod (l)_k / k!` of :math:`{}_{q+1}F_q(u; l; 1)` have the ratio
:math:`r(k) = \prod (1 + u x)/\bigl((1 + x)\prod (1 + l x)\bigr)` in x = 1/k. Their tail is :math:`t_k` times a formal
series :math:`A(k) = a_0 k + a_1 + a_2/k + \dots`, fixed by :math:`A(k) = 1 + r(k) A(k+1)`. Cut off after
:math:`a_K`, what is left, :math:`\varepsilon(x) = A(k) - 1 - r(k) A(k+1)`, vanishes at 0 to order K, so that by
Schwarz's lemma :math:`|\varepsilon(x)| \le M (x/R)^K` for M its bound on the circle of radius R, and (derived here)

.. math:: \sum_{k \ge N} t_k = t_N A(N) - \sum_{k \ge N} t_k\, \varepsilon(1/k), \qquad
          \Bigl|\sum_{k \ge N} t_k\, \varepsilon(1/k)\Bigr|
          \le |t_N|\, M (NR)^{-K} \Bigl(1 + \frac{N}{K - 1}\Bigr)

once :math:`|t_k|` no longer grows, by comparison with an integral.
"""

from __future__ import annotations

from typing import Any

from flint import acb, arb, ctx

#: Guard bits, and bits that each further coefficient of the tail is worth.
GUARD, GAIN = 40, 6
#: Parameters beyond which the direct part of the sum is too long.
LARGEST = 2000.0


def hypergeometric(upper: list[acb], lower: list[acb], at: acb) -> acb:
    """A ball around the series at a point: at 1 as below, elsewhere as Arb sums it."""
    if at == 1 and len(upper) == len(lower) + 1:
        return hypergeometric_at_one(upper, lower)
    return at.hypgeom(upper, lower)


def hypergeometric_at_one(upper: list[acb], lower: list[acb]) -> acb:
    """A ball around the series with one parameter more above than below; not finite where it diverges or is undefined.

    Examples
    --------
    >>> from flint import acb
    >>> (hypergeometric_at_one([acb(1)] * 3, [acb(2)] * 2) - acb.pi() ** 2 / 6).contains(0)
    True
    """
    bits = ctx.prec
    with ctx.workprec(2 * bits + GUARD):
        whole = _of_one_shift(upper, lower)
        return whole if whole is not None else _summed([*upper], [*lower, acb(1)], bits)


def _of_one_shift(upper: list[acb], lower: list[acb]) -> acb | None:
    r"""Where all terms are :math:`(a/(a + k))^s`, of a prior that counts for many blocks: :math:`a^s \zeta(s, a)`."""
    rest = [value for value in upper if not (value.is_exact() and value == 1)]
    count = len(lower)
    if len(rest) != count or count < 2 or not all(value.is_exact() for value in (*rest, *lower)):
        return None
    a = rest[0]
    alike = a.imag == 0 and a.real > 0 and all(value == a for value in rest) and all(value == a + 1 for value in lower)
    return a**count * acb(count).zeta(a) if alike else None


def _summed(upper: list[acb], lower: list[acb], bits: int) -> acb:
    """Both lists hold as many parameters, the lower one that of k!."""
    # A whole upper parameter below 1 ends the series.
    ends = [-int(u.real.unique_fmpz()) for u in upper if u.is_exact() and u.imag == 0 and _whole(u) and u.real <= 0]
    drop = sum((low for low in lower), acb(0)) - sum((up for up in upper), acb(0))
    if not ends and not drop.real > 1:
        return acb("nan")
    size = max([1.0, *(float(abs(value).upper()) for value in (*upper, *lower))])
    if not size <= LARGEST:
        return acb("nan")
    radius = arb(1) / (2 + 2 * int(size + 1))
    count = bits // GAIN + 12
    start = min(ends) + 1 if ends else int(2**GAIN * (2 + 2 * int(size + 1)))
    total, term = acb(0), acb(1)
    for k in range(start):
        total, term = total + term, term * _ratio(upper, lower, k)
    if ends:
        return total
    tail = _tail_series(upper, lower, count)
    if tail is None:
        return acb("nan")
    at = acb(start)
    value = sum((coefficient * at ** (1 - index) for index, coefficient in enumerate(tail)), acb(0))
    error = abs(term) * _bound(upper, lower, tail, radius) * (start * radius) ** -count
    error = error * (1 + arb(start) / (count - 1))
    if not _falls(upper, lower, start):
        return acb("nan")
    rest = arb(0, error.upper())
    real = all(parameter.imag == 0 for parameter in (*upper, *lower))
    return total + term * value + (acb(rest) if real else acb(rest, rest))


def _whole(value: acb) -> bool:
    return value.real.unique_fmpz() is not None


def _ratio(upper: list[acb], lower: list[acb], k: int) -> acb:
    """Of two terms in a row."""
    value = acb(1)
    for up, low in zip(upper, lower, strict=True):
        value *= (up + k) / (low + k)
    return value


def _falls(upper: list[acb], lower: list[acb], start: int) -> bool:
    r"""Whether :math:`|r(k)| \le 1` for all k from ``start`` on.

    log |r| = Re Σ log(1 + u/k) − Re Σ log(1 + l/k) = −Re(drop)/k + at most Σ |u|²/k² + Σ |l|²/k², as every |u|/k ≤ 1/2.
    """
    drop = sum((low.real for low in lower), arb(0)) - sum((up.real for up in upper), arb(0))
    squares = sum((abs(value) ** 2 for value in (*upper, *lower)), arb(0))
    return bool(drop * start >= squares)


def _tail_series(upper: list[acb], lower: list[acb], count: int) -> list[acb] | None:
    """a_0 … a_count of A(k) = Σ a_j k^(1−j), from the powers of x in A(k) − r(k) A(k+1) = 1."""
    ratio = _power_series(upper, lower, count + 2)
    # x^j · a_j enters as x^(j−1) (1 − r (1+x)^(1−j)), whose own first power is x.
    found: list[acb] = []
    columns: list[list[acb]] = []
    for index in range(count + 1):
        binomial, coefficient = [acb(1)], acb(1)
        for power in range(1, count + 2):
            coefficient = coefficient * (1 - index - power + 1) / power
            binomial.append(coefficient)
        length = count + 2 - index
        product = [
            sum((ratio[power] * binomial[total - power] for power in range(total + 1)), acb(0))
            for total in range(min(length, count + 2))
        ]
        columns.append([(acb(1) if power == 0 else acb(0)) - value for power, value in enumerate(product)])
        # The power x^index of the equation: the columns before give what this one must take away.
        left = acb(1 if index == 0 else 0)
        for other in range(index):
            left -= found[other] * columns[other][index - other + 1]
        if columns[index][1].contains(0):
            return None
        found.append(left / columns[index][1])
    return found


def _power_series(upper: list[acb], lower: list[acb], length: int) -> list[acb]:
    """Π (1 + u x)/Π (1 + l x)."""
    series = [acb(1)] + [acb(0)] * (length - 1)
    for value in upper:
        series = [series[i] + (value * series[i - 1] if i else 0) for i in range(length)]
    for value in lower:
        for i in range(1, length):
            series[i] = series[i] - value * series[i - 1]
    return series


def _bound(upper: list[acb], lower: list[acb], tail: list[acb], radius: arb) -> Any:
    """M: of |A(k) − 1 − r(k) A(k+1)| for |x| = R."""
    ratio = arb(1)
    for up, low in zip(upper, lower, strict=True):
        ratio = ratio * (1 + abs(up) * radius) / (1 - abs(low) * radius)
    here, ahead = arb(0), arb(0)
    for index, coefficient in enumerate(tail):
        size = abs(coefficient)
        here += size * radius ** (index - 1)
        ahead += size * ((1 + radius) / radius if index == 0 else (radius / (1 - radius)) ** (index - 1))
    return here + 1 + ratio * ahead
