"""The symbols of every formula: generation ``G``, block ``j``, age ``l`` of a block, ``t`` of generating functions."""

from __future__ import annotations

from sympy import Symbol

G: Symbol = Symbol("G", integer=True, positive=True)
j: Symbol = Symbol("j", integer=True, positive=True)
#: The newest block has age 1.
l: Symbol = Symbol("l", integer=True, positive=True)  # noqa: E741 - the letter of the literature
#: The argument of a probability generating function, E t^N.
t: Symbol = Symbol("t", positive=True)
