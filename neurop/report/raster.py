"""Fields as small lossless images: one byte per value, colours from a table in the image."""

from __future__ import annotations

import base64
import io
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.colors import Normalize
from numpy.typing import NDArray
from PIL import Image

LEVELS = 255
"""Number of colours; index 255 is transparent, for values that are missing or not finite."""
MOST_POINTS = 256
"""Largest number of points per side; finer fields are shown as means of blocks."""


def image(values: NDArray[Any], norm: Normalize, cmap: str) -> str:
    """Return values ``(rows upwards, columns)`` as PNG in a ``data:`` address, north up.

    Examples
    --------
    >>> image(np.zeros((2, 2)), Normalize(0, 1), "viridis")[:30]
    'data:image/png;base64,iVBORw0K'
    """
    values = coarse(np.asarray(values, dtype=np.float64))
    finite = np.isfinite(values)
    share = np.asarray(norm(np.where(finite, values, 0.0)))
    index = np.clip(np.round(share * (LEVELS - 1)), 0, LEVELS - 1).astype(np.uint8)
    index[~finite] = LEVELS
    picture = Image.fromarray(index[::-1])
    colors = np.concatenate(
        [mpl.colormaps[cmap](np.linspace(0, 1, LEVELS))[:, :3], np.zeros((1, 3))]
    )
    picture.putpalette((255 * colors).round().astype(np.uint8).tobytes())
    return png(picture, transparency=LEVELS)


def colors(cmap: str) -> str:
    """Return the strip of a colour bar from the left to the right, as PNG."""
    strip = (255 * mpl.colormaps[cmap](np.linspace(0, 1, LEVELS))[:, :3]).round()
    return png(Image.fromarray(strip.astype(np.uint8)[None]))


def png(picture: Image.Image, **options: Any) -> str:
    """Return an image as ``data:`` address."""
    buffer = io.BytesIO()
    picture.save(buffer, format="PNG", optimize=True, **options)
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def coarse(values: NDArray[Any]) -> NDArray[Any]:
    """Return means of blocks, with at most :data:`MOST_POINTS` points per side.

    Examples
    --------
    >>> coarse(np.arange(512.0)[None])[:, :3]
    array([[0.5, 2.5, 4.5]])
    """
    for axis in (0, 1):
        points = values.shape[axis]
        block = -(-points // MOST_POINTS)
        if block > 1:
            starts = np.arange(0, points, block)
            sizes = np.diff([*starts, points])
            shape = [1, 1]
            shape[axis] = -1
            values = np.add.reduceat(values, starts, axis) / sizes.reshape(shape)
    return values
