"""The sphere, as a grid of latitudes by longitudes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from neurop.errors import InputError
from neurop.geometry.axis import Axis, Layout
from neurop.geometry.grid import Grid
from neurop.geometry.quadrature import gauss_legendre


@dataclass(frozen=True)
class Sphere(Grid):
    """The sphere: latitude from pole to pole by longitude around it.

    Functions on grids dispatch on this class: resampling and spectra use spherical harmonics, means the area.

    Parameters
    ----------
    axes
        Latitude and longitude, in this order.

    Raises
    ------
    InputError
        If the axes have other names.

    Examples
    --------
    >>> Sphere.latlon().names
    ('latitude', 'longitude')
    """

    geometry: ClassVar[str] = "sphere"

    def __post_init__(self) -> None:
        if self.names != ("latitude", "longitude"):
            raise InputError(
                f"a sphere has axes latitude, longitude in this order, got {', '.join(self.names)}"
            )

    @staticmethod
    def latlon(north_first: bool = True, poles: bool = True, gauss: bool = False) -> Sphere:
        """Return a sphere: latitude by longitude from 0.

        Parameters
        ----------
        north_first
            Order of the latitudes.
        poles
            Equiangular latitudes with the poles among them, rather than cell centres.
        gauss
            Latitudes of Legendre-Gauss quadrature, which hold no pole, instead of equiangular ones.
        """
        start, length = (90.0, -180.0) if north_first else (-90.0, 180.0)
        layout: Layout = "gauss" if gauss else "ends" if poles else "cells"
        latitude = Axis("latitude", "open", start, length, "degrees_north", layout)
        return Sphere((latitude, Axis("longitude", "periodic", 0.0, 360.0, "degrees_east")))

    def weights(self, shape: Sequence[int]) -> NDArray[np.float64]:
        r"""Return the cell measure of a grid of `shape` points, normalised to mean 1.

        On Legendre-Gauss latitudes the exact weights of their quadrature, else :math:`\cos\varphi` of the latitude, as the
        verification of weather forecasts uses it (the poles weigh nothing).
        """
        latitudes, longitudes = self.checked(shape)
        axis = self.axes[0]
        if axis.layout == "gauss":
            area = gauss_legendre(latitudes)[1]
        else:
            area = np.clip(np.cos(np.deg2rad(axis.coordinates(latitudes))), 0.0, None)
        w = np.broadcast_to(area[:, None], (latitudes, longitudes))
        return np.ascontiguousarray(w / w.mean())
