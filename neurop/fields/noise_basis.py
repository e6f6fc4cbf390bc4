r"""Gaussian random functions on any grid: coefficients times functions of the position.

The functions do not depend on the grid, which only samples them. On a plane they are products of
Fourier functions :math:`1, \sqrt2\cos(2\pi f x), \sqrt2\sin(2\pi f x)` of each axis, with x the
fraction of the domain; along an axis that is not periodic they have twice the length of the domain
as their period, so that its two ends are not alike. On a whole sphere they are real spherical
harmonics. The variance is the same everywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid
from neurop.geometry.sphere import Sphere
from neurop.spectral import spacing
from neurop.spectral.legendre import degrees_resolved, legendre

Array = NDArray[np.float64]


class Basis(NamedTuple):
    """Functions on the points of a grid.

    Parameters
    ----------
    frequencies
        Frequency of each function, in periods per domain or as the degree on a sphere, ``(*k)``.
    squares
        Mean square of each function over the sphere or the periods, ``(*k)``; 0 for none.
    synthesis
        Function from coefficients ``(..., *k)`` to fields ``(..., *grid)``.
    """

    frequencies: Array
    squares: Array
    synthesis: Callable[[Tensor], Tensor]


def basis(grid: Grid, shape: Sequence[int], modes: int, like: Tensor) -> Basis:
    """Return the functions of fewer than `modes` periods per axis, or of a lower degree.

    Parameters
    ----------
    grid, shape
        Grid and its points per axis.
    modes
        Bound of the frequencies.
    like
        Tensor whose device and precision the fields have.

    Examples
    --------
    >>> waves = basis(Grid.periodic(1), (4,), 2, torch.zeros(()))
    >>> waves.frequencies
    array([0., 1., 1.])
    >>> waves.synthesis(torch.tensor([0.0, 0.0, 2.0**-0.5])).round(decimals=6).tolist()
    [0.0, 1.0, 0.0, -1.0]
    """
    if isinstance(grid, Sphere) and grid.is_whole:
        return _harmonics(grid, tuple(shape), modes, like)
    axes = [_waves(axis, n, modes) for axis, n in zip(grid.axes, shape, strict=True)]
    radius = _radius(axes)
    matrices = [torch.from_numpy(values).to(like) for _, values in axes]

    def synthesis(coefficients: Tensor) -> Tensor:
        for matrix in matrices:
            # The first of the remaining axes of coefficients becomes the last axis of the grid.
            axis = coefficients.dim() - len(matrices)
            coefficients = torch.tensordot(coefficients, matrix, dims=([axis], [0]))
        return coefficients

    return Basis(radius, (radius < modes).astype(float), synthesis)


def white(
    grid: Grid, shape: Sequence[int], modes: int, rows: Sequence[int], rng: np.random.Generator
) -> Array:
    """Return white noise: random fields ``(*rows, *grid)`` of variance 1 with a flat spectrum.

    Parameters
    ----------
    grid, shape
        Grid and its points per axis.
    modes
        Bound of the frequencies.
    rows
        Shape of the fields that are drawn.
    rng
        Source of the coefficients.

    Examples
    --------
    >>> noise = white(Grid.periodic(2), (16, 16), 8, (1000,), np.random.default_rng(0))
    >>> noise.shape, round(float(noise.var()), 1)
    ((1000, 16, 16), 1.0)
    """
    if isinstance(grid, Sphere) and grid.is_whole:
        used = _used(modes)
        drawn = used * rng.standard_normal((*rows, *used.shape)) * (4 * np.pi / used.sum()) ** 0.5
        latitude, longitude = _sphere(grid, tuple(shape), modes)
        along = np.einsum("...sml,mlt->...smt", drawn, latitude)
        return np.einsum("...smt,smn->...tn", along, longitude)
    axes = [_waves(axis, n, modes) for axis, n in zip(grid.axes, shape, strict=True)]
    used = _radius(axes) < modes
    drawn = used * rng.standard_normal((*rows, *used.shape)) / used.sum() ** 0.5
    for _, values in axes:
        drawn = np.tensordot(drawn, values, axes=([drawn.ndim - len(axes)], [0]))
    return drawn


def resolved(grid: Grid, shape: Sequence[int]) -> int:
    """Return the number of modes that a grid resolves along each axis.

    Examples
    --------
    >>> resolved(Grid.periodic(2), (16, 9)), resolved(Grid.latlon(), (73, 144))
    (5, 72)
    """
    if isinstance(grid, Sphere) and grid.is_whole:
        return min(degrees_resolved(grid.axes[0].layout, shape[0]), (shape[1] + 1) // 2)
    uniform = [
        int(1 / spacing(a, n)) if a.layout == "chebyshev" else n for a, n in zip(grid.axes, shape)
    ]
    return max(1, (min(uniform) + 1) // 2)


@lru_cache(maxsize=16)
def _waves(axis: Axis, n: int, modes: int) -> tuple[Array, Array]:
    """Return the frequencies of the functions of an axis, and their values ``(k, n)``."""
    period = 1 if axis.boundary == "periodic" else 2
    f = np.arange(1, modes * period) / period
    angles = 2 * np.pi * f[:, None] * axis.points(n)
    values = [np.ones((1, n)), 2**0.5 * np.cos(angles), 2**0.5 * np.sin(angles)]
    return np.concatenate([[0.0], f, f]), np.concatenate(values)


def _harmonics(grid: Sphere, shape: tuple[int, ...], modes: int, like: Tensor) -> Basis:
    latitude, longitude = _sphere(grid, shape, modes)
    heights, turns = (torch.from_numpy(values).to(like) for values in (latitude, longitude))

    def synthesis(coefficients: Tensor) -> Tensor:
        along = torch.einsum("...sml,mlt->...smt", coefficients, heights)
        return torch.einsum("...smt,smn->...tn", along, turns)

    degree = np.broadcast_to(np.arange(modes, dtype=float), (2, modes, modes))
    return Basis(degree, _used(modes) / (4 * np.pi), synthesis)


def _radius(axes: Sequence[tuple[Array, Array]]) -> Array:
    """Return the length of the frequency vector of each product of functions, ``(*k)``."""
    squares = [np.square(f) for f in np.ix_(*(frequencies for frequencies, _ in axes))]
    return np.sqrt(sum(squares, np.zeros(())))


def _used(modes: int) -> NDArray[np.bool_]:
    """Return which harmonics there are, ``(cosine or sine, m, l)``."""
    order, degree = np.arange(modes)[:, None], np.arange(modes)
    return (order <= degree) & (np.arange(2)[:, None, None] <= order)  # the sine of order 0 is none


@lru_cache(maxsize=4)
def _sphere(grid: Sphere, shape: tuple[int, ...], modes: int) -> tuple[Array, Array]:
    r"""Return Legendre functions ``(m, l, latitude)``, waves ``(cosine or sine, m, longitude)``."""
    functions = legendre(modes, modes, np.pi / 2 - grid.latitudes(shape[0]))
    order = np.arange(modes)[:, None]
    angles = order * grid.longitudes(shape[1])
    factor = np.where(order > 0, 2**0.5, 1.0)
    return functions, np.stack([factor * np.cos(angles), factor * np.sin(angles)])
