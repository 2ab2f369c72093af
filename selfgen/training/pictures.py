"""What an example looks like: pixels of an image, the drawing of a molecule; None where there is nothing to draw."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.image import imread
from numpy.typing import NDArray

#: Pixels of the drawing of a molecule, each way.
PIXELS = 240


@dataclass(frozen=True)
class ImagePicture:
    """Images of ``side`` by ``side`` pixels, 1 being black."""

    side: int
    #: Examples in a line, and the inches of one.
    shown = 8
    inches = 0.32

    def __call__(self, example: Any) -> NDArray[Any]:
        """In grey, 0 being black, (side, side)."""
        return 1.0 - np.clip(np.reshape(example, (self.side, self.side)), 0.0, 1.0)


@dataclass(frozen=True)
class SmilesPicture:
    """Molecules by their SMILES, as RDKit draws them."""

    shown = 5
    inches = 0.8

    def __call__(self, example: str) -> NDArray[Any] | None:
        """In colours, (PIXELS, PIXELS, 3); None where it is no molecule."""
        from selfgen.training.observed import molecule_of

        molecule = molecule_of(example)
        return None if molecule is None else _drawn(molecule)


@dataclass(frozen=True, eq=False)
class ConformerPicture:
    """Conformers of one molecule, laid on its reference and seen along the direction in which that extends least.

    So that those of all models are seen from one place, and what differs are their angles.
    """

    conformers: Any
    shown = 5
    inches = 0.8

    def __call__(self, example: str) -> NDArray[Any]:
        """In colours, (PIXELS, PIXELS, 3), of angles in degrees."""
        return _drawn(self.seen(example))

    def seen(self, example: str) -> Any:
        """RDKit's molecule of angles in degrees, without hydrogens, flat as it is seen."""
        from rdkit import Chem
        from rdkit.Chem import rdMolAlign
        from rdkit.Geometry import Point3D

        reference = Chem.RemoveHs(self.conformers.molecule)
        built = Chem.RemoveHs(self.conformers.build(np.radians([float(angle) for angle in example.split()])))
        rdMolAlign.AlignMol(built, reference, atomMap=[(place, place) for place in range(built.GetNumAtoms())])
        places = reference.GetConformer().GetPositions()
        _, _, axes = np.linalg.svd(places - places.mean(axis=0), full_matrices=False)
        seen = built.GetConformer()
        for place, (across, up, _) in enumerate(seen.GetPositions() @ axes.T):
            seen.SetAtomPosition(place, Point3D(float(across), float(up), 0.0))
        seen.Set3D(False)
        return built


def _drawn(molecule: Any) -> NDArray[Any]:
    """By RDKit; coordinates that are there are kept."""
    from rdkit.Chem.Draw import rdMolDraw2D

    canvas = rdMolDraw2D.MolDraw2DCairo(PIXELS, PIXELS)
    canvas.drawOptions().bondLineWidth = 2
    rdMolDraw2D.PrepareAndDrawMolecule(canvas, molecule)
    canvas.FinishDrawing()
    return np.asarray(imread(io.BytesIO(canvas.GetDrawingText())))[..., :3]
