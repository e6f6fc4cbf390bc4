"""The initial condition of maps over space and time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from neurop.constraints.constraint import Constraint, Context
from neurop.errors import InputError
from neurop.fields.frames_as_channels import TIME, starts_with_given
from neurop.geometry.grid import Grid
from neurop.spectral import resample


@dataclass(frozen=True)
class InitialValue(Constraint):
    r"""Let the prediction of a map over space and time begin with its input, for any weights.

    .. math:: y(x, t) \leftarrow u_0(x) + y(x, t) - y(x, 0)

    The functions :math:`u_0 + t\,v` of neural spectral methods are of this form. A prediction that
    is a polynomial in t remains one, of the same degree: only the coefficient of the constant
    changes.

    Raises
    ------
    InputError
        From :meth:`check`, if the last axis is not a time t with a point at its start (layout ends
        or chebyshev, or periodic); in a call, if the input has other fields than the prediction.

    Examples
    --------
    >>> from neurop import Field, FieldSet, Grid, Surrogate
    >>> from neurop.geometry.axis import Axis
    >>> import numpy as np
    >>> grid = Grid((Axis("x"), Axis("t", "open", layout="chebyshev")))
    >>> u = np.random.rand(2, 1, 1, 16, 9)
    >>> start = np.repeat(u[..., :1], 9, -1)  # the same at every time
    >>> data = FieldSet(start, (Field("u_0"),), grid, u, (Field("u"),))
    >>> surrogate = Surrogate.of(data, "fno", constraints=[InitialValue()])
    >>> made = surrogate.predict(data.initial()).u.values
    >>> bool(np.abs(made[..., 0] - u[:, 0, 0, :, 0]).max() < 1e-6)
    True

    References
    ----------
    Du, Chalapathi and Krishnapriyan, Neural spectral methods, ICLR 2024, arXiv:2312.05225.
    """

    rank: ClassVar[int] = 20

    def check(self, context: Context) -> None:
        """Raise InputError unless the last axis is a time with a point at its start."""
        time = context.grid.axes[-1]
        if time.name != TIME or context.grid.dimensions < 2:
            remedy = "is for maps over space and time, whose last axis is t; leave it out"
            raise InputError.of("initial_value", context.grid.names, remedy)
        if not starts_with_given(time):
            remedy = "the times begin after the input; data=chebyshev_times has a point there"
            raise InputError.of("initial_value", time.layout, remedy)

    def __call__(self, y: Tensor, last: Tensor, context: Context) -> Tensor:
        """Return the prediction that begins with the input."""
        if last.shape[1] != y.shape[1]:
            remedy = f"the input has {last.shape[1]} fields, the prediction {y.shape[1]}"
            raise InputError.of("initial_value", last.shape[1], remedy)
        start, space = last[..., 0], tuple(y.shape[2:-1])
        if tuple(start.shape[2:]) != space:
            start = resample(start, Grid(context.grid.axes[:-1]), space)
        moved = y + (start - y[..., 0])[..., None]
        # In floating point y - y(0) + u_0 would not be u_0 to the last bit.
        return torch.cat([start[..., None], moved[..., 1:]], dim=-1)
