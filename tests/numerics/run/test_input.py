"""What is given to a run, what it returns, and what it refuses."""

# Users draw from NumPy's global generator, and so does this file.
# ruff: noqa: NPY002

import re
import threading
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from any_generator import POOL, Box, Holder, Mean, square
from sympy import sqrt

from numerics.generations import run_generations
from numerics.run.generator import generator_source
from theory import Accumulate, DomainError, FreshReal, GaussianMean, RealPlusLatest, Replace, Weighted, expected_risk, j


class Returns(Mean):
    def __init__(self, returned):
        self.returned = returned

    def sample(self, n):
        return self.returned(n)


class Locked(Mean):
    def __init__(self):
        self.lock = threading.Lock()


def test_losses_that_are_numbers():
    for value in (3, 1.5, Fraction(3, 2), Decimal("1.5"), np.float32(1.5), np.int64(2), np.array(1.5), np.array([1.5])):
        run = run_generations(Mean(), POOL, Replace(), 2, lambda model, test, value=value: value, n=5)
        assert (run.losses == float(np.squeeze(value) if isinstance(value, np.ndarray) else value)).all()
    unmasked = np.ma.array(POOL, mask=False)
    assert (run_generations(Mean(), unmasked, Replace(), 2, square, n=5).losses
            == run_generations(Mean(), POOL, Replace(), 2, square, n=5).losses).all()  # fmt: skip

    class Scoring(Mean):
        def score_samples(self, X):
            return np.array(["1.0"] * len(X))

    with pytest.raises(DomainError, match="must be numbers alone"):
        run_generations(Scoring(), POOL, Replace(), 2, n=5)


def test_shapes():
    shapes = []

    class Shape(Mean):
        def fit(self, X):
            shapes.append(X.shape)
            self.mean = 0.0

        def sample(self, n):
            return np.random.normal(size=(n, *shapes[0][1:])), np.zeros(n)

    class Estimator(Shape):
        def get_params(self, deep=True):
            return {}

    for generator, data, expected in (
        (Shape(), POOL, (5,)),
        (Shape(), POOL[:, None], (5, 1)),
        (Shape(), np.ones((30, 3)), (5, 3)),
        (Estimator, POOL, (5, 1)),
    ):
        shapes.clear()
        run = run_generations(generator, data, Replace(), 3, lambda model, test: len(test.shape), n=5)
        assert set(shapes) == {expected}
        assert (run.losses == len(expected)).all()
    run_generations(Returns(lambda n: np.random.normal(size=(n, 1))), POOL, Replace(), 2, square, n=5)
    run_generations(Returns(lambda n: [1] * n), POOL, Replace(), 2, square, n=5)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"generator": object()}, "generator = object has no fit: give an object with fit(X) and sample(n)."),
        ({"generator": Returns}, "generator = .*Returns'> cannot be called without arguments"),
        ({"generator": Returns(lambda n: np.zeros(n + 1))}, r"Returns.sample\(8\) has shape \(9,\)"),
        ({"generator": Returns(lambda n: np.zeros((n, 2)))}, r"has shape \(8, 2\): it must be \(8,\) or \(8, 1\)"),
        ({"generator": Returns(lambda n: np.full(n, np.nan))}, r"has \[nan\] in row 0: every number must be finite"),
        ({"generator": Returns(lambda n: ["a"] * n)}, "it must be a 1-D or 2-D array of real numbers"),
        ({"generator": Returns(lambda n: [[1], [1, 2]])}, "is not an array"),
        ({"data": np.zeros((2, 2, 2))}, r"data has shape \(2, 2, 2\)"),
        ({"data": [1.0, np.inf]}, r"data has \[inf\] in row 1"),
        ({"data": []}, r"data has shape \(0,\)"),
        ({"data": np.ones(5), "n": 6}, "data has 5 rows, but a replicate takes 6 real ones"),
        ({"workflow": FreshReal(), "n": 700}, "what it draws afresh"),
        ({"test_data": np.ones((4, 2))}, "test_data has 2 columns and data 1"),
        ({"workflow": "replace"}, "workflow = 'replace' is not a workflow"),
        ({"workflow": FreshReal(share="s")}, "has the symbol s"),
        ({"workflow": Weighted(lambda g: [1] if g == 1 else [2, -1, *[0] * (g - 2)])}, "negative weight"),
        ({"workflow": RealPlusLatest(share=1 / sqrt(2))}, "not fractions.*sample_weight"),
        ({"workflow": RealPlusLatest(share="123457/2000003")}, "up to 1876546 times.*sample_weight"),
        ({"workflow": Accumulate(sizes=j / 3)}, "needs a whole number"),
        ({"generations": 0}, "generations = 0 is not a generation"),
        ({"replicates": 0}, "replicates = 0 is not allowed"),
        ({"seed": -1}, "seed = -1 is not allowed"),
        ({"n": 0}, "n = 0 is not allowed"),
        ({"replicates": 10**8}, "are too many"),
        ({"loss": "entropy"}, "loss = 'entropy' is not a loss"),
        ({"loss": "negative log-likelihood"}, "needs score_samples"),
        ({"loss": "mean", "n": 1}, "n = 1 is not allowed for loss = 'mean'"),
        ({"loss": lambda model, test: "low"}, "gave 'low': it must give one real number"),
        ({"loss": lambda model, test: np.nan}, "gave nan"),
        ({"loss": lambda model, test: "1.5"}, "gave '1.5': it must give one real number"),
        ({"loss": lambda model, test: b"1"}, "gave b'1'"),
        ({"loss": lambda model, test: True}, "gave True"),
        ({"loss": lambda model, test: np.str_("2")}, "gave np.str_('2')"),
        ({"loss": lambda model, test: test.mean() > 0}, "gave np."),
        ({"loss": lambda model, test: np.array("1.5")}, "gave array('1.5'"),
        ({"loss": lambda model, test: np.array([1.0, 2.0])}, "gave array([1., 2.])"),
        ({"loss": lambda model, test: np.ma.masked}, "gave masked"),
        ({"loss": lambda model, test: 1j}, "gave 1j"),
        ({"loss": lambda model, test: None}, "gave None"),
        ({"data": np.ma.masked_greater(POOL, 0.5)}, "data is masked in row"),
        ({"data": [np.ma.array([1.0, 2.0], mask=[False, True]), [1.0, 2.0]]}, "data is masked in row 0"),
        ({"test_data": np.ma.masked_less(POOL, 0)}, "test_data is masked in row"),
        ({"generator": Returns(lambda n: np.ma.array(np.ones(n), mask=np.arange(n) == 2))}, "is masked in row 2"),
        ({"generator": Box(threading.Lock())}, "generator = Box has no fit"),
        ({"generator": Locked()}, "generator = Locked cannot be copied"),
        ({"path": 3}, "path = 3 is not a path"),
    ],
)
def test_errors_are_one_clear_sentence(changed, told):
    arguments = {"generator": Mean(), "data": POOL, "workflow": Replace(), "generations": 3, "loss": square, "n": 4}
    with pytest.raises(DomainError, match=told if "\\" in told or ".*" in told else re.escape(told)) as caught:
        run_generations(**{**arguments, **changed})
    assert str(caught.value).endswith(".")


def test_errors_of_comparisons():
    run = run_generations(Mean(), POOL, Replace(), 3, square, replicates=30, n=5)
    risk = expected_risk(GaussianMean(1, 5), Replace())
    for arguments, told in (
        ({"risk": 1}, "is not a risk"),
        ({"risk": expected_risk(GaussianMean(1, 5), Accumulate())}, "but the risk is of Accumulate"),
        ({"risk": expected_risk(GaussianMean(1, 6), Replace())}, "n = 5 was run, but the risk is of n = 6"),
        ({"risk": risk, "best": 0.0, "unit": 1.0}, "are both given"),
        ({"risk": risk, "best": 10.0}, "is not below the mean loss"),
        ({"risk": risk, "best": float("nan")}, "best = nan is not allowed"),
        ({"risk": risk, "unit": -1.0}, "must be positive"),
        ({"risk": risk, "level": 2.0}, "level = 2.0 is not a probability"),
    ):
        with pytest.raises(DomainError, match=told):
            run.compare(**arguments)
    with pytest.raises(DomainError, match="A ratio needs best"):
        run.ratio()
    few = run_generations(Mean(), POOL, Replace(), 3, square, n=5)
    assert np.isnan(few.stderr).all()
    with pytest.raises(DomainError, match="replicates = 1 is too few"):
        few.compare(risk)


def test_a_source_says_what_it_is():
    identity = generator_source(Returns(np.zeros(3)), 1, True).identity
    assert identity.startswith("Returns(returned=array (3,)")
    assert generator_source(Holder(), 1, True).identity == generator_source(Holder, 1, True).identity
