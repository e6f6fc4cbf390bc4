"""Where a prediction is evaluated: the grid of its input, another grid, or scattered points."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neurop.errors import InputError
from neurop.spectral import resample

if TYPE_CHECKING:
    from neurop.card import Card
    from neurop.geometry.grid import Grid
    from neurop.surrogate import Surrogate


class Where(ABC):
    """Base class of places of a prediction; subclasses are frozen dataclasses."""

    @abstractmethod
    def check(self, card: Card) -> None:
        """Raise InputError unless a surrogate can be evaluated there."""

    @abstractmethod
    def dims(self, grid: Grid) -> tuple[str, ...]:
        """Return the dimensions of a predicted field in space."""

    @abstractmethod
    def coordinates(self, grid: Grid) -> dict[str, Any]:
        """Return the coordinates, as for ``xarray.Dataset``."""

    @abstractmethod
    def shape(self, grid: Grid) -> tuple[int, ...]:
        """Return the number of points of each dimension."""

    @abstractmethod
    def values(self, surrogate: Surrogate, x: Tensor, given: Tensor | None, made: Tensor) -> Tensor:
        """Return a prediction there.

        Parameters
        ----------
        surrogate
            Surrogate.
        x, given
            Its input.
        made
            Its prediction on the grid of `x`.
        """


@dataclass(frozen=True)
class OnGrid(Where):
    """A regular grid, on the axes of the surrogate, at any number of points.

    The surrogate runs on the grid of its input; its predictions are interpolated spectrally, and
    its constraints hold on the grid of the result.

    Parameters
    ----------
    sizes
        Points per axis.

    Examples
    --------
    >>> from neurop import Grid
    >>> OnGrid((4,)).coordinates(Grid.periodic(1))["x"][1]
    array([0.  , 0.25, 0.5 , 0.75])
    """

    sizes: tuple[int, ...]

    def check(self, card: Card) -> None:
        """Raise InputError unless there is one size per axis, and no mask."""
        if len(self.sizes) != card.grid.dimensions:
            names = ", ".join(card.grid.names)
            raise InputError.of("grid", self.sizes, f"give one number of points per axis: {names}")
        if any(known.role == "mask" for known in card.conditions):
            remedy = "a surrogate with a mask predicts on the grid of its input; leave it out"
            raise InputError.of("grid", self.sizes, remedy)
        for axis, n in zip(card.grid.axes, self.sizes, strict=True):
            if n < 2:
                raise InputError.of("grid", self.sizes, f"give at least 2 points along {axis.name}")

    def dims(self, grid: Grid) -> tuple[str, ...]:
        """Return the names of the axes."""
        return grid.names

    def shape(self, grid: Grid) -> tuple[int, ...]:
        """Return the points per axis."""
        return self.sizes

    def coordinates(self, grid: Grid) -> dict[str, Any]:
        """Return the coordinates of the axes."""
        return {
            axis.name: (axis.name, axis.coordinates(n), {"units": axis.unit})
            for axis, n in zip(grid.axes, self.sizes, strict=True)
        }

    def values(self, surrogate: Surrogate, x: Tensor, given: Tensor | None, made: Tensor) -> Tensor:
        """Return a prediction on the grid."""
        if tuple(made.shape[2:]) == self.sizes:
            return made
        if surrogate.card.constraints:
            held: Tensor = surrogate(x, self.sizes, given)
            return held
        return resample(made, surrogate.card.grid, self.sizes)


@dataclass(frozen=True, eq=False)
class AtPoints(Where):
    """Scattered points, such as stations.

    Parameters
    ----------
    points
        Coordinates ``(P, d)`` in the units of the grid; any value along a periodic axis.
    names
        Name of each point; their numbers if empty.

    Examples
    --------
    >>> from neurop import Grid
    >>> place = AtPoints(np.array([[0.25], [0.5]]), ("A", "B"))
    >>> place.dims(Grid.periodic(1)), place.coordinates(Grid.periodic(1))["x"][1]
    (('station',), array([0.25, 0.5 ]))
    """

    points: NDArray[np.float64]
    names: tuple[str, ...] = ()

    def check(self, card: Card) -> None:
        """Raise InputError unless the points lie in the domain, and there is no mask."""
        if any(known.role == "mask" for known in card.conditions):
            remedy = "a surrogate with a mask predicts on the grid of its input; leave them out"
            raise InputError.of("points", len(self.points), remedy)
        card.grid.fractions(torch.as_tensor(self.points))

    def dims(self, grid: Grid) -> tuple[str, ...]:
        """Return ``station``."""
        return ("station",)

    def shape(self, grid: Grid) -> tuple[int, ...]:
        """Return the number of points."""
        return (len(self.points),)

    def coordinates(self, grid: Grid) -> dict[str, Any]:
        """Return the coordinates of the points, and their names."""
        names = self.names or tuple(map(str, range(len(self.points))))
        about = {"long_name": "station name", "cf_role": "timeseries_id"}
        return {
            axis.name: ("station", self.points[:, i], {"units": axis.unit})
            for i, axis in enumerate(grid.axes)
        } | {"station_name": ("station", np.array(names, object), about)}

    def values(self, surrogate: Surrogate, x: Tensor, given: Tensor | None, made: Tensor) -> Tensor:
        """Return a prediction at the points."""
        grid = surrogate.card.grid
        fractions = grid.fractions(torch.as_tensor(self.points)).to(made.device)
        return resample(made, grid, fractions)
