r"""The share of real data that serves best, when new real samples join the latest block at every generation.

Under :class:`theory.FreshReal` with weight s on the real samples the risk obeys one linear step,
:math:`r_g = p(s)\, r_{g-1} + f(s)`, which the model and the workflow compose to. To leading order in 1/n

.. math:: p = (1-s)^2, \qquad f = (1-s)^2 + s^2/\rho

with ρ the amount of real data. Two questions are answered from it: the constant share with the smallest limit
f/(1 − p), and the share of each generation.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from sympy import (
    Dummy,
    Eq,
    Expr,
    Matrix,
    Piecewise,
    Poly,
    S,
    Symbol,
    diff,
    expand,
    factor,
    fraction,
    radsimp,
    simplify,
    sqrt,
)

from theory.errors import DomainError, NotDerivedError
from theory.expected import expected_risk
from theory.expressions.arguments import exact, generation
from theory.expressions.fraction_field import in_lowest_terms
from theory.expressions.signs import Ranges, range_of, sign, unit_interval
from theory.expressions.symbols import G
from theory.models.base import Model
from theory.models.regular import Regular
from theory.moments.recurrence import MomentRecurrence
from theory.workflows.base import ONE, Workflow
from theory.workflows.converging import ConvergingDynamics
from theory.workflows.dynamics import GENERATION
from theory.workflows.fresh_real import FreshReal

#: The amount of real data, where none is given.
REAL: Symbol = Symbol("rho", positive=True)


@dataclass(frozen=True)
class ShareStep:
    r"""One generation of fresh real data, :math:`r_g = p(s)\, r_{g-1} + f(s)`, and the amount r_1 it starts from.

    Attributes
    ----------
    share : the variable s, over [0, 1]
    carried, added : p and f
    initial : r at generation 1, in the same units
    ranges : the parameters in variables over [0, ∞)
    """

    share: Symbol
    carried: Expr
    added: Expr
    initial: Expr
    ranges: Ranges

    def limit_minimiser(self) -> Expr:
        r"""The share with the smallest limit f/(1 − p), a root of :math:`P = f'(1-p) + f p'`.

        P is negative at 0 and positive at 1, and of degree two at most: it has exactly one root in (0, 1). Where
        p = 1 the limit is infinite and :math:`P = f p' < 0`, so the root lies beyond, among the shares with a finite
        limit; the limit falls before it and rises after it.
        """
        s, p, f = self.share, self.carried, self.added
        top, bottom = fraction(in_lowest_terms(diff(f, s) * (1 - p) + f * diff(p, s)))
        slope = Poly(top, s)
        side = sign(bottom, self.ranges)
        falls = sign(diff(p, s), self.ranges) in (-1, 0) and sign(f, self.ranges) == 1
        if slope.degree() > 2 or side not in (1, -1) or not falls:
            raise NotDerivedError("the optimal share is not derived: the limit is no quotient of quadratics in it.")
        slope = slope * side
        if sign(slope.eval(0), self.ranges) != -1 or sign(slope.eval(1), self.ranges) != 1:
            raise NotDerivedError("the optimal share is not derived: the limit may be smallest without a mixture.")
        a, b, c = (slope.coeff_monomial(s**power) for power in (2, 1, 0))
        if a == 0:
            return factor(-c / b)
        # For a > 0 the positive root, for a < 0 the smaller of two: the same expression.
        spread = sqrt(factor(in_lowest_terms(b**2 - 4 * a * c)))
        if sign(a, self.ranges) in (1, -1):
            return simplify((spread - b) / (2 * a))
        return simplify(-2 * c / (b + spread))

    def best_reply(self) -> tuple[Expr, Expr, Symbol]:
        """The share that minimises p(s) r + f(s), the risk it gives, both rational in r, and r."""
        r = Dummy("r", nonnegative=True)
        step = Poly(self.carried * r + self.added, self.share)
        covering = {**self.ranges, r: range_of("positive")}
        if step.degree() != 2 or sign(in_lowest_terms(step.LC()), covering) != 1:
            raise NotDerivedError("the optimal weights are not derived: a step is not a convex quadratic in the share.")
        best = in_lowest_terms(-step.coeff_monomial(self.share) / (2 * step.LC()))
        return best, in_lowest_terms(step.eval(best)), r

    def orbit(self) -> tuple[Matrix, Matrix, Matrix]:
        r"""Homogeneous coordinates: :math:`(x, y) \mapsto M (x, y)` moves r = x/y, rows (α, β), (γ, δ) read the share.

        The share of generation g is :math:`(\alpha x + \beta y)/(\gamma x + \delta y)` at generation g − 1.
        """
        share, risk, r = self.best_reply()
        rows = [_linear(part, r) for value in (risk, share) for part in fraction(value)]
        return Matrix(rows[:2]), Matrix(rows[2:]), Matrix([self.initial, 1])


def optimal_share(real: object = None, model: Model | None = None) -> Expr:
    r"""The constant share of real data that minimises the limiting risk under fresh real data.

    To leading order in 1/n the limit :math:`\frac{(1-s)^2 + s^2/\rho}{s(2-s)}` is smallest where
    :math:`s^2 + \rho s = \rho`: at ρ = 1, where as much real data as synthetic data comes in, s is the inverse of the
    golden ratio, and so is the limit. Always :math:`s = \rho\, r_\infty`, and more than the pooled share ρ/(1 + ρ).

    Parameters
    ----------
    real : positive number or expression, optional
        New real samples a generation in units of n; the symbol ρ without it.
    model : Model, optional
        Without it any regular model, to leading order in 1/n.

    Returns
    -------
    Expr
        In (0, 1), exact.

    Raises
    ------
    DomainError
        When ``real`` is not positive.
    NotDerivedError
        When the model's risk under fresh real data is no single linear recurrence, or the minimum is not proved.

    Notes
    -----
    Derived here; the proof is at :meth:`ShareStep.limit_minimiser`.

    Examples
    --------
    >>> from theory.design import optimal_share
    >>> optimal_share(real=1), optimal_share()
    (-1/2 + sqrt(5)/2, sqrt(rho)*sqrt(rho + 4)/2 - rho/2)
    """
    return share_step(REAL if real is None else real, model).limit_minimiser()


def optimal_weights(g: object, real: object = 1, model: Model | None = None) -> Expr:
    r"""The share of real data at generation ``g`` when every generation takes the best one.

    The best reply to a risk r is :math:`s = \frac{(r+1)\rho}{(r+1)\rho + 1}` with risk
    :math:`\frac{r+1}{(r+1)\rho + 1}` (to leading order): a Möbius map, so g steps are a power of a matrix. At ρ = 1
    that matrix is the square of Fibonacci's, and :math:`s_g = r_g = F_{2g-1}/F_{2g}`.

    A step is increasing in r for every share, so the smallest risk at g needs the smallest at g − 1: the shares that
    are best one generation at a time are best for every horizon at once, among all shares s_2, s_3, ….

    Parameters
    ----------
    g : whole number, or ``theory.G``
        With ``theory.G`` the closed form.
    real : positive number or expression, default 1
        New real samples a generation in units of n.
    model : Model, optional
        Without it any regular model, to leading order in 1/n.

    Returns
    -------
    Expr
        1 at generation 1, whose data are all real.

    Notes
    -----
    Derived here. Best among mixtures of the newest real samples and the newest block: a fit that keeps all real
    samples has risk 1/(1 + (g − 1)ρ), below which nothing can go.

    Examples
    --------
    >>> from theory.design import optimal_weights
    >>> [optimal_weights(g) for g in range(1, 6)]
    [1, 2/3, 5/8, 13/21, 34/55]
    >>> optimal_weights(3, real=2)
    14/19
    """
    step = share_step(real, model)
    move, read, start = step.orbit()
    if isinstance(g, Expr) and g == G:
        formula = _orbit_formula(move, read, start, G - 2)
        return formula if simplify(formula.subs(G, 1) - 1) == 0 else Piecewise((S.One, Eq(G, 1)), (formula, True))
    whole = generation("g", g)
    if whole == 1:
        return S.One
    top, bottom = read * _power(move, whole - 2) * start
    return in_lowest_terms(top / bottom)


def optimal_risk(real: object = 1, model: Model | None = None) -> Expr:
    r"""The risk at generation G when every generation takes the best share, in units of the risk of generation 1's.

    The same Möbius orbit as :func:`optimal_weights`, read off one step later: closed form in ``theory.G``.

    Examples
    --------
    >>> from theory import G
    >>> optimal_risk(real=2).subs(G, 2).simplify()
    2/5
    """
    step = share_step(real, model)
    move, _, start = step.orbit()
    return _orbit_formula(move, Matrix.eye(2), start, G - 1)


def share_step(real: object, model: Model | None) -> ShareStep:
    """The step that a model composes to with fresh real data, as a function of the share."""
    share = Dummy("s", positive=True)
    workflow = FreshReal(share=share, real=real)  # type: ignore[arg-type]
    risk = expected_risk(Regular(p=1, n=1) if model is None else model, workflow)  # type: ignore[arg-type]
    recurrence = risk.recurrence
    if not (
        isinstance(recurrence, MomentRecurrence)
        and recurrence.matrix.shape == (1, 1)
        and recurrence.readout[0] == 1
        and recurrence.shift == 0
        and recurrence.offset == 0
        and recurrence.continuation is None
        and not (recurrence.matrix.has(GENERATION) or recurrence.forcing.has(GENERATION))
    ):
        raise NotDerivedError(
            f"model = {risk.model.name} is not derived: its risk with fresh real data is not one linear recurrence."
        )
    ranges = {**risk.model.ranges(), **workflow.ranges(), share: unit_interval()}
    return ShareStep(share, recurrence.matrix[0], recurrence.forcing[0], recurrence.initial[0], ranges)


@dataclass(frozen=True)
class OptimalFreshReal(Workflow):
    r"""Fresh real data, mixed at every generation with the share that is best for it.

    :math:`\theta_g = s_g\,\bar x^{\text{real}}_g + (1-s_g)\,\bar x_g` with :math:`s_g` of :func:`optimal_weights`, to
    leading order in 1/n: the risk ratio is then s_g/ρ.

    Parameters
    ----------
    real : positive number or expression, default 1
        Number of new real samples a generation, in units of n.

    Notes
    -----
    Derived here.

    Examples
    --------
    >>> from theory import Regular, expected_risk
    >>> from theory.design import OptimalFreshReal
    >>> [expected_risk(Regular(p=1, n=1), OptimalFreshReal()).at(g) for g in range(1, 6)]
    [1, 2/3, 5/8, 13/21, 34/55]
    """

    real: Expr = ONE
    name: ClassVar[str] = "optimal-fresh-real"
    roles: ClassVar[dict[str, str]] = {"real": "amount"}

    def __post_init__(self) -> None:
        real = exact("real", self.real)
        if real.is_positive is False or real.is_real is False:
            raise DomainError(f"real = {self.real} is not an amount of real data: real must be positive.")
        object.__setattr__(self, "real", real)

    @cached_property
    def _orbit(self) -> tuple[Matrix, Matrix, list[Matrix]]:
        move, read, start = share_step(self.real, None).orbit()
        return move, read, [start]

    def fresh_weight(self, g: int | Expr) -> Expr:
        """s_g, the share that minimises the risk of generation g given that of g − 1; 0 at g = 1. A concrete g only."""
        if g == 1:
            return S.Zero
        if not isinstance(g, int) and not getattr(g, "is_Integer", False):
            raise NotDerivedError(f"generation = {g} is symbolic: the optimal share needs a whole number.")
        move, read, visited = self._orbit
        while len(visited) < int(g) - 1:
            visited.append((move * visited[-1]).applyfunc(in_lowest_terms))
        top, bottom = read * visited[int(g) - 2]
        return in_lowest_terms(top / bottom)

    def fresh_size(self, g: int | Expr) -> Expr:
        """ρ from generation 2 on, in units of n."""
        return S.Zero if g == 1 else self.real

    def weights(self, g: int) -> list[Expr]:
        """(0, …, 0, 1 − s_g)."""
        return [S.Zero] * (g - 1) + [1 - self.fresh_weight(g)]

    def dynamics(self) -> ConvergingDynamics:
        """The shares tend to the best constant one, and every risk to leading order is its share over ρ."""
        return BestShares(self.real)


@dataclass(frozen=True)
class BestShares(ConvergingDynamics):
    """The shares of :class:`OptimalFreshReal` tend to the best constant one."""

    real: Expr

    @cached_property
    def limiting(self) -> FreshReal:  # type: ignore[override]
        """Fresh real data with the best constant share."""
        return FreshReal(share=optimal_share(self.real), real=self.real)

    @cached_property
    def moment(self) -> Expr:  # type: ignore[override]
        """The Möbius orbit of the risk."""
        return optimal_risk(self.real)

    @cached_property
    def settled(self) -> Expr:  # type: ignore[override]
        """Its fixed point: s = ρ r."""
        return expand(optimal_share(self.real) / self.real)


def _linear(expression: Expr, variable: Symbol) -> list[Expr]:
    polynomial = Poly(expression, variable)
    if polynomial.degree() > 1:
        raise NotDerivedError("the optimal weights are not derived: the best reply is no Möbius map of the risk.")
    return [polynomial.coeff_monomial(variable), polynomial.coeff_monomial(1)]


def _orbit_formula(move: Matrix, read: Matrix, start: Matrix, steps: Expr) -> Expr:
    r"""The quotient of the two readouts of :math:`M^k v`, with λ_± the eigenvalues of M and q = λ_-/λ_+.

    By Cayley–Hamilton :math:`M^k v \propto (M - \lambda_-) v - q^k (M - \lambda_+) v`; written as
    :math:`L\,(1 - b\,q^G)/(1 - c\,q^G)` with L the limit where that is shorter.
    """
    trace, determinant = move.trace(), move.det()
    spread = sqrt(factor(in_lowest_terms(trace**2 - 4 * determinant)))
    larger, smaller = (trace + spread) / 2, (trace - spread) / 2
    rate = _plain(smaller / larger)
    kept, fading = (read * (move - root * Matrix.eye(2)) * start for root in (smaller, larger))
    delay = G - steps
    apart = [radsimp(simplify(kept[row])) - radsimp(simplify(fading[row])) * rate**steps for row in range(2)]
    whole = [1 + _plain(-fading[row] / kept[row] / rate**delay) * rate**G for row in range(2)]
    forms = (apart[0] / apart[1], _plain(kept[0] / kept[1]) * whole[0] / whole[1])
    return min(forms, key=lambda form: form.count_ops())


def _plain(surd: Expr) -> Expr:
    """A quotient of numbers a + b√c in the same form."""
    return simplify(radsimp(simplify(surd)))


def _power(matrix: Matrix, exponent: int) -> Matrix:
    """By repeated squaring, in lowest terms throughout."""
    result, base = Matrix.eye(matrix.shape[0]), matrix
    while exponent:
        if exponent % 2:
            result = (result * base).applyfunc(in_lowest_terms)
        base, exponent = (base * base).applyfunc(in_lowest_terms), exponent // 2
    return result
