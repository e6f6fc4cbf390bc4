"""Predictions limited to the modes of a coarser grid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from neurop.constraints.constraint import Constraint, Context
from neurop.errors import InputError
from neurop.spectral import resample


@dataclass(frozen=True)
class BandLimit(Constraint):
    """Project predictions on the modes that a grid of `band` points resolves.

    For fields that such a grid resolves, everything beyond is error, and a network that predicts
    increments does not damp it.

    Parameters
    ----------
    band
        Points per axis of the grid whose modes are kept, 2 or more each.

    Raises
    ------
    InputError
        From :meth:`check`, if there is not one size of at least 2 per axis.

    Examples
    --------
    >>> from neurop import Field, FieldSet, Grid, Surrogate
    >>> import numpy as np
    >>> data = FieldSet(np.random.randn(2, 3, 1, 16), (Field("u"),), Grid.periodic(1))
    >>> surrogate = Surrogate.of(data, "fno", constraints=[BandLimit((8,))])
    >>> u = surrogate.predict(data.initial()).u.values
    >>> bool(np.abs(np.fft.rfft(u))[..., 5:].max() < 1e-4)
    True
    """

    band: tuple[int, ...]
    rank: ClassVar[int] = 10

    def __post_init__(self) -> None:
        object.__setattr__(self, "band", tuple(self.band))

    def check(self, context: Context) -> None:
        """Raise InputError unless there is one size of at least 2 per axis."""
        axes = context.grid.dimensions
        if len(self.band) != axes or min(self.band) < 2:
            raise InputError.of("band", self.band, f"give {axes} sizes of at least 2")

    def __call__(self, y: Tensor, last: Tensor, context: Context) -> Tensor:
        """Return the projection."""
        return resample(y, context.grid, tuple(y.shape[2:]), band=self.band)
