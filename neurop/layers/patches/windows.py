"""Windows of a grid in any number of dimensions: cut, look around, stitch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import get_args

import torch
from torch import Tensor

from neurop.errors import InputError, nearest
from neurop.geometry.grid import Grid
from neurop.geometry.sphere import Sphere
from neurop.layers.patches.axis_windows import AxisWindows, Outside, view_matrix, window_points
from neurop.spectral import check_waves
from neurop.spectral.transform import apply_matrix

Patch = tuple[int, ...]


@dataclass(frozen=True)
class Windows:
    """Patches of a grid, each in a window with a halo; a patch is named by one number per axis.

    Parameters
    ----------
    domain
        Grid of the fields, of uniform points; not a whole sphere, whose poles have no halo.
    levels
        Number of halvings of each axis; see :class:`AxisWindows`.
    halo
        Length of the halo at each side, as a fraction of the axis.
    outside
        Continuation beyond the ends of axes that are not periodic: ``mirror`` or ``constant``.

    Raises
    ------
    InputError
        If a value is out of its bounds, there is not one level per axis, or the domain is a whole
        sphere or has Chebyshev points.

    Examples
    --------
    >>> windows = Windows(Grid.periodic(2), levels=(1, 2), halo=0.125)
    >>> len(windows.patches)
    8
    >>> x = torch.rand(1, 3, 16, 16)
    >>> parts = [windows.cut(x, patch) for patch in windows.patches]
    >>> parts[0].shape
    torch.Size([1, 3, 12, 8])
    >>> inner = [windows.own(y, p, (16, 16)) for y, p in zip(parts, windows.patches)]
    >>> torch.equal(windows.stitch(inner), x)
    True
    """

    domain: Grid
    levels: tuple[int, ...]
    halo: float
    outside: Outside = "mirror"

    def __post_init__(self) -> None:
        axes = self.domain.axes
        if len(self.levels) != len(axes):
            remedy = f"the grid has {len(axes)} axes; give one number per axis"
            raise InputError.of("levels", self.levels, remedy)
        if min(self.levels) < 0:
            raise InputError.of("levels", self.levels, "give 0 or more halvings of each axis")
        if not 0 <= self.halo <= 1:
            raise InputError.of("halo", self.halo, "give a fraction of the domain, from 0 to 1")
        if self.outside not in get_args(Outside):
            raise InputError.of("outside", self.outside, nearest(self.outside, get_args(Outside)))
        check_waves(axes, "a window")
        if isinstance(self.domain, Sphere) and self.domain.is_whole:
            remedy = "a halo does not continue across the poles; use sfno"
            raise InputError.of("domain", "sphere", remedy)

    def check(self, shape: Sequence[int]) -> None:
        """Raise InputError unless every patch of a grid of `shape` has a point."""
        for axis, n in zip(self.axes, shape, strict=True):
            if n < 2**axis.level:
                remedy = f"{n} points along {axis.axis.name} have at most {n.bit_length() - 1}"
                raise InputError.of("levels", axis.level, remedy)

    @property
    def axes(self) -> tuple[AxisWindows, ...]:
        """Windows along each axis."""
        pairs = zip(self.domain.axes, self.levels, strict=True)
        return tuple(AxisWindows(axis, level, self.halo, self.outside) for axis, level in pairs)

    @property
    def patches(self) -> tuple[Patch, ...]:
        """Names of all patches, those along the last axis one after another."""
        return tuple(product(*(range(2**level) for level in self.levels)))

    @property
    def window_domain(self) -> Grid:
        """Grid of a window."""
        return Grid(tuple(axis.window_axis for axis in self.axes))

    def cut(self, x: Tensor, patch: Patch) -> Tensor:
        """Return the window of a patch, ``(batch, channels, *grid)`` to ``(.., *window)``."""
        for dim, (axis, j) in enumerate(zip(self.axes, patch, strict=True), start=2):
            if axis.level:
                x = x.index_select(dim, window_points(axis, j, x.shape[dim], torch.long, x.device))
        return x

    def view(self, x: Tensor, patch: Patch, level: int) -> Tensor:
        """Return what lies around a patch, on the points of a window `level` times as coarse.

        The field without what the coarse points do not resolve, ``(batch, channels, *grid)`` to
        ``(.., *window)``; an axis that is not cut stays as it is.
        """
        for dim, (axis, j) in enumerate(zip(self.axes, patch, strict=True), start=2):
            if axis.level:
                matrix = view_matrix(axis, j, x.shape[dim], level, x.dtype, x.device)
                x = apply_matrix(matrix, x, dim, 1)
        return x

    def own(self, y: Tensor, patch: Patch, shape: Sequence[int]) -> Tensor:
        """Return the points of a window that are the patch's own, on a grid of `shape`."""
        for dim, (axis, j, n) in enumerate(zip(self.axes, patch, shape, strict=True), start=2):
            y = y.narrow(dim, axis.margin(n), axis.start(j + 1, n) - axis.start(j, n))
        return y

    def stitch(self, parts: Sequence[Tensor]) -> Tensor:
        """Return the whole grid from all patches, in the order of :attr:`patches`."""
        found = list(parts)
        for dim, level in reversed([*enumerate(self.levels, start=2)]):
            count = 2**level
            rows = (found[i : i + count] for i in range(0, len(found), count))
            found = [torch.cat(row, dim) if count > 1 else row[0] for row in rows]
        return found[0]
