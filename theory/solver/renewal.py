r"""Limit and growth where blocks are weighed by their ages: the renewal sequence u, squared and summed.

Let :math:`v_m = u_m^2`, :math:`V = \sum_{m \ge 1} v_m`. Without curvature the risk is :math:`1 + \sum_{m<G} v_m`:

1. *Real data are kept*, :math:`\sum w < 1`: :math:`\sum u = 1/(1 - \sum w)`, so V < ∞ (u ≤ 1), and with curvature κ the
   risk tends to :math:`(1 + V)/(1 - \kappa V)` if κV < 1.
2. *Finite mean age* μ, period d: :math:`u_{dm} \to d/\mu` (Erdős, Feller and Pollard 1949), growth
   :math:`d\,G/\mu^2`. For κ < 0 the martingale of :mod:`theory.moments.stationary` comes to rest where
   :math:`1 + \kappa r = 0`.
3. *Infinite mean age*, :math:`w_l \sim l^{-1-\alpha} L(l)`, aperiodic, 0 < α ≤ 1, with survival function
   :math:`\bar F(l) = \sum_{m \ge l} w_m \sim l^{-\alpha} L(l)/\alpha`: by the strong renewal theorem
   (Garsia and Lamperti 1962, Erickson 1970 for α > 1/2; Doney 1997 for α ≤ 1/2, as :math:`l\,w_l/\bar F(l)` is bounded)

   .. math:: u_m \sim \frac{\sin \pi\alpha}{\pi}\,\frac{1}{m\,\bar F(m)} \quad (\alpha < 1), \qquad
             u_m \sim \Bigl(\sum_{k \le m} \bar F(k)\Bigr)^{-1} \quad (\alpha = 1).

   So V < ∞ for α < 1/2, the risk is logarithmic for α = 1/2 and constant L, and a power :math:`G^{2\alpha - 1}` above.
4. :math:`\sum_l w_l z^l = 1 - (1 - \rho z)^\alpha`: :math:`u_m = \rho^m (\alpha)_m/m!`, and
   :math:`1 + V = {}_2F_1(\alpha, \alpha; 1; \rho^2)`, at ρ = 1 and α < 1/2
   :math:`\Gamma(1 - 2\alpha)/\Gamma(1 - \alpha)^2`.

Derived here from the theorems named.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

from flint import fmpq, fmpq_mat
from sympy import Expr, Integer, Rational, S, diff, gamma, hyper, oo, pi, simplify, sin

from theory.asymptotics.scales import positive_variable, scale_of
from theory.errors import NotDerivedError
from theory.expressions.expansion import NoExpansion, Order, UnknownOrder, expand_at_infinity
from theory.expressions.sums import definite_sum
from theory.expressions.symbols import G, l
from theory.moments.renewal import RenewalRecurrence
from theory.workflows.ages import Ages, law_of

#: Ages of a table whose total is solved for exactly: a linear system of k(k + 1)/2 equations.
LONGEST_SOLVED = 16


@dataclass(frozen=True)
class Squares:
    """Σ_{m ≥ 1} u_m²: whether it converges, its value where that is known, the partial sums where they diverge."""

    converges: bool
    value: Expr | None = None
    partial: Expr | None = None
    mean: Expr | None = None


def squares(recurrence: RenewalRecurrence) -> Squares:
    """The sum of the squared renewal sequence, without its first term.

    Raises
    ------
    NotDerivedError
        Where the ages are of no kind that a theorem is known for.
    """
    law = law_of(recurrence.ages.weight)
    if law.weight.free_symbols - {l}:
        raise NotDerivedError("parameters decide how old blocks are.")
    if (1 - law.total).is_positive:
        return Squares(True, _kept(law))
    if simplify(1 - law.total) != 0:
        raise NotDerivedError("whether the ages leave a rest is not decided.")
    period, mean = law.period, mean_age(law)
    if period is None or (law.table is None and period != 1):
        raise NotDerivedError("the period of the ages is not decided.")
    if mean != oo:
        return Squares(False, None, period * G / mean**2, mean)
    return _heavy(law)


def mean_age(law: Ages) -> Expr:
    """Σ l w_l; ``oo`` where it diverges.

    Examples
    --------
    >>> mean_age(Ages(Rational(1, 2) ** l)), mean_age(Ages(1 / (l * (l + 1))))
    (2, oo)
    """
    if law.table is not None:
        return sum((age * weight for age, weight in law.table.items()), S.Zero)
    if law.geometric is not None:
        return simplify(sum((c / (1 - a) ** 2 for c, a in law.geometric), S.Zero))
    if law.steps is not None and law.steps.rho == 1:
        return oo
    summed = definite_sum(l * law.weight, l, Integer(1), G)
    if summed is not None:
        try:
            expansion = expand_at_infinity(summed, 2, Order({}))
            return oo if any(key[1] > 0 or key[2] > 0 for key in expansion.terms if key[0] == 1) else expansion.constant
        except (NoExpansion, UnknownOrder):
            pass
    (partial, _), *others = scale_of(_smooth(law, x := positive_variable()) * x, x).summed()
    if others or partial is None:
        raise NotDerivedError("the mean age is finite, or by cases, and its value not derived.")
    return oo


def _kept(law: Ages) -> Expr | None:
    """V of a law that leaves a rest."""
    if law.steps is not None:
        return hyper((law.steps.alpha,) * 2, (1,), law.steps.rho**2) - 1
    return _of_table(law) if law.longest is not None and law.longest <= LONGEST_SOLVED else None


def _of_table(law: Ages) -> Expr | None:
    """Σ u² by the covariance of the latest block means, M = e e' + A M A'."""
    table = law.table or {}
    size = law.longest or 0
    if not all(weight.is_Rational for weight in table.values()):
        return None
    weights = [table.get(age, S.Zero) for age in range(1, size + 1)]
    rows = [[(k, fmpq(int(w.p), int(w.q))) for k, w in enumerate(weights) if w != 0]]
    rows += [[(k - 1, fmpq(1))] for k in range(1, size)]
    pairs = [(a, b) for a in range(size) for b in range(a + 1)]
    place = {pair: index for index, pair in enumerate(pairs)}
    entries = fmpq_mat(len(pairs), len(pairs))
    for index, (a, b) in enumerate(pairs):
        entries[index, index] += 1
        for (left, first), (right, second) in product(rows[a], rows[b]):
            entries[index, place[max(left, right), min(left, right)]] -= first * second
    driven = fmpq_mat(len(pairs), 1)
    driven[0, 0] = fmpq(1)
    total = entries.solve(driven)[0, 0]  # the newest mean's own: u_0² + u_1² + …
    return Rational(int(total.p), int(total.q)) - 1


def _heavy(law: Ages) -> Squares:
    """An infinite mean age."""
    x = positive_variable()
    found = scale_of(_smooth(law, x), x)
    alpha = -1 - found.powers[1]
    if found.constant is None or found.powers[0] != 0 or not (alpha.is_positive and (1 - alpha).is_nonnegative):
        raise NotDerivedError("the weights are not compared with powers of the age.")
    survival = found.times(scale_of(x / alpha, x))
    if law.steps is not None:
        renewal = scale_of(x ** (alpha - 1) / gamma(alpha), x)
    elif alpha == 1:
        (mean, _), *_others = survival.summed()
        assert mean is not None
        renewal = mean.raised(S.NegativeOne)
    else:
        renewal = survival.times(scale_of(x, x)).raised(S.NegativeOne).times(scale_of(sin(pi * alpha) / pi, x))
    (partial, _), *others = renewal.raised(S(2)).summed()
    if others:
        raise NotDerivedError("the squares of the renewal sequence are on the border.")
    if partial is None:
        value = gamma(1 - 2 * alpha) / gamma(1 - alpha) ** 2 - 1 if law.steps is not None else None
        return Squares(True, value)
    leading = partial.leading
    return Squares(False, None, None if leading is None else simplify(leading.subs(x, G)), oo)


def _smooth(law: Ages, x: Expr) -> Expr:
    """A function of x that the weights are asymptotic to, and that is compared with powers more quickly."""
    if law.steps is not None and law.steps.rho == 1:
        alpha = law.steps.alpha
        return alpha * x ** (-1 - alpha) / gamma(1 - alpha)
    if law.survival is not None:
        # S(l) − S(l + 1) = −S'(ξ) with l < ξ < l + 1.
        return -diff(law.survival.subs(l, x), x)
    return law.weight.subs(l, x)
