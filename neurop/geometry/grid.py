"""Grids: tensor products of axes, at any number of points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from neurop.errors import InputError, nearest
from neurop.geometry.axis import Axis

if TYPE_CHECKING:
    from torch import Tensor

    from neurop.geometry.sphere import Sphere


@dataclass(frozen=True)
class Grid:
    """A tensor-product grid on a flat domain, at any number of points.

    On the sphere use :class:`neurop.geometry.sphere.Sphere`.

    Parameters
    ----------
    axes
        Axes of the grid, in the order of the dimensions of an array.

    Raises
    ------
    InputError
        If an axis has Legendre-Gauss points.

    Examples
    --------
    >>> grid = Grid((Axis("x", length=2.0), Axis("y", "dirichlet", layout="ends")))
    >>> grid.coordinates((4, 3))["x"], grid.weights((4, 3))[0]
    (array([0. , 0.5, 1. , 1.5]), array([0.75, 1.5 , 0.75]))
    >>> Grid.periodic(2).names
    ('x', 'y')
    """

    axes: tuple[Axis, ...]

    geometry: ClassVar[str] = "flat"
    """Name of the class in a saved surrogate."""

    def __post_init__(self) -> None:
        for axis in self.axes:
            if axis.layout == "gauss":
                raise InputError.of(
                    "layout",
                    axis.layout,
                    f"axis {axis.name} is not the latitude of a sphere; use 'left', 'ends' or "
                    "'cells'",
                )

    @classmethod
    def periodic(cls, dimensions: int, length: float = 1.0) -> Grid:
        """Return a periodic box with axes x, y, z, each of the given length.

        Raises
        ------
        InputError
            If `dimensions` is not 1, 2 or 3.
        """
        if not 1 <= dimensions <= 3:
            raise InputError.of(
                "dimensions",
                dimensions,
                "a periodic box has 1, 2 or 3; name the axes of others: Grid((Axis('x'), ...))",
            )
        return cls(tuple(Axis(name, length=length) for name in "xyz"[:dimensions]))

    @staticmethod
    def latlon(north_first: bool = True, poles: bool = True, gauss: bool = False) -> Sphere:
        """Return a sphere; see :meth:`neurop.geometry.sphere.Sphere.latlon`."""
        from neurop.geometry.sphere import Sphere

        return Sphere.latlon(north_first, poles, gauss)

    @property
    def dimensions(self) -> int:
        """Number of axes."""
        return len(self.axes)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the axes, in array order."""
        return tuple(axis.name for axis in self.axes)

    @property
    def has_boundary(self) -> bool:
        """Whether the domain has a boundary: whether any axis is not periodic."""
        return any(axis.boundary != "periodic" for axis in self.axes)

    def coordinates(self, shape: Sequence[int]) -> dict[str, NDArray[np.float64]]:
        """Return the coordinates of a grid of `shape` points per axis, in the unit of the axis."""
        return {
            axis.name: axis.coordinates(n)
            for axis, n in zip(self.axes, self.checked(shape), strict=True)
        }

    def weights(self, shape: Sequence[int]) -> NDArray[np.float64]:
        """Return the cell measure of a grid of `shape` points, normalised to mean 1.

        It is the product of the axes' quadrature weights.
        """
        w = np.ones(())
        for axis, n in zip(self.axes, self.checked(shape), strict=True):
            w = w[..., None] * axis.weights(n)
        return np.ascontiguousarray(w / w.mean())

    def measure(self, shape: Sequence[int], like: Tensor) -> Tensor:
        """Return :meth:`weights` as a tensor of the device and precision of `like`.

        The tensor is cached and shared, so it must not be changed in place.
        """
        import torch

        from neurop.geometry import symbolic

        if any(map(symbolic.is_symbolic, shape)):
            return symbolic.measure(self, shape, like)
        # A graph of torch.compile or torch.export cannot look into a cache, nor may it fill one.
        if torch.compiler.is_compiling():
            return torch.as_tensor(self.weights(shape)).to(like)
        return _measure(self, tuple(shape), like.dtype, like.device)

    def fractions(self, points: Tensor) -> Tensor:
        """Convert points from the units of the coordinates to fractions of the domain.

        Parameters
        ----------
        points
            Coordinates ``(P, d)``; a periodic axis accepts any value.

        Raises
        ------
        InputError
            If `points` has another number of axes, or a point lies outside a non-periodic axis.
        """
        import torch

        axes = self.axes
        if points.dim() != 2 or points.shape[1] != len(axes):
            raise InputError(
                f"points have shape {tuple(points.shape)}; need (points, {len(axes)}): "
                f"{', '.join(self.names)}",
                "points",
                tuple(points.shape),
            )
        columns = [(points[:, i].double() - a.start) / a.length for i, a in enumerate(axes)]
        for axis, column, given in zip(axes, columns, points.unbind(1), strict=True):
            outside = (column - 0.5).abs() > 0.5 + 1e-6
            if axis.boundary != "periodic" and outside.any():
                raise InputError(
                    f"a point lies at {axis.name}={float(given[outside][0]):g}, outside "
                    f"{axis.start:g} to {axis.start + axis.length:g}",
                    axis.name,
                    float(given[outside][0]),
                )
        return torch.stack(columns, dim=1)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON."""
        return {"geometry": self.geometry, "axes": [asdict(axis) for axis in self.axes]}

    @staticmethod
    def from_dict(plain: dict[str, Any]) -> Grid:
        """Return the grid or sphere of plain values from :meth:`to_dict`.

        Raises
        ------
        InputError
            If the geometry is unknown, or an axis has a wrong value.
        """
        from neurop.geometry.sphere import Sphere

        kinds: dict[str, type[Grid]] = {kind.geometry: kind for kind in (Grid, Sphere)}
        if plain["geometry"] not in kinds:
            raise InputError.of("geometry", plain["geometry"], nearest(plain["geometry"], kinds))
        return kinds[plain["geometry"]](tuple(Axis(**axis) for axis in plain["axes"]))

    def checked(self, shape: Sequence[int]) -> tuple[int, ...]:
        """Return `shape` as a tuple; raise InputError unless it has one size per axis."""
        if len(shape) != self.dimensions:
            raise InputError(
                f"{len(shape)} sizes {tuple(shape)} for a grid of {self.dimensions} axes "
                f"({', '.join(self.names)})",
                "shape",
                tuple(shape),
            )
        return tuple(shape)


@lru_cache(maxsize=64)
def _measure(grid: Grid, shape: tuple[int, ...], dtype: Any, device: Any) -> Tensor:
    import torch

    # A tensor created under inference_mode could not be used in training later.
    with torch.inference_mode(False), torch.no_grad():
        return torch.from_numpy(grid.weights(shape)).to(device=device, dtype=dtype)
