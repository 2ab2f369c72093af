"""Risks and certificates that tests read, derived once a session.

For tests of what a derived object *says*: a limit against numbers, a certificate that is changed. A test of the
derivation itself calls ``expected_risk`` and ``prove``. Risks keep what they were asked for, so that a closed form,
too, is found once; nothing here may be changed in place, which frozen dataclasses do not allow.
"""

from __future__ import annotations

from functools import cache

from sympy import Expr

from theory import NotDerivedError, Risk, expected_risk
from theory.models.base import Model
from theory.proof import Certificate, Claim, prove
from theory.workflows.base import Workflow


@cache
def risk(model: Model, workflow: Workflow, loss: str = "squared") -> Risk:
    """The risk of a model under a workflow."""
    return expected_risk(model, workflow, loss=loss)


def ratio(model: Model, workflow: Workflow, loss: str = "squared") -> Risk:
    """That risk over the risk at generation 1."""
    return risk(model, workflow, loss).ratio


@cache
def value(model: Model, workflow: Workflow, generation: int, loss: str = "squared") -> Expr:
    """The exact risk at one generation, by its recurrence."""
    return risk(model, workflow, loss).recurrence.at(generation)


def certificate(claim: type[Claim], *about: tuple[Model, Workflow, str], relative: bool = True) -> Certificate:
    """The certificate of a claim about pairs, each a model, a workflow and a loss; of their ratios unless told.

    Raises
    ------
    NotDerivedError
        When none is found, as often as it is asked for.
    """
    found = _proved(claim, about, relative)
    if found is None:
        raise NotDerivedError(f"no certificate was found: {claim.__name__} of {about}.")
    return found


@cache
def _proved(claim: type[Claim], about: tuple[tuple[Model, Workflow, str], ...], relative: bool) -> Certificate | None:
    try:
        return prove(claim(*((ratio if relative else risk)(*pair) for pair in about)))
    except NotDerivedError:
        return None
