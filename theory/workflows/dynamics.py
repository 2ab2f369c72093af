"""A workflow as a recursion in the generation: the form that closed forms are derived from.

The fitted parameter is written as a deviation from the truth, δ_g = θ_g − θ_0. Block j has mean
δ_{j-1} + ε_j with E[ε_j | past] = 0, and ε_j, ε_i are uncorrelated for i ≠ j.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from sympy import Dummy, Expr, ImmutableMatrix, Matrix, Symbol, ceiling, zeros

from theory.expressions.symbols import j

#: The generation inside recurrences: a dummy, so that no parameter called g is mistaken for it. SymPy numbers dummies
#: by chance in every process; with an index of its own it is the same one in a pickle that another process reads.
GENERATION: Symbol = Dummy("g", dummy_index=1, integer=True, positive=True)

#: The age of a block, likewise.
LAG: Symbol = Dummy("l", dummy_index=2, integer=True, nonnegative=True)


class Dynamics:
    """What every kind of recursion derives from; a workflow states one of them, or none."""


@dataclass(frozen=True)
class LinearDynamics(Dynamics):
    r"""A finite linear state.

    .. math:: z_g = A_g z_{g-1} + b_g \varepsilon_g + c_g \varrho_g, \qquad \delta_g = h_g z_g

    Valid for :math:`g \ge` ``start``; entries are expressions in ``GENERATION``. :math:`\varrho_g` is the
    noise of the real samples drawn afresh at generation g, if any.

    Attributes
    ----------
    transition, innovation, readout : matrices of shapes (k, k), (k, 1), (1, k)
    initial : matrix of shape (k, start − 1)
        The state at ``start − 1`` as a combination of :math:`\varepsilon_1, \dots, \varepsilon_{start-1}`.
    fresh : matrix of shape (k, 1)
        Zero without fresh real data.
    known : tuple of (a, b, value)
        Second moments E z_a z_b, a ≥ b, that are known functions of ``GENERATION`` whatever the curvature, where all
        noise of one sample has variance 1. Verified where they are used.
    """

    start: int
    transition: Matrix
    innovation: Matrix
    readout: Matrix
    initial: Matrix
    fresh: Matrix = field(default_factory=lambda: zeros(0, 0))
    known: tuple[tuple[int, int, Expr], ...] = ()

    def __post_init__(self) -> None:
        size = self.transition.shape[0]
        if self.fresh.shape == (0, 0):
            object.__setattr__(self, "fresh", zeros(size, 1))
        for name in ("transition", "innovation", "readout", "initial", "fresh"):
            object.__setattr__(self, name, ImmutableMatrix(getattr(self, name)))
        shapes = (
            self.transition.shape,
            self.innovation.shape,
            self.readout.shape,
            self.fresh.shape,
            self.initial.shape,
        )
        if shapes != ((size, size), (size, 1), (1, size), (size, 1), (size, self.start - 1)):
            raise ValueError(f"inconsistent shapes {shapes} for a state of size {size} starting at {self.start}")


@dataclass(frozen=True)
class Draw:
    """A simple random sample of n·size points from the pool of all blocks so far.

    ``size`` is in units of n; ``replacement`` says whether a point may be drawn twice (bootstrap).

    Notes
    -----
    Sampling of a finite population, as in any textbook of it.

    Examples
    --------
    >>> from theory import AccumulateSubsample
    >>> AccumulateSubsample().draw(3)
    Draw(size=1, replacement=False)
    """

    size: Expr
    replacement: bool


@dataclass(frozen=True)
class PoolDynamics(Dynamics):
    """Every sample is kept in a pool, and model g is fitted on a simple random sample of it.

    ``budget`` points in units of n are drawn (all of them while the pool is smaller), with or without
    replacement. The model contributes the moments of a point.
    """

    budget: Expr
    replacement: bool

    def budget_at(self, generation: Expr) -> Expr:
        """Points drawn at a generation, in units of n."""
        return self.budget

    @property
    def whole_until(self) -> int:
        """The last generation whose pool is smaller than the budget, 0 if none; of a symbol none."""
        return max(0, int(ceiling(self.budget)) - 1) if self.budget.is_number else 0


@dataclass(frozen=True)
class VaryingPool(Dynamics):
    """The same with a budget that changes: ``budget`` is an expression in ``theory.j``, the generation.

    The whole pool is used up to generation ``whole_until``, and a sample of it from there on.
    """

    budget: Expr
    replacement: bool
    whole_until: int

    def budget_at(self, generation: Expr) -> Expr:
        """Points drawn at a generation, in units of n."""
        return self.budget.subs(j, generation)


@dataclass(frozen=True)
class LagWindow(Dynamics):
    """A stationary moving average over lags 0 … length − 1: long or symbolic, too many states to write down.

    ``weight`` is an expression in ``LAG``.
    """

    length: Expr
    weight: Expr


def random_walk(gain: Callable[[Symbol], Expr]) -> LinearDynamics:
    """δ_g = δ_{g-1} + gain(g) ε_g from δ_0 = 0: nothing but the newest noise moves the model."""
    return LinearDynamics(
        start=1,
        transition=Matrix([[1]]),
        innovation=Matrix([[gain(GENERATION)]]),
        readout=Matrix([[1]]),
        initial=zeros(1, 0),
    )


@dataclass(frozen=True)
class CovarianceDynamics(Dynamics):
    r"""Second moments of several coupled models, stated by themselves: from generation 2 on

    .. math:: m_g = A\, m_{g-1} + \sum_k B_k\,(1 + \kappa\, H_k m_{g-1}) + f, \qquad r_g = h\, m_g,

    in units of the noise of a unit block, κ the curvature of the model: block k is drawn from a model with risk
    :math:`H_k m_{g-1}`. All entries are free of the generation.

    Attributes
    ----------
    transition, noise, risks, fresh, readout : A (k, k), B (k, q), H (q, k), f (k, 1) and h (1, k)
    initial : the moments of generation 1, those of fits on real data alone (k, 1)
    fewest : samples of the smallest fit of generation 1, and of any later generation, in units of n
    """

    transition: Matrix
    noise: Matrix
    risks: Matrix
    fresh: Matrix
    readout: Matrix
    initial: Matrix
    fewest: tuple[Expr, Expr]

    def __post_init__(self) -> None:
        for name in ("transition", "noise", "risks", "fresh", "readout", "initial"):
            object.__setattr__(self, name, ImmutableMatrix(getattr(self, name)))


@dataclass(frozen=True)
class FadingMemory(Dynamics):
    r"""δ_g = δ_{g−1} + (s(g)/M_g) ε_g with M_g = q_g M_{g−1} + s(g), M_0 = 0, whose M has no closed form.

    ``rate`` and ``sizes``, q and s, are expressions in ``theory.j``.
    """

    rate: Expr
    sizes: Expr


@dataclass(frozen=True)
class StationaryAges(Dynamics):
    r"""Block :math:`j \ge 2` has weight :math:`w_{g-j+1}`, by its age alone, and block 1 what is left of 1.

    ``weight`` is an expression in ``theory.l``.
    """

    weight: Expr
