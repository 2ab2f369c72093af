"""Any pooled workflow on a budget: each model is fitted on a random subsample of the rows that it could have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from sympy import Expr, Integer, S

from theory.errors import DomainError
from theory.expressions.arguments import Exact, exact, positive_number
from theory.expressions.symbols import j
from theory.workflows.accumulate import Accumulate
from theory.workflows.base import ONE, Workflow, exact_weights, verify_workflow, weighs_as
from theory.workflows.dynamics import Draw
from theory.workflows.share_schedule import amount_schedule, at_generation
from theory.workflows.subsample import AccumulateSubsample

#: Generations whose weights must be those of pooled rows.
PROBED = 6


@dataclass(frozen=True)
class Subsampled(Workflow):
    r"""Model :math:`g` is fitted on n·b rows drawn without replacement from all that ``workflow`` would give it.

    What runs on a fixed budget of training rows: real and latest data mixed into one set of n rows, or a web of which
    each model reads a sample. The draw is unbiased, so that the noise of earlier blocks travels as before; its own is
    :math:`\eta_g` of variance :math:`1/b - 1/N_g` beside a block's 1, in model g as it is, and in later models as the
    noise of the block that is sampled from it. To leading order in 1/n

    .. math:: \text{ratio}_g = \sum_j \frac{C_{g,j}^2}{s(j)} + \sum_i \frac{D_{g,i}^2}{s^{\text{real}}(i)}
              + \sum_{i \le g} S_{g,i}^2 \Bigl(\frac1b - \frac1{N_i}\Bigr), \qquad S_{g,g} = 1,\; S_{g,i} = C_{g,i+1}.

    Parameters
    ----------
    workflow : Workflow
        One that weighs its rows alike: pooled. ``Accumulate`` makes an :class:`AccumulateSubsample`.
    budget : positive number, or an expression in ``theory.j``, default 1
        b, at generation j; as long as there are fewer rows than that, all are taken.

    Notes
    -----
    Derived here. Known for regular models, to leading order; for the depth of training rows, which a draw does not
    change; and exactly where :class:`AccumulateSubsample` is.

    Examples
    --------
    >>> from theory import RealPlusLatest, Regular, expected_risk
    >>> from theory.workflows.subsampled import Subsampled
    >>> ratio = expected_risk(Regular(), Subsampled(RealPlusLatest())).ratio
    >>> [ratio.at(g) for g in (1, 2, 3)]
    [1, 7/4, 31/16]
    """

    workflow: Workflow
    budget: Exact = ONE
    name: ClassVar[str] = "subsampled"

    def __post_init__(self) -> None:
        verify_workflow(self.workflow)
        object.__setattr__(self, "budget", _verified_budget(self.budget))
        if self.workflow.draw(PROBED) is not None:
            raise DomainError(f"workflow = {self.workflow!r} draws a subsample itself: give its budget there.")
        for g in range(2, PROBED + 1):
            self._verify_pooled(g)

    def _verify_pooled(self, g: int) -> None:
        """Weights are those of rows that are pooled."""
        inner, rows = self.workflow, self.workflow.rows(g)
        parts = [(weight, inner.size(index)) for index, weight in enumerate(exact_weights(inner, g), start=1)]
        parts += [
            (weight, inner.fresh_size(index)) for index, weight in enumerate(inner.fresh_weights(g), start=1) if weight
        ]
        if any(weight != 0 and (weight * rows - size).simplify() != 0 for weight, size in parts):
            raise DomainError(
                f"workflow = {inner!r} weighs its rows unequally in model {g}: a subsample is drawn from rows that are "
                "pooled."
            )

    def simplest(self) -> Workflow:
        """The built-in subsample of a pool of equal blocks."""
        plain = weighs_as(self.workflow, Accumulate) and self.workflow.schedule == 1
        return AccumulateSubsample(budget=self.budget) if plain else self

    def undrawn(self) -> Workflow:
        """The workflow whose rows are drawn from."""
        return self.workflow

    @property
    def sizes(self) -> Expr:  # type: ignore[override]
        """Of the workflow itself."""
        return self.workflow.sizes

    @property
    def schedule(self) -> Expr:
        """Of the workflow itself."""
        return self.workflow.schedule

    @property
    def keeps_fresh(self) -> bool:  # type: ignore[override]
        """As the workflow itself."""
        return self.workflow.keeps_fresh

    def weights(self, g: int) -> Any:
        """Of the workflow itself: expected shares of the subsample."""
        return self.workflow.weights(g)

    def size(self, index: int | Expr) -> Expr:
        """Of the workflow itself."""
        return self.workflow.size(index)

    def fresh_weight(self, g: int | Expr) -> Expr:
        """Of the workflow itself."""
        return self.workflow.fresh_weight(g)

    def fresh_weights(self, g: int) -> list[Expr]:
        """Of the workflow itself."""
        return self.workflow.fresh_weights(g)

    def fresh_size(self, g: int | Expr) -> Expr:
        """Of the workflow itself."""
        return self.workflow.fresh_size(g)

    def draw(self, g: int | Expr) -> Draw | None:
        """n·b rows; None where there are no more than that."""
        drawn = at_generation(self.budget, g)
        few = isinstance(g, (int, Integer)) and bool(self.workflow.rows(int(g)) <= drawn)
        return None if few else Draw(drawn, False)

    def drawn_noise(self, g: int) -> Expr:
        """1/b − 1/N_g, the variance of the draw's own noise beside that of a unit block's mean."""
        draw = self.draw(g)
        return S.Zero if draw is None else 1 / draw.size - 1 / self.workflow.rows(g)


def _verified_budget(budget: object) -> Expr:
    """A positive number, or an expression in ``theory.j`` with such values."""
    value = exact("budget", budget, indices=(j,))
    return amount_schedule("budget", value, "a budget") if value.has(j) else positive_number("budget", value)
