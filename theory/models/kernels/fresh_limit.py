r"""Where the integrated error of a kernel density ends under fresh real data: a contraction at every frequency.

In the notation of :mod:`theory.models.kernels.spectral`, with
:math:`\psi_g = a\,\psi_{g-1} + b\,\hat\psi_g + c\,\hat\psi^{\text{real}}_g`, a + b + c = 1, c > 0, blocks of n and r
points and a constant bandwidth, :math:`M_g = E\psi_g/\varphi_0` and :math:`Q_g = E|\psi_g|^2` obey

.. math:: M_g &= (a + b\kappa)\, M_{g-1} + c, \qquad
   Q_g = p(\kappa)\, Q_{g-1} + \frac{b^2}{n} + \frac{c^2}{r}
     + \Bigl(c^2 \bigl(1 - \tfrac1r\bigr) + 2c\,(a + b\kappa)\,M_{g-1}\Bigr)|\varphi_0|^2, \\
   p(\kappa) &= a^2 + 2ab\kappa + b^2\bigl(1 - \tfrac1n\bigr)\kappa^2 \le (1 - c)^2 .

Both contract, by 1 − c or better at every frequency, to their fixed points M and Q, rational in κ, and since
:math:`E|\varphi_g|^2 \le \kappa^2` is integrable so does the error, to

.. math:: (2\pi)^{-d}\int \bigl(\kappa^2 Q - 2\kappa M |\varphi_0|^2 + |\varphi_0|^2\bigr)\,dt .

Expanded in powers of κ, :math:`\kappa^2 Q` and κM have coefficients that are not negative, and every power is a
Gaussian integral. What is left out after the J-th is at most the sum of the coefficients left out, which their values
at κ = 1 give, times the integral of the J-th power: an enclosure. Derived here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flint import arb, ctx
from sympy import Expr, Rational

from theory.errors import DomainError
from theory.expressions.balls import BallProgram
from theory.expressions.symbols import G
from theory.models.kernels.mixtures import MixtureTruth

#: Powers of κ before a limit is out of reach: a second or two.
MOST_TERMS = 20_000
#: Bits beyond those asked for.
SPARE = 64


@dataclass(frozen=True)
class FreshLimit:
    """The limit of one loop: weights of the model before, the newest block and the fresh one, and their sizes.

    ``h2`` is the squared bandwidth; all are numbers.
    """

    carried: Expr
    newest: Expr
    fresh: Expr
    points: Expr
    fresh_points: Expr
    h2: Expr
    d: Expr
    truth: MixtureTruth

    def enclosure(self, digits: int) -> tuple[Rational, Rational]:
        """Fractions below and above the limit, a relative 10^(−digits) apart.

        Raises
        ------
        DomainError
            When a parameter is a symbol, or the share of real data so small that the series is too long.
        """
        symbols = set().union(*(x.free_symbols for x in self._numbers)) | self.truth.free_symbols
        if symbols:
            names = ", ".join(sorted(map(str, symbols)))
            raise DomainError(f"{names} has no value: a limit is enclosed once every parameter is given.")
        with ctx.workprec(int(digits * 3.33) + SPARE):
            low, high = self._ball(arb(10) ** -digits)
            return _fraction(low.lower()), _fraction(high.upper())

    @property
    def _numbers(self) -> tuple[Expr, ...]:
        return (self.carried, self.newest, self.fresh, self.points, self.fresh_points, self.h2, self.d)

    def _ball(self, tolerance: arb) -> tuple[arb, arb]:
        a, b, c, n, r, h2, _ = (_arb(x) for x in self._numbers)
        d = int(self.d)
        overlaps = [tuple(map(_arb, (o.weight, o.variance, o.distance))) for o in self.truth.overlaps]
        plain = _plain(h2, d)
        truth = _overlap(overlaps, h2, d)
        noise = b * b / n + c * c / r
        own, cross, square = a * a, 2 * a * b, b * b * (1 - 1 / n)
        # Coefficients of M, of 1/(1 − p) and of the truth's part of Q, and what is left of their sums at κ = 1.
        mean: list[arb] = []
        series: list[arb] = []
        signal: list[arb] = []
        mean_left = arb(1)
        series_left = 1 / (1 - own - cross - square)
        signal_left = series_left * (c * c * (1 - 1 / r) + 2 * c * (a + b))
        total, left = truth(0), arb(0)
        for k in range(MOST_TERMS):
            mean.append((c if k == 0 else b * mean[-1]) / (1 - a))
            before = [series[k - i] if k >= i else arb(0) for i in (1, 2)]
            series.append(((1 if k == 0 else 0) + cross * before[0] + square * before[1]) / (1 - own))
            # c²(1 − 1/r) + 2c(a + bκ)M, over 1 − p.
            source = 2 * c * (a * mean[k] + (b * mean[k - 1] if k else 0)) + (c * c * (1 - 1 / r) if k == 0 else 0)
            late = [signal[k - i] if k >= i else arb(0) for i in (1, 2)]
            signal.append((source + cross * late[0] + square * late[1]) / (1 - own))
            total += noise * series[k] * plain(k + 2) + signal[k] * truth(k + 2) - 2 * mean[k] * truth(k + 1)
            mean_left, series_left, signal_left = mean_left - mean[k], series_left - series[k], signal_left - signal[k]
            above = noise * series_left * plain(k + 2) + signal_left * truth(k + 2)
            left = 2 * mean_left * truth(k + 1)
            if (above + left).upper() < tolerance * abs(total).lower() / 4:
                return total - left.upper(), total + above.upper()
        raise DomainError(
            f"the limit converges by {1 - self.fresh} a generation: its series has more than {MOST_TERMS} terms."
        )


def _plain(h2: arb, d: int) -> Callable[[int], arb]:
    """k ↦ (2π)^(−d) ∫ κ^k."""
    return lambda k: (2 * arb.pi() * k * h2) ** (-arb(d) / 2)


def _overlap(terms: list[tuple[arb, ...]], h2: arb, d: int) -> Callable[[int], arb]:
    """k ↦ (2π)^(−d) ∫ κ^k |φ_0|²."""

    def integral(k: int) -> arb:
        total = arb(0)
        for weight, variance, distance in terms:
            width = variance + k * h2
            total += weight * (2 * arb.pi() * width) ** (-arb(d) / 2) * (-distance / (2 * width)).exp()
        return total

    return integral


def _arb(value: Expr) -> arb:
    return BallProgram(value, G).at_precision(ctx.prec)(1).real


def _fraction(end: arb) -> Rational:
    mantissa, exponent = end.man_exp()
    return Rational(int(mantissa)) * Rational(2) ** int(exponent)
