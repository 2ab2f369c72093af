r"""How a pool with an unlabelled real fraction should be sampled: which blocks, by their age, how often.

Block :math:`j \ge 2` of the pool holds n rows, a fraction ρ of them real, the rest drawn from model j − 1. With
:math:`\rho_1 = 1`, to leading order in 1/n (exactly for location families), derived here:

1. *The floor.* Whatever the models before were, :math:`y_j = \bar x_j - (1-\rho)\,\theta_{j-1}` has mean ρθ and
   variance 1/n, independent of all before it: n rows of such a pool say as much of θ as :math:`\rho^2 n` real ones.
   Every model is a combination :math:`\sum_j c_j y_j` with :math:`\sum_j \rho_j c_j = 1`, so by Cauchy and Schwarz its
   ratio is at least :math:`1/I_G`, :math:`I_g = 1 + \rho^2(g-1)`, under any weights, of any sign, at any generation.
2. *It is attained*, at all generations at once: :math:`c_j = \rho_j/I_g` is
   :math:`\theta_g = (I_{g-1}\theta_{g-1} + \rho\,y_g)/I_g`, which gives the newest block the weight
   :math:`a_g = \rho/I_g` and multiplies the others by :math:`1 - a_g \ge 0`. No label is needed, and no weight is
   negative.
3. *The law of ages.* :math:`a_g \sim 1/(\rho g)`: for large g block j is drawn from with the density
   :math:`\frac{1}{\rho\,g}(j/g)^{1/\rho - 1}`. At ρ = 1 all alike, at ρ = 1/2 in proportion to j.

The ratio falls as :math:`1/(\rho^2 G)` for every ρ > 0, where a pool drawn from alike has
:math:`C(\rho)\,G^{-2\rho}` below one half and :math:`1/((2\rho - 1)G)` above, which is more, as :math:`(1-\rho)^2 > 0`.

*Forgetting at a constant rate q*: the newest block has the weight :math:`a_g = (1-q)/(1-q^g)`. With
:math:`1 - q = x/G` and :math:`\prod_{i>k} (1-\rho a_i) \approx ((e^{xk/G}-1)/(e^x-1))^\rho` the ratio at G is

.. math:: \frac1G\Bigl[\frac{x}{2\rho} + \frac{x}{(2\rho-1)(e^x-1)}\Bigr]
   + C(\rho)\Bigl(\frac{x}{G\,(e^x-1)}\Bigr)^{2\rho},

the last term, of the first generations, of lower order for ρ > 1/2 and the larger one below. So the best rate for a
horizon has x constant for 1/2 < ρ < 1, the root of :math:`(2\rho-1)(e^x-1)^2 = 2\rho\,((x-1)e^x + 1)`; for ρ < 1/2
:math:`x \sim \frac{1-2\rho}{2\rho}\ln G` with the ratio :math:`\frac{(1-2\rho)\ln G}{4\rho^2\,G}`, a
logarithm above the floor; and at one half :math:`x \sim \ln\ln G`, :math:`\ln\ln G/G`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from flint import arb, ctx, fmpq
from sympy import Expr, Integer, Rational, S, Symbol, exp, log, nsolve

from theory.errors import DomainError
from theory.expressions.arguments import exact, shown, whole_number
from theory.expressions.arguments import generation as whole_generation
from theory.expressions.numerals import to_flint, to_sympy
from theory.expressions.symbols import G, j
from theory.workflows.sampled_pool import SampledPool

#: Longest horizon for which a rate of forgetting is looked for.
LONGEST_HORIZON = 2000
BITS = 128


@dataclass(frozen=True)
class OptimalSampling:
    """The best weights of a pool with an unlabelled real fraction.

    Attributes
    ----------
    real : the fraction ρ of real rows in every block after the first
    newest : the weight of the newest block in model ``theory.j``; those of older ones are multiplied by one less it
    ratio : the least ratio at ``theory.G`` under any weights, which these attain
    exponent : of the density of blocks for large G, (j/G)^exponent; infinite without real data

    Notes
    -----
    Derived here; see :mod:`theory.design.sampling`.

    Examples
    --------
    >>> plan = optimal_sampling("1/2")
    >>> plan.newest.subs(j, 2), plan.ratio, plan.exponent, plan.weights(3)
    (2/5, 4/(G + 3), 1, [2/5, 4/15, 1/3])
    """

    real: Expr

    @property
    def workflow(self) -> SampledPool:
        """The pool that is sampled so."""
        return SampledPool(real=self.real)

    @property
    def newest(self) -> Expr:
        """ρ/(1 + ρ²(j − 1))."""
        return self.real / (1 + self.real**2 * (j - 1))

    @property
    def ratio(self) -> Expr:
        """1/(1 + ρ²(G − 1))."""
        return (1 / (1 + self.real**2 * (G - 1))).cancel()

    @property
    def exponent(self) -> Expr:
        """1/ρ − 1."""
        return 1 / self.real - 1 if self.real != 0 else S.Infinity

    def weights(self, g: object) -> list[Expr]:
        """Of whole blocks 1..g, exactly."""
        return self.workflow.shares(whole_generation("g", g))


def optimal_sampling(real: object) -> OptimalSampling:
    r"""The weights of blocks, by their age, under which a pool with an unlabelled real fraction has the least risk.

    The least ratio is :math:`1/(1 + \rho^2(G-1))` at every generation, to leading order in 1/n: n rows of which a
    fraction ρ is real, nobody knows which, are worth :math:`\rho^2 n` real ones.

    Parameters
    ----------
    real : number or expression in [0, 1]

    Raises
    ------
    DomainError
        When it is no fraction.

    Notes
    -----
    Derived here; see :mod:`theory.design.sampling`.

    Examples
    --------
    >>> from theory import ContaminatedPool, Regular, expected_risk
    >>> from theory.design import optimal_sampling
    >>> best = expected_risk(Regular(), optimal_sampling("1/4").workflow).ratio
    >>> alike = expected_risk(Regular(), ContaminatedPool("1/4")).ratio
    >>> best.at(100), round(float(alike.at(100)), 4)
    (16/115, 0.2656)
    """
    return OptimalSampling(SampledPool(real=real).real)  # type: ignore[arg-type]


@dataclass(frozen=True)
class BestForgetting:
    """The constant rate of forgetting with the least ratio at a horizon, enclosed.

    Attributes
    ----------
    real : the fraction ρ of real rows
    horizon : the generation at which the ratio is least
    rate : two fractions with every best rate between them
    ratio : two fractions with the least ratio between them

    Notes
    -----
    Derived here; see :mod:`theory.design.sampling`.

    Examples
    --------
    >>> found = best_forgetting("3/4", 20)
    >>> found
    BestForgetting(real=3/4, horizon=20, rate≈(0.9640610218, 0.9640616179), ratio≈(0.08581393785, 0.08581393785))
    >>> round(float(found.rate[0]), 4), found.large[0], found.ratio[0] > optimal_sampling("3/4").ratio.subs(G, 20)
    (0.9641, 1.0356584794/G, True)
    """

    real: Rational
    horizon: int
    rate: tuple[Rational, Rational]
    ratio: tuple[Rational, Rational]

    def __repr__(self) -> str:
        # The ends of an enclosure are long fractions whose denominators are powers of two.
        rate, ratio = (", ".join(f"{float(end):.10g}" for end in ends) for ends in (self.rate, self.ratio))
        return f"BestForgetting(real={self.real}, horizon={self.horizon}, rate≈({rate}), ratio≈({ratio}))"

    @cached_property
    def large(self) -> tuple[Expr, Expr] | None:
        """Leading orders for long horizons in ``theory.G``, of 1 − rate and of the ratio; None where q = 1 is best.

        For ρ > 1/2 they hold a number without a closed form, to 12 digits.
        """
        rho = self.real
        if rho in (0, 1):
            return None
        if rho < Rational(1, 2):
            scale = (1 - 2 * rho) * log(G) / G
            return scale / (2 * rho), scale / (4 * rho**2)
        if rho == Rational(1, 2):
            return log(log(G)) / G, log(log(G)) / G
        x = Symbol("x", positive=True)
        slope = (2 * rho - 1) * (exp(x) - 1) ** 2 - 2 * rho * ((x - 1) * exp(x) + 1)
        # Below zero as (ρ − 1)x² near 0, and above it for large x.
        ends = (float(1 - rho), float(20 - 2 * log(2 * rho - 1)))
        root = nsolve(slope, x, ends, solver="bisect", prec=15)
        factor = root / (2 * rho) + root / ((2 * rho - 1) * (exp(root) - 1))
        return root.n(12) / G, factor.n(12) / G

    @cached_property
    def workflow(self) -> SampledPool:
        """The pool that forgets at the rate in the middle of the enclosure."""
        q = sum(self.rate, S.Zero) / 2
        return SampledPool(self.real, 1 / j if q == 1 else (1 - q) / (1 - q**j))


def best_forgetting(real: object, horizon: object, digits: object = 6) -> BestForgetting:
    r"""The constant rate q of forgetting that is best for a horizon, in a pool with an unlabelled real fraction.

    Block j has a weight proportional to :math:`q^{G-j}`: at q = 1 all alike, at q = 0 the newest block alone. Rates are
    divided in halves, in ball arithmetic; a half is left out where the slope of the ratio has one sign all over it, or
    the ratio is larger than one found elsewhere. What is left encloses every best rate.

    Parameters
    ----------
    real : fraction in [0, 1]
    horizon : whole number of generations, 2 to 2000
    digits : whole number, default 6
        Decimal places of the rate.

    Raises
    ------
    DomainError
        For other numbers.

    Notes
    -----
    Derived here; see :mod:`theory.design.sampling`.

    Examples
    --------
    >>> found = best_forgetting("1/4", 50)
    >>> [round(float(end), 4) for end in (*found.rate, *found.ratio)]
    [0.9218, 0.9218, 0.2575, 0.2575]
    >>> best_forgetting(0, 10).rate
    (1, 1)
    """
    fraction = exact("real", real)
    if not (fraction.is_Rational and 0 <= fraction <= 1):
        raise DomainError(f"real = {shown(real)} is not a fraction of real rows: give a fraction between 0 and 1.")
    last, places = whole_number("horizon", horizon, least=2), whole_number("digits", digits, least=1)
    if last > LONGEST_HORIZON or places > 15:
        wrong = f"horizon = {last}" if last > LONGEST_HORIZON else f"digits = {places}"
        raise DomainError(f"{wrong} is too many: give a horizon of {LONGEST_HORIZON} or less, and 15 digits or less.")
    if fraction == 1:
        # All rows are real, and the mean of all is best.
        least = Rational(1, last)
        return BestForgetting(fraction, last, (S.One, S.One), (least, least))
    with ctx.workprec(BITS):
        return _search(fraction, last, Rational(1, 10**places))


def _search(real: Rational, horizon: int, wanted: Rational) -> BestForgetting:
    ends = [_risk(real, horizon, arb(end))[0] for end in (0, 1)]
    best = ends[0].upper().min(ends[1].upper())
    goal = to_flint(wanted)
    found: list[tuple[fmpq, fmpq]] = [(fmpq(0), fmpq(1))]
    while found[-1][1] - found[0][0] > goal:
        halves = [half for low, high in found for half in ((low, (low + high) / 2), ((low + high) / 2, high))]
        looked: list[tuple[fmpq, fmpq]] = []
        for low, high in halves:
            middle = arb((low + high) / 2)
            best = best.min(_risk(real, horizon, middle)[0].upper())
            value, slope = _risk(real, horizon, arb(middle, arb((high - low) / 2)))
            if slope > 0:
                # The least is at its left end: a point, if that is 0.
                looked += [(low, low)] if low == 0 else []
            elif slope < 0:
                looked += [(high, high)] if high == 1 else []
            else:
                looked += [] if value.lower() > best else [(low, high)]
        found = [pair for pair in dict.fromkeys(looked) if not _risk_at(real, horizon, pair).lower() > best]
        if all(low == high for low, high in found):
            break
    low, high = min(pair[0] for pair in found), max(pair[1] for pair in found)
    least = min((_risk_at(real, horizon, pair).lower() for pair in found), key=float)
    return BestForgetting(real, horizon, (to_sympy(low), to_sympy(high)), (_end(least), _end(best)))


def _risk_at(real: Rational, horizon: int, pair: tuple[fmpq, fmpq]) -> arb:
    """The ratio over a range of rates, by its value in the middle and its slope."""
    low, high = pair
    middle, half = arb((low + high) / 2), arb((high - low) / 2)
    if half == 0:
        return _risk(real, horizon, middle)[0]
    value, slope = _risk(real, horizon, arb(middle, half))
    centred = _risk(real, horizon, middle)[0] + slope * arb(0, half)
    return centred if centred.rad() < value.rad() else value


def _risk(real: Rational, horizon: int, rate: arb) -> tuple[arb, arb]:
    """The ratio at the horizon, and its slope in the rate."""
    fraction = arb(to_flint(real))
    memory, tilt = arb(1), arb(0)
    risk, slope = arb(1), arb(0)
    for _ in range(2, horizon + 1):
        # M ← 1 + q M, the newest weight is 1/M.
        memory, tilt = 1 + rate * memory, memory + rate * tilt
        newest = 1 / memory
        moved = -tilt * newest**2
        kept = 1 - fraction * newest
        slope = kept**2 * slope - 2 * kept * fraction * moved * risk + 2 * newest * moved
        risk = kept**2 * risk + newest**2
    return risk, slope


def _end(value: arb) -> Rational:
    mantissa, exponent = value.man_exp()
    return Rational(int(mantissa)) * Rational(2) ** Integer(int(exponent))
