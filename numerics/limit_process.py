r"""The limit process of a workflow: sample paths, marginal law, and questions about whole paths.

:math:`Z_g` is the centred Gaussian process of :class:`theory.design.pathway.Pathway`, in ``dimension`` independent
coordinates: the law that :math:`\sqrt n` times the error of any regular model with so many parameters approaches, in
Fisher's metric. The risk at generation g, times n, is :math:`\|Z_g\|^2 \sim v_g \chi^2_d` with
:math:`v_g = \mathrm{Var}\,Z_g`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats
from sympy import Expr, Matrix, lambdify, sympify

from numerics.pathway_table import pathway_coefficients
from numerics.quadratic_form import QuadraticForm
from numerics.samplers.choose import verify_numbers
from numerics.seeds import Seed, seed_number
from theory.design.pathway import Pathway
from theory.errors import DomainError
from theory.expressions.arguments import exact, generation, positive_number, quoted, whole_number
from theory.models.regular import Regular
from theory.workflows.base import Workflow, verify_workflow
from theory.workflows.dynamics import GENERATION, LinearDynamics, PoolDynamics

Array = NDArray[np.float64]

# Tables of G² numbers, twice with fresh real data or a subsample.
MOST_GENERATIONS = 5000
# Doubles in one piece of simulated paths: 128 MiB.
PIECE = 2**24


class Estimate(NamedTuple):
    """A probability from simulation and its standard error."""

    value: float
    stderr: float


@dataclass(frozen=True, eq=False)
class LimitProcess:
    """The limit process of ``workflow`` up to generation ``generations``; made by :func:`limit_process`.

    Attributes
    ----------
    workflow : Workflow
    dimension : coordinates, independent and alike
    generations : G
    coefficients : (G, m), how much of each independent innovation is in Z_1, …, Z_G
    innovation_variances : (m,)

    Notes
    -----
    Dey and Donoho (2024); computed here.

    Examples
    --------
    >>> from numerics import limit_process
    >>> from theory import Replace
    >>> process = limit_process(Replace(), dimension=2, generations=4)
    >>> process.variance.tolist(), process.paths(10, seed=1).shape
    ([1.0, 2.0, 3.0, 4.0], (10, 4, 2))
    """

    workflow: Workflow
    dimension: int
    generations: int
    coefficients: Array
    innovation_variances: Array

    @cached_property
    def covariance(self) -> Array:
        """Cov(Z_g, Z_h) of one coordinate, (G, G)."""
        scaled = self._loadings
        return scaled @ scaled.T

    @cached_property
    def variance(self) -> Array:
        """v_g = Var Z_g of one coordinate, (G,); v_g/v_1 is the asymptotic risk ratio."""
        return np.einsum("gm,gm->g", self._loadings, self._loadings)

    @property
    def _loadings(self) -> Array:
        return self.coefficients * np.sqrt(self.innovation_variances)

    # -- paths -------------------------------------------------------------------------------------------

    def paths(self, replicates: int, seed: Seed = 0) -> Array:
        """Sample paths, (replicates, G, dimension)."""
        count, root = whole_number("replicates", replicates, 1), seed_number(seed)
        return self._draw(np.random.default_rng(root), count)

    def _draw(self, rng: np.random.Generator, count: int) -> Array:
        innovations = rng.standard_normal((len(self.innovation_variances), count * self.dimension))
        flat = self._loadings @ innovations
        return np.moveaxis(flat.reshape(self.generations, count, self.dimension), 0, 1)

    def probability_above(self, level: float, replicates: int = 20_000, seed: Seed = 0) -> Estimate:
        r"""P(sup_{g ≤ G} ‖Z_g‖ > level), by importance sampling whose relative error stays bounded.

        With :math:`p_g = P(\|Z_g\| > c)`, pick g with probability :math:`p_g/\sum p`, draw :math:`\|Z_g\|` beyond
        c, the rest of the path given :math:`Z_g`, and let N be the number of generations beyond c: the probability is
        :math:`\sum_g p_g \cdot E[1/N]` (Adler, Blanchet and Liu 2012). No draw is wasted however small it is.
        """
        threshold = float(positive_number("level", level))
        count, root = whole_number("replicates", replicates, 2), seed_number(seed)
        rng = np.random.default_rng(root)
        single = stats.chi2.sf(threshold**2 / self.variance, self.dimension)
        union = float(single.sum())
        if union == 0.0:
            return Estimate(0.0, 0.0)
        inverse = np.empty(count)
        size = max(1, PIECE // (self.dimension * (self.generations + len(self.innovation_variances))))
        for start in range(0, count, size):
            number = min(size, count - start)
            path = self._draw(rng, number)
            row = rng.choice(self.generations, size=number, p=single / union)
            rows = np.arange(number)
            # A χ² variable beyond the level, by its tail; the direction of Z_g is uniform.
            tail = rng.random(number) * single[row]
            radius = np.sqrt(self.variance[row] * stats.chi2.isf(tail, self.dimension))
            direction = rng.standard_normal((number, self.dimension))
            direction /= np.linalg.norm(direction, axis=1, keepdims=True)
            target = radius[:, None] * direction
            shift = target - path[rows, row]
            path += (self.covariance[:, row] / self.variance[row]).T[:, :, None] * shift[:, None, :]
            path[rows, row] = target
            squares = np.einsum("rgd,rgd->rg", path, path)
            exceeding = np.count_nonzero(squares > threshold**2, axis=1)
            inverse[start : start + number] = 1.0 / np.maximum(exceeding, 1)
        return Estimate(min(1.0, union * float(inverse.mean())), union * float(inverse.std(ddof=1)) / count**0.5)

    # -- marginal law ------------------------------------------------------------------------------------

    def risk_law(self, g: int, metric: ArrayLike | None = None) -> QuadraticForm:
        r"""The law of the limiting risk at generation g, exactly: :math:`v_g \sum_i m_i \chi^2_1`.

        ``metric`` holds the eigenvalues m of the loss's Hessian in Fisher's metric, one a coordinate; 1 if left out.
        """
        row = self._row("g", g)
        try:
            eigenvalues = np.ones(self.dimension) if metric is None else np.asarray(metric, dtype=float)
        except Exception:
            # An object fails to be a number in its own way.
            eigenvalues = np.empty(0)
        if metric is not None and np.iscomplexobj(metric):
            eigenvalues = np.empty(0)
        shaped = eigenvalues.shape == (self.dimension,) and np.isfinite(eigenvalues).all()
        if not shaped or not (eigenvalues >= 0).all() or not eigenvalues.any():
            raise DomainError(
                f"metric = {quoted(metric)} is not allowed: give {self.dimension} finite eigenvalues, none below 0."
            )
        return QuadraticForm(self.variance[row - 1] * eigenvalues)

    def risk_quantile(self, g: int, probability: float, metric: ArrayLike | None = None) -> float:
        """The value that n times the risk at generation g stays below with this probability."""
        return self.risk_law(g, metric).quantile(_probability(probability))

    def first_above(self, budget: float, probability: float, metric: ArrayLike | None = None) -> int | None:
        """The first generation at which n·risk exceeds ``budget`` with at least this probability; else None."""
        most = float(positive_number("budget", budget))
        least = _probability(probability)
        for g in range(1, self.generations + 1):
            if self.risk_law(g, metric).survival(most) >= least:
                return g
        return None

    def _row(self, name: str, value: object) -> int:
        g = generation(name, value)
        if g > self.generations:
            raise DomainError(f"{name} = {g} is beyond this process: it was made for {self.generations} generations.")
        return g


def limit_process(workflow: Workflow, dimension: int = 1, generations: int = 100) -> LimitProcess:
    r"""The Gaussian process that n^{1/2} times the error of a regular model approaches under ``workflow``.

    Parameters
    ----------
    workflow : Workflow
        With numbers for every parameter. Deterministic weights of any kind, or accumulate-subsample.
    dimension : positive int
        Number of parameters of the model.
    generations : int, 1 … 5000

    Notes
    -----
    Dey and Donoho (2024): "simulating a simple Gaussian process" judges any workflow. Covariance and marginal laws are
    computed, not simulated.

    Examples
    --------
    >>> from theory import Accumulate
    >>> from numerics.limit_process import limit_process
    >>> process = limit_process(Accumulate(), dimension=3, generations=50)
    >>> process.variance[:3].round(4).tolist()
    [1.0, 1.25, 1.3611]
    >>> process.first_above(budget=9.0, probability=0.1), round(process.risk_quantile(50, 0.95), 3)
    (5, 12.7)
    """
    verify_workflow(workflow)
    last = generation("generations", generations)
    if last > MOST_GENERATIONS:
        raise DomainError(f"generations = {generations} is too many: give {MOST_GENERATIONS} or fewer.")
    coordinates = whole_number("dimension", dimension, 1)
    verify_numbers(Regular(p=1, n=1), workflow)
    with np.errstate(over="ignore", divide="ignore"):
        table, variances = innovation_table(workflow, last)
    if not (np.isfinite(variances).all() and np.isfinite(table).all()):
        worst = int(np.flatnonzero(~np.isfinite(variances))[0]) + 1 if not np.isfinite(variances).all() else last
        raise DomainError(
            f"generations = {last} is too many: the noise of block {worst} is beyond double precision under {workflow}."
        )
    used = (variances > 0) & table.any(axis=0)
    return LimitProcess(workflow, coordinates, last, table[:, used], variances[used])


def innovation_table(workflow: Workflow, generations: int) -> tuple[Array, Array]:
    """Coefficients of the independent innovations, (G, m), and their variances, (m,), in doubles.

    From the workflow's linear recursion where it states one, at the cost of writing the table down; otherwise from
    its weights by one triangular inverse (:mod:`numerics.pathway_table`).

    Raises
    ------
    NotDerivedError
        When a workflow draws a subsample but states no pool dynamics.
    """
    dynamics = workflow.dynamics()
    if isinstance(dynamics, LinearDynamics):
        return _from_dynamics(workflow, dynamics, generations)
    if isinstance(dynamics, PoolDynamics):
        return _from_pool(workflow, dynamics, generations)
    return _from_weights(workflow, generations)


def _from_weights(workflow: Workflow, generations: int) -> tuple[Array, Array]:
    drawn = [workflow.drawn_noise(g) for g in range(1, generations + 1)]
    blocks, fresh = pathway_coefficients(workflow, generations)
    variances = [_inverse(workflow.size(g)) for g in range(1, generations + 1)]
    used = np.flatnonzero(fresh.any(axis=0))
    for index in used:
        amount = workflow.fresh_size(int(index) + 1)
        if amount == 0:
            raise DomainError(
                f"{type(workflow).__name__}.fresh_size({index + 1}) is 0 while its real data have a weight: "
                f"give them a size."
            )
        variances.append(_inverse(amount))
    table = np.hstack((blocks, fresh[:, used]))
    if any(drawn):
        # Of a draw's noise its model has all, later ones as much as of the block that is sampled from it.
        own = np.eye(generations)
        own[:, :-1] += blocks[:, 1:]
        table = np.hstack((table, own))
        variances += [float(noise) for noise in drawn]
    return table, np.array(variances)


def _from_dynamics(workflow: Workflow, dynamics: LinearDynamics, generations: int) -> tuple[Array, Array]:
    size = dynamics.transition.shape[0]
    transition, innovation, readout, fresh = (
        _numeric(entry) for entry in (dynamics.transition, dynamics.innovation, dynamics.readout, dynamics.fresh)
    )
    state = np.zeros((size, 2 * generations))
    table = np.zeros((generations, 2 * generations))
    early = min(generations, dynamics.start - 1)
    state[:, :early] = np.array(dynamics.initial.tolist(), dtype=float).reshape(size, -1)[:, :early]
    if dynamics.start > 2:
        # Before the recursion starts the weights speak for themselves.
        opening = Pathway(workflow).innovations(early)
        for row, values in enumerate(opening.rows):
            table[row, :early] = [float(value) for value in values[:early]]
            table[row, generations : generations + early] = [float(value) for value in values[early : 2 * early]]
    elif dynamics.start == 2:
        table[0] = (readout(1) @ state)[0]
    for g in range(dynamics.start, generations + 1):
        state = transition(g) @ state
        state[:, g - 1] += innovation(g)[:, 0]
        state[:, generations + g - 1] += fresh(g)[:, 0]
        table[g - 1] = (readout(g) @ state)[0]
    sizes = [_inverse(workflow.size(g)) for g in range(1, generations + 1)]
    drawn = np.any(table[:, generations:] != 0, axis=0)
    real = [_inverse(workflow.fresh_size(g)) if drawn[g - 1] else 0.0 for g in range(1, generations + 1)]
    return table, np.array([*sizes, *real])


def _from_pool(workflow: Workflow, dynamics: PoolDynamics, generations: int) -> tuple[Array, Array]:
    """The pool mean moves by 1/g of each block's noise, and of that of the subsample the block was drawn from."""
    g = np.arange(1, generations + 1)
    blocks = np.tril(np.broadcast_to(1.0 / g, (generations, generations)))
    draws = np.tril(np.broadcast_to(1.0 / (g + 1), (generations, generations)), -1) + np.eye(generations)
    budget = float(dynamics.budget)
    spread = np.full(generations, 1 / budget) if dynamics.replacement else 1 / budget - 1.0 / g
    whole = np.array([workflow.draw(int(index)) is None for index in g])
    sizes = [_inverse(workflow.size(int(index))) for index in g]
    return np.hstack((blocks, draws)), np.array([*sizes, *np.where(whole, 0.0, np.maximum(spread, 0.0))])


def _inverse(size: Expr) -> float:
    """1/size, also of a size beyond the range of a double."""
    return float(1 / sympify(size))


def _numeric(matrix: Matrix):  # type: ignore[no-untyped-def]
    """A matrix of expressions in the generation as a function from whole numbers to arrays."""
    compiled = lambdify(GENERATION, matrix.tolist(), modules="math")
    return lambda g: np.array(compiled(g), dtype=float)


def _probability(value: float) -> float:
    number = exact("probability", value)
    if not (number.is_number and number.is_positive and (1 - number).is_positive):
        raise DomainError(f"probability = {quoted(value)} is not allowed: it must lie strictly between 0 and 1.")
    return float(number)
