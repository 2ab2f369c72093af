r"""A language model of one layer: the next token's logits are a row of a table, chosen by the token before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from numerics.neural.convergence import minimise
from numerics.neural.optimisation import Told
from numerics.neural.settled import generator_of, settled
from theory.errors import DomainError
from theory.expressions.arguments import whole_number


class BigramModel:
    r""":math:`p(x_t | x_{t-1}) = \mathrm{softmax}(W_{x_{t-1}})_{x_t}`, by maximum likelihood to convergence.

    The bridge between neural training and the theorem: a regular model of :math:`p = V^2 - 1` free parameters, V − 1
    for the first token of a row and V(V − 1) for the others. Its excess loss at generation 1 is p/(2n) nats a row to
    leading order, and it rises as the variance law says.

    Parameters
    ----------
    vocabulary : positive int
        V.
    threads : positive int

    Notes
    -----
    Built here: one embedding, cross-entropy and L-BFGS, by automatic differentiation as in every network. Transitions
    that do not occur get a logit so low that the gradient vanishes, not minus infinity.

    Examples
    --------
    >>> import numpy as np
    >>> from numerics.neural import BigramModel
    >>> rows = np.array([[0, 1, 1], [0, 0, 1], [1, 0, 1]], dtype=np.uint8)
    >>> model = BigramModel(2)
    >>> model.fit(rows)
    >>> model.probabilities().round(3).tolist()  # after 0, after 1, at the beginning
    [[0.25, 0.75], [0.5, 0.5], [0.667, 0.333]]
    """

    def __init__(self, vocabulary: int, threads: int = 1) -> None:
        self.vocabulary = whole_number("vocabulary", vocabulary, 1)
        self.threads = whole_number("threads", threads, 1)
        self.weight: torch.Tensor | None = None
        self.length = 0
        self.kind = "<i8"

    def fit(self, X: NDArray[Any], seed: int = 0, progress: Told | None = None) -> None:
        """Train on rows (N, T) of whole numbers below V."""
        tokens = torch.from_numpy(self._verified(X))
        self.length, self.kind = tokens.shape[1], X.dtype.str
        before = self._before(tokens)
        with settled(self.threads, "cpu"):
            # The loss depends on how often each pair occurs, and on nothing else.
            pairs = (before * self.vocabulary + tokens).flatten()
            counts = torch.bincount(pairs, minlength=(self.vocabulary + 1) * self.vocabulary).double()
            counts = counts.view(self.vocabulary + 1, self.vocabulary)
            weight = torch.zeros_like(counts, requires_grad=True)
            minimise([weight], lambda: -(counts * functional.log_softmax(weight, -1)).sum() / tokens.numel())
        self.weight = weight.detach()
        if progress is not None:
            progress(1, 1)

    def sample(self, n: int, seed: int = 0) -> NDArray[Any]:
        """Draw ``n`` rows (n, T)."""
        total = self._fitted().softmax(-1).cumsum(-1)
        total[:, -1] = 1.0
        uniform = torch.rand(self.length, whole_number("n", n, 1), generator=generator_of(seed), dtype=torch.float64)
        rows = torch.full((self.length + 1, uniform.shape[1]), self.vocabulary)
        for place in range(self.length):
            rows[place + 1] = torch.searchsorted(total[rows[place]], uniform[place][:, None], right=True)[:, 0]
        return rows[1:].T.numpy().astype(np.dtype(self.kind))

    def score_samples(self, X: NDArray[Any]) -> NDArray[np.float64]:
        """Log-likelihood of each row, in nats a row, (N,)."""
        tokens = torch.from_numpy(self._verified(X))
        chances = functional.log_softmax(self._fitted(), -1)
        return np.asarray(chances[self._before(tokens), tokens].sum(1).numpy())

    def probabilities(self) -> NDArray[np.float64]:
        """Of each token, by the token before; in the last row those of the first token, (V + 1, V)."""
        return np.asarray(self._fitted().softmax(-1).numpy())

    def state(self) -> dict[str, NDArray[Any]]:
        """The table, and the kind of rows."""
        return {
            "weight": self._fitted().numpy().copy(),
            "length": np.array(self.length),
            "kind": np.array(self.kind),
        }

    def load(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Take up a table. A fit converges to the same one from anywhere, and begins from zero."""
        self.weight = torch.from_numpy(np.array(state["weight"]))
        self.length, self.kind = int(state["length"]), str(state["kind"])

    def _fitted(self) -> torch.Tensor:
        if self.weight is None:
            raise DomainError("this bigram model is not fitted: call fit, or load.")
        return self.weight

    def _before(self, tokens: torch.Tensor) -> torch.Tensor:
        return torch.cat([torch.full_like(tokens[:, :1], self.vocabulary), tokens[:, :-1]], dim=1)

    def _verified(self, X: NDArray[Any]) -> NDArray[np.int64]:
        rows = np.asarray(X)
        if rows.ndim != 2 or rows.dtype.kind not in "iu" or rows.min() < 0 or rows.max() >= self.vocabulary:
            raise DomainError(f"X must be (N, T) whole numbers from 0 to {self.vocabulary - 1}.")
        return rows.astype(np.int64)
