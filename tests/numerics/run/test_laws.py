"""Every law of a generator, kept by generators that people use and broken by one made for it."""

# Users draw from NumPy's global generator, and so does this file.
# ruff: noqa: NPY002

import os
from typing import ClassVar

import numpy as np
import pytest
from any_generator import Holder, Letters, Mean, WeighedMean

from numerics import check_generator
from numerics.run.rows import Documents
from theory import DomainError
from theory.errors import LawViolation

X = np.random.default_rng(5).normal(3, 2, 40)
ALL = ("fit", "data", "rows", "seed", "independence", "generations", "losses", "pickle")


class ReturnsAnother(Mean):
    def fit(self, X):
        fitted = Mean()
        fitted.fit(X)
        return fitted


class RaisesInFit(Mean):
    def fit(self, X):
        raise ValueError("too\nfew rows.")


class Centres(Mean):
    def fit(self, X):
        X -= X.mean()
        self.mean = 0.0


class Shuffles(Mean):
    def fit(self, X):
        super().fit(X)
        self.rows = X

    def sample(self, n):
        np.random.shuffle(self.rows)
        return np.resize(self.rows, n)


class OneTooFew(Mean):
    def sample(self, n):
        return super().sample(max(1, n - 1))


class NotFinite(Mean):
    def sample(self, n):
        return np.full(n, np.nan)


class WholeWhereFew(Mean):
    def sample(self, n):
        return super().sample(n).astype(int if n < 3 else float)


class Unseeded(Mean):
    def sample(self, n):
        return np.frombuffer(os.urandom(4 * n), np.uint32) / 2**32


class FitsUnseeded(Mean):
    def fit(self, X):
        self.mean = int.from_bytes(os.urandom(4), "little") / 2**32


class AlwaysTheSame(Mean):
    def sample(self, n):
        return np.random.default_rng(0).normal(self.mean, 1, n)


class InItsClass(Mean):
    kept: ClassVar[list] = []

    def fit(self, X):
        self.kept[:] = [X.mean()]

    def sample(self, n):
        return np.random.normal(self.kept[0], 1.0, n)


class NoWeights(Mean):
    def fit(self, X, sample_weight=None):
        if sample_weight is not None:
            raise NotImplementedError
        super().fit(X)


class OnlyOnce(Mean):
    """Takes no other rows than the real ones."""

    def fit(self, X):
        if not np.isin(X, np.random.default_rng(5).normal(3, 2, 40)).all():
            raise ValueError("unknown rows")
        super().fit(X)


class Bounded(Mean):
    """Uniform between the least and the largest row: what lies beyond has no density."""

    def fit(self, X):
        self.low, self.high = X.min(), X.max()

    def sample(self, n):
        return np.random.uniform(self.low, self.high, n)

    def score_samples(self, X):
        inside = (self.low <= X) & (self.high >= X)
        with np.errstate(divide="ignore"):
            return np.log(inside / (self.high - self.low))


class NotPickled(Mean):
    def __getstate__(self):
        raise TypeError("not today")


class HalfPickled(Mean):
    mean = 0.0

    def __getstate__(self):
        return {}

    def __deepcopy__(self, memo):
        copied = HalfPickled()
        copied.mean = self.mean
        return copied


@pytest.mark.parametrize("generator", [Mean(), Mean, Holder()])
def test_generators_that_keep_the_laws(generator):
    assert check_generator(generator, X) == ALL


def test_weights_documents_and_a_pipeline():
    assert set(check_generator(WeighedMean(), X)) == {*ALL, "weights"}
    letters = Documents.of(np.random.default_rng(1).integers(0, 4, length).astype(np.uint8) for length in (3, 5, 9, 4))
    assert check_generator(Letters(), letters) == ALL
    mixture = pytest.importorskip("sklearn.mixture").GaussianMixture(2)
    scaler = pytest.importorskip("sklearn.preprocessing").StandardScaler()
    pipe = pytest.importorskip("sklearn.pipeline").make_pipeline(scaler, mixture)
    assert check_generator(pipe, X) == ALL
    assert check_generator(pipe, X, "negative log-likelihood") == ALL
    pipe.steps[0] = ("bent", pytest.importorskip("sklearn.preprocessing").PowerTransformer())
    assert check_generator(pipe, X) == ALL
    with pytest.raises(LawViolation, match="losses: loss = 'negative log-likelihood' of a pipeline needs steps"):
        check_generator(pipe, X, "negative log-likelihood")


@pytest.mark.parametrize(
    ("generator", "said"),
    [
        (ReturnsAnother(), "fit: after fit, whatever that returns, ReturnsAnother.sample(8) raises AttributeError"),
        (RaisesInFit(), "fit: RaisesInFit.fit raises ValueError: too\\nfew rows."),
        (Centres(), "data: Centres.fit changes its training data"),
        (Shuffles(), "data: Shuffles.sample changes the training data"),
        (OneTooFew(), "rows: OneTooFew.sample(8) has shape (7,): it must be (8,)"),
        (NotFinite(), "every number must be finite"),
        (WholeWhereFew(), "rows: WholeWhereFew.sample returns int64 of 2 rows and float64 of 40 rows"),
        (Unseeded(), "seed: Unseeded.sample, asked again from the same seed, draws other rows"),
        (FitsUnseeded(), "seed: FitsUnseeded.fit, from the same seed and rows, fits another model"),
        (AlwaysTheSame(), "seed: AlwaysTheSame.sample draws the same rows at every generation"),
        (InItsClass(), "independence: after another InItsClass is fitted this one draws other rows"),
        (NoWeights(), "weights: NoWeights.fit with sample_weight = 1 for every row raises NotImplementedError."),
        (OnlyOnce(), "OnlyOnce, fitted on what it drew, raises ValueError: unknown rows."),
        (Bounded(), "losses: loss = negative log-likelihood is inf at generation 2"),
        (NotPickled, "pickle: a pickle of NotPickled, fitted, raises TypeError: not today."),
        (lambda: Mean(), "pickle: a pickle of Mean, not fitted, raises"),
        (HalfPickled(), "pickle: HalfPickled, pickled once it is fitted, draws other rows"),
    ],
)
def test_a_generator_that_breaks_a_law(generator, said):
    with pytest.raises(LawViolation) as refused:
        check_generator(generator, X)
    assert said in str(refused.value)
    assert str(refused.value).count("\n") == 0


def test_what_is_no_generator_or_no_data():
    with pytest.raises(DomainError, match="has no fit"):
        check_generator(3, X)
    with pytest.raises(DomainError, match="X has"):
        check_generator(Mean(), [1.0, np.nan])
    with pytest.raises(LawViolation, match="gave nan"):
        check_generator(Mean(), X, loss=lambda model, test: np.nan)
