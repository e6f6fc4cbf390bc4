from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch
from contracts import Case, GridOperatorContract
from raising import raises_input
from torch import Tensor

from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid
from neurop.geometry.sphere import Sphere
from neurop.models import SFNO
from neurop.spectral import resample_sphere

SMALL = {"width": 6, "depth": 2}
GAUSS = Grid.latlon(gauss=True)
NO_SOUTH_POLE = Sphere(
    (Axis("latitude", "open", 90.0, -180.0, "degrees_north", "left"), Grid.latlon().axes[1]),
)


def count(degrees: int, width: int = 6, depth: int = 2, hidden: int = 12) -> int:
    """Return the number of parameters of an SFNO of 2 input and 3 output channels."""
    block = (
        2 * degrees * width**2 + width * (width + 1) + hidden * (width + 1) + width * (hidden + 1)
    )
    return width * (2 + 3 + 1) + depth * block + 2 * width * (width + 2 + 1) + 3 * (2 * width + 1)


def vectors(domain: Grid, shape: Sequence[int]) -> Tensor:
    """Return the unit vector of each point, ``(3, latitude, longitude)``."""
    latitude, longitude = (np.deg2rad(values) for values in domain.coordinates(shape).values())
    x, y = (np.outer(np.cos(latitude), wave(longitude)) for wave in (np.cos, np.sin))
    return torch.from_numpy(np.stack([x, y, np.broadcast_to(np.sin(latitude)[:, None], x.shape)]))


class SphereCase(Case):
    def smooth(self, shape: Sequence[int]) -> Tensor:
        """Return a polynomial of the place in space: no singularity at the poles, no wave that a
        small grid does not hold.
        """
        x, y, z = vectors(self.domain, shape)
        return torch.stack([5 + x + y * z, 4 - z + x * y])[None]


class TestSFNO(GridOperatorContract):
    name = "sfno"
    cases = {
        # The points of the coarser Gauss grid are not among those of the finer one: the bound is
        # that of the distance between them.
        "gauss": SphereCase(
            GAUSS,
            (12, 24),
            count(6),
            {(3, 64): (3, 3), (64, 5): (6, 3)},
            0.2,
            {"modes": 6, **SMALL},
        ),
        "poles": SphereCase(
            Grid.latlon(),
            (17, 32),
            count(6),
            {(5, 64): (4, 4), (64, 64): (6, 6)},
            1e-12,
            {"modes": 6, **SMALL},
        ),
        "north": SphereCase(
            NO_SOUTH_POLE,
            (12, 24),
            count(6, hidden=9),
            {(5, 64): (4, 4)},
            1e-12,
            {"modes": [6, 4], "expansion": 1.5, **SMALL},
        ),
    }


def model(domain: Grid = GAUSS, **arguments: object) -> SFNO:
    torch.manual_seed(0)
    return SFNO(1, 2, domain, **{"modes": 6, **SMALL, **arguments}).double()  # type: ignore[arg-type]


@pytest.mark.parametrize("symmetry", ["axis", "all"])
def test_model_is_its_formula(symmetry: str) -> None:
    """One block on the internal grid, written out with harmonics of torch-harmonics."""
    library = pytest.importorskip("torch_harmonics")
    net, shape = model(depth=1, oversampling=1.5, symmetry=symmetry), (9, 18)
    sht, isht = (
        kind(*shape, lmax=6, mmax=6, grid="legendre-gauss").double()
        for kind in (library.RealSHT, library.InverseRealSHT)
    )
    p, x = dict(net.named_parameters()), torch.randn(2, 1, 10, 20, dtype=torch.float64)

    def linear(v: Tensor, name: str) -> Tensor:
        return v @ p[f"{name}.weight"].T + p[f"{name}.bias"]

    def mlp(v: Tensor, name: str) -> Tensor:
        return linear(torch.nn.functional.gelu(linear(v, f"{name}.expand")), f"{name}.contract")

    inner = resample_sphere(x, GAUSS, shape, degrees=6)
    v = linear(
        torch.cat([inner, vectors(GAUSS, shape).expand(2, 3, *shape)], 1).movedim(1, -1), "lift"
    )
    weight = p["blocks.0.spectral.weight"]
    weight = torch.complex(
        weight[:, :, 0],
        weight[:, :, 1] if symmetry == "axis" else torch.zeros_like(weight[:, :, 0]),
    )
    convolved = isht(torch.einsum("bilm,lio->bolm", sht(v.movedim(-1, 1)), weight))
    v = v + mlp(
        torch.nn.functional.gelu(convolved.movedim(1, -1) + linear(v, "blocks.0.skip")),
        "blocks.0.mlp",
    )
    back = resample_sphere(v.movedim(-1, 1), GAUSS, (10, 20), degrees=6)
    expected = mlp(torch.cat([back, x], 1).movedim(1, -1), "project").movedim(-1, 1)
    torch.testing.assert_close(net(x), expected, atol=1e-6, rtol=0)


@pytest.mark.filterwarnings("ignore:.torch.jit.script_method:DeprecationWarning")
def test_the_transforms_of_torch_harmonics(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch_harmonics")
    domains = (GAUSS, Grid.latlon(False, gauss=True), Grid.latlon())
    fields = [
        (x - 2 * y + 3 * z)[None, None].float() ** 2
        for x, y, z in (vectors(domain, (13, 24)) for domain in domains)
    ]
    nets = [model(domain).float() for domain in domains]
    expected = [net(x) for net, x in zip(nets, fields)]
    monkeypatch.setenv("NEUROP_SHT", "torch-harmonics")
    for net, x, y in zip(nets, fields, expected):
        made = net(x)
        torch.testing.assert_close(made, y, atol=1e-5, rtol=1e-5)
        assert (made != y).any()
    with raises_input("layout", "cells"):
        model(Grid.latlon(poles=False))(torch.zeros(1, 1, 12, 24).double())
    monkeypatch.setenv("NEUROP_SHT", "spherepack")
    with raises_input("NEUROP_SHT", "spherepack", "use neurop"):
        nets[0](fields[0])


def test_without_position_a_turn_of_the_input_turns_the_output() -> None:
    net = model()
    net.lift.weight.data[:, 1:3] = 0
    x = torch.randn(
        1, 1, 9, 12, dtype=torch.float64
    )  # two points of this grid lie as far apart as two of the internal one
    torch.testing.assert_close(net(x.roll(5, 3)), net(x).roll(5, 3), atol=1e-12, rtol=0)


def test_without_position_the_network_commutes_with_every_rotation() -> None:
    """But for what the activations make beyond the internal grid, which is less the finer that
    is.
    """
    generator = torch.Generator().manual_seed(1)
    a, b, shape = *torch.randn(2, 3, dtype=torch.float64, generator=generator), (48, 96)
    rotation, _ = torch.linalg.qr(torch.randn(3, 3, dtype=torch.float64, generator=generator))
    rotation *= rotation.det()

    def field(places: Tensor) -> Tensor:
        return (torch.tensordot(a, places, 1) + torch.tensordot(b, places, 1) ** 2)[None, None]

    places = vectors(GAUSS, shape)
    turned = torch.tensordot(rotation, places, 1)
    angles = [
        turned[2].clamp(-1, 1).arccos() / math.pi,
        torch.atan2(turned[1], turned[0]) / (2 * math.pi) % 1,
    ]
    for oversampling, bound in ((1.0, 1e-4), (3.0, 1e-10)):
        net = model(symmetry="all", oversampling=oversampling)
        net.lift.weight.data[:, 1:] = 0
        expected = resample_sphere(
            net(field(places)), GAUSS, torch.stack(angles, -1).view(-1, 2)
        ).view(1, 2, *shape)
        gap = (net(field(turned)) - expected).norm() / (
            expected - expected.mean((2, 3), keepdim=True)
        ).norm()
        assert gap < bound


@pytest.mark.parametrize(
    "domain", [Grid.latlon(), Grid.latlon(poles=False), Grid.latlon(False), NO_SOUTH_POLE], ids=str
)
def test_one_function_on_every_grid(domain: Grid) -> None:
    """Fields of degrees that the model keeps: the blocks see the same whatever the grid, and the
    decoder is pointwise.
    """
    nets = [model(where) for where in (GAUSS, domain)]
    fields = [vectors(GAUSS, (40, 80)), vectors(domain, (45, 90))]
    made = [net((x - 2 * y + 3 * z)[None, None] ** 2) for net, (x, y, z) in zip(nets, fields)]
    points = (
        torch.rand(9, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) * 0.8
        + 0.1
    )
    turned = (
        points if domain.axes[0].length < 0 else torch.stack([1 - points[:, 0], points[:, 1]], 1)
    )
    values = [
        resample_sphere(y, where, at)
        for y, where, at in zip(made, (GAUSS, domain), (points, turned))
    ]
    gap = (values[0] - values[1]).abs().max()
    assert gap < 1e-4 * values[0].std()


@pytest.mark.parametrize(
    ("arguments", "key", "value"),
    [
        ({"width": 0}, "width", 0),
        ({"depth": 0}, "depth", 0),
        ({"modes": 0}, "modes", 0),
        ({"modes": (4, 4, 4)}, "modes", (4, 4, 4)),
        ({"oversampling": 0.5}, "oversampling", 0.5),
        ({"symmetry": "axes"}, "symmetry", "axes"),
        ({"domain": Grid.periodic(2)}, "domain", "x, y"),
        (
            {
                "domain": Sphere(
                    (
                        Axis("latitude", "open", 60.0, -120.0, "degrees_north", "ends"),
                        Grid.latlon().axes[1],
                    ),
                )
            },
            "axis",
            "latitude",
        ),
    ],
)
def test_arguments_that_make_no_model(arguments: dict, key: str, value: Any) -> None:
    with raises_input(key, value):
        model(**arguments)


def test_an_input_that_does_not_fit() -> None:
    with raises_input("x", (1, 2, 8, 16)):
        model()(torch.zeros(1, 2, 8, 16))


def test_orders_are_no_more_than_degrees() -> None:
    assert model(modes=[4, 9]).modes == (4, 4)
    assert model(modes=[9, 4]).modes == (9, 4)
    assert model(oversampling=1.5).internal == (9, 18)
    assert math.prod(model(modes=5, symmetry="all").blocks[0].spectral.weight.shape) == 5 * 6 * 6
