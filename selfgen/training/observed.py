"""What is looked at beside the loss: how well the model fits what it was trained on, and some of what it draws."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

#: Rows on which the training loss is measured, at most.
ROWS = 1000
#: Examples kept of each model.
EXAMPLES = 8


@dataclass(frozen=True)
class Observer:
    """Looks at a fitted model; travels to processes.

    Attributes
    ----------
    tokens : turns rows into texts, None where rows are images
    known : molecules that the model was first trained on, None where rows are no molecules
    """

    tokens: Any = None
    known: frozenset[str] | None = None

    def __call__(self, model: Any, rows: Any) -> dict[str, Any]:
        """Training loss, examples, and of molecules how many are valid, distinct and new."""
        found: dict[str, Any] = {"train_loss": -float(np.mean(model.score_samples(rows[:ROWS])))}
        if self.known is not None:
            drawn = [self.tokens.decode(row) for row in model.sample(500, seed=1)]
            return {**found, **_of_molecules(drawn, self.known), "examples": drawn[:EXAMPLES]}
        drawn = model.sample(EXAMPLES, seed=1)
        if self.tokens is not None:
            return {**found, "examples": [self.tokens.decode(row) for row in drawn]}
        return {**found, "examples": [[round(float(pixel), 3) for pixel in row] for row in drawn]}


def _of_molecules(drawn: list[str], known: frozenset[str]) -> dict[str, float]:
    """Shares of valid molecules, of distinct ones among these, and of new ones among those."""
    from rdkit import Chem, rdBase

    with rdBase.BlockLogs():
        # What stands behind a blank is a name to the parser, and an empty text a molecule of no atoms.
        parsed = [Chem.MolFromSmiles(text) if text and " " not in text else None for text in drawn]
        valid = [Chem.MolToSmiles(molecule) for molecule in parsed if molecule is not None and molecule.GetNumAtoms()]
    distinct = set(valid)
    return {
        "valid": len(valid) / len(drawn),
        "distinct": len(distinct) / len(valid) if valid else 0.0,
        "new": len(distinct - known) / len(distinct) if distinct else 0.0,
    }
