r"""Generations that start from real data: scikit-learn's bundled sets, and what held-out data say of each model.

Model 1 is fitted on N real rows and labels; later ones on labels drawn from earlier models, on the same rows or on
bootstrap rows. The loss is the mean log-loss L on held-out real data. The best parameter is unknown, so that the excess
risk of model 1 cannot be observed; the increase over model 1 can, and everything below is conditional on the real data.

Given them, synthetic labels follow model 1 exactly, whatever law nature has: with :math:`\theta_1` in the place of the
truth, :math:`\theta_g - \theta_1 \approx \sum_{2\le j\le g} C_{g,j}\,\varepsilon_j` (weights that sum to one hand model
1 on unchanged, :math:`C_{g,1} = 1`), and to leading order

.. math:: E[L(\theta_g) - L(\theta_1)] = (\text{ratio}_g - 1)\,\frac{\kappa}{n}, \qquad
          \kappa = \tfrac12 \operatorname{tr}(M I^{-1}), \qquad
          M = \nabla^2 L - T[I^{-1}\nabla L],

I being Fisher's information of model 1 averaged over the training rows and T the third derivative of its cumulant. The
second term of M is the bias of the fit, which moves along the held-out gradient: of order n^{-3/2} in expectation, for
∇L is noise, but not small in one data set. κ/n is what generation 1 would itself have paid, were the model right.

A subsample draws from a pool that still holds the real labels, whose scores have their own covariance K at
:math:`\theta_1` (the filling of the sandwich :math:`I^{-1} K I^{-1}`): the noise of the draw at generation g has
covariance :math:`(\tfrac1b - \tfrac1N)\, I^{-1} \tfrac{K + (g-1) I}{g} I^{-1}`, and the prediction takes it in place of
:math:`I^{-1}`.

Real data cannot grow, but labels can: with c labels a row instead of one (the real ones repeated c times) n = cN, the
statement is sharper, and what is left at c → ∞ must be nothing.

Derived here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from numerics.estimation.chain import Refits, refit_real
from numerics.estimation.cholesky import Array
from numerics.estimation.correction import Correction, fit_correction
from numerics.estimation.logistic import LogisticRegression
from numerics.estimation.multinomial import MultinomialRegression
from numerics.estimation.newton import FITTED, SEPARATED, minimise
from numerics.estimation.normal import NormalRegression
from numerics.estimation.regression import DESIGNS, Regression
from numerics.estimation.regression_chain import HeldOut
from numerics.seeds import Seed, seed_number
from theory.errors import DomainError
from theory.workflows.base import Workflow

# A difference below this share of what it is compared with is rounding: least squares has no finite-n correction.
ROUNDING = 1e-9
POWER = 0.99


@dataclass(frozen=True)
class Source:
    """How a bundled set becomes a regression: which columns or components, which classes, and why."""

    loader: str
    regression: type[Regression]
    columns: tuple[int, ...] = ()
    components: int = 0
    classes: tuple[int, ...] = ()
    about: str = ""


#: With all their columns the sets of classes are separable, real or synthetic, and no estimate exists.
SOURCES: dict[str, Source] = {
    "diabetes": Source("load_diabetes", NormalRegression, about="all ten columns: least squares always exists"),
    "breast-cancer": Source(
        "load_breast_cancer",
        LogisticRegression,
        columns=(1, 4, 9, 18),
        about="mean texture, mean smoothness, mean fractal dimension, symmetry error: the sizes of the nuclei separate",
    ),
    "digits": Source(
        "load_digits",
        LogisticRegression,
        components=2,
        classes=(3, 9),
        about="3 against 9 in two principal components: four components separate synthetic labels",
    ),
    "wine": Source(
        "load_wine",
        MultinomialRegression,
        columns=(1, 2),
        about="malic acid and ash: of 118 training rows two principal components separate the three cultivars",
    ),
}


@dataclass(frozen=True, eq=False)
class RealData:
    """Standardised training and held-out data, an intercept first: rows (N, d), labels (N,)."""

    name: str
    source: Source
    rows: Array
    labels: Array
    held_out: HeldOut

    def fitted(self, copies: int = 1, design: str = "shared") -> Regression:
        """Model 1 as the truth of everything after it; blocks of ``copies`` labels a row."""
        classes = max(len(np.unique(self.labels)) - 1, 1) if self.source.regression is MultinomialRegression else 1
        count = len(self.labels)
        blank = self.source.regression(self.rows, np.zeros((self.rows.shape[1], classes)), count)
        shares = np.full((count, 1), 1 / count)
        fits = minimise(blank.objective(shares, blank.indicators(self.labels)[:, :, None] / count), blank.theta)
        if fits.status[0] != FITTED:
            why = "separable: no estimate exists" if fits.status[0] == SEPARATED else "not enough to determine a fit"
            raise DomainError(f"data = {self.name!r} with this split are {why}; use another seed.")
        truth = fits.theta.reshape(classes, -1).T
        return replace(blank, truth=truth, n=copies * count, design=design)


def real_data(name: str, seed: Seed = 0) -> RealData:
    """A bundled set, a third of it held out; standardised by the training rows alone.

    The labels of a linear regression are divided by the residual deviation of model 1, so that theirs is one.

    Raises
    ------
    DomainError
        When scikit-learn is not installed, or has no such set.

    Examples
    --------
    >>> data = real_data("wine")
    >>> data.rows.shape, data.held_out.rows.shape
    ((118, 3), (60, 3))
    """
    source = SOURCES.get(name) if isinstance(name, str) else None
    if source is None:
        raise DomainError(f"data = {name!r} is not known: use {', '.join(SOURCES)}.")
    features, labels = _loaded(source)
    order = np.random.default_rng(seed_number(seed)).permutation(len(labels))
    training, held = np.split(order, [2 * len(labels) // 3])
    rows = _standardised(features, training)
    if source.columns:
        rows = rows[:, source.columns]
    if source.components:
        # Principal components of the training rows, standardised in their turn.
        axes = np.linalg.svd(rows[training], full_matrices=False)[2][: source.components]
        rows = _standardised(rows @ axes.T, training)
    rows = np.column_stack([np.ones(len(rows)), rows])
    if source.regression is NormalRegression:
        fit = np.linalg.lstsq(rows[training], labels[training], rcond=None)[0]
        residual = labels[training] - rows[training] @ fit
        labels = labels / np.sqrt(residual @ residual / (len(training) - rows.shape[1]))
    return RealData(name, source, rows[training], labels[training], HeldOut(rows[held], labels[held]))


def _loaded(source: Source) -> tuple[Array, Array]:
    try:
        from sklearn import datasets
    except ImportError:
        raise DomainError("Real data need scikit-learn, which is not installed: pip install selfgen[real].") from None
    load: Callable[..., Any] = getattr(datasets, source.loader)
    features, labels = load(return_X_y=True)
    features, labels = np.asarray(features, dtype=np.float64), np.asarray(labels, dtype=np.float64)
    if source.classes:
        kept = np.isin(labels, source.classes)
        features, labels = features[kept], np.searchsorted(source.classes, labels[kept]).astype(np.float64)
    return features, labels


def _standardised(features: Array, training: NDArray[np.intp]) -> Array:
    centre, deviation = features[training].mean(axis=0), features[training].std(axis=0)
    # A pixel that is always white says nothing.
    return (features - centre) / np.where(deviation > 0, deviation, 1.0)


@dataclass(frozen=True, eq=False)
class RealCheck:
    r"""Held-out loss under a workflow, as a ratio, against its prediction.

    Attributes
    ----------
    runs : one a number of copies
    copies : labels a row, (K,)
    ratio, ratio_stderr : 1 + measured increase/(κ/n), (K, G)
    prediction : of the ratio, (G,)
    corrections : fits of ratio − prediction on 1/copies, generations 2..G; None where the ratio is exact
    p_value : of the largest |z| among the remainders at 1/copies → 0 and the linear chains, by the union bound
    detectable : smallest relative error in ratio − 1 that would have failed with probability 0.99
    passed, reason : the verdict, and why where it is against
    """

    data: RealData
    workflow: Workflow
    design: str
    runs: tuple[Refits, ...]
    copies: tuple[int, ...]
    ratio: Array
    ratio_stderr: Array
    prediction: Array
    corrections: tuple[Correction | None, ...]
    worst_z: float
    p_value: float
    detectable: float
    passed: bool
    reason: str

    @property
    def failures(self) -> int:
        """Replicates left out, of all copies."""
        return sum(run.failures.total for run in self.runs)


def check_real(
    data: RealData,
    workflow: Workflow,
    generations: int,
    replicates: int = 4000,
    copies: Sequence[int] = (1, 2, 4, 8, 16),
    seed: Seed = 0,
    design: str = "shared",
    level: float = 0.001,
    executor: Executor | None = None,
) -> RealCheck:
    r"""Measure the increase of held-out loss under ``workflow``, and test the prediction at one label a row → ∞.

    Two things are tested at every generation g ≥ 2, because the linear chain is a control variate: that its own mean is
    the prediction, and that what the fits add to it, fitted on powers of 1/copies, leaves nothing in the limit. Numbers
    of copies at which fits failed are shown, and kept out of the test: means are conditional on the fit's existing.

    Examples
    --------
    >>> from theory import Accumulate
    >>> check = check_real(real_data("diabetes"), Accumulate(), generations=3, replicates=2000, copies=(1, 2, 4))
    >>> check.passed, check.prediction.round(3).tolist()
    (True, [1.0, 1.25, 1.361])
    """
    if design not in DESIGNS:
        raise DomainError(f"design = {design!r} is not a design: use 'shared' or 'fresh'.")
    if isinstance(generations, bool) or not isinstance(generations, int) or generations < 2:
        raise DomainError(f"generations = {generations!r} is not allowed: it must be a whole number, 2 or more.")
    labels_a_row = tuple(copies)
    if len(set(labels_a_row)) < 3 or any(isinstance(c, bool) or not isinstance(c, int) or c < 1 for c in labels_a_row):
        raise DomainError(f"copies = {copies!r} is not allowed: give three different whole numbers, 1 or more.")
    seeds = np.random.SeedSequence(seed_number(seed)).generate_state(len(labels_a_row), np.uint64) >> np.uint64(1)
    models = [data.fitted(count, design) for count in labels_a_row]
    runs = tuple(
        refit_real(model, data.labels, data.held_out, workflow, generations, replicates, int(own), executor)
        for model, own in zip(models, seeds, strict=True)
    )
    ratio = np.stack([1 + (run.risk - run.at_truth) / run.unit for run in runs])
    stderr = np.stack([run.risk_stderr / abs(run.unit) for run in runs])
    prediction = 1 + (runs[0].prediction - runs[0].at_truth) / runs[0].unit
    return _judged(data, workflow, design, runs, labels_a_row, ratio, stderr, prediction, level)


def _judged(
    data: RealData,
    workflow: Workflow,
    design: str,
    runs: tuple[Refits, ...],
    copies: tuple[int, ...],
    ratio: Array,
    stderr: Array,
    prediction: Array,
    level: float,
) -> RealCheck:
    whole = np.array([not run.failures.total for run in runs])
    tests = 2 * (len(prediction) - 1)
    critical = float(ndtri(1 - level / (2 * tests)))
    corrections: list[Correction | None] = []
    worst, detectable, reason = 0.0, np.inf, ""
    if whole.sum() < 3:
        reason = "fits failed at all but two numbers of copies: take more copies."
    else:
        sizes = np.array(copies, dtype=np.float64)[whole]
        errors: list[float] = []
        for g in range(1, len(prediction)):
            gain = abs(prediction[g] - 1)
            difference, error = (ratio[whole, g] - prediction[g]), stderr[whole, g]
            exact = bool((np.abs(difference) <= ROUNDING * prediction[g]).all() and (error <= ROUNDING).all())
            found = None if exact else fit_correction(sizes, difference, np.maximum(error, ROUNDING))
            corrections.append(found)
            left, left_error = (0.0, 0.0) if found is None else (found.remainder, found.remainder_stderr)
            chain, chain_error = _linear(runs, whole, g)
            z = max(abs(left) / left_error if left_error else 0.0, abs(chain) / chain_error)
            errors.append((critical + float(ndtri(POWER))) * max(left_error, chain_error) / gain)
            if z > worst:
                worst = z
                place = f"at generation {g + 1} the ratio differs from its prediction {prediction[g]:.4g} by"
                off, by = (left, left_error) if left_error and abs(left) / left_error == z else (chain, chain_error)
                reason = f"{place} {off:.2g} ± {by:.1g}."
        detectable = min(errors)
    p_value = float(min(1.0, 2 * tests * ndtr(-worst))) if whole.sum() >= 3 else 0.0
    passed = p_value >= level
    return RealCheck(
        data=data,
        workflow=workflow,
        design=design,
        runs=runs,
        copies=copies,
        ratio=ratio,
        ratio_stderr=stderr,
        prediction=prediction,
        corrections=tuple(corrections),
        worst_z=worst,
        p_value=p_value,
        detectable=detectable,
        passed=passed,
        reason="" if passed else reason,
    )


def _linear(runs: tuple[Refits, ...], whole: NDArray[np.bool_], g: int) -> tuple[float, float]:
    """Mean of the linear chains, as a ratio, minus its prediction, and its standard error; all copies pooled."""
    used = [run for run, counts in zip(runs, whole, strict=True) if counts]
    differences = np.array([(run.linear[g] + run.at_truth - run.prediction[g]) / run.unit for run in used])
    weights = np.array([(run.unit / run.linear_stderr[g]) ** 2 for run in used])
    return float(differences @ weights / weights.sum()), float(weights.sum() ** -0.5)
