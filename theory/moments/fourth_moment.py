r"""The fourth moment of the error of a scalar family, as a recurrence: what the variance of a squared error needs.

With a linear state z (:class:`theory.workflows.dynamics.LinearDynamics`) every monomial of degree four of
:math:`z_g = A z_{g-1} + b\,\varepsilon_g + c\,\varrho_g` has a conditional expectation of degree at most four in
:math:`z_{g-1}`: the moments of ε given :math:`\delta_{g-1}` are those of
:class:`theory.moments.higher_moments.QuadraticNoise`,

.. math:: E\varepsilon^2 = \frac VN, \qquad E\varepsilon^3 = \frac{VV'}{N^2}, \qquad
          E\varepsilon^4 = \frac{3V^2}{N^2} + \frac{V(V'^2 + 2 v_2 V)}{N^3} .

First moments vanish, so that those of degree two, three and four close in a triangular recurrence, with parameters
that may be symbols. Under replace its three eigenvalues are the products of 1 + k v_2/N over k < 2, 3 and 4.
"""

from __future__ import annotations

from itertools import combinations_with_replacement

from sympy import Dummy, Expr, Matrix, Poly, S, zeros

from theory.errors import NotDerivedError
from theory.moments.higher_moments import QuadraticNoise
from theory.moments.recurrence import MomentRecurrence
from theory.workflows.base import Workflow
from theory.workflows.dynamics import GENERATION, LinearDynamics

#: States of more numbers make more than 31 moments of degree four or less.
LARGEST_STATE = 2


def fourth_moment(workflow: Workflow, noise: QuadraticNoise) -> MomentRecurrence:
    r"""The recurrence of :math:`E\,\delta_g^4`, exact at every n.

    Raises
    ------
    NotDerivedError
        Where the workflow has no linear state of two numbers or fewer from generation 1 or 2 on. Numbers are then still
        exact, see :class:`theory.moments.higher_moments.ErrorMoments`.

    Examples
    --------
    >>> from itertools import islice
    >>> from theory import Poisson, Replace
    >>> list(islice(fourth_moment(Replace(), Poisson(rate=1, n=1).noise()).values(), 2))
    [4, 27]
    """
    dynamics = workflow.dynamics()
    if not isinstance(dynamics, LinearDynamics) or dynamics.transition.shape[0] > LARGEST_STATE or dynamics.start > 2:
        raise NotDerivedError(
            f"workflow = {workflow.name} has no state of {LARGEST_STATE} numbers or fewer: the recurrence of its "
            f"fourth moment is not derived."
        )
    size = dynamics.transition.shape[0]
    state = [Dummy(f"z{index}") for index in range(size)]
    monomials = [
        monomial for degree in (2, 3, 4) for monomial in combinations_with_replacement(range(size), degree)
    ]  # fmt: skip
    position = {monomial: index for index, monomial in enumerate(monomials)}
    step = _Step(workflow, dynamics, noise, state)
    matrix, forcing = zeros(len(monomials), len(monomials)), zeros(len(monomials), 1)
    for row, monomial in enumerate(monomials):
        for exponents, coefficient in step.expectation(monomial).terms():
            letters = tuple(index for index, power in enumerate(exponents) for _ in range(power))
            if not letters:
                forcing[row] += coefficient
            elif len(letters) > 1:
                matrix[row, position[letters]] += coefficient
    readout = zeros(1, len(monomials))
    error = Poly(sum(h * z for h, z in zip(dynamics.readout, state, strict=True)) ** 4, *state)
    for exponents, coefficient in error.terms():
        readout[position[tuple(index for index, power in enumerate(exponents) for _ in range(power))]] += coefficient
    return MomentRecurrence(
        start=dynamics.start,
        matrix=matrix,
        forcing=forcing,
        readout=readout,
        initial=_initial(workflow, dynamics, noise, monomials),
    )


class _Step:
    """One generation: conditional expectations of monomials of the state."""

    def __init__(self, workflow: Workflow, dynamics: LinearDynamics, noise: QuadraticNoise, state: list[Dummy]) -> None:
        g = GENERATION
        self.dynamics, self.state = dynamics, state
        self.error, self.block, self.real = Dummy("delta"), Dummy("epsilon"), Dummy("rho")
        before = dynamics.readout.subs(g, g - 1)
        self.model = sum((h * z for h, z in zip(before, state, strict=True)), S.Zero)
        self.of_block = central_moments(noise, noise.points * workflow.size(g), self.error)
        fresh = any(entry != 0 for entry in dynamics.fresh)
        self.of_real = [S.One, *[S.Zero] * 4]
        if fresh:
            self.of_real = central_moments(noise, noise.points * workflow.fresh_size(g), S.Zero)

    def expectation(self, monomial: tuple[int, ...]) -> Poly:
        """E[monomial after | state before], a polynomial in the state."""
        after = S.One
        for index in monomial:
            after *= (
                sum((a * z for a, z in zip(self.dynamics.transition[index, :], self.state, strict=True)), S.Zero)
                + self.dynamics.innovation[index] * self.block
                + self.dynamics.fresh[index] * self.real
            )
        total = S.Zero
        for (block, real), coefficient in Poly(after, self.block, self.real).terms():
            total += coefficient * self.of_block[block] * self.of_real[real]
        return Poly(total.subs(self.error, self.model), *self.state)


def central_moments(noise: QuadraticNoise, points: Expr, error: Expr) -> list[Expr]:
    """E ε^r for r = 0 … 4, of the mean of ``points`` points of the model with the given error."""
    v2 = noise.curvature
    variance = noise.variance + noise.slope * error + v2 * error**2
    slope = noise.slope + 2 * v2 * error
    fourth = 3 * variance**2 / points**2 + variance * (slope**2 + 2 * v2 * variance) / points**3
    return [S.One, S.Zero, variance / points, variance * slope / points**2, fourth]


def _initial(
    workflow: Workflow, dynamics: LinearDynamics, noise: QuadraticNoise, monomials: list[tuple[int, ...]]
) -> Matrix:
    """Moments before the first step: of multiples of the error of block 1, or none."""
    if dynamics.start == 1:
        return zeros(len(monomials), 1)
    moments = central_moments(noise, noise.points * workflow.size(1), S.Zero)
    values = []
    for monomial in monomials:
        value = moments[len(monomial)]
        for index in monomial:
            value *= dynamics.initial[index, 0]
        values.append(value)
    return Matrix(values)
