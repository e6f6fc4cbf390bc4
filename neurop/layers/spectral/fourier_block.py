"""The block of a Fourier neural operator."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from neurop.layers.channel_mlp import ChannelMLP
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
    convolution
        K, from `width` channels to as many: a :class:`SpectralConv`, or another module with its
        methods.
    expansion
        Number of hidden channels of the MLP, as a multiple of `width`.

    Shape
    -----
    ``(batch, *grid, width)`` to the same, channels last.

    Examples
    --------
    >>> import torch
    >>> from neurop.layers.spectral.spectral_conv import SpectralConv
    >>> block = FourierBlock(8, SpectralConv(8, 8, modes=(4, 4)), expansion=1.0)
    >>> block(torch.zeros(2, 16, 20, 8)).shape
    torch.Size([2, 16, 20, 8])

    Notes
    -----
    Consecutive blocks pass on a partial spectrum. A transform is one matrix product per grid axis;
    the analysis starts with the last axis, the synthesis ends with it. So a block ends, and the
    next one begins, with products along the same axis, and all operations between the two are
    pointwise: line by line along that axis one kernel computes the last product of the synthesis,
    the pointwise operations and the first product of the next analysis, while the line is in the
    cache. Therefore :meth:`step` synthesises along all axes but the last
    (:meth:`SpectralConv.all_but_last_axis`), takes the matrix of that first product from the next
    block (:meth:`SpectralConv.last_axis_analysis`), and returns the product as `spectrum_ahead`
    with the field; the next block's convolution continues from there.
    """

    def __init__(
        self,
        width: int,
        convolution: nn.Module,
        expansion: float,
    ) -> None:
        super().__init__()
        self.spectral: Any = convolution
        self.skip = nn.Linear(width, width)
        self.mlp = ChannelMLP(width, max(round(expansion * width), 1), width)

    def forward(self, v: Tensor) -> Tensor:
        """Return the field after the block."""
        return self.step(v)[0]

    def step(
        self,
        v: Tensor,
        spectrum_ahead: Tensor | None = None,
        next_block: FourierBlock | None = None,
    ) -> tuple[Tensor, Tensor | None]:
        """Return the field after the block, and its spectrum along the last axis.

        Parameters
        ----------
        v
            Field ``(batch, *grid, width)``.
        spectrum_ahead
            Spectrum of `v` along the last grid axis, ``(batch, n_1, ..., size_d, width)``, as
            returned by the step of the previous block; computed from `v` by default.
        next_block
            Block that takes the returned spectrum; without it the spectrum is None.
        """
        spectrum, synthesis = self.spectral.all_but_last_axis(v, spectrum_ahead)
        analysis = None if next_block is None else next_block.spectral.last_axis_analysis(v)
        return block_tail(
            v, spectrum, synthesis, analysis, (self.skip.weight, self.skip.bias), self.mlp.parts
        )
