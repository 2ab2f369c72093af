r"""A variational autoencoder with linear maps and Gaussian laws: probabilistic principal components, by the ELBO.

.. math:: x = Wz + b + \sigma\varepsilon, \qquad q(z \mid x) = N(V(x - b), \operatorname{diag} s^2),

    \mathrm{ELBO} = -\frac d2 \log 2\pi\sigma^2 - \frac{|x - b - W\mu|^2 + \sum_j s_j^2 |W_j|^2}{2\sigma^2}
                    - \frac12 \sum_j (\mu_j^2 + s_j^2 - 1 - \log s_j^2), \qquad \mu = V(x - b).

The expectation over z is taken exactly, so that nothing but the data is random. At its maximum the bound is tight: the
columns of W are orthogonal, and the posterior is what q can be.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from numerics.neural.convergence import minimise
from numerics.neural.optimisation import Told
from numerics.neural.settled import generator_of, settled
from theory.errors import DomainError
from theory.expressions.arguments import whole_number

#: Weights, in the order of a state.
NAMES = ("decoder", "shift", "encoder", "log_deviation", "log_noise")


class LinearVAE:
    r"""Linear-Gaussian variational autoencoder, trained to convergence.

    The bridge between neural training and the theorem: a regular model of
    :math:`p = dq - q(q-1)/2 + d + 1` free parameters, whose excess negative log-likelihood at generation 1 is p/(2n) to
    leading order, and rises as the variance law says.

    Parameters
    ----------
    latent : positive int
        q, below the number of columns d.
    threads : positive int

    Notes
    -----
    The maximum is that of probabilistic principal components (Tipping and Bishop 1999; Lucas et al. 2019 show that the
    ELBO has no other); it is found here by automatic differentiation and L-BFGS.

    Examples
    --------
    >>> import numpy as np
    >>> from numerics.neural import LinearVAE
    >>> rng = np.random.default_rng(1)
    >>> X = rng.normal(size=(500, 1)) @ [[2.0, 1.0, 0.0]] + 0.5 * rng.normal(size=(500, 3))
    >>> model = LinearVAE(1)
    >>> model.fit(X, seed=1)
    >>> bool(abs(model.score_samples(X).mean() - model.elbo(X).mean()) < 1e-8), model.sample(4, seed=2).shape
    (True, (4, 3))
    """

    def __init__(self, latent: int, threads: int = 1) -> None:
        self.latent = whole_number("latent", latent, 1)
        self.threads = whole_number("threads", threads, 1)
        self.weights: dict[str, torch.Tensor] = {}

    def fit(self, X: NDArray[Any], seed: int = 0, progress: Told | None = None) -> None:
        """Maximise the mean ELBO of rows (N, d)."""
        rows = torch.from_numpy(np.array(X, dtype=np.float64))
        if rows.ndim != 2 or rows.shape[1] <= self.latent:
            raise DomainError(
                f"X has shape {tuple(rows.shape)}: give rows of more than latent = {self.latent} columns."
            )
        columns, scale = rows.shape[1], float(rows.std())
        with settled(self.threads, "cpu"):
            generator = generator_of(seed)

            def drawn(*shape: int) -> torch.Tensor:
                return torch.randn(*shape, generator=generator, dtype=torch.float64)

            self.weights = {
                "decoder": scale * drawn(columns, self.latent) / math.sqrt(columns),
                "shift": rows.mean(0),
                "encoder": drawn(self.latent, columns) / (scale * math.sqrt(columns)),
                "log_deviation": torch.zeros(self.latent, dtype=torch.float64),
                "log_noise": torch.tensor(math.log(scale), dtype=torch.float64),
            }
            learnt = [weight.requires_grad_() for weight in self.weights.values()]
            # All that the mean ELBO depends on: the mean of the rows and their covariance.
            mean = rows.mean(0)
            covariance = (rows - mean).T @ (rows - mean) / len(rows)
            minimise(learnt, lambda: -self._mean_elbo(mean, covariance))
            self.weights = {name: weight.detach() for name, weight in self.weights.items()}
        if progress is not None:
            progress(1, 1)

    def sample(self, n: int, seed: int = 0) -> NDArray[np.float64]:
        """Draw ``n`` rows (n, d)."""
        held, generator = self._fitted(), generator_of(seed)
        count = whole_number("n", n, 1)
        latent = torch.randn(count, self.latent, generator=generator, dtype=torch.float64)
        noise = torch.randn(count, len(held["shift"]), generator=generator, dtype=torch.float64)
        return np.asarray((latent @ held["decoder"].T + held["shift"] + noise * held["log_noise"].exp()).numpy())

    def score_samples(self, X: NDArray[Any]) -> NDArray[np.float64]:
        """Log-density of each row, exact, (N,): N(b, WWᵀ + σ²I)."""
        held = self._fitted()
        covariance = held["decoder"] @ held["decoder"].T + torch.eye(len(held["shift"])) * (2 * held["log_noise"]).exp()
        law = torch.distributions.MultivariateNormal(held["shift"], covariance)
        return np.asarray(law.log_prob(torch.from_numpy(np.array(X, dtype=np.float64))).numpy())

    def elbo(self, X: NDArray[Any]) -> NDArray[np.float64]:
        """The bound of each row, (N,)."""
        self._fitted()
        return np.asarray(self._elbo(torch.from_numpy(np.array(X, dtype=np.float64))).numpy())

    def state(self) -> dict[str, NDArray[Any]]:
        """All weights."""
        return {name: weight.numpy().copy() for name, weight in self._fitted().items()}

    def load(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Take up weights. A fit converges to the same law from anywhere, and begins at random."""
        self.weights = {name: torch.from_numpy(np.array(state[name])) for name in NAMES}

    def _fitted(self) -> dict[str, torch.Tensor]:
        if not self.weights:
            raise DomainError("this autoencoder is not fitted: call fit, or load.")
        return self.weights

    def _mean_elbo(self, mean: torch.Tensor, covariance: torch.Tensor) -> torch.Tensor:
        decoder, shift, encoder, log_deviation, log_noise = (self.weights[name] for name in NAMES)
        columns, square = len(shift), (2 * log_deviation).exp()
        spread = covariance + torch.outer(mean - shift, mean - shift)
        residual = torch.eye(columns, dtype=torch.float64) - decoder @ encoder
        error = ((residual @ spread) * residual).sum() + (square * (decoder**2).sum(0)).sum()
        likelihood = -0.5 * columns * (math.log(2 * math.pi) + 2 * log_noise) - 0.5 * error * (-2 * log_noise).exp()
        divergence = 0.5 * ((encoder @ spread) * encoder).sum() + 0.5 * (square - 1 - 2 * log_deviation).sum()
        return likelihood - divergence

    def _elbo(self, rows: torch.Tensor) -> torch.Tensor:
        decoder, shift, encoder, log_deviation, log_noise = (self.weights[name] for name in NAMES)
        mean, square = (rows - shift) @ encoder.T, (2 * log_deviation).exp()
        error = ((rows - shift - mean @ decoder.T) ** 2).sum(1) + (square * (decoder**2).sum(0)).sum()
        likelihood = (
            -0.5 * rows.shape[1] * (math.log(2 * math.pi) + 2 * log_noise) - 0.5 * error * (-2 * log_noise).exp()
        )
        divergence = 0.5 * (mean**2).sum(1) + 0.5 * (square - 1 - 2 * log_deviation).sum()
        return likelihood - divergence
