"""Coastlines of the Earth at 1:110 million (Natural Earth, public domain)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.resources import files

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from neurop.plots.orientation import is_sphere

Line = NDArray[np.float64]


@cache
def coastline() -> tuple[Line, ...]:
    """Return the coasts, each as ``(points, 2)`` of longitude (-180 to 180) and latitude.

    Source: https://www.naturalearthdata.com, 1:110m, Admin 0 countries; public domain.
    """
    text = (files("neurop.plots") / "coastline_110m.txt").read_text(encoding="ascii")
    return tuple(
        np.array([[float(value) for value in point.split(",")] for point in line.split()])
        for line in text.splitlines()
    )


def coast_of(array: xr.DataArray) -> tuple[Line, ...]:
    """Return the coasts for a field on the Earth, else nothing.

    The latitudes of such a field have the attribute ``body``, since the sphere of an idealised flow
    has no continents.

    Examples
    --------
    >>> coast_of(xr.DataArray(np.zeros((2, 3)), dims=("latitude", "longitude")))
    ()
    """
    earth = is_sphere(array) and "latitude" in array.coords
    return coastline() if earth and array["latitude"].attrs.get("body") == "Earth" else ()


def within(lines: Sequence[Line], left: float, right: float) -> list[Line]:
    """Return lines in the longitudes of a map: repeated every 360 degrees, those that it shows."""
    turned = [line + np.array([turn, 0.0]) for turn in (-360.0, 0.0, 360.0) for line in lines]
    return [line for line in turned if line[:, 0].max() > left and line[:, 0].min() < right]
