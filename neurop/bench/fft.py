"""The spectral convolution on ``torch.fft`` with complex weights: the baseline of the engine."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu

from neurop.layers import FourierBlock, SpectralConv

FEW_SAMPLES = 4
"""Most samples whose channels are mixed as a sum of products, which is faster for few."""


def complex_weight(conv: SpectralConv) -> Tensor:
    """Return a layer's weights as complex numbers, ``(in, out, *frequencies)``.

    Frequencies of the leading axes ascend from -(m-1) to m-1; those of the last from 0 to m-1.
    """
    weight = conv.weight.detach()
    for axis, m in enumerate(conv.modes[:-1]):
        weight = weight.index_select(axis, torch.tensor([*range(2 * m - 2, m - 1, -1), *range(m)]))
    d = len(conv.modes)
    return (
        torch.complex(weight.select(-2, 0), weight.select(-2, 1))
        .permute(d, d + 1, *range(d))
        .contiguous()
    )


def real_weight(weight: Tensor, conv: SpectralConv) -> Tensor:
    """Convert complex weights of :func:`complex_weight` to the layout of the layer `conv`."""
    d = len(conv.modes)
    parts = torch.stack([weight.real, weight.imag], dim=-1).permute(*range(2, 2 + d), 0, 2 + d, 1)
    for axis, m in enumerate(conv.modes[:-1]):
        parts = parts.index_select(
            axis, torch.tensor([*range(m - 1, 2 * m - 1), *range(m - 2, -1, -1)])
        )
    return parts.contiguous()


class FFTConv(nn.Module):
    """The function of a periodic :class:`neurop.layers.SpectralConv`, by fast Fourier transforms.

    Each axis is truncated to its modes as soon as it is transformed, so the following transforms
    are smaller. The channels are mixed by the faster of two ways: for few samples as a sum over
    products of arrays, else as a product of matrices for each mode.

    Shape
    -----
    ``(batch, in, *grid) -> (batch, out, *grid)``.
    """

    def __init__(self, conv: SpectralConv) -> None:
        super().__init__()
        self.modes = conv.modes
        # As an FFT orders them: 0 .. m-1, -(m-1) .. -1.
        leading = tuple(range(2, 1 + len(self.modes)))
        weight = complex_weight(conv)
        self.weight = nn.Parameter(torch.fft.ifftshift(weight, dim=leading) if leading else weight)

    def forward(self, x: Tensor) -> Tensor:
        """Return the convolution on the input's grid."""
        sizes = x.shape[2:]
        z = torch.fft.rfft(x, norm="forward")[..., : self.modes[-1]]
        leading = list(enumerate(self.modes[:-1], start=2))
        for axis, m in leading:
            z = torch.fft.fft(z, dim=axis, norm="forward")
            z = torch.cat(
                [z.narrow(axis, 0, m), z.narrow(axis, z.shape[axis] - m + 1, m - 1)], dim=axis
            )
        if len(x) <= FEW_SAMPLES:
            y = (z[:, :, None] * self.weight).sum(1)
        else:
            y = torch.einsum("bi...,io...->bo...", z, self.weight)
        for axis, m in reversed(leading):
            gap = [*y.shape]
            gap[axis] = sizes[axis - 2] - 2 * m + 1
            y = torch.cat(
                [y.narrow(axis, 0, m), y.new_zeros(gap), y.narrow(axis, m, m - 1)], dim=axis
            )
            y = torch.fft.ifft(y, dim=axis, norm="forward")
        return torch.fft.irfft(y, n=sizes[-1], norm="forward")


class FFTBlock(nn.Module):
    """A :class:`neurop.layers.FourierBlock` with :class:`FFTConv` as its convolution.

    Shape
    -----
    ``(batch, *grid, width) -> (batch, *grid, width)``.
    """

    def __init__(self, block: FourierBlock) -> None:
        super().__init__()
        self.spectral, self.skip, self.mlp = FFTConv(block.spectral), block.skip, block.mlp

    def step(self, v: Tensor, *_: object) -> tuple[Tensor, None]:
        """Return the field one block later, and nothing prepared for the next block."""
        return v + self.mlp(
            gelu(self.spectral(v.movedim(-1, 1)).movedim(1, -1) + self.skip(v))
        ), None
