"""Power spectra that satisfy Parseval on every grid, by wavenumber shells or zonal wavenumber."""

from __future__ import annotations

from functools import lru_cache, singledispatch
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from neurop.errors import InputError
from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid
from neurop.geometry.sphere import Sphere

Array = NDArray[np.float64]
NEGLIGIBLE = 1e-12
"""Fraction of the total power below which a shell is rounding error (float32: about 1e-14)."""


def power_spectrum(values: NDArray[Any], grid: Grid) -> tuple[Array, Array]:
    r"""Return wavenumbers :math:`K` and the power :math:`P(K)` of real fields.

    .. math:: P(K) = \sum_{K \le |k| < K+1} |\hat u_k|^2, \qquad \sum_K P(K) = \langle u^2 \rangle

    with :math:`\hat u` the coefficients in an orthonormal basis per axis: Fourier (periodic), sine
    (dirichlet), cosine (neumann, open); at Chebyshev points Legendre polynomials, whose degree
    counts half-cycles and whose mean square is that of the interpolating polynomial. All quadrants
    count, so the shells above the Nyquist wavenumber contain the corners of the spectral box. On
    the sphere :math:`k` is the zonal wavenumber and the power is averaged over latitude with the
    grid's weights.

    Parameters
    ----------
    values
        Fields ``(..., *grid)``.
    grid
        Grid of the trailing axes; the mean square uses :meth:`Grid.weights`. On a dirichlet axis
        with points on the boundary the values there count as zeros.

    Returns
    -------
    wavenumber, power
        ``(shells,)``, in cycles per length of the longest axis (of the latitude circle), and
        ``(..., shells)``, in the squared unit of `values`.

    Examples
    --------
    >>> x = np.arange(8) / 8
    >>> power_spectrum(3 * np.cos(2 * np.pi * 2 * x), Grid.periodic(1))[1].round(6)
    array([0. , 0. , 4.5, 0. , 0. ])
    """
    values = np.asarray(values, dtype=np.float64)
    shape = _trailing(values, grid)
    spectrum: tuple[Array, Array] = _spectrum(grid, values, shape)
    return spectrum


def wavenumber_name(grid: Grid) -> str:
    """Return what the wavenumbers of :func:`power_spectrum` count.

    Examples
    --------
    >>> wavenumber_name(Grid.periodic(2)), wavenumber_name(Sphere.latlon())
    ('wavenumber (cycles per domain)', 'zonal wavenumber')
    """
    circles = isinstance(grid, Sphere) and grid.axes[1].boundary == "periodic"
    return "zonal wavenumber" if circles else "wavenumber (cycles per domain)"


@singledispatch
def _spectrum(grid: Grid, values: Array, shape: tuple[int, ...]) -> tuple[Array, Array]:
    return _shells(_power(values, grid), _wavenumber(grid, shape))


@_spectrum.register
def _(grid: Sphere, values: Array, shape: tuple[int, ...]) -> tuple[Array, Array]:
    if grid.axes[1].boundary != "periodic":  # a part of the globe has no circles of latitude
        return _shells(_power(values, grid), _wavenumber(grid, shape))
    power = np.abs(fft.rfft(values, axis=-1, norm="forward")) ** 2
    # Both signs; the Nyquist mode of an even number of points is its own conjugate.
    power[..., 1 : (shape[1] + 1) // 2] *= 2
    latitude = grid.weights(shape)[:, :1] / shape[0]
    return np.arange(power.shape[-1], dtype=np.float64), (power * latitude).sum(axis=-2)


def spectrum_error(prediction: NDArray[Any], truth: NDArray[Any]) -> NDArray[np.float64]:
    r"""Return :math:`\mathrm{mean}_K\,|\log_{10}P_p(K)-\log_{10}P_y(K)|` over the last axis.

    Shells with less than 1e-12 of the truth's power are left out; the prediction has the same lower
    bound. A spectrum that is one decade too large or too small at every scale scores 1. The result
    is NaN where the truth has no power or a spectrum is not finite.

    Examples
    --------
    >>> float(spectrum_error(np.array([10.0, 1.0]), np.array([1.0, 0.1])))
    1.0
    """
    floor = NEGLIGIBLE * np.sum(truth, axis=-1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        distance = np.abs(
            np.log10(np.maximum(prediction, floor)) - np.log10(np.maximum(truth, floor))
        )
        counted = (truth > floor) | ~np.isfinite(truth)
        return np.asarray(np.sum(np.where(counted, distance, 0.0), axis=-1) / counted.sum(axis=-1))


def _trailing(values: NDArray[Any], grid: Grid) -> tuple[int, ...]:
    if values.ndim < grid.dimensions:
        raise InputError(
            f"values of shape {values.shape} on a grid of {grid.dimensions} axes "
            f"({', '.join(grid.names)}); give (..., *grid)",
            "values",
            values.shape,
        )
    return tuple(values.shape[values.ndim - grid.dimensions :])


def _power(values: Array, grid: Grid) -> Array:
    """Return the squared orthonormal coefficients of each mode."""
    coefficients: NDArray[Any] = values
    for index, axis in enumerate(grid.axes, start=-grid.dimensions):
        n = values.shape[index]
        if axis.layout == "chebyshev":
            moved = np.tensordot(coefficients, _legendre(n), (index, 1))
            coefficients = np.moveaxis(moved, -1, index)
            continue
        weight = np.sqrt(axis.weights(n)).reshape(-1, *[1] * (-index - 1))
        coefficients = _transform(coefficients * weight, axis, index)
    return np.asarray(np.abs(coefficients) ** 2)


@lru_cache(maxsize=16)
def _legendre(n: int) -> Array:
    """Return the matrix from values at n Chebyshev points to orthonormal Legendre coefficients."""
    points = 2 * Axis("x", "open", layout="chebyshev").points(n) - 1
    functions = np.polynomial.legendre.legvander(points, n - 1) * np.sqrt(2 * np.arange(n) + 1)
    return np.asarray(np.linalg.inv(functions), np.float64)


def _transform(values: NDArray[Any], axis: Axis, index: int) -> NDArray[Any]:
    if axis.boundary == "periodic":
        return np.asarray(fft.fft(values, axis=index, norm="ortho"))
    if axis.boundary == "dirichlet":
        if axis.layout == "cells":
            return np.asarray(_real(fft.dst, values, 2, index))
        inside = slice(1, -1) if axis.layout == "ends" else slice(1, None)
        return np.asarray(
            _real(fft.dst, np.moveaxis(np.moveaxis(values, index, 0)[inside], 0, index), 1, index)
        )
    return np.asarray(_real(fft.dct, values, 1 if axis.layout == "ends" else 2, index))


def _real(transform: Any, values: NDArray[Any], kind: int, index: int) -> NDArray[Any]:
    """Apply an orthonormal cosine or sine transform to real or complex values."""
    if np.iscomplexobj(values):
        return np.asarray(
            transform(values.real, kind, axis=index, norm="ortho")
            + 1j * transform(values.imag, kind, axis=index, norm="ortho")
        )
    return np.asarray(transform(values, kind, axis=index, norm="ortho"))


def _frequencies(grid: Grid, shape: tuple[int, ...]) -> list[Array]:
    """Return the cycles per axis length of each mode, one array per axis, ready to broadcast."""
    found = []
    for index, (axis, n) in enumerate(zip(grid.axes, shape, strict=True), start=-grid.dimensions):
        if axis.layout == "chebyshev":
            cycles = np.arange(n) / 2  # the polynomial of degree k has k zeros: k half-cycles
        elif axis.boundary == "periodic":
            cycles = np.abs(fft.fftfreq(n, 1 / n))
        elif axis.boundary == "dirichlet":
            cycles = (
                np.arange(1, n + 1 - {"cells": 0, "left": 1, "ends": 2}[axis.layout]) / 2
            )  # sin(pi j x): j half-cycles
        else:
            cycles = np.arange(n) / 2
        found.append(cycles.reshape(-1, *[1] * (-index - 1)))
    return found


def _wavenumber(grid: Grid, shape: tuple[int, ...]) -> Array:
    longest = max(abs(axis.length) for axis in grid.axes)
    cycles = zip(_frequencies(grid, shape), grid.axes, strict=True)
    return np.asarray(
        np.sqrt(sum(((k * longest / abs(axis.length)) ** 2 for k, axis in cycles), np.zeros(())))
    )


def _shells(power: Array, wavenumber: Array) -> tuple[Array, Array]:
    shell = (
        np.floor(wavenumber * (1 + 1e-12)).astype(np.int64).ravel()
    )  # an integer |k| stays in its shell if rounding made it smaller
    count = int(shell.max()) + 1
    flat = power.reshape(-1, shell.size)
    summed = np.asarray([np.bincount(shell, row, count) for row in flat], dtype=np.float64)
    return np.arange(count, dtype=np.float64), summed.reshape(
        *power.shape[: power.ndim - wavenumber.ndim], count
    )
