r"""Questions asked of a contaminated pool: its maximum, its return to real data's risk, what the labels are worth.

Without curvature the ratio of a pool of equal blocks, each with a fraction ρ of unlabelled real rows, is (derived here)

.. math:: y_G = \Bigl(\frac{\Gamma(G+1-\rho)}{\Gamma(G+1)}\Bigr)^2
          \sum_{i=1}^{G} \Bigl(\frac{\Gamma(i)}{\Gamma(i+1-\rho)}\Bigr)^2 .

The sum converges for ρ < 1/2, to :math:`C(\rho) = {}_3F_2(1,1,1;\,2-\rho,2-\rho;\,1)/\Gamma(2-\rho)^2`. By Gautschi's
inequality :math:`x^\rho \le \Gamma(x+1)/\Gamma(x+1-\rho) \le (x+1)^\rho` the factor lies between
:math:`(G+1)^{-2\rho}` and :math:`G^{-2\rho}`, and what is left of the sum after G between

.. math:: \frac{(G+1)^{2\rho-1}}{1-2\rho} \quad\text{and}\quad
          \Bigl(\frac{G+2}{G+1}\Bigr)^{2\rho} \frac{G^{2\rho-1}}{1-2\rho},

so that y_G is enclosed at any G. It rises while :math:`y_{g-1} < 1/(2\rho g - \rho^2)` and then falls for ever
(:mod:`theory.solver.single_hump`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flint import arb, ctx, fmpq
from sympy import Catalan, EulerGamma, Expr, Rational, S, cancel, gamma, hyper, log, pi

from theory.errors import DomainError, NotDerivedError
from theory.expected import expected_risk
from theory.expressions.arguments import exact, whole_number
from theory.expressions.arithmetic import Arithmetic
from theory.expressions.enclosure import enclosed, ends
from theory.expressions.numerals import readable
from theory.expressions.symbols import G, j
from theory.models.base import Model
from theory.models.exponential_family import ExponentialFamily
from theory.models.regular import Regular
from theory.moments.recurrence import MomentRecurrence
from theory.solver.single_hump import hump_from, single_hump
from theory.workflows.contaminated_pool import ContaminatedPool, verified_fraction
from theory.workflows.labelled_pool import LabelledPool

#: Generations run one by one before the enclosure of the sum takes over.
RUN = 50_000
#: Bits of the ball arithmetic, and of the largest generation.
BITS, LARGEST = 256, 2_000
#: Of the constant.
DIGITS = 60
HALF = Rational(1, 2)


@dataclass(frozen=True)
class Maximum:
    """Where a risk is largest, and how large.

    Attributes
    ----------
    generation : the first at which it is
    ratio : risk there over that of generation 1, exact
    """

    generation: int
    ratio: Expr

    def __repr__(self) -> str:
        # A late maximum is a fraction of thousands of digits.
        return f"Maximum(generation={self.generation}, ratio={readable(self.ratio)})"


@dataclass(frozen=True)
class Return:
    """From when on a risk is for ever at most that of generation 1.

    Attributes
    ----------
    earliest, latest : the generation lies between these two, included; they are one where it is known exactly
    """

    earliest: int
    latest: int

    @property
    def generation(self) -> int | None:
        """The generation; None where only the two bounds are known."""
        return self.earliest if self.earliest == self.latest else None


def constant(real: object) -> Expr:
    r"""The constant of the leading term of y_G: C(ρ) of :math:`C(\rho)\,G^{-2\rho}` for ρ < 1/2, else that of 1/G.

    At ρ = 1/2, where :math:`y_G = (\ln G + c + o(1))/G`, it is :math:`c = 4 \ln 2 + \gamma - 8K/\pi`, K Catalan's
    constant. Above it is 1/(2ρ − 1).

    Parameters
    ----------
    real : number or expression
        ρ, in [0, 1]. An expression stands for a fraction below 1/2.

    Examples
    --------
    >>> from theory.design.contamination import constant
    >>> constant(0), constant("3/4")
    (pi**2/6, 2)
    >>> constant("1/2").evalf(12)
    1.01731715489

    Notes
    -----
    Derived here: with :math:`B(i, 1/2)^2/\pi` for the terms of the sum, it is
    :math:`\frac4\pi\iint \frac{dx\,dy}{x^2 + y^2 - x^2y^2}` over the unit square, regularised at the corner, and
    :math:`\int_0^{\pi/2} \varphi/\sin\varphi\,d\varphi = 2K`.
    """
    fraction = verified_fraction(real)
    if fraction == HALF:
        return 4 * log(2) + EulerGamma - 8 * Catalan / pi
    if (fraction - HALF).is_positive:
        return 1 / (2 * fraction - 1)
    if fraction == 0:
        return pi**2 / 6
    upper, lower = (S.One, S.One, S.One), (2 - fraction, 2 - fraction)
    return hyper(upper, lower, S.One) / gamma(2 - fraction) ** 2


def constant_enclosure(real: object, digits: int = 30) -> tuple[Rational, Rational]:
    r"""Two rationals around :func:`constant`, :math:`10^{-\text{digits}}` of it apart at most.

    Raises
    ------
    DomainError
        When ρ is a symbol.

    Examples
    --------
    >>> from theory.design.contamination import constant_enclosure
    >>> low, high = constant_enclosure("1/4", 40)
    >>> float(low), high - low < 1e-39
    (2.86016570806464, True)
    """
    return enclosed(constant(real), whole_number("digits", digits, least=1))


def maximum(model: Model, real: object) -> Maximum:
    """The largest risk of a contaminated pool over all generations, and when: certified, from finitely many values.

    Raises
    ------
    NotDerivedError
        Where the risk is not that of one moment, ρ is 0 (it never falls) or so small that it turns later than is
        looked.

    Examples
    --------
    >>> from theory import Regular
    >>> from theory.design.contamination import maximum
    >>> maximum(Regular(), "1/10")
    Maximum(generation=4, ratio=76281469/64000000)
    >>> maximum(Regular(), "1/1000")
    Maximum(generation=307, ratio=1.62581715743420…)
    """
    fraction = verified_fraction(real)
    if fraction == 0:
        raise NotDerivedError(
            "real = 0: without real data the risk of a pool never falls, and accumulate's limit is all it stays below."
        )
    recurrence = _moments(model, fraction)
    found = single_hump(recurrence)
    if found is None:
        raise NotDerivedError(
            f"real = {fraction}: where the risk of {model.name} under a contaminated pool is largest is not derived."
        )
    generation, moment = found
    return Maximum(generation, moment / _first(recurrence))


def rises_at_first(model: Model, real: object) -> bool:
    """Whether generation 2 is worse than generation 1; without curvature for ρ < 2 − √3 = 0.2679….

    Examples
    --------
    >>> from theory import Regular
    >>> from theory.design.contamination import rises_at_first
    >>> rises_at_first(Regular(), "0.267"), rises_at_first(Regular(), "0.268")
    (True, False)
    """
    ratio = expected_risk(model, ContaminatedPool(verified_fraction(real))).ratio.at(2)
    return bool(ratio > 1)


def return_generation(model: Model, real: object) -> Return:
    r"""From when on a contaminated pool is for ever as good as its first model, which saw n real rows and nothing else.

    Exactly, by ball arithmetic, where that is within 50,000 generations; beyond, between two generations, for models
    without curvature by the enclosed sum, for families with one from generation 50,000 on. With small ρ it is late:
    about :math:`C(\rho)^{1/(2\rho)}`.

    Raises
    ------
    NotDerivedError
        For ρ = 0, which never returns; for a risk that is not that of one moment; and beyond generation 2^2000.

    Examples
    --------
    >>> from theory import Bernoulli, Regular
    >>> from theory.design.contamination import return_generation
    >>> [return_generation(Regular(), real).generation for real in ("1/2", "1/4", "1/5", "1/10")]
    [1, 3, 4, 24]
    >>> return_generation(Regular(), "1/100")
    Return(earliest=156070356032, latest=156070356033)
    """
    fraction = verified_fraction(real)
    if fraction == 0:
        raise NotDerivedError("real = 0: without real data a pool never returns to the risk of its first model.")
    recurrence = _moments(model, fraction)
    first = hump_from(recurrence)
    if first is None:
        raise NotDerivedError(f"real = {fraction}: the risk of {model.name} is not that of one moment with one turn.")
    with ctx.workprec(BITS):
        found, moment = _by_running(recurrence, first)
        if found is not None:
            return Return(found, found)
        curvature = _curvature(recurrence, fraction)
        if curvature is None or not (fraction - HALF).is_negative:
            raise NotDerivedError(
                f"real = {fraction}: the risk of {model.name} returns after generation {RUN}, where only that of "
                f"exponential families and of models without curvature is enclosed."
            )
        if curvature != 0:
            return _by_enclosure(fraction, _Onwards(fraction, curvature, moment))
        whole = _whole_sum(fraction)
        return _by_enclosure(fraction, lambda generation: _enclosed(fraction, whole, generation))


def pool_enclosure(real: object, generation: object) -> tuple[Rational, Rational]:
    """Two rationals around y_G at any G, by Gautschi's inequality; for ρ < 1/2, without curvature.

    Examples
    --------
    >>> from theory.design.contamination import pool_enclosure
    >>> low, high = pool_enclosure("1/10", 10**30)
    >>> float(low), float(high)
    (1.984706282519022e-06, 1.984706282519022e-06)
    """
    fraction, upto = verified_fraction(real), whole_number("generation", generation, least=1)
    if not fraction.is_Rational or not (fraction - HALF).is_negative or fraction == 0:
        raise DomainError(f"real = {real} is not allowed: give a number above 0 and below 1/2.")
    with ctx.workprec(BITS):
        return ends(_enclosed(fraction, _whole_sum(fraction), upto))


def labels_are_worth(real: object) -> Expr:
    r"""How much larger the risk is for ever than that of the real rows alone, labelled: ρ/(2ρ − 1), ∞ for ρ ≤ 1/2.

    Labelled, the real rows are used alone, with the ratio 1/(1 + ρ(G − 1)). Unlabelled the ratio is 1/((2ρ − 1)G)
    above one half; at one half the quotient grows like ln(G)/2, below like :math:`\rho\,C(\rho)\,G^{1-2\rho}`.

    Examples
    --------
    >>> from theory.design.contamination import labels_are_worth
    >>> labels_are_worth("3/4"), labels_are_worth("1/2")
    (3/2, oo)
    """
    fraction = verified_fraction(real)
    if (fraction - HALF).is_nonpositive:
        return S.Infinity
    return fraction / (2 * fraction - 1)


def row_by_row(model: ExponentialFamily, real: object) -> MomentRecurrence:
    r"""The risk where every row is real with probability ρ, independently of the others, not a fraction exactly.

    A row then follows the mixture of the truth and the model, whose variance has :math:`\rho(1-\rho)\delta^2` more:

    .. math:: y_g = \Bigl[\bigl(1 - \tfrac{\rho}{g}\bigr)^2 + \frac{(1-\rho)(v_2 + \rho)}{n g^2}\Bigr] y_{g-1}
              + \frac{1}{g^2} .

    Any n, and any ρ; to leading order in 1/n it is the same as with fixed counts.

    Examples
    --------
    >>> from theory import Bernoulli
    >>> from theory.design.contamination import row_by_row
    >>> row_by_row(Bernoulli(p="1/3", n=1), "1/2").at(2)
    1/6
    """
    if not isinstance(model, ExponentialFamily):
        raise NotDerivedError(
            f"model = {model!r} is not an exponential family: rows of a mixture are derived for these."
        )
    fraction = verified_fraction(real)
    v2 = model.variance_coefficients[2]
    fixed = model.recurrence(ContaminatedPool(fraction), "squared").as_moments()
    if fixed is None or fixed.matrix.shape != (1, 1):
        raise NotDerivedError(f"real = {fraction}: every row real with a changing probability is not derived.")
    g = fixed.symbol
    step = (1 - fraction.subs(j, g) / g) ** 2 + (1 - fraction) * (v2 + fraction) / (model.n * g**2)
    return fixed.changed(matrix=fixed.matrix.applyfunc(lambda _: step), adds_noise=False)


# -- how ---------------------------------------------------------------------------------------------------


def _moments(model: Model, fraction: Expr) -> MomentRecurrence:
    """The recurrence of a risk that is one moment."""
    recurrence = expected_risk(model, ContaminatedPool(fraction)).recurrence.as_moments()
    if recurrence is None or recurrence.matrix.shape != (1, 1) or recurrence.offset != 0:
        raise NotDerivedError(f"real = {fraction}: the risk of {model.name} is not that of one moment.")
    return recurrence


def _first(recurrence: MomentRecurrence) -> Expr:
    return next(iter(recurrence.changed(scale=S.One, offset=S.Zero).values()))


def _curvature(recurrence: MomentRecurrence, fraction: Expr) -> Rational | None:
    """c where the moment is y_g with the step (1 − ρ/g)² + c/g²; None where it is another."""
    g = recurrence.symbol
    found = cancel((recurrence.matrix[0] - (1 - fraction / g) ** 2) * g**2)
    plain = cancel(recurrence.forcing[0] - 1 / g**2) == 0 and recurrence.initial[0] == 1
    return found if plain and found.is_Rational else None


def _by_running(recurrence: MomentRecurrence, first: int) -> tuple[int | None, arb]:
    """The first generation of the fall that is not above generation 1, by balls, None where that is later than RUN; and
    the moment there.
    """
    field = Arithmetic([*recurrence.matrix, *recurrence.forcing], recurrence.symbol)
    step, inflow = (field.function(entry[0], recurrence.symbol) for entry in (recurrence.matrix, recurrence.forcing))
    level = moment = _ball(_first(recurrence))
    for g in range(int(recurrence.start), RUN + 1):
        before, moment = moment, arb(step(g)) * moment + arb(inflow(g))
        # The fall is for ever: what is below generation 1 then stays so.
        if g >= first and moment <= before and moment <= level:
            return (1 if g == int(recurrence.start) else g), moment
    return None, moment


def _whole_sum(fraction: Rational) -> arb:
    """C(ρ)."""
    low, high = constant_enclosure(fraction, DIGITS)
    return _ball(low).union(_ball(high))


def _enclosed(fraction: Rational, whole: arb, generation: int) -> arb:
    """y_G between what Gautschi's inequality makes of its factor and of its tail."""
    rho, last = _ball(fraction), arb(generation)
    factor = ((last + 1) ** (-2 * rho)).union(last ** (-2 * rho))
    least = (last + 1) ** (2 * rho - 1) / (1 - 2 * rho)
    most = last ** (2 * rho - 1) * ((last + 2) / (last + 1)) ** (2 * rho) / (1 - 2 * rho)
    return factor * (whole - least.union(most))


class _Onwards:
    r"""y_G of a family with curvature beyond N = RUN, between two numbers, from y_N.

    With :math:`a_i = (1 - \rho/i)^2 (1 + c/(i-\rho)^2)` and :math:`\varphi(x) = \Gamma(x+1-\rho)/\Gamma(x+1)`

    .. math:: y_G = \varphi(G)^2 \Bigl[\frac{E_N}{\varphi(N)^2}\, y_N
              + \sum_{N < i \le G} \frac{E_i}{i^2 \varphi(i)^2}\Bigr], \qquad
              E_i = \prod_{i < k \le G} \Bigl(1 + \frac{c}{(k-\rho)^2}\Bigr),

    where all E lie between 1 and :math:`e^{c/(N-\rho)}` for c > 0, :math:`e^{2c/(N-\rho)}` for
    :math:`-\frac12 (N + 1 - \rho)^2 \le c < 0`, and Gautschi's inequality bounds φ and the sum.
    """

    def __init__(self, fraction: Rational, curvature: Rational, moment: arb) -> None:
        self.rho, last, c = _ball(fraction), arb(RUN), _ball(curvature)
        if not 2 * abs(c) < (last + 1 - self.rho) ** 2:
            raise NotDerivedError(f"curvature {curvature} is too large for the enclosure from generation {RUN} on.")
        bend = c / (last - self.rho)
        self.factor = arb(1).union((bend if curvature > 0 else 2 * bend).exp())
        self.before = moment * ((last + 1).gamma() / (last + 1 - self.rho).gamma()) ** 2

    def __call__(self, generation: int) -> arb:
        rho, first, last = self.rho, arb(RUN), arb(generation)
        power, left = 2 * rho - 1, 1 - 2 * rho
        ratio = ((last + 1) ** (-2 * rho)).union(last ** (-2 * rho))
        least = ((first + 1) ** power - (last + 1) ** power) / left
        most = ((first + 2) / (first + 1)) ** (2 * rho) * (first**power - last**power) / left
        return ratio * self.factor * (self.before + least.union(most))


def _by_enclosure(fraction: Rational, at: Callable[[int], arb]) -> Return:
    """Bisection for the last generation that is surely above 1, and for the first that is surely not."""
    top = RUN
    while not at(top) <= 1:
        top *= 2
        if top.bit_length() > LARGEST:
            raise NotDerivedError(f"real = {fraction}: the pool returns after generation 2^{LARGEST}.")
    above, below = RUN - 1, RUN - 1
    latest = earliest = top
    while latest - below > 1:
        middle = (latest + below) // 2
        below, latest = (below, middle) if at(middle) <= 1 else (middle, latest)
    while earliest - above > 1:
        middle = (earliest + above) // 2
        above, earliest = (middle, earliest) if at(middle) > 1 else (above, middle)
    return Return(above + 1, latest)


def _ball(value: Rational) -> arb:
    return arb(fmpq(int(value.p), int(value.q)))


def labelled_growth(real: object, share: object) -> Expr:
    r"""Leading term of the ratio under a labelled pool of equal blocks, with the weight λ on the real rows.

    Of the means R, S of both pools :math:`E R_g^2 = E R_g S_g = 1/N_g`, :math:`N_g = 1 + \rho(g-1)`, so that the ratio
    is :math:`1/N_g + (1-\lambda)^2 d_g` with one moment, :math:`d_g = E(S_g - R_g)^2`:

    .. math:: d_{g+1} = \Bigl(1 - \frac\lambda g\Bigr)^2 d_g + \frac{\rho}{N_g N_{g+1}} + \frac1{(1-\rho)\,g^2},
              \qquad d_1 = 0.

    Below 1/2 it decays like :math:`C\,G^{-2\lambda}`, C Gamma functions and a hypergeometric series at 1; from there on
    as

    .. math:: \frac14\Bigl(\frac1\rho + \frac1{1-\rho}\Bigr) \frac{\ln G}G \text{ at } \lambda = \frac12, \qquad
              \Bigl(\frac1\rho + \frac{(1-\lambda)^2}{2\lambda-1}
              \Bigl(\frac1\rho + \frac1{1-\rho}\Bigr)\Bigr) \frac1G \text{ above.}

    A model's curvature adds :math:`O(g^{-3} \ln g)` a step from 1/2 on, and nothing to the leading term; below it
    changes the constant (:attr:`theory.Risk.growth` of the model's own ratio).

    Parameters
    ----------
    real : number or expression in (0, 1)
        ρ.
    share : number in (0, 1]
        λ.

    Raises
    ------
    DomainError
        For other numbers.

    Notes
    -----
    Derived here.

    Examples
    --------
    >>> labelled_growth("1/4", "3/4")
    14/(3*G)
    >>> labelled_growth("1/2", "1/2")
    log(G)/G
    >>> labelled_growth("1/4", "1/4").subs(G, 10**8).n(12)
    0.000405801282179
    """
    rho, weight = verified_fraction(real), exact("share", share)
    if not weight.is_number or (weight - 1).is_positive or not weight.is_positive:
        raise DomainError(f"share = {share} is not allowed: give a number above 0, up to 1.")
    if rho.is_number and not (rho.is_positive and (1 - rho).is_positive):
        raise DomainError(f"real = {real} is not allowed: it must lie between 0 and 1, neither of them included.")
    if (weight - HALF).is_negative:
        below: Expr = expected_risk(Regular(), LabelledPool(rho, share=weight)).ratio.growth
        return below
    both = 1 / rho + 1 / (1 - rho)
    if weight == HALF:
        return both / 4 * log(G) / G
    return cancel(1 / rho + (1 - weight) ** 2 / (2 * weight - 1) * both) / G
