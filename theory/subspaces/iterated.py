r"""Edit, draw new pairs from what is left, edit again: a Möbius map that stops at the detection threshold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sympy import Expr, Piecewise, S, Symbol, cancel, sqrt

from theory.errors import DomainError, NotDerivedError
from theory.expressions.arguments import shown, whole_number
from theory.expressions.told import Told
from theory.subspaces.exact_number import verify_numbers
from theory.subspaces.factor_model import FactorModel, verify_model

#: Number of edits, in closed forms.
m: Symbol = Symbol("m", integer=True, nonnegative=True)

#: Edits of the table.
_SHOWN = 10
#: An exact strength has some two digits for each edit.
_MOST_EDITS = 10_000


@dataclass(frozen=True)
class IteratedEditing(Told):
    r"""The strength of a factor after repeated editing, each time with the singular vector of N new pairs.

    Removing a vector v with :math:`\cos^2 = c^2` leaves the factor :math:`(I - vv^\top) u` of squared length
    :math:`1 - c^2`, so in the limit D, N → ∞ at g = D/N

    .. math:: l' = l (1 - c^2) = \frac{g (l + 1)}{l + g}, \quad l > \sqrt g; \qquad l' = l, \quad l \le \sqrt g:

    below the detection threshold nothing is found. The Möbius map has fixed points :math:`\pm\sqrt g` and multiplier
    :math:`\lambda = (\sqrt g - 1)/(\sqrt g + 1)`. With more dimensions than pairs, g > 1, λ is positive, the strength
    falls towards :math:`\sqrt g` and is above it for ever. With fewer, g < 1, λ is negative: the first edit takes the
    strength below the threshold, between g and :math:`\sqrt g`, and every later one does nothing.

    Near the threshold the limit is reached slowly: with D = 400, N = 150 and l = 6 three edits leave 1.54 on average,
    and not 1.66; with D = 1600 and N = 600 they leave 1.62 (simulated).

    Parameters
    ----------
    model : FactorModel
        Of one factor; strengths in units of the noise variance of a coordinate.

    Raises
    ------
    NotDerivedError
        For several factors.

    Notes
    -----
    Derived here.

    Examples
    --------
    >>> editing = IteratedEditing(FactorModel(6, pairs=100, dimension=400))
    >>> editing.at(1), editing.at(2), editing.floor
    (14/5, 38/17, 2)
    >>> IteratedEditing(FactorModel(6, pairs=400, dimension=100)).at(5)
    7/25
    """

    model: FactorModel

    _drawn = (("strength left", None, None),)

    def __post_init__(self) -> None:
        if verify_model(self.model).rank > 1:
            raise NotDerivedError("repeated editing is derived for one factor: those of several turn into each other.")

    @property
    def strength(self) -> Expr:
        """The strength before the first edit."""
        return self.model.strengths[0]

    @property
    def multiplier(self) -> Expr:
        """λ = (√g − 1)/(√g + 1): the factor of (l − √g)/(l + √g) from one edit to the next."""
        root = sqrt(self.model.ratio)
        return (root - 1) / (root + 1)

    @property
    def fixed_points(self) -> tuple[Expr, Expr]:
        """√g and −√g."""
        root = sqrt(self.model.ratio)
        return root, -root

    def step(self, strength: Expr) -> Expr:
        """The strength after one edit."""
        ratio = self.model.ratio
        return Piecewise((ratio * (strength + 1) / (strength + ratio), strength**2 > ratio), (strength, True))

    def at(self, edits: Any) -> Expr:
        """The strength after a whole number of edits, 0 to 10,000, exactly in the limit."""
        number = whole_number("edits", edits, 0)
        if number > _MOST_EDITS:
            raise DomainError(f"edits = {shown(number)} is not allowed: give {_MOST_EDITS} or fewer, or see the floor.")
        if self.model.ratio.free_symbols or self.strength.free_symbols:
            return self.closed_form.subs(m, number)
        left = self.strength
        for _ in range(number):
            following = self.step(left)
            if following == left:
                break
            left = following
        return left

    @property
    def closed_form(self) -> Expr:
        r"""The strength after ``m`` edits, in :data:`theory.subspaces.m`.

        :math:`\sqrt g\,\frac{1 + w}{1 - w}` with :math:`w = \lambda^m (l - \sqrt g)/(l + \sqrt g)` where the strength
        is above the threshold and stays there (g ≥ 1); one step of the map where it does not; l below the threshold.
        """
        ratio, start = self.model.ratio, self.strength
        once = Piecewise((start, m < 1), (self._mapped(start), True))
        return Piecewise((start, start**2 <= ratio), (once, ratio < 1), (self.mobius, True))

    @property
    def mobius(self) -> Expr:
        r"""The m-th iterate of the Möbius map itself, whether or not a direction is still found."""
        return _iterate(self.strength, sqrt(self.model.ratio), self.multiplier**m)

    @property
    def floor(self) -> Expr:
        r"""What no number of edits goes below: :math:`\sqrt g` (g ≥ 1), or what the first edit leaves (g < 1)."""
        ratio, start = self.model.ratio, self.strength
        return Piecewise((start, start**2 <= ratio), (self._mapped(start), ratio < 1), (sqrt(ratio), True))

    @property
    def certificate(self) -> dict[str, Expr]:
        r"""What has to vanish for the iterate to be right, each a rational function reduced to lowest terms.

        With :math:`s = \sqrt g` and :math:`\Lambda = \lambda^m` as free symbols: the iterate at Λ = 1 is the start, the
        map takes the iterate at Λ to that at λΛ, and the map fixes ±s. By induction it is right for every m, every g
        and every l. (Certificates of :mod:`theory.proof` are about linear recurrences, which this is not.)
        """
        root, power, start = Symbol("s", positive=True), Symbol("Lambda"), Symbol("l", positive=True)
        multiplier = (root - 1) / (root + 1)

        def mapped(strength: Expr) -> Expr:
            return root**2 * (strength + 1) / (strength + root**2)

        return {
            "start": cancel(_iterate(start, root, S.One) - start),
            "step": cancel(mapped(_iterate(start, root, power)) - _iterate(start, root, multiplier * power)),
            "upper fixed point": cancel(mapped(root) - root),
            "lower fixed point": cancel(mapped(-root) + root),
        }

    def _mapped(self, strength: Expr) -> Expr:
        return self.model.ratio * (strength + 1) / (strength + self.model.ratio)

    def headline(self) -> str:
        """Where it starts, and where it ends."""
        return f"strength {shown(self.strength)} edited again and again: it never falls below {shown(self.floor)}"

    def table(self) -> dict[str, list[Any]]:
        """The strength left after 0 to 10 edits; of symbols after none and one."""
        symbolic = bool(self.model.ratio.free_symbols or self.strength.free_symbols)
        edits = list(range(2 if symbolic else _SHOWN + 1))
        left = [self.at(number) for number in edits]
        return {"edits": edits, "strength left": left if symbolic else [float(value) for value in left]}

    def plot(self, ax: Any = None) -> Any:
        """Draw the strength over 0 to 10 edits on Matplotlib axes, and return them."""
        verify_numbers(self.strength + self.model.ratio)
        return super().plot(ax)

    def __repr__(self) -> str:
        return f"IteratedEditing(from {shown(self.strength)}, floor {shown(self.floor)})"


def _iterate(start: Expr, root: Expr, power: Expr) -> Expr:
    """The strength whose cross ratio with the fixed points is ``power`` times that of ``start``."""
    share = power * (start - root) / (start + root)
    return root * (1 + share) / (1 - share)
