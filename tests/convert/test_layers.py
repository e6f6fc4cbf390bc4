"""Converted layers: the trained layer on its grid, closed forms and orders on others."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from neurop import Grid
from neurop.convert import convert
from neurop.convert.attention import weighted_attention
from neurop.convert.norm import weighted_norm
from neurop.convert.scale import Scale
from neurop.convert.taps import stretch, tap_weights
from neurop.geometry.axis import Axis
from neurop.layers.local.conv import PaddedConv
from neurop.metrics.convergence import convergence

RULES = ("points", "means")
CONVS: Any = (nn.Conv1d, nn.Conv2d, nn.Conv3d)


def waves(shape: tuple[int, ...], channels: int = 2) -> Tensor:
    """Return a smooth periodic field of two channels, of wave numbers 1 and 2."""
    grids = torch.meshgrid(*(torch.arange(n).double() / n for n in shape), indexing="ij")
    phase = 2 * math.pi * sum((i + 1) * x for i, x in enumerate(grids))
    return torch.stack(
        [torch.sin(phase + i) + 0.3 * torch.cos(2 * phase) for i in range(channels)]
    )[None]


def circular(dimensions: int, size: int = 3, **more: Any) -> nn.Module:
    torch.manual_seed(dimensions)
    conv = CONVS[dimensions - 1](2, 3, size, padding="same", padding_mode="circular", **more)
    return conv.double()


@pytest.mark.parametrize("ratio", [0.4, 1.0, 1.5, 2.0, 3.0, 3.7])
@pytest.mark.parametrize("rule", RULES)
def test_taps_keep_constants_and_their_places(rule: Any, ratio: float) -> None:
    """Sum 1, and as centre of mass the place of the tap: exact for linear fields."""
    places = tuple(ratio * k for k in (-1, 0, 1, 2.5))
    first, weights = tap_weights(places, ratio, rule)
    points = first + np.arange(weights.shape[1])
    np.testing.assert_allclose(weights.sum(1), 1, atol=1e-12)
    if rule == "points" or ratio == round(ratio):
        np.testing.assert_allclose(weights @ points, places, atol=1e-8)
    assert weights.min() >= 0


def test_a_kernel_is_stretched_along_every_axis() -> None:
    """The sum of the weights stays, and a separable kernel stays separable."""
    x, y = torch.tensor([1.0, -2, 4]).double(), torch.tensor([0.5, 3]).double()
    made, first = stretch((x[:, None] * y)[None, None], [(-1, 0, 1), (0, 1)], [2.0, 3.0], "means")
    assert first == [-3, -2]
    assert made.sum().item() == pytest.approx(3 * 3.5)
    alone = [
        stretch(k[None, None], [z], [r], "means")[0][0, 0]
        for k, z, r in ((x, (-1, 0, 1), 2.0), (y, (0, 1), 3.0))
    ]
    torch.testing.assert_close(made[0, 0], alone[0][:, None] * alone[1])


@pytest.mark.parametrize("dimensions", [1, 2, 3])
@pytest.mark.parametrize("rule", RULES)
def test_the_training_grid_has_the_trained_layer_bit_for_bit(dimensions: int, rule: Any) -> None:
    conv, x = circular(dimensions), waves((6, 7, 8)[:dimensions])
    assert torch.equal(convert(conv, x, rule=rule)(x), conv(x))


@pytest.mark.parametrize("more", [{}, {"dilation": 2}, {"size": 4}, {"size": 1}])
def test_taps_at_points_are_a_dilated_convolution(more: dict[str, int]) -> None:
    """On three times the points, every third output is that of every third input."""
    conv, x = circular(2, **more), waves((24, 30))
    y = convert(conv, x[..., ::3, ::3])(x)
    for i, j in ((0, 0), (2, 1)):
        expected = conv(x[..., i::3, j::3])
        torch.testing.assert_close(y[..., i::3, j::3], expected, rtol=0, atol=1e-14)


def test_a_mean_over_cells_damps_a_wave_as_its_transform() -> None:
    """The mean over one spacing h of exp(ikx) is sinc(kh/2), and over points of cells its sum."""
    conv = nn.Conv1d(1, 1, 3, padding=1, padding_mode="circular", bias=False).double()
    conv.weight.data[:] = torch.tensor([0.0, 1.0, 0.0])
    x = torch.cos(2 * math.pi * 3 * torch.arange(256).double() / 256).view(1, 1, -1)
    y = convert(conv, x[..., ::32], rule="means")(x)
    torch.testing.assert_close(y, float(np.sinc(3 / 8)) * x, rtol=0, atol=1e-3)


def test_one_tap_is_pointwise() -> None:
    conv, x = nn.Conv2d(2, 3, 1).double(), waves((12, 16))
    assert torch.equal(convert(conv, x[..., ::4, ::4], rule="means")(x), conv(x))


def test_zeros_stay_zero_outside() -> None:
    """A sum of three taps at physical offsets of a constant: one tap less within h0 of a wall."""
    conv = nn.Conv1d(1, 1, 3, padding=1, bias=False).double()
    conv.weight.data.fill_(1.0)
    walls = Grid((Axis("x", "open", layout="ends"),))
    ones = torch.ones(1, 1, 17).double()
    y = convert(conv, ones[..., ::4], walls)(ones)
    assert y.flatten().tolist() == [2.0] * 4 + [3.0] * 9 + [2.0] * 4


@pytest.mark.parametrize("boundary", ["periodic", "dirichlet", "neumann"])
def test_neurops_convolution_continues_by_the_boundary(boundary: Any) -> None:
    grid = Grid((Axis("x", boundary, layout="left" if boundary == "periodic" else "ends"),))
    torch.manual_seed(0)
    conv, x = PaddedConv(2, 3, grid).double(), torch.randn(1, 2, 33).double()
    few = x[..., ::4] if boundary != "periodic" else x[..., :32:4]
    y = convert(conv, few, grid)(x if boundary != "periodic" else x[..., :32])
    torch.testing.assert_close(y[..., ::4], conv(few), rtol=0, atol=1e-14)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("second", [False, True])
def test_order_of_a_convolution_and_of_the_naive_one(rule: Any, second: bool) -> None:
    """With 20 training points no tap meets a point; two inputs."""
    conv, x = circular(1), waves((32,))
    x = x.flip(1) ** 2 if second else x
    there = convert(conv, waves((20,)), rule=rule)
    made = convergence(there, x, Grid.periodic(1), doublings=4)
    assert min(made.order, made.order_beyond_points) > 1.8
    naive = convergence(conv, x, Grid.periodic(1), doublings=4)
    # It has a limit, the sum of its weights, and is far from it at every resolution but pointwise.
    assert naive.order == pytest.approx(1, abs=0.1)
    assert abs(naive.order_beyond_points) < 0.1
    zero_sum = circular(1)
    zero_sum.weight.data -= zero_sum.weight.data.mean(-1, keepdim=True)  # type: ignore[operator]
    zero_sum.bias = None
    assert abs(convergence(zero_sum, x, Grid.periodic(1), doublings=4).order) < 0.1


@pytest.mark.parametrize(
    "layer",
    [
        nn.AvgPool1d(2),
        nn.MaxPool1d(2),
        nn.Conv1d(2, 3, 4, stride=4),
        nn.Conv1d(2, 3, 3, stride=2, padding=1, padding_mode="circular"),
        nn.AdaptiveAvgPool1d(5),
    ],
    ids=lambda layer: type(layer).__name__,
)
@pytest.mark.parametrize("rule", RULES)
def test_order_of_coarser_grids(layer: nn.Module, rule: Any) -> None:
    """The spacing of the output is physical: the same points at every resolution."""
    layer = layer.double()
    x = waves((20,))
    there = convert(layer, x, rule=rule)
    assert torch.equal(there(x), layer(x))
    with torch.no_grad():
        y = [there(waves((n,))) for n in (32, 64, 128, 256)]
    d = [float((a - y[-1]).norm() / y[-1].norm()) for a in y[:-1]]
    # Over two doublings: by how much of a cell a window ends varies from grid to grid.
    assert math.log2(d[0] / d[2]) / 2 > 1.8


def test_an_average_is_one_over_a_physical_window() -> None:
    """Cells of 2 h0 are those of 4 h0 / 2: the mean of all points that lie in them."""
    cells = Grid((Axis("x", "open", layout="cells"),))
    x = torch.randn(1, 1, 24).double()
    pool = convert(nn.AvgPool1d(2), torch.zeros(1, 1, 8).double(), cells, "means")
    torch.testing.assert_close(pool(x), x.view(1, 1, 4, 6).mean(-1))


@pytest.mark.parametrize(
    "up",
    [
        nn.Upsample(scale_factor=2, mode="nearest"),
        nn.Upsample(scale_factor=2, mode="linear"),
        nn.ConvTranspose1d(2, 2, 2, stride=2),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_order_of_finer_grids(up: nn.Module) -> None:
    net = nn.Sequential(nn.AvgPool1d(2), up).double()
    x = waves((20,))
    there = convert(net, x)
    assert torch.equal(there(x), net(x))
    made = there(waves((40,)))
    torch.testing.assert_close(made[..., 1::2], (net(x) + net(x).roll(-1, -1)) / 2)


def test_norms_with_weights_are_those_of_repeated_points() -> None:
    """Instance and group norm of points of unequal weights: each point as often as its weight."""
    torch.manual_seed(0)
    x, count = torch.randn(2, 4, 5).double(), torch.tensor([1, 2, 2, 3, 1])
    weights = count / count.double().mean()
    for norm in (nn.GroupNorm(2, 4), nn.InstanceNorm1d(4, affine=True), nn.InstanceNorm1d(4)):
        norm = norm.double()
        for p in norm.parameters():
            nn.init.normal_(p)
        dense = norm(x.repeat_interleave(count, -1))[..., count.cumsum(0) - 1]
        torch.testing.assert_close(weighted_norm(norm, x, weights), dense, rtol=0, atol=1e-12)


def test_attention_with_weights_is_that_of_repeated_tokens() -> None:
    torch.manual_seed(0)
    for first in (True, False):
        attention = nn.MultiheadAttention(8, 2, batch_first=first).double()
        x = torch.randn(3, 3, 8).double()
        dim = 1 if first else 0
        twice = torch.cat([x, x], dim)
        made = weighted_attention(attention, x, twice, twice, torch.full((6,), 0.5).double())[0]
        torch.testing.assert_close(made, attention(x, x, x)[0], rtol=0, atol=1e-12)
        unequal = x.repeat_interleave(count := torch.tensor([1, 3, 2]), dim)
        made = weighted_attention(attention, x, x, x, count.double())[0]
        expected = attention(x, unequal, unequal)[0]
        torch.testing.assert_close(made, expected, rtol=0, atol=1e-12)


class Tokens(nn.Module):
    """Attention between all points."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(4, 2, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        tokens = x.flatten(2).transpose(1, 2)
        return self.attention(tokens, tokens, tokens)[0].transpose(1, 2).reshape(x.shape)


@pytest.mark.parametrize("net", [Tokens(), nn.GroupNorm(2, 4)], ids=["attention", "norm"])
def test_order_of_integrals_between_walls(net: nn.Module) -> None:
    """With points on both walls equal weights have order 1; the measure is that of the training."""
    net, walls = net.double(), Grid((Axis("x", "open", layout="ends"),))
    x = torch.linspace(0, 1, 17).double()
    u = torch.stack([torch.exp(x), torch.cos(3 * x), x, x * x])[None]
    there = convert(net, u[..., ::4], walls)
    assert torch.equal(there(u[..., ::4]), net(u[..., ::4]))

    def at(n: int) -> Tensor:
        x = torch.linspace(0, 1, n).double()
        return torch.stack([torch.exp(x), torch.cos(3 * x), x, x * x])[None]

    def orders(call: nn.Module) -> float:
        y = [call(at(n))[..., :: (n - 1) // 16] for n in (17, 33, 65)]
        return math.log2(float((y[0] - y[1]).norm() / (y[1] - y[2]).norm()))

    with torch.no_grad():
        assert orders(there) > 1.8
        assert orders(net) < 1.2


def test_weights_of_a_periodic_grid_are_equal() -> None:
    scale = Scale(Grid.periodic(2), (6, 8))
    for shape in ((6, 8), (9, 20), (5, 7)):
        scale.present = shape
        torch.testing.assert_close(scale.weights(), torch.ones(shape).double())
