"""Encoders and decoders of images: two layers for small ones, convolutions for 28 × 28 and larger."""

from __future__ import annotations

import math

import torch
from torch import nn

from numerics.neural.convolutions import Convolution, TransposedConvolution


class DenseEncoder(nn.Module):
    """From pixels to the mean and the log-variance of the latent law."""

    def __init__(self, pixels: int, width: int, latent: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(pixels, width), nn.GELU(), nn.Linear(width, 2 * latent))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """From (B, pixels) to (B, 2 latent)."""
        return self.layers(x)


class DenseDecoder(nn.Module):
    """From the latent to pixels: logits, or means."""

    def __init__(self, pixels: int, width: int, latent: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(latent, width), nn.GELU(), nn.Linear(width, pixels))

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        """From (…, latent) to (…, pixels)."""
        return self.layers(z)


class ConvolutionalEncoder(nn.Module):
    """Two convolutions of stride two, and a linear map."""

    def __init__(self, side: int, width: int, latent: int) -> None:
        super().__init__()
        self.side = side
        self.layers = nn.Sequential(
            Convolution(1, width // 2, 3, stride=2, padding=1),
            nn.GELU(),
            Convolution(width // 2, width, 3, stride=2, padding=1),
            nn.GELU(),
            nn.Flatten(),
            nn.Linear(width * (side // 4) ** 2, 2 * latent),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """From (B, side²) to (B, 2 latent)."""
        return self.layers(x.view(-1, 1, self.side, self.side))


class ConvolutionalDecoder(nn.Module):
    """The encoder turned round."""

    def __init__(self, side: int, width: int, latent: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(latent, width * (side // 4) ** 2),
            nn.GELU(),
            nn.Unflatten(1, (width, side // 4, side // 4)),
            TransposedConvolution(width, width // 2, 4, stride=2, padding=1),
            nn.GELU(),
            TransposedConvolution(width // 2, 1, 4, stride=2, padding=1),
            nn.Flatten(),
        )

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        """From (…, latent) to (…, side²)."""
        return self.layers(z.reshape(-1, z.shape[-1])).view(*z.shape[:-1], -1)


class Autoencoder(nn.Module):
    """Encoder, decoder, and where pixels are numbers, the logarithm of their standard deviation."""

    def __init__(self, side: int, latent: int, width: int, convolutional: bool) -> None:
        super().__init__()
        shape = side if convolutional else side * side
        self.encoder: nn.Module = (ConvolutionalEncoder if convolutional else DenseEncoder)(shape, width, latent)
        self.decoder: nn.Module = (ConvolutionalDecoder if convolutional else DenseDecoder)(shape, width, latent)
        self.log_noise = nn.Parameter(torch.zeros(()))

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Mean and log-variance of the latent, (B, latent) each; the variance is kept where it can be a number."""
        mean, log_variance = self.encoder(x).chunk(2, dim=-1)
        return mean, log_variance.clamp(-12.0, 6.0)

    def draw(self, generator: torch.Generator) -> None:
        """Random weights: uniform, of variance one over three times what a unit takes in; no shifts."""
        nn.init.zeros_(self.log_noise)
        for layer in self.modules():
            if not isinstance(layer, (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)):
                continue
            turned = isinstance(layer, nn.ConvTranspose2d)
            taken = layer.weight[:, 0].numel() if turned else layer.weight[0].numel()
            bound = 1 / math.sqrt(taken)
            nn.init.uniform_(layer.weight, -bound, bound, generator=generator)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
