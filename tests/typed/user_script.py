"""What a user writes, every kind of public result in it: ``mypy --strict`` and pyright have nothing to say.

``make lint`` reads it by mypy, ``make typed`` by both; it runs where pandas is installed.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from numerics import (
    Crosscheck,
    Forecast,
    GenerationRun,
    RatioCheck,
    Simulation,
    backtest,
    check_generator,
    crosscheck,
    evaluate,
    forecast,
    run_generations,
    simulate,
    transfer,
)
from selfgen import __version__
from theory import (
    Accumulate,
    Bernoulli,
    FreshReal,
    GaussianMean,
    LinearRegression,
    Regular,
    Replace,
    Risk,
    compare,
    depth,
    expected_risk,
    j,
    required_share,
    value_of_synthetic,
)
from theory.design import Comparison
from theory.papers import PAPERS
from theory.proof import Certificate, LeastBound, check, prove
from theory.subspaces import FactorModel, SubspaceError, detection_threshold, subspace_error
from theory.testing import check_model


class Normal:
    mean: float
    random_state: int | None = None

    def fit(self, X: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> None:
        self.mean = float(X.mean())

    def sample(self, n: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
        return np.random.default_rng(self.random_state).normal(self.mean, 1.0, n)


def loss(model: Normal, test: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> float:
    return (model.mean - float(test.mean())) ** 2


def main() -> None:
    risk: Risk = expected_risk(Bernoulli(p="1/3", n=50), Accumulate())
    value = risk.at(10)
    print(float(value), risk.limit, risk.bound, risk.ratio.limit, risk.closed_form, risk.exactness)
    print(risk.latex(width=34), risk.code("python"), risk.cite(), risk.summary())
    simulation: Simulation = simulate(Bernoulli(p="1/3", n=50), Accumulate(), generations=5, replicates=100, seed=1)
    checked: Crosscheck = crosscheck(risk, simulation)
    print(checked.passed, checked.detectable, checked.verdict, simulation.mean.shape, simulation.to_pandas())
    compared: Comparison = compare([Replace(), Accumulate()], upto=10)
    print(compared.summary(), depth(Replace()), required_share(2))
    law: Forecast = forecast([2.3, 2.33, 2.35, 2.38], Replace(), horizon=10, baseline=2.29)
    print(law.median, law.lower, law.upper, law.plateau)
    pool = np.random.default_rng(1).normal(size=500)
    run: GenerationRun = run_generations(Normal(), pool, Replace(), 3, loss, replicates=20, n=20)
    ratio: RatioCheck = run.compare(expected_risk(GaussianMean(1, 20), Replace()), best=0.0)
    print(ratio.passed, run.mean, check_generator(Normal(), pool))
    certificate: Certificate = prove(LeastBound(expected_risk(Regular(), Accumulate()).ratio))
    path = Path(tempfile.mkdtemp()) / "bound.json"
    certificate.save(path)
    print(check(certificate), Certificate.load(path))
    error: SubspaceError = subspace_error(FactorModel([3, 1], pairs=200, dimension=60))
    print(error.number, error.latex(), detection_threshold(FactorModel(3, 100, 20)), error.plot())
    print(
        evaluate(risk, [1, 2, 3]).tolist(),
        expected_risk(LinearRegression(design="fresh"), FreshReal(share=1 / j)).at(2),
    )
    print(check_model(Bernoulli()), list(PAPERS), __version__)
    print(value_of_synthetic(Bernoulli(p="1/3")), backtest, transfer)


if __name__ == "__main__":
    main()
