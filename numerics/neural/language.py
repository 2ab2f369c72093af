r"""A language model as a generator: fitted on rows of tokens or on documents, sampled from, scored in nats a token."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from numerics.neural.optimisation import Told
from numerics.neural.sampling import Sampler
from numerics.neural.settled import fresh_module, settled
from numerics.neural.trained import Trained
from numerics.neural.transformer import Transformer
from numerics.neural.weights import arrays_of, put
from numerics.run.rows import Documents
from theory.errors import DomainError
from theory.expressions.arguments import whole_number

Rows = NDArray[Any] | Documents


class LanguageModel(Trained):
    r"""A decoder-only transformer over tokens 0..V−1, trained by maximum likelihood.

    .. math:: p(x) = \prod_t p(x_t \mid x_{<t}), \qquad \text{loss} = -\frac1T \sum_t \log p(x_t \mid x_{<t})
              \quad\text{nats a token.}

    Every row begins after a boundary token. Rows of equal length (N, T) end where they end; documents of unequal length
    end with a boundary token, which is predicted too.

    Parameters
    ----------
    vocabulary : positive int
        V, the number of tokens.
    context : positive int
        Most tokens of a row; longer documents are cut when they are fitted or scored, and none longer is sampled.
    layers, width, heads : positive int
        Blocks, their width, and heads of attention, a divisor of the width.
    steps, batch, rate, decay : training
        Steps of AdamW, rows a step, the highest learning rate, weight decay of matrices.
    temperature, top_k, top_p : sampling
        See :class:`numerics.neural.sampling.Sampler`.
    threads : positive int
        Threads of every call; sums over another number may differ in the last bit.
    mixed : bool
        Train in bfloat16 where it is safe, on a GPU; losses are always computed in single precision.
    compiled : bool
        Let ``torch.compile`` make the training step, on a GPU.

    Raises
    ------
    DomainError
        When an argument is not allowed, or rows hold something else than tokens of the vocabulary.

    Notes
    -----
    The architecture is that of GPT-2 (Radford et al. 2019), without dropout and biases; the loop around it is built
    here. A model that was loaded, or that begins from the one before, is trained on from its weights, with a fresh
    optimiser.

    Examples
    --------
    >>> import numpy as np
    >>> from numerics.neural import LanguageModel
    >>> rows = np.tile(np.arange(4, dtype=np.uint8), (32, 2))
    >>> model = LanguageModel(4, context=8, layers=1, width=16, heads=2, steps=60, rate=0.02)
    >>> model.fit(rows, seed=1)
    >>> sampled = model.sample(5, seed=2)
    >>> sampled.shape, sampled.dtype, bool(-model.score_samples(rows).mean() < 0.3)
    ((5, 8), dtype('uint8'), True)
    """

    called = "language model"

    def __init__(
        self,
        vocabulary: int,
        context: int = 64,
        layers: int = 2,
        width: int = 64,
        heads: int = 4,
        steps: int = 300,
        batch: int = 32,
        rate: float = 3e-3,
        decay: float = 0.1,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        threads: int = 1,
        mixed: bool = False,
        compiled: bool = False,
    ) -> None:
        self.vocabulary = whole_number("vocabulary", vocabulary, 1)
        self.context = whole_number("context", context, 1)
        self.layers = whole_number("layers", layers, 0)
        self.width = whole_number("width", width, 1)
        self.heads = whole_number("heads", heads, 1)
        if self.width % self.heads:
            raise DomainError(f"heads = {heads} is not allowed: it must divide the width, {width}.")
        super().__init__(steps, batch, rate, decay, threads)
        self.sampler = Sampler(float(temperature), top_k, top_p)
        self.mixed, self.compiled = bool(mixed), bool(compiled)
        # What stands before every row, and ends a document: a token of its own.
        self.boundary = self.vocabulary
        self.kind = ""
        self.length = 0

    def fit(self, X: Rows, seed: int = 0, progress: Told | None = None) -> None:
        """Train on rows (N, T) of whole numbers below V, or on documents.

        Parameters
        ----------
        X : array (N, T) of integers, or Documents
        seed : of the first weights and of the batches
        progress : called with the steps done, and of how many
        """
        self._train(X, seed, progress)

    def sample(self, n: int, seed: int = 0) -> Rows:
        """Draw ``n`` rows, of the kind that the model was fitted on; the first rows are the same for every ``n``."""
        tokens = self._drawn(n, seed)
        if self.length:
            return tokens.astype(np.dtype(self.kind))
        small: Any = np.uint16 if self.vocabulary <= 2**16 else np.uint32
        ends = [np.flatnonzero(row == self.boundary) for row in tokens]
        return Documents.of(
            [row[: end[0] if len(end) else None].astype(small) for row, end in zip(tokens, ends, strict=True)]
        )

    def score_samples(self, X: Rows) -> NDArray[np.float64]:
        r"""Log-likelihood of each row in units of the mean number of tokens: its mean is that of a token, in nats.

        For rows of equal length it is the mean over the tokens of the row.
        """
        self._verify_fitted()
        self._verify(X)
        with settled(self.threads, self.device), torch.inference_mode():
            parts = [self._scores(*pair) for pair in self._in_batches(X)]
        sums, counts = (np.concatenate(each)[: len(X)] for each in zip(*parts, strict=True))
        return np.asarray(sums / counts.mean())

    def state(self) -> dict[str, NDArray[Any]]:
        """All weights, and on what kind of rows the model was fitted."""
        self._verify_fitted()
        return {**arrays_of(self.network), "kind": np.array(self.kind), "length": np.array(self.length)}

    def load(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Take up weights; a fit goes on from them."""
        weights = dict(state)
        self.kind, self.length = str(weights.pop("kind", "<i8")), int(weights.pop("length", self.context))
        self.network = self._fresh()
        self._put(weights)
        self.network.to(self.device).eval()

    @property
    def parameters(self) -> int:
        """Weights of the network that are learnt."""
        network = self._fresh() if self.network is None else self.network
        return sum(weight.numel() for weight in network.parameters() if weight.requires_grad)

    def __repr__(self) -> str:
        size = f"{self.vocabulary} tokens, {self.layers} layers of {self.width}, {self.parameters} weights"
        return f"{type(self).__name__}({size}{'' if self.network is None else ', fitted'})"

    def _put(self, weights: Mapping[str, NDArray[Any]]) -> None:
        put(self.network, weights)

    def _taken(self, X: Rows) -> Rows:
        self._verify(X)
        self.kind = "" if isinstance(X, Documents) else X.dtype.str
        self.length = 0 if isinstance(X, Documents) else X.shape[1]
        return X

    def _batches(self, rows: Rows, generator: torch.Generator) -> Callable[[int], tuple[torch.Tensor, ...]]:
        # All steps at once: nothing but the number of rows has a say in which are drawn.
        chosen = torch.randint(len(rows), (self.steps, self.batch), generator=generator).numpy()
        return lambda step: self._batch(rows[chosen[step]])

    def _alike(self, batch: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
        if self.length:
            return batch
        # Positions after the end of a document are not predicted, and none before it sees them.
        tokens, targets = batch
        missing = (0, self.context + 1 - tokens.shape[1])
        return functional.pad(tokens, missing, value=self.boundary), functional.pad(targets, missing, value=-1)

    def _objective(self) -> Callable[..., torch.Tensor]:
        forward = torch.compile(self.network) if self.compiled else self.network

        def loss(tokens: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
            with torch.autocast("cuda", torch.bfloat16, enabled=self.mixed and self.device.startswith("cuda")):
                logits = forward(tokens)
            return self._mean_loss(logits, targets)

        return loss

    def _fresh(self) -> Any:
        # The boundary is a token too, and documents have one position more than tokens.
        return fresh_module(Transformer, self.vocabulary + 1, self.context + 1, self.layers, self.width, self.heads)

    def _verify(self, X: Rows) -> None:
        tokens = X.tokens if isinstance(X, Documents) else np.asarray(X)
        if tokens.dtype.kind not in "iu" or (not isinstance(X, Documents) and tokens.ndim != 2):
            raise DomainError(
                f"X is of {tokens.dtype} and shape {tokens.shape}: give (N, T) whole numbers, or documents."
            )
        if tokens.size and not (tokens.min() >= 0 and tokens.max() < self.vocabulary):
            raise DomainError(f"X has the token {tokens.max()}: tokens are 0 to {self.vocabulary - 1}.")
        if not isinstance(X, Documents) and tokens.shape[1] > self.context:
            raise DomainError(f"X has {tokens.shape[1]} tokens a row, context = {self.context} is the most.")
        if self.network is not None and self.kind != "" and isinstance(X, Documents):
            raise DomainError("X is of documents, and the model of rows of equal length: give the same.")

    def _batch(self, rows: Rows) -> tuple[torch.Tensor, torch.Tensor]:
        """Tokens that go in, and those to predict, −1 where there is none."""
        if isinstance(rows, Documents):
            lengths = np.minimum(rows.lengths, self.context)
            targets = np.full((len(rows), int(lengths.max()) + 1), -1, np.int64)
            for place, row in enumerate(rows):
                kept = row[: self.context]
                targets[place, : len(kept)] = kept
                if len(row) <= self.context:
                    targets[place, len(kept)] = self.boundary
        else:
            targets = rows.astype(np.int64)
        tokens = np.full_like(targets, self.boundary)
        tokens[:, 1:] = np.where(targets[:, :-1] < 0, self.boundary, targets[:, :-1])
        return torch.from_numpy(tokens).to(self.device), torch.from_numpy(targets).to(self.device)

    def _logits(self, logits: torch.Tensor) -> torch.Tensor:
        """In single precision, without the boundary where rows cannot end."""
        logits = logits.float() if logits.dtype != torch.float64 else logits
        return logits[..., : self.vocabulary] if self.length else logits

    def _mean_loss(self, logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        kept = self._logits(logits)
        return functional.cross_entropy(kept.flatten(0, 1), targets.flatten(), ignore_index=-1)

    def _in_batches(self, X: Rows) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        for start in range(0, len(X), self.together):
            # The last batch is filled up with its own rows.
            places = np.arange(start, start + self.together)
            yield self._batch(X[np.where(places < len(X), places, start)])

    def _scores(self, tokens: torch.Tensor, targets: torch.Tensor) -> tuple[NDArray[Any], NDArray[Any]]:
        logits = self._logits(self.network(tokens))
        losses = functional.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=-1, reduction="none")
        sums = -losses.view(targets.shape).double().sum(1)
        return sums.cpu().numpy(), (targets >= 0).sum(1).cpu().numpy()

    def _sampled(self, generator: torch.Generator) -> NDArray[np.int64]:
        """A batch of rows, token by token, each position computed once."""
        length = self.length or self.context + 1
        uniform = torch.rand(length, self.together, generator=generator, dtype=torch.float64)
        token = torch.full((self.together, 1), self.boundary, device=self.device)
        rows, past = [], None
        ended = torch.zeros(self.together, dtype=torch.bool, device=self.device)
        for place in range(length):
            logits, past = self.network.step(token, past)
            token = self.sampler.draw(self._logits(logits[:, -1]), uniform[place]).unsqueeze(1)
            rows.append(token)
            ended |= (token[:, 0] == self.boundary) & (self.length == 0)
            if bool(ended.all()):
                break
        found = torch.cat(rows, dim=1).cpu().numpy()
        # Documents that did not end are cut at the context.
        if not self.length:
            filled = np.full((self.together, self.context), self.boundary, np.int64)
            filled[:, : min(found.shape[1], self.context)] = found[:, : self.context]
            return filled
        return np.asarray(found)
