"""The local layers of flat grids converge to an integral and to a derivative."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from raising import raises_input
from scipy.integrate import quad
from scipy.special import j0
from torch import Tensor, nn

from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid
from neurop.layers.local.difference_conv import DifferenceConv
from neurop.layers.local.integral_conv import IntegralConv, hats
from neurop.layers.local.stencil_conv import StencilConv

EVEN = Grid((Axis("x", "neumann", layout="ends"), Axis("y", "neumann", layout="cells")))
ODD = Grid((Axis("x", "dirichlet", layout="ends"), Axis("y", "dirichlet", layout="left")))


def points(domain: Grid, shape: tuple[int, ...]) -> list[Tensor]:
    lines = [torch.from_numpy(a.points(n)) for a, n in zip(domain.axes, shape)]
    return list(torch.meshgrid(*lines, indexing="ij"))


def orders(errors: list[float]) -> list[float]:
    return [math.log2(a / b) for a, b in pairwise(errors)]


def wave_factor(radius: float, wave: float, dimensions: int) -> np.ndarray:
    """Return the factor by which each hat function, of integral 1, multiplies a wave."""
    weight = {1: lambda z: 1.0, 2: lambda z: z, 3: lambda z: z * z}[dimensions]
    kernel = {1: math.cos, 2: j0, 3: lambda z: math.sin(z) / z if z else 1.0}[dimensions]
    made = []
    for b in range(2):
        parts = [
            quad(
                lambda z, b=b, k=k: float(hats(np.array(z))[b]) * weight(z) * kernel(k * z),
                0,
                1,
                points=[0.5],
            )[0]
            for k in (radius * wave, 0.0)
        ]
        made.append(parts[0] / parts[1])
    return np.array(made)


@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_integral_of_a_wave(dimensions: int) -> None:
    """An isotropic kernel multiplies a plane wave by its Fourier transform."""
    domain, radius, waves = Grid.periodic(dimensions), 0.15, (1, 1, 0)[:dimensions]
    conv = IntegralConv(1, 1, domain, radius).double()
    conv.weight.data[:] = torch.tensor([0.7, -1.3])
    wave = 2 * math.pi * math.sqrt(sum(k * k for k in waves))
    factor = float(conv.weight[0, 0].detach().numpy() @ wave_factor(radius, wave, dimensions))
    errors = []
    for n in (10, 20, 40) if dimensions < 3 else (8, 16, 32):
        x = points(domain, (n,) * dimensions)
        f = torch.cos(2 * math.pi * sum(k * xi for k, xi in zip(waves, x)) + 0.4)[None, None]
        errors.append(float((conv(f) - factor * f).detach().abs().max()))
    assert errors[-1] < 0.01
    assert min(orders(errors)) > 1.8


@pytest.mark.parametrize("domain", [EVEN, ODD], ids=["even", "odd"])
def test_integral_with_walls(domain: Grid) -> None:
    """A product of cosines is its own even continuation, of sines its own odd one."""
    f = torch.cos if domain is EVEN else torch.sin
    conv = IntegralConv(1, 1, domain, 0.2).double()
    conv.weight.data[:] = torch.tensor([-0.5, 1.0])
    factor = float(conv.weight[0, 0].detach().numpy() @ wave_factor(0.2, math.pi * math.sqrt(5), 2))
    errors = []
    for n in (9, 17, 33):
        x, y = points(domain, (n, n))
        field = (f(math.pi * x) * f(2 * math.pi * y))[None, None]
        errors.append(float((conv(field) - factor * field).detach().abs().max()))
    assert errors[-1] < 0.02
    assert min(orders(errors)) > 1.5


def test_integral_is_of_the_interpolant_where_the_grid_is_coarser_than_the_radius() -> None:
    conv = IntegralConv(1, 1, Grid.periodic(1), 0.01).double()
    basis = conv.stencil((4,), torch.zeros((), dtype=torch.float64))
    conv.weight.data[:] = torch.tensor([1.0, 0.0])
    near = conv.stencil((4,), basis)[0, 0]
    # A hat of half width r/2 has the mean distance r/6, here 1/150 of the spacing.
    torch.testing.assert_close(
        near.detach(), torch.tensor([1 / 300, 1 - 1 / 150, 1 / 300]).double(), atol=5e-4, rtol=0
    )
    for n in (3, 7, 64, 300):
        one = torch.ones(1, 1, n, dtype=torch.float64)
        torch.testing.assert_close(conv(one), one, atol=1e-12, rtol=0)


@pytest.mark.parametrize("symmetric", [False, True])
@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_difference_becomes_a_directional_derivative(dimensions: int, symmetric: bool) -> None:
    domain, unit = Grid.periodic(dimensions), 0.1
    conv = DifferenceConv(1, 1, domain, unit).double()
    middle = -3.0 if symmetric else 0.4
    weight = torch.tensor([[0.1, middle, 0.7]] * dimensions, dtype=torch.float64)
    conv.weight.data[:] = weight
    slopes = unit * (weight[:, 2] - weight[:, 0])
    errors = []
    for n in (12, 24, 48):
        phases = [
            2 * math.pi * x + 0.3 * i for i, x in enumerate(points(domain, (n,) * dimensions))
        ]
        f = sum(torch.sin(p) for p in phases)[None, None]
        derivative = sum(2 * math.pi * s * torch.cos(p) for s, p in zip(slopes, phases))
        errors.append(float((conv(f)[0, 0] - derivative).detach().abs().max()))
    expected = 1 if symmetric else 2
    assert orders(errors)[-1] == pytest.approx(expected, abs=0.15)


def test_difference_with_walls_and_a_constant() -> None:
    """At an end without condition the slope is one-sided: exact for a line, with every layout."""
    for layout in ("ends", "cells", "left"):
        domain = Grid((Axis("x", "open", layout=layout),))
        conv = DifferenceConv(1, 1, domain, 0.1).double()
        x = torch.from_numpy(domain.axes[0].points(9))
        slope = 0.1 * (conv.weight[0, 0, 0, 2] - conv.weight[0, 0, 0, 0]).detach()
        made = conv((3 * x + 2)[None, None])
        torch.testing.assert_close(made, (3 * slope).expand(1, 1, 9), atol=1e-12, rtol=0)
        assert conv(torch.ones(1, 1, 9).double()).abs().max() < 1e-12


@pytest.mark.parametrize("kind", [IntegralConv, DifferenceConv])
def test_shift_and_slope(kind: type[StencilConv]) -> None:
    torch.manual_seed(0)
    conv = kind(2, 3, Grid.periodic(2), 0.3).double()
    x = torch.randn(1, 2, 5, 6, dtype=torch.float64, requires_grad=True)
    torch.testing.assert_close(
        conv(x.roll((2, 3), (2, 3))), conv(x).roll((2, 3), (2, 3)), atol=1e-12, rtol=0
    )
    assert torch.autograd.gradcheck(
        lambda x, w: torch.func.functional_call(conv, {"weight": w}, (x,)), (x, conv.weight)
    )


def test_what_does_not_fit() -> None:
    four = Grid(tuple(Axis(name) for name in "xyzt"))
    with raises_input("domain", "x, y, z, t"):
        IntegralConv(1, 1, four, 0.1)
    for radius in (0.0, 0.6):
        with raises_input("radius", radius):
            IntegralConv(1, 1, Grid.periodic(1), radius)
    with raises_input("x", (1, 3, 8)):
        DifferenceConv(2, 1, Grid.periodic(1))(torch.zeros(1, 3, 8))
    assert isinstance(IntegralConv(1, 1, Grid.periodic(1)), nn.Module)
