from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid
from neurop.geometry.sphere import Sphere
from neurop.spectral import resample_sphere
from neurop.spectral.spherical import (
    analyze_sphere,
    harmonics_resolved,
    synthesize_sphere,
)

GAUSS = Grid.latlon(gauss=True)
GRIDS = {
    "gauss": GAUSS,
    "south": Grid.latlon(False, gauss=True),
    "poles": Grid.latlon(),
    "cells": Grid.latlon(False, False),
    "north": Sphere(
        (Axis("latitude", "open", 90.0, -180.0, "degrees_north", "left"), GAUSS.axes[1])
    ),
}


def coefficients(degrees: int, orders: int, channels: int = 1) -> Tensor:
    c = torch.randn(
        orders,
        degrees,
        1,
        2,
        channels,
        dtype=torch.float64,
        generator=torch.Generator().manual_seed(1),
    )
    c = c * torch.triu(torch.ones(orders, degrees))[:, :, None, None, None]
    c[0, :, :, 1] = 0
    return c


def packed(z: Tensor) -> Tensor:
    """Return complex coefficients ``(l, m)`` of torch-harmonics, without the phase of Condon and
    Shortley, as ours.
    """
    pair = torch.stack([z.real, -z.imag], -1).transpose(0, 1) * math.sqrt(2)
    pair[0] /= math.sqrt(2)
    return pair[:, :, None, :, None]


@pytest.mark.parametrize("domain", GRIDS.values(), ids=GRIDS)
@pytest.mark.parametrize("shape", [(7, 14), (8, 15), (12, 9)])
def test_analysis_inverts_synthesis(domain: Grid, shape: tuple[int, int]) -> None:
    degrees, most = harmonics_resolved(domain, shape)
    assert degrees == shape[0] - (domain.axes[0].layout in ("ends", "left"))
    c = coefficients(degrees, min(degrees, most), channels=2)
    x = synthesize_sphere(c, domain, shape)
    assert x.shape == (1, *shape, 2)
    torch.testing.assert_close(
        analyze_sphere(x, domain, degrees, min(degrees, most)), c, atol=1e-12, rtol=0
    )


@pytest.mark.parametrize("domain", GRIDS.values(), ids=GRIDS)
def test_known_harmonics(domain: Grid) -> None:
    latitude, longitude = (np.deg2rad(values) for values in domain.coordinates((9, 12)).values())
    u, v, w = (
        np.cos(latitude)[:, None] * np.cos(longitude),
        np.cos(latitude)[:, None] * np.sin(longitude),
        np.sin(latitude)[:, None],
    )
    field = torch.from_numpy(2 + 3 * u - 4 * v + 5 * w + 6 * u * v)[None, ..., None]
    c = analyze_sphere(field, domain, 5, 5)[:, :, 0, :, 0]
    expected = torch.zeros_like(c)
    unit = math.sqrt(4 * math.pi)
    expected[0, 0, 0] = 2 * unit
    expected[1, 1, 0], expected[1, 1, 1], expected[0, 1, 0] = (
        value * unit / math.sqrt(3) for value in (3, -4, 5)
    )
    expected[2, 2, 1] = 6 * unit / math.sqrt(15)
    torch.testing.assert_close(c, expected, atol=1e-13, rtol=0)


def test_squares_of_coefficients_sum_to_the_integral_of_the_square() -> None:
    c = coefficients(8, 8)
    x = synthesize_sphere(c, GAUSS, (12, 24))[0, ..., 0]
    integral = 4 * math.pi * (x.square() * torch.from_numpy(GAUSS.weights((12, 24)))).mean()
    torch.testing.assert_close(integral, c.square().sum(), rtol=1e-13, atol=0)


@pytest.mark.filterwarnings("ignore:.torch.jit.script_method:DeprecationWarning")
@pytest.mark.parametrize(
    ("domain", "grid", "degrees"),
    [(GAUSS, "legendre-gauss", 24), (Grid.latlon(), "equiangular", 13)],
)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_torch_harmonics_agrees(domain: Grid, grid: str, degrees: int, dtype: torch.dtype) -> None:
    library = pytest.importorskip("torch_harmonics")
    options = {"lmax": degrees, "mmax": degrees, "grid": grid, "csphase": False}
    sht, isht = (
        kind(25, 48, **options).to(dtype) for kind in (library.RealSHT, library.InverseRealSHT)
    )
    z = torch.tril(
        torch.randn(
            degrees, degrees, dtype=torch.complex128, generator=torch.Generator().manual_seed(0)
        )
    )
    z[:, 0] = z[:, 0].real.to(z.dtype)
    x = isht(z.to(torch.complex64 if dtype == torch.float32 else torch.complex128))
    ours = synthesize_sphere(packed(z).to(dtype), domain, (25, 48))[0, ..., 0]
    torch.testing.assert_close(ours, x, atol=1e-5, rtol=0)
    torch.testing.assert_close(
        analyze_sphere(x[None, ..., None], domain, degrees, degrees),
        packed(sht(x)),
        atol=1e-5,
        rtol=0,
    )


@pytest.mark.parametrize("domain", GRIDS.values(), ids=GRIDS)
def test_stations_and_other_grids(domain: Grid) -> None:
    c = coefficients(8, 8)
    x = synthesize_sphere(c, domain, (10, 20))[0, ..., 0]
    fine = synthesize_sphere(c, domain, (13, 24))[0, ..., 0]
    torch.testing.assert_close(resample_sphere(x, domain, (13, 24)), fine, atol=1e-12, rtol=0)
    axes = [torch.from_numpy(axis.points(n)) for axis, n in zip(domain.axes, (13, 24))]
    points = torch.stack(torch.meshgrid(*axes, indexing="ij"), -1).reshape(-1, 2)
    torch.testing.assert_close(
        resample_sphere(x[None, None], domain, points)[0, 0], fine.flatten(), atol=1e-12, rtol=0
    )
    around = points + torch.tensor([0.0, 3.0])
    torch.testing.assert_close(
        resample_sphere(x, domain, around), fine.flatten(), atol=1e-11, rtol=0
    )
    few = synthesize_sphere(c[:5, :5], domain, (10, 20))[0, ..., 0]
    torch.testing.assert_close(
        resample_sphere(x, domain, (10, 20), degrees=5), few, atol=1e-12, rtol=0
    )


def test_a_field_at_a_pole_has_one_value_whatever_the_longitude() -> None:
    x = torch.randn(9, 16, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    points = torch.stack([torch.zeros(7).double(), torch.linspace(0, 1, 7).double()], 1)
    assert resample_sphere(x, GAUSS, points).std() < 1e-14


def test_one_graph_at_any_size() -> None:
    torch._dynamo.reset()

    def there_and_back(x: Tensor) -> Tensor:
        return synthesize_sphere(analyze_sphere(x, GRIDS["cells"], 4, 4), GAUSS, (7, 9))

    compiled = torch.compile(there_and_back, fullgraph=True, backend="eager")
    for shape in ((6, 12), (8, 14), (9, 11)):
        x = torch.randn(1, *shape, 2, dtype=torch.float64)
        torch.testing.assert_close(compiled(x), there_and_back(x), atol=1e-13, rtol=0)
