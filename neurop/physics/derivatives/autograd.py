"""Derivatives of functions of coordinates, by automatic differentiation."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from neurop.errors import InputError, nearest
from neurop.physics.derivatives.derivatives import Derivatives


class Autograd(Derivatives):
    """Derivatives of values that are computed from coordinates, point by point.

    Value i depends on coordinate i alone, as for a network that takes coordinates.

    Parameters
    ----------
    coordinates
        Coordinates by axis, of the shape of the values, with ``requires_grad``.

    Examples
    --------
    >>> x = torch.linspace(0, 1, 5, dtype=torch.float64, requires_grad=True)
    >>> d = Autograd({"x": x})
    >>> bool(torch.allclose(d(x**3, "x", "x"), 6 * x))
    True
    """

    def __init__(self, coordinates: Mapping[str, Tensor]) -> None:
        self.coordinates = dict(coordinates)

    def __call__(self, u: Tensor, *axes: str) -> Tensor:
        """Return the derivative along the axes; 0 of values that do not depend on a coordinate."""
        for name in axes:
            if name not in self.coordinates:
                raise InputError.of("axis", name, nearest(name, self.coordinates))
            at = self.coordinates[name]
            if not u.requires_grad:
                return torch.zeros_like(at)
            (slope,) = torch.autograd.grad(
                u, at, torch.ones_like(u), create_graph=True, allow_unused=True
            )
            u = torch.zeros_like(at) if slope is None else slope
        return u
