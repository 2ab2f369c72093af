"""Examples as pictures: what is drawn is the molecule that was generated, and seen from one place."""

import numpy as np
import pytest

from numerics.datasets.conformers import conformers
from selfgen.training.pictures import PIXELS, ConformerPicture, ImagePicture, SmilesPicture

Chem = pytest.importorskip("rdkit.Chem")

RED, BLUE = (1.0, 0.2, 0.2), (0.2, 0.2, 1.0)


def inks(pixels, colour):
    """How many pixels are near a colour."""
    return int((np.abs(pixels - np.array(colour)).max(axis=2) < 0.25).sum())


def test_images_are_black_where_they_are_one():
    picture = ImagePicture(2)(np.array([0.0, 1.0, 0.25, 3.0]))
    np.testing.assert_array_equal(picture, [[1.0, 0.0], [0.75, 0.0]])


def test_molecules_are_drawn_with_their_atoms():
    """Oxygen is red and nitrogen blue in everybody's drawings."""
    draw = SmilesPicture()
    alcohol, amine = draw("CCCO"), draw("CCCN")
    assert alcohol.shape == amine.shape == (PIXELS, PIXELS, 3)
    assert inks(alcohol, RED) > 20
    assert not inks(alcohol, BLUE)
    assert inks(amine, BLUE) > 20
    assert not inks(amine, RED)


@pytest.mark.parametrize("text", ["", "CC(", "CC O", "C$1"])
def test_what_is_no_molecule_is_not_drawn(text):
    assert SmilesPicture()(text) is None


def test_conformers_differ_by_their_angles_alone():
    """The same angles give the same picture whatever came before; an angle that is turned, another."""
    found = conformers("OCCCCN", 2, seed=1)
    draw = ConformerPicture(found)
    told = [" ".join(f"{angle:.0f}" for angle in np.degrees(row)) for row in found.rows]
    first = draw(told[0])
    turned = draw(told[0].rsplit(" ", 1)[0] + f" {float(told[0].split()[-1]) + 90:.0f}")
    np.testing.assert_array_equal(first, draw(told[0]))
    assert np.abs(first - turned).max() > 0.5
    assert inks(first, RED) > 20
    assert inks(first, BLUE) > 20


def test_a_conformer_is_seen_broadside():
    """The reference, laid on itself, keeps its two largest extents, the largest of them across."""
    found = conformers("OCCCCCCN", 2, seed=1)
    told = " ".join(f"{angle}" for angle in np.degrees(found.rows[0]))
    flat = ConformerPicture(found).seen(told).GetConformer().GetPositions()
    places = Chem.RemoveHs(found.molecule).GetConformer().GetPositions()
    extents = np.linalg.svd(places - places.mean(axis=0), compute_uv=False)
    np.testing.assert_allclose(np.linalg.norm(flat - flat.mean(axis=0), axis=0), [*extents[:2], 0.0], atol=1e-6)
