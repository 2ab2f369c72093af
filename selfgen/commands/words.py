"""``selfgen words``: when the first of several words is gone, under replace."""

from __future__ import annotations

import json
import re
from typing import Annotated

import typer
from rich.table import Table

from numerics.extinction import first_extinction_probability
from selfgen.commands.options import whole
from selfgen.commands.terminal import show
from selfgen.values import text
from theory import DomainError, FirstExtinction
from theory.models.categories.first_extinction import MOST_TOKENS

#: "12" or "50x1000", and how many words may be given.
_COUNT = re.compile(r"([0-9]{1,12})(?:[x×]([0-9]{1,12}))?")
MOST_WORDS = 10**6
#: Generations that are told of unless others are asked for.
TOLD = (1, 2, 5, 10, 20, 50, 100)


def command(
    counts: Annotated[
        str,
        typer.Argument(metavar="COUNTS", help='Tokens of each word: "2 3 5"; "50x1000" is a thousand words of 50.'),
    ],
    generation: Annotated[
        list[int] | None,
        typer.Option(**whole("--generation", 1, 100_000), help="Up to which the first is gone; repeatable."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """When the first of several words is gone, under replace: the law of that time, its mean and its median.

    Exact for up to 100 tokens; beyond, for as many tokens as one likes at these counts, where words die independently.
    """
    words = _read(counts)
    time, asked = FirstExtinction(words), tuple(generation or TOLD)
    exact = time.n <= MOST_TOKENS or len(words) == 1  # a single word is refused there
    chances = [time.probability(g) for g in asked] if exact else first_extinction_probability(words, asked).tolist()
    found = {
        "tokens": time.n,
        "words": len(words),
        "exactness": "exact" if exact else "for n → ∞ at these counts",
        "mean": time.mean if exact else None,
        "median": time.quantile("1/2") if exact else _median(words),
    }
    if as_json:
        laws = [{"generation": g, "probability": float(p)} for g, p in zip(asked, chances, strict=True)]
        plain = {**found, "mean": float(time.mean) if exact else None, "law": laws}
        typer.echo(json.dumps(plain, ensure_ascii=False, indent=1))
        return
    table = Table(box=None, show_header=False, pad_edge=False)
    for name, value in found.items():
        if value is not None:
            table.add_row(name, _shown(value))
    for g, chance in zip(asked, chances, strict=True):
        table.add_row(f"P(T ≤ {g})", _shown(chance))
    show(table)


def _read(counts: str) -> tuple[int, ...]:
    """What is written, word by word."""
    found: list[int] = []
    for part in counts.replace(",", " ").split():
        match = _COUNT.fullmatch(part)
        if match is None:
            raise DomainError(
                f"COUNTS {part[:40]!r} is no count: write whole numbers such as 12, or 50x1000 for 1000 words."
            )
        times = int(match[2] or 1)
        if len(found) + times > MOST_WORDS:
            raise DomainError(f"COUNTS {counts[:40]!r} are more than {MOST_WORDS} words: give fewer.")
        found += [int(match[1])] * times
    return tuple(found)


def _median(words: tuple[int, ...]) -> int:
    """The least generation by which the first is gone with probability one half, for n → ∞."""
    low, high = 0, 1
    while first_extinction_probability(words, [high])[0] < 0.5:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if first_extinction_probability(words, [middle])[0] >= 0.5 else (middle, high)
    return high


def _shown(value: object) -> str:
    if isinstance(value, (str, int)):
        return str(value)
    if isinstance(value, float):
        return f"{value:.6g}"
    written, number = text(value), f"{float(value):.6g}"  # type: ignore[arg-type]
    return f"{number} = {written}" if len(written) <= 60 and written != number else number
