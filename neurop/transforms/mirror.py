"""Augmentation by mirror images of scalar fields."""

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
    """Reverse each axis at random, in input and target of a sample alike.

    Use it only if the equation, its forcing and its boundary have this symmetry. The fields must be
    scalars: components of vectors, and vorticity, change sign under a reflection.

    Raises
    ------
    InputError
        From :meth:`check`, on a sphere.

    Examples
    --------
    >>> from neurop import Grid
    >>> from neurop.fields.normalizer import Normalizer
    >>> grid = Grid.periodic(1)
    >>> norm = Normalizer(torch.zeros(1, 1), torch.ones(1), grid)
    >>> setting = Setting(grid, (4,), norm, is_state=True)
    >>> batch = {"input": torch.arange(4.0).expand(2, 1, 1, 4)}
    >>> Mirror()(batch, setting, np.random.default_rng(0), progress=0.0)["input"].squeeze()
    tensor([[0., 1., 2., 3.],
            [0., 3., 2., 1.]])
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
    return axis.boundary == "dirichlet" and (
        name == "target" or (setting.is_state and name == "input")
    )


def mirrored(x: Tensor, dim: int, axis: Axis, vanishes: bool) -> Tensor:
    """Return a field reversed along an axis: its value at 1 - s for each fraction s of the domain.

    Parameters
    ----------
    x
        Field of any shape.
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
    # The far end becomes point 0 and is not in the data: zero by the boundary condition, else the
    # value at its neighbour.
    edge, rest = turned.narrow(dim, 1, 1), turned.narrow(dim, 1, x.shape[dim] - 1)
    return torch.cat([torch.zeros_like(edge) if vanishes else edge, rest], dim)
