"""Conservation of means over the domain."""

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
    r"""Keep the mean over the domain of the given fields constant in time.

    .. math:: y \leftarrow y + \langle x_{\text{last}} \rangle - \langle y \rangle

    For conserved quantities, such as the depth of water, or vorticity on a periodic domain or a
    sphere.

    Parameters
    ----------
    fields
        Names of fields of an evolution.

    Raises
    ------
    InputError
        From :meth:`check`, if there is no such field, or the problem is a map.

    Examples
    --------
    >>> from neurop import Field, FieldSet, Grid, Surrogate
    >>> import numpy as np
    >>> data = FieldSet(np.random.randn(2, 3, 1, 16), (Field("u"),), Grid.periodic(1))
    >>> surrogate = Surrogate.of(data, "fno", constraints=[Means(("u",))])
    >>> initial = data.initial()
    >>> change = surrogate.rollout(initial, steps=4).u.mean("x") - initial.u.mean("x").squeeze()
    >>> bool(abs(change).max() < 1e-5)
    True
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
        before, after = (mean(z, context.measure(z)) for z in (last, y))
        kept = torch.tensor(chosen(self.fields, context, "fields"), dtype=y.dtype, device=y.device)
        return y + ((before - after) * kept)[(...,) + (None,) * grid.dimensions]
