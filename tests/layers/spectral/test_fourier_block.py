from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid
from neurop.layers import FourierBlock, SpectralConv


def block(
    width: int = 2,
    modes: tuple[int, ...] = (3,),
    domain: Grid | None = None,
    expansion: float = 1.5,
) -> FourierBlock:
    torch.manual_seed(0)
    return FourierBlock(width, SpectralConv(width, width, modes, domain), expansion).double()


def gelu(x: Tensor) -> Tensor:
    return 0.5 * x * (1 + torch.erf(x / math.sqrt(2)))


def test_block_is_its_formula() -> None:
    b = block()
    v = torch.randn(2, 8, 2, dtype=torch.float64)
    # Frequencies 0, 1, 2 of the line, one complex matrix each, by a full FFT.
    z = torch.fft.rfft(v, dim=1)
    r = torch.complex(b.spectral.weight[:, :, 0], b.spectral.weight[:, :, 1])
    y = torch.zeros_like(z)
    y[:, :3] = torch.einsum("bki,kio->bko", z[:, :3], r)
    inner = gelu(torch.fft.irfft(y, n=8, dim=1) + v @ b.skip.weight.T + b.skip.bias)
    hidden = gelu(inner @ b.mlp.expand.weight.T + b.mlp.expand.bias)
    torch.testing.assert_close(
        b(v), v + hidden @ b.mlp.contract.weight.T + b.mlp.contract.bias, atol=1e-12, rtol=0
    )


def test_block_without_an_outer_layer_is_the_identity() -> None:
    b = block(3, (2, 3))
    b.mlp.contract.weight.data.zero_()
    b.mlp.contract.bias.data.zero_()
    v = torch.randn(2, 6, 7, 3, dtype=torch.float64)
    assert torch.equal(b(v), v)


@pytest.mark.parametrize("shift", [(0, 0), (3, 0), (2, 5)])
def test_block_commutes_with_translations_of_a_periodic_box(shift: tuple[int, int]) -> None:
    b = block(3, (3, 4))
    v = torch.randn(1, 9, 8, 3, dtype=torch.float64)
    torch.testing.assert_close(
        b(v.roll(shift, (1, 2))), b(v).roll(shift, (1, 2)), atol=1e-12, rtol=0
    )


def test_walls_break_the_translation() -> None:
    b = block(3, (3, 4), Grid((Axis("x", "open"), Axis("y"))))
    v = torch.randn(1, 9, 8, 3, dtype=torch.float64)
    assert (b(v.roll(1, 1)) - b(v).roll(1, 1)).abs().max() > 0.01
    torch.testing.assert_close(b(v.roll(1, 2)), b(v).roll(1, 2), atol=1e-12, rtol=0)


@pytest.mark.parametrize(("expansion", "hidden"), [(0.01, 1), (0.5, 2), (1.0, 4), (2.0, 8)])
def test_hidden_channels_of_the_mlp(expansion: float, hidden: int) -> None:
    assert block(4, expansion=expansion).mlp.expand.out_features == hidden
