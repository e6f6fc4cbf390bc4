"""Means over the domain that no step changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from neurop.constraints.constraint import Constraint, Context, chosen
from neurop.errors import InputError
from neurop.metrics.norms import mean


@dataclass(frozen=True)
class Means(Constraint):
    r"""Give the chosen fields the mean over the domain that they have in the last frame.

    .. math:: y \leftarrow y + \langle x_{\text{last}} \rangle - \langle y \rangle

    For conserved quantities: the depth of water or, on a periodic domain or a sphere, vorticity.

    Parameters
    ----------
    fields
        Names of fields of an evolution.

    Raises
    ------
    InputError
        If there is no such field, or the problem is a map.
    """

    fields: tuple[str, ...]
    rank: ClassVar[int] = 90

    def __post_init__(self) -> None:
        object.__setattr__(self, "fields", tuple(self.fields))

    def check(self, context: Context) -> None:
        """Raise InputError unless the fields are those of an evolution."""
        chosen(self.fields, context, "fields")
        if not context.is_state:
            raise InputError.of(
                "fields", self.fields, "a map has no last frame; leave constraint=means out"
            )

    def __call__(self, y: Tensor, last: Tensor, context: Context) -> Tensor:
        """Return the prediction with the means of the last frame."""
        grid = context.grid
        before, after = (mean(z, grid.measure(z.shape[2:], z)) for z in (last, y))
        kept = torch.tensor(chosen(self.fields, context, "fields"), dtype=y.dtype, device=y.device)
        return y + ((before - after) * kept)[(...,) + (None,) * grid.dimensions]
