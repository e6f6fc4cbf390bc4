"""Local convolutions are those of torch between the ghost points."""

from __future__ import annotations

import math

import pytest
import torch
from raising import raises_input
from torch import nn
from torch.nn.functional import conv2d, conv3d, conv_transpose2d, pad

from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid
from neurop.layers.local.conv import DoublingConv, HalvingConv, PaddedConv
from neurop.layers.local.convnext_block import ConvNeXtBlock, UnitNorm
from neurop.layers.local.residual_block import ResidualBlock

WALLS = Grid((Axis("x", "neumann", layout="ends"), Axis("y", "open", layout="cells")))


def test_a_periodic_convolution_is_that_of_torch() -> None:
    conv, x = PaddedConv(2, 3, Grid.periodic(3)).double(), torch.randn(2, 2, 5, 4, 6).double()
    expected = conv3d(pad(x, [1] * 6, mode="circular"), conv.conv.weight, conv.conv.bias)
    torch.testing.assert_close(conv(x), expected, atol=1e-12, rtol=0)


def test_a_depthwise_convolution_mixes_no_channels() -> None:
    conv = PaddedConv(4, 4, Grid.periodic(2), size=7, depthwise=True)
    assert sum(p.numel() for p in conv.parameters()) == 4 * 49 + 4
    x = torch.randn(1, 4, 9, 9)
    other = x.clone()
    other[:, 1] += 1
    changed = (conv(other) - conv(x)).abs().amax(dim=(0, 2, 3)) > 1e-6
    assert changed.tolist() == [False, True, False, False]


def test_the_kernel_of_a_derivative_differentiates_at_the_walls_too() -> None:
    """Second difference of sin(pi x) between dirichlet walls: 0 on them, -pi^2 sin inside."""
    grid, n = Grid((Axis("x", "dirichlet", layout="ends"),)), 65
    conv = PaddedConv(1, 1, grid).double()
    conv.conv.weight.data = torch.tensor([[[1.0, -2.0, 1.0]]]).double() * (n - 1) ** 2
    conv.conv.bias.data.zero_()
    f = torch.sin(math.pi * torch.from_numpy(grid.axes[0].points(n)))
    found = conv(f[None, None])[0, 0]
    torch.testing.assert_close(found, -(math.pi**2) * f, atol=3e-3, rtol=0)
    assert found[[0, -1]].abs().max() < 1e-9


def test_halving_and_doubling_convolutions_of_pairs_are_those_of_torch() -> None:
    grid, x = Grid.periodic(2), torch.randn(2, 3, 6, 8)
    down, up = HalvingConv(3, 4, grid), DoublingConv(4, 3, grid)
    small = conv2d(x, down.conv.weight, down.conv.bias, stride=2)
    torch.testing.assert_close(down(x), small)
    expected = conv_transpose2d(small, up.conv.weight, up.conv.bias, stride=2)
    torch.testing.assert_close(up(small, (6, 8)), expected)


@pytest.mark.parametrize("shape", [(9, 8), (8, 7), (1, 1), (2, 3)])
def test_halving_and_doubling_convolutions_between_walls(shape: tuple[int, int]) -> None:
    """With the weights of averages and of interpolation, they are these, walls included."""
    down, up = HalvingConv(1, 1, WALLS), DoublingConv(1, 1, WALLS)
    assert down.conv.weight.shape[2:] == up.conv.weight.shape[2:] == (3, 2)
    average = torch.tensor([0.25, 0.5, 0.25])[:, None] * torch.tensor([0.5, 0.5])
    line = torch.tensor([0.5, 1.0, 0.5])[:, None] * torch.tensor([1.0, 1.0])
    for conv, weight in ((down.conv, average), (up.conv, line)):
        conv.weight.data[0, 0] = weight
        nn.init.zeros_(conv.bias)
    x = torch.full((1, 1, *shape), 3.0)
    small = down(x)
    assert small.shape[2:] == tuple((n + 1) // 2 for n in shape)
    torch.testing.assert_close(small, torch.full_like(small, 3.0))
    # An even number of points has its last half between a point and the wall.
    fine = up(small, shape)
    torch.testing.assert_close(fine, x)


def test_a_convnext_block_starts_as_the_identity_and_is_its_formula() -> None:
    block = ConvNeXtBlock(6, Grid.periodic(1)).double()
    v = torch.randn(2, 6, 11).double()
    assert 0 < (block(v) - v).abs().max() < 1e-5
    block.scale.data = torch.randn(6).double()
    w = pad(v, (3, 3), mode="circular")
    w = nn.functional.conv1d(w, block.conv.conv.weight, block.conv.conv.bias, groups=6)
    w = (w - w.mean(1, keepdim=True)) / (w.var(1, keepdim=True, correction=0) + 1e-6).sqrt()
    w = torch.einsum("oi,bix->box", block.mlp.expand.weight, w) + block.mlp.expand.bias[:, None]
    w = 0.5 * w * (1 + torch.erf(w / math.sqrt(2)))
    w = torch.einsum("oi,bix->box", block.mlp.contract.weight, w) + block.mlp.contract.bias[:, None]
    torch.testing.assert_close(block(v), v + block.scale[:, None] * w, atol=1e-12, rtol=0)


def test_unit_norm_leaves_the_direction() -> None:
    norm, v = UnitNorm(3), torch.randn(2, 3, 4, 5)
    torch.testing.assert_close(norm(v).norm(dim=1), torch.ones(2, 4, 5))
    torch.testing.assert_close(norm(7 * v), norm(v))
    assert norm(0 * v).abs().max() == 0


def test_a_residual_block_without_its_branch_is_the_identity() -> None:
    block, v = ResidualBlock(8, 8, WALLS), torch.randn(1, 8, 5, 6)
    for parameter in block.convs[1].parameters():
        nn.init.zeros_(parameter)
    assert torch.equal(block(v), v)


def test_four_axes_are_refused() -> None:
    box = Grid(tuple(Axis(name) for name in "xyzw"))
    with raises_input("domain", 4):
        PaddedConv(1, 1, box)
