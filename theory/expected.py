"""The question selfgen answers."""

from __future__ import annotations

from theory.errors import DomainError
from theory.expressions.arguments import quoted
from theory.models.base import Model
from theory.risk import Risk
from theory.workflows.base import Workflow, verify_workflow


def expected_risk(model: Model, workflow: Workflow, loss: str = "squared") -> Risk:
    r"""Expected test risk of ``model`` at generation G when each generation trains as ``workflow`` says.

    The model contributes the conditional moments of its estimator, the workflow its weights or pool; together
    they are a linear recurrence for moments of :math:`\delta_g = \theta_g - \theta_0`, which the solver solves.

    Parameters
    ----------
    model : Model
        Parameters may be numbers, SymPy expressions, or left out (symbols).
    workflow : Workflow
        Built in, or your own subclass.
    loss : str, default "squared"
        One of ``model.losses``.

    Returns
    -------
    Risk

    Warns
    -----
    InputWarning
        When sizes, or another amount of data, look like a number of samples: they are in units of n, the samples of
        a unit block, so that a block of j·n samples has size j.

    Raises
    ------
    DomainError
        When your own workflow states dynamics that are not those of its weights.
    NotDerivedError
        When no argument known to the model covers the workflow.

    Notes
    -----
    Derived here: nothing is looked up; published formulas are in :mod:`theory.papers`, to be compared.

    Examples
    --------
    >>> from theory import Accumulate, Regular, expected_risk
    >>> risk = expected_risk(Regular(), Accumulate())
    >>> risk.ratio.closed_form, risk.ratio.limit
    (harmonic(G, 2), pi**2/6)
    """
    if not isinstance(model, Model):
        raise DomainError(f"model = {quoted(model)} is not a model: give an instance, such as Bernoulli(p, n).")
    verify_workflow(workflow)
    model.verify_loss(loss)
    return Risk.of(model, workflow, loss)
