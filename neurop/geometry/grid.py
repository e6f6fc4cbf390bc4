"""Grids that know, per axis, name, coordinates, unit and boundary; or that they are a sphere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from neurop.errors import InputError, nearest
from neurop.geometry.quadrature import gauss_legendre

if TYPE_CHECKING:
    from torch import Tensor

Boundary = Literal["periodic", "dirichlet", "neumann", "open"]
Layout = Literal["left", "ends", "cells", "gauss"]
Geometry = Literal["flat", "sphere"]


@dataclass(frozen=True)
class Axis:
    """One axis of a grid, independent of the number of points.

    Parameters
    ----------
    name
        Dimension name, for example ``"x"`` or ``"latitude"``.
    boundary
        ``periodic``, ``dirichlet``, ``neumann`` or ``open``.
    start, length
        First end of the domain and signed extent, in `unit`; a latitude from 90 to -90 has length
        -180.
    unit
        Unit of the coordinate (CF spelling), ``"1"`` if it has none.
    layout
        Where n points lie: ``left`` at j/n (near end in, far end out), ``ends`` at j/(n-1) (both
        ends in), ``cells`` at (j+1/2)/n (cell centres), ``gauss`` at the Legendre-Gauss latitudes
        of a sphere (no pole in).

    Examples
    --------
    >>> Axis("x").points(4)
    array([0.  , 0.25, 0.5 , 0.75])
    >>> Axis("y", "dirichlet", layout="ends").points(3)
    array([0. , 0.5, 1. ])
    """

    name: str
    boundary: Boundary = "periodic"
    start: float = 0.0
    length: float = 1.0
    unit: str = "1"
    layout: Layout = "left"

    def __post_init__(self) -> None:
        for what, allowed in (("boundary", Boundary), ("layout", Layout)):
            if (value := getattr(self, what)) not in get_args(allowed):
                raise InputError(
                    f"axis {self.name}: no {what} '{value}'; {nearest(value, get_args(allowed))}"
                )
        if self.boundary == "periodic" and self.layout == "ends":
            raise InputError(
                f"axis {self.name}: a periodic axis holds one of its two ends; use layout 'left' "
                "or 'cells'"
            )
        if self.boundary == "periodic" and self.layout == "gauss":
            raise InputError(
                f"axis {self.name}: layout 'gauss' is for latitudes, from pole to pole; use "
                "'left' or 'cells'"
            )
        if self.length == 0:
            raise InputError(f"axis {self.name}: length 0; give the extent of the domain")

    def points(self, n: int) -> NDArray[np.float64]:
        """Return the n positions as fractions of the domain, in [0, 1]."""
        if n < (2 if self.layout == "ends" else 1):
            raise InputError(f"axis {self.name}: {n} points are too few for layout '{self.layout}'")
        if self.layout == "ends":
            return np.linspace(0.0, 1.0, n)
        if self.layout == "gauss":
            return gauss_legendre(n)[0]
        return (np.arange(n) + (0.5 if self.layout == "cells" else 0.0)) / n

    def coordinates(self, n: int) -> NDArray[np.float64]:
        """Return the n positions in `unit`."""
        return self.start + self.length * self.points(n)

    def weights(self, n: int) -> NDArray[np.float64]:
        """Return quadrature weights of the n points along the axis, summing to 1.

        Trapezoid for ``ends``; exact for the first n cosines for ``gauss`` (along the angle: the
        area of a sphere is :meth:`Grid.weights`); else equal.
        """
        if self.layout == "ends":
            w = np.full(n, 1.0 / (n - 1))
            w[[0, -1]] *= 0.5
            return w
        if self.layout == "gauss":
            return gauss_legendre(n)[2]
        return np.full(n, 1.0 / n)


@dataclass(frozen=True)
class Grid:
    """A tensor-product grid, flat or on the sphere (latitude by longitude).

    Examples
    --------
    >>> Grid.periodic(2).names
    ('x', 'y')
    """

    axes: tuple[Axis, ...]
    geometry: Geometry = "flat"

    def __post_init__(self) -> None:
        if self.geometry not in get_args(Geometry):
            raise InputError(
                f"no geometry '{self.geometry}'; {nearest(self.geometry, get_args(Geometry))}"
            )
        if self.geometry == "sphere" and self.names != ("latitude", "longitude"):
            raise InputError(
                f"a sphere has axes latitude, longitude in this order, got {', '.join(self.names)}"
            )
        for axis in self.axes if self.geometry == "flat" else ():
            if axis.layout == "gauss":
                raise InputError(
                    f"axis {axis.name}: layout 'gauss' is for the latitude of a sphere; use "
                    "'left', 'ends' or 'cells'"
                )

    @classmethod
    def periodic(cls, dimensions: int, length: float = 1.0) -> Grid:
        """Return a periodic box with axes x, y, z; at most three."""
        if not 1 <= dimensions <= 3:
            raise InputError(
                f"{dimensions} dimensions; a periodic box has 1, 2 or 3, name the axes of "
                "another: Grid((Axis('x'), ...))"
            )
        return cls(tuple(Axis(name, length=length) for name in "xyz"[:dimensions]))

    @classmethod
    def latlon(cls, north_first: bool = True, poles: bool = True, gauss: bool = False) -> Grid:
        """Return a sphere: latitude by longitude from 0.

        The latitudes are equiangular, with or without poles, or with `gauss` those of Legendre and
        Gauss, which hold no pole.
        """
        start, length = (90.0, -180.0) if north_first else (-90.0, 180.0)
        layout: Layout = "gauss" if gauss else "ends" if poles else "cells"
        latitude = Axis("latitude", "open", start, length, "degrees_north", layout)
        return cls((latitude, Axis("longitude", "periodic", 0.0, 360.0, "degrees_east")), "sphere")

    @property
    def dimensions(self) -> int:
        """Number of axes."""
        return len(self.axes)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the axes, in array order."""
        return tuple(axis.name for axis in self.axes)

    def coordinates(self, shape: Sequence[int]) -> dict[str, NDArray[np.float64]]:
        """Return the coordinates per axis of a grid of `shape` points, in each axis's unit."""
        return {
            axis.name: axis.coordinates(n)
            for axis, n in zip(self.axes, self._checked(shape), strict=True)
        }

    def weights(self, shape: Sequence[int]) -> NDArray[np.float64]:
        r"""Return the cell measure, normalised to mean 1, of shape `shape`.

        Flat grids: the product of the axes' quadrature weights. Sphere: on Legendre-Gauss latitudes
        the exact weights of their quadrature, else :math:`\cos\varphi` of the latitude, as the
        verification of weather forecasts uses it (the poles weigh nothing).
        """
        shape = self._checked(shape)
        if self.geometry == "sphere":
            if self.axes[0].layout == "gauss":
                latitude = gauss_legendre(shape[0])[1]
            else:
                latitude = np.clip(
                    np.cos(np.deg2rad(self.axes[0].coordinates(shape[0]))), 0.0, None
                )
            w = np.broadcast_to(latitude[:, None], shape)
        else:
            w = np.ones(())
            for axis, n in zip(self.axes, shape, strict=True):
                w = w[..., None] * axis.weights(n)
        return np.ascontiguousarray(w / w.mean())

    def measure(self, shape: Sequence[int], like: Tensor) -> Tensor:
        """Return :meth:`weights` as a tensor of the device and precision of `like`."""
        import torch

        with torch.inference_mode(False):  # a tensor of inference could not take part in training later
            return torch.from_numpy(_measure(self, tuple(shape))).to(like)

    def fractions(self, points: Tensor) -> Tensor:
        """Return points in units of the coordinates as fractions of the domain.

        Parameters
        ----------
        points
            ``(P, d)``; a periodic axis takes any value.

        Raises
        ------
        InputError
            If `points` has another number of axes, or one lies beyond the end of an axis that is not periodic.
        """
        import torch

        axes = self.axes
        if points.dim() != 2 or points.shape[1] != len(axes):
            raise InputError(
                f"points have shape {tuple(points.shape)}; need (points, {len(axes)}): "
                f"{', '.join(self.names)}"
            )
        columns = [(points[:, i].double() - a.start) / a.length for i, a in enumerate(axes)]
        for axis, column, given in zip(axes, columns, points.unbind(1), strict=True):
            outside = (column - 0.5).abs() > 0.5 + 1e-6
            if axis.boundary != "periodic" and outside.any():
                raise InputError(
                    f"a point lies at {axis.name}={float(given[outside][0]):g}, outside "
                    f"{axis.start:g} to {axis.start + axis.length:g}"
                )
        return torch.stack(columns, dim=1)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON."""
        return {"geometry": self.geometry, "axes": [asdict(axis) for axis in self.axes]}

    @classmethod
    def from_dict(cls, plain: dict[str, Any]) -> Grid:
        """Return the grid that :meth:`to_dict` described."""
        return cls(tuple(Axis(**axis) for axis in plain["axes"]), plain["geometry"])

    def _checked(self, shape: Sequence[int]) -> tuple[int, ...]:
        if len(shape) != self.dimensions:
            raise InputError(
                f"{len(shape)} sizes {tuple(shape)} for a grid of {self.dimensions} axes "
                f"({', '.join(self.names)})"
            )
        return tuple(shape)


@lru_cache(maxsize=64)
def _measure(grid: Grid, shape: tuple[int, ...]) -> NDArray[np.float64]:
    return grid.weights(shape)
