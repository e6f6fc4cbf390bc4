"""One axis of a grid: name, coordinates, unit and boundary."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from neurop.errors import InputError, nearest
from neurop.geometry.quadrature import clenshaw_curtis, gauss_legendre

Boundary = Literal["periodic", "dirichlet", "neumann", "open"]
Layout = Literal["left", "ends", "cells", "gauss", "chebyshev"]
BOTH_ENDS: tuple[Layout, ...] = ("ends", "chebyshev")
"""Layouts with a point on either end of the domain."""


@dataclass(frozen=True)
class Axis:
    """One axis of a grid, independent of the number of points.

    Parameters
    ----------
    name
        Dimension name, for example ``"x"`` or ``"latitude"``.
    boundary
        Boundary condition: ``periodic``, ``dirichlet``, ``neumann``, or ``open`` for no condition.
    start, length
        First end of the domain and signed extent, in `unit`; a latitude from 90 to -90 has length
        -180.
    unit
        Unit of the coordinate (CF spelling), ``"1"`` if it has none.
    layout
        Positions of n points as fractions of the domain: ``left`` at j/n (without the far end),
        ``ends`` at j/(n-1) (with both ends), ``cells`` at (j+1/2)/n (cell centres), ``gauss`` at
        the Legendre-Gauss latitudes of a sphere (without the poles), ``chebyshev`` at the
        Chebyshev-Gauss-Lobatto points (1 - cos(pi j/(n-1)))/2 (with both ends, which are dense).

    Raises
    ------
    InputError
        If boundary and layout are unknown or do not fit each other, or the length is 0.

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
                remedy = f"axis {self.name}: {nearest(value, get_args(allowed))}"
                raise InputError.of(what, value, remedy)
        if self.boundary == "periodic" and self.layout in BOTH_ENDS:
            raise InputError.of(
                "layout",
                self.layout,
                f"axis {self.name} is periodic and includes one of its two ends; use 'left' or "
                "'cells'",
            )
        if self.boundary == "periodic" and self.layout == "gauss":
            raise InputError.of(
                "layout",
                self.layout,
                f"axis {self.name} is periodic, not a latitude from pole to pole; use 'left' or "
                "'cells'",
            )
        if self.length == 0:
            remedy = f"axis {self.name}: give the extent of the domain, not 0"
            raise InputError.of("length", self.length, remedy)

    def points(self, n: int) -> NDArray[np.float64]:
        """Return the n positions as fractions of the domain, in [0, 1].

        Raises
        ------
        InputError
            If n is too small for the layout.
        """
        if n < (2 if self.layout in BOTH_ENDS else 1):
            raise InputError.of("n", n, f"axis {self.name}: too few for layout '{self.layout}'")
        if self.layout == "chebyshev":
            # The square of a sine does not cancel near the first end as 1 - cos does.
            return np.sin(0.5 * np.pi * np.linspace(0.0, 1.0, n)) ** 2
        if self.layout == "ends":
            return np.linspace(0.0, 1.0, n)
        if self.layout == "gauss":
            return gauss_legendre(n)[0]
        return (np.arange(n) + (0.5 if self.layout == "cells" else 0.0)) / n

    def coordinates(self, n: int) -> NDArray[np.float64]:
        """Return the n positions in `unit`."""
        return self.start + self.length * self.points(n)

    def weights(self, n: int) -> NDArray[np.float64]:
        """Return the quadrature weights of the n points along the axis, of sum 1.

        The trapezoidal rule for ``ends``; for ``gauss`` a rule in the angle that is exact for the
        first n cosines (weights by area are :meth:`neurop.geometry.sphere.Sphere.weights`);
        Clenshaw-Curtis for ``chebyshev``, exact for polynomials of degree n - 1; else equal
        weights.
        """
        if self.layout == "chebyshev":
            return clenshaw_curtis(n)
        if self.layout == "ends":
            w = np.full(n, 1.0 / (n - 1))
            w[[0, -1]] *= 0.5
            return w
        if self.layout == "gauss":
            return gauss_legendre(n)[2]
        return np.full(n, 1.0 / n)
