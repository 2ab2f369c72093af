r"""A variational autoencoder of images as a generator: fitted by the ELBO, scored by the importance-weighted bound."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from numerics.neural.image_networks import Autoencoder
from numerics.neural.optimisation import Told
from numerics.neural.settled import fresh_module, generator_of, settled
from numerics.neural.trained import Trained
from numerics.neural.weights import arrays_of, put
from numerics.neural.whole_vectors import sigmoid, softplus
from theory.errors import DomainError
from theory.expressions.arguments import whole_number

Array = NDArray[Any]

#: Of the draws of a score: the same for all models, so that differences of losses are not those of draws.
SCORING = 20_211
LIKELIHOODS = ("bernoulli", "gaussian")


class ImageVAE(Trained):
    r"""Variational autoencoder of square images, rows of side² pixels.

    .. math:: \log p(x) \ge \mathrm{ELBO} = E_q \log p(x \mid z) - \mathrm{KL}(q(z \mid x) \,\|\, N(0, I)), \qquad
              \log p(x) \ge E \log \frac1K \sum_k \frac{p(x \mid z_k) p(z_k)}{q(z_k \mid x)} \ge \mathrm{ELBO}.

    Parameters
    ----------
    side : positive int
        Pixels of a side. From 16 on, where 4 divides it, the networks are convolutional.
    latent, width : positive int
        Dimensions of z; width of the hidden layer, or channels of the inner convolution.
    likelihood : {"bernoulli", "gaussian"}
        Of a pixel given z: black or white, where rows hold 0 and 1; or a number, with one learnt variance for all.
    steps, batch, rate, decay : training
        Steps of AdamW, rows a step, the highest learning rate, weight decay of matrices.
    draws : positive int
        K of the importance-weighted bound, by which rows are scored.
    convolutional : bool, optional
        To have it otherwise.
    threads : positive int
        Threads of every call.

    Raises
    ------
    DomainError
        When an argument is not allowed, or rows are not such images.

    Notes
    -----
    Kingma and Welling 2014; the bound is that of Burda et al. 2016. A model that was loaded is trained on from its
    weights. Samples are of the model: black or white pixels, or numbers with their noise, never means.

    Examples
    --------
    >>> import numpy as np
    >>> from numerics.neural import ImageVAE
    >>> rows = np.tile(np.eye(4, dtype=np.uint8).ravel(), (64, 1))
    >>> model = ImageVAE(4, latent=2, width=16, steps=200, rate=0.01)
    >>> model.fit(rows, seed=1)
    >>> model.sample(3, seed=2).shape, bool((model.elbo(rows).mean() <= model.score_samples(rows).mean()))
    ((3, 16), True)
    """

    called = "autoencoder"

    def __init__(
        self,
        side: int,
        latent: int = 8,
        width: int = 64,
        likelihood: str = "bernoulli",
        steps: int = 300,
        batch: int = 64,
        rate: float = 3e-3,
        decay: float = 0.0,
        draws: int = 64,
        convolutional: bool | None = None,
        threads: int = 1,
    ) -> None:
        self.side, self.latent = whole_number("side", side, 1), whole_number("latent", latent, 1)
        self.width = whole_number("width", width, 2)
        if likelihood not in LIKELIHOODS:
            raise DomainError(
                f"likelihood = {likelihood!r} is not allowed: it is {' or '.join(map(repr, LIKELIHOODS))}."
            )
        self.likelihood = likelihood
        super().__init__(steps, batch, rate, decay, threads)
        self.draws = whole_number("draws", draws, 1)
        self.convolutional = self.side >= 16 and self.side % 4 == 0 if convolutional is None else bool(convolutional)
        if self.convolutional and self.side % 4:
            raise DomainError(f"side = {side} is not allowed with convolutions: it must be a multiple of 4.")

    def fit(self, X: Array, seed: int = 0, progress: Told | None = None) -> None:
        """Maximise the mean ELBO of rows (N, side²), one draw of z a row and step."""
        self._train(X, seed, progress)

    def sample(self, n: int, seed: int = 0) -> Array:
        """Draw ``n`` images (n, side²): 0 and 1 as bytes, or single-precision numbers."""
        return self._drawn(n, seed)

    def score_samples(self, X: Array) -> NDArray[np.float64]:
        """The importance-weighted bound on the log-likelihood of each row, (N,); of the same draws for every model."""
        return self._scored(X, weighted=True)

    def elbo(self, X: Array) -> NDArray[np.float64]:
        """The evidence lower bound of each row, (N,), from as many draws."""
        return self._scored(X, weighted=False)

    def elbo_of(self, x: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
        """The ELBO of rows (B, side²) from one draw each, noise (B, latent); the divergence exact."""
        mean, log_variance = self.network(x)
        z = mean + noise * (0.5 * log_variance).exp()
        divergence = 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).sum(-1)
        return self._likelihood(x, self.network.decoder(z)) - divergence

    def state(self) -> dict[str, Array]:
        """All weights."""
        self._verify_fitted()
        return arrays_of(self.network)

    def load(self, state: Mapping[str, Array]) -> None:
        """Take up weights; a fit goes on from them."""
        self.network = self._fresh()
        put(self.network, state)
        self.network.to(self.device).eval()

    @property
    def parameters(self) -> int:
        """Weights of encoder and decoder."""
        network = self._fresh() if self.network is None else self.network
        return sum(weight.numel() for weight in network.parameters())

    def __repr__(self) -> str:
        kind = "convolutional" if self.convolutional else "dense"
        return f"ImageVAE({self.side} × {self.side}, {self.latent} latent, {kind}, {self.parameters} weights)"

    def _taken(self, X: Array) -> Array:
        self._verify(X)
        return X

    def _batches(self, rows: Array, generator: torch.Generator) -> Callable[[int], tuple[torch.Tensor, ...]]:
        def batch(_: int) -> tuple[torch.Tensor, ...]:
            chosen = torch.randint(len(rows), (self.batch,), generator=generator).numpy()
            noise = torch.randn(self.batch, self.latent, generator=generator)
            return self._tensor(rows[chosen]), noise.to(self.device)

        return batch

    def _objective(self) -> Callable[..., torch.Tensor]:
        return lambda x, noise: -self.elbo_of(x, noise).mean()

    def _fresh(self) -> Any:
        return fresh_module(Autoencoder, self.side, self.latent, self.width, self.convolutional)

    def _verify(self, X: Array) -> None:
        rows = np.asarray(X)
        if rows.ndim != 2 or rows.shape[1] != self.side**2 or rows.dtype.kind not in "iufb":
            raise DomainError(f"X has shape {rows.shape} and type {rows.dtype}: give rows of {self.side**2} pixels.")
        if self.likelihood == "bernoulli" and not ((rows == 0) | (rows == 1)).all():
            raise DomainError("X holds grey pixels: give 0 and 1, or likelihood = 'gaussian'.")

    def _tensor(self, rows: Array) -> torch.Tensor:
        return torch.from_numpy(np.asarray(rows, dtype=np.float32)).to(self.device)

    def _likelihood(self, x: torch.Tensor, decoded: torch.Tensor) -> torch.Tensor:
        """log p(x | z) of rows (B, pixels) and what was decoded, (…, B, pixels)."""
        if self.likelihood == "bernoulli":
            return (x * decoded - softplus(decoded)).sum(-1)
        noise = self.network.log_noise
        square = ((x - decoded) ** 2).sum(-1) * (-2 * noise).exp()
        return -0.5 * square - x.shape[-1] * (noise + 0.5 * math.log(2 * math.pi))

    def _scored(self, X: Array, weighted: bool) -> NDArray[np.float64]:
        self._verify_fitted()
        self._verify(X)
        generator = generator_of(SCORING)
        with settled(self.threads, self.device), torch.inference_mode():
            parts = [self._bounds(rows, generator, weighted) for rows in self._in_batches(X)]
        return np.concatenate(parts)[: len(X)]

    def _in_batches(self, X: Array) -> Iterator[torch.Tensor]:
        for start in range(0, len(X), self.together):
            # The last batch is filled up with its own rows.
            places = np.arange(start, start + self.together)
            yield self._tensor(X[np.where(places < len(X), places, start)])

    def _bounds(self, x: torch.Tensor, generator: torch.Generator, weighted: bool) -> NDArray[np.float64]:
        mean, log_variance = self.network(x)
        terms = []
        for _ in range(self.draws):
            noise = torch.randn(*mean.shape, generator=generator).to(self.device)
            z = mean + noise * (0.5 * log_variance).exp()
            prior_over_posterior = 0.5 * (noise**2 - z**2 + log_variance).sum(-1)
            terms.append((self._likelihood(x, self.network.decoder(z)) + prior_over_posterior).double())
        together = torch.stack(terms)
        bound = together.logsumexp(0) - math.log(self.draws) if weighted else together.mean(0)
        return np.asarray(bound.cpu().numpy())

    def _sampled(self, generator: torch.Generator) -> Array:
        z = torch.randn(self.together, self.latent, generator=generator).to(self.device)
        decoded = self.network.decoder(z).cpu()
        if self.likelihood == "bernoulli":
            uniform = torch.rand(decoded.shape, generator=generator)
            return np.asarray((uniform < sigmoid(decoded)).to(torch.uint8).numpy())
        noise = torch.randn(decoded.shape, generator=generator) * self.network.log_noise.exp().cpu()
        return np.asarray((decoded + noise).numpy())
