r"""Steps that fade more slowly than 1/g, or as 1/g with more coming in than fades: the leading term, on a scale.

Let :math:`y_g = (1 - \lambda_g)\,y_{g-1} + f_g`, with λ and f > 0 on the scale of :mod:`theory.asymptotics.scales`, no
exponential in either (derived here):

1. :math:`g\lambda_g \to \infty`, and λ tends to 0 or to a constant below 2: :math:`y_g \sim h_g = f_g/\lambda_g`. For
   :math:`h_{g-1}/h_g = 1 + O(1/g) = 1 + o(\lambda_g)`, so that :math:`T = y/h` obeys
   :math:`T_g - 1 = (1 - \lambda_g(1 + o(1)))(T_{g-1} - 1) + o(\lambda_g)`, and :math:`\sum \lambda = \infty`.
2. :math:`g\lambda_g \to c \ge 0`, :math:`f_g = g^{-\beta}` times what varies more slowly, and
   :math:`s = c + 1 - \beta > 0`: then :math:`y_g \sim g f_g/s`. For :math:`T = y/(g f)` obeys
   :math:`T_g = (1 - s/g + o(1/g))\,T_{g-1} + 1/g`.

Shares :math:`\sim c\,g^{-a}` of real data are of these kinds.
"""

from __future__ import annotations

from sympy import Expr, S, oo

from theory.asymptotics.scales import Scale, positive_variable, scale_of
from theory.errors import NotDerivedError
from theory.expressions.symbols import G
from theory.moments.recurrence import MomentRecurrence
from theory.solver.reduced import reduced


def pulled(recurrence: MomentRecurrence) -> Scale | None:
    """The moment to leading order; None where neither case holds, or parameters decide.

    Examples
    --------
    >>> from theory import FreshReal
    >>> from theory.moments.composition import compose
    >>> pulled(compose(FreshReal(share="1/sqrt(j)"), noise=S.One, curvature=S.Zero)).leading
    sqrt(_x)/2
    """
    kept, x = reduced(recurrence.regimes[-1]), positive_variable()
    if kept.matrix.shape != (1, 1) or kept.readout[0] != 1 or kept.shift != 0:
        return None
    lost, push = (entry.subs(kept.symbol, x).expand() for entry in (1 - kept.matrix[0], kept.forcing[0]))
    if (lost.free_symbols | push.free_symbols) - {x} or lost == 0 or push == 0:
        return None
    try:
        share = scale_of(lost, x)
        # What comes in may be far harder to place than what fades.
        return _leading(share, scale_of(push, x)) if _is_plain(share) else None
    except NotDerivedError:
        return None


def _is_plain(scale: Scale) -> bool:
    """Whether it is positive in the end, without an exponential."""
    return scale.constant is not None and bool(scale.constant.is_positive) and scale.powers[0] == 0


def _leading(lost: Scale, inflow: Scale) -> Scale | None:
    if not _is_plain(inflow) or lost.constant is None:
        return None
    x = lost.variable
    pace = lost.times(scale_of(x, x))
    if _first(pace).is_positive:
        fades = _first(lost).is_negative or (_first(lost) == 0 and (2 - lost.constant).is_positive)
        return inflow.times(lost.raised(S.NegativeOne)) if fades else None
    pull = pace.constant if _first(pace) == 0 else S.Zero
    assert pull is not None  # of constants that are known
    spare = pull + 1 + inflow.powers[1]
    return inflow.times(scale_of(x / spare, x)) if spare.is_positive else None


def _first(scale: Scale) -> Expr:
    """The first power that is not 0, which says whether it grows, falls or tends to its constant."""
    return next((power for power in scale.powers if power != 0), S.Zero)


def pulled_limit(found: Scale) -> Expr | None:
    """Where it tends."""
    first = _first(found)
    return oo if first.is_positive else S.Zero if first.is_negative else found.constant


def pulled_growth(found: Scale) -> Expr | None:
    """The leading term in G."""
    leading = found.leading
    return None if leading is None else leading.subs(found.variable, G)
