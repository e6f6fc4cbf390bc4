"""Fourier neural operator (Li et al., ICLR 2021, arXiv:2010.08895)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from torch import Tensor, nn

from neurop.geometry.grid import Grid
from neurop.layers import ChannelMLP, Coordinates, FourierBlock, SpectralConv
from neurop.layers.conditioning.conditioning import Conditioning, Kind
from neurop.layers.conditioning.film import FiLM
from neurop.models.arguments import at_least_one, check_input, grid_and_modes
from neurop.models.operator import GridOperator
from neurop.spectral import linear


class FNO(GridOperator):
    r"""Fourier neural operator in any number of dimensions: lifting, Fourier blocks, projection.

    .. math:: u = Q\,(B_L \circ \dots \circ B_1)\,P\,[a, x],
       \qquad B v = v + \mathrm{MLP}\bigl(\mathrm{GELU}(K v + W v + b)\bigr)

    with a the input, x its coordinates, P and Q pointwise maps of the channels, and K a convolution
    with few Fourier modes (:class:`neurop.layers.SpectralConv`). Input and output are on the same
    grid. The weights do not depend on the grid, which may differ from call to call.

    Parameters
    ----------
    in_channels, out_channels
        Number of input and output channels: fields times frames.
    domain
        Grid of the fields; a periodic box of ``len(modes)`` dimensions by default.
    modes
        Number m of frequencies \|k\| < m: one for all axes or one per axis.
    width
        Channels of the blocks.
    depth
        Number of blocks.
    expansion
        Hidden channels of each block's MLP, as a multiple of `width`.
    padding
        Zero padding of axes that are not periodic, as a fraction of the domain.
    conditioning
        How parameters enter: ``channels``, as constant input channels, or ``film``, which also
        scale and shift the channels before every block
        (:class:`neurop.layers.conditioning.conditioning.Conditioning`).

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
    >>> model = FNO(1, 1, modes=(4, 4), width=8, depth=2)
    >>> model(torch.zeros(2, 1, 16, 20)).shape
    torch.Size([2, 1, 16, 20])
    """

    citation = (
        "Li et al., Fourier Neural Operator for Parametric Partial Differential Equations, "
        "ICLR 2021, arXiv:2010.08895"
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
        expansion: float = 1.0,
        padding: float = 0.25,
        conditioning: Kind | Conditioning = "film",
    ) -> None:
        super().__init__()
        at_least_one(width=width, depth=depth)
        domain, self.modes = grid_and_modes(domain, modes)
        self.coordinates = Coordinates(domain)
        self.lift = nn.Linear(in_channels + self.coordinates.channels, width)
        self.blocks = nn.ModuleList(
            FourierBlock(width, SpectralConv(width, width, self.modes, domain, padding), expansion)
            for _ in range(depth)
        )
        self.project = ChannelMLP(width, 2 * width, out_channels)
        self.conditioning = Conditioning.of(conditioning, in_channels)
        self.films = self.conditioning.films([width] * depth)

    def forward(self, x: Tensor) -> Tensor:
        """Return the output fields on the input's grid."""
        check_input(x, self.lift.in_features - self.coordinates.channels, len(self.modes))
        v = linear(
            self.coordinates(x.movedim(1, -1)), self.lift.weight, self.lift.bias
        )  # (batch, *grid, width)
        spectrum_ahead = None
        numbers = self.conditioning.numbers(x)
        for i, (block, next_block) in enumerate(zip(self.blocks, [*self.blocks[1:], None])):
            block = cast(FourierBlock, block)
            if numbers is not None:
                analysis = block.spectral.last_axis_analysis(v)
                film = cast(FiLM, self.films[i])
                v, spectrum_ahead = film.step(v, spectrum_ahead, analysis, numbers)
            v, spectrum_ahead = block.step(v, spectrum_ahead, next_block)
        return self.project(v).movedim(-1, 1)

    def resolved(self, shape: Sequence[int]) -> tuple[int, ...]:
        """Return the number of the model's modes that a grid of `shape` points resolves."""
        return cast(FourierBlock, self.blocks[0]).spectral.retained_modes(shape)

    def nyquist(self, shape: Sequence[int]) -> tuple[int, ...]:
        """Return the number of modes below the Nyquist frequency of a grid, per axis."""
        return cast(FourierBlock, self.blocks[0]).spectral.nyquist(shape)
