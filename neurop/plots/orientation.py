"""Which axis of a field runs to the right and which upwards, whatever their order in the array."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from neurop.plots.style import axis_label, unit_text

SPHERE = ("latitude", "longitude")
_ORDER = (
    ("x", "x0", "x1", "xc", "nx", "xi", "longitude", "width", "column"),
    ("y", "y0", "x2", "yc", "ny", "eta", "latitude", "row"),
    ("z", "z0", "x3", "zc", "nz", "zeta", "height", "depth", "level"),
)
_RANK = {name: rank for rank, names in enumerate(_ORDER) for name in names}


def horizontal_and_vertical(array: xr.DataArray) -> tuple[str, str]:
    """Return the axis that runs to the right and the one that runs upwards.

    Of known names ``x`` or the longitude comes first, then ``y`` or the latitude, then ``z`` or the
    height; of other names the first axis of the array.

    Examples
    --------
    >>> horizontal_and_vertical(xr.DataArray(np.zeros((2, 3)), dims=("y", "x")))
    ('x', 'y')
    >>> horizontal_and_vertical(xr.DataArray(np.zeros((2, 3)), dims=("r", "theta")))
    ('r', 'theta')
    """
    first, second = (str(dim) for dim in array.dims)
    swapped = {first, second} <= _RANK.keys() and _RANK[second] < _RANK[first]
    return (second, first) if swapped else (first, second)


def plane(array: xr.DataArray) -> xr.DataArray:
    """Return a field of one or two axes; of three, the middle slice of the third one.

    The third one is ``z`` or the height if the names are known, else the first of the array. The
    coordinates of the slice stay as scalars.
    """
    while array.ndim > 2:
        names = [str(dim) for dim in array.dims]
        ranks = [_RANK.get(name, -1) for name in names]
        known = min(ranks) >= 0 and len(set(ranks)) == len(ranks)
        cut = names[int(np.argmax(ranks))] if known else names[0]
        array = array.isel({cut: array.sizes[cut] // 2})
    return array


def slice_text(volume: xr.DataArray) -> str:
    """Return where :func:`plane` cuts a field, for example ``slice z = 0.5 m``; empty if nowhere.

    Examples
    --------
    >>> solid = xr.DataArray(np.zeros((4, 2, 2)), {"z": [0, 1, 2, 3]}, ("z", "y", "x"))
    >>> slice_text(solid), slice_text(solid[0])
    ('slice z = 2', '')
    """
    cut = plane(volume)
    return ", ".join(_cuts(volume, cut))


def _cuts(volume: xr.DataArray, cut: xr.DataArray) -> Iterator[str]:
    for name in (str(dim) for dim in volume.dims if dim not in cut.dims):
        if name in cut.coords:
            unit = unit_text(str(cut[name].attrs.get("units", "1")))
            yield f"slice {name} = {float(cut[name]):.4g} {unit}".rstrip()
        else:
            yield f"slice {name}, index {volume.sizes[name] // 2}"


def raster(array: xr.DataArray) -> Any:
    """Return the values of a plane field, rows upwards and columns to the right by coordinate.

    Along an axis whose steps differ from their mean by more than a quarter, such as one of
    Chebyshev points, each value is that of the point nearest to one of as many uniform points.
    """
    horizontal, vertical = horizontal_and_vertical(array)
    known = [name for name in (horizontal, vertical) if name in array.coords]
    ordered = array.sortby(known)
    places = {name: _nearest(ordered[name].values) for name in known}
    return np.asarray(ordered.isel(places).transpose(vertical, horizontal).values)


def _nearest(points: NDArray[Any]) -> NDArray[np.intp]:
    """Return the index of the point nearest to each of as many uniform points, in order if close.

    Examples
    --------
    >>> _nearest(np.array([0.0, 0.05, 0.2, 0.5, 0.8, 0.95, 1.0]))
    array([0, 2, 2, 3, 4, 4, 6])
    """
    found = np.arange(len(points))
    if len(points) < 3 or points.dtype.kind not in "iuf":
        return found
    steps = np.diff(points)
    if np.abs(steps - steps.mean()).max() <= 0.25 * steps.mean():
        return found
    wanted = np.linspace(points[0], points[-1], len(points))
    return np.asarray(np.searchsorted((points[1:] + points[:-1]) / 2, wanted), np.intp)


def edges(array: xr.DataArray, name: str) -> tuple[float, float]:
    """Return the outer ends of the cells around the points of an axis."""
    points = array[name].values if name in array.coords else np.arange(array.sizes[name])
    low, high = float(np.min(points)), float(np.max(points))
    half = 0.5 * (high - low) / max(len(points) - 1, 1) or 0.5
    return low - half, high + half


def extent(array: xr.DataArray) -> tuple[float, float, float, float]:
    """Return left, right, lower and upper end of a plane field."""
    horizontal, vertical = horizontal_and_vertical(array)
    return (*edges(array, horizontal), *edges(array, vertical))


def view(array: xr.DataArray) -> tuple[float, float, float, float]:
    """Return the part of :func:`extent` that is shown: on the sphere from pole to pole."""
    left, right, low, high = extent(array)
    return (left, right, max(low, -90), min(high, 90)) if is_sphere(array) else extent(array)


def proportion(array: xr.DataArray) -> float:
    """Return height over width of the panel of a plane field.

    It is the true one where both axes have the same unit, else 1.
    """
    if array.ndim < 2:
        return 0.62
    horizontal, vertical = horizontal_and_vertical(array)
    left, right, low, high = view(array)
    units = [
        array[name].attrs.get("units") if name in array.coords else None
        for name in (horizontal, vertical)
    ]
    same = units[0] == units[1] or is_sphere(array)
    return float(np.clip((high - low) / (right - left), 0.25, 2.0)) if same else 1.0


def is_sphere(array: xr.DataArray) -> bool:
    """Return whether the axes are latitude and longitude."""
    return set(array.dims) == set(SPHERE)


def labels(array: xr.DataArray) -> tuple[str, str]:
    """Return the labels of both axes; empty on the sphere, whose ticks have degrees."""
    if is_sphere(array):
        return "", ""
    horizontal, vertical = horizontal_and_vertical(array)
    return axis_label(array, horizontal), axis_label(array, vertical)


def degree_ticks(array: xr.DataArray) -> tuple[dict[int, str], dict[int, str]]:
    """Return ticks of longitude and of latitude with their labels, for a field on the sphere."""
    left, right, low, high = view(array)
    return (
        {at: _east(at) for at in range(-180, 361, 90) if left <= at <= right},
        {at: _north(at) for at in (-60, 0, 60) if low <= at <= high},
    )


def _north(degrees: int) -> str:
    return "0°" if degrees == 0 else f"{abs(degrees)}°{'N' if degrees > 0 else 'S'}"


def _east(degrees: int) -> str:
    turned = (degrees + 180) % 360 - 180
    return {0: "0°", -180: "180°"}.get(turned, f"{abs(turned)}°{'E' if turned > 0 else 'W'}")
