"""Converted networks: the trained one on its grid, convergence on finer ones, refusals."""

from __future__ import annotations

import copy
import math
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from raising import raises_input
from torch import Tensor, nn

from neurop import Field, FieldSet, Grid, Surrogate, models
from neurop.convert import convert, converted
from neurop.geometry.axis import Axis
from neurop.inference.check_input import ResolutionWarning
from neurop.metrics.convergence import convergence

WALLS = Grid((Axis("x", "open", layout="ends"), Axis("y", "dirichlet", layout="cells")))


class PlainUNet(nn.Module):
    """The U-Net of a tutorial, in one dimension."""

    def __init__(self, width: int = 6) -> None:
        super().__init__()

        def block(a: int, b: int) -> nn.Module:
            conv = nn.Conv1d(a, b, 3, padding=1, padding_mode="circular")
            return nn.Sequential(conv, nn.BatchNorm1d(b), nn.GELU())

        self.enter, self.pool, self.deep = block(1, width), nn.AvgPool1d(2), block(width, width)
        self.up = nn.ConvTranspose1d(width, width, 2, stride=2)
        self.merge, self.leave = block(2 * width, width), nn.Conv1d(width, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        skip = self.enter(x)
        made = self.up(self.deep(self.pool(skip)))
        return self.leave(self.merge(torch.cat([made, skip], 1)))


def network(name: str) -> tuple[nn.Module, tuple[int, ...], Grid]:
    """Return a network, the points of its training and its grid."""
    torch.manual_seed(0)
    small: Any = {"width": 4, "levels": 2}
    if name == "plain":
        return PlainUNet(), (20,), Grid.periodic(1)
    grid = {"walls": WALLS, "latlon": Grid.latlon()}.get(name, Grid.periodic(2))
    kind = models.CNextUNet if name == "cnextunet" else models.UNet
    return kind(1, 1, grid, depth=1, **small), (13 if grid.has_boundary else 12, 16), grid


def slow(name: str) -> Any:
    return pytest.param(name, marks=pytest.mark.slow)


@pytest.fixture(params=["plain", "unet", slow("cnextunet"), slow("walls"), slow("latlon")])
def case(request: pytest.FixtureRequest) -> tuple[nn.Module, tuple[int, ...], Grid]:
    net, shape, grid = network(request.param)
    net = net.double()
    for p in net.parameters():
        if p.dim() == 1:  # layer scales and offsets, so that no branch is nearly 0
            nn.init.normal_(p)
    return net.eval(), shape, grid


def smooth(shape: tuple[int, ...]) -> Tensor:
    """Return a field of wave number 1."""
    grids = torch.meshgrid(*(torch.arange(n).double() / n for n in shape), indexing="ij")
    return torch.sin(2 * math.pi * sum(grids[1:], grids[0])).add(0.2)[None, None]


@pytest.mark.parametrize("rule", ["points", "means"])
def test_the_training_grid_has_the_trained_network_bit_for_bit(case: Any, rule: Any) -> None:
    net, shape, grid = case
    before = copy.deepcopy(net.state_dict())
    x = torch.randn(2, 1, *shape).double()
    made = convert(net, x[:1], grid, rule)
    assert torch.equal(made(x), net(x))
    finer = made(torch.randn(1, 1, *(n + 3 for n in shape)).double())
    assert finer.isfinite().all()
    assert finer.shape[2:] == tuple(n + 3 for n in shape)
    assert torch.equal(made(x), net(x))  # also after another grid
    assert all(torch.equal(v, before[k]) for k, v in net.state_dict().items())
    gradients = torch.autograd.grad(made(x).square().sum(), list(made.parameters()))
    expected = torch.autograd.grad(net(x).square().sum(), list(net.parameters()))
    assert all(torch.equal(a, b) for a, b in zip(gradients, expected, strict=True))


@pytest.mark.parametrize("name", ["plain", slow("unet"), slow("cnextunet")])
def test_order_of_networks(name: str) -> None:
    net, shape, grid = network(name)
    net = net.double().eval()
    there = convert(net, smooth(shape), grid)
    u = smooth(tuple(2 * n for n in shape))
    assert convergence(there, u, grid, doublings=3).order > 1.8


def test_a_finer_grid_is_near_the_trained_one() -> None:
    """The naive network is far from it: its kernels and its pooled grids shrink."""
    net, shape, _ = network("plain")
    net = net.double().eval()
    fine = smooth((4 * shape[0],))
    trained, there = net(fine[..., ::4]), convert(net, fine[..., ::4])(fine)[..., ::4]
    naive = net(fine)[..., ::4]
    size = (trained - trained.mean()).norm()
    assert (there - trained).norm() < 0.1 * (naive - trained).norm()
    assert (there - trained).norm() < 0.02 * size


def test_training_mode_and_statistics_stay() -> None:
    net = PlainUNet().train()
    net.merge.eval()
    made = convert(net, torch.randn(1, 1, 16))
    assert (made.net.enter.training, made.net.merge.training) == (True, False)
    assert made.net.enter[1].num_batches_tracked == 0


class Own(nn.Module):
    """A layer whose forward is not known."""

    def forward(self, x: Tensor) -> Tensor:
        return x


class Table(nn.Module):
    """Positions as a table of the training grid."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Parameter(torch.zeros(1, 1, 8))
        self.conv = nn.Conv1d(1, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x + self.table)


class Twice(nn.Module):
    """One layer on two grids."""

    def __init__(self) -> None:
        super().__init__()
        self.pool, self.unused = nn.AvgPool1d(2), nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        return self.pool(self.pool(x))


@pytest.mark.parametrize(
    ("net", "key", "value"),
    [
        (nn.Sequential(nn.ReLU(), nn.Conv1d(1, 1, 3)), "1", "Conv1d"),
        (nn.Sequential(nn.Sequential(nn.Softmax(-1))), "0.0", "Softmax"),
        (nn.Sequential(nn.Flatten(), nn.Linear(8, 8)), "0", "Flatten"),
        (nn.Sequential(nn.LayerNorm([1, 8])), "0", "LayerNorm"),
        (nn.Upsample(scale_factor=2), "model", "Upsample"),
        (nn.MaxPool1d(3, 1, 1), "model", "MaxPool1d"),
        (nn.Sequential(Own()), "0", "Own"),
        (Table(), "model", "Table"),
        (Twice(), "pool", "AvgPool1d"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_has_no_recipe_is_named(net: nn.Module, key: str, value: str) -> None:
    with raises_input(key, value):
        convert(net, torch.zeros(1, 1, 8))


def test_what_does_not_fit() -> None:
    conv = nn.Conv1d(1, 1, 3, padding=1)
    with raises_input("rule", "mean", "did you mean 'means'"):
        convert(conv, torch.zeros(1, 1, 8), rule="mean")  # type: ignore[arg-type]
    with raises_input("layout", "chebyshev"):
        convert(conv, torch.zeros(1, 1, 8), Grid((Axis("t", "open", layout="chebyshev"),)))
    with raises_input("example", (8,)):
        convert(conv, torch.zeros(1, 1, 8), Grid.periodic(2))


def test_the_network_of_a_surrogate() -> None:
    """In its place it predicts, on the training grid as before, and near that on others."""
    waves = np.sin(2 * np.pi * (np.arange(16) - np.arange(4)[:, None]) / 16)[None, :, None]
    torch.manual_seed(0)
    data = FieldSet(waves, (Field("u"),), Grid.periodic(1))
    surrogate = Surrogate.of(data, models.UNet.spec(width=4, levels=1)).eval()
    x = torch.sin(2 * math.pi * torch.arange(32) / 32)[None, None]
    trained = surrogate(x[..., ::2])
    with pytest.warns(ResolutionWarning):
        naive = surrogate(x)[..., ::2]
    surrogate.net = convert(surrogate.net, torch.zeros(1, 1, 16))
    assert torch.equal(surrogate(x[..., ::2]), trained)
    with pytest.warns(ResolutionWarning):  # the card knows the name of the model alone
        made = surrogate(x)[..., ::2]
    assert (made - trained).norm() < 0.1 * (naive - trained).norm()


def test_a_model_of_others_needs_the_grid() -> None:
    """It would be taken for a periodic one otherwise."""
    unet = models.UNet.spec(width=4, levels=1)
    walls = Grid((Axis("x", "open", layout="ends"),))
    net = models.create("mono", 1, 1, walls, expert=unet, experts=1)
    with raises_input("domain", None, "MoNO does not know its grid"):
        convert(net, torch.zeros(1, 1, 16))


@torch.no_grad()
def test_a_converted_surrogate_is_saved_loaded_and_exported(tmp_path: Path) -> None:
    data = FieldSet(
        np.random.default_rng(0).normal(size=(4, 3, 1, 12, 16)), (Field("u"),), Grid.periodic(2)
    )
    trained = Surrogate.of(data, models.UNet.spec(width=4, levels=2)).eval()
    made = converted(trained, "means")
    assert made.card.model.arguments["shape"] == [12, 16]
    x = torch.as_tensor(data.values[:, 0], dtype=torch.float32)
    assert torch.equal(made(x), trained(x))
    made.save(tmp_path)
    again = Surrogate.load(tmp_path)
    fine = torch.randn(2, 1, 24, 40, generator=torch.Generator().manual_seed(0))
    with warnings.catch_warnings():
        warnings.simplefilter("error", ResolutionWarning)
        assert torch.equal(again(fine), made(fine))
    with pytest.warns(ResolutionWarning, match="unet is not resolution-invariant"):
        assert not torch.allclose(trained(fine), made(fine))
    program = torch.export.export(again, (fine,))
    torch.testing.assert_close(program.module()(fine), made(fine))


@torch.no_grad()
def test_weights_at_walls_return_with_the_surrogate(tmp_path: Path) -> None:
    """At walls norms on another grid have weights, which belong to the grid of the training."""
    data = FieldSet(np.random.default_rng(0).normal(size=(4, 3, 1, 13, 16)), (Field("u"),), WALLS)
    made = converted(Surrogate.of(data, models.UNet.spec(width=4, levels=1)).eval())
    made.save(tmp_path)
    fine = torch.randn(2, 1, 25, 32, generator=torch.Generator().manual_seed(0))
    assert torch.equal(Surrogate.load(tmp_path)(fine), made(fine))
