"""When plain chains cannot judge a squared error, and chains drawn from tilted laws can."""

from __future__ import annotations

import numpy as np

from numerics.loss_law import squared_error_law
from numerics.losses import SquaredError
from numerics.pathway_table import pathway_coefficients
from numerics.samplers.families import canonical_family
from numerics.samplers.schedule import schedule
from numerics.samplers.tilted_chain import TILTED, TiltedChain
from theory.errors import DomainError
from theory.models.base import Model
from theory.models.exponential_family import ExponentialFamily
from theory.workflows.base import Workflow

#: Generations whose moments are looked at; what grows has grown by then.
LOOKED_AT = 60
#: Plain chains do where at every generation an error of this size is caught, at about six standard errors.
SEEN, STANDARD_ERRORS = 0.25, 6.0
#: And where tails are normal up to the critical value of a test over some ten generations.
CRITICAL = 3.9


def is_possible(model: Model, workflow: Workflow, loss: str, generations: int) -> bool:
    """Whether tilted chains are there: a family with v_2 > 0, its squared error, weights of a single chain."""
    return (
        isinstance(model, ExponentialFamily)
        and loss == "squared"
        and workflow.chain is workflow
        and workflow.random_sizes is None
        and not workflow.biased_real
        and canonical_family(model).name in TILTED
        and all(workflow.draw(g) is None for g in range(1, generations + 1))
    )


def is_needed(model: Model, workflow: Workflow, loss: str, generations: int, replicates: int) -> bool:
    """Whether derived moments say that plain chains cannot judge some generation, where tilted ones can be drawn."""
    if not is_possible(model, workflow, loss, generations):
        return False
    try:
        law = squared_error_law(model.noise(), workflow, min(generations, LOOKED_AT))
    except OverflowError:
        return True
    if law is None:
        return False
    seen = STANDARD_ERRORS * law.stderr(replicates) <= SEEN * np.abs(law.mean)
    # Where eighth moments were not run they are nan, and the variance alone decides.
    return bool((~seen | (law.strain(CRITICAL, replicates) > 1)).any())


def tilted_chain(model: Model, workflow: Workflow, generations: int, loss: str) -> TiltedChain:
    """The sampler of ``method = "importance"``.

    Raises
    ------
    DomainError
        Where there is none.
    """
    if not isinstance(model, ExponentialFamily) or not is_possible(model, workflow, loss, generations):
        raise DomainError(
            f"method = 'importance' is for the squared error of families whose variance grows like the square of the "
            f"mean (gamma, exponential, negative binomial, hyperbolic secant), without subsampling: not for "
            f"{model.name} under {workflow.name}, loss {loss}. Use 'exact-law' or 'raw'."
        )
    family = canonical_family(model)
    table = schedule(workflow, generations, int(model.n), keeps=True)
    block, _ = pathway_coefficients(workflow, generations)
    return TiltedChain(
        name=family.name,
        kind=family.kind,
        truth=family.truth,
        loss=SquaredError(family.truth, abs(family.scale)),
        schedule=table,
        plan=table.plan,
        strength=block[-1],
    )
