"""Differences of pairs: padding, batches, pairs that belong together, and bad input."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from numerics.editing import difference_matrix
from numerics.editing.differences import matching, pairing_score, token_means
from theory import DomainError
from theory.errors import InputWarning

GENERATOR = np.random.default_rng(0)
LENGTHS = [3, 7, 1, 5, 4]
TEXTS = [GENERATOR.standard_normal((length, 6)).astype(np.float32) for length in LENGTHS]


def padded(texts, longest, garbage):
    rows = np.full((len(texts), longest, 6), garbage, dtype=np.float32)
    mask = np.zeros((len(texts), longest), dtype=np.int64)
    for place, text in enumerate(texts):
        rows[place, : len(text)] = text
        mask[place, : len(text)] = 1
    return rows, mask


def test_padding_and_batches_change_nothing():
    plain = np.array([text.astype(float).mean(axis=0) for text in TEXTS])
    for longest, garbage in ((7, 0.0), (9, 1e6), (20, np.nan)):
        rows, mask = padded(TEXTS, longest, garbage)
        assert np.allclose(token_means(rows, mask), plain, atol=1e-12)
        # The last batch is smaller, and is kept.
        batches = [rows[:2], rows[2:4], rows[4:]], [mask[:2], mask[2:4], mask[4:]]
        assert np.allclose(token_means(*batches), plain, atol=1e-12)
    found = difference_matrix(rows, np.zeros((5, 6)), mask=(mask, None))
    assert np.allclose(found, plain, atol=1e-12)


def contexts(pairs=60, width=40, share=3.0, seed=1):
    generator = np.random.default_rng(seed)
    common = share * generator.standard_normal((pairs, 4)) @ generator.standard_normal((4, width))
    return [common + generator.standard_normal((pairs, width)) for _ in range(2)]


def test_broken_pairs_are_told():
    chosen, rejected = contexts()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        difference_matrix(chosen, rejected)
    with pytest.warns(InputWarning, match="share their context no more than any two rows"):
        difference_matrix(chosen, np.roll(rejected, 1, axis=0))
    order = np.random.default_rng(3).permutation(60)
    assert (order[matching(chosen, rejected[order])] == np.arange(60)).all()


def test_without_contexts_nothing_is_told():
    generator = np.random.default_rng(2)
    chosen, rejected = generator.standard_normal((2, 60, 40))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        difference_matrix(chosen, rejected)


def test_the_moments_of_a_random_pairing():
    chosen, rejected = (side - side.mean(axis=0) for side in contexts(12, 40, 10.0))
    alike = chosen @ rejected.T
    generator = np.random.default_rng(0)
    drawn = [alike[np.arange(12), generator.permutation(12)].sum() for _ in range(20_000)]
    spread = np.trace(alike) / pairing_score(chosen, rejected)
    # A mean of 20,000 is off by 0.7 % of its standard deviation, and that by 0.5 %.
    assert np.mean(drawn) == pytest.approx(0, abs=0.03 * spread)
    assert np.std(drawn) == pytest.approx(spread, rel=0.02)


def test_ids():
    rows = np.random.default_rng(0).standard_normal((2, 3, 4))
    difference_matrix(*rows, ids=(["a", "b", "c"], ["a", "b", "c"]))
    with pytest.raises(DomainError, match="row 1 is 'b' of chosen and 'c' of rejected"):
        difference_matrix(*rows, ids=(["a", "b", "c"], ["a", "c", "b"]))
    with pytest.raises(DomainError, match="the id 'a' of rejected is there twice"):
        difference_matrix(*rows, ids=(["a", "b", "c"], ["a", "a", "c"]))
    with pytest.raises(DomainError, match="2 for 3 rows"):
        difference_matrix(*rows, ids=(["a", "b"], ["a", "b", "c"]))


@pytest.mark.parametrize(
    ("chosen", "rejected", "mask", "word"),
    [
        (np.ones((3, 4)), np.ones((2, 4)), None, "chosen has 3 rows and rejected 2"),
        (np.ones((3, 4)), np.ones((3, 5)), None, "width 4 and rejected 5"),
        (np.ones((1, 4)), np.ones((1, 4)), None, "1 pairs are not enough"),
        (np.full((3, 4), np.inf), np.ones((3, 4)), None, "chosen holds a number that is not finite, in row 0"),
        (
            np.ones((3, 2, 4)),
            np.ones((3, 4)),
            (np.array([[1, 0], [0, 0], [1, 1]]), None),
            "text 1 of chosen is padding",
        ),
        (np.ones((3, 2, 4)), np.ones((3, 4)), (np.ones((3, 3)), None), r"mask of chosen has shape \(3, 3\)"),
        (np.ones(3), np.ones(3), None, "chosen has shape"),
        ([np.ones((2, 4)), np.ones((1, 5))], np.ones((3, 4)), None, r"widths \[4, 5\]"),
    ],
)
def test_bad_input(chosen, rejected, mask, word):
    with pytest.raises(DomainError, match=word):
        difference_matrix(chosen, rejected, mask=mask)
