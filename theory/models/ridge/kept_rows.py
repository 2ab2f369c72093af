r"""What ever more kept rows add to the risk of a ridge fit: a series without a closed form, enclosed.

With all rows kept and a fixed penalty generation i ≥ 2 adds
:math:`\sigma^2 E \operatorname{tr} W_i (W_i + \lambda)^{-2}/i`, W_i of iT rows (:mod:`theory.models.ridge.chain`). For
s > 0 the partial sums of :math:`s(s+\lambda)^{-2} = \sum_k (-1)^k (k+1) \lambda^k s^{-k-1}` lie above and below the
value in turns, since all derivatives of :math:`(1+x)^{-2}` alternate. So from a generation M on, where the inverse
moments are finite, the tail of the series lies between two sums over i of rational functions, which are values of ψ.
The first terms are computed one by one. Derived here.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from flint import acb, arb, ctx, fmpq
from sympy import Expr, Function

from theory.expressions.balls import know
from theory.models.ridge.eigenvalue_density import enclosure
from theory.models.ridge.inverse_moments import over_rows
from theory.models.ridge.trace_moments import computed

#: Terms of the alternating sum, and rows of its first generation: more than so many inverse moments need.
MOST_TERMS, ROWS_BEYOND, ROWS_PER_PENALTY = 40, 8, 2
#: How often the sum may begin later, and bits that may be lost.
MOST_TRIES, SPARE_BITS = 12, 16


class kept_rows_noise(Function):  # noqa: N801 – SymPy's functions are lower case
    r"""``kept_rows_noise(d, T, λ)`` is :math:`\sum_{i \ge 2} \frac1i E \operatorname{tr} W_i (W_i + \lambda)^{-2}`.

    W_i is the Wishart matrix of iT rows in dimension d. Numbers come with rigorous balls at any precision.

    Examples
    --------
    >>> kept_rows_noise(1, 4, 1).evalf(15)
    0.153382415462868
    """

    nargs = 3
    is_extended_real = True
    is_finite = True
    is_positive = True

    def _eval_evalf(self, prec: int) -> Expr | None:
        return computed(self, prec)

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        d, T, penalty = (printer._print(argument) for argument in self.args)
        law = rf"\operatorname{{E}}_{{W \sim W_{{{d}}}({T}i)}}"
        text = rf"\sum_{{i=2}}^\infty \frac{{1}}{{i}} {law} \operatorname{{tr}} W\left(W + {penalty}\right)^{{-2}}"
        return rf"\left({text}\right)" if exp is None else rf"\left({text}\right)^{{{exp}}}"


def enclosed_noise(d: int, T: int, penalty: arb) -> arb:
    """The series in a ball, at the working precision or nearly."""
    rows = d + 2 * MOST_TERMS + ROWS_BEYOND + ROWS_PER_PENALTY * int(float(penalty.upper()))
    total, first = arb(0), 2
    for _ in range(MOST_TRIES):
        last = max(first, rows // T + 1)
        total += sum((enclosure(1, 2, d, i * T, penalty) / i for i in range(first, last)), arb(0))
        first = last
        rest = _tail(d, T, penalty, first)
        if rest.rad() < (total + rest).mid() * arb(2) ** (SPARE_BITS - ctx.prec):
            break
        rows += rows // 2
    return total + rest


def _tail(d: int, T: int, penalty: arb, first: int) -> arb:
    """The terms from ``first`` on, between two partial sums in turns."""
    precision = ctx.prec
    partial, wanted = arb(0), arb(2) ** -precision
    # Partial fractions cancel: as many bits as the inverse moment is small.
    with ctx.workprec(precision + MOST_TERMS * (first * T).bit_length()):
        digamma = cache(lambda pole: arb(fmpq(first * T - pole, T)).digamma())
        for k in range(MOST_TERMS):
            # Σ A/(iT − a) over i ≥ M is −A ψ(M − a/T)/T, and 1/i is T/(iT).
            moment = -sum((A * digamma(pole) for pole, A in over_rows(k + 1, d).items()), arb(0))
            before, partial = partial, partial + (k + 1) * (-penalty) ** k * moment
            if k and abs(partial - before) < wanted:
                break
        return before.union(partial)


def _noise(d: acb, T: acb, penalty: acb) -> acb:
    columns, rows = (int(count.real.unique_fmpz()) for count in (d, T))
    return acb(enclosed_noise(columns, rows, penalty.real))


know(kept_rows_noise, _noise)
