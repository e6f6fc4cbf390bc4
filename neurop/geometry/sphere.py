"""The sphere, as a grid of latitudes by longitudes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from neurop.errors import InputError
from neurop.geometry.axis import Axis, Layout
from neurop.geometry.grid import Grid
from neurop.geometry.quadrature import gauss_legendre

CLOSE = 1e-3
"""Tolerance of latitudes, in degrees."""


@dataclass(frozen=True)
class Sphere(Grid):
    """The sphere, or a part of it, as a grid of latitudes by longitudes.

    Means are weighted by area; spherical harmonics interpolate between grids of a full sphere.

    Parameters
    ----------
    axes
        Latitude and longitude, in this order, in degrees, or in radians if the unit is ``rad...``.

    Raises
    ------
    InputError
        If the axes have other names, a latitude lies beyond a pole, or Legendre-Gauss latitudes
        do not reach from pole to pole.

    Examples
    --------
    >>> Sphere.latlon().names
    ('latitude', 'longitude')
    >>> Sphere.latlon().weights((3, 4))[:, 0].round(6)  # north pole, equator, south pole
    array([0., 3., 0.])
    """

    geometry: ClassVar[str] = "sphere"

    def __post_init__(self) -> None:
        if self.names != ("latitude", "longitude"):
            raise InputError(
                f"a sphere has axes latitude, longitude in this order, got {', '.join(self.names)}",
                "axes",
                list(self.names),
            )
        for axis in self.axes:
            if axis.layout == "chebyshev":
                remedy = f"{axis.name}s of a sphere are 'left', 'ends', 'cells' or 'gauss'"
                raise InputError.of("layout", axis.layout, remedy)
        axis = self.axes[0]
        ends = _degrees(axis, axis.start), _degrees(axis, axis.start + axis.length)
        span = f"latitude runs from {ends[0]:g} to {ends[1]:g} degrees"
        if max(map(abs, ends)) > 90 + CLOSE:
            raise InputError(f"{span}; count it from the equator, from -90 to 90 at most")
        if axis.layout == "gauss" and abs(ends[1] - ends[0]) < 180 - CLOSE:
            raise InputError(
                f"{span}; layout 'gauss' is from pole to pole, use 'left', 'ends' or 'cells'"
            )

    @staticmethod
    def latlon(north_first: bool = True, poles: bool = True, gauss: bool = False) -> Sphere:
        """Return a full sphere with longitudes from 0 to 360 degrees.

        Parameters
        ----------
        north_first
            Whether the latitudes run from north to south.
        poles
            Whether equiangular latitudes include the poles, rather than being cell centres.
        gauss
            Whether the latitudes are those of Legendre-Gauss quadrature, without the poles.
        """
        start, length = (90.0, -180.0) if north_first else (-90.0, 180.0)
        layout: Layout = "gauss" if gauss else "ends" if poles else "cells"
        latitude = Axis("latitude", "open", start, length, "degrees_north", layout)
        return Sphere((latitude, Axis("longitude", "periodic", 0.0, 360.0, "degrees_east")))

    def latitudes(self, n: int) -> NDArray[np.float64]:
        """Return the n latitudes in radians."""
        axis = self.axes[0]
        return np.deg2rad(_degrees(axis, axis.coordinates(n)))

    def longitudes(self, n: int) -> NDArray[np.float64]:
        """Return the n longitudes in radians."""
        axis = self.axes[1]
        return np.deg2rad(_degrees(axis, axis.coordinates(n)))

    @property
    def is_whole(self) -> bool:
        """Whether the grid covers the full sphere, with equally spaced longitudes."""
        south, east = (abs(_degrees(axis, axis.length)) for axis in self.axes)
        closes = abs(south - 180) < CLOSE and abs(east - 360) < CLOSE
        return bool(closes and self.axes[1].layout in ("left", "cells"))

    @property
    def has_boundary(self) -> bool:
        """Whether the domain has a boundary: whether it is only a part of the sphere."""
        return not self.is_whole

    def weights(self, shape: Sequence[int]) -> NDArray[np.float64]:
        r"""Return the cell measure of a grid of `shape` points, normalised to mean 1.

        On Legendre-Gauss latitudes these are the exact weights of the quadrature, else
        :math:`\cos\varphi` of the latitude, as in the verification of weather forecasts (0 at the
        poles).
        """
        latitudes, longitudes = self.checked(shape)
        axis = self.axes[0]
        if axis.layout == "gauss":
            area = gauss_legendre(latitudes)[1]
        else:
            area = np.clip(np.cos(self.latitudes(latitudes)), 0.0, None)
        w = np.broadcast_to(area[:, None], (latitudes, longitudes))
        return np.ascontiguousarray(w / w.mean())


def _degrees(axis: Axis, at: Any) -> Any:
    return np.rad2deg(at) if axis.unit.startswith("rad") else at
