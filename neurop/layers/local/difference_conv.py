"""Local differential kernel on flat grids.

Source: Liu-Schiaffini et al., Neural Operators with Localized Integral and Differential Kernels,
ICML 2024, arXiv:2402.16845.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from neurop.geometry.grid import Grid
from neurop.layers.local.integral_conv import check_radius
from neurop.layers.local.stencil_conv import StencilConv, add_stencils
from neurop.spectral.axis_bases import spacing


class DifferenceConv(StencilConv):
    r"""Learnt differences of three neighbouring points along each axis.

    .. math:: (D v)_o(x_n) = \sum_i \sum_d \frac{\ell}{h_d} \sum_{j=-1}^{1}
       \bigl(w_{oidj} - \bar w_{oid}\bigr)\, v_i(x_{n + j e_d})
       \;\to\; \sum_i \sum_d \ell\,(w_{oid1} - w_{oid,-1})\, \partial_d v_i(x)

    with :math:`\bar w` the mean of the three weights and :math:`h_d` the spacing. The limit of a
    fine grid is a directional derivative, reached with order 1: the symmetric part of the weights
    is a second difference times the spacing. Lengths are fractions of each axis. The unit
    :math:`\ell` of the derivative makes the stencil of order 1 on a grid of that spacing: choose
    that of the training grid, or about half a wave length of its fields.

    Parameters
    ----------
    in_channels, out_channels
        Number of channels.
    domain
        Flat grid of 1 to 3 axes.
    unit
        Length l, as a fraction of the domain; above 0, at most 0.5.

    Shape
    -----
    ``(batch, in_channels, *grid)`` to ``(batch, out_channels, *grid)``. Parameter ``weight``:
    ``(out_channels, in_channels, axes, 3)``.

    Raises
    ------
    InputError
        If `unit` is not between 0 and 0.5, or an input does not fit axes and channels.

    Examples
    --------
    >>> conv = DifferenceConv(1, 1, Grid.periodic(1), unit=0.1)
    >>> conv.weight.data[:] = torch.tensor([-0.5, 0.0, 0.5])
    >>> x = torch.sin(2 * torch.pi * torch.arange(64) / 64)
    >>> round(conv(x[None, None])[0, 0, 0].item(), 3)  # a tenth of the slope 2 pi
    0.627
    """

    def __init__(
        self, in_channels: int, out_channels: int, domain: Grid, unit: float = 0.015625
    ) -> None:
        super().__init__(in_channels, out_channels, domain)
        self.unit = check_radius(unit)
        self.weight = nn.Parameter(
            torch.randn(out_channels, in_channels, domain.dimensions, 3)
            / math.sqrt(2 * domain.dimensions * in_channels)
        )

    def stencil(self, shape: Sequence[int], like: Tensor) -> Tensor:
        """Return the stencil ``(out, in, 3, ...)`` of a grid of `shape` points."""
        weight = self.weight.to(like.dtype)
        lines = weight - weight.mean(-1, keepdim=True)
        d = self.domain.dimensions
        return add_stencils(
            *(
                (lines[:, :, i] * (self.unit / spacing(axis, n))).view(
                    *lines.shape[:2], *(3 if j == i else 1 for j in range(d))
                )
                for i, (axis, n) in enumerate(zip(self.domain.axes, shape, strict=True))
            )
        )
