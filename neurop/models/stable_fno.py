"""Fourier neural operator for long rollouts (McCabe et al., TMLR 2023, arXiv:2306.10619)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from torch import Tensor, nn

from neurop.geometry.grid import Grid
from neurop.geometry.sphere import Sphere
from neurop.layers import Coordinates, SpectralConv
from neurop.layers.filters.named import Filter, named
from neurop.layers.spectral.double_fourier_conv import DoubleFourierConv
from neurop.layers.spectral.pre_block import PreBlock
from neurop.layers.sphere_position import SpherePosition
from neurop.models.arguments import at_least_one, check_input, grid_and_modes
from neurop.models.operator import GridOperator
from neurop.spectral import linear


class StableFNO(GridOperator):
    r"""Fourier neural operator whose blocks change few modes, by convolutions of bounded gain.

    .. math:: u = Q\,(B_L \circ \dots \circ B_1)\,P\,[a, x], \qquad B v = v + K\,\mathrm{MLP}(v)

    with a the input, x its coordinates, and P and Q linear maps of the channels, times the root of
    the width and divided by it, so that the channels of v are as large as the input for every
    width, where the norm of P is bounded. Every nonlinearity is followed by K, a convolution in a
    disc of wavenumbers (:mod:`neurop.layers.filters`). So the modes out of the disc are
    :math:`Q P a`, the input's times one matrix: no harmonics gather there in a rollout, and none
    fold back. With the filter `polar` or `dynamic`, K amplifies no
    wave before one matrix W of all modes, and ``callback=spectral_bound`` with the bound 1 limits
    W, P, Q and the matrices of the MLP; the gain of a block with its residual may still be above 1.

    On a full sphere the fields continue over the poles, as scalars, and each circle of latitude has
    the waves that it has room for
    (:class:`neurop.layers.spectral.double_fourier_conv.DoubleFourierConv`); x is the unit vector.

    Parameters
    ----------
    in_channels, out_channels
        Number of input and output channels: fields times frames.
    domain
        Grid of the fields; a periodic box of ``len(modes)`` dimensions by default.
    modes
        Number m of frequencies per axis, one for all axes or one per axis: those with
        :math:`\sum_d (k_d / m_d)^2 < 1`. Along the meridians of a sphere they are counted on the
        full circle.
    width
        Channels of the blocks.
    depth
        Number of blocks.
    expansion
        Hidden channels of each block's MLP, as a multiple of `width`; 4 in the paper.
    filter
        Weight of K: ``polar``, a gain and a phase per mode and channel, then W; ``dynamic``, whose
        gains depend on the field; ``dense``, a matrix per mode.
    padding
        Zero padding of axes that are not periodic, as a fraction of the domain.

    Shape
    -----
    ``(batch, in_channels, *grid) -> (batch, out_channels, *grid)``.

    Raises
    ------
    InputError
        If a number is below 1, `modes` does not fit the domain, there is no such filter, an axis
        has Chebyshev points, or a full sphere has Legendre-Gauss latitudes; in a call, if the
        input does not fit the model.

    Examples
    --------
    >>> import torch
    >>> model = StableFNO(1, 1, modes=(4, 4), width=8, depth=2)
    >>> model(torch.zeros(2, 1, 16, 20)).shape
    torch.Size([2, 1, 16, 20])
    """

    citation = (
        "McCabe et al., Towards Stability of Autoregressive Neural Operators, TMLR 2023, "
        "arXiv:2306.10619"
    )
    modes: tuple[int, ...]

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        domain: Grid | None = None,
        modes: int | Sequence[int] = 16,
        width: int = 32,
        depth: int = 4,
        expansion: float = 4.0,
        filter: Filter = "polar",
        padding: float = 0.25,
    ) -> None:
        super().__init__()
        at_least_one(width=width, depth=depth)
        domain, self.modes = grid_and_modes(domain, modes)
        make = named(filter)
        whole = domain if isinstance(domain, Sphere) and domain.is_whole else None
        self.coordinates: Any = Coordinates(domain) if whole is None else SpherePosition(whole)
        if whole is not None:
            self.one_grid = "the circles of latitude, of which each has its own waves"
        self.lift = nn.Linear(in_channels + self.coordinates.channels, width)
        self.blocks = nn.ModuleList()
        for _ in range(depth):
            weight = make(self.modes, width)
            convolution: nn.Module = (
                SpectralConv(width, width, self.modes, domain, padding, weight)
                if whole is None
                else DoubleFourierConv(width, width, self.modes, whole, weight)
            )
            self.blocks.append(PreBlock(width, convolution, expansion))
        self.project = nn.Linear(width, out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """Return the output fields on the input's grid."""
        check_input(x, self.lift.in_features - self.coordinates.channels, len(self.modes))
        fields, size = self.coordinates(x.movedim(1, -1)), self.lift.out_features**0.5
        v = size * linear(fields, self.lift.weight, self.lift.bias)  # (batch, *grid, width)
        for block in self.blocks:
            v = block(v)
        return linear(v / size, self.project.weight, self.project.bias).movedim(-1, 1)

    def resolved(self, shape: Sequence[int]) -> tuple[int, ...]:
        """Return the number of the model's modes that a grid of `shape` points resolves."""
        return cast(PreBlock, self.blocks[0]).spectral.retained_modes(shape)

    def nyquist(self, shape: Sequence[int]) -> tuple[int, ...]:
        """Return the number of modes below the Nyquist frequency of a grid, per axis."""
        return cast(PreBlock, self.blocks[0]).spectral.nyquist(shape)
