r"""The pathway of a workflow as a Gaussian process: the limit in law of every regular model under it.

Dey and Donoho (2024): with n samples in a unit block, :math:`\sqrt n\, I(\theta_0)^{1/2} (\theta_g - \theta_0)`
converges in law, jointly over generations, to

.. math:: Z_g = \sum_j C_{g,j}\, \frac{\xi_j}{\sqrt{s(j)}} + \sum_i D_{g,i}\, \frac{\zeta_i}{\sqrt{s^{\text{real}}(i)}}
          + \sum_i S_{g,i}\, \sqrt{\tau_i}\; \eta_i,

all ξ, ζ, η independent standard normal: the noise of each block, of real samples drawn afresh, and of drawing a
subsample. Its covariance follows from the weights alone, exactly, and with it the asymptotic risk ratio.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any

from flint import fmpq
from sympy import Expr, Integer, Rational, S, Symbol, diag, eye, sympify, zeros

from theory.asymptotics.orders import OrderOfCollapse, OrdersOfCollapse
from theory.design.order_of_collapse import growth_of, limit_of, order_of_collapse
from theory.errors import NotDerivedError
from theory.expected import expected_risk
from theory.expressions.arguments import generation
from theory.expressions.arithmetic import Arithmetic
from theory.expressions.fraction_field import in_lowest_terms
from theory.expressions.numerals import to_flint, to_sympy
from theory.expressions.symbols import G
from theory.models.regular import Regular
from theory.moments.stated_dynamics import verify_users
from theory.risk import Risk
from theory.workflows.base import Workflow, pooled_blocks, verify_workflow
from theory.workflows.dynamics import GENERATION, LinearDynamics, PoolDynamics
from theory.workflows.pathway import Pathways


@dataclass(frozen=True)
class Innovations:
    """The independent standard normals that make up the process up to one generation.

    Attributes
    ----------
    variances : the variance of each innovation
    rows : for each generation the coefficient of each innovation, zero for later ones
    """

    variances: tuple[Expr, ...]
    rows: tuple[tuple[Expr, ...], ...]

    def covariance(self, g: int, h: int) -> Expr:
        """Cov(Z_g, Z_h), generations counted from 1."""
        total = sum(
            (
                variance * left * right
                for variance, left, right in zip(self.variances, self.rows[g - 1], self.rows[h - 1], strict=True)
                if left != 0 and right != 0
            ),
            S.Zero,
        )
        return total if total.is_Rational else in_lowest_terms(total)


@dataclass(frozen=True)
class RiskRatio(Risk):
    """A ratio whose limit and growth are those of its order of collapse where no closed form tells."""

    @cached_property
    def limit(self) -> Expr | None:
        """Limit as G → ∞: an expression, ``oo`` when the risk diverges, None when unknown."""
        return limit_of(self._plain)

    @cached_property
    def growth(self) -> Expr | None:
        """Leading term as G → ∞, the limit when that is finite and not zero; None when unknown."""
        return growth_of(self._plain)

    @cached_property
    def _plain(self) -> Risk:
        return Risk(self.model, self.workflow, self.loss, self.recurrence, self.relative)


@dataclass(frozen=True)
class Efficiency:
    """Asymptotic relative efficiency: the risk at generation 1 over that at G, to leading order in 1/n."""

    ratio: Risk

    def at(self, g: object) -> Expr:
        """Exact value at a whole g ≥ 1."""
        return 1 / self.ratio.at(g)

    @property
    def closed_form(self) -> Expr | None:
        """In ``theory.G``; None when none was derived."""
        closed = self.ratio.closed_form
        return None if closed is None else 1 / closed

    @property
    def limit(self) -> Expr | None:
        """As G → ∞: 0 when the workflow collapses; None when unknown."""
        limit = self.ratio.limit
        return None if limit is None else 1 / limit


@dataclass(frozen=True)
class Pathway:
    r"""How the noise of every generation travels through a workflow, and the Gaussian process it makes.

    Parameters
    ----------
    workflow : Workflow
        Built in, or your own.

    Notes
    -----
    Dey and Donoho (2024), *Universality of the π²/6 pathway in avoiding model collapse*; the noise of subsampling is
    derived here: a draw of b·n out of N·n pooled samples has variance 1/b − 1/N (1/b with replacement) given the pool,
    and the block drawn from it carries :math:`1/(g+1)` of it into every later pool.

    Examples
    --------
    >>> from theory import Accumulate, Pathway
    >>> pathway = Pathway(Accumulate())
    >>> pathway.coefficients(3), pathway.covariance(2, 5)
    ([1, 1/2, 1/3], 5/4)
    >>> pathway.risk_ratio.closed_form, pathway.efficiency.limit
    (harmonic(G, 2), 6/pi**2)
    """

    workflow: Workflow

    def __post_init__(self) -> None:
        verify_workflow(self.workflow)
        verify_users(self.workflow)

    def coefficients(self, g: object) -> list[Expr]:
        """C_{g,1}, …, C_{g,g}: how much of the noise of each block is in model g, exactly."""
        row = generation("g", g)
        return next(islice(Pathways(self.workflow), row - 1, None))[0]

    def covariance(self, g: object, h: object) -> Expr:
        r"""Cov(Z_g, Z_h) of each coordinate of the limit process, exactly.

        A linear recursion, or a window, takes O(h) steps: the second moments of its state up to the earlier generation,
        then its transitions. Generations may be expressions where the model moves by nothing but the newest noise, as
        under replace and accumulate (then it is Var Z_g), or where it is drawn from a pool; of two unrelated symbols
        the first is taken to be the earlier.

        Raises
        ------
        NotDerivedError
            For generations that are symbols under any other workflow.
        """
        symbolic = [value for value in (g, h) if isinstance(value, Expr) and value.free_symbols and not value.is_Matrix]
        if symbolic:
            return self._symbolic(*_in_order(sympify(g), sympify(h)))
        first, second = sorted((generation("g", g), generation("h", h)))
        dynamics = self.workflow.dynamics()
        if isinstance(dynamics, LinearDynamics) and first >= dynamics.start - 1:
            return _propagated(self.workflow, dynamics, first, second)
        if isinstance(dynamics, PoolDynamics):
            return self._between_pools(dynamics, first, second)
        blocks = pooled_blocks(self.workflow)
        if blocks is not None and blocks.is_Integer:
            return _between_windows(self.workflow, int(blocks), first, second)
        return self.innovations(second).covariance(first, second)

    def _between_pools(self, dynamics: PoolDynamics, first: int, second: int) -> Expr:
        """Blocks and draws up to ``first``, each by what it leaves in later pools."""
        total: Any = fmpq(0)
        exact = True
        for index in range(1, first + 1):
            whole = self.workflow.draw(index) is None
            spread = S.Zero if whole else _spread(dynamics, Integer(index))
            kept = S.One if index == first == second else Rational(1, index + 1)
            stays = kept * (S.One if index == first else kept) * spread
            term = Rational(1, index**2) / self.workflow.size(index) + stays
            if exact and term.is_Rational:
                total += to_flint(term)
            else:
                total, exact = (to_sympy(total) if exact else total) + term, False
        return to_sympy(total) if exact else in_lowest_terms(total)

    def _symbolic(self, g: Expr, h: Expr) -> Expr:
        dynamics = self.workflow.dynamics()
        variance = self.variance
        walks = isinstance(dynamics, LinearDynamics) and dynamics.transition == eye(1)
        if variance is not None and (g == h or walks):
            return variance.subs(G, g)
        if (
            variance is not None
            and isinstance(dynamics, PoolDynamics)
            and dynamics.budget.is_number
            and dynamics.budget <= 1
        ):
            # Of the subsample's own noise only what the next block carries into the pool stays.
            spread = _spread(dynamics, g)
            return variance.subs(G, g) - spread + spread / (g + 1)
        raise NotDerivedError(
            f"covariance of generations {g} and {h} is not derived under {self.workflow.name}: symbols are allowed "
            f"where the model moves by the newest noise alone, or is drawn from the pool; give whole numbers."
        )

    @cached_property
    def variance(self) -> Expr | None:
        """Var Z_G in closed form; None when none was derived."""
        return expected_risk(Regular(p=1, n=1), self.workflow).closed_form

    def innovations(self, last: object) -> Innovations:
        """The process up to generation ``last``, in independent normals.

        Raises
        ------
        NotDerivedError
            When a workflow draws a subsample but states no pool dynamics.
        """
        upto = generation("last", last)
        dynamics = self.workflow.dynamics()
        if isinstance(dynamics, PoolDynamics):
            return self._pooled(dynamics, upto)
        drawn = [self.workflow.drawn_noise(g) for g in range(1, upto + 1)]
        rows = list(islice(Pathways(self.workflow), upto))
        zeros = [S.Zero] * upto
        variances = [1 / self.workflow.size(index) for index in range(1, upto + 1)]
        fresh = [
            1 / self.workflow.fresh_size(index) if any(row[index - 1] != 0 for _, row in rows[index - 1 :]) else S.Zero
            for index in range(1, upto + 1)
        ]
        table = [(*(block + zeros)[:upto], *(real + zeros)[:upto]) for block, real in rows]
        if any(drawn):
            # Of a draw's noise its model has all, later ones as much as of the block that is sampled from it.
            draws = [(*block[1:], S.One) for block, _ in rows]
            table = [(*row, *((*own, *zeros)[:upto])) for row, own in zip(table, draws, strict=True)]
            variances += [*fresh, *drawn]
            return Innovations(tuple(variances), tuple(table))
        return Innovations((*variances, *fresh), tuple(table))

    def _pooled(self, dynamics: PoolDynamics, upto: int) -> Innovations:
        """The pool mean gains 1/g of each block's noise, and of that of the subsample the block was drawn from."""
        variances = [S.One / self.workflow.size(index) for index in range(1, upto + 1)]
        for g in range(1, upto + 1):
            whole = self.workflow.draw(g) is None
            variances.append(S.Zero if whole else _spread(dynamics, Integer(g)))
        rows = []
        for g in range(1, upto + 1):
            blocks = [S.One / index if index <= g else S.Zero for index in range(1, upto + 1)]
            draws = [
                S.One if index == g else S.One / (index + 1) if index < g else S.Zero for index in range(1, upto + 1)
            ]
            rows.append((*blocks, *draws))
        return Innovations(tuple(variances), tuple(rows))

    @cached_property
    def risk_ratio(self) -> Risk:
        """Var Z_G / Var Z_1 as a Risk: closed form, limit, growth, bound."""
        ratio = expected_risk(Regular(), self.workflow).ratio
        return RiskRatio(ratio.model, ratio.workflow, ratio.loss, ratio.recurrence, relative=True)

    @property
    def efficiency(self) -> Efficiency:
        """Asymptotic relative efficiency of model G against model 1, the inverse of :attr:`risk_ratio`."""
        return Efficiency(self.risk_ratio)

    @cached_property
    def order(self) -> OrderOfCollapse | OrdersOfCollapse | None:
        """How fast the ratio grows, by cases where parameters decide; None when no argument applies."""
        return order_of_collapse(expected_risk(Regular(), self.workflow).ratio)


def _in_order(g: Expr, h: Expr) -> tuple[Expr, Expr]:
    """The two generations, the earlier one first."""
    later = h - g
    if later.is_nonnegative:
        return g, h
    if later.is_nonpositive:
        return h, g
    if later.is_number or not (isinstance(g, Symbol) and isinstance(h, Symbol)):
        raise NotDerivedError(f"g = {g}, h = {h}: which of the two generations comes first is not decided.")
    return g, h


def _spread(dynamics: PoolDynamics, g: Expr) -> Expr:
    """Variance of a subsample's mean given its pool of g blocks, in units of one block's."""
    return 1 / dynamics.budget - (S.Zero if dynamics.replacement else 1 / g)


def _propagated(workflow: Workflow, dynamics: LinearDynamics, first: int, second: int) -> Expr:
    """Cov(Z_first, Z_second) by the state: its second moments up to ``first``, then E z_second z_firstᵀ."""
    size, g = dynamics.transition.shape[0], GENERATION
    block, fresh = 1 / workflow.size(g), S.Zero
    if any(entry != 0 for entry in dynamics.fresh):
        fresh = 1 / workflow.fresh_size(g)
    noises = [1 / workflow.size(index) for index in range(1, dynamics.start)]
    opening = dynamics.initial * diag(*noises) * dynamics.initial.T if noises else zeros(size, size)
    injected = block * dynamics.innovation * dynamics.innovation.T + fresh * dynamics.fresh * dynamics.fresh.T
    ring = Arithmetic([*dynamics.transition, *injected, *dynamics.readout, *opening], g)
    step = [[ring.function(dynamics.transition[row, col], g) for col in range(size)] for row in range(size)]
    noise = [[ring.function(injected[row, col], g) for col in range(size)] for row in range(size)]
    read = [ring.function(entry, g) for entry in dynamics.readout]
    states = range(size)
    moments = [[ring.constant(opening[row, col]) for col in states] for row in states]
    for index in range(dynamics.start, first + 1):
        carried = [[sum(step[a][c](index) * moments[c][b] for c in states) for b in states] for a in states]
        moments = [
            [sum(carried[a][c] * step[b][c](index) for c in states) + noise[a][b](index) for b in states]
            for a in states
        ]
    cross = [sum(moments[a][b] * read[b](first) for b in states) for a in states]
    for index in range(first + 1, second + 1):
        cross = [sum(step[a][c](index) * cross[c] for c in states) for a in states]
    return ring.to_expression(sum(read[a](second) * cross[a] for a in states))


def _between_windows(workflow: Workflow, length: int, first: int, second: int) -> Expr:
    """Cov(Z_first, Z_second) by the covariances of the latest k block means, however large k is.

    Block g + 1 is model g and noise of its own, and model g a mean of the latest k blocks.
    """
    stated = [workflow.size(index) for index in range(1, second + 1)]
    ring = Arithmetic(stated, GENERATION)
    sizes = [ring.constant(size) for size in stated]

    def weights(at: int) -> list[Any]:
        window = sizes[max(0, at - length) : at]
        total = sum(window[1:], window[0])
        return [size / total for size in window]

    zero = ring.constant(S.Zero)
    between: list[list[Any]] = []  # of the blocks in the window, the oldest first
    variance: Any = zero
    shared: list[Any] = []
    for step in range(1, first + 1):
        # E x_new x_i = E θ_{g−1} x_i
        between = [[*row, cov] for row, cov in zip(between, shared, strict=True)]
        between.append([*shared, variance + 1 / sizes[step - 1]])
        if len(between) > length:
            between = [row[1:] for row in between[1:]]
        weight = weights(step)
        shared = [sum((w * cov for w, cov in zip(weight, row, strict=True)), zero) for row in between]
        variance = sum((w * cov for w, cov in zip(weight, shared, strict=True)), zero)
    reached = variance
    for step in range(first + 1, second + 1):
        shared = [*shared, reached][-length:]
        reached = sum((w * cov for w, cov in zip(weights(step), shared, strict=True)), zero)
    return ring.to_expression(reached)
