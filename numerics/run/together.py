"""Chains in step: the models that all of them need next, of whatever workflow, are fitted at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from numerics.run.chain import at_generation
from numerics.run.drive import AHEAD, Replicate, finish, first_of, unfinished
from numerics.run.first import FirstModels
from numerics.run.generator import Fitted, Told
from numerics.run.planned import Planned


def together(runs: Sequence[Planned], first: FirstModels, bar: Any) -> None:
    """Do what is not yet recorded of runs of one generator, generation by generation."""
    left = unfinished(_replicates(runs, bar))
    while group := list(islice(left, AHEAD)):
        while group:
            _round(group, first, bar.within)
            group = [replicate for replicate in group if not replicate.finished]


def _replicates(runs: Sequence[Planned], bar: Any) -> Iterator[Replicate]:
    """Seed by seed, so that what all workflows have in common is needed at a time."""
    for number in range(max(run.count for run in runs)):
        for run in runs:
            if number < run.count:
                yield Replicate(run.chain, number, run.storage, bar.advance)


def _round(members: Sequence[Replicate], first: FirstModels, told: Told) -> None:
    """Fit the next model of each member, unless it is known, then finish the generation for each of them."""
    keys: list[str | None] = []
    models: list[Fitted | None] = []
    waiting: dict[str | int, int] = {}
    for place, member in enumerate(members):
        key, known = first_of(member, first)
        keys.append(key)
        models.append(known)
        if known is None:
            # Chains that share their first model have it fitted once.
            waiting.setdefault(place if key is None else key, place)
    made_now = _fitted([members[place] for place in waiting.values()], told)
    for place, made in zip(waiting.values(), made_now, strict=True):
        models[place] = made
        if (key := keys[place]) is not None:
            first.put(key, made)
    for member, key, model in zip(members, keys, models, strict=True):
        found = model if model is not None or key is None else first.get(key)
        assert found is not None
        finish(member, found)


def _fitted(members: Sequence[Replicate], told: Told) -> list[Fitted]:
    """The next model of each."""
    if not members:
        return []
    leader = members[0]
    with at_generation(leader.number, leader.next):
        asked = [each.chain.to_fit(each.number, each.next, each.synthetic, each.previous) for each in members]
        return leader.chain.source.fit_together(asked, told)
