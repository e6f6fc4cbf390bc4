"""Prescribed values on the boundary of the domain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from neurop.constraints.constraint import Constraint, Context, chosen
from neurop.errors import InputError


@dataclass(frozen=True)
class BoundaryValues(Constraint):
    r"""Set the given fields to a value on the boundary of a grid that has points there.

    .. math:: y(x) \leftarrow b \quad \text{for } x \text{ on } \partial\Omega

    The boundary consists of the ends of the ``dirichlet`` axes.

    Parameters
    ----------
    fields
        Names of predicted fields.
    value
        Value b, in the unit of the fields.

    Raises
    ------
    InputError
        From :meth:`check`, if there is no such field, or no dirichlet axis with points at its ends.

    Examples
    --------
    >>> from neurop import Field, FieldSet, Grid, Surrogate
    >>> from neurop.geometry.axis import Axis
    >>> import numpy as np
    >>> grid = Grid((Axis("x", "dirichlet", layout="ends"),))
    >>> data = FieldSet(np.random.rand(2, 3, 1, 16), (Field("u"),), grid)
    >>> surrogate = Surrogate.of(data, "fno", constraints=[BoundaryValues(("u",))])
    >>> surrogate.predict(data.initial()).u.values[0, 0, [0, -1]].tolist()
    [0.0, 0.0]
    """

    fields: tuple[str, ...]
    value: float = 0.0
    rank: ClassVar[int] = 60

    def __post_init__(self) -> None:
        object.__setattr__(self, "fields", tuple(self.fields))

    def check(self, context: Context) -> None:
        """Raise InputError unless the fields are predicted and the grid has boundary points."""
        chosen(self.fields, context, "fields")
        if not _walls(context):
            remedy = "no dirichlet axis of the grid has points at its ends; leave it out"
            raise InputError.of("boundary_values", self.fields, remedy)

    def __call__(self, y: Tensor, last: Tensor, context: Context) -> Tensor:
        """Return the prediction with the boundary values."""
        names = torch.tensor(chosen(self.fields, context, "fields"), device=y.device)
        names = names[(...,) + (None,) * context.grid.dimensions]
        wall = torch.zeros(y.shape[2:], dtype=torch.bool, device=y.device)
        for dim in _walls(context):
            last_index = y.shape[2 + dim] - 1
            ends = torch.tensor([0, last_index], device=y.device)
            wall = wall.index_fill(dim, ends, value=True)
        return torch.where(names & wall, self.value, y)


def _walls(context: Context) -> list[int]:
    return [
        dim
        for dim, axis in enumerate(context.grid.axes)
        if axis.boundary == "dirichlet" and axis.layout == "ends"
    ]
