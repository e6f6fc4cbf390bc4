"""The matrices between the points of an axis and the local polynomials of its patches."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.polynomial.legendre import leggauss, legvander
from numpy.typing import NDArray

from neurop.geometry.axis import Axis
from neurop.spectral import constant_tensor

Array = NDArray[np.float64]
Indices = NDArray[np.int64]


@constant_tensor(maxsize=256)
def points(boundary: Any, layout: Any, n: int, tokens: int, functions: int) -> Indices:
    """Return the points around each patch, ``(tokens, points of a patch)``."""
    return _projection(boundary, layout, n, tokens, functions)[0]


@constant_tensor(maxsize=256)
def weights(boundary: Any, layout: Any, n: int, tokens: int, functions: int) -> Array:
    """Return the weights of these points, ``(tokens, functions, points of a patch)``."""
    return _projection(boundary, layout, n, tokens, functions)[1]


@constant_tensor(maxsize=256)
def values(boundary: Any, layout: Any, n: int, tokens: int, functions: int) -> Array:
    """Return the functions at the points in each patch, ``(tokens, most points, functions)``."""
    return _evaluation(boundary, layout, n, tokens, functions)[0]


@constant_tensor(maxsize=256)
def places(boundary: Any, layout: Any, n: int, tokens: int, functions: int) -> Indices:
    """Return the row of :func:`values` of each of the n points, the patches in a row."""
    return _evaluation(boundary, layout, n, tokens, functions)[1]


def polynomials(s: Array, functions: int) -> Array:
    """Return Legendre polynomials of mean square 1 on [0, 1], ``(*shape of s, functions)``.

    Examples
    --------
    >>> polynomials(np.array([0.0, 0.5, 1.0]), 2).round(4).tolist()
    [[1.0, -1.7321], [1.0, 0.0], [1.0, 1.7321]]
    """
    made = legvander(2 * s - 1, functions - 1) * np.sqrt(2 * np.arange(functions) + 1)
    return np.asarray(made, np.float64)


def _projection(
    boundary: Any, layout: Any, n: int, tokens: int, functions: int
) -> tuple[Indices, Array]:
    x = Axis("x", boundary, layout=layout).points(n)
    index = np.arange(n)
    if boundary == "periodic":
        x = np.concatenate([x[-1:] - 1, x, x[:1] + 1])
        index = np.concatenate([index[-1:], index, index[:1]])
    elif n == 1:  # a constant
        x, index = np.array([x[0], x[0] + 1]), np.zeros(2, np.int64)
    # Between two breaks the interpolant is linear, and Gauss's rule is exact.
    breaks = np.unique(np.concatenate([x.clip(0, 1), np.linspace(0, 1, tokens + 1)]))
    node, mass = leggauss(functions // 2 + 1)
    middle, size = (breaks[1:] + breaks[:-1]) / 2, np.diff(breaks)
    nodes, mass = middle[:, None] + size[:, None] * node / 2, tokens * size[:, None] * mass / 2
    patch = np.floor(middle * tokens).astype(np.int64).clip(0, tokens - 1)
    left = (np.searchsorted(x, middle) - 1).clip(0, len(x) - 2)
    share = (nodes - x[left, None]) / (x[left + 1] - x[left])[:, None]
    functions_there = polynomials(nodes * tokens - patch[:, None], functions)
    first = left[np.searchsorted(patch, np.arange(tokens))]
    column = left - first[patch]
    weight = np.zeros((tokens, column.max() + 2, functions))
    for step, part in ((0, 1 - share), (1, share)):
        added = np.einsum("ig,igf->if", mass * part, functions_there)
        np.add.at(weight, (patch, column + step), added)
    window = first[:, None] + np.arange(weight.shape[1])
    return index[window.clip(max=len(x) - 1)], weight.transpose(0, 2, 1)


def _evaluation(
    boundary: Any, layout: Any, n: int, tokens: int, functions: int
) -> tuple[Array, Indices]:
    x = Axis("x", boundary, layout=layout).points(n) * tokens
    patch = np.floor(x + 1e-9).astype(np.int64).clip(0, tokens - 1)
    rank = np.arange(n) - np.searchsorted(patch, patch)
    most = rank.max() + 1
    made = np.zeros((tokens, most, functions))
    made[patch, rank] = polynomials(x - patch, functions)
    return made, patch * most + rank


# The attribute that torch.compiler.assume_constant_result sets; calling it would import the
# compiler with the library.
_projection._dynamo_marked_constant = True  # type: ignore[attr-defined]
_evaluation._dynamo_marked_constant = True  # type: ignore[attr-defined]
