r"""One ridge fit on fresh rows: what of a signal it keeps, and what noise it adds.

On N rows with W = XᵀX and :math:`M = (W + \lambda)^{-1}` every expectation below is a multiple of the identity, because
the rows are rotation invariant. Per dimension

.. math:: \alpha = E\,\tfrac1d \operatorname{tr} WM, \quad \beta = E\,\tfrac1d \operatorname{tr} W^2M^2, \quad
          d\eta = E \operatorname{tr} WM^2 .

When T of the rows are labelled by the last model and the others by the truth, their parts W_s + W_r = W are needed
apart. The rows are exchangeable, so E tr W_sM²W_s = T p_1 + T(T−1) p_2 with
:math:`p_1 = E\,(x_1^\top M^2 x_1)\|x_1\|^2`
and N p_1 + N(N−1) p_2 = dβ. In :math:`X = UDV^\top` the rows of U are uniform on the sphere of :math:`R^N` and
independent of D, and scaling a Wishart matrix gives :math:`E f \operatorname{tr} W = Nd\,E f + 2\,\partial_t E f(tW)`:

.. math:: N p_1 = \frac{1}{N+2}\Bigl(Nd\,d\eta + 2 E\operatorname{tr}(WM^2 - 2W^2M^3) + 2 d\beta\Bigr).

With d/N → γ all of it is rational in α: the Marchenko–Pastur law gives λ/N = (1−α)(1−γα)/α, hence β and dη by
differentiation, and N p_1/d → dη. Derived here.
"""

from __future__ import annotations

from dataclasses import dataclass

from sympy import Expr

from theory.models.ridge.trace_moments import wishart_trace


@dataclass(frozen=True)
class RidgeFit:
    """Moments of one fit on N rows.

    Attributes
    ----------
    shrinkage, square, noise : α, β, dη
    alone : N p_1/d, the part of β in which a row meets itself
    draw : E tr M, the variance of a draw from the posterior under a prior N(0, σ²/λ), in units of σ²
    pairs : share T/N → share of the ordered pairs of different rows in which both are among the T, one is, none is
    """

    shrinkage: Expr
    square: Expr
    noise: Expr
    alone: Expr
    rows: Expr | None
    draw: Expr

    def pairs(self, share: Expr) -> tuple[Expr, Expr, Expr]:
        """Ordered pairs of different rows, as shares: both labelled by the model, by model and truth, by the truth."""
        if self.rows is None:
            return share**2, share * (1 - share), (1 - share) ** 2
        N = self.rows
        T, real = share * N, (1 - share) * N
        every = N * (N - 1)
        return T * (T - 1) / every, T * real / every, real * (real - 1) / every


def finite_fit(d: Expr, rows: Expr, penalty: Expr) -> RidgeFit:
    """Exactly, for a number of rows and a positive penalty."""
    noise, square = wishart_trace(1, 2, d, rows, penalty), wishart_trace(2, 2, d, rows, penalty)
    slope = noise - 2 * wishart_trace(2, 3, d, rows, penalty)
    alone = (rows * d * noise + 2 * slope + 2 * square) / ((rows + 2) * d)
    shrinkage = wishart_trace(1, 1, d, rows, penalty) / d
    # WM + λM = 1.
    return RidgeFit(shrinkage, square / d, noise, alone, rows, d * (1 - shrinkage) / penalty)


def proportional_fit(ratio: Expr, shrinkage: Expr) -> RidgeFit:
    """With d/N → γ, from α."""
    below = 1 - ratio * shrinkage**2
    noise = ratio * shrinkage**2 / below
    square = shrinkage**2 * (1 + ratio - 2 * ratio * shrinkage) / below
    draw = ratio * shrinkage / (1 - ratio * shrinkage)
    return RidgeFit(shrinkage, square, noise, noise, None, draw)


def penalty_per_row(ratio: Expr, shrinkage: Expr) -> Expr:
    """λ/N of a shrinkage α."""
    return (1 - shrinkage) * (1 - ratio * shrinkage) / shrinkage
