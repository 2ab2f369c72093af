"""Samplers: the law of a whole chain of models, one file an idea; ``sampler`` chooses."""

from numerics.samplers import bigram, counts, gaussian_fit, kernel_density  # each registers its model
from numerics.samplers.choose import sampler

__all__ = ["bigram", "counts", "gaussian_fit", "kernel_density", "sampler"]
