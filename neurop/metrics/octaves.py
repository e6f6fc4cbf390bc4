"""Power by octaves of the wavenumber."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurop.geometry.grid import Grid
from neurop.metrics.spectra import power_spectrum


def octaves(shells: int) -> NDArray[np.int64]:
    """Return the first wavenumber of each octave of a spectrum: 0, 1, 2, 4, 8 and so on.

    Parameters
    ----------
    shells
        Number of wavenumbers, from 0. The last octave ends with them.

    Examples
    --------
    >>> octaves(12).tolist()
    [0, 1, 2, 4, 8]
    """
    powers = int(shells - 1).bit_length()
    return np.array([0, *(1 << np.arange(powers))])[: 1 + powers]


def octave_names(ends: Iterable[Sequence[int]]) -> list[str]:
    """Return octaves in words, from their first and last wavenumbers.

    Examples
    --------
    >>> octave_names([(1, 1), (2, 3)])
    ['1', '2 to 3']
    """
    return [str(first) if first == last else f"{first} to {last}" for first, last in ends]


def octave_power(values: NDArray[Any], grid: Grid) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    r"""Return the first wavenumbers :math:`k_b` and the power of octaves of real fields.

    .. math:: P_b = \sum_{k_b \le |k| < k_{b+1}} |\hat u_k|^2, \qquad
       \sum_b P_b = \langle u^2 \rangle

    with the coefficients and wavenumbers of :func:`neurop.metrics.spectra.power_spectrum`. The
    octave of 0 is the mean of a periodic field.

    Parameters
    ----------
    values
        Fields ``(..., *grid)``.
    grid
        Grid of the trailing axes.

    Returns
    -------
    wavenumber, power
        ``(octaves,)`` and ``(..., octaves)``, in the squared unit of `values`.

    Examples
    --------
    >>> x = np.arange(16) / 16
    >>> wave = 3 * np.cos(2 * np.pi * 5 * x) + 1
    >>> [part.round(6).tolist() for part in octave_power(wave, Grid.periodic(1))]
    [[0, 1, 2, 4, 8], [1.0, 0.0, 0.0, 4.5, 0.0]]
    """
    _, power = power_spectrum(values, grid)
    first = octaves(power.shape[-1])
    return first, np.add.reduceat(power, first, axis=-1)
