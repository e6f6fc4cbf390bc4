"""The block of a Fourier neural operator."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from neurop.geometry.grid import Grid
from neurop.layers.channel_mlp import ChannelMLP
from neurop.layers.spectral.spectral_conv import SpectralConv
from neurop.spectral import block_tail


class FourierBlock(nn.Module):
    r"""Spectral convolution, pointwise skip and channel MLP, as a residual step.

    .. math:: v \leftarrow v + \mathrm{MLP}\bigl(\mathrm{GELU}(K v + W v + b)\bigr)

    The residual stays outside the nonlinearity (Tran et al., Factorized FNO, 2023,
    arXiv:2111.13802, equation 5), which keeps deep stacks trainable; K and W are those of Li et al.
    (2021), equation 2.

    Parameters
    ----------
    width
        Number of channels.
    modes, domain, padding, weight
        Of the :class:`SpectralConv`.
    expansion
        Hidden channels of the MLP, as a multiple of `width`.

    Shape
    -----
    ``(batch, *grid, width)`` to the same, channels last.
    """

    def __init__(
        self,
        width: int,
        modes: Sequence[int],
        domain: Grid,
        padding: float,
        expansion: float,
        weight: nn.Module | None = None,
    ) -> None:
        super().__init__()
        self.spectral = SpectralConv(width, width, modes, domain, padding, weight=weight)
        self.skip = nn.Linear(width, width)
        self.mlp = ChannelMLP(width, max(round(expansion * width), 1), width)

    def forward(self, v: Tensor) -> Tensor:
        """Return the field one block later."""
        return self.step(v)[0]

    def step(
        self, v: Tensor, begun: Tensor | None = None, following: FourierBlock | None = None
    ) -> tuple[Tensor, Tensor | None]:
        """Return the field one block later and the transform that the `following` block begins
        with.

        Parameters
        ----------
        v
            The field.
        begun
            This block's transform, as far as the block before has brought it.
        following
            The next block.
        """
        spectrum, synthesis = self.spectral.unfinished(v, begun)
        analysis = None if following is None else following.spectral.first_matrix(v)
        return block_tail(
            v, spectrum, synthesis, analysis, (self.skip.weight, self.skip.bias), self.mlp.parts
        )
