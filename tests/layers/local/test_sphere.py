"""The local layers of the sphere converge to an integral and to derivatives."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from raising import raises_input
from scipy.integrate import quad
from scipy.special import eval_legendre
from torch import Tensor

from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid
from neurop.geometry.sphere import Sphere
from neurop.layers.local.disco import DiscoConv
from neurop.layers.local.integral_conv import hats
from neurop.layers.local.sphere_difference import SphereDifference
from neurop.spectral.spherical import synthesize_sphere

GAUSS = Grid.latlon(gauss=True)
NORTH = Sphere((Axis("latitude", "open", 90.0, -180.0, "degrees_north", "left"), GAUSS.axes[1]))
GRIDS = {
    "gauss": GAUSS,
    "poles": Grid.latlon(),
    "cells": Grid.latlon(False, False),
    "north": NORTH,
}


def harmonic(degree: int, order: int, domain: Grid, shape: tuple[int, int]) -> Tensor:
    """Return a harmonic, as ``(1, 1, latitude, longitude)``."""
    c = torch.zeros(order + 1, degree + 1, 1, 2, 1, dtype=torch.float64)
    c[order, degree] = torch.tensor([[0.6], [0.8 if order else 0.0]])
    return synthesize_sphere(c, domain, shape).movedim(-1, 1)


@pytest.mark.parametrize("domain", GRIDS.values(), ids=GRIDS)
def test_an_isotropic_kernel_is_diagonal_in_the_degree(domain: Grid) -> None:
    """The theorem of Funk and Hecke, with the integral by adaptive quadrature."""
    radius, degree, order = 0.25, 5, 3
    conv = DiscoConv(1, 1, domain, radius).double()
    conv.weight.data[:, 0, 0] = torch.tensor([0.7, -1.3])
    factor = 0.0
    for b, weight in enumerate((0.7, -1.3)):
        parts = [
            quad(
                lambda z, b=b, f=f: (
                    float(hats(np.array(z))[b])
                    * f(math.cos(math.pi * radius * z))
                    * math.sin(math.pi * radius * z)
                ),
                0,
                1,
                points=[0.5],
            )[0]
            for f in (lambda z: eval_legendre(degree, z), lambda z: 1.0)
        ]
        factor += weight * parts[0] / parts[1]
    errors = []
    for n in (16, 32, 64):
        f = harmonic(degree, order, domain, (n, 2 * n))
        errors.append(float((conv(f) - factor * f).detach().abs().max() / f.abs().max()))
    assert errors[-1] < 0.02
    # The points of a cap change from latitude to latitude: the error of one may grow.
    assert math.log2(errors[0] / errors[-1]) / 2 > 1.0


@pytest.mark.filterwarnings("ignore:.torch.jit.script_method:DeprecationWarning")
def test_the_convolution_of_torch_harmonics() -> None:
    library = pytest.importorskip("torch_harmonics")
    shape, radius = (12, 24), 0.21
    peer = library.DiscreteContinuousConvS2(
        2,
        3,
        shape,
        shape,
        kernel_shape=3,  # hats at 0 and at half of the radius
        basis_norm_mode="nodal",
        grid_in="legendre-gauss",
        grid_out="legendre-gauss",
        bias=False,
        theta_cutoff=math.pi * radius / 1.001,  # which the library widens by a thousandth
        optimized_kernel=False,
    ).float()
    conv = DiscoConv(2, 3, GAUSS, radius)
    conv.weight.data = peer.weight.data.reshape(3, 2, 2).permute(2, 1, 0).clone()
    x = torch.randn(2, 2, *shape, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(conv(x), peer(x), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("domain", GRIDS.values(), ids=GRIDS)
def test_differences_become_derivatives(domain: Grid) -> None:
    """Of a polynomial in space, also across the poles, where the derivatives vanish."""
    layer = SphereDifference(1, 1, domain, unit=1 / math.pi / 4).double()
    layer.weight.data[:, 0, 0] = torch.tensor([0.7, -1.3])
    errors, sizes = [], []
    for n in (16, 32, 64):
        lat, lon = (
            torch.from_numpy(np.deg2rad(a)) for a in domain.coordinates((n, 2 * n)).values()
        )
        lat = lat[:, None]
        # (x + z)^2 = (cos lat cos lon + sin lat)^2
        u = torch.cos(lat) * torch.cos(lon) + torch.sin(lat)
        east = -2 * u * torch.cos(lat) * torch.sin(lon)
        north = 2 * u * torch.cos(lat) * (torch.cos(lat) - torch.sin(lat) * torch.cos(lon))
        made = layer((u**2)[None, None])[0, 0]
        errors.append(float((4 * made - 0.7 * east + 1.3 * north).detach().abs().max()))
        sizes.append(float(made.detach().abs().max()))
    orders = [math.log2(a / b) for a, b in pairwise(errors)]
    assert min(orders) > 1.7
    assert errors[-1] < 0.02
    assert max(sizes) < 2


@pytest.mark.parametrize("kind", [DiscoConv, SphereDifference])
def test_turn_and_slope(kind: type) -> None:
    torch.manual_seed(0)
    layer = kind(2, 3, GAUSS, 0.4).double()
    x = torch.randn(1, 2, 5, 8, dtype=torch.float64, requires_grad=True)
    torch.testing.assert_close(layer(x.roll(3, 3)), layer(x).roll(3, 3), atol=1e-12, rtol=0)
    assert torch.autograd.gradcheck(
        lambda x, w: torch.func.functional_call(layer, {"weight": w}, (x,)), (x, layer.weight)
    )


def test_a_polynomial_across_the_pole_with_an_odd_number_of_longitudes() -> None:
    """The opposite meridian is then between two."""
    layer = SphereDifference(1, 1, GAUSS, unit=1 / math.pi / 4).double()
    errors = []
    for n in (17, 33, 65):
        f = harmonic(2, 1, GAUSS, (n, 2 * n + 1))
        even = harmonic(2, 1, GAUSS, (n, 2 * (2 * n + 1)))
        errors.append(float((layer(f) - layer(even)[..., ::2]).detach().abs().max()))
    assert min(math.log2(a / b) for a, b in pairwise(errors)) > 1.7


def test_what_does_not_fit() -> None:
    with raises_input("radius", 0.01, "use 0.167"):
        DiscoConv(1, 1, GAUSS, 0.01)(torch.zeros(1, 1, 12, 24))
    with raises_input("domain", "x, y"):
        SphereDifference(1, 1, Grid.periodic(2))
    with raises_input("x", (1, 2, 12, 24)):
        SphereDifference(1, 1, GAUSS)(torch.zeros(1, 2, 12, 24))
