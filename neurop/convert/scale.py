"""The grid of the training, and that of the present call, between which layers are converted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neurop.convert.taps import Rule, tap_weights
from neurop.errors import InputError, nearest
from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid
from neurop.spectral import constant_tensor, spacing

UNIFORM = ("left", "ends", "cells")
RULES: tuple[Rule, ...] = ("points", "means")


@dataclass
class Scale:
    """Grids of the input of a network, shared by its converted layers.

    Coarser grids inside of the network, of pooled fields, are those of the training at every
    resolution: their spacing is physical. Only fields on the grid of the input have another one.

    Parameters
    ----------
    domain
        Axes of the grid.
    trained
        Points per axis of the training grid.
    rule
        What a tap of a kernel sees, see :func:`neurop.convert.taps.tap_weights`.

    Raises
    ------
    InputError
        If an axis has no uniform points, or there is no such rule.

    Examples
    --------
    >>> scale = Scale(Grid.periodic(1), (4,))
    >>> scale.present = (8,)
    >>> scale.expected((4,)), scale.expected((2,)), scale.ratio(0, 4, 8)
    ((8,), (2,), 2.0)
    >>> scale.refined(torch.tensor([[[0.0, 2.0, 4.0, 2.0]]])).tolist()
    [[[0.0, 1.0, 2.0, 3.0, 4.0, 3.0, 2.0, 1.0]]]
    """

    domain: Grid
    trained: tuple[int, ...]
    rule: Rule = "points"
    present: tuple[int, ...] = field(init=False)
    """Points per axis of the input of the present call."""

    def __post_init__(self) -> None:
        for axis in self.domain.axes:
            if axis.layout not in UNIFORM:
                remedy = f"axis {axis.name}: kernels of taps need uniform points"
                raise InputError.of("layout", axis.layout, remedy)
        if self.rule not in RULES:
            raise InputError.of("rule", self.rule, nearest(self.rule, RULES))
        if len(self.trained) != self.domain.dimensions:
            remedy = f"the domain has the axes {', '.join(self.domain.names)}"
            raise InputError.of("example", self.trained, remedy)
        self.present = self.trained

    def expected(self, shape: Sequence[int]) -> tuple[int, ...]:
        """Return the present points of a field that had `shape` points in the training."""
        sizes = zip(shape, self.trained, self.present, strict=True)
        return tuple(now if n == before else n for n, before, now in sizes)

    def ratio(self, index: int, before: int, now: int) -> float:
        """Return the spacing of `before` points along an axis in that of `now` points."""
        axis = self.domain.axes[index]
        return spacing(axis, before) / spacing(axis, now)

    def restricted(self, x: Tensor) -> Tensor:
        """Return fields ``(batch, channels, *grid)`` of the present grid on that of the training.

        Axes with as many points as in the training are left.
        """
        return self._regrid(x, self.present, self.trained)

    def refined(self, x: Tensor) -> Tensor:
        """Return fields of the training grid on the present one, by linear interpolation.

        On a coarser grid these are averages, by the rule.
        """
        return self._regrid(x, self.trained, self.present)

    @property
    def weighted(self) -> bool:
        """Whether the points of the present grid have unequal weights; see :meth:`weights`."""
        sizes = zip(self.domain.axes, self.present, self.trained, strict=True)
        return any(axis.boundary != "periodic" and n != m for axis, n, m in sizes)

    def weights(self) -> Tensor:
        """Return weights ``(*grid)`` of mean 1 of the present grid, in float64.

        They are those of the measure that gives each point of the training the same weight, as a
        norm or an attention without weights does: on a periodic axis uniform.
        """
        made = torch.ones((), dtype=torch.float64)
        for axis, n, before in zip(self.domain.axes, self.present, self.trained, strict=True):
            one = torch.ones(n, dtype=torch.float64)
            if axis.boundary != "periodic":
                rows = _matrix(axis, n, before, "means", one.dtype, one.device)
                one = rows.sum(0) * (n / before)
            made = made[..., None] * one
        return made

    def _regrid(self, x: Tensor, old: Sequence[int], new: Sequence[int]) -> Tensor:
        for index, (axis, n, m) in enumerate(zip(self.domain.axes, old, new, strict=True), start=2):
            if n != m:
                rows = _matrix(axis, n, m, self.rule, x.dtype, x.device)
                x = torch.tensordot(x, rows, ([index], [1])).movedim(-1, index)
        return x


@constant_tensor(maxsize=64)
def _matrix(axis: Axis, n: int, m: int, rule: Rule) -> NDArray[np.float64]:
    """Return the matrix ``(m, n)`` from n to m points, constant beyond the ends of an axis."""
    step = spacing(axis, n)
    places = (axis.points(m) - axis.points(n)[0]) / step
    first, weights = tap_weights(tuple(places.tolist()), spacing(axis, m) / step, rule)
    columns = first + np.arange(weights.shape[1])
    columns = columns % n if axis.boundary == "periodic" else columns.clip(0, n - 1)
    made = np.zeros((n, m))
    np.add.at(made, columns, weights.T)
    return made.T
