"""Seeds as NumPy's users give them, and the whole number that stands for each."""

from __future__ import annotations

from numbers import Integral

from numpy.random import Generator, SeedSequence

from theory.errors import DomainError
from theory.expressions.arguments import quoted, whole_number

Seed = int | SeedSequence | Generator
_POOL = SeedSequence(0).pool_size


def seed_number(seed: object, name: str = "seed") -> int:
    r"""The whole number that a run is made from: run again with it, a run is the same to the last bit.

    A number stands for itself. A ``SeedSequence`` of a number stands for that number, as it does in NumPy; any other
    (a child that ``spawn`` made, or one of several numbers) for 128 bits of its state, always the same ones, and it is
    not changed: a run made from it twice is the same twice. A ``Generator`` gives its next 128 bits, as it gives any
    other draw: the same generator in the same state makes the same run, and a second run from it is another.

    Parameters
    ----------
    seed : whole number 0 or more, numpy.random.SeedSequence or numpy.random.Generator

    Raises
    ------
    DomainError
        For anything else: None would make a run that nobody can repeat.

    Examples
    --------
    >>> import numpy as np
    >>> seed_number(7), seed_number(np.random.SeedSequence(7))
    (7, 7)
    >>> seed_number(np.random.default_rng(7)) == seed_number(np.random.default_rng(7))
    True
    """
    if isinstance(seed, SeedSequence):
        plain = isinstance(seed.entropy, Integral) and not seed.spawn_key and seed.pool_size == _POOL
        return int(seed.entropy) if plain else _number(seed.generate_state(4).tolist())  # type: ignore[arg-type]
    if isinstance(seed, Generator):
        return _number(seed.integers(2**32, size=4).tolist())
    try:
        return whole_number(name, seed, 0)
    except DomainError:
        raise DomainError(
            f"{name} = {quoted(seed)} is not allowed: {name} must be a whole number, 0 or more, a "
            "numpy.random.SeedSequence or a numpy.random.Generator."
        ) from None


def _number(words: list[int]) -> int:
    """One whole number from words of 32 bits, the lowest first."""
    return sum(word << (32 * place) for place, word in enumerate(words))
