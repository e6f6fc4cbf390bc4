"""The transforms of the spherical solvers against torch-harmonics and against vector calculus."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from neurop.geometry.grid import Grid
from neurop.physics.harmonics import Harmonics, SphereLayout, points_of, synthesize
from neurop.spectral.spherical import synthesize_sphere

SIZE, SHAPE = 13, (16, 32)


def coefficients(seed: int = 0, fields: int = 2) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    c = torch.tril(torch.randn(3, fields, SIZE, SIZE, dtype=torch.complex128, generator=generator))
    c[..., 0] = c[..., 0].real.to(c.dtype)
    return c


@pytest.mark.filterwarnings("ignore:.torch.jit.script_method:DeprecationWarning")
def test_torch_harmonics_agrees() -> None:
    library = pytest.importorskip("torch_harmonics")
    sphere, c = Harmonics(SIZE - 1, 1.0, shape=SHAPE), coefficients()
    options = {"lmax": SIZE, "mmax": SIZE, "grid": "legendre-gauss", "csphase": False}
    sht, isht, vector = (
        kind(*SHAPE, **options).double()
        for kind in (library.RealSHT, library.InverseRealSHT, library.InverseRealVectorSHT)
    )
    x = sphere.values(c)
    torch.testing.assert_close(x, isht(c), atol=1e-6, rtol=0)
    torch.testing.assert_close(sphere.coefficients(x.square()), sht(x.square()), atol=1e-6, rtol=0)
    c[:, :, 0] = 0
    degree = torch.arange(SIZE, dtype=torch.float64)[:, None]
    torch.testing.assert_close(
        sphere.wind(-degree * (degree + 1) * c), vector(c), atol=1e-5, rtol=1e-5
    )


def test_vorticity_and_divergence_return_from_their_wind() -> None:
    sphere, c = Harmonics(SIZE - 1, 6.4e6, shape=SHAPE), coefficients()
    c[:, :, 0] = 0
    torch.testing.assert_close(sphere.curl_and_divergence(sphere.wind(c)), c, atol=1e-11, rtol=0)


def test_wind_is_the_gradient_and_its_quarter_turn() -> None:
    """Of the potential sin(latitude) cos(latitude) cos(longitude), by hand."""
    sphere = Harmonics(4, 2.0)
    latitude, longitude = sphere.latitude[:, None], sphere.longitude
    potential = sphere.coefficients(latitude.sin() * latitude.cos() * longitude.cos())
    east, north = -latitude.sin() * longitude.sin() / 2, (2 * latitude).cos() * longitude.cos() / 2
    none = torch.zeros_like(potential)
    by_divergence = sphere.wind(torch.stack([none, sphere.laplacian * potential]))
    by_vorticity = sphere.wind(torch.stack([sphere.laplacian * potential, none]))
    torch.testing.assert_close(by_divergence, torch.stack([east, north]), atol=1e-13, rtol=0)
    torch.testing.assert_close(by_vorticity, torch.stack([-north, east]), atol=1e-13, rtol=0)


@pytest.mark.parametrize("layout", ["legendre-gauss", "equiangular"])
def test_the_engine_has_the_same_harmonics(layout: SphereLayout) -> None:
    c = coefficients(fields=1)[0, 0]
    pair = torch.stack([c.real, -c.imag], -1).transpose(0, 1) * math.sqrt(2)
    pair[0] /= math.sqrt(2)
    ours = synthesize_sphere(
        pair[:, :, None, :, None], Grid.latlon(gauss=layout == "legendre-gauss"), (14, 30)
    )[0, ..., 0]
    torch.testing.assert_close(synthesize(c, (14, 30), layout), ours, atol=1e-12, rtol=0)


@pytest.mark.parametrize("truncation", [5, 10, 15, 31, 42])
def test_products_of_two_fields_have_no_aliases(truncation: int) -> None:
    latitudes, longitudes = points_of(truncation)
    assert longitudes >= 3 * truncation + 1  # for the modes kept, of products of twice the order
    assert 2 * latitudes - 1 >= 3 * truncation  # degree to which the quadrature is exact
    sphere, generator = Harmonics(truncation, 1.0), torch.Generator().manual_seed(0)
    c = torch.tril(
        torch.randn(2, truncation + 1, truncation + 1, dtype=torch.complex128, generator=generator)
    )
    c[..., 0] = c[..., 0].real.to(c.dtype)
    fine = Harmonics(truncation, 1.0, shape=(2 * latitudes, 2 * longitudes))
    products = [h.coefficients(h.values(c).prod(0)) for h in (sphere, fine)]
    torch.testing.assert_close(*products, atol=1e-9 * products[0].abs().max().item(), rtol=0)


@pytest.mark.parametrize(("layout", "limit"), [("legendre-gauss", 12), ("equiangular", 11)])
def test_grids_of_any_size_hold_the_same_function(layout: SphereLayout, limit: int) -> None:
    c = torch.tril(
        torch.randn(20, 20, dtype=torch.complex128, generator=torch.Generator().manual_seed(1))
    )
    c[:, 0] = c[:, 0].real.to(c.dtype)
    values = synthesize(c, (12, 40), layout)
    same = c.clone()
    same[limit:] = same[:, limit:] = 0
    torch.testing.assert_close(values, synthesize(same, (12, 40), layout), atol=1e-12, rtol=0)
    grid = Grid.latlon(gauss=layout == "legendre-gauss")
    sine = np.sin(np.deg2rad(grid.coordinates((7, 8))["latitude"]))
    north = torch.zeros(2, 2, dtype=torch.complex128)
    north[1, 0] = math.sqrt(4 * math.pi / 3)
    np.testing.assert_allclose(synthesize(north, (7, 8), layout)[:, 3], sine, atol=1e-14)
