"""What every loss of a unigram model that is no moment needs of a workflow: its blocks in whole tokens, its weights."""

from __future__ import annotations

from dataclasses import dataclass

from sympy import Expr, Rational

from theory.errors import DomainError, NotDerivedError
from theory.expressions.block_size import BlockSize, PoolSize
from theory.models.probabilities import Probabilities
from theory.moments.recurrence import Recurrence
from theory.workflows.base import Workflow, exact_weights
from theory.workflows.dynamics import GENERATION, PoolDynamics


@dataclass(frozen=True)
class TokenRecurrence(Recurrence):
    """Expectations that follow the tokens of a workflow one by one.

    Attributes
    ----------
    probabilities : of the categories
    points : tokens in a unit block
    workflow : what each model is fitted on
    """

    probabilities: Probabilities
    points: int
    workflow: Workflow

    @property
    def subject(self) -> str:
        """What is expected, as messages name it."""
        raise NotImplementedError

    def verify(self) -> None:
        """Raise what the first generations already show to be wrong."""
        for g in (1, 2, 3):
            self.tokens(g)
            self.shares(g)

    def tokens(self, g: int) -> int:
        """Tokens of block g."""
        return self._whole(f"block {g}", self.workflow.size(g))

    def fresh_tokens(self, g: int) -> int:
        """Real tokens drawn afresh for model g; 0 when they have no weight."""
        if g == 1 or self.workflow.fresh_weight(g) == 0:
            return 0
        return self._whole(f"the fresh real data of generation {g}", self.workflow.fresh_size(g))

    def drawn(self, g: int) -> tuple[int, bool] | None:
        """Tokens that model g's subsample holds, and whether with replacement; None when it uses its whole pool."""
        draw = self.workflow.draw(g)
        if draw is None:
            return None
        size = self._whole("the subsample", draw.size)
        if draw.replacement or size < sum(self.tokens(index) for index in range(1, g + 1)):
            return size, draw.replacement
        return None

    def shares(self, g: int) -> list[Expr]:
        """Weights of blocks 1..g, verified to be those of a probability."""
        weights = exact_weights(self.workflow, g)
        if not all(weight.is_Rational for weight in (*weights, self.workflow.fresh_weight(g))):
            raise DomainError(f"workflow = {self.workflow!r} weighs blocks by symbols: {self.subject} needs numbers.")
        if any(weight < 0 for weight in (*weights, self.workflow.fresh_weight(g))):
            raise NotDerivedError(
                f"workflow = {self.workflow.name} has negative weights at generation {g}: its models are no "
                f"probabilities, and {self.subject} is not defined."
            )
        if self.workflow.draw(GENERATION) is not None:
            sizes = [self.tokens(index) for index in range(1, g + 1)]
            pooled = all(weight == Rational(size, sum(sizes)) for weight, size in zip(weights, sizes, strict=True))
            if not pooled or not isinstance(self.workflow.dynamics(), PoolDynamics):
                raise NotDerivedError(
                    f"workflow = {self.workflow.name} draws a subsample of something else than the pool of all "
                    f"tokens: {self.subject} is not derived, numerics.simulate works."
                )
        return weights

    def _whole(self, what: str, size: Expr) -> int:
        tokens = size * self.points
        if tokens.has(BlockSize, PoolSize):
            raise NotDerivedError(
                f"workflow = {self.workflow.name} has blocks of random size: {self.subject} is derived where sizes "
                f"are known."
            )
        if not (tokens.is_Integer and tokens >= 1):
            raise DomainError(
                f"n = {self.points} gives {what} {tokens} tokens under {self.workflow.name}: {self.subject} "
                f"needs whole numbers, 1 or more."
            )
        return int(tokens)
