"""Factorized Fourier neural operator (Tran et al., ICLR 2023, arXiv:2111.13802)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from torch import Tensor, nn

from neurop.geometry.grid import Grid
from neurop.layers import ChannelMLP, Coordinates
from neurop.layers.spectral.axis_conv import AxisConv
from neurop.models.arguments import at_least_one, check_input, grid_and_modes
from neurop.models.operator import GridOperator
from neurop.spectral import linear


class FFNO(GridOperator):
    r"""Factorized Fourier neural operator: spectral convolutions axis by axis, any dimension.

    .. math:: v \leftarrow v + \mathrm{FF}(K v), \qquad
       \mathrm{FF}(w) = W_2\,\mathrm{GELU}(W_1 w + b_1) + b_2

    with K the sum of one convolution per axis (:class:`neurop.layers.spectral.axis_conv.AxisConv`).
    The residual is outside the nonlinearity, which keeps deep stacks trainable (equations 5 and 7
    of the paper). A pointwise MLP projects the branch :math:`\mathrm{FF}(K v)` of the last layer to
    the output. Unlike the paper, the activation is GELU, not ReLU, and weights are not normalised.

    Parameters
    ----------
    in_channels, out_channels
        Number of input and output channels: fields times frames.
    domain
        Grid of the fields; a periodic box of ``len(modes)`` dimensions by default.
    modes
        Number m of frequencies \|k\| < m: one for all axes or one per axis.
    width
        Channels of the layers.
    depth
        Number of layers.
    expansion
        Hidden channels of each layer's FF, as a multiple of `width`; 4 in the paper.
    padding
        Zero padding of axes that are not periodic, as a fraction of the domain.
    shared
        Whether all layers share one convolution, as in the paper.

    Shape
    -----
    ``(batch, in_channels, *grid) -> (batch, out_channels, *grid)``.

    Raises
    ------
    InputError
        If `width`, `depth` or a number of modes is below 1, or `modes` does not fit the domain; in
        a call, if the input does not fit the model.

    Examples
    --------
    >>> import torch
    >>> model = FFNO(1, 1, modes=(4, 4), width=8, depth=2)
    >>> model(torch.zeros(2, 1, 16, 20)).shape
    torch.Size([2, 1, 16, 20])
    """

    citation = "Tran et al., Factorized Fourier Neural Operators, ICLR 2023, arXiv:2111.13802"
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
        padding: float = 0.25,
        shared: bool = True,
    ) -> None:
        super().__init__()
        at_least_one(width=width, depth=depth)
        domain, self.modes = grid_and_modes(domain, modes)
        self.coordinates = Coordinates(domain)
        self.lift = nn.Linear(in_channels + self.coordinates.channels, width)
        self.spectral = nn.ModuleList(
            AxisConv(width, width, self.modes, domain, padding)
            for _ in range(1 if shared else depth)
        )
        hidden = max(round(expansion * width), 1)
        self.layers = nn.ModuleList(ChannelMLP(width, hidden, width) for _ in range(depth))
        self.project = ChannelMLP(width, 2 * width, out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """Return the output fields on the input's grid."""
        check_input(x, self.lift.in_features - self.coordinates.channels, len(self.modes))
        v = linear(
            self.coordinates(x.movedim(1, -1)), self.lift.weight, self.lift.bias
        )  # (batch, *grid, width)
        branch = v
        for i, layer in enumerate(self.layers):
            v = v if i == 0 else v + branch
            branch = layer(cast(AxisConv, self.spectral[i % len(self.spectral)]).channels_last(v))
        return self.project(branch).movedim(-1, 1)

    def resolved(self, shape: Sequence[int]) -> tuple[int, ...]:
        """Return the number of the model's modes that a grid of `shape` points resolves."""
        return cast(AxisConv, self.spectral[0]).retained_modes(shape)

    def nyquist(self, shape: Sequence[int]) -> tuple[int, ...]:
        """Return the number of modes below the Nyquist frequency of a grid, per axis."""
        return cast(AxisConv, self.spectral[0]).nyquist(shape)
