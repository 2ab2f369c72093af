"""Errors of estimated subspaces: exact ones against integrals, orders against each other, limits against both."""

from __future__ import annotations

import mpmath
import pytest
from matplotlib.figure import Figure
from sympy import Rational, Symbol, limit, oo, series, simplify, symbols

from theory import Accumulate, Replace
from theory.errors import DomainError, NotDerivedError
from theory.subspaces import FactorModel, IteratedEditing, error_over_generations, subspace_error
from theory.subspaces.leading import second_order

l = Symbol("l", positive=True)  # noqa: E741
g = Symbol("g", positive=True)
N, D = symbols("N D", integer=True, positive=True)


def plane_error(strength: float, pairs: int) -> float:
    """1 − E cos φ by quadrature, with the density s (1 − s²)^((N − 3)/2) (1 − ρ s cos φ)^(−N) of contrast and angle."""
    rho = strength / (strength + 2)

    def weighted(of):
        return mpmath.quad(
            lambda s: s * (1 - s**2) ** ((pairs - 3) / 2)
            * mpmath.quad(lambda phi: of(phi) * (1 - rho * s * mpmath.cos(phi)) ** -pairs, [0, mpmath.pi]),
            [0, 1],
        )  # fmt: skip

    return float(1 - weighted(mpmath.cos) / weighted(lambda phi: 1))


class TestExact:
    @pytest.mark.parametrize("pairs", [3, 4, 6])
    def test_two_dimensions_are_the_integral_over_the_angle(self, pairs):
        error = subspace_error(FactorModel(2, pairs, 2), regime="exact")
        assert error.number == pytest.approx(plane_error(2, pairs), rel=1e-8)

    def test_three_pairs_in_the_plane(self):
        error = subspace_error(FactorModel(l, 3, 2), regime="exact")
        assert simplify(error.closed_form - 2 / (l + 2)) == 0
        assert error.missed == error.collateral

    def test_one_pair_in_the_plane_is_the_same_by_both_arguments(self):
        """E cos² of N(0, diag(1 + l, 1)) is √(1 + l)/(1 + √(1 + l)), textbook."""
        for strength in (1, 3, 8):
            error = subspace_error(FactorModel(strength, 1, 2), regime="exact").number
            assert error == pytest.approx(2 / (1 + (1 + strength) ** 0.5), rel=1e-12)
            plane = subspace_error(FactorModel(strength, dimension=2), regime="exact").closed_form
            assert float(plane.subs(N, 1).evalf()) == pytest.approx(error, rel=1e-12)

    @pytest.mark.parametrize("width", [2, 3, 7])
    def test_the_mean_difference_is_the_integral_over_the_length(self, width):
        model = FactorModel(2, 5, width, coherence=1, flips="1/5")
        total = 0.0
        for flipped in range(6):
            shift = (5 - 2 * flipped) ** 2 * 2 / 5

            # E |y|²/|x|² = (D − 1)∫(1 + 2t)^(−D/2 − 1) exp(−t shift/(1 + 2t)) dt
            def integrand(t, shift=shift):
                return (1 + 2 * t) ** (-width / 2 - 1) * mpmath.exp(-t * shift / (1 + 2 * t))

            sine = (width - 1) * mpmath.quad(integrand, [0, mpmath.inf])
            total += float(mpmath.binomial(5, flipped) * mpmath.mpf(1) / 5**flipped * (0.8) ** (5 - flipped) * 2 * sine)
        assert subspace_error(model, "mean-difference", "exact").number == pytest.approx(total, rel=1e-9)

    def test_without_a_mean_more_pairs_do_not_help(self):
        found = [subspace_error(FactorModel(2, pairs, 5), "mean-difference", "exact").number for pairs in (1, 50)]
        assert found[0] == found[1]

    def test_flips_do_nothing_to_singular_vectors(self):
        clean, noisy = (subspace_error(FactorModel(2, 6, 2, flips=f), regime="exact").closed_form for f in (0, "1/2"))
        assert clean == noisy

    @pytest.mark.parametrize(
        ("model", "estimator"),
        [
            (FactorModel(2, 5, 4), "svd"),
            (FactorModel(2, dimension=3), "svd"),
            (FactorModel(2, 5, 2, coherence=1), "svd"),
            (FactorModel([2, 1], 5, 3), "svd"),
            (FactorModel(2, 5, 2), "shrunken"),
        ],
    )
    def test_what_is_not_derived_says_so(self, model, estimator):
        with pytest.raises(NotDerivedError, match="derived"):
            subspace_error(model, estimator, "exact")


class TestOrders:
    def test_the_second_order_in_the_plane_is_that_of_the_exact_error(self):
        """(exact − leading) N² tends to the coefficient; Richardson's step takes its own 1/N away."""
        strength = Rational(3, 2)
        leading = subspace_error(FactorModel(strength, dimension=2), regime="leading")
        coefficient = float(second_order(FactorModel(strength, dimension=2)))

        def rest(pairs):
            with mpmath.workdps(40):
                exact = subspace_error(FactorModel(strength, pairs, 2), regime="exact").closed_form.evalf(40)
                return float((exact - leading.closed_form.subs(N, pairs)) * pairs**2)

        first, second, third = rest(2000), rest(4000), rest(8000)
        once, twice = 2 * second - first, 2 * third - second
        assert (4 * twice - once) / 3 == pytest.approx(coefficient, rel=1e-5)

    def test_the_second_order_of_many_dimensions_is_that_of_the_limit(self):
        expansion = series(2 * g * (l + 1) / (l * (l + g)), g, 0, 3).removeO()
        error = subspace_error(FactorModel(l), regime="leading")
        assert simplify(limit(error.second_order / D**2, D, oo) - expansion.coeff(g, 2)) == 0
        assert simplify(limit(error.closed_form * N / D, D, oo) - expansion.coeff(g, 1)) == 0

    def test_the_second_order_as_it_was_conjectured(self):
        stated = (D - 1) * (4 * l**3 + 10 * l**2 + 12 * l + 6) / l**4 - 2 * (D - 1) * (D - 2) * (l + 1) / l**3
        assert simplify(second_order(FactorModel(l)) - stated) == 0

    def test_several_factors_and_fewer_directions(self):
        model = FactorModel([3, 2], 100, 10)
        error = subspace_error(model, regime="leading")
        assert error.closed_form == Rational(2 * 8, 100) * (Rational(4, 9) + Rational(3, 4))
        one = subspace_error(model, regime="leading", rank=1)
        assert one.closed_form == 1 + Rational(2 * 8, 100) * Rational(4, 9)
        assert error.second_order is None

    def test_the_mean_difference(self):
        exact = subspace_error(FactorModel(2, 10_000, 5, coherence=1), "mean-difference", "exact").number
        leading = subspace_error(FactorModel(2, 10_000, 5, coherence=1), "mean-difference", "leading").number
        assert leading == pytest.approx(2 * 4 / (10_000 * 2))
        assert exact == pytest.approx(leading, rel=1e-3)

    def test_what_has_no_order(self):
        for model, estimator, rank in (
            (FactorModel(2, 100, 5), "mean-difference", None),
            (FactorModel([2, 2], 100, 5), "svd", 1),
            (FactorModel(2, 100, 5), "svd", 2),
        ):
            with pytest.raises(NotDerivedError):
                subspace_error(model, estimator, "leading", rank=rank)


class TestProportional:
    def test_above_and_below_the_threshold(self):
        error = subspace_error(FactorModel([3, "1/2"], 100, 100))
        assert error.closed_form == 2 + 2 - 2 * Rational(2, 3)
        assert (error.missed, error.collateral) == (Rational(4, 3), Rational(4, 3))
        assert subspace_error(FactorModel([3, "1/2"], 100, 100), rank=1).closed_form == 3 - 2 * Rational(2, 3)

    def test_the_shrunken_filter_is_the_best_of_all_weights(self):
        cosine = Rational(2, 3)
        weight = Symbol("w")
        of_weight = weight**2 - 2 * weight * cosine + 1
        error = subspace_error(FactorModel(3, 100, 100), "shrunken")
        assert of_weight.subs(weight, cosine) == error.closed_form == 1 - cosine**2
        assert of_weight.diff(weight).subs(weight, cosine) == 0
        assert error.missed == (1 - 2 * cosine**2 + cosine**3)

    def test_the_mean_of_several_factors(self):
        model = FactorModel([4, 2], 100, 100, coherence=["1/2", "1/4"], flips="1/4")
        mean = Rational(1, 4) * (2 + Rational(1, 2))
        assert subspace_error(model, "mean-difference").closed_form == 3 - 2 * mean / (mean + 1)

    def test_the_limit_has_the_leading_order(self):
        model = FactorModel([5, 4], 10**6, 100)
        limit_, leading = (subspace_error(model, regime=regime).number for regime in ("proportional", "leading"))
        # D − 2 against D, and g² beyond.
        assert leading / limit_ == pytest.approx(98 / 100, rel=1e-4)


class TestResult:
    def test_at_is_the_model_with_other_numbers(self):
        error = subspace_error(FactorModel(l), regime="leading")
        assert error.at(50, dimension=6, strengths=2) == Rational(2 * 5 * 3, 50 * 4)
        with pytest.raises(DomainError, match="width"):
            error.at(50, width=3)

    @pytest.mark.parametrize("pairs", [1, 2, 5, 41, 10_000])
    def test_bounds_hold(self, pairs):
        error = subspace_error(FactorModel(4, pairs, 2), regime="exact")
        assert error.number <= float(error.bound)
        mean = subspace_error(FactorModel(4, min(pairs, 300), 5, coherence=1, flips="1/2"), "mean-difference", "exact")
        assert mean.number <= float(mean.bound)

    def test_the_bound_is_wishart_variance_over_the_gap(self):
        """E‖M − Σ‖² = (tr(Σ)² + tr Σ²)/N entry by entry: Var M_ij = (Σ_ii Σ_jj + Σ_ij²)/N."""
        values = (5, 3, 1, 1, 1)
        variance = sum(a * b for a in values for b in values) + sum(a * a for a in values)
        error = subspace_error(FactorModel([4, 2], 10**4, 5))
        assert error.bound == Rational(8 * variance, 10**4 * 4)
        assert subspace_error(FactorModel([4, 2], 10**4, 5), rank=1).bound is None

    def test_words(self):
        error = subspace_error(FactorModel(3, 100, 100))
        assert "limit" in error.exactness
        assert error.latex() == r"E\|\hat P - P\|_F^2 \to \frac{2}{3}"
        assert repr(error).startswith("SubspaceError(svd, 2/3")
        with pytest.raises(DomainError, match="expression in"):
            _ = subspace_error(FactorModel()).number


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ({"strengths": 0}, "strengths = 0"),
        ({"strengths": []}, "strengths"),
        ({"strengths": [1, -2]}, "strengths = -2"),
        ({"pairs": 0}, "pairs = 0"),
        ({"pairs": "5/2"}, "pairs = 5/2"),
        ({"dimension": 1}, "dimension = 1"),
        ({"flips": "2/3"}, "flips = 2/3"),
        ({"flips": -1}, "flips = -1"),
        ({"coherence": 2}, "coherence = 2"),
        ({"strengths": [1, 2], "coherence": ["2/3", "2/3"]}, "sum to 1"),
        ({"strengths": [1, 2], "coherence": [1]}, "1 entries for 2"),
        ({"pairs": 5, "context": 6}, "context = 6"),
        ({"strengths": float("nan")}, "nan"),
    ],
)
def test_what_is_not_allowed_is_named(arguments, word):
    with pytest.raises(DomainError) as caught:
        FactorModel(**arguments)
    assert word in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"estimator": "pca"},
        {"regime": "asymptotic"},
        {"rank": -1},
        {"rank": 9},
        {"estimator": "mean-difference", "rank": 2},
    ],
)
def test_questions_that_are_none(wrong):
    with pytest.raises(DomainError):
        subspace_error(FactorModel(2, 5, 3), **wrong)
    with pytest.raises(DomainError, match="factor model"):
        subspace_error(3)


def test_a_step_of_dpo_sees_as_many_pairs_as_its_contexts_have_dimensions():
    assert FactorModel(3, 100, 20, context=7).of_gradient == FactorModel(3, 7, 20)
    with pytest.raises(DomainError, match="centred"):
        _ = FactorModel(3, 100, 20, coherence=1, context=7).of_gradient
    with pytest.raises(DomainError, match="context"):
        _ = FactorModel(3, 100, 20).of_gradient


@pytest.mark.parametrize("estimator", ["svd", "mean-difference", "shrunken"])
def test_errors_over_pairs_are_those_of_models_with_so_many(estimator):
    error = subspace_error(FactorModel(3, 100, 100, coherence=1, flips="1/10"), estimator)
    found = error.over_pairs([50, 400])
    assert found.error == pytest.approx([float(error.at(50)), float(error.at(400))], rel=1e-12)
    assert error.over_pairs([100]).missed == pytest.approx([float(error.missed)], rel=1e-12)
    assert list(found.table()) == ["pairs", "error", "missed", "collateral"]


def test_generations_and_edits_have_tables_too():
    model = FactorModel(3, 100, 50)
    pooled = error_over_generations(model, Accumulate())
    assert pooled.table()["squared error"][:3] == pytest.approx([pooled.number(g) for g in (1, 2, 3)])
    assert "squared error of the subspace by svd under accumulate" in repr(pooled)
    editing = IteratedEditing(FactorModel(6, 100, 400))
    assert editing.table()["strength left"][1] == pytest.approx(2.8)
    assert "<td>2.8</td>" in editing._repr_html_()
    for result in (pooled, editing):
        assert len(result.plot().lines) == 1
    with pytest.raises(DomainError, match="give numbers"):
        error_over_generations(FactorModel(3), Replace()).plot()


@pytest.mark.parametrize(("pairs", "dimension", "coherence"), [(1, 5, "1/2"), (4, 2, "1/3"), (40, 12, "9/10")])
def test_the_mean_of_a_factor_of_any_coherence_is_a_mixture_of_betas(pairs, dimension, coherence):
    """The square of a normal number is χ² with 1 + 2j degrees, j a Poisson number."""
    strength, share, flips = 3, float(Rational(coherence)), 0.2
    model = FactorModel(strength, pairs, dimension, coherence, "1/5")
    variance, total = 1 + (1 - share) * strength, 0.0
    for flipped in range(pairs + 1):
        chance = mpmath.binomial(pairs, flipped) * flips**flipped * (1 - flips) ** (pairs - flipped)
        mean = (pairs - 2 * flipped) ** 2 * share * strength / pairs / (2 * variance)
        for j in range(150):
            series = mpmath.hyp2f1(1, j + 0.5, dimension / 2 + j + 1, 1 - variance) / (dimension + 2 * j)
            total += chance * mpmath.exp(-mean) * mean**j / mpmath.factorial(j) * series
    found = subspace_error(model, "mean-difference", "exact").number
    assert found == pytest.approx(float(2 * (dimension - 1) * total), rel=1e-10)


@pytest.mark.parametrize("coherence", [0, 1])
def test_the_mean_is_continuous_in_the_coherence(coherence):
    near = Rational(1, 10**9) if coherence == 0 else 1 - Rational(1, 10**9)
    numbers = [
        subspace_error(FactorModel(3, 4, 6, share, "1/10"), "mean-difference", "exact").number
        for share in (coherence, near)
    ]
    assert numbers[0] == pytest.approx(numbers[1], rel=1e-8)


class TestPicture:
    """What is drawn over the number of pairs."""

    def drawn(self, error, **options):
        lines = error.plot(Figure().subplots(), **options).lines
        return {line.get_label(): line.get_xydata().tolist() for line in lines}

    def test_points_are_the_errors(self):
        error = subspace_error(FactorModel([3, 1], 100, 50))
        lines = self.drawn(error, pairs=[40, 400])
        assert lines["error"] == [[n, pytest.approx(float(error.at(n)))] for n in (40, 400)]
        parts = zip(lines["missed"], lines["collateral"], strict=True)
        assert [y for _, y in lines["error"]] == pytest.approx([first[1] + second[1] for first, second in parts])

    def test_numbers_of_which_nothing_is_derived_are_left_out(self):
        exact = subspace_error(FactorModel(3, 4, 3), regime="exact")
        assert [x for x, _ in self.drawn(exact, pairs=[4, 30, 6, 50])["error"]] == [4, 6]
        with pytest.raises(DomainError, match="nothing is derived at pairs = 30, 50"):
            exact.plot(pairs=[30, 50])

    def test_symbols_are_not_drawn(self):
        with pytest.raises(DomainError, match="pairs = N is a symbol"):
            subspace_error(FactorModel(2)).plot()
