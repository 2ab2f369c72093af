"""What became of one case of a study."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class CaseResult:
    """What one case found, in plain values that travel between processes.

    ``grid`` names the parameters that a grid of the study varied; ``checked`` is the last generation at which the
    simulation judged the formula. ``general_form`` is the closed form (or its leading
    order) as a reader wants it: with parameters as symbols where that is shorter; ``symbolic_form`` always has them as
    symbols, and is None where that is not derived. ``ratio_limit`` is exact or, where that is not known, to leading
    order in 1/n, as ``ratio_limit_exactness`` says; ``ratio_bound`` is the least upper bound of the ratio, ``oo`` when
    it diverges. ``certified`` says whether the closed form has a certificate that the checker accepts, None where there
    is no closed form. ``formula``, ``mean`` and ``stderr`` hold the risk at generations 1, 2, …; ``detectable`` is the
    smallest relative error in the formula that the run would have caught with probability 0.99, infinite where none
    was. ``verdict`` is "agrees", "disagrees" or "inconclusive", and ``passed`` says whether it is the first; ``reason``
    says why it is another or, of a formula to leading order that agrees, how much it leaves out. ``replicates_needed``
    is about how many replicates would decide an inconclusive case. ``method`` is how it was simulated: by importance
    sampling where derived moments say that as many plain chains cannot judge it. ``derivation`` is the text of the
    steps that lead to the theorem, each of them checked; empty where there are none.
    """

    model: str
    workflow: str
    loss: str
    parameters: dict[str, str]
    grid: tuple[str, ...]
    generations: int
    checked: int
    replicates: int
    seed: int
    method: str
    closed_form: str | None
    leading_order: str | None
    general_form: str | None
    symbolic_form: str | None
    ratio_limit: str | None
    ratio_limit_value: float | None
    ratio_limit_exactness: str
    ratio_bound: str | None
    ratio_bound_value: float | None
    limit: str | None
    growth: str | None
    bound: float | None
    domain: str
    exactness: str
    theorem: str
    certified: bool | None
    formula: tuple[float, ...]
    mean: tuple[float, ...]
    stderr: tuple[float, ...]
    worst_z: float
    p_value: float
    detectable: float
    passed: bool
    verdict: str
    replicates_needed: int | None
    reason: str
    seconds: float
    derivation: str = ""

    @property
    def name(self) -> str:
        """Model, workflow and, unless it is the squared error, loss."""
        return ", ".join([self.model, self.workflow, *([] if self.loss == "squared" else [self.loss])])
