"""The cell measure is one tensor per grid and shape that serves every later use."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from raising import raises_input
from torch import Tensor, nn

from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid, _measure
from neurop.geometry.sphere import Sphere

GRIDS = [
    Sphere.latlon(),
    Sphere.latlon(gauss=True),
    Grid((Axis("x", "open", layout="ends"), Axis("y"))),
]


class Mean(nn.Module):
    def __init__(self, grid: Grid) -> None:
        super().__init__()
        self.grid = grid

    def forward(self, x: Tensor) -> Tensor:
        return (x * self.grid.measure(x.shape[-2:], x)).mean((-2, -1))


@pytest.fixture(autouse=True)
def _no_measure_is_known() -> Iterator[None]:
    _measure.cache_clear()
    torch._dynamo.reset()
    yield
    _measure.cache_clear()


def field(dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.from_numpy(np.random.default_rng(0).standard_normal((2, 6, 8))).to(dtype)


@pytest.mark.parametrize("grid", GRIDS, ids=["ends", "gauss", "flat"])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_it_is_the_weights_in_the_precision_of_the_field(grid: Grid, dtype: torch.dtype) -> None:
    got = grid.measure((6, 8), field(dtype))
    assert got.dtype == dtype
    expected = torch.from_numpy(grid.weights((6, 8))).to(dtype)
    torch.testing.assert_close(got, expected, atol=0, rtol=0)
    assert grid.measure([6, 8], field(dtype)) is got
    assert grid.measure((6, 8), field().half()).dtype == torch.float16


@pytest.mark.parametrize("grid", GRIDS, ids=["ends", "gauss", "flat"])
def test_an_export_leaves_it_a_tensor(grid: Grid) -> None:
    x, mean = field(), Mean(grid)
    expected = (x.numpy() * grid.weights((6, 8))).mean((-2, -1))
    program = torch.export.export(mean, (x,)).module()
    for each in (program, torch.compile(mean, fullgraph=True, backend="eager"), mean):
        np.testing.assert_allclose(each(x).numpy(), expected, atol=1e-15)


@pytest.mark.parametrize("grid", GRIDS, ids=["ends", "gauss", "flat"])
def test_what_inference_made_serves_training(grid: Grid) -> None:
    with torch.inference_mode():
        grid.measure((6, 8), torch.zeros((), dtype=torch.float64))
    x = field().requires_grad_()
    Mean(grid)(x).sum().backward()
    expected = np.broadcast_to(grid.weights((6, 8)) / 48, x.shape)
    np.testing.assert_allclose(x.grad, expected, atol=1e-16)


def test_a_shape_of_other_axes_is_refused() -> None:
    with raises_input("shape", (6,)):
        GRIDS[0].measure((6,), field())
