"""scikit-learn's pipelines: rows go back through the steps, and densities are those of the data."""

import numpy as np
import pytest
from numpy.random import SeedSequence

from numerics import check_generator
from numerics.generations import run_generations
from numerics.run.generator import generator_source, seeded
from numerics.run.pipeline import log_volume
from theory import Accumulate, DomainError, Replace

pipeline = pytest.importorskip("sklearn.pipeline")
decomposition = pytest.importorskip("sklearn.decomposition")
mixture = pytest.importorskip("sklearn.mixture")
neighbors = pytest.importorskip("sklearn.neighbors")
preprocessing = pytest.importorskip("sklearn.preprocessing")

DATA = np.random.default_rng(3).normal([5.0, -40.0], [3.0, 0.01], size=(60, 2))


def scaled(*steps):
    return pipeline.make_pipeline(preprocessing.StandardScaler(), *(steps or (mixture.GaussianMixture(reg_covar=0),)))


@pytest.mark.parametrize("inner", [mixture.GaussianMixture(2), neighbors.KernelDensity()])
def test_rows_go_back_through_the_steps(inner):
    fitted = generator_source(scaled(inner), 2, flat=False).fit(DATA, None, SeedSequence(1))
    scaler, last = (step for _, step in fitted.model.steps)
    with seeded(fitted.model, "sample", SeedSequence(2)) as given:
        assert list(given) == (["random_state"] if isinstance(inner, neighbors.KernelDensity) else [])
        drawn = last.sample(7, **given)
    drawn = drawn[0] if isinstance(drawn, tuple) else drawn
    assert (fitted.sample(7, SeedSequence(2)) == drawn * scaler.scale_ + scaler.mean_).all()


def test_a_gaussian_is_the_same_in_any_affine_coordinates():
    """Its fit moves with the data, so that generation 1 has the same loss, and others the same law."""
    plain = mixture.GaussianMixture(reg_covar=0)
    whitened = pipeline.make_pipeline("passthrough", decomposition.PCA(whiten=True), plain)
    losses = [
        run_generations(generator, DATA, Accumulate(), 3, n=30, replicates=2).losses
        for generator in (plain, scaled(), scaled(whitened), whitened)
    ]
    for each in losses[1:]:
        assert each[:, 0] == pytest.approx(losses[0][:, 0], abs=1e-9)
        # Rows scatter about the fit by its own deviation: a wrong unit would be a loss of log(0.01) or log(3) off.
        assert each == pytest.approx(losses[0], abs=0.5)


def test_the_density_of_the_data_has_mass_one():
    grid = np.linspace(-40, 50, 4001)[:, None]
    fitted = scaled(preprocessing.MinMaxScaler(), neighbors.KernelDensity(bandwidth=0.2)).fit(DATA[:, :1])
    density = np.exp(fitted.score_samples(grid) + log_volume(fitted, grid))
    assert density.sum() * 90 / 4000 == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ((decomposition.PCA(1), mixture.GaussianMixture()), "in 1 dimensions on data of 2"),
        ((preprocessing.PowerTransformer(), mixture.GaussianMixture()), "bend the data"),
    ],
)
def test_a_density_that_is_not_derived_is_refused_and_others_run(steps, said):
    with pytest.raises(DomainError, match=said):
        run_generations(scaled(*steps), DATA, Replace(), 2, n=30)
    assert np.isfinite(run_generations(scaled(*steps), DATA, Replace(), 2, "mean", n=30).losses).all()


def test_what_is_no_generator():
    with pytest.raises(DomainError, match="Pipeline has no sample, and its last step has none"):
        run_generations(scaled(preprocessing.MinMaxScaler()), DATA, Replace(), 2)
    with pytest.raises(DomainError, match="step 'normalizer' of the pipeline, Normalizer, has no inverse_transform"):
        run_generations(scaled(preprocessing.Normalizer(), mixture.GaussianMixture()), DATA, Replace(), 2)


def test_a_search_over_parameters_is_what_it_chose():
    """Each generation tries bandwidths anew, on its own rows; around a pipeline densities are those of the data."""
    search = pytest.importorskip("sklearn.model_selection")
    pool = np.random.default_rng(3).normal(3, 2, (300, 1))
    alone = search.GridSearchCV(neighbors.KernelDensity(), {"bandwidth": [0.1, 1.0]}, cv=3)
    only = search.GridSearchCV(neighbors.KernelDensity(), {"bandwidth": [1.0]}, cv=3)
    runs = [
        run_generations(generator, pool, Accumulate(), 2, n=50, replicates=2, seed=1).losses
        for generator in (alone, only, neighbors.KernelDensity())
    ]
    assert (runs[1] == runs[2]).all()
    assert np.isfinite(runs[0]).all()
    assert "pickle" in check_generator(alone, pool[:60])
    around = search.GridSearchCV(scaled(), {"gaussianmixture__n_components": [1]}, cv=3)
    first, second = (
        run_generations(each, pool, Accumulate(), 2, n=50, replicates=2, seed=1).losses for each in (around, scaled())
    )
    # What is drawn later has other seeds, as a generator's noise is told by where it lies in it.
    assert first[:, 0] == pytest.approx(second[:, 0], rel=1e-9)
    with pytest.raises(DomainError, match="GridSearchCV has refit = False"):
        run_generations(search.GridSearchCV(scaled(), {}, refit=False), pool, Accumulate(), 2)
    with pytest.raises(DomainError, match="GridSearchCV has no sample"):
        run_generations(search.GridSearchCV(preprocessing.StandardScaler(), {}), pool, Accumulate(), 2)
