r"""Expected entropies in floating point: blocks of thousands of tokens, where one pool or one block is all there is.

Backwards from the generation asked for: with :math:`u_G(i) = -\tfrac iN\log\tfrac iN` at a count i among the N tokens
that model G is fitted on,

.. math:: u_{g-1}(i) = \sum_j \mathrm{Bin}\bigl(n_g, i/N_{g-1}\bigr)(j)\; u_g(i' + j), \qquad
          E\,H(\theta_G) = \sum_i \mu(i)\, u_1(i),

i' = i where blocks are pooled and 0 where the newest is alone, μ(i) the expected number of categories with count i in
the real block. Every term is positive, so nothing cancels.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import entr
from sympy import oo

from numerics.binomial import binomial_rows, half_width, real_counts
from numerics.evaluate import runner
from theory.errors import DomainError
from theory.models.categories.entropy import EntropyRecurrence
from theory.moments.recurrence import Recurrence
from theory.risk import Risk
from theory.workflows.base import pooled_blocks
from theory.workflows.dynamics import GENERATION

Array = NDArray[np.float64]

#: Binomial probabilities of one step, some 0.5 GB, and of all, some ten seconds: computed rather than refused.
MOST_HELD, MOST_PROBABILITIES = 3 * 10**7, 2 * 10**8


@runner.register(EntropyRecurrence)
def _(recurrence: EntropyRecurrence, risk: Risk, generations: list[int]) -> dict[int, float]:
    last = max(generations)
    plain = recurrence.workflow.draw(GENERATION) is None and not any(
        recurrence.fresh_tokens(g) for g in range(2, last + 1)
    )
    blocks = pooled_blocks(recurrence.workflow) if plain else None
    if recurrence.loss != "entropy" or blocks not in (1, oo):
        return runner.dispatch(Recurrence)(recurrence, risk, generations)
    moments = _entropies(recurrence, generations, pooled=blocks == oo)
    scale, offset = float(recurrence.scale), float(recurrence.offset)
    return {g: offset + scale * value for g, value in moments.items()}


def _entropies(recurrence: EntropyRecurrence, generations: list[int], pooled: bool) -> dict[int, float]:
    last = max(generations)
    blocks = [recurrence.tokens(g) for g in range(1, last + 1)]
    held = np.cumsum(blocks).tolist() if pooled else blocks
    steps = [
        size * min(following + 1, 2 * int(half_width(following)) + 1)
        for size, following in zip(held[:-1], blocks[1:], strict=True)
    ]
    work = sum(steps if pooled or len(set(blocks)) > 1 else steps[:1])
    if work > MOST_PROBABILITIES or max(steps, default=0) > MOST_HELD:
        raise DomainError(
            f"n = {recurrence.points} takes {work:.1e} binomial probabilities up to generation {last}, too many for "
            f"the expected entropy: ask Risk.enclosure for bounds, or numerics.simulate."
        )
    ends = np.array(generations)
    later = np.zeros((held[-1] + 1, len(ends)))
    for g in range(last, 0, -1):
        size = held[g - 1]
        now = np.zeros((size + 1, len(ends)))
        if g < last:
            now[:] = _one_back(later, size, blocks[g], pooled)
        now[:, ends == g] = entr(np.arange(size + 1) / size)[:, None]
        later = now
    groups = recurrence.probabilities.groups()
    law, _ = real_counts(
        blocks[0], np.array([mass for mass, _ in groups]), np.array([times for _, times in groups], float), blocks[0]
    )
    return {g: float(total) for g, total in zip(generations, law @ later, strict=True)}


def _one_back(later: Array, size: int, following: int, pooled: bool) -> Array:
    """The expectation of ``later`` over a block of ``following`` tokens, by the count among ``size`` before it."""
    found = np.zeros((size + 1, later.shape[1]))
    for counts, columns, chances in _transitions(size, following):
        place = columns + (counts[:, None] if pooled else 0)
        for end in range(later.shape[1]):
            found[counts, end] = np.einsum("ij,ij->i", chances, later[place, end])
    return found


@lru_cache(maxsize=1)
def _transitions(size: int, following: int) -> list[tuple[NDArray[np.int64], NDArray[np.int64], Array]]:
    """Bin(following, i/size) for i = 1..size − 1: counts i, numbers of tokens, their probabilities."""
    counts = np.arange(1, size)
    found = []
    for rows, columns, mass in binomial_rows(following, counts / size, counts / (size - counts)):
        inside = (columns >= 0) & (columns <= following)
        found.append((counts[rows], np.where(inside, columns, 0), np.where(inside, mass, 0.0)))
    return found
