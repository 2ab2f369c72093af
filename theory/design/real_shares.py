r"""Fresh real data that change from generation to generation: the least that is enough, and what powers of g do.

Model g weighs ρ_g n fresh real samples by λ_g and the newest block by 1 − λ_g (:class:`theory.FreshReal`), so that the
ratio, to leading order in 1/n and exactly without curvature, obeys

.. math:: y_g = (1-\lambda_g)^2\,(y_{g-1} + 1/s_g) + \lambda_g^2/\rho_g .

Derived here.
"""

from __future__ import annotations

from dataclasses import dataclass

from sympy import Expr, Integer, Min, Piecewise, S, floor, log

from theory.errors import DomainError
from theory.expressions.arguments import exact, shown
from theory.expressions.symbols import G, j
from theory.workflows.fresh_real import FreshReal


@dataclass(frozen=True)
class RequiredShare:
    r"""The least fresh real data that keep the ratio within a factor for ever.

    Attributes
    ----------
    factor : c ≥ 1
    real : ρ_j, in units of n, 0 while none are needed
    share : the weight that goes with them, 0 while none are needed

    Notes
    -----
    Derived here.

    Examples
    --------
    >>> required_share(1).share.subs(j, 2)
    1/2
    """

    factor: Expr
    real: Expr
    share: Expr

    @property
    def workflow(self) -> FreshReal:
        """The workflow; where no data are needed their amount is without a weight, and may be any."""
        settled = 1 / (self.factor * (self.factor + 1))
        real = Piecewise(*((settled if value == 0 else value, condition) for value, condition in self.real.args))
        return FreshReal(share=self.share, real=real)


def required_share(factor: object) -> RequiredShare:
    r"""The least fresh real data of every generation that keep the risk within ``factor`` times the first one.

    With the best share a model has the precision :math:`u_g = \frac{u_{g-1}}{1 + u_{g-1}} + \rho_g`, that of a fit on n
    real samples being 1, and must keep :math:`u_g \ge 1/c`. Data come as late as possible: none for g ≤ c, then what is
    missing at ⌊c⌋ + 1, and from there on :math:`\rho = \frac{1}{c(c+1)}` with the share :math:`\frac{1}{c+1}`. The
    total up to any generation is :math:`u_G - u_1 + \sum_{g<G} \frac{u_g^2}{1+u_g}`, and both terms are least where
    every :math:`u_g` is, which is so here. Synthetic blocks hold n samples.

    Parameters
    ----------
    factor : number, 1 or more

    Examples
    --------
    >>> required_share(2).workflow.share.subs(j, 3), required_share(2).real.subs(j, 100)
    (1/3, 1/6)
    >>> from theory import Regular, expected_risk
    >>> ratio = expected_risk(Regular(), required_share("5/2").workflow).ratio
    >>> [ratio.at(g) for g in (1, 2, 3, 4, 30)]
    [1, 2, 5/2, 5/2, 5/2]
    """
    c = exact("factor", factor)
    if not (c.is_number and c.is_real and c >= 1):
        raise DomainError(f"factor = {shown(factor)} is not a factor to keep within: give a number, 1 or more.")
    free = Integer(int(floor(c)))
    missing = 1 / c - 1 / (1 + free)
    settled = 1 / (c * (c + 1))
    amounts = ((S.Zero, j <= free), (missing, j <= free + 1), (settled, True))
    return RequiredShare(
        factor=c,
        real=Piecewise(*amounts),
        share=Piecewise(*((amount * c, condition) for amount, condition in amounts)),
    )


@dataclass(frozen=True)
class Phase:
    """What powers of g make of the ratio.

    Attributes
    ----------
    bounded : whether the ratio stays bounded
    power, logs : the ratio is of the order G^power log(G)^logs
    constant : what the ratio over that tends to; None where it depends on the first generations

    Notes
    -----
    Derived here.

    Examples
    --------
    >>> phase = share_phase("1/2", "1/4")
    >>> phase.bounded, phase.power, phase.constant
    (False, 1/4, 1/2)
    """

    bounded: bool
    power: Expr
    logs: int
    constant: Expr | None

    @property
    def growth(self) -> Expr | None:
        """The leading term in ``theory.G``; None where its constant is not one of orders."""
        return None if self.constant is None else self.constant * G**self.power * log(G) ** self.logs


def share_phase(a: object, b: object, c: object = 1, real: object = 1, d: object = 0) -> Phase:
    r"""The ratio for shares :math:`\sim c\,g^{-a}`, blocks of :math:`g^b` n and :math:`\rho\,g^d` n real samples.

    What comes in is :math:`f_g \sim F g^{-\beta}`, of new blocks with β = b, F = 1 and of real data with β = 2a + d,
    F = c²/ρ; what was there fades at the rate :math:`2\lambda_g`.

    - 0 < a < 1: it fades faster than powers change, :math:`y \sim f_g/(2\lambda_g) = \frac{F}{2c}\,g^{a-\beta}`;
    - a = 0: :math:`y \sim f/(1-(1-c)^2)` with blocks counted :math:`(1-c)^2` times;
    - a = 1: :math:`y \sim \frac{F}{2c+1-\beta}\,g^{1-\beta}` for β < 1 + 2c, :math:`F g^{-2c}\ln g` for β = 1 + 2c, and
      a multiple of :math:`g^{-2c}` that the first generations decide for β > 1 + 2c;
    - a > 1: nothing fades but a constant factor. y grows as :math:`\frac{F}{1-\beta} g^{1-\beta}`, as F ln g for β = 1,
      and tends to a constant that the first generations decide for β > 1.

    So the ratio stays bounded exactly for b ≥ a and d ≥ −a where a ≤ 1, and for b > 1 and 2a + d > 1 beyond.

    Parameters
    ----------
    a, b, d : numbers, a ≥ 0
    c : positive number, less than 1 where a = 0
    real : positive number
        ρ.

    Notes
    -----
    Derived here.

    Examples
    --------
    >>> share_phase(1, 0).growth, share_phase("1/2", 0).growth, share_phase("1/2", "1/2").growth
    (G/3, sqrt(G)/2, 1/2)
    >>> share_phase(0, 0, "1/2").growth, share_phase(2, 1).growth, share_phase(2, 2).bounded
    (2/3, log(G), True)
    """
    return _phase_of(*(_number(name, value) for name, value in zip("abcrd", (a, b, c, real, d), strict=True)))


def _phase_of(a: Expr, b: Expr, c: Expr, rho: Expr, d: Expr) -> Phase:
    if a < 0:
        raise DomainError(f"a = {a} makes shares grow beyond 1: a must be 0 or more.")
    for name, value in (("c", c), ("real", rho)):
        if value <= 0:
            raise DomainError(f"{name} = {value} is not allowed: {name} must be positive.")
    if a == 0 and c >= 1:
        raise DomainError(f"c = {c} is no share below 1: with a = 0, c must lie between 0 and 1.")
    kept = (1 - c) ** 2 if a == 0 else S.One
    sources = ((b, kept), (2 * a + d, c**2 / rho))
    beta = Min(*(power for power, _ in sources))
    inflow = sum((amount for power, amount in sources if power == beta), S.Zero)
    if a < 1:
        rate = 1 - kept if a == 0 else 2 * c
        return _phase(a - beta, 0, inflow / rate)
    # At a = 1 the past falls as a power of its own; beyond it stays.
    fading = 2 * c if a == 1 else S.Zero
    if beta == 1 + fading:
        return _phase(-fading, 1, inflow)
    if beta < 1 + fading:
        return _phase(1 - beta, 0, inflow / (fading + 1 - beta))
    return _phase(-fading, 0, None)


def _phase(power: Expr, logs: int, constant: Expr | None) -> Phase:
    bounded = bool(power < 0 or (power == 0 and logs == 0))
    return Phase(bounded, power, logs, constant)


def _number(name: str, value: object) -> Expr:
    name = "real" if name == "r" else name
    number = exact(name, value)
    if not (number.is_number and number.is_real):
        raise DomainError(f"{name} = {shown(value)} is not a number: which phase it is depends on numbers.")
    return number
