r"""Loops that bend under a memory that fades: the weighted mean moves by the newest block alone.

With :math:`c_g = s_g/M_g`, :math:`M_g = q_g M_{g-1} + s_g`, the weighted mean is :math:`m_g = (1-c_g)\,m_{g-1} + c_g
\bar x_g`, so that its two moments move by themselves, O(1) numbers a generation whatever the rates and sizes are.

In the long run, at a constant rate 0 < q < 1 and equal sizes, a model fitted on all ng samples keeps
:math:`1 - \kappa/(ng) + O(g^{-2})` of its weighted mean. With :math:`c = 1 - q` and π the prior mean about the truth,

.. math:: E\,m_g - \pi = (E\,m_{g-1} - \pi)\Bigl(1 - \frac{c\,\kappa}{n g} + O(g^{-2})\Bigr) \sim g^{-c\kappa/n},

so the bias tends to π, however weak the prior: old data fade, and nothing but the prior is left. For unbiased blocks

.. math:: E\,m_g^2 = \Bigl(1 + \frac{c^2 v_2}{n} - \frac{2c\,\kappa}{ng}\Bigr) E\,m_{g-1}^2
          + \frac{c^2}{n}\,(V_0 + V_1\,E\,m_{g-1}) + O(g^{-1})\,(1 + E\,m_{g-1}) + O(g^{-2})\,E\,m_{g-1}^2,

where a posterior draw, whose variance is :math:`O(g^{-1})`, adds no more. For :math:`-2n < c^2 v_2 < 0` the risk tends
to :math:`-(V_0 + V_1\pi)/v_2`, at which no variance is left; for v_2 = 0 it is
:math:`\sim c^2 (V_0 + V_1\pi)\,G/(n + 2c\kappa)`, as the sum of a constant times :math:`(i/G)^{2c\kappa/n}`; for
v_2 > 0 it grows exponentially. Derived here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any


def fading_moments(
    bend: Any,
    rate: Callable[[int], Any],
    size: Callable[[int], Any],
    real: Callable[[], tuple[Any, Any]],
    lowest: Callable[[Any], Any],
) -> Iterator[tuple[Any, Any]]:
    """E θ_g and E θ_g² about the truth at g = 1, 2, …, in whatever numbers the bend is.

    ``real`` gives the two moments of the mean of the real block; ``lowest`` shortens a number.
    """
    lean = (1 - bend.fidelity) * bend.target
    held = rows = size(1)
    mean, square = real()
    for g in count(1):
        kept, blur = bend.kept(rows), bend.blur(rows)
        own = (1 - kept) * bend.prior
        fitted = kept * mean + own
        second = kept**2 * square + 2 * kept * own * mean + own**2
        drawn = second + blur * (bend.variance + bend.slope * fitted + bend.curvature * second)
        yield fitted, drawn
        block = bend.fidelity * fitted + lean
        crossed = bend.fidelity * (kept * square + own * mean) + lean * mean
        newest = bend.fidelity**2 * drawn + 2 * bend.fidelity * lean * fitted + lean**2
        noise = bend.dispersion * (bend.variance + bend.slope * block + bend.curvature * newest)
        added = size(g + 1)
        held, rows = rate(g + 1) * held + added, rows + added
        newest = newest + noise / (bend.points * added)
        c = added / held
        square = lowest((1 - c) ** 2 * square + 2 * c * (1 - c) * crossed + c**2 * newest)
        mean = lowest((1 - c) * mean + c * block)
