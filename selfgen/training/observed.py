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


@dataclass(frozen=True)
class ConformerObserver:
    """Looks at a diffusion of conformers: how many it builds are valid, and how near they are to real ones.

    Attributes
    ----------
    conformers : what rows of angles are built on
    real : rows of angles of real conformers, (m, k)
    """

    conformers: Any
    real: Any

    def __call__(self, model: Any, rows: Any) -> dict[str, Any]:
        """Training loss, share of valid conformers, mean distance to the nearest real one, and angles."""
        drawn = model.sample(EXAMPLES * 5, seed=1)
        built = [self.conformers.build(row) for row in drawn]
        valid = [each for each in built if self.conformers.is_valid(each)]
        near = [self.conformers.match_distance(each, self.real) for each in valid[:EXAMPLES]]
        return {
            "train_loss": -float(np.mean(model.score_samples(rows[:ROWS]))),
            "valid": len(valid) / len(built),
            "match distance": float(np.mean(near)) if near else None,
            "examples": [" ".join(f"{angle:.0f}" for angle in np.degrees(row)) for row in drawn[:EXAMPLES]],
        }


def _of_molecules(drawn: list[str], known: frozenset[str]) -> dict[str, float]:
    """Shares of valid molecules, of distinct ones among these, and of new ones among those."""
    from rdkit import Chem

    parsed = [molecule_of(text) for text in drawn]
    valid = [Chem.MolToSmiles(molecule) for molecule in parsed if molecule is not None]
    distinct = set(valid)
    return {
        "valid": len(valid) / len(drawn),
        "distinct": len(distinct) / len(valid) if valid else 0.0,
        "new": len(distinct - known) / len(distinct) if distinct else 0.0,
    }


def molecule_of(smiles: str) -> Any:
    """RDKit's molecule; None where it is none."""
    from rdkit import Chem, rdBase

    with rdBase.BlockLogs():
        # What stands behind a blank is a name to the parser, and an empty text a molecule of no atoms.
        molecule = Chem.MolFromSmiles(smiles) if smiles and " " not in smiles else None
    return molecule if molecule is not None and molecule.GetNumAtoms() else None
