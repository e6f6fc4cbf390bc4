"""A lower bound of fields, such as densities and concentrations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from neurop.constraints.constraint import Constraint, Context, chosen


@dataclass(frozen=True)
class Positivity(Constraint):
    r"""Clip the given fields at a lower bound.

    .. math:: y \leftarrow \max(y, b)

    Parameters
    ----------
    fields
        Names of predicted fields.
    bound
        Lower bound b, in the unit of the fields.

    Raises
    ------
    InputError
        From :meth:`check`, if there is no such field.

    Examples
    --------
    >>> from neurop import Field, FieldSet, Grid, Surrogate
    >>> import numpy as np
    >>> data = FieldSet(np.random.rand(2, 3, 1, 16), (Field("density"),), Grid.periodic(1))
    >>> surrogate = Surrogate.of(data, "fno", constraints=[Positivity(("density",))])
    >>> bool((surrogate.predict(data.initial()).density >= 0).all())
    True
    """

    fields: tuple[str, ...]
    bound: float = 0.0
    rank: ClassVar[int] = 70

    def __post_init__(self) -> None:
        object.__setattr__(self, "fields", tuple(self.fields))

    def check(self, context: Context) -> None:
        """Raise InputError unless the fields are predicted."""
        chosen(self.fields, context, "fields")

    def __call__(self, y: Tensor, last: Tensor, context: Context) -> Tensor:
        """Return the prediction at or above the bound."""
        names = torch.tensor(chosen(self.fields, context, "fields"), device=y.device)
        names = names[(...,) + (None,) * context.grid.dimensions]
        return torch.where(names, y.clamp_min(self.bound), y)
