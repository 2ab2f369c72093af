r"""Variance against bias: which of the two terms of a rise is larger, at which generations, and in the end.

.. math:: \text{rise}_g = A\,(\text{ratio}_g - 1) + C\,\varphi_g(\lambda),

the risk ratio of the workflow and the rise of its depth (:mod:`theory.design.depth`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from sympy import Expr, S

from theory.design.comparison import Comparison
from theory.design.depth import depth
from theory.errors import DomainError
from theory.expected import expected_risk
from theory.expressions.arguments import positive_number
from theory.models.regular import Regular
from theory.workflows.base import Workflow

BIAS, VARIANCE = "bias", "variance"


@dataclass(frozen=True)
class Balance:
    """Which term is larger. Made by :func:`bias_against_variance`.

    Attributes
    ----------
    leads : pairs of a generation and "bias" or "variance", from which on that term is the larger one
        All there are where ``in_the_end`` is known; else those up to ``checked``.
    in_the_end : "bias" or "variance" for all large generations; None where it is not proved
    reason : the argument, in words
    checked : generations compared one by one
    """

    leads: tuple[tuple[int, str], ...]
    in_the_end: str | None
    reason: str | None
    checked: int


def bias_against_variance(workflow: Workflow, variance: Any, bias: Any, rate: Any) -> Balance:
    r"""Compare :math:`A\,(\text{ratio}_g - 1)` with :math:`C\,\varphi_g(\lambda)`, exactly, and for ever.

    Parameters
    ----------
    workflow : Workflow
    variance, bias : positive numbers
        A, what variance adds in a generation of replace, and C.
    rate : number from 0 to 1
        λ.

    Returns
    -------
    Balance

    Raises
    ------
    DomainError
        When a number is missing, or not allowed.

    Notes
    -----
    Derived here.

    Examples
    --------
    >>> from theory import Replace
    >>> from theory.design.two_terms import bias_against_variance
    >>> found = bias_against_variance(Replace(), variance=1, bias=3, rate="4/5")
    >>> found.leads, found.in_the_end
    (((2, 'bias'), (16, 'variance')), 'variance')
    """
    sizes = [positive_number("variance", variance), positive_number("bias", bias)]
    ratio = expected_risk(Regular(p=1, n=1), workflow)
    depths = depth(workflow).rise(rate)
    if depths.model.free_symbols or workflow.free_symbols:
        raise DomainError(f"rate = {rate} and workflow = {workflow!r} must be numbers: the order depends on them.")
    risks = (
        _scaled(ratio, sizes[0], -sizes[0]),
        _scaled(depths, sizes[1], S.Zero),
    )
    (pair,) = Comparison((workflow, workflow), risks).pairs
    names = {1: VARIANCE, -1: BIAS}
    leads, before = [], 0
    for g, now in enumerate(pair.signs, start=1):
        if now in (1, -1) and now != before:
            leads.append((g, names[now]))
            before = now
    settled = pair.settled
    in_the_end = None if settled is None else names.get(settled.sign)
    return Balance(tuple(leads), in_the_end, None if settled is None else settled.reason, len(pair.signs))


def _scaled(risk: Any, by: Expr, shift: Expr) -> Any:
    found = risk.recurrence
    # The ratio is what it is here, not the leading order of something.
    moved = found.changed(scale=by * found.scale, offset=by * found.offset + shift, exactness="exact")
    return replace(risk, recurrence=moved)
