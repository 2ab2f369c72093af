"""Kernel densities: variance, integrated error and boundedness, against backward genealogies, integrals and draws."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import (
    Integer,
    Matrix,
    N,
    Rational,
    S,
    Symbol,
    harmonic,
    log,
    oo,
    pi,
    polylog,
    sqrt,
    symbols,
)

import theory
from numerics.spectral import run_spectral
from theory import G, expected_risk, j
from theory.design.boundedness import boundedness
from theory.errors import DomainError, NotDerivedError
from theory.models.kernel_density import KernelDensity
from theory.models.kernels.bandwidth import fitted_samples
from theory.models.kernels.mixtures import MixtureTruth
from theory.models.kernels.spectral import SpectralRecurrence, Steps
from theory.testing import workflows
from theory.workflows import (
    Accumulate,
    AccumulateSubsample,
    FreshReal,
    RealPlusLatest,
    Replace,
    SlidingWindow,
    Weighted,
    Workflow,
)
from theory.workflows.dynamics import GENERATION, LinearDynamics

HALF = Rational(1, 2)
MIXTURE = MixtureTruth(weights=["1/4", "3/4"], means=[-3, 1], variances=["1/2", 1])
WORKFLOWS = [
    Replace(),
    Accumulate(),
    Accumulate(sizes=j),
    SlidingWindow(2),
    SlidingWindow(3),
    SlidingWindow(5),
    RealPlusLatest(),
    RealPlusLatest(share="1/3"),
    FreshReal(share="1/3", real=2),
    AccumulateSubsample(),
    AccumulateSubsample(budget=2),
    AccumulateSubsample(budget=2, replacement=True),
    Weighted(lambda g: [Rational(2 * i + 1, g**2) for i in range(g)]),
]


def named(value):
    return str(value).partition(" at 0x")[0][:60]


# -- the integrated error, by following pairs of points back ---------------------------------------------


def pair_sum(workflow, n, width2, g):
    """E∫(p_g − p_0)² at a Gaussian truth N(0, 1), d = 1, by the genealogy of pairs.

    E∫p_g² is the expected density at zero of the difference of two draws from one model. Two draws have either the
    same parent point, or different ones; different points of one block, or of two blocks, go back to the models
    that emitted them, and so on until they meet in one point or are two different real points.
    """

    def sizes(block):
        return Integer(n) * workflow.size(block)

    def parents(model):
        weights = [(("block", i), S(w)) for i, w in enumerate(workflow.weights(model), start=1)]
        fresh = [(("fresh", i), w) for i, w in enumerate(workflow.fresh_weights(model), start=1)]
        return [item for item in [*weights, *fresh] if item[1] != 0]

    def points(place):
        return sizes(place[1]) if place[0] == "block" else Integer(n) * workflow.fresh_size(place[1])

    @cache
    def apart(left, right):
        """Law of the variance of the difference of two *different* points in these places."""
        if left[0] == "fresh" or right[0] == "fresh":
            if left[0] == "fresh" and right[0] == "fresh":
                return (((S(2)), S.One),)
            other = right if left[0] == "fresh" else left
            return tuple((1 + v, p) for v, p in single(other))
        early, late = sorted((left, right), key=lambda place: place[1])
        if late[1] == 1:
            return ((S(2), S.One),)
        if early[1] < late[1]:
            law = {}
            for place, weight in parents(late[1] - 1):
                for v, p in meeting(place, early):
                    law[v + width2(late[1] - 1)] = law.get(v + width2(late[1] - 1), 0) + weight * p
            return tuple(law.items())
        return two_draws(late[1] - 1)

    def meeting(place, known):
        """A uniform point of ``place`` against one given point of ``known``."""
        if place != known:
            return apart(place, known)
        same = 1 / points(place)
        law = {S.Zero: same}
        if same != 1:
            for v, p in apart(place, place):
                law[v] = law.get(v, 0) + (1 - same) * p
        return tuple(law.items())

    @cache
    def single(place):
        """Law of the variance of one point."""
        if place[0] == "fresh" or place[1] == 1:
            return ((S.One, S.One),)
        return one_draw(place[1] - 1)

    @cache
    def one_draw(model):
        law = {}
        for place, weight in parents(model):
            for v, p in single(place):
                law[v + width2(model)] = law.get(v + width2(model), 0) + weight * p
        return tuple(law.items())

    @cache
    def two_draws(model):
        law = {}

        def add(v, p):
            law[v + 2 * width2(model)] = law.get(v + 2 * width2(model), 0) + p

        draw = workflow.draw(model)
        drawn = None if draw is None else n * draw.size
        pool = sum(sizes(i) for i in range(1, model + 1))
        again = None
        if drawn is not None and (draw.replacement or drawn < pool):
            # Two draws from the b chosen points: the same chosen one, else two of the pool.
            again = Rational(1, drawn)
            if draw.replacement:
                again += (1 - again) / pool
            add(S.Zero, again)
        for place, weight in parents(model):
            for other, other_weight in parents(model):
                if again is None:
                    for v, p in meeting(place, other):
                        add(v, weight * other_weight * p)
                    continue
                # Different points of the pool, uniformly.
                first, second = points(place), points(other) - (1 if place == other else 0)
                if second > 0:
                    for v, p in apart(place, other):
                        add(v, (1 - again) * first * second / (pool * (pool - 1)) * p)
        return tuple(law.items())

    def density(v):
        return 1 / sqrt(2 * pi * v)

    squares = sum(p * density(v) for v, p in two_draws(g))
    crossed = sum(p * density(v + 1) for v, p in one_draw(g))
    return squares - 2 * crossed + density(S(2))


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=named)
@pytest.mark.parametrize("schedule", [HALF, 1 / sqrt(j)], ids=["constant", "falling"])
def test_mise_is_that_of_all_genealogies(workflow, schedule):
    for n in (1, 3):
        risk = expected_risk(KernelDensity(schedule, n=n), workflow, loss="mise")
        for g in (1, 2, 3, 4):
            brute = pair_sum(workflow, n, lambda i: S(schedule).subs(j, i) ** 2, g)
            assert abs(N(risk.at(g) - brute, 30)) < 1e-25, (workflow, n, g)


@settings(max_examples=15)
@given(workflows(), st.integers(1, 4), st.integers(2, 4))
def test_mise_of_random_workflows(workflow, g, n):
    risk = expected_risk(KernelDensity(HALF, n=n), workflow)
    assert abs(N(risk.at(g) - pair_sum(workflow, n, lambda i: HALF**2, g), 30)) < 1e-25


@pytest.mark.parametrize("workflow", [Replace(), Accumulate(sizes=j), SlidingWindow(3), RealPlusLatest()], ids=named)
def test_dynamics_and_weights_give_the_same(workflow):
    model = KernelDensity("1/3", n=4)
    through_weights = Weighted(workflow.weights, workflow.sizes)
    assert Steps(through_weights, S(4)).linear is None
    for g in (1, 3, 5):
        assert abs(N(expected_risk(model, workflow).at(g) - expected_risk(model, through_weights).at(g), 30)) < 1e-25


def test_mise_of_real_data_alone_is_the_textbook_formula():
    # Marron and Wand (1992), Exact mean integrated squared error, Theorem 2.1, for N(0, σ²) and N(0, h²).
    n, h, variance = symbols("n h s", positive=True)
    found = expected_risk(KernelDensity(truth_variance=variance), Accumulate()).at(1)
    n, h = (next(s for s in found.free_symbols if s.name == name) for name in "nh")
    textbook = (1 / (n * h) + (1 - 1 / n) / sqrt(h**2 + variance) - 2 ** Rational(3, 2) / sqrt(h**2 + 2 * variance)) / (
        2 * sqrt(pi)
    ) + 1 / (2 * sqrt(pi * variance))
    point = {n: 7, h: Rational(1, 3), variance: Rational(5, 2)}
    assert abs(N((found - textbook).subs(point), 30)) < 1e-25


def test_mixture_overlaps_are_integrals():
    x = np.linspace(-20, 20, 4001)
    components = zip(MIXTURE.weights, MIXTURE.means, MIXTURE.variances, strict=True)
    density = sum(
        float(w) * np.exp(-((x - float(m)) ** 2) / (2 * float(v))) / np.sqrt(2 * np.pi * float(v))
        for w, (m,), v in components
    )
    step = x[1] - x[0]
    np.testing.assert_allclose((x**2 * density).sum() * step, float(MIXTURE.variance), rtol=1e-12)
    np.testing.assert_allclose((density**2).sum() * step, float(MIXTURE.overlap(S.Zero, S.One)), rtol=1e-12)


# -- the integrated error, by drawing ---------------------------------------------------------------------


def drawn_errors(weights, n, h, generations, replicates, seed, d=1):
    """∫(p_g − p_0)² of actual kernel densities, exactly for each draw; truth N(0, I)."""
    rng = np.random.default_rng(seed)
    blocks, errors = [rng.normal(size=(replicates, n, d))], []

    def normal(difference2, variance):
        return np.exp(-difference2 / (2 * variance)) / (2 * np.pi * variance) ** (d / 2)

    for g in range(1, generations + 1):
        w = np.repeat(np.array(weights(g), dtype=float) / n, n)
        points = np.concatenate(blocks, axis=1)
        pairs = ((points[:, :, None] - points[:, None]) ** 2).sum(-1)
        own = np.einsum("i,rij,j->r", w, normal(pairs, 2 * h**2), w)
        cross = normal((points**2).sum(-1), 1 + h**2) @ w
        errors.append(own - 2 * cross + (4 * np.pi) ** (-d / 2))
        chosen = rng.choice(len(w), size=(replicates, n), p=w / w.sum())
        parents = np.take_along_axis(points, chosen[:, :, None], axis=1)
        blocks.append(parents + h * rng.normal(size=parents.shape))
    return np.array(errors)


@pytest.mark.parametrize("workflow", [Replace(), Accumulate(), RealPlusLatest(), SlidingWindow(2)], ids=named)
@pytest.mark.parametrize("d", [1, 2])
def test_mise_of_drawn_densities(workflow, d):
    drawn = drawn_errors(lambda g: [float(w) for w in workflow.weights(g)], 4, 0.5, 4, 40_000 // d, seed=d, d=d)
    risk = expected_risk(KernelDensity(HALF, n=4, d=d), workflow, loss="mise")
    stderr = drawn.std(axis=1) / np.sqrt(drawn.shape[1])
    exact = np.array([float(risk.at(g)) for g in range(1, 5)])
    assert (abs(drawn.mean(axis=1) - exact) < 4 * stderr).all()
    assert (stderr / exact < 0.006).all()  # an error of 6 % would show at ten standard errors


# -- closed forms and limits ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "model",
    [
        KernelDensity(HALF, n=4),
        KernelDensity("2/3", n=1),
        KernelDensity(HALF, n=3, d=2),
        KernelDensity("1/3", n=7, d=3, truth_variance=2),
        KernelDensity(HALF, n=5, truth=MIXTURE),
        KernelDensity("scott", n=6),
    ],
    ids=named,
)
def test_replace_closed_form_is_the_recursion(model):
    risk = expected_risk(model, Replace(), loss="mise")
    for g in (1, 5):
        assert abs(N(risk.closed_form.subs(G, g), 15) - N(risk.at(g), 15)) < 1e-12
    distance = [abs(N(risk.limit) - N(risk.at(g))) for g in (40, 160)]
    assert distance[1] < 0.8 * distance[0]


def test_replace_closed_form_keeps_n_and_h():
    risk = expected_risk(KernelDensity(), Replace(), loss="mise")
    n, h = (next(s for s in risk.free_symbols if s.name == name) for name in "nh")
    numbers = expected_risk(KernelDensity("1/4", n=3), Replace())
    at = {n: 3, h: Rational(1, 4)}
    assert abs(N((risk.closed_form.subs({**at, G: 5})) - numbers.at(5), 12)) < 1e-10
    series = polylog(HALF, 1 - 1 / n) / (n - 1) / sqrt(4 * pi * h**2) + 1 / (2 * sqrt(pi))
    assert abs(N((risk.limit - series).subs(at))) < 1e-12


def test_limits():
    # Smoothed away: nothing is left but ∫p_0², and the noise of the last draw where there is one.
    whole = expected_risk(KernelDensity(HALF, n=10, d=2), Accumulate())
    assert whole.limit == 1 / (4 * pi)
    drawn = expected_risk(KernelDensity(HALF, n=10, d=2), AccumulateSubsample(budget=2))
    assert drawn.limit == 1 / (4 * pi) + 1 / (20 * pi)
    assert expected_risk(KernelDensity(HALF, n=10), Accumulate(sizes=2**j)).limit == 1 / (2 * sqrt(pi))
    # A finite pool has a limit of its own, which is not derived; nor that of anchored or refreshed data.
    assert expected_risk(KernelDensity(HALF), Accumulate(sizes=1 / Integer(2) ** j)).limit is None
    for workflow in (RealPlusLatest(), FreshReal(), SlidingWindow(2)):
        assert expected_risk(KernelDensity(HALF, n=10), workflow).limit is None


class Smoothed(Workflow):
    """ψ_g = (1 − β_g) ψ_{g−1} + β_g ψ̂_g: an exponential moving average, or one that stops listening."""

    def __init__(self, gain):
        self.gain = gain

    def weights(self, g):
        weights = [S.One]
        for index in range(2, g + 1):
            beta = self.gain.subs(j, index)
            weights = [weight * (1 - beta) for weight in weights] + [beta]
        return weights

    def dynamics(self):
        one = Matrix([[1]])
        beta = Matrix([[self.gain.subs(j, GENERATION)]])
        return LinearDynamics(start=2, transition=one, innovation=beta, readout=one, initial=one)


@pytest.mark.parametrize("gain", [HALF, 1 / j**2], ids=str)
def test_no_limit_is_claimed_where_noise_or_memory_stays(gain):
    workflow = Smoothed(S(gain))
    risk = expected_risk(KernelDensity(HALF, n=3), workflow)
    assert abs(N(risk.at(4) - pair_sum(workflow, 3, lambda i: HALF**2, 4), 30)) < 1e-25
    assert risk.limit is None
    # Rightly so: the error is not that of a density smoothed away, and does not turn towards it.
    early, late = (
        abs(float(run_spectral(risk.recurrence, [g], 128)[g].real) - 1 / (2 * float(sqrt(pi)))) for g in (100, 200)
    )
    assert 0.05 < early < late + 1e-9


def test_too_many_gaussians_are_refused():
    with pytest.raises(DomainError, match=r"sum of more than 1000 Gaussians .* use numerics.evaluate"):
        expected_risk(KernelDensity("scott", n=4), Accumulate()).at(40)


# -- variance ---------------------------------------------------------------------------------------------


def test_the_harmonic_law():
    h = KernelDensity().bandwidth
    replaced = expected_risk(KernelDensity(), Replace(), loss="variance")
    accumulated = expected_risk(KernelDensity(), Accumulate(), loss="variance")
    assert replaced.closed_form == G * h**2
    assert accumulated.closed_form == harmonic(G) * h**2
    assert accumulated.growth == h**2 * log(G)
    assert accumulated.limit == oo
    assert accumulated.leading_order.at(3) == Rational(11, 6) * h**2


def test_schedules_have_closed_forms():
    squares = expected_risk(KernelDensity(1 / j, n=4), Replace(), loss="variance")
    assert squares.closed_form == harmonic(G, 2)
    telescoped = expected_risk(KernelDensity("c/sqrt(j)", n=4), Accumulate(), loss="variance")
    # Σ_{i<G} 1/(i (i+1)) + 1/G = 1 at every generation.
    assert [telescoped.at(g).subs("c", 3) for g in (1, 2, 9)] == [telescoped.at(1).subs("c", 3)] * 3


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=named)
@pytest.mark.parametrize("bandwidth", ["1/sqrt(j)", "scott", "(j+1)/7"])
def test_variance_by_lines_of_descent(workflow, bandwidth):
    """V_g = h_g² + Σ_j w_gj V_{j−1}, each model's variance from those of the models its data came from."""
    model = KernelDensity(bandwidth, n=3, truth_variance=2)
    risk = expected_risk(model, workflow, loss="variance")
    known = [S.Zero]
    for g in range(1, 7):
        if bandwidth == "scott":
            squared = 2 * (3 * fitted_samples(workflow, g)) ** Rational(-2, 5)
        else:
            squared = (1 / sqrt(Integer(g)) if "sqrt" in bandwidth else Rational(g + 1, 7)) ** 2
        known.append(squared + sum(S(w) * known[i] for i, w in enumerate(workflow.weights(g))))
        assert abs(N(risk.at(g) - known[g], 30)) < 1e-25


def test_scott_counts_the_samples_of_the_fit():
    assert [fitted_samples(Accumulate(sizes=j), g) for g in (1, 2, 3)] == [1, 3, 6]
    assert [fitted_samples(AccumulateSubsample(budget=2), g) for g in (1, 2, 3)] == [1, 2, 2]
    assert [fitted_samples(FreshReal(real=3), g) for g in (1, 2, 3)] == [1, 4, 4]
    assert [fitted_samples(SlidingWindow(2), g) for g in (1, 2, 3)] == [1, 2, 2]
    model = KernelDensity("scott", n=32, truth_variance=9)
    assert [model.bandwidths(Accumulate()).squared(g) for g in (1, 32)] == [Rational(9, 4), Rational(9, 16)]
    assert KernelDensity("scott", n=10, d=6).bandwidths(Replace()).constant == Integer(10) ** Rational(-1, 5)


def test_a_long_window_drifts_by_its_mean_age():
    risk = expected_risk(KernelDensity(HALF, n=4), SlidingWindow(7), loss="variance")
    assert risk.growth == G / 16
    assert abs(float(risk.at(120) - risk.at(100)) / 20 - 1 / 16) < 1e-9
    symbolic = expected_risk(KernelDensity(HALF, n=4), SlidingWindow("k"), loss="variance").growth
    assert symbolic.subs(dict.fromkeys(symbolic.free_symbols - {G}, 7)) == G / 16


# -- boundedness ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bandwidth", "workflow", "total"),
    [
        ("1/j", Replace(), lambda: mpmath.zeta(2)),
        ("1/j", Accumulate(), lambda: mpmath.zeta(2) - 1),
        ("1/sqrt(j)", Accumulate(), lambda: 1),
        ("1/sqrt(j)", Accumulate(sizes=j), lambda: mpmath.mpf(3) / 2),
        ("j^(-3/4)", Replace(), lambda: mpmath.zeta(1.5)),
        ("(j+1)^(-1/3)", Accumulate(), lambda: mpmath.zeta(mpmath.mpf(5) / 3) - 1),
        ("2^(-j)", Replace(), lambda: mpmath.mpf(1) / 3),
        ("1/j", SlidingWindow(2), lambda: mpmath.zeta(2) * 2 / 3),
    ],
)
def test_the_certificate_encloses_the_sum(bandwidth, workflow, total):
    found = boundedness(KernelDensity(bandwidth, n=5), workflow)
    assert found.bounded
    exact = total()
    assert found.lower < exact < found.upper
    assert found.upper - found.lower < 1e-3


@pytest.mark.parametrize(
    ("bandwidth", "workflow", "bounded"),
    [
        ("1/2", Replace(), False),
        ("1/2", Accumulate(), False),
        ("1/2", RealPlusLatest(), True),
        ("1/2", SlidingWindow(3), False),
        ("scott", Replace(), False),
        ("scott", Accumulate(), True),
        ("1/sqrt(j)", Replace(), False),
        ("1/log(j+1)", Replace(), False),
        ("1/log(j+1)", Accumulate(), True),
        ("1/sqrt(log(j+1))", Accumulate(), False),
        ("1/(sqrt(j)*log(j+1))", Replace(), True),
        ("2^j", Accumulate(), False),
        ("j^(1/10)", Accumulate(), False),
        ("j^(-1/100)", Accumulate(), True),
    ],
)
def test_which_schedules_stay_bounded(bandwidth, workflow, bounded):
    assert boundedness(KernelDensity(bandwidth, n=5), workflow).bounded is bounded


def test_the_certificate_of_scotts_rule_is_that_of_the_sum():
    model = KernelDensity("scott", n=5)
    found = boundedness(model, Accumulate())
    with mpmath.workdps(20):
        terms = mpmath.nsum(lambda i: i ** (-mpmath.mpf(2) / 5) / (i + 1), [1, mpmath.inf], method="e")
        assert float(found.lower) < float(terms * mpmath.mpf(5) ** (-mpmath.mpf(2) / 5)) < float(found.upper)
    late = [float(expected_risk(model, Accumulate(), "variance").at(g)) for g in (50, 200)]
    assert late[0] < late[1] < float(found.upper)


def test_a_symbolic_factor_stays_and_what_is_undecided_is_said():
    c = Symbol("c", positive=True)
    found = boundedness(KernelDensity(c / sqrt(j), n=5), Accumulate())
    assert found.lower.subs(c, 1) < 1 < found.upper.subs(c, 1)
    with pytest.raises(NotDerivedError, match="is not derived"):
        boundedness(KernelDensity(1 / log(log(j + 20)), n=5), Accumulate())
    with pytest.raises(NotDerivedError, match="is not derived"):
        boundedness(KernelDensity("1/j", n=5), SlidingWindow(7))


# -- bad input --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: KernelDensity(-1), "bandwidth = -1 is not a bandwidth"),
        (lambda: KernelDensity(0), "bandwidth = 0 is not a bandwidth"),
        (lambda: KernelDensity("1 - j/10"), r"h\(10\) = 0, and every bandwidth must be positive"),
        (lambda: KernelDensity("silverman!"), 'Or give "scott"'),
        (lambda: KernelDensity("G/2"), "bandwidth = G/2 contains theory.G"),
        (lambda: KernelDensity(1, n=0), "n = 0 is not allowed"),
        (lambda: KernelDensity(1, truth_variance=0), "truth_variance = 0 is not allowed"),
        (lambda: KernelDensity(1, d=0), "d = 0 is not allowed"),
        (lambda: KernelDensity(1, truth="normal"), "give a MixtureTruth"),
        (lambda: KernelDensity(1, d=3, truth=MIXTURE), "d = 3 is not the dimension of the mixture"),
        (lambda: KernelDensity(1, truth_variance=9, truth=MIXTURE), "not the variance of the mixture"),
        (lambda: MixtureTruth(["1/2", "1/3"], [0, 1], [1, 1]), "sum to 5/6: the weights must sum to 1"),
        (lambda: MixtureTruth([1], [0, 1], [1, 1]), "1, 2 and 2 entries"),
        (lambda: MixtureTruth(["3/2", "-1/2"], [0, 1], [1, 1]), r"weights\[1\] = -1/2 is not allowed"),
        (lambda: MixtureTruth([1], [0], [0]), r"variances\[0\] = 0 is not allowed"),
        (lambda: MixtureTruth(["1/2", "1/2"], [[0], [0, 1]], [1, 1]), "different dimensions"),
        (lambda: MixtureTruth("ab", [0], [1]), "weights = 'ab' is not a list"),
        (lambda: expected_risk(KernelDensity(1, n=3), AccumulateSubsample("1/2")).at(2), "must be a whole number"),
        (lambda: boundedness("kde", Replace()), "has no bandwidth"),
    ],
)
def test_bad_input_is_named(make, message):
    with pytest.raises(DomainError, match=message):
        make()


def test_substitution_reaches_every_parameter():
    v = Symbol("v", positive=True)
    truth = MixtureTruth(["1/2", "1/2"], [-1, 1], [v, v])
    model = KernelDensity("scott", truth=truth)
    assert {s.name for s in model.free_symbols} == {"n", "v"}
    risk = expected_risk(model, Replace(), "variance").subs({"n": 32, "v": 3})
    assert risk.at(2) == 2 * Integer(4) / 4
    assert isinstance(expected_risk(model, Replace()).recurrence, SpectralRecurrence)
    assert KernelDensity(1 / j, n=2).free_symbols == set()


def test_the_old_name_of_a_mixture_is_told_its_new_one():
    """Under its old name it hid scikit-learn's class after ``import *``."""
    with pytest.warns(DeprecationWarning, match=r"now called theory\.MixtureTruth") as caught:
        from theory import GaussianMixture
    assert GaussianMixture is theory.MixtureTruth is MixtureTruth
    # The warning points to the line that says the old name.
    assert {Path(warning.filename).name for warning in caught} == {Path(__file__).name}
    names: dict[str, object] = {}
    exec("from theory import *", names)
    assert "MixtureTruth" in names
    assert "GaussianMixture" not in names
    with pytest.raises(AttributeError, match="no attribute 'GaussianMixtures'"):
        theory.GaussianMixtures  # noqa: B018
