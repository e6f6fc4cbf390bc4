"""Fourier neural operator with local kernels (Liu-Schiaffini et al., ICML 2024)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from torch import Tensor, nn

from neurop.geometry.grid import Grid
from neurop.geometry.sphere import Sphere
from neurop.layers import FourierBlock
from neurop.layers.local.local_block import SHARE, LocalBlock, LocalOperator
from neurop.models.fno import FNO
from neurop.models.operator import GridOperator
from neurop.models.sfno import SFNO

RADIUS = 1 / 64
"""Default radius on flat grids, as a fraction of the domain."""
ROWS = 2
"""Default radius on the sphere, in rows of the internal grid."""


class LocalFNO(GridOperator):
    r"""Fourier neural operator with local integral and differential kernels in every block.

    .. math:: u = v + L v, \qquad v \leftarrow u + \mathrm{MLP}\bigl(\mathrm{GELU}(K u + W u +
       b)\bigr)

    with K the convolution of few modes of :class:`neurop.models.FNO` (on a full sphere of
    :class:`neurop.models.SFNO`) and L the sum of an integral over a ball of fixed radius and a
    derivative (:class:`neurop.layers.local.local_block.LocalOperator`). K truncates the small
    scales; L sees them, and also converges when the grid is refined: a stencil of a
    convolutional network would shrink with the spacing.

    Parameters
    ----------
    in_channels, out_channels
        Number of input and output channels: fields times frames.
    domain
        Grid of the fields, of 1 to 3 axes; a periodic box of ``len(modes)`` dimensions by default.
    modes
        Number m of frequencies \|k\| < m: one for all axes or one per axis; on a full sphere of
        degrees and orders.
    width
        Channels of the blocks; a third of them in L.
    depth
        Number of blocks.
    expansion
        Hidden channels of each block's MLP, as a multiple of `width`.
    padding
        Zero padding of axes that are not periodic, as a fraction of the domain; not on a full
        sphere.
    radius
        Radius of the local integral, and unit of the derivative, as a fraction of each axis, on a
        full sphere of the half circle. By default 1/64, on a sphere two rows of the internal grid.
        On a coarser flat grid the integral is that of the field's interpolant; on the sphere a
        radius without points is refused.

    Shape
    -----
    ``(batch, in_channels, *grid) -> (batch, out_channels, *grid)``.

    Raises
    ------
    InputError
        If a number is too small, `modes` does not fit the domain, or the radius is above 0.5 or
        has no points; in a call, if the input does not fit the model.

    Examples
    --------
    >>> import torch
    >>> model = LocalFNO(1, 1, modes=(4, 4), width=8, depth=2)
    >>> model(torch.zeros(2, 1, 16, 20)).shape
    torch.Size([2, 1, 16, 20])
    """

    citation = (
        "Liu-Schiaffini et al., Neural Operators with Localized Integral and Differential Kernels, "
        "ICML 2024, arXiv:2402.16845"
    )
    one_grid = "stencils whose number of points depends on the grid"
    modes: tuple[int, ...]

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        domain: Grid | None = None,
        modes: int | Sequence[int] = 16,
        width: int = 32,
        depth: int = 4,
        expansion: float = 1.0,
        padding: float = 0.25,
        radius: float | None = None,
    ) -> None:
        super().__init__()
        sizes = (in_channels, out_channels, domain, modes, width, depth, expansion)
        self.net: FNO | SFNO
        if isinstance(domain, Sphere) and domain.is_whole:
            self.net = SFNO(*sizes)
            grid: Grid = Grid.latlon(gauss=True)
            radius = min(ROWS / self.net.internal[0], 0.5) if radius is None else radius
        else:
            self.net = FNO(*sizes, padding)
            grid = self.net.coordinates.domain
            radius = RADIUS if radius is None else radius
        channels = max(width // SHARE, 1)
        self.net.blocks = nn.ModuleList(
            LocalBlock(cast(FourierBlock, block), LocalOperator(width, channels, grid, radius))
            for block in self.net.blocks
        )
        self.modes = self.net.modes

    def forward(self, x: Tensor) -> Tensor:
        """Return the output fields on the input's grid."""
        y: Tensor = self.net(x)
        return y

    def resolved(self, shape: Sequence[int]) -> tuple[int, ...]:
        """Return the number of the model's modes that a grid of `shape` points resolves."""
        return self.net.resolved(shape)

    def nyquist(self, shape: Sequence[int]) -> tuple[int, ...]:
        """Return the number of modes below the Nyquist frequency of a grid, per axis."""
        return self.net.nyquist(shape)
