"""Windows along one axis: which points they hold, and matrices for coarser views around them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from neurop.geometry.axis import Axis
from neurop.spectral import constant_tensor, natural_basis, spacing

Outside = Literal["mirror", "constant"]
Array = NDArray[np.float64]


@dataclass(frozen=True)
class AxisWindows:
    r"""The n points of an axis in :math:`2^l` patches, each within a wider window.

    Patch j has the points from :math:`a_j = \lfloor j n / 2^l \rfloor` to :math:`a_{j+1} - 1`, its
    window those from :math:`a_j - p` on, :math:`\lceil n / 2^l \rceil + 2p` in all. Beyond its ends
    a periodic axis continues from the other end, any other as `outside` says.

    Parameters
    ----------
    axis
        Axis of the grid, of uniform points.
    level
        Number l of halvings. An axis of level 0 is whole in every window, without a halo.
    halo
        Length of the halo at each side, as a fraction of the axis: its points p grow with n.
    outside
        Continuation beyond the ends of an axis that is not periodic: ``mirror``, the even one, or
        ``constant``, that of the last point.

    Examples
    --------
    >>> axis = AxisWindows(Axis("x"), level=1, halo=0.125)
    >>> axis.points(0, 8).tolist(), axis.points(1, 8).tolist()
    ([7, 0, 1, 2, 3, 4], [3, 4, 5, 6, 7, 0])
    >>> walls = AxisWindows(Axis("x", "open", layout="ends"), level=1, halo=0.25)
    >>> walls.points(0, 9).tolist()
    [2, 1, 0, 1, 2, 3, 4, 5, 6]
    """

    axis: Axis
    level: int
    halo: float
    outside: Outside = "mirror"

    @property
    def window_axis(self) -> Axis:
        """The axis of a window: without a boundary condition where it is cut."""
        if self.level == 0:
            return self.axis
        part = 1 / 2**self.level + 2 * self.halo
        return replace(self.axis, boundary="open", start=0.0, length=part * self.axis.length)

    def start(self, patch: int, n: int) -> int:
        """Return the first point of a patch; that of the patch after the last one is n."""
        return patch * n // 2**self.level

    def margin(self, n: int) -> int:
        """Return the points p of the halo at each side, the nearest number but at least one."""
        intervals = n - 1 if self.axis.layout == "ends" else n
        if not (self.level and self.halo):
            return 0
        return max(1, int(self.halo * intervals + 0.5))

    def size(self, n: int) -> int:
        """Return the number of points of a window."""
        return -(-n // 2**self.level) + 2 * self.margin(n)

    def points(self, patch: int, n: int) -> NDArray[np.int64]:
        """Return the indices of the points of a window, ``(size,)``."""
        i = self.start(patch, n) - self.margin(n) + np.arange(self.size(n))
        if self.axis.boundary == "periodic":
            return np.remainder(i, n)
        if self.outside == "constant":
            return np.clip(i, 0, n - 1)
        # The mirror is at the last point of `ends`, half a spacing beyond it in other layouts.
        at_point = int(self.axis.layout == "ends")
        period = max(2 * (n - at_point), 1)
        i = np.remainder(i, period)
        return np.minimum(i, period - 1 + at_point - i)

    def view(self, patch: int, n: int, level: int) -> Array:
        r"""Return the matrix from n points to a view that is :math:`2^k` times as wide.

        The view has as many points as the window and the same centre; at its spacing, :math:`2^k`
        times that of the grid, the field is sampled after its modes from the Nyquist frequency of
        that spacing on are dropped:

        .. math:: x_i = c + 2^k \bigl(i - \tfrac{w - 1}{2}\bigr), \qquad
           c = a_j + \tfrac{\lceil n / 2^l \rceil - 1}{2}, \qquad 0 \le i < w

        in spacings of the grid.

        Parameters
        ----------
        patch
            Number j of the patch.
        n
            Points of the axis.
        level
            Number k of doublings.

        Returns
        -------
        ndarray
            ``(size, n)``.
        """
        axis, size = self.axis, self.size(n)
        centre = self.start(patch, n) + (size - 2 * self.margin(n) - 1) / 2
        at = centre + 2**level * (np.arange(size) - (size - 1) / 2)
        if axis.boundary != "periodic":
            axis = replace(axis, boundary="open")
            at = np.clip(at, 0, n - 1) if self.outside == "constant" else at
        basis = natural_basis(axis, 1, n)
        # Cosines continue the field evenly, waves periodically.
        basis = replace(basis, modes=max(basis.resolved(2**level * spacing(axis, n)), 1))
        fractions = at * spacing(axis, n) + (0.5 / n if axis.layout == "cells" else 0.0)
        return (basis.functions(fractions) * basis.norms()) @ basis.analysis(axis, n)


@constant_tensor(maxsize=1024)
def window_points(windows: AxisWindows, patch: int, n: int) -> NDArray[np.int64]:
    """Return :meth:`AxisWindows.points` as a tensor; its dtype follows those of the arguments."""
    return windows.points(patch, n)


@constant_tensor(maxsize=1024)
def view_matrix(windows: AxisWindows, patch: int, n: int, level: int) -> Array:
    """Return :meth:`AxisWindows.view` as a tensor of the dtype and device that follow."""
    return windows.view(patch, n, level)
