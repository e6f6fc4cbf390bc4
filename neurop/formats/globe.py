"""Build the sphere, or a part of it, from the latitudes and longitudes of a file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from neurop.errors import InputError
from neurop.formats.axes import GLOBE, Order, axis_of
from neurop.formats.content import Coordinate
from neurop.geometry.axis import Axis, Layout
from neurop.geometry.sphere import CLOSE, Sphere


def globe_of(lines: Mapping[str, Coordinate], source: str) -> tuple[Sphere, dict[str, Order]]:
    """Return the sphere of latitudes and longitudes, and the order of the points of both.

    It runs from 90 to -90 degrees, and eastward from the first longitude at or after 0. A part of
    the globe is open at its sides, but periodic along a full circle of latitude; its cell measure
    is that of the sphere.

    Parameters
    ----------
    lines
        Coordinates ``latitude`` and ``longitude``; without a unit they are radians if they close
        the circle in radians.
    source
        Path of the file, for messages.

    Raises
    ------
    InputError
        If the points are not regular.
    """
    latitude, raw = (_degrees(lines, name) for name in GLOBE)
    if np.abs(latitude).max() > 90 + CLOSE:
        raise InputError.in_file(
            source, f"{_range(latitude)} latitudes go beyond a pole; correct their values or unit"
        )
    # Rounding first, or -1e-7 would become 360 and move to the other end.
    longitude = np.mod(np.round(raw, 5), 360.0)
    rows, (columns_at, columns) = np.argsort(-latitude), np.unique(longitude, return_index=True)
    east = Axis("longitude", "periodic", float(columns_at[0]), 360.0, "degrees_east")
    orders = {"latitude": rows, "longitude": columns}
    circle = _lies_on(east, columns_at) and len(raw) - len(columns_at) <= (
        abs(np.ptp(raw) - 360) < 1e-3
    )
    if circle:
        for layout in [one for one in get_args(Layout) if one != "chebyshev"]:
            south = Axis("latitude", "open", 90.0, -180.0, "degrees_north", layout)
            if _lies_on(south, latitude[rows]):
                return Sphere((south, east)), orders
    if abs(np.ptp(raw)) * len(raw) / max(len(raw) - 1, 1) > 359 and np.ptp(latitude) > 170:
        what, points = ("latitudes", latitude) if circle else ("longitudes", raw)
        raise InputError.in_file(
            source,
            f"{_range(points)} {what} are not a regular grid of the globe; interpolate "
            "the fields to one",
        )
    south = axis_of(
        "latitude",
        Coordinate(latitude[rows], "degrees_north"),
        len(rows),
        {"boundary": "open"},
        source,
    )
    if not circle:
        if len(columns) < len(raw):
            raise InputError.in_file(
                source, f"{_range(raw)} longitudes, but some occur twice; remove the double ones"
            )
        orders["longitude"], turned = _arc(raw, columns)
        east = axis_of(
            "longitude",
            Coordinate(turned, "degrees_east"),
            len(turned),
            {"boundary": "open"},
            source,
        )
    return Sphere((south, east)), orders


def _arc(raw: NDArray[np.float64], columns: Order) -> tuple[Order, NDArray[np.float64]]:
    """Return the order of longitudes on a part of the circle, and their degrees.

    The first longitude follows the widest gap, across 0 or not.
    """
    east = np.mod(raw[columns], 360.0)
    columns = np.roll(columns, -(int(np.argmax(np.diff(np.append(east, east[0] + 360.0)))) + 1))
    first = raw[columns[0]]
    return columns, first + np.mod(np.round(raw[columns] - first, 5), 360.0)


def _degrees(lines: Mapping[str, Coordinate], name: str) -> NDArray[np.float64]:
    values = np.asarray(lines[name].values, np.float64)
    return np.rad2deg(values) if _is_radian(lines) else values


def _is_radian(lines: Mapping[str, Coordinate]) -> bool:
    units = [lines[name].unit.lower() for name in GLOBE]
    if any(units):
        return all(unit.startswith("rad") for unit in units)
    latitude, longitude = (np.sort(np.asarray(lines[name].values, np.float64)) for name in GLOBE)
    n = len(longitude)
    turn = np.ptp(longitude) * n / max(n - 1, 1)
    closes = np.isclose([turn, np.ptp(longitude)], 2 * np.pi, rtol=1e-4).any()
    return bool(closes and np.abs(latitude).max() <= np.pi / 2 + 1e-4)


def _range(points: NDArray[np.float64]) -> str:
    return f"{len(points)} ({points.min():g}..{points.max():g})"


def _lies_on(axis: Axis, points: NDArray[np.float64]) -> bool:
    # float32 coordinates are off by up to 2e-5 degrees.
    n = len(points)
    return n > 1 and bool(
        np.allclose(
            axis.coordinates(n), points, rtol=0, atol=min(1e-3, 0.01 * abs(axis.length) / n)
        )
    )
