"""The symbols of every formula: the generation ``G``, the block index ``j``, and the age of a block, ``l``."""

from __future__ import annotations

from sympy import Symbol

G: Symbol = Symbol("G", integer=True, positive=True)
j: Symbol = Symbol("j", integer=True, positive=True)
#: The newest block has age 1.
l: Symbol = Symbol("l", integer=True, positive=True)  # noqa: E741 - the letter of the literature
