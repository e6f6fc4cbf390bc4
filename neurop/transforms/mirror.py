"""Mirror images of scalar fields."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from neurop.errors import InputError
from neurop.geometry.axis import Axis
from neurop.geometry.sphere import Sphere
from neurop.transforms.transform import Batch, Setting, Transform, coin


@dataclass(frozen=True)
class Mirror(Transform):
    """Reverse each axis at random, per sample, input and target alike.

    Only the user knows whether the equation, its forcing and its boundary are symmetric; components
    of vectors and vorticity change sign under a mirror and must not be given here.

    Raises
    ------
    InputError
        On a sphere.
    """

    def check(self, setting: Setting) -> None:
        """Raise InputError on a sphere."""
        if isinstance(setting.grid, Sphere):
            raise InputError(
                "augment=mirror is for flat grids; on a sphere use shift", "augment", "mirror"
            )

    def __call__(
        self, batch: Batch, setting: Setting, rng: np.random.Generator, progress: float
    ) -> Batch:
        """Return the batch with some samples reversed."""
        axes = setting.grid.axes
        for i, axis in enumerate(axes):
            chosen = coin(rng, batch)
            batch = {
                name: torch.where(
                    chosen, mirrored(x, i - len(axes), axis, _vanishes(name, axis, setting)), x
                )
                for name, x in batch.items()
            }
        return batch


def _vanishes(name: str, axis: Axis, setting: Setting) -> bool:
    # The coefficient of an elliptic problem need not vanish on a Dirichlet boundary.
    return axis.boundary == "dirichlet" and (setting.is_state or name == "target")


def mirrored(x: Tensor, dim: int, axis: Axis, vanishes: bool) -> Tensor:
    """Return the field of 1 - position along an axis.

    Parameters
    ----------
    x
        A field.
    dim
        Dimension of the axis in `x`.
    axis
        Boundary and layout.
    vanishes
        Whether the field is 0 on the boundary.
    """
    if axis.layout != "left":
        return x.flip(dim)
    turned = x.flip(dim).roll(1, dim)  # point j/n goes to (n - j)/n
    if axis.boundary == "periodic":
        return turned
    # The far end becomes point 0 and is not in the data: zero by the boundary condition, else as at
    # its neighbour.
    edge, rest = turned.narrow(dim, 1, 1), turned.narrow(dim, 1, x.shape[dim] - 1)
    return torch.cat([torch.zeros_like(edge) if vanishes else edge, rest], dim)
