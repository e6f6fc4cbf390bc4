r"""Scores of weather forecasts by the definitions of WeatherBench 2.

Means over space are weighted by the area of the cells, which lie between the middles of
neighbouring latitudes; a row at a pole has the area of its half cell, not 0. A score that is a
ratio or a root is formed from means over space, for each forecast (ACC) or over all (RMSE).

References
----------
Rasp et al., WeatherBench 2: a benchmark for the next generation of data-driven global weather
models, 2024, arXiv:2308.15560, section 4 and appendix B.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import fft
from torch import Tensor

from neurop.geometry.sphere import Sphere
from neurop.metrics.measure import Weights
from neurop.metrics.norms import mean
from neurop.spectral.legendre import degrees_resolved, latitude_analysis

Array = NDArray[np.float64]


def cell_areas(grid: Sphere, shape: Sequence[int]) -> Array:
    r"""Return the areas of the cells, of mean 1: :math:`\sin\varphi_+ - \sin\varphi_-` per row.

    Examples
    --------
    >>> cell_areas(Sphere.latlon(), (3, 4))[:, 0].round(4)  # a cap, a belt, a cap
    array([0.4393, 2.1213, 0.4393])
    """
    latitudes, longitudes = grid.checked(shape)
    at = grid.latitudes(latitudes)
    middles = (at[1:] + at[:-1]) / 2
    if latitudes == 1:
        bounds = np.array([-1.0, 1.0]) * np.pi / 2
    else:
        # The outer cells of a part of the sphere are as wide as their neighbours' halves.
        ends = (
            np.pi / 2 * np.sign(at[[0, -1]])
            if grid.is_whole
            else at[[0, -1]] * 2 - middles[[0, -1]]
        )
        bounds = np.concatenate([ends[:1], middles, ends[1:]]).clip(-np.pi / 2, np.pi / 2)
    rows = np.abs(np.diff(np.sin(bounds)))
    return np.broadcast_to((rows / rows.mean())[:, None], (latitudes, longitudes)).copy()


def anomaly_correlation(
    prediction: Tensor, truth: Tensor, climatology: Tensor, weights: Weights
) -> Tensor:
    r"""Return the anomaly correlation coefficient of each forecast and field, from -1 to 1.

    .. math:: \frac{\langle w\, p' y' \rangle}
       {\sqrt{\langle w\, p'^2 \rangle \langle w\, y'^2 \rangle}}, \qquad p' = p - c,\; y' = y - c

    Parameters
    ----------
    prediction, truth
        Fields ``(forecast, ..., *grid)``.
    climatology
        Climatology c at the valid times, of a shape that broadcasts with them.
    weights
        Cell measure ``(*grid)`` of mean 1, or that of a part of the grid.

    Examples
    --------
    >>> import torch
    >>> y = torch.tensor([[1.0, 1.0]])
    >>> anomaly_correlation(torch.tensor([[2.0, 0.0]]), y, torch.zeros(2), torch.ones(2))
    tensor([0.7071])
    """
    p, y = prediction - climatology, truth - climatology
    size = mean(p.square(), weights) * mean(y.square(), weights)
    return mean(p * y, weights) / size.sqrt()


def degree_spectrum(values: NDArray[np.floating], grid: Sphere) -> Array:
    r"""Return the power by spherical-harmonic degree, ``(..., degrees)``.

    .. math:: P_l = \frac{1}{4\pi} \sum_{m=-l}^{l} |a_l^m|^2, \qquad
       \sum_l P_l = \frac{1}{4\pi} \int u^2\, \mathrm{d}\Omega

    Parameters
    ----------
    values
        Fields ``(..., latitude, longitude)`` on a whole sphere.
    grid
        The sphere.

    Examples
    --------
    >>> latitude = Sphere.latlon().latitudes(9)[:, None]
    >>> degree_spectrum(np.sin(latitude) + np.zeros((9, 16)), Sphere.latlon())[:3].round(6) + 0.0
    array([0.      , 0.333333, 0.      ])
    """
    latitudes, longitudes = values.shape[-2:]
    layout = grid.axes[0].layout
    degrees = degrees_resolved(layout, latitudes)
    orders = min(degrees, (longitudes + 1) // 2)
    matrices = latitude_analysis(layout, latitudes, degrees, orders)
    waves = fft.rfft(np.asarray(values, np.float64), axis=-1, norm="forward")[..., :orders]
    power = np.abs(np.einsum("mlt,...tm->...lm", matrices, waves)) ** 2
    power[..., 1:] *= 2
    return np.asarray(power.sum(-1) / (4 * np.pi))
