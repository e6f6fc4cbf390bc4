"""Build the axes of a grid from coordinates in a file, and sort the points of the file onto it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurop.errors import InputError
from neurop.formats.content import Coordinate, FileContent
from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid
from neurop.geometry.sphere import Sphere

Order = NDArray[np.intp]
GLOBE = ("latitude", "longitude")
OPTIONS: tuple[tuple[str, Any], ...] = (("length", 1.0), ("layout", "left"))
"""Options of an axis, with the default values if neither the file nor the user gives them."""


def grid_of(
    content: FileContent, sizes: Mapping[str, int], given: Mapping[str, Mapping[str, Any]]
) -> tuple[Grid, dict[str, Order]]:
    """Return the grid of a file, and the order of the points of each axis that must be sorted.

    Latitude and longitude make a sphere, or a part of it (:mod:`neurop.formats.globe`). Other axes
    keep their order, and their boundary must be known from the file or the user.

    Parameters
    ----------
    content
        Content of the file.
    sizes
        Points per grid axis, in array order.
    given
        Options ``boundary``, ``length`` and ``layout`` per axis from the user, which override the
        file.

    Raises
    ------
    InputError
        If points are not regular, or do not fit what is given, or nothing defines a boundary.
    """
    # Here, since that module needs `axis_of`.
    from neurop.formats.globe import globe_of

    if (
        content.grid is not None
        and not any(given.values())
        and set(content.grid.names) == set(sizes)
    ):
        return content.grid, {}
    for name in sizes:
        if name in content.irregular:
            raise InputError.in_file(content.path, content.irregular[name])
    lines = {
        name: _points(name, content.coordinates[name], n, content.path)
        for name, n in sizes.items()
        if name in content.coordinates
    }
    orders: dict[str, Order] = {}
    if set(sizes) == set(GLOBE) == set(lines):
        grid, orders = globe_of(lines, content.path)
        if not any(given.values()):
            return grid, orders
        if not grid.is_whole and set(map(bool, (given["length"], given["layout"]))) == {False}:
            sides = [
                replace(a, boundary=given["boundary"].get(a.name, a.boundary)) for a in grid.axes
            ]
            return Sphere(tuple(sides)), orders
        lines = {
            axis.name: Coordinate(axis.coordinates(len(orders[axis.name])), axis.unit)
            for axis in grid.axes
        }
    axes, unknown = [], []
    for name, n in sizes.items():
        known = {
            option: given[option][name]
            for option in ("boundary", *dict(OPTIONS))
            if name in given.get(option, {})
        }
        stored = {"boundary": content.boundary.get(name), "layout": content.layout.get(name)}
        known = {option: value for option, value in stored.items() if value is not None} | known
        line = lines.get(name)
        if line is None and name in GLOBE and "boundary" not in known:
            raise InputError.in_file(
                content.path,
                f"no coordinate of '{name}'; store its degrees, or name the axis "
                "otherwise, such as y",
            )
        if line is not None and name == "latitude" and line.values[0] < line.values[-1]:
            orders[name], line = np.arange(n)[::-1], Coordinate(line.values[::-1], line.unit)
        if "boundary" not in known and name in GLOBE:
            known["boundary"] = "open"
        elif "boundary" not in known:
            unknown.append(name)
        known = {"boundary": "open"} | known
        axes.append(axis_of(name, line, len(orders.get(name, range(n))), known, content.path))
    if unknown:
        raise InputError(
            f"boundary=???: {content.path} does not define that of {', '.join(unknown)}; give "
            "periodic, dirichlet, neumann or open (no condition), one for all or one by axis",
            "boundary",
        )
    return Grid(tuple(axes)), orders


def _points(name: str, line: Coordinate, n: int, source: str) -> Coordinate:
    """Return the coordinate of n points; n + 1 edges of cells become their centres."""
    values = np.asarray(line.values)
    if values.ndim != 1 or values.dtype.kind not in "iufb":
        raise InputError.in_file(
            source,
            f"the coordinate of axis '{name}' contains {values.dtype} of shape "
            f"{values.shape}; need one number per point",
        )
    if len(values) not in (n, n + 1):
        raise InputError.in_file(
            source,
            f"axis '{name}' has {n} points but its coordinate {len(values)}; name the "
            "axes in the file's order, or correct the file",
        )
    if not np.isfinite(values).all():
        raise InputError.in_file(
            source,
            f"the coordinate of axis '{name}' contains values that are not finite; "
            "correct the file",
        )
    points = values.astype(np.float64)
    return Coordinate(points if len(points) == n else (points[1:] + points[:-1]) / 2, line.unit)


def axis_of(
    name: str, line: Coordinate | None, n: int, known: Mapping[str, Any], source: str
) -> Axis:
    """Return one flat axis from its coordinate, if there is one, and from its known options.

    Points are the centres of cells if the ends of the domain are then rounder numbers; otherwise
    both ends are included, unless the axis is periodic. Chebyshev-Gauss-Lobatto points are
    recognised, unless the axis is periodic or has another layout.

    Raises
    ------
    InputError
        If the points are not regular, or do not fit the options.
    """
    unit = (line.unit if line else "") or "1"
    if line is None or n < 2:
        options = dict(OPTIONS) | dict(known)
        if "layout" not in known and options["boundary"] != "periodic":
            options["layout"] = "left"
        return Axis(name, unit=unit, **options)
    points = np.asarray(line.values, np.float64)
    if _is_chebyshev(points, known):
        scale = float(np.abs(points).max())
        sides = {"length": _exact(points[-1] - points[0], scale), **known, "layout": "chebyshev"}
        return Axis(name, start=_exact(points[0], scale), unit=unit, **sides)
    steps = np.diff(points)
    step = float(points[-1] - points[0]) / (n - 1)
    # Coordinates are often float32: the rounding of the largest bounds the precision of a
    # difference.
    uneven = np.abs(steps - step).max() > 1e-3 * abs(step) + 4e-7 * np.abs(points).max()
    if known.get("layout") == "chebyshev":
        raise InputError.in_file(
            source,
            f"axis '{name}', {points[0]:g} to {points[-1]:g}, is not on {n} Chebyshev points; "
            "leave the layout out, or resample it first",
        )
    if uneven or step == 0:
        raise InputError.in_file(
            source,
            f"axis '{name}' is not uniform (steps {steps.min():g} to {steps.max():g}); "
            "resample it first",
        )
    boundary = known["boundary"]
    outer = sum(_digits(p) for p in (points[0] - step / 2, points[-1] + step / 2))
    centred = outer < sum(
        _digits(p) for p in (points[0], points[-1] + (step if boundary == "periodic" else 0))
    )
    layout = known.get(
        "layout", "cells" if centred else "left" if boundary == "periodic" else "ends"
    )
    start, length = {
        "left": (points[0], n * step),
        "ends": (points[0], (n - 1) * step),
        "cells": (points[0] - step / 2, n * step),
    }.get(layout, (points[0], n * step))
    scale = float(np.abs(points).max())
    return Axis(
        name,
        boundary,
        _exact(start, scale),
        float(known.get("length", _exact(length, scale))),
        unit,
        layout,
    )


def _is_chebyshev(points: NDArray[np.float64], known: Mapping[str, Any]) -> bool:
    """Return whether points are Chebyshev points that are not uniform, or said to be and so."""
    given, n = known.get("layout"), len(points)
    if given not in (None, "chebyshev") or known["boundary"] == "periodic":
        return False
    if points[0] == points[-1] or (n < 4 and given is None):  # up to 3 of them are uniform
        return False
    fractions = (points - points[0]) / (points[-1] - points[0])
    expected = Axis("x", "open", layout="chebyshev").points(n)
    rounding = 4e-7 * float(np.abs(points).max() / abs(points[-1] - points[0]))
    return bool(np.abs(fractions - expected).max() <= 1e-3 * expected[1] + rounding)


def _exact(number: float, scale: float) -> float:
    """Return a number without the rounding error of float32 coordinates of at most `scale`."""
    short = round(float(number), 5 - math.ceil(math.log10(scale))) if scale else 0.0
    digits = 9 + max(0, -math.ceil(math.log10(scale))) if scale else 9
    return short if abs(short - number) <= 4e-7 * scale else round(float(number), digits)


def _digits(number: float) -> int:
    """Return how many digits a number needs, to the rounding of float32."""
    return len(f"{number:.5g}".strip("-0").replace(".", ""))


def reorder(values: NDArray[Any], orders: Sequence[Order | None]) -> NDArray[Any]:
    """Return an array with each trailing axis in its own order; None leaves an axis unchanged."""
    for axis, order in enumerate(orders, start=values.ndim - len(orders)):
        if order is not None and not np.array_equal(order, np.arange(values.shape[axis])):
            values = values.take(order, axis)
    return values
