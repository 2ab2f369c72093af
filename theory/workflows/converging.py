r"""Workflows whose steps tend to those of a simpler one.

Let :math:`m_g = P_g m_{g-1} + f_g` with :math:`P_g \to P`, :math:`f_g \to f` and P stable. Then
:math:`m_g \to (I - P)^{-1} f`, the limit under the constants P, f: the difference d obeys
:math:`d_g = P_g d_{g-1} + o(1)`, and in a norm in which P contracts so do all later :math:`P_g` (derived here). So the
limit is that of the workflow whose weights are the limits of the weights, whatever the model's curvature.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

from sympy import Expr

from theory.workflows.base import Workflow
from theory.workflows.dynamics import Dynamics


class ConvergingDynamics(Dynamics, ABC):
    """The step of generation g, known number by number, tends to a constant one.

    Each answer is derived when first asked for.
    """

    @property
    @abstractmethod
    def limiting(self) -> Workflow:
        """The workflow with that constant step: a linear state with constant coefficients."""

    @property
    def moment(self) -> Expr | None:
        """The risk in ``theory.G``, in units of a unit block's noise, without curvature; None where it is not known."""
        return None

    @property
    def settled(self) -> Expr | None:
        """Limit of :attr:`moment`; None where only ``limiting`` tells."""
        return None
