r"""Fits on the newest block alone: a chain of Wishart matrices, and the losses that invert, take logarithms or roots.

Model g with ν_g = n_g − 1 degrees of freedom and divisor c_g (n_g, or n_g − 1) is :math:`c_g\Sigma_g \sim
W(\Sigma_{g-1}, \nu_g)`, independent of :math:`\mu_g \sim N(\mu_{g-1}, \Sigma_{g-1}/n_g)` given the past. With
:math:`q_g = c_g/(\nu_g - d - 1)` (Muirhead 1982, theorems 3.2.12 to 3.2.15),

.. math::
   E\operatorname{tr}\Sigma_g^{-1} &= q_g\,E\operatorname{tr}\Sigma_{g-1}^{-1}, \qquad
   E\,\mu_g^\top\Sigma_g^{-1}\mu_g = q_g\,(E\,\mu_{g-1}^\top\Sigma_{g-1}^{-1}\mu_{g-1} + d/n_g), \\
   E\log\det\Sigma_g &= E\log\det\Sigma_{g-1} + \sum_{i \le d} \psi\big(\tfrac{\nu_g - i + 1}2\big)
       + d\log\tfrac2{c_g}, \\
   E\,\sigma_g &= p_g\,E\,\sigma_{g-1}, \qquad
   p_g = \sqrt{2/c_g}\;\Gamma\big(\tfrac{\nu_g+1}2\big)/\Gamma\big(\tfrac{\nu_g}2\big) \quad (d = 1).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from sympy import Expr, Matrix, S, diag, gamma, log, sqrt, zeros

from theory.expressions.expansion import Order
from theory.expressions.multidigamma import multidigamma
from theory.expressions.sums import definite_sum
from theory.expressions.symbols import G
from theory.moments.recurrence import MomentRecurrence, Recurrence
from theory.solver.solution import Solution
from theory.solver.system import solve_recurrence
from theory.workflows.dynamics import GENERATION


@dataclass(frozen=True)
class WishartChain:
    """One generation of a chain of fits, each on the newest block alone; ``points`` and ``divisor`` may contain g."""

    dimension: Expr
    points: Expr
    divisor: Expr

    @property
    def freedom(self) -> Expr:
        """ν, degrees of freedom of the scatter."""
        return self.points - 1

    @property
    def inflation(self) -> Expr:
        """q, by which the expected inverse grows."""
        return self.divisor / (self.freedom - self.dimension - 1)

    @property
    def log_determinant(self) -> Expr:
        """λ, by which the expected logarithm of the determinant moves: negative, the rate of collapse."""
        return multidigamma(self.freedom / 2, self.dimension) + self.dimension * log(2 / self.divisor)

    @property
    def deviation(self) -> Expr:
        """p, by which the expected standard deviation shrinks; d = 1."""
        return sqrt(2 / self.divisor) * gamma(self.points / 2) / gamma(self.freedom / 2)


def log_determinant(chain: WishartChain, heat: Expr = S.One) -> MomentRecurrence:
    """−E log det Σ_g, where models are sampled with ``heat`` times their covariance."""
    if heat != 1:
        # The first block is real: what is sampled begins with the second.
        return MomentRecurrence(
            start=2,
            matrix=Matrix([[1]]),
            forcing=Matrix([-chain.log_determinant - chain.dimension * log(heat)]),
            readout=Matrix([[1]]),
            initial=Matrix([-chain.log_determinant.subs(GENERATION, 1)]),
        )
    return MomentRecurrence(
        start=1,
        matrix=Matrix([[1]]),
        forcing=Matrix([-chain.log_determinant]),
        readout=Matrix([[1]]),
        initial=Matrix([0]),
    )


def divergence(chain: WishartChain) -> MomentRecurrence:
    """E KL(N_0 ‖ N_g) = (tr Σ^{-1} − d + μᵀΣ^{-1}μ + log det Σ)/2, in expectation."""
    d, q, rate, half = chain.dimension, chain.inflation, chain.log_determinant, S.Half
    offset, drift = q * d / chain.points, definite_sum(rate, GENERATION, S.One, G)
    if drift is not None:
        return MomentRecurrence(
            start=1,
            matrix=diag(q, q),
            forcing=Matrix([0, offset]),
            readout=Matrix([[half, half]]),
            initial=Matrix([d, 0]),
            shift=(drift.subs(G, GENERATION) - d) / 2,
        )
    return MomentRecurrence(
        start=1,
        matrix=diag(q, q, 1),
        forcing=Matrix([0, offset, rate]),
        readout=Matrix([[half, half, half]]),
        initial=Matrix([d, 0, 0]),
        shift=-d / 2,
    )


def wasserstein(chain: WishartChain) -> Recurrence:
    """E W_2²(N_0, N_g) = E (μ_g² + σ_g²) − 2 E σ_g + 1 in one dimension."""
    shrink = chain.freedom / chain.divisor
    squares = MomentRecurrence(
        start=1,
        matrix=Matrix([[1, 1 / chain.points], [0, shrink]]),
        forcing=zeros(2, 1),
        readout=Matrix([[1, 1]]),
        initial=Matrix([0, 1]),
    )
    if not chain.points.has(GENERATION):
        return DeviationRecurrence(squares, chain.deviation, offset=S.One)
    return replace(
        squares,
        matrix=diag(squares.matrix, chain.deviation),
        forcing=zeros(3, 1),
        readout=Matrix([[1, 1, -2]]),
        initial=Matrix([0, 1, 1]),
        offset=S.One,
    )


@dataclass(frozen=True)
class DeviationRecurrence(Recurrence):
    r"""The moment :math:`s_g - 2 p^g` with a recurrence for s and one number 0 < p < 1.

    p is a ratio of Gamma functions of n, which no comparison of polynomials places. Jensen does:
    :math:`(E\,\sigma_g)^2 < E\,\sigma_g^2` strictly, and the right-hand side does not grow in a generation. So
    :math:`p^g` vanishes, and limit and growth are those of s.
    """

    squares: MomentRecurrence
    deviation: Expr

    def values(self) -> Iterator[Expr]:
        """Exact risks at generations 1, 2, …"""
        for g, squares in enumerate(self.squares.values(), start=1):
            yield self.offset + self.scale * (squares - 2 * self.deviation**g)

    def as_moments(self) -> MomentRecurrence:
        """p^g as one more moment."""
        squares = self.squares
        return squares.changed(
            matrix=Matrix.diag(squares.matrix, self.deviation),
            forcing=squares.forcing.col_join(Matrix([0])),
            readout=squares.readout.row_join(Matrix([-2])),
            initial=squares.initial.col_join(Matrix([self.deviation ** (squares.start - 1)])),
            scale=self.scale,
            offset=self.offset,
        )

    def closed_form(self) -> Expr | None:
        """E σ_g² − 2 p^G + 1 up to scale and offset, p the factor of E σ_g; None where the squares have none."""
        squares = solve_recurrence(self.squares)
        return None if squares is None else squares - 2 * self.deviation**G

    def limit(self, order: Order) -> Expr | None:
        """That of the squares: p^G tends to 0."""
        return Solution(self.squares, order.ranges).limit

    def growth(self, order: Order) -> Expr | None:
        """That of the squares: p^G is bounded."""
        return Solution(self.squares, order.ranges).growth
