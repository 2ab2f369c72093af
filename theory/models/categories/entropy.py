r"""Entropy and perplexity of a fitted unigram model: :math:`H(\theta) = -\sum_k \theta_k\log\theta_k` and :math:`e^H`.

Entropy is a sum over categories, so that the law of one count is enough (:mod:`theory.models.categories.counts`); the
perplexity, the effective number of categories, needs the joint law of all counts. Exact values are fractions times
logarithms of primes, and products of roots of primes.

**Enclosures** at any n and G. Weights sum to 1 and every block is unbiased, so :math:`E\,\theta_g = p`, and
every linear functional of θ has variance :math:`E(a\cdot(\theta_g - p))^2 = q_g \mathrm{Var}_p(a)` with one
number :math:`q_g` for all of them, the squared error over :math:`1 - \sum p^2` (each obeys the recursion of the squared
error). So :math:`E\,\theta_k^2 = p_k (p_k + q_g(1-p_k))`, and with :math:`D_g = (1 - q_g)(1 - \sum p^2)`

.. math:: -\sum_k p_k \log\bigl(p_k + q_g(1-p_k)\bigr) \le E\,H(\theta_g)
   \le \min\Bigl\{H(p) - \tfrac12 q_g \bigl(1 - \sum p^2\bigr),\; \eta(D_g) + D_g\log(K-1),\;
   \sum_k p_k\log\frac{a_k}{p_k}\Bigr\},

where :math:`\eta(x) = -x\log x - (1-x)\log(1-x)`, and :math:`a_k = 1 - (1-p_k)^{n_1}` is the chance that category k is
among the real tokens (1 where there are fresh ones). On the left Jensen's inequality for the law with density
:math:`\theta_k/p_k`. On the right entropy is concave with modulus 1; Fano's bound is concave and increasing in
:math:`1 - \max_k\theta_k \le 1 - \sum\theta_k^2 \le 1 - 1/K`; and :math:`E\,f(\theta_k) \le a f(p_k/a)` for
:math:`f = -x\log x`, concave, and a the chance that category k is alive, in which that rises. To leading order
:math:`E\,H = H(p) - (K-1)\,q_g/2`, since :math:`E\,H(\theta_g) = H(p) - E\,\mathrm{KL}(\theta_g\,\|\,p)`.

For the perplexity :math:`e^{E H} \le E\,e^H \le 1 + (K-1)\,E H/\log K` (convexity on :math:`[0, \log K]`), and, as
:math:`H(\theta) - H(p) \le -\sum(\theta_k - p_k)\log p_k` and :math:`e^t \le 1 + t + t^2 b(M)` for
:math:`t \le M = \log K - H(p)`, :math:`b(M) = (e^M - 1 - M)/M^2`, also
:math:`E\,e^H \le e^{H(p)}\bigl(1 + q_g \mathrm{Var}_p(\log p)\,b(M)\bigr)`. Derived here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from flint import arb, ctx, fmpq, fmpz
from sympy import Add, Expr, Integer, Mul, Pow, Rational, S, expand_log, log

from theory.errors import DomainError
from theory.expressions.expansion import Order
from theory.expressions.numerals import to_flint, to_sympy
from theory.models.categories.ancestry import newest_block_only
from theory.models.categories.counts import Vector, fitted_laws
from theory.models.categories.tokens import TokenRecurrence
from theory.models.probabilities import Probabilities
from theory.moments.composition import compose
from theory.moments.recurrence import Recurrence
from theory.solver.solution import Solution
from theory.workflows.base import Workflow

#: Categories of which the joint law of counts is still run.
MOST_JOINT = 12
#: Bits of an enclosure.
BITS = 80


@dataclass(frozen=True)
class EntropyRecurrence(TokenRecurrence):
    """The expected entropy, or with ``loss`` the expected perplexity, by the law of counts."""

    loss: str = "entropy"

    @property
    def subject(self) -> str:
        """What is expected, as messages name it."""
        return f"the expected {self.loss}"

    def values(self) -> Iterator[Expr]:
        """Exact values at generations 1, 2, …

        Raises
        ------
        DomainError
            When probabilities are no fractions, or there are too many data sets to go through.
        """
        return (self._written(law) for law in self._laws())

    def at(self, generation: int) -> Expr:
        """The exact value at one generation; those before it are not written out."""
        return self._written(next(islice(self._laws(), generation - 1, None)))

    def _laws(self) -> Iterator[dict[Vector, fmpq]]:
        groups = self.probabilities.fractions()
        if self.loss == "entropy":
            chances: list[tuple[Vector, int]] = [((p,), times) for p, times in groups]
            return fitted_laws(chances, self)
        each = tuple(p for p, times in groups for _ in range(min(times, MOST_JOINT + 1)))
        if len(each) > MOST_JOINT:
            raise DomainError(
                f"probabilities = {self.probabilities} has more than {MOST_JOINT} categories, too many for exact "
                f"values of the expected perplexity: ask Risk.enclosure for bounds, or numerics.simulate."
            )
        return fitted_laws([(each[:-1], 1)], self)

    def _written(self, law: dict[Vector, fmpq]) -> Expr:
        return self.offset + self.scale * (_entropy(law) if self.loss == "entropy" else _perplexity(law))

    def limit(self, order: Order) -> Expr | None:
        """That of the truth where q tends to 0, and that of one category where q tends to 1; None in between.

        With q → 0 the fit tends to the truth in mean square; with q → 1 the mean of Σ θ² tends to 1, and so the fit to
        one category. Both losses are continuous and bounded.
        """
        newest = newest_block_only(self.workflow)
        part = S.One if newest is not None and newest[1] == 0 else self._kept_apart()
        if part == 1:
            return S.Zero if self.loss == "entropy" else S.One
        return _of_truth(self.probabilities, self.loss) if part == 0 else None

    def _kept_apart(self) -> Expr | None:
        """What q tends to; None where that is not known."""
        share = self._share
        moment = Solution(share, {}).limit
        return None if moment is None else share.offset + share.scale * moment

    @property
    def _share(self) -> Recurrence:
        """q."""
        return compose(self.workflow, S.One / self.points, Rational(-1, self.points), points=Integer(self.points))

    def enclosure(self, generation: int) -> tuple[Rational, Rational]:
        """Two numbers with the value between them, at any n: see the top of this page."""
        share = self._share.at(generation)
        if not share.is_Rational:
            raise DomainError(f"the squared error at generation {generation} is {share}: bounds need a fraction.")
        with ctx.workprec(BITS):
            groups, part = self.probabilities.balls(), arb(to_flint(share))
            fresh = any(self.fresh_tokens(g) for g in range(2, generation + 1))
            low, high = _bounds(groups, part, None if fresh else self.tokens(1))
            if self.loss == "perplexity":
                low, high = _perplexity_bounds(groups, part, low, high)
            low, high = (_end(value) for value in (low.lower(), high.upper()))
            return max(low, S.Zero if self.loss == "entropy" else S.One), high


def leading(probabilities: Probabilities, n: int, workflow: Workflow, loss: str) -> Recurrence | None:
    r"""Expected entropy or perplexity to first order in 1/n; None where probabilities are no fractions.

    With :math:`L = -\sum (\theta_k - p_k)\log p_k` and K words of positive probability
    :math:`H(\theta) = H(p) + L - \frac12\sum (\theta_k - p_k)^2/p_k + \dots` and
    :math:`E\,L^2 = q_g \mathrm{Var}_p(\log p)`:

    .. math:: E\,H \approx H(p) - \frac{K-1}2\,q_g, \qquad
              E\,e^H \approx e^{H(p)}\Bigl(1 - \frac{K-1}2\,q_g + \frac12\,q_g\,\mathrm{Var}_p(\log p)\Bigr).

    Derived here.
    """
    entropy = _of_truth(probabilities, "entropy")
    if entropy is None:
        return None
    groups = [(to_sympy(p), times) for p, times in probabilities.fractions() if p]
    lost = Rational(sum(times for _, times in groups) - 1, 2)
    share = compose(workflow, noise=Rational(1, n), curvature=S.Zero, exactness="leading order")
    if loss == "entropy":
        return share.changed(scale=-lost * share.scale, offset=entropy)
    spread = Add(*(times * p * _logarithm(p) ** 2 for p, times in groups)) - entropy**2
    whole = _of_truth(probabilities, "perplexity")
    return share.changed(scale=whole * (spread / 2 - lost) * share.scale, offset=whole)


def _of_truth(probabilities: Probabilities, loss: str) -> Expr | None:
    """Entropy or perplexity of the truth; None where probabilities are no fractions."""
    try:
        groups = [(to_sympy(p), times) for p, times in probabilities.fractions() if p]
    except DomainError:
        return None
    if loss == "entropy":
        return -Add(*(times * p * _logarithm(p) for p, times in groups))
    return Mul(*(p ** (-times * p) for p, times in groups))


def _logarithm(fraction: Rational) -> Expr:
    """log of a fraction by those of primes."""
    return expand_log(log(fraction), factor=True)


def _entropy(law: dict[Vector, fmpq]) -> Expr:
    """−Σ mass · θ log θ, written in logarithms of primes: one way to write each value."""
    primes: dict[int, fmpq] = defaultdict(fmpq)
    for (fit,), mass in law.items():
        if fit in (0, 1):
            continue
        for part, sign in ((fit.p, -1), (fit.q, 1)):
            for prime, power in fmpz(part).factor():
                primes[int(prime)] += sign * int(power) * fit * mass
    return Add(*(to_sympy(value) * log(Integer(prime)) for prime, value in sorted(primes.items()) if value))


def _perplexity(law: dict[Vector, fmpq]) -> Expr:
    """Σ mass · Π θ^(−θ), equal ones together."""
    alike: dict[tuple[fmpq, ...], fmpq] = defaultdict(fmpq)
    for followed, mass in law.items():
        fit = (*followed, 1 - sum(followed, fmpq(0)))
        alike[tuple(sorted(x for x in fit if x not in (0, 1)))] += mass
    terms = []
    for fit, mass in alike.items():
        primes: dict[int, fmpq] = defaultdict(fmpq)
        for x in fit:
            for part, sign in ((x.p, -1), (x.q, 1)):
                for prime, power in fmpz(part).factor():
                    primes[int(prime)] += sign * int(power) * x
        terms.append(Mul(to_sympy(mass), *(Pow(Integer(p), to_sympy(e)) for p, e in sorted(primes.items()))))
    return Add(*terms)


def _sums(groups: list[tuple[arb, int]]) -> tuple[int, arb, arb, arb]:
    """K, H(p), Σp² and Var_p(log p)."""
    size, entropy, square, moment = 0, arb(0), arb(0), arb(0)
    for p, times in reversed(groups):
        logarithm = p.log()
        size += times
        entropy -= times * p * logarithm
        square += times * p * p
        moment += times * p * logarithm * logarithm
    return size, entropy, square, moment - entropy * entropy


def _bounds(groups: list[tuple[arb, int]], share: arb, tokens: int | None) -> tuple[arb, arb]:
    """Of the entropy; ``tokens`` are those of the real block, None where fresh ones follow."""
    size, entropy, square, _ = _sums(groups)
    if size == 1 or share == 1:
        return arb(0), arb(0)
    low = -sum((times * p * (p + share * (1 - p)).log() for p, times in reversed(groups)), arb(0))
    high = entropy - share * (1 - square) / 2
    diversity = (1 - share) * (1 - square)
    # Fano's bound rises up to 1 − 1/K, and D is no more than that.
    if diversity > 0 and diversity < 1 - arb(1) / size:
        fano = -diversity * diversity.log() - (1 - diversity) * (1 - diversity).log() + diversity * arb(size - 1).log()
        high = high.min(fano)
    if tokens is not None:
        seen = ((times * p * ((1 - (1 - p) ** tokens) / p).log()) for p, times in reversed(groups))
        high = high.min(sum(seen, arb(0)))
    return low, high


def _perplexity_bounds(groups: list[tuple[arb, int]], share: arb, low: arb, high: arb) -> tuple[arb, arb]:
    size, entropy, _, spread = _sums(groups)
    if size == 1 or share == 1:
        return arb(1), arb(1)
    chord = (1 + (size - 1) * high / arb(size).log()).min(arb(size))
    room = (arb(size).log() - entropy).max(arb(0))
    # b is increasing: where M is not told from 0, take it at 1.
    if not room > 1e-6:
        room = arb(1)
    bennett = entropy.exp() * (1 + share * spread.max(arb(0)) * (room.exp() - 1 - room) / room**2)
    return low.exp(), chord.min(bennett)


def _end(value: arb) -> Rational:
    mantissa, exponent = value.man_exp()
    return Rational(int(mantissa)) * Rational(2) ** int(exponent)
