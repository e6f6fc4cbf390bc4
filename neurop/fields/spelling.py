"""Names, order and units of labelled data that differ from those of a surrogate in spelling."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from neurop.fields.cf import axes_of_dataset, level_names
from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid

CLOSE = 1e-3
"""Tolerance of coordinates, as a share of the distance of the points."""


@dataclass(frozen=True, eq=False)
class Spelling:
    """How labelled data name and order the axes of a grid.

    Parameters
    ----------
    names
        Dimension in the data of each axis of the grid, of ``time`` and of ``sample``, where they
        differ.
    orders
        Indices that bring the points of an axis into the order of the grid, where they differ.
    coordinates
        Coordinates of the axes as the data have them.
    levels
        Dimension of the levels; empty without one.

    Examples
    --------
    >>> globe = Grid.latlon()
    >>> t = xr.DataArray(np.arange(5.0)[:, None] * np.ones(8), dims=("lat", "lon"))
    >>> data = xr.Dataset({"t": t}, {"lat": np.linspace(-90, 90, 5), "lon": np.arange(8) * 45})
    >>> spelling = Spelling.of(data, globe)
    >>> spelling.standard(data, globe).t[:, 0].values, spelling.standard(data, globe).t.dims
    (array([4., 3., 2., 1., 0.]), ('latitude', 'longitude'))
    >>> spelling.restored(spelling.standard(data, globe)).equals(data)
    True
    """

    names: Mapping[str, str] = field(default_factory=dict)
    orders: Mapping[str, NDArray[np.intp]] = field(default_factory=dict)
    coordinates: Mapping[str, xr.Variable] = field(default_factory=dict)
    levels: str = ""

    @classmethod
    def of(cls, data: xr.Dataset, grid: Grid) -> Spelling:
        """Return the spelling of a dataset, for a grid whose axes it has at any resolution."""
        dims = {str(dim) for dim in data.dims}
        known = {"sample", "time", *grid.names} & dims
        names: dict[str, str] = {}
        found = axes_of_dataset(data)
        for own, standard in found.items():
            standard = "sample" if standard == "member" else standard
            free = standard not in known and standard not in names
            if own not in known and free and standard in ("sample", "time", *grid.names):
                names[standard] = own
        level = [own for own, standard in found.items() if standard == "level" and own not in known]
        orders, coordinates = {}, {}
        for axis in grid.axes:
            own = names.get(axis.name, axis.name)
            if own in dims and own in data.coords and data[own].dims == (own,):
                coordinates[axis.name] = data[own].variable
                order = order_of(axis, data[own].values)
                if order is not None:
                    orders[axis.name] = order
        return cls(names, orders, coordinates, level[0] if level else "")

    def standard(self, data: xr.Dataset, grid: Grid) -> xr.Dataset:
        """Return data with the names and the order of the grid, one variable per level.

        Coordinates of points that were reordered become those of the grid, so that longitudes from
        -180 to 180 degrees run from 0 to 360.
        """
        made = self._split(data).rename({own: name for name, own in self.names.items()})
        for axis in grid.axes:
            if axis.name in self.orders:
                order = self.orders[axis.name]
                made = made.isel({axis.name: order})
                points = axis.coordinates(len(order))
                made = made.assign_coords({axis.name: (axis.name, points, made[axis.name].attrs)})
        return made

    def restored(self, made: xr.Dataset) -> xr.Dataset:
        """Return predictions with the names, order and coordinates of the data.

        Axes at another number of points keep their order reversed only.
        """
        for name, variable in self.coordinates.items():
            if name not in made.dims:
                continue
            order = self.orders.get(name, np.arange(variable.size))
            if made.sizes[name] == variable.size:
                made = made.isel({name: np.argsort(order)})
                attrs = made[name].attrs | variable.attrs
                made = made.assign_coords({name: (name, variable.values, attrs)})
            elif order.size and np.array_equal(order, np.arange(order.size)[::-1]):
                made = made.isel({name: slice(None, None, -1)})
        here = {*made.dims, *made.coords}
        return made.rename({name: own for name, own in self.names.items() if name in here})

    def _split(self, data: xr.Dataset) -> xr.Dataset:
        """Return data with one variable per level, such as ``t850``."""
        if not self.levels:
            return data
        line = data[self.levels] if self.levels in data.coords else None
        count = data.sizes[self.levels]
        values = np.arange(count) if line is None else np.asarray(line.values)
        suffixes = level_names(values, "" if line is None else str(line.attrs.get("units", "")))
        made = data.drop_vars([n for n, v in data.variables.items() if self.levels in v.dims])
        for name, variable in data.data_vars.items():
            if self.levels in variable.dims:
                for index, suffix in zip(np.argsort(values, kind="stable"), suffixes, strict=True):
                    part = variable.isel({self.levels: int(index)}, drop=True)
                    made[f"{name}{suffix}"] = part
        return made


def order_of(axis: Axis, given: Sequence[float] | NDArray[Any]) -> NDArray[np.intp] | None:
    """Return the indices that bring coordinates into the order of an axis.

    None if they are in that order, or are other points. On a periodic axis points a period apart
    are the same.

    Examples
    --------
    >>> globe = Grid.latlon()
    >>> order_of(globe.axes[1], [-180.0, -90.0, 0.0, 90.0]), order_of(globe.axes[0], [90, 0, -90])
    (array([2, 3, 0, 1]), None)
    """
    points = np.asarray(given)
    if points.ndim != 1 or points.dtype.kind not in "iuf" or len(points) < 2:
        return None
    expected = axis.points(len(points))
    found = (points.astype(np.float64) - axis.start) / axis.length
    close = CLOSE / len(points)
    if np.allclose(found, expected, rtol=0, atol=close):
        return None
    if axis.boundary == "periodic":
        found = np.mod(found + close, 1.0) - close
    order = np.argsort(found, kind="stable")
    return order if np.allclose(found[order], expected, rtol=0, atol=close) else None
