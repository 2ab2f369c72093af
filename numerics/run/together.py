"""Replicates of a run in step: the models of a generation, one of each replicate, are fitted all at once."""

from __future__ import annotations

from itertools import islice
from typing import Any

from numerics.run.chain import Chain
from numerics.run.drive import AHEAD, Replicate, finish, first_of, unfinished
from numerics.run.first import FirstModels
from numerics.run.generator import Fitted, Told
from numerics.run.storage import Storage


def together(chain: Chain, count: int, storage: Storage, first: FirstModels, bar: Any) -> None:
    """Do what is not yet recorded, generation by generation."""
    left = unfinished(Replicate(chain, number, storage, bar.advance) for number in range(count))
    while group := list(islice(left, AHEAD)):
        while group:
            g = min(replicate.next for replicate in group)
            _level(chain, g, [replicate for replicate in group if replicate.next == g], first, bar.within)
            group = [replicate for replicate in group if not replicate.finished]


def _level(chain: Chain, g: int, members: list[Replicate], first: FirstModels, told: Told) -> None:
    """Fit generation g of all members but those whose model is known, then finish it for each of them."""
    keys: dict[int, str] = {}
    fitted: dict[int, Fitted] = {}
    waiting: dict[str | int, Replicate] = {}
    for member in members:
        key, known = first_of(member, first)
        if key is not None:
            keys[member.number] = key
        if known is None:
            # Replicates that share their first model have it fitted once.
            waiting.setdefault(member.number if key is None else key, member)
    each = [(member.number, member.synthetic, member.previous) for member in waiting.values()]
    for member, made in zip(waiting.values(), chain.fit_together(g, each, told), strict=True):
        fitted[member.number] = made
        if member.number in keys:
            first.put(keys[member.number], made)
    for member in members:
        found = fitted.get(member.number) or first.get(keys[member.number])
        assert found is not None
        finish(member, found)
