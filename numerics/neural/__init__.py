"""Real generators for self-consuming loops, in PyTorch: language models, variational autoencoders, molecules.

Nothing else here imports this package, so that PyTorch (``pip install 'selfgen[neural]'``) is needed by those who ask.
"""

try:
    import torch  # noqa: F401
except ImportError as error:
    raise ImportError("numerics.neural needs PyTorch: pip install 'selfgen[neural]'.") from error

from numerics.neural.bigram import BigramModel
from numerics.neural.image_vae import ImageVAE
from numerics.neural.language import LanguageModel
from numerics.neural.linear_vae import LinearVAE

__all__ = ["BigramModel", "ImageVAE", "LanguageModel", "LinearVAE"]
