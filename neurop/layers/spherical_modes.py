"""A linear map of fields on the sphere: what waves do in a time step."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from neurop.errors import InputError
from neurop.spectral.spherical import turned


class SphericalModes(nn.Module):
    r"""One matrix per degree, order and neighbouring degree, on coefficients of spherical harmonics; zero at first.

    .. math:: \hat u_{o,l}^m = \sum_{|l' - l| \le r} \sum_i R_{m,l,l'-l,i,o}\, \hat a_{i,l'}^m

    With complex R and r large enough it is any linear map of fields that commutes with rotations about the axis. Waves on a sphere that
    turns are one: each order goes by itself, gravity gives each degree its frequency, and rotation couples neighbouring degrees,
    because the sine of the latitude times a harmonic is the sum of two neighbours: n of them in the n-th power of the time step.
    The parameters grow with the product of the numbers of fields.

    Parameters
    ----------
    in_channels, out_channels
        Number of fields.
    modes
        Degrees l < L and orders m < M.
    reach
        r, how far the coupled degrees lie apart.

    Shape
    -----
    ``(orders, degrees, batch, 2, in_channels)``, as of :func:`neurop.spectral.analyze_sphere`, to the same with ``out_channels``;
    at most M orders and L degrees. Parameter ``weight``, real: ``(M, L, 2 r + 1, in, 2, out)``, real and imaginary part.

    Raises
    ------
    InputError
        If `reach` is below 0.

    Examples
    --------
    >>> SphericalModes(3, 2, (8, 8), 1)(torch.zeros(5, 6, 4, 2, 3)).shape
    torch.Size([5, 6, 4, 2, 2])
    """

    def __init__(self, in_channels: int, out_channels: int, modes: Sequence[int], reach: int = 0) -> None:
        super().__init__()
        if reach < 0:
            raise InputError(f"waves={reach}; at least 0 neighbouring degrees, or null for no linear part")
        degrees, orders = modes
        self.reach = reach
        self.weight = nn.Parameter(torch.zeros(orders, degrees, 2 * reach + 1, in_channels, 2, out_channels))

    def forward(self, c: Tensor) -> Tensor:
        """Return the coefficients of the result."""
        orders, degrees, batch = c.shape[:3]
        weight, r = self.weight[:orders, :degrees], self.reach
        near = pad(c, (0, 0, 0, 0, 0, 0, r, r))
        near = torch.stack([near[:, shift : shift + degrees] for shift in range(2 * r + 1)], -2)
        mixed = torch.bmm(near.reshape(orders * degrees, 2 * batch, -1), weight.reshape(orders * degrees, near[0, 0, 0, 0].numel(), -1))
        return turned(mixed.view(orders, degrees, batch, 2, 2, -1), 4)
