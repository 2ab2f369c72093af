r"""Composing a model's conditional moments with a workflow's dynamics.

The model states the noise of a unit block at the truth, the variance
:math:`\text{noise}\,(1 + \dots)` of :math:`\varepsilon_j` being, for a block of relative size s(j) drawn
from a model with risk r,

.. math:: E\,\varepsilon_j^2 = \frac{\text{noise} + \text{curvature}\; r_{j-1}}{s(j)},

(noise = V_0/n and curvature = v_2/n for a quadratic variance function; curvature 0 for location models,
for least squares on a shared design, and to leading order for every regular model). The workflow states
how blocks move the state. Everything below is in units of noise, so that risk = noise × moment.
"""

from __future__ import annotations

from dataclasses import replace

from sympy import Expr, Integer, Matrix, S, eye, factor, zeros

from theory.errors import DomainError, NotDerivedError
from theory.expressions.random_sizes import RandomSizes
from theory.moments.converging import ConvergingRecurrence
from theory.moments.covariance import covariance_moments
from theory.moments.fading import FadingRecurrence
from theory.moments.known import without_known
from theory.moments.pathway_recurrence import PathwayRecurrence
from theory.moments.random_sizes import compose_pooled
from theory.moments.recurrence import MomentRecurrence, Recurrence
from theory.moments.renewal import RenewalRecurrence
from theory.moments.stationary import StationaryRecurrence
from theory.workflows.base import Workflow
from theory.workflows.converging import ConvergingDynamics
from theory.workflows.dynamics import (
    GENERATION,
    CovarianceDynamics,
    FadingMemory,
    LagWindow,
    LinearDynamics,
    PoolDynamics,
    StationaryAges,
    VaryingPool,
)

#: Generations at which a changing budget must draw a whole number of samples before it is taken.
FIRST_DRAWS = 64


def compose(
    workflow: Workflow,
    noise: Expr,
    curvature: Expr,
    exactness: str = "exact",
    points: Expr | None = None,
) -> Recurrence:
    """The risk recurrence of a model with the given noise and curvature under any workflow.

    ``points`` is the number n of samples in a unit block, for models whose samples have an exact second
    moment (then subsampling is exact too); without it subsampling is to leading order in 1/n.
    """
    if workflow.random_sizes is not None:
        return _of_random_sizes(workflow, workflow.random_sizes, noise, curvature, exactness)
    dynamics = workflow.dynamics()
    if isinstance(dynamics, VaryingPool):
        if points is None or exactness == "leading order":
            return replace(pool_leading(dynamics), scale=noise)
        verify_whole_draws(dynamics, points)
        return replace(pool_exact(dynamics, curvature, points), scale=noise)
    if not isinstance(dynamics, PoolDynamics) and workflow.draw(GENERATION) is not None:
        if exactness == "leading order" and curvature == 0 and workflow.undrawn() is not workflow:
            return PathwayRecurrence(workflow, curvature=curvature, scale=noise, exactness=exactness)
        raise NotDerivedError(
            f"workflow = {workflow.name} draws a subsample but states no pool dynamics: its risk is not derived."
        )
    if isinstance(dynamics, PoolDynamics):
        verify_pool(workflow, dynamics, points)
        if points is None or exactness == "leading order":
            return replace(pool_leading(dynamics), scale=noise)
        return replace(pool_exact(dynamics, curvature, points), scale=noise)
    if isinstance(dynamics, LinearDynamics):
        return replace(linear_moments(workflow, dynamics, curvature), scale=noise, exactness=exactness)
    if isinstance(dynamics, CovarianceDynamics):
        return replace(covariance_moments(dynamics, curvature), scale=noise, exactness=exactness)
    if isinstance(dynamics, LagWindow):
        return StationaryRecurrence(dynamics, workflow, curvature=curvature, scale=noise, exactness=exactness)
    if isinstance(dynamics, ConvergingDynamics):
        limiting = compose(dynamics.limiting, S.One, curvature)
        return ConvergingRecurrence(
            workflow, curvature, scale=noise, exactness=exactness, dynamics=dynamics, limiting=limiting
        )
    if isinstance(dynamics, FadingMemory):
        return FadingRecurrence(workflow, curvature, scale=noise, exactness=exactness, memory=dynamics)
    if isinstance(dynamics, StationaryAges):
        return RenewalRecurrence(workflow, curvature, scale=noise, exactness=exactness, ages=dynamics)
    return PathwayRecurrence(workflow, curvature=curvature, scale=noise, exactness=exactness)


def _of_random_sizes(
    workflow: Workflow, sizes: RandomSizes, noise: Expr, curvature: Expr, exactness: str
) -> Recurrence:
    """Given the past, the noise of a block is affine in 1/N: weights that do not look at sizes only see its mean."""
    table, equal = sizes.support, workflow.equal_sizes()
    if equal is not None:
        inverse = sizes.mean_inverse
        found = compose(equal, noise * inverse, curvature * inverse, exactness)
        symbols = inverse.free_symbols
        if isinstance(found, MomentRecurrence) and symbols and not inverse.is_rational_function(*symbols):
            return _in_units(found, noise, inverse)
        return found
    if table is not None and len(table) == 1:
        return compose(workflow.with_sizes(Integer(next(iter(table)))), noise, curvature, exactness)
    return compose_pooled(workflow, noise, curvature, exactness)


def _in_units(found: MomentRecurrence, noise: Expr, inverse: Expr) -> MomentRecurrence:
    """The same with E(1/N) in the moments instead of the scale: p = 1 + κ f then tells the sign of p − 1."""
    return replace(
        found,
        scale=noise,
        forcing=found.forcing * inverse,
        initial=found.initial * inverse,
        shift=found.shift * inverse,
        early=tuple(value * inverse for value in found.early),
    )


def verify_pool(workflow: Workflow, dynamics: PoolDynamics, points: Expr | None) -> None:
    """Refuse a pool of unequal blocks, and a budget of no whole number of its ``points`` a unit block."""
    if any(workflow.size(index) != 1 for index in (1, 2, 3, 4)) or workflow.schedule != 1:
        raise NotDerivedError(
            f"workflow = {workflow.name} draws from a pool of unequal blocks: its risk is derived for blocks of "
            f"n samples only."
        )
    drawn = S.One if points is None else points * dynamics.budget
    if drawn.is_number and not drawn.is_Integer:
        raise DomainError(f"budget = {dynamics.budget} draws n·budget = {drawn} samples: it must be a whole number.")


def verify_whole_draws(dynamics: VaryingPool, points: Expr) -> None:
    """Refuse a changing budget of no whole number of ``points`` a unit block."""
    if not points.is_number:
        return
    first = dynamics.whole_until + 1
    for g in range(first, first + FIRST_DRAWS):
        drawn = points * dynamics.budget_at(Integer(g))
        if drawn.is_number and not drawn.is_Integer:
            raise DomainError(
                f"budget = {dynamics.budget} draws n·budget = {drawn} samples at generation {g}: it must be a whole "
                f"number."
            )


def linear_moments(workflow: Workflow, dynamics: LinearDynamics, curvature: Expr) -> MomentRecurrence:
    r"""Second moments of a linear state.

    .. math:: M_g = A M A^\top + b b^\top E\varepsilon_g^2 + c c^\top E\varrho_g^2
    """
    g = GENERATION
    size = dynamics.transition.shape[0]
    pairs = [(row, col) for row in range(size) for col in range(row + 1)]
    position = {pair: index for index, pair in enumerate(pairs)}

    def quadratic(left: Matrix, right: Matrix) -> Matrix:
        """Coefficients of E (left·z)(right·z) in the moments."""
        row = zeros(1, len(pairs))
        for a in range(size):
            for b in range(size):
                row[position[max(a, b), min(a, b)]] += left[a] * right[b]
        return row

    previous_risk = quadratic(dynamics.readout.subs(g, g - 1), dynamics.readout.subs(g, g - 1))
    matrix, forcing = zeros(len(pairs), len(pairs)), zeros(len(pairs), 1)
    block_size, fresh_size = workflow.size(g), workflow.fresh_size(g)
    for index, (row, col) in enumerate(pairs):
        matrix[index, :] = quadratic(dynamics.transition[row, :], dynamics.transition[col, :])
        gain = dynamics.innovation[row] * dynamics.innovation[col] / block_size
        matrix[index, :] += gain * curvature * previous_risk
        forcing[index] = gain
        fresh = dynamics.fresh[row] * dynamics.fresh[col]
        if fresh != 0:
            forcing[index] += fresh / fresh_size
    start = dynamics.start
    noises, early = _noise_of_first_blocks(workflow, start - 1, curvature)
    initial = zeros(len(pairs), 1)
    for index, (row, col) in enumerate(pairs):
        initial[index] = sum(
            (dynamics.initial[row, i] * dynamics.initial[col, i] * noises[i] for i in range(start - 1)), S.Zero
        )
    whole = MomentRecurrence(
        start=start,
        matrix=matrix,
        forcing=forcing,
        readout=quadratic(dynamics.readout, dynamics.readout),
        initial=initial,
        early=tuple(early[: max(0, start - 2)]),
        adds_noise=True,
    )
    known = {position[row, col]: value for row, col, value in dynamics.known}
    return without_known(whole, known) if known else whole


def _noise_of_first_blocks(workflow: Workflow, count: int, curvature: Expr) -> tuple[list[Expr], list[Expr]]:
    """E ε_j² and the risks of models 1..count, in units of noise, by the pathway."""
    if count <= 0:
        return [], []
    recurrence = PathwayRecurrence(workflow, curvature=curvature)
    risks: list[Expr] = []
    for _, value in zip(range(count), recurrence.values(), strict=False):
        risks.append(value)
    before = [S.Zero, *risks]
    return [(1 + curvature * before[i]) / workflow.size(i + 1) for i in range(count)], risks


def pool_exact(dynamics: PoolDynamics | VaryingPool, curvature: Expr, points: Expr) -> MomentRecurrence:
    r"""A simple random sample of the pool, exactly, at every n.

    With a = E (pool mean − θ_0)² and u = E (pool variance, divisor N), both in units of V_0/n,

    .. math:: r_g = a_g + \kappa_g u_g,\qquad
       \kappa_g = \frac{N_g - b}{b (N_g - 1)} \;\text{(without replacement)},\quad \frac1b \;\text{(with)},

    for b points out of N_g = n g. The new block has conditional mean δ_{g-1}, whose covariance with the
    pool mean is a_{g-1} because the draw is unbiased given the pool, and second moment
    :math:`V_0 + (v_2 + 1) r_{g-1}` about the truth.
    """
    g, n = GENERATION, points
    p = 1 / g

    def spread(generation: Expr) -> Expr:
        pool, drawn = n * generation, n * dynamics.budget_at(generation)
        return 1 / drawn if dynamics.replacement else (pool - drawn) / (drawn * (pool - 1))

    def step(kappa: Expr) -> tuple[Matrix, Matrix]:
        """(a, u) ↦ (a', u') when model g−1 has risk a + κ u."""
        risk = Matrix([[1, kappa]])
        mean = Matrix([[1, 0]])
        new_mean = (1 - p) ** 2 * mean + 2 * p * (1 - p) * mean + p**2 * (1 + curvature) * risk
        second = Matrix([[1, 1]])
        new_second = (1 - p) * second + p * (n * curvature + 1) * risk
        matrix = Matrix.vstack(new_mean, new_second - new_mean)
        return matrix.applyfunc(factor), Matrix([p**2, p * n - p**2]).applyfunc(factor)

    # Before the pool reaches the budget every sample is used.
    whole_until = dynamics.whole_until
    matrix, forcing = step(spread(g - 1))
    subsampled = MomentRecurrence(
        start=2,
        matrix=matrix,
        forcing=forcing,
        readout=Matrix([[1, spread(g)]]),
        initial=Matrix([1, n - 1]),
    )
    if whole_until == 0:
        return subsampled
    matrix, forcing = step(S.Zero)
    return replace(
        subsampled,
        matrix=matrix,
        forcing=forcing,
        readout=Matrix([[1, 0]]),
        continuation=after_whole_pool(replace(subsampled, matrix=matrix, forcing=forcing), subsampled, whole_until),
    )


def pool_leading(dynamics: PoolDynamics | VaryingPool, heat: Expr = S.One) -> MomentRecurrence:
    """The same to leading order in 1/n: the pool's variance is V_0, so a is a sum.

    Of samples of models, not of real ones, the variance is ``heat`` times as large.
    """
    g = GENERATION

    def spread(generation: Expr) -> Expr:
        variance = heat + (1 - heat) / generation
        return variance * (1 / dynamics.budget_at(generation) - (S.Zero if dynamics.replacement else 1 / generation))

    whole_until = dynamics.whole_until
    subsampled = MomentRecurrence(
        start=2,
        matrix=eye(1),
        forcing=Matrix([(heat + spread(g - 1)) / g**2]),
        readout=Matrix([[1]]),
        shift=spread(g),
        initial=Matrix([1]),
        exactness="leading order",
    )
    if whole_until == 0:
        return subsampled
    whole = replace(subsampled, forcing=Matrix([heat / g**2]), shift=S.Zero)
    bridge = replace(whole, shift=spread(g))
    return replace(whole, continuation=after_whole_pool(bridge, subsampled, whole_until))


def after_whole_pool(
    bridge: MomentRecurrence, subsampled: MomentRecurrence, whole_until: int
) -> tuple[Expr, MomentRecurrence]:
    """The first subsampled model still has a whole-pool predecessor: one step of ``bridge``, then the rule."""
    first = Integer(whole_until + 1)
    return first, replace(
        bridge,
        start=first,
        readout=subsampled.readout,
        shift=subsampled.shift,
        continuation=(first + 1, replace(subsampled, start=first + 1)),
    )
