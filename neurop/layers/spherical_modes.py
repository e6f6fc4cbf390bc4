"""A linear map of fields on the sphere, harmonic by harmonic."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from neurop.layers.spherical_conv import Symmetry
from neurop.spectral.spherical import turned


class SphericalModes(nn.Module):
    r"""One matrix per degree and order, on coefficients of spherical harmonics; zero at first.

    .. math:: \hat u_{o,l}^m = \sum_i R_{mlio}\,\hat a_{i,l}^m

    With complex R it is any linear map of few fields that commutes with rotations about the axis and couples no degrees: what waves on
    a sphere that turns do in a time step, each with its own frequency. With symmetry ``all`` R is real and the same for all orders.

    Parameters
    ----------
    in_channels, out_channels
        Number of fields.
    modes
        Degrees l < L and orders m < M.
    symmetry
        Rotations with which it commutes: those about the ``axis``, or ``all``.

    Shape
    -----
    ``(orders, degrees, batch, 2, in_channels)``, as of :func:`neurop.spectral.analyze_sphere`, to the same with ``out_channels``;
    at most M orders and L degrees. Parameter ``weight``, real: ``(M, L, in, 2, out)``, real and imaginary part, or ``(1, L, in, 1, out)``.

    Examples
    --------
    >>> SphericalModes(3, 2, (8, 8), "axis")(torch.zeros(5, 6, 4, 2, 3)).shape
    torch.Size([5, 6, 4, 2, 2])
    """

    def __init__(self, in_channels: int, out_channels: int, modes: Sequence[int], symmetry: Symmetry) -> None:
        super().__init__()
        degrees, orders = modes
        sizes = (orders, degrees, in_channels, 2) if symmetry == "axis" else (1, degrees, in_channels, 1)
        self.weight = nn.Parameter(torch.zeros(*sizes, out_channels))

    def forward(self, c: Tensor) -> Tensor:
        """Return the coefficients of the result."""
        orders, degrees, batch, _, channels = c.shape
        weight = self.weight[:orders, :degrees].expand(orders, -1, -1, -1, -1)
        parts, made = weight.shape[3:]
        rows = c.reshape(orders * degrees, 2 * batch, channels)
        mixed = torch.bmm(rows, weight.reshape(orders * degrees, channels, -1)).view(orders, degrees, batch, 2, parts, made)
        return mixed.squeeze(4) if parts == 1 else turned(mixed, 4)
