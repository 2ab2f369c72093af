r"""The expected number of categories still alive, by the ancestry of the data.

Follow every token that model G was fitted on back to the model that emitted it, to the token which that model copied
(a unigram model emits a copy of a token it was fitted on, token i of block j with probability :math:`w_{g,j}/N_j`),
and so on to a real token. A category is alive exactly when one of these real tokens belongs to it. Copies are made
without looking at categories, so with D the number of distinct real tokens reached,

.. math:: \text{support}_G = E\,h(D), \qquad h(d) = \sum_k \bigl(1 - (1 - p_k)^d\bigr) :

model G knows as many categories as D real draws show. D knows nothing of the probabilities: it is a coalescent, l
tokens of a block of N copying :math:`r` distinct tokens with probability :math:`S(l, r)\,N^{\underline r}/N^l`
(Stirling numbers of the second kind). Every sum has positive terms. Under replace this is the Wright–Fisher model,
D the number of ancestors (Kingman 1982, *On the genealogy of large populations*); for weights, fresh real data
and subsamples derived here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from math import comb

from flint import fmpq
from sympy import Dummy, Expr, Matrix, Rational, S, Symbol, eye, zeros

from theory.errors import DomainError, NotDerivedError
from theory.expressions.expansion import Order
from theory.expressions.signs import sign
from theory.models.probabilities import Probabilities
from theory.moments.recurrence import MomentRecurrence, Recurrence
from theory.workflows.base import Workflow, exact_weights
from theory.workflows.dynamics import GENERATION, LinearDynamics, PoolDynamics

#: Systems of so many moments go to the solver (a second); up to the next they are still run exactly.
MOST_SOLVED, MOST_EXACT = 24, 64
#: Subsamples up to here have exact values: a step costs b⁴/24 operations.
LARGEST_SUBSAMPLE = 30
#: Joint counts of lineages in several blocks.
MOST_STATES = 1500

_ELAPSED: Symbol = Dummy("t", dummy_index=3, nonnegative=True)

Law = dict[int, fmpq]
State = tuple[int, tuple[int, ...]]


def support_recurrence(probabilities: Probabilities, points: int, workflow: Workflow) -> Recurrence:
    """The expected number of categories of positive probability in model G, blocks of ``points``·s(j) tokens.

    Raises
    ------
    NotDerivedError
        For negative weights, or a subsample of anything but the pool.
    DomainError
        When a block would hold a fraction of a token.
    """
    recurrence = LineageRecurrence(probabilities, points, workflow)
    recurrence.verify()
    if recurrence.constant is not None:
        return MomentRecurrence(
            start=2,
            matrix=eye(1),
            forcing=zeros(1, 1),
            readout=eye(1),
            initial=Matrix([recurrence.constant]),
        )
    moments = recurrence.moments
    if moments is not None and moments.matrix.shape[0] <= MOST_SOLVED:
        return moments
    return recurrence


@dataclass(frozen=True)
class LineageRecurrence(Recurrence):
    """Support through the law of the number of real tokens with descendants.

    Attributes
    ----------
    probabilities : of the categories
    points : tokens in a unit block
    workflow : what each model is fitted on
    """

    probabilities: Probabilities
    points: int
    workflow: Workflow

    def verify(self) -> None:
        """Raise what the first generations already show to be wrong."""
        for g in (1, 2, 3):
            self.tokens(g)
            self.shares(g)

    # -- the workflow in tokens --------------------------------------------------------------------

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
            raise DomainError(
                f"workflow = {self.workflow!r} weighs blocks by symbols: the expected number of categories alive "
                f"needs numbers."
            )
        if any(weight < 0 for weight in (*weights, self.workflow.fresh_weight(g))):
            raise NotDerivedError(
                f"workflow = {self.workflow.name} has negative weights at generation {g}: its models are no "
                f"probabilities, and the number of categories alive is not defined."
            )
        if self.workflow.draw(GENERATION) is not None:
            sizes = [self.tokens(index) for index in range(1, g + 1)]
            pooled = all(weight == Rational(size, sum(sizes)) for weight, size in zip(weights, sizes, strict=True))
            if not pooled or not isinstance(self.workflow.dynamics(), PoolDynamics):
                raise NotDerivedError(
                    f"workflow = {self.workflow.name} draws a subsample of something else than the pool of all "
                    f"tokens: the expected number of categories alive is not derived, numerics.simulate works."
                )
        return weights

    def _whole(self, what: str, size: Expr) -> int:
        tokens = size * self.points
        if not (tokens.is_Integer and tokens >= 1):
            raise DomainError(
                f"n = {self.points} gives {what} {tokens} tokens under {self.workflow.name}: the expected number of "
                f"categories alive needs whole numbers, 1 or more."
            )
        return int(tokens)

    # -- values ------------------------------------------------------------------------------------

    def values(self) -> Iterator[Expr]:
        """Exact supports at generations 1, 2, …

        Raises
        ------
        DomainError
            When the exact numbers are out of reach.
        """
        for moment in self._moments_by_generation():
            yield self.offset + self.scale * moment

    def _moments_by_generation(self) -> Iterator[Expr]:
        if self.workflow.draw(GENERATION) is not None:
            yield from self._pooled()
        elif self.moments is not None:
            yield from self.moments.values()
        else:
            tables: list[Expr] = []
            for g in count(1):
                law = self.real_ancestors(g)
                if max(law) >= len(tables):
                    tables = self.probabilities.distinct(max(law))
                yield sum((_sympy(mass) * tables[d] for d, mass in sorted(law.items())), S.Zero)

    def real_ancestors(self, g: int) -> Law:
        """Law of D, the number of real tokens with a descendant in the data of model g."""
        if g > 1 and self.newest_only_until(g) and not any(self.fresh_tokens(i) for i in range(2, g + 1)):
            self._verify_reach(max(self.tokens(index) for index in range(1, g + 1)))
        weights = self.shares(g)
        kept = tuple(self.tokens(j) if weights[j - 1] != 0 else 0 for j in range(1, g + 1))
        if self.workflow.keeps_fresh:
            return self._with_kept_real_tokens(g, kept)
        states: dict[State, fmpq] = {(self.fresh_tokens(g), kept): fmpq(1)}
        for block in range(g, 1, -1):
            # With every token of block 1 and no fresh real data on the way, earlier ancestors add nothing.
            if all(lineages[0] == self.tokens(1) for _, lineages in states) and not any(
                self.fresh_tokens(index) for index in range(2, block)
            ):
                break
            states = self._one_block_back(states, block)
        law: Law = defaultdict(fmpq)
        for (fresh, lineages), mass in states.items():
            law[fresh + lineages[0]] += mass
        return dict(law)

    def _one_block_back(self, states: dict[State, fmpq], block: int) -> dict[State, fmpq]:
        """Tokens of ``block`` replaced by the distinct tokens of model block − 1 that they copy, one at a time."""
        weights = [_flint(weight) for weight in self.shares(block - 1)]
        sizes = [self.tokens(index) for index in range(1, block)]
        fresh_size = self.fresh_tokens(block - 1)
        fresh_weight = _flint(self.workflow.fresh_weight(block - 1)) if fresh_size else fmpq(0)
        # States by the number of tokens yet to follow: (fresh real tokens before, of this generation, lineages).
        waiting: dict[int, dict[tuple[int, int, tuple[int, ...]], fmpq]] = defaultdict(lambda: defaultdict(fmpq))
        for (fresh, lineages), mass in states.items():
            waiting[lineages[-1]][fresh, 0, lineages[:-1]] += mass
        for left in range(max(waiting), 0, -1):
            for (fresh, now, lineages), mass in waiting.pop(left, {}).items():
                following = waiting[left - 1]
                stays = fmpq(0)
                for index, weight in enumerate(weights):
                    taken = lineages[index]
                    stays += weight * fmpq(taken, sizes[index])
                    if weight and taken < sizes[index]:
                        more = (*lineages[:index], taken + 1, *lineages[index + 1 :])
                        following[fresh, now, more] += mass * weight * fmpq(sizes[index] - taken, sizes[index])
                if fresh_weight:
                    stays += fresh_weight * fmpq(now, fresh_size)
                    if now < fresh_size:
                        following[fresh, now + 1, lineages] += mass * fresh_weight * fmpq(fresh_size - now, fresh_size)
                if stays:
                    following[fresh, now, lineages] += mass * stays
            self._verify_states(len(waiting[left - 1]))
        found: dict[State, fmpq] = defaultdict(fmpq)
        for (fresh, now, lineages), mass in waiting[0].items():
            found[fresh + now, lineages] += mass
        return found

    def _with_kept_real_tokens(self, g: int, kept: tuple[int, ...]) -> Law:
        """The same where real tokens of every generation are kept: lineages of blocks 1 … g, then of real data."""
        states: dict[State, fmpq] = {(0, (*kept, *(self.fresh_tokens(i) for i in range(1, g + 1)))): fmpq(1)}
        for block in range(g, 1, -1):
            model = block - 1
            shares = [*self.shares(model), *self.workflow.fresh_weights(model)]
            sizes = [*map(self.tokens, range(1, block)), *map(self.fresh_tokens, range(1, block))]
            sources = [(index, _flint(share), sizes[index]) for index, share in enumerate(shares) if share != 0]
            # Real tokens of generation ``block`` have no ancestors, and no earlier model was fitted on them.
            waiting: dict[int, dict[State, fmpq]] = defaultdict(lambda: defaultdict(fmpq))
            for (done, lineages), mass in states.items():
                real = lineages[block:]
                waiting[lineages[model]][done + real[model], (*lineages[:model], *real[:model])] += mass
            for left in range(max(waiting), 0, -1):
                for (done, lineages), mass in waiting.pop(left, {}).items():
                    stays = fmpq(0)
                    for index, weight, size in sources:
                        taken = lineages[index]
                        stays += weight * fmpq(taken, size)
                        if taken < size:
                            more = (*lineages[:index], taken + 1, *lineages[index + 1 :])
                            waiting[left - 1][done, more] += mass * weight * fmpq(size - taken, size)
                    if stays:
                        waiting[left - 1][done, lineages] += mass * stays
                self._verify_states(len(waiting[left - 1]))
            states = waiting[0]
        law: Law = defaultdict(fmpq)
        for (done, lineages), mass in states.items():
            law[done + sum(lineages)] += mass
        return dict(law)

    def _verify_states(self, count: int) -> None:
        if count > MOST_STATES:
            raise DomainError(
                f"n = {self.points} leaves too many ways to trace tokens under {self.workflow.name} for exact "
                f"values: use numerics.simulate."
            )

    def _verify_reach(self, most: int) -> None:
        if most > MOST_EXACT:
            raise DomainError(
                f"n = {self.points} gives blocks of {most} tokens, too many for exact values of the number of "
                f"categories alive: use numerics.evaluate."
            )

    # -- the pool ----------------------------------------------------------------------------------

    def _pooled(self) -> Iterator[Expr]:
        r"""Subsamples of the pool.

        m tokens of pool g, a uniform subset: m' of them are in block g (hypergeometric), and copy r distinct tokens
        of subsample g − 1, itself a uniform subset of pool g − 1 that the other m − m' fall into at random.
        """
        alive: list[fmpq] = []
        draw = self.workflow.draw(GENERATION)
        assert draw is not None
        budget = self._whole("the subsample", draw.size)
        if budget > LARGEST_SUBSAMPLE:
            raise DomainError(
                f"n = {self.points} draws subsamples of {budget} tokens: the expected number of categories alive has "
                f"exact values for {LARGEST_SUBSAMPLE} or fewer, beyond use numerics.simulate."
            )
        for g in count(1):
            pool = sum(self.tokens(index) for index in range(1, g + 1))
            drawn = self.drawn(g)
            reach = min(pool, budget)
            if g == 1:
                alive = [_flint(value) for value in self._fractions(reach)]
            else:
                alive = self._one_pool_on(g, pool, alive, reach)
            if drawn is None:
                # The whole pool, block 1 and all: every category seen there is alive.
                yield self._fractions(self.tokens(1))[-1]
            elif drawn[1]:
                law = occupancy(drawn[0], pool)[-1]
                yield _sympy(sum((mass * alive[m] for m, mass in enumerate(law) if m < len(alive)), fmpq(0)))
            else:
                yield _sympy(alive[drawn[0]])

    def _fractions(self, draws: int) -> list[Expr]:
        values = self.probabilities.distinct(draws)
        if not all(value.is_Rational for value in values):
            raise DomainError(
                f"probabilities = {self.probabilities} are not fractions: exact values under a subsample need them."
            )
        return values

    def _one_pool_on(self, g: int, pool: int, alive: list[fmpq], reach: int) -> list[fmpq]:
        """E h(D) for 0..reach tokens of pool g, given the same for pool g − 1."""
        new, old = self.tokens(g), pool - self.tokens(g)
        drawn = self.drawn(g - 1)
        source, again = (old, False) if drawn is None else drawn
        copies = occupancy(min(reach, new), source)
        found = []
        for m in range(reach + 1):
            total = fmpq(0)
            for inside, chance in enumerate(_hypergeometric(pool, new, m)):
                if not chance:
                    continue
                others = m - inside
                for r, mass in enumerate(copies[inside]):
                    if not mass:
                        continue
                    # Tokens that the subsample shares with the others count once.
                    added = occupancy(r, old, others)[-1] if again else _hypergeometric(old, others, r)[::-1]
                    total += chance * mass * sum((p * alive[others + k] for k, p in enumerate(added) if p), fmpq(0))
            found.append(total)
        return found

    # -- newest data only --------------------------------------------------------------------------

    def newest_only_until(self, g: int) -> bool:
        """Whether every model up to g forgets all earlier blocks."""
        return all(weight == 0 for index in range(2, g + 1) for weight in self.shares(index)[:-1])

    @cached_property
    def moments(self) -> MomentRecurrence | None:
        """The recursion of E h(a + D) over a real tokens already found and l lineages, when it does not change with g.

        None when a model remembers earlier blocks, when its blocks differ in size, or when there are too many states.
        """
        newest = newest_block_only(self.workflow)
        if newest is None:
            return None
        own, share = newest
        block, fresh = self.tokens(2), self.fresh_tokens(2)
        if (self.tokens(1), self.fresh_tokens(3)) != (block, fresh):
            return None
        first = (fresh, block if own else 0)
        width = block + 1 if not fresh else (block + 1) * (block + 2) // 2
        if width > MOST_EXACT:
            return None
        try:
            alive = self.probabilities.distinct(fresh + block)
        except DomainError:
            return None
        copies, real = occupancy(block, block), occupancy(block, fresh) if fresh else [[fmpq(1)]]
        states = [(a, left) for a in range(fresh, fresh + (block if fresh else 0) + 1) for left in range(block + 1)]
        states = [(a, left) for a, left in states if a + left <= fresh + block and (left or fresh)]
        position = {state: index for index, state in enumerate(states)}
        matrix = zeros(len(states), len(states))
        for a, lineages in states:
            for to_real, chance in enumerate(_binomial(lineages, _flint(share))):
                for c, p in enumerate(real[to_real]) if chance else ():
                    for r, q in enumerate(copies[lineages - to_real]):
                        if p * q:
                            matrix[position[a, lineages], position[a + c, r]] += _sympy(chance * p * q)
        readout, forcing = zeros(1, len(states)), zeros(len(states), 1)
        readout[position[first]] = 1
        if not fresh:
            initial = Matrix([alive[lineages] for _, lineages in states])
            return MomentRecurrence(start=2, matrix=matrix, forcing=forcing, readout=readout, initial=initial)
        # Model 1 has no fresh real data: block 2 copies block 1 alone.
        second = [
            sum((_sympy(mass) * alive[a + r] for r, mass in enumerate(copies[left]) if mass), S.Zero)
            for a, left in states
        ]
        return MomentRecurrence(
            start=3,
            matrix=matrix,
            forcing=forcing,
            readout=readout,
            initial=Matrix(second),
            early=(alive[block],),
        )

    # -- what is known for ever --------------------------------------------------------------------

    @cached_property
    def keeps_first_block(self) -> bool:
        """Whether every model gives the real block positive weight, and nothing else is real."""
        return keeps_first_block(self.workflow)

    @cached_property
    def constant(self) -> Expr | None:
        """The support, when every model keeps the real block and nothing else is real; None otherwise."""
        if not self.keeps_first_block:
            return None
        try:
            return self.probabilities.distinct(self.tokens(1))[-1]
        except DomainError:
            return None

    def limit(self, order: Order) -> Expr | None:
        """1 where copies of copies come to rest in one category; None where that is not derived."""
        newest = newest_block_only(self.workflow)
        # A chain of copies in blocks of one size comes to rest in a single category.
        return S.One if newest is not None and newest[1] == 0 else None


def occupancy(balls: int, boxes: int, taken: int = 0) -> list[list[fmpq]]:
    """Laws of the number of newly occupied boxes after 0..balls balls, ``taken`` boxes being occupied before.

    Examples
    --------
    >>> from theory.models.categories.ancestry import occupancy
    >>> occupancy(2, 3)[2]
    [0, 1/3, 2/3]
    """
    law = [fmpq(1)]
    laws = [law]
    for thrown in range(balls):
        following = [fmpq(0)] * (thrown + 2)
        for new, mass in enumerate(law):
            full = fmpq(taken + new, boxes)
            following[new] += mass * full
            following[new + 1] += mass * (1 - full)
        law = following
        laws.append(law)
    return laws


def newest_block_only(workflow: Workflow) -> tuple[Expr, Expr] | None:
    """Weights of block g and of fresh real data, when from g = 2 on nothing else is used and neither changes with g."""
    dynamics = workflow.dynamics()
    if not isinstance(dynamics, LinearDynamics) or dynamics.start > 2 or workflow.size(GENERATION).has(GENERATION):
        return None
    if workflow.fresh_size(GENERATION).has(GENERATION):
        return None
    g = GENERATION
    if not (dynamics.readout * _open_loop(dynamics)).applyfunc(lambda entry: entry.cancel()).is_zero_matrix:
        return None
    own, fresh = ((dynamics.readout * part)[0].cancel() for part in (dynamics.innovation, dynamics.fresh))
    if own.has(g) or fresh.has(g) or not (own.is_Rational and fresh.is_Rational):
        return None
    return own, fresh


def keeps_first_block(workflow: Workflow) -> bool:
    """Whether every fit gives block 1 positive weight, none negative, and no fresh real data enter.

    Decided by the signs of the open loop :math:`A_g - b_g h_{g-1}`, the recursion of what the blocks so far
    contribute: only which entries are positive matters, and that sequence repeats.
    """
    dynamics = workflow.dynamics()
    if not isinstance(dynamics, LinearDynamics) or not dynamics.fresh.is_zero_matrix:
        return False
    start = max(dynamics.start, 2)
    for g in range(1, start + 1):
        weights = exact_weights(workflow, g)
        if not all(weight.is_nonnegative for weight in weights) or not weights[0].is_positive:
            return False
    late = {GENERATION: start + _ELAPSED}
    ranges = workflow.ranges()
    signs = [
        [sign(entry.subs(late), ranges) for entry in part]
        for part in (_open_loop(dynamics), dynamics.readout, dynamics.innovation)
    ]
    if any(found not in (0, 1) for part in signs for found in part):
        return False
    size = dynamics.transition.shape[0]
    loop = [[signs[0][row * size + col] == 1 for col in range(size)] for row in range(size)]
    # What block 1 contributes to the state at start − 1; with start = 1 it enters by the innovation at g = 1.
    if dynamics.start == 1:
        entering = list(dynamics.innovation.subs(GENERATION, 1))
    else:
        # ε_j is block j less model j − 1, which weighs block 1 itself.
        entering = list(dynamics.initial[:, 0])
        for index in range(2, dynamics.start):
            share = exact_weights(workflow, index - 1)[0]
            entering = [have - share * dynamics.initial[row, index - 1] for row, have in enumerate(entering)]
    if not all(entry.is_nonnegative for entry in entering):
        return False
    pattern = tuple(entry.is_positive for entry in entering)
    seen: set[tuple[bool, ...]] = set()
    while pattern not in seen:
        seen.add(pattern)
        pattern = tuple(any(loop[row][col] and pattern[col] for col in range(size)) for row in range(size))
        if not any(positive and signs[1][col] == 1 for col, positive in enumerate(pattern)):
            return False
    return True


def _open_loop(dynamics: LinearDynamics) -> Matrix:
    before = dynamics.readout.subs(GENERATION, GENERATION - 1)
    return (dynamics.transition - dynamics.innovation * before).applyfunc(lambda entry: entry.together())


def _flint(value: Expr) -> fmpq:
    return fmpq(int(value.p), int(value.q))


def _sympy(value: fmpq) -> Rational:
    return Rational(int(value.p), int(value.q))


def _hypergeometric(total: int, ones: int, drawn: int) -> list[fmpq]:
    """Law of the number of ones, 0..drawn, among ``drawn`` of ``total``."""
    ways = comb(total, drawn)
    return [fmpq(comb(ones, k) * comb(total - ones, drawn - k), ways) for k in range(drawn + 1)]


def _binomial(trials: int, p: fmpq) -> list[fmpq]:
    law = [fmpq(1)]
    for _ in range(trials):
        law = [
            (law[k] * (1 - p) if k < len(law) else fmpq(0)) + (law[k - 1] * p if k else fmpq(0))
            for k in range(len(law) + 1)
        ]
    return law
