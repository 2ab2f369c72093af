r"""The Lerch transcendent :math:`\Phi(z, s, a) = \sum_{k\ge0} z^k (k+a)^{-s}` in balls, for 0 ≤ z < 1 and a > 0.

Arb's own serves any complex argument, but loses a thousand digits where z is near 1 and a is large: the tail of a
geometric series after many generations. There the series itself, with positive terms, is best: what is left after K of
them is at most :math:`z^K (K+a)^{-s}/(1-z)` for s ≥ 0.
"""

from __future__ import annotations

from flint import acb, arb, ctx

LONGEST_SERIES = 10**7
"""Terms that are added rather than left to Arb: some seconds."""


def lerch_phi(z: acb, s: acb, a: acb) -> acb:
    """Φ(z, s, a), by the series where it is real and of reasonable length.

    Examples
    --------
    >>> from flint import acb, arb
    >>> lerch_phi(acb(arb(99) / 100), acb(0.5), acb(1001)).real
    [3.0233321798...]
    """
    if not (_is_real(z) and _is_real(s) and _is_real(a) and 0 <= z.real < 1 and s.real >= 0 and a.real > 0):
        return z.lerch_phi(s, a)
    ratio, power, shift = z.real, -s.real, a.real
    if ratio == 0:
        return acb(shift**power)
    count = int(float((ctx.prec + 8) * arb.const_log2() / -ratio.log())) + 1
    if count > LONGEST_SERIES:
        return z.lerch_phi(s, a)
    total, weight = arb(0), arb(1)
    for k in range(count):
        total += weight * (shift + k) ** power
        weight *= ratio
    left = (weight * (shift + count) ** power / (1 - ratio)).upper()
    return acb(total + arb(left / 2, left / 2))


def _is_real(number: acb) -> bool:
    return bool(number.imag == 0)
