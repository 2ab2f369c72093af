"""The two symbols of every formula: the generation ``G`` and the block index ``j``."""

from __future__ import annotations

from sympy import Symbol

G: Symbol = Symbol("G", integer=True, positive=True)
j: Symbol = Symbol("j", integer=True, positive=True)
