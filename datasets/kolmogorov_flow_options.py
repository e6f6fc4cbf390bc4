"""Flow of the Kolmogorov data sets."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from neurop.errors import InputError
from neurop.generation.ranges import bounds_of


@dataclass(frozen=True)
class Flow:
    r"""Equation of the flow, and the time that it takes to reach its statistics.

    Parameters
    ----------
    reynolds
        Reynolds number Re > 0, the inverse of the viscosity, or a range ``[smallest, largest]`` to
        draw it from for each sample, with a uniform logarithm; it is then a parameter of the set.
    wavenumber
        Integer n of the force :math:`\sin ny`.
    drag
        Rate :math:`\alpha \ge 0` of the linear drag.
    spin_up
        Time from the random field to the first frame.

    Raises
    ------
    InputError
        For a parameter out of its bounds.

    Examples
    --------
    >>> Flow(wavenumber=1).force(4)[0].round().tolist()
    [-1.0, -0.0, 1.0, 0.0]
    """

    reynolds: float | Sequence[float] = 1000.0
    wavenumber: int = 4
    drag: float = 0.1
    spin_up: float = 40.0

    def __post_init__(self) -> None:
        bounds_of("reynolds", self.reynolds)
        if self.wavenumber < 1:
            raise InputError.of("wavenumber", self.wavenumber, "use 1 or more")
        for name, number in (("drag", self.drag), ("spin_up", self.spin_up)):
            if not 0 <= number < math.inf:
                raise InputError.of(name, number, "use a finite number of 0 or more")

    def force(self, points: int) -> Tensor:
        r"""Return the curl of the force, :math:`-n\cos ny`, on a grid of `points` squared."""
        y = 2 * torch.pi * torch.arange(points, dtype=torch.float64) / points
        return (-self.wavenumber * torch.cos(self.wavenumber * y)).expand(points, points)
