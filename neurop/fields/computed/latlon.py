"""Latitude and longitude, as sine and cosine."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurop.fields.computed.computed import Computed
from neurop.fields.field import Field


@dataclass(frozen=True)
class LatLon(Computed):
    """Sine and cosine of latitude and longitude: four static fields.

    Examples
    --------
    >>> latitude, longitude = np.deg2rad([[90.0], [30.0]]), np.deg2rad([0.0, 90.0])
    >>> LatLon().values(np.zeros(1, "datetime64[s]"), latitude, longitude)[0, 0].round(6).tolist()
    [[1.0, 1.0], [0.5, 0.5]]
    """

    fields = (
        Field("latitude_sin", "1", "sine of the latitude"),
        Field("latitude_cos", "1", "cosine of the latitude"),
        Field("longitude_sin", "1", "sine of the longitude"),
        Field("longitude_cos", "1", "cosine of the longitude"),
    )
    role = "static"
    on_sphere = True

    def values(
        self,
        dates: NDArray[np.datetime64],
        latitude: NDArray[np.float64],
        longitude: NDArray[np.float64],
    ) -> NDArray[np.float64]:
        """Return the four fields, ``(4, 1, latitude, longitude)``."""
        waves = [f(x) for x in (latitude, longitude) for f in (np.sin, np.cos)]
        return np.stack(np.broadcast_arrays(*waves))[:, None]
