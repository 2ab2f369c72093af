"""Samplers: the law of a whole chain of models, one file an idea; ``sampler`` chooses."""

from numerics.samplers.choose import sampler

__all__ = ["sampler"]
