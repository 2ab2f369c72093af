"""Estimators without a closed form: fitted for many replicates at once, generation after generation."""

from numerics.estimation.chain import Failures, Refits, refit
from numerics.estimation.correction import Correction, fit_correction
from numerics.estimation.logistic import LogisticRegression
from numerics.estimation.m_estimator import MEstimator
from numerics.estimation.multinomial import MultinomialRegression
from numerics.estimation.normal import NormalRegression
from numerics.estimation.poisson import PoissonRegression

__all__ = [
    "Correction",
    "Failures",
    "LogisticRegression",
    "MEstimator",
    "MultinomialRegression",
    "NormalRegression",
    "PoissonRegression",
    "Refits",
    "fit_correction",
    "refit",
]
