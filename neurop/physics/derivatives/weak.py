"""Derivatives in weak form: moved by parts from the fields to smooth test functions."""

from __future__ import annotations

from collections import Counter

import numpy as np
import torch
from numpy.polynomial import Polynomial
from numpy.typing import NDArray
from torch import Tensor

from neurop.errors import InputError, nearest
from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid
from neurop.physics.derivatives.derivatives import Derivatives
from neurop.physics.derivatives.on_grid import GridDerivatives


class WeakForm(Derivatives):
    r"""Weak derivatives of fields on a grid, tested by bumps around the grid points.

    .. math:: d(u, x) = -\int u\, \partial_x \psi_i \,dx, \qquad
       \psi_i = \prod_a c\,\Bigl(1 - \bigl(\tfrac{x_a - x_{ia}}{r}\bigr)^2\Bigr)_+^p,
       \quad \int \psi_i = 1

    with one test function for each grid point whose support lies in the domain. Fields need no
    derivative, so noise and kinks are averaged instead of amplified. The integrals are sums over
    grid points, whose error falls as a high power of the width for smooth functions.

    Parameters
    ----------
    grid
        Grid of the trailing axes of the fields, of equidistant points.
    radius
        Radius r of the support, in grid points.
    power
        Power p; a derivative of order n needs p > n.

    Raises
    ------
    InputError
        If a number is too small, or points are not equidistant.

    Examples
    --------
    >>> x = torch.arange(64, dtype=torch.float64) / 64
    >>> d = WeakForm(Grid.periodic(1))
    >>> u = torch.sin(2 * torch.pi * x)
    >>> bool(torch.allclose(d(u, "x", "x"), -(4 * torch.pi**2) * d(u), atol=1e-3))
    True

    References
    ----------
    Messenger and Bortz, Weak SINDy for partial differential equations, J. Comput. Phys. 443 (2021)
    110525.
    """

    def __init__(self, grid: Grid, radius: int = 8, power: int = 10) -> None:
        if radius < 2:
            raise InputError.of("radius", radius, "give 2 grid points or more")
        for axis in grid.axes:
            if axis.layout not in ("left", "ends", "cells"):
                remedy = f"axis {axis.name}: the weak form needs equidistant points"
                raise InputError.of("layout", axis.layout, remedy)
        self.grid, self.radius, self.power = grid, radius, power
        self._inside = GridDerivatives(grid)

    @property
    def inside(self) -> Derivatives:
        """Strong derivatives, of factors within a product."""
        return self._inside

    def product(self, *factors: Tensor) -> Tensor:
        """Return the product at the grid points."""
        return self._inside.product(*factors)

    def __call__(self, u: Tensor, *axes: str) -> Tensor:
        """Return the weak derivative at the points whose test function lies in the domain."""
        orders = Counter(axes)
        for name in orders:
            if name not in self.grid.names:
                raise InputError.of("axis", name, nearest(name, self.grid.names))
        for dim, axis in enumerate(self.grid.axes, -self.grid.dimensions):
            if u.shape[dim] > 1:
                u = self._tested(u, dim, axis, orders[axis.name])
        return u

    def _tested(self, u: Tensor, dim: int, axis: Axis, order: int) -> Tensor:
        n, width = u.shape[dim], 2 * self.radius + 1
        if n < width:
            remedy = f"axis {axis.name} has {n} points, a test function {width}; lower it"
            raise InputError.of("radius", self.radius, remedy)
        at = axis.coordinates(n)
        kernel = torch.tensor(self._kernel(order, float(at[1] - at[0])), dtype=u.dtype)
        v = u.movedim(dim, -1)
        if axis.boundary == "periodic":
            v = torch.cat([v[..., -self.radius :], v, v[..., : self.radius]], dim=-1)
        return (v.unfold(-1, width, 1) @ kernel.to(u.device)).movedim(-1, dim)

    def _kernel(self, order: int, spacing: float) -> NDArray[np.float64]:
        """Return the values of the derivative of a test function, times the cell and the sign."""
        if self.power <= order:
            remedy = f"the derivative of order {order} needs a power above it"
            raise InputError.of("power", self.power, remedy)
        s = np.arange(-self.radius, self.radius + 1) / (self.radius + 1)
        bump = Polynomial([1.0, 0.0, -1.0]) ** self.power
        total = float(bump(s).sum())
        # u(x_j) psi^(n)(x_j - x_i): n integrations by parts change the sign n times.
        values = (bump.deriv(order) if order else bump)(s)
        scale = (-1.0 / ((self.radius + 1) * spacing)) ** order
        return np.asarray(values * scale / total, dtype=np.float64)
