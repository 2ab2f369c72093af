r"""Pairs across generations: each model's pairs are about the subspace that the last model estimated.

At a fixed D the estimate is the true subspace plus a term linear in the second moments of the pairs, plus O(1/N): the
pathway of the workflow carries the noise, and the ratio is that of every regular model (Dey and Donoho 2024). In the
limit D/N → g under replace, generation g finds :math:`v_g` at angle :math:`c^2` to :math:`v_{g-1}`, its remainder
uniform in the other directions and so orthogonal to all before: cosines multiply. Under accumulate they do so too, with
the angles of :mod:`theory.subspaces.pooled`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sympy import Expr, Min, Piecewise, S, pi

from theory.design.pathway import Pathway
from theory.errors import NotDerivedError
from theory.expressions.arguments import choice, generation
from theory.expressions.symbols import G
from theory.expressions.told import Told
from theory.subspaces.error import SubspaceError, number_of, subspace_error
from theory.subspaces.exact_number import verify_numbers
from theory.subspaces.factor_model import FactorModel, verify_model
from theory.subspaces.overlaps import overlaps
from theory.subspaces.pooled import pooled_error, pooled_number
from theory.workflows import Accumulate, Replace
from theory.workflows.base import Workflow, verify_workflow

#: Generations of the table.
_SHOWN = 20


@dataclass(frozen=True)
class ErrorOverGenerations(Told):
    r"""The error of a subspace G generations after the last real pair.

    Loss: :math:`\|P_G - P\|_F^2` without a unit; 1 is a direction missed, or one destroyed.

    Attributes
    ----------
    first : SubspaceError
        At generation 1.
    workflow : Workflow
    closed_form : Expr or None
        In ``theory.G``; None where there is a recurrence alone.

    Notes
    -----
    Derived here; see :func:`error_over_generations`.

    Examples
    --------
    >>> from theory import Replace
    >>> error_over_generations(FactorModel(3, 100, 100), Replace()).at(2)
    10/9
    """

    first: SubspaceError
    workflow: Workflow
    closed_form: Expr | None

    _drawn = (("squared error", None, None),)

    def at(self, g: Any) -> Expr:
        """The error at generation g ≥ 1; where pairs are pooled a nested root, up to generation 3."""
        number = generation("g", g)
        if self._pooled:
            return pooled_error(self.first.model, number)
        if self.first.regime == "proportional" and self.closed_form is not None:
            return self.closed_form.subs(G, number)
        return self.first.closed_form * Pathway(self.workflow).risk_ratio.at(number)

    def number(self, g: Any) -> float:
        """The error at generation g ≥ 1 as a float.

        Raises
        ------
        DomainError
            Where parameters are symbols.
        """
        if self._pooled:
            return pooled_number(self.first.model, generation("g", g))
        return number_of(self.at(g))

    @property
    def bound(self) -> Expr | None:
        r"""What the limit D/N → g never exceeds, at any generation; None for a leading order.

        2r; under accumulate also :math:`\pi^2/6` times the error of generation 1 (:mod:`theory.subspaces.pooled`).
        """
        if self.first.regime != "proportional":
            return None
        most = S(2 * self.first.model.rank)
        return Min(most, pi**2 / 6 * self.first.closed_form) if self._pooled else most

    @property
    def _pooled(self) -> bool:
        return self.first.regime == "proportional" and self.workflow == Accumulate()

    @property
    def exactness(self) -> str:
        """Which limit it is."""
        return self.first.exactness

    def headline(self) -> str:
        """What is estimated, under which workflow, and what that rests on."""
        form = "by a recurrence" if self.closed_form is None else str(self.closed_form)
        what = f"squared error of the subspace by {self.first.estimator} under {self.workflow.name}"
        return f"{what}: {form}, {self.exactness}"

    def table(self) -> dict[str, list[Any]]:
        """The error at generations 1 to 20; the first three, as expressions, where parameters are symbols."""
        symbolic = bool(self.first.closed_form.free_symbols)
        generations = list(range(1, (3 if symbolic else _SHOWN) + 1))
        errors = [self.at(g) if symbolic else self.number(g) for g in generations]
        return {"generation": generations, "squared error": errors}

    def plot(self, ax: Any = None) -> Any:
        """Draw the error over generations 1 to 20 on Matplotlib axes, and return them."""
        verify_numbers(self.first.closed_form)
        return super().plot(ax)

    def __repr__(self) -> str:
        return Told.__repr__(self)


def error_over_generations(
    model: FactorModel, workflow: Workflow, estimator: str = "svd", regime: str = "proportional"
) -> ErrorOverGenerations:
    r"""The error :math:`E\|P_G - P\|_F^2` where each generation's N pairs are about the subspace found before.

    - *leading*, D fixed: the error of generation 1 times the ratio of the pathway, G under replace and
      :math:`H_G^{(2)} \le \pi^2/6` under accumulate.
    - *proportional*, D/N → g: under replace :math:`2 \sum_j (1 - c_j^{2G})`, singular vectors. The error tends to 2 a
      direction, exponentially fast, where the leading order grows for ever. Under accumulate
      :math:`2 \sum_j (1 - \prod_{t \le G} c_{j,t}^2)` with cosines that tend to 1: a recurrence, never above
      :math:`H_G^{(2)} \le \pi^2/6` times the error of generation 1 (:mod:`theory.subspaces.pooled`).

    Parameters
    ----------
    model : FactorModel
    workflow : Workflow
    estimator : "svd" or "mean-difference"
    regime : "leading" or "proportional"

    Raises
    ------
    NotDerivedError
        In the proportional limit for any workflow but replace and accumulate of equal blocks, and for the mean
        difference.

    Notes
    -----
    Derived here, with the pathway of Dey and Donoho (2024).

    Examples
    --------
    >>> from theory import Accumulate
    >>> error_over_generations(FactorModel(3, 100, 10), Accumulate(), regime="leading").at(2)
    1/10
    >>> pooled = error_over_generations(FactorModel(3, 100, 100), Accumulate())
    >>> [round(pooled.number(g), 4) for g in (1, 2, 3, 1000)], round(float(pooled.bound), 4)
    ([0.6667, 0.7826, 0.8304, 0.9504], 1.0966)
    """
    verify_model(model)
    verify_workflow(workflow)
    choice("estimator", estimator, ("svd", "mean-difference"))
    choice("regime", regime, ("leading", "proportional"))
    first = subspace_error(model, estimator, regime)
    if regime == "leading":
        return _leading(first, workflow)
    if estimator != "svd" or workflow not in (Replace(), Accumulate()):
        raise NotDerivedError(
            f"the proportional limit under {workflow.name} by {estimator} is open: it is derived for singular vectors "
            "under replace and accumulate with equal blocks; regime='leading' covers every workflow."
        )
    if workflow == Accumulate():
        return ErrorOverGenerations(first, workflow, None)
    terms = (2 * (1 - _power(cosine)) for cosine in overlaps(model))
    return ErrorOverGenerations(first, workflow, sum(terms, S.Zero))


def _leading(first: SubspaceError, workflow: Workflow) -> ErrorOverGenerations:
    if first.estimator == "mean-difference" and first.model.rank > 1:
        raise NotDerivedError("what the mean difference misses of several factors is no noise: give one factor.")
    ratio = Pathway(workflow).risk_ratio.closed_form
    return ErrorOverGenerations(first, workflow, None if ratio is None else first.closed_form * ratio)


def _power(cosine: Expr) -> Expr:
    """c^{2G}, inside of the cases where there are some."""
    found: Expr = cosine**G
    if isinstance(cosine, Piecewise):
        found = Piecewise(*((value**G if value != 0 else value, condition) for value, condition in cosine.args))
    return found
