r"""The next token from its logits: temperature, the k most probable, or the most probable that make up a share."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from theory.errors import DomainError


@dataclass(frozen=True)
class Sampler:
    """How tokens are drawn.

    Attributes
    ----------
    temperature : logits are divided by it; 0 takes the most probable token
    top_k : only so many of the most probable tokens, None for all
    top_p : only the fewest of the most probable tokens that have this probability together, None for all

    Notes
    -----
    Top-k is that of Fan et al. 2018, top-p of Holtzman et al. 2020.
    """

    temperature: float = 1.0
    top_k: int | None = None
    top_p: float | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.temperature < float("inf"):
            raise DomainError(f"temperature = {self.temperature} is not allowed: it must be 0 or more.")
        if self.top_k is not None and (not isinstance(self.top_k, int) or self.top_k < 1):
            raise DomainError(f"top_k = {self.top_k} is not allowed: it must be a positive whole number.")
        if self.top_p is not None and not 0 < self.top_p <= 1:
            raise DomainError(f"top_p = {self.top_p} is not allowed: it must be above 0 and at most 1.")

    def probabilities(self, logits: torch.Tensor) -> torch.Tensor:
        """Of each token, (B, V) as doubles."""
        logits = logits.double()
        if self.temperature == 0:
            return torch.nn.functional.one_hot(logits.argmax(-1), logits.shape[-1]).double()
        logits = logits / self.temperature
        if self.top_k is not None and self.top_k < logits.shape[-1]:
            least = logits.topk(self.top_k, dim=-1).values[..., -1:]
            logits = logits.masked_fill(logits < least, float("-inf"))
        chances = torch.softmax(logits, dim=-1)
        if self.top_p is None or self.top_p == 1:
            return chances
        ordered, places = chances.sort(dim=-1, descending=True, stable=True)
        # A token counts while those before it do not make up the share: the first always does.
        ordered = ordered.masked_fill(ordered.cumsum(-1) - ordered >= self.top_p, 0.0)
        kept = torch.zeros_like(chances).scatter(-1, places, ordered)
        return kept / kept.sum(-1, keepdim=True)

    def draw(self, logits: torch.Tensor, uniform: torch.Tensor) -> torch.Tensor:
        """One token a row, (B,), by where a uniform number (B,) falls in the distribution function."""
        chances = self.probabilities(logits)
        total = chances.cumsum(-1)
        target = (uniform.to(total.device, torch.float64) * total[:, -1]).unsqueeze(-1)
        token = torch.searchsorted(total, target, right=True).squeeze(-1)
        # A number just below one may fall beyond the last token that can occur.
        last = chances.shape[-1] - 1 - (chances.flip(-1) > 0).double().argmax(-1)
        return torch.minimum(token, last)
