"""Spherical Fourier neural operator (Bonev et al., ICML 2023, arXiv:2306.03838)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from neurop.errors import InputError
from neurop.geometry.grid import Grid
from neurop.layers import ChannelMLP
from neurop.layers.spectral.spherical_conv import (
    SphericalBlock,
    SphericalConv,
    Symmetry,
    truncation,
)
from neurop.models.arguments import at_least_one
from neurop.models.operator import GridOperator
from neurop.spectral import constant_tensor, in_float32, linear
from neurop.spectral.spherical import analyze_sphere, harmonics_resolved, synthesize_sphere

_GAUSS = Grid.latlon(gauss=True)


class SFNO(GridOperator):
    r"""Spherical Fourier neural operator, with blocks on an internal Legendre-Gauss grid.

    .. math:: u = Q\,[S\,(B_L \circ \dots \circ B_1)\,P\,[S' a, x], a],
       \qquad B v = v + \mathrm{MLP}\bigl(\mathrm{GELU}(K v + W v + b)\bigr)

    with K a convolution by one matrix per degree
    (:class:`neurop.layers.spectral.spherical_conv.SphericalConv`), S' and S the spherical harmonic
    transforms of the degrees l < L from the data grid to the internal grid and back, and x the
    position. The pointwise decoder Q takes the input a together with the output of the blocks (the
    big skip). The internal grid belongs to the model: data on another grid or at another resolution
    change only S' and S. The fields are scalars; a wind is given as vorticity and divergence, as
    its components are discontinuous at the poles.

    Parameters
    ----------
    in_channels, out_channels
        Number of input and output channels: fields times frames.
    domain
        Sphere of the fields; the equiangular one with poles by default.
    modes
        Number L of degrees l < L and of orders, or a list of both.
    width
        Channels of the blocks.
    depth
        Number of blocks.
    expansion
        Hidden channels of each block's MLP, as a multiple of `width`.
    oversampling
        Latitudes of the internal grid per degree, 1 or more; there are twice as many longitudes.
        The scale factor of torch-harmonics is ``latitudes / (oversampling * modes)`` with the
        latitudes of the data.
    symmetry
        Rotations that commute with the convolutions: those about the ``axis``, as of a rotating
        planet, or ``all``. The position channels break both.

    Shape
    -----
    ``(batch, in_channels, latitude, longitude) -> (batch, out_channels, latitude, longitude)``.

    Raises
    ------
    InputError
        If the domain is not a full sphere, a number is too small, or an input does not fit.

    Examples
    --------
    >>> model = SFNO(1, 1, modes=8, width=8, depth=2)
    >>> model(torch.zeros(2, 1, 19, 36)).shape
    torch.Size([2, 1, 19, 36])
    """

    citation = (
        "Bonev et al., Spherical Fourier Neural Operators: Learning Stable Dynamics on the Sphere, "
        "ICML 2023, arXiv:2306.03838"
    )
    one_grid = "Legendre functions, which are computed for each number of latitudes"
    modes: tuple[int, ...]

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        domain: Grid | None = None,
        modes: int | Sequence[int] = 32,
        width: int = 32,
        depth: int = 4,
        expansion: float = 2.0,
        oversampling: float = 1.0,
        symmetry: Symmetry = "axis",
    ) -> None:
        super().__init__()
        at_least_one(width=width, depth=depth, oversampling=oversampling)
        self.domain = domain or Grid.latlon()
        self.modes = truncation(modes, self.domain)
        latitudes = math.ceil(oversampling * self.modes[0])
        self.internal = latitudes, 2 * latitudes
        self.lift = nn.Linear(in_channels + 3, width)
        self.blocks = nn.ModuleList(
            SphericalBlock(
                width, SphericalConv(width, width, self.modes, _GAUSS, symmetry), expansion
            )
            for _ in range(depth)
        )
        self.project = ChannelMLP(width + in_channels, 2 * width, out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """Return the output fields on the input's grid; raise InputError for another shape."""
        channels = self.lift.in_features - 3
        if x.dim() != 4 or x.shape[1] != channels:
            raise InputError(
                f"input has shape {tuple(x.shape)}; need (batch, {channels}, latitude, longitude)",
                "x",
                tuple(x.shape),
            )
        fields = x.movedim(1, -1)
        kept = self.resolved(x.shape[2:])
        # The lifting is pointwise and linear, so it commutes with the transform, which is cheaper
        # on the few channels of the input.
        v = self._carried(fields, self.domain, _GAUSS, self.internal, kept)
        position = _position(self.internal, v.dtype, v.device)
        v = linear(
            torch.cat([v, position.expand(v.shape[0], *position.shape)], -1),
            self.lift.weight,
            self.lift.bias,
        )
        spectrum_ahead = None
        for block, next_block in zip(self.blocks, [*self.blocks[1:], None]):
            v, spectrum_ahead = cast(SphericalBlock, block).step(v, spectrum_ahead, next_block)
        v = self._carried(v, _GAUSS, self.domain, x.shape[2:], kept)
        return self.project(torch.cat([v, fields], -1)).movedim(-1, 1)

    def resolved(self, shape: Sequence[int]) -> tuple[int, int]:
        """Return the numbers of the model's degrees and orders that a grid resolves."""
        degrees, orders = (min(pair) for pair in zip(self.modes, self.nyquist(shape)))
        return degrees, min(degrees, orders)

    def nyquist(self, shape: Sequence[int]) -> tuple[int, int]:
        """Return the numbers of degrees and orders that a grid of `shape` points resolves."""
        return harmonics_resolved(self.domain, shape)

    @staticmethod
    def _carried(
        v: Tensor, old: Grid, new: Grid, shape: Sequence[int], kept: tuple[int, int]
    ) -> Tensor:
        carried: Tensor = in_float32(
            lambda v: synthesize_sphere(analyze_sphere(v, old, *kept), new, shape), v
        )
        return carried


@constant_tensor(maxsize=64)
def _position(shape: tuple[int, int]) -> NDArray[np.float64]:
    """Return the unit vector of each point, ``(latitude, longitude, 3)``.

    Unlike the longitude it is smooth at the poles.
    """
    latitude, longitude = (np.deg2rad(values) for values in _GAUSS.coordinates(shape).values())
    along = np.stack([np.cos(longitude), np.sin(longitude), 0 * longitude], -1)
    vector: NDArray[np.float64] = np.cos(latitude)[:, None, None] * along + np.sin(latitude)[
        :, None, None
    ] * np.array([0, 0, 1])
    return vector
