"""Subspaces found in differences: against the plain decomposition, the theory, flips, threads, and bad input."""

from __future__ import annotations

import numpy as np
import pytest
from small_models import spiked
from threadpoolctl import threadpool_limits

from numerics.editing import NoDirectionError, Subspace, find_subspace, random_subspace
from numerics.editing.gram import leading_spectrum, right_vectors, row_signs
from numerics.editing.lanczos import leading_pairs, leading_pairs_of_rows
from numerics.editing.noise import largest_noise, noise_variance, overlap_of, pairs_for, strength_of
from theory import DomainError
from theory.subspaces import FactorModel, observed_eigenvalues, overlaps, required_pairs


@pytest.mark.parametrize("shape", [(20, 50), (50, 20), (30, 30)])
def test_the_same_as_the_singular_value_decomposition(shape):
    rows = np.random.default_rng(0).standard_normal(shape)
    values, vectors = right_vectors(rows)
    _, plain, others = np.linalg.svd(rows, full_matrices=False)
    assert np.allclose(values, plain, rtol=1e-9, atol=1e-6)
    # Single precision of the squares, over the gaps between neighbours: the first vectors are well apart.
    assert np.allclose(np.abs((vectors[:3] * others[:3]).sum(axis=1)), 1, atol=1e-10)
    assert np.allclose(vectors @ vectors.T, np.eye(len(vectors)), atol=1e-12)


@pytest.mark.parametrize("shape", [(300, 700), (700, 300)])
def test_the_first_directions_alone_are_those_of_the_whole_spectrum(shape):
    rows, _ = spiked(*shape, [40.0, 25.0])
    signs = np.where(np.random.default_rng(5).random(len(rows)) < 0.5, -1.0, 1.0)[:, None]
    for rank in ("auto", 1, 2):
        whole, some, flipped = (
            find_subspace(one, rank, whole_spectrum=given)
            for one, given in ((rows, True), (rows, False), (signs * rows, False))
        )
        # Residuals of 1e-13 of the largest eigenvalue, over gaps of a tenth of it.
        assert np.allclose(some.basis, whole.basis, atol=1e-11)
        assert some.noise == pytest.approx(whole.noise, rel=1e-12)
        assert (len(some.eigenvalues), some.above) == (2, 2)
        assert some.eigenvalues == pytest.approx(whole.eigenvalues[:2], rel=1e-12)
        assert (np.abs(some.basis) == np.abs(flipped.basis)).all()


def test_where_nothing_stands_out_the_whole_spectrum_is_computed():
    rows = np.random.default_rng(0).standard_normal((60, 90))
    whole, some = (find_subspace(rows, 2, whole_spectrum=given) for given in (True, False))
    assert (whole.basis == some.basis).all()
    assert len(some.eigenvalues) == 60


def test_a_direction_that_the_start_does_not_see_is_not_passed_over():
    generator = np.random.default_rng(0)
    noise = generator.standard_normal((100, 200))
    gram = np.zeros((102, 102))
    gram[:100, :100] = noise @ noise.T / 20 + 60 * np.ones((100, 100)) / 100
    # (1, −1) has the eigenvalue 90, and no part of the diagonal, which is the start.
    gram[100:, 100:] = [[50, -40], [-40, 50]]
    found = leading_pairs(gram, 1, lambda squares: 35.0)
    assert found is None or found[0][0] == pytest.approx(90)


@pytest.mark.parametrize("turned", [False, True])
def test_a_direction_of_rows_that_the_start_does_not_see_is_not_passed_over(turned):
    generator = np.random.default_rng(0)
    rows = np.zeros((102, 202))
    rows[:100, :200] = 0.1 * generator.standard_normal((100, 200))
    rows[:100, 0] += 99**0.5
    # Products of the last two, alone in their columns: [[5050, -4950], [-4950, 5050]]. (1, −1) has the eigenvalue
    # 10,000, 1 % more than the mean of the others, and no part of the squared lengths, which are the start.
    rows[100:, 200:] = [[50**0.5, 5000**0.5], [50**0.5, -(5000**0.5)]]
    signs = np.ones(102)
    assert leading_pairs_of_rows(rows, signs, 1) is None
    squares = np.linalg.svd(rows, compute_uv=False) ** 2
    assert squares[:2] == pytest.approx([10_000, 9_900], rel=0.002)
    found = leading_spectrum(rows.T if turned else rows, 1)
    assert found is None or found[0] == pytest.approx(squares[:1])


@pytest.mark.parametrize("shape", [(60, 150), (150, 60)])
@pytest.mark.parametrize(("size", "by_rows"), [(20_000, True), (5_000, True), (2_800, True), (1_500, False)])
def test_the_first_direction_of_states_without_their_products(shape, size, by_rows):
    rows = np.random.default_rng(0).standard_normal(shape)
    rows[:, 1] += (size / len(rows)) ** 0.5
    # All noise together has 9,000 and each direction of it less than 400: the mean has more than all, more than blocks
    # of 16 or of 20 rows, whose bounds are about 9,000/√16 and 9,000/√20, or less, and the whole matrix is computed.
    across, signs = (rows, row_signs(rows)) if shape[0] < shape[1] else (rows.T, np.ones(60))
    assert (leading_pairs_of_rows(across, signs, 1) is not None) == by_rows
    squares, vectors = leading_spectrum(rows, 1)
    _, plain, others = np.linalg.svd(rows, full_matrices=False)
    assert squares == pytest.approx(plain[:1] ** 2, rel=1e-12)
    # Residuals of 1e-13 of the first eigenvalue, over a gap of more than half of it.
    assert np.abs(others[:1] @ vectors[0]) == pytest.approx(1, abs=1e-12)
    assert np.abs(vectors) == pytest.approx(np.abs(others[:1]), abs=1e-11)
    signs = np.where(np.random.default_rng(5).random(len(rows)) < 0.5, -1.0, 1.0)[:, None]
    assert (np.abs(leading_spectrum(signs * rows, 1)[1]) == np.abs(vectors)).all()


def test_states_that_are_all_zero_have_no_first_direction():
    assert leading_spectrum(np.zeros((40, 60)), 1) is None


def test_flipped_labels_change_nothing_but_signs_to_the_last_bit():
    for pairs in (40, 120):
        rows, _ = spiked(pairs, 60, [20.0, 8.0], mean=0.5)
        signs = np.where(np.random.default_rng(5).random(pairs) < 0.5, -1.0, 1.0)
        found, flipped = (find_subspace(one, rank=3) for one in (rows, rows * signs[:, None]))
        assert (found.eigenvalues == flipped.eigenvalues).all()
        assert (np.abs(found.basis) == np.abs(flipped.basis)).all()
        assert found.overlap_with(flipped) == pytest.approx(1, abs=1e-12)


def test_rows_have_one_sign_whatever_labels_were_flipped():
    rows = np.random.default_rng(0).standard_normal((5, 4))
    rows[2, 0] = 0
    signs = np.array([1, -1, -1, 1, -1])[:, None]
    own, flipped = row_signs(rows)[:, None], row_signs(rows * signs)[:, None]
    assert (own * rows == flipped * signs * rows).all()


def test_the_chosen_side_is_negative():
    rows, basis = spiked(80, 30, [9.0], mean=2.0)
    for method in ("svd", "mean-difference"):
        found = find_subspace(rows, method=method)
        assert (found.basis @ rows.mean(axis=0) <= 0).all()
        assert abs(found.basis[0] @ basis[0]) > 0.9


def test_the_same_bits_with_any_number_of_threads():
    rows = np.random.default_rng(0).standard_normal((300, 700))
    rows[:, 0] += 5
    found = []
    for threads in (1, 2):
        with threadpool_limits(threads):
            found.append(find_subspace(rows, rank=4).basis.tobytes())
    assert found[0] == found[1]


def test_eigenvalues_and_overlaps_follow_the_theory():
    strengths, pairs, dimension = [12.0, 6.0], 400, 200
    model = FactorModel(strengths, pairs=pairs, dimension=dimension)
    rows = [spiked(pairs, dimension, strengths, seed) for seed in range(20)]
    found = [find_subspace(one, rank=2) for one, _ in rows]
    seen = np.mean([one.eigenvalues[:2] for one in found], axis=0)
    assert seen == pytest.approx([float(value) for value in observed_eigenvalues(model)], rel=0.05)
    told = np.mean([one.overlaps for one in found], axis=0)
    measured = np.mean(
        [((one.basis @ basis.T) ** 2).sum(axis=1) for one, (_, basis) in zip(found, rows, strict=True)], 0
    )
    derived = [float(value) for value in overlaps(model)]
    # Twenty draws of overlaps that spread by 0.01 or so each, and a limit that is off by 1/√D at most.
    assert told == pytest.approx(derived, abs=0.02)
    assert measured == pytest.approx(derived, abs=0.02)


def test_inverting_the_observed_eigenvalue():
    for strength, ratio in ((3.0, 1.0), (0.9, 0.5), (40.0, 7.0)):
        seen = (1 + strength) * (1 + ratio / strength)
        assert strength_of(np.array([seen]), ratio)[0] == pytest.approx(strength)
        derived = overlaps(FactorModel(str(strength), pairs=1000, dimension=int(1000 * ratio)))[0]
        assert overlap_of(np.array([strength]), ratio)[0] == pytest.approx(float(derived), rel=1e-12)
    assert overlap_of(np.array([1.0]), 1.0)[0] == 0


def test_noise_alone_is_refused_as_often_as_it_says():
    alarms = 0
    for seed in range(300):
        rows = np.random.default_rng(seed).standard_normal((40, 90)) * 3
        eigenvalues = np.linalg.eigvalsh(rows @ rows.T)[::-1] / 40
        alarms += eigenvalues[0] > noise_variance(eigenvalues, 40, 90) * largest_noise(40, 90)
    # Binomial(300, 0.01): more than 9 has probability 0.001.
    assert alarms <= 9


def test_noise_alone_says_how_many_pairs_would_be_needed():
    rows = np.random.default_rng(0).standard_normal((40, 90))
    with pytest.raises(NoDirectionError, match="no direction stands above the noise of 40 pairs") as caught:
        find_subspace(rows)
    hidden = (90 / 40) ** 0.5
    model = FactorModel(str(hidden), dimension=90)
    assert 0 <= caught.value.pairs - required_pairs(model, 1) < 1
    with pytest.raises(NoDirectionError, match="the mean is no longer than that of noise"):
        find_subspace(rows, method="mean-difference")


def test_a_weak_coherent_factor_is_told_by_the_mean():
    rows = np.random.default_rng(2).standard_normal((200, 600))
    rows[:, 0] += 1.2
    with pytest.raises(NoDirectionError, match="their mean shows a factor of strength") as caught:
        find_subspace(rows)
    assert caught.value.pairs > 200


def test_pairs_needed_are_those_of_the_theory():
    for strength, dimension, error in ((3, 300, "1/2"), (7, 50, "1"), (2, 1000, "3/2")):
        asked = required_pairs(FactorModel(strength, dimension=dimension), error)
        assert 0 <= pairs_for(strength, dimension, float(eval_fraction(error))) - asked < 1


def eval_fraction(text):
    top, _, bottom = text.partition("/")
    return int(top) / int(bottom or 1)


def test_a_protected_direction_is_not_found():
    rows, basis = spiked(100, 40, [30.0, 10.0])
    found = find_subspace(rows, rank=1, centre=basis[0])
    assert abs(found.basis[0] @ basis[0]) < 1e-12
    assert abs(found.basis[0] @ basis[1]) > 0.9


def test_shrunken_weights_are_the_overlaps_and_have_less_error():
    rows, _ = spiked(60, 100, [9.0, 4.0])
    plain, shrunken = (find_subspace(rows, rank=2, method=method) for method in ("svd", "shrunken"))
    assert (plain.basis == shrunken.basis).all()
    assert (shrunken.weights == shrunken.overlaps).all()
    assert shrunken.error < plain.error


def test_directions_without_noise_are_all_found():
    rows = np.random.default_rng(0).standard_normal((20, 3)) @ np.random.default_rng(1).standard_normal((3, 50))
    found = find_subspace(rows)
    assert found.rank == 3
    assert found.overlaps == pytest.approx(np.ones(3))
    with pytest.raises(DomainError, match="the differences span 3 directions"):
        find_subspace(rows, rank=4)


def test_a_subspace_shows_itself():
    found = find_subspace(spiked(60, 40, [30.0, 20.0])[0])
    assert found.table()["estimated overlap"] == found.overlaps.tolist()
    assert min(found.table()["eigenvalue / edge"]) > 1
    assert "estimated overlap" in found._repr_html_()
    points, edge = found.plot().lines
    assert points.get_ydata().tolist() == found.eigenvalues.tolist()
    assert edge.get_ydata()[0] == found.edge


def test_a_random_subspace_has_the_same_rank():
    found = find_subspace(spiked(60, 40, [30.0, 20.0])[0])
    control = random_subspace(found, 3)
    assert isinstance(control, Subspace)
    assert control.basis.shape == found.basis.shape
    assert np.allclose(control.basis @ control.basis.T, np.eye(found.rank))


ROWS = np.random.default_rng(0).standard_normal((6, 4))


@pytest.mark.parametrize(
    ("rows", "options", "word"),
    [
        (ROWS[:1], {}, "1 pairs are not enough"),
        (ROWS[0], {}, r"shape \(4,\)"),
        (ROWS * [1, 1, np.nan, 1], {}, "not finite, in row 0"),
        (np.zeros((5, 4)), {}, "differences are all 0"),
        (np.vstack([ROWS, ROWS[:2]]), {}, "2 of 8 differences are copies"),
        (ROWS, {"rank": 5}, "rank = 5 is not allowed: 6 pairs in dimension 4 span no more"),
        (ROWS, {"rank": 0}, "rank = 0"),
        (ROWS, {"rank": "all"}, "rank"),
        (ROWS, {"rank": 2, "method": "mean-difference"}, "the mean difference is one direction"),
        (ROWS, {"method": "pca"}, "method"),
        (ROWS, {"centre": np.ones(3)}, "centre has shape"),
        (ROWS, {"noise": -1, "rank": 1}, "noise = -1"),
        (ROWS.astype(str), {}, "give real numbers"),
    ],
)
def test_bad_input(rows, options, word):
    with pytest.raises(DomainError, match=word):
        find_subspace(rows, **options)
