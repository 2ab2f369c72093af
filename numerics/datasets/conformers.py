r"""Conformers of a molecule as torsion angles, and back.

Bond lengths and angles hardly vary; what makes a conformer are the angles about bonds that turn. A row holds one angle
a bond that turns, in radians in (−π, π]; a molecule that is built from a row has the bonds, rings and stereo-centres of
the reference, whatever the angles: it is chemically valid, and may only be crowded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from theory.errors import DomainError
from theory.expressions.arguments import whole_number

#: Bonds that turn: single, in no ring, and neither end is the end of a chain.
TURNS = "[!$(*#*)&!D1]-&!@[!$(*#*)&!D1]"
#: Heavy atoms that are not neighbours, nor neighbours of neighbours, are no nearer than this, in ångström.
NEAREST = 2.0


@dataclass(frozen=True, eq=False)
class Conformers:
    """Conformers of one molecule.

    Attributes
    ----------
    molecule : RDKit's, with hydrogens and one conformer, the reference
    torsions : four atoms for each bond that turns, (k, 4)
    rows : angles in radians, (N, k)
    """

    molecule: Any
    torsions: NDArray[np.int64]
    rows: NDArray[np.float64]

    def build(self, row: NDArray[np.float64]) -> Any:
        """The molecule with these angles, and nothing else changed."""
        from rdkit import Chem
        from rdkit.Chem import rdMolTransforms

        made = Chem.Mol(self.molecule)
        conformer = made.GetConformer()
        for atoms, angle in zip(self.torsions.tolist(), np.degrees(row).tolist(), strict=True):
            rdMolTransforms.SetDihedralDeg(conformer, *atoms, angle)
        return made

    def is_valid(self, molecule: Any) -> bool:
        """Whether a built molecule is the reference's, stereochemistry taken anew, and no heavy atoms are too near."""
        from rdkit import Chem

        fresh = Chem.Mol(molecule)
        if Chem.SanitizeMol(fresh, catchErrors=True) != Chem.SanitizeFlags.SANITIZE_NONE:
            return False
        # SMILES do not follow the coordinates by themselves.
        Chem.AssignStereochemistryFrom3D(fresh)
        reference = Chem.Mol(self.molecule)
        Chem.AssignStereochemistryFrom3D(reference)
        if Chem.MolToSmiles(Chem.RemoveHs(fresh)) != Chem.MolToSmiles(Chem.RemoveHs(reference)):
            return False
        heavy = [atom.GetIdx() for atom in fresh.GetAtoms() if atom.GetAtomicNum() > 1]
        bonds = Chem.GetDistanceMatrix(fresh)[np.ix_(heavy, heavy)]
        places = fresh.GetConformer().GetPositions()[heavy]
        apart = np.linalg.norm(places[:, None] - places[None], axis=-1)
        return bool((apart[bonds > 2] > NEAREST).all())

    def match_distance(self, molecule: Any, rows: NDArray[np.float64]) -> float:
        """Root mean square distance of heavy atoms to the nearest of conformers, in ångström, after the best turn."""
        from rdkit import Chem
        from rdkit.Chem import rdMolAlign

        probe = Chem.RemoveHs(molecule)
        return min(float(rdMolAlign.GetBestRMS(Chem.Mol(probe), Chem.RemoveHs(self.build(row)))) for row in rows)


def conformers(smiles: str, count: int, seed: int = 1) -> Conformers:
    """Conformers of a molecule by RDKit's ETKDG, from one call with one seed, relaxed by no force field.

    Parameters
    ----------
    smiles : of a molecule with at least one bond that turns
    count : positive int
    seed : from 1 to 2³¹ − 2; neighbouring seeds share conformers, so that one call makes them all

    Raises
    ------
    DomainError
        When it is no such molecule, or RDKit is not installed.

    Notes
    -----
    ETKDG: Riniker and Landrum 2015. Rows are in the order in which they are made; train and test are other rows.

    Examples
    --------
    >>> found = conformers("CCCCO", 20)  # doctest: +SKIP
    """
    number = whole_number("seed", seed, 1)
    if number > 2**31 - 2:
        raise DomainError(f"seed = {seed} is not allowed: it is at most {2**31 - 2}, which RDKit can tell from none.")
    try:
        from rdkit import Chem, rdBase
        from rdkit.Chem import rdDistGeom, rdMolTransforms
    except ImportError:
        raise DomainError("conformers need RDKit: pip install rdkit.") from None
    with rdBase.BlockLogs():
        flat = Chem.MolFromSmiles(smiles) if smiles and " " not in smiles else None
    if flat is None or not flat.GetNumAtoms():
        raise DomainError(f"smiles = {smiles!r} is no molecule.")
    molecule = Chem.AddHs(flat)
    bonds = flat.GetSubstructMatches(Chem.MolFromSmarts(TURNS), maxMatches=100_000)
    if not bonds:
        raise DomainError(f"smiles = {smiles!r} has no bond that turns.")
    torsions = np.array([_four(flat, *pair) for pair in bonds])
    made = rdDistGeom.EmbedMultipleConfs(molecule, whole_number("count", count, 1), randomSeed=number)
    if len(made) < count:
        raise DomainError(f"smiles = {smiles!r}: RDKit found {len(made)} conformers of {count}.")
    rows = np.array(
        [
            [rdMolTransforms.GetDihedralRad(molecule.GetConformer(place), *atoms) for atoms in torsions.tolist()]
            for place in made
        ]
    )
    reference = Chem.Mol(molecule, confId=made[0])
    return Conformers(reference, torsions, rows)


def _four(molecule: Any, left: int, right: int) -> tuple[int, int, int, int]:
    """The bond with a neighbour at each end, the one of the lowest number."""
    before = min(atom.GetIdx() for atom in molecule.GetAtomWithIdx(left).GetNeighbors() if atom.GetIdx() != right)
    after = min(atom.GetIdx() for atom in molecule.GetAtomWithIdx(right).GetNeighbors() if atom.GetIdx() != left)
    return before, left, right, after
