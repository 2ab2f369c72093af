"""Six generators that people use, sent through the loop, against what is derived for them.

Run from the root of the repository, outside CI (a quarter of an hour on one core), where scikit-learn, statsmodels and
hmmlearn are installed beside selfgen:

    python -m studies.six_generators

It writes studies/six_generators.csv, a row a generator, workflow and generation: what was measured, its standard error
over replicates, what theory says, and the p-value, verdict and detectable relative error of the whole run. The page
``docs/guides/six_generators.md`` is drawn from that file, and ``tests/test_docs.py`` holds the page to it. It
was seen with scikit-learn 1.9.1, statsmodels 0.15.0 and hmmlearn 0.3.3.
"""

from __future__ import annotations

import csv
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from hmmlearn.hmm import GaussianHMM
from scipy.stats import gaussian_kde
from sklearn.mixture import BayesianGaussianMixture, GaussianMixture
from sklearn.neighbors import KernelDensity
from statsmodels.distributions.copula.api import GaussianCopula
from sympy import Rational

import theory
from numerics import evaluate, run_generations
from theory import Accumulate, Bernoulli, Categorical, PosteriorMean, Regular, Replace, expected_risk
from theory.workflows.base import Workflow

FILE = Path(__file__).with_suffix(".csv")
COLUMNS = ("case", "workflow", "generation", "measured", "stderr", "theory", "p_value", "detectable", "passed")
WORKFLOWS: tuple[Workflow, ...] = (Replace(), Accumulate())
GENERATIONS = 8

# -- the generators that are no class of a library's with fit and sample ---------------------------------------------


class Copula:
    """A Gaussian copula by Kendall's tau, with the margins of the data: each row is drawn anew, column by column."""

    random_state: Any = None

    def fit(self, X: np.ndarray) -> None:
        self.columns = np.sort(X, axis=0)
        self.copula = GaussianCopula(k_dim=X.shape[1])
        self.correlation = float(self.copula.fit_corr_param(X))
        self.copula = GaussianCopula(corr=self.correlation, k_dim=X.shape[1])

    def sample(self, n: int) -> np.ndarray:
        ranks = self.copula.rvs(n, rng=np.random.default_rng(self.random_state))
        rows = np.minimum((ranks * len(self.columns)).astype(int), len(self.columns) - 1)
        return np.take_along_axis(self.columns, rows, axis=0)


class SmoothCopula(Copula):
    """The same with margins that have no atoms: quantiles between two rows are on the line between them."""

    def sample(self, n: int) -> np.ndarray:
        ranks = self.copula.rvs(n, rng=np.random.default_rng(self.random_state))
        places = (np.arange(len(self.columns)) + 0.5) / len(self.columns)
        return np.column_stack([np.interp(ranks[:, k], places, self.columns[:, k]) for k in range(ranks.shape[1])])


class HiddenMarkov:
    """A hidden Markov model of two Gaussian states by hmmlearn; a row is a whole sequence, as rows are shuffled."""

    random_state: Any = None

    def fit(self, X: np.ndarray) -> None:
        self.length = X.shape[1]
        self.model = self.unfitted().fit(X.reshape(-1, 1), [self.length] * len(X))

    def unfitted(self) -> GaussianHMM:
        """Maximum likelihood: no prior, iterated to the end."""
        return GaussianHMM(2, n_iter=300, tol=1e-4, covars_prior=0, covars_weight=0, random_state=0)

    def sample(self, n: int) -> np.ndarray:
        seeds = np.random.default_rng(self.random_state).integers(2**31, size=n)
        return np.stack([self.model.sample(self.length, random_state=int(seed))[0][:, 0] for seed in seeds])

    def score(self, X: np.ndarray) -> float:
        return float(self.model.score(X.reshape(-1, 1), [self.length] * len(X))) / len(X)


class AsItComes(HiddenMarkov):
    """What hmmlearn does unless it is told otherwise: ten iterations."""

    def unfitted(self) -> GaussianHMM:
        return GaussianHMM(2, random_state=0)


class Trigram:
    """Letters after the two before, by counts, ``extra`` added to each; a row is a text of fixed length."""

    random_state: Any = None
    letters = 3

    def __init__(self, extra: float = 0.0) -> None:
        self.extra = extra

    def fit(self, X: np.ndarray) -> None:
        self.length = X.shape[1]
        shape = (self.letters,) * 3
        counts = np.zeros(shape)
        np.add.at(counts, (X[:, :-2].ravel(), X[:, 1:-1].ravel(), X[:, 2:].ravel()), 1.0)
        self.starts = np.bincount(X[:, 0] * self.letters + X[:, 1], minlength=self.letters**2) / len(X)
        counts += self.extra
        total = counts.sum(axis=2, keepdims=True)
        # A context that was never seen says nothing: every letter alike.
        self.rows = np.where(total > 0, counts / np.where(total > 0, total, 1), 1 / self.letters)

    def sample(self, n: int) -> np.ndarray:
        random = np.random.default_rng(self.random_state)
        first = random.choice(self.letters**2, size=n, p=self.starts)
        text = [first // self.letters, first % self.letters]
        for _ in range(self.length - 2):
            edges = self.rows[text[-2], text[-1]].cumsum(axis=1)
            text.append((random.random((n, 1)) > edges[:, :-1]).sum(axis=1))
        return np.stack(text, axis=1)


# -- the cases -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Row:
    """One generation of a run."""

    case: str
    workflow: str
    generation: int
    measured: float
    stderr: float
    theory: float
    p_value: float = np.nan
    detectable: float = np.nan
    passed: bool | None = None


def ratios(
    case: str, generator: Any, pool: np.ndarray, parameters: int, n: int, replicates: int,
    loss: Any = "negative log-likelihood", best: float | None = None,
) -> Iterator[Row]:  # fmt: skip
    """The measured ratio against that of any regular model: a generator of so many parameters, fitted on n rows."""
    least = least_loss(generator, pool) if best is None else best
    for workflow in WORKFLOWS:
        run = run_generations(generator, pool, workflow, GENERATIONS, loss, replicates=replicates, n=n, seed=7)
        check = run.compare(expected_risk(Regular(p=parameters, n=n), workflow), best=least)
        verdict = (check.p_value, check.detectable, check.passed)
        found = zip(check.ratio, check.stderr, check.prediction, strict=True)
        for g, (ratio, stderr, prediction) in enumerate(found, start=1):
            yield Row(case, workflow.name, g, float(ratio), float(stderr), float(prediction), *verdict)


def least_loss(generator: Any, pool: np.ndarray) -> float:
    """The negative log-likelihood of the best fit: that to the whole pool."""
    generator.fit(pool)
    scored = generator.score_samples(pool) if hasattr(generator, "score_samples") else generator.score(pool)
    return -float(np.mean(scored))


def means(
    case: str, generator: Any, pool: np.ndarray, n: int, replicates: int, loss: Any,
    theory: Callable[[Workflow, int], float], workflows: tuple[Workflow, ...] = WORKFLOWS,
) -> Iterator[Row]:  # fmt: skip
    """The mean of a loss, generation by generation, against a number that theory gives."""
    for workflow in workflows:
        run = run_generations(generator, pool, workflow, GENERATIONS, loss, replicates=replicates, n=n, seed=7)
        for g in range(1, GENERATIONS + 1):
            losses = run.losses[:, g - 1]
            stderr = float(losses.std(ddof=1) / np.sqrt(len(losses)))
            yield Row(case, workflow.name, g, float(losses.mean()), stderr, theory(workflow, g))


def two_gaussians(half_distance: float, rows: int = 20_000) -> np.ndarray:
    """Two Gaussians of variance 1, equally likely, in one dimension; the same for everybody."""
    random = np.random.default_rng(1)
    return (random.choice([-half_distance, half_distance], rows) + random.normal(size=rows))[:, None]


def mixtures() -> Iterator[Row]:
    yield from ratios("mixture, apart", GaussianMixture(2), two_gaussians(3.0), 5, 400, 200)
    yield from ratios("mixture, overlapping", GaussianMixture(2, max_iter=500), two_gaussians(1.0), 5, 400, 200)


def width(model: Any, test: np.ndarray) -> float:
    """The mean variance of the components, by their weights."""
    return float((model.weights_ * model.covariances_[:, 0, 0]).sum())


def inflated(workflow: Workflow, g: int, variance: float = 1.0, middle: float = 3.0) -> float:
    """Variance of a component under priors that are read off the data: each is one more row, far from the component.

    Of N rows in a component with variance S and mean ± m, scikit-learn's variance is (V + N S + m² N/(N + 1))/(N + 1)
    where V = S + m² is the variance of all the data, and its mean is m N/(N + 1).
    """
    # Of the blocks: the real one, then what each model draws.
    variances, middles = [variance], [middle]
    for _ in range(g):
        kept = len(variances) if workflow.name == "accumulate" else 1
        rows = 200 * kept
        inside, mean = float(np.mean(variances[-kept:])), float(np.mean(middles[-kept:]))
        variances.append(inside + (1 + rows / (rows + 1)) * mean**2 / (rows + 1))
        middles.append(mean * rows / (rows + 1))
    return variances[-1]


def bayesian_mixtures() -> Iterator[Row]:
    pool = two_gaussians(3.0)
    generator = BayesianGaussianMixture(n_components=2, max_iter=500)
    yield from ratios("Bayesian mixture", generator, pool, 5, 400, 200)
    truth = GaussianMixture(2, tol=1e-6, max_iter=1000).fit(pool)
    start = (width(truth, pool), float(abs(truth.means_).mean()))
    widths = partial(inflated, variance=start[0], middle=start[1])
    yield from means("Bayesian mixture, variance", generator, pool, 400, 200, width, widths)


def excess_variance(model: Any, test: np.ndarray) -> float:
    """The variance of a kernel density about the mean of the data, less theirs."""
    centres, h2 = model.centres()
    return float(((centres - test.mean()) ** 2).mean() + h2 - test.var())


class ByScikit(KernelDensity):
    """scikit-learn's kernel density with its rule."""

    def centres(self) -> tuple[np.ndarray, float]:
        return np.asarray(self.tree_.data), self.bandwidth_**2


class BySciPy:
    """SciPy's kernel density with its rule, which multiplies the deviation of the data."""

    random_state: Any = None

    def fit(self, X: np.ndarray) -> None:
        self.model = gaussian_kde(X[:, 0])

    def sample(self, n: int) -> np.ndarray:
        return self.model.resample(n, seed=np.random.default_rng(self.random_state)).T

    def centres(self) -> tuple[np.ndarray, float]:
        return self.model.dataset[0], float(self.model.covariance[0, 0])


def kernel_densities() -> Iterator[Row]:
    pool = np.random.default_rng(2).normal(size=(20_000, 1))
    pool = (pool - pool.mean()) / pool.std()

    def by_theory(workflow: Workflow, g: int) -> float:
        return float(expected_risk(theory.KernelDensity(bandwidth="scott", n=100), workflow, loss="variance").at(g))

    def multiplied(workflow: Workflow, g: int) -> float:
        """About the own mean it is multiplied by 1 − 1/n + h² a generation; about the truth's it gains h² of that."""
        h2, excess, own = 100**-0.4, 0.0, 1.0
        for _ in range(g):
            excess, own = excess + h2 * own, own * (1 - 1 / 100 + h2)
        return excess

    scikit = ByScikit(bandwidth="scott")
    yield from means("kernel density, scikit-learn", scikit, pool, 100, 400, excess_variance, by_theory)
    yield from means("kernel density, SciPy", BySciPy(), pool, 100, 400, excess_variance, multiplied, (Replace(),))
    yield from means(
        "kernel density, scikit-learn, data times 10", scikit, 10 * pool, 100, 400,
        lambda model, test: excess_variance(model, test) / 100, lambda workflow, g: by_theory(workflow, g) / 100,
    )  # fmt: skip


def copulas() -> Iterator[Row]:
    random = np.random.default_rng(3)
    pool = random.multivariate_normal([0, 0], [[1, 0.6], [0.6, 1]], size=20_000)
    whole = Copula()
    whole.fit(pool)

    def squared(model: Any, test: np.ndarray) -> float:
        return float((model.correlation - whole.correlation) ** 2)

    yield from ratios("copula, smooth margins", SmoothCopula(), pool, 1, 200, 400, squared, 0.0)
    yield from ratios("copula, margins of the data", Copula(), pool, 1, 200, 400, squared, 0.0)
    words = expected_risk(Categorical([Rational(1, 200)] * 200, n=200), Replace(), loss="support")

    def distinct(model: Any, test: np.ndarray) -> float:
        return float(len(np.unique(model.columns[:, 0])))

    yield from means(
        "copula, values left in a margin", Copula(), pool, 200, 200, distinct,
        lambda workflow, g: float(evaluate(words, g - 1)) if g > 1 else 200.0, (Replace(),),
    )  # fmt: skip


def hidden_markov() -> Iterator[Row]:
    truth = GaussianHMM(2)
    truth.startprob_, truth.transmat_ = np.array([0.5, 0.5]), np.array([[0.9, 0.1], [0.1, 0.9]])
    truth.means_, truth.covars_ = np.array([[-1.5], [1.5]]), np.array([[1.0], [1.0]])
    drawn = HiddenMarkov()
    drawn.model, drawn.length, drawn.random_state = truth, 25, 4
    pool = drawn.sample(2000)
    yield from ratios("hidden Markov", HiddenMarkov(), pool, 7, 40, 60)
    least = least_loss(HiddenMarkov(), pool)
    yield from ratios("hidden Markov, hmmlearn's defaults", AsItComes(), pool, 7, 40, 60, best=least)


def trigrams() -> Iterator[Row]:
    random = np.random.default_rng(5)
    truth = Trigram()
    truth.rows, truth.starts = random.dirichlet([2.0] * 3, size=(3, 3)), np.full(9, 1 / 9)
    truth.length, truth.random_state = 60, 5
    pool = truth.sample(20_000)[:, -20:]
    whole = Trigram()
    whole.fit(pool)
    seen = np.zeros((3, 3))
    np.add.at(seen, (pool[:, :-2].ravel(), pool[:, 1:-1].ravel()), 1 / (18 * len(pool)))

    def squared(model: Any, test: np.ndarray) -> float:
        return float((seen[:, :, None] * (model.rows - whole.rows) ** 2).sum())

    yield from ratios("trigram, counts", Trigram(), pool, 18, 100, 400, squared, 0.0)

    def smoothed(workflow: Workflow, g: int) -> float:
        """A probability is a coin's posterior mean, tossed as often as its context comes up: 1800 times its share."""
        total = 0.0
        for share, row in zip(seen.ravel(), whole.rows.reshape(9, 3), strict=True):
            tosses = max(round(1800 * share), 1)
            for p in row:
                coin = PosteriorMean(Bernoulli(Rational(round(1000 * p), 1000), n=tosses), 3, Rational(1, 3))
                total += share * float(expected_risk(coin, workflow).at(g))
        return total

    yield from means("trigram, one more of each", Trigram(1.0), pool, 100, 400, squared, smoothed)


CASES: dict[str, Callable[[], Iterator[Row]]] = {
    "mixtures": mixtures,
    "bayesian": bayesian_mixtures,
    "kernels": kernel_densities,
    "copulas": copulas,
    "hidden": hidden_markov,
    "trigrams": trigrams,
}


def main(names: list[str]) -> None:
    """Run the cases of these names, or all, and write the file; rows of cases that are not run are kept."""
    warnings.simplefilter("ignore")
    done = {name: list(CASES[name]()) for name in names or CASES}
    new = [row for rows in done.values() for row in rows]
    again = {row.case for row in new}
    old = []
    if FILE.exists():
        with FILE.open(encoding="utf-8", newline="") as file:
            old = [row for row in csv.DictReader(file) if row["case"] not in again]
    with FILE.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows([row[name] for name in COLUMNS] for row in old)
        writer.writerows([written(getattr(row, name)) for name in COLUMNS] for row in new)


def written(value: object) -> str:
    """A cell: six digits, and nothing for what was not judged."""
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    main(sys.argv[1:])
